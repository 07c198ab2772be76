// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "dmasim/cpu_stub/core/native_driver.h"

#include "run.h"

namespace dmasim::cli::dma_steps {

using dma::Status;

ReportSection section_of(std::string title, const std::string& text) {
    ReportSection section;
    section.title = std::move(title);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        section.lines.push_back(line);
    }
    return section;
}

Status move(const Call& call, StepRuntime& runtime, const std::vector<dma::Element>& elements, std::uint64_t address) {
    NativeDriverConfig settings;
    settings.registers = call.controller_registers;
    settings.coherent = true;  // The caches are the matter of the routines that are tried here.
    settings.use_interrupt = false;
    NativeDriver driver(runtime.cpu(), settings);
    for (const dma::Element& element : elements) {
        const bool out = call.direction != dma::Direction::FromDevice;
        const auto bytes = static_cast<std::uint32_t>(element.bytes);
        const NativeDriver::Completion completion =
            driver.copy(call.channel, out ? address : element.logical, out ? element.logical : address, bytes);
        if (!completion.ok()) {
            return Status::Unsuccessful;
        }
        address += element.bytes;
    }
    return elements.empty() ? Status::InvalidDeviceRequest : Status::Success;
}

namespace {

/// A whole request, in as many operations as the splitting rule of the platform makes of it.
Status split_transfer(const Call& call, StepRuntime& runtime, Run& run) {
    const dma::Mdl& mdl = run.buffers[call.buffer];
    const dma::RegisterBase base = run.bases[call.allocation];
    dma::Adapter& adapter = run.adapter(call);
    const dma::AdapterState* state = run.operations.state().adapter(adapter.id());
    const bool extended = state != nullptr && state->version >= 3;
    const std::uint64_t total = bytes_of(call, mdl);
    std::uint64_t operations = 0;
    for (std::uint64_t done = 0; done < total; ++operations) {
        const std::uint64_t offset = call.offset + done;
        const std::uint64_t asked = adapter.next_operation(&mdl, offset, total - done, call.registers);
        std::uint64_t bytes = asked;
        run.value = operations;
        run.mapped.clear();
        if (asked == 0) {
            return Status::InsufficientResources;
        }
        if (extended) {
            const Status status = adapter.map_transfer_ex(&mdl, base, offset, 0, bytes, call.direction,
                                                          dma::list_bytes(call.elements), &run.mapped, {});
            if (status != Status::Success) {
                return status;
            }
        } else {
            const dma::MappedBlock block =
                adapter.map_transfer(&mdl, base, mdl.virtual_address + offset, bytes, call.direction);
            if (block.bytes == 0) {
                return Status::InvalidParameter;
            }
            run.mapped.push_back({block.logical, block.bytes});
            bytes = block.bytes;
        }
        if (const Status moved = move(call, runtime, run.mapped, call.address + done); moved != Status::Success) {
            return moved;
        }
        const bool flushed =
            extended ? adapter.flush_adapter_buffers_ex(&mdl, base, offset, bytes, call.direction) == Status::Success
                     : adapter.flush_adapter_buffers(&mdl, base, mdl.virtual_address + offset, bytes, call.direction);
        if (!flushed) {
            return Status::Unsuccessful;
        }
        // Before version 3 a driver goes on behind what it asked for (SP-04), whatever was mapped.
        done += extended ? bytes : asked;
    }
    run.value = operations;
    return Status::Success;
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
    const std::uint64_t now = runtime.cpu().now().count();
    const bool mappings = call.adapter.empty() && run.streaming != nullptr;
    runtime.add_section(mappings ? section_of(fmt::format("Mappings in cycle {}", now), run.streaming->dump())
                                 : section_of(fmt::format("Adapter {} in cycle {}", call.adapter, now),
                                              run.operations.dump(run.adapter(call))));
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
        {"run_device", [](const Call& call, StepRuntime& runtime,
                          Run& run) { return move(call, runtime, run.mapped, call.address); }},
        {"split_transfer", &split_transfer},
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
