// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/timing/compare.h"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

namespace dmasim::cli {

namespace {

/// So many mismatched rows are shown.
constexpr std::size_t kShown = 20;
/// The text of all rows, collected before it is written.
constexpr std::size_t kChunk = 1U << 16U;

std::optional<double> as_number(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789.-") != std::string_view::npos) {
        return std::nullopt;
    }
    const std::string copy(text);
    char* end = nullptr;
    const double value = std::strtod(copy.c_str(), &end);
    return *end == '\0' ? std::optional<double>(value) : std::nullopt;
}

/// A column of results and its place in the file.
struct Output {
    TimingColumn column;
    std::size_t in_file = CsvReader::npos;
};

class Run {
  public:
    Run(const TimingRequest& request, const ParameterSet& parameters) : request_(request), parameters_(parameters) {}

    TimingOutcome go(const DriverMaker& make_driver) {
        std::unique_ptr<TimingDriver> driver = collect(make_driver);
        driver->run();
        CsvReader reader(request_.jobs);
        if (reader.names() != names_) {
            throw InputError(fmt::format("{}: the file has changed while it was read", request_.jobs));
        }
        const RowView row(reader, parameters_);
        write_names();
        TimingOutcome outcome;
        while (reader.next()) {
            if (outcome.rows == rows_) {
                throw InputError(fmt::format("{}: the file has changed while it was read", request_.jobs));
            }
            const RowResult result = driver->result(outcome.rows++, row);
            take(reader, result, outcome);
        }
        flush();
        return outcome;
    }

  private:
    /// Reads the whole table once, so that everything wrong with it is told before anything runs.
    std::unique_ptr<TimingDriver> collect(const DriverMaker& make_driver) {
        CsvReader reader(request_.jobs);
        names_ = reader.names();
        const TableKind& table =
            request_.table != nullptr ? *request_.table : recognise_table(reader, parameters_.profile());
        check_columns(reader, table, parameters_.profile());
        std::vector<std::string> known;
        bool comparable = false;
        passed_.assign(names_.size(), true);
        for (TimingColumn& column : table.outputs(parameters_.profile())) {
            const std::size_t in_file = reader.column(column.name);
            if (in_file != CsvReader::npos) {
                passed_[in_file] = false;
                comparable = true;
            }
            known.push_back(column.name);
            outputs_.push_back({std::move(column), in_file});
        }
        if (request_.compare && !comparable) {
            reader.fail_names(fmt::format("there is nothing to compare; timing columns of a table {} are {}",
                                          table.name, fmt::join(known, ", ")));
        }
        std::unique_ptr<TimingDriver> driver = make_driver(table);
        const RowView row(reader, parameters_);
        while (reader.next()) {
            driver->add(row);
            ++rows_;
        }
        return driver;
    }

    void write_names() {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (passed_[i]) {
                names.push_back(names_[i]);
            }
        }
        for (const Output& output : outputs_) {
            names.push_back(output.column.name);
        }
        text_ = fmt::format("{}\n", fmt::join(names, ","));
    }

    void flush() {
        if (request_.results != nullptr) {
            *request_.results << text_;
        }
        text_.clear();
    }

    void take(const CsvReader& reader, const RowResult& result, TimingOutcome& outcome) {
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (passed_[i]) {
                text_ += reader.row().field(i);
                text_ += ',';
            }
        }
        text_ += fmt::format("{}\n", fmt::join(result.columns, ","));
        if (text_.size() > kChunk) {
            flush();
        }
        if (!result.correct) {
            ++outcome.incorrect;
            if (outcome.incorrect <= kShown) {
                fmt::print(*request_.problems, "{}:{}:1: the transfers did not end, or moved wrong bytes\n",
                           reader.file(), reader.row().line());
            }
        }
        bool exact = result.correct;
        bool accepted = result.correct;
        std::string differences;
        for (std::size_t i = 0; i < outputs_.size(); ++i) {
            if (outputs_[i].in_file == CsvReader::npos) {
                continue;
            }
            const std::string_view expected = reader.row().field(outputs_[i].in_file);
            const std::string& value = result.columns[i];
            if (value == expected) {
                continue;
            }
            exact = false;
            if (!within(value, expected, request_.tolerance, outputs_[i].column.number)) {
                accepted = false;
                differences +=
                    fmt::format("  {:<28} {} here, {} in the table\n", outputs_[i].column.name, value, expected);
            }
        }
        outcome.exact += exact ? 1 : 0;
        outcome.mismatched += accepted ? 0 : 1;
        if (request_.compare && !accepted && outcome.mismatched <= kShown) {
            std::vector<std::string> configuration;
            for (std::size_t i = 0; i < names_.size(); ++i) {
                if (passed_[i]) {
                    configuration.push_back(fmt::format("{}={}", names_[i], reader.row().field(i)));
                }
            }
            fmt::print(*request_.report, "{}:{}: {}\n{}", reader.file(), reader.row().line(),
                       fmt::join(configuration, " "), differences);
        }
    }

    const TimingRequest& request_;
    const ParameterSet& parameters_;
    std::vector<std::string> names_;
    std::vector<bool> passed_;  ///< Columns of the file that are handed on as they are.
    std::vector<Output> outputs_;
    std::size_t rows_ = 0;
    std::string text_;
};

}  // namespace

bool within(const std::string& value, std::string_view expected, double tolerance, bool number) {
    if (value == expected) {
        return true;
    }
    if (!number || tolerance <= 0) {
        return false;
    }
    const std::optional<double> is = as_number(value);
    const std::optional<double> should = as_number(expected);
    return is && should && std::abs(*is - *should) <= std::abs(*should) * tolerance / 100;
}

TimingOutcome run_timing(const TimingRequest& request, const ParameterSet& parameters, const DriverMaker& make_driver) {
    return Run(request, parameters).go(make_driver);
}

std::string summary_line(const TimingOutcome& outcome) {
    return fmt::format("rows {} exact {} mismatched {}", outcome.rows, outcome.exact, outcome.mismatched);
}

}  // namespace dmasim::cli
