// SPDX-License-Identifier: Apache-2.0
//
// Beat-accurate parts where the tables do not reach: closed forms, back-pressure, random transfers, errors.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/model/profile/profile.h"

#include "support/core/beat_loop.h"

namespace dmasim::test {
namespace {

LoopConfig config_of(const std::string& profile, const std::string& memory, std::uint32_t bus_bytes,
                     std::uint32_t burst = 16) {
    LoopConfig config;
    config.pipeline = timing_profile(profile).pipeline;
    if (profile == "axi_cdma") {
        config.pipeline.max_burst_beats = burst;
    }
    config.memory = memory_of_table(memory);
    config.bus_bytes = bus_bytes;
    return config;
}

BeatMemoryTiming ideal(std::uint32_t read, std::uint32_t write) {
    BeatMemoryTiming timing;
    timing.read_latency = read;
    timing.write_latency = write;
    return timing;
}

void fill(LoopStorage& storage, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < storage.bytes.size(); i += 8) {
        const std::uint64_t bits = random();
        std::memcpy(storage.bytes.data() + i, &bits, sizeof bits);
    }
}

std::int64_t status_of(BeatLoop& loop) {
    EXPECT_TRUE(loop.run());
    return loop.seen[0].statuses.back().at - loop.seen[0].accepted.front().at;
}

TEST(BeatClosedForm, AxiCdmaAligned) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 300; ++i) {
        LoopConfig config = config_of("axi_cdma", "ideal_L1", 4U << random() % 4, 1U << random() % 6);
        const std::uint64_t beats_of_burst =
            std::min<std::uint64_t>(config.pipeline.max_burst_beats, 4096 / config.bus_bytes);
        const std::uint64_t bytes = 1 + random() % 8192;
        const std::uint64_t beats = (bytes + config.bus_bytes - 1) / config.bus_bytes;
        const std::uint64_t bursts = (beats + beats_of_burst - 1) / beats_of_burst;
        const std::uint64_t last = beats - (bursts - 1) * beats_of_burst;
        const std::uint64_t most = bursts <= 2 ? 40 : beats_of_burst - 1;
        if (most == 0) {
            continue;
        }
        const std::uint64_t read = 1 + random() % most;
        const std::uint64_t write = 1 + random() % 40;
        SCOPED_TRACE("seed 1, case " + std::to_string(i));
        config.memory = ideal(static_cast<std::uint32_t>(read), static_cast<std::uint32_t>(write));
        BeatLoop loop(config);
        loop.add(0, {0, 0x80000, bytes, 0});
        const auto expected = static_cast<std::int64_t>(read + write + 5 + (bursts - 1) * (beats_of_burst + 1) + last);
        ASSERT_EQ(status_of(loop), expected);
        EXPECT_EQ(loop.seen[0].ar.valid, 3);
        EXPECT_EQ(loop.seen[0].aw.valid, 3);
        EXPECT_EQ(loop.seen[0].r.first, static_cast<std::int64_t>(3 + read));
        EXPECT_EQ(loop.seen[0].w.first, static_cast<std::int64_t>(5 + read));
        if (beats_of_burst < 16 || beats % beats_of_burst == 1) {
            continue;  // The memory's own pace shows.
        }
        config.memory = memory_of_table("ram");
        BeatLoop ram(config);
        ram.add(0, {0, 0x80000, bytes, 0});
        ASSERT_EQ(status_of(ram), static_cast<std::int64_t>(beats + bursts + 7));
    }
}

TEST(BeatClosedForm, AxiCdmaDescriptorsOfOneBurst) {
    for (std::uint64_t beats = 1; beats <= 16; ++beats) {
        for (const std::uint64_t read : {1U, 2U, 8U, 15U, 32U, 100U}) {
            LoopConfig config = config_of("axi_cdma", "ideal_L1", 4);
            config.memory = ideal(static_cast<std::uint32_t>(read), 1);
            BeatLoop loop(config);
            for (std::uint64_t i = 0; i < 40; ++i) {
                loop.add(0, {i * beats * 4, 0x80000 + i * beats * 4, beats * 4, 0});
            }
            ASSERT_TRUE(loop.run());
            const std::vector<BeatLoop::Done>& statuses = loop.seen[0].statuses;
            // Over an even number, since two of them alternate where the latency decides.
            const std::int64_t of_twenty = statuses[39].at - statuses[19].at;
            const auto twice =
                static_cast<std::int64_t>(std::max({std::uint64_t{8}, 2 * (beats + 1), read + beats + 5}));
            EXPECT_EQ(of_twenty, 10 * twice) << beats << " beats, read latency " << read;
        }
    }
}

TEST(BeatClosedForm, IdmaAligned) {
    std::mt19937_64 random(2);
    for (int i = 0; i < 300; ++i) {
        LoopConfig config = config_of("idma", "ideal_L1", 4U << random() % 4);
        const std::uint64_t bytes = 1 + random() % 4096;
        const std::uint64_t beats = (bytes + config.bus_bytes - 1) / config.bus_bytes;
        const std::uint64_t read = 1 + random() % 100;
        const std::uint64_t write = 1 + random() % 100;
        config.memory = ideal(static_cast<std::uint32_t>(read), static_cast<std::uint32_t>(write));
        BeatLoop loop(config);
        loop.add(0, {0, 0x80000, bytes, 0});
        ASSERT_EQ(status_of(loop), static_cast<std::int64_t>(read + write + beats + 1)) << "seed 2, case " << i;
    }
}

// The original loses the first beat of the next transfer here, because its RREADY stays high in a flush cycle.
TEST(BeatCorner, NoBeatIsSwallowedInAFlush) {
    for (const char* const memory : {"ideal_L1", "ideal_L2", "ram"}) {
        for (std::uint64_t count = 2; count <= 24; ++count) {
            BeatLoop loop(config_of("axi_cdma", memory, 4));
            fill(*loop.storage[0], count);
            for (std::uint64_t i = 0; i < count; ++i) {
                loop.add(0, {i * 16, 0x80001 + i * 16, 16, 0});
            }
            ASSERT_TRUE(loop.run(10'000)) << memory << ", " << count << " descriptors";
            EXPECT_EQ(loop.seen[0].statuses.size(), count);
            for (std::uint64_t i = 0; i < count * 16; ++i) {
                ASSERT_EQ(loop.storage[0]->at(0x80001 + i), loop.storage[0]->at(i)) << memory << ", byte " << i;
            }
        }
    }
}

// The original's addresses rise together and one shared interconnect serves the write first, for ever.
TEST(BeatCorner, NoFabricDeadlocks) {
    for (const char* const fabric : {"axi_crossbar", "split_interconnect"}) {
        for (const std::uint64_t bytes : {1U, 4U, 64U, 1024U, 65536U}) {
            LoopConfig config = config_of("axi_cdma", "ram", 4);
            config.fabric = fabric;
            config.masters = 4;
            BeatLoop loop(config);
            fill(*loop.storage[0], bytes);
            for (std::uint32_t m = 0; m < 4; ++m) {
                loop.add(m, {m * 0x20000U + 1, 0x80000U + m * 0x20000U, bytes, 0});
            }
            ASSERT_TRUE(loop.run()) << fabric << ", " << bytes << " bytes";
            for (std::uint32_t m = 0; m < 4; ++m) {
                for (std::uint64_t i = 0; i < bytes; ++i) {
                    ASSERT_EQ(loop.storage[0]->at(0x80000 + m * 0x20000 + i), loop.storage[0]->at(m * 0x20000 + 1 + i))
                        << fabric << ", master " << m << ", byte " << i;
                }
            }
        }
    }
}

struct Random {
    explicit Random(std::uint64_t seed) : engine(seed) {}
    std::uint64_t below(std::uint64_t limit) { return engine() % limit; }
    std::mt19937_64 engine;
};

LoopConfig random_config(Random& random) {
    LoopConfig config;
    config.pipeline = timing_profile(random.below(2) == 0 ? "axi_cdma" : "idma").pipeline;
    config.bus_bytes = 1U << random.below(8);
    PipelineTiming& timing = config.pipeline;
    const auto small = [&](std::uint64_t low, std::uint64_t high) {
        return static_cast<std::uint32_t>(low + random.below(high - low + 1));
    };
    if (timing.kind == PipelineKind::Sequenced) {
        timing.max_burst_beats = 1U << random.below(9);
        if (random.below(2) == 0) {
            // Other numbers than the measured ones must not lose a byte either.
            timing.accept_to_plan = small(1, 4);
            timing.plan_to_request = small(1, 4);
            timing.request_to_valid = small(1, 3);
            timing.plan_to_command = small(1, 4);
            timing.burst_gap = small(1, 4);
            timing.command_to_accept = small(1, 4);
            timing.read_to_write = small(1, 5);
            timing.fifo_threshold = small(1, 20);
            timing.fifo_reaction = small(1, 4);
            timing.response_to_status = small(1, 5);
        }
    } else {
        timing.bursts_in_flight = small(1, 9);
        timing.buffer_beats = small(2, 5);
        timing.split = random.below(2) == 0 ? SplitRule::AlignedBothSides : SplitRule::AlignedEachSide;
        timing.write_address = random.below(2) == 0 ? WriteAddressRule::AtOnce : WriteAddressRule::WithFirstBeat;
        if (random.below(2) == 0) {
            timing.accept_to_plan = small(1, 4);
            timing.request_to_valid = small(0, 3);
            timing.read_to_write = small(1, 4);
            timing.response_gap = small(1, 4);
            timing.response_to_status = small(0, 4);
            timing.pending_extra = small(0, 3);
            timing.max_burst_beats = 1U << random.below(9);
        }
    }
    if (random.below(4) == 0) {
        config.memory.kind = BeatMemoryKind::Registered;
    } else {
        config.memory = ideal(small(1, 40), small(1, 40));
        config.memory.read_wait = small(0, 3);
        config.memory.write_wait = small(0, 3);
        config.memory.max_reads = small(0, 4);
        config.memory.max_writes = small(0, 4);
    }
    if (timing.kind == PipelineKind::Sequenced && random.below(2) == 0) {
        // A burst has to fit into the write FIFO (docs/beat-pipelines.md, "Fabrics").
        timing = timing_profile("axi_cdma").pipeline;
        timing.max_burst_beats = 1U << random.below(5);
        config.fabric = random.below(2) == 0 ? "axi_crossbar" : "split_interconnect";
        config.masters = small(1, config.fabric == "axi_crossbar" ? 4 : 2);
    }
    return config;
}

std::string text_of(const LoopConfig& config) {
    return config.fabric + ", " + std::to_string(config.masters) + " masters, " +
           (config.pipeline.kind == PipelineKind::Sequenced ? "sequenced" : "streaming") + ", " +
           std::to_string(config.bus_bytes) + " bytes a beat, memory " +
           (config.memory.kind == BeatMemoryKind::Registered ? "registered" : "pipelined");
}

struct Ends {
    std::vector<std::int64_t> at;
    std::vector<Response> responses;
    std::vector<std::uint8_t> bytes;
    bool operator==(const Ends& other) const {
        return at == other.at && responses == other.responses && bytes == other.bytes;
    }
};

// All alignments, lengths, widths and numbers: the right bytes and nothing else; the same with every cycle evaluated.
TEST(BeatRandom, MovesTheRightBytes) {
    const std::uint64_t first_seed = 1000;
    std::size_t stuck = 0;
    for (std::uint64_t seed = first_seed; seed < first_seed + 400; ++seed) {
        Random random(seed);
        LoopConfig config = random_config(random);
        SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text_of(config));
        struct Copy {
            std::uint32_t master;
            BeatTransfer transfer;
        };
        std::vector<Copy> copies;
        for (std::uint32_t m = 0; m < config.masters; ++m) {
            std::uint64_t source = m * 0x20000U + random.below(5000);
            std::uint64_t destination = 0x80000U + m * 0x20000U + random.below(5000);
            // Masters that contend with misaligned copies can wait for each other for ever, as the originals can
            // (docs/beat-pipelines.md, "Fabrics").
            const bool aligned = config.masters > 1;
            if (aligned) {
                destination += source % config.bus_bytes - destination % config.bus_bytes;
            }
            for (std::uint64_t i = 1 + random.below(6); i != 0; --i) {
                const std::uint64_t bytes = 1 + random.below(random.below(2) == 0 ? 40 : 6000);
                copies.push_back({m, {source, destination, bytes, 0}});
                const std::uint64_t gap = random.below(40);
                source += bytes + gap;
                destination += bytes + (aligned ? gap : random.below(40));
            }
        }
        Ends ends[2];
        for (const bool every_cycle : {false, true}) {
            config.every_cycle = every_cycle;
            BeatLoop loop(config);
            fill(*loop.storage[0], seed);
            std::vector<std::uint8_t> expected = loop.storage[0]->bytes;
            for (const Copy& copy : copies) {
                loop.add(copy.master, copy.transfer);
                std::copy_n(expected.begin() + static_cast<std::ptrdiff_t>(copy.transfer.source), copy.transfer.bytes,
                            expected.begin() + static_cast<std::ptrdiff_t>(copy.transfer.destination));
            }
            if (!loop.run()) {
                // Only masters that contend can; they are as few as the page says.
                ASSERT_GT(config.masters, 1U);
                ++stuck;
                continue;
            }
            ASSERT_TRUE(loop.storage[0]->bytes == expected);
            Ends& end = ends[every_cycle ? 1 : 0];
            for (const BeatLoop::Master& master : loop.seen) {
                for (const BeatLoop::Done& done : master.statuses) {
                    EXPECT_EQ(done.response, Response::Ok);
                    end.at.push_back(done.at);
                }
            }
        }
        ASSERT_TRUE(ends[0] == ends[1]) << "skipping cycles changes a result";
        ASSERT_EQ(stuck % 2, 0U) << "skipping cycles changes whether it ends";
    }
    EXPECT_LE(stuck / 2, 2U);
}

// A transfer that touches a failing byte reports it, no other does, and nothing hangs.
TEST(BeatRandom, ReportsErrors) {
    std::size_t failed_reads = 0;
    std::size_t failed_writes = 0;
    for (std::uint64_t seed = 5000; seed < 5300; ++seed) {
        Random random(seed);
        const LoopConfig config = random_config(random);
        SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text_of(config));
        BeatLoop loop(config);
        LoopStorage& storage = *loop.storage[0];
        fill(storage, seed);
        const std::vector<std::uint8_t> before = storage.bytes;
        const Access access = random.below(2) == 0 ? Access::Read : Access::Write;
        const Response response = random.below(2) == 0 ? Response::GenericError : Response::AddressError;
        std::vector<BeatTransfer> transfers;
        for (std::uint64_t i = 0; i < 6; ++i) {
            // Pages apart, so that a burst of one cannot reach the bytes of another.
            transfers.push_back({i * 0x3000 + random.below(4096), 0x80000 + i * 0x3000 + random.below(4096),
                                 1 + random.below(4096), 0});
        }
        const std::size_t victim = random.below(6);
        const std::uint64_t begin = access == Access::Read ? transfers[victim].source : transfers[victim].destination;
        const std::uint64_t byte = begin + random.below(transfers[victim].bytes);
        storage.failing.push_back({access, byte, 1, response});
        for (const BeatTransfer& transfer : transfers) {
            loop.add(0, transfer);
        }
        ASSERT_TRUE(loop.run());
        ASSERT_EQ(loop.seen[0].statuses.size(), 6U);
        for (std::size_t i = 0; i < 6; ++i) {
            EXPECT_EQ(loop.seen[0].statuses[i].response, i == victim ? response : Response::Ok) << "transfer " << i;
            for (std::uint64_t k = 0; k < transfers[i].bytes && i != victim; ++k) {
                ASSERT_EQ(storage.at(transfers[i].destination + k), before[transfers[i].source + k]);
            }
        }
        if (access == Access::Write) {
            EXPECT_EQ(storage.at(byte), before[byte]) << "a write that failed has changed its place";
        }
        (access == Access::Read ? failed_reads : failed_writes) += 1;
    }
    EXPECT_GT(failed_reads, 50U);
    EXPECT_GT(failed_writes, 50U);
}

}  // namespace
}  // namespace dmasim::test
