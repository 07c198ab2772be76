// SPDX-License-Identifier: Apache-2.0
//
// What the system refuses because it is wrong, and none of the other rules names. The group is the last one, so that it
// knows what the others have found.
#include "rules.h"

namespace dmasim::dma::checks {

namespace {

/// Whether the answer says that the call was wrong. Others are answers that a driver has to expect: that there is no
/// room now, that the platform has no such thing, that a cancelled request is cancelled.
bool wrong_order(Status status) {
    return status == Status::InvalidDeviceRequest || status == Status::NoneMapped || status == Status::DeviceBusy;
}
bool wrong_parameter(Status status) {
    return status == Status::InvalidParameter || status == Status::InvalidParameter1 ||
           status == Status::BufferTooSmall || status == Status::InUse;
}

Found map_without_allocation(const RuleView& view) {
    if (!maps(view) || view.adapter == nullptr || view.adapter->released ||
        spec_of(view.call->routine).since > view.adapter->version) {
        return {};
    }
    const bool own = view.allocation != nullptr && view.allocation->adapter == view.call->adapter &&
                     view.allocation->holds_registers;
    if (!own) {
        return FindingFields{{"base", view.call->base}, {"allocated", "nothing"}};
    }
    const bool channel = view.adapter->description.master || view.allocation->holds_channel;
    return channel ? Found{} : FindingFields{{"base", view.call->base}, {"allocated", "registers without the channel"}};
}

/// A routine that is newer than the adapter's table.
Found not_in_the_table(const RuleView& view) {
    if (view.told || view.adapter == nullptr || view.call->result != Status::NotSupported) {
        return {};
    }
    const std::uint8_t since = spec_of(view.call->routine).since;
    return since > view.adapter->version
               ? FindingFields{{"version of the adapter", view.adapter->version}, {"first version", since}}
               : Found{};
}

Found wrong_version_of_a_structure(const RuleView& view) {
    const bool info = is(view, Routine::GetDmaAdapterInfo) || is(view, Routine::GetDmaTransferInfo);
    return info && !view.told && view.call->result == Status::NotSupported
               ? FindingFields{{"answer", name_of(view.call->result)}}
               : Found{};
}

Found out_of_order(const RuleView& view) {
    return !view.told && wrong_order(view.call->result) ? FindingFields{{"answer", name_of(view.call->result)}}
                                                        : Found{};
}

Found refused_parameter(const RuleView& view) {
    return !view.told && wrong_parameter(view.call->result) ? FindingFields{{"answer", name_of(view.call->result)}}
                                                            : Found{};
}

Found out_of_order_in_the_hardware(const RuleView& view) {
    const auto status = static_cast<Status>(view.fact->address);
    return view.fact->kind == DriverFact::Kind::RemappingRefused && wrong_order(status)
               ? FindingFields{{"domain", view.fact->start}, {"answer", name_of(status)}}
               : Found{};
}

Found refused_by_the_hardware(const RuleView& view) {
    const auto status = static_cast<Status>(view.fact->address);
    return view.fact->kind == DriverFact::Kind::RemappingRefused && wrong_parameter(status)
               ? FindingFields{{"domain", view.fact->start}, {"answer", name_of(status)}}
               : Found{};
}

}  // namespace

const std::vector<DriverRule>& refusal_rules() {
    static const std::vector<DriverRule> kRules{
        {"SV-25", "", "map without map registers and channel of its own",
         "an allocation of the channel, of this adapter and not yet freed, before the map", RuleMoment::Before,
         map_without_allocation},
        {"SV-25", "", "routine that the adapter's table does not have", "an adapter of a version that has the routine",
         RuleMoment::After, not_in_the_table},
        {"SV-25", "", "call that the state of its object does not allow", "the call that leads to the state it needs",
         RuleMoment::After, out_of_order},
        {"SV-25", "", "change of a domain that its state does not allow", "the call that leads to the state it needs",
         RuleMoment::Fact, out_of_order_in_the_hardware},
        {"SV-26", "", "structure of another version than asked for", "the version in the structure before the call",
         RuleMoment::After, wrong_version_of_a_structure},
        {"SV-26", "", "parameter that the routine does not take", "parameters that are documented for the routine",
         RuleMoment::After, refused_parameter},
        {"SV-26", "", "change of a domain with parameters that it does not take",
         "parameters that are documented for the routine", RuleMoment::Fact, refused_by_the_hardware},
    };
    return kRules;
}

}  // namespace dmasim::dma::checks
