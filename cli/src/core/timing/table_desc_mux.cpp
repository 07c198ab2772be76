// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "dmasim/cli/core/error.h"

#include "tables.h"

namespace dmasim::cli::detail {

namespace {

/// The orders are told of so many.
constexpr std::size_t kOrder = 48;
constexpr std::uint32_t kMostPorts = 16;

std::vector<std::string> inputs(std::string_view /*profile*/) {
    return {"ports", "round_robin", "lsb_high", "dw", "burst", "active_mask", "len", "ndesc", "port"};
}

std::vector<TimingColumn> outputs(std::string_view /*profile*/) {
    return {{"first_accept"}, {"first_cdma_desc_hs"}, {"first_ar"}, {"first_cdma_status"},   {"first_port_status"},
            {"last_accept"},  {"last_port_status"},   {"all_done"}, {"accept_order", false}, {"status_order", false}};
}

TimingJob job(const RowView& row, const ParameterSet& parameters) {
    TimingJob job;
    job.bus_bytes = row_bus_bytes(row);
    job.memories = {*find_memory("ram")};
    TimingJob::Master master;
    master.timing = row_timing(row, parameters);
    master.arbitrated = true;
    master.round_robin = row.flag("round_robin");
    master.lowest_first = row.flag("lsb_high");
    const std::uint32_t ports = row.small("ports", 1, kMostPorts);
    const std::uint64_t active = row.number("active_mask", 1, (std::uint64_t{1} << ports) - 1);
    const std::uint64_t bytes = row.number("len", 1, TimingJob::kMemoryBytes);
    const std::uint64_t count = row.number("ndesc", 1, 1U << 20U);
    job.port = row.small("port", 0, ports - 1);
    if ((active >> job.port & 1U) == 0) {
        row.fail("port", fmt::format("port {} is not in active_mask", job.port));
    }
    master.ports.resize(ports);
    for (std::uint32_t port = 0; port < ports; ++port) {
        if ((active >> port & 1U) != 0) {
            const BeatTransfer transfer{port * std::uint64_t{0x10000}, 0x80000 + port * std::uint64_t{0x10000}, bytes,
                                        0};
            master.ports[port].assign(count, transfer);
        }
    }
    job.masters = {master};
    return job;
}

/// First and last cycle of `port`, and the order of all ports.
struct PortView {
    std::string first = "-1";
    std::string last = "-1";
    std::string order;

    PortView(const std::vector<TimingRecord::Seen>& seen, std::uint32_t port) {
        std::size_t told = 0;
        for (const TimingRecord::Seen& one : seen) {
            if (told < kOrder) {
                order += fmt::format("{}", one.port);
                ++told;
            }
            if (one.port == port) {
                last = fmt::format("{}", one.cycle);
                if (first == "-1") {
                    first = last;
                }
            }
        }
    }
};

std::vector<std::string> columns(const TimingJob& job, const std::vector<TimingRecord>& records) {
    const TimingRecord& record = records.front();
    const PortView accepted(record.accepted, job.port);
    const PortView status(record.status, job.port);
    return {accepted.first,
            first_of(record.taken),
            first_of(record.ar_valid),
            first_of(record.pipeline_status),
            status.first,
            accepted.last,
            status.last,
            record.status.empty() ? "-1" : fmt::format("{}", record.status.back().cycle),
            accepted.order,
            status.order};
}

}  // namespace

TableKind descriptor_mux_table() {
    return {"desc-mux",
            "several descriptor ports in front of one controller",
            {"axi_cdma", "axi_cdma_desc_mux"},
            &inputs,
            &outputs,
            &job,
            &columns};
}

}  // namespace dmasim::cli::detail
