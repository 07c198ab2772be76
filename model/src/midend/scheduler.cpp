// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/midend/scheduler.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

constexpr std::uint8_t kRankRegister = 0;
constexpr std::uint8_t kRankRead = 1;
constexpr std::uint8_t kRankWrite = 2;
constexpr std::uint8_t kRankDecode = 3;

// Calls `function(channel)` for every bit, in rising order.
template <typename Function>
void for_each_bit(std::uint64_t bits, Function function) {
    while (bits != 0) {
        function(static_cast<unsigned>(__builtin_ctzll(bits)));
        bits &= bits - 1;
    }
}

std::uint64_t add_stride(std::uint64_t address, const JobSide& side) {
    return side.fixed ? address : address + static_cast<std::uint64_t>(std::int64_t{side.stride});
}

}  // namespace

Scheduler::Scheduler(const DmaConfig& config, FrontEnd& front_end, ChannelLines& lines, TraceSink* sink,
                     std::uint16_t source)
    : config_(config),
      limits_{config.bus_bytes(), config.max_burst_beats, config.timing.beat_accurate},
      front_end_(front_end),
      lines_(lines),
      sink_(sink),
      source_(source),
      arbiter_(make_arbiter(config.arbiter, config.channels)),
      channels_(config.channels),
      causes_(config.channels, static_cast<std::uint8_t>(CycleCause::Idle)) {
    requests_.reserve(config.channels);
}

// --- commands -------------------------------------------------------------------------------------------------------

void Scheduler::start(unsigned channel, const StartOrder& order, Cycles stamp, Cycles edge) {
    Channel& c = channels_[channel];
    DMASIM_INVARIANT(!c.busy);
    c.busy = true;
    busy_ |= bit(channel);
    c.chain = order.chain;
    c.continue_on_error = order.continue_on_error;
    c.has_last_descriptor = false;
    c.has_next = false;
    c.append = false;
    const Cycles from = stamp + config_.timing.start_to_request;
    if (order.chain) {
        want_fetch(c, channel, order.descriptor, false, from);
    } else {
        LiveJob job;
        job.job = order.job;
        job.cyclic = order.cyclic;
        accept_job(c, channel, job, stamp);
        c.compete_from = from;
        wakes_.wake(channel, from);
    }
    wakes_.wake(channel, edge);
    wake_for_holds(channel, edge);
}

// Hold-ups that begin while the channel is busy.
void Scheduler::wake_for_holds(unsigned channel, Cycles edge) {
    for (const ChannelHold& hold : config_.holds) {
        if (hold.channel == channel && hold.at >= edge) {
            wakes_.wake(channel, hold.at + 1);
        }
    }
}

Cycles Scheduler::held_until(unsigned channel, Cycles edge) const {
    for (std::size_t n = 0; n < config_.holds.size(); ++n) {
        const ChannelHold& hold = config_.holds[n];
        if (hold.channel == channel && hold.at < edge && edge <= hold.at + hold.cycles) {
            edge = hold.at + hold.cycles + 1;
            n = static_cast<std::size_t>(-1);  // another one may begin where this one ends
        }
    }
    return edge;
}

void Scheduler::pause(unsigned channel, Cycles edge) {
    if (channels_[channel].busy) {
        channels_[channel].paused = true;
        wakes_.wake(channel, edge);
    }
}

void Scheduler::resume(unsigned channel, Cycles edge) {
    channels_[channel].paused = false;
    wakes_.wake(channel, edge);
}

void Scheduler::abort(unsigned channel, Cycles edge) {
    Channel& c = channels_[channel];
    if (c.busy) {
        stop(c, channel, false, edge);
        wakes_.wake(channel, edge);
    }
}

bool Scheduler::can_append(unsigned channel) const {
    const Channel& c = channels_[channel];
    return c.busy ? c.chain : c.has_last_descriptor;
}

void Scheduler::append(unsigned channel, Cycles stamp, Cycles edge) {
    Channel& c = channels_[channel];
    DMASIM_INVARIANT(can_append(channel));
    if (c.busy) {
        c.append = true;
        return;
    }
    c.busy = true;
    busy_ |= bit(channel);
    want_fetch(c, channel, c.last_descriptor, true, stamp + config_.timing.start_to_request);
    wakes_.wake(channel, edge);
    wake_for_holds(channel, edge);
}

void Scheduler::set_dreq(unsigned channel, bool level, Cycles stamp, Cycles edge) {
    Channel& c = channels_[channel];
    if (c.dreq == level) {
        return;
    }
    c.dreq = level;
    report_line(c, channel, stamp);
    wakes_.wake(channel, edge);
}

void Scheduler::refuse(unsigned channel, const ErrorReport& report, Cycles edge) {
    Channel& c = channels_[channel];
    PendingError error;
    error.edge = edge;
    error.rank = kRankRegister;
    error.sequence = c.errors.size();
    error.report = report;
    c.errors.push_back(error);
    wakes_.wake(channel, edge);
}

void Scheduler::reset(Cycles edge) {
    for (unsigned channel = 0; channel < channels_.size(); ++channel) {
        Channel& c = channels_[channel];
        for (std::size_t i = 0; i < c.jobs.size(); ++i) {
            report_job(EventKind::JobCompleted, c.jobs[i], channel, edge,
                       static_cast<std::uint32_t>(JobStatus::Aborted));
        }
        Channel fresh;
        fresh.next_number = c.next_number;
        fresh.fetch_token = c.fetch_token + 1;
        fresh.dreq = c.dreq;
        fresh.dack = c.dack;
        fresh.tc = c.tc;
        c = std::move(fresh);
        wakes_.wake(channel, edge);
    }
    requesting_ = 0;
    paced_ = 0;
    busy_ = 0;
    nobody_until_ = Cycles{0};
    arbiter_ = make_arbiter(config_.arbiter, config_.channels);
    mover_->reset(edge);
}

ChannelView Scheduler::view(unsigned channel, Cycles at) const {
    const Channel& c = channels_[channel];
    ChannelView result;
    result.busy = c.busy;
    result.descriptor = c.left_descriptor;
    result.residue = c.left_residue;
    bool quiet = c.fetch_outstanding == 0 && !(c.fetch_any && c.fetch_end >= at);
    for (std::size_t i = 0; i < c.jobs.size(); ++i) {
        const LiveJob& job = c.jobs[i];
        quiet = quiet && job.outstanding == 0 && !(job.has_end && job.last_end >= at);
    }
    result.paused = c.busy && c.paused && quiet;
    if (!c.jobs.empty()) {
        const LiveJob& job = c.jobs.front();
        result.residue = job.job.total_bytes() - job.written + mover_->bytes_written_from(channel, job.number, at);
        if (job.from_descriptor) {
            result.descriptor = job.descriptor;
        }
    }
    return result;
}

// --- jobs and descriptors -------------------------------------------------------------------------------------------

void Scheduler::accept_job(Channel& c, unsigned channel, LiveJob job, Cycles at) {
    job.number = c.next_number++;
    c.row_source = job.job.source.address;
    c.row_destination = job.job.destination.address;
    c.rows_left = job.job.rows;
    c.block_enabled = c.block_enabled && job.cyclic;
    c.jobs.push_back(job);
    begin_row(c);
    report_job(EventKind::JobAccepted, job, channel, at, 0);
}

void Scheduler::begin_row(Channel& c) {
    const Job& job = c.jobs.back().job;
    const bool units = job.handshake == Handshake::Single || job.handshake == Handshake::Demand;
    const auto side = [&job](std::uint64_t address, const JobSide& spec) {
        return SplitSide{address, spec.fixed ? job.element_bytes() : 0};
    };
    c.splitter = ChunkSplitter(side(c.row_source, job.source), side(c.row_destination, job.destination), job.length,
                               limits_, units ? job.unit_bytes : 0);
    --c.rows_left;
    c.row_source = add_stride(c.row_source, job.source);
    c.row_destination = add_stride(c.row_destination, job.destination);
}

void Scheduler::want_fetch(Channel& c, unsigned channel, std::uint64_t address, bool link, Cycles from) {
    const DescriptorFormat& format = front_end_.descriptor_format();
    c.fetch = FetchState::Wanted;
    c.fetch_link = link;
    c.fetch_address = address;
    c.fetch_parts = BurstSplitter(SplitSide{link ? address + format.link_offset : address, 0},
                                  link ? format.link_bytes : format.bytes, limits_);
    ++c.fetch_token;
    c.fetch_outstanding = 0;
    c.fetch_any = false;
    c.fetch_response = Response::Ok;
    c.compete_from = from;
    wakes_.wake(channel, from);
}

// What follows in a chain, after an event at `edge`: the next descriptor, another look at the link of the last one, or
// the end (timing.md C6).
void Scheduler::plan_next(Channel& c, unsigned channel, Cycles edge) {
    if (c.stopping || c.fetch != FetchState::None) {
        return;
    }
    const bool ahead = config_.descriptor_prefetch != 0 && c.jobs.size() == 1 && c.jobs.back().all_granted;
    if (!c.jobs.empty() && !ahead) {
        return;
    }
    if (c.has_next) {
        c.has_next = false;
        want_fetch(c, channel, c.next, false, edge + 1);
    } else if (c.jobs.empty()) {
        if (c.append) {
            want_fetch(c, channel, c.last_descriptor, true, edge + 1);
        } else {
            end_channel(c, channel, JobStatus::Done, true, edge);
        }
    }
}

void Scheduler::fail_fetch(Channel& c, unsigned channel, const ErrorReport& report, std::uint8_t rank, Cycles edge) {
    c.fetch = FetchState::Failed;
    PendingError error;
    error.edge = edge;
    error.rank = rank;
    error.sequence = c.fetch_error_sequence;
    error.report = report;
    error.stops = true;
    c.errors.push_back(error);
    wakes_.wake(channel, edge);
}

void Scheduler::decode_channel(Channel& c, unsigned channel, Cycles edge) {
    if (c.fetch != FetchState::Decoding || c.decode_edge > edge || c.stopping) {
        return;
    }
    if (c.fetch_response != Response::Ok) {
        fail_fetch(c, channel,
                   {TransferError::DescriptorFetch, ErrorDetail::None, c.fetch_response, c.fetch_error_address},
                   kRankRead, edge);
        return;
    }
    if (c.fetch_link) {
        const FetchedLink link = front_end_.decode_link(c.descriptor.data());
        if (link.problem.detail != ErrorDetail::None) {
            fail_fetch(c, channel, {TransferError::BadDescriptor, link.problem.detail, Response::Ok, c.fetch_address},
                       kRankDecode, edge);
        } else if (link.has_next) {
            want_fetch(c, channel, link.next, false, edge);
        } else {
            c.fetch = FetchState::NoLink;
        }
        return;
    }
    const FetchedJob fetched = front_end_.decode(channel, c.fetch_address, c.descriptor.data());
    if (fetched.problem.detail != ErrorDetail::None) {
        fail_fetch(c, channel, {TransferError::BadDescriptor, fetched.problem.detail, Response::Ok, c.fetch_address},
                   kRankDecode, edge);
        return;
    }
    c.fetch = FetchState::None;
    c.last_descriptor = c.fetch_address;
    c.has_last_descriptor = true;
    c.next = fetched.next;
    c.has_next = fetched.has_next;
    c.append = c.append || (fetched.ends && c.append_at_fetch);
    LiveJob job;
    job.job = fetched.job;
    job.from_descriptor = true;
    job.descriptor = c.fetch_address;
    job.write_back = fetched.write_back;
    job.interrupt = fetched.interrupt;
    job.has_end = true;  // its fetch is one of its bursts (timing.md C10)
    job.last_end = c.fetch_end;
    accept_job(c, channel, job, edge);
    c.compete_from = edge;
}

void Scheduler::decode(std::uint64_t due, Cycles edge) {
    for_each_bit(due, [&](unsigned channel) {
        Channel& c = channels_[channel];
        decode_channel(c, channel, edge);
        update_request(c, channel, edge);
    });
}

// --- competing ------------------------------------------------------------------------------------------------------

bool Scheduler::dreq_holds(const Channel& c, Cycles edge) {
    switch (c.jobs.back().job.handshake) {
        case Handshake::None:
            return true;
        case Handshake::Single:
            return c.dreq && c.single_ready <= edge;
        case Handshake::Block:
            return c.block_enabled;
        case Handshake::Demand:
            return c.dreq;
    }
    return true;
}

void Scheduler::update_request(Channel& c, unsigned channel, Cycles edge) {
    bool requests = false;
    bool paced = false;
    if (c.busy) {
        paced = c.paused;
        if (!c.stopping && c.compete_from <= edge) {
            if (wants_fetch(c)) {
                requests = !c.paused;
            } else if (wants_chunk(c)) {
                c.block_enabled = c.block_enabled || c.dreq;
                const bool held = !dreq_holds(c, edge);
                paced = paced || held;
                requests = !c.paused && !held;
            }
            if (requests && !config_.holds.empty()) {
                if (const Cycles free = held_until(channel, edge); free != edge) {
                    requests = false;
                    paced = true;
                    wakes_.wake(channel, free);
                }
            }
        }
    }
    const std::uint64_t mask = bit(channel);
    paced_ = paced ? paced_ | mask : paced_ & ~mask;
    if (requests != ((requesting_ & mask) != 0)) {
        requesting_ ^= mask;
        c.since = edge;
        nobody_until_ = Cycles{0};
    }
}

Cycles Scheduler::next_grant() const {
    if (requesting_ == 0) {
        return kNever;
    }
    return std::max(mover_->earliest_grant(), nobody_until_);
}

namespace {

// Whether every access of `job` lies in memories of the island and succeeds; `interval`: the least distance of the beats
// of its reads, and of its writes.
bool within(const Job& job, const IslandReach& reach, std::uint32_t& read_interval, std::uint32_t& write_interval) {
    const auto look = [&](const JobSide& side, Access access) -> std::uint32_t {
        if (side.fixed || job.length == 0 || job.rows == 0) {
            return 0;
        }
        // Of one row after the other: the first byte of the lowest and the last byte of the highest.
        const std::int64_t way = (std::int64_t{job.rows} - 1) * std::int64_t{side.stride};
        const auto distance = static_cast<std::uint64_t>(way < 0 ? -way : way);
        if (way < 0 && distance > side.address) {
            return 0;
        }
        const std::uint64_t first = way < 0 ? side.address - distance : side.address;
        const std::uint64_t span = distance + (job.length - 1);
        return first + span < first ? 0 : reach.interval(access, first, first + span);
    };
    read_interval = look(job.source, Access::Read);
    write_interval = read_interval == 0 ? 0 : look(job.destination, Access::Write);
    return write_interval != 0;
}

}  // namespace

Cycles Scheduler::next_visible(const IslandReach& reach, Cycles from, Cycles any) const {
    Cycles next = wakes_.next();
    if (!config_.holds.empty()) {
        return std::min(next, any);
    }
    for_each_bit(busy_, [&](unsigned channel) {
        if (next <= any) {
            return;
        }
        next = std::min(next, next_visible_of(channel, reach, from, any));
    });
    return next;
}

Cycles Scheduler::next_visible_of(unsigned channel, const IslandReach& reach, Cycles from, Cycles any) const {
    const Channel& c = channels_[channel];
    if (c.stopping || !c.errors.empty()) {
        return any;
    }
    if (c.jobs.empty() && (c.fetch == FetchState::Wanted || c.fetch == FetchState::InFlight)) {
        // Nothing is seen of a fetch until it is decoded: `any` is at most one edge after the bus hands over its first beat.
        const DescriptorFormat& format = front_end_.descriptor_format();
        const std::uint64_t last = c.fetch_address + (format.bytes - 1);
        const bool inside = last >= c.fetch_address && reach.interval(Access::Read, c.fetch_address, last) != 0;
        return inside ? any + (config_.timing.descriptor_decode - 1) : any;
    }
    if (c.jobs.empty() && c.fetch == FetchState::Decoding) {
        return std::max(any, c.decode_edge);
    }
    const bool ahead = c.chain && config_.descriptor_prefetch != 0;
    std::uint32_t read_interval = 0;
    std::uint32_t write_interval = 0;
    const bool plain = c.jobs.size() == 1 && c.fetch == FetchState::None && !c.jobs.front().writing_back &&
                       !(c.jobs.front().all_granted && (ahead || c.jobs.front().cyclic)) &&
                       c.jobs.front().job.handshake == Handshake::None &&
                       within(c.jobs.front().job, reach, read_interval, write_interval);
    if (!plain) {
        return any;
    }
    // Alone, the rest of the job could not be read, nor written, any faster: one beat every `interval` cycles. But the
    // next descriptor may be fetched ahead, and the next round be accepted, when the last chunk has its place in the FIFO.
    const LiveJob& job = c.jobs.front();
    const auto beats_of_bytes = [this](std::uint64_t bytes) {
        return (bytes + limits_.bus_bytes - 1) / limits_.bus_bytes;
    };
    const std::uint64_t bytes =
        job.all_granted ? 0 : c.splitter.bytes_left() + std::uint64_t{c.rows_left} * job.job.length;
    if (ahead || job.cyclic) {
        const std::uint64_t beats = beats_of_bytes(bytes);
        const std::uint64_t unseen = std::min<std::uint64_t>(beats - 1, config_.fifo_beats);
        return std::max(any, from + (beats - 1 - unseen) * std::max(read_interval, write_interval));
    }
    Cycles next = any;
    if (bytes != 0) {
        next = std::max(next, from + (beats_of_bytes(bytes) - 1) * std::max(read_interval, write_interval));
    }
    const std::uint64_t unwritten = beats_of_bytes(bytes + mover_->bytes_to_write(channel));
    return unwritten == 0 ? next : std::max(next, from + (unwritten - 1) * write_interval);
}

void Scheduler::arbitrate(std::uint64_t due, Cycles edge) {
    for_each_bit(due, [&](unsigned channel) { update_request(channels_[channel], channel, edge); });
    if (requesting_ == 0 || !mover_->can_grant(edge)) {
        return;
    }
    requests_.clear();
    for_each_bit(requesting_, [&](unsigned channel) { requests_.push_back({channel, channels_[channel].since}); });
    const int winner = arbiter_->pick(requests_, edge);
    if (winner == Arbiter::kNobody) {
        nobody_until_ = arbiter_->next_chance(edge);
        return;
    }
    nobody_until_ = Cycles{0};
    const auto channel = static_cast<unsigned>(winner);
    DMASIM_INVARIANT((requesting_ & bit(channel)) != 0);
    arbiter_->granted(channel, edge);
    ++grants_;
    grant(channels_[channel], channel, edge);
}

void Scheduler::grant(Channel& c, unsigned channel, Cycles edge) {
    // The winner has to request anew; its next burst may compete from the next edge on. All state is settled before the
    // port is called, because the port may answer at once.
    requesting_ &= ~bit(channel);
    c.compete_from = edge + 1;
    if (sink_ != nullptr) {
        account_wakes_.wake(channel, edge + 1);
    }
    if (wants_fetch(c)) {
        if (!c.fetch_any) {
            // This read sees every link that was written before (timing.md C6), unless the descriptor says not to look.
            c.append_at_fetch = std::exchange(c.append, false);
        }
        DescriptorOrder order;
        order.channel = static_cast<std::uint16_t>(channel);
        order.job = c.next_number;
        order.token = c.fetch_token;
        order.address = c.fetch_parts.address();
        order.bytes = c.fetch_parts.burst_bytes();
        const DescriptorFormat& format = front_end_.descriptor_format();
        order.offset =
            (c.fetch_link ? format.link_bytes : format.bytes) - static_cast<std::uint32_t>(c.fetch_parts.bytes_left());
        c.fetch_parts.next();
        c.fetch_any = true;
        ++c.fetch_outstanding;
        if (c.fetch_parts.done()) {
            c.fetch = FetchState::InFlight;
        }
        update_request(c, channel, edge + 1);
        mover_->grant_descriptor(order, edge);
        return;
    }
    LiveJob& job = c.jobs.back();
    ChunkOrder order;
    order.channel = static_cast<std::uint16_t>(channel);
    order.job = job.number;
    order.source = c.splitter.source();
    order.destination = c.splitter.destination();
    order.bytes = c.splitter.chunk_bytes();
    order.source_fixed = job.job.source.fixed ? job.job.element_bytes() : 0;
    order.destination_fixed = job.job.destination.fixed ? job.job.element_bytes() : 0;
    order.no_snoop = job.job.no_snoop;
    job.any_granted = true;
    ++job.outstanding;
    if (job.job.handshake == Handshake::Single) {
        c.single_ready = kNever;
    }
    c.splitter.next();
    if (c.splitter.done()) {
        if (c.rows_left != 0) {
            begin_row(c);
        } else {
            after_last_chunk(c, channel, edge);
        }
    }
    update_request(c, channel, edge + 1);
    mover_->grant_chunk(order, edge);
}

void Scheduler::after_last_chunk(Channel& c, unsigned channel, Cycles edge) {
    LiveJob& job = c.jobs.back();
    job.all_granted = true;
    if (job.cyclic) {
        if (front_end_.repeats(channel)) {
            LiveJob round;
            round.job = job.job;
            round.cyclic = true;
            accept_job(c, channel, round, edge);
            c.compete_from = edge + 1;
        } else {
            job.last_round = true;
        }
    } else if (c.chain) {
        plan_next(c, channel, edge);
    }
}

// --- answers --------------------------------------------------------------------------------------------------------

LiveJob& Scheduler::job_of(Channel& c, std::uint32_t number) {
    DMASIM_INVARIANT(!c.jobs.empty());
    const std::uint32_t index = number - c.jobs.front().number;
    DMASIM_INVARIANT(index < c.jobs.size());
    return c.jobs[index];
}

void Scheduler::chunk_ended(const ChunkOrder& order, const BurstEnd& end) {
    const unsigned channel = order.channel;
    Channel& c = channels_[channel];
    LiveJob& job = job_of(c, order.job);
    --job.outstanding;
    job.last_end = job.has_end ? std::max(job.last_end, end.at) : end.at;
    job.has_end = true;
    if (end.response == Response::Ok) {
        job.written += order.bytes;
    } else {
        PendingError error;
        error.edge = end.at + 1;
        error.rank = end.access == Access::Read ? kRankRead : kRankWrite;
        error.sequence = end.sequence;
        error.report = {end.access == Access::Read ? TransferError::BusRead : TransferError::BusWrite,
                        ErrorDetail::None, end.response, end.address};
        error.stops = !c.continue_on_error;
        error.of_job = true;
        error.job = order.job;
        c.errors.push_back(error);
        wakes_.wake(channel, error.edge);
    }
    if (job.job.handshake != Handshake::None) {
        const Cycles raise = end.at + 1;
        c.dack_edges.push_back(raise);
        wakes_.wake(channel, raise);
        if (job.job.handshake == Handshake::Single) {
            c.single_ready = raise + 4;
            wakes_.wake(channel, c.single_ready);
        }
    }
    // Only the end of the last burst can make a job complete or a stopped channel end.
    if (job.outstanding == 0 && (job.all_granted || c.stopping)) {
        wakes_.wake(channel, job.last_end + config_.timing.response_to_status);
    }
    if (sink_ != nullptr) {
        account_wakes_.wake(channel, end.at + 1);
    }
}

void Scheduler::read_announced(unsigned channel, Cycles first, Cycles last) {
    if (sink_ != nullptr) {
        account_wakes_.wake(channel, first + 1);
        account_wakes_.wake(channel, last + 1);
        account_wakes_.wake(channel, last + 2);
    }
}

void Scheduler::descriptor_read(const DescriptorOrder& order, const std::uint8_t* data, const BurstEnd& end) {
    const unsigned channel = order.channel;
    Channel& c = channels_[channel];
    if (order.token != c.fetch_token) {
        return;  // dropped
    }
    --c.fetch_outstanding;
    c.fetch_end = c.fetch_end < end.at ? end.at : c.fetch_end;
    if (end.response == Response::Ok) {
        std::memcpy(c.descriptor.data() + order.offset, data, order.bytes);
    } else if (c.fetch_response == Response::Ok || end.sequence < c.fetch_error_sequence) {
        c.fetch_response = end.response;
        c.fetch_error_address = end.address;
        c.fetch_error_sequence = end.sequence;
    }
    if (c.fetch == FetchState::InFlight && c.fetch_outstanding == 0) {
        c.fetch = FetchState::Decoding;
        c.decode_edge = c.fetch_end + config_.timing.descriptor_decode;
        wakes_.wake(channel, c.decode_edge);
    }
    if (c.stopping && c.fetch_outstanding == 0) {
        wakes_.wake(channel, c.fetch_end + config_.timing.response_to_status);
    }
}

void Scheduler::write_back_ended(unsigned channel, const BurstEnd& end) {
    Channel& c = channels_[channel];
    DMASIM_INVARIANT(!c.jobs.empty() && c.jobs.front().writing_back);
    LiveJob& job = c.jobs.front();
    --job.outstanding;
    job.last_end = std::max(job.last_end, end.at);
    if (end.response != Response::Ok) {
        PendingError error;
        error.edge = end.at + 1;
        error.rank = kRankWrite;
        error.sequence = end.sequence;
        error.report = {TransferError::StatusWriteBack, ErrorDetail::None, end.response, end.address};
        error.stops = true;
        error.of_job = true;
        error.job = job.number;
        c.errors.push_back(error);
        wakes_.wake(channel, error.edge);
    }
    if (job.outstanding == 0) {
        wakes_.wake(channel, job.last_end + config_.timing.response_to_status);
    }
    if (sink_ != nullptr) {
        account_wakes_.wake(channel, end.at + 1);
    }
}

// --- completions ----------------------------------------------------------------------------------------------------

void Scheduler::complete(std::uint64_t due, Cycles edge) {
    for_each_bit(due, [&](unsigned channel) {
        Channel& c = channels_[channel];
        latch_errors(c, channel, edge);
        complete_jobs(c, channel, edge);
        drive_lines(c, channel, edge);
    });
}

void Scheduler::latch_errors(Channel& c, unsigned channel, Cycles edge) {
    if (c.errors.empty()) {
        return;
    }
    std::sort(c.errors.begin(), c.errors.end(), [](const PendingError& a, const PendingError& b) {
        return std::pair(a.edge.count(), std::pair(a.rank, a.sequence)) <
               std::pair(b.edge.count(), std::pair(b.rank, b.sequence));
    });
    std::size_t done = 0;
    for (; done < c.errors.size() && c.errors[done].edge <= edge; ++done) {
        const PendingError& error = c.errors[done];
        if (error.of_job) {
            LiveJob& job = job_of(c, error.job);
            job.failed = job.failed || error.stops;
            if (job.error == TransferError::None) {
                job.error = error.report.kind;
            }
        }
        if (error.stops) {
            stop(c, channel, true, edge);
        }
        front_end_.error(channel, error.report, edge);
        if (sink_ != nullptr) {
            TraceEvent event;
            event.at = edge;
            event.kind = EventKind::ErrorLatched;
            event.response = error.report.response;
            event.source = source_;
            event.channel = static_cast<std::uint16_t>(channel);
            event.job = error.of_job ? error.job : c.next_number;
            event.value = static_cast<std::uint32_t>(error.report.kind);
            event.tag = static_cast<std::uint32_t>(error.report.detail);
            event.address = error.report.address;
            sink_->event(event);
        }
    }
    c.errors.erase(c.errors.begin(), c.errors.begin() + static_cast<std::ptrdiff_t>(done));
}

void Scheduler::stop(Channel& c, unsigned channel, bool error, Cycles edge) {
    c.stopped_by_error = c.stopped_by_error || error;
    if (c.stopping) {
        return;
    }
    c.stopping = true;
    c.stop_edge = edge;
    if (sink_ != nullptr) {
        account_wakes_.wake(channel, edge + 1);  // Its cycles have another cause from now on.
    }
    if (c.jobs.empty()) {
        c.fetch_counts = true;
        return;
    }
    if (c.fetch == FetchState::Failed) {
        c.fetch_counts = true;
        return;
    }
    // With a job before it, a fetch is dropped, and so is a descriptor none of whose chunks was granted (timing.md C10).
    c.fetch = FetchState::None;
    ++c.fetch_token;
    c.fetch_outstanding = 0;
    c.fetch_any = false;
    if (c.jobs.size() > 1 && c.chain && !c.jobs.back().any_granted) {
        report_job(EventKind::JobCompleted, c.jobs.back(), channel, edge,
                   static_cast<std::uint32_t>(JobStatus::Aborted));
        c.jobs.pop_back();
    }
}

void Scheduler::complete_jobs(Channel& c, unsigned channel, Cycles edge) {
    while (c.busy) {
        if (c.jobs.empty()) {
            if (c.stopping) {
                try_to_end_stopped(c, channel, edge);
            } else if (c.fetch == FetchState::NoLink) {
                if (c.append) {
                    want_fetch(c, channel, c.last_descriptor, true, edge);
                } else {
                    end_channel(c, channel, JobStatus::Done, true, edge);
                }
            }
            return;
        }
        LiveJob& job = c.jobs.front();
        if (c.stopping && (job.failed || !job.all_granted)) {
            try_to_end_stopped(c, channel, edge);
            return;
        }
        if (!job.all_granted || job.outstanding != 0) {
            return;
        }
        const Cycles ready = job.last_end + config_.timing.response_to_status;
        if (ready > edge) {
            wakes_.wake(channel, ready);
            return;
        }
        if (!job.writing_back) {
            c.tc_now = true;
            if (job.write_back) {
                const auto status = front_end_.encode_status(job.error, job.written);
                job.writing_back = true;
                job.outstanding = mover_->write_back(channel, job.number,
                                                     job.descriptor + front_end_.descriptor_format().status_offset,
                                                     status.data(), static_cast<std::uint32_t>(status.size()), edge);
                if (sink_ != nullptr) {
                    account_wakes_.wake(channel, edge + 1);
                }
                return;
            }
        }
        finish_job(c, channel, edge);
    }
}

// Software reads residue and descriptor after the end too (timing.md C8, C13).
void Scheduler::remember(Channel& c, const LiveJob& job) {
    c.left_residue = job.job.total_bytes() - job.written;
    if (job.from_descriptor) {
        c.left_descriptor = job.descriptor;
    }
}

void Scheduler::finish_job(Channel& c, unsigned channel, Cycles edge) {
    const LiveJob job = c.jobs.front();
    remember(c, job);
    c.jobs.pop_front();
    JobEnd end;
    end.job = job.number;
    end.status = job.error == TransferError::None ? JobStatus::Done : JobStatus::DoneWithErrors;
    end.from_descriptor = job.from_descriptor;
    end.interrupt = job.interrupt;
    end.cyclic = job.cyclic;
    end.last_round = job.last_round;
    front_end_.job_ended(channel, end, edge);
    report_job(EventKind::JobCompleted, job, channel, edge, static_cast<std::uint32_t>(end.status));
    if (c.stopping) {
        if (c.jobs.empty() && !c.fetch_counts) {
            const bool error = c.stopped_by_error;
            end_channel(c, channel, error ? JobStatus::Error : JobStatus::Done, c.chain && !error, edge);
        }
    } else if (c.chain) {
        plan_next(c, channel, edge);
    } else if (c.jobs.empty()) {
        end_channel(c, channel, JobStatus::Done, false, edge);
    }
}

// A stopped channel ends with a job that cannot complete, or with the fetch that was its only business (timing.md C10).
void Scheduler::try_to_end_stopped(Channel& c, unsigned channel, Cycles edge) {
    Cycles end = c.stop_edge;
    bool known = true;
    for (std::size_t i = 0; i < c.jobs.size(); ++i) {
        const LiveJob& job = c.jobs[i];
        known = known && job.outstanding == 0;
        if (job.has_end) {
            end = std::max(end, job.last_end + config_.timing.response_to_status);
        }
    }
    if (c.fetch_counts && c.fetch_any) {
        known = known && c.fetch_outstanding == 0;
        end = std::max(end, c.fetch_end + config_.timing.response_to_status);
    }
    if (!known) {
        return;
    }
    if (end > edge) {
        wakes_.wake(channel, end);
        return;
    }
    const JobStatus status = c.stopped_by_error ? JobStatus::Error : JobStatus::Aborted;
    if (!c.jobs.empty()) {
        remember(c, c.jobs.front());
    }
    while (!c.jobs.empty()) {
        report_job(EventKind::JobCompleted, c.jobs.front(), channel, edge, static_cast<std::uint32_t>(status));
        c.jobs.pop_front();
    }
    end_channel(c, channel, status, false, edge);
}

void Scheduler::end_channel(Channel& c, unsigned channel, JobStatus status, bool end_of_chain, Cycles edge) {
    DMASIM_INVARIANT(c.jobs.empty());
    c.busy = false;
    busy_ &= ~bit(channel);
    c.paused = false;
    c.stopping = false;
    c.stopped_by_error = false;
    c.fetch_counts = false;
    c.fetch = FetchState::None;
    c.fetch_any = false;
    c.fetch_outstanding = 0;
    ++c.fetch_token;
    c.block_enabled = false;
    c.has_next = false;
    c.append = false;
    c.has_last_descriptor = c.has_last_descriptor && status == JobStatus::Done;
    if (sink_ != nullptr) {
        account_wakes_.wake(channel, edge + 1);
    }
    front_end_.channel_ended(channel, {status, end_of_chain}, edge);
}

// --- leaps ----------------------------------------------------------------------------------------------------------

void Scheduler::record(StateRecord& state) const {
    if (sink_ != nullptr || busy_ == 0 || !config_.holds.empty()) {
        state.refuse();
        return;
    }
    const bool waiting_counts = arbiter_->counts_waiting();
    state.number(busy_);
    state.number(requesting_);
    state.threshold(nobody_until_);
    arbiter_->record(state);
    for (std::uint64_t rest = busy_; rest != 0 && state.possible(); rest &= rest - 1) {
        const auto channel = static_cast<unsigned>(__builtin_ctzll(rest));
        const Channel& c = channels_[channel];
        const bool plain = c.jobs.size() == 1 && c.fetch == FetchState::None && !c.paused && !c.stopping && !c.append &&
                           c.errors.empty() && !c.dack && !c.tc && c.jobs.front().job.handshake == Handshake::None &&
                           c.jobs.front().error == TransferError::None && !c.jobs.front().all_granted &&
                           (c.splitter.regular_bytes() != 0 || even_bytes(c) != 0);
        if (!plain) {
            state.refuse();
            return;
        }
        state.threshold(c.compete_from);
        if (waiting_counts && (requesting_ & bit(channel)) != 0) {
            state.stamp(c.since);
        }
        state.name(c.jobs.front().number);
        // One row after the other makes no difference, if none of them does.
        state.name(rows_are_even(c) ? 0 : c.rows_left + std::uint64_t{1});
        state.number(c.jobs.front().outstanding);
        // An abort waits for what was written last.
        state.threshold(c.jobs.front().has_end ? c.jobs.front().last_end + config_.timing.response_to_status
                                               : Cycles{0});
        state.number(c.splitter.source() % limits_.bus_bytes);
        state.number(c.splitter.destination() % limits_.bus_bytes);
    }
}

// Whether the next row begins as one chunk behind the other does, and so do all rows behind it.
bool Scheduler::rows_are_even(const Channel& c) const {
    const Job& job = c.jobs.front().job;
    const auto stride = [](const JobSide& side) { return static_cast<std::uint64_t>(std::int64_t{side.stride}); };
    return c.rows_left != 0 && c.splitter.goes_on_evenly(c.row_source | stride(job.source),
                                                         c.row_destination | stride(job.destination), job.length);
}

std::uint64_t Scheduler::even_rows(const Channel& c) const {
    constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 62;
    return std::min<std::uint64_t>(c.rows_left, kMostBytes / c.jobs.front().job.length);
}

std::uint64_t Scheduler::even_bytes(const Channel& c) const {
    if (!rows_are_even(c)) {
        return c.splitter.even_bytes();
    }
    const std::uint64_t longest = std::uint64_t{limits_.max_burst_beats} * limits_.bus_bytes;
    return c.splitter.bytes_left() + even_rows(c) * c.jobs.front().job.length - longest;
}

void Scheduler::channels(std::vector<CadenceChannel>& list) const {
    for_each_bit(busy_, [&](unsigned channel) {
        const Channel& c = channels_[channel];
        if (c.jobs.empty()) {
            list.push_back({});
            return;
        }
        const Job& job = c.jobs.front().job;
        CadenceChannel entry;
        entry.channel = static_cast<std::uint16_t>(channel);
        entry.source = c.splitter.source();
        entry.destination = c.splitter.destination();
        entry.even_bytes = even_bytes(c);
        entry.regular_bytes = c.splitter.regular_bytes();
        entry.row_left = c.splitter.bytes_left();
        entry.left = entry.row_left + std::uint64_t{c.rows_left} * job.length;
        if (rows_are_even(c)) {
            entry.row_bytes = job.length;
            entry.rows = even_rows(c);
            entry.next_source = c.row_source;
            entry.next_destination = c.row_destination;
            entry.source_stride = job.source.stride;
            entry.destination_stride = job.destination.stride;
        }
        list.push_back(entry);
    });
}

// Takes `bytes` of the last job's chunks at once.
void Scheduler::skip(Channel& c, std::uint64_t bytes) {
    if (bytes >= c.splitter.bytes_left() && bytes != 0) {
        const Job& job = c.jobs.back().job;
        bytes -= c.splitter.bytes_left();
        const std::uint64_t rows = bytes / job.length;
        bytes %= job.length;
        const auto pass = [rows](std::uint64_t& address, const JobSide& side) {
            address += rows * static_cast<std::uint64_t>(std::int64_t{side.stride});
        };
        pass(c.row_source, job.source);
        pass(c.row_destination, job.destination);
        c.rows_left -= static_cast<std::uint32_t>(rows);
        begin_row(c);
    }
    c.splitter.skip(bytes);
}

void Scheduler::leap(const Leap& leap, std::uint32_t initiator) {
    nobody_until_ = leap.later(nobody_until_);
    for_each_bit(busy_, [&](unsigned channel) {
        Channel& c = channels_[channel];
        const std::uint64_t bytes = leap.bytes(initiator, static_cast<std::uint16_t>(channel));
        c.compete_from = leap.later(c.compete_from);
        c.since = leap.later(c.since);
        skip(c, bytes);
        LiveJob& job = c.jobs.front();
        job.written += bytes;
        job.last_end = leap.later(job.last_end);
    });
}

// --- lines, accounts and reports ------------------------------------------------------------------------------------

void Scheduler::drive_lines(Channel& c, unsigned channel, Cycles edge) {
    bool dack = false;
    std::size_t kept = 0;
    for (const Cycles raise : c.dack_edges) {
        if (raise > edge) {
            c.dack_edges[kept++] = raise;
        } else {
            dack = dack || raise == edge;
        }
    }
    c.dack_edges.resize(kept);
    const bool tc = std::exchange(c.tc_now, false);
    if (dack != c.dack) {
        c.dack = dack;
        report_line(c, channel, edge + 1);
        lines_.dack(channel, dack, edge + 1);
    }
    if (tc != c.tc) {
        c.tc = tc;
        report_line(c, channel, edge + 1);
        lines_.tc(channel, tc, edge + 1);
    }
    if (dack || tc) {
        wakes_.wake(channel, edge + 1);
    }
}

void Scheduler::account(Cycles edge) {
    const MoverActivity activity = mover_->activity(edge);
    const std::uint64_t everything =
        activity.moving_data | activity.write_wait | activity.read_latency | activity.descriptor | busy_;
    for (unsigned channel = 0; channel < channels_.size(); ++channel) {
        const std::uint64_t mask = bit(channel);
        CycleCause cause = CycleCause::Idle;
        if ((everything & mask) == 0) {
            cause = CycleCause::Idle;
        } else if ((activity.moving_data & mask) != 0) {
            cause = CycleCause::MovingData;
        } else if ((activity.write_wait & mask) != 0) {
            cause = CycleCause::WriteWait;
        } else if ((activity.read_latency & mask) != 0) {
            cause = CycleCause::ReadLatency;
        } else if ((activity.descriptor & mask) != 0) {
            cause = CycleCause::DescriptorFetch;
        } else if ((paced_ & mask) != 0) {
            cause = CycleCause::Paced;
        } else if ((requesting_ & mask) != 0) {
            cause = CycleCause::WaitingForGrant;
        } else if ((busy_ & mask) != 0) {
            cause = CycleCause::Setup;
        }
        const auto code = static_cast<std::uint8_t>(cause);
        if (code != causes_[channel]) {
            causes_[channel] = code;
            TraceEvent event;
            event.at = edge - 1;
            event.kind = EventKind::CauseChanged;
            event.source = source_;
            event.channel = static_cast<std::uint16_t>(channel);
            event.value = code;
            sink_->event(event);
        }
    }
}

void Scheduler::report_job(EventKind kind, const LiveJob& job, unsigned channel, Cycles at, std::uint32_t value) const {
    if (sink_ == nullptr) {
        return;
    }
    TraceEvent event;
    event.at = at;
    event.kind = kind;
    event.source = source_;
    event.channel = static_cast<std::uint16_t>(channel);
    event.job = job.number;
    event.bytes = kind == EventKind::JobAccepted ? job.job.total_bytes() : job.written;
    event.value = value;
    if (kind == EventKind::JobAccepted) {
        event.tag = (job.cyclic ? kJobCyclic : 0) | (job.job.handshake != Handshake::None ? kJobPaced : 0) |
                    (job.job.source.fixed || job.job.destination.fixed ? kJobFixed : 0) |
                    (job.job.rows > 1 ? kJobRows : 0);
    }
    event.address = job.job.source.address;
    event.address2 = job.job.destination.address;
    sink_->event(event);
}

void Scheduler::report_line(const Channel& c, unsigned channel, Cycles at) const {
    if (sink_ == nullptr) {
        return;
    }
    TraceEvent event;
    event.at = at;
    event.kind = EventKind::RequestLine;
    event.source = source_;
    event.channel = static_cast<std::uint16_t>(channel);
    event.value = (c.dreq ? 1U : 0U) | (c.dack ? 2U : 0U) | (c.tc ? 4U : 0U);
    sink_->event(event);
}

}  // namespace dmasim
