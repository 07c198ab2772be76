// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace dmasim::dma {

/// Numbered things that are handed out in runs, the first run that fits.
class Runs {
  public:
    explicit Runs(std::size_t count) : taken_(count, false) {}

    /// `count` (>= 1) of them in a row. With `boundary` (a number of things) a run that is not longer than it does not
    /// cross a multiple of it, counted from `phase` before the first one.
    std::optional<std::uint32_t> take(std::uint64_t count, std::uint64_t boundary = 0, std::uint64_t phase = 0,
                                      std::uint64_t lowest = 0, std::uint64_t end = ~std::uint64_t{0}) {
        std::uint64_t run = 0;
        for (std::size_t number = lowest; number < std::min<std::uint64_t>(taken_.size(), end); ++number) {
            if (boundary != 0 && count <= boundary && (number + phase) % boundary == 0) {
                run = 0;
            }
            run = taken_[number] ? 0 : run + 1;
            if (run == count) {
                const std::size_t first = number + 1 - count;
                std::fill_n(taken_.begin() + static_cast<std::ptrdiff_t>(first), count, true);
                return static_cast<std::uint32_t>(first);
            }
        }
        return std::nullopt;
    }

    void give(std::uint32_t first, std::uint64_t count) { std::fill_n(taken_.begin() + first, count, false); }

    [[nodiscard]] std::uint64_t free() const {
        return static_cast<std::uint64_t>(std::count(taken_.begin(), taken_.end(), false));
    }

    [[nodiscard]] std::uint64_t longest() const {
        std::uint64_t run = 0;
        std::uint64_t best = 0;
        for (const bool taken : taken_) {
            run = taken ? 0 : run + 1;
            best = std::max(best, run);
        }
        return best;
    }

  private:
    std::vector<bool> taken_;
};

}  // namespace dmasim::dma
