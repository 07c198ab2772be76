// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dmasim::cli {

/// Limits of a recording. What goes beyond them is refused with a message.
inline constexpr std::size_t kMaxRecordingBytes = 256U << 20;        ///< Decompressed.
inline constexpr std::uint64_t kMaxRecordedRequestBytes = 1U << 20;  ///< One read or write.
inline constexpr std::uint64_t kMaxRecordedFileBytes = 1ULL << 40;
inline constexpr std::size_t kMaxRecordedFiles = 256;

/// What a program did with its files, in order (format: examples/disk-io/README.md).
struct BlockRecording {
    struct File {
        std::string name;
        std::uint64_t greatest_bytes = 0;  ///< The size that it never exceeds.
        /// What it is at the end; nothing if it has been deleted.
        struct End {
            std::uint64_t bytes = 0;
            std::uint32_t crc32 = 0;  ///< As zlib computes it.
        };
        std::optional<End> end;
    };

    enum class Kind : std::uint8_t { Read, Write, Sync, Truncate, Delete };

    struct Request {
        Kind kind = Kind::Read;
        std::uint32_t file = 0;    ///< Index into `files`.
        std::uint64_t offset = 0;  ///< First byte; of a truncate, the new size.
        std::uint32_t bytes = 0;   ///< Of a read or write, 1 to `kMaxRecordedRequestBytes`.
        std::uint32_t crc32 = 0;   ///< Of the bytes that a read got.
        std::size_t payload = 0;   ///< Where the bytes of a write begin in `payload`.
    };

    std::string program;  ///< What was recorded, for reports.
    std::vector<File> files;
    std::vector<Request> requests;
    std::vector<std::uint8_t> payload;
};

/// Reads a recording, compressed with zstd or not. `name` stands in messages. Throws `InputError` with the line.
BlockRecording parse_block_recording(std::string_view content, const std::string& name);

/// The same for the file at `path`. Throws `InputError`.
BlockRecording load_block_recording(const std::string& path);

/// CRC-32 as zlib computes it.
std::uint32_t crc32_of(const std::uint8_t* data, std::size_t bytes);

}  // namespace dmasim::cli
