// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace dmasim {

/// A piece of memory that lies in one run of physical addresses.
struct MemoryFragment {
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;

    friend bool operator==(const MemoryFragment& a, const MemoryFragment& b) {
        return a.address == b.address && a.bytes == b.bytes;
    }
};

/// A buffer that is one run of bytes for its user and a list of fragments in physical memory.
using ScatteredBuffer = std::vector<MemoryFragment>;

/// The bytes `offset` to `offset + bytes - 1` of `buffer`, as far as it has them.
ScatteredBuffer part_of(const ScatteredBuffer& buffer, std::uint64_t offset, std::uint64_t bytes);

/// Page frames of a memory, handed out in the order of a seeded permutation, so that neighbouring pages of a buffer are
/// as far apart as in a computer that has been running for a while. Pages that come back go to the end of the queue.
class ScatteredPages {
  public:
    /// `pages` (>= 1) frames of `page_bytes` (a power of two, 64 to 2^20) from `base` on, a multiple of `page_bytes`.
    /// Throws `ConfigError`.
    ScatteredPages(std::uint64_t base, std::uint32_t pages, std::uint32_t page_bytes, std::uint64_t seed);

    [[nodiscard]] std::uint32_t page_bytes() const { return page_bytes_; }
    /// Pages that can be handed out.
    [[nodiscard]] std::size_t available() const { return free_.size(); }

    /// A buffer of `bytes` bytes that begins `offset` (below `page_bytes`) bytes into its first page. Frames that happen
    /// to be neighbours are one fragment. Empty if `bytes` is 0 or there are not enough pages.
    ScatteredBuffer allocate(std::uint64_t bytes, std::uint32_t offset = 0);

    /// Gives back the pages of a buffer that `allocate` has handed out, whole.
    void release(const ScatteredBuffer& buffer);

  private:
    std::uint32_t page_bytes_;
    std::deque<std::uint64_t> free_;
};

}  // namespace dmasim
