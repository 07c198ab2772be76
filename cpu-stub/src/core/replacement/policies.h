// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "dmasim/cpu_stub/core/replacement.h"

namespace dmasim::detail {

std::unique_ptr<Replacement> make_lru(std::uint32_t sets, std::uint32_t ways, std::uint64_t seed);
std::unique_ptr<Replacement> make_tree_plru(std::uint32_t sets, std::uint32_t ways, std::uint64_t seed);
std::unique_ptr<Replacement> make_random(std::uint32_t sets, std::uint32_t ways, std::uint64_t seed);

}  // namespace dmasim::detail
