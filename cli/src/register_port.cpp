// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/register_port.h"

#include <array>

#include "dmasim/model/errors.h"

namespace dmasim::cli {

RegisterPort::RegisterPort(const sc_core::sc_module_name& name)
    : sc_module(name), bus_side("bus_side"), registers("registers") {
    bus_side.bind(*this);
    registers.bind(*this);
}

RegisterPort::~RegisterPort() = default;

void RegisterPort::write(std::uint32_t offset, std::uint32_t value) {
    access(tlm::TLM_WRITE_COMMAND, offset, value);
}

std::uint32_t RegisterPort::read(std::uint32_t offset) {
    return access(tlm::TLM_READ_COMMAND, offset, 0);
}

std::uint32_t RegisterPort::access(tlm::tlm_command command, std::uint32_t offset, std::uint32_t value) {
    std::array<unsigned char, 4> bytes{};
    for (unsigned i = 0; i < bytes.size(); ++i) {
        bytes.at(i) = static_cast<unsigned char>(value >> (8U * i));
    }
    tlm::tlm_generic_payload trans;
    trans.set_command(command);
    trans.set_address(offset);
    trans.set_data_ptr(bytes.data());
    trans.set_data_length(4);
    trans.set_streaming_width(4);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    registers->b_transport(trans, delay);
    DMASIM_INVARIANT(trans.is_response_ok());
    value = 0;
    for (unsigned i = 0; i < bytes.size(); ++i) {
        value |= static_cast<std::uint32_t>(bytes.at(i)) << (8U * i);
    }
    return value;
}

tlm::tlm_sync_enum RegisterPort::nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                 sc_core::sc_time& delay) {
    return registers->nb_transport_fw(trans, phase, delay);
}

tlm::tlm_sync_enum RegisterPort::nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                 sc_core::sc_time& delay) {
    return bus_side->nb_transport_bw(trans, phase, delay);
}

void RegisterPort::b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) {
    registers->b_transport(trans, delay);
}

unsigned RegisterPort::transport_dbg(tlm::tlm_generic_payload& trans) {
    return registers->transport_dbg(trans);
}

bool RegisterPort::get_direct_mem_ptr(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) {
    return registers->get_direct_mem_ptr(trans, dmi);
}

void RegisterPort::invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) {
    if (bus_side.get_base_port().bind_count() > 0) {
        bus_side->invalidate_direct_mem_ptr(start, end);
    }
}

}  // namespace dmasim::cli
