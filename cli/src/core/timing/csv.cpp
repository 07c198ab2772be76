// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/timing/csv.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>
#include <zstd.h>

#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/error.h"

namespace dmasim::cli {

namespace {
/// A line longer than this is no row of a table; without a limit a wrong file would fill the memory.
constexpr std::size_t kLongestLine = 1U << 20U;
/// Spreadsheets put it before UTF-8.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
}  // namespace

/// The text of a file, piece by piece.
class CsvReader::Source {
  public:
    explicit Source(const std::string& file)
        : file_(file), in_(file, std::ios::binary), stream_(nullptr, &ZSTD_freeDStream) {
        if (!in_) {
            throw InputError(fmt::format("{}: cannot open: {}", file, std::strerror(errno)));
        }
        raw_.resize(ZSTD_DStreamInSize());
        read_raw();
        if (std::string_view(raw_.data(), input_.size).substr(0, kZstdMagic.size()) == kZstdMagic) {
            stream_.reset(ZSTD_createDStream());
            text_.resize(ZSTD_DStreamOutSize());
        }
    }

    /// Appends the next line to `line`, without its end. False if there is no more. A line that is too long is cut off,
    /// which the caller sees by its length.
    bool line(std::string& line) {
        bool any = false;
        while (true) {
            if (at_ == size_ && !fill()) {
                return any;
            }
            any = true;
            const char* begin = data() + at_;
            const void* found = std::memchr(begin, '\n', size_ - at_);
            const std::size_t count =
                found == nullptr ? size_ - at_ : static_cast<std::size_t>(static_cast<const char*>(found) - begin);
            line.append(begin, count);
            at_ += count + (found == nullptr ? 0 : 1);
            if (found != nullptr || line.size() > kLongestLine) {
                return true;
            }
        }
    }

  private:
    [[nodiscard]] const char* data() const { return stream_ ? text_.data() : raw_.data(); }

    void read_raw() {
        in_.read(raw_.data(), static_cast<std::streamsize>(raw_.size()));
        if (in_.bad()) {
            throw InputError(fmt::format("{}: cannot read: {}", file_, std::strerror(errno)));
        }
        input_ = {raw_.data(), static_cast<std::size_t>(in_.gcount()), 0};
    }

    bool fill() {
        at_ = 0;
        size_ = 0;
        if (!stream_) {
            if (input_.pos == input_.size) {
                read_raw();
            }
            size_ = input_.size;
            input_.pos = input_.size;
            return size_ != 0;
        }
        while (size_ == 0) {
            if (input_.pos == input_.size) {
                read_raw();
                if (input_.size == 0) {
                    if (hint_ != 0) {
                        throw InputError(fmt::format("{}: the compressed file ends in the middle", file_));
                    }
                    return false;
                }
            }
            ZSTD_outBuffer output{text_.data(), text_.size(), 0};
            hint_ = ZSTD_decompressStream(stream_.get(), &output, &input_);
            if (ZSTD_isError(hint_) != 0) {
                throw InputError(fmt::format("{}: {}", file_, ZSTD_getErrorName(hint_)));
            }
            size_ = output.pos;
        }
        return true;
    }

    std::string file_;
    std::ifstream in_;
    std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
    std::vector<char> raw_;
    std::vector<char> text_;
    ZSTD_inBuffer input_{};
    std::size_t hint_ = 0;
    std::size_t at_ = 0;
    std::size_t size_ = 0;
};

CsvReader::CsvReader(const std::string& file) : file_(file), source_(std::make_unique<Source>(file)) {
    if (!next_line()) {
        throw InputError(fmt::format("{}:1:1: the file is empty; its first line names the columns", file_));
    }
    for (std::size_t column = 0; column < row_.fields(); ++column) {
        const std::string_view name = row_.field(column);
        if (name.empty()) {
            fail(column, "a column without a name");
        }
        if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
            fail(column, fmt::format("column {} twice", in_quotes(name)));
        }
        names_.emplace_back(name);
    }
}

CsvReader::~CsvReader() = default;

std::size_t CsvReader::column(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    return found == names_.end() ? npos : static_cast<std::size_t>(found - names_.begin());
}

bool CsvReader::next_line() {
    do {
        row_.text_.clear();
        if (!source_->line(row_.text_)) {
            return false;
        }
        ++row_.line_;
        if (row_.line_ == 1 && row_.text_.compare(0, kByteOrderMark.size(), kByteOrderMark) == 0) {
            row_.text_.erase(0, kByteOrderMark.size());
        }
        if (row_.text_.size() > kLongestLine) {
            fail_at(1, "the line is longer than 1 MiB");
        }
        if (!row_.text_.empty() && row_.text_.back() == '\r') {
            row_.text_.pop_back();
        }
    } while (row_.text_.empty());
    row_.begin_.assign(1, 0);
    for (std::size_t i = 0; i < row_.text_.size(); ++i) {
        if (row_.text_[i] == ',') {
            row_.begin_.push_back(i + 1);
        } else if (row_.text_[i] == '"' || static_cast<unsigned char>(row_.text_[i]) < ' ') {
            fail_at(i + 1, "quotes and control characters have no place in a table of timings");
        }
    }
    row_.begin_.push_back(row_.text_.size() + 1);
    return true;
}

bool CsvReader::next() {
    if (!next_line()) {
        return false;
    }
    if (row_.fields() < names_.size()) {
        fail_at(row_.text_.size() + 1,
                fmt::format("{} fields, and the first line names {}", row_.fields(), names_.size()));
    }
    if (row_.fields() > names_.size()) {
        fail(names_.size(), fmt::format("{} fields, and the first line names {}", row_.fields(), names_.size()));
    }
    return true;
}

void CsvReader::fail(std::size_t column, const std::string& message) const {
    fail_at(row_.position(column), message);
}

void CsvReader::fail_names(const std::string& message) const {
    throw InputError(fmt::format("{}:1:1: {}", file_, message));
}

void CsvReader::fail_at(std::size_t position, const std::string& message) const {
    throw InputError(fmt::format("{}:{}:{}: {}", file_, row_.line_, position, message));
}

}  // namespace dmasim::cli
