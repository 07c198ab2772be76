// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"
#include "dmasim/tlm/core/payload_pieces.h"

namespace dmasim {

/// The attributes of `trans`.
PayloadView view_of(const tlm::tlm_generic_payload& trans);

/// A payload for which `is_one_burst` holds, as a burst. Purpose, channel and tag come from the extension, if any.
Burst burst_of(const tlm::tlm_generic_payload& trans);

/// Sets the response status, as a target does before BEGIN_RESP and before b_transport returns.
void answer(tlm::tlm_generic_payload& trans, Response response);

}  // namespace dmasim
