// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/block_recording.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

#include <boost/crc.hpp>
#include <fmt/format.h>
#include <zstd.h>

#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/error.h"

namespace dmasim::cli {

namespace {

/// Lines of blank-separated words, with the place for messages.
class LineReader {
  public:
    LineReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

    /// Takes the next line apart.
    void next() {
        ++line_;
        const std::size_t end = text_.find('\n', at_);
        if (end == std::string_view::npos || end - at_ > kLongestLine) {
            fail("the line does not end, or is longer than 4096 characters");
        }
        rest_ = text_.substr(at_, end - at_);
        at_ = end + 1;
    }

    /// The next word of the line.
    std::string_view word(const char* what) {
        const std::size_t begin = std::min(rest_.find_first_not_of(' '), rest_.size());
        const std::size_t end = std::min(rest_.find(' ', begin), rest_.size());
        if (begin == end) {
            fail(fmt::format("{} is missing", what));
        }
        const std::string_view result = rest_.substr(begin, end - begin);
        rest_.remove_prefix(end);
        return result;
    }

    std::uint64_t number(const char* what, std::uint64_t lowest, std::uint64_t greatest, int base = 10) {
        const std::string_view text = word(what);
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
        if (error != std::errc{} || end != text.data() + text.size() || value < lowest || value > greatest) {
            fail(fmt::format("{} must be a number from {} to {}, not {}", what, lowest, greatest, in_quotes(text)));
        }
        return value;
    }

    /// All of the line, if no word of it has been taken.
    [[nodiscard]] std::string_view whole() const { return rest_; }

    /// What is left of the line, without the blank before it.
    std::string_view rest() {
        const std::string_view result = rest_.substr(std::min<std::size_t>(1, rest_.size()));
        rest_ = {};
        return result;
    }

    void end() const {
        if (rest_.find_first_not_of(' ') != std::string_view::npos) {
            fail(fmt::format("{} is too much", in_quotes(rest_)));
        }
    }

    /// Everything behind the lines read so far.
    [[nodiscard]] std::string_view behind() const { return text_.substr(at_); }

    [[noreturn]] void fail(const std::string& message) const {
        throw InputError(fmt::format("{}:{}: {}", name_, line_, message));
    }

  private:
    static constexpr std::size_t kLongestLine = 4096;

    std::string_view text_;
    const std::string& name_;
    std::string_view rest_;
    std::size_t at_ = 0;
    std::size_t line_ = 0;
};

BlockRecording::File parse_file(LineReader& line) {
    BlockRecording::File file;
    file.name = line.word("the name");
    file.greatest_bytes = line.number("the size", 0, kMaxRecordedFileBytes);
    const std::string_view end = line.word("the size at the end");
    if (end != "-") {
        BlockRecording::File::End what;
        const auto [stop, error] = std::from_chars(end.data(), end.data() + end.size(), what.bytes);
        if (error != std::errc{} || stop != end.data() + end.size() || what.bytes > file.greatest_bytes) {
            line.fail(
                fmt::format("the size at the end must be at most {}, not {}", file.greatest_bytes, in_quotes(end)));
        }
        what.crc32 = static_cast<std::uint32_t>(line.number("the CRC", 0, 0xFFFFFFFF, 16));
        file.end = what;
    }
    line.end();
    return file;
}

BlockRecording parse_text(std::string_view text, const std::string& name) {
    BlockRecording recording;
    LineReader line(text, name);
    line.next();
    if (line.whole() != "dmasim block i/o 1") {
        line.fail("is not a block I/O recording: the first line is not \"dmasim block i/o 1\"");
    }
    std::size_t payload = 0;
    while (true) {
        line.next();
        const std::string_view word = line.word("a word");
        BlockRecording::Request request;
        if (word == "program") {
            recording.program = line.rest();
            continue;
        }
        if (word == "file") {
            if (line.number("the number of the file", 0, kMaxRecordedFiles - 1) != recording.files.size()) {
                line.fail(fmt::format("the next file is number {}", recording.files.size()));
            }
            recording.files.push_back(parse_file(line));
            continue;
        }
        if (word == "payload") {
            if (line.number("the payload", 0, kMaxRecordingBytes) != payload || line.behind().size() != payload) {
                line.fail(
                    fmt::format("the writes have {} bytes of payload, and {} follow", payload, line.behind().size()));
            }
            line.end();
            recording.payload.assign(line.behind().begin(), line.behind().end());
            return recording;
        }
        if (word == "read") {
            request.kind = BlockRecording::Kind::Read;
        } else if (word == "write") {
            request.kind = BlockRecording::Kind::Write;
        } else if (word == "sync") {
            request.kind = BlockRecording::Kind::Sync;
        } else if (word == "truncate") {
            request.kind = BlockRecording::Kind::Truncate;
        } else if (word == "delete") {
            request.kind = BlockRecording::Kind::Delete;
        } else {
            line.fail(fmt::format("{} is none of program, file, read, write, sync, truncate, delete and payload",
                                  in_quotes(word)));
        }
        if (recording.files.empty()) {
            line.fail("a request before the first file");
        }
        request.file = static_cast<std::uint32_t>(line.number("the file", 0, recording.files.size() - 1));
        const std::uint64_t greatest = recording.files[request.file].greatest_bytes;
        const bool moves = request.kind == BlockRecording::Kind::Read || request.kind == BlockRecording::Kind::Write;
        if (moves || request.kind == BlockRecording::Kind::Truncate) {
            request.offset = line.number("the offset", 0, greatest);
        }
        if (moves) {
            request.bytes = static_cast<std::uint32_t>(
                line.number("the length", 1, std::min(kMaxRecordedRequestBytes, greatest - request.offset)));
        }
        if (request.kind == BlockRecording::Kind::Read) {
            request.crc32 = static_cast<std::uint32_t>(line.number("the CRC", 0, 0xFFFFFFFF, 16));
        } else if (request.kind == BlockRecording::Kind::Write) {
            request.payload = payload;
            payload += request.bytes;
        }
        line.end();
        recording.requests.push_back(request);
    }
}

std::string decompress(std::string_view content, const std::string& name) {
    const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(), &ZSTD_freeDStream);
    if (stream == nullptr) {
        throw std::bad_alloc();
    }
    std::string text;
    ZSTD_inBuffer input{content.data(), content.size(), 0};
    std::size_t hint = 1;
    while (true) {
        const std::size_t before = text.size();
        text.resize(before + ZSTD_DStreamOutSize());
        ZSTD_outBuffer output{text.data(), text.size(), before};
        hint = ZSTD_decompressStream(stream.get(), &output, &input);
        if (ZSTD_isError(hint) != 0) {
            throw InputError(fmt::format("{}: {}", name, ZSTD_getErrorName(hint)));
        }
        const bool full = output.pos == output.size;
        text.resize(output.pos);
        if (text.size() > kMaxRecordingBytes) {
            throw InputError(fmt::format("{}: has more than {} bytes", name, kMaxRecordingBytes));
        }
        if (!full && input.pos == input.size) {
            break;
        }
    }
    if (hint != 0) {
        throw InputError(fmt::format("{}: ends within its compressed data", name));
    }
    return text;
}

}  // namespace

std::uint32_t crc32_of(const std::uint8_t* data, std::size_t bytes) {
    boost::crc_32_type crc;
    crc.process_bytes(data, bytes);
    return crc.checksum();
}

BlockRecording parse_block_recording(std::string_view content, const std::string& name) {
    constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
    if (content.substr(0, kZstdMagic.size()) == kZstdMagic) {
        return parse_text(decompress(content, name), name);
    }
    return parse_text(content, name);
}

BlockRecording load_block_recording(const std::string& path) {
    const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (file == nullptr) {
        throw InputError(fmt::format("{}: {}", path, std::strerror(errno)));
    }
    std::string content;
    std::size_t got = 0;
    do {
        const std::size_t before = content.size();
        content.resize(before + (1U << 20));
        got = std::fread(content.data() + before, 1, content.size() - before, file.get());
        content.resize(before + got);
    } while (got != 0 && content.size() <= kMaxRecordingBytes);
    if (std::ferror(file.get()) != 0) {
        throw InputError(fmt::format("{}: {}", path, std::strerror(errno)));
    }
    return parse_block_recording(content, path);
}

}  // namespace dmasim::cli
