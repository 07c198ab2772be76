// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/bus/core/config.h"
#include "dmasim/model/config.h"

#include "reference/transaction.h"

namespace dmasim::reference {

/// One step of the programming agent, of the peripheral or of an observer, at a stamp that does not depend on anything.
struct Action {
    enum class Kind : std::uint8_t {
        Write,  ///< Register write: offset, value.
        Read,   ///< Register read: offset.
        Dreq,   ///< offset: channel, value: level.
        Peek,   ///< Looks at `value` bytes from `address` on (an address of the bus).
    };
    Edge at = 0;
    Kind kind = Kind::Write;
    std::uint32_t offset = 0;
    std::uint32_t value = 0;
    std::uint64_t address = 0;
};

/// One burst of the traffic master, which stands for a CPU: offered at `at`, or at the first edge after it at which the
/// one before it (of the same direction) has been accepted.
struct TrafficBurst {
    Edge at = 0;
    Access access = Access::Read;
    std::uint64_t address = 0;
    std::uint32_t bytes = 4;
    std::uint32_t fixed_bytes = 0;
    std::uint32_t pattern = 0;  ///< Decides the bytes that a write carries.
};

/// Bytes that lie in memory at the start. Everything else has a pattern that depends on the seed.
struct MemoryImage {
    std::uint64_t address = 0;  ///< On the bus.
    std::vector<std::uint8_t> bytes;
};

/// Everything that is needed to run product and reference side by side.
struct Scenario {
    std::uint64_t seed = 0;
    Edge limit = 1000;  ///< The last edge that is evaluated is limit - 1.
    DmaConfig dma;
    BusConfig bus;  ///< Initiator 0 is the controller, the others are traffic masters.
    std::vector<MemoryConfig> memories;
    std::vector<MemoryImage> images;
    std::vector<Action> actions;  ///< In order of `at`.
    std::vector<std::vector<TrafficBurst>> traffic;
};

/// The byte of memory `memory` at `offset` before anything happens.
std::uint8_t pattern_byte(std::uint64_t seed, std::uint64_t memory, std::uint64_t offset);

/// Byte `k` of a traffic write.
std::uint8_t traffic_byte(std::uint32_t pattern, std::uint32_t k);

/// The scenario as JSON, and back. What `scenario_from_json` does not find has its default.
std::string scenario_to_json(const Scenario& scenario);
Scenario scenario_from_json(const std::string& text);

/// A random scenario; the same for the same seed, on every machine.
Scenario random_scenario(std::uint64_t seed);

}  // namespace dmasim::reference
