// SPDX-License-Identifier: Apache-2.0
#include "kinds.h"

namespace dmasim::detail {

namespace {

constexpr std::uint32_t index_of(Access access) {
    return access == Access::Read ? 0 : 1;
}

// One lane of each direction for all targets, one for what hits none; one return lane of each direction.
class SharedBus final : public Topology {
  public:
    [[nodiscard]] std::uint32_t request_lanes() const override { return 4; }
    [[nodiscard]] std::uint32_t request_lane(Access access, std::uint32_t target) const override {
        return index_of(access) + (target == kNoTarget ? 2U : 0U);
    }
    [[nodiscard]] std::uint32_t return_lanes() const override { return 2; }
    [[nodiscard]] std::uint32_t return_lane(Access access, std::uint32_t) const override { return index_of(access); }
    [[nodiscard]] bool one_at_a_time() const override { return false; }
};

}  // namespace

std::unique_ptr<Topology> make_shared_bus(std::uint32_t, std::uint32_t) {
    return std::make_unique<SharedBus>();
}

}  // namespace dmasim::detail
