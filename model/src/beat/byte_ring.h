// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace dmasim::detail {

/// Bytes in order, between the read beats that bring them and the write beats that take them away.
class ByteRing {
  public:
    void push(const std::uint8_t* bytes, std::size_t count) {
        if (head_ != 0 && bytes_.size() + count > bytes_.capacity()) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
        bytes_.insert(bytes_.end(), bytes, bytes + count);
    }
    /// `count` bytes must be there.
    void pop(std::uint8_t* bytes, std::size_t count) {
        std::memcpy(bytes, bytes_.data() + head_, count);
        head_ += count;
        if (head_ == bytes_.size()) {
            clear();
        }
    }
    [[nodiscard]] std::size_t size() const { return bytes_.size() - head_; }
    void clear() {
        bytes_.clear();
        head_ = 0;
    }

  private:
    std::vector<std::uint8_t> bytes_;
    std::size_t head_ = 0;
};

}  // namespace dmasim::detail
