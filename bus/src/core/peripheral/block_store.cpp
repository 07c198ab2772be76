// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/peripheral/block_store.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <vector>

#include "dmasim/model/errors.h"

namespace dmasim {

FileStore::FileStore(const std::string& path, bool writable, std::uint64_t bytes) : writable_(writable) {
    std::error_code error;
    file_bytes_ = std::filesystem::file_size(path, error);
    if (!error) {
        file_.open(path, writable ? std::ios::in | std::ios::out | std::ios::binary : std::ios::in | std::ios::binary);
    }
    if (error || !file_.is_open()) {
        throw ConfigError("block store '" + path + "' cannot be opened for " + (writable ? "writing" : "reading"));
    }
    bytes_ = bytes == 0 ? file_bytes_ : bytes;
}

bool FileStore::read(std::uint64_t offset, std::uint8_t* data, std::size_t bytes) {
    const std::uint64_t there = offset >= file_bytes_ ? 0 : std::min<std::uint64_t>(bytes, file_bytes_ - offset);
    std::memset(data + there, 0, bytes - static_cast<std::size_t>(there));
    if (there == 0) {
        return true;
    }
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    std::vector<char> buffer(static_cast<std::size_t>(there));
    file_.read(buffer.data(), static_cast<std::streamsize>(there));
    std::memcpy(data, buffer.data(), buffer.size());
    return file_.good();
}

bool FileStore::write(std::uint64_t offset, const std::uint8_t* data, std::size_t bytes) {
    if (!writable_) {
        return false;
    }
    file_.clear();
    file_.seekp(static_cast<std::streamoff>(offset));
    std::vector<char> buffer(bytes);
    std::memcpy(buffer.data(), data, bytes);
    file_.write(buffer.data(), static_cast<std::streamsize>(bytes));
    file_bytes_ = std::max(file_bytes_, offset + bytes);
    return file_.good();
}

bool FileStore::flush() {
    if (!writable_) {
        return true;
    }
    file_.flush();
    return file_.good();
}

std::uint8_t GeneratedStore::generated(std::uint64_t seed, std::uint64_t offset) {
    // SplitMix64, one number for each eight bytes.
    std::uint64_t x = (seed + offset / 8 + 1) * 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    x ^= x >> 31;
    return static_cast<std::uint8_t>(x >> (8 * (offset % 8)));
}

bool GeneratedStore::read(std::uint64_t offset, std::uint8_t* data, std::size_t bytes) {
    difference_.read(offset, data, bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        data[i] = static_cast<std::uint8_t>(data[i] ^ generated(seed_, offset + i));
    }
    return true;
}

bool GeneratedStore::write(std::uint64_t offset, const std::uint8_t* data, std::size_t bytes) {
    std::vector<std::uint8_t> difference(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        difference[i] = static_cast<std::uint8_t>(data[i] ^ generated(seed_, offset + i));
    }
    difference_.write(offset, difference.data(), bytes);
    return true;
}

}  // namespace dmasim
