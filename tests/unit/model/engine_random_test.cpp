// SPDX-License-Identifier: Apache-2.0
//
// Sweeps and random runs of the engine: pause, resume and abort at every edge; random jobs with injected errors against a
// memcpy; hostile software. Random tests print their seed; DMASIM_NIGHTLY makes them longer.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/core/engine_bench.h"

namespace dmasim {
namespace {

using native::Descriptor;
using test::EngineBench;
namespace reg = native::reg;
namespace control = native::control;
namespace status = native::status;
namespace interrupt = native::interrupt;

std::uint64_t new_seed() {
    const char* given = std::getenv("DMASIM_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

int rounds(int usual) {
    return std::getenv("DMASIM_NIGHTLY") != nullptr ? usual * 20 : usual;
}

void expect_accounts_add_up(const EngineBench& bench, unsigned channels) {
    for (unsigned channel = 0; channel < channels; ++channel) {
        std::uint64_t sum = 0;
        for (const std::uint64_t part : bench.events.accounts.account(channel, Cycles{bench.now + 5})) {
            sum += part;
        }
        EXPECT_EQ(sum, bench.now + 5);
    }
}

// What software sees, and what reached memory, after an abort stamped `stamp`.
void check_abort(EngineBench& bench, std::uint64_t stamp, std::uint32_t length) {
    bench.run();
    const std::uint32_t state = bench.reg(0, reg::kStatus);
    ASSERT_EQ(state & (status::kBusy | status::kPaused | status::kError), 0U) << stamp;
    ASSERT_NE((state & status::kDone) != 0, (state & status::kAborted) != 0) << "either done or aborted, at " << stamp;
    std::uint64_t written = 0;
    for (const auto& entry : bench.port.of(Access::Write, Purpose::Data)) {
        written += entry.burst.bytes;
    }
    std::uint64_t read = 0;
    for (const auto& entry : bench.port.of(Access::Read, Purpose::Data)) {
        read += entry.burst.bytes;
        ASSERT_LE(entry.at.count(), stamp) << "a read after the abort";
    }
    ASSERT_EQ(read, written) << "what was granted runs out";
    ASSERT_EQ((state & status::kDone) != 0, written == length) << "completion wins, at " << stamp;
    ASSERT_EQ(bench.reg(0, reg::kIntStatus), (state & status::kDone) != 0 ? interrupt::kDone : interrupt::kAborted);
    ASSERT_TRUE(bench.engine.idle());
    ASSERT_EQ(bench.engine.fifo_used(), 0U);
    // The channel can be used again.
    bench.command(0, control::kStart);
    bench.run();
    ASSERT_EQ(bench.reg(0, reg::kStatus), status::kDone);
    expect_accounts_add_up(bench, 1);
}

TEST(EngineSweep, AbortAtEveryEdge) {
    constexpr std::uint32_t kLength = 5 * 128;
    EngineBench whole;
    whole.program(0, 0x1000, 0x8000, kLength);
    whole.run_until(10);
    whole.command(0, control::kStart);
    whole.run();
    for (const std::uint32_t max_reads : {1U, 4U}) {
        for (const bool in_advance : {false, true}) {
            for (std::uint64_t stamp = 10; stamp < whole.now + 40; ++stamp) {
                DmaConfig config;
                config.max_reads = max_reads;
                EngineBench bench(config);
                bench.port.in_advance = in_advance;
                bench.run_until(10);
                bench.program(0, 0x1000, 0x8000, kLength);
                bench.command(0, control::kStart);
                bench.run_until(stamp);
                bench.command(0, control::kAbort);
                if ((bench.reg(0, reg::kStatus) & status::kBusy) == 0 && stamp > 10) {
                    continue;  // over already; an abort of an idle channel is ignored
                }
                check_abort(bench, stamp, kLength);
                if (HasFatalFailure()) {
                    return;
                }
            }
        }
    }
}

TEST(EngineSweep, AbortEndsAtItsEdge) {
    // Nothing granted: ends at s+1. Granted at 12, answered at 52: ends at 53 (and completes, if that was all).
    for (const std::uint64_t stamp : {10ULL, 11ULL, 12ULL, 40ULL, 51ULL}) {
        for (const std::uint32_t length : {128U, 128U * 64}) {
            DmaConfig config;
            config.max_reads = 1;
            config.fifo_beats = 16;
            EngineBench bench(config);
            bench.run_until(10);
            bench.program(0, 0x1000, 0x8000, length);
            bench.command(0, control::kStart);
            bench.run_until(stamp);
            bench.command(0, control::kAbort);
            const std::uint64_t end = stamp < 12 ? stamp + 1 : 53;
            bench.run_until(end);
            EXPECT_EQ(bench.reg(0, reg::kStatus) & ~status::kBusy, 0U) << stamp;
            bench.run_until(end + 1);
            EXPECT_EQ(bench.reg(0, reg::kStatus), stamp >= 12 && length == 128 ? status::kDone : status::kAborted)
                << stamp;
        }
    }
}

TEST(EngineSweep, PauseAndResumeAtEveryEdge) {
    constexpr std::uint32_t kLength = 5 * 128;
    for (std::uint64_t pause = 10; pause < 100; ++pause) {
        for (const std::uint64_t gap : {0ULL, 1ULL, 2ULL, 7ULL, 200ULL}) {
            EngineBench bench;
            bench.run_until(10);
            bench.fill();
            bench.program(0, 0x1003, 0x8005, kLength);
            bench.command(0, control::kStart);
            bench.run_until(pause);
            bench.command(0, control::kPause);
            bench.run_until(pause + gap);
            for (const auto& entry : bench.port.of(Access::Read, Purpose::Data)) {
                ASSERT_LE(entry.at.count(), pause);
            }
            bench.command(0, control::kResume);
            bench.run();
            ASSERT_EQ(bench.reg(0, reg::kStatus), status::kDone);
            ASSERT_EQ(std::memcmp(bench.port.memory.data() + 0x1003, bench.port.memory.data() + 0x8005, kLength), 0);
            expect_accounts_add_up(bench, 1);
        }
    }
}

TEST(EngineSweep, AbortOfAChainAtEveryEdge) {
    for (const std::uint32_t prefetch : {0U, 1U}) {
        for (std::uint64_t stamp = 10; stamp < 320; ++stamp) {
            DmaConfig config;
            config.descriptor_prefetch = prefetch;
            EngineBench bench(config);
            for (std::uint64_t i = 0; i < 4; ++i) {
                Descriptor d;
                d.source = 0x1000 * (i + 1);
                d.destination = 0x8000 + 0x1000 * i;
                d.length = 300;
                d.next = i == 3 ? 0 : 0x140 + 64 * i;
                d.write_back = i != 2;
                bench.place(0x100 + 64 * i, d);
            }
            bench.run_until(10);
            bench.start_chain(0, 0x100);
            bench.run_until(stamp);
            const bool was_busy = stamp == 10 || (bench.reg(0, reg::kStatus) & status::kBusy) != 0;
            bench.command(0, control::kAbort);
            bench.run();
            const std::uint32_t state = bench.reg(0, reg::kStatus);
            ASSERT_TRUE(state == status::kAborted || state == (status::kDone | status::kEndOfChain)) << stamp;
            ASSERT_EQ(bench.reg(0, reg::kIntStatus),
                      state == status::kAborted ? interrupt::kAborted : interrupt::kEndOfChain);
            const std::uint32_t completed = bench.reg(0, reg::kCompleted);
            if (was_busy) {
                ASSERT_TRUE(bench.engine.idle());
            }
            // Descriptors that completed were written back (but the third, which did not ask), the others were not.
            for (std::uint32_t i = 0; i < 4; ++i) {
                ASSERT_EQ(bench.descriptor_at(0x100 + 64 * i).status,
                          i < completed && i != 2 ? native::kDescriptorComplete : 0U)
                    << stamp << " " << i;
            }
            // Every job that was accepted ended.
            ASSERT_EQ(bench.all(EventKind::JobAccepted).size(), bench.all(EventKind::JobCompleted).size());
            expect_accounts_add_up(bench, 4);
            bench.start_chain(0, 0x100);
            bench.run();
            ASSERT_EQ(bench.reg(0, reg::kStatus), status::kDone | status::kEndOfChain);
        }
    }
}

// --- random jobs ----------------------------------------------------------------------------------------------------

DmaConfig random_config(std::mt19937_64& random) {
    DmaConfig config;
    config.channels = 1 + static_cast<std::uint32_t>(random() % 6);
    config.data_width_bits = 32U << (random() % 6);
    const std::uint32_t longest = std::min(256U, 4096U / config.bus_bytes());
    config.max_burst_beats = 1 + static_cast<std::uint32_t>(random() % longest);
    config.fifo_beats = config.max_burst_beats + static_cast<std::uint32_t>(random() % 100);
    config.max_reads = 1 + static_cast<std::uint32_t>(random() % 6);
    config.max_writes = 1 + static_cast<std::uint32_t>(random() % 6);
    config.descriptor_prefetch = static_cast<std::uint32_t>(random() % 2);
    config.timing.start_to_request = 1 + static_cast<std::uint32_t>(random() % 3);
    config.timing.descriptor_decode = 1 + static_cast<std::uint32_t>(random() % 3);
    config.timing.request_interval = 1 + static_cast<std::uint32_t>(random() % 3);
    config.timing.read_to_write = 1 + static_cast<std::uint32_t>(random() % 3);
    config.timing.response_to_status = 1 + static_cast<std::uint32_t>(random() % 3);
    const std::vector<ArbiterKind>& kinds = arbiter_kinds();
    config.arbiter.kind = std::string(kinds[random() % kinds.size()].name);
    return config;
}

void random_port(EngineBench& bench, std::mt19937_64& random) {
    bench.port.read_latency = 1 + random() % 20;
    bench.port.write_latency = 1 + random() % 20;
    bench.port.interval = 1 + static_cast<std::uint32_t>(random() % 3);
    bench.port.accept_delay = random() % 4;
    bench.port.in_advance = random() % 2 != 0;
    bench.answers_first = random() % 2 != 0;
}

// One random job in a region of its channel, so that the outcome does not depend on the order among channels.
struct RandomJob {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint32_t length = 0;
    std::uint32_t rows = 0;
    std::int32_t source_stride = 0;
    std::int32_t destination_stride = 0;
    bool chain = false;
};

constexpr std::uint64_t kRegion = 0x20000;

RandomJob random_job(std::mt19937_64& random, unsigned channel) {
    RandomJob job;
    job.length = 1 + static_cast<std::uint32_t>(random() % (random() % 4 == 0 ? 3000 : 60));
    job.rows = 1 + static_cast<std::uint32_t>(random() % 4);
    job.source_stride = static_cast<std::int32_t>(random() % 4000);
    job.destination_stride = static_cast<std::int32_t>(job.length + random() % 500);
    job.source = channel * kRegion + 0x1000 + random() % 0x2000;
    job.destination = channel * kRegion + 0x10000 + random() % 0x2000;
    if (random() % 2 != 0) {  // downwards
        job.destination += static_cast<std::uint64_t>(job.destination_stride) * (job.rows - 1);
        job.destination_stride = -job.destination_stride;
    }
    job.chain = random() % 2 != 0;
    return job;
}

TEST(EngineRandom, JobsMoveWhatAMemcpyMovesAndErrorsAreReported) {
    const std::uint64_t seed = new_seed();
    SCOPED_TRACE("DMASIM_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < rounds(400); ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        const DmaConfig config = random_config(random);
        EngineBench bench(config);
        random_port(bench, random);
        bench.fill(static_cast<std::uint32_t>(random()));
        const bool errors = random() % 3 == 0;
        // Errors depend on the address alone, so that the expectation can be computed.
        const std::uint64_t salt = random();
        bench.port.judge = [errors, salt](const Burst& burst) {
            const std::uint64_t hash = (burst.address * 0x9E3779B97F4A7C15ULL) ^ salt;
            return errors && burst.purpose == Purpose::Data && (hash >> 40) % 7 == 0 ? Response::GenericError
                                                                                     : Response::Ok;
        };
        std::vector<std::uint8_t> expected = bench.port.memory;
        std::vector<RandomJob> jobs;
        for (unsigned channel = 0; channel < config.channels; ++channel) {
            const RandomJob job = random_job(random, channel);
            jobs.push_back(job);
            if (job.chain) {
                Descriptor d;
                d.source = job.source;
                d.destination = job.destination;
                d.length = job.length;
                d.rows = job.rows;
                d.source_stride = job.source_stride;
                d.destination_stride = job.destination_stride;
                bench.place(channel * kRegion + 0x100, d);
                expected = bench.port.memory;
                bench.start_chain(channel, channel * kRegion + 0x100, native::config::kErrorContinue);
            } else {
                bench.program(channel, job.source, job.destination, job.length, native::config::kErrorContinue);
                bench.set(channel, reg::kRows, job.rows);
                bench.set(channel, reg::kSrcStride, static_cast<std::uint32_t>(job.source_stride));
                bench.set(channel, reg::kDstStride, static_cast<std::uint32_t>(job.destination_stride));
                bench.command(channel, control::kStart);
            }
            bench.run_until(bench.now + random() % 30);
        }
        expected = bench.port.memory;
        bench.run();
        // The rows that a channel should have moved; with errors, those bytes whose write the port answered Ok.
        std::map<unsigned, std::uint64_t> written;
        std::map<unsigned, std::uint64_t> failed;
        for (const auto& entry : bench.port.log) {
            const Response response = bench.port.judge(entry.burst);
            if (response != Response::Ok) {
                ++failed[entry.burst.channel];
            } else if (entry.burst.access == Access::Write && entry.burst.purpose == Purpose::Data) {
                written[entry.burst.channel] += entry.burst.bytes;
            }
        }
        for (unsigned channel = 0; channel < config.channels; ++channel) {
            const RandomJob& job = jobs[channel];
            const std::uint64_t total = std::uint64_t{job.length} * job.rows;
            const std::uint32_t state = bench.reg(channel, reg::kStatus);
            ASSERT_EQ(state & ~(status::kEndOfChain | status::kError), status::kDone);
            ASSERT_EQ((state & status::kError) != 0, failed[channel] != 0);
            std::uint64_t ended = 0;
            for (const TraceEvent& event : bench.all(EventKind::JobCompleted)) {
                ended += event.channel == channel ? event.bytes : 0;
            }
            ASSERT_EQ(ended, written[channel]);
            if (failed[channel] == 0) {
                ASSERT_EQ(written[channel], total);
                for (std::uint32_t row = 0; row < job.rows; ++row) {
                    const auto from = job.source + static_cast<std::uint64_t>(std::int64_t{job.source_stride} * row);
                    const auto to =
                        job.destination + static_cast<std::uint64_t>(std::int64_t{job.destination_stride} * row);
                    ASSERT_EQ(std::memcmp(bench.port.memory.data() + from, bench.port.memory.data() + to, job.length),
                              0)
                        << "channel " << channel << " row " << row;
                }
            }
        }
        ASSERT_TRUE(bench.engine.idle());
        ASSERT_EQ(bench.engine.fifo_used(), 0U);
        expect_accounts_add_up(bench, config.channels);
    }
}

// The same software on the same memory: with and without a sink, with every edge evaluated or only those that are
// named, with answers before or after the edge, or announced in advance. All must agree to the cycle.
TEST(EngineRandom, HowItIsDrivenDoesNotMatter) {
    const std::uint64_t seed = new_seed();
    SCOPED_TRACE("DMASIM_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < rounds(150); ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        const std::uint64_t inner = random();
        std::vector<std::pair<std::uint64_t, std::uint64_t>> first_log;
        std::vector<test::Outputs::Change> first_changes;
        std::vector<std::uint32_t> first_reads;
        for (int variant = 0; variant < 4; ++variant) {
            std::mt19937_64 r(inner);
            const DmaConfig config = random_config(r);
            EngineBench bench(config, variant != 1);
            random_port(bench, r);
            bench.fill(3);
            bench.answers_first = variant != 2;
            bench.every_edge = variant == 3;
            bench.port.in_advance = variant == 0;
            std::vector<std::uint32_t> reads;
            for (int action = 0; action < 60; ++action) {
                const unsigned channel = static_cast<unsigned>(r() % config.channels);
                const RandomJob job = random_job(r, channel);
                switch (r() % 8) {
                    case 0:
                    case 1:
                        bench.program(channel, job.source, job.destination, job.length,
                                      native::config::HandshakeMode::of(static_cast<std::uint32_t>(r() % 4)) |
                                          (r() % 4 == 0 ? native::config::kCyclic : 0));
                        bench.set(channel, reg::kUnitBytes, 16);
                        bench.command(channel, control::kStart);
                        break;
                    case 2: {
                        Descriptor d;
                        d.source = job.source;
                        d.destination = job.destination;
                        d.length = job.length;
                        d.next = r() % 2 != 0 ? channel * kRegion + 0x140 : 0;
                        d.interrupt = d.write_back = true;
                        bench.place(channel * kRegion + 0x100, d);
                        d.next = r() % 4 == 0 ? 64 : 0;
                        bench.place(channel * kRegion + 0x140, d);
                        bench.start_chain(channel, channel * kRegion + 0x100);
                        break;
                    }
                    case 3:
                        bench.command(channel, 1U << (r() % 5));
                        break;
                    case 4:
                        bench.engine.set_dreq(channel, r() % 2 != 0, Cycles{bench.now});
                        break;
                    case 5:
                        bench.set(channel, reg::kIntEnable, static_cast<std::uint32_t>(r() & 63));
                        bench.set(channel, reg::kIntStatus, static_cast<std::uint32_t>(r() & 63));
                        bench.set(channel, reg::kCoalesceCount, static_cast<std::uint32_t>(r() % 4));
                        bench.set(channel, reg::kCoalesceTimeout, static_cast<std::uint32_t>(r() % 100));
                        break;
                    case 6:
                        if (r() % 8 == 0) {
                            bench.engine.reset(Cycles{bench.now});
                        }
                        break;
                    default:
                        break;
                }
                bench.run_until(bench.now + r() % 60);
                // Read before or after edge `now` is evaluated: the same.
                if (variant == 2) {
                    const std::uint64_t now = bench.now;
                    bench.step(now);
                    bench.now = now;
                }
                for (const native::RegisterSpec& spec : native::kChannelRegisters) {
                    reads.push_back(bench.reg(channel, spec.offset));
                }
                reads.push_back(bench.read(reg::kIntPendingLo));
                if (variant == 2) {
                    ++bench.now;
                } else {
                    bench.run_until(bench.now + 1);
                }
            }
            std::vector<std::pair<std::uint64_t, std::uint64_t>> log;
            for (const auto& entry : bench.port.log) {
                log.emplace_back(entry.at.count(), entry.burst.address * 2 + (entry.burst.access == Access::Read));
            }
            if (variant == 0) {
                first_log = log;
                first_changes = bench.outputs.changes;
                first_reads = reads;
            } else {
                ASSERT_EQ(log, first_log) << "variant " << variant;
                ASSERT_TRUE(bench.outputs.changes == first_changes) << "variant " << variant;
                ASSERT_EQ(reads, first_reads) << "variant " << variant;
            }
            if (variant != 1) {
                expect_accounts_add_up(bench, config.channels);
            }
        }
    }
}

// --- hostile software -----------------------------------------------------------------------------------------------

TEST(EngineHostile, AnyRegisterWritesAnywhere) {
    const std::uint64_t seed = new_seed();
    SCOPED_TRACE("DMASIM_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < rounds(20); ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        const DmaConfig config = random_config(random);
        EngineBench bench(config);
        random_port(bench, random);
        bench.fill(static_cast<std::uint32_t>(random()));
        bench.port.judge = [&bench, &random](const Burst& burst) {
            const bool inside = burst.address < bench.port.memory.size() - 4096;
            return !inside && burst.fixed_bytes == 0 ? Response::AddressError
                   : random() % 50 == 0              ? static_cast<Response>(random() % 6)
                                                     : Response::Ok;
        };
        for (int access = 0; access < 50000; ++access) {
            const unsigned channel = static_cast<unsigned>(random() % config.channels);
            std::uint32_t offset = native::channel_register(channel, static_cast<std::uint32_t>(random() % 32) * 4);
            std::uint32_t value = static_cast<std::uint32_t>(random());
            switch (random() % 8) {
                case 0:
                    value = 1U << (random() % 5);
                    offset = native::channel_register(channel, reg::kControl);
                    break;
                case 1:
                    value &= native::kConfigMask;
                    offset = native::channel_register(channel, reg::kConfig);
                    break;
                case 2:
                    value %= 2000;
                    break;
                case 3:
                    value = 0;
                    break;
                case 4:
                    value = (value % 0x1000) * 64;
                    break;
                default:
                    break;
            }
            if (random() % 50 == 0) {
                offset = static_cast<std::uint32_t>(random());
            }
            if (random() % 3 != 0) {
                bench.engine.write_register(offset, value, Cycles{bench.now}, static_cast<std::uint8_t>(random() | 1));
            } else {
                std::uint32_t got = 0;
                bench.engine.read_register(offset, got, Cycles{bench.now});
            }
            if (random() % 10 == 0) {
                bench.engine.set_dreq(channel, random() % 2 != 0, Cycles{bench.now});
            }
            if (random() % 2000 == 0) {
                bench.engine.reset(Cycles{bench.now});
            }
            if (random() % 4 == 0) {
                bench.run_until(bench.now + 1 + random() % 20);
                ASSERT_LE(bench.engine.fifo_used(), config.fifo_beats);
            }
            if (bench.port.log.size() > 10000) {
                bench.port.log.clear();
                bench.events.list.clear();
            }
        }
        // Whatever happened, an abort of everything ends in a controller that works.
        for (unsigned channel = 0; channel < config.channels; ++channel) {
            bench.engine.set_dreq(channel, true, Cycles{bench.now});
            bench.command(channel, control::kAbort);
        }
        bench.run(1ULL << 40);  // a time-out may be running
        ASSERT_TRUE(bench.engine.idle());
        bench.port.judge = nullptr;
        for (unsigned channel = 0; channel < config.channels; ++channel) {
            bench.set(channel, reg::kRows, 1);
            bench.program(channel, 0x1000, 0x40000 + 0x1000 * channel, 999);
            bench.command(channel, control::kStart);
        }
        bench.run(1ULL << 40);
        for (unsigned channel = 0; channel < config.channels; ++channel) {
            ASSERT_EQ(bench.reg(channel, reg::kStatus), status::kDone);
            ASSERT_EQ(std::memcmp(bench.port.memory.data() + 0x1000,
                                  bench.port.memory.data() + 0x40000 + 0x1000 * channel, 999),
                      0);
        }
        expect_accounts_add_up(bench, config.channels);
    }
}

}  // namespace
}  // namespace dmasim
