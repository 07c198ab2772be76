// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dmasim/cpu_stub/core/dma_operations/description.h"
#include "dmasim/cpu_stub/core/dma_operations/mdl.h"
#include "dmasim/cpu_stub/core/dma_operations/words.h"
#include "dmasim/model/types.h"

namespace dmasim::dma {

/// Decides about channel and registers once they are allocated (AdapterControl).
using AdapterControl = std::function<AllocationAction(RegisterBase base)>;
/// Told how a system DMA transfer has ended.
using CompletionRoutine = std::function<void(CompletionStatus status)>;

/// A scatter/gather list as drivers see it.
struct ScatterGatherList {
    std::uint64_t id = 0;  ///< For `put_scatter_gather_list`; 0: none.
    std::vector<Element> elements;
};
/// Gets a list (AdapterListControl).
using ListControl = std::function<void(const ScatterGatherList& list)>;

/// One call of a driver as the checks see it. What a routine does not have is 0.
struct DriverCall {
    Routine routine = Routine::GetDmaAdapter;
    std::uint64_t number = 0;   ///< Its own, from 1 on; 0: the result of a callback, which is no call.
    Cycles at;                  ///< When it was made; after the call: when it returned.
    std::uint32_t adapter = 0;  ///< 0: null.
    DeviceId device = 0;
    Level level = Level::Passive;
    const Mdl* mdl = nullptr;
    RegisterBase base = 0;
    std::uint64_t address = 0;  ///< CurrentVa, offset in the chain, logical or CPU address.
    bool is_offset = false;     ///< `address` is an offset in the chain.
    std::uint64_t length = 0;   ///< Asked.
    std::uint64_t moved = 0;    ///< After the call: mapped or flushed.
    std::uint64_t count = 0;    ///< Registers, elements, index.
    Direction direction = Direction::ToDevice;
    AllocationAction action = AllocationAction::KeepObject;
    std::uint32_t context = 0;
    std::uint64_t list = 0;
    bool flag = false;  ///< Synchronous, read operation, completion routine given: see the routine.
    const DeviceDescription* description = nullptr;
    Status result = Status::Success;  ///< After the call.
};

/// A piece of a mapping: one page at most.
struct MappedPiece {
    std::uint64_t physical = 0;  ///< The driver's memory.
    std::uint64_t logical = 0;   ///< What the device is told.
    std::uint64_t bounce = 0;    ///< Physical address of the copy, if `bounced`.
    std::uint32_t bytes = 0;
    bool bounced = false;
    bool has_register = false;
    std::uint32_t map_register = 0;
};

/// Guard bytes around the copy of a buffer.
struct GuardedCopy {
    std::uint64_t area = 0;  ///< First byte of the guard page before; 0: none.
    std::uint64_t area_bytes = 0;
    std::uint64_t data = 0;  ///< First byte of the copy.
    std::uint64_t data_bytes = 0;
};

/// A live mapping of an allocation.
struct Mapping {
    Routine routine = Routine::MapTransfer;
    DeviceId device = 0;
    const Mdl* mdl = nullptr;
    std::uint64_t offset = 0;  ///< In the chain.
    std::uint64_t virtual_address = 0;
    std::uint64_t bytes = 0;
    Direction direction = Direction::ToDevice;
    Cycles at;
    std::vector<MappedPiece> pieces;
    std::vector<Element> elements;
    GuardedCopy guard;
    bool maintained = false;  ///< Version 3: the system keeps the caches right.
    bool started = false;     ///< On a channel of the system's controller.
    bool ended = false;       ///< The system has seen its end.
    bool cancelled = false;
    CompletionStatus completion = CompletionStatus::Complete;
    CompletionRoutine routine_at_end;
    bool told = false;  ///< The completion routine has run.
};

/// Registers, and perhaps the channel, that a driver holds.
struct Allocation {
    RegisterBase base = 0;
    std::uint32_t adapter = 0;
    DeviceId device = 0;
    std::uint32_t context = 0;
    std::uint32_t first_register = 0;
    std::uint32_t registers = 0;
    std::uint32_t used = 0;  ///< Registers that live mappings take.
    bool holds_registers = false;
    bool holds_channel = false;
    bool in_callback = false;
    bool kept_object = false;     ///< The callback returned KeepObject.
    bool kept_registers = false;  ///< It returned DeallocateObjectKeepRegisters.
    bool synchronous = false;     ///< Without a callback.
    std::uint64_t list = 0;       ///< It belongs to a list.
    std::vector<Mapping> mappings;
    std::uint64_t maps = 0;
    std::uint64_t flushes = 0;
    std::uint64_t bytes_since_flush = 0;
    Cycles at;

    [[nodiscard]] bool live() const { return holds_registers || holds_channel; }
};

/// A common buffer.
struct CommonBuffer {
    std::uint64_t address = 0;  ///< As the CPU sees it; 0: none.
    std::uint64_t logical = 0;  ///< As the device sees it.
    std::uint64_t asked = 0;    ///< Bytes that may be touched.
    std::uint64_t bytes = 0;    ///< Bytes that it takes.
    bool cached = false;
    bool asked_cached = false;

    explicit operator bool() const { return address != 0; }
};

/// What the system knows of a common buffer.
struct CommonBufferState {
    CommonBuffer buffer;
    std::uint32_t adapter = 0;
    std::uint32_t first_register = 0;
    std::uint32_t registers = 0;
    std::uint32_t vector = 0;  ///< It is an element of it; 0: of none.
    bool from_mdl = false;
    bool freed = false;
    Cycles at;
};

/// What the system knows of a list.
struct ListState {
    std::uint64_t id = 0;
    std::uint32_t adapter = 0;
    RegisterBase base = 0;
    std::vector<Element> elements;
    Direction direction = Direction::ToDevice;
    bool callers_buffer = false;
    bool freed = false;
    bool mdl_built = false;
    Cycles at;
};

/// One line of an adapter's history.
struct HistoryEntry {
    Cycles at;
    Routine routine = Routine::GetDmaAdapter;
    RegisterBase base = 0;
    std::uint64_t address = 0;
    std::uint64_t length = 0;
    Status result = Status::Success;
};

/// An adapter object.
struct AdapterState {
    std::uint32_t id = 0;
    DeviceId device = 0;
    DeviceDescription description;
    std::uint32_t version = 1;  ///< Of its operation table.
    std::uint32_t granted = 0;  ///< Map registers.
    unsigned address_bits = 64;
    std::uint32_t lock = 0;    ///< Index in `DmaState::locks`.
    std::uint32_t domain = 0;  ///< That it has joined; 0: none.
    bool released = false;
    std::uint64_t registers_allocated = 0;
    std::uint64_t registers_freed = 0;
    std::uint64_t channels_allocated = 0;
    std::uint64_t channels_freed = 0;
    std::uint64_t lists_allocated = 0;
    std::uint64_t lists_freed = 0;
    std::uint64_t common_allocated = 0;
    std::uint64_t common_freed = 0;
    std::uint64_t bytes_mapped = 0;
    std::uint64_t most_registers = 0;  ///< In use at one time.
    std::deque<HistoryEntry> history;

    [[nodiscard]] std::uint64_t registers_in_use() const { return registers_allocated - registers_freed; }
    [[nodiscard]] bool scatter_gather() const { return description.master && description.scatter_gather; }
    /// AO-05: descriptions of version 0 do not say it.
    [[nodiscard]] bool ignores_count() const { return description.ignore_count && description.version >= 1; }
};

/// A channel of the system's controller, or the one of a bus master: has one owner at a time.
struct ChannelLock {
    bool system = false;
    unsigned channel = 0;
    RegisterBase owner = 0;
};

/// A transfer context of version 3.
struct ContextState {
    enum class Where : std::uint8_t { Ready, PreCancelled, Pending, Owned };
    Where where = Where::Ready;
    bool cancelled = false;  ///< `cancel_mapped_transfer`: no transfers any more.
    std::uint64_t request = 0;
    RegisterBase base = 0;
};

/// A request that waits for its channel or its registers.
struct PendingRequest {
    std::uint64_t id = 0;
    std::uint32_t adapter = 0;
    DeviceId device = 0;
    std::uint32_t registers = 0;
    std::uint32_t context = 0;
    bool needs_channel = true;
    bool list = false;
    AdapterControl control;
    ListControl list_control;
    const Mdl* mdl = nullptr;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    Direction direction = Direction::ToDevice;
    Routine routine = Routine::AllocateAdapterChannel;
    bool callers_buffer = false;
    std::uint32_t element_limit = 0;
};

/// A vector of common buffers (rule CB-11).
struct CommonBufferVector {
    std::uint32_t adapter = 0;
    std::vector<CommonBuffer> buffers;
    std::vector<bool> freed;
    bool gone = false;
};

/// Everything that the routines change. Checks and reports look at it.
struct DmaState {
    DmaConfig config;
    Level level = Level::Passive;
    std::map<std::uint32_t, AdapterState> adapters;
    std::map<RegisterBase, Allocation> allocations;
    std::map<std::uint64_t, ListState> lists;
    std::map<std::uint32_t, ContextState> contexts;
    std::map<std::uint32_t, CommonBufferVector> vectors;
    std::vector<CommonBufferState> common_buffers;
    std::vector<ChannelLock> locks;
    std::deque<PendingRequest> pending;
    std::uint64_t performance_counter = 0;  ///< Last value that was read.

    [[nodiscard]] const AdapterState* adapter(std::uint32_t id) const {
        const auto found = adapters.find(id);
        return found == adapters.end() ? nullptr : &found->second;
    }
    [[nodiscard]] const Allocation* allocation(RegisterBase base) const {
        const auto found = allocations.find(base);
        return found == allocations.end() ? nullptr : &found->second;
    }
};

/// What happened that is no call.
struct DriverFact {
    enum class Kind : std::uint8_t {
        ContiguousShortage,  ///< No run of registers: address = needed, length = longest free run.
        RegistersExceeded,   ///< A map needs more registers than its allocation has: address = needed, length = has.
        LineSharedAtStart,   ///< The device writes part of a cache line, from `address` on, that the CPU has too.
        LineSharedAtEnd,     ///< The same, up to `address`.
        EarlyFlush,          ///< Channel `address` is flushed with `length` bytes to go.
        GuardBefore,         ///< Padding before a copy has changed, at `address`; `start`, `length`: the buffer.
        GuardAfter,
        TagBefore,
        TagAfter,
        FreeRegisterWritten,  ///< Page of a free register, at `address`.
        RemappingFault,       ///< `length` bytes at logical `address`, start = kind of fault, flag: the device wrote.
        CounterRead,          ///< address = value, start = value before, length = cycles in between.
        Unload,               ///< The driver of `device` goes away.
        DeviceAccess,         ///< A device moves `length` bytes at logical `address`; flag: it writes memory.
        CpuAccess,            ///< The driver touches `length` bytes at physical `address`; flag: it stores.
        RemainderLost,        ///< `length` bytes left in the controller's buffer of channel `address` were dropped.
        AddressTruncated,     ///< `start` was meant, `address` is used.
        DeviceOverrun,        ///< A device that cannot wait has lost `length` bytes.
        ProducerLapped,       ///< `length` bytes of a ring were overwritten before they were read.
        DeviceStartedEarly,   ///< The device was started, or asserted its request, before its channel was programmed.
        FifoNotEmpty,         ///< A request was completed with `length` bytes in the device's FIFO.
        DomainSwitched,       ///< With `length` transactions in flight.
        RemappingRefused,     ///< A change of domain `start` was answered with `Status` number `address`.
        VectorMisuse,  ///< start: 1 level, 2 not empty at free, 3 out of bounds, 4 index freed, 5 leak; address: index.
    };
    Kind kind = Kind::Unload;
    Cycles at;  ///< 0: the program's present when it is told.
    std::uint32_t adapter = 0;
    DeviceId device = 0;
    std::uint64_t address = 0;
    std::uint64_t start = 0;
    std::uint64_t length = 0;
    bool flag = false;
};

/// Looks on. It must not call routines.
class CallObserver {
  public:
    CallObserver() = default;
    CallObserver(const CallObserver&) = delete;
    CallObserver& operator=(const CallObserver&) = delete;
    virtual ~CallObserver() = default;

    virtual void before(const DriverCall& call, const DmaState& state) = 0;
    virtual void after(const DriverCall& call, const DmaState& state) = 0;
    virtual void fact(const DriverFact& fact, const DmaState& state) = 0;
};

}  // namespace dmasim::dma
