// SPDX-License-Identifier: Apache-2.0
//
// The product's cores against the clocked reference, on random configurations. Every stamp, byte, poll and account.
//   DMASIM_DIFF_CONFIGURATIONS  how many (nightly runs use more)
//   DMASIM_DIFF_SEED            the first seed
#include <array>
#include <iostream>

#include <gtest/gtest.h>

#include "dmasim/model/status.h"

#include "reference/campaign.h"
#include "reference/scenario.h"
#include "reference/system.h"
#include "unit/differential/run_cores.h"

namespace dmasim::test {
namespace {

TEST(Differential, CoresAgreeWithTheClockedReference) {
    const std::uint64_t first = reference::number_from_environment("DMASIM_DIFF_SEED", 1);
    const std::uint64_t count = reference::number_from_environment("DMASIM_DIFF_CONFIGURATIONS", 3000);
    std::cout << "seeds " << first << " to " << first + count - 1 << "\n";
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const std::string difference = reference::compare(run_cores, seed);
        ASSERT_TRUE(difference.empty()) << difference;
    }
}

// A comparison of two empty logs agrees as well. So: what the scenarios must bring about at least.
TEST(Differential, ScenariosReachWhatTheyAreMeantToReach) {
    std::array<std::uint64_t, 32> events{};
    std::array<std::uint64_t, 16> kinds{};
    std::array<std::uint64_t, kCycleCauses> causes{};
    std::array<std::uint64_t, kJobStatuses> statuses{};
    std::array<std::uint64_t, kTransferErrors> errors{};
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const reference::Log log = reference::run_reference(reference::random_scenario(seed));
        for (const reference::Log::Entry& entry : log.sorted()) {
            ++kinds[static_cast<std::size_t>(entry.kind)];
            if (entry.kind == reference::Log::Kind::Account) {
                causes[entry.values[1]] += entry.values[2];
            } else if (entry.kind == reference::Log::Kind::Event) {
                ++events[static_cast<std::size_t>(entry.event)];
                if (entry.event == EventKind::JobCompleted) {
                    ++statuses[entry.values[8]];
                } else if (entry.event == EventKind::ErrorLatched) {
                    ++errors[entry.values[8]];
                }
            }
        }
    }
    for (const EventKind kind :
         {EventKind::JobAccepted, EventKind::BurstGranted, EventKind::BurstRequested, EventKind::BurstData,
          EventKind::BurstResponse, EventKind::JobCompleted, EventKind::CauseChanged, EventKind::InterruptChanged,
          EventKind::ErrorLatched, EventKind::BusGranted, EventKind::BusResponded, EventKind::MemoryRead,
          EventKind::MemoryWrite}) {
        EXPECT_GT(events[static_cast<std::size_t>(kind)], 300U) << static_cast<unsigned>(kind);
    }
    for (std::size_t kind = 0; kind <= static_cast<std::size_t>(reference::Log::Kind::Account); ++kind) {
        EXPECT_GT(kinds[kind], 100U) << kind;
    }
    for (std::size_t cause = 0; cause < causes.size(); ++cause) {
        EXPECT_GT(causes[cause], 1000U) << cause;
    }
    for (std::size_t status = 0; status < statuses.size(); ++status) {
        EXPECT_GT(statuses[status], 20U) << status;
    }
    for (std::size_t error = 1; error < errors.size(); ++error) {
        EXPECT_GT(errors[error], 5U) << error;
    }
}

// The accounts of each channel add up to the elapsed cycles, on the reference's side too.
TEST(Differential, AccountsAddUp) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const reference::Scenario scenario = reference::random_scenario(seed);
        std::vector<std::uint64_t> sums(scenario.dma.channels);
        for (const reference::Log::Entry& entry : run_cores(scenario, seed).sorted()) {
            if (entry.kind == reference::Log::Kind::Account) {
                sums[entry.values[0]] += entry.values[2];
            }
        }
        for (const std::uint64_t sum : sums) {
            ASSERT_EQ(sum, scenario.limit - 1) << "seed " << seed;
        }
    }
}

TEST(Differential, ScenarioSurvivesJson) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const std::string text = reference::scenario_to_json(reference::random_scenario(seed));
        const reference::Scenario again = reference::scenario_from_json(text);
        EXPECT_EQ(text, reference::scenario_to_json(again));
        EXPECT_EQ(reference::first_difference(reference::run_reference(again),
                                              reference::run_reference(reference::random_scenario(seed))),
                  "");
    }
}

}  // namespace
}  // namespace dmasim::test
