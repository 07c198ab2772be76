// SPDX-License-Identifier: Apache-2.0
// Steps write_register and read_register.
#include <limits>

#include <fmt/format.h>

#include "dmasim/model/frontend/native/register_map.h"

#include "kinds.h"

namespace dmasim::cli {

namespace {

/// Address of the register that `arguments` names.
std::uint64_t register_address(const View& arguments, const StepContext& context) {
    const std::string& name = arguments["register"].string();
    const std::uint64_t registers = registers_of(arguments, context);
    const std::uint32_t channels =
        context.platform.controllers[controller_of(arguments, context.platform)].config.channels;
    std::vector<std::string> known;
    for (const native::RegisterSpec& entry : native::kGlobalRegisters) {
        if (entry.name == name) {
            return registers + entry.offset;
        }
        known.emplace_back(entry.name);
    }
    for (const native::RegisterSpec& entry : native::kChannelRegisters) {
        if (entry.name == name) {
            const std::uint32_t channel = arguments["channel"].number32();
            if (channel >= channels) {
                arguments["channel"].fail(fmt::format("the controller has the channels 0 to {}", channels - 1));
            }
            return registers + native::channel_register(channel, entry.offset);
        }
        known.emplace_back(entry.name);
    }
    const std::string near = nearest(name, known);
    arguments["register"].fail(fmt::format("there is no register {}{}", in_quotes(name),
                                           near.empty() ? "" : fmt::format("; did you mean {}?", in_quotes(near))));
}

std::uint32_t word(const View& value) {
    if (value.number() > std::numeric_limits<std::uint32_t>::max()) {
        value.fail(fmt::format("{:#x} does not fit into a register of 32 bits", value.number()));
    }
    return value.number32();
}

}  // namespace

Action compile_write_register(const View& arguments, const StepContext& context) {
    const std::uint64_t address = register_address(arguments, context);
    const std::uint32_t value = word(arguments["value"]);
    return [=](StepRuntime& runtime) { runtime.cpu().write_register(address, value); };
}

Action compile_read_register(const View& arguments, const StepContext& context) {
    const std::uint64_t address = register_address(arguments, context);
    const std::string name = arguments["register"].string();
    const std::uint32_t mask = arguments.has("mask") ? word(arguments["mask"]) : ~0U;
    if (arguments.has("mask") && !arguments.has("value")) {
        arguments["mask"].fail_at_key("mask belongs to value, which is missing");
    }
    const bool expects = arguments.has("value");
    const std::uint32_t wanted = expects ? word(arguments["value"]) : 0;
    const std::string where = place_of_step(arguments);
    return [=](StepRuntime& runtime) {
        const std::uint32_t found = runtime.cpu().read_register(address);
        if (expects) {
            runtime.check({fmt::format("register {} in cycle {}", name, runtime.cpu().now().count()), where,
                           (found & mask) == (wanted & mask), fmt::format("{:#010x}", wanted & mask),
                           fmt::format("{:#010x}", found & mask)});
        }
    };
}

}  // namespace dmasim::cli
