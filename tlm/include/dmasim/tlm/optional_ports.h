// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>
#include <tlm>

namespace dmasim {

/// An input that may stay unbound. Binds to sc_signal<bool> and to sc_in<bool>.
using OptionalInput = sc_core::sc_port<sc_core::sc_signal_in_if<bool>, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;
/// An output that may stay unbound. Binds to sc_signal<bool> and to sc_out<bool>.
using OptionalOutput = sc_core::sc_port<sc_core::sc_signal_inout_if<bool>, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;
/// An initiator socket that may stay unbound.
using OptionalInitiatorSocket =
    tlm::tlm_initiator_socket<32, tlm::tlm_base_protocol_types, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;

}  // namespace dmasim
