// SPDX-License-Identifier: Apache-2.0
//
// The rules C1 to C14 of docs/timing.md with numbers, each from both sides.
#include <cstdint>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "support/core/engine_bench.h"

namespace dmasim {
namespace {

using test::EngineBench;
namespace reg = native::reg;
namespace control = native::control;
namespace status = native::status;
namespace interrupt = native::interrupt;
using Stamps = std::vector<std::uint64_t>;

constexpr std::uint32_t kBurst = 128;  // 16 beats of 8 bytes

Stamps requests(const EngineBench& bench, Access access, Purpose purpose = Purpose::Data) {
    Stamps result;
    for (const auto& entry : bench.port.of(access, purpose)) {
        result.push_back(entry.at.count());
    }
    return result;
}

// Runs `length` bytes on channel 0, started with stamp 10.
void run_job(EngineBench& bench, std::uint32_t length, std::uint32_t settings = 0) {
    bench.run_until(10);
    bench.fill();
    bench.program(0, 0x1000, 0x8000, length, settings);
    bench.command(0, control::kStart);
    bench.run();
}

// One burst: started at 10, requested at 10 + start, its data at +4 to +19, written after read_to_write, answered 19 later.
class OneBurst : public testing::TestWithParam<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, bool, bool>> {};

TEST_P(OneBurst, TakesItsStepsToTheCycle) {
    const auto [start, read_to_write, to_status, in_advance, answers_first] = GetParam();
    DmaConfig config;
    config.timing.start_to_request = start;
    config.timing.read_to_write = read_to_write;
    config.timing.response_to_status = to_status;
    EngineBench bench(config);
    bench.port.in_advance = in_advance;
    bench.answers_first = answers_first;
    bench.run_until(10);
    bench.fill();
    bench.program(0, 0x1000, 0x8000, kBurst);
    bench.set(0, reg::kIntEnable, interrupt::kDone);
    bench.command(0, control::kStart);
    EXPECT_EQ(bench.reg(0, reg::kStatus), 0U) << "a start is not visible to accesses of its own stamp";
    bench.run_until(11);
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kBusy);

    const std::uint64_t request = 10 + start;
    const std::uint64_t last = request + 4 + 15;
    const std::uint64_t write = last + read_to_write;
    const std::uint64_t response = write + 1 + 15 + 3;
    const std::uint64_t completion = response + to_status;
    bench.run_until(completion);
    EXPECT_EQ(requests(bench, Access::Read), Stamps{request});
    EXPECT_EQ(requests(bench, Access::Write), Stamps{write});
    // Before and after the completing edge, which sees the same before and after it was evaluated.
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kBusy);
    bench.step(completion);
    bench.now = completion;
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kBusy);
    EXPECT_EQ(bench.reg(0, reg::kIntStatus), 0U);
    EXPECT_EQ(bench.reg(0, reg::kCompleted), 0U);
    bench.now = completion + 1;
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone);
    EXPECT_EQ(bench.reg(0, reg::kIntStatus), interrupt::kDone);
    EXPECT_EQ(bench.reg(0, reg::kCompleted), 1U);
    EXPECT_EQ(bench.outputs.edges('i', true), Stamps{completion + 1});
    EXPECT_EQ(bench.outputs.edges('t', true), Stamps{completion + 1});
    bench.run();
    EXPECT_EQ(bench.outputs.edges('t', false), Stamps{completion + 2});
    EXPECT_TRUE(bench.engine.idle());

    const CycleAccount account = bench.events.accounts.account(0, Cycles{completion + 10});
    const auto of = [&account](CycleCause cause) { return account[static_cast<std::size_t>(cause)]; };
    EXPECT_EQ(of(CycleCause::Setup), (start - 1) + (to_status));
    EXPECT_EQ(of(CycleCause::WaitingForGrant), 1U);
    EXPECT_EQ(of(CycleCause::ReadLatency), 4U);
    EXPECT_EQ(of(CycleCause::MovingData), 16U);
    EXPECT_EQ(of(CycleCause::WriteWait), response - last - 1);
    EXPECT_EQ(of(CycleCause::Idle), 10U + 10U);
    EXPECT_EQ(std::memcmp(bench.port.memory.data() + 0x1000, bench.port.memory.data() + 0x8000, kBurst), 0);
}

INSTANTIATE_TEST_SUITE_P(Parameters, OneBurst,
                         testing::Combine(testing::Values(1, 2, 5), testing::Values(1, 2, 7), testing::Values(1, 3),
                                          testing::Bool(), testing::Bool()));

TEST(EngineTiming, ReadGrantsKeepTheirDistance) {
    for (const std::uint32_t distance : {1U, 2U, 5U}) {
        DmaConfig config;
        config.timing.request_interval = distance;
        EngineBench bench(config);
        run_job(bench, 3 * kBurst);
        EXPECT_EQ(requests(bench, Access::Read), (Stamps{12, 12 + distance, 12 + 2 * distance}));
    }
}

TEST(EngineTiming, AReadWaitsForTheAcceptanceOfTheOneBefore) {
    for (const std::uint64_t delay : {0ULL, 1ULL, 6ULL}) {
        EngineBench bench;
        bench.port.accept_delay = delay;
        run_job(bench, 3 * kBurst);
        // Acceptance at 12 + delay is usable one edge later.
        EXPECT_EQ(requests(bench, Access::Read), (Stamps{12, 12 + delay + 1, 12 + 2 * delay + 2}));
    }
}

TEST(EngineTiming, OneReadInFlightWaitsForTheLastStamp) {
    DmaConfig config;
    config.max_reads = 1;
    EngineBench bench(config);
    run_job(bench, 3 * kBurst);
    // Last stamp 12 + 4 + 15 = 31: free for grants at edges > 31.
    EXPECT_EQ(requests(bench, Access::Read), (Stamps{12, 32, 52}));
}

TEST(EngineTiming, OneWriteInFlightWaitsForTheResponse) {
    DmaConfig config;
    config.max_writes = 1;
    EngineBench bench(config);
    bench.port.write_latency = 40;
    run_job(bench, 2 * kBurst);
    // First write at 31 + 2 = 33, its response at 33 + 16 + 40 = 89.
    EXPECT_EQ(requests(bench, Access::Write), (Stamps{33, 90}));
}

TEST(EngineTiming, WritesKeepTheirDistance) {
    DmaConfig config;
    config.timing.request_interval = 30;
    EngineBench bench(config);
    run_job(bench, 2 * kBurst);
    EXPECT_EQ(requests(bench, Access::Read), (Stamps{12, 42}));
    EXPECT_EQ(requests(bench, Access::Write), (Stamps{33, 63}));
}

TEST(EngineTiming, FifoRoomComesWithTheWriteResponse) {
    for (const std::uint32_t depth : {16U, 31U, 32U}) {
        DmaConfig config;
        config.fifo_beats = depth;
        EngineBench bench(config);
        run_job(bench, 2 * kBurst);
        // The write of the first chunk is requested at 33 and answered at 33 + 16 + 3 = 52.
        const std::uint64_t second = depth < 32 ? 53 : 13;
        EXPECT_EQ(requests(bench, Access::Read), (Stamps{12, second})) << depth;
    }
}

TEST(EngineTiming, FifoRoomOfAFailedReadComesWithItsLastStamp) {
    DmaConfig config;
    config.fifo_beats = 16;
    EngineBench bench(config);
    bench.port.judge = [](const Burst& burst) {
        return burst.address == 0x1000 ? Response::GenericError : Response::Ok;
    };
    run_job(bench, 2 * kBurst, native::config::kErrorContinue);
    EXPECT_EQ(requests(bench, Access::Read), (Stamps{12, 32}));
    EXPECT_EQ(requests(bench, Access::Write), (Stamps{32 + 4 + 15 + 2}));
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone | status::kError);
    EXPECT_EQ(bench.reg(0, reg::kErrorAddrLo), 0x1000U);
}

TEST(EngineTiming, ErrorsAreLatchedOneEdgeAfterTheLastStamp) {
    for (const bool write : {false, true}) {
        EngineBench bench;
        bench.port.judge = [write](const Burst& burst) {
            return (burst.access == Access::Write) == write ? Response::AddressError : Response::Ok;
        };
        bench.run_until(10);
        bench.program(0, 0x1000, 0x8000, kBurst);
        bench.set(0, reg::kIntEnable, interrupt::kAll);
        bench.command(0, control::kStart);
        const std::uint64_t latched = (write ? 52 : 31) + 1;
        bench.run_until(latched);
        EXPECT_EQ(bench.reg(0, reg::kErrorKind), 0U);
        bench.run_until(latched + 1);
        EXPECT_EQ(native::error_kind::Kind::get(bench.reg(0, reg::kErrorKind)),
                  static_cast<std::uint32_t>(write ? TransferError::BusWrite : TransferError::BusRead));
        EXPECT_EQ(native::error_kind::ResponseCode::get(bench.reg(0, reg::kErrorKind)),
                  static_cast<std::uint32_t>(Response::AddressError));
        EXPECT_EQ(bench.reg(0, reg::kErrorAddrLo), write ? 0x8000U : 0x1000U);
        bench.run();
        EXPECT_EQ(bench.reg(0, reg::kStatus), status::kError);
        EXPECT_EQ(bench.reg(0, reg::kResidueLo), kBurst) << "stays readable after the end";
        EXPECT_EQ(bench.outputs.edges('i', true), Stamps{latched + 1});
    }
}

TEST(EngineTiming, ResidueFollowsTheWriteResponses) {
    EngineBench bench;
    bench.run_until(10);
    bench.program(0, 0x1000, 0x8000, 2 * kBurst);
    bench.command(0, control::kStart);
    bench.run_until(11);
    EXPECT_EQ(bench.reg(0, reg::kResidueLo), 2 * kBurst);
    bench.run_until(52);  // the first response has stamp 52
    EXPECT_EQ(bench.reg(0, reg::kResidueLo), 2 * kBurst);
    bench.run_until(53);
    EXPECT_EQ(bench.reg(0, reg::kResidueLo), kBurst);
    bench.run_until(68);
    EXPECT_EQ(bench.reg(0, reg::kResidueLo), kBurst);
    bench.run_until(69);
    EXPECT_EQ(bench.reg(0, reg::kResidueLo), 0U);
}

TEST(EngineTiming, PauseIsALevelFromTheNextEdgeOn) {
    EngineBench bench;
    bench.run_until(10);
    bench.program(0, 0x1000, 0x8000, 8 * kBurst);
    bench.command(0, control::kStart);
    bench.run_until(12);
    bench.command(0, control::kPause);  // stamp 12: the grant at 12 happens, the one at 13 does not
    bench.run_until(100);
    EXPECT_EQ(requests(bench, Access::Read), Stamps{12});
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kBusy | status::kPaused);
    bench.command(0, control::kResume);
    bench.run();
    EXPECT_EQ(requests(bench, Access::Read)[1], 101U);
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone);
}

TEST(EngineTiming, PausedIsShownWhenNothingIsInFlight) {
    EngineBench bench;
    bench.run_until(10);
    bench.program(0, 0x1000, 0x8000, 8 * kBurst);
    bench.command(0, control::kStart);
    bench.run_until(12);
    bench.command(0, control::kPause);
    bench.run_until(52);
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kBusy);
    bench.run_until(53);
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kBusy | status::kPaused);
}

TEST(EngineTiming, BusyStartIsRefusedAndDisturbsNothing) {
    EngineBench bench;
    bench.run_until(10);
    bench.program(0, 0x1000, 0x8000, kBurst);
    bench.command(0, control::kStart);
    bench.run_until(20);
    bench.command(0, control::kStart);
    bench.run_until(21);
    EXPECT_EQ(bench.reg(0, reg::kErrorKind), 0U);
    bench.run_until(22);
    EXPECT_EQ(bench.reg(0, reg::kErrorKind), static_cast<std::uint32_t>(TransferError::BusyStart));
    bench.run();
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone | status::kError);
    EXPECT_EQ(bench.reg(0, reg::kCompleted), 1U);
}

// Busy until the completing edge 53: a start stamped 52 is taken at 53 and refused, one stamped 53 is taken.
TEST(EngineTiming, StartAtTheCompletingEdge) {
    for (const std::uint64_t stamp : {51ULL, 52ULL, 53ULL, 54ULL}) {
        EngineBench bench;
        bench.run_until(10);
        bench.program(0, 0x1000, 0x8000, kBurst);
        bench.command(0, control::kStart);
        bench.run_until(stamp);
        bench.command(0, control::kStart);
        bench.run();
        EXPECT_EQ(bench.reg(0, reg::kCompleted), stamp >= 53 ? 2U : 1U) << stamp;
    }
}

TEST(EngineTiming, CyclicRoundsFollowWithoutAGapUntilTheBitIsCleared) {
    EngineBench bench;
    bench.run_until(10);
    bench.program(0, 0x1000, 0x8000, 2 * kBurst, native::config::kCyclic);
    bench.set(0, reg::kIntEnable, interrupt::kAll);
    bench.command(0, control::kStart);
    bench.run_until(16);
    const Stamps first = requests(bench, Access::Read);
    EXPECT_EQ(first, (Stamps{12, 13, 14, 15}));
    bench.run_until(200);
    EXPECT_GT(bench.reg(0, reg::kCompleted), 3U);
    EXPECT_EQ(bench.reg(0, reg::kIntStatus), interrupt::kPeriod);
    bench.set(0, reg::kConfig, 0);
    bench.run(1000);
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone);
    EXPECT_EQ(bench.reg(0, reg::kIntStatus), interrupt::kPeriod | interrupt::kDone);
    EXPECT_EQ(requests(bench, Access::Read).size() % 2, 0U) << "only whole rounds";
    EXPECT_EQ(bench.reg(0, reg::kCompleted), requests(bench, Access::Read).size() / 2);
}

TEST(EngineTiming, TheCyclicBitCountsAtTheGrantOfTheLastChunk) {
    for (const std::uint64_t stamp : {12ULL, 13ULL}) {  // second and last chunk of the round granted at 13
        EngineBench bench;
        bench.run_until(10);
        bench.program(0, 0x1000, 0x8000, 2 * kBurst, native::config::kCyclic);
        bench.command(0, control::kStart);
        bench.run_until(stamp);
        bench.set(0, reg::kConfig, 0);
        bench.run();
        EXPECT_EQ(bench.reg(0, reg::kCompleted), stamp < 13 ? 1U : 2U);
    }
}

TEST(EngineTiming, RowsAndStrides) {
    EngineBench bench;
    bench.fill();
    bench.program(0, 0x1003, 0x9001, 10);
    bench.set(0, reg::kRows, 3);
    bench.set(0, reg::kSrcStride, 100);
    bench.set(0, reg::kDstStride, static_cast<std::uint32_t>(-50));
    bench.command(0, control::kStart);
    bench.run();
    for (std::uint64_t row = 0; row < 3; ++row) {
        EXPECT_EQ(std::memcmp(bench.port.memory.data() + 0x1003 + 100 * row,
                              bench.port.memory.data() + 0x9001 - 50 * row, 10),
                  0);
    }
    EXPECT_EQ(requests(bench, Access::Read).size(), 3U);
}

// --- handshake ------------------------------------------------------------------------------------------------------

void handshake_job(EngineBench& bench, Handshake mode, std::uint32_t length, std::uint32_t unit) {
    bench.run_until(10);
    bench.program(0, 0x1000, 0x8000, length, native::config::HandshakeMode::of(static_cast<std::uint32_t>(mode)));
    bench.set(0, reg::kUnitBytes, unit);
    bench.command(0, control::kStart);
}

TEST(EngineHandshake, BlockIsEnabledOnce) {
    EngineBench bench;
    handshake_job(bench, Handshake::Block, 2 * kBurst, 0);
    bench.run_until(40);
    EXPECT_TRUE(requests(bench, Access::Read).empty());
    bench.engine.set_dreq(0, true, Cycles{40});
    bench.run_until(41);
    bench.engine.set_dreq(0, false, Cycles{41});
    bench.run();
    EXPECT_EQ(requests(bench, Access::Read), (Stamps{41, 42}));
    const CycleAccount account = bench.events.accounts.account(0, Cycles{bench.now});
    EXPECT_EQ(account[static_cast<std::size_t>(CycleCause::Paced)], 40U - 12U + 1U);
}

TEST(EngineHandshake, ABlockJobIgnoresAnEarlierPulse) {
    EngineBench bench;
    bench.engine.set_dreq(0, true, Cycles{2});
    bench.engine.set_dreq(0, false, Cycles{10});  // low again from edge 11 on, before the job may compete at 12
    handshake_job(bench, Handshake::Block, kBurst, 0);
    bench.run_until(100);
    EXPECT_TRUE(requests(bench, Access::Read).empty());
}

TEST(EngineHandshake, DemandFollowsTheLevel) {
    EngineBench bench;
    handshake_job(bench, Handshake::Demand, 6 * 32, 32);
    bench.run_until(20);
    bench.engine.set_dreq(0, true, Cycles{20});
    bench.run_until(23);
    bench.engine.set_dreq(0, false, Cycles{23});  // high at edges 21, 22, 23
    bench.run_until(60);
    EXPECT_EQ(requests(bench, Access::Read), (Stamps{21, 22, 23}));
    bench.engine.set_dreq(0, true, Cycles{60});
    bench.run();
    EXPECT_EQ(requests(bench, Access::Read), (Stamps{21, 22, 23, 61, 62, 63}));
}

TEST(EngineHandshake, SingleWaitsForItsDackAndTwoEdges) {
    EngineBench bench;
    bench.engine.set_dreq(0, true, Cycles{5});
    handshake_job(bench, Handshake::Single, 3 * 32, 32);
    bench.run();
    // Unit: read 12, data 16 to 19, write 21, response 21 + 4 + 3 = 28, c = 29: DACK rises with 30, falls with 31; next request c + 4.
    EXPECT_EQ(requests(bench, Access::Read), (Stamps{12, 33, 54}));
    EXPECT_EQ(bench.outputs.edges('d', true), (Stamps{30, 51, 72}));
    EXPECT_EQ(bench.outputs.edges('d', false), (Stamps{31, 52, 73}));
    EXPECT_EQ(bench.outputs.edges('t', true), (Stamps{72}));  // completion at 70 + 1
}

TEST(EngineHandshake, APeripheralThatLowersDreqAtDackIsSeen) {
    EngineBench bench;
    bench.engine.set_dreq(0, true, Cycles{5});
    handshake_job(bench, Handshake::Single, 3 * 32, 32);
    bench.engine.set_dreq(0, false, Cycles{31});
    bench.run_until(100);
    EXPECT_EQ(requests(bench, Access::Read), (Stamps{12}));
}

// --- interrupts -----------------------------------------------------------------------------------------------------

TEST(EngineInterrupts, AnEventOfTheEdgeOfAClearStays) {
    for (const std::uint64_t stamp : {52ULL, 53ULL, 54ULL}) {  // completion at 53
        EngineBench bench;
        bench.run_until(10);
        bench.program(0, 0x1000, 0x8000, kBurst);
        bench.set(0, reg::kIntEnable, interrupt::kAll);
        bench.command(0, control::kStart);
        bench.run_until(stamp);
        bench.set(0, reg::kIntStatus, interrupt::kAll);
        bench.run();
        EXPECT_EQ(bench.reg(0, reg::kIntStatus), stamp <= 53 ? interrupt::kDone : 0U) << stamp;
        EXPECT_EQ(bench.outputs.edges('i', true), Stamps{54});
        EXPECT_EQ(bench.outputs.edges('i', false), stamp <= 53 ? Stamps{} : (Stamps{56}));
    }
}

TEST(EngineInterrupts, CoalescingByCount) {
    EngineBench bench;
    bench.set(0, reg::kIntEnable, interrupt::kAll);
    bench.set(0, reg::kCoalesceCount, 3);
    for (int job = 0; job < 2; ++job) {
        bench.program(0, 0x1000, 0x8000, 8);
        bench.command(0, control::kStart);
        bench.run();
    }
    EXPECT_TRUE(bench.outputs.edges('i', true).empty());
    EXPECT_EQ(bench.read(reg::kIntPendingLo), 0U);
    EXPECT_EQ(bench.reg(0, reg::kIntStatus), interrupt::kDone);
    bench.command(0, control::kStart);
    bench.run();
    EXPECT_EQ(bench.outputs.edges('i', true).size(), 1U);
    EXPECT_EQ(bench.read(reg::kIntPendingLo), 1U);
    bench.set(0, reg::kIntStatus, interrupt::kDone);
    bench.run();
    EXPECT_EQ(bench.outputs.edges('i', false).size(), 1U);
    bench.command(0, control::kStart);
    bench.run();
    EXPECT_EQ(bench.outputs.edges('i', true).size(), 1U) << "the count starts anew";
}

TEST(EngineInterrupts, CoalescingByTimeout) {
    EngineBench bench;
    bench.run_until(10);
    bench.set(0, reg::kIntEnable, interrupt::kAll);
    bench.set(0, reg::kCoalesceCount, 3);
    bench.set(0, reg::kCoalesceTimeout, 100);
    bench.program(0, 0x1000, 0x8000, kBurst);
    bench.command(0, control::kStart);
    bench.run();  // completion at 53, raised at 153
    EXPECT_EQ(bench.outputs.edges('i', true), Stamps{154});
}

TEST(EngineInterrupts, ErrorsAreNotHeldBack) {
    EngineBench bench;
    bench.set(0, reg::kIntEnable, interrupt::kAll);
    bench.set(0, reg::kCoalesceCount, 100);
    bench.set(0, reg::kConfig, 0x8000'0000);
    bench.run();
    EXPECT_EQ(bench.outputs.edges('i', true), Stamps{2});
    EXPECT_EQ(bench.reg(0, reg::kConfig), 0U);
    EXPECT_EQ(bench.reg(0, reg::kErrorKind),
              native::error_kind::Kind::of(static_cast<std::uint32_t>(TransferError::BadRegister)) |
                  native::error_kind::Detail::of(static_cast<std::uint32_t>(ErrorDetail::Reserved)));
    EXPECT_EQ(bench.reg(0, reg::kErrorAddrLo), native::channel_register(0, reg::kConfig));
}

// --- reset ----------------------------------------------------------------------------------------------------------

/// Starts a job of four bursts at stamp 10 and resets the engine at `stamp`.
void reset_at(EngineBench& bench, std::uint64_t stamp, bool in_advance) {
    bench.port.in_advance = in_advance;
    bench.run_until(10);
    bench.fill();
    bench.program(0, 0x1000, 0x8000, 4 * kBurst);
    bench.set(0, reg::kIntEnable, interrupt::kAll);
    bench.command(0, control::kStart);
    bench.run_until(stamp);
    // The start is taken at the edge after it.
    EXPECT_EQ(bench.engine.idle(), stamp <= 11) << stamp;
    bench.engine.reset(Cycles{stamp});
}

// Nothing is left that would need another edge, wherever the reset comes.
TEST(EngineReset, ComesToRestAtEveryEdgeOfATransfer) {
    for (std::uint64_t stamp = 11; stamp < 80; ++stamp) {
        for (const bool in_advance : {false, true}) {
            EngineBench bench;
            reset_at(bench, stamp, in_advance);
            bench.run();
            EXPECT_TRUE(bench.engine.idle()) << stamp;
        }
    }
}

TEST(EngineReset, AtEveryEdgeOfATransfer) {
    // (At stamp 10 the reset would come before the writes of the same stamp.)
    for (std::uint64_t stamp = 11; stamp < 80; ++stamp) {
        for (const bool in_advance : {false, true}) {
            EngineBench bench;
            reset_at(bench, stamp, in_advance);
            bench.run_until(stamp + 1);
            for (const native::RegisterSpec& spec : native::kChannelRegisters) {
                ASSERT_EQ(bench.reg(0, spec.offset), spec.reset) << spec.name << " " << stamp;
            }
            // A new job works at once, whatever is still in flight.
            bench.program(0, 0x3000, 0xC000, 4 * kBurst);
            bench.command(0, control::kStart);
            bench.run();
            ASSERT_EQ(bench.reg(0, reg::kStatus), status::kDone) << stamp;
            ASSERT_EQ(bench.reg(0, reg::kCompleted), 1U);
            ASSERT_EQ(std::memcmp(bench.port.memory.data() + 0x3000, bench.port.memory.data() + 0xC000, 4 * kBurst), 0);
            ASSERT_EQ(bench.engine.fifo_used(), 0U);
            ASSERT_TRUE(bench.engine.idle());
            const auto& changes = bench.outputs.changes;
            ASSERT_TRUE(changes.empty() || std::none_of(changes.begin(), changes.end(),
                                                        [](const auto& change) { return change.line == 'd'; }));
            // Whoever counts the bursts in flight comes back to zero: those that run out unseen end as well.
            const std::size_t requested = bench.all(EventKind::BurstRequested).size();
            ASSERT_EQ(bench.all(EventKind::BurstResponse).size(), requested) << stamp;
            ASSERT_EQ(bench.port.log.size(), requested) << stamp;
        }
    }
}

TEST(EngineConfig, ABadConfigurationThrows) {
    DmaConfig config;
    config.channels = 65;
    EXPECT_THROW(EngineBench bench(config), ConfigError);
}

// A hold-up from `at` on, for `cycles` cycles, keeps the channel from edges `at` + 1 to `at` + `cycles`, and nothing else.
TEST(EngineHolds, DelayGrantsAndNothingElseToTheCycle) {
    const auto reads_with = [](std::vector<ChannelHold> holds) {
        DmaConfig config;
        config.holds = std::move(holds);
        EngineBench bench(config);
        run_job(bench, 3 * kBurst);
        EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone);
        EXPECT_EQ(std::memcmp(bench.port.memory.data() + 0x1000, bench.port.memory.data() + 0x8000, 3 * kBurst), 0);
        return requests(bench, Access::Read);
    };
    const Stamps free = reads_with({});
    ASSERT_EQ(free.size(), 3U);
    const std::uint64_t first = free[0];
    // The last edge that is held is one before the grant; the grant is; only the edge behind it is.
    EXPECT_EQ(reads_with({{Cycles{first - 5}, 4, 0}}), free);
    EXPECT_EQ(reads_with({{Cycles{first - 5}, 5, 0}})[0], first + 1);
    EXPECT_EQ(reads_with({{Cycles{first}, 40, 0}})[0], first);
    EXPECT_EQ(reads_with({{Cycles{first}, 40, 0}})[1], first + 41);
    EXPECT_EQ(reads_with({{Cycles{first - 1}, 100, 1}}), free) << "another channel's";
    // One hold-up behind the other, given in the other order.
    EXPECT_EQ(reads_with({{Cycles{first + 9}, 30, 0}, {Cycles{first - 1}, 10, 0}})[0], first + 40);
    // Of a channel that is idle then: over before it starts.
    EXPECT_EQ(reads_with({{Cycles{0}, 5, 0}}), free);
}

TEST(EngineHolds, SoftwareDoesNotSeeThem) {
    DmaConfig config;
    config.holds = {{Cycles{5}, 500, 0}};
    EngineBench bench(config);
    bench.run_until(10);
    bench.fill();
    bench.program(0, 0x1000, 0x8000, kBurst);
    bench.command(0, control::kStart);
    bench.run_until(300);
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kBusy) << "not paused";
    bench.command(0, control::kAbort);
    bench.run_until(310);
    EXPECT_EQ(bench.reg(0, reg::kStatus) & status::kBusy, 0U) << "it can be aborted";
    EXPECT_TRUE(requests(bench, Access::Read).empty());
}

}  // namespace
}  // namespace dmasim
