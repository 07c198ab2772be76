// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dmasim::test {

/// A measured table of tests/data/timing, decompressed.
struct TimingRows {
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;

    /// Number of a column; throws if there is none.
    [[nodiscard]] std::size_t column(const std::string& name) const;
    [[nodiscard]] bool has(const std::string& name) const;
    [[nodiscard]] const std::string& text(std::size_t row, const std::string& name) const {
        return rows[row][column(name)];
    }
    /// Decimal, or hexadecimal with 0x.
    [[nodiscard]] std::uint64_t number(std::size_t row, const std::string& name) const {
        return std::stoull(text(row, name), nullptr, 0);
    }
};

/// Reads `<name>.csv.zst`; throws if that fails.
TimingRows read_timing_rows(const std::string& name);

}  // namespace dmasim::test
