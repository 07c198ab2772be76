// SPDX-License-Identifier: Apache-2.0
#include "workloads.h"

#include <algorithm>

#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/register_map.h"

#include "platforms.h"

namespace dmasim::bench {

namespace {

constexpr std::uint64_t kSlot = 1 << 16;             // Of one row, at least.
constexpr std::uint64_t kDescriptors = 0x0800'0000;  // Above all rows.
constexpr std::uint64_t kCpuRegion = 0x0C00'0000;
constexpr std::uint64_t kMemoryBytes = 0x1000'0000;
constexpr std::uint32_t kRing = 64;  // Descriptors of a channel.

constexpr std::uint64_t slot(std::uint64_t row_bytes) {
    return std::max(kSlot, row_bytes);
}

}  // namespace

std::vector<Driver> Workload::drivers() const {
    if (loosely_timed) {
        return {Driver::LooselyTimed};
    }
    std::vector<Driver> list{Driver::ReferenceClocked, Driver::Transactions, Driver::Events, Driver::Lazy};
    if (traced) {
        list.push_back(Driver::Traced);
    }
    return list;
}

DmaConfig Workload::dma() const {
    DmaConfig config;
    config.channels = std::max(channels, 1U);
    config.data_width_bits = data_width_bits;
    config.max_burst_beats = burst_beats;
    config.fifo_beats = 4 * burst_beats;
    config.arbiter.kind = "round_robin";
    return config;
}

BusConfig Workload::bus() const {
    BusConfig config;
    config.data_width_bits = data_width_bits;
    config.initiators = initiators();
    config.targets = 1;
    config.arbiter.kind = "round_robin";
    config.map = {{0, kMemoryBytes, 0, 0, "memory"}};
    return config;
}

MemoryConfig Workload::memory() const {
    MemoryConfig config;
    config.size = kMemoryBytes;
    config.data_width_bits = data_width_bits;
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
    return 2 * slot(row_bytes + 3 * odd_bytes) * (std::uint64_t{master} * channels + channel) + odd_bytes;
}

std::uint64_t Workload::destination(std::uint32_t master, std::uint32_t channel) const {
    return source(master, channel) + slot(row_bytes + 3 * odd_bytes) + 2 * std::uint64_t{odd_bytes};
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
        add("contended", [](Workload& w) { w.channels = 4, w.wait_states = 2, w.traced = true; });
        add("single", [](Workload& w) { w.wait_states = 2; });
        add("short", [](Workload& w) { w.channels = 4, w.burst_beats = 4; });
        add("paced", [](Workload& w) { w.pace_cycles = 512, w.lazy_cycles = 1 << 26; });
        add("idle", [](Workload& w) {
            w.channels = 0, w.poll_cycles = 10'000;
            w.event_cycles = std::uint64_t{1} << 31;
            w.lazy_cycles = w.event_cycles;
        });
        add("two_masters", [](Workload& w) { w.masters = 2, w.channels = 4, w.wait_states = 2; });
        add("cpu_dma", [](Workload& w) { w.wait_states = 2, w.cpu_miss_cycles = 480, w.lazy_cycles = 1 << 26; });
        add("bulk_lt", [](Workload& w) {
            w.burst_beats = 256, w.data_width_bits = 128, w.row_bytes = 1 << 24, w.loosely_timed = true;
            w.event_cycles = std::uint64_t{1} << 28;
        });
        add("bulk_lt_short", [](Workload& w) {
            w.burst_beats = 8, w.row_bytes = 1 << 24, w.loosely_timed = true;
            w.event_cycles = std::uint64_t{1} << 28;
        });
        add("bulk_lt_odd", [](Workload& w) {
            w.row_bytes = 1 << 24, w.odd_bytes = 13, w.loosely_timed = true;
            w.event_cycles = std::uint64_t{1} << 28;
        });
        add("scatter_gather", [](Workload& w) { w.descriptors = true, w.row_bytes = 4096, w.lazy_cycles = 1 << 26; });
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

}  // namespace dmasim::bench
