// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <dmasim/model/arbiter/arbiter.h>

namespace dmasim_test {

/// Builds the arbiter under test; a mutant, where the checks themselves are tested.
using MakeArbiter =
    std::function<std::unique_ptr<dmasim::Arbiter>(const dmasim::ArbiterConfig& config, unsigned requesters)>;

/// Drives an arbiter of policy `kind` with random settings and random requests and compares every decision with what the
/// policy demands, computed anew each time from the whole history of grants. Empty, or the first violation in words.
std::string violation_of(const std::string& kind, const MakeArbiter& make, std::uint64_t seed);

}  // namespace dmasim_test
