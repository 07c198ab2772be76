// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/model/frontend/native/job_registers.h"
#include "dmasim/tlm/master_socket_adapter.h"

namespace dmasim {

/// Accesses over b_transport, for a CPU model or a test bench of yours: from an SC_THREAD, which waits until the time that
/// the target has annotated is over. Any length >= 1 and alignment; a plain incrementing access without byte enables.
/// The result is the target's response; anything but TLM_OK_RESPONSE is an error, and then `data` says nothing.
///@{
tlm::tlm_response_status blocking_read(InitiatorSocketBase& socket, std::uint64_t address, void* data, unsigned bytes);
tlm::tlm_response_status blocking_write(InitiatorSocketBase& socket, std::uint64_t address, const void* data,
                                        unsigned bytes);
///@}

/// Writes registers of a controller whose registers begin at `base`, in their order, 32 bits each; ends at the first write
/// that is not answered with TLM_OK_RESPONSE, and returns its response.
tlm::tlm_response_status write_registers(InitiatorSocketBase& socket, std::uint64_t base,
                                         const std::vector<native::RegisterWrite>& writes);

}  // namespace dmasim
