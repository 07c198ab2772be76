// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>

#include "dmasim/model/beat/pipeline.h"
#include "dmasim/model/beat/registers.h"

namespace dmasim {

/// Several ports that offer transfers to one pipeline (docs/beat-pipelines.md, "Descriptor ports").
///
/// A port's transfer is accepted when it has the grant, which is a register, and the skid register behind the arbiter
/// has room; the pipeline takes it from there. A granted port does not compete in the same cycle, so that without round
/// robin the two first of the ports that always offer take turns, and the others wait for them to end.
class DescriptorMux {
  public:
    /// `ports`: 1 to 64. `round_robin`: search behind the last grant. `lowest_first`: search from port 0 upwards.
    DescriptorMux(std::uint32_t ports, bool round_robin, bool lowest_first)
        : arbiter_(ports, round_robin, lowest_first) {}

    /// One cycle `t`, before the pipeline's own. `offering`: the ports that offer, a bit each; `head(port)` is the
    /// transfer that a port offers; `accepted(port)` is called for the port whose transfer was accepted. `free`: false if
    /// the pipeline takes a transfer of somebody else in this cycle. Returns true if anything changed.
    bool cycle(Cycles t, std::uint64_t offering, const std::function<BeatTransfer(std::uint32_t)>& head,
               const std::function<void(std::uint32_t)>& accepted, BeatPipeline& pipeline, bool free = true);

  private:
    RegisteredArbiter arbiter_;
    SkidRegister<BeatTransfer> register_;
};

/// Cycles from a status of the pipeline to the status of the port.
inline constexpr std::uint32_t kDescriptorMuxStatus = 1;

}  // namespace dmasim
