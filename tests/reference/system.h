// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reference/log.h"
#include "reference/mutation.h"
#include "reference/scenario.h"

namespace dmasim::reference {

/// Numbers of the blocks in events, for both sides.
inline constexpr unsigned kControllerSource = 0;
inline constexpr unsigned kBusSource = 1;
inline constexpr unsigned kFirstMemorySource = 2;

/// Runs the clocked reference: every edge from 0 to limit - 1, every block.
Log run_reference(const Scenario& scenario, Mutation mutation = Mutation::None);

/// The registers that are compared at the end, all of a channel's.
std::vector<std::uint32_t> registers_to_compare(const Scenario& scenario);

/// Where an address of the bus lies: memory and offset. False: nowhere.
bool locate(const Scenario& scenario, std::uint64_t address, std::size_t& memory, std::uint64_t& offset);

}  // namespace dmasim::reference
