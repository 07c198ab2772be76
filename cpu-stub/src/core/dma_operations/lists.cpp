// SPDX-License-Identifier: Apache-2.0
//
// Scatter/gather lists of all versions.
#include <algorithm>
#include <limits>
#include <utility>

#include "impl.h"

namespace dmasim::dma {

std::optional<ScatterGatherList> DmaOperations::Impl::make_list(Allocation& allocation, const PendingRequest& request) {
    AdapterState& adapter = state.adapters.at(request.adapter);
    DriverCall call = begin(request.routine, request.adapter, request.device);
    call.mdl = request.mdl;
    call.base = allocation.base;
    call.address = request.offset;
    call.is_offset = true;
    call.length = request.length;
    call.direction = request.direction;
    MapLimits limits;
    limits.elements = adapter.scatter_gather() ? request.element_limit : 1;
    limits.maintain = request.context != 0;
    limits.exact = request.context != 0;
    Mapping* mapping = map(adapter, allocation, call, request.offset, limits);
    if (mapping == nullptr || mapping->bytes < request.length) {
        // It cannot be one list: everything is given back and the callback does not run.
        if (mapping != nullptr) {
            unmap(adapter, allocation, allocation.mappings.size() - 1, 0);
        }
        release_registers(allocation);
        release_channel(allocation);
        return std::nullopt;
    }
    ListState list;
    list.id = next_list++;
    list.adapter = adapter.id;
    list.base = allocation.base;
    list.elements = mapping->elements;
    list.direction = request.direction;
    list.callers_buffer = request.callers_buffer;
    list.at = cpu.now();
    allocation.list = list.id;
    ++adapter.lists_allocated;
    if (!adapter.description.master) {
        start(adapter, *mapping, 0);
    }
    ScatterGatherList result{list.id, list.elements};
    state.lists.emplace(list.id, std::move(list));
    return result;
}

Status DmaOperations::Impl::list_request(AdapterState& adapter, PendingRequest request, bool synchronous,
                                         ScatterGatherList* list) {
    const std::uint64_t size = chain_bytes(request.mdl);
    if (request.length == 0 || request.mdl == nullptr) {
        return Status::InvalidParameter;
    }
    if (request.offset >= size || request.length > size - request.offset) {
        return Status::BufferTooSmall;
    }
    const std::uint64_t count = needed(adapter, request.mdl, request.offset, request.length, request.context != 0);
    // Whether it fits at all is known now; so nothing that waits can fail later.
    const std::vector<MemoryFragment> pieces =
        pages_of(request.mdl, request.offset, request.length, state.config.page_bytes);
    const std::uint64_t blocks = pieces.size();
    // A device that takes one block, where nothing makes one of scattered pages.
    bool torn = false;
    for (std::size_t number = 1; number < pieces.size(); ++number) {
        torn = torn || pieces[number].address != pieces[number - 1].address + pieces[number - 1].bytes;
    }
    const bool one_block =
        !adapter.scatter_gather() && state.config.registers == MapRegisterKind::Identity && !state.config.guards;
    const bool limited = request.element_limit != 0 && adapter.scatter_gather() && blocks > request.element_limit &&
                         state.config.registers != MapRegisterKind::Hardware;
    if (count > adapter.granted || (one_block && torn) || (limited && !state.config.options.merge_elements)) {
        return Status::InsufficientResources;
    }
    request.adapter = adapter.id;
    request.registers = static_cast<std::uint32_t>(count);
    request.list = true;
    if (!synchronous) {
        return Status::Success;  // The caller queues it.
    }
    const bool waited = std::any_of(state.pending.begin(), state.pending.end(), [&](const PendingRequest& other) {
        return state.adapters.at(other.adapter).lock == adapter.lock && other.needs_channel;
    });
    Allocation* allocation = waited ? nullptr : allocate(request);
    if (allocation == nullptr) {
        return Status::InsufficientResources;
    }
    const RegisterBase base = allocation->base;
    auto made = make_list(*allocation, request);
    if (!made) {
        return Status::InsufficientResources;
    }
    if (list != nullptr) {
        *list = *made;
    }
    if (request.list_control) {
        find(base)->in_callback = true;
        at_dispatch([&] { request.list_control(*made); });
        find(base)->in_callback = false;
    }
    release_channel(*find(base));
    return Status::Success;
}

Status DmaOperations::Impl::put_list(AdapterState& adapter, std::uint64_t id, Direction direction) {
    const auto known = state.lists.find(id);
    if (known == state.lists.end() || known->second.adapter != adapter.id || known->second.freed) {
        return Status::InvalidParameter;
    }
    ListState& list = known->second;
    list.freed = true;
    ++adapter.lists_freed;
    Allocation* allocation = find(list.base);
    bool flushed = true;
    if (allocation != nullptr && allocation->holds_registers) {
        while (!allocation->mappings.empty()) {
            // What it was mapped for counts; a wrong direction here is reported.
            flushed = unmap(adapter, *allocation, 0, allocation->mappings.front().bytes) && flushed;
        }
        release_registers(*allocation);
    }
    static_cast<void>(direction);
    return flushed ? Status::Success : Status::Unsuccessful;
}

namespace {

/// What the routines that make lists have in common.
struct ListCall {
    Routine routine = Routine::GetScatterGatherList;
    DeviceId device = 0;
    std::uint32_t context = 0;
    const Mdl* mdl = nullptr;
    std::uint64_t address = 0;
    bool is_offset = false;
    std::uint64_t bytes = 0;
    Direction direction = Direction::ToDevice;
};

DriverCall fill(DriverCall call, const ListCall& from) {
    call.mdl = from.mdl;
    call.address = from.address;
    call.is_offset = from.is_offset;
    call.length = from.bytes;
    call.direction = from.direction;
    call.context = from.context;
    return call;
}

PendingRequest request_of(std::uint32_t adapter, const ListCall& from, ListControl control,
                          std::uint32_t element_limit) {
    PendingRequest request;
    request.adapter = adapter;
    request.device = from.device;
    request.context = from.context;
    request.list = true;
    request.list_control = std::move(control);
    request.mdl = from.mdl;
    request.offset = from.is_offset || from.mdl == nullptr ? from.address : from.address - from.mdl->virtual_address;
    request.length = from.bytes;
    request.direction = from.direction;
    request.routine = from.routine;
    request.element_limit = element_limit;
    return request;
}

bool starts_inside(const ListCall& call) {
    return call.mdl != nullptr && (call.is_offset || (call.address >= call.mdl->virtual_address &&
                                                      call.address - call.mdl->virtual_address < call.mdl->bytes));
}

}  // namespace

Status Adapter::get_scatter_gather_list(DeviceId device, const Mdl* mdl, std::uint64_t current_va, std::uint64_t bytes,
                                        ListControl control, Direction direction) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    const ListCall from{Routine::GetScatterGatherList, device, 0, mdl, current_va, false, bytes, direction};
    DriverCall call = fill(impl.begin(from.routine, id_, device), from);
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr || !control || !starts_inside(from)) {
        return impl.leave(call, adapter == nullptr ? call.result : Status::InvalidParameter);
    }
    PendingRequest request = request_of(id_, from, std::move(control), adapter->description.element_limit);
    const Status status = impl.list_request(*adapter, request, false, nullptr);
    request.registers = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(impl.needed(*adapter, mdl, request.offset, bytes, false), 1U << 20));
    call.count = request.registers;
    impl.leave(call, status);
    if (status == Status::Success) {
        impl.request(std::move(request));
    }
    return status;
}

Status Adapter::put_scatter_gather_list(const ScatterGatherList& list, Direction direction) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::PutScatterGatherList, id_);
    call.list = list.id;
    call.direction = direction;
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    const auto known = impl.state.lists.find(list.id);
    call.base = known == impl.state.lists.end() ? 0 : known->second.base;
    return impl.leave(call, impl.put_list(*adapter, list.id, direction));
}

Status Adapter::calculate_scatter_gather_list_size(const Mdl* mdl, std::uint64_t current_va, std::uint64_t bytes,
                                                   std::uint64_t& list_size, std::uint64_t& registers) {
    list_size = 0;
    registers = 0;
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::CalculateScatterGatherListSize, id_);
    call.mdl = mdl;
    call.address = current_va;
    call.length = bytes;
    const AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    const std::uint32_t page = impl.state.config.page_bytes;
    if (mdl == nullptr) {
        registers = span_pages(current_va, bytes, page);
    } else {
        if (current_va < mdl->virtual_address || current_va - mdl->virtual_address >= mdl->bytes) {
            return impl.leave(call, Status::InvalidParameter);
        }
        const std::uint64_t offset = current_va - mdl->virtual_address;
        if (bytes > chain_bytes(mdl) - offset) {
            return impl.leave(call, Status::BufferTooSmall);
        }
        registers = registers_of(mdl, offset, bytes, page);
    }
    list_size = list_bytes(registers);
    return impl.leave(call, registers > adapter->granted ? Status::InsufficientResources : Status::Success);
}

Status Adapter::build_scatter_gather_list(DeviceId device, const Mdl* mdl, std::uint64_t current_va,
                                          std::uint64_t bytes, ListControl control, Direction direction,
                                          std::uint64_t buffer_bytes) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    const ListCall from{Routine::BuildScatterGatherList, device, 0, mdl, current_va, false, bytes, direction};
    DriverCall call = fill(impl.begin(from.routine, id_, device), from);
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr || !control || !starts_inside(from)) {
        return impl.leave(call, adapter == nullptr ? call.result : Status::InvalidParameter);
    }
    PendingRequest request = request_of(id_, from, std::move(control), adapter->description.element_limit);
    request.callers_buffer = true;
    const std::uint64_t pages = impl.needed(*adapter, mdl, request.offset, bytes, false);
    Status status = impl.list_request(*adapter, request, false, nullptr);
    if (status == Status::Success && buffer_bytes < list_bytes(adapter->scatter_gather() ? pages : 1)) {
        status = Status::BufferTooSmall;
    }
    request.registers = static_cast<std::uint32_t>(std::min<std::uint64_t>(pages, 1U << 20));
    call.count = request.registers;
    impl.leave(call, status);
    if (status == Status::Success) {
        impl.request(std::move(request));
    }
    return status;
}

Status Adapter::build_mdl_from_scatter_gather_list(const ScatterGatherList& list, Mdl& mdl) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::BuildMdlFromScatterGatherList, id_);
    call.list = list.id;
    if (impl.enter(call) == nullptr) {
        return impl.leave(call, call.result);
    }
    const auto known = impl.state.lists.find(list.id);
    const Allocation* allocation = known == impl.state.lists.end() ? nullptr : impl.find(known->second.base);
    if (allocation == nullptr || known->second.adapter != id_ || known->second.freed || allocation->mappings.empty()) {
        return impl.leave(call, Status::InvalidParameter);
    }
    if (std::exchange(known->second.mdl_built, true)) {
        return impl.leave(call, Status::NoneMapped);
    }
    // The memory that the device really uses: the copies, where there are copies.
    const Mapping& mapping = allocation->mappings.front();
    const std::uint64_t page = impl.state.config.page_bytes;
    mdl = Mdl{};
    mdl.bytes = mapping.bytes;
    mdl.virtual_address = mapping.pieces.front().physical % page;
    for (const MappedPiece& piece : mapping.pieces) {
        mdl.pages.push_back((piece.bounced ? piece.bounce : piece.physical) / page * page);
    }
    return impl.leave(call, Status::Success);
}

namespace {

struct ExtendedList {
    RequestFlags flags;
    ListControl control;
    ScatterGatherList* list = nullptr;
    bool has_completion = false;
    bool callers_buffer = false;
    std::uint64_t buffer_bytes = 0;
};

}  // namespace

/// Both routines of version 3 that make lists.
class ExtendedListCall {
  public:
    static Status run(DmaOperations::Impl& impl, std::uint32_t id, const ListCall& from, ExtendedList extended);
};

Status ExtendedListCall::run(DmaOperations::Impl& impl, std::uint32_t id, const ListCall& from, ExtendedList extended) {
    if (extended.list != nullptr) {
        *extended.list = {};
    }
    DriverCall call = fill(impl.begin(from.routine, id, from.device), from);
    call.flag = extended.has_completion;
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    const auto known = impl.state.contexts.find(from.context);
    const bool synchronous = extended.flags.synchronous;
    const bool both = extended.list != nullptr && extended.control != nullptr &&
                      impl.state.config.options.base_with_callback == DmaOptions::BaseWithCallback::Refused;
    const std::uint64_t size = chain_bytes(from.mdl);
    if ((extended.list == nullptr && !extended.control) || (extended.list != nullptr && !synchronous) ||
        (!synchronous && !extended.control) || both || extended.has_completion || from.bytes == 0 ||
        from.address >= size || from.bytes > size - from.address || known == impl.state.contexts.end() ||
        known->second.where == ContextState::Where::Pending || known->second.where == ContextState::Where::Owned) {
        return impl.leave(call, Status::InvalidParameter);
    }
    if (known->second.where == ContextState::Where::PreCancelled) {
        known->second.where = ContextState::Where::Ready;
        return impl.leave(call, Status::Cancelled);
    }
    PendingRequest request = request_of(id, from, std::move(extended.control), adapter->description.element_limit);
    request.callers_buffer = extended.callers_buffer;
    const std::uint64_t blocks = pages_of(from.mdl, from.address, from.bytes, impl.state.config.page_bytes).size();
    if (extended.callers_buffer && extended.buffer_bytes < list_bytes(adapter->scatter_gather() ? blocks : 1)) {
        return impl.leave(call, Status::BufferTooSmall);
    }
    request.registers = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(impl.needed(*adapter, from.mdl, from.address, from.bytes, true), 1U << 20));
    call.count = request.registers;
    const Status status = impl.list_request(*adapter, request, synchronous, extended.list);
    impl.leave(call, status);
    if (status == Status::Success && !synchronous) {
        impl.request(std::move(request));
    }
    return status;
}

Status Adapter::get_scatter_gather_list_ex(DeviceId device, const TransferContext& context, const Mdl* mdl,
                                           std::uint64_t offset, std::uint64_t bytes, RequestFlags flags,
                                           ListControl control, Direction direction, ScatterGatherList* list,
                                           CompletionRoutine completion) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    const ListCall from{Routine::GetScatterGatherListEx, device, context.id, mdl, offset, true, bytes, direction};
    return ExtendedListCall::run(*dma_->impl_, id_, from,
                                 {flags, std::move(control), list, completion != nullptr, false, 0});
}

Status Adapter::build_scatter_gather_list_ex(DeviceId device, const TransferContext& context, const Mdl* mdl,
                                             std::uint64_t offset, std::uint64_t bytes, RequestFlags flags,
                                             ListControl control, Direction direction, std::uint64_t buffer_bytes,
                                             ScatterGatherList* list, CompletionRoutine completion) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    const ListCall from{Routine::BuildScatterGatherListEx, device, context.id, mdl, offset, true, bytes, direction};
    return ExtendedListCall::run(*dma_->impl_, id_, from,
                                 {flags, std::move(control), list, completion != nullptr, true, buffer_bytes});
}

}  // namespace dmasim::dma
