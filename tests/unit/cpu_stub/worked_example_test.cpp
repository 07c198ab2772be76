// SPDX-License-Identifier: Apache-2.0
//
// The numbers of the worked example in docs/cpu.md, on the real bus and memory, in every order of evaluation.
#include <algorithm>

#include <gtest/gtest.h>

#include "support/core/cpu_machine.h"

namespace dmasim::test {
namespace {

TEST(CpuWorkedExample, MissHitAndClean) {
    std::vector<std::size_t> order = {0, 1, 2};
    do {
        MachineConfig config;
        config.order = order;
        Machine m(config);
        m.context.wait_cycles(10);
        m.load(0x1000, 8);
        EXPECT_EQ(m.context.now(), Cycles{10 + 12});
        m.load(0x1020, 8);
        EXPECT_EQ(m.context.now(), Cycles{10 + 13});
        m.store(0x1000, {1});
        EXPECT_EQ(m.context.now(), Cycles{10 + 14});
        m.context.clean(0x1000, 64);
        EXPECT_EQ(m.context.now(), Cycles{10 + 14 + 13});
    } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace dmasim::test
