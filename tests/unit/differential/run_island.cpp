// SPDX-License-Identifier: Apache-2.0
#include "run_island.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "dmasim/bus/core/lazy_island.h"
#include "dmasim/model/engine.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/model/stats/cycle_accountant.h"

#include "reference/product_traffic.h"
#include "reference/system.h"
#include "support/core/dice.h"

namespace dmasim::test {

namespace {

using reference::Action;
using reference::Log;

/// Writes down events and outputs. An output that comes when its time has passed is seen late.
class Recorder final : public TraceSink, public DmaOutputs {
  public:
    Recorder(Log& log, unsigned channels) : log_(log), accountant_(channels) {}

    Cycles now{0};

    void event(const TraceEvent& event) override {
        if (event.source == reference::kControllerSource) {
            accountant_.event(event);
        }
        log_.add(event);
    }
    void interrupt(bool level, Cycles at) override { log_.add(seen(at), Log::Kind::Interrupt, level ? 1 : 0); }
    void channel_interrupt(unsigned channel, bool level, Cycles at) override {
        log_.add(seen(at), Log::Kind::ChannelInterrupt, channel, level ? 1 : 0);
    }
    void dack(unsigned channel, bool level, Cycles at) override {
        log_.add(seen(at), Log::Kind::Dack, channel, level ? 1 : 0);
    }
    void tc(unsigned channel, bool level, Cycles at) override {
        log_.add(seen(at), Log::Kind::Tc, channel, level ? 1 : 0);
    }

    [[nodiscard]] const CycleAccountant& accountant() const { return accountant_; }

  private:
    [[nodiscard]] std::uint64_t seen(Cycles at) const { return std::max(at, now).count(); }

    Log& log_;
    CycleAccountant accountant_;
};

/// The engine needs its port before there is one.
class LatePort final : public BurstPort {
  public:
    void bind(BurstPort& port) { port_ = &port; }
    void request(const Burst& burst, Cycles at) override { port_->request(burst, at); }

  private:
    BurstPort* port_ = nullptr;
};

class Controller final : public IslandMaster {
  public:
    explicit Controller(DmaEngine& engine) : engine_(engine) {}
    [[nodiscard]] Clocked& island_core() override { return engine_; }
    [[nodiscard]] BurstMaster& island_answers() override { return engine_; }
    [[nodiscard]] CadenceMaster* island_cadence() override { return &engine_; }
    [[nodiscard]] Cycles next_visible(const IslandReach& reach, Cycles from, Cycles any) const override {
        return engine_.next_visible(reach, from, any);
    }

  private:
    DmaEngine& engine_;
};

}  // namespace

IslandResult run_island(const reference::Scenario& scenario, std::uint64_t seed, const IslandRun& run) {
    IslandResult result;
    Log& log = result.log;
    Dice dice(seed);
    const Cycles limit{scenario.limit};
    Recorder recorder(log, scenario.dma.channels);
    TraceSink* const sink = run.trace ? &recorder : nullptr;

    BusCore bus(scenario.bus);
    bus.set_trace(sink, reference::kBusSource);
    LazyIsland island(bus);
    island.allow_leaps(run.leaps);
    if (run.in_step) {
        island.stay_in_step();
    }
    std::vector<std::unique_ptr<MemoryCore>> memories;
    for (std::uint32_t number = 0; number < scenario.memories.size(); ++number) {
        memories.push_back(std::make_unique<MemoryCore>(scenario.memories[number]));
        memories.back()->set_trace(sink, static_cast<std::uint16_t>(reference::kFirstMemorySource + number));
        std::vector<std::uint8_t> bytes(scenario.memories[number].size);
        for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
            bytes[offset] = reference::pattern_byte(scenario.seed, number, offset);
        }
        memories.back()->poke(0, bytes.data(), bytes.size(), Cycles{0});
    }
    for (const reference::MemoryImage& image : scenario.images) {
        for (std::size_t k = 0; k < image.bytes.size(); ++k) {
            std::size_t number = 0;
            std::uint64_t offset = 0;
            if (reference::locate(scenario, image.address + k, number, offset)) {
                memories[number]->poke(offset, &image.bytes[k], 1, Cycles{0});
            }
        }
    }

    LatePort port;
    DmaEngine engine(scenario.dma, port, recorder, sink, reference::kControllerSource);
    Controller controller(engine);
    std::vector<std::unique_ptr<reference::ProductTraffic>> traffic;
    std::vector<std::function<void()>> joins;
    joins.emplace_back([&] { port.bind(island.add_master(0, controller)); });
    for (std::uint32_t number = 0; number < memories.size(); ++number) {
        joins.emplace_back([&, number] { island.add_memory(number, *memories[number]); });
    }
    for (std::size_t number = 0; number < scenario.traffic.size(); ++number) {
        traffic.push_back(std::make_unique<reference::ProductTraffic>(static_cast<unsigned>(number + 1),
                                                                      scenario.traffic[number], log));
        joins.emplace_back([&, number] {
            traffic[number]->bind(
                island.add_master(static_cast<std::uint32_t>(number + 1), *traffic[number], *traffic[number]));
        });
    }
    for (std::size_t k = joins.size(); k > 1; --k) {
        std::swap(joins[k - 1], joins[dice.roll(k)]);
    }
    for (const auto& join : joins) {
        join();
    }

    const auto look = [&](const Action& action) {
        if (action.kind == Action::Kind::Read) {
            std::uint32_t value = 0;
            const Response response = engine.read_register(action.offset, value, Cycles{action.at});
            log.add(action.at, Log::Kind::Poll, action.offset, static_cast<std::uint64_t>(response), value);
        } else if (action.kind == Action::Kind::Peek) {
            std::vector<std::uint8_t> bytes;
            for (std::uint32_t b = 0; b < action.value; ++b) {
                std::size_t number = 0;
                std::uint64_t offset = 0;
                if (reference::locate(scenario, action.address + b, number, offset)) {
                    std::uint8_t byte = 0;
                    if (run.mutant == IslandMutant::WholeBurstsOnly) {
                        memories[number]->storage().read(offset, &byte, 1);
                    } else {
                        const std::uint64_t early = run.mutant == IslandMutant::EdgeOfThePresent ? 1 : 0;
                        memories[number]->peek(offset, &byte, 1, Cycles{action.at + early});
                    }
                    bytes.push_back(byte);
                }
            }
            log.add(action.at, Log::Kind::Peek, action.address, reference::hash_bytes(bytes.data(), bytes.size()));
        }
    };
    const auto change = [&](const Action& action, Cycles at) {
        if (action.kind == Action::Kind::Write) {
            engine.write_register(action.offset, action.value, at);
            island.touched();
        } else if (action.kind == Action::Kind::Dreq) {
            engine.set_dreq(action.offset, action.value != 0, at);
            island.touched();
        }
    };

    // To the end of the time before `then`, waking up for what can be seen.
    const auto wait_for = [&](Cycles then) {
        if (run.in_step) {
            for (Cycles edge = island.next_edge(); edge < then;) {
                ++result.wake_ups;
                recorder.now = edge;
                edge = island.evaluate(edge);
            }
            recorder.now = then;
            return;
        }
        const std::uint64_t late = run.mutant == IslandMutant::BoundTooLate ? 3 : 0;
        for (Cycles edge = island.next_visible(); edge != kNever && edge + late < then; edge = island.next_visible()) {
            ++result.wake_ups;
            recorder.now = edge + late;
            island.proceed_to(edge + late + 1);
        }
        recorder.now = then;
    };
    for (std::size_t first = 0; first < scenario.actions.size();) {
        const Cycles at{scenario.actions[first].at};
        std::size_t behind = first;
        while (behind < scenario.actions.size() && scenario.actions[behind].at == at.count()) {
            ++behind;
        }
        // What can be seen at the edge of that time may come before who looks.
        const bool edge_first = dice.roll(3) == 0;
        wait_for(edge_first ? at + 1 : at);
        const bool at_once = run.mutant == IslandMutant::InputsAtOnce && at > Cycles{0};
        if (run.mutant == IslandMutant::LooksAtRest) {
            island.proceed_to(at);
            for (std::size_t k = first; k < behind; ++k) {
                look(scenario.actions[k]);
            }
        }
        island.advance_to(at_once ? at - 1 : at);
        if (at_once) {
            for (std::size_t k = first; k < behind; ++k) {
                change(scenario.actions[k], at - 1);
            }
            island.advance_to(at);
        }
        if (run.mutant == IslandMutant::EdgeOfThePresent) {
            island.advance_to(at + 1);
        }
        for (std::size_t k = first; k < behind && run.mutant != IslandMutant::LooksAtRest; ++k) {
            look(scenario.actions[k]);
        }
        if (dice.roll(2) == 1) {
            // What can be seen at the edge of that time may come first, or after the inputs.
            wait_for(at + 1);
            island.advance_to(at + 1);
        }
        if (!at_once) {
            std::vector<std::size_t> order;
            for (std::size_t k = first; k < behind; ++k) {
                order.push_back(k);
            }
            if (run.mutant == IslandMutant::OrderOfArrival) {
                for (std::size_t k = order.size(); k > 1; --k) {
                    std::swap(order[k - 1], order[dice.roll(k)]);
                }
            }
            for (const std::size_t k : order) {
                change(scenario.actions[k], at);
            }
        }
        first = behind;
    }
    wait_for(dice.roll(2) == 0 ? limit + 1 : limit);
    island.advance_to(limit);

    for (const std::uint32_t offset : reference::registers_to_compare(scenario)) {
        std::uint32_t value = 0;
        engine.read_register(offset, value, limit);
        log.add(scenario.limit, Log::Kind::FinalRegister, offset, value);
    }
    for (std::uint32_t number = 0; number < memories.size(); ++number) {
        std::vector<std::uint8_t> bytes(scenario.memories[number].size);
        memories[number]->peek(0, bytes.data(), bytes.size(), limit);
        log.add(scenario.limit, Log::Kind::FinalMemory, number, reference::hash_bytes(bytes.data(), bytes.size()));
    }
    if (run.trace) {
        for (unsigned channel = 0; channel < scenario.dma.channels; ++channel) {
            const CycleAccount account = recorder.accountant().account(channel, limit - 1);
            for (unsigned cause = 0; cause < kCycleCauses; ++cause) {
                log.add(scenario.limit - 1, Log::Kind::Account, channel, cause, account[cause]);
            }
        }
    }
    log.cut(scenario.limit);
    result.leaped_cycles = island.leaped_cycles();
    result.visits = island.visits();
    for (const auto& master : traffic) {
        result.spoilt_buffers += master->spoilt_buffers();
    }
    return result;
}

}  // namespace dmasim::test
