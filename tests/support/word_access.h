// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>
#include <tlm>

namespace dmasim::test {

/// Reads or writes the 32-bit word at `address` with one `b_transport` of `socket`, as software does with a register; what a read
/// answers is put into `value`. For threads. Returns how it went.
template <typename Socket>
tlm::tlm_response_status access_word(Socket& socket, tlm::tlm_command command, std::uint64_t address,
                                     std::uint32_t& value) {
    tlm::tlm_generic_payload trans;
    trans.set_command(command);
    trans.set_address(address);
    trans.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    trans.set_data_length(4);
    trans.set_streaming_width(4);
    sc_core::sc_time delay;
    socket->b_transport(trans, delay);
    return trans.get_response_status();
}

}  // namespace dmasim::test
