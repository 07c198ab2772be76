// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "reference/log.h"
#include "reference/scenario.h"

namespace dmasim::test {

/// A scenario in which every request finds room in its queue. Over TLM a socket has one BEGIN_REQ at a time for both
/// directions, so a full queue of one direction also holds up the other, which the page does not say of the cores.
reference::Scenario with_room_in_queues(reference::Scenario scenario);

/// Which connections have a protocol monitor in between. What is behind one stays outside of an island.
enum class Outsiders : std::uint8_t { All, Some, None };

/// How the interconnect runs.
enum class BusDriver : std::uint8_t { Events, Transactions, Lazy };

/// What must not change anything.
struct PlatformVariant {
    BusDriver driver = BusDriver::Events;
    Outsiders outsiders = Outsiders::All;
    bool jitter = false;  ///< Agent and some traffic masters act some delta cycles later.
    bool traced = true;   ///< With a sink; then an island never rests.
};

/// What came out of it.
struct PlatformResult {
    reference::Log log;
    std::uint64_t leaped_cycles = 0;
};

/// Elaborates the product's modules (controller, interconnect, memories, traffic) and runs them. One call a process. Order
/// of construction, the pieces in which time is let run, outsiders and jitter are drawn from `order_seed`.
PlatformResult run_platform(const reference::Scenario& scenario, std::uint64_t order_seed,
                            const PlatformVariant& variant = {});

}  // namespace dmasim::test
