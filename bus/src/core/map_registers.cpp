// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/map_registers.h"

#include <algorithm>
#include <utility>

#include "dmasim/bus/core/text.h"
#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

/// Changes of one page that are kept: requests come with stamps near the present.
constexpr std::size_t kChangesKept = 8;

void check_page(std::vector<std::string>& problems, std::uint32_t page_bytes) {
    if (page_bytes < 4096 || page_bytes > 1U << 20 || (page_bytes & (page_bytes - 1)) != 0) {
        problems.push_back("page_bytes is " + std::to_string(page_bytes) + ", must be a power of two, 4096 to 1048576");
    }
}

std::uint32_t checked_page(std::uint32_t page_bytes) {
    std::vector<std::string> problems;
    check_page(problems, page_bytes);
    detail::refuse("translation table", problems);
    return page_bytes;
}

const MapRegistersConfig& checked(const MapRegistersConfig& config) {
    detail::refuse("map registers", validate(config));
    return config;
}

}  // namespace

TranslationTable::TranslationTable(std::uint32_t page_bytes) : page_bytes_(checked_page(page_bytes)) {}

void TranslationTable::set(std::uint64_t logical, const TranslationEntry& entry, Cycles at) {
    std::deque<Change>& changes = pages_[logical / page_bytes_];
    changes.push_back({at, entry});
    while (changes.size() > kChangesKept) {
        changes.pop_front();
    }
}

TranslationEntry TranslationTable::find(std::uint64_t logical, Cycles at) const {
    const auto page = pages_.find(logical / page_bytes_);
    if (page != pages_.end()) {
        for (auto change = page->second.rbegin(); change != page->second.rend(); ++change) {
            if (change->at < at) {
                return change->entry;
            }
        }
    }
    return {};
}

TranslationEntry TranslationTable::latest(std::uint64_t logical) const {
    const auto page = pages_.find(logical / page_bytes_);
    return page == pages_.end() ? TranslationEntry{} : page->second.back().entry;
}

std::size_t TranslationTable::valid_pages() const {
    return static_cast<std::size_t>(
        std::count_if(pages_.begin(), pages_.end(), [](const auto& page) { return page.second.back().entry.valid; }));
}

AddressTranslator::AddressTranslator(std::uint32_t translate_cycles, std::uint32_t bus_bytes, Unmapped unmapped,
                                     const TranslationTable* table)
    : translate_cycles_(translate_cycles), bus_bytes_(bus_bytes), unmapped_(unmapped) {
    std::vector<std::string> problems;
    detail::check_range(problems, "translate_cycles", translate_cycles, 0, 1024);
    detail::check_width(problems, std::uint64_t{bus_bytes} * 8);
    detail::refuse("address translator", problems);
    uses_.push_back({Cycles{0}, table});
}

void AddressTranslator::bind(BurstPort& below, BurstMaster& above) {
    below_ = &below;
    above_ = &above;
}

void AddressTranslator::use(const TranslationTable* table, Cycles at) {
    uses_.push_back({at, table});
    while (uses_.size() > kChangesKept) {
        uses_.pop_front();
    }
}

void AddressTranslator::exclude(std::uint64_t address, std::uint64_t bytes) {
    excluded_ = address;
    excluded_bytes_ = bytes;
}

void AddressTranslator::count(const TranslationFault& fault) {
    ++faults_;
    last_fault_ = fault;
    if (listener_) {
        listener_(fault);
    }
}

bool AddressTranslator::translate(const Burst& burst, Cycles at, std::uint64_t& physical,
                                  TranslationFault& fault) const {
    const TranslationTable* table = uses_.front().table;
    for (const Use& entry : uses_) {
        table = entry.at < at ? entry.table : table;
    }
    physical = burst.address;
    const std::uint64_t span = burst.fixed_bytes != 0 ? burst.fixed_bytes : burst.bytes;
    const std::uint64_t place = burst.address - excluded_;
    if (table == nullptr || (place < excluded_bytes_ && span <= excluded_bytes_ - place)) {
        return true;
    }
    fault.at = at;
    fault.access = burst.access;
    fault.logical = burst.address;
    const std::uint64_t page = table->page_bytes();
    const std::uint64_t last = burst.address + (span - 1);
    bool first = true;
    for (std::uint64_t base = burst.address & ~(page - 1);; base += page) {
        const std::uint64_t begin = std::max(base, burst.address);
        TranslationEntry entry = table->find(base, at);
        if (!entry.valid) {
            if (unmapped_ == Unmapped::Fault) {
                fault.kind = TranslationFault::Kind::NotMapped;
                fault.logical = begin;
                fault.bytes = last - begin + 1;
                return false;
            }
            entry = TranslationEntry{base, true, true, true};
        }
        if (!(burst.access == Access::Read ? entry.device_reads : entry.device_writes)) {
            fault.kind = TranslationFault::Kind::WrongDirection;
            fault.logical = begin;
            fault.bytes = last - begin + 1;
            return false;
        }
        const std::uint64_t here = entry.physical + (begin - base);
        if (first) {
            physical = here;
        } else if (here != physical + (begin - burst.address)) {
            fault.kind = TranslationFault::Kind::Torn;
            fault.logical = begin;
            fault.bytes = last - begin + 1;
            return false;
        }
        first = false;
        if (last - base < page) {
            return true;
        }
    }
}

void AddressTranslator::request(const Burst& burst, Cycles at) {
    DMASIM_INVARIANT(below_ != nullptr);
    Burst translated = burst;
    TranslationFault fault;
    Outstanding entry;
    entry.tag = burst.tag;
    entry.beats = beats_of(burst.address, burst.bytes, burst.fixed_bytes, bus_bytes_);
    entry.faulted = !translate(burst, at, translated.address, fault);
    const bool read = burst.access == Access::Read;
    const Cycles on = at + translate_cycles_;
    entry.earliest = on + (read ? 1 : entry.beats);
    std::deque<Outstanding>& queue = read ? reads_ : writes_;
    queue.push_back(entry);
    if (!entry.faulted) {
        below_->request(translated, on);
        return;
    }
    count(fault);
    above_->accepted(burst.tag, on);
    answer_faults(queue, burst.access);
}

void AddressTranslator::answer_faults(std::deque<Outstanding>& queue, Access access) {
    while (!queue.empty() && queue.front().faulted) {
        const Outstanding entry = queue.front();
        queue.pop_front();
        Cycles& last = access == Access::Read ? last_read_ : last_write_;
        const Cycles at = std::max(entry.earliest, last + 1);
        if (access == Access::Read) {
            last = at + (entry.beats - 1);
            above_->read_data(entry.tag, at, 1, Response::AddressError);
        } else {
            last = at;
            above_->write_response(entry.tag, at, Response::AddressError);
        }
    }
}

void AddressTranslator::accepted(std::uint32_t tag, Cycles at) {
    above_->accepted(tag, at);
}

void AddressTranslator::read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) {
    const auto entry =
        std::find_if(reads_.begin(), reads_.end(), [&](const Outstanding& read) { return read.tag == tag; });
    DMASIM_INVARIANT(entry != reads_.end());
    last_read_ = std::max(last_read_, first + std::uint64_t{entry->beats - 1} * interval);
    reads_.erase(entry);
    above_->read_data(tag, first, interval, response);
    answer_faults(reads_, Access::Read);
}

void AddressTranslator::write_response(std::uint32_t tag, Cycles at, Response response) {
    const auto entry =
        std::find_if(writes_.begin(), writes_.end(), [&](const Outstanding& write) { return write.tag == tag; });
    DMASIM_INVARIANT(entry != writes_.end());
    last_write_ = std::max(last_write_, at);
    writes_.erase(entry);
    above_->write_response(tag, at, response);
    answer_faults(writes_, Access::Write);
}

std::vector<std::string> validate(const MapRegistersConfig& config) {
    std::vector<std::string> problems;
    check_page(problems, config.page_bytes);
    detail::check_range(problems, "registers", config.registers, 1, 4096);
    if (problems.empty() && config.window % config.page_bytes != 0) {
        problems.push_back("window is " + detail::hex(config.window) + ", must be a multiple of a page");
    }
    if (problems.empty() && config.window + std::uint64_t{config.registers - 1} * config.page_bytes < config.window) {
        problems.emplace_back("the window runs past 2^64");
    }
    return problems;
}

MapRegistersCore::MapRegistersCore(const MapRegistersConfig& config)
    : DevicePort(config.timing, config.data_width_bits),
      config_(checked(config)),
      table_(config.page_bytes),
      values_(config.registers) {}

Response MapRegistersCore::transfer(const Burst& burst, Cycles edge) {
    if ((burst.bytes != 4 && burst.bytes != 8) || burst.address % burst.bytes != 0 || burst.fixed_bytes != 0) {
        return Response::BurstError;
    }
    const std::uint64_t number = burst.address / 8;
    if (number >= values_.size()) {
        return Response::AddressError;
    }
    const std::uint64_t shift = burst.address % 8 * 8;
    std::uint64_t value = values_[number];
    for (std::uint32_t byte = 0; byte < burst.bytes; ++byte) {
        const std::uint64_t place = shift + 8ULL * byte;
        if (burst.access == Access::Read) {
            burst.data[byte] = static_cast<std::uint8_t>(value >> place);
        } else if (burst.enables == nullptr || burst.enables[byte] != 0) {
            value &= ~(0xFFULL << place);
            value |= std::uint64_t{burst.data[byte]} << place;
        }
    }
    if (burst.access == Access::Write) {
        values_[number] = value;
        TranslationEntry entry;
        entry.physical = value & ~(std::uint64_t{config_.page_bytes} - 1);
        entry.valid = (value & kValid) != 0;
        entry.device_reads = (value & kDeviceReads) != 0;
        entry.device_writes = (value & kDeviceWrites) != 0;
        table_.set(config_.window + number * config_.page_bytes, entry, edge);
    }
    return Response::Ok;
}

}  // namespace dmasim
