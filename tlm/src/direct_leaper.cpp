// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/direct_leaper.h"

#include <algorithm>
#include <cstring>

#include "dmasim/model/splitter.h"

namespace dmasim {

namespace {

/// A leap over less than this is not worth looking for.
constexpr std::uint64_t kLeastCycles = 64;
/// After so many states without a leap it is looked for less often. Rows that do not begin on a multiple of the longest burst
/// repeat themselves after 4 KiB, which may be some thousand bursts.
constexpr std::uint64_t kPatience = 4096;
constexpr std::uint64_t kPause = 16 * kPatience;
/// Pieces of memory in a leap, for each channel and direction.
constexpr std::size_t kMostPieces = 64;

using Piece = DirectMemory::Piece;

std::uintptr_t place_of(const std::uint8_t* data) {
    return reinterpret_cast<std::uintptr_t>(data);
}

/// The first byte of the host's memory that both have, if there is one.
const std::uint8_t* common(const Piece& a, const Piece& b) {
    const std::uint8_t* const first = place_of(a.data) < place_of(b.data) ? b.data : a.data;
    return place_of(first) - place_of(a.data) < a.bytes && place_of(first) - place_of(b.data) < b.bytes ? first
                                                                                                        : nullptr;
}

bool overlap(const std::vector<Piece>& a, const std::vector<Piece>& b) {
    return std::any_of(a.begin(), a.end(), [&](const Piece& one) {
        return std::any_of(b.begin(), b.end(), [&](const Piece& other) { return common(one, other) != nullptr; });
    });
}

/// Calls `part(data, done, here)` for the memory of `bytes` bytes from `offset` on.
template <typename Part>
void for_each_part(const std::vector<Piece>& pieces, std::uint64_t offset, std::uint64_t bytes, Part part) {
    std::uint64_t done = 0;
    for (const Piece& piece : pieces) {
        if (done == bytes) {
            return;
        }
        if (piece.offset + piece.bytes > offset + done) {
            const std::uint64_t in = offset + done - piece.offset;
            const std::uint64_t here = std::min(bytes - done, piece.bytes - in);
            part(piece.data + in, done, here);
            done += here;
        }
    }
}

}  // namespace

void DirectLeaper::forget() {
    finder_.forget();
    failures_ = 0;
    pause_ = 0;
}

std::uint64_t DirectLeaper::bytes(std::uint32_t /*initiator*/, std::uint16_t channel) const {
    for (std::size_t i = 0; i < stream_count_; ++i) {
        if (streams_[i].channel == channel) {
            return streams_[i].moved;
        }
    }
    return 0;
}

std::uint64_t DirectLeaper::look(Cycles base, Cycles end) {
    if (!allowed_) {
        return 0;
    }
    // What lies between two states that are compared has to be nothing but bursts, and those that went through the pointers
    // that are held now.
    const std::uint64_t changes = adapter_.direct_memory().changes();
    if (base > quiet_until_ || changes != changes_) {
        finder_.forget();
        changes_ = changes;
    }
    quiet_until_ = master_.even_until();
    end = std::min(end, quiet_until_);
    if (end < base + kLeastCycles || master_.grants() == grants_) {
        return 0;
    }
    grants_ = master_.grants();
    if (pause_ != 0) {
        --pause_;
        return 0;
    }
    take_down(base);
    const Cadence* const known = cadence();
    if (known != nullptr && prepare(*known, (end - base).count())) {
        carry_out();
        finder_.forget();
        failures_ = 0;
        return distance_;
    }
    if (++failures_ % kPatience == 0) {
        pause_ = kPause;
        finder_.forget();
    } else {
        finder_.keep();
    }
    return 0;
}

// Addresses are no part of the state but for what the cutting of rows and the pointers make of them.
void DirectLeaper::take_down(Cycles base) {
    CadenceFinder::Snapshot& seen = finder_.newest();
    StateRecord& state = seen.state;
    state.begin(base);
    seen.channels.clear();
    master_.channels(seen.channels);
    master_.record(state);
    if (!state.possible()) {
        return;
    }
    adapter_.record(state);
    if (!find_streams()) {
        state.refuse();
        return;
    }
    const DirectMemory& memory = adapter_.direct_memory();
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const CadenceChannel& channel = seen.channels[i];
        const bool even = channel.even_bytes >= channel.regular_bytes;
        state.number(even ? 0 : 1 + channel.source % kBurstBoundary);
        state.number(even ? 0 : 1 + channel.destination % kBurstBoundary);
        for (const auto& timing :
             {memory.timing(Access::Read, streams_[i].source), memory.timing(Access::Write, streams_[i].destination)}) {
            if (!timing) {
                state.refuse();
                return;
            }
            state.number(timing->latency.count());
            state.number(timing->interval);
        }
    }
}

// What was read is in the chunks, and what was requested to be written is in memory.
bool DirectLeaper::find_streams() {
    const std::vector<CadenceChannel>& channels = finder_.newest().channels;
    stream_count_ = channels.size();
    if (streams_.size() < stream_count_) {
        streams_.resize(stream_count_);
    }
    for (std::size_t i = 0; i < stream_count_; ++i) {
        Stream& stream = streams_[i];
        stream.channel = channels[i].channel;
        stream.source = channels[i].source;
        stream.destination = channels[i].destination;
        stream.moved = 0;
        stream.under_way = 0;
        stream.read.clear();
    }
    chunks_.clear();
    master_.chunks(chunks_);
    // The youngest first: each ends where the next one begins.
    for (auto chunk = chunks_.rbegin(); chunk != chunks_.rend(); ++chunk) {
        if (chunk->writing) {
            continue;
        }
        const auto stream =
            std::find_if(streams_.begin(), streams_.begin() + static_cast<std::ptrdiff_t>(stream_count_),
                         [&](const Stream& one) { return one.channel == chunk->channel; });
        if (stream == streams_.begin() + static_cast<std::ptrdiff_t>(stream_count_) || chunk->reading ||
            chunk->source + chunk->bytes + stream->under_way != stream->source ||
            chunk->destination + chunk->bytes != stream->destination) {
            return false;
        }
        stream->under_way += chunk->bytes;
        stream->destination = chunk->destination;
        stream->read.push_back(*chunk);
    }
    for (std::size_t i = 0; i < stream_count_; ++i) {
        std::reverse(streams_[i].read.begin(), streams_[i].read.end());
    }
    return true;
}

const Cadence* DirectLeaper::cadence() {
    if (!finder_.newest().state.possible()) {
        return nullptr;
    }
    if (const Cadence* const known = finder_.known()) {
        return known;
    }
    const CadenceFinder::Snapshot* const before = finder_.repeated();
    return before != nullptr && went_evenly(*before) ? finder_.learn() : nullptr;
}

// Whether every burst since `before`, when as much was under way as is now, was like those that follow.
bool DirectLeaper::went_evenly(const CadenceFinder::Snapshot& before) {
    const DirectMemory& memory = adapter_.direct_memory();
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const CadenceChannel& from = before.channels[i];
        const CadenceChannel& to = finder_.newest().channels[i];
        const std::uint64_t bytes = to.source - from.source;
        const std::uint64_t unwritten = from.destination - streams_[i].under_way;
        if (to.destination - from.destination != bytes || from.left - to.left != bytes || bytes > from.regular_bytes ||
            memory.find_pieces(Access::Read, from.source, bytes, kMostPieces, pieces_) != bytes ||
            memory.find_pieces(Access::Write, unwritten, bytes, kMostPieces, pieces_) != bytes) {
            return false;
        }
    }
    return true;
}

bool DirectLeaper::prepare(const Cadence& cadence, std::uint64_t cycles) {
    std::uint64_t periods = cycles / cadence.period;
    const DirectMemory& memory = adapter_.direct_memory();
    for (std::size_t i = 0; i < stream_count_ && periods != 0; ++i) {
        Stream& stream = streams_[i];
        stream.from.clear();
        stream.to.clear();
        stream.per_period = cadence.bytes[i];
        if (stream.per_period == 0) {
            continue;
        }
        std::uint64_t most = std::min(periods * stream.per_period, finder_.newest().channels[i].regular_bytes);
        most = std::min(most, memory.find_pieces(Access::Read, stream.source, most, kMostPieces, stream.from));
        most = std::min(most, memory.find_pieces(Access::Write, stream.destination, most, kMostPieces, stream.to));
        // A byte that is written before it is read, as the way of a row goes: burst by burst what is read there is what
        // was copied a while before. The others are read first in any case.
        for (const Piece& read : stream.from) {
            for (const Piece& written : stream.to) {
                const std::uint8_t* const first = common(read, written);
                if (first == nullptr) {
                    continue;
                }
                const std::uint64_t place_read = read.offset + (place_of(first) - place_of(read.data));
                const std::uint64_t place_written = written.offset + (place_of(first) - place_of(written.data));
                if (place_read + stream.under_way > place_written) {
                    most = std::min(most, std::max(place_read, place_written));
                }
            }
        }
        periods = std::min(periods, most / stream.per_period);
    }
    if (periods == 0) {
        return false;
    }
    for (std::size_t i = 0; i < stream_count_; ++i) {
        streams_[i].moved = periods * streams_[i].per_period;
        if (streams_[i].moved < streams_[i].under_way) {
            return false;
        }
    }
    distance_ = periods * cadence.period;
    return streams_are_apart();
}

// No channel writes what another one reads or writes.
bool DirectLeaper::streams_are_apart() const {
    for (std::size_t a = 0; a < stream_count_; ++a) {
        for (std::size_t b = 0; b < stream_count_; ++b) {
            if (a != b && (overlap(streams_[a].to, streams_[b].to) || overlap(streams_[a].to, streams_[b].from))) {
                return false;
            }
        }
    }
    return true;
}

void DirectLeaper::carry_out() {
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const Stream& stream = streams_[i];
        if (stream.moved == 0) {
            continue;
        }
        // What is under way comes from where it is, the rest from memory to memory in the order of the bursts.
        std::uint64_t place = 0;
        for (const CadenceChunk& chunk : stream.read) {
            for_each_part(stream.to, place, chunk.bytes, [&](std::uint8_t* to, std::uint64_t done, std::uint64_t here) {
                std::memcpy(to, chunk.data + done, here);
            });
            place += chunk.bytes;
        }
        for_each_part(stream.from, 0, stream.moved - place,
                      [&](const std::uint8_t* from, std::uint64_t done, std::uint64_t here) {
                          for_each_part(stream.to, place + done, here,
                                        [&](std::uint8_t* to, std::uint64_t part, std::uint64_t bytes) {
                                            std::memmove(to, from + part, bytes);
                                        });
                      });
        // And what is under way now was read from where it is now.
        std::uint64_t next = stream.moved - place;
        for (const CadenceChunk& chunk : stream.read) {
            for_each_part(stream.from, next, chunk.bytes,
                          [&](const std::uint8_t* from, std::uint64_t done, std::uint64_t here) {
                              std::memcpy(chunk.data + done, from, here);
                          });
            next += chunk.bytes;
        }
    }
    adapter_.leap(*this);
    master_.leap(*this, 0);
    total_ += distance_;
}

}  // namespace dmasim
