// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/explore_scenario.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "dmasim/cli/simulate.h"
#include "dmasim/cpu_stub/core/choice_finder.h"
#include "dmasim/model/errors.h"

namespace dmasim::cli {

namespace {

/// `Choice::agent` is the number of a controller times this, plus that of a channel.
constexpr std::uint32_t kChannelsOfAgent = 64;

/// What went wrong in a run, a line each.
std::vector<std::string> bad_of(const Result& result) {
    std::vector<std::string> bad;
    if (!result.failure.empty()) {
        bad.push_back("the simulation failed: " + result.failure);
    }
    for (const Json& finding : result.findings) {
        const std::string rule = finding.is_object() ? finding.value("rule", std::string("finding")) : "finding";
        const std::string message = finding.is_object() ? finding.value("message", std::string()) : finding.dump();
        bad.push_back(rule + ": " + message);
    }
    for (const Check& check : result.expectations) {
        if (!check.holds) {
            bad.push_back(
                fmt::format("{}: {}: wanted {}, found {}", check.where, check.what, check.wanted, check.found));
        }
    }
    return bad;
}

/// `text` without the numbers of cycles in it.
std::string without_cycles(std::string text) {
    static const std::string kWord = "cycle ";
    for (std::size_t at = text.find(kWord); at != std::string::npos; at = text.find(kWord, at + 1)) {
        const std::size_t from = at + kWord.size();
        text.erase(from, std::min(text.find_first_not_of("0123456789", from), text.size()) - from);
    }
    return text;
}

/// What the run has shown, without the cycles at which it did.
std::string seen_of(const Result& result) {
    std::string seen = without_cycles(result.failure);
    for (const Check& check : result.expectations) {
        seen += check.where + (check.holds ? " holds" : " " + without_cycles(check.found)) + "\n";
    }
    for (const Json& finding : result.findings) {
        seen += (finding.is_object() ? finding.value("rule", std::string("finding")) : finding.dump()) + "\n";
    }
    return seen;
}

Json to_json(const ScheduleOutcome& outcome) {
    Json choices = Json::array();
    for (const Choice& choice : outcome.choices) {
        choices.push_back({choice.place, static_cast<unsigned>(choice.kind), choice.value, choice.agent});
    }
    return {{"seen", outcome.seen},
            {"bad", outcome.bad},
            {"choices", std::move(choices)},
            {"unreduced", outcome.unreduced_choices}};
}

ScheduleOutcome from_json(const Json& json) {
    ScheduleOutcome outcome;
    outcome.seen = json.at("seen").get<std::string>();
    outcome.bad = json.at("bad").get<std::vector<std::string>>();
    outcome.unreduced_choices = json.at("unreduced").get<std::uint64_t>();
    for (const Json& choice : json.at("choices")) {
        outcome.choices.push_back({choice.at(0).get<std::uint64_t>(),
                                   static_cast<ChoiceKind>(choice.at(1).get<unsigned>()),
                                   choice.at(2).get<std::uint64_t>(), choice.at(3).get<std::uint32_t>()});
    }
    return outcome;
}

ChoiceFinder::Platform choices_of(const PlatformSpec& platform) {
    ChoiceFinder::Platform result;
    result.line_bytes = platform.cpu->cache.line_bytes;
    result.stores_held = platform.cpu->store_buffer.hold;
    for (const MemorySpec& memory : platform.memories) {
        result.memories.push_back({memory.base, memory.config.size});
    }
    for (const ControllerSpec& controller : platform.controllers) {
        result.registers.push_back(
            {controller.registers.value_or(0),
             controller.registers ? native::register_space_bytes(controller.config.channels) : 0});
    }
    return result;
}

ScheduleOutcome simulate_under(const Scenario& original, const Schedule& schedule) {
    Scenario scenario = original;
    apply(schedule, scenario.platform);
    ChoiceFinder finder(choices_of(scenario.platform));
    SimulateOptions options;
    options.sink = &finder;
    const Result result = simulate(scenario, options);
    ScheduleOutcome outcome;
    outcome.bad = bad_of(result);
    outcome.seen = seen_of(result);
    outcome.choices = finder.choices(schedule, outcome.unreduced_choices);
    return outcome;
}

[[noreturn]] void fail(const char* what) {
    throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

/// The child's part: writes the outcome, or what kept it from there.
void answer(int out, const Scenario& scenario, const Schedule& schedule) {
    Json json;
    try {
        json = to_json(simulate_under(scenario, schedule));
    } catch (const std::exception& error) {
        json = {{"error", error.what()}};
    }
    const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t written = write(out, text.data() + done, text.size() - done);
        if (written < 0 && errno != EINTR) {
            return;
        }
        done += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
}

}  // namespace

void apply(const Schedule& schedule, PlatformSpec& platform) {
    CacheActorConfig& actor = platform.actor;
    actor.evict_every = 0;
    actor.prefetch_every = 0;
    for (const Choice& choice : schedule) {
        const Cycles at{choice.place};
        switch (choice.kind) {
            case ChoiceKind::Drain:
                actor.schedule.push_back({CacheActionKind::Drain, 0, at});
                break;
            case ChoiceKind::Evict:
                actor.schedule.push_back({CacheActionKind::Evict, choice.value, at});
                break;
            case ChoiceKind::Prefetch:
                actor.schedule.push_back({CacheActionKind::Prefetch, choice.value, at});
                break;
            case ChoiceKind::Stall:
                platform.stalls.push_back({at, choice.value});
                break;
            case ChoiceKind::HoldStores:
                platform.cpu->store_buffer.holds.push_back({at, choice.value});
                break;
            case ChoiceKind::HoldChannel:
                platform.controllers.at(choice.agent / kChannelsOfAgent)
                    .config.holds.push_back({at, choice.value, choice.agent % kChannelsOfAgent});
                break;
        }
    }
    const auto earlier = [](const auto& a, const auto& b) { return a.at < b.at; };
    std::stable_sort(actor.schedule.begin(), actor.schedule.end(), earlier);
    std::stable_sort(platform.stalls.begin(), platform.stalls.end(), earlier);
}

std::string schedule_yaml(const Schedule& schedule, const PlatformSpec& platform) {
    std::string text;
    for (const Choice& choice : schedule) {
        switch (choice.kind) {
            case ChoiceKind::Drain:
                text += fmt::format("- {{at: {}, drain_stores: true}}\n", choice.place);
                break;
            case ChoiceKind::Evict:
            case ChoiceKind::Prefetch:
                text += fmt::format("- {{at: {}, {}: {:#x}}}\n", choice.place, name_of(choice.kind), choice.value);
                break;
            case ChoiceKind::Stall:
            case ChoiceKind::HoldStores:
                text += fmt::format("- {{at: {}, {}: {}}}\n", choice.place, name_of(choice.kind), choice.value);
                break;
            case ChoiceKind::HoldChannel:
                text += fmt::format("- {{at: {}, hold_channel: {}, controller: {}, channel: {}}}\n", choice.place,
                                    choice.value,
                                    Json(platform.controllers.at(choice.agent / kChannelsOfAgent).name).dump(),
                                    choice.agent % kChannelsOfAgent);
                break;
        }
    }
    return text.empty() ? "[]\n" : text;
}

ScheduleOutcome ScenarioProgram::run(const Schedule& schedule) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
        fail("cannot make a pipe");
    }
    const pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        fail("cannot start a process");
    }
    if (child == 0) {
        close(ends[0]);
        answer(ends[1], scenario_, schedule);
        // Neither buffers of the parent nor destructors of a simulation that is not over.
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    std::array<char, 65536> piece{};
    for (;;) {
        const ssize_t count = read(ends[0], piece.data(), piece.size());
        if (count > 0) {
            text.append(piece.data(), static_cast<std::size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            break;
        }
    }
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    const Json json = Json::parse(text, nullptr, false);
    if (!WIFEXITED(status) || json.is_discarded()) {
        throw std::runtime_error("a simulation ended without a result");
    }
    if (json.contains("error")) {
        throw ConfigError(json["error"].get<std::string>());
    }
    return from_json(json);
}

}  // namespace dmasim::cli
