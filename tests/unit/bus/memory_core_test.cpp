// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/memory_core.h"

#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/bus/core/beats.h"
#include "dmasim/model/errors.h"

#include "unit/bus/bus_fixture.h"

namespace dmasim {
namespace {

using test::Outcome;

// Hands bursts straight to a memory.
class Direct final : public BurstMaster {
  public:
    explicit Direct(const MemoryConfig& config) : memory(config) { memory.bind(*this); }

    std::uint32_t read(std::uint64_t address, std::uint32_t bytes, std::uint64_t at, std::uint32_t fixed = 0) {
        return request(Access::Read, address, std::vector<std::uint8_t>(bytes, 0xEE), at, fixed);
    }
    std::uint32_t write(std::uint64_t address, std::vector<std::uint8_t> bytes, std::uint64_t at,
                        std::uint32_t fixed = 0, const std::uint8_t* enables = nullptr) {
        return request(Access::Write, address, std::move(bytes), at, fixed, enables);
    }
    std::uint32_t request(Access access, std::uint64_t address, std::vector<std::uint8_t> bytes, std::uint64_t at,
                          std::uint32_t fixed = 0, const std::uint8_t* enables = nullptr) {
        const auto tag = static_cast<std::uint32_t>(outcomes.size());
        outcomes.emplace_back();
        data.push_back(std::make_unique<std::vector<std::uint8_t>>(std::move(bytes)));
        Burst burst;
        burst.access = access;
        burst.tag = tag;
        burst.address = address;
        burst.bytes = static_cast<std::uint32_t>(data.back()->size());
        burst.fixed_bytes = fixed;
        burst.data = data.back()->data();
        burst.enables = enables;
        memory.request(burst, Cycles{at});
        return tag;
    }
    std::uint8_t peek(std::uint64_t address, std::uint64_t at) {
        std::uint8_t byte = 0xEE;
        EXPECT_TRUE(memory.peek(address, &byte, 1, Cycles{at}));
        return byte;
    }
    void run() { memory.advance_to(kNever); }

    void accepted(std::uint32_t tag, Cycles at) override { outcomes[tag].accepted = at.count(); }
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
        outcomes[tag].response = first.count();
        outcomes[tag].interval = interval;
        outcomes[tag].status = response;
        ++outcomes[tag].responses;
    }
    void write_response(std::uint32_t tag, Cycles at, Response response) override {
        outcomes[tag].response = at.count();
        outcomes[tag].status = response;
        ++outcomes[tag].responses;
    }

    MemoryCore memory;
    std::vector<Outcome> outcomes;
    std::vector<std::unique_ptr<std::vector<std::uint8_t>>> data;
};

std::vector<std::uint8_t> count_up(std::size_t bytes, unsigned from = 1) {
    std::vector<std::uint8_t> data(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        data[i] = static_cast<std::uint8_t>(from + i);
    }
    return data;
}

TEST(MemoryCore, M1LatencyFromBothSides) {
    for (const std::uint32_t latency : {1U, 2U, 7U}) {
        for (const std::uint32_t wait : {0U, 3U}) {
            MemoryConfig config;
            config.read_latency = latency;
            config.read_wait = wait;
            Direct direct(config);
            direct.read(0, 32, 10);
            EXPECT_EQ(direct.outcomes[0].accepted, 10U);
            EXPECT_EQ(direct.memory.next_edge(), Cycles{10 + latency});
            direct.memory.advance_to(Cycles{10 + latency});
            EXPECT_EQ(direct.outcomes[0].responses, 0) << "not before edge " << 10 + latency;
            direct.memory.advance_to(Cycles{10 + latency + 1});
            EXPECT_EQ(direct.outcomes[0].responses, 1);
            EXPECT_EQ(direct.outcomes[0].response, 10 + latency);
            EXPECT_EQ(direct.outcomes[0].interval, 1 + wait);
        }
    }
}

TEST(MemoryCore, M1ReadsFollowEachOtherWithoutAGap) {
    MemoryConfig config;
    config.read_latency = 4;
    config.read_wait = 1;
    Direct direct(config);
    direct.read(0, 24, 10);  // 3 beats: 14, 16, 18.
    direct.read(64, 8, 11);  // Next place is 20, later than 15.
    direct.read(64, 8, 18);  // 22 both ways.
    direct.read(64, 8, 30);  // Idle in between: 34.
    direct.run();
    EXPECT_EQ(direct.outcomes[0].response, 14U);
    EXPECT_EQ(direct.outcomes[1].response, 20U);
    EXPECT_EQ(direct.outcomes[2].response, 22U);
    EXPECT_EQ(direct.outcomes[3].response, 34U);
}

TEST(MemoryCore, M2WritesAndResponses) {
    MemoryConfig config;
    config.write_latency = 3;
    config.write_wait = 1;
    Direct direct(config);
    direct.write(0, count_up(24), 10);  // Beats at 11, 13, 15; response 15 + 2.
    direct.write(64, count_up(8), 10);  // Beat at 17; response 19.
    direct.write(64, count_up(8), 30);  // Beat at 31; response 33.
    EXPECT_EQ(direct.outcomes[0].response, 17U);
    EXPECT_EQ(direct.outcomes[1].response, 19U);
    EXPECT_EQ(direct.outcomes[2].response, 33U);
}

TEST(MemoryCore, M2LatencyOneAnswersWithTheLastBeat) {
    Direct direct(MemoryConfig{});
    direct.write(0, count_up(32), 0);
    EXPECT_EQ(direct.outcomes[0].response, 4U);
    direct.write(0, count_up(8), 1);
    EXPECT_EQ(direct.outcomes[1].response, 5U) << "beat at 5, one response a cycle";
}

TEST(MemoryCore, WritesBecomeVisibleBeatByBeat) {
    MemoryConfig config;
    config.write_wait = 2;
    Direct direct(config);
    direct.write(5, count_up(14), 10);  // Beats at 11 (bytes 5..7), 14 (8..15), 17 (16..18).
    EXPECT_EQ(direct.peek(5, 11), 0);
    EXPECT_EQ(direct.peek(5, 12), 1);
    EXPECT_EQ(direct.peek(7, 12), 3);
    EXPECT_EQ(direct.peek(8, 14), 0);
    EXPECT_EQ(direct.peek(8, 15), 4);
    EXPECT_EQ(direct.peek(15, 15), 11);
    EXPECT_EQ(direct.peek(16, 17), 0);
    EXPECT_EQ(direct.peek(16, 18), 12);
    EXPECT_EQ(direct.peek(18, 18), 14);
    EXPECT_EQ(direct.peek(19, 18), 0);
    EXPECT_EQ(direct.peek(5, 11), 0) << "looking changes nothing";
    direct.memory.settle(Cycles{15});
    EXPECT_EQ(direct.peek(15, 15), 11);
    EXPECT_EQ(direct.peek(16, 15), 0);
    EXPECT_EQ(direct.peek(16, 18), 12);
}

TEST(MemoryCore, AReadHoldsTheBeatsWrittenBeforeItsEdge) {
    for (std::uint64_t request = 8; request < 16; ++request) {
        MemoryConfig config;
        config.read_latency = 2;
        Direct direct(config);
        direct.write(0, count_up(32), 10);  // Beats at 11, 12, 13, 14.
        direct.read(0, 32, request);
        direct.run();
        const std::uint64_t sampled = request + 2;
        for (std::uint64_t beat = 0; beat < 4; ++beat) {
            EXPECT_EQ((*direct.data[1])[beat * 8], 11 + beat < sampled ? 1 + beat * 8 : 0)
                << "sampled at " << sampled << ", beat " << beat;
        }
    }
}

TEST(MemoryCore, APokeComesBeforeTheBeatsOfItsEdge) {
    Direct direct(MemoryConfig{});
    direct.write(0, count_up(16), 10);  // Beats at 11 and 12.
    const std::vector<std::uint8_t> poked(16, 0x99);
    EXPECT_TRUE(direct.memory.poke(0, poked.data(), 16, Cycles{12}));
    EXPECT_EQ(direct.peek(0, 12), 0x99) << "beat 0 was written before, the poke lies over it";
    EXPECT_EQ(direct.peek(8, 12), 0x99);
    EXPECT_EQ(direct.peek(0, 13), 0x99);
    EXPECT_EQ(direct.peek(8, 13), 9) << "beat 1 came after the poke";
}

TEST(MemoryCore, TheDataOfAWriteIsTakenWhenItIsRequested) {
    Direct direct(MemoryConfig{});
    direct.write(0, count_up(8), 10);
    (*direct.data[0])[0] = 0x77;
    EXPECT_EQ(direct.peek(0, 100), 1);
}

TEST(MemoryCore, ByteEnables) {
    Direct direct(MemoryConfig{});
    const std::vector<std::uint8_t> enables{0xFF, 0, 1, 0, 0, 0, 0, 0, 0, 0x80};
    direct.write(6, count_up(10), 10, 0, enables.data());
    EXPECT_EQ(direct.peek(6, 50), 1);
    EXPECT_EQ(direct.peek(7, 50), 0);
    EXPECT_EQ(direct.peek(8, 50), 3);
    EXPECT_EQ(direct.peek(14, 50), 0);
    EXPECT_EQ(direct.peek(15, 50), 10);
    direct.memory.settle(Cycles{50});
    EXPECT_EQ(direct.peek(7, 50), 0);
    EXPECT_EQ(direct.peek(8, 50), 3);

    direct.request(Access::Read, 6, std::vector<std::uint8_t>(10, 0xEE), 60, 0, enables.data());
    direct.run();
    EXPECT_EQ(*direct.data[1], (std::vector<std::uint8_t>{1, 0xEE, 3, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 10}));
}

TEST(MemoryCore, M3FixedBurstsFailUnlessSupported) {
    Direct refusing(MemoryConfig{});
    refusing.write(0, count_up(16), 10, 4);
    EXPECT_EQ(refusing.outcomes[0].status, Response::BurstError);
    EXPECT_EQ(refusing.outcomes[0].response, 14U) << "four beats";
    EXPECT_EQ(refusing.peek(0, 100), 0);

    MemoryConfig config;
    config.fixed_bursts = true;
    Direct direct(config);
    direct.write(4, count_up(12), 10, 4);  // Beats at 11, 12, 13, each to bytes 4..7.
    EXPECT_EQ(direct.peek(4, 11), 0);
    EXPECT_EQ(direct.peek(4, 12), 1);
    EXPECT_EQ(direct.peek(4, 13), 5);
    EXPECT_EQ(direct.peek(4, 14), 9);
    EXPECT_EQ(direct.peek(8, 100), 0);
    direct.read(4, 8, 20, 4);
    direct.run();
    EXPECT_EQ(*direct.data[1], (std::vector<std::uint8_t>{9, 10, 11, 12, 9, 10, 11, 12}));
    EXPECT_EQ(direct.memory.storage().pages(), 1U);
}

TEST(MemoryCore, FixedElementsWiderThanTheBus) {
    MemoryConfig config;
    config.fixed_bursts = true;
    Direct direct(config);
    direct.write(4, count_up(24), 10, 12);  // Elements of 12 bytes from 4: beats 4..7, 8..15, twice.
    EXPECT_EQ(direct.outcomes[0].response, 14U);
    EXPECT_EQ(direct.peek(15, 12), 0);
    EXPECT_EQ(direct.peek(15, 13), 12);
    EXPECT_EQ(direct.peek(4, 13), 1);
    EXPECT_EQ(direct.peek(4, 14), 13);
    EXPECT_EQ(direct.peek(15, 14), 12);
    EXPECT_EQ(direct.peek(15, 15), 24);
}

TEST(MemoryCore, M3ErrorRangesFromBothSides) {
    MemoryConfig config;
    config.errors = {{0x100, 0x10, true, false, Response::CommandError},
                     {0x100, 0x20, true, true, Response::GenericError}};
    Direct direct(config);
    direct.read(0xF8, 8, 10);
    direct.read(0xF8, 9, 20);
    direct.read(0x10F, 1, 30);
    direct.read(0x110, 1, 40);
    direct.read(0x120, 1, 50);
    direct.read(0x0, 0x1000, 600);
    direct.run();
    EXPECT_EQ(direct.outcomes[0].status, Response::Ok);
    EXPECT_EQ(direct.outcomes[1].status, Response::CommandError) << "the first range counts";
    EXPECT_EQ(direct.outcomes[1].response, 21U) << "an error takes the same time";
    EXPECT_EQ(direct.outcomes[2].status, Response::CommandError);
    EXPECT_EQ(direct.outcomes[3].status, Response::GenericError);
    EXPECT_EQ(direct.outcomes[4].status, Response::Ok);
    EXPECT_EQ(direct.outcomes[5].status, Response::CommandError);

    const auto tag = direct.write(0xF0, count_up(32), 2000);
    EXPECT_EQ(direct.outcomes[tag].status, Response::GenericError);
    EXPECT_EQ(direct.outcomes[tag].response, 2004U);
    EXPECT_EQ(direct.peek(0xF0, 3000), 0) << "a write that fails changes nothing, not even outside of the range";
    const std::uint8_t value = 5;
    EXPECT_TRUE(direct.memory.poke(0x100, &value, 1, Cycles{3000})) << "debug accesses disregard error ranges";
    EXPECT_EQ(direct.peek(0x100, 3000), 5);
}

TEST(MemoryCore, M3TheEndOfTheMemory) {
    MemoryConfig config;
    config.size = 0x1004;
    Direct direct(config);
    direct.write(0x1000, count_up(4), 10);
    direct.write(0x1000, count_up(5), 20);
    direct.write(~std::uint64_t{0}, count_up(2), 30);
    EXPECT_EQ(direct.outcomes[0].status, Response::Ok);
    EXPECT_EQ(direct.outcomes[1].status, Response::AddressError);
    EXPECT_EQ(direct.outcomes[2].status, Response::AddressError);
    EXPECT_EQ(direct.peek(0x1000, 100), 1);
    std::uint8_t byte = 0;
    EXPECT_FALSE(direct.memory.peek(0x1004, &byte, 1, Cycles{0}));
    EXPECT_FALSE(direct.memory.poke(0x1003, "xx", 2, Cycles{0}));
    EXPECT_TRUE(direct.memory.peek(0x1004, &byte, 0, Cycles{0}));
}

TEST(MemoryCore, TheWhole64BitSpace) {
    MemoryConfig config;
    config.size = 0;
    Direct direct(config);
    const std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    direct.write(last - 3, count_up(4), 10);
    direct.write(last, count_up(2), 20);
    EXPECT_EQ(direct.outcomes[0].status, Response::Ok);
    EXPECT_EQ(direct.outcomes[1].status, Response::AddressError);
    EXPECT_EQ(direct.peek(last, 100), 4);
}

TEST(MemoryCore, StampsThatGoBackCountAsTheOneBefore) {
    Direct direct(MemoryConfig{});
    direct.read(0, 8, 20);
    direct.read(0, 8, 10);
    direct.run();
    EXPECT_EQ(direct.outcomes[1].accepted, 20U);
    EXPECT_EQ(direct.outcomes[1].response, 22U);
}

TEST(MemoryCore, BlockingAccessHasTheStampsOfAnIdleMemory) {
    const std::uint64_t seed = 77;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 300; ++round) {
        MemoryConfig config;
        config.data_width_bits = 32U << (random() % 6);
        config.read_latency = static_cast<std::uint32_t>(1 + random() % 5);
        config.write_latency = static_cast<std::uint32_t>(1 + random() % 5);
        config.read_wait = static_cast<std::uint32_t>(random() % 3);
        config.write_wait = static_cast<std::uint32_t>(random() % 3);
        Direct direct(config);
        const auto address = random() % 5000;
        auto bytes = count_up(1 + random() % 6000, static_cast<unsigned>(round));
        const bool write = random() % 2 == 0;
        const auto tag = direct.request(write ? Access::Write : Access::Read, address, bytes, 100);
        direct.run();
        MemoryCore blocking(config);
        Burst burst;
        burst.access = write ? Access::Write : Access::Read;
        burst.address = address;
        burst.bytes = static_cast<std::uint32_t>(bytes.size());
        burst.data = bytes.data();
        const auto result = blocking.access(burst, Cycles{100});
        const Outcome& outcome = direct.outcomes[tag];
        EXPECT_EQ(result.first.count(), outcome.response);
        const std::uint64_t tail =
            write ? 0 : (bus_beats(burst, config.bus_bytes()) - 1) * std::uint64_t{outcome.interval};
        EXPECT_EQ(result.last.count(), outcome.response + tail);
        direct.memory.settle(Cycles{1000000});
        EXPECT_EQ(blocking.storage().hash(), direct.memory.storage().hash());
    }
}

TEST(MemoryCore, RandomWritesAgainstAListOfBeats) {
    const std::uint64_t seed = 424242;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    MemoryConfig config;
    config.write_wait = 1;
    config.read_latency = 3;
    config.size = 4096;
    Direct direct(config);
    // Every byte written, with its edge, in order.
    struct Written {
        std::uint64_t edge;
        std::uint64_t address;
        std::uint8_t value;
    };
    std::vector<Written> log;
    std::uint64_t now = 0;
    std::uint64_t next_write = 0;
    for (int step = 0; step < 1200; ++step) {
        now += random() % 6;
        direct.memory.advance_to(Cycles{now});
        const std::uint64_t address = random() % 200;
        const std::size_t bytes = 1 + random() % 60;
        if (random() % 3 == 0) {
            auto data = count_up(bytes, static_cast<unsigned>(random()));
            const std::uint64_t first = std::max(now + 1, next_write);
            for (std::size_t i = 0; i < bytes; ++i) {
                const std::uint64_t beat = (address % 8 + i) / 8;
                log.push_back({first + 2 * beat, address + i, data[i]});
                next_write = first + 2 * beat + 2;
            }
            direct.write(address, std::move(data), now);
        } else {
            const std::uint64_t at = now + random() % 4;
            std::vector<std::uint8_t> got(bytes, 0xEE);
            ASSERT_TRUE(direct.memory.peek(address, got.data(), bytes, Cycles{at}));
            std::vector<std::uint8_t> want(bytes, 0);
            for (const Written& entry : log) {
                if (entry.edge < at && entry.address - address < bytes) {
                    want[entry.address - address] = entry.value;
                }
            }
            ASSERT_EQ(got, want) << "step " << step;
        }
    }
}

}  // namespace
}  // namespace dmasim
