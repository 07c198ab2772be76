// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/timing/job.h"

namespace dmasim::cli {

namespace {

BeatMemoryTiming ideal(std::uint32_t read_latency, std::uint32_t write_latency) {
    BeatMemoryTiming timing;
    timing.read_latency = read_latency;
    timing.write_latency = write_latency;
    return timing;
}

BeatMemoryTiming waiting(std::uint32_t read_wait, std::uint32_t write_wait) {
    BeatMemoryTiming timing = ideal(2, 1);
    timing.read_wait = read_wait;
    timing.write_wait = write_wait;
    return timing;
}

BeatMemoryTiming limited(std::uint32_t latency, std::uint32_t outstanding) {
    BeatMemoryTiming timing = ideal(latency, latency);
    timing.max_reads = outstanding;
    timing.max_writes = outstanding;
    return timing;
}

BeatMemoryTiming registered() {
    BeatMemoryTiming timing;
    timing.kind = BeatMemoryKind::Registered;
    return timing;
}

}  // namespace

const std::vector<NamedMemory>& named_memories() {
    static const std::vector<NamedMemory> kMemories{
        {"ideal_L1", ideal(1, 1)},       {"ideal_L2", ideal(2, 1)},          {"ideal_L8", ideal(8, 4)},
        {"ideal_L32", ideal(32, 16)},    {"ideal_L100", ideal(100, 50)},     {"wait_r1w0", waiting(1, 0)},
        {"wait_r0w1", waiting(0, 1)},    {"wait_r3w3", waiting(3, 3)},       {"ram", registered()},
        {"SRAM_3c_8out", limited(3, 8)}, {"RPC_13c_16out", limited(13, 16)}, {"HBM_100c_64out", limited(100, 64)},
    };
    return kMemories;
}

const BeatMemoryTiming* find_memory(std::string_view name) {
    for (const NamedMemory& memory : named_memories()) {
        if (memory.name == name) {
            return &memory.timing;
        }
    }
    return nullptr;
}

}  // namespace dmasim::cli
