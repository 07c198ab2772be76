// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "policies.h"

namespace dmasim::detail {

namespace {

/// Gives up the way that has not been used for the longest time.
class Lru final : public Replacement {
  public:
    Lru(std::uint32_t sets, std::uint32_t ways) : ways_(ways), used_(std::size_t{sets} * ways, 0) {}

    void touch(std::uint32_t set, std::uint32_t way) override { used_[std::size_t{set} * ways_ + way] = ++clock_; }

    [[nodiscard]] std::uint32_t victim(std::uint32_t set) const override {
        std::uint32_t oldest = 0;
        for (std::uint32_t way = 1; way < ways_; ++way) {
            if (used_[std::size_t{set} * ways_ + way] < used_[std::size_t{set} * ways_ + oldest]) {
                oldest = way;
            }
        }
        return oldest;
    }

    void replaced(std::uint32_t /*set*/) override {}

  private:
    std::uint32_t ways_;
    std::uint64_t clock_ = 0;
    std::vector<std::uint64_t> used_;
};

}  // namespace

std::unique_ptr<Replacement> make_lru(std::uint32_t sets, std::uint32_t ways, std::uint64_t /*seed*/) {
    return std::make_unique<Lru>(sets, ways);
}

}  // namespace dmasim::detail
