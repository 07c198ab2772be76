// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "reference/log.h"
#include "reference/scenario.h"

namespace dmasim::reference {

/// The number in environment variable `name`, or `otherwise`.
std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise);

/// One side of a comparison. The number draws what must not matter (order of blocks and the like).
using Runner = std::function<Log(const Scenario&, std::uint64_t)>;

/// Runs `product` and the reference on the scenario of `seed`. Empty if they agree; else seed, first difference, and
/// the smallest scenario found that still differs, as JSON.
std::string compare(const Runner& product, std::uint64_t seed);

}  // namespace dmasim::reference
