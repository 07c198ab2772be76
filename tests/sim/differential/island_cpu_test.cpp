// SPDX-License-Identifier: Apache-2.0
//
// A CPU with a cache, a store buffer and a random program, beside a controller that it programs over the bus: the lazy
// driver and the events driver against transactions, every event and every result of the program. Each run has a process of its own.
//   DMASIM_LAZY_CPU_CONFIGURATIONS  how many (nightly runs use more)
#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/cpu_stub/cpu.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/tlm/dma_controller.h"

#include "reference/campaign.h"
#include "reference/log.h"
#include "run_platform.h"
#include "separate_process.h"
#include "support/core/dice.h"

namespace dmasim::test {
namespace {

constexpr std::uint64_t kRegisters = 0x1000'0000;
constexpr std::uint64_t kMemoryBytes = 1 << 18;

class Recorder final : public TraceSink {
  public:
    void event(const TraceEvent& event) override {
        lines.push_back(
            fmt::format("{:>8} event {} source {} channel {} access {} bytes {} value {} address {:#x} job {}",
                        event.at.count(), static_cast<int>(event.kind), event.source, event.channel,
                        static_cast<int>(event.access), event.bytes, event.value, event.address, event.job));
    }
    std::vector<std::string> lines;
};

struct Platform final : sc_core::sc_module {
    Platform(const sc_core::sc_module_name& name, std::uint64_t run_seed, BusDriver driver, bool traced, bool regular)
        : sc_module(name), seed(run_seed), is_regular(regular), domain(10, sc_core::SC_NS), irq("irq") {
        Dice dice(2 * seed + 1);
        TraceSink* const sink = traced ? &recorder : nullptr;
        const bool coherent = dice.roll(3) == 0 && !regular;
        BusConfig bus_config;
        const std::array<const char*, 3> topologies{"shared", "crossbar", "simple"};
        bus_config.topology = topologies[dice.roll(3)];
        bus_config.initiators = 2;
        bus_config.targets = 2;
        bus_config.request_latency = static_cast<std::uint32_t>(1 + dice.roll(3));
        bus_config.response_latency = static_cast<std::uint32_t>(1 + dice.roll(3));
        bus_config.queue_depth = static_cast<std::uint32_t>(1 + dice.roll(6));
        bus_config.max_outstanding = static_cast<std::uint32_t>(1 + dice.roll(4));
        bus_config.snooped = {false, coherent};
        bus_config.map = {AddressRange{0, kMemoryBytes, 0, 0, "memory"}, AddressRange{kRegisters, 0x2000, 1, 0, "dma"}};
        MemoryConfig memory_config;
        memory_config.size = kMemoryBytes;
        memory_config.read_latency = static_cast<std::uint32_t>(1 + dice.roll(10));
        memory_config.write_latency = static_cast<std::uint32_t>(1 + dice.roll(10));
        memory_config.read_wait = static_cast<std::uint32_t>(dice.roll(3));
        memory_config.write_wait = static_cast<std::uint32_t>(dice.roll(3));
        CpuConfig cpu_config;
        cpu_config.cache.size_bytes = 1024U << dice.roll(4);
        cpu_config.cache.ways = 1U << dice.roll(3);
        cpu_config.cache.write_policy = dice.roll(3) == 0 ? WritePolicy::Through : WritePolicy::Back;
        cpu_config.cache.write_back_buffers = static_cast<std::uint32_t>(1 + dice.roll(3));
        cpu_config.cache.coherence = coherent ? CoherenceMode::IoCoherent : CoherenceMode::None;
        cpu_config.store_buffer.entries = static_cast<std::uint32_t>(1 + dice.roll(8));
        cpu_config.store_buffer.max_in_flight =
            static_cast<std::uint32_t>(1 + dice.roll(cpu_config.store_buffer.entries));
        DmaControllerConfig dma_config;
        dma_config.dma.channels = 4;
        dma_config.dma.max_burst_beats = static_cast<std::uint32_t>(1 + dice.roll(16));
        if (regular) {
            dma_config.dma.max_burst_beats = 1U << dice.roll(5);
        }
        dma_config.dma.fifo_beats = dma_config.dma.max_burst_beats * static_cast<std::uint32_t>(1 + dice.roll(4));
        InterconnectOptions bus_options;
        bus_options.sink = sink;
        bus_options.source = 10;
        bus_options.lazy = driver == BusDriver::Lazy;
        bus_options.transactions = driver == BusDriver::Transactions;
        MemoryOptions memory_options;
        memory_options.sink = sink;
        memory_options.source = 11;
        CpuOptions cpu_options;
        cpu_options.trace = sink;
        cpu_options.source = 12;
        const std::vector<std::function<void()>> build = {
            [&] { bus = std::make_unique<Interconnect>("bus", domain, bus_config, bus_options); },
            [&] { memory = std::make_unique<Memory>("memory", domain, memory_config, memory_options); },
            [&] {
                cpu = std::make_unique<Cpu>(
                    "cpu", domain, cpu_config,
                    [this](CpuContext& context) { is_regular ? regular_program(context) : program(context); },
                    cpu_options);
            },
            [&] { dma = std::make_unique<DmaController>("dma", domain, dma_config, sink); },
        };
        const bool reversed = dice.roll(2) == 0;
        for (std::size_t n = 0; n < build.size(); ++n) {
            build[reversed ? build.size() - 1 - n : n]();
        }
        cpu->memory.bind(bus->target_sockets[0]);
        dma->memory.bind(bus->target_sockets[1]);
        bus->initiator_sockets[0].bind(memory->socket);
        bus->initiator_sockets[1].bind(dma->registers);
        dma->irq.bind(irq);
        cpu->irq[0].bind(irq);
        if (coherent) {
            bus->add_cache(cpu->snoop_port());
        }
    }

    void note(const CpuContext& context, const char* what, std::uint64_t value) {
        recorder.lines.push_back(fmt::format("{:>8} program: {} {:#x}", context.now().count(), what, value));
    }

    void start(CpuContext& context, Dice& dice, unsigned channel) {
        namespace reg = native::reg;
        const auto write = [&](std::uint32_t offset, std::uint64_t value) {
            context.write_register(kRegisters + native::channel_register(channel, offset),
                                   static_cast<std::uint32_t>(value));
        };
        // Sources and destinations meet, and meet the program's data, now and then.
        write(reg::kSrcLo, dice.roll(8) * 8192 + dice.roll(256));
        write(reg::kDstLo, (8 + dice.roll(8)) * 8192 + dice.roll(256));
        write(reg::kLength, 1 + dice.roll(6000));
        write(reg::kIntEnable, 0x3F);
        write(reg::kControl, native::control::kStart);
    }

    void program(CpuContext& context) {
        namespace reg = native::reg;
        Dice dice(2 * (seed + 1000) + 1);
        context.on_interrupt(0, [this](CpuContext& handler) {
            for (unsigned channel = 0; channel < 4; ++channel) {
                const std::uint64_t place = kRegisters + native::channel_register(channel, reg::kIntStatus);
                const std::uint32_t status = handler.read_register(place);
                note(handler, "interrupt status", status);
                handler.write_register(place, status);
            }
        });
        const std::uint64_t steps = 20 + dice.roll(60);
        for (std::uint64_t step = 0; step < steps; ++step) {
            const std::uint64_t address = dice.roll(16) * 8192 + dice.roll(2048);
            switch (dice.roll(12)) {
                case 0:
                case 1:
                    note(context, "load", context.load32(address));
                    break;
                case 2:
                    context.store64(address, dice.roll(1U << 31));
                    break;
                case 3:
                    note(context, "uncached load", context.load16(address, MemoryType::Uncached));
                    break;
                case 4:
                    context.store32(address, static_cast<std::uint32_t>(dice.roll(1U << 31)), MemoryType::Uncached);
                    break;
                case 5:
                    context.clean_invalidate(address, 1 + dice.roll(400));
                    break;
                case 6:
                    dice.roll(2) == 0 ? context.dsb() : context.dmb();
                    break;
                case 7:
                    context.wait_cycles(dice.roll(1500));
                    break;
                case 8:
                case 9:
                    start(context, dice, static_cast<unsigned>(dice.roll(4)));
                    break;
                case 10:
                    note(context, "residue",
                         context.read_register(kRegisters + native::channel_register(
                                                                static_cast<unsigned>(dice.roll(4)), reg::kResidueLo)));
                    break;
                default:
                    context.prefetch(address);
                    break;
            }
            note(context, "step", step);
        }
    }

    // Rows that are copied on and on, and a loop that misses the cache: with loads alone, or with stores so that lines have to
    // be written back, or past the cache.
    void regular_program(CpuContext& context) {
        namespace reg = native::reg;
        Dice dice(2 * (seed + 3000) + 1);
        const std::uint64_t channels = 1 + dice.roll(3);
        for (unsigned channel = 0; channel < channels; ++channel) {
            const auto write = [&](std::uint32_t offset, std::uint64_t value) {
                context.write_register(kRegisters + native::channel_register(channel, offset),
                                       static_cast<std::uint32_t>(value));
            };
            write(reg::kSrcLo, std::uint64_t{channel} * 16384);
            write(reg::kDstLo, std::uint64_t{channel} * 16384 + 8192);
            write(reg::kLength, 256 * (1 + dice.roll(32)) + (dice.roll(5) == 0 ? dice.roll(256) : 0));
            write(reg::kRows, dice.roll(4) == 0 ? 1 + dice.roll(20) : 1000);
            write(reg::kIntEnable, 0x3F);
            write(reg::kControl, native::control::kStart);
        }
        const std::uint64_t gap = 200 + dice.roll(500);
        const std::uint64_t kind = dice.roll(4);
        const std::uint64_t stride = dice.roll(8) == 0 ? 4096 + 64 : 64;
        for (std::uint64_t turn = 0; turn < 120; ++turn) {
            const std::uint64_t address = (dice.roll(30) == 0 ? 8192 : 3 * 65536) + turn * stride % 65536;
            context.wait_cycles(gap + (dice.roll(20) == 0 ? dice.roll(9) : 0));
            if (kind == 1 || (kind == 2 && dice.roll(4) == 0)) {
                context.store32(address, static_cast<std::uint32_t>(turn));
            }
            note(context, "load", kind == 3 ? context.load32(address, MemoryType::Uncached) : context.load32(address));
            if (dice.roll(25) == 0) {
                note(context, "residue",
                     context.read_register(kRegisters + native::channel_register(0, reg::kResidueLo)));
            }
        }
    }

    std::string run() {
        std::vector<std::uint8_t> bytes(kMemoryBytes);
        for (std::size_t k = 0; k < bytes.size(); ++k) {
            bytes[k] = static_cast<std::uint8_t>(k * 37 + (k >> 8));
        }
        memory->poke(0, bytes.data(), bytes.size());
        Dice dice(2 * (seed + 2000) + 1);
        const std::uint64_t end = 40'000 * 10'000;
        while (sc_core::sc_time_stamp().value() < end) {
            const std::uint64_t piece =
                std::min<std::uint64_t>(1 + dice.roll(9'000'000), end - sc_core::sc_time_stamp().value());
            sc_core::sc_start(sc_core::sc_time::from_value(piece));
            std::uint32_t word = 0;
            const std::uint64_t place = 16 * 4096 + dice.roll(65536);
            memory->peek(place, &word, 4);
            const std::uint64_t now = domain.stamp_of(sc_core::sc_time_stamp()).count();
            recorder.lines.push_back(fmt::format("{:>8} backdoor {:#x} {:#x}", now, place, word));
        }
        bus->catch_up();
        dma->catch_up();
        const CpuStatistics& statistics = cpu->statistics();
        std::sort(recorder.lines.begin(), recorder.lines.end());
        std::string text;
        for (const std::string& line : recorder.lines) {
            text += line + "\n";
        }
        text += fmt::format("hash {:#x} hits {} misses {} write_backs {} operations {} finished {} at {}\n",
                            memory->hash(), statistics.hits, statistics.misses, statistics.write_backs,
                            statistics.operations, cpu->finished(), cpu->finished_at().count());
        return text;
    }

    std::uint64_t seed;
    bool is_regular;
    ClockDomain domain;
    Recorder recorder;
    sc_core::sc_signal<bool> irq;
    std::unique_ptr<Interconnect> bus;
    std::unique_ptr<Memory> memory;
    std::unique_ptr<Cpu> cpu;
    std::unique_ptr<DmaController> dma;
};

std::string outcome(std::uint64_t seed, BusDriver driver, bool traced, bool regular) {
    return text_of([&] {
        Platform platform("platform", seed, driver, traced, regular);
        const std::string text = platform.run();
        const std::array<bool, 3> joined{platform.dma->in_island(), platform.memory->in_island(),
                                         platform.bus->has_master(0)};
        const bool may_join = driver != BusDriver::Transactions;
        return joined == std::array<bool, 3>{may_join, may_join, may_join} ? text : std::string();
    });
}

void run_configurations(BusDriver driver, std::uint64_t by_default, bool regular = false) {
    const std::uint64_t otherwise = std::getenv("DMASIM_NIGHTLY") != nullptr ? 1500 : by_default;
    const std::uint64_t count = reference::number_from_environment("DMASIM_LAZY_CPU_CONFIGURATIONS", otherwise);
    const std::uint64_t first = reference::number_from_environment("DMASIM_LAZY_CPU_SEED", 1);
    std::cout << "seeds " << first << " to " << first + count - 1 << std::endl;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        // Without a trace an island leaps.
        const bool traced = seed % 2 == 0 && !regular;
        const std::string transactions = outcome(seed, BusDriver::Transactions, traced, regular);
        const std::string island = outcome(seed, driver, traced, regular);
        ASSERT_NE(transactions, "") << seed;
        ASSERT_NE(island, "") << seed;
        ASSERT_EQ(first_difference_of(transactions, island), "") << "seed " << seed;
    }
}

TEST(LazyCpu, AgreesWithTransactions) {
    run_configurations(BusDriver::Lazy, 120);
}
TEST(EventsCpu, AgreesWithTransactions) {
    run_configurations(BusDriver::Events, 60);
}
TEST(LazyCpu, AgreesWithTransactionsInALoop) {
    run_configurations(BusDriver::Lazy, 60, true);
}
TEST(EventsCpu, AgreesWithTransactionsInALoop) {
    run_configurations(BusDriver::Events, 60, true);
}

}  // namespace
}  // namespace dmasim::test
