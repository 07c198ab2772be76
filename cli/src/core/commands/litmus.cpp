// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/litmus.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dmasim/cli/core/command.h"
#include "dmasim/cli/core/findings.h"
#include "dmasim/cli/core/litmus_file.h"
#include "dmasim/cpu_stub/core/litmus_self_test.h"

namespace dmasim::cli {

namespace {

std::uint64_t parse_number(const std::string& text, const char* option, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number > most) {
        throw InputError(
            fmt::format("dmasim litmus: {} is {}; it must be a number up to {}", option, in_quotes(text), most));
    }
    return number;
}

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

ExitStatus self_test(std::uint64_t programs, std::uint64_t seed, bool json, std::ostream& out) {
    LitmusSelfTestConfig config;
    config.seed = seed;
    config.programs = programs;
    config.mutants = programs;
    const LitmusSelfTestResult result = litmus_self_test(config);
    const double score =
        result.corrupting == 0 ? 1.0 : static_cast<double>(result.reported) / static_cast<double>(result.corrupting);
    if (json) {
        const Json report{{"seed", seed},
                          {"programs", result.programs},
                          {"false_findings", result.false_findings},
                          {"wrong_bytes", result.wrong_bytes},
                          {"mutants", result.mutants},
                          {"corrupting_runs", result.corrupting},
                          {"reported_runs", result.reported},
                          {"score", score},
                          {"byte_lane_errors", result.lane_errors},
                          {"problems", result.problems},
                          {"ok", result.ok()}};
        out << report.dump(1) << "\n";
    } else {
        fmt::print(out,
                   "{} right programs from seed {}: {} reported, {} with other bytes than the flat memory\n"
                   "{} spoilt programs: a byte was wrong in {} runs, {} of them reported; mutation score {:.2f} %\n"
                   "byte lanes: {} errors\n",
                   result.programs, seed, result.false_findings, result.wrong_bytes, result.mutants, result.corrupting,
                   result.reported, 100.0 * score, result.lane_errors);
        for (const std::string& problem : result.problems) {
            fmt::print(out, "! {}\n", problem);
        }
    }
    return result.ok() ? ExitStatus::AsExpected : ExitStatus::Unexpected;
}

}  // namespace

ExitStatus run_litmus_command(const std::vector<std::string>& arguments, const Streams& streams) {
    namespace po = boost::program_options;
    CommandLine line(
        "dmasim litmus", "[FILE...] [options]",
        "Runs litmus tests, short traces of driver and device with and without a bug (docs/litmus.md), on\n"
        "the simulated machine. FILE is JSON or YAML, - the standard input.\n"
        "Exit status: 0 every entry does what its file says, 1 one does not, 2 usage.");
    line.min_positionals = 0;
    line.max_positionals = std::numeric_limits<unsigned>::max();
    line.options.add_options()("variant",
                               po::value<std::string>()->default_value("both")->value_name("buggy|fixed|both"),
                               "which traces are run");
    line.options.add_options()("format", po::value<std::string>()->default_value("text")->value_name("text|json"),
                               "what is printed");
    line.options.add_options()(
        "self-test", po::value<std::string>()->value_name("N"),
        "no files: N random right programs, in which nothing may be found, and N spoilt ones, in which it must");
    line.options.add_options()("seed", po::value<std::string>()->default_value("1")->value_name("S"),
                               "first seed of the self-test");
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
    if (parsed.has("self-test")) {
        if (!parsed.positionals.empty()) {
            throw InputError("dmasim litmus: --self-test takes no files");
        }
        constexpr std::uint64_t kMost = 100'000'000;
        return self_test(parse_number(parsed.text("self-test"), "--self-test", kMost),
                         parse_number(parsed.text("seed"), "--seed", std::numeric_limits<std::uint64_t>::max() / 2),
                         format == "json", streams.out);
    }
    if (parsed.positionals.empty()) {
        throw InputError("dmasim litmus: which FILE? (dmasim litmus FILE... [options])");
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
