// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace dmasim::dma {

/// How a request is cut into operations (docs/dma-operations.md, "Splitting").
enum class SplitRule : std::uint8_t {
    RegisterTrue,   ///< As many bytes as the registers hold.
    Documented,     ///< min(rest, page * registers): an unaligned start needs a register more than there is.
    SpareRegister,  ///< min(rest, page * (registers - 1)).
};

/// "register_true", "documented", "spare_register"; stable.
std::string_view name_of(SplitRule rule);

/// Limits besides the registers; 0: none.
struct SplitLimits {
    std::uint64_t maximum_bytes = 0;  ///< Of an operation: the device's (rule NUM-06: 256 sectors).
    std::uint64_t unit_bytes = 0;     ///< Operations but the last are a multiple of it.
};

/// Bytes of the next operation of a request with `rest` bytes left, where registers leave room for `room` bytes; 0 if no
/// operation is possible.
std::uint64_t limit_operation(std::uint64_t rest, std::uint64_t room, const SplitLimits& limits);

/// Bytes of the next operation of a request that goes on at `address` with `rest` bytes left; 0 if no operation is
/// possible (no registers, or a unit that does not fit) or nothing is left.
std::uint64_t next_operation(SplitRule rule, std::uint64_t address, std::uint64_t rest, std::uint64_t registers,
                             std::uint32_t page_bytes, const SplitLimits& limits = {});

/// All operations of a request; empty if it cannot be carried out.
std::vector<std::uint64_t> split_request(SplitRule rule, std::uint64_t address, std::uint64_t bytes,
                                         std::uint64_t registers, std::uint32_t page_bytes,
                                         const SplitLimits& limits = {});

}  // namespace dmasim::dma
