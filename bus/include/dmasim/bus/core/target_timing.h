// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "dmasim/model/cadence.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// The stamps of one read at a target (docs/timing.md M1).
struct ReadTiming {
    Cycles first;                ///< First beat, and the edge at which the data is sampled.
    std::uint32_t interval = 1;  ///< Distance of two beats.
    Cycles last;                 ///< Last beat.
};

/// The stamps of one write at a target (docs/timing.md M2).
struct WriteTiming {
    Cycles first;                ///< Edge at which the first beat is written.
    std::uint32_t interval = 1;  ///< Distance of two beats.
    Cycles last;                 ///< Edge at which the last beat is written.
    Cycles response;             ///< Stamp of the response.
};

/// The recurrences M1 and M2 of a target; memories and peripherals share them.
class TargetTiming {
  public:
    /// Latencies >= 1, waits >= 0, in cycles.
    TargetTiming(std::uint32_t read_latency, std::uint32_t write_latency, std::uint32_t read_wait,
                 std::uint32_t write_wait)
        : read_latency_(read_latency),
          write_latency_(write_latency),
          read_interval_(1 + read_wait),
          write_interval_(1 + write_wait) {}

    [[nodiscard]] std::uint32_t read_interval() const { return read_interval_; }
    [[nodiscard]] std::uint32_t write_interval() const { return write_interval_; }

    /// A read of `beats` beats requested with stamp `e`, after all reads that were passed to this function before.
    ReadTiming read(Cycles e, std::uint64_t beats) {
        const ReadTiming timing = read_from(std::max(e + read_latency_, next_read_), beats);
        next_read_ = timing.last + read_interval_;
        return timing;
    }

    /// A write of `beats` beats requested with stamp `e`, after all writes that were passed to this function before.
    WriteTiming write(Cycles e, std::uint64_t beats) {
        WriteTiming timing = write_from(std::max(e + 1, next_write_), beats);
        timing.response = std::max(timing.response, next_response_);
        next_write_ = timing.last + write_interval_;
        next_response_ = timing.response + 1;
        return timing;
    }

    /// @{ Lower bounds of the first stamp of a read, and of the response to a write, that is requested at `e` or later, after
    /// everything that was passed to the functions above.
    [[nodiscard]] Cycles soonest_read(Cycles e) const { return std::max(e + read_latency_, next_read_); }
    [[nodiscard]] Cycles soonest_response(Cycles e, std::uint64_t beats) const {
        return std::max(write_from(std::max(e + 1, next_write_), beats).response, next_response_);
    }
    /// @}

    /// The same for a target that has nothing else to do. Changes nothing.
    [[nodiscard]] ReadTiming idle_read(Cycles e, std::uint64_t beats) const {
        return read_from(e + read_latency_, beats);
    }
    [[nodiscard]] WriteTiming idle_write(Cycles e, std::uint64_t beats) const { return write_from(e + 1, beats); }

    /// @{ Leaps (docs/lazy-islands.md): what decides the future, and so much later.
    void record(StateRecord& state) const {
        state.threshold(next_read_);
        state.threshold(next_write_);
        state.threshold(next_response_);
    }
    void leap(const Leap& leap) {
        next_read_ = leap.later(next_read_);
        next_write_ = leap.later(next_write_);
        next_response_ = leap.later(next_response_);
    }
    /// @}

  private:
    [[nodiscard]] ReadTiming read_from(Cycles first, std::uint64_t beats) const {
        return {first, read_interval_, first + (beats - 1) * read_interval_};
    }
    [[nodiscard]] WriteTiming write_from(Cycles first, std::uint64_t beats) const {
        const Cycles last = first + (beats - 1) * write_interval_;
        return {first, write_interval_, last, last + (write_latency_ - 1)};
    }

    std::uint32_t read_latency_;
    std::uint32_t write_latency_;
    std::uint32_t read_interval_;
    std::uint32_t write_interval_;
    Cycles next_read_;
    Cycles next_write_;
    Cycles next_response_;
};

}  // namespace dmasim
