// SPDX-License-Identifier: Apache-2.0
//
// What the writes of the library make of a job, the controller reads back as the same job.
#include "dmasim/model/frontend/native/job_registers.h"

#include <random>

#include <gtest/gtest.h>

#include "support/core/engine_bench.h"

namespace dmasim::native {
namespace {

std::uint32_t value_of(const std::vector<RegisterWrite>& writes, std::uint32_t channel, std::uint32_t offset) {
    std::uint32_t value = 0xDEADBEEF;
    for (const RegisterWrite& write : writes) {
        value = write.offset == channel_register(channel, offset) ? write.value : value;
    }
    return value;
}

TEST(JobRegisters, EveryFieldOfAJobHasItsPlace) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 200; ++round) {
        Job job;
        job.source = {random(), static_cast<std::int32_t>(random()), random() % 2 == 0};
        job.destination = {random(), static_cast<std::int32_t>(random()), random() % 2 == 0};
        job.length = static_cast<std::uint32_t>(random());
        job.rows = static_cast<std::uint32_t>(random());
        job.element_log2 = static_cast<std::uint8_t>(random() % 8);
        job.handshake = static_cast<Handshake>(random() % 4);
        job.unit_bytes = static_cast<std::uint32_t>(random());
        job.no_snoop = random() % 2 == 0;
        StartOptions options;
        options.cyclic = random() % 2 == 0;
        options.continue_on_error = random() % 2 == 0;
        options.interrupts = static_cast<std::uint32_t>(random() & interrupt::kAll);
        const auto channel = static_cast<std::uint32_t>(random() % 64);
        const auto writes = start_job(channel, job, options);
        const auto of = [&](std::uint32_t offset) { return value_of(writes, channel, offset); };
        EXPECT_EQ(of(reg::kSrcLo) | std::uint64_t{of(reg::kSrcHi)} << 32U, job.source.address);
        EXPECT_EQ(of(reg::kDstLo) | std::uint64_t{of(reg::kDstHi)} << 32U, job.destination.address);
        EXPECT_EQ(of(reg::kLength), job.length);
        EXPECT_EQ(of(reg::kRows), job.rows);
        EXPECT_EQ(static_cast<std::int32_t>(of(reg::kSrcStride)), job.source.stride);
        EXPECT_EQ(static_cast<std::int32_t>(of(reg::kDstStride)), job.destination.stride);
        EXPECT_EQ(of(reg::kUnitBytes), job.unit_bytes);
        EXPECT_EQ(of(reg::kIntEnable), options.interrupts);
        const std::uint32_t config = of(reg::kConfig);
        EXPECT_EQ((config & config::kSrcFixed) != 0, job.source.fixed);
        EXPECT_EQ((config & config::kDstFixed) != 0, job.destination.fixed);
        EXPECT_EQ(config::ElementLog2::get(config), job.element_log2);
        EXPECT_EQ(config::HandshakeMode::get(config), static_cast<std::uint32_t>(job.handshake));
        EXPECT_EQ((config & config::kCyclic) != 0, options.cyclic);
        EXPECT_EQ((config & config::kNoSnoop) != 0, job.no_snoop);
        EXPECT_EQ((config & config::kErrorContinue) != 0, options.continue_on_error);
        EXPECT_EQ(config & config::kChain, 0U);
        EXPECT_EQ(writes.back().offset, channel_register(channel, reg::kControl));
        EXPECT_EQ(writes.back().value, control::kStart);
        EXPECT_EQ(writes.size(), 12U) << "each register once";
    }
}

TEST(JobRegisters, TheControllerCarriesThemOut) {
    test::EngineBench bench;
    bench.fill();
    for (const RegisterWrite& write : start_copy(1, 0x8003, 0x1001, 3000)) {
        bench.write(write.offset, write.value);
    }
    bench.run();
    EXPECT_EQ(bench.reg(1, reg::kStatus), status::kDone);
    EXPECT_EQ(std::memcmp(bench.port.memory.data() + 0x1001, bench.port.memory.data() + 0x8003, 3000), 0);

    Descriptor descriptor;
    descriptor.source = 0x1001;
    descriptor.destination = 0xA000;
    descriptor.length = 100;
    descriptor.handshake = Handshake::Single;
    descriptor.end = true;
    bench.place(0x4000, descriptor);
    StartOptions options;
    options.continue_on_error = true;
    for (const RegisterWrite& write : start_chain(2, 0x4000, 50, options)) {
        bench.write(write.offset, write.value);
    }
    EXPECT_EQ(bench.reg(2, reg::kConfig), config::kChain | config::kErrorContinue);
    EXPECT_EQ(bench.reg(2, reg::kUnitBytes), 50U);
    bench.engine.set_dreq(2, true, Cycles{bench.now});
    bench.run();
    EXPECT_EQ(bench.reg(2, reg::kStatus), status::kEndOfChain | status::kDone);
    EXPECT_EQ(std::memcmp(bench.port.memory.data() + 0x1001, bench.port.memory.data() + 0xA000, 100), 0);
    EXPECT_EQ(bench.port.of(Access::Read, Purpose::Data).back().burst.bytes, 50U);
}

}  // namespace
}  // namespace dmasim::native
