// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dmasim/bus/core/bus_core.h"
#include "dmasim/bus/core/memory_core.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"

namespace dmasim {

/// A bus, its memories and its masters wired core to core, without SystemC, and the loop that runs them.
///
/// The order in which the blocks of one edge are evaluated must not matter; `set_order` is there to prove it.
class CoreSystem {
  public:
    /// Builds a bus, and a memory for each entry of `memories`: memory `t` is target port `t` (config.targets may be
    /// greater; bind the rest through `bus()`). Throws `ConfigError`.
    CoreSystem(const BusConfig& bus, const std::vector<MemoryConfig>& memories);

    [[nodiscard]] BusCore& bus() { return *bus_; }
    [[nodiscard]] MemoryCore& memory(std::uint32_t target) { return *memories_.at(target); }

    /// Adds a block to the loop (not owned): a master, a cache, a peripheral.
    void add(Clocked& block);

    /// Wires a master: its answers go to `master`; returns the port that it has to hand its bursts to.
    BurstPort& connect(std::uint32_t initiator, BurstMaster& master);

    /// The order of evaluation within an edge, as a permutation of the blocks: 0 the bus, then the memories, then the
    /// blocks in the order of `add`. Blocks that are not named follow in that order.
    void set_order(const std::vector<std::size_t>& order);

    /// The earliest edge at which a block has something to do, or `kNever`.
    [[nodiscard]] Cycles next_edge() const;

    /// Evaluates every edge before `now` (lazy rule: at time t, strictly the edges before t).
    void advance_to(Cycles now);

    /// Runs until nothing is to be done any more, or the next edge is `limit` or later; returns the last edge evaluated.
    Cycles run(Cycles limit = kNever);

  private:
    void evaluate(Cycles edge);

    std::unique_ptr<BusCore> bus_;
    std::vector<std::unique_ptr<MemoryCore>> memories_;
    std::vector<Clocked*> blocks_;
    std::vector<Clocked*> order_;
    Cycles last_;
};

}  // namespace dmasim
