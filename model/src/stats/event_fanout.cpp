// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/event_fanout.h"

namespace dmasim {

void EventFanout::event(const TraceEvent& event) {
    for (TraceSink* sink : sinks_) {
        sink->event(event);
    }
}

void SourceFilter::event(const TraceEvent& event) {
    if (event.source == source_) {
        sink_.event(event);
    }
}

}  // namespace dmasim
