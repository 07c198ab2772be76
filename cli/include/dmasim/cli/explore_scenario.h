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

/// Has the hardware of `platform` make the choices of `schedule`, whose places are cycles, and draw no lots.
void apply(const Schedule& schedule, PlatformSpec& platform);

/// `schedule` as a file for `dmasim run --schedule`.
std::string schedule_yaml(const Schedule& schedule, const PlatformSpec& platform);

}  // namespace dmasim::cli
