// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/cpu_stub/core/dma_operations/description.h"
#include "dmasim/cpu_stub/core/dma_operations/words.h"
#include "dmasim/model/verifier/driver_notes.h"

namespace dmasim::dma {

class DriverChecker;

/// What a mapping that could not be made has as address.
inline constexpr std::uint64_t kMappingError = ~std::uint64_t{0};
/// The bounce pool: bytes of a slot, slots of a set; a copy never spans two sets (rules NUM-18, BB-06).
inline constexpr std::uint64_t kBounceSlotBytes = 2048;
inline constexpr std::uint64_t kBounceSetSlots = 128;

/// What kind of memory an address range is.
enum class RegionKind : std::uint8_t { Ram, Stack, ReadOnly, VirtuallyContiguous, Device };

/// How a mapping was made.
enum class MappingKind : std::uint8_t { Single, Resource, List, Coherent, NonCoherent };
std::string_view name_of(MappingKind kind);

struct Region {
    MemoryArea area;
    RegionKind kind = RegionKind::Ram;
};

/// The platform of a `StreamingMap`.
struct StreamingConfig {
    std::uint32_t page_bytes = 4096;
    std::uint32_t cache_line = 64;
    bool coherent = false;
    std::vector<Region> regions;       ///< An address outside of all is invalid.
    MemoryArea pool;                   ///< Bounce pool; its base a multiple of a set's 256 KiB.
    MemoryArea coherent_area;          ///< Where `allocate_coherent` takes its memory, a multiple of pages.
    bool bounce_unaligned = false;     ///< Buffers that share cache lines are copied.
    std::uint32_t dma_alignment = 64;  ///< Least alignment of memory that drivers get; below a line, lines are shared.
    std::size_t records = 65536;       ///< Mappings that the checks follow (rule LD-25), >= 1.
};

/// A device as `StreamingMap` knows it.
struct StreamingDevice {
    unsigned address_bits = 64;
    std::uint64_t max_segment = 65536;         ///< Bytes of a list's segment at most.
    std::uint64_t boundary_mask = 0xFFFFFFFF;  ///< No segment crosses a multiple of it plus 1.
    std::uint64_t min_align_mask = 0;          ///< These address bits stay the same in a copy.
    bool untrusted = false;                    ///< Parts of pages are copied, so that it sees no neighbours.
};

/// A piece of a list.
struct Segment {
    std::uint64_t address = 0;  ///< As the CPU sees it.
    std::uint64_t bytes = 0;
    std::uint64_t dma = 0;  ///< As the device sees it; of the merged piece, set by `map_list`.
    std::uint64_t dma_bytes = 0;

    friend bool operator==(const Segment& a, const Segment& b) {
        return a.address == b.address && a.bytes == b.bytes && a.dma == b.dma && a.dma_bytes == b.dma_bytes;
    }
};

/// Attributes of a mapping.
struct MapAttributes {
    bool skip_sync = false;    ///< The caller keeps the caches right itself.
    bool clean_cache = false;  ///< The caller promises that no line of the buffer is dirty.
};

/// A live mapping.
struct StreamingMapping {
    DeviceId device = 0;
    MappingKind kind = MappingKind::Single;
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    std::uint64_t dma = 0;
    Direction direction = Direction::ToDevice;
    std::vector<Segment> segments;      ///< As passed; one for a single mapping.
    std::vector<std::uint64_t> bounce;  ///< Address of the copy of each segment; 0: none.
    MapAttributes attributes;
    bool checked = false;  ///< `mapping_error` was asked.
    bool noted = false;    ///< The verifier takes it for the device's.
    Cycles at;
};

/// A call as the checks see it, before it is carried out.
struct StreamingCall {
    Routine routine = Routine::MapSingle;
    Cycles at;
    DeviceId device = 0;
    MappingKind kind = MappingKind::Single;
    std::uint64_t dma = 0;
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;
    Direction direction = Direction::ToDevice;
    const std::vector<Segment>* segments = nullptr;
    MapAttributes attributes;
};

/// What the checks look at.
class StreamingState {
  public:
    StreamingConfig config;
    std::map<DeviceId, StreamingDevice> devices;
    std::vector<StreamingMapping> live;
    bool out_of_records = false;  ///< The checks follow nothing any more.

    /// Nothing: no memory and no device is there.
    [[nodiscard]] std::optional<RegionKind> kind_of(std::uint64_t address) const;
    [[nodiscard]] const StreamingMapping* find(DeviceId device, std::uint64_t dma) const;
    /// The live mapping that holds `bytes` bytes from `dma` on, or only `dma`.
    [[nodiscard]] const StreamingMapping* containing(DeviceId device, std::uint64_t dma) const;
};

/// DMA mappings in the manner of Linux: single buffers, lists, coherent memory, partial synchronisation; copies of what a
/// device does not reach. Addresses of devices are physical ones.
///
/// Costs what its copies and its cache maintenance cost. Never throws after construction.
class StreamingMap {
  public:
    /// Throws `ConfigError`. `checks` may be null.
    StreamingMap(CpuContext& cpu, const StreamingConfig& config, DriverChecker* checks = nullptr);

    /// Gets a note when a mapping is made and when it ends, of the memory that the device touches: the buffer, or its
    /// copy. A sync of a whole mapping hands it over too; one of a part is no note. None of them
    /// says that the device is through: drivers take buffers back that were never used. May be null.
    void set_notes(DriverNotes* notes) { notes_ = notes; }
    void set_device(DeviceId device, const StreamingDevice& description) { state_.devices[device] = description; }

    /// The device's address of `bytes` bytes at `address`, or `kMappingError`.
    std::uint64_t map_single(DeviceId device, std::uint64_t address, std::uint64_t bytes, Direction direction,
                             MapAttributes attributes = {});
    /// A device's registers.
    std::uint64_t map_resource(DeviceId device, std::uint64_t physical, std::uint64_t bytes, Direction direction);
    /// Fills `dma` and `dma_bytes` of the first `n` segments; returns `n` (neighbours are merged), 0: not possible.
    std::size_t map_list(DeviceId device, std::vector<Segment>& segments, Direction direction,
                         MapAttributes attributes = {});
    /// Whether `dma` is the answer of a map that failed. Drivers have to ask.
    bool mapping_error(DeviceId device, std::uint64_t dma);
    void unmap_single(DeviceId device, std::uint64_t dma, std::uint64_t bytes, Direction direction,
                      MappingKind kind = MappingKind::Single);
    /// `entries`: as passed to `map_list`, not as it answered.
    void unmap_list(DeviceId device, const std::vector<Segment>& segments, std::size_t entries, Direction direction);

    void sync_for_cpu(DeviceId device, std::uint64_t dma, std::uint64_t bytes, Direction direction);
    void sync_for_device(DeviceId device, std::uint64_t dma, std::uint64_t bytes, Direction direction);
    void sync_list_for_cpu(DeviceId device, const std::vector<Segment>& segments, std::size_t entries,
                           Direction direction);
    void sync_list_for_device(DeviceId device, const std::vector<Segment>& segments, std::size_t entries,
                              Direction direction);

    /// Memory that both sides see; `coherent` false: the caller synchronises. 0: there is none left.
    std::uint64_t allocate_coherent(DeviceId device, std::uint64_t bytes, bool coherent, std::uint64_t& dma);
    void free_coherent(DeviceId device, std::uint64_t bytes, std::uint64_t address, std::uint64_t dma, bool coherent);

    /// The driver of `device` goes away.
    void unbind_driver(DeviceId device);

    [[nodiscard]] const StreamingState& state() const { return state_; }
    /// All live mappings, for people.
    [[nodiscard]] std::string dump() const;

  private:
    void tell(StreamingCall call);
    void note(StreamingMapping& mapping, bool for_device);
    bool add(StreamingMapping mapping);
    std::uint64_t place(DeviceId device, const Segment& segment, Direction direction, std::uint64_t& bounce);
    std::uint64_t take_slots(const StreamingDevice& device, std::uint64_t address, std::uint64_t bytes);
    void give_slots(std::uint64_t bounce, std::uint64_t bytes);
    void remove(std::size_t index, bool copy_back);
    void synchronise(const StreamingMapping& mapping, std::size_t segment, std::uint64_t offset, std::uint64_t bytes,
                     Direction direction, bool for_cpu);
    void sync(Routine routine, DeviceId device, std::uint64_t dma, std::uint64_t bytes, Direction direction);
    void sync_list(Routine routine, DeviceId device, const std::vector<Segment>& segments, std::size_t entries,
                   Direction direction);
    void copy(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);
    [[nodiscard]] std::size_t index_of(DeviceId device, std::uint64_t dma) const;

    CpuContext& cpu_;
    StreamingState state_;
    DriverChecker* checks_;
    DriverNotes* notes_ = nullptr;
    std::vector<bool> slots_;
    std::vector<bool> pages_;
    std::vector<std::uint8_t> scratch_;
};

}  // namespace dmasim::dma
