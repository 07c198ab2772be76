// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/config.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dmasim {

namespace {

/// One number that must lie in a range.
struct Range {
    const char* field;
    std::uint32_t value;
    std::uint32_t least;
    std::uint32_t greatest;
};

constexpr std::uint32_t kMaxChannels = 64;
constexpr std::uint32_t kMaxBurstBytes = 4096;

// Beat-accurate pipelines take what AXI has; the registers and descriptors of the native controller are words of 32 bits.
std::uint32_t least_width(const DmaConfig& config) {
    return config.timing.beat_accurate ? 8 : 32;
}

bool legal_width(const DmaConfig& config) {
    const std::uint32_t bits = config.data_width_bits;
    return bits >= least_width(config) && bits <= 1024 && (bits & (bits - 1)) == 0;
}

}  // namespace

std::vector<std::string> validate(const DmaConfig& config) {
    std::vector<std::string> problems;

    const std::array ranges{
        Range{"channels", config.channels, 1, kMaxChannels},
        Range{"max_burst_beats", config.max_burst_beats, 1, 256},
        Range{"fifo_beats", config.fifo_beats, 1, 65536},
        Range{"max_reads", config.max_reads, 1, 64},
        Range{"max_writes", config.max_writes, 1, 64},
        Range{"descriptor_prefetch", config.descriptor_prefetch, 0, 1},
    };
    for (const Range& range : ranges) {
        if (range.value < range.least || range.value > range.greatest) {
            problems.push_back(std::string(range.field) + " is " + std::to_string(range.value) + ", must be " +
                               std::to_string(range.least) + " to " + std::to_string(range.greatest));
        }
    }

    if (!legal_width(config)) {
        problems.push_back("data_width_bits is " + std::to_string(config.data_width_bits) +
                           ", must be a power of two from " + std::to_string(least_width(config)) + " to 1024");
    } else if (config.max_burst_beats <= 256 && config.max_burst_beats * config.bus_bytes() > kMaxBurstBytes) {
        problems.push_back("max_burst_beats is " + std::to_string(config.max_burst_beats) + ", must be at most " +
                           std::to_string(kMaxBurstBytes / config.bus_bytes()) + " at data_width_bits = " +
                           std::to_string(config.data_width_bits) + ": a burst has at most 4096 bytes");
    }
    if (config.fifo_beats < config.max_burst_beats) {
        problems.push_back("fifo_beats is " + std::to_string(config.fifo_beats) +
                           ", must be at least max_burst_beats = " + std::to_string(config.max_burst_beats));
    }

    const TimingProfile& timing = config.timing;
    const std::array<std::pair<const char*, std::uint32_t>, 5> parameters{{
        {"start_to_request", timing.start_to_request},
        {"descriptor_decode", timing.descriptor_decode},
        {"request_interval", timing.request_interval},
        {"read_to_write", timing.read_to_write},
        {"response_to_status", timing.response_to_status},
    }};
    for (const auto& [name, value] : parameters) {
        if (value < 1) {
            problems.push_back(std::string("timing.") + name + " is 0, must be at least 1");
        }
    }

    if (timing.beat_accurate && legal_width(config)) {
        for (const std::string& problem : validate(timing.pipeline, config.bus_bytes())) {
            problems.push_back("timing.pipeline." + problem);
        }
    }

    if (config.channels >= 1 && config.channels <= kMaxChannels) {
        const std::vector<std::string> of_arbiter = validate(config.arbiter, config.channels);
        problems.insert(problems.end(), of_arbiter.begin(), of_arbiter.end());
    }
    return problems;
}

}  // namespace dmasim
