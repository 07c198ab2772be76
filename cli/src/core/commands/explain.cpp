// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/timing/explain.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "dmasim/cli/core/command.h"
#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/timing/parameters.h"

namespace dmasim::cli {

namespace {

constexpr const char* kCommand = "dmasim explain";

/// The number that option `name` has, decimal or with 0x.
std::uint64_t number(const Parsed& parsed, const char* name, std::uint64_t low, std::uint64_t high) {
    const std::string given = parsed.text(name);
    std::string_view digits = given;
    const bool hex = digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    if (hex) {
        digits.remove_prefix(2);
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || value < low || value > high) {
        throw InputError(fmt::format("{}: --{} must be a number from {} to {}, not {}", kCommand, name, low, high,
                                     in_quotes(given)));
    }
    return value;
}

/// The place of option `name` in `known`.
template <typename Known>
std::size_t choice(const Parsed& parsed, const char* name, const Known& known) {
    const std::string given = parsed.text(name);
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (known[i] == given) {
            return i;
        }
    }
    throw InputError(fmt::format("{}: --{} {}; known: {}", kCommand, name, in_quotes(given), fmt::join(known, ", ")));
}

void refuse(const Parsed& parsed, const char* name, std::string_view profile) {
    if (parsed.has(name)) {
        throw InputError(fmt::format("{}: profile {} has no --{}", kCommand, profile, name));
    }
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

TimingJob job_of(const Parsed& parsed, const ParameterSet& parameters) {
    TimingJob job;
    const auto bits = static_cast<std::uint32_t>(number(parsed, "dw", 8, 8 * kMaxBeatBytes));
    if ((bits & (bits - 1)) != 0) {
        throw InputError(fmt::format("{}: --dw must be a power of two, not {}", kCommand, bits));
    }
    job.bus_bytes = bits / 8;
    std::vector<std::string_view> memories;
    for (const NamedMemory& memory : named_memories()) {
        memories.push_back(memory.name);
    }
    job.memories = {named_memories()[choice(parsed, "slave", memories)].timing};
    const std::vector<std::string_view> fabrics{"direct", "crossbar", "split_interconnect"};
    const std::vector<std::string> kinds{"direct", "axi_crossbar", "split_interconnect"};
    job.fabric = kinds[choice(parsed, "fabric", fabrics)];
    TimingJob::Master master;
    master.timing = parameters.pipeline();
    // What the options say comes first, and --set changes it: as with the rows of a table.
    const auto option = [&](const char* name, std::uint32_t high, std::uint32_t& value) {
        if (parsed.has(name)) {
            const std::uint64_t changed = parameters.changed(name, number(parsed, name, 1, high), 1, high);
            value = static_cast<std::uint32_t>(std::min<std::uint64_t>(changed, high + 1U));
        }
    };
    if (master.timing.kind == PipelineKind::Sequenced) {
        for (const char* name : {"nax", "bufdepth", "mode"}) {
            refuse(parsed, name, parameters.profile());
        }
        option("burst", 256, master.timing.max_burst_beats);
    } else {
        refuse(parsed, "burst", parameters.profile());
        option("nax", 1024, master.timing.bursts_in_flight);
        option("bufdepth", 255, master.timing.buffer_beats);
        if (parsed.has("mode")) {
            const std::vector<std::string_view> modes{"coupled", "decouple_rw", "decouple_rw_aw"};
            const std::size_t mode = choice(parsed, "mode", modes);
            master.timing.split = mode == 0 ? SplitRule::AlignedBothSides : SplitRule::AlignedEachSide;
            master.timing.write_address = mode == 2 ? WriteAddressRule::AtOnce : WriteAddressRule::WithFirstBeat;
        }
    }
    const std::uint64_t bytes = number(parsed, "len", 1, TimingJob::kMemoryBytes);
    master.ports = {{BeatTransfer{number(parsed, "src", 0, TimingJob::kMemoryBytes - 1),
                                  number(parsed, "dst", 0, TimingJob::kMemoryBytes - 1), bytes, 0}}};
    job.masters = {master};
    return job;
}

}  // namespace

ExitStatus run_explain(const std::vector<std::string>& arguments, const Streams& streams) {
    namespace po = boost::program_options;
    CommandLine line(kCommand, "--profile NAME --slave MEMORY --len BYTES [options]",
                     "Tells why each step of one transfer on a beat-accurate profile comes in its cycle: what decided\n"
                     "it, what else it waited for, and the critical path from the status back\n"
                     "(docs/timing-command.md). The profile native has no beats and is not explained here: its rules\n"
                     "C1 to C6 are in docs/timing.md, and `dmasim run --trace` shows when each of them acted.");
    line.options.add_options()("profile", po::value<std::string>()->value_name("NAME"), "axi_cdma or idma");
    line.options.add_options()("slave", po::value<std::string>()->value_name("NAME")->default_value("ram"),
                               "the memory: ideal_L1 ... ideal_L100, wait_r1w0, wait_r0w1, wait_r3w3, ram, "
                               "SRAM_3c_8out, RPC_13c_16out, HBM_100c_64out");
    line.options.add_options()("fabric", po::value<std::string>()->value_name("NAME")->default_value("direct"),
                               "direct, crossbar or split_interconnect");
    line.options.add_options()("dw", po::value<std::string>()->value_name("BITS")->default_value("32"), "data width");
    line.options.add_options()("len", po::value<std::string>()->value_name("BYTES"), "length");
    line.options.add_options()("src", po::value<std::string>()->value_name("ADDRESS")->default_value("0"), "source");
    line.options.add_options()("dst", po::value<std::string>()->value_name("ADDRESS")->default_value("0x80000"),
                               "destination");
    line.options.add_options()("burst", po::value<std::string>()->value_name("BEATS"),
                               "largest burst (axi_cdma; 16 without it)");
    line.options.add_options()("nax", po::value<std::string>()->value_name("N"),
                               "bursts in flight (idma; 8 without it)");
    line.options.add_options()("bufdepth", po::value<std::string>()->value_name("BEATS"),
                               "beats of buffer (idma; 3 without it)");
    line.options.add_options()("mode", po::value<std::string>()->value_name("NAME"),
                               "coupled, decouple_rw or decouple_rw_aw (idma)");
    line.options.add_options()("set", po::value<std::vector<std::string>>()->value_name("KEY=VALUE")->composing(),
                               "change a number of the profile, as in dmasim timing");
    line.options.add_options()("from", po::value<std::string>()->value_name("CYCLE"), "first cycle that is shown");
    line.options.add_options()("to", po::value<std::string>()->value_name("CYCLE"), "last cycle that is shown");
    line.options.add_options()("steps", po::value<std::string>()->value_name("LIST"),
                               fmt::format("what is shown, of: {}", fmt::join(explain_channels(), ",")).c_str());
    line.options.add_options()("format", po::value<std::string>()->value_name("text|json")->default_value("text"),
                               "what is printed");
    const Parsed parsed = parse(line, arguments, streams);
    if (parsed.answered) {
        return ExitStatus::AsExpected;
    }
    for (const char* option : {"profile", "len"}) {
        if (!parsed.has(option)) {
            throw InputError(
                fmt::format("{}: --{} is missing; usage: {} {}", kCommand, option, line.command, line.usage));
        }
    }
    const std::string profile = parsed.text("profile");
    if (profile == "native") {
        throw InputError(
            fmt::format("{}: profile {} is not explained; axi_cdma and idma are", kCommand, in_quotes(profile)));
    }
    ParameterSet parameters(profile);
    if (!parameters.beats()) {
        throw InputError(
            fmt::format("{}: profile {} is no pipeline of beats; it is described state by state in docs/i8237.md",
                        kCommand, parameters.profile()));
    }
    if (parsed.has("set")) {
        for (const std::string& setting : parsed.values["set"].as<std::vector<std::string>>()) {
            parameters.set(setting);
        }
    }
    ExplainView view;
    constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
    view.from = parsed.has("from") ? number(parsed, "from", 0, kLast) : 0;
    view.to = parsed.has("to") ? number(parsed, "to", 0, kLast) : kLast;
    if (parsed.has("steps")) {
        view.channels = split(parsed.text("steps"));
        for (const std::string& channel : view.channels) {
            if (std::find(explain_channels().begin(), explain_channels().end(), channel) == explain_channels().end()) {
                throw InputError(fmt::format("{}: --steps {}; known: {}", kCommand, in_quotes(channel),
                                             fmt::join(explain_channels(), ",")));
            }
        }
    }
    const std::vector<std::string_view> formats{"text", "json"};
    const bool json = choice(parsed, "format", formats) == 1;
    const TimingJob job = job_of(parsed, parameters);
    const Explanation explanation = explain(job);
    if (!json) {
        fmt::print(streams.out, "{}: {} bytes from {:#x} to {:#x}, {} bit, {}, memory {}\n\n", parameters.profile(),
                   job.masters[0].ports[0][0].bytes, job.masters[0].ports[0][0].source,
                   job.masters[0].ports[0][0].destination, 8 * job.bus_bytes, parsed.text("fabric"),
                   parsed.text("slave"));
    }
    streams.out << (json ? explain_json(explanation, view) : explain_text(explanation, view));
    return explanation.done ? ExitStatus::AsExpected : ExitStatus::SimulationFailed;
}

}  // namespace dmasim::cli
