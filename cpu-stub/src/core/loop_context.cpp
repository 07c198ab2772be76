// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/loop_context.h"

#include <stdexcept>

#include "dmasim/model/errors.h"

namespace dmasim {

void LoopContext::completed(const CpuResult& result) {
    result_ = result;
    done_ = true;
}

CpuResult LoopContext::run(const CpuOperation& operation) {
    DMASIM_INVARIANT(core_ != nullptr);
    done_ = false;
    core_->issue(operation, now_);
    while (!done_) {
        const Cycles edge = system_.next_edge();
        if (edge == kNever) {
            throw std::runtime_error("the program waits for something that cannot happen");
        }
        system_.advance_to(edge + 1);
    }
    // The stamp may have been announced in advance: the other blocks catch up, so that the next operation is not late.
    now_ = result_.at;
    system_.advance_to(now_ + 1);
    return result_;
}

}  // namespace dmasim
