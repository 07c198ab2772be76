// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dmasim/bus/core/beat/beat_fabric.h"

namespace dmasim::detail {

std::unique_ptr<BeatFabric> make_direct(std::uint32_t masters, std::uint32_t slaves, const BeatFabric::Decoder& decode);
std::unique_ptr<BeatFabric> make_axi_crossbar(std::uint32_t masters, std::uint32_t slaves,
                                              const BeatFabric::Decoder& decode);
std::unique_ptr<BeatFabric> make_split_interconnect(std::uint32_t masters, std::uint32_t slaves,
                                                    const BeatFabric::Decoder& decode);

}  // namespace dmasim::detail
