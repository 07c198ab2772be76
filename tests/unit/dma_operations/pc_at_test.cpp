// SPDX-License-Identifier: Apache-2.0
//
// Two 8237A as in a PC/AT against an independent reference, on random programs; and faults of the reference, each of which
// the comparison has to find.
#include "reference/pc_at.h"

#include <map>
#include <random>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/model/frontend/pc_at/pc_at_dma.h"

namespace dmasim {
namespace {

using reference::PcAtAccess;
using reference::PcAtCase;
using reference::PcAtMutation;
using reference::PcAtOutcome;
using reference::PcAtProgram;

/// A memory that answers in the next cycle and keeps a list of its accesses, and the devices on the channels.
class Bench final : private BurstPort, private FlyByDevice {
  public:
    explicit Bench(const PcAtCase& program) : program_(program), dma_(PcAtConfig{}, *this, *this) {
        // The ports of a PC/AT, by number, as its manual has them.
        constexpr std::uint32_t kPagePort[8] = {0x87, 0x83, 0x81, 0x82, 0x8F, 0x8B, 0x89, 0x8A};
        out(0xD6, 0xC0);                             // Mode of channel 4: cascade.
        out(0xD4, program.link_open ? 0x00 : 0x04);  // Its mask.
        for (std::uint32_t channel = 0; channel < 8; ++channel) {
            if (!program.channels[channel]) {
                continue;
            }
            const PcAtProgram& own = *program.channels[channel];
            const bool master = channel >= 4;
            const std::uint32_t number = channel % 4;
            const auto port = [&](std::uint32_t slave) { return master ? 0xC0 + 2 * slave : slave; };
            out(port(0xC), 0);  // Flip-flop.
            out(port(0xB), number | (own.to_device ? 0x08U : 0x04U) | (own.auto_initialise ? 0x10U : 0U) |
                               (own.decrement ? 0x20U : 0U) | (own.block ? 0x80U : 0x40U));
            out(port(2 * number), own.address & 0xFF);
            out(port(2 * number), own.address >> 8);
            out(kPagePort[channel], own.page);
            out(port(2 * number + 1), own.count & 0xFF);
            out(port(2 * number + 1), own.count >> 8);
            out(port(0xA), number | (own.masked ? 4U : 0U));
            wanted_[channel] = own.units;
        }
    }

    void run() {
        for (unsigned channel = 0; channel < 8; ++channel) {
            dma_.set_dreq(channel, wanted_[channel] > 0, Cycles{10});
        }
        for (unsigned edges = 0; dma_.next_edge() != kNever; ++edges) {
            ASSERT_LT(edges, 100'000U) << "it never comes to rest";
            dma_.evaluate(dma_.next_edge());
        }
    }

    [[nodiscard]] PcAtOutcome outcome(unsigned channel) const {
        PcAtOutcome result;
        const auto found = accesses_.find(channel);
        result.accesses = found == accesses_.end() ? std::vector<PcAtAccess>{} : found->second;
        result.terminal_counts = terminal_counts_[channel];
        const I8237Registers& registers = (channel < 4 ? dma_.slave() : dma_.master()).registers();
        result.address = registers.channels[channel % 4].address;
        result.count = registers.channels[channel % 4].count;
        result.masked = (registers.mask >> channel % 4 & 1) != 0;
        return result;
    }

  private:
    void out(std::uint32_t port, std::uint32_t value) {
        EXPECT_TRUE(dma_.write(port, static_cast<std::uint8_t>(value), Cycles{0}));
    }
    void request(const Burst& burst, Cycles at) override {
        PcAtAccess access;
        access.address = static_cast<std::uint32_t>(burst.address);
        access.bytes = burst.bytes;
        access.write = burst.access == Access::Write;
        for (std::uint32_t byte = 0; byte < burst.bytes; ++byte) {
            if (!access.write) {
                burst.data[byte] = reference::pc_at_memory(access.address + byte);
            }
            access.data = static_cast<std::uint16_t>(access.data | burst.data[byte] << 8 * byte);
        }
        accesses_[burst.channel].push_back(access);
        dma_.accepted(burst.tag, at);
        if (access.write) {
            dma_.write_response(burst.tag, at + 1, Response::Ok);
        } else {
            dma_.read_data(burst.tag, at + 1, 1, Response::Ok);
        }
    }
    void moved(unsigned channel, Cycles at) {
        ++units_[channel];
        wanted_[channel] -= wanted_[channel] > 0 ? 1 : 0;
        const bool in_block = program_.channels[channel]->block && acknowledged_.count(channel) != 0;
        dma_.set_dreq(channel, wanted_[channel] > 0 && !in_block, at);
    }
    std::uint16_t give(unsigned channel, Cycles at) override {
        const std::uint16_t value = reference::pc_at_device(channel, units_[channel]);
        moved(channel, at);
        return value;
    }
    void take(unsigned channel, std::uint16_t value, Cycles at) override {
        const PcAtAccess& last = accesses_[channel].back();
        EXPECT_EQ(value, last.data) << "channel " << channel;
        moved(channel, at);
    }
    void acknowledge(unsigned channel, bool level, Cycles at) override {
        if (level) {
            acknowledged_.insert(channel);
            // The last one is asked for no more; a block goes on by itself.
            dma_.set_dreq(channel, wanted_[channel] > 1 && !program_.channels[channel]->block, at);
        } else {
            acknowledged_.erase(channel);
            dma_.set_dreq(channel, wanted_[channel] > 0, at);
        }
        EXPECT_LE(acknowledged_.size(), 1U) << "two channels are acknowledged";
    }
    void terminal_count(unsigned channel, bool level, Cycles /*at*/) override {
        terminal_counts_[channel] += level ? 1 : 0;
    }

    PcAtCase program_;
    PcAtDma dma_;
    std::map<unsigned, std::vector<PcAtAccess>> accesses_;
    std::array<std::uint32_t, 8> wanted_{};
    std::array<std::uint32_t, 8> units_{};
    std::array<std::uint32_t, 8> terminal_counts_{};
    std::set<unsigned> acknowledged_;
};

PcAtCase random_case(std::mt19937& random) {
    const auto pick = [&](std::uint32_t most) { return static_cast<std::uint32_t>(random() % (most + 1)); };
    PcAtCase program;
    program.link_open = pick(7) != 0;
    for (unsigned channel = 0; channel < 8; ++channel) {
        if (channel == 4 || pick(2) == 0) {
            continue;
        }
        PcAtProgram own;
        own.page = static_cast<std::uint8_t>(pick(3) == 0 ? 0xFE + pick(1) : pick(255));
        // Often near the ends of a block, where counters wrap.
        own.address = static_cast<std::uint16_t>(pick(2) == 0   ? 0xFFF0 + pick(15)
                                                 : pick(1) == 0 ? pick(15)
                                                                : pick(0xFFFF));
        own.count = static_cast<std::uint16_t>(pick(24));
        own.to_device = pick(1) == 0;
        own.auto_initialise = pick(2) == 0;
        own.decrement = pick(3) == 0;
        own.masked = pick(9) == 0;
        own.block = pick(5) == 0;
        own.units = pick(3) == 0 ? pick(80) : pick(own.count + 1U);
        program.channels[channel] = own;
    }
    return program;
}

unsigned cases() {
    return std::getenv("DMASIM_NIGHTLY") != nullptr ? 20'000 : 400;
}

TEST(PcAt, MovesWhatTheReferenceMoves) {
    const unsigned seed = std::random_device{}();
    std::mt19937 random(seed);
    for (unsigned number = 0; number < cases() && !testing::Test::HasFailure(); ++number) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", case " + std::to_string(number));
        const PcAtCase program = random_case(random);
        Bench bench(program);
        bench.run();
        for (unsigned channel = 0; channel < 8; ++channel) {
            if (program.channels[channel]) {
                const PcAtOutcome wanted = reference::pc_at_outcome(program, channel);
                const PcAtOutcome found = bench.outcome(channel);
                EXPECT_TRUE(wanted == found)
                    << "channel " << channel << ": " << found.accesses.size() << " accesses of "
                    << wanted.accesses.size() << ", TC " << found.terminal_counts << " of " << wanted.terminal_counts
                    << ", address " << found.address << " of " << wanted.address << ", count " << found.count << " of "
                    << wanted.count << ", masked " << found.masked << " of " << wanted.masked;
            }
        }
    }
}

TEST(PcAt, EveryFaultIsFound) {
    std::mt19937 random(1);
    std::set<unsigned> alive;
    for (unsigned mutation = 1; mutation < reference::kPcAtMutations; ++mutation) {
        alive.insert(mutation);
    }
    for (unsigned number = 0; number < 300 && !alive.empty(); ++number) {
        const PcAtCase program = random_case(random);
        Bench bench(program);
        bench.run();
        for (unsigned channel = 0; channel < 8; ++channel) {
            if (!program.channels[channel]) {
                continue;
            }
            const PcAtOutcome found = bench.outcome(channel);
            ASSERT_TRUE(reference::pc_at_outcome(program, channel) == found);
            for (auto mutation = alive.begin(); mutation != alive.end();) {
                const bool same = reference::pc_at_outcome(program, channel, PcAtMutation(*mutation)) == found;
                mutation = same ? std::next(mutation) : alive.erase(mutation);
            }
        }
    }
    EXPECT_THAT(alive, testing::IsEmpty());
}

// Ports that a PC/AT does not have, and those that are there.
TEST(PcAt, Ports) {
    PcAtCase program;
    for (unsigned channel = 0; channel < 8; ++channel) {
        if (channel != 4) {
            program.channels[channel] = PcAtProgram{};
            program.channels[channel]->page = static_cast<std::uint8_t>(channel * 16 + 1);
            program.channels[channel]->units = 1;
        }
    }
    Bench all(program);
    all.run();
    for (const unsigned channel : {0U, 1U, 2U, 3U, 5U, 6U, 7U}) {
        const std::uint32_t page = channel * 16 + 1;
        ASSERT_EQ(all.outcome(channel).accesses.size(), 1U) << channel;
        EXPECT_EQ(all.outcome(channel).accesses.front().address, (channel < 4 ? page : page & 0xFE) << 16) << channel;
    }
}

}  // namespace
}  // namespace dmasim
