// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/i8237/core.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

constexpr std::uint8_t kTransferIllegal = i8237_mode::kTransferMask;

std::uint8_t high_byte_of(std::uint16_t value) {
    return static_cast<std::uint8_t>(value >> 8);
}

std::uint8_t byte_of(std::uint16_t value, bool high) {
    return static_cast<std::uint8_t>(high ? value >> 8 : value & 0xFF);
}

void set_byte(std::uint16_t& word, std::uint8_t value, bool high) {
    word = static_cast<std::uint16_t>(high ? (word & 0x00FF) | value << 8 : (word & 0xFF00) | value);
}

std::uint8_t bit_of(unsigned channel) {
    return static_cast<std::uint8_t>(1U << channel);
}

std::uint8_t with_bit(std::uint8_t bits, std::uint8_t bit, bool set) {
    return static_cast<std::uint8_t>(set ? bits | bit : bits & ~bit);
}

void reset_registers(I8237Registers& registers) {
    registers.command = 0;
    registers.request = 0;
    registers.mask = 0xF;
    registers.terminal_count = 0;
    registers.temporary = 0;
    registers.high_byte = false;
}

/// Returns true for a master clear.
bool write_register(I8237Registers& registers, unsigned offset, std::uint8_t value) {
    if (offset < offset_of(I8237Register::Command)) {
        I8237Registers::Channel& channel = registers.channels[offset / 2];
        const bool is_count = (offset & 1) != 0;
        set_byte(is_count ? channel.base_count : channel.base_address, value, registers.high_byte);
        set_byte(is_count ? channel.count : channel.address, value, registers.high_byte);
        registers.high_byte = !registers.high_byte;
        return false;
    }
    const unsigned channel = value & 3;
    const bool set = (value & 4) != 0;
    switch (static_cast<I8237Register>(offset)) {
        case I8237Register::Command:
            registers.command = value;
            break;
        case I8237Register::Request:
            registers.request = with_bit(registers.request, bit_of(channel), set);
            break;
        case I8237Register::SingleMask:
            registers.mask = with_bit(registers.mask, bit_of(channel), set);
            break;
        case I8237Register::Mode:
            registers.channels[channel].mode = value & 0xFC;
            break;
        case I8237Register::ClearFlipFlop:
            registers.high_byte = false;
            break;
        case I8237Register::MasterClear:
            reset_registers(registers);
            return true;
        case I8237Register::ClearMask:
            registers.mask = 0;
            break;
        case I8237Register::AllMasks:
            registers.mask = value & 0xF;
            break;
    }
    return false;
}

}  // namespace

std::string_view name_of(I8237State state) {
    constexpr std::array<std::string_view, kI8237States> kNames{"SI",  "S0",  "SC",  "S1",  "S2",  "S3",
                                                                "SW",  "S4",  "S11", "S12", "S13", "SW1",
                                                                "S14", "S21", "S22", "S23", "SW2", "S24"};
    return kNames[static_cast<std::size_t>(state)];
}

bool operator==(const I8237Pins& a, const I8237Pins& b) {
    const auto values = [](const I8237Pins& p) {
        return std::tie(p.state, p.channel, p.hrq, p.tc, p.dack, p.dack_levels, p.aen, p.adstb, p.ior, p.iow, p.memr,
                        p.memw, p.address, p.data, p.drives_data);
    };
    return values(a) == values(b);
}

void I8237Core::Line::change(bool level, Cycles due) {
    if (!changes_.empty() && changes_.back().due >= due) {
        changes_.back().level = level;
        return;
    }
    changes_.push_back({due, level});
}

void I8237Core::Line::advance(Cycles edge) {
    auto next = changes_.begin();
    for (; next != changes_.end() && next->due <= edge; ++next) {
        level_ = next->level;
    }
    changes_.erase(changes_.begin(), next);
}

bool I8237Core::Line::level_at(Cycles edge) const {
    bool level = level_;
    for (const Change& change : changes_) {
        if (change.due > edge) {
            break;
        }
        level = change.level;
    }
    return level;
}

I8237Core::I8237Core(const I8237Timing& timing, I8237Bus& bus) : timing_(timing), bus_(bus) {
    const std::vector<std::string> problems = validate(timing);
    if (!problems.empty()) {
        std::string all;
        for (const std::string& problem : problems) {
            all += (all.empty() ? "" : "; ") + problem;
        }
        throw ConfigError(all);
    }
}

Cycles I8237Core::next_edge() const {
    Cycles edge = busy_ ? last_edge_ + 1 : kNever;
    if (!accesses_.empty()) {
        edge = std::min(edge, accesses_.front().at + 1);
    }
    for (const Line& line : dreq_) {
        edge = std::min(edge, line.due());
    }
    return std::min({edge, hlda_.due(), ready_.due(), eop_.due()});
}

void I8237Core::evaluate(Cycles edge) {
    DMASIM_INVARIANT(!evaluated_ || edge > last_edge_);
    evaluated_ = true;
    last_edge_ = edge;
    const bool was_reset = take_inputs(edge);
    before_ = registers_;
    if (was_reset) {
        last_ = kI8237Channels - 1;
        channel_ = 0;
        tc_ = false;
        enter(I8237State::Si);
        middle_ = {};
    } else {
        step(edge);
    }
    const I8237Pins now = pins_with(middle_);
    middle_ = middle_pins();
    const bool middle_changes = pins_with(middle_) != now;
    if (now != shown_) {
        shown_ = now;
        bus_.pins(now, edge);
    }
    busy_ = will_move() || middle_changes;
}

void I8237Core::write(unsigned offset, std::uint8_t value, Cycles at) {
    queue({Access::Kind::Write, static_cast<std::uint8_t>(offset & 0xF), value, at});
}

std::uint8_t I8237Core::read(unsigned offset, Cycles at) {
    offset &= 0xF;
    at = std::max({at, last_access_, last_edge_});
    DMASIM_INVARIANT(next_edge() >= at);
    const std::uint8_t value = value_at(view(at), offset, at);
    if (offset < offset_of(I8237Register::Command)) {
        queue({Access::Kind::InvertFlipFlop, 0, 0, at});
    } else if (offset == offset_of(I8237Register::Command)) {
        queue({Access::Kind::ClearTerminalCount, 0, static_cast<std::uint8_t>(value & 0xF), at});
    }
    return value;
}

std::uint8_t I8237Core::peek(unsigned offset) const {
    return value_at(view(last_edge_ + 1), offset & 0xF, last_edge_ + 1);
}

void I8237Core::set_dreq(unsigned channel, bool level, Cycles at) {
    DMASIM_INVARIANT(channel < kI8237Channels);
    set_line(dreq_[channel], level, at, timing_.dreq_sample);
}

void I8237Core::set_hlda(bool level, Cycles at) {
    set_line(hlda_, level, at, timing_.hlda_sample);
}

void I8237Core::set_ready(bool level, Cycles at) {
    set_line(ready_, level, at, timing_.ready_sample);
}

void I8237Core::set_eop(bool active, Cycles at) {
    set_line(eop_, active, at, timing_.eop_sample);
}

void I8237Core::reset(Cycles at) {
    queue({Access::Kind::Reset, 0, 0, at});
}

void I8237Core::set_line(Line& line, bool level, Cycles at, std::uint32_t delay) {
    line.change(level, std::max(at, last_edge_) + delay);
}

bool I8237Core::apply(I8237Registers& registers, const Access& access) {
    switch (access.kind) {
        case Access::Kind::Write:
            return write_register(registers, access.offset, access.value);
        case Access::Kind::InvertFlipFlop:
            registers.high_byte = !registers.high_byte;
            return false;
        case Access::Kind::ClearTerminalCount:
            registers.terminal_count = static_cast<std::uint8_t>(registers.terminal_count & ~access.value);
            return false;
        case Access::Kind::Reset:
            break;
    }
    reset_registers(registers);
    return true;
}

void I8237Core::queue(const Access& access) {
    accesses_.push_back(access);
    last_access_ = std::max({access.at, last_access_, last_edge_});
    accesses_.back().at = last_access_;
}

I8237Registers I8237Core::view(Cycles at) const {
    I8237Registers seen = at == last_edge_ && evaluated_ ? before_ : registers_;
    for (const Access& access : accesses_) {
        apply(seen, access);
    }
    return seen;
}

std::uint8_t I8237Core::value_at(const I8237Registers& registers, unsigned offset, Cycles at) const {
    if (offset < offset_of(I8237Register::Command)) {
        const I8237Registers::Channel& channel = registers.channels[offset / 2];
        return byte_of((offset & 1) != 0 ? channel.count : channel.address, registers.high_byte);
    }
    switch (static_cast<I8237Register>(offset)) {
        case I8237Register::Command: {
            std::uint8_t status = registers.terminal_count;
            const bool active_low = (registers.command & i8237_command::kDreqActiveLow) != 0;
            for (unsigned channel = 0; channel < kI8237Channels; ++channel) {
                if (dreq_[channel].level_at(at) != active_low) {
                    status = static_cast<std::uint8_t>(status | 0x10U << channel);
                }
            }
            return status;
        }
        case I8237Register::MasterClear:
            return registers.temporary;
        default:
            return kI8237Undriven;
    }
}

bool I8237Core::take_inputs(Cycles edge) {
    bool was_reset = false;
    auto next = accesses_.begin();
    for (; next != accesses_.end() && next->at < edge; ++next) {
        was_reset = apply(registers_, *next) || was_reset;
    }
    accesses_.erase(accesses_.begin(), next);
    for (Line& line : dreq_) {
        line.advance(edge);
    }
    hlda_.advance(edge);
    ready_.advance(edge);
    eop_.advance(edge);
    return was_reset;
}

bool I8237Core::requests(unsigned channel) const {
    const bool active_low = (registers_.command & i8237_command::kDreqActiveLow) != 0;
    return dreq_[channel].level() != active_low && (registers_.mask & bit_of(channel)) == 0;
}

bool I8237Core::requests_by_software(unsigned channel) const {
    if ((registers_.request & bit_of(channel)) == 0) {
        return false;
    }
    const unsigned mode = registers_.channels[channel].mode & i8237_mode::kModeMask;
    return mode == i8237_mode::kBlock ||
           (channel == 0 && mode != i8237_mode::kCascade && (registers_.command & i8237_command::kMemoryToMemory) != 0);
}

int I8237Core::winner() const {
    const bool rotating = (registers_.command & i8237_command::kRotating) != 0;
    const unsigned first = rotating ? last_ + 1 : 0;
    for (unsigned i = 0; i < kI8237Channels; ++i) {
        const unsigned channel = (first + i) % kI8237Channels;
        if (requests(channel) || requests_by_software(channel)) {
            return static_cast<int>(channel);
        }
    }
    return -1;
}

bool I8237Core::compressed() const {
    return (registers_.command & (i8237_command::kCompressed | i8237_command::kMemoryToMemory)) ==
           i8237_command::kCompressed;
}

bool I8237Core::verifies() const {
    const unsigned transfer = registers_.channels[channel_].mode & i8237_mode::kTransferMask;
    return !memory_service_ && (transfer == i8237_mode::kVerify || transfer == kTransferIllegal);
}

bool I8237Core::must_wait() const {
    const bool ready_ignored = !memory_service_ && compressed() && timing_.ready_in_compressed == 0;
    const bool not_ready = !ready_.level() && !ready_ignored;
    if (verifies()) {
        return not_ready && timing_.ready_in_verify != 0;
    }
    return waits_ < timing_.always_wait || not_ready;
}

bool I8237Core::will_move() const {
    switch (state_) {
        case I8237State::Si:
            return (registers_.command & i8237_command::kDisable) == 0 && winner() >= 0;
        case I8237State::S0:
            return hlda_.level();
        case I8237State::Sc:
            return !requests(channel_);
        case I8237State::Sw:
        case I8237State::Sw1:
        case I8237State::Sw2:
            // The first ones are counted even while nothing else changes.
            return waits_ < timing_.always_wait || !must_wait();
        default:
            return true;
    }
}

void I8237Core::enter(I8237State state) {
    state_ = state;
    const auto& channels = registers_.channels;
    switch (state) {
        case I8237State::Si:
            ended_ = false;
            memory_service_ = false;
            acknowledged_ = false;
            second_latch_valid_ = false;
            break;
        case I8237State::Sc:
            acknowledged_ = true;
            break;
        case I8237State::S1:
            latch_[0] = high_byte_of(channels[channel_].address);
            break;
        case I8237State::S2:
            acknowledged_ = true;
            waits_ = 0;
            break;
        case I8237State::S4:
            tc_ = channels[channel_].count == 0;
            break;
        case I8237State::S11:
            latch_[0] = high_byte_of(channels[0].address);
            break;
        case I8237State::S12:
        case I8237State::S22:
            waits_ = 0;
            break;
        case I8237State::S21:
            latch_[1] = high_byte_of(channels[1].address);
            second_latch_valid_ = true;
            break;
        case I8237State::S24:
            tc_ = channels[1].count == 0;
            break;
        default:
            break;
    }
}

void I8237Core::step(Cycles edge) {
    const bool moving = state_ != I8237State::Si && state_ != I8237State::S0 && state_ != I8237State::Sc;
    ended_ = ended_ || (moving && eop_.level());
    const auto wait_or = [this](I8237State wait, I8237State next) {
        if (must_wait()) {
            ++waits_;
            enter(wait);
        } else {
            enter(next);
        }
    };
    switch (state_) {
        case I8237State::Si:
            if (will_move()) {
                channel_ = static_cast<unsigned>(winner());
                last_ = channel_;
                enter(I8237State::S0);
            }
            return;
        case I8237State::S0:
            if (!hlda_.level()) {
                return;
            }
            if ((registers_.channels[channel_].mode & i8237_mode::kModeMask) == i8237_mode::kCascade) {
                enter(I8237State::Sc);
            } else if (channel_ == 0 && (registers_.command & i8237_command::kMemoryToMemory) != 0) {
                memory_service_ = true;
                enter(I8237State::S11);
            } else {
                enter(I8237State::S1);
            }
            return;
        case I8237State::Sc:
            if (!requests(channel_)) {
                enter(I8237State::Si);
            }
            return;
        case I8237State::S1:
            return enter(I8237State::S2);
        case I8237State::S2:
            if (!compressed()) {
                return enter(I8237State::S3);
            }
            return wait_or(I8237State::Sw, I8237State::S4);
        case I8237State::S3:
        case I8237State::Sw:
            return wait_or(I8237State::Sw, I8237State::S4);
        case I8237State::S11:
            return enter(I8237State::S12);
        case I8237State::S12:
            return enter(I8237State::S13);
        case I8237State::S13:
        case I8237State::Sw1:
            return wait_or(I8237State::Sw1, I8237State::S14);
        case I8237State::S14: {
            registers_.temporary = bus_.data(edge);
            const bool skip = timing_.high_address_skip >= 2 && second_latch_valid_ &&
                              latch_[1] == high_byte_of(registers_.channels[1].address);
            return enter(skip ? I8237State::S22 : I8237State::S21);
        }
        case I8237State::S21:
            return enter(I8237State::S22);
        case I8237State::S22:
            return enter(I8237State::S23);
        case I8237State::S23:
        case I8237State::Sw2:
            return wait_or(I8237State::Sw2, I8237State::S24);
        case I8237State::S4:
        case I8237State::S24:
            return next_byte();
    }
}

void I8237Core::advance_channel(unsigned channel, bool hold_address) {
    I8237Registers::Channel& registers = registers_.channels[channel];
    registers.count = static_cast<std::uint16_t>(registers.count - 1);
    if (!hold_address) {
        const int step = (registers.mode & i8237_mode::kDecrement) != 0 ? -1 : 1;
        registers.address = static_cast<std::uint16_t>(registers.address + step);
    }
}

void I8237Core::end_of_process(unsigned channel) {
    I8237Registers::Channel& registers = registers_.channels[channel];
    const std::uint8_t bit = bit_of(channel);
    registers_.terminal_count = with_bit(registers_.terminal_count, bit, true);
    registers_.request = with_bit(registers_.request, bit, false);
    if ((registers.mode & i8237_mode::kAutoinitialise) != 0) {
        registers.address = registers.base_address;
        registers.count = registers.base_count;
    } else {
        registers_.mask = with_bit(registers_.mask, bit, true);
    }
}

void I8237Core::next_byte() {
    if (memory_service_) {
        advance_channel(0, (registers_.command & i8237_command::kAddressHold) != 0);
        advance_channel(1, false);
    } else {
        advance_channel(channel_, false);
    }
    if (tc_ || ended_) {
        end_of_process(memory_service_ ? 0 : channel_);
        if (memory_service_) {
            end_of_process(1);
        }
        return enter(I8237State::Si);
    }
    const I8237Registers::Channel& channel = registers_.channels[memory_service_ ? 0 : channel_];
    const bool same_page = latch_[0] == high_byte_of(channel.address);
    if (memory_service_) {
        return enter(timing_.high_address_skip >= 1 && same_page ? I8237State::S12 : I8237State::S11);
    }
    const unsigned mode = channel.mode & i8237_mode::kModeMask;
    if (mode == i8237_mode::kSingle || mode == i8237_mode::kCascade ||
        (mode == i8237_mode::kDemand && !requests(channel_))) {
        return enter(I8237State::Si);
    }
    enter(same_page ? I8237State::S2 : I8237State::S1);
}

I8237Core::MiddlePins I8237Core::middle_pins() const {
    MiddlePins pins;
    if (state_ == I8237State::Si || state_ == I8237State::S0 || state_ == I8237State::Sc) {
        return pins;
    }
    const bool extended = (registers_.command & i8237_command::kExtendedWrite) != 0;
    bool read = false;
    bool write = false;
    bool second = false;  // The half of a memory-to-memory byte that writes.
    pins.aen = true;
    switch (state_) {
        case I8237State::S1:
        case I8237State::S11:
            pins.adstb = true;
            break;
        case I8237State::S2:
            read = true;
            write = extended || compressed();
            break;
        case I8237State::S3:
        case I8237State::Sw:
            read = true;
            write = true;
            break;
        case I8237State::S12:
        case I8237State::S13:
        case I8237State::Sw1:
            read = true;
            break;
        case I8237State::S21:
            second = true;
            pins.adstb = true;
            break;
        case I8237State::S22:
            second = true;
            write = extended;
            break;
        case I8237State::S23:
        case I8237State::Sw2:
            second = true;
            write = true;
            break;
        case I8237State::S24:
            second = true;
            break;
        default:
            break;
    }
    const unsigned channel = !memory_service_ ? channel_ : second ? 1 : 0;
    const std::uint8_t high = latch_[second ? 1 : 0];
    pins.address = static_cast<std::uint16_t>(high << 8 | (registers_.channels[channel].address & 0xFF));
    pins.drives_data = pins.adstb || second;
    pins.data = pins.adstb ? high : second ? registers_.temporary : std::uint8_t{0};
    const unsigned transfer = registers_.channels[channel].mode & i8237_mode::kTransferMask;
    const bool from_memory = memory_service_ || transfer == i8237_mode::kRead;
    const bool to_memory = memory_service_ || transfer == i8237_mode::kWrite;
    pins.memr = read && from_memory;
    pins.iow = write && from_memory && !memory_service_;
    pins.ior = read && to_memory && !memory_service_;
    pins.memw = write && to_memory;
    return pins;
}

I8237Pins I8237Core::pins_with(const MiddlePins& middle) const {
    I8237Pins pins;
    pins.state = state_;
    pins.hrq = state_ != I8237State::Si;
    pins.channel = static_cast<std::uint8_t>(pins.hrq ? channel_ : 0);
    pins.tc = tc_ && (state_ == I8237State::S4 || state_ == I8237State::S24);
    pins.dack = acknowledged_ ? bit_of(channel_) : std::uint8_t{0};
    const bool active_high = (registers_.command & i8237_command::kDackActiveHigh) != 0;
    pins.dack_levels = static_cast<std::uint8_t>(active_high ? pins.dack : ~pins.dack & 0xF);
    pins.aen = middle.aen;
    pins.adstb = middle.adstb;
    pins.ior = middle.ior;
    pins.iow = middle.iow;
    pins.memr = middle.memr;
    pins.memw = middle.memw;
    pins.address = middle.address;
    pins.data = middle.data;
    pins.drives_data = middle.drives_data;
    return pins;
}

}  // namespace dmasim
