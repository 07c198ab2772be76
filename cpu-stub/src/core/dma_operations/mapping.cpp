// SPDX-License-Identifier: Apache-2.0
//
// Mappings: from pages to what the device is told, and back.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "dmasim/bus/core/map_registers.h"
#include "dmasim/model/errors.h"

#include "impl.h"

namespace dmasim::dma {

namespace {

constexpr std::uint8_t kPadding = 0x0F;
constexpr std::array<std::uint8_t, 8> kTag{'D', 'm', 'a', 'V', 'r', 'f', 'y', '0'};

bool to_device(Direction direction) {
    return direction != Direction::FromDevice;
}

bool from_device(Direction direction) {
    return direction != Direction::ToDevice;
}

}  // namespace

bool DmaOperations::Impl::reaches(const AdapterState& adapter, std::uint64_t address, std::uint64_t bytes) const {
    return adapter.address_bits >= 64 || (address + bytes - 1) >> adapter.address_bits == 0;
}

void DmaOperations::Impl::maintain(DmaOptions::Maintenance kind, std::uint64_t address, std::uint64_t bytes) {
    if (state.config.coherent || bytes == 0) {
        return;
    }
    if (kind == DmaOptions::Maintenance::Clean) {
        cpu.clean(address, bytes);
    } else if (kind == DmaOptions::Maintenance::CleanInvalidate) {
        cpu.clean_invalidate(address, bytes);
    }
}

void DmaOperations::Impl::copy(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
    scratch.resize(bytes);
    cpu.read(from, scratch.data(), bytes);
    cpu.write(to, scratch.data(), bytes);
}

void DmaOperations::Impl::set_register(std::uint32_t number, std::uint64_t page, Direction direction) {
    const std::uint64_t value = page | MapRegistersCore::kValid |
                                (to_device(direction) ? MapRegistersCore::kDeviceReads : 0) |
                                (from_device(direction) ? MapRegistersCore::kDeviceWrites : 0);
    cpu.write_register64(state.config.register_file + 8ULL * number, value);
}

void DmaOperations::Impl::clear_register(std::uint32_t number) {
    cpu.write_register64(state.config.register_file + 8ULL * number, 0);
}

std::uint64_t DmaOperations::Impl::needed(const AdapterState& adapter, const Mdl* mdl, std::uint64_t offset,
                                          std::uint64_t bytes, bool exact) const {
    const std::vector<MemoryFragment> pieces = pages_of(mdl, offset, bytes, state.config.page_bytes);
    if (!exact || state.config.registers == MapRegisterKind::Hardware || state.config.guards) {
        return pieces.size();
    }
    if (state.config.registers == MapRegisterKind::Identity) {
        return 0;
    }
    std::uint64_t count = 0;
    bool joined = true;
    for (std::size_t number = 0; number < pieces.size(); ++number) {
        count += reaches(adapter, pieces[number].address, pieces[number].bytes) ? 0 : 1;
        joined =
            joined && (number == 0 || pieces[number].address == pieces[number - 1].address + pieces[number - 1].bytes);
    }
    const bool single =
        !adapter.scatter_gather() && (adapter.description.master || limits_of(adapter).element_limit == 1);
    return single && (count > 0 || !joined) ? pieces.size() : count;
}

Mapping* DmaOperations::Impl::map(AdapterState& adapter, Allocation& allocation, const DriverCall& call,
                                  std::uint64_t offset, const MapLimits& limits) {
    const DmaConfig& config = state.config;
    const std::uint64_t page = config.page_bytes;
    const SystemLimits system = adapter.description.master ? SystemLimits{} : limits_of(adapter);
    std::uint64_t wanted = call.length;
    if (!adapter.description.master) {
        wanted = std::min(wanted, system.maximum_bytes);
    }
    std::vector<MemoryFragment> pieces = pages_of(call.mdl, offset, wanted, config.page_bytes);
    if (pieces.empty()) {
        return nullptr;
    }
    const bool guarded = config.guards && allocation.first_register + allocation.used < config.guarded_registers;
    const std::uint64_t room =
        config.options.clip_to_registers || limits.exact
            ? allocation.registers - std::min(allocation.used, allocation.registers)
            : config.register_count - std::min(config.register_count, allocation.first_register + allocation.used);
    // Devices that take lists are mapped block by block until the registers are used up, and no further.
    const std::uint64_t unused = allocation.registers - std::min(allocation.used, allocation.registers);
    if (!limits.exact && limits.elements == 1 && pieces.size() > unused && (!adapter.scatter_gather() || unused == 0)) {
        DriverFact fact;
        fact.kind = DriverFact::Kind::RegistersExceeded;
        fact.adapter = adapter.id;
        fact.device = allocation.device;
        fact.address = allocation.used + pieces.size();
        fact.length = allocation.registers;
        tell(fact);
    }

    const std::uint64_t boundary = adapter.description.master ? adapter.description.boundary : system.boundary;
    const std::uint64_t most_bytes = adapter.description.element_bytes == 0 ? std::numeric_limits<std::uint64_t>::max()
                                                                            : adapter.description.element_bytes;
    const std::uint64_t unit =
        std::max<std::uint64_t>(adapter.description.minimum_unit, adapter.description.master ? 1 : system.unit_bytes);
    // A device that takes one block only gets its copy in one block, all of it, if its memory is none.
    const bool one_block = !adapter.scatter_gather() && (adapter.description.master || system.element_limit == 1);
    bool copy_all = false;
    if (config.registers == MapRegisterKind::Bounce && one_block) {
        std::uint64_t next = pieces.front().address;
        for (const MemoryFragment& piece : pieces) {
            copy_all = copy_all || piece.address != next || !reaches(adapter, piece.address, piece.bytes);
            next = piece.address + piece.bytes;
        }
        copy_all = copy_all || (boundary != 0 && pieces.front().address / boundary != (next - 1) / boundary) ||
                   adapter.ignores_count() || pieces.front().address % unit != 0;
    }

    Mapping mapping;
    mapping.routine = call.routine;
    mapping.device = allocation.device;
    mapping.mdl = call.mdl;
    mapping.offset = offset;
    mapping.virtual_address = call.mdl->virtual_address + offset;
    mapping.direction = call.direction;
    mapping.at = cpu.now();
    mapping.maintained = limits.maintain;

    if (guarded) {
        // One run for the whole mapping, so that every device can take it.
        const std::uint64_t first = pieces.front().address % page;
        std::uint64_t whole = 0;  // What there is, which may be less than what is asked for.
        for (const MemoryFragment& piece : pieces) {
            whole += piece.bytes;
        }
        mapping.guard.area_bytes = (span_pages(first, whole, config.page_bytes) + 2) * page;
        const auto run =
            guard_pages.take(mapping.guard.area_bytes / page, boundary / page, config.guard_area.base / page);
        if (!run) {
            return nullptr;
        }
        mapping.guard.area = config.guard_area.base + std::uint64_t{*run} * page;
        mapping.guard.data = mapping.guard.area + page + first;
    }

    std::uint32_t used = 0;
    std::uint64_t copied = 0;
    for (MemoryFragment& piece : pieces) {
        MappedPiece next;
        next.physical = piece.address;
        next.logical = piece.address;
        const bool bounce = !guarded && config.registers == MapRegisterKind::Bounce &&
                            (copy_all || !reaches(adapter, piece.address, piece.bytes));
        const bool counts = !limits.exact || guarded || bounce || config.registers == MapRegisterKind::Hardware;
        if (counts && used >= room) {
            break;
        }
        const std::uint32_t number = allocation.first_register + allocation.used + used;
        const std::uint64_t in_page = piece.address % page;
        if (guarded) {
            next.bounced = true;
            next.logical = next.bounce = mapping.guard.data + copied;
        } else if (bounce) {
            next.bounced = true;
            next.logical = next.bounce = config.register_base + number * page + in_page;
        } else if (config.registers == MapRegisterKind::Hardware) {
            next.logical = config.register_base + number * page + in_page;
        }
        next.has_register = counts;
        next.map_register = number;
        // Joins the last element, or begins a new one, as far as the limits go.
        std::uint64_t taken = 0;
        while (taken < piece.bytes) {
            const std::uint64_t address = next.logical + taken;
            std::uint64_t part = std::min<std::uint64_t>(piece.bytes - taken, most_bytes);
            if (boundary != 0) {
                part = std::min(part, boundary - address % boundary);
            }
            Element* last = mapping.elements.empty() ? nullptr : &mapping.elements.back();
            const bool joins = last != nullptr && config.options.merge_elements &&
                               last->logical + last->bytes == address && last->bytes < most_bytes &&
                               (boundary == 0 || address % boundary != 0);
            if (joins) {
                part = std::min(part, most_bytes - last->bytes);
                last->bytes += part;
            } else if (limits.elements != 0 && mapping.elements.size() >= limits.elements) {
                break;
            } else {
                mapping.elements.push_back({address, part});
            }
            taken += part;
        }
        if (taken == 0) {
            break;
        }
        next.bytes = static_cast<std::uint32_t>(taken);
        copied += taken;
        used += counts ? 1 : 0;
        mapping.pieces.push_back(next);
        if (taken < piece.bytes) {
            break;
        }
    }
    // What goes on later has to begin at a unit.
    std::uint64_t excess = copied < wanted || wanted < call.length ? copied % unit : 0;
    copied -= excess;
    while (excess > 0) {
        Element& last = mapping.elements.back();
        MappedPiece& piece = mapping.pieces.back();
        const std::uint64_t part = std::min<std::uint64_t>({excess, last.bytes, piece.bytes});
        last.bytes -= part;
        piece.bytes -= static_cast<std::uint32_t>(part);
        excess -= part;
        if (last.bytes == 0) {
            mapping.elements.pop_back();
        }
        if (piece.bytes == 0) {
            used -= piece.has_register ? 1 : 0;
            mapping.pieces.pop_back();
        }
    }
    mapping.bytes = copied;
    mapping.guard.data_bytes = copied;
    if (copied == 0) {
        if (mapping.guard.area != 0) {
            guard_pages.give(static_cast<std::uint32_t>((mapping.guard.area - config.guard_area.base) / page),
                             mapping.guard.area_bytes / page);
        }
        return nullptr;
    }

    if (guarded) {
        prepare_guards(adapter, mapping);
    }
    const bool in = to_device(call.direction) || config.options.bounce_copy_in;
    for (const MappedPiece& piece : mapping.pieces) {
        if (piece.bounced) {
            if (in) {
                copy(piece.physical, piece.bounce, piece.bytes);
            }
            maintain(
                from_device(call.direction) ? DmaOptions::Maintenance::CleanInvalidate : DmaOptions::Maintenance::Clean,
                piece.bounce, piece.bytes);
        } else if (limits.maintain) {
            maintain(to_device(call.direction) ? DmaOptions::Maintenance::Clean : config.options.map_from_device,
                     piece.physical, piece.bytes);
        }
        if (config.registers == MapRegisterKind::Hardware && !guarded) {
            set_register(piece.map_register, piece.physical / page * page, call.direction);
        }
    }
    if (from_device(call.direction) && !config.coherent) {
        const auto shared = [&](DriverFact::Kind kind, std::uint64_t address) {
            if (address % config.cache_line != 0) {
                DriverFact fact;
                fact.kind = kind;
                fact.adapter = adapter.id;
                fact.device = mapping.device;
                fact.address = address;
                fact.length = mapping.bytes;
                tell(fact);
            }
        };
        const MappedPiece& first = mapping.pieces.front();
        const MappedPiece& last = mapping.pieces.back();
        if (!first.bounced) {
            shared(DriverFact::Kind::LineSharedAtStart, first.physical);
        }
        if (!last.bounced) {
            shared(DriverFact::Kind::LineSharedAtEnd, last.physical + last.bytes);
        }
    }
    // Behind the maintenance: from here on the memory is the device's.
    for (const MappedPiece& piece : mapping.pieces) {
        if (notes != nullptr) {
            const DmaDirection way = call.direction == Direction::ToDevice     ? DmaDirection::ToDevice
                                     : call.direction == Direction::FromDevice ? DmaDirection::FromDevice
                                                                               : DmaDirection::Both;
            notes->map(way, piece.bounced ? piece.bounce : piece.physical, piece.bytes, cpu.now());
        }
    }
    allocation.used += used;
    ++allocation.maps;
    allocation.bytes_since_flush += copied;
    adapter.bytes_mapped += copied;
    allocation.mappings.push_back(std::move(mapping));
    return &allocation.mappings.back();
}

void DmaOperations::Impl::start(AdapterState& adapter, Mapping& mapping, std::uint32_t device_offset) {
    SystemTransfer transfer;
    transfer.channel = adapter.description.channel;
    transfer.elements = mapping.elements;
    transfer.to_device = to_device(mapping.direction);
    transfer.auto_initialize = adapter.description.auto_initialize;
    // DD-03, DD-10: each is of one version of descriptions.
    transfer.demand =
        adapter.description.demand_mode && (adapter.version == 2 || state.config.options.demand_mode_any_version);
    transfer.device_address = adapter.version >= 3 ? adapter.description.device_address + device_offset : 0;
    transfer.width_bits = adapter.description.width_bits;
    mapping.started = true;
    const SystemLimits limits = limits_of(adapter);
    if (limits.address_bits < 64 && transfer.elements.front().logical >> limits.address_bits != 0) {
        DriverFact fact;
        fact.kind = DriverFact::Kind::AddressTruncated;
        fact.adapter = adapter.id;
        fact.device = mapping.device;
        fact.start = transfer.elements.front().logical;
        fact.address = fact.start & ((1ULL << limits.address_bits) - 1);
        tell(fact);
    }
    controller->start(cpu, transfer);
}

std::size_t DmaOperations::Impl::mapping_at(const Allocation& allocation, const Mdl* mdl, std::uint64_t offset) const {
    for (std::size_t number = 0; number < allocation.mappings.size(); ++number) {
        const Mapping& mapping = allocation.mappings[number];
        if (mapping.mdl == mdl && mapping.offset == offset) {
            return number;
        }
    }
    return 0;
}

bool DmaOperations::Impl::unmap(AdapterState& adapter, Allocation& allocation, std::size_t index, std::uint64_t bytes) {
    const DmaConfig& config = state.config;
    Mapping mapping = std::move(allocation.mappings[index]);
    allocation.mappings.erase(allocation.mappings.begin() + static_cast<std::ptrdiff_t>(index));
    bool drained = true;
    if (mapping.started) {
        const unsigned channel = adapter.description.channel;
        const bool looping = adapter.description.auto_initialize;
        if (!mapping.ended && !mapping.cancelled && !looping &&
            controller->state(cpu, channel) == SystemState::Running) {
            DriverFact fact;
            fact.kind = DriverFact::Kind::EarlyFlush;
            fact.adapter = adapter.id;
            fact.device = mapping.device;
            fact.address = channel;
            fact.length = controller->remaining(cpu, channel);
            tell(fact);
            if (mapping.maintained && config.options.early_flush == DmaOptions::EarlyFlush::Cancels) {
                controller->stop(cpu, channel);
            }
        }
        // A counter that is not to be trusted says nothing about the end: the channel is stopped in any case.
        if (looping || adapter.ignores_count()) {
            controller->stop(cpu, channel);
        }
        drained = controller->drain(cpu, channel);
    }
    // Of a cancelled transfer, and of one whose last bytes did not arrive, nobody claims that all is there.
    std::uint64_t noted = mapping.cancelled || !drained ? 0 : std::min(bytes, mapping.bytes);
    for (const MappedPiece& piece : mapping.pieces) {
        const auto part = std::min<std::uint64_t>(noted, piece.bytes);
        noted -= part;
        if (notes != nullptr) {
            notes->completed(piece.bounced ? piece.bounce : piece.physical, part, cpu.now());
        }
    }
    if (mapping.guard.area != 0) {
        check_guards(adapter, mapping);
        guard_pages.give(static_cast<std::uint32_t>((mapping.guard.area - config.guard_area.base) / config.page_bytes),
                         mapping.guard.area_bytes / config.page_bytes);
    }
    std::uint64_t left = std::min(bytes, mapping.bytes);
    for (const MappedPiece& piece : mapping.pieces) {
        const auto part = std::min<std::uint64_t>(left, piece.bytes);
        left -= part;
        if (from_device(mapping.direction)) {
            if (piece.bounced) {
                if (!config.coherent) {
                    cpu.invalidate(piece.bounce, piece.bytes);
                }
                if (part > 0) {
                    copy(piece.bounce, piece.physical, part);
                }
            } else if (mapping.maintained && !config.coherent) {
                cpu.invalidate(piece.physical, piece.bytes);
            }
        }
        if (config.registers == MapRegisterKind::Hardware && mapping.guard.area == 0) {
            clear_register(piece.map_register);
        }
    }
    // Registers are given to the mappings of an allocation in a row and come free when none is left.
    allocation.used = allocation.mappings.empty() ? 0 : allocation.used;
    ++allocation.flushes;
    allocation.bytes_since_flush -= std::min(allocation.bytes_since_flush, mapping.bytes);
    return drained;
}

void DmaOperations::Impl::service() {
    if (controller == nullptr || servicing) {
        return;
    }
    servicing = true;
    controller->acknowledge(cpu);
    std::vector<RegisterBase> bases;
    for (const auto& [base, allocation] : state.allocations) {
        if (allocation.live() && !allocation.mappings.empty()) {
            bases.push_back(base);
        }
    }
    for (const RegisterBase base : bases) {
        Allocation* allocation = find(base);
        if (allocation == nullptr || !allocation->live() || allocation->mappings.empty()) {
            continue;
        }
        Mapping& mapping = allocation->mappings.back();
        AdapterState& adapter = state.adapters.at(allocation->adapter);
        if (!mapping.started || mapping.told || adapter.description.auto_initialize) {
            continue;
        }
        if (!mapping.ended && !mapping.cancelled) {
            const SystemState now = controller->state(cpu, adapter.description.channel);
            mapping.ended = now == SystemState::Complete || now == SystemState::Error;
            mapping.completion = now == SystemState::Error ? CompletionStatus::Error : CompletionStatus::Complete;
        }
        if ((mapping.ended || mapping.cancelled) && mapping.routine_at_end) {
            mapping.told = true;
            const CompletionRoutine routine = mapping.routine_at_end;
            const CompletionStatus status = mapping.completion;
            at_dispatch([&] { routine(status); });
        }
    }
    servicing = false;
}

// ------------------------------------------------------------------------------------------------------------- guards

bool DmaOperations::Impl::prepare_guards(AdapterState& /*adapter*/, Mapping& mapping) {
    const GuardedCopy& guard = mapping.guard;
    std::vector<std::uint8_t> bytes(guard.area_bytes, kPadding);
    const std::uint64_t data = guard.data - guard.area;
    std::copy(kTag.begin(), kTag.end(), bytes.begin() + static_cast<std::ptrdiff_t>(data - kTag.size()));
    std::copy(kTag.begin(), kTag.end(), bytes.begin() + static_cast<std::ptrdiff_t>(data + guard.data_bytes));
    // Lines of an earlier use must not hide or overwrite what the device sees.
    if (!state.config.coherent) {
        cpu.invalidate(guard.area, guard.area_bytes);
    }
    cpu.write(guard.area, bytes.data(), bytes.size(), MemoryType::Uncached);
    cpu.dsb();
    return true;
}

void DmaOperations::Impl::check_guards(AdapterState& adapter, const Mapping& mapping) {
    const GuardedCopy& guard = mapping.guard;
    std::vector<std::uint8_t> bytes(guard.area_bytes);
    cpu.read(guard.area, bytes.data(), bytes.size(), MemoryType::Uncached);
    const std::uint64_t data = guard.data - guard.area;
    const std::uint64_t end = data + guard.data_bytes;
    const std::uint64_t tag = kTag.size();
    std::array<bool, 4> told{};
    for (std::uint64_t place = 0; place < bytes.size(); ++place) {
        std::uint8_t expected = kPadding;
        auto kind = place < data ? DriverFact::Kind::GuardBefore : DriverFact::Kind::GuardAfter;
        unsigned which = place < data ? 0 : 1;
        if (place >= data && place < end) {
            continue;
        }
        if (place + tag >= data && place < data) {
            expected = kTag[place + tag - data];
            kind = DriverFact::Kind::TagBefore;
            which = 2;
        } else if (place >= end && place < end + tag) {
            expected = kTag[place - end];
            kind = DriverFact::Kind::TagAfter;
            which = 3;
        }
        if (bytes[place] == expected || told[which]) {
            continue;
        }
        told[which] = true;
        DriverFact fact;
        fact.kind = kind;
        fact.adapter = adapter.id;
        fact.device = mapping.device;
        fact.address = guard.area + place;
        fact.start = guard.data;
        fact.length = guard.data_bytes;
        tell(fact);
    }
}

void DmaOperations::Impl::check_free_registers(const AdapterState& adapter, std::uint32_t first, std::uint64_t count) {
    if (!state.config.guards || state.config.registers != MapRegisterKind::Bounce) {
        return;
    }
    // Pages of registers are not used while everything is copied between guards: what changes there was not allowed.
    const std::uint64_t page = state.config.page_bytes;
    std::vector<std::uint8_t> bytes(page);
    for (std::uint64_t number = first; number < first + count; ++number) {
        const std::uint64_t address = state.config.register_base + number * page;
        cpu.read(address, bytes.data(), page, MemoryType::Uncached);
        const auto changed = std::find_if(bytes.begin(), bytes.end(), [&](std::uint8_t byte) { return byte != 0; });
        if (changed != bytes.end()) {
            DriverFact fact;
            fact.kind = DriverFact::Kind::FreeRegisterWritten;
            fact.adapter = adapter.id;
            fact.device = adapter.device;
            fact.address = address + static_cast<std::uint64_t>(changed - bytes.begin());
            tell(fact);
        }
    }
}

SplitRule Adapter::split_rule() const {
    return dma_ == nullptr ? SplitRule::RegisterTrue : dma_->state().config.options.split;
}

bool Adapter::may_reserve() const {
    const AdapterState* adapter = dma_ == nullptr ? nullptr : dma_->state().adapter(id_);
    return adapter != nullptr && adapter->version >= 3 && !adapter->scatter_gather();
}

std::uint64_t Adapter::next_operation(const Mdl* mdl, std::uint64_t offset, std::uint64_t rest,
                                      std::uint64_t registers) const {
    const AdapterState* adapter = dma_ == nullptr ? nullptr : dma_->state().adapter(id_);
    const std::uint64_t size = chain_bytes(mdl);
    if (adapter == nullptr || adapter->released || offset >= size) {
        return 0;
    }
    const DmaConfig& config = dma_->state().config;
    const SystemLimits system = adapter->description.master ? SystemLimits{} : dma_->impl_->limits_of(*adapter);
    SplitLimits limits;
    limits.maximum_bytes = adapter->description.maximum_length;
    limits.unit_bytes = adapter->description.minimum_unit;
    if (!adapter->description.master) {
        limits.maximum_bytes = std::min(limits.maximum_bytes, system.maximum_bytes);
        limits.unit_bytes = std::max<std::uint64_t>(limits.unit_bytes, system.unit_bytes);
    }
    rest = std::min(rest, size - offset);
    if (config.options.split == SplitRule::RegisterTrue) {
        // Also of a chain, whose lists take registers of their own where they meet within a page.
        std::uint64_t room = 0;
        const std::vector<MemoryFragment> pieces = pages_of(mdl, offset, rest, config.page_bytes);
        for (std::size_t number = 0; number < pieces.size() && number < registers; ++number) {
            room += pieces[number].bytes;
        }
        return limit_operation(rest, room, limits);
    }
    std::uint64_t start = offset;
    const Mdl* list = mdl;
    while (start >= list->bytes) {
        start -= list->bytes;
        list = list->next;
    }
    return dma::next_operation(config.options.split, list->virtual_address + start, rest, registers, config.page_bytes,
                               limits);
}

// ------------------------------------------------------------------------------------------- maps of versions 1 and 2

MappedBlock Adapter::map_transfer(const Mdl* mdl, RegisterBase base, std::uint64_t current_va, std::uint64_t bytes,
                                  Direction direction) {
    if (dma_ == nullptr) {
        return {};
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::MapTransfer, id_);
    set_range(call, mdl, current_va, bytes, false);
    call.base = base;
    call.direction = direction;
    AdapterState* adapter = impl.enter(call);
    if (adapter == nullptr) {
        impl.leave(call, call.result);
        return {};
    }
    Allocation* allocation = impl.find(base);
    if (allocation == nullptr || allocation->adapter != id_ || !allocation->holds_registers || mdl == nullptr ||
        bytes == 0 || current_va < mdl->virtual_address || current_va - mdl->virtual_address >= mdl->bytes ||
        (!adapter->description.master && !allocation->holds_channel)) {
        impl.leave(call, Status::InvalidParameter);
        return {};
    }
    Mapping* mapping =
        impl.map(*adapter, *allocation, call, current_va - mdl->virtual_address, DmaOperations::Impl::MapLimits{1});
    if (mapping == nullptr) {
        impl.leave(call, Status::InsufficientResources);
        return {};
    }
    const MappedBlock block{mapping->elements.front().logical, mapping->bytes};
    if (!adapter->description.master) {
        impl.start(*adapter, *mapping, 0);
    }
    call.moved = block.bytes;
    impl.leave(call, Status::Success);
    return block;
}

bool Adapter::flush_adapter_buffers(const Mdl* mdl, RegisterBase base, std::uint64_t current_va, std::uint64_t bytes,
                                    Direction direction) {
    if (dma_ == nullptr) {
        return false;
    }
    DmaOperations::Impl& impl = *dma_->impl_;
    DriverCall call = impl.begin(Routine::FlushAdapterBuffers, id_);
    set_range(call, mdl, current_va, bytes, false);
    call.base = base;
    call.direction = direction;
    AdapterState* adapter = impl.enter(call);
    Allocation* allocation = adapter == nullptr ? nullptr : impl.find(base);
    if (allocation == nullptr || allocation->adapter != id_ || allocation->mappings.empty()) {
        impl.leave(call, adapter == nullptr ? call.result : Status::InvalidParameter);
        return false;
    }
    // A device that takes lists has several blocks mapped: one call ends all those that lie in its range.
    const std::uint64_t offset =
        mdl == nullptr || current_va < mdl->virtual_address ? 0 : current_va - mdl->virtual_address;
    bool flushed = true;
    std::uint64_t left = bytes;
    std::size_t index = impl.mapping_at(*allocation, mdl, offset);
    std::uint64_t next = allocation->mappings[index].offset;
    do {
        const std::uint64_t mapped = allocation->mappings[index].bytes;
        flushed = impl.unmap(*adapter, *allocation, index, left) && flushed;
        call.moved += std::min(left, mapped);
        left -= std::min(left, mapped);
        next += mapped;
        index = allocation->mappings.empty() ? 0 : impl.mapping_at(*allocation, mdl, next);
    } while (left > 0 && !allocation->mappings.empty() && allocation->mappings[index].mdl == mdl &&
             allocation->mappings[index].offset == next);
    impl.leave(call, flushed ? Status::Success : Status::Unsuccessful);
    return flushed;
}

}  // namespace dmasim::dma
