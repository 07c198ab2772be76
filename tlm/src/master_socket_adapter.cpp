// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/master_socket_adapter.h"

#include <algorithm>
#include <string>

#include "dmasim/model/errors.h"
#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/island_link.h"
#include "dmasim/tlm/response.h"

namespace dmasim {

/// One call of b_transport at a time. A thread, because the target may wait.
class MasterSocketAdapter::BlockingCall final : public sc_core::sc_module {
  public:
    BlockingCall(const sc_core::sc_module_name& name, MasterSocketAdapter& adapter)
        : sc_module(name), adapter_(adapter), wake_("wake") {
        SC_HAS_PROCESS(BlockingCall);
        SC_THREAD(run);
    }
    ~BlockingCall() override = default;

    [[nodiscard]] bool idle() const { return idle_; }
    void wake() {
        idle_ = false;
        wake_.notify(sc_core::SC_ZERO_TIME);
    }

  private:
    void run() {
        while (true) {
            while (tlm::tlm_generic_payload* trans = adapter_.take_call()) {
                adapter_.call(*trans);
            }
            idle_ = true;
            wait(wake_);
        }
    }

    MasterSocketAdapter& adapter_;
    sc_core::sc_event wake_;
    bool idle_ = false;
};

MasterSocketAdapter::MasterSocketAdapter(const sc_core::sc_module_name& name, InitiatorSocketBase& socket,
                                         ClockedProcess& process, BurstMaster& master,
                                         const MasterSocketOptions& options)
    : sc_module(name),
      socket_(socket),
      process_(process),
      master_(master),
      options_(options),
      direct_(process.domain()),
      send_event_("send_event"),
      answer_event_("answer_event") {
    if (options_.style == TransportStyle::Blocking && options_.max_blocking_calls == 0) {
        throw ConfigError(std::string(this->name()) + ": max_blocking_calls is 0, must be at least 1");
    }
    socket_.get_base_export()(*this);
    SC_HAS_PROCESS(MasterSocketAdapter);
    SC_METHOD(send_held_back);
    sensitive << send_event_;
    dont_initialize();
    SC_METHOD(deliver_answers);
    sensitive << answer_event_;
    dont_initialize();
    if (options_.style == TransportStyle::Blocking) {
        for (unsigned i = 0; i < options_.max_blocking_calls; ++i) {
            calls_.push_back(std::make_unique<BlockingCall>(("call_" + std::to_string(i)).c_str(), *this));
        }
    }
}

MasterSocketAdapter::~MasterSocketAdapter() = default;

tlm::tlm_fw_transport_if<>& MasterSocketAdapter::target() {
    return *socket_.get_base_port().operator->();
}

void MasterSocketAdapter::end_of_elaboration() {
    if (!options_.may_join || options_.style != TransportStyle::NonBlocking || socket_.get_base_port().size() != 1) {
        return;
    }
    if (auto* gate = dynamic_cast<IslandGate*>(&target())) {
        island_ = gate->join(
            {process_, process_.block(), master_, process_.domain().period(), options_.initiator, options_.bus_bytes});
    }
}

void MasterSocketAdapter::request(const Burst& burst, Cycles at) {
    if (island_ != nullptr) {
        island_->request(burst, at);
        return;
    }
    if (options_.dmi && options_.style == TransportStyle::Blocking && request_direct(burst, at)) {
        return;
    }
    tlm::tlm_generic_payload& trans = pool_.acquire(burst, options_.initiator);
    InFlight entry;
    entry.trans = &trans;
    entry.access = burst.access;
    entry.tag = burst.tag;
    entry.beats = beats_of(burst.address, burst.bytes, burst.fixed_bytes, options_.bus_bytes);
    entry.requested = at;
    in_flight_.push_back(entry);
    held_back_.push_back(&trans);

    if (options_.style == TransportStyle::Blocking) {
        master_.accepted(burst.tag, at);
        const auto idle = std::find_if(calls_.begin(), calls_.end(), [](const auto& call) { return call->idle(); });
        if (idle != calls_.end()) {
            (*idle)->wake();
        }
        process_.wake();
        return;
    }
    // Within a call of the target (from the backward path, or nested in a request) the event sends.
    if (calling_ || called_) {
        send_event_.notify(sc_core::SC_ZERO_TIME);
        return;
    }
    in_request_ = true;
    send_all();
    in_request_ = false;
}

bool MasterSocketAdapter::request_direct(const Burst& burst, Cycles at) {
    // Behind bursts that a call carries, the order would be lost.
    if (!in_flight_.empty()) {
        return false;
    }
    const std::uint32_t beats = beats_of(burst.address, burst.bytes, burst.fixed_bytes, options_.bus_bytes);
    const auto timing = direct_.carry_out(burst, beats, target());
    if (!timing) {
        return false;
    }
    Answer answer;
    answer.access = burst.access;
    answer.tag = burst.tag;
    answer.at = at + timing->latency;
    answer.interval = timing->interval;
    queue_up(answer, beats, at);
    master_.accepted(burst.tag, at);
    early_.push_back(answer);
    if (!options_.flushed) {
        answer_event_.notify(sc_core::SC_ZERO_TIME);
    }
    return true;
}

void MasterSocketAdapter::record(StateRecord& state) const {
    // Each is compared with an edge at which a burst is requested, or with a later one.
    state.threshold(read_lane_free_);
    state.threshold(write_lane_free_);
    state.threshold(next_write_response_);
}

void MasterSocketAdapter::leap(const Leap& leap) {
    read_lane_free_ = leap.later(read_lane_free_);
    write_lane_free_ = leap.later(write_lane_free_);
    next_write_response_ = leap.later(next_write_response_);
}

void MasterSocketAdapter::send_held_back() {
    send_all();
}

void MasterSocketAdapter::send_all() {
    while (requesting_ == nullptr && !held_back_.empty()) {
        const sc_core::sc_time now = sc_core::sc_time_stamp();
        if (may_send_at_ > now) {
            send_event_.notify(may_send_at_ - now);
            return;
        }
        send_next();
    }
}

void MasterSocketAdapter::send_next() {
    tlm::tlm_generic_payload& trans = *held_back_.front();
    held_back_.pop_front();
    InFlight& burst = *find(trans);
    burst.sent = true;
    requesting_ = &trans;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    const sc_core::sc_time begin = process_.domain().time_until(burst.requested, sc_core::sc_time_stamp());
    sc_core::sc_time delay = begin;
    calling_ = true;
    const tlm::tlm_sync_enum status = target().nb_transport_fw(trans, phase, delay);
    calling_ = false;
    // A target that has answered on the backward path within the call has ended the burst already.
    if (find(trans) == nullptr) {
        return;
    }
    if (status == tlm::TLM_COMPLETED) {
        // The target is done with the request; only the response has a time.
        end_request(trans, begin);
        end_response(trans, delay);
        trans.release();
    } else if (status == tlm::TLM_UPDATED && on_phase(trans, phase, delay)) {
        // The response came on the return path, so END_RESP needs a call of its own.
        phase = tlm::END_RESP;
        calling_ = true;
        target().nb_transport_fw(trans, phase, delay);
        calling_ = false;
        trans.release();
    }
}

tlm::tlm_sync_enum MasterSocketAdapter::nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                        sc_core::sc_time& delay) {
    called_ = true;
    const bool ended = on_phase(trans, phase, delay);
    called_ = false;
    if (requesting_ == nullptr && !held_back_.empty()) {
        send_event_.notify(delay);
    }
    if (!ended) {
        return tlm::TLM_ACCEPTED;
    }
    trans.release();
    return tlm::TLM_COMPLETED;
}

bool MasterSocketAdapter::on_phase(tlm::tlm_generic_payload& trans, const tlm::tlm_phase& phase,
                                   const sc_core::sc_time& delay) {
    const InFlight* burst = find(trans);
    const bool sent = burst != nullptr && burst->sent;
    if (phase == tlm::END_REQ && sent && requesting_ == &trans) {
        end_request(trans, delay);
        return false;
    }
    if (phase == tlm::BEGIN_RESP && sent) {
        if (requesting_ == &trans) {
            end_request(trans, delay);
        }
        end_response(trans, delay);
        return true;
    }
    // Phases beyond the base protocol are ignorable (IEEE 1666-2011, 15.2.5).
    if (phase < 5U) {
        ++unexpected_;
    }
    return false;
}

void MasterSocketAdapter::end_request(tlm::tlm_generic_payload& trans, const sc_core::sc_time& delay) {
    if (requesting_ != &trans) {
        return;
    }
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    requesting_ = nullptr;
    may_send_at_ = now + delay;
    const InFlight& burst = *find(trans);
    master_.accepted(burst.tag, std::max(process_.domain().stamp_of(now, delay), burst.requested));
    process_.wake();
}

void MasterSocketAdapter::end_response(tlm::tlm_generic_payload& trans, const sc_core::sc_time& delay) {
    const InFlight* burst = find(trans);
    const Cycles at = std::max(process_.domain().stamp_of(sc_core::sc_time_stamp(), delay), burst->requested);
    const Answer answer = time_data(*burst, at);
    // The core has not taken note of a burst before request() returns.
    if (in_request_) {
        early_.push_back(answer);
        answer_event_.notify(sc_core::SC_ZERO_TIME);
    } else {
        deliver(answer);
    }
    in_flight_.erase(in_flight_.begin() + (burst - in_flight_.data()));
}

MasterSocketAdapter::Answer MasterSocketAdapter::time_data(const InFlight& burst, Cycles at) {
    Answer answer;
    answer.access = burst.access;
    answer.tag = burst.tag;
    answer.at = at;
    answer.response = response_of(burst.trans->get_response_status());
    const BurstExtension* extension = extension_of(*burst.trans);
    const std::uint32_t announced = extension != nullptr ? extension->interval : 0;
    if (announced != 0) {
        answer.interval = announced;
        if (options_.style == TransportStyle::Blocking) {
            queue_up(answer, burst.beats, burst.requested);
        }
        return answer;
    }
    if (burst.access == Access::Read) {
        answer.at = std::max(at, read_lane_free_);
        read_lane_free_ = answer.at + burst.beats;
    } else {
        write_lane_free_ = std::max(burst.requested + 1, write_lane_free_) + burst.beats;
        answer.at = std::max(at, write_lane_free_ - 1);
    }
    return answer;
}

// timing.md M1 and B4 (reads), B3 and M2 (writes), as far as one initiator comes in its own way.
void MasterSocketAdapter::queue_up(Answer& answer, std::uint32_t beats, Cycles requested) {
    const std::uint64_t occupied = std::uint64_t{beats} * answer.interval;
    if (answer.access == Access::Read) {
        answer.at = std::max(answer.at, read_lane_free_);
        read_lane_free_ = answer.at + occupied;
        return;
    }
    const Cycles begin = std::max(requested, write_lane_free_);
    write_lane_free_ = begin + occupied;
    answer.at = std::max(answer.at + (begin - requested), next_write_response_);
    next_write_response_ = answer.at + 1;
}

void MasterSocketAdapter::deliver(const Answer& answer) {
    if (answer.access == Access::Read) {
        master_.read_data(answer.tag, answer.at, answer.interval, answer.response);
    } else {
        master_.write_response(answer.tag, answer.at, answer.response);
    }
    process_.wake();
}

void MasterSocketAdapter::flush_answers() {
    if (!early_.empty()) {
        answer_event_.cancel();
        deliver_answers();
    }
}

void MasterSocketAdapter::deliver_answers() {
    delivering_.swap(early_);
    for (const Answer& answer : delivering_) {
        deliver(answer);
    }
    delivering_.clear();
}

MasterSocketAdapter::InFlight* MasterSocketAdapter::find(const tlm::tlm_generic_payload& trans) {
    const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                    [&](const InFlight& burst) { return burst.trans == &trans; });
    return found != in_flight_.end() ? &*found : nullptr;
}

tlm::tlm_generic_payload* MasterSocketAdapter::take_call() {
    if (held_back_.empty()) {
        return nullptr;
    }
    tlm::tlm_generic_payload* trans = held_back_.front();
    held_back_.pop_front();
    return trans;
}

void MasterSocketAdapter::call(tlm::tlm_generic_payload& trans) {
    sc_core::sc_time delay = process_.domain().time_until(find(trans)->requested, sc_core::sc_time_stamp());
    target().b_transport(trans, delay);
    direct_.hint(trans.is_dmi_allowed());
    end_response(trans, delay);
    trans.release();
}

void MasterSocketAdapter::invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) {
    direct_.invalidate(start, end);
}

}  // namespace dmasim
