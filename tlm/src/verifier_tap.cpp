// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/verifier_tap.h"

#include <utility>
#include <vector>

#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/payload_view.h"

namespace dmasim {

VerifierTap::VerifierTap(const sc_core::sc_module_name& name, const ClockDomain& domain, TraceSink& sink,
                         VerifierTapOptions options)
    : sc_module(name),
      target_socket("target_socket"),
      initiator_socket("initiator_socket"),
      domain_(domain),
      sink_(sink),
      options_(std::move(options)) {
    target_socket.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
    initiator_socket.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
}

VerifierTap::~VerifierTap() = default;

void VerifierTap::report(const tlm::tlm_generic_payload& trans, std::uint64_t address, const sc_core::sc_time& delay) {
    if (!trans.is_response_ok() || (!trans.is_read() && !trans.is_write()) || trans.get_data_length() == 0) {
        return;
    }
    const PayloadView view = view_of(trans);
    TraceEvent event;
    event.at = domain_.stamp_of(sc_core::sc_time_stamp(), delay);
    event.kind = trans.is_write() ? EventKind::MemoryWrite : EventKind::MemoryRead;
    event.access = view.access;
    event.source = options_.source;
    event.channel = options_.channel;
    event.address = address;
    event.bytes = view.bytes;
    event.beats = 1;
    event.fixed_bytes = view.streaming_width < view.bytes ? view.streaming_width : 0;
    event.snooped = options_.snooped;
    event.data = view.data;
    std::vector<std::uint8_t> enables;
    if (view.byte_enables != nullptr && view.byte_enable_length != 0) {
        // They repeat, and enable with 0xFF (IEEE 1666-2011, 14.15).
        enables.resize(view.bytes);
        for (std::uint32_t byte = 0; byte < view.bytes; ++byte) {
            enables[byte] = view.byte_enables[byte % view.byte_enable_length] != 0 ? 1 : 0;
        }
        event.enables = enables.data();
    }
    if (const BurstExtension* extension = extension_of(trans)) {
        event.purpose = extension->purpose;
        event.channel = extension->channel;
    } else if (options_.purpose) {
        event.purpose = options_.purpose(trans);
    }
    sink_.event(event);
}

void VerifierTap::answered(const tlm::tlm_generic_payload& trans, const sc_core::sc_time& delay) {
    const auto found = under_way_.find(&trans);
    if (found != under_way_.end()) {
        report(trans, found->second, delay);
        under_way_.erase(found);
    }
}

tlm::tlm_sync_enum VerifierTap::nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                sc_core::sc_time& delay) {
    if (phase == tlm::BEGIN_REQ) {
        under_way_[&trans] = trans.get_address();
    }
    const tlm::tlm_sync_enum sync = initiator_socket->nb_transport_fw(trans, phase, delay);
    if (sync == tlm::TLM_COMPLETED || (sync == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP)) {
        answered(trans, delay);
    }
    return sync;
}

tlm::tlm_sync_enum VerifierTap::nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                sc_core::sc_time& delay) {
    if (phase == tlm::BEGIN_RESP) {
        answered(trans, delay);
    }
    return target_socket->nb_transport_bw(trans, phase, delay);
}

void VerifierTap::b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) {
    const std::uint64_t address = trans.get_address();
    initiator_socket->b_transport(trans, delay);
    report(trans, address, delay);
}

unsigned VerifierTap::transport_dbg(tlm::tlm_generic_payload& trans) {
    return initiator_socket->transport_dbg(trans);
}

bool VerifierTap::get_direct_mem_ptr(tlm::tlm_generic_payload& /*trans*/, tlm::tlm_dmi& dmi) {
    dmi.init();
    dmi.allow_none();
    return false;
}

void VerifierTap::invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) {
    target_socket->invalidate_direct_mem_ptr(start, end);
}

}  // namespace dmasim
