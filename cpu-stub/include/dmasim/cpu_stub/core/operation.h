// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "dmasim/model/burst.h"
#include "dmasim/model/trace.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// What the program asks the CPU to do.
enum class CpuOpKind : std::uint8_t {
    Load,             ///< Reads `bytes` bytes into `data`.
    Store,            ///< Writes `bytes` bytes from `data`.
    Clean,            ///< Writes dirty lines back; they stay valid.
    Invalidate,       ///< Drops lines, dirty or not.
    CleanInvalidate,  ///< Writes dirty lines back, then drops the lines.
    Dmb,              ///< Orders, does not wait (P7).
    Dsb,              ///< Waits until everything the CPU has sent is complete (P7).
    Drain,            ///< Waits until the oldest `bytes` bytes (0: all) have left the store buffer.
    Evict,            ///< Capacity eviction of the line of `address`, as an operation of its own.
    Prefetch,         ///< Speculative fill of the line of `address`, as an operation of its own.
    Compute,          ///< Passes `cycles` cycles; ends early when an interrupt line in `lines` is high.
    WaitInterrupt,    ///< Passes cycles until an interrupt line in `lines` is high.
};

/// How an access goes (the attribute of its address).
enum class MemoryType : std::uint8_t {
    Cached,    ///< Through the cache.
    Uncached,  ///< Past the cache; stores are posted through the store buffer.
    Device,    ///< Past the cache and past the store buffer; a store ends with its response.
};

/// Which lines a maintenance operation is about.
enum class MaintenanceScope : std::uint8_t {
    Range,   ///< Every line that holds one of `bytes` bytes from `address` on.
    SetWay,  ///< The line at `set`, `way`.
    All,     ///< Every line.
};

/// One operation.
struct CpuOperation {
    CpuOpKind kind = CpuOpKind::Compute;
    MemoryType type = MemoryType::Cached;
    MaintenanceScope scope = MaintenanceScope::Range;
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;  ///< Load, store: 1 to 2^32-1; 0 does nothing.
    std::uint32_t set = 0;
    std::uint32_t way = 0;
    std::uint64_t cycles = 0;
    std::uint64_t lines = 0;       ///< Bit i: interrupt line i.
    std::uint8_t* data = nullptr;  ///< Of load and store; stays valid until the operation completes.
};

/// How it ended.
struct CpuResult {
    Cycles at;  ///< Completion stamp: the next operation may be issued with it.
    Response response =
        Response::Ok;  ///< First bus error of the operation (Dsb: of what was posted since the last one).
    std::uint64_t fault_address = 0;  ///< Of that error.
    std::uint64_t lines = 0;          ///< Interrupt lines that were high at the edge at which the end was decided.
};

/// The program's side: told when an operation completes.
class CpuClient {
  public:
    CpuClient() = default;
    CpuClient(const CpuClient&) = delete;
    CpuClient& operator=(const CpuClient&) = delete;
    virtual ~CpuClient() = default;

    /// Announced while some edge <= `result.at` is evaluated. The next operation may be issued from here.
    virtual void completed(const CpuResult& result) = 0;
};

/// Where the CPU's cycles go. Every cycle counts for exactly one cause.
enum class CpuCause : std::uint8_t {
    Idle,           ///< No operation.
    Compute,        ///< Compute operations.
    Hit,            ///< Cache accesses, as far as they would take if they all hit.
    MissWait,       ///< The rest of the cache accesses.
    UncachedWait,   ///< Uncached and device accesses.
    Maintenance,    ///< Clean, invalidate, evict and prefetch operations.
    Barrier,        ///< dmb, dsb, drain.
    InterruptWait,  ///< Waiting for an interrupt.
};
inline constexpr unsigned kCpuCauses = 8;

/// Counters of a CPU. All are numbers of events unless the name says otherwise.
struct CpuStatistics {
    std::array<std::uint64_t, kCpuCauses> cycles{};  ///< Cycles by `CpuCause`, without an operation that is under way.
    std::uint64_t operations = 0;
    std::uint64_t loads = 0;                ///< Cached loads.
    std::uint64_t stores = 0;               ///< Cached stores.
    std::uint64_t hits = 0;                 ///< Lines that hit.
    std::uint64_t misses = 0;               ///< Lines that missed.
    std::uint64_t fills = 0;                ///< Fills requested, repeated ones and prefetches included.
    std::uint64_t write_backs = 0;          ///< Lines sent to memory.
    std::uint64_t repairs = 0;              ///< Snooped bytes written again behind a write-back (P8).
    std::uint64_t evictions = 0;            ///< Lines given up for others or by an eviction.
    std::uint64_t prefetches = 0;           ///< Lines installed by prefetches.
    std::uint64_t uncached_loads = 0;       ///< Bus words.
    std::uint64_t uncached_stores = 0;      ///< Store buffer entries made by uncached stores.
    std::uint64_t forwarded = 0;            ///< Uncached loads (words) answered by the store buffer.
    std::uint64_t device_loads = 0;         ///< Bus words.
    std::uint64_t device_stores = 0;        ///< Bus words.
    std::uint64_t maintenance = 0;          ///< Operations.
    std::uint64_t maintained_lines = 0;     ///< Lines that maintenance found and acted on.
    std::uint64_t dirty_dropped_bytes = 0;  ///< Bytes: dirty ones that an invalidate dropped.
    std::uint64_t barriers = 0;
    std::uint64_t snoops = 0;
    std::uint64_t snoop_hits = 0;  ///< Snoops that met a line, a write-back or a fill.
    std::uint64_t bus_errors = 0;
};

}  // namespace dmasim
