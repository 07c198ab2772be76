// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dmasim/model/trace.h"

namespace dmasim {

/// Sorts the streams of several blocks into one: by `at`, then by `source`, then by order of arrival.
///
/// Blocks report in the order in which they learn of things, so an event may be followed by an earlier one. The merger
/// holds events back until it is told that nothing earlier can come. Memory: the events between two calls of `settle`.
/// Bytes (`data`, `enables`) are not held back with them: the sorted events have none.
class EventMerger final : public TraceSink {
  public:
    /// `sink` gets the sorted stream and must outlive the merger's calls.
    explicit EventMerger(TraceSink& sink) : sink_(sink) {}

    /// Takes an event. One before an edge that was settled is a defect of the caller (`std::logic_error`).
    void event(const TraceEvent& event) override;

    /// Promises that no event with `at` < `edge` will come any more; hands on those that were held back. An edge at or
    /// before the last one settled does nothing.
    void settle(Cycles edge);

    /// Hands on everything that is left, whatever its `at` (also what was announced for after the end of a run).
    void finish();

    /// Events held back.
    [[nodiscard]] std::size_t pending() const { return waiting_.size() + (order_.size() - handed_on_); }

  private:
    void hand_on();

    TraceSink& sink_;
    std::vector<TraceEvent> waiting_;   ///< In order of arrival.
    Cycles earliest_ = kNever;          ///< Of those.
    std::vector<TraceEvent> settling_;  ///< With some that wait still.
    std::vector<std::uint32_t> order_;  ///< In which those that do not are handed on.
    std::size_t handed_on_ = 0;         ///< So many of that order.
    Cycles settled_;
};

}  // namespace dmasim
