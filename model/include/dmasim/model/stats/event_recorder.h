// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dmasim/model/trace.h"

namespace dmasim {

/// Keeps every event, in order of arrival. For tests and short runs: memory grows with the run.
class EventRecorder final : public TraceSink {
  public:
    void event(const TraceEvent& event) override {
        events_.push_back(event);
        // They do not outlive the call.
        events_.back().data = nullptr;
        events_.back().enables = nullptr;
    }

    [[nodiscard]] const std::vector<TraceEvent>& events() const { return events_; }
    /// The recorded events of one kind, in order of arrival.
    [[nodiscard]] std::vector<TraceEvent> of_kind(EventKind kind) const;
    void clear() { events_.clear(); }

  private:
    std::vector<TraceEvent> events_;
};

}  // namespace dmasim
