// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <vector>

#include "policy.h"

namespace dmasim::detail {

namespace {

/// The highest priority wins; of equal ones the lowest index. Nothing protects the others from starving.
class FixedPriority final : public Arbiter {
  public:
    FixedPriority(const ArbiterConfig& config, unsigned requesters) : priorities_(requesters) {
        for (unsigned index = 0; index < requesters; ++index) {
            priorities_[index] = setting_of(config.priorities, index, 0);
        }
    }

    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles /*edge*/) const override {
        const ArbiterRequest* best = nullptr;
        for (const ArbiterRequest& request : requests) {
            if (best == nullptr || priorities_[request.index] > priorities_[best->index]) {
                best = &request;
            }
        }
        return best == nullptr ? kNobody : static_cast<int>(best->index);
    }

    void granted(unsigned /*index*/, Cycles /*edge*/) override {}
    void record(StateRecord& /*state*/) const override {}
    [[nodiscard]] bool counts_waiting() const override { return false; }

  private:
    std::vector<std::uint32_t> priorities_;
};

}  // namespace

std::unique_ptr<Arbiter> make_fixed_priority(const ArbiterConfig& config, unsigned requesters) {
    return std::make_unique<FixedPriority>(config, requesters);
}

}  // namespace dmasim::detail
