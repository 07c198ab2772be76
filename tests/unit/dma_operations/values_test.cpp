// SPDX-License-Identifier: Apache-2.0
//
// Numbers and single statements of the documentation that no scenario is about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/dma_operations/domain.h"
#include "dmasim/cpu_stub/core/dma_operations/splitting.h"
#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::bytes_of;
using test::DmaMachine;
using test::DmaMachineConfig;
using test::operator+;
using test::Rig;
using testing::ElementsAre;
using testing::IsEmpty;

DmaMachineConfig machine_config(MapRegisterKind kind, std::uint32_t registers = 64, bool coherent = true) {
    DmaMachineConfig config;
    config.coherent = coherent;
    config.dma.registers = kind;
    config.dma.register_count = registers;
    return config;
}

DeviceDescription master(std::uint64_t maximum, std::uint32_t version = 1) {
    DeviceDescription description;
    description.maximum_length = maximum;
    description.version = version;
    return description;
}

TEST(Values, SpannedPages) {
    EXPECT_EQ(span_pages(0, 1, 4096), 1U);
    EXPECT_EQ(span_pages(4095, 1, 4096), 1U);
    EXPECT_EQ(span_pages(4095, 2, 4096), 2U);
    EXPECT_EQ(span_pages(0, 4096, 4096), 1U);
    EXPECT_EQ(span_pages(1, 4096, 4096), 2U);
    EXPECT_EQ(span_pages(0, 0, 4096), 0U);
}

TEST(Values, Splitting) {
    const auto split = [](SplitRule rule, std::uint64_t at, std::uint64_t bytes, const SplitLimits& limits = {}) {
        return split_request(rule, at, bytes, 5, 4096, limits);
    };
    EXPECT_THAT(split(SplitRule::Documented, 0x10800, 45056), ElementsAre(20480, 20480, 4096));
    EXPECT_THAT(split(SplitRule::RegisterTrue, 0x10800, 45056), ElementsAre(18432, 20480, 6144));
    EXPECT_THAT(split(SplitRule::SpareRegister, 0x10800, 45056), ElementsAre(16384, 16384, 12288));
    EXPECT_THAT(split(SplitRule::Documented, 0x10000, 49152), ElementsAre(20480, 20480, 8192));
    EXPECT_THAT(split(SplitRule::RegisterTrue, 0x10000, 49152), ElementsAre(20480, 20480, 8192));
    EXPECT_THAT(split(SplitRule::SpareRegister, 0x10000, 49152), ElementsAre(16384, 16384, 16384));
    // 256 sectors of the AT disk controller: 131072 bytes at most, whatever the registers.
    SplitLimits sectors;
    sectors.maximum_bytes = 256 * 512;
    sectors.unit_bytes = 512;
    EXPECT_THAT(split_request(SplitRule::RegisterTrue, 0, 300 * 512, 100, 4096, sectors), ElementsAre(131072, 22528));
    EXPECT_THAT(split_request(SplitRule::RegisterTrue, 0x10, 8192, 2, 4096, sectors), ElementsAre(7680, 512));
    EXPECT_THAT(split_request(SplitRule::RegisterTrue, 0, 1, 0, 4096), IsEmpty());
    EXPECT_THAT(split_request(SplitRule::SpareRegister, 0, 1, 1, 4096), IsEmpty());
    EXPECT_THAT(split_request(SplitRule::RegisterTrue, 0, 0, 5, 4096), IsEmpty());
}

TEST(Values, GrantedRegisters) {
    DmaMachine machine(machine_config(MapRegisterKind::Hardware, 16));
    std::uint32_t granted = 0;
    const auto grant = [&](std::uint64_t maximum) {
        EXPECT_TRUE(machine.dma.get_dma_adapter(1, master(maximum), granted));
        return granted;
    };
    EXPECT_EQ(grant(1), 2U);
    EXPECT_EQ(grant(4096), 2U);
    EXPECT_EQ(grant(4097), 3U);
    EXPECT_EQ(grant(61440), 16U);  // Below 64 KiB one to spare.
    EXPECT_EQ(grant(65536), 16U);
    EXPECT_EQ(grant(1ULL << 40), 16U);
    DmaMachineConfig one = machine_config(MapRegisterKind::Bounce);
    one.dma.system_register_limit = 1;
    DmaMachine small(one);
    DeviceDescription subordinate = master(65536);
    subordinate.master = false;
    subordinate.channel = 2;
    EXPECT_TRUE(small.dma.get_dma_adapter(1, subordinate, granted));
    EXPECT_EQ(granted, 1U);
}

TEST(Values, Versions) {
    DmaMachineConfig config = machine_config(MapRegisterKind::Identity);
    config.dma.highest_version = 2;
    DmaMachine machine(config);
    std::uint32_t granted = 0;
    for (const std::uint32_t version : {0U, 1U, 2U}) {
        EXPECT_TRUE(machine.dma.get_dma_adapter(1, master(4096, version), granted)) << version;
    }
    EXPECT_FALSE(machine.dma.get_dma_adapter(1, master(4096, 3), granted));
    EXPECT_EQ(granted, 0U);
    EXPECT_FALSE(machine.dma.get_dma_adapter(1, master(0), granted));
    DeviceDescription wide = master(4096);
    for (const std::uint32_t bits : {8U, 16U, 32U, 64U, 128U, 256U, 0U}) {
        wide.width_bits = bits;
        EXPECT_EQ(bool(machine.dma.get_dma_adapter(1, wide, granted)), bits >= 8 && bits <= 64) << bits;
    }
    // A routine of a later table is not there.
    Adapter adapter = machine.dma.get_dma_adapter(1, master(4096, 1), granted);
    TransferContext context;
    EXPECT_EQ(adapter.initialize_dma_transfer_context(context), Status::NotSupported);
    std::uint64_t size = 0;
    std::uint64_t registers = 0;
    EXPECT_EQ(adapter.calculate_scatter_gather_list_size(nullptr, 0, 4096, size, registers), Status::NotSupported);
    Adapter second = machine.dma.get_dma_adapter(1, master(8192, 2), granted);
    EXPECT_EQ(second.calculate_scatter_gather_list_size(nullptr, 1, 4096, size, registers), Status::Success);
    EXPECT_EQ(registers, 2U);
    EXPECT_EQ(size, list_bytes(2));
    // Without a list of pages as many as the bytes can span; with one exactly those of the chain, each list for itself.
    second = machine.dma.get_dma_adapter(1, master(16384, 2), granted);
    const Mdl tail = make_contiguous_mdl(0x30400, 8192);
    Mdl head = make_contiguous_mdl(0x20000, 100);
    head.next = &tail;
    EXPECT_EQ(second.calculate_scatter_gather_list_size(nullptr, 0x20000, 8292, size, registers), Status::Success);
    EXPECT_EQ(registers, 3U);
    EXPECT_EQ(second.calculate_scatter_gather_list_size(&head, 0x20000, 8292, size, registers), Status::Success);
    EXPECT_EQ(registers, 4U);
    EXPECT_EQ(size, list_bytes(4));
    EXPECT_EQ(second.calculate_scatter_gather_list_size(&head, 0x20000, 100, size, registers), Status::Success);
    EXPECT_EQ(registers, 1U);
    EXPECT_EQ(second.calculate_scatter_gather_list_size(&head, 0x20000, 8293, size, registers), Status::BufferTooSmall);
}

TEST(Values, AdapterInfoAndAlignment) {
    DmaMachine machine(machine_config(MapRegisterKind::Identity, 64, false));
    std::uint32_t granted = 0;
    DeviceDescription description = master(65536, 3);
    description.address_bits = 40;
    description.element_limit = 17;
    description.minimum_unit = 4;
    description.alignment = 8;
    Adapter adapter = machine.dma.get_dma_adapter(1, description, granted);
    AdapterInfo info;
    EXPECT_EQ(adapter.get_dma_adapter_info(info), Status::Success);
    EXPECT_FALSE(info.read_counter_available);
    EXPECT_EQ(info.element_limit, 17U);
    EXPECT_EQ(info.address_bits, 40U);
    EXPECT_EQ(info.minimum_unit, 4U);
    info.version = 2;
    EXPECT_EQ(adapter.get_dma_adapter_info(info), Status::NotSupported);
    EXPECT_EQ(adapter.get_dma_alignment(), 64U);
    description.master = false;
    description.channel = 5;
    Adapter system = machine.dma.get_dma_adapter(1, description, granted);
    info.version = 1;
    EXPECT_EQ(system.get_dma_adapter_info(info), Status::Success);
    EXPECT_TRUE(info.read_counter_available);
    EXPECT_EQ(info.element_limit, 1U);
    EXPECT_EQ(info.address_bits, 24U);
    EXPECT_EQ(info.minimum_unit, 2U);
    // The link between the controllers is no channel; an alignment below the unit is refused.
    description.channel = 4;
    EXPECT_FALSE(machine.dma.get_dma_adapter(1, description, granted));
    description.master = true;
    description.alignment = 2;
    EXPECT_FALSE(machine.dma.get_dma_adapter(1, description, granted));
}

TEST(Values, Lists) {
    Rig rig(machine_config(MapRegisterKind::Identity), [] {
        DeviceDescription description = master(65536, 2);
        description.scatter_gather = true;
        return description;
    }());
    const Mdl second = make_mdl(0x9000, 6000, {0x50000, 0x51000});
    Mdl first = make_mdl(0x8800, 2048, {0x30000});
    first.next = &second;
    ScatterGatherList seen;
    const auto get = [&](std::uint64_t bytes) {
        return rig.adapter.get_scatter_gather_list(
            1, &first, 0x8800, bytes, [&](const ScatterGatherList& list) { seen = list; }, Direction::ToDevice);
    };
    EXPECT_EQ(get(8049), Status::BufferTooSmall);
    EXPECT_TRUE(rig.machine.broke("DV-24"));
    rig.machine.checks.clear();
    EXPECT_EQ(get(8048), Status::Success);
    EXPECT_THAT(seen.elements, ElementsAre(Element{0x30800, 2048}, Element{0x50000, 6000}));
    Mdl made;
    EXPECT_EQ(rig.adapter.build_mdl_from_scatter_gather_list(seen, made), Status::Success);
    EXPECT_EQ(pages_of(&made, 0, 8048, 4096).front().address, 0x30800U);
    EXPECT_EQ(rig.adapter.build_mdl_from_scatter_gather_list(seen, made), Status::NoneMapped);
    EXPECT_EQ(rig.adapter.put_scatter_gather_list(seen, Direction::ToDevice), Status::Success);
    EXPECT_EQ(rig.adapter.build_scatter_gather_list(
                  1, &first, 0x8800, 8048, [&](const ScatterGatherList& list) { seen = list; }, Direction::ToDevice,
                  list_bytes(3) - 1),
              Status::BufferTooSmall);
    EXPECT_EQ(rig.adapter.build_scatter_gather_list(
                  1, &first, 0x8800, 8048, [&](const ScatterGatherList& list) { seen = list; }, Direction::ToDevice,
                  list_bytes(3)),
              Status::Success);
    EXPECT_EQ(rig.machine.dma.state().lists.at(seen.id).callers_buffer, true);
    EXPECT_EQ(rig.adapter.put_scatter_gather_list(seen, Direction::ToDevice), Status::Success);
    // The second list of one list, and the buffer that is too small.
    EXPECT_EQ(rig.machine.rules(), (std::vector<std::string>{"SV-25", "SV-26"}));
    // One element for a device that takes no lists, whatever the memory.
    Rig single(machine_config(MapRegisterKind::Hardware), master(65536));
    EXPECT_EQ(single.adapter.get_scatter_gather_list(
                  1, &first, 0x8800, 2048, [&](const ScatterGatherList& list) { seen = list; }, Direction::ToDevice),
              Status::Success);
    EXPECT_EQ(seen.elements.size(), 1U);
}

TEST(Values, ElementLimits) {
    DeviceDescription description = master(65536, 3);
    description.scatter_gather = true;
    description.element_bytes = 5000;
    Rig rig(machine_config(MapRegisterKind::Identity), description);
    const Mdl mdl = make_contiguous_mdl(0x10000, 16384);
    RegisterBase base = rig.own3(0);
    std::uint64_t bytes = 16384;
    std::vector<Element> list;
    EXPECT_EQ(rig.adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::ToDevice, list_bytes(9), &list, {}),
              Status::Success);
    EXPECT_THAT(list, ElementsAre(Element{0x10000, 5000}, Element{0x11388, 5000}, Element{0x12710, 5000},
                                  Element{0x13A98, 1384}));
    description.element_bytes = 0;
    description.boundary = 0x2000;
    Rig other(machine_config(MapRegisterKind::Identity), description);
    const Mdl crossing = make_contiguous_mdl(0x11800, 0x2000);
    base = other.own3(0);
    bytes = 0x2000;
    EXPECT_EQ(
        other.adapter.map_transfer_ex(&crossing, base, 0, 0, bytes, Direction::ToDevice, list_bytes(9), &list, {}),
        Status::Success);
    EXPECT_THAT(list, ElementsAre(Element{0x11800, 0x800}, Element{0x12000, 0x1800}));
}

TEST(Values, CommonBuffers) {
    Rig rig(machine_config(MapRegisterKind::Hardware, 8), master(32768, 3));
    rig.machine.dma.set_level(Level::Passive);
    EXPECT_EQ(rig.granted, 8U);
    const CommonBuffer buffer = rig.adapter.allocate_common_buffer(5000, true);
    EXPECT_EQ(buffer.bytes, 8192U);
    EXPECT_EQ(rig.machine.dma.state().adapter(1)->registers_in_use(), 2U);
    // Both sides see it, the device at its logical address.
    rig.machine.store(buffer.address, bytes_of(0xC0, 64));
    EXPECT_EQ(rig.machine.device_read(buffer.logical, 64), bytes_of(0xC0, 64));
    rig.machine.device_write(buffer.logical + 4990, bytes_of(0xD0, 10));
    EXPECT_EQ(rig.machine.load(buffer.address + 4990, 10), bytes_of(0xD0, 10));
    EXPECT_FALSE(rig.adapter.allocate_common_buffer(7 * 4096, true));
    EXPECT_FALSE(rig.adapter.allocate_common_buffer(0, true));
    EXPECT_EQ(rig.adapter.free_common_buffer(5000, buffer.address, buffer.logical, true), Status::InvalidParameter);
    EXPECT_EQ(rig.adapter.free_common_buffer(5000, buffer.logical, buffer.address, true), Status::Success);
    EXPECT_EQ(rig.machine.dma.state().adapter(1)->registers_in_use(), 0U);
    // Bounds: the last byte counts; large pages.
    Rig identity(machine_config(MapRegisterKind::Identity), master(32768, 3));
    identity.machine.dma.set_level(Level::Passive);
    const std::uint64_t area = identity.machine.config.dma.common.base;
    EXPECT_FALSE(identity.adapter.allocate_common_buffer_ex(area + 4094, 4096, true));
    EXPECT_TRUE(identity.adapter.allocate_common_buffer_ex(area + 4095, 4096, true));
    CommonBufferBounds bounds;
    bounds.lowest = area + 4097;
    EXPECT_EQ(identity.adapter.allocate_common_buffer_with_bounds(bounds, 1, true).logical, area + 8192);
    bounds.large_pages = true;
    EXPECT_FALSE(identity.adapter.allocate_common_buffer_with_bounds(bounds, 1, true));  // 2 MiB of 1 MiB.
    // Caching: cached where the machine is coherent, else not, whatever is asked; unless asked is an option.
    for (const bool coherent : {false, true}) {
        for (const bool option : {false, true}) {
            DmaMachineConfig config = machine_config(MapRegisterKind::Identity, 64, coherent);
            config.dma.options.common_buffer_cache =
                option ? DmaOptions::CommonBufferCache::Asked : DmaOptions::CommonBufferCache::Platform;
            Rig each(config, master(32768, 3));
            each.machine.dma.set_level(Level::Passive);
            EXPECT_EQ(each.adapter.allocate_common_buffer_ex(~0ULL, 1, true).cached, coherent || option);
            EXPECT_FALSE(each.adapter.allocate_common_buffer_ex(~0ULL, 1, false).cached);
        }
    }
    // From a list: whole pages, contiguous, locked, no type twice; permissions need remapping.
    Mdl mdl = make_contiguous_mdl(0x10000, 8192);
    CommonBuffer made;
    EXPECT_EQ(identity.adapter.create_common_buffer_from_mdl(&mdl, 0, 8192, {}, made), Status::Success);
    EXPECT_EQ(made.logical, 0x10000U);
    EXPECT_EQ(identity.adapter.create_common_buffer_from_mdl(&mdl, 0, 100, {}, made), Status::InvalidParameter);
    EXPECT_EQ(identity.adapter.create_common_buffer_from_mdl(&mdl, 0, 4096, {1, 1}, made), Status::InvalidParameter);
    EXPECT_EQ(identity.adapter.create_common_buffer_from_mdl(&mdl, 0, 4096, {1}, made), Status::NotSupported);
    const Mdl torn = make_mdl(0x10000, 8192, {0x10000, 0x13000});
    EXPECT_EQ(identity.adapter.create_common_buffer_from_mdl(&torn, 0, 8192, {}, made), Status::InsufficientResources);
}

// Common-buffer DMA: the channel goes round, the driver empties the ring behind the counter.
TEST(Values, AutoInitialiseRing) {
    DeviceDescription description = master(4096);
    description.master = false;
    description.channel = 3;
    description.auto_initialize = true;
    DmaMachineConfig config = machine_config(MapRegisterKind::Bounce);
    config.pc_at.buffer_bytes = 8;
    Rig rig(config, description);
    rig.machine.peripheral.stop_at_end = false;
    rig.machine.dma.set_level(Level::Passive);
    const CommonBuffer ring = rig.adapter.allocate_common_buffer(256, true);
    rig.machine.dma.set_level(Level::Dispatch);
    const Mdl mdl = make_contiguous_mdl(ring.address, 256);
    const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
    EXPECT_EQ(rig.adapter.map_transfer(&mdl, base, ring.address, 256, Direction::FromDevice).bytes, 256U);
    EXPECT_EQ(rig.adapter.read_dma_counter(), 256U);
    std::vector<std::uint8_t> all;
    std::uint64_t consumer = 0;
    for (std::uint8_t part = 0; part < 9; ++part) {
        rig.machine.give(3, bytes_of(part, 100));
        rig.machine.wait_given(3);
        const std::uint64_t producer = 256 - rig.adapter.read_dma_counter();
        while (consumer != producer % 256 / 8 * 8) {
            const auto byte = rig.machine.peek(ring.address + consumer, 8);
            all.insert(all.end(), byte.begin(), byte.end());
            consumer = (consumer + 8) % 256;
        }
    }
    std::vector<std::uint8_t> expected;
    for (std::uint8_t part = 0; part < 9; ++part) {
        expected = expected + bytes_of(part, 100);
    }
    expected.resize(all.size());
    EXPECT_EQ(all.size(), 896U);
    EXPECT_EQ(all, expected);
    EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, ring.address, 256, Direction::FromDevice));
    EXPECT_EQ(rig.adapter.free_adapter_channel(), Status::Success);
    rig.machine.dma.set_level(Level::Passive);
    EXPECT_EQ(rig.adapter.free_common_buffer(256, ring.logical, ring.address, true), Status::Success);
    EXPECT_EQ(rig.machine.report(), "");
}

TEST(Values, Domains) {
    DmaMachineConfig config = machine_config(MapRegisterKind::Identity);
    config.translate = true;
    Rig rig(config, master(4096, 3));
    RemappingUnit unit(rig.machine.dma, 4096, false);
    const std::uint32_t domain = unit.create_domain(DomainType::Translate);
    const std::uint32_t open = unit.create_domain(DomainType::PassThrough);
    const std::uint32_t own = unit.create_domain(DomainType::Unmanaged);
    unit.add_device(1, rig.machine.translator);
    EXPECT_EQ(unit.map_range(domain, 0x1001, 0x2000, 4096, 3), Status::InvalidParameter);
    EXPECT_EQ(unit.map_range(domain, 0x1000, 0x2000, 4097, 3), Status::InvalidParameter);
    EXPECT_EQ(unit.map_range(open, 0x1000, 0x2000, 4096, 3), Status::InvalidParameter1);
    EXPECT_EQ(unit.map_range(domain, 0x1000, 0x20000, 8192, kDomainReads), Status::Success);
    EXPECT_EQ(unit.map_range(domain, 0x2000, 0x2000, 4096, 3), Status::InUse);
    EXPECT_EQ(unit.attach(1, open), Status::AccessDenied);
    EXPECT_EQ(unit.attach(1, domain), Status::Success);
    EXPECT_EQ(unit.attach(1, domain), Status::InvalidParameter);
    EXPECT_EQ(unit.delete_domain(domain), Status::DeviceBusy);
    rig.machine.poke(0x20000, bytes_of(7, 64));
    rig.machine.cpu.wait_cycles(1);
    EXPECT_EQ(rig.machine.device_read(0x1000, 64), bytes_of(7, 64));
    EXPECT_EQ(rig.machine.device_write(0x1000, bytes_of(1, 8)), Response::AddressError);  // Read only.
    EXPECT_EQ(rig.machine.device_write(0x3000, bytes_of(1, 8)), Response::AddressError);  // Not mapped.
    // Logically contiguous, in reach, for any memory.
    std::uint64_t logical = 0;
    EXPECT_EQ(unit.reserve_range(domain, 0x5000, 4096, true), Status::Success);
    EXPECT_EQ(unit.map_pages(domain, {0x2'0000'0000, 0x30000}, 0x4000, 0xFFFF, 3, logical), Status::Success);
    EXPECT_EQ(logical, 0x6000U);
    EXPECT_EQ(unit.map_pages(domain, {0, 0x1000}, 0x3000, 0x4FFE, 3, logical), Status::InvalidParameterMix);
    EXPECT_EQ(unit.unmap_range(domain, 0x9000, 4096), Status::NoneMapped);
    EXPECT_EQ(unit.unmap_range(domain, 0x1000, 8192), Status::Success);
    EXPECT_EQ(unit.detach(1), Status::Success);
    EXPECT_EQ(unit.delete_domain(domain), Status::Success);
    // Blocked until the caller's table is there.
    EXPECT_EQ(unit.attach(1, own), Status::Success);
    rig.machine.cpu.wait_cycles(1);
    EXPECT_EQ(rig.machine.device_write(0x7000, bytes_of(1, 8)), Response::AddressError);
    TranslationTable table;
    table.set(0x7000, {0x40000, true, true, true}, rig.machine.cpu.now());
    EXPECT_EQ(unit.configure_domain(own, table), Status::Success);
    rig.machine.cpu.wait_cycles(1);
    EXPECT_EQ(rig.machine.device_write(0x7000, bytes_of(9, 8)), Response::Ok);
    EXPECT_EQ(rig.machine.peek(0x40000, 8), bytes_of(9, 8));
    // The routines of the table.
    rig.machine.dma.set_level(Level::Passive);
    EXPECT_EQ(rig.adapter.get_dma_domain(), 0U);
    EXPECT_FALSE(rig.adapter.allocate_domain_common_buffer(own, {}, 100, true));
    EXPECT_EQ(rig.adapter.join_dma_domain(own), Status::Success);
    EXPECT_EQ(rig.adapter.join_dma_domain(own), Status::InvalidParameter);
    EXPECT_TRUE(rig.adapter.allocate_domain_common_buffer(own, {}, 100, true));
    EXPECT_EQ(rig.adapter.leave_dma_domain(), Status::Success);
    EXPECT_EQ(rig.adapter.leave_dma_domain(), Status::InvalidParameter);
    DeviceDescription out = master(4096, 3);
    out.remapping_supported = false;
    std::uint32_t granted = 0;
    EXPECT_EQ(rig.machine.dma.get_dma_adapter(2, out, granted).join_dma_domain(own), Status::AccessDenied);
}

TEST(Values, BouncePoolOfTheStreamingMap) {
    DmaMachine machine(machine_config(MapRegisterKind::Identity, 64, false));
    StreamingConfig config;
    config.regions = {{{0, 0x3'0000'0000}, RegionKind::Ram}};
    config.pool = {0x100'0000, 3 * 262144};
    StreamingMap map(machine.cpu, config);
    StreamingDevice device;
    device.address_bits = 32;
    device.min_align_mask = 0xFFF;
    map.set_device(1, device);
    constexpr std::uint64_t kFar = 0x2'0000'0000;
    // Copied first also when the device is to write, and back; low bits stay.
    machine.store(kFar + 0x123, bytes_of(0xA0, 300));
    const std::uint64_t dma = map.map_single(1, kFar + 0x123, 300, Direction::FromDevice);
    EXPECT_EQ(dma, 0x100'0123U);
    machine.device_write(dma, bytes_of(0xD0, 100));
    map.sync_for_cpu(1, dma + 50, 50, Direction::FromDevice);
    EXPECT_EQ(machine.load(kFar + 0x123, 100), bytes_of(0xA0, 50) + bytes_of(0xD0, 50));
    map.unmap_single(1, dma, 300, Direction::FromDevice);
    EXPECT_EQ(machine.load(kFar + 0x123, 300), bytes_of(0xD0, 100) + bytes_of(0xA0, 200));
    // A copy spans no two sets: 256 KiB is the most, and two of 130 KiB do not share one.
    EXPECT_EQ(map.map_single(1, kFar, 262145, Direction::ToDevice), kMappingError);
    const std::uint64_t whole = map.map_single(1, kFar, 262144, Direction::ToDevice);
    EXPECT_EQ(whole, 0x100'0000U);
    EXPECT_EQ(map.map_single(1, kFar, 133120, Direction::ToDevice), 0x104'0000U);
    EXPECT_EQ(map.map_single(1, kFar, 133120, Direction::ToDevice), 0x108'0000U);
    EXPECT_EQ(map.map_single(1, kFar, 133120, Direction::ToDevice), kMappingError);
    EXPECT_TRUE(map.mapping_error(1, kMappingError));
    map.unmap_single(1, whole, 262144, Direction::ToDevice);
    EXPECT_EQ(map.map_single(1, kFar, 133120, Direction::ToDevice), 0x100'0000U);
    // Slots of 2 KiB: a byte more takes another one.
    StreamingDevice tight;
    tight.address_bits = 32;
    map.set_device(3, tight);
    EXPECT_EQ(map.map_single(3, kFar + 5, 2048, Direction::ToDevice), 0x102'0800U);
    EXPECT_EQ(map.map_single(3, kFar + 5, 2049, Direction::ToDevice), 0x102'1000U);
    EXPECT_EQ(map.map_single(3, kFar + 5, 1, Direction::ToDevice), 0x102'2000U);
    // An untrusted device sees no neighbours of a part of a page.
    StreamingDevice guest;
    guest.untrusted = true;
    map.set_device(2, guest);
    EXPECT_NE(map.map_single(2, 0x5000, 100, Direction::ToDevice), 0x5000U);
    EXPECT_EQ(map.map_single(2, 0x5000, 4096, Direction::ToDevice), 0x5000U);
    // Neighbours of a list are merged as far as the device takes them.
    std::vector<Segment> list{{0x6000, 4096, 0, 0}, {0x7000, 4096, 0, 0}, {0x9000, 4096, 0, 0}};
    EXPECT_EQ(map.map_list(1, list, Direction::ToDevice), 2U);
    EXPECT_EQ(list[0].dma_bytes, 8192U);
    EXPECT_NE(map.dump().find("list"), std::string::npos);
}

TEST(Values, TransferInfo) {
    DeviceDescription description = master(65536, 3);
    description.address_bits = 32;
    for (const bool coherent : {true, false}) {
        Rig rig(machine_config(MapRegisterKind::Bounce, 64, coherent), description);
        TransferInfo info;
        info.version = 2;
        const Mdl near = make_contiguous_mdl(0x10010, 8192);
        // In reach and in one piece: no register, where older versions count pages.
        EXPECT_EQ(rig.adapter.get_dma_transfer_info(&near, 0, 8192, true, info), Status::Success);
        EXPECT_EQ(info.registers, 0U);
        EXPECT_EQ(info.elements, 3U);
        EXPECT_EQ(info.logical_pages, 3U);
        EXPECT_EQ(info.list_bytes, list_bytes(3));
        // For reads the lines at both ends.
        EXPECT_EQ(rig.adapter.get_dma_transfer_info(&near, 0, 8192, false, info), Status::Success);
        EXPECT_EQ(info.registers, coherent ? 0U : 2U);
        const Mdl far = make_contiguous_mdl(0x2'0000'0000, 8192);
        EXPECT_EQ(rig.adapter.get_dma_transfer_info(&far, 0, 8192, true, info), Status::Success);
        EXPECT_EQ(info.registers, 2U);
        EXPECT_EQ(rig.adapter.get_dma_transfer_info(&far, 8192, 1, true, info), Status::InvalidParameter);
        EXPECT_EQ(rig.adapter.get_dma_transfer_info(&far, 8191, 2, true, info), Status::InvalidParameter);
        EXPECT_EQ(rig.adapter.get_dma_transfer_info(&far, 0, 0, true, info), Status::InvalidParameter);
        info.version = 3;
        EXPECT_EQ(rig.adapter.get_dma_transfer_info(&far, 0, 1, true, info), Status::NotSupported);
    }
}

TEST(Values, IgnoredCounterIsSlower) {
    const auto cycles = [](std::uint32_t version, bool ignore) {
        DeviceDescription description = master(4096, version);
        description.master = false;
        description.channel = 2;
        description.ignore_count = ignore;
        Rig rig(machine_config(MapRegisterKind::Bounce), description);
        const Mdl mdl = make_contiguous_mdl(0x1000, 256);
        const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
        const Cycles begun = rig.machine.cpu.now();
        rig.adapter.map_transfer(&mdl, base, 0x1000, 256, Direction::FromDevice);
        rig.machine.give(2, bytes_of(0xD0, 256));
        rig.machine.wait_given(2);
        EXPECT_TRUE(rig.adapter.flush_adapter_buffers(&mdl, base, 0x1000, 256, Direction::FromDevice));
        EXPECT_EQ(rig.machine.load(0x1000, 256), bytes_of(0xD0, 256));
        return rig.machine.cpu.now().count() - begun.count();
    };
    EXPECT_GT(cycles(1, true), cycles(1, false));
    // Descriptions of version 0 do not say it (AO-05).
    EXPECT_EQ(cycles(0, true), cycles(0, false));
}

TEST(Values, ConfigureChannel) {
    DeviceDescription description = master(4096, 3);
    description.master = false;
    description.channel = 2;
    Rig rig(machine_config(MapRegisterKind::Bounce), description);
    EXPECT_EQ(rig.adapter.configure_adapter_channel(1, 1), Status::InvalidDeviceRequest);
    rig.own3(1);
    EXPECT_EQ(rig.adapter.configure_adapter_channel(1, 1), Status::Success);
    rig.machine.cpu.wait_cycles(2);
    EXPECT_EQ(rig.machine.pc_at.slave().registers().command, i8237_command::kRotating);
    EXPECT_EQ(rig.adapter.configure_adapter_channel(77, 0), Status::NotImplemented);
}

/// Writes notes down.
class Notes final : public DriverNotes {
  public:
    void map(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, Cycles /*at*/) override {
        text += (direction == DmaDirection::ToDevice ? "out " : "in ") + std::to_string(address) + "+" +
                std::to_string(bytes) + " ";
    }
    void completed(std::uint64_t address, std::uint64_t bytes, Cycles /*at*/) override {
        text += "done " + std::to_string(address) + "+" + std::to_string(bytes) + " ";
    }
    void freed(std::uint64_t /*address*/, std::uint64_t /*bytes*/, Cycles /*at*/) override {}
    void descriptors(std::uint64_t /*address*/, std::uint64_t /*bytes*/, Cycles /*at*/) override {}
    void published(std::uint64_t /*address*/, std::uint64_t /*bytes*/, Cycles /*at*/) override {}
    void doorbell(Cycles /*at*/) override {}
    void bounce(DmaDirection /*direction*/, std::uint64_t /*address*/, std::uint64_t /*bytes*/,
                std::uint64_t /*bounce*/, Cycles /*at*/) override {}
    void copy(std::uint64_t /*destination*/, std::uint64_t /*source*/, std::uint64_t /*bytes*/,
              Cycles /*at*/) override {}
    std::string text;
};

TEST(Values, NotesAndFindingsForTheVerifier) {
    Rig rig(machine_config(MapRegisterKind::Identity), master(8192));
    Notes notes;
    rig.machine.dma.set_notes(&notes);
    const Mdl mdl = make_contiguous_mdl(4096, 6000);
    const RegisterBase base = rig.own(2);
    rig.adapter.map_transfer(&mdl, base, 4096, 6000, Direction::FromDevice);
    EXPECT_EQ(notes.text, "in 4096+4096 in 8192+1904 ");
    notes.text.clear();
    rig.adapter.flush_adapter_buffers(&mdl, base, 4096, 5000, Direction::FromDevice);
    EXPECT_EQ(notes.text, "done 4096+4096 done 8192+904 ");
    ASSERT_EQ(rig.machine.rules(), std::vector<std::string>{"SV-07"});
    const Finding finding = to_finding(rig.machine.checks.findings().front());
    EXPECT_EQ(finding.rule, "SV-07");
    EXPECT_EQ(finding.bytes, 5000U);
    EXPECT_EQ(finding.address, 4096U);
    EXPECT_EQ(finding.missing, "the parameters of the map");
    EXPECT_EQ(finding.reader.what, "flush_adapter_buffers, adapter 1, device 1");
    EXPECT_NE(finding.message.find("mapped by map_transfer in cycle"), std::string::npos);
}

TEST(Values, BadConfigurationsSayWhy) {
    test::DmaMachine machine;
    const auto refused = [&](auto change) {
        DmaConfig config;
        change(config);
        EXPECT_THROW(DmaOperations(machine.cpu, config), ConfigError);
    };
    refused([](DmaConfig& config) { config.page_bytes = 1000; });
    refused([](DmaConfig& config) { config.register_count = 0; });
    refused([](DmaConfig& config) { config.highest_version = 4; });
    refused([](DmaConfig& config) { config.register_base = 17; });
    refused([](DmaConfig& config) { config.cache_line = 3; });
    EXPECT_THROW(PcAtDma(PcAtConfig{{}, 3, PcAtRemainder::Keep}, machine.translator, machine.peripheral), ConfigError);
    MapRegistersConfig map;
    map.registers = 0;
    EXPECT_THROW(MapRegistersCore{map}, ConfigError);
    map.registers = 4;
    map.window = 5;
    EXPECT_THROW(MapRegistersCore{map}, ConfigError);
    EXPECT_THROW(PcAtController(PcAtControllerConfig{0, false, false, 0}), ConfigError);
}

}  // namespace
}  // namespace dmasim::dma
