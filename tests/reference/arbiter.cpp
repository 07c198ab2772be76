// SPDX-License-Identifier: Apache-2.0
#include "reference/arbiter.h"

#include <algorithm>

namespace dmasim::reference {

ClockedArbiter::ClockedArbiter(const ArbiterConfig& config, unsigned requesters, Mutation mutation)
    : config_(config), requesters_(requesters), mutation_(mutation) {
    config_.ageing_cycles += mutation == Mutation::AgeingOneCycleLate ? 1 : 0;
}

std::uint64_t ClockedArbiter::value_of(const std::vector<std::uint32_t>& list, unsigned index,
                                       std::uint32_t otherwise) const {
    if (list.empty()) {
        return otherwise;
    }
    return index < list.size() ? list[index] : list.back();
}

int ClockedArbiter::first_from(unsigned start, const std::vector<Edge>& since) const {
    for (unsigned step = 0; step < requesters_; ++step) {
        const unsigned index = (start + step) % requesters_;
        if (since[index] != kNotYet) {
            return static_cast<int>(index);
        }
    }
    return -1;
}

int ClockedArbiter::highest(const std::vector<Edge>& since, Edge edge, bool ageing) const {
    int best = -1;
    std::uint64_t best_priority = 0;
    for (unsigned index = 0; index < requesters_; ++index) {
        if (since[index] == kNotYet) {
            continue;
        }
        std::uint64_t priority = value_of(config_.priorities, index, 0);
        if (ageing) {
            priority += (edge - since[index]) / config_.ageing_cycles;
        }
        bool better = best < 0 || priority > best_priority;
        if (!better && priority == best_priority) {
            const Edge waiting_since = since[static_cast<std::size_t>(best)];
            better = (ageing && since[index] < waiting_since) || mutation_ == Mutation::ArbiterTieHighestIndex;
        }
        if (better) {
            best = static_cast<int>(index);
            best_priority = priority;
        }
    }
    return best;
}

unsigned ClockedArbiter::owner_at(Edge edge) const {
    const Edge late = mutation_ == Mutation::SlotOneCycleLate && edge > 0 ? 1 : 0;
    const Edge slot = (edge - late) / config_.slot_cycles;
    if (config_.slots.empty()) {
        return static_cast<unsigned>(slot % requesters_);
    }
    return config_.slots[static_cast<std::size_t>(slot % config_.slots.size())];
}

int ClockedArbiter::pick(const std::vector<Edge>& since, Edge edge) const {
    if (config_.kind == "fixed_priority") {
        return highest(since, edge, false);
    }
    if (config_.kind == "priority_ageing") {
        return highest(since, edge, true);
    }
    if (config_.kind == "weighted_round_robin") {
        // The turn of the one granted last goes on.
        if (turn_left_ > 0 && since[last_] != kNotYet) {
            return static_cast<int>(last_);
        }
        return first_from(next_, since);
    }
    if (config_.kind == "time_slots") {
        const unsigned owner = owner_at(edge);
        if (since[owner] != kNotYet) {
            return static_cast<int>(owner);
        }
        return config_.reclaim_slots ? first_from(next_, since) : -1;
    }
    return first_from(next_, since);  // round_robin
}

void ClockedArbiter::granted(unsigned index, Edge edge) {
    if (config_.kind == "time_slots" && owner_at(edge) == index) {
        return;
    }
    if (turn_left_ > 0 && index == last_) {
        --turn_left_;
    } else {
        turn_left_ = value_of(config_.weights, index, 1) - 1 + (mutation_ == Mutation::WeightOneMore ? 1 : 0);
    }
    last_ = index;
    if (mutation_ != Mutation::RoundRobinForgets) {
        next_ = (index + 1) % requesters_;
    }
}

}  // namespace dmasim::reference
