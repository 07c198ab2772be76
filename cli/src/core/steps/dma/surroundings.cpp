// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include <fmt/format.h>

#include "dmasim/cpu_stub/core/native_driver.h"

#include "run.h"

namespace dmasim::cli::dma_steps {

namespace {

using dma::Status;

/// Lets a controller move the mapped elements, one register job each.
Status run_device(const Call& call, StepRuntime& runtime, Run& run) {
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
            return Status::Unsuccessful;
        }
        address += element.bytes;
    }
    return run.mapped.empty() ? Status::InvalidDeviceRequest : Status::Success;
}

Status buffer(const Call& call, StepRuntime&, Run& run) {
    constexpr std::uint64_t kPage = 4096;
    const std::uint64_t bytes = call.size.value_or(0);
    dma::Mdl mdl = dma::make_contiguous_mdl(call.address, bytes);
    if (!call.pages.empty()) {
        mdl = dma::make_mdl(call.address, bytes, call.pages);
        if (dma::span_pages(call.address, bytes, kPage) > call.pages.size()) {
            return Status::InvalidParameter;
        }
    }
    mdl.locked = call.locked;
    if (!call.next.empty()) {
        mdl.next = &run.buffers[call.next];
    }
    run.buffers[call.buffer] = mdl;
    return Status::Success;
}

Status start_device(const Call& call, StepRuntime& runtime, Run&) {
    runtime.cpu().write_register(call.device_base + fly_by_reg::kStatus, ~std::uint32_t{0});
    runtime.cpu().write_register(call.device_base + fly_by_reg::kCount,
                                 static_cast<std::uint32_t>(call.size.value_or(0)));
    runtime.cpu().write_register(call.device_base + fly_by_reg::kControl,
                                 fly_by_control::kStart | fly_by_control::kInterrupt |
                                     (call.until_terminal ? fly_by_control::kUntilTerminal : 0));
    return Status::Success;
}

Status wait_device(const Call& call, StepRuntime& runtime, Run& run) {
    CpuContext& cpu = runtime.cpu();
    cpu.wait_for_interrupt(call.device_line);
    const std::uint32_t status = cpu.read_register(call.device_base + fly_by_reg::kStatus);
    cpu.write_register(call.device_base + fly_by_reg::kStatus, fly_by_status::kDone);
    run.value = cpu.read_register(call.device_base + fly_by_reg::kMoved);
    return (status & fly_by_status::kUnderrun) == 0 ? Status::Success : Status::Unsuccessful;
}

Status wait_completion(const Call&, StepRuntime& runtime, Run& run) {
    runtime.cpu().wait_until([&run] { return run.completed.has_value(); });
    switch (*run.completed) {
        case dma::CompletionStatus::Complete:
            return Status::Success;
        case dma::CompletionStatus::Cancelled:
            return Status::Cancelled;
        default:
            return Status::Unsuccessful;
    }
}

Status dump(const Call& call, StepRuntime& runtime, Run& run) {
    ReportSection section;
    section.title = fmt::format("Adapter {} in cycle {}", call.adapter, runtime.cpu().now().count());
    std::istringstream text(run.operations.dump(run.adapter(call)));
    for (std::string line; std::getline(text, line);) {
        section.lines.push_back(line);
    }
    runtime.add_section(std::move(section));
    return Status::Success;
}

Status attach(const Call& call, StepRuntime& runtime, Run& run) {
    AddressTranslator* translator = runtime.hardware().translators.at(call.controller);
    if (translator == nullptr) {
        return Status::NotSupported;
    }
    if (run.known_devices.insert(call.device).second) {
        run.remapping.add_device(call.device, *translator);
    }
    return run.remapping.attach(call.device, run.domains[call.domain]);
}

}  // namespace

const Handlers& surroundings() {
    static const Handlers kHandlers{
        {"buffer", &buffer},
        {"run_device", &run_device},
        {"start_device", &start_device},
        {"wait_device", &wait_device},
        {"wait_completion", &wait_completion},
        {"dump", &dump},
        {"set_level",
         [](const Call& call, StepRuntime&, Run& run) {
             run.operations.set_level(call.level);
             return Status::Success;
         }},
        {"service",
         [](const Call&, StepRuntime&, Run& run) {
             run.operations.service();
             return Status::Success;
         }},
        {"unload",
         [](const Call& call, StepRuntime&, Run& run) {
             run.operations.driver_unload(call.device);
             return Status::Success;
         }},
        {"device_requests",
         [](const Call& call, StepRuntime&, Run& run) {
             run.operations.device_requests(call.device, call.channel);
             return Status::Success;
         }},
        {"create_domain",
         [](const Call& call, StepRuntime& runtime, Run& run) {
             std::uint32_t& domain = run.domains[call.domain];
             domain = run.remapping.create_domain(call.domain_type);
             // A domain that its owner keeps has the registers of the platform for a table.
             const TranslationTable* table = runtime.hardware().table;
             return call.domain_type == dma::DomainType::Unmanaged && table != nullptr
                        ? run.remapping.configure_domain(domain, *table)
                        : Status::Success;
         }},
        {"delete_domain", [](const Call& call, StepRuntime&,
                             Run& run) { return run.remapping.delete_domain(run.domains[call.domain]); }},
        {"attach_domain", &attach},
        {"detach_domain", [](const Call& call, StepRuntime&, Run& run) { return run.remapping.detach(call.device); }},
        {"switch_domain", [](const Call& call, StepRuntime&,
                             Run& run) { return run.remapping.switch_domain(call.device, run.domains[call.domain]); }},
        {"map_range",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.remapping.map_range(run.domains[call.domain], call.address, call.physical,
                                            call.size.value_or(0), call.permissions);
         }},
        {"unmap_range",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.remapping.unmap_range(run.domains[call.domain], call.address, call.size.value_or(0));
         }},
        {"reserve_range",
         [](const Call& call, StepRuntime&, Run& run) {
             return run.remapping.reserve_range(run.domains[call.domain], call.address, call.size.value_or(0),
                                                call.identity);
         }},
    };
    return kHandlers;
}

}  // namespace dmasim::cli::dma_steps
