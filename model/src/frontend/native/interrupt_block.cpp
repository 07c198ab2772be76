// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/native/interrupt_block.h"

#include <algorithm>

#include "dmasim/model/frontend/native/register_map.h"

namespace dmasim::native {

void InterruptBlock::raise(std::uint32_t events, Cycles edge) {
    status_ |= events;
    for (std::size_t i = 0; i < set_at_.size(); ++i) {
        if ((events >> i & 1U) != 0) {
            set_at_[i] = edge;
            if ((interrupt::kCoalesced >> i & 1U) != 0) {
                if (counted_ == 0) {
                    first_ = edge;
                }
                ++counted_;
            }
        }
    }
}

void InterruptBlock::clear(std::uint32_t bits, Cycles stamp) {
    for (std::size_t i = 0; i < set_at_.size(); ++i) {
        // An event of the edge of the write, which the writer cannot have seen, stays.
        if ((bits >> i & 1U) != 0 && set_at_[i] < stamp) {
            status_ &= ~(1U << i);
        }
    }
    if ((status_ & interrupt::kCoalesced) == 0) {
        counted_ = 0;
        released_ = false;
    }
}

Cycles InterruptBlock::update(std::uint32_t count, std::uint32_t timeout, Cycles edge) {
    if (counted_ == 0 || released_) {
        return kNever;
    }
    if (counted_ >= std::max(count, 1U) || (timeout != 0 && edge >= first_ + timeout)) {
        released_ = true;
        return kNever;
    }
    return timeout != 0 ? first_ + timeout : kNever;
}

bool InterruptBlock::output(std::uint32_t enable) const {
    const std::uint32_t raised = released_ ? status_ : status_ & ~interrupt::kCoalesced;
    return (raised & enable) != 0;
}

}  // namespace dmasim::native
