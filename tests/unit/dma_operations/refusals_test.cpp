// SPDX-License-Identifier: Apache-2.0
//
// The table of states (docs/dma-operations.md): each call that it calls illegal is refused as documented, or carried out
// with the documented damage, and is reported by its check; each that it calls legal is not reported.
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::DmaMachineConfig;
using test::Rig;
using Rules = std::vector<std::string>;

constexpr std::uint64_t kBuffer = 0x1000;

DeviceDescription described(std::uint32_t version, bool master) {
    DeviceDescription description;
    description.version = version;
    description.master = master;
    description.scatter_gather = master;
    description.channel = 1;
    description.maximum_length = 16384;
    return description;
}

DmaMachineConfig hardware() {
    DmaMachineConfig config;
    config.coherent = true;
    config.dma.registers = MapRegisterKind::Bounce;
    config.dma.register_count = 8;
    return config;
}

/// A driver of version 3 that can be brought into each state.
struct Driver {
    explicit Driver(bool is_master) : rig(hardware(), described(3, is_master)), master(is_master) {}

    void ready() { EXPECT_EQ(rig.adapter.initialize_dma_transfer_context(rig.context), Status::Success); }
    Status allocate(bool synchronous = true) {
        base = 0;
        return synchronous ? rig.adapter.allocate_adapter_channel_ex(1, rig.context, 2, {true}, {}, &base)
                           : rig.adapter.allocate_adapter_channel_ex(
                                 1, rig.context, 2, {},
                                 [this](RegisterBase given) {
                                     base = given;
                                     return AllocationAction::KeepObject;
                                 },
                                 nullptr);
    }
    void owned() {
        ready();
        EXPECT_EQ(allocate(), Status::Success);
    }
    Status map() {
        std::uint64_t bytes = 64;
        std::vector<Element> list;
        return rig.adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::FromDevice, master ? 100 : 0,
                                           master ? &list : nullptr, {});
    }
    Status flush() { return rig.adapter.flush_adapter_buffers_ex(&mdl, base, 0, 64, Direction::FromDevice); }
    void active() {
        owned();
        EXPECT_EQ(map(), Status::Success);
    }
    /// Somebody else has the channel.
    void pending() {
        std::uint32_t granted = 0;
        other = rig.machine.dma.get_dma_adapter(2, described(3, master), granted);
        TransferContext context;
        EXPECT_EQ(other.initialize_dma_transfer_context(context), Status::Success);
        RegisterBase its = 0;
        EXPECT_EQ(other.allocate_adapter_channel_ex(2, context, 2, {true}, {}, &its), Status::Success);
        ready();
        EXPECT_EQ(allocate(false), Status::Success);
    }

    Rig rig;
    bool master;
    Mdl mdl = make_contiguous_mdl(kBuffer, 64);
    RegisterBase base = 0;
    Adapter other;
};

struct Step {
    const char* what;
    bool master;
    std::function<void(Driver&)> before;
    std::function<void(Driver&)> call;
    Rules expected;
};

void expect(Status found, Status wanted) {
    EXPECT_EQ(name_of(found), name_of(wanted));
}

std::vector<Step> steps() {
    const auto nothing = [](Driver&) {};
    const auto owned = [](Driver& driver) { driver.owned(); };
    const auto active = [](Driver& driver) { driver.active(); };
    const auto ready = [](Driver& driver) { driver.ready(); };
    const auto map_fails = [](Driver& driver) { expect(driver.map(), Status::InvalidParameter); };
    const auto free_fails = [](Driver& driver) {
        expect(driver.rig.adapter.free_adapter_channel(), Status::InvalidDeviceRequest);
    };
    return {
        {"idle: map", true, nothing, map_fails, {"SV-25"}},
        {"idle: map of a system channel", false, nothing, map_fails, {"SV-25"}},
        {"idle: flush",
         true,
         nothing,
         [](Driver& driver) { expect(driver.flush(), Status::InvalidParameter); },
         {"DV-20"}},
        {"idle: free", true, nothing, free_fails, {"DV-04"}},
        {"ready: map", true, ready, map_fails, {"SV-25"}},
        {"ready: cancel",
         true,
         ready,
         [](Driver& driver) { EXPECT_FALSE(driver.rig.adapter.cancel_adapter_channel(1, driver.rig.context)); },
         {}},
        {"pre-cancelled: allocate",
         true,
         [](Driver& driver) {
             driver.ready();
             driver.rig.adapter.cancel_adapter_channel(1, driver.rig.context);
         },
         [](Driver& driver) { expect(driver.allocate(), Status::Cancelled); },
         {}},
        {"no context: allocate",
         true,
         nothing,
         [](Driver& driver) { expect(driver.allocate(), Status::InvalidParameter); },
         {"SV-26"}},
        {"owned: flush without a map",
         true,
         owned,
         [](Driver& driver) { expect(driver.flush(), Status::InvalidParameter); },
         {"DV-20"}},
        {"owned: allocate again",
         true,
         owned,
         [](Driver& driver) {
             RegisterBase more = 0;
             expect(driver.rig.adapter.allocate_adapter_channel_ex(1, driver.rig.context, 2, {true}, {}, &more),
                    Status::InvalidParameter);
         },
         {"SV-21"}},
        {"owned: put", true, owned, [](Driver& driver) { driver.rig.adapter.put_dma_adapter(); }, {"DV-08", "DV-09"}},
        {"owned: cancel",
         true,
         owned,
         [](Driver& driver) { EXPECT_FALSE(driver.rig.adapter.cancel_adapter_channel(1, driver.rig.context)); },
         {}},
        {"owned: free",
         true,
         owned,
         [](Driver& driver) { expect(driver.rig.adapter.free_adapter_channel(), Status::Success); },
         {}},
        {"owned: cancel of a transfer that is none",
         false,
         owned,
         [](Driver& driver) {
             expect(driver.rig.adapter.cancel_mapped_transfer(driver.rig.context), Status::InvalidParameter);
         },
         {"SV-26"}},
        {"owned: the base of another adapter",
         true,
         [](Driver& driver) {
             driver.pending();
             driver.base = driver.rig.machine.dma.state().allocations.begin()->first;
         },
         map_fails,
         {"SV-25"}},
        {"freed: map",
         true,
         [](Driver& driver) {
             driver.owned();
             driver.rig.adapter.free_adapter_channel();
         },
         map_fails,
         {"SV-25"}},
        {"kept registers without the channel: map of a system channel",
         false,
         [](Driver& driver) {
             driver.owned();
             driver.rig.adapter.free_adapter_object(1, AllocationAction::DeallocateObjectKeepRegisters);
         },
         map_fails,
         {"SV-25"}},
        {"active: map", true, active, map_fails, {"SV-08", "DV-1D"}},
        {"active: free",
         true,
         active,
         [](Driver& driver) { expect(driver.rig.adapter.free_adapter_channel(), Status::Success); },
         {"DV-10", "SV-08"}},
        {"active: free of a system channel",
         false,
         active,
         [](Driver& driver) { expect(driver.rig.adapter.free_adapter_channel(), Status::Success); },
         {"DV-10", "SV-06", "SV-08"}},
        {"active: early flush",
         false,
         active,
         [](Driver& driver) { expect(driver.flush(), Status::Success); },
         {"DV-23"}},
        {"active: flush with another length",
         true,
         active,
         [](Driver& driver) {
             expect(driver.rig.adapter.flush_adapter_buffers_ex(&driver.mdl, driver.base, 0, 63, Direction::FromDevice),
                    Status::InvalidParameter);
         },
         {"SV-07"}},
        {"done: flush", true, active, [](Driver& driver) { expect(driver.flush(), Status::Success); }, {}},
        {"cancelling: map",
         false,
         [](Driver& driver) {
             driver.active();
             expect(driver.rig.adapter.cancel_mapped_transfer(driver.rig.context), Status::Success);
         },
         map_fails,
         {"SV-08", "SV-21", "DV-1D"}},
        {"owned, cancelled: map",
         false,
         [](Driver& driver) {
             driver.active();
             driver.rig.adapter.cancel_mapped_transfer(driver.rig.context);
             driver.flush();
         },
         [](Driver& driver) { expect(driver.map(), Status::Cancelled); },
         {"SV-21"}},
        {"pending: allocate again",
         true,
         [](Driver& driver) { driver.ready(); },
         [](Driver& driver) {
             // The adapter's own channel is taken, so that the second one of it waits.
             EXPECT_EQ(driver.allocate(), Status::Success);
             TransferContext second;
             driver.rig.adapter.initialize_dma_transfer_context(second);
             const auto keep = [](RegisterBase) { return AllocationAction::KeepObject; };
             expect(driver.rig.adapter.allocate_adapter_channel_ex(1, second, 1, {}, keep, nullptr), Status::Success);
             expect(driver.rig.adapter.allocate_adapter_channel_ex(1, second, 1, {}, keep, nullptr),
                    Status::InvalidParameter);
         },
         {"SV-21"}},
        {"released: map",
         true,
         [](Driver& driver) { driver.rig.adapter.put_dma_adapter(); },
         [](Driver& driver) { expect(driver.map(), Status::InvalidDeviceRequest); },
         {"DV-18"}},
        {"an adapter that was never made",
         true,
         nothing,
         [](Driver& driver) {
             expect(Adapter(driver.rig.machine.dma, 99).free_adapter_channel(), Status::InvalidDeviceRequest);
         },
         {"DV-19"}},
        {"master: a routine of system channels",
         true,
         owned,
         [](Driver& driver) { expect(driver.rig.adapter.configure_adapter_channel(1, 0), Status::NotSupported); },
         {"SV-22"}},
        {"system channel: registers that bus masters free",
         false,
         owned,
         [](Driver& driver) { expect(driver.rig.adapter.free_map_registers(driver.base, 2), Status::NotSupported); },
         {"SV-22"}},
        {"free of another device's channel",
         true,
         owned,
         [](Driver& driver) { driver.rig.adapter.free_adapter_object(7, AllocationAction::DeallocateObject); },
         {"SV-25"}},
        {"leave of no domain",
         true,
         [](Driver& driver) { driver.rig.machine.dma.set_level(Level::Passive); },
         [](Driver& driver) { expect(driver.rig.adapter.leave_dma_domain(), Status::InvalidParameter); },
         {"SV-26"}},
        {"unknown function, which may be asked for",
         false,
         owned,
         [](Driver& driver) { expect(driver.rig.adapter.configure_adapter_channel(77, 0), Status::NotImplemented); },
         {}},
    };
}

TEST(Refusals, EachStateOfVersion3) {
    for (const Step& step : steps()) {
        SCOPED_TRACE(step.what);
        Driver driver(step.master);
        step.before(driver);
        driver.rig.machine.checks.clear();
        step.call(driver);
        EXPECT_EQ(driver.rig.machine.rules(), step.expected) << driver.rig.machine.report();
    }
}

TEST(Refusals, MapsOfVersion1) {
    for (const bool master : {true, false}) {
        Rig rig(hardware(), described(1, master));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        EXPECT_EQ(rig.adapter.map_transfer(&mdl, 0, kBuffer, 64, Direction::FromDevice).bytes, 0U);
        EXPECT_EQ(rig.machine.rules(), Rules{"SV-25"});
        rig.machine.checks.clear();
        const RegisterBase base = rig.own(2, AllocationAction::KeepObject);
        EXPECT_EQ(rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice).bytes, 64U);
        EXPECT_EQ(rig.machine.report(), "");
        EXPECT_EQ(rig.adapter.map_transfer(nullptr, base, kBuffer, 64, Direction::FromDevice).bytes, 0U);
        EXPECT_EQ(rig.machine.rules().back(), master ? "SV-26" : "SV-08");
    }
}

TEST(Refusals, ARoutineOfAnotherVersion) {
    for (const std::uint32_t version : {1U, 2U, 3U}) {
        Rig rig(hardware(), described(version, true));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        std::uint64_t bytes = 64;
        std::vector<Element> list;
        EXPECT_EQ(rig.adapter.map_transfer_ex(&mdl, 0, 0, 0, bytes, Direction::ToDevice, list_bytes(4), &list, {}),
                  version == 3 ? Status::InvalidParameter : Status::NotSupported);
        ASSERT_EQ(rig.machine.checks.findings().size(), 1U);
        EXPECT_EQ(rig.machine.checks.findings().front().summary,
                  version == 3 ? "map without map registers and channel of its own"
                               : "routine that the adapter's table does not have");
    }
}

// Block by block until the registers are used up, and no further.
TEST(Refusals, BlocksBeyondTheRegisters) {
    Rig rig(hardware(), described(1, true));
    const Mdl mdl = make_mdl(0x8000, 3 * 4096, {0x20000, 0x30000, 0x40000});
    const RegisterBase base = rig.own(2);
    for (std::uint64_t block = 0; block < 2; ++block) {
        EXPECT_EQ(rig.adapter.map_transfer(&mdl, base, 0x8000 + block * 4096, 4096, Direction::ToDevice).bytes, 4096U);
    }
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.adapter.map_transfer(&mdl, base, 0x8000 + 8192, 4096, Direction::ToDevice).bytes, 0U);
    EXPECT_TRUE(rig.machine.broke("DV-15")) << rig.machine.report();
}

// A rule that is switched off does not hand its case on to the general ones.
TEST(Refusals, SilencedRulesStaySilent) {
    Rig rig(hardware(), described(1, true));
    rig.machine.checks.silence("DV-04");
    EXPECT_EQ(rig.adapter.free_adapter_channel(), Status::InvalidDeviceRequest);
    EXPECT_EQ(rig.machine.report(), "");
}

// Findings are read by people: no numbers for what has a name.
TEST(Refusals, MessagesAreWords) {
    Driver driver(true);
    driver.active();
    driver.rig.adapter.flush_adapter_buffers_ex(&driver.mdl, driver.base, 0, 64, Direction::ToDevice);
    EXPECT_NE(driver.rig.machine.report().find("direction to_device, mapped direction from_device"), std::string::npos)
        << driver.rig.machine.report();
    TranslationFault fault;
    fault.logical = 0x1000;
    fault.bytes = 64;
    fault.access = Access::Write;
    driver.rig.machine.checks.clear();
    driver.rig.machine.dma.tell(fact_of(fault, 1));
    ASSERT_EQ(driver.rig.machine.checks.findings().size(), 1U);
    const DriverFinding& finding = driver.rig.machine.checks.findings().front();
    EXPECT_EQ(finding.bytes, 64U);
    EXPECT_NE(finding.text().find("(logical address 0x1000, access write, cause nothing is mapped there)"),
              std::string::npos)
        << finding.text();
}

// What the remapping hardware refuses.
TEST(Refusals, Domains) {
    Rig rig(hardware(), described(3, true));
    RemappingUnit unit(rig.machine.dma, 4096, false);
    unit.add_device(1, rig.machine.translator);
    const std::uint32_t domain = unit.create_domain(DomainType::Translate);
    const std::uint32_t direct = unit.create_domain(DomainType::PassThrough);
    const auto reports = [&](Status found, Status wanted, const Rules& rules) {
        EXPECT_EQ(name_of(found), name_of(wanted));
        EXPECT_EQ(rig.machine.rules(), rules) << rig.machine.report();
        rig.machine.checks.clear();
    };
    reports(unit.map_range(domain, 0x1000, 0x2000, 0x1000, 3), Status::Success, {});
    reports(unit.map_range(domain, 0x1000, 0x2000, 0x1000, 3), Status::InUse, {"SV-26"});
    reports(unit.map_range(domain, 0x1004, 0x2000, 0x1000, 3), Status::InvalidParameter, {"SV-26"});
    reports(unit.map_range(direct, 0x1000, 0x2000, 0x1000, 3), Status::InvalidParameter1, {"SV-26"});
    reports(unit.unmap_range(domain, 0x8000, 0x1000), Status::NoneMapped, {"SV-25"});
    reports(unit.attach(1, domain), Status::Success, {});
    reports(unit.attach(1, domain), Status::InvalidParameter, {"SV-26"});
    reports(unit.delete_domain(domain), Status::DeviceBusy, {"SV-25"});
    // Policy, and bounds that hold nothing: answers that a driver has to be ready for.
    reports(unit.switch_domain(1, direct), Status::AccessDenied, {});
    std::uint64_t logical = 0;
    reports(unit.map_pages(domain, {0x5000}, 0x1000, 0x1FFF, 3, logical), Status::InvalidParameterMix, {});
    reports(unit.detach(1), Status::Success, {});
    reports(unit.detach(1), Status::InvalidParameter, {"SV-26"});
    reports(unit.delete_domain(domain), Status::Success, {});
}

}  // namespace
}  // namespace dmasim::dma
