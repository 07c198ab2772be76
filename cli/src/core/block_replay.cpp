// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/block_replay.h"

#include <algorithm>

#include <fmt/format.h>

#include "dmasim/model/errors.h"

namespace dmasim::cli {

namespace {

constexpr std::size_t kReads = 0;
constexpr std::size_t kWrites = 1;
/// Files begin at multiples of this, as in file systems.
constexpr std::uint64_t kFileAlignment = 4096;
constexpr std::size_t kProblems = 8;

/// The bytes of `buffer` as the program sees them: through the cache. An error leaves zeros, which the caller notices.
std::vector<std::uint8_t> load(CpuContext& cpu, const ScatteredBuffer& buffer, std::uint64_t bytes) {
    std::vector<std::uint8_t> data(bytes);
    std::uint8_t* at = data.data();
    for (const MemoryFragment& fragment : buffer) {
        cpu.read(fragment.address, at, fragment.bytes);
        at += fragment.bytes;
    }
    return data;
}

}  // namespace

BlockReplay::BlockReplay(const BlockRecording& recording, BlockStorage& storage, ScatteredPages& pages,
                         const BlockReplayOptions& options)
    : recording_(recording),
      storage_(storage),
      pages_(pages),
      working_(pages.split(options.working_pages)),
      options_(options),
      random_(options.seed) {
    const std::uint64_t block_bytes = storage.block_bytes();
    const std::uint64_t step = std::max(kFileAlignment, block_bytes);
    std::uint64_t at = 0;
    std::uint64_t greatest_file = 0;
    for (const BlockRecording::File& file : recording.files) {
        first_block_.push_back(at / block_bytes);
        contents_.emplace_back();
        at += (file.greatest_bytes + step - 1) / step * step;
        greatest_file = std::max(greatest_file, file.greatest_bytes);
    }
    if (at / block_bytes > storage.blocks()) {
        throw ConfigError(fmt::format("the disk has {} bytes; the files of the recording need {}",
                                      storage.blocks() * block_bytes, at));
    }
    // A request may begin anywhere in its first page, and is rounded to whole blocks.
    std::uint64_t greatest_request = 4096;  // Zeros are written in pieces of that size.
    for (const BlockRecording::Request& request : recording.requests) {
        greatest_request = std::max<std::uint64_t>(greatest_request, request.bytes);
    }
    const std::uint64_t need = (greatest_request + 2 * block_bytes) / pages.page_bytes() + 2;
    if (working_.available() < need) {
        throw ConfigError(
            fmt::format("the buffers of requests have {} pages of {} bytes; the greatest request needs {}",
                        working_.available(), pages.page_bytes(), need));
    }
    const std::uint64_t need_back = (greatest_file + block_bytes) / pages.page_bytes() + 2;
    if (pages.available() < need_back) {
        throw ConfigError(
            fmt::format("{} pages of {} bytes are left for reading back the files; the greatest one needs {}",
                        pages.available(), pages.page_bytes(), need_back));
    }
}

BlockReplay::Extent BlockReplay::extent_of(std::uint32_t file, std::uint64_t offset, std::uint64_t bytes) const {
    const std::uint64_t block_bytes = storage_.block_bytes();
    Extent extent;
    extent.block = first_block_[file] + offset / block_bytes;
    extent.lead = offset % block_bytes;
    extent.blocks = (extent.lead + bytes + block_bytes - 1) / block_bytes;
    return extent;
}

ScatteredBuffer BlockReplay::allocate(std::uint64_t bytes) {
    const std::uint32_t places = std::max(1U, working_.page_bytes() / options_.alignment);
    const auto offset = static_cast<std::uint32_t>(random_() % places) * options_.alignment;
    ScatteredBuffer buffer = working_.allocate(bytes, offset);
    DMASIM_INVARIANT(!buffer.empty());
    return buffer;
}

bool BlockReplay::command(CpuContext& cpu, Access access, const Extent& extent, const ScatteredBuffer& buffer) {
    const std::uint64_t block_bytes = storage_.block_bytes();
    for (std::uint64_t done = 0; done < extent.blocks;) {
        const std::uint64_t blocks = std::min<std::uint64_t>(extent.blocks - done, storage_.max_blocks());
        const ScatteredBuffer part = part_of(buffer, done * block_bytes, blocks * block_bytes);
        const std::string error = access == Access::Read ? storage_.read(cpu, extent.block + done, part)
                                                         : storage_.write(cpu, extent.block + done, part);
        ++report_.commands;
        report_.disk_bytes += blocks * block_bytes;
        report_.fragments += part.size();
        if (!error.empty()) {
            problem(fmt::format("{} of {} blocks at block {}: {}", access == Access::Read ? "read" : "write", blocks,
                                extent.block + done, error));
            return false;
        }
        done += blocks;
    }
    return true;
}

bool BlockReplay::read(CpuContext& cpu, const BlockRecording::Request& request) {
    const Extent extent = extent_of(request.file, request.offset, request.bytes);
    const ScatteredBuffer buffer = allocate(extent.blocks * storage_.block_bytes());
    const bool good = command(cpu, Access::Read, extent, buffer);
    if (good) {
        const std::vector<std::uint8_t> data = load(cpu, part_of(buffer, extent.lead, request.bytes), request.bytes);
        if (crc32_of(data.data(), data.size()) != request.crc32) {
            ++report_.wrong_reads;
            problem(fmt::format("read of {} bytes at {} of {} got other bytes than were recorded", request.bytes,
                                request.offset, recording_.files[request.file].name));
        }
    }
    working_.release(buffer);
    return good;
}

bool BlockReplay::write(CpuContext& cpu, std::uint32_t file, std::uint64_t offset, const std::uint8_t* data,
                        std::uint64_t bytes) {
    std::vector<std::uint8_t>& content = contents_[file];
    if (content.size() < offset && !resize(cpu, file, offset)) {
        return false;
    }
    const Extent extent = extent_of(file, offset, bytes);
    const std::uint64_t whole = extent.blocks * storage_.block_bytes();
    const std::uint64_t rest = whole - extent.lead - bytes;
    const ScatteredBuffer buffer = allocate(whole);
    const std::vector<std::uint8_t> zeros(rest, 0);
    const auto store = [&](std::uint64_t begin, const std::uint8_t* from, std::uint64_t length) {
        for (const MemoryFragment& fragment : part_of(buffer, begin, length)) {
            cpu.write(fragment.address, from, fragment.bytes);
            from += fragment.bytes;
        }
    };
    bool good = true;
    if (extent.lead != 0 || (rest != 0 && content.size() > offset + bytes)) {
        good = command(cpu, Access::Read, extent, buffer);
    } else {
        store(extent.lead + bytes, zeros.data(), rest);
    }
    if (good) {
        store(extent.lead, data, bytes);
        good = command(cpu, Access::Write, extent, buffer);
    }
    working_.release(buffer);
    content.resize(std::max<std::size_t>(content.size(), offset + bytes));
    std::copy_n(data, bytes, content.begin() + static_cast<std::ptrdiff_t>(offset));
    return good;
}

bool BlockReplay::resize(CpuContext& cpu, std::uint32_t file, std::uint64_t bytes) {
    constexpr std::uint64_t kPiece = 4096;
    const std::vector<std::uint8_t> zeros(kPiece, 0);
    bool good = true;
    while (good && contents_[file].size() < bytes) {
        const std::uint64_t from = contents_[file].size();
        good = write(cpu, file, from, zeros.data(), std::min(bytes - from, kPiece - from % kPiece));
    }
    contents_[file].resize(bytes);
    return good;
}

void BlockReplay::read_back(CpuContext& cpu, std::uint32_t file) {
    const std::vector<std::uint8_t>& content = contents_[file];
    const BlockRecording::File& recorded = recording_.files[file];
    const bool known = report_.complete;
    ++report_.final_files;
    if (known && (!recorded.end || recorded.end->bytes != content.size())) {
        ++report_.wrong_files;
        problem(fmt::format("{} has {} bytes at the end, not what was recorded", recorded.name, content.size()));
        return;
    }
    if (content.empty()) {
        return;
    }
    const Extent extent = extent_of(file, 0, content.size());
    const ScatteredBuffer buffer = pages_.allocate(extent.blocks * storage_.block_bytes());
    DMASIM_INVARIANT(!buffer.empty());
    if (command(cpu, Access::Read, extent, buffer)) {
        const std::vector<std::uint8_t> data = load(cpu, part_of(buffer, 0, content.size()), content.size());
        const bool same = data == content && (!known || crc32_of(data.data(), data.size()) == recorded.end->crc32);
        if (!same) {
            ++report_.wrong_files;
            problem(fmt::format("{}, read back, differs from the recorded file", recorded.name));
        }
    }
    report_.final_bytes += content.size();
    report_.final_fragments += buffer.size();
    pages_.release(buffer);
}

void BlockReplay::problem(std::string text) {
    if (report_.problems.size() < kProblems) {
        report_.problems.push_back(std::move(text));
    }
}

void BlockReplay::run(CpuContext& cpu) {
    report_ = {};
    const BlockStorage::Times before = storage_.times();
    report_.began = cpu.now();
    report_.complete = true;
    std::vector<bool> exists(recording_.files.size(), false);
    const auto moves = [](const BlockRecording::Request& request) {
        return request.kind == BlockRecording::Kind::Read || request.kind == BlockRecording::Kind::Write;
    };
    auto total =
        static_cast<std::uint64_t>(std::count_if(recording_.requests.begin(), recording_.requests.end(), moves));
    total = options_.limit != 0 ? std::min(total, options_.limit) : total;
    bool good = true;
    for (const BlockRecording::Request& request : recording_.requests) {
        if (moves(request) && report_.requests() == total) {
            report_.complete = false;
            break;
        }
        const Cycles began = cpu.now();
        switch (request.kind) {
            case BlockRecording::Kind::Read:
                good = read(cpu, request);
                break;
            case BlockRecording::Kind::Write:
                good = write(cpu, request.file, request.offset, recording_.payload.data() + request.payload,
                             request.bytes);
                break;
            case BlockRecording::Kind::Sync:
                ++report_.syncs;
                break;
            case BlockRecording::Kind::Truncate:
                good = resize(cpu, request.file, request.offset);
                break;
            case BlockRecording::Kind::Delete:
                contents_[request.file].clear();
                break;
        }
        if (request.kind != BlockRecording::Kind::Sync) {
            exists[request.file] = request.kind != BlockRecording::Kind::Delete;
        }
        if (moves(request)) {
            BlockReplayReport::Direction& direction =
                report_.direction[request.kind == BlockRecording::Kind::Read ? kReads : kWrites];
            ++direction.requests;
            direction.bytes += request.bytes;
            direction.latency.add(cpu.now() - began);
            if (options_.progress) {
                options_.progress(report_.requests(), total);
            }
        }
        if (!good) {
            report_.complete = false;
            break;
        }
    }
    report_.ended = cpu.now();
    report_.times = storage_.times();
    report_.times.maintenance -= before.maintenance;
    report_.times.programming -= before.programming;
    report_.times.waiting -= before.waiting;
    const std::uint64_t commands = report_.commands;
    const std::uint64_t disk_bytes = report_.disk_bytes;
    const std::uint64_t fragments = report_.fragments;
    for (std::uint32_t file = 0; good && file < exists.size(); ++file) {
        if (exists[file]) {
            read_back(cpu, file);
        }
    }
    // The figures are those of the requests.
    report_.commands = commands;
    report_.disk_bytes = disk_bytes;
    report_.fragments = fragments;
}

}  // namespace dmasim::cli
