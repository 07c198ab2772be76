// SPDX-License-Identifier: Apache-2.0
//
// The drivers against the clocked reference on random configurations, with everybody, some and nobody in the island of
// the bus: stamps, bytes, order of grants, interrupts, polls, accounts. Each configuration has a process and a kernel of
// its own.
//   DMASIM_LAZY_CONFIGURATIONS    how many for each test of the lazy driver (nightly runs use more)
//   DMASIM_LAZY_SEED              the first seed
//   DMASIM_EVENTS_CONFIGURATIONS  the same for those of the events driver
//   DMASIM_EVENTS_SEED
//   DMASIM_REST_CONFIGURATIONS    the same for those without a trace, in which islands rest
//   DMASIM_REST_SEED
#include <cstdlib>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "reference/campaign.h"
#include "reference/rhythms.h"
#include "reference/system.h"
#include "run_platform.h"
#include "separate_process.h"
#include "support/sim_test.h"

namespace dmasim::test {
namespace {

// What the body of a forked test is about; a plain function takes no arguments.
const reference::Scenario* the_scenario = nullptr;
PlatformVariant the_variant;

void body() {
    EXPECT_EQ(reference::first_difference(run_platform(*the_scenario, the_scenario->seed, the_variant).log,
                                          reference::run_reference(*the_scenario)),
              "")
        << "seed " << the_scenario->seed << ": driver and reference differ";
}

void run_configurations(std::uint64_t part, const PlatformVariant& variant) {
    const bool lazy = variant.driver == BusDriver::Lazy;
    const std::uint64_t otherwise = std::getenv("DMASIM_NIGHTLY") != nullptr ? 1700 : lazy ? 300 : 150;
    const std::uint64_t count = reference::number_from_environment(
        lazy ? "DMASIM_LAZY_CONFIGURATIONS" : "DMASIM_EVENTS_CONFIGURATIONS", otherwise);
    const std::uint64_t first = (lazy ? reference::number_from_environment("DMASIM_LAZY_SEED", 3'000'000)
                                      : reference::number_from_environment("DMASIM_EVENTS_SEED", 5'000'000)) +
                                part * count;
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
    run_configurations(0, {BusDriver::Lazy, Outsiders::None, true});
}
TEST(LazyDifferential, IslandWithOutsidersAgreesWithTheClockedReference) {
    run_configurations(1, {BusDriver::Lazy, Outsiders::Some, true});
}
TEST(LazyDifferential, IslandOfNobodyAgreesWithTheClockedReference) {
    run_configurations(2, {BusDriver::Lazy, Outsiders::All, true});
}

TEST(EventsDifferential, IslandOfAllAgreesWithTheClockedReference) {
    run_configurations(0, {BusDriver::Events, Outsiders::None, true});
}
TEST(EventsDifferential, IslandWithOutsidersAgreesWithTheClockedReference) {
    run_configurations(1, {BusDriver::Events, Outsiders::Some, true});
}
TEST(EventsDifferential, TransactionsAgreeWithTheClockedReference) {
    run_configurations(2, {BusDriver::Transactions, Outsiders::None, true});
}

/// Without a sink, on scenarios in which states come again: what the island has passed at rest is the same, too.
void run_at_rest(std::uint64_t part, PlatformVariant variant, std::uint64_t of_how_many = 5) {
    variant.traced = false;
    const bool lazy = variant.driver == BusDriver::Lazy;
    const std::uint64_t otherwise = std::getenv("DMASIM_NIGHTLY") != nullptr ? 1300 : 100;
    const std::uint64_t count = reference::number_from_environment("DMASIM_REST_CONFIGURATIONS", otherwise);
    const std::uint64_t first =
        reference::number_from_environment("DMASIM_REST_SEED", lazy ? 11'000'000 : 13'000'000) + part * count;
    std::uint64_t rested = 0;
    std::uint64_t cycles = 0;
    std::uint64_t total = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const reference::Scenario scenario =
            with_room_in_queues(seed % 2 == 0 ? reference::steady_scenario(seed) : reference::visited_scenario(seed));
        const std::string text = text_of([&] {
            const PlatformResult result = run_platform(scenario, seed, variant);
            reference::Log expected = reference::run_reference(scenario);
            expected.drop_trace();
            const std::string difference = reference::first_difference(result.log, expected);
            return difference.empty() ? "leaped " + std::to_string(result.leaped_cycles) : difference;
        });
        ASSERT_EQ(text.rfind("leaped ", 0), 0U) << "seed " << seed << ": " << text;
        const std::uint64_t leaped = std::stoull(text.substr(7));
        rested += leaped != 0 ? 1 : 0;
        cycles += leaped;
        total += scenario.limit;
    }
    std::cout << "seeds " << first << " to " << first + count - 1 << ": " << cycles << " of " << total
              << " cycles at rest, in " << rested << " configurations" << std::endl;
    // It is about configurations that rest, one of so many at least.
    EXPECT_GT(rested * of_how_many, count);
}

TEST(LazyDifferential, IslandOfAllAtRestAgreesWithTheClockedReference) {
    run_at_rest(0, {BusDriver::Lazy, Outsiders::None, false});
}
TEST(LazyDifferential, IslandWithLateMembersAtRestAgreesWithTheClockedReference) {
    run_at_rest(1, {BusDriver::Lazy, Outsiders::None, true});
}
TEST(EventsDifferential, IslandOfAllAtRestAgreesWithTheClockedReference) {
    run_at_rest(0, {BusDriver::Events, Outsiders::None, false});
}
TEST(EventsDifferential, IslandWithLateMembersAtRestAgreesWithTheClockedReference) {
    run_at_rest(1, {BusDriver::Events, Outsiders::None, true});
}
// What lies outside keeps the rest from its traffic, never the results.
TEST(LazyDifferential, UntracedIslandWithOutsidersAgreesWithTheClockedReference) {
    run_at_rest(2, {BusDriver::Lazy, Outsiders::Some, true}, 20);
}

}  // namespace
}  // namespace dmasim::test
