// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/lazy_island.h"

#include <algorithm>
#include <utility>

namespace dmasim {

LazyIsland::LazyIsland(BusCore& bus)
    : bus_(bus),
      memories_(bus.config().targets),
      inside_(bus.config().initiators, false),
      blocks_{{&bus, false, false}},
      leaper_(*this) {}

LazyIsland::~LazyIsland() = default;

void LazyIsland::Door::request(const Burst& burst, Cycles at) {
    if (busy_) {
        held_.push_back({burst, at});
        return;
    }
    busy_ = true;
    bus_.request(burst, at);
}

void LazyIsland::Door::accepted(std::uint32_t tag, Cycles at) {
    stale();
    busy_ = false;
    master_.accepted(tag, at);
    if (!busy_ && !held_.empty()) {
        const Held next = held_.front();
        held_.pop_front();
        request(next.burst, std::max(next.at, at));
    }
}

void LazyIsland::add_memory(std::uint32_t target, MemoryCore& memory) {
    memories_.at(target) = &memory;
    bus_.bind_memory(target, memory);
    blocks_.push_back({&memory, false, false});
}

BurstPort& LazyIsland::add_master(std::uint32_t initiator, Clocked& core, BurstMaster& answers) {
    auto door = std::make_unique<Door>(*this, blocks_.size(), bus_.initiator_port(initiator), answers);
    bus_.bind_initiator(initiator, *door);
    inside_.at(initiator) = true;
    masters_.push_back({initiator, &core, nullptr, nullptr, std::move(door)});
    blocks_.push_back({&core, true});
    return *masters_.back().door;
}

BurstPort& LazyIsland::add_master(std::uint32_t initiator, IslandMaster& master) {
    BurstPort& port = add_master(initiator, master.island_core(), master.island_answers());
    masters_.back().hints = &master;
    masters_.back().cadence = master.island_cadence();
    for (Block& block : blocks_) {
        block.disturbs =
            block.disturbs && (block.clocked != masters_.back().core || masters_.back().cadence == nullptr);
    }
    return port;
}

void LazyIsland::add_border(Clocked& block) {
    outside_.push_back({&block, true});
}

Cycles LazyIsland::next_edge() const {
    Cycles next = kNever;
    for (const Block& block : blocks_) {
        next = std::min(next, block.stale ? block.clocked->next_edge() : block.next);
    }
    for (const Block& block : outside_) {
        next = std::min(next, block.clocked->next_edge());
    }
    return next;
}

Cycles LazyIsland::find_next_edge() {
    Cycles next = kNever;
    for (Block& block : blocks_) {
        if (block.stale) {
            block.next = block.clocked->next_edge();
            block.stale = !block.keeps_next;
        }
        next = std::min(next, block.next);
    }
    for (const Block& block : outside_) {
        next = std::min(next, block.clocked->next_edge());
    }
    return next;
}

void LazyIsland::advance_to(Cycles now) {
    for (Cycles edge = find_next_edge(); edge < now; edge = find_next_edge()) {
        carry_out(edge);
        if (leaps_) {
            leaper_.look(edge + 1, now);
        }
    }
    reached_ = std::max(reached_, now);
}

Cycles LazyIsland::evaluate(Cycles edge) {
    find_next_edge();
    carry_out(edge);
    reached_ = std::max(reached_, edge + 1);
    return find_next_edge();
}

void LazyIsland::carry_out(Cycles edge) {
    const auto evaluate = [&](Block& block) {
        block.stale = true;
        block.clocked->evaluate(edge);
        if (block.disturbs) {
            leaper_.forget();
        }
    };
    // What members hand to each other at an edge is for later ones, so who has nothing to do now need not be asked again.
    for (Block& block : blocks_) {
        if (block.next <= edge) {
            evaluate(block);
        }
    }
    // What they hand to the border leaves at that edge.
    for (Block& block : outside_) {
        if (block.clocked->next_edge() <= edge) {
            evaluate(block);
        }
    }
}

Cycles LazyIsland::next_visible() const {
    const Cycles soonest = next_edge();
    if (soonest == kNever) {
        return kNever;
    }
    Cycles next = bus_.next_call_outside(inside_, reached_, soonest);
    for (const Block& block : outside_) {
        next = std::min(next, block.clocked->next_edge());
    }
    for (const Master& master : masters_) {
        const Cycles answer = bus_.next_answer(master.initiator, reached_, soonest);
        const Cycles any = std::min(master.core->next_edge(), answer == kNever ? kNever : answer + 1);
        next = std::min(next, master.hints != nullptr ? master.hints->next_visible(*this, reached_, any) : any);
    }
    return next != kNever ? next : soonest;
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
