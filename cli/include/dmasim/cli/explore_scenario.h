// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dmasim/cli/core/scenario.h"
#include "dmasim/model/explore/explorer.h"

namespace dmasim::cli {

/// A scenario as a program for `explore` (docs/exploration.md). Places are cycles. Each run is a simulation in a process of its
/// own, because SystemC elaborates once in a process; so this must be used before the first simulation of the present one.
class ScenarioProgram final : public SchedulableProgram {
  public:
    /// `scenario`, which must have a program on a CPU, must outlive the object. Its own random actor does not act, its own
    /// schedule is part of every run.
    explicit ScenarioProgram(const Scenario& scenario) : scenario_(scenario) {}

    /// A run that cannot be made (no memory, no process) throws `std::runtime_error`.
    ScheduleOutcome run(const Schedule& schedule) override;

  private:
    const Scenario& scenario_;
};

/// The evictions and prefetches of `schedule`, whose places are cycles.
std::vector<CacheAction> actions_of(const Schedule& schedule);
/// The hold-ups of the program in `schedule`.
std::vector<CpuStall> stalls_of(const Schedule& schedule);

}  // namespace dmasim::cli
