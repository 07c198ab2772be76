// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "dmasim/bus/core/topology.h"

namespace dmasim::detail {

std::unique_ptr<Topology> make_shared_bus(std::uint32_t initiators, std::uint32_t targets);
std::unique_ptr<Topology> make_crossbar(std::uint32_t initiators, std::uint32_t targets);
std::unique_ptr<Topology> make_simple_bus(std::uint32_t initiators, std::uint32_t targets);

}  // namespace dmasim::detail
