// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "dmasim/cpu_stub/core/config.h"
#include "dmasim/cpu_stub/core/replacement.h"

namespace dmasim::detail {

/// Place of a line in the cache.
struct Place {
    std::uint32_t set = 0;
    std::uint32_t way = 0;
};

/// Tags, bytes and dirty flags of a cache. Knows nothing of time and of the bus.
class CacheArray {
  public:
    struct Line {
        bool valid = false;
        std::uint32_t dirty_count = 0;  // Bytes whose dirty flag is set.
        std::uint64_t address = 0;      // Of the first byte.
    };

    explicit CacheArray(const CacheConfig& config)
        : line_bytes_(config.line_bytes),
          ways_(config.ways),
          sets_(config.sets()),
          lines_(std::size_t{sets_} * ways_),
          data_(lines_.size() * line_bytes_),
          dirty_(lines_.size() * line_bytes_),
          replacement_(make_replacement(config.replacement, sets_, ways_, config.replacement_seed)) {}

    [[nodiscard]] std::uint32_t sets() const { return sets_; }
    [[nodiscard]] std::uint32_t ways() const { return ways_; }
    [[nodiscard]] std::uint64_t line_address(std::uint64_t address) const {
        return address & ~static_cast<std::uint64_t>(line_bytes_ - 1);
    }
    [[nodiscard]] std::uint32_t set_of(std::uint64_t address) const {
        return static_cast<std::uint32_t>((address / line_bytes_) & (sets_ - 1));
    }

    /// True and `place` if the line of `address` is in the cache.
    [[nodiscard]] bool find(std::uint64_t address, Place& place) const {
        const std::uint64_t line = line_address(address);
        place.set = set_of(address);
        for (place.way = 0; place.way < ways_; ++place.way) {
            const Line& candidate = lines_[index(place)];
            if (candidate.valid && candidate.address == line) {
                return true;
            }
        }
        return false;
    }

    /// Where a line of `address` would be filled: the first free way, else the victim.
    [[nodiscard]] Place place_for(std::uint64_t address) const {
        Place place{set_of(address), 0};
        for (place.way = 0; place.way < ways_; ++place.way) {
            if (!lines_[index(place)].valid) {
                return place;
            }
        }
        place.way = replacement_->victim(place.set);
        return place;
    }

    [[nodiscard]] const Line& line(Place place) const { return lines_[index(place)]; }
    [[nodiscard]] std::uint8_t* data(Place place) { return &data_[index(place) * line_bytes_]; }
    [[nodiscard]] const std::uint8_t* data(Place place) const { return &data_[index(place) * line_bytes_]; }
    [[nodiscard]] const std::uint8_t* dirty(Place place) const { return &dirty_[index(place) * line_bytes_]; }

    void touch(Place place) { replacement_->touch(place.set, place.way); }
    void replaced(Place place) { replacement_->replaced(place.set); }

    void install(Place place, std::uint64_t address, const std::uint8_t* bytes) {
        Line& slot = lines_[index(place)];
        slot.valid = true;
        slot.address = line_address(address);
        std::copy_n(bytes, line_bytes_, data(place));
        clear_dirty(place);
        touch(place);
    }

    void drop(Place place) {
        lines_[index(place)].valid = false;
        clear_dirty(place);
    }

    void clear_dirty(Place place) {
        std::fill_n(&dirty_[index(place) * line_bytes_], line_bytes_, std::uint8_t{0});
        lines_[index(place)].dirty_count = 0;
    }

    /// Stores one byte; `dirty`: it is newer than memory afterwards, else it equals memory.
    void put(Place place, std::uint32_t offset, std::uint8_t value, bool dirty) {
        const std::size_t at = index(place) * line_bytes_ + offset;
        Line& slot = lines_[index(place)];
        data_[at] = value;
        if ((dirty_[at] != 0) != dirty) {
            dirty_[at] = dirty ? 1 : 0;
            slot.dirty_count = dirty ? slot.dirty_count + 1 : slot.dirty_count - 1;
        }
    }

  private:
    [[nodiscard]] std::size_t index(Place place) const { return std::size_t{place.set} * ways_ + place.way; }

    std::uint32_t line_bytes_;
    std::uint32_t ways_;
    std::uint32_t sets_;
    std::vector<Line> lines_;
    std::vector<std::uint8_t> data_;
    std::vector<std::uint8_t> dirty_;
    std::unique_ptr<Replacement> replacement_;
};

}  // namespace dmasim::detail
