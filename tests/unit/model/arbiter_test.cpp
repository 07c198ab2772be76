// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dmasim/model/arbiter/arbiter.h>
#include <dmasim/model/errors.h>

#include "support/core/arbiter_properties.h"

namespace {

using dmasim::Arbiter;
using dmasim::arbiter_kinds;
using dmasim::ArbiterConfig;
using dmasim::ArbiterRequest;
using dmasim::ConfigError;
using dmasim::Cycles;
using dmasim::kNever;
using dmasim::make_arbiter;
using dmasim::validate;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ArbiterConfig config_of(const std::string& kind) {
    ArbiterConfig config;
    config.kind = kind;
    return config;
}

/// One requester of an example: requests from edge `from` on until it has had `grants` grants.
struct Wish {
    unsigned index;
    std::uint64_t from;
    unsigned grants;
};

/// Grants once at each of the edges 0 to `edges` - 1 and writes down the winners, '.' for nobody.
std::string winners(const ArbiterConfig& config, unsigned requesters, std::vector<Wish> wishes, std::uint64_t edges) {
    const auto arbiter = make_arbiter(config, requesters);
    std::vector<Cycles> since(requesters);
    for (const Wish& wish : wishes) {
        since[wish.index] = Cycles{wish.from};
    }
    std::string text;
    for (std::uint64_t edge = 0; edge < edges; ++edge) {
        std::vector<ArbiterRequest> requests;
        for (const Wish& wish : wishes) {
            if (wish.from <= edge && wish.grants != 0) {
                requests.push_back(ArbiterRequest{wish.index, since[wish.index]});
            }
        }
        const int winner = arbiter->pick(requests, Cycles{edge});
        if (winner == Arbiter::kNobody) {
            text += '.';
            continue;
        }
        text += std::to_string(winner);
        const auto index = static_cast<unsigned>(winner);
        arbiter->granted(index, Cycles{edge});
        since[index] = Cycles{edge + 1};
        for (Wish& wish : wishes) {
            wish.grants -= wish.index == index ? 1 : 0;
        }
    }
    return text;
}

// The worked examples of docs/arbitration.md, number by number.

TEST(ArbiterExample, FixedPriority) {
    ArbiterConfig config = config_of("fixed_priority");
    config.priorities = {1, 5, 1};
    EXPECT_EQ(winners(config, 3, {{0, 0, 3}, {1, 2, 3}, {2, 0, 2}}, 9), "00111022.");
}

TEST(ArbiterExample, RoundRobin) {
    EXPECT_EQ(winners(config_of("round_robin"), 3, {{0, 0, 3}, {1, 2, 3}, {2, 0, 2}}, 9), "02012011.");
}

TEST(ArbiterExample, WeightedRoundRobin) {
    ArbiterConfig config = config_of("weighted_round_robin");
    config.weights = {3, 1, 2};
    EXPECT_EQ(winners(config, 3, {{0, 0, 5}, {1, 0, 3}, {2, 1, 4}}, 13), "000122001221.");
}

TEST(ArbiterExample, TimeSlots) {
    ArbiterConfig config = config_of("time_slots");
    config.slots = {0, 1, 0, 2};
    config.slot_cycles = 3;
    const std::vector<Wish> wishes{{0, 0, 4}, {1, 0, 4}, {2, 4, 5}};
    EXPECT_EQ(winners(config, 3, wishes, 14), "0001110122222.");
    config.reclaim_slots = false;
    EXPECT_EQ(winners(config, 3, wishes, 26), "0001110..222...1.....22...");
}

TEST(ArbiterExample, PriorityAgeing) {
    ArbiterConfig config = config_of("priority_ageing");
    config.priorities = {0, 2};
    config.ageing_cycles = 4;
    EXPECT_EQ(winners(config, 2, {{0, 0, 9}, {1, 0, 99}}, 20), "11111111011111111011");
}

class EveryArbiter : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryArbiter, KeepsItsPolicyUnderRandomRequests) {
    std::random_device device;
    for (int round = 0; round < 100; ++round) {
        const std::uint64_t seed = round < 50 ? static_cast<std::uint64_t>(round) : device();
        ASSERT_EQ(dmasim_test::violation_of(GetParam(), make_arbiter, seed), "") << "seed " << seed;
    }
}

TEST_P(EveryArbiter, GivesNobodyAnythingWithoutRequests) {
    const auto arbiter = make_arbiter(config_of(GetParam()), 4);
    EXPECT_EQ(arbiter->pick({}, Cycles{0}), Arbiter::kNobody);
    EXPECT_EQ(arbiter->pick({}, Cycles{1000000}), Arbiter::kNobody);
}

TEST_P(EveryArbiter, ServesOneRequesterAloneAtEveryEdge) {
    for (const unsigned requesters : {1U, 4U, 1024U}) {
        const auto arbiter = make_arbiter(config_of(GetParam()), requesters);
        for (std::uint64_t edge = 0; edge < 300; ++edge) {
            const unsigned index = requesters - 1;
            ASSERT_EQ(arbiter->pick({ArbiterRequest{index, Cycles{edge}}}, Cycles{edge}), static_cast<int>(index));
            arbiter->granted(index, Cycles{edge});
        }
    }
}

TEST_P(EveryArbiter, IsInTheTableWithADescription) {
    const auto& kinds = arbiter_kinds();
    const auto row = std::find_if(kinds.begin(), kinds.end(), [](const auto& kind) { return kind.name == GetParam(); });
    ASSERT_NE(row, kinds.end());
    EXPECT_FALSE(row->description.empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryArbiter,
                         ::testing::Values("fixed_priority", "round_robin", "weighted_round_robin", "time_slots",
                                           "priority_ageing"),
                         [](const auto& instance) { return instance.param; });

TEST(ArbiterTable, HasTheFiveAndNoOther) {
    std::vector<std::string> names;
    for (const auto& kind : arbiter_kinds()) {
        names.emplace_back(kind.name);
    }
    EXPECT_THAT(names,
                ElementsAre("fixed_priority", "round_robin", "weighted_round_robin", "time_slots", "priority_ageing"));
}

/// The longest wait of requester 0 in edges, when the others request at every edge and every edge grants once.
std::uint64_t longest_wait(const ArbiterConfig& config, unsigned requesters, std::uint64_t edges) {
    const auto arbiter = make_arbiter(config, requesters);
    std::vector<ArbiterRequest> requests;
    for (unsigned index = 0; index < requesters; ++index) {
        requests.push_back(ArbiterRequest{index, Cycles{0}});
    }
    std::uint64_t longest = 0;
    for (std::uint64_t edge = 0; edge < edges; ++edge) {
        const int winner = arbiter->pick(requests, Cycles{edge});
        longest = std::max(longest, edge - requests[0].since.count());
        if (winner == Arbiter::kNobody) {
            continue;
        }
        arbiter->granted(static_cast<unsigned>(winner), Cycles{edge});
        requests[static_cast<unsigned>(winner)].since = Cycles{edge + 1};
    }
    return longest;
}

TEST(Starvation, FixedPriorityStarvesTheLowest) {
    ArbiterConfig config = config_of("fixed_priority");
    config.priorities = {0, 1};
    EXPECT_EQ(longest_wait(config, 2, 5000), 4999U);
}

TEST(Starvation, RoundRobinWaitsForEveryOtherOnce) {
    for (const unsigned requesters : {1U, 2U, 3U, 8U, 64U}) {
        EXPECT_EQ(longest_wait(config_of("round_robin"), requesters, 5000), requesters - 1);
    }
}

TEST(Starvation, WeightedRoundRobinWaitsForTheWeightsOfTheOthers) {
    ArbiterConfig config = config_of("weighted_round_robin");
    config.weights = {2, 5, 7, 1};
    EXPECT_EQ(longest_wait(config, 4, 5000), 5U + 7U + 1U);
}

TEST(Starvation, TimeSlotsWaitForTheNextOwnSlot) {
    ArbiterConfig config = config_of("time_slots");
    config.slots = {1, 1, 0, 1};
    config.slot_cycles = 10;
    EXPECT_EQ(longest_wait(config, 2, 5000), 30U);
}

// The bound of docs/arbitration.md holds for every mixture, and the bound is not far from the truth.
TEST(Starvation, AgeingWaitsNoLongerThanItsBound) {
    for (const std::uint32_t ageing : {1U, 2U, 7U, 64U}) {
        for (const std::uint32_t difference : {0U, 1U, 5U}) {
            for (const unsigned requesters : {2U, 3U, 8U}) {
                ArbiterConfig config = config_of("priority_ageing");
                config.ageing_cycles = ageing;
                config.priorities = {0, difference};
                const std::uint64_t bound = std::uint64_t{difference + 1} * ageing + requesters - 1;
                const std::uint64_t wait = longest_wait(config, requesters, 20000);
                EXPECT_LE(wait, bound) << ageing << " " << difference << " " << requesters;
                EXPECT_GE(wait, std::uint64_t{difference} * ageing) << ageing << " " << difference << " " << requesters;
            }
        }
    }
}

TEST(Starvation, AgeingSharesEvenlyAmongEqualPriorities) {
    ArbiterConfig config = config_of("priority_ageing");
    config.ageing_cycles = 1U << 20U;
    EXPECT_EQ(longest_wait(config, 5, 5000), 4U);
}

TEST(WeightedRoundRobin, SharesAreTheWeights) {
    ArbiterConfig config = config_of("weighted_round_robin");
    config.weights = {1, 2, 5};
    const std::string text = winners(config, 3, {{0, 0, 9999}, {1, 0, 9999}, {2, 0, 9999}}, 800);
    EXPECT_EQ(std::count(text.begin(), text.end(), '0'), 100);
    EXPECT_EQ(std::count(text.begin(), text.end(), '1'), 200);
    EXPECT_EQ(std::count(text.begin(), text.end(), '2'), 500);
}

TEST(WeightedRoundRobin, AnUnfinishedTurnIsLostWhenAnotherIsGranted) {
    ArbiterConfig config = config_of("weighted_round_robin");
    config.weights = {3, 1};
    const auto arbiter = make_arbiter(config, 2);
    const ArbiterRequest zero{0, Cycles{0}};
    const ArbiterRequest one{1, Cycles{0}};
    arbiter->granted(0, Cycles{0});
    EXPECT_EQ(arbiter->pick({zero, one}, Cycles{1}), 0) << "two grants of the turn are left";
    arbiter->granted(1, Cycles{1});
    for (std::uint64_t edge = 2; edge < 5; ++edge) {
        ASSERT_EQ(arbiter->pick({zero, one}, Cycles{edge}), 0)
            << "a whole new turn of three, not the two of the old one";
        arbiter->granted(0, Cycles{edge});
    }
    EXPECT_EQ(arbiter->pick({zero, one}, Cycles{5}), 1);
}

TEST(TimeSlots, NextChanceIsTheNextSlotOfAnother) {
    ArbiterConfig config = config_of("time_slots");
    config.slots = {0, 0, 1};
    config.slot_cycles = 10;
    config.reclaim_slots = false;
    const auto arbiter = make_arbiter(config, 2);
    EXPECT_EQ(arbiter->next_chance(Cycles{0}), Cycles{20});
    EXPECT_EQ(arbiter->next_chance(Cycles{19}), Cycles{20});
    EXPECT_EQ(arbiter->next_chance(Cycles{20}), Cycles{30});
    EXPECT_EQ(arbiter->next_chance(Cycles{30}), Cycles{50});
    config.slots = {0};
    EXPECT_EQ(make_arbiter(config, 1)->next_chance(Cycles{5}), kNever);
}

TEST(PriorityAgeing, RisesExactlyWhenTheTimeIsFull) {
    ArbiterConfig config = config_of("priority_ageing");
    config.priorities = {0, 1};
    config.ageing_cycles = 10;
    const auto arbiter = make_arbiter(config, 2);
    const auto pick = [&](std::uint64_t edge) {
        return arbiter->pick({ArbiterRequest{0, Cycles{100}}, ArbiterRequest{1, Cycles{edge}}}, Cycles{edge});
    };
    EXPECT_EQ(pick(109), 1);
    EXPECT_EQ(pick(110), 0) << "equal now, and 0 has waited longer";
}

TEST(PriorityAgeing, TiesGoToTheLongestWaitingThenToTheLowestIndex) {
    ArbiterConfig config = config_of("priority_ageing");
    const auto arbiter = make_arbiter(config, 3);
    EXPECT_EQ(arbiter->pick({{0, Cycles{7}}, {1, Cycles{6}}, {2, Cycles{7}}}, Cycles{8}), 1);
    EXPECT_EQ(arbiter->pick({{0, Cycles{7}}, {1, Cycles{7}}, {2, Cycles{6}}}, Cycles{8}), 2);
    EXPECT_EQ(arbiter->pick({{1, Cycles{7}}, {2, Cycles{7}}}, Cycles{8}), 1);
}

TEST(PriorityAgeing, GreatestPriorityCanBeOvertaken) {
    ArbiterConfig config = config_of("priority_ageing");
    config.priorities = {0xFFFFFFFF, 0xFFFFFFFE};
    config.ageing_cycles = 1;
    EXPECT_EQ(make_arbiter(config, 2)->pick({{0, Cycles{9}}, {1, Cycles{7}}}, Cycles{9}), 1);
}

TEST(ArbiterConfig, ShortListsGoOnWithTheirLastValue) {
    ArbiterConfig config = config_of("fixed_priority");
    config.priorities = {1, 7};
    const auto arbiter = make_arbiter(config, 4);
    EXPECT_EQ(arbiter->pick({{0, Cycles{0}}, {3, Cycles{0}}}, Cycles{0}), 3);
    config.kind = "weighted_round_robin";
    config.weights = {1, 2};
    EXPECT_EQ(winners(config, 3, {{0, 0, 9}, {1, 0, 9}, {2, 0, 9}}, 6), "011220");
}

TEST(ArbiterConfig, EveryProblemIsNamed) {
    ArbiterConfig config = config_of("lottery");
    config.priorities = {1, 2, 3};
    config.weights = {0, 65536};
    config.slots = {0, 2};
    config.slot_cycles = 0;
    config.ageing_cycles = (1U << 20U) + 1;
    EXPECT_THAT(validate(config, 2),
                ElementsAre(HasSubstr("arbiter.kind is \"lottery\""), HasSubstr("arbiter.priorities has 3 values"),
                            HasSubstr("arbiter.weights[0] is 0"), HasSubstr("arbiter.weights[1] is 65536"),
                            HasSubstr("arbiter.slots[1] is 2, must be 0 to 1"), HasSubstr("arbiter.slot_cycles is 0"),
                            HasSubstr("arbiter.ageing_cycles is 1048577")));
}

TEST(ArbiterConfig, BoundsFromBothSides) {
    for (const std::uint32_t cycles : {1U, 1U << 20U}) {
        ArbiterConfig config;
        config.slot_cycles = cycles;
        config.ageing_cycles = cycles;
        config.weights = {1, 65535};
        EXPECT_THAT(validate(config, 2), IsEmpty());
    }
    EXPECT_THAT(validate(ArbiterConfig{}, 1), IsEmpty());
    EXPECT_THAT(validate(ArbiterConfig{}, 1024), IsEmpty());
    EXPECT_THAT(validate(ArbiterConfig{}, 0), ElementsAre(HasSubstr("0 requesters")));
    EXPECT_THAT(validate(ArbiterConfig{}, 1025), ElementsAre(HasSubstr("1025 requesters")));
}

TEST(ArbiterConfig, SlotTableWithoutReclaimingMustServeEverybody) {
    ArbiterConfig config = config_of("time_slots");
    config.slots = {0, 0};
    EXPECT_THAT(validate(config, 2), IsEmpty()) << "requester 1 lives on reclaimed slots";
    config.reclaim_slots = false;
    EXPECT_THAT(validate(config, 2), ElementsAre(HasSubstr("requester 1 no slot")));
    config.slots.clear();
    EXPECT_THAT(validate(config, 2), IsEmpty());
}

TEST(ArbiterConfig, BadOnesAreRefusedWithTheirName) {
    try {
        make_arbiter(config_of("round_robbin"), 2);
        FAIL() << "accepted";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), HasSubstr("round_robbin"));
        EXPECT_THAT(error.what(), HasSubstr("weighted_round_robin"));
    }
    EXPECT_THROW(make_arbiter(ArbiterConfig{}, 0), ConfigError);
}

}  // namespace
