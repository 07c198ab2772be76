// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dmasim::bench {

/// Registers all workloads under all drivers, and memcpy of the same rows, with Google Benchmark.
void register_workloads();
/// Registers what a verifier costs.
void register_verifier();

}  // namespace dmasim::bench
