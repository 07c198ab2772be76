// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "reference/log.h"
#include "reference/scenario.h"

namespace dmasim::test {

/// A scenario in which every request finds room in its queue. Over TLM a socket has one BEGIN_REQ at a time for both
/// directions, so a full queue of one direction also holds up the other, which the page does not say of the cores.
reference::Scenario with_room_in_queues(reference::Scenario scenario);

/// Elaborates the product's modules (controller, interconnect, memories, traffic) with a protocol monitor on every
/// connection, and runs them. One call a process. Order of construction, and the pieces in which time is let run, are
/// drawn from `order_seed`.
reference::Log run_platform(const reference::Scenario& scenario, std::uint64_t order_seed);

}  // namespace dmasim::test
