// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/protocol_monitor.h"

#include <sstream>
#include <string>
#include <utility>

#include "dmasim/tlm/payload_view.h"

namespace dmasim {

namespace {

PayloadState state_of(const tlm::tlm_generic_payload& trans) {
    PayloadState state;
    state.id = &trans;
    state.view = view_of(trans);
    state.command = static_cast<int>(trans.get_command());
    // TLM-2.0 numbers its errors downwards from -1; OK is 1, incomplete is 0.
    state.response = static_cast<int>(trans.get_response_status());
    state.option = static_cast<int>(trans.get_gp_option());
    state.dmi_allowed = trans.is_dmi_allowed();
    state.has_mm = trans.has_mm();
    state.references = trans.get_ref_count();
    for (unsigned i = 0; i < tlm::max_num_extensions(); ++i) {
        state.extensions += trans.get_extension(i) != nullptr ? 1U : 0U;
    }
    return state;
}

ProtocolPhase phase_of(const tlm::tlm_phase& phase) {
    switch (static_cast<unsigned>(phase)) {
        case tlm::UNINITIALIZED_PHASE:
            return ProtocolPhase::Uninitialized;
        case tlm::BEGIN_REQ:
            return ProtocolPhase::BeginReq;
        case tlm::END_REQ:
            return ProtocolPhase::EndReq;
        case tlm::BEGIN_RESP:
            return ProtocolPhase::BeginResp;
        case tlm::END_RESP:
            return ProtocolPhase::EndResp;
        default:
            return ProtocolPhase::Other;
    }
}

ProtocolSync sync_of(tlm::tlm_sync_enum sync) {
    switch (sync) {
        case tlm::TLM_UPDATED:
            return ProtocolSync::Updated;
        case tlm::TLM_COMPLETED:
            return ProtocolSync::Completed;
        case tlm::TLM_ACCEPTED:
            break;
    }
    return ProtocolSync::Accepted;
}

ProtocolRules::Dmi dmi_of(const tlm::tlm_dmi& dmi) {
    ProtocolRules::Dmi plain;
    plain.granted_any = !dmi.is_none_allowed();
    plain.has_pointer = dmi.get_dmi_ptr() != nullptr;
    plain.start = dmi.get_start_address();
    plain.end = dmi.get_end_address();
    plain.has_latency =
        dmi.get_read_latency() != sc_core::SC_ZERO_TIME || dmi.get_write_latency() != sc_core::SC_ZERO_TIME;
    return plain;
}

std::uint64_t time_of(const sc_core::sc_time& delay) {
    return sc_core::sc_time_stamp().value() + delay.value();
}

}  // namespace

ProtocolMonitor::ProtocolMonitor(const sc_core::sc_module_name& name, ProtocolMonitorOptions options)
    : sc_module(name),
      target_socket("target_socket"),
      initiator_socket("initiator_socket"),
      options_(std::move(options)),
      rules_([this](const ProtocolViolation& violation) { report(violation); }, options_.strict) {
    target_socket.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
    initiator_socket.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
}

ProtocolMonitor::~ProtocolMonitor() = default;

void ProtocolMonitor::report(const ProtocolViolation& violation) const {
    if (options_.on_violation) {
        options_.on_violation(violation);
        return;
    }
    const ProtocolRuleInfo& info = info_of(violation.rule);
    std::ostringstream text;
    text << name() << ": the " << (violation.side == ProtocolSide::Initiator ? "initiator" : "target")
         << " breaks the base protocol: " << info.text;
    if (!violation.detail.empty()) {
        text << " (" << violation.detail << ")";
    }
    text << ", address 0x" << std::hex << violation.address << "; " << info.name << ", IEEE 1666-2011, " << info.clause;
    SC_REPORT_ERROR("/dmasim/tlm/protocol", text.str().c_str());
}

tlm::tlm_sync_enum ProtocolMonitor::nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                    sc_core::sc_time& delay) {
    const ProtocolPhase phase_before = phase_of(phase);
    const std::uint64_t time_before = time_of(delay);
    rules_.forward_call(state_of(trans), phase_before, time_before);
    const tlm::tlm_sync_enum sync = initiator_socket->nb_transport_fw(trans, phase, delay);
    rules_.forward_return(
        &trans, [&] { return state_of(trans); }, phase_before, phase_of(phase), sync_of(sync), time_before,
        time_of(delay));
    return sync;
}

tlm::tlm_sync_enum ProtocolMonitor::nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                    sc_core::sc_time& delay) {
    const ProtocolPhase phase_before = phase_of(phase);
    const std::uint64_t time_before = time_of(delay);
    rules_.backward_call(state_of(trans), phase_before, time_before);
    const tlm::tlm_sync_enum sync = target_socket->nb_transport_bw(trans, phase, delay);
    rules_.backward_return(
        &trans, [&] { return state_of(trans); }, phase_before, phase_of(phase), sync_of(sync), time_before,
        time_of(delay));
    return sync;
}

void ProtocolMonitor::b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) {
    const std::uint64_t time_before = time_of(delay);
    rules_.blocking_call(state_of(trans),
                         sc_core::sc_get_current_process_handle().proc_kind() == sc_core::SC_METHOD_PROC_);
    initiator_socket->b_transport(trans, delay);
    rules_.blocking_return(state_of(trans), time_before, time_of(delay));
}

unsigned ProtocolMonitor::transport_dbg(tlm::tlm_generic_payload& trans) {
    rules_.debug_call(state_of(trans));
    const unsigned count = initiator_socket->transport_dbg(trans);
    rules_.debug_return(state_of(trans), count);
    return count;
}

bool ProtocolMonitor::get_direct_mem_ptr(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) {
    rules_.dmi_call(state_of(trans), dmi_of(dmi));
    const std::uint64_t asked = trans.get_address();
    const bool granted = initiator_socket->get_direct_mem_ptr(trans, dmi);
    PayloadState state = state_of(trans);
    state.view.address = asked;  // Interconnects translate it on the way down, and the range on the way up.
    rules_.dmi_return(state, dmi_of(dmi), granted);
    return granted;
}

void ProtocolMonitor::invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) {
    rules_.dmi_invalidate(start, end);
    target_socket->invalidate_direct_mem_ptr(start, end);
}

}  // namespace dmasim
