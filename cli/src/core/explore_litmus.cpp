// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/explore_litmus.h"

#include <fmt/format.h>

#include "dmasim/cli/core/document.h"

namespace dmasim::cli {

LitmusExploration explore_litmus(const LitmusEntry& entry, bool fixed, const ExploreConfig& config) {
    LitmusExploration exploration;
    exploration.entry = entry;
    exploration.fixed = fixed;
    LitmusConfig machine;
    machine.line_bytes = entry.line;
    const std::vector<LitmusStep> trace = without_choices(fixed ? entry.fixed : entry.buggy);
    LitmusProgram program(trace, machine);
    exploration.result = explore(program, config);
    if (!exploration.result.why.empty()) {
        LitmusProgram bytes(trace, machine, LitmusBad::WrongBytes);
        exploration.bytes = explore(bytes, config);
    }
    return exploration;
}

std::string schedules_as_litmus(const std::vector<LitmusExploration>& explorations) {
    Json list = Json::array();
    for (const LitmusExploration& exploration : explorations) {
        const LitmusEntry& entry = exploration.entry;
        if (exploration.result.why.empty()) {
            continue;
        }
        LitmusEntry replay;
        replay.line = entry.line;
        replay.buggy =
            with_choices(without_choices(exploration.fixed ? entry.fixed : entry.buggy), exploration.worst().smallest);
        const LitmusResult found = run_litmus(replay, false);
        if (found.findings.empty()) {
            continue;
        }
        Json steps = Json::array();
        for (const LitmusStep& step : replay.buggy) {
            steps.push_back(step.text);
        }
        // Of several findings the last one is about the access that gets the wrong bytes.
        const LitmusFinding& last = found.findings.back();
        list.push_back({{"id", fmt::format("{}-{}-explored", entry.id, exploration.fixed ? "fixed" : "buggy")},
                        {"rule", last.finding.rule},
                        {"line", entry.line},
                        {"buggy", std::move(steps)},
                        {"fires", Json::array({Json::array({last.step, last.finding.rule})})}});
    }
    return list.dump(1) + "\n";
}

}  // namespace dmasim::cli
