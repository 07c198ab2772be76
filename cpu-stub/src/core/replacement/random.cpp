// SPDX-License-Identifier: Apache-2.0
#include "policies.h"

namespace dmasim::detail {

namespace {

/// Gives up a way drawn by lot (xorshift64*; the standard library's distributions differ between implementations).
class Random final : public Replacement {
  public:
    Random(std::uint32_t ways, std::uint64_t seed) : ways_(ways), state_(seed ^ 0x9E3779B97F4A7C15ULL) {
        if (state_ == 0) {
            state_ = 1;
        }
        draw();
    }

    void touch(std::uint32_t /*set*/, std::uint32_t /*way*/) override {}
    [[nodiscard]] std::uint32_t victim(std::uint32_t /*set*/) const override { return lot_; }
    void replaced(std::uint32_t /*set*/) override { draw(); }

  private:
    void draw() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        lot_ = static_cast<std::uint32_t>(((state_ * 0x2545F4914F6CDD1DULL) >> 33) % ways_);
    }

    std::uint32_t ways_;
    std::uint64_t state_;
    std::uint32_t lot_ = 0;
};

}  // namespace

std::unique_ptr<Replacement> make_random(std::uint32_t /*sets*/, std::uint32_t ways, std::uint64_t seed) {
    return std::make_unique<Random>(ways, seed);
}

}  // namespace dmasim::detail
