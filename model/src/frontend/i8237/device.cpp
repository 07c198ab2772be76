// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/i8237/device.h"

#include <algorithm>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

const I8237DeviceConfig& checked(const I8237DeviceConfig& config) {
    std::string text;
    for (const std::string& problem : validate(config)) {
        text += text.empty() ? problem : "; " + problem;
    }
    if (!text.empty()) {
        throw ConfigError(text);
    }
    return config;
}

/// What a data bus that nobody drives carries.
constexpr std::array<std::uint8_t, 2> kNothing{kI8237Undriven, kI8237Undriven};

Cycles later(Cycles a, Cycles b) {
    return a < b ? b : a;
}

Cycles after(Cycles at) {
    return at == kNever ? kNever : Cycles{at.count() + 1};
}

}  // namespace

std::vector<std::string> validate(const I8237DeviceConfig& config) {
    std::vector<std::string> problems = validate(config.timing);
    if (config.unit_bytes != 1 && config.unit_bytes != 2) {
        problems.push_back("i8237: unit_bytes is " + std::to_string(config.unit_bytes) + ", must be 1 or 2");
    }
    return problems;
}

I8237Device::I8237Device(const I8237DeviceConfig& config, I8237Owner& owner)
    : config_(checked(config)), owner_(owner), core_(config_.timing, *this) {}

Cycles I8237Device::next_edge() const {
    Cycles next = std::min(core_.next_edge(), ready_due_);
    for (std::size_t i = 0; i < units_.size(); ++i) {
        next = std::min({next, read_edge(i), write_edge(i)});
    }
    // What became due while its edge was evaluated waits for the next one.
    return evaluated_ && next != kNever ? later(next, after(edge_)) : next;
}

void I8237Device::evaluate(Cycles edge) {
    edge_ = edge;
    evaluated_ = true;
    retire(edge);
    update_ready(edge);
    if (core_.next_edge() <= edge) {
        core_.evaluate(edge);
    }
    // By index: what is answered at once may not move units, but the queue's ends do.
    for (std::size_t i = 0; i < units_.size(); ++i) {
        if (read_edge(i) <= edge) {
            request(units_[i], Access::Read, edge);
        }
        if (write_edge(i) <= edge) {
            request(units_[i], Access::Write, edge);
        }
    }
    update_ready(edge);
}

void I8237Device::set_ready(bool level, Cycles at) {
    ready_pin_ = level;
    update_ready(at);
}

void I8237Device::pins(const I8237Pins& now, Cycles at) {
    const I8237Pins before = shown_;
    shown_ = now;
    const bool from_memory = now.memr && !before.memr;
    const bool from_peripheral = now.ior && !before.ior;
    const bool ends = (before.memr && !now.memr) || (before.ior && !now.ior);
    if ((ends || from_memory || from_peripheral) && open_) {
        open_ = false;
        units_.back().may_write = false;
    }
    // S22 to S24 drive the data bus: the second half of a byte from memory to memory.
    const bool second_half = now.drives_data && !now.adstb;
    if (from_memory || from_peripheral) {
        if (Unit* const unit = add_unit(at)) {
            open_ = true;
            const bool fly_by = now.dack != 0;
            unit->reads = true;
            unit->may_write = fly_by;
            unit->bytes = fly_by ? config_.unit_bytes : 1;
            unit->read_port = from_memory ? I8237Port::Memory : peripheral_port(now.channel);
            unit->read_address = from_memory ? address_of(now.channel, now.address, unit->bytes) : 0;
            unit->read_from = at;
            unit->data_at = kNever;
        }
    }
    const bool to_memory = now.memw && !before.memw;
    const bool to_peripheral = now.iow && !before.iow;
    if (to_memory || to_peripheral) {
        Unit* unit = nullptr;
        if (second_half) {
            unit = add_unit(at);
            if (unit != nullptr) {
                unit->data[0] = now.data;
                unit->data_at = at;
            }
        } else if (open_) {
            unit = &units_.back();
            unit->may_write = false;
        }
        if (unit != nullptr) {
            unit->writes = true;
            unit->write_port = to_memory ? I8237Port::Memory : peripheral_port(now.channel);
            unit->write_address = to_memory ? address_of(second_half ? 1 : now.channel, now.address, unit->bytes) : 0;
            unit->write_from = at;
        }
    }
    owner_.pins(now, at);
}

std::uint8_t I8237Device::data(Cycles at) {
    // The unit of the read may have gone; it leaves its byte behind.
    for (auto unit = units_.rbegin(); unit != units_.rend(); ++unit) {
        if (unit->reads) {
            return unit->data_at < at && !unit->failed ? unit->data[0] : kI8237Undriven;
        }
    }
    return memory_byte_[0];
}

I8237Device::Unit* I8237Device::add_unit(Cycles at) {
    retire(at);
    if (units_.size() >= kMostUnits) {
        fail(at);
        return nullptr;
    }
    units_.emplace_back();
    units_.back().number = next_number_;
    next_number_ = (next_number_ + 1) & 0xFFFFU;
    return &units_.back();
}

I8237Device::Unit* I8237Device::find(std::uint32_t number) {
    const auto found =
        std::find_if(units_.begin(), units_.end(), [&](const Unit& unit) { return unit.number == number; });
    return found == units_.end() ? nullptr : &*found;
}

Cycles I8237Device::read_edge(std::size_t index) const {
    const Unit& unit = units_[index];
    if (!unit.reads || unit.read_requested) {
        return kNever;
    }
    Cycles edge = unit.read_from;
    for (std::size_t i = 0; i < index; ++i) {
        const Unit& before = units_[i];
        if (before.reads) {
            edge = later(edge, after(before.data_at));
        }
        // What was written there before is read, not what was there before that.
        if (before.writes && before.write_port == unit.read_port) {
            edge = later(edge, after(before.answer_at));
        }
    }
    return edge;
}

Cycles I8237Device::write_edge(std::size_t index) const {
    const Unit& unit = units_[index];
    if (!unit.writes || unit.write_requested) {
        return kNever;
    }
    Cycles edge = unit.reads ? later(unit.write_from, after(unit.data_at)) : unit.write_from;
    for (std::size_t i = 0; i < index; ++i) {
        if (units_[i].may_write) {
            return kNever;
        }
        if (units_[i].writes) {
            edge = later(edge, after(units_[i].answer_at));
        }
    }
    return edge;
}

void I8237Device::request(Unit& unit, Access access, Cycles at) {
    const bool read = access == Access::Read;
    (read ? unit.read_requested : unit.write_requested) = true;
    Burst burst;
    burst.access = access;
    burst.channel = shown_.channel;
    burst.tag = unit.number * 2 + (read ? 0 : 1);
    burst.address = read ? unit.read_address : unit.write_address;
    burst.bytes = unit.bytes;
    if (!read && unit.failed) {
        unit.data = kNothing;
    }
    burst.data = unit.data.data();
    if (owner_.request(read ? unit.read_port : unit.write_port, burst, at)) {
        return;
    }
    // Nobody drives the bus, nobody takes from it.
    if (read) {
        unit.data = kNothing;
        unit.data_at = at;
    } else {
        unit.answer_at = at;
    }
}

void I8237Device::accepted(std::uint32_t /*tag*/, Cycles /*at*/) {}

void I8237Device::read_data(std::uint32_t tag, Cycles first, std::uint32_t /*interval*/, Response response) {
    Unit* const unit = find(tag / 2);
    DMASIM_INVARIANT(unit != nullptr && unit->read_requested && unit->data_at == kNever);
    unit->data_at = first;
    if (response != Response::Ok) {
        unit->failed = true;
        fail(first);
    }
    update_ready(later(first, edge_));
}

void I8237Device::write_response(std::uint32_t tag, Cycles at, Response response) {
    Unit* const unit = find(tag / 2);
    DMASIM_INVARIANT(unit != nullptr && unit->write_requested && unit->answer_at == kNever);
    unit->answer_at = at;
    if (response != Response::Ok) {
        fail(at);
    }
    update_ready(later(at, edge_));
}

Cycles I8237Device::busy_until() const {
    Cycles until{0};
    for (std::size_t i = 0; i < units_.size(); ++i) {
        const Unit& unit = units_[i];
        until = later(until, unit.data_at);
        if (unit.writes && i + 1 != units_.size()) {
            until = later(until, unit.answer_at);
        }
    }
    return until;
}

void I8237Device::update_ready(Cycles at) {
    const Cycles until = busy_until();
    const bool waits = until > at;
    ready_due_ = waits ? until : kNever;
    const bool level = ready_pin_ && !waits;
    if (level != ready_) {
        ready_ = level;
        core_.set_ready(level, at);
    }
}

void I8237Device::retire(Cycles edge) {
    while (!units_.empty() && units_.front().done(edge)) {
        if (units_.front().reads) {
            memory_byte_ = units_.front().failed ? kNothing : units_.front().data;
        }
        units_.pop_front();
    }
    // The one that is open is the last.
    open_ = open_ && !units_.empty();
}

void I8237Device::fail(Cycles at) {
    ++bus_errors_;
    owner_.bus_error_at(at);
}

std::uint64_t I8237Device::address_of(unsigned channel, std::uint16_t address, std::uint32_t bytes) const {
    const std::uint64_t mapped = map_ ? map_(channel, address) : std::uint64_t{address} * bytes;
    return mapped - mapped % bytes;
}

}  // namespace dmasim
