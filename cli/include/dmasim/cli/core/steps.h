// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dmasim/bus/core/map_registers.h"
#include "dmasim/cli/core/scenario.h"
#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/model/stats/statistic.h"
#include "dmasim/model/verifier/driver_notes.h"
#include "dmasim/model/verifier/finding.h"

namespace dmasim::cli {

/// An expectation that was checked, or a step of the program that had one.
struct Check {
    std::string what;   ///< What is expected, readable.
    std::string where;  ///< Place in the scenario ("file:line:column").
    bool holds = false;
    std::string wanted;
    std::string found;
};

/// What a step has to tell in a report, beside everything that is told of every run.
struct ReportSection {
    std::string title;
    std::vector<std::string> lines;
    std::vector<std::vector<std::string>> table;  ///< The first row is the head; may be empty.
    std::vector<std::string> closing;             ///< Lines below the table.
    std::vector<Statistic> statistics;            ///< Names begin with the name of the section.
};

/// Parts of the platform that steps use by other ways than the CPU's.
struct StepHardware {
    DriverNotes* notes = nullptr;  ///< Where the program's notes go; null: nowhere.
    /// Where findings about the program go; empty: nobody verifies.
    std::function<void(const Finding& finding)> finding;
    /// What stands between each controller and the bus; null: nothing. Behind them that of the system's controllers.
    std::vector<AddressTranslator*> translators;
    const TranslationTable* table = nullptr;  ///< Of the map registers; null: there are none.
};

/// What a step of the program works with.
class StepRuntime {
  public:
    StepRuntime(CpuContext& cpu, const PlatformSpec& platform, StepHardware hardware = {})
        : cpu_(cpu), platform_(platform), hardware_(std::move(hardware)) {}

    [[nodiscard]] CpuContext& cpu() { return cpu_; }
    [[nodiscard]] const PlatformSpec& platform() const { return platform_; }

    [[nodiscard]] DriverNotes* notes() { return hardware_.notes; }
    [[nodiscard]] const StepHardware& hardware() const { return hardware_; }

    /// Records the outcome of an expectation of a step.
    void check(Check check) { checks_.push_back(std::move(check)); }
    [[nodiscard]] const std::vector<Check>& checks() const { return checks_; }

    /// What a kind of steps keeps from one step to the next; empty at first.
    std::shared_ptr<void>& kept(std::string_view kind) { return kept_[std::string(kind)]; }

    /// `action` runs once, at the end of the simulation; it is told whether the program came to its end.
    void at_end(std::function<void(bool finished)> action) { at_end_.push_back(std::move(action)); }
    void end(bool finished) {
        for (const auto& action : at_end_) {
            action(finished);
        }
        at_end_.clear();
    }

    /// Adds a section to the report.
    void add_section(ReportSection section) { sections_.push_back(std::move(section)); }
    [[nodiscard]] const std::vector<ReportSection>& sections() const { return sections_; }

  private:
    CpuContext& cpu_;
    const PlatformSpec& platform_;
    StepHardware hardware_;
    std::vector<Check> checks_;
    std::vector<std::function<void(bool finished)>> at_end_;
    std::vector<ReportSection> sections_;
    std::map<std::string, std::shared_ptr<void>> kept_;
};

/// What a step is compiled with.
struct StepContext {
    const PlatformSpec& platform;
    const std::string& folder;
};

/// One kind of step. Its arguments stand in the schema, under the same name.
struct StepKind {
    std::string_view name;
    /// Checks the arguments and makes the step. Throws `InputError`.
    Action (*compile)(const View& arguments, const StepContext& context);
};

/// All kinds of steps.
const std::vector<StepKind>& step_kinds();

/// Compiles a list of steps.
std::vector<Action> compile_steps(const View& list, const StepContext& context);

}  // namespace dmasim::cli
