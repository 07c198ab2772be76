// SPDX-License-Identifier: Apache-2.0
// Step dma: the routines of the DMA operations.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"
#include "dmasim/cpu_stub/core/dma_operations/operations.h"
#include "dmasim/cpu_stub/core/native_driver.h"

#include "kinds.h"

namespace dmasim::cli {

namespace {

/// Pages of a buffer are kept one by one.
constexpr std::uint64_t kLongestBuffer = 1ULL << 30;

/// The arguments of a step.
struct DmaCall {
    std::string call;
    std::string adapter;
    std::string buffer;
    std::string allocation;
    std::uint32_t device = 1;
    std::uint64_t address = 0;
    std::optional<std::uint64_t> size;
    std::uint64_t offset = 0;
    dma::Direction direction = dma::Direction::ToDevice;
    std::uint32_t registers = 1;
    bool bounces = false;
    std::uint64_t bounce = 0;
    std::uint32_t version = 1;
    bool scatter_gather = false;
    std::uint32_t address_bits = 64;
    dma::AllocationAction action = dma::AllocationAction::DeallocateObjectKeepRegisters;
    bool cached = true;
    dma::Level level = dma::Level::Dispatch;
    std::uint64_t controller_registers = 0;
    std::uint32_t channel = 0;
    std::optional<std::string> status;
    std::set<std::string> breaks;
    std::string where;
};

/// What the steps of a run share.
struct DmaRun {
    DmaRun(CpuContext& cpu, const dma::DmaConfig& config) : operations(cpu, config, &checks) {}

    dma::DriverChecker checks;
    dma::DmaOperations operations;
    std::map<std::string, dma::Adapter> adapters;
    std::map<std::string, dma::Mdl> buffers;
    std::map<std::string, dma::RegisterBase> bases;
    std::map<std::string, dma::ScatterGatherList> lists;
    std::map<std::string, dma::CommonBuffer> common;
    std::map<std::string, dma::TransferContext> contexts;
    std::vector<dma::Element> mapped;
    bool used = false;
};

dma::DmaConfig config_of(const PlatformSpec& platform) {
    dma::DmaConfig config;
    config.registers = dma::MapRegisterKind::Identity;
    if (platform.cpu) {
        config.coherent = platform.cpu->cache.coherence == CoherenceMode::IoCoherent;
        config.cache_line = platform.cpu->cache.line_bytes;
    }
    return config;
}

DmaRun& run_of(StepRuntime& runtime) {
    std::shared_ptr<void>& kept = runtime.kept("dma");
    if (!kept) {
        kept = std::make_shared<DmaRun>(runtime.cpu(), config_of(runtime.platform()));
    }
    return *static_cast<DmaRun*>(kept.get());
}

std::uint64_t bytes_of(const DmaCall& call, const dma::Mdl& mdl) {
    return call.size.value_or(mdl.bytes > call.offset ? mdl.bytes - call.offset : 0);
}

/// Lets a controller move the mapped elements, one register job each.
dma::Status run_device(const DmaCall& call, StepRuntime& runtime, DmaRun& run) {
    NativeDriverConfig settings;
    settings.registers = call.controller_registers;
    settings.coherent = true;  // The caches are the matter of the routines that are tried here.
    settings.use_interrupt = false;
    NativeDriver driver(runtime.cpu(), settings);
    std::uint64_t address = call.address;
    for (const dma::Element& element : run.mapped) {
        const bool out = call.direction == dma::Direction::ToDevice;
        const auto bytes = static_cast<std::uint32_t>(element.bytes);
        const NativeDriver::Completion completion =
            driver.copy(call.channel, out ? address : element.logical, out ? element.logical : address, bytes);
        if (!completion.ok()) {
            return dma::Status::Unsuccessful;
        }
        address += element.bytes;
    }
    return run.mapped.empty() ? dma::Status::InvalidDeviceRequest : dma::Status::Success;
}

using Handler = dma::Status (*)(const DmaCall&, StepRuntime&, DmaRun&);

const std::map<std::string, Handler>& handlers() {
    using dma::Status;
    static const std::map<std::string, Handler> kHandlers{
        {"buffer",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             run.buffers[call.buffer] = dma::make_contiguous_mdl(call.address, call.size.value_or(0));
             return Status::Success;
         }},
        {"run_device", &run_device},
        {"set_level",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             run.operations.set_level(call.level);
             return Status::Success;
         }},
        {"unload",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             run.operations.driver_unload(call.device);
             return Status::Success;
         }},
        {"get_dma_adapter",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             dma::DeviceDescription description;
             description.version = call.version;
             description.scatter_gather = call.scatter_gather;
             description.address_bits = call.address_bits;
             description.dma64 = call.address_bits > 32;
             description.dma32 = call.address_bits >= 32;
             description.maximum_length = call.size.value_or(description.maximum_length);
             std::uint32_t granted = 0;
             run.adapters[call.adapter] = run.operations.get_dma_adapter(call.device, description, granted);
             return run.adapters[call.adapter] ? Status::Success : Status::NotSupported;
         }},
        {"put_dma_adapter",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             run.adapters[call.adapter].put_dma_adapter();
             return Status::Success;
         }},
        {"ke_flush_io_buffers",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             run.operations.ke_flush_io_buffers(&run.buffers[call.buffer], call.direction == dma::Direction::FromDevice,
                                                true);
             return Status::Success;
         }},
        {"allocate_adapter_channel",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             const auto control = [&run, name = call.allocation, action = call.action](dma::RegisterBase base) {
                 run.bases[name] = base;
                 return action;
             };
             return run.adapters[call.adapter].allocate_adapter_channel(call.device, call.registers, control);
         }},
        {"map_transfer",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             const dma::MappedBlock block = run.adapters[call.adapter].map_transfer(
                 &mdl, run.bases[call.allocation], mdl.virtual_address + call.offset, bytes_of(call, mdl),
                 call.direction);
             run.mapped.clear();
             if (block.bytes == 0) {
                 return Status::InvalidParameter;
             }
             run.mapped.push_back({block.logical, block.bytes});
             return Status::Success;
         }},
        {"flush_adapter_buffers",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             const bool flushed = run.adapters[call.adapter].flush_adapter_buffers(&mdl, run.bases[call.allocation],
                                                                                   mdl.virtual_address + call.offset,
                                                                                   bytes_of(call, mdl), call.direction);
             return flushed ? Status::Success : Status::Unsuccessful;
         }},
        {"free_adapter_channel", [](const DmaCall& call, StepRuntime&,
                                    DmaRun& run) { return run.adapters[call.adapter].free_adapter_channel(); }},
        {"free_map_registers",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             return run.adapters[call.adapter].free_map_registers(run.bases[call.allocation], call.registers);
         }},
        {"get_scatter_gather_list",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             return run.adapters[call.adapter].get_scatter_gather_list(
                 call.device, &mdl, mdl.virtual_address + call.offset, bytes_of(call, mdl),
                 [&run, name = call.allocation](const dma::ScatterGatherList& list) {
                     run.lists[name] = list;
                     run.mapped = list.elements;
                 },
                 call.direction);
         }},
        {"put_scatter_gather_list",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             return run.adapters[call.adapter].put_scatter_gather_list(run.lists[call.allocation], call.direction);
         }},
        {"allocate_common_buffer",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             const dma::CommonBuffer buffer =
                 run.adapters[call.adapter].allocate_common_buffer(call.size.value_or(0), call.cached);
             run.common[call.allocation] = buffer;
             run.buffers[call.allocation] = dma::make_contiguous_mdl(buffer.address, buffer.asked);
             return buffer ? Status::Success : Status::InsufficientResources;
         }},
        {"free_common_buffer",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             const dma::CommonBuffer& buffer = run.common[call.allocation];
             return run.adapters[call.adapter].free_common_buffer(call.size.value_or(buffer.asked), buffer.logical,
                                                                  buffer.address, call.cached);
         }},
        {"initialize_dma_transfer_context",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             return run.adapters[call.adapter].initialize_dma_transfer_context(run.contexts[call.allocation]);
         }},
        {"allocate_adapter_channel_ex",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             return run.adapters[call.adapter].allocate_adapter_channel_ex(
                 call.device, run.contexts[call.allocation], call.registers, {true}, {}, &run.bases[call.allocation]);
         }},
        {"cancel_adapter_channel",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             return run.adapters[call.adapter].cancel_adapter_channel(call.device, run.contexts[call.allocation])
                        ? Status::Success
                        : Status::Unsuccessful;
         }},
        {"map_transfer_ex",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             std::uint64_t bytes = bytes_of(call, mdl);
             return run.adapters[call.adapter].map_transfer_ex(&mdl, run.bases[call.allocation], call.offset, 0, bytes,
                                                               call.direction, dma::list_bytes(1024), &run.mapped, {});
         }},
        {"flush_adapter_buffers_ex",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             const dma::Mdl& mdl = run.buffers[call.buffer];
             return run.adapters[call.adapter].flush_adapter_buffers_ex(&mdl, run.bases[call.allocation], call.offset,
                                                                        bytes_of(call, mdl), call.direction);
         }},
        {"free_adapter_object",
         [](const DmaCall& call, StepRuntime&, DmaRun& run) {
             run.adapters[call.adapter].free_adapter_object(call.device, call.action);
             return Status::Success;
         }},
    };
    return kHandlers;
}

/// Tells of the outcome: the status, if it was asked for, and the rules.
void judge(const DmaCall& call, StepRuntime& runtime, DmaRun& run, dma::Status status) {
    const std::string what = fmt::format("{} in cycle {}", call.call, runtime.cpu().now().count());
    if (call.status) {
        runtime.check({"status of " + what, call.where, name_of(status) == *call.status, *call.status,
                       std::string(name_of(status))});
    }
    std::set<std::string> broken;
    std::string texts;
    for (const dma::DriverFinding& finding : run.checks.findings()) {
        broken.emplace(finding.rule);
        texts += (texts.empty() ? "" : "; ") + finding.text();
    }
    run.checks.clear();
    if (!broken.empty() || !call.breaks.empty()) {
        runtime.check({"rules that are broken by " + what, call.where, broken == call.breaks,
                       fmt::format("{}", fmt::join(call.breaks, ", ")), texts.empty() ? "none" : texts});
    }
}

void check_rules(const View& arguments, const DmaCall& call) {
    for (const std::string& rule : call.breaks) {
        const auto& rules = dma::driver_rules();
        if (std::none_of(rules.begin(), rules.end(), [&](const dma::DriverRule* known) { return known->id == rule; })) {
            arguments["breaks"].fail(fmt::format("there is no rule {}", in_quotes(rule)));
        }
    }
}

DmaCall read_call(const View& arguments, const StepContext& context) {
    DmaCall call;
    const auto text = [&](const char* key) { return arguments.has(key) ? arguments[key].string() : std::string(); };
    const auto number = [&](const char* key, std::uint64_t missing) {
        return arguments.has(key) ? arguments[key].number() : missing;
    };
    call.call = text("call");
    call.adapter = text("adapter");
    call.buffer = text("buffer");
    call.allocation = arguments.has("allocation") ? text("allocation") : "a";
    call.device = static_cast<std::uint32_t>(number("device", 1));
    call.address = number("address", 0);
    if (arguments.has("size")) {
        call.size = arguments["size"].number();
    }
    call.offset = number("offset", 0);
    call.direction = text("direction") == "from_device" ? dma::Direction::FromDevice : dma::Direction::ToDevice;
    call.registers = static_cast<std::uint32_t>(number("registers", 1));
    call.bounces = text("kind") == "bounce";
    call.bounce = number("bounce", 0);
    call.version = static_cast<std::uint32_t>(number("version", 1));
    call.scatter_gather = arguments.has("scatter_gather") && arguments["scatter_gather"].boolean();
    call.address_bits = static_cast<std::uint32_t>(number("address_bits", 64));
    for (const dma::AllocationAction action :
         {dma::AllocationAction::KeepObject, dma::AllocationAction::DeallocateObject}) {
        call.action = text("action") == name_of(action) ? action : call.action;
    }
    call.cached = !arguments.has("cached") || arguments["cached"].boolean();
    call.level = text("level") == "passive" ? dma::Level::Passive : dma::Level::Dispatch;
    if (call.call == "run_device") {
        call.controller_registers = registers_of(arguments, context);
    }
    call.channel = static_cast<std::uint32_t>(number("channel", 0));
    if (arguments.has("status")) {
        call.status = text("status");
    }
    if (arguments.has("breaks")) {
        for (const View& rule : arguments["breaks"].items()) {
            call.breaks.insert(rule.string());
        }
    }
    call.where = place_of_step(arguments);
    return call;
}

}  // namespace

Action compile_dma(const View& arguments, const StepContext& context) {
    const DmaCall call = read_call(arguments, context);
    check_rules(arguments, call);
    if (call.call == "platform") {
        dma::DmaConfig config = config_of(context.platform);
        config.registers = call.bounces ? dma::MapRegisterKind::Bounce : dma::MapRegisterKind::Identity;
        config.register_count = std::max<std::uint32_t>(call.registers, 1);
        config.register_base = call.bounce;
        config.common = {call.address, call.size.value_or(0)};
        const std::vector<std::string> problems = dma::validate(config);
        if (!problems.empty()) {
            arguments.fail(fmt::format("{}", fmt::join(problems, "; ")));
        }
        return [=](StepRuntime& runtime) { runtime.kept("dma") = std::make_shared<DmaRun>(runtime.cpu(), config); };
    }
    if (call.call == "buffer" && call.size.value_or(0) > kLongestBuffer) {
        arguments["size"].fail(fmt::format("a buffer has at most {} bytes", kLongestBuffer));
    }
    const Handler handler = handlers().at(call.call);
    return [=](StepRuntime& runtime) {
        DmaRun& run = run_of(runtime);
        judge(call, runtime, run, handler(call, runtime, run));
    };
}

}  // namespace dmasim::cli
