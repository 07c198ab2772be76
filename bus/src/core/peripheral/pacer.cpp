// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/peripheral/pacer.h"

#include <algorithm>

#include "dmasim/model/errors.h"

namespace dmasim {

void Pacer::start_source(std::uint64_t elements, Cycles ready) {
    stop();
    source_ = true;
    to_produce_ = elements;
    ready_ = ready;
    next_ = ready + cycles_;
}

void Pacer::start_sink(Cycles ready) {
    stop();
    sink_ = true;
    ready_ = ready;
}

void Pacer::stop() {
    fill_ = 0;
    to_produce_ = 0;
    source_ = false;
    sink_ = false;
}

void Pacer::extend(std::uint64_t elements, Cycles edge) {
    const bool was_active = active();
    to_produce_ += elements;
    if (!was_active && active()) {
        next_ = std::max(edge, ready_) + cycles_;
    }
}

void Pacer::advance(Cycles edge) {
    if (!active() || next_ > edge) {
        return;
    }
    std::uint64_t elements = (edge - next_).count() / cycles_ + 1;
    if (source_) {
        elements = std::min({elements, capacity_ - fill_, to_produce_});
        fill_ += elements;
        to_produce_ -= elements;
    } else {
        elements = std::min(elements, fill_);
        fill_ -= elements;
    }
    next_ += elements * cycles_;
}

void Pacer::pop(std::uint64_t elements, Cycles edge) {
    DMASIM_INVARIANT(elements <= fill_);
    const bool was_active = active();
    fill_ -= elements;
    if (!was_active && active()) {
        next_ = edge + cycles_;
    }
}

void Pacer::push(std::uint64_t elements, Cycles edge) {
    DMASIM_INVARIANT(elements <= room());
    const bool was_active = active();
    fill_ += elements;
    if (!was_active && active()) {
        next_ = std::max(edge, ready_) + cycles_;
    }
}

Cycles Pacer::when(std::uint64_t level) const {
    if (!active()) {
        return kNever;
    }
    if (source_) {
        if (level <= fill_ || level > capacity_ || level - fill_ > to_produce_) {
            return kNever;
        }
        return next_ + (level - fill_ - 1) * cycles_;
    }
    return level >= fill_ ? kNever : next_ + (fill_ - level - 1) * cycles_;
}

}  // namespace dmasim
