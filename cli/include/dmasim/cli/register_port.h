// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"

namespace dmasim::cli {

/// Gives the registers of a controller two users: a bus, whose calls pass unchanged, and an agent of the program, which
/// writes and reads at the present time without traffic on the bus.
class RegisterPort final : public sc_core::sc_module,
                           private tlm::tlm_fw_transport_if<>,
                           private tlm::tlm_bw_transport_if<> {
  public:
    /// For the bus; may stay unbound.
    tlm::tlm_target_socket<32, tlm::tlm_base_protocol_types, 1, sc_core::SC_ZERO_OR_MORE_BOUND> bus_side;
    /// For the controller's registers.
    tlm::tlm_initiator_socket<> registers;

    explicit RegisterPort(const sc_core::sc_module_name& name);
    ~RegisterPort() override;

    /// Writes or reads one register at the present time; from an SC_THREAD. The time the answer takes does not pass.
    void write(std::uint32_t offset, std::uint32_t value);
    std::uint32_t read(std::uint32_t offset);

  private:
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& trans) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override;

    std::uint32_t access(tlm::tlm_command command, std::uint32_t offset, std::uint32_t value);
};

}  // namespace dmasim::cli
