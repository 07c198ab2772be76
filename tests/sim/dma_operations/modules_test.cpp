// SPDX-License-Identifier: Apache-2.0
//
// PcAtDmaController, FlyByPeripheral, MapRegisters and Remapper by themselves: pins, registers, both transport styles, and
// what is refused.
#include <functional>
#include <memory>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/bus/peripherals.h"
#include "dmasim/bus/remapper.h"
#include "dmasim/model/errors.h"
#include "dmasim/tlm/pc_at_dma_controller.h"

#include "support/monitors.h"
#include "support/sim_test.h"

namespace dmasim {
namespace {

constexpr std::uint64_t kPair = 0x10'0000;
constexpr std::uint64_t kDevice = 0x10'1000;
constexpr std::uint64_t kMap = 0x10'2000;

/// A pair with a peripheral on channel 2, map registers, and a thread that works them by b_transport.
struct Bench : sc_core::sc_module {
    Bench(const sc_core::sc_module_name& name, std::function<void(Bench&)> body, bool blocking = false)
        : sc_core::sc_module(name),
          clock(10, sc_core::SC_NS),
          script(std::move(body)),
          memory("memory", clock, memory_config()),
          bus("bus", clock,
              bus_of(3, {{0, 0x10'0000, 0, 0, "memory"},
                         {kPair, 0x100, 1, 0, "pair"},
                         {kDevice, 0x10, 2, 0, "device"},
                         {kMap, 0x100, 3, 0, "map"}})),
          pair("pair", clock, pair_config(blocking)),
          device("device", clock, {}),
          map("map", clock, {0x40'0000, 4, 4096, 64, {}}),
          remapper("remapper", clock, {3, AddressTranslator::Unmapped::Fault, 0x5000, 0x1000, 8, 2}, &map.table()) {
        monitors.connect(cpu, bus.target_sockets[0]);
        monitors.connect(pair.memory, bus.target_sockets[1]);
        monitors.connect(master, remapper.master);
        monitors.connect(remapper.memory, bus.target_sockets[2]);
        monitors.connect(bus.initiator_sockets[0], memory.socket);
        monitors.connect(bus.initiator_sockets[1], pair.registers);
        monitors.connect(bus.initiator_sockets[2], device.socket);
        monitors.connect(bus.initiator_sockets[3], map.socket);
        pair.data[2].bind(device);
        pair.dreq[2].bind(dreq);
        pair.tc[2].bind(tc);
        pair.dack[2].bind(dack);
        pair.reset.bind(reset);
        pair.eop.bind(eop);
        pair.irq.bind(irq);
        device.dreq.bind(dreq);
        device.tc.bind(tc);
        SC_HAS_PROCESS(Bench);
        SC_THREAD(run);
        SC_METHOD(count);
        sensitive << dack.posedge_event() << tc.posedge_event();
        dont_initialize();
    }

    void run() {
        script(*this);
        end.reached();
    }
    void count() {
        dacks += dack.posedge() ? 1 : 0;
        tcs += tc.posedge() ? 1 : 0;
    }

    template <typename Socket>
    tlm::tlm_response_status access(Socket& socket, bool write, std::uint64_t address, std::uint8_t* data,
                                    unsigned bytes) {
        tlm::tlm_generic_payload trans;
        trans.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        trans.set_address(address);
        trans.set_data_ptr(data);
        trans.set_data_length(bytes);
        trans.set_streaming_width(bytes);
        sc_core::sc_time delay;
        socket->b_transport(trans, delay);
        wait(delay);
        return trans.get_response_status();
    }
    void out(std::uint32_t port, std::uint8_t value) {
        EXPECT_EQ(access(cpu, true, kPair + port, &value, 1), tlm::TLM_OK_RESPONSE) << port;
    }
    std::uint8_t in(std::uint32_t port) {
        std::uint8_t value = 0;
        EXPECT_EQ(access(cpu, false, kPair + port, &value, 1), tlm::TLM_OK_RESPONSE) << port;
        return value;
    }
    void device_register(std::uint32_t offset, std::uint32_t value) {
        std::uint8_t bytes[4];
        for (unsigned place = 0; place < 4; ++place) {
            bytes[place] = static_cast<std::uint8_t>(value >> 8 * place);
        }
        EXPECT_EQ(access(cpu, true, kDevice + offset, bytes, 4), tlm::TLM_OK_RESPONSE);
    }
    std::uint32_t device_register(std::uint32_t offset) {
        std::uint8_t bytes[4] = {};
        EXPECT_EQ(access(cpu, false, kDevice + offset, bytes, 4), tlm::TLM_OK_RESPONSE);
        return bytes[0] | std::uint32_t{bytes[1]} << 8 | std::uint32_t{bytes[2]} << 16 | std::uint32_t{bytes[3]} << 24;
    }
    /// Channel 2: `count` + 1 bytes from the device to `address`.
    void program(std::uint16_t address, std::uint8_t page, std::uint16_t count) {
        out(0xD6, 0xC0);
        out(0xD4, 0x00);
        out(0x0B, 0x46);
        out(0x0C, 0);
        out(0x04, static_cast<std::uint8_t>(address));
        out(0x04, static_cast<std::uint8_t>(address >> 8));
        out(0x81, page);
        out(0x05, static_cast<std::uint8_t>(count));
        out(0x05, static_cast<std::uint8_t>(count >> 8));
        out(0x0A, 0x02);
    }
    std::vector<std::uint8_t> peek(std::uint64_t address, std::size_t bytes) {
        std::vector<std::uint8_t> data(bytes);
        EXPECT_TRUE(memory.peek(address, data.data(), bytes));
        return data;
    }

    static MemoryConfig memory_config() {
        MemoryConfig config;
        config.size = 0x10'0000;
        return config;
    }
    static PcAtDmaControllerConfig pair_config(bool blocking) {
        PcAtDmaControllerConfig config;
        config.style = blocking ? TransportStyle::Blocking : TransportStyle::NonBlocking;
        config.pc_at.buffer_bytes = 4;
        return config;
    }

    ClockDomain clock;
    std::function<void(Bench&)> script;
    Memory memory;
    Interconnect bus;
    PcAtDmaController pair;
    FlyByPeripheral device;
    MapRegisters map;
    Remapper remapper;
    tlm_utils::simple_initiator_socket<Bench> cpu{"cpu"};
    tlm_utils::simple_initiator_socket<Bench> master{"master"};
    sc_core::sc_signal<bool> dreq{"dreq"};
    sc_core::sc_signal<bool> dack{"dack"};
    sc_core::sc_signal<bool> tc{"tc"};
    sc_core::sc_signal<bool> reset{"reset"};
    sc_core::sc_signal<bool> eop{"eop"};
    sc_core::sc_signal<bool> irq{"irq"};
    unsigned dacks = 0;
    unsigned tcs = 0;
    test::MustReach end{"the last step"};
    test::Monitors monitors;
};

void recording(bool blocking) {
    Bench bench(
        "bench",
        [](Bench& b) {
            b.device.supply({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
            b.program(0x3000, 0x02, 5);
            b.out(0xE4, 0x04);
            b.device_register(fly_by_reg::kCount, 100);
            EXPECT_FALSE(b.irq.read());
            b.device_register(fly_by_reg::kControl, fly_by_control::kStart | fly_by_control::kUntilTerminal);
            sc_core::wait(10, sc_core::SC_US);
            // Six bytes to 0x23000; two of them are still in the controller's buffer of four.
            EXPECT_EQ(b.peek(0x2'3000, 6), (std::vector<std::uint8_t>{1, 2, 3, 4, 0, 0}));
            EXPECT_EQ(b.in(0xEA), 2U);
            b.out(0xE0, 2);
            sc_core::wait(1, sc_core::SC_US);
            EXPECT_EQ(b.peek(0x2'3000, 7), (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 0}));
            EXPECT_EQ(b.dacks, 6U);
            EXPECT_EQ(b.tcs, 1U);
            EXPECT_TRUE(b.irq.read());
            EXPECT_EQ(b.in(0xE3), 0x04U);
            b.out(0xE3, 0x04);
            sc_core::wait(1, sc_core::SC_US);
            EXPECT_FALSE(b.irq.read());
            EXPECT_EQ(b.device_register(fly_by_reg::kMoved), 6U);
            EXPECT_EQ(b.device_register(fly_by_reg::kStatus), fly_by_status::kDone | fly_by_status::kTerminal);
            EXPECT_EQ(b.in(0x08) & 0x0FU, 0x04U);  // TC of channel 2, once.
            EXPECT_EQ(b.in(0x08) & 0x0FU, 0x00U);
        },
        blocking);
    sc_core::sc_start();
}

SIM_TEST(DmaModules, RecordsOverTheSystemsController) {
    recording(false);
}
SIM_TEST(DmaModules, RecordsInTheBlockingStyle) {
    recording(true);
}

SIM_TEST(DmaModules, EopAndReset) {
    Bench bench("bench", [](Bench& b) {
        b.device.supply(std::vector<std::uint8_t>(64, 0x77));
        b.program(0x3000, 0x00, 63);
        b.device_register(fly_by_reg::kCount, 8);
        b.device_register(fly_by_reg::kControl, fly_by_control::kStart);
        sc_core::wait(5, sc_core::SC_US);
        // The command is over; the channel waits for more, until somebody says that it is the end.
        EXPECT_EQ(b.device_register(fly_by_reg::kStatus), std::uint32_t{fly_by_status::kDone});
        EXPECT_EQ(b.tcs, 0U);
        b.eop.write(true);
        b.device_register(fly_by_reg::kCount, 1);
        b.device_register(fly_by_reg::kControl, fly_by_control::kStart);
        sc_core::wait(5, sc_core::SC_US);
        b.eop.write(false);
        EXPECT_EQ(b.in(0x08) & 0x04U, 0x04U);
        EXPECT_EQ(b.in(0x81), 0x00U);
        b.out(0x81, 0x55);
        b.reset.write(true);
        sc_core::wait(1, sc_core::SC_US);
        b.out(0x81, 0x66);  // Ignored.
        b.reset.write(false);
        sc_core::wait(1, sc_core::SC_US);
        EXPECT_EQ(b.in(0x81), 0x00U);
        EXPECT_EQ(b.pair.core().slave().registers().mask, 0xFU);
    });
    sc_core::sc_start();
}

SIM_TEST(DmaModules, PortsThatAreThereAndThoseThatAreNot) {
    Bench bench("bench", [](Bench& b) {
        std::uint8_t byte = 0;
        for (std::uint32_t port = 0; port < 0x100; ++port) {
            const bool there = port < 0x10 || (port >= 0x80 && port < 0x90) ||
                               (port >= 0xC0 && port < 0xE0 && port % 2 == 0) || (port >= 0xE0 && port <= 0xE4) ||
                               port >= 0xE8;
            const bool known = there && !(port >= 0xF0);
            EXPECT_EQ(b.access(b.cpu, false, kPair + port, &byte, 1),
                      known ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE)
                << port;
        }
        std::uint8_t four[4] = {};
        EXPECT_EQ(b.access(b.cpu, false, kPair + 0x80, four, 4), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(b.access(b.cpu, false, kDevice + 2, four, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(b.access(b.cpu, false, kDevice, four, 2), tlm::TLM_BURST_ERROR_RESPONSE);
    });
    sc_core::sc_start();
}

// b_transport and debug accesses through a remapper: what is mapped, what is not, the wrong direction, and its own range.
SIM_TEST(DmaModules, RemapperInTheBlockingStyle) {
    Bench bench("bench", [](Bench& b) {
        unsigned faults = 0;
        b.remapper.on_fault([&faults](const TranslationFault&) { ++faults; });
        // Logical 0x40_0000 is 0x7000, to be read only.
        std::uint8_t entry[8] = {0x03, 0x70, 0, 0, 0, 0, 0, 0};
        EXPECT_EQ(b.access(b.cpu, true, kMap, entry, 8), tlm::TLM_OK_RESPONSE);
        const std::uint8_t there = 0x5A;
        b.memory.poke(0x7010, &there, 1);
        std::uint8_t byte = 0;
        const sc_core::sc_time before = sc_core::sc_time_stamp();
        EXPECT_EQ(b.access(b.master, false, 0x40'0010, &byte, 1), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(byte, 0x5A);
        EXPECT_GE(sc_core::sc_time_stamp() - before, 3 * sc_core::sc_time(10, sc_core::SC_NS));
        EXPECT_EQ(faults, 0U);
        EXPECT_EQ(b.access(b.master, true, 0x40'0010, &byte, 1), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(b.remapper.translator().last_fault().kind, TranslationFault::Kind::WrongDirection);
        EXPECT_EQ(b.access(b.master, false, 0x40'1000, &byte, 1), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(b.remapper.translator().last_fault().kind, TranslationFault::Kind::NotMapped);
        EXPECT_EQ(faults, 2U);
        EXPECT_EQ(b.access(b.master, true, 0x5FFF, &byte, 1), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(b.access(b.master, true, 0x6000, &byte, 1), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        std::uint8_t many[0x20] = {};
        tlm::tlm_generic_payload trans;
        trans.set_command(tlm::TLM_READ_COMMAND);
        trans.set_address(0x40'0FF0);
        trans.set_data_ptr(many);
        trans.set_data_length(0x20);
        trans.set_streaming_width(0x20);
        EXPECT_EQ(b.master->transport_dbg(trans), 0x10U);  // As far as it is mapped.
        EXPECT_EQ(trans.get_address(), 0x40'0FF0U);
        EXPECT_EQ(faults, 3U);
    });
    sc_core::sc_start();
}

SIM_TEST(DmaModules, BadConfigurationsSayWhy) {
    const ClockDomain clock(10, sc_core::SC_NS);
    PcAtDmaControllerConfig config;
    config.pc_at.buffer_bytes = 3;
    config.register_latency = 2'000'000;
    config.bus_bytes = 3;
    EXPECT_EQ(validate(config).size(), 3U);
    EXPECT_THROW(PcAtDmaController("a", clock, config), ConfigError);
    EXPECT_THROW(FlyByPeripheral("b", clock, FlyByConfig{1U << 21, 64, {}}), ConfigError);
    EXPECT_THROW(MapRegisters("c", clock, MapRegistersConfig{5, 4, 4096, 64, {}}), ConfigError);
    EXPECT_THROW(Remapper("d", clock, RemapperConfig{2000, {}, 0, 0, 8, 0}, nullptr), ConfigError);
    PcAtDmaController unbound("unbound", clock, {});
    EXPECT_THROW(sc_core::sc_start(), ConfigError);
}

}  // namespace
}  // namespace dmasim
