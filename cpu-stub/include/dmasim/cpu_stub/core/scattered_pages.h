// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
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

/// Page frames of a memory, each drawn by lot from those that are free: neighbouring pages of a buffer are far apart, and
/// a page may come again soon, while its lines are still in a cache, or late. The seed decides.
class ScatteredPages {
  public:
    /// `pages` (>= 1) frames of `page_bytes` (a power of two, 64 to 2^20) from `base` on, a multiple of `page_bytes`.
    /// Throws `ConfigError`.
    ScatteredPages(std::uint64_t base, std::uint32_t pages, std::uint32_t page_bytes, std::uint64_t seed);

    /// Moves `pages` of the free frames, drawn by lot, to a pool of their own; all that there are if there are fewer.
    ScatteredPages split(std::size_t pages);

    [[nodiscard]] std::uint32_t page_bytes() const { return page_bytes_; }
    /// Pages that can be handed out.
    [[nodiscard]] std::size_t available() const { return free_.size(); }

    /// A buffer of `bytes` bytes that begins `offset` (below `page_bytes`) bytes into its first page. Frames that happen
    /// to be neighbours are one fragment. Empty if `bytes` is 0 or there are not enough pages.
    ScatteredBuffer allocate(std::uint64_t bytes, std::uint32_t offset = 0);

    /// Gives back the pages of a buffer that `allocate` has handed out, whole.
    void release(const ScatteredBuffer& buffer);

  private:
    ScatteredPages(std::uint32_t page_bytes, std::uint64_t seed) : page_bytes_(page_bytes), random_(seed) {}
    std::uint64_t draw();

    std::uint32_t page_bytes_;
    std::mt19937_64 random_;
    std::vector<std::uint64_t> free_;
};

}  // namespace dmasim
