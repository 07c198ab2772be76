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

    /// Evaluates every edge before `now` (strictly: at time t, the edges before t), or leaps over it.
    void advance_to(Cycles now);

    /// Evaluates `edge`, before which nothing is left to be done, and returns the next edge. Without leaps.
    Cycles evaluate(Cycles edge);

    /// A member was given an input. What was seen before says nothing about what comes.
    void touched() {
        leaper_.forget();
        for (Block& block : blocks_) {
            block.stale = true;
        }
    }

    /// Whether a steady state may be leaped over; on by default. For comparisons.
    void allow_leaps(bool allowed) { leaps_ = allowed; }
    /// Cycles that were leaped over.
    [[nodiscard]] std::uint64_t leaped_cycles() const { return leaper_.cycles_leaped(); }

    /// The first edge that is not over: the greatest argument of `advance_to` so far.
    [[nodiscard]] Cycles reached() const { return reached_; }

    /// A lower bound of the next edge at which something can be seen outside, as long as no input comes; an edge with work
    /// if nothing more will be seen; kNever if nothing is left to do.
    [[nodiscard]] Cycles next_visible() const;

  private:
    /// Lets through one request at a time, of both directions together.
    class Door final : public BurstPort, public BurstMaster {
      public:
        /// `number`: of the master among the island's blocks.
        Door(LazyIsland& island, std::size_t number, BurstPort& bus, BurstMaster& master)
            : island_(island), number_(number), bus_(bus), master_(master) {}
        void request(const Burst& burst, Cycles at) override;
        void accepted(std::uint32_t tag, Cycles at) override;
        [[nodiscard]] bool holds() const { return !held_.empty(); }
        void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
            stale();
            master_.read_data(tag, first, interval, response);
        }
        void write_response(std::uint32_t tag, Cycles at, Response response) override {
            stale();
            master_.write_response(tag, at, response);
        }

      private:
        struct Held {
            Burst burst;
            Cycles at;
        };
        void stale() { island_.blocks_[number_].stale = true; }

        LazyIsland& island_;
        const std::size_t number_;
        BurstPort& bus_;
        BurstMaster& master_;
        bool busy_ = false;  ///< A request has not been accepted.
        Ring<Held> held_;
    };

    struct Master {
        std::uint32_t initiator;
        Clocked* core;
        IslandMaster* hints;
        CadenceMaster* cadence;
        std::unique_ptr<Door> door;
    };

    /// Finds out that the state repeats, and moves it by many periods at once.
    class Leaper final : private Leap {
      public:
        explicit Leaper(LazyIsland& island) : island_(island) {}

        /// Edges before `base` are over; those before `now` may be leaped over.
        void look(Cycles base, Cycles now);
        void forget();
        [[nodiscard]] std::uint64_t cycles_leaped() const { return total_; }
        [[nodiscard]] std::uint64_t cycles() const override { return distance_; }
        [[nodiscard]] std::uint64_t bytes(std::uint32_t initiator, std::uint16_t channel) const override;

      private:
        /// A channel, and the windows of the bus that its next chunk lies in.
        struct Place {
            std::uint32_t initiator = 0;
            CadenceChannel channel;
            std::uint64_t source_window = 0;  ///< First address.
            std::uint64_t destination_window = 0;
        };
        struct Seen {
            StateRecord state;
            std::vector<Place> places;
        };
        /// A state that has been seen to come again, wherever the channels were: that long after, so many bytes further.
        struct Cadence {
            StateRecord state;
            std::uint64_t period = 0;
            std::vector<std::uint64_t> bytes;  ///< By place.
        };
        /// A chunk under way, and how far it is.
        struct Flight {
            CadenceChunk chunk;
            bool sampled = false;    ///< Its bytes have been read from memory.
            bool stored = false;     ///< All of them have been written to memory.
            bool in_memory = false;  ///< A write of the memory holds them.
            std::uint32_t id = 0;    ///< Its burst in the bus.
        };
        /// What a channel reads and writes from now on.
        struct Stream {
            std::uint32_t initiator = 0;
            std::uint16_t channel = 0;
            std::uint64_t per_period = 0;
            std::uint64_t moved = 0;
            std::uint64_t under_way = 0;  ///< Bytes.
            std::uint64_t source = 0;     ///< Of the next chunk.
            std::uint64_t destination = 0;
            std::vector<Flight> flights;
            MemoryCore* from = nullptr;
            MemoryCore* to = nullptr;
            std::uint64_t from_offset = 0;  ///< Address in the memory minus address on the bus.
            std::uint64_t to_offset = 0;
        };

        struct Range {
            const MemoryCore* memory;
            std::uint64_t first;
            std::uint64_t last;
        };

        void take_down(Seen& seen, Cycles base);
        [[nodiscard]] Cycles horizon(Cycles now) const;
        void take_down_places(Seen& seen, const Master& master);
        [[nodiscard]] Cadence& place_of(const StateRecord& state);
        [[nodiscard]] const Cadence* cadence(Cycles base);
        [[nodiscard]] bool prepare(const Cadence& cadence, Cycles base, Cycles end);
        [[nodiscard]] bool find_flights();
        [[nodiscard]] bool ranges_are_apart();
        void carry_out();

        LazyIsland& island_;
        std::vector<Cadence> known_;  ///< By hash of the state; a newer one takes the place of an older one.
        Seen newest_;
        Seen kept_;
        bool has_kept_ = false;
        bool disturbed_ = false;
        bool first_ = true;           ///< There has been no leap since.
        std::uint64_t compared_ = 0;  ///< Records compared with the kept one,
        std::uint64_t keep_for_ = 1;  ///< of so many.
        std::uint64_t pause_ = 0;     ///< Grants that are not looked at.
        std::uint64_t calm_ = 0;      ///< Grants since the last disturbance,
        std::uint64_t usual_ = 0;     ///< and after so many there was a leap the last time.
        std::uint64_t failures_ = 0;
        Cycles not_before_{0};  ///< The last leap went so far that up to here there is no other.
        std::uint64_t grants_ = 0;
        std::vector<Stream> streams_;
        std::size_t stream_count_ = 0;
        std::vector<CadenceChannel> channels_;
        std::vector<CadenceChunk> chunks_;
        std::vector<Range> written_;
        std::vector<Range> read_;
        std::vector<bool> leaping_;  ///< By initiator.
        std::uint64_t distance_ = 0;
        std::uint64_t total_ = 0;
    };

    struct Block {
        Clocked* clocked;
        bool disturbs;           ///< What it does is no part of a cadence.
        bool keeps_next = true;  ///< Its next edge moves only when it is evaluated, answered or touched.
        bool stale = true;       ///< `next` has to be asked for.
        Cycles next = {};
    };

    /// As next_edge(); what was found is kept where it stays true.
    Cycles find_next_edge();
    /// After find_next_edge().
    void carry_out(Cycles edge);
    [[nodiscard]] std::uint32_t interval(Access access, std::uint64_t first, std::uint64_t last) const override;

    BusCore& bus_;
    std::vector<MemoryCore*> memories_;  ///< By target; null: not in the island.
    std::vector<Master> masters_;
    std::vector<bool> inside_;    ///< By initiator.
    std::vector<Block> blocks_;   ///< The bus and the members, in the order of evaluation.
    std::vector<Block> outside_;  ///< The border; after the others.
    Cycles reached_{0};
    bool leaps_ = true;
    Leaper leaper_;
};

}  // namespace dmasim
