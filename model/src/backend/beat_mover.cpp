// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/backend/beat_mover.h"

#include <algorithm>
#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

BeatMover::BeatMover(const DmaConfig& config, BurstPort& port, MoverClient& client, TraceSink* sink,
                     std::uint16_t source)
    : config_(config),
      client_(client),
      sink_(sink),
      source_(source),
      bursts_(config, port, client, sink, source),
      pipeline_(make_pipeline(config.timing.pipeline, config.bus_bytes())) {
    pipeline_->observe(this);
}

bool BeatMover::can_grant(Cycles edge) const {
    return waiting_.size() < kQueue && bursts_.can_grant(edge);
}

Cycles BeatMover::earliest_grant() const {
    return waiting_.size() < kQueue ? bursts_.earliest_grant() : kNever;
}

void BeatMover::grant_chunk(const ChunkOrder& order, Cycles edge) {
    if (order.source_fixed != 0 || order.destination_fixed != 0) {
        bursts_.grant_chunk(order, edge);
        return;
    }
    Under under;
    under.order = order;
    under.granted = edge;
    under.tag = next_tag_++ & ~kSourceTag;
    under.sequence = sequence_++;
    waiting_.push_back(under);
    if (wake_) {
        wake_(edge + 1);
    }
}

void BeatMover::before_cycle(Cycles t) {
    const bool taken = offer_waiting(t);
    if (source_of_transfers_ != nullptr && source_of_transfers_->cycle(t, *pipeline_, taken) && wake_) {
        wake_(t + 1);
    }
}

bool BeatMover::offer_waiting(Cycles t) {
    // What was granted at edge t belongs to the cycles after t.
    if (waiting_.empty() || waiting_.front().granted >= t || !pipeline_->ready(t)) {
        return false;
    }
    Under under = waiting_.front();
    waiting_.pop_front();
    BeatTransfer transfer;
    transfer.source = under.order.source;
    transfer.destination = under.order.destination;
    transfer.bytes = under.order.bytes;
    transfer.tag = under.tag;
    under.read_left = under.order.bytes;
    under_.push_back(under);
    pipeline_->offer(transfer, t);
    if (!waiting_.empty() && wake_) {
        wake_(t + 1);
    }
    if (answered_) {
        answered_();
    }
    return true;
}

Cycles BeatMover::next_visible(Cycles next) const {
    // A sink is told when it happens; a full queue lets the mid end grant; an observer hears when a port accepts.
    if (sink_ != nullptr || waiting_.size() >= kQueue ||
        (source_of_transfers_ != nullptr && source_of_transfers_->waiting())) {
        return next;
    }
    const auto beats = [this](std::uint64_t bytes) { return (bytes + config_.bus_bytes() - 1) / config_.bus_bytes(); };
    for (const Under& under : under_) {
        if (!under.orphan) {
            return next + beats(under.read_left);
        }
    }
    return waiting_.empty() ? kNever : next + beats(waiting_.front().order.bytes);
}

void BeatMover::connect(std::function<void(Cycles)> wake, std::function<void()> answered) {
    wake_ = std::move(wake);
    answered_ = std::move(answered);
}

void BeatMover::step(BeatStep step, Cycles at, std::uint64_t index, std::initializer_list<BeatTerm> terms) {
    if (outer_ != nullptr) {
        outer_->step(step, at, index, terms);
    }
    if (step == BeatStep::TransferAccepted && (index & kSourceTag) != 0) {
        Under under;
        under.sourced = true;
        under.tag = static_cast<std::uint32_t>(index);
        under.read_left = source_of_transfers_->taken(under.tag);
        under_.push_back(under);
        return;
    }
    if (step == BeatStep::Status) {
        status(at);
    } else if (step == BeatStep::ReadBeat) {
        // Beats come in order; the transfer they belong to is the oldest that has not got all of its bytes.
        for (Under& under : under_) {
            if (under.read_left != 0 && under.sourced) {
                under.read_left -= pipeline_->beat_bytes();
                break;
            }
            if (under.read_left != 0) {
                const bool first = under.first_read == kNever;
                under.first_read = first ? at : under.first_read;
                under.last_read = at;
                report(EventKind::BurstData, at, under, Access::Read, 1);
                under.read_left -= pipeline_->beat_bytes();
                if (first || under.read_left == 0) {
                    client_.read_announced(under.order.channel, at, at);
                    // Behind a fabric the beat does not come from within the controller's own activation.
                    if (answered_) {
                        answered_();
                    }
                }
                break;
            }
        }
    } else if (step == BeatStep::TransferAccepted && sink_ != nullptr) {
        report(EventKind::BurstRequested, at, under_.back(), Access::Read, 0);
    }
}

void BeatMover::status(Cycles at) {
    DMASIM_INVARIANT(!under_.empty());
    const Under under = under_.front();
    under_.pop_front();
    if (under.sourced) {
        source_of_transfers_->status(under.tag, at, pipeline_->status_response());
    } else if (under.orphan) {
        report(EventKind::BurstResponse, at, under, Access::Write, 0);
    } else {
        BurstEnd end;
        end.at = at;
        end.access = Access::Write;
        end.response = pipeline_->status_response();
        end.address = under.order.destination;
        end.sequence = under.sequence;
        report(EventKind::BurstResponse, at, under, Access::Write, 0);
        if (sink_ != nullptr) {
            while (!ended_.empty() && ended_.front().at + 2 < at) {
                ended_.pop_front();
            }
            ended_.push_back({under.order.channel, at});
        }
        if (end.response == Response::Ok) {
            while (!written_.empty() && written_.front().at + 2 < at) {
                written_.pop_front();
            }
            written_.push_back({under.order.channel, under.order.job, under.order.bytes, at});
        }
        client_.chunk_ended(under.order, end);
    }
    if (answered_) {
        answered_();
    }
}

void BeatMover::reset(Cycles edge) {
    bursts_.reset(edge);
    waiting_.clear();
    // What the pipeline has runs out unseen.
    for (Under& under : under_) {
        under.orphan = true;
    }
}

std::uint64_t BeatMover::bytes_written_from(unsigned channel, std::uint32_t job, Cycles at) const {
    std::uint64_t bytes = bursts_.bytes_written_from(channel, job, at);
    for (const Written& written : written_) {
        if (written.channel == channel && written.job == job && written.at >= at) {
            bytes += written.bytes;
        }
    }
    return bytes;
}

MoverActivity BeatMover::activity(Cycles cycle) const {
    MoverActivity activity = bursts_.activity(cycle);
    const auto mark = [cycle, &activity](const Under& under) {
        const std::uint64_t mask = std::uint64_t{1} << under.order.channel;
        if (under.read_left == 0 && under.last_read != kNever && under.last_read + 1 < cycle) {
            activity.write_wait |= mask;
        } else if (under.first_read != kNever && under.first_read < cycle) {
            activity.moving_data |= mask;
        } else {
            activity.read_latency |= mask;
        }
    };
    for (const Under& under : under_) {
        if (!under.orphan && !under.sourced) {
            mark(under);
        }
    }
    for (const Under& under : waiting_) {
        mark(under);
    }
    for (const Ended& end : ended_) {
        if (end.at >= cycle) {
            activity.write_wait |= std::uint64_t{1} << end.channel;
        }
    }
    return activity;
}

bool BeatMover::idle() const {
    return bursts_.idle() && waiting_.empty() && under_.empty() && pipeline_->idle();
}

void BeatMover::report(EventKind kind, Cycles at, const Under& under, Access access, std::uint32_t beats) const {
    if (sink_ == nullptr) {
        return;
    }
    TraceEvent event;
    event.at = at;
    event.kind = kind;
    event.access = access;
    event.source = source_;
    event.channel = under.order.channel;
    event.tag = under.tag;
    event.job = under.order.job;
    event.bytes = under.order.bytes;
    event.beats = beats;
    event.value = kind == EventKind::BurstData ? 1 : 0;
    event.address = access == Access::Read ? under.order.source : under.order.destination;
    event.response = kind == EventKind::BurstResponse ? pipeline_->status_response() : Response::Ok;
    sink_->event(event);
}

}  // namespace dmasim
