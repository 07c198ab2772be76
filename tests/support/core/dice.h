// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace dmasim::test {

/// splitmix64: the same numbers with every library, which the distributions of <random> do not promise.
class Dice {
  public:
    /// `state`: where the sequence begins. Neighbouring states are the same sequence, some numbers later, only by chance.
    explicit Dice(std::uint64_t state) : state_(state) {}

    std::uint64_t next() {
        state_ += 0x9E37'79B9'7F4A'7C15U;
        std::uint64_t x = state_;
        x = (x ^ x >> 30) * 0xBF58'476D'1CE4'E5B9U;
        x = (x ^ x >> 27) * 0x94D0'49BB'1331'11EBU;
        return x ^ x >> 31;
    }
    /// 0 to `sides` - 1.
    std::uint64_t roll(std::uint64_t sides) { return next() % sides; }

  private:
    std::uint64_t state_;
};

}  // namespace dmasim::test
