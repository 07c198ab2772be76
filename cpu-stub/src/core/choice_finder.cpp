// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/choice_finder.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "dmasim/cpu_stub/core/operation.h"

namespace dmasim {

namespace {

/// Numbers of channels in an agent.
constexpr std::uint32_t kMostChannels = 64;

bool device_purpose(Purpose purpose) {
    return purpose == Purpose::Data || purpose == Purpose::Descriptor || purpose == Purpose::StatusWriteBack;
}

/// The hold-up from `place` on that lasts until behind `end`.
Choice hold_up(std::uint64_t place, ChoiceKind kind, std::uint64_t end, std::uint32_t agent = 0) {
    return {place, kind, end + 2 - place, agent};
}

/// Behind the first and behind the last of `ends`.
void add_hold_ups(std::uint64_t place, ChoiceKind kind, const std::set<std::uint64_t>& ends, std::uint32_t agent,
                  std::vector<Choice>& result) {
    if (ends.empty()) {
        return;
    }
    result.push_back(hold_up(place, kind, *ends.begin(), agent));
    if (ends.size() > 1) {
        result.push_back(hold_up(place, kind, *ends.rbegin(), agent));
    }
}

}  // namespace

bool ChoiceFinder::in_memory(std::uint64_t address) const {
    return std::any_of(platform_.memories.begin(), platform_.memories.end(), [&](const AddressSpan& span) {
        return address >= span.address && address - span.address < span.bytes;
    });
}

ChoiceFinder::BurstsByLine ChoiceFinder::bursts_by_line() const {
    BurstsByLine result;
    for (std::size_t number = 0; number < bursts_.size(); ++number) {
        const ChannelBurst& burst = bursts_[number];
        const std::uint64_t last = line_of(burst.address + (burst.bytes - 1));
        for (std::uint64_t line = line_of(burst.address);; line += platform_.line_bytes) {
            result[line].push_back(number);
            if (line == last) {
                break;
            }
        }
    }
    return result;
}

std::set<std::size_t> ChoiceFinder::meeting(const BurstsByLine& by_line, std::uint64_t address,
                                            std::uint64_t bytes) const {
    std::set<std::size_t> result;
    const auto end = by_line.upper_bound(line_of(address + (bytes - 1)));
    for (auto line = by_line.lower_bound(line_of(address)); line != end; ++line) {
        result.insert(line->second.begin(), line->second.end());
    }
    return result;
}

std::uint64_t ChoiceFinder::place_before(Cycles at) const {
    const auto end = operation_ends_.lower_bound(at.count());
    return end == operation_ends_.begin() ? 0 : *std::prev(end);
}

void ChoiceFinder::touch(std::uint64_t address, std::uint64_t bytes, Cycles at, bool by_cache, bool past_cache,
                         bool writes) {
    const std::uint64_t last = address + std::min(bytes - 1, std::numeric_limits<std::uint64_t>::max() - address);
    for (std::uint64_t line = line_of(address);; line += platform_.line_bytes) {
        if (in_memory(line)) {
            Line& known = lines_[line];
            known.by_cache = known.by_cache || by_cache;
            known.past_cache = known.past_cache || past_cache;
            changes_.push_back(
                {at, line, by_cache || past_cache ? Change::Kind::Touched : Change::Kind::TouchedByDevice, writes});
        }
        if (line == line_of(last)) {
            return;
        }
    }
}

void ChoiceFinder::controller_event(const TraceEvent& event) {
    const std::uint32_t agent = event.source * kMostChannels + event.channel;
    const std::pair<std::uint32_t, std::uint32_t> job{agent, event.job};
    switch (event.kind) {
        case EventKind::JobAccepted:
            jobs_[job].accepted = event.at;
            break;
        case EventKind::JobCompleted:
            jobs_[job].completed = event.at;
            break;
        case EventKind::BurstRequested: {
            if (!device_purpose(event.purpose) || event.bytes == 0) {
                break;
            }
            ChannelBurst burst;
            burst.agent = agent;
            burst.job = event.job;
            burst.writes = event.access == Access::Write;
            burst.address = event.address;
            burst.bytes = event.bytes;
            burst.place = event.at.count() - std::min<std::uint64_t>(event.at.count(), 1);
            std::vector<std::uint64_t>& chunks = chunks_[job];
            if (!burst.writes) {
                chunks.push_back(burst.place);
            } else if (!chunks.empty()) {
                // Chunks are written in the order of their reads; a status is written behind all of them.
                const std::size_t number = event.purpose == Purpose::Data ? chunks_written_[job]++ : chunks.size();
                burst.place = chunks[std::min(number, chunks.size() - 1)];
            }
            jobs_[job].last_place = std::max(jobs_[job].last_place, burst.place);
            open_bursts_[{event.source, event.access, event.tag}] = bursts_.size();
            bursts_.push_back(burst);
            break;
        }
        case EventKind::BurstResponse: {
            const auto found = open_bursts_.find({event.source, event.access, event.tag});
            if (found != open_bursts_.end()) {
                bursts_[found->second].end = event.at;
                open_bursts_.erase(found);
            }
            break;
        }
        default:
            break;
    }
}

void ChoiceFinder::store_event(const TraceEvent& event) {
    if (event.kind == EventKind::CpuPiece && (event.value & kCpuPieceBuffered) != 0 &&
        (event.value & kCpuAccessStore) != 0 && event.bytes != 0) {
        PostedStore& store = stores_[event.tag];
        if (store.bytes == 0) {
            store.at = event.at;
            store.address = event.address;
        }
        const std::uint64_t last = std::max(store.address + store.bytes, event.address + event.bytes);
        store.address = std::min(store.address, event.address);
        store.bytes = last - store.address;
    } else if (event.kind == EventKind::BurstRequested && event.purpose == Purpose::Uncached &&
               event.access == Access::Write && event.job != 0) {
        const auto found = stores_.find(event.job);
        if (found != stores_.end()) {
            found->second.sent = event.at;
        }
    }
}

void ChoiceFinder::event(const TraceEvent& event) {
    if (event.source < platform_.registers.size()) {
        controller_event(event);
        return;
    }
    switch (event.kind) {
        case EventKind::Barrier:
            operation_ends_.insert(event.at.count());
            break;
        case EventKind::CpuAccess:
            operation_ends_.insert(event.at.count());
            if (event.bytes != 0 && (event.value & kCpuAccessDevice) == 0) {
                const bool uncached = (event.value & kCpuAccessUncached) != 0;
                touch(event.address, event.bytes, event.at, !uncached, uncached, (event.value & kCpuAccessStore) != 0);
            }
            for (std::uint32_t controller = 0; controller < platform_.registers.size(); ++controller) {
                const AddressSpan& span = platform_.registers[controller];
                if (event.address >= span.address && event.address - span.address < span.bytes) {
                    register_accesses_.push_back({event.at, controller});
                }
            }
            break;
        case EventKind::Maintenance:
            operation_ends_.insert(event.at.count());
            // Of a whole cache or a set, the changes of lines tell.
            if (event.bytes != 0 && event.value >> 2U == 0 && event.bytes <= (std::uint64_t{1} << 20U)) {
                touch(event.address, event.bytes, event.at, true, false, true);
            }
            break;
        case EventKind::CpuPiece:
        case EventKind::BurstRequested:
            store_event(event);
            break;
        case EventKind::BusResponded:
            if (device_purpose(event.purpose)) {
                touch(event.address, event.bytes, event.at, false, false, event.access == Access::Write);
            }
            break;
        case EventKind::CacheLineChanged:
            switch (static_cast<CacheLineEvent>(event.value)) {
                case CacheLineEvent::Filled:
                case CacheLineEvent::Prefetched:
                case CacheLineEvent::Cleaned:
                    changes_.push_back({event.at, event.address, Change::Kind::Clean, false});
                    break;
                case CacheLineEvent::Dirtied:
                    changes_.push_back({event.at, event.address, Change::Kind::Dirty, false});
                    break;
                case CacheLineEvent::Invalidated:
                case CacheLineEvent::Evicted:
                case CacheLineEvent::Snooped:
                    changes_.push_back({event.at, event.address, Change::Kind::Gone, false});
                    break;
            }
            break;
        default:
            break;
    }
}

void ChoiceFinder::find_stalls(Overtaken& overtaken) const {
    for (const RegisterAccess& access : register_accesses_) {
        for (const auto& [id, job] : jobs_) {
            if (id.first / kMostChannels == access.controller && job.accepted < access.at && job.completed != kNever &&
                job.completed > access.at) {
                overtaken[place_before(access.at)].insert(job.completed.count());
            }
        }
    }
}

void ChoiceFinder::find_channel_holds(const std::map<std::uint64_t, Line>& lines, std::vector<Choice>& result) const {
    std::map<std::pair<std::uint64_t, std::uint32_t>, std::set<std::uint64_t>> ends;  // By place and agent.
    const BurstsByLine by_line = bursts_by_line();
    for (const ChannelBurst& burst : bursts_) {
        if (burst.end == kNever) {
            continue;
        }
        std::set<std::uint64_t>& behind = ends[{burst.place, burst.agent}];
        const std::uint64_t last = line_of(burst.address + (burst.bytes - 1));
        for (auto line = lines.lower_bound(line_of(burst.address)); line != lines.end() && line->first <= last;
             ++line) {
            for (const Touch& touch : line->second.touches) {
                if (!touch.device && touch.at > burst.end && (touch.writes || burst.writes)) {
                    behind.insert(touch.at.count());
                }
            }
        }
        for (const std::size_t number : meeting(by_line, burst.address, burst.bytes)) {
            const ChannelBurst& other = bursts_[number];
            if (other.agent != burst.agent && other.end != kNever && other.end > burst.end &&
                (other.writes || burst.writes)) {
                behind.insert(other.end.count());
            }
        }
    }
    for (const auto& [id, job] : jobs_) {
        for (const RegisterAccess& access : register_accesses_) {
            if (access.controller == id.first / kMostChannels && job.completed != kNever && access.at > job.completed) {
                ends[{job.last_place, id.first}].insert(access.at.count());
            }
        }
    }
    for (const auto& [where, behind] : ends) {
        add_hold_ups(where.first, ChoiceKind::HoldChannel, behind, where.second, result);
    }
}

void ChoiceFinder::find_store_choices(std::vector<Choice>& result) const {
    const BurstsByLine by_line = bursts_by_line();
    for (const auto& [number, store] : stores_) {
        std::set<std::uint64_t> behind;
        bool drained_too_late = false;
        for (const std::size_t number_of_burst : meeting(by_line, store.address, store.bytes)) {
            const ChannelBurst& burst = bursts_[number_of_burst];
            if (burst.end == kNever) {
                continue;
            }
            if (store.sent != kNever && burst.end > store.sent) {
                behind.insert(burst.end.count());
            }
            drained_too_late = drained_too_late || (burst.end > store.at && burst.end < store.sent);
        }
        if (platform_.stores_held) {
            if (drained_too_late) {
                result.push_back({store.at.count(), ChoiceKind::Drain, 0, 0});
            }
        } else if (store.sent != kNever) {
            const std::uint64_t place = store.sent.count() - std::min<std::uint64_t>(store.sent.count(), 1);
            add_hold_ups(place, ChoiceKind::HoldStores, behind, 0, result);
        }
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
                now.writes = change.writes;
                cycles.insert(change.at.count());
                lines[change.line].touches.push_back(now);
                break;
        }
    }
    std::vector<Choice> result;
    const auto add = [&](const Choice& choice) { result.push_back(choice); };
    std::uint64_t considered = 0;
    Overtaken overtaken;
    find_stalls(overtaken);
    for (const auto& [address, line] : lines) {
        for (std::size_t n = 0; n < line.touches.size(); ++n) {
            const Touch& own = line.touches[n];
            const auto device =
                std::find_if(line.touches.begin() + static_cast<std::ptrdiff_t>(n), line.touches.end(),
                             [&](const Touch& touch) { return touch.device && (touch.writes || own.writes); });
            if (!own.device && device != line.touches.end()) {
                overtaken[place_before(own.at)].insert(device->at.count());
            }
        }
        if (!line.by_cache) {
            continue;
        }
        ++considered;
        const bool fills = !line.past_cache;
        if (fills) {
            add({0, ChoiceKind::Prefetch, address});
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
        add_hold_ups(place, ChoiceKind::Stall, ends, 0, result);
    }
    find_channel_holds(lines, result);
    find_store_choices(result);
    result.erase(std::remove_if(result.begin(), result.end(),
                                [&](const Choice& choice) { return !schedule.empty() && !(schedule.back() < choice); }),
                 result.end());
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    std::set<std::uint32_t> agents;
    for (const ChannelBurst& burst : bursts_) {
        agents.insert(burst.agent);
    }
    unreduced = (2 * considered + 2 + agents.size() + (stores_.empty() ? 0 : 1)) * cycles.size();
    return result;
}

}  // namespace dmasim
