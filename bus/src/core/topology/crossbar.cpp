// SPDX-License-Identifier: Apache-2.0
#include "kinds.h"

namespace dmasim::detail {

namespace {

constexpr std::uint32_t index_of(Access access) {
    return access == Access::Read ? 0 : 1;
}

// A lane of each direction for each target (one more for what hits none); a return lane of each direction for each
// initiator.
class Crossbar final : public Topology {
  public:
    Crossbar(std::uint32_t initiators, std::uint32_t targets) : initiators_(initiators), targets_(targets) {}

    [[nodiscard]] std::uint32_t request_lanes() const override { return 2 * (targets_ + 1); }
    [[nodiscard]] std::uint32_t request_lane(Access access, std::uint32_t target) const override {
        return 2 * (target == kNoTarget ? targets_ : target) + index_of(access);
    }
    [[nodiscard]] std::uint32_t return_lanes() const override { return 2 * initiators_; }
    [[nodiscard]] std::uint32_t return_lane(Access access, std::uint32_t initiator) const override {
        return 2 * initiator + index_of(access);
    }
    [[nodiscard]] bool one_at_a_time() const override { return false; }

  private:
    std::uint32_t initiators_;
    std::uint32_t targets_;
};

}  // namespace

std::unique_ptr<Topology> make_crossbar(std::uint32_t initiators, std::uint32_t targets) {
    return std::make_unique<Crossbar>(initiators, targets);
}

}  // namespace dmasim::detail
