// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dmasim/model/stats/statistic.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// Cycles of one channel by cause, indexed by `CycleCause`.
using CycleAccount = std::array<std::uint64_t, kCycleCauses>;

/// Adds up where the cycles of every channel of one controller go (docs/timing.md, "Accounting").
///
/// Sink for `CauseChanged`; other events pass by. Cycle t is the interval before edge t: when the simulation has reached
/// edge n, the cycles 1 to n have gone by, and the causes of each channel add up to n exactly. Every channel begins
/// `Idle`. A change at edge `a` counts from cycle a+1 on; of several at one edge the last one counts.
class CycleAccountant final : public TraceSink {
  public:
    /// `channels`: 1 to 64.
    explicit CycleAccountant(unsigned channels);

    /// Changes of a channel in falling order of `at`, an unknown channel or an unknown cause are a defect of the block
    /// that reports (`std::logic_error`).
    void event(const TraceEvent& event) override;

    /// The account of `channel` when the simulation has reached edge `now`; adds up to `now`. `now` must not lie before
    /// the last change of the channel. A block decides the cause of cycle `now` at edge `now`; before that edge is
    /// evaluated the last cycle counts for the cause of the one before.
    [[nodiscard]] CycleAccount account(unsigned channel, Cycles now) const;

    /// "channel0.cycles.idle" and so on, for all channels and causes; unit: cycle.
    [[nodiscard]] std::vector<Statistic> statistics(Cycles now) const;

    [[nodiscard]] unsigned channels() const { return static_cast<unsigned>(channels_.size()); }

  private:
    struct Channel {
        CycleAccount spent{};
        Cycles since;
        CycleCause cause = CycleCause::Idle;
    };

    std::vector<Channel> channels_;
};

/// What a cause means, one sentence.
std::string_view description_of(CycleCause cause);

}  // namespace dmasim
