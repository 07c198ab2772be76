// SPDX-License-Identifier: Apache-2.0
//
// The table of an 8237 through the SystemC module, in both transport styles, with protocol monitors in line.
#include "dmasim/cli/i8237_bench.h"

#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/model/errors.h"

#include "support/sim_test.h"

namespace dmasim::cli {
namespace {

/// The rows of the measured table, and random ones.
void expect_as_the_core(TransportStyle style, bool monitor, const I8237Timing& timing) {
    const std::uint64_t seed = std::random_device{}();
    std::mt19937_64 random(seed);
    const auto in = [&](std::uint64_t low, std::uint64_t high) { return low + random() % (high - low + 1); };
    I8237Bench bench(timing);
    bench.style(style);
    bench.monitor(monitor);
    std::vector<I8237Run> runs;
    for (int i = 0; i < 60; ++i) {
        I8237Run run;
        run.compressed = in(0, 2) == 0;
        run.extended_write = in(0, 2) == 0;
        run.mode = static_cast<std::uint8_t>(in(0, 2) * 0x40);
        run.transfer = static_cast<std::uint8_t>(in(0, 2) * 4);
        run.memory_to_memory = in(0, 3) == 0;
        run.count = static_cast<std::uint32_t>(in(1, 70));
        run.address = static_cast<std::uint16_t>(random());
        run.hlda_delay = static_cast<std::uint32_t>(in(0, 1) * in(0, 9));
        runs.push_back(run);
        bench.add(run);
    }
    bench.run();
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const I8237Measurement expected = measure_i8237(timing, runs[i]);
        EXPECT_EQ(bench.result(i).hrq_low, expected.hrq_low) << "seed " << seed << " run " << i;
        EXPECT_EQ(bench.result(i).write_strobes, expected.write_strobes) << "seed " << seed << " run " << i;
        EXPECT_EQ(bench.result(i).write_addresses, expected.write_addresses) << "seed " << seed << " run " << i;
        EXPECT_EQ(bench.result(i).address_strobes, expected.address_strobes) << "seed " << seed << " run " << i;
        EXPECT_EQ(bench.result(i).first_read, expected.first_read) << "seed " << seed << " run " << i;
        EXPECT_TRUE(bench.correct(i)) << "seed " << seed << " run " << i;
    }
}

SIM_TEST(I8237Bench, NonBlocking) {
    expect_as_the_core(TransportStyle::NonBlocking, true, i8237_timing("i8237"));
}
SIM_TEST(I8237Bench, Blocking) {
    expect_as_the_core(TransportStyle::Blocking, true, i8237_timing("i8237"));
}
SIM_TEST(I8237Bench, WithoutMonitorsTheSame) {
    expect_as_the_core(TransportStyle::NonBlocking, false, i8237_timing("i8237_always_wait"));
}

SIM_TEST(I8237Bench, RefusesARunWithoutBytes) {
    I8237Bench bench(i8237_timing("i8237"));
    EXPECT_THROW(bench.add(I8237Run{}), ConfigError);
    I8237Timing timing;
    timing.dreq_sample = 0;
    EXPECT_THROW(I8237Bench{timing}, ConfigError);
}

}  // namespace
}  // namespace dmasim::cli
