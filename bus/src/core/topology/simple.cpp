// SPDX-License-Identifier: Apache-2.0
#include "kinds.h"

namespace dmasim::detail {

namespace {

// One transaction at a time.
class SimpleBus final : public Topology {
  public:
    [[nodiscard]] std::uint32_t request_lanes() const override { return 1; }
    [[nodiscard]] std::uint32_t request_lane(Access, std::uint32_t) const override { return 0; }
    [[nodiscard]] std::uint32_t return_lanes() const override { return 1; }
    [[nodiscard]] std::uint32_t return_lane(Access, std::uint32_t) const override { return 0; }
    [[nodiscard]] bool one_at_a_time() const override { return true; }
};

}  // namespace

std::unique_ptr<Topology> make_simple_bus(std::uint32_t, std::uint32_t) {
    return std::make_unique<SimpleBus>();
}

}  // namespace dmasim::detail
