// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <vector>

#include "policy.h"

namespace dmasim::detail {

namespace {

/// The highest effective priority wins: base + (edge - since) / ageing_cycles, rounded down. Of equal ones the one that
/// has waited longest, then the lowest index; so equal bases share evenly. With one grant at every edge a requester waits
/// less than (difference of the bases + 1) * ageing_cycles + n edges (docs/arbitration.md).
class PriorityAgeing final : public Arbiter {
  public:
    PriorityAgeing(const ArbiterConfig& config, unsigned requesters)
        : priorities_(requesters), ageing_cycles_(config.ageing_cycles) {
        for (unsigned index = 0; index < requesters; ++index) {
            priorities_[index] = setting_of(config.priorities, index, 0);
        }
    }

    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const override {
        const ArbiterRequest* best = nullptr;
        std::uint64_t best_priority = 0;
        for (const ArbiterRequest& request : requests) {
            const std::uint64_t priority = effective(request, edge);
            if (best == nullptr || priority > best_priority ||
                (priority == best_priority && request.since < best->since)) {
                best = &request;
                best_priority = priority;
            }
        }
        return best == nullptr ? kNobody : static_cast<int>(best->index);
    }

    void granted(unsigned /*index*/, Cycles /*edge*/) override {}
    void record(StateRecord& /*state*/) const override {}

  private:
    [[nodiscard]] std::uint64_t effective(const ArbiterRequest& request, Cycles edge) const {
        const std::uint64_t waited = request.since < edge ? (edge - request.since).count() : 0;
        return priorities_[request.index] + waited / ageing_cycles_;
    }

    std::vector<std::uint32_t> priorities_;
    std::uint64_t ageing_cycles_;
};

}  // namespace

std::unique_ptr<Arbiter> make_priority_ageing(const ArbiterConfig& config, unsigned requesters) {
    return std::make_unique<PriorityAgeing>(config, requesters);
}

}  // namespace dmasim::detail
