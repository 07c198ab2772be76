// SPDX-License-Identifier: Apache-2.0
//
// main and sc_main of the benchmarks: in this object and not from libbenchmark_main, for the link order of two
// libraries that both have a main decides which one runs. The program itself never elaborates a platform: every
// measurement does so in a process of its own (isolated.h).
#include <systemc>

#include <benchmark/benchmark.h>

#include "benchmarks.h"
#include "isolated.h"

int sc_main(int /*argc*/, char* /*argv*/[]) {
    dmasim::bench::run_isolated_body();
    return 0;
}

int main(int argc, char* argv[]) {
    dmasim::bench::register_workloads();
    dmasim::bench::register_verifier();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
