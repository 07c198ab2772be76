// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/beat/fabric.h"

namespace dmasim {

/// One row of the table of fabrics.
struct BeatFabricKind {
    std::string_view name;
    std::string_view description;
    std::unique_ptr<BeatFabric> (*make)(std::uint32_t masters, std::uint32_t slaves, const BeatFabric::Decoder& decode);
};

/// All fabrics, in the order of their registration.
const std::vector<BeatFabricKind>& beat_fabric_kinds();

/// Creates fabric `kind`. Throws `ConfigError` that lists the known ones, or names what does not fit.
std::unique_ptr<BeatFabric> make_beat_fabric(std::string_view kind, std::uint32_t masters, std::uint32_t slaves,
                                             const BeatFabric::Decoder& decode);

}  // namespace dmasim
