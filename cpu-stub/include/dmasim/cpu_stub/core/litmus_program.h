// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dmasim/cpu_stub/core/litmus.h"
#include "dmasim/model/explore/explorer.h"

namespace dmasim {

/// The trace without its evictions, prefetches and partial drains: what the program and the device do, and nothing that
/// hardware chooses. Steps that stay keep their order and are counted anew.
std::vector<LitmusStep> without_choices(const std::vector<LitmusStep>& trace);

/// `trace` with the choices of `schedule` as steps: each before the step that its place names (from 1 on; one more than the
/// last step: at the end). `trace` has no expectations any more: under other schedules accesses return other bytes.
std::vector<LitmusStep> with_choices(const std::vector<LitmusStep>& trace, const Schedule& schedule);

/// What a `LitmusProgram` takes for bad.
enum class LitmusBad : std::uint8_t {
    Anything,    ///< A finding, or an access that does not return the newest bytes.
    WrongBytes,  ///< Only the latter.
};

/// A litmus trace as a program for `explore` (docs/exploration.md). Places are numbers of steps, all of them behind the last
/// `mem`, which says what there is in the beginning.
///
/// The newest bytes are those of flat memory in which every step takes place at once.
class LitmusProgram final : public SchedulableProgram {
  public:
    /// `trace` should have no choices of its own; if it has, they are part of every run. Throws `ConfigError` for a
    /// configuration that is none or a trace outside of its limits.
    LitmusProgram(std::vector<LitmusStep> trace, const LitmusConfig& config, LitmusBad bad = LitmusBad::Anything);

    ScheduleOutcome run(const Schedule& schedule) override;

  private:
    void find_choices(const Schedule& schedule, ScheduleOutcome& outcome) const;

    std::vector<LitmusStep> trace_;
    LitmusConfig config_;
    LitmusBad bad_;
};

}  // namespace dmasim
