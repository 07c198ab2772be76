// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "dmasim/model/errors.h"

namespace dmasim::detail {

/// `value` as 0x...
inline std::string hex(std::uint64_t value) {
    std::ostringstream text;
    text << "0x" << std::hex << value;
    return text.str();
}

/// Adds "<field> is <value>, must be <low> to <high>" when it is not.
inline void check_range(std::vector<std::string>& problems, const std::string& field, std::uint64_t value,
                        std::uint64_t low, std::uint64_t high) {
    if (value < low || value > high) {
        problems.push_back(field + " is " + std::to_string(value) + ", must be " + std::to_string(low) + " to " +
                           std::to_string(high));
    }
}

/// Adds a problem when `bits` is not a data width that dmasim knows.
inline void check_width(std::vector<std::string>& problems, std::uint64_t bits) {
    if (bits < 8 || bits > 1024 || (bits & (bits - 1)) != 0) {
        problems.push_back("data_width_bits is " + std::to_string(bits) + ", must be a power of two from 8 to 1024");
    }
}

/// Throws a `ConfigError` that lists `problems`, if there are any.
inline void refuse(const std::string& what, const std::vector<std::string>& problems) {
    if (problems.empty()) {
        return;
    }
    std::string text = what + ": ";
    for (std::size_t i = 0; i < problems.size(); ++i) {
        text += (i == 0 ? "" : "; ") + problems[i];
    }
    throw ConfigError(text);
}

}  // namespace dmasim::detail
