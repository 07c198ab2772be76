// SPDX-License-Identifier: Apache-2.0
//
// Calls in the wrong order, at the wrong level, on the wrong object.
#include <algorithm>

#include "rules.h"

namespace dmasim::dma::checks {

namespace {

Found second_channel(const RuleView& view) {
    if (!is(view, Routine::AllocateAdapterChannel) || view.adapter == nullptr) {
        return {};
    }
    const Allocation* owner = view.state.allocation(view.state.locks[view.adapter->lock].owner);
    if (owner == nullptr || owner->adapter != view.call->adapter || owner->device != view.call->device) {
        return {};
    }
    return FindingFields{{"outstanding", 2}};
}

Found too_many_registers(const RuleView& view) {
    if ((!is(view, Routine::AllocateAdapterChannel) && !is(view, Routine::AllocateAdapterChannelEx)) ||
        view.adapter == nullptr || view.call->count <= view.adapter->granted) {
        return {};
    }
    return FindingFields{{"required", view.call->count}, {"maximum", view.adapter->granted}};
}

Found list_too_many_registers(const RuleView& view) {
    if (!lists(view) || view.call->flag || view.adapter == nullptr || view.call->count <= view.adapter->granted) {
        return {};
    }
    return FindingFields{{"required", view.call->count}, {"maximum", view.adapter->granted}};
}

Found not_flushed(const RuleView& view) {
    if (!is(view, Routine::MapTransfer) || view.allocation == nullptr || view.allocation->mappings.empty()) {
        return {};
    }
    const std::uint64_t most = std::uint64_t{view.allocation->registers} * view.state.config.page_bytes;
    const std::uint64_t mapped = view.allocation->bytes_since_flush + view.call->length;
    return mapped <= most ? Found{} : FindingFields{{"bytes mapped", mapped}, {"most at a time", most}};
}

Found wrong_level(const RuleView& view) {
    const LevelRule rule = spec_of(view.call->routine).level;
    const bool exact = rule == LevelRule::Dispatch && view.call->level != Level::Dispatch;
    return exact ? FindingFields{{"required", "dispatch"}, {"current", name_of(view.call->level)}} : Found{};
}

Found level_too_high(const RuleView& view) {
    const bool high = spec_of(view.call->routine).level == LevelRule::Passive && view.call->level != Level::Passive;
    return high ? FindingFields{{"highest", "passive"}, {"current", "dispatch"}} : Found{};
}

Found wrong_class(const RuleView& view) {
    if (view.adapter == nullptr || view.adapter->released) {
        return {};
    }
    const bool master = view.adapter->description.master;
    const AdapterClass adapters = spec_of(view.call->routine).adapters;
    // Who reads a counter that there is not is told so by SV-16.
    const bool other = (adapters == AdapterClass::BusMaster && !master) ||
                       (adapters == AdapterClass::System && master && !is(view, Routine::ReadDmaCounter));
    const bool list =
        (is(view, Routine::GetScatterGatherListEx) || is(view, Routine::BuildScatterGatherListEx)) && view.call->flag;
    const bool completion = is(view, Routine::MapTransferEx) && master && view.call->flag;
    return other || list || completion ? FindingFields{{"adapter", master ? "bus master" : "system channel"}} : Found{};
}

Found released_adapter(const RuleView& view) {
    return view.adapter != nullptr && view.adapter->released ? FindingFields{{"adapter", view.call->adapter}} : Found{};
}

Found null_adapter(const RuleView& view) {
    // A handle of another system is none here.
    return view.adapter == nullptr && spec_of(view.call->routine).since > 0 ? FindingFields{} : Found{};
}

Found obsolete(const RuleView& view) {
    return is(view, Routine::HalGetAdapter) ? FindingFields{} : Found{};
}

Found unknown_version(const RuleView& view) {
    if (!is(view, Routine::GetDmaAdapter) || view.call->description == nullptr ||
        view.call->description->version <= 3) {
        return {};
    }
    return FindingFields{{"version", view.call->description->version}};
}

Found second_request(const RuleView& view) {
    if (!is(view, Routine::AllocateAdapterChannel)) {
        return {};
    }
    const bool waits =
        std::any_of(view.state.pending.begin(), view.state.pending.end(), [&](const PendingRequest& request) {
            return request.device == view.call->device && !request.list && request.context == 0;
        });
    const bool inside =
        std::any_of(view.state.allocations.begin(), view.state.allocations.end(), [&](const auto& entry) {
            return entry.second.device == view.call->device && entry.second.in_callback && entry.second.list == 0;
        });
    return waits || inside ? FindingFields{{"the first one", inside ? "is in its callback" : "waits"}} : Found{};
}

Found counter_of_master(const RuleView& view) {
    if (!is(view, Routine::ReadDmaCounter) || view.adapter == nullptr ||
        (!view.adapter->description.master && view.call->result == Status::Success)) {
        return {};
    }
    return FindingFields{{"adapter", view.adapter->description.master ? "bus master" : "system channel"}};
}

Found redundant_flush(const RuleView& view) {
    if (!is(view, Routine::KeFlushIoBuffers) || view.call->count == 0 || view.call->moved == 0 ||
        view.call->mdl == nullptr) {
        return {};
    }
    // In vain where the same memory is being mapped by version 3, or was last.
    for (const auto& [base, allocation] : view.state.allocations) {
        for (const Mapping& mapping : allocation.mappings) {
            if (mapping.maintained && mapping.mdl == view.call->mdl) {
                return FindingFields{{"cycles", view.call->moved}};
            }
        }
    }
    bool version3 = !view.state.adapters.empty();
    for (const auto& [id, adapter] : view.state.adapters) {
        version3 = version3 && (adapter.released || adapter.version >= 3);
    }
    return version3 ? FindingFields{{"cycles", view.call->moved}} : Found{};
}

Found context_in_use(const RuleView& view) {
    if (!is(view, Routine::AllocateAdapterChannelEx) && !is(view, Routine::InitializeDmaTransferContext) &&
        !(lists(view) && view.call->context != 0)) {
        return {};
    }
    const auto context = view.state.contexts.find(view.call->context);
    if (context == view.state.contexts.end() || (context->second.where != ContextState::Where::Pending &&
                                                 context->second.where != ContextState::Where::Owned)) {
        return {};
    }
    return FindingFields{{"context", view.call->context}};
}

Found cancelled_context(const RuleView& view) {
    if (!is(view, Routine::MapTransferEx) || view.allocation == nullptr) {
        return {};
    }
    const auto context = view.state.contexts.find(view.allocation->context);
    if (context == view.state.contexts.end() || !context->second.cancelled) {
        return {};
    }
    return FindingFields{{"context", view.allocation->context}};
}

Found parameters_differ(const RuleView& view) {
    if (!flushes(view) || view.allocation == nullptr || view.allocation->mappings.empty()) {
        return {};
    }
    const std::optional<std::uint64_t> offset = offset_of(*view.call);
    const Mapping* mapping = &view.allocation->mappings.front();
    std::uint64_t bytes = 0;
    for (const Mapping& each : view.allocation->mappings) {
        if (each.mdl == view.call->mdl && offset && each.offset == *offset) {
            mapping = &each;
        }
        bytes += each.bytes;
    }
    const bool length = view.call->length != mapping->bytes && view.call->length != bytes;
    if (mapping->mdl == view.call->mdl && offset && mapping->offset == *offset && !length &&
        mapping->direction == view.call->direction) {
        return {};
    }
    return FindingFields{{"offset", offset.value_or(0)},
                         {"mapped at offset", mapping->offset},
                         {"length", view.call->length},
                         {"mapped length", mapping->bytes},
                         {"direction", name_of(view.call->direction)},
                         {"mapped direction", name_of(mapping->direction)}};
}

Found put_direction_differs(const RuleView& view) {
    if (!is(view, Routine::PutScatterGatherList)) {
        return {};
    }
    const auto list = view.state.lists.find(view.call->list);
    if (list == view.state.lists.end() || list->second.freed || list->second.direction == view.call->direction) {
        return {};
    }
    return FindingFields{{"direction", name_of(view.call->direction)},
                         {"mapped direction", name_of(list->second.direction)}};
}

Found map_before_flush(const RuleView& view) {
    if (!maps(view) || view.allocation == nullptr || view.allocation->mappings.empty() || view.adapter == nullptr) {
        return {};
    }
    // Versions 1 and 2: devices that take lists are mapped block by block.
    if (is(view, Routine::MapTransfer) && view.adapter->scatter_gather()) {
        return {};
    }
    return FindingFields{{"maps", view.allocation->maps}, {"flushes", view.allocation->flushes}};
}

}  // namespace

const std::vector<DriverRule>& order_rules() {
    static const std::vector<DriverRule> kRules{
        {"DV-0B", "0B", "more than one channel outstanding on an adapter",
         "free_adapter_channel between the first request and this one", RuleMoment::Before, second_channel},
        {"DV-0C", "0C", "more map registers asked for than the adapter may have",
         "splitting into operations of at most the granted registers", RuleMoment::Before, too_many_registers},
        {"DV-0C", "0C", "list needs more map registers than the adapter may have",
         "splitting into operations of at most the granted registers", RuleMoment::After, list_too_many_registers},
        {"DV-0D", "0D", "adapter buffers not flushed: more is mapped than goes at a time",
         "flush_adapter_buffers between the map before and this one", RuleMoment::Before, not_flushed},
        {"DV-13", "13", "called at another level than required", "raising the level to dispatch before the call",
         RuleMoment::Before, wrong_level},
        {"DV-14", "14", "called above the highest level allowed", "lowering the level to passive before the call",
         RuleMoment::Before, level_too_high},
        {"DV-18", "18", "use of a released adapter", "this call before put_dma_adapter", RuleMoment::Before,
         released_adapter},
        {"DV-19", "19", "null adapter", "a successful get_dma_adapter before the call", RuleMoment::Before,
         null_adapter},
        {"DV-1E", "1E", "obsolete entry point", "get_dma_adapter instead of the obsolete routine", RuleMoment::Before,
         obsolete},
        {"DV-25", "25", "unknown version of a device description", "a description of version 0 to 3",
         RuleMoment::Before, unknown_version},
        {"SV-07", "", "flushed otherwise than mapped", "the parameters of the map", RuleMoment::Before,
         parameters_differ},
        {"SV-07", "", "list put otherwise than mapped", "the parameters of the map", RuleMoment::Before,
         put_direction_differs},
        {"SV-08", "", "mapped again without a flush", "one flush for each map", RuleMoment::Before, map_before_flush},
        {"SV-11", "", "second channel request of a device object",
         "the end of the first request's callback before the second request", RuleMoment::Before, second_request},
        {"SV-16", "", "counter read that there is not", "get_dma_adapter_info, which says whether there is a counter",
         RuleMoment::After, counter_of_master},
        {"SV-20", "", "superfluous flush: version 3 keeps the caches itself", "nothing: version 3 flushes by itself",
         RuleMoment::After, redundant_flush, true},
        {"SV-21", "", "transfer context used again while it is in use",
         "the end of the request, and a new initialisation, before the context is used again", RuleMoment::Before,
         context_in_use},
        {"SV-21", "", "transfer under a cancelled context",
         "the end of the request, and a new initialisation, before the context is used again", RuleMoment::Before,
         cancelled_context},
        {"SV-22", "", "routine or completion routine of the other class of devices",
         "the routine for this class of devices", RuleMoment::Before, wrong_class},
    };
    return kRules;
}

}  // namespace dmasim::dma::checks
