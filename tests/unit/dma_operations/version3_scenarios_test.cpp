// SPDX-License-Identifier: Apache-2.0
//
// Cancellation, partial mapping and completion of version 3, C01 to C15.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/dma_operations/transaction.h"

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::bytes_of;
using test::DmaMachineConfig;
using test::operator+;
using test::Rig;
using testing::ElementsAre;
using testing::IsEmpty;

using Rules = std::vector<std::string>;

constexpr std::uint64_t kBuffer = 0x1000;
constexpr std::uint64_t kPage = 4096;
constexpr unsigned kChannel = 1;

DeviceDescription master() {
    DeviceDescription description;
    description.version = 3;
    description.scatter_gather = true;
    description.maximum_length = 65536;
    return description;
}

DeviceDescription subordinate() {
    DeviceDescription description;
    description.version = 3;
    description.master = false;
    description.channel = kChannel;
    description.maximum_length = 16384;
    return description;
}

DmaMachineConfig machine_config(MapRegisterKind kind = MapRegisterKind::Identity, std::uint32_t registers = 64) {
    DmaMachineConfig config;
    config.coherent = true;
    config.dma.registers = kind;
    config.dma.register_count = registers;
    return config;
}

/// `count` pages that are no neighbours.
Mdl fragments(std::size_t count) {
    std::vector<std::uint64_t> pages;
    for (std::size_t page = 0; page < count; ++page) {
        pages.push_back(0x10000 + 2 * page * kPage);
    }
    return make_mdl(0, count * kPage, pages);
}

/// An owner of the adapter, so that it is busy.
class Busy {
  public:
    explicit Busy(Rig& rig) : rig_(rig) {
        EXPECT_EQ(rig.adapter.initialize_dma_transfer_context(context_), Status::Success);
        EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(9, context_, 0, {true}, {}, &base_), Status::Success);
    }
    void end() { rig_.adapter.free_adapter_object(9, AllocationAction::DeallocateObject); }

  private:
    Rig& rig_;
    TransferContext context_;
    RegisterBase base_ = 0;
};

struct Counter {
    unsigned runs = 0;
    AdapterControl control() {
        return [this](RegisterBase) {
            ++runs;
            return AllocationAction::DeallocateObject;
        };
    }
};

TEST(Version3, C01CancelledWhileItWaits) {
    Rig rig(machine_config(), master());
    Busy busy(rig);
    Counter counter;
    ASSERT_EQ(rig.adapter.initialize_dma_transfer_context(rig.context), Status::Success);
    EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 2, {}, counter.control(), nullptr),
              Status::Success);
    EXPECT_TRUE(rig.adapter.cancel_adapter_channel(1, rig.context));
    busy.end();
    EXPECT_EQ(counter.runs, 0U);
    EXPECT_EQ(rig.machine.dma.state().adapter(1)->registers_in_use(), 0U);
    EXPECT_EQ(rig.machine.report(), "");
    // And it can be used again.
    EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 2, {}, counter.control(), nullptr),
              Status::Success);
    EXPECT_EQ(counter.runs, 1U);
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Version3, C02CancelledAfterTheGrant) {
    Rig rig(machine_config(), master());
    Counter counter;
    ASSERT_EQ(rig.adapter.initialize_dma_transfer_context(rig.context), Status::Success);
    bool cancelled = true;
    EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(
                  1, rig.context, 2, {},
                  [&](RegisterBase) {
                      ++counter.runs;
                      cancelled = rig.adapter.cancel_adapter_channel(1, rig.context);
                      return AllocationAction::KeepObject;
                  },
                  nullptr),
              Status::Success);
    EXPECT_FALSE(cancelled);
    EXPECT_FALSE(rig.adapter.cancel_adapter_channel(1, rig.context));
    EXPECT_EQ(counter.runs, 1U);
    rig.adapter.free_adapter_channel();
    EXPECT_EQ(counter.runs, 1U);
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Version3, C03CancelledBeforeTheAllocation) {
    Rig rig(machine_config(), master());
    Counter counter;
    ASSERT_EQ(rig.adapter.initialize_dma_transfer_context(rig.context), Status::Success);
    EXPECT_FALSE(rig.adapter.cancel_adapter_channel(1, rig.context));
    EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 2, {}, counter.control(), nullptr),
              Status::Cancelled);
    EXPECT_EQ(counter.runs, 0U);
    EXPECT_EQ(rig.machine.dma.state().adapter(1)->registers_in_use(), 0U);
    EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 2, {}, counter.control(), nullptr),
              Status::Success);
    EXPECT_EQ(counter.runs, 1U);
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Version3, C04SynchronousWhileBusy) {
    Rig rig(machine_config(), master());
    Busy busy(rig);
    Counter counter;
    ASSERT_EQ(rig.adapter.initialize_dma_transfer_context(rig.context), Status::Success);
    EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 2, {true}, counter.control(), nullptr),
              Status::InsufficientResources);
    EXPECT_TRUE(rig.machine.dma.state().pending.empty());
    busy.end();
    EXPECT_EQ(counter.runs, 0U);
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Version3, C05SynchronousWithACallback) {
    Rig rig(machine_config(), master());
    Counter counter;
    ASSERT_EQ(rig.adapter.initialize_dma_transfer_context(rig.context), Status::Success);
    EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 2, {true}, counter.control(), nullptr),
              Status::Success);
    EXPECT_EQ(counter.runs, 1U);
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Version3, BaseAndCallback) {
    for (const auto choice : {DmaOptions::BaseWithCallback::Refused, DmaOptions::BaseWithCallback::Allowed}) {
        DmaMachineConfig config = machine_config();
        config.dma.options.base_with_callback = choice;
        Rig rig(config, master());
        Counter counter;
        RegisterBase base = 0;
        const bool allowed = choice == DmaOptions::BaseWithCallback::Allowed;
        ASSERT_EQ(rig.adapter.initialize_dma_transfer_context(rig.context), Status::Success);
        EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 1, {true}, counter.control(), &base),
                  allowed ? Status::Success : Status::InvalidParameter);
        EXPECT_EQ(base != 0, allowed);
        // V3-05: neither, a base without the flag, no callback without it.
        EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 1, {true}, {}, nullptr),
                  Status::InvalidParameter);
        EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 1, {}, {}, &base), Status::InvalidParameter);
        EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(1, rig.context, 1, {}, {}, nullptr),
                  Status::InvalidParameter);
    }
}

void cancel(bool late, bool flush) {
    Rig rig(machine_config(MapRegisterKind::Bounce), subordinate());
    const Mdl mdl = make_contiguous_mdl(kBuffer, 4096);
    rig.machine.poke(kBuffer, bytes_of(0xA0, 4096));
    const RegisterBase base = rig.own3(1);
    std::vector<CompletionStatus> ends;
    std::uint64_t bytes = 4096;
    ASSERT_EQ(rig.adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::FromDevice, 0, nullptr,
                                          [&](CompletionStatus status) { ends.push_back(status); }),
              Status::Success);
    const std::size_t moved = late ? 4096 : 1000;
    rig.machine.give(kChannel, bytes_of(0xD0, moved));
    rig.machine.wait_given(kChannel);
    EXPECT_EQ(rig.adapter.cancel_mapped_transfer(rig.context), Status::Success);
    EXPECT_THAT(ends, IsEmpty());
    rig.machine.dma.service();
    EXPECT_THAT(ends, ElementsAre(late ? CompletionStatus::Complete : CompletionStatus::Cancelled));
    rig.machine.dma.service();
    EXPECT_EQ(ends.size(), 1U);
    if (flush) {
        EXPECT_EQ(rig.adapter.flush_adapter_buffers_ex(&mdl, base, 0, 4096, Direction::FromDevice), Status::Success);
        EXPECT_EQ(rig.machine.report(), "");
        bytes = 4096;
        EXPECT_EQ(rig.adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::FromDevice, 0, nullptr, {}),
                  Status::Cancelled);
        EXPECT_TRUE(rig.machine.broke("SV-21"));
    }
    EXPECT_EQ(rig.machine.peek(kBuffer, 4096), bytes_of(0xD0, moved) + bytes_of(0xA0, 4096 - moved));
    EXPECT_EQ(rig.adapter.free_adapter_channel(), Status::Success);
    // Of the transfer that was cancelled nobody claims that all has come.
    EXPECT_EQ(rig.machine.found(), flush ? Rules{"SV-21"} : Rules({"DV-10", "SV-06", "SV-08"}));
}

TEST(Version3, C06CancelledInTheMiddle) {
    cancel(false, true);
    cancel(true, true);
}

TEST(Version3, C07ChannelFreedAfterCancelWithoutFlush) {
    cancel(false, false);
}

TEST(Version3, C08TwelvePagesFiveRegisters) {
    Rig rig(machine_config(MapRegisterKind::Hardware, 5), master());
    const Mdl mdl = make_contiguous_mdl(0x10000, 12 * kPage);
    const RegisterBase base = rig.own3(5);
    std::vector<std::uint64_t> mapped;
    for (std::uint64_t offset = 0; offset < mdl.bytes;) {
        std::uint64_t bytes = mdl.bytes - offset;
        std::vector<Element> list;
        ASSERT_EQ(
            rig.adapter.map_transfer_ex(&mdl, base, offset, 0, bytes, Direction::FromDevice, list_bytes(16), &list, {}),
            Status::Success);
        mapped.push_back(bytes);
        for (const Element& element : list) {
            rig.machine.device_write(element.logical, bytes_of(0xD0, element.bytes));
        }
        ASSERT_EQ(rig.adapter.flush_adapter_buffers_ex(&mdl, base, offset, bytes, Direction::FromDevice),
                  Status::Success);
        offset += bytes;
    }
    EXPECT_THAT(mapped, ElementsAre(20480, 20480, 8192));
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.machine.found(), Rules{});
}

std::vector<std::uint64_t> maps(Rig& rig, const Mdl& mdl, RegisterBase base, std::uint64_t buffer, bool has_list,
                                std::vector<std::size_t>* elements = nullptr) {
    std::vector<std::uint64_t> mapped;
    for (std::uint64_t offset = 0; offset < mdl.bytes;) {
        std::uint64_t bytes = mdl.bytes - offset;
        std::vector<Element> list;
        EXPECT_EQ(rig.adapter.map_transfer_ex(&mdl, base, offset, 0, bytes, Direction::FromDevice, buffer,
                                              has_list ? &list : nullptr, {}),
                  Status::Success);
        if (elements != nullptr) {
            elements->push_back(list.size());
        }
        mapped.push_back(bytes);
        if (!has_list) {
            rig.machine.give(kChannel, bytes_of(0xD0, bytes));
            rig.machine.wait_given(kChannel);
        }
        for (const Element& element : list) {
            rig.machine.device_write(element.logical, bytes_of(0xD0, element.bytes));
        }
        EXPECT_EQ(rig.adapter.flush_adapter_buffers_ex(&mdl, base, offset, bytes, Direction::FromDevice),
                  Status::Success);
        if (testing::Test::HasFailure()) {
            break;
        }
        offset += bytes;
    }
    return mapped;
}

TEST(Version3, C09ListBufferForThreeElements) {
    Rig rig(machine_config(), master());
    const Mdl mdl = fragments(8);
    const RegisterBase base = rig.own3(0);
    EXPECT_THAT(maps(rig, mdl, base, list_bytes(3), true), ElementsAre(12288, 12288, 8192));
    // A byte short of the fourth element changes nothing.
    EXPECT_THAT(maps(rig, mdl, base, list_bytes(4) - 1, true), ElementsAre(12288, 12288, 8192));
    EXPECT_THAT(maps(rig, mdl, base, list_bytes(4), true), ElementsAre(16384, 16384));
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Version3, C10ControllerTakesFourElements) {
    DeviceDescription description = master();
    description.element_limit = 4;
    Rig rig(machine_config(), description);
    const RegisterBase base = rig.own3(0);
    std::vector<std::size_t> elements;
    EXPECT_THAT(maps(rig, fragments(10), base, list_bytes(64), true, &elements), ElementsAre(16384, 16384, 8192));
    EXPECT_THAT(elements, ElementsAre(4, 4, 2));
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Version3, C11SystemDmaWithoutAListBuffer) {
    Rig rig(machine_config(), subordinate());
    const Mdl mdl = fragments(5);
    rig.machine.poke(0x10000, bytes_of(0xA0, 10 * kPage));
    const RegisterBase base = rig.own3(0);
    EXPECT_THAT(maps(rig, mdl, base, 0, false), ElementsAre(4096, 4096, 4096, 4096, 4096));
    for (std::size_t page = 0; page < 5; ++page) {
        EXPECT_EQ(rig.machine.peek(0x10000 + 2 * page * kPage, 2 * kPage),
                  bytes_of(0xD0, kPage) + bytes_of(0xA0, kPage));
    }
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Version3, C12ListBufferTooSmallForOneElement) {
    Rig rig(machine_config(), master());
    const Mdl mdl = fragments(2);
    const RegisterBase base = rig.own3(0);
    std::vector<Element> list;
    for (const std::uint64_t size : {std::uint64_t{1}, list_bytes(1) - 1}) {
        std::uint64_t bytes = mdl.bytes;
        EXPECT_EQ(rig.adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::FromDevice, size, &list, {}),
                  Status::InvalidParameter);
        EXPECT_EQ(bytes, mdl.bytes);
        EXPECT_THAT(list, IsEmpty());
        EXPECT_TRUE(rig.machine.dma.state().allocation(base)->mappings.empty());
    }
    std::uint64_t bytes = mdl.bytes;
    EXPECT_EQ(rig.adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::FromDevice, list_bytes(1), &list, {}),
              Status::Success);
    EXPECT_EQ(bytes, kPage);
    EXPECT_EQ(rig.machine.found(), Rules{"SV-26"});
}

TEST(Version3, C13OffsetIntoTheSecondList) {
    Rig rig(machine_config(), master());
    const Mdl second = make_contiguous_mdl(0x30000, 1000);
    Mdl first = make_contiguous_mdl(0x20000, 600);
    first.next = &second;
    const RegisterBase base = rig.own3(0);
    std::uint64_t bytes = 300;
    std::vector<Element> list;
    EXPECT_EQ(rig.adapter.map_transfer_ex(&first, base, 700, 0, bytes, Direction::ToDevice, list_bytes(4), &list, {}),
              Status::Success);
    EXPECT_THAT(list, ElementsAre(Element{0x30000 + 100, 300}));
    EXPECT_EQ(rig.adapter.flush_adapter_buffers_ex(&first, base, 700, 300, Direction::ToDevice), Status::Success);
    // Over the seam, and the last byte before it.
    bytes = 2;
    EXPECT_EQ(rig.adapter.map_transfer_ex(&first, base, 599, 0, bytes, Direction::ToDevice, list_bytes(4), &list, {}),
              Status::Success);
    EXPECT_THAT(list, ElementsAre(Element{0x20000 + 599, 1}, Element{0x30000, 1}));
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.machine.found(), Rules{});
}

/// A controller that is through before `start` returns, and tells so.
class InstantController final : public SystemController {
  public:
    [[nodiscard]] SystemLimits limits(unsigned /*channel*/) const override {
        SystemLimits limits;
        limits.exists = true;
        limits.address_bits = 64;
        return limits;
    }
    void start(CpuContext& /*cpu*/, const SystemTransfer& /*transfer*/) override { on_start(); }
    void stop(CpuContext& /*cpu*/, unsigned /*channel*/) override {}
    SystemState state(CpuContext& /*cpu*/, unsigned /*channel*/) override { return SystemState::Complete; }
    std::uint64_t remaining(CpuContext& /*cpu*/, unsigned /*channel*/) override { return 0; }
    bool drain(CpuContext& /*cpu*/, unsigned /*channel*/) override { return true; }
    std::function<void()> on_start;
};

TEST(Version3, C14LengthIsThereWhenTheCompletionRuns) {
    InstantController controller;
    test::DmaMachine machine(machine_config(MapRegisterKind::Hardware, 2));
    machine.dma.set_system_controller(controller);
    controller.on_start = [&] { machine.dma.service(); };
    std::uint32_t granted = 0;
    Adapter adapter = machine.dma.get_dma_adapter(1, subordinate(), granted);
    TransferContext context;
    machine.dma.set_level(Level::Dispatch);
    ASSERT_EQ(adapter.initialize_dma_transfer_context(context), Status::Success);
    RegisterBase base = 0;
    ASSERT_EQ(adapter.allocate_adapter_channel_ex(1, context, 2, {true}, {}, &base), Status::Success);
    const Mdl mdl = make_contiguous_mdl(0x10000, 5 * kPage);
    std::uint64_t bytes = mdl.bytes;
    std::vector<std::uint64_t> seen;
    EXPECT_EQ(adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::ToDevice, 0, nullptr,
                                      [&](CompletionStatus status) {
                                          EXPECT_EQ(status, CompletionStatus::Complete);
                                          seen.push_back(bytes);
                                      }),
              Status::Success);
    EXPECT_THAT(seen, ElementsAre(8192));
    EXPECT_EQ(machine.found(), Rules{});
}

TEST(Version3, C15CompletedWithNothing) {
    Rig rig(machine_config(MapRegisterKind::Hardware, 5), master());
    const Mdl mdl = make_contiguous_mdl(0x10000, 12 * kPage);
    Transaction transaction(rig.adapter, {1, 5, 0, 0, false});
    std::vector<std::pair<std::uint64_t, std::uint64_t>> offered;
    EXPECT_EQ(transaction.execute(), Status::InvalidDeviceRequest);
    ASSERT_EQ(transaction.initialize(&mdl, 0, mdl.bytes, Direction::ToDevice,
                                     [&](const std::vector<Element>&, std::uint64_t offset, std::uint64_t bytes) {
                                         offered.emplace_back(offset, bytes);
                                     }),
              Status::Success);
    EXPECT_EQ(transaction.execute(), Status::Success);
    EXPECT_EQ(transaction.execute(), Status::InvalidDeviceRequest);
    Status status = Status::Success;
    EXPECT_FALSE(transaction.completed_with_length(0, status));
    EXPECT_FALSE(transaction.completed_with_length(4096, status));
    EXPECT_FALSE(transaction.completed(status));
    EXPECT_FALSE(transaction.completed(status));
    EXPECT_TRUE(transaction.completed(status));
    EXPECT_EQ(status, Status::Success);
    EXPECT_EQ(transaction.transferred(), mdl.bytes);
    EXPECT_THAT(offered, ElementsAre(std::pair{0UL, 20480UL}, std::pair{0UL, 20480UL}, std::pair{4096UL, 20480UL},
                                     std::pair{24576UL, 20480UL}, std::pair{45056UL, 4096UL}));
    EXPECT_EQ(rig.machine.dma.state().adapter(1)->registers_in_use(), 0U);
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Version3, SingleTransferAndUnderrun) {
    Rig rig(machine_config(MapRegisterKind::Hardware, 5), master());
    const Mdl mdl = make_contiguous_mdl(0x10000, 16 * kPage);
    const auto program = [](const std::vector<Element>&, std::uint64_t, std::uint64_t) {};
    Transaction single(rig.adapter, {1, 5, 0, 4, true});
    EXPECT_EQ(single.initialize(&mdl, 0, 6 * kPage, Direction::ToDevice, program), Status::TransactionTooFragmented);
    Transaction registers(rig.adapter, {1, 5, 0, 0, true});
    EXPECT_EQ(registers.initialize(&mdl, 0, 6 * kPage, Direction::ToDevice, program),
              Status::TransactionNotEnoughRegisters);
    ASSERT_EQ(registers.initialize(&mdl, 0, 5 * kPage, Direction::ToDevice, program), Status::Success);
    EXPECT_EQ(registers.execute(), Status::Success);
    Status status = Status::Success;
    EXPECT_TRUE(registers.completed_with_length(4 * kPage, status));
    EXPECT_EQ(status, Status::TransactionTooManyTransfers);
    registers.release();
    ASSERT_EQ(registers.initialize(&mdl, 0, 5 * kPage, Direction::ToDevice, program), Status::Success);
    EXPECT_EQ(registers.execute(), Status::Success);
    EXPECT_TRUE(registers.completed_final(100, status));
    EXPECT_EQ(status, Status::Success);
    EXPECT_EQ(registers.transferred(), 100U);
    EXPECT_EQ(rig.machine.report(), "");
}

// MR-11: registers that stay over several requests, of an adapter of version 3 that takes one block at a time.
TEST(Version3, ReservedRegisters) {
    const Mdl mdl = make_contiguous_mdl(0x10000, 3 * kPage);
    const auto program = [](const std::vector<Element>&, std::uint64_t, std::uint64_t) {};
    DeviceDescription description = master();
    description.scatter_gather = false;
    Rig rig(machine_config(MapRegisterKind::Hardware, 5), description);
    Transaction reserved(rig.adapter, {1, 5, 0, 0, false});
    EXPECT_EQ(reserved.allocate_resources(6), Status::InsufficientResources);
    EXPECT_EQ(reserved.allocate_resources(3), Status::Success);
    EXPECT_EQ(reserved.allocate_resources(1), Status::InvalidDeviceRequest);  // They are kept already.
    Status status = Status::Unsuccessful;
    for (unsigned request = 0; request < 2; ++request) {
        ASSERT_EQ(reserved.initialize(&mdl, 0, 3 * kPage, Direction::ToDevice, program), Status::Success);
        EXPECT_EQ(reserved.execute(), Status::Success);
        EXPECT_TRUE(reserved.completed(status));
        EXPECT_EQ(status, Status::Success);
        EXPECT_EQ(rig.machine.dma.state().adapter(1)->registers_in_use(), 3U);
        reserved.release();
    }
    reserved.free_resources();
    EXPECT_EQ(rig.machine.dma.state().adapter(1)->registers_in_use(), 0U);
    EXPECT_EQ(rig.machine.report(), "");
    // Not for lists, and not before version 3.
    for (const bool lists : {true, false}) {
        description.scatter_gather = lists;
        description.version = lists ? 3 : 2;
        Rig other(machine_config(MapRegisterKind::Hardware, 5), description);
        Transaction transaction(other.adapter, {1, 5, 0, 0, false});
        EXPECT_EQ(transaction.allocate_resources(3), Status::InvalidDeviceRequest);
        EXPECT_EQ(other.machine.dma.state().adapter(1)->registers_in_use(), 0U);
    }
}

// V3-16: what is freed of an allocation without a callback.
TEST(Version3, FreeAdapterObjectByAction) {
    for (const AllocationAction action : {AllocationAction::KeepObject, AllocationAction::DeallocateObject,
                                          AllocationAction::DeallocateObjectKeepRegisters}) {
        Rig rig(machine_config(MapRegisterKind::Hardware, 5), master());
        const RegisterBase base = rig.own3(2);
        const auto in_use = [&] { return rig.machine.dma.state().adapter(1)->registers_in_use(); };
        rig.adapter.free_adapter_object(rig.device, action);
        EXPECT_EQ(in_use(), action == AllocationAction::DeallocateObject ? 0U : 2U);
        TransferContext context;
        RegisterBase second = 0;
        ASSERT_EQ(rig.adapter.initialize_dma_transfer_context(context), Status::Success);
        EXPECT_EQ(rig.adapter.allocate_adapter_channel_ex(rig.device, context, 1, {true}, {}, &second),
                  action == AllocationAction::KeepObject ? Status::InsufficientResources : Status::Success);
        if (action == AllocationAction::DeallocateObjectKeepRegisters) {
            EXPECT_EQ(in_use(), 3U);
            EXPECT_EQ(rig.adapter.free_map_registers(base, 2), Status::Success);
            EXPECT_EQ(in_use(), 1U);
        }
    }
}

// V3-18: lists under a context, by both routines.
TEST(Version3, ListsUnderAContext) {
    for (const bool build : {false, true}) {
        Rig rig(machine_config(), master());
        const Mdl mdl = fragments(3);
        ScatterGatherList list;
        ScatterGatherList seen;
        unsigned runs = 0;
        const ListControl control = [&](const ScatterGatherList& made) {
            ++runs;
            seen = made;
        };
        std::uint64_t buffer = list_bytes(3);
        CompletionRoutine completion;
        const auto ask = [&](bool synchronous, const ListControl& callback, ScatterGatherList* into,
                             std::uint64_t offset, std::uint64_t bytes) {
            TransferContext context;
            EXPECT_EQ(rig.adapter.initialize_dma_transfer_context(context), Status::Success);
            return build ? rig.adapter.build_scatter_gather_list_ex(1, context, &mdl, offset, bytes, {synchronous},
                                                                    callback, Direction::FromDevice, buffer, into,
                                                                    completion)
                         : rig.adapter.get_scatter_gather_list_ex(1, context, &mdl, offset, bytes, {synchronous},
                                                                  callback, Direction::FromDevice, into, completion);
        };
        const auto put = [&](const ScatterGatherList& made) {
            EXPECT_EQ(rig.adapter.put_scatter_gather_list(made, Direction::FromDevice), Status::Success);
        };
        EXPECT_EQ(ask(false, control, nullptr, 100, 2 * kPage), Status::Success);
        EXPECT_EQ(runs, 1U);
        EXPECT_THAT(seen.elements,
                    ElementsAre(Element{0x10064, kPage - 100}, Element{0x12000, kPage}, Element{0x14000, 100}));
        rig.machine.device_write(seen.elements[2].logical, bytes_of(0xD0, 100));
        put(seen);
        EXPECT_EQ(rig.machine.load(0x14000, 100), bytes_of(0xD0, 100));
        EXPECT_EQ(ask(true, control, nullptr, 0, kPage), Status::Success);
        EXPECT_EQ(runs, 2U);
        put(seen);
        EXPECT_EQ(ask(true, {}, &list, kPage - 1, 1), Status::Success);
        EXPECT_THAT(list.elements, ElementsAre(Element{0x10FFF, 1}));
        put(list);
        // Room for one element less than it takes.
        buffer = list_bytes(3) - 1;
        EXPECT_EQ(ask(true, {}, &list, 0, 3 * kPage), build ? Status::BufferTooSmall : Status::Success);
        EXPECT_EQ(list.elements.size(), build ? 0U : 3U);
        if (!build) {
            put(list);
        }
        buffer = list_bytes(3);
        // While the adapter is busy: not now, or later.
        Busy busy(rig);
        EXPECT_EQ(ask(true, {}, &list, 0, kPage), Status::InsufficientResources);
        EXPECT_EQ(ask(false, control, nullptr, 0, kPage), Status::Success);
        EXPECT_EQ(runs, 2U);
        EXPECT_EQ(rig.machine.dma.state().pending.size(), 1U);
        busy.end();
        EXPECT_EQ(runs, 3U);
        put(seen);
        EXPECT_EQ(rig.machine.rules(), build ? std::vector<std::string>{"SV-26"} : std::vector<std::string>{});
        // A list without the flag, no callback without it, neither, both; nothing, beyond the end; a completion routine.
        EXPECT_EQ(ask(false, control, &list, 0, kPage), Status::InvalidParameter);
        EXPECT_EQ(ask(false, {}, nullptr, 0, kPage), Status::InvalidParameter);
        EXPECT_EQ(ask(true, {}, nullptr, 0, kPage), Status::InvalidParameter);
        EXPECT_EQ(ask(true, control, &list, 0, kPage), Status::InvalidParameter);
        EXPECT_EQ(ask(true, {}, &list, 0, 0), Status::InvalidParameter);
        EXPECT_EQ(ask(true, {}, &list, 3 * kPage, 1), Status::InvalidParameter);
        EXPECT_EQ(ask(true, {}, &list, 1, 3 * kPage), Status::InvalidParameter);
        completion = [](CompletionStatus) {};
        EXPECT_EQ(ask(true, {}, &list, 0, kPage), Status::InvalidParameter);
        EXPECT_EQ(runs, 3U);
        EXPECT_EQ(rig.machine.dma.state().adapter(1)->registers_in_use(), 0U);
    }
}

TEST(Version3, CompletionByInterrupt) {
    DmaMachineConfig config = machine_config(MapRegisterKind::Bounce);
    config.interrupt = true;
    Rig rig(config, subordinate());
    rig.machine.dma.attach_interrupt(0);
    const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
    const RegisterBase base = rig.own3(1);
    std::vector<CompletionStatus> ends;
    std::uint64_t bytes = 64;
    ASSERT_EQ(rig.adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::FromDevice, 0, nullptr,
                                          [&](CompletionStatus status) {
                                              ends.push_back(status);
                                              EXPECT_EQ(rig.machine.dma.level(), Level::Dispatch);
                                          }),
              Status::Success);
    rig.machine.give(kChannel, bytes_of(0xD0, 64));
    rig.machine.cpu.wait_for_interrupt(0);
    EXPECT_THAT(ends, ElementsAre(CompletionStatus::Complete));
    EXPECT_EQ(rig.adapter.flush_adapter_buffers_ex(&mdl, base, 0, 64, Direction::FromDevice), Status::Success);
    EXPECT_EQ(rig.machine.peek(kBuffer, 64), bytes_of(0xD0, 64));
    EXPECT_EQ(rig.machine.report(), "");
}

}  // namespace
}  // namespace dmasim::dma
