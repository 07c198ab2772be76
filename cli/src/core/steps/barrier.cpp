// SPDX-License-Identifier: Apache-2.0
// Step barrier.
#include "kinds.h"

namespace dmasim::cli {

Action compile_barrier(const View& arguments, const StepContext& /*context*/) {
    if (arguments.string() == "dmb") {
        return [](StepRuntime& runtime) { runtime.cpu().dmb(); };
    }
    return [](StepRuntime& runtime) { runtime.cpu().dsb(); };
}

}  // namespace dmasim::cli
