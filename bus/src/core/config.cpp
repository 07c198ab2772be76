// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/config.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "dmasim/bus/core/address_map.h"
#include "dmasim/bus/core/beat/beat_fabric.h"
#include "dmasim/bus/core/text.h"
#include "dmasim/bus/core/topology.h"

namespace dmasim {

namespace {

constexpr std::uint64_t kMaxLatency = 1U << 20;

}  // namespace

bool BusConfig::is_beat_fabric() const {
    const auto& kinds = beat_fabric_kinds();
    // Wires are no interconnect: a memory is bound to its controller itself.
    return topology != "direct" &&
           std::any_of(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.name == topology; });
}

BusConfig bus_of(std::uint32_t initiators, std::vector<AddressRange> map) {
    BusConfig config;
    config.initiators = initiators;
    for (const AddressRange& range : map) {
        // The number of a target is checked with all the rest; 2^32 of them must not come round to 0.
        config.targets = std::max(config.targets, std::min(range.target, std::uint32_t{1} << 31U) + 1);
    }
    config.map = std::move(map);
    return config;
}

std::vector<std::string> validate(const BusConfig& config) {
    std::vector<std::string> problems;
    const auto& kinds = topology_kinds();
    if (!config.is_beat_fabric() &&
        std::none_of(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.name == config.topology; })) {
        std::string names;
        for (const TopologyKind& kind : kinds) {
            names += (names.empty() ? "" : ", ") + std::string(kind.name);
        }
        for (const BeatFabricKind& kind : beat_fabric_kinds()) {
            names += kind.name != "direct" ? ", " + std::string(kind.name) : "";
        }
        problems.push_back("topology is '" + config.topology + "', must be one of " + names);
    }
    detail::check_width(problems, config.data_width_bits);
    detail::check_range(problems, "initiators", config.initiators, 1, 256);
    detail::check_range(problems, "targets", config.targets, 1, 256);
    if (config.is_beat_fabric()) {
        // One more target answers what hits no other.
        detail::check_range(problems, "initiators of a beat-accurate fabric", config.initiators, 1, 63);
        detail::check_range(problems, "targets of a beat-accurate fabric", config.targets, 1, 61);
        if (std::find(config.snooped.begin(), config.snooped.end(), true) != config.snooped.end()) {
            problems.push_back("topology '" + config.topology + "' is a beat-accurate fabric, which snoops no caches");
        }
    }
    detail::check_range(problems, "request_latency", config.request_latency, 1, kMaxLatency);
    detail::check_range(problems, "response_latency", config.response_latency, 1, kMaxLatency);
    detail::check_range(problems, "queue_depth", config.queue_depth, 1, 1024);
    detail::check_range(problems, "max_outstanding", config.max_outstanding, 1, 1024);
    if (config.snooped.size() > config.initiators) {
        problems.push_back("snooped names " + std::to_string(config.snooped.size()) + " initiators, but there are " +
                           std::to_string(config.initiators));
    }
    if (config.initiators >= 1 && config.initiators <= 256) {
        for (std::string& problem : validate(config.arbiter, config.initiators)) {
            problems.push_back(std::move(problem));
        }
    }
    for (std::string& problem : validate_map(config.map, config.targets)) {
        problems.push_back(std::move(problem));
    }
    return problems;
}

std::vector<std::string> validate(const MemoryConfig& config) {
    std::vector<std::string> problems;
    detail::check_width(problems, config.data_width_bits);
    detail::check_range(problems, "read_latency", config.read_latency, 1, kMaxLatency);
    detail::check_range(problems, "write_latency", config.write_latency, 1, kMaxLatency);
    detail::check_range(problems, "read_wait", config.read_wait, 0, kMaxLatency);
    detail::check_range(problems, "write_wait", config.write_wait, 0, kMaxLatency);
    for (std::size_t i = 0; i < config.errors.size(); ++i) {
        const ErrorRange& range = config.errors[i];
        const std::string name = "error range " + std::to_string(i) + " at " + detail::hex(range.base);
        if (range.size == 0) {
            problems.push_back(name + " is empty");
        } else if (range.size - 1 > std::numeric_limits<std::uint64_t>::max() - range.base) {
            problems.push_back(name + " with " + detail::hex(range.size) + " bytes runs past 2^64");
        } else if (config.size != 0 && (range.base >= config.size || range.size > config.size - range.base)) {
            problems.push_back(name + " with " + detail::hex(range.size) + " bytes ends beyond the memory's " +
                               detail::hex(config.size) + " bytes");
        }
        if (range.response == Response::Ok) {
            problems.push_back(name + " has the response Ok, which is no error");
        }
    }
    return problems;
}

}  // namespace dmasim
