// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "dmasim/bus/core/lazy_island.h"
#include "dmasim/bus/core/memory_core.h"
#include "dmasim/model/cadence.h"
#include "dmasim/model/cadence_finder.h"
#include "dmasim/model/ring.h"

#include "door.h"

namespace dmasim {

/// Finds out that the state repeats. Then the island is *at rest*: its blocks stay as they are, and what they would have done is
/// known, until somebody looks, or something happens that is not known; then their state moves by all that time at once.
///
/// While it rests, masters without a cadence go on. What follows on a request of theirs, from the same state and as long after
/// it, is always the same: once it has been seen, the request is a *visit*, whose answers and whose end are known.
class LazyIsland::Leaper final : private Leap {
  public:
    explicit Leaper(LazyIsland& island) : island_(island) {}

    /// Edges before `base` are over; those before `now` may be leaped over.
    void look(Cycles base, Cycles now);
    void forget();
    [[nodiscard]] std::uint64_t cycles_leaped() const { return total_; }
    [[nodiscard]] std::uint64_t visits() const { return visits_made_; }

    /// @{ At rest.
    [[nodiscard]] bool resting() const { return resting_; }
    /// A lower bound of the next edge at which a master with a cadence may be seen outside. Only while at rest.
    [[nodiscard]] Cycles next_visible() const { return std::max(visible_, stop_); }
    /// The first edge at which it is not known what happens.
    [[nodiscard]] Cycles stop() const { return stop_; }
    /// Whether all answers to requests of other masters are known.
    [[nodiscard]] bool answers_known() const { return visit_ == nullptr || visit_->complete(); }
    /// The edge of the next answer; kNever: none is due.
    [[nodiscard]] Cycles next_call() const {
        return visit_ != nullptr && next_call_ < visit_->calls.size() ? here_ + visit_->calls[next_call_].edge : kNever;
    }
    /// @{ In step: the edge of the next burst that a master with a cadence would request; and what is in memory when the state has
    /// come again is put there.
    [[nodiscard]] Cycles next_step() const {
        if (next_step_ < steps_->size()) {
            return here_ + (*steps_)[next_step_];
        }
        const std::vector<std::uint64_t>& again = cadence_->steps;
        return here_ + round() + (again.empty() ? 0 : again.front());
    }
    void step(Cycles edge);
    /// @}
    /// Gives the answers that are due at `edge`.
    void make_calls(Cycles edge);
    /// A master without a cadence requests something; nothing is done yet.
    void offered(Door& door, const Burst& burst, Cycles at) { waiting_.push_back({&door, burst, at}); }
    /// Decides what becomes of the requests. All edges before them, and all masters at theirs, have been evaluated.
    void settle_offers();
    /// Ends the rest: the blocks are brought to where they are before `now` as far as that can be leaped over.
    void leave(Cycles now) { leave(now, nullptr); }
    /// @}

    /// A master with a cadence requests a burst.
    void stepped(Cycles at) {
        if ((finder_.keeps() || learning_) && stepped_.size() < kMostSteps) {
            stepped_.push_back(at);
        }
    }
    /// Rests only if it can go on in step.
    void stay_in_step(bool in_step) { in_step_ = in_step; }

    /// @{ Not at rest: what masters without a cadence request, and what they are answered.
    void requested(Door& door, const Burst& burst, Cycles at);
    void heard(const Door& door, const Door::Call& call);
    /// @}
    [[nodiscard]] std::uint64_t cycles() const override { return distance_; }
    [[nodiscard]] std::uint64_t bytes(std::uint32_t initiator, std::uint16_t channel) const override;
    [[nodiscard]] std::uint64_t moved(std::uint32_t initiator, std::uint16_t channel, Access access,
                                      std::uint64_t address) const override;

  private:
    /// How far a rest may go.
    enum class Reach : std::uint8_t { Job, Row, Periods };
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
        CadenceChannel channel;  ///< At the beginning.
        std::uint64_t per_period = 0;
        std::uint64_t even = 0;       ///< Bytes that it may move at rest.
        std::uint64_t moved = 0;      ///< Bytes of those that it would have moved.
        std::uint64_t copied = 0;     ///< Bytes of those that are in memory already.
        std::uint64_t under_way = 0;  ///< Bytes.
        std::vector<Flight> flights;
        MemoryCore* from = nullptr;
        MemoryCore* to = nullptr;
        std::uint64_t from_offset = 0;  ///< Address in the memory minus address on the bus.
        std::uint64_t to_offset = 0;
    };

    struct Extent {
        std::uint64_t first;
        std::uint64_t last;
    };
    struct Range {
        MemoryCore* memory;
        std::uint64_t first;
        std::uint64_t last;
        [[nodiscard]] bool meets(const Range& other) const {
            return memory == other.memory && first <= other.last && other.first <= last;
        }
    };
    using CallKind = Door::CallKind;

    /// What the bus calls a master without a cadence. Times from the state on from which the visit began.
    struct Call {
        CallKind kind = CallKind::Accepted;
        std::uint32_t offer = 0;  ///< Which request of the visit.
        std::uint32_t interval = 1;
        std::uint64_t edge = 0;  ///< At which it is made.
        std::uint64_t stamp = 0;
    };
    /// What follows on requests that come so long after a state, in this order.
    struct Visit {
        std::vector<std::uint64_t> key;  ///< The cadence; of each request its time and its shape.
        std::vector<Call> calls;
        std::uint64_t cycles = 0;          ///< Until the state comes again; 0: not known,
        std::uint64_t known_until = 0;     ///< but what is called before this is.
        std::vector<std::uint64_t> bytes;  ///< By place: what is moved in that time, or more.
        std::vector<std::uint64_t> steps;
        [[nodiscard]] bool complete() const { return cycles != 0; }
    };
    struct Waiting {
        Door* door = nullptr;
        Burst burst;
        Cycles at;
    };
    /// A request of a visit.
    struct Offer {
        Door* door = nullptr;
        Burst burst;
        Cycles at;
        Range range{};
        bool answered = false;
        std::vector<std::uint8_t> bytes;  ///< Those of a write; room for those of a read that was answered.
    };
    static constexpr std::size_t kMostOffers = 6;
    static constexpr std::size_t kMostSteps = 4096;

    void take_down(Cycles base);
    [[nodiscard]] Cycles horizon() const;
    void take_down_channels(const Master& master);
    [[nodiscard]] const Cadence* cadence();
    [[nodiscard]] bool begin_rest(const Cadence& cadence, Cycles base, Cycles now);
    [[nodiscard]] bool prepare(const Cadence& cadence, std::uint64_t periods, Reach reach);
    [[nodiscard]] const Stream* stream_of(std::uint32_t initiator, std::uint16_t channel) const;
    /// Bytes from where a channel was to where it is, but for the first `moved`; nothing if it did not go evenly.
    [[nodiscard]] std::optional<std::uint64_t> way(const CadenceChannel& before, std::uint64_t moved,
                                                   const CadenceChannel& after) const;
    void leave(Cycles now, const Waiting* next);
    void find_stop();
    void finish_visit();
    void pass_periods(Cycles now);
    /// Cycles from `here_` until the state comes again.
    [[nodiscard]] std::uint64_t round() const {
        return visit_ == nullptr ? cadence_->period : visit_->complete() ? visit_->cycles : visit_->known_until;
    }
    void find_steps(Cycles base, std::vector<std::uint64_t>& steps) const;
    [[nodiscard]] bool can_copy_in_step(Cycles base) const;
    void copy_in_step();
    void replay();
    Offer& add_offer(const Waiting& request);
    [[nodiscard]] bool enter_visit(const Waiting& request);
    /// A word that says all of a request that decides what follows on it; 0: there is none.
    [[nodiscard]] std::uint64_t shape_of(const Door& door, const Burst& burst) const;
    [[nodiscard]] Range range_of(const Burst& burst) const;
    [[nodiscard]] Visit& place_of(const std::vector<std::uint64_t>& key);
    [[nodiscard]] bool is_apart(const Burst& burst, const Range& range) const;
    void keep_calls(Visit& visit);
    static void sort_calls(Visit& visit);
    void complete_beginnings(const Call& call);
    void learn(Cycles base);
    void learn_until(Cycles at);
    void finish_learning(Cycles base);
    [[nodiscard]] bool find_flights(Cycles base);
    void settle();
    [[nodiscard]] static std::optional<Extent> extent_of(const Stream& stream, Access access);
    [[nodiscard]] bool ranges_are_apart();
    void copy_stream(const Stream& stream) const;
    void carry_out();

    LazyIsland& island_;
    CadenceFinder finder_;
    std::vector<std::uint32_t> initiators_;  ///< By channel of the newest snapshot.
    bool disturbed_ = false;
    bool first_ = true;        ///< There has been no leap since.
    std::uint64_t pause_ = 0;  ///< Grants that are not looked at.
    std::uint64_t calm_ = 0;   ///< Grants since the last disturbance,
    std::uint64_t usual_ = 0;  ///< and after so many there was a leap the last time.
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

    bool resting_ = false;
    CadenceFinder::Snapshot rested_;    ///< The state at rest.
    const Cadence* cadence_ = nullptr;  ///< Of the rest; nothing is learned meanwhile.
    Cycles base_{0};
    Cycles here_{0};   ///< Before this edge the state is the same again: base_ or later.
    Cycles limit_{0};  ///< From here on something happens that is no part of the cadence.
    Cycles stop_{0};
    Cycles visible_{0};          ///< From the state at rest, whatever is requested.
    std::vector<Visit> visits_;  ///< By hash of the key; a newer one takes the place of an older one.
    const Visit* visit_ = nullptr;
    std::size_t next_call_ = 0;
    std::array<Offer, kMostOffers> offers_;  ///< Of the visit, or of the one that is being learned.
    std::size_t offer_count_ = 0;
    Ring<Waiting> waiting_;
    bool in_step_ = false;
    const std::vector<std::uint64_t>* steps_ = nullptr;
    std::size_t next_step_ = 0;
    std::vector<Cycles>
        stepped_;  ///< Bursts that were requested, since the record that is kept or the begin of a visit.
    std::vector<std::uint64_t> key_;
    std::uint64_t visits_made_ = 0;

    bool learning_ = false;
    std::vector<Call> learned_;
    std::uint64_t learning_grants_ = 0;
};

}  // namespace dmasim
