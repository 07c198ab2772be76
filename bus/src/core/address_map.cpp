// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/address_map.h"

#include <algorithm>
#include <limits>

#include "dmasim/bus/core/text.h"

namespace dmasim {

namespace {

using detail::hex;

constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();

std::string name_of(const AddressRange& range, std::size_t index) {
    return "range " + std::to_string(index) + (range.name.empty() ? "" : " '" + range.name + "'");
}

std::uint64_t last_of(const AddressRange& range) {
    return range.base + (range.size - 1);
}

std::string extent_of(const AddressRange& range) {
    return hex(range.base) + ".." + hex(last_of(range));
}

}  // namespace

std::vector<std::string> validate_map(const std::vector<AddressRange>& ranges, std::uint32_t targets) {
    std::vector<std::string> problems;
    std::vector<std::size_t> usable;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        const AddressRange& range = ranges[i];
        if (range.target >= targets) {
            problems.push_back("address map: " + name_of(range, i) + " goes to target " + std::to_string(range.target) +
                               ", but there are " + std::to_string(targets));
        }
        if (range.size == 0) {
            problems.push_back("address map: " + name_of(range, i) + " is empty");
            continue;
        }
        if (range.size - 1 > kLast - range.base) {
            problems.push_back("address map: " + name_of(range, i) + " at " + hex(range.base) + " with " +
                               hex(range.size) + " bytes runs past 2^64");
            continue;
        }
        if (range.size - 1 > kLast - range.target_offset) {
            problems.push_back("address map: " + name_of(range, i) + " with " + hex(range.size) +
                               " bytes runs past 2^64 at its target, from offset " + hex(range.target_offset));
        }
        usable.push_back(i);
    }
    std::sort(usable.begin(), usable.end(), [&](std::size_t a, std::size_t b) {
        return ranges[a].base != ranges[b].base ? ranges[a].base < ranges[b].base : a < b;
    });
    // Against the range that reaches farthest so far: a long range may overlap several that follow it.
    for (std::size_t i = 1, farthest = 0; i < usable.size(); ++i) {
        const AddressRange& before = ranges[usable[farthest]];
        const AddressRange& range = ranges[usable[i]];
        if (range.base <= last_of(before)) {
            problems.push_back("address map: " + name_of(before, usable[farthest]) + " (" + extent_of(before) +
                               ") and " + name_of(range, usable[i]) + " (" + extent_of(range) + ") overlap");
        }
        if (last_of(range) > last_of(before)) {
            farthest = i;
        }
    }
    return problems;
}

AddressMap::AddressMap(const std::vector<AddressRange>& ranges, std::uint32_t targets) {
    detail::refuse("bus", validate_map(ranges, targets));
    for (const AddressRange& range : ranges) {
        windows_.push_back({range.target, range.base, last_of(range), range.target_offset});
    }
    std::sort(windows_.begin(), windows_.end(),
              [](const DecodedWindow& a, const DecodedWindow& b) { return a.first < b.first; });
    std::vector<DecodedWindow> merged;
    for (const DecodedWindow& window : windows_) {
        if (!merged.empty()) {
            DecodedWindow& before = merged.back();
            const std::uint64_t length = window.first - before.first;
            // The last comparison keeps apart what would wrap at the target.
            if (before.target == window.target && before.last + 1 == window.first &&
                before.target_first + length == window.target_first && window.target_first > before.target_first) {
                before.last = window.last;
                continue;
            }
        }
        merged.push_back(window);
    }
    windows_ = std::move(merged);
}

std::optional<DecodedWindow> AddressMap::window_at(std::uint64_t address) const {
    auto next = std::upper_bound(windows_.begin(), windows_.end(), address,
                                 [](std::uint64_t a, const DecodedWindow& window) { return a < window.first; });
    if (next == windows_.begin()) {
        return std::nullopt;
    }
    --next;
    if (address > next->last) {
        return std::nullopt;
    }
    return *next;
}

std::optional<Decoded> AddressMap::decode(std::uint64_t address, std::uint64_t bytes) const {
    const auto window = window_at(address);
    if (!window || bytes == 0 || bytes - 1 > window->last - address) {
        return std::nullopt;
    }
    return Decoded{window->target, address - window->first + window->target_first};
}

}  // namespace dmasim
