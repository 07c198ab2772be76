// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dmasim/cli/commands.h"
#include "dmasim/cli/core/explore_litmus.h"
#include "dmasim/cli/core/litmus_file.h"
#include "dmasim/cli/core/output.h"
#include "dmasim/cli/core/scenario.h"
#include "dmasim/cli/core/yaml.h"
#include "dmasim/cli/explore_scenario.h"
#include "dmasim/model/errors.h"

namespace dmasim::cli {

namespace {

/// What the hardware does by its choice.
std::string words_of(const Choice& choice, const PlatformSpec& platform) {
    switch (choice.kind) {
        case ChoiceKind::Drain:
            return "the store buffer is drained";
        case ChoiceKind::Evict:
        case ChoiceKind::Prefetch:
            return fmt::format("{} {:#x}", name_of(choice.kind), choice.value);
        case ChoiceKind::Stall:
            return fmt::format("the program is held up for {} cycles", choice.value);
        case ChoiceKind::HoldStores:
            return fmt::format("the store buffer rests for {} cycles", choice.value);
        case ChoiceKind::HoldChannel:
            return fmt::format("channel {} of {} is held up for {} cycles", choice.agent % 64,
                               platform.controllers.at(choice.agent / 64).name, choice.value);
    }
    return "";
}

std::string count_of(std::uint64_t number, const char* what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string text_report(const ExploreResult& result, const ExploreConfig& config, const PlatformSpec& platform) {
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
        text += fmt::format("  cycle {}: {}\n", choice.place, words_of(choice, platform));
    }
    if (result.smallest.empty()) {
        text += "  it goes wrong without any choice of the hardware\n";
    }
    for (const std::string& line : result.why) {
        text += "  " + line + "\n";
    }
    return text;
}

std::string json_report(const ExploreResult& result, const ExploreConfig& config, const PlatformSpec& platform) {
    Json smallest = Json::array();
    for (const Choice& choice : result.smallest) {
        smallest.push_back({{"at", choice.place}, {name_of(choice.kind), choice.value}});
        if (choice.kind == ChoiceKind::HoldChannel) {
            smallest.back()["controller"] = platform.controllers.at(choice.agent / 64).name;
            smallest.back()["channel"] = choice.agent % 64;
        }
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

/// Whether the file at `path` is a collection of litmus tests: a list, or a mapping without a platform.
bool is_litmus(const std::string& path) {
    const Document document = load_yaml(path);
    return document.root.is_array() ||
           (document.root.is_object() && !document.root.contains("platform") && document.root.contains("rule"));
}

std::string places_of(const Schedule& schedule) {
    std::string text;
    for (const Choice& choice : schedule) {
        text += fmt::format("{}before step {}: {} {:x}", text.empty() ? "" : ", ", choice.place, name_of(choice.kind),
                            choice.value);
    }
    return text.empty() ? "no choice of the hardware is needed" : text;
}

void print(const LitmusExploration& exploration, const ExploreConfig& config, std::ostream& out) {
    const ExploreResult& result = exploration.result;
    fmt::print(out, "{} {}: {} (of at most {} without reduction), {}: ", exploration.entry.id,
               exploration.fixed ? "fixed" : "buggy", count_of(result.schedules, "schedule"), result.unreduced,
               count_of(result.outcomes, "distinct outcome"));
    if (result.why.empty()) {
        fmt::print(out, "no bad schedule {}{}\n",
                   result.exhaustive ? fmt::format("within {}", count_of(config.bound, "choice")) : "among them",
                   exploration.ok() ? "" : "; NOT as it should be");
        return;
    }
    const ExploreResult& worst = exploration.worst();
    fmt::print(out, "bad{}\n  smallest{}: {}\n", exploration.ok() ? "" : "; NOT as it should be",
               exploration.bytes.why.empty() ? "" : " with wrong bytes", places_of(worst.smallest));
    for (const std::string& line : worst.why) {
        fmt::print(out, "  {}\n", line);
    }
}

Json json_of(const LitmusExploration& exploration) {
    const auto schedule = [](const ExploreResult& result) {
        if (result.why.empty()) {
            return Json();
        }
        Json list = Json::array();
        for (const Choice& choice : result.smallest) {
            list.push_back({{"before_step", choice.place}, {name_of(choice.kind), choice.value}});
        }
        return list;
    };
    const ExploreResult& result = exploration.result;
    return {{"id", exploration.entry.id},
            {"variant", exploration.fixed ? "fixed" : "buggy"},
            {"schedules", result.schedules},
            {"schedules_without_reduction", result.unreduced},
            {"sampled", result.sampled},
            {"outcomes", result.outcomes},
            {"bad_schedules", result.bad_schedules},
            {"exhaustive", result.exhaustive},
            {"smallest", schedule(result)},
            {"smallest_with_wrong_bytes", schedule(exploration.bytes)},
            {"why", exploration.worst().why},
            {"ok", exploration.ok()}};
}

/// `dmasim explore` on a collection of litmus tests.
ExitStatus explore_collection(const Parsed& parsed, const ExploreConfig& config, const Streams& streams) {
    const std::string variant = parsed.text("variant");
    if (variant != "buggy" && variant != "fixed" && variant != "both") {
        throw InputError(fmt::format("--variant {}: must be buggy, fixed or both", variant));
    }
    if (parsed.has("set") || parsed.has("verify")) {
        throw InputError(
            "dmasim explore: --set and --verify are for scenarios, and this is a collection of litmus tests");
    }
    const std::vector<LitmusEntry> entries = load_litmus(parsed.positionals[0]);
    std::vector<LitmusExploration> explorations;
    for (const LitmusEntry& entry : entries) {
        if (parsed.has("id") && entry.id != parsed.text("id")) {
            continue;
        }
        for (const bool fixed : {false, true}) {
            if ((fixed ? entry.fixed : entry.buggy).empty() || variant == (fixed ? "buggy" : "fixed")) {
                continue;
            }
            explorations.push_back(explore_litmus(entry, fixed, config));
            if (parsed.text("format") == "text") {
                print(explorations.back(), config, streams.out);
            }
        }
    }
    if (explorations.empty()) {
        throw InputError(fmt::format("{}: there is no such entry", parsed.positionals[0]));
    }
    if (parsed.has("out")) {
        write_file(parsed.text("out"), schedules_as_litmus(explorations));
    }
    const auto good = static_cast<std::size_t>(
        std::count_if(explorations.begin(), explorations.end(), [](const LitmusExploration& one) { return one.ok(); }));
    if (parsed.text("format") == "json") {
        Json list = Json::array();
        for (const LitmusExploration& one : explorations) {
            list.push_back(json_of(one));
        }
        streams.out << list.dump(1) << "\n";
    } else {
        fmt::print(streams.out, "{} of {} traces as they should be\n", good, explorations.size());
    }
    return good == explorations.size() ? ExitStatus::AsExpected : ExitStatus::Unexpected;
}

}  // namespace

ExitStatus run_explore(const std::vector<std::string>& arguments, const Streams& streams) {
    namespace po = boost::program_options;
    CommandLine line(
        "dmasim explore", "FILE [options]",
        "Runs a scenario, or litmus tests, under everything that the hardware may do of its own accord, within\n"
        "a bound, and shows the smallest schedule under which it goes wrong (docs/exploration.md).\n"
        "Exit status: 0 no bad schedule (litmus tests: one for each buggy trace and none for the fixed ones),\n"
        "1 otherwise, 2 usage or configuration, 3 the search failed, 4 input/output.");
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
    line.options.add_options()(
        "out", po::value<std::string>()->value_name("FILE"),
        "write the smallest bad schedule, for dmasim run --schedule; of litmus tests: as litmus tests");
    line.options.add_options()("format", po::value<std::string>()->default_value("text")->value_name("text|json"),
                               "what is printed");
    line.options.add_options()("verify", "scenarios: look for hazards (platform.verifier.enabled)");
    line.options.add_options()("variant",
                               po::value<std::string>()->default_value("both")->value_name("buggy|fixed|both"),
                               "litmus tests: which traces are explored");
    line.options.add_options()("id", po::value<std::string>()->value_name("ID"), "litmus tests: only this entry");
    const Parsed parsed = parse(line, arguments, streams);
    if (parsed.answered) {
        return ExitStatus::AsExpected;
    }
    const std::string format = parsed.text("format");
    if (format != "text" && format != "json") {
        throw InputError(fmt::format("--format {}: known formats: text, json", format));
    }
    const auto number_of = [&](const char* option, std::uint64_t least, std::uint64_t most) {
        const std::string text = parsed.text(option);
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
            throw InputError(fmt::format("--{} {}: must be a number from {} to {}", option, text, least, most));
        }
        return value;
    };
    ExploreConfig config;
    config.bound = static_cast<std::uint32_t>(number_of("bound", 0, 64));
    config.samples = number_of("samples", 0, 1'000'000'000);
    config.seed = number_of("seed", 0, std::numeric_limits<std::uint64_t>::max());
    config.max_runs = number_of("max-runs", 1, 1'000'000'000'000);

    if (is_litmus(parsed.positionals[0])) {
        return explore_collection(parsed, config, streams);
    }
    std::vector<Setting> settings = settings_of(parsed);
    if (parsed.has("verify")) {
        settings.push_back({{"platform", "verifier", "enabled"}, "true", "--verify"});
    }
    const Scenario scenario = load_scenario(parsed.positionals[0], settings);
    if (!scenario.platform.cpu || (scenario.program.empty() && scenario.transfers.empty())) {
        throw InputError(
            fmt::format("{}: there is no CPU, or neither a program on it nor a transfer, so there is nothing "
                        "to explore",
                        parsed.positionals[0]));
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
        write_file(parsed.text("out"), schedule_yaml(result.smallest, scenario.platform));
    }
    streams.out << (format == "json" ? json_report(result, config, scenario.platform)
                                     : text_report(result, config, scenario.platform));
    return bad ? ExitStatus::Unexpected : ExitStatus::AsExpected;
}

}  // namespace dmasim::cli
