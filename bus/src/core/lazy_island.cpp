// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/lazy_island.h"

#include <algorithm>
#include <utility>

#include "dmasim/model/errors.h"

#include "leaper.h"

namespace dmasim {

namespace {

/// A rest may always go on for so long.
constexpr std::uint64_t kFar = std::uint64_t{1} << 40;

}  // namespace

LazyIsland::LazyIsland(BusCore& bus)
    : bus_(bus),
      memories_(bus.config().targets),
      inside_(bus.config().initiators, false),
      blocks_{{&bus, false}},
      leaper_(std::make_unique<Leaper>(*this)) {}

LazyIsland::~LazyIsland() = default;

void LazyIsland::Door::request(const Burst& burst, Cycles at) {
    if (busy_) {
        held_.push_back({burst, at});
        return;
    }
    busy_ = true;
    if (island_.leaper_->resting()) {
        island_.leaper_->offered(*this, burst, at);
        return;
    }
    if (visits_) {
        island_.leaper_->requested(*this, burst, at);
    } else {
        island_.leaper_->stepped(at);
    }
    bus_.request(burst, at);
}

void LazyIsland::Door::take_accepted(std::uint32_t tag, Cycles at) {
    stale();
    busy_ = false;
    master_.accepted(tag, at);
    if (!busy_ && !held_.empty()) {
        const Held next = held_.front();
        held_.pop_front();
        request(next.burst, std::max(next.at, at));
    }
}

bool LazyIsland::Door::was_made(const Call& call) {
    if (!visits_) {
        return false;
    }
    island_.leaper_->heard(*this, call);
    if (made_ == 0) {
        return false;
    }
    --made_;
    return true;
}

void LazyIsland::Door::accepted(std::uint32_t tag, Cycles at) {
    if (!was_made({CallKind::Accepted, tag, at, 1, Response::Ok})) {
        take_accepted(tag, at);
    }
}

void LazyIsland::Door::read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) {
    if (!was_made({CallKind::ReadData, tag, first, interval, response})) {
        take_read_data(tag, first, interval, response);
    }
}

void LazyIsland::Door::write_response(std::uint32_t tag, Cycles at, Response response) {
    if (!was_made({CallKind::WriteResponse, tag, at, 1, response})) {
        take_write_response(tag, at, response);
    }
}

void LazyIsland::add_memory(std::uint32_t target, MemoryCore& memory) {
    memories_.at(target) = &memory;
    bus_.bind_memory(target, memory);
    blocks_.push_back({&memory, false});
}

BurstPort& LazyIsland::add_master(std::uint32_t initiator, Clocked& core, BurstMaster& answers) {
    auto door = std::make_unique<Door>(*this, blocks_.size(), initiator, bus_.initiator_port(initiator), answers);
    bus_.bind_initiator(initiator, *door);
    inside_.at(initiator) = true;
    masters_.push_back({initiator, &core, nullptr, nullptr, std::move(door), blocks_.size()});
    blocks_.push_back({&core});
    return *masters_.back().door;
}

BurstPort& LazyIsland::add_master(std::uint32_t initiator, IslandMaster& master) {
    BurstPort& port = add_master(initiator, master.island_core(), master.island_answers());
    masters_.back().hints = &master;
    masters_.back().cadence = master.island_cadence();
    if (masters_.back().cadence != nullptr) {
        masters_.back().door->set_regular();
    }
    return port;
}

void LazyIsland::add_border(Clocked& block) {
    outside_.push_back({&block});
}

void LazyIsland::all_stale() {
    for (Block& block : blocks_) {
        block.stale = true;
    }
}

void LazyIsland::touched() {
    // Who gives an input has looked before.
    DMASIM_INVARIANT(!leaper_->resting());
    leaper_->forget();
    all_stale();
}

void LazyIsland::touched(const Clocked& core) {
    for (Block& block : blocks_) {
        block.stale = block.stale || block.clocked == &core;
    }
}

std::uint64_t LazyIsland::leaped_cycles() const {
    return leaper_->cycles_leaped();
}

std::uint64_t LazyIsland::visits() const {
    return leaper_->visits();
}

Cycles LazyIsland::next_of_border() const {
    Cycles next = kNever;
    for (const Block& block : outside_) {
        next = std::min(next, block.clocked->next_edge());
    }
    return next;
}

Cycles LazyIsland::next_of(Block& block) {
    if (block.stale) {
        block.next = block.clocked->next_edge();
        block.stale = !block.keeps_next;
    }
    return block.next;
}

Cycles LazyIsland::next_of_visitors() {
    Cycles next = kNever;
    for (const Master& master : masters_) {
        if (master.cadence == nullptr) {
            next = std::min(next, next_of(blocks_[master.block]));
        }
    }
    return next;
}

Cycles LazyIsland::next_edge() {
    if (leaper_->resting()) {
        return std::min(
            {leaper_->next_step(), leaper_->stop(), leaper_->next_call(), next_of_visitors(), next_of_border()});
    }
    return find_next_edge();
}

Cycles LazyIsland::find_next_edge() {
    Cycles next = next_of_border();
    for (Block& block : blocks_) {
        next = std::min(next, next_of(block));
    }
    return next;
}

void LazyIsland::advance_to(Cycles now) {
    proceed_to(now);
    if (leaper_->resting()) {
        leaper_->leave(now);
        evaluate_before(now);
    }
}

void LazyIsland::proceed_to(Cycles now) {
    while (true) {
        rest_until(now);
        if (leaper_->resting()) {
            break;
        }
        const Cycles edge = find_next_edge();
        if (edge >= now) {
            break;
        }
        carry_out(edge);
        if (leaps_) {
            leaper_->look(edge + 1, now);
        }
    }
    reached_ = std::max(reached_, now);
}

void LazyIsland::rest_until(Cycles now) {
    while (leaper_->resting()) {
        const Cycles edge = std::min(next_of_visitors(), leaper_->next_call());
        const Cycles stop = leaper_->stop();
        const Cycles border = next_of_border();
        if (std::min({edge, stop, border}) >= now) {
            return;
        }
        if (border <= edge || stop < edge) {
            leaper_->leave(std::min(border, stop));
            return;
        }
        leaper_->make_calls(edge);
        for (const Master& master : masters_) {
            Block& block = blocks_[master.block];
            if (master.cadence == nullptr && block.next <= edge) {
                block.stale = true;
                block.clocked->evaluate(edge);
            }
        }
        edge_ = edge;
        leaper_->settle_offers();
    }
}

void LazyIsland::evaluate_before(Cycles now) {
    for (Cycles edge = find_next_edge(); edge < now; edge = find_next_edge()) {
        carry_out(edge);
    }
}

Cycles LazyIsland::evaluate(Cycles edge) {
    reached_ = std::max(reached_, edge + 1);
    if (leaper_->resting()) {
        rest_until(edge + 1);
        if (leaper_->resting()) {
            leaper_->step(edge);
            return next_edge();
        }
        evaluate_before(edge);
    }
    find_next_edge();
    carry_out(edge);
    if (leaps_) {
        leaper_->look(edge + 1, edge + kFar);
    }
    return next_edge();
}

void LazyIsland::stay_in_step() {
    leaper_->stay_in_step(true);
}

bool LazyIsland::resting() const {
    return leaper_->resting();
}

void LazyIsland::carry_out(Cycles edge) {
    edge_ = edge;
    // What members hand to each other at an edge is for later ones, so who has nothing to do now need not be asked again.
    for (Block& block : blocks_) {
        if (block.next <= edge) {
            block.stale = true;
            block.clocked->evaluate(edge);
        }
    }
    // What they hand to the border leaves at that edge. It is no part of a cadence.
    for (Block& block : outside_) {
        if (block.clocked->next_edge() <= edge) {
            block.clocked->evaluate(edge);
            leaper_->forget();
        }
    }
}

Cycles LazyIsland::next_visible() {
    if (leaper_->resting()) {
        return next_visible_at_rest();
    }
    const Cycles soonest = find_next_edge();
    if (soonest == kNever) {
        return kNever;
    }
    Cycles next = std::min(bus_.next_call_outside(inside_, reached_, soonest), next_of_border());
    for (const Master& master : masters_) {
        const Cycles answer = bus_.next_answer(master.initiator, reached_, soonest);
        const Cycles any = std::min(master.core->next_edge(), answer == kNever ? kNever : answer + 1);
        next = std::min(next, master.hints != nullptr ? master.hints->next_visible(*this, reached_, any) : any);
    }
    return next != kNever ? next : soonest;
}

Cycles LazyIsland::next_visible_at_rest() {
    const Cycles answer = leaper_->next_call();
    const Cycles known = leaper_->answers_known() ? leaper_->next_visible() : leaper_->stop();
    const Cycles next = std::min({answer, known, next_of_border(), next_of_visitors()});
    return next != kNever ? next : leaper_->stop();
}

std::uint32_t LazyIsland::interval(Access access, std::uint64_t first, std::uint64_t last) const {
    const auto window = bus_.map().window_at(first);
    if (!window || last > window->last || memories_[window->target] == nullptr) {
        return 0;
    }
    const MemoryCore& memory = *memories_[window->target];
    const std::uint64_t there = first - window->first + window->target_first;
    if (!memory.surely_ok(access, there, there + (last - first))) {
        return 0;
    }
    return access == Access::Read ? memory.read_interval() : memory.write_interval();
}

}  // namespace dmasim
