// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/scattered_pages.h"

#include <algorithm>
#include <limits>
#include <string>

#include "dmasim/model/errors.h"

namespace dmasim {

ScatteredBuffer part_of(const ScatteredBuffer& buffer, std::uint64_t offset, std::uint64_t bytes) {
    ScatteredBuffer part;
    for (const MemoryFragment& fragment : buffer) {
        if (bytes == 0) {
            break;
        }
        if (offset >= fragment.bytes) {
            offset -= fragment.bytes;
            continue;
        }
        const auto taken = static_cast<std::uint32_t>(std::min<std::uint64_t>(fragment.bytes - offset, bytes));
        part.push_back({fragment.address + offset, taken});
        bytes -= taken;
        offset = 0;
    }
    return part;
}

ScatteredPages::ScatteredPages(std::uint64_t base, std::uint32_t pages, std::uint32_t page_bytes, std::uint64_t seed)
    : ScatteredPages(page_bytes, seed) {
    if (page_bytes < 64 || page_bytes > (1U << 20) || (page_bytes & (page_bytes - 1)) != 0) {
        throw ConfigError("page_bytes is " + std::to_string(page_bytes) + "; it must be a power of two, 64 to 1048576");
    }
    if (base % page_bytes != 0) {
        throw ConfigError("base of the pages is " + std::to_string(base) + "; it must be a multiple of page_bytes");
    }
    if (pages == 0 || (pages - 1) > (std::numeric_limits<std::uint64_t>::max() - base) / page_bytes) {
        throw ConfigError("pages is " + std::to_string(pages) +
                          "; it must be at least 1, and the last page must end below 2^64");
    }
    for (std::uint32_t page = 0; page < pages; ++page) {
        free_.push_back(base + std::uint64_t{page} * page_bytes);
    }
}

std::uint64_t ScatteredPages::draw() {
    // Not std::uniform_int_distribution, whose result is not laid down: a seed must mean the same everywhere.
    std::swap(free_[random_() % free_.size()], free_.back());
    const std::uint64_t page = free_.back();
    free_.pop_back();
    return page;
}

ScatteredPages ScatteredPages::split(std::size_t pages) {
    ScatteredPages pool(page_bytes_, random_());
    while (pool.free_.size() < pages && !free_.empty()) {
        pool.free_.push_back(draw());
    }
    return pool;
}

ScatteredBuffer ScatteredPages::allocate(std::uint64_t bytes, std::uint32_t offset) {
    DMASIM_INVARIANT(offset < page_bytes_);
    ScatteredBuffer buffer;
    // Compared in pages, because bytes + offset may not fit.
    const std::uint64_t first = std::min<std::uint64_t>(bytes, page_bytes_ - offset);
    const std::uint64_t rest = bytes - first;
    const std::uint64_t pages = (first != 0 ? 1 : 0) + rest / page_bytes_ + (rest % page_bytes_ != 0 ? 1 : 0);
    if (pages > free_.size()) {
        return buffer;
    }
    while (bytes != 0) {
        const std::uint64_t address = draw() + offset;
        const auto taken = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, page_bytes_ - offset));
        offset = 0;
        bytes -= taken;
        if (!buffer.empty() && buffer.back().address + buffer.back().bytes == address &&
            taken <= std::numeric_limits<std::uint32_t>::max() - buffer.back().bytes) {
            buffer.back().bytes += taken;
        } else {
            buffer.push_back({address, taken});
        }
    }
    return buffer;
}

void ScatteredPages::release(const ScatteredBuffer& buffer) {
    for (const MemoryFragment& fragment : buffer) {
        const std::uint64_t last = fragment.address + (fragment.bytes - 1);
        for (std::uint64_t page = fragment.address / page_bytes_; page <= last / page_bytes_; ++page) {
            free_.push_back(page * page_bytes_);
        }
    }
}

}  // namespace dmasim
