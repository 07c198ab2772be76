// SPDX-License-Identifier: Apache-2.0
//
// Chains of descriptors: fetch, decode, write-back, prefetch, append, errors (docs/timing.md C6, C11).
#include <cstdint>
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
using Stamps = std::vector<std::uint64_t>;

Stamps stamps(const EngineBench& bench, Access access, Purpose purpose) {
    Stamps result;
    for (const auto& entry : bench.port.of(access, purpose)) {
        result.push_back(entry.at.count());
    }
    return result;
}

Descriptor copy(std::uint64_t source, std::uint64_t destination, std::uint32_t length, std::uint64_t next = 0) {
    Descriptor result;
    result.source = source;
    result.destination = destination;
    result.length = length;
    result.next = next;
    result.interrupt = true;
    result.write_back = true;
    return result;
}

bool same(const EngineBench& bench, std::uint64_t a, std::uint64_t b, std::size_t bytes) {
    return std::memcmp(bench.port.memory.data() + a, bench.port.memory.data() + b, bytes) == 0;
}

TEST(EngineChain, TwoDescriptorsToTheCycle) {
    EngineBench bench;
    bench.fill();
    bench.place(0x100, copy(0x1000, 0x8000, 128, 0x140));
    bench.place(0x140, copy(0x2000, 0x9000, 128));
    bench.run_until(10);
    bench.set(0, reg::kIntEnable, interrupt::kAll);
    bench.start_chain(0, 0x100);
    bench.run();
    // Fetch 12, data 16 to 23, decode 25, read 25, data 29 to 44, write 46, response 46 + 16 + 3 = 65, completion of the
    // chunks 66, write-back 66, response 66 + 1 + 3 = 70, completion of the descriptor 71, next fetch 72.
    EXPECT_EQ(stamps(bench, Access::Read, Purpose::Descriptor), (Stamps{12, 72}));
    EXPECT_EQ(stamps(bench, Access::Read, Purpose::Data), (Stamps{25, 85}));
    EXPECT_EQ(stamps(bench, Access::Write, Purpose::StatusWriteBack), (Stamps{66, 126}));
    EXPECT_EQ(bench.outputs.edges('i', true), Stamps{72});
    EXPECT_EQ(bench.outputs.edges('t', true), (Stamps{67, 127}));
    EXPECT_TRUE(same(bench, 0x1000, 0x8000, 128));
    EXPECT_TRUE(same(bench, 0x2000, 0x9000, 128));
    EXPECT_EQ(bench.descriptor_at(0x140).status, native::kDescriptorComplete);
    EXPECT_EQ(bench.descriptor_at(0x140).transferred, 128U);
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone | status::kEndOfChain);
    EXPECT_EQ(bench.reg(0, reg::kIntStatus), interrupt::kDescriptor | interrupt::kEndOfChain);
    EXPECT_EQ(bench.reg(0, reg::kCompleted), 2U);
    EXPECT_EQ(bench.reg(0, reg::kCurrentDescLo), 0x140U);
}

TEST(EngineChain, PrefetchFetchesAfterTheLastGrant) {
    DmaConfig config;
    config.descriptor_prefetch = 1;
    EngineBench bench(config);
    bench.fill();
    for (std::uint64_t i = 0; i < 3; ++i) {
        bench.place(0x100 + 64 * i, copy(0x1000 * (i + 1), 0x8000 + 0x1000 * i, 128, i == 2 ? 0 : 0x140 + 64 * i));
    }
    bench.run_until(10);
    bench.start_chain(0, 0x100);
    bench.run();
    // First chunk granted at 25: next fetch at 26 (data 45 to 52 behind the chunk's), decode 54, chunk 54. The third fetch
    // waits for the completion of the first descriptor at 71.
    EXPECT_EQ(stamps(bench, Access::Read, Purpose::Descriptor), (Stamps{12, 26, 72}));
    EXPECT_EQ(stamps(bench, Access::Read, Purpose::Data)[1], 54U);
    EXPECT_EQ(bench.reg(0, reg::kCompleted), 3U);
    for (std::uint64_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(same(bench, 0x1000 * (i + 1), 0x8000 + 0x1000 * i, 128));
    }
}

TEST(EngineChain, TheEndBitEndsTheChain) {
    EngineBench bench;
    Descriptor last = copy(0x1000, 0x8000, 64, 0x123457);
    last.end = true;
    bench.place(0x100, last);
    bench.start_chain(0, 0x100);
    bench.run();
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone | status::kEndOfChain);
}

TEST(EngineChain, NarrowBusFetchesInParts) {
    DmaConfig config;
    config.data_width_bits = 32;
    config.max_burst_beats = 1;
    config.fifo_beats = 4;
    EngineBench bench(config);
    bench.fill();
    bench.place(0x100, copy(0x1001, 0x8003, 61));
    bench.start_chain(0, 0x100);
    bench.run();
    EXPECT_EQ(stamps(bench, Access::Read, Purpose::Descriptor).size(), 16U);
    EXPECT_EQ(stamps(bench, Access::Write, Purpose::StatusWriteBack).size(), 2U);
    EXPECT_TRUE(same(bench, 0x1001, 0x8003, 61));
    EXPECT_EQ(bench.descriptor_at(0x100).status, native::kDescriptorComplete);
}

// Whatever the stamp of the append, the second descriptor is carried out, once, and end of chain is reported at the end.
TEST(EngineChain, AnAppendIsNeverLost) {
    for (const std::uint32_t prefetch : {0U, 1U}) {
        for (const bool end_bit : {false, true}) {
            for (std::uint64_t stamp = 10; stamp < 110; ++stamp) {
                DmaConfig config;
                config.descriptor_prefetch = prefetch;
                EngineBench bench(config);
                bench.fill();
                Descriptor first = copy(0x1000, 0x8000, 100);
                first.end = end_bit;
                bench.place(0x100, first);
                bench.place(0x140, copy(0x2000, 0x9000, 100));
                bench.run_until(10);
                bench.start_chain(0, 0x100);
                bench.run_until(stamp);
                // What software does: link, then command.
                bench.port.memory[0x101] = 0;
                bench.port.memory[0x100] = 0x40;
                bench.port.memory[0x101] = 0x01;
                bench.command(0, control::kAppend);
                bench.run();
                ASSERT_TRUE(same(bench, 0x1000, 0x8000, 100)) << stamp;
                ASSERT_TRUE(same(bench, 0x2000, 0x9000, 100)) << stamp << " " << prefetch << " " << end_bit;
                ASSERT_EQ(bench.reg(0, reg::kStatus), status::kDone | status::kEndOfChain) << stamp;
                ASSERT_EQ(bench.reg(0, reg::kCompleted), 2U) << stamp;
                ASSERT_EQ(bench.reg(0, reg::kCurrentDescLo), 0x140U);
            }
        }
    }
}

// Where a fetch takes many bursts, an append between two of them must not be taken for one that the fetch has seen.
TEST(EngineChain, AnAppendBetweenThePartsOfAFetchIsNotLost) {
    for (std::uint64_t stamp = 10; stamp < 110; ++stamp) {
        DmaConfig config;
        config.data_width_bits = 32;
        config.max_burst_beats = 1;
        config.max_reads = 1;
        EngineBench bench(config);
        bench.fill();
        bench.place(0x100, copy(0x1000, 0x8000, 8));
        bench.place(0x140, copy(0x2000, 0x9000, 8));
        bench.run_until(10);
        bench.start_chain(0, 0x100);
        bench.run_until(stamp);
        bench.port.memory[0x100] = 0x40;
        bench.port.memory[0x101] = 0x01;
        bench.command(0, control::kAppend);
        bench.run();
        ASSERT_TRUE(same(bench, 0x2000, 0x9000, 8)) << stamp;
        ASSERT_EQ(bench.reg(0, reg::kCompleted), 2U);
    }
}

// A descriptor that was fetched ahead and of which nothing was granted is dropped by an abort; the job before it, all of
// which was granted, completes and ends the chain (C10).
TEST(EngineChain, AnAbortDropsAPrefetchedDescriptor) {
    DmaConfig config;
    config.descriptor_prefetch = 1;
    EngineBench bench(config);
    bench.port.write_latency = 200;
    bench.fill();
    bench.place(0x100, copy(0x1000, 0x8000, 64, 0x140));
    Descriptor second = copy(0x2000, 0x9000, 64);
    second.handshake = Handshake::Demand;
    bench.place(0x140, second);
    bench.set(0, reg::kUnitBytes, 64);
    bench.start_chain(0, 0x100);
    bench.run_until(100);
    ASSERT_EQ(bench.all(EventKind::JobAccepted).size(), 2U);
    bench.command(0, control::kAbort);
    bench.run();
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone | status::kEndOfChain);
    EXPECT_EQ(bench.reg(0, reg::kCompleted), 1U);
    EXPECT_EQ(bench.descriptor_at(0x100).status, native::kDescriptorComplete);
    EXPECT_EQ(bench.descriptor_at(0x140).status, 0U);
    EXPECT_EQ(bench.all(EventKind::JobCompleted).size(), 2U);
}

// An append that is already known costs a look at the link at most, and the chain ends all the same.
TEST(EngineChain, ARedundantAppendIsHarmless) {
    for (std::uint64_t stamp = 10; stamp < 110; ++stamp) {
        EngineBench bench;
        bench.place(0x100, copy(0x1000, 0x8000, 100));
        bench.run_until(10);
        bench.start_chain(0, 0x100);
        bench.run_until(stamp);
        bench.command(0, control::kAppend);
        bench.run();
        ASSERT_EQ(bench.reg(0, reg::kStatus), status::kDone | status::kEndOfChain) << stamp;
        ASSERT_EQ(bench.reg(0, reg::kCompleted), 1U);
    }
}

TEST(EngineChain, AppendRestartsAnIdleChainToTheCycle) {
    EngineBench bench;
    bench.place(0x100, copy(0x1000, 0x8000, 64));
    bench.place(0x140, copy(0x2000, 0x9000, 64));
    bench.start_chain(0, 0x100);
    bench.run_until(200);
    bench.port.memory[0x100] = 0x40;
    bench.port.memory[0x101] = 0x01;
    bench.command(0, control::kAppend);
    bench.run_until(201);
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kBusy);
    bench.run();
    const Stamps fetches = stamps(bench, Access::Read, Purpose::Descriptor);
    // Link: requested 202, one beat at 206, decided at 208.
    EXPECT_EQ(fetches, (Stamps{2, 202, 208}));
}

TEST(EngineChain, AppendWithoutAChainIsRefused) {
    EngineBench bench;
    bench.command(0, control::kAppend);
    bench.run();
    EXPECT_EQ(native::error_kind::Detail::get(bench.reg(0, reg::kErrorKind)),
              static_cast<std::uint32_t>(ErrorDetail::NothingToAppend));
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kError);
}

struct Broken {
    const char* name;
    std::uint32_t offset;
    std::uint8_t byte;
    ErrorDetail detail;
};

TEST(EngineChain, MalformedDescriptorsAreLatchedWhereTheDecodeEnds) {
    const Broken cases[] = {
        {"valid", native::kDescriptorControl, 0x06, ErrorDetail::NotValid},
        {"reserved control", native::kDescriptorControl + 3, 0x01, ErrorDetail::Reserved},
        {"reserved word", native::kDescriptorReserved, 0x01, ErrorDetail::Reserved},
        {"next", native::kDescriptorNext, 0x08, ErrorDetail::Misaligned},
        {"length", native::kDescriptorLength, 0x00, ErrorDetail::ZeroLength},
        {"rows", native::kDescriptorRows, 0x00, ErrorDetail::ZeroLength},
        {"element", native::kDescriptorControl + 1, 0x07, ErrorDetail::BadElement},
        {"overflow", native::kDescriptorSourceStride + 3, 0x80, ErrorDetail::None},
    };
    for (const Broken& broken : cases) {
        EngineBench bench;
        bench.place(0x100, copy(0x1000, 0x8000, 128));
        bench.port.memory[0x100 + broken.offset] = broken.byte;
        bench.run_until(10);
        bench.set(0, reg::kIntEnable, interrupt::kAll);
        bench.start_chain(0, 0x100);
        bench.run_until(25);  // fetch 12, last stamp 23, decode ends at 25
        EXPECT_EQ(bench.reg(0, reg::kErrorKind), 0U) << broken.name;
        bench.run_until(26);
        if (broken.detail == ErrorDetail::None) {
            EXPECT_EQ(bench.reg(0, reg::kErrorKind), 0U);
            continue;  // one row: the stride does not matter
        }
        EXPECT_EQ(native::error_kind::Detail::get(bench.reg(0, reg::kErrorKind)),
                  static_cast<std::uint32_t>(broken.detail))
            << broken.name;
        EXPECT_EQ(bench.reg(0, reg::kErrorAddrLo), 0x100U);
        EXPECT_EQ(bench.reg(0, reg::kStatus), status::kError);
        bench.run();
        EXPECT_EQ(bench.outputs.edges('i', true), Stamps{26});
        EXPECT_TRUE(stamps(bench, Access::Read, Purpose::Data).empty());
        EXPECT_TRUE(bench.engine.idle());
    }
}

TEST(EngineChain, ErrorsOfFetchAndWriteBackStop) {
    for (const Purpose purpose : {Purpose::Descriptor, Purpose::StatusWriteBack}) {
        for (const std::uint32_t policy : {0U, native::config::kErrorContinue}) {
            EngineBench bench;
            bench.port.judge = [purpose](const Burst& burst) {
                return burst.purpose == purpose ? Response::GenericError : Response::Ok;
            };
            bench.place(0x100, copy(0x1000, 0x8000, 128, 0x140));
            bench.place(0x140, copy(0x1000, 0x8000, 128));
            bench.run_until(10);
            bench.start_chain(0, 0x100, policy);
            const std::uint64_t latched = purpose == Purpose::Descriptor ? 25 : 71;
            bench.run_until(latched);
            EXPECT_EQ(bench.reg(0, reg::kErrorKind), 0U);
            bench.run_until(latched + 1);
            EXPECT_EQ(native::error_kind::Kind::get(bench.reg(0, reg::kErrorKind)),
                      static_cast<std::uint32_t>(purpose == Purpose::Descriptor ? TransferError::DescriptorFetch
                                                                                : TransferError::StatusWriteBack));
            EXPECT_EQ(bench.reg(0, reg::kErrorAddrLo), purpose == Purpose::Descriptor ? 0x100U : 0x138U);
            EXPECT_EQ(bench.reg(0, reg::kStatus), status::kError);
            bench.run();
            EXPECT_EQ(stamps(bench, Access::Read, Purpose::Descriptor).size(), 1U);
            EXPECT_EQ(bench.reg(0, reg::kCompleted), 0U);
        }
    }
}

TEST(EngineChain, AFailedChunkIsInTheStatusThatIsWrittenBack) {
    EngineBench bench;
    bench.port.judge = [](const Burst& burst) {
        return burst.access == Access::Write && burst.address == 0x8080 ? Response::AddressError : Response::Ok;
    };
    bench.place(0x100, copy(0x1000, 0x8000, 384));
    bench.start_chain(0, 0x100, native::config::kErrorContinue);
    bench.run();
    EXPECT_EQ(bench.descriptor_at(0x100).status,
              native::kDescriptorComplete | static_cast<std::uint32_t>(TransferError::BusWrite));
    EXPECT_EQ(bench.descriptor_at(0x100).transferred, 256U);
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kDone | status::kError | status::kEndOfChain);
}

TEST(EngineChain, StopLeavesOtherChannelsAlone) {
    EngineBench bench;
    bench.fill();
    bench.port.judge = [](const Burst& burst) {
        return burst.channel == 0 && burst.access == Access::Write ? Response::GenericError : Response::Ok;
    };
    bench.program(0, 0x1000, 0x8000, 4096);
    bench.program(1, 0x2000, 0x9000, 4096);
    bench.command(0, control::kStart);
    bench.command(1, control::kStart);
    bench.run();
    EXPECT_EQ(bench.reg(0, reg::kStatus), status::kError);
    EXPECT_EQ(bench.reg(1, reg::kStatus), status::kDone);
    EXPECT_TRUE(same(bench, 0x2000, 0x9000, 4096));
}

}  // namespace
}  // namespace dmasim
