// SPDX-License-Identifier: Apache-2.0
//
// Version 3 of the operation table, but for lists and common buffers.
#include <algorithm>
#include <limits>
#include <utility>

#include "impl.h"

namespace dmasim::dma {

namespace {

/// Elements that a list buffer of `bytes` bytes has room for.
std::uint64_t elements_in(std::uint64_t bytes) {
    return bytes < list_bytes(0) ? 0 : (bytes - list_bytes(0)) / (list_bytes(1) - list_bytes(0));
}

}  // namespace

Status Adapter::get_dma_adapter_info(AdapterInfo& info) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::GetDmaAdapterInfo, id_);
    const AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr || info.version != 1) {
        return impl.leave(call, adapter == nullptr ? call.result : Status::NotSupported);
    }
    const SystemLimits limits = adapter->description.master ? SystemLimits{} : impl.limits_of(*adapter);
    info.read_counter_available = !adapter->description.master && limits.counter_readable;
    info.element_limit = adapter->description.master ? adapter->description.element_limit : limits.element_limit;
    info.address_bits = adapter->address_bits;
    info.minimum_unit = adapter->description.master ? adapter->description.minimum_unit : limits.unit_bytes;
    info.flags = 0;
    return impl.leave(call, Status::Success);
}

Status Adapter::get_dma_transfer_info(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes, bool write_only,
                                      TransferInfo& info) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::GetDmaTransferInfo, id_);
    set_range(call, mdl, offset, bytes, true);
    const AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr || info.version < 1 || info.version > 2) {
        return impl.leave(call, adapter == nullptr ? call.result : Status::NotSupported);
    }
    const std::uint64_t size = chain_bytes(mdl);
    if (offset >= size || bytes == 0 || bytes > size - offset) {
        return impl.leave(call, Status::InvalidParameter);
    }
    const DmaConfig& config = impl.state.config;
    const std::vector<MemoryFragment> pieces = pages_of(mdl, offset, bytes, config.page_bytes);
    info.registers = impl.needed(*adapter, mdl, offset, bytes, true);
    info.elements = pieces.size();
    // Lines at the ends that others share may have to be copied when the device writes (CF-16).
    if (!write_only && !config.coherent) {
        info.registers += pieces.front().address % config.cache_line != 0 ? 1 : 0;
        info.registers += (pieces.back().address + pieces.back().bytes) % config.cache_line != 0 ? 1 : 0;
    }
    info.list_bytes = list_bytes(info.elements);
    info.logical_pages = info.version >= 2 ? pieces.size() : 0;
    return impl.leave(call, Status::Success);
}

Status Adapter::initialize_dma_transfer_context(TransferContext& context) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::InitializeDmaTransferContext, id_);
    call.context = context.id;
    if (impl.enter(call) == nullptr) {
        return impl.leave(call, call.result);
    }
    const auto known = impl.state.contexts.find(context.id);
    if (known != impl.state.contexts.end()) {
        // Its memory is in use by a request.
        if (known->second.where == ContextState::Where::Pending || known->second.where == ContextState::Where::Owned) {
            return impl.leave(call, Status::InvalidParameter);
        }
        impl.state.contexts.erase(known);
    }
    context.id = impl.next_context++;
    impl.state.contexts[context.id] = ContextState{};
    call.context = context.id;
    return impl.leave(call, Status::Success);
}

Status Adapter::allocate_adapter_channel_ex(DeviceId device, const TransferContext& context, std::uint64_t registers,
                                            RequestFlags flags, AdapterControl control, RegisterBase* base) {
    if (base != nullptr) {
        *base = 0;
    }
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::AllocateAdapterChannelEx, id_, device);
    call.count = registers;
    call.context = context.id;
    call.flag = flags.synchronous;
    const AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    const auto known = impl.state.contexts.find(context.id);
    const bool both = base != nullptr && control != nullptr &&
                      impl.state.config.options.base_with_callback == DmaOptions::BaseWithCallback::Refused;
    if ((base == nullptr && !control) || (base != nullptr && !flags.synchronous) || (!flags.synchronous && !control) ||
        both || known == impl.state.contexts.end() || known->second.where == ContextState::Where::Pending ||
        known->second.where == ContextState::Where::Owned) {
        return impl.leave(call, Status::InvalidParameter);
    }
    if (known->second.where == ContextState::Where::PreCancelled) {
        known->second.where = ContextState::Where::Ready;
        return impl.leave(call, Status::Cancelled);
    }
    if (registers > adapter->granted) {
        return impl.leave(call, Status::InsufficientResources);
    }
    PendingRequest request;
    request.adapter = id_;
    request.device = device;
    request.registers = static_cast<std::uint32_t>(registers);
    request.context = context.id;
    request.routine = Routine::AllocateAdapterChannelEx;
    request.control = std::move(control);
    if (!flags.synchronous) {
        impl.leave(call, Status::Success);
        impl.request(std::move(request));
        return Status::Success;
    }
    // Who waits came before.
    const bool waited =
        std::any_of(impl.state.pending.begin(), impl.state.pending.end(), [&](const PendingRequest& other) {
            return impl.state.adapters.at(other.adapter).lock == adapter->lock && other.needs_channel;
        });
    Allocation* allocation = waited ? nullptr : impl.allocate(request);
    if (allocation == nullptr) {
        return impl.leave(call, Status::InsufficientResources);
    }
    call.base = allocation->base;
    impl.leave(call, Status::Success);
    if (base != nullptr) {
        *base = allocation->base;
    }
    if (request.control) {
        impl.run_control(*allocation, request.control);
    } else {
        allocation->synchronous = true;
    }
    return Status::Success;
}

bool Adapter::cancel_adapter_channel(DeviceId device, const TransferContext& context) {
    if (dma_ == nullptr) {
        return false;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::CancelAdapterChannel, id_, device);
    call.context = context.id;
    if (impl.enter(call) == nullptr) {
        impl.leave(call, call.result);
        return false;
    }
    const auto known = impl.state.contexts.find(context.id);
    if (known == impl.state.contexts.end()) {
        impl.leave(call, Status::InvalidParameter);
        return false;
    }
    ContextState& state = known->second;
    if (state.where == ContextState::Where::Ready) {
        state.where = ContextState::Where::PreCancelled;
        impl.leave(call, Status::Success);
        return false;  // Nothing waited; the next allocation will not.
    }
    auto& pending = impl.state.pending;
    const auto waiting = std::find_if(pending.begin(), pending.end(), [&](const PendingRequest& request) {
        return request.id == state.request && request.adapter == id_ && request.device == device;
    });
    if (state.where != ContextState::Where::Pending || waiting == pending.end()) {
        impl.leave(call, Status::Unsuccessful);
        return false;
    }
    pending.erase(waiting);
    state.where = ContextState::Where::Ready;
    call.flag = true;
    impl.leave(call, Status::Success);
    impl.pump();
    return true;
}

Status Adapter::configure_adapter_channel(std::uint32_t function, std::uint64_t value) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::ConfigureAdapterChannel, id_);
    call.count = function;
    const AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    if (impl.owner_of(*adapter) == nullptr) {
        return impl.leave(call, Status::InvalidDeviceRequest);
    }
    return impl.leave(call, impl.controller->configure(impl.cpu, adapter->description.channel, function, value));
}

Status Adapter::map_transfer_ex(const Mdl* mdl, RegisterBase base, std::uint64_t offset, std::uint32_t device_offset,
                                std::uint64_t& bytes, Direction direction, std::uint64_t buffer_bytes,
                                std::vector<Element>* list, CompletionRoutine completion) {
    if (list != nullptr) {
        list->clear();
    }
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::MapTransferEx, id_);
    set_range(call, mdl, offset, bytes, true);
    call.base = base;
    call.direction = direction;
    call.flag = completion != nullptr;
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    Allocation* allocation = impl.find(base);
    if (allocation == nullptr || allocation->adapter != id_ || !allocation->holds_registers) {
        return impl.leave(call, Status::InvalidParameter);
    }
    call.context = allocation->context;
    const bool master = adapter->description.master;
    const std::uint64_t size = chain_bytes(mdl);
    const bool has_list = list != nullptr && buffer_bytes != 0;
    if (offset >= size || bytes > size - offset || !allocation->mappings.empty() ||
        (master && (completion != nullptr || device_offset != 0 || !has_list)) ||
        (!master && !allocation->holds_channel) || (has_list && elements_in(buffer_bytes) == 0)) {
        return impl.leave(call, Status::InvalidParameter);
    }
    const auto context = impl.state.contexts.find(allocation->context);
    if (context != impl.state.contexts.end() && context->second.cancelled) {
        return impl.leave(call, Status::Cancelled);
    }
    if (bytes == 0) {
        const bool allowed = impl.state.config.options.zero_length_map == DmaOptions::ZeroLength::Allowed;
        return impl.leave(call, allowed ? Status::Success : Status::InvalidParameter);
    }
    const std::uint32_t device_limit =
        master ? adapter->description.element_limit : impl.limits_of(*adapter).element_limit;
    std::uint64_t elements = has_list ? elements_in(buffer_bytes) : impl.state.config.options.default_list_elements;
    elements = device_limit == 0 ? elements : std::min<std::uint64_t>(elements, device_limit);
    elements = master && !adapter->description.scatter_gather ? 1 : elements;
    DmaOperations::Impl::MapLimits limits;
    limits.elements = static_cast<std::uint32_t>(std::min<std::uint64_t>(elements, 1U << 20));
    limits.exact = true;
    limits.maintain = true;
    Mapping* mapping = impl.map(*adapter, *allocation, call, offset, limits);
    if (mapping == nullptr) {
        return impl.leave(call, Status::InsufficientResources);
    }
    // Before the transfer can end: its completion routine may look.
    bytes = mapping->bytes;
    call.moved = mapping->bytes;
    if (has_list) {
        *list = mapping->elements;
    }
    mapping->routine_at_end = std::move(completion);
    if (!master) {
        impl.start(*adapter, *mapping, device_offset);
    }
    return impl.leave(call, Status::Success);
}

Status Adapter::flush_adapter_buffers_ex(const Mdl* mdl, RegisterBase base, std::uint64_t offset, std::uint64_t bytes,
                                         Direction direction) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::FlushAdapterBuffersEx, id_);
    set_range(call, mdl, offset, bytes, true);
    call.base = base;
    call.direction = direction;
    AdapterState* adapter = impl.enter(call);
    Allocation* allocation = adapter == nullptr ? nullptr : impl.find(base);
    if (allocation == nullptr || allocation->adapter != id_ || allocation->mappings.empty()) {
        return impl.leave(call, adapter == nullptr ? call.result : Status::InvalidParameter);
    }
    const std::size_t index = impl.mapping_at(*allocation, mdl, offset);
    const Mapping& mapping = allocation->mappings[index];
    if (mapping.mdl != mdl || mapping.offset != offset || mapping.direction != direction || mapping.bytes != bytes) {
        return impl.leave(call, Status::InvalidParameter);
    }
    call.moved = bytes;
    const bool flushed = impl.unmap(*adapter, *allocation, index, bytes);
    return impl.leave(call, flushed ? Status::Success : Status::Unsuccessful);
}

void Adapter::free_adapter_object(DeviceId device, AllocationAction action) {
    if (dma_ == nullptr) {
        return;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::FreeAdapterObject, id_, device);
    call.action = action;
    const AdapterState* adapter = impl.enter(call);
    Allocation* owner = adapter == nullptr ? nullptr : impl.owner_of(*adapter);
    if (owner == nullptr || owner->device != device) {
        impl.leave(call, adapter == nullptr ? call.result : Status::InvalidDeviceRequest);
        return;
    }
    call.base = owner->base;
    impl.leave(call, Status::Success);
    if (action == AllocationAction::KeepObject) {
        return;
    }
    const RegisterBase base = owner->base;
    const bool outer = std::exchange(impl.pumping, true);
    if (action == AllocationAction::DeallocateObject) {
        impl.release_registers(*owner);
    } else {
        owner->kept_registers = true;
    }
    impl.release_channel(*impl.find(base));
    impl.pumping = outer;
    impl.pump();
}

Status Adapter::cancel_mapped_transfer(const TransferContext& context) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::CancelMappedTransfer, id_);
    call.context = context.id;
    const AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    const auto known = impl.state.contexts.find(context.id);
    Allocation* allocation = known == impl.state.contexts.end() ? nullptr : impl.find(known->second.base);
    if (allocation == nullptr || allocation->adapter != id_ || allocation->mappings.empty() ||
        !allocation->mappings.back().started) {
        return impl.leave(call, Status::InvalidParameter);
    }
    known->second.cancelled = true;
    Mapping& mapping = allocation->mappings.back();
    const unsigned channel = adapter->description.channel;
    const SystemState now = impl.controller->state(impl.cpu, channel);
    if (now == SystemState::Running) {
        impl.controller->stop(impl.cpu, channel);
        mapping.cancelled = true;
        mapping.completion = CompletionStatus::Cancelled;
    } else {
        mapping.ended = true;  // It was faster.
        mapping.completion = now == SystemState::Error ? CompletionStatus::Error : CompletionStatus::Complete;
    }
    return impl.leave(call, Status::Success);
}

Status Adapter::flush_dma_buffer(const Mdl* mdl, bool read) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::FlushDmaBuffer, id_);
    call.mdl = mdl;
    call.flag = read;
    if (impl.enter(call) == nullptr) {
        return impl.leave(call, call.result);
    }
    if (mdl == nullptr) {
        return impl.leave(call, Status::InvalidParameter);
    }
    for (const MemoryFragment& piece : pages_of(mdl, 0, mdl->bytes, impl.state.config.page_bytes)) {
        impl.maintain(read ? impl.state.config.options.flush_for_read : DmaOptions::Maintenance::Clean, piece.address,
                      piece.bytes);
    }
    return impl.leave(call, Status::Success);
}

std::uint32_t Adapter::get_dma_domain() {
    if (dma_ == nullptr) {
        return 0;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::GetDmaDomain, id_);
    const AdapterState* adapter = impl.enter(call);
    const std::uint32_t domain = adapter == nullptr ? 0 : adapter->domain;
    impl.leave(call, adapter == nullptr ? call.result : Status::Success);
    return domain;
}

Status Adapter::join_dma_domain(std::uint32_t domain) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::JoinDmaDomain, id_);
    call.count = domain;
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    // One domain for each device (DM-05); only devices that opt in (DM-12).
    if (domain == 0 || adapter->domain != 0) {
        return impl.leave(call, Status::InvalidParameter);
    }
    if (!adapter->description.remapping_supported) {
        return impl.leave(call, Status::AccessDenied);
    }
    adapter->domain = domain;
    return impl.leave(call, Status::Success);
}

Status Adapter::leave_dma_domain() {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::LeaveDmaDomain, id_);
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr || adapter->domain == 0) {
        return impl.leave(call, adapter == nullptr ? call.result : Status::InvalidParameter);
    }
    adapter->domain = 0;
    return impl.leave(call, Status::Success);
}

}  // namespace dmasim::dma
