// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/cpu_stub/core/dma_operations/state.h"
#include "dmasim/model/verifier/finding.h"

namespace dmasim::dma {

class StreamingState;
struct StreamingCall;

/// A value that a finding tells of: a number, or a word.
struct FindingField {
    FindingField(std::string_view field_name, std::uint64_t number) : name(field_name), value(number) {}
    FindingField(std::string_view field_name, std::string_view field_word) : name(field_name), word(field_word) {}
    FindingField(std::string_view field_name, const char* field_word) : name(field_name), word(field_word) {}

    std::string_view name;
    std::uint64_t value = 0;
    std::string_view word;  ///< If it is not empty: in place of the number. A literal.
};
using FindingFields = std::vector<FindingField>;

/// A driver has broken a rule.
struct DriverFinding {
    std::string_view rule;     ///< Name of the rule, "DV-03"; stable.
    std::string_view summary;  ///< What is wrong.
    std::string_view missing;  ///< What would have prevented it.
    Cycles at;
    std::uint32_t adapter = 0;
    DeviceId device = 0;
    std::string_view routine;  ///< Of the call; empty if it was none.
    FindingFields fields;
    std::uint64_t address = 0;  ///< First byte concerned, as the CPU sees it.
    std::uint64_t bytes = 0;    ///< 0: it is not about bytes.
    bool by_device = false;     ///< A device has done it.
    std::string mapped;         ///< How and when the mapping in question was made; may be empty.
    bool warning = false;       ///< It only costs time.

    /// One line: "DV-03 in cycle 120, free_common_buffer, adapter 1 of device 2: more common buffers freed than ...".
    [[nodiscard]] std::string text() const;
};

/// The finding in the words of the verifier's findings (docs/verifier.md), for `VerifierMonitor::add`.
Finding to_finding(const DriverFinding& finding);

/// Names of all rules, each once, for `VerifierConfig::other_rules`.
std::vector<std::string> driver_rule_names();

/// What a rule looks at.
struct RuleView {
    const DmaState& state;
    const DriverCall* call = nullptr;  ///< Or
    const DriverFact* fact = nullptr;  ///< or
    const StreamingCall* streaming = nullptr;
    const StreamingState* streaming_state = nullptr;
    const AdapterState* adapter = nullptr;   ///< Of the call.
    const Allocation* allocation = nullptr;  ///< Of the call's base.
    bool told = false;                       ///< Another rule has something to say about this call.
};

/// When a rule is asked.
enum class RuleMoment : std::uint8_t { Before, After, Fact, Streaming };

/// A rule. It answers with what its finding tells, or with nothing.
struct DriverRule {
    std::string_view id;
    std::string_view code;  ///< Code of the documented check; empty: none.
    std::string_view summary;
    std::string_view missing;  ///< What would have prevented it, one phrase.
    RuleMoment moment = RuleMoment::Before;
    std::optional<FindingFields> (*look)(const RuleView& view) = nullptr;
    bool warning = false;
};

/// All rules, in order of their groups.
const std::vector<const DriverRule*>& driver_rules();

/// Applies the rules to all that a `DmaOperations` or a `StreamingMap` tells.
class DriverChecker final : public CallObserver {
  public:
    /// `limit`: findings that are kept; all are counted.
    explicit DriverChecker(std::size_t limit = 1000) : limit_(limit) {}

    void before(const DriverCall& call, const DmaState& state) override;
    void after(const DriverCall& call, const DmaState& state) override;
    void fact(const DriverFact& fact, const DmaState& state) override;
    void streaming(const StreamingCall& call, const StreamingState& state);

    /// Gets every finding, also those that are not kept.
    void on_finding(std::function<void(const DriverFinding&)> listener) { listener_ = std::move(listener); }
    /// Rules that are not applied.
    void silence(std::string_view rule) { silenced_.emplace_back(rule); }
    /// Only calls of these devices are looked at; empty: of all.
    void only_devices(std::vector<DeviceId> devices) { devices_ = std::move(devices); }

    [[nodiscard]] const std::vector<DriverFinding>& findings() const { return findings_; }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    void clear();

  private:
    void apply(RuleMoment moment, RuleView view);

    std::size_t limit_;
    std::vector<DriverFinding> findings_;
    std::uint64_t count_ = 0;
    std::uint64_t spoken_ = 0;                      ///< As `count_`, with the rules that are silenced.
    std::map<std::uint64_t, std::uint64_t> calls_;  ///< `spoken_` when the calls that still run were made.
    std::vector<std::string> silenced_;
    std::vector<DeviceId> devices_;
    std::function<void(const DriverFinding&)> listener_;
};

}  // namespace dmasim::dma
