// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/model/job.h"

namespace dmasim::native {

/// One write of 32 bits to a register.
struct RegisterWrite {
    std::uint32_t offset = 0;  ///< From the start of the controller's registers.
    std::uint32_t value = 0;
};

/// What goes to CONFIG and INT_ENABLE beside the job itself.
struct StartOptions {
    bool cyclic = false;             ///< Of a register job only.
    bool continue_on_error = false;  ///< Policy (timing.md C11).
    std::uint32_t interrupts = interrupt::kAll;
};

/// The writes that make channel `channel` (0 to 63) carry out `job`, in the order in which software makes them: the start
/// command is the last one (docs/registers.md). What the controller thinks of the job it says itself, in its registers.
std::vector<RegisterWrite> start_job(std::uint32_t channel, const Job& job, const StartOptions& options = {});

/// The same for the chain of descriptors at `address`. `unit_bytes`: of jobs in handshake modes single and demand.
std::vector<RegisterWrite> start_chain(std::uint32_t channel, std::uint64_t address, std::uint32_t unit_bytes = 0,
                                       const StartOptions& options = {});

/// `start_job` for `bytes` bytes from memory to memory.
std::vector<RegisterWrite> start_copy(std::uint32_t channel, std::uint64_t destination, std::uint64_t source,
                                      std::uint32_t bytes);

}  // namespace dmasim::native
