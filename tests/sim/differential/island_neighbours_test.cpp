// SPDX-License-Identifier: Apache-2.0
//
// Two interconnects, the second a target of the first, a controller at each, resets at random times, and an initiator that
// speaks b_transport beside them: the lazy driver and the events driver against transactions. Jobs are long rows, so
// that islands leap. Sockets are bound without monitors in between: behind one, a module joins no island.
//   DMASIM_NEIGHBOURS_CONFIGURATIONS  how many (nightly runs use more)
//   DMASIM_NEIGHBOURS_SEED            the first seed
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <systemc>
#include <tlm_utils/simple_initiator_socket.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/tlm/dma_controller.h"

#include "reference/campaign.h"
#include "run_platform.h"
#include "separate_process.h"
#include "support/core/dice.h"
#include "support/word_access.h"

namespace dmasim::test {
namespace {

constexpr std::uint64_t kMemoryBytes = 1 << 18;
constexpr std::uint64_t kFar = 0x10'0000;  // The second interconnect's memory, as the first one's initiators see it.
constexpr std::uint64_t kCycles = 30'000;
constexpr std::uint64_t kPeriod = 10'000;  // In units of the resolution.

struct Neighbours final : sc_core::sc_module {
    static constexpr unsigned kChannels = 3;

    SC_HAS_PROCESS(Neighbours);
    Neighbours(const sc_core::sc_module_name& name, std::uint64_t run_seed, BusDriver driver)
        : sc_module(name),
          seed(run_seed),
          domain(10, sc_core::SC_NS),
          irq("irq", 2),
          reset("reset", 2),
          programming("programming", 2) {
        Dice dice(2 * seed + 1);
        const std::array<const char*, 3> topologies{"shared", "crossbar", "simple"};
        InterconnectOptions options;
        options.lazy = driver == BusDriver::Lazy;
        options.transactions = driver == BusDriver::Transactions;
        for (unsigned k = 0; k < 2; ++k) {
            BusConfig bus;
            bus.topology = topologies[dice.roll(3)];
            bus.request_latency = static_cast<std::uint32_t>(1 + dice.roll(3));
            bus.response_latency = static_cast<std::uint32_t>(1 + dice.roll(3));
            bus.max_outstanding = static_cast<std::uint32_t>(1 + dice.roll(4));
            bus.initiators = 2;
            bus.targets = k == 0 ? 2 : 1;
            bus.map = {AddressRange{0, kMemoryBytes, 0, 0, "memory"}};
            if (k == 0) {
                bus.map.push_back(AddressRange{kFar, kMemoryBytes, 1, 0, "far"});
            }
            MemoryConfig memory;
            memory.size = kMemoryBytes;
            memory.read_latency = static_cast<std::uint32_t>(1 + dice.roll(8));
            memory.write_latency = static_cast<std::uint32_t>(1 + dice.roll(8));
            memory.read_wait = static_cast<std::uint32_t>(dice.roll(3));
            memory.write_wait = static_cast<std::uint32_t>(dice.roll(3));
            DmaControllerConfig dma;
            dma.dma.channels = kChannels;
            dma.dma.max_burst_beats = 1U << dice.roll(4);
            dma.dma.fifo_beats = dma.dma.max_burst_beats * static_cast<std::uint32_t>(1 + dice.roll(4));
            dma.initiator = static_cast<std::uint16_t>(k);
            const std::string number = std::to_string(k);
            buses.push_back(std::make_unique<Interconnect>(("bus" + number).c_str(), domain, bus, options));
            memories.push_back(std::make_unique<Memory>(("memory" + number).c_str(), domain, memory));
            controllers.push_back(std::make_unique<DmaController>(("dma" + number).c_str(), domain, dma));
            controllers[k]->memory.bind(buses[k]->target_sockets[0]);
            buses[k]->initiator_sockets[0].bind(memories[k]->socket);
            controllers[k]->irq.bind(irq[k]);
            controllers[k]->reset.bind(reset[k]);
            programming[k].bind(controllers[k]->registers);
        }
        caller.bind(buses[0]->target_sockets[1]);
        buses[0]->initiator_sockets[1].bind(buses[1]->target_sockets[1]);
        SC_THREAD(program);
        SC_THREAD(call);
        SC_METHOD(look);
        sensitive << irq[0] << irq[1];
        dont_initialize();
    }

    [[nodiscard]] std::uint64_t cycle() const { return domain.stamp_of(sc_core::sc_time_stamp()).count(); }
    static sc_core::sc_time cycles(std::uint64_t count) { return sc_core::sc_time::from_value(count * kPeriod); }

    void access(unsigned controller, tlm::tlm_command command, std::uint32_t offset, std::uint32_t& value) {
        test::access_word(programming[controller], command, offset, value);
    }

    void start(Dice& dice, unsigned controller, unsigned channel) {
        namespace reg = native::reg;
        const auto write = [&](std::uint32_t offset, std::uint64_t value) {
            auto word = static_cast<std::uint32_t>(value);
            access(controller, tlm::TLM_WRITE_COMMAND, native::channel_register(channel, offset), word);
        };
        const std::uint64_t room = kMemoryBytes / (2 * kChannels);
        const auto place = [&](std::uint64_t which) {
            const std::uint64_t far = controller == 0 && dice.roll(5) == 0 ? kFar : 0;
            const std::uint64_t off = dice.roll(3) == 0 ? dice.roll(512) : 8 * dice.roll(64);
            return far + which * room / 4096 * 4096 + off;
        };
        write(reg::kIntEnable, 0x3F);
        write(reg::kStatus, 0xFFFF'FFFF);
        write(reg::kSrcLo, place(2 * channel));
        write(reg::kDstLo, place(2 * channel + 1));
        write(reg::kLength, 1 + dice.roll(16'000));
        write(reg::kRows, 1 + dice.roll(2));
        write(reg::kSrcStride, dice.roll(1000));
        write(reg::kDstStride, dice.roll(1000));
        write(reg::kControl, native::control::kStart);
    }

    void program() {
        Dice dice(2 * (seed + 1000) + 1);
        for (unsigned step = 0;; ++step) {
            const auto controller = static_cast<unsigned>(dice.roll(2));
            const auto channel = static_cast<unsigned>(dice.roll(kChannels));
            switch (dice.roll(6)) {
                case 0: {
                    // Most resets come while something leaps.
                    reset[controller] = true;
                    wait(cycles(1 + dice.roll(4)));
                    reset[controller] = false;
                    wait(cycles(1 + dice.roll(30)));
                    start(dice, controller, channel);
                    break;
                }
                case 1: {
                    std::uint32_t value = 0;
                    access(controller, tlm::TLM_READ_COMMAND,
                           native::channel_register(channel, native::reg::kResidueLo), value);
                    note("residue", value);
                    break;
                }
                default:
                    start(dice, controller, channel);
                    break;
            }
            wait(sc_core::sc_time::from_value(1 + dice.roll(dice.roll(3) == 0 ? 30 * kPeriod : 4000 * kPeriod)));
        }
    }

    void call() {
        Dice dice(2 * (seed + 2000) + 1);
        for (;;) {
            wait(sc_core::sc_time::from_value(1 + dice.roll(1500 * kPeriod)));
            tlm::tlm_generic_payload trans;
            trans.set_command(dice.roll(2) == 0 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
            trans.set_address((dice.roll(3) == 0 ? kFar : 0) + dice.roll(kMemoryBytes - 64));
            const auto bytes = static_cast<unsigned>(1 + dice.roll(64));
            for (std::uint8_t& byte : buffer) {
                byte = static_cast<std::uint8_t>(dice.roll(256));
            }
            trans.set_data_ptr(buffer.data());
            trans.set_data_length(bytes);
            trans.set_streaming_width(bytes);
            sc_core::sc_time delay = cycles(dice.roll(3));
            caller->b_transport(trans, delay);
            std::uint64_t sum = 0;
            for (unsigned k = 0; k < bytes; ++k) {
                sum = sum * 257 + buffer[k];
            }
            note("call", delay.value());
            note("bytes", sum);
            wait(delay);
        }
    }

    void look() { note("interrupts", (irq[0].read() ? 1U : 0U) | (irq[1].read() ? 2U : 0U)); }

    void note(const char* what, std::uint64_t value) {
        lines.push_back(fmt::format("{:>12} {} {:#x}", sc_core::sc_time_stamp().value(), what, value));
    }

    std::string run() {
        std::vector<std::uint8_t> bytes(kMemoryBytes);
        for (unsigned k = 0; k < 2; ++k) {
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                bytes[i] = static_cast<std::uint8_t>(i * 37 + (i >> 8) + k);
            }
            memories[k]->poke(0, bytes.data(), bytes.size());
        }
        Dice dice(2 * (seed + 3000) + 1);
        const std::uint64_t end = kCycles * kPeriod;
        while (sc_core::sc_time_stamp().value() < end) {
            const std::uint64_t now = sc_core::sc_time_stamp().value();
            sc_core::sc_start(sc_core::sc_time::from_value(std::min(1 + dice.roll(9'000'000), end - now)));
            std::uint64_t word = 0;
            memories[dice.roll(2)]->peek(dice.roll(kMemoryBytes - 8), &word, 8);
            note("backdoor", word);
        }
        // What happens at one time in several processes has no order.
        std::sort(lines.begin(), lines.end());
        std::string text;
        for (const std::string& line : lines) {
            text += line + "\n";
        }
        return text + fmt::format("hashes {:#x} {:#x}\n", memories[0]->hash(), memories[1]->hash());
    }

    std::uint64_t seed;
    ClockDomain domain;
    sc_core::sc_vector<sc_core::sc_signal<bool>> irq;
    sc_core::sc_vector<sc_core::sc_signal<bool>> reset;
    sc_core::sc_vector<tlm_utils::simple_initiator_socket<Neighbours>> programming;
    tlm_utils::simple_initiator_socket<Neighbours> caller{"caller"};
    std::vector<std::unique_ptr<Interconnect>> buses;
    std::vector<std::unique_ptr<Memory>> memories;
    std::vector<std::unique_ptr<DmaController>> controllers;
    std::array<std::uint8_t, 64> buffer{};
    std::vector<std::string> lines;
};

std::string outcome(std::uint64_t seed, BusDriver driver) {
    return text_of([&] {
        Neighbours platform("platform", seed, driver);
        const std::string text = platform.run();
        const bool joins = driver != BusDriver::Transactions;
        return platform.controllers[0]->in_island() == joins && platform.memories[1]->in_island() == joins
                   ? text
                   : std::string();
    });
}

void compare(BusDriver driver, std::uint64_t by_default) {
    const std::uint64_t otherwise = std::getenv("DMASIM_NIGHTLY") != nullptr ? 10 * by_default : by_default;
    const std::uint64_t count = reference::number_from_environment("DMASIM_NEIGHBOURS_CONFIGURATIONS", otherwise);
    const std::uint64_t first = reference::number_from_environment("DMASIM_NEIGHBOURS_SEED", 1);
    std::cout << "seeds " << first << " to " << first + count - 1 << std::endl;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const std::string transactions = outcome(seed, BusDriver::Transactions);
        ASSERT_NE(transactions, "") << seed;
        ASSERT_EQ(first_difference_of(transactions, outcome(seed, driver)), "") << "seed " << seed;
    }
}

TEST(LazyNeighbours, AgreeWithTransactions) {
    compare(BusDriver::Lazy, 40);
}
TEST(EventsNeighbours, AgreeWithTransactions) {
    compare(BusDriver::Events, 20);
}

}  // namespace
}  // namespace dmasim::test
