// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/beat/beat_system.h"

#include <algorithm>

namespace dmasim {

BeatSystem::BeatSystem(std::unique_ptr<BeatFabric> fabric, std::vector<BeatMaster*> masters,
                       std::vector<BeatSlave*> slaves)
    : fabric_(std::move(fabric)),
      masters_(std::move(masters)),
      slaves_(std::move(slaves)),
      from_masters_(masters_.size()),
      at_slaves_(slaves_.size()),
      from_slaves_(slaves_.size()),
      at_masters_(masters_.size()) {}

Cycles BeatSystem::next_edge() const {
    return std::min(next_, wake_);
}

Cycles BeatSystem::next_visible() const {
    const Cycles next = next_edge();
    Cycles seen = kNever;
    for (const std::function<Cycles(Cycles)>& bound : visible) {
        seen = std::min(seen, next == kNever ? kNever : bound(next));
    }
    return seen == kNever ? next : std::max(next, seen);
}

void BeatSystem::reset() {
    fabric_->reset();
    for (BeatSlave* slave : slaves_) {
        slave->reset();
    }
}

void BeatSystem::evaluate(Cycles t) {
    if (wake_ <= t) {
        wake_ = kNever;
    }
    for (const std::function<void(Cycles)>& look : before) {
        look(t);
    }
    // 1. Slaves drive from their state; 2. the fabric shows it to the masters; 3. these answer; 4. the fabric shows that
    // to the slaves; 5. the cycle ends for everybody.
    for (std::size_t s = 0; s < slaves_.size(); ++s) {
        from_slaves_[s] = slaves_[s]->outputs(t);
    }
    fabric_->to_masters(from_slaves_, at_masters_);
    for (std::size_t m = 0; m < masters_.size(); ++m) {
        from_masters_[m] = masters_[m]->outputs(t, at_masters_[m]);
    }
    fabric_->to_slaves(from_masters_, from_slaves_, at_slaves_);
    if (probe_ != nullptr) {
        probe_->cycle(t, from_masters_, at_masters_);
    }
    const bool fabric_changed = fabric_->clock(from_masters_, from_slaves_);
    for (std::size_t s = 0; s < slaves_.size(); ++s) {
        slaves_[s]->clock(t, at_slaves_[s]);
    }
    for (std::size_t m = 0; m < masters_.size(); ++m) {
        masters_[m]->clock(t, at_masters_[m]);
    }
    Cycles next = fabric_changed || every_cycle_ ? t + 1 : kNever;
    for (const BeatSlave* slave : slaves_) {
        next = std::min(next, slave->next_change(t));
    }
    for (const BeatMaster* master : masters_) {
        next = std::min(next, master->next_change(t));
    }
    next_ = next;
}

}  // namespace dmasim
