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
    return row_of_descriptors(row, parameters, "slave");
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
