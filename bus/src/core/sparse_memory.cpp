// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/sparse_memory.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

// Calls `part(page number, offset in the page, offset in the access, bytes)` for each page of an access.
template <typename Part>
void for_each_page(std::uint64_t address, std::uint64_t bytes, Part part) {
    for (std::uint64_t done = 0; done < bytes;) {
        const std::uint64_t at = address + done;
        const std::uint64_t offset = at % SparseMemory::kPageBytes;
        const std::uint64_t here = std::min(bytes - done, SparseMemory::kPageBytes - offset);
        part(at / SparseMemory::kPageBytes, static_cast<std::size_t>(offset), static_cast<std::size_t>(done),
             static_cast<std::size_t>(here));
        done += here;
    }
}

}  // namespace

SparseMemory::Page* SparseMemory::find(std::uint64_t number) const {
    if (last_page_ != nullptr && last_number_ == number) {
        return last_page_;
    }
    const auto found = pages_.find(number);
    if (found == pages_.end()) {
        return nullptr;
    }
    last_number_ = number;
    last_page_ = found->second.get();
    return last_page_;
}

SparseMemory::Page& SparseMemory::create(std::uint64_t number) {
    if (Page* page = find(number)) {
        return *page;
    }
    auto page = std::make_unique<Page>();
    page->fill(fill_);
    last_number_ = number;
    last_page_ = page.get();
    pages_.emplace(number, std::move(page));
    return *last_page_;
}

void SparseMemory::read(std::uint64_t address, void* data, std::size_t bytes) const {
    auto* to = static_cast<std::uint8_t*>(data);
    for_each_page(address, bytes, [&](std::uint64_t number, std::size_t offset, std::size_t done, std::size_t here) {
        if (const Page* page = find(number)) {
            std::memcpy(to + done, page->data() + offset, here);
        } else {
            std::memset(to + done, fill_, here);
        }
    });
}

void SparseMemory::write(std::uint64_t address, const void* data, std::size_t bytes) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    for_each_page(address, bytes, [&](std::uint64_t number, std::size_t offset, std::size_t done, std::size_t here) {
        std::memcpy(create(number).data() + offset, from + done, here);
    });
}

void SparseMemory::write_enabled(std::uint64_t address, const std::uint8_t* data, const std::uint8_t* enables,
                                 std::size_t bytes) {
    // Runs of enabled bytes, so that a page without any is not created.
    for (std::size_t i = 0; i < bytes;) {
        std::size_t end = i;
        while (end < bytes && enables[end] != 0) {
            ++end;
        }
        if (end > i) {
            write(address + i, data + i, end - i);
        }
        i = end + 1;
    }
}

void SparseMemory::set(std::uint64_t address, std::uint8_t value, std::uint64_t bytes) {
    if (value == fill_ && bytes / kPageBytes > pages_.size()) {
        // Only pages that exist need it, and there are fewer of them than in the range.
        for (auto& [number, page] : pages_) {
            for (std::uint64_t i = 0; i < kPageBytes; ++i) {
                if (number * kPageBytes + i - address < bytes) {
                    (*page)[static_cast<std::size_t>(i)] = value;
                }
            }
        }
        return;
    }
    for_each_page(address, bytes, [&](std::uint64_t number, std::size_t offset, std::size_t, std::size_t here) {
        if (value != fill_ || find(number) != nullptr) {
            std::memset(create(number).data() + offset, value, here);
        }
    });
}

std::uint8_t* SparseMemory::page(std::uint64_t address) {
    return create(address / kPageBytes).data();
}

std::uint64_t SparseMemory::hash() const {
    // The sum does not depend on the order; pages that hold the fill value only count like pages that do not exist.
    std::uint64_t sum = fill_;
    for (const auto& [number, page] : pages_) {
        const bool untouched =
            std::all_of(page->begin(), page->end(), [this](std::uint8_t byte) { return byte == fill_; });
        if (!untouched) {
            sum += XXH3_64bits_withSeed(page->data(), page->size(), number * 0x9E3779B97F4A7C15ULL + 1);
        }
    }
    return sum;
}

std::uint64_t SparseMemory::load(std::uint64_t address, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw ConfigError("memory image '" + path + "' cannot be opened");
    }
    std::vector<char> buffer(1U << 16);
    std::uint64_t done = 0;
    while (file) {
        file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        const auto got = static_cast<std::uint64_t>(file.gcount());
        if (got == 0) {
            break;
        }
        if (address + done < address || got - 1 > ~std::uint64_t{0} - (address + done)) {
            throw ConfigError("memory image '" + path + "' does not fit below 2^64");
        }
        write(address + done, buffer.data(), static_cast<std::size_t>(got));
        done += got;
    }
    if (file.bad() || (done == 0 && !file.eof())) {
        throw ConfigError("memory image '" + path + "' cannot be read");
    }
    return done;
}

void SparseMemory::clear() {
    pages_.clear();
    last_page_ = nullptr;
}

}  // namespace dmasim
