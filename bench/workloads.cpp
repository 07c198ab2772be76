// SPDX-License-Identifier: Apache-2.0
#include "workloads.h"

#include <algorithm>
#include <cstring>
#include <map>

#include <benchmark/benchmark.h>

#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/register_map.h"

#include "isolated.h"
#include "platforms.h"

namespace dmasim::bench {

namespace {

constexpr std::uint64_t kSlot = 1 << 16;             // Of one row.
constexpr std::uint64_t kDescriptors = 0x0800'0000;  // Above all rows.
constexpr std::uint64_t kCpuRegion = 0x0C00'0000;
constexpr std::uint64_t kMemoryBytes = 0x1000'0000;
constexpr std::uint32_t kRing = 64;  // Descriptors of a channel.

}  // namespace

DmaConfig Workload::dma() const {
    DmaConfig config;
    config.channels = std::max(channels, 1U);
    config.max_burst_beats = burst_beats;
    config.fifo_beats = 4 * burst_beats;
    config.arbiter.kind = "round_robin";
    return config;
}

BusConfig Workload::bus() const {
    BusConfig config;
    config.initiators = initiators();
    config.targets = 1;
    config.arbiter.kind = "round_robin";
    config.map = {{0, kMemoryBytes, 0, 0, "memory"}};
    return config;
}

MemoryConfig Workload::memory() const {
    MemoryConfig config;
    config.size = kMemoryBytes;
    config.read_wait = wait_states;
    config.write_wait = wait_states;
    return config;
}

CpuConfig Workload::cpu() const {
    CpuConfig config;
    config.cache.size_bytes = 4096;
    return config;
}

std::uint64_t Workload::source(std::uint32_t master, std::uint32_t channel) const {
    return 2 * kSlot * (std::uint64_t{master} * channels + channel);
}

std::uint64_t Workload::destination(std::uint32_t master, std::uint32_t channel) const {
    return source(master, channel) + kSlot;
}

std::uint64_t Workload::descriptor(std::uint32_t master, std::uint32_t channel) const {
    return kDescriptors + (std::uint64_t{master} * channels + channel) * kRing * native::kDescriptorBytes;
}

std::uint64_t cpu_region() {
    return kCpuRegion;
}

const std::vector<Workload>& workloads() {
    static const std::vector<Workload> table = [] {
        std::vector<Workload> list;
        const auto add = [&list](const char* name, auto&& edit) {
            Workload workload;
            workload.name = name;
            edit(workload);
            list.push_back(workload);
        };
        add("contended", [](Workload& w) { w.channels = 4, w.wait_states = 2; });
        add("single", [](Workload& w) { w.wait_states = 2; });
        add("short", [](Workload& w) { w.channels = 4, w.burst_beats = 4; });
        add("paced", [](Workload& w) { w.pace_cycles = 512; });
        add("idle", [](Workload& w) {
            w.channels = 0, w.poll_cycles = 10'000;
            w.event_cycles = std::uint64_t{1} << 31;
        });
        add("two_masters", [](Workload& w) { w.masters = 2, w.channels = 4, w.wait_states = 2; });
        add("cpu_dma", [](Workload& w) { w.wait_states = 2, w.cpu_miss_cycles = 480; });
        add("scatter_gather", [](Workload& w) { w.descriptors = true, w.row_bytes = 4096; });
        return list;
    }();
    return table;
}

std::vector<RegisterWrite> start_program(const Workload& workload, std::uint32_t master) {
    namespace reg = native::reg;
    std::vector<RegisterWrite> writes;
    for (std::uint32_t channel = 0; channel < workload.channels; ++channel) {
        const auto set = [&](std::uint32_t offset, std::uint64_t value) {
            writes.push_back({native::channel_register(channel, offset), static_cast<std::uint32_t>(value)});
        };
        if (workload.descriptors) {
            set(reg::kConfig, native::config::kChain);
            set(reg::kDescLo, workload.descriptor(master, channel));
        } else {
            set(reg::kSrcLo, workload.source(master, channel));
            set(reg::kDstLo, workload.destination(master, channel));
            set(reg::kLength, workload.row_bytes);
            set(reg::kRows, 0xFFFF'FFFF);
            if (workload.pace_cycles != 0) {
                set(reg::kConfig, native::config::HandshakeMode::of(static_cast<std::uint32_t>(Handshake::Demand)));
                set(reg::kUnitBytes, workload.row_bytes);
            }
        }
        set(reg::kControl, native::control::kStart);
    }
    return writes;
}

std::vector<Image> images(const Workload& workload) {
    std::vector<Image> list;
    for (std::uint32_t master = 0; master < workload.masters; ++master) {
        for (std::uint32_t channel = 0; channel < workload.channels; ++channel) {
            Image row{workload.source(master, channel), std::vector<std::uint8_t>(workload.row_bytes)};
            for (std::size_t k = 0; k < row.bytes.size(); ++k) {
                row.bytes[k] = static_cast<std::uint8_t>(k * 7 + k / 251 + 31 * channel + 113 * master);
            }
            list.push_back(std::move(row));
            for (std::uint32_t k = 0; workload.descriptors && k < kRing; ++k) {
                native::Descriptor descriptor;
                const std::uint64_t first = workload.descriptor(master, channel);
                descriptor.next = first + std::uint64_t{(k + 1) % kRing} * native::kDescriptorBytes;
                descriptor.source = workload.source(master, channel);
                descriptor.destination = workload.destination(master, channel);
                descriptor.length = workload.row_bytes;
                const native::DescriptorBytes bytes = native::encode(descriptor);
                list.push_back({first + std::uint64_t{k} * native::kDescriptorBytes, {bytes.begin(), bytes.end()}});
            }
        }
    }
    return list;
}

namespace {

constexpr std::uint64_t kCommonCycles = 100'000;

const char* name_of(Driver driver) {
    return driver == Driver::Events ? "events" : "reference_clocked";
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
        driver == Driver::Events ? make_event_platform(workload) : make_clocked_platform(workload);
    const std::uint64_t piece = workload.poll_cycles;
    const std::uint64_t cycles = driver == Driver::Events ? workload.event_cycles : workload.clocked_cycles;
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
        for (const Driver driver : {Driver::ReferenceClocked, Driver::Events}) {
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
