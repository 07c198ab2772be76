// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "dmasim/model/errors.h"

#include "policies.h"

namespace dmasim::detail {

namespace {

/// A binary tree of bits over the ways of a set, each pointing to the half that was not used last.
class TreePlru final : public Replacement {
  public:
    TreePlru(std::uint32_t sets, std::uint32_t ways) : ways_(ways), bits_(std::size_t{sets} * ways, false) {}

    void touch(std::uint32_t set, std::uint32_t way) override {
        // Node 1 is the root, node n has children 2n and 2n+1; the leaves are ways_ + way.
        for (std::uint32_t node = ways_ + way; node > 1; node /= 2) {
            bits_[std::size_t{set} * ways_ + node / 2] = node % 2 == 0;
        }
    }

    [[nodiscard]] std::uint32_t victim(std::uint32_t set) const override {
        std::uint32_t node = 1;
        while (node < ways_) {
            node = 2 * node + (bits_[std::size_t{set} * ways_ + node] ? 1U : 0U);
        }
        return node - ways_;
    }

    void replaced(std::uint32_t /*set*/) override {}

  private:
    std::uint32_t ways_;
    std::vector<bool> bits_;  // True: the right half was not used last.
};

}  // namespace

std::unique_ptr<Replacement> make_tree_plru(std::uint32_t sets, std::uint32_t ways, std::uint64_t /*seed*/) {
    if (ways == 0 || (ways & (ways - 1)) != 0) {
        throw ConfigError("replacement tree_plru needs a number of ways that is a power of two");
    }
    return std::make_unique<TreePlru>(sets, ways);
}

}  // namespace dmasim::detail
