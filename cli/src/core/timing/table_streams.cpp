// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <fmt/format.h>

#include "tables.h"

namespace dmasim::cli::detail {

namespace {

std::vector<std::string> inputs(std::string_view /*profile*/) {
    return {"mem", "dw", "bufdepth", "nax", "misaligned", "len", "ndesc"};
}

std::vector<TimingColumn> outputs(std::string_view /*profile*/) {
    return {{"total_cycles"}, {"util_overall"}, {"cycles_per_desc_steady"}, {"util_steady"}, {"util_ideal_bytes"}};
}

TimingJob job(const RowView& row, const ParameterSet& parameters) {
    return row_of_descriptors(row, parameters, "mem");
}

std::vector<std::string> columns(const TimingJob& job, const std::vector<TimingRecord>& records) {
    const TimingRecord& record = records.front();
    const std::uint64_t bytes = job.masters[0].ports[0][0].bytes;
    const double words = static_cast<double>(bytes) / static_cast<double>(job.bus_bytes);
    const std::size_t count = record.status.size();
    if (count == 0 || record.taken.empty()) {
        return {"-1", "-1", "-1", "-1", "-1"};
    }
    const std::uint64_t total = record.status.back().cycle - record.taken.front();
    double per_descriptor = NAN;
    if (count >= 2) {
        // Over the second half, from number n/2, counted from 1, to n.
        const std::size_t from = count / 2;
        per_descriptor = static_cast<double>(record.status[count - 1].cycle - record.status[from - 1].cycle) /
                         static_cast<double>(count - from);
    }
    return {fmt::format("{}", total), decimal(words * static_cast<double>(count) / static_cast<double>(total), 4),
            decimal(per_descriptor, 3), decimal(words / per_descriptor, 4),
            // What whole bus words would leave: a piece shorter than a word occupies one.
            decimal(words / std::ceil(words), 4)};
}

}  // namespace

TableKind streams_table() {
    return {"streams", "transfers offered without a gap", {"idma"}, &inputs, &outputs, &job, &columns};
}

}  // namespace dmasim::cli::detail
