// SPDX-License-Identifier: Apache-2.0
// Step dma: the routines of the DMA operations.
#include <algorithm>

#include <fmt/format.h>

#include "dmasim/model/errors.h"

#include "../kinds.h"
#include "run.h"

namespace dmasim::cli {

namespace dma_steps {

Run::Run(StepRuntime& runtime, const dma::DmaConfig& config)
    : operations(runtime.cpu(), config, &checks), remapping(operations) {
    const PlatformSpec& platform = runtime.platform();
    const StepHardware& hardware = runtime.hardware();
    if (platform.verifier) {
        for (const std::string& rule : platform.verifier->disabled_rules) {
            checks.silence(rule);
        }
    }
    checks.on_finding([this](const dma::DriverFinding& finding) { found.push_back(finding); });
    if (hardware.finding) {
        operations.set_notes(hardware.notes);
        // What nobody has looked at.
        runtime.at_end([this, tell = hardware.finding] {
            for (const dma::DriverFinding& finding : found) {
                tell(to_finding(finding));
            }
        });
    }
    for (AddressTranslator* translator : hardware.translators) {
        if (translator != nullptr) {
            translator->on_fault([this](const TranslationFault& fault) { operations.tell(dma::fact_of(fault, 0)); });
        }
    }
    if (platform.system_dma) {
        dma::PcAtControllerConfig settings;
        settings.registers = platform.system_dma->base;
        settings.internal_buffer = platform.system_dma->config.buffer_bytes != 0;
        settings.interrupt = platform.system_dma->interrupt;
        controller = std::make_unique<dma::PcAtController>(settings);
        operations.set_system_controller(*controller);
        if (settings.interrupt) {
            operations.attach_interrupt(platform.system_dma_line());
        }
    }
}

}  // namespace dma_steps

namespace {

using dma_steps::Call;
using dma_steps::Handler;
using dma_steps::Run;

/// Pages of a buffer are kept one by one.
constexpr std::uint64_t kLongestBuffer = 1ULL << 30;

dma::DmaConfig config_of(const PlatformSpec& platform) {
    dma::DmaConfig config;
    config.registers = dma::MapRegisterKind::Identity;
    if (platform.cpu) {
        config.coherent = platform.cpu->cache.coherence == CoherenceMode::IoCoherent;
        config.cache_line = platform.cpu->cache.line_bytes;
    }
    return config;
}

Run& run_of(StepRuntime& runtime) {
    std::shared_ptr<void>& kept = runtime.kept("dma");
    if (!kept) {
        kept = std::make_shared<Run>(runtime, config_of(runtime.platform()));
    }
    return *static_cast<Run*>(kept.get());
}

Handler handler_of(const std::string& call) {
    for (const auto* group : {&dma_steps::version_1_and_2(), &dma_steps::version_3(), &dma_steps::surroundings()}) {
        if (const auto found = group->find(call); found != group->end()) {
            return found->second;
        }
    }
    return nullptr;
}

/// Tells of the outcome: status and value, if they were asked for, and the rules.
void judge(const Call& call, StepRuntime& runtime, Run& run, dma::Status status) {
    const std::string what = fmt::format("{} in cycle {}", call.call, runtime.cpu().now().count());
    if (call.status) {
        runtime.check({"status of " + what, call.where, name_of(status) == *call.status, *call.status,
                       std::string(name_of(status))});
    }
    if (call.value) {
        const bool same = run.value == call.value;
        runtime.check({"value of " + what, call.where, same, fmt::format("{}", *call.value),
                       run.value ? fmt::format("{}", *run.value) : "none"});
    }
    std::set<std::string> broken;
    std::string texts;
    const auto& tell = runtime.hardware().finding;
    for (const dma::DriverFinding& found : run.found) {
        const bool foreseen = call.breaks.count(std::string(found.rule)) != 0;
        texts += (texts.empty() ? "" : "; ") + found.text();
        if (tell) {
            Finding finding = to_finding(found);
            finding.foreseen = foreseen;
            tell(finding);
        }
        // What nobody has foreseen is among the findings of a run that is verified, where it can be suppressed.
        if (foreseen || !tell) {
            broken.emplace(found.rule);
        }
    }
    run.found.clear();
    if (!broken.empty() || !call.breaks.empty()) {
        runtime.check({"rules that are broken by " + what, call.where, broken == call.breaks,
                       fmt::format("{}", fmt::join(call.breaks, ", ")), texts.empty() ? "none" : texts});
    }
}

void check_rules(const View& arguments, const Call& call) {
    const std::vector<std::string> rules = dma::driver_rule_names();
    for (const std::string& rule : call.breaks) {
        if (std::find(rules.begin(), rules.end(), rule) == rules.end()) {
            arguments["breaks"].fail(fmt::format("there is no rule {}", in_quotes(rule)));
        }
    }
}

dma::DeviceDescription description_of(const View& arguments) {
    dma::DeviceDescription description;
    description.version = arguments["version"].number32();
    description.scatter_gather = arguments["scatter_gather"].boolean();
    description.address_bits = arguments["address_bits"].number32();
    description.dma64 = description.address_bits > 32;
    description.dma32 = description.address_bits >= 32;
    description.maximum_length = arguments.has("size") ? arguments["size"].number() : description.maximum_length;
    description.master = arguments["master"].boolean();
    description.auto_initialize = arguments["auto_initialize"].boolean();
    description.demand_mode = arguments["demand_mode"].boolean();
    description.ignore_count = arguments["ignore_count"].boolean();
    description.channel = arguments["channel"].number32();
    description.element_limit = arguments["element_limit"].number32();
    description.element_bytes = arguments["element_bytes"].number();
    description.boundary = arguments["boundary"].number();
    description.alignment = arguments["alignment"].number32();
    description.minimum_unit = arguments["minimum_unit"].number32();
    return description;
}

/// The device that the member "name" names.
void find_device(const View& arguments, const PlatformSpec& platform, Call& call) {
    const auto* system = platform.system_dma ? &*platform.system_dma : nullptr;
    for (std::size_t i = 0; system != nullptr && i < system->devices.size(); ++i) {
        if (system->devices[i].name == call.name) {
            call.device_base = system->devices[i].base;
            call.device_line = platform.system_dma_line() + 1 + static_cast<unsigned>(i);
            return;
        }
    }
    arguments.fail(fmt::format("there is no device {} in platform.system_dma", in_quotes(call.name)));
}

Call read_call(const View& arguments, const StepContext& context) {
    Call call;
    const auto text = [&](const char* key) { return arguments.has(key) ? arguments[key].string() : std::string(); };
    const auto number = [&](const char* key, std::uint64_t missing) {
        return arguments.has(key) ? arguments[key].number() : missing;
    };
    call.call = text("call");
    call.adapter = text("adapter");
    call.buffer = text("buffer");
    call.next = text("next");
    call.allocation = text("allocation");
    call.domain = text("domain");
    call.name = text("name");
    call.device = arguments["device"].number32();
    call.address = number("address", 0);
    if (arguments.has("pages")) {
        for (const View& page : arguments["pages"].items()) {
            call.pages.push_back(page.number());
            if (call.pages.back() % 4096 != 0) {
                page.fail(fmt::format("{:#x} is not a multiple of 4 KiB", call.pages.back()));
            }
        }
    }
    call.locked = arguments["locked"].boolean();
    if (arguments.has("size")) {
        call.size = arguments["size"].number();
    }
    call.offset = number("offset", 0);
    call.direction = text("direction") == "from_device" ? dma::Direction::FromDevice : dma::Direction::ToDevice;
    call.registers = arguments["registers"].number32();
    const std::string kind = text("kind");
    call.kind = kind == "bounce"     ? dma::MapRegisterKind::Bounce
                : kind == "hardware" ? dma::MapRegisterKind::Hardware
                                     : dma::MapRegisterKind::Identity;
    call.domain_type = kind == "pass_through" ? dma::DomainType::PassThrough
                       : kind == "unmanaged"  ? dma::DomainType::Unmanaged
                                              : dma::DomainType::Translate;
    call.bounce = number("bounce", 0);
    call.description = description_of(arguments);
    for (const dma::AllocationAction action :
         {dma::AllocationAction::KeepObject, dma::AllocationAction::DeallocateObject}) {
        call.action = text("action") == name_of(action) ? action : call.action;
    }
    call.cached = arguments["cached"].boolean();
    call.synchronous = arguments["synchronous"].boolean();
    call.callback = arguments["callback"].boolean();
    call.completion = arguments["completion"].boolean();
    call.elements = arguments["elements"].number();
    call.count = arguments["count"].number32();
    call.index = arguments["index"].number32();
    call.bounds.lowest = arguments["lowest"].number();
    call.bounds.highest = number("highest", ~std::uint64_t{0});
    call.physical = arguments["physical"].number();
    call.permissions = (arguments["reads"].boolean() ? dma::kDomainReads : 0) |
                       (arguments["writes"].boolean() ? dma::kDomainWrites : 0);
    call.identity = arguments["identity"].boolean();
    call.until_terminal = arguments["until_terminal"].boolean();
    call.level = text("level") == "passive" ? dma::Level::Passive : dma::Level::Dispatch;
    if (call.call == "run_device") {
        call.controller_registers = registers_of(arguments, context);
    } else if (call.call == "attach_domain") {
        call.controller = controller_of(arguments, context.platform);
        if (!context.platform.controllers[call.controller].remapped) {
            arguments.fail(
                fmt::format("{} is not remapped", in_quotes(context.platform.controllers[call.controller].name)));
        }
    } else if (call.call == "start_device" || call.call == "wait_device") {
        find_device(arguments, context.platform, call);
    }
    call.channel = arguments["channel"].number32();
    if (arguments.has("status")) {
        call.status = text("status");
    }
    if (arguments.has("value")) {
        call.value = arguments["value"].number();
    }
    for (const View& rule : arguments["breaks"].items()) {
        call.breaks.insert(rule.string());
    }
    call.where = place_of_step(arguments);
    return call;
}

/// What the step "platform" says about the machine.
dma::DmaConfig config_of(const View& arguments, const Call& call, const PlatformSpec& platform) {
    dma::DmaConfig config = config_of(platform);
    config.registers = call.kind;
    config.register_count = std::max<std::uint32_t>(call.registers, 1);
    config.register_base = call.bounce;
    config.common = {call.address, call.size.value_or(0)};
    if (call.kind == dma::MapRegisterKind::Hardware) {
        if (!platform.map_registers) {
            arguments["kind"].fail("there are no platform.map_registers");
        }
        config.register_count = platform.map_registers->config.registers;
        config.register_base = platform.map_registers->config.window;
        config.register_file = platform.map_registers->base;
    }
    const std::vector<std::string> problems = dma::validate(config);
    if (!problems.empty()) {
        arguments.fail(fmt::format("{}", fmt::join(problems, "; ")));
    }
    return config;
}

}  // namespace

Action compile_dma(const View& arguments, const StepContext& context) {
    const Call call = read_call(arguments, context);
    check_rules(arguments, call);
    if (call.call == "platform") {
        const dma::DmaConfig config = config_of(arguments, call, context.platform);
        return [config, where = call.where](StepRuntime& runtime) {
            std::shared_ptr<void>& kept = runtime.kept("dma");
            if (kept) {
                runtime.check({"call platform", where, false, "before all other calls", "after one"});
                return;
            }
            kept = std::make_shared<Run>(runtime, config);
        };
    }
    if (call.call == "buffer" && call.size.value_or(0) > kLongestBuffer) {
        arguments["size"].fail(fmt::format("a buffer has at most {} bytes", kLongestBuffer));
    }
    const Handler handler = handler_of(call.call);
    DMASIM_INVARIANT(handler != nullptr);
    return [=](StepRuntime& runtime) {
        Run& run = run_of(runtime);
        run.value.reset();
        judge(call, runtime, run, handler(call, runtime, run));
    };
}

}  // namespace dmasim::cli
