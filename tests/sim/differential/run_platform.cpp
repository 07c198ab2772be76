// SPDX-License-Identifier: Apache-2.0
#include "run_platform.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/model/stats/cycle_accountant.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"
#include "dmasim/tlm/dma_controller.h"
#include "dmasim/tlm/master_socket_adapter.h"
#include "dmasim/tlm/protocol_monitor.h"
#include "dmasim/tlm/response.h"

#include "reference/product_traffic.h"
#include "reference/system.h"
#include "support/word_access.h"

namespace dmasim::test {

namespace {

using reference::Action;
using reference::Edge;
using reference::Log;
using reference::Scenario;

class Recorder final : public TraceSink {
  public:
    Recorder(Log& log, Edge limit, unsigned channels) : log_(log), limit_(limit), accountant_(channels) {}

    void event(const TraceEvent& event) override {
        const bool late_cause = event.kind == EventKind::CauseChanged && event.at.count() + 1 >= limit_;
        if (event.source == reference::kControllerSource && !late_cause) {
            accountant_.event(event);
        }
        log_.add(event);
    }

    [[nodiscard]] const CycleAccountant& accountant() const { return accountant_; }

  private:
    Log& log_;
    Edge limit_;
    CycleAccountant accountant_;
};

/// Evaluates a block some delta cycles later than at the beginning of its time.
class Late final : public sc_core::sc_module, public Clocked {
  public:
    Late(const sc_core::sc_module_name& name, Clocked& block, std::uint64_t seed)
        : sc_module(name), block_(block), dice_(seed), event_("event") {
        SC_HAS_PROCESS(Late);
        SC_METHOD(step);
        dont_initialize();
        sensitive << event_;
    }
    void drive(ClockedProcess& process) { process_ = &process; }

    [[nodiscard]] Cycles next_edge() const override { return deltas_ != 0 ? kNever : block_.next_edge(); }
    void evaluate(Cycles edge) override {
        dice_ = dice_ * 6364136223846793005U + 1442695040888963407U;
        deltas_ = static_cast<unsigned>((dice_ >> 33) % 4);
        if (deltas_ == 0) {
            block_.evaluate(edge);
            return;
        }
        edge_ = edge;
        event_.notify(sc_core::SC_ZERO_TIME);
    }

  private:
    void step() {
        if (--deltas_ != 0) {
            event_.notify(sc_core::SC_ZERO_TIME);
            return;
        }
        // As every module does that gives its block an input.
        process_->arrive();
        if (block_.next_edge() <= edge_) {
            block_.evaluate(edge_);
        }
        process_->wake();
    }

    Clocked& block_;
    std::uint64_t dice_;
    sc_core::sc_event event_;
    ClockedProcess* process_ = nullptr;
    unsigned deltas_ = 0;
    Cycles edge_;
};

/// The traffic master as a module.
class TrafficModule final : public sc_core::sc_module {
  public:
    tlm::tlm_initiator_socket<> socket{"socket"};

    TrafficModule(const sc_core::sc_module_name& name, const ClockDomain& domain, unsigned port,
                  const std::vector<reference::TrafficBurst>& bursts, std::uint32_t bus_bytes, Log& log,
                  std::uint64_t late_seed)
        : sc_module(name),
          core_(port, bursts, log),
          late_("late", core_, late_seed),
          process_("process", domain, late_seed != 0 ? static_cast<Clocked&>(late_) : core_),
          adapter_("adapter", socket, process_, core_, options(port, bus_bytes)) {
        core_.bind(adapter_);
        late_.drive(process_);
    }

  private:
    static MasterSocketOptions options(unsigned port, std::uint32_t bus_bytes) {
        MasterSocketOptions result;
        result.may_join = true;
        result.initiator = static_cast<std::uint16_t>(port);
        result.bus_bytes = bus_bytes;
        return result;
    }

    reference::ProductTraffic core_;
    Late late_;
    ClockedProcess process_;
    MasterSocketAdapter adapter_;
};

/// Programming agent, peripheral and observer: makes the actions at their stamps, and writes down what the pins do.
class Agent final : public sc_core::sc_module {
  public:
    tlm_utils::simple_initiator_socket<Agent> registers{"registers"};
    sc_core::sc_signal<bool> irq{"irq"};
    sc_core::sc_vector<sc_core::sc_signal<bool>> channel_irq;
    sc_core::sc_vector<sc_core::sc_signal<bool>> dreq;
    sc_core::sc_vector<sc_core::sc_signal<bool>> dack;
    sc_core::sc_vector<sc_core::sc_signal<bool>> tc;

    Agent(const sc_core::sc_module_name& name, const ClockDomain& domain, const Scenario& scenario, Log& log,
          std::uint64_t late_seed)
        : sc_module(name),
          channel_irq("channel_irq", scenario.dma.channels),
          dreq("dreq", scenario.dma.channels),
          dack("dack", scenario.dma.channels),
          tc("tc", scenario.dma.channels),
          domain_(domain),
          scenario_(scenario),
          log_(log),
          lines_(scenario.dma.channels),
          dice_(late_seed) {
        SC_HAS_PROCESS(Agent);
        SC_THREAD(run);
        SC_METHOD(look);
        dont_initialize();
        sensitive << irq;
        for (unsigned channel = 0; channel < scenario.dma.channels; ++channel) {
            sensitive << channel_irq[channel] << dack[channel] << tc[channel];
        }
    }

    void observe(const std::vector<std::unique_ptr<Memory>>& memories) { memories_ = &memories; }
    [[nodiscard]] bool finished() const { return finished_; }

  private:
    struct Lines {
        bool interrupt = false;
        bool dack = false;
        bool tc = false;
    };

    [[nodiscard]] Edge now() const { return domain_.stamp_of(sc_core::sc_time_stamp()).count(); }

    Response access(tlm::tlm_command command, std::uint32_t offset, std::uint32_t& value) {
        const tlm::tlm_response_status status = test::access_word(registers, command, offset, value);
        return status == tlm::TLM_OK_RESPONSE ? Response::Ok : Response::AddressError;
    }

    void run() {
        while (!finished_) {
            for (std::uint64_t deltas = roll(4); deltas != 0; --deltas) {
                wait(sc_core::SC_ZERO_TIME);
            }
            act(now());
            if (!finished_) {
                const Edge then = next_ < scenario_.actions.size() ? scenario_.actions[next_].at : scenario_.limit;
                wait(domain_.time_until(Cycles{then}, sc_core::sc_time_stamp()));
            }
        }
    }

    // 0 without a seed.
    std::uint64_t roll(std::uint64_t sides) {
        if (dice_ == 0) {
            return 0;
        }
        dice_ = dice_ * 6364136223846793005U + 1442695040888963407U;
        return (dice_ >> 33) % sides;
    }

    void act(Edge edge) {
        std::size_t behind = next_;
        while (behind < scenario_.actions.size() && scenario_.actions[behind].at == edge) {
            ++behind;
        }
        for (std::size_t k = next_; k < behind; ++k) {
            const Action& action = scenario_.actions[k];
            if (action.kind == Action::Kind::Read) {
                std::uint32_t value = 0;
                const Response response = access(tlm::TLM_READ_COMMAND, action.offset, value);
                log_.add(edge, Log::Kind::Poll, action.offset, static_cast<std::uint64_t>(response), value);
            } else if (action.kind == Action::Kind::Peek) {
                peek(action);
            }
        }
        for (; next_ < behind; ++next_) {
            const Action& action = scenario_.actions[next_];
            if (action.kind == Action::Kind::Write) {
                std::uint32_t value = action.value;
                access(tlm::TLM_WRITE_COMMAND, action.offset, value);
            } else if (action.kind == Action::Kind::Dreq) {
                dreq[action.offset].write(action.value != 0);
            }
        }
        if (edge == scenario_.limit) {
            finish();
        }
    }

    void peek(const Action& action) {
        std::vector<std::uint8_t> bytes;
        for (std::uint32_t b = 0; b < action.value; ++b) {
            std::size_t number = 0;
            std::uint64_t offset = 0;
            if (reference::locate(scenario_, action.address + b, number, offset)) {
                std::uint8_t byte = 0;
                (*memories_)[number]->peek(offset, &byte, 1);
                bytes.push_back(byte);
            }
        }
        log_.add(action.at, Log::Kind::Peek, action.address, reference::hash_bytes(bytes.data(), bytes.size()));
    }

    void finish() {
        for (const std::uint32_t offset : reference::registers_to_compare(scenario_)) {
            std::uint32_t value = 0;
            access(tlm::TLM_READ_COMMAND, offset, value);
            log_.add(scenario_.limit, Log::Kind::FinalRegister, offset, value);
        }
        for (std::size_t number = 0; number < memories_->size(); ++number) {
            std::vector<std::uint8_t> bytes(scenario_.memories[number].size);
            (*memories_)[number]->peek(0, bytes.data(), bytes.size());
            log_.add(scenario_.limit, Log::Kind::FinalMemory, number,
                     reference::hash_bytes(bytes.data(), bytes.size()));
        }
        finished_ = true;
    }

    void look() {
        const Edge edge = now();
        if (irq.read() != interrupt_) {
            interrupt_ = irq.read();
            log_.add(edge, Log::Kind::Interrupt, interrupt_ ? 1 : 0);
        }
        for (unsigned channel = 0; channel < lines_.size(); ++channel) {
            const Lines level{channel_irq[channel].read(), dack[channel].read(), tc[channel].read()};
            if (level.interrupt != lines_[channel].interrupt) {
                log_.add(edge, Log::Kind::ChannelInterrupt, channel, level.interrupt ? 1 : 0);
            }
            if (level.dack != lines_[channel].dack) {
                log_.add(edge, Log::Kind::Dack, channel, level.dack ? 1 : 0);
            }
            if (level.tc != lines_[channel].tc) {
                log_.add(edge, Log::Kind::Tc, channel, level.tc ? 1 : 0);
            }
            lines_[channel] = level;
        }
    }

    ClockDomain domain_;
    const Scenario& scenario_;
    Log& log_;
    const std::vector<std::unique_ptr<Memory>>* memories_ = nullptr;
    std::size_t next_ = 0;
    bool finished_ = false;
    bool interrupt_ = false;
    std::vector<Lines> lines_;
    std::uint64_t dice_;
};

}  // namespace

Scenario with_room_in_queues(Scenario scenario) {
    scenario.bus.queue_depth = 128;
    return scenario;
}

PlatformResult run_platform(const Scenario& scenario, std::uint64_t order_seed, const PlatformVariant& variant) {
    std::uint64_t dice = order_seed + 1;
    const auto roll = [&dice](std::uint64_t sides) {
        dice = dice * 6364136223846793005U + 1442695040888963407U;
        return (dice >> 33) % sides;
    };
    // 0: no jitter.
    const auto late_seed = [&] { return variant.jitter ? roll(1U << 30) + 1 : 0; };
    PlatformResult result;
    Log& log = result.log;
    Recorder recorder(log, scenario.limit, scenario.dma.channels);
    TraceSink* const sink = variant.traced ? &recorder : nullptr;
    const ClockDomain domain(10, sc_core::SC_NS);
    const auto ports = static_cast<unsigned>(scenario.traffic.size() + 1);

    std::unique_ptr<DmaController> dma;
    std::unique_ptr<Interconnect> bus;
    std::vector<std::unique_ptr<Memory>> memories(scenario.memories.size());
    std::vector<std::unique_ptr<TrafficModule>> traffic(scenario.traffic.size());
    std::unique_ptr<Agent> agent;

    std::vector<std::uint64_t> traffic_late(traffic.size());
    for (std::uint64_t& seed : traffic_late) {
        // Some of them join an island as they are.
        seed = roll(2) == 1 ? late_seed() : 0;
    }
    const std::uint64_t agent_late = late_seed();

    std::vector<std::function<void()>> builders;
    builders.emplace_back([&] {
        DmaControllerConfig config;
        config.dma = scenario.dma;
        dma = std::make_unique<DmaController>("dma", domain, config, sink);
    });
    builders.emplace_back([&] {
        InterconnectOptions options;
        options.sink = sink;
        options.source = reference::kBusSource;
        options.lazy = variant.driver == BusDriver::Lazy;
        options.transactions = variant.driver == BusDriver::Transactions;
        bus = std::make_unique<Interconnect>("bus", domain, scenario.bus, options);
    });
    for (std::size_t number = 0; number < memories.size(); ++number) {
        builders.emplace_back([&, number] {
            MemoryOptions options;
            options.sink = sink;
            options.source = static_cast<std::uint16_t>(reference::kFirstMemorySource + number);
            memories[number] = std::make_unique<Memory>(("memory" + std::to_string(number)).c_str(), domain,
                                                        scenario.memories[number], options);
        });
    }
    for (std::size_t number = 0; number < traffic.size(); ++number) {
        builders.emplace_back([&, number] {
            traffic[number] = std::make_unique<TrafficModule>(
                ("traffic" + std::to_string(number)).c_str(), domain, static_cast<unsigned>(number + 1),
                scenario.traffic[number], scenario.bus.bus_bytes(), log, traffic_late[number]);
        });
    }
    builders.emplace_back([&] { agent = std::make_unique<Agent>("agent", domain, scenario, log, agent_late); });
    if (order_seed % 2 == 1) {
        std::reverse(builders.begin(), builders.end());
    }
    for (const auto& build : builders) {
        build();
    }

    std::vector<std::unique_ptr<ProtocolMonitor>> monitors;
    // What is behind a monitor stays outside of an island.
    const auto connect = [&](auto& initiator, auto& target) {
        if (variant.outsiders == Outsiders::None || (variant.outsiders == Outsiders::Some && roll(3) != 0)) {
            initiator.bind(target);
            return;
        }
        monitors.push_back(std::make_unique<ProtocolMonitor>(("monitor" + std::to_string(monitors.size())).c_str()));
        initiator.bind(monitors.back()->target_socket);
        monitors.back()->initiator_socket.bind(target);
    };
    connect(dma->memory, bus->target_sockets[0]);
    for (unsigned port = 1; port < ports; ++port) {
        connect(traffic[port - 1]->socket, bus->target_sockets[port]);
    }
    for (std::size_t number = 0; number < memories.size(); ++number) {
        connect(bus->initiator_sockets[number], memories[number]->socket);
        std::vector<std::uint8_t> bytes(scenario.memories[number].size);
        for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
            bytes[offset] = reference::pattern_byte(scenario.seed, number, offset);
        }
        memories[number]->poke(0, bytes.data(), bytes.size());
    }
    for (const reference::MemoryImage& image : scenario.images) {
        for (std::size_t k = 0; k < image.bytes.size(); ++k) {
            std::size_t number = 0;
            std::uint64_t offset = 0;
            if (reference::locate(scenario, image.address + k, number, offset)) {
                memories[number]->poke(offset, &image.bytes[k], 1);
            }
        }
    }
    connect(agent->registers, dma->registers);
    agent->observe(memories);
    dma->irq.bind(agent->irq);
    for (unsigned channel = 0; channel < scenario.dma.channels; ++channel) {
        dma->channel_irq[channel].bind(agent->channel_irq[channel]);
        dma->dreq[channel].bind(agent->dreq[channel]);
        dma->dack[channel].bind(agent->dack[channel]);
        dma->tc[channel].bind(agent->tc[channel]);
    }

    // Time runs in pieces, most of which end between two edges.
    const std::uint64_t period = domain.period().value();
    const std::uint64_t end = scenario.limit * period + period / 2;
    while (sc_core::sc_time_stamp().value() < end) {
        const std::uint64_t piece = 1 + roll(200 * period);
        sc_core::sc_start(
            sc_core::sc_time::from_value(std::min<std::uint64_t>(piece, end - sc_core::sc_time_stamp().value())));
    }
    bus->catch_up();
    dma->catch_up();
    const std::array<bool, 4> joined{dma->in_island(), memories.front()->in_island(), bus->has_master(0),
                                     bus->has_memory(0)};
    const bool may_join = variant.driver != BusDriver::Transactions;
    if (variant.outsiders == Outsiders::None && joined != std::array<bool, 4>{may_join, may_join, may_join, may_join}) {
        throw std::logic_error("the controller and its memory have not joined, or should not have");
    }
    if (!agent->finished()) {
        throw std::logic_error("the agent did not come to its end");
    }
    for (unsigned channel = 0; variant.traced && channel < scenario.dma.channels; ++channel) {
        const CycleAccount account = recorder.accountant().account(channel, Cycles{scenario.limit - 1});
        for (unsigned cause = 0; cause < kCycleCauses; ++cause) {
            log.add(scenario.limit - 1, Log::Kind::Account, channel, cause, account[cause]);
        }
    }
    log.cut(scenario.limit);
    result.leaped_cycles = bus->leaped_cycles();
    return result;
}

}  // namespace dmasim::test
