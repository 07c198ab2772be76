// SPDX-License-Identifier: Apache-2.0
// Steps wait_interrupt and wait_cycles.
#include "kinds.h"

namespace dmasim::cli {

Action compile_wait_interrupt(const View& arguments, const StepContext& context) {
    const std::uint32_t line = controller_of(arguments, context.platform);
    return [=](StepRuntime& runtime) { runtime.cpu().wait_for_interrupt(line); };
}

Action compile_wait_cycles(const View& arguments, const StepContext& /*context*/) {
    const std::uint64_t cycles = arguments.number();
    return [=](StepRuntime& runtime) { runtime.cpu().wait_cycles(cycles); };
}

}  // namespace dmasim::cli
