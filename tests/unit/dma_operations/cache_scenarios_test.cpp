// SPDX-License-Identifier: Apache-2.0
//
// Wrong orderings and the processor's cache, W01 to W13: the bytes that the specification of the DMA operations computes
// for them, on a machine that is not coherent, and the right ones on one that is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

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
constexpr std::uint8_t kCpu = 0xC0;
constexpr std::uint8_t kDevice = 0xD0;

DmaMachineConfig machine_config(bool coherent) {
    DmaMachineConfig config;
    config.coherent = coherent;
    config.dma.registers = MapRegisterKind::Identity;
    return config;
}

DeviceDescription version(std::uint32_t number) {
    DeviceDescription description;
    description.version = number;
    description.scatter_gather = true;
    description.maximum_length = 8192;
    return description;
}

class CacheScenario : public testing::TestWithParam<bool> {
  protected:
    [[nodiscard]] static bool coherent() { return GetParam(); }
    [[nodiscard]] static Rig rig(std::uint32_t number) { return Rig(machine_config(coherent()), version(number)); }
    /// What is wrong where the caches are not seen by devices.
    static Bytes either(const Bytes& right, const Bytes& wrong) { return coherent() ? right : wrong; }
    /// What is found where the caches are not seen by devices; elsewhere nothing.
    static Rules wrong_rules(const Rules& rules) { return coherent() ? Rules{} : rules; }
};

TEST_P(CacheScenario, W01NoCleanBeforeAWrite) {
    for (const bool flush : {false, true}) {
        Rig rig(machine_config(coherent()), version(1));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 128);
        rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
        rig.machine.store(kBuffer, bytes_of(kCpu, 128));
        if (flush) {
            rig.machine.dma.ke_flush_io_buffers(&mdl, false, true);
        }
        const RegisterBase base = rig.own(1);
        const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 128, Direction::ToDevice);
        const Bytes seen = rig.machine.device_read(block.logical, block.bytes);
        EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 128, Direction::ToDevice));
        const Bytes wrong = flush ? bytes_of(kCpu, 128) : bytes_of(kOld, 128);
        EXPECT_EQ(seen, either(bytes_of(kCpu, 128), wrong));
        EXPECT_EQ(rig.machine.peek(kBuffer, 128), flush && !coherent() ? bytes_of(kCpu, 128) : bytes_of(kOld, 128));
        EXPECT_EQ(rig.machine.load(kBuffer, 128), bytes_of(kCpu, 128));
        EXPECT_EQ(rig.machine.report(), "");
        // SV-01.
        EXPECT_EQ(rig.machine.found(), flush ? Rules{} : wrong_rules({"CLEAN_MISSING"}));
    }
}

TEST_P(CacheScenario, W01bOneLineEvictedByChance) {
    Rig rig(machine_config(coherent()), version(1));
    const Mdl mdl = make_contiguous_mdl(kBuffer, 128);
    rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
    rig.machine.store(kBuffer, bytes_of(kCpu, 128));
    rig.machine.cpu.evict(kBuffer);
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 128, Direction::ToDevice);
    EXPECT_EQ(rig.machine.device_read(block.logical, 128),
              either(bytes_of(kCpu, 128), bytes_of(kCpu, 64) + bytes_of(kOld, 64)));
    EXPECT_EQ(rig.machine.found(), wrong_rules({"CLEAN_MISSING"}));
}

TEST_P(CacheScenario, W02DirtyLinesEvictedAfterARead) {
    for (const bool flush : {false, true}) {
        Rig rig(machine_config(coherent()), version(1));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 128);
        rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
        rig.machine.store(kBuffer, bytes_of(kCpu, 128));
        if (flush) {
            rig.machine.dma.ke_flush_io_buffers(&mdl, true, true);
        }
        const RegisterBase base = rig.own(1);
        const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 128, Direction::FromDevice);
        rig.machine.device_write(block.logical, bytes_of(kDevice, 128));
        rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 128, Direction::FromDevice);
        const bool right = coherent() || flush;
        EXPECT_EQ(rig.machine.peek(kBuffer, 128), bytes_of(kDevice, 128));
        EXPECT_EQ(rig.machine.load(kBuffer, 128), bytes_of(right ? kDevice : kCpu, 128));
        rig.machine.cpu.evict(kBuffer);
        rig.machine.cpu.evict(kBuffer + 64);
        EXPECT_EQ(rig.machine.peek(kBuffer, 128), bytes_of(right ? kDevice : kCpu, 128));
        // SV-03 at the load, SV-02 at the map of dirty lines, which are written back later.
        EXPECT_EQ(rig.machine.found(), right ? Rules{} : Rules({"INVAL_MISSING", "RX_DIRTY"}));
    }
}

TEST_P(CacheScenario, W03EvictionInTheMiddle) {
    Rig rig(machine_config(coherent()), version(1));
    const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
    rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
    rig.machine.store(kBuffer, bytes_of(kCpu, 64));
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
    rig.machine.device_write(block.logical, bytes_of(kDevice, 32));
    rig.machine.cpu.evict(kBuffer);
    rig.machine.device_write(block.logical + 32, bytes_of(kDevice, 32));
    rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 64, Direction::FromDevice);
    EXPECT_EQ(rig.machine.peek(kBuffer, 64), either(bytes_of(kDevice, 64), bytes_of(kCpu, 32) + bytes_of(kDevice, 32)));
    EXPECT_EQ(rig.machine.found(), wrong_rules({"RX_DIRTY"}));
}

TEST_P(CacheScenario, W04Version3WithoutItsFlush) {
    Rig rig(machine_config(coherent()), version(3));
    const Mdl mdl = make_contiguous_mdl(kBuffer, 128);
    rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
    EXPECT_EQ(rig.machine.load(kBuffer, 128), bytes_of(kOld, 128));
    const RegisterBase base = rig.own3(0);
    const std::uint64_t logical = rig.map3(mdl, base, Direction::FromDevice);
    rig.machine.device_write(logical, bytes_of(kDevice, 128));
    EXPECT_EQ(rig.machine.peek(kBuffer, 128), bytes_of(kDevice, 128));
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.machine.load(kBuffer, 128), either(bytes_of(kDevice, 128), bytes_of(kOld, 128)));
    EXPECT_TRUE(rig.machine.broke("SV-05"));
    EXPECT_EQ(rig.adapter.flush_adapter_buffers_ex(&mdl, base, 0, 128, Direction::FromDevice), Status::Success);
    EXPECT_EQ(rig.machine.load(kBuffer, 128), bytes_of(kDevice, 128));
    // SV-03, and SV-05 on both machines: the buffer is the device's until the flush.
    EXPECT_EQ(rig.machine.found(), coherent() ? Rules{"SV-05"} : Rules({"INVAL_MISSING", "SV-05"}));
}

TEST_P(CacheScenario, W05TouchedWhileTheDeviceRuns) {
    Rig rig(machine_config(coherent()), version(1));
    const Mdl mdl = make_contiguous_mdl(kBuffer, 128);
    rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
    rig.machine.dma.ke_flush_io_buffers(&mdl, true, true);
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 128, Direction::FromDevice);
    rig.machine.device_write(block.logical, bytes_of(kDevice, 64));
    rig.machine.load(kBuffer + 64, 1);
    rig.machine.device_write(block.logical + 64, bytes_of(kDevice, 64));
    rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 128, Direction::FromDevice);
    EXPECT_EQ(rig.machine.load(kBuffer, 128),
              either(bytes_of(kDevice, 128), bytes_of(kDevice, 64) + bytes_of(kOld, 64)));
    EXPECT_EQ(rig.machine.peek(kBuffer, 128), bytes_of(kDevice, 128));
    EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"SV-05"});
    EXPECT_EQ(rig.machine.found(), coherent() ? Rules{"SV-05"} : Rules({"INVAL_MISSING", "SV-05"}));
}

enum class Repair { Nothing, Invalidate, CleanInvalidate };

void unaligned(bool coherent, Repair repair, bool bounce) {
    DmaMachineConfig config = machine_config(coherent);
    DeviceDescription description = version(1);
    if (bounce) {
        config.dma.registers = MapRegisterKind::Bounce;
        description.scatter_gather = false;
        description.ignore_count = true;
    }
    Rig rig(config, description);
    constexpr std::uint64_t kAt = 0x2020;
    const Mdl mdl = make_contiguous_mdl(kAt, 64);
    rig.machine.poke(0x2000, bytes_of(11, 32) + bytes_of(kOld, 96));
    rig.machine.dma.ke_flush_io_buffers(&mdl, true, true);
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kAt, 64, Direction::FromDevice);
    rig.machine.store(0x2000, {22});
    rig.machine.device_write(block.logical, bytes_of(kDevice, 64));
    rig.adapter.flush_adapter_buffers(&mdl, base, kAt, 64, Direction::FromDevice);
    if (repair == Repair::Invalidate && !coherent) {
        rig.machine.cpu.invalidate(kAt, 64);
    } else if (repair == Repair::CleanInvalidate && !coherent) {
        rig.machine.cpu.clean_invalidate(kAt, 64);
    }
    const bool right = coherent || bounce;
    const Bytes buffer =
        right || repair == Repair::Invalidate ? bytes_of(kDevice, 64) : bytes_of(kOld, 32) + bytes_of(kDevice, 32);
    const Bytes word = bytes_of(right || repair != Repair::Invalidate ? 22 : 11, 1);
    EXPECT_EQ(rig.machine.load(kAt, 64), buffer);
    EXPECT_EQ(rig.machine.load(0x2000, 1), word);
    rig.machine.cpu.clean_all();
    EXPECT_EQ(rig.machine.peek(kAt, 64), buffer);
    EXPECT_EQ(rig.machine.peek(0x2000, 1), word);
    // What is wrong with the line is the same; what else is found depends on what the driver tries.
    Rules rules{"DV-1F4", "DV-1F5"};
    if (repair == Repair::Nothing) {
        rules.emplace_back("INVAL_MISSING");
    } else if (repair == Repair::Invalidate) {
        rules.emplace_back("INVAL_LOSES_DIRTY");
    }
    rules.emplace_back("SHARED_LINE");
    EXPECT_EQ(rig.machine.found(), right ? Rules{} : rules);
}

// The word beside the buffer belongs to another mapping that the device may write: LD-22 says so before anything is lost.
TEST_P(CacheScenario, W06TwoMappingsOfALine) {
    for (const std::uint64_t word : {0x2000U, 0x1FC0U}) {
        Rig rig(machine_config(coherent()), version(1));
        StreamingConfig config;
        config.coherent = coherent();
        config.regions = {{{0x1000, 0x10000}, RegionKind::Ram}};
        StreamingMap map(rig.machine.cpu, config, &rig.machine.checks);
        map.set_notes(&rig.machine.verifier);
        EXPECT_FALSE(map.mapping_error(1, map.map_single(1, 0x2020, 64, Direction::FromDevice)));
        EXPECT_EQ(rig.machine.found(), Rules{});
        EXPECT_FALSE(map.mapping_error(1, map.map_single(1, word, 4, Direction::FromDevice)));
        EXPECT_EQ(rig.machine.found(), word == 0x2000 ? Rules{"LD-22"} : Rules{});
    }
}

TEST_P(CacheScenario, W06UnalignedBuffer) {
    unaligned(coherent(), Repair::Nothing, false);
    unaligned(coherent(), Repair::Invalidate, false);
    unaligned(coherent(), Repair::CleanInvalidate, false);
}

// What repairs it: a copy that has its lines for itself.
TEST(CacheScenarioRight, W06WithABouncePage) {
    DmaMachineConfig config = machine_config(false);
    config.dma.registers = MapRegisterKind::Bounce;
    DeviceDescription description;
    description.version = 3;
    description.address_bits = 13;  // It does not reach the buffer, so that it is copied.
    config.dma.register_base = 0x1000;
    config.dma.register_count = 1;
    Rig rig(config, description);
    constexpr std::uint64_t kAt = 0x2020;
    const Mdl mdl = make_contiguous_mdl(kAt, 64);
    rig.machine.poke(0x2000, bytes_of(11, 32) + bytes_of(kOld, 96));
    const RegisterBase base = rig.own3(1);
    const std::uint64_t logical = rig.map3(mdl, base, Direction::FromDevice);
    EXPECT_EQ(logical, 0x1020U);
    rig.machine.store(0x2000, {22});
    rig.machine.device_write(logical, bytes_of(kDevice, 64));
    EXPECT_EQ(rig.adapter.flush_adapter_buffers_ex(&mdl, base, 0, 64, Direction::FromDevice), Status::Success);
    EXPECT_EQ(rig.machine.load(kAt, 64), bytes_of(kDevice, 64));
    EXPECT_EQ(rig.machine.load(0x2000, 1), Bytes{22});
    EXPECT_EQ(rig.machine.report(), "");
}

TEST_P(CacheScenario, W07MappedInTheWrongDirection) {
    for (const auto before : {DmaOptions::Maintenance::Nothing, DmaOptions::Maintenance::Clean}) {
        DmaMachineConfig config = machine_config(coherent());
        config.dma.options.map_from_device = before;
        Rig rig(config, version(3));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
        rig.machine.store(kBuffer, bytes_of(kCpu, 64));
        const RegisterBase base = rig.own3(0);
        const std::uint64_t logical = rig.map3(mdl, base, Direction::FromDevice);
        const bool right = coherent() || before == DmaOptions::Maintenance::Clean;
        EXPECT_EQ(rig.machine.device_read(logical, 64), bytes_of(right ? kCpu : kOld, 64));
        rig.adapter.flush_adapter_buffers_ex(&mdl, base, 0, 64, Direction::FromDevice);
        EXPECT_EQ(rig.machine.load(kBuffer, 64), bytes_of(right ? kCpu : kOld, 64));
        EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"SV-12"});
        // The device reads what is mapped for writing: nothing of what is reported complete was ever written. SV-04 where
        // the flush drops the stores.
        EXPECT_EQ(rig.machine.found(),
                  right ? Rules({"EARLY_DONE", "SV-12"})
                        : Rules({"CLEAN_MISSING", "EARLY_DONE", "INVAL_LOSES_DIRTY", "RX_DIRTY", "SV-12"}));
    }
}

// The direction is right at one of the two ends only: SV-07, and LD-07 in the manner of Linux.
TEST_P(CacheScenario, W07FlushedInTheOtherDirection) {
    for (const Direction end : {Direction::ToDevice, Direction::FromDevice}) {
        const bool right = end == Direction::FromDevice;
        Rig rig(machine_config(coherent()), version(1));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        const RegisterBase base = rig.own(1);
        const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
        rig.machine.device_write(block.logical, bytes_of(kDevice, 64));
        rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 64, end);
        EXPECT_EQ(rig.machine.found(), right ? Rules{} : Rules{"SV-07"});

        StreamingConfig config;
        config.coherent = coherent();
        config.regions = {{{0x1000, 0x10000}, RegionKind::Ram}};
        StreamingMap map(rig.machine.cpu, config, &rig.machine.checks);
        map.set_notes(&rig.machine.verifier);
        const std::uint64_t dma = map.map_single(1, 0x3000, 64, Direction::FromDevice);
        EXPECT_FALSE(map.mapping_error(1, dma));
        map.unmap_single(1, dma, 64, end);
        EXPECT_EQ(rig.machine.found(), right ? Rules{} : Rules({"LD-07", "SV-07"}));
    }
}

TEST_P(CacheScenario, W08OneListOfAChainFlushed) {
    Rig rig(machine_config(coherent()), version(1));
    rig.machine.poke(0x3000, bytes_of(kOld, 64));
    rig.machine.poke(0x5000, bytes_of(kOld, 64));
    const Mdl second = make_contiguous_mdl(0x5000, 64);
    Mdl first = make_contiguous_mdl(0x3000, 64);
    first.next = &second;
    rig.machine.store(0x3000, bytes_of(0xC1, 64));
    rig.machine.store(0x5000, bytes_of(0xC2, 64));
    rig.machine.dma.ke_flush_io_buffers(&first, false, true);
    Bytes seen;
    ASSERT_EQ(rig.adapter.get_scatter_gather_list(
                  rig.device, &first, 0x3000, 128,
                  [&](const ScatterGatherList& list) {
                      for (const Element& element : list.elements) {
                          seen = seen + rig.machine.device_read(element.logical, element.bytes);
                      }
                      EXPECT_EQ(rig.adapter.put_scatter_gather_list(list, Direction::ToDevice), Status::Success);
                  },
                  Direction::ToDevice),
              Status::Success);
    EXPECT_EQ(seen, bytes_of(0xC1, 64) + either(bytes_of(0xC2, 64), bytes_of(kOld, 64)));
    EXPECT_EQ(rig.machine.found(), wrong_rules({"CLEAN_MISSING"}));
}

TEST_P(CacheScenario, W09FlushedTooEarly) {
    Rig rig(machine_config(coherent()), version(1));
    const Mdl mdl = make_contiguous_mdl(kBuffer, 128);
    rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
    rig.machine.store(kBuffer, bytes_of(0xC1, 128));
    rig.machine.dma.ke_flush_io_buffers(&mdl, false, true);
    rig.machine.store(kBuffer, bytes_of(kCpu, 64));
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 128, Direction::ToDevice);
    EXPECT_EQ(rig.machine.device_read(block.logical, 128),
              either(bytes_of(kCpu, 64) + bytes_of(0xC1, 64), bytes_of(0xC1, 128)));
    EXPECT_EQ(rig.machine.found(), wrong_rules({"CLEAN_MISSING"}));
}

TEST_P(CacheScenario, W10PioReadThenDmaToTheDevice) {
    for (const bool flush : {false, true}) {
        Rig rig(machine_config(coherent()), version(1));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        rig.machine.poke(kBuffer, bytes_of(kOld, 64));
        rig.machine.poke(0x9000, bytes_of(kDevice, 64));
        for (std::uint64_t place = 0; place < 64; place += 8) {
            rig.machine.cpu.store64(kBuffer + place, rig.machine.cpu.load64(0x9000, MemoryType::Device));
        }
        if (flush) {
            rig.machine.dma.ke_flush_io_buffers(&mdl, true, false);
        }
        const RegisterBase base = rig.own(1);
        const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::ToDevice);
        EXPECT_EQ(rig.machine.device_read(block.logical, 64), bytes_of(coherent() || flush ? kDevice : kOld, 64));
        EXPECT_EQ(rig.machine.found(), flush ? Rules{} : wrong_rules({"CLEAN_MISSING"}));
    }
}

TEST_P(CacheScenario, W11WriteCombiningWithoutABarrier) {
    for (const bool barrier : {false, true}) {
        DmaMachineConfig config = machine_config(coherent());
        config.tune = [](CpuConfig& cpu) {
            cpu.store_buffer.entries = 4;  // 32 bytes that are written when there is no room any more.
            cpu.store_buffer.hold = true;
            cpu.store_buffer.merge = true;
        };
        Rig rig(config, version(1));
        // Memory that both sides use.
        rig.machine.dma.set_level(Level::Passive);
        const std::uint64_t buffer = rig.adapter.allocate_common_buffer(128, false).logical;
        rig.machine.poke(buffer, bytes_of(kOld, 128));
        for (std::uint64_t place = 0; place < 112; place += 4) {
            rig.machine.cpu.store32(buffer + place, 0xC0C0C0C0, MemoryType::Uncached);
        }
        if (barrier) {
            rig.machine.cpu.dsb();
        }
        // What is in the buffer, at most 32 bytes, is the tail.
        const Bytes seen = rig.machine.device_read(buffer, 128);
        EXPECT_EQ(seen, barrier ? bytes_of(kCpu, 112) + bytes_of(kOld, 16) : bytes_of(kCpu, 80) + bytes_of(kOld, 48));
        EXPECT_EQ(rig.machine.found(), barrier ? Rules{} : wrong_rules({"PUBLISH_ORDER"}));
    }
}

TEST_P(CacheScenario, W12SuperfluousFlush) {
    std::vector<std::uint64_t> cycles;
    for (const bool flush : {false, true}) {
        Rig rig(machine_config(coherent()), version(3));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 4096);
        rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
        rig.machine.store(kBuffer, bytes_of(kCpu, 4096));
        const Cycles begun = rig.machine.cpu.now();
        if (flush) {
            rig.machine.dma.ke_flush_io_buffers(&mdl, false, true);
        }
        const RegisterBase base = rig.own3(0);
        const std::uint64_t logical = rig.map3(mdl, base, Direction::ToDevice);
        EXPECT_EQ(rig.machine.device_read(logical, 4096), bytes_of(kCpu, 4096));
        rig.adapter.flush_adapter_buffers_ex(&mdl, base, 0, 4096, Direction::ToDevice);
        cycles.push_back(rig.machine.cpu.now().count() - begun.count());
        EXPECT_EQ(rig.machine.broke("SV-20"), flush && !coherent());
        EXPECT_EQ(rig.machine.found(), flush ? wrong_rules({"SV-20"}) : Rules{});
    }
    if (coherent()) {
        EXPECT_EQ(cycles[1], cycles[0]);
    } else {
        EXPECT_EQ(cycles[1], cycles[0] + 64 + 1);  // A look at each of 64 lines, and the operation itself.
    }
}

TEST_P(CacheScenario, W13DescriptorStoredInTheWrongOrder) {
    for (const bool swapped : {true, false}) {
        DmaMachineConfig config = machine_config(coherent());
        config.tune = [](CpuConfig& cpu) { cpu.store_buffer.hold = true; };
        Rig rig(config, version(1));
        CpuContext& cpu = rig.machine.cpu;
        rig.machine.dma.set_level(Level::Passive);
        const std::uint64_t entry = rig.adapter.allocate_common_buffer(16, false).logical;
        rig.machine.poke(entry, bytes_of(kOld, 8) + bytes_of(0, 8));
        // Address at 0, valid at 8; the device looks after the first of the two stores.
        cpu.store64(swapped ? entry + 8 : entry, swapped ? 1 : 0xC0C0C0C0C0C0C0C0, MemoryType::Uncached);
        cpu.store64(swapped ? entry : entry + 8, swapped ? 0xC0C0C0C0C0C0C0C0 : 1, MemoryType::Uncached);
        cpu.drain(8);
        const Bytes seen = rig.machine.device_read(entry, 16);
        const Bytes valid = Bytes{1} + bytes_of(0, 7);
        // Right: what is valid has its address; swapped: a valid descriptor with the old address.
        EXPECT_EQ(seen, swapped ? bytes_of(kOld, 8) + valid : bytes_of(kCpu, 8) + bytes_of(0, 8));
        // A store is on its way while the device looks, whichever it is.
        EXPECT_EQ(rig.machine.found(), wrong_rules({"PUBLISH_ORDER"}));
        cpu.dsb();
        EXPECT_EQ(rig.machine.device_read(entry, 16), bytes_of(kCpu, 8) + valid);
    }
    // With the barrier before the device looks nothing is found.
    Rig rig(machine_config(coherent()), version(1));
    rig.machine.dma.set_level(Level::Passive);
    const std::uint64_t entry = rig.adapter.allocate_common_buffer(16, false).logical;
    rig.machine.cpu.store64(entry, 0xC0C0C0C0C0C0C0C0, MemoryType::Uncached);
    rig.machine.cpu.store64(entry + 8, 1, MemoryType::Uncached);
    rig.machine.cpu.dsb();
    EXPECT_EQ(rig.machine.device_read(entry, 16), bytes_of(kCpu, 8) + Bytes{1} + bytes_of(0, 7));
    EXPECT_EQ(rig.machine.found(), Rules{});
}

// Mappings in the manner of Linux tell the verifier whose a buffer is: it is judged when it is handed over, and what the
// CPU does behind a sync, or behind the unmap, is its own matter.
TEST(CacheScenarioNotes, LinuxMappings) {
    enum class Way { DirtyMap, CleanMap, StoreWhileMapped, StoreBehindSync, StoreBehindUnmap, HandedBack, PartOnly };
    for (const Way way : {Way::DirtyMap, Way::CleanMap, Way::StoreWhileMapped, Way::StoreBehindSync,
                          Way::StoreBehindUnmap, Way::HandedBack, Way::PartOnly}) {
        Rig rig(machine_config(false), version(1));
        StreamingConfig config;
        config.regions = {{{0x1000, 0x10000}, RegionKind::Ram}};
        StreamingMap map(rig.machine.cpu, config, &rig.machine.checks);
        map.set_notes(&rig.machine.verifier);
        rig.machine.poke(kBuffer, bytes_of(kOld, 128));
        rig.machine.store(kBuffer, bytes_of(kCpu, 128));
        MapAttributes attributes;
        attributes.skip_sync = way == Way::DirtyMap;
        const std::uint64_t dma = map.map_single(1, kBuffer, 128, Direction::FromDevice, attributes);
        EXPECT_FALSE(map.mapping_error(1, dma));
        if (way == Way::StoreBehindSync || way == Way::HandedBack) {
            map.sync_for_cpu(1, dma, 128, Direction::FromDevice);
        } else if (way == Way::PartOnly) {
            map.sync_for_cpu(1, dma, 64, Direction::FromDevice);
        } else if (way == Way::StoreBehindUnmap) {
            map.unmap_single(1, dma, 128, Direction::FromDevice);
        }
        if (way == Way::HandedBack) {
            map.sync_for_device(1, dma, 128, Direction::FromDevice);
        }
        if (way != Way::DirtyMap && way != Way::CleanMap) {
            rig.machine.cpu.store32(kBuffer + 64, 1);
        }
        if (way == Way::StoreBehindSync) {
            map.sync_for_device(1, dma, 128, Direction::FromDevice);
        }
        const bool right = way == Way::CleanMap || way == Way::StoreBehindSync || way == Way::StoreBehindUnmap;
        EXPECT_EQ(rig.machine.found(), right ? Rules{} : Rules{"RX_DIRTY"}) << static_cast<int>(way);
    }
}

INSTANTIATE_TEST_SUITE_P(Machines, CacheScenario, testing::Bool(),
                         [](const auto& each) { return each.param ? "Coherent" : "NotCoherent"; });

}  // namespace
}  // namespace dmasim::dma
