// SPDX-License-Identifier: Apache-2.0
//
// A long run costs no more memory, and no more work for each byte than a short one: nothing is kept of what is over. Without a
// clock on the wall: allocations, resident memory, and wake-ups are counted.
//   DMASIM_NIGHTLY  10 GiB are moved instead of 1 GiB
#include <cstdint>
#include <cstdlib>
#include <sys/resource.h>

#include <systemc>

#include <gtest/gtest.h>

#include "counting_new.h"
#include "platforms.h"
#include "support/sim_test.h"

namespace dmasim::bench {
namespace {

/// The greatest resident memory so far, in KiB.
long resident_kib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

void expect_flat(const char* name, std::uint64_t bytes_a_cycle_times_100, std::uint64_t divide) {
    const Workload* workload = nullptr;
    for (const Workload& one : workloads()) {
        if (one.name == name) {
            workload = &one;
        }
    }
    ASSERT_NE(workload, nullptr);
    const std::uint64_t gib = std::getenv("DMASIM_NIGHTLY") != nullptr ? 10 : 1;
    const std::uint64_t part = (gib << 30) * 100 / bytes_a_cycle_times_100 / divide / 8;
    const auto platform = make_event_platform(*workload, Driver::Lazy);
    platform->run(200'000);
    // An eighth as long as the rest, which costs seven times as much then.
    sc_dt::uint64 before = sc_core::sc_delta_count();
    platform->run(part);
    const sc_dt::uint64 first = sc_core::sc_delta_count() - before;
    const std::size_t allocations = test::allocations();
    const long resident = resident_kib();
    before = sc_core::sc_delta_count();
    platform->run(7 * part);
    // A rhythm that is seen for the first time takes a place in a table that does not grow; bursts take nothing.
    EXPECT_LT(test::allocations() - allocations, 256U);
    EXPECT_LT(resident_kib() - resident, 1024);
    EXPECT_LE(sc_core::sc_delta_count() - before, 8 * first + 64);
}

// 8/3 bytes a cycle.
SIM_TEST(FlatMemory, OfChannelsThatContend) {
    expect_flat("contended", 266, 1);
}
SIM_TEST(FlatMemory, OfTwoControllers) {
    expect_flat("two_masters", 266, 1);
}
// Many more events for each byte.
SIM_TEST(FlatMemory, OfDescriptors) {
    expect_flat("scatter_gather", 747, 16);
}
SIM_TEST(FlatMemory, BesideACpu) {
    expect_flat("cpu_dma", 256, 32);
}

}  // namespace
}  // namespace dmasim::bench
