// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dmasim/model/trace.h"

namespace dmasim {

/// Hands every event to several sinks, in the order in which they were added. Does not own them.
class EventFanout final : public TraceSink {
  public:
    /// `sink` must outlive the events. A sink that is added twice gets every event twice.
    void add(TraceSink& sink) { sinks_.push_back(&sink); }
    void event(const TraceEvent& event) override;

  private:
    std::vector<TraceSink*> sinks_;
};

/// Hands on the events of one block only, so that sinks for one controller or one bus need not look at `source`.
class SourceFilter final : public TraceSink {
  public:
    /// `source`: number of the block; `sink` must outlive the events.
    SourceFilter(std::uint16_t source, TraceSink& sink) : source_(source), sink_(sink) {}
    void event(const TraceEvent& event) override;

  private:
    std::uint16_t source_;
    TraceSink& sink_;
};

}  // namespace dmasim
