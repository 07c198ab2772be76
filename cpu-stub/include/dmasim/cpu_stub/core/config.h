// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/model/types.h"

namespace dmasim {

/// When a store reaches memory.
enum class WritePolicy : std::uint8_t {
    Back,     ///< When the line is cleaned or evicted.
    Through,  ///< At once, through the store buffer; lines are never dirty.
};

/// Whether the accesses of other masters look into the cache.
enum class CoherenceMode : std::uint8_t {
    None,        ///< Software maintains. Snoops are answered and change nothing.
    IoCoherent,  ///< Reads of others get dirty bytes, writes of others drop or update copies (timing.md B6).
    OneSided,    ///< Reads of others get dirty bytes; writes of others change nothing here, software invalidates.
};

/// A data cache (docs/cpu.md).
struct CacheConfig {
    std::uint32_t size_bytes = 32768;  ///< At most 2^26; line_bytes * ways * a power of two.
    std::uint32_t line_bytes = 64;     ///< Power of two, 8 to 1024.
    std::uint32_t ways = 4;            ///< 1 to 64; tree_plru: a power of two.
    WritePolicy write_policy = WritePolicy::Back;
    bool write_allocate = true;          ///< A store that misses fills the line; otherwise it goes to the store buffer.
    std::string replacement = "lru";     ///< Name in the table of replacement policies.
    std::uint64_t replacement_seed = 1;  ///< Seed of the policies that draw lots.
    std::uint32_t hit_cycles = 1;        ///< 1 to 1024; of each line touched (P2).
    std::uint32_t maintenance_cycles = 1;       ///< 1 to 2^20; of each maintenance operation (P6).
    std::uint32_t maintenance_line_cycles = 1;  ///< 1 to 2^20; of each line that an operation looks at (P6).
    std::uint32_t snoop_cycles = 1;             ///< 0 to 1024; added when a snoop meets dirty bytes (timing.md B6).
    std::uint32_t write_back_buffers = 1;       ///< 1 to 64; lines that can be under way to memory (P4).
    CoherenceMode coherence = CoherenceMode::None;

    [[nodiscard]] std::uint32_t sets() const { return size_bytes / line_bytes / ways; }
};

/// The store buffer rests: entries that nobody waits for are not written at edges `at` + 1 to `at` + `cycles`.
struct StoreHold {
    Cycles at;
    std::uint64_t cycles = 1;  ///< >= 1.
};

/// The store buffer (docs/cpu.md, P5). An entry holds at most one bus word.
struct StoreBufferConfig {
    std::uint32_t entries = 8;        ///< 1 to 1024.
    std::uint32_t max_in_flight = 1;  ///< 1 to entries. 1: a store is requested when its predecessor has its response.
    std::uint32_t residence = 1;      ///< 1 to 2^20 cycles: least age of an entry that nobody waits for.
    bool hold = false;                ///< Entries leave only when something waits for them.
    bool merge = false;  ///< A store joins the youngest entry of the same bus word if that one has not been requested.
    std::vector<StoreHold> holds;  ///< Rests, for explored schedules; in any order.
};

/// A CPU stub.
struct CpuConfig {
    std::uint32_t data_width_bits =
        64;  ///< As the bus: 32, 64, 128, 256, 512 or 1024. Uncached accesses are cut into such words.
    CacheConfig cache;
    StoreBufferConfig store_buffer;
    bool dmb_orders_device = true;  ///< A dmb also holds back later device accesses and uncached loads (P7).
    std::uint32_t interrupts = 1;   ///< Interrupt inputs, 0 to 64.

    [[nodiscard]] std::uint32_t bus_bytes() const { return data_width_bits / 8; }
};

/// All problems of a configuration, one sentence each, naming the field, its value and the legal range; empty when it
/// can be built.
std::vector<std::string> validate(const CacheConfig& config);
std::vector<std::string> validate(const StoreBufferConfig& config);
std::vector<std::string> validate(const CpuConfig& config);

}  // namespace dmasim
