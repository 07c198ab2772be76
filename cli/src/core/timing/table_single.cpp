// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "tables.h"

namespace dmasim::cli::detail {

namespace {

std::vector<std::string> inputs(std::string_view profile) {
    if (profile == "idma") {
        return {"slave", "dw", "bufdepth", "nax", "mode", "len", "src", "dst"};
    }
    return {"slave", "dw", "burst", "len", "src", "dst"};
}

std::vector<TimingColumn> outputs(std::string_view /*profile*/) {
    return {{"ar_first_valid"}, {"ar_first_hs"}, {"aw_first_valid"}, {"aw_first_hs"}, {"r_first"},
            {"r_last"},         {"w_first"},     {"w_last"},         {"b_first"},     {"b_last"},
            {"status_valid"},   {"n_ar"},        {"n_aw"},           {"n_r"},         {"n_w"}};
}

TimingJob job(const RowView& row, const ParameterSet& parameters) {
    TimingJob job;
    job.bus_bytes = row_bus_bytes(row);
    job.memories = {row_memory(row, "slave")};
    TimingJob::Master master;
    master.timing = row_timing(row, parameters);
    const std::uint64_t bytes = row.number("len", 1, TimingJob::kMemoryBytes);
    const std::uint64_t source = row.number("src", 0, TimingJob::kMemoryBytes - 1);
    const std::uint64_t destination = row.number("dst", 0, TimingJob::kMemoryBytes - 1);
    master.ports = {{BeatTransfer{source, destination, bytes, 0}}};
    job.masters = {master};
    return job;
}

std::vector<std::string> columns(const TimingJob& /*job*/, const std::vector<TimingRecord>& records) {
    const TimingRecord& record = records.front();
    const auto count = [](const std::vector<std::uint64_t>& cycles) { return fmt::format("{}", cycles.size()); };
    return {first_of(record.ar_valid),
            first_of(record.ar),
            first_of(record.aw_valid),
            first_of(record.aw),
            first_of(record.r),
            last_of(record.r),
            first_of(record.w),
            last_of(record.w),
            first_of(record.b),
            last_of(record.b),
            record.status.empty() ? "-1" : fmt::format("{}", record.status.back().cycle),
            count(record.ar),
            count(record.aw),
            count(record.r),
            count(record.w)};
}

}  // namespace

TableKind single_table() {
    return {"single", "one transfer on an idle controller", {"axi_cdma", "idma"}, &inputs, &outputs, &job, &columns};
}

}  // namespace dmasim::cli::detail
