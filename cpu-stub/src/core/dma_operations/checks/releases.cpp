// SPDX-License-Identifier: Apache-2.0
//
// What is freed twice, too early, or not at all.
#include <algorithm>

#include "rules.h"

namespace dmasim::dma::checks {

namespace {

Found common_buffer_twice(const RuleView& view) {
    if (!is(view, Routine::FreeCommonBuffer) || view.adapter == nullptr) {
        return {};
    }
    const auto& buffers = view.state.common_buffers;
    const bool live = std::any_of(buffers.begin(), buffers.end(), [&](const CommonBufferState& entry) {
        return entry.adapter == view.call->adapter && !entry.freed && entry.buffer.address == view.call->address;
    });
    if (live) {
        return {};
    }
    return FindingFields{{"extra frees", 1}, {"address", view.call->address}};
}

const Allocation* owner(const RuleView& view) {
    const ChannelLock& lock = view.state.locks[view.adapter->lock];
    const Allocation* allocation = view.state.allocation(lock.owner);
    return allocation != nullptr && allocation->adapter == view.adapter->id ? allocation : nullptr;
}

bool frees_channel(const RuleView& view) {
    return is(view, Routine::FreeAdapterChannel) ||
           (is(view, Routine::FreeAdapterObject) && view.call->action != AllocationAction::KeepObject);
}

Found channel_twice(const RuleView& view) {
    if (!frees_channel(view) || view.adapter == nullptr || view.adapter->released || owner(view) != nullptr) {
        return {};
    }
    return FindingFields{{"extra frees", 1}};
}

Found registers_twice(const RuleView& view) {
    if (!is(view, Routine::FreeMapRegisters) || view.adapter == nullptr || view.adapter->released ||
        (view.allocation != nullptr && view.allocation->adapter == view.call->adapter &&
         view.allocation->holds_registers)) {
        return {};
    }
    return FindingFields{{"extra frees", view.call->count}};
}

Found list_twice(const RuleView& view) {
    if (!is(view, Routine::PutScatterGatherList) || view.adapter == nullptr || view.adapter->released) {
        return {};
    }
    const auto list = view.state.lists.find(view.call->list);
    if (list != view.state.lists.end() && list->second.adapter == view.call->adapter && !list->second.freed) {
        return {};
    }
    return FindingFields{{"allocated", view.adapter->lists_allocated}, {"freed", view.adapter->lists_freed + 1}};
}

bool puts(const RuleView& view) {
    return is(view, Routine::PutDmaAdapter) && view.adapter != nullptr && !view.adapter->released;
}

Found put_with_common_buffers(const RuleView& view) {
    const std::uint64_t left = puts(view) ? view.adapter->common_allocated - view.adapter->common_freed : 0;
    return left == 0 ? Found{} : FindingFields{{"left", left}};
}

Found put_with_channels(const RuleView& view) {
    const std::uint64_t left = puts(view) ? view.adapter->channels_allocated - view.adapter->channels_freed : 0;
    return left == 0 ? Found{} : FindingFields{{"left", left}};
}

Found put_with_registers(const RuleView& view) {
    if (!puts(view)) {
        return {};
    }
    // Those of lists and common buffers are counted there.
    std::uint64_t left = 0;
    for (const auto& [base, allocation] : view.state.allocations) {
        left += allocation.adapter == view.call->adapter && allocation.holds_registers && allocation.list == 0
                    ? allocation.registers
                    : 0;
    }
    return left == 0 ? Found{} : FindingFields{{"left", left}};
}

Found put_with_lists(const RuleView& view) {
    const std::uint64_t left = puts(view) ? view.adapter->lists_allocated - view.adapter->lists_freed : 0;
    return left == 0 ? Found{} : FindingFields{{"left", left}};
}

/// Mappings that a release would tear away.
std::uint64_t torn(const RuleView& view) {
    const Allocation* allocation = nullptr;
    if (is(view, Routine::FreeMapRegisters)) {
        allocation =
            view.allocation != nullptr && view.allocation->registers == view.call->count ? view.allocation : nullptr;
    } else if (view.adapter != nullptr &&
               (is(view, Routine::FreeAdapterChannel) ||
                (is(view, Routine::FreeAdapterObject) && view.call->action == AllocationAction::DeallocateObject))) {
        allocation = owner(view);
    }
    return allocation == nullptr ? 0 : allocation->mappings.size();
}

Found registers_still_mapped(const RuleView& view) {
    const std::uint64_t mapped = torn(view);
    return mapped == 0 ? Found{} : FindingFields{{"mapped", mapped}};
}

Found callback_tears_mapping(const RuleView& view) {
    if (!is(view, Routine::AllocateAdapterChannel) || !view.call->flag || view.allocation == nullptr ||
        view.call->action != AllocationAction::DeallocateObject || view.allocation->mappings.empty()) {
        return {};
    }
    return FindingFields{{"mapped", view.allocation->mappings.size()}};
}

Found adapters_not_put(const RuleView& view) {
    if (view.fact->kind != DriverFact::Kind::Unload) {
        return {};
    }
    std::uint64_t left = 0;
    std::uint64_t example = 0;
    for (const auto& [id, adapter] : view.state.adapters) {
        if (adapter.device == view.fact->device && !adapter.released) {
            ++left;
            example = id;
        }
    }
    return left == 0 ? Found{} : FindingFields{{"count", left}, {"adapter", example}};
}

Found vector_leaked(const RuleView& view) {
    if (!puts(view)) {
        return {};
    }
    for (const auto& [id, vector] : view.state.vectors) {
        if (vector.adapter == view.call->adapter && !vector.gone) {
            return FindingFields{{"vector", id}, {"misuse", vector_misuse_of(5)}};
        }
    }
    return {};
}

Found flushes_and_maps_differ(const RuleView& view) {
    const Allocation* allocation = nullptr;
    if (is(view, Routine::FreeMapRegisters)) {
        allocation = view.allocation;
    } else if (is(view, Routine::FreeAdapterChannel) && view.adapter != nullptr) {
        allocation = owner(view);
    }
    if (allocation == nullptr || allocation->flushes == allocation->maps) {
        return {};
    }
    return FindingFields{{"maps", allocation->maps}, {"flushes", allocation->flushes}};
}

Found released_before_flush(const RuleView& view) {
    if (!frees_channel(view) || view.adapter == nullptr || view.adapter->description.master) {
        return {};
    }
    const Allocation* allocation = owner(view);
    if (allocation == nullptr || allocation->mappings.empty()) {
        return {};
    }
    return FindingFields{{"bytes since the last flush", allocation->bytes_since_flush}};
}

Found programmed_before_flush(const RuleView& view) {
    // Version 3 refuses such a map, so that nothing is lost there.
    if (!is(view, Routine::MapTransfer) || view.adapter == nullptr || view.adapter->description.master ||
        view.allocation == nullptr || view.allocation->mappings.empty()) {
        return {};
    }
    return FindingFields{{"bytes since the last flush", view.allocation->bytes_since_flush}};
}

Found common_buffer_differs(const RuleView& view) {
    if (!is(view, Routine::FreeCommonBuffer)) {
        return {};
    }
    for (const CommonBufferState& entry : view.state.common_buffers) {
        if (entry.adapter == view.call->adapter && !entry.freed && entry.buffer.address == view.call->address &&
            (entry.buffer.asked != view.call->length || entry.buffer.logical != view.call->list ||
             entry.buffer.asked_cached != view.call->flag || entry.vector != 0)) {
            return FindingFields{{"length", view.call->length},
                                 {"allocated", entry.buffer.asked},
                                 {"logical address", view.call->list},
                                 {"allocated at logical address", entry.buffer.logical}};
        }
    }
    return {};
}

Found release_does_not_match(const RuleView& view) {
    if (is(view, Routine::FreeMapRegisters) && view.allocation != nullptr && view.allocation->holds_registers &&
        view.allocation->adapter == view.call->adapter &&
        (view.allocation->registers != view.call->count || view.allocation->kept_object ||
         view.allocation->list != 0)) {
        return FindingFields{{"freed", view.call->count}, {"allocated", view.allocation->registers}};
    }
    if (is(view, Routine::FreeAdapterChannel) && view.adapter != nullptr && owner(view) == nullptr) {
        for (const auto& [base, allocation] : view.state.allocations) {
            if (allocation.adapter == view.call->adapter && allocation.holds_registers && allocation.kept_registers) {
                return FindingFields{{"freed", std::uint64_t{0}}, {"allocated", allocation.registers}};
            }
        }
    }
    return {};
}

Found wrong_callback_result(const RuleView& view) {
    if (!is(view, Routine::AllocateAdapterChannel) || !view.call->flag || view.adapter == nullptr ||
        view.adapter->description.master || view.call->action == AllocationAction::KeepObject) {
        return {};
    }
    return FindingFields{{"result", name_of(view.call->action)}};
}

}  // namespace

const std::vector<DriverRule>& release_rules() {
    static const std::vector<DriverRule> kRules{
        {"DV-03", "03", "more common buffers freed than allocated", "an allocate_common_buffer before this free",
         RuleMoment::Before, common_buffer_twice},
        {"DV-04", "04", "more adapter channels freed than allocated", "an allocation of the channel before this free",
         RuleMoment::Before, channel_twice},
        {"DV-05", "05", "more map registers freed than allocated", "an allocation of map registers before this free",
         RuleMoment::Before, registers_twice},
        {"DV-06", "06", "more scatter/gather lists freed than allocated", "a get_scatter_gather_list before this put",
         RuleMoment::Before, list_twice},
        {"DV-07", "07", "adapter released with common buffers left",
         "free_common_buffer of each common buffer before put_dma_adapter", RuleMoment::Before,
         put_with_common_buffers},
        {"DV-08", "08", "adapter released with channels left", "free_adapter_channel before put_dma_adapter",
         RuleMoment::Before, put_with_channels},
        {"DV-09", "09", "adapter released with map registers left", "free_map_registers before put_dma_adapter",
         RuleMoment::Before, put_with_registers},
        {"DV-0A", "0A", "adapter released with scatter/gather lists left",
         "put_scatter_gather_list of each list before put_dma_adapter", RuleMoment::Before, put_with_lists},
        {"DV-10", "10", "map registers freed while they are mapped", "a flush between the map and this release",
         RuleMoment::Before, registers_still_mapped},
        {"DV-10", "10", "map registers freed while they are mapped", "a flush between the map and this release",
         RuleMoment::After, callback_tears_mapping},
        {"DV-11", "11", "adapter not put when its driver went away", "put_dma_adapter before the driver went away",
         RuleMoment::Fact, adapters_not_put},
        {"DV-CBV", "1DC", "vector of common buffers leaked",
         "each element freed once, then the vector, before put_dma_adapter", RuleMoment::Before, vector_leaked},
        {"SV-06", "", "channel released before its buffer was flushed",
         "a flush before the channel is released or programmed anew", RuleMoment::Before, released_before_flush},
        {"SV-06", "", "channel programmed anew before its buffer was flushed",
         "a flush before the channel is released or programmed anew", RuleMoment::Before, programmed_before_flush},
        {"SV-08", "", "not as many flushes as maps", "one flush for each map", RuleMoment::Before,
         flushes_and_maps_differ},
        {"SV-10", "", "release does not match the result of the callback",
         "the release that belongs to what the callback has returned", RuleMoment::Before, release_does_not_match},
        {"SV-10", "", "callback of a system channel did not keep the object",
         "the release that belongs to what the callback has returned", RuleMoment::After, wrong_callback_result},
        {"SV-17", "", "common buffer not freed as it was allocated",
         "the length, addresses and cache attribute of the allocation", RuleMoment::Before, common_buffer_differs},
    };
    return kRules;
}

}  // namespace dmasim::dma::checks
