// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/config.h"

#include <algorithm>
#include <initializer_list>

#include "dmasim/cpu_stub/core/replacement.h"

namespace dmasim {

namespace {

using Problems = std::vector<std::string>;

bool power_of_two(std::uint64_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

void check_range(Problems& problems, const char* field, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
    if (value < least || value > most) {
        problems.push_back(std::string(field) + " is " + std::to_string(value) + "; it must be " +
                           std::to_string(least) + " to " + std::to_string(most));
    }
}

}  // namespace

std::vector<std::string> validate(const CacheConfig& config) {
    Problems problems;
    const bool line_ok = power_of_two(config.line_bytes) && config.line_bytes >= 8 && config.line_bytes <= 1024;
    if (!line_ok) {
        problems.push_back("cache.line_bytes is " + std::to_string(config.line_bytes) +
                           "; it must be a power of two, 8 to 1024");
    }
    const bool ways_ok = config.ways >= 1 && config.ways <= 64;
    check_range(problems, "cache.ways", config.ways, 1, 64);
    if (config.size_bytes == 0 || config.size_bytes > (1U << 26)) {
        problems.push_back("cache.size_bytes is " + std::to_string(config.size_bytes) + "; it must be 1 to 67108864");
    } else if (line_ok && ways_ok) {
        const std::uint64_t set_bytes = std::uint64_t{config.line_bytes} * config.ways;
        if (config.size_bytes % set_bytes != 0 || !power_of_two(config.size_bytes / set_bytes)) {
            problems.push_back("cache.size_bytes is " + std::to_string(config.size_bytes) +
                               "; it must be line_bytes * ways = " + std::to_string(set_bytes) +
                               " times a power of two (the number of sets)");
        }
    }
    const auto& kinds = replacement_kinds();
    if (std::none_of(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.name == config.replacement; })) {
        std::string known;
        for (const auto& kind : kinds) {
            known += known.empty() ? "" : ", ";
            known += kind.name;
        }
        problems.push_back("cache.replacement is \"" + config.replacement + "\"; it must be one of " + known);
    }
    if (config.replacement == "tree_plru" && ways_ok && !power_of_two(config.ways)) {
        problems.push_back("cache.ways is " + std::to_string(config.ways) + "; tree_plru needs a power of two");
    }
    check_range(problems, "cache.hit_cycles", config.hit_cycles, 1, 1024);
    check_range(problems, "cache.maintenance_cycles", config.maintenance_cycles, 1, 1U << 20);
    check_range(problems, "cache.maintenance_line_cycles", config.maintenance_line_cycles, 1, 1U << 20);
    check_range(problems, "cache.snoop_cycles", config.snoop_cycles, 0, 1024);
    check_range(problems, "cache.write_back_buffers", config.write_back_buffers, 1, 64);
    if (config.write_policy != WritePolicy::Back && config.write_policy != WritePolicy::Through) {
        problems.emplace_back("cache.write_policy is not a write policy");
    }
    if (config.coherence != CoherenceMode::None && config.coherence != CoherenceMode::IoCoherent &&
        config.coherence != CoherenceMode::OneSided) {
        problems.emplace_back("cache.coherence is not a coherence mode");
    }
    return problems;
}

std::vector<std::string> validate(const StoreBufferConfig& config) {
    Problems problems;
    check_range(problems, "store_buffer.entries", config.entries, 1, 1024);
    check_range(problems, "store_buffer.max_in_flight", config.max_in_flight, 1, std::max(config.entries, 1U));
    check_range(problems, "store_buffer.residence", config.residence, 1, 1U << 20);
    return problems;
}

std::vector<std::string> validate(const CpuConfig& config) {
    Problems problems;
    if (!power_of_two(config.data_width_bits) || config.data_width_bits < 32 || config.data_width_bits > 1024) {
        problems.push_back("data_width_bits is " + std::to_string(config.data_width_bits) +
                           "; it must be 32, 64, 128, 256, 512 or 1024");
    }
    check_range(problems, "interrupts", config.interrupts, 0, 64);
    for (const Problems& part : {validate(config.cache), validate(config.store_buffer)}) {
        problems.insert(problems.end(), part.begin(), part.end());
    }
    return problems;
}

}  // namespace dmasim
