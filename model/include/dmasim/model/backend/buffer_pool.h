// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace dmasim {

/// Buffers of 64 to 4096 bytes that are used again and again, so that a burst costs no allocation in the steady state.
class BufferPool {
  public:
    /// A buffer of at least `bytes` (1 to 4096) bytes.
    std::uint8_t* take(std::uint32_t bytes);
    /// Gives back what `take(bytes)` returned, for the same `bytes`.
    void give_back(std::uint8_t* buffer, std::uint32_t bytes);

  private:
    static constexpr std::size_t kClasses = 7;
    static constexpr std::uint32_t kSmallest = 64;
    static std::size_t class_of(std::uint32_t bytes);

    std::array<std::vector<std::uint8_t*>, kClasses> free_;
    std::vector<std::unique_ptr<std::uint8_t[]>> all_;
};

}  // namespace dmasim
