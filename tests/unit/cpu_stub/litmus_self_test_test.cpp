// SPDX-License-Identifier: Apache-2.0
//
// Random right driver programs are silent and right, spoilt ones are reported when a byte is wrong, byte lanes hold. Nightly:
// many more.
#include "dmasim/cpu_stub/core/litmus_self_test.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

namespace dmasim {
namespace {

std::string problems(const LitmusSelfTestResult& result) {
    std::string text;
    for (const std::string& problem : result.problems) {
        text += problem + "\n";
    }
    return text;
}

TEST(LitmusSelfTest, RightProgramsAreSilentAndSpoiltOnesAreReported) {
    LitmusSelfTestConfig config;
    const bool nightly = std::getenv("DMASIM_NIGHTLY") != nullptr;
    config.programs = nightly ? 100'000 : 2'000;
    config.mutants = nightly ? 30'000 : 2'000;
    const LitmusSelfTestResult result = litmus_self_test(config);
    EXPECT_EQ(result.programs, config.programs);
    EXPECT_EQ(result.false_findings, 0U) << problems(result);
    EXPECT_EQ(result.wrong_bytes, 0U) << problems(result);
    EXPECT_EQ(result.reported, result.corrupting) << problems(result);
    EXPECT_EQ(result.lane_errors, 0U) << problems(result);
    EXPECT_TRUE(result.ok());
    // It is a test only if many mutants do harm.
    EXPECT_GT(result.mutants, config.mutants * 8 / 10);
    EXPECT_GT(result.corrupting, config.mutants / 2);
}

// The score falls when the verifier does not know a rule that spoilt programs break: nothing else reports in its place.
TEST(LitmusSelfTest, TheScoreFallsWithoutARule) {
    for (const char* rule : {"CLEAN_MISSING", "INVAL_MISSING", "SPEC_REFILL", "INVAL_LOSES_DIRTY", "PUBLISH_ORDER"}) {
        LitmusSelfTestConfig config;
        config.programs = 1;
        config.mutants = 1'500;
        config.disabled_rules = {rule, "SYNC_DIR", "RANGE_WRONG", "SHARED_LINE"};
        const LitmusSelfTestResult result = litmus_self_test(config);
        EXPECT_LT(result.reported, result.corrupting) << rule;
        EXPECT_FALSE(result.ok());
        EXPECT_FALSE(result.problems.empty());
    }
}

TEST(LitmusSelfTest, ProgramsFollowFromTheirSeed) {
    std::set<std::size_t> lengths;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const std::vector<LitmusStep> one = random_driver_program(seed, 32);
        const std::vector<LitmusStep> two = random_driver_program(seed, 32);
        ASSERT_EQ(one.size(), two.size());
        for (std::size_t step = 0; step < one.size(); ++step) {
            EXPECT_EQ(one[step].op, two[step].op);
            EXPECT_EQ(one[step].address, two[step].address);
            EXPECT_EQ(one[step].bytes, two[step].bytes);
            EXPECT_EQ(one[step].token, two[step].token);
        }
        lengths.insert(one.size());
        EXPECT_EQ(check_litmus_trace(one), "");
    }
    EXPECT_GT(lengths.size(), 10U);
}

TEST(LitmusSelfTest, SpoilingChangesOneOperation) {
    LitmusStep step;
    std::vector<LitmusStep> program;
    for (const char* text : {"w 0 20 n", "clean 0 20", "map out 0 20", "dr 0 20 =n*32", "dsb"}) {
        ASSERT_EQ(parse_litmus_step(text, step), "");
        program.push_back(step);
    }
    EXPECT_EQ(spoilable(program), 2U);
    EXPECT_TRUE(spoil(program, 2, LitmusMutation::Removed).empty());
    EXPECT_EQ(spoil(program, 0, LitmusMutation::Removed).size(), 4U);
    EXPECT_EQ(spoil(program, 0, LitmusMutation::MovedUp)[0].op, LitmusOp::Clean);
    EXPECT_EQ(spoil(program, 0, LitmusMutation::MovedDown)[4].op, LitmusOp::Clean);
    EXPECT_EQ(spoil(program, 0, LitmusMutation::ShrunkEnd)[1].bytes, 0x10U);
    EXPECT_EQ(spoil(program, 0, LitmusMutation::ShrunkBegin)[1].address, 0x10U);
    EXPECT_EQ(spoil(program, 0, LitmusMutation::WrongKind)[1].op, LitmusOp::Invalidate);
    EXPECT_EQ(spoil(program, 1, LitmusMutation::WrongKind)[4].op, LitmusOp::Dmb);
    EXPECT_TRUE(spoil(program, 1, LitmusMutation::ShrunkEnd).empty());
    EXPECT_TRUE(spoil(program, 1, LitmusMutation::MovedDown).empty());
}

TEST(ByteLanes, HoldWhatTheirOwnersWrote) {
    for (const bool coherent : {false, true}) {
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            EXPECT_EQ(byte_lane_stress(seed, 16U << (seed % 4), coherent, 300), "") << "seed " << seed;
        }
    }
}

}  // namespace
}  // namespace dmasim
