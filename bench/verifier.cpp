// SPDX-License-Identifier: Apache-2.0
//
// What a verifier costs: the same transfers on the cores, with nobody looking (plain), with every event made and thrown away
// (observed), and with the verifier behind them (verified). A platform without a sink makes no event: off is plain.
#include <array>
#include <memory>
#include <optional>
#include <string>

#include <benchmark/benchmark.h>

#include "dmasim/bus/core/island.h"
#include "dmasim/model/engine.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/model/verifier/monitor.h"

#include "benchmarks.h"

namespace dmasim::bench {

namespace {

constexpr std::uint16_t kMemorySource = 1;
constexpr std::uint64_t kMemoryBytes = 1 << 22;

enum class Looking : std::uint8_t { Nobody, Everybody, Verifier };

struct Transfers {
    const char* name;
    std::uint32_t channels;
    std::uint32_t burst_beats;
    std::uint32_t bytes;  ///< Of each channel.
};
constexpr std::array<Transfers, 4> kTransfers{{{"one_channel", 1, 16, 1 << 18},
                                               {"four_channels", 4, 16, 1 << 16},
                                               {"single_beats", 1, 1, 1 << 15},
                                               {"long_bursts", 2, 256, 1 << 18}}};

struct NoOutputs final : DmaOutputs {
    void interrupt(bool /*level*/, Cycles /*at*/) override {}
};
struct LatePort final : BurstPort {
    void request(const Burst& burst, Cycles at) override { port->request(burst, at); }
    BurstPort* port = nullptr;
};
struct Discard final : TraceSink {
    void event(const TraceEvent& event) override { benchmark::DoNotOptimize(event.at); }
};

/// Runs the transfers once; the cycles that they took.
std::uint64_t run(const Transfers& transfers, Looking looking) {
    BusConfig bus;
    bus.map = {AddressRange{0, kMemoryBytes, 0, 0, "memory"}};
    MemoryConfig memory;
    memory.size = kMemoryBytes;
    CoreSystem system(bus, {memory});
    Discard discard;
    std::optional<VerifierMonitor> monitor;
    TraceSink* sink = looking == Looking::Nobody ? nullptr : &discard;
    if (looking == Looking::Verifier) {
        monitor.emplace(VerifierConfig{});
        monitor->add_memory(kMemorySource, 0, kMemoryBytes, 8);
        sink = &*monitor;
    }
    NoOutputs outputs;
    LatePort port;
    DmaConfig config;
    config.max_burst_beats = transfers.burst_beats;
    config.fifo_beats = 4 * transfers.burst_beats;
    DmaEngine engine(config, port, outputs, sink);
    if (sink != nullptr) {
        system.memory(0).set_trace(sink, kMemorySource);
    }
    port.port = &system.connect(0, engine);
    system.add(engine);
    for (std::uint32_t channel = 0; channel < transfers.channels; ++channel) {
        const auto write = [&](std::uint32_t offset, std::uint64_t value) {
            engine.write_register(native::channel_register(channel, offset), static_cast<std::uint32_t>(value),
                                  Cycles{1});
        };
        write(native::reg::kSrcLo, std::uint64_t{channel} * transfers.bytes);
        write(native::reg::kDstLo, (1 << 20) + std::uint64_t{channel} * transfers.bytes);
        write(native::reg::kLength, transfers.bytes);
        write(native::reg::kControl, native::control::kStart);
    }
    Cycles now{1};
    while (!engine.idle()) {
        now += 10'000;
        system.advance_to(now);
        if (monitor) {
            monitor->settle(now - 1);
        }
    }
    if (monitor) {
        monitor->finish();
        if (!monitor->findings().empty()) {
            return 0;
        }
    }
    return now.count();
}

}  // namespace

void register_verifier() {
    for (const Transfers& transfers : kTransfers) {
        for (const auto& [name, looking] :
             {std::pair{"plain", Looking::Nobody}, std::pair{"observed", Looking::Everybody},
              std::pair{"verified", Looking::Verifier}}) {
            const Looking how = looking;
            benchmark::RegisterBenchmark(("verifier/" + std::string(transfers.name) + "/" + name).c_str(),
                                         [&transfers, how](benchmark::State& state) {
                                             std::uint64_t cycles = 0;
                                             for ([[maybe_unused]] auto step : state) {
                                                 const std::uint64_t once = run(transfers, how);
                                                 if (once == 0) {
                                                     state.SkipWithError("a finding in a right program");
                                                     return;
                                                 }
                                                 cycles += once;
                                             }
                                             state.counters["cycles/s"] = benchmark::Counter(
                                                 static_cast<double>(cycles), benchmark::Counter::kIsRate);
                                         });
        }
    }
}

}  // namespace dmasim::bench
