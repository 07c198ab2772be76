// SPDX-License-Identifier: Apache-2.0
//
// The program as a user sees it: exit status, standard output, standard error, files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support.h"
#include "test_paths.h"

namespace dmasim::cli::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

const std::string kExamples = DMASIM_SOURCE_DIR "/examples/";
const std::string kCopy = kExamples + "single-copy/single-copy.yaml";

/// Diagnostics are one line and nothing goes to the standard output.
void expect_refused(const std::vector<std::string>& arguments, const std::string& message, int status = 2) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, status);
    EXPECT_EQ(outcome.err, message + "\n");
    EXPECT_EQ(outcome.out, "");
}

TEST(Program, HelpAndVersionAtEveryLevel) {
    const std::string version = "dmasim " DMASIM_PROJECT_VERSION "\n";
    EXPECT_EQ(run({"--version"}).out, version);
    EXPECT_THAT(run({"--help"}).out, StartsWith("usage: dmasim COMMAND"));
    EXPECT_EQ(run({"-h"}).out, run({"--help"}).out);
    for (const char* command : {"run", "check", "schema", "list"}) {
        EXPECT_EQ(run({command, "--version"}).out, version);
        const Outcome help = run({command, "--help"});
        EXPECT_EQ(help.status, 0);
        EXPECT_EQ(help.err, "");
        EXPECT_THAT(help.out, StartsWith(std::string("usage: dmasim ") + command));
        EXPECT_THAT(help.out, HasSubstr("--version"));
        EXPECT_THAT(run({"--help"}).out, HasSubstr(std::string("\n  ") + command + " "));
    }
}

TEST(Program, CommandLineMistakes) {
    expect_refused({}, "dmasim: a command is missing (--help tells what there is)");
    expect_refused({"rnu"}, "dmasim: unknown command \"rnu\"; did you mean \"run\"?");
    expect_refused({"--verison"}, "dmasim: unknown option \"--verison\" (--help tells what there is)");
    expect_refused({"--version", "x"}, "dmasim: --version needs nothing behind it, found \"x\"");
    expect_refused({"run"}, "dmasim run: an argument is missing; usage: dmasim run FILE [options]");
    expect_refused({"run", kCopy, "b"}, "dmasim run: unexpected argument \"b\"; usage: dmasim run FILE [options]");
    expect_refused({"run", kCopy, "--form", "json"}, "dmasim run: unknown option --form; did you mean --format?");
    expect_refused({"run", kCopy, "--format", "xml"}, "--format xml: known formats: text, json, csv");
    expect_refused({"run", kCopy, "--out"},
                   "dmasim run: the required argument for option '--out' is missing (--help tells what there is)");
    expect_refused({"run", kCopy, "--trace"}, "dmasim run: --trace needs --out DIR, where the waveform goes");
    expect_refused({"check", kCopy, "--out", "x"}, "dmasim check: unknown option --out (--help tells what there is)");
    expect_refused({"schema", "x"}, "dmasim schema: unexpected argument \"x\"; usage: dmasim schema [options]");
    expect_refused({"list", "arbitres"},
                   "dmasim list: there is nothing called \"arbitres\"; did you mean \"arbiters\"?");
    expect_refused({"run", "no.yaml"}, "no.yaml: No such file or directory");
    expect_refused({"run", "/tmp"}, "/tmp: is a directory");
    expect_refused({"run", "--", "--help"}, "--help: No such file or directory");
}

TEST(Program, SchemaIsJsonAndListsComeFromTheTables) {
    const Json schema = Json::parse(run({"schema"}).out);
    EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    EXPECT_THAT(schema.dump(), HasSubstr("weighted_round_robin"));
    EXPECT_THAT(run({"list"}).out, HasSubstr("weighted_round_robin"));
    EXPECT_THAT(run({"list", "profiles"}).out, HasSubstr("native"));
    EXPECT_THAT(run({"list", "examples"}).out, HasSubstr("examples/single-copy/single-copy.yaml"));
}

TEST(Program, ExitStatusTellsExpectedFromUnexpected) {
    EXPECT_EQ(run({"run", kCopy}).status, 0);
    EXPECT_EQ(run({"run", kCopy, "--set", "expect.cycles.min=1"}).status, 0);
    const Outcome failed = run({"run", kCopy, "--set", "expect.cycles.max=10"});
    EXPECT_EQ(failed.status, 1);
    EXPECT_EQ(failed.err, "");
    EXPECT_THAT(failed.out,
                HasSubstr("Not as expected (--set expect.cycles.max=10): cycles: wanted at most 10, found "));
    const Outcome memory = run({"run", kCopy, "--set", "expect.memory.0.same_as=1"});
    EXPECT_EQ(memory.status, 1);
    EXPECT_THAT(memory.out, HasSubstr("65536 bytes of memory at 0x80000 as those at 0x1: wanted "));
    // Nobody has said that there would be an error.
    const Outcome error = run({"run", kCopy, "--set", "expect.transfers=[]", "--set", "expect.memory=[]", "--set",
                               "transfers.0.source=0x100000"});
    EXPECT_EQ(error.status, 1);
    EXPECT_THAT(error.out,
                HasSubstr("transfer 0 of dma.0: runs to its end without errors: wanted done, found bus_read"));
    // A transfer that the hardware refuses is not a success either.
    EXPECT_EQ(run({"run", kCopy, "--set", "expect.transfers=[]", "--set", "expect.memory=[]", "--set",
                   "transfers.0.element=128", "--set", "transfers.0.fixed_source=true"})
                  .status,
              1);
}

TEST(Program, ExitStatusOfASimulationThatFails) {
    const Outcome limit = run({"run", kCopy, "--set", "run.max_cycles=100"});
    EXPECT_EQ(limit.status, 3);
    EXPECT_EQ(limit.err,
              "dmasim run: " + kCopy +
                  ": the simulation failed: no rest after 100 cycles (run.max_cycles); 1 transfers did not come "
                  "to an end\n");
    const Outcome stuck = run({"run", kCopy, "--set", "transfers.0.pause_at=100"});
    EXPECT_EQ(stuck.status, 3);
    EXPECT_THAT(stuck.err, HasSubstr("nothing moves any more after cycle "));
    EXPECT_EQ(run({"run", kCopy, "--set", "transfers.0.pause_at=100", "--set", "transfers.0.resume_at=500"}).status, 0);
    // An early end is no failure when the scenario asks for it.
    const Outcome stopped = run({"run", kCopy, "--set", "run.stop_at=100", "--set", "expect={}"});
    EXPECT_EQ(stopped.status, 0);
    EXPECT_THAT(stopped.out, HasSubstr(" in 100 cycles "));
}

TEST(Program, ExitStatusOfInputAndOutput) {
    const TemporaryFolder folder;
    const std::string file = folder.file("file", "");
    EXPECT_EQ(run({"run", kCopy, "--out", file}).status, 4);
    expect_refused({"run", kCopy, "--out", file + "/x"}, file + "/x: cannot make this folder: Not a directory", 4);
    const std::string command = std::string(DMASIM_PROGRAM) + " list > /dev/full 2> /dev/null";
    const int status = std::system(command.c_str());
    EXPECT_EQ(WEXITSTATUS(status), 4);
}

TEST(Program, OutFolderHoldsEverythingAndRunsAgainToTheSame) {
    for (const char* example : {"single-copy", "scatter-gather", "contending-channels", "bus-error"}) {
        const TemporaryFolder folder;
        const std::string out = folder.path("a/b");
        const std::string path = kExamples + example + "/" + example + ".yaml";
        const Outcome first = run({"run", path, "--out", out, "--trace"});
        EXPECT_EQ(first.status, 0) << first.out << first.err;
        EXPECT_THAT(read_file(out + "/trace.vcd"), HasSubstr("$enddefinitions"));
        const Outcome json = run({"run", out + "/config.yaml", "--format", "json"});
        EXPECT_EQ(json.out, read_file(out + "/result.json"));
        const Outcome csv = run({"run", out + "/config.yaml", "--format", "csv"});
        EXPECT_EQ(csv.out, read_file(out + "/transfers.csv"));
        EXPECT_EQ(run({"run", path}).out, first.out);
    }
}

TEST(Program, ResultHasWhatItPromises) {
    const Json result = Json::parse(run({"run", kCopy, "--format", "json"}).out);
    EXPECT_EQ(result["schema"], 1);
    EXPECT_EQ(result["version"], DMASIM_PROJECT_VERSION);
    EXPECT_EQ(result["status"], "as_expected");
    EXPECT_EQ(result["findings"], Json::array());
    EXPECT_EQ(result["expectations"].size(), 3U);
    ASSERT_EQ(result["transfers"].size(), 1U);
    const Json& transfer = result["transfers"][0];
    EXPECT_EQ(transfer["length"], 65536);
    EXPECT_EQ(transfer["status"], "done");
    EXPECT_EQ(transfer["accepted"], 0);
    EXPECT_LT(transfer["first_data"], transfer["last_data"]);
    EXPECT_LT(transfer["last_data"], transfer["last_response"]);
    EXPECT_LT(transfer["last_response"], transfer["completed"]);
    std::uint64_t sum = 0;
    for (const auto& cause : result["channels"][0]["cycles"].items()) {
        sum += cause.value().get<std::uint64_t>();
    }
    EXPECT_EQ(sum, result["cycles"]);
    for (const Json& statistic : result["statistics"]) {
        EXPECT_NE(statistic["unit"], "") << statistic;
        EXPECT_NE(statistic["description"], "") << statistic;
    }
}

TEST(Program, NothingDependsOnOrderOfConstructionMonitorsOrDriver) {
    for (const char* example : {"single-copy", "scatter-gather", "contending-channels", "bus-error", "peripheral"}) {
        const std::string path = kExamples + example + "/" + example + ".yaml";
        const std::string normal = run({"run", path, "--format", "json"}).out;
        EXPECT_EQ(run({"run", path, "--format", "json", "--set", "run.construction_order=reversed"}).out, normal);
        EXPECT_EQ(run({"run", path, "--format", "json", "--set", "platform.monitor=true"}).out, normal);
        EXPECT_EQ(run({"run", path, "--format", "json", "--set", "platform.driver=lazy"}).out, normal);
        EXPECT_EQ(run({"run", path, "--format", "json", "--set", "platform.driver=transactions"}).out, normal);
    }
}

TEST(Program, LayersOfSettings) {
    const std::vector<std::string> check{"check", kCopy, "--resolved"};
    EXPECT_THAT(run(check, "DMASIM__run__max_cycles=77").out, HasSubstr("max_cycles: 77\n"));
    std::vector<std::string> both = check;
    both.insert(both.end(), {"--set", "run.max_cycles=78"});
    EXPECT_THAT(run(both, "DMASIM__run__max_cycles=77").out, HasSubstr("max_cycles: 78\n"));
    const Outcome wrong = run(check, "DMASIM__run__max_cycels=77");
    EXPECT_EQ(wrong.status, 2);
    EXPECT_EQ(wrong.err,
              "environment variable DMASIM__run__max_cycels=77: unknown key \"max_cycels\" in run; did you mean "
              "\"max_cycles\"?\n");
}

constexpr const char* kProgram = R"(platform:
  memories: [{name: ram, size: 1MiB, read_latency: 4}]
  controllers: [{name: dma, registers: 0x4000_0000, channels: 2}, {name: other, registers: 0x5000_0000}]
  cpu: {}
  monitor: true
program:
  - store: {address: 0x1000, value: 0x11223344}
  - clean: {address: 0x1000, size: 64}
  - barrier: dsb
  - start: {controller: other, source: 0x1000, destination: 0x2000, length: 64}
  - wait_transfer: {controller: other}
  - load: {address: 0x2000, value: 0x11223344}
  - start: &chain
      channel: 1
      descriptors: 0x8000
      chain:
        - {source: 0x1000, destination: 0x2100, length: 64}
        - {source: 0x1000, destination: 0x2200, length: 64, write_back: true}
  - wait_interrupt: {}
  - wait_transfer: {channel: 1}
  - load: {address: 0x2200, value: 0x11223344, type: uncached}
  - load: {address: 0x803c, value: 64}
  - read_register: {register: ID, value: 0x53414d44}
  - read_register: {register: COMPLETED, channel: 1, value: 2}
  - loop: {count: 3, steps: [{wait_cycles: 10}, {barrier: dmb}]}
  - copy: {source: 0x1000, destination: 0x3000, size: 20}
  - maintain_all: flush
  - {evict: {address: 0x1000}}
  - {prefetch: {address: 0x1000}}
  - store: {address: 0x5000, hex: "01 02", type: uncached}
  - barrier: dsb
expect:
  memory:
    - {address: 0x3000, hex: "44332211"}
    - {address: 0x5000, hex: "0102"}
)";

TEST(Program, StepsOfAProgram) {
    const TemporaryFolder folder;
    const std::string path = folder.file("p.yaml", kProgram);
    const Outcome outcome = run({"run", path});
    // The status word of the second descriptor is at 0x8078; at 0x803c stand the bytes of the first, never written.
    EXPECT_EQ(outcome.status, 1) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("Not as expected (" + path + ":22:5): load of 4 bytes at 0x803c in cycle "));
    EXPECT_THAT(outcome.out, HasSubstr("wanted 40000000, found 00000000\n"));
    EXPECT_THAT(outcome.out, HasSubstr("6 of 7 expectations hold."));
    const Outcome good = run({"run", path, "--set", "program.10.load.address=0x807c"});
    EXPECT_EQ(good.status, 0) << good.out << good.err;
    const Json result =
        Json::parse(run({"run", path, "--format", "json", "--set", "program.10.load.address=0x807c"}).out);
    EXPECT_EQ(result["transfers"].size(), 3U);
    EXPECT_EQ(result["transfers"][0]["controller"], "other");
}

TEST(Program, CleanThatIsMissingShowsInTheData) {
    const TemporaryFolder folder;
    const std::string scenario = R"(platform:
  memories: [{name: ram, size: 64KiB}]
  controllers: [{name: dma, registers: 0x4000_0000}]
  cpu: {}
program:
  - store: {address: 0x1000, value: 0x11223344}
  - clean: {address: 0x1000, size: 4}
  - barrier: dsb
  - start: {source: 0x1000, destination: 0x2000, length: 4}
  - wait_transfer: {}
expect:
  memory: [{address: 0x2000, hex: "44332211"}]
)";
    const std::string path = folder.file("c.yaml", scenario);
    EXPECT_EQ(run({"run", path}).status, 0);
    EXPECT_EQ(run({"run", path, "--set", "program.1.clean.address=0x3000"}).status, 1);
    EXPECT_EQ(run({"run", path, "--set", "program.1.clean.address=0x3000", "--set",
                   "platform.cpu.cache.coherence=io_coherent"})
                  .status,
              0);
}

TEST(Program, AProgramThatWaitsForeverFails) {
    const TemporaryFolder folder;
    const Outcome outcome =
        run({"run", folder.file("w.yaml",
                                "platform: {memories: [{name: m, size: 64}], controllers: [{name: d}], cpu: {}}\n"
                                "program: [{wait_interrupt: {}}]\n")});
    EXPECT_EQ(outcome.status, 3);
    EXPECT_THAT(outcome.err, HasSubstr("the program did not come to an end"));
}

TEST(Program, TransfersOfOneChannelWaitForEachOtherAndStartsAreKept) {
    const std::string sets =
        "transfers=[{source: 0, destination: 0x80000, length: 4096}, "
        "{source: 0, destination: 0x90000, length: 64, start: 5}, "
        "{source: 0, destination: 0xa0000, length: 64, start: 5000}]";
    const Json result = Json::parse(run({"run", kCopy, "--format", "json", "--set", sets, "--set", "expect={}"}).out);
    ASSERT_EQ(result["transfers"].size(), 3U);
    EXPECT_EQ(result["transfers"][1]["accepted"], result["transfers"][0]["completed"].get<int>() + 1);
    EXPECT_EQ(result["transfers"][2]["accepted"], 5000);
}

TEST(Program, BlockingAndNonBlockingStyleMoveTheSameBytes) {
    const Json one = Json::parse(run({"run", kCopy, "--format", "json"}).out);
    const Outcome other = run({"run", kCopy, "--format", "json", "--set", "platform.controllers.0.style=blocking"});
    EXPECT_EQ(other.status, 0) << other.err;
    EXPECT_EQ(Json::parse(other.out)["transfers"][0]["bytes_written"], one["transfers"][0]["bytes_written"]);
}

// From rounds of one chunk, which may be granted edge after edge, to rounds of many.
TEST(Program, CyclicTransfersHaveExactlyTheirRounds) {
    for (const char* style : {"non_blocking", "blocking"}) {
        for (const char* beats : {"1", "4", "16"}) {
            for (const char* length : {"8", "128", "200"}) {
                for (const unsigned rounds : {1U, 2U, 3U, 10U}) {
                    const Json result =
                        Json::parse(run({"run", kCopy, "--format", "json", "--set",
                                         "transfers.0.cyclic_rounds=" + std::to_string(rounds), "--set",
                                         std::string("transfers.0.length=") + length, "--set",
                                         std::string("platform.controllers.0.max_burst_beats=") + beats, "--set",
                                         std::string("platform.controllers.0.style=") + style, "--set", "expect={}"})
                                        .out);
                    EXPECT_EQ(result["status"], "as_expected");
                    EXPECT_EQ(result["transfers"].size(), rounds) << style << ' ' << beats << ' ' << length;
                }
            }
        }
    }
}

// A set and a way name one line: 1 cycle for the operation and 1 for the look (docs/cpu.md, P6), and the write-back if it is
// dirty. With one set and two ways the first line that is stored to is in way 0.
TEST(Program, MaintenanceBySetAndWay) {
    const TemporaryFolder folder;
    const auto cycles = [&](const std::string& steps, int status = 0) {
        const std::string path = folder.file("set_way.yaml", R"(
platform:
  memories: [{name: ram, size: 64KiB}]
  cpu: {cache: {size_bytes: 128, line_bytes: 64, ways: 2}}
program:
  - store: {address: 0x1000, value: 0x11223344}
  - store: {address: 0x2000, value: 0x55667788}
)" + steps);
        const Outcome outcome = run({"run", path, "--format", "json"});
        EXPECT_EQ(outcome.status, status) << outcome.out << outcome.err;
        return Json::parse(outcome.out).value("cycles", std::uint64_t{0});
    };
    const std::string memory =
        "expect: {memory: [{address: 0x1000, hex: \"44332211\"}, {address: 0x2000, hex: \"00000000\"}]}\n";
    const std::uint64_t none = cycles("");
    const std::uint64_t cleaned = cycles("  - maintain_set_way: {operation: clean, set: 0, way: 0}\n" + memory);
    EXPECT_GT(cleaned, none + 2);
    EXPECT_EQ(cycles("  - maintain_set_way: {operation: flush, set: 0, way: 0}\n" + memory), cleaned);
    EXPECT_EQ(cycles("  - maintain_set_way: {operation: clean, set: 0, way: 0}\n"
                     "  - maintain_set_way: {operation: clean, set: 0, way: 0}\n"),
              cleaned + 2);
    // An invalidate drops it; a place that is not there is an error and costs the operation alone.
    EXPECT_EQ(cycles("  - maintain_set_way: {operation: invalidate, set: 0, way: 0}\n"), none + 2);
    cycles("  - maintain_set_way: {operation: invalidate, set: 0, way: 0}\n" + memory, 1);
    cycles(
        "  - maintain_set_way: {operation: invalidate, set: 0, way: 0}\n"
        "  - load: {address: 0x1000, value: 0}\n  - load: {address: 0x2000, value: 0x55667788}\n");
    EXPECT_EQ(cycles("  - maintain_set_way: {operation: flush, set: 1, way: 0}\n"), none + 1);
    EXPECT_EQ(run({"check", folder.file("bad.yaml",
                                        "platform: {memories: [{name: a, size: 64}], cpu: {}}\n"
                                        "program: [{maintain_set_way: {operation: wipe, set: 0, way: 0}}]\n")})
                  .status,
              2);
}

}  // namespace
}  // namespace dmasim::cli::test
