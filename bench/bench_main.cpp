// SPDX-License-Identifier: Apache-2.0
//
// main and sc_main of the benchmarks: in this object and not from libbenchmark_main, for the link order of two
// libraries that both have a main decides which one runs.
#include <cstdlib>

#include <systemc>

#include <benchmark/benchmark.h>

int sc_main(int argc, char* argv[]) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}

int main(int argc, char* argv[]) {
    setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 0);
    return sc_core::sc_elab_and_sim(argc, argv);
}
