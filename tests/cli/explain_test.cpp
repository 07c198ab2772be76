// SPDX-License-Identifier: Apache-2.0
//
// `dmasim explain`: what it prints, that its reasons are true for every step of the measured transfers, and what it
// refuses.
#include "dmasim/cli/core/timing/explain.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dmasim/cli/core/timing/table.h"

#include "support.h"
#include "test_paths.h"

namespace dmasim::cli {
namespace {

using test::Outcome;
using test::run;
using testing::HasSubstr;

TEST(Explain, WhyTheStatusComesAt279) {
    const Outcome outcome =
        run({"explain", "--profile", "axi_cdma", "--slave", "ram",   "--dw",    "32",
             "--burst", "16",        "--len",    "1024",    "--src", "0",       "--dst",
             "0x80000", "--from",    "0",        "--to",    "22",    "--steps", "accept,plan,command,ar,aw,status"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, R"(axi_cdma: 1024 bytes from 0x0 to 0x80000, 32 bit, direct, memory ram

    cycle  step                   decided by  (what else was waited for, and since when it held)
        0  transfer accepted 0
        1  burst planned 0        transfer accepted
        2  read request 0         burst planned
        2  command taken 0        burst planned
        3  burst planned 1        read request before  (command register free 3)
        3  AR valid 0             read request
        3  AR taken 0             address valid
        3  AW valid 0             command taken
        3  AW taken 0             address valid
        4  read request 1         burst planned  (read address register free 4)
        5  AR valid 1             read request
       20  AR taken 1             ARREADY  (address valid 5)
       21  command taken 1        burst before ended  (burst planned 4; write address register free 4)
       22  burst planned 2        command register free  (read request before 5)
       22  AW valid 1             command taken

Critical path, from the status back
      279  status 0               last response  (+1)
      278  B taken 15             BVALID  (+0)
      278  B valid 15             last beat taken  (+1)
 277..263  W beat 255..241        beat before  (15 times +1)
      262  W beat 240             read beat  (+2)
      260  R beat 240             command taken  (+1)
      259  command taken 15       burst before ended  (+1)
 258..244  R beat 239..225        beat before  (15 times +1)
      ...  the same 3 lines 14 times more, back to cycle 6
        5  R beat 0               RVALID  (+0)
        5  R valid 0              address taken, beat loaded  (+2)
        3  AR taken 0             address valid  (+0)
        3  AR valid 0             read request  (+1)
        2  read request 0         burst planned  (+1)
        1  burst planned 0        transfer accepted  (+1)
        0  transfer accepted 0    start

Where the 279 cycles go
      225  R beat: beat before  (225 times)
       15  W beat: beat before  (15 times)
       15  R beat: command taken  (15 times)
       15  command taken: burst before ended  (15 times)
        2  W beat: read beat
        2  R valid: address taken, beat loaded
        1  status: last response
        1  B valid: last beat taken
        1  AR valid: read request
        1  read request: burst planned
        1  burst planned: transfer accepted
)");
}

// One cycle less in one place, and the status is at 278.
TEST(Explain, FollowsTheParameters) {
    const auto status = [](const std::vector<std::string>& settings) {
        std::vector<std::string> arguments{"explain", "--profile", "axi_cdma", "--len", "1024", "--format", "json"};
        for (const std::string& setting : settings) {
            arguments.insert(arguments.end(), {"--set", setting});
        }
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        return nlohmann::json::parse(outcome.out)["critical_path"][0]["cycle"].get<int>();
    };
    EXPECT_EQ(status({}), 279);
    EXPECT_EQ(status({"read_to_write=1"}), 278);
    EXPECT_EQ(status({"response_to_status=+2"}), 281);
    EXPECT_EQ(status({"burst_gap=+1"}), 279 + 15);
    EXPECT_EQ(status({"plan_to_command=+1"}), 279);  // The reason is not on the critical path.
}

TEST(Explain, WaitStatesAndRoom) {
    const Outcome outcome =
        run({"explain", "--profile", "axi_cdma", "--slave", "wait_r0w1", "--len", "256", "--burst", "64"});
    EXPECT_THAT(outcome.out,
                HasSubstr("       44  R beat 34              room in the write FIFO  (command taken 3; beat before 39; "
                          "RVALID 39)\n"));
    EXPECT_THAT(outcome.out, HasSubstr(" 133..9  W beat 63..1           WREADY  (63 times +2)\n"));
}

TEST(Explain, BehindAFabric) {
    for (const auto& [fabric, first_read, status] :
         {std::tuple{"direct", 5, 24}, std::tuple{"crossbar", 10, 32}, std::tuple{"split_interconnect", -1, 31}}) {
        const Outcome outcome =
            run({"explain", "--profile", "axi_cdma", "--fabric", fabric, "--len", "64", "--format", "json"});
        ASSERT_EQ(outcome.status, 0) << outcome.err;
        const nlohmann::json json = nlohmann::json::parse(outcome.out);
        const nlohmann::json& path = json["critical_path"];
        EXPECT_EQ(path.front()["cycle"], status) << fabric;
        EXPECT_EQ(path.back()["step"], "transfer accepted") << fabric;
        std::uint64_t cycles = 0;
        for (const nlohmann::json& link : path) {
            cycles += link["cycles"].get<std::uint64_t>();
        }
        EXPECT_EQ(cycles, static_cast<std::uint64_t>(status));
        for (const nlohmann::json& step : json["steps"]) {
            if (step["step"] == "R beat" && step["index"] == 0 && first_read >= 0) {
                EXPECT_EQ(step["cycle"], first_read) << fabric;
            }
        }
    }
}

/// What is wrong with an explanation; empty: nothing. Counts the terms that decided.
std::string untrue(const Explanation& explanation, std::map<std::string, int>& decided) {
    if (!explanation.done) {
        return "the transfer does not end";
    }
    for (const Explanation::Step& step : explanation.steps) {
        const Explanation::Term* term = step.decisive();
        const std::string name = fmt::format("{} {} at {}", step.kind, step.index, step.at);
        if (term == nullptr) {
            if (step.channel != "accept") {
                return name + " has no reason";
            }
            continue;
        }
        ++decided[fmt::format("{}: {}", step.kind, term->name)];
        if (term->at != step.at) {
            return fmt::format("{}: {} held from {} on", name, term->name, term->at);
        }
        if (term->from == Explanation::kNobody) {
            return fmt::format("{}: {} follows from nothing", name, term->name);
        }
        if (explanation.steps[term->from].at > step.at) {
            return fmt::format("{}: {} follows from what comes later", name, term->name);
        }
    }
    const std::vector<std::size_t> path = explanation.critical_path();
    const Explanation::Step& last = explanation.steps[path.back()];
    if (last.channel != "accept" || last.at != 0) {
        return fmt::format("the critical path ends with {} {} at {}", last.kind, last.index, last.at);
    }
    return "";
}

/// Explains every `step`-th row of a sample of single transfers, and compares its cycles with the table.
void explain_rows(const char* profile, const char* file, std::size_t step, std::map<std::string, int>& decided) {
    const ParameterSet parameters(profile);
    CsvReader reader(std::string(DMASIM_SOURCE_DIR "/tests/data/timing/") + file);
    const RowView row(reader, parameters);
    const TableKind& table = table_kind("single", profile);
    const auto value = [&](const char* column) {
        return std::stoull(std::string(reader.row().field(reader.column(column))));
    };
    for (std::size_t i = 0; reader.next(); ++i) {
        if (i % step != 0) {
            continue;
        }
        const Explanation explanation = explain(table.job(row, parameters));
        ASSERT_EQ(untrue(explanation, decided), "") << file << " line " << reader.row().line();
        std::map<std::string_view, std::vector<std::uint64_t>> cycles;
        for (const Explanation::Step& one : explanation.steps) {
            cycles[one.kind].push_back(one.at);
        }
        EXPECT_EQ(cycles["AR valid"].front(), value("ar_first_valid"));
        EXPECT_EQ(cycles["AW taken"].front(), value("aw_first_hs"));
        EXPECT_EQ(cycles["R beat"].front(), value("r_first"));
        EXPECT_EQ(cycles["R beat"].back(), value("r_last"));
        EXPECT_EQ(cycles["W beat"].back(), value("w_last"));
        EXPECT_EQ(cycles["B taken"].back(), value("b_last"));
        EXPECT_EQ(cycles["status"].back(), value("status_valid"));
        EXPECT_EQ(cycles["W beat"].size(), value("n_w"));
    }
}

TEST(Explain, EveryReasonIsTrue) {
    const bool nightly = std::getenv("DMASIM_NIGHTLY") != nullptr;
    std::map<std::string, int> decided;
    explain_rows("axi_cdma", "axi_cdma_single.csv.zst", nightly ? 1 : 151, decided);
    explain_rows("idma", "idma_single.csv.zst", nightly ? 1 : 73, decided);
    // Each of these is seen to decide: a reason that never does would be a word without a meaning.
    for (const char* term : {"burst planned: transfer accepted",
                             "burst planned: read request before",
                             "burst planned: command register free",
                             "burst planned: burst before",
                             "AR valid: read request",
                             "read request: burst planned",
                             "AR taken: address valid",
                             "AR taken: ARREADY",
                             "command taken: burst planned",
                             "command taken: burst before ended",
                             "AW valid: command taken",
                             "AW valid: bytes read",
                             "AW taken: address valid",
                             "AW taken: AWREADY",
                             "R valid: beat before",
                             "R valid: beat before, and wait states",
                             "R valid: address taken, read latency",
                             "R valid: address taken, beat loaded",
                             "R beat: command taken",
                             "R beat: beat before",
                             "R beat: RVALID",
                             "R beat: room in the write FIFO",
                             "W beat: beat before",
                             "W beat: read beat",
                             "W beat: flush",
                             "W beat: bytes read",
                             "W beat: WREADY",
                             "B valid: last beat taken",
                             "B valid: last beat taken, write latency",
                             "B taken: BVALID",
                             "status: last response"}) {
        EXPECT_GT(decided[term], 0) << term;
    }
}

// Fabrics, limits and all parameters away from their usual values.
TEST(Explain, EveryReasonIsTrueElsewhere) {
    std::map<std::string, int> decided;
    for (const char* profile : {"axi_cdma", "idma"}) {
        for (const std::string key :
             {"", "accept_to_plan", "request_to_valid", "read_to_write", "response_gap", "response_to_status",
              "plan_to_request", "plan_to_command", "burst_gap", "fifo_threshold", "fifo_reaction", "pending_extra"}) {
            ParameterSet parameters(profile);
            const std::vector<std::string> keys = parameters.keys();
            if (!key.empty()) {
                if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
                    continue;
                }
                parameters.set(key + "=+3");
            }
            for (const NamedMemory& memory : named_memories()) {
                for (const std::string fabric : {"direct", "axi_crossbar", "split_interconnect"}) {
                    if (fabric != "direct" && memory.name != "ram" && memory.name != "wait_r3w3") {
                        continue;
                    }
                    for (const std::uint64_t source : {3U, 4090U}) {
                        TimingJob job;
                        job.fabric = fabric;
                        job.memories = {memory.timing};
                        TimingJob::Master master;
                        master.timing = parameters.pipeline();
                        master.timing.max_burst_beats = profile[0] == 'a' ? 4 : 16;
                        master.timing.bursts_in_flight = 2;
                        master.ports = {{BeatTransfer{source, 0x80001, 333, 0}}};
                        job.masters = {master};
                        ASSERT_EQ(untrue(explain(job), decided), "")
                            << profile << " " << key << " " << memory.name << " " << fabric << " " << source;
                    }
                }
            }
        }
    }
    for (const char* term : {"R beat: room in the lanes", "memory AR taken: memory free",
                             "memory AW taken: through the fabric", "R valid: through the fabric"}) {
        EXPECT_GT(decided[term], 0) << term;
    }
}

TEST(Explain, SaysWhatIsWrong) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
        {{}, "dmasim explain: --profile is missing; usage: dmasim explain --profile NAME"},
        {{"--profile", "axi_cdma"}, "dmasim explain: --len is missing"},
        {{"--profile", "native", "--len", "4"}, "profile \"native\" is not explained; axi_cdma and idma are"},
        {{"--profile", "i8237", "--len", "4"}, "profile i8237 is no pipeline of beats"},
        {{"--profile", "axi_cdma", "--len", "0"}, "--len must be a number from 1 to 1048576, not \"0\""},
        {{"--profile", "axi_cdma", "--len", "4", "--dw", "40"}, "--dw must be a power of two, not 40"},
        {{"--profile", "axi_cdma", "--len", "4", "--slave", "rom"}, "--slave \"rom\"; known: ideal_L1"},
        {{"--profile", "axi_cdma", "--len", "4", "--fabric", "x"},
         "--fabric \"x\"; known: direct, crossbar, split_interconnect"},
        {{"--profile", "axi_cdma", "--len", "4", "--nax", "2"}, "profile axi_cdma has no --nax"},
        {{"--profile", "idma", "--len", "4", "--burst", "2"}, "profile idma has no --burst"},
        {{"--profile", "idma", "--len", "4", "--mode", "x"},
         "--mode \"x\"; known: coupled, decouple_rw, decouple_rw_aw"},
        {{"--profile", "idma", "--len", "4", "--steps", "ar,x"}, "--steps \"x\"; known: accept,plan"},
        {{"--profile", "idma", "--len", "4", "--format", "xml"}, "--format \"xml\"; known: text, json"},
    };
    for (const auto& [arguments, message] : wrong) {
        std::vector<std::string> all{"explain"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        const Outcome outcome = run(all);
        EXPECT_EQ(outcome.status, 2) << message;
        EXPECT_THAT(outcome.err, HasSubstr(message));
        EXPECT_EQ(outcome.out, "");
    }
}

}  // namespace
}  // namespace dmasim::cli
