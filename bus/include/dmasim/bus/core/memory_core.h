// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dmasim/bus/core/config.h"
#include "dmasim/bus/core/sparse_memory.h"
#include "dmasim/bus/core/target_timing.h"
#include "dmasim/model/beat/signals.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/cadence.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/ring.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// A memory: bytes, the pace of its beats, and errors (docs/timing.md M1 to M3).
///
/// Bursts come in through `request` in the order of their stamps; a stamp that lies before its predecessor's counts as
/// the predecessor's. Requests are accepted at once. Bursts may have any length and alignment, and byte enables. Write
/// data is copied when it is requested and becomes visible beat by beat.
///
/// Not modelled: banks, refresh, a limit on the bursts that wait (the bus limits them), reordering.
class MemoryCore final : public Clocked, public BurstPort {
  public:
    /// Throws `ConfigError` listing the problems of `config`.
    explicit MemoryCore(const MemoryConfig& config);

    /// The bus (or master) that gets the answers. Must be called before the first request.
    void bind(BurstMaster& master) { master_ = &master; }

    /// Reports `MemoryRead` and `MemoryWrite` as block number `source`; null: none.
    void set_trace(TraceSink* sink, std::uint16_t source);

    [[nodiscard]] const MemoryConfig& config() const { return config_; }

    /// What it announces to the bus: distance of two write beats (B3).
    [[nodiscard]] std::uint32_t write_interval() const { return timing_.write_interval(); }
    [[nodiscard]] std::uint32_t read_interval() const { return timing_.read_interval(); }

    void request(const Burst& burst, Cycles at) override;
    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;

    /// Reads `bytes` bytes as an observer at stamp `at` sees them: with the beats written at edges before `at`. Takes no
    /// time and disregards error ranges. False, and nothing read, if a byte lies outside of the memory.
    bool peek(std::uint64_t address, void* data, std::uint64_t bytes, Cycles at) const;

    /// Writes at once, before every beat that is written at an edge >= `at`. Takes no time and disregards error ranges.
    /// False, and nothing written, if a byte lies outside of the memory.
    bool poke(std::uint64_t address, const void* data, std::uint64_t bytes, Cycles at);

    /// @{ Beat by beat, in the order of cycles: what is read at `at` holds what was written at edges before `at`, and what
    /// is written at `at` is seen by observers at stamps > `at`. The bytes must lie inside of the memory.
    void read_beat(std::uint64_t address, std::uint8_t* data, std::uint32_t bytes, Cycles at);
    void write_beat(std::uint64_t address, const std::uint8_t* data, std::uint32_t bytes, Cycles at);
    /// @}

    /// Outcome of an access that does not queue.
    struct Blocking {
        Response response = Response::Ok;
        Cycles first;                ///< First stamp of read data; stamp of the response of a write.
        Cycles last;                 ///< Last stamp of read data; stamp of the response of a write.
        std::uint32_t interval = 1;  ///< Of the beats.
    };

    /// Carries out a whole burst now, with the stamps that it would have on an otherwise idle memory (b_transport).
    Blocking access(const Burst& burst, Cycles at);

    /// Makes the beats written at edges before `at` visible in `storage()`. Time must not go back.
    void settle(Cycles at);

    /// The bytes, without the beats that are still under way (call `settle` before).
    [[nodiscard]] SparseMemory& storage() { return storage_; }
    [[nodiscard]] const SparseMemory& storage() const { return storage_; }

    /// The first stamp of the read `tag` that was requested and has not been sampled yet; kNever if there is none.
    [[nodiscard]] Cycles first_of(std::uint32_t tag) const;

    /// A lower bound of the first stamp of the answer to a burst that is requested at edge `at` or later.
    [[nodiscard]] Cycles soonest_answer(Access access, Cycles at, std::uint64_t beats) const {
        return access == Access::Read ? timing_.soonest_read(at) : timing_.soonest_response(at, beats);
    }

    /// The response that M3 gives to a burst.
    [[nodiscard]] Response check(const Burst& burst) const;

    /// Whether every incrementing access of that direction to the bytes `first` to `last` (included) succeeds.
    [[nodiscard]] bool surely_ok(Access access, std::uint64_t first, std::uint64_t last) const;

    /// @{ Leaps (docs/lazy-islands.md). Writes down what decides the future. Nothing is put into the storage: the state's base may
    /// lie behind the stamp of those who look.
    void record(StateRecord& state) const;
    /// Whether beats of the write `tag` are still to come at edges from `at` on.
    [[nodiscard]] bool is_writing(std::uint32_t tag, Cycles at) const;
    /// Moves everything under way by `leap`. `owner(tag)`: the bytes by which the burst's addresses move. What is being
    /// written holds its old bytes until `refresh`.
    void leap(const Leap& leap, const std::function<std::uint64_t(std::uint32_t tag)>& bytes);
    /// The bytes that the write `tag` is made of, if it is under way.
    void refresh(std::uint32_t tag, const std::uint8_t* data);
    /// @}

    /// True if no write is under way at `at` (all beats written before `at`) and no read waits to be sampled.
    [[nodiscard]] bool idle(Cycles at) const;

  private:
    struct Read {
        Burst burst;
        ReadTiming timing;
        Response response;
    };
    struct Write {
        std::uint32_t tag;
        std::uint64_t address;
        std::uint32_t bytes;
        std::uint32_t fixed_bytes;
        std::uint64_t beats;
        std::uint64_t done;  // Beats that are in the storage.
        WriteTiming timing;
        std::vector<std::uint8_t> data;
        std::vector<std::uint8_t> enables;
    };

    struct Beat {
        std::uint64_t address = 0;
        Cycles at;
        std::uint32_t bytes = 0;
        std::array<std::uint8_t, kMaxBeatBytes> data;
    };

    void settle_beats(Cycles at);
    [[nodiscard]] bool inside(std::uint64_t address, std::uint64_t bytes) const;
    void sample(const Burst& burst, Cycles at) const;
    void store(const Write& write, std::uint64_t from_beat, std::uint64_t to_beat);
    void overlay(const Write& write, std::uint64_t address, std::uint8_t* data, std::uint64_t bytes, Cycles at) const;
    static std::uint64_t beats_before(const Write& write, Cycles at);

    MemoryConfig config_;
    SparseMemory storage_;
    TargetTiming timing_;
    BurstMaster* master_ = nullptr;
    TraceSink* sink_ = nullptr;
    std::uint16_t source_ = 0;
    Cycles newest_read_;
    Cycles newest_write_;
    Ring<Read> reads_;
    Ring<Write> writes_;
    std::vector<Beat> beats_;  // Written beat by beat and not in the storage yet, by stamp.
};

}  // namespace dmasim
