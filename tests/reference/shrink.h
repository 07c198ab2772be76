// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "reference/scenario.h"

namespace dmasim::reference {

/// Drops actions, traffic, images, error ranges and settings of `scenario` as long as `differs` stays true; asks it at
/// most `tries` times. The result is small enough to be read, and still differs.
Scenario shrink(Scenario scenario, const std::function<bool(const Scenario&)>& differs, unsigned tries = 1500);

}  // namespace dmasim::reference
