// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace dmasim::test {

/// Calls of operator new in this program so far.
std::size_t allocations();

}  // namespace dmasim::test
