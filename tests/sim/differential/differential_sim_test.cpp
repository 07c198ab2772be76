// SPDX-License-Identifier: Apache-2.0
//
// The product under SystemC, over TLM, against the clocked reference on random configurations: stamps, bytes, order of
// grants, interrupts, polls, accounts. Each configuration has a process and a kernel of its own.
//   DMASIM_SIM_DIFF_CONFIGURATIONS  how many for each of the four tests (nightly runs use more)
//   DMASIM_SIM_DIFF_SEED            the first seed
#include <iostream>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "reference/campaign.h"
#include "reference/shrink.h"
#include "reference/system.h"
#include "run_platform.h"
#include "support/sim_test.h"

namespace dmasim::test {
namespace {

// What the body of a forked test is about; a plain function takes no arguments.
const reference::Scenario* the_scenario = nullptr;

std::string difference() {
    return reference::first_difference(run_platform(*the_scenario, the_scenario->seed).log,
                                       reference::run_reference(*the_scenario));
}

void body() {
    const std::string found = difference();
    EXPECT_EQ(found, "") << "seed " << the_scenario->seed << ": product and reference differ\n" << found;
}

/// For the shrinker: true if a process of its own finds a difference (or does not come to its end).
bool differs(const reference::Scenario& scenario) {
    the_scenario = &scenario;
    std::cout.flush();
    const pid_t child = fork();
    if (child == 0) {
        bool found = true;
        try {
            found = !difference().empty();
        } catch (...) {
        }
        _exit(found ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void run_configurations(std::uint64_t part) {
    const std::uint64_t count = reference::number_from_environment("DMASIM_SIM_DIFF_CONFIGURATIONS", 520);
    const std::uint64_t first = reference::number_from_environment("DMASIM_SIM_DIFF_SEED", 1'000'000) + part * count;
    std::cout << "seeds " << first << " to " << first + count - 1 << std::endl;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const reference::Scenario scenario = with_room_in_queues(reference::random_scenario(seed));
        the_scenario = &scenario;
        run_forked(&body);
        if (::testing::Test::HasFailure()) {
            const reference::Scenario small = reference::shrink(scenario, differs, 400);
            std::cout << "made smaller:\n" << reference::scenario_to_json(small) << std::endl;
            return;
        }
    }
}

TEST(SimDifferential, PlatformAgreesWithTheClockedReference0) {
    run_configurations(0);
}
TEST(SimDifferential, PlatformAgreesWithTheClockedReference1) {
    run_configurations(1);
}
TEST(SimDifferential, PlatformAgreesWithTheClockedReference2) {
    run_configurations(2);
}
TEST(SimDifferential, PlatformAgreesWithTheClockedReference3) {
    run_configurations(3);
}

// The same scenario, built forwards and backwards, let run in other pieces: nothing may differ.
TEST(SimDifferential, ConstructionOrderAndPiecesDoNotMatter) {
    for (std::uint64_t seed = 2'000'000; seed < 2'000'030; ++seed) {
        const reference::Scenario scenario = with_room_in_queues(reference::random_scenario(seed));
        the_scenario = &scenario;
        for (const bool reversed : {false, true}) {
            run_forked(reversed ? static_cast<void (*)()>([] {
                EXPECT_EQ(reference::first_difference(run_platform(*the_scenario, 2 * the_scenario->seed + 1).log,
                                                      reference::run_reference(*the_scenario)),
                          "");
            })
                                : static_cast<void (*)()>([] {
                                      EXPECT_EQ(reference::first_difference(
                                                    run_platform(*the_scenario, 2 * the_scenario->seed).log,
                                                    reference::run_reference(*the_scenario)),
                                                "");
                                  }));
            ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
        }
    }
}

// The comparison over TLM notices a mutant, too.
TEST(SimDifferential, NoticesAMutant) {
    const auto notices = [](reference::Mutation mutation, std::uint64_t seed) {
        const reference::Scenario scenario = with_room_in_queues(reference::random_scenario(seed));
        std::cout.flush();
        const pid_t child = fork();
        if (child == 0) {
            bool found = false;
            try {
                found = !reference::first_difference(run_platform(scenario, seed).log,
                                                     reference::run_reference(scenario, mutation))
                             .empty();
            } catch (...) {
            }
            _exit(found ? 1 : 0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 1;
    };
    for (const reference::Mutation mutation :
         {reference::Mutation::ReadLatency, reference::Mutation::BusResponseLatency, reference::Mutation::ReadToWrite,
          reference::Mutation::ArbiterTieHighestIndex, reference::Mutation::RoundRobinForgets,
          reference::Mutation::DreqOneEdgeLate}) {
        bool noticed = false;
        for (std::uint64_t seed = 1; seed <= 40 && !noticed; ++seed) {
            noticed = notices(mutation, seed);
        }
        EXPECT_TRUE(noticed) << reference::name_of(mutation);
    }
}

}  // namespace
}  // namespace dmasim::test
