// SPDX-License-Identifier: Apache-2.0
//
// Every number of docs/cpu.md, against a port whose answers are scripted to the cycle.
#include <functional>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/program.h"
#include "dmasim/model/errors.h"

namespace dmasim {
namespace {

/// A memory that answers with fixed distances, announced at once.
class ScriptedPort final : public BurstPort {
  public:
    void request(const Burst& burst, Cycles at) override {
        log.push_back(Entry{burst, at});
        if (burst.access == Access::Write) {
            for (std::uint32_t n = 0; n < burst.bytes; ++n) {
                if (burst.enables == nullptr || burst.enables[n] != 0) {
                    memory[burst.address + n] = burst.data[n];
                }
            }
        } else {
            for (std::uint32_t n = 0; n < burst.bytes; ++n) {
                const auto found = memory.find(burst.address + n);
                burst.data[n] = found == memory.end() ? std::uint8_t{0xAA} : found->second;
            }
        }
        master->accepted(burst.tag, at + accept_after);
        if (burst.access == Access::Read) {
            master->read_data(burst.tag, at + read_first, read_interval, response);
        } else {
            master->write_response(burst.tag, at + write_after, response);
        }
    }

    struct Entry {
        Burst burst;
        Cycles at;
    };
    std::vector<Entry> log;
    std::map<std::uint64_t, std::uint8_t> memory;
    BurstMaster* master = nullptr;
    std::uint64_t accept_after = 0;
    std::uint64_t read_first = 5;
    std::uint32_t read_interval = 1;
    std::uint64_t write_after = 10;
    Response response = Response::Ok;
};

struct Bench {
    explicit Bench(const CpuConfig& config = {}) : core(config, port, program) { port.master = &core; }

    /// Runs the program from stamp 0 on.
    void run(Cycles start = Cycles{0}) {
        program.start(core, start);
        while (core.next_edge() != kNever) {
            core.evaluate(core.next_edge());
        }
        ASSERT_TRUE(program.done());
    }
    std::uint64_t span(std::size_t step) const {
        return (program.steps()[step].result.at - program.steps()[step].issued).count();
    }

    ScriptedPort port;
    ProgramRunner program;
    CpuCore core;
};

CpuConfig config_with(const std::function<void(CpuConfig&)>& change) {
    CpuConfig config;
    change(config);
    return config;
}

TEST(CpuTiming, HitTakesHitCyclesForEachLine) {
    for (const std::uint32_t hit : {1U, 2U, 7U}) {
        Bench bench(config_with([&](CpuConfig& c) { c.cache.hit_cycles = hit; }));
        bench.program.load(0x1000, 64);
        bench.program.load(0x1040, 64);
        bench.program.load(0x1000, 64);  // One line.
        bench.program.load(0x103F, 2);   // Two lines.
        bench.program.store(0x1010, {1});
        bench.run();
        EXPECT_EQ(bench.span(2), hit);
        EXPECT_EQ(bench.span(3), 2 * hit);
        EXPECT_EQ(bench.span(4), hit);
    }
}

TEST(CpuTiming, MissIsRequestedAtTheNextEdgeAndEndsBehindItsLastBeat) {
    for (const std::uint32_t interval : {1U, 3U}) {
        for (const std::uint32_t hit : {1U, 4U}) {
            Bench bench(config_with([&](CpuConfig& c) { c.cache.hit_cycles = hit; }));
            bench.port.read_interval = interval;
            bench.program.load(0x1008, 4);
            bench.run(Cycles{100});
            ASSERT_EQ(bench.port.log.size(), 1u);
            EXPECT_EQ(bench.port.log[0].at, Cycles{101});
            EXPECT_EQ(bench.port.log[0].burst.address, 0x1000u);
            EXPECT_EQ(bench.port.log[0].burst.bytes, 64u);
            EXPECT_EQ(bench.port.log[0].burst.purpose, Purpose::CacheFill);
            const std::uint64_t last = 101 + 5 + 7 * interval;
            EXPECT_EQ(bench.program.last_stamp(), Cycles{last + hit});
        }
    }
}

TEST(CpuTiming, LineIsNotThereBeforeTheEdgeBehindTheLastBeat) {
    Bench bench;
    bench.program.load(0x1000, 1);
    bench.program.start(bench.core, Cycles{0});
    bench.core.evaluate(Cycles{1});
    // Offered at 1, first beat at 6, last at 13.
    bench.core.evaluate(Cycles{13});
    EXPECT_FALSE(bench.core.line_of(0x1000).valid);
    EXPECT_FALSE(bench.program.done());
    bench.core.evaluate(Cycles{14});
    EXPECT_TRUE(bench.core.line_of(0x1000).valid);
    EXPECT_TRUE(bench.program.done());
    EXPECT_EQ(bench.program.last_stamp(), Cycles{14});
}

TEST(CpuTiming, DirtyVictimAndFillLeaveAtTheSameEdge) {
    Bench bench(config_with([](CpuConfig& c) { c.cache = CacheConfig{}, c.cache.size_bytes = 64, c.cache.ways = 1; }));
    bench.program.store(0x1000, {7});
    bench.program.load(0x2000, 1);
    bench.run();
    ASSERT_EQ(bench.port.log.size(), 3u);
    EXPECT_EQ(bench.port.log[1].at, bench.port.log[2].at);
    EXPECT_EQ(bench.port.log[1].at, bench.program.steps()[1].issued + 1);
    EXPECT_EQ(bench.port.memory[0x1000], 7);
    EXPECT_EQ(bench.port.memory[0x1001], 0xAA);  // The whole line goes out.
}

TEST(CpuTiming, FillWaitsForTheWriteBackOfItsLine) {
    Bench bench(config_with([](CpuConfig& c) {
        c.cache.size_bytes = 64;
        c.cache.ways = 1;
        c.cache.write_back_buffers = 4;
    }));
    bench.port.write_after = 40;
    bench.program.store(0x1000, {7});
    bench.program.load(0x2000, 1);  // Sends line 0x1000 to memory; response 40 after.
    const auto& back = bench.program.load(0x1000, 1);
    bench.run();
    const Cycles response = bench.port.log[1].at + 40;
    EXPECT_EQ(bench.port.log[3].burst.address, 0x1000u);
    EXPECT_EQ(bench.port.log[3].at, response + 1);
    EXPECT_EQ(back.data[0], 7);
}

TEST(CpuTiming, SecondDirtyVictimWaitsForTheBuffer) {
    for (const std::uint32_t buffers : {1U, 2U}) {
        Bench bench(config_with([&](CpuConfig& c) {
            c.cache.size_bytes = 64;
            c.cache.ways = 1;
            c.cache.write_back_buffers = buffers;
        }));
        bench.port.write_after = 50;
        bench.program.store(0x1000, {7});
        bench.program.store(0x2000, {8});
        bench.program.store(0x3000, {9});
        bench.run();
        const Cycles first = bench.port.log[1].at;
        EXPECT_EQ(first, bench.program.steps()[1].issued + 1);
        const Cycles wish = bench.program.steps()[2].issued + 1;
        EXPECT_LT(wish, first + 51);
        EXPECT_EQ(bench.port.log[3].at, buffers == 1 ? first + 51 : wish);
    }
}

TEST(CpuTiming, CleanOfDirtyAndOfCleanLines) {
    for (const std::uint32_t overhead : {1U, 6U}) {
        for (const std::uint32_t each : {1U, 5U}) {
            Bench bench(config_with([&](CpuConfig& c) {
                c.cache.maintenance_cycles = overhead;
                c.cache.maintenance_line_cycles = each;
            }));
            bench.program.store(0x1000, {7});
            bench.program.clean(0x1000, 1);
            bench.program.clean(0x1000, 1);   // Nothing dirty.
            bench.program.clean(0x0FFF, 66);  // Three lines.
            bench.program.clean(0x1000, 0);
            bench.run();
            const Cycles look = bench.program.steps()[1].issued + overhead + each;
            EXPECT_EQ(bench.port.log[1].at, look);
            EXPECT_EQ(bench.program.steps()[1].result.at, look + 11);  // Response 10 after, seen one edge later.
            EXPECT_EQ(bench.span(2), overhead + each);
            EXPECT_EQ(bench.span(3), overhead + 3 * each);
            EXPECT_EQ(bench.span(4), overhead);
        }
    }
}

TEST(CpuTiming, MaintenanceStreamsThroughSeveralBuffers) {
    for (const std::uint32_t buffers : {1U, 2U, 4U}) {
        Bench bench(config_with([&](CpuConfig& c) { c.cache.write_back_buffers = buffers; }));
        for (std::uint64_t line = 0; line < 4; ++line) {
            bench.program.store(0x1000 + 64 * line, {7});
        }
        bench.program.clean(0x1000, 256);
        bench.run();
        const Cycles first = bench.program.steps()[4].issued + 2;
        const std::vector<std::vector<std::uint64_t>> expected = {{0, 11, 22, 33}, {0, 1, 11, 12}, {0, 1, 2, 3}};
        const auto& offers = expected[buffers == 4 ? 2 : buffers - 1];
        for (std::size_t line = 0; line < 4; ++line) {
            EXPECT_EQ(bench.port.log[4 + line].at, first + offers[line]) << buffers << " " << line;
        }
        EXPECT_EQ(bench.program.last_stamp(), first + offers[3] + 11);
    }
}

TEST(CpuTiming, HugeRangeLooksAtEveryLineOfTheCacheOnce) {
    Bench bench(config_with([](CpuConfig& c) { c.cache.size_bytes = 1024; }));
    bench.program.store(0x1000, {7});
    bench.program.store(0x90000, {8});
    bench.program.invalidate(0x1000, 0x7F000);
    bench.program.invalidate(0, ~0ULL);
    bench.program.invalidate(2, ~0ULL - 1);  // Ends exactly at 2^64.
    bench.program.invalidate(3, ~0ULL - 1);  // Past 2^64.
    bench.run();
    EXPECT_EQ(bench.span(2), 1 + 16u);
    EXPECT_EQ(bench.span(3), 1 + 16u);
    EXPECT_EQ(bench.span(4), 1 + 16u);
    EXPECT_EQ(bench.span(5), 1u);
    EXPECT_EQ(bench.program.steps()[4].result.response, Response::Ok);
    EXPECT_EQ(bench.program.steps()[5].result.response, Response::AddressError);
    EXPECT_EQ(bench.core.statistics().dirty_dropped_bytes, 2u);
}

TEST(CpuTiming, UncachedStoreIsPostedUntilTheBufferIsFull) {
    Bench bench(config_with([](CpuConfig& c) { c.store_buffer.entries = 2; }));
    for (std::uint64_t n = 0; n < 4; ++n) {
        bench.program.store(0x100 * n, {1, 2, 3, 4}, MemoryType::Uncached);
    }
    bench.program.dsb();
    bench.run();
    EXPECT_EQ(bench.span(0), 1u);
    EXPECT_EQ(bench.span(1), 1u);
    // Entered at 1 and 2. Offered at 2, answered at 12, gone at 13: the third enters there.
    EXPECT_EQ(bench.port.log[0].at, Cycles{2});
    EXPECT_EQ(bench.program.steps()[2].result.at, Cycles{13});
    EXPECT_EQ(bench.port.log[1].at, Cycles{13});
    EXPECT_EQ(bench.program.steps()[3].result.at, Cycles{24});
    EXPECT_EQ(bench.port.log[2].at, Cycles{24});
    EXPECT_EQ(bench.port.log[3].at, Cycles{35});
    EXPECT_EQ(bench.program.steps()[4].result.at, Cycles{46});
}

TEST(CpuTiming, ResidenceHoldsAnEntryThatNobodyWaitsFor) {
    for (const bool waited : {false, true}) {
        Bench bench(config_with([](CpuConfig& c) { c.store_buffer.residence = 20; }));
        bench.program.store(0x100, {1}, MemoryType::Uncached);
        if (waited) {
            bench.program.compute(5);
            bench.program.dsb();
        }
        bench.run();
        EXPECT_EQ(bench.port.log[0].at, waited ? Cycles{7} : Cycles{21});
    }
}

TEST(CpuTiming, SeveralEntriesInFlightFollowTheAcceptances) {
    Bench bench(config_with([](CpuConfig& c) { c.store_buffer.max_in_flight = 4; }));
    bench.port.accept_after = 3;
    for (std::uint64_t n = 0; n < 3; ++n) {
        bench.program.store(0x100 * n, {1}, MemoryType::Uncached);
    }
    bench.run();
    EXPECT_EQ(bench.port.log[0].at, Cycles{2});
    EXPECT_EQ(bench.port.log[1].at, Cycles{6});
    EXPECT_EQ(bench.port.log[2].at, Cycles{10});
}

TEST(CpuTiming, UncachedLoadIsCutAtWords) {
    Bench bench;
    bench.program.load(0x1004, 12, MemoryType::Uncached);
    bench.run();
    ASSERT_EQ(bench.port.log.size(), 2u);
    EXPECT_EQ(bench.port.log[0].at, Cycles{1});
    EXPECT_EQ(bench.port.log[0].burst.bytes, 4u);
    EXPECT_EQ(bench.port.log[1].burst.address, 0x1008u);
    // One beat at 6, taken at 7; the next is offered at 8, arrives at 13.
    EXPECT_EQ(bench.port.log[1].at, Cycles{8});
    EXPECT_EQ(bench.program.last_stamp(), Cycles{14});
}

TEST(CpuTiming, DeviceStoreEndsWithItsResponse) {
    Bench bench;
    bench.program.store(0x1000, {1, 2, 3, 4}, MemoryType::Device);
    bench.program.load(0x1000, 4, MemoryType::Device);
    bench.run();
    EXPECT_EQ(bench.port.log[0].at, Cycles{1});
    EXPECT_EQ(bench.span(0), 12u);
    EXPECT_EQ(bench.port.log[1].at, Cycles{13});
    EXPECT_EQ(bench.span(1), 7u);
}

TEST(CpuTiming, DeviceStoreOvertakesTheStoreBufferUnlessABarrierStandsBetween) {
    enum class Barrier { None, Dmb, Dsb };
    for (const Barrier barrier : {Barrier::None, Barrier::Dmb, Barrier::Dsb}) {
        for (const bool orders : {false, true}) {
            Bench bench(config_with([&](CpuConfig& c) {
                c.store_buffer.residence = 100;
                c.dmb_orders_device = orders;
            }));
            bench.program.store(0x100, {1}, MemoryType::Uncached);
            if (barrier == Barrier::Dmb) {
                bench.program.dmb();
            } else if (barrier == Barrier::Dsb) {
                bench.program.dsb();
            }
            bench.program.store(0x200, {1}, MemoryType::Device);
            bench.run();
            const bool overtakes = barrier == Barrier::None || (barrier == Barrier::Dmb && !orders);
            EXPECT_EQ(bench.port.log[overtakes ? 0 : 1].burst.address, 0x200u);
            EXPECT_EQ(bench.port.log[overtakes ? 1 : 0].burst.address, 0x100u);
            if (barrier != Barrier::None) {
                // Dmb does not wait; dsb forces the entry at 2, its response is stamped 12.
                EXPECT_EQ(bench.span(1), barrier == Barrier::Dmb ? 1u : 12u);
            }
            if (!overtakes) {
                EXPECT_GT(bench.port.log[1].at, bench.port.log[0].at + 10);
            }
        }
    }
}

TEST(CpuTiming, DsbWaitsForWriteBacksToo) {
    Bench bench;
    bench.program.store(0x1000, {7});
    bench.program.dsb();
    bench.run();
    EXPECT_EQ(bench.span(1), 1u);
    Bench evicting;
    evicting.program.store(0x1000, {7}).then = [&](const ProgramRunner::Step& step) {
        evicting.core.evict(0x1000, step.result.at);
    };
    evicting.program.compute(2);
    evicting.program.dsb();
    evicting.run();
    const Cycles stored = evicting.program.steps()[0].result.at;
    EXPECT_EQ(evicting.port.log[1].at, stored + 1);
    EXPECT_EQ(evicting.program.steps()[2].result.at, stored + 12);
}

TEST(CpuTiming, EvictAndPrefetchAsOperations) {
    Bench bench;
    bench.program.prefetch(0x1010);
    bench.program.prefetch(0x1010);
    bench.program.evict(0x1010);
    bench.program.evict(0x1010);
    bench.program.store(0x1000, {7});
    bench.program.evict(0x1000);
    bench.run();
    EXPECT_EQ(bench.span(0), 14u);
    EXPECT_EQ(bench.span(1), 1u);
    EXPECT_EQ(bench.span(2), 1u);
    EXPECT_EQ(bench.span(3), 1u);
    EXPECT_EQ(bench.span(5), 12u);
    EXPECT_EQ(bench.port.memory[0x1000], 7);
}

TEST(CpuTiming, LoadJoinsAPrefetchUnderWay) {
    Bench bench;
    bench.core.prefetch(0x1000, Cycles{0});
    bench.program.compute(5);
    bench.program.load(0x1000, 1);
    bench.run();
    EXPECT_EQ(bench.port.log.size(), 1u);
    EXPECT_EQ(bench.port.log[0].at, Cycles{1});
    EXPECT_EQ(bench.program.last_stamp(), Cycles{14});
    EXPECT_EQ(bench.core.statistics().prefetches, 1u);
}

TEST(CpuTiming, WriteThroughStoreIsPosted) {
    Bench bench(config_with([](CpuConfig& c) { c.cache.write_policy = WritePolicy::Through; }));
    bench.program.load(0x1000, 16);
    bench.program.store(0x1004, {1, 2, 3, 4, 5, 6, 7, 8});
    const auto& read = bench.program.load(0x1004, 8);
    bench.program.clean(0x1000, 64);
    bench.run();
    EXPECT_EQ(bench.span(1), 2u);  // Two bus words.
    EXPECT_EQ(bench.span(2), 1u);
    EXPECT_EQ(read.data, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_FALSE(bench.core.line_of(0x1000).dirty);
    EXPECT_EQ(bench.port.log.size(), 3u);
    // A clean waits for them.
    EXPECT_EQ(bench.program.last_stamp(), bench.port.log[2].at + 11);
    EXPECT_EQ(bench.port.memory[0x100B], 8);
}

TEST(CpuTiming, StoreThatMissesWithoutAllocationGoesToTheBuffer) {
    Bench bench(config_with([](CpuConfig& c) { c.cache.write_allocate = false; }));
    bench.program.store(0x1000, {1, 2});
    const auto& read = bench.program.load(0x1000, 3);  // The fill waits for it.
    bench.run();
    EXPECT_EQ(bench.span(0), 1u);
    EXPECT_EQ(bench.port.log[0].at, Cycles{2});
    EXPECT_EQ(bench.port.log[1].at, Cycles{13});
    EXPECT_EQ(read.data, (std::vector<std::uint8_t>{1, 2, 0xAA}));
}

TEST(CpuTiming, ComputeAndInterrupts) {
    Bench bench;
    CpuOperation wait;
    wait.kind = CpuOpKind::Compute;
    wait.cycles = 100;
    wait.lines = 1;
    bench.program.compute(0);
    bench.program.compute(7);
    bench.program.add(wait);  // Issued with 8.
    bench.program.wait_interrupt(1);
    bench.program.add(wait);
    bench.core.interrupt(0, true, Cycles{30});
    bench.core.interrupt(0, false, Cycles{32});
    bench.run();
    EXPECT_EQ(bench.span(0), 1u);
    EXPECT_EQ(bench.span(1), 7u);
    EXPECT_EQ(bench.program.steps()[2].result.at, Cycles{31});  // A level stamped 30 is seen at edge 31,
    EXPECT_EQ(bench.program.steps()[2].result.lines, 1u);
    EXPECT_EQ(bench.program.steps()[3].result.at, Cycles{32});  // one stamped 32 not yet at edge 32.
    EXPECT_EQ(bench.span(4), 100u);
    EXPECT_EQ(bench.program.steps()[4].result.lines, 0u);
}

TEST(CpuTiming, CausesAddUp) {
    Bench bench(config_with([](CpuConfig& c) { c.cache.hit_cycles = 2; }));
    bench.program.store(0x1000, {7});
    bench.program.load(0x1000, 1);
    bench.program.load(0x4000, 1, MemoryType::Uncached);
    bench.program.clean(0x1000, 1);
    bench.program.compute(9);
    bench.program.dsb();
    bench.core.interrupt(0, true, Cycles{200});
    bench.program.wait_interrupt(1);
    bench.run(Cycles{3});
    std::uint64_t sum = 0;
    for (const std::uint64_t cycles : bench.core.statistics().cycles) {
        sum += cycles;
    }
    EXPECT_EQ(Cycles{sum}, bench.program.last_stamp());
    const auto of = [&](CpuCause cause) { return bench.core.statistics().cycles[static_cast<std::size_t>(cause)]; };
    EXPECT_EQ(of(CpuCause::Idle), 3u);
    EXPECT_EQ(of(CpuCause::Hit), 4u);
    EXPECT_EQ(of(CpuCause::MissWait), bench.span(0) - 2);
    EXPECT_EQ(of(CpuCause::UncachedWait), bench.span(2));
    EXPECT_EQ(of(CpuCause::Maintenance), bench.span(3));
    EXPECT_EQ(of(CpuCause::Compute), 9u);
    EXPECT_EQ(of(CpuCause::Barrier), 1u);
    EXPECT_EQ(of(CpuCause::InterruptWait), bench.span(6));
}

TEST(CpuErrors, FillErrorEndsTheAccessAndKeepsNothing) {
    Bench bench;
    bench.port.response = Response::AddressError;
    const auto& load = bench.program.load(0x1000, 8);
    bench.program.store(0x1000, {7});
    bench.program.prefetch(0x1000);
    bench.run();
    for (const auto& step : bench.program.steps()) {
        EXPECT_EQ(step.result.response, Response::AddressError);
        EXPECT_EQ(step.result.fault_address, 0x1000u);
    }
    EXPECT_EQ(load.data, std::vector<std::uint8_t>(8, 0));
    EXPECT_FALSE(bench.core.line_of(0x1000).valid);
    EXPECT_EQ(bench.core.statistics().bus_errors, 3u);
}

TEST(CpuErrors, PostedErrorsComeOutAtTheNextDsb) {
    Bench bench;
    bench.program.store(0x1000, {7}, MemoryType::Uncached).then = [&](const auto&) {
        bench.port.response = Response::GenericError;
    };
    bench.program.dsb().then = [&](const auto&) { bench.port.response = Response::Ok; };
    bench.program.dsb();
    bench.program.store(0x1000, {7}).then = [&](const auto&) { bench.port.response = Response::GenericError; };
    bench.program.clean(0x1000, 1);
    bench.program.store(0x5000, {7}, MemoryType::Device);
    bench.run();
    EXPECT_EQ(bench.program.steps()[0].result.response, Response::Ok);
    EXPECT_EQ(bench.program.steps()[1].result.response, Response::GenericError);
    EXPECT_EQ(bench.program.steps()[1].result.fault_address, 0x1000u);
    EXPECT_EQ(bench.program.steps()[2].result.response, Response::Ok);
    EXPECT_EQ(bench.program.steps()[4].result.response, Response::GenericError);
    EXPECT_EQ(bench.program.steps()[5].result.response, Response::GenericError);
}

TEST(CpuErrors, AccessPastTheEndOfTheAddressSpace) {
    Bench bench;
    bench.program.load(~0ULL, 2);
    bench.program.store(~0ULL - 1, {1, 2});
    bench.program.load(~0ULL, 1);
    bench.run();
    EXPECT_EQ(bench.program.steps()[0].result.response, Response::AddressError);
    EXPECT_EQ(bench.span(0), 1u);
    EXPECT_EQ(bench.program.steps()[1].result.response, Response::Ok);
    EXPECT_EQ(bench.program.steps()[2].data[0], 2);
}

TEST(CpuStoreBuffer, ForwardsWhatItHoldsAndWaitsForTheRest) {
    Bench bench(config_with([](CpuConfig& c) { c.store_buffer.hold = true; }));
    bench.program.store(0x100, {1, 2, 3, 4}, MemoryType::Uncached);
    bench.program.store(0x102, {9}, MemoryType::Uncached);
    const auto& covered = bench.program.load(0x100, 4, MemoryType::Uncached);
    const auto& other = bench.program.load(0x200, 4, MemoryType::Uncached);
    bench.program.compute(50);
    bench.run();
    EXPECT_EQ(bench.span(2), 1u);
    EXPECT_EQ(covered.data, (std::vector<std::uint8_t>{1, 2, 9, 4}));
    EXPECT_EQ(other.data, (std::vector<std::uint8_t>{0xAA, 0xAA, 0xAA, 0xAA}));
    EXPECT_EQ(bench.port.log.size(), 1u);  // Nothing has drained.
    EXPECT_EQ(bench.core.buffered_stores(), 2u);
    const auto& partial = bench.program.load(0x100, 8, MemoryType::Uncached);
    bench.program.start(bench.core, bench.program.last_stamp());
    while (bench.core.next_edge() != kNever) {
        bench.core.evaluate(bench.core.next_edge());
    }
    EXPECT_EQ(partial.data, (std::vector<std::uint8_t>{1, 2, 9, 4, 0xAA, 0xAA, 0xAA, 0xAA}));
    EXPECT_EQ(bench.core.buffered_stores(), 0u);
}

TEST(CpuStoreBuffer, DrainsSoManyBytesAndSplitsAnEntry) {
    Bench bench(config_with([](CpuConfig& c) { c.store_buffer.hold = true; }));
    bench.program.store(0x100, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, MemoryType::Uncached);
    bench.program.drain(3);
    bench.program.drain(6);
    bench.program.drain(0);
    bench.run();
    ASSERT_EQ(bench.port.log.size(), 4u);
    const std::vector<std::pair<std::uint64_t, std::uint32_t>> expected = {
        {0x100, 3}, {0x103, 5}, {0x108, 1}, {0x109, 3}};
    for (std::size_t n = 0; n < 4; ++n) {
        EXPECT_EQ(bench.port.log[n].burst.address, expected[n].first);
        EXPECT_EQ(bench.port.log[n].burst.bytes, expected[n].second);
    }
    for (std::uint8_t n = 0; n < 12; ++n) {
        EXPECT_EQ(bench.port.memory[0x100 + n], n + 1);
    }
}

TEST(CpuStoreBuffer, MergesOnlyUpToABarrier) {
    for (const bool barrier : {false, true}) {
        Bench bench(config_with([](CpuConfig& c) {
            c.store_buffer.merge = true;
            c.store_buffer.hold = true;
        }));
        bench.program.store(0x100, {1}, MemoryType::Uncached);
        if (barrier) {
            bench.program.dmb();
        }
        bench.program.store(0x103, {2}, MemoryType::Uncached);
        bench.program.dsb();
        bench.run();
        EXPECT_EQ(bench.port.log.size(), barrier ? 2u : 1u);
        EXPECT_EQ(bench.port.memory[0x100], 1);
        EXPECT_EQ(bench.port.memory[0x103], 2);
        EXPECT_EQ(bench.port.memory.count(0x101), 0u);  // A hole stays a hole.
    }
}

TEST(CpuConfigCheck, ReportsAllProblemsAtOnce) {
    CpuConfig config;
    config.data_width_bits = 48;
    config.interrupts = 65;
    config.cache.size_bytes = 1000;
    config.cache.ways = 3;
    config.cache.replacement = "tree_plru";
    config.cache.hit_cycles = 0;
    config.cache.write_back_buffers = 0;
    config.store_buffer.entries = 0;
    EXPECT_EQ(validate(config).size(), 7u);
    ScriptedPort port;
    ProgramRunner program;
    EXPECT_THROW(CpuCore(config, port, program), ConfigError);
    EXPECT_TRUE(validate(CpuConfig{}).empty());
    config = CpuConfig{};
    config.cache.replacement = "fifo";
    ASSERT_EQ(validate(config).size(), 1u);
    EXPECT_NE(validate(config)[0].find("lru, tree_plru, random"), std::string::npos);
    config.cache = CacheConfig{};
    config.cache.ways = 3;
    config.cache.size_bytes = 3 * 64 * 8;
    EXPECT_TRUE(validate(config).empty());
}

// A store that nobody waits for is not offered at edges `at` + 1 to `at` + `cycles`.
TEST(CpuTiming, AStoreBufferRestsToTheCycle) {
    const auto offered = [](std::vector<StoreHold> holds, bool waited = false, std::uint32_t in_flight = 1) {
        Bench bench(config_with([&](CpuConfig& c) {
            c.store_buffer.holds = std::move(holds);
            c.store_buffer.max_in_flight = in_flight;
        }));
        bench.program.store(0x100, {1}, MemoryType::Uncached);
        bench.program.store(0x200, {1}, MemoryType::Uncached);
        if (waited) {
            bench.program.compute(5);
            bench.program.dsb();
        }
        bench.run();
        return std::vector<std::uint64_t>{bench.port.log[0].at.count(), bench.port.log[1].at.count()};
    };
    using Stamps = std::vector<std::uint64_t>;
    // Offered at 2 and, when the response of 12 is there, at 13.
    EXPECT_EQ(offered({}), (Stamps{2, 13}));
    EXPECT_EQ(offered({{Cycles{0}, 1}}), (Stamps{2, 13}));
    EXPECT_EQ(offered({{Cycles{0}, 2}}), (Stamps{3, 14}));
    EXPECT_EQ(offered({{Cycles{2}, 10}}), (Stamps{2, 13})) << "over when the second could go";
    EXPECT_EQ(offered({{Cycles{2}, 11}}), (Stamps{2, 14})) << "ready before, and blocked by the first until then";
    EXPECT_EQ(offered({{Cycles{12}, 5}}), (Stamps{2, 18}));
    EXPECT_EQ(offered({{Cycles{13}, 5}}), (Stamps{2, 13}));
    EXPECT_EQ(offered({{Cycles{20}, 10}, {Cycles{12}, 9}}), (Stamps{2, 31})) << "one behind the other";
    EXPECT_EQ(offered({{Cycles{0}, 1000}}, true), (Stamps{8, 19})) << "somebody waits for them";
}

TEST(CpuTiming, AnActorDrainsWhatTheStoreBufferHolds) {
    Bench bench(config_with([](CpuConfig& c) { c.store_buffer.hold = true; }));
    bench.program.store(0x100, {1}, MemoryType::Uncached);
    bench.program.compute(50);
    bench.program.store(0x200, {2}, MemoryType::Uncached);
    bench.program.compute(50);
    bench.core.drain_stores(Cycles{30});
    bench.run();
    ASSERT_EQ(bench.port.log.size(), 1U) << "what comes later stays";
    EXPECT_EQ(bench.port.log[0].at, Cycles{31});
    EXPECT_EQ(bench.port.log[0].burst.address, 0x100U);
}

}  // namespace
}  // namespace dmasim
