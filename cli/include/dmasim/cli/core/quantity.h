// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace dmasim::cli {

/// What a number counts; says which suffixes it may have. In the schema: "x-quantity".
enum class Quantity : std::uint8_t {
    Plain,        ///< No suffix.
    Bytes,        ///< B, K, KiB, M, MiB, G, GiB, T, TiB; powers of 1024.
    Picoseconds,  ///< ps, ns, us, ms, s.
    Hertz,        ///< Hz, kHz, MHz, GHz.
};

/// An integer between -2^63 and 2^64-1.
struct Integer {
    bool negative = false;
    std::uint64_t magnitude = 0;
};

/// Whether `text` is meant as a number of this kind: begins with a digit, or with a sign and a digit.
bool looks_like_number(std::string_view text);

/// The number in `text`: decimal or 0x, underscores between digits, and the suffixes of `quantity`. A decimal point is
/// allowed before a suffix if the result is a whole number ("2.5ns"). The alternative is what is wrong with it.
std::variant<Integer, std::string> parse_integer(std::string_view text, Quantity quantity);

/// As `parse_integer`, for values that cannot be negative.
std::variant<std::uint64_t, std::string> parse_unsigned(std::string_view text, Quantity quantity);

}  // namespace dmasim::cli
