// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/bus_core.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "dmasim/bus/core/beats.h"
#include "dmasim/bus/core/text.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/ring.h"

namespace dmasim {

namespace {

constexpr std::size_t index_of(Access access) {
    return access == Access::Read ? 0 : 1;
}

BusConfig checked(const BusConfig& config) {
    detail::refuse("bus", validate(config));
    return config;
}

}  // namespace

class BusCore::Impl {
  public:
    Impl(const BusConfig& config, const AddressMap& map, BusCore& owner)
        : config_(config),
          map_(map),
          owner_(owner),
          topology_(make_topology(config.topology, config.initiators, config.targets)),
          lanes_(topology_->request_lanes()),
          return_lanes_(topology_->return_lanes()) {
        for (Lane& lane : lanes_) {
            lane.arbiter = make_arbiter(config.arbiter, config.initiators);
            lane.since_grant.resize(config.initiators);
        }
        for (std::uint32_t i = 0; i < config.initiators; ++i) {
            initiators_.push_back(std::make_unique<Initiator>(*this, i));
            for (const Access access : {Access::Read, Access::Write}) {
                initiators_.back()->queues[index_of(access)].return_lane = topology_->return_lane(access, i);
            }
            initiators_.back()->snooped = i < config.snooped.size() && config.snooped[i];
        }
        for (std::uint32_t t = 0; t < config.targets; ++t) {
            targets_.push_back(std::make_unique<Target>(*this, t));
        }
        requests_.resize(lanes_.size());
        occupied_.resize((config.initiators + 63) / 64);
        bound();
    }

    // Targets have been bound anew.
    void bound() {
        has_foreign_ = std::any_of(targets_.begin(), targets_.end(), [this](const auto& t) { return foreign(*t); });
    }

    struct Entry {
        Burst burst;  // As the initiator sees it.
        std::uint32_t initiator = 0;
        std::uint32_t target = kNoTarget;
        std::uint64_t target_address = 0;
        std::uint32_t lane = 0;
        std::uint32_t beats = 1;
        Cycles stamp;  // Handed over.
        Cycles granted;
        bool forwarded = false;
        bool accepted = false;  // By the target.
        bool answered = false;
        Cycles first;  // Stamp of the target's answer.
        std::uint32_t interval = 1;
        Response response = Response::Ok;
        unsigned snoops = 0;  // Caches that have not answered.
        bool snoop_due = false;
        Cycles snooped;  // Greatest stamp of the answers of caches.
        bool was_snooped = false;
    };

    // One direction of an initiator port.
    struct Queue {
        Ring<std::uint32_t> waiting;  // Not granted: the accepted ones first.
        std::size_t accepted = 0;
        Cycles head_from;            // The first edge at which the present head is the head.
        Cycles full_until;           // The last edge whose grant made room in a full queue.
        Ring<std::uint32_t> flight;  // Granted, in order, response not handed over.
        std::uint32_t return_lane = 0;
    };

    class Initiator final : public BurstPort {
      public:
        Initiator(Impl& bus, std::uint32_t number) : bus_(bus), number_(number) {}
        void request(const Burst& burst, Cycles at) override { bus_.request(number_, burst, at); }

        BurstMaster* master = nullptr;
        bool snooped = false;
        bool stalled = false;  // Has not taken its last response.
        Cycles responses_from;
        // What the response holds that was not taken at once, and until when it would have been held anyway.
        std::uint32_t held_return_lane = 0;
        std::uint32_t held_request_lane = 0;
        Cycles return_lane_free;
        Cycles request_lane_free;
        std::array<Queue, 2> queues;

        [[nodiscard]] bool empty() const {
            return std::all_of(queues.begin(), queues.end(),
                               [](const Queue& queue) { return queue.waiting.empty() && queue.flight.empty(); });
        }

      private:
        Impl& bus_;
        std::uint32_t number_;
    };

    class Target final : public BurstMaster {
      public:
        Target(Impl& bus, std::uint32_t number) : bus_(bus), number_(number) {}
        void accepted(std::uint32_t tag, Cycles at) override { bus_.target_accepted(number_, tag, at); }
        void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
            bus_.target_answered(number_, tag, Access::Read, first, interval, response);
        }
        void write_response(std::uint32_t tag, Cycles at, Response response) override {
            bus_.target_answered(number_, tag, Access::Write, at, 1, response);
        }

        BurstPort* port = nullptr;
        const MemoryCore* memory = nullptr;  // In the same island.
        TargetTraits traits;
        bool busy = false;  // Foreign: has not accepted the last request.
        Cycles ready_from;  // Foreign: the first edge after its last acceptance.
        std::array<std::uint32_t, 2> in_progress{};
        std::array<Cycles, 2> full_from{};  // First edge that sees `max_outstanding` bursts in progress.
        std::array<Cycles, 2> room_from{};

      private:
        Impl& bus_;
        std::uint32_t number_;
    };

    struct Lane {
        Cycles free_at;
        std::unique_ptr<Arbiter> arbiter;
        std::vector<Cycles> since_grant;  // By initiator: the edge after its last grant on this lane.
        bool refused = false;             // The arbiter picked nobody at `refused_at`, and may not before `retry_at`.
        Cycles refused_at;
        Cycles retry_at;
    };

    struct ReturnLane {
        Cycles free_at;
    };

    // A response that may be handed over. In the order of lanes, grants, and initiators.
    struct Ready {
        std::uint32_t lane;
        Cycles granted;
        std::size_t order;
        std::uint32_t initiator;
        std::uint32_t id;
        friend bool operator<(const Ready& a, const Ready& b) {
            return a.lane != b.lane         ? a.lane < b.lane
                   : a.granted != b.granted ? a.granted < b.granted
                                            : a.order < b.order;
        }
    };

    [[nodiscard]] bool foreign(const Target& target) const { return target.traits.write_interval == 0; }

    Cycles next_edge() const {
        if (!next_known_) {
            next_ = compute_next();
            next_known_ = true;
        }
        return next_;
    }

    void evaluate(Cycles edge) {
        const Cycles named = next_edge();
        const bool grants = next_grant_ <= edge;
        // What happens at this edge makes no response possible before the next one (B4).
        const bool responds = next_response_ <= edge;
        evaluated_ = true;
        last_edge_ = edge;
        if (named > edge) {
            return;
        }
        next_known_ = false;
        if (grants) {
            grant(edge);
        }
        snoop(edge);
        if (responds) {
            respond(edge);
        }
    }

    void request(std::uint32_t number, const Burst& burst, Cycles at) {
        Initiator& initiator = *initiators_[number];
        DMASIM_INVARIANT(initiator.master != nullptr);
        const std::uint32_t id = allocate();
        Entry& entry = entry_at(id);
        entry.burst = burst;
        entry.initiator = number;
        entry.beats = bus_beats(burst, config_.bus_bytes());
        if (const auto decoded = map_.decode(burst.address, extent_of(burst))) {
            entry.target = decoded->target;
            entry.target_address = decoded->address;
        }
        entry.lane = topology_->request_lane(burst.access, entry.target);
        entry.stamp = at;
        Queue& queue = initiator.queues[index_of(burst.access)];
        queue.waiting.push_back(id);
        occupied_[number / 64] |= std::uint64_t{1} << number % 64;
        next_known_ = false;
        if (queue.accepted < config_.queue_depth) {
            // Several stamps may still lie in the future; the head's readiness follows from the stamp.
            ++queue.accepted;
            at = accept_stamp(queue, entry);
            initiator.master->accepted(burst.tag, at);
        }
    }

    void target_accepted(std::uint32_t number, std::uint32_t tag, Cycles at) {
        Entry& entry = entry_of(number, tag);
        if (entry.accepted) {
            return;
        }
        entry.accepted = true;
        Target& target = *targets_[number];
        if (foreign(target)) {
            next_known_ = false;
            target.busy = false;
            target.ready_from = at + 1;
            if (entry.burst.access == Access::Write && !topology_->one_at_a_time()) {
                lanes_[entry.lane].free_at = std::max(at + 1, entry.granted + entry.beats);
            }
        }
    }

    void target_answered(std::uint32_t number, std::uint32_t tag, Access access, Cycles first, std::uint32_t interval,
                         Response response) {
        Entry& entry = entry_of(number, tag);
        DMASIM_INVARIANT(entry.burst.access == access && !entry.answered && interval >= 1);
        target_accepted(number, tag, first);
        // No answer comes before its request.
        answer(entry, tag, std::max(first, entry.granted), interval, response);
    }

    void snooped(unsigned cache, std::uint64_t id, Cycles at) {
        DMASIM_INVARIANT(cache < caches_.size() && id < entries_.size());
        Entry& entry = entry_at(static_cast<std::uint32_t>(id));
        DMASIM_INVARIANT(entry.snoops > 0);
        --entry.snoops;
        entry.snooped = std::max(entry.snooped, at);
        next_known_ = false;
    }

    [[nodiscard]] Origin origin(std::uint32_t id) const {
        DMASIM_INVARIANT(id < entries_.size());
        return {entry_at(id).initiator, entry_at(id).burst.tag};
    }

    void stall(std::uint32_t number) {
        Initiator& initiator = *initiators_.at(number);
        DMASIM_INVARIANT(handing_to_ == static_cast<std::int64_t>(number));
        initiator.stalled = true;
    }

    void resume(std::uint32_t number, Cycles at) {
        Initiator& initiator = *initiators_.at(number);
        if (!initiator.stalled) {
            return;
        }
        initiator.stalled = false;
        next_known_ = false;
        // While the response is still being handed over, respond() has not written down which lanes it holds.
        initiator.responses_from = at + 1;
        if (handing_to_ != static_cast<std::int64_t>(number)) {
            release(initiator, at);
        }
    }

    // As next_answer() of the bus.
    Cycles next_answer(std::uint32_t number, Cycles from, Cycles soonest) const {
        const Initiator& initiator = *initiators_.at(number);
        Cycles next = kNever;
        for (const Queue& queue : initiator.queues) {
            if (queue.accepted < queue.waiting.size()) {
                return std::max(from, soonest);
            }
            Cycles first = kNever;  // Of the target's answer.
            Access access = Access::Read;
            if (!queue.flight.empty()) {
                const std::uint32_t id = queue.flight.front();
                const Entry& entry = entry_at(id);
                access = entry.burst.access;
                if (entry.answered) {
                    first = entry.first;
                } else if (entry.target != kNoTarget && targets_[entry.target]->memory != nullptr) {
                    first = entry.forwarded ? targets_[entry.target]->memory->first_of(id) : from;
                }
            } else if (!queue.waiting.empty()) {
                const Entry& entry = entry_at(queue.waiting.front());
                access = entry.burst.access;
                const Cycles free = lanes_[entry.lane].free_at;
                const Cycles granted = std::max(
                    {from, entry.stamp + config_.request_latency, queue.head_from, free == kNever ? Cycles{0} : free});
                first = granted;  // A target may answer at once.
                if (entry.burst.data != nullptr && entry.target != kNoTarget &&
                    targets_[entry.target]->memory != nullptr) {
                    first = targets_[entry.target]->memory->soonest_answer(access, granted, entry.beats);
                }
            }
            if (first == kNever || initiator.stalled) {
                continue;
            }
            const Cycles lane = return_lanes_[topology_->return_lane(access, number)].free_at;
            next = std::min(next, std::max({from, first + config_.response_latency, initiator.responses_from,
                                            lane == kNever ? Cycles{0} : lane}));
        }
        return next;
    }

    void record(StateRecord& state, const std::vector<bool>& leaping) const {
        if (sink_ != nullptr || !snoops_due_.empty()) {
            state.refuse();
            return;
        }
        for (const Lane& lane : lanes_) {
            if (lane.refused) {
                state.refuse();
                return;
            }
            state.threshold(lane.free_at);
            lane.arbiter->record(state);
        }
        for (const ReturnLane& lane : return_lanes_) {
            state.threshold(lane.free_at);
        }
        for (const auto& target : targets_) {
            for (std::size_t direction = 0; direction < 2; ++direction) {
                state.number(target->in_progress[direction]);
                state.threshold(target->full_from[direction]);
                state.threshold(target->room_from[direction]);
            }
        }
        for (std::uint32_t number = 0; number < initiators_.size() && state.possible(); ++number) {
            const Initiator& initiator = *initiators_[number];
            const bool leaps = number < leaping.size() && leaping[number];
            // What caches are asked is no part of a cadence.
            if (initiator.stalled || (leaps && initiator.snooped && !caches_.empty())) {
                state.refuse();
                return;
            }
            if (initiator.empty()) {
                // What it has used is seen in the lanes and the targets, but for what holds its next request or answer up.
                const Cycles from =
                    std::max({initiator.responses_from, initiator.queues[0].head_from, initiator.queues[1].head_from,
                              initiator.queues[0].full_until, initiator.queues[1].full_until});
                if (from <= state.base()) {
                    state.number(0);
                    continue;
                }
            }
            state.number(1);
            state.threshold(initiator.responses_from);
            for (const Queue& queue : initiator.queues) {
                if (!leaps && !(queue.waiting.empty() && queue.flight.empty())) {
                    state.refuse();
                    return;
                }
                state.number(std::uint64_t{queue.accepted} << 42 | std::uint64_t{queue.waiting.size()} << 21 |
                             queue.flight.size());
                state.threshold(queue.head_from);
                state.threshold(queue.full_until);
                for (const std::uint32_t id : queue.waiting) {
                    record_entry(state, entry_at(id));
                }
                for (const std::uint32_t id : queue.flight) {
                    record_entry(state, entry_at(id));
                }
                if (!queue.waiting.empty()) {
                    const Lane& lane = lanes_[entry_at(queue.waiting.front()).lane];
                    const Cycles since = candidate_since(queue);
                    if (lane.arbiter->counts_waiting() && since != kNever) {
                        state.stamp(std::max(since, lane.since_grant[number]));
                    }
                }
            }
        }
    }

    void leap(const Leap& leap) {
        for (Lane& lane : lanes_) {
            lane.free_at = leap.later(lane.free_at);
            for (Cycles& since : lane.since_grant) {
                since = leap.later(since);
            }
        }
        for (ReturnLane& lane : return_lanes_) {
            lane.free_at = leap.later(lane.free_at);
        }
        for (auto& target : targets_) {
            for (std::size_t direction = 0; direction < 2; ++direction) {
                target->full_from[direction] = leap.later(target->full_from[direction]);
                target->room_from[direction] = leap.later(target->room_from[direction]);
            }
        }
        for (auto& initiator : initiators_) {
            initiator->responses_from = leap.later(initiator->responses_from);
            for (Queue& queue : initiator->queues) {
                queue.head_from = leap.later(queue.head_from);
                queue.full_until = leap.later(queue.full_until);
                for (const std::uint32_t id : queue.waiting) {
                    leap_entry(leap, entry_at(id));
                }
                for (const std::uint32_t id : queue.flight) {
                    leap_entry(leap, entry_at(id));
                }
            }
        }
        last_edge_ = leap.later(last_edge_);
        next_known_ = false;
    }

    std::optional<InBus> find(std::uint32_t number, Access access, std::uint32_t tag) const {
        const Queue& queue = initiators_.at(number)->queues[index_of(access)];
        const auto look = [&](const Ring<std::uint32_t>& ids) -> std::optional<InBus> {
            for (const std::uint32_t id : ids) {
                if (entry_at(id).burst.tag == tag) {
                    return InBus{id, entry_at(id).forwarded, entry_at(id).answered};
                }
            }
            return std::nullopt;
        };
        const auto found = look(queue.flight);
        return found ? found : look(queue.waiting);
    }

    std::uint64_t moves(const Leap& leap, std::uint32_t id) const {
        const Entry& entry = entry_at(id);
        return moved(leap, entry) - entry.burst.address;
    }

    Cycles next_call_outside(const std::vector<bool>& inside, Cycles from, Cycles soonest) const {
        Cycles next = kNever;
        for (std::uint32_t number = 0; number < initiators_.size(); ++number) {
            const bool foreign_initiator = number >= inside.size() || !inside[number];
            for (const Queue& queue : initiators_[number]->queues) {
                const bool for_others = std::any_of(queue.waiting.begin(), queue.waiting.end(), [&](std::uint32_t id) {
                    const std::uint32_t target = entry_at(id).target;
                    return target != kNoTarget && targets_[target]->memory == nullptr;
                });
                const bool for_caches = initiators_[number]->snooped && !caches_.empty() &&
                                        !(queue.waiting.empty() && queue.flight.empty());
                if (for_others || for_caches) {
                    return std::max(from, soonest);
                }
            }
            if (foreign_initiator) {
                next = std::min(next, next_answer(number, from, soonest));
            }
        }
        return next;
    }

    const BusConfig& config_;
    const AddressMap& map_;
    BusCore& owner_;
    std::unique_ptr<Topology> topology_;
    std::vector<Lane> lanes_;
    std::vector<ReturnLane> return_lanes_;
    std::vector<std::unique_ptr<Initiator>> initiators_;
    std::vector<std::unique_ptr<Target>> targets_;
    std::vector<SnoopPort*> caches_;
    TraceSink* sink_ = nullptr;
    std::uint16_t source_ = 0;
    std::size_t outstanding_ = 0;
    mutable bool next_known_ = false;

  private:
    void record_entry(StateRecord& state, const Entry& entry) const {
        const bool plain = entry.burst.purpose == Purpose::Data && entry.burst.fixed_bytes == 0 &&
                           entry.burst.enables == nullptr && entry.target != kNoTarget &&
                           targets_[entry.target]->memory != nullptr && entry.response == Response::Ok &&
                           entry.snoops == 0 && !entry.was_snooped;
        if (!plain) {
            state.refuse();
            return;
        }
        const std::uint64_t flags =
            (entry.forwarded ? 1U : 0U) | (entry.answered ? 2U : 0U) | (entry.accepted ? 4U : 0U);
        state.number(std::uint64_t{entry.beats} << 32 | std::uint64_t{entry.burst.channel} << 16 |
                     std::uint64_t{entry.target} << 4 | flags);
        state.stamp(entry.forwarded ? entry.granted : entry.stamp);
        if (entry.answered) {
            state.stamp(entry.first);
        }
    }

    static std::uint64_t moved(const Leap& leap, const Entry& entry) {
        return leap.moved(entry.initiator, entry.burst.channel, entry.burst.access, entry.burst.address);
    }

    static void leap_entry(const Leap& leap, Entry& entry) {
        const std::uint64_t address = moved(leap, entry);
        entry.target_address += address - entry.burst.address;
        entry.burst.address = address;
        entry.stamp = leap.later(entry.stamp);
        entry.granted = leap.later(entry.granted);
        entry.first = leap.later(entry.first);
    }

    std::uint32_t allocate() {
        ++outstanding_;
        if (!free_.empty()) {
            const std::uint32_t id = free_.back();
            free_.pop_back();
            *entries_[id] = Entry{};
            return id;
        }
        entries_.push_back(std::make_unique<Entry>());
        return static_cast<std::uint32_t>(entries_.size() - 1);
    }

    Entry& entry_at(std::uint32_t id) { return *entries_[id]; }
    [[nodiscard]] const Entry& entry_at(std::uint32_t id) const { return *entries_[id]; }

    Entry& entry_of(std::uint32_t number, std::uint32_t tag) {
        DMASIM_INVARIANT(tag < entries_.size() && entry_at(tag).forwarded && entry_at(tag).target == number);
        return entry_at(tag);
    }

    // The stamp with which an entry is accepted that has got a place in the queue.
    static Cycles accept_stamp(const Queue& queue, Entry& entry) {
        entry.stamp = std::max(entry.stamp, queue.full_until);
        return entry.stamp;
    }

    void answer(Entry& entry, std::uint32_t id, Cycles first, std::uint32_t interval, Response response) {
        entry.answered = true;
        entry.first = first;
        entry.interval = interval;
        entry.response = response;
        next_known_ = false;
        if (response != Response::Ok || !initiators_[entry.initiator]->snooped || entry.burst.no_snoop) {
            return;
        }
        entry.snoops = static_cast<unsigned>(std::count_if(caches_.begin(), caches_.end(), [&](const SnoopPort* cache) {
            return cache->looks_at(entry.burst.access);
        }));
        if (entry.snoops > 0) {
            entry.snoop_due = true;
            entry.was_snooped = true;
            snoops_due_.push_back(id);
        }
    }

    // The first edge from which the head of a queue has been a candidate without a gap (B3); kNever: it is none now.
    Cycles candidate_since(const Queue& queue) const {
        if (queue.accepted == 0) {
            return kNever;
        }
        const Entry& entry = entry_at(queue.waiting.front());
        Cycles since = std::max(entry.stamp + config_.request_latency, queue.head_from);
        if (entry.target == kNoTarget) {
            return since;
        }
        const Target& target = *targets_[entry.target];
        const std::size_t direction = index_of(entry.burst.access);
        // One transaction at a time: the limit is never what hinders a request (B3).
        if (target.in_progress[direction] >= config_.max_outstanding && !topology_->one_at_a_time()) {
            return kNever;
        }
        since = std::max(since, target.room_from[direction]);
        if (foreign(target)) {
            since = target.busy ? kNever : std::max(since, target.ready_from);
        }
        return since;
    }

    // The edge at which an answered entry that is the oldest of its direction may be handed over, as far as it alone is
    // concerned (B4, B6); kNever: not known yet.
    Cycles response_from(const Entry& entry) const {
        if (!entry.answered || entry.snoop_due || entry.snoops > 0) {
            return kNever;
        }
        Cycles from = entry.first + config_.response_latency;
        if (entry.was_snooped) {
            from = std::max(from, entry.snooped + 1);
        }
        return from;
    }

    // Calls `function(number, initiator)` for every initiator with a burst in the bus, in rising order.
    template <typename Function>
    void for_each_occupied(Function function) const {
        for (std::size_t word = 0; word < occupied_.size(); ++word) {
            for (std::uint64_t bits = occupied_[word]; bits != 0; bits &= bits - 1) {
                const auto number =
                    static_cast<std::uint32_t>(word * 64 + static_cast<unsigned>(__builtin_ctzll(bits)));
                function(number, *initiators_[number]);
            }
        }
    }

    // The next edges at which there is something to grant, to answer and to ask.
    Cycles compute_next() const {
        next_grant_ = kNever;
        next_response_ = kNever;
        for_each_occupied([&](std::uint32_t /*number*/, const Initiator& initiator) {
            for (const Queue& queue : initiator.queues) {
                const Cycles since = candidate_since(queue);
                if (since != kNever) {
                    const Lane& lane = lanes_[entry_at(queue.waiting.front()).lane];
                    if (lane.free_at != kNever) {
                        const Cycles from = std::max(since, lane.free_at);
                        next_grant_ =
                            std::min(next_grant_,
                                     lane.refused && from <= lane.refused_at ? std::max(from, lane.retry_at) : from);
                    }
                }
                if (!queue.flight.empty() && !initiator.stalled) {
                    const Cycles from = response_from(entry_at(queue.flight.front()));
                    const Cycles lane = return_lanes_[queue.return_lane].free_at;
                    if (from != kNever && lane != kNever) {
                        next_response_ = std::min(next_response_, std::max({from, lane, initiator.responses_from}));
                    }
                }
            }
        });
        Cycles next = std::min(next_grant_, next_response_);
        for (const std::uint32_t id : snoops_due_) {
            next = std::min(next, entry_at(id).first + 1);
        }
        return evaluated_ ? std::max(next, next == kNever ? kNever : last_edge_ + 1) : next;
    }

    // B3. All candidates are taken down before anything is granted: a queue offers the head that it had before the edge.
    void grant(Cycles edge) {
        asked_.clear();
        for_each_occupied([&](std::uint32_t number, const Initiator& initiator) {
            for (const Queue& queue : initiator.queues) {
                const Cycles since = candidate_since(queue);
                if (since > edge) {
                    continue;
                }
                const std::uint32_t lane_number = entry_at(queue.waiting.front()).lane;
                const Lane& lane = lanes_[lane_number];
                if (lane.free_at > edge) {
                    continue;
                }
                auto& requests = requests_[lane_number];
                if (requests.empty()) {
                    asked_.push_back(lane_number);
                }
                const Cycles from = std::max(since, lane.since_grant[number]);
                if (!requests.empty() && requests.back().index == number) {
                    // Both heads of an initiator on the simple bus.
                    requests.back().since = std::min(requests.back().since, from);
                } else {
                    requests.push_back({number, from});
                }
            }
        });
        std::sort(asked_.begin(), asked_.end());
        for (const std::uint32_t number : asked_) {
            arbitrate(number, edge);
            requests_[number].clear();
        }
        if (!asked_.empty()) {
            deliver(edge);
        }
    }

    void arbitrate(std::uint32_t number, Cycles edge) {
        auto& requests = requests_[number];
        if (has_foreign_) {
            // A lane with a lower number may just have given a foreign target its one request.
            requests.erase(std::remove_if(requests.begin(), requests.end(),
                                          [&](const ArbiterRequest& request) {
                                              return head_for(*initiators_[request.index], number, edge) == nullptr;
                                          }),
                           requests.end());
            if (requests.empty()) {
                return;
            }
        }
        Lane& lane = lanes_[number];
        const int winner = lane.arbiter->pick(requests, edge);
        if (winner == Arbiter::kNobody) {
            lane.refused = true;
            lane.refused_at = edge;
            lane.retry_at = lane.arbiter->next_chance(edge);
            return;
        }
        lane.refused = false;
        grant_to(lane, static_cast<std::uint32_t>(winner), number, edge);
    }

    // The queue whose head the initiator offers to the lane: the only one that goes there, or on the simple bus the one
    // with the older head.
    const Queue* head_for(const Initiator& initiator, std::uint32_t lane, Cycles edge) const {
        const Queue* chosen = nullptr;
        for (const Queue& queue : initiator.queues) {
            if (queue.accepted == 0 || entry_at(queue.waiting.front()).lane != lane || candidate_since(queue) > edge) {
                continue;
            }
            // The write queue comes second and wins if the stamps are equal.
            if (chosen == nullptr || entry_at(queue.waiting.front()).stamp <= entry_at(chosen->waiting.front()).stamp) {
                chosen = &queue;
            }
        }
        return chosen;
    }

    void grant_to(Lane& lane, std::uint32_t number, std::uint32_t lane_number, Cycles edge) {
        Initiator& initiator = *initiators_[number];
        const Queue* chosen = head_for(initiator, lane_number, edge);
        DMASIM_INVARIANT(chosen != nullptr);
        const std::uint32_t id = chosen->waiting.front();
        Entry& entry = entry_at(id);
        Queue& queue = initiator.queues[index_of(entry.burst.access)];
        const bool was_full = queue.accepted >= config_.queue_depth;
        queue.waiting.pop_front();
        queue.flight.push_back(id);
        queue.head_from = edge + 1;
        --queue.accepted;
        if (was_full) {
            queue.full_until = edge;
        }
        if (queue.accepted < queue.waiting.size()) {
            const std::uint32_t next = queue.waiting[queue.accepted];
            ++queue.accepted;
            accept_stamp(queue, entry_at(next));
            accepted_now_.push_back(next);
        }
        lane.arbiter->granted(number, edge);
        lane.since_grant[number] = edge + 1;
        entry.granted = edge;
        const bool write = entry.burst.access == Access::Write;
        const bool foreign_write = write && entry.target != kNoTarget && foreign(*targets_[entry.target]);
        if (topology_->one_at_a_time() || foreign_write) {
            // Its end is not known yet.
            lane.free_at = kNever;
        } else if (!write) {
            lane.free_at = edge + 1;
        } else if (entry.target == kNoTarget) {
            lane.free_at = edge + entry.beats;
        } else {
            lane.free_at = edge + std::uint64_t{entry.beats} * targets_[entry.target]->traits.write_interval;
        }
        report(EventKind::BusGranted, entry, edge);
        if (entry.target == kNoTarget) {
            answer(entry, id, write ? edge + entry.beats : edge + 1, 1, Response::AddressError);
            return;
        }
        Target& target = *targets_[entry.target];
        const std::size_t direction = index_of(entry.burst.access);
        if (++target.in_progress[direction] == config_.max_outstanding) {
            target.full_from[direction] = edge + 1;
        }
        target.busy = foreign(target);
        forward_now_.push_back(id);
    }

    // Hands over what grant() decided. Nothing of the bus's state is half-way here: whoever is called may call back.
    void deliver(Cycles edge) {
        accepted_out_.swap(accepted_now_);
        forward_out_.swap(forward_now_);
        for (const std::uint32_t id : accepted_out_) {
            const Entry& entry = entry_at(id);
            const Cycles at = entry.stamp;
            initiators_[entry.initiator]->master->accepted(entry.burst.tag, at);
        }
        for (const std::uint32_t id : forward_out_) {
            Entry& entry = entry_at(id);
            entry.forwarded = true;
            Target& target = *targets_[entry.target];
            DMASIM_INVARIANT(target.port != nullptr);
            Burst burst = entry.burst;
            burst.tag = id;
            burst.address = entry.target_address;
            burst.snooped = initiators_[entry.initiator]->snooped && !burst.no_snoop && !caches_.empty();
            target.port->request(burst, edge);
        }
        accepted_out_.clear();
        forward_out_.clear();
    }

    // B6.
    void snoop(Cycles edge) {
        if (snoops_due_.empty()) {
            return;
        }
        std::vector<std::uint32_t> now;
        const auto rest = std::stable_partition(snoops_due_.begin(), snoops_due_.end(),
                                                [&](std::uint32_t id) { return entry_at(id).first + 1 > edge; });
        now.assign(rest, snoops_due_.end());
        snoops_due_.erase(rest, snoops_due_.end());
        // Responses of one stamp: by target port, reads first, then as they were granted.
        std::sort(now.begin(), now.end(), [&](std::uint32_t a, std::uint32_t b) {
            const auto key = [&](std::uint32_t id) {
                const Entry& entry = entry_at(id);
                return std::make_tuple(entry.target, index_of(entry.burst.access), entry.granted.count(),
                                       entry.initiator);
            };
            return key(a) < key(b);
        });
        for (const std::uint32_t id : now) {
            entry_at(id).snoop_due = false;
            const Burst burst = entry_at(id).burst;
            for (unsigned cache = 0; cache < caches_.size(); ++cache) {
                if (caches_[cache]->looks_at(burst.access)) {
                    caches_[cache]->snoop(owner_, cache, id, burst, edge);
                }
            }
        }
    }

    // B4.
    void respond(Cycles edge) {
        ready_.clear();
        for_each_occupied([&](std::uint32_t number, const Initiator& initiator) {
            if (initiator.stalled || initiator.responses_from > edge) {
                return;
            }
            for (const Queue& queue : initiator.queues) {
                if (queue.flight.empty() || return_lanes_[queue.return_lane].free_at > edge) {
                    continue;
                }
                const std::uint32_t id = queue.flight.front();
                if (response_from(entry_at(id)) <= edge) {
                    ready_.push_back({queue.return_lane, entry_at(id).granted, ready_.size(), number, id});
                }
            }
        });
        if (ready_.size() > 1) {
            std::sort(ready_.begin(), ready_.end());
        }
        for (const Ready& ready : ready_) {
            // What was handed over before it may have taken its lane, or its initiator may have stalled.
            const Initiator& initiator = *initiators_[ready.initiator];
            if (return_lanes_[ready.lane].free_at <= edge && !initiator.stalled && initiator.responses_from <= edge) {
                hand_over(ready.id, ready.lane, edge);
            }
        }
    }

    void hand_over(std::uint32_t id, std::uint32_t return_lane, Cycles edge) {
        const Entry entry = entry_at(id);
        Initiator& initiator = *initiators_[entry.initiator];
        const std::size_t direction = index_of(entry.burst.access);
        initiator.queues[direction].flight.pop_front();
        if (initiator.empty()) {
            occupied_[entry.initiator / 64] &= ~(std::uint64_t{1} << entry.initiator % 64);
        }
        const bool read = entry.burst.access == Access::Read;
        const std::uint64_t length = read ? std::uint64_t{entry.beats} * entry.interval : 1;
        const Cycles last = read ? edge + (entry.beats - std::uint64_t{1}) * entry.interval : edge;
        return_lanes_[return_lane].free_at = edge + length;
        const bool simple = topology_->one_at_a_time();
        if (simple) {
            lanes_[entry.lane].free_at = last + 1;
        }
        if (entry.target != kNoTarget) {
            Target& target = *targets_[entry.target];
            // Full only between a grant and a response of this very edge: no edge has seen it, there is no gap.
            if (target.in_progress[direction]-- == config_.max_outstanding && target.full_from[direction] <= edge &&
                !simple) {
                target.room_from[direction] = edge + 1;
            }
        }
        free_.push_back(id);
        --outstanding_;
        report(EventKind::BusResponded, entry, edge);
        handing_to_ = entry.initiator;
        initiator.stalled = false;
        initiator.responses_from = Cycles{0};
        if (read) {
            initiator.master->read_data(entry.burst.tag, edge, entry.interval, entry.response);
        } else {
            initiator.master->write_response(entry.burst.tag, edge, entry.response);
        }
        handing_to_ = -1;
        if (initiator.stalled || initiator.responses_from > edge) {
            initiator.held_return_lane = return_lane;
            initiator.held_request_lane = entry.lane;
            initiator.return_lane_free = return_lanes_[return_lane].free_at;
            initiator.request_lane_free = lanes_[entry.lane].free_at;
            if (initiator.stalled) {
                return_lanes_[return_lane].free_at = kNever;
                if (simple) {
                    lanes_[entry.lane].free_at = kNever;
                }
            } else {
                release(initiator, initiator.responses_from - 1);
            }
        }
    }

    // The initiator has taken its response, stamp `at`: what it held is free again.
    void release(Initiator& initiator, Cycles at) {
        return_lanes_[initiator.held_return_lane].free_at = std::max(initiator.return_lane_free, at + 1);
        if (topology_->one_at_a_time()) {
            lanes_[initiator.held_request_lane].free_at = std::max(initiator.request_lane_free, at + 1);
        }
    }

    void report(EventKind kind, const Entry& entry, Cycles at) {
        if (sink_ == nullptr) {
            return;
        }
        TraceEvent event;
        event.at = at;
        event.kind = kind;
        event.access = entry.burst.access;
        event.purpose = entry.burst.purpose;
        event.response = kind == EventKind::BusResponded ? entry.response : Response::Ok;
        event.source = source_;
        event.channel = static_cast<std::uint16_t>(entry.initiator);
        event.tag = entry.burst.tag;
        event.bytes = entry.burst.bytes;
        event.beats = entry.beats;
        event.value = entry.target;
        event.address = entry.burst.address;
        sink_->event(event);
    }

    std::vector<std::unique_ptr<Entry>> entries_;  // References stay valid while requests come in.
    std::vector<std::uint32_t> free_;
    std::vector<std::vector<ArbiterRequest>> requests_;  // By lane; empty but for the lanes in asked_.
    std::vector<std::uint32_t> asked_;
    std::vector<Ready> ready_;
    std::vector<std::uint64_t> occupied_;  // Initiators with a burst in the bus, a bit each.
    bool has_foreign_ = false;
    std::vector<std::uint32_t> accepted_now_;
    std::vector<std::uint32_t> forward_now_;
    std::vector<std::uint32_t> accepted_out_;
    std::vector<std::uint32_t> forward_out_;
    std::vector<std::uint32_t> snoops_due_;
    std::int64_t handing_to_ = -1;
    bool evaluated_ = false;
    Cycles last_edge_;
    mutable Cycles next_;
    mutable Cycles next_grant_;     // As next_,
    mutable Cycles next_response_;  // for each of the two.
};

BusCore::BusCore(const BusConfig& config)
    : config_(checked(config)),
      map_(config_.map, config_.targets),
      impl_(std::make_unique<Impl>(config_, map_, *this)) {}

BusCore::~BusCore() = default;

void BusCore::set_trace(TraceSink* sink, std::uint16_t source) {
    impl_->sink_ = sink;
    impl_->source_ = source;
}

void BusCore::bind_initiator(std::uint32_t initiator, BurstMaster& master) {
    impl_->initiators_.at(initiator)->master = &master;
}

void BusCore::bind_target(std::uint32_t target, BurstPort& port, TargetTraits traits) {
    impl_->targets_.at(target)->port = &port;
    impl_->targets_.at(target)->traits = traits;
    impl_->bound();
}

void BusCore::bind_memory(std::uint32_t target, MemoryCore& memory) {
    bind_target(target, memory, TargetTraits{memory.write_interval()});
    impl_->targets_.at(target)->memory = &memory;
    memory.bind(target_side(target));
}

unsigned BusCore::add_cache(SnoopPort& cache) {
    impl_->caches_.push_back(&cache);
    return static_cast<unsigned>(impl_->caches_.size() - 1);
}

BurstPort& BusCore::initiator_port(std::uint32_t initiator) {
    return *impl_->initiators_.at(initiator);
}

BurstMaster& BusCore::target_side(std::uint32_t target) {
    return *impl_->targets_.at(target);
}

BusCore::Origin BusCore::origin(std::uint32_t id) const {
    return impl_->origin(id);
}

void BusCore::stall_responses(std::uint32_t initiator) {
    impl_->stall(initiator);
}

void BusCore::resume_responses(std::uint32_t initiator, Cycles at) {
    impl_->resume(initiator, at);
}

void BusCore::snooped(unsigned cache, std::uint64_t id, Cycles at) {
    impl_->snooped(cache, id, at);
}

Cycles BusCore::next_edge() const {
    return impl_->next_edge();
}

void BusCore::evaluate(Cycles edge) {
    impl_->evaluate(edge);
}

Cycles BusCore::next_answer(std::uint32_t initiator, Cycles from, Cycles soonest) const {
    return impl_->next_answer(initiator, from, soonest);
}

Cycles BusCore::next_call_outside(const std::vector<bool>& inside, Cycles from, Cycles soonest) const {
    return impl_->next_call_outside(inside, from, soonest);
}

void BusCore::record(StateRecord& state, const std::vector<bool>& leaping) const {
    impl_->record(state, leaping);
}

void BusCore::leap(const Leap& leap) {
    impl_->leap(leap);
}

std::optional<BusCore::InBus> BusCore::find(std::uint32_t initiator, Access access, std::uint32_t tag) const {
    return impl_->find(initiator, access, tag);
}

std::uint64_t BusCore::moves(const Leap& leap, std::uint32_t id) const {
    return impl_->moves(leap, id);
}

std::size_t BusCore::outstanding() const {
    return impl_->outstanding_;
}

}  // namespace dmasim
