// SPDX-License-Identifier: Apache-2.0
#include "shadow.h"

#include <algorithm>

namespace dmasim::detail {

WriteId Shadow::make_write(Cycles at, const ByteRange& range, WriteHow how, std::uint16_t channel) {
    WriteRecord record;
    record.at = at;
    record.address = range.first;
    record.bytes = static_cast<std::uint32_t>(range.bytes());
    record.how = how;
    record.channel = channel;
    writes_.push_back(record);
    return last_write();
}

Place Shadow::place_of(std::uint64_t address) {
    const ByteState& state = byte(address);
    if (state.newest == state.memory) {
        return Place::Memory;
    }
    const std::uint64_t line_start = line_address(address);
    const std::size_t offset = address - line_start;
    if (const LineShadow* found = line(address);
        found != nullptr && found->versions[offset] == state.newest && found->dirty[offset] != 0) {
        return Place::Cache;
    }
    if (const auto found = write_backs.find(line_start);
        found != write_backs.end() && found->second.versions[offset] == state.newest) {
        return Place::WriteBack;
    }
    for (const PendingStore& store : pending) {
        if (store.id == state.newest && store.range.contains(address)) {
            return Place::StoreBuffer;
        }
    }
    for (const SentStore& store : sent) {
        if (address >= store.address && address - store.address < store.ids.size() &&
            store.ids[address - store.address] == state.newest) {
            return Place::StoreBuffer;
        }
    }
    if (dropped.find(address) != nullptr) {
        return Place::Dropped;
    }
    return overwritten.find(address) != nullptr ? Place::Overwritten : Place::Nowhere;
}

Mapping* Shadow::live(std::uint64_t address, bool device_writes) {
    const auto found = std::find_if(mappings.rbegin(), mappings.rend(), [&](const Mapping& mapping) {
        return mapping.live && mapping.range.contains(address) &&
               (device_writes ? mapping.device_writes() : mapping.device_reads());
    });
    return found == mappings.rend() ? nullptr : &*found;
}

Mapping* Shadow::any_mapping(std::uint64_t address) {
    const auto found = std::find_if(mappings.rbegin(), mappings.rend(),
                                    [&](const Mapping& mapping) { return mapping.range.contains(address); });
    return found == mappings.rend() ? nullptr : &*found;
}

}  // namespace dmasim::detail
