// SPDX-License-Identifier: Apache-2.0
#include "leaper.h"

#include <algorithm>
#include <array>
#include <utility>

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
    finder_.forget();
    failures_ = 0;
    not_before_ = Cycles{0};
    disturbed_ = true;
    learning_ = false;
}

const LazyIsland::Leaper::Stream* LazyIsland::Leaper::stream_of(std::uint32_t initiator, std::uint16_t channel) const {
    for (std::size_t i = 0; i < stream_count_; ++i) {
        if (streams_[i].initiator == initiator && streams_[i].channel.channel == channel) {
            return &streams_[i];
        }
    }
    return nullptr;
}

std::uint64_t LazyIsland::Leaper::bytes(std::uint32_t initiator, std::uint16_t channel) const {
    const Stream* const stream = stream_of(initiator, channel);
    return stream != nullptr ? stream->moved : 0;
}

std::uint64_t LazyIsland::Leaper::moved(std::uint32_t initiator, std::uint16_t channel, Access access,
                                        std::uint64_t address) const {
    const Stream* const stream = stream_of(initiator, channel);
    if (stream == nullptr) {
        return address;
    }
    const bool read = access == Access::Read;
    const std::uint64_t next = read ? stream->channel.source : stream->channel.destination;
    const auto position = static_cast<std::int64_t>(address - next + stream->moved);
    return read ? stream->channel.source_at(position) : stream->channel.destination_at(position);
}

// Up to here nothing happens by itself that is no part of a cadence.
Cycles LazyIsland::Leaper::horizon() const {
    Cycles end = kNever;
    for (const Master& master : island_.masters_) {
        end = master.cadence != nullptr ? std::min(end, master.cadence->even_until()) : end;
    }
    return end;
}

void LazyIsland::Leaper::look(Cycles base, Cycles now) {
    if (!learning_ && (now < base + kLeastCycles || base < not_before_)) {
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
    if (learning_) {
        pause_ = 0;
        take_down(base);
        learn(base);
        if (learning_) {
            return;
        }
    } else {
        if (pause_ != 0) {
            --pause_;
            return;
        }
        take_down(base);
    }
    const Cadence* const known = cadence();
    if (known != nullptr && begin_rest(*known, base, now)) {
        if (first_) {
            first_ = false;
            usual_ = std::min(calm_, kMostUsual);
        }
        finder_.forget();
        failures_ = 0;
        return;
    }
    if (++failures_ % kPatience == 0) {
        pause_ = std::min(failures_, kLongestPause);
        finder_.forget();
        return;
    }
    if (finder_.keep()) {
        stepped_.clear();
    }
}

void LazyIsland::Leaper::take_down(Cycles base) {
    StateRecord& state = finder_.newest().state;
    state.begin(base);
    finder_.newest().channels.clear();
    initiators_.clear();
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
                take_down_channels(master);
            }
        }
    }
    for (MemoryCore* memory : island_.memories_) {
        if (memory != nullptr && state.possible()) {
            memory->record(state);
        }
    }
    if (state.possible()) {
        island_.bus_.record(state, leaping_);
    }
}

// Which memories the channels use decides what follows; where in there does not.
void LazyIsland::Leaper::take_down_channels(const Master& master) {
    CadenceFinder::Snapshot& seen = finder_.newest();
    for (const CadenceChannel& channel : channels_) {
        const auto from = island_.bus_.map().window_at(channel.source);
        const auto to = island_.bus_.map().window_at(channel.destination);
        if (!from || !to || channel.even_bytes == 0) {
            seen.state.refuse();
            return;
        }
        seen.state.number(from->target);
        seen.state.number(to->target);
        seen.channels.push_back(channel);
        initiators_.push_back(master.initiator);
    }
}

// What the newest state is known to do, from another time or from the period that has just gone by.
const Cadence* LazyIsland::Leaper::cadence() {
    if (!finder_.newest().state.possible()) {
        return nullptr;
    }
    if (const Cadence* const known = finder_.known()) {
        return known;
    }
    const CadenceFinder::Snapshot* const before = finder_.repeated();
    if (before == nullptr) {
        return nullptr;
    }
    for (std::size_t i = 0; i < before->channels.size(); ++i) {
        if (!way(before->channels[i], 0, finder_.newest().channels[i])) {
            return nullptr;
        }
    }
    const Cycles base = before->state.base();
    Cadence* const learned = finder_.learn();
    find_steps(base, learned->steps);
    return learned;
}

std::optional<std::uint64_t> LazyIsland::Leaper::way(const CadenceChannel& before, std::uint64_t moved,
                                                     const CadenceChannel& after) const {
    const std::uint64_t bytes = before.left - after.left;
    const auto position = static_cast<std::int64_t>(bytes);
    const auto same_window = [this](std::uint64_t a, std::uint64_t b) {
        const auto one = island_.bus_.map().window_at(a);
        const auto other = island_.bus_.map().window_at(b);
        return one && other && one->first == other->first;
    };
    if (bytes < moved || bytes > before.even_bytes || after.source != before.source_at(position) ||
        after.destination != before.destination_at(position) || !same_window(before.source, after.source) ||
        !same_window(before.destination, after.destination)) {
        return std::nullopt;
    }
    return bytes - moved;
}

// For so many periods, or for that time and all bytes that the row or the job has left.
bool LazyIsland::Leaper::prepare(const Cadence& cadence, std::uint64_t periods, Reach reach) {
    stream_count_ = 0;
    const std::vector<CadenceChannel>& channels = finder_.newest().channels;
    for (std::size_t i = 0; i < channels.size(); ++i) {
        const std::uint64_t bytes = cadence.bytes[i];
        if (streams_.size() == stream_count_) {
            streams_.emplace_back();
        }
        Stream& stream = streams_[stream_count_++];
        stream.initiator = initiators_[i];
        stream.channel = channels[i];
        if (reach != Reach::Job && stream.channel.rows != 0) {
            stream.channel.even_bytes = stream.channel.row_left;
            stream.channel.rows = 0;
        }
        if (bytes != 0) {
            periods = std::min(periods, stream.channel.even_bytes / bytes);
        }
        stream.per_period = bytes;
        stream.under_way = 0;
        stream.flights.clear();
    }
    if (periods == 0 || !find_flights(finder_.newest().state.base())) {
        return false;
    }
    for (std::size_t i = 0; i < stream_count_; ++i) {
        Stream& stream = streams_[i];
        stream.even = reach == Reach::Periods ? periods * stream.per_period : stream.channel.even_bytes;
        stream.moved = 0;
        stream.copied = 0;
        if (periods * stream.per_period < stream.under_way) {
            return false;
        }
    }
    return ranges_are_apart();
}

// Which chunks of each stream are under way, and how far they are.
bool LazyIsland::Leaper::find_flights(Cycles base) {
    for (const Master& master : island_.masters_) {
        if (master.cadence == nullptr) {
            continue;
        }
        chunks_.clear();
        master.cadence->chunks(chunks_);
        for (const CadenceChunk& chunk : chunks_) {
            Stream* stream = nullptr;
            for (std::size_t i = 0; i < stream_count_; ++i) {
                if (streams_[i].initiator == master.initiator && streams_[i].channel.channel == chunk.channel) {
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
                        flight.in_memory = flight.in_memory || (burst->forwarded && memory != nullptr &&
                                                                memory->is_writing(flight.id, base));
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
            if (last.source + last.bytes != stream.channel.source ||
                last.destination + last.bytes != stream.channel.destination) {
                return false;
            }
        }
    }
    return true;
}

// From the first byte under way to the last one at rest; rows as far apart as their strides put them, with what lies between.
std::optional<LazyIsland::Leaper::Extent> LazyIsland::Leaper::extent_of(const Stream& stream, Access access) {
    const CadenceChannel& channel = stream.channel;
    const bool read = access == Access::Read;
    const std::uint64_t next = read ? channel.source : channel.destination;
    Extent extent{next - stream.under_way, next + std::min(stream.even, channel.row_left) - 1};
    if (stream.even <= channel.row_left) {
        return extent;
    }
    const std::uint64_t row = read ? channel.next_source : channel.next_destination;
    const std::int64_t stride = read ? channel.source_stride : channel.destination_stride;
    const std::uint64_t rows = (stream.even - channel.row_left + channel.row_bytes - 1) / channel.row_bytes;
    const auto distance = static_cast<std::uint64_t>(stride < 0 ? -stride : stride);
    std::uint64_t way = 0;
    std::uint64_t end = 0;
    if (__builtin_mul_overflow(rows - 1, distance, &way) || (stride < 0 && way > row) ||
        __builtin_add_overflow(row + (channel.row_bytes - 1), stride < 0 ? 0 : way, &end)) {
        return std::nullopt;
    }
    extent.first = std::min(extent.first, stride < 0 ? row - way : row);
    extent.last = std::max(extent.last, end);
    return extent;
}

// Nothing that is read at rest is written in that time, and nothing is written by two; so the order of the bursts of two
// channels does not matter for their bytes. And no burst fails.
bool LazyIsland::Leaper::ranges_are_apart() {
    written_.clear();
    read_.clear();
    for (std::size_t i = 0; i < stream_count_; ++i) {
        Stream& stream = streams_[i];
        if (stream.under_way + stream.even == 0) {
            continue;
        }
        const auto place = [&](Access access, MemoryCore*& memory, std::uint64_t& offset, std::vector<Range>& list) {
            const auto extent = extent_of(stream, access);
            if (!extent || island_.interval(access, extent->first, extent->last) == 0) {
                return false;
            }
            const auto window = island_.bus_.map().window_at(extent->first);
            memory = island_.memories_[window->target];
            offset = window->target_first - window->first;
            list.push_back({memory, extent->first + offset, extent->last + offset});
            return true;
        };
        if (!place(Access::Read, stream.from, stream.from_offset, read_) ||
            !place(Access::Write, stream.to, stream.to_offset, written_)) {
            return false;
        }
    }
    for (std::size_t i = 0; i < written_.size(); ++i) {
        const auto meets = [&](const Range& other) { return written_[i].meets(other); };
        if (std::any_of(read_.begin(), read_.end(), meets) ||
            std::any_of(written_.begin() + static_cast<std::ptrdiff_t>(i) + 1, written_.end(), meets)) {
            return false;
        }
    }
    return true;
}

// The bytes of a stream, in the order in which its rows are written: rows may lie on each other.
void LazyIsland::Leaper::copy_stream(const Stream& stream) const {
    // From the first byte that is not in memory yet, `moved` bytes will be. Those that are on their way already come
    // from where they are, the others from the source.
    std::int64_t position = 0;
    std::uint64_t bytes = stream.moved - stream.copied;
    if (in_step_) {
        for (const Flight& flight : stream.flights) {
            position -= flight.stored ? 0 : flight.chunk.bytes;
        }
        position += static_cast<std::int64_t>(stream.copied);
    }
    for (auto flight = stream.flights.rbegin(); !in_step_ && flight != stream.flights.rend() && !flight->stored;
         ++flight) {
        if (flight->sampled) {
            stream.to->storage().write(flight->chunk.destination + stream.to_offset, flight->chunk.data,
                                       flight->chunk.bytes);
            bytes -= flight->chunk.bytes;
        } else {
            position -= flight->chunk.bytes;
        }
    }
    while (bytes != 0) {
        const std::uint64_t here = std::min(bytes, stream.channel.straight_from(position));
        copy(*stream.to, stream.channel.destination_at(position) + stream.to_offset, *stream.from,
             stream.channel.source_at(position) + stream.from_offset, here);
        position += static_cast<std::int64_t>(here);
        bytes -= here;
    }
}

void LazyIsland::Leaper::carry_out() {
    settle();
    for (std::size_t i = 0; i < stream_count_; ++i) {
        if (streams_[i].moved != 0) {
            copy_stream(streams_[i]);
        }
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
                const std::uint64_t source =
                    moved(stream.initiator, stream.channel.channel, Access::Read, flight.chunk.source);
                stream.from->storage().read(source + stream.from_offset, flight.chunk.data, flight.chunk.bytes);
            }
            if (flight.in_memory) {
                stream.to->refresh(flight.id, flight.chunk.data);
            }
        }
    }
    total_ += distance_;
}

}  // namespace dmasim
