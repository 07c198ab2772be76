// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dmasim/cpu_stub/core/dma_operations/splitting.h"
#include "dmasim/model/types.h"

namespace dmasim::dma {

/// What a driver says about its device (rules DD-01 to DD-10).
struct DeviceDescription {
    std::uint32_t version = 1;    ///< 0, 1: table of version 1; 2; 3.
    bool master = true;           ///< Bus master, or subordinate: uses a channel of the system's controller.
    bool scatter_gather = false;  ///< Bus master: takes lists.
    bool demand_mode = false;  ///< Subordinate; honoured with version 2 only (`DmaOptions::demand_mode_any_version`).
    bool auto_initialize = false;         ///< Subordinate: the controller begins anew at the end.
    bool dma32 = true;                    ///< Versions 0 to 2: reaches 32 bits (otherwise 24).
    bool dma64 = false;                   ///< Versions 0 to 2: reaches 64 bits; beats `dma32`.
    std::uint32_t address_bits = 64;      ///< Version 3, bus master: 1 to 64.
    bool ignore_count = false;            ///< From version 1 on: the controller's counter is not to be trusted.
    std::uint64_t maximum_length = 4096;  ///< Most bytes of an operation, >= 1.
    unsigned channel = 0;                 ///< Subordinate: channel (versions 1, 2) or request line (3).
    std::uint64_t device_address = 0;     ///< Version 3, subordinate: address of its data register.
    std::uint32_t width_bits = 8;         ///< Subordinate: 8, 16, 32 or 64.
    std::uint32_t minimum_unit = 1;       ///< Bytes; every element is a multiple (rule DD-11). A bus master's own.
    std::uint32_t element_limit = 0;      ///< Elements of a list at most; 0: no limit. A bus master's own.
    std::uint64_t element_bytes = 0;      ///< Bytes of an element at most; 0: no limit.
    std::uint64_t boundary = 0;           ///< No element crosses a multiple of it; 0: no boundary.
    std::uint32_t alignment = 1;          ///< Start and length of buffers (rule DD-13), at least the minimum unit.
    bool waits = true;                    ///< Subordinate: holds off while its channel is programmed anew (rule SD-12).
    bool remapping_supported = true;      ///< Opts in to a DMA domain (rule DM-12).
};

/// What `get_dma_adapter_info` tells (rule DD-11).
struct AdapterInfo {
    std::uint32_t version = 1;  ///< Set by the caller: 1.
    bool read_counter_available = false;
    std::uint32_t element_limit = 0;  ///< 0: no limit.
    std::uint32_t address_bits = 0;
    std::uint32_t minimum_unit = 1;
    std::uint32_t flags = 0;
};

/// What `get_dma_transfer_info` tells (rule V3-03).
struct TransferInfo {
    std::uint32_t version = 1;  ///< Set by the caller: 1 or 2.
    std::uint64_t registers = 0;
    std::uint64_t elements = 0;       ///< At most.
    std::uint64_t list_bytes = 0;     ///< Of a list with so many elements.
    std::uint64_t logical_pages = 0;  ///< Version 2.
};

/// Bytes of a list of `elements` elements: its head and 24 bytes each, as on a 64-bit system.
constexpr std::uint64_t list_bytes(std::uint64_t elements) {
    return 16 + 24 * elements;
}

/// What a map register is on this platform.
enum class MapRegisterKind : std::uint8_t {
    Identity,  ///< Devices see physical addresses; registers are counted and do nothing.
    Bounce,  ///< A page of memory that every device reaches; data is copied where the device does not reach its buffer.
    Hardware,  ///< An entry of `MapRegistersCore`.
};

/// The options of docs/dma-operations.md, "Choices".
struct DmaOptions {
    enum class BaseWithCallback : std::uint8_t { Refused, Allowed };
    enum class EarlyFlush : std::uint8_t { Cancels, Drains };
    enum class Maintenance : std::uint8_t { Nothing, Clean, CleanInvalidate };
    enum class ZeroLength : std::uint8_t { Refused, Allowed };
    enum class CommonBufferCache : std::uint8_t { Platform, Asked };

    BaseWithCallback base_with_callback = BaseWithCallback::Refused;
    EarlyFlush early_flush = EarlyFlush::Cancels;
    ZeroLength zero_length_map = ZeroLength::Refused;
    Maintenance flush_for_read = Maintenance::CleanInvalidate;  ///< Of `ke_flush_io_buffers`.
    Maintenance map_from_device = Maintenance::Clean;           ///< Of `map_transfer_ex`.
    CommonBufferCache common_buffer_cache = CommonBufferCache::Platform;
    bool demand_mode_any_version = false;
    bool bounce_copy_in = false;  ///< Copies into the bounce page also when the device is to write it.
    bool merge_elements = true;   ///< Neighbours in logical memory are one element.
    /// Versions 1 and 2 map what does not fit into the registers of the allocation as far as they go; false: all of it,
    /// as a system would that does not look (the registers behind the allocation are used, if there are any).
    bool clip_to_registers = true;
    SplitRule split = SplitRule::RegisterTrue;  ///< Of `Adapter::next_operation`, and so of `Transaction`.
    std::uint32_t default_list_elements = 1;    ///< System DMA of version 3 without a list buffer (rule V3-09), >= 1.
};

/// A range of memory.
struct MemoryArea {
    std::uint64_t base = 0;
    std::uint64_t bytes = 0;
};

/// The platform as the DMA operations see it.
struct DmaConfig {
    std::uint32_t page_bytes = 4096;    ///< A power of two, 4096 to 2^20.
    std::uint32_t cache_line = 64;      ///< Bytes; what `get_dma_alignment` tells on a machine that is not coherent.
    bool coherent = false;              ///< Devices see the caches: no maintenance is done.
    std::uint32_t highest_version = 3;  ///< Interface versions that there are: 1 to 3.
    MapRegisterKind registers = MapRegisterKind::Bounce;
    std::uint32_t register_count = 64;        ///< 1 to 4096; of all adapters together.
    std::uint32_t register_limit = 0;         ///< Most registers of one adapter; 0: `register_count`.
    std::uint32_t system_register_limit = 0;  ///< The same for subordinate adapters; 0: as others (rule MR-07).
    /// Bounce: memory of the pages (`register_count` of them, or more for guards). Hardware: logical window of register 0.
    std::uint64_t register_base = 0;
    std::uint64_t register_file = 0;       ///< Hardware: address of the registers as the CPU sees them.
    MemoryArea common;                     ///< Where common buffers come from; every device should reach it.
    bool guards = false;                   ///< Bounces everything, between guarded pages (rule NUM-13, BB-08).
    std::uint32_t guarded_registers = 64;  ///< Registers of an adapter that are guarded.
    MemoryArea guard_area;                 ///< Memory for guarded pages.
    std::uint64_t counter_rate = 0;        ///< Most ticks of the performance counter for a cycle; 0: 1.
    std::size_t history = 64;              ///< Calls of each adapter that are kept for the dump.
    DmaOptions options;
};

/// All problems of a configuration, one sentence each; empty when it can be used.
std::vector<std::string> validate(const DmaConfig& config);

}  // namespace dmasim::dma
