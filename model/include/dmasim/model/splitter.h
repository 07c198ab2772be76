// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace dmasim {

/// Limits of bursts that do not change while a controller lives.
struct SplitLimits {
    std::uint32_t bus_bytes = 8;         ///< Bytes of a beat (`S`), a power of two, 4 to 128.
    std::uint32_t max_burst_beats = 16;  ///< 1 to 256, and `bus_bytes * max_burst_beats` <= 4096.
    bool whole_rows = false;             ///< Rows without a fixed side are not cut: the back end does that itself.
};

/// One side (source or destination) of a row that is cut into bursts.
struct SplitSide {
    std::uint64_t address = 0;      ///< Address of the next byte. Arithmetic is modulo 2^64.
    std::uint32_t fixed_bytes = 0;  ///< 0: incrementing; else a fixed address with elements of so many bytes (`w`).
};

/// Bursts never cross a multiple of this many bytes.
inline constexpr std::uint32_t kBurstBoundary = 4096;

/// `limit(x)` of timing.md C2: the greatest number of bytes that one burst may have from `side` on.
///
/// Incrementing: min(4096 - x mod 4096, max_burst*S - x mod S), 1 to 4096. Fixed: max_burst * w. The result is never 0
/// when `limits` are legal.
constexpr std::uint32_t burst_limit(const SplitSide& side, const SplitLimits& limits) {
    if (side.fixed_bytes != 0) {
        return limits.max_burst_beats * side.fixed_bytes;
    }
    const auto to_boundary = kBurstBoundary - static_cast<std::uint32_t>(side.address & (kBurstBoundary - 1));
    const auto to_longest =
        limits.max_burst_beats * limits.bus_bytes - static_cast<std::uint32_t>(side.address & (limits.bus_bytes - 1));
    return to_boundary < to_longest ? to_boundary : to_longest;
}

/// A pure generator of the chunks of one row (timing.md C2): each chunk is one read burst and one write burst.
///
/// With `unit_bytes` != 0 (handshake modes `single` and `demand`) a chunk has at most so many bytes besides. Knows
/// neither time nor channels; a row of 0 bytes is done at once.
class ChunkSplitter {
  public:
    /// A row that is done.
    ChunkSplitter() = default;

    /// `bytes`: length of the row, 0 to 2^64-1.
    ChunkSplitter(const SplitSide& source, const SplitSide& destination, std::uint64_t bytes, const SplitLimits& limits,
                  std::uint32_t unit_bytes = 0);

    /// All chunks were taken.
    [[nodiscard]] bool done() const { return left_ == 0; }
    /// Bytes of the row that were not taken yet.
    [[nodiscard]] std::uint64_t bytes_left() const { return left_; }
    /// Where the next chunk is read from.
    [[nodiscard]] std::uint64_t source() const { return source_.address; }
    /// Where the next chunk is written to.
    [[nodiscard]] std::uint64_t destination() const { return destination_.address; }
    /// Bytes of the next chunk; 0 when done.
    [[nodiscard]] std::uint32_t chunk_bytes() const;
    /// Takes the next chunk: an incrementing side moves on by its bytes. Must not be called when done.
    void next();

    /// So many bytes from here on are cut into chunks by the lengths of bursts alone, not by a 4 KiB boundary or the end
    /// of the row; at least a whole burst is left behind them. 0 for a row with a fixed side.
    [[nodiscard]] std::uint64_t even_bytes() const;
    /// So many bytes from here on are cut as any others are whose two addresses have the same places in their 4 KiB pages; at
    /// least a whole burst is left behind them. Not less than `even_bytes()`. 0 for a row with a fixed side.
    [[nodiscard]] std::uint64_t regular_bytes() const;
    /// Whether all chunks from here on are as long as the longest burst, those of a further row included that has `bytes`
    /// bytes and begins at `source` and `destination`.
    [[nodiscard]] bool goes_on_evenly(std::uint64_t source, std::uint64_t destination, std::uint64_t bytes) const;
    /// Takes chunks of `bytes` (at most `regular_bytes()`) bytes, a whole number of them, at once.
    void skip(std::uint64_t bytes);

  private:
    SplitSide source_;
    SplitSide destination_;
    [[nodiscard]] std::uint64_t longest() const { return std::uint64_t{limits_.max_burst_beats} * limits_.bus_bytes; }

    std::uint64_t left_ = 0;
    SplitLimits limits_;
    std::uint32_t unit_bytes_ = 0;
};

/// The same for an access with one side: the fetch of a descriptor, a status write-back (timing.md C2, last sentence).
class BurstSplitter {
  public:
    /// An access that is done.
    BurstSplitter() = default;

    BurstSplitter(const SplitSide& side, std::uint64_t bytes, const SplitLimits& limits);

    [[nodiscard]] bool done() const { return left_ == 0; }
    [[nodiscard]] std::uint64_t bytes_left() const { return left_; }
    /// Where the next burst begins.
    [[nodiscard]] std::uint64_t address() const { return side_.address; }
    /// Bytes of the next burst; 0 when done.
    [[nodiscard]] std::uint32_t burst_bytes() const;
    /// Takes the next burst. Must not be called when done.
    void next();

  private:
    SplitSide side_;
    std::uint64_t left_ = 0;
    SplitLimits limits_;
};

}  // namespace dmasim
