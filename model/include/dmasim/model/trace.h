// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "dmasim/model/burst.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// What happened. One typed stream feeds statistics, waveforms, timelines, the verifier and reports.
enum class EventKind : std::uint8_t {
    // Controller. `channel` is the channel, `job` counts the jobs of the channel from 0. Each descriptor is a job, and so
    // is each round of a cyclic job; the bursts that fetch a descriptor and write its status back bear the number of its job.
    // Every event of a burst names channel, job, tag, access, purpose, address, bytes and beats.
    JobAccepted,  ///< A register job was started or a descriptor decoded. address = source, address2 = destination, bytes = length,
                  ///< tag = what kind of job (kJobCyclic, ...).
    BurstGranted,    ///< The channel arbiter granted a read; the request is handed over at the same edge. tag = burst.
    BurstRequested,  ///< A burst (read or write, see access/purpose) was offered to the port.
    BurstData,  ///< Read data: at = stamp of the first beat, value = interval, beats = number of beats. Emitted when known.
    BurstResponse,  ///< Read complete (at = stamp of the last beat) or write response (at = its stamp); response says which.
    JobCompleted,  ///< The job ended at this edge; status in `value` (JobStatus), bytes = bytes written.
    CauseChanged,  ///< From cycle at+1 on the channel's cycles are spent on cause `value` (CycleCause). Reported in rising
                   ///< order of `at` for each channel, and never for a cycle after the one that is being looked at.
    InterruptChanged,  ///< The interrupt output has level `value` from this edge on.
    RequestLine,  ///< DREQ (value bit 0), DACK (bit 1), TC (bit 2) of the channel have this level from this edge on.
    ErrorLatched,  ///< A transfer error was latched: value = TransferError, tag = ErrorDetail, address = faulting address.
    // Bus. `source` is the bus, `channel` the initiator's port, `value` the target (or kNoTarget). Every event names
    // tag, access, purpose, address, bytes and beats.
    BusGranted,    ///< A request left the initiator's queue for the target.
    BusResponded,  ///< First beat of read data, or the write response, handed to the initiator.
    // Memory.
    // `data`, `enables`, `fixed_bytes` and `snooped` tell about the bytes.
    MemoryRead,   ///< A read burst was sampled at this edge.
    MemoryWrite,  ///< The last beat of a write burst was committed at this edge; value = distance of its beats.
    // CPU and cache.
    CpuAccess,         ///< A load or store of the program; value: bit 0 store, bit 1 hit, bit 2 uncached.
    CacheLineChanged,  ///< A line was filled, dirtied, cleaned, invalidated or evicted; value = CacheLineEvent.
    Maintenance,       ///< A maintenance operation ended; value = MaintenanceKind, bytes = range, job = cycles it took.
    Barrier,           ///< dmb (value 0) or dsb (value 1) ended.
    CpuPiece,  ///< The part of a load or store that lies in one line or bus word was carried out on the cache or the store
    ///< buffer at this edge: address, bytes, data; value as of CpuAccess, and bit 4: on the store buffer (tag =
    ///< number of the entry, see `kCpuPieceBuffered`).
    // Peripherals.
    PeripheralFifo,  ///< Something about the FIFO of a device: value = FifoEvent, address = its data port, bytes = data lost.
};

/// Bits of `tag` of JobAccepted.
inline constexpr std::uint32_t kJobCyclic = 1;  ///< A round of a cyclic job.
inline constexpr std::uint32_t kJobPaced = 2;   ///< A peripheral paces it (timing.md C7).
inline constexpr std::uint32_t kJobFixed = 4;   ///< An address stays the same.
inline constexpr std::uint32_t kJobRows = 8;    ///< Several rows.

/// `value` of PeripheralFifo.
enum class FifoEvent : std::uint8_t {
    Empty,     ///< Nothing is in it any more.
    Filled,    ///< Something is in it again.
    Overrun,   ///< The device, or the bus, had data and there was no room.
    Underrun,  ///< The device, or the bus, wanted data and there was none.
};

/// Where a channel's cycles go. Every cycle of a channel counts for exactly one cause (docs/timing.md, "Accounting").
enum class CycleCause : std::uint8_t {
    Idle,             ///< No job.
    Setup,            ///< Fixed pipeline steps of the controller: start, decode, completion.
    DescriptorFetch,  ///< A descriptor is being read or its status written back, and no data burst is under way.
    WaitingForGrant,  ///< A read could be requested, but the arbiter, the FIFO or the limit on bursts in flight forbids it.
    ReadLatency,      ///< Reads are under way, none of them delivers data.
    MovingData,       ///< A read burst of the channel delivers its beats.
    WriteWait,        ///< All data is here; a write waits for its turn, its data phase or its response.
    Paced,            ///< Waits for DREQ, or is paused.
};
inline constexpr unsigned kCycleCauses = 8;

/// `value` of a bus event whose burst hits no target (timing.md B5).
inline constexpr std::uint32_t kNoTarget = 0xFFFFFFFF;

/// Name of a cause for reports, in snake_case, e.g. "moving_data".
std::string_view name_of(CycleCause cause);

/// What happened to a line (`value` of CacheLineChanged; address = line, bytes = line length, job = set, tag = way, beats =
/// number of dirty bytes before the change).
enum class CacheLineEvent : std::uint8_t {
    Filled,       ///< Installed after a miss of the program.
    Prefetched,   ///< Installed by a prefetch.
    Dirtied,      ///< A store made the clean line dirty.
    Cleaned,      ///< Written back and kept.
    Invalidated,  ///< Dropped by maintenance; `beats` dirty bytes were lost.
    Evicted,      ///< Dropped to make room or by an eviction; written back if it was dirty.
    Snooped,      ///< Dropped or updated because another master wrote.
};

/// `value` of Maintenance: kind in bits 0-1, scope in bits 2-3 (0 range, 1 set and way, 2 all).
enum class MaintenanceKind : std::uint8_t { Clean, Invalidate, CleanInvalidate };

/// Bits of `value` of CpuAccess and CpuPiece. For an access over several lines, "hit" says that all of them hit.
inline constexpr std::uint32_t kCpuAccessStore = 1;
inline constexpr std::uint32_t kCpuAccessHit = 2;
inline constexpr std::uint32_t kCpuAccessUncached = 4;
inline constexpr std::uint32_t kCpuAccessDevice = 8;
/// CpuPiece: a store that entered the store buffer, or a load that it answered. `tag` numbers the entries from 1 on in the
/// order in which they were made; an event BurstRequested of the CPU has that number in `job` when (a part of) the entry is
/// sent to memory.
inline constexpr std::uint32_t kCpuPieceBuffered = 16;

/// One event. Fields that an event kind does not name are 0.
struct TraceEvent {
    Cycles at;  ///< Edge (stamp) of the event.
    EventKind kind = EventKind::JobAccepted;
    Access access = Access::Read;
    Purpose purpose = Purpose::Data;
    Response response = Response::Ok;
    std::uint16_t source = 0;   ///< Number of the block that reports, given to it by the platform.
    std::uint16_t channel = 0;  ///< Channel, or initiator port of a bus.
    std::uint32_t tag = 0;      ///< Burst.
    std::uint32_t job = 0;
    std::uint64_t bytes = 0;  ///< 64 bits: a job of many rows may be longer than 4 GiB.
    std::uint32_t beats = 0;
    std::uint32_t value = 0;
    std::uint64_t address = 0;
    std::uint64_t address2 = 0;
    std::uint32_t fixed_bytes = 0;  ///< Of accesses of memories: as `Burst::fixed_bytes`.
    bool snooped = false;           ///< Of accesses of memories: the bus shows the access to the caches (timing.md B6).
    const std::uint8_t* data = nullptr;  ///< `bytes` bytes; valid during the call only. Null: the block does not say.
    const std::uint8_t* enables = nullptr;  ///< As `Burst::enables`; valid during the call only.
};

/// Receives the event stream of one or more blocks.
///
/// Events of one block arrive in the order in which it comes to know of them. `at` may lie after the edge being evaluated
/// (a response announced in advance), or before it (an input stamped before that edge, of which the block learns only
/// there), but never before an edge up to which the block has said that it is through. Blocks of one simulation report
/// independently: merge by `at`, then by `source`, then by order of arrival (stats/event_merger.h).
class TraceSink {
  public:
    TraceSink() = default;
    TraceSink(const TraceSink&) = delete;
    TraceSink& operator=(const TraceSink&) = delete;
    virtual ~TraceSink() = default;

    virtual void event(const TraceEvent& event) = 0;
};

}  // namespace dmasim
