// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>

namespace dmasim {

/// A number of clock cycles, or the number of a clock edge counted from edge 0 at time 0.
///
/// Unit: cycles. Range: 0 to 2^64-2; `kNever` (2^64-1) stands for "no such edge". There is no implicit way back to an
/// integer, so that a count of cycles can never be added to a count of bytes (docs/timing.md, "Words").
class Cycles {
  public:
    constexpr Cycles() = default;
    explicit constexpr Cycles(std::uint64_t count) : count_(count) {}

    /// The plain number, in cycles.
    [[nodiscard]] constexpr std::uint64_t count() const { return count_; }

    friend constexpr bool operator==(Cycles a, Cycles b) { return a.count_ == b.count_; }
    friend constexpr bool operator!=(Cycles a, Cycles b) { return a.count_ != b.count_; }
    friend constexpr bool operator<(Cycles a, Cycles b) { return a.count_ < b.count_; }
    friend constexpr bool operator<=(Cycles a, Cycles b) { return a.count_ <= b.count_; }
    friend constexpr bool operator>(Cycles a, Cycles b) { return a.count_ > b.count_; }
    friend constexpr bool operator>=(Cycles a, Cycles b) { return a.count_ >= b.count_; }

    friend constexpr Cycles operator+(Cycles a, Cycles b) { return Cycles{a.count_ + b.count_}; }
    friend constexpr Cycles operator-(Cycles a, Cycles b) { return Cycles{a.count_ - b.count_}; }
    friend constexpr Cycles operator+(Cycles a, std::uint64_t b) { return Cycles{a.count_ + b}; }
    friend constexpr Cycles operator-(Cycles a, std::uint64_t b) { return Cycles{a.count_ - b}; }
    constexpr Cycles& operator+=(std::uint64_t b) {
        count_ += b;
        return *this;
    }
    constexpr Cycles& operator+=(Cycles b) {
        count_ += b.count_;
        return *this;
    }

  private:
    std::uint64_t count_ = 0;
};

/// "No such edge": later than every edge that can be reached.
inline constexpr Cycles kNever{std::numeric_limits<std::uint64_t>::max()};

/// Number of a DMA channel, 0 to 63.
enum class ChannelId : std::uint8_t {};

/// The plain number of a channel.
constexpr unsigned index_of(ChannelId channel) {
    return static_cast<unsigned>(channel);
}

}  // namespace dmasim
