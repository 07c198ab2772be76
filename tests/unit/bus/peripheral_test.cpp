// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/bus/core/peripheral/block_device_core.h"
#include "dmasim/bus/core/peripheral/stream_core.h"
#include "dmasim/model/errors.h"

#include "unit/bus/bus_fixture.h"

namespace dmasim {
namespace {

using namespace block_device::reg;
using Levels = std::vector<std::pair<bool, std::uint64_t>>;

// Plays the bus for one device: each burst is handed over when its stamp comes.
class Host final : public BurstMaster {
  public:
    explicit Host(DevicePort& device) : device_(device) { device.bind(*this); }
    std::uint32_t request(Access access, std::uint64_t address, std::vector<std::uint8_t> bytes, std::uint64_t at,
                          std::uint32_t fixed = 0) {
        const auto tag = static_cast<std::uint32_t>(data.size());
        data.push_back(std::make_unique<std::vector<std::uint8_t>>(std::move(bytes)));
        outcomes.emplace_back();
        device_.advance_to(Cycles{at});
        Burst burst;
        burst.access = access;
        burst.address = address;
        burst.bytes = static_cast<std::uint32_t>(data.back()->size());
        burst.fixed_bytes = fixed;
        burst.tag = tag;
        burst.data = data.back()->data();
        device_.request(burst, Cycles{at});
        return tag;
    }
    std::uint32_t read(std::uint64_t address, std::uint32_t bytes, std::uint64_t at, std::uint32_t fixed = 0) {
        return request(Access::Read, address, std::vector<std::uint8_t>(bytes, 0xEE), at, fixed);
    }
    void set(std::uint64_t address, std::uint32_t value, std::uint64_t at) {
        std::vector<std::uint8_t> bytes(4);
        for (unsigned i = 0; i < 4; ++i) {
            bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
        }
        request(Access::Write, address, bytes, at);
        device_.advance_to(Cycles{at + 2});
    }
    Response status(std::uint32_t tag) { return outcomes.at(tag).status; }

    void accepted(std::uint32_t, Cycles) override {}
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t, Response response) override {
        outcomes[tag].response = first.count();
        outcomes[tag].status = response;
        ++outcomes[tag].responses;
    }
    void write_response(std::uint32_t tag, Cycles at, Response response) override {
        outcomes[tag].response = at.count();
        outcomes[tag].status = response;
        ++outcomes[tag].responses;
    }
    std::vector<std::unique_ptr<std::vector<std::uint8_t>>> data;
    std::vector<test::Outcome> outcomes;

  private:
    DevicePort& device_;
};

TEST(Pacer, ClosedFormEqualsOneElementAtATime) {
    std::mt19937_64 random(99);
    for (int round = 0; round < 500; ++round) {
        const std::uint64_t capacity = 1 + random() % 8;
        const std::uint64_t cycles = 1 + random() % 5;
        const bool source = random() % 2 == 0;
        Pacer quick(capacity, cycles);
        Pacer slow(capacity, cycles);
        for (Pacer* pacer : {&quick, &slow}) {
            source ? pacer->start_source(30, Cycles{3}) : pacer->start_sink(Cycles{3});
        }
        std::uint64_t edge = 1;
        for (int step = 0; step < 30; ++step) {
            const std::uint64_t next = edge + random() % 20;
            for (std::uint64_t e = edge; e < next; ++e) {
                slow.advance(Cycles{e});
            }
            quick.advance(Cycles{next - 1});
            ASSERT_EQ(quick.fill(), slow.fill()) << "round " << round;
            const std::uint64_t some = source ? random() % (quick.fill() + 1) : random() % (quick.room() + 1);
            for (Pacer* pacer : {&quick, &slow}) {
                source ? pacer->pop(some, Cycles{next}) : pacer->push(some, Cycles{next});
            }
            edge = next;
        }
    }
}

TEST(StreamPeripheral, SourceRaisesDreqAtItsThresholdAndAtItsEnd) {
    StreamConfig config;
    config.threshold = 2;
    config.cycles_per_element = 10;
    StreamPeripheralCore device(config);
    Levels levels;
    device.on_dreq([&](bool level, Cycles at) { levels.emplace_back(level, at.count()); });
    Host host(device);
    const std::vector<std::uint8_t> payload{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    device.supply(payload.data(), payload.size(), Cycles{0});  // Elements at 10, 20, 30.
    device.advance_to(Cycles{20});
    EXPECT_TRUE(levels.empty());
    device.advance_to(Cycles{21});
    EXPECT_EQ(levels, (Levels{{true, 21}}));
    host.read(0, 8, 24, 4);  // Taken at 25.
    device.advance_to(Cycles{30});
    EXPECT_EQ(levels, (Levels{{true, 21}, {false, 26}}));
    device.advance_to(Cycles{40});
    EXPECT_EQ(levels.back(), (std::pair<bool, std::uint64_t>{true, 31})) << "the rest, below the threshold";
    host.read(0, 4, 40, 4);
    device.advance_to(kNever);
    EXPECT_EQ(*host.data[0], (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(*host.data[1], (std::vector<std::uint8_t>{9, 10, 11, 12}));
    EXPECT_FALSE(device.dreq());
    EXPECT_EQ(device.misuses(), 0U);
}

TEST(StreamPeripheral, AnElementCanBeTakenFromTheEdgeAfterItsProduction) {
    for (const std::uint64_t at : {9U, 10U}) {  // Taken at 10 and 11; the element is there at 10.
        for (const bool error : {false, true}) {
            StreamConfig config;
            config.cycles_per_element = 10;
            config.error_on_misuse = error;
            StreamPeripheralCore device(config);
            Host host(device);
            const std::vector<std::uint8_t> payload{1, 2, 3, 4};
            device.supply(payload.data(), 4, Cycles{0});
            host.read(0, 4, at, 4);
            device.advance_to(Cycles{50});
            const bool early = at == 9;
            EXPECT_EQ(device.misuses(), early ? 1U : 0U);
            EXPECT_EQ((*host.data[0])[0], early ? 0 : 1);
            EXPECT_EQ(host.status(0), early && error ? Response::GenericError : Response::Ok);
        }
    }
}

TEST(StreamPeripheral, SinkTakesElementsAtItsRateAndCountsOverruns) {
    StreamConfig config;
    config.sink = true;
    config.fifo_elements = 2;
    config.threshold = 2;
    config.cycles_per_element = 10;
    StreamPeripheralCore device(config);
    Levels levels;
    device.on_dreq([&](bool level, Cycles at) { levels.emplace_back(level, at.count()); });
    Host host(device);
    host.request(Access::Write, 0, {1, 2, 3, 4, 5, 6, 7, 8}, 4, 4);  // Beats at 5 and 6; in at 6; out at 16 and 26.
    host.request(Access::Write, 0, {9, 9, 9, 9}, 10, 4);             // Full.
    device.advance_to(Cycles{26});
    EXPECT_EQ(levels, (Levels{{true, 1}, {false, 7}}));
    EXPECT_EQ(device.fill(Cycles{16}), 2U);
    EXPECT_EQ(device.fill(Cycles{17}), 1U);
    EXPECT_EQ(device.fill(Cycles{26}), 1U);
    EXPECT_EQ(device.fill(Cycles{27}), 0U);
    device.advance_to(Cycles{27});
    EXPECT_EQ(levels.back(), (std::pair<bool, std::uint64_t>{true, 27}));
    EXPECT_EQ(device.misuses(), 1U);
    EXPECT_EQ(device.received(), (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(StreamPeripheral, RefusesWhatItDoesNotUnderstand) {
    StreamPeripheralCore device(StreamConfig{});
    Host host(device);
    host.read(4, 4, 0);
    host.request(Access::Write, 0, {1, 2, 3, 4}, 1);
    host.read(0, 3, 2);
    device.advance_to(Cycles{50});
    EXPECT_EQ(host.status(0), Response::AddressError);
    EXPECT_EQ(host.status(1), Response::CommandError);
    EXPECT_EQ(host.status(2), Response::BurstError);
    StreamConfig bad;
    bad.element_bytes = 3;
    bad.threshold = 0;
    bad.cycles_per_element = 0;
    EXPECT_EQ(validate(bad).size(), 3U);
    EXPECT_THROW(StreamPeripheralCore{bad}, ConfigError);
}

TEST(StreamPeripheral, TcStopsTheRequestUntilArmed) {
    StreamConfig config;
    config.sink = true;
    config.stop_at_tc = true;
    StreamPeripheralCore device(config);
    Host host(device);
    Levels levels;
    device.on_dreq([&](bool level, Cycles at) { levels.emplace_back(level, at.count()); });
    device.advance_to(Cycles{10});
    device.dack(true, Cycles{10});
    device.dack(false, Cycles{11});
    device.tc(true, Cycles{10});
    device.tc(false, Cycles{11});
    device.advance_to(Cycles{20});
    device.arm(Cycles{20});
    device.advance_to(Cycles{40});
    EXPECT_EQ(levels, (Levels{{true, 1}, {false, 12}, {true, 22}}));
    EXPECT_EQ(device.acknowledges(), 1U);
    EXPECT_EQ(device.terminal_counts(), 1U);
}

struct Disk {
    explicit Disk(BlockDeviceConfig config = {}) : device(config, store), host(device) {
        device.on_dreq([this](bool level, Cycles at) { dreq.emplace_back(level, at.count()); });
        device.on_irq([this](bool level, Cycles at) { irq.emplace_back(level, at.count()); });
    }
    GeneratedStore store{64 * 512, 5};
    BlockDeviceCore device;
    Host host;
    Levels dreq;
    Levels irq;
};

TEST(BlockDevice, ReadCommandFromStartToInterrupt) {
    BlockDeviceConfig config;
    config.command_cycles = 100;
    config.seek_cycles = 1000;
    config.cycles_per_element = 2;
    Disk disk(config);
    disk.host.set(kLbaLow, 3, 1);
    disk.host.set(kCount, 1, 3);
    disk.host.set(kControl, kStart | kIrqEnable, 9);  // Takes effect at 10; medium at 1110; 16 elements at 1142.
    EXPECT_EQ(disk.device.peek_register(kStatus), kBusy);
    disk.device.advance_to(Cycles{1142});
    EXPECT_TRUE(disk.dreq.empty());
    disk.device.advance_to(Cycles{1143});
    EXPECT_EQ(disk.dreq, (Levels{{true, 1143}}));
    std::vector<std::uint8_t> got;
    std::uint64_t at = 1200;
    for (int i = 0; i < 4; ++i, at += 100) {
        const auto tag = disk.host.read(kData, 128, at, 8);
        disk.device.advance_to(Cycles{at + 2});
        ASSERT_EQ(disk.host.status(tag), Response::Ok);
        got.insert(got.end(), disk.host.data[tag]->begin(), disk.host.data[tag]->end());
        EXPECT_EQ(disk.irq.empty(), i < 3);
    }
    EXPECT_EQ(disk.irq, (Levels{{true, 1502}})) << "the last burst is taken at 1501";
    for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i], GeneratedStore::generated(5, 3 * 512 + i));
    }
    EXPECT_EQ(disk.device.peek_register(kStatus), kDone);
    disk.host.set(kStatus, kDone, 1600);
    EXPECT_EQ(disk.irq.back(), (std::pair<bool, std::uint64_t>{false, 1602}));
    // The command that follows needs no seek.
    disk.dreq.clear();
    disk.host.set(kLbaLow, 4, 1700);
    disk.host.set(kControl, kStart, 1799);
    disk.device.advance_to(Cycles{1933});
    EXPECT_EQ(disk.dreq, (Levels{{true, 1933}}));
}

TEST(BlockDevice, WriteCommandIsDoneWhenItIsFlushed) {
    BlockDeviceConfig config;
    config.cycles_per_element = 4;
    Disk disk(config);
    disk.host.set(kLbaLow, 7, 1);
    disk.host.set(kCount, 1, 3);
    disk.host.set(kControl, kStart | kWrite | kIrqEnable, 9);
    EXPECT_EQ(disk.dreq, (Levels{{true, 11}}));
    std::vector<std::uint8_t> bytes(512);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(i * 3);
    }
    disk.host.request(Access::Write, kData, bytes, 19, 8);  // 64 beats: in at 83; out at 87 to 339.
    disk.device.advance_to(Cycles{339});
    EXPECT_TRUE(disk.irq.empty());
    disk.device.advance_to(Cycles{340});
    EXPECT_EQ(disk.irq, (Levels{{true, 340}}));
    std::vector<std::uint8_t> got(512);
    disk.store.read(7 * 512, got.data(), got.size());
    EXPECT_EQ(got, bytes);
}

TEST(BlockDevice, ErrorsEndInTheStatusRegister) {
    const auto code = [](Disk& disk) { return disk.device.peek_register(kStatus) >> kErrorCodeShift; };
    Disk disk;
    disk.host.set(kLbaLow, 63, 1);
    disk.host.set(kCount, 2, 3);
    disk.host.set(kControl, kStart | kIrqEnable, 5);
    EXPECT_EQ(code(disk), 1U);
    EXPECT_EQ(disk.irq, (Levels{{true, 7}}));
    disk.host.set(kStatus, kError, 10);
    EXPECT_EQ(code(disk), 0U);
    const auto idle = disk.host.read(kData, 8, 20, 8);
    disk.device.advance_to(Cycles{30});
    EXPECT_EQ(disk.host.status(idle), Response::GenericError);
    EXPECT_EQ(code(disk), 3U);
    disk.host.set(kStatus, kError, 40);
    disk.host.set(kCount, 1, 42);
    disk.host.set(kControl, kStart, 44);
    disk.host.set(kControl, kStart, 46);
    EXPECT_EQ(code(disk), 2U);
    EXPECT_NE(disk.device.peek_register(kStatus) & kBusy, 0U) << "the running command goes on";
    disk.host.set(kControl, kReset | kStart, 60);
    EXPECT_EQ(disk.device.peek_register(kStatus) & ~kDreq, 0U);
    const auto odd = disk.host.read(kCount + 1, 4, 70);
    const auto none = disk.host.read(0x24, 4, 71);
    disk.device.advance_to(Cycles{80});
    EXPECT_EQ(disk.host.status(odd), Response::BurstError);
    EXPECT_EQ(disk.host.status(none), Response::AddressError);
}

TEST(FileStore, ReadsAndWritesAFile) {
    const std::string path = ::testing::TempDir() + "dmasim_file_store.bin";
    std::ofstream(path, std::ios::binary) << "hello";
    FileStore store(path, true, 1024);
    EXPECT_EQ(store.bytes(), 1024U);
    std::vector<std::uint8_t> got(8, 0xEE);
    EXPECT_TRUE(store.read(3, got.data(), 4));
    EXPECT_EQ(got, (std::vector<std::uint8_t>{'l', 'o', 0, 0, 0xEE, 0xEE, 0xEE, 0xEE}));
    EXPECT_TRUE(store.write(600, got.data(), 2));
    EXPECT_TRUE(store.flush());
    EXPECT_TRUE(store.read(600, got.data() + 4, 2));
    EXPECT_EQ(got[4], 'l');
    FileStore fixed(path, false);
    EXPECT_EQ(fixed.bytes(), 602U);
    EXPECT_FALSE(fixed.write(0, got.data(), 1));
    std::remove(path.c_str());
    EXPECT_THROW(FileStore(path, false), ConfigError);
}

struct FifoLog final : TraceSink {
    void event(const TraceEvent& event) override {
        events.emplace_back(static_cast<FifoEvent>(event.value), event.at.count());
    }
    std::vector<std::pair<FifoEvent, std::uint64_t>> events;
};
using FifoEvents = std::vector<std::pair<FifoEvent, std::uint64_t>>;

TEST(StreamPeripheral, ASinkTellsWhenItsFifoIsEmptyAndWhatDoesNotFit) {
    StreamConfig config;
    config.sink = true;
    config.fifo_elements = 2;
    config.cycles_per_element = 10;
    StreamPeripheralCore device(config);
    FifoLog log;
    device.set_trace(&log, 7, 0x4000);
    Host host(device);
    host.request(Access::Write, 0, {1, 2, 3, 4, 5, 6, 7, 8}, 4, 4);  // In at 6; out at 16 and 26.
    host.request(Access::Write, 0, {9, 9, 9, 9}, 10, 4);             // Full.
    device.advance_to(Cycles{40});
    EXPECT_EQ(log.events, (FifoEvents{{FifoEvent::Filled, 6}, {FifoEvent::Overrun, 11}, {FifoEvent::Empty, 26}}));
}

// The next element is wanted 10 cycles behind the last one.
TEST(StreamPeripheral, ASinkThatCannotWaitRunsDryOneCycleTooLate) {
    for (const bool real_time : {false, true}) {
        for (const std::uint64_t late : {0U, 1U}) {
            StreamConfig config;
            config.sink = true;
            config.cycles_per_element = 10;
            config.real_time = real_time;
            StreamPeripheralCore device(config);
            FifoLog log;
            device.set_trace(&log, 7, 0x4000);
            Host host(device);
            host.request(Access::Write, 0, {1, 2, 3, 4}, 4, 4);          // In at 5, out at 15.
            host.request(Access::Write, 0, {5, 6, 7, 8}, 24 + late, 4);  // In at 25, or at 26.
            device.advance_to(Cycles{60});
            const bool dry = std::count_if(log.events.begin(), log.events.end(), [](const auto& event) {
                                 return event.first == FifoEvent::Underrun && event.second == 25;
                             }) != 0;
            EXPECT_EQ(dry, real_time && late == 1) << late;
        }
    }
}

TEST(StreamPeripheral, ASourceThatCannotWaitRunsOverOneCycleTooLate) {
    for (const std::uint64_t late : {0U, 1U}) {
        StreamConfig config;
        config.fifo_elements = 2;
        config.cycles_per_element = 10;
        config.real_time = true;
        StreamPeripheralCore device(config);
        FifoLog log;
        device.set_trace(&log, 7, 0x4000);
        const std::vector<std::uint8_t> payload(16, 1);
        device.supply(payload.data(), payload.size(), Cycles{0});
        Host host(device);
        // Elements at 10 and 20: full. The third has no room at 30 unless the bus comes first.
        host.read(0, 4, 29 + late, 4);
        device.advance_to(Cycles{60});
        const bool over = std::count_if(log.events.begin(), log.events.end(),
                                        [](const auto& event) { return event.first == FifoEvent::Overrun; }) != 0;
        EXPECT_EQ(over, late == 1) << late << ", answered at " << host.outcomes[0].response;
    }
}

}  // namespace
}  // namespace dmasim
