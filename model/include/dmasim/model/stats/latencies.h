// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "dmasim/model/stats/latency_histogram.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// The latencies of one channel, in cycles.
struct ChannelLatencies {
    LatencyHistogram job;         ///< `JobAccepted` to `JobCompleted`, whatever the status.
    LatencyHistogram read;        ///< Request of a data read to its first beat.
    LatencyHistogram write;       ///< Request of a data write to its response.
    LatencyHistogram descriptor;  ///< Request of a burst of a descriptor fetch to its last beat.
};

/// Builds the latency histograms of one controller from its events. Memory: the histograms, and what is under way.
class Latencies final : public TraceSink {
  public:
    /// `channels`: 1 to 64.
    explicit Latencies(unsigned channels);

    /// A channel that does not exist is a defect of the block that reports (`std::logic_error`). A response without its
    /// request (a sink attached in the middle of a run) is left out.
    void event(const TraceEvent& event) override;

    [[nodiscard]] const ChannelLatencies& channel(unsigned channel) const;
    /// All channels together.
    [[nodiscard]] ChannelLatencies total() const;
    /// Jobs and bursts that have begun and not ended.
    [[nodiscard]] std::size_t under_way() const { return jobs_.size() + bursts_.size(); }

  private:
    std::vector<ChannelLatencies> channels_;
    std::unordered_map<std::uint64_t, Cycles> jobs_;    ///< Acceptance by channel and job.
    std::unordered_map<std::uint64_t, Cycles> bursts_;  ///< Request by direction and tag.
};

}  // namespace dmasim
