// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dmasim/bus/core/beat/beat_fabric.h"
#include "dmasim/bus/core/topology.h"
#include "dmasim/cli/core/command.h"
#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/examples.h"
#include "dmasim/cli/core/report.h"
#include "dmasim/cli/core/steps.h"
#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"
#include "dmasim/cpu_stub/core/replacement.h"
#include "dmasim/model/arbiter/arbiter.h"
#include "dmasim/model/profile/profile.h"
#include "dmasim/model/verifier/verifier.h"

namespace dmasim::cli {

namespace {

template <typename Rows>
void print(const Rows& rows, std::ostream& out) {
    for (const auto& row : rows) {
        fmt::print(out, "  {:<22} {}\n", row.name, row.description);
    }
}

void print_examples(std::ostream& out) {
    for (const Example& example : examples()) {
        fmt::print(out, "  {}\n      {}\n", example.file, example.summary);
    }
}

struct Rule {
    std::string_view name;
    std::string_view description;
};

/// Of the verifier, and of the driver checks, which the DMA operations apply.
std::vector<Rule> rules() {
    std::vector<Rule> result;
    for (const VerifierRuleKind& rule : verifier_rules()) {
        result.push_back({rule.name, rule.summary});
    }
    for (const dma::DriverRule* rule : dma::driver_rules()) {
        // What is judged at two moments is two rows there.
        if (result.back().name != rule->id || result.back().description != rule->summary) {
            result.push_back({rule->id, rule->summary});
        }
    }
    return result;
}

/// One thing that can be listed.
struct Topic {
    const char* name;
    void (*print)(std::ostream& out);
};

const std::vector<Topic>& topics() {
    static const std::vector<Topic> kTopics{
        {"profiles", [](std::ostream& out) { print(timing_profiles(), out); }},
        {"arbiters", [](std::ostream& out) { print(arbiter_kinds(), out); }},
        {"topologies",
         [](std::ostream& out) {
             print(topology_kinds(), out);
             print(beat_fabric_kinds(), out);
         }},
        {"replacements", [](std::ostream& out) { print(replacement_kinds(), out); }},
        {"rules", [](std::ostream& out) { print(rules(), out); }},
        {"formats", [](std::ostream& out) { print(report_formats(), out); }},
        {"examples", &print_examples},
    };
    return kTopics;
}

}  // namespace

ExitStatus run_list(const std::vector<std::string>& arguments, const Streams& streams) {
    std::vector<std::string> known;
    for (const Topic& topic : topics()) {
        known.emplace_back(topic.name);
    }
    CommandLine line("dmasim list", fmt::format("[{}]", fmt::join(known, "|")),
                     "Lists what a scenario can choose from.");
    line.max_positionals = 1;
    const Parsed parsed = parse(line, arguments, streams);
    if (parsed.answered) {
        return ExitStatus::AsExpected;
    }
    const std::string wanted = parsed.positionals.empty() ? "" : parsed.positionals[0];
    bool found = false;
    for (const Topic& topic : topics()) {
        if (!wanted.empty() && wanted != topic.name) {
            continue;
        }
        found = true;
        fmt::print(streams.out, "{}\n", topic.name);
        topic.print(streams.out);
    }
    if (!found) {
        const std::string near = nearest(wanted, known);
        throw InputError(fmt::format("dmasim list: there is nothing called {}{}", in_quotes(wanted),
                                     near.empty() ? fmt::format("; known: {}", fmt::join(known, ", "))
                                                  : fmt::format("; did you mean {}?", in_quotes(near))));
    }
    return ExitStatus::AsExpected;
}

}  // namespace dmasim::cli
