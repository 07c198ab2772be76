// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/clock_domain.h"

#include <limits>
#include <random>

#include <systemc>

#include "dmasim/model/errors.h"

#include "support/sim_test.h"

namespace dmasim {
namespace {

using sc_core::sc_time;

sc_time units(std::uint64_t value) {
    return sc_time::from_value(value);
}

constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();

SIM_TEST(ClockDomain, StampIsTheNextEdgeOrTheEdgeItself) {
    const ClockDomain domain(10, sc_core::SC_NS);
    EXPECT_EQ(domain.stamp_of(sc_core::SC_ZERO_TIME), Cycles{0});
    EXPECT_EQ(domain.stamp_of(units(1)), Cycles{1});
    EXPECT_EQ(domain.stamp_of(units(9999)), Cycles{1});
    EXPECT_EQ(domain.stamp_of(units(10000)), Cycles{1});
    EXPECT_EQ(domain.stamp_of(units(10001)), Cycles{2});
    EXPECT_EQ(domain.stamp_of(units(6000), units(4000)), Cycles{1});
    EXPECT_EQ(domain.stamp_of(units(6000), units(4001)), Cycles{2});
    EXPECT_EQ(domain.edge_at_or_before(units(9999)), Cycles{0});
    EXPECT_EQ(domain.edge_at_or_before(units(10000)), Cycles{1});
    EXPECT_EQ(domain.time_of(Cycles{3}), sc_time(30, sc_core::SC_NS));
    EXPECT_EQ(domain.time_until(Cycles{3}, units(29999)), units(1));
    EXPECT_EQ(domain.time_until(Cycles{3}, units(30001)), sc_core::SC_ZERO_TIME);
}

SIM_TEST(ClockDomain, AgreesWithWideArithmetic) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t period = std::max<std::uint64_t>(1, random() >> random() % 64);
        const std::uint64_t now = random() >> random() % 64;
        const std::uint64_t delay = random() >> random() % 64;
        const ClockDomain domain(units(period));
        const long double sum = static_cast<long double>(now) + static_cast<long double>(delay);
        __extension__ using Wide = unsigned __int128;
        const Wide exact = (Wide{now} + delay + period - 1) / period;
        const Cycles stamp = domain.stamp_of(units(now), units(delay));
        if (exact > kGreatest) {
            EXPECT_EQ(stamp, kNever) << now << " + " << delay << " / " << period << " " << sum;
        } else {
            EXPECT_EQ(stamp.count(), static_cast<std::uint64_t>(exact)) << now << " + " << delay << " / " << period;
        }
    }
}

SIM_TEST(ClockDomain, SaturatesAtTheEndOfTime) {
    const ClockDomain domain(1, sc_core::SC_NS);
    EXPECT_EQ(domain.time_of(kNever), sc_core::sc_max_time());
    EXPECT_EQ(domain.time_of(Cycles{kGreatest / 1000}), units(kGreatest / 1000 * 1000));
    EXPECT_EQ(domain.time_of(Cycles{kGreatest / 1000 + 1}), sc_core::sc_max_time());
    const ClockDomain fastest(units(1));
    EXPECT_EQ(fastest.stamp_of(units(kGreatest), units(kGreatest)), kNever);
    EXPECT_EQ(fastest.stamp_of(units(kGreatest - 1)), Cycles{kGreatest - 1});
}

SIM_TEST(ClockDomain, RefusesPeriodsThatTheResolutionCannotHold) {
    EXPECT_THROW(ClockDomain{sc_core::SC_ZERO_TIME}, ConfigError);
    EXPECT_THROW(ClockDomain(0, sc_core::SC_NS), ConfigError);
    EXPECT_THROW(ClockDomain(-1, sc_core::SC_NS), ConfigError);
    EXPECT_THROW(ClockDomain(std::numeric_limits<double>::quiet_NaN(), sc_core::SC_NS), ConfigError);
    EXPECT_THROW(ClockDomain(std::numeric_limits<double>::infinity(), sc_core::SC_NS), ConfigError);
    EXPECT_THROW(ClockDomain(0.4, sc_core::SC_PS), ConfigError);
    EXPECT_THROW(ClockDomain(0.5, sc_core::SC_PS), ConfigError);
    EXPECT_THROW(ClockDomain(1.5, sc_core::SC_PS), ConfigError);
    EXPECT_THROW(ClockDomain(0.3125, sc_core::SC_NS), ConfigError);
    EXPECT_THROW(ClockDomain(1e10, sc_core::SC_SEC), ConfigError);
    EXPECT_EQ(ClockDomain(0.313, sc_core::SC_NS).period(), units(313));
    EXPECT_EQ(ClockDomain(0.1, sc_core::SC_NS).period(), units(100));
    EXPECT_EQ(ClockDomain(1.7, sc_core::SC_NS).period(), units(1700));
    EXPECT_EQ(ClockDomain(12345.678, sc_core::SC_NS).period(), units(12345678));
}

SIM_TEST(ClockDomain, RefusesFrequenciesThatTheResolutionCannotHold) {
    EXPECT_EQ(ClockDomain::from_hertz(1'000'000'000).period(), units(1000));
    EXPECT_EQ(ClockDomain::from_hertz(1'000'000'000'000).period(), units(1));
    EXPECT_THROW(ClockDomain::from_hertz(0), ConfigError);
    EXPECT_THROW(ClockDomain::from_hertz(666'000'000), ConfigError);
    EXPECT_THROW(ClockDomain::from_hertz(3'200'000'000), ConfigError) << "312.5 ps";
    EXPECT_THROW(ClockDomain::from_hertz(2'000'000'000'000), ConfigError);
}

SIM_TEST(ClockDomain, FollowsTheResolutionOfTheProgram) {
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    EXPECT_EQ(ClockDomain::from_hertz(3'200'000'000).period(), units(312500));
    EXPECT_EQ(ClockDomain(0.4, sc_core::SC_PS).period(), units(400));
}

SIM_TEST(ClockDomain, RefusesWhatACoarseResolutionCannotHold) {
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    EXPECT_THROW(ClockDomain(1500, sc_core::SC_PS), ConfigError);
    EXPECT_THROW(ClockDomain(500, sc_core::SC_PS), ConfigError);
    EXPECT_EQ(ClockDomain(3000, sc_core::SC_PS).period(), units(3));
}

}  // namespace
}  // namespace dmasim
