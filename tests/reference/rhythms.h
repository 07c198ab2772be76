// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "reference/scenario.h"

namespace dmasim::reference {

/// A random scenario with long register jobs, short bursts and much time, with little that disturbs: there the state repeats.
Scenario steady_scenario(std::uint64_t seed);

/// The same with jobs of many even rows, beside masters that ask for something again and again in the same way.
Scenario visited_scenario(std::uint64_t seed);

/// One or two long rows whose bursts begin anywhere, so that they are cut at pages, beside two masters one soon after the other.
/// The bus's queues may be small: then only an island that does not leap is one to compare with.
Scenario paired_scenario(std::uint64_t seed);

/// The same with queues of one place, and requests that wait in a door for the one before.
Scenario held_scenario(std::uint64_t seed);

}  // namespace dmasim::reference
