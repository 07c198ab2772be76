// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/peripheral/device_port.h"

#include <algorithm>

#include "dmasim/bus/core/beats.h"
#include "dmasim/bus/core/text.h"
#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

std::uint32_t checked(const DeviceTiming& timing, std::uint32_t data_width_bits) {
    std::vector<std::string> problems;
    detail::check_width(problems, data_width_bits);
    detail::check_range(problems, "read_latency", timing.read_latency, 1, 1U << 20);
    detail::check_range(problems, "write_latency", timing.write_latency, 1, 1U << 20);
    detail::check_range(problems, "read_wait", timing.read_wait, 0, 1U << 20);
    detail::check_range(problems, "write_wait", timing.write_wait, 0, 1U << 20);
    detail::refuse("peripheral", problems);
    return data_width_bits / 8;
}

}  // namespace

DevicePort::DevicePort(const DeviceTiming& timing, std::uint32_t data_width_bits)
    : timing_(timing.read_latency, timing.write_latency, timing.read_wait, timing.write_wait),
      bus_bytes_(checked(timing, data_width_bits)) {}

void DevicePort::request(const Burst& burst, Cycles at) {
    DMASIM_INVARIANT(master_ != nullptr);
    Pending pending;
    pending.burst = burst;
    const std::uint32_t beats = bus_beats(burst, bus_bytes_);
    const std::uint32_t tag = burst.tag;
    if (burst.access == Access::Read) {
        at = newest_read_ = std::max(at, newest_read_);
        pending.read = timing_.read(at, beats);
        pending.at = pending.read.first;
        reads_.push_back(std::move(pending));
    } else {
        at = newest_write_ = std::max(at, newest_write_);
        pending.write = timing_.write(at, beats);
        pending.at = pending.write.last;
        pending.data.assign(burst.data, burst.data + burst.bytes);
        if (burst.enables != nullptr) {
            pending.enables.assign(burst.enables, burst.enables + burst.bytes);
        }
        writes_.push_back(std::move(pending));
    }
    master_->accepted(tag, at);
}

Cycles DevicePort::next_edge() const {
    Cycles next = next_device_edge();
    if (!reads_.empty()) {
        next = std::min(next, reads_.front().at);
    }
    if (!writes_.empty()) {
        next = std::min(next, writes_.front().at);
    }
    return next == kNever || !evaluated_ ? next : std::max(next, last_ + 1);
}

void DevicePort::evaluate(Cycles edge) {
    evaluated_ = true;
    last_ = edge;
    if (edge.count() != 0) {
        advance_device(edge - 1);
    }
    while (!reads_.empty() && reads_.front().at <= edge) {
        const Pending now = std::move(reads_.front());
        reads_.pop_front();
        const Response response = transfer(now.burst, edge);
        master_->read_data(now.burst.tag, now.read.first, now.read.interval, response);
    }
    while (!writes_.empty() && writes_.front().at <= edge) {
        Pending now = std::move(writes_.front());
        writes_.pop_front();
        now.burst.data = now.data.data();
        now.burst.enables = now.enables.empty() ? nullptr : now.enables.data();
        const Response response = transfer(now.burst, edge);
        master_->write_response(now.burst.tag, now.write.response, response);
    }
    advance_device(edge);
    drive(edge);
}

DevicePort::Blocking DevicePort::access(const Burst& burst, Cycles at) {
    const std::uint32_t beats = bus_beats(burst, bus_bytes_);
    const bool read = burst.access == Access::Read;
    const ReadTiming reading = timing_.idle_read(at, beats);
    const WriteTiming writing = timing_.idle_write(at, beats);
    Cycles edge = read ? reading.first : writing.last;
    // A caller that runs ahead of others must not turn the device's time back.
    edge = evaluated_ ? std::max(edge, last_) : edge;
    advance_device(edge - 1);
    const Response response = transfer(burst, edge);
    advance_device(edge);
    evaluated_ = true;
    last_ = edge;
    drive(edge);
    return read ? Blocking{response, reading.first, reading.interval}
                : Blocking{response, writing.response, writing.interval};
}

}  // namespace dmasim
