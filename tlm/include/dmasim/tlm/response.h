// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"

namespace dmasim {

/// The TLM-2.0 status of `response`.
tlm::tlm_response_status status_of(Response response);

/// What a status means. TLM_INCOMPLETE_RESPONSE (a target that has not answered) and numbers that the standard does not
/// know become `GenericError`: an answer that is not OK never looks like completion.
Response response_of(tlm::tlm_response_status status);

}  // namespace dmasim
