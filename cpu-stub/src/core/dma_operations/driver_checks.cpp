// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"

#include <algorithm>
#include <sstream>

#include "dmasim/bus/core/text.h"
#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

#include "checks/rules.h"

namespace dmasim::dma {

std::string DriverFinding::text() const {
    std::ostringstream line;
    line << rule << " in cycle " << at.count();
    if (!routine.empty()) {
        line << ", " << routine;
    }
    if (adapter != 0) {
        line << ", adapter " << adapter;
    }
    if (device != 0) {
        line << ", device " << device;
    }
    line << ": " << summary;
    const char* between = " (";
    for (const FindingField& field : fields) {
        const bool address = field.name.find("address") != std::string_view::npos;
        line << between << field.name << " " << (address ? detail::hex(field.value) : std::to_string(field.value));
        between = ", ";
    }
    line << (fields.empty() ? "" : ")");
    if (!mapped.empty()) {
        line << "; " << mapped;
    }
    return line.str();
}

Finding to_finding(const DriverFinding& finding) {
    Finding result;
    result.rule = finding.rule;
    result.at = finding.at;
    result.seen_at = finding.at;
    result.message = finding.text();
    for (const FindingField& field : finding.fields) {
        if (field.name == "address" && result.address == 0) {
            result.address = field.value;
        } else if (field.name == "length" || field.name == "size") {
            result.bytes = field.value;
        }
    }
    result.reader.agent = VerifierAgent::Cpu;
    result.reader.what = finding.routine.empty() ? "driver" : std::string(finding.routine);
    result.reader.at = finding.at;
    return result;
}

const std::vector<const DriverRule*>& driver_rules() {
    static const std::vector<const DriverRule*> kRules = [] {
        std::vector<const DriverRule*> rules;
        for (const auto* group : {&checks::release_rules(), &checks::order_rules(), &checks::range_rules(),
                                  &checks::fact_rules(), &checks::streaming_rules()}) {
            for (const DriverRule& rule : *group) {
                rules.push_back(&rule);
            }
        }
        return rules;
    }();
    return kRules;
}

void DriverChecker::before(const DriverCall& call, const DmaState& state) {
    RuleView view{state};
    view.call = &call;
    view.adapter = state.adapter(call.adapter);
    view.allocation = state.allocation(call.base);
    apply(RuleMoment::Before, view);
}

void DriverChecker::after(const DriverCall& call, const DmaState& state) {
    RuleView view{state};
    view.call = &call;
    view.adapter = state.adapter(call.adapter);
    view.allocation = state.allocation(call.base);
    apply(RuleMoment::After, view);
}

void DriverChecker::fact(const DriverFact& fact, const DmaState& state) {
    RuleView view{state};
    view.fact = &fact;
    view.adapter = state.adapter(fact.adapter);
    apply(RuleMoment::Fact, view);
}

void DriverChecker::streaming(const StreamingCall& call, const StreamingState& state) {
    static const DmaState kNone;
    RuleView view{kNone};
    view.streaming = &call;
    view.streaming_state = &state;
    apply(RuleMoment::Streaming, view);
}

void DriverChecker::apply(RuleMoment moment, const RuleView& view) {
    DriverFinding finding;
    if (view.call != nullptr) {
        finding.at = view.call->at;
        finding.adapter = view.call->adapter;
        finding.device = view.call->device;
        finding.routine = name_of(view.call->routine);
    } else if (view.fact != nullptr) {
        finding.at = view.fact->at;
        finding.adapter = view.fact->adapter;
        finding.device = view.fact->device;
    } else {
        finding.at = view.streaming->at;
        finding.device = view.streaming->device;
        finding.routine = name_of(view.streaming->routine);
    }
    if (!devices_.empty() && std::find(devices_.begin(), devices_.end(), finding.device) == devices_.end()) {
        return;
    }
    if (view.allocation != nullptr && !view.allocation->mappings.empty()) {
        const Mapping& mapping = view.allocation->mappings.front();
        finding.mapped = "mapped by " + std::string(name_of(mapping.routine)) + " in cycle " +
                         std::to_string(mapping.at.count()) + ", offset " + std::to_string(mapping.offset) + ", " +
                         std::to_string(mapping.bytes) + " bytes " + std::string(name_of(mapping.direction));
    }
    for (const DriverRule* rule : driver_rules()) {
        if (rule->moment != moment || std::find(silenced_.begin(), silenced_.end(), rule->id) != silenced_.end()) {
            continue;
        }
        std::optional<FindingFields> fields = rule->look(view);
        if (!fields) {
            continue;
        }
        ++count_;
        DriverFinding found = finding;
        found.rule = rule->id;
        found.summary = rule->summary;
        found.warning = rule->warning;
        found.fields = std::move(*fields);
        if (listener_) {
            listener_(found);
        }
        if (findings_.size() < limit_) {
            findings_.push_back(std::move(found));
        }
    }
}

void DriverChecker::clear() {
    findings_.clear();
    count_ = 0;
}

}  // namespace dmasim::dma
