// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "dmasim/model/beat/fabric.h"
#include "dmasim/model/beat/signals.h"
#include "dmasim/model/clocked.h"

namespace dmasim {

/// Sees the signals of every cycle that was evaluated, before the cycle ends.
class BeatProbe {
  public:
    BeatProbe() = default;
    BeatProbe(const BeatProbe&) = delete;
    BeatProbe& operator=(const BeatProbe&) = delete;
    virtual ~BeatProbe() = default;

    /// `masters[m]`, `slaves[m]`: what drives master port m from both sides in cycle `t`.
    virtual void cycle(Cycles t, const BeatFabric::Masters& masters, const BeatFabric::Slaves& slaves) = 0;
};

/// Beat-accurate masters, a fabric and memories, advanced together in one plain loop (docs/beat-pipelines.md).
///
/// Edge `t` of this block is the end of cycle `t`. Cycles in which nothing can happen are skipped.
class BeatSystem final : public Clocked {
  public:
    /// Masters and slaves are not owned and outlive the system.
    BeatSystem(std::unique_ptr<BeatFabric> fabric, std::vector<BeatMaster*> masters, std::vector<BeatSlave*> slaves);

    /// Called at the beginning of each cycle that is evaluated, for those who offer work to the masters.
    std::vector<std::function<void(Cycles)>> before;

    /// Each gives a lower bound of the next cycle in which something happens that can be seen outside; `next` is the next
    /// cycle in which anything can. Without them, anything can be seen.
    std::vector<std::function<Cycles(Cycles next)>> visible;

    void probe(BeatProbe* probe) { probe_ = probe; }

    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;
    /// No later than the next cycle in which something can be seen outside, and no earlier than `next_edge()`. Whoever
    /// evaluates the system no later than this, and up to the present whenever somebody looks, sees no difference. When
    /// there is nothing to be seen any more, the next cycle: a simulation does not end before the system is at rest.
    [[nodiscard]] Cycles next_visible() const;
    /// Something outside of the system changed or will: cycle `t` must be looked at. May be called from within `before`.
    void wake(Cycles t) { wake_ = std::min(wake_, t); }
    /// Evaluates all cycles up to and including `t` in which something can happen.
    void run_through(Cycles t) { advance_to(t + 1); }
    /// The fabric and the slaves go back to the state after construction. Nothing may be under way.
    void reset();
    /// Looks at every cycle, whether or not something can happen there. Changes no result.
    void every_cycle(bool on) { every_cycle_ = on; }

  private:
    std::unique_ptr<BeatFabric> fabric_;
    std::vector<BeatMaster*> masters_;
    std::vector<BeatSlave*> slaves_;
    BeatFabric::Masters from_masters_;
    BeatFabric::Masters at_slaves_;
    BeatFabric::Slaves from_slaves_;
    BeatFabric::Slaves at_masters_;
    BeatProbe* probe_ = nullptr;
    Cycles next_;
    Cycles wake_ = kNever;
    bool every_cycle_ = false;
};

}  // namespace dmasim
