// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/blocking_access.h"

#include <array>

namespace dmasim {

namespace {

tlm::tlm_response_status access(InitiatorSocketBase& socket, tlm::tlm_command command, std::uint64_t address,
                                unsigned char* data, unsigned bytes) {
    tlm::tlm_generic_payload trans;
    trans.set_command(command);
    trans.set_address(address);
    trans.set_data_ptr(data);
    trans.set_data_length(bytes);
    trans.set_streaming_width(bytes);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket.get_base_port()->b_transport(trans, delay);
    sc_core::wait(delay);
    return trans.get_response_status();
}

}  // namespace

tlm::tlm_response_status blocking_read(InitiatorSocketBase& socket, std::uint64_t address, void* data, unsigned bytes) {
    return access(socket, tlm::TLM_READ_COMMAND, address, static_cast<unsigned char*>(data), bytes);
}

tlm::tlm_response_status blocking_write(InitiatorSocketBase& socket, std::uint64_t address, const void* data,
                                        unsigned bytes) {
    // A target must not write to the data of a write command (IEEE 1666-2011, 14.11); the payload has no const pointer.
    auto* const bytes_of_data = const_cast<unsigned char*>(static_cast<const unsigned char*>(data));
    return access(socket, tlm::TLM_WRITE_COMMAND, address, bytes_of_data, bytes);
}

tlm::tlm_response_status write_registers(InitiatorSocketBase& socket, std::uint64_t base,
                                         const std::vector<native::RegisterWrite>& writes) {
    for (const native::RegisterWrite& write : writes) {
        std::array<unsigned char, 4> bytes{};
        for (unsigned i = 0; i < bytes.size(); ++i) {
            bytes.at(i) = static_cast<unsigned char>(write.value >> (8U * i));
        }
        const tlm::tlm_response_status status = blocking_write(socket, base + write.offset, bytes.data(), 4);
        if (status != tlm::TLM_OK_RESPONSE) {
            return status;
        }
    }
    return tlm::TLM_OK_RESPONSE;
}

}  // namespace dmasim
