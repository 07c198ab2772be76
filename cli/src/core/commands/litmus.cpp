// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/litmus.h"

#include <limits>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dmasim/cli/core/command.h"
#include "dmasim/cli/core/findings.h"
#include "dmasim/cli/core/litmus_file.h"

namespace dmasim::cli {

namespace {

/// Lines of a finding below the first, indented by `margin`.
std::string indented(const std::string& text, const std::string& margin) {
    std::string result = margin;
    for (const char c : text) {
        result += c;
        if (c == '\n') {
            result += margin;
        }
    }
    return result;
}

Json json_of(const LitmusEntry& entry, const char* variant, const LitmusResult& result) {
    Json json = Json::object();
    json["id"] = entry.id;
    json["variant"] = variant;
    json["reads"] = Json::array();
    for (const LitmusRead& read : result.reads) {
        json["reads"].push_back(litmus_text(read.bytes));
    }
    json["findings"] = Json::array();
    for (const LitmusFinding& found : result.findings) {
        Json finding = to_json(found.finding);
        finding["step"] = found.step;
        finding["seen_step"] = found.seen_step;
        if (found.finding.bytes != 0) {
            finding["offset"] = found.finding.address - LitmusMachine::kBase;
        }
        json["findings"].push_back(std::move(finding));
    }
    json["problems"] = result.problems;
    json["ok"] = result.ok;
    return json;
}

void print(const LitmusEntry& entry, const char* variant, const LitmusResult& result, std::ostream& out) {
    fmt::print(out, "{} {}: {}\n", entry.id, variant, result.ok ? "ok" : "NOT as it should be");
    for (const std::string& problem : result.problems) {
        fmt::print(out, "  ! {}\n", problem);
    }
    for (const LitmusFinding& found : result.findings) {
        const std::string seen = found.seen_step == found.step ? "" : fmt::format(", seen at step {}", found.seen_step);
        fmt::print(out, "  step {}{}:\n{}\n", found.step, seen, indented(to_text(found.finding), "  "));
    }
}

}  // namespace

ExitStatus run_litmus_command(const std::vector<std::string>& arguments, const Streams& streams) {
    namespace po = boost::program_options;
    CommandLine line(
        "dmasim litmus", "FILE... [options]",
        "Runs litmus tests, short traces of driver and device with and without a bug (docs/litmus.md), on\n"
        "the simulated machine. FILE is JSON or YAML, - the standard input.\n"
        "Exit status: 0 every entry does what its file says, 1 one does not, 2 usage.");
    line.min_positionals = 1;
    line.max_positionals = std::numeric_limits<unsigned>::max();
    line.options.add_options()("variant",
                               po::value<std::string>()->default_value("both")->value_name("buggy|fixed|both"),
                               "which traces are run");
    line.options.add_options()("format", po::value<std::string>()->default_value("text")->value_name("text|json"),
                               "what is printed");
    const Parsed parsed = parse(line, arguments, streams);
    if (parsed.answered) {
        return ExitStatus::AsExpected;
    }
    const std::string variant = parsed.text("variant");
    if (variant != "buggy" && variant != "fixed" && variant != "both") {
        throw InputError(
            fmt::format("dmasim litmus: --variant is {}; it must be buggy, fixed or both", in_quotes(variant)));
    }
    const std::string format = parsed.text("format");
    if (format != "text" && format != "json") {
        throw InputError(fmt::format("dmasim litmus: --format is {}; it must be text or json", in_quotes(format)));
    }
    // All files are read before anything is run: what is wrong with one of them is said at once.
    std::vector<LitmusEntry> entries;
    for (const std::string& path : parsed.positionals) {
        for (LitmusEntry& entry : load_litmus(path)) {
            entries.push_back(std::move(entry));
        }
    }
    Json json = Json::array();
    std::size_t runs = 0;
    std::size_t good = 0;
    for (const LitmusEntry& entry : entries) {
        for (const bool fixed : {false, true}) {
            if ((fixed ? entry.fixed : entry.buggy).empty() || variant == (fixed ? "buggy" : "fixed")) {
                continue;
            }
            const LitmusResult result = run_litmus(entry, fixed);
            ++runs;
            good += result.ok ? 1U : 0U;
            const char* name = fixed ? "fixed" : "buggy";
            if (format == "json") {
                json.push_back(json_of(entry, name, result));
            } else {
                print(entry, name, result, streams.out);
            }
        }
    }
    if (format == "json") {
        streams.out << json.dump(1) << "\n";
    } else {
        fmt::print(streams.out, "{} of {} traces as they should be\n", good, runs);
    }
    return good == runs ? ExitStatus::AsExpected : ExitStatus::Unexpected;
}

}  // namespace dmasim::cli
