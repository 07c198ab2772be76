// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/event_merger.h"

#include "dmasim/model/errors.h"

namespace dmasim {

bool EventMerger::Later::operator()(const Entry& a, const Entry& b) const {
    if (a.event.at != b.event.at) {
        return a.event.at > b.event.at;
    }
    if (a.event.source != b.event.source) {
        return a.event.source > b.event.source;
    }
    return a.arrival > b.arrival;
}

void EventMerger::event(const TraceEvent& event) {
    DMASIM_INVARIANT(event.at >= settled_);
    Entry entry{event, arrivals_};
    // They do not outlive the call.
    entry.event.data = nullptr;
    entry.event.enables = nullptr;
    queue_.push(entry);
    ++arrivals_;
}

void EventMerger::settle(Cycles edge) {
    if (edge <= settled_) {
        return;
    }
    settled_ = edge;
    while (!queue_.empty() && queue_.top().event.at < edge) {
        // Taken out first: the sink may throw, and the event must not come twice then.
        const TraceEvent event = queue_.top().event;
        queue_.pop();
        sink_.event(event);
    }
}

void EventMerger::finish() {
    settle(kNever);
}

}  // namespace dmasim
