// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dmasim::cli {

/// One row of a table in a file. Valid until the next row is read.
class CsvRow {
  public:
    /// Number of its line in the file, from 1.
    [[nodiscard]] std::size_t line() const { return line_; }
    [[nodiscard]] std::string_view field(std::size_t column) const {
        return std::string_view(text_).substr(begin_[column], begin_[column + 1] - begin_[column] - 1);
    }
    [[nodiscard]] std::size_t fields() const { return begin_.size() - 1; }
    /// Where `column` begins, in characters from 1.
    [[nodiscard]] std::size_t position(std::size_t column) const { return begin_[column] + 1; }

  private:
    friend class CsvReader;
    std::string text_;
    std::vector<std::size_t> begin_;  ///< Of each field, and one behind the separator of the last.
    std::size_t line_ = 0;
};

/// Reads a table of comma-separated values row by row, plain or compressed by zstd; keeps one row.
///
/// The first line names the columns. There is no quoting, since the tables hold names and numbers only. All problems are
/// `InputError`s, "FILE:LINE:COLUMN: what".
class CsvReader {
  public:
    /// Opens the file and reads the names. Throws `InputError`.
    explicit CsvReader(const std::string& file);
    ~CsvReader();
    CsvReader(const CsvReader&) = delete;
    CsvReader& operator=(const CsvReader&) = delete;

    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    /// Number of the column called `name`, or `npos`.
    [[nodiscard]] std::size_t column(std::string_view name) const;
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

    /// Reads the next row; false at the end. Empty lines are passed over. Throws `InputError`.
    bool next();
    [[nodiscard]] const CsvRow& row() const { return row_; }

    /// Throws the `InputError` for `column` of the current row.
    [[noreturn]] void fail(std::size_t column, const std::string& message) const;
    /// Throws the `InputError` for the line of names.
    [[noreturn]] void fail_names(const std::string& message) const;

  private:
    class Source;
    bool next_line();
    [[noreturn]] void fail_at(std::size_t position, const std::string& message) const;

    std::string file_;
    std::unique_ptr<Source> source_;
    std::vector<std::string> names_;
    CsvRow row_;
};

}  // namespace dmasim::cli
