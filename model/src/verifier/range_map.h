// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <optional>

namespace dmasim::detail {

/// A range of addresses that is not empty. `last` is inside, so that a range can reach up to 2^64.
struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    [[nodiscard]] std::uint64_t bytes() const { return last - first + 1; }
    [[nodiscard]] bool contains(std::uint64_t address) const { return address >= first && address <= last; }
    [[nodiscard]] bool contains(const ByteRange& other) const { return other.first >= first && other.last <= last; }
    [[nodiscard]] bool overlaps(const ByteRange& other) const { return first <= other.last && other.first <= last; }
};

/// The range of `bytes` bytes; nothing if it is empty or goes past 2^64.
inline std::optional<ByteRange> range_of(std::uint64_t address, std::uint64_t bytes) {
    if (bytes == 0 || bytes - 1 > std::numeric_limits<std::uint64_t>::max() - address) {
        return std::nullopt;
    }
    return ByteRange{address, address + (bytes - 1)};
}

/// Values of ranges of addresses; ranges do not overlap. Costs what there are ranges, however long those are.
template <typename Value>
class RangeMap {
  public:
    [[nodiscard]] bool empty() const { return ranges_.empty(); }
    void clear() { ranges_.clear(); }

    void erase(const ByteRange& range) {
        auto place = first_at_or_after(range.first);
        while (place != ranges_.end() && place->first <= range.last) {
            const ByteRange old{place->first, place->second.last};
            const Value value = place->second.value;
            place = ranges_.erase(place);
            if (old.first < range.first) {
                ranges_.emplace(old.first, Entry{range.first - 1, value});
            }
            if (old.last > range.last) {
                place = ranges_.emplace(range.last + 1, Entry{old.last, value}).first;
                break;
            }
        }
    }

    void assign(const ByteRange& range, const Value& value) {
        erase(range);
        ranges_.emplace(range.first, Entry{range.last, value});
    }

    /// As `assign`, and joins adjacent ranges of the same value.
    void cover(ByteRange range, const Value& value) {
        erase(range);
        auto next = ranges_.upper_bound(range.first);
        if (next != ranges_.end() && next->first == range.last + 1 && next->second.value == value) {
            range.last = next->second.last;
            next = ranges_.erase(next);
        }
        if (next != ranges_.begin()) {
            const auto before = std::prev(next);
            if (before->second.last + 1 == range.first && before->second.value == value) {
                before->second.last = range.last;
                return;
            }
        }
        ranges_.emplace_hint(next, range.first, Entry{range.last, value});
    }

    /// Calls `visit(part of a range that lies in `range`, its value)` in rising order of address.
    template <typename Function>
    void for_each(const ByteRange& range, Function visit) const {
        for (auto place = first_at_or_after(range.first); place != ranges_.end() && place->first <= range.last;
             ++place) {
            visit(ByteRange{std::max(place->first, range.first), std::min(place->second.last, range.last)},
                  place->second.value);
        }
    }

    /// The value at `address`, or null.
    [[nodiscard]] const Value* find(std::uint64_t address) const {
        const auto place = first_at_or_after(address);
        return place != ranges_.end() && place->first <= address ? &place->second.value : nullptr;
    }

    [[nodiscard]] bool touches(const ByteRange& range) const {
        const auto place = first_at_or_after(range.first);
        return place != ranges_.end() && place->first <= range.last;
    }

    /// Bytes of `range` that have a value.
    [[nodiscard]] std::uint64_t covered(const ByteRange& range) const {
        std::uint64_t bytes = 0;
        for_each(range, [&](const ByteRange& part, const Value&) { bytes += part.bytes(); });
        return bytes;
    }

    /// The first part of `range` without a value.
    [[nodiscard]] std::optional<ByteRange> first_gap(const ByteRange& range) const {
        std::uint64_t from = range.first;
        for (auto place = first_at_or_after(from); place != ranges_.end() && place->first <= from; ++place) {
            if (place->second.last >= range.last) {
                return std::nullopt;
            }
            from = place->second.last + 1;
        }
        const auto next = ranges_.lower_bound(from);
        const std::uint64_t last = next != ranges_.end() && next->first <= range.last ? next->first - 1 : range.last;
        return ByteRange{from, last};
    }

    /// Visits all ranges.
    template <typename Function>
    void for_all(Function visit) const {
        for (const auto& [first, entry] : ranges_) {
            visit(ByteRange{first, entry.last}, entry.value);
        }
    }

  private:
    struct Entry {
        std::uint64_t last;
        Value value;
    };
    using Map = std::map<std::uint64_t, Entry>;

    /// The first range that ends at or after `address`.
    [[nodiscard]] typename Map::const_iterator first_at_or_after(std::uint64_t address) const {
        auto place = ranges_.upper_bound(address);
        if (place != ranges_.begin() && std::prev(place)->second.last >= address) {
            --place;
        }
        return place;
    }
    [[nodiscard]] typename Map::iterator first_at_or_after(std::uint64_t address) {
        auto place = ranges_.upper_bound(address);
        if (place != ranges_.begin() && std::prev(place)->second.last >= address) {
            --place;
        }
        return place;
    }

    Map ranges_;
};

}  // namespace dmasim::detail
