// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/beat/pipeline.h"

namespace dmasim {

/// The pipeline of one kind of controller as data (docs/timing.md, "Profile parameters"). All numbers are cycles.
struct TimingProfile {
    std::string name = "native";
    std::string description;
    std::uint32_t start_to_request = 2;    ///< >= 1; stamp of the start to the first edge of arbitration (C1).
    std::uint32_t descriptor_decode = 2;   ///< >= 1; last stamp of a descriptor to the first edge of arbitration (C6).
    std::uint32_t request_interval = 1;    ///< >= 1; distance of two grants, and of two write requests (C3, C5).
    std::uint32_t read_to_write = 2;       ///< >= 1; last stamp of read data to the write request (C5).
    std::uint32_t response_to_status = 1;  ///< >= 1; last response to the completion (C6).
    bool beat_accurate = false;            ///< Data goes through `pipeline` (docs/beat-pipelines.md).
    PipelineTiming pipeline;               ///< Used if `beat_accurate`.
};

/// The profile called `name`; throws `ConfigError` that lists the known names.
const TimingProfile& timing_profile(std::string_view name);

/// All profiles, in the order of their registration.
const std::vector<TimingProfile>& timing_profiles();

}  // namespace dmasim
