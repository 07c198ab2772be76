// SPDX-License-Identifier: Apache-2.0
//
// How often the kernel has to run anything for what channels move.
#include <cstdint>
#include <memory>

#include <systemc>

#include <gtest/gtest.h>

#include "dmasim/model/frontend/native/register_map.h"

#include "platforms.h"
#include "support/sim_test.h"

namespace dmasim::bench {
namespace {

const Workload& workload_called(const std::string& name) {
    for (const Workload& workload : workloads()) {
        if (workload.name == name) {
            return workload;
        }
    }
    throw std::out_of_range(name);
}

/// Of all channels, modulo 2^32.
std::uint32_t bytes_left(Platform& platform, const Workload& workload) {
    std::uint32_t bytes = 0;
    for (std::uint32_t channel = 0; channel < workload.channels; ++channel) {
        bytes += platform.read(0, native::channel_register(channel, native::reg::kResidueLo));
    }
    return bytes;
}

struct Count {
    std::uint64_t bursts = 0;
    std::uint64_t deltas = 0;
};

Count count(const std::string& name, Driver driver) {
    const Workload& workload = workload_called(name);
    const auto platform = make_event_platform(workload, driver);
    platform->run(100'000);
    const std::uint32_t left = bytes_left(*platform, workload);
    const sc_dt::uint64 before = sc_core::sc_delta_count();
    platform->run(300'000);
    Count result;
    result.deltas = sc_core::sc_delta_count() - before;
    // A read and a write for each.
    result.bursts = 2 * std::uint64_t{left - bytes_left(*platform, workload)} / (workload.burst_beats * 8);
    return result;
}

SIM_TEST(Activations, OneForEachBurstInStep) {
    const Count contended = count("contended", Driver::Events);
    EXPECT_GT(contended.bursts, 10'000U);
    EXPECT_LE(contended.deltas, contended.bursts + 100);
    // And it is in step: not one for many.
    EXPECT_GE(2 * contended.deltas, contended.bursts);
}
SIM_TEST(Activations, HardlyAnyForWhatNobodyLooksAt) {
    const Count contended = count("contended", Driver::Lazy);
    EXPECT_GT(contended.bursts, 10'000U);
    EXPECT_LT(contended.deltas, 100U);
}

}  // namespace
}  // namespace dmasim::bench
