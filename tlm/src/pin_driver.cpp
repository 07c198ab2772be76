// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/pin_driver.h"

namespace dmasim {

PinDriver::PinDriver(const sc_core::sc_module_name& name, const ClockDomain& domain, Pin& pin)
    : sc_module(name), domain_(domain), pin_(pin), event_("event") {
    SC_HAS_PROCESS(PinDriver);
    SC_METHOD(drive);
    sensitive << event_;
    dont_initialize();
}

PinDriver::~PinDriver() = default;

void PinDriver::change(bool level, Cycles at) {
    changes_.push_back({at, level});
    if (changes_.size() == 1) {
        event_.notify(domain_.time_until(at, sc_core::sc_time_stamp()));
    }
}

void PinDriver::drive() {
    const Cycles edge = domain_.edge_at_or_before(sc_core::sc_time_stamp());
    while (!changes_.empty() && changes_.front().at <= edge) {
        if (pin_.size() != 0) {
            pin_->write(changes_.front().level);
        }
        changes_.pop_front();
    }
    if (!changes_.empty()) {
        event_.notify(domain_.time_until(changes_.front().at, sc_core::sc_time_stamp()));
    }
}

}  // namespace dmasim
