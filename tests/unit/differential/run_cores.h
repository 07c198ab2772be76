// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/log.h"
#include "reference/scenario.h"

namespace dmasim::test {

/// Runs the product's cores (engine, bus, memories) in a plain loop. Order of the blocks, and whether inputs of an edge
/// arrive before or after its evaluation, are drawn from `order_seed`.
reference::Log run_cores(const reference::Scenario& scenario, std::uint64_t order_seed);

}  // namespace dmasim::test
