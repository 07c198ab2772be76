// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

namespace dmasim::bench {

/// What one run reports.
struct Measurement {
    double cpu_seconds = 0;         ///< CPU time of the measured part, user and system.
    std::uint64_t cycles = 0;       ///< Simulated in the measured part.
    std::uint64_t bytes = 0;        ///< Moved by the controllers in the measured part.
    std::uint64_t fingerprint = 0;  ///< Of registers and memory after the part that all drivers have in common.
    bool ok = false;                ///< The run came to its end.
};

/// Runs `body` inside sc_main of a child process and returns what it returned: SystemC elaborates once a process, and no
/// measurement finds the heap or the caches as another one has left them. `ok` is false if the child died.
Measurement isolated(const std::function<Measurement()>& body);

/// For sc_main only.
void run_isolated_body();

/// CPU time of this process so far, in seconds.
double cpu_seconds();

}  // namespace dmasim::bench
