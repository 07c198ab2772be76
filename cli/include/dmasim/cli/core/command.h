// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include "dmasim/cli/core/error.h"
#include "dmasim/cli/core/layers.h"

namespace dmasim::cli {

/// Where a command writes: results and diagnostics.
struct Streams {
    std::ostream& out;
    std::ostream& err;
};

/// One command of the program.
struct Command {
    std::string_view name;
    std::string_view summary;
    /// Runs it with the arguments behind its name. Throws `InputError`.
    ExitStatus (*run)(const std::vector<std::string>& arguments, const Streams& streams);
};

/// Everything about the command line of one command.
struct CommandLine {
    CommandLine(std::string command, std::string usage, std::string about);

    std::string command;                                             ///< "dmasim run".
    std::string usage;                                               ///< What stands behind it: "FILE [options]".
    std::string about;                                               ///< One paragraph.
    boost::program_options::options_description options{"Options"};  ///< --help and --version are there already.
    unsigned min_positionals = 0;
    unsigned max_positionals = 0;
};

/// A command line that was understood.
struct Parsed {
    boost::program_options::variables_map values;
    std::vector<std::string> positionals;
    bool answered = false;  ///< --help or --version: the answer has been written, there is nothing left to do.

    [[nodiscard]] bool has(const char* option) const { return values.count(option) != 0; }
    [[nodiscard]] std::string text(const char* option) const { return values[option].as<std::string>(); }
};

/// Parses `arguments`. Options are written out (no abbreviations); "--" ends them. Throws `InputError`.
Parsed parse(const CommandLine& line, const std::vector<std::string>& arguments, const Streams& streams);

/// Adds `--set` to `line`.
void add_set_option(CommandLine& line);
/// The environment's settings, then those of `--set`.
std::vector<Setting> settings_of(const Parsed& parsed);

/// Runs the command that `arguments` (without the program's name) names. Prints what goes wrong and returns the exit
/// status; does not throw.
int run_program(const std::vector<Command>& commands, const std::vector<std::string>& arguments,
                const Streams& streams);

// Commands that need no simulation.
ExitStatus run_check(const std::vector<std::string>& arguments, const Streams& streams);
ExitStatus run_schema(const std::vector<std::string>& arguments, const Streams& streams);
ExitStatus run_list(const std::vector<std::string>& arguments, const Streams& streams);
ExitStatus run_litmus_command(const std::vector<std::string>& arguments, const Streams& streams);
ExitStatus run_explain(const std::vector<std::string>& arguments, const Streams& streams);

}  // namespace dmasim::cli
