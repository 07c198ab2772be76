// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dmasim/model/burst.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// The state of blocks at one edge, as numbers that are equal for two edges exactly when everything that happens from there on
/// is the same but for the time and the addresses (docs/lazy-islands.md, "Leaps").
class StateRecord {
  public:
    /// Begins anew, for the state before `base` is evaluated.
    void begin(Cycles base) {
        base_ = base;
        possible_ = true;
        words_.clear();
        names_.clear();
        hash_ = 0;
    }
    [[nodiscard]] Cycles base() const { return base_; }

    void number(std::uint64_t value) {
        words_.push_back(value);
        hash_ = (hash_ ^ value) * kHashFactor;
        hash_ ^= hash_ >> 32;
    }
    /// A stamp that is only ever compared with edges from `base` on: what lies before is all the same.
    void threshold(Cycles stamp) {
        number(stamp == kNever ? kNeverWord : stamp <= base_ ? 0 : (stamp - base_).count());
    }
    /// A stamp whose distance matters, before or after `base`.
    void stamp(Cycles stamp) { number(stamp == kNever ? kNeverWord : (stamp - base_).count()); }
    /// What decides nothing, but tells whether it is still the same work: the number of a job.
    void name(std::uint64_t value) { names_.push_back(value); }

    /// The state is none that could come again; nothing else need be written down.
    void refuse() { possible_ = false; }
    [[nodiscard]] bool possible() const { return possible_; }

    /// What follows is the same.
    [[nodiscard]] bool same_state_as(const StateRecord& other) const {
        return possible_ && other.possible_ && hash_ == other.hash_ && words_ == other.words_;
    }
    /// And it is the same work.
    [[nodiscard]] bool same_as(const StateRecord& other) const {
        return same_state_as(other) && names_ == other.names_;
    }
    /// It is the same work, wherever it is.
    [[nodiscard]] bool same_work_as(const StateRecord& other) const { return names_ == other.names_; }
    /// Equal for equal states.
    [[nodiscard]] std::uint64_t hash() const { return hash_; }

  private:
    static constexpr std::uint64_t kNeverWord = std::uint64_t{1} << 63;
    static constexpr std::uint64_t kHashFactor = 0x9E37'79B9'7F4A'7C15U;
    Cycles base_;
    bool possible_ = false;
    std::uint64_t hash_ = 0;
    std::vector<std::uint64_t> words_;
    std::vector<std::uint64_t> names_;
};

/// A job that moves on evenly. Positions count bytes from the next chunk on, in the order in which they are read.
struct CadenceChannel {
    std::uint16_t channel = 0;
    std::uint64_t source = 0;       ///< Of the next chunk.
    std::uint64_t destination = 0;  ///< Of the next chunk.
    std::uint64_t even_bytes = 0;   ///< So many bytes from there on are cut into chunks as those before were.
    /// So many bytes from there on are cut as any are whose addresses have the same places in their 4 KiB pages.
    std::uint64_t regular_bytes = 0;
    std::uint64_t left = 0;         ///< Bytes of the job that no chunk was made of.
    std::uint64_t row_left = 0;     ///< Those of this row. Further rows:
    std::uint64_t row_bytes = 0;    ///< length,
    std::uint64_t rows = 0;         ///< number of those that `even_bytes` reaches into,
    std::uint64_t next_source = 0;  ///< begin of the next one,
    std::uint64_t next_destination = 0;
    std::int32_t source_stride = 0;  ///< and distance of one from the other.
    std::int32_t destination_stride = 0;

    /// @{ The address of the byte at `position`; what has been granted before is at -1 and below.
    [[nodiscard]] std::uint64_t source_at(std::int64_t position) const {
        return at(source, next_source, source_stride, position);
    }
    [[nodiscard]] std::uint64_t destination_at(std::int64_t position) const {
        return at(destination, next_destination, destination_stride, position);
    }
    /// @}
    /// How many bytes from `position` on lie one behind the other.
    [[nodiscard]] std::uint64_t straight_from(std::int64_t position) const {
        return in_this_row(position) ? row_left - static_cast<std::uint64_t>(position)
                                     : row_bytes - behind_this_row(position) % row_bytes;
    }

  private:
    [[nodiscard]] bool in_this_row(std::int64_t position) const {
        return position < 0 || static_cast<std::uint64_t>(position) < row_left;
    }
    [[nodiscard]] std::uint64_t behind_this_row(std::int64_t position) const {
        return static_cast<std::uint64_t>(position) - row_left;
    }
    [[nodiscard]] std::uint64_t at(std::uint64_t here, std::uint64_t next, std::int32_t stride,
                                   std::int64_t position) const {
        if (in_this_row(position)) {
            return here + static_cast<std::uint64_t>(position);
        }
        const std::uint64_t bytes = behind_this_row(position);
        return next + bytes / row_bytes * static_cast<std::uint64_t>(std::int64_t{stride}) + bytes % row_bytes;
    }
};

/// A chunk on its way.
struct CadenceChunk {
    std::uint16_t channel = 0;
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint32_t bytes = 0;
    std::uint8_t* data = nullptr;
    bool reading = false;   ///< Its read has not been answered to the master.
    bool writing = false;   ///< Its write has been requested ...
    bool written = false;   ///< ... and answered to the master.
    std::uint32_t tag = 0;  ///< Of the read or write that is under way.
};

/// By how much a master's state moves in a leap.
class Leap {
  public:
    Leap() = default;
    Leap(const Leap&) = delete;
    Leap& operator=(const Leap&) = delete;
    virtual ~Leap() = default;

    [[nodiscard]] virtual std::uint64_t cycles() const = 0;
    /// Bytes that `channel` of the master at port `initiator` moves in that time.
    [[nodiscard]] virtual std::uint64_t bytes(std::uint32_t initiator, std::uint16_t channel) const = 0;
    /// Where the channel reads (or writes) what it read at `address` (or wrote there) at the beginning: of a chunk that is under
    /// way, or the next one.
    [[nodiscard]] virtual std::uint64_t moved(std::uint32_t initiator, std::uint16_t channel, Access /*access*/,
                                              std::uint64_t address) const {
        return address + bytes(initiator, channel);
    }

    /// `stamp`, so much later; kNever stays.
    [[nodiscard]] Cycles later(Cycles stamp) const { return stamp == kNever ? kNever : stamp + cycles(); }
};

/// A master whose steady state repeats, so that an island can leap over many periods at once.
class CadenceMaster {
  public:
    CadenceMaster() = default;
    CadenceMaster(const CadenceMaster&) = delete;
    CadenceMaster& operator=(const CadenceMaster&) = delete;
    virtual ~CadenceMaster() = default;

    /// Reads granted so far: a period begins with one of them.
    [[nodiscard]] virtual std::uint64_t grants() const = 0;
    /// Writes down everything that decides the future but addresses and bytes left; refuses unless all that is under way is
    /// data of jobs that move on evenly, and all of it without errors.
    virtual void record(StateRecord& state) const = 0;
    /// The first edge at which something happens that is no part of the cadence.
    [[nodiscard]] virtual Cycles even_until() const = 0;
    /// The channels with a job. Valid when `record` has not refused.
    virtual void channels(std::vector<CadenceChannel>& list) const = 0;
    /// What is under way, in the order of the grants.
    virtual void chunks(std::vector<CadenceChunk>& list) const = 0;
    /// Moves the state. `initiator`: what to ask `leap` for.
    virtual void leap(const Leap& leap, std::uint32_t initiator) = 0;
};

}  // namespace dmasim
