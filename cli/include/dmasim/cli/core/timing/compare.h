// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "dmasim/cli/core/error.h"
#include "dmasim/cli/core/timing/driver.h"

namespace dmasim::cli {

/// What `dmasim timing` is asked for.
struct TimingRequest {
    std::string jobs;                  ///< The table.
    const TableKind* table = nullptr;  ///< Empty: recognised by its columns.
    bool compare = false;
    double tolerance = 0;              ///< Per cent that a number may differ.
    std::ostream* results = nullptr;   ///< Where the table with its results goes; null: nowhere.
    std::ostream* report = nullptr;    ///< Where mismatches and the last line go.
    std::ostream* problems = nullptr;  ///< Where rows that did not end or moved wrong bytes are told.
};

/// What came out.
struct TimingOutcome {
    std::size_t rows = 0;
    std::size_t exact = 0;       ///< Rows with every compared column as it is in the table.
    std::size_t mismatched = 0;  ///< Rows with a column further off than the tolerance, or that were not correct.
    std::size_t incorrect = 0;   ///< Rows that did not end or moved wrong bytes.
};

using DriverMaker = std::function<std::unique_ptr<TimingDriver>(const TableKind& table)>;

/// Runs a table through a driver. Throws `InputError`.
TimingOutcome run_timing(const TimingRequest& request, const ParameterSet& parameters, const DriverMaker& make_driver);

/// "rows R exact E mismatched M".
std::string summary_line(const TimingOutcome& outcome);

/// Whether `value` is within `tolerance` per cent of `expected`. Equal texts always are; others only if they are numbers.
bool within(const std::string& value, std::string_view expected, double tolerance, bool number);

}  // namespace dmasim::cli
