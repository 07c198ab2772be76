// SPDX-License-Identifier: Apache-2.0
//
// The inside of DmaOperations: what the routines of all versions have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "dmasim/cpu_stub/core/dma_operations/operations.h"

#include "runs.h"

namespace dmasim::dma {

/// The call is about `bytes` bytes of a list (from the virtual address `address` on) or, with `is_offset`, of its chain.
inline void set_range(DriverCall& call, const Mdl* mdl, std::uint64_t address, std::uint64_t bytes, bool is_offset) {
    call.mdl = mdl;
    call.address = address;
    call.length = bytes;
    call.is_offset = is_offset;
}

class DmaOperations::Impl {
  public:
    Impl(CpuContext& cpu_context, const DmaConfig& config, CallObserver* call_observer);

    // ---- calls (operations.cpp)

    [[nodiscard]] DriverCall begin(Routine routine, std::uint32_t adapter, DeviceId device = 0);
    /// Tells the observer, then looks whether there is such an adapter and it has the routine. Null: `call.result` says
    /// why not.
    AdapterState* enter(DriverCall& call);
    /// For routines without an adapter.
    void enter_plain(const DriverCall& call);
    /// Ends a call: history, observer.
    Status leave(DriverCall& call, Status result);
    void tell(DriverFact fact);

    // ---- adapters, locks and registers (operations.cpp)

    Adapter make_adapter(DmaOperations& owner, Routine routine, DeviceId device, const DeviceDescription& description,
                         std::uint32_t& registers);
    [[nodiscard]] SystemLimits limits_of(const AdapterState& adapter) const;
    /// Whether `count` more registers are to be had now; takes them.
    bool take_registers(AdapterState& adapter, std::uint64_t count, std::uint32_t& first);
    void give_registers(AdapterState& adapter, std::uint32_t first, std::uint64_t count);
    void request(PendingRequest pending);
    /// Grants what can be granted.
    void pump();
    /// An allocation with its registers, and the channel if asked for; null if it cannot be had now.
    Allocation* allocate(const PendingRequest& request);
    void run_control(Allocation& allocation, const AdapterControl& control);
    void apply(Allocation& allocation, AllocationAction action);
    void release_channel(Allocation& allocation);
    void release_registers(Allocation& allocation);
    Allocation* find(RegisterBase base);
    Allocation* owner_of(const AdapterState& adapter);
    /// Runs `callback` at level Dispatch.
    void at_dispatch(const std::function<void()>& callback);

    // ---- mapping (mapping.cpp)

    struct MapLimits {
        std::uint32_t elements = 0;  ///< 0: no limit.
        bool exact = false;          ///< Only pages that need a register count.
        bool maintain = false;       ///< Version 3.
    };
    /// Maps as much as goes, puts it among the mappings of `allocation`; null: nothing went.
    Mapping* map(AdapterState& adapter, Allocation& allocation, const DriverCall& call, std::uint64_t offset,
                 const MapLimits& limits);
    /// Registers that a map of these bytes takes.
    [[nodiscard]] std::uint64_t needed(const AdapterState& adapter, const Mdl* mdl, std::uint64_t offset,
                                       std::uint64_t bytes, bool exact) const;
    /// Starts the channel of a subordinate adapter.
    void start(AdapterState& adapter, Mapping& mapping, std::uint32_t device_offset);
    /// Ends the mapping at `index`: drains, copies back, maintains caches, gives the registers up.
    bool unmap(AdapterState& adapter, Allocation& allocation, std::size_t index, std::uint64_t bytes);
    /// Index of the live mapping that begins at `offset`, else of the first one.
    [[nodiscard]] std::size_t mapping_at(const Allocation& allocation, const Mdl* mdl, std::uint64_t offset) const;
    [[nodiscard]] bool reaches(const AdapterState& adapter, std::uint64_t address, std::uint64_t bytes) const;
    void set_register(std::uint32_t number, std::uint64_t page, Direction direction);
    void clear_register(std::uint32_t number);
    void maintain(DmaOptions::Maintenance kind, std::uint64_t address, std::uint64_t bytes);
    void copy(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);
    bool prepare_guards(AdapterState& adapter, Mapping& mapping);
    void check_guards(AdapterState& adapter, const Mapping& mapping);
    void check_free_registers(const AdapterState& adapter, std::uint32_t first, std::uint64_t count);
    void service();

    // ---- lists (lists.cpp)

    /// Parameters of a request for a list, checked; grants it now or queues it.
    Status list_request(AdapterState& adapter, PendingRequest request, bool synchronous, ScatterGatherList* list);
    /// Makes the list of a granted request.
    std::optional<ScatterGatherList> make_list(Allocation& allocation, const PendingRequest& request);
    Status put_list(AdapterState& adapter, std::uint64_t id, Direction direction);

    // ---- common buffers (buffers.cpp)

    CommonBuffer make_common(AdapterState& adapter, const CommonBufferBounds& bounds, std::uint64_t bytes, bool cached,
                             bool extended, std::uint32_t vector);
    void free_common(CommonBufferState& buffer);

    CpuContext& cpu;
    DmaState state;
    CallObserver* observer;
    DriverNotes* notes = nullptr;
    SystemController* controller = nullptr;
    Runs registers;
    Runs common_pages;
    Runs guard_pages;
    std::uint64_t next_base = 1;
    std::uint64_t next_list = 1;
    std::uint64_t next_request = 1;
    std::uint64_t next_call = 1;
    std::uint32_t next_context = 1;
    std::uint32_t next_vector = 1;
    bool pumping = false;
    bool servicing = false;
    bool shortage_told = false;
    std::uint64_t counter_cycles = 0;
    bool counter_read = false;
    std::function<std::uint64_t()> counter_source;
    std::vector<std::uint8_t> scratch;
};

}  // namespace dmasim::dma
