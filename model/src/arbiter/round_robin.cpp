// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <vector>

#include "policy.h"

namespace dmasim::detail {

namespace {

/// Goes round in a circle, beginning after the requester that was granted last; the first time at index 0. Whoever keeps
/// requesting is granted after at most n-1 grants to others.
class RoundRobin final : public Arbiter {
  public:
    explicit RoundRobin(unsigned requesters) : last_(requesters - 1) {}

    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles /*edge*/) const override {
        return requests.empty() ? kNobody : static_cast<int>(next_after(requests, last_));
    }

    void granted(unsigned index, Cycles /*edge*/) override { last_ = index; }
    void record(StateRecord& state) const override { state.number(last_); }
    [[nodiscard]] bool counts_waiting() const override { return false; }

  private:
    unsigned last_;
};

}  // namespace

std::unique_ptr<Arbiter> make_round_robin(const ArbiterConfig& /*config*/, unsigned requesters) {
    return std::make_unique<RoundRobin>(requesters);
}

}  // namespace dmasim::detail
