// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>

#include "rule.h"

namespace dmasim::detail {

namespace {

std::string hex(std::uint64_t value) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
    return text.data();
}

}  // namespace

std::string text_of(const ByteRange& range) {
    return "[" + hex(range.first) + ", " + (range.last + 1 == 0 ? "2^64" : hex(range.last + 1)) + ")";
}

std::string text_of(Cycles at) {
    return "cycle " + std::to_string(at.count());
}

FindingParty party_of(const WriteRecord& write) {
    FindingParty party;
    party.at = write.at;
    party.agent = write.by_device() ? VerifierAgent::Device
                  : write.by_cpu()  ? VerifierAgent::Cpu
                                    : VerifierAgent::Initial;
    switch (write.how) {
        case WriteHow::Initial:
            party.what = "nobody has written them";
            break;
        case WriteHow::CachedStore:
            party.what = "cached store";
            break;
        case WriteHow::PostedStore:
            party.what = "store through the cache";
            break;
        case WriteHow::UncachedStore:
            party.what = "uncached store";
            break;
        case WriteHow::DeviceWrite:
            party.what = "write of channel " + std::to_string(write.channel);
            break;
        case WriteHow::StatusWrite:
            party.what = "status write of channel " + std::to_string(write.channel);
            break;
    }
    return party;
}

std::string text_of(const FindingParty& party) {
    if (party.agent == VerifierAgent::Initial) {
        return "the beginning";
    }
    return "the " + std::string{name_of(party.agent)} + "'s " + party.what + " at " + text_of(party.at);
}

Finding finding_of(const Hazard& hazard, Cycles at, Judge& judge) {
    Shadow& state = judge.state();
    Finding finding;
    finding.at = at;
    finding.seen_at = hazard.at;
    finding.address = hazard.range.first;
    finding.bytes = hazard.range.bytes();
    finding.writer = party_of(state.write(hazard.newest));
    finding.reader = hazard.reader;
    finding.old_bytes = hazard.old_bytes;
    finding.new_bytes = hazard.new_bytes;
    if (const LineShadow* line = hazard.line) {
        finding.has_line = true;
        finding.line = line->address;
        finding.set = line->set;
        finding.way = line->way;
        finding.line_state =
            line->dirty_count == 0 ? std::string{"clean"} : "dirty in " + std::to_string(line->dirty_count) + " bytes";
        finding.line_state += (line->prefetched ? ", prefetched at " : ", filled at ") + text_of(line->filled_at);
    }
    return finding;
}

bool refilled_by_prefetch(const Hazard& hazard, Shadow& state) {
    if (hazard.line == nullptr || !hazard.line->prefetched) {
        return false;
    }
    return invalidated_before(*hazard.line, state) != kNever;
}

Cycles invalidated_before(const LineShadow& line, Shadow& state) {
    // The operation may have found nothing to drop.
    for (auto done = state.maintenance.rbegin(); done != state.maintenance.rend(); ++done) {
        if (done->drops() && done->scope != 1 && done->covers(line.address) && done->end <= line.filled_at) {
            return done->end;
        }
    }
    const auto dropped = state.last_drop.find(line.address);
    return dropped != state.last_drop.end() && dropped->second <= line.filled_at ? dropped->second : kNever;
}

const MaintenanceRecord* maintenance_at(Cycles at, Shadow& state) {
    for (const MaintenanceRecord& done : state.maintenance) {
        if (at >= done.begin && at <= done.end) {
            return &done;
        }
    }
    return nullptr;
}

bool dropped_with_neighbour(std::uint64_t address, const Drop& drop, Shadow& state) {
    const MaintenanceRecord* done = maintenance_at(drop.at, state);
    return done != nullptr && done->asked && !done->asked->contains(address);
}

}  // namespace dmasim::detail
