// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/beat/pipeline.h"

namespace dmasim::cli {

/// The tables of measured timings that a beat-accurate profile is compared with (docs/beat-pipelines.md, "Tables").
enum class TimingTable : std::uint8_t { Single, BackToBack, Streams, DescMux, Fabric };

/// Name of a table on the command line: single, back-to-back, streams, desc-mux, fabric.
std::string_view name_of(TimingTable table);
/// The table called `name`; throws `ConfigError` that lists the known ones.
TimingTable timing_table(std::string_view name);

/// Columns that a row of `table` needs for `profile` (axi_cdma or idma), and columns that come out, in the order of the
/// measured tables. Throws `ConfigError` if the profile has no such table.
const std::vector<std::string>& configuration_columns(std::string_view profile, TimingTable table);
const std::vector<std::string>& timing_columns(std::string_view profile, TimingTable table);

/// One of the conditions that a step waited for; the greatest `at` decided.
struct ExplainedTerm {
    std::string name;
    std::int64_t at = 0;  ///< Cycle from which it held, counted like the step's; negative: before the transfer.
};

/// One step of a transfer, with what it waited for.
struct ExplainedStep {
    BeatStep step = BeatStep::TransferAccepted;
    std::int64_t at = 0;      ///< Cycle; 0 is the one in which the first transfer is accepted.
    std::uint64_t index = 0;  ///< Number of the burst, or of the beat in its direction, or of the transfer.
    std::vector<ExplainedTerm> terms;
};

/// Runs rows of a timing table through SystemC modules and gives their timing columns: `DmaController`s with a
/// beat-accurate profile, an `Interconnect` with a fabric where the table has one, and beat-accurate `Memory`s.
///
/// All configurations are collected first, since a program elaborates once: one platform for each distinct one, and one
/// simulation in which the rows run one after another. Before a row its platform is idle and its arbiters are as after
/// reset; cycle 0 of a row is defined by its table. To be used once a process, from sc_main, before any sc_start.
class TimingBench {
  public:
    /// Values by column name, as text; columns that the table does not need are ignored.
    using Row = std::map<std::string, std::string>;

    /// `profile`: axi_cdma or idma. Throws `ConfigError`.
    TimingBench(std::string_view profile, TimingTable table);
    ~TimingBench();
    TimingBench(const TimingBench&) = delete;
    TimingBench& operator=(const TimingBench&) = delete;

    /// Replaces numbers of the profile, before `add_row`: what the row says (burst, nax, ...) still wins. For sensitivity
    /// tests.
    void set_timing(const PipelineTiming& timing);
    /// Keeps the steps of the rows (`steps`); costs time and memory. Before `run`.
    void record_steps(bool on);
    /// Moves bytes through a protocol monitor at the controllers' sockets. Must not change a result. Before `run`.
    void monitor(bool on);
    /// The cycles are evaluated when somebody looks (docs/lazy-islands.md, "Beat-accurate"). Must not change a result.
    /// Before `run`.
    void lazy(bool on);
    /// Looks at every cycle instead of those in which something can happen. Must not change a result. Before `run`.
    void every_cycle(bool on);

    /// Adds a row; returns its number, from 0. Throws `ConfigError` that names the column and what it must be.
    std::size_t add_row(const Row& row);

    /// Builds the platforms and runs all rows. Once.
    void run();

    [[nodiscard]] std::size_t rows() const;
    /// The timing columns of row `row`, in the order of `timing_columns`, as the table prints them.
    [[nodiscard]] std::vector<std::string> result(std::size_t row) const;
    /// Whether the row ended and moved the right bytes. False: its columns say what happened until then.
    [[nodiscard]] bool correct(std::size_t row) const;
    /// The steps of a row's transfers (of the row's master, in a table with several), in order of time. Empty unless
    /// recorded.
    [[nodiscard]] const std::vector<ExplainedStep>& steps(std::size_t row) const;
    /// Cycles that were simulated in all rows together.
    [[nodiscard]] std::uint64_t cycles() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dmasim::cli
