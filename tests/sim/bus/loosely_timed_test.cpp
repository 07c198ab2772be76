// SPDX-License-Identifier: Apache-2.0
//
// The controller in the blocking style: direct memory pointers, a quantum, and the same cycles as in the other style where
// nobody contends.
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <gtest/gtest.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/tlm/dma_controller.h"
#include "dmasim/tlm/protocol_monitor.h"

#include "support/sim_test.h"
#include "support/word_access.h"

namespace dmasim {
namespace {

using native::channel_register;
namespace reg = native::reg;

ClockDomain clock_10ns() {
    return ClockDomain(10, sc_core::SC_NS);
}

struct Transfer {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint32_t bytes = 0;
};

/// Writes the registers at edge 3, and notes when the interrupt comes.
class Host final : public sc_core::sc_module {
  public:
    tlm_utils::simple_initiator_socket<Host> socket{"socket"};
    sc_core::sc_signal<bool> irq{"irq"};
    Transfer transfer;
    sc_core::sc_time done;
    std::uint32_t status = 0;

    SC_HAS_PROCESS(Host);
    Host(const sc_core::sc_module_name& name, const Transfer& job) : sc_module(name), transfer(job) { SC_THREAD(run); }

    std::uint32_t access(tlm::tlm_command command, std::uint32_t offset, std::uint32_t value) {
        EXPECT_EQ(test::access_word(socket, command, channel_register(0, offset), value), tlm::TLM_OK_RESPONSE);
        return value;
    }

  private:
    void run() {
        const auto set = [this](std::uint32_t offset, std::uint64_t value) {
            access(tlm::TLM_WRITE_COMMAND, offset, static_cast<std::uint32_t>(value));
        };
        wait(30, sc_core::SC_NS);
        set(reg::kSrcLo, transfer.source);
        set(reg::kDstLo, transfer.destination);
        set(reg::kLength, transfer.bytes);
        set(reg::kIntEnable, native::interrupt::kAll);
        set(reg::kControl, native::control::kStart);
        wait(irq.posedge_event());
        done = sc_core::sc_time_stamp();
        status = access(tlm::TLM_READ_COMMAND, reg::kStatus, 0);
    }
};

struct Style {
    TransportStyle style = TransportStyle::NonBlocking;
    bool dmi = false;
    std::uint32_t quantum = 0;
};

struct Setup {
    DmaConfig dma;
    BusConfig bus;
    MemoryConfig memory;
    Transfer transfer;
};

class Platform {
  public:
    Platform(const std::string& name, const Setup& setup, const Style& style, MemoryOptions memory_options)
        : host((name + "_host").c_str(), setup.transfer),
          bus((name + "_bus").c_str(), clock_10ns(), setup.bus),
          memory((name + "_memory").c_str(), clock_10ns(), setup.memory, memory_options),
          dma((name + "_dma").c_str(), clock_10ns(), controller(setup, style)),
          at_dma((name + "_at_dma").c_str()),
          at_memory((name + "_at_memory").c_str()),
          at_registers((name + "_at_registers").c_str()) {
        host.socket.bind(at_registers.target_socket);
        at_registers.initiator_socket.bind(dma.registers);
        dma.irq.bind(host.irq);
        dma.memory.bind(at_dma.target_socket);
        at_dma.initiator_socket.bind(bus.target_sockets[0]);
        bus.initiator_sockets[0].bind(at_memory.target_socket);
        at_memory.initiator_socket.bind(memory.socket);
        for (std::uint32_t k = 0; k < setup.transfer.bytes; ++k) {
            const auto byte = static_cast<std::uint8_t>(k * 13 + k / 256);
            memory.poke(setup.transfer.source + k, &byte, 1);
        }
    }

    Host host;
    Interconnect bus;
    Memory memory;
    DmaController dma;
    ProtocolMonitor at_dma;
    ProtocolMonitor at_memory;
    ProtocolMonitor at_registers;

  private:
    static DmaControllerConfig controller(const Setup& setup, const Style& style) {
        DmaControllerConfig config;
        config.dma = setup.dma;
        config.style = style.style;
        config.dmi = style.dmi;
        config.quantum = style.quantum;
        config.register_latency = 0;
        return config;
    }
};

std::vector<std::uint8_t> bytes_at(const Memory& memory, std::uint64_t address, std::uint32_t bytes) {
    std::vector<std::uint8_t> data(bytes);
    EXPECT_TRUE(memory.peek(address, data.data(), bytes));
    return data;
}

Setup random_setup(std::mt19937_64& random) {
    const auto draw = [&](std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
    };
    Setup setup;
    const auto width = static_cast<std::uint32_t>(32U << draw(0, 3));
    setup.dma.data_width_bits = width;
    setup.dma.max_burst_beats = static_cast<std::uint32_t>(1U << draw(0, 6));
    setup.dma.fifo_beats = setup.dma.max_burst_beats * static_cast<std::uint32_t>(draw(1, 6));
    setup.dma.max_reads = static_cast<std::uint32_t>(draw(1, 6));
    setup.dma.max_writes = static_cast<std::uint32_t>(draw(1, 6));
    setup.bus.topology = draw(0, 1) == 0 ? "shared" : "crossbar";
    setup.bus.data_width_bits = width;
    setup.bus.request_latency = static_cast<std::uint32_t>(draw(1, 4));
    setup.bus.response_latency = static_cast<std::uint32_t>(draw(1, 4));
    setup.bus.map = {{0, 1 << 20, 0, 0, "memory"}};
    setup.memory.data_width_bits = width;
    setup.memory.read_latency = static_cast<std::uint32_t>(draw(1, 9));
    setup.memory.write_latency = static_cast<std::uint32_t>(draw(1, 9));
    setup.memory.read_wait = static_cast<std::uint32_t>(draw(0, 3));
    setup.memory.write_wait = static_cast<std::uint32_t>(draw(0, 3));
    setup.transfer.source = draw(0, 0x3FFF);
    setup.transfer.destination = 0x8000 + draw(0, 0x3FFF);
    setup.transfer.bytes = static_cast<std::uint32_t>(draw(1, 0x3000));
    return setup;
}

SIM_TEST(LooselyTimed, TheSameCycleInEveryStyleWhereNobodyContends) {
    const std::uint64_t seed = 20260611;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const std::vector<Style> styles = {{},
                                       {TransportStyle::Blocking, false, 0},
                                       {TransportStyle::Blocking, true, 0},
                                       {TransportStyle::Blocking, true, 500},
                                       {TransportStyle::Blocking, false, 50}};
    std::vector<Setup> setups;
    std::vector<std::unique_ptr<Platform>> platforms;
    for (unsigned number = 0; number < 60; ++number) {
        setups.push_back(random_setup(random));
        for (std::size_t style = 0; style < styles.size(); ++style) {
            MemoryOptions options;
            options.dmi = styles[style].dmi;
            platforms.push_back(std::make_unique<Platform>("p" + std::to_string(number) + "_" + std::to_string(style),
                                                           setups.back(), styles[style], options));
        }
    }
    sc_core::sc_start(5, sc_core::SC_MS);
    for (std::size_t k = 0; k < platforms.size(); ++k) {
        const Setup& setup = setups[k / styles.size()];
        const Platform& first = *platforms[k - k % styles.size()];
        const Platform& platform = *platforms[k];
        SCOPED_TRACE("setup " + std::to_string(k / styles.size()) + " style " + std::to_string(k % styles.size()) +
                     ": " + std::to_string(setup.transfer.bytes) + " bytes");
        EXPECT_NE(platform.host.done, sc_core::SC_ZERO_TIME);
        EXPECT_EQ(platform.host.done, first.host.done);
        EXPECT_EQ(platform.host.status & native::status::kDone, native::status::kDone);
        EXPECT_EQ(bytes_at(platform.memory, setup.transfer.destination, setup.transfer.bytes),
                  bytes_at(platform.memory, setup.transfer.source, setup.transfer.bytes));
        for (const ProtocolMonitor* monitor : {&platform.at_dma, &platform.at_memory, &platform.at_registers}) {
            EXPECT_EQ(monitor->violations(), 0U) << monitor->name();
        }
    }
}

/// Grants one region at a time and counts; moves its bytes elsewhere whenever it takes a pointer back.
class MovingTarget final : public sc_core::sc_module {
  public:
    tlm_utils::simple_target_socket<MovingTarget> socket{"socket"};
    std::vector<unsigned char> bytes = std::vector<unsigned char>(1 << 16);
    bool grants = true;
    unsigned questions = 0;
    unsigned calls = 0;
    bool call_hints = false;

    explicit MovingTarget(const sc_core::sc_module_name& name) : sc_module(name) {
        socket.register_b_transport(this, &MovingTarget::b_transport);
        socket.register_get_direct_mem_ptr(this, &MovingTarget::get_direct_mem_ptr);
    }

    void move_away() {
        std::vector<unsigned char> elsewhere = bytes;
        // Whoever still uses the old place is found out.
        std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(0xEE));
        old_.push_back(std::move(bytes));
        bytes = std::move(elsewhere);
        socket->invalidate_direct_mem_ptr(0, 0xFFFF);
    }
    [[nodiscard]] bool old_places_untouched() const {
        for (const auto& place : old_) {
            for (const unsigned char byte : place) {
                if (byte != 0xEE) {
                    return false;
                }
            }
        }
        return true;
    }

  private:
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) {
        ++calls;
        unsigned char* const place = &bytes.at(trans.get_address());
        std::memcpy(trans.is_read() ? trans.get_data_ptr() : place, trans.is_read() ? place : trans.get_data_ptr(),
                    trans.get_data_length());
        delay += sc_core::sc_time(50, sc_core::SC_NS);
        trans.set_dmi_allowed(call_hints);
        trans.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& /*trans*/, tlm::tlm_dmi& dmi) {
        ++questions;
        dmi.set_start_address(0);
        dmi.set_end_address(0xFFFF);
        dmi.allow_read_write();
        dmi.set_dmi_ptr(bytes.data());
        dmi.set_read_latency(sc_core::sc_time(50, sc_core::SC_NS));
        dmi.set_write_latency(sc_core::sc_time(50, sc_core::SC_NS));
        return grants;
    }
    std::vector<std::vector<unsigned char>> old_;
};

struct Bench {
    explicit Bench(std::uint32_t bytes)
        : host("host", {0x100, 0x8003, bytes}), target("target"), dma("dma", clock_10ns(), config()) {
        host.socket.bind(dma.registers);
        dma.irq.bind(host.irq);
        dma.memory.bind(target.socket);
        for (std::uint32_t k = 0; k < bytes; ++k) {
            target.bytes[0x100 + k] = static_cast<unsigned char>(k * 5 + k / 256);
        }
        expected.assign(target.bytes.begin() + 0x100, target.bytes.begin() + 0x100 + bytes);
    }
    static DmaControllerConfig config() {
        DmaControllerConfig config;
        config.style = TransportStyle::Blocking;
        config.dmi = true;
        return config;
    }
    void expect_copied() const {
        EXPECT_NE(host.done, sc_core::SC_ZERO_TIME);
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), target.bytes.begin() + 0x8003));
    }
    Host host;
    MovingTarget target;
    DmaController dma;
    std::vector<unsigned char> expected;
};

SIM_TEST(LooselyTimed, OnePointerServesTheWholeTransfer) {
    Bench bench(5000);
    sc_core::sc_start(1, sc_core::SC_MS);
    bench.expect_copied();
    EXPECT_EQ(bench.target.questions, 2U);  // One for reads, one for writes.
    EXPECT_EQ(bench.target.calls, 0U);
}

SIM_TEST(LooselyTimed, AnInvalidatedPointerIsNotUsedAgain) {
    Bench bench(5000);
    for (unsigned k = 0; k < 10; ++k) {
        sc_core::sc_start(700, sc_core::SC_NS);
        bench.target.move_away();
    }
    sc_core::sc_start(1, sc_core::SC_MS);
    bench.expect_copied();
    EXPECT_TRUE(bench.target.old_places_untouched());
    EXPECT_GT(bench.target.questions, 10U);
}

SIM_TEST(LooselyTimed, ARefusalIsTakenForAnAnswer) {
    Bench bench(5000);
    bench.target.grants = false;
    sc_core::sc_start(1, sc_core::SC_MS);
    bench.expect_copied();
    EXPECT_EQ(bench.target.questions, 1U);
    EXPECT_GT(bench.target.calls, 70U);
}

SIM_TEST(LooselyTimed, AHintMakesItAskAgain) {
    Bench bench(5000);
    bench.target.grants = false;
    bench.target.call_hints = true;
    sc_core::sc_start(700, sc_core::SC_NS);
    bench.target.grants = true;
    const unsigned calls = bench.target.calls;
    EXPECT_GT(calls, 0U);
    sc_core::sc_start(1, sc_core::SC_MS);
    bench.expect_copied();
    EXPECT_LT(bench.target.calls, calls + 20);
}

// A memory grants a block, less the pages with an error range and what lies beyond them, and nothing beyond its end.
SIM_TEST(LooselyTimed, PointersEndWhereErrorsBegin) {
    MemoryConfig config;
    config.size = 0x8'F800;
    config.errors.resize(3);
    config.errors[0].base = 0x5FFF;
    config.errors[0].size = 1;
    config.errors[1].base = 0x9000;
    config.errors[1].size = 0x1001;
    config.errors[2].base = 0x8'0000;
    config.errors[2].size = 1;
    MemoryOptions options;
    options.dmi = true;
    Memory memory("memory", clock_10ns(), config, options);
    Host host("host", {});
    host.socket.bind(memory.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const auto ask = [&](std::uint64_t address) {
        tlm::tlm_generic_payload trans;
        trans.set_address(address);
        tlm::tlm_dmi dmi;
        const bool granted = host.socket->get_direct_mem_ptr(trans, dmi);
        if (granted) {
            const std::uint8_t mark = 0xA7;
            memory.poke(address, &mark, 1);
            EXPECT_EQ(dmi.get_dmi_ptr()[address - dmi.get_start_address()], mark) << address;
        }
        return std::vector<std::uint64_t>{granted ? 1U : 0U, dmi.get_start_address(), dmi.get_end_address()};
    };
    using Answer = std::vector<std::uint64_t>;
    EXPECT_EQ(ask(0), (Answer{1, 0, 0x4FFF}));
    EXPECT_EQ(ask(0x4FFF), (Answer{1, 0, 0x4FFF}));
    EXPECT_EQ(ask(0x5000), (Answer{0, 0x5000, 0x5FFF}));
    EXPECT_EQ(ask(0x6000), (Answer{1, 0x6000, 0x8FFF}));
    EXPECT_EQ(ask(0x9FFF), (Answer{0, 0x9000, 0x9FFF}));
    EXPECT_EQ(ask(0xA000), (Answer{0, 0xA000, 0xAFFF}));
    EXPECT_EQ(ask(0xB000), (Answer{1, 0xB000, 0x3'FFFF}));
    EXPECT_EQ(ask(0x4'0000), (Answer{1, 0x4'0000, 0x7'FFFF}));
    EXPECT_EQ(ask(0x8'0000), (Answer{0, 0x8'0000, 0x8'0FFF}));
    EXPECT_EQ(ask(0x8'F000), (Answer{1, 0x8'1000, 0x8'F7FF}));
    EXPECT_EQ(ask(0x8'F800)[0], 0U);
}

SIM_TEST(LooselyTimed, ConfigurationsThatMeanNothingAreRefused) {
    DmaControllerConfig config;
    config.dmi = true;
    EXPECT_THROW(DmaController("a", clock_10ns(), config), ConfigError);
    config.dmi = false;
    config.quantum = 1;
    EXPECT_THROW(DmaController("b", clock_10ns(), config), ConfigError);
    config.style = TransportStyle::Blocking;
    EXPECT_EQ(validate(config), std::vector<std::string>{});
}

}  // namespace
}  // namespace dmasim
