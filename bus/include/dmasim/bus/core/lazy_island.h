// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dmasim/bus/core/bus_core.h"
#include "dmasim/bus/core/memory_core.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/cadence.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/island_master.h"

namespace dmasim {

/// A bus with masters and memories wired core to core, the loop that runs them, and the bound of what can be seen next
/// (docs/lazy-islands.md). The blocks belong to others.
class LazyIsland final : private IslandReach {
  public:
    explicit LazyIsland(BusCore& bus);
    ~LazyIsland() override;

    /// @{ Members; before the first edge.
    void add_memory(std::uint32_t target, MemoryCore& memory);
    /// A master of which nothing more is known than its edges. Returns the port for its bursts, which takes one request at
    /// a time, as a TLM socket does (timing.md B1).
    BurstPort& add_master(std::uint32_t initiator, Clocked& core, BurstMaster& answers);
    BurstPort& add_master(std::uint32_t initiator, IslandMaster& master);
    /// A block on the way in or out: whatever it does can be seen. Evaluated after all members.
    void add_border(Clocked& block);
    /// @}

    /// The earliest edge at which a block has something to do, or `kNever`.
    [[nodiscard]] Cycles next_edge();

    /// Evaluates every edge before `now` (strictly: at time t, the edges before t), or leaps over it. Every member is then as
    /// whoever looks at `now` has to find it.
    void advance_to(Cycles now);
    /// As advance_to(), but nobody looks: what happens before `now` to masters that cannot leap has happened then, all others
    /// may stay at rest.
    void proceed_to(Cycles now);

    /// @{ In step: one edge after the other, at its time, each as soon as it is there. At rest there is one for each burst. What is
    /// written is in memory at its time, at rest by whole periods.
    void stay_in_step();
    /// Evaluates `edge`, before which nothing is left to be done, and returns the next edge.
    Cycles evaluate(Cycles edge);
    /// Whether who looks has to call advance_to() nevertheless.
    [[nodiscard]] bool resting() const;
    /// @}

    /// A member was given an input. What was seen before says nothing about what comes.
    void touched();
    /// A member was given an input by which nothing changes for the others, before it says so itself: a CPU a new operation.
    void touched(const Clocked& core);

    /// Whether a steady state may be leaped over; on by default. For comparisons.
    void allow_leaps(bool allowed) { leaps_ = allowed; }
    /// Cycles that were leaped over.
    [[nodiscard]] std::uint64_t leaped_cycles() const;
    /// Accesses of masters without a cadence that were answered from what an earlier one like it has shown.
    [[nodiscard]] std::uint64_t visits() const;

    /// The first edge that is not over: the greatest argument of `advance_to` so far.
    [[nodiscard]] Cycles reached() const { return reached_; }

    /// A lower bound of the next edge at which something can be seen outside, as long as no input comes; an edge with work
    /// if nothing more will be seen; kNever if nothing is left to do.
    [[nodiscard]] Cycles next_visible();

  private:
    class Door;
    class Leaper;

    struct Master {
        std::uint32_t initiator;
        Clocked* core;
        IslandMaster* hints;
        CadenceMaster* cadence;
        std::unique_ptr<Door> door;
        std::size_t block;  ///< Its number among the blocks.
    };

    struct Block {
        Clocked* clocked;
        bool keeps_next = true;  ///< Its next edge moves only when it is evaluated, answered or touched.
        bool stale = true;       ///< `next` has to be asked for.
        Cycles next = {};
    };

    /// The same of a block or of all of them, without a rest. What was found is kept where it stays true.
    static Cycles next_of(Block& block);
    Cycles find_next_edge();
    /// After find_next_edge().
    void carry_out(Cycles edge);
    /// Evaluates every edge before `now`; no leaps.
    void evaluate_before(Cycles now);
    /// Goes on until `now`, or until the island is at rest no more.
    void rest_until(Cycles now);
    void all_stale();
    /// The next edge at which a master without a cadence has something to do.
    [[nodiscard]] Cycles next_of_visitors();
    [[nodiscard]] Cycles next_of_border() const;
    [[nodiscard]] Cycles next_visible_at_rest();
    [[nodiscard]] std::uint32_t interval(Access access, std::uint64_t first, std::uint64_t last) const override;

    BusCore& bus_;
    std::vector<MemoryCore*> memories_;  ///< By target; null: not in the island.
    std::vector<Master> masters_;
    std::vector<bool> inside_;    ///< By initiator.
    std::vector<Block> blocks_;   ///< The bus and the members, in the order of evaluation.
    std::vector<Block> outside_;  ///< The border; after the others.
    Cycles reached_{0};
    bool leaps_ = true;
    std::unique_ptr<Leaper> leaper_;
    Cycles edge_{0};  ///< That is being evaluated, or was the last.
};

}  // namespace dmasim
