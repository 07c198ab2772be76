// SPDX-License-Identifier: Apache-2.0
//
// The controller's internal buffer, R01 to R08; bounce pages and addresses, N01 to N07: the bytes that the specification
// of the DMA operations computes.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::bytes_of;
using test::DmaMachineConfig;
using test::operator+;
using test::Rig;
using Bytes = std::vector<std::uint8_t>;
using Rules = std::vector<std::string>;

constexpr std::uint64_t kBuffer = 0x1000;
constexpr std::uint8_t kOld = 0xA0;
constexpr std::uint8_t kDevice = 0xD0;
constexpr unsigned kChannel = 1;

DmaMachineConfig machine_config(bool coherent, PcAtRemainder remainder = PcAtRemainder::Discard) {
    DmaMachineConfig config;
    config.coherent = coherent;
    config.pc_at.buffer_bytes = 8;
    config.pc_at.remainder = remainder;
    return config;
}

DeviceDescription subordinate() {
    DeviceDescription description;
    description.master = false;
    description.channel = kChannel;
    description.maximum_length = 4096;
    return description;
}

class InternalBuffer : public testing::TestWithParam<bool> {
  protected:
    /// The lengths here are no whole cache lines, which is found where it matters, beside what the scenario is about.
    static Rules with_line(Rules rules, const Rules& line = {"DV-1F5"}) {
        if (!GetParam()) {
            rules.insert(rules.end(), line.begin(), line.end());
            std::sort(rules.begin(), rules.end());
        }
        return rules;
    }
};

TEST_P(InternalBuffer, R01RemainderOfARead) {
    Rig rig(machine_config(GetParam()), subordinate());
    const Mdl mdl = make_contiguous_mdl(kBuffer, 20);
    rig.machine.poke(kBuffer, bytes_of(kOld, 64));
    const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
    rig.adapter.map_transfer(&mdl, base, kBuffer, 20, Direction::FromDevice);
    rig.machine.give(kChannel, bytes_of(kDevice, 20));
    rig.machine.wait_given(kChannel);
    EXPECT_EQ(rig.machine.peek(kBuffer, 20), bytes_of(kDevice, 16) + bytes_of(kOld, 4));
    EXPECT_EQ(rig.machine.pc_at.held_bytes(kChannel), 4U);
    EXPECT_EQ(rig.adapter.read_dma_counter(), 0U);
    EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 20, Direction::FromDevice));
    EXPECT_EQ(rig.machine.peek(kBuffer, 24), bytes_of(kDevice, 20) + bytes_of(kOld, 4));
    EXPECT_EQ(rig.machine.pc_at.held_bytes(kChannel), 0U);
    EXPECT_EQ(rig.machine.found(), with_line({}));
    // Without the flush.
    Rig wrong(machine_config(GetParam()), subordinate());
    wrong.machine.poke(kBuffer, bytes_of(kOld, 64));
    const RegisterBase its = wrong.own(1, AllocationAction::KeepObject);
    wrong.adapter.map_transfer(&mdl, its, kBuffer, 20, Direction::FromDevice);
    wrong.machine.give(kChannel, bytes_of(kDevice, 20));
    wrong.machine.wait_given(kChannel);
    EXPECT_EQ(wrong.adapter.free_adapter_channel(), Status::Success);
    EXPECT_EQ(wrong.machine.peek(kBuffer, 24), bytes_of(kDevice, 16) + bytes_of(kOld, 8));
    EXPECT_EQ(wrong.machine.found(), with_line({"DV-10", "SV-06", "SV-08"}));
}

TEST_P(InternalBuffer, R02RemainderOfAWrite) {
    Rig rig(machine_config(GetParam()), subordinate());
    const Mdl mdl = make_contiguous_mdl(kBuffer, 20);
    rig.machine.poke(kBuffer, bytes_of(0xC0, 64));
    const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
    rig.adapter.map_transfer(&mdl, base, kBuffer, 20, Direction::ToDevice);
    rig.machine.want(kChannel, 20);
    rig.machine.wait_until([&] { return rig.machine.peripheral.ends[kChannel] == 1; });
    rig.machine.cpu.wait_cycles(100);
    EXPECT_EQ(rig.machine.peripheral.received[kChannel], bytes_of(0xC0, 16));
    EXPECT_EQ(rig.machine.pc_at.held_bytes(kChannel), 4U);
    EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 20, Direction::ToDevice));
    EXPECT_EQ(rig.machine.peripheral.received[kChannel], bytes_of(0xC0, 20));
    EXPECT_EQ(rig.machine.found(), Rules{});
}

void two_operations(bool coherent, PcAtRemainder remainder, bool flush, const Bytes& expected) {
    Rig rig(machine_config(coherent, remainder), subordinate());
    const Mdl mdl = make_contiguous_mdl(kBuffer, 40);
    rig.machine.poke(kBuffer, bytes_of(kOld, 64));
    const RegisterBase base = rig.own(2, AllocationAction::KeepObject);
    rig.adapter.map_transfer(&mdl, base, kBuffer, 20, Direction::FromDevice);
    rig.machine.give(kChannel, bytes_of(0xD1, 20));
    rig.machine.wait_given(kChannel);
    if (flush) {
        EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 20, Direction::FromDevice));
    }
    rig.adapter.map_transfer(&mdl, base, kBuffer + 20, 20, Direction::FromDevice);
    rig.machine.give(kChannel, bytes_of(0xD2, 20));
    rig.machine.wait_given(kChannel);
    EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer + 20, 20, Direction::FromDevice));
    EXPECT_EQ(rig.machine.peek(kBuffer, 48), expected);
    EXPECT_EQ(rig.machine.pc_at.lost_bytes(), !flush && remainder == PcAtRemainder::Discard ? 4U : 0U);
    Rules rules = coherent ? Rules{} : Rules({"DV-1F4", "DV-1F5"});
    if (!flush) {
        rules.insert(rules.end(), {"SV-06", "SV-08"});
    }
    EXPECT_EQ(rig.machine.found(), rules);
}

TEST_P(InternalBuffer, R03TwoOperationsWithoutAFlushBetween) {
    // a: the controller discards the remainder; b: it keeps it, and 4 bytes land behind the buffer.
    two_operations(GetParam(), PcAtRemainder::Discard, false,
                   bytes_of(0xD1, 16) + bytes_of(kOld, 4) + bytes_of(0xD2, 20) + bytes_of(kOld, 8));
    two_operations(GetParam(), PcAtRemainder::Keep, false,
                   bytes_of(0xD1, 16) + bytes_of(kOld, 4) + bytes_of(0xD1, 4) + bytes_of(0xD2, 20) + bytes_of(kOld, 4));
    two_operations(GetParam(), PcAtRemainder::Discard, true,
                   bytes_of(0xD1, 20) + bytes_of(0xD2, 20) + bytes_of(kOld, 8));
    two_operations(GetParam(), PcAtRemainder::Keep, true, bytes_of(0xD1, 20) + bytes_of(0xD2, 20) + bytes_of(kOld, 8));
}

TEST_P(InternalBuffer, R03bHitsTheGuard) {
    for (const bool flush : {false, true}) {
        DmaMachineConfig config = machine_config(GetParam(), PcAtRemainder::Keep);
        config.dma.guards = true;
        Rig rig(config, subordinate());
        const Mdl mdl = make_contiguous_mdl(kBuffer, 40);
        const RegisterBase base = rig.own(2, AllocationAction::KeepObject);
        rig.adapter.map_transfer(&mdl, base, kBuffer, 20, Direction::FromDevice);
        rig.machine.give(kChannel, bytes_of(0xD1, 20));
        rig.machine.wait_given(kChannel);
        if (flush) {
            rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 20, Direction::FromDevice);
        }
        rig.adapter.map_transfer(&mdl, base, kBuffer + 20, 20, Direction::FromDevice);
        rig.machine.give(kChannel, bytes_of(0xD2, 20));
        rig.machine.wait_given(kChannel);
        rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer + 20, 20, Direction::FromDevice);
        EXPECT_EQ(rig.machine.found(), flush ? Rules{} : Rules({"DV-0F2", "SV-06", "SV-08"}));
    }
}

TEST_P(InternalBuffer, R04LessThanAChunk) {
    Rig rig(machine_config(GetParam()), subordinate());
    const Mdl mdl = make_contiguous_mdl(kBuffer, 7);
    rig.machine.poke(kBuffer, bytes_of(kOld, 64));
    const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
    rig.adapter.map_transfer(&mdl, base, kBuffer, 7, Direction::FromDevice);
    rig.machine.give(kChannel, bytes_of(kDevice, 7));
    rig.machine.wait_given(kChannel);
    EXPECT_EQ(rig.machine.peek(kBuffer, 7), bytes_of(kOld, 7));
    EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 7, Direction::FromDevice));
    EXPECT_EQ(rig.machine.peek(kBuffer, 8), bytes_of(kDevice, 7) + bytes_of(kOld, 1));
    EXPECT_EQ(rig.machine.found(), with_line({}));
}

TEST_P(InternalBuffer, R05CounterSaysMoreThanHasArrived) {
    DeviceDescription description = subordinate();
    description.auto_initialize = true;
    Rig rig(machine_config(GetParam()), description);
    const Mdl mdl = make_contiguous_mdl(kBuffer, 4096);
    rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
    const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
    EXPECT_EQ(rig.adapter.map_transfer(&mdl, base, kBuffer, 4096, Direction::FromDevice).bytes, 4096U);
    rig.machine.give(kChannel, bytes_of(kDevice, 20));
    rig.machine.wait_given(kChannel);
    EXPECT_EQ(rig.adapter.read_dma_counter(), 4076U);
    EXPECT_EQ(rig.machine.peek(kBuffer, 20), bytes_of(kDevice, 16) + bytes_of(kOld, 4));
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST_P(InternalBuffer, R06ChannelFreedBeforeTheFlush) {
    for (const PcAtRemainder remainder : {PcAtRemainder::Discard, PcAtRemainder::Keep}) {
        Rig rig(machine_config(GetParam(), remainder), subordinate());
        const Mdl first = make_contiguous_mdl(kBuffer, 20);
        const Mdl second = make_contiguous_mdl(0x3000, 24);
        rig.machine.poke(kBuffer, bytes_of(kOld, 64));
        rig.machine.poke(0x3000, bytes_of(kOld, 64));
        const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
        rig.adapter.map_transfer(&first, base, kBuffer, 20, Direction::FromDevice);
        rig.machine.give(kChannel, bytes_of(0xD1, 20));
        rig.machine.wait_given(kChannel);
        EXPECT_EQ(rig.adapter.free_adapter_channel(), Status::Success);
        EXPECT_TRUE(rig.machine.broke("SV-06"));
        EXPECT_TRUE(rig.machine.broke("DV-10"));
        Adapter other = rig.another(2, subordinate());
        RegisterBase others = 0;
        EXPECT_EQ(other.allocate_adapter_channel(2, 1,
                                                 [&](RegisterBase given) {
                                                     others = given;
                                                     return AllocationAction::KeepObject;
                                                 }),
                  Status::Success);
        other.map_transfer(&second, others, 0x3000, 20, Direction::FromDevice);
        rig.machine.give(kChannel, bytes_of(0xD2, 20));
        rig.machine.wait_given(kChannel);
        other.flush_adapter_buffers(&second, others, 0x3000, 20, Direction::FromDevice);
        EXPECT_EQ(rig.machine.peek(kBuffer, 20), bytes_of(0xD1, 16) + bytes_of(kOld, 4));
        EXPECT_EQ(rig.machine.peek(0x3000, 28), remainder == PcAtRemainder::Discard
                                                    ? bytes_of(0xD2, 20) + bytes_of(kOld, 8)
                                                    : bytes_of(0xD1, 4) + bytes_of(0xD2, 20) + bytes_of(kOld, 4));
        EXPECT_EQ(rig.machine.found(), with_line({"DV-10", "SV-06", "SV-08"}));
    }
}

TEST_P(InternalBuffer, R07FlushFails) {
    for (const bool fails : {true, false}) {
        DmaMachineConfig config = machine_config(GetParam());
        if (fails) {
            config.errors = {{kBuffer + 16, 4, false, true, Response::GenericError}};
        }
        Rig rig(config, subordinate());
        const Mdl mdl = make_contiguous_mdl(kBuffer, 20);
        rig.machine.poke(kBuffer, bytes_of(kOld, 64));
        const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
        rig.adapter.map_transfer(&mdl, base, kBuffer, 20, Direction::FromDevice);
        rig.machine.give(kChannel, bytes_of(kDevice, 20));
        rig.machine.wait_given(kChannel);
        EXPECT_EQ(rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 20, Direction::FromDevice), !fails);
        EXPECT_EQ(rig.machine.peek(kBuffer, 20),
                  fails ? bytes_of(kDevice, 16) + bytes_of(kOld, 4) : bytes_of(kDevice, 20));
        // The answer says it; nobody has claimed that the request is complete.
        EXPECT_EQ(rig.machine.found(), with_line({}));
    }
}

// The device sends what it takes one byte every 50 cycles, from a FIFO that is lost when it is switched off.
TEST_P(InternalBuffer, R08DevicePoweredOffWithBytesInItsFifo) {
    for (const bool drained : {false, true}) {
        Rig rig(machine_config(GetParam()), subordinate());
        const Mdl mdl = make_contiguous_mdl(kBuffer, 16);
        rig.machine.poke(kBuffer, bytes_of(0xC0, 16));
        const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
        rig.adapter.map_transfer(&mdl, base, kBuffer, 16, Direction::ToDevice);
        rig.machine.want(kChannel, 16);
        rig.machine.wait_until([&] { return rig.machine.peripheral.received[kChannel].size() == 16; });
        EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 16, Direction::ToDevice));
        const Cycles filled = rig.machine.cpu.now();
        if (drained) {
            rig.machine.cpu.wait_cycles(16 * 50);
        }
        const std::uint64_t sent = std::min<std::uint64_t>(16, (rig.machine.cpu.now().count() - filled.count()) / 50);
        DriverFact fact;
        fact.kind = DriverFact::Kind::FifoNotEmpty;
        fact.device = rig.device;
        fact.length = 16 - sent;
        if (sent < 16) {
            rig.machine.dma.tell(fact);
        }
        EXPECT_EQ(sent, drained ? 16U : 0U);
        EXPECT_EQ(rig.machine.broke("SV-18"), !drained);
        EXPECT_EQ(rig.machine.found(), drained ? Rules{} : Rules{"SV-18"});
    }
}

INSTANTIATE_TEST_SUITE_P(Machines, InternalBuffer, testing::Bool(),
                         [](const auto& each) { return each.param ? "Coherent" : "NotCoherent"; });

// ------------------------------------------------------------------------------------------------- bounce, addressing

constexpr std::uint64_t kFar = 0x1'2345'6000;
constexpr std::uint64_t kBounce = 0x10'0000;

DeviceDescription master32() {
    DeviceDescription description;
    description.maximum_length = 4096;
    return description;
}

class Addressing : public testing::TestWithParam<bool> {
  protected:
    static DmaMachineConfig config() {
        DmaMachineConfig config;
        config.coherent = GetParam();
        return config;
    }
};

TEST_P(Addressing, N01ReadBeforeTheFlush) {
    Rig rig(config(), master32());
    const Mdl mdl = make_contiguous_mdl(kFar, 256);
    rig.machine.poke(kFar, bytes_of(kOld, 256));
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kFar, 256, Direction::FromDevice);
    EXPECT_EQ(block.logical, kBounce);
    rig.machine.device_write(block.logical, bytes_of(kDevice, 256));
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.machine.load(kFar, 256), bytes_of(kOld, 256));
    EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"SV-05"});
    EXPECT_EQ(rig.machine.peek(kBounce, 256), bytes_of(kDevice, 256));
    EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, kFar, 256, Direction::FromDevice));
    EXPECT_EQ(rig.machine.load(kFar, 256), bytes_of(kDevice, 256));
    EXPECT_EQ(rig.machine.found(), Rules{"SV-05"});
}

TEST_P(Addressing, N02ChangedAfterTheMap) {
    Rig rig(config(), master32());
    const Mdl mdl = make_contiguous_mdl(kFar, 64);
    rig.machine.store(kFar, bytes_of(0xC0, 64));
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kFar, 64, Direction::ToDevice);
    rig.machine.store(kFar, bytes_of(0xC9, 64));
    EXPECT_EQ(rig.machine.device_read(block.logical, 64), bytes_of(0xC0, 64));
    EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"SV-05"});
    EXPECT_EQ(rig.machine.found(), Rules{"SV-05"});
}

TEST_P(Addressing, N03ForeignDataOfTheBouncePage) {
    for (const bool copy_in : {false, true}) {
        DmaMachineConfig machine_settings = config();
        machine_settings.dma.options.bounce_copy_in = copy_in;
        Rig rig(machine_settings, master32());
        const Mdl mdl = make_contiguous_mdl(kFar, 256);
        rig.machine.poke(kFar, bytes_of(kOld, 256));
        rig.machine.poke(kBounce, bytes_of(0x5A, 4096));
        const RegisterBase base = rig.own(1);
        const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kFar, 256, Direction::FromDevice);
        rig.machine.device_write(block.logical, bytes_of(kDevice, 100));
        rig.adapter.flush_adapter_buffers(&mdl, base, kFar, 256, Direction::FromDevice);
        EXPECT_EQ(rig.machine.load(kFar, 256), bytes_of(kDevice, 100) + bytes_of(copy_in ? kOld : 0x5A, 156));
        EXPECT_EQ(rig.machine.found(), Rules{"EARLY_DONE"});
    }
}

TEST_P(Addressing, N04HighHalfDropped) {
    DmaMachineConfig machine_settings = config();
    machine_settings.dma.registers = MapRegisterKind::Identity;
    DeviceDescription description = master32();
    description.dma64 = true;
    Rig rig(machine_settings, description);
    const Mdl mdl = make_contiguous_mdl(kFar, 64);
    rig.machine.poke(kFar, bytes_of(kOld, 64));
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kFar, 64, Direction::FromDevice);
    EXPECT_EQ(block.logical, kFar);
    rig.machine.device_write(static_cast<std::uint32_t>(block.logical), bytes_of(kDevice, 64));
    EXPECT_EQ(rig.machine.peek(kFar, 64), bytes_of(kOld, 64));
    EXPECT_EQ(rig.machine.peek(0x2345'6000, 64), bytes_of(kDevice, 64));
    EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"SV-13"});
    EXPECT_EQ(rig.machine.found(), Rules{"SV-13"});
}

TEST_P(Addressing, N05MoreThan24Bits) {
    DmaMachineConfig machine_settings = config();
    machine_settings.dma.registers = MapRegisterKind::Identity;
    Rig rig(machine_settings, subordinate());
    const Mdl mdl = make_contiguous_mdl(0x0123'4567, 16);
    rig.machine.poke(0x0123'4567, bytes_of(kOld, 16));
    const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
    rig.adapter.map_transfer(&mdl, base, 0x0123'4567, 16, Direction::FromDevice);
    rig.machine.give(kChannel, bytes_of(kDevice, 16));
    rig.machine.wait_given(kChannel);
    EXPECT_EQ(rig.machine.peek(0x0023'4567, 16), bytes_of(kDevice, 16));
    EXPECT_EQ(rig.machine.peek(0x0123'4567, 16), bytes_of(kOld, 16));
    EXPECT_TRUE(rig.machine.broke("SV-13"));
    EXPECT_EQ(rig.machine.found(), GetParam() ? Rules{"SV-13"} : Rules({"DV-1F4", "DV-1F5", "SV-13"}));
}

TEST_P(Addressing, N06PhysicalInsteadOfLogical) {
    DmaMachineConfig machine_settings = config();
    machine_settings.dma.registers = MapRegisterKind::Hardware;
    Rig rig(machine_settings, master32());
    const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
    rig.machine.poke(kBuffer, bytes_of(kOld, 64));
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
    EXPECT_EQ(block.logical, 0x40'0000U);
    EXPECT_EQ(rig.machine.device_write(kBuffer, bytes_of(kDevice, 64)), Response::AddressError);
    EXPECT_EQ(rig.machine.peek(kBuffer, 64), bytes_of(kOld, 64));
    EXPECT_TRUE(rig.machine.broke("DV-26"));
    EXPECT_EQ(rig.machine.found(), Rules({"DV-26", "SV-12"}));
    EXPECT_EQ(rig.machine.device_write(block.logical, bytes_of(kDevice, 64)), Response::Ok);
    EXPECT_EQ(rig.machine.peek(kBuffer, 64), bytes_of(kDevice, 64));
}

TEST_P(Addressing, N07BlockCrosses64KiB) {
    Rig rig(config(), subordinate());
    rig.machine.poke(0x10000, bytes_of(kOld, 0x20000));
    // The controller as a driver would use it that knows nothing of its limits.
    SystemTransfer transfer;
    transfer.channel = kChannel;
    transfer.elements = {{0x1F000, 8192}};
    rig.machine.controller.start(rig.machine.cpu, transfer);
    rig.machine.give(kChannel, bytes_of(kDevice, 8192));
    rig.machine.wait_given(kChannel);
    EXPECT_EQ(rig.machine.peek(0x1F000, 4096), bytes_of(kDevice, 4096));
    EXPECT_EQ(rig.machine.peek(0x10000, 4096), bytes_of(kDevice, 4096));
    EXPECT_EQ(rig.machine.peek(0x20000, 4096), bytes_of(kOld, 4096));
    // The operations do not let it happen: the block is copied to pages that do not cross.
    const Mdl mdl = make_contiguous_mdl(0x1F000, 8192);
    const RegisterBase base = rig.own(2, AllocationAction::KeepObject);
    EXPECT_EQ(rig.adapter.map_transfer(&mdl, base, 0x1F000, 8192, Direction::FromDevice).bytes, 8192U);
    rig.machine.give(kChannel, bytes_of(0xD7, 8192));
    rig.machine.wait_given(kChannel);
    rig.adapter.flush_adapter_buffers(&mdl, base, 0x1F000, 8192, Direction::FromDevice);
    EXPECT_EQ(rig.machine.load(0x1F000, 8192), bytes_of(0xD7, 8192));
    EXPECT_EQ(rig.machine.found(), Rules{});
}

INSTANTIATE_TEST_SUITE_P(Machines, Addressing, testing::Bool(),
                         [](const auto& each) { return each.param ? "Coherent" : "NotCoherent"; });

}  // namespace
}  // namespace dmasim::dma
