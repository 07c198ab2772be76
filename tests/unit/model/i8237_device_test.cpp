// SPDX-License-Identifier: Apache-2.0
//
// The data path around an 8237A (docs/i8237.md, "Data"): bytes arrive, READY waits exactly as long as it must.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/i8237/bench.h"
#include "dmasim/model/frontend/i8237/device.h"

namespace dmasim {
namespace {

constexpr std::uint64_t kNoAnswer = ~std::uint64_t{0};

/// A device on a board whose memory and peripheral answer after so many clocks.
class Board final : private I8237Owner, private I8237Inputs {
  public:
    std::uint64_t memory_read = 0;
    std::uint64_t memory_write = 0;
    std::uint64_t peripheral = 0;
    std::uint64_t jitter_seed = 0;  ///< Not 0: each of the latencies is a random number up to its value.
    Response memory_response = Response::Ok;
    std::uint64_t stop_at = 200000;

    Board(const I8237DeviceConfig& config, const I8237Run& run) : device(config, *this), stimulus(run, *this) {
        for (std::size_t i = 0; i < memory.size(); ++i) {
            memory[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8U));
        }
    }

    /// Until HRQ has fallen for good and everything is answered, or `stop_at`.
    I8237Measurement run() {
        random_.seed(jitter_seed);
        stimulus.start();
        unsigned after_end = 0;
        for (std::uint64_t clock = 0; clock < stop_at; ++clock) {
            // Answers of this stamp come before or after the edge: it must not matter.
            const bool first = random_() % 2 == 0;
            if (first) {
                answer(clock);
            }
            while (device.next_edge() <= Cycles{clock}) {
                EXPECT_EQ(device.next_edge(), Cycles{clock}) << "an edge was named that has passed";
                device.evaluate(Cycles{clock});
            }
            answer(clock);
            // What is posted still goes out.
            after_end = stimulus.done() && answers_.empty() ? after_end + 1 : 0;
            if (after_end == 50) {
                break;
            }
        }
        return stimulus.measured();
    }

    I8237Device device;
    I8237Stimulus stimulus;
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(1U << 17U);
    std::vector<std::uint8_t> given;     ///< By the peripheral.
    std::vector<std::uint8_t> received;  ///< By the peripheral.
    std::vector<std::uint64_t> errors;

  private:
    struct Answer {
        std::uint32_t tag = 0;
        bool read = false;
        Response response = Response::Ok;
    };

    void pins(const I8237Pins& now, Cycles at) override { stimulus.pins(now, at.count()); }
    bool request(I8237Port port, const Burst& burst, Cycles at) override {
        const bool read = burst.access == Access::Read;
        const bool at_memory = port == I8237Port::Memory;
        if (!at_memory) {
            EXPECT_EQ(burst.address, 0U);
        }
        for (std::uint32_t i = 0; i < burst.bytes; ++i) {
            if (at_memory) {
                std::uint8_t& byte = memory.at(burst.address + i);
                (read ? burst.data[i] : byte) = read ? byte : burst.data[i];
            } else if (read) {
                burst.data[i] = static_cast<std::uint8_t>(given.size() * 13 + 5);
                given.push_back(burst.data[i]);
            } else {
                received.push_back(burst.data[i]);
            }
        }
        std::uint64_t latency = !at_memory ? peripheral : read ? memory_read : memory_write;
        if (latency == kNoAnswer) {
            return true;
        }
        if (jitter_seed != 0) {
            latency = random_() % (latency + 1);
        }
        answers_.emplace(at.count() + latency, Answer{burst.tag, read, at_memory ? memory_response : Response::Ok});
        return true;
    }
    void bus_error_at(Cycles at) override { errors.push_back(at.count()); }

    void answer(std::uint64_t clock) {
        while (!answers_.empty() && answers_.begin()->first <= clock) {
            const Answer answer = answers_.begin()->second;
            answers_.erase(answers_.begin());
            if (answer.read) {
                device.read_data(answer.tag, Cycles{clock}, 1, answer.response);
            } else {
                device.write_response(answer.tag, Cycles{clock}, answer.response);
            }
        }
    }

    void write(unsigned offset, std::uint8_t value) override { device.write(offset, value, Cycles{0}); }
    void set_dreq(unsigned channel, bool level, std::uint64_t clock) override {
        device.set_dreq(channel, level, Cycles{clock});
    }
    void set_hlda(bool level, std::uint64_t clock) override { device.set_hlda(level, Cycles{clock}); }

    std::multimap<std::uint64_t, Answer> answers_;
    std::mt19937_64 random_;
};

I8237Run block(std::uint8_t transfer, std::uint32_t count, std::uint16_t address = 0x1000) {
    I8237Run run;
    run.mode = i8237_mode::kBlock;
    run.transfer = transfer;
    run.count = count;
    run.address = address;
    return run;
}

// Whoever answers at once costs nothing: the clocks are those of the part alone.
TEST(I8237Device, AnswersAtOnceAddNothing) {
    for (const bool compressed : {false, true}) {
        for (const std::uint8_t transfer : {i8237_mode::kWrite, i8237_mode::kRead, i8237_mode::kVerify}) {
            for (const bool single : {false, true}) {
                I8237Run run = block(transfer, 300, 0xFF80);
                run.compressed = compressed;
                run.mode = single ? i8237_mode::kSingle : i8237_mode::kBlock;
                Board board({}, run);
                EXPECT_EQ(i8237_columns(board.run()), i8237_columns(measure_i8237({}, run)));
                EXPECT_TRUE(board.errors.empty());
            }
        }
    }
}

// READY falls with the read strobe and rises with the byte: a byte that is k clocks late costs k wait states.
TEST(I8237Device, ALateReadCostsItsClocks) {
    for (const std::uint8_t transfer : {i8237_mode::kWrite, i8237_mode::kRead}) {
        for (std::uint64_t late = 0; late < 9; ++late) {
            Board board({}, block(transfer, 10));
            board.memory_read = late;
            board.peripheral = transfer == i8237_mode::kWrite ? late : 0;
            EXPECT_EQ(board.run().hrq_low, 4 + 10 * (3 + late)) << late;
        }
    }
}

// The write of a byte may take until the next read strobe's end of S3: with three clocks a byte, two clocks.
TEST(I8237Device, ALateWriteCostsWhatTheNextByteCannotHide) {
    for (std::uint64_t late = 0; late < 9; ++late) {
        Board board({}, block(i8237_mode::kWrite, 10));
        board.memory_write = late;
        // Nobody waits for the last one.
        EXPECT_EQ(board.run().hrq_low, 4 + 10 * 3 + (late > 2 ? (late - 2) * 9 : 0)) << late;
        EXPECT_TRUE(std::equal(board.given.begin(), board.given.end(), board.memory.begin() + 0x1000));
        EXPECT_EQ(board.given.size(), 10U);
    }
}

TEST(I8237Device, TheReadyPinAndTheAccessesAreBothWaitedFor) {
    Board board({}, block(i8237_mode::kRead, 1));
    board.memory_read = 2;
    board.device.set_ready(false, Cycles{0});
    board.stop_at = 30;
    EXPECT_EQ(board.run().hrq_low, 0U) << "the pin is low";
    EXPECT_EQ(board.device.core().state(), I8237State::Sw);
    board.device.set_ready(true, Cycles{30});
    board.stop_at = 60;
    for (std::uint64_t clock = 30; clock < 40; ++clock) {
        while (board.device.next_edge() <= Cycles{clock}) {
            board.device.evaluate(Cycles{clock});
        }
    }
    EXPECT_EQ(board.stimulus.measured().hrq_low, 32U) << "SW left at 31, S4";
}

// A copy onto its own source, one byte further, fills: each byte is read after the one before was written.
TEST(I8237Device, MemoryToMemoryKeepsItsOrder) {
    for (std::uint64_t late = 0; late < 12; ++late) {
        I8237Run run;
        run.memory_to_memory = true;
        run.count = 40;
        run.address = 0x2000;
        Board board({}, run);
        board.memory_read = late;
        board.memory_write = 2 * late;
        // Destination 0x2001 instead of 0xA000.
        board.device.map_addresses([](unsigned channel, std::uint16_t address) {
            return std::uint64_t{address} - (channel == 1 ? 0x7FFFU : 0U);
        });
        const std::uint8_t first = board.memory[0x2000];
        EXPECT_GT(board.run().hrq_low, 0U);
        for (unsigned i = 1; i <= 40; ++i) {
            ASSERT_EQ(board.memory[0x2000 + i], first) << late << " " << i;
        }
        EXPECT_TRUE(board.errors.empty());
    }
}

TEST(I8237Device, RandomLatenciesMoveTheSameBytes) {
    const std::uint64_t base = std::random_device{}();
    for (std::uint64_t i = 1; i <= 300; ++i) {
        const std::uint64_t seed = base + i;
        std::mt19937_64 random(seed);
        const auto in = [&](std::uint64_t low, std::uint64_t high) { return low + random() % (high - low + 1); };
        I8237DeviceConfig config;
        config.unit_bytes = in(0, 3) == 0 ? 2 : 1;
        config.timing.always_wait = static_cast<std::uint32_t>(in(0, 2));
        config.timing.dreq_sample = static_cast<std::uint32_t>(in(1, 3));
        I8237Run run = block(in(0, 1) == 0 ? i8237_mode::kWrite : i8237_mode::kRead,
                             static_cast<std::uint32_t>(in(1, 60)), static_cast<std::uint16_t>(random()));
        run.compressed = in(0, 3) == 0;
        run.extended_write = in(0, 3) == 0;
        run.memory_to_memory = in(0, 3) == 0;
        run.mode = in(0, 2) == 0 ? i8237_mode::kSingle : i8237_mode::kBlock;
        // From memory to memory the part takes the byte in S14, whether or not it heard READY.
        config.timing.ready_sample = run.memory_to_memory ? 1 : static_cast<std::uint32_t>(in(1, 3));
        Board board(config, run);
        board.memory_read = in(0, 12);
        board.memory_write = in(0, 12);
        board.peripheral = in(0, 6);
        board.jitter_seed = seed;
        const std::vector<std::uint8_t> before = board.memory;
        ASSERT_GT(board.run().hrq_low, 0U) << "seed " << seed;
        EXPECT_TRUE(board.errors.empty()) << "seed " << seed;
        std::vector<std::uint8_t> expected = before;
        std::vector<std::uint8_t> received;
        std::size_t given = 0;
        for (std::uint32_t k = 0; k < run.count; ++k) {
            const auto address = static_cast<std::uint16_t>(run.address + k);
            if (run.memory_to_memory) {
                expected[static_cast<std::uint16_t>(address + kI8237BenchDistance)] = expected[address];
                continue;
            }
            for (std::uint32_t b = 0; b < config.unit_bytes; ++b) {
                std::uint8_t& byte = expected[address * config.unit_bytes + b];
                if (run.transfer == i8237_mode::kWrite) {
                    byte = board.given.at(given++);
                } else {
                    received.push_back(byte);
                }
            }
        }
        EXPECT_EQ(board.memory == expected, true) << "seed " << seed;
        EXPECT_EQ(board.received, received) << "seed " << seed;
        EXPECT_EQ(board.given.size(), given) << "seed " << seed;
    }
}

TEST(I8237Device, AFailedReadIsABusErrorAndNothingDriven) {
    Board board({}, block(i8237_mode::kRead, 3));
    board.memory_response = Response::AddressError;
    board.run();
    EXPECT_EQ(board.device.bus_errors(), 3U);
    EXPECT_EQ(board.errors.size(), 3U);
    EXPECT_THAT(board.received, testing::ElementsAre(0xFF, 0xFF, 0xFF));
}

// A memory that never answers stops the part in a wait state; if nothing looks at READY, bytes are lost, and told.
TEST(I8237Device, NoAnswer) {
    Board waits({}, block(i8237_mode::kRead, 100));
    waits.memory_read = kNoAnswer;
    waits.stop_at = 5000;
    waits.run();
    EXPECT_EQ(waits.device.core().state(), I8237State::Sw);
    EXPECT_EQ(waits.device.bus_errors(), 0U);

    I8237DeviceConfig deaf;
    deaf.timing.ready_in_compressed = 0;
    I8237Run run = block(i8237_mode::kRead, 100);
    run.compressed = true;
    Board loses(deaf, run);
    loses.memory_read = kNoAnswer;
    loses.stop_at = 5000;
    EXPECT_EQ(loses.run().hrq_low, 4 + 2 * 100U);
    EXPECT_EQ(loses.device.bus_errors(), 100 - I8237Device::kMostUnits);
}

TEST(I8237Device, RefusesAnImpossibleConfiguration) {
    I8237DeviceConfig config;
    config.unit_bytes = 4;
    config.timing.dreq_sample = 0;
    EXPECT_EQ(validate(config).size(), 2U);
    EXPECT_THROW(Board(config, block(i8237_mode::kRead, 1)), ConfigError);
}

}  // namespace
}  // namespace dmasim
