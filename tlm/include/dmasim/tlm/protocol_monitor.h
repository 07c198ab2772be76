// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <systemc>
#include <tlm>

#include "dmasim/tlm/core/protocol_rules.h"

namespace dmasim {

/// What a `ProtocolMonitor` does about violations.
struct ProtocolMonitorOptions {
    /// Called for every violation; if empty, each is an SC_REPORT_ERROR with the id "/dmasim/tlm/protocol" (which throws,
    /// unless the program has set other actions).
    std::function<void(const ProtocolViolation&)> on_violation;
    /// Also reports what is legal and unwise (`ProtocolRule::ResponseEarly`).
    bool strict = false;
};

/// Sits between an initiator socket and a target socket and checks the TLM-2.0 base protocol in both directions. Forwards
/// every call unchanged and at the same time, and never touches a payload: with and without it a simulation is the same.
///
///     initiator.memory.bind(monitor.target_socket);
///     monitor.initiator_socket.bind(target.socket);
///
/// Keeps a copy of the data of each transaction in progress. Transactions that never end are not violations; ask
/// `in_progress()` at the end.
///
/// Not checked: rules across several hops (a response takes the way of its request), the address (an interconnect below
/// may have changed it), payloads after they have been completed.
class ProtocolMonitor final : public sc_core::sc_module,
                              private tlm::tlm_fw_transport_if<>,
                              private tlm::tlm_bw_transport_if<> {
  public:
    tlm::tlm_target_socket<> target_socket;
    tlm::tlm_initiator_socket<> initiator_socket;

    explicit ProtocolMonitor(const sc_core::sc_module_name& name, ProtocolMonitorOptions options = {});
    ~ProtocolMonitor() override;

    /// Violations so far, of all rules or of one.
    [[nodiscard]] std::uint64_t violations() const { return rules_.violations(); }
    [[nodiscard]] std::uint64_t violations(ProtocolRule rule) const { return rules_.violations(rule); }
    /// Transactions begun and not ended.
    [[nodiscard]] std::size_t in_progress() const { return rules_.in_progress(); }
    /// Transactions ended.
    [[nodiscard]] std::uint64_t completed() const { return rules_.completed(); }

  private:
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& trans) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override;

    void report(const ProtocolViolation& violation) const;

    ProtocolMonitorOptions options_;
    ProtocolRules rules_;
};

}  // namespace dmasim
