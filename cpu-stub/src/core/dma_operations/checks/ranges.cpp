// SPDX-License-Identifier: Apache-2.0
//
// Addresses and lengths: what is mapped and flushed lies where it should.
#include <algorithm>

#include "rules.h"

namespace dmasim::dma::checks {

namespace {

bool uses_memory(const RuleView& view) {
    return (maps(view) || lists(view) || flushes(view) || is(view, Routine::KeFlushIoBuffers)) &&
           view.call->mdl != nullptr;
}

Found beyond_the_register_file(const RuleView& view) {
    if (!flushes(view) || view.allocation == nullptr || view.allocation->mappings.empty()) {
        return {};
    }
    std::uint64_t mapped = 0;
    for (const Mapping& mapping : view.allocation->mappings) {
        mapped += mapping.bytes;
    }
    if (view.call->length <= mapped) {
        return {};
    }
    return FindingFields{{"bytes mapped", mapped}, {"bytes asked", view.call->length}};
}

Found not_locked(const RuleView& view) {
    // To the end: a flush of what has been unlocked meanwhile is late.
    if (!uses_memory(view)) {
        return {};
    }
    for (const Mdl* mdl : lists_of(view.call->mdl)) {
        if (!mdl->locked) {
            return FindingFields{{"address", mdl->virtual_address}, {"length", mdl->bytes}};
        }
    }
    return {};
}

Found mangled_flags(const RuleView& view) {
    if (!uses_memory(view)) {
        return {};
    }
    for (const Mdl* mdl : lists_of(view.call->mdl)) {
        if (mdl->flags != 0) {
            return FindingFields{{"address", mdl->virtual_address}, {"flags", mdl->flags}};
        }
    }
    return {};
}

Found flush_of_another_buffer(const RuleView& view) {
    if (!flushes(view) || view.allocation == nullptr || view.allocation->mappings.empty()) {
        return {};
    }
    const std::optional<std::uint64_t> offset = offset_of(*view.call);
    for (const Mapping& mapping : view.allocation->mappings) {
        if (mapping.mdl == view.call->mdl && offset && *offset >= mapping.offset &&
            *offset < mapping.offset + mapping.bytes) {
            return {};
        }
    }
    return FindingFields{{"register", view.allocation->first_register}, {"address", view.call->address}};
}

Found flush_of_nothing(const RuleView& view) {
    if (!flushes(view) || view.adapter == nullptr || view.adapter->released ||
        (view.allocation != nullptr && view.allocation->adapter == view.call->adapter &&
         !view.allocation->mappings.empty())) {
        return {};
    }
    return FindingFields{{"base", view.call->base}, {"address", view.call->address}};
}

Found outside_of_the_mdl(const RuleView& view) {
    // Of lists before version 3 the place in the chain is told: DV-1F1, DV-1F2.
    const bool asks = is(view, Routine::CalculateScatterGatherListSize) || is(view, Routine::GetDmaTransferInfo) ||
                      (lists(view) && view.call->is_offset);
    if ((!maps(view) && !flushes(view) && !asks) || view.call->mdl == nullptr) {
        return {};
    }
    const std::optional<std::uint64_t> offset = offset_of(*view.call);
    const std::uint64_t bytes = view.call->is_offset ? chain_bytes(view.call->mdl) : view.call->mdl->bytes;
    if (offset && *offset < bytes) {
        return {};
    }
    return FindingFields{{"address", view.call->address}, {"list at address", view.call->mdl->virtual_address}};
}

Found already_mapped(const RuleView& view) {
    if ((!maps(view) && !lists(view)) || view.call->flag || view.call->mdl == nullptr) {
        return {};
    }
    const std::optional<std::uint64_t> offset = offset_of(*view.call);
    if (!offset) {
        return {};
    }
    const auto pieces = pages_of(view.call->mdl, *offset, view.call->length, view.state.config.page_bytes);
    for (const auto& [base, allocation] : view.state.allocations) {
        for (const Mapping& mapping : allocation.mappings) {
            if (allocation.adapter != view.call->adapter ||
                (mapping.direction == Direction::ToDevice && view.call->direction == Direction::ToDevice)) {
                continue;
            }
            for (const MappedPiece& old : mapping.pieces) {
                for (const MemoryFragment& piece : pieces) {
                    if (piece.address < old.physical + old.bytes && old.physical < piece.address + piece.bytes) {
                        return FindingFields{{"start address", piece.address},
                                             {"end address", piece.address + piece.bytes},
                                             {"overlapping address", std::max(piece.address, old.physical)}};
                    }
                }
            }
        }
    }
    return {};
}

Found before_the_mdl(const RuleView& view) {
    if (!lists(view) || view.call->is_offset || view.call->mdl == nullptr ||
        view.call->address >= view.call->mdl->virtual_address) {
        return {};
    }
    return FindingFields{{"address", view.call->address}, {"list at address", view.call->mdl->virtual_address}};
}

Found behind_the_first_mdl(const RuleView& view) {
    if (!lists(view) || view.call->is_offset || view.call->mdl == nullptr) {
        return {};
    }
    const std::optional<std::uint64_t> offset = offset_of(*view.call);
    if (!offset || *offset < view.call->mdl->bytes) {
        return {};
    }
    return FindingFields{{"address", view.call->address}, {"list at address", view.call->mdl->virtual_address}};
}

/// Bytes asked for behind the end of the chain.
std::uint64_t excess_of(const RuleView& view) {
    const bool asks = is(view, Routine::CalculateScatterGatherListSize) || is(view, Routine::GetDmaTransferInfo);
    if ((!maps(view) && !lists(view) && !asks) || view.call->mdl == nullptr) {
        return 0;
    }
    const std::optional<std::uint64_t> offset = offset_of(*view.call);
    const std::uint64_t bytes = chain_bytes(view.call->mdl);
    if (!offset || *offset >= bytes || view.call->length <= bytes - *offset) {
        return 0;
    }
    return view.call->length - (bytes - *offset);
}

Found beyond_the_mdl_and_its_page(const RuleView& view) {
    const std::uint64_t excess = excess_of(view);
    if (excess == 0) {
        return {};
    }
    const Mdl* last = lists_of(view.call->mdl).back();
    const std::uint64_t page = view.state.config.page_bytes;
    const std::uint64_t end = last->virtual_address + last->bytes;
    const std::uint64_t left_in_page = (page - end % page) % page;
    return excess <= left_in_page
               ? Found{}
               : FindingFields{{"list at address", last->virtual_address}, {"length", view.call->length}};
}

Found buffer_too_short(const RuleView& view) {
    const std::uint64_t excess = excess_of(view);
    return excess == 0 ? Found{} : FindingFields{{"unaccounted bytes", excess}};
}

Found zero_length(const RuleView& view) {
    return (maps(view) || lists(view)) && view.call->length == 0 ? FindingFields{} : Found{};
}

Found not_in_system_space(const RuleView& view) {
    if ((!maps(view) && !lists(view)) || view.call->mdl == nullptr) {
        return {};
    }
    for (const Mdl* mdl : lists_of(view.call->mdl)) {
        if (!mdl->system_mapped) {
            return FindingFields{{"address", mdl->virtual_address}};
        }
    }
    return {};
}

Found not_of_the_unit(const RuleView& view) {
    if ((!maps(view) && !lists(view)) || view.adapter == nullptr || view.call->mdl == nullptr ||
        !offset_of(*view.call)) {
        return {};
    }
    const DeviceDescription& description = view.adapter->description;
    const std::uint64_t unit = std::max(description.minimum_unit, description.alignment);
    const std::uint64_t start = view.call->mdl->virtual_address + *offset_of(*view.call);
    if (start % unit == 0 && view.call->length % unit == 0) {
        return {};
    }
    return FindingFields{{"start address", start}, {"length", view.call->length}, {"unit", unit}};
}

}  // namespace

const std::vector<DriverRule>& range_rules() {
    static const std::vector<DriverRule> kRules{
        {"DV-00a", "00/1", "flush of more bytes than the registers hold", "a flush with the length that was mapped",
         RuleMoment::Before, beyond_the_register_file},
        {"DV-0E", "0E", "DMA on a buffer that is not locked",
         "locking of the pages before the map, until after the flush", RuleMoment::Before, not_locked},
        {"DV-MF", "", "memory descriptor list with mangled flags", "flags as the system has set them",
         RuleMoment::Before, mangled_flags},
        {"DV-16", "16", "flush of a buffer that is not mapped", "a map of this buffer before the flush",
         RuleMoment::Before, flush_of_another_buffer},
        {"DV-1B", "1B", "address outside of the list passed with it",
         "an address inside the list that is passed with it", RuleMoment::Before, outside_of_the_mdl},
        {"DV-1D", "1D", "address range is mapped already", "a flush of the first mapping before the second one",
         RuleMoment::Before, already_mapped},
        {"DV-1F1", "1F/1", "start before the first list", "a start inside the first list", RuleMoment::Before,
         before_the_mdl},
        {"DV-1F2", "1F/2", "start behind the first list", "a start inside the first list", RuleMoment::Before,
         behind_the_first_mdl},
        {"DV-1F3", "1F/3", "length beyond the list and its last page", "a length that ends inside the list",
         RuleMoment::Before, beyond_the_mdl_and_its_page},
        {"DV-20", "20", "flush of map registers that are not mapped", "a map before the flush", RuleMoment::Before,
         flush_of_nothing},
        {"DV-21", "21", "map of length 0", "a test for an empty request before the map", RuleMoment::Before,
         zero_length},
        {"DV-22", "22", "buffer is not mapped in system space", "mapping of the list into system space before the call",
         RuleMoment::Before, not_in_system_space},
        {"DV-24", "24", "buffer shorter than the length", "a list that holds the length asked for", RuleMoment::Before,
         buffer_too_short},
        {"SV-14", "", "start or length is no multiple of the device's unit",
         "start and length that are multiples of the device's unit", RuleMoment::Before, not_of_the_unit},
    };
    return kRules;
}

}  // namespace dmasim::dma::checks
