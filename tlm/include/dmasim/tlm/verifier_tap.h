// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"
#include "dmasim/model/trace.h"
#include "dmasim/tlm/clock_domain.h"

namespace dmasim {

/// What a tap is told about the connection that it listens to.
struct VerifierTapOptions {
    std::uint16_t source = 0;   ///< Number of its events; name it to `VerifierMonitor::add_memory`.
    std::uint16_t channel = 0;  ///< In findings about a device's accesses.
    bool snooped = false;       ///< The platform shows these accesses to the cache.
    /// Why an access is made, for initiators whose accesses have no `BurstExtension`: a CPU's cache fills, write-backs and
    /// uncached accesses must be told apart. Empty: `Purpose::Data`, those of a device.
    std::function<Purpose(const tlm::tlm_generic_payload&)> purpose;
};

/// Sits between an initiator socket and what it is bound to, and tells a `TraceSink` (a `VerifierMonitor`) what is read and
/// written there: for platforms whose memory is not ours.
///
///     cpu.bus.bind(tap.target_socket);
///     tap.initiator_socket.bind(interconnect.target[0]);
///
/// An access counts as carried out at the stamp of its response: with BEGIN_RESP (or completion on the return path), or when
/// `b_transport` returns. Calls are forwarded unchanged, but direct memory pointers are refused: what goes by way of them
/// could not be seen. Debug accesses are not reported.
class VerifierTap final : public sc_core::sc_module,
                          private tlm::tlm_fw_transport_if<>,
                          private tlm::tlm_bw_transport_if<> {
  public:
    tlm::tlm_target_socket<> target_socket;
    tlm::tlm_initiator_socket<> initiator_socket;

    /// `sink` outlives the module.
    VerifierTap(const sc_core::sc_module_name& name, const ClockDomain& domain, TraceSink& sink,
                VerifierTapOptions options = {});
    ~VerifierTap() override;

  private:
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& trans) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override;

    void report(const tlm::tlm_generic_payload& trans, std::uint64_t address, const sc_core::sc_time& delay);
    void answered(const tlm::tlm_generic_payload& trans, const sc_core::sc_time& delay);

    ClockDomain domain_;
    TraceSink& sink_;
    VerifierTapOptions options_;
    // By transaction: its address, which whoever is behind may change.
    std::unordered_map<const tlm::tlm_generic_payload*, std::uint64_t> under_way_;
};

}  // namespace dmasim
