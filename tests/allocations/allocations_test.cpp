// SPDX-License-Identifier: Apache-2.0
//
// Once a platform has run for a while, moving data costs no allocation: not in our modules, not in what they make the
// kernel do. A program of its own, for counting_new.cpp replaces operator new.
#include <memory>

#include <gtest/gtest.h>

#include "counting_new.h"
#include "platforms.h"
#include "support/sim_test.h"

namespace dmasim::bench {
namespace {

void expect_none(const std::string& name, Driver driver, std::uint64_t before_that = 100'000) {
    for (const Workload& workload : workloads()) {
        if (workload.name != name) {
            continue;
        }
        const auto platform = make_event_platform(workload, driver);
        platform->run(before_that);
        // Each piece leaves the channels elsewhere in their rhythm: all that an island remembers of it has been met.
        for (unsigned piece = 0; piece < 40; ++piece) {
            platform->run(10'007);
        }
        const std::size_t before = test::allocations();
        platform->run(300'000);
        EXPECT_EQ(test::allocations() - before, 0U);
        return;
    }
    FAIL() << "no workload " << name;
}

SIM_TEST(Allocations, TheCounterCounts) {
    const std::size_t before = test::allocations();
    // Not an expression with new: a compiler may leave those out.
    void* const one = ::operator new(4);
    EXPECT_EQ(test::allocations() - before, 1U);
    ::operator delete(one);
}
SIM_TEST(Allocations, NoneWhenChannelsContend) {
    expect_none("contended", Driver::Events);
}
SIM_TEST(Allocations, NoneForShortBursts) {
    expect_none("short", Driver::Events);
}
SIM_TEST(Allocations, NoneForTwoMasters) {
    expect_none("two_masters", Driver::Events);
}
SIM_TEST(Allocations, NoneWhenPaced) {
    expect_none("paced", Driver::Events);
}
SIM_TEST(Allocations, NoneWithACpuThatMisses) {
    expect_none("cpu_dma", Driver::Events);
}
SIM_TEST(Allocations, NoneForDescriptors) {
    expect_none("scatter_gather", Driver::Events);
}
SIM_TEST(Allocations, NoneForTransactionsOfChannelsThatContend) {
    expect_none("contended", Driver::Transactions);
}
SIM_TEST(Allocations, NoneForTransactionsOfShortBursts) {
    expect_none("short", Driver::Transactions);
}
SIM_TEST(Allocations, NoneForTransactionsWithACpuThatMisses) {
    expect_none("cpu_dma", Driver::Transactions);
}
SIM_TEST(Allocations, NoneForTransactionsOfDescriptors) {
    expect_none("scatter_gather", Driver::Transactions);
}
SIM_TEST(Allocations, NoneLooselyTimed) {
    expect_none("single", Driver::LooselyTimed);
}

SIM_TEST(Allocations, NoneForBulkCopies) {
    // Two rows: by then a pointer to each piece of memory is held.
    expect_none("bulk_lt", Driver::LooselyTimed, 2'200'000);
}

}  // namespace
}  // namespace dmasim::bench
