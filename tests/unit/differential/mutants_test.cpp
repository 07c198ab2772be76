// SPDX-License-Identifier: Apache-2.0
//
// The judge is judged: the reference breaks one rule at a time, and the comparison must notice.
#include <iostream>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reference/log.h"
#include "reference/mutation.h"
#include "reference/shrink.h"
#include "reference/system.h"
#include "unit/differential/run_cores.h"

namespace dmasim::test {
namespace {

constexpr std::uint64_t kMost = 400;  // Configurations until a mutant must have been noticed.

TEST(DifferentialMutants, EveryOneIsNoticed) {
    std::map<std::uint64_t, reference::Log> products;  // Computed once, whichever mutants look at them.
    std::cout << fmt::format("{:<34} configurations until noticed\n", "mutant");
    for (const reference::Mutation mutation : reference::all_mutations()) {
        std::uint64_t needed = 0;
        for (std::uint64_t seed = 1; seed <= kMost && needed == 0; ++seed) {
            const reference::Scenario scenario = reference::random_scenario(seed);
            auto product = products.find(seed);
            if (product == products.end()) {
                product = products.emplace(seed, run_cores(scenario, seed)).first;
            }
            if (!reference::first_difference(product->second, reference::run_reference(scenario, mutation)).empty()) {
                needed = seed;
            }
        }
        const std::string name(reference::name_of(mutation));
        std::cout << fmt::format("{:<34} {}\n", name, needed == 0 ? "never" : std::to_string(needed));
        EXPECT_NE(needed, 0U) << name << " survives " << kMost << " configurations";
    }
}

// A difference is reported small: the scenario that shows a mutant shrinks to a few actions and still shows it.
TEST(DifferentialMutants, AMismatchIsMadeSmall) {
    const auto differs = [](const reference::Scenario& scenario) {
        return !reference::first_difference(run_cores(scenario, scenario.seed),
                                            reference::run_reference(scenario, reference::Mutation::ReadToWrite))
                    .empty();
    };
    std::uint64_t seed = 1;
    while (!differs(reference::random_scenario(seed))) {
        ASSERT_LT(++seed, kMost);
    }
    const reference::Scenario large = reference::random_scenario(seed);
    const reference::Scenario small = reference::shrink(large, differs);
    EXPECT_TRUE(differs(small));
    EXPECT_LT(small.actions.size(), 12U);
    std::size_t traffic = 0;
    for (const auto& list : small.traffic) {
        traffic += list.size();
    }
    EXPECT_EQ(traffic, 0U);
    EXPECT_LE(small.limit, large.limit);
}

}  // namespace
}  // namespace dmasim::test
