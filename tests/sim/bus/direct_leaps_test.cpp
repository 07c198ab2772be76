// SPDX-License-Identifier: Apache-2.0
//
// Many bursts at once in the blocking style (DirectLeaper): whatever can be seen is as burst by burst. Each configuration is
// simulated twice, with and without leaps, and everything that a guest, a target or a wire sees is compared.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <fmt/format.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/dma_controller.h"

#include "sim/differential/separate_process.h"
#include "support/core/dice.h"
#include "support/sim_test.h"
#include "support/word_access.h"

namespace dmasim {
namespace {

using native::channel_register;
namespace reg = native::reg;
using test::Dice;

constexpr std::uint64_t kSpace = 0x8'0000;  // Addresses of the target.
constexpr std::uint64_t kPeriod = 10;       // Of the clock, in ns.

bool chance(Dice& dice, unsigned percent) {
    return dice.roll(100) < percent;
}
std::uint64_t draw(Dice& dice, std::uint64_t low, std::uint64_t high) {
    return low + dice.roll(high - low + 1);
}
template <typename T>
T one_of(Dice& dice, std::initializer_list<T> list) {
    return *(list.begin() + dice.roll(list.size()));
}

/// What a scenario is about: everything, or something that seldom comes together by chance.
enum class Theme : std::uint8_t {
    Anything,
    Together,   ///< Several channels at once, whose rows overlap.
    Shallow,    ///< One burst after the other, and many aborts.
    Checkered,  ///< Slow and fast pages, all of them with pointers.
    Timers,     ///< Interrupts that wait while another channel copies.
};

/// A part of the target's addresses: where its bytes lie, how fast it is, what it grants.
struct Bank {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t home = 0;  ///< Of its first byte among the bytes of the host.
    unsigned latency = 1;    ///< In cycles.
    unsigned interval = 1;   ///< Of the beats; 0: it does not say.
    bool grants_reads = true;
    bool grants_writes = true;
    bool fails = false;
};

struct Action {
    enum class Kind : std::uint8_t { Write, Look, TakeBack, Move, Poke, Request, Reset, Grant };
    std::uint64_t at = 0;  ///< In ns.
    Kind kind = Kind::Look;
    std::uint32_t offset = 0;
    std::uint32_t value = 0;
    std::uint64_t address = 0;
};

struct Scenario {
    DmaControllerConfig dma;
    std::vector<Bank> banks;
    std::vector<Action> actions;
    std::vector<std::uint8_t> bytes;
    std::vector<std::uint64_t> pieces;  ///< Of sc_start, in ns.
    /// Rows begin here or a little further, so that what was learnt from one is used for others, and they get into each
    /// other's way.
    std::vector<std::uint64_t> places;
};

/// Where a row may begin: often a round number, for that is what bulk copies use.
std::uint64_t random_place(Dice& dice) {
    const std::uint64_t place = dice.roll(kSpace);
    return chance(dice, 60) ? place & ~std::uint64_t{4095} : chance(dice, 50) ? place & ~std::uint64_t{63} : place;
}
std::uint64_t random_address(const Scenario& scenario, Dice& dice) {
    return scenario.places[dice.roll(scenario.places.size())] +
           (chance(dice, 70) ? 0 : one_of<std::uint64_t>(dice, {64, 128, 4, 0x1000, 0x2000, 1, 0x3F8}));
}

std::vector<Bank> random_banks(Dice& dice, Theme theme) {
    std::vector<Bank> banks;
    if (theme != Theme::Anything) {
        const std::uint64_t bytes = theme == Theme::Checkered ? 0x1000 : kSpace;
        const unsigned one = static_cast<unsigned>(draw(dice, 1, 12));
        const unsigned pace = static_cast<unsigned>(draw(dice, 1, 3));
        const bool plain_below = chance(dice, 50);
        for (std::uint64_t first = 0; first < kSpace; first += bytes) {
            Bank bank;
            bank.first = first;
            bank.last = first + bytes - 1;
            bank.home = first;
            const bool plain = (first < kSpace / 2) == plain_below;
            bank.latency = plain || chance(dice, 70) ? one : 13 - one;
            bank.interval = pace;
            banks.push_back(bank);
        }
        return banks;
    }
    const bool one_timing = chance(dice, 50);
    const bool one_latency = one_timing || chance(dice, 40);
    const unsigned usual = static_cast<unsigned>(draw(dice, 1, 12));
    const unsigned pace = static_cast<unsigned>(one_of(dice, {0, 1, 1, 1, 2, 3}));
    const bool perfect = chance(dice, 40);
    for (std::uint64_t first = 0; first < kSpace;) {
        Bank bank;
        bank.first = first;
        std::uint64_t bytes = one_of<std::uint64_t>(dice, {0x1000, 0x4000, 0x1'0000, 0x4'0000, 0x8'0000});
        if (chance(dice, 15)) {
            bytes = draw(dice, 300, 0x8000);
        }
        bank.last = std::min(kSpace, first + bytes) - 1;
        // Some lie side by side, some apart, some on top of others.
        bank.home = chance(dice, 70) ? first : one_of<std::uint64_t>(dice, {kSpace + first, first ^ 0x1000, 0});
        bank.latency = one_latency || chance(dice, 70) ? usual : static_cast<unsigned>(draw(dice, 1, 12));
        bank.interval = one_timing || chance(dice, 70) ? pace : static_cast<unsigned>(draw(dice, 0, 3));
        if (!perfect) {
            bank.grants_reads = chance(dice, 95);
            bank.grants_writes = chance(dice, 95);
            bank.fails = chance(dice, 4);
        }
        banks.push_back(bank);
        first = bank.last + 1;
    }
    return banks;
}

void add_write(Scenario& scenario, std::uint64_t at, unsigned channel, std::uint32_t offset, std::uint64_t value) {
    Action action;
    action.at = at;
    action.kind = Action::Kind::Write;
    action.offset = channel_register(channel, offset);
    action.value = static_cast<std::uint32_t>(value);
    scenario.actions.push_back(action);
}

// Two descriptors at the end of the addresses, for each channel.
void add_chain(Scenario& scenario, Dice& dice, std::uint64_t at, unsigned channel) {
    const std::uint64_t place = kSpace - 0x1000 + channel * 0x100;
    for (unsigned k = 0; k < 2; ++k) {
        native::Descriptor descriptor;
        descriptor.source = random_address(scenario, dice);
        descriptor.destination = random_address(scenario, dice);
        descriptor.length = static_cast<std::uint32_t>(draw(dice, 1, 60'000));
        descriptor.interrupt = chance(dice, 50);
        descriptor.write_back = chance(dice, 50);
        descriptor.next = k == 0 ? place + 0x40 : 0;
        const native::DescriptorBytes bytes = native::encode(descriptor);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            scenario.bytes[place + k * 0x40 + i] = bytes[i];
        }
    }
    add_write(scenario, at, channel, reg::kConfig, native::config::kChain);
    add_write(scenario, at, channel, reg::kDescLo, place);
}

void add_job(Scenario& scenario, Dice& dice, std::uint64_t at, unsigned channel) {
    if (chance(dice, 12)) {
        add_chain(scenario, dice, at, channel);
    } else {
        const std::uint64_t source = random_address(scenario, dice);
        std::uint64_t destination = random_address(scenario, dice);
        if (chance(dice, 25)) {
            // So near that the row runs into itself.
            const std::uint64_t most = one_of<std::uint64_t>(dice, {0x40, 0x200, 0x800, 0x3000});
            const std::uint64_t distance = draw(dice, 0, most) & ~(chance(dice, 60) ? std::uint64_t{7} : 0);
            destination = chance(dice, 70) ? source + distance : source - distance;
        }
        std::uint32_t config = 0;
        config |= chance(dice, 10) ? native::config::kCyclic : 0;
        config |= chance(dice, 30) ? native::config::kErrorContinue : 0;
        config |=
            chance(dice, 5) ? native::config::HandshakeMode::of(static_cast<std::uint32_t>(Handshake::Demand)) : 0;
        const auto length = static_cast<std::uint32_t>(chance(dice, 60)   ? draw(dice, 1, 100'000)
                                                       : chance(dice, 50) ? draw(dice, 1, 3000)
                                                                          : 0x1000U << dice.roll(6));
        add_write(scenario, at, channel, reg::kConfig, config);
        add_write(scenario, at, channel, reg::kSrcLo, source);
        add_write(scenario, at, channel, reg::kSrcHi, 0);
        add_write(scenario, at, channel, reg::kDstLo, destination);
        add_write(scenario, at, channel, reg::kDstHi, 0);
        add_write(scenario, at, channel, reg::kLength, length);
        add_write(scenario, at, channel, reg::kRows, chance(dice, 60) ? 1 : draw(dice, 1, 200));
        add_write(scenario, at, channel, reg::kSrcStride, chance(dice, 50) ? 0 : length % 0x4000);
        add_write(scenario, at, channel, reg::kDstStride, chance(dice, 50) ? 0 : length % 0x4000);
        add_write(scenario, at, channel, reg::kUnitBytes, 64);
    }
    add_write(scenario, at, channel, reg::kIntEnable, native::interrupt::kAll);
    add_write(scenario, at, channel, reg::kCoalesceCount, draw(dice, 0, 2));
    add_write(scenario, at, channel, reg::kCoalesceTimeout, draw(dice, 0, 1) * draw(dice, 1, 3000));
    add_write(scenario, at, channel, reg::kControl, native::control::kStart);
}

void start_job(Scenario& scenario, std::uint64_t at, unsigned channel, std::uint64_t source, std::uint64_t destination,
               std::uint64_t length, std::uint64_t rows) {
    add_write(scenario, at, channel, reg::kConfig, 0);
    add_write(scenario, at, channel, reg::kSrcLo, source);
    add_write(scenario, at, channel, reg::kDstLo, destination);
    add_write(scenario, at, channel, reg::kLength, length);
    add_write(scenario, at, channel, reg::kRows, rows);
    add_write(scenario, at, channel, reg::kIntEnable, native::interrupt::kAll);
    add_write(scenario, at, channel, reg::kControl, native::control::kStart);
}

void look_at(Scenario& scenario, std::uint64_t at) {
    Action action;
    action.at = at;
    scenario.actions.push_back(action);
}

void set_theme(Scenario& scenario, Dice& dice, Theme theme) {
    DmaConfig& dma = scenario.dma.dma;
    scenario.dma.quantum = one_of<std::uint32_t>(dice, {1000, 5000, 50'000});
    std::uint64_t at = 35;
    for (unsigned k = 0; k < 12; ++k) {
        scenario.pieces.push_back(draw(dice, 1, 100'000));
    }
    switch (theme) {
        case Theme::Anything:
            break;
        case Theme::Together:
            dma.channels = static_cast<std::uint32_t>(draw(dice, 2, 3));
            for (unsigned channel = 0; channel < dma.channels; ++channel) {
                const std::uint64_t base = 0x2'0000;
                start_job(scenario, at, channel, base + 0x1000 * dice.roll(32), base + 0x1000 * dice.roll(32),
                          draw(dice, 0x1000, 0x1'0000), draw(dice, 1, 5));
                at += dice.roll(400);
            }
            break;
        case Theme::Shallow: {
            // With a second channel, the first one gets nothing any more.
            dma.channels = static_cast<std::uint32_t>(draw(dice, 1, 2));
            dma.arbiter.kind = "fixed_priority";
            dma.arbiter.priorities = {0, 1};
            dma.arbiter.priorities.resize(dma.channels);
            dma.max_reads = 1;
            dma.max_writes = 1;
            dma.max_burst_beats = 1U << draw(dice, 1, 4);
            dma.fifo_beats = dma.max_burst_beats * static_cast<std::uint32_t>(draw(dice, 1, 2));
            dma.timing.response_to_status = static_cast<std::uint32_t>(draw(dice, 1, 60));
            scenario.dma.quantum = static_cast<std::uint32_t>(draw(dice, 80, 600));
            for (unsigned k = 0; k < 40; ++k) {
                start_job(scenario, at, 0, 0x1'0000, 0x4'0000, 0x8000, 1);
                at += draw(dice, 1, 12'000);
                if (dma.channels == 2) {
                    start_job(scenario, at, 1, 0x1'0000, 0x4'0000, 0x800, 1);
                    at += draw(dice, 1, 2000);
                }
                add_write(scenario, at, 0, reg::kControl,
                          chance(dice, 70) ? native::control::kAbort : native::control::kPause);
                at += dice.roll(400);
                look_at(scenario, at);
                at += dice.roll(400);
                add_write(scenario, at, 0, reg::kControl, native::control::kAbort);
                at += draw(dice, 1000, 9000);
            }
            break;
        }
        case Theme::Checkered:
            dma.channels = 1;
            dma.data_width_bits = 128;
            dma.max_burst_beats = chance(dice, 60) ? 256 : 1U << dice.roll(3);
            dma.fifo_beats = dma.max_burst_beats * static_cast<std::uint32_t>(draw(dice, 1, 4));
            dma.max_reads = static_cast<std::uint32_t>(one_of(dice, {1, 1, 4}));
            start_job(scenario, at, 0, (scenario.places[0] / 4) & ~std::uint64_t{4095},
                      0x4'0000 + (scenario.places[1] / 4 & ~(chance(dice, 70) ? std::uint64_t{4095} : 0)), 0x1'8000,
                      200);
            break;
        case Theme::Timers:
            dma.channels = 2;
            start_job(scenario, at, 1, 0x1'0000, 0x4'0000, 0x1'0000, 100);
            for (unsigned k = 0; k < 10; ++k) {
                add_write(scenario, at, 0, reg::kCoalesceCount, 9);
                add_write(scenario, at, 0, reg::kCoalesceTimeout, draw(dice, 1, 6000));
                start_job(scenario, at, 0, 0x100, 0x6'0000, draw(dice, 1, 300), 1);
                at += draw(dice, 20'000, 90'000);
                add_write(scenario, at, 0, reg::kIntStatus, native::interrupt::kAll);
            }
            break;
    }
}

Scenario random_scenario(std::uint64_t seed) {
    Dice dice(seed * 0x1'0000'0001U);
    Scenario scenario;
    DmaConfig& dma = scenario.dma.dma;
    dma.channels = static_cast<std::uint32_t>(chance(dice, 60) ? 1 : draw(dice, 2, 3));
    dma.data_width_bits = 32U << dice.roll(3);
    const auto most = static_cast<unsigned>(__builtin_ctz(4096 / dma.bus_bytes()));
    dma.max_burst_beats = 1U << std::min<unsigned>(most, static_cast<unsigned>(draw(dice, 2, 8)));
    if (chance(dice, 10)) {
        dma.max_burst_beats -= static_cast<std::uint32_t>(dice.roll(dma.max_burst_beats - 1));
    }
    dma.fifo_beats = dma.max_burst_beats * static_cast<std::uint32_t>(draw(dice, 1, 5));
    dma.max_reads = static_cast<std::uint32_t>(draw(dice, 1, 4));
    dma.max_writes = static_cast<std::uint32_t>(draw(dice, 1, 4));
    dma.descriptor_prefetch = static_cast<std::uint32_t>(dice.roll(2));
    dma.arbiter.kind = one_of<const char*>(
        dice, {"round_robin", "fixed_priority", "priority_ageing", "weighted_round_robin", "time_slots"});
    dma.timing.start_to_request = static_cast<std::uint32_t>(draw(dice, 1, 4));
    dma.timing.request_interval = static_cast<std::uint32_t>(draw(dice, 1, 4));
    dma.timing.read_to_write = static_cast<std::uint32_t>(draw(dice, 1, 4));
    dma.timing.response_to_status = static_cast<std::uint32_t>(draw(dice, 1, 9));
    scenario.dma.style = TransportStyle::Blocking;
    scenario.dma.dmi = true;
    scenario.dma.quantum = one_of<std::uint32_t>(dice, {0, 1, 80, 150, 300, 700, 1000, 2000, 5000, 20'000, 1'000'000});
    scenario.dma.register_latency = static_cast<std::uint32_t>(dice.roll(3));
    const Theme theme = seed % 2 == 0 ? Theme::Anything : static_cast<Theme>(1 + seed / 2 % 4);
    scenario.banks = random_banks(dice, theme);
    for (std::uint64_t k = draw(dice, 2, 6); k != 0; --k) {
        scenario.places.push_back(random_place(dice));
    }
    scenario.bytes.resize(2 * kSpace);
    for (std::uint8_t& byte : scenario.bytes) {
        byte = static_cast<std::uint8_t>(dice.next());
    }
    if (theme != Theme::Anything) {
        set_theme(scenario, dice, theme);
        return scenario;
    }

    std::uint64_t at = 35;
    const auto actions = static_cast<unsigned>(draw(dice, 1, 30));
    for (unsigned k = 0; k < actions; ++k) {
        const auto channel = static_cast<unsigned>(dice.roll(dma.channels));
        Action action;
        action.at = at;
        action.address = random_place(dice);
        const std::uint64_t what = k == 0 ? 0 : dice.roll(100);
        if (what < 30) {
            add_job(scenario, dice, at, channel);
        } else if (what < 38) {
            add_write(scenario, at, channel, reg::kControl,
                      one_of(dice, {native::control::kPause, native::control::kPause, native::control::kAbort,
                                    native::control::kAppend}));
            add_write(scenario, at + dice.roll(20'000), channel, reg::kControl, native::control::kResume);
        } else if (what < 42) {
            add_write(scenario, at, channel, reg::kConfig, 0);
        } else if (what < 46) {
            add_write(scenario, at, channel, reg::kIntStatus, native::interrupt::kAll);
        } else {
            using Kind = Action::Kind;
            action.kind = one_of(dice, {Kind::Look, Kind::Look, Kind::Look, Kind::TakeBack, Kind::TakeBack, Kind::Move,
                                        Kind::Move, Kind::Poke, Kind::Request, Kind::Reset, Kind::Grant});
            action.offset = channel;
            action.value = static_cast<std::uint32_t>(dice.next());
            // A reset ends all that is interesting.
            action.kind = action.kind == Kind::Reset && chance(dice, 70) ? Kind::Look : action.kind;
            scenario.actions.push_back(action);
        }
        // Often in the middle of a row.
        at += chance(dice, 40) ? dice.roll(300) : chance(dice, 50) ? dice.roll(6000) : dice.roll(60'000);
    }
    std::stable_sort(scenario.actions.begin(), scenario.actions.end(),
                     [](const Action& a, const Action& b) { return a.at < b.at; });
    for (unsigned k = 0; k < 12; ++k) {
        scenario.pieces.push_back(draw(dice, 1, 100'000));
    }
    return scenario;
}

/// The target: banks, some of which grant pointers.
class Banks final : public sc_core::sc_module {
  public:
    tlm_utils::simple_target_socket<Banks> socket{"socket"};

    Banks(const sc_core::sc_module_name& name, const Scenario& scenario, std::string& log)
        : sc_module(name),
          bytes(scenario.bytes),
          banks_(scenario.banks),
          width_(scenario.dma.dma.bus_bytes()),
          log_(log) {
        socket.register_b_transport(this, &Banks::b_transport);
        socket.register_get_direct_mem_ptr(this, &Banks::get_direct_mem_ptr);
    }

    [[nodiscard]] Bank& bank_at(std::uint64_t address) {
        return *std::find_if(banks_.begin(), banks_.end(), [&](const Bank& bank) { return address <= bank.last; });
    }
    void take_back(std::uint64_t address) {
        const Bank& bank = bank_at(address);
        socket->invalidate_direct_mem_ptr(bank.first, bank.last);
    }
    /// Its bytes lie elsewhere from now on; nothing of the old place is copied.
    void move(std::uint64_t address) {
        Bank& bank = bank_at(address);
        socket->invalidate_direct_mem_ptr(bank.first, bank.last);
        bank.home = bank.home >= kSpace ? bank.first : kSpace + bank.first;
    }

    std::vector<std::uint8_t> bytes;  ///< Of the host.

  private:
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) {
        const std::uint64_t address = trans.get_address();
        log_ += fmt::format("{} call {} {:#x} {} +{}\n", sc_core::sc_time_stamp().to_string(), trans.is_write(),
                            address, trans.get_data_length(), delay.to_string());
        if (address >= kSpace || trans.get_data_length() > kSpace - address) {
            trans.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        const Bank& bank = bank_at(address);
        const unsigned beats = beats_of(address, trans.get_data_length(), 0, width_);
        delay += sc_core::sc_time(static_cast<double>(kPeriod * (bank.latency + (trans.is_write() ? beats - 1 : 0))),
                                  sc_core::SC_NS);
        trans.set_dmi_allowed(bank.grants_reads || bank.grants_writes);
        if (BurstExtension* extension = extension_of(trans)) {
            extension->interval = bank.interval;
        }
        if (bank.fails) {
            trans.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
            return;
        }
        for (unsigned i = 0; i < trans.get_data_length(); ++i) {
            const Bank& here = bank_at(address + i);
            std::uint8_t& byte = bytes[here.home + (address + i - here.first)];
            std::uint8_t& data = trans.get_data_ptr()[i];
            (trans.is_write() ? byte : data) = trans.is_write() ? data : byte;
        }
        trans.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    bool get_direct_mem_ptr(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) {
        const std::uint64_t address = trans.get_address();
        log_ += fmt::format("{} question {} {:#x}\n", sc_core::sc_time_stamp().to_string(), trans.is_write(), address);
        if (address >= kSpace) {
            dmi.set_start_address(address);
            dmi.set_end_address(address);
            return false;
        }
        const Bank& bank = bank_at(address);
        dmi.set_start_address(bank.first);
        dmi.set_end_address(bank.last);
        dmi.allow_read_write();
        dmi.set_dmi_ptr(bytes.data() + bank.home);
        const sc_core::sc_time latency(static_cast<double>(kPeriod * bank.latency), sc_core::SC_NS);
        dmi.set_read_latency(latency);
        dmi.set_write_latency(latency);
        if (BurstExtension* extension = extension_of(trans)) {
            extension->interval = bank.interval;
        }
        return !bank.fails && (trans.is_write() ? bank.grants_writes : bank.grants_reads);
    }

    std::vector<Bank> banks_;
    std::uint32_t width_;
    std::string& log_;
};

/// Carries out the actions, and writes down what can be seen.
class Platform final : public sc_core::sc_module {
  public:
    tlm_utils::simple_initiator_socket<Platform> socket{"socket"};
    sc_core::sc_signal<bool> irq{"irq"};
    sc_core::sc_signal<bool> reset{"reset"};
    sc_core::sc_vector<sc_core::sc_signal<bool>> channel_irq;
    sc_core::sc_vector<sc_core::sc_signal<bool>> dreq;
    sc_core::sc_vector<sc_core::sc_signal<bool>> dack;
    sc_core::sc_vector<sc_core::sc_signal<bool>> tc;
    std::string log;
    Banks banks;
    DmaController dma;

    SC_HAS_PROCESS(Platform);
    Platform(const sc_core::sc_module_name& name, const Scenario& scenario, bool leaps)
        : sc_module(name),
          channel_irq("channel_irq", scenario.dma.dma.channels),
          dreq("dreq", scenario.dma.dma.channels),
          dack("dack", scenario.dma.dma.channels),
          tc("tc", scenario.dma.dma.channels),
          banks("banks", scenario, log),
          dma("dma", ClockDomain(static_cast<double>(kPeriod), sc_core::SC_NS), scenario.dma),
          scenario_(scenario) {
        dma.allow_leaps(leaps);
        socket.bind(dma.registers);
        dma.memory.bind(banks.socket);
        dma.irq.bind(irq);
        dma.reset.bind(reset);
        SC_METHOD(watch);
        dont_initialize();
        sensitive << irq;
        for (unsigned k = 0; k < channel_irq.size(); ++k) {
            dma.channel_irq[k].bind(channel_irq[k]);
            dma.dreq[k].bind(dreq[k]);
            dma.dack[k].bind(dack[k]);
            dma.tc[k].bind(tc[k]);
            sensitive << channel_irq[k] << dack[k] << tc[k];
        }
        SC_THREAD(act);
    }

    void look() {
        for (unsigned channel = 0; channel < channel_irq.size(); ++channel) {
            for (const native::RegisterSpec& spec : native::kChannelRegisters) {
                std::uint32_t value = 0;
                access(tlm::TLM_READ_COMMAND, channel_register(channel, spec.offset), value);
                log += fmt::format(" {:x}", value);
            }
        }
        const std::string_view bytes(reinterpret_cast<const char*>(banks.bytes.data()), banks.bytes.size());
        const std::size_t hash = std::hash<std::string_view>{}(bytes);
        log += fmt::format(" bytes {:x} at {}\n", hash, sc_core::sc_time_stamp().to_string());
    }

  private:
    void access(tlm::tlm_command command, std::uint32_t offset, std::uint32_t& value) {
        test::access_word(socket, command, offset, value);
    }
    void watch() {
        std::uint64_t levels = irq.read() ? 1 : 0;
        for (unsigned k = 0; k < channel_irq.size(); ++k) {
            levels =
                levels << 3 | (channel_irq[k].read() ? 4U : 0U) | (dack[k].read() ? 2U : 0U) | (tc[k].read() ? 1U : 0U);
        }
        log += fmt::format("{} lines {:o}\n", sc_core::sc_time_stamp().to_string(), levels);
    }
    void act() {
        for (const Action& action : scenario_.actions) {
            const sc_core::sc_time at(static_cast<double>(action.at), sc_core::SC_NS);
            if (at > sc_core::sc_time_stamp()) {
                wait(at - sc_core::sc_time_stamp());
            }
            switch (action.kind) {
                case Action::Kind::Write: {
                    std::uint32_t value = action.value;
                    access(tlm::TLM_WRITE_COMMAND, action.offset, value);
                    break;
                }
                case Action::Kind::Look:
                    look();
                    break;
                case Action::Kind::TakeBack:
                    banks.take_back(action.address);
                    break;
                case Action::Kind::Move:
                    banks.move(action.address);
                    break;
                case Action::Kind::Poke:
                    std::memset(&banks.bytes[action.address & ~std::uint64_t{255}],
                                static_cast<int>(action.value & 255), 256);
                    break;
                case Action::Kind::Request:
                    dreq[action.offset].write((action.value & 1) != 0);
                    break;
                case Action::Kind::Reset:
                    reset.write(true);
                    wait(30, sc_core::SC_NS);
                    reset.write(false);
                    break;
                case Action::Kind::Grant: {
                    Bank& bank = banks.bank_at(action.address);
                    banks.take_back(action.address);
                    bank.grants_reads = (action.value & 1) != 0;
                    bank.grants_writes = (action.value & 2) != 0;
                    bank.latency = 1 + action.value % 11;
                    break;
                }
            }
        }
    }

    const Scenario& scenario_;
};

/// Simulates scenario `seed`; the first line says how many cycles were leaped over, the others what was seen.
std::string simulate(std::uint64_t seed, bool leaps) {
    const Scenario scenario = random_scenario(seed);
    Platform platform("platform", scenario, leaps);
    for (const std::uint64_t piece : scenario.pieces) {
        sc_core::sc_start(static_cast<double>(piece), sc_core::SC_NS);
        platform.look();
    }
    return fmt::format("{}\n", platform.dma.leaped_cycles()) + platform.log;
}

std::uint64_t leaped(const std::string& text) {
    return std::strtoull(text.c_str(), nullptr, 10);
}
std::string without_first_line(const std::string& text) {
    return text.substr(std::min(text.find('\n'), text.size()));
}

/// From DMASIM_SEED, if it is set.
std::uint64_t first_seed() {
    const char* const given = std::getenv("DMASIM_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 0) : 1;
}

TEST(DirectLeaps, NothingCanBeSeenOfThem) {
    const std::uint64_t count = std::getenv("DMASIM_NIGHTLY") != nullptr ? 10'000 : 300;
    std::uint64_t cycles = 0;
    std::uint64_t with_leaps = 0;
    for (std::uint64_t seed = first_seed(); seed < first_seed() + count; ++seed) {
        const std::string one = test::text_of([seed] { return simulate(seed, true); });
        const std::string other = test::text_of([seed] { return simulate(seed, false); });
        ASSERT_NE(one, "") << "seed " << seed;
        ASSERT_EQ(one.rfind("exception", 0), std::string::npos) << "seed " << seed << ": " << one;
        ASSERT_EQ(leaped(other), 0U) << "seed " << seed;
        const std::string difference = test::first_difference_of(without_first_line(one), without_first_line(other));
        ASSERT_EQ(difference, "") << "seed " << seed << " (DMASIM_SEED=" << seed << ")";
        cycles += leaped(one);
        with_leaps += leaped(one) != 0 ? 1 : 0;
    }
    std::cout << fmt::format("{} configurations from seed {} on, {} of them with leaps, over {} cycles in all\n", count,
                             first_seed(), with_leaps, cycles);
    EXPECT_GT(with_leaps, count / 4);
    EXPECT_GT(cycles, count * 1000);
}

}  // namespace
}  // namespace dmasim
