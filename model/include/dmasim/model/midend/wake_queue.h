// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "dmasim/model/types.h"

namespace dmasim {

/// Edges at which channels have to be looked at. An entry is one number (edge and channel), so that the heap is small
/// and needs no allocation in the steady state. Entries may be there twice, and for nothing.
class WakeQueue {
  public:
    /// `channel` < 64. An edge that was evaluated already counts as the next one.
    void wake(unsigned channel, Cycles edge) {
        const std::uint64_t number = std::max(edge, earliest_).count();
        if (number > kLast) {
            return;  // 2^58 cycles are never reached
        }
        const std::uint64_t entry = (number << kChannelBits) | channel;
        if (entry == last_pushed_) {
            return;
        }
        last_pushed_ = entry;
        heap_.push_back(entry);
        std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    }

    /// The earliest edge, or kNever.
    [[nodiscard]] Cycles next() const { return heap_.empty() ? kNever : Cycles{heap_.front() >> kChannelBits}; }

    /// Takes the channels due at or before `edge`, a bit each. From now on, edges up to `edge` count as evaluated.
    std::uint64_t take(Cycles edge) {
        std::uint64_t due = 0;
        while (!heap_.empty() && (heap_.front() >> kChannelBits) <= edge.count()) {
            due |= std::uint64_t{1} << (heap_.front() & kChannelMask);
            std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
            heap_.pop_back();
        }
        earliest_ = edge + 1;
        last_pushed_ = kNothing;
        return due;
    }

  private:
    static constexpr unsigned kChannelBits = 6;
    static constexpr std::uint64_t kChannelMask = 63;
    static constexpr std::uint64_t kLast = ~std::uint64_t{0} >> (kChannelBits + 1);
    static constexpr std::uint64_t kNothing = ~std::uint64_t{0};

    std::vector<std::uint64_t> heap_;
    Cycles earliest_{0};
    std::uint64_t last_pushed_ = kNothing;  ///< Cheap filter of the most frequent duplicates.
};

}  // namespace dmasim
