// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/event_recorder.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace dmasim {

std::vector<TraceEvent> EventRecorder::of_kind(EventKind kind) const {
    std::vector<TraceEvent> found;
    std::copy_if(events_.begin(), events_.end(), std::back_inserter(found),
                 [kind](const TraceEvent& event) { return event.kind == kind; });
    return found;
}

}  // namespace dmasim
