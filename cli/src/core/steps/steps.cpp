// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/steps.h"

#include <fmt/format.h>

#include "kinds.h"

namespace dmasim::cli {

const std::vector<StepKind>& step_kinds() {
    static const std::vector<StepKind> kKinds{
        {"store", &compile_store},
        {"load", &compile_load},
        {"copy", &compile_copy},
        {"clean", &compile_clean},
        {"invalidate", &compile_invalidate},
        {"flush", &compile_flush},
        {"maintain_all", &compile_maintain_all},
        {"maintain_set_way", &compile_maintain_set_way},
        {"evict", &compile_evict},
        {"prefetch", &compile_prefetch},
        {"barrier", &compile_barrier},
        {"note", &compile_note},
        {"start", &compile_start},
        {"wait_transfer", &compile_wait_transfer},
        {"write_register", &compile_write_register},
        {"read_register", &compile_read_register},
        {"wait_interrupt", &compile_wait_interrupt},
        {"wait_cycles", &compile_wait_cycles},
        {"block_io", &compile_block_io},
        {"dma", &compile_dma},
        {"loop", &compile_loop},
    };
    return kKinds;
}

std::vector<Action> compile_steps(const View& list, const StepContext& context) {
    std::vector<Action> actions;
    for (const View& step : list.items()) {
        // The schema has made sure that there is exactly one known key.
        const std::string key = step.json().begin().key();
        for (const StepKind& kind : step_kinds()) {
            if (kind.name == key) {
                actions.push_back(kind.compile(step[key], context));
            }
        }
    }
    return actions;
}

std::uint64_t registers_of(const View& arguments, const StepContext& context) {
    const ControllerSpec& controller = context.platform.controllers[controller_of(arguments, context.platform)];
    if (!controller.registers) {
        arguments.fail(fmt::format("the registers of {} are not on the bus; give it the key \"registers\"",
                                   in_quotes(controller.name)));
    }
    return *controller.registers;
}

MemoryType memory_type_of(const View& arguments) {
    const std::string name = arguments.has("type") ? arguments["type"].string() : "cached";
    if (name == "uncached") {
        return MemoryType::Uncached;
    }
    return name == "device" ? MemoryType::Device : MemoryType::Cached;
}

std::string place_of_step(const View& arguments) {
    const Document& document = arguments.document();
    const std::string prefix = document.prefix(document.node(arguments.pointer()).key);
    return prefix.substr(0, prefix.size() - 2);
}

}  // namespace dmasim::cli
