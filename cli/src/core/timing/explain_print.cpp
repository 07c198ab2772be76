// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "dmasim/cli/core/timing/explain.h"

namespace dmasim::cli {

namespace {

using Step = Explanation::Step;

/// So many steps of a kind in a row, for the same reason and at the same distance, become one line.
constexpr std::size_t kFold = 3;

bool shown(const Step& step, const ExplainView& view) {
    return step.at >= view.from && step.at <= view.to &&
           (view.channels.empty() ||
            std::find(view.channels.begin(), view.channels.end(), step.channel) != view.channels.end());
}

std::string reason(const Step& step) {
    const Explanation::Term* term = step.decisive();
    return term == nullptr ? std::string() : term->name;
}

/// "command taken 40; beat before 39".
std::string others(const Step& step) {
    const Explanation::Term* decisive = step.decisive();
    std::vector<std::string> texts;
    for (const Explanation::Term& term : step.terms) {
        if (&term != decisive) {
            texts.push_back(fmt::format("{} {}", term.name, term.at));
        }
    }
    return fmt::format("{}", fmt::join(texts, "; "));
}

std::string named(const Step& step) {
    return fmt::format("{} {}", step.kind, step.index);
}

/// Steps of one kind in a row.
struct Fold {
    std::vector<std::size_t> steps;
};

/// Steps that are shown, those of one kind with one reason and one distance together; in the order of their first.
std::vector<Fold> fold(const Explanation& explanation, const ExplainView& view) {
    std::vector<Fold> folds;
    std::map<std::string_view, std::size_t> open;  // By kind: its last fold.
    for (std::size_t i = 0; i < explanation.steps.size(); ++i) {
        const Step& step = explanation.steps[i];
        if (!shown(step, view)) {
            continue;
        }
        const auto found = open.find(step.kind);
        if (found != open.end()) {
            std::vector<std::size_t>& steps = folds[found->second].steps;
            const Step& last = explanation.steps[steps.back()];
            const bool same = reason(last) == reason(step) && step.index == last.index + 1;
            const bool uniform =
                steps.size() < 2 || step.at - last.at == last.at - explanation.steps[steps[steps.size() - 2]].at;
            if (same && uniform) {
                steps.push_back(i);
                continue;
            }
        }
        open[step.kind] = folds.size();
        folds.push_back({{i}});
    }
    return folds;
}

std::string line(const std::string& cycle, const std::string& what, const std::string& why, const std::string& rest) {
    std::string text = fmt::format("{:>9}  {:<22} {}", cycle, what, why);
    if (!rest.empty()) {
        text += fmt::format("  ({})", rest);
    }
    while (!text.empty() && text.back() == ' ') {
        text.pop_back();
    }
    return text + "\n";
}

std::string steps_text(const Explanation& explanation, const ExplainView& view) {
    struct Line {
        std::size_t first;
        std::string text;
    };
    std::vector<Line> lines;
    for (const Fold& one : fold(explanation, view)) {
        const Step& first = explanation.steps[one.steps.front()];
        if (one.steps.size() < kFold) {
            for (const std::size_t i : one.steps) {
                const Step& step = explanation.steps[i];
                lines.push_back({i, line(fmt::format("{}", step.at), named(step), reason(step), others(step))});
            }
            continue;
        }
        const Step& last = explanation.steps[one.steps.back()];
        const std::uint64_t distance = explanation.steps[one.steps[1]].at - first.at;
        lines.push_back(
            {one.steps.front(), line(fmt::format("{}..{}", first.at, last.at),
                                     fmt::format("{} {}..{}", first.kind, first.index, last.index), reason(first),
                                     distance == 1 ? "one a cycle" : fmt::format("every {} cycles", distance))});
    }
    std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.first < b.first; });
    std::string text;
    for (const Line& one : lines) {
        text += one.text;
    }
    return text;
}

std::string cycles_text(std::uint64_t cycles) {
    return fmt::format("{} cycle{}", cycles, cycles == 1 ? "" : "s");
}

/// What a step of the critical path waited for, and how long.
struct Link {
    const Step* step;
    std::uint64_t cycles = 0;  ///< Since the step that it follows from.
};

std::vector<Link> links(const Explanation& explanation) {
    const std::vector<std::size_t> path = explanation.critical_path();
    std::vector<Link> result;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const Step& step = explanation.steps[path[i]];
        result.push_back({&step, i + 1 < path.size() ? step.at - explanation.steps[path[i + 1]].at : step.at});
    }
    return result;
}

/// A run of uniform links, as a line.
struct PathLine {
    std::size_t first = 0;
    std::size_t count = 0;

    [[nodiscard]] bool like(const PathLine& other, const std::vector<Link>& path) const {
        const Link& a = path[first];
        const Link& b = path[other.first];
        return count == other.count && a.step->kind == b.step->kind && a.cycles == b.cycles &&
               reason(*a.step) == reason(*b.step);
    }
};

std::string path_line(const PathLine& run, const std::vector<Link>& path) {
    const Step& first = *path[run.first].step;
    const Step& last = *path[run.first + run.count - 1].step;
    const std::uint64_t cycles = path[run.first].cycles;
    if (run.count > 1) {
        return line(fmt::format("{}..{}", first.at, last.at),
                    fmt::format("{} {}..{}", first.kind, first.index, last.index), reason(first),
                    fmt::format("{} times +{}", run.count, cycles));
    }
    return line(fmt::format("{}", first.at), named(first), reason(first).empty() ? "start" : reason(first),
                reason(first).empty() ? "" : fmt::format("+{}", cycles));
}

/// The path, with runs of uniform links as one line, and groups of lines that come again and again once.
std::string path_text(const std::vector<Link>& path) {
    constexpr std::size_t kLongestGroup = 12;
    std::vector<PathLine> runs;
    for (std::size_t i = 0; i < path.size();) {
        std::size_t end = i + 1;
        while (end < path.size() && PathLine{end, 1}.like({i, 1}, path)) {
            ++end;
        }
        if (end - i < kFold) {
            end = i + 1;
        }
        runs.push_back({i, end - i});
        i = end;
    }
    std::string text;
    for (std::size_t i = 0; i < runs.size();) {
        std::size_t group = 1;
        std::size_t times = 1;
        for (std::size_t length = 1; length <= kLongestGroup && times < kFold; ++length) {
            std::size_t same = i + length;
            while (same < runs.size() && runs[same].like(runs[same - length], path)) {
                ++same;
            }
            group = length;
            times = (same - i) / length;
        }
        if (times < kFold) {
            group = 1;
            times = 1;
        }
        for (std::size_t k = i; k < i + group; ++k) {
            text += path_line(runs[k], path);
        }
        if (times > 1) {
            const PathLine& last = runs[i + group * times - 1];
            text += fmt::format("{:>9}  the {} {} times more, back to cycle {}\n", "...",
                                group == 1 ? "same" : fmt::format("same {} lines", group), times - 1,
                                path[last.first + last.count - 1].step->at);
        }
        i += group * times;
    }
    return text;
}

std::string sums_text(const std::vector<Link>& path) {
    struct Sum {
        std::string what;
        std::uint64_t cycles = 0;
        std::uint64_t times = 0;
    };
    std::vector<Sum> sums;
    for (const Link& link : path) {
        if (link.cycles == 0) {
            continue;
        }
        const std::string what = fmt::format("{}: {}", link.step->kind, reason(*link.step));
        auto found = std::find_if(sums.begin(), sums.end(), [&](const Sum& sum) { return sum.what == what; });
        if (found == sums.end()) {
            sums.push_back({what, 0, 0});
            found = sums.end() - 1;
        }
        found->cycles += link.cycles;
        ++found->times;
    }
    std::stable_sort(sums.begin(), sums.end(), [](const Sum& a, const Sum& b) { return a.cycles > b.cycles; });
    std::string text;
    for (const Sum& sum : sums) {
        text += fmt::format("{:>9}  {}{}\n", sum.cycles, sum.what,
                            sum.times == 1 ? "" : fmt::format("  ({} times)", sum.times));
    }
    return text;
}

nlohmann::ordered_json step_json(const Step& step) {
    nlohmann::ordered_json json{{"cycle", step.at}, {"step", step.kind}, {"index", step.index}};
    if (!step.terms.empty()) {
        json["decided_by"] = reason(step);
    }
    nlohmann::ordered_json terms = nlohmann::ordered_json::array();
    for (const Explanation::Term& term : step.terms) {
        terms.push_back({{"name", term.name}, {"cycle", term.at}});
    }
    json["terms"] = std::move(terms);
    return json;
}

}  // namespace

std::string explain_text(const Explanation& explanation, const ExplainView& view) {
    std::string text =
        "    cycle  step                   decided by  (what else was waited for, and since when it held)\n";
    text += steps_text(explanation, view);
    if (!explanation.done) {
        return text + "\nThe transfer does not end.\n";
    }
    const std::vector<Link> path = links(explanation);
    text += "\nCritical path, from the status back\n";
    text += path_text(path);
    text += fmt::format("\nWhere the {} go\n", cycles_text(path.front().step->at));
    text += sums_text(path);
    return text;
}

std::string explain_json(const Explanation& explanation, const ExplainView& view) {
    nlohmann::ordered_json json;
    json["done"] = explanation.done;
    nlohmann::ordered_json steps = nlohmann::ordered_json::array();
    for (const Step& step : explanation.steps) {
        if (shown(step, view)) {
            steps.push_back(step_json(step));
        }
    }
    json["steps"] = std::move(steps);
    nlohmann::ordered_json path = nlohmann::ordered_json::array();
    for (const Link& link : links(explanation)) {
        nlohmann::ordered_json one{{"cycle", link.step->at}, {"step", link.step->kind}, {"index", link.step->index}};
        if (!link.step->terms.empty()) {
            one["decided_by"] = reason(*link.step);
        }
        one["cycles"] = link.cycles;
        path.push_back(std::move(one));
    }
    json["critical_path"] = std::move(path);
    return json.dump(2) + "\n";
}

}  // namespace dmasim::cli
