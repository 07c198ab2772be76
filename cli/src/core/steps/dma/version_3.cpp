// SPDX-License-Identifier: Apache-2.0
#include "run.h"

namespace dmasim::cli::dma_steps {

namespace {

using dma::Status;

/// The callback of a request, if it is to have one.
dma::AdapterControl control_of(const Call& call, Run& run) {
    if (call.synchronous && !call.callback) {
        return {};
    }
    return [&run, name = call.allocation, action = call.action](dma::RegisterBase base) {
        run.bases[name] = base;
        return action;
    };
}
dma::ListControl list_control_of(const Call& call, Run& run) {
    if (call.synchronous && !call.callback) {
        return {};
    }
    return [&run, name = call.allocation](const dma::ScatterGatherList& list) {
        run.lists[name] = list;
        run.mapped = list.elements;
    };
}

Status allocate(const Call& call, Run& run) {
    dma::AdapterControl control = control_of(call, run);
    dma::RegisterBase* base = control ? nullptr : &run.bases[call.allocation];
    return run.adapter(call).allocate_adapter_channel_ex(call.device, run.contexts[call.allocation], call.registers,
                                                         {call.synchronous}, std::move(control), base);
}

Status list(const Call& call, Run& run, bool build) {
    const dma::Mdl& mdl = run.buffers[call.buffer];
    dma::ListControl control = list_control_of(call, run);
    dma::ScatterGatherList made;
    dma::ScatterGatherList* place = control ? nullptr : &made;
    dma::Adapter& adapter = run.adapter(call);
    const dma::TransferContext& context = run.contexts[call.allocation];
    const Status status =
        build ? adapter.build_scatter_gather_list_ex(call.device, context, &mdl, call.offset, bytes_of(call, mdl),
                                                     {call.synchronous}, std::move(control), call.direction,
                                                     call.elements == 0 ? 0 : dma::list_bytes(call.elements), place)
              : adapter.get_scatter_gather_list_ex(call.device, context, &mdl, call.offset, bytes_of(call, mdl),
                                                   {call.synchronous}, std::move(control), call.direction, place);
    if (place != nullptr && status == Status::Success) {
        run.lists[call.allocation] = made;
        run.mapped = made.elements;
    }
    return status;
}

Status map(const Call& call, Run& run) {
    const dma::Mdl& mdl = run.buffers[call.buffer];
    std::uint64_t bytes = bytes_of(call, mdl);
    dma::CompletionRoutine routine;
    if (call.completion) {
        run.completed.reset();
        routine = [&run](dma::CompletionStatus status) { run.completed = status; };
    }
    const Status status =
        run.adapter(call).map_transfer_ex(&mdl, run.bases[call.allocation], call.offset, call.device_offset, bytes,
                                          call.direction, call.elements == 0 ? 0 : dma::list_bytes(call.elements),
                                          call.elements == 0 ? nullptr : &run.mapped, std::move(routine));
    run.value = status == Status::Success ? bytes : 0;
    return status;
}

}  // namespace

const Handlers& version_3() {
    static const Handlers kHandlers{
        {"get_dma_adapter_info",
         [](const Call& call, StepRuntime&, Run& run) {
             dma::AdapterInfo info;
             const Status status = run.adapter(call).get_dma_adapter_info(info);
             run.value = info.element_limit;
             return status;
         }},
        {"get_dma_transfer_info",
         [](const Call& call, StepRuntime&, Run& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             dma::TransferInfo info;
             const Status status = run.adapter(call).get_dma_transfer_info(
                 &mdl, call.offset, bytes_of(call, mdl), call.direction == dma::Direction::ToDevice, info);
             run.value = info.registers;
             return status;
         }},
        {"initialize_dma_transfer_context",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).initialize_dma_transfer_context(run.contexts[call.allocation]);
         }},
        {"allocate_adapter_channel_ex", [](const Call& call, StepRuntime&, Run& run) { return allocate(call, run); }},
        {"configure_adapter_channel",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).configure_adapter_channel(call.count, call.index);
         }},
        {"cancel_adapter_channel",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).cancel_adapter_channel(call.device, run.contexts[call.allocation])
                        ? Status::Success
                        : Status::Unsuccessful;
         }},
        {"map_transfer_ex", [](const Call& call, StepRuntime&, Run& run) { return map(call, run); }},
        {"flush_adapter_buffers_ex",
         [](const Call& call, StepRuntime&, Run& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             return run.adapter(call).flush_adapter_buffers_ex(&mdl, run.bases[call.allocation], call.offset,
                                                               bytes_of(call, mdl), call.direction);
         }},
        {"free_adapter_object",
         [](const Call& call, StepRuntime&, Run& run) {
             run.adapter(call).free_adapter_object(call.device, call.action);
             return Status::Success;
         }},
        {"cancel_mapped_transfer",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).cancel_mapped_transfer(run.contexts[call.allocation]);
         }},
        {"get_scatter_gather_list_ex", [](const Call& call, StepRuntime&, Run& run) { return list(call, run, false); }},
        {"build_scatter_gather_list_ex",
         [](const Call& call, StepRuntime&, Run& run) { return list(call, run, true); }},
        {"flush_dma_buffer",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.adapter(call).flush_dma_buffer(&run.buffers[call.buffer],
                                                       call.direction == dma::Direction::FromDevice);
         }},
        {"get_dma_domain",
         [](const Call& call, StepRuntime&, Run& run) {
             run.value = run.adapter(call).get_dma_domain();
             return Status::Success;
         }},
        {"join_dma_domain", [](const Call& call, StepRuntime&,
                               Run& run) { return run.adapter(call).join_dma_domain(run.domains[call.domain]); }},
        {"leave_dma_domain",
         [](const Call& call, StepRuntime&, Run& run) { return run.adapter(call).leave_dma_domain(); }},
    };
    return kHandlers;
}

}  // namespace dmasim::cli::dma_steps
