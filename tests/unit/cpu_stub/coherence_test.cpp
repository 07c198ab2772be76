// SPDX-License-Identifier: Apache-2.0
//
// Coherence modes, and the place at which a snoop is ordered (docs/timing.md B6, docs/cpu.md P8): where the target's answer
// meets the bus. A bus that looks into the caches in the address phase instead is built here and must be caught.
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "support/core/cpu_machine.h"

namespace dmasim::test {
namespace {

constexpr std::uint64_t kLine = 0x1000;

MachineConfig machine_config(CoherenceMode mode, std::uint32_t latency = 20) {
    MachineConfig config;
    config.snooped = true;
    config.cpu.cache.coherence = mode;
    config.memory.read_latency = latency;
    config.memory.write_latency = latency;
    return config;
}

/// Between a device and the bus: marks every burst as not to be snooped.
class NoSnoopPort final : public BurstPort {
  public:
    explicit NoSnoopPort(BurstPort& bus) : bus_(bus) {}
    void request(const Burst& burst, Cycles at) override {
        Burst marked = burst;
        marked.no_snoop = true;
        bus_.request(marked, at);
    }

  private:
    BurstPort& bus_;
};

/// The mutant: looks into the cache when the device requests, and not when the answer is there.
class AddressPhaseSnoop final : public BurstPort, public BurstMaster, public SnoopMaster {
  public:
    explicit AddressPhaseSnoop(Machine& machine) : machine_(machine), bus_(machine.system.bus().initiator_port(1)) {
        machine.system.bus().bind_initiator(1, *this);
        machine.devices[0].bind(*this);
    }

    void request(const Burst& burst, Cycles at) override {
        if (burst.access == Access::Write) {
            machine_.core.snoop(*this, 0, 0, burst, at);
        } else {
            for (std::uint32_t n = 0; n < burst.bytes; ++n) {
                const CpuCore::LineView line = machine_.core.line_of(burst.address + n);
                if (line.valid && line.dirty_bytes[burst.address + n - line.address] != 0) {
                    dirty_[n] = line.data[burst.address + n - line.address];
                }
            }
        }
        data_ = burst.data;
        Burst marked = burst;
        marked.no_snoop = true;
        bus_.request(marked, at);
    }
    void accepted(std::uint32_t tag, Cycles at) override { machine_.devices[0].accepted(tag, at); }
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
        for (const auto& [n, value] : dirty_) {
            data_[n] = value;
        }
        machine_.devices[0].read_data(tag, first, interval, response);
    }
    void write_response(std::uint32_t tag, Cycles at, Response response) override {
        machine_.devices[0].write_response(tag, at, response);
    }
    void snooped(unsigned /*cache*/, std::uint64_t /*id*/, Cycles /*at*/) override {}

  private:
    Machine& machine_;
    BurstPort& bus_;
    std::map<std::uint32_t, std::uint8_t> dirty_;
    std::uint8_t* data_ = nullptr;
};

/// What a device reads of a line that the CPU stores to `wait` cycles after the device's request.
std::vector<std::uint8_t> read_while_storing(std::uint64_t wait, bool address_phase) {
    Machine m(machine_config(CoherenceMode::IoCoherent));
    std::optional<AddressPhaseSnoop> mutant;
    if (address_phase) {
        mutant.emplace(m);
    }
    m.poke(kLine, fill('o', 64));
    m.load(kLine, 8);
    const auto& transfer = m.devices[0].read(kLine, 8, m.context.now());
    if (wait > 0) {
        m.context.wait_cycles(wait);
    }
    m.store(kLine, fill('n', 8));
    m.wait_for(transfer);
    return transfer.data;
}

TEST(SnoopOrder, AStoreBeforeTheDataIsOrderedIsSeenAndOneAfterItIsNot) {
    // Requested at t, granted at t+1, first beat at d = t+1+20, snoop handed out at d+1, taken at d+2 = t+23. The store is
    // made at t+wait+1.
    for (std::uint64_t wait = 0; wait < 40; ++wait) {
        EXPECT_EQ(read_while_storing(wait, false), fill(wait + 1 < 23 ? 'n' : 'o', 8)) << wait;
    }
    EXPECT_EQ(read_while_storing(0, true), fill('o', 8)) << "a snoop in the address phase must be caught";
    EXPECT_EQ(read_while_storing(21, true), fill('o', 8));
}

/// What the CPU finds in the end if it loads the line `wait` cycles after a device has asked to write it.
std::vector<std::uint8_t> write_while_loading(std::uint64_t wait, bool address_phase, bool evict) {
    MachineConfig config = machine_config(CoherenceMode::IoCoherent, 2);
    config.memory.write_wait = 4;
    config.devices = 2;
    Machine m(config);
    std::optional<AddressPhaseSnoop> mutant;
    if (address_phase) {
        mutant.emplace(m);
    }
    m.poke(kLine, fill('o', 64));
    if (evict) {
        m.store(kLine + 16, fill('c', 8));  // The line is there and dirty beside what the device writes.
    } else {
        m.poke(kLine + 16, fill('c', 8));
    }
    // A long burst of another device keeps the write waiting, behind its address phase.
    m.devices[1].write(kLine + 0x100, fill('x', 128), m.context.now());
    const auto& transfer = m.devices[0].write(kLine, fill('n', 16), m.context.now() + 1);
    if (wait > 0) {
        m.context.wait_cycles(wait);
    }
    if (evict) {
        m.context.evict(kLine);
    }
    m.load(kLine, 8);
    m.wait_for(transfer);
    m.context.wait_cycles(2);
    return m.load(kLine, 32);
}

TEST(SnoopOrder, ALineFilledOrWrittenBackBeforeTheWriteIsOrderedIsNotStale) {
    std::uint64_t stale = 0;
    for (std::uint64_t wait = 0; wait < 120; ++wait) {
        const auto wanted = fill('n', 16) + fill('c', 8) + fill('o', 8);
        EXPECT_EQ(write_while_loading(wait, false, false), wanted) << wait;
        EXPECT_EQ(write_while_loading(wait, false, true), wanted) << wait;
        stale += write_while_loading(wait, true, false) != wanted ? 1U : 0U;
    }
    EXPECT_GT(stale, 0U) << "a snoop in the address phase must be caught";
}

TEST(SnoopOrder, AnEvictionUnderWayIsSeenWhereverItIs) {
    for (std::uint64_t wait = 0; wait < 60; ++wait) {
        Machine m(machine_config(CoherenceMode::IoCoherent, 7));
        m.poke(kLine, fill('o', 64));
        m.store(kLine, fill('n', 8));
        m.core.evict(kLine, m.context.now() + wait);
        const auto& transfer = m.devices[0].read(kLine, 8, m.context.now() + 20);
        m.context.wait_cycles(100);
        ASSERT_LE(transfer.end, m.context.now());
        EXPECT_EQ(transfer.data, fill('n', 8)) << "evicted " << wait << " cycles later";
    }
}

/// Last stamp of a read of 8 bytes requested at the returned distance, by what the cache holds.
std::uint64_t read_cycles(CoherenceMode mode, bool dirty, std::uint32_t snoop_cycles) {
    MachineConfig config = machine_config(mode);
    config.cpu.cache.snoop_cycles = snoop_cycles;
    Machine m(config);
    m.load(kLine, 8);
    if (dirty) {
        m.store(kLine, fill('n', 8));
    }
    const Cycles start = m.context.now();
    const auto& transfer = m.devices[0].read(kLine, 8, start);
    m.wait_for(transfer);
    return (transfer.end - start).count();
}

std::uint64_t write_cycles(CoherenceMode mode, bool dirty, std::uint32_t snoop_cycles) {
    MachineConfig config = machine_config(mode);
    config.cpu.cache.snoop_cycles = snoop_cycles;
    Machine m(config);
    m.load(kLine, 8);
    if (dirty) {
        m.store(kLine, fill('n', 8));
    }
    const Cycles start = m.context.now();
    const auto& transfer = m.devices[0].write(kLine, fill('d', 8), start);
    m.wait_for(transfer);
    return (transfer.end - start).count();
}

TEST(SnoopCost, IsThatOfB6InEachMode) {
    // d = 21 as above; without a snoop the bus answers at d+1. The answer of the cache is stamped d+2 (+ snoop_cycles where it
    // held the byte dirty), and the bus answers one edge later.
    for (const std::uint32_t extra : {0U, 1U, 9U}) {
        for (const CoherenceMode mode : {CoherenceMode::IoCoherent, CoherenceMode::OneSided}) {
            EXPECT_EQ(read_cycles(mode, false, extra), 24U);
            EXPECT_EQ(read_cycles(mode, true, extra), 24U + extra);
        }
        // Granted at 1, beat written at 2, response of the memory at 2+20-1 = 21.
        EXPECT_EQ(write_cycles(CoherenceMode::IoCoherent, false, extra), 24U);
        EXPECT_EQ(write_cycles(CoherenceMode::IoCoherent, true, extra), 24U + extra);
        EXPECT_EQ(write_cycles(CoherenceMode::OneSided, true, extra), 22U) << "no cache looks at it";
    }
    // Mode none, but a bus that is told of the cache: it answers at once.
    EXPECT_EQ(read_cycles(CoherenceMode::None, true, 9), 24U);
}

TEST(OneSided, ReadsSeeDirtyBytesAndWritesLeaveStaleCopies) {
    Machine m(machine_config(CoherenceMode::OneSided));
    m.poke(kLine, fill('o', 64));
    m.store(kLine, fill('n', 8));
    EXPECT_EQ(m.device_read(kLine, 16), fill('n', 8) + fill('o', 8));
    m.device_write(kLine + 8, fill('d', 8));
    EXPECT_EQ(m.load(kLine, 24), fill('n', 8) + fill('o', 16)) << "the copy is stale";
    EXPECT_EQ(m.peek(kLine + 8, 8), fill('d', 8));
    EXPECT_EQ(m.core.statistics().snoops, 1U) << "a write is not handed to the cache";
    m.context.clean(kLine, 64);
    EXPECT_EQ(m.peek(kLine, 16), fill('n', 8) + fill('o', 8))
        << "and the line, once dirty, goes over the device's bytes";
    m.device_write(kLine + 8, fill('e', 8));
    m.context.invalidate(kLine, 64);
    EXPECT_EQ(m.load(kLine, 16), fill('n', 8) + fill('e', 8));
}

TEST(NoSnoop, IsForOneBurstAndBothDirections) {
    Machine m(machine_config(CoherenceMode::IoCoherent));
    NoSnoopPort past(m.system.bus().initiator_port(1));
    m.poke(kLine, fill('o', 64));
    m.store(kLine, fill('n', 8));
    m.devices[0].bind(past);
    const Cycles start = m.context.now();
    const auto& transfer = m.devices[0].read(kLine, 8, start);
    m.wait_for(transfer);
    EXPECT_EQ(transfer.data, fill('o', 8));
    EXPECT_EQ((transfer.end - start).count(), 22U) << "and does not wait for a snoop";
    m.device_write(kLine + 8, fill('d', 8));
    EXPECT_EQ(m.load(kLine + 8, 8), fill('o', 8));
    EXPECT_EQ(m.core.statistics().snoops, 0U);
    m.devices[0].bind(m.system.bus().initiator_port(1));
    EXPECT_EQ(m.device_read(kLine, 8), fill('n', 8)) << "the next one is snooped again";
    m.device_write(kLine, fill('e', 8));
    EXPECT_EQ(m.load(kLine, 8), fill('e', 8));
    EXPECT_EQ(m.core.statistics().snoops, 2U);
}

TEST(NoSnoop, OtherInitiatorsAreNotConcerned) {
    MachineConfig config = machine_config(CoherenceMode::IoCoherent);
    config.devices = 2;
    Machine m(config);
    NoSnoopPort past(m.system.bus().initiator_port(1));
    m.devices[0].bind(past);
    m.poke(kLine, fill('o', 64));
    m.store(kLine, fill('n', 8));
    const auto& blind = m.devices[0].read(kLine, 8, m.context.now());
    const auto& seeing = m.devices[1].read(kLine, 8, m.context.now());
    m.wait_for(blind);
    m.wait_for(seeing);
    EXPECT_EQ(blind.data, fill('o', 8));
    EXPECT_EQ(seeing.data, fill('n', 8));
}

}  // namespace
}  // namespace dmasim::test
