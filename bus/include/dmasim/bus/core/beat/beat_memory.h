// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "dmasim/model/beat/signals.h"

namespace dmasim {

/// Where a beat-accurate memory keeps its bytes.
class BeatStorage {
  public:
    BeatStorage() = default;
    BeatStorage(const BeatStorage&) = delete;
    BeatStorage& operator=(const BeatStorage&) = delete;
    virtual ~BeatStorage() = default;

    virtual void read(std::uint64_t address, std::uint8_t* data, std::uint32_t bytes, Cycles at) = 0;
    virtual void write(std::uint64_t address, const std::uint8_t* data, std::uint32_t bytes, Cycles at) = 0;
    /// The response that a burst of `bytes` bytes from `address` on ends with.
    [[nodiscard]] virtual Response check(Access access, std::uint64_t address, std::uint32_t bytes) const = 0;
};

/// How a memory hands out and takes in beats (docs/beat-pipelines.md, "Memories").
enum class BeatMemoryKind : std::uint8_t {
    Pipelined,   ///< Takes addresses all the time, answers in order, with fixed latencies and idle cycles.
    Registered,  ///< One read and one write at a time, every beat through a register.
};

/// A beat-accurate memory as data; cycles unless said otherwise.
struct BeatMemoryTiming {
    BeatMemoryKind kind = BeatMemoryKind::Pipelined;
    std::uint32_t read_latency = 1;   ///< Pipelined: AR taken to first RVALID, >= 1.
    std::uint32_t write_latency = 1;  ///< Pipelined: last W taken (and AW) to BVALID, >= 1.
    std::uint32_t read_wait = 0;      ///< Pipelined: idle cycles after each read beat.
    std::uint32_t write_wait = 0;     ///< Pipelined: idle cycles after each write beat.
    std::uint32_t max_reads = 0;      ///< Pipelined: reads outstanding at most; 0: no limit.
    std::uint32_t max_writes = 0;     ///< Pipelined: writes outstanding at most; 0: no limit.
};

/// Creates the memory. `storage` outlives it. Throws `ConfigError`.
std::unique_ptr<BeatSlave> make_beat_memory(const BeatMemoryTiming& timing, std::uint32_t bus_bytes,
                                            BeatStorage& storage);

}  // namespace dmasim
