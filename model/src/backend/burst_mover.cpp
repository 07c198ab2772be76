// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/backend/burst_mover.h"

#include <algorithm>
#include <cstring>

#include "dmasim/model/errors.h"
#include "dmasim/model/splitter.h"

namespace dmasim {

namespace {

// A tag is the sequence number of the burst, its direction, and its slot, so that an answer finds the slot at once.
constexpr std::uint32_t kSlotMask = 0x3F;
constexpr std::uint32_t kWriteBit = 0x40;
constexpr unsigned kSequenceShift = 7;
// The last bit is left to others who use the same port.
constexpr std::uint32_t kSequenceMask = 0xFFFFFF;

constexpr std::uint64_t bit(unsigned channel) {
    return std::uint64_t{1} << channel;
}

constexpr Cycles after(Cycles stamp, std::uint64_t cycles) {
    return stamp == kNever ? kNever : stamp + cycles;
}

}  // namespace

bool BurstMover::Direction::ready(Cycles edge, std::uint32_t interval) const {
    return !waiting_acceptance && (!requested || (edge >= last_request + interval && accepted_at < edge)) &&
           !free.empty();
}

Cycles BurstMover::Direction::earliest(std::uint32_t interval) const {
    if (waiting_acceptance) {
        return kNever;
    }
    Cycles edge{0};
    if (requested) {
        edge = std::max(last_request + interval, accepted_at + 1);
    }
    if (free.empty()) {
        Cycles first_end = kNever;
        for (const std::uint32_t index : active) {
            first_end = std::min(first_end, slots[index].last);
        }
        if (first_end == kNever) {
            return kNever;
        }
        edge = std::max(edge, first_end + 1);
    }
    return edge;
}

BurstMover::BurstMover(const DmaConfig& config, BurstPort& port, MoverClient& client, TraceSink* sink,
                       std::uint16_t source)
    : config_(config), port_(port), client_(client), sink_(sink), source_(source) {
    const auto prepare = [](Direction& direction, std::uint32_t slots) {
        direction.slots.resize(slots);
        direction.active.reserve(slots);
        for (std::uint32_t i = slots; i-- > 0;) {
            direction.free.push_back(i);
        }
    };
    prepare(reads_, config.max_reads);
    prepare(writes_, config.max_writes);
}

void BurstMover::free_fifo(Chunk& chunk) {
    DMASIM_INVARIANT(fifo_used_ >= chunk.read_beats);
    fifo_used_ -= chunk.read_beats;
    chunk.read_beats = 0;
}

void BurstMover::free_chunk(std::uint32_t index) {
    Chunk& chunk = chunks_[index];
    buffers_.give_back(chunk.data, chunk.order.bytes);
    chunk.data = nullptr;
    free_chunks_.push_back(index);
}

void BurstMover::drop_failed_heads(Cycles edge) {
    while (!write_order_.empty()) {
        const std::uint32_t index = write_order_.front();
        const Chunk& chunk = chunks_[index];
        if (!(chunk.read_last < edge) || (chunk.read_response == Response::Ok && !chunk.orphan)) {
            return;
        }
        write_order_.pop_front();
        free_chunk(index);
    }
}

void BurstMover::retire(Cycles edge) {
    const auto is_over = [edge](const Slot& slot) { return slot.last < edge; };
    if (!reads_.active.empty()) {
        std::size_t kept = 0;
        for (const std::uint32_t index : reads_.active) {
            Slot& slot = reads_.slots[index];
            if (!is_over(slot)) {
                reads_.active[kept++] = index;
                continue;
            }
            if (slot.data_burst) {
                Chunk& chunk = chunks_[slot.chunk];
                if (slot.response != Response::Ok || chunk.orphan) {
                    free_fifo(chunk);
                }
            } else {
                buffers_.give_back(slot.burst.data, kDescriptorBuffer);
            }
            slot.used = false;
            reads_.free.push_back(index);
        }
        reads_.active.resize(kept);
    }
    if (!writes_.active.empty()) {
        std::size_t kept = 0;
        for (const std::uint32_t index : writes_.active) {
            Slot& slot = writes_.slots[index];
            if (!is_over(slot)) {
                writes_.active[kept++] = index;
                continue;
            }
            if (slot.data_burst) {
                free_fifo(chunks_[slot.chunk]);
                free_chunk(slot.chunk);
            }
            slot.used = false;
            writes_.free.push_back(index);
        }
        writes_.active.resize(kept);
    }
    drop_failed_heads(edge);
}

bool BurstMover::can_grant(Cycles edge) const {
    return reads_.ready(edge, config_.timing.request_interval) &&
           fifo_used_ + config_.max_burst_beats <= config_.fifo_beats;
}

Cycles BurstMover::earliest_grant() const {
    Cycles edge = reads_.earliest(config_.timing.request_interval);
    if (edge == kNever || fifo_used_ + config_.max_burst_beats <= config_.fifo_beats) {
        return edge;
    }
    Cycles room = kNever;
    for (const std::uint32_t index : writes_.active) {
        room = std::min(room, writes_.slots[index].last);
    }
    for (const std::uint32_t index : reads_.active) {
        const Slot& slot = reads_.slots[index];
        if (slot.data_burst && (slot.response != Response::Ok || slot.orphan)) {
            room = std::min(room, slot.last);
        }
    }
    return room == kNever ? kNever : std::max(edge, room + 1);
}

std::uint32_t BurstMover::open_slot(Direction& direction, Access access, const Burst& burst) {
    const std::uint32_t index = direction.free.back();
    direction.free.pop_back();
    direction.active.push_back(index);
    Slot& slot = direction.slots[index];
    slot.used = true;
    slot.orphan = false;
    slot.burst = burst;
    slot.burst.access = access;
    slot.sequence = sequence_++;
    slot.burst.tag = ((static_cast<std::uint32_t>(slot.sequence) & kSequenceMask) << kSequenceShift) |
                     (access == Access::Write ? kWriteBit : 0U) | index;
    slot.beats = beats_of(burst.address, burst.bytes, burst.fixed_bytes, config_.bus_bytes());
    slot.first = kNever;
    slot.last = kNever;
    slot.response = Response::Ok;
    DMASIM_INVARIANT(slot.beats >= 1 && slot.beats <= config_.max_burst_beats);
    DMASIM_INVARIANT(burst.fixed_bytes != 0 || (burst.address & 4095U) + burst.bytes <= 4096U);
    return index;
}

void BurstMover::offer(Direction& direction, std::uint32_t slot, Cycles edge) {
    direction.requested = true;
    direction.last_request = edge;
    direction.waiting_acceptance = true;
    direction.offered_tag = direction.slots[slot].burst.tag;
    const Slot& offered = direction.slots[slot];
    if (offered.burst.access == Access::Read) {
        report(EventKind::BurstGranted, edge, offered, 0);
    }
    report(EventKind::BurstRequested, edge, offered, 0);
    // The port may answer before it returns.
    const Burst burst = offered.burst;
    port_.request(burst, edge);
}

void BurstMover::grant_chunk(const ChunkOrder& order, Cycles edge) {
    std::uint32_t index = 0;
    if (free_chunks_.empty()) {
        index = static_cast<std::uint32_t>(chunks_.size());
        chunks_.emplace_back();
    } else {
        index = free_chunks_.back();
        free_chunks_.pop_back();
    }
    Chunk& chunk = chunks_[index];
    chunk = Chunk{};
    chunk.order = order;
    chunk.data = buffers_.take(order.bytes);

    Burst burst;
    burst.purpose = Purpose::Data;
    burst.channel = order.channel;
    burst.address = order.source;
    burst.bytes = order.bytes;
    burst.fixed_bytes = order.source_fixed;
    burst.no_snoop = order.no_snoop;
    burst.data = chunk.data;
    const std::uint32_t slot = open_slot(reads_, Access::Read, burst);
    reads_.slots[slot].data_burst = true;
    reads_.slots[slot].chunk = index;
    reads_.slots[slot].descriptor.job = order.job;
    chunk.read_beats = reads_.slots[slot].beats;
    fifo_used_ += chunk.read_beats;
    DMASIM_INVARIANT(fifo_used_ <= config_.fifo_beats);
    write_order_.push_back(index);
    offer(reads_, slot, edge);
}

void BurstMover::grant_descriptor(const DescriptorOrder& order, Cycles edge) {
    Burst burst;
    burst.purpose = Purpose::Descriptor;
    burst.channel = order.channel;
    burst.address = order.address;
    burst.bytes = order.bytes;
    burst.data = buffers_.take(kDescriptorBuffer);
    const std::uint32_t slot = open_slot(reads_, Access::Read, burst);
    reads_.slots[slot].data_burst = false;
    reads_.slots[slot].descriptor = order;
    offer(reads_, slot, edge);
}

std::uint32_t BurstMover::write_back(unsigned channel, std::uint32_t job, std::uint64_t address,
                                     const std::uint8_t* data, std::uint32_t bytes, Cycles /*edge*/) {
    const SplitLimits limits{config_.bus_bytes(), config_.max_burst_beats};
    std::uint32_t parts = 0;
    for (BurstSplitter splitter(SplitSide{address, 0}, bytes, limits); !splitter.done(); splitter.next()) {
        WriteBack part;
        part.channel = static_cast<std::uint16_t>(channel);
        part.job = job;
        part.address = splitter.address();
        part.bytes = splitter.burst_bytes();
        DMASIM_INVARIANT(part.bytes <= part.data.size());
        std::memcpy(part.data.data(), data + (splitter.address() - address), part.bytes);
        write_backs_.push_back(part);
        ++parts;
    }
    return parts;
}

void BurstMover::request_write(Cycles edge) {
    if (!writes_.ready(edge, config_.timing.request_interval)) {
        return;
    }
    if (!write_backs_.empty()) {
        request_write_back(edge);
    } else if (!write_order_.empty()) {
        const Chunk& chunk = chunks_[write_order_.front()];
        if (chunk.read_last != kNever && chunk.read_response == Response::Ok &&
            edge >= chunk.read_last + config_.timing.read_to_write) {
            request_data_write(edge);
        }
    }
}

void BurstMover::request_write_back(Cycles edge) {
    const WriteBack part = write_backs_.front();
    write_backs_.pop_front();
    Burst burst;
    burst.purpose = Purpose::StatusWriteBack;
    burst.channel = part.channel;
    burst.address = part.address;
    burst.bytes = part.bytes;
    const std::uint32_t index = open_slot(writes_, Access::Write, burst);
    Slot& slot = writes_.slots[index];
    slot.data_burst = false;
    slot.descriptor.channel = part.channel;
    slot.descriptor.job = part.job;
    slot.status = part.data;
    slot.burst.data = slot.status.data();
    offer(writes_, index, edge);
}

void BurstMover::request_data_write(Cycles edge) {
    const std::uint32_t index = write_order_.front();
    write_order_.pop_front();
    const Chunk& chunk = chunks_[index];
    Burst burst;
    burst.purpose = Purpose::Data;
    burst.channel = chunk.order.channel;
    burst.address = chunk.order.destination;
    burst.bytes = chunk.order.bytes;
    burst.fixed_bytes = chunk.order.destination_fixed;
    burst.no_snoop = chunk.order.no_snoop;
    burst.data = chunk.data;
    const std::uint32_t slot = open_slot(writes_, Access::Write, burst);
    writes_.slots[slot].data_burst = true;
    writes_.slots[slot].chunk = index;
    writes_.slots[slot].descriptor.job = chunk.order.job;
    offer(writes_, slot, edge);
}

Cycles BurstMover::earliest_write() const {
    if (write_backs_.empty() && write_order_.empty()) {
        return kNever;
    }
    Cycles wanted{0};
    if (write_backs_.empty()) {
        const Chunk& chunk = chunks_[write_order_.front()];
        if (chunk.read_last == kNever) {
            return kNever;
        }
        if (chunk.read_response != Response::Ok || chunk.orphan) {
            return chunk.read_last + 1;  // it leaves the order there, and the next one may be due
        }
        wanted = chunk.read_last + config_.timing.read_to_write;
    }
    const Cycles possible = writes_.earliest(config_.timing.request_interval);
    return possible == kNever ? kNever : std::max(wanted, possible);
}

BurstMover::Slot& BurstMover::slot_of(std::uint32_t tag) {
    std::vector<Slot>& slots = (tag & kWriteBit) != 0 ? writes_.slots : reads_.slots;
    const std::uint32_t index = tag & kSlotMask;
    DMASIM_INVARIANT(index < slots.size() && slots[index].used && slots[index].burst.tag == tag);
    return slots[index];
}

void BurstMover::accepted(std::uint32_t tag, Cycles at) {
    Direction& direction = (tag & kWriteBit) != 0 ? writes_ : reads_;
    DMASIM_INVARIANT(direction.waiting_acceptance && direction.offered_tag == tag);
    direction.waiting_acceptance = false;
    direction.accepted_at = at;
}

void BurstMover::read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) {
    Slot& slot = slot_of(tag);
    DMASIM_INVARIANT(slot.burst.access == Access::Read && slot.last == kNever && interval >= 1);
    slot.first = first;
    slot.last = first + std::uint64_t{slot.beats - 1} * interval;
    slot.response = response;
    if (slot.data_burst) {
        Chunk& chunk = chunks_[slot.chunk];
        chunk.read_last = slot.last;
        chunk.read_response = response;
    }
    // Whoever watches the port sees the bursts of a channel that was reset run out; the channel does not.
    report(EventKind::BurstData, first, slot, interval);
    report(EventKind::BurstResponse, slot.last, slot, 0);
    if (slot.orphan) {
        return;
    }
    client_.read_announced(slot.burst.channel, slot.first, slot.last);
    const BurstEnd end{slot.last, Access::Read, response, slot.burst.address, slot.sequence};
    if (!slot.data_burst) {
        client_.descriptor_read(slot.descriptor, slot.burst.data, end);
    } else if (response != Response::Ok) {
        client_.chunk_ended(chunks_[slot.chunk].order, end);
    }
}

void BurstMover::write_response(std::uint32_t tag, Cycles at, Response response) {
    Slot& slot = slot_of(tag);
    DMASIM_INVARIANT(slot.burst.access == Access::Write && slot.last == kNever);
    slot.first = at;
    slot.last = at;
    slot.response = response;
    report(EventKind::BurstResponse, at, slot, 0);
    if (slot.orphan) {
        return;
    }
    const BurstEnd end{at, Access::Write, response, slot.burst.address, slot.sequence};
    if (slot.data_burst) {
        client_.chunk_ended(chunks_[slot.chunk].order, end);
    } else {
        client_.write_back_ended(slot.burst.channel, end);
    }
}

void BurstMover::record(StateRecord& state, const Direction& direction) const {
    state.number(direction.waiting_acceptance ? 1 : 0);
    state.threshold(direction.requested ? direction.last_request + config_.timing.request_interval : Cycles{0});
    state.threshold(direction.requested ? direction.accepted_at + 1 : Cycles{0});
    state.number(direction.active.size());
    for (const std::uint32_t index : direction.active) {
        const Slot& slot = direction.slots[index];
        if (!slot.data_burst || slot.orphan || slot.response != Response::Ok) {
            state.refuse();
            return;
        }
        state.number(slot.burst.channel);
        state.number(slot.burst.bytes);
        state.number(slot.beats);
        state.threshold(after(slot.last, 1));
    }
}

void BurstMover::record(StateRecord& state) const {
    if (sink_ != nullptr || !write_backs_.empty()) {
        state.refuse();
        return;
    }
    state.number(fifo_used_);
    record(state, reads_);
    record(state, writes_);
    state.number(write_order_.size());
    for (std::size_t i = 0; i < write_order_.size(); ++i) {
        const Chunk& chunk = chunks_[write_order_[i]];
        if (chunk.orphan || chunk.read_response != Response::Ok) {
            state.refuse();
            return;
        }
        state.number(chunk.order.channel);
        state.number(chunk.order.bytes);
        state.threshold(after(chunk.read_last, config_.timing.read_to_write));
    }
}

void BurstMover::chunks(std::vector<CadenceChunk>& list) const {
    const auto add = [&](const Chunk& chunk) -> CadenceChunk& {
        CadenceChunk entry;
        entry.channel = chunk.order.channel;
        entry.source = chunk.order.source;
        entry.destination = chunk.order.destination;
        entry.bytes = chunk.order.bytes;
        entry.data = chunk.data;
        list.push_back(entry);
        return list.back();
    };
    // Writes are requested in the order of the grants, so those under way are the oldest.
    for (const std::uint32_t index : writes_.active) {
        const Slot& slot = writes_.slots[index];
        CadenceChunk& entry = add(chunks_[slot.chunk]);
        entry.writing = true;
        entry.written = slot.last != kNever;
        entry.tag = slot.burst.tag;
    }
    for (std::size_t i = 0; i < write_order_.size(); ++i) {
        const std::uint32_t index = write_order_[i];
        CadenceChunk& entry = add(chunks_[index]);
        entry.reading = chunks_[index].read_last == kNever;
        for (const std::uint32_t active : reads_.active) {
            if (reads_.slots[active].chunk == index) {
                entry.tag = reads_.slots[active].burst.tag;
            }
        }
    }
}

void BurstMover::leap(const Leap& leap, std::uint32_t initiator) {
    for (Direction* direction : {&reads_, &writes_}) {
        direction->last_request = leap.later(direction->last_request);
        direction->accepted_at = leap.later(direction->accepted_at);
        for (const std::uint32_t index : direction->active) {
            Slot& slot = direction->slots[index];
            slot.burst.address = leap.moved(initiator, slot.burst.channel, slot.burst.access, slot.burst.address);
            slot.first = leap.later(slot.first);
            slot.last = leap.later(slot.last);
        }
    }
    const auto move = [&](Chunk& chunk) {
        ChunkOrder& order = chunk.order;
        order.source = leap.moved(initiator, order.channel, Access::Read, order.source);
        order.destination = leap.moved(initiator, order.channel, Access::Write, order.destination);
        chunk.read_last = leap.later(chunk.read_last);
    };
    for (const std::uint32_t index : writes_.active) {
        move(chunks_[writes_.slots[index].chunk]);
    }
    for (std::size_t i = 0; i < write_order_.size(); ++i) {
        move(chunks_[write_order_[i]]);
    }
}

void BurstMover::reset(Cycles edge) {
    for (const std::uint32_t index : reads_.active) {
        Slot& slot = reads_.slots[index];
        slot.orphan = true;
        if (slot.data_burst) {
            chunks_[slot.chunk].orphan = true;
        }
    }
    for (const std::uint32_t index : writes_.active) {
        writes_.slots[index].orphan = true;
    }
    // Chunks whose data has arrived are dropped at once; of the others the reads run out.
    const std::size_t count = write_order_.size();
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t index = write_order_.front();
        write_order_.pop_front();
        Chunk& chunk = chunks_[index];
        if (chunk.read_last < edge) {
            free_fifo(chunk);
            free_chunk(index);
        } else {
            chunk.orphan = true;
            write_order_.push_back(index);
        }
    }
    write_backs_.clear();
}

std::uint64_t BurstMover::bytes_to_write(unsigned channel) const {
    std::uint64_t bytes = 0;
    for (const std::uint32_t index : write_order_) {
        const Chunk& chunk = chunks_[index];
        const bool counts = chunk.order.channel == channel && !chunk.orphan && chunk.read_response == Response::Ok;
        bytes += counts ? chunk.order.bytes : 0;
    }
    return bytes;
}

std::uint64_t BurstMover::bytes_written_from(unsigned channel, std::uint32_t job, Cycles at) const {
    std::uint64_t bytes = 0;
    for (const std::uint32_t index : writes_.active) {
        const Slot& slot = writes_.slots[index];
        if (slot.data_burst && !slot.orphan && slot.burst.channel == channel && slot.descriptor.job == job &&
            slot.last != kNever && slot.response == Response::Ok && slot.last >= at) {
            bytes += slot.burst.bytes;
        }
    }
    return bytes;
}

MoverActivity BurstMover::activity(Cycles cycle) const {
    MoverActivity result;
    for (const std::uint32_t index : reads_.active) {
        const Slot& slot = reads_.slots[index];
        if (slot.orphan) {
            continue;
        }
        const std::uint64_t channel = bit(slot.burst.channel);
        if (!slot.data_burst) {
            result.descriptor |= slot.last < cycle ? 0 : channel;
        } else if (!(slot.first < cycle)) {
            result.read_latency |= channel;
        } else if (cycle <= slot.last + 1) {
            result.moving_data |= channel;
        }
    }
    for (std::size_t i = 0; i < write_order_.size(); ++i) {
        const Chunk& chunk = chunks_[write_order_[i]];
        if (!chunk.orphan && chunk.read_response == Response::Ok && chunk.read_last < cycle) {
            result.write_wait |= bit(chunk.order.channel);
        }
    }
    for (const std::uint32_t index : writes_.active) {
        const Slot& slot = writes_.slots[index];
        if (!slot.orphan && !(slot.last < cycle)) {
            (slot.data_burst ? result.write_wait : result.descriptor) |= bit(slot.burst.channel);
        }
    }
    for (std::size_t i = 0; i < write_backs_.size(); ++i) {
        result.descriptor |= bit(write_backs_[i].channel);
    }
    return result;
}

bool BurstMover::idle() const {
    // What is left of a channel that was reset needs no edge any more once it has been answered.
    const auto is_over = [](const Direction& direction) {
        return std::all_of(direction.active.begin(), direction.active.end(), [&](std::uint32_t index) {
            return direction.slots[index].orphan && direction.slots[index].last != kNever;
        });
    };
    return write_backs_.empty() && is_over(reads_) && is_over(writes_) &&
           std::all_of(write_order_.begin(), write_order_.end(), [this](std::uint32_t index) {
               return chunks_[index].orphan && chunks_[index].read_last != kNever;
           });
}

void BurstMover::report(EventKind kind, Cycles at, const Slot& slot, std::uint32_t value) const {
    if (sink_ == nullptr) {
        return;
    }
    TraceEvent event;
    event.at = at;
    event.kind = kind;
    event.access = slot.burst.access;
    event.purpose = slot.burst.purpose;
    event.response = slot.response;
    event.source = source_;
    event.channel = slot.burst.channel;
    event.tag = slot.burst.tag;
    event.job = slot.descriptor.job;
    event.bytes = slot.burst.bytes;
    event.beats = slot.beats;
    event.value = value;
    event.address = slot.burst.address;
    sink_->event(event);
}

}  // namespace dmasim
