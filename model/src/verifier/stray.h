// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "rule.h"

namespace dmasim::detail {

/// Finds transfers that begin in a buffer of their direction and go on beside it, into memory that was never handed over.
class StrayFinder {
  public:
    explicit StrayFinder(Access access) : access_(access) {}

    struct Stray {
        ByteRange beside;
        ByteRange buffer;
        /// It did not go on behind the last byte, but at an address that has the same low bits: here it should have been.
        std::optional<std::uint64_t> instead_of;
    };

    /// `event` is a request of a burst for data by a controller.
    std::optional<Stray> look_at(const TraceEvent& event, Shadow& state) {
        if (event.kind != EventKind::BurstRequested || event.access != access_ || event.purpose != Purpose::Data ||
            (last_.empty() && state.mappings.empty())) {
            return std::nullopt;
        }
        const std::optional<ByteRange> range = range_of(event.address, event.bytes);
        if (!range) {
            return std::nullopt;
        }
        Last& last = last_[{event.source, event.channel}];
        const bool goes_on = last.buffer && last.job == event.job && last.next == range->first;
        if (!goes_on) {
            if (const std::optional<Stray> lost = lost_carry(last, *range, state)) {
                last = Last{};
                last.job = event.job;
                last.next = range->last + 1;
                return lost;
            }
            const Mapping* mapping = state.live(range->first, access_ == Access::Write);
            last.buffer = mapping != nullptr ? std::optional<ByteRange>{mapping->range} : std::nullopt;
        }
        last.job = event.job;
        last.next = range->last + 1;
        if (!last.buffer || last.reported || range->last <= last.buffer->last) {
            last.reported = last.reported && goes_on;
            return std::nullopt;
        }
        std::uint64_t from = std::max(range->first, last.buffer->last + 1);
        while (from <= range->last && known(from, state)) {
            if (from == range->last) {
                return std::nullopt;
            }
            ++from;
        }
        last.reported = true;
        return Stray{ByteRange{from, range->last}, *last.buffer, std::nullopt};
    }

  private:
    struct Last {
        std::uint32_t job = 0;
        std::uint64_t next = 0;
        std::optional<ByteRange> buffer;
        bool reported = false;
    };

    /// Addresses that differ in none of these bits are the same to a counter that is too short.
    static constexpr std::uint64_t kSmallestWindow = 4096;

    static std::optional<Stray> lost_carry(const Last& last, const ByteRange& range, Shadow& state) {
        if (!last.buffer || last.next == 0 || last.next > last.buffer->last || range.first == last.next ||
            range.first % kSmallestWindow != last.next % kSmallestWindow || known(range.first, state)) {
            return std::nullopt;
        }
        return Stray{range, *last.buffer, last.next};
    }

    static bool known(std::uint64_t address, Shadow& state) {
        return state.any_mapping(address) != nullptr || state.is_descriptor(address);
    }

    Access access_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, Last> last_;  // By source and channel.
};

}  // namespace dmasim::detail
