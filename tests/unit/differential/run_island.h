// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "reference/log.h"
#include "reference/scenario.h"

namespace dmasim::test {

/// What may go wrong in an island or in the skin around it; to prove that the comparison notices.
enum class IslandMutant : std::uint8_t {
    None,
    EdgeOfThePresent,  ///< Whoever looks at t sees edge t, too.
    InputsAtOnce,      ///< What happens at t acts at edge t already.
    BoundTooLate,      ///< The wake-up comes some edges after the bound.
    WholeBurstsOnly,   ///< Whoever looks into memory does not see bursts that are partly done.
    LooksAtRest,       ///< Whoever looks does not wake an island that is at rest.
    OrderOfArrival,    ///< Accesses of one stamp act in the order in which they happen to arrive.
};

/// How an island is run.
struct IslandRun {
    bool trace = false;  ///< With a sink; then it never leaps.
    bool leaps = true;
    bool in_step = false;  ///< As with the events driver: every edge at its time.
    IslandMutant mutant = IslandMutant::None;
};

/// What came out of it.
struct IslandResult {
    reference::Log log;
    std::uint64_t leaped_cycles = 0;
    std::uint64_t visits = 0;
    std::size_t spoilt_buffers = 0;  ///< Of masters that had their answers already.
    std::uint64_t wake_ups = 0;
};

/// Runs the product's cores as an island, as its host does: to the next thing that can be seen, or to the next action of the
/// scenario. The order in which members join is drawn from `seed`.
IslandResult run_island(const reference::Scenario& scenario, std::uint64_t seed, const IslandRun& run = {});

}  // namespace dmasim::test
