// SPDX-License-Identifier: Apache-2.0
//
// The 8237A among SystemC modules: register accesses, pins, slow targets, cascading.
#include "dmasim/tlm/i8237_controller.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <gmock/gmock.h>

#include "dmasim/model/errors.h"
#include "dmasim/tlm/protocol_monitor.h"

#include "support/sim_test.h"

namespace dmasim {
namespace {

namespace mode = i8237_mode;
namespace command = i8237_command;

/// A function: a global would fix the resolution of time before the first test runs.
ClockDomain clock_10ns() {
    return ClockDomain(10.0, sc_core::SC_NS);
}

/// A program on a register socket.
class Cpu final : public sc_core::sc_module {
  public:
    tlm_utils::simple_initiator_socket<Cpu> socket;
    std::function<void()> program;

    explicit Cpu(const sc_core::sc_module_name& name) : sc_module(name), socket("socket") {
        SC_HAS_PROCESS(Cpu);
        SC_THREAD(run);
    }
    ~Cpu() override = default;

    tlm::tlm_response_status access(bool write, std::uint64_t address, std::uint8_t* data, unsigned bytes) {
        tlm::tlm_generic_payload trans;
        trans.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        trans.set_address(address);
        trans.set_data_ptr(data);
        trans.set_data_length(bytes);
        trans.set_streaming_width(bytes);
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        socket->b_transport(trans, delay);
        wait(delay);
        return trans.get_response_status();
    }
    void write(std::uint64_t address, unsigned value) {
        auto byte = static_cast<std::uint8_t>(value);
        EXPECT_EQ(access(true, address, &byte, 1), tlm::TLM_OK_RESPONSE);
    }
    unsigned read(std::uint64_t address) {
        std::uint8_t byte = 0;
        EXPECT_EQ(access(false, address, &byte, 1), tlm::TLM_OK_RESPONSE);
        return byte;
    }
    /// Address, count and mode of a channel, which is unmasked.
    void channel(unsigned number, std::uint16_t address, std::uint32_t bytes, unsigned kind) {
        write(offset_of(I8237Register::ClearFlipFlop), 0);
        write(i8237_address_offset(number), address & 0xFFU);
        write(i8237_address_offset(number), address >> 8U);
        write(i8237_count_offset(number), (bytes - 1) & 0xFFU);
        write(i8237_count_offset(number), (bytes - 1) >> 8U);
        write(offset_of(I8237Register::Mode), kind | number);
        write(offset_of(I8237Register::SingleMask), number);
    }
    void clocks(unsigned count) { wait(clock_10ns().time_of(Cycles{count})); }
    void until(const sc_core::sc_event& event) { wait(event); }

  private:
    void run() {
        program();
        end_.reached();
    }
    test::MustReach end_{"the end of the program"};
};

/// Bytes that are there `delay` clocks after the request; loosely timed.
class Store final : public sc_core::sc_module {
  public:
    tlm_utils::simple_target_socket<Store> socket;
    std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(1U << 16U);
    unsigned delay = 0;
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;

    explicit Store(const sc_core::sc_module_name& name) : sc_module(name), socket("socket") {
        socket.register_b_transport(this, &Store::b_transport);
    }
    ~Store() override = default;

  private:
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& time) {
        std::uint8_t* const data = trans.get_data_ptr();
        for (unsigned i = 0; i < trans.get_data_length(); ++i) {
            std::uint8_t& byte = bytes.at(trans.get_address() + i);
            (trans.is_write() ? byte : data[i]) = trans.is_write() ? data[i] : byte;
        }
        trans.set_response_status(status);
        time += clock_10ns().time_of(Cycles{delay});
    }
};

/// HLDA is HRQ.
struct Machine {
    explicit Machine(const I8237ControllerConfig& config = {})
        : controller("controller", clock_10ns(), config), cpu("cpu"), memory("memory"), device("device") {
        cpu.socket.bind(register_monitor.target_socket);
        register_monitor.initiator_socket.bind(controller.registers);
        controller.memory.bind(memory_monitor.target_socket);
        memory_monitor.initiator_socket.bind(memory.socket);
        controller.peripheral[1].bind(device.socket);
        controller.hrq(hold);
        controller.hlda(hold);
        controller.dreq[1](dreq);
        controller.tc(tc);
        controller.reset(reset);
        controller.bus_error(error);
    }
    I8237Controller controller;
    Cpu cpu;
    Store memory;
    Store device;
    ProtocolMonitor register_monitor{"register_monitor"};
    ProtocolMonitor memory_monitor{"memory_monitor"};
    sc_core::sc_signal<bool> hold{"hold"}, dreq{"dreq"}, tc{"tc"}, reset{"reset"}, error{"error"};
};

SIM_TEST(I8237Controller, RegistersOfAByteOrTwo) {
    Machine machine;
    Cpu& cpu = machine.cpu;
    cpu.program = [&] {
        cpu.channel(1, 0x1234, 0x100, mode::kBlock | mode::kRead);
        EXPECT_EQ(cpu.read(2), 0x34U);
        EXPECT_EQ(cpu.read(2), 0x12U);
        EXPECT_EQ(cpu.read(0x12), 0x34U) << "more address bits are not looked at";
        cpu.write(0xC, 0);
        std::uint8_t two[2] = {0xAB, 0xCD};
        EXPECT_EQ(cpu.access(true, 4, two, 2), tlm::TLM_OK_RESPONSE);  // Address low, then count high.
        std::uint8_t four[4] = {};
        EXPECT_EQ(cpu.access(false, 4, four, 4), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(cpu.access(false, 5, two, 2), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(machine.controller.device().core().registers().channels[2].address, 0x00ABU);
        EXPECT_EQ(machine.controller.device().core().registers().channels[2].count, 0xCD00U);
        std::uint8_t seen[4] = {};
        tlm::tlm_generic_payload debug;
        debug.set_command(tlm::TLM_READ_COMMAND);
        debug.set_address(8);
        debug.set_data_ptr(seen);
        debug.set_data_length(4);
        EXPECT_EQ(cpu.socket->transport_dbg(debug), 4U);
        machine.reset.write(true);
        cpu.clocks(2);
        cpu.write(8, command::kRotating);
        EXPECT_EQ(machine.controller.device().core().registers().command, 0U) << "in reset";
        machine.reset.write(false);
        cpu.clocks(2);
        cpu.write(8, command::kRotating);
        cpu.clocks(1);
        EXPECT_EQ(machine.controller.device().core().registers().command, command::kRotating);
    };
    sc_core::sc_start();
}

// A target that answers k clocks after the request costs k wait states a byte, in either style.
void expect_wait_states(TransportStyle style, unsigned late) {
    I8237ControllerConfig config;
    config.style = style;
    config.register_latency = 0;
    Machine machine(config);
    machine.memory.delay = late;
    machine.device.delay = 0;
    Cpu& cpu = machine.cpu;
    cpu.program = [&] {
        for (unsigned i = 0; i < 16; ++i) {
            machine.memory.bytes[0x3000 + i] = static_cast<std::uint8_t>(i * 3 + 1);
        }
        cpu.channel(1, 0x3000, 16, mode::kBlock | mode::kRead);
        cpu.clocks(5);
        const sc_core::sc_time start = sc_core::sc_time_stamp();
        machine.dreq.write(true);
        cpu.until(machine.hold.posedge_event());
        EXPECT_EQ(sc_core::sc_time_stamp() - start, clock_10ns().time_of(Cycles{2}));
        cpu.until(machine.hold.negedge_event());
        machine.dreq.write(false);
        EXPECT_EQ(sc_core::sc_time_stamp() - start, clock_10ns().time_of(Cycles{4 + 16 * (3 + late)}));
        cpu.clocks(20);
        EXPECT_EQ(machine.device.bytes[0], 15 * 3 + 1) << "the last byte; all go to address 0";
        EXPECT_EQ(cpu.read(8), 0x02U) << "terminal count of channel 1";
        EXPECT_FALSE(machine.error.read());
    };
    sc_core::sc_start();
}

SIM_TEST(I8237Controller, NonBlockingAtOnce) {
    expect_wait_states(TransportStyle::NonBlocking, 0);
}
SIM_TEST(I8237Controller, NonBlockingLate) {
    expect_wait_states(TransportStyle::NonBlocking, 3);
}
SIM_TEST(I8237Controller, BlockingAtOnce) {
    expect_wait_states(TransportStyle::Blocking, 0);
}
SIM_TEST(I8237Controller, BlockingLate) {
    expect_wait_states(TransportStyle::Blocking, 3);
}

SIM_TEST(I8237Controller, AFailedAccessPulsesTheErrorPin) {
    Machine machine;
    machine.memory.status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
    Cpu& cpu = machine.cpu;
    cpu.program = [&] {
        cpu.channel(1, 0x3000, 1, mode::kBlock | mode::kRead);
        machine.dreq.write(true);
        cpu.until(machine.error.posedge_event());
        const sc_core::sc_time rise = sc_core::sc_time_stamp();
        cpu.until(machine.error.negedge_event());
        EXPECT_EQ(sc_core::sc_time_stamp() - rise, clock_10ns().period());
        EXPECT_EQ(machine.controller.device().bus_errors(), 1U);
        cpu.clocks(20);
        EXPECT_EQ(machine.device.bytes[0], 0xFFU);
    };
    sc_core::sc_start();
}

// Nothing bound but registers, HOLD and a request by software: the bus floats.
SIM_TEST(I8237Controller, UnboundSockets) {
    I8237Controller controller("controller", clock_10ns(), {});
    Cpu cpu("cpu");
    sc_core::sc_signal<bool> hold{"hold"};
    cpu.socket.bind(controller.registers);
    controller.hrq(hold);
    controller.hlda(hold);
    cpu.program = [&] {
        cpu.channel(2, 0, 4, mode::kBlock | mode::kWrite);
        cpu.write(offset_of(I8237Register::Request), 0x06);
        cpu.clocks(40);
        EXPECT_EQ(cpu.read(8), 0x04U);
        EXPECT_EQ(controller.device().bus_errors(), 0U);
    };
    sc_core::sc_start();
}

// Two parts as in a PC/AT: HRQ of the second is a DREQ of the first, whose DACK is the second's HLDA.
SIM_TEST(I8237Controller, Cascade) {
    I8237ControllerConfig words;
    words.device.unit_bytes = 2;
    words.register_spacing = 2;
    I8237Controller first("first", clock_10ns(), words);
    I8237Controller second("second", clock_10ns(), {});
    Cpu first_cpu("first_cpu");
    Cpu second_cpu("second_cpu");
    Store memory("memory");
    Store word_memory("word_memory");
    Store device("device");
    sc_core::sc_signal<bool> hold{"hold"}, request{"request"}, acknowledge{"acknowledge"}, dreq{"dreq"},
        word_dreq{"word_dreq"};
    first_cpu.socket.bind(first.registers);
    second_cpu.socket.bind(second.registers);
    second.memory.bind(memory.socket);
    first.memory.bind(word_memory.socket);
    second.peripheral[3].bind(device.socket);
    first.hrq(hold);
    first.hlda(hold);
    first.dreq[0](request);
    first.dack[0](acknowledge);
    first.dreq[2](word_dreq);
    second.hrq(request);
    second.hlda(acknowledge);
    second.dreq[3](dreq);
    second.map_addresses([](unsigned /*channel*/, std::uint16_t address) { return std::uint64_t{0x4000} + address; });
    first_cpu.program = [&] {
        first_cpu.write(2 * offset_of(I8237Register::Mode), mode::kCascade);
        first_cpu.write(2 * offset_of(I8237Register::SingleMask), 0);
        // Channel 2 of the first part moves words; nothing is on its port.
        for (const auto& [offset, value] : std::vector<std::pair<unsigned, unsigned>>{
                 {4, 0x00}, {4, 0x08}, {5, 1}, {5, 0}, {0xB, mode::kBlock | mode::kWrite | 2U}, {0xA, 2}}) {
            first_cpu.write(2 * offset, value);
        }
    };
    second_cpu.program = [&] {
        second_cpu.clocks(30);
        for (unsigned i = 0; i < 8; ++i) {
            memory.bytes[0x4100 + i] = static_cast<std::uint8_t>(0x50 + i);
        }
        second_cpu.channel(3, 0x100, 8, mode::kDemand | mode::kRead);
        dreq.write(true);
        second_cpu.clocks(60);
        dreq.write(false);
        second_cpu.clocks(4);
        EXPECT_EQ(device.bytes[0], 0x57U);
        EXPECT_EQ(second_cpu.read(8), 0x08U);
        EXPECT_FALSE(hold.read());
        EXPECT_FALSE(acknowledge.read());
        word_dreq.write(true);
        second_cpu.clocks(30);
        EXPECT_EQ(word_memory.bytes[0x1000], 0xFFU) << "word address 0x800";
        EXPECT_EQ(word_memory.bytes[0x1003], 0xFFU);
        EXPECT_EQ(word_memory.bytes[0x1004], 0U);
    };
    sc_core::sc_start();
}

SIM_TEST(I8237Controller, RefusesAnImpossibleConfiguration) {
    I8237ControllerConfig config;
    config.device.unit_bytes = 3;
    config.register_latency = 2'000'000;
    config.register_spacing = 4;
    config.bus_bytes = 3;
    EXPECT_EQ(validate(config).size(), 4U);
    EXPECT_THROW(I8237Controller("controller", clock_10ns(), config), ConfigError);
}

}  // namespace
}  // namespace dmasim
