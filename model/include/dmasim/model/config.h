// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/model/arbiter/arbiter.h"
#include "dmasim/model/profile/profile.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// A channel is held up, as if others kept it from the bus (timing.md C3): it does not compete at edges `at` + 1 to
/// `at` + `cycles`. Software does not see it.
struct ChannelHold {
    Cycles at;
    std::uint64_t cycles = 1;  ///< >= 1.
    unsigned channel = 0;
};

/// Everything that is fixed about a DMA controller when it is built (docs/timing.md, "Profile parameters").
struct DmaConfig {
    std::uint32_t channels = 4;             ///< 1 to 64.
    std::uint32_t data_width_bits = 64;     ///< A power of two, 32 to 1024; from 8 for beat-accurate profiles.
    std::uint32_t max_burst_beats = 16;     ///< 1 to 256; a burst of that length has at most 4096 bytes.
    std::uint32_t fifo_beats = 64;          ///< max_burst_beats to 65536.
    std::uint32_t max_reads = 4;            ///< Read bursts in flight, 1 to 64.
    std::uint32_t max_writes = 4;           ///< Write bursts in flight, 1 to 64.
    std::uint32_t descriptor_prefetch = 0;  ///< 0 or 1 descriptors ahead.
    ArbiterConfig arbiter;                  ///< Arbitration among channels, one burst a grant.
    TimingProfile timing;                   ///< Pipeline offsets.
    std::vector<ChannelHold> holds;         ///< Hold-ups, for explored schedules; in any order.

    /// Bytes of a beat.
    [[nodiscard]] std::uint32_t bus_bytes() const { return data_width_bits / 8; }
};

/// All problems of `config`, one sentence each, naming the field, its value and the legal range; empty when it can be
/// built.
std::vector<std::string> validate(const DmaConfig& config);

}  // namespace dmasim
