// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/bus/core/beat/beat_memory.h"
#include "dmasim/model/beat/pipeline.h"

namespace dmasim::cli {

/// What one row of a table of timings sets up: masters that get transfers without a gap from cycle 0 on, a fabric and
/// memories.
struct TimingJob {
    struct Master {
        PipelineTiming timing;
        /// Transfers by port; with several ports, or with `arbitrated`, an arbiter stands before the pipeline.
        std::vector<std::vector<BeatTransfer>> ports;
        bool arbitrated = false;
        bool round_robin = true;
        bool lowest_first = true;
    };
    std::uint32_t bus_bytes = 4;
    std::string fabric = "direct";  ///< As `beat_fabric_kinds()` calls it.
    std::vector<Master> masters;
    std::vector<BeatMemoryTiming> memories;  ///< Of `kMemoryBytes` each, one behind the other, and wrapping.
    std::uint32_t master = 0;                ///< The one that the row tells about.
    std::uint32_t port = 0;                  ///< The same of its ports.

    static constexpr std::uint64_t kMemoryBytes = 1U << 20U;
    [[nodiscard]] std::uint32_t memory_of(std::uint64_t address) const {
        return static_cast<std::uint32_t>(address / kMemoryBytes % memories.size());
    }
};

/// What one master did, by cycle. Cycle 0 is the first in which transfers are offered.
struct TimingRecord {
    struct Seen {
        std::uint32_t port = 0;
        std::uint64_t cycle = 0;
    };
    std::vector<Seen> accepted;        ///< By the ports.
    std::vector<Seen> status;          ///< At the ports.
    std::vector<std::uint64_t> taken;  ///< By the pipeline.
    std::vector<std::uint64_t> pipeline_status;
    std::vector<std::uint64_t> ar_valid;  ///< First cycle of each.
    std::vector<std::uint64_t> ar;
    std::vector<std::uint64_t> aw_valid;  ///< First cycle of each.
    std::vector<std::uint64_t> aw;
    std::vector<std::uint64_t> r;
    std::vector<std::uint64_t> w;
    std::vector<std::uint64_t> b;
};

/// A memory that rows of tables name.
struct NamedMemory {
    std::string_view name;
    BeatMemoryTiming timing;
};

/// All of them: ideal_L1 ..., wait_r1w0 ..., ram, SRAM_3c_8out ...
const std::vector<NamedMemory>& named_memories();
/// The memory called `name`, or null.
const BeatMemoryTiming* find_memory(std::string_view name);

}  // namespace dmasim::cli
