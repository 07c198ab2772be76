// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "policy.h"

namespace dmasim::detail {

namespace {

/// Time is divided into slots of `slot_cycles` edges, slot k from edge k * slot_cycles on; their owners follow the table
/// again and again. The owner of the slot wins. A slot whose owner does not request is lost, or serves the others round
/// robin (`reclaim_slots`); the circle of the others begins after the one that was granted last in a foreign slot.
class TimeSlots final : public Arbiter {
  public:
    TimeSlots(const ArbiterConfig& config, unsigned requesters)
        : owners_(config.slots),
          slot_cycles_(config.slot_cycles),
          reclaim_(config.reclaim_slots),
          last_reclaimer_(requesters - 1) {
        for (unsigned index = 0; config.slots.empty() && index < requesters; ++index) {
            owners_.push_back(index);
        }
    }

    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const override {
        if (requests.empty()) {
            return kNobody;
        }
        const unsigned owner = owner_at(edge.count() / slot_cycles_);
        if (is_requesting(requests, owner)) {
            return static_cast<int>(owner);
        }
        return reclaim_ ? static_cast<int>(next_after(requests, last_reclaimer_)) : kNobody;
    }

    void granted(unsigned index, Cycles edge) override {
        if (index != owner_at(edge.count() / slot_cycles_)) {
            last_reclaimer_ = index;
        }
    }

    void record(StateRecord& state) const override {
        // Where in the table: a period is a whole number of rounds.
        state.number(state.base().count() % (slot_cycles_ * owners_.size()));
        state.number(last_reclaimer_);
    }
    [[nodiscard]] bool counts_waiting() const override { return false; }

    [[nodiscard]] Cycles next_chance(Cycles edge) const override {
        const std::uint64_t slot = edge.count() / slot_cycles_;
        for (std::size_t ahead = 1; ahead < owners_.size(); ++ahead) {
            if (owner_at(slot + ahead) != owner_at(slot)) {
                return Cycles{(slot + ahead) * slot_cycles_};
            }
        }
        return kNever;
    }

  private:
    [[nodiscard]] unsigned owner_at(std::uint64_t slot) const {
        return owners_[static_cast<std::size_t>(slot % owners_.size())];
    }

    std::vector<std::uint32_t> owners_;
    std::uint64_t slot_cycles_;
    bool reclaim_;
    unsigned last_reclaimer_;
};

}  // namespace

std::unique_ptr<Arbiter> make_time_slots(const ArbiterConfig& config, unsigned requesters) {
    return std::make_unique<TimeSlots>(config, requesters);
}

}  // namespace dmasim::detail
