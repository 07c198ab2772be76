// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/cli/core/document.h"

namespace dmasim::cli {

using Bytes = std::vector<std::uint8_t>;

/// The most bytes that one entry of a scenario can stand for.
inline constexpr std::uint64_t kMaxEntryBytes = 1ULL << 30;

/// Hexadecimal digits, two for each byte, blanks and underscores between them; the schema has checked the form.
Bytes parse_hex(std::string_view text);
/// The same digits in small letters.
std::string to_hex(const Bytes& bytes);

/// SplitMix64 of `seed`, 8 bytes a step, little endian.
Bytes random_bytes(std::uint64_t seed, std::uint64_t size);

/// The bytes that `entry` describes by exactly one of its members file (with file_offset), hex, pattern and seed, and
/// size. Relative file names begin at `folder`. Throws `InputError`.
Bytes bytes_of(const View& entry, const std::string& folder);

/// Whether `entry` has one of those members.
bool has_bytes(const View& entry);

}  // namespace dmasim::cli
