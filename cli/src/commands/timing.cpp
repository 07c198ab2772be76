// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "dmasim/cli/commands.h"
#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/timing/compare.h"
#include "dmasim/cli/i8237_bench.h"
#include "dmasim/cli/timing_bench.h"
#include "dmasim/model/errors.h"

namespace dmasim::cli {

namespace {

/// The product's SystemC modules.
class ModuleDriver final : public TimingDriver {
  public:
    ModuleDriver(const TableKind& table, const ParameterSet& parameters, bool lazy)
        : table_(table),
          parameters_(parameters),
          profile_(parameters.pipeline().kind == PipelineKind::Sequenced ? "axi_cdma" : "idma"),
          bench_(profile_, timing_table(table.name)),
          inputs_(table.inputs(parameters.profile())) {
        bench_.set_timing(parameters.pipeline());
        bench_.lazy(lazy);
        const std::vector<std::string>& columns = timing_columns(profile_, timing_table(table.name));
        for (const TimingColumn& column : table.outputs(parameters.profile())) {
            const auto found = std::find(columns.begin(), columns.end(), column.name);
            if (found == columns.end()) {
                throw std::logic_error(fmt::format("the bench has no column {}", column.name));
            }
            places_.push_back(static_cast<std::size_t>(found - columns.begin()));
        }
    }

    void add(const RowView& row) override {
        // What is wrong with the row is told with its place.
        const TimingJob job = table_.job(row, parameters_);
        TimingBench::Row values;
        for (const std::string& column : inputs_) {
            values[column] = parameters_.changes(column)
                                 ? fmt::format("{}", parameters_.value_of(column, job.masters.front().timing))
                                 : std::string(row.text(column));
        }
        try {
            bench_.add_row(values);
        } catch (const ConfigError& error) {
            row.fail(inputs_.front(), error.what());
        }
    }

    void run() override { bench_.run(); }

    RowResult result(std::size_t index, const RowView& /*row*/) override {
        const std::vector<std::string> columns = bench_.result(index);
        RowResult result;
        for (const std::size_t place : places_) {
            result.columns.push_back(columns[place]);
        }
        result.correct = bench_.correct(index);
        return result;
    }

  private:
    const TableKind& table_;
    const ParameterSet& parameters_;
    std::string profile_;
    TimingBench bench_;
    std::vector<std::string> inputs_;
    std::vector<std::size_t> places_;
};

/// The same for an 8237.
class I8237ModuleDriver final : public TimingDriver {
  public:
    explicit I8237ModuleDriver(const ParameterSet& parameters) : bench_(parameters.i8237()) {}

    void add(const RowView& row) override { bench_.add(row_i8237(row)); }
    void run() override { bench_.run(); }
    RowResult result(std::size_t index, const RowView& /*row*/) override {
        return {i8237_columns(bench_.result(index)), bench_.correct(index)};
    }

  private:
    I8237Bench bench_;
};

std::unique_ptr<TimingDriver> make_module_driver(const TableKind& table, const ParameterSet& parameters, bool lazy) {
    if (table.job == nullptr) {
        // It shows every state on its pins, so there is nothing to be lazy about.
        return std::make_unique<I8237ModuleDriver>(parameters);
    }
    return std::make_unique<ModuleDriver>(table, parameters, lazy);
}

std::unique_ptr<TimingDriver> make_events_driver(const TableKind& table, const ParameterSet& parameters) {
    return make_module_driver(table, parameters, false);
}

std::unique_ptr<TimingDriver> make_lazy_driver(const TableKind& table, const ParameterSet& parameters) {
    return make_module_driver(table, parameters, true);
}

/// One driver.
struct DriverKind {
    std::string_view name;
    std::unique_ptr<TimingDriver> (*make)(const TableKind& table, const ParameterSet& parameters);
};

const std::vector<DriverKind>& driver_kinds() {
    // One line for each driver.
    static const std::vector<DriverKind> kDrivers{
        {"events", &make_events_driver},
        {"lazy", &make_lazy_driver},
        {"reference", &make_reference_driver},
    };
    return kDrivers;
}

const DriverKind& driver_kind(const std::string& name) {
    std::vector<std::string_view> known;
    for (const DriverKind& driver : driver_kinds()) {
        if (driver.name == name) {
            return driver;
        }
        known.push_back(driver.name);
    }
    throw InputError(
        fmt::format("dmasim timing: unknown driver {}; known: {}", in_quotes(name), fmt::join(known, ", ")));
}

double tolerance_of(const std::string& text) {
    double value = 0;
    try {
        std::size_t end = 0;
        value = std::stod(text, &end);
        if (end != text.size()) {
            value = -1;
        }
    } catch (const std::exception&) {
        value = -1;
    }
    if (!std::isfinite(value) || value < 0 || value > 100) {
        throw InputError(fmt::format("dmasim timing: --tolerance is per cent from 0 to 100, not {}", in_quotes(text)));
    }
    return value;
}

}  // namespace

ExitStatus run_timing_command(const std::vector<std::string>& arguments, const Streams& streams) {
    namespace po = boost::program_options;
    std::vector<std::string_view> tables;
    for (const TableKind& table : table_kinds()) {
        tables.push_back(table.name);
    }
    CommandLine line(
        "dmasim timing", "--profile NAME --jobs FILE [options]",
        "Runs each row of a table of transfers on a beat-accurate profile and adds its timing columns, or\n"
        "compares them with those in the table (docs/timing-command.md).\n"
        "Exit status: 0 as expected, 1 rows mismatched, 2 usage or a table that cannot be read.");
    line.options.add_options()("profile", po::value<std::string>()->value_name("NAME"),
                               fmt::format("{}", fmt::join(ParameterSet::profiles(), ", ")).c_str());
    line.options.add_options()("jobs", po::value<std::string>()->value_name("FILE"),
                               "the table, .csv or .csv.zst; its first line names the columns");
    line.options.add_options()(
        "table", po::value<std::string>()->value_name("NAME"),
        fmt::format("{}; without it the table is recognised by its columns", fmt::join(tables, ", ")).c_str());
    line.options.add_options()(
        "driver", po::value<std::string>()->value_name("NAME")->default_value("events"),
        "events: the SystemC modules; lazy: the same, evaluated when somebody looks; reference: the "
        "clocked model that they are checked with");
    line.options.add_options()("compare",
                               "compare the timing columns that the table has; the last line is "
                               "\"rows R exact E mismatched M\"");
    line.options.add_options()("tolerance", po::value<std::string>()->value_name("P")->default_value("0"),
                               "per cent by which a compared number may differ");
    line.options.add_options()("output", po::value<std::string>()->value_name("FILE"),
                               "write the table with its timing columns there; without it, and without --compare, it "
                               "goes to the standard output");
    line.options.add_options()(
        "set", po::value<std::vector<std::string>>()->value_name("KEY=VALUE")->composing(),
        "change a number of the profile: VALUE, or +N or -N to what it is. Where the rows of the "
        "table say it (burst, nax, bufdepth) the change applies to them. May be given several "
        "times");
    const Parsed parsed = parse(line, arguments, streams);
    if (parsed.answered) {
        return ExitStatus::AsExpected;
    }
    for (const char* option : {"profile", "jobs"}) {
        if (!parsed.has(option)) {
            throw InputError(
                fmt::format("dmasim timing: --{} is missing; usage: {} {}", option, line.command, line.usage));
        }
    }
    ParameterSet parameters(parsed.text("profile"));
    if (parsed.has("set")) {
        for (const std::string& setting : parsed.values["set"].as<std::vector<std::string>>()) {
            parameters.set(setting);
        }
    }
    const DriverKind& driver = driver_kind(parsed.text("driver"));
    TimingRequest request;
    request.jobs = parsed.text("jobs");
    request.compare = parsed.has("compare");
    request.tolerance = tolerance_of(parsed.text("tolerance"));
    if (parsed.has("table")) {
        request.table = &table_kind(parsed.text("table"), parameters.profile());
    }
    std::ofstream file;
    if (parsed.has("output")) {
        file.open(parsed.text("output"), std::ios::binary);
        if (!file) {
            throw InputError(fmt::format("{}: cannot write: {}", parsed.text("output"), std::strerror(errno)),
                             ExitStatus::InputOutput);
        }
        request.results = &file;
    } else if (!request.compare) {
        request.results = &streams.out;
    }
    request.report = &streams.out;
    request.problems = &streams.err;
    const TimingOutcome outcome =
        run_timing(request, parameters, [&](const TableKind& table) { return driver.make(table, parameters); });
    if (file.is_open()) {
        file.close();
        if (!file) {
            throw InputError(fmt::format("{}: cannot write", parsed.text("output")), ExitStatus::InputOutput);
        }
    }
    if (request.compare) {
        if (outcome.mismatched != 0 && !parameters.beats() && parameters.i8237().always_wait == 0) {
            fmt::print(streams.err,
                       "dmasim timing: profile {} has no wait states; rows of a part that always inserts one need "
                       "--profile i8237_always_wait\n",
                       parameters.profile());
        }
        fmt::print(streams.out, "{}\n", summary_line(outcome));
        return outcome.mismatched == 0 ? ExitStatus::AsExpected : ExitStatus::Unexpected;
    }
    return outcome.incorrect == 0 ? ExitStatus::AsExpected : ExitStatus::SimulationFailed;
}

}  // namespace dmasim::cli
