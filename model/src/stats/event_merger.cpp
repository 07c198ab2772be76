// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/event_merger.h"

#include <algorithm>

#include "dmasim/model/errors.h"

namespace dmasim {

void EventMerger::event(const TraceEvent& event) {
    DMASIM_INVARIANT(event.at >= settled_);
    waiting_.push_back(event);
    // They do not outlive the call.
    waiting_.back().data = nullptr;
    waiting_.back().enables = nullptr;
    earliest_ = std::min(earliest_, event.at);
}

// Events come nearly in order. So they are put down as they come, and sorted by their numbers when they go.
void EventMerger::settle(Cycles edge) {
    if (edge <= settled_) {
        return;
    }
    settled_ = edge;
    hand_on();  // What a sink that threw has left behind.
    if (earliest_ >= edge) {
        return;
    }
    settling_.clear();
    settling_.swap(waiting_);
    earliest_ = kNever;
    order_.clear();
    for (std::uint32_t number = 0; number < settling_.size(); ++number) {
        const TraceEvent& event = settling_[number];
        if (event.at < edge) {
            order_.push_back(number);
        } else {
            waiting_.push_back(event);
            earliest_ = std::min(earliest_, event.at);
        }
    }
    handed_on_ = 0;
    std::sort(order_.begin(), order_.end(), [this](std::uint32_t a, std::uint32_t b) {
        const TraceEvent& one = settling_[a];
        const TraceEvent& other = settling_[b];
        if (one.at != other.at) {
            return one.at < other.at;
        }
        return one.source != other.source ? one.source < other.source : a < b;
    });
    hand_on();
}

void EventMerger::hand_on() {
    while (handed_on_ < order_.size()) {
        // Counted first: the sink may throw, and the event must not come twice then. A copy: it may settle more.
        const TraceEvent event = settling_[order_[handed_on_++]];
        sink_.event(event);
    }
}

void EventMerger::finish() {
    settle(kNever);
}

}  // namespace dmasim
