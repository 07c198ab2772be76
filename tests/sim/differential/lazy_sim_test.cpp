// SPDX-License-Identifier: Apache-2.0
//
// The lazy driver against the clocked reference on random configurations: stamps, bytes, order of grants, interrupts,
// polls, accounts. Each configuration has a process and a kernel of its own.
//   DMASIM_LAZY_CONFIGURATIONS  how many for each test (nightly runs use more)
//   DMASIM_LAZY_SEED            the first seed
#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

#include "reference/campaign.h"
#include "reference/system.h"
#include "run_platform.h"
#include "support/sim_test.h"

namespace dmasim::test {
namespace {

// What the body of a forked test is about; a plain function takes no arguments.
const reference::Scenario* the_scenario = nullptr;
PlatformVariant the_variant;

void body() {
    EXPECT_EQ(reference::first_difference(run_platform(*the_scenario, the_scenario->seed, the_variant),
                                          reference::run_reference(*the_scenario)),
              "")
        << "seed " << the_scenario->seed << ": lazy driver and reference differ";
}

void run_configurations(std::uint64_t part, const PlatformVariant& variant) {
    const std::uint64_t otherwise = std::getenv("DMASIM_NIGHTLY") != nullptr ? 1700 : 300;
    const std::uint64_t count = reference::number_from_environment("DMASIM_LAZY_CONFIGURATIONS", otherwise);
    const std::uint64_t first = reference::number_from_environment("DMASIM_LAZY_SEED", 3'000'000) + part * count;
    std::cout << "seeds " << first << " to " << first + count - 1 << std::endl;
    the_variant = variant;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const reference::Scenario scenario = with_room_in_queues(reference::random_scenario(seed));
        the_scenario = &scenario;
        run_forked(&body);
        if (::testing::Test::HasFailure()) {
            return;
        }
    }
}

TEST(LazyDifferential, IslandOfAllAgreesWithTheClockedReference) {
    run_configurations(0, {true, Outsiders::None, true});
}
TEST(LazyDifferential, IslandWithOutsidersAgreesWithTheClockedReference) {
    run_configurations(1, {true, Outsiders::Some, true});
}
TEST(LazyDifferential, IslandOfNobodyAgreesWithTheClockedReference) {
    run_configurations(2, {true, Outsiders::All, true});
}

}  // namespace
}  // namespace dmasim::test
