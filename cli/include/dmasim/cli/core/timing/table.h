// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/cli/core/timing/csv.h"
#include "dmasim/cli/core/timing/job.h"
#include "dmasim/cli/core/timing/parameters.h"
#include "dmasim/model/frontend/i8237/bench.h"

namespace dmasim::cli {

/// The values of a row by the names of their columns. Problems are `InputError`s with file, line and column.
class RowView {
  public:
    RowView(const CsvReader& reader, const ParameterSet& parameters) : reader_(reader), parameters_(parameters) {}

    [[nodiscard]] bool has(std::string_view column) const { return reader_.column(column) != CsvReader::npos; }
    [[nodiscard]] std::string_view text(std::string_view column) const;
    /// A number from `low` to `high`, decimal or with 0x; changed by `--set` where the column is a parameter.
    [[nodiscard]] std::uint64_t number(std::string_view column, std::uint64_t low, std::uint64_t high) const;
    [[nodiscard]] std::uint32_t small(std::string_view column, std::uint32_t low, std::uint32_t high) const {
        return static_cast<std::uint32_t>(number(column, low, high));
    }
    [[nodiscard]] bool flag(std::string_view column) const { return number(column, 0, 1) != 0; }
    /// The place of the column's text in `known`.
    [[nodiscard]] std::size_t choice(std::string_view column, const std::vector<std::string>& known) const;
    [[noreturn]] void fail(std::string_view column, const std::string& message) const;
    /// As `fail`, for a message that names the column already.
    [[noreturn]] void fail_at(std::string_view column, const std::string& message) const;

  private:
    const CsvReader& reader_;
    const ParameterSet& parameters_;
};

/// A column of results.
struct TimingColumn {
    std::string name;
    bool number = true;  ///< False: a text, such as an order of grants, that no tolerance applies to.
};

/// One kind of table of timings.
struct TableKind {
    std::string_view name;  ///< On the command line.
    std::string_view description;
    std::vector<std::string_view> profiles;  ///< That it can be made for.
    /// The columns that a row must have to be one of this table, for `profile`.
    std::vector<std::string> (*inputs)(std::string_view profile);
    /// The columns that come out, in their order, for `profile`.
    std::vector<TimingColumn> (*outputs)(std::string_view profile);
    /// What a row sets up; null: the table is not of beat-accurate pipelines.
    TimingJob (*job)(const RowView& row, const ParameterSet& parameters);
    /// The columns of `job`, which was run; `records` by master.
    std::vector<std::string> (*columns)(const TimingJob& job, const std::vector<TimingRecord>& records);

    /// For a table that is not of beat-accurate pipelines: the columns of a row by its reference model.
    std::vector<std::string> (*reference_row)(const RowView& row, const ParameterSet& parameters) = nullptr;

    [[nodiscard]] bool fits(std::string_view profile) const;
};

/// All tables, in the order in which they are tried when one is recognised by its columns.
const std::vector<TableKind>& table_kinds();
/// The table called `name` for `profile`. Throws `InputError`.
const TableKind& table_kind(std::string_view name, std::string_view profile);
/// The table for `profile` whose columns `reader` has. Throws `InputError`.
const TableKind& recognise_table(const CsvReader& reader, std::string_view profile);
/// Throws the `InputError` for a column that `table` needs and `reader` has not.
void check_columns(const CsvReader& reader, const TableKind& table, std::string_view profile);

/// The numbers of `parameters` with what a row says about the pipeline: burst, or bufdepth, nax and mode.
PipelineTiming row_timing(const RowView& row, const ParameterSet& parameters);
/// Bytes of a beat, from column dw (bits).
std::uint32_t row_bus_bytes(const RowView& row);
/// The memory that `column` names.
BeatMemoryTiming row_memory(const RowView& row, std::string_view column);

/// The measurement on an 8237 that a row of table i8237 is.
I8237Run row_i8237(const RowView& row);

/// "12", or "-1" for what did not happen.
std::string first_of(const std::vector<std::uint64_t>& cycles);
std::string last_of(const std::vector<std::uint64_t>& cycles);
/// `value` with `digits` digits behind the point; "-1" if it is not finite.
std::string decimal(double value, int digits);

}  // namespace dmasim::cli
