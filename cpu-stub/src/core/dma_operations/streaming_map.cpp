// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "dmasim/bus/core/text.h"
#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"
#include "dmasim/cpu_stub/core/dma_operations/mdl.h"

namespace dmasim::dma {

namespace {

constexpr std::uint64_t kSetBytes = kBounceSlotBytes * kBounceSetSlots;

const StreamingConfig& checked(const StreamingConfig& config) {
    std::vector<std::string> problems;
    const auto power = [&](const char* name, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
        if (value < least || value > most || (value & (value - 1)) != 0) {
            problems.push_back(std::string(name) + " is " + std::to_string(value) + ", must be a power of two, " +
                               std::to_string(least) + " to " + std::to_string(most));
        }
    };
    power("page_bytes", config.page_bytes, 4096, 1U << 20);
    power("cache_line", config.cache_line, 8, 1024);
    power("dma_alignment", config.dma_alignment, 1, 1024);
    detail::check_range(problems, "records", config.records, 1, 1U << 24);
    if (config.pool.base % kSetBytes != 0) {
        problems.emplace_back("pool.base must be a multiple of 262144");
    }
    if (problems.empty() && config.coherent_area.base % config.page_bytes != 0) {
        problems.emplace_back("coherent_area.base must be a multiple of a page");
    }
    detail::refuse("streaming mappings", problems);
    return config;
}

bool to_device(Direction direction) {
    return direction != Direction::FromDevice;
}
bool from_device(Direction direction) {
    return direction != Direction::ToDevice;
}

}  // namespace

std::string_view name_of(MappingKind kind) {
    switch (kind) {
        case MappingKind::Single:
            return "single";
        case MappingKind::Resource:
            return "resource";
        case MappingKind::List:
            return "list";
        case MappingKind::Coherent:
            return "coherent";
        default:
            return "non_coherent";
    }
}

std::optional<RegionKind> StreamingState::kind_of(std::uint64_t address) const {
    for (const Region& region : config.regions) {
        if (address >= region.area.base && address - region.area.base < region.area.bytes) {
            return region.kind;
        }
    }
    return std::nullopt;
}

const StreamingMapping* StreamingState::find(DeviceId device, std::uint64_t dma) const {
    for (const StreamingMapping& mapping : live) {
        if (mapping.device == device && mapping.dma == dma) {
            return &mapping;
        }
    }
    return nullptr;
}

const StreamingMapping* StreamingState::containing(DeviceId device, std::uint64_t dma) const {
    for (const StreamingMapping& mapping : live) {
        if (mapping.device == device && dma >= mapping.dma && dma - mapping.dma < mapping.bytes) {
            return &mapping;
        }
    }
    return nullptr;
}

namespace {

/// What most calls have to tell.
StreamingCall call_of(Routine routine, DeviceId device, MappingKind kind, std::uint64_t dma, std::uint64_t address,
                      std::uint64_t bytes, Direction direction = Direction::ToDevice) {
    StreamingCall call;
    call.routine = routine;
    call.device = device;
    call.kind = kind;
    call.dma = dma;
    call.address = address;
    call.bytes = bytes;
    call.direction = direction;
    return call;
}

}  // namespace

StreamingMap::StreamingMap(CpuContext& cpu, const StreamingConfig& config, DriverChecker* checks)
    : cpu_(cpu),
      checks_(checks),
      slots_(checked(config).pool.bytes / kBounceSlotBytes, false),
      pages_(config.coherent_area.bytes / config.page_bytes, false) {
    state_.config = config;
}

void StreamingMap::tell(StreamingCall call) {
    call.at = cpu_.now();
    if (checks_ != nullptr) {
        checks_->streaming(call, state_);
    }
}

void StreamingMap::note(StreamingMapping& mapping, bool for_device) {
    const bool handed_over = mapping.kind == MappingKind::Single || mapping.kind == MappingKind::List;
    if (notes_ == nullptr || !handed_over || std::exchange(mapping.noted, for_device) == for_device) {
        return;
    }
    const DmaDirection way = mapping.direction == Direction::ToDevice     ? DmaDirection::ToDevice
                             : mapping.direction == Direction::FromDevice ? DmaDirection::FromDevice
                                                                          : DmaDirection::Both;
    for (std::size_t number = 0; number < mapping.segments.size(); ++number) {
        const Segment& segment = mapping.segments[number];
        const std::uint64_t seen = mapping.bounce[number] != 0 ? mapping.bounce[number] : segment.address;
        if (for_device) {
            notes_->map(way, seen, segment.bytes, cpu_.now());
        } else {
            // No claim that the device has moved all of it: drivers take buffers back that were never used.
            notes_->completed(seen, 0, cpu_.now());
        }
    }
}

bool StreamingMap::add(StreamingMapping mapping) {
    mapping.at = cpu_.now();
    note(mapping, true);  // Behind the maintenance: from here on the memory is the device's.
    state_.out_of_records = state_.out_of_records || state_.live.size() >= state_.config.records;
    state_.live.push_back(std::move(mapping));
    return true;
}

std::size_t StreamingMap::index_of(DeviceId device, std::uint64_t dma) const {
    for (std::size_t number = 0; number < state_.live.size(); ++number) {
        if (state_.live[number].device == device && state_.live[number].dma == dma) {
            return number;
        }
    }
    return state_.live.size();
}

void StreamingMap::copy(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
    scratch_.resize(bytes);
    cpu_.read(from, scratch_.data(), bytes);
    cpu_.write(to, scratch_.data(), bytes);
}

std::uint64_t StreamingMap::take_slots(const StreamingDevice& device, std::uint64_t address, std::uint64_t bytes) {
    const std::uint64_t mask = device.min_align_mask;
    const std::uint64_t offset = address & mask;
    const std::uint64_t within = offset % kBounceSlotBytes;
    const std::uint64_t count = (within + bytes + kBounceSlotBytes - 1) / kBounceSlotBytes;
    if (bytes == 0 || count > kBounceSetSlots) {
        return 0;
    }
    for (std::size_t first = 0; first + count <= slots_.size(); ++first) {
        const std::uint64_t begin = state_.config.pool.base + first * kBounceSlotBytes;
        const bool one_set = first / kBounceSetSlots == (first + count - 1) / kBounceSetSlots;
        const auto from = slots_.begin() + static_cast<std::ptrdiff_t>(first);
        if (one_set && ((begin + within) & mask) == offset &&
            std::find(from, from + static_cast<std::ptrdiff_t>(count), true) ==
                from + static_cast<std::ptrdiff_t>(count)) {
            std::fill_n(from, count, true);
            return begin + within;
        }
    }
    return 0;
}

void StreamingMap::give_slots(std::uint64_t bounce, std::uint64_t bytes) {
    const std::uint64_t offset = bounce - state_.config.pool.base;
    const std::uint64_t first = offset / kBounceSlotBytes;
    const std::uint64_t last = (offset + bytes - 1) / kBounceSlotBytes;
    std::fill_n(slots_.begin() + static_cast<std::ptrdiff_t>(first), last - first + 1, false);
}

std::uint64_t StreamingMap::place(DeviceId device, const Segment& segment, Direction direction, std::uint64_t& bounce) {
    const StreamingDevice& description = state_.devices[device];
    const StreamingConfig& config = state_.config;
    const std::uint64_t last = segment.address + segment.bytes - 1;
    const bool far = last < segment.address || (description.address_bits < 64 && last >> description.address_bits != 0);
    const bool exposes =
        description.untrusted && (segment.address % config.page_bytes != 0 || segment.bytes % config.page_bytes != 0);
    const bool torn = config.bounce_unaligned && !config.coherent && from_device(direction) &&
                      (segment.address % config.cache_line != 0 || segment.bytes % config.cache_line != 0);
    bounce = 0;
    if (!far && !exposes && !torn) {
        return segment.address;
    }
    bounce = take_slots(description, segment.address, segment.bytes);
    return bounce == 0 ? kMappingError : bounce;
}

void StreamingMap::synchronise(const StreamingMapping& mapping, std::size_t number, std::uint64_t offset,
                               std::uint64_t bytes, Direction direction, bool for_cpu) {
    const Segment& segment = mapping.segments[number];
    const std::uint64_t original = segment.address + offset;
    const std::uint64_t copied = mapping.bounce[number] == 0 ? 0 : mapping.bounce[number] + offset;
    const std::uint64_t seen = copied != 0 ? copied : original;
    if (!for_cpu) {
        if (copied != 0 && to_device(direction)) {
            copy(original, copied, bytes);
        }
        if (!state_.config.coherent) {
            if (from_device(direction)) {
                cpu_.clean_invalidate(seen, bytes);
            } else {
                cpu_.clean(seen, bytes);
            }
        }
        return;
    }
    if (from_device(direction)) {
        if (!state_.config.coherent) {
            cpu_.invalidate(seen, bytes);
        }
        if (copied != 0) {
            copy(copied, original, bytes);
        }
    }
}

std::uint64_t StreamingMap::map_single(DeviceId device, std::uint64_t address, std::uint64_t bytes, Direction direction,
                                       MapAttributes attributes) {
    StreamingCall call = call_of(Routine::MapSingle, device, MappingKind::Single, 0, address, bytes, direction);
    call.attributes = attributes;
    tell(call);
    if (bytes == 0 || !state_.kind_of(address)) {
        return kMappingError;
    }
    StreamingMapping mapping;
    mapping.device = device;
    mapping.address = address;
    mapping.bytes = bytes;
    mapping.direction = direction;
    mapping.attributes = attributes;
    mapping.segments = {{address, bytes, 0, 0}};
    mapping.bounce.resize(1);
    mapping.dma = place(device, mapping.segments[0], direction, mapping.bounce[0]);
    if (mapping.dma == kMappingError) {
        return kMappingError;
    }
    if (mapping.bounce[0] != 0) {
        copy(address, mapping.bounce[0], bytes);  // Also of reads: bytes that the device leaves alone stay (BB-06).
    }
    if (!attributes.skip_sync && !state_.config.coherent) {
        const std::uint64_t seen = mapping.bounce[0] != 0 ? mapping.bounce[0] : address;
        if (from_device(direction)) {
            cpu_.clean_invalidate(seen, bytes);
        } else {
            cpu_.clean(seen, bytes);
        }
    }
    const std::uint64_t dma = mapping.dma;
    add(std::move(mapping));
    return dma;
}

std::uint64_t StreamingMap::map_resource(DeviceId device, std::uint64_t physical, std::uint64_t bytes,
                                         Direction direction) {
    StreamingCall call = call_of(Routine::MapResource, device, MappingKind::Resource, 0, physical, bytes, direction);
    tell(call);
    if (bytes == 0) {
        return kMappingError;
    }
    StreamingMapping mapping;
    mapping.device = device;
    mapping.kind = MappingKind::Resource;
    mapping.address = mapping.dma = physical;
    mapping.bytes = bytes;
    mapping.direction = direction;
    mapping.segments = {{physical, bytes, physical, bytes}};
    mapping.bounce = {0};
    mapping.attributes.skip_sync = true;
    add(std::move(mapping));
    return physical;
}

std::size_t StreamingMap::map_list(DeviceId device, std::vector<Segment>& segments, Direction direction,
                                   MapAttributes attributes) {
    StreamingCall call = call_of(Routine::MapList, device, MappingKind::List, 0, 0, 0);
    call.segments = &segments;
    call.entries = segments.size();
    call.direction = direction;
    call.attributes = attributes;
    call.address = segments.empty() ? 0 : segments.front().address;
    tell(call);
    StreamingMapping mapping;
    mapping.device = device;
    mapping.kind = MappingKind::List;
    mapping.direction = direction;
    mapping.attributes = attributes;
    mapping.bounce.resize(segments.size());
    std::vector<std::uint64_t> places;
    bool possible = !segments.empty();
    for (std::size_t number = 0; number < segments.size() && possible; ++number) {
        const std::uint64_t dma = segments[number].bytes == 0 || !state_.kind_of(segments[number].address)
                                      ? kMappingError
                                      : place(device, segments[number], direction, mapping.bounce[number]);
        possible = dma != kMappingError;
        places.push_back(dma);
    }
    if (!possible) {
        for (std::size_t number = 0; number < segments.size(); ++number) {
            if (mapping.bounce[number] != 0) {
                give_slots(mapping.bounce[number], segments[number].bytes);
            }
        }
        return 0;
    }
    // Neighbours become one piece, as far as the device takes it (SG-15).
    const StreamingDevice& description = state_.devices[device];
    std::size_t pieces = 0;
    for (std::size_t number = 0; number < segments.size(); ++number) {
        Segment* last = pieces == 0 ? nullptr : &segments[pieces - 1];
        const std::uint64_t bytes = segments[number].bytes;
        const bool joins =
            last != nullptr && last->dma + last->dma_bytes == places[number] &&
            last->dma_bytes + bytes <= description.max_segment &&
            (last->dma & ~description.boundary_mask) == ((places[number] + bytes - 1) & ~description.boundary_mask);
        if (joins) {
            last->dma_bytes += bytes;
        } else {
            segments[pieces].dma = places[number];
            segments[pieces].dma_bytes = bytes;
            ++pieces;
        }
        if (mapping.bounce[number] != 0) {
            copy(segments[number].address, mapping.bounce[number], bytes);
        }
        mapping.bytes += bytes;
    }
    mapping.address = segments.front().address;
    mapping.dma = segments.front().dma;
    mapping.segments = segments;
    for (std::size_t number = 0; number < segments.size() && !attributes.skip_sync && !state_.config.coherent;
         ++number) {
        const std::uint64_t seen = mapping.bounce[number] != 0 ? mapping.bounce[number] : segments[number].address;
        if (from_device(direction)) {
            cpu_.clean_invalidate(seen, segments[number].bytes);
        } else {
            cpu_.clean(seen, segments[number].bytes);
        }
    }
    add(std::move(mapping));
    return pieces;
}

bool StreamingMap::mapping_error(DeviceId device, std::uint64_t dma) {
    StreamingCall call = call_of(Routine::MappingError, device, MappingKind::Single, dma, 0, 0);
    tell(call);
    const std::size_t index = index_of(device, dma);
    if (index < state_.live.size()) {
        state_.live[index].checked = true;
    }
    return dma == kMappingError;
}

void StreamingMap::remove(std::size_t index, bool copy_back) {
    StreamingMapping mapping = std::move(state_.live[index]);
    note(mapping, false);
    state_.live.erase(state_.live.begin() + static_cast<std::ptrdiff_t>(index));
    for (std::size_t number = 0; number < mapping.segments.size(); ++number) {
        if (copy_back && !mapping.attributes.skip_sync) {
            synchronise(mapping, number, 0, mapping.segments[number].bytes, mapping.direction, true);
        }
        if (mapping.bounce[number] != 0) {
            give_slots(mapping.bounce[number], mapping.segments[number].bytes);
        }
    }
}

void StreamingMap::unmap_single(DeviceId device, std::uint64_t dma, std::uint64_t bytes, Direction direction,
                                MappingKind kind) {
    StreamingCall call = call_of(Routine::UnmapSingle, device, kind, dma, 0, bytes, direction);
    tell(call);
    const std::size_t index = index_of(device, dma);
    if (index < state_.live.size()) {
        remove(index, true);
    }
}

void StreamingMap::unmap_list(DeviceId device, const std::vector<Segment>& segments, std::size_t entries,
                              Direction direction) {
    StreamingCall call = call_of(Routine::UnmapList, device, MappingKind::List,
                                 segments.empty() ? kMappingError : segments.front().dma, 0, 0);
    call.entries = entries;
    call.direction = direction;
    for (const Segment& segment : segments) {
        call.bytes += segment.bytes;
    }
    tell(call);
    const std::size_t index = index_of(device, call.dma);
    if (index < state_.live.size()) {
        remove(index, true);
    }
}

void StreamingMap::sync(Routine routine, DeviceId device, std::uint64_t dma, std::uint64_t bytes, Direction direction) {
    StreamingCall call = call_of(routine, device, MappingKind::Single, dma, 0, bytes, direction);
    tell(call);
    const StreamingMapping* found = state_.containing(device, dma);
    if (found == nullptr || found->kind != MappingKind::Single) {
        return;
    }
    StreamingMapping& mapping = state_.live[static_cast<std::size_t>(found - state_.live.data())];
    const std::uint64_t offset = dma - mapping.dma;
    const bool for_cpu = routine == Routine::SyncForCpu;
    const bool whole = offset == 0 && bytes >= mapping.bytes;
    if (whole && for_cpu) {
        note(mapping, false);
    }
    synchronise(mapping, 0, offset, std::min(bytes, mapping.bytes - offset), direction, for_cpu);
    if (whole && !for_cpu) {
        note(mapping, true);
    }
}

void StreamingMap::sync_for_cpu(DeviceId device, std::uint64_t dma, std::uint64_t bytes, Direction direction) {
    sync(Routine::SyncForCpu, device, dma, bytes, direction);
}
void StreamingMap::sync_for_device(DeviceId device, std::uint64_t dma, std::uint64_t bytes, Direction direction) {
    sync(Routine::SyncForDevice, device, dma, bytes, direction);
}

void StreamingMap::sync_list(Routine routine, DeviceId device, const std::vector<Segment>& segments,
                             std::size_t entries, Direction direction) {
    StreamingCall call =
        call_of(routine, device, MappingKind::List, segments.empty() ? kMappingError : segments.front().dma, 0, 0);
    call.entries = entries;
    call.direction = direction;
    for (const Segment& segment : segments) {
        call.bytes += segment.bytes;
    }
    tell(call);
    const std::size_t index = index_of(device, call.dma);
    if (index >= state_.live.size() || state_.live[index].kind != MappingKind::List) {
        return;
    }
    StreamingMapping& mapping = state_.live[index];
    const bool for_cpu = routine == Routine::SyncListForCpu;
    const bool whole = entries >= mapping.segments.size();
    if (whole && for_cpu) {
        note(mapping, false);
    }
    for (std::size_t number = 0; number < std::min(entries, mapping.segments.size()); ++number) {
        synchronise(mapping, number, 0, mapping.segments[number].bytes, direction, for_cpu);
    }
    if (whole && !for_cpu) {
        note(mapping, true);
    }
}

void StreamingMap::sync_list_for_cpu(DeviceId device, const std::vector<Segment>& segments, std::size_t entries,
                                     Direction direction) {
    sync_list(Routine::SyncListForCpu, device, segments, entries, direction);
}
void StreamingMap::sync_list_for_device(DeviceId device, const std::vector<Segment>& segments, std::size_t entries,
                                        Direction direction) {
    sync_list(Routine::SyncListForDevice, device, segments, entries, direction);
}

std::uint64_t StreamingMap::allocate_coherent(DeviceId device, std::uint64_t bytes, bool coherent, std::uint64_t& dma) {
    dma = kMappingError;
    StreamingCall call =
        call_of(Routine::AllocateCoherent, device, coherent ? MappingKind::Coherent : MappingKind::NonCoherent, 0, 0,
                bytes, Direction::Both);
    tell(call);
    const StreamingDevice& description = state_.devices[device];
    const std::uint64_t page = state_.config.page_bytes;
    const std::uint64_t count = bytes / page + (bytes % page != 0 ? 1 : 0);
    std::uint64_t run = 0;
    for (std::size_t number = 0; number < pages_.size() && count > 0; ++number) {
        run = pages_[number] ? 0 : run + 1;
        if (run < count) {
            continue;
        }
        const std::size_t first = number + 1 - count;
        const std::uint64_t address = state_.config.coherent_area.base + first * page;
        if (description.address_bits < 64 && (address + bytes - 1) >> description.address_bits != 0) {
            return 0;
        }
        std::fill_n(pages_.begin() + static_cast<std::ptrdiff_t>(first), count, true);
        StreamingMapping mapping;
        mapping.device = device;
        mapping.kind = call.kind;
        mapping.address = mapping.dma = dma = address;
        mapping.bytes = bytes;
        mapping.direction = Direction::Both;
        mapping.segments = {{address, bytes, address, bytes}};
        mapping.bounce = {0};
        mapping.attributes.skip_sync = true;
        mapping.checked = true;
        add(std::move(mapping));
        if (!state_.config.coherent) {
            cpu_.clean_invalidate(address, count * page);
        }
        return address;
    }
    return 0;
}

void StreamingMap::free_coherent(DeviceId device, std::uint64_t bytes, std::uint64_t address, std::uint64_t dma,
                                 bool coherent) {
    StreamingCall call =
        call_of(Routine::FreeCoherent, device, coherent ? MappingKind::Coherent : MappingKind::NonCoherent, dma,
                address, bytes, Direction::Both);
    tell(call);
    const std::size_t index = index_of(device, dma);
    if (index >= state_.live.size() ||
        (state_.live[index].kind != MappingKind::Coherent && state_.live[index].kind != MappingKind::NonCoherent)) {
        return;
    }
    const std::uint64_t page = state_.config.page_bytes;
    const std::uint64_t first = (state_.live[index].address - state_.config.coherent_area.base) / page;
    const std::uint64_t size = state_.live[index].bytes;
    std::fill_n(pages_.begin() + static_cast<std::ptrdiff_t>(first), size / page + (size % page != 0 ? 1 : 0), false);
    remove(index, false);
}

void StreamingMap::unbind_driver(DeviceId device) {
    StreamingCall call = call_of(Routine::UnbindDriver, device, MappingKind::Single, 0, 0, 0);
    tell(call);
}

std::string StreamingMap::dump() const {
    std::ostringstream text;
    for (const StreamingMapping& mapping : state_.live) {
        text << "device " << mapping.device << ": " << name_of(mapping.kind) << " at " << detail::hex(mapping.dma)
             << " = memory " << detail::hex(mapping.address) << ", " << mapping.bytes << " bytes "
             << name_of(mapping.direction) << ", since cycle " << mapping.at.count()
             << (mapping.checked ? "" : ", never tested for an error") << "\n";
    }
    return text.str();
}

}  // namespace dmasim::dma
