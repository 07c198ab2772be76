// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>

#include "dmasim/model/types.h"

namespace dmasim {

/// Data lines between a fly-by DMA controller and one peripheral: who is on them while the controller strobes IOR or IOW.
///
/// Functions are called from within the controller's SC_METHOD and take no time. `bytes`: 1, or 2 on a channel of 16 bits.
/// `at`: the stamp of the edge at which the data is on the lines, the present.
class FlyByPort : public virtual sc_core::sc_interface {
  public:
    /// Its channel is acknowledged: at least one byte or word follows. A device that wants no more than one takes its
    /// request back now; what it does when the data is there comes too late for a controller that looks before.
    virtual void acknowledged(unsigned bytes, Cycles at) = 0;
    /// Hands over the next byte or word: peripheral to memory.
    virtual std::uint16_t give(unsigned bytes, Cycles at) = 0;
    /// Takes one: memory to peripheral.
    virtual void take(std::uint16_t value, unsigned bytes, Cycles at) = 0;
};

/// Where a peripheral is bound; it may stay unbound: then the lines read as ones, and what is on them is lost.
using OptionalFlyByPort = sc_core::sc_port<FlyByPort, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;

}  // namespace dmasim
