// SPDX-License-Identifier: Apache-2.0
// The core against the naive reference that is written from docs/i8237.md, on random programs, lines and parameters.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/model/frontend/i8237/core.h"

#include "reference/i8237/i8237_reference.h"

namespace dmasim {
namespace {

using reference::I8237Mutation;

constexpr std::uint64_t kEdges = 500;

struct Item {
    enum Kind { kWrite, kRead, kLine, kReset } kind = kWrite;
    std::uint64_t stamp = 0;
    unsigned a = 0;  ///< Offset, or line.
    unsigned b = 0;  ///< Value, or level.
};

struct Scenario {
    I8237Timing timing;
    std::vector<Item> items;  ///< In the order of their stamps.
    bool hlda_follows =
        true;  ///< HLDA follows HRQ, rising after `hlda_delay` clocks; otherwise it is a line of the script.
    std::uint64_t hlda_delay = 0;
    unsigned peripherals = 0;  ///< Bit n: DREQ of channel n falls with DACK, and rises `gap` clocks later.
    std::uint64_t gap = 1;
    bool dreq_active_low = false;
};

std::uint8_t data_at(std::uint64_t edge) {
    return static_cast<std::uint8_t>(edge * 37 + 11);
}

/// What a run shows.
struct Log {
    std::vector<I8237Pins> pins = std::vector<I8237Pins>(kEdges);
    std::vector<unsigned> reads;
    std::vector<unsigned> registers;
    std::uint64_t evaluations = 0;
};

bool same(const Log& a, const Log& b) {
    return a.pins == b.pins && a.reads == b.reads && a.registers == b.registers;
}

std::string describe(const I8237Pins& p) {
    std::string text(name_of(p.state));
    text += " ch" + std::to_string(p.channel);
    const std::array<std::pair<const char*, bool>, 8> flags{{{"HRQ", p.hrq},
                                                             {"TC", p.tc},
                                                             {"AEN", p.aen},
                                                             {"ADSTB", p.adstb},
                                                             {"IOR", p.ior},
                                                             {"IOW", p.iow},
                                                             {"MEMR", p.memr},
                                                             {"MEMW", p.memw}}};
    for (const auto& [name, on] : flags) {
        text += on ? std::string(" ") + name : "";
    }
    return text + " dack " + std::to_string(p.dack) + "/" + std::to_string(p.dack_levels) + " address " +
           std::to_string(p.address) + " data " + std::to_string(p.data) + (p.drives_data ? " driven" : "");
}

std::string difference(const Log& core, const Log& expected) {
    for (std::size_t edge = 0; edge < kEdges; ++edge) {
        if (core.pins[edge] != expected.pins[edge]) {
            return "stamp " + std::to_string(edge) + "\n  core      " + describe(core.pins[edge]) + "\n  reference " +
                   describe(expected.pins[edge]);
        }
    }
    return core.reads != expected.reads ? "a read differs" : "a register differs in the end";
}

/// What is connected: reacts to pins the same way on both sides.
class Owner {
  public:
    explicit Owner(const Scenario& scenario) : scenario_(scenario) {}

    template <typename Set>
    void react(const I8237Pins& now, std::uint64_t at, const Set& set) {
        if (scenario_.hlda_follows && now.hrq != before_.hrq) {
            set(reference::I8237::kHlda, now.hrq, now.hrq ? at + scenario_.hlda_delay : at);
        }
        for (unsigned channel = 0; channel < 4; ++channel) {
            const unsigned bit = 1U << channel;
            if ((scenario_.peripherals & bit) != 0 && (now.dack & bit) != 0 && (before_.dack & bit) == 0) {
                const auto line = static_cast<reference::I8237::Signal>(channel);
                set(line, scenario_.dreq_active_low, at);
                set(line, !scenario_.dreq_active_low, at + scenario_.gap);
            }
        }
        before_ = now;
    }

  private:
    const Scenario& scenario_;
    I8237Pins before_;
};

class CoreRun final : public I8237Bus {
  public:
    CoreRun(const Scenario& scenario, std::uint64_t order_seed)
        : scenario_(scenario), owner_(scenario), core_(scenario.timing, *this), random_(order_seed) {}

    Log run() {
        auto next = scenario_.items.begin();
        for (std::uint64_t edge = 0; edge < kEdges; ++edge) {
            auto end = next;
            while (end != scenario_.items.end() && end->stamp == edge) {
                ++end;
            }
            // Any cut: what is stamped with the edge may come before or after it is evaluated.
            const auto cut = next + std::uniform_int_distribution<std::ptrdiff_t>(0, end - next)(random_);
            std::for_each(next, cut, [this](const Item& item) { apply(item); });
            if (core_.next_edge() <= Cycles{edge}) {
                EXPECT_EQ(core_.next_edge(), Cycles{edge}) << "an edge was named that has passed";
                core_.evaluate(Cycles{edge});
                ++log_.evaluations;
            }
            std::for_each(cut, end, [this](const Item& item) { apply(item); });
            next = end;
            log_.pins[edge] = shown_;
        }
        const I8237Registers& registers = core_.registers();
        for (const I8237Registers::Channel& channel : registers.channels) {
            log_.registers.insert(log_.registers.end(), {channel.base_address, channel.base_count, channel.address,
                                                         channel.count, channel.mode});
        }
        log_.registers.insert(log_.registers.end(),
                              {registers.command, registers.request, registers.mask, registers.terminal_count,
                               registers.temporary, registers.high_byte ? 1U : 0U});
        return log_;
    }

    void pins(const I8237Pins& now, Cycles at) override {
        EXPECT_NE(now, shown_) << "nothing has changed";
        shown_ = now;
        owner_.react(now, at.count(),
                     [this](unsigned line, bool level, std::uint64_t stamp) { set(line, level, stamp); });
    }
    std::uint8_t data(Cycles at) override { return data_at(at.count()); }

  private:
    void apply(const Item& item) {
        switch (item.kind) {
            case Item::kWrite:
                core_.write(item.a, static_cast<std::uint8_t>(item.b), Cycles{item.stamp});
                break;
            case Item::kRead:
                log_.reads.push_back(core_.read(item.a, Cycles{item.stamp}));
                break;
            case Item::kLine:
                set(item.a, item.b != 0, item.stamp);
                break;
            case Item::kReset:
                core_.reset(Cycles{item.stamp});
                break;
        }
    }

    void set(unsigned line, bool level, std::uint64_t stamp) {
        if (line < kI8237Channels) {
            core_.set_dreq(line, level, Cycles{stamp});
        } else if (line == reference::I8237::kHlda) {
            core_.set_hlda(level, Cycles{stamp});
        } else if (line == reference::I8237::kReady) {
            core_.set_ready(level, Cycles{stamp});
        } else {
            core_.set_eop(level, Cycles{stamp});
        }
    }

    const Scenario& scenario_;
    Owner owner_;
    I8237Core core_;
    std::mt19937_64 random_;
    I8237Pins shown_;
    Log log_;
};

Log run_reference(const Scenario& scenario, I8237Mutation mutation) {
    reference::I8237 chip(scenario.timing, mutation);
    Owner owner(scenario);
    Log log;
    auto next = scenario.items.begin();
    for (std::uint64_t edge = 0; edge < kEdges; ++edge) {
        chip.begin(edge);
        for (; next != scenario.items.end() && next->stamp == edge; ++next) {
            switch (next->kind) {
                case Item::kWrite:
                    chip.write(next->a, next->b);
                    break;
                case Item::kRead:
                    log.reads.push_back(chip.read(next->a));
                    break;
                case Item::kLine:
                    chip.set(static_cast<reference::I8237::Signal>(next->a), next->b != 0, edge);
                    break;
                case Item::kReset:
                    chip.reset();
                    break;
            }
        }
        log.pins[edge] = chip.finish([edge] { return data_at(edge); });
        owner.react(log.pins[edge], edge, [&chip](reference::I8237::Signal line, bool level, std::uint64_t stamp) {
            chip.set(line, level, stamp);
        });
    }
    for (unsigned channel = 0; channel < 4; ++channel) {
        for (const char* name : {"base address", "base count", "address", "count"}) {
            log.registers.push_back(chip.word(name, channel));
        }
        log.registers.push_back(chip.byte("mode" + std::to_string(channel)));
    }
    for (const char* name : {"command", "request", "mask", "tc", "temporary", "ff"}) {
        log.registers.push_back(chip.byte(name));
    }
    return log;
}

class Generator {
  public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    Scenario scenario() {
        Scenario s;
        s.timing.dreq_sample = in(1, 3);
        s.timing.hlda_sample = in(1, 2);
        s.timing.ready_sample = in(1, 2);
        s.timing.eop_sample = in(1, 2);
        s.timing.always_wait = one_in(2) ? 0 : in(1, 2);
        s.timing.ready_in_compressed = in(0, 1);
        s.timing.ready_in_verify = in(0, 1);
        s.timing.high_address_skip = in(0, 2);
        s.hlda_follows = !one_in(8);
        s.hlda_delay = one_in(2) ? 0 : in(1, 6);
        s.peripherals = one_in(2) ? in(0, 15) : 0;
        s.gap = in(1, 12);

        const unsigned command = (one_in(3) ? 1 : 0) | (one_in(3) ? 2 : 0) | (one_in(3) ? 8 : 0) |
                                 (one_in(2) ? 0x10 : 0) | (one_in(2) ? 0x20 : 0) | (one_in(4) ? 0x40 : 0) |
                                 (one_in(3) ? 0x80 : 0);
        s.dreq_active_low = (command & 0x40) != 0;
        program(s, command);
        lines(s);
        if (one_in(2)) {
            software(s);
        }
        if (one_in(3)) {
            s.items.push_back({Item::kReset, in(50, 400), 0, 0});
        }
        std::stable_sort(s.items.begin(), s.items.end(),
                         [](const Item& a, const Item& b) { return a.stamp < b.stamp; });
        return s;
    }

  private:
    unsigned in(unsigned least, unsigned most) { return std::uniform_int_distribution<unsigned>(least, most)(random_); }
    bool one_in(unsigned n) { return in(1, n) == 1; }

    unsigned address() { return one_in(3) ? in(0, 0xFFFF) : (in(0, 0xFF) * 256 + 0x10000 + in(0, 12) - 6) & 0xFFFF; }
    unsigned mode(unsigned channel) {
        const unsigned kind = one_in(8) ? 3 : in(0, 2);
        const unsigned transfer = one_in(4) ? in(0, 3) : in(1, 2);
        return kind << 6 | (one_in(3) ? 0x20 : 0) | (one_in(3) ? 0x10 : 0) | transfer << 2 | channel;
    }

    void program(Scenario& s, unsigned command) {
        s.items.push_back({Item::kWrite, 0, 0x8, command});
        for (unsigned channel = 0; channel < 4; ++channel) {
            const unsigned start = address();
            const unsigned count = one_in(6) ? in(0, 300) : in(0, 20);
            for (const auto& [offset, word] : {std::pair{2 * channel, start}, std::pair{2 * channel + 1, count}}) {
                s.items.push_back({Item::kWrite, 0, offset, word & 0xFF});
                s.items.push_back({Item::kWrite, 0, offset, word >> 8});
            }
            s.items.push_back({Item::kWrite, 0, 0xB, mode(channel)});
        }
        s.items.push_back({Item::kWrite, in(0, 3), 0xF, one_in(3) ? in(0, 15) : 0});
        if (one_in(2)) {
            s.items.push_back({Item::kWrite, in(1, 40), 0x9, 4 + in(0, 3)});
        }
        if ((command & 1) != 0) {
            s.items.push_back({Item::kWrite, in(1, 40), 0x9, 4});
        }
    }

    void toggles(Scenario& s, unsigned line, bool level, unsigned longest_first, unsigned longest_second) {
        for (std::uint64_t stamp = in(0, longest_first); stamp < kEdges;) {
            level = !level;
            s.items.push_back({Item::kLine, stamp, line, level ? 1U : 0U});
            stamp += in(1, level ? longest_second : longest_first);
        }
    }

    void lines(Scenario& s) {
        for (unsigned channel = 0; channel < 4; ++channel) {
            if ((s.peripherals >> channel & 1) != 0) {
                s.items.push_back({Item::kLine, in(0, 60), channel, s.dreq_active_low ? 0U : 1U});
            } else if (!one_in(3)) {
                const unsigned quiet = in(4, 150);
                const unsigned busy = in(2, 80);
                toggles(s, channel, false, s.dreq_active_low ? busy : quiet, s.dreq_active_low ? quiet : busy);
            }
        }
        if (one_in(2)) {
            toggles(s, reference::I8237::kReady, true, in(1, 6), in(1, 30));
        }
        if (one_in(3)) {
            toggles(s, reference::I8237::kEop, false, in(20, 200), in(1, 4));
        }
        if (!s.hlda_follows) {
            toggles(s, reference::I8237::kHlda, false, in(2, 20), in(5, 60));
        }
    }

    /// Software that looks and interferes at any time.
    void software(Scenario& s) {
        const unsigned accesses = in(1, 80);
        const bool interferes = one_in(2);
        for (unsigned i = 0; i < accesses; ++i) {
            const std::uint64_t stamp = in(4, kEdges - 1);
            if (!interferes || one_in(2)) {
                s.items.push_back({Item::kRead, stamp, one_in(3) ? 8 : in(0, 15), 0});
                continue;
            }
            unsigned offset = in(0, 15);
            unsigned value = in(0, 255);
            switch (offset) {
                case 0x8:
                    value &= one_in(4) ? 0xFF : 0xFB;
                    break;
                case 0xB:
                    value = mode(in(0, 3));
                    break;
                case 0xD:
                    offset = one_in(4) ? 0xD : 0xE;
                    break;
                case 0xF:
                    value = one_in(2) ? 0 : value;
                    break;
                default:
                    break;
            }
            s.items.push_back({Item::kWrite, stamp, offset, value});
        }
    }

    std::mt19937_64 random_;
};

std::uint64_t runs() {
    return std::getenv("DMASIM_NIGHTLY") != nullptr ? 40'000 : 1'500;
}

TEST(I8237Random, CoreIsTheReference) {
    std::map<std::string, std::uint64_t> states;
    std::set<std::string> seen;
    std::uint64_t evaluations = 0;
    for (std::uint64_t seed = 1; seed <= runs(); ++seed) {
        const Scenario scenario = Generator(seed).scenario();
        const Log core = CoreRun(scenario, seed).run();
        const Log expected = run_reference(scenario, I8237Mutation::None);
        ASSERT_TRUE(same(core, expected)) << "seed " << seed << ": " << difference(core, expected);
        evaluations += core.evaluations;
        for (const I8237Pins& pins : core.pins) {
            ++states[std::string(name_of(pins.state))];
            seen.insert(pins.tc ? (pins.state == I8237State::S24 ? "TC of a copy" : "TC") : "no TC");
        }
    }
    // The runs mean something only if they come everywhere, and idle clocks are not looked at.
    EXPECT_EQ(states.size(), kI8237States);
    for (const auto& [state, clocks] : states) {
        EXPECT_GT(clocks, runs()) << state;
    }
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_LT(evaluations, runs() * kEdges * 3 / 4);
}

TEST(I8237Random, EveryMutantIsCaught) {
    std::vector<Scenario> scenarios;
    std::vector<Log> expected;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        scenarios.push_back(Generator(seed).scenario());
        expected.push_back(CoreRun(scenarios.back(), seed).run());
    }
    for (const I8237Mutation mutation : reference::all_i8237_mutations()) {
        std::size_t run = 0;
        while (run < scenarios.size() && same(run_reference(scenarios[run], mutation), expected[run])) {
            ++run;
        }
        EXPECT_LT(run, scenarios.size()) << reference::name_of(mutation) << " was not caught";
    }
}

}  // namespace
}  // namespace dmasim
