// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dmasim/cpu_stub/core/litmus_program.h"

namespace dmasim::cli {

/// What came of the exploration of one variant of a litmus entry.
struct LitmusExploration {
    LitmusEntry entry;
    bool fixed = false;
    ExploreResult result;  ///< Bad: a finding or wrong bytes.
    ExploreResult bytes;   ///< Bad: wrong bytes only; not looked for (0 schedules) in fixed variants that are good.

    /// A buggy variant is to have a bad schedule, a fixed one none.
    [[nodiscard]] bool ok() const { return fixed == result.why.empty(); }
    /// The schedule that shows most: the smallest with wrong bytes, or else the smallest bad one.
    [[nodiscard]] const ExploreResult& worst() const { return bytes.why.empty() ? result : bytes; }
};

/// Explores a variant of `entry` without its own evictions, prefetches and drains.
LitmusExploration explore_litmus(const LitmusEntry& entry, bool fixed, const ExploreConfig& config);

/// The smallest bad schedules as a collection for `dmasim litmus`: each entry with the choices as steps of the trace, which is
/// its buggy variant, and with the rule that is found. What has no bad schedule or no finding under it is left out.
std::string schedules_as_litmus(const std::vector<LitmusExploration>& explorations);

}  // namespace dmasim::cli
