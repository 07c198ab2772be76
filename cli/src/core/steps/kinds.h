// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dmasim/cli/core/steps.h"

namespace dmasim::cli {

// One function for each kind of step; the table is in steps.cpp.
Action compile_store(const View& arguments, const StepContext& context);
Action compile_load(const View& arguments, const StepContext& context);
Action compile_copy(const View& arguments, const StepContext& context);
Action compile_clean(const View& arguments, const StepContext& context);
Action compile_invalidate(const View& arguments, const StepContext& context);
Action compile_flush(const View& arguments, const StepContext& context);
Action compile_maintain_all(const View& arguments, const StepContext& context);
Action compile_maintain_set_way(const View& arguments, const StepContext& context);
Action compile_evict(const View& arguments, const StepContext& context);
Action compile_prefetch(const View& arguments, const StepContext& context);
Action compile_barrier(const View& arguments, const StepContext& context);
Action compile_note(const View& arguments, const StepContext& context);
Action compile_start(const View& arguments, const StepContext& context);
Action compile_wait_transfer(const View& arguments, const StepContext& context);
Action compile_write_register(const View& arguments, const StepContext& context);
Action compile_read_register(const View& arguments, const StepContext& context);
Action compile_wait_interrupt(const View& arguments, const StepContext& context);
Action compile_wait_cycles(const View& arguments, const StepContext& context);
Action compile_block_io(const View& arguments, const StepContext& context);
Action compile_dma(const View& arguments, const StepContext& context);
Action compile_loop(const View& arguments, const StepContext& context);

/// The address of the registers of the controller that `arguments` names; fails if they are not on the bus.
std::uint64_t registers_of(const View& arguments, const StepContext& context);

/// The memory type that the member "type" names.
MemoryType memory_type_of(const View& arguments);

/// The place of `arguments` for messages about what happens when the step runs.
std::string place_of_step(const View& arguments);

}  // namespace dmasim::cli
