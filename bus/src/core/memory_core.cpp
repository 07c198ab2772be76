// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/memory_core.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "dmasim/bus/core/beats.h"
#include "dmasim/bus/core/text.h"
#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

// Writes under way are put into the storage when somebody looks. Without anybody looking, this many may pile up.
constexpr std::size_t kMaxPending = 32;

// The bytes that beat `beat` moves: from `offset` of the burst's data on to `address`.
struct BeatBytes {
    std::uint64_t address;
    std::uint32_t offset;
    std::uint32_t bytes;
};

BeatBytes beat_bytes(std::uint64_t address, std::uint32_t bytes, std::uint32_t fixed_bytes, std::uint32_t bus_bytes,
                     std::uint32_t beat) {
    std::uint32_t start = 0;
    if (fixed_bytes != 0 && fixed_bytes < bytes) {
        // An element wider than the bus takes several beats.
        const std::uint32_t each = fixed_bytes <= bus_bytes ? 1 : beats_of(address, fixed_bytes, 0, bus_bytes);
        const std::uint32_t element = beat / each;
        start = element * fixed_bytes;
        bytes = std::min(fixed_bytes, bytes - start);
        beat -= element * each;
        if (each == 1) {
            return {address, start, bytes};
        }
    } else if (fixed_bytes != 0 && fixed_bytes <= bus_bytes) {
        return {address, 0, bytes};
    }
    const auto lead = static_cast<std::uint32_t>(address & (bus_bytes - 1));
    const std::uint32_t from = beat == 0 ? 0 : beat * bus_bytes - lead;
    const std::uint32_t to = std::min(bytes, (beat + 1) * bus_bytes - lead);
    return {address + from, start + from, to - from};
}

/// What sinks that look at bytes are told beside address and length.
void describe(const Burst& burst, TraceEvent& event) {
    event.fixed_bytes = burst.fixed_bytes;
    event.snooped = burst.snooped;
    event.data = burst.data;
    event.enables = burst.enables;
}

}  // namespace

MemoryCore::MemoryCore(const MemoryConfig& config)
    : config_(config),
      storage_(config.fill),
      timing_(config.read_latency, config.write_latency, config.read_wait, config.write_wait) {
    detail::refuse("memory", validate(config));
}

void MemoryCore::set_trace(TraceSink* sink, std::uint16_t source) {
    sink_ = sink;
    source_ = source;
}

bool MemoryCore::inside(std::uint64_t address, std::uint64_t bytes) const {
    if (bytes == 0) {
        return true;
    }
    const std::uint64_t last = config_.size == 0 ? std::numeric_limits<std::uint64_t>::max() : config_.size - 1;
    return address <= last && bytes - 1 <= last - address;
}

Response MemoryCore::check(const Burst& burst) const {
    const std::uint64_t bytes = extent_of(burst);
    if (!inside(burst.address, bytes)) {
        return Response::AddressError;
    }
    // A single element is an ordinary access, whatever its master calls it.
    if (burst.fixed_bytes != 0 && burst.bytes > burst.fixed_bytes && !config_.fixed_bursts) {
        return Response::BurstError;
    }
    for (const ErrorRange& range : config_.errors) {
        const bool applies = burst.access == Access::Read ? range.on_read : range.on_write;
        const bool before = burst.address < range.base && bytes <= range.base - burst.address;
        const bool after = burst.address >= range.base && burst.address - range.base >= range.size;
        if (applies && bytes != 0 && !before && !after) {
            return range.response;
        }
    }
    return Response::Ok;
}

std::uint64_t MemoryCore::beats_before(const Write& write, Cycles at) {
    if (at <= write.timing.first) {
        return 0;
    }
    if (at > write.timing.last) {
        return write.beats;
    }
    const std::uint64_t elapsed = (at - write.timing.first).count() - 1;
    return std::min(write.beats, elapsed / write.timing.interval + 1);
}

void MemoryCore::store(const Write& write, std::uint64_t from_beat, std::uint64_t to_beat) {
    if (from_beat >= to_beat) {
        return;
    }
    const auto put = [&](std::uint64_t address, std::uint32_t offset, std::uint32_t bytes) {
        if (write.enables.empty()) {
            storage_.write(address, write.data.data() + offset, bytes);
        } else {
            storage_.write_enabled(address, write.data.data() + offset, write.enables.data() + offset, bytes);
        }
    };
    const auto beat = [&](std::uint64_t number) {
        return beat_bytes(write.address, write.bytes, write.fixed_bytes, config_.bus_bytes(),
                          static_cast<std::uint32_t>(number));
    };
    if (write.fixed_bytes == 0) {
        const BeatBytes first = beat(from_beat);
        const BeatBytes last = beat(to_beat - 1);
        put(first.address, first.offset, last.offset + last.bytes - first.offset);
        return;
    }
    for (std::uint64_t number = from_beat; number < to_beat; ++number) {
        const BeatBytes part = beat(number);
        put(part.address, part.offset, part.bytes);
    }
}

void MemoryCore::overlay(const Write& write, std::uint64_t address, std::uint8_t* data, std::uint64_t bytes,
                         Cycles at) const {
    const std::uint64_t end = beats_before(write, at);
    for (std::uint64_t number = write.done; number < end; ++number) {
        const BeatBytes part = beat_bytes(write.address, write.bytes, write.fixed_bytes, config_.bus_bytes(),
                                          static_cast<std::uint32_t>(number));
        for (std::uint32_t i = 0; i < part.bytes; ++i) {
            const std::uint64_t place = part.address + i - address;
            if (place < bytes && (write.enables.empty() || write.enables[part.offset + i] != 0)) {
                data[place] = write.data[part.offset + i];
            }
        }
    }
}

void MemoryCore::settle_beats(Cycles at) {
    std::size_t settled = 0;
    for (; settled < beats_.size() && beats_[settled].at < at; ++settled) {
        const Beat& beat = beats_[settled];
        storage_.write(beat.address, beat.data.data(), beat.bytes);
    }
    if (settled != 0) {
        beats_.erase(beats_.begin(), beats_.begin() + static_cast<std::ptrdiff_t>(settled));
    }
}

void MemoryCore::read_beat(std::uint64_t address, std::uint8_t* data, std::uint32_t bytes, Cycles at) {
    settle_beats(at);
    if (writes_.empty()) {
        storage_.read(address, data, bytes);
    } else {
        peek(address, data, bytes, at);
    }
}

void MemoryCore::write_beat(std::uint64_t address, const std::uint8_t* data, std::uint32_t bytes, Cycles at) {
    DMASIM_INVARIANT(bytes <= kMaxBeatBytes && (beats_.empty() || beats_.back().at <= at));
    settle_beats(at);
    // A write by bursts that lies before this one must not come after it.
    settle(at);
    beats_.emplace_back();
    Beat& beat = beats_.back();
    beat.address = address;
    beat.at = at;
    beat.bytes = bytes;
    std::memcpy(beat.data.data(), data, bytes);
}

void MemoryCore::settle(Cycles at) {
    settle_beats(at);
    while (!writes_.empty()) {
        Write& write = writes_.front();
        const std::uint64_t end = beats_before(write, at);
        store(write, write.done, end);
        write.done = std::max(write.done, end);
        if (write.done < write.beats) {
            return;
        }
        writes_.pop_front();
    }
}

bool MemoryCore::peek(std::uint64_t address, void* data, std::uint64_t bytes, Cycles at) const {
    if (!inside(address, bytes)) {
        return false;
    }
    auto* to = static_cast<std::uint8_t*>(data);
    storage_.read(address, to, static_cast<std::size_t>(bytes));
    for (const Write& write : writes_) {
        if (write.timing.first >= at) {
            break;
        }
        overlay(write, address, to, bytes, at);
    }
    for (const Beat& beat : beats_) {
        for (std::uint32_t i = 0; i < beat.bytes && beat.at < at; ++i) {
            if (beat.address + i - address < bytes) {
                to[beat.address + i - address] = beat.data[i];
            }
        }
    }
    return true;
}

bool MemoryCore::poke(std::uint64_t address, const void* data, std::uint64_t bytes, Cycles at) {
    if (!inside(address, bytes)) {
        return false;
    }
    settle(at);
    storage_.write(address, data, static_cast<std::size_t>(bytes));
    return true;
}

void MemoryCore::sample(const Burst& burst, Cycles at) const {
    const std::uint32_t element = extent_of(burst);
    for (std::uint32_t done = 0; done < burst.bytes;) {
        const std::uint32_t here = std::min(element, burst.bytes - done);
        if (burst.enables == nullptr) {
            peek(burst.address, burst.data + done, here, at);
        } else {
            std::vector<std::uint8_t> bytes(here);
            peek(burst.address, bytes.data(), here, at);
            for (std::uint32_t i = 0; i < here; ++i) {
                if (burst.enables[done + i] != 0) {
                    burst.data[done + i] = bytes[i];
                }
            }
        }
        done += here;
    }
}

void MemoryCore::request(const Burst& burst, Cycles at) {
    DMASIM_INVARIANT(master_ != nullptr);
    if (burst.data == nullptr) {
        master_->accepted(burst.tag, at);
        master_->read_data(burst.tag, at, 1, Response::Ok);
        return;
    }
    const Response response = check(burst);
    const std::uint32_t beats = bus_beats(burst, config_.bus_bytes());
    if (burst.access == Access::Read) {
        at = std::max(at, newest_read_);
        newest_read_ = at;
        reads_.push_back({burst, timing_.read(at, beats), response});
        master_->accepted(burst.tag, at);
        return;
    }
    at = std::max(at, newest_write_);
    newest_write_ = at;
    const WriteTiming timing = timing_.write(at, beats);
    if (response == Response::Ok) {
        if (writes_.size() >= kMaxPending) {
            settle(at);
        }
        Write& write = writes_.push_slot();
        write.tag = burst.tag;
        write.address = burst.address;
        write.bytes = burst.bytes;
        write.fixed_bytes = burst.fixed_bytes;
        write.beats = beats;
        write.done = 0;
        write.timing = timing;
        write.data.assign(burst.data, burst.data + burst.bytes);
        write.enables.clear();
        if (burst.enables != nullptr) {
            write.enables.assign(burst.enables, burst.enables + burst.bytes);
        }
    }
    if (sink_ != nullptr) {
        TraceEvent event;
        event.at = timing.last;
        event.kind = EventKind::MemoryWrite;
        event.access = Access::Write;
        event.purpose = burst.purpose;
        event.response = response;
        event.source = source_;
        event.channel = burst.channel;
        event.tag = burst.tag;
        event.bytes = burst.bytes;
        event.beats = beats;
        event.address = burst.address;
        event.value = timing.interval;
        describe(burst, event);
        sink_->event(event);
    }
    const std::uint32_t tag = burst.tag;
    master_->accepted(tag, at);
    // Nothing can change it any more, so it is announced in advance.
    master_->write_response(tag, timing.response, response);
}

Cycles MemoryCore::next_edge() const {
    return reads_.empty() ? kNever : reads_.front().timing.first;
}

void MemoryCore::evaluate(Cycles edge) {
    while (!reads_.empty() && reads_.front().timing.first <= edge) {
        const Read read = reads_.front();
        reads_.pop_front();
        settle(read.timing.first);
        if (read.response == Response::Ok) {
            sample(read.burst, read.timing.first);
        }
        if (sink_ != nullptr) {
            TraceEvent event;
            event.at = read.timing.first;
            event.kind = EventKind::MemoryRead;
            event.purpose = read.burst.purpose;
            event.response = read.response;
            event.source = source_;
            event.channel = read.burst.channel;
            event.tag = read.burst.tag;
            event.bytes = read.burst.bytes;
            event.beats = bus_beats(read.burst, config_.bus_bytes());
            event.address = read.burst.address;
            describe(read.burst, event);
            sink_->event(event);
        }
        master_->read_data(read.burst.tag, read.timing.first, read.timing.interval, read.response);
    }
}

MemoryCore::Blocking MemoryCore::access(const Burst& burst, Cycles at) {
    const Response response = check(burst);
    const std::uint32_t beats = bus_beats(burst, config_.bus_bytes());
    if (burst.access == Access::Read) {
        const ReadTiming timing = timing_.idle_read(at, beats);
        if (response == Response::Ok) {
            sample(burst, timing.first);
        }
        return {response, timing.first, timing.last, timing.interval};
    }
    const WriteTiming timing = timing_.idle_write(at, beats);
    if (response == Response::Ok) {
        settle(at);
        Write write;
        write.address = burst.address;
        write.bytes = burst.bytes;
        write.fixed_bytes = burst.fixed_bytes;
        write.data.assign(burst.data, burst.data + burst.bytes);
        if (burst.enables != nullptr) {
            write.enables.assign(burst.enables, burst.enables + burst.bytes);
        }
        store(write, 0, beats);
    }
    return {response, timing.response, timing.response, timing.interval};
}

void MemoryCore::record(StateRecord& state) const {
    if (sink_ != nullptr || !beats_.empty()) {
        state.refuse();
        return;
    }
    timing_.record(state);
    state.threshold(newest_read_);
    state.threshold(newest_write_);
    state.number(reads_.size());
    for (const Read& read : reads_) {
        if (read.response != Response::Ok) {
            state.refuse();
            return;
        }
        state.stamp(read.timing.first);
        state.number(read.burst.bytes);
    }
    std::uint64_t writes = 0;
    for (const Write& write : writes_) {
        const std::uint64_t done = beats_before(write, state.base());
        if (done == write.beats) {
            continue;
        }
        if (write.fixed_bytes != 0 || !write.enables.empty()) {
            state.refuse();
            return;
        }
        ++writes;
        state.stamp(write.timing.first);
        state.number(write.bytes);
        state.number(done);
    }
    state.number(writes);
}

bool MemoryCore::is_writing(std::uint32_t tag, Cycles at) const {
    return std::any_of(writes_.begin(), writes_.end(),
                       [&](const Write& write) { return write.tag == tag && beats_before(write, at) < write.beats; });
}

void MemoryCore::leap(const Leap& leap, const std::function<std::uint64_t(std::uint32_t tag)>& bytes) {
    timing_.leap(leap);
    newest_read_ = leap.later(newest_read_);
    newest_write_ = leap.later(newest_write_);
    for (Read& read : reads_) {
        read.burst.address += bytes(read.burst.tag);
        read.timing.first = leap.later(read.timing.first);
        read.timing.last = leap.later(read.timing.last);
    }
    for (Write& write : writes_) {
        write.address += bytes(write.tag);
        write.done = 0;
        write.timing.first = leap.later(write.timing.first);
        write.timing.last = leap.later(write.timing.last);
        write.timing.response = leap.later(write.timing.response);
    }
}

void MemoryCore::refresh(std::uint32_t tag, const std::uint8_t* data) {
    for (Write& write : writes_) {
        if (write.tag == tag) {
            std::copy_n(data, write.bytes, write.data.begin());
        }
    }
}

Cycles MemoryCore::first_of(std::uint32_t tag) const {
    const auto read = std::find_if(reads_.begin(), reads_.end(), [&](const Read& r) { return r.burst.tag == tag; });
    return read == reads_.end() ? kNever : read->timing.first;
}

bool MemoryCore::surely_ok(Access access, std::uint64_t first, std::uint64_t last) const {
    return last >= first && (config_.size == 0 || last < config_.size) &&
           std::none_of(config_.errors.begin(), config_.errors.end(), [&](const ErrorRange& range) {
               return (access == Access::Read ? range.on_read : range.on_write) &&
                      first <= range.base + (range.size - 1) && range.base <= last;
           });
}

bool MemoryCore::idle(Cycles at) const {
    return reads_.empty() && (writes_.empty() || writes_.back().timing.last < at) &&
           (beats_.empty() || beats_.back().at < at);
}

}  // namespace dmasim
