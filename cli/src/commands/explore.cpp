// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dmasim/cli/commands.h"
#include "dmasim/cli/core/output.h"
#include "dmasim/cli/core/scenario.h"
#include "dmasim/cli/explore_scenario.h"
#include "dmasim/model/errors.h"

namespace dmasim::cli {

namespace {

/// One schedule as a file for `dmasim run --schedule`.
std::string schedule_yaml(const Schedule& schedule) {
    std::string text;
    for (const Choice& choice : schedule) {
        text += fmt::format("- {{at: {}, {}: {:#x}}}\n", choice.place, name_of(choice.kind), choice.value);
    }
    return text.empty() ? "[]\n" : text;
}

std::string count_of(std::uint64_t number, const char* what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string text_report(const ExploreResult& result, const ExploreConfig& config) {
    std::string text =
        fmt::format("{} within {}", count_of(result.schedules, "schedule"), count_of(config.bound, "choice"));
    if (result.unreduced < std::numeric_limits<std::uint64_t>::max()) {
        text += fmt::format(" (of at most {} without reduction)", result.unreduced);
    }
    text += result.sampled == 0 ? "" : fmt::format(", {} random ones above", result.sampled);
    text += fmt::format(", {}\n", count_of(result.outcomes, "distinct outcome"));
    if (!result.exhaustive) {
        text += "not exhaustive: the search ended early\n";
    }
    if (result.why.empty()) {
        return text + (result.exhaustive ? fmt::format("no bad schedule within {}\n", count_of(config.bound, "choice"))
                                         : "no bad schedule among them\n");
    }
    text += fmt::format("{} bad within the bound, {} among the random ones; the smallest:\n", result.bad_schedules,
                        result.bad_samples);
    for (const Choice& choice : result.smallest) {
        text += fmt::format("  cycle {}: {} {:#x}\n", choice.place, name_of(choice.kind), choice.value);
    }
    if (result.smallest.empty()) {
        text += "  it goes wrong without any choice of the hardware\n";
    }
    for (const std::string& line : result.why) {
        text += "  " + line + "\n";
    }
    return text;
}

std::string json_report(const ExploreResult& result, const ExploreConfig& config) {
    Json smallest = Json::array();
    for (const Choice& choice : result.smallest) {
        smallest.push_back({{"at", choice.place}, {name_of(choice.kind), choice.value}});
    }
    const Json json{{"schema", 1},
                    {"bound", config.bound},
                    {"seed", config.seed},
                    {"schedules", result.schedules},
                    {"schedules_without_reduction", result.unreduced},
                    {"sampled", result.sampled},
                    {"outcomes", result.outcomes},
                    {"bad_schedules", result.bad_schedules},
                    {"bad_samples", result.bad_samples},
                    {"exhaustive", result.exhaustive},
                    {"smallest", result.why.empty() ? Json() : smallest},
                    {"why", result.why}};
    return json.dump(2) + "\n";
}

}  // namespace

ExitStatus run_explore(const std::vector<std::string>& arguments, const Streams& streams) {
    namespace po = boost::program_options;
    CommandLine line(
        "dmasim explore", "FILE [options]",
        "Runs a scenario under everything that the cache may do of its own accord, within a bound, and shows\n"
        "the smallest schedule under which it goes wrong. Exit status: 0 no bad schedule, 1 there is one,\n"
        "2 usage or configuration, 3 the search failed, 4 input/output.");
    line.min_positionals = 1;
    line.max_positionals = 1;
    add_set_option(line);
    const ExploreConfig defaults;
    const auto number = [](std::uint64_t value) {
        return po::value<std::string>()->default_value(std::to_string(value))->value_name("N");
    };
    line.options.add_options()("bound", number(defaults.bound), "choices in a schedule, at most");
    line.options.add_options()("samples", number(defaults.samples), "random schedules above the bound");
    line.options.add_options()("seed", number(defaults.seed), "of those");
    line.options.add_options()("max-runs", number(10'000), "ends the search behind so many runs");
    line.options.add_options()("out", po::value<std::string>()->value_name("FILE"),
                               "write the smallest bad schedule, for dmasim run --schedule");
    line.options.add_options()("format", po::value<std::string>()->default_value("text")->value_name("text|json"),
                               "what is printed");
    const Parsed parsed = parse(line, arguments, streams);
    if (parsed.answered) {
        return ExitStatus::AsExpected;
    }
    const std::string format = parsed.text("format");
    if (format != "text" && format != "json") {
        throw InputError(fmt::format("--format {}: known formats: text, json", format));
    }
    const auto value_of = [&](const char* option, std::uint64_t least, std::uint64_t most) {
        const std::string text = parsed.text(option);
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
            throw InputError(fmt::format("--{} {}: must be a number from {} to {}", option, text, least, most));
        }
        return value;
    };
    ExploreConfig config;
    config.bound = static_cast<std::uint32_t>(value_of("bound", 0, 64));
    config.samples = value_of("samples", 0, 1'000'000'000);
    config.seed = value_of("seed", 0, std::numeric_limits<std::uint64_t>::max());
    config.max_runs = value_of("max-runs", 1, 1'000'000'000'000);

    const Scenario scenario = load_scenario(parsed.positionals[0], settings_of(parsed));
    if (scenario.program.empty()) {
        throw InputError(
            fmt::format("{}: there is no program on a CPU, so there is nothing to explore", parsed.positionals[0]));
    }
    ScenarioProgram program(scenario);
    ExploreResult result;
    try {
        result = explore(program, config);
    } catch (const ConfigError&) {
        throw;
    } catch (const std::runtime_error& error) {
        fmt::print(streams.err, "dmasim explore: {}: {}\n", parsed.positionals[0], error.what());
        return ExitStatus::SimulationFailed;
    }
    const bool bad = !result.why.empty();
    if (parsed.has("out") && bad) {
        write_file(parsed.text("out"), schedule_yaml(result.smallest));
    }
    streams.out << (format == "json" ? json_report(result, config) : text_report(result, config));
    return bad ? ExitStatus::Unexpected : ExitStatus::AsExpected;
}

}  // namespace dmasim::cli
