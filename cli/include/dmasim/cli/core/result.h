// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dmasim/cli/core/scenario.h"
#include "dmasim/cli/core/steps.h"
#include "dmasim/cpu_stub/core/operation.h"
#include "dmasim/model/stats/cycle_accountant.h"
#include "dmasim/model/stats/latencies.h"
#include "dmasim/model/stats/statistic.h"
#include "dmasim/model/stats/transfer_log.h"

namespace dmasim::cli {

/// Version of the layout of result.json. Goes up when something is removed or changes its meaning.
inline constexpr int kResultSchema = 1;

/// One transfer as it was observed; a descriptor counts as one, and so does a round of a cyclic transfer.
struct TransferResult {
    TransferRecord record;
    std::uint32_t controller = 0;
    TransferError error = TransferError::None;  ///< The first one that was latched for it.
    std::uint64_t error_address = 0;
};

/// An error that a controller latched.
struct ErrorResult {
    std::uint32_t controller = 0;
    std::uint32_t channel = 0;
    std::uint32_t job = 0;  ///< The transfer that it belongs to (which may never have begun).
    TransferError error = TransferError::None;
    std::uint64_t address = 0;
    Cycles at;
};

struct ChannelResult {
    CycleAccount cycles{};  ///< By cause; adds up to the cycles of the run.
    ChannelLatencies latencies;
};

struct ControllerResult {
    std::string name;
    std::vector<ChannelResult> channels;
};

/// Traffic of one direction of the bus.
struct BusDirection {
    std::uint64_t beats = 0;
    std::uint64_t bytes = 0;
};

/// Everything that a run has found out.
struct Result {
    std::string scenario;
    std::uint64_t cycles = 0;  ///< Number of the last edge at which something happened, or of `run.stop_at`.
    std::uint64_t period_ps = 0;
    std::string topology;
    std::uint32_t bus_bytes = 0;
    std::uint32_t memories = 0;
    std::array<BusDirection, 2> bus{};  ///< By `Access`.
    std::vector<ControllerResult> controllers;
    std::vector<TransferResult> transfers;  ///< In order of completion, the unfinished ones last.
    std::vector<ErrorResult> errors;        ///< In order of time.
    std::vector<Statistic> statistics;      ///< Names begin with the name of the block.
    std::optional<CpuStatistics> cpu;
    std::vector<ReportSection> sections;  ///< Of the steps of the program that have something to tell.
    std::vector<Check> expectations;
    std::vector<Json> findings;              ///< Of the verifier, by cycle.
    std::vector<std::string> finding_texts;  ///< The same for people.
    bool findings_expected = false;          ///< An expectation says which there must be.
    std::string failure;                     ///< Why the simulation failed; empty: it did not.

    [[nodiscard]] bool as_expected() const;
    [[nodiscard]] std::uint64_t bytes_written() const;
};

/// What the program has to be told about memory at the end; false if a byte lies outside of a memory.
using PeekMemory = std::function<bool(std::uint64_t address, void* data, std::uint64_t bytes)>;

/// What a sink of the platform has received, by its number among the streams.
using ReceivedBytes = std::function<const Bytes&(std::uint32_t stream)>;

/// Checks `expected` against `result` and appends the outcomes to it; also an outcome that does not hold for each error
/// and each transfer that did not run to its end, if no expectation says what was to become of it. `stopped`: the run was
/// ended early, so that transfers may be under way.
void check_expectations(const Expectations& expected, const PlatformSpec& platform, const PeekMemory& peek,
                        const ReceivedBytes& received, bool stopped, Result& result);

}  // namespace dmasim::cli
