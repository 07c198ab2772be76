// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <vector>

#include "policy.h"

namespace dmasim::detail {

namespace {

/// Round robin in which a turn lasts up to `weight` grants. The turn ends early when another is granted because its owner
/// does not request; what was left of it is lost. A requester alone begins a new turn after each one.
class WeightedRoundRobin final : public Arbiter {
  public:
    WeightedRoundRobin(const ArbiterConfig& config, unsigned requesters)
        : weights_(requesters), owner_(requesters - 1) {
        for (unsigned index = 0; index < requesters; ++index) {
            weights_[index] = setting_of(config.weights, index, 1);
        }
    }

    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles /*edge*/) const override {
        if (requests.empty()) {
            return kNobody;
        }
        if (left_ != 0 && is_requesting(requests, owner_)) {
            return static_cast<int>(owner_);
        }
        return static_cast<int>(next_after(requests, owner_));
    }

    void granted(unsigned index, Cycles /*edge*/) override {
        if (index == owner_ && left_ != 0) {
            --left_;
            return;
        }
        owner_ = index;
        left_ = weights_[index] - 1;
    }

    void record(StateRecord& state) const override {
        state.number(owner_);
        state.number(left_);
    }
    [[nodiscard]] bool counts_waiting() const override { return false; }

  private:
    std::vector<std::uint32_t> weights_;
    unsigned owner_;          ///< Whose turn it is.
    std::uint32_t left_ = 0;  ///< Grants left in the turn.
};

}  // namespace

std::unique_ptr<Arbiter> make_weighted_round_robin(const ArbiterConfig& config, unsigned requesters) {
    return std::make_unique<WeightedRoundRobin>(config, requesters);
}

}  // namespace dmasim::detail
