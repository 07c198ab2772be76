// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dmasim {

/// One number for a report, with all that is needed to print it.
struct Statistic {
    std::string name;              ///< snake_case; parts are joined by dots: "channel0.bytes_read".
    std::uint64_t value = 0;       ///< In `unit`.
    std::string_view unit;         ///< "byte", "burst", "beat", "cycle", "job", ...; never empty.
    std::string_view description;  ///< One sentence.
};

}  // namespace dmasim
