// SPDX-License-Identifier: Apache-2.0
//
// Mappings in the manner of Linux: the rules of its debugging of the DMA interface.
#include <algorithm>
#include <map>

#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

#include "rules.h"

namespace dmasim::dma::checks {

namespace {

const StreamingCall& call_of(const RuleView& view) {
    return *view.streaming;
}

bool called(const RuleView& view, Routine routine) {
    return view.streaming->routine == routine;
}

bool unmaps(const RuleView& view) {
    return called(view, Routine::UnmapSingle) || called(view, Routine::UnmapList) ||
           called(view, Routine::FreeCoherent);
}

bool syncs(const RuleView& view) {
    return called(view, Routine::SyncForCpu) || called(view, Routine::SyncForDevice) ||
           called(view, Routine::SyncListForCpu) || called(view, Routine::SyncListForDevice);
}

bool followed(const RuleView& view) {
    return !view.streaming_state->out_of_records;
}

/// The mapping that an unmap names; null if there is none.
const StreamingMapping* unmapped(const RuleView& view) {
    return followed(view) && unmaps(view) ? view.streaming_state->find(call_of(view).device, call_of(view).dma)
                                          : nullptr;
}

/// The mapping that a sync is about; null if there is none.
const StreamingMapping* synced(const RuleView& view) {
    return followed(view) && syncs(view) ? view.streaming_state->containing(call_of(view).device, call_of(view).dma)
                                         : nullptr;
}

Found unmap_of_an_error(const RuleView& view) {
    return unmaps(view) && call_of(view).dma == kMappingError ? FindingFields{} : Found{};
}

Found unmap_of_nothing(const RuleView& view) {
    if (!followed(view) || !unmaps(view) || call_of(view).dma == kMappingError || unmapped(view) != nullptr) {
        return {};
    }
    return FindingFields{{"address", call_of(view).dma}, {"size", call_of(view).bytes}};
}

Found other_size(const RuleView& view) {
    const StreamingMapping* mapping = unmapped(view);
    if (mapping == nullptr || mapping->bytes == call_of(view).bytes) {
        return {};
    }
    return FindingFields{{"address", mapping->dma}, {"mapped size", mapping->bytes}, {"size", call_of(view).bytes}};
}

Found other_kind(const RuleView& view) {
    const StreamingMapping* mapping = unmapped(view);
    if (mapping == nullptr || mapping->kind == call_of(view).kind) {
        return {};
    }
    return FindingFields{{"address", mapping->dma},
                         {"size", mapping->bytes},
                         {"mapped kind", name_of(mapping->kind)},
                         {"kind", name_of(call_of(view).kind)}};
}

Found other_cpu_address(const RuleView& view) {
    const StreamingMapping* mapping = called(view, Routine::FreeCoherent) ? unmapped(view) : nullptr;
    if (mapping == nullptr || mapping->address == call_of(view).address) {
        return {};
    }
    return FindingFields{
        {"address", mapping->dma}, {"mapped CPU address", mapping->address}, {"CPU address", call_of(view).address}};
}

Found other_entries(const RuleView& view) {
    const StreamingMapping* mapping = called(view, Routine::UnmapList) ? unmapped(view) : nullptr;
    if (mapping == nullptr || mapping->kind != MappingKind::List || mapping->segments.size() == call_of(view).entries) {
        return {};
    }
    return FindingFields{{"mapped entries", mapping->segments.size()}, {"entries", call_of(view).entries}};
}

Found other_direction(const RuleView& view) {
    const StreamingMapping* mapping = unmapped(view);
    if (mapping == nullptr || mapping->direction == call_of(view).direction) {
        return {};
    }
    return FindingFields{{"address", mapping->dma},
                         {"size", mapping->bytes},
                         {"mapped direction", name_of(mapping->direction)},
                         {"direction", name_of(call_of(view).direction)}};
}

Found never_tested(const RuleView& view) {
    const StreamingMapping* mapping = unmapped(view);
    if (mapping == nullptr || mapping->checked ||
        (mapping->kind != MappingKind::Single && mapping->kind != MappingKind::Resource)) {
        return {};
    }
    return FindingFields{{"address", mapping->dma}, {"size", mapping->bytes}, {"kind", name_of(mapping->kind)}};
}

template <typename Wrong>
Found of_memory(const RuleView& view, Wrong wrong) {
    const StreamingCall& call = call_of(view);
    const auto look = [&](std::uint64_t address, std::uint64_t bytes) -> Found {
        return wrong(view.streaming_state->kind_of(address)) ? FindingFields{{"address", address}, {"length", bytes}}
                                                             : Found{};
    };
    if (called(view, Routine::MapSingle)) {
        return look(call.address, call.bytes);
    }
    if (called(view, Routine::MapList)) {
        for (const Segment& segment : *call.segments) {
            if (const Found found = look(segment.address, segment.bytes)) {
                return found;
            }
        }
    }
    return {};
}

Found of_stack(const RuleView& view) {
    return of_memory(view, [](std::optional<RegionKind> kind) { return kind == RegionKind::Stack; });
}
Found of_code(const RuleView& view) {
    return of_memory(view, [](std::optional<RegionKind> kind) { return kind == RegionKind::ReadOnly; });
}
Found of_nothing(const RuleView& view) {
    return of_memory(view, [](std::optional<RegionKind> kind) { return !kind; });
}
Found of_virtual_memory(const RuleView& view) {
    if (!called(view, Routine::MapSingle)) {
        return {};
    }
    return of_memory(view, [](std::optional<RegionKind> kind) { return kind == RegionKind::VirtuallyContiguous; });
}

Found resource_of_memory(const RuleView& view) {
    if (!called(view, Routine::MapResource)) {
        return {};
    }
    const std::optional<RegionKind> kind = view.streaming_state->kind_of(call_of(view).address);
    return kind && kind != RegionKind::Device ? FindingFields{{"physical address", call_of(view).address}} : Found{};
}

const StreamingDevice* device_of(const RuleView& view) {
    const auto found = view.streaming_state->devices.find(call_of(view).device);
    return found == view.streaming_state->devices.end() ? nullptr : &found->second;
}

Found segment_too_long(const RuleView& view) {
    const StreamingDevice* device = device_of(view);
    if (!called(view, Routine::MapList) || device == nullptr) {
        return {};
    }
    for (const Segment& segment : *call_of(view).segments) {
        if (segment.bytes > device->max_segment) {
            return FindingFields{{"length", segment.bytes}, {"maximum", device->max_segment}};
        }
    }
    return {};
}

Found segment_crosses(const RuleView& view) {
    const StreamingDevice* device = device_of(view);
    if (!called(view, Routine::MapList) || device == nullptr) {
        return {};
    }
    for (const Segment& segment : *call_of(view).segments) {
        const std::uint64_t end = segment.address + segment.bytes - 1;
        if (segment.bytes > 0 && (segment.address & ~device->boundary_mask) != (end & ~device->boundary_mask)) {
            return FindingFields{
                {"start address", segment.address}, {"end address", end}, {"mask", device->boundary_mask}};
        }
    }
    return {};
}

Found sync_of_nothing(const RuleView& view) {
    if (!followed(view) || !syncs(view) || synced(view) != nullptr) {
        return {};
    }
    return FindingFields{{"address", call_of(view).dma}, {"size", call_of(view).bytes}};
}

Found sync_too_long(const RuleView& view) {
    const StreamingMapping* mapping = synced(view);
    if (mapping == nullptr || mapping->kind == MappingKind::List ||
        call_of(view).dma - mapping->dma + call_of(view).bytes <= mapping->bytes) {
        return {};
    }
    return FindingFields{{"address", mapping->dma}, {"mapped size", mapping->bytes}, {"size", call_of(view).bytes}};
}

FindingFields both_directions(const StreamingMapping& mapping, const StreamingCall& call) {
    return {{"address", call.dma},
            {"size", call.bytes},
            {"mapped direction", name_of(mapping.direction)},
            {"direction", name_of(call.direction)}};
}

Found sync_direction(const RuleView& view) {
    const StreamingMapping* mapping = synced(view);
    if (mapping == nullptr || mapping->direction == Direction::Both || mapping->direction == call_of(view).direction) {
        return {};
    }
    return both_directions(*mapping, call_of(view));
}

Found sync_of_unwritten(const RuleView& view) {
    const StreamingMapping* mapping = synced(view);
    const bool for_cpu = called(view, Routine::SyncForCpu) || called(view, Routine::SyncListForCpu);
    if (mapping == nullptr || !for_cpu || mapping->direction != Direction::ToDevice ||
        call_of(view).direction == Direction::ToDevice) {
        return {};
    }
    return both_directions(*mapping, call_of(view));
}

Found sync_of_unread(const RuleView& view) {
    const StreamingMapping* mapping = synced(view);
    const bool for_device = called(view, Routine::SyncForDevice) || called(view, Routine::SyncListForDevice);
    if (mapping == nullptr || !for_device || mapping->direction != Direction::FromDevice ||
        call_of(view).direction == Direction::FromDevice) {
        return {};
    }
    return both_directions(*mapping, call_of(view));
}

Found sync_entries(const RuleView& view) {
    const StreamingMapping* mapping = synced(view);
    if (mapping == nullptr || call_of(view).kind != MappingKind::List || mapping->kind != MappingKind::List ||
        mapping->segments.size() == call_of(view).entries) {
        return {};
    }
    return FindingFields{{"mapped entries", mapping->segments.size()}, {"entries", call_of(view).entries}};
}

/// How many live mappings have each line that the new mapping touches, the new one included; only those count that the
/// device may write.
std::map<std::uint64_t, std::uint64_t> shared_lines(const RuleView& view) {
    std::map<std::uint64_t, std::uint64_t> lines;
    const StreamingCall& call = call_of(view);
    const StreamingConfig& config = view.streaming_state->config;
    const bool single = called(view, Routine::MapSingle);
    if (!followed(view) || (!single && !called(view, Routine::MapList)) || call.direction == Direction::ToDevice ||
        call.attributes.skip_sync || config.dma_alignment < config.cache_line || config.bounce_unaligned) {
        return lines;
    }
    const auto each = [&](std::uint64_t address, std::uint64_t bytes, auto visit) {
        for (std::uint64_t line = address / config.cache_line;
             bytes > 0 && line <= (address + bytes - 1) / config.cache_line; ++line) {
            visit(line * config.cache_line);
        }
    };
    const std::vector<Segment> whole{{call.address, call.bytes, 0, 0}};
    for (const Segment& segment : single ? whole : *call.segments) {
        each(segment.address, segment.bytes, [&](std::uint64_t line) { lines.emplace(line, 1); });
    }
    for (const StreamingMapping& mapping : view.streaming_state->live) {
        const bool exempt = mapping.direction == Direction::ToDevice || mapping.attributes.skip_sync ||
                            (mapping.attributes.clean_cache && call.attributes.clean_cache);
        for (std::size_t place = 0; place < mapping.segments.size() && !exempt; ++place) {
            each(mapping.segments[place].address, mapping.segments[place].bytes, [&](std::uint64_t line) {
                const auto found = lines.find(line);
                if (found != lines.end()) {
                    ++found->second;
                }
            });
        }
    }
    return lines;
}

Found line_shared(const RuleView& view) {
    for (const auto& [line, count] : shared_lines(view)) {
        if (count > 1) {
            return FindingFields{{"address", call_of(view).address}, {"line address", line}};
        }
    }
    return {};
}

Found line_shared_by_many(const RuleView& view) {
    for (const auto& [line, count] : shared_lines(view)) {
        // The counter says how many there are beside the first.
        if (count - 1 > 7) {
            return FindingFields{{"line address", line}, {"mappings", count}};
        }
    }
    return {};
}

Found unbound_with_mappings(const RuleView& view) {
    if (!called(view, Routine::UnbindDriver) || !followed(view)) {
        return {};
    }
    std::uint64_t count = 0;
    const StreamingMapping* example = nullptr;
    for (const StreamingMapping& mapping : view.streaming_state->live) {
        if (mapping.device == call_of(view).device) {
            ++count;
            example = &mapping;
        }
    }
    if (count == 0) {
        return {};
    }
    return FindingFields{{"count", count},
                         {"example at address", example->dma},
                         {"size", example->bytes},
                         {"direction", name_of(example->direction)},
                         {"kind", name_of(example->kind)}};
}

Found records_used_up(const RuleView& view) {
    const bool makes = called(view, Routine::MapSingle) || called(view, Routine::MapList) ||
                       called(view, Routine::MapResource) || called(view, Routine::AllocateCoherent);
    return makes && followed(view) && view.streaming_state->live.size() >= view.streaming_state->config.records
               ? FindingFields{{"records", view.streaming_state->config.records}}
               : Found{};
}

}  // namespace

const std::vector<DriverRule>& streaming_rules() {
    constexpr RuleMoment kMoment = RuleMoment::Streaming;
    static const std::vector<DriverRule> kRules{
        {"LD-01", "", "unmap of a mapping that failed", "a test for an error between the map and this unmap", kMoment,
         unmap_of_an_error},
        {"LD-02", "", "unmap of an address that is not mapped", "a map before this unmap, or one unmap less", kMoment,
         unmap_of_nothing},
        {"LD-03", "", "unmap with another size", "the size of the map", kMoment, other_size},
        {"LD-04", "", "unmap by another routine than mapped", "the unmap that belongs to the routine that mapped",
         kMoment, other_kind},
        {"LD-05", "", "coherent memory freed with another CPU address", "the CPU address of the allocation", kMoment,
         other_cpu_address},
        {"LD-06", "", "list unmapped with another number of entries", "the number of entries of the map call", kMoment,
         other_entries},
        {"LD-07", "", "unmap with another direction", "the direction of the map", kMoment, other_direction},
        {"LD-08", "", "mapping never tested for an error", "mapping_error between the map and its unmap", kMoment,
         never_tested},
        {"LD-09", "", "mapping of stack memory", "memory of the heap instead of the stack's", kMoment, of_stack},
        {"LD-10", "", "mapping of code or read-only data", "a copy in memory that may be written and transferred",
         kMoment, of_code},
        {"LD-11", "", "mapping of an invalid address", "an address of memory", kMoment, of_nothing},
        {"LD-12", "", "single mapping of memory that is only virtually contiguous",
         "a list with an entry for each page", kMoment, of_virtual_memory},
        {"LD-13", "", "memory mapped as a device's registers", "map_single for memory", kMoment, resource_of_memory},
        {"LD-14", "", "segment longer than the device takes", "segments of at most the device's maximum", kMoment,
         segment_too_long},
        {"LD-15", "", "segment crosses the device's boundary", "segments that end at the device's boundary", kMoment,
         segment_crosses},
        {"LD-16", "", "sync of a range that is not mapped", "a live mapping at the time of the sync", kMoment,
         sync_of_nothing},
        {"LD-17", "", "sync reaches beyond its mapping", "a sync that ends with its mapping", kMoment, sync_too_long},
        {"LD-18", "", "sync with another direction than the mapping's", "the direction of the map", kMoment,
         sync_direction},
        {"LD-19", "", "sync for the CPU of what the device only reads",
         "nothing: the device does not write this buffer", kMoment, sync_of_unwritten},
        {"LD-20", "", "sync for the device of what it only writes", "nothing: the device does not read this buffer",
         kMoment, sync_of_unread},
        {"LD-21", "", "list synced with another number of entries", "the number of entries of the map call", kMoment,
         sync_entries},
        {"LD-22", "", "two mappings that the device may write share a cache line", "a cache line for each buffer",
         kMoment, line_shared},
        {"LD-23", "", "more than seven overlaps of a cache line", "an unmap for each map", kMoment,
         line_shared_by_many},
        {"LD-24", "", "driver unbound with live mappings", "an unmap of each mapping before the driver is unbound",
         kMoment, unbound_with_mappings},
        {"LD-25", "", "out of records: nothing is followed any more", "an unmap for each map, or more records", kMoment,
         records_used_up},
    };
    return kRules;
}

}  // namespace dmasim::dma::checks
