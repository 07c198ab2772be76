// SPDX-License-Identifier: Apache-2.0
//
// A PC with a bus-master card and the system's own two DMA controllers, as SystemC modules.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <systemc>

#include <dmasim/bus/interconnect.h>
#include <dmasim/bus/memory.h>
#include <dmasim/bus/peripherals.h>
#include <dmasim/bus/remapper.h>
#include <dmasim/cpu_stub/core/dma_operations/domain.h>
#include <dmasim/cpu_stub/core/dma_operations/driver_checks.h>
#include <dmasim/cpu_stub/core/dma_operations/operations.h>
#include <dmasim/cpu_stub/core/dma_operations/pc_at_controller.h>
#include <dmasim/cpu_stub/cpu.h>
#include <dmasim/model/verifier/monitor.h>
#include <dmasim/tlm/dma_controller.h>
#include <dmasim/tlm/pc_at_dma_controller.h>
#include <dmasim/tlm/protocol_monitor.h>

namespace example {

namespace dma = dmasim::dma;
using dmasim::Cycles;

// Physical addresses.
constexpr std::uint64_t kMemoryBytes = 0x1'0000'0000;
constexpr std::uint64_t kBouncePages = 0x10'0000;  // Below 16 MiB, where every device reaches them.
constexpr std::uint64_t kCommonBuffers = 0x20'0000;
constexpr std::uint64_t kCardRegisters = 0x1'0000'0000;
constexpr std::uint64_t kMapRegisters = 0x1'0001'0000;
constexpr std::uint64_t kSystemDma = 0x1'0002'0000;
constexpr std::uint64_t kRecorder = 0x1'0003'0000;
constexpr std::uint64_t kCardMemory = 0x1'0010'0000;  // On the card; its controller reaches it as it is.
constexpr std::uint64_t kCardMemoryBytes = 0x1'0000;
// Logical addresses: where the window of the map registers begins. The system's controllers reach 16 MiB.
constexpr std::uint64_t kWindow = 0x80'0000;

// Interrupt lines of the CPU.
constexpr unsigned kCardLine = 0;
constexpr unsigned kSystemDmaLine = 1;
constexpr unsigned kRecorderLine = 2;

constexpr unsigned kRecorderChannel = 1;  // Of the system's controllers: bytes.

// Device objects, as drivers name them.
constexpr dma::DeviceId kCardDevice = 1;
constexpr dma::DeviceId kRecorderDevice = 2;

struct MachineConfig {
    bool coherent = false;
    dma::MapRegisterKind registers = dma::MapRegisterKind::Bounce;
    bool verify = true;
    bool monitors = false;           // Protocol monitors on all sockets.
    bool silence_interrupt = false;  // The system's controllers have none, as in a real PC: completion is polled.
};

struct Machine : sc_core::sc_module {
    Machine(const sc_core::sc_module_name& name, const MachineConfig& machine_config)
        : sc_core::sc_module(name),
          config(machine_config),
          clock(10, sc_core::SC_NS),
          verifier(verifier_config(config)),
          memory("memory", clock, memory_config(kMemoryBytes), memory_options(1)),
          card_memory("card_memory", clock, memory_config(kCardMemoryBytes), memory_options(2)),
          bus("bus", clock, bus_config(config), bus_options()),
          cpu("cpu", clock, cpu_config(config), {}, cpu_options()),
          card("card", clock, {}, &verifier),
          map_registers("map_registers", clock, {kWindow, 64, 4096, 64, {}}),
          card_remapper("card_remapper", clock, {1, kFault, kCardMemory, kCardMemoryBytes, 8, 1}, table()),
          system_dma("system_dma", clock, system_dma_config()),
          system_remapper("system_remapper", clock, {1, kFault, 0, 0, 8, 2}, table()),
          recorder("recorder", clock, {8, 64, {}}) {
        verifier.add_memory(1, 0, kMemoryBytes, 8);
        connect(cpu.memory, bus.target_sockets[0]);
        connect(card.memory, card_remapper.master);
        connect(card_remapper.memory, bus.target_sockets[1]);
        connect(system_dma.memory, system_remapper.master);
        connect(system_remapper.memory, bus.target_sockets[2]);
        connect(bus.initiator_sockets[0], memory.socket);
        connect(bus.initiator_sockets[1], card.registers);
        connect(bus.initiator_sockets[2], map_registers.socket);
        connect(bus.initiator_sockets[3], system_dma.registers);
        connect(bus.initiator_sockets[4], recorder.socket);
        connect(bus.initiator_sockets[5], card_memory.socket);
        card.irq.bind(card_irq);
        system_dma.irq.bind(system_dma_irq);
        recorder.irq.bind(recorder_irq);
        cpu.irq[kCardLine].bind(card_irq);
        cpu.irq[kSystemDmaLine].bind(system_dma_irq);
        cpu.irq[kRecorderLine].bind(recorder_irq);
        system_dma.data[kRecorderChannel].bind(recorder);
        system_dma.dreq[kRecorderChannel].bind(dreq);
        system_dma.tc[kRecorderChannel].bind(tc);
        recorder.dreq.bind(dreq);
        recorder.tc.bind(tc);
        if (config.coherent) {
            bus.add_cache(cpu.snoop_port());
        }
        // What a driver has done wrong is told together with what the verifier finds.
        checks.on_finding([this](const dma::DriverFinding& finding) { verifier.add(dma::to_finding(finding)); });
    }

    // What the operating system is told about the machine.
    [[nodiscard]] dma::DmaConfig dma_config() const {
        dma::DmaConfig result;
        result.coherent = config.coherent;
        result.registers = config.registers;
        result.register_count = 64;
        const bool hardware = config.registers == dma::MapRegisterKind::Hardware;
        result.register_base = hardware ? kWindow : kBouncePages;
        result.register_file = kMapRegisters;
        result.common = {kCommonBuffers, 0x10'0000};
        return result;
    }
    [[nodiscard]] dma::PcAtControllerConfig controller_config() const {
        return {kSystemDma, true, !config.silence_interrupt, 16};
    }
    // Faults of the hardware go to the checks: DV-26.
    void report_faults(dma::DmaOperations& operations) {
        const auto tell = [&operations](dma::DeviceId device) {
            return [&operations, device](const dmasim::TranslationFault& fault) {
                operations.tell(dma::fact_of(fault, device));
            };
        };
        card_remapper.on_fault(tell(kCardDevice));
        system_remapper.on_fault(tell(kRecorderDevice));
    }

    static constexpr auto kFault = dmasim::AddressTranslator::Unmapped::Fault;

    MachineConfig config;
    dmasim::ClockDomain clock;
    dmasim::VerifierMonitor verifier;
    dma::DriverChecker checks;
    dmasim::Memory memory;
    dmasim::Memory card_memory;
    dmasim::Interconnect bus;
    dmasim::Cpu cpu;
    dmasim::DmaController card;
    dmasim::MapRegisters map_registers;
    dmasim::Remapper card_remapper;
    dmasim::PcAtDmaController system_dma;
    dmasim::Remapper system_remapper;
    dmasim::FlyByPeripheral recorder;
    sc_core::sc_signal<bool> card_irq{"card_irq"};
    sc_core::sc_signal<bool> system_dma_irq{"system_dma_irq"};
    sc_core::sc_signal<bool> recorder_irq{"recorder_irq"};
    sc_core::sc_signal<bool> dreq{"dreq"};
    sc_core::sc_signal<bool> tc{"tc"};
    std::vector<std::unique_ptr<dmasim::ProtocolMonitor>> monitors;

  private:
    template <typename Initiator, typename Target>
    void connect(Initiator& initiator, Target& target) {
        if (!config.monitors) {
            initiator.bind(target);
            return;
        }
        const std::string name = "monitor_" + std::to_string(monitors.size());
        monitors.push_back(std::make_unique<dmasim::ProtocolMonitor>(name.c_str()));
        initiator.bind(monitors.back()->target_socket);
        monitors.back()->initiator_socket.bind(target);
    }
    // Null: the remappers let everything pass.
    [[nodiscard]] const dmasim::TranslationTable* table() const {
        return config.registers == dma::MapRegisterKind::Hardware ? &map_registers.table() : nullptr;
    }
    static dmasim::MemoryConfig memory_config(std::uint64_t bytes) {
        dmasim::MemoryConfig result;
        result.size = bytes;
        return result;
    }
    dmasim::MemoryOptions memory_options(std::uint16_t source) {
        dmasim::MemoryOptions options;
        options.sink = config.verify ? &verifier : nullptr;
        options.source = source;
        return options;
    }
    dmasim::InterconnectOptions bus_options() {
        dmasim::InterconnectOptions options;
        options.sink = config.verify ? &verifier : nullptr;
        options.source = 3;
        return options;
    }
    dmasim::CpuOptions cpu_options() {
        dmasim::CpuOptions options;
        options.trace = config.verify ? &verifier : nullptr;
        options.source = 4;
        return options;
    }
    static dmasim::BusConfig bus_config(const MachineConfig& config) {
        dmasim::BusConfig result = dmasim::bus_of(3, {{0, kMemoryBytes, 0, 0, "memory"},
                                                      {kCardRegisters, 0x2000, 1, 0, "card"},
                                                      {kMapRegisters, 0x1000, 2, 0, "map registers"},
                                                      {kSystemDma, 0x100, 3, 0, "system DMA"},
                                                      {kRecorder, 0x10, 4, 0, "recorder"},
                                                      {kCardMemory, kCardMemoryBytes, 5, 0, "card memory"}});
        result.snooped = {false, config.coherent, config.coherent};
        return result;
    }
    static dmasim::CpuConfig cpu_config(const MachineConfig& config) {
        dmasim::CpuConfig result;
        result.interrupts = 3;
        result.cache.coherence = config.coherent ? dmasim::CoherenceMode::IoCoherent : dmasim::CoherenceMode::None;
        return result;
    }
    static dmasim::PcAtDmaControllerConfig system_dma_config() {
        dmasim::PcAtDmaControllerConfig result;
        result.pc_at.buffer_bytes = 8;
        return result;
    }
    static dmasim::VerifierConfig verifier_config(const MachineConfig& config) {
        dmasim::VerifierConfig result;
        result.whole_line_write_back = !config.coherent;
        result.snooped_writes = config.coherent;
        result.coherent_writes = config.coherent;
        result.other_rules = dma::driver_rule_names();
        return result;
    }
};

}  // namespace example
