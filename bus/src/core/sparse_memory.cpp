// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/sparse_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
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

constexpr std::uint64_t bit_of(std::uint64_t page) {
    return std::uint64_t{1} << page % SparseMemory::kBlockPages;
}

std::size_t offset_of(std::uint64_t page) {
    return static_cast<std::size_t>(page % SparseMemory::kBlockPages * SparseMemory::kPageBytes);
}

}  // namespace

void SparseMemory::Free::operator()(std::uint8_t* storage) const {
    std::free(storage);
}

SparseMemory::Block* SparseMemory::find(std::uint64_t number) const {
    Recent& recent = recent_[number % recent_.size()];
    if (recent.block != nullptr && recent.number == number) {
        return recent.block;
    }
    const auto found = blocks_.find(number);
    if (found == blocks_.end()) {
        return nullptr;
    }
    recent = {number, found->second.get()};
    return recent.block;
}

SparseMemory::Block& SparseMemory::create(std::uint64_t number) {
    if (Block* block = find(number)) {
        return *block;
    }
    auto block = std::make_unique<Block>();
    // Zeroes that nobody writes to cost no memory, so they are left to calloc.
    std::size_t room = kBlockBytes + kPageBytes;
    block->storage.reset(static_cast<std::uint8_t*>(std::calloc(room, 1)));
    if (!block->storage) {
        throw std::bad_alloc();
    }
    void* start = block->storage.get();
    block->bytes = static_cast<std::uint8_t*>(std::align(kPageBytes, kBlockBytes, start, room));
    Block& created = *block;
    blocks_.emplace(number, std::move(block));
    recent_[number % recent_.size()] = {number, &created};
    return created;
}

const std::uint8_t* SparseMemory::find_page(std::uint64_t number) const {
    const Block* const block = find(number / kBlockPages);
    return block != nullptr && (block->exists & bit_of(number)) != 0 ? block->bytes + offset_of(number) : nullptr;
}

std::uint8_t* SparseMemory::create_page(std::uint64_t number) {
    Block& block = create(number / kBlockPages);
    std::uint8_t* const page = block.bytes + offset_of(number);
    if ((block.exists & bit_of(number)) == 0) {
        block.exists |= bit_of(number);
        ++pages_;
        if (fill_ != 0) {
            std::memset(page, fill_, kPageBytes);
        }
    }
    return page;
}

template <typename Part>
void SparseMemory::for_each_existing(Part part) const {
    for (const auto& [number, block] : blocks_) {
        for (std::uint64_t rest = block->exists; rest != 0; rest &= rest - 1) {
            const auto page = static_cast<std::uint64_t>(__builtin_ctzll(rest));
            part(number * kBlockPages + page, block->bytes + offset_of(page));
        }
    }
}

void SparseMemory::read(std::uint64_t address, void* data, std::size_t bytes) const {
    auto* to = static_cast<std::uint8_t*>(data);
    for_each_page(address, bytes, [&](std::uint64_t number, std::size_t offset, std::size_t done, std::size_t here) {
        if (const std::uint8_t* page = find_page(number)) {
            std::memcpy(to + done, page + offset, here);
        } else {
            std::memset(to + done, fill_, here);
        }
    });
}

void SparseMemory::write(std::uint64_t address, const void* data, std::size_t bytes) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    for_each_page(address, bytes, [&](std::uint64_t number, std::size_t offset, std::size_t done, std::size_t here) {
        std::memcpy(create_page(number) + offset, from + done, here);
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
    if (value == fill_ && bytes / kPageBytes > pages_) {
        // Only pages that exist need it, and there are fewer of them than in the range.
        for_each_existing([&](std::uint64_t number, std::uint8_t* page) {
            for (std::uint64_t i = 0; i < kPageBytes; ++i) {
                if (number * kPageBytes + i - address < bytes) {
                    page[i] = value;
                }
            }
        });
        return;
    }
    for_each_page(address, bytes, [&](std::uint64_t number, std::size_t offset, std::size_t, std::size_t here) {
        if (value != fill_ || find_page(number) != nullptr) {
            std::memset(create_page(number) + offset, value, here);
        }
    });
}

std::uint8_t* SparseMemory::page(std::uint64_t address) {
    return create_page(address / kPageBytes);
}

std::uint8_t* SparseMemory::block(std::uint64_t address) {
    const std::uint64_t first = address / kBlockBytes * kBlockPages;
    for (std::uint64_t page = 0; page < kBlockPages; ++page) {
        create_page(first + page);
    }
    return find(address / kBlockBytes)->bytes;
}

std::uint64_t SparseMemory::hash() const {
    // The sum does not depend on the order; pages that hold the fill value only count like pages that do not exist.
    std::uint64_t sum = fill_;
    for_each_existing([&](std::uint64_t number, const std::uint8_t* page) {
        const bool untouched =
            std::all_of(page, page + kPageBytes, [this](std::uint8_t byte) { return byte == fill_; });
        if (!untouched) {
            sum += XXH3_64bits_withSeed(page, kPageBytes, number * 0x9E3779B97F4A7C15ULL + 1);
        }
    });
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
    blocks_.clear();
    recent_ = {};
    pages_ = 0;
}

}  // namespace dmasim
