// SPDX-License-Identifier: Apache-2.0
//
// Common buffers of all versions, and vectors of them.
#include <algorithm>
#include <limits>
#include <utility>

#include "impl.h"

namespace dmasim::dma {

namespace {

constexpr std::uint64_t kPagesOfLargePage = 512;

}  // namespace

CommonBuffer DmaOperations::Impl::make_common(AdapterState& adapter, const CommonBufferBounds& bounds,
                                              std::uint64_t bytes, bool cached, bool extended, std::uint32_t vector) {
    const DmaConfig& config = state.config;
    const std::uint64_t page = config.page_bytes;
    const std::uint64_t granule = bounds.large_pages ? page * kPagesOfLargePage : page;
    if (bytes == 0 || bytes > std::numeric_limits<std::uint64_t>::max() - granule) {
        return {};
    }
    const std::uint64_t pages = (bytes + granule - 1) / granule * (granule / page);
    const bool hardware = config.registers == MapRegisterKind::Hardware;
    std::uint32_t first = 0;
    // It takes registers of the same pool (BM-07), and they count against the grant; identical addresses need none.
    const std::uint64_t count = config.registers == MapRegisterKind::Identity ? 0 : pages;
    if (count > adapter.granted || !take_registers(adapter, count, first)) {
        return {};
    }
    const auto give_up = [&] { give_registers(adapter, first, count); };
    const std::uint64_t reach =
        adapter.address_bits >= 64 ? std::numeric_limits<std::uint64_t>::max() : (1ULL << adapter.address_bits) - 1;
    const std::uint64_t highest = std::min(bounds.highest, reach);
    std::uint64_t lowest_page = 0;
    std::uint64_t end_page = std::numeric_limits<std::uint64_t>::max();
    if (!hardware) {
        lowest_page = bounds.lowest <= config.common.base ? 0 : (bounds.lowest - config.common.base + page - 1) / page;
        end_page = highest < config.common.base ? 0
                                                : (highest - config.common.base) / page +
                                                      ((highest - config.common.base) % page == page - 1 ? 1 : 0);
    }
    const std::uint64_t boundary = adapter.description.master ? 0 : limits_of(adapter).boundary;
    const std::uint64_t step = bounds.large_pages ? kPagesOfLargePage : boundary / page;
    const auto run = common_pages.take(pages, bounds.large_pages && pages > kPagesOfLargePage ? 0 : step,
                                       config.common.base / page, lowest_page, end_page);
    if (!run) {
        give_up();
        return {};
    }
    CommonBuffer buffer;
    buffer.address = config.common.base + *run * page;
    buffer.logical = hardware ? config.register_base + first * page : buffer.address;
    buffer.asked = bytes;
    buffer.bytes = pages * page;
    buffer.asked_cached = cached;
    const bool asked = extended || config.options.common_buffer_cache == DmaOptions::CommonBufferCache::Asked;
    buffer.cached = config.options.common_buffer_cache == DmaOptions::CommonBufferCache::Asked
                        ? cached
                        : config.coherent && (cached || !asked);
    if (buffer.address == 0 ||
        (hardware && (buffer.logical < bounds.lowest || buffer.logical + (buffer.bytes - 1) > highest))) {
        // Address 0 stands for none; and the window of the registers is where it is.
        common_pages.give(*run, pages);
        give_up();
        return {};
    }
    for (std::uint64_t number = 0; hardware && number < pages; ++number) {
        set_register(first + static_cast<std::uint32_t>(number), buffer.address + number * page, Direction::Both);
    }
    if (!buffer.cached && !config.coherent) {
        // Lines of its last use as cached memory must not come back over it.
        cpu.clean_invalidate(buffer.address, buffer.bytes);
    }
    CommonBufferState entry;
    entry.buffer = buffer;
    entry.adapter = adapter.id;
    entry.first_register = first;
    entry.registers = static_cast<std::uint32_t>(count);
    entry.vector = vector;
    entry.at = cpu.now();
    ++adapter.common_allocated;
    state.common_buffers.push_back(entry);
    return buffer;
}

void DmaOperations::Impl::free_common(CommonBufferState& entry) {
    AdapterState& adapter = state.adapters.at(entry.adapter);
    entry.freed = true;
    ++adapter.common_freed;
    if (entry.from_mdl) {
        return;
    }
    const std::uint64_t page = state.config.page_bytes;
    if (state.config.registers == MapRegisterKind::Hardware) {
        for (std::uint32_t number = 0; number < entry.registers; ++number) {
            clear_register(entry.first_register + number);
        }
    }
    common_pages.give(static_cast<std::uint32_t>((entry.buffer.address - state.config.common.base) / page),
                      entry.buffer.bytes / page);
    give_registers(adapter, entry.first_register, entry.registers);
    pump();
}

CommonBuffer Adapter::allocate_common_buffer(std::uint64_t bytes, bool cached) {
    if (dma_ == nullptr) {
        return {};
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::AllocateCommonBuffer, id_);
    call.length = bytes;
    AdapterState* adapter = impl.enter(call);
    const CommonBuffer buffer =
        adapter == nullptr ? CommonBuffer{} : impl.make_common(*adapter, {}, bytes, cached, false, 0);
    call.address = buffer.address;
    impl.leave(call, buffer ? Status::Success : adapter == nullptr ? call.result : Status::InsufficientResources);
    return buffer;
}

Status Adapter::free_common_buffer(std::uint64_t bytes, std::uint64_t logical, std::uint64_t address, bool cached) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::FreeCommonBuffer, id_);
    call.address = address;
    call.list = logical;
    call.length = bytes;
    call.flag = cached;
    if (impl.enter(call) == nullptr) {
        return impl.leave(call, call.result);
    }
    auto& buffers = impl.state.common_buffers;
    const auto found = std::find_if(buffers.begin(), buffers.end(), [&](const CommonBufferState& entry) {
        return entry.adapter == id_ && !entry.freed && entry.vector == 0 && entry.buffer.address == address &&
               entry.buffer.logical == logical && entry.buffer.asked == bytes && entry.buffer.asked_cached == cached;
    });
    if (found == buffers.end()) {
        return impl.leave(call, Status::InvalidParameter);
    }
    impl.free_common(*found);
    return impl.leave(call, Status::Success);
}

CommonBuffer Adapter::allocate_common_buffer_ex(std::uint64_t highest, std::uint64_t bytes, bool cached,
                                                std::uint32_t node) {
    if (dma_ == nullptr) {
        return {};
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::AllocateCommonBufferEx, id_);
    call.length = bytes;
    call.count = node;
    AdapterState* adapter = impl.enter(call);
    CommonBufferBounds bounds;
    bounds.highest = highest;
    const CommonBuffer buffer =
        adapter == nullptr ? CommonBuffer{} : impl.make_common(*adapter, bounds, bytes, cached, true, 0);
    call.address = buffer.address;
    impl.leave(call, buffer ? Status::Success : adapter == nullptr ? call.result : Status::InsufficientResources);
    return buffer;
}

CommonBuffer Adapter::allocate_common_buffer_with_bounds(const CommonBufferBounds& bounds, std::uint64_t bytes,
                                                         bool cached) {
    if (dma_ == nullptr) {
        return {};
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::AllocateCommonBufferWithBounds, id_);
    call.length = bytes;
    AdapterState* adapter = impl.enter(call);
    const CommonBuffer buffer =
        adapter == nullptr ? CommonBuffer{} : impl.make_common(*adapter, bounds, bytes, cached, true, 0);
    call.address = buffer.address;
    impl.leave(call, buffer ? Status::Success : adapter == nullptr ? call.result : Status::InsufficientResources);
    return buffer;
}

CommonBuffer Adapter::allocate_domain_common_buffer(std::uint32_t domain, const CommonBufferBounds& bounds,
                                                    std::uint64_t bytes, bool cached) {
    if (dma_ == nullptr) {
        return {};
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::AllocateDomainCommonBuffer, id_);
    call.length = bytes;
    call.count = domain;
    AdapterState* adapter = impl.enter(call);
    const bool joined = adapter != nullptr && domain != 0 && adapter->domain == domain;
    const CommonBuffer buffer = joined ? impl.make_common(*adapter, bounds, bytes, cached, true, 0) : CommonBuffer{};
    call.address = buffer.address;
    impl.leave(call, buffer               ? Status::Success
                     : adapter == nullptr ? call.result
                     : joined             ? Status::InsufficientResources
                                          : Status::InvalidParameter);
    return buffer;
}

Status Adapter::create_common_buffer_from_mdl(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes,
                                              const std::vector<std::uint32_t>& configurations, CommonBuffer& buffer) {
    buffer = {};
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::CreateCommonBufferFromMdl, id_);
    call.mdl = mdl;
    call.address = offset;
    call.is_offset = true;
    call.length = bytes;
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    const std::uint64_t page = impl.state.config.page_bytes;
    std::vector<std::uint32_t> sorted = configurations;
    std::sort(sorted.begin(), sorted.end());
    const bool twice = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
    if (mdl == nullptr || bytes == 0 || offset >= mdl->bytes || bytes > mdl->bytes - offset || bytes % page != 0 ||
        (mdl->virtual_address + offset) % page != 0 || !mdl->locked || !mdl->system_mapped || twice) {
        return impl.leave(call, Status::InvalidParameter);
    }
    // Hardware permissions need remapping, which lies behind a domain.
    if (!sorted.empty() && adapter->domain == 0) {
        return impl.leave(call, Status::NotSupported);
    }
    const std::vector<MemoryFragment> pieces = pages_of(mdl, offset, bytes, impl.state.config.page_bytes);
    if (pieces.size() != bytes / page) {
        return impl.leave(call, Status::InvalidParameter);
    }
    for (std::size_t number = 0; number < pieces.size(); ++number) {
        if (pieces[number].address != pieces.front().address + number * page ||
            !impl.reaches(*adapter, pieces[number].address, pieces[number].bytes)) {
            return impl.leave(call, Status::InsufficientResources);
        }
    }
    CommonBufferState entry;
    entry.adapter = id_;
    entry.from_mdl = true;
    entry.at = impl.cpu.now();
    entry.buffer.address = entry.buffer.logical = pieces.front().address;
    entry.buffer.asked = entry.buffer.bytes = bytes;
    entry.buffer.cached = impl.state.config.coherent;
    entry.buffer.asked_cached = entry.buffer.cached;
    ++adapter->common_allocated;
    impl.state.common_buffers.push_back(entry);
    buffer = entry.buffer;
    return impl.leave(call, Status::Success);
}

// ------------------------------------------------------------------------------------------------------------- vectors

namespace {

enum VectorMisuse : std::uint64_t { kLevel = 1, kNotEmpty = 2, kOutOfBounds = 3, kIndexFreed = 4 };

}  // namespace

std::uint32_t Adapter::allocate_common_buffer_vector(std::uint32_t count, std::uint64_t bytes, bool cached) {
    if (dma_ == nullptr) {
        return 0;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::AllocateCommonBufferVector, id_);
    call.count = count;
    call.length = bytes;
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr || count == 0 || count > 4096) {
        impl.leave(call, adapter == nullptr ? call.result : Status::InvalidParameter);
        return 0;
    }
    const std::uint32_t id = impl.next_vector;
    CommonBufferVector vector;
    vector.adapter = id_;
    const std::size_t before = impl.state.common_buffers.size();
    for (std::uint32_t index = 0; index < count; ++index) {
        const CommonBuffer buffer = impl.make_common(*adapter, {}, bytes, cached, true, id);
        if (!buffer) {
            for (std::size_t made = before; made < impl.state.common_buffers.size(); ++made) {
                impl.free_common(impl.state.common_buffers[made]);
            }
            impl.leave(call, Status::InsufficientResources);
            return 0;
        }
        vector.buffers.push_back(buffer);
        vector.freed.push_back(false);
    }
    ++impl.next_vector;
    impl.state.vectors.emplace(id, std::move(vector));
    impl.leave(call, Status::Success);
    return id;
}

/// What the three routines on an existing vector have in common.
class VectorCall {
  public:
    VectorCall(DmaOperations::Impl& impl, Routine routine, std::uint32_t adapter, std::uint32_t vector,
               std::uint32_t index)
        : impl_(impl), call_(impl.begin(routine, adapter)) {
        call_.count = index;
        call_.list = vector;
        if (impl.enter(call_) == nullptr) {
            return;
        }
        call_.result = Status::InvalidParameter;
        const auto found = impl.state.vectors.find(vector);
        if (found == impl.state.vectors.end() || found->second.adapter != adapter || found->second.gone) {
            return;
        }
        vector_ = &found->second;
        if (spec_of(routine).level == LevelRule::Passive && call_.level != Level::Passive) {
            misuse(kLevel, index);
        }
    }

    [[nodiscard]] CommonBufferVector* vector() { return vector_; }

    /// Whether element `index` is there; reports if not.
    bool has(std::uint32_t index) {
        if (index >= vector_->buffers.size()) {
            misuse(kOutOfBounds, index);
            return false;
        }
        if (vector_->freed[index]) {
            misuse(kIndexFreed, index);
            return false;
        }
        return true;
    }

    void misuse(std::uint64_t kind, std::uint64_t index) {
        DriverFact fact;
        fact.kind = DriverFact::Kind::VectorMisuse;
        fact.adapter = call_.adapter;
        fact.device = call_.device;
        fact.start = kind;
        fact.address = index;
        impl_.tell(fact);
    }

    void free(std::uint32_t index) {
        vector_->freed[index] = true;
        for (CommonBufferState& entry : impl_.state.common_buffers) {
            if (entry.vector == call_.list && !entry.freed && entry.buffer.address == vector_->buffers[index].address) {
                impl_.free_common(entry);
                return;
            }
        }
    }

    Status leave(Status status) { return impl_.leave(call_, vector_ == nullptr ? call_.result : status); }

  private:
    DmaOperations::Impl& impl_;
    DriverCall call_;
    CommonBufferVector* vector_ = nullptr;
};

CommonBuffer Adapter::get_common_buffer_from_vector(std::uint32_t vector, std::uint32_t index) {
    if (dma_ == nullptr) {
        return {};
    }
    VectorCall call(*dma_->impl_, Routine::GetCommonBufferFromVector, id_, vector, index);
    const bool there = call.vector() != nullptr && call.has(index);
    const CommonBuffer buffer = there ? call.vector()->buffers[index] : CommonBuffer{};
    call.leave(there ? Status::Success : Status::InvalidParameter);
    return buffer;
}

Status Adapter::free_common_buffer_from_vector(std::uint32_t vector, std::uint32_t index) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    VectorCall call(*dma_->impl_, Routine::FreeCommonBufferFromVector, id_, vector, index);
    if (call.vector() == nullptr || !call.has(index)) {
        return call.leave(Status::InvalidParameter);
    }
    call.free(index);
    return call.leave(Status::Success);
}

Status Adapter::free_common_buffer_vector(std::uint32_t vector) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    VectorCall call(*dma_->impl_, Routine::FreeCommonBufferVector, id_, vector, 0);
    if (call.vector() == nullptr) {
        return call.leave(Status::InvalidParameter);
    }
    CommonBufferVector& known = *call.vector();
    for (std::uint32_t index = 0; index < known.buffers.size(); ++index) {
        if (!known.freed[index]) {
            call.misuse(kNotEmpty, index);
            call.free(index);
        }
    }
    known.gone = true;
    return call.leave(Status::Success);
}

}  // namespace dmasim::dma
