// SPDX-License-Identifier: Apache-2.0
#include "reference/system.h"

#include <array>
#include <map>
#include <memory>

#include "dmasim/model/frontend/native/register_map.h"

#include "reference/bus.h"
#include "reference/controller.h"
#include "reference/memory.h"

namespace dmasim::reference {

namespace {

/// Offers its bursts one after the other, each direction for itself.
class ClockedTraffic {
  public:
    ClockedTraffic(unsigned port, const std::vector<TrafficBurst>& bursts) : port_(port) {
        for (std::size_t k = 0; k < bursts.size(); ++k) {
            lists_[bursts[k].access == Access::Read ? 0 : 1].push_back({bursts[k], k, nullptr});
        }
    }

    /// What it offers at `edge`.
    std::vector<TransactionPtr> evaluate(Edge edge) {
        std::vector<TransactionPtr> offers;
        for (std::size_t direction = 0; direction < 2; ++direction) {
            auto& list = lists_[direction];
            std::size_t& next = next_[direction];
            if (next == list.size() || list[next].burst.at > edge) {
                continue;
            }
            if (next > 0 && !(list[next - 1].transaction->handed_over < edge)) {
                continue;
            }
            const TrafficBurst& burst = list[next].burst;
            auto transaction = std::make_shared<Transaction>();
            transaction->access = burst.access;
            transaction->purpose = Purpose::Uncached;
            transaction->address = burst.address;
            transaction->bytes = burst.bytes;
            transaction->fixed_bytes = burst.fixed_bytes;
            transaction->data.assign(burst.bytes, 0);
            if (burst.access == Access::Write) {
                for (std::uint32_t k = 0; k < burst.bytes; ++k) {
                    transaction->data[k] = traffic_byte(burst.pattern, k);
                }
            }
            list[next].transaction = transaction;
            offers.push_back(transaction);
            ++next;
        }
        return offers;
    }

    void take_answer(const TransactionPtr& transaction, Log& log) const {
        for (const auto& list : lists_) {
            for (const Item& item : list) {
                if (item.transaction == transaction) {
                    const bool data = transaction->access == Access::Read && transaction->response == Response::Ok;
                    log.add(transaction->delivered_at, Log::Kind::TrafficAnswer, port_, item.number,
                            static_cast<std::uint64_t>(transaction->response),
                            data ? hash_bytes(transaction->data.data(), transaction->data.size()) : 0);
                }
            }
        }
    }

  private:
    struct Item {
        TrafficBurst burst;
        std::size_t number;
        TransactionPtr transaction;
    };
    unsigned port_;
    std::array<std::vector<Item>, 2> lists_;
    std::array<std::size_t, 2> next_{};
};

}  // namespace

std::uint8_t pattern_byte(std::uint64_t seed, std::uint64_t memory, std::uint64_t offset) {
    std::uint64_t x = seed * 0x9E37'79B9'7F4A'7C15U + memory * 0xD1B5'4A32'D192'ED03U + (offset / 8 + 1);
    x = (x ^ x >> 30) * 0xBF58'476D'1CE4'E5B9U;
    x = (x ^ x >> 27) * 0x94D0'49BB'1331'11EBU;
    x ^= x >> 31;
    return static_cast<std::uint8_t>(x >> (8 * (offset % 8)));
}

std::uint8_t traffic_byte(std::uint32_t pattern, std::uint32_t k) {
    return static_cast<std::uint8_t>(pattern * 31 + k * 7 + (pattern >> 8));
}

bool locate(const Scenario& scenario, std::uint64_t address, std::size_t& memory, std::uint64_t& offset) {
    for (const AddressRange& range : scenario.bus.map) {
        if (address >= range.base && address - range.base < range.size) {
            memory = range.target;
            offset = address - range.base + range.target_offset;
            return true;
        }
    }
    return false;
}

std::vector<std::uint32_t> registers_to_compare(const Scenario& scenario) {
    std::vector<std::uint32_t> offsets;
    for (const auto& spec : native::kGlobalRegisters) {
        offsets.push_back(spec.offset);
    }
    for (std::uint32_t channel = 0; channel < scenario.dma.channels; ++channel) {
        for (const auto& spec : native::kChannelRegisters) {
            offsets.push_back(native::channel_register(channel, spec.offset));
        }
    }
    return offsets;
}

Log run_reference(const Scenario& scenario, Mutation mutation) {
    Log log;
    const Report report = [&log](const TraceEvent& event) { log.add(event); };

    std::vector<std::unique_ptr<ClockedMemory>> memories;
    std::vector<std::uint32_t> write_intervals;
    for (std::size_t number = 0; number < scenario.memories.size(); ++number) {
        memories.push_back(std::make_unique<ClockedMemory>(
            scenario.memories[number], kFirstMemorySource + static_cast<unsigned>(number), report, mutation));
        write_intervals.push_back(memories.back()->write_interval());
        for (std::uint64_t offset = 0; offset < scenario.memories[number].size; ++offset) {
            memories.back()->poke(offset, pattern_byte(scenario.seed, number, offset));
        }
    }
    for (const MemoryImage& image : scenario.images) {
        for (std::size_t k = 0; k < image.bytes.size(); ++k) {
            std::size_t memory = 0;
            std::uint64_t offset = 0;
            if (locate(scenario, image.address + k, memory, offset)) {
                memories[memory]->poke(offset, image.bytes[k]);
            }
        }
    }
    ClockedBus bus(scenario.bus, write_intervals, kBusSource, report, mutation);
    ClockedController controller(scenario.dma, kControllerSource, report, mutation);
    std::vector<ClockedTraffic> traffic;
    for (std::size_t number = 0; number < scenario.traffic.size(); ++number) {
        traffic.emplace_back(static_cast<unsigned>(number + 1), scenario.traffic[number]);
    }

    bool interrupt = false;
    struct Lines {
        bool interrupt = false;
        bool dack = false;
        bool tc = false;
    };
    std::vector<Lines> lines(scenario.dma.channels);
    std::size_t next_action = 0;
    for (Edge edge = 0; edge < scenario.limit; ++edge) {
        // Observers at stamp `edge` see the state that this edge finds.
        std::size_t first_input = next_action;
        while (next_action < scenario.actions.size() && scenario.actions[next_action].at == edge) {
            ++next_action;
        }
        for (std::size_t k = first_input; k < next_action; ++k) {
            const Action& action = scenario.actions[k];
            if (action.kind == Action::Kind::Read) {
                std::uint32_t value = 0;
                const Response response = controller.read_register(action.offset, value, edge);
                log.add(edge, Log::Kind::Poll, action.offset, static_cast<std::uint64_t>(response), value);
            } else if (action.kind == Action::Kind::Peek) {
                std::vector<std::uint8_t> bytes;
                for (std::uint32_t b = 0; b < action.value; ++b) {
                    std::size_t memory = 0;
                    std::uint64_t offset = 0;
                    if (locate(scenario, action.address + b, memory, offset)) {
                        bytes.push_back(memories[memory]->peek(offset));
                    }
                }
                log.add(edge, Log::Kind::Peek, action.address, hash_bytes(bytes.data(), bytes.size()));
            }
        }

        // All blocks compute on what they knew before this edge ...
        controller.account(edge);
        controller.act(edge);
        bus.evaluate(edge);
        for (auto& memory : memories) {
            memory->evaluate(edge);
        }
        std::vector<std::vector<TransactionPtr>> traffic_offers;
        traffic_offers.reserve(traffic.size());
        for (ClockedTraffic& master : traffic) {
            traffic_offers.push_back(master.evaluate(edge));
        }

        // ... and then everything that was handed over arrives.
        for (const TransactionPtr& transaction : bus.take_forwarded()) {
            memories[static_cast<std::size_t>(transaction->target)]->take_request(transaction);
        }
        for (auto& memory : memories) {
            memory->take_answers();
        }
        for (const TransactionPtr& transaction : controller.take_offers()) {
            bus.offer(0, transaction);
        }
        for (std::size_t number = 0; number < traffic.size(); ++number) {
            for (const TransactionPtr& transaction : traffic_offers[number]) {
                bus.offer(static_cast<unsigned>(number + 1), transaction);
            }
        }
        bus.accept(edge);
        for (const TransactionPtr& transaction : bus.take_delivered()) {
            if (transaction->port == 0) {
                controller.take_answer(transaction);
            } else {
                traffic[transaction->port - 1].take_answer(transaction, log);
            }
        }

        // Outputs change with stamp edge + 1.
        if (controller.interrupt_level() != interrupt) {
            interrupt = controller.interrupt_level();
            log.add(edge + 1, Log::Kind::Interrupt, interrupt ? 1 : 0);
        }
        for (unsigned channel = 0; channel < scenario.dma.channels; ++channel) {
            const Lines now{controller.interrupt_level(channel), controller.dack(channel), controller.tc(channel)};
            if (now.interrupt != lines[channel].interrupt) {
                log.add(edge + 1, Log::Kind::ChannelInterrupt, channel, now.interrupt ? 1 : 0);
            }
            if (now.dack != lines[channel].dack) {
                log.add(edge + 1, Log::Kind::Dack, channel, now.dack ? 1 : 0);
            }
            if (now.tc != lines[channel].tc) {
                log.add(edge + 1, Log::Kind::Tc, channel, now.tc ? 1 : 0);
            }
            lines[channel] = now;
        }

        // Inputs with this stamp, for the next edge.
        for (std::size_t k = first_input; k < next_action; ++k) {
            const Action& action = scenario.actions[k];
            if (action.kind == Action::Kind::Write) {
                controller.write_register(action.offset, action.value, edge);
            } else if (action.kind == Action::Kind::Dreq) {
                controller.set_dreq(action.offset, action.value != 0, edge);
            }
        }
    }

    for (const std::uint32_t offset : registers_to_compare(scenario)) {
        std::uint32_t value = 0;
        controller.read_register(offset, value, scenario.limit);
        log.add(scenario.limit, Log::Kind::FinalRegister, offset, value);
    }
    for (std::size_t number = 0; number < memories.size(); ++number) {
        std::vector<std::uint8_t> bytes;
        for (std::uint64_t offset = 0; offset < scenario.memories[number].size; ++offset) {
            bytes.push_back(memories[number]->peek(offset));
        }
        log.add(scenario.limit, Log::Kind::FinalMemory, number, hash_bytes(bytes.data(), bytes.size()));
    }
    for (unsigned channel = 0; channel < scenario.dma.channels; ++channel) {
        for (unsigned cause = 0; cause < kCycleCauses; ++cause) {
            log.add(scenario.limit - 1, Log::Kind::Account, channel, cause, controller.cycles_of(channel)[cause]);
        }
    }
    log.cut(scenario.limit);
    return log;
}

}  // namespace dmasim::reference
