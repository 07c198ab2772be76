// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/platform.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/register_map.h"

namespace dmasim::cli {

namespace {

TransportStyle style_of(const ControllerSpec& controller) {
    return controller.blocking ? TransportStyle::Blocking : TransportStyle::NonBlocking;
}

}  // namespace

Platform::Platform(const sc_core::sc_module_name& name, const Scenario& scenario, const ClockDomain& domain,
                   TraceSink& sink, ChannelWatch& watch, CacheActionLog* actions, VerifierMonitor* verifier)
    : sc_module(name), scenario_(scenario), domain_(domain), verifier_(verifier) {
    make(scenario, sink, watch, actions);
    bind(scenario);
    fill_memories(scenario);
}

Platform::~Platform() = default;

template <typename Initiator, typename Target>
void Platform::connect(Initiator& initiator, Target& target, const std::string& name) {
    if (!scenario_.platform.monitor) {
        initiator.bind(target);
        return;
    }
    monitors_.push_back(std::make_unique<ProtocolMonitor>((name + "_monitor").c_str()));
    initiator.bind(monitors_.back()->target_socket);
    monitors_.back()->initiator_socket.bind(target);
}

void Platform::make(const Scenario& scenario, TraceSink& sink, ChannelWatch& watch, CacheActionLog* actions) {
    const PlatformSpec& spec = scenario.platform;
    memories_.resize(spec.memories.size());
    controllers_.resize(spec.controllers.size());
    register_ports_.resize(spec.controllers.size());

    std::vector<std::function<void()>> makers;
    makers.emplace_back([&] {
        if (spec.direct) {
            return;
        }
        InterconnectOptions options;
        options.sink = &sink;
        options.source = kBusSource;
        options.lazy = spec.lazy;
        options.transactions = spec.transactions;
        bus_ = std::make_unique<Interconnect>("bus", domain_, spec.bus, options);
    });
    for (std::size_t i = 0; i < spec.memories.size(); ++i) {
        makers.emplace_back([&, i] {
            MemoryOptions options;
            options.sink = &sink;
            options.source = static_cast<std::uint16_t>(kFirstMemorySource + i);
            memories_[i] =
                std::make_unique<Memory>(spec.memories[i].name.c_str(), domain_, spec.memories[i].config, options);
        });
    }
    for (std::size_t i = 0; i < spec.controllers.size(); ++i) {
        makers.emplace_back([&, i] {
            DmaControllerConfig config;
            config.dma = spec.controllers[i].config;
            config.style = style_of(spec.controllers[i]);
            config.initiator = static_cast<std::uint16_t>(i);
            controllers_[i] = std::make_unique<DmaController>(spec.controllers[i].name.c_str(), domain_, config, &sink);
        });
        makers.emplace_back([&, i] {
            register_ports_[i] = std::make_unique<RegisterPort>((spec.controllers[i].name + "_port").c_str());
        });
    }
    block_devices_.resize(spec.block_devices.size());
    for (std::size_t i = 0; i < spec.block_devices.size(); ++i) {
        const BlockDeviceSpec& device = spec.block_devices[i];
        media_.push_back(std::make_unique<SparseStore>(device.bytes));
        for (const Contents& contents : device.contents) {
            media_.back()->write(contents.at, contents.bytes.data(), contents.bytes.size());
        }
        makers.emplace_back([&, i] {
            block_devices_[i] = std::make_unique<BlockDevice>(spec.block_devices[i].name.c_str(), domain_,
                                                              spec.block_devices[i].config, *media_[i]);
        });
    }
    streams_.resize(spec.streams.size());
    for (std::size_t i = 0; i < spec.streams.size(); ++i) {
        makers.emplace_back([&, i] {
            const StreamSpec& stream = spec.streams[i];
            streams_[i] = std::make_unique<StreamPeripheral>(stream.name.c_str(), domain_, stream.config);
            if (spec.verifier) {
                streams_[i]->set_trace(&sink, static_cast<std::uint16_t>(kFirstStreamSource + i), stream.base);
            }
            if (!stream.payload.empty()) {
                streams_[i]->supply(stream.payload);
            }
        });
    }
    make_system_dma(spec, makers);
    if (spec.cpu) {
        makers.emplace_back([&] {
            CpuOptions options;
            options.initiator = static_cast<std::uint16_t>(spec.controllers.size());
            options.trace = &sink;
            options.source = static_cast<std::uint16_t>(spec.controllers.size());
            options.actor = spec.actor;
            options.stalls = spec.stalls;
            options.action_log = actions;
            Cpu::Program program;
            if (!scenario.program.empty()) {
                program = [this](CpuContext& context) { run_program(context); };
            }
            cpu_ = std::make_unique<Cpu>("cpu", domain_, *spec.cpu, program, options);
        });
    }
    if (scenario.run.reversed) {
        std::reverse(makers.begin(), makers.end());
    }
    for (const auto& maker : makers) {
        maker();
    }

    // The agents need the ports. One for each channel that has transfers.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<const TransferSpec*>> queues;
    std::map<std::uint32_t, std::vector<CommandAgent::Command>> commands;
    for (const TransferSpec& transfer : scenario.transfers) {
        queues[{transfer.controller, transfer.channel}].push_back(&transfer);
        const auto command = [&](const std::optional<std::uint64_t>& cycle, std::uint32_t bit) {
            if (cycle) {
                commands[transfer.controller].push_back(
                    {*cycle, {native::channel_register(transfer.channel, native::reg::kControl), bit}});
            }
        };
        command(transfer.pause_at, native::control::kPause);
        command(transfer.resume_at, native::control::kResume);
        command(transfer.abort_at, native::control::kAbort);
    }
    for (const auto& [key, transfers] : queues) {
        const std::string name = fmt::format("{}_channel_{}", spec.controllers[key.first].name, key.second);
        agents_.push_back(std::make_unique<TransferAgent>(name.c_str(), domain_, *register_ports_[key.first], watch,
                                                          static_cast<std::uint16_t>(key.first), transfers));
    }
    for (const auto& [controller, list] : commands) {
        const std::string name = spec.controllers[controller].name + "_commands";
        command_agents_.push_back(
            std::make_unique<CommandAgent>(name.c_str(), domain_, *register_ports_[controller], list));
    }
}

void Platform::make_system_dma(const PlatformSpec& spec, std::vector<std::function<void()>>& makers) {
    remappers_.resize(spec.controllers.size() + 1);
    if (spec.map_registers) {
        // The table is there before those that use it.
        map_registers_ = std::make_unique<MapRegisters>("map_registers", domain_, spec.map_registers->config);
    }
    const auto remap = [&](std::size_t place, const std::string& name, std::size_t initiator) {
        makers.emplace_back([this, &spec, place, name, initiator] {
            RemapperConfig config;
            config.translate_cycles = spec.map_registers->translate_cycles;
            config.excluded = spec.map_registers->excluded;
            config.excluded_bytes = spec.map_registers->excluded_bytes;
            config.bus_bytes = spec.bus.bus_bytes();
            config.initiator = static_cast<std::uint16_t>(initiator);
            remappers_[place] =
                std::make_unique<Remapper>((name + "_remapper").c_str(), domain_, config, &map_registers_->table());
        });
    };
    for (std::size_t i = 0; i < spec.controllers.size(); ++i) {
        if (spec.controllers[i].remapped) {
            remap(i, spec.controllers[i].name, i);
        }
    }
    if (!spec.system_dma) {
        return;
    }
    const std::size_t initiator = spec.bus.initiators - 1;
    if (spec.system_dma->remapped) {
        remap(spec.controllers.size(), "system_dma", initiator);
    }
    makers.emplace_back([this, &spec, initiator] {
        PcAtDmaControllerConfig config;
        config.pc_at = spec.system_dma->config;
        config.initiator = static_cast<std::uint16_t>(initiator);
        config.bus_bytes = spec.bus.bus_bytes();
        system_dma_ = std::make_unique<PcAtDmaController>("system_dma", domain_, config);
    });
    fly_by_.resize(spec.system_dma->devices.size());
    for (std::size_t i = 0; i < fly_by_.size(); ++i) {
        makers.emplace_back([this, &spec, i] {
            const FlyBySpec& device = spec.system_dma->devices[i];
            fly_by_[i] = std::make_unique<FlyByPeripheral>(device.name.c_str(), domain_, device.config);
            fly_by_[i]->supply(device.payload);
        });
    }
}

void Platform::bind_system_dma(const PlatformSpec& spec, unsigned target) {
    if (map_registers_ != nullptr) {
        connect(bus_->initiator_sockets[target++], map_registers_->socket, "map_registers");
    }
    if (system_dma_ == nullptr) {
        return;
    }
    auto& bus_side = bus_->target_sockets[spec.bus.initiators - 1];
    if (Remapper* remapper = remappers_.back().get()) {
        connect(system_dma_->memory, remapper->master, "system_dma");
        connect(remapper->memory, bus_side, "system_dma_remapper");
    } else {
        connect(system_dma_->memory, bus_side, "system_dma");
    }
    connect(bus_->initiator_sockets[target++], system_dma_->registers, "system_dma_registers");
    const auto signal = [](std::vector<std::unique_ptr<sc_core::sc_signal<bool>>>& list,
                           const std::string& name) -> sc_core::sc_signal<bool>& {
        list.push_back(std::make_unique<sc_core::sc_signal<bool>>(name.c_str()));
        return *list.back();
    };
    system_dma_->irq.bind(signal(interrupts_, "system_dma_interrupt"));
    for (std::size_t i = 0; i < fly_by_.size(); ++i) {
        const FlyBySpec& device = spec.system_dma->devices[i];
        connect(bus_->initiator_sockets[target++], fly_by_[i]->socket, device.name);
        system_dma_->data[device.channel].bind(*fly_by_[i]);
        sc_core::sc_signal<bool>& request = signal(requests_, device.name + "_request");
        fly_by_[i]->dreq.bind(request);
        system_dma_->dreq[device.channel].bind(request);
        sc_core::sc_signal<bool>& terminal = signal(requests_, device.name + "_terminal_count");
        system_dma_->tc[device.channel].bind(terminal);
        fly_by_[i]->tc.bind(terminal);
        fly_by_[i]->irq.bind(signal(interrupts_, device.name + "_interrupt"));
    }
}

void Platform::bind(const Scenario& scenario) {
    const PlatformSpec& spec = scenario.platform;
    for (std::size_t i = 0; i < controllers_.size(); ++i) {
        if (spec.direct) {
            connect(controllers_[i]->memory, memories_.front()->socket, spec.controllers[i].name);
        } else {
            auto& bus_side = bus_->target_sockets[static_cast<unsigned>(i)];
            if (Remapper* remapper = remappers_[i].get()) {
                connect(controllers_[i]->memory, remapper->master, spec.controllers[i].name);
                connect(remapper->memory, bus_side, spec.controllers[i].name + "_remapper");
            } else {
                connect(controllers_[i]->memory, bus_side, spec.controllers[i].name);
            }
        }
        register_ports_[i]->registers.bind(controllers_[i]->registers);
        interrupts_.push_back(
            std::make_unique<sc_core::sc_signal<bool>>((spec.controllers[i].name + "_interrupt").c_str()));
        controllers_[i]->irq.bind(*interrupts_.back());
    }
    unsigned target = 0;
    for (std::size_t i = 0; i < memories_.size() && !spec.direct; ++i) {
        connect(bus_->initiator_sockets[target++], memories_[i]->socket, spec.memories[i].name);
    }
    for (std::size_t i = 0; i < controllers_.size(); ++i) {
        if (spec.controllers[i].registers) {
            connect(bus_->initiator_sockets[target++], register_ports_[i]->bus_side,
                    spec.controllers[i].name + "_registers");
        }
    }
    for (std::size_t i = 0; i < block_devices_.size(); ++i) {
        const BlockDeviceSpec& device = spec.block_devices[i];
        connect(bus_->initiator_sockets[target++], block_devices_[i]->socket, device.name);
        requests_.push_back(std::make_unique<sc_core::sc_signal<bool>>((device.name + "_request").c_str()));
        block_devices_[i]->dreq.bind(*requests_.back());
        controllers_[device.controller]->dreq[device.channel].bind(*requests_.back());
        interrupts_.push_back(std::make_unique<sc_core::sc_signal<bool>>((device.name + "_interrupt").c_str()));
        block_devices_[i]->irq.bind(*interrupts_.back());
    }
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        const StreamSpec& stream = spec.streams[i];
        connect(bus_->initiator_sockets[target++], streams_[i]->socket, stream.name);
        const auto line = [&](const char* name) -> sc_core::sc_signal<bool>& {
            requests_.push_back(std::make_unique<sc_core::sc_signal<bool>>((stream.name + name).c_str()));
            return *requests_.back();
        };
        DmaController& controller = *controllers_[stream.controller];
        sc_core::sc_signal<bool>& request = line("_request");
        streams_[i]->dreq.bind(request);
        controller.dreq[stream.channel].bind(request);
        sc_core::sc_signal<bool>& acknowledge = line("_acknowledge");
        controller.dack[stream.channel].bind(acknowledge);
        streams_[i]->dack.bind(acknowledge);
        sc_core::sc_signal<bool>& terminal_count = line("_terminal_count");
        controller.tc[stream.channel].bind(terminal_count);
        streams_[i]->tc.bind(terminal_count);
    }
    bind_system_dma(spec, target);
    if (cpu_ != nullptr) {
        connect(cpu_->memory, bus_->target_sockets[static_cast<unsigned>(controllers_.size())], "cpu");
        for (std::size_t i = 0; i < interrupts_.size(); ++i) {
            cpu_->irq[i].bind(*interrupts_[i]);
        }
        if (spec.cpu->cache.coherence != CoherenceMode::None) {
            bus_->add_cache(cpu_->snoop_port());
        }
    }
}

void Platform::fill_memories(const Scenario& scenario) {
    const std::vector<MemorySpec>& specs = scenario.platform.memories;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        for (const Contents& contents : specs[i].contents) {
            DMASIM_INVARIANT(memories_[i]->poke(contents.at, contents.bytes.data(), contents.bytes.size()));
        }
    }
    // The descriptors of agents are there from the beginning; those of the program are stored by it.
    for (const TransferSpec& transfer : scenario.transfers) {
        const Bytes chain = chain_bytes(transfer);
        for (std::size_t i = 0; i < specs.size() && !chain.empty(); ++i) {
            if (transfer.descriptors >= specs[i].base && transfer.descriptors - specs[i].base < specs[i].config.size) {
                DMASIM_INVARIANT(memories_[i]->poke(transfer.descriptors - specs[i].base, chain.data(), chain.size()));
            }
        }
    }
}

void Platform::run_program(CpuContext& context) {
    StepHardware hardware;
    if (verifier_ != nullptr) {
        hardware.notes = verifier_;
        hardware.finding = [this](const Finding& finding) { verifier_->add(finding); };
    }
    for (const auto& remapper : remappers_) {
        hardware.translators.push_back(remapper == nullptr ? nullptr : &remapper->translator());
    }
    hardware.table = map_registers_ == nullptr ? nullptr : &map_registers_->table();
    runtime_ = std::make_unique<StepRuntime>(context, scenario_.platform, std::move(hardware));
    for (const Action& step : scenario_.program) {
        step(*runtime_);
    }
}

void Platform::catch_up() {
    bus_->catch_up();
    for (const auto& controller : controllers_) {
        controller->catch_up();
    }
}

bool Platform::peek(std::uint64_t address, void* data, std::uint64_t bytes) const {
    for (std::size_t i = 0; i < memories_.size(); ++i) {
        const MemorySpec& spec = scenario_.platform.memories[i];
        if (address >= spec.base && address - spec.base < spec.config.size) {
            return memories_[i]->peek(address - spec.base, data, bytes);
        }
    }
    return false;
}

std::vector<Statistic> Platform::stream_statistics() const {
    std::vector<Statistic> result;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        const StreamPeripheralCore& core = streams_[i]->core();
        const std::string& name = scenario_.platform.streams[i].name;
        result.push_back({name + ".misuses", core.misuses(), "burst",
                          "Bursts that found too few elements in the FIFO, or too few free places."});
        result.push_back({name + ".acknowledges", core.acknowledges(), "pulse", "Pulses of DACK."});
        result.push_back({name + ".terminal_counts", core.terminal_counts(), "pulse", "Pulses of TC."});
        if (core.config().sink) {
            result.push_back({name + ".received_bytes", core.received().size(), "byte", "What the device has taken."});
        }
    }
    return result;
}

std::vector<Check> Platform::checks() const {
    return runtime_ == nullptr ? std::vector<Check>{} : runtime_->checks();
}

std::vector<ReportSection> Platform::sections() const {
    return runtime_ == nullptr ? std::vector<ReportSection>{} : runtime_->sections();
}

std::string Platform::unfinished() const {
    std::vector<std::string> parts;
    std::size_t transfers = 0;
    for (const auto& agent : agents_) {
        transfers += agent->unfinished();
    }
    if (transfers > 0) {
        parts.push_back(fmt::format("{} transfers", transfers));
    }
    if (!scenario_.program.empty() && !cpu_->finished()) {
        parts.emplace_back("the program");
    }
    return fmt::format("{}", fmt::join(parts, " and "));
}

}  // namespace dmasim::cli
