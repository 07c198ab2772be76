// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/bytes.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

namespace dmasim::cli {

namespace {

unsigned digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    return static_cast<unsigned>((c | 0x20) - 'a') + 10U;
}

constexpr std::array<const char*, 4> kKinds{"file", "hex", "pattern", "seed"};

Bytes read_file(const View& entry, const std::string& folder) {
    const View file = entry["file"];
    std::filesystem::path path(file.string());
    if (path.is_relative()) {
        path = std::filesystem::path(folder) / path;
    }
    const auto cannot = [&](const char* why) { file.fail(fmt::format("cannot read {}: {}", path.string(), why)); };
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        cannot("is a directory");
    }
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (stream == nullptr) {
        cannot(std::strerror(errno));
    }
    const std::uint64_t offset = entry.has("file_offset") ? entry["file_offset"].number() : 0;
    if (offset > 0 &&
        (offset > kMaxEntryBytes * 1024 || std::fseek(stream.get(), static_cast<long>(offset), SEEK_SET) != 0)) {
        cannot("file_offset is out of reach");
    }
    const std::uint64_t most = entry.has("size") ? entry["size"].number() : kMaxEntryBytes + 1;
    Bytes bytes;
    std::array<std::uint8_t, 65536> buffer{};
    while (bytes.size() < most) {
        const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), most - bytes.size());
        const std::size_t got = std::fread(buffer.data(), 1, wanted, stream.get());
        bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
        if (got < wanted) {
            break;
        }
    }
    if (std::ferror(stream.get()) != 0) {
        cannot(std::strerror(errno));
    }
    if (entry.has("size") && bytes.size() < most) {
        file.fail(fmt::format("{} has {} bytes from {} on, fewer than the size {}", path.string(), bytes.size(), offset,
                              most));
    }
    if (bytes.empty()) {
        file.fail(fmt::format("{} has no bytes from {} on", path.string(), offset));
    }
    return bytes;
}

}  // namespace

Bytes parse_hex(std::string_view text) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size();) {
        if (text[i] == ' ' || text[i] == '_') {
            ++i;
            continue;
        }
        bytes.push_back(static_cast<std::uint8_t>((digit(text[i]) << 4U) | digit(text[i + 1])));
        i += 2;
    }
    return bytes;
}

std::string to_hex(const Bytes& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

Bytes random_bytes(std::uint64_t seed, std::uint64_t size) {
    Bytes bytes;
    bytes.reserve(size + 8);
    while (bytes.size() < size) {
        seed += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = seed;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        z ^= z >> 31U;
        for (unsigned k = 0; k < 8; ++k) {
            bytes.push_back(static_cast<std::uint8_t>(z >> (8U * k)));
        }
    }
    bytes.resize(size);
    return bytes;
}

bool has_bytes(const View& entry) {
    for (const char* kind : kKinds) {
        if (entry.has(kind)) {
            return true;
        }
    }
    return false;
}

Bytes bytes_of(const View& entry, const std::string& folder) {
    unsigned kinds = 0;
    for (const char* kind : kKinds) {
        kinds += entry.has(kind) ? 1U : 0U;
    }
    if (kinds != 1) {
        entry.fail(fmt::format("{}: exactly one of file, hex, pattern and seed belongs here, found {}",
                               readable_path(entry.pointer()), kinds));
    }
    if (entry.has("size") && entry["size"].number() > kMaxEntryBytes) {
        entry["size"].fail(
            fmt::format("{} bytes; the most for one entry is {}", entry["size"].number(), kMaxEntryBytes));
    }
    if (entry.has("file_offset") && !entry.has("file")) {
        entry["file_offset"].fail_at_key("file_offset belongs to file, which is missing");
    }
    if (entry.has("file")) {
        Bytes bytes = read_file(entry, folder);
        if (bytes.size() > kMaxEntryBytes) {
            entry["file"].fail(fmt::format("more than {} bytes, the most for one entry", kMaxEntryBytes));
        }
        return bytes;
    }
    if (entry.has("hex")) {
        Bytes bytes = parse_hex(entry["hex"].string());
        if (entry.has("size") && entry["size"].number() != bytes.size()) {
            entry["size"].fail(fmt::format("size is {}, but hex has {} bytes", entry["size"].number(), bytes.size()));
        }
        return bytes;
    }
    const char* kind = entry.has("pattern") ? "pattern" : "seed";
    if (!entry.has("size")) {
        entry[kind].fail_at_key(fmt::format("{} needs a size", kind));
    }
    const std::uint64_t size = entry["size"].number();
    if (entry.has("seed")) {
        return random_bytes(entry["seed"].number(), size);
    }
    const Bytes pattern = parse_hex(entry["pattern"].string());
    Bytes bytes(size);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = pattern[i % pattern.size()];
    }
    return bytes;
}

}  // namespace dmasim::cli
