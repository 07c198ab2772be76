// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <fmt/format.h>

#include "tables.h"

namespace dmasim::cli::detail {

namespace {

/// The mean distance is taken over so many statuses at the end.
constexpr std::size_t kSteady = 8;

std::vector<std::string> inputs(std::string_view /*profile*/) {
    return {"slave", "dw", "burst", "len", "misaligned", "ndesc"};
}

std::vector<TimingColumn> outputs(std::string_view /*profile*/) {
    return {{"total"}, {"cycles_per_desc"}, {"util"}};
}

TimingJob job(const RowView& row, const ParameterSet& parameters) {
    TimingJob job;
    job.bus_bytes = row_bus_bytes(row);
    job.memories = {row_memory(row, "slave")};
    TimingJob::Master master;
    master.timing = row_timing(row, parameters);
    const std::uint64_t bytes = row.number("len", 1, TimingJob::kMemoryBytes);
    const std::uint64_t shift = row.number("misaligned", 0, 1);
    const std::uint64_t count = row.number("ndesc", 1, 1U << 20U);
    master.ports.resize(1);
    for (std::uint64_t i = 0; i < count; ++i) {
        master.ports[0].push_back({i * bytes + shift, 0x80000 + i * bytes, bytes, static_cast<std::uint32_t>(i)});
    }
    job.masters = {master};
    return job;
}

std::vector<std::string> columns(const TimingJob& job, const std::vector<TimingRecord>& records) {
    const TimingRecord& record = records.front();
    const std::size_t count = record.status.size();
    if (count == 0 || record.taken.empty()) {
        return {"-1", "-1", "-1"};
    }
    double per_descriptor = NAN;
    if (count > kSteady) {
        per_descriptor =
            static_cast<double>(record.status[count - 1].cycle - record.status[count - 1 - kSteady].cycle) / kSteady;
    }
    const double words = static_cast<double>(job.masters[0].ports[0][0].bytes) / static_cast<double>(job.bus_bytes);
    return {fmt::format("{}", record.status.back().cycle - record.taken.front()), decimal(per_descriptor, 3),
            decimal(words / per_descriptor, 4)};
}

}  // namespace

TableKind back_to_back_table() {
    return {"back-to-back", "descriptors offered without a gap", {"axi_cdma"}, &inputs, &outputs, &job, &columns};
}

}  // namespace dmasim::cli::detail
