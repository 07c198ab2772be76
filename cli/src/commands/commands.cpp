// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/commands.h"

namespace dmasim::cli {

const std::vector<Command>& commands() {
    static const std::vector<Command> kCommands{
        {"run", "simulate a scenario", &run_run},
        {"explore", "run a scenario under everything that its cache may do of its own accord", &run_explore},
        {"timing", "run a table of transfers on a beat-accurate profile, or compare with it", &run_timing_command},
        {"explain", "why each step of a transfer comes in its cycle", &run_explain},
        {"litmus", "run short traces of driver and device, with and without a bug", &run_litmus_command},
        {"check", "check a scenario and simulate nothing", &run_check},
        {"schema", "print the JSON schema of scenario files", &run_schema},
        {"list", "list what scenarios can choose from, and the examples", &run_list},
    };
    return kCommands;
}

}  // namespace dmasim::cli
