// SPDX-License-Identifier: Apache-2.0
// Step dma: the routines of the DMA operations.
#include <algorithm>
#include <array>
#include <utility>

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
    }
    runtime.at_end([this, &runtime](bool finished) { end(runtime, finished); });
    for (const MemorySpec& memory : platform.memories) {
        streaming_config.regions.push_back({{memory.base, memory.config.size}, dma::RegionKind::Ram});
    }
    streaming_config.coherent = config.coherent;
    streaming_config.cache_line = config.cache_line;
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

void Run::end(StepRuntime& runtime, bool finished) {
    // What nobody has looked at.
    std::string texts;
    for (const dma::DriverFinding& finding : found) {
        if (runtime.hardware().finding) {
            runtime.hardware().finding(to_finding(finding));
        } else {
            texts += (texts.empty() ? "" : "; ") + finding.text();
        }
    }
    if (!texts.empty()) {
        runtime.check({"rules that are broken outside of the calls", "program", false, "none", texts});
    }
    found.clear();
    // Who waits for something that never comes wants to see what it has.
    for (const auto& [name, adapter] : adapters) {
        if (!finished && adapter) {
            runtime.add_section(
                section_of(fmt::format("Adapter {} when the program was stopped", name), operations.dump(adapter)));
        }
    }
    if (!finished && streaming != nullptr) {
        runtime.add_section(section_of("Mappings when the program was stopped", streaming->dump()));
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
    for (const auto* group : {&dma_steps::version_1_and_2(), &dma_steps::version_3(), &dma_steps::streaming(),
                              &dma_steps::surroundings()}) {
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
                       call.breaks.empty() ? "none" : fmt::format("{}", fmt::join(call.breaks, ", ")),
                       texts.empty() ? "none" : texts});
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
    description.device_address = arguments["device_address"].number();
    description.width_bits = arguments["width_bits"].number32();
    description.waits = arguments["waits"].boolean();
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
    call.has_address = arguments.has("address");
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
    for (const dma::Direction direction : {dma::Direction::FromDevice, dma::Direction::Both}) {
        call.direction = text("direction") == name_of(direction) ? direction : call.direction;
    }
    call.registers = arguments["registers"].number32();
    const std::string kind = text("kind");
    call.kind = kind == "bounce"     ? dma::MapRegisterKind::Bounce
                : kind == "hardware" ? dma::MapRegisterKind::Hardware
                                     : dma::MapRegisterKind::Identity;
    call.domain_type = kind == "pass_through" ? dma::DomainType::PassThrough
                       : kind == "unmanaged"  ? dma::DomainType::Unmanaged
                                              : dma::DomainType::Translate;
    constexpr std::array<std::pair<std::string_view, dma::RegionKind>, 4> kRegions{
        {{"stack", dma::RegionKind::Stack},
         {"read_only", dma::RegionKind::ReadOnly},
         {"virtually_contiguous", dma::RegionKind::VirtuallyContiguous},
         {"device", dma::RegionKind::Device}}};
    for (const auto& [name, region] : kRegions) {
        call.region = kind == name ? region : call.region;
    }
    call.mapping_kind = kind == name_of(dma::MappingKind::Resource) ? dma::MappingKind::Resource : call.mapping_kind;
    call.bounce = number("bounce", 0);
    call.bounce_size = arguments["bounce_size"].number();
    call.bounce_unaligned = arguments["bounce_unaligned"].boolean();
    call.untrusted = arguments["untrusted"].boolean();
    call.coherent = arguments["coherent"].boolean();
    call.attributes = {arguments["skip_sync"].boolean(), arguments["clean_cache"].boolean()};
    if (arguments.has("entries")) {
        call.entries = arguments["entries"].number();
    }
    call.device_offset = arguments["device_offset"].number32();
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
    if (call.call == "run_device" || call.call == "split_transfer") {
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

/// The choices of docs/dma-operations.md.
void read_options(const View& from, dma::DmaConfig& config) {
    using Options = dma::DmaOptions;
    Options& options = config.options;
    for (const dma::SplitRule rule : {dma::SplitRule::Documented, dma::SplitRule::SpareRegister}) {
        options.split = from["split"].string() == name_of(rule) ? rule : options.split;
    }
    const auto maintenance = [&](const char* key) {
        const std::string& text = from[key].string();
        return text == "nothing" ? Options::Maintenance::Nothing
               : text == "clean" ? Options::Maintenance::Clean
                                 : Options::Maintenance::CleanInvalidate;
    };
    options.flush_for_read = maintenance("flush_for_read");
    options.map_from_device = maintenance("map_from_device");
    if (from["base_with_callback"].string() == "allowed") {
        options.base_with_callback = Options::BaseWithCallback::Allowed;
    }
    if (from["early_flush"].string() == "drains") {
        options.early_flush = Options::EarlyFlush::Drains;
    }
    if (from["zero_length_map"].string() == "allowed") {
        options.zero_length_map = Options::ZeroLength::Allowed;
    }
    if (from["common_buffer_cache"].string() == "asked") {
        options.common_buffer_cache = Options::CommonBufferCache::Asked;
    }
    options.demand_mode_any_version = from["demand_mode_any_version"].boolean();
    options.bounce_copy_in = from["bounce_copy_in"].boolean();
    options.merge_elements = from["merge_elements"].boolean();
    options.clip_to_registers = from["clip_to_registers"].boolean();
    options.default_list_elements = from["default_list_elements"].number32();
    config.highest_version = from["highest_version"].number32();
    config.register_limit = from["register_limit"].number32();
    config.system_register_limit = from["system_register_limit"].number32();
    config.guards = from["guards"].boolean();
    config.guard_area = {from["guard_address"].number(), from["guard_size"].number()};
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
    if (arguments.has("options")) {
        read_options(arguments["options"], config);
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
    if (call.call == "streaming") {
        // Refused here, with its place, and not while the program runs.
        constexpr std::uint64_t kSet = dma::kBounceSlotBytes * dma::kBounceSetSlots;
        if (call.bounce % kSet != 0) {
            arguments["bounce"].fail(fmt::format("{:#x} is not a multiple of {}", call.bounce, kSet));
        }
        if (call.address % 4096 != 0) {
            arguments["address"].fail(fmt::format("{:#x} is not a multiple of 4 KiB", call.address));
        }
        const std::uint32_t alignment = call.description.alignment;
        if (alignment > 1024 || (alignment & (alignment - 1)) != 0) {
            arguments["alignment"].fail(fmt::format("{} is no power of two up to 1024", alignment));
        }
    }
    return [=](StepRuntime& runtime) {
        Run& run = run_of(runtime);
        run.value.reset();
        judge(call, runtime, run, handler(call, runtime, run));
    };
}

}  // namespace dmasim::cli
