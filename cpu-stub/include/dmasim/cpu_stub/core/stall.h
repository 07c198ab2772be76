// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/types.h"

namespace dmasim {

/// The program is held up (an interrupt, a preemption, a bus that somebody else keeps busy): at the first end of an operation
/// with a stamp of `at` or later it does nothing for `cycles` cycles. Counts as `CpuCause::Compute`.
struct CpuStall {
    Cycles at;
    std::uint64_t cycles = 1;  ///< >= 1.
};

}  // namespace dmasim
