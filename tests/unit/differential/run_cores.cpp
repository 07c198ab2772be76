// SPDX-License-Identifier: Apache-2.0
#include "run_cores.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "dmasim/bus/core/island.h"
#include "dmasim/model/engine.h"
#include "dmasim/model/stats/cycle_accountant.h"

#include "reference/product_traffic.h"
#include "reference/system.h"

namespace dmasim::test {

namespace {

using reference::Action;
using reference::Log;

/// Writes down everything the product reports; events beyond the end of the run are left out, the reference has not
/// come to them.
class Recorder final : public TraceSink, public DmaOutputs {
  public:
    Recorder(Log& log, Cycles limit, unsigned channels) : log_(log), limit_(limit), accountant_(channels) {}

    void event(const TraceEvent& event) override {
        if (event.source == reference::kControllerSource) {
            accountant_.event(event);
        }
        log_.add(event);
    }
    void interrupt(bool level, Cycles at) override { log_.add(at.count(), Log::Kind::Interrupt, level ? 1 : 0); }
    void channel_interrupt(unsigned channel, bool level, Cycles at) override {
        log_.add(at.count(), Log::Kind::ChannelInterrupt, channel, level ? 1 : 0);
    }
    void dack(unsigned channel, bool level, Cycles at) override {
        log_.add(at.count(), Log::Kind::Dack, channel, level ? 1 : 0);
    }
    void tc(unsigned channel, bool level, Cycles at) override {
        log_.add(at.count(), Log::Kind::Tc, channel, level ? 1 : 0);
    }

    const CycleAccountant& accountant() const { return accountant_; }

  private:
    Log& log_;
    Cycles limit_;
    CycleAccountant accountant_;
};

}  // namespace

Log run_cores(const reference::Scenario& scenario, std::uint64_t order_seed) {
    Log log;
    const Cycles limit{scenario.limit};
    Recorder recorder(log, limit, scenario.dma.channels);

    CoreSystem system(scenario.bus, scenario.memories);
    system.bus().set_trace(&recorder, reference::kBusSource);
    for (std::uint32_t number = 0; number < scenario.memories.size(); ++number) {
        MemoryCore& memory = system.memory(number);
        memory.set_trace(&recorder, static_cast<std::uint16_t>(reference::kFirstMemorySource + number));
        std::vector<std::uint8_t> bytes(scenario.memories[number].size);
        for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
            bytes[offset] = reference::pattern_byte(scenario.seed, number, offset);
        }
        memory.poke(0, bytes.data(), bytes.size(), Cycles{0});
    }
    for (const reference::MemoryImage& image : scenario.images) {
        for (std::size_t k = 0; k < image.bytes.size(); ++k) {
            std::size_t number = 0;
            std::uint64_t offset = 0;
            if (reference::locate(scenario, image.address + k, number, offset)) {
                system.memory(static_cast<std::uint32_t>(number)).poke(offset, &image.bytes[k], 1, Cycles{0});
            }
        }
    }

    DmaEngine engine(scenario.dma, system.bus().initiator_port(0), recorder, &recorder, reference::kControllerSource);
    system.connect(0, engine);
    system.add(engine);
    std::vector<std::unique_ptr<reference::ProductTraffic>> traffic;
    for (std::size_t number = 0; number < scenario.traffic.size(); ++number) {
        const auto port = static_cast<unsigned>(number + 1);
        traffic.push_back(std::make_unique<reference::ProductTraffic>(port, scenario.traffic[number], log));
        traffic.back()->bind(system.connect(port, *traffic.back()));
        system.add(*traffic.back());
    }
    std::vector<std::size_t> order(2 + scenario.memories.size() + traffic.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::uint64_t dice = order_seed;
    const auto roll = [&dice](std::uint64_t sides) {
        dice = dice * 6364136223846793005U + 1442695040888963407U;
        return (dice >> 33) % sides;
    };
    for (std::size_t k = order.size(); k > 1; --k) {
        std::swap(order[k - 1], order[roll(k)]);
    }
    system.set_order(order);

    const auto observe = [&](const Action& action) {
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
                    system.memory(static_cast<std::uint32_t>(number)).peek(offset, &byte, 1, Cycles{action.at});
                    bytes.push_back(byte);
                }
            }
            log.add(action.at, Log::Kind::Peek, action.address, reference::hash_bytes(bytes.data(), bytes.size()));
        }
    };
    const auto change = [&](const Action& action) {
        if (action.kind == Action::Kind::Write) {
            engine.write_register(action.offset, action.value, Cycles{action.at});
        } else if (action.kind == Action::Kind::Dreq) {
            engine.set_dreq(action.offset, action.value != 0, Cycles{action.at});
        }
    };
    for (std::size_t first = 0; first < scenario.actions.size();) {
        const Cycles at{scenario.actions[first].at};
        std::size_t behind = first;
        while (behind < scenario.actions.size() && scenario.actions[behind].at == at.count()) {
            ++behind;
        }
        system.advance_to(at);
        const bool late = roll(2) == 1;
        for (std::size_t k = first; k < behind; ++k) {
            observe(scenario.actions[k]);
        }
        if (late) {
            system.advance_to(at + 1);
        }
        for (std::size_t k = first; k < behind; ++k) {
            change(scenario.actions[k]);
        }
        first = behind;
    }
    system.advance_to(limit);

    for (const std::uint32_t offset : reference::registers_to_compare(scenario)) {
        std::uint32_t value = 0;
        engine.read_register(offset, value, limit);
        log.add(scenario.limit, Log::Kind::FinalRegister, offset, value);
    }
    for (std::uint32_t number = 0; number < scenario.memories.size(); ++number) {
        std::vector<std::uint8_t> bytes(scenario.memories[number].size);
        system.memory(number).peek(0, bytes.data(), bytes.size(), limit);
        log.add(scenario.limit, Log::Kind::FinalMemory, number, reference::hash_bytes(bytes.data(), bytes.size()));
    }
    for (unsigned channel = 0; channel < scenario.dma.channels; ++channel) {
        const CycleAccount account = recorder.accountant().account(channel, limit - 1);
        for (unsigned cause = 0; cause < kCycleCauses; ++cause) {
            log.add(scenario.limit - 1, Log::Kind::Account, channel, cause, account[cause]);
        }
    }
    log.cut(scenario.limit);
    return log;
}

}  // namespace dmasim::test
