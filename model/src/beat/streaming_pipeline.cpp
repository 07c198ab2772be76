// SPDX-License-Identifier: Apache-2.0
#include "streaming_pipeline.h"

#include <algorithm>

#include "dmasim/model/errors.h"

namespace dmasim::detail {

namespace {
constexpr std::uint64_t kNextCycle = 1;
constexpr std::uint64_t kPage = 4096;

Response worse(Response a, Response b) {
    return a != Response::Ok ? a : b;
}
}  // namespace

StreamingPipeline::StreamingPipeline(const PipelineTiming& timing, std::uint32_t bus_bytes)
    : timing_(timing),
      bus_bytes_(bus_bytes),
      page_(std::min<std::uint64_t>(std::uint64_t{timing.max_burst_beats} * bus_bytes, kPage)),
      pending_limit_(std::size_t{timing.bursts_in_flight} + timing.buffer_beats + timing.pending_extra),
      used_(bus_bytes, 0),
      seen_(bus_bytes, 0) {}

bool StreamingPipeline::idle() const {
    return !read_.valid && !write_.valid && !ar_held_ && reads_.empty() && writes_.empty() &&
           write_addresses_.empty() && unanswered_.empty() && statuses_.empty();
}

std::uint64_t StreamingPipeline::plan_limit(const Side& side) const {
    if (timing_.split == SplitRule::AlignedBothSides) {
        return std::min(to_page_end(read_.address), to_page_end(write_.address));
    }
    return to_page_end(side.address);
}

bool StreamingPipeline::read_room() const {
    return reads_.size() < timing_.bursts_in_flight && !ar_held_;
}

bool StreamingPipeline::write_room() const {
    return writes_.size() < timing_.bursts_in_flight && write_addresses_.size() < timing_.bursts_in_flight &&
           unanswered_.size() < pending_limit_;
}

bool StreamingPipeline::planning(Cycles t, bool reading) const {
    if (t < plan_from_) {
        return false;
    }
    if (timing_.split == SplitRule::AlignedBothSides) {
        return read_.valid && read_room() && write_room();
    }
    return reading ? read_.valid && read_room() : write_.valid && write_room();
}

bool StreamingPipeline::ready(Cycles t) const {
    // The next transfer is taken in the cycle in which the last bursts of the one before are planned, or later.
    return t >= plan_from_ && side_done(read_) && side_done(write_) && read_room() && write_room();
}

void StreamingPipeline::offer(const BeatTransfer& transfer, Cycles t) {
    DMASIM_INVARIANT(ready(t) && transfer.bytes != 0);
    tell(BeatStep::TransferAccepted, t, transfer.tag,
         {{"planner", plan_from_}, {read_room_by_, read_room_from_}, {write_room_by_, write_room_from_}});
    offered_ = transfer;
}

StreamingPipeline::Span StreamingPipeline::span(const Job& job, std::uint32_t beat) const {
    Span span;
    span.offset = beat == 0 ? job.offset : 0;
    span.begin = beat == 0 ? 0 : beat * bus_bytes_ - job.offset;
    span.count = std::min(bus_bytes_ - span.offset, job.bytes - span.begin);
    return span;
}

bool StreamingPipeline::lanes_hold(std::uint32_t lane, std::uint32_t count) const {
    for (std::uint32_t i = 0; i < count; ++i) {
        if (seen_[(lane + i) % bus_bytes_] == 0) {
            return false;
        }
    }
    return true;
}

bool StreamingPipeline::lanes_take(std::uint32_t lane, std::uint32_t count, bool popping, const Span& popped,
                                   std::uint32_t popped_lane) const {
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t at = (lane + i) % bus_bytes_;
        // A full lane takes a byte in the cycle in which it gives one away.
        const bool gives = popping && (at + bus_bytes_ - popped_lane) % bus_bytes_ < popped.count;
        if (used_[at] >= timing_.buffer_beats && !gives) {
            return false;
        }
    }
    return true;
}

void StreamingPipeline::move_lanes(std::vector<std::uint8_t>& lanes, std::uint32_t lane, std::uint32_t count,
                                   int by) const {
    for (std::uint32_t i = 0; i < count; ++i) {
        std::uint8_t& value = lanes[(lane + i) % bus_bytes_];
        value = static_cast<std::uint8_t>(value + by);
    }
}

MasterSignals StreamingPipeline::outputs(Cycles t, const SlaveSignals& in) {
    MasterSignals out;
    arrive(t);
    // Write side: a beat goes out when every byte of it is there.
    bool popping = false;
    Span popped;
    std::uint32_t popped_lane = 0;
    if (!writes_.empty()) {
        const Job& job = writes_.front();
        popped = span(job, write_beat_);
        popped_lane = (job.lane + popped.begin) % bus_bytes_;
        out.w_valid = lanes_hold(popped_lane, popped.count);
        out.w_last = write_beat_ == job.beats - 1;
        if (out.w_valid && !beat_filled_) {
            beat_.first = popped.offset;
            beat_.count = popped.count;
            bytes_.pop(beat_.bytes.data() + popped.offset, popped.count);
            beat_filled_ = true;
        }
        out.w = &beat_;
        popping = out.w_valid && in.w_ready;
    }
    // Read side: a beat comes in when every lane of it has room.
    if (!reads_.empty()) {
        const Job& job = reads_.front();
        const Span taken = span(job, read_beat_);
        out.r_ready = lanes_take((job.lane + taken.begin) % bus_bytes_, taken.count, popping, popped, popped_lane);
    }
    // Addresses. A read address falls through its register in the cycle in which it is planned.
    if (ar_held_) {
        out.ar_valid = t >= ar_valid_;
        out.ar = ar_;
    } else if (planning(t, true) && timing_.request_to_valid == 0) {
        out.ar_valid = true;
        out.ar.address = read_.address;
        out.ar.bytes = next_bytes(read_);
        out.ar.beats = beats_of(out.ar.address, out.ar.bytes, 0, bus_bytes_);
    }
    const bool released = timing_.write_address == WriteAddressRule::AtOnce
                              ? !write_addresses_.empty() && t >= write_addresses_.front().planned + kNextCycle
                              : (out.w_valid && first_beat_new_) || address_credits_ != 0;
    out.aw_valid = aw_waiting_ || released;
    if (!write_addresses_.empty()) {
        out.aw = write_addresses_.front().address;
    }
    out.b_ready = t >= response_from_;
    return out;
}

void StreamingPipeline::plan_read(Cycles t, std::uint32_t bytes) {
    const bool last = bytes == read_.left;  // A side that is done keeps its place, and so stays done.
    ar_.address = read_.address;
    ar_.bytes = bytes;
    ar_.beats = beats_of(read_.address, bytes, 0, bus_bytes_);
    ar_held_ = true;
    ar_valid_ = t + timing_.request_to_valid;
    tell(BeatStep::ReadAddressValid, ar_valid_, reads_planned_,
         {{"transfer accepted", plan_from_ + timing_.request_to_valid},
          {"burst before", read_planned_ + timing_.request_to_valid},
          {read_room_by_, read_room_from_ + timing_.request_to_valid},
          {write_room_by_,
           timing_.split == SplitRule::AlignedBothSides ? write_room_from_ + timing_.request_to_valid : Cycles{0}}});
    read_planned_ = t + kNextCycle;
    reads_.push_back({static_cast<std::uint32_t>(read_.address % bus_bytes_), bytes, ar_.beats, read_lane_,
                      reads_planned_++, t, answered_transfers_ + worst_.size() - 1});
    read_lane_ = (read_lane_ + bytes) % bus_bytes_;
    if (last) {
        read_.valid = false;
    } else {
        read_.address += bytes;
        read_.left -= bytes;
    }
    changed_ = true;
}

void StreamingPipeline::plan_write(Cycles t, std::uint32_t bytes) {
    const bool last = bytes == write_.left;
    AddressPhase address;
    address.address = write_.address;
    address.bytes = bytes;
    address.beats = beats_of(write_.address, bytes, 0, bus_bytes_);
    tell(BeatStep::BurstPlanned, t, writes_planned_,
         {{"transfer accepted", plan_from_},
          {"burst before", write_planned_},
          {write_room_by_, write_room_from_},
          {read_room_by_, timing_.split == SplitRule::AlignedBothSides ? read_room_from_ : Cycles{0}}});
    write_planned_ = t + kNextCycle;
    write_addresses_.push_back({address, t, writes_planned_});
    writes_.push_back({static_cast<std::uint32_t>(write_.address % bus_bytes_), bytes, address.beats, write_lane_,
                       writes_planned_++, t, answered_transfers_ + worst_.size() - 1});
    unanswered_.push_back({last, tag_});
    write_lane_ = (write_lane_ + bytes) % bus_bytes_;
    if (last) {
        write_.valid = false;
    } else {
        write_.address += bytes;
        write_.left -= bytes;
    }
    changed_ = true;
}

void StreamingPipeline::arrive(Cycles t) {
    while (!arrivals_.empty() && arrivals_.front().seen <= t) {
        move_lanes(seen_, arrivals_.front().lane, arrivals_.front().count, 1);
        bytes_seen_ = arrivals_.front().seen;
        arrivals_.pop_front();
    }
}

void StreamingPipeline::watch(Cycles t, const MasterSignals& out, const SlaveSignals& in) {
    ar_ready_.see(in.ar_ready, t);
    aw_ready_.see(in.aw_ready, t);
    w_ready_.see(in.w_ready, t);
    r_valid_.see(in.r_valid, t);
    b_valid_.see(in.b_valid, t);
    lanes_room_.see(out.r_ready, t);
    if (out.w_valid && !bytes_here_.holds()) {
        bytes_since_ = bytes_seen_;
    }
    bytes_here_.see(out.w_valid, t);
}

void StreamingPipeline::clock(Cycles t, const SlaveSignals& in) {
    changed_ = false;
    const MasterSignals out = outputs(t, in);
    if (observer_ != nullptr && observer_->wants_terms()) {
        watch(t, out, in);
    }
    // What is planned in a cycle depends on the room at its beginning.
    const bool plan_reading = planning(t, true);
    const bool plan_writing = planning(t, false);
    const std::uint32_t read_bytes = next_bytes(read_);
    const std::uint32_t write_bytes = next_bytes(write_);
    const bool read_had_room = read_room();
    const bool write_had_room = write_room();
    const bool read_address_held = ar_held_;
    const bool writes_full = writes_.size() >= timing_.bursts_in_flight;
    const bool addresses_full = write_addresses_.size() >= timing_.bursts_in_flight;
    const std::uint64_t write_beats_before = write_beats_;
    const Cycles write_beat_before = last_write_beat_;

    if (!statuses_.empty() && statuses_.front().at <= t) {
        report_status(t);
    }
    if (out.b_ready && in.b_valid) {
        tell(BeatStep::ResponseTaken, t, responses_++,
             {{"response before", response_from_}, {"BVALID", b_valid_.at()}});
        b_valid_.restart();
        DMASIM_INVARIANT(!unanswered_.empty());
        const Unanswered answered = unanswered_.front();
        unanswered_.pop_front();
        worst_.front() = worse(worst_.front(), in.b_response);
        response_from_ = t + timing_.response_gap;
        if (answered.last) {
            statuses_.push_back({t + timing_.response_to_status, t, answered.tag, worst_.front()});
            worst_.pop_front();
            ++answered_transfers_;
            if (timing_.response_to_status == 0) {
                report_status(t);
            }
        }
        changed_ = true;
    }
    const bool beat_out = out.w_valid && in.w_ready;
    // The address goes with the first beat, whether or not the slave takes that: it may wait for the address.
    const bool first_out = out.w_valid && first_beat_new_;
    first_beat_new_ = beat_out ? out.w_last : first_beat_new_ && !first_out;
    if (out.r_ready && in.r_valid) {
        take_read_beat(t, in);
    }
    if (beat_out) {
        give_write_beat(t);
    }
    // Write addresses.
    if (timing_.write_address == WriteAddressRule::WithFirstBeat) {
        if (aw_waiting_) {
            address_credits_ += first_out ? 1 : 0;
        } else if (!first_out && address_credits_ != 0) {
            --address_credits_;
        }
    }
    if (out.aw_valid) {
        if (!aw_waiting_) {
            tell(BeatStep::WriteAddressValid, t, write_addresses_.front().number,
                 {{"burst planned", write_addresses_.front().planned + kNextCycle},
                  {"address before taken", last_write_address_},
                  {"beat before", write_beats_before == 0 ? Cycles{0} : write_beat_before + kNextCycle},
                  {"bytes read", first_out ? bytes_since_ : Cycles{0}}});
            aw_valid_ = t;
        }
        aw_waiting_ = !in.aw_ready;
        if (in.aw_ready) {
            tell(BeatStep::WriteAddressTaken, t, write_addresses_.front().number,
                 {{"address valid", aw_valid_}, {"AWREADY", aw_ready_.at()}});
            last_write_address_ = t + kNextCycle;
            write_addresses_.pop_front();
        }
        changed_ = true;
    }
    // Read address, and the next bursts.
    bool address_out = out.ar_valid;
    if (plan_reading) {
        plan_read(t, read_bytes);
    } else {
        address_out = address_out && ar_held_;
    }
    if (address_out && in.ar_ready) {
        tell(BeatStep::ReadAddressTaken, t, reads_planned_ - 1,
             {{"address valid", ar_valid_}, {"ARREADY", ar_ready_.at()}});
        ar_held_ = false;
        changed_ = true;
    }
    if (plan_writing) {
        plan_write(t, write_bytes);
    }
    if (offered_) {
        read_ = {offered_->source, offered_->bytes, true};
        write_ = {offered_->destination, offered_->bytes, true};
        tag_ = offered_->tag;
        worst_.push_back(Response::Ok);
        read_lane_ = 0;
        write_lane_ = 0;
        plan_from_ = t + timing_.accept_to_plan;
        offered_.reset();
        changed_ = true;
    }
    if (!read_had_room && read_room()) {
        read_room_from_ = t + kNextCycle;
        read_room_by_ = read_address_held ? "read address register free" : "place of a read burst free";
    }
    if (!write_had_room && write_room()) {
        write_room_from_ = t + kNextCycle;
        write_room_by_ = writes_full      ? "place of a write burst free"
                         : addresses_full ? "place of a write address free"
                                          : "place of a response free";
    }
}

void StreamingPipeline::report_status(Cycles t) {
    const Status status = statuses_.front();
    statuses_.pop_front();
    status_response_ = status.worst;
    tell(BeatStep::Status, t, status.tag, {{"last response", status.response + timing_.response_to_status}});
    changed_ = true;
}

void StreamingPipeline::take_read_beat(Cycles t, const SlaveSignals& in) {
    const Job& job = reads_.front();
    const Span taken = span(job, read_beat_);
    const std::uint32_t lane = (job.lane + taken.begin) % bus_bytes_;
    bytes_.push(in.r->bytes.data() + taken.offset, taken.count);
    beat_bytes_ = taken.count;
    move_lanes(used_, lane, taken.count, 1);
    arrivals_.push_back({t + timing_.read_to_write, lane, taken.count});
    Response& worst = worst_[static_cast<std::size_t>(job.transfer - answered_transfers_)];
    worst = worse(worst, in.r_response);
    tell(BeatStep::ReadBeat, t, read_beats_,
         {{"beat before", read_beats_ == 0 ? Cycles{0} : last_read_beat_ + kNextCycle},
          {"RVALID", r_valid_.at()},
          {"room in the lanes", lanes_room_.at()}});
    ++read_beats_;
    r_valid_.restart();
    lanes_room_.restart();
    last_read_beat_ = t;
    if (++read_beat_ == job.beats) {
        read_beat_ = 0;
        reads_.pop_front();
    }
    changed_ = true;
}

void StreamingPipeline::give_write_beat(Cycles t) {
    const Job& job = writes_.front();
    const Span given = span(job, write_beat_);
    const std::uint32_t lane = (job.lane + given.begin) % bus_bytes_;
    move_lanes(used_, lane, given.count, -1);
    move_lanes(seen_, lane, given.count, -1);
    beat_filled_ = false;
    tell(BeatStep::WriteBeat, t, write_beats_,
         {{"beat before", write_beats_ == 0 ? Cycles{0} : last_write_beat_ + kNextCycle},
          {"burst planned", job.planned + kNextCycle},
          {"bytes read", bytes_since_},
          {"WREADY", w_ready_.at()}});
    ++write_beats_;
    bytes_here_.restart();
    last_write_beat_ = t;
    if (++write_beat_ == job.beats) {
        write_beat_ = 0;
        writes_.pop_front();
    }
    changed_ = true;
}

Cycles StreamingPipeline::next_change(Cycles t) const {
    if (changed_) {
        return t + 1;
    }
    Cycles next = kNever;
    const auto consider = [&](bool applies, Cycles at) {
        if (applies && at > t) {
            next = std::min(next, at);
        }
    };
    consider(true, plan_from_);
    consider(ar_held_, ar_valid_);
    consider(!arrivals_.empty(), arrivals_.empty() ? kNever : arrivals_.front().seen);
    consider(!unanswered_.empty(), response_from_);
    consider(!statuses_.empty(), statuses_.empty() ? kNever : statuses_.front().at);
    return next;
}

}  // namespace dmasim::detail
