// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/command.h"

#include <algorithm>
#include <sstream>
#include <unistd.h>

#include <boost/program_options/parsers.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dmasim/cli/core/document.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/version.h"

namespace po = boost::program_options;

namespace dmasim::cli {

namespace {

constexpr const char* kTryHelp = " (--help tells what there is)";

std::vector<std::string> option_names(const po::options_description& options) {
    std::vector<std::string> names;
    for (const auto& option : options.options()) {
        names.push_back("--" + option->long_name());
    }
    return names;
}

std::string version_line() {
    return fmt::format("dmasim {}\n", version());
}

std::string help_of(const CommandLine& line) {
    std::ostringstream out;
    out << "usage: " << line.command << " " << line.usage << "\n\n" << line.about << "\n\n" << line.options;
    return out.str();
}

std::string help_of_program(const std::vector<Command>& commands) {
    std::string out =
        "usage: dmasim COMMAND [arguments]\n\n"
        "Simulates a DMA controller, the bus, memories and a CPU with a cache, to the cycle.\n\nCommands\n";
    for (const Command& command : commands) {
        out += fmt::format("  {:<10} {}\n", command.name, command.summary);
    }
    out +=
        "\n  dmasim COMMAND --help  tells about a command; dmasim --version prints the version.\n\n"
        "Exit status: 0 as expected, 1 an expectation failed or there are findings, 2 usage or configuration,\n"
        "3 the simulation failed, 4 input/output.\n";
    return out;
}

ExitStatus dispatch(const std::vector<Command>& commands, const std::vector<std::string>& arguments,
                    const Streams& streams) {
    if (arguments.empty()) {
        throw InputError(fmt::format("dmasim: a command is missing{}", kTryHelp));
    }
    const std::string& name = arguments.front();
    if (name == "--help" || name == "-h" || name == "--version") {
        if (arguments.size() > 1) {
            throw InputError(
                fmt::format("dmasim: {} needs nothing behind it, found {}", name, in_quotes(arguments[1])));
        }
        streams.out << (name == "--version" ? version_line() : help_of_program(commands));
        return ExitStatus::AsExpected;
    }
    std::vector<std::string> known;
    for (const Command& command : commands) {
        if (command.name == name) {
            return command.run({arguments.begin() + 1, arguments.end()}, streams);
        }
        known.emplace_back(command.name);
    }
    const std::string near = nearest(name, known);
    throw InputError(fmt::format("dmasim: unknown {} {}{}", name.substr(0, 1) == "-" ? "option" : "command",
                                 in_quotes(name),
                                 near.empty() ? kTryHelp : fmt::format("; did you mean {}?", in_quotes(near))));
}

}  // namespace

CommandLine::CommandLine(std::string command_, std::string usage_, std::string about_)
    : command(std::move(command_)), usage(std::move(usage_)), about(std::move(about_)) {
    options.add_options()("help,h", "print this and do nothing else")("version",
                                                                      "print the version and do nothing else");
}

Parsed parse(const CommandLine& line, const std::vector<std::string>& arguments, const Streams& streams) {
    // Boost would take an unknown option for a positional, guess at abbreviations and print messages of its own kind.
    po::options_description all(line.options);
    all.add_options()("positional", po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add("positional", -1);
    Parsed parsed;
    try {
        const int style = (po::command_line_style::unix_style & ~po::command_line_style::allow_guessing) &
                          ~po::command_line_style::allow_sticky;
        po::store(po::command_line_parser(arguments).options(all).positional(positional).style(style).run(),
                  parsed.values);
    } catch (const po::unknown_option& error) {
        const std::string name = error.get_option_name();
        const std::string near = nearest(name, option_names(line.options));
        throw InputError(fmt::format("{}: unknown option {}{}", line.command, name,
                                     near.empty() ? kTryHelp : fmt::format("; did you mean {}?", near)));
    } catch (const po::error& error) {
        std::string what = error.what();
        std::replace(what.begin(), what.end(), '\n', ' ');
        throw InputError(fmt::format("{}: {}{}", line.command, what, kTryHelp));
    }
    if (parsed.has("help") || parsed.has("version")) {
        streams.out << (parsed.has("help") ? help_of(line) : version_line());
        parsed.answered = true;
        return parsed;
    }
    if (parsed.has("positional")) {
        parsed.positionals = parsed.values["positional"].as<std::vector<std::string>>();
    }
    if (parsed.positionals.size() < line.min_positionals) {
        throw InputError(
            fmt::format("{}: an argument is missing; usage: {} {}", line.command, line.command, line.usage));
    }
    if (parsed.positionals.size() > line.max_positionals) {
        throw InputError(fmt::format("{}: unexpected argument {}; usage: {} {}", line.command,
                                     in_quotes(parsed.positionals[line.max_positionals]), line.command, line.usage));
    }
    return parsed;
}

void add_set_option(CommandLine& line) {
    line.options.add_options()(
        "set", po::value<std::vector<std::string>>()->value_name("path=value")->composing(),
        "change a value of the scenario: --set platform.bus.topology=crossbar; an entry of a list by its number: "
        "--set transfers.0.length=4KiB. May be given several times. The environment variable "
        "DMASIM__platform__bus__topology=crossbar does the same");
}

std::vector<Setting> settings_of(const Parsed& parsed) {
    std::vector<Setting> settings = settings_from_environment(environ);
    if (parsed.has("set")) {
        for (const std::string& text : parsed.values["set"].as<std::vector<std::string>>()) {
            settings.push_back(parse_setting(text));
        }
    }
    return settings;
}

int run_program(const std::vector<Command>& commands, const std::vector<std::string>& arguments,
                const Streams& streams) {
    ExitStatus status = ExitStatus::SimulationFailed;
    try {
        status = dispatch(commands, arguments, streams);
    } catch (const InputError& error) {
        streams.err << error.what() << '\n';
        status = error.status();
    } catch (const ConfigError& error) {
        streams.err << "dmasim: " << error.what() << '\n';
        status = ExitStatus::Usage;
    } catch (const std::exception& error) {
        streams.err << "dmasim: internal error: " << error.what() << '\n';
    }
    streams.out.flush();
    if (!streams.out) {
        streams.err << "dmasim: cannot write the output\n";
        status = ExitStatus::InputOutput;
    }
    return static_cast<int>(status);
}

}  // namespace dmasim::cli
