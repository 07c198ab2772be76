// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dmasim/model/config.h>
#include <dmasim/model/errors.h>

namespace {

using dmasim::ConfigError;
using dmasim::DmaConfig;
using dmasim::timing_profile;
using dmasim::timing_profiles;
using dmasim::validate;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(DmaConfig, DefaultIsLegal) {
    EXPECT_THAT(validate(DmaConfig{}), IsEmpty());
}

struct Bound {
    const char* field;
    std::uint32_t DmaConfig::*member;
    std::uint32_t least;
    std::uint32_t greatest;
};

void PrintTo(const Bound& bound, std::ostream* out) {
    *out << bound.field;
}

class DmaConfigBound : public ::testing::TestWithParam<Bound> {};

// Both ends are legal, one step beyond each is not, and the message names field, value and range.
TEST_P(DmaConfigBound, FromBothSides) {
    const Bound& bound = GetParam();
    DmaConfig config;
    config.data_width_bits = 32;  // 256 beats fit into 4096 bytes
    config.fifo_beats = 65536;
    if (bound.member == &DmaConfig::fifo_beats) {
        config.max_burst_beats = 1;
    }
    for (const std::uint32_t value : {bound.least, bound.greatest}) {
        config.*bound.member = value;
        EXPECT_THAT(validate(config), IsEmpty()) << value;
    }
    std::vector<std::uint32_t> outside{bound.greatest + 1, 0xFFFFFFFFU};
    if (bound.least > 0) {
        outside.push_back(bound.least - 1);
    }
    for (const std::uint32_t value : outside) {
        config.*bound.member = value;
        const auto problems = validate(config);
        ASSERT_FALSE(problems.empty()) << value;
        EXPECT_EQ(problems.front(), std::string(bound.field) + " is " + std::to_string(value) + ", must be " +
                                        std::to_string(bound.least) + " to " + std::to_string(bound.greatest));
    }
}

INSTANTIATE_TEST_SUITE_P(Fields, DmaConfigBound,
                         ::testing::Values(Bound{"channels", &DmaConfig::channels, 1, 64},
                                           Bound{"max_burst_beats", &DmaConfig::max_burst_beats, 1, 256},
                                           Bound{"fifo_beats", &DmaConfig::fifo_beats, 1, 65536},
                                           Bound{"max_reads", &DmaConfig::max_reads, 1, 64},
                                           Bound{"max_writes", &DmaConfig::max_writes, 1, 64},
                                           Bound{"descriptor_prefetch", &DmaConfig::descriptor_prefetch, 0, 1}),
                         [](const auto& instance) { return std::string(instance.param.field); });

TEST(DmaConfig, DataWidthIsOneOfSix) {
    std::vector<std::uint32_t> legal;
    for (std::uint32_t bits = 0; bits <= 4096; ++bits) {
        DmaConfig config;
        config.max_burst_beats = 1;
        config.data_width_bits = bits;
        if (validate(config).empty()) {
            legal.push_back(bits);
        }
    }
    EXPECT_THAT(legal, ElementsAre(32, 64, 128, 256, 512, 1024));
}

TEST(DmaConfig, BurstHasAtMost4096Bytes) {
    for (std::uint32_t bits = 32; bits <= 1024; bits *= 2) {
        DmaConfig config;
        config.data_width_bits = bits;
        config.fifo_beats = 512;
        const std::uint32_t most = std::min<std::uint32_t>(256, 4096 / (bits / 8));
        config.max_burst_beats = most;
        EXPECT_THAT(validate(config), IsEmpty()) << bits;
        config.max_burst_beats = most + 1;
        EXPECT_THAT(validate(config), SizeIs(1)) << bits;
    }
}

TEST(DmaConfig, FifoHoldsTheLongestBurst) {
    DmaConfig config;
    config.max_burst_beats = 16;
    config.fifo_beats = 16;
    EXPECT_THAT(validate(config), IsEmpty());
    config.fifo_beats = 15;
    EXPECT_THAT(validate(config), ElementsAre(HasSubstr("fifo_beats is 15")));
}

TEST(DmaConfig, EveryTimingParameterIsAtLeastOne) {
    using dmasim::TimingProfile;
    for (const auto member :
         {&TimingProfile::start_to_request, &TimingProfile::descriptor_decode, &TimingProfile::request_interval,
          &TimingProfile::read_to_write, &TimingProfile::response_to_status}) {
        DmaConfig config;
        config.timing.*member = 1;
        EXPECT_THAT(validate(config), IsEmpty());
        config.timing.*member = 0;
        EXPECT_THAT(validate(config), ElementsAre(HasSubstr("must be at least 1")));
    }
}

TEST(DmaConfig, AllProblemsAreReportedAtOnce) {
    DmaConfig config;
    config.max_reads = 0;
    config.max_writes = 65;
    config.timing.request_interval = 0;
    config.arbiter.kind = "coin_toss";
    EXPECT_THAT(validate(config), ElementsAre(HasSubstr("max_reads"), HasSubstr("max_writes"),
                                              HasSubstr("timing.request_interval"), HasSubstr("coin_toss")));
}

TEST(Profiles, NativeHasTheNumbersOfTheContract) {
    const auto& native = timing_profile("native");
    EXPECT_EQ(native.start_to_request, 2U);
    EXPECT_EQ(native.descriptor_decode, 2U);
    EXPECT_EQ(native.request_interval, 1U);
    EXPECT_EQ(native.read_to_write, 2U);
    EXPECT_EQ(native.response_to_status, 1U);
    EXPECT_EQ(timing_profiles().front().name, "native");
}

TEST(Profiles, AreLegalAndDescribed) {
    for (const auto& profile : timing_profiles()) {
        DmaConfig config;
        config.timing = profile;
        EXPECT_THAT(validate(config), IsEmpty()) << profile.name;
        EXPECT_FALSE(profile.description.empty()) << profile.name;
        EXPECT_EQ(&timing_profile(profile.name), &profile);
    }
}

TEST(Profiles, UnknownNameListsTheKnownOnes) {
    try {
        timing_profile("natvie");
        FAIL() << "accepted";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), HasSubstr("natvie"));
        EXPECT_THAT(error.what(), HasSubstr("native"));
    }
}

TEST(Invariant, NamesExpressionFileAndLine) {
    const auto check = [](int value) { DMASIM_INVARIANT(value == 42); };
    EXPECT_NO_THROW(check(42));
    try {
        check(41);
        FAIL() << "not noticed";
    } catch (const std::logic_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("value == 42"));
        EXPECT_THAT(error.what(), HasSubstr("config_test.cpp:"));
    }
}

}  // namespace
