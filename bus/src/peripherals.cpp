// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/peripherals.h"

#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/payload_view.h"

namespace dmasim {

PeripheralSocket::PeripheralSocket(tlm::tlm_target_socket<>& socket, const ClockDomain& domain, DevicePort& core)
    : domain_(domain),
      core_(core),
      adapter_(socket, domain, core, {core.write_interval(), true, false},
               {[this] { process_.wake(); },
                [this](tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay) {
                    blocking(trans, burst, delay);
                },
                {},
                {},
                {},
                {},
                {}}),
      group_({&core, &adapter_}),
      process_("process", domain, group_) {
    core.bind(adapter_);
}

Cycles PeripheralSocket::now() const {
    return domain_.stamp_of(sc_core::sc_time_stamp());
}

void PeripheralSocket::blocking(tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay) {
    const sc_core::sc_time present = sc_core::sc_time_stamp();
    const DevicePort::Blocking result = core_.access(burst, domain_.stamp_of(present, delay));
    answer(trans, result.response);
    if (BurstExtension* extension = extension_of(trans)) {
        extension->interval = result.interval;
    }
    delay = domain_.time_until(result.first, present);
    process_.wake();
}

StreamPeripheral::StreamPeripheral(const sc_core::sc_module_name& name, const ClockDomain& domain,
                                   const StreamConfig& config)
    : sc_module(name),
      socket("socket"),
      dreq("dreq"),
      dack("dack"),
      tc("tc"),
      core_(config),
      bus_(socket, domain, core_),
      dreq_driver_("dreq_driver", domain, dreq) {
    core_.on_dreq([this](bool level, Cycles at) { dreq_driver_.change(level, at); });
    SC_HAS_PROCESS(StreamPeripheral);
    SC_METHOD(dack_changed);
    sensitive << dack;
    dont_initialize();
    SC_METHOD(tc_changed);
    sensitive << tc;
    dont_initialize();
}

StreamPeripheral::~StreamPeripheral() = default;

void StreamPeripheral::supply(const std::vector<std::uint8_t>& bytes) {
    core_.supply(bytes.data(), bytes.size(), bus_.now());
    bus_.wake();
}

void StreamPeripheral::arm() {
    core_.arm(bus_.now());
    bus_.wake();
}

void StreamPeripheral::dack_changed() {
    core_.dack(dack->read(), bus_.now());
    bus_.wake();
}

void StreamPeripheral::tc_changed() {
    core_.tc(tc->read(), bus_.now());
    bus_.wake();
}

BlockDevice::BlockDevice(const sc_core::sc_module_name& name, const ClockDomain& domain,
                         const BlockDeviceConfig& config, BlockStore& store)
    : sc_module(name),
      socket("socket"),
      dreq("dreq"),
      irq("irq"),
      core_(config, store),
      bus_(socket, domain, core_),
      dreq_driver_("dreq_driver", domain, dreq),
      irq_driver_("irq_driver", domain, irq) {
    core_.on_dreq([this](bool level, Cycles at) { dreq_driver_.change(level, at); });
    core_.on_irq([this](bool level, Cycles at) { irq_driver_.change(level, at); });
}

BlockDevice::~BlockDevice() = default;

FlyByPeripheral::FlyByPeripheral(const sc_core::sc_module_name& name, const ClockDomain& domain,
                                 const FlyByConfig& config)
    : sc_module(name),
      socket("socket"),
      dreq("dreq"),
      irq("irq"),
      tc("tc"),
      core_(config),
      bus_(socket, domain, core_),
      dreq_driver_("dreq_driver", domain, dreq),
      irq_driver_("irq_driver", domain, irq) {
    core_.on_dreq([this](bool level, Cycles at) { dreq_driver_.change(level, at); });
    core_.on_irq([this](bool level, Cycles at) { irq_driver_.change(level, at); });
    SC_HAS_PROCESS(FlyByPeripheral);
    SC_METHOD(tc_changed);
    sensitive << tc;
    dont_initialize();
}

FlyByPeripheral::~FlyByPeripheral() = default;

void FlyByPeripheral::acknowledged(unsigned bytes, Cycles at) {
    core_.acknowledged(bytes, at);
    bus_.wake();
}

std::uint16_t FlyByPeripheral::give(unsigned bytes, Cycles at) {
    const std::uint16_t value = core_.give(bytes, at);
    bus_.wake();
    return value;
}

void FlyByPeripheral::take(std::uint16_t value, unsigned bytes, Cycles at) {
    core_.take(value, bytes, at);
    bus_.wake();
}

void FlyByPeripheral::tc_changed() {
    if (tc->read()) {
        core_.terminal_count(bus_.now());
        bus_.wake();
    }
}

}  // namespace dmasim
