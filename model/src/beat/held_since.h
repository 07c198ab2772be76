// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dmasim/model/types.h"

namespace dmasim::detail {

/// Since when a condition holds without a break, for observers that ask why a step came only then. To be told in every
/// cycle in which something can change.
class HeldSince {
  public:
    void see(bool holds, Cycles t) {
        if (holds && !holds_) {
            at_ = t;
        }
        holds_ = holds;
    }
    /// From the next cycle on the condition is one of something else.
    void restart() { holds_ = false; }
    [[nodiscard]] Cycles at() const { return at_; }
    [[nodiscard]] bool holds() const { return holds_; }

  private:
    bool holds_ = false;
    Cycles at_;
};

}  // namespace dmasim::detail
