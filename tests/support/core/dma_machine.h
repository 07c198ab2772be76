// SPDX-License-Identifier: Apache-2.0
//
// A CPU with the DMA operations, a memory, a bus master that does what it is told (through map registers, if there are
// any) and two 8237A with a peripheral that does what it is told: core to core, programs are plain C++.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/bus/core/map_registers.h"
#include "dmasim/cpu_stub/core/dma_operations/domain.h"
#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"
#include "dmasim/cpu_stub/core/dma_operations/operations.h"
#include "dmasim/cpu_stub/core/dma_operations/pc_at_controller.h"
#include "dmasim/model/frontend/pc_at/pc_at_dma.h"
#include "dmasim/model/verifier/monitor.h"

#include "cpu_machine.h"

namespace dmasim::test {

inline constexpr std::uint64_t kMemoryBytes = 0x3'0000'0000;
inline constexpr std::uint64_t kRegisterFile = 0xF'0000'0000;
inline constexpr std::uint64_t kPcAtRegisters = 0xF'1000'0000;

/// Registers of the two 8237A as a target of the bus.
class PcAtRegisters final : public DevicePort {
  public:
    explicit PcAtRegisters(std::uint32_t width) : DevicePort(DeviceTiming{}, width) {}
    PcAtDma* dma = nullptr;

  private:
    Response transfer(const Burst& burst, Cycles edge) override {
        if (burst.bytes != 1) {
            return Response::BurstError;
        }
        const auto offset = static_cast<std::uint32_t>(burst.address);
        const bool known = burst.access == Access::Read ? dma->read(offset, burst.data[0], edge)
                                                        : dma->write(offset, burst.data[0], edge);
        return known ? Response::Ok : Response::AddressError;
    }
    void advance_device(Cycles /*edge*/) override {}
    void drive(Cycles /*edge*/) override {}
    [[nodiscard]] Cycles next_device_edge() const override { return kNever; }
};

/// A peripheral: asks for service while it has bytes to give, or wants bytes.
class Peripheral final : public FlyByDevice {
  public:
    std::uint16_t give(unsigned channel, Cycles at) override {
        std::deque<std::uint8_t>& bytes = to_give[channel];
        const auto next = [&] {
            if (bytes.empty()) {
                return std::uint8_t{0xEE};
            }
            const std::uint8_t byte = bytes.front();
            bytes.pop_front();
            return byte;
        };
        std::uint16_t value = next();
        if (channel >= 4) {
            value = static_cast<std::uint16_t>(value | next() << 8);
        }
        taken_at.push_back(at);
        refresh(channel, at);
        return value;
    }
    void take(unsigned channel, std::uint16_t value, Cycles at) override {
        received[channel].push_back(static_cast<std::uint8_t>(value));
        if (channel >= 4) {
            received[channel].push_back(static_cast<std::uint8_t>(value >> 8));
        }
        wanted[channel] -= std::min<std::uint64_t>(wanted[channel], channel >= 4 ? 2 : 1);
        refresh(channel, at);
    }
    void terminal_count(unsigned channel, bool level, Cycles at) override {
        if (!level) {
            return;
        }
        ++ends[channel];
        if (stop_at_end) {
            wanted[channel] = 0;
        }
        refresh(channel, at);
    }
    void refresh(unsigned channel, Cycles at) {
        dma->set_dreq(channel, !to_give[channel].empty() || wanted[channel] > 0, at);
    }

    PcAtDma* dma = nullptr;
    bool stop_at_end = true;
    std::map<unsigned, std::deque<std::uint8_t>> to_give;
    std::map<unsigned, std::uint64_t>
        wanted;  ///< Bytes it will take; those in the controller's buffer count as taken late.
    std::map<unsigned, std::vector<std::uint8_t>> received;
    std::map<unsigned, unsigned> ends;
    std::vector<Cycles> taken_at;
};

/// A port that is bound after its master has been made.
struct LateForward final : BurstPort {
    void request(const Burst& burst, Cycles at) override { port->request(burst, at); }
    BurstPort* port = nullptr;
};

struct DmaMachineConfig {
    bool coherent = false;
    dma::DmaConfig dma;
    PcAtConfig pc_at;
    bool translate = false;  ///< The bus master's addresses go through map registers.
    std::uint32_t line = 64;
    std::vector<ErrorRange> errors;
    bool interrupt = false;
    std::uint32_t cache_bytes = 32768;
    std::function<void(CpuConfig&)> tune;  ///< Changes the CPU.
};

/// Initiators: 0 CPU, 1 bus master, 2 system controllers. Targets: 0 memory, 1 map registers, 2 system controllers.
class DmaMachine {
  public:
    explicit DmaMachine(DmaMachineConfig machine_config = {})
        : config(complete(std::move(machine_config))),
          verifier(verifier_config()),
          system(bus_config(), {memory_config()}),
          cpu(system),
          core(cpu_config(), cpu_port, cpu, &verifier, 1),
          map_registers(map_config()),
          translator(1, 8, AddressTranslator::Unmapped::Fault, config.translate ? &map_registers.table() : nullptr),
          pc_at(config.pc_at, pc_at_port, peripheral),
          pc_at_registers(64),
          controller(controller_config()),
          dma(cpu, config.dma, &checks) {
        cpu_port.port = &system.connect(0, core);
        BurstPort& below = system.connect(1, translator);
        translator.bind(below, device);
        device.bind(translator);
        pc_at_port.port = &system.connect(2, pc_at);
        bind(1, map_registers);
        bind(2, pc_at_registers);
        pc_at_registers.dma = &pc_at;
        peripheral.dma = &pc_at;
        pc_at.on_interrupt([this](bool level, Cycles at) { core.interrupt(0, level, at); });
        cpu.attach(core);
        if (config.coherent) {
            system.bus().add_cache(core);
        }
        system.add(core);
        system.add(map_registers);
        system.add(pc_at_registers);
        system.add(pc_at);
        verifier.add_memory(2, 0, kMemoryBytes, 8);
        system.memory(0).set_trace(&verifier, 2);
        dma.set_notes(&verifier);
        dma.set_system_controller(controller);
        translator.on_fault([this](const TranslationFault& fault) { dma.tell(dma::fact_of(fault, 0)); });
    }

    /// Memory behind everybody's back.
    void poke(std::uint64_t address, const std::vector<std::uint8_t>& data) {
        ASSERT_TRUE(system.memory(0).poke(address, data.data(), data.size(), cpu.now() + 1));
        verifier.poke(address, data.data(), data.size(), cpu.now());
    }
    std::vector<std::uint8_t> peek(std::uint64_t address, std::size_t bytes) {
        std::vector<std::uint8_t> data(bytes);
        EXPECT_TRUE(system.memory(0).peek(address, data.data(), bytes, cpu.now() + 1));
        return data;
    }

    /// The driver's own accesses, which the checks are told of.
    void store(std::uint64_t address, const std::vector<std::uint8_t>& data) {
        tell_access(address, data.size(), true);
        cpu.write(address, data.data(), data.size());
    }
    std::vector<std::uint8_t> load(std::uint64_t address, std::size_t bytes) {
        tell_access(address, bytes, false);
        std::vector<std::uint8_t> data(bytes, 0xEE);
        cpu.read(address, data.data(), bytes);
        return data;
    }

    /// The bus master writes (from_device) or reads memory at its own addresses; the CPU waits.
    Response device_write(std::uint64_t logical, const std::vector<std::uint8_t>& data) {
        Response all = Response::Ok;
        each_part(logical, data.size(), [&](std::uint64_t address, std::size_t done, std::size_t bytes) {
            const auto from = data.begin() + static_cast<std::ptrdiff_t>(done);
            auto& transfer = device.write(address, {from, from + static_cast<std::ptrdiff_t>(bytes)}, cpu.now());
            wait_for(transfer);
            all = transfer.response != Response::Ok ? transfer.response : all;
        });
        tell_device(logical, data.size(), true);
        return all;
    }
    std::vector<std::uint8_t> device_read(std::uint64_t logical, std::size_t size) {
        std::vector<std::uint8_t> data;
        each_part(logical, size, [&](std::uint64_t address, std::size_t /*done*/, std::size_t bytes) {
            auto& transfer = device.read(address, static_cast<std::uint32_t>(bytes), cpu.now());
            wait_for(transfer);
            data.insert(data.end(), transfer.data.begin(), transfer.data.end());
        });
        tell_device(logical, size, false);
        return data;
    }

    /// The peripheral gives or wants bytes from now on.
    void give(unsigned channel, const std::vector<std::uint8_t>& data) {
        auto& bytes = peripheral.to_give[channel];
        bytes.insert(bytes.end(), data.begin(), data.end());
        peripheral.refresh(channel, cpu.now());
    }
    void want(unsigned channel, std::uint64_t bytes) {
        peripheral.wanted[channel] += bytes;
        peripheral.refresh(channel, cpu.now());
    }
    template <typename Condition>
    void wait_until(Condition condition, std::uint64_t limit = 2'000'000) {
        for (std::uint64_t cycles = 0; !condition(); cycles += 10) {
            ASSERT_LT(cycles, limit) << "it never happens";
            cpu.wait_cycles(10);
        }
    }
    /// Until the peripheral has nothing to give any more, and the last byte is where it goes.
    void wait_given(unsigned channel) {
        wait_until([&] { return peripheral.to_give[channel].empty(); });
        cpu.wait_cycles(60);
    }

    /// Rules that were broken, in order, each once in a row.
    [[nodiscard]] std::vector<std::string> rules() const {
        std::vector<std::string> names;
        for (const dma::DriverFinding& finding : checks.findings()) {
            if (names.empty() || names.back() != finding.rule) {
                names.emplace_back(finding.rule);
            }
        }
        return names;
    }
    [[nodiscard]] bool broke(std::string_view rule) const {
        const auto& all = checks.findings();
        return std::any_of(all.begin(), all.end(), [&](const dma::DriverFinding& one) { return one.rule == rule; });
    }
    /// Rules of both kinds that were broken, each once, in the order of their names: what the driver checks have found, and
    /// what the verifier has, that sees the memory and the cache.
    [[nodiscard]] std::vector<std::string> found() {
        cpu.wait_cycles(1);
        verifier.settle(cpu.now());
        std::set<std::string> names;
        for (const dma::DriverFinding& finding : checks.findings()) {
            names.emplace(finding.rule);
        }
        for (const Finding& finding : verifier.findings()) {
            names.emplace(finding.rule);
        }
        return {names.begin(), names.end()};
    }
    [[nodiscard]] std::string report() const {
        std::string text;
        for (const dma::DriverFinding& finding : checks.findings()) {
            text += finding.text() + "\n";
        }
        return text;
    }

  private:
    static DmaMachineConfig complete(DmaMachineConfig config) {
        config.dma.coherent = config.coherent;
        config.dma.cache_line = config.line;
        if (config.dma.common.bytes == 0) {
            config.dma.common = {0x20'0000, 0x10'0000};
        }
        if (config.dma.registers == dma::MapRegisterKind::Hardware) {
            config.translate = true;
            config.dma.register_file = kRegisterFile;
            config.dma.register_base = config.dma.register_base == 0 ? 0x40'0000 : config.dma.register_base;
        } else if (config.dma.register_base == 0) {
            config.dma.register_base = 0x10'0000;
        }
        if (config.dma.guard_area.bytes == 0) {
            config.dma.guard_area = {0x80'0000, 0x10'0000};
        }
        return config;
    }
    [[nodiscard]] BusConfig bus_config() const {
        BusConfig bus;
        bus.initiators = 3;
        bus.targets = 3;
        bus.snooped = {false, config.coherent, config.coherent};
        bus.map = {AddressRange{0, kMemoryBytes, 0, 0, "memory"},
                   AddressRange{kRegisterFile, 0x10000, 1, 0, "map registers"},
                   AddressRange{kPcAtRegisters, 0x100, 2, 0, "system DMA"}};
        return bus;
    }
    [[nodiscard]] MemoryConfig memory_config() const {
        MemoryConfig memory;
        memory.size = kMemoryBytes;
        memory.errors = config.errors;
        return memory;
    }
    [[nodiscard]] CpuConfig cpu_config() const {
        CpuConfig cpu_settings;
        cpu_settings.cache.line_bytes = config.line;
        cpu_settings.cache.size_bytes = config.cache_bytes;
        cpu_settings.cache.coherence = config.coherent ? CoherenceMode::IoCoherent : CoherenceMode::None;
        if (config.tune) {
            config.tune(cpu_settings);
        }
        return cpu_settings;
    }
    [[nodiscard]] VerifierConfig verifier_config() const {
        VerifierConfig settings;
        settings.line_bytes = config.line;
        settings.whole_line_write_back = !config.coherent;
        settings.coherent_writes = config.coherent;
        settings.snooped_writes = config.coherent;
        return settings;
    }
    [[nodiscard]] MapRegistersConfig map_config() const {
        MapRegistersConfig map;
        map.window = config.dma.registers == dma::MapRegisterKind::Hardware ? config.dma.register_base : 0x40'0000;
        map.registers = config.dma.register_count;
        map.page_bytes = config.dma.page_bytes;
        return map;
    }
    [[nodiscard]] dma::PcAtControllerConfig controller_config() const {
        dma::PcAtControllerConfig settings;
        settings.registers = kPcAtRegisters;
        settings.internal_buffer = config.pc_at.buffer_bytes != 0;
        settings.interrupt = config.interrupt;
        return settings;
    }
    void bind(std::uint32_t target, DevicePort& port) {
        port.bind(system.bus().target_side(target));
        system.bus().bind_target(target, port, TargetTraits{port.write_interval()});
    }
    void wait_for(const BurstDevice::Transfer& transfer) {
        while (transfer.end == kNever || transfer.end > cpu.now()) {
            cpu.wait_cycles(1);
        }
    }
    template <typename Part>
    static void each_part(std::uint64_t address, std::size_t size, Part part) {
        for (std::size_t done = 0; done < size;) {
            const std::size_t room = 4096 - (address + done) % 4096;
            const std::size_t bytes = std::min(size - done, room);
            part(address + done, done, bytes);
            done += bytes;
        }
    }
    void tell_access(std::uint64_t address, std::uint64_t bytes, bool store) {
        dma::DriverFact fact;
        fact.kind = dma::DriverFact::Kind::CpuAccess;
        fact.address = address;
        fact.length = bytes;
        fact.flag = store;
        dma.tell(fact);
    }
    void tell_device(std::uint64_t address, std::uint64_t bytes, bool write) {
        dma::DriverFact fact;
        fact.kind = dma::DriverFact::Kind::DeviceAccess;
        fact.address = address;
        fact.length = bytes;
        fact.flag = write;
        dma.tell(fact);
    }

  public:
    DmaMachineConfig config;
    dma::DriverChecker checks;
    VerifierMonitor verifier;
    CoreSystem system;
    LoopContext cpu;

  private:
    LateForward cpu_port;
    LateForward pc_at_port;

  public:
    CpuCore core;
    MapRegistersCore map_registers;
    AddressTranslator translator;
    BurstDevice device;
    Peripheral peripheral;
    PcAtDma pc_at;
    PcAtRegisters pc_at_registers;
    dma::PcAtController controller;
    dma::DmaOperations dma;
};

/// A machine, one driver, and its adapter.
struct Rig {
    explicit Rig(const DmaMachineConfig& machine_config = {}, const dma::DeviceDescription& description = {},
                 dma::DeviceId device_id = 1)
        : machine(machine_config), device(device_id) {
        adapter = machine.dma.get_dma_adapter(device, description, granted);
        EXPECT_TRUE(adapter);
        machine.dma.set_level(dma::Level::Dispatch);
    }
    /// Another driver's adapter, made at the level that is required for it.
    dma::Adapter another(dma::DeviceId its_device, const dma::DeviceDescription& description) {
        const dma::Level before = machine.dma.set_level(dma::Level::Passive);
        std::uint32_t its_granted = 0;
        const dma::Adapter other = machine.dma.get_dma_adapter(its_device, description, its_granted);
        machine.dma.set_level(before);
        return other;
    }
    /// Version 1: registers, and the channel if it is one of the system.
    dma::RegisterBase own(std::uint64_t registers,
                          dma::AllocationAction action = dma::AllocationAction::DeallocateObjectKeepRegisters) {
        dma::RegisterBase base = 0;
        EXPECT_EQ(adapter.allocate_adapter_channel(device, registers,
                                                   [&](dma::RegisterBase given) {
                                                       base = given;
                                                       return action;
                                                   }),
                  dma::Status::Success);
        return base;
    }
    /// Version 3, synchronous.
    dma::RegisterBase own3(std::uint64_t registers) {
        dma::RegisterBase base = 0;
        EXPECT_EQ(adapter.initialize_dma_transfer_context(context), dma::Status::Success);
        EXPECT_EQ(adapter.allocate_adapter_channel_ex(device, context, registers, {true}, {}, &base),
                  dma::Status::Success);
        return base;
    }
    /// Version 3: maps all of it; the address of the first element.
    std::uint64_t map3(const dma::Mdl& mdl, dma::RegisterBase base, dma::Direction direction) {
        std::uint64_t bytes = mdl.bytes;
        std::vector<dma::Element> list;
        EXPECT_EQ(adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, direction, dma::list_bytes(16), &list, {}),
                  dma::Status::Success);
        EXPECT_EQ(bytes, mdl.bytes);
        return list.empty() ? 0 : list.front().logical;
    }

    DmaMachine machine;
    dma::DeviceId device;
    std::uint32_t granted = 0;
    dma::Adapter adapter;
    dma::TransferContext context;
};

/// `count` bytes of `value`.
inline std::vector<std::uint8_t> bytes_of(std::uint8_t value, std::size_t count) {
    return std::vector<std::uint8_t>(count, value);
}

}  // namespace dmasim::test
