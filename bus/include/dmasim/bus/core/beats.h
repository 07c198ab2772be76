// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/burst.h"

namespace dmasim {

/// Number of data beats of any burst that a bus carries, >= 1: `beats_of`, and for elements wider than the bus (a foreign
/// initiator's streaming width) the words that each element touches, element after element.
constexpr std::uint32_t bus_beats(const Burst& burst, std::uint32_t bus_bytes) {
    if (burst.bytes == 0) {
        return 1;
    }
    if (burst.fixed_bytes <= bus_bytes || burst.fixed_bytes >= burst.bytes) {
        const std::uint32_t fixed = burst.fixed_bytes <= bus_bytes ? burst.fixed_bytes : 0;
        return beats_of(burst.address, burst.bytes, fixed, bus_bytes);
    }
    const std::uint32_t whole = burst.bytes / burst.fixed_bytes;
    const std::uint32_t rest = burst.bytes % burst.fixed_bytes;
    return whole * beats_of(burst.address, burst.fixed_bytes, 0, bus_bytes) +
           (rest == 0 ? 0 : beats_of(burst.address, rest, 0, bus_bytes));
}

/// Number of bytes from the address of `burst` on that it touches.
constexpr std::uint32_t extent_of(const Burst& burst) {
    return burst.fixed_bytes != 0 && burst.fixed_bytes < burst.bytes ? burst.fixed_bytes : burst.bytes;
}

}  // namespace dmasim
