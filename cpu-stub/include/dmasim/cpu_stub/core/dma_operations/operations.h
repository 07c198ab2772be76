// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/cpu_stub/core/dma_operations/state.h"
#include "dmasim/cpu_stub/core/dma_operations/system_controller.h"
#include "dmasim/model/verifier/driver_notes.h"

namespace dmasim::dma {

class DmaOperations;

/// A transfer context of version 3; the caller's memory. It names what the system keeps about it.
struct TransferContext {
    std::uint32_t id = 0;  ///< 0: not initialised.
};

/// Result of a map of versions 1 and 2.
struct MappedBlock {
    std::uint64_t logical = 0;  ///< Without a meaning to subordinate drivers (rule SD-04).
    std::uint64_t bytes = 0;    ///< What was mapped; 0: nothing.
};

/// How a synchronous or asynchronous request of version 3 is made.
struct RequestFlags {
    bool synchronous = false;
};

/// Options of a common buffer (rules CB-05, CB-09).
struct CommonBufferBounds {
    std::uint64_t lowest = 0;
    std::uint64_t highest = ~std::uint64_t{0};  ///< Last logical address that may be used.
    bool large_pages = false;                   ///< A multiple of 512 pages (rule NUM-12).
    std::uint32_t node = 0;                     ///< Kept for reports; memory has no nodes here.
};

/// Handle of an adapter object: the routines of its operation table (docs/dma-operations.md).
///
/// Never throws, whatever it is called with, and never harms: null and released adapters are refused and reported. Each
/// function names the rule that says what it does. `device` is the caller's device object.
class Adapter {
  public:
    Adapter() = default;
    Adapter(DmaOperations& dma, std::uint32_t id) : dma_(&dma), id_(id) {}

    /// False: null (the adapter could not be made).
    explicit operator bool() const { return id_ != 0; }
    [[nodiscard]] std::uint32_t id() const { return id_; }

    /// Bytes of the next operation of a request of which `rest` bytes are left from `offset` in the chain on, with
    /// `registers` map registers: by `DmaOptions::split` (SP-04, SP-05, NUM-07), and not more than the device's maximum
    /// length (NUM-06), operations but the last a multiple of its minimum unit. 0: no operation is possible, or there is
    /// no such adapter. It is arithmetic and no routine: nobody is told of it.
    [[nodiscard]] std::uint64_t next_operation(const Mdl* mdl, std::uint64_t offset, std::uint64_t rest,
                                               std::uint64_t registers) const;

    /// `DmaOptions::split` of the system.
    [[nodiscard]] SplitRule split_rule() const;
    /// Version 3, and one block at a time: what lets a driver keep its registers over several requests (MR-11).
    [[nodiscard]] bool may_reserve() const;

    /// @name Versions 1 and 2
    ///@{
    /// Gives the adapter back (AO-15, V3-20).
    void put_dma_adapter();
    /// CB-01, CB-04. Empty on failure.
    CommonBuffer allocate_common_buffer(std::uint64_t bytes, bool cached);
    /// CB-08: all parameters as they were; otherwise `InvalidParameter`, and nothing is freed.
    Status free_common_buffer(std::uint64_t bytes, std::uint64_t logical, std::uint64_t address, bool cached);
    /// AO-06 to AO-10. `control` runs now or when channel and registers become free.
    Status allocate_adapter_channel(DeviceId device, std::uint64_t registers, AdapterControl control);
    /// BM-03 to BM-05, SD-01: maps one block from `current_va` on; programs and starts a system channel.
    MappedBlock map_transfer(const Mdl* mdl, RegisterBase base, std::uint64_t current_va, std::uint64_t bytes,
                             Direction direction);
    /// CF-04 to CF-06: ends the operation; false: bytes have not reached their place.
    bool flush_adapter_buffers(const Mdl* mdl, RegisterBase base, std::uint64_t current_va, std::uint64_t bytes,
                               Direction direction);
    /// AO-11, V3-15: frees the channel, and the registers with it.
    Status free_adapter_channel();
    /// AO-11, V3-17: `registers` as they were allocated.
    Status free_map_registers(RegisterBase base, std::uint64_t registers);
    /// DD-13, in bytes.
    std::uint32_t get_dma_alignment();
    /// RC-01: bytes remaining; 0 where there is no counter.
    std::uint64_t read_dma_counter();
    /// SG-01 to SG-07.
    Status get_scatter_gather_list(DeviceId device, const Mdl* mdl, std::uint64_t current_va, std::uint64_t bytes,
                                   ListControl control, Direction direction);
    /// SG-05.
    Status put_scatter_gather_list(const ScatterGatherList& list, Direction direction);
    /// SG-08: bytes of the list; without a list the most it can be. `registers`: what it takes.
    Status calculate_scatter_gather_list_size(const Mdl* mdl, std::uint64_t current_va, std::uint64_t bytes,
                                              std::uint64_t& list_size, std::uint64_t& registers);
    /// SG-08: as `get_scatter_gather_list`, in `buffer_bytes` bytes of the caller's.
    Status build_scatter_gather_list(DeviceId device, const Mdl* mdl, std::uint64_t current_va, std::uint64_t bytes,
                                     ListControl control, Direction direction, std::uint64_t buffer_bytes);
    /// SG-09: the list as memory; once for each list, then `NoneMapped`.
    Status build_mdl_from_scatter_gather_list(const ScatterGatherList& list, Mdl& mdl);
    ///@}

    /// @name Version 3
    ///@{
    /// V3-02.
    Status get_dma_adapter_info(AdapterInfo& info);
    /// V3-03.
    Status get_dma_transfer_info(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes, bool write_only,
                                 TransferInfo& info);
    /// V3-04.
    Status initialize_dma_transfer_context(TransferContext& context);
    /// V3-05, V3-06. `base`: where a synchronous call without a callback gets its registers.
    Status allocate_adapter_channel_ex(DeviceId device, const TransferContext& context, std::uint64_t registers,
                                       RequestFlags flags, AdapterControl control, RegisterBase* base);
    /// V3-07.
    bool cancel_adapter_channel(DeviceId device, const TransferContext& context);
    /// V3-08.
    Status configure_adapter_channel(std::uint32_t function, std::uint64_t value);
    /// V3-09. `bytes`: in: asked, out: mapped, written before a completion routine can run. `list_bytes`: size of the
    /// caller's list buffer, 0: none; `list` gets the elements.
    Status map_transfer_ex(const Mdl* mdl, RegisterBase base, std::uint64_t offset, std::uint32_t device_offset,
                           std::uint64_t& bytes, Direction direction, std::uint64_t list_bytes,
                           std::vector<Element>* list, CompletionRoutine completion);
    /// V3-14.
    Status flush_adapter_buffers_ex(const Mdl* mdl, RegisterBase base, std::uint64_t offset, std::uint64_t bytes,
                                    Direction direction);
    /// V3-16.
    void free_adapter_object(DeviceId device, AllocationAction action);
    /// V3-13.
    Status cancel_mapped_transfer(const TransferContext& context);
    /// V3-18. `list`: where a synchronous call without a callback gets the list.
    Status get_scatter_gather_list_ex(DeviceId device, const TransferContext& context, const Mdl* mdl,
                                      std::uint64_t offset, std::uint64_t bytes, RequestFlags flags,
                                      ListControl control, Direction direction, ScatterGatherList* list,
                                      CompletionRoutine completion = {});
    Status build_scatter_gather_list_ex(DeviceId device, const TransferContext& context, const Mdl* mdl,
                                        std::uint64_t offset, std::uint64_t bytes, RequestFlags flags,
                                        ListControl control, Direction direction, std::uint64_t buffer_bytes,
                                        ScatterGatherList* list, CompletionRoutine completion = {});
    /// V3-19. `highest`: the last logical address.
    CommonBuffer allocate_common_buffer_ex(std::uint64_t highest, std::uint64_t bytes, bool cached,
                                           std::uint32_t node = 0);
    /// CB-09.
    CommonBuffer allocate_common_buffer_with_bounds(const CommonBufferBounds& bounds, std::uint64_t bytes, bool cached);
    /// CB-10.
    Status create_common_buffer_from_mdl(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes,
                                         const std::vector<std::uint32_t>& configurations, CommonBuffer& buffer);
    /// CF-21: flushes a region as `ke_flush_io_buffers` does.
    Status flush_dma_buffer(const Mdl* mdl, bool read);
    /// DM-01. The domain of the adapter, 0: it has none.
    std::uint32_t get_dma_domain();
    Status join_dma_domain(std::uint32_t domain);
    Status leave_dma_domain();
    /// DM-02.
    CommonBuffer allocate_domain_common_buffer(std::uint32_t domain, const CommonBufferBounds& bounds,
                                               std::uint64_t bytes, bool cached);
    /// CB-11: `count` buffers of `bytes` each; 0 on failure.
    std::uint32_t allocate_common_buffer_vector(std::uint32_t count, std::uint64_t bytes, bool cached);
    CommonBuffer get_common_buffer_from_vector(std::uint32_t vector, std::uint32_t index);
    Status free_common_buffer_from_vector(std::uint32_t vector, std::uint32_t index);
    Status free_common_buffer_vector(std::uint32_t vector);
    ///@}

  private:
    DmaOperations* dma_ = nullptr;
    std::uint32_t id_ = 0;
};

/// The operating system's part in DMA on one machine: makes adapters, and owns all that they share.
///
/// It works on the `CpuContext` of the program that calls it, in that program's thread, and lives as long as its adapters
/// are used. Not modelled: several processors, paging, priorities of threads.
class DmaOperations {
  public:
    /// Throws `ConfigError` with all problems of `config`. Touches nothing. `observer` may be null.
    DmaOperations(CpuContext& cpu, const DmaConfig& config, CallObserver* observer = nullptr);
    ~DmaOperations();
    DmaOperations(const DmaOperations&) = delete;
    DmaOperations& operator=(const DmaOperations&) = delete;

    /// The controller whose channels subordinate devices use. Lives as long as this.
    void set_system_controller(SystemController& controller);

    /// Gets a note of every mapping, of the memory that the device touches: the buffer, or its copy. May be null.
    void set_notes(DriverNotes* notes);

    /// AO-03 to AO-05. Null if the adapter cannot be made. `registers`: what was granted.
    Adapter get_dma_adapter(DeviceId device, const DeviceDescription& description, std::uint32_t& registers);
    /// Obsolete; null.
    Adapter hal_get_adapter(DeviceId device, const DeviceDescription& description, std::uint32_t& registers);
    /// CF-01 to CF-03. One list of a chain.
    void ke_flush_io_buffers(const Mdl* mdl, bool read, bool dma);

    /// Level at which the program runs; callbacks run at `Dispatch`.
    [[nodiscard]] Level level() const;
    /// Returns the level before.
    Level set_level(Level level);

    /// Looks for system transfers that have ended and runs their completion routines.
    void service();
    /// `service` runs as the handler of interrupt line `line`.
    void attach_interrupt(unsigned line);

    /// The time that drivers see, in cycles; `source` replaces it (rules DV-01, DV-02).
    std::uint64_t query_performance_counter();
    void set_performance_counter(std::function<std::uint64_t()> source);

    /// The driver of `device` goes away: what it has not given back is reported.
    void driver_unload(DeviceId device);
    /// The device of `device` asserts its request on `channel` (or is `started`): reported if no transfer is set up there.
    void device_requests(DeviceId device, unsigned channel, bool started = false);
    /// Tells the checks of something that is no call.
    void tell(DriverFact fact);

    /// Buffers, mappings, registers, owners and the last calls of an adapter, for people.
    [[nodiscard]] std::string dump(const Adapter& adapter) const;

    [[nodiscard]] const DmaState& state() const;
    [[nodiscard]] CpuContext& cpu();

  private:
    friend class Adapter;
    friend class ExtendedListCall;
    friend class VectorCall;
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dmasim::dma
