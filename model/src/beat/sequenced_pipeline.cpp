// SPDX-License-Identifier: Apache-2.0
#include "sequenced_pipeline.h"

#include <algorithm>

#include "dmasim/model/errors.h"

namespace dmasim::detail {

namespace {
/// What one register hands over in a cycle is seen in the next (timing.md, "Words").
constexpr std::uint64_t kNextCycle = 1;
constexpr std::uint64_t kPage = 4096;

Response worse(Response a, Response b) {
    return a != Response::Ok ? a : b;
}
}  // namespace

SequencedPipeline::SequencedPipeline(const PipelineTiming& timing, std::uint32_t bus_bytes)
    : timing_(timing),
      bus_bytes_(bus_bytes),
      burst_bytes_(static_cast<std::uint32_t>(
          std::min<std::uint64_t>(std::uint64_t{timing.max_burst_beats} * bus_bytes, kPage))) {
    fills_.push_back({Cycles{0}, 0});
}

bool SequencedPipeline::idle() const {
    return requester_ == Requester::Idle && !command_ && !moving_ && !aw_held_ && !ar_held_ && fifo_.empty() &&
           !w_held_ && pending_.empty() && statuses_.empty();
}

bool SequencedPipeline::ready(Cycles t) const {
    return requester_ == Requester::Idle && t >= accept_from_ && !command_;
}

void SequencedPipeline::offer(const BeatTransfer& transfer, Cycles t) {
    DMASIM_INVARIANT(ready(t) && transfer.bytes != 0);
    transfer_ = transfer;
    source_ = transfer.source;
    destination_ = transfer.destination;
    left_ = transfer.bytes;
    accepted_ = t;
    requester_ = Requester::Plan;
    requester_from_ = t + timing_.accept_to_plan;
    requester_follows_accept_ = true;
    tell(BeatStep::TransferAccepted, t, transfer.tag, {{"requester free", accept_from_}});
}

std::uint32_t SequencedPipeline::limit(std::uint64_t address) const {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(burst_bytes_ - address % bus_bytes_, kPage - address % kPage));
}

void SequencedPipeline::plan_burst(Cycles t) {
    const auto bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(left_, limit(destination_)));
    Plan plan;
    plan.write.address = destination_;
    plan.write.bytes = bytes;
    plan.write.beats = beats_of(destination_, bytes, 0, bus_bytes_);
    plan.inputs = beats_of(source_, bytes, 0, bus_bytes_);
    plan.outputs = plan.write.beats;
    plan.bubble = source_ % bus_bytes_ > destination_ % bus_bytes_;
    plan.tag = transfer_.tag;
    plan.planned = t;
    destination_ += bytes;
    left_ -= bytes;
    plan.last = left_ == 0;
    burst_left_ = bytes;
    tell(BeatStep::BurstPlanned, t, bursts_planned_++,
         {{requester_follows_accept_ ? "transfer accepted" : "read request before", requester_from_},
          {"command register free", command_free_}});
    requester_follows_accept_ = true;
    command_ = plan;
    planned_ = t;
    requester_ = Requester::Request;
    requester_from_ = t + timing_.plan_to_request;
}

void SequencedPipeline::request_read(Cycles t) {
    const auto bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(burst_left_, limit(source_)));
    ar_.address = source_;
    ar_.bytes = bytes;
    ar_.beats = beats_of(source_, bytes, 0, bus_bytes_);
    ar_held_ = true;
    ar_valid_ = t + timing_.request_to_valid;
    reads_.push_back(ar_);
    tell(BeatStep::ReadAddressValid, ar_valid_, reads_requested_++,
         {{requester_follows_accept_ ? "burst planned" : "read request before",
           requester_from_ + timing_.request_to_valid},
          {"read address register free", ar_free_ + timing_.request_to_valid}});
    requester_follows_accept_ = false;
    source_ += bytes;
    burst_left_ -= bytes;
    if (burst_left_ != 0) {
        requester_from_ = t + kNextCycle;
    } else if (left_ != 0) {
        requester_ = Requester::Plan;
        requester_from_ = t + timing_.accept_to_plan;
    } else {
        requester_ = Requester::Idle;
        accept_from_ = std::max(accept_from_, t + timing_.accept_to_plan);
    }
}

Cycles SequencedPipeline::command_at() const {
    return std::max({command_->planned + timing_.plan_to_command, mover_free_, aw_free_});
}

void SequencedPipeline::take_command(Cycles t) {
    tell(BeatStep::CommandTaken, t, commands_taken_++,
         {{"burst planned", command_->planned + timing_.plan_to_command},
          {mover_flushed_ ? "burst before ended, with a flush" : "burst before ended", mover_free_},
          {"write address register free", aw_free_}});
    burst_ = *command_;
    command_.reset();
    command_free_ = t + kNextCycle;
    accept_from_ = std::max(accept_from_, t + timing_.command_to_accept);
    moving_ = true;
    inputs_left_ = burst_.inputs;
    outputs_left_ = burst_.outputs;
    bubble_ = burst_.bubble;
    first_output_ = true;
    command_taken_ = t;
    aw_ = burst_.write;
    aw_held_ = true;
    aw_valid_ = t + timing_.request_to_valid;
    tell(BeatStep::WriteAddressValid, aw_valid_, commands_taken_ - 1, {{"command taken", aw_valid_}});
}

void SequencedPipeline::set_fill(Cycles from, std::uint32_t beats) {
    if (fills_.back().from == from) {
        fills_.back().beats = beats;
    } else {
        fills_.push_back({from, beats});
    }
    while (fills_.size() > 1 && fills_[1].from + timing_.fifo_reaction <= from) {
        fills_.pop_front();
    }
}

bool SequencedPipeline::fifo_allows_read(Cycles t) const {
    // The fill that the read side sees is the one of `fifo_reaction` cycles ago.
    std::uint32_t beats = fills_.front().beats;
    for (const Fill& fill : fills_) {
        if (fill.from + timing_.fifo_reaction <= t) {
            beats = fill.beats;
        }
    }
    return beats < timing_.fifo_threshold;
}

bool SequencedPipeline::read_ready(Cycles t) const {
    return moving_ && inputs_left_ != 0 && t >= command_taken_ + kNextCycle && fifo_allows_read(t);
}

bool SequencedPipeline::response_ready(Cycles t) const {
    // A response is looked for from the second cycle after the burst's last beat went into the FIFO.
    return !pending_.empty() && t >= pending_.front().made + 2 && t >= response_from_;
}

Cycles SequencedPipeline::pop_at() const {
    return std::max(fifo_.front().made + (timing_.read_to_write - 1), w_free_);
}

MasterSignals SequencedPipeline::outputs(Cycles t, const SlaveSignals& /*in*/) {
    MasterSignals out;
    out.ar_valid = ar_held_ && t >= ar_valid_;
    out.ar = ar_;
    out.aw_valid = aw_held_ && t >= aw_valid_;
    out.aw = aw_;
    out.w_valid = w_held_ && t >= w_valid_;
    out.w_last = w_.last;
    out.w = &w_.data;
    out.r_ready = read_ready(t);
    out.b_ready = response_ready(t);
    return out;
}

void SequencedPipeline::take_read_beat(Cycles t, const SlaveSignals& in) {
    const AddressPhase& read = reads_.front();
    const auto offset = static_cast<std::uint32_t>(read.address % bus_bytes_);
    const std::uint32_t first = read_beat_ == 0 ? offset : 0;
    const std::uint32_t end = std::min<std::uint32_t>(bus_bytes_, offset + read.bytes - read_beat_ * bus_bytes_);
    bytes_.push(in.r->bytes.data() + first, end - first);
    beat_bytes_ = end - first;
    burst_worst_ = worse(burst_worst_, in.r_response);
    if (++read_beat_ == read.beats) {
        read_beat_ = 0;
        reads_.pop_front();
    }
    --inputs_left_;
    tell(BeatStep::ReadBeat, t, read_beats_,
         {{"command taken", command_taken_ + kNextCycle},
          {"beat before", read_beats_ == 0 ? Cycles{0} : last_read_beat_ + kNextCycle},
          {"room in the write FIFO", room_.at()},
          {"RVALID", r_valid_.at()}});
    r_valid_.restart();
    ++read_beats_;
    last_read_beat_ = t;
}

void SequencedPipeline::make_output(Cycles t, bool flushed) {
    OutputBeat beat;
    beat.made = t;
    beat.flushed = flushed;
    const auto offset = static_cast<std::uint32_t>(burst_.write.address % bus_bytes_);
    const std::uint32_t index = burst_.outputs - outputs_left_;
    beat.data.first = first_output_ ? offset : 0;
    const std::uint32_t end = std::min<std::uint32_t>(bus_bytes_, offset + burst_.write.bytes - index * bus_bytes_);
    beat.data.count = end - beat.data.first;
    bytes_.pop(beat.data.bytes.data() + beat.data.first, beat.data.count);
    first_output_ = false;
    beat.last = --outputs_left_ == 0;
    fifo_.push_back(beat);
    if (beat.last) {
        pending_.push_back({burst_.last, burst_.tag, t, flushed, burst_worst_});
        burst_worst_ = Response::Ok;
        mover_flushed_ = flushed;
        moving_ = false;
        mover_free_ = t + timing_.burst_gap;
    }
}

void SequencedPipeline::watch(Cycles t, const SlaveSignals& in) {
    ar_ready_.see(in.ar_ready, t);
    aw_ready_.see(in.aw_ready, t);
    w_ready_.see(in.w_ready, t);
    r_valid_.see(in.r_valid, t);
    b_valid_.see(in.b_valid, t);
    room_.see(fifo_allows_read(t), t);
}

void SequencedPipeline::clock(Cycles t, const SlaveSignals& in) {
    changed_ = false;
    if (observer_ != nullptr && observer_->wants_terms()) {
        watch(t, in);
    }
    const MasterSignals out = outputs(t, in);
    const auto fill_before = static_cast<std::uint32_t>(fifo_.size());

    // 1. Statuses that are due.
    if (!statuses_.empty() && statuses_.front().at <= t) {
        const Status status = statuses_.front();
        statuses_.pop_front();
        status_response_ = status.worst;
        tell(BeatStep::Status, t, status.tag, {{"last response", status.response + timing_.response_to_status}});
        changed_ = true;
    }
    // 2. Write response.
    if (out.b_ready && in.b_valid) {
        const Pending pending = pending_.front();
        pending_.pop_front();
        worst_ = worse(worst_, worse(pending.reads, in.b_response));
        tell(BeatStep::ResponseTaken, t, responses_++,
             {{pending.flushed ? "last beat flushed" : "last beat made", pending.made + 2},
              {"response before", response_from_},
              {"BVALID", b_valid_.at()}});
        b_valid_.restart();
        response_from_ = t + kSequencedResponseGap;
        if (pending.last) {
            statuses_.push_back({t + timing_.response_to_status, t, pending.tag, worst_});
            worst_ = Response::Ok;
        }
        changed_ = true;
    }
    // 3. Data mover: a command, or a beat.
    if (moving_) {
        const bool taken = out.r_ready && in.r_valid;
        if (taken) {
            take_read_beat(t, in);
        }
        // Without inputs left the rest is flushed, one beat a cycle.
        const bool flush = !taken && inputs_left_ == 0;
        if (taken || flush) {
            changed_ = true;
            if (bubble_) {
                bubble_ = false;
            } else {
                make_output(t, flush);
            }
        }
    } else if (command_ && !aw_held_ && t >= command_at()) {
        take_command(t);
        changed_ = true;
    }
    // 4. Write FIFO to output register.
    if (w_held_ && out.w_valid && in.w_ready) {
        tell(BeatStep::WriteBeat, t, write_beats_++,
             {{"beat before", w_free_from_},
              {w_.flushed ? "flush" : "read beat", w_.made + timing_.read_to_write},
              {"WREADY", w_ready_.at()}});
        w_free_from_ = t + kNextCycle;
        w_held_ = false;
        w_free_ = t;
        changed_ = true;
    }
    if (!w_held_ && !fifo_.empty() && t >= pop_at()) {
        w_ = fifo_.front();
        fifo_.pop_front();
        w_held_ = true;
        w_valid_ = t + kNextCycle;
        changed_ = true;
    }
    if (fifo_.size() != fill_before) {
        set_fill(t + kNextCycle, static_cast<std::uint32_t>(fifo_.size()));
    }
    // 5. Addresses.
    const bool ar_seen_held = ar_held_;
    if (out.ar_valid && in.ar_ready) {
        tell(BeatStep::ReadAddressTaken, t, reads_taken_++,
             {{"address valid", ar_valid_}, {"ARREADY", ar_ready_.at()}});
        ar_held_ = false;
        ar_free_ = t + kNextCycle;
        changed_ = true;
    }
    if (out.aw_valid && in.aw_ready) {
        tell(BeatStep::WriteAddressTaken, t, writes_taken_++,
             {{"address valid", aw_valid_}, {"AWREADY", aw_ready_.at()}});
        aw_held_ = false;
        aw_free_ = t + kNextCycle;
        changed_ = true;
    }
    // 6. Requester: one step a cycle.
    if (requester_ == Requester::Plan && t >= requester_from_ && !command_ && t >= command_free_) {
        plan_burst(t);
        changed_ = true;
    } else if (requester_ == Requester::Request && t >= requester_from_ && !ar_seen_held) {
        request_read(t);
        changed_ = true;
    }
}

Cycles SequencedPipeline::next_change(Cycles t) const {
    if (changed_) {
        return t + 1;
    }
    // Nothing happened in cycle t: only a time that has not come yet can change that.
    Cycles next = kNever;
    const auto consider = [&](bool applies, Cycles at) {
        if (applies && at > t) {
            next = std::min(next, at);
        }
    };
    consider(requester_ != Requester::Idle, requester_from_);
    consider(requester_ != Requester::Idle, command_free_);
    consider(requester_ == Requester::Idle, accept_from_);
    consider(ar_held_, ar_valid_);
    consider(command_.has_value() && !moving_ && !aw_held_, command_ ? command_at() : kNever);
    consider(aw_held_, aw_valid_);
    consider(moving_, command_taken_ + kNextCycle);
    consider(moving_, fills_.back().from + timing_.fifo_reaction);
    consider(!fifo_.empty() && !w_held_, fifo_.empty() ? kNever : pop_at());
    consider(w_held_, w_valid_);
    consider(!pending_.empty(), pending_.empty() ? kNever : std::max(pending_.front().made + 2, response_from_));
    consider(!statuses_.empty(), statuses_.empty() ? kNever : statuses_.front().at);
    return next;
}

}  // namespace dmasim::detail
