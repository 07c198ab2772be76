// SPDX-License-Identifier: Apache-2.0
//
// Adapters, channels, registers and who waits for them; the calls of versions 1 and 2 that are about these.
#include "dmasim/cpu_stub/core/dma_operations/operations.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "dmasim/bus/core/text.h"
#include "dmasim/model/errors.h"

#include "impl.h"

namespace dmasim::dma {

namespace {

/// Allocations that are over and kept, so that a second release can be told from a wild one.
constexpr std::size_t kAllocationsKept = 1024;

bool power_of_two(std::uint64_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

const DmaConfig& checked(const DmaConfig& config) {
    detail::refuse("DMA operations", validate(config));
    return config;
}

DmaState initial(const DmaConfig& config) {
    DmaState state;
    state.config = checked(config);
    return state;
}

unsigned reach_of(const DeviceDescription& description) {
    if (description.version >= 3) {
        return description.address_bits;
    }
    return description.dma64 ? 64 : description.dma32 ? 32 : 24;
}

}  // namespace

std::vector<std::string> validate(const DmaConfig& config) {
    std::vector<std::string> problems;
    if (!power_of_two(config.page_bytes) || config.page_bytes < 4096 || config.page_bytes > 1U << 20) {
        problems.emplace_back("page_bytes must be a power of two, 4096 to 1048576");
        return problems;
    }
    if (!power_of_two(config.cache_line) || config.cache_line < 8 || config.cache_line > 1024) {
        problems.emplace_back("cache_line must be a power of two, 8 to 1024");
    }
    detail::check_range(problems, "highest_version", config.highest_version, 1, 3);
    detail::check_range(problems, "register_count", config.register_count, 1, 4096);
    detail::check_range(problems, "register_limit", config.register_limit, 0, config.register_count);
    detail::check_range(problems, "system_register_limit", config.system_register_limit, 0, config.register_count);
    detail::check_range(problems, "default_list_elements", config.options.default_list_elements, 1, 4096);
    const auto aligned = [&](const char* name, std::uint64_t value) {
        if (value % config.page_bytes != 0) {
            problems.push_back(std::string(name) + " is " + detail::hex(value) + ", must be a multiple of a page");
        }
    };
    aligned("register_base", config.register_base);
    aligned("common.base", config.common.base);
    aligned("guard_area.base", config.guard_area.base);
    return problems;
}

DmaOperations::Impl::Impl(CpuContext& cpu_context, const DmaConfig& config, CallObserver* call_observer)
    : cpu(cpu_context),
      state(initial(config)),
      observer(call_observer),
      registers(config.register_count),
      common_pages(config.common.bytes / config.page_bytes),
      guard_pages(config.guard_area.bytes / config.page_bytes) {}

// -------------------------------------------------------------------------------------------------------------- calls

DriverCall DmaOperations::Impl::begin(Routine routine, std::uint32_t adapter, DeviceId device) {
    DriverCall call;
    call.routine = routine;
    call.number = next_call++;
    call.adapter = adapter;
    call.at = cpu.now();
    call.level = state.level;
    const AdapterState* known = state.adapter(adapter);
    call.device = device != 0 || known == nullptr ? device : known->device;
    return call;
}

void DmaOperations::Impl::enter_plain(const DriverCall& call) {
    if (observer != nullptr) {
        observer->before(call, state);
    }
}

AdapterState* DmaOperations::Impl::enter(DriverCall& call) {
    enter_plain(call);
    const auto found = state.adapters.find(call.adapter);
    if (found == state.adapters.end() || found->second.released) {
        call.result = Status::InvalidDeviceRequest;
        return nullptr;
    }
    const RoutineSpec& spec = spec_of(call.routine);
    AdapterState& adapter = found->second;
    const bool wrong_class = (spec.adapters == AdapterClass::BusMaster && !adapter.description.master) ||
                             (spec.adapters == AdapterClass::System && adapter.description.master);
    if (spec.since > adapter.version || wrong_class) {
        call.result = Status::NotSupported;
        return nullptr;
    }
    return &adapter;
}

Status DmaOperations::Impl::leave(DriverCall& call, Status result) {
    call.result = result;
    call.at = cpu.now();
    const auto adapter = state.adapters.find(call.adapter);
    if (adapter != state.adapters.end() && state.config.history > 0) {
        std::deque<HistoryEntry>& history = adapter->second.history;
        history.push_back({call.at, call.routine, call.base, call.address, call.length, result});
        if (history.size() > state.config.history) {
            history.pop_front();
        }
    }
    if (observer != nullptr) {
        observer->after(call, state);
    }
    return result;
}

void DmaOperations::Impl::tell(DriverFact fact) {
    fact.at = fact.at == Cycles{0} ? cpu.now() : fact.at;
    if (observer != nullptr) {
        observer->fact(fact, state);
    }
}

void DmaOperations::Impl::at_dispatch(const std::function<void()>& callback) {
    const Level before = std::exchange(state.level, Level::Dispatch);
    callback();
    state.level = before;
}

// ----------------------------------------------------------------------------------------------------------- adapters

SystemLimits DmaOperations::Impl::limits_of(const AdapterState& adapter) const {
    return controller == nullptr ? SystemLimits{} : controller->limits(adapter.description.channel);
}

Adapter DmaOperations::Impl::make_adapter(DmaOperations& owner, Routine routine, DeviceId device,
                                          const DeviceDescription& description, std::uint32_t& granted) {
    granted = 0;
    DriverCall call = begin(routine, 0, device);
    call.description = &description;
    call.length = description.maximum_length;
    enter_plain(call);
    const std::uint32_t version = std::max<std::uint32_t>(description.version, 1);
    const SystemLimits limits = controller == nullptr ? SystemLimits{} : controller->limits(description.channel);
    const bool possible = routine == Routine::GetDmaAdapter && version <= state.config.highest_version &&
                          description.maximum_length > 0 && description.address_bits >= 1 &&
                          description.address_bits <= 64 && description.minimum_unit > 0 &&
                          description.alignment >= description.minimum_unit &&
                          (description.width_bits == 8 || description.width_bits == 16 ||
                           description.width_bits == 32 || description.width_bits == 64) &&
                          (description.master || limits.exists);
    if (!possible) {
        leave(call, version > state.config.highest_version ? Status::NotSupported : Status::InvalidParameter);
        return {owner, 0};
    }
    AdapterState adapter;
    adapter.id = static_cast<std::uint32_t>(state.adapters.size() + 1);
    adapter.device = device;
    adapter.description = description;
    adapter.version = version;
    adapter.address_bits = description.master ? reach_of(description) : limits.address_bits;
    // A register for each page, and one for a misaligned start (NUM-04); fewer where there are fewer, but one.
    const std::uint64_t page = state.config.page_bytes;
    const std::uint64_t pages = description.maximum_length / page + (description.maximum_length % page != 0 ? 1 : 0);
    std::uint64_t most = state.config.register_limit != 0 ? state.config.register_limit : state.config.register_count;
    if (!description.master && state.config.system_register_limit != 0) {
        most = std::min<std::uint64_t>(most, state.config.system_register_limit);
    }
    if (!description.master && limits.boundary != 0) {
        most = std::min(most, std::max<std::uint64_t>(limits.boundary / page, 1));
    }
    granted = adapter.granted = static_cast<std::uint32_t>(std::min(pages + 1, most));
    const auto same = std::find_if(state.locks.begin(), state.locks.end(), [&](const ChannelLock& lock) {
        return lock.system && !description.master && lock.channel == description.channel;
    });
    adapter.lock = static_cast<std::uint32_t>(same - state.locks.begin());
    if (same == state.locks.end()) {
        state.locks.push_back({!description.master, description.channel, 0});
    }
    const std::uint32_t id = adapter.id;
    state.adapters.emplace(id, std::move(adapter));
    call.adapter = id;
    call.count = granted;
    leave(call, Status::Success);
    return {owner, id};
}

void Adapter::put_dma_adapter() {
    if (dma_ == nullptr) {
        return;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::PutDmaAdapter, id_);
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        impl.leave(call, call.result);
        return;
    }
    // What waits for it never comes; what it holds stays allocated, as a leak is.
    auto& pending = impl.state.pending;
    for (const PendingRequest& request : pending) {
        const auto context = impl.state.contexts.find(request.context);
        if (request.adapter == id_ && context != impl.state.contexts.end()) {
            context->second.where = ContextState::Where::Ready;
        }
    }
    pending.erase(std::remove_if(pending.begin(), pending.end(),
                                 [&](const PendingRequest& request) { return request.adapter == id_; }),
                  pending.end());
    adapter->released = true;
    impl.leave(call, Status::Success);
    impl.pump();
}

std::uint32_t Adapter::get_dma_alignment() {
    if (dma_ == nullptr) {
        return 1;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::GetDmaAlignment, id_);
    const AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        impl.leave(call, call.result);
        return 1;
    }
    impl.leave(call, Status::Success);
    return impl.state.config.coherent ? adapter->description.alignment
                                      : std::max(adapter->description.alignment, impl.state.config.cache_line);
}

std::uint64_t Adapter::read_dma_counter() {
    if (dma_ == nullptr) {
        return 0;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::ReadDmaCounter, id_);
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr || !impl.limits_of(*adapter).counter_readable) {
        impl.leave(call, adapter == nullptr ? call.result : Status::NotSupported);
        return 0;
    }
    const std::uint64_t remaining = impl.controller->remaining(impl.cpu, adapter->description.channel);
    call.moved = remaining;
    impl.leave(call, Status::Success);
    return remaining;
}

// ------------------------------------------------------------------------------------------- registers and the channel

bool DmaOperations::Impl::take_registers(AdapterState& adapter, std::uint64_t count, std::uint32_t& first) {
    first = 0;
    if (count == 0) {
        return true;
    }
    if (adapter.registers_in_use() + count > adapter.granted) {
        return false;
    }
    const std::uint64_t page = state.config.page_bytes;
    const SystemLimits limits = adapter.description.master ? SystemLimits{} : limits_of(adapter);
    const std::uint64_t boundary = adapter.description.master ? adapter.description.boundary : limits.boundary;
    const auto run = registers.take(count, boundary / page, state.config.register_base / page);
    if (!run) {
        if (registers.free() >= count && !std::exchange(shortage_told, true)) {
            DriverFact fact;
            fact.kind = DriverFact::Kind::ContiguousShortage;
            fact.adapter = adapter.id;
            fact.device = adapter.device;
            fact.address = count;
            fact.length = registers.longest();
            tell(fact);
        }
        return false;
    }
    shortage_told = false;
    first = *run;
    adapter.registers_allocated += count;
    adapter.most_registers = std::max(adapter.most_registers, adapter.registers_in_use());
    check_free_registers(adapter, first, count);
    return true;
}

void DmaOperations::Impl::give_registers(AdapterState& adapter, std::uint32_t first, std::uint64_t count) {
    if (count == 0) {
        return;
    }
    adapter.registers_freed += count;
    registers.give(first, count);
}

Allocation* DmaOperations::Impl::find(RegisterBase base) {
    const auto found = state.allocations.find(base);
    return found == state.allocations.end() ? nullptr : &found->second;
}

Allocation* DmaOperations::Impl::owner_of(const AdapterState& adapter) {
    Allocation* owner = find(state.locks[adapter.lock].owner);
    return owner != nullptr && owner->adapter == adapter.id ? owner : nullptr;
}

Allocation* DmaOperations::Impl::allocate(const PendingRequest& request) {
    AdapterState& adapter = state.adapters.at(request.adapter);
    ChannelLock& lock = state.locks[adapter.lock];
    std::uint32_t first = 0;
    if ((request.needs_channel && lock.owner != 0) || !take_registers(adapter, request.registers, first)) {
        return nullptr;
    }
    for (auto old = state.allocations.begin();
         state.allocations.size() >= kAllocationsKept && old != state.allocations.end();) {
        old = old->second.live() || old->second.in_callback ? std::next(old) : state.allocations.erase(old);
    }
    Allocation allocation;
    allocation.base = next_base++;
    allocation.adapter = adapter.id;
    allocation.device = request.device;
    allocation.context = request.context;
    allocation.first_register = first;
    allocation.registers = request.registers;
    allocation.holds_registers = true;
    allocation.holds_channel = request.needs_channel;
    allocation.at = cpu.now();
    if (request.needs_channel) {
        lock.owner = allocation.base;
        ++adapter.channels_allocated;
    }
    const auto context = state.contexts.find(request.context);
    if (context != state.contexts.end()) {
        context->second.where = ContextState::Where::Owned;
        context->second.base = allocation.base;
    }
    return &state.allocations.emplace(allocation.base, std::move(allocation)).first->second;
}

void DmaOperations::Impl::request(PendingRequest pending) {
    pending.id = next_request++;
    const auto context = state.contexts.find(pending.context);
    if (context != state.contexts.end()) {
        context->second.where = ContextState::Where::Pending;
        context->second.request = pending.id;
    }
    state.pending.push_back(std::move(pending));
    pump();
}

void DmaOperations::Impl::pump() {
    if (pumping) {
        return;  // The one further out goes on when the present callback is over.
    }
    pumping = true;
    bool granted = true;
    while (granted) {
        granted = false;
        bool registers_wanted = false;  // By somebody who came before.
        for (std::size_t number = 0; number < state.pending.size(); ++number) {
            const PendingRequest& next = state.pending[number];
            const AdapterState& adapter = state.adapters.at(next.adapter);
            if ((next.needs_channel && state.locks[adapter.lock].owner != 0) ||
                (registers_wanted && next.registers > 0)) {
                continue;
            }
            Allocation* allocation = allocate(next);
            if (allocation == nullptr) {
                registers_wanted = true;
                continue;
            }
            const PendingRequest request = std::move(state.pending[number]);
            state.pending.erase(state.pending.begin() + static_cast<std::ptrdiff_t>(number));
            if (!request.list) {
                run_control(*allocation, request.control);
            } else if (const auto list = make_list(*allocation, request)) {
                allocation->in_callback = true;
                at_dispatch([&] { request.list_control(*list); });
                allocation->in_callback = false;
                release_channel(*allocation);
            }
            granted = true;
            break;
        }
    }
    pumping = false;
}

void DmaOperations::Impl::run_control(Allocation& allocation, const AdapterControl& control) {
    AllocationAction action = AllocationAction::KeepObject;
    allocation.in_callback = true;
    at_dispatch([&] { action = control(allocation.base); });
    allocation.in_callback = false;
    DriverCall call = begin(Routine::AllocateAdapterChannel, allocation.adapter, allocation.device);
    call.number = 0;
    call.base = allocation.base;
    call.action = action;
    call.flag = true;  // The result of a callback.
    leave(call, Status::Success);
    apply(allocation, action);
}

void DmaOperations::Impl::apply(Allocation& allocation, AllocationAction action) {
    allocation.kept_object = action == AllocationAction::KeepObject;
    allocation.kept_registers = action == AllocationAction::DeallocateObjectKeepRegisters;
    if (action != AllocationAction::KeepObject) {
        release_channel(allocation);
    }
    if (action == AllocationAction::DeallocateObject) {
        release_registers(allocation);
    }
}

void DmaOperations::Impl::release_channel(Allocation& allocation) {
    if (!std::exchange(allocation.holds_channel, false)) {
        return;
    }
    AdapterState& adapter = state.adapters.at(allocation.adapter);
    ++adapter.channels_freed;
    state.locks[adapter.lock].owner = 0;
    pump();
}

void DmaOperations::Impl::release_registers(Allocation& allocation) {
    if (!std::exchange(allocation.holds_registers, false)) {
        return;
    }
    const auto context = state.contexts.find(allocation.context);
    if (context != state.contexts.end() && context->second.base == allocation.base) {
        context->second.where = ContextState::Where::Ready;
        context->second.base = 0;
    }
    // Entries of hardware registers stay as they are until they are used again: a device that still runs shows it.
    for (const Mapping& mapping : allocation.mappings) {
        if (mapping.guard.area != 0) {
            guard_pages.give(static_cast<std::uint32_t>((mapping.guard.area - state.config.guard_area.base) /
                                                        state.config.page_bytes),
                             mapping.guard.area_bytes / state.config.page_bytes);
        }
    }
    allocation.mappings.clear();
    give_registers(state.adapters.at(allocation.adapter), allocation.first_register, allocation.registers);
    pump();
}

Status Adapter::allocate_adapter_channel(DeviceId device, std::uint64_t registers, AdapterControl control) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::AllocateAdapterChannel, id_, device);
    call.count = registers;
    const AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    if (!control) {
        return impl.leave(call, Status::InvalidParameter);
    }
    if (registers > adapter->granted) {
        return impl.leave(call, Status::InsufficientResources);
    }
    const DmaState& state = impl.state;
    const bool waits = std::any_of(state.pending.begin(), state.pending.end(), [&](const PendingRequest& request) {
        return request.device == device && !request.list && request.context == 0;
    });
    const bool inside = std::any_of(state.allocations.begin(), state.allocations.end(), [&](const auto& entry) {
        return entry.second.device == device && entry.second.in_callback && entry.second.list == 0;
    });
    if (waits || inside) {
        return impl.leave(call, Status::InvalidDeviceRequest);
    }
    impl.leave(call, Status::Success);
    PendingRequest request;
    request.adapter = id_;
    request.device = device;
    request.registers = static_cast<std::uint32_t>(registers);
    request.control = std::move(control);
    impl.request(std::move(request));
    return Status::Success;
}

Status Adapter::free_adapter_channel() {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::FreeAdapterChannel, id_);
    const AdapterState* adapter = impl.enter(call);
    Allocation* owner = adapter == nullptr ? nullptr : impl.owner_of(*adapter);
    if (owner == nullptr) {
        return impl.leave(call, adapter == nullptr ? call.result : Status::InvalidDeviceRequest);
    }
    call.base = owner->base;
    const RegisterBase base = owner->base;
    impl.leave(call, Status::Success);
    // Registers first, so that whoever gets the channel finds them.
    const bool outer = std::exchange(impl.pumping, true);
    impl.release_registers(*owner);
    impl.release_channel(*impl.find(base));
    impl.pumping = outer;
    impl.pump();
    return Status::Success;
}

Status Adapter::free_map_registers(RegisterBase base, std::uint64_t registers) {
    if (dma_ == nullptr) {
        return Status::InvalidDeviceRequest;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::FreeMapRegisters, id_);
    call.base = base;
    call.count = registers;
    const AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        return impl.leave(call, call.result);
    }
    Allocation* allocation = impl.find(base);
    if (allocation == nullptr || allocation->adapter != id_ || !allocation->holds_registers ||
        allocation->registers != registers || allocation->list != 0) {
        return impl.leave(call, Status::InvalidParameter);
    }
    impl.leave(call, Status::Success);
    impl.release_registers(*allocation);
    return Status::Success;
}

// ---------------------------------------------------------------------------------------------------------- the system

DmaOperations::DmaOperations(CpuContext& cpu, const DmaConfig& config, CallObserver* observer)
    : impl_(std::make_unique<Impl>(cpu, config, observer)) {}

DmaOperations::~DmaOperations() = default;

void DmaOperations::set_system_controller(SystemController& controller) {
    impl_->controller = &controller;
}

void DmaOperations::set_notes(DriverNotes* notes) {
    impl_->notes = notes;
}

Adapter DmaOperations::get_dma_adapter(DeviceId device, const DeviceDescription& description,
                                       std::uint32_t& registers) {
    return impl_->make_adapter(*this, Routine::GetDmaAdapter, device, description, registers);
}

Adapter DmaOperations::hal_get_adapter(DeviceId device, const DeviceDescription& description,
                                       std::uint32_t& registers) {
    return impl_->make_adapter(*this, Routine::HalGetAdapter, device, description, registers);
}

void DmaOperations::ke_flush_io_buffers(const Mdl* mdl, bool read, bool dma) {
    DriverCall call = impl_->begin(Routine::KeFlushIoBuffers, 0);
    call.mdl = mdl;
    call.flag = read;
    call.count = dma ? 1 : 0;
    call.length = mdl == nullptr ? 0 : mdl->bytes;
    call.direction = read ? Direction::FromDevice : Direction::ToDevice;
    impl_->enter_plain(call);
    const Cycles begun = impl_->cpu.now();
    if (mdl != nullptr) {
        const DmaOptions::Maintenance kind =
            read ? impl_->state.config.options.flush_for_read : DmaOptions::Maintenance::Clean;
        for (const MemoryFragment& piece : pages_of(mdl, 0, mdl->bytes, impl_->state.config.page_bytes)) {
            impl_->maintain(kind, piece.address, piece.bytes);
        }
    }
    call.moved = impl_->cpu.now().count() - begun.count();
    impl_->leave(call, Status::Success);
}

Level DmaOperations::level() const {
    return impl_->state.level;
}

Level DmaOperations::set_level(Level level) {
    return std::exchange(impl_->state.level, level);
}

void DmaOperations::service() {
    impl_->service();
}

void DmaOperations::attach_interrupt(unsigned line) {
    impl_->cpu.on_interrupt(line, [this](CpuContext&) { impl_->service(); });
}

void DmaOperations::set_performance_counter(std::function<std::uint64_t()> source) {
    impl_->counter_source = std::move(source);
}

std::uint64_t DmaOperations::query_performance_counter() {
    const std::uint64_t now = impl_->cpu.now().count();
    const std::uint64_t value = impl_->counter_source ? impl_->counter_source() : now;
    if (std::exchange(impl_->counter_read, true)) {
        DriverFact fact;
        fact.kind = DriverFact::Kind::CounterRead;
        fact.address = value;
        fact.start = impl_->state.performance_counter;
        fact.length = now - impl_->counter_cycles;
        impl_->tell(fact);
    }
    impl_->counter_cycles = now;
    impl_->state.performance_counter = value;
    return value;
}

void DmaOperations::driver_unload(DeviceId device) {
    DriverFact fact;
    fact.kind = DriverFact::Kind::Unload;
    fact.device = device;
    impl_->tell(fact);
}

void DmaOperations::device_requests(DeviceId device, unsigned channel, bool started) {
    for (const auto& [base, allocation] : impl_->state.allocations) {
        const AdapterState& adapter = impl_->state.adapters.at(allocation.adapter);
        if (adapter.description.master || adapter.description.channel != channel) {
            continue;
        }
        for (const Mapping& mapping : allocation.mappings) {
            if (mapping.started) {
                return;
            }
        }
    }
    DriverFact fact;
    fact.kind = DriverFact::Kind::DeviceStartedEarly;
    fact.device = device;
    fact.address = channel;
    fact.flag = !started;
    impl_->tell(fact);
}

void DmaOperations::tell(DriverFact fact) {
    impl_->tell(fact);
}

const DmaState& DmaOperations::state() const {
    return impl_->state;
}

CpuContext& DmaOperations::cpu() {
    return impl_->cpu;
}

std::string DmaOperations::dump(const Adapter& handle) const {
    const DmaState& state = impl_->state;
    const AdapterState* adapter = state.adapter(handle.id());
    std::ostringstream text;
    if (adapter == nullptr) {
        return "no adapter\n";
    }
    const auto hex = [](std::uint64_t value) { return detail::hex(value); };
    text << "adapter " << adapter->id << " of device " << adapter->device << (adapter->released ? ", released" : "")
         << ": " << (adapter->description.master ? "bus master" : "system channel ")
         << (adapter->description.master ? "" : std::to_string(adapter->description.channel)) << ", version "
         << adapter->version << ", " << adapter->address_bits << " address bits\n"
         << "  registers: granted " << adapter->granted << ", allocated " << adapter->registers_allocated << ", freed "
         << adapter->registers_freed << ", most in use " << adapter->most_registers << "\n"
         << "  channels: allocated " << adapter->channels_allocated << ", freed " << adapter->channels_freed << "\n"
         << "  lists: allocated " << adapter->lists_allocated << ", freed " << adapter->lists_freed << "\n"
         << "  common buffers: allocated " << adapter->common_allocated << ", freed " << adapter->common_freed << "\n"
         << "  bytes mapped: " << adapter->bytes_mapped << "\n";
    for (const auto& [base, allocation] : state.allocations) {
        if (allocation.adapter != adapter->id || !allocation.live()) {
            continue;
        }
        text << "  allocation " << base << " of device " << allocation.device << " since cycle "
             << allocation.at.count() << ": registers " << allocation.first_register << " to "
             << allocation.first_register + allocation.registers << " (not included)"
             << (allocation.holds_channel ? ", holds the channel" : "") << ", bytes since the last flush "
             << allocation.bytes_since_flush << "\n";
        for (const Mapping& mapping : allocation.mappings) {
            text << "    " << name_of(mapping.routine) << " in cycle " << mapping.at.count() << ": offset "
                 << mapping.offset << ", " << mapping.bytes << " bytes, " << name_of(mapping.direction)
                 << (mapping.cancelled ? ", cancelled"
                     : mapping.started ? ", started"
                                       : "")
                 << "\n";
            for (const MappedPiece& piece : mapping.pieces) {
                text << "      logical " << hex(piece.logical) << " = memory " << hex(piece.physical) << ", "
                     << piece.bytes << " bytes"
                     << (piece.has_register ? ", register " + std::to_string(piece.map_register) : "")
                     << (piece.bounced ? ", copied to " + hex(piece.bounce) : "") << "\n";
            }
        }
    }
    for (const CommonBufferState& buffer : state.common_buffers) {
        if (buffer.adapter == adapter->id && !buffer.freed) {
            text << "  common buffer at " << hex(buffer.buffer.address) << ", logical " << hex(buffer.buffer.logical)
                 << ", " << buffer.buffer.asked << " bytes, since cycle " << buffer.at.count() << "\n";
        }
    }
    text << "  last calls:\n";
    for (const HistoryEntry& entry : adapter->history) {
        text << "    cycle " << entry.at.count() << ": " << name_of(entry.routine);
        if (entry.base != 0) {
            text << " base " << entry.base;
        }
        if (entry.length != 0) {
            text << " at " << hex(entry.address) << ", " << entry.length << " bytes";
        }
        text << ": " << name_of(entry.result) << "\n";
    }
    return text.str();
}

}  // namespace dmasim::dma
