// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dmasim/model/stats/statistic.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// Traffic of one direction.
struct BusTraffic {
    std::uint64_t grants = 0;  ///< Bursts that were granted.
    std::uint64_t bursts = 0;  ///< Bursts that were answered.
    std::uint64_t beats = 0;   ///< Data beats of the answered bursts.
    std::uint64_t bytes = 0;   ///< Bytes of the bursts answered `Ok`.
    std::uint64_t errors = 0;  ///< Bursts answered otherwise.
};

/// How much one bus has moved, by direction, initiator and target. Memory does not grow.
class BusUtilisation final : public TraceSink {
  public:
    /// Reads and writes, indexed by `Access`.
    using Directions = std::array<BusTraffic, 2>;

    /// Ports of the bus, each 1 to 256. Put a `SourceFilter` in front where there are several buses.
    BusUtilisation(unsigned initiators, unsigned targets);

    /// A port that does not exist is a defect of the bus that reports (`std::logic_error`).
    void event(const TraceEvent& event) override;

    [[nodiscard]] const BusTraffic& total(Access access) const { return total_[static_cast<std::size_t>(access)]; }
    [[nodiscard]] const BusTraffic& initiator(unsigned port, Access access) const;
    [[nodiscard]] const BusTraffic& target(unsigned port, Access access) const;
    /// Bursts that hit no target.
    [[nodiscard]] const BusTraffic& unmapped(Access access) const {
        return unmapped_[static_cast<std::size_t>(access)];
    }

    /// Beats moved per elapsed cycle. 1 is the limit of one data lane (a shared bus); a crossbar has one for each target.
    /// 0 when no cycle has gone by.
    [[nodiscard]] double beats_per_cycle(Access access, Cycles now) const;

    /// "read_beats", "initiator0.read_beats", "target0.read_beats" and so on.
    [[nodiscard]] std::vector<Statistic> statistics() const;

  private:
    Directions total_{};
    Directions unmapped_{};
    std::vector<Directions> initiators_;
    std::vector<Directions> targets_;
};

}  // namespace dmasim
