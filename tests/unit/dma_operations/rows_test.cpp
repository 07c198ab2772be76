// SPDX-License-Identifier: Apache-2.0
//
// Single rows of the documentation, each with a test of its own, from both sides of every limit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/dma_operations/domain.h"
#include "dmasim/cpu_stub/core/dma_operations/transaction.h"

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::bytes_of;
using test::DmaMachine;
using test::DmaMachineConfig;
using test::Rig;
using testing::ElementsAre;

constexpr std::uint64_t kBuffer = 0x1000;
constexpr std::uint64_t kPage = 4096;

DmaMachineConfig machine_config(MapRegisterKind kind, bool coherent = true, std::uint32_t registers = 64) {
    DmaMachineConfig config;
    config.coherent = coherent;
    config.dma.registers = kind;
    config.dma.register_count = registers;
    return config;
}

DeviceDescription described(std::uint32_t version, bool master = true, std::uint64_t maximum = 4 * kPage) {
    DeviceDescription description;
    description.version = version;
    description.master = master;
    description.channel = 1;
    description.maximum_length = maximum;
    return description;
}

/// Remembers what it was told to do.
class Recorder final : public SystemController {
  public:
    [[nodiscard]] SystemLimits limits(unsigned /*channel*/) const override {
        SystemLimits limits;
        limits.exists = true;
        limits.element_limit = 0;
        return limits;
    }
    void start(CpuContext& /*cpu*/, const SystemTransfer& transfer) override { started = transfer; }
    void stop(CpuContext& /*cpu*/, unsigned /*channel*/) override {}
    SystemState state(CpuContext& /*cpu*/, unsigned /*channel*/) override { return SystemState::Complete; }
    std::uint64_t remaining(CpuContext& /*cpu*/, unsigned /*channel*/) override { return 0; }
    bool drain(CpuContext& /*cpu*/, unsigned /*channel*/) override { return true; }

    SystemTransfer started;
};

/// What the controller is told of a transfer of this device; `list`: asked for as a list.
SystemTransfer started(const DeviceDescription& description, bool any_version = false, bool list = false,
                       std::uint32_t device_offset = 0) {
    DmaMachineConfig config = machine_config(MapRegisterKind::Identity);
    config.dma.options.demand_mode_any_version = any_version;
    DmaMachine machine(config);
    Recorder recorder;
    machine.dma.set_system_controller(recorder);
    std::uint32_t granted = 0;
    Adapter adapter = machine.dma.get_dma_adapter(1, description, granted);
    machine.dma.set_level(Level::Dispatch);
    const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
    RegisterBase base = 0;
    if (list) {
        EXPECT_EQ(adapter.get_scatter_gather_list(
                      1, &mdl, kBuffer, 64, [](const ScatterGatherList&) {}, Direction::ToDevice),
                  Status::Success);
    } else if (description.version < 3) {
        EXPECT_EQ(adapter.allocate_adapter_channel(1, 1,
                                                   [&](RegisterBase given) {
                                                       base = given;
                                                       return AllocationAction::KeepObject;
                                                   }),
                  Status::Success);
        EXPECT_EQ(adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::ToDevice).bytes, 64U);
    } else {
        TransferContext context;
        EXPECT_EQ(adapter.initialize_dma_transfer_context(context), Status::Success);
        EXPECT_EQ(adapter.allocate_adapter_channel_ex(1, context, 1, {true}, {}, &base), Status::Success);
        std::uint64_t bytes = 64;
        EXPECT_EQ(adapter.map_transfer_ex(&mdl, base, 0, device_offset, bytes, Direction::ToDevice, 0, nullptr, {}),
                  Status::Success);
    }
    return recorder.started;
}

TEST(Rows, DD03DemandModeIsHonouredForVersion2) {
    for (const bool demand : {false, true}) {
        for (const std::uint32_t version : {0U, 1U, 2U, 3U}) {
            DeviceDescription description = described(version, false);
            description.demand_mode = demand;
            EXPECT_EQ(started(description).demand, demand && version == 2) << version;
            EXPECT_EQ(started(description, true).demand, demand) << version;
            EXPECT_EQ(started(description, false, true).demand, demand && version == 2) << version;
        }
    }
}

TEST(Rows, DD05AddressFlagsBeforeVersion3) {
    DmaMachine machine;
    const auto bits = [&](std::uint32_t version, bool dma32, bool dma64) {
        DeviceDescription description = described(version);
        description.dma32 = dma32;
        description.dma64 = dma64;
        description.address_bits = 40;
        std::uint32_t granted = 0;
        return machine.dma.state().adapter(machine.dma.get_dma_adapter(1, description, granted).id())->address_bits;
    };
    for (const std::uint32_t version : {0U, 1U, 2U}) {
        EXPECT_EQ(bits(version, false, false), 24U);
        EXPECT_EQ(bits(version, true, false), 32U);
        EXPECT_EQ(bits(version, false, true), 64U);
        EXPECT_EQ(bits(version, true, true), 64U);
    }
    // Version 3 says it in bits.
    EXPECT_EQ(bits(3, false, false), 40U);
    // The last byte in reach is not copied, the next one is.
    for (const std::uint64_t beyond : {0U, 1U}) {
        DeviceDescription description = described(1);
        description.dma32 = false;
        Rig rig(machine_config(MapRegisterKind::Bounce), description);
        const std::uint64_t start = (1U << 24) - 64 + beyond;
        const Mdl mdl = make_contiguous_mdl(start, 64);
        const RegisterBase base = rig.own(2);
        const MappedBlock block = rig.adapter.map_transfer(&mdl, base, start, 64, Direction::ToDevice);
        EXPECT_EQ(block.logical == start, beyond == 0);
    }
}

TEST(Rows, DD10DeviceAddressAndOffset) {
    DeviceDescription description = described(3, false);
    description.device_address = 0x8000;
    description.width_bits = 16;
    EXPECT_EQ(started(description).device_address, 0x8000U);
    EXPECT_EQ(started(description, false, false, 0x24).device_address, 0x8024U);
    EXPECT_EQ(started(description).width_bits, 16U);
    description.version = 2;
    EXPECT_EQ(started(description).device_address, 0U);
}

TEST(Rows, NUM12LargePages) {
    const std::uint64_t large = kPage * 512;
    for (const std::uint64_t area : {large - kPage, large, 2 * large - kPage, 2 * large}) {
        DmaMachineConfig config = machine_config(MapRegisterKind::Identity);
        config.dma.common = {4 * large, area};
        Rig rig(config, described(3));
        rig.machine.dma.set_level(Level::Passive);
        CommonBufferBounds bounds;
        bounds.large_pages = true;
        const CommonBuffer two = rig.adapter.allocate_common_buffer_with_bounds(bounds, large + 1, true);
        EXPECT_EQ(static_cast<bool>(two), area >= 2 * large) << area;
        const CommonBuffer one = rig.adapter.allocate_common_buffer_with_bounds(bounds, 1, true);
        EXPECT_EQ(static_cast<bool>(one), area >= large && !two) << area;
        if (one) {
            EXPECT_EQ(one.bytes, large);
            EXPECT_EQ(one.logical % large, 0U);
        }
        if (two) {
            EXPECT_EQ(two.bytes, 2 * large);
        }
    }
}

// ------------------------------------------------------------------------------------------------------ common buffers

struct CommonRig : Rig {
    explicit CommonRig(MapRegisterKind kind = MapRegisterKind::Identity, bool coherent = true)
        : Rig(machine_config(kind, coherent, 8), described(3, true, 8 * kPage)) {
        machine.dma.set_level(Level::Passive);
    }
};

TEST(Rows, CB01BothSidesReachIt) {
    for (const MapRegisterKind kind : {MapRegisterKind::Identity, MapRegisterKind::Hardware}) {
        CommonRig rig(kind);
        const CommonBuffer buffer = rig.adapter.allocate_common_buffer(5000, true);
        ASSERT_TRUE(buffer);
        EXPECT_EQ(buffer.asked, 5000U);
        EXPECT_EQ(buffer.bytes, 2 * kPage);  // At least one page, whole pages.
        EXPECT_EQ(rig.adapter.allocate_common_buffer(1, true).bytes, kPage);
        rig.machine.store(buffer.address + 4090, bytes_of(0xC0, 12));
        EXPECT_EQ(rig.machine.device_read(buffer.logical + 4090, 12), bytes_of(0xC0, 12));  // Contiguous for both.
        rig.machine.device_write(buffer.logical + 4999, bytes_of(0xD0, 1));
        EXPECT_EQ(rig.machine.load(buffer.address + 4999, 1), bytes_of(0xD0, 1));
        EXPECT_EQ(rig.machine.report(), "");
        // Only what was asked for may be touched.
        rig.machine.load(buffer.address + 5000, 1);
        EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"SV-17"});
        EXPECT_FALSE(rig.adapter.allocate_common_buffer(0x100'0000, true));  // More than there is.
    }
}

TEST(Rows, CB02OnePageMaySucceedWhereManyFail) {
    CommonRig rig(MapRegisterKind::Hardware);
    std::vector<CommonBuffer> pages;
    for (unsigned page = 0; page < 8; ++page) {
        pages.push_back(rig.adapter.allocate_common_buffer(kPage, true));
        ASSERT_TRUE(pages.back());
    }
    for (const std::size_t page : {1U, 3U, 5U}) {
        const CommonBuffer& buffer = pages[page];
        EXPECT_EQ(rig.adapter.free_common_buffer(kPage, buffer.logical, buffer.address, true), Status::Success);
    }
    EXPECT_FALSE(rig.adapter.allocate_common_buffer(2 * kPage, true));
    EXPECT_TRUE(rig.adapter.allocate_common_buffer(kPage, true));
}

TEST(Rows, CB03LogicalNotPhysical) {
    CommonRig rig(MapRegisterKind::Hardware);
    const CommonBuffer buffer = rig.adapter.allocate_common_buffer(64, true);
    ASSERT_NE(buffer.logical, buffer.address);
    EXPECT_EQ(rig.machine.device_write(buffer.logical, bytes_of(1, 8)), Response::Ok);
    EXPECT_EQ(rig.machine.device_write(buffer.address, bytes_of(1, 8)), Response::AddressError);
    EXPECT_TRUE(rig.machine.broke("DV-26"));
}

TEST(Rows, CB04CachedAsThePlatformIs) {
    for (const bool coherent : {false, true}) {
        for (const bool asked : {false, true}) {
            CommonRig rig(MapRegisterKind::Identity, coherent);
            EXPECT_EQ(rig.adapter.allocate_common_buffer(64, asked).cached, coherent) << asked;
        }
    }
}

TEST(Rows, CB05CachedAsAskedFromVersion3On) {
    for (const bool coherent : {false, true}) {
        for (const bool asked : {false, true}) {
            CommonRig rig(MapRegisterKind::Identity, coherent);
            // Where hardware is not coherent, that overrides the wish.
            EXPECT_EQ(rig.adapter.allocate_common_buffer_ex(~0ULL, 64, asked).cached, coherent && asked);
        }
    }
}

TEST(Rows, CB08FreedAsItWasAllocated) {
    for (unsigned wrong = 0; wrong < 5; ++wrong) {
        CommonRig rig(MapRegisterKind::Hardware);
        const CommonBuffer buffer = rig.adapter.allocate_common_buffer(5000, true);
        EXPECT_EQ(rig.adapter.free_common_buffer(buffer.asked - (wrong == 1 ? 1 : 0),
                                                 buffer.logical + (wrong == 2 ? kPage : 0),
                                                 buffer.address + (wrong == 3 ? kPage : 0), wrong != 4),
                  wrong == 0 ? Status::Success : Status::InvalidParameter);
        EXPECT_EQ(rig.machine.dma.state().adapter(1)->registers_in_use(), wrong == 0 ? 0U : 2U);
        const char* rule = wrong == 3 ? "DV-03" : "SV-17";  // Nothing begins at that address.
        EXPECT_EQ(rig.machine.rules(), wrong == 0 ? std::vector<std::string>{} : std::vector<std::string>{rule});
    }
}

TEST(Rows, CB09Bounds) {
    CommonRig rig;
    const std::uint64_t area = rig.machine.config.dma.common.base;
    CommonBufferBounds bounds;
    bounds.lowest = area + 1;
    bounds.highest = area + 2 * kPage - 2;
    EXPECT_FALSE(rig.adapter.allocate_common_buffer_with_bounds(bounds, 1, true));
    bounds.highest = area + 2 * kPage - 1;
    EXPECT_EQ(rig.adapter.allocate_common_buffer_with_bounds(bounds, 1, true).logical, area + kPage);
    bounds.lowest = area;
    EXPECT_EQ(rig.adapter.allocate_common_buffer_with_bounds(bounds, 1, true).logical, area);
    EXPECT_FALSE(rig.adapter.allocate_common_buffer_with_bounds(bounds, 1, true));  // Both pages are taken.
}

TEST(Rows, CB10FromAList) {
    CommonRig rig;
    CommonBuffer made;
    const auto create = [&](const Mdl& mdl, std::uint64_t offset, std::uint64_t bytes,
                            const std::vector<std::uint32_t>& types = {}) {
        return rig.adapter.create_common_buffer_from_mdl(&mdl, offset, bytes, types, made);
    };
    const Mdl right = make_contiguous_mdl(0x10000, 2 * kPage);
    EXPECT_EQ(create(right, kPage, kPage), Status::Success);
    EXPECT_EQ(made.logical, 0x11000U);
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(create(right, 1, kPage), Status::InvalidParameter);          // Aligned to pages,
    EXPECT_EQ(create(right, 0, kPage - 1), Status::InvalidParameter);      // whole pages,
    EXPECT_EQ(create(right, kPage, 2 * kPage), Status::InvalidParameter);  // inside of one list,
    Mdl first = make_contiguous_mdl(0x10000, kPage);
    first.next = &right;
    EXPECT_EQ(create(first, 0, 2 * kPage), Status::InvalidParameter);      // not of a chain,
    EXPECT_EQ(create(right, 0, kPage, {2, 2}), Status::InvalidParameter);  // no type twice,
    EXPECT_EQ(create(right, 0, kPage, {2}), Status::NotSupported);         // permissions with remapping only,
    EXPECT_EQ(create(make_mdl(0x10000, 2 * kPage, {0x10000, 0x13000}), 0, 2 * kPage),
              Status::InsufficientResources);  // contiguous,
    Mdl away = right;
    away.locked = false;
    EXPECT_EQ(create(away, 0, kPage), Status::InvalidParameter);  // resident
    away.locked = true;
    away.system_mapped = false;
    EXPECT_EQ(create(away, 0, kPage), Status::InvalidParameter);  // and mapped.
    EXPECT_EQ(rig.adapter.join_dma_domain(1), Status::Success);
    EXPECT_EQ(create(right, 0, kPage, {2}), Status::Success);
}

// ------------------------------------------------------------------------------------------------------------- domains

struct DomainRig : Rig {
    DomainRig() : Rig(config(), described(3)), unit(machine.dma, 4096, false) {
        unit.add_device(1, machine.translator);
        machine.dma.set_level(Level::Passive);
    }
    static DmaMachineConfig config() {
        DmaMachineConfig config = machine_config(MapRegisterKind::Identity);
        config.translate = true;
        return config;
    }
    Response write(std::uint64_t logical, std::size_t bytes = 8) {
        machine.cpu.wait_cycles(1);
        return machine.device_write(logical, bytes_of(0xD0, bytes));
    }
    RemappingUnit unit;
};

TEST(Rows, DM01GetJoinLeave) {
    DomainRig rig;
    Adapter second = rig.another(2, described(3));
    EXPECT_EQ(rig.adapter.get_dma_domain(), 0U);
    EXPECT_EQ(rig.adapter.join_dma_domain(7), Status::Success);
    EXPECT_EQ(second.join_dma_domain(rig.adapter.get_dma_domain()), Status::Success);
    EXPECT_EQ(second.get_dma_domain(), 7U);
    EXPECT_EQ(rig.adapter.leave_dma_domain(), Status::Success);
    EXPECT_EQ(rig.adapter.get_dma_domain(), 0U);
    EXPECT_EQ(second.get_dma_domain(), 7U);
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.adapter.leave_dma_domain(), Status::InvalidParameter);
}

TEST(Rows, DM02CommonBufferOfADomain) {
    DomainRig rig;
    CommonBufferBounds bounds;
    bounds.highest = rig.machine.config.dma.common.base + kPage - 1;
    EXPECT_FALSE(rig.adapter.allocate_domain_common_buffer(7, bounds, 100, true));
    EXPECT_EQ(rig.adapter.join_dma_domain(7), Status::Success);
    EXPECT_FALSE(rig.adapter.allocate_domain_common_buffer(8, bounds, 100, true));
    EXPECT_TRUE(rig.adapter.allocate_domain_common_buffer(7, bounds, 100, true));
    EXPECT_FALSE(rig.adapter.allocate_domain_common_buffer(7, bounds, 100, true));  // Nothing left below the maximum.
}

TEST(Rows, DM03Types) {
    DmaMachine machine(DomainRig::config());
    RemappingUnit unit(machine.dma);
    unit.add_device(1, machine.translator);
    machine.poke(kBuffer, bytes_of(0xA0, 64));
    const auto write = [&](DomainType type) {
        const std::uint32_t domain = unit.create_domain(type);
        EXPECT_EQ(unit.attach(1, domain), Status::Success);
        machine.cpu.wait_cycles(1);
        const Response response = machine.device_write(kBuffer, bytes_of(0xD0, 8));
        EXPECT_EQ(unit.detach(1), Status::Success);
        return response;
    };
    EXPECT_EQ(write(DomainType::Translate), Response::AddressError);  // Nothing is mapped.
    EXPECT_EQ(write(DomainType::Unmanaged), Response::AddressError);  // The table is missing.
    EXPECT_EQ(machine.peek(kBuffer, 8), bytes_of(0xA0, 8));
    EXPECT_EQ(write(DomainType::PassThrough), Response::Ok);  // No map is needed.
    EXPECT_EQ(machine.peek(kBuffer, 8), bytes_of(0xD0, 8));
}

TEST(Rows, DM04MapRange) {
    DomainRig rig;
    const std::uint32_t domain = rig.unit.create_domain(DomainType::Translate);
    const auto map = [&](std::uint64_t logical, std::uint64_t physical, std::uint64_t bytes, unsigned permissions) {
        return rig.unit.map_range(domain, logical, physical, bytes, permissions);
    };
    EXPECT_EQ(map(0x1008, 0x20000, kPage, 3), Status::InvalidParameter);
    EXPECT_EQ(map(0x1000, 0x20008, kPage, 3), Status::InvalidParameter);
    EXPECT_EQ(map(0x1000, 0x20000, kPage + 8, 3), Status::InvalidParameter);
    EXPECT_EQ(map(0x1000, 0x20000, kPage, 0), Status::InvalidParameter);
    EXPECT_EQ(map(0x1000, 0x20000, kPage, 4), Status::InvalidParameter);
    EXPECT_EQ(map(0x1000, 0x20000, kPage, kDomainReads), Status::Success);
    EXPECT_EQ(map(0x2000, 0x21000, kPage, kDomainWrites), Status::Success);
    EXPECT_EQ(map(0x2000, 0x30000, kPage, 3), Status::InUse);
    EXPECT_EQ(rig.unit.map_range(rig.unit.create_domain(DomainType::Unmanaged), 0x1000, 0x20000, kPage, 3),
              Status::InvalidParameter1);
    EXPECT_EQ(rig.unit.attach(1, domain), Status::Success);
    rig.machine.poke(0x20000, bytes_of(5, 8));
    EXPECT_EQ(rig.write(0x1000), Response::AddressError);
    EXPECT_EQ(rig.machine.device_read(0x1000, 8), bytes_of(5, 8));
    EXPECT_EQ(rig.write(0x2000), Response::Ok);
    EXPECT_EQ(rig.machine.peek(0x21000, 8), bytes_of(0xD0, 8));
    EXPECT_EQ(rig.write(0x2FF8), Response::Ok);
    EXPECT_EQ(rig.write(0x3000), Response::AddressError);
}

TEST(Rows, DM05OneDomainForADevice) {
    DomainRig rig;
    const std::uint32_t first = rig.unit.create_domain(DomainType::Translate);
    const std::uint32_t second = rig.unit.create_domain(DomainType::Translate);
    const std::uint32_t direct = rig.unit.create_domain(DomainType::PassThrough);
    EXPECT_EQ(rig.unit.attach(1, direct), Status::AccessDenied);  // Not allowed here.
    EXPECT_EQ(rig.unit.attach(2, first), Status::InvalidParameter);
    EXPECT_EQ(rig.unit.attach(1, first), Status::Success);
    EXPECT_EQ(rig.unit.attach(1, second), Status::InvalidParameter);
    EXPECT_EQ(rig.unit.detach(1), Status::Success);
    EXPECT_EQ(rig.unit.attach(1, second), Status::Success);
}

TEST(Rows, DM06DeletedWhenNoDeviceIsLeft) {
    DomainRig rig;
    const std::uint32_t domain = rig.unit.create_domain(DomainType::Translate);
    EXPECT_EQ(rig.unit.attach(1, domain), Status::Success);
    EXPECT_EQ(rig.unit.delete_domain(domain), Status::DeviceBusy);
    EXPECT_EQ(rig.unit.detach(1), Status::Success);
    EXPECT_EQ(rig.unit.delete_domain(domain), Status::Success);
    EXPECT_EQ(rig.unit.delete_domain(domain), Status::InvalidParameter);
}

TEST(Rows, DM07BlockedUntilConfigured) {
    DomainRig rig;
    const std::uint32_t own = rig.unit.create_domain(DomainType::Unmanaged);
    EXPECT_EQ(rig.unit.attach(1, own), Status::Success);
    EXPECT_EQ(rig.write(kBuffer), Response::AddressError);
    TranslationTable table(4096);
    table.set(kBuffer, {0x40000, true, true, true}, rig.machine.cpu.now());
    EXPECT_EQ(rig.unit.configure_domain(own, table), Status::Success);
    EXPECT_EQ(rig.write(kBuffer), Response::Ok);
    EXPECT_EQ(rig.machine.peek(0x40000, 8), bytes_of(0xD0, 8));
    EXPECT_EQ(rig.unit.configure_domain(rig.unit.create_domain(DomainType::Translate), table),
              Status::InvalidParameter1);
}

TEST(Rows, DM09ContiguousAndInReach) {
    DomainRig rig;
    const std::uint32_t domain = rig.unit.create_domain(DomainType::Translate);
    std::uint64_t logical = 1;
    const std::vector<std::uint64_t> pages{0x2'0000'0000, 0x5000, 0x2'0000'3000};
    EXPECT_EQ(rig.unit.map_pages(domain, pages, 0x8001, 0xBFFE, 3, logical), Status::InvalidParameterMix);
    EXPECT_EQ(logical, 0U);
    EXPECT_EQ(rig.unit.map_pages(domain, pages, 0x8001, 0xBFFF, 3, logical), Status::Success);
    EXPECT_EQ(logical, 0x9000U);
    EXPECT_EQ(rig.unit.attach(1, domain), Status::Success);
    for (std::size_t page = 0; page < pages.size(); ++page) {
        EXPECT_EQ(rig.write(logical + page * kPage), Response::Ok);
        EXPECT_EQ(rig.machine.peek(pages[page], 8), bytes_of(0xD0, 8));
    }
}

TEST(Rows, DM10Faults) {
    DomainRig rig;
    const std::uint32_t domain = rig.unit.create_domain(DomainType::Translate);
    EXPECT_EQ(rig.unit.map_range(domain, 0x1000, 0x20000, kPage, kDomainReads), Status::Success);
    EXPECT_EQ(rig.unit.attach(1, domain), Status::Success);
    rig.machine.checks.clear();
    EXPECT_EQ(rig.write(0x1100, 16), Response::AddressError);
    ASSERT_GE(rig.machine.checks.findings().size(), 1U);
    const DriverFinding& finding = rig.machine.checks.findings().front();
    EXPECT_EQ(finding.rule, "DV-26");
    EXPECT_EQ(finding.device, 1U);
    EXPECT_EQ(finding.address, 0x1100U);
    EXPECT_EQ(finding.bytes, 16U);
    EXPECT_NE(finding.text().find("access write, cause mapped for the other direction only"), std::string::npos);
    EXPECT_EQ(rig.machine.peek(0x20100, 16), bytes_of(0, 16));
    // In flight while its space is taken away.
    EXPECT_EQ(rig.unit.unmap_range(domain, 0x1000, kPage), Status::Success);
    rig.machine.cpu.wait_cycles(1);
    rig.machine.checks.clear();
    rig.machine.device_read(0x1000, 8);
    EXPECT_NE(rig.machine.report().find("nothing is mapped there"), std::string::npos);
}

TEST(Rows, DM11ReservedRegions) {
    DomainRig rig;
    const std::uint32_t domain = rig.unit.create_domain(DomainType::Translate);
    std::uint64_t logical = 0;
    EXPECT_EQ(rig.unit.reserve_range(domain, 0x1000, kPage, false), Status::Success);
    EXPECT_EQ(rig.unit.reserve_range(domain, 0x2000, kPage, true), Status::Success);
    EXPECT_EQ(rig.unit.map_pages(domain, {0x50000}, 0x1000, 0xFFFF, 3, logical), Status::Success);
    EXPECT_EQ(logical, 0x3000U);                                                        // Not those of others,
    EXPECT_EQ(rig.unit.map_range(domain, 0x1000, 0x60000, kPage, 3), Status::Success);  // which are there for later.
    EXPECT_EQ(rig.unit.reserve_range(domain, 0x3000, kPage, false), Status::InUse);
    EXPECT_EQ(rig.unit.attach(1, domain), Status::Success);
    EXPECT_EQ(rig.write(0x2000), Response::Ok);  // Mapped onto itself from the beginning.
    EXPECT_EQ(rig.machine.peek(0x2000, 8), bytes_of(0xD0, 8));
}

TEST(Rows, DM12OptIn) {
    for (const bool supported : {false, true}) {
        DeviceDescription description = described(3);
        description.remapping_supported = supported;
        Rig rig({}, description);
        rig.machine.dma.set_level(Level::Passive);
        EXPECT_EQ(rig.adapter.join_dma_domain(1), supported ? Status::Success : Status::AccessDenied);
        EXPECT_EQ(rig.adapter.get_dma_domain(), supported ? 1U : 0U);
        EXPECT_EQ(rig.machine.report(), "");  // A policy, which a driver has to be ready for.
    }
}

// ---------------------------------------------------------------------------------------------------- lists, splitting

// The flag says that the device reaches any memory by lists; the routines work for every device.
TEST(Rows, SG10CapabilityIsNotTheRoutines) {
    const Mdl mdl = make_mdl(0x8000, 2 * kPage, {0x20000, 0x30000});
    for (const bool capable : {false, true}) {
        DeviceDescription description = described(1);
        description.scatter_gather = capable;
        Rig rig(machine_config(MapRegisterKind::Hardware), description);
        ScatterGatherList list;
        EXPECT_EQ(
            rig.adapter.get_scatter_gather_list(
                1, &mdl, 0x8000, 2 * kPage, [&](const ScatterGatherList& made) { list = made; }, Direction::ToDevice),
            Status::Success);
        EXPECT_EQ(rig.adapter.put_scatter_gather_list(list, Direction::ToDevice), Status::Success);
        // SG-03: without the flag the list is one block; with it neighbours are one only if the platform joins them.
        EXPECT_EQ(list.elements.size(), 1U);
        Rig identity(machine_config(MapRegisterKind::Identity), description);
        list = {};
        EXPECT_EQ(
            identity.adapter.get_scatter_gather_list(
                1, &mdl, 0x8000, 2 * kPage, [&](const ScatterGatherList& made) { list = made; }, Direction::ToDevice),
            capable ? Status::Success : Status::InsufficientResources);
        // Without remapping scattered pages are no block: the list cannot be made for a device that takes one.
        EXPECT_EQ(list.elements.size(), capable ? 2U : 0U);
    }
}

// The data of a copy is there after the put, not before.
TEST(Rows, SG05PutCopiesBack) {
    DeviceDescription description = described(1);
    description.scatter_gather = true;
    description.dma32 = false;  // 16 MiB, which the second page is beyond.
    Rig rig(machine_config(MapRegisterKind::Bounce), description);
    const Mdl mdl = make_mdl(0x8000, 2 * kPage, {0x20000, 0x200'0000});
    rig.machine.poke(0x200'0000, bytes_of(0xA0, kPage));
    ScatterGatherList list;
    EXPECT_EQ(
        rig.adapter.get_scatter_gather_list(
            1, &mdl, 0x8000, 2 * kPage, [&](const ScatterGatherList& made) { list = made; }, Direction::FromDevice),
        Status::Success);
    ASSERT_EQ(list.elements.size(), 2U);
    EXPECT_EQ(list.elements[0], (Element{0x20000, kPage}));
    EXPECT_NE(list.elements[1].logical, 0x200'0000U);
    for (const Element& element : list.elements) {
        rig.machine.device_write(element.logical, bytes_of(0xD0, element.bytes));
    }
    EXPECT_EQ(rig.machine.peek(0x200'0000, kPage), bytes_of(0xA0, kPage));
    EXPECT_EQ(rig.adapter.put_scatter_gather_list(list, Direction::FromDevice), Status::Success);
    EXPECT_EQ(rig.machine.load(0x20000, kPage), bytes_of(0xD0, kPage));
    EXPECT_EQ(rig.machine.load(0x200'0000, kPage), bytes_of(0xD0, kPage));
    EXPECT_EQ(rig.machine.report(), "");
}

TEST(Rows, SP05RuleIsAnOption) {
    const Mdl mdl = make_contiguous_mdl(0x10800, 45056);
    const auto operations = [&](SplitRule rule, std::uint64_t registers, std::uint64_t maximum = 1U << 20) {
        DmaMachineConfig config = machine_config(MapRegisterKind::Hardware);
        config.dma.options.split = rule;
        DeviceDescription description = described(1, true, maximum);
        Rig rig(config, description);
        std::vector<std::uint64_t> bytes;
        for (std::uint64_t done = 0; done < mdl.bytes;) {
            bytes.push_back(rig.adapter.next_operation(&mdl, done, mdl.bytes - done, registers));
            if (bytes.back() == 0) {
                break;
            }
            done += bytes.back();
        }
        return bytes;
    };
    EXPECT_THAT(operations(SplitRule::RegisterTrue, 5), ElementsAre(18432, 20480, 6144));
    EXPECT_THAT(operations(SplitRule::Documented, 5), ElementsAre(20480, 20480, 4096));
    EXPECT_THAT(operations(SplitRule::SpareRegister, 5), ElementsAre(16384, 16384, 12288));
    EXPECT_THAT(operations(SplitRule::RegisterTrue, 5, 20000), ElementsAre(18432, 20000, 6624));
    EXPECT_THAT(operations(SplitRule::RegisterTrue, 1).front(), 2048U);
    EXPECT_THAT(operations(SplitRule::SpareRegister, 1), ElementsAre(0));
    EXPECT_THAT(operations(SplitRule::RegisterTrue, 0), ElementsAre(0));
    EXPECT_EQ(Adapter().next_operation(&mdl, 0, 1, 1), 0U);
    // Lists of a chain take registers of their own where they meet within a page.
    Rig rig(machine_config(MapRegisterKind::Hardware), described(1));
    const Mdl tail = make_contiguous_mdl(0x30400, 8192);
    Mdl head = make_contiguous_mdl(0x20000, 100);
    head.next = &tail;
    EXPECT_EQ(rig.adapter.next_operation(&head, 0, 8292, 2), 100U + 0xC00U);
    EXPECT_EQ(rig.adapter.next_operation(&head, 100, 8192, 2), 0xC00U + kPage);
    EXPECT_EQ(rig.adapter.next_operation(&head, 8292, 1, 2), 0U);
}

TEST(Rows, SP05OfATransaction) {
    for (const SplitRule rule : {SplitRule::RegisterTrue, SplitRule::Documented, SplitRule::SpareRegister}) {
        DmaMachineConfig config = machine_config(MapRegisterKind::Hardware, true, 5);
        config.dma.options.split = rule;
        DeviceDescription description = described(3, true, 1U << 20);
        description.scatter_gather = true;
        Rig rig(config, description);
        const Mdl mdl = make_contiguous_mdl(0x10800, 45056);
        Transaction transaction(rig.adapter, {1, rig.granted, 0, 0, false});
        std::vector<std::uint64_t> bytes;
        ASSERT_EQ(transaction.initialize(
                      &mdl, 0, mdl.bytes, Direction::ToDevice,
                      [&](const std::vector<Element>&, std::uint64_t, std::uint64_t count) { bytes.push_back(count); }),
                  Status::Success);
        EXPECT_EQ(transaction.execute(), Status::Success);
        Status status = Status::Success;
        while (!transaction.completed(status)) {
            ASSERT_LT(bytes.size(), 10U);
        }
        EXPECT_EQ(status, Status::Success);
        EXPECT_EQ(transaction.transferred(), 45056U);
        // Version 3 maps no more than fits, so that the documented formula loses nothing.
        if (rule == SplitRule::SpareRegister) {
            EXPECT_THAT(bytes, ElementsAre(16384, 16384, 12288));
        } else {
            EXPECT_THAT(bytes, ElementsAre(18432, 20480, 6144));
        }
        EXPECT_EQ(rig.machine.report(), "");
    }
}

}  // namespace
}  // namespace dmasim::dma
