// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dmasim/model/beat/pipeline.h"

namespace dmasim::reference {

/// A memory of the reference; the numbers mean what docs/beat-pipelines.md says.
struct Memory {
    bool registered = false;
    std::uint32_t read_latency = 1;
    std::uint32_t write_latency = 1;
    std::uint32_t read_wait = 0;
    std::uint32_t write_wait = 0;
    std::uint32_t max_reads = 0;   ///< 0: no limit.
    std::uint32_t max_writes = 0;  ///< 0: no limit.
};

/// Transfers offered from cycle 0 on without a gap.
struct Port {
    std::vector<BeatTransfer> transfers;
};

/// One master: a pipeline behind one port, or behind several with an arbiter.
struct Master {
    PipelineTiming timing;
    std::vector<Port> ports;
    bool round_robin = true;
    bool lowest_first = true;
};

struct Setup {
    std::uint32_t bus_bytes = 4;
    std::string fabric = "direct";  ///< direct, axi_crossbar, split_interconnect.
    std::vector<Master> masters;
    std::vector<Memory> memories;
    /// The memory that an address belongs to.
    std::function<std::uint32_t(std::uint64_t)> decode;
    std::uint64_t max_cycles = 10'000'000;
};

/// A transfer as its port saw it.
struct Seen {
    std::uint32_t port = 0;
    std::uint32_t transfer = 0;
    std::uint64_t cycle = 0;
};

/// What one master did, by cycle.
struct Record {
    std::vector<Seen> accepted;        ///< By the ports.
    std::vector<std::uint64_t> taken;  ///< By the pipeline.
    std::vector<std::uint64_t> pipeline_status;
    std::vector<Seen> status;             ///< At the ports.
    std::vector<std::uint64_t> ar_valid;  ///< First cycle of each.
    std::vector<std::uint64_t> ar;
    std::vector<std::uint64_t> aw_valid;  ///< First cycle of each.
    std::vector<std::uint64_t> aw;
    std::vector<std::uint64_t> r;
    std::vector<std::uint64_t> w;
    std::vector<std::uint64_t> b;
};

/// Runs until everything is done, or `max_cycles`. Ticks every cycle, one after the other; knows no bytes.
std::vector<Record> run(const Setup& setup);

}  // namespace dmasim::reference
