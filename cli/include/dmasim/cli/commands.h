// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dmasim/cli/core/command.h"

namespace dmasim::cli {

/// All commands, in the order in which help lists them.
const std::vector<Command>& commands();

// Commands that simulate.
ExitStatus run_run(const std::vector<std::string>& arguments, const Streams& streams);
ExitStatus run_explore(const std::vector<std::string>& arguments, const Streams& streams);
ExitStatus run_timing_command(const std::vector<std::string>& arguments, const Streams& streams);

}  // namespace dmasim::cli
