// SPDX-License-Identifier: Apache-2.0
#include "store_buffer.h"

#include <algorithm>
#include <iterator>

namespace dmasim::detail {

namespace {

/// The bytes of a bus word that an access touches.
struct Lanes {
    std::uint64_t word;
    std::uint32_t from;
    std::uint32_t to;
};

Lanes lanes_of(std::uint64_t address, std::uint32_t bytes, std::uint32_t word_bytes) {
    const auto from = static_cast<std::uint32_t>(address & (word_bytes - 1));
    return {address - from, from, from + bytes};
}

}  // namespace

void StoreBuffer::frame(Entry& entry) {
    const auto begin = entry.set.begin();
    const auto first = std::find(begin, entry.set.end(), std::uint8_t{1});
    const auto last = std::find(entry.set.rbegin(), entry.set.rend(), std::uint8_t{1}).base();
    entry.first = static_cast<std::uint32_t>(first - begin);
    entry.bytes = static_cast<std::uint32_t>(last - first);
}

bool StoreBuffer::can_put(std::uint64_t address, bool cached) const {
    if (entries_.size() < config_.entries) {
        return true;
    }
    const Entry& youngest = entries_.back();
    return config_.merge && !youngest.requested && youngest.cached == cached && youngest.id > fence_ &&
           youngest.word == lanes_of(address, 0, word_bytes_).word;
}

void StoreBuffer::put(std::uint64_t address, const std::uint8_t* data, std::uint32_t bytes, bool cached, Cycles edge) {
    const Lanes lanes = lanes_of(address, bytes, word_bytes_);
    const bool join = config_.merge && !entries_.empty() && !entries_.back().requested &&
                      entries_.back().cached == cached && entries_.back().id > fence_ &&
                      entries_.back().word == lanes.word;
    if (!join) {
        newest_ += kIdStep;
        newest_ -= newest_ % kIdStep;
        Entry entry;
        entry.id = newest_;
        entry.word = lanes.word;
        entry.born = edge;
        entry.cached = cached;
        entries_.push_back(entry);
    }
    Entry& entry = entries_.back();
    std::copy_n(data, bytes, entry.data.begin() + lanes.from);
    std::fill(entry.set.begin() + lanes.from, entry.set.begin() + lanes.to, std::uint8_t{1});
    frame(entry);
}

StoreBuffer::Overlap StoreBuffer::overlap(std::uint64_t address, std::uint32_t bytes, std::uint64_t& last) const {
    const Lanes lanes = lanes_of(address, bytes, word_bytes_);
    std::array<std::uint8_t, kMaxWord> met{};
    bool any = false;
    for (const Entry& entry : entries_) {
        if (entry.word != lanes.word) {
            continue;
        }
        for (std::uint32_t lane = lanes.from; lane < lanes.to; ++lane) {
            if (entry.set[lane] != 0) {
                met[lane] = 1;
                any = true;
                last = entry.id;
            }
        }
    }
    if (!any) {
        return Overlap::None;
    }
    const bool all =
        std::all_of(met.begin() + lanes.from, met.begin() + lanes.to, [](std::uint8_t flag) { return flag != 0; });
    return all ? Overlap::Covered : Overlap::Partial;
}

void StoreBuffer::forward(std::uint64_t address, std::uint32_t bytes, std::uint8_t* data) const {
    const Lanes lanes = lanes_of(address, bytes, word_bytes_);
    for (const Entry& entry : entries_) {
        if (entry.word != lanes.word) {
            continue;
        }
        for (std::uint32_t lane = lanes.from; lane < lanes.to; ++lane) {
            if (entry.set[lane] != 0) {
                data[lane - lanes.from] = entry.data[lane];
            }
        }
    }
}

std::uint64_t StoreBuffer::newest_cached(std::uint64_t address, std::uint64_t bytes) const {
    std::uint64_t newest = 0;
    for (const Entry& entry : entries_) {
        const std::uint64_t first = entry.word + entry.first;
        // Differences, so that the end of the address space needs no special case.
        if (entry.cached && (first - address < bytes || address - first < entry.bytes)) {
            newest = entry.id;
        }
    }
    return newest;
}

std::uint64_t StoreBuffer::newest_cached() const {
    std::uint64_t newest = 0;
    for (const Entry& entry : entries_) {
        if (entry.cached) {
            newest = entry.id;
        }
    }
    return newest;
}

void StoreBuffer::force(std::uint64_t id) {
    for (Entry& entry : entries_) {
        if (entry.id > id) {
            break;
        }
        entry.forced = true;
    }
}

std::uint64_t StoreBuffer::force_bytes(std::uint64_t bytes) {
    std::uint64_t last = 0;
    for (auto place = entries_.begin(); place != entries_.end() && bytes > 0; ++place) {
        Entry& entry = *place;
        std::uint64_t count = 0;
        std::uint32_t cut = 0;  // First lane that stays behind.
        for (std::uint32_t lane = entry.first; lane < entry.first + entry.bytes && count < bytes; ++lane) {
            count += entry.set[lane];
            cut = lane + 1;
        }
        if (cut < entry.first + entry.bytes && !entry.requested) {
            Entry rest = entry;
            ++rest.id;
            rest.forced = false;
            std::fill(rest.set.begin(), rest.set.begin() + cut, std::uint8_t{0});
            std::fill(entry.set.begin() + cut, entry.set.end(), std::uint8_t{0});
            frame(entry);
            frame(rest);
            newest_ = std::max(newest_, rest.id);
            last = entry.id;
            entry.forced = true;
            entries_.insert(std::next(place), rest);
            break;
        }
        entry.forced = true;
        last = entry.id;
        bytes -= std::min(bytes, count);
    }
    return last;
}

Cycles StoreBuffer::behind_rests(Cycles edge) const {
    for (std::size_t n = 0; n < config_.holds.size(); ++n) {
        const StoreHold& hold = config_.holds[n];
        if (hold.at < edge && edge <= hold.at + hold.cycles) {
            edge = hold.at + hold.cycles + 1;
            n = static_cast<std::size_t>(-1);  // another one may begin where this one ends
        }
    }
    return edge;
}

StoreBuffer::Entry* StoreBuffer::next(Cycles from, Cycles& ready) {
    std::uint32_t in_flight = 0;
    for (Entry& entry : entries_) {
        if (entry.requested) {
            ++in_flight;
            continue;
        }
        if (in_flight >= config_.max_in_flight || (config_.hold && !entry.forced)) {
            return nullptr;
        }
        ready = std::max(from, entry.forced ? entry.born + 1 : entry.born + config_.residence);
        if (!entry.forced) {
            ready = behind_rests(ready);
        }
        return &entry;
    }
    return nullptr;
}

Cycles StoreBuffer::next_answer() const {
    return !entries_.empty() && entries_.front().answered ? entries_.front().answer : kNever;
}

}  // namespace dmasim::detail
