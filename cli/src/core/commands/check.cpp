// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dmasim/cli/core/command.h"
#include "dmasim/cli/core/scenario.h"

namespace dmasim::cli {

ExitStatus run_check(const std::vector<std::string>& arguments, const Streams& streams) {
    CommandLine line("dmasim check", "FILE [options]",
                     "Checks a scenario as `dmasim run` does, and ends before anything is simulated. FILE is YAML or\n"
                     "JSON, - the standard input.");
    line.min_positionals = 1;
    line.max_positionals = 1;
    add_set_option(line);
    line.options.add_options()("resolved", "print the resolved configuration: all layers, all defaults");
    const Parsed parsed = parse(line, arguments, streams);
    if (parsed.answered) {
        return ExitStatus::AsExpected;
    }
    const Scenario scenario = load_scenario(parsed.positionals[0], settings_of(parsed));
    if (parsed.has("resolved")) {
        streams.out << resolved_yaml(scenario, ".");
    } else {
        fmt::print(streams.out, "{}: good ({} controllers, {} memories, {} transfers, {} program steps)\n",
                   parsed.positionals[0], scenario.platform.controllers.size(), scenario.platform.memories.size(),
                   scenario.transfers.size(), scenario.program.size());
    }
    return ExitStatus::AsExpected;
}

}  // namespace dmasim::cli
