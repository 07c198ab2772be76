// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "dmasim/bus/core/lazy_island.h"
#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

/// A leap over less than this is not worth looking for.
constexpr std::uint64_t kLeastCycles = 64;
/// After so many records without a repetition it is looked for less often.
constexpr std::uint64_t kPatience = 64;
constexpr std::uint64_t kLongestPause = 1024;
/// Looking for a leap begins after so many grants at most.
constexpr std::uint64_t kMostUsual = 16;
/// So many cadences are remembered.
constexpr std::size_t kCadences = 256;

template <typename Range>
bool overlap(const Range& a, const Range& b) {
    return a.memory == b.memory && a.first <= b.last && b.first <= a.last;
}

void copy(MemoryCore& to, std::uint64_t destination, const MemoryCore& from, std::uint64_t source,
          std::uint64_t bytes) {
    std::array<std::uint8_t, SparseMemory::kPageBytes> page;
    while (bytes != 0) {
        // Up to the end of the destination's page, so that each is looked for once.
        const std::uint64_t room = SparseMemory::kPageBytes - destination % SparseMemory::kPageBytes;
        const auto here = static_cast<std::size_t>(std::min(bytes, room));
        from.storage().read(source, page.data(), here);
        to.storage().write(destination, page.data(), here);
        source += here;
        destination += here;
        bytes -= here;
    }
}

}  // namespace

void LazyIsland::Leaper::forget() {
    has_kept_ = false;
    failures_ = 0;
    not_before_ = Cycles{0};
    disturbed_ = true;
}

std::uint64_t LazyIsland::Leaper::bytes(std::uint32_t initiator, std::uint16_t channel) const {
    for (std::size_t i = 0; i < stream_count_; ++i) {
        if (streams_[i].initiator == initiator && streams_[i].channel == channel) {
            return streams_[i].moved;
        }
    }
    return 0;
}

// Up to here nothing happens that is no part of a cadence.
Cycles LazyIsland::Leaper::horizon(Cycles now) const {
    Cycles end = now;
    for (const Master& master : island_.masters_) {
        end = std::min(end, master.cadence != nullptr ? master.cadence->even_until() : master.core->next_edge());
    }
    for (const Block& block : island_.outside_) {
        end = std::min(end, block.clocked->next_edge());
    }
    return end;
}

void LazyIsland::Leaper::look(Cycles base, Cycles now) {
    if (now < base + kLeastCycles || base < not_before_) {
        return;
    }
    std::uint64_t grants = 0;
    for (const Master& master : island_.masters_) {
        grants += master.cadence != nullptr ? master.cadence->grants() : 0;
    }
    if (grants == grants_) {
        return;
    }
    grants_ = grants;
    if (disturbed_) {
        // It takes some grants until all is even again, as many as the last time or one less.
        disturbed_ = false;
        calm_ = 0;
        first_ = true;
        pause_ = usual_ > 1 ? usual_ - 2 : 0;
    }
    ++calm_;
    if (pause_ != 0) {
        --pause_;
        return;
    }
    const Cycles end = horizon(now);
    if (end < base + kLeastCycles) {
        return;
    }
    take_down(newest_, base);
    const Cadence* const known = cadence(base);
    if (known != nullptr && prepare(*known, base, end)) {
        carry_out();
        for (Block& block : island_.blocks_) {
            block.stale = true;
        }
        if (first_) {
            first_ = false;
            usual_ = std::min(calm_, kMostUsual);
        }
        not_before_ = base + distance_ + known->period;
        has_kept_ = false;
        failures_ = 0;
        return;
    }
    if (++failures_ % kPatience == 0) {
        pause_ = std::min(failures_, kLongestPause);
        has_kept_ = false;
        return;
    }
    // The period may be several grants long: each record is kept for twice as long as the one before it (Brent).
    if (!newest_.state.possible()) {
        has_kept_ = false;
    } else if (!has_kept_ || ++compared_ == keep_for_) {
        keep_for_ = has_kept_ ? keep_for_ * 2 : 1;
        compared_ = 0;
        has_kept_ = true;
        std::swap(kept_, newest_);
    }
}

void LazyIsland::Leaper::take_down(Seen& seen, Cycles base) {
    StateRecord& state = seen.state;
    state.begin(base);
    seen.places.clear();
    leaping_.resize(island_.bus_.config().initiators);
    for (std::size_t i = 0; i < island_.masters_.size() && state.possible(); ++i) {
        const Master& master = island_.masters_[i];
        leaping_[master.initiator] = false;
        if (master.door->holds()) {
            state.refuse();
        } else if (master.cadence != nullptr) {
            // One that has nothing to do stays as it is.
            channels_.clear();
            master.cadence->channels(channels_);
            state.number(channels_.size());
            if (!channels_.empty()) {
                leaping_[master.initiator] = true;
                master.cadence->record(state);
                take_down_places(seen, master);
            }
        }
    }
    for (MemoryCore* memory : island_.memories_) {
        if (memory != nullptr && state.possible()) {
            memory->settle(base);
            memory->record(state);
        }
    }
    if (state.possible()) {
        island_.bus_.record(state, leaping_);
    }
}

// Which memories the channels use decides what follows; where in there does not.
void LazyIsland::Leaper::take_down_places(Seen& seen, const Master& master) {
    for (const CadenceChannel& channel : channels_) {
        const auto from = island_.bus_.map().window_at(channel.source);
        const auto to = island_.bus_.map().window_at(channel.destination);
        if (!from || !to || channel.even_bytes == 0) {
            seen.state.refuse();
            return;
        }
        seen.state.number(from->target);
        seen.state.number(to->target);
        seen.places.push_back({master.initiator, channel, from->first, to->first});
    }
}

LazyIsland::Leaper::Cadence& LazyIsland::Leaper::place_of(const StateRecord& state) {
    known_.resize(kCadences);
    return known_[state.hash() % kCadences];
}

// What the newest state is known to do, from another time or from the period that has just gone by.
const LazyIsland::Leaper::Cadence* LazyIsland::Leaper::cadence(Cycles base) {
    if (!newest_.state.possible()) {
        return nullptr;
    }
    Cadence& known = place_of(newest_.state);
    if (known.period != 0 && newest_.state.same_state_as(known.state)) {
        return &known;
    }
    if (!has_kept_ || !newest_.state.same_as(kept_.state)) {
        return nullptr;
    }
    for (std::size_t i = 0; i < newest_.places.size(); ++i) {
        const Place& before = kept_.places[i];
        const Place& after = newest_.places[i];
        const std::uint64_t bytes = after.channel.source - before.channel.source;
        // It went evenly in the period that was seen.
        if (after.channel.destination - before.channel.destination != bytes || bytes > before.channel.even_bytes ||
            before.source_window != after.source_window || before.destination_window != after.destination_window) {
            return nullptr;
        }
    }
    known.bytes.clear();
    for (std::size_t i = 0; i < newest_.places.size(); ++i) {
        known.bytes.push_back(newest_.places[i].channel.source - kept_.places[i].channel.source);
    }
    known.period = (base - kept_.state.base()).count();
    known.state = newest_.state;
    return &known;
}

bool LazyIsland::Leaper::prepare(const Cadence& cadence, Cycles base, Cycles end) {
    std::uint64_t periods = (end - base).count() / cadence.period;
    stream_count_ = 0;
    for (std::size_t i = 0; i < newest_.places.size(); ++i) {
        const Place& place = newest_.places[i];
        const std::uint64_t bytes = cadence.bytes[i];
        if (bytes != 0) {
            periods = std::min(periods, place.channel.even_bytes / bytes);
        }
        if (streams_.size() == stream_count_) {
            streams_.emplace_back();
        }
        Stream& stream = streams_[stream_count_++];
        stream.initiator = place.initiator;
        stream.channel = place.channel.channel;
        stream.per_period = bytes;
        stream.source = place.channel.source;
        stream.destination = place.channel.destination;
        stream.under_way = 0;
        stream.flights.clear();
    }
    if (periods == 0 || !find_flights()) {
        return false;
    }
    for (std::size_t i = 0; i < stream_count_; ++i) {
        Stream& stream = streams_[i];
        stream.moved = periods * stream.per_period;
        if (stream.moved < stream.under_way) {
            return false;
        }
    }
    distance_ = periods * cadence.period;
    return ranges_are_apart();
}

// Which chunks of each stream are under way, and how far they are.
bool LazyIsland::Leaper::find_flights() {
    for (const Master& master : island_.masters_) {
        if (master.cadence == nullptr) {
            continue;
        }
        chunks_.clear();
        master.cadence->chunks(chunks_);
        for (const CadenceChunk& chunk : chunks_) {
            Stream* stream = nullptr;
            for (std::size_t i = 0; i < stream_count_; ++i) {
                if (streams_[i].initiator == master.initiator && streams_[i].channel == chunk.channel) {
                    stream = &streams_[i];
                }
            }
            if (stream == nullptr) {
                return false;
            }
            Flight flight;
            flight.chunk = chunk;
            const auto burst =
                island_.bus_.find(master.initiator, chunk.writing ? Access::Write : Access::Read, chunk.tag);
            if (chunk.writing) {
                flight.sampled = true;
                if (burst) {
                    flight.id = burst->id;
                    for (const MemoryCore* memory : island_.memories_) {
                        flight.in_memory = flight.in_memory ||
                                           (burst->forwarded && memory != nullptr && memory->is_writing(flight.id));
                    }
                }
                flight.stored = !burst || (burst->forwarded && !flight.in_memory);
            } else {
                flight.sampled = !chunk.reading || !burst || burst->answered;
            }
            // In order: what is stored, what is read, what is not.
            if (!stream->flights.empty()) {
                const Flight& last = stream->flights.back();
                if (last.chunk.source + last.chunk.bytes != chunk.source ||
                    last.chunk.destination + last.chunk.bytes != chunk.destination || (flight.stored && !last.stored) ||
                    (flight.sampled && !last.sampled)) {
                    return false;
                }
            }
            stream->under_way += chunk.bytes;
            stream->flights.push_back(flight);
        }
    }
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const Stream& stream = streams_[i];
        if (!stream.flights.empty()) {
            const CadenceChunk& last = stream.flights.back().chunk;
            if (last.source + last.bytes != stream.source || last.destination + last.bytes != stream.destination) {
                return false;
            }
        }
    }
    return true;
}

// Nothing that is read in the leap is written in it, and nothing is written twice; so the order of the bursts does not
// matter for their bytes. And no burst fails.
bool LazyIsland::Leaper::ranges_are_apart() {
    written_.clear();
    read_.clear();
    for (std::size_t i = 0; i < stream_count_; ++i) {
        Stream& stream = streams_[i];
        const std::uint64_t bytes = stream.under_way + stream.moved;
        if (bytes == 0) {
            continue;
        }
        const auto place = [&](Access access, std::uint64_t next, MemoryCore*& memory, std::uint64_t& offset,
                               std::vector<Range>& list) {
            const std::uint64_t first = next - stream.under_way;
            if (island_.interval(access, first, first + (bytes - 1)) == 0) {
                return false;
            }
            const auto window = island_.bus_.map().window_at(first);
            memory = island_.memories_[window->target];
            offset = window->target_first - window->first;
            list.push_back({memory, first + offset, first + offset + (bytes - 1)});
            return true;
        };
        if (!place(Access::Read, stream.source, stream.from, stream.from_offset, read_) ||
            !place(Access::Write, stream.destination, stream.to, stream.to_offset, written_)) {
            return false;
        }
    }
    for (std::size_t i = 0; i < written_.size(); ++i) {
        const auto meets = [&](const Range& other) { return overlap(written_[i], other); };
        if (std::any_of(read_.begin(), read_.end(), meets) ||
            std::any_of(written_.begin() + static_cast<std::ptrdiff_t>(i) + 1, written_.end(), meets)) {
            return false;
        }
    }
    return true;
}

void LazyIsland::Leaper::carry_out() {
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const Stream& stream = streams_[i];
        if (stream.moved == 0) {
            continue;
        }
        // From the first byte that is not in memory yet, `moved` bytes will be. Those that are on their way already come
        // from where they are, the others from the source.
        std::uint64_t source = stream.source;
        std::uint64_t destination = stream.destination;
        std::uint64_t bytes = stream.moved;
        for (auto flight = stream.flights.rbegin(); flight != stream.flights.rend() && !flight->stored; ++flight) {
            if (flight->sampled) {
                stream.to->storage().write(flight->chunk.destination + stream.to_offset, flight->chunk.data,
                                           flight->chunk.bytes);
                bytes -= flight->chunk.bytes;
            } else {
                source = flight->chunk.source;
                destination = flight->chunk.destination;
            }
        }
        copy(*stream.to, destination + stream.to_offset, *stream.from, source + stream.from_offset, bytes);
    }
    for (MemoryCore* memory : island_.memories_) {
        if (memory != nullptr) {
            memory->leap(*this, [this](std::uint32_t id) { return island_.bus_.moves(*this, id); });
        }
    }
    island_.bus_.leap(*this);
    for (const Master& master : island_.masters_) {
        if (leaping_[master.initiator]) {
            master.cadence->leap(*this, master.initiator);
        }
    }
    // What is on its way now has the bytes of where it is now.
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const Stream& stream = streams_[i];
        for (const Flight& flight : stream.flights) {
            if (flight.sampled) {
                stream.from->storage().read(flight.chunk.source + stream.moved + stream.from_offset, flight.chunk.data,
                                            flight.chunk.bytes);
            }
            if (flight.in_memory) {
                stream.to->refresh(flight.id, flight.chunk.data);
            }
        }
    }
    total_ += distance_;
}

}  // namespace dmasim
