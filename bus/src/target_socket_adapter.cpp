// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/target_socket_adapter.h"

#include "dmasim/model/errors.h"
#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/payload_view.h"
#include "dmasim/tlm/response.h"

namespace dmasim {

tlm::tlm_extension_base* TargetAnnouncement::clone() const {
    return new TargetAnnouncement(*this);
}

void TargetAnnouncement::copy_from(const tlm::tlm_extension_base& other) {
    const auto& from = static_cast<const TargetAnnouncement&>(other);
    known = from.known;
    write_interval = from.write_interval;
}

TargetSocketAdapter::TargetSocketAdapter(TargetSocketBase& socket, const ClockDomain& domain, BurstPort& core,
                                         const Options& options, TargetSocketHandlers handlers)
    : socket_(socket), domain_(domain), core_(core), options_(options), handlers_(std::move(handlers)) {
    socket_.get_base_export().bind(*this);
}

TargetSocketAdapter::~TargetSocketAdapter() = default;

tlm::tlm_bw_transport_if<>& TargetSocketAdapter::initiator() {
    return *socket_.get_base_port().operator->();
}

tlm::tlm_generic_payload& TargetSocketAdapter::payload(std::uint32_t tag) const {
    DMASIM_INVARIANT(tag < slots_.size() && slots_[tag].trans != nullptr);
    return *slots_[tag].trans;
}

std::uint32_t TargetSocketAdapter::allocate() {
    ++in_progress_;
    if (!free_.empty()) {
        const std::uint32_t tag = free_.back();
        free_.pop_back();
        return tag;
    }
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
}

Burst TargetSocketAdapter::convert(tlm::tlm_generic_payload& trans, std::vector<std::uint8_t>& enables) {
    Burst burst = burst_of(trans);
    const PayloadView view = view_of(trans);
    if (view.byte_enables != nullptr && view.byte_enable_length < view.bytes) {
        // A pattern that repeats.
        enables.resize(view.bytes);
        for (std::uint32_t i = 0; i < view.bytes; ++i) {
            enables[i] = view.byte_enables[i % view.byte_enable_length];
        }
        burst.enables = enables.data();
    }
    return burst;
}

tlm::tlm_sync_enum TargetSocketAdapter::nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                        sc_core::sc_time& delay) {
    if (handlers_.arrive) {
        handlers_.arrive();
    }
    if (phase == tlm::BEGIN_REQ) {
        return begin_request(trans, phase, delay);
    }
    if (phase == tlm::END_RESP && responding_ && slots_[responding_tag_].trans == &trans) {
        end_response(domain_.stamp_of(sc_core::sc_time_stamp(), delay));
        return tlm::TLM_COMPLETED;
    }
    // Phases beyond the base protocol are ignorable (IEEE 1666-2011, 15.2.5).
    if (phase < 5U) {
        ++unexpected_;
    }
    return tlm::TLM_ACCEPTED;
}

tlm::tlm_sync_enum TargetSocketAdapter::begin_request(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                      sc_core::sc_time& delay) {
    const PayloadView view = view_of(trans);
    const Response problem = check(view);
    if (problem != Response::Ok || (view.ignore && !options_.pass_ignored)) {
        answer(trans, problem);
        return tlm::TLM_COMPLETED;
    }
    if (handlers_.before_request) {
        handlers_.before_request();
    }
    if (trans.has_mm()) {
        trans.acquire();
    }
    const std::uint32_t tag = allocate();
    Slot& slot = slots_[tag];
    slot.trans = &trans;
    slot.burst = convert(trans, slot.enables);
    slot.burst.tag = tag;
    if (view.ignore) {
        slot.burst.data = nullptr;
    }
    slot.request_open = true;
    if (!view.ignore && slot.burst.access == Access::Write && options_.write_interval != 0) {
        if (BurstExtension* extension = extension_of(trans)) {
            extension->interval = options_.write_interval;
        }
    }
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    requesting_ = tag;
    accepted_at_ = kNever;
    core_.request(slot.burst, domain_.stamp_of(now, delay));
    requesting_ = -1;
    if (handlers_.wake) {
        handlers_.wake();
    }
    if (accepted_at_ == kNever) {
        return tlm::TLM_ACCEPTED;
    }
    slot.request_open = false;
    phase = tlm::END_REQ;
    // Not before the request itself, which may lie between two edges.
    delay = std::max(delay, domain_.time_until(accepted_at_, now));
    return tlm::TLM_UPDATED;
}

void TargetSocketAdapter::accepted(std::uint32_t tag, Cycles at) {
    if (requesting_ == static_cast<std::int64_t>(tag)) {
        accepted_at_ = at;
        return;
    }
    Slot& slot = slots_[tag];
    slot.request_open = false;
    tlm::tlm_phase phase = tlm::END_REQ;
    sc_core::sc_time delay = domain_.time_until(at, sc_core::sc_time_stamp());
    initiator().nb_transport_bw(*slot.trans, phase, delay);
}

void TargetSocketAdapter::read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) {
    respond({tag, first, interval, response});
}

void TargetSocketAdapter::write_response(std::uint32_t tag, Cycles at, Response response) {
    respond({tag, at, options_.write_interval == 0 ? 1 : options_.write_interval, response});
}

void TargetSocketAdapter::respond(const Waiting& waiting) {
    if (requesting_ < 0 && waiting_.empty() && try_send(waiting)) {
        return;
    }
    // Behind everything with the same stamp: the order in which the core says it.
    const auto place = std::upper_bound(waiting_.begin(), waiting_.end(), waiting,
                                        [](const Waiting& a, const Waiting& b) { return a.at < b.at; });
    waiting_.insert(place, waiting);
}

bool TargetSocketAdapter::try_send(const Waiting& waiting) {
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    const Cycles edge = domain_.edge_at_or_before(now);
    if (responding_ || waiting.at > edge || responses_from_ > edge) {
        return false;
    }
    tlm::tlm_generic_payload& trans = *slots_[waiting.tag].trans;
    // A target below has set the status already; what it said exactly stays.
    if (trans.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE ||
        response_of(trans.get_response_status()) != waiting.response) {
        answer(trans, waiting.response);
    }
    if (BurstExtension* extension = extension_of(trans)) {
        extension->interval = waiting.interval;
    }
    responding_ = true;
    responding_tag_ = waiting.tag;
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const tlm::tlm_sync_enum status = initiator().nb_transport_bw(trans, phase, delay);
    if (!responding_) {
        // The initiator has ended it from within the call; `end_response` has dealt with it.
        return true;
    }
    if (status == tlm::TLM_COMPLETED || (status == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
        const Cycles end = domain_.stamp_of(now, delay);
        if (end > edge) {
            stall();
        }
        end_response(end);
        return true;
    }
    stall();
    return true;
}

void TargetSocketAdapter::stall() {
    stalled_ = true;
    if (handlers_.stalled) {
        handlers_.stalled();
    }
}

// A response that is taken at once leaves room for another one at the same edge (of the other direction).
void TargetSocketAdapter::end_response(Cycles at) {
    responding_ = false;
    Slot& slot = slots_[responding_tag_];
    tlm::tlm_generic_payload* trans = slot.trans;
    slot.trans = nullptr;
    free_.push_back(responding_tag_);
    --in_progress_;
    if (stalled_) {
        stalled_ = false;
        responses_from_ = at + 1;
        if (handlers_.resumed) {
            handlers_.resumed(at);
        }
    }
    if (trans->has_mm()) {
        trans->release();
    }
    if (handlers_.wake) {
        handlers_.wake();
    }
}

BurstPort* TargetSocketAdapter::join(const IslandGuest& guest) {
    return handlers_.joined ? handlers_.joined(guest) : nullptr;
}

IslandMemory TargetSocketAdapter::memory() const {
    return handlers_.memory ? handlers_.memory() : IslandMemory{};
}

Cycles TargetSocketAdapter::next_edge() const {
    if (waiting_.empty() || responding_) {
        return kNever;
    }
    return std::max(waiting_.front().at, responses_from_);
}

void TargetSocketAdapter::evaluate(Cycles) {
    while (!waiting_.empty()) {
        const Waiting next = waiting_.front();
        waiting_.erase(waiting_.begin());
        if (!try_send(next)) {
            waiting_.insert(waiting_.begin(), next);
            return;
        }
    }
}

void TargetSocketAdapter::b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) {
    const PayloadView view = view_of(trans);
    const Response problem = check(view);
    if (problem != Response::Ok || (view.ignore && !options_.pass_ignored)) {
        answer(trans, problem);
        return;
    }
    if (handlers_.arrive) {
        handlers_.arrive();
    }
    std::vector<std::uint8_t> enables;
    const Burst burst = convert(trans, enables);
    DMASIM_INVARIANT(handlers_.b_transport != nullptr);
    handlers_.b_transport(trans, burst, delay);
}

unsigned TargetSocketAdapter::transport_dbg(tlm::tlm_generic_payload& trans) {
    if (auto* announcement = trans.get_extension<TargetAnnouncement>()) {
        if (options_.announced) {
            announcement->known = true;
            announcement->write_interval = options_.write_interval;
        }
        return 0;
    }
    if (auto* inquiry = trans.get_extension<BeatInquiry>()) {
        if (handlers_.inquired) {
            inquiry->seen_address = trans.get_address();
            handlers_.inquired(*inquiry);
        }
        return 0;
    }
    const PayloadView view = view_of(trans);
    if (view.ignore || view.bytes == 0 || view.data == nullptr || !handlers_.transport_dbg) {
        return 0;
    }
    return handlers_.transport_dbg(trans);
}

bool TargetSocketAdapter::get_direct_mem_ptr(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) {
    dmi.init();
    dmi.set_start_address(0);
    dmi.set_end_address(~sc_dt::uint64{0});
    return handlers_.get_direct_mem_ptr && handlers_.get_direct_mem_ptr(trans, dmi);
}

void TargetSocketAdapter::invalidate_dmi(std::uint64_t first, std::uint64_t last) {
    initiator().invalidate_direct_mem_ptr(first, last);
}

}  // namespace dmasim
