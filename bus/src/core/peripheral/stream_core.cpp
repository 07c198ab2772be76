// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/peripheral/stream_core.h"

#include <algorithm>
#include <cstring>

#include "dmasim/bus/core/beats.h"
#include "dmasim/bus/core/text.h"

namespace dmasim {

std::vector<std::string> validate(const StreamConfig& config) {
    std::vector<std::string> problems;
    detail::check_width(problems, config.data_width_bits);
    const std::uint32_t element = config.element_bytes;
    if (element == 0 || (element & (element - 1)) != 0 || element > config.data_width_bits / 8) {
        problems.push_back("element_bytes is " + std::to_string(element) + ", must be a power of two of 1 to " +
                           std::to_string(config.data_width_bits / 8));
    }
    detail::check_range(problems, "fifo_elements", config.fifo_elements, 1, 1U << 20);
    detail::check_range(problems, "threshold", config.threshold, 1, config.fifo_elements);
    detail::check_range(problems, "cycles_per_element", config.cycles_per_element, 1, 1U << 20);
    return problems;
}

namespace {

const StreamConfig& checked(const StreamConfig& config) {
    detail::refuse("stream peripheral", validate(config));
    return config;
}

}  // namespace

StreamPeripheralCore::StreamPeripheralCore(const StreamConfig& config)
    : DevicePort(checked(config).timing, config.data_width_bits),
      config_(config),
      pacer_(config.fifo_elements, config.cycles_per_element) {
    if (config.sink) {
        pacer_.start_sink(Cycles{0});
    } else {
        pacer_.start_source(0, Cycles{0});
    }
}

void StreamPeripheralCore::add_input(const Input& input) {
    const auto place = std::upper_bound(inputs_.begin(), inputs_.end(), input,
                                        [](const Input& a, const Input& b) { return a.at < b.at; });
    inputs_.insert(place, input);
}

void StreamPeripheralCore::supply(const std::uint8_t* data, std::size_t bytes, Cycles at) {
    bytes_.insert(bytes_.end(), data, data + bytes);
    const std::uint64_t whole = bytes_.size() / config_.element_bytes;
    add_input({at, whole - supplied_, false, false});
    supplied_ = whole;
}

void StreamPeripheralCore::dack(bool level, Cycles) {
    acknowledges_ += level && !dack_ ? 1 : 0;
    dack_ = level;
}

void StreamPeripheralCore::tc(bool level, Cycles at) {
    if (level && !tc_) {
        ++terminal_counts_;
        if (config_.stop_at_tc) {
            add_input({at, 0, true, false});
        }
        stuck_from_ = kNever;  // What comes later belongs to another transfer.
    }
    tc_ = level;
}

void StreamPeripheralCore::arm(Cycles at) {
    add_input({at, 0, false, true});
}

// Inputs stamped s hold from edge s+1 on.
void StreamPeripheralCore::take_inputs(Cycles edge) {
    while (!inputs_.empty() && inputs_.front().at < edge) {
        const Input input = inputs_.front();
        inputs_.erase(inputs_.begin());
        pacer_.advance(input.at);
        pacer_.extend(input.elements, input.at);
        if (input.elements != 0 && !config_.sink) {
            stuck_from_ = pacer_.when(config_.fifo_elements);
        }
        stopped_ = (stopped_ || input.stop) && !input.arm;
    }
}

void StreamPeripheralCore::report(FifoEvent what, Cycles at, std::uint64_t bytes) const {
    TraceEvent event;
    event.at = at;
    event.kind = EventKind::PeripheralFifo;
    event.source = source_;
    event.value = static_cast<std::uint32_t>(what);
    event.address = address_;
    event.bytes = bytes;
    sink_->event(event);
}

void StreamPeripheralCore::judge_pace(Cycles edge) {
    const bool missed = stuck_from_ != kNever && edge > stuck_from_ + config_.cycles_per_element &&
                        (config_.sink || pacer_.to_produce() != 0);
    if (missed && sink_ != nullptr && config_.real_time) {
        report(config_.sink ? FifoEvent::Underrun : FifoEvent::Overrun, stuck_from_ + config_.cycles_per_element,
               config_.element_bytes);
    }
}

void StreamPeripheralCore::report_fill(Cycles edge) {
    if (sink_ != nullptr && (pacer_.fill() != 0) != filled_) {
        filled_ = !filled_;
        report(filled_ ? FifoEvent::Filled : FifoEvent::Empty, edge);
    }
}

void StreamPeripheralCore::advance_device(Cycles edge) {
    take_inputs(edge + 1);
    const Cycles empty = config_.sink ? pacer_.when(0) : kNever;
    pacer_.advance(edge);
    report_fill(empty <= edge ? empty : edge);
}

bool StreamPeripheralCore::wanted() const {
    if (stopped_) {
        return false;
    }
    if (config_.sink) {
        return pacer_.room() >= config_.threshold;
    }
    // What is left at the end is requested although it does not reach the threshold.
    return pacer_.fill() >= config_.threshold || (pacer_.to_produce() == 0 && pacer_.fill() != 0);
}

void StreamPeripheralCore::drive(Cycles edge) {
    if (wanted() != dreq_) {
        dreq_ = !dreq_;
        if (dreq_out_) {
            dreq_out_(dreq_, edge + 1);
        }
    }
}

Cycles StreamPeripheralCore::next_device_edge() const {
    Cycles next = inputs_.empty() ? kNever : inputs_.front().at + 1;
    if (dreq_ != wanted()) {
        // The level at the very beginning: a sink wants from edge 0 on.
        return Cycles{0};
    }
    if (sink_ != nullptr && config_.sink && filled_) {
        next = std::min(next, pacer_.when(0));  // Somebody wants to know.
    }
    if (!dreq_ && !stopped_) {
        const std::uint64_t end = pacer_.fill() + pacer_.to_produce();
        next = std::min(next, pacer_.when(config_.sink ? config_.fifo_elements - config_.threshold
                                                       : std::min<std::uint64_t>(config_.threshold, end)));
    }
    return next;
}

Response StreamPeripheralCore::transfer(const Burst& burst, Cycles edge) {
    if (burst.address != 0) {
        return Response::AddressError;
    }
    if ((burst.access == Access::Write) != config_.sink) {
        return Response::CommandError;
    }
    if (burst.bytes % config_.element_bytes != 0 ||
        (burst.fixed_bytes != 0 && burst.fixed_bytes % config_.element_bytes != 0)) {
        return Response::BurstError;
    }
    if (burst.enables != nullptr &&
        std::any_of(burst.enables, burst.enables + burst.bytes, [](std::uint8_t enable) { return enable == 0; })) {
        return Response::ByteEnableError;
    }
    const std::uint64_t elements = burst.bytes / config_.element_bytes;
    judge_pace(edge);
    const std::uint64_t moved = std::min(elements, config_.sink ? pacer_.room() : pacer_.fill());
    const auto bytes = static_cast<std::size_t>(moved * config_.element_bytes);
    if (config_.sink) {
        pacer_.push(moved, edge);
        bytes_.insert(bytes_.end(), burst.data, burst.data + bytes);
    } else {
        pacer_.pop(moved, edge);
        std::memcpy(burst.data, bytes_.data() + position_, bytes);
        std::memset(burst.data + bytes, 0, burst.bytes - bytes);
        position_ += bytes;
    }
    stuck_from_ = pacer_.when(config_.sink ? 0 : config_.fifo_elements);
    report_fill(edge);
    if (moved == elements) {
        return Response::Ok;
    }
    ++misuses_;
    if (sink_ != nullptr) {
        report(config_.sink ? FifoEvent::Overrun : FifoEvent::Underrun, edge, burst.bytes - bytes);
    }
    return config_.error_on_misuse ? Response::GenericError : Response::Ok;
}

}  // namespace dmasim
