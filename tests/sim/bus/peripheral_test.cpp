// SPDX-License-Identifier: Apache-2.0
//
// Stream peripherals behind a real interconnect, paced by the pins of a real controller.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>

#include <gtest/gtest.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/bus/peripherals.h"
#include "dmasim/tlm/blocking_access.h"
#include "dmasim/tlm/dma_controller.h"

#include "support/monitors.h"
#include "support/sim_test.h"

namespace dmasim {
namespace {

constexpr std::uint64_t kRegisters = 0x4000'0000;
constexpr std::uint64_t kMicrophone = 0x5000'0000;
constexpr std::uint64_t kLoudspeaker = 0x6000'0000;

/// Starts what `jobs` says, channel by channel, and notes when the interrupt line changes.
struct Software : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<Software> socket{"socket"};
    sc_core::sc_signal<bool> irq{"irq"};
    std::vector<Job> jobs;
    std::vector<std::string> changes;
    test::MustReach end{"the end of the software"};

    SC_CTOR(Software) {
        SC_THREAD(run);
        SC_METHOD(note);
        sensitive << irq;
        dont_initialize();
    }
    void run() {
        for (std::uint32_t channel = 0; channel < jobs.size(); ++channel) {
            EXPECT_EQ(write_registers(socket, kRegisters, native::start_job(channel, jobs[channel])),
                      tlm::TLM_OK_RESPONSE);
        }
        end.reached();
    }
    void note() { changes.push_back(sc_core::sc_time_stamp().to_string()); }
};

struct Top : sc_core::sc_module {
    Top(const sc_core::sc_module_name& name, const std::string& topology, Handshake handshake, bool reversed)
        : sc_module(name), clock(10, sc_core::SC_NS), pins("pins", 6), payload(256) {
        for (std::size_t i = 0; i < payload.size(); ++i) {
            payload[i] = static_cast<std::uint8_t>(i * 7 + 3);
        }
        BusConfig map = bus_of(2, {{0, 0x10000, 0, 0, "memory"},
                                   {kRegisters, 0x2000, 1, 0, "dma"},
                                   {kMicrophone, 0x1000, 2, 0, "microphone"},
                                   {kLoudspeaker, 0x1000, 3, 0, "loudspeaker"}});
        map.topology = topology;
        StreamConfig source;
        source.cycles_per_element = 12;
        source.threshold = 4;
        StreamConfig sink = source;
        sink.sink = true;
        sink.fifo_elements = 64;
        sink.threshold = 32;  // In demand mode what was granted before DREQ fell still arrives.
        MemoryConfig ram;
        ram.size = 0x10000;
        const std::vector<std::function<void()>> build = {
            [&] { bus = std::make_unique<Interconnect>("bus", clock, map); },
            [&] { memory = std::make_unique<Memory>("memory", clock, ram); },
            [&] { dma = std::make_unique<DmaController>("dma", clock, DmaControllerConfig{}); },
            [&] { software = std::make_unique<Software>("software"); },
            [&] { microphone = std::make_unique<StreamPeripheral>("microphone", clock, source); },
            [&] { loudspeaker = std::make_unique<StreamPeripheral>("loudspeaker", clock, sink); },
        };
        for (std::size_t i = 0; i < build.size(); ++i) {
            build[reversed ? build.size() - 1 - i : i]();
        }
        monitors.connect(software->socket, bus->target_sockets[0]);
        monitors.connect(dma->memory, bus->target_sockets[1]);
        monitors.connect(bus->initiator_sockets[0], memory->socket);
        monitors.connect(bus->initiator_sockets[1], dma->registers);
        monitors.connect(bus->initiator_sockets[2], microphone->socket);
        monitors.connect(bus->initiator_sockets[3], loudspeaker->socket);
        wire(*microphone, 0);
        wire(*loudspeaker, 1);
        dma->irq.bind(software->irq);
        microphone->supply(payload);
        memory->poke(0x2000, payload.data(), payload.size());
        Job in;
        in.source.address = kMicrophone;
        in.source.fixed = true;
        in.destination.address = 0x1000;
        in.length = static_cast<std::uint32_t>(payload.size());
        in.element_log2 = 2;
        in.handshake = Handshake::Single;
        in.unit_bytes = 16;
        Job out = in;
        out.source = {0x2000, 0, false};
        out.destination = {kLoudspeaker, 0, true};
        out.handshake = handshake;
        software->jobs = {in, out};
    }
    void wire(StreamPeripheral& device, unsigned channel) {
        device.dreq.bind(pins[3 * channel]);
        dma->dreq[channel].bind(pins[3 * channel]);
        dma->dack[channel].bind(pins[3 * channel + 1]);
        device.dack.bind(pins[3 * channel + 1]);
        dma->tc[channel].bind(pins[3 * channel + 2]);
        device.tc.bind(pins[3 * channel + 2]);
    }

    ClockDomain clock;
    sc_core::sc_vector<sc_core::sc_signal<bool>> pins;
    std::vector<std::uint8_t> payload;
    std::unique_ptr<Interconnect> bus;
    std::unique_ptr<Memory> memory;
    std::unique_ptr<DmaController> dma;
    std::unique_ptr<Software> software;
    std::unique_ptr<StreamPeripheral> microphone;
    std::unique_ptr<StreamPeripheral> loudspeaker;
    test::Monitors monitors;
};

/// Both directions at once, on platforms that are built in opposite orders.
void both_ways(const std::string& topology, Handshake handshake) {
    Top forward("forward", topology, handshake, false);
    Top reversed("reversed", topology, handshake, true);
    sc_core::sc_start(1, sc_core::SC_MS);
    for (Top* top : {&forward, &reversed}) {
        std::vector<std::uint8_t> got(top->payload.size());
        EXPECT_TRUE(top->memory->peek(0x1000, got.data(), got.size()));
        EXPECT_EQ(got, top->payload) << top->name();
        EXPECT_EQ(top->loudspeaker->core().received(), top->payload) << top->name();
        EXPECT_EQ(top->microphone->core().misuses() + top->loudspeaker->core().misuses(), 0U) << top->name();
        EXPECT_EQ(top->microphone->core().acknowledges(), 16U) << "one for each unit";
        EXPECT_EQ(top->microphone->core().terminal_counts(), 1U);
        EXPECT_EQ(top->loudspeaker->core().terminal_counts(), 1U);
        EXPECT_TRUE(top->dma->engine().idle());
        EXPECT_EQ(top->bus->unexpected_calls(), 0U);
        top->monitors.expect_rest();
    }
    EXPECT_EQ(forward.software->changes.size(), 1U);
    EXPECT_EQ(forward.software->changes, reversed.software->changes);
}

SIM_TEST(PeripheralsOnABus, Single) {
    both_ways("shared", Handshake::Single);
}
SIM_TEST(PeripheralsOnABus, Demand) {
    both_ways("shared", Handshake::Demand);
}
SIM_TEST(PeripheralsOnABus, OnACrossbar) {
    both_ways("crossbar", Handshake::Single);
}
SIM_TEST(PeripheralsOnABus, OnASimpleBus) {
    both_ways("simple", Handshake::Demand);
}

}  // namespace
}  // namespace dmasim
