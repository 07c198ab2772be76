// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>

#include "dmasim/cli/core/result.h"
#include "dmasim/cli/core/scenario.h"
#include "dmasim/cpu_stub/core/cache_actor.h"
#include "dmasim/model/trace.h"

namespace dmasim::cli {

/// What a run can do besides its result.
struct SimulateOptions {
    std::ostream* vcd = nullptr;        ///< Gets a waveform.
    TraceSink* sink = nullptr;          ///< Gets all events besides.
    CacheActionLog* actions = nullptr;  ///< Told what the actor of the cache has done.
    /// Called now and then with the cycle that has been reached and the last one that can be reached.
    std::function<void(std::uint64_t cycle, std::uint64_t last)> progress;
};

/// Builds the platform of `scenario` and runs it; once in a process, because SystemC elaborates once. What goes wrong in the
/// simulation is in `Result::failure`. Throws `ConfigError` if the platform cannot be built.
Result simulate(const Scenario& scenario, const SimulateOptions& options);

}  // namespace dmasim::cli
