// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/address_map.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/bus/core/topology.h"
#include "dmasim/model/errors.h"

namespace dmasim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max();

TEST(AddressMap, DecodesBothEndsOfARangeAndNothingBeside) {
    const AddressMap map({{0x1000, 0x100, 1, 0x40, "ram"}}, 2);
    EXPECT_FALSE(map.decode(0xFFF, 1));
    ASSERT_TRUE(map.decode(0x1000, 1));
    EXPECT_EQ(map.decode(0x1000, 1)->target, 1U);
    EXPECT_EQ(map.decode(0x1000, 1)->address, 0x40U);
    EXPECT_EQ(map.decode(0x10FF, 1)->address, 0x13FU);
    EXPECT_FALSE(map.decode(0x1100, 1));
    EXPECT_TRUE(map.decode(0x1000, 0x100));
    EXPECT_FALSE(map.decode(0x1000, 0x101));
    EXPECT_FALSE(map.decode(0x10FF, 2));
    EXPECT_FALSE(map.decode(0x1000, 0));
}

TEST(AddressMap, TheEndOf64Bits) {
    const AddressMap map({{kTop - 0xFFF, 0x1000, 0, 0, "top"}}, 1);
    EXPECT_TRUE(map.decode(kTop, 1));
    EXPECT_EQ(map.decode(kTop, 1)->address, 0xFFFU);
    EXPECT_FALSE(map.decode(kTop, 2)) << "past 2^64";
    EXPECT_FALSE(map.decode(kTop - 0xFFF, 0x1001));
    EXPECT_FALSE(map.decode(kTop - 0xFFF, kTop));
    EXPECT_FALSE(map.decode(0, 1));
}

TEST(AddressMap, CrossesFromOneRangeIntoItsContinuationOnly) {
    const AddressMap map({{0x2000, 0x1000, 0, 0x1000, "b"},
                          {0x1000, 0x1000, 0, 0, "a"},
                          {0x3000, 0x1000, 0, 0, "elsewhere"},
                          {0x4000, 0x1000, 1, 0x1000, "other target"}},
                         2);
    EXPECT_THAT(map.windows(), SizeIs(3));
    ASSERT_TRUE(map.decode(0x1FFC, 8));
    EXPECT_EQ(map.decode(0x1FFC, 8)->address, 0xFFCU);
    EXPECT_FALSE(map.decode(0x2FFC, 8)) << "not contiguous at the target";
    EXPECT_FALSE(map.decode(0x3FFC, 8)) << "another target";
}

TEST(AddressMap, NamesBothRangesThatOverlap) {
    const std::vector<AddressRange> ranges{{0x0, 0x1000, 0, 0, "ram"}, {0xFFF, 0x10, 0, 0, "uart"}};
    EXPECT_THAT(validate_map(ranges, 1), ::testing::ElementsAre(AllOf(HasSubstr("'ram'"), HasSubstr("'uart'"),
                                                                      HasSubstr("0xfff"), HasSubstr("overlap"))));
    EXPECT_THROW(AddressMap(ranges, 1), ConfigError);
    const std::vector<AddressRange> touching{{0x0, 0xFFF, 0, 0, "ram"}, {0xFFF, 0x10, 0, 0, "uart"}};
    EXPECT_THAT(validate_map(touching, 1), IsEmpty());
}

TEST(AddressMap, ALongRangeOverlapsSeveral) {
    const auto problems = validate_map({{0, 0x10000, 0, 0, "long"}, {0x10, 1, 0, 0, "x"}, {0x8000, 1, 0, 0, "y"}}, 1);
    ASSERT_THAT(problems, SizeIs(2));
    EXPECT_THAT(problems[1], AllOf(HasSubstr("'long'"), HasSubstr("'y'")));
}

TEST(AddressMap, RefusesWhatWrapsIsEmptyOrHasNoTarget) {
    EXPECT_THAT(validate_map({{kTop, 2, 0, 0, "w"}}, 1), ::testing::ElementsAre(HasSubstr("runs past 2^64")));
    EXPECT_THAT(validate_map({{kTop, 1, 0, 0, "w"}}, 1), IsEmpty());
    EXPECT_THAT(validate_map({{0, 2, 0, kTop, "w"}}, 1), ::testing::ElementsAre(HasSubstr("at its target")));
    EXPECT_THAT(validate_map({{0, 0, 0, 0, "e"}}, 1), ::testing::ElementsAre(HasSubstr("empty")));
    EXPECT_THAT(validate_map({{0, 1, 3, 0, "t"}}, 3), ::testing::ElementsAre(HasSubstr("target 3")));
    EXPECT_THAT(validate_map({{0, kTop, 0, 0, "all but one"}, {kTop, 1, 0, 0, "last"}}, 1), IsEmpty());
}

TEST(BusConfig, ReportsEveryProblem) {
    BusConfig config;
    config.topology = "ring";
    config.data_width_bits = 48;
    config.initiators = 0;
    config.targets = 257;
    config.request_latency = 0;
    config.response_latency = 0;
    config.queue_depth = 0;
    config.max_outstanding = 1025;
    config.snooped = {true};
    const auto problems = validate(config);
    EXPECT_THAT(problems, SizeIs(9));
    EXPECT_THAT(problems, ::testing::Contains(AllOf(HasSubstr("ring"), HasSubstr("shared, crossbar, simple"))));
    EXPECT_THROW(make_topology("ring", 1, 1), ConfigError);
    EXPECT_THAT(validate(BusConfig{}), IsEmpty());
}

TEST(MemoryConfig, ReportsEveryProblem) {
    MemoryConfig config;
    config.size = 0x1000;
    config.data_width_bits = 4;
    config.read_latency = 0;
    config.write_latency = 0;
    config.errors = {{0xFFF, 2, true, true, Response::GenericError},
                     {0, 0, true, true, Response::GenericError},
                     {kTop, 2, true, true, Response::GenericError},
                     {0, 1, true, true, Response::Ok}};
    EXPECT_THAT(validate(config), SizeIs(7));
    EXPECT_THAT(validate(MemoryConfig{}), IsEmpty());
}

}  // namespace
}  // namespace dmasim
