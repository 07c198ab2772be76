// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/model/errors.h"
#include "dmasim/tlm/master_socket_adapter.h"

// What the configurations of the modules with registers and a master port have in common.
namespace dmasim::detail {

/// Cycles. More would be a mistake, and keeps times far from the end of time.
inline constexpr std::uint32_t kGreatestRegisterLatency = 1'000'000;

/// Adds the problems of a register port and of a master port, one sentence each without its full stop.
inline void check_ports(std::vector<std::string>& problems, TransportStyle style, std::uint32_t register_latency,
                        std::uint32_t bus_bytes) {
    if (style != TransportStyle::NonBlocking && style != TransportStyle::Blocking) {
        problems.push_back("style is " + std::to_string(static_cast<int>(style)) + ", must be NonBlocking or Blocking");
    }
    if (register_latency > kGreatestRegisterLatency) {
        problems.push_back("register_latency is " + std::to_string(register_latency) + ", must be 0 to " +
                           std::to_string(kGreatestRegisterLatency));
    }
    if (bus_bytes < 4 || bus_bytes > 128 || (bus_bytes & (bus_bytes - 1)) != 0) {
        problems.push_back("bus_bytes is " + std::to_string(bus_bytes) + ", must be a power of two, 4 to 128");
    }
}

/// `config`, or a `ConfigError` with all of its problems that names module `name`.
template <typename Config>
const Config& checked(const std::string& name, const Config& config) {
    std::string text;
    for (const std::string& problem : validate(config)) {
        text += " " + problem + ".";
    }
    if (!text.empty()) {
        throw ConfigError(name + ":" + text);
    }
    return config;
}

}  // namespace dmasim::detail
