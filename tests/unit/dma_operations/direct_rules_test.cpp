// SPDX-License-Identifier: Apache-2.0
//
// Rules of docs/dma-rules.md that no scenario is about, each tried by itself and from both sides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::bytes_of;
using test::DmaMachineConfig;
using test::Rig;

constexpr std::uint64_t kBuffer = 0x1'0000;

// CF-21: on an adapter, what ke_flush_io_buffers does: memory has the stores; a read drops what the cache has too.
TEST(DirectRules, FlushDmaBuffer) {
    for (const bool coherent : {false, true}) {
        DmaMachineConfig config;
        config.coherent = coherent;
        DeviceDescription description;
        description.version = 3;
        Rig rig(config, description);
        const Mdl mdl = make_contiguous_mdl(kBuffer, 128);
        rig.machine.poke(kBuffer, bytes_of(0xA0, 128));
        rig.machine.store(kBuffer, bytes_of(0xC0, 128));
        EXPECT_EQ(rig.machine.peek(kBuffer, 128), bytes_of(0xA0, 128));
        Cycles before = rig.machine.cpu.now();
        EXPECT_EQ(rig.adapter.flush_dma_buffer(&mdl, false), Status::Success);
        EXPECT_EQ(rig.machine.cpu.now() == before, coherent);
        EXPECT_EQ(rig.machine.peek(kBuffer, 128), bytes_of(coherent ? 0xA0 : 0xC0, 128));
        if (coherent) {
            continue;
        }
        rig.machine.poke(kBuffer, bytes_of(0xD0, 128));
        EXPECT_EQ(rig.machine.load(kBuffer, 128), bytes_of(0xC0, 128));
        EXPECT_EQ(rig.adapter.flush_dma_buffer(&mdl, true), Status::Success);
        EXPECT_EQ(rig.machine.load(kBuffer, 128), bytes_of(0xD0, 128));
        EXPECT_EQ(rig.adapter.flush_dma_buffer(nullptr, true), Status::InvalidParameter);
    }
}

// CB-06: a cached common buffer of a machine that is not coherent is flushed before each transfer.
TEST(DirectRules, CachedCommonBufferIsFlushed) {
    DmaMachineConfig config;
    config.dma.options.common_buffer_cache = DmaOptions::CommonBufferCache::Asked;
    Rig rig(config);
    rig.machine.dma.set_level(Level::Passive);
    const CommonBuffer buffer = rig.adapter.allocate_common_buffer(4096, true);
    ASSERT_TRUE(buffer.cached);
    rig.machine.dma.set_level(Level::Dispatch);
    rig.machine.poke(buffer.address, bytes_of(0xA0, 64));
    rig.machine.store(buffer.address, bytes_of(0xC0, 64));
    EXPECT_EQ(rig.machine.device_read(buffer.logical, 64), bytes_of(0xA0, 64));
    const Mdl mdl = make_contiguous_mdl(buffer.address, 64);
    rig.machine.dma.ke_flush_io_buffers(&mdl, false, true);
    EXPECT_EQ(rig.machine.device_read(buffer.logical, 64), bytes_of(0xC0, 64));
}

// AO-01, AO-02: adapters of one channel of the system share it, those of others and bus masters do not.
TEST(DirectRules, AdaptersOfOneChannelShareIt) {
    DeviceDescription description;
    description.master = false;
    description.channel = 2;
    Rig rig({}, description);
    std::uint32_t granted = 0;
    Adapter same = rig.machine.dma.get_dma_adapter(2, description, granted);
    description.channel = 3;
    Adapter other = rig.machine.dma.get_dma_adapter(3, description, granted);
    description.master = true;
    Adapter master = rig.machine.dma.get_dma_adapter(4, description, granted);
    rig.own(1, AllocationAction::KeepObject);
    unsigned same_runs = 0;
    unsigned other_runs = 0;
    unsigned master_runs = 0;
    const auto count = [](unsigned& runs) {
        return [&runs](RegisterBase) {
            ++runs;
            return AllocationAction::KeepObject;
        };
    };
    EXPECT_EQ(same.allocate_adapter_channel(2, 1, count(same_runs)), Status::Success);
    EXPECT_EQ(other.allocate_adapter_channel(3, 1, count(other_runs)), Status::Success);
    EXPECT_EQ(master.allocate_adapter_channel(4, 1, count(master_runs)), Status::Success);
    EXPECT_EQ(same_runs, 0U);
    EXPECT_EQ(other_runs, 1U);
    EXPECT_EQ(master_runs, 1U);
    EXPECT_EQ(rig.adapter.free_adapter_channel(), Status::Success);
    EXPECT_EQ(same_runs, 1U);
}

// NUM-09: 1 to 64 address bits.
TEST(DirectRules, AddressBits) {
    test::DmaMachine machine;
    DeviceDescription description;
    description.version = 3;
    for (const std::uint32_t bits : {0U, 1U, 24U, 64U, 65U}) {
        description.address_bits = bits;
        std::uint32_t granted = 0;
        EXPECT_EQ(static_cast<bool>(machine.dma.get_dma_adapter(1, description, granted)), bits >= 1 && bits <= 64)
            << bits;
    }
}

// DD-10: bus masters pass 0 as the offset of the device.
TEST(DirectRules, DeviceOffsetOfABusMaster) {
    DeviceDescription description;
    description.version = 3;
    Rig rig({}, description);
    const RegisterBase base = rig.own3(1);
    const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
    std::vector<Element> list;
    for (const std::uint32_t offset : {4U, 0U}) {
        std::uint64_t bytes = 64;
        EXPECT_EQ(
            rig.adapter.map_transfer_ex(&mdl, base, 0, offset, bytes, Direction::ToDevice, list_bytes(4), &list, {}),
            offset == 0 ? Status::Success : Status::InvalidParameter);
    }
}

// MR-05, MR-10: the offset in the page stays, the flush ends the mapping, and what the device does then is stopped.
TEST(DirectRules, MappingsEndWithTheFlush) {
    DmaMachineConfig config;
    config.dma.registers = MapRegisterKind::Hardware;
    config.dma.register_count = 4;
    Rig rig(config);
    const Mdl mdl = make_contiguous_mdl(kBuffer + 0x140, 64);
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer + 0x140, 64, Direction::FromDevice);
    EXPECT_EQ(block.logical % 4096, 0x140U);
    EXPECT_EQ(rig.machine.device_write(block.logical, bytes_of(0xD0, 64)), Response::Ok);
    EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer + 0x140, 64, Direction::FromDevice));
    EXPECT_EQ(rig.machine.peek(kBuffer + 0x140, 64), bytes_of(0xD0, 64));
    EXPECT_FALSE(rig.machine.broke("DV-26"));
    EXPECT_EQ(rig.machine.device_write(block.logical, bytes_of(0xD1, 64)), Response::AddressError);
    EXPECT_EQ(rig.machine.peek(kBuffer + 0x140, 64), bytes_of(0xD0, 64));
    EXPECT_TRUE(rig.machine.broke("DV-26"));
}

// CF-15: one flush of version 3 ends the mapping of a whole chain, and drops the cached lines of each list.
TEST(DirectRules, OneFlushForAChain) {
    DeviceDescription description;
    description.version = 3;
    description.scatter_gather = true;
    Rig rig({}, description);
    const Mdl second = make_contiguous_mdl(kBuffer + 0x4000, 64);
    Mdl first = make_contiguous_mdl(kBuffer, 64);
    first.next = &second;
    rig.machine.load(kBuffer, 64);
    rig.machine.load(kBuffer + 0x4000, 64);
    const RegisterBase base = rig.own3(2);
    std::uint64_t bytes = 128;
    std::vector<Element> list;
    ASSERT_EQ(rig.adapter.map_transfer_ex(&first, base, 0, 0, bytes, Direction::FromDevice, list_bytes(4), &list, {}),
              Status::Success);
    ASSERT_EQ(list.size(), 2U);
    for (const Element& element : list) {
        rig.machine.device_write(element.logical, bytes_of(0xD0, 64));
    }
    EXPECT_EQ(rig.adapter.flush_adapter_buffers_ex(&first, base, 0, 128, Direction::FromDevice), Status::Success);
    EXPECT_EQ(rig.machine.load(kBuffer, 64), bytes_of(0xD0, 64));
    EXPECT_EQ(rig.machine.load(kBuffer + 0x4000, 64), bytes_of(0xD0, 64));
    EXPECT_EQ(rig.machine.report(), "");
}

// SP-07: a list over a part of the buffer is transferred, unlocked, and used again for the next part.
TEST(DirectRules, PartialListIsUsedAgain) {
    Rig rig;
    const Mdl whole = make_contiguous_mdl(kBuffer, 8192);
    rig.machine.store(kBuffer, bytes_of(0xC1, 4096));
    rig.machine.store(kBuffer + 4096, bytes_of(0xC2, 4096));
    const RegisterBase base = rig.own(1);
    for (const std::uint64_t part : {0U, 4096U}) {
        const Mdl partial = make_mdl(whole.virtual_address + part, 4096, {whole.pages[part / 4096]});
        rig.machine.dma.ke_flush_io_buffers(&partial, false, true);
        const MappedBlock block =
            rig.adapter.map_transfer(&partial, base, partial.virtual_address, 4096, Direction::ToDevice);
        EXPECT_EQ(rig.machine.device_read(block.logical, 4096), bytes_of(part == 0 ? 0xC1 : 0xC2, 4096));
        EXPECT_TRUE(
            rig.adapter.flush_adapter_buffers(&partial, base, partial.virtual_address, 4096, Direction::ToDevice));
    }
    EXPECT_EQ(rig.machine.report(), "");
}

}  // namespace
}  // namespace dmasim::dma
