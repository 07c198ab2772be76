// SPDX-License-Identifier: Apache-2.0
//
// A CPU, a device and a memory on one bus, core to core; programs run on the CPU as plain C++.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/bus/core/island.h"
#include "dmasim/cpu_stub/core/cpu_core.h"
#include "dmasim/cpu_stub/core/loop_context.h"

namespace dmasim::test {

/// Issues single bursts whenever it is told to.
class BurstDevice final : public BurstMaster {
  public:
    struct Transfer {
        Burst burst;
        std::vector<std::uint8_t> data;
        std::vector<std::uint8_t> enables;
        Cycles requested;
        Cycles end = kNever;  ///< Last stamp of the answer, once it is known.
        Response response = Response::Ok;
    };

    void bind(BurstPort& port) { port_ = &port; }

    Transfer& read(std::uint64_t address, std::uint32_t bytes, Cycles at) {
        return start(Access::Read, address, std::vector<std::uint8_t>(bytes), {}, at);
    }
    Transfer& write(std::uint64_t address, std::vector<std::uint8_t> data, Cycles at,
                    std::vector<std::uint8_t> enables = {}) {
        return start(Access::Write, address, std::move(data), std::move(enables), at);
    }

    void accepted(std::uint32_t /*tag*/, Cycles /*at*/) override {}
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
        Transfer& transfer = transfers_[tag];
        const std::uint64_t beats = beats_of(transfer.burst.address, transfer.burst.bytes, 0, bus_bytes);
        transfer.end = first + (beats - 1) * interval;
        transfer.response = response;
    }
    void write_response(std::uint32_t tag, Cycles at, Response response) override {
        transfers_[tag].end = at;
        transfers_[tag].response = response;
    }

    std::uint32_t bus_bytes = 8;

  private:
    Transfer& start(Access access, std::uint64_t address, std::vector<std::uint8_t> data,
                    std::vector<std::uint8_t> enables, Cycles at) {
        transfers_.emplace_back();
        Transfer& transfer = transfers_.back();
        transfer.data = std::move(data);
        transfer.enables = std::move(enables);
        transfer.requested = at;
        transfer.burst.access = access;
        transfer.burst.tag = static_cast<std::uint32_t>(transfers_.size() - 1);
        transfer.burst.address = address;
        transfer.burst.bytes = static_cast<std::uint32_t>(transfer.data.size());
        transfer.burst.data = transfer.data.data();
        transfer.burst.enables = transfer.enables.empty() ? nullptr : transfer.enables.data();
        port_->request(transfer.burst, at);
        return transfer;
    }

    BurstPort* port_ = nullptr;
    std::deque<Transfer> transfers_;
};

struct MachineConfig {
    CpuConfig cpu;
    MemoryConfig memory;
    bool snooped = false;
    std::uint32_t devices = 1;
    std::string topology = "shared";
    std::vector<std::size_t> order;  ///< Of evaluation: 0 bus, 1 memory, 2 CPU.
};

/// Initiator 0 is the CPU, the devices follow.
class Machine {
  public:
    explicit Machine(const MachineConfig& machine_config)
        : system(bus_config(machine_config), {memory_config(machine_config)}),
          context(system),
          core_port(*this),
          core(machine_config.cpu, core_port, context),
          devices(machine_config.devices) {
        port = &system.connect(0, core);
        context.attach(core);
        for (std::uint32_t number = 0; number < machine_config.devices; ++number) {
            devices[number].bind(system.connect(number + 1, devices[number]));
            devices[number].bus_bytes = machine_config.cpu.bus_bytes();
        }
        if (machine_config.snooped) {
            system.bus().add_cache(core);
        }
        system.add(core);
        system.set_order(machine_config.order);
    }

    /// Writes to memory behind everybody's back.
    void poke(std::uint64_t address, std::vector<std::uint8_t> data) {
        ASSERT_TRUE(system.memory(0).poke(address, data.data(), data.size(), context.now() + 1));
    }
    [[nodiscard]] std::vector<std::uint8_t> peek(std::uint64_t address, std::size_t bytes) {
        std::vector<std::uint8_t> data(bytes);
        EXPECT_TRUE(system.memory(0).peek(address, data.data(), bytes, context.now() + 1));
        return data;
    }

    /// The device writes or reads; the CPU idles meanwhile.
    void device_write(std::uint64_t address, std::vector<std::uint8_t> data) {
        wait_for(devices[0].write(address, std::move(data), context.now()));
    }
    std::vector<std::uint8_t> device_read(std::uint64_t address, std::uint32_t bytes) {
        BurstDevice::Transfer& transfer = devices[0].read(address, bytes, context.now());
        wait_for(transfer);
        return transfer.data;
    }
    void wait_for(const BurstDevice::Transfer& transfer) {
        while (transfer.end == kNever || transfer.end > context.now()) {
            context.wait_cycles(1);
        }
    }

    std::vector<std::uint8_t> load(std::uint64_t address, std::size_t bytes, MemoryType type = MemoryType::Cached) {
        std::vector<std::uint8_t> data(bytes, 0xEE);
        context.read(address, data.data(), bytes, type);
        return data;
    }
    CpuResult store(std::uint64_t address, const std::vector<std::uint8_t>& data,
                    MemoryType type = MemoryType::Cached) {
        return context.write(address, data.data(), data.size(), type);
    }

  private:
    struct Forward final : BurstPort {
        explicit Forward(Machine& owner) : machine(owner) {}
        void request(const Burst& burst, Cycles at) override { machine.port->request(burst, at); }
        Machine& machine;
    };

    static BusConfig bus_config(const MachineConfig& config) {
        BusConfig bus;
        bus.topology = config.topology;
        bus.data_width_bits = config.cpu.data_width_bits;
        bus.initiators = config.devices + 1;
        bus.targets = 1;
        bus.snooped.assign(bus.initiators, config.snooped);
        bus.snooped[0] = false;
        bus.map = {AddressRange{0, config.memory.size, 0, 0, "memory"}};
        return bus;
    }
    static MemoryConfig memory_config(const MachineConfig& config) {
        MemoryConfig memory = config.memory;
        memory.data_width_bits = config.cpu.data_width_bits;
        return memory;
    }

  public:
    CoreSystem system;
    LoopContext context;

  private:
    BurstPort* port = nullptr;
    Forward core_port;

  public:
    CpuCore core;
    std::vector<BurstDevice> devices;
};

/// `count` bytes of value `token`.
inline std::vector<std::uint8_t> fill(char token, std::size_t count) {
    return std::vector<std::uint8_t>(count, static_cast<std::uint8_t>(token));
}

inline std::vector<std::uint8_t> operator+(std::vector<std::uint8_t> a, const std::vector<std::uint8_t>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

}  // namespace dmasim::test
