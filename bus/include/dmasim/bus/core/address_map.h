// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dmasim/bus/core/config.h"

namespace dmasim {

/// Where an access goes.
struct Decoded {
    std::uint32_t target = 0;   ///< Number of the target port.
    std::uint64_t address = 0;  ///< First byte, as the target sees it.
};

/// A run of addresses that go to one target without a gap; all bounds inclusive, so that the end of the 64-bit space
/// needs no special case.
struct DecodedWindow {
    std::uint32_t target = 0;
    std::uint64_t first = 0;         ///< First address of the window, as initiators see it.
    std::uint64_t last = 0;          ///< Last address of the window, as initiators see it.
    std::uint64_t target_first = 0;  ///< The target's address of `first`.
};

/// All problems of a set of address ranges for a bus with `targets` target ports: empty ranges, ranges that wrap past
/// 2^64 (at either side), a target that does not exist, and overlaps, each naming the ranges in question.
std::vector<std::string> validate_map(const std::vector<AddressRange>& ranges, std::uint32_t targets);

/// Address decoder (docs/timing.md B5). Ranges that adjoin, with the same target and the same distance to the target's
/// addresses, count as one: an access may cross from one into the other.
class AddressMap {
  public:
    /// Throws `ConfigError` listing the problems that `validate_map` finds.
    AddressMap(const std::vector<AddressRange>& ranges, std::uint32_t targets);

    /// The target of `bytes` (>= 1) bytes from `address` on; nothing if a byte of it is unmapped, belongs to another
    /// target, or lies beyond 2^64.
    [[nodiscard]] std::optional<Decoded> decode(std::uint64_t address, std::uint64_t bytes) const;

    /// The window that holds `address`.
    [[nodiscard]] std::optional<DecodedWindow> window_at(std::uint64_t address) const;

    /// All windows, in rising order of addresses.
    [[nodiscard]] const std::vector<DecodedWindow>& windows() const { return windows_; }

  private:
    std::vector<DecodedWindow> windows_;
};

}  // namespace dmasim
