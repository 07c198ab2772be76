// SPDX-License-Identifier: Apache-2.0
// Step loop.
#include "kinds.h"

namespace dmasim::cli {

Action compile_loop(const View& arguments, const StepContext& context) {
    const std::uint64_t count = arguments["count"].number();
    const std::vector<Action> steps = compile_steps(arguments["steps"], context);
    return [=](StepRuntime& runtime) {
        for (std::uint64_t i = 0; i < count; ++i) {
            for (const Action& step : steps) {
                step(runtime);
            }
        }
    };
}

}  // namespace dmasim::cli
