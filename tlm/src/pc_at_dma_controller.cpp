// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/pc_at_dma_controller.h"

#include <utility>

#include "dmasim/model/errors.h"

#include "module_config.h"

namespace dmasim {

namespace {

MasterSocketOptions socket_options(const PcAtDmaControllerConfig& config) {
    MasterSocketOptions options;
    options.style = config.style;
    options.initiator = config.initiator;
    options.max_blocking_calls = 1;
    options.bus_bytes = config.bus_bytes;
    return options;
}

void drive(OptionalOutput& output, bool level) {
    if (output.size() != 0) {
        output->write(level);
    }
}

unsigned bytes_of(unsigned channel) {
    return channel < kPcAtCascadeChannel ? 1 : 2;
}

}  // namespace

std::vector<std::string> validate(const PcAtDmaControllerConfig& config) {
    std::vector<std::string> problems = validate(config.pc_at);
    detail::check_ports(problems, config.style, config.register_latency, config.bus_bytes);
    return problems;
}

PcAtDmaController::PcAtDmaController(const sc_core::sc_module_name& name, const ClockDomain& domain,
                                     const PcAtDmaControllerConfig& config)
    : sc_module(name),
      registers("registers"),
      memory("memory"),
      data("data", kPcAtChannels),
      dreq("dreq", kPcAtChannels),
      dack("dack", kPcAtChannels),
      tc("tc", kPcAtChannels),
      eop("eop"),
      irq("irq"),
      reset("reset"),
      config_(detail::checked(this->name(), config)),
      domain_(domain),
      lines_(*this),
      core_(config_.pc_at, *this, lines_),
      process_("process", domain_, core_),
      adapter_("adapter", memory, process_, core_, socket_options(config_)),
      register_target_("register_target", registers, domain_, *this, config_.register_latency),
      irq_driver_("irq_driver", domain_, irq),
      dreq_level_(kPcAtChannels, false) {
    core_.on_interrupt([this](bool level, Cycles at) { irq_driver_.change(level, at); });
    SC_HAS_PROCESS(PcAtDmaController);
    SC_METHOD(inputs_changed);
    sensitive << eop << reset;
    for (OptionalInput& input : dreq) {
        sensitive << input;
    }
}

PcAtDmaController::~PcAtDmaController() = default;

void PcAtDmaController::before_end_of_elaboration() {
    if (memory.size() == 0) {
        throw ConfigError(std::string(name()) + ": the socket memory is not bound");
    }
}

std::uint16_t PcAtDmaController::Lines::give(unsigned channel, Cycles at) {
    OptionalFlyByPort& port = owner_.data[channel];
    return port.size() == 0 ? std::uint16_t{0xFFFF} : port->give(bytes_of(channel), at);
}

void PcAtDmaController::Lines::take(unsigned channel, std::uint16_t value, Cycles at) {
    OptionalFlyByPort& port = owner_.data[channel];
    if (port.size() != 0) {
        port->take(value, bytes_of(channel), at);
    }
}

void PcAtDmaController::Lines::acknowledge(unsigned channel, bool level, Cycles at) {
    drive(owner_.dack[channel], level);
    OptionalFlyByPort& port = owner_.data[channel];
    if (level && port.size() != 0) {
        port->acknowledged(bytes_of(channel), at);
    }
}

void PcAtDmaController::Lines::terminal_count(unsigned channel, bool level, Cycles /*at*/) {
    drive(owner_.tc[channel], level);
}

void PcAtDmaController::request(const Burst& burst, Cycles at) {
    adapter_.request(burst, at);
}

void PcAtDmaController::inputs_changed() {
    const Cycles at = domain_.stamp_of(sc_core::sc_time_stamp());
    const auto level_of = [](OptionalInput& input) { return input.size() != 0 && input->read(); };
    const bool in_reset = level_of(reset);
    if (in_reset && !in_reset_) {
        core_.reset(at);
    }
    in_reset_ = in_reset;
    for (unsigned channel = 0; channel < kPcAtChannels; ++channel) {
        if (const bool level = level_of(dreq[channel]); level != dreq_level_[channel]) {
            dreq_level_[channel] = level;
            core_.set_dreq(channel, level, at);
        }
    }
    if (const bool level = level_of(eop); level != eop_level_) {
        eop_level_ = level;
        core_.set_eop(level, at);
    }
    process_.wake();
}

Response PcAtDmaController::read(std::uint64_t offset, std::uint32_t& value, Cycles at) {
    std::uint8_t byte = 0;
    const bool known = offset < pc_at_port::kBytes && core_.read(static_cast<std::uint32_t>(offset), byte, at);
    value = byte;
    process_.wake();
    return known ? Response::Ok : Response::AddressError;
}

Response PcAtDmaController::write(std::uint64_t offset, std::uint32_t value, std::uint8_t /*enables*/, Cycles at) {
    if (offset >= pc_at_port::kBytes) {
        return Response::AddressError;
    }
    if (in_reset_) {
        return Response::Ok;
    }
    const bool known = core_.write(static_cast<std::uint32_t>(offset), static_cast<std::uint8_t>(value), at);
    process_.wake();
    return known ? Response::Ok : Response::AddressError;
}

Response PcAtDmaController::peek(std::uint64_t offset, std::uint32_t& value) const {
    std::uint8_t byte = 0;
    const bool known = offset < pc_at_port::kBytes && core_.peek(static_cast<std::uint32_t>(offset), byte);
    value = byte;
    return known ? Response::Ok : Response::AddressError;
}

}  // namespace dmasim
