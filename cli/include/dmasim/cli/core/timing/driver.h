// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dmasim/cli/core/timing/table.h"

namespace dmasim::cli {

/// What a driver says about a row.
struct RowResult {
    std::vector<std::string> columns;  ///< In the order of the table's outputs.
    bool correct = true;  ///< False: it did not end, or moved wrong bytes; `columns` tell what happened until then.
};

/// Runs the rows of a table. All rows are added, then `run`, then the results are asked for, each with its row at hand
/// again: who can calculate a row at once keeps nothing.
class TimingDriver {
  public:
    TimingDriver() = default;
    TimingDriver(const TimingDriver&) = delete;
    TimingDriver& operator=(const TimingDriver&) = delete;
    virtual ~TimingDriver() = default;

    /// Adds a row. Throws `InputError` with its place if it cannot be.
    virtual void add(const RowView& row) = 0;
    /// Between the last `add` and the first `result`.
    virtual void run() = 0;
    /// The result of the row that was added as number `index`, from 0.
    virtual RowResult result(std::size_t index, const RowView& row) = 0;
};

/// The clocked reference model (no SystemC).
std::unique_ptr<TimingDriver> make_reference_driver(const TableKind& table, const ParameterSet& parameters);

/// Runs `job` on the reference; records by master. A run that does not end is cut off after `max_cycles`.
std::vector<TimingRecord> run_reference(const TimingJob& job, std::uint64_t max_cycles);

/// Whether every transfer of `job` has its status in `records`.
bool all_done(const TimingJob& job, const std::vector<TimingRecord>& records);

/// More cycles than `job` can need.
std::uint64_t cycle_limit(const TimingJob& job);

}  // namespace dmasim::cli
