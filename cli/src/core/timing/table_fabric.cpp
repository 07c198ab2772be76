// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dmasim/cli/core/error.h"

#include "tables.h"

namespace dmasim::cli::detail {

namespace {

/// The order of the grants is told of so many.
constexpr std::size_t kOrder = 64;
constexpr std::uint32_t kMostMasters = 16;
constexpr std::uint32_t kMostMemories = 16;

std::vector<std::string> inputs(std::string_view /*profile*/) {
    return {"fabric", "nm", "ns", "dw", "burst", "master", "active_mask", "len", "ndesc", "src_slave", "dst_slave"};
}

std::vector<TimingColumn> outputs(std::string_view /*profile*/) {
    return {{"done"},
            {"desc_accept"},
            {"ar_first"},
            {"aw_first"},
            {"r_first"},
            {"w_first"},
            {"status_first"},
            {"status_last"},
            {"util"},
            {"r_beats_until_first_finish"},
            {"w_beats_until_first_finish"},
            {"ar_grant_order", false}};
}

TimingJob job(const RowView& row, const ParameterSet& parameters) {
    static const std::vector<std::string> kNames{"direct", "crossbar", "split_interconnect"};
    static const std::vector<std::string> kFabrics{"direct", "axi_crossbar", "split_interconnect"};
    TimingJob job;
    job.fabric = kFabrics[row.choice("fabric", kNames)];
    job.bus_bytes = row_bus_bytes(row);
    const bool direct = job.fabric == "direct";
    const std::uint32_t masters = row.small("nm", 1, direct ? 1 : kMostMasters);
    const std::uint32_t memories = row.small("ns", 1, direct ? 1 : kMostMemories);
    job.memories.assign(memories, *find_memory("ram"));
    const std::uint64_t active = row.number("active_mask", 1, (std::uint64_t{1} << masters) - 1);
    const std::uint64_t bytes = row.number("len", 1, TimingJob::kMemoryBytes);
    const std::uint64_t count = row.number("ndesc", 1, 1U << 20U);
    const std::uint64_t source = row.number("src_slave", 0, memories - 1) * TimingJob::kMemoryBytes;
    const std::uint64_t destination = row.number("dst_slave", 0, memories - 1) * TimingJob::kMemoryBytes;
    job.master = row.small("master", 0, masters - 1);
    if ((active >> job.master & 1U) == 0) {
        row.fail("master", fmt::format("master {} is not in active_mask", job.master));
    }
    for (std::uint32_t m = 0; m < masters; ++m) {
        TimingJob::Master master;
        master.timing = row_timing(row, parameters);
        master.ports.resize(1);
        if ((active >> m & 1U) != 0) {
            const std::uint64_t offset = m * std::uint64_t{0x20000};
            master.ports[0].assign(count, {source + offset, destination + offset + 0x80000, bytes, 0});
        }
        job.masters.push_back(std::move(master));
    }
    return job;
}

std::vector<std::string> columns(const TimingJob& job, const std::vector<TimingRecord>& records) {
    const TimingRecord& record = records[job.master];
    const std::vector<BeatTransfer>& transfers = job.masters[job.master].ports[0];
    const std::size_t done = record.status.size();
    if (record.taken.empty()) {
        return std::vector<std::string>(outputs("").size(), "-1");
    }
    const std::uint64_t accept = record.taken.front();
    const auto since = [&](const std::vector<std::uint64_t>& cycles) {
        return cycles.empty() ? std::string("-1") : fmt::format("{}", cycles.front() - accept);
    };
    const std::uint64_t last = done == 0 ? 0 : record.status.back().cycle - accept;
    const double words = static_cast<double>(done == 0 ? 0 : transfers.front().bytes * done) / job.bus_bytes;

    // When the first of all masters has finished everything; of several in one cycle the lowest.
    std::uint64_t finish = kNever.count();
    std::size_t finisher = 0;
    std::vector<std::pair<std::uint64_t, std::size_t>> grants;
    for (std::size_t m = 0; m < records.size(); ++m) {
        const std::vector<BeatTransfer>& offered = job.masters[m].ports[0];
        if (!offered.empty() && records[m].status.size() == offered.size() && records[m].status.back().cycle < finish) {
            finish = records[m].status.back().cycle;
            finisher = m;
        }
        for (const std::uint64_t cycle : records[m].ar) {
            grants.emplace_back(cycle, m);
        }
    }
    const auto beats = [&](const std::vector<std::uint64_t>& cycles) {
        // Masters were looked at in the order of their numbers: those above do not count the beat of that cycle.
        const auto end = job.master <= finisher ? std::upper_bound(cycles.begin(), cycles.end(), finish)
                                                : std::lower_bound(cycles.begin(), cycles.end(), finish);
        return fmt::format("{}", end - cycles.begin());
    };
    std::sort(grants.begin(), grants.end());
    std::string order;
    for (std::size_t i = 0; i < std::min(kOrder, grants.size()); ++i) {
        order += fmt::format("{}", grants[i].second);
    }
    return {fmt::format("{}", done),
            fmt::format("{}", accept),
            since(record.ar_valid),
            since(record.aw_valid),
            since(record.r),
            since(record.w),
            done == 0 ? "-1" : fmt::format("{}", record.status.front().cycle - accept),
            done == 0 ? "-1" : fmt::format("{}", last),
            decimal(words / static_cast<double>(last), 4),
            beats(record.r),
            beats(record.w),
            order};
}

}  // namespace

TableKind fabric_table() {
    return {"fabric", "controllers and memories on a fabric", {"axi_cdma"}, &inputs, &outputs, &job, &columns};
}

}  // namespace dmasim::cli::detail
