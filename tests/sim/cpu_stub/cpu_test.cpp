// SPDX-License-Identifier: Apache-2.0
//
// The Cpu module on a platform of modules: interconnect, memory, controller, interrupt; in both orders of construction,
// and with the stamps that the plain loop gives.
#include "dmasim/cpu_stub/cpu.h"

#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/cpu_stub/core/native_driver.h"
#include "dmasim/model/errors.h"
#include "dmasim/tlm/dma_controller.h"

#include "support/core/cpu_machine.h"
#include "support/monitors.h"
#include "support/sim_test.h"

namespace dmasim {
namespace {

constexpr std::uint64_t kRegisters = 0x1000'0000;

struct TopConfig {
    CpuConfig cpu;
    MemoryConfig memory;
    bool coherent = false;
    bool one_sided = false;  ///< With `coherent`.
    bool blocking = false;   ///< The controller speaks b_transport.
    std::vector<CpuStall> stalls;
    bool reversed = false;
    std::string topology = "shared";
};

/// Initiator 0: CPU, 1: controller. Target 0: memory, 1: registers.
struct Top : sc_core::sc_module {
    Top(const sc_core::sc_module_name& name, const TopConfig& config, Cpu::Program program)
        : sc_core::sc_module(name), domain(10, sc_core::SC_NS), irq("irq") {
        BusConfig bus_config;
        bus_config.topology = config.topology;
        bus_config.initiators = 2;
        bus_config.targets = 2;
        bus_config.snooped = {false, config.coherent};
        bus_config.map = {AddressRange{0, 1 << 20, 0, 0, "memory"}, AddressRange{kRegisters, 0x2000, 1, 0, "dma"}};
        CpuConfig cpu_config = config.cpu;
        cpu_config.cache.coherence = !config.coherent   ? CoherenceMode::None
                                     : config.one_sided ? CoherenceMode::OneSided
                                                        : CoherenceMode::IoCoherent;
        DmaControllerConfig dma_config;
        dma_config.style = config.blocking ? TransportStyle::Blocking : TransportStyle::NonBlocking;
        const std::vector<std::function<void()>> build = {
            [&] { bus = std::make_unique<Interconnect>("bus", domain, bus_config); },
            [&] { memory = std::make_unique<Memory>("memory", domain, config.memory); },
            [&] {
                CpuOptions options;
                options.stalls = config.stalls;
                cpu = std::make_unique<Cpu>("cpu", domain, cpu_config, std::move(program), options);
            },
            [&] { dma = std::make_unique<DmaController>("dma", domain, dma_config); },
        };
        for (std::size_t n = 0; n < build.size(); ++n) {
            build[config.reversed ? build.size() - 1 - n : n]();
        }
        monitors.connect(cpu->memory, bus->target_sockets[0]);
        monitors.connect(dma->memory, bus->target_sockets[1]);
        monitors.connect(bus->initiator_sockets[0], memory->socket);
        monitors.connect(bus->initiator_sockets[1], dma->registers);
        dma->irq.bind(irq);
        cpu->irq[0].bind(irq);
        if (config.coherent) {
            bus->add_cache(cpu->snoop_port());
        }
    }

    ClockDomain domain;
    sc_core::sc_signal<bool> irq;
    std::unique_ptr<Interconnect> bus;
    std::unique_ptr<Memory> memory;
    std::unique_ptr<Cpu> cpu;
    std::unique_ptr<DmaController> dma;
    test::Monitors monitors;
};

std::vector<std::uint8_t> pattern(std::size_t bytes, std::uint8_t first) {
    std::vector<std::uint8_t> data(bytes);
    std::iota(data.begin(), data.end(), first);
    return data;
}

/// What a run leaves behind; not on the stack of the program's thread.
struct Notes {
    std::vector<std::uint8_t> data;
    std::vector<std::uint64_t> stamps;
    bool ok = false;
};

/// Stores, copies by the controller, appends to a chain, loads.
void driver_program(CpuContext& cpu, bool coherent, bool one_sided, bool interrupt, Notes& notes) {
    NativeDriverConfig config;
    config.registers = kRegisters;
    config.coherent = coherent;
    config.one_sided = one_sided;
    config.use_interrupt = interrupt;
    NativeDriver driver(cpu, config);
    const auto data = pattern(700, 9);
    cpu.write(0x1003, data.data(), data.size());
    notes.stamps.push_back(cpu.now().count());
    notes.ok = driver.probe() && driver.copy(1, 0x4005, 0x1003, 700).ok();
    notes.stamps.push_back(cpu.now().count());
    std::vector<native::Descriptor> chain(2);
    chain[0].source = 0x1003;
    chain[0].destination = 0x6000;
    chain[0].length = 300;
    chain[0].write_back = true;
    chain[1] = chain[0];
    chain[1].source = 0x1003 + 300;
    chain[1].destination = 0x6000 + 300;
    chain[1].length = 400;
    driver.prepare(chain);
    driver.publish(0x8000, {chain[0]});
    driver.publish(0x8040, {chain[1]});
    driver.start_chain(0, 0x8000);
    notes.ok = driver.append(0, 0x8000, 0x8040) && notes.ok;
    notes.ok = driver.wait(0).ok() && notes.ok;
    driver.finish(chain);
    notes.stamps.push_back(cpu.now().count());
    notes.data.assign(1400, 0);
    cpu.read(0x4005, notes.data.data(), 700);
    cpu.read(0x6000, notes.data.data() + 700, 700);
    notes.ok = driver.descriptor_status(0x8040).complete && cpu.errors() == 0 && notes.ok;
    notes.stamps.push_back(cpu.now().count());
}

/// The driver's program on two platforms in one kernel, constructed in opposite orders.
void run_driver(TopConfig config, bool interrupt) {
    struct Run {
        explicit Run(const char* run_name) : name(run_name), end(std::string("the last step of ") + run_name) {}
        const char* name;
        Notes notes;
        test::MustReach end;
        std::unique_ptr<Top> top;
    };
    Run runs[2] = {Run{"forward"}, Run{"reversed"}};
    for (Run& run : runs) {
        config.reversed = &run == &runs[1];
        run.top = std::make_unique<Top>(run.name, config, [&run, config, interrupt](CpuContext& cpu) {
            driver_program(cpu, config.coherent, config.one_sided, interrupt, run.notes);
            run.end.reached();
        });
    }
    sc_core::sc_start();
    for (Run& run : runs) {
        EXPECT_TRUE(run.notes.ok) << run.name;
        EXPECT_EQ(run.notes.data, test::operator+(pattern(700, 9), pattern(700, 9))) << run.name;
        EXPECT_TRUE(run.top->cpu->finished()) << run.name;
        EXPECT_EQ(run.top->cpu->finished_at().count(), run.notes.stamps.back()) << run.name;
        std::uint64_t sum = 0;
        for (const std::uint64_t cycles : run.top->cpu->statistics().cycles) {
            sum += cycles;
        }
        EXPECT_EQ(sum, run.notes.stamps.back()) << run.name;
        EXPECT_EQ(run.notes.stamps, runs[0].notes.stamps) << run.name;
        run.top->monitors.expect_rest();
    }
}

SIM_TEST(CpuModule, DriverOnANonCoherentMachine) {
    run_driver({}, true);
}

SIM_TEST(CpuModule, DriverOnANonCoherentMachineByPolling) {
    run_driver({}, false);
}

SIM_TEST(CpuModule, DriverOnACoherentMachine) {
    TopConfig config;
    config.coherent = true;
    run_driver(config, true);
}

SIM_TEST(CpuModule, DriverOnAOneSidedMachine) {
    TopConfig config;
    config.coherent = true;
    config.one_sided = true;
    run_driver(config, true);
}

SIM_TEST(CpuModule, DriverOnAOneSidedMachineBlocking) {
    TopConfig config;
    config.coherent = true;
    config.one_sided = true;
    config.blocking = true;
    run_driver(config, true);
}

/// A job with NO_SNOOP finds what is in memory, one without it what the CPU has stored; over TLM, in both styles.
void run_no_snoop(bool blocking) {
    struct Seen {
        std::vector<std::uint8_t> snooped = std::vector<std::uint8_t>(64);
        std::vector<std::uint8_t> not_snooped = std::vector<std::uint8_t>(64);
        std::uint64_t snoops_before = 0;
        std::uint64_t snoops_between = 0;
    } seen;
    std::unique_ptr<Top> top;
    test::MustReach end{"the end of the program"};
    TopConfig config;
    config.coherent = true;
    config.blocking = blocking;
    top = std::make_unique<Top>("top", config, [&](CpuContext& cpu) {
        NativeDriverConfig driver_config;
        driver_config.registers = kRegisters;
        driver_config.coherent = true;
        NativeDriver driver(cpu, driver_config);
        const auto data = pattern(64, 1);
        cpu.write(0x1000, data.data(), data.size());
        NativeDriver::Request request;
        request.job.source.address = 0x1000;
        request.job.length = 64;
        request.source_in_memory = false;  // No maintenance, although NO_SNOOP wants it.
        request.destination_in_memory = false;
        request.job.destination.address = 0x2000;
        request.job.no_snoop = true;
        EXPECT_TRUE(driver.transfer(0, request).ok());
        seen.snoops_before = top->cpu->statistics().snoops;
        request.job.destination.address = 0x3000;
        request.job.no_snoop = false;
        EXPECT_TRUE(driver.transfer(0, request).ok());
        seen.snoops_between = top->cpu->statistics().snoops;
        cpu.read(0x2000, seen.not_snooped.data(), 64);
        cpu.read(0x3000, seen.snooped.data(), 64);
        end.reached();
    });
    sc_core::sc_start();
    EXPECT_EQ(seen.not_snooped, std::vector<std::uint8_t>(64, 0));
    EXPECT_EQ(seen.snooped, pattern(64, 1));
    EXPECT_EQ(seen.snoops_before, 0u);
    EXPECT_GT(seen.snoops_between, 1u);
}

SIM_TEST(CpuModule, NoSnoopTravelsWithTheBurst) {
    run_no_snoop(false);
}

SIM_TEST(CpuModule, NoSnoopTravelsWithTheBurstBlocking) {
    run_no_snoop(true);
}

SIM_TEST(CpuModule, DriverOnACrossbar) {
    TopConfig config;
    config.topology = "crossbar";
    config.coherent = true;
    run_driver(config, false);
}

/// Every kind of operation; the stamps after each.
std::vector<std::uint64_t> mixed_program(CpuContext& cpu) {
    std::vector<std::uint64_t> stamps;
    const auto note = [&] { stamps.push_back(cpu.now().count()); };
    for (std::uint32_t round = 0; round < 6; ++round) {
        const std::uint64_t base = 0x1000 + 0x1234 * round;
        const auto data = pattern(150, static_cast<std::uint8_t>(round));
        cpu.write(base, data.data(), data.size());
        note();
        cpu.store64(base + 0x301, 0x0123456789ABCDEF);
        EXPECT_EQ(cpu.load64(base + 0x301), 0x0123456789ABCDEFU);
        note();
        cpu.write(base + 0x400, data.data(), 30, MemoryType::Uncached);
        note();
        cpu.dmb();
        cpu.store32(base + 0x500, 7, MemoryType::Device);
        note();
        EXPECT_EQ(cpu.load32(base + 0x500, MemoryType::Device), 7u);
        EXPECT_EQ(cpu.load16(base + 0x400, MemoryType::Uncached), data[0] | data[1] << 8);
        note();
        cpu.clean(base, 150);
        note();
        cpu.evict(base + 0x301);
        cpu.prefetch(base + 0x2000);
        note();
        cpu.clean_invalidate_all();
        cpu.wait_cycles(round);
        cpu.dsb();
        note();
    }
    return stamps;
}

SIM_TEST(CpuModule, StampsAreThoseOfThePlainLoop) {
    test::MachineConfig plain;
    plain.memory.read_latency = 7;
    plain.memory.write_latency = 5;
    plain.cpu.cache.size_bytes = 512;
    plain.cpu.cache.write_back_buffers = 2;
    plain.memory.size = 1 << 20;
    test::Machine machine(plain);
    const auto expected = mixed_program(machine.context);
    TopConfig config;
    config.cpu = plain.cpu;
    config.memory = plain.memory;
    std::vector<std::uint64_t> stamps;
    test::MustReach end{"the end of the program"};
    Top top("top", config, [&](CpuContext& cpu) {
        stamps = mixed_program(cpu);
        end.reached();
    });
    sc_core::sc_start();
    EXPECT_EQ(stamps, expected);
    EXPECT_EQ(sc_core::sc_time_stamp(), top.domain.time_of(Cycles{expected.back()}));
}

/// A hold-up lasts exactly as long as it says, from the end of an operation on that has its stamp or a later one.
SIM_TEST(CpuModule, StallsAreMetToTheCycle) {
    std::vector<std::vector<std::uint64_t>> stamps(4);
    std::vector<std::unique_ptr<Top>> tops;
    const auto build = [&](std::size_t number, const std::vector<CpuStall>& stalls) {
        TopConfig config;
        config.stalls = stalls;
        tops.push_back(
            std::make_unique<Top>(("top" + std::to_string(number)).c_str(), config, [&, number](CpuContext& cpu) {
                for (std::uint64_t n = 0; n < 5; ++n) {
                    cpu.store32(0x1000 + 64 * n, 1);
                    stamps[number].push_back(cpu.now().count());
                }
            }));
    };
    // The second store ends with the stamp 24 on this machine: 12 cycles each.
    build(0, {});
    build(1, {{Cycles{0}, 7}});
    build(2, {{Cycles{24}, 100}, {Cycles{24}, 1}});
    build(3, {{Cycles{25}, 100}});
    sc_core::sc_start();
    ASSERT_EQ(stamps[0], (std::vector<std::uint64_t>{12, 24, 36, 48, 60}));
    EXPECT_EQ(stamps[1], (std::vector<std::uint64_t>{19, 31, 43, 55, 67}));
    EXPECT_EQ(stamps[2], (std::vector<std::uint64_t>{12, 24, 137, 149, 161}));
    EXPECT_EQ(stamps[3], (std::vector<std::uint64_t>{12, 24, 36, 148, 160}));
    EXPECT_EQ(tops[2]->cpu->statistics().cycles[static_cast<std::size_t>(CpuCause::Compute)], 101u);
}

SIM_TEST(CpuModule, InterruptIsSeenAtTheNextEdge) {
    sc_core::sc_signal<bool> level("level");
    std::vector<std::uint64_t> stamps;
    std::vector<std::uint64_t> handled;
    ClockDomain domain(10, sc_core::SC_NS);
    CpuConfig config;
    config.interrupts = 3;
    test::MustReach end{"the end of the program"};
    Cpu cpu("cpu", domain, config, [&](CpuContext& context) {
        context.wait_for_interrupt(1);
        stamps.push_back(context.now().count());
        context.on_interrupt(1, [&](CpuContext& inner) { handled.push_back(inner.now().count()); });
        context.wait_cycles(5);
        stamps.push_back(context.now().count());
        context.enable_interrupts(false);
        context.wait_cycles(5);
        stamps.push_back(context.now().count());
        end.reached();
    });
    cpu.irq[1].bind(level);
    struct Nobody : sc_core::sc_module, tlm::tlm_fw_transport_if<> {
        tlm::tlm_target_socket<> socket{"socket"};
        explicit Nobody(const sc_core::sc_module_name& name) : sc_core::sc_module(name) { socket.bind(*this); }
        void b_transport(tlm::tlm_generic_payload&, sc_core::sc_time&) override {}
        tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override {
            return tlm::TLM_ACCEPTED;
        }
        bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }
        unsigned transport_dbg(tlm::tlm_generic_payload&) override { return 0; }
    } nobody("nobody");
    test::Monitors monitors;
    monitors.connect(cpu.memory, nobody.socket);
    sc_core::sc_start(95, sc_core::SC_NS);
    level.write(true);  // At 95 ns: stamp 10, seen at edge 11.
    sc_core::sc_start(1, sc_core::SC_US);
    ASSERT_EQ(stamps.size(), 3u);
    EXPECT_EQ(stamps[0], 11u);
    EXPECT_EQ(stamps[1], 16u);
    EXPECT_EQ(stamps[2], 21u);
    // The line stays high: the handler runs once behind each of the waits of one cycle.
    EXPECT_EQ(handled, (std::vector<std::uint64_t>{12, 13, 14, 15, 16}));
}

SIM_TEST(CpuModule, WithoutAProgramItIdles) {
    TopConfig config;
    Top top("top", config, {});
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_FALSE(top.cpu->finished());
    EXPECT_TRUE(top.cpu->core().quiet());
    top.cpu->prefetch(0x1000);
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_TRUE(top.cpu->core().line_of(0x1000).valid);
    top.cpu->evict(0x1000);
    sc_core::sc_start(1, sc_core::SC_US);
    EXPECT_FALSE(top.cpu->core().line_of(0x1000).valid);
}

SIM_TEST(CpuModule, BadConfigurationThrows) {
    ClockDomain domain(10, sc_core::SC_NS);
    CpuConfig config;
    config.interrupts = 65;
    EXPECT_THROW(Cpu("cpu", domain, config), ConfigError);
}

}  // namespace
}  // namespace dmasim
