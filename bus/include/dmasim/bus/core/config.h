// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dmasim/bus/core/beat/beat_memory.h"
#include "dmasim/model/arbiter/arbiter.h"
#include "dmasim/model/burst.h"

namespace dmasim {

/// One range of addresses and the target it goes to.
struct AddressRange {
    std::uint64_t base = 0;           ///< First byte.
    std::uint64_t size = 0;           ///< Bytes, >= 1; base + size may be exactly 2^64.
    std::uint32_t target = 0;         ///< Number of the target port.
    std::uint64_t target_offset = 0;  ///< The target sees `address - base + target_offset`.
    std::string name;                 ///< For messages.
};

/// A bus (docs/timing.md, "Bus").
struct BusConfig {
    std::string topology = "shared";     ///< shared, crossbar, simple; or a beat-accurate fabric (`is_beat_fabric`).
    std::uint32_t data_width_bits = 64;  ///< A power of two, 8 to 1024.
    std::uint32_t initiators = 1;        ///< 1 to 256 ports.
    std::uint32_t targets = 1;           ///< 1 to 256 ports.
    std::uint32_t request_latency = 1;   ///< >= 1 (B3).
    std::uint32_t response_latency = 1;  ///< >= 1 (B4).
    std::uint32_t queue_depth = 16;      ///< 1 to 1024; of each direction and initiator (B1).
    std::uint32_t max_outstanding = 8;   ///< 1 to 1024; of each direction and target (B3).
    ArbiterConfig arbiter;               ///< One instance for each lane.
    std::vector<bool> snooped;           ///< By initiator port: its accesses are snooped (B6). Default: false.
    std::vector<AddressRange> map;

    [[nodiscard]] std::uint32_t bus_bytes() const { return data_width_bits / 8; }
    /// Whether `topology` is a beat-accurate fabric that an interconnect can have: axi_crossbar, split_interconnect.
    [[nodiscard]] bool is_beat_fabric() const;
};

/// A shared bus with `initiators` ports, the given map, as many target ports as it names, and defaults for the rest.
BusConfig bus_of(std::uint32_t initiators, std::vector<AddressRange> map);

/// A range of a memory whose accesses fail (M3).
struct ErrorRange {
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    bool on_read = true;
    bool on_write = true;
    Response response = Response::GenericError;
};

/// A memory (docs/timing.md, "Memory").
struct MemoryConfig {
    std::uint64_t size = 1ULL << 20;     ///< Bytes; 0 stands for 2^64. Storage costs what is touched.
    std::uint32_t data_width_bits = 64;  ///< As the bus.
    std::uint32_t read_latency = 1;      ///< Address handshake to first beat, >= 1.
    std::uint32_t write_latency = 1;     ///< Last beat to response, >= 1.
    std::uint32_t read_wait = 0;         ///< Idle cycles after each read beat.
    std::uint32_t write_wait = 0;        ///< Idle cycles after each write beat.
    std::uint8_t fill = 0;               ///< Value of bytes that were never written.
    bool fixed_bursts = false;           ///< Supports fixed-address bursts: each element goes to the same place (M3).
    std::vector<ErrorRange> errors;      ///< The first one that a burst touches counts.
    /// Serves beat-accurate controllers and fabrics beat by beat (docs/beat-pipelines.md, "Islands"); all others as without.
    std::optional<BeatMemoryKind> beat;
    std::uint32_t beat_max_reads = 0;   ///< Beat by beat, pipelined: reads outstanding at most; 0: no limit.
    std::uint32_t beat_max_writes = 0;  ///< Beat by beat, pipelined: writes outstanding at most; 0: no limit.

    [[nodiscard]] std::uint32_t bus_bytes() const { return data_width_bits / 8; }
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const BusConfig& config);
std::vector<std::string> validate(const MemoryConfig& config);

}  // namespace dmasim
