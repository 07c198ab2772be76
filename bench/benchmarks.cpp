// SPDX-License-Identifier: Apache-2.0
#include "benchmarks.h"

#include <cstring>
#include <map>

#include <benchmark/benchmark.h>

#include "dmasim/model/frontend/native/register_map.h"

#include "isolated.h"
#include "platforms.h"

namespace dmasim::bench {

namespace {

constexpr std::uint64_t kCommonCycles = 100'000;

const char* name_of(Driver driver) {
    switch (driver) {
        case Driver::ReferenceClocked:
            return "reference_clocked";
        case Driver::Events:
            return "events";
        case Driver::Lazy:
            return "lazy";
        case Driver::LooselyTimed:
            return "loosely_timed";
        case Driver::Transactions:
            return "transactions";
        case Driver::Traced:
            return "events_with_waveform";
    }
    return "";
}

/// Bytes that all channels have moved.
std::uint64_t bytes_moved(Platform& platform, const Workload& workload) {
    namespace reg = native::reg;
    std::uint64_t bytes = 0;
    for (std::uint32_t master = 0; master < workload.masters; ++master) {
        for (std::uint32_t channel = 0; channel < workload.channels; ++channel) {
            const auto get = [&](std::uint32_t offset) -> std::uint64_t {
                return platform.read(master, native::channel_register(channel, offset));
            };
            const std::uint64_t residue = get(reg::kResidueHi) << 32 | get(reg::kResidueLo);
            const std::uint64_t rows = workload.descriptors ? get(reg::kCompleted) + 1 : 0xFFFF'FFFF;
            bytes += rows * workload.row_bytes - residue;
        }
    }
    return bytes;
}

Measurement measure(const Workload& workload, Driver driver) {
    const std::unique_ptr<Platform> platform =
        driver == Driver::ReferenceClocked ? make_clocked_platform(workload) : make_event_platform(workload, driver);
    const std::uint64_t piece = workload.poll_cycles;
    const std::uint64_t cycles = driver == Driver::ReferenceClocked ? workload.clocked_cycles
                                 : driver == Driver::Lazy           ? workload.lazy_cycles
                                                                    : workload.event_cycles;
    Measurement result;
    platform->run(kCommonCycles);
    const std::uint64_t before = bytes_moved(*platform, workload);
    result.fingerprint = platform->memory_hash() * 31 + before;
    const double start = cpu_seconds();
    if (piece == 0) {
        platform->run(cycles);
    } else {
        for (std::uint64_t done = 0; done < cycles; done += piece) {
            platform->run(piece);
        }
    }
    result.cpu_seconds = cpu_seconds() - start;
    result.cycles = cycles;
    result.bytes = bytes_moved(*platform, workload) - before;
    return result;
}

// The first driver that is measured says what all others must have come to: speed counts only if it is exact.
std::map<std::string, std::uint64_t>& fingerprints() {
    static std::map<std::string, std::uint64_t> table;
    return table;
}

void run(benchmark::State& state, const Workload& workload, Driver driver) {
    double seconds = 0;
    std::uint64_t cycles = 0;
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        const Measurement one = isolated([&] { return measure(workload, driver); });
        const auto [known, fresh] = fingerprints().try_emplace(workload.name, one.fingerprint);
        if (!one.ok) {
            state.SkipWithError("the simulation did not come to its end");
            break;
        }
        if (!fresh && known->second != one.fingerprint) {
            state.SkipWithError("registers or memory differ from those under another driver");
            break;
        }
        state.SetIterationTime(one.cpu_seconds);
        seconds += one.cpu_seconds;
        cycles += one.cycles;
        bytes += one.bytes;
    }
    if (seconds > 0) {
        state.counters["cycles_per_second"] = static_cast<double>(cycles) / seconds;
        state.counters["bytes_per_second"] = static_cast<double>(bytes) / seconds;
    }
}

void copy(benchmark::State& state, std::size_t bytes) {
    const std::vector<std::uint8_t> from(bytes, 1);
    std::vector<std::uint8_t> to(bytes);
    for (auto _ : state) {
        std::memcpy(to.data(), from.data(), bytes);
        benchmark::ClobberMemory();
    }
    state.counters["bytes_per_second"] =
        benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

void register_workloads() {
    for (const Workload& workload : workloads()) {
        for (const Driver driver : workload.drivers()) {
            const std::string name = workload.name + "/driver:" + name_of(driver);
            benchmark::RegisterBenchmark(name.c_str(),
                                         [&workload, driver](benchmark::State& state) { run(state, workload, driver); })
                ->UseManualTime()
                ->Unit(benchmark::kMillisecond);
        }
        if (workload.channels != 0) {
            const std::string name = workload.name + "/memcpy";
            benchmark::RegisterBenchmark(name.c_str(),
                                         [&workload](benchmark::State& state) { copy(state, workload.row_bytes); });
        }
    }
}

}  // namespace dmasim::bench
