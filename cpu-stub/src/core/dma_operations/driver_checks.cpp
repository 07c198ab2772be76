// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"

#include <algorithm>
#include <sstream>

#include "dmasim/bus/core/text.h"
#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

#include "checks/rules.h"

namespace dmasim::dma {

namespace {

/// What is wrong, and with what values.
std::string account_of(const DriverFinding& finding) {
    std::ostringstream line;
    line << finding.summary;
    const char* between = " (";
    for (const FindingField& field : finding.fields) {
        const bool address = field.name.find("address") != std::string_view::npos;
        line << between << field.name << " ";
        if (!field.word.empty()) {
            line << field.word;
        } else {
            line << (address ? detail::hex(field.value) : std::to_string(field.value));
        }
        between = ", ";
    }
    line << (finding.fields.empty() ? "" : ")");
    if (!finding.mapped.empty()) {
        line << "; " << finding.mapped;
    }
    return line.str();
}

/// Who has done it: "flush_adapter_buffers, adapter 1, device 2".
std::string author_of(const DriverFinding& finding) {
    std::string text(finding.routine);
    const auto add = [&](const char* name, std::uint32_t number) {
        if (number != 0) {
            text += (text.empty() ? "" : ", ") + std::string(name) + " " + std::to_string(number);
        }
    };
    add("adapter", finding.adapter);
    add("device", finding.device);
    return text;
}

/// The bytes that a call, or a fact, is about.
void find_range(const RuleView& view, DriverFinding& finding) {
    const auto set = [&](std::uint64_t address, std::uint64_t bytes) {
        finding.address = address;
        finding.bytes = bytes;
    };
    if (view.streaming != nullptr) {
        return set(view.streaming->address != 0 ? view.streaming->address : view.streaming->dma, view.streaming->bytes);
    }
    if (view.fact != nullptr) {
        const DriverFact& fact = *view.fact;
        switch (fact.kind) {
            case DriverFact::Kind::CpuAccess:
            case DriverFact::Kind::DeviceAccess:
                finding.by_device = fact.kind == DriverFact::Kind::DeviceAccess;
                return set(fact.address, fact.length);
            case DriverFact::Kind::LineSharedAtStart:
                return set(fact.address, std::max<std::uint64_t>(fact.length, 1));
            case DriverFact::Kind::LineSharedAtEnd:
                return set(fact.address - std::min<std::uint64_t>(fact.address, 1), 1);
            case DriverFact::Kind::GuardBefore:
            case DriverFact::Kind::GuardAfter:
            case DriverFact::Kind::TagBefore:
            case DriverFact::Kind::TagAfter:
            case DriverFact::Kind::FreeRegisterWritten:
            case DriverFact::Kind::AddressTruncated:
                finding.by_device = true;
                return set(fact.address, 1);
            case DriverFact::Kind::RemappingFault:
                finding.by_device = true;
                return set(fact.address, fact.length);
            default:
                return;
        }
    }
    const DriverCall& call = *view.call;
    const std::optional<std::uint64_t> offset = checks::offset_of(call);
    if (call.mdl != nullptr && offset) {
        const auto pieces = pages_of(call.mdl, *offset, call.length, view.state.config.page_bytes);
        std::uint64_t bytes = 0;
        for (const MemoryFragment& piece : pieces) {
            if (piece.address != pieces.front().address + bytes) {
                break;
            }
            bytes += piece.bytes;
        }
        return bytes == 0 ? void() : set(pieces.front().address, bytes);
    }
    if (call.routine == Routine::FreeCommonBuffer) {
        return set(call.address, call.length);
    }
    if (view.allocation != nullptr && !view.allocation->mappings.empty() &&
        !view.allocation->mappings.front().pieces.empty()) {
        const MappedPiece& piece = view.allocation->mappings.front().pieces.front();
        set(piece.physical, piece.bytes);
    }
}

}  // namespace

std::string DriverFinding::text() const {
    const std::string author = author_of(*this);
    return std::string(rule) + " in cycle " + std::to_string(at.count()) + (author.empty() ? "" : ", " + author) +
           ": " + account_of(*this);
}

Finding to_finding(const DriverFinding& finding) {
    Finding result;
    result.rule = finding.rule;
    result.at = finding.at;
    result.seen_at = finding.at;
    result.message = account_of(finding);
    result.missing = finding.missing;
    result.address = finding.address;
    result.bytes = finding.bytes;
    result.reader.agent = finding.by_device ? VerifierAgent::Device : VerifierAgent::Cpu;
    const std::string author = author_of(finding);
    result.reader.what = author.empty() ? "driver" : author;
    result.reader.at = finding.at;
    return result;
}

std::vector<std::string> driver_rule_names() {
    std::vector<std::string> names;
    for (const DriverRule* rule : driver_rules()) {
        if (std::find(names.begin(), names.end(), rule->id) == names.end()) {
            names.emplace_back(rule->id);
        }
    }
    return names;
}

const std::vector<const DriverRule*>& driver_rules() {
    static const std::vector<const DriverRule*> kRules = [] {
        std::vector<const DriverRule*> rules;
        for (const auto* group : {&checks::release_rules(), &checks::order_rules(), &checks::range_rules(),
                                  &checks::fact_rules(), &checks::streaming_rules(), &checks::refusal_rules()}) {
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
    // The channel is freed by its adapter: what its owner has mapped is what a finding is about.
    if (view.adapter != nullptr && call.base == 0 &&
        (call.routine == Routine::FreeAdapterChannel || call.routine == Routine::FreeAdapterObject)) {
        const Allocation* owner = state.allocation(state.locks[view.adapter->lock].owner);
        view.allocation = owner != nullptr && owner->adapter == call.adapter ? owner : nullptr;
    }
    calls_[call.number] = spoken_;
    apply(RuleMoment::Before, view);
}

void DriverChecker::after(const DriverCall& call, const DmaState& state) {
    RuleView view{state};
    view.call = &call;
    view.adapter = state.adapter(call.adapter);
    view.allocation = state.allocation(call.base);
    const auto begun = calls_.find(call.number);
    if (begun != calls_.end()) {
        view.told = spoken_ > begun->second;
        calls_.erase(begun);
    }
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

void DriverChecker::apply(RuleMoment moment, RuleView view) {
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
    const StreamingMapping* live = view.streaming == nullptr
                                       ? nullptr
                                       : view.streaming_state->containing(view.streaming->device, view.streaming->dma);
    if (live != nullptr && view.streaming->dma != 0) {
        finding.mapped = "mapped as " + std::string(name_of(live->kind)) + " in cycle " +
                         std::to_string(live->at.count()) + ", " + std::to_string(live->bytes) + " bytes " +
                         std::string(name_of(live->direction));
    }
    for (const DriverRule* rule : driver_rules()) {
        std::optional<FindingFields> fields = rule->moment == moment ? rule->look(view) : std::nullopt;
        if (!fields) {
            continue;
        }
        ++spoken_;
        view.told = true;
        if (std::find(silenced_.begin(), silenced_.end(), rule->id) != silenced_.end()) {
            continue;
        }
        ++count_;
        DriverFinding found = finding;
        found.rule = rule->id;
        found.summary = rule->summary;
        found.missing = rule->missing;
        found.warning = rule->warning;
        find_range(view, found);
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
