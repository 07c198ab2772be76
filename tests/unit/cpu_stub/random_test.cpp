// SPDX-License-Identifier: Apache-2.0
//
// Random programs against flat memory, with evictions and prefetches at random times; byte lanes under I/O coherence.
#include <algorithm>
#include <array>
#include <random>

#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/program.h"

#include "support/core/cpu_machine.h"

namespace dmasim::test {
namespace {

class Lots {
  public:
    explicit Lots(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    template <typename Value>
    Value pick(std::initializer_list<Value> values) {
        return *(values.begin() + static_cast<std::ptrdiff_t>(below(values.size())));
    }

  private:
    std::mt19937_64 engine_;
};

MachineConfig random_config(Lots& lots) {
    MachineConfig config;
    config.cpu.data_width_bits = lots.pick({32U, 64U, 128U, 1024U});
    CacheConfig& cache = config.cpu.cache;
    cache.line_bytes = lots.pick({8U, 16U, 32U, 64U, 256U});
    cache.ways = lots.pick({1U, 2U, 4U});
    cache.size_bytes = cache.line_bytes * cache.ways * lots.pick({1U, 2U, 4U});
    cache.write_policy = lots.one_in(3) ? WritePolicy::Through : WritePolicy::Back;
    cache.write_allocate = !lots.one_in(3);
    cache.replacement = lots.pick({"lru", "tree_plru", "random"});
    cache.replacement_seed = lots.below(1000);
    cache.hit_cycles = lots.pick({1U, 1U, 3U});
    cache.maintenance_cycles = lots.pick({1U, 4U});
    cache.maintenance_line_cycles = lots.pick({1U, 3U});
    cache.snoop_cycles = lots.pick({0U, 1U, 5U});
    cache.write_back_buffers = lots.pick({1U, 2U, 4U});
    StoreBufferConfig& stores = config.cpu.store_buffer;
    stores.entries = lots.pick({1U, 2U, 8U});
    stores.max_in_flight = 1 + static_cast<std::uint32_t>(lots.below(stores.entries));
    stores.residence = lots.pick({1U, 1U, 30U});
    stores.hold = lots.one_in(4);
    stores.merge = lots.one_in(2);
    config.memory.size = 1 << 16;
    config.memory.read_latency = lots.pick({1U, 3U, 20U});
    config.memory.write_latency = lots.pick({1U, 4U, 25U});
    config.memory.read_wait = lots.pick({0U, 0U, 2U});
    config.memory.write_wait = lots.pick({0U, 0U, 2U});
    config.topology = lots.pick({"shared", "crossbar", "simple"});
    return config;
}

/// A program of `count` random operations that is right on any machine: cached accesses to one region, uncached ones to
/// another. Maintenance never invalidates without cleaning.
void add_random_steps(ProgramRunner& program, Lots& lots, std::size_t count, std::vector<std::uint8_t>& oracle,
                      std::vector<std::pair<std::size_t, std::vector<std::uint8_t>>>& expected) {
    constexpr std::uint64_t kRegion = 0x400;
    for (std::size_t n = 0; n < count; ++n) {
        const MemoryType type =
            lots.pick({MemoryType::Cached, MemoryType::Cached, MemoryType::Cached, MemoryType::Uncached});
        const std::uint64_t base = type == MemoryType::Cached ? 0 : kRegion;
        const auto bytes = static_cast<std::uint32_t>(lots.one_in(8) ? lots.below(200) : 1 + lots.below(8));
        const std::uint64_t address = base + lots.below(kRegion - bytes);
        switch (lots.below(12)) {
            case 0:
                program.clean(lots.below(kRegion), lots.below(300));
                break;
            case 1:
                program.clean_invalidate(lots.below(kRegion), lots.one_in(5) ? 0x100000 : lots.below(300));
                break;
            case 2: {
                CpuOperation operation;
                operation.kind = lots.one_in(2) ? CpuOpKind::Clean : CpuOpKind::CleanInvalidate;
                operation.scope = lots.one_in(2) ? MaintenanceScope::SetWay : MaintenanceScope::All;
                operation.set = static_cast<std::uint32_t>(lots.below(5));
                operation.way = static_cast<std::uint32_t>(lots.below(5));
                program.add(operation);
                break;
            }
            case 3:
                lots.one_in(2) ? program.evict(lots.below(kRegion)) : program.prefetch(lots.below(kRegion));
                break;
            case 4:
                lots.one_in(2) ? program.dmb() : program.dsb();
                break;
            case 5:
                lots.one_in(2) ? program.compute(lots.below(30)) : program.drain(lots.below(20));
                break;
            case 6:
            case 7:
            case 8: {
                std::vector<std::uint8_t> data(bytes);
                for (std::uint32_t k = 0; k < bytes; ++k) {
                    data[k] = static_cast<std::uint8_t>(lots.below(256));
                    oracle[address + k] = data[k];
                }
                program.store(address, data, type);
                break;
            }
            default:
                expected.emplace_back(
                    program.steps().size(),
                    std::vector<std::uint8_t>(oracle.begin() + static_cast<std::ptrdiff_t>(address),
                                              oracle.begin() + static_cast<std::ptrdiff_t>(address + bytes)));
                program.load(address, bytes, type);
                break;
        }
    }
}

struct Outcome {
    std::vector<std::uint64_t> stamps;
    std::vector<std::uint8_t> memory;
    std::array<std::uint64_t, kCpuCauses> cycles{};
};

/// Runs one random program; `jitter` evaluates edges without work now and then, which must change nothing.
Outcome run_random(std::uint64_t seed, const std::vector<std::size_t>& order, bool jitter) {
    Lots lots(seed);
    MachineConfig config = random_config(lots);
    BusConfig bus;
    bus.topology = config.topology;
    bus.data_width_bits = config.cpu.data_width_bits;
    bus.map = {AddressRange{0, config.memory.size, 0, 0, "memory"}};
    config.memory.data_width_bits = bus.data_width_bits;
    CoreSystem system(bus, {config.memory});
    ProgramRunner program;
    struct Late final : BurstPort {
        BurstPort* port = nullptr;
        void request(const Burst& burst, Cycles at) override { port->request(burst, at); }
    } port;
    CpuCore core(config.cpu, port, program);
    port.port = &system.connect(0, core);
    system.add(core);
    system.set_order(order);

    std::vector<std::uint8_t> oracle(0x800, 0);
    std::vector<std::pair<std::size_t, std::vector<std::uint8_t>>> expected;
    add_random_steps(program, lots, 150, oracle, expected);
    CpuOperation all;
    all.kind = CpuOpKind::Clean;
    all.scope = MaintenanceScope::All;
    program.add(all);
    program.dsb();
    program.start(core, Cycles{0});
    Lots jitter_lots(seed + 1);
    Cycles now;
    for (std::uint64_t guard = 0; !program.done(); ++guard) {
        const Cycles edge = system.next_edge();
        if (edge == kNever || guard > 1000000) {
            ADD_FAILURE() << "stuck, seed " << seed;
            break;
        }
        if (lots.one_in(40)) {
            const std::uint64_t address = lots.below(0x400);
            lots.one_in(2) ? core.evict(address, edge) : core.prefetch(address, edge);
        }
        if (jitter && jitter_lots.one_in(3) && edge > now + 1) {
            core.evaluate(now + 1 + jitter_lots.below((edge - now).count() - 1));
        }
        system.advance_to(edge + 1);
        now = edge;
    }
    Outcome outcome;
    for (const auto& [step, bytes] : expected) {
        EXPECT_EQ(program.steps()[step].data, bytes) << "seed " << seed << " step " << step;
    }
    for (const auto& step : program.steps()) {
        outcome.stamps.push_back(step.result.at.count());
    }
    outcome.memory.resize(oracle.size());
    system.advance_to(now + 100000);
    system.memory(0).peek(0, outcome.memory.data(), oracle.size(), now + 100000);
    EXPECT_EQ(outcome.memory, oracle) << "seed " << seed;
    outcome.cycles = core.statistics().cycles;
    std::uint64_t sum = 0;
    for (const std::uint64_t cycles : outcome.cycles) {
        sum += cycles;
    }
    EXPECT_EQ(sum, program.last_stamp().count()) << "seed " << seed;
    EXPECT_TRUE(core.quiet()) << "seed " << seed;
    return outcome;
}

TEST(CpuRandom, LoadsSeeWhatFlatMemoryWouldHold) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        run_random(seed, {}, false);
        if (HasFailure()) {
            break;
        }
    }
}

TEST(CpuRandom, OrderOfEvaluationAndIdleEdgesDoNotMatter) {
    for (std::uint64_t seed = 1000; seed < 1060; ++seed) {
        const Outcome first = run_random(seed, {0, 1, 2}, false);
        std::vector<std::size_t> order = {0, 1, 2};
        while (std::next_permutation(order.begin(), order.end())) {
            const Outcome other = run_random(seed, order, true);
            ASSERT_EQ(first.stamps, other.stamps) << "seed " << seed;
            ASSERT_EQ(first.cycles, other.cycles) << "seed " << seed;
        }
    }
}

/// Byte `a` belongs to agent `a % agents`: the CPU or a device. The owner counts its byte up. Everybody reads everything:
/// an owner must see its own last value, others may never see a byte go back.
class LaneStress {
  public:
    static constexpr std::uint64_t kBytes = 0x200;
    static constexpr std::uint32_t kDevices = 2;
    static constexpr std::uint32_t kAgents = kDevices + 1;

    LaneStress(std::uint64_t seed, CoherenceMode mode) : lots_(seed), machine_(config(lots_, mode)) {
        for (auto& seen : seen_) {
            seen.assign(kBytes, 0);
        }
        written_.assign(kBytes, 0);
    }

    /// Mismatches found.
    std::uint64_t run(std::size_t operations) {
        for (std::size_t n = 0; n < operations; ++n) {
            for (std::uint32_t device = 0; device < kDevices; ++device) {
                look_after(device);
            }
            if (lots_.one_in(6)) {
                machine_.core.evict(lots_.below(kBytes), machine_.context.now());
            }
            if (lots_.one_in(6)) {
                machine_.core.prefetch(lots_.below(kBytes), machine_.context.now());
            }
            cpu_operation();
        }
        return wrong_;
    }

    const CpuStatistics& statistics() { return machine_.core.statistics(); }

  private:
    struct Busy {
        BurstDevice::Transfer* transfer = nullptr;
    };

    static MachineConfig config(Lots& lots, CoherenceMode mode) {
        MachineConfig result = random_config(lots);
        result.cpu.cache.coherence = mode;
        result.snooped = true;
        result.devices = kDevices;
        return result;
    }

    void check(std::uint32_t agent, std::uint64_t address, const std::vector<std::uint8_t>& data) {
        for (std::size_t k = 0; k < data.size(); ++k) {
            std::uint8_t& seen = seen_[agent][address + k];
            const bool own = (address + k) % kAgents == agent;
            wrong_ += (own ? data[k] != written_[address + k] : data[k] < seen) ? 1U : 0U;
            seen = data[k];
        }
    }

    /// Next values of the agent's bytes in a range; `enables` says which those are.
    std::vector<std::uint8_t> count_up(std::uint32_t agent, std::uint64_t address, std::size_t bytes,
                                       std::vector<std::uint8_t>& enables) {
        std::vector<std::uint8_t> data(bytes, 0xFF);
        enables.assign(bytes, 0);
        for (std::size_t k = 0; k < bytes; ++k) {
            if ((address + k) % kAgents == agent && written_[address + k] < 250) {
                data[k] = ++written_[address + k];
                enables[k] = 1;
            }
        }
        return data;
    }

    void look_after(std::uint32_t device) {
        Busy& busy = busy_[device];
        const Cycles now = machine_.context.now();
        if (busy.transfer != nullptr) {
            if (busy.transfer->end == kNever || busy.transfer->end > now) {
                return;
            }
            if (busy.transfer->burst.access == Access::Read) {
                check(device + 1, busy.transfer->burst.address, busy.transfer->data);
            }
            busy.transfer = nullptr;
        }
        if (lots_.one_in(3)) {
            return;
        }
        const std::uint64_t bytes = 1 + lots_.below(80);
        const std::uint64_t address = lots_.below(kBytes - bytes);
        if (lots_.one_in(2)) {
            busy.transfer = &machine_.devices[device].read(address, static_cast<std::uint32_t>(bytes), now);
        } else {
            std::vector<std::uint8_t> enables;
            std::vector<std::uint8_t> data = count_up(device + 1, address, bytes, enables);
            busy.transfer = &machine_.devices[device].write(address, std::move(data), now, std::move(enables));
        }
    }

    void cpu_operation() {
        const std::uint64_t bytes = 1 + lots_.below(30);
        const std::uint64_t address = lots_.below(kBytes - bytes);
        switch (lots_.below(8)) {
            case 0:
                machine_.context.clean(address, bytes);
                break;
            case 1:
                machine_.context.clean_invalidate(address, bytes);
                break;
            case 2:
            case 3:
            case 4: {
                const std::uint64_t own = address - address % kAgents;
                std::vector<std::uint8_t> enables;
                const std::vector<std::uint8_t> data = count_up(0, own, 1, enables);
                if (enables[0] != 0) {
                    machine_.store(own, data);
                }
                break;
            }
            default:
                check(0, address, machine_.load(address, bytes));
                break;
        }
    }

    Lots lots_;
    Machine machine_;
    std::array<std::vector<std::uint8_t>, kAgents> seen_;
    std::vector<std::uint8_t> written_;
    std::array<Busy, kDevices> busy_;
    std::uint64_t wrong_ = 0;
};

TEST(CpuRandom, ByteLanesUnderIoCoherence) {
    std::uint64_t hits = 0;
    std::uint64_t repairs = 0;
    for (std::uint64_t seed = 1; seed <= 120; ++seed) {
        LaneStress stress(seed, CoherenceMode::IoCoherent);
        ASSERT_EQ(stress.run(400), 0u) << "seed " << seed;
        hits += stress.statistics().snoop_hits;
        repairs += stress.statistics().repairs;
    }
    EXPECT_GT(hits, 1000u);
    EXPECT_EQ(repairs, 0u);  // Nobody writes another one's byte here.
}

TEST(CpuRandom, ByteLanesWithoutCoherenceGoWrong) {
    std::uint64_t wrong = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        LaneStress stress(seed, CoherenceMode::None);
        wrong += stress.run(400);
    }
    EXPECT_GT(wrong, 100u);
}

/// CPU and device write the same bytes; whoever is later in the order of snoops must win, in memory and in every view.
TEST(CpuRandom, SameByteEndsTheSameForEverybody) {
    std::uint64_t repairs = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        Lots lots(seed);
        MachineConfig config = random_config(lots);
        config.cpu.cache.coherence = CoherenceMode::IoCoherent;
        config.snooped = true;
        Machine m(config);
        for (int round = 0; round < 40; ++round) {
            const std::uint64_t address = lots.below(0x80);
            auto& transfer = m.devices[0].write(address, fill(static_cast<char>(lots.below(100)), 1 + lots.below(30)),
                                                m.context.now() + lots.below(12));
            for (int n = 0; n < 4; ++n) {
                m.store(lots.below(0x80), fill(static_cast<char>(lots.below(100)), 1 + lots.below(20)));
                if (lots.one_in(2)) {
                    m.core.evict(lots.below(0x80), m.context.now());
                }
            }
            m.wait_for(transfer);
            m.context.dsb();
            m.context.wait_cycles(200);
            const auto by_cpu = m.load(0, 0x100);
            const auto by_device = m.device_read(0, 0x100);
            m.context.clean_invalidate(0, 0x100);
            const auto in_memory = m.peek(0, 0x100);
            ASSERT_EQ(by_cpu, by_device) << "seed " << seed << " round " << round;
            ASSERT_EQ(by_cpu, in_memory) << "seed " << seed << " round " << round;
        }
        repairs += m.core.statistics().repairs;
    }
    EXPECT_GT(repairs, 20u);
}

}  // namespace
}  // namespace dmasim::test
