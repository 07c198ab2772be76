// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/replacement.h"

#include <set>

#include <gtest/gtest.h>

#include "dmasim/model/errors.h"

namespace dmasim {
namespace {

TEST(Replacement, LruGivesUpTheOldest) {
    const auto policy = make_replacement("lru", 2, 4, 1);
    for (const std::uint32_t way : {2U, 0U, 3U, 1U}) {
        policy->touch(1, way);
    }
    EXPECT_EQ(policy->victim(1), 2u);
    policy->touch(1, 2);
    EXPECT_EQ(policy->victim(1), 0u);
    EXPECT_EQ(policy->victim(0), 0u);
}

TEST(Replacement, TreePlruPointsAwayFromTheLastUse) {
    const auto policy = make_replacement("tree_plru", 1, 4, 1);
    for (const std::uint32_t way : {0U, 1U, 2U, 3U}) {
        policy->touch(0, way);
    }
    EXPECT_EQ(policy->victim(0), 0u);
    policy->touch(0, 0);
    EXPECT_EQ(policy->victim(0), 2u);
    policy->touch(0, 2);
    EXPECT_EQ(policy->victim(0), 1u);  // LRU would say 1 too,
    policy->touch(0, 1);
    policy->touch(0, 0);
    EXPECT_EQ(policy->victim(0), 3u);
    policy->touch(0, 3);
    EXPECT_EQ(policy->victim(0), 1u);  // but here it would say 2.
    EXPECT_THROW(make_replacement("tree_plru", 1, 3, 1), ConfigError);
}

TEST(Replacement, RandomIsDeterminedByItsSeedAndReachesEveryWay) {
    const auto draw = [](std::uint64_t seed) {
        const auto policy = make_replacement("random", 1, 8, seed);
        std::vector<std::uint32_t> drawn;
        for (int n = 0; n < 200; ++n) {
            EXPECT_EQ(policy->victim(0), policy->victim(0));
            drawn.push_back(policy->victim(0));
            policy->replaced(0);
        }
        return drawn;
    };
    EXPECT_EQ(draw(7), draw(7));
    EXPECT_NE(draw(7), draw(8));
    const auto drawn = draw(0x9E3779B97F4A7C15ULL);  // The seed that would make the state 0.
    EXPECT_EQ(std::set<std::uint32_t>(drawn.begin(), drawn.end()).size(), 8u);
}

TEST(Replacement, UnknownNameListsTheKnownOnes) {
    try {
        make_replacement("clock", 1, 1, 1);
        FAIL();
    } catch (const ConfigError& error) {
        for (const auto& kind : replacement_kinds()) {
            EXPECT_NE(std::string(error.what()).find(kind.name), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace dmasim
