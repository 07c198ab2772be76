// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/model/arbiter/arbiter.h"
#include "dmasim/model/profile/profile.h"

namespace dmasim {

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

    /// Bytes of a beat.
    [[nodiscard]] std::uint32_t bus_bytes() const { return data_width_bits / 8; }
};

/// All problems of `config`, one sentence each, naming the field, its value and the legal range; empty when it can be
/// built.
std::vector<std::string> validate(const DmaConfig& config);

}  // namespace dmasim
