// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/choice_finder.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "dmasim/cpu_stub/core/operation.h"

namespace dmasim {

ChoiceFinder::ChoiceFinder(std::uint32_t line_bytes, std::vector<AddressSpan> memories)
    : line_bytes_(line_bytes), memories_(std::move(memories)) {}

bool ChoiceFinder::in_memory(std::uint64_t address) const {
    return std::any_of(memories_.begin(), memories_.end(), [&](const AddressSpan& span) {
        return address >= span.address && address - span.address < span.bytes;
    });
}

void ChoiceFinder::touch(std::uint64_t address, std::uint64_t bytes, Cycles at, bool by_cache, bool past_cache) {
    const std::uint64_t last = address + std::min(bytes - 1, std::numeric_limits<std::uint64_t>::max() - address);
    const std::uint64_t mask = ~static_cast<std::uint64_t>(line_bytes_ - 1);
    for (std::uint64_t line = address & mask;; line += line_bytes_) {
        if (in_memory(line)) {
            Line& known = lines_[line];
            known.by_cache = known.by_cache || by_cache;
            known.past_cache = known.past_cache || past_cache;
            changes_.push_back(
                {at, line, by_cache || past_cache ? Change::Kind::Touched : Change::Kind::TouchedByDevice});
        }
        if (line == (last & mask)) {
            return;
        }
    }
}

void ChoiceFinder::event(const TraceEvent& event) {
    switch (event.kind) {
        case EventKind::Barrier:
            operation_ends_.insert(event.at.count());
            break;
        case EventKind::CpuAccess:
            operation_ends_.insert(event.at.count());
            if (event.bytes != 0 && (event.value & kCpuAccessDevice) == 0) {
                const bool uncached = (event.value & kCpuAccessUncached) != 0;
                touch(event.address, event.bytes, event.at, !uncached, uncached);
            }
            break;
        case EventKind::Maintenance:
            operation_ends_.insert(event.at.count());
            // Of a whole cache or a set, the changes of lines tell.
            if (event.bytes != 0 && event.value >> 2U == 0 && event.bytes <= (std::uint64_t{1} << 20U)) {
                touch(event.address, event.bytes, event.at, true, false);
            }
            break;
        case EventKind::BusResponded:
            if (event.purpose == Purpose::Data || event.purpose == Purpose::Descriptor ||
                event.purpose == Purpose::StatusWriteBack) {
                touch(event.address, event.bytes, event.at, false, false);
            }
            break;
        case EventKind::CacheLineChanged:
            switch (static_cast<CacheLineEvent>(event.value)) {
                case CacheLineEvent::Filled:
                case CacheLineEvent::Prefetched:
                case CacheLineEvent::Cleaned:
                    changes_.push_back({event.at, event.address, Change::Kind::Clean});
                    break;
                case CacheLineEvent::Dirtied:
                    changes_.push_back({event.at, event.address, Change::Kind::Dirty});
                    break;
                case CacheLineEvent::Invalidated:
                case CacheLineEvent::Evicted:
                case CacheLineEvent::Snooped:
                    changes_.push_back({event.at, event.address, Change::Kind::Gone});
                    break;
            }
            break;
        default:
            break;
    }
}

std::vector<Choice> ChoiceFinder::choices(const Schedule& schedule, std::uint64_t& unreduced) const {
    std::vector<Change> changes = changes_;
    std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
        // What has become of a line counts before the end of the access that made it so.
        const auto rank = [](const Change& change) {
            return change.kind == Change::Kind::Touched || change.kind == Change::Kind::TouchedByDevice ? 1 : 0;
        };
        return a.at != b.at ? a.at < b.at : rank(a) < rank(b);
    });
    std::map<std::uint64_t, Line> lines = lines_;
    std::map<std::uint64_t, Touch> state;
    std::set<std::uint64_t> cycles{0};
    for (const Change& change : changes) {
        Touch& now = state[change.line];
        now.at = change.at;
        switch (change.kind) {
            case Change::Kind::Clean:
                now.valid = true;
                now.dirty = false;
                break;
            case Change::Kind::Dirty:
                now.valid = true;
                now.dirty = true;
                break;
            case Change::Kind::Gone:
                now.valid = false;
                now.dirty = false;
                break;
            case Change::Kind::Touched:
            case Change::Kind::TouchedByDevice:
                now.device = change.kind == Change::Kind::TouchedByDevice;
                cycles.insert(change.at.count());
                lines[change.line].touches.push_back(now);
                break;
        }
    }
    std::vector<Choice> result;
    const auto add = [&](const Choice& choice) {
        if (schedule.empty() || schedule.back() < choice) {
            result.push_back(choice);
        }
    };
    std::uint64_t considered = 0;
    // By the place of a hold-up: the ends of the accesses of devices that it could let pass.
    std::map<std::uint64_t, std::set<std::uint64_t>> overtaken;
    for (const auto& [address, line] : lines) {
        if (!line.by_cache) {
            continue;
        }
        ++considered;
        const bool fills = !line.past_cache;
        if (fills) {
            add({0, ChoiceKind::Prefetch, address});
        }
        for (std::size_t n = 0; n < line.touches.size(); ++n) {
            const auto device = std::find_if(line.touches.begin() + static_cast<std::ptrdiff_t>(n), line.touches.end(),
                                             [](const Touch& touch) { return touch.device; });
            if (!line.touches[n].device && device != line.touches.end()) {
                const auto end = operation_ends_.lower_bound(line.touches[n].at.count());
                const std::uint64_t before = end == operation_ends_.begin() ? 0 : *std::prev(end);
                overtaken[before].insert(device->at.count());
            }
        }
        // Behind the last access nobody sees what happens.
        for (std::size_t n = 0; n + 1 < line.touches.size(); ++n) {
            const Touch& touch = line.touches[n];
            if (touch.at == line.touches[n + 1].at) {
                continue;
            }
            if (touch.dirty) {
                add({touch.at.count(), ChoiceKind::Evict, address});
            }
            const Choice evicted{touch.at.count(), ChoiceKind::Evict, address};
            const bool just_evicted = !schedule.empty() && schedule.back() == evicted;
            if (fills && (!touch.valid || just_evicted)) {
                add({touch.at.count(), ChoiceKind::Prefetch, address});
            }
        }
    }
    for (const auto& [place, ends] : overtaken) {
        add({place, ChoiceKind::Stall, *ends.begin() + 2 - place});
        if (ends.size() > 1) {
            add({place, ChoiceKind::Stall, *ends.rbegin() + 2 - place});
        }
    }
    std::sort(result.begin(), result.end());
    unreduced = (2 * considered + 2) * cycles.size();
    return result;
}

}  // namespace dmasim
