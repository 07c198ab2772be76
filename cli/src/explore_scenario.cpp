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

/// What the run has shown, without the cycles at which it did.
std::string seen_of(const Result& result) {
    std::string seen = result.failure;
    for (const Check& check : result.expectations) {
        seen += check.where + (check.holds ? " holds" : " " + check.found) + "\n";
    }
    for (const Json& finding : result.findings) {
        seen += (finding.is_object() ? finding.value("rule", std::string("finding")) : finding.dump()) + "\n";
    }
    return seen;
}

Json to_json(const ScheduleOutcome& outcome) {
    Json choices = Json::array();
    for (const Choice& choice : outcome.choices) {
        choices.push_back({choice.place, static_cast<unsigned>(choice.kind), choice.value});
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
                                   choice.at(2).get<std::uint64_t>()});
    }
    return outcome;
}

ScheduleOutcome simulate_under(const Scenario& original, const Schedule& schedule) {
    Scenario scenario = original;
    CacheActorConfig& actor = scenario.platform.actor;
    actor.evict_every = 0;
    actor.prefetch_every = 0;
    const std::vector<CacheAction> actions = actions_of(schedule);
    actor.schedule.insert(actor.schedule.end(), actions.begin(), actions.end());
    std::stable_sort(actor.schedule.begin(), actor.schedule.end(),
                     [](const CacheAction& a, const CacheAction& b) { return a.at < b.at; });
    std::vector<CpuStall>& stalls = scenario.platform.stalls;
    const std::vector<CpuStall> more = stalls_of(schedule);
    stalls.insert(stalls.end(), more.begin(), more.end());
    std::stable_sort(stalls.begin(), stalls.end(), [](const CpuStall& a, const CpuStall& b) { return a.at < b.at; });
    std::vector<AddressSpan> memories;
    for (const MemorySpec& memory : scenario.platform.memories) {
        memories.push_back({memory.base, memory.config.size});
    }
    ChoiceFinder finder(scenario.platform.cpu->cache.line_bytes, memories);
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

std::vector<CacheAction> actions_of(const Schedule& schedule) {
    std::vector<CacheAction> actions;
    for (const Choice& choice : schedule) {
        DMASIM_INVARIANT(choice.kind != ChoiceKind::Drain);
        if (choice.kind != ChoiceKind::Stall) {
            actions.push_back({choice.kind == ChoiceKind::Evict ? CacheActionKind::Evict : CacheActionKind::Prefetch,
                               choice.value, Cycles{choice.place}});
        }
    }
    return actions;
}

std::vector<CpuStall> stalls_of(const Schedule& schedule) {
    std::vector<CpuStall> stalls;
    for (const Choice& choice : schedule) {
        if (choice.kind == ChoiceKind::Stall) {
            stalls.push_back({Cycles{choice.place}, choice.value});
        }
    }
    return stalls;
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
