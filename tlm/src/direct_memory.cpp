// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/direct_memory.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "dmasim/model/splitter.h"
#include "dmasim/tlm/burst_extension.h"

namespace dmasim {

namespace {

constexpr std::size_t index_of(Access access) {
    return access == Access::Read ? 0 : 1;
}

}  // namespace

DirectMemory::Regions::const_iterator DirectMemory::find(Regions& regions, Regions::const_iterator& recent,
                                                         std::uint64_t address) const {
    const auto holds = [&](Regions::const_iterator region) {
        return region != regions.end() && region->first <= address && address <= region->second.last;
    };
    if (!holds(recent)) {
        if (recent != regions.end() && holds(std::next(recent))) {
            ++recent;
        } else {
            recent = regions.upper_bound(address);
            recent = recent == regions.begin() ? regions.end() : std::prev(recent);
        }
    }
    return holds(recent) ? recent : regions.end();
}

std::optional<DirectMemory::Timing> DirectMemory::carry_out(const Burst& burst, std::uint32_t beats,
                                                            tlm::tlm_fw_transport_if<>& target) {
    if (burst.fixed_bytes != 0 || burst.enables != nullptr) {
        return std::nullopt;
    }
    const std::size_t way = index_of(burst.access);
    Regions& regions = granted_[way];
    auto region = find(regions, recent_[way], burst.address);
    if (region == regions.end()) {
        if (!ask(burst, target)) {
            return std::nullopt;
        }
        region = find(regions, recent_[way], burst.address);
    }
    if (region == regions.end() || region->second.last - burst.address < burst.bytes - 1) {
        return std::nullopt;
    }
    std::uint8_t* const place = region->second.data + (burst.address - region->first);
    if (burst.access == Access::Read) {
        std::memcpy(burst.data, place, burst.bytes);
        return region->second.timing;
    }
    std::memcpy(place, burst.data, burst.bytes);
    Timing timing = region->second.timing;
    timing.latency += std::uint64_t{beats - 1} * timing.interval;
    return timing;
}

bool DirectMemory::ask(const Burst& burst, tlm::tlm_fw_transport_if<>& target) {
    if (!worth_asking_) {
        return false;
    }
    const bool read = burst.access == Access::Read;
    BurstExtension extension;
    extension.purpose = burst.purpose;
    extension.channel = burst.channel;
    tlm::tlm_generic_payload question;
    question.set_command(read ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
    question.set_address(burst.address);
    question.set_data_ptr(burst.data);
    question.set_data_length(burst.bytes);
    question.set_streaming_width(burst.bytes);
    question.set_extension(&extension);
    tlm::tlm_dmi dmi;
    const bool granted = target.get_direct_mem_ptr(question, dmi);
    question.clear_extension(&extension);
    if (!granted || dmi.get_dmi_ptr() == nullptr || !(read ? dmi.is_read_allowed() : dmi.is_write_allowed()) ||
        dmi.get_start_address() > burst.address || dmi.get_end_address() < burst.address) {
        worth_asking_ = false;
        return false;
    }
    ++changes_;
    Region region;
    region.last = dmi.get_end_address();
    region.data = dmi.get_dmi_ptr();
    region.timing.latency = domain_.stamp_of(read ? dmi.get_read_latency() : dmi.get_write_latency());
    region.timing.interval = extension.interval != 0 ? extension.interval : 1;
    // A newer grant replaces what it overlaps.
    const std::size_t way = index_of(burst.access);
    Regions& regions = granted_[way];
    auto overlapped = regions.upper_bound(dmi.get_start_address());
    if (overlapped != regions.begin() && std::prev(overlapped)->second.last >= dmi.get_start_address()) {
        --overlapped;
    }
    while (overlapped != regions.end() && overlapped->first <= region.last) {
        overlapped = regions.erase(overlapped);
    }
    recent_[way] = regions.emplace(dmi.get_start_address(), region).first;
    return true;
}

std::optional<DirectMemory::Timing> DirectMemory::timing(Access access, std::uint64_t address) const {
    const Regions& regions = granted_[index_of(access)];
    const auto after = regions.upper_bound(address);
    if (after == regions.begin() || std::prev(after)->second.last < address) {
        return std::nullopt;
    }
    return std::prev(after)->second.timing;
}

std::uint64_t DirectMemory::find_pieces(Access access, std::uint64_t address, std::uint64_t bytes, std::size_t most,
                                        std::vector<Piece>& pieces) const {
    pieces.clear();
    const Regions& regions = granted_[index_of(access)];
    auto region = regions.upper_bound(address);
    if (region == regions.begin()) {
        return 0;
    }
    --region;
    const Timing timing = region->second.timing;
    std::uint64_t done = 0;
    while (done < bytes && region != regions.end()) {
        const std::uint64_t here = address + done;
        const bool joins = region->first <= here && here <= region->second.last && region->second.timing == timing;
        // A burst that lies in two regions has no pointer.
        if (!joins || (done != 0 && here % kBurstBoundary != 0)) {
            break;
        }
        Piece piece;
        piece.data = region->second.data + (here - region->first);
        piece.offset = done;
        piece.bytes = std::min(bytes - done - 1, region->second.last - here) + 1;
        if (!pieces.empty() && pieces.back().data + pieces.back().bytes == piece.data) {
            pieces.back().bytes += piece.bytes;
        } else if (pieces.size() == most) {
            break;
        } else {
            pieces.push_back(piece);
        }
        done += piece.bytes;
        ++region;
    }
    return done;
}

void DirectMemory::invalidate(std::uint64_t first, std::uint64_t last) {
    ++changes_;
    for (std::size_t way = 0; way < granted_.size(); ++way) {
        Regions& regions = granted_[way];
        for (auto region = regions.begin(); region != regions.end();) {
            region = region->first <= last && first <= region->second.last ? regions.erase(region) : std::next(region);
        }
        recent_[way] = regions.end();
    }
}

}  // namespace dmasim
