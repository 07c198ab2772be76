// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>

#include <systemc>

#include "dmasim/model/types.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/optional_ports.h"

namespace dmasim {

/// Drives an output pin (which may stay unbound) at the times of the stamps it is given.
class PinDriver final : public sc_core::sc_module {
  public:
    using Pin = OptionalOutput;

    /// `pin` must outlive this module.
    PinDriver(const sc_core::sc_module_name& name, const ClockDomain& domain, Pin& pin);
    ~PinDriver() override;

    /// The level from stamp `at` on; stamps must not go back.
    void change(bool level, Cycles at);

  private:
    void drive();

    struct Change {
        Cycles at;
        bool level;
    };
    ClockDomain domain_;
    Pin& pin_;
    std::deque<Change> changes_;
    sc_core::sc_event event_;
};

}  // namespace dmasim
