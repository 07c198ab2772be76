// SPDX-License-Identifier: Apache-2.0
#include "reference/log.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace dmasim::reference {

namespace {

const char* name_of(EventKind kind) {
    switch (kind) {
        case EventKind::JobAccepted:
            return "JobAccepted";
        case EventKind::BurstGranted:
            return "BurstGranted";
        case EventKind::BurstRequested:
            return "BurstRequested";
        case EventKind::BurstData:
            return "BurstData";
        case EventKind::BurstResponse:
            return "BurstResponse";
        case EventKind::JobCompleted:
            return "JobCompleted";
        case EventKind::CauseChanged:
            return "CauseChanged";
        case EventKind::InterruptChanged:
            return "InterruptChanged";
        case EventKind::ErrorLatched:
            return "ErrorLatched";
        case EventKind::BusGranted:
            return "BusGranted";
        case EventKind::BusResponded:
            return "BusResponded";
        case EventKind::MemoryRead:
            return "MemoryRead";
        case EventKind::MemoryWrite:
            return "MemoryWrite";
        default:
            return "other event";
    }
}

const char* name_of(Log::Kind kind) {
    switch (kind) {
        case Log::Kind::Event:
            return "event";
        case Log::Kind::Interrupt:
            return "interrupt output (level)";
        case Log::Kind::ChannelInterrupt:
            return "channel interrupt (channel, level)";
        case Log::Kind::Dack:
            return "DACK (channel, level)";
        case Log::Kind::Tc:
            return "TC (channel, level)";
        case Log::Kind::Poll:
            return "register read (offset, response, value)";
        case Log::Kind::Peek:
            return "peek (address, hash)";
        case Log::Kind::TrafficAnswer:
            return "traffic answered (port, burst, response, hash)";
        case Log::Kind::FinalRegister:
            return "register at the end (offset, value)";
        case Log::Kind::FinalMemory:
            return "memory at the end (memory, hash)";
        case Log::Kind::Account:
            return "cycle account (channel, cause, cycles)";
    }
    return "?";
}

auto key(const Log::Entry& entry) {
    return std::tie(entry.at, entry.kind, entry.event, entry.values);
}

}  // namespace

bool operator<(const Log::Entry& a, const Log::Entry& b) {
    return key(a) < key(b);
}

bool operator==(const Log::Entry& a, const Log::Entry& b) {
    return key(a) == key(b);
}

void Log::add(Edge at, Kind kind, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
    Entry entry;
    entry.at = at;
    entry.kind = kind;
    entry.values[0] = a;
    entry.values[1] = b;
    entry.values[2] = c;
    entry.values[3] = d;
    entries_.push_back(entry);
}

void Log::add(const TraceEvent& event) {
    if (event.kind == EventKind::RequestLine) {
        return;  // The outputs are compared themselves.
    }
    Entry entry;
    entry.at = event.at.count();
    entry.event = event.kind;
    entry.values = {event.source,
                    event.channel,
                    static_cast<std::uint64_t>(event.access),
                    static_cast<std::uint64_t>(event.purpose),
                    static_cast<std::uint64_t>(event.response),
                    event.job,
                    event.bytes,
                    event.beats,
                    event.value,
                    event.address,
                    event.address2};
    const bool of_bus = event.kind == EventKind::BusGranted || event.kind == EventKind::BusResponded;
    const bool of_memory = event.kind == EventKind::MemoryRead || event.kind == EventKind::MemoryWrite;
    if (of_memory) {
        // A memory cannot know why; initiators and jobs are in the events of bus and controller.
        entry.values[1] = entry.values[3] = entry.values[5] = entry.values[7] = entry.values[8] = 0;
    } else if (of_bus || event.kind == EventKind::ErrorLatched) {
        entry.values[5] = 0;
    }
    entries_.push_back(entry);
}

std::vector<Log::Entry> Log::sorted() const {
    std::vector<Entry> entries = entries_;
    std::sort(entries.begin(), entries.end());
    return entries;
}

void Log::drop_trace() {
    entries_.erase(
        std::remove_if(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return entry.kind == Kind::Event || entry.kind == Kind::Account; }),
        entries_.end());
}

void Log::cut(Edge limit) {
    const auto behind = [limit](const Entry& entry) {
        if (entry.kind != Kind::Event && entry.kind != Kind::TrafficAnswer) {
            return entry.at > limit;
        }
        // The cause of the last cycle is known only to a side that has looked at its end.
        return entry.at >= limit || (entry.event == EventKind::CauseChanged && entry.at + 1 >= limit);
    };
    entries_.erase(std::remove_if(entries_.begin(), entries_.end(), behind), entries_.end());
}

std::string to_string(const Log::Entry& entry) {
    const auto& v = entry.values;
    if (entry.kind == Log::Kind::Event) {
        return fmt::format(
            "@{} {} source {} channel {} {} purpose {} response {} job {} bytes {} beats {} value {} address {:#x} "
            "{:#x}",
            entry.at, name_of(entry.event), v[0], v[1], v[2] == 0 ? "read" : "write", v[3], v[4], v[5], v[6], v[7],
            v[8], v[9], v[10]);
    }
    return fmt::format("@{} {}: {:#x} {:#x} {:#x} {:#x}", entry.at, name_of(entry.kind), v[0], v[1], v[2], v[3]);
}

std::string first_difference(const Log& product, const Log& reference) {
    const std::vector<Log::Entry> left = product.sorted();
    const std::vector<Log::Entry> right = reference.sorted();
    std::size_t same = 0;
    while (same < left.size() && same < right.size() && left[same] == right[same]) {
        ++same;
    }
    if (same == left.size() && same == right.size()) {
        return {};
    }
    std::string text;
    for (std::size_t k = same > 6 ? same - 6 : 0; k < same; ++k) {
        text += "  both      " + to_string(left[k]) + "\n";
    }
    for (std::size_t k = same; k < same + 3; ++k) {
        text += "  product   " + (k < left.size() ? to_string(left[k]) : std::string("(nothing more)")) + "\n";
        text += "  reference " + (k < right.size() ? to_string(right[k]) : std::string("(nothing more)")) + "\n";
    }
    return text;
}

std::uint64_t hash_bytes(const std::uint8_t* data, std::size_t size) {
    std::uint64_t hash = 0xCBF2'9CE4'8422'2325U;
    for (std::size_t k = 0; k < size; ++k) {
        hash = (hash ^ data[k]) * 0x100'0000'01B3U;
    }
    return hash;
}

}  // namespace dmasim::reference
