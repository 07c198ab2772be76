// SPDX-License-Identifier: Apache-2.0
// Mappings in the manner of Linux.
#include <utility>

#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

#include "run.h"

namespace dmasim::cli::dma_steps {

namespace {

using dma::Status;

dma::StreamingMap& map_of(StepRuntime& runtime, Run& run) {
    if (run.streaming == nullptr) {
        run.streaming = std::make_unique<dma::StreamingMap>(runtime.cpu(), run.streaming_config, &run.checks);
        run.streaming->set_notes(runtime.hardware().finding ? runtime.notes() : nullptr);
    }
    return *run.streaming;
}

/// Pieces of the named buffer, from the offset on.
std::vector<MemoryFragment> pieces_of(const Call& call, Run& run) {
    const dma::Mdl& mdl = run.buffers[call.buffer];
    return dma::pages_of(&mdl, call.offset, bytes_of(call, mdl), run.streaming_config.page_bytes);
}

/// Where a single mapping begins, and its bytes: of the named buffer as far as its pages follow each other.
std::pair<std::uint64_t, std::uint64_t> range_of(const Call& call, Run& run) {
    if (call.buffer.empty()) {
        return {call.address, call.size.value_or(0)};
    }
    std::pair<std::uint64_t, std::uint64_t> range{0, 0};
    for (const MemoryFragment& piece : pieces_of(call, run)) {
        range.first = range.second == 0 ? piece.address : range.first;
        if (piece.address != range.first + range.second) {
            break;
        }
        range.second += piece.bytes;
    }
    return range;
}

Status setup(const Call& call, Run& run) {
    if (run.streaming != nullptr) {
        return Status::InvalidDeviceRequest;
    }
    dma::StreamingConfig config = run.streaming_config;
    config.coherent_area = {call.address, call.size.value_or(0)};
    config.pool = {call.bounce, call.bounce_size};
    config.records = call.count != 0 ? call.count : config.records;
    config.dma_alignment = call.description.alignment > 1 ? call.description.alignment : config.dma_alignment;
    config.bounce_unaligned = call.bounce_unaligned;
    run.streaming_config = config;
    return Status::Success;
}

Status keep_single(const Call& call, Run& run, std::uint64_t dma, std::uint64_t address, std::uint64_t bytes) {
    run.mappings[call.allocation] = {dma, address, bytes, {}};
    run.mapped.clear();
    run.value = dma;
    if (dma == dma::kMappingError) {
        return Status::Unsuccessful;
    }
    run.mapped.push_back({dma, bytes});
    return Status::Success;
}

Status map_single(const Call& call, StepRuntime& runtime, Run& run) {
    const auto [address, bytes] = range_of(call, run);
    const std::uint64_t dma =
        map_of(runtime, run).map_single(call.device, address, bytes, call.direction, call.attributes);
    return keep_single(call, run, dma, address, bytes);
}

Status map_resource(const Call& call, StepRuntime& runtime, Run& run) {
    const std::uint64_t bytes = call.size.value_or(0);
    const std::uint64_t dma = map_of(runtime, run).map_resource(call.device, call.address, bytes, call.direction);
    return keep_single(call, run, dma, call.address, bytes);
}

Status map_list(const Call& call, StepRuntime& runtime, Run& run) {
    Mapped mapped;
    for (const MemoryFragment& piece : pieces_of(call, run)) {
        mapped.segments.push_back({piece.address, piece.bytes, 0, 0});
    }
    const std::size_t count =
        map_of(runtime, run).map_list(call.device, mapped.segments, call.direction, call.attributes);
    run.mapped.clear();
    for (std::size_t number = 0; number < count; ++number) {
        run.mapped.push_back({mapped.segments[number].dma, mapped.segments[number].dma_bytes});
    }
    mapped.dma = count == 0 ? dma::kMappingError : mapped.segments.front().dma;
    if (count == 0) {
        mapped.segments.clear();
    }
    run.mappings[call.allocation] = mapped;
    run.value = count;
    return count == 0 ? Status::Unsuccessful : Status::Success;
}

/// The device's address that the call means: that of the mapping, unless it says another one.
std::uint64_t dma_of(const Call& call, const Mapped& mapped) {
    if (call.has_address) {
        return call.address;
    }
    return mapped.dma == dma::kMappingError ? mapped.dma : mapped.dma + call.offset;
}

using Sync = void (dma::StreamingMap::*)(dma::DeviceId, std::uint64_t, std::uint64_t, dma::Direction);
using SyncList = void (dma::StreamingMap::*)(dma::DeviceId, const std::vector<dma::Segment>&, std::size_t,
                                             dma::Direction);

template <Sync kSync>
Status sync(const Call& call, StepRuntime& runtime, Run& run) {
    const Mapped& mapped = run.mappings[call.allocation];
    const std::uint64_t rest = mapped.bytes > call.offset ? mapped.bytes - call.offset : 0;
    (map_of(runtime, run).*kSync)(call.device, dma_of(call, mapped), call.size.value_or(rest), call.direction);
    return Status::Success;
}

template <SyncList kSync>
Status sync_list(const Call& call, StepRuntime& runtime, Run& run) {
    const Mapped& mapped = run.mappings[call.allocation];
    (map_of(runtime, run).*kSync)(call.device, mapped.segments, call.entries.value_or(mapped.segments.size()),
                                  call.direction);
    return Status::Success;
}

Status unmap_single(const Call& call, StepRuntime& runtime, Run& run) {
    const Mapped& mapped = run.mappings[call.allocation];
    map_of(runtime, run)
        .unmap_single(call.device, dma_of(call, mapped), call.size.value_or(mapped.bytes), call.direction,
                      call.mapping_kind);
    return Status::Success;
}

Status unmap_list(const Call& call, StepRuntime& runtime, Run& run) {
    const Mapped& mapped = run.mappings[call.allocation];
    map_of(runtime, run)
        .unmap_list(call.device, mapped.segments, call.entries.value_or(mapped.segments.size()), call.direction);
    return Status::Success;
}

Status mapping_error(const Call& call, StepRuntime& runtime, Run& run) {
    const bool failed = map_of(runtime, run).mapping_error(call.device, run.mappings[call.allocation].dma);
    return failed ? Status::Unsuccessful : Status::Success;
}

Status allocate_coherent(const Call& call, StepRuntime& runtime, Run& run) {
    Mapped mapped;
    mapped.bytes = call.size.value_or(0);
    mapped.address = map_of(runtime, run).allocate_coherent(call.device, mapped.bytes, call.coherent, mapped.dma);
    run.mappings[call.allocation] = mapped;
    run.value = mapped.address;
    if (mapped.address == 0) {
        return Status::InsufficientResources;
    }
    run.buffers[call.allocation] = dma::make_contiguous_mdl(mapped.address, mapped.bytes);
    return Status::Success;
}

Status free_coherent(const Call& call, StepRuntime& runtime, Run& run) {
    const Mapped& mapped = run.mappings[call.allocation];
    map_of(runtime, run)
        .free_coherent(call.device, call.size.value_or(mapped.bytes), call.has_address ? call.address : mapped.address,
                       mapped.dma, call.coherent);
    return Status::Success;
}

Status describe_device(const Call& call, StepRuntime& runtime, Run& run) {
    dma::StreamingDevice device;
    device.address_bits = call.description.address_bits;
    device.max_segment = call.description.element_bytes != 0 ? call.description.element_bytes : device.max_segment;
    device.boundary_mask = call.description.boundary != 0 ? call.description.boundary - 1 : device.boundary_mask;
    device.min_align_mask = call.description.alignment - 1;
    device.untrusted = call.untrusted;
    map_of(runtime, run).set_device(call.device, device);
    return Status::Success;
}

}  // namespace

const Handlers& streaming() {
    using Map = dma::StreamingMap;
    static const Handlers kHandlers{
        {"streaming", [](const Call& call, StepRuntime&, Run& run) { return setup(call, run); }},
        {"streaming_device", &describe_device},
        {"region",
         [](const Call& call, StepRuntime&, Run& run) {
             // The last one that is named is the first one that is asked.
             auto& regions = run.streaming_config.regions;
             if (run.streaming != nullptr) {
                 return Status::InvalidDeviceRequest;
             }
             regions.insert(regions.begin(), {{call.address, call.size.value_or(0)}, call.region});
             return Status::Success;
         }},
        {"map_single", &map_single},
        {"map_resource", &map_resource},
        {"map_list", &map_list},
        {"mapping_error", &mapping_error},
        {"unmap_single", &unmap_single},
        {"unmap_list", &unmap_list},
        {"sync_for_cpu", &sync<&Map::sync_for_cpu>},
        {"sync_for_device", &sync<&Map::sync_for_device>},
        {"sync_list_for_cpu", &sync_list<&Map::sync_list_for_cpu>},
        {"sync_list_for_device", &sync_list<&Map::sync_list_for_device>},
        {"allocate_coherent", &allocate_coherent},
        {"free_coherent", &free_coherent},
        {"unbind_driver",
         [](const Call& call, StepRuntime& runtime, Run& run) {
             map_of(runtime, run).unbind_driver(call.device);
             return Status::Success;
         }},
    };
    return kHandlers;
}

}  // namespace dmasim::cli::dma_steps
