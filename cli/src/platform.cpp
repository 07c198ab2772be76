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
                   TraceSink& sink, ChannelWatch& watch, CacheActionLog* actions, DriverNotes* notes)
    : sc_module(name), scenario_(scenario), domain_(domain), notes_(notes) {
    make(scenario, sink, watch, actions);
    bind(scenario);
    fill_memories(scenario);
}

Platform::~Platform() = default;

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

void Platform::bind(const Scenario& scenario) {
    const PlatformSpec& spec = scenario.platform;
    for (std::size_t i = 0; i < controllers_.size(); ++i) {
        if (spec.direct) {
            connect(controllers_[i]->memory, memories_.front()->socket, spec.controllers[i].name);
        } else {
            connect(controllers_[i]->memory, bus_->target_sockets[static_cast<unsigned>(i)], spec.controllers[i].name);
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
    runtime_ = std::make_unique<StepRuntime>(context, scenario_.platform, notes_);
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
