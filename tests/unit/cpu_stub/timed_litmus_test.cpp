// SPDX-License-Identifier: Apache-2.0
//
// Public bugs that need time, on the real controller, with the rules of the verifier that name them: buggy and fixed, over a
// sweep of cycles.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/bus/core/island.h"
#include "dmasim/model/engine.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/model/stats/event_fanout.h"
#include "dmasim/model/stats/event_recorder.h"
#include "dmasim/model/verifier/monitor.h"

namespace dmasim {
namespace {

constexpr std::uint16_t kMemorySource = 1;
constexpr std::uint64_t kSource = 0x1000;
constexpr std::uint64_t kBuffer = 0x8000;

struct NoOutputs final : DmaOutputs {
    void interrupt(bool /*level*/, Cycles /*at*/) override {}
};

struct LatePort final : BurstPort {
    void request(const Burst& burst, Cycles at) override { port->request(burst, at); }
    BurstPort* port = nullptr;
};

/// A controller and a memory on a bus, and a driver that is a test.
class Bench {
  public:
    explicit Bench(const VerifierConfig& verifier = {}, const DmaConfig& dma = {}, std::uint32_t read_latency = 40)
        : monitor(verifier), system(bus_config(), {memory_config(read_latency)}), engine(dma, port, outputs, &events) {
        events.add(monitor);
        events.add(recorder);
        monitor.add_memory(kMemorySource, 0, 1 << 20, 8);
        system.memory(0).set_trace(&monitor, kMemorySource);
        port.port = &system.connect(0, engine);
        system.add(engine);
    }

    static BusConfig bus_config() {
        BusConfig bus;
        bus.map = {AddressRange{0, 1 << 20, 0, 0, "memory"}};
        return bus;
    }
    static MemoryConfig memory_config(std::uint32_t read_latency) {
        MemoryConfig memory;
        memory.read_latency = read_latency;
        return memory;
    }

    void write(unsigned channel, std::uint32_t offset, std::uint64_t value) {
        engine.write_register(native::channel_register(channel, offset), static_cast<std::uint32_t>(value), now);
    }
    void start(unsigned channel, std::uint64_t source, std::uint64_t destination, std::uint64_t bytes) {
        write(channel, native::reg::kSrcLo, source);
        write(channel, native::reg::kDstLo, destination);
        write(channel, native::reg::kLength, bytes);
        write(channel, native::reg::kControl, native::control::kStart);
    }
    void wait_until(std::uint64_t cycle) {
        now = std::max(now, Cycles{cycle});
        system.advance_to(now);
    }
    void wait_idle() {
        while (!engine.idle()) {
            wait_until(now.count() + 1);
        }
    }
    /// The end of the run; how often `rule` was found.
    std::size_t count(const char* rule) {
        system.run();
        monitor.finish();
        return static_cast<std::size_t>(std::count_if(monitor.findings().begin(), monitor.findings().end(),
                                                      [&](const Finding& finding) { return finding.rule == rule; }));
    }

    NoOutputs outputs;
    LatePort port;
    EventFanout events;
    EventRecorder recorder;
    VerifierMonitor monitor;
    CoreSystem system;
    DmaEngine engine;
    Cycles now{1};
};

/// The edge at which the first job of channel 0 ended.
std::uint64_t end_of_first_job(const Bench& bench) {
    for (const TraceEvent& event : bench.recorder.events()) {
        if (event.kind == EventKind::JobCompleted) {
            return event.at.count();
        }
    }
    return 0;
}

// AB-01, AB-05.
TEST(TimedLitmus, ABufferTakenBackDuringAnAbortIsNamedAtEveryCycle) {
    std::size_t named = 0;
    for (std::uint64_t cycle = 5; cycle < 400; cycle += 5) {
        for (const bool waits : {false, true}) {
            Bench bench;
            bench.monitor.map(DmaDirection::FromDevice, kBuffer, 2048, bench.now);
            bench.start(0, kSource, kBuffer, 2048);
            bench.wait_until(cycle);
            const bool busy = !bench.engine.idle();
            bench.write(0, native::reg::kControl, native::control::kAbort);
            if (waits) {
                bench.wait_until(cycle + 1);
                bench.wait_idle();
            }
            bench.monitor.completed(kBuffer, 0, bench.now);
            bench.monitor.freed(kBuffer, 2048, bench.now);
            const Cycles taken_back = bench.now;
            const std::size_t found = bench.count("ABORT_IN_FLIGHT");
            // Something of the aborted job came behind it.
            bool late = false;
            for (const TraceEvent& event : bench.recorder.events()) {
                late = late || (event.at > taken_back && event.access == Access::Write &&
                                (event.kind == EventKind::BurstRequested || event.kind == EventKind::BurstResponse));
            }
            EXPECT_EQ(found, late ? 1U : 0U) << "cycle " << cycle << (waits ? ", waits" : "");
            EXPECT_TRUE(!waits || bench.monitor.findings().empty()) << "cycle " << cycle;
            EXPECT_TRUE(busy || found == 0) << "cycle " << cycle;
            named += found;
        }
    }
    EXPECT_GE(named, 8U);
}

// AB-03, OV-03.
TEST(TimedLitmus, AStartIsRefusedAndNamedUntilTheJobHasEnded) {
    Bench first;
    first.start(0, kSource, kBuffer, 256);
    EXPECT_EQ(first.count("BUSY_REPROGRAM"), 0U);
    const std::uint64_t end = end_of_first_job(first);
    ASSERT_GT(end, 20U);
    for (std::uint64_t cycle = end - 12; cycle < end + 12; ++cycle) {
        Bench bench;
        bench.start(0, kSource, kBuffer, 256);
        bench.wait_until(cycle);
        bench.start(0, kSource, kBuffer + 0x1000, 64);
        EXPECT_EQ(bench.count("BUSY_REPROGRAM"), cycle < end ? 1U : 0U) << "start at " << cycle << ", end " << end;
    }
}

/// Longest wait for a grant of channel 1, in cycles, from the accounts; a short job beside a long one.
std::uint64_t contend(const char* arbiter, std::uint64_t limit, std::size_t& found) {
    VerifierConfig verifier;
    verifier.starvation_cycles = limit;
    DmaConfig dma;
    dma.channels = 2;
    dma.arbiter.kind = arbiter;
    Bench bench(verifier, dma, 1);
    bench.start(0, kSource, kBuffer, 8192);
    bench.wait_until(60);
    bench.start(1, kSource, kBuffer + 0x4000, 64);
    found = bench.count("STARVATION");
    std::uint64_t longest = 0;
    std::uint64_t since = 0;
    bool waiting = false;
    for (const TraceEvent& event : bench.recorder.events()) {
        if (event.kind != EventKind::CauseChanged || event.channel != 1) {
            continue;
        }
        const bool now = event.value == static_cast<std::uint32_t>(CycleCause::WaitingForGrant);
        if (waiting && !now) {
            longest = std::max(longest, event.at.count() - since);
        }
        if (!waiting && now) {
            since = event.at.count();
        }
        waiting = now;
    }
    return longest;
}

// ST-01.
TEST(TimedLitmus, AWaitIsNamedFromOneCycleOverTheLimitOn) {
    std::size_t found = 0;
    const std::uint64_t starved = contend("fixed_priority", 0, found);
    EXPECT_EQ(found, 0U) << "not judged";
    ASSERT_GT(starved, 200U);
    contend("fixed_priority", starved, found);
    EXPECT_EQ(found, 0U);
    contend("fixed_priority", starved - 1, found);
    EXPECT_EQ(found, 1U);
    const std::uint64_t fair = contend("round_robin", 100, found);
    EXPECT_LT(fair, 100U);
    EXPECT_EQ(found, 0U);
}

// AW-08.
TEST(TimedLitmus, MemoryBeyondTheReachIsNamedFromTheFirstByteOn) {
    VerifierConfig verifier;
    verifier.device_address_bits = 16;
    for (const std::uint64_t address : {0xF000ULL, 0xFFC0ULL, 0xFFC1ULL, 0x1'0000ULL, 0x4'E000ULL}) {
        Bench bench(verifier);
        bench.monitor.map(DmaDirection::FromDevice, address, 64, bench.now);
        EXPECT_EQ(bench.count("ADDR_REACH"), address + 63 > 0xFFFF ? 1U : 0U) << address;
    }
}

}  // namespace
}  // namespace dmasim
