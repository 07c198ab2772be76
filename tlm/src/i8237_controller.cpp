// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/i8237_controller.h"

#include <algorithm>
#include <utility>

#include "dmasim/model/errors.h"

#include "module_config.h"

namespace dmasim {

std::vector<std::string> validate(const I8237ControllerConfig& config) {
    std::vector<std::string> problems = validate(config.device);
    detail::check_ports(problems, config.style, config.register_latency, config.bus_bytes);
    if (config.register_spacing != 1 && config.register_spacing != 2) {
        problems.push_back("register_spacing is " + std::to_string(config.register_spacing) + ", must be 1 or 2");
    }
    return problems;
}

I8237Controller::I8237Controller(const sc_core::sc_module_name& name, const ClockDomain& domain,
                                 const I8237ControllerConfig& config)
    : sc_module(name),
      registers("registers"),
      memory("memory"),
      peripheral("peripheral", kI8237Channels),
      dreq("dreq", kI8237Channels),
      dack("dack", kI8237Channels),
      hrq("hrq"),
      hlda("hlda"),
      ready("ready"),
      eop("eop"),
      tc("tc"),
      aen("aen"),
      adstb("adstb"),
      ior("ior"),
      iow("iow"),
      memr("memr"),
      memw("memw"),
      bus_error("bus_error"),
      reset("reset"),
      config_(detail::checked(this->name(), config)),
      domain_(domain),
      device_(config_.device, *this),
      process_("process", domain_, device_),
      register_target_("register_target", registers, domain_, *this, config_.register_latency),
      dreq_level_(kI8237Channels, false),
      error_event_("error_event") {
    MasterSocketOptions options;
    options.style = config_.style;
    options.initiator = config_.initiator;
    options.max_blocking_calls = 2;  // A read and a write.
    options.bus_bytes = config_.bus_bytes;
    adapters_.push_back(std::make_unique<MasterSocketAdapter>("memory_adapter", memory, process_, device_, options));
    for (unsigned channel = 0; channel < kI8237Channels; ++channel) {
        adapters_.push_back(
            std::make_unique<MasterSocketAdapter>(("peripheral_adapter_" + std::to_string(channel)).c_str(),
                                                  peripheral[channel], process_, device_, options));
    }
    SC_HAS_PROCESS(I8237Controller);
    SC_METHOD(inputs_changed);
    sensitive << hlda << ready << eop << reset;
    for (OptionalInput& input : dreq) {
        sensitive << input;
    }
    SC_METHOD(drive_error);
    sensitive << error_event_;
    dont_initialize();
}

I8237Controller::~I8237Controller() = default;

void I8237Controller::pins(const I8237Pins& now, Cycles /*at*/) {
    for (unsigned channel = 0; channel < kI8237Channels; ++channel) {
        drive(dack[channel], (now.dack >> channel & 1U) != 0);
    }
    drive(hrq, now.hrq);
    drive(tc, now.tc);
    drive(aen, now.aen);
    drive(adstb, now.adstb);
    drive(ior, now.ior);
    drive(iow, now.iow);
    drive(memr, now.memr);
    drive(memw, now.memw);
}

void I8237Controller::drive(OptionalOutput& output, bool level) {
    if (output.size() != 0) {
        output->write(level);
    }
}

bool I8237Controller::request(I8237Port port, const Burst& burst, Cycles at) {
    const auto index = static_cast<std::size_t>(port);
    if ((port == I8237Port::Memory ? memory : peripheral[index - 1]).size() == 0) {
        return false;
    }
    adapters_[index]->request(burst, at);
    return true;
}

void I8237Controller::bus_error_at(Cycles at) {
    if (bus_error.size() == 0) {
        return;
    }
    error_from_ = std::min(error_from_, at);
    error_until_ = std::max(error_until_, at + 1);
    error_event_.notify(domain_.time_until(error_from_, sc_core::sc_time_stamp()));
}

void I8237Controller::drive_error() {
    const Cycles now = domain_.stamp_of(sc_core::sc_time_stamp());
    const bool level = error_from_ <= now && now < error_until_;
    bus_error->write(level);
    if (level) {
        error_event_.notify(domain_.time_until(error_until_, sc_core::sc_time_stamp()));
    } else {
        error_from_ = kNever;
    }
}

void I8237Controller::inputs_changed() {
    const Cycles at = domain_.stamp_of(sc_core::sc_time_stamp());
    const auto level_of = [](OptionalInput& input, bool unbound) {
        return input.size() == 0 ? unbound : input->read();
    };
    const bool in_reset = level_of(reset, false);
    if (in_reset && !in_reset_) {
        device_.reset(at);
    }
    in_reset_ = in_reset;
    for (unsigned channel = 0; channel < kI8237Channels; ++channel) {
        const bool level = level_of(dreq[channel], false);
        if (level != dreq_level_[channel]) {
            dreq_level_[channel] = level;
            device_.set_dreq(channel, level, at);
        }
    }
    if (const bool level = level_of(hlda, false); level != hlda_level_) {
        hlda_level_ = level;
        device_.set_hlda(level, at);
    }
    if (const bool level = level_of(ready, true); level != ready_level_) {
        ready_level_ = level;
        device_.set_ready(level, at);
    }
    if (const bool level = level_of(eop, false); level != eop_level_) {
        eop_level_ = level;
        device_.set_eop(level, at);
    }
    process_.wake();
}

Response I8237Controller::read(std::uint64_t offset, std::uint32_t& value, Cycles at) {
    value = device_.read(static_cast<unsigned>(offset / config_.register_spacing % 16), at);
    process_.wake();
    return Response::Ok;
}

Response I8237Controller::write(std::uint64_t offset, std::uint32_t value, std::uint8_t /*enables*/, Cycles at) {
    if (!in_reset_) {
        device_.write(static_cast<unsigned>(offset / config_.register_spacing % 16), static_cast<std::uint8_t>(value),
                      at);
        process_.wake();
    }
    return Response::Ok;
}

Response I8237Controller::peek(std::uint64_t offset, std::uint32_t& value) const {
    value = device_.peek(static_cast<unsigned>(offset / config_.register_spacing % 16));
    return Response::Ok;
}

}  // namespace dmasim
