// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dmasim/cli/commands.h"
#include "dmasim/cli/core/output.h"
#include "dmasim/cli/core/report.h"
#include "dmasim/cli/core/scenario.h"
#include "dmasim/cli/simulate.h"

namespace dmasim::cli {

namespace {

/// Shows how far a run has come, on a terminal, a few times a second.
class Progress {
  public:
    Progress(std::ostream& err, bool fixed_end)
        : err_(err), fixed_end_(fixed_end), begin_(Clock::now()), last_(begin_) {}
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() {
        if (shown_) {
            // Clears the line, so that nothing of it stays above the results.
            err_ << "\r\033[K" << std::flush;
        }
    }

    void show(std::uint64_t cycle, std::uint64_t last) {
        const Clock::time_point now = Clock::now();
        if (now - last_ < std::chrono::milliseconds(250)) {
            return;
        }
        last_ = now;
        shown_ = true;
        const double seconds = std::chrono::duration<double>(now - begin_).count();
        const double rate = static_cast<double>(cycle) / seconds;
        std::string text = fmt::format("\r\033[Kcycle {} ({:.1f} million cycles a second", cycle, rate / 1e6);
        // How far the end is, nobody knows, unless the scenario says it: otherwise the limit is the worst case.
        const double left = static_cast<double>(last - cycle) / rate;
        text += fixed_end_ ? fmt::format(", {:.0f} %, {:.0f} s left)",
                                         100.0 * static_cast<double>(cycle) / static_cast<double>(last), left)
                           : fmt::format(", {:.0f} % of max_cycles, at most {:.0f} s left)",
                                         100.0 * static_cast<double>(cycle) / static_cast<double>(last), left);
        err_ << text << std::flush;
    }

  private:
    using Clock = std::chrono::steady_clock;
    std::ostream& err_;
    bool fixed_end_;
    Clock::time_point begin_;
    Clock::time_point last_;
    bool shown_ = false;
};

/// Collects what the actor of the cache does, as a schedule.
class ActionRecording final : public CacheActionLog {
  public:
    /// Hold-ups are part of it as they are: they act in any case.
    explicit ActionRecording(const PlatformSpec& platform) {
        for (const CpuStall& stall : platform.stalls) {
            lines_.emplace_back(stall.at, fmt::format("- {{at: {}, stall: {}}}\n", stall.at.count(), stall.cycles));
        }
        if (platform.cpu) {
            for (const StoreHold& hold : platform.cpu->store_buffer.holds) {
                lines_.emplace_back(hold.at,
                                    fmt::format("- {{at: {}, hold_stores: {}}}\n", hold.at.count(), hold.cycles));
            }
        }
        for (const ControllerSpec& controller : platform.controllers) {
            for (const ChannelHold& hold : controller.config.holds) {
                lines_.emplace_back(
                    hold.at, fmt::format("- {{at: {}, hold_channel: {}, controller: {}, channel: {}}}\n",
                                         hold.at.count(), hold.cycles, Json(controller.name).dump(), hold.channel));
            }
        }
    }
    void acted(const CacheAction& action) override {
        if (action.kind == CacheActionKind::Drain) {
            lines_.emplace_back(action.at, fmt::format("- {{at: {}, drain_stores: true}}\n", action.at.count()));
            return;
        }
        lines_.emplace_back(action.at,
                            fmt::format("- {{at: {}, {}: {:#x}}}\n", action.at.count(),
                                        action.kind == CacheActionKind::Evict ? "evict" : "prefetch", action.address));
    }
    [[nodiscard]] std::string yaml() {
        std::stable_sort(lines_.begin(), lines_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        std::string text;
        for (const auto& [at, line] : lines_) {
            text += line;
        }
        return text.empty() ? "[]\n" : text;
    }

  private:
    std::vector<std::pair<Cycles, std::string>> lines_;
};

}  // namespace

ExitStatus run_run(const std::vector<std::string>& arguments, const Streams& streams) {
    namespace po = boost::program_options;
    CommandLine line("dmasim run", "FILE [options]",
                     "Simulates a scenario and prints the result. FILE is YAML or JSON, - the standard input.\n"
                     "Exit status: 0 as expected, 1 an expectation failed or there are findings, 2 usage or\n"
                     "configuration, 3 the simulation failed, 4 input/output.");
    line.min_positionals = 1;
    line.max_positionals = 1;
    add_set_option(line);
    line.options.add_options()("out", po::value<std::string>()->value_name("DIR"),
                               "write result.json, transfers.csv, config.yaml (and trace.vcd) into this folder");
    line.options.add_options()("format", po::value<std::string>()->default_value("text")->value_name("text|json|csv"),
                               "what is printed");
    line.options.add_options()(
        "schedule", po::value<std::string>()->value_name("FILE"),
        "evictions and prefetches at given cycles (platform.cpu.actor.schedule), instead of random ones");
    line.options.add_options()("record", po::value<std::string>()->value_name("FILE"),
                               "write what was evicted and prefetched, for --schedule");
    line.options.add_options()("verify", "look for hazards between driver and devices (platform.verifier.enabled)");
    line.options.add_options()("trace", "write the waveform trace.vcd; needs --out");
    const Parsed parsed = parse(line, arguments, streams);
    if (parsed.answered) {
        return ExitStatus::AsExpected;
    }
    const ReportFormat& format = report_format(parsed.text("format"));
    std::vector<Setting> settings = settings_of(parsed);
    if (parsed.has("trace")) {
        settings.push_back({{"run", "trace"}, "true", "--trace"});
    }
    if (parsed.has("verify")) {
        settings.push_back({{"platform", "verifier", "enabled"}, "true", "--verify"});
    }
    if (parsed.has("schedule")) {
        const std::string file = parsed.text("schedule");
        for (const char* key : {"evict_every", "prefetch_every"}) {
            settings.push_back({{"platform", "cpu", "actor", key}, "0", "--schedule"});
        }
        settings.push_back({{"platform", "cpu", "actor", "schedule"}, "", "--schedule " + file, file});
    }
    const Scenario scenario = load_scenario(parsed.positionals[0], settings);
    const bool to_folder = parsed.has("out");
    if (parsed.has("trace") && !to_folder) {
        throw InputError("dmasim run: --trace needs --out DIR, where the waveform goes");
    }

    // Before the simulation: what cannot be written should not cost a run.
    const std::filesystem::path folder = to_folder ? parsed.text("out") : ".";
    std::ofstream vcd;
    const std::string vcd_path = (folder / "trace.vcd").string();
    if (to_folder) {
        make_folder(folder.string());
        write_file((folder / "config.yaml").string(), resolved_yaml(scenario, folder.string()));
        if (scenario.run.trace) {
            vcd.open(vcd_path, std::ios::binary);
            if (!vcd) {
                throw InputError(fmt::format("{}: cannot write: {}", vcd_path, std::strerror(errno)),
                                 ExitStatus::InputOutput);
            }
        }
    }

    SimulateOptions options;
    options.vcd = vcd.is_open() ? &vcd : nullptr;
    ActionRecording recording(scenario.platform);
    options.actions = parsed.has("record") ? &recording : nullptr;
    if (parsed.has("record")) {
        // What cannot be written is found before the simulation and not after it.
        write_file(parsed.text("record"), "");
    }
    std::unique_ptr<Progress> progress;
    if (isatty(STDERR_FILENO) != 0) {
        progress = std::make_unique<Progress>(streams.err, scenario.run.stop_at.has_value());
        options.progress = [&](std::uint64_t cycle, std::uint64_t last) { progress->show(cycle, last); };
    }
    const Result result = simulate(scenario, options);
    progress.reset();

    if (parsed.has("record")) {
        write_file(parsed.text("record"), recording.yaml());
    }
    if (to_folder) {
        write_file((folder / "result.json").string(), json_report(result));
        write_file((folder / "transfers.csv").string(), csv_report(result));
        if (vcd.is_open()) {
            vcd.close();
            if (!vcd) {
                throw InputError(fmt::format("{}: cannot write", vcd_path), ExitStatus::InputOutput);
            }
        }
    }
    streams.out << format.render(result);
    if (!result.failure.empty()) {
        fmt::print(streams.err, "dmasim run: {}: the simulation failed: {}\n", parsed.positionals[0], result.failure);
        return ExitStatus::SimulationFailed;
    }
    return result.as_expected() ? ExitStatus::AsExpected : ExitStatus::Unexpected;
}

}  // namespace dmasim::cli
