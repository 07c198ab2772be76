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
        const bool tie_wins = mutation_ == Mutation::ArbiterTieHighestIndex;
        if (best < 0 || priority > best_priority || (priority == best_priority && tie_wins)) {
            best = static_cast<int>(index);
            best_priority = priority;
        }
    }
    return best;
}

int ClockedArbiter::pick(const std::vector<Edge>& since, Edge edge) const {
    if (config_.kind == "fixed_priority") {
        return highest(since, edge, false);
    }
    if (config_.kind == "priority_ageing") {
        return highest(since, edge, true);
    }
    if (config_.kind == "weighted_round_robin") {
        if (holder_ >= 0) {
            const auto holder = static_cast<unsigned>(holder_);
            const std::uint64_t weight =
                value_of(config_.weights, holder, 1) + (mutation_ == Mutation::WeightOneMore ? 1 : 0);
            if (since[holder] != kNotYet && in_row_ < weight) {
                return holder_;
            }
        }
        return first_from(next_, since);
    }
    if (config_.kind == "time_slots") {
        const Edge late = mutation_ == Mutation::SlotOneCycleLate && edge > 0 ? 1 : 0;
        const Edge slot = (edge - late) / config_.slot_cycles;
        const unsigned owner = config_.slots.empty()
                                   ? static_cast<unsigned>(slot % requesters_)
                                   : config_.slots[static_cast<std::size_t>(slot % config_.slots.size())];
        if (since[owner] != kNotYet) {
            return static_cast<int>(owner);
        }
        return config_.reclaim_slots ? first_from(next_, since) : -1;
    }
    return first_from(next_, since);  // round_robin
}

void ClockedArbiter::granted(unsigned index, Edge edge) {
    static_cast<void>(edge);
    if (mutation_ != Mutation::RoundRobinForgets) {
        next_ = (index + 1) % requesters_;
    }
    in_row_ = holder_ == static_cast<int>(index) ? in_row_ + 1 : 1;
    holder_ = static_cast<int>(index);
}

}  // namespace dmasim::reference
