// SPDX-License-Identifier: Apache-2.0
#include "run.h"

namespace dmasim::cli::dma_steps {

namespace {

using dma::Status;

Status get_adapter(const Call& call, Run& run, bool obsolete) {
    std::uint32_t granted = 0;
    dma::Adapter& adapter = run.adapter(call);
    adapter = obsolete ? run.operations.hal_get_adapter(call.device, call.description, granted)
                       : run.operations.get_dma_adapter(call.device, call.description, granted);
    run.value = granted;
    return adapter ? Status::Success : Status::NotSupported;
}

dma::AdapterControl keep_base(const Call& call, Run& run) {
    return [&run, name = call.allocation, action = call.action](dma::RegisterBase base) {
        run.bases[name] = base;
        return action;
    };
}

dma::ListControl keep_list(const Call& call, Run& run) {
    return [&run, name = call.allocation](const dma::ScatterGatherList& list) {
        run.lists[name] = list;
        run.mapped = list.elements;
    };
}

Status keep_common(const Call& call, Run& run, const dma::CommonBuffer& buffer) {
    run.common[call.allocation] = buffer;
    run.buffers[call.allocation] = dma::make_contiguous_mdl(buffer.address, buffer.asked);
    return buffer ? Status::Success : Status::InsufficientResources;
}

Status map(const Call& call, Run& run) {
    const dma::Mdl& mdl = run.buffers[call.buffer];
    const dma::MappedBlock block = run.adapter(call).map_transfer(
        &mdl, run.bases[call.allocation], mdl.virtual_address + call.offset, bytes_of(call, mdl), call.direction);
    run.mapped.clear();
    run.value = block.bytes;
    if (block.bytes == 0) {
        return Status::InvalidParameter;
    }
    run.mapped.push_back({block.logical, block.bytes});
    return Status::Success;
}

}  // namespace

const Handlers& version_1_and_2() {
    static const Handlers kHandlers{
        {"hal_get_adapter", [](const Call& call, StepRuntime&, Run& run) { return get_adapter(call, run, true); }},
        {"get_dma_adapter", [](const Call& call, StepRuntime&, Run& run) { return get_adapter(call, run, false); }},
        {"put_dma_adapter",
         [](const Call& call, StepRuntime&, Run& run) {
             run.adapter(call).put_dma_adapter();
             return Status::Success;
         }},
        {"ke_flush_io_buffers",
         [](const Call& call, StepRuntime&, Run& run) {
             run.operations.ke_flush_io_buffers(&run.buffers[call.buffer], call.direction == dma::Direction::FromDevice,
                                                true);
             return Status::Success;
         }},
        {"allocate_adapter_channel",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).allocate_adapter_channel(call.device, call.registers, keep_base(call, run));
         }},
        {"map_transfer", [](const Call& call, StepRuntime&, Run& run) { return map(call, run); }},
        {"flush_adapter_buffers",
         [](const Call& call, StepRuntime&, Run& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             const bool flushed = run.adapter(call).flush_adapter_buffers(&mdl, run.bases[call.allocation],
                                                                          mdl.virtual_address + call.offset,
                                                                          bytes_of(call, mdl), call.direction);
             return flushed ? Status::Success : Status::Unsuccessful;
         }},
        {"free_adapter_channel",
         [](const Call& call, StepRuntime&, Run& run) { return run.adapter(call).free_adapter_channel(); }},
        {"free_map_registers",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).free_map_registers(run.bases[call.allocation], call.registers);
         }},
        {"get_dma_alignment",
         [](const Call& call, StepRuntime&, Run& run) {
             run.value = run.adapter(call).get_dma_alignment();
             return Status::Success;
         }},
        {"read_dma_counter",
         [](const Call& call, StepRuntime&, Run& run) {
             run.value = run.adapter(call).read_dma_counter();
             return Status::Success;
         }},
        {"get_scatter_gather_list",
         [](const Call& call, StepRuntime&, Run& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             return run.adapter(call).get_scatter_gather_list(call.device, &mdl, mdl.virtual_address + call.offset,
                                                              bytes_of(call, mdl), keep_list(call, run),
                                                              call.direction);
         }},
        {"put_scatter_gather_list",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).put_scatter_gather_list(run.lists[call.allocation], call.direction);
         }},
        {"calculate_scatter_gather_list_size",
         [](const Call& call, StepRuntime&, Run& run) {
             // Without a buffer: the most that `size` bytes can take.
             const dma::Mdl* mdl = call.buffer.empty() ? nullptr : &run.buffers[call.buffer];
             const std::uint64_t va = (mdl == nullptr ? 0 : mdl->virtual_address) + call.offset;
             std::uint64_t size = 0;
             std::uint64_t registers = 0;
             const Status status = run.adapter(call).calculate_scatter_gather_list_size(
                 mdl, va, mdl == nullptr ? call.size.value_or(0) : bytes_of(call, *mdl), size, registers);
             run.value = size;
             return status;
         }},
        {"build_scatter_gather_list",
         [](const Call& call, StepRuntime&, Run& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             return run.adapter(call).build_scatter_gather_list(
                 call.device, &mdl, mdl.virtual_address + call.offset, bytes_of(call, mdl), keep_list(call, run),
                 call.direction, call.elements == 0 ? 0 : dma::list_bytes(call.elements));
         }},
        {"build_mdl_from_scatter_gather_list",
         [](const Call& call, StepRuntime&, Run& run) {
             dma::Mdl mdl;
             const Status status =
                 run.adapter(call).build_mdl_from_scatter_gather_list(run.lists[call.allocation], mdl);
             if (status == Status::Success) {
                 run.buffers[call.buffer] = mdl;
             }
             return status;
         }},
        {"allocate_common_buffer",
         [](const Call& call, StepRuntime&, Run& run) {
             return keep_common(call, run,
                                run.adapter(call).allocate_common_buffer(call.size.value_or(0), call.cached));
         }},
        {"free_common_buffer",
         [](const Call& call, StepRuntime&, Run& run) {
             const dma::CommonBuffer& buffer = run.common[call.allocation];
             return run.adapter(call).free_common_buffer(call.size.value_or(buffer.asked), buffer.logical,
                                                         buffer.address, call.cached);
         }},
        {"allocate_common_buffer_ex",
         [](const Call& call, StepRuntime&, Run& run) {
             return keep_common(
                 call, run,
                 run.adapter(call).allocate_common_buffer_ex(call.bounds.highest, call.size.value_or(0), call.cached));
         }},
        {"allocate_common_buffer_with_bounds",
         [](const Call& call, StepRuntime&, Run& run) {
             return keep_common(
                 call, run,
                 run.adapter(call).allocate_common_buffer_with_bounds(call.bounds, call.size.value_or(0), call.cached));
         }},
        {"allocate_domain_common_buffer",
         [](const Call& call, StepRuntime&, Run& run) {
             return keep_common(call, run,
                                run.adapter(call).allocate_domain_common_buffer(run.domains[call.domain], call.bounds,
                                                                                call.size.value_or(0), call.cached));
         }},
        {"create_common_buffer_from_mdl",
         [](const Call& call, StepRuntime&, Run& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             dma::CommonBuffer buffer;
             const Status status =
                 run.adapter(call).create_common_buffer_from_mdl(&mdl, call.offset, bytes_of(call, mdl), {}, buffer);
             if (status == Status::Success) {
                 keep_common(call, run, buffer);
             }
             return status;
         }},
        {"allocate_common_buffer_vector",
         [](const Call& call, StepRuntime&, Run& run) {
             std::uint32_t& vector = run.vectors[call.allocation];
             vector = run.adapter(call).allocate_common_buffer_vector(call.count, call.size.value_or(0), call.cached);
             return vector != 0 ? Status::Success : Status::InsufficientResources;
         }},
        {"get_common_buffer_from_vector",
         [](const Call& call, StepRuntime&, Run& run) {
             const dma::CommonBuffer buffer =
                 run.adapter(call).get_common_buffer_from_vector(run.vectors[call.allocation], call.index);
             if (buffer) {
                 run.buffers[call.buffer] = dma::make_contiguous_mdl(buffer.address, buffer.asked);
             }
             return buffer ? Status::Success : Status::InvalidParameter;
         }},
        {"free_common_buffer_from_vector",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).free_common_buffer_from_vector(run.vectors[call.allocation], call.index);
         }},
        {"free_common_buffer_vector",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).free_common_buffer_vector(run.vectors[call.allocation]);
         }},
    };
    return kHandlers;
}

}  // namespace dmasim::cli::dma_steps
