// SPDX-License-Identifier: Apache-2.0
//
// Splitting, ownership and lifetime, X01 to X17: what the specification of the DMA operations computes for them.
#include <algorithm>
#include <array>
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/dma_operations/domain.h"
#include "dmasim/cpu_stub/core/dma_operations/splitting.h"

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::bytes_of;
using test::DmaMachine;
using test::DmaMachineConfig;
using test::operator+;
using test::Rig;
using testing::ElementsAre;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kBuffer = 0x1000;
constexpr std::uint8_t kOld = 0xA0;
constexpr std::uint8_t kDevice = 0xD0;
using Rules = std::vector<std::string>;

constexpr unsigned kChannel = 1;
constexpr std::uint64_t kPage = 4096;

DmaMachineConfig hardware(std::uint32_t registers, bool coherent = true) {
    DmaMachineConfig config;
    config.coherent = coherent;
    config.dma.registers = MapRegisterKind::Hardware;
    config.dma.register_count = registers;
    return config;
}

DeviceDescription master(std::uint64_t maximum = 65536) {
    DeviceDescription description;
    description.maximum_length = maximum;
    return description;
}

DeviceDescription subordinate(std::uint32_t version = 1) {
    DeviceDescription description;
    description.master = false;
    description.channel = kChannel;
    description.maximum_length = 4096;
    description.version = version;
    return description;
}

/// 12 pages, whose device data are 12 pages with the number of the page in every byte.
void twelve_pages(bool coherent, bool advance) {
    Rig rig(hardware(5, coherent), master());
    EXPECT_EQ(rig.granted, 5U);
    const Mdl mdl = make_contiguous_mdl(0x10000, 12 * kPage);
    rig.machine.poke(0x10000, bytes_of(kOld, 12 * kPage));
    const RegisterBase base = rig.own(5);
    std::vector<std::uint64_t> lengths;
    for (std::uint64_t done = 0; done < mdl.bytes;) {
        const std::uint64_t at = advance ? done : 0;
        const std::uint64_t asked = std::min<std::uint64_t>(mdl.bytes - done, 5 * kPage);
        const MappedBlock block = rig.adapter.map_transfer(&mdl, base, 0x10000 + at, asked, Direction::FromDevice);
        ASSERT_EQ(block.bytes, asked);
        for (std::uint64_t page = 0; page < asked / kPage; ++page) {
            const auto number = static_cast<std::uint8_t>(done / kPage + page);
            rig.machine.device_write(block.logical + page * kPage, bytes_of(number, kPage));
        }
        rig.adapter.flush_adapter_buffers(&mdl, base, 0x10000 + at, asked, Direction::FromDevice);
        lengths.push_back(asked);
        done += asked;
    }
    EXPECT_THAT(lengths, ElementsAre(20480, 20480, 8192));
    const Bytes wrong{10, 11, 7, 8, 9, kOld, kOld, kOld, kOld, kOld, kOld, kOld};
    for (std::uint8_t page = 0; page < 12; ++page) {
        EXPECT_EQ(rig.machine.peek(0x10000 + page * kPage, kPage), bytes_of(advance ? page : wrong[page], kPage))
            << int{page};
    }
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.machine.found(), Rules{});
}

TEST(Ownership, X01CurrentVaNotAdvanced) {
    for (const bool coherent : {false, true}) {
        twelve_pages(coherent, false);
        twelve_pages(coherent, true);
    }
}

TEST(Ownership, X02LengthFieldOfTheRequestOverwritten) {
    for (const bool aliased : {true, false}) {
        DmaMachineConfig config;
        config.dma.registers = MapRegisterKind::Identity;
        config.coherent = true;
        DeviceDescription description = master();
        description.scatter_gather = true;
        Rig rig(config, description);
        std::vector<std::uint64_t> pages;
        for (std::uint64_t page = 0; page < 12; ++page) {
            pages.push_back(0x10000 + 2 * page * kPage);
        }
        const Mdl mdl = make_mdl(0, 12 * kPage, pages);
        const RegisterBase base = rig.own(12);
        std::uint64_t request_length = mdl.bytes;
        std::uint64_t moved = 0;
        while (moved < request_length) {
            const MappedBlock block =
                rig.adapter.map_transfer(&mdl, base, moved, request_length - moved, Direction::FromDevice);
            ASSERT_EQ(block.bytes, kPage);
            rig.machine.device_write(block.logical, bytes_of(kDevice, block.bytes));
            moved += block.bytes;
            if (aliased) {
                request_length = block.bytes;  // What passing the request's own field does.
            }
        }
        EXPECT_EQ(moved, aliased ? 4096U : 49152U);
        std::uint64_t missing = 0;
        for (const std::uint64_t page : pages) {
            missing += rig.machine.peek(page, kPage) == bytes_of(kDevice, kPage) ? 0 : kPage;
        }
        EXPECT_EQ(missing, aliased ? 45056U : 0U);
        EXPECT_EQ(rig.machine.found(), Rules{});
    }
}

TEST(Ownership, X03RegistersFreedTooEarly) {
    DmaMachineConfig config = hardware(1);
    Rig rig(config, master(4096));
    const Mdl a = make_contiguous_mdl(0x10000, kPage);
    const Mdl b = make_contiguous_mdl(0x20000, kPage);
    rig.machine.poke(0x10000, bytes_of(kOld, kPage));
    rig.machine.poke(0x20000, bytes_of(0xB0, kPage));
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&a, base, 0x10000, kPage, Direction::FromDevice);
    rig.machine.device_write(block.logical, bytes_of(kDevice, 2048));
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.adapter.free_map_registers(base, 1), Status::Success);
    EXPECT_TRUE(rig.machine.broke("DV-10"));
    Adapter other = rig.another(2, master(4096));
    RegisterBase others = 0;
    other.allocate_adapter_channel(2, 1, [&](RegisterBase given) {
        others = given;
        return AllocationAction::DeallocateObjectKeepRegisters;
    });
    EXPECT_EQ(other.map_transfer(&b, others, 0x20000, 2048, Direction::FromDevice).logical, block.logical);
    rig.machine.device_write(block.logical + 2048, bytes_of(kDevice, 2048));
    EXPECT_EQ(rig.machine.peek(0x10000, kPage), bytes_of(kDevice, 2048) + bytes_of(kOld, 2048));
    EXPECT_EQ(rig.machine.peek(0x20000, kPage), bytes_of(0xB0, 2048) + bytes_of(kDevice, 2048));
    EXPECT_TRUE(rig.machine.broke("SV-12"));
    EXPECT_EQ(rig.machine.found(), Rules({"DV-10", "SV-08", "SV-12"}));
}

TEST(Ownership, X04FlushedBeforeTheEnd) {
    for (const auto early : {DmaOptions::EarlyFlush::Cancels, DmaOptions::EarlyFlush::Drains}) {
        DmaMachineConfig config;
        config.coherent = true;
        config.dma.options.early_flush = early;
        Rig rig(config, subordinate(3));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 4096);
        rig.machine.poke(kBuffer, bytes_of(kOld, 4096));
        const RegisterBase base = rig.own3(1);
        std::uint64_t bytes = 4096;
        EXPECT_EQ(rig.adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::FromDevice, 0, nullptr, {}),
                  Status::Success);
        rig.machine.give(kChannel, bytes_of(kDevice, 3000));
        rig.machine.wait_given(kChannel);
        EXPECT_EQ(rig.machine.report(), "");
        EXPECT_EQ(rig.adapter.flush_adapter_buffers_ex(&mdl, base, 0, 4096, Direction::FromDevice), Status::Success);
        EXPECT_TRUE(rig.machine.broke("DV-23"));
        EXPECT_EQ(rig.adapter.read_dma_counter(), 1096U);
        rig.machine.give(kChannel, bytes_of(kDevice, 8));
        rig.machine.cpu.wait_cycles(500);
        const std::size_t moved = early == DmaOptions::EarlyFlush::Cancels ? 3000 : 3008;
        EXPECT_EQ(rig.machine.peek(kBuffer, 4096), bytes_of(kDevice, moved) + bytes_of(kOld, 4096 - moved));
        EXPECT_EQ(rig.machine.found(), Rules({"DV-23", "EARLY_DONE"}));
    }
}

TEST(Ownership, X05ProducerLapsTheConsumer) {
    DmaMachineConfig config;
    config.coherent = true;
    DeviceDescription description = subordinate();
    description.auto_initialize = true;
    Rig rig(config, description);
    rig.machine.peripheral.stop_at_end = false;
    const Mdl mdl = make_contiguous_mdl(kBuffer, 4096);
    const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
    rig.adapter.map_transfer(&mdl, base, kBuffer, 4096, Direction::FromDevice);
    rig.machine.give(kChannel, bytes_of(0xD1, 4096) + bytes_of(0xD2, 100));
    rig.machine.wait_given(kChannel);
    EXPECT_EQ(rig.adapter.read_dma_counter(), 3996U);
    EXPECT_EQ(rig.machine.peek(kBuffer, 4096), bytes_of(0xD2, 100) + bytes_of(0xD1, 3996));
    DriverFact fact;
    fact.kind = DriverFact::Kind::ProducerLapped;
    fact.device = rig.device;
    fact.length = 4196 - 4096;
    rig.machine.dma.tell(fact);
    EXPECT_TRUE(rig.machine.broke("SV-24"));
    EXPECT_EQ(rig.machine.found(), Rules{"SV-24"});
}

TEST(Ownership, X06FormulaWithAnUnalignedStart) {
    for (const bool clip : {true, false}) {
        DmaMachineConfig config = hardware(8);
        config.dma.register_limit = 5;
        config.dma.options.clip_to_registers = clip;
        Rig rig(config, master());
        const Mdl mdl = make_contiguous_mdl(0x10800, 45056);
        const RegisterBase base = rig.own(5);
        const MappedBlock block = rig.adapter.map_transfer(&mdl, base, 0x10800, 20480, Direction::ToDevice);
        EXPECT_EQ(block.bytes, clip ? 18432U : 20480U);
        EXPECT_TRUE(rig.machine.broke("DV-15"));
        const DriverFinding& finding = rig.machine.checks.findings().front();
        EXPECT_EQ(finding.fields[0].value, 6U);
        EXPECT_EQ(finding.fields[1].value, 5U);
        EXPECT_EQ(rig.machine.found(), Rules{"DV-15"});
    }
    // Asking for the sixth register is refused.
    DmaMachineConfig config = hardware(8);
    config.dma.register_limit = 5;
    Rig rig(config, master());
    EXPECT_EQ(rig.adapter.allocate_adapter_channel(1, 6, [](RegisterBase) { return AllocationAction::KeepObject; }),
              Status::InsufficientResources);
    EXPECT_TRUE(rig.machine.broke("DV-0C"));
    EXPECT_EQ(rig.machine.found(), Rules{"DV-0C"});
    // And what a driver does right.
    Rig right(config, master());
    const Mdl mdl = make_contiguous_mdl(0x10800, 45056);
    const RegisterBase base = right.own(5);
    std::uint64_t done = 0;
    for (const std::uint64_t bytes : split_request(SplitRule::RegisterTrue, 0x10800, 45056, 5, 4096)) {
        EXPECT_EQ(right.adapter.map_transfer(&mdl, base, 0x10800 + done, bytes, Direction::ToDevice).bytes, bytes);
        EXPECT_TRUE(right.adapter.flush_adapter_buffers(&mdl, base, 0x10800 + done, bytes, Direction::ToDevice));
        done += bytes;
    }
    EXPECT_EQ(done, 45056U);
    EXPECT_EQ(right.machine.report(), "");
}

TEST(Ownership, X07SystemChannelGivenUpInTheCallback) {
    DmaMachineConfig config;
    config.coherent = true;
    Rig rig(config, subordinate());
    const Mdl first = make_contiguous_mdl(kBuffer, 1024);
    const Mdl second = make_contiguous_mdl(0x3000, 1024);
    rig.machine.poke(kBuffer, bytes_of(kOld, 1024));
    rig.machine.poke(0x3000, bytes_of(kOld, 1024));
    rig.adapter.allocate_adapter_channel(rig.device, 1, [&](RegisterBase base) {
        rig.adapter.map_transfer(&first, base, kBuffer, 1024, Direction::FromDevice);
        return AllocationAction::DeallocateObject;
    });
    EXPECT_TRUE(rig.machine.broke("SV-10"));
    rig.machine.give(kChannel, bytes_of(0xD1, 512));
    rig.machine.wait_given(kChannel);
    Adapter other = rig.another(2, subordinate());
    RegisterBase base = 0;
    EXPECT_EQ(other.allocate_adapter_channel(2, 1,
                                             [&](RegisterBase given) {
                                                 base = given;
                                                 other.map_transfer(&second, given, 0x3000, 1024,
                                                                    Direction::FromDevice);
                                                 return AllocationAction::KeepObject;
                                             }),
              Status::Success);
    ASSERT_NE(base, 0U);
    rig.machine.give(kChannel, bytes_of(0xD1, 512));  // The rest of the first device.
    rig.machine.wait_given(kChannel);
    EXPECT_EQ(rig.machine.peek(kBuffer, 1024), bytes_of(0xD1, 512) + bytes_of(kOld, 512));
    EXPECT_EQ(rig.machine.peek(0x3000, 1024), bytes_of(0xD1, 512) + bytes_of(kOld, 512));
    EXPECT_EQ(rig.machine.found(), Rules({"DV-10", "SV-10"}));
}

TEST(Ownership, X08KeptObjectNeverFreed) {
    for (const bool right : {false, true}) {
        Rig rig(hardware(4), master(4096));
        const RegisterBase base = rig.own(2, AllocationAction::KeepObject);
        bool ran = false;
        if (right) {
            EXPECT_EQ(rig.adapter.free_adapter_channel(), Status::Success);
        } else {
            EXPECT_EQ(rig.adapter.free_map_registers(base, 2), Status::Success);
        }
        EXPECT_EQ(rig.machine.broke("SV-10"), !right);
        EXPECT_EQ(rig.adapter.allocate_adapter_channel(2, 1,
                                                       [&](RegisterBase) {
                                                           ran = true;
                                                           return AllocationAction::DeallocateObject;
                                                       }),
                  Status::Success);
        rig.machine.cpu.wait_cycles(100'000);
        EXPECT_EQ(ran, right);
        EXPECT_EQ(rig.machine.found(), right ? Rules{} : Rules{"SV-10"});
    }
}

TEST(Ownership, X09DeviceStartedBeforeTheController) {
    DmaMachineConfig config;
    config.coherent = true;
    Rig rig(config, subordinate());
    const Mdl old = make_contiguous_mdl(kBuffer, 64);
    const Mdl next = make_contiguous_mdl(0x3000, 64);
    rig.machine.poke(kBuffer, bytes_of(kOld, 64));
    rig.machine.poke(0x3000, bytes_of(kOld, 64));
    // The request before ended early: its channel is still programmed, with 32 bytes to go.
    RegisterBase base = rig.own(1, AllocationAction::KeepObject);
    rig.adapter.map_transfer(&old, base, kBuffer, 64, Direction::FromDevice);
    rig.machine.give(kChannel, bytes_of(0xD1, 32));
    rig.machine.wait_given(kChannel);
    rig.adapter.flush_adapter_buffers(&old, base, kBuffer, 64, Direction::FromDevice);
    rig.adapter.free_adapter_channel();
    rig.machine.checks.clear();
    base = rig.own(1, AllocationAction::KeepObject);
    rig.machine.dma.device_requests(rig.device, kChannel, true);
    rig.machine.dma.device_requests(rig.device, kChannel);
    EXPECT_THAT(rig.machine.rules(), ElementsAre("SV-09", "SV-15"));
    rig.machine.give(kChannel, bytes_of(0xD2, 16));
    rig.machine.wait_given(kChannel);
    rig.adapter.map_transfer(&next, base, 0x3000, 64, Direction::FromDevice);
    rig.machine.dma.device_requests(rig.device, kChannel);
    EXPECT_THAT(rig.machine.rules(), ElementsAre("SV-09", "SV-15"));
    rig.machine.give(kChannel, bytes_of(0xD2, 48));
    rig.machine.wait_given(kChannel);
    EXPECT_EQ(rig.machine.peek(kBuffer, 64), bytes_of(0xD1, 32) + bytes_of(0xD2, 16) + bytes_of(kOld, 16));
    EXPECT_EQ(rig.machine.peek(0x3000, 64), bytes_of(0xD2, 48) + bytes_of(kOld, 16));
    // The first request was flushed when half of it had come.
    EXPECT_EQ(rig.machine.found(), Rules({"EARLY_DONE", "SV-09", "SV-15"}));
}

/// Makes a byte every `period` cycles, whatever happens, and keeps `depth` of them.
class Source final : public Clocked, public FlyByDevice {
  public:
    Source(std::uint64_t period, std::size_t depth) : period_(period), depth_(depth) {}
    void begin(Cycles at) { next_ = at + period_; }
    [[nodiscard]] Cycles next_edge() const override { return next_; }
    void evaluate(Cycles edge) override {
        if (edge < next_) {
            return;
        }
        next_ = edge + period_;
        ++made;
        if (fifo_.size() == depth_) {
            ++lost;
        } else {
            fifo_.push_back(static_cast<std::uint8_t>(made));
        }
        dma->set_dreq(kChannel, true, edge);
    }
    std::uint16_t give(unsigned channel, Cycles at) override {
        taken.push_back(at);
        made_when_taken.push_back(made);
        const std::uint8_t byte = fifo_.empty() ? 0 : fifo_.front();
        if (!fifo_.empty()) {
            fifo_.pop_front();
        }
        dma->set_dreq(channel, !fifo_.empty(), at);
        return byte;
    }
    void take(unsigned /*channel*/, std::uint16_t /*value*/, Cycles /*at*/) override {}

    PcAtDma* dma = nullptr;
    std::uint64_t made = 0;
    std::uint64_t lost = 0;
    std::vector<Cycles> taken;
    std::vector<std::uint64_t> made_when_taken;

  private:
    std::uint64_t period_;
    std::size_t depth_;
    std::deque<std::uint8_t> fifo_;
    Cycles next_ = kNever;
};

TEST(Ownership, X10DeviceThatCannotWait) {
    constexpr std::uint64_t kPeriod = 40;
    for (const std::size_t depth : {1U, 4U, 16U, 64U}) {
        DmaMachineConfig config;
        config.coherent = true;
        DmaMachine machine(config);
        Source source(kPeriod, depth);
        test::LateForward port;
        PcAtDma pair(PcAtConfig{}, port, source);
        port.port = &machine.system.connect(2, pair);
        machine.pc_at_registers.dma = &pair;
        source.dma = &pair;
        machine.system.add(pair);
        machine.system.add(source);
        DeviceDescription description = subordinate();
        description.waits = false;
        std::uint32_t granted = 0;
        Adapter adapter = machine.dma.get_dma_adapter(1, description, granted);
        machine.dma.set_level(Level::Dispatch);
        const Mdl mdl = make_contiguous_mdl(kBuffer, 128);
        RegisterBase base = 0;
        adapter.allocate_adapter_channel(1, 1, [&](RegisterBase given) {
            base = given;
            return AllocationAction::KeepObject;
        });
        adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
        source.begin(machine.cpu.now());
        machine.wait_until([&] { return source.taken.size() == 64; });
        machine.cpu.wait_cycles(20);  // Until the controller has ended too.
        adapter.flush_adapter_buffers(&mdl, base, kBuffer, 64, Direction::FromDevice);
        machine.cpu.wait_cycles(400);  // The driver thinks.
        adapter.map_transfer(&mdl, base, kBuffer + 64, 64, Direction::FromDevice);
        machine.wait_until([&] { return source.taken.size() == 128; });
        machine.cpu.wait_cycles(20);
        // Bytes made in the gap without service, of which the FIFO keeps its depth.
        const std::uint64_t gap = source.taken[64].count() - source.taken[63].count();
        EXPECT_GT(gap, 400U);
        const Bytes data = machine.peek(kBuffer, 128);
        std::uint64_t missing = 0;
        for (std::size_t place = 1; place < data.size(); ++place) {
            missing += static_cast<std::uint8_t>(data[place] - data[place - 1] - 1);
        }
        EXPECT_EQ(missing, source.lost) << depth;
        // The FIFO is empty when the gap begins: of the bytes made in it those beyond its depth are lost.
        const std::uint64_t in_gap = source.made_when_taken[64] - source.made_when_taken[63];
        EXPECT_EQ(source.made_when_taken[63], 64U);
        EXPECT_LE(in_gap, gap / kPeriod + 1);
        EXPECT_GE(in_gap, gap / kPeriod);
        EXPECT_EQ(source.lost, in_gap > depth ? in_gap - depth : 0U) << depth;
        EXPECT_EQ(source.lost > 0, depth < 10) << depth;
        DriverFact fact;
        fact.kind = DriverFact::Kind::DeviceOverrun;
        fact.device = 1;
        fact.length = source.lost;
        machine.dma.tell(fact);
        EXPECT_EQ(machine.broke("SV-23"), source.lost > 0);
        EXPECT_EQ(machine.found(), source.lost > 0 ? Rules{"SV-23"} : Rules{}) << machine.report();
    }
}

TEST(Ownership, X11SecondRequestOfADeviceObject) {
    Rig rig(hardware(8), master(4096));
    const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
    unsigned ran = 0;
    const auto control = [&](RegisterBase) {
        ++ran;
        // From inside of the callback as well.
        EXPECT_EQ(
            rig.adapter.allocate_adapter_channel(7, 1, [](RegisterBase) { return AllocationAction::DeallocateObject; }),
            Status::InvalidDeviceRequest);
        return AllocationAction::DeallocateObject;
    };
    EXPECT_EQ(rig.adapter.allocate_adapter_channel(7, 1, control), Status::Success);
    EXPECT_FALSE(rig.machine.broke("SV-11"));
    EXPECT_EQ(rig.adapter.allocate_adapter_channel(7, 1, control), Status::InvalidDeviceRequest);
    EXPECT_TRUE(rig.machine.broke("SV-11"));
    EXPECT_EQ(ran, 0U);
    // Requests for lists have no such limit.
    const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
    std::vector<ScatterGatherList> lists;
    for (unsigned request = 0; request < 2; ++request) {
        EXPECT_EQ(rig.adapter.get_scatter_gather_list(
                      7, &mdl, kBuffer, 64, [&](const ScatterGatherList& list) { lists.push_back(list); },
                      Direction::ToDevice),
                  Status::Success);
    }
    EXPECT_TRUE(lists.empty());
    static_cast<void>(base);
    EXPECT_EQ(rig.adapter.free_adapter_channel(), Status::Success);
    EXPECT_EQ(ran, 1U);
    EXPECT_EQ(lists.size(), 2U);
    // The one from inside of the callback is a second channel of its owner as well.
    EXPECT_EQ(rig.machine.found(), Rules({"DV-0B", "SV-11"}));
}

TEST(Ownership, X12MoreRegistersThanGranted) {
    Rig rig(hardware(5), master());
    bool ran = false;
    const auto control = [&](RegisterBase) {
        ran = true;
        return AllocationAction::DeallocateObject;
    };
    EXPECT_EQ(rig.adapter.allocate_adapter_channel(1, 6, control), Status::InsufficientResources);
    EXPECT_FALSE(ran);
    EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"DV-0C"});
    EXPECT_EQ(rig.adapter.allocate_adapter_channel(1, 5, control), Status::Success);
    EXPECT_TRUE(ran);
    EXPECT_EQ(rig.machine.found(), Rules{"DV-0C"});
}

TEST(Ownership, X13TwoRequestersThatHoldAndWait) {
    for (const bool at_once : {false, true}) {
        Rig rig(hardware(5), master());
        std::array<Adapter, 2> adapters{rig.adapter, rig.another(2, master())};
        std::array<std::vector<RegisterBase>, 2> bases;
        unsigned started = 0;
        const auto ask = [&](unsigned who, std::uint64_t registers, bool last) {
            EXPECT_EQ(adapters[who].allocate_adapter_channel(who + 1, registers,
                                                             [&, who, last](RegisterBase base) {
                                                                 bases[who].push_back(base);
                                                                 started += last ? 1 : 0;
                                                                 return AllocationAction::DeallocateObjectKeepRegisters;
                                                             }),
                      Status::Success);
        };
        if (at_once) {
            ask(0, 4, true);
            ask(1, 4, true);
            EXPECT_EQ(started, 1U);
            EXPECT_EQ(adapters[0].free_map_registers(bases[0][0], 4), Status::Success);
            EXPECT_EQ(started, 2U);
        } else {
            ask(0, 2, false);
            ask(1, 2, false);
            ask(0, 2, true);
            ask(1, 2, true);
            rig.machine.cpu.wait_cycles(100'000);
            EXPECT_EQ(started, 0U);
            EXPECT_EQ(rig.machine.dma.state().pending.size(), 2U);
        }
        EXPECT_EQ(rig.machine.found(), Rules{});
    }
}

TEST(Ownership, X14BufferUnlockedWhileTheDeviceRuns) {
    DmaMachineConfig config;
    config.coherent = true;
    config.dma.registers = MapRegisterKind::Identity;
    Rig rig(config, master(4096));
    Mdl mdl = make_contiguous_mdl(kBuffer, 64);
    const RegisterBase base = rig.own(1);
    const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
    rig.machine.device_write(block.logical, bytes_of(kDevice, 32));
    EXPECT_EQ(rig.machine.report(), "");
    mdl.locked = false;
    rig.machine.poke(kBuffer, bytes_of(0xB0, 64));  // The page has another owner now.
    rig.machine.device_write(block.logical + 32, bytes_of(kDevice, 32));
    EXPECT_EQ(rig.machine.peek(kBuffer, 64), bytes_of(0xB0, 32) + bytes_of(kDevice, 32));
    rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 64, Direction::FromDevice);
    EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"DV-0E"});
    EXPECT_EQ(rig.machine.found(), Rules{"DV-0E"});
}

TEST(Ownership, X15ListsAndAdaptersFreedTwice) {
    Rig rig(hardware(8), master());
    const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
    std::vector<ScatterGatherList> lists;
    for (unsigned request = 0; request < 2; ++request) {
        rig.adapter.get_scatter_gather_list(
            1, &mdl, kBuffer, 64, [&](const ScatterGatherList& list) { lists.push_back(list); }, Direction::ToDevice);
    }
    ASSERT_EQ(lists.size(), 2U);
    EXPECT_EQ(rig.adapter.put_scatter_gather_list(lists[0], Direction::ToDevice), Status::Success);
    EXPECT_EQ(rig.machine.report(), "");
    EXPECT_EQ(rig.adapter.put_scatter_gather_list(lists[0], Direction::ToDevice), Status::InvalidParameter);
    EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"DV-06"});
    rig.adapter.put_dma_adapter();
    EXPECT_THAT(rig.machine.rules(), ElementsAre("DV-06", "DV-0A"));
    rig.machine.dma.set_level(Level::Passive);
    EXPECT_EQ(rig.adapter.get_dma_alignment(), 1U);
    EXPECT_TRUE(rig.machine.broke("DV-18"));
    EXPECT_EQ(rig.machine.found(), Rules({"DV-06", "DV-0A", "DV-18"}));
}

TEST(Ownership, X16DomainSwitchedDuringABurst) {
    DmaMachineConfig config;
    config.coherent = true;
    config.dma.registers = MapRegisterKind::Identity;
    config.translate = true;
    for (const bool mapped : {true, false}) {
        Rig rig(config, master(4096));
        RemappingUnit unit(rig.machine.dma);
        unit.add_device(rig.device, rig.machine.translator);
        const std::uint32_t first = unit.create_domain(DomainType::Translate);
        const std::uint32_t second = unit.create_domain(DomainType::Translate);
        EXPECT_EQ(unit.map_range(first, kBuffer, 0x10000, kPage, kDomainReads | kDomainWrites), Status::Success);
        if (mapped) {
            EXPECT_EQ(unit.map_range(second, kBuffer, 0x20000, kPage, kDomainReads | kDomainWrites), Status::Success);
        }
        EXPECT_EQ(unit.attach(rig.device, first), Status::Success);
        rig.machine.poke(0x10000, bytes_of(kOld, 64));
        rig.machine.poke(0x20000, bytes_of(0xB0, 64));
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        const RegisterBase base = rig.own(1);
        rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
        rig.machine.cpu.wait_cycles(1);
        for (std::uint64_t beat = 0; beat < 8; ++beat) {
            if (beat == 4) {
                EXPECT_EQ(unit.switch_domain(rig.device, second), Status::Success);
                rig.machine.cpu.wait_cycles(1);
                EXPECT_EQ(rig.machine.rules(), std::vector<std::string>{"SV-19"});
            }
            rig.machine.device_write(kBuffer + 8 * beat, bytes_of(kDevice, 8));
        }
        EXPECT_EQ(rig.machine.peek(0x10000, 64), bytes_of(kDevice, 32) + bytes_of(kOld, 32));
        EXPECT_EQ(rig.machine.peek(0x20000, 64),
                  mapped ? bytes_of(0xB0, 32) + bytes_of(kDevice, 32) : bytes_of(0xB0, 64));
        EXPECT_EQ(rig.machine.broke("DV-26"), !mapped);
        EXPECT_EQ(rig.machine.found(), mapped ? Rules{"SV-19"} : Rules({"DV-26", "SV-19"}));
    }
}

TEST(Ownership, X17FourBytesTooMany) {
    for (const bool guarded : {true, false}) {
        for (const std::size_t more : {0U, 4U, 12U}) {
            DmaMachineConfig config;
            config.dma.registers = guarded ? MapRegisterKind::Bounce : MapRegisterKind::Identity;
            config.dma.guards = guarded;
            Rig rig(config, master(4096));
            const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
            rig.machine.poke(kBuffer, bytes_of(kOld, 128));
            const RegisterBase base = rig.own(1);
            const MappedBlock block = rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
            rig.machine.device_write(block.logical, bytes_of(kDevice, 64 + more));
            rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 64, Direction::FromDevice);
            EXPECT_EQ(rig.machine.load(kBuffer, 64), bytes_of(kDevice, 64));
            EXPECT_EQ(rig.machine.load(kBuffer + 64, 12),
                      guarded ? bytes_of(kOld, 12) : bytes_of(kDevice, more) + bytes_of(kOld, 12 - more));
            EXPECT_EQ(rig.machine.broke("DV-0F2"), guarded && more > 0);
            EXPECT_EQ(rig.machine.broke("DV-0F5"), guarded && more > 8);
            Rules rules;
            if (guarded && more > 0) {
                rules.emplace_back("DV-0F2");
            }
            if (guarded && more > 8) {
                rules.emplace_back("DV-0F5");
            }
            if (more > 0) {
                rules.emplace_back("SV-12");
            }
            EXPECT_EQ(rig.machine.found(), rules);
        }
    }
}

}  // namespace
}  // namespace dmasim::dma
