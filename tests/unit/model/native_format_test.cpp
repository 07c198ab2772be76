// SPDX-License-Identifier: Apache-2.0
//
// Register table, descriptor format, and the page made from them.
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "support/core/engine_bench.h"
#include "test_paths.h"

namespace dmasim {
namespace {

using native::Descriptor;
using native::RegisterKind;
using native::RegisterSpec;
using test::EngineBench;
namespace reg = native::reg;

DmaConfig two_channels() {
    DmaConfig config;
    config.channels = 2;
    return config;
}

TEST(NativeRegisters, ResetValues) {
    EngineBench bench(two_channels());
    EXPECT_EQ(bench.read(reg::kId), 0x53414D44U);
    EXPECT_EQ(bench.read(reg::kVersion), native::kVersionValue);
    const std::uint32_t caps = bench.read(reg::kCaps0);
    EXPECT_EQ(native::caps0::Channels::get(caps), 2U);
    EXPECT_EQ(native::caps0::BusBytesLog2::get(caps), 3U);
    EXPECT_EQ(native::caps0::MaxBurst::get(caps), 16U);
    EXPECT_EQ(native::caps0::Prefetch::get(caps), 0U);
    EXPECT_EQ(bench.read(reg::kCaps1), 64U);
    for (const RegisterSpec& spec : native::kChannelRegisters) {
        EXPECT_EQ(bench.reg(1, spec.offset), spec.reset) << spec.name;
    }
}

TEST(NativeRegisters, EveryBitOfStorage) {
    EngineBench bench(two_channels());
    for (const RegisterSpec& spec : native::kChannelRegisters) {
        if (spec.kind != RegisterKind::ReadWrite) {
            continue;
        }
        for (unsigned bit = 0; bit < 32; ++bit) {
            const std::uint32_t value = 1U << bit;
            bench.set(1, spec.offset, 0);
            bench.set(1, spec.offset, value);
            EXPECT_EQ(bench.reg(1, spec.offset), value & spec.write_mask) << "at once: " << spec.name << " " << bit;
            bench.run_until(bench.now + 2);
            EXPECT_EQ(bench.reg(1, spec.offset), value & spec.write_mask) << "later: " << spec.name << " " << bit;
            EXPECT_EQ(bench.reg(0, spec.offset), spec.reset) << "the other channel";
        }
    }
}

TEST(NativeRegisters, ByteLanes) {
    EngineBench bench(two_channels());
    const std::uint32_t offset = native::channel_register(1, reg::kLength);
    for (std::uint8_t lanes = 0; lanes < 16; ++lanes) {
        bench.write(offset, 0x11223344);
        bench.engine.write_register(offset, 0xAABBCCDD, Cycles{bench.now}, lanes);
        std::uint32_t expected = 0;
        for (unsigned i = 0; i < 4; ++i) {
            const std::uint32_t from = (lanes >> i & 1) != 0 ? 0xAABBCCDD : 0x11223344;
            expected |= from & (0xFFU << (8 * i));
        }
        EXPECT_EQ(bench.read(offset), expected);
        bench.run_until(bench.now + 1);
        EXPECT_EQ(bench.read(offset), expected);
    }
}

TEST(NativeRegisters, ReservedBitsAreReportedAndDoNothing) {
    for (const RegisterSpec& spec : native::kChannelRegisters) {
        for (unsigned bit = 0; bit < 32; ++bit) {
            if (spec.kind == RegisterKind::ReadOnly || (spec.write_mask >> bit & 1U) != 0) {
                continue;
            }
            EngineBench bench(two_channels());
            bench.program(1, 0x1000, 0x2000, 8);
            bench.run_until(5);
            const std::uint32_t before = bench.reg(1, spec.offset);
            bench.set(1, spec.offset, 1U << bit | spec.write_mask);
            EXPECT_EQ(bench.reg(1, spec.offset), before) << spec.name;
            bench.run();
            EXPECT_EQ(bench.reg(1, spec.offset), spec.offset == reg::kIntStatus ? native::interrupt::kError : before)
                << spec.name;
            EXPECT_EQ(native::error_kind::Kind::get(bench.reg(1, reg::kErrorKind)),
                      static_cast<std::uint32_t>(TransferError::BadRegister));
            EXPECT_EQ(bench.reg(1, reg::kErrorAddrLo), native::channel_register(1, spec.offset));
            EXPECT_TRUE(bench.port.log.empty());
        }
    }
}

TEST(NativeRegisters, ReadOnlyIgnoresWrites) {
    EngineBench bench(two_channels());
    for (const RegisterSpec& spec : native::kChannelRegisters) {
        if (spec.kind == RegisterKind::ReadOnly) {
            bench.set(0, spec.offset, 0xFFFFFFFF);
        }
    }
    for (const RegisterSpec& spec : native::kGlobalRegisters) {
        EXPECT_EQ(bench.engine.write_register(spec.offset, 0xFFFFFFFF, Cycles{bench.now}), Response::Ok);
    }
    bench.run();
    EXPECT_EQ(bench.read(reg::kId), native::kIdValue);
    for (const RegisterSpec& spec : native::kChannelRegisters) {
        EXPECT_EQ(bench.reg(0, spec.offset), spec.reset) << spec.name;
    }
}

TEST(NativeRegisters, UnmappedOffsets) {
    EngineBench bench(two_channels());
    for (std::uint32_t offset = 0; offset < native::register_space_bytes(3); ++offset) {
        bool mapped = false;
        if (offset < native::kGlobalBlockBytes) {
            mapped = native::find_register(native::kGlobalRegisters, offset) != nullptr;
        } else if (offset < native::register_space_bytes(2)) {
            mapped = native::find_register(native::kChannelRegisters, (offset - 0x1000) % 0x100) != nullptr;
        }
        std::uint32_t value = 99;
        const Response expected = mapped ? Response::Ok : Response::AddressError;
        ASSERT_EQ(bench.engine.read_register(offset, value, Cycles{0}), expected) << offset;
        ASSERT_EQ(bench.engine.write_register(offset, 0, Cycles{0}), expected) << offset;
        ASSERT_EQ(bench.engine.peek_register(offset, value), expected) << offset;
        ASSERT_TRUE(mapped || value == 0);
    }
}

TEST(NativeRegisters, OneCommandInAWrite) {
    EngineBench bench(two_channels());
    bench.program(0, 0x1000, 0x2000, 8);
    bench.command(0, native::control::kStart | native::control::kPause);
    bench.run();
    EXPECT_EQ(bench.reg(0, reg::kStatus), native::status::kError);
    EXPECT_TRUE(bench.port.log.empty());
}

TEST(NativeRegisters, PeekChangesNothing) {
    EngineBench bench(two_channels());
    bench.program(0, 0x1000, 0x2000, 8);
    std::uint32_t value = 0;
    ASSERT_EQ(bench.engine.peek_register(native::channel_register(0, reg::kLength), value), Response::Ok);
    EXPECT_EQ(value, 8U);
    EXPECT_EQ(bench.engine.next_edge(), Cycles{1});
}

// --- jobs -----------------------------------------------------------------------------------------------------------

Job plain_job() {
    Job job;
    job.source.address = 0x1000;
    job.destination.address = 0x2000;
    job.length = 16;
    return job;
}

TEST(Jobs, WhatCannotBeCarriedOut) {
    const auto detail = [](const Job& job) { return check_job(job, 8).detail; };
    EXPECT_EQ(detail(plain_job()), ErrorDetail::None);
    Job job = plain_job();
    job.length = 0;
    EXPECT_EQ(detail(job), ErrorDetail::ZeroLength);
    job = plain_job();
    job.rows = 0;
    EXPECT_EQ(detail(job), ErrorDetail::ZeroLength);
    job = plain_job();
    job.element_log2 = 3;
    EXPECT_EQ(detail(job), ErrorDetail::None);
    job.element_log2 = 4;
    EXPECT_EQ(detail(job), ErrorDetail::BadElement);
    job.element_log2 = 2;
    job.length = 18;
    EXPECT_EQ(detail(job), ErrorDetail::BadElement);
    job = plain_job();
    job.handshake = Handshake::Single;
    EXPECT_EQ(detail(job), ErrorDetail::BadElement);
    job.unit_bytes = 1;
    EXPECT_EQ(detail(job), ErrorDetail::None);
    job.element_log2 = 1;
    EXPECT_EQ(detail(job), ErrorDetail::BadElement);
    job = plain_job();
    job.element_log2 = 2;
    job.destination.address = 0x2001;
    EXPECT_EQ(detail(job), ErrorDetail::None);
    job.source.fixed = true;
    EXPECT_EQ(detail(job), ErrorDetail::Misaligned);
    job.destination.address = 0x2004;
    job.destination.stride = 2;
    EXPECT_EQ(detail(job), ErrorDetail::None);
    job.rows = 2;
    EXPECT_EQ(detail(job), ErrorDetail::Misaligned);
}

TEST(Jobs, TheEndsOfTheAddressSpace) {
    const std::uint64_t top = std::numeric_limits<std::uint64_t>::max();
    const auto detail = [](const Job& job) { return check_job(job, 8).detail; };
    Job job = plain_job();
    job.source.address = top - 15;
    EXPECT_EQ(detail(job), ErrorDetail::None);
    job.source.address = top - 14;
    EXPECT_EQ(detail(job), ErrorDetail::AddressOverflow);
    job = plain_job();
    job.rows = 0xFFFFFFFF;
    job.destination.stride = std::numeric_limits<std::int32_t>::min();
    const std::uint64_t span = 0xFFFFFFFEULL << 31;
    job.destination.address = span;
    EXPECT_EQ(detail(job), ErrorDetail::None);
    job.destination.address = span - 1;
    EXPECT_EQ(detail(job), ErrorDetail::AddressOverflow);
    job.destination.stride = std::numeric_limits<std::int32_t>::max();
    const std::uint64_t up = 0xFFFFFFFEULL * 0x7FFFFFFFULL;
    job.destination.address = top - 15 - up;
    EXPECT_EQ(detail(job), ErrorDetail::None);
    job.destination.address = top - 14 - up;
    EXPECT_EQ(detail(job), ErrorDetail::AddressOverflow);
}

// --- descriptors ----------------------------------------------------------------------------------------------------

TEST(NativeDescriptor, LayoutIsLittleEndian) {
    Descriptor descriptor;
    descriptor.next = 0x0102030405060740;
    descriptor.length = 0xA1A2A3A4;
    descriptor.handshake = Handshake::Demand;
    descriptor.element_log2 = 2;
    descriptor.source_stride = -2;
    const native::DescriptorBytes bytes = native::encode(descriptor);
    EXPECT_EQ(bytes[0], 0x40);
    EXPECT_EQ(bytes[7], 0x01);
    EXPECT_EQ(bytes[0x18], 0xA4);
    EXPECT_EQ(bytes[0x1B], 0xA1);
    EXPECT_EQ(bytes[0x1C], 0x01);
    EXPECT_EQ(bytes[0x1D], 0x32);
    EXPECT_EQ(bytes[0x28], 0xFE);
    EXPECT_EQ(bytes[0x2B], 0xFF);
}

TEST(NativeDescriptor, RoundTrip) {
    const std::uint32_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20000; ++i) {
        Descriptor d;
        d.next = (random() >> 8) & ~63ULL;
        d.source = random() >> 2;
        d.destination = random() >> 2;
        d.source = (d.source | 1ULL << 61) & ~127ULL;
        d.destination = (d.destination | 1ULL << 61) & ~127ULL;
        d.length = (static_cast<std::uint32_t>(random()) & 0xFFFFFF80U) | 128U;
        d.rows = static_cast<std::uint32_t>(random() % 1000 + 1);
        d.source_stride = static_cast<std::int32_t>(random()) & ~127;
        d.destination_stride = static_cast<std::int32_t>(random()) & ~127;
        d.interrupt = (random() & 1) != 0;
        d.write_back = (random() & 1) != 0;
        d.end = (random() & 1) != 0;
        d.source_fixed = (random() & 1) != 0;
        d.destination_fixed = (random() & 1) != 0;
        d.element_log2 = static_cast<std::uint8_t>(random() % 8);
        d.handshake = static_cast<Handshake>(random() % 4);
        d.cookie = random();
        d.status = static_cast<std::uint32_t>(random());
        d.transferred = static_cast<std::uint32_t>(random());
        const auto bytes = native::encode(d);
        const auto result = native::decode(bytes.data(), 0x40, 128, 128);
        ASSERT_EQ(result.problem.detail, ErrorDetail::None);
        ASSERT_EQ(native::encode(result.descriptor), bytes);
        ASSERT_EQ(result.descriptor.source_stride, d.source_stride);
        ASSERT_EQ(result.descriptor.element_log2, d.element_log2);
        ASSERT_EQ(result.descriptor.end, d.end);
        ASSERT_EQ(result.descriptor.cookie, d.cookie);
    }
}

TEST(NativeDescriptor, NoiseNeverDecodesToAJobThatCannotBeCarriedOut) {
    const std::uint32_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    int good = 0;
    for (int i = 0; i < 200000; ++i) {
        native::DescriptorBytes bytes{};
        for (std::uint8_t& byte : bytes) {
            byte = static_cast<std::uint8_t>(random());
        }
        if (i % 2 != 0) {  // near misses
            bytes[0x1C] |= 1;
            bytes[0x1C] &= 0x3F;
            bytes[0x1D] &= 0x33;
            bytes[0x1E] = bytes[0x1F] = 0;
            bytes[0] &= 0xC0;
            for (int k = 0x24; k < 0x28; ++k) {
                bytes[static_cast<std::size_t>(k)] = 0;
            }
        }
        const std::uint32_t unit = static_cast<std::uint32_t>(random() % 64);
        const auto result = native::decode(bytes.data(), 0x40, 8, unit);
        if (result.problem.detail == ErrorDetail::None) {
            ++good;
            ASSERT_EQ(check_job(result.descriptor.job(unit), 8).detail, ErrorDetail::None);
            ASSERT_EQ(bytes[0x1C] & 1, 1);
            ASSERT_TRUE(result.descriptor.end || result.descriptor.next % 64 == 0);
        } else {
            ASSERT_EQ(result.problem.address, 0x40U);
        }
    }
    EXPECT_GT(good, 100);
}

TEST(NativeDescriptor, StatusWord) {
    const auto bytes = native::encode_status(TransferError::BusWrite, 0x1'0000'0005ULL);
    EXPECT_EQ(bytes, (std::array<std::uint8_t, 8>{2, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0xFF}));
}

// --- the page -------------------------------------------------------------------------------------------------------

TEST(NativeRegisters, ThePageIsTheOneTheTableGives) {
    const std::string path = std::string(DMASIM_SOURCE_DIR) + "/docs/registers.md";
    if (std::getenv("DMASIM_UPDATE_DOCS") != nullptr) {
        std::ofstream(path) << native::register_page();
    }
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), native::register_page()) << "run with DMASIM_UPDATE_DOCS=1 to write it anew";
}

TEST(NativeRegisters, FieldsLieInTheirRegisters) {
    for (const native::FieldSpec& field : native::kFields) {
        const RegisterSpec* found = nullptr;
        for (const RegisterSpec& spec : native::kGlobalRegisters) {
            found = spec.name == field.register_name ? &spec : found;
        }
        for (const RegisterSpec& spec : native::kChannelRegisters) {
            found = spec.name == field.register_name ? &spec : found;
        }
        ASSERT_NE(found, nullptr) << field.register_name;
        const std::uint32_t mask = ((1U << field.width) - 1U) << field.lsb;
        if (found->kind != RegisterKind::ReadOnly) {
            EXPECT_EQ(found->write_mask & mask, mask) << field.name;
        }
    }
}

}  // namespace
}  // namespace dmasim
