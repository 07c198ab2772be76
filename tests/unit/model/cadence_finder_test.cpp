// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/cadence_finder.h"

#include <cstdint>
#include <functional>

#include <gtest/gtest.h>

#include "dmasim/model/errors.h"

namespace dmasim {
namespace {

/// Takes down state `word` at `base`, with one channel that is at `address`.
void take_down(CadenceFinder& finder, std::uint64_t base, std::uint64_t word, std::uint64_t address,
               std::uint64_t job = 0) {
    CadenceFinder::Snapshot& snapshot = finder.newest();
    snapshot.state.begin(Cycles{base});
    snapshot.state.number(word);
    snapshot.state.name(job);
    snapshot.channels.clear();
    CadenceChannel channel;
    channel.source = address;
    channel.left = (std::uint64_t{1} << 32) - address;
    snapshot.channels.push_back(channel);
}

TEST(CadenceFinder, AStateThatComesAgainIsKnownFromThenOn) {
    CadenceFinder finder;
    take_down(finder, 100, 7, 0x1000);
    EXPECT_EQ(finder.known(), nullptr);
    EXPECT_EQ(finder.repeated(), nullptr);
    finder.keep();
    take_down(finder, 116, 7, 0x1080);
    EXPECT_EQ(finder.known(), nullptr);
    ASSERT_NE(finder.repeated(), nullptr);
    EXPECT_EQ(finder.repeated()->channels[0].source, 0x1000U);
    const Cadence* const cadence = finder.learn();
    EXPECT_EQ(cadence->period, 16U);
    EXPECT_EQ(cadence->bytes, std::vector<std::uint64_t>{0x80});
    // Other work, elsewhere, later: what the state does is the same.
    finder.forget();
    take_down(finder, 5000, 7, 0x9999, 3);
    EXPECT_EQ(finder.known(), cadence);
    EXPECT_EQ(finder.repeated(), nullptr);
    take_down(finder, 5001, 8, 0x9999, 3);
    EXPECT_EQ(finder.known(), nullptr);
}

TEST(CadenceFinder, OtherWorkIsNoRepetition) {
    CadenceFinder finder;
    take_down(finder, 100, 7, 0x1000, 1);
    finder.keep();
    take_down(finder, 116, 7, 0x1080, 2);
    EXPECT_EQ(finder.repeated(), nullptr);
    EXPECT_THROW(finder.learn(), std::logic_error);
}

TEST(CadenceFinder, WhatWasForgottenIsNoRepetition) {
    CadenceFinder finder;
    take_down(finder, 100, 7, 0x1000);
    finder.keep();
    finder.forget();
    take_down(finder, 116, 7, 0x1080);
    EXPECT_EQ(finder.repeated(), nullptr);
}

TEST(CadenceFinder, AStateThatRefusesIsNeitherKeptNorKnown) {
    CadenceFinder finder;
    take_down(finder, 100, 7, 0x1000);
    finder.keep();
    take_down(finder, 110, 7, 0x1040);
    finder.newest().state.refuse();
    EXPECT_EQ(finder.repeated(), nullptr);
    finder.keep();
    take_down(finder, 116, 7, 0x1080);
    EXPECT_EQ(finder.repeated(), nullptr) << "the one in between was none that could be compared";
}

TEST(CadenceFinder, AnyPeriodIsFoundWithinThreeOfThem) {
    for (std::uint64_t period = 1; period <= 1500; period += period < 20 ? 1 : 97) {
        CadenceFinder finder;
        // A beginning that does not come again.
        std::uint64_t step = 0;
        for (; step < 5; ++step) {
            take_down(finder, 10 * step, 1'000'000 + step, 0);
            finder.keep();
        }
        std::uint64_t steps = 0;
        for (;; ++steps) {
            ASSERT_LE(steps, 3 * period + 20) << period;
            take_down(finder, 10 * (step + steps), steps % period, 8 * steps);
            if (finder.repeated() != nullptr) {
                break;
            }
            finder.keep();
        }
        const Cadence* const cadence = finder.learn();
        EXPECT_EQ(cadence->period, 10 * period);
        EXPECT_EQ(cadence->bytes[0], 8 * period);
    }
}

}  // namespace
}  // namespace dmasim
