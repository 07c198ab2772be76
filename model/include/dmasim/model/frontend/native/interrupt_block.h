// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "dmasim/model/types.h"

namespace dmasim::native {

/// Interrupt status and coalescing of one channel (timing.md C14).
class InterruptBlock {
  public:
    /// Sets the bits of `events` (INT_STATUS) because of edge `edge`.
    void raise(std::uint32_t events, Cycles edge);
    /// A write of ones stamped `stamp`: clears what was set at edges < `stamp`.
    void clear(std::uint32_t bits, Cycles stamp);
    /// To be called at each edge at which something may have changed, after its events. Returns the edge of the time-out
    /// that is running, or kNever. `count`, `timeout`: the registers.
    Cycles update(std::uint32_t count, std::uint32_t timeout, Cycles edge);

    /// INT_STATUS.
    [[nodiscard]] std::uint32_t status() const { return status_; }
    /// Whether the output is high with INT_ENABLE = `enable`.
    [[nodiscard]] bool output(std::uint32_t enable) const;

  private:
    std::uint32_t status_ = 0;
    std::array<Cycles, 6> set_at_{};  ///< By bit: the last edge that set it.
    std::uint64_t counted_ = 0;       ///< Coalesced events since the last of them was cleared.
    Cycles first_;                    ///< Edge of the first of them.
    bool released_ = false;           ///< Count or time-out was reached.
};

}  // namespace dmasim::native
