// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dmasim/bus/core/bus_core.h"
#include "dmasim/bus/core/memory_core.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/island_master.h"
#include "dmasim/model/ring.h"

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
    [[nodiscard]] Cycles next_edge() const;

    /// Evaluates every edge before `now` (strictly: at time t, the edges before t).
    void advance_to(Cycles now);

    /// The first edge that is not over: the greatest argument of `advance_to` so far.
    [[nodiscard]] Cycles reached() const { return reached_; }

    /// A lower bound of the next edge at which something can be seen outside, as long as no input comes; an edge with work
    /// if nothing more will be seen; kNever if nothing is left to do.
    [[nodiscard]] Cycles next_visible() const;

  private:
    /// Lets through one request at a time, of both directions together.
    class Door final : public BurstPort, public BurstMaster {
      public:
        Door(BurstPort& bus, BurstMaster& master) : bus_(bus), master_(master) {}
        void request(const Burst& burst, Cycles at) override;
        void accepted(std::uint32_t tag, Cycles at) override;
        void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
            master_.read_data(tag, first, interval, response);
        }
        void write_response(std::uint32_t tag, Cycles at, Response response) override {
            master_.write_response(tag, at, response);
        }

      private:
        struct Held {
            Burst burst;
            Cycles at;
        };
        BurstPort& bus_;
        BurstMaster& master_;
        bool busy_ = false;  ///< A request has not been accepted.
        Ring<Held> held_;
    };

    struct Master {
        std::uint32_t initiator;
        Clocked* core;
        IslandMaster* hints;
        std::unique_ptr<Door> door;
    };

    [[nodiscard]] std::uint32_t interval(Access access, std::uint64_t first, std::uint64_t last) const override;

    BusCore& bus_;
    std::vector<MemoryCore*> memories_;  ///< By target; null: not in the island.
    std::vector<Master> masters_;
    std::vector<bool> inside_;  ///< By initiator.
    std::vector<Clocked*> border_;
    std::vector<Clocked*> blocks_;  ///< All, in the order of evaluation.
    Cycles reached_{0};
};

}  // namespace dmasim
