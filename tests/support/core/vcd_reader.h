// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dmasim_test {

/// A value change dump as a strict reader sees it (IEEE 1364-2005, clause 18).
struct Waveform {
    struct Variable {
        unsigned width = 0;
        /// Time and value, in rising order of time; the first one is the initial value at time 0.
        std::vector<std::pair<std::uint64_t, std::uint64_t>> changes;

        /// The value from `time` on.
        [[nodiscard]] std::uint64_t at(std::uint64_t time) const;
    };

    std::string timescale;
    std::map<std::string, Variable> variables;  ///< By full name, scopes joined by dots.
    std::uint64_t end = 0;                      ///< The last time that occurs.
};

/// Reads `text`. Throws `std::runtime_error` naming the line for anything that is not as it should be: unknown words, a time
/// that does not rise, an identifier that was not declared or declared twice, a value wider than its variable, a change
/// to the value it has already, a variable without an initial value, scopes that do not close.
Waveform read_vcd(const std::string& text);

}  // namespace dmasim_test
