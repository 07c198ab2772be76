// SPDX-License-Identifier: Apache-2.0
//
// Islands against the clocked reference on random configurations, without SystemC: so many more of them, with leaps, and
// with mutants that the comparison must notice.
//   DMASIM_ISLAND_CONFIGURATIONS  how many for each test (nightly runs use more)
//   DMASIM_ISLAND_SEED            the first seed
#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

#include "reference/campaign.h"
#include "reference/rhythms.h"
#include "reference/system.h"
#include "unit/differential/run_island.h"

namespace dmasim::test {
namespace {

enum class Kind { Any, Steady, Visited };

reference::Scenario scenario_of(std::uint64_t seed, Kind kind) {
    if (kind != Kind::Any) {
        return kind == Kind::Steady ? reference::steady_scenario(seed) : reference::visited_scenario(seed);
    }
    reference::Scenario scenario = reference::random_scenario(seed);
    // A port of an island takes one request at a time, as a socket does; the page's queues do not, when they are full.
    scenario.bus.queue_depth = 128;
    return scenario;
}

struct Sum {
    std::uint64_t leaped = 0;
    std::uint64_t cycles = 0;
    std::uint64_t wake_ups = 0;
    std::uint64_t with_leaps = 0;
    std::uint64_t visits = 0;
    std::uint64_t with_visits = 0;
};

Sum compare(std::uint64_t part, std::uint64_t usual, Kind kind, const IslandRun& run) {
    const std::uint64_t otherwise = std::getenv("DMASIM_NIGHTLY") != nullptr ? 10 * usual : usual;
    const std::uint64_t count = reference::number_from_environment("DMASIM_ISLAND_CONFIGURATIONS", otherwise);
    const std::uint64_t first = reference::number_from_environment("DMASIM_ISLAND_SEED", 5'000'000) + part * count;
    Sum sum;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const reference::Scenario scenario = scenario_of(seed, kind);
        const IslandResult result = run_island(scenario, seed, run);
        reference::Log expected = reference::run_reference(scenario);
        if (!run.trace) {
            expected.drop_trace();
        }
        EXPECT_EQ(reference::first_difference(result.log, expected), "") << "seed " << seed;
        EXPECT_EQ(result.spoilt_buffers, 0U) << "seed " << seed;
        if (::testing::Test::HasFailure()) {
            return sum;
        }
        sum.leaped += result.leaped_cycles;
        sum.with_leaps += result.leaped_cycles != 0 ? 1 : 0;
        sum.visits += result.visits;
        sum.with_visits += result.visits != 0 ? 1 : 0;
        sum.cycles += scenario.limit;
        sum.wake_ups += result.wake_ups;
    }
    std::cout << "seeds " << first << " to " << first + count - 1 << ": " << sum.cycles << " cycles, " << sum.wake_ups
              << " wake-ups, " << sum.leaped << " cycles leaped over in " << sum.with_leaps << " configurations, "
              << sum.visits << " visits in " << sum.with_visits << "\n";
    return sum;
}

TEST(Island, AgreesWithTheReferenceInEveryEvent) {
    IslandRun run;
    run.trace = true;
    compare(0, 300, Kind::Any, run);
}

TEST(Island, AgreesWithTheReferenceWithoutATrace) {
    const Sum sum = compare(1, 300, Kind::Any, {});
    // An island that woke up at every edge would agree as well.
    EXPECT_LT(sum.wake_ups * 2, sum.cycles);
}

TEST(Island, LeapsAgreeWithTheReference) {
    const Sum sum = compare(2, 200, Kind::Steady, {});
    EXPECT_GT(sum.leaped * 20, sum.cycles);
    EXPECT_GT(sum.with_leaps * 5, reference::number_from_environment("DMASIM_ISLAND_CONFIGURATIONS", 200));
}

TEST(Island, VisitsAgreeWithTheReference) {
    const Sum sum = compare(3, 200, Kind::Visited, {});
    EXPECT_GT(sum.leaped * 10, sum.cycles);
    EXPECT_GT(sum.with_visits * 10, reference::number_from_environment("DMASIM_ISLAND_CONFIGURATIONS", 200));
}

TEST(Island, InStepAgreesWithTheReference) {
    IslandRun run;
    run.in_step = true;
    compare(4, 100, Kind::Any, run);
    compare(5, 100, Kind::Steady, run);
    const Sum sum = compare(6, 100, Kind::Visited, run);
    EXPECT_GT(sum.with_visits * 10, reference::number_from_environment("DMASIM_ISLAND_CONFIGURATIONS", 100));
}

void compare_with_edge_by_edge(reference::Scenario (*make)(std::uint64_t), std::uint64_t usual_first) {
    const std::uint64_t otherwise = std::getenv("DMASIM_NIGHTLY") != nullptr ? 2000 : 130;
    const std::uint64_t count = reference::number_from_environment("DMASIM_ISLAND_CONFIGURATIONS", otherwise);
    const std::uint64_t first = reference::number_from_environment("DMASIM_ISLAND_SEED", usual_first);
    std::uint64_t visits = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const reference::Scenario scenario = make(seed);
        IslandRun run;
        run.leaps = false;
        const IslandResult expected = run_island(scenario, seed, run);
        run.leaps = true;
        for (const bool in_step : {false, true}) {
            run.in_step = in_step;
            const IslandResult result = run_island(scenario, seed, run);
            ASSERT_EQ(reference::first_difference(result.log, expected.log), "")
                << "seed " << seed << (in_step ? " in step" : "");
            visits += result.visits;
        }
    }
    EXPECT_GT(visits, count);
}

// A visit of which only the beginning is known, and a burst in it that is cut at a page.
TEST(Island, VisitsWhereBurstsAreCutAgreeWithEdgeByEdge) {
    compare_with_edge_by_edge(reference::paired_scenario, 5'021'100);
}

// The beginning of a visit ends amid the calls of an edge, where a door passes on what it has held.
TEST(Island, VisitsWithHeldRequestsAgreeWithEdgeByEdge) {
    compare_with_edge_by_edge(reference::held_scenario, 5'021'200);
}

// Every mutant is noticed, and soon.
TEST(Island, MutantsAreNoticed) {
    const auto noticed = [](const IslandRun& run, Kind kind) {
        unsigned count = 0;
        for (std::uint64_t seed = 6'000'000; seed < 6'000'060; ++seed) {
            const reference::Scenario scenario = scenario_of(seed, kind);
            reference::Log expected = reference::run_reference(scenario);
            expected.drop_trace();
            bool differs = true;
            try {
                differs = !reference::first_difference(run_island(scenario, seed, run).log, expected).empty();
            } catch (const std::exception&) {
                // An invariant of the product has noticed it.
            }
            count += differs ? 1 : 0;
        }
        return count;
    };
    for (const IslandMutant mutant :
         {IslandMutant::EdgeOfThePresent, IslandMutant::InputsAtOnce, IslandMutant::BoundTooLate,
          IslandMutant::WholeBurstsOnly, IslandMutant::OrderOfArrival, IslandMutant::LooksAtRest}) {
        IslandRun run;
        run.mutant = mutant;
        const unsigned count = noticed(run, mutant == IslandMutant::LooksAtRest ? Kind::Visited : Kind::Any);
        std::cout << "mutant " << static_cast<int>(mutant) << ": noticed in " << count << " of 60 configurations\n";
        EXPECT_GT(count, 3U) << static_cast<int>(mutant);
    }
    EXPECT_EQ(noticed({}, Kind::Any), 0U);
}

}  // namespace
}  // namespace dmasim::test
