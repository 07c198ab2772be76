// SPDX-License-Identifier: Apache-2.0
//
// The island at rest (docs/lazy-islands.md, "At rest" and "Visits").
#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>

#include "dmasim/bus/core/beats.h"
#include "dmasim/model/errors.h"

#include "leaper.h"

namespace dmasim {

namespace {

/// So many visits are remembered.
constexpr std::size_t kVisits = 2048;
/// A rest ends after so many periods at the latest.
constexpr std::uint64_t kMostPeriods = std::uint64_t{1} << 40;
/// What follows on a request is watched for so many grants.
constexpr std::uint64_t kMostLearningGrants = 256;

}  // namespace

bool LazyIsland::Leaper::begin_rest(const Cadence& cadence, Cycles base, Cycles now) {
    const Cycles limit = horizon();
    const auto periods_before = [&](Cycles end) {
        return end <= base ? 0 : std::min(kMostPeriods, (end - base).count() / cadence.period);
    };
    // As far as it goes, if all of that lies apart; else only as far as has to be.
    const std::uint64_t most = periods_before(limit);
    if (!prepare(cadence, most, Reach::Job) && !prepare(cadence, most, Reach::Row) &&
        !prepare(cadence, std::min(most, periods_before(now)), Reach::Periods)) {
        return false;
    }
    if (in_step_ && !can_copy_in_step(base)) {
        return false;
    }
    resting_ = true;
    steps_ = &cadence.steps;
    next_step_ = 0;
    std::swap(rested_, finder_.newest());
    cadence_ = &cadence;
    base_ = base;
    here_ = base;
    limit_ = limit;
    visit_ = nullptr;
    offer_count_ = 0;
    find_stop();
    visible_ = kNever;
    for (const Master& master : island_.masters_) {
        if (master.cadence != nullptr) {
            visible_ = std::min(visible_, master.hints->next_visible(island_, base, base));
        }
    }
    return true;
}

void LazyIsland::Leaper::find_stop() {
    const std::uint64_t gone = visit_ != nullptr ? visit_->cycles : 0;
    if (!answers_known()) {
        stop_ = here_ + visit_->known_until;
        return;
    }
    const Cycles from = here_ + gone;
    std::uint64_t periods = std::min(kMostPeriods, (limit_ - from).count() / cadence_->period);
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const Stream& stream = streams_[i];
        if (stream.per_period != 0) {
            const std::uint64_t moved = stream.moved + (gone != 0 ? visit_->bytes[i] : 0);
            periods = std::min(periods, (stream.even - moved) / stream.per_period);
        }
    }
    stop_ = from + periods * cadence_->period;
}

// To the state's last return before `now`. No visit is under way.
void LazyIsland::Leaper::pass_periods(Cycles now) {
    const Cycles end = std::min(now, stop_);
    if (end <= here_) {
        return;
    }
    const std::uint64_t periods = (end - here_).count() / cadence_->period;
    for (std::size_t i = 0; i < stream_count_; ++i) {
        streams_[i].moved += periods * streams_[i].per_period;
    }
    here_ = here_ + periods * cadence_->period;
}

void LazyIsland::Leaper::find_steps(Cycles base, std::vector<std::uint64_t>& steps) const {
    steps.clear();
    for (const Cycles at : stepped_) {
        const bool again = !steps.empty() && base + steps.back() == at;
        if (at > base && !again) {
            steps.push_back((at - base).count());
        }
    }
}

// What is in buffers is what is in memory, so all of it can be copied from there.
bool LazyIsland::Leaper::can_copy_in_step(Cycles base) const {
    std::array<std::uint8_t, 4096> bytes;
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const Stream& stream = streams_[i];
        for (const Flight& flight : stream.flights) {
            if (flight.sampled) {
                stream.from->peek(flight.chunk.source + stream.from_offset, bytes.data(), flight.chunk.bytes, base);
                if (std::memcmp(bytes.data(), flight.chunk.data, flight.chunk.bytes) != 0) {
                    return false;
                }
            }
        }
    }
    return true;
}

// Puts into the storages what was written before the rest began, before anything of the rest comes there or is read from there.
// Not before it has begun: who looks at the edge before that must not see it.
void LazyIsland::Leaper::settle() {
    for (MemoryCore* memory : island_.memories_) {
        if (memory != nullptr) {
            memory->settle(base_);
        }
    }
}

void LazyIsland::Leaper::copy_in_step() {
    settle();
    for (std::size_t i = 0; i < stream_count_; ++i) {
        Stream& stream = streams_[i];
        if (stream.moved != stream.copied) {
            copy_stream(stream);
            stream.copied = stream.moved;
        }
    }
}

void LazyIsland::Leaper::step(Cycles edge) {
    while (resting_ && next_step() <= edge) {
        if (next_step_ < steps_->size()) {
            ++next_step_;
            continue;
        }
        if (!answers_known()) {
            return;
        }
        next_step_ = 0;
        if (visit_ != nullptr) {
            finish_visit();
        } else {
            pass_periods(here_ + cadence_->period);
        }
        copy_in_step();
    }
}

void LazyIsland::Leaper::finish_visit() {
    for (std::size_t i = 0; i < stream_count_; ++i) {
        streams_[i].moved += visit_->bytes[i];
    }
    here_ = here_ + visit_->cycles;
    visit_ = nullptr;
    offer_count_ = 0;
    steps_ = &cadence_->steps;
}

void LazyIsland::Leaper::leave(Cycles now, const Waiting* next) {
    if (visit_ != nullptr && visit_->complete() && now >= here_ + visit_->cycles) {
        finish_visit();
    }
    if (visit_ == nullptr) {
        pass_periods(now);
    }
    resting_ = false;
    const std::uint64_t shape = next != nullptr ? shape_of(*next->door, next->burst) : 0;
    key_.clear();
    if (visit_ != nullptr) {
        key_ = visit_->key;
    } else {
        key_.push_back(cadence_->id);
    }
    // Bytes under way at the beginning have to have arrived, or nothing can be leaped over.
    const bool far_enough = std::all_of(streams_.begin(), streams_.begin() + static_cast<std::ptrdiff_t>(stream_count_),
                                        [](const Stream& stream) { return stream.moved >= stream.under_way; });
    if (far_enough && here_ != base_) {
        distance_ = (here_ - base_).count();
        carry_out();
    } else {
        DMASIM_INVARIANT(visit_ == nullptr);
        here_ = base_;
        for (std::size_t i = 0; i < stream_count_; ++i) {
            streams_[i].moved = 0;
        }
    }
    not_before_ = here_ + cadence_->period;
    island_.all_stale();
    learning_ = shape != 0 && offer_count_ < kMostOffers && (visit_ != nullptr || next->at < here_ + cadence_->period);
    if (learning_) {
        stepped_.clear();
        learned_.clear();
        learning_grants_ = 0;
        key_.push_back((next->at - here_).count());
        key_.push_back(shape);
    } else if (next != nullptr) {
        forget();
    }
    replay();
    if (next != nullptr) {
        island_.evaluate_before(next->at + 1);
        island_.edge_ = next->at;
        if (learning_) {
            add_offer(*next);
        }
        next->door->pass_on(next->burst, next->at);
    }
}

// The visit that is under way, in the blocks themselves. What they answer has been told in part.
void LazyIsland::Leaper::replay() {
    if (visit_ == nullptr) {
        return;
    }
    for (std::size_t n = 0; n < next_call_; ++n) {
        offers_[visit_->calls[n].offer].door->were_made(1);
    }
    visit_ = nullptr;
    for (std::size_t n = 0; n < offer_count_; ++n) {
        Offer& offer = offers_[n];
        island_.evaluate_before(offer.at + 1);
        island_.edge_ = offer.at;
        Burst burst = offer.burst;
        if (burst.access == Access::Write || offer.answered) {
            // Who has been answered has other uses for his buffer.
            offer.bytes.resize(burst.bytes);
            burst.data = offer.bytes.data();
        }
        offer.answered = false;
        offer.door->pass_on(burst, offer.at);
    }
}

LazyIsland::Leaper::Offer& LazyIsland::Leaper::add_offer(const Waiting& request) {
    Offer& offer = offers_[offer_count_++];
    offer.door = request.door;
    offer.burst = request.burst;
    offer.at = request.at;
    offer.answered = false;
    return offer;
}

std::uint64_t LazyIsland::Leaper::shape_of(const Door& door, const Burst& burst) const {
    if (burst.data == nullptr || burst.bytes == 0 || burst.fixed_bytes != 0 || burst.enables != nullptr) {
        return 0;
    }
    const auto window = island_.bus_.map().window_at(burst.address);
    if (!window || island_.interval(burst.access, burst.address, burst.address + (burst.bytes - 1)) == 0) {
        return 0;
    }
    const std::uint64_t beats = bus_beats(burst, island_.bus_.config().bus_bytes());
    return std::uint64_t{door.initiator()} << 48 | std::uint64_t{window->target} << 32 |
           std::uint64_t{burst.access == Access::Write ? 1U : 0U} << 31 | std::uint64_t{burst.bytes} << 13 | beats;
}

LazyIsland::Leaper::Range LazyIsland::Leaper::range_of(const Burst& burst) const {
    const auto window = island_.bus_.map().window_at(burst.address);
    const std::uint64_t first = burst.address - window->first + window->target_first;
    return {island_.memories_[window->target], first, first + (burst.bytes - 1)};
}

// What a visit reads is written by nobody else meanwhile, and what it writes is neither read nor written.
bool LazyIsland::Leaper::is_apart(const Burst& burst, const Range& range) const {
    const auto meets = [&](const Range& other) { return range.meets(other); };
    if (std::any_of(written_.begin(), written_.end(), meets) ||
        (burst.access == Access::Write && std::any_of(read_.begin(), read_.end(), meets))) {
        return false;
    }
    for (std::size_t n = 0; n < offer_count_; ++n) {
        const Offer& offer = offers_[n];
        const bool writes = burst.access == Access::Write || offer.burst.access == Access::Write;
        if (!offer.answered && writes && meets(offer.range)) {
            return false;
        }
    }
    return true;
}

LazyIsland::Leaper::Visit& LazyIsland::Leaper::place_of(const std::vector<std::uint64_t>& key) {
    const std::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size() * sizeof key[0]);
    visits_.resize(kVisits);
    return visits_[std::hash<std::string_view>{}(bytes) % kVisits];
}

bool LazyIsland::Leaper::enter_visit(const Waiting& request) {
    const std::uint64_t shape = shape_of(*request.door, request.burst);
    if (shape == 0 || offer_count_ == kMostOffers) {
        return false;
    }
    if (visit_ != nullptr && visit_->complete() && request.at >= here_ + visit_->cycles) {
        finish_visit();
    }
    if (visit_ == nullptr) {
        pass_periods(request.at);
        key_.clear();
        key_.push_back(cadence_->id);
    } else {
        key_ = visit_->key;
    }
    key_.push_back((request.at - here_).count());
    key_.push_back(shape);
    const Visit& visit = place_of(key_);
    if (visit.key != key_) {
        return false;
    }
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const Stream& stream = streams_[i];
        if (stream.moved < stream.under_way || stream.moved + visit.bytes[i] > stream.even) {
            return false;
        }
    }
    const Range range = range_of(request.burst);
    if (here_ + (visit.complete() ? visit.cycles : visit.known_until) > limit_ || !is_apart(request.burst, range)) {
        return false;
    }
    if (visit_ == nullptr) {
        next_call_ = 0;
    }
    settle();
    visit_ = &visit;
    steps_ = &visit.steps;
    next_step_ = static_cast<std::size_t>(
        std::upper_bound(steps_->begin(), steps_->end(), (request.at - here_).count()) - steps_->begin());
    Offer& offer = add_offer(request);
    offer.range = range;
    if (request.burst.access == Access::Write) {
        offer.bytes.assign(request.burst.data, request.burst.data + request.burst.bytes);
    }
    ++visits_made_;
    find_stop();
    make_calls(request.at);
    return true;
}

void LazyIsland::Leaper::make_calls(Cycles edge) {
    while (visit_ != nullptr && next_call() <= edge) {
        const Call call = visit_->calls[next_call_++];
        Offer& offer = offers_[call.offer];
        const std::uint32_t tag = offer.burst.tag;
        const Cycles stamp = here_ + call.stamp;
        MemoryCore& memory = *offer.range.memory;
        switch (call.kind) {
            case CallKind::Accepted:
                offer.door->take_accepted(tag, stamp);
                break;
            case CallKind::ReadData:
                memory.storage().read(offer.range.first, offer.burst.data, offer.burst.bytes);
                offer.answered = true;
                offer.door->take_read_data(tag, stamp, call.interval, Response::Ok);
                break;
            case CallKind::WriteResponse:
                memory.storage().write(offer.range.first, offer.bytes.data(), offer.burst.bytes);
                offer.answered = true;
                offer.door->take_write_response(tag, stamp, Response::Ok);
                break;
        }
    }
}

void LazyIsland::Leaper::settle_offers() {
    while (!waiting_.empty()) {
        const Waiting request = waiting_.front();
        waiting_.pop_front();
        if (!resting_) {
            requested(*request.door, request.burst, request.at);
            request.door->pass_on(request.burst, request.at);
        } else if (!enter_visit(request)) {
            leave(request.at, &request);
        }
    }
}

void LazyIsland::Leaper::requested(Door& door, const Burst& burst, Cycles at) {
    if (!learning_) {
        forget();
        return;
    }
    const std::uint64_t shape = shape_of(door, burst);
    if (shape == 0 || offer_count_ == kMostOffers) {
        forget();
        return;
    }
    learn_until(at);
    key_.push_back((at - here_).count());
    key_.push_back(shape);
    add_offer({&door, burst, at});
}

// Of what followed on the requests before the one at `at`, so much is known.
void LazyIsland::Leaper::learn_until(Cycles at) {
    Visit& visit = place_of(key_);
    if (visit.key == key_) {
        return;
    }
    visit.key.clear();
    visit.bytes.clear();
    // How far the rows are; this edge may have been evaluated, so it may be less.
    StateRecord& state = finder_.newest().state;
    state.begin(at);
    channels_.clear();
    for (const Master& master : island_.masters_) {
        if (master.cadence != nullptr) {
            master.cadence->channels(channels_);
            if (leaping_[master.initiator]) {
                master.cadence->record(state);
            }
        }
    }
    if (!state.possible() || !state.same_work_as(rested_.state) || channels_.size() != stream_count_) {
        return;
    }
    for (std::size_t i = 0; i < stream_count_; ++i) {
        if (channels_[i].channel != rested_.channels[i].channel) {
            return;
        }
        // Behind what is even bursts are cut otherwise, and so may other things come at other times.
        const std::uint64_t bytes = rested_.channels[i].left - channels_[i].left - streams_[i].moved;
        if (bytes > streams_[i].even - streams_[i].moved) {
            return;
        }
        visit.bytes.push_back(bytes);
    }
    visit.key = key_;
    visit.cycles = 0;
    visit.known_until = (at - here_).count();
    keep_calls(visit);
    find_steps(here_, visit.steps);
}

void LazyIsland::Leaper::heard(const Door& door, const Door::Call& made) {
    if (!learning_) {
        return;
    }
    for (std::size_t n = 0; n < offer_count_; ++n) {
        Offer& offer = offers_[n];
        const bool is_it = offer.door == &door && offer.burst.tag == made.tag && !offer.answered &&
                           (made.kind == CallKind::Accepted ||
                            (offer.burst.access == Access::Read) == (made.kind == CallKind::ReadData));
        if (!is_it) {
            continue;
        }
        offer.answered = made.kind != CallKind::Accepted;
        Call call;
        call.kind = made.kind;
        call.offer = static_cast<std::uint32_t>(n);
        call.interval = made.interval;
        call.edge = (island_.edge_ - here_).count();
        call.stamp = (made.at - here_).count();
        learned_.push_back(call);
        complete_beginnings(call);
        learning_ = made.response == Response::Ok;
        return;
    }
    learning_ = false;
}

// A request that a door has held comes while the bus makes its calls: what it calls later at that edge belongs to what is known
// of the requests before it, too.
void LazyIsland::Leaper::complete_beginnings(const Call& call) {
    for (std::size_t offers = call.offer + std::size_t{1}; offers < offer_count_; ++offers) {
        if (key_[1 + 2 * offers] != call.edge) {
            continue;
        }
        const std::vector<std::uint64_t> key(key_.begin(), key_.begin() + static_cast<std::ptrdiff_t>(1 + 2 * offers));
        Visit& visit = place_of(key);
        const bool is_there = visit.key != key || visit.known_until != call.edge ||
                              std::any_of(visit.calls.begin(), visit.calls.end(), [&](const Call& other) {
                                  return other.offer == call.offer && other.kind == call.kind;
                              });
        if (!is_there) {
            visit.calls.push_back(call);
            sort_calls(visit);
        }
    }
}

void LazyIsland::Leaper::keep_calls(Visit& visit) {
    visit.calls = learned_;
    sort_calls(visit);
}

// In an order that does not depend on which of two calls of one edge came first.
void LazyIsland::Leaper::sort_calls(Visit& visit) {
    std::stable_sort(visit.calls.begin(), visit.calls.end(), [](const Call& a, const Call& b) {
        return a.edge != b.edge ? a.edge < b.edge : a.offer < b.offer;
    });
}

// At a grant: whether the visit that is being watched is over.
void LazyIsland::Leaper::learn(Cycles base) {
    const StateRecord& state = finder_.newest().state;
    if (state.same_state_as(rested_.state)) {
        learning_ = state.same_as(rested_.state);
        if (learning_) {
            finish_learning(base);
        }
    } else if (++learning_grants_ == kMostLearningGrants) {
        forget();
    }
}

// The state is the same as before the visit, and the newest record is that of it.
void LazyIsland::Leaper::finish_learning(Cycles base) {
    learning_ = false;
    if (base > limit_) {
        return;  // Something happened in it that is no part of the cadence.
    }
    Visit& visit = place_of(key_);
    visit.key.clear();
    visit.bytes.clear();
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const Stream& stream = streams_[i];
        const auto bytes = way(rested_.channels[i], stream.moved, finder_.newest().channels[i]);
        if (!bytes || *bytes > stream.even - stream.moved) {
            return;
        }
        visit.bytes.push_back(*bytes);
    }
    visit.key = key_;
    visit.cycles = (base - here_).count();
    visit.known_until = 0;
    keep_calls(visit);
    find_steps(here_, visit.steps);
}

}  // namespace dmasim
