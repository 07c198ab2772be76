// SPDX-License-Identifier: Apache-2.0
//
// Litmus tests: the collections on the simulated machine, the verifier's rules one by one, the language, the command.
#include "dmasim/cpu_stub/core/litmus.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dmasim/cli/core/litmus_file.h"
#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/model/verifier/verifier.h"

#include "support.h"
#include "test_paths.h"

namespace dmasim::cli {
namespace {

using test::message_of;
using test::Outcome;
using test::run;
using test::TemporaryFolder;
using testing::HasSubstr;

const std::string kFolder = std::string{DMASIM_SOURCE_DIR} + "/tests/data/litmus/";

std::vector<LitmusEntry> all_entries() {
    std::vector<LitmusEntry> entries = load_litmus(kFolder + "corpus.json");
    for (const char* more : {"more.yaml", "classes.json"}) {
        for (LitmusEntry& entry : load_litmus(kFolder + more)) {
            entries.push_back(std::move(entry));
        }
    }
    return entries;
}

std::string problems_of(const LitmusResult& result) {
    std::string text;
    for (const std::string& problem : result.problems) {
        text += problem + "\n";
    }
    for (const LitmusFinding& found : result.findings) {
        text += "step " + std::to_string(found.step) + ": " + to_text(found.finding) + "\n";
    }
    return text;
}

TEST(Litmus, TheCollectionsAreAsTheySay) {
    std::size_t runs = 0;
    for (const LitmusEntry& entry : all_entries()) {
        for (const bool fixed : {false, true}) {
            if ((fixed ? entry.fixed : entry.buggy).empty()) {
                continue;
            }
            const LitmusResult result = run_litmus(entry, fixed);
            EXPECT_TRUE(result.ok) << entry.id << (fixed ? " fixed\n" : " buggy\n") << problems_of(result);
            ++runs;
        }
    }
    EXPECT_GT(runs, 250U);
}

// Each rule is there to be missed: without it some entry fails. The rules about the controller have no traces; without them
// scenarios fail (timed_litmus_test.cpp).
TEST(Litmus, WithoutARuleAnEntryFails) {
    const std::set<std::string> elsewhere{"ABORT_IN_FLIGHT", "ADDR_REACH", "BUSY_REPROGRAM", "STARVATION"};
    const std::vector<LitmusEntry> entries = all_entries();
    for (const VerifierRuleKind& rule : verifier_rules()) {
        const std::string name{rule.name};
        if (elsewhere.count(name) != 0) {
            continue;
        }
        LitmusConfig config;
        config.disabled_rules = {name};
        unsigned failing = 0;
        for (const LitmusEntry& entry : entries) {
            failing += !entry.buggy.empty() && !run_litmus(entry, false, config).ok ? 1U : 0U;
        }
        EXPECT_GE(failing, 1U) << name << " is not missed";
    }
}

// What is written back before its time, or not at all, changes neither the bytes nor the silence of a right program, unless
// the trace says what the line does.
TEST(Litmus, RightTracesStayRightWithEvictionsEverywhere) {
    for (const LitmusEntry& entry : all_entries()) {
        for (std::size_t place = 0; place <= entry.fixed.size() && !entry.fixed.empty(); ++place) {
            LitmusConfig config;
            config.line_bytes = entry.line;
            LitmusMachine machine(config);
            for (std::size_t number = 0; number < entry.fixed.size(); ++number) {
                if (number == place) {
                    machine.cpu().clean_invalidate(LitmusMachine::kBase + 0x8000, 64);
                    for (std::uint64_t line = 0; line < 0x200; line += entry.line) {
                        machine.cpu().evict(LitmusMachine::kBase + line);
                    }
                }
                machine.run(entry.fixed[number]);
            }
            machine.finish();
            EXPECT_TRUE(machine.findings().empty()) << entry.id << ", evictions before step " << place + 1 << ": "
                                                    << to_text(machine.findings().front().finding);
        }
    }
}

TEST(Litmus, ADisabledVerifierFindsNothing) {
    LitmusConfig config;
    config.verify = false;
    for (const LitmusEntry& entry : load_litmus(kFolder + "corpus.json")) {
        const LitmusResult result = run_litmus(entry, false, config);
        EXPECT_TRUE(result.findings.empty());
        for (const LitmusRead& read : result.reads) {
            EXPECT_TRUE(read.as_expected) << entry.id;
        }
    }
}

// ---- the language

std::string problem_of(const std::string& text) {
    LitmusStep step;
    return parse_litmus_step(text, step);
}

TEST(LitmusLanguage, ReadsEveryCommand) {
    for (const char* text : {"mem 0 40 o",  "w 0 6 n",      "r 0 6 =n*6",   "r 0 6",     "nc 0 4 W",
                             "nr 0 4 =W*4", "dsb",          "drain 8",      "dmb",       "bell",
                             "clean 0 40",  "inv 0 40",     "flush 0 40",   "evict 0",   "pf 20",
                             "map in 0 40", "map out 0 40", "map bi 0 40",  "dw 0 40 n", "dr 0 40 =n*32,o*32",
                             "done 0 0",    "free 0 40",    "desc 0 40",    "pub 0 10",  "bmap in 2 6 80",
                             "bcopy 2",     "copy 0 80 20", "  w  0\t6 n ", "r 0 2 =a,b"}) {
        EXPECT_EQ(problem_of(text), "") << text;
    }
    LitmusStep step;
    ASSERT_EQ(parse_litmus_step("dr 1c 28 =n*36,o*4", step), "");
    EXPECT_EQ(step.op, LitmusOp::DeviceRead);
    EXPECT_EQ(step.address, 0x1CU);
    EXPECT_EQ(step.bytes, 0x28U);
    ASSERT_TRUE(step.expected.has_value());
    EXPECT_EQ(step.expected->at(1).token, 'o');
    EXPECT_EQ(step.expected->at(1).count, 4U);
}

TEST(LitmusLanguage, RefusesWhatIsNone) {
    EXPECT_THAT(problem_of(""), HasSubstr("empty"));
    EXPECT_THAT(problem_of("   "), HasSubstr("empty"));
    EXPECT_THAT(problem_of("wr 0 4 n"), HasSubstr("no command"));
    EXPECT_THAT(problem_of("w 0 4"), HasSubstr("too few"));
    EXPECT_THAT(problem_of("w 0 4 n m"), HasSubstr("too many"));
    EXPECT_THAT(problem_of("w x 4 n"), HasSubstr("not an offset"));
    EXPECT_THAT(problem_of("w 0x0 4 n"), HasSubstr("not an offset"));
    EXPECT_THAT(problem_of("w -1 4 n"), HasSubstr("not an offset"));
    EXPECT_THAT(problem_of("w 0 4g n"), HasSubstr("not a number"));
    EXPECT_THAT(problem_of("w 0 4 nn"), HasSubstr("not a token"));
    EXPECT_THAT(problem_of("w 0 4 =n*4"), HasSubstr("too few"));
    EXPECT_THAT(problem_of("w 0 4 n =n*4"), HasSubstr("reads nothing"));
    EXPECT_THAT(problem_of("map up 0 40"), HasSubstr("not a direction"));
    EXPECT_THAT(problem_of("r 0 4 =n*5"), HasSubstr("5 bytes long and the access 4"));
    EXPECT_THAT(problem_of("r 0 4 =n*0"), HasSubstr("not a token and a number"));
    EXPECT_THAT(problem_of("r 0 4 =n*99999999999999999999"), HasSubstr("not a token and a number"));
    EXPECT_THAT(problem_of("dsb 4"), HasSubstr("too many"));
}

TEST(LitmusLanguage, RefusesWhatWouldTakeForEver) {
    EXPECT_EQ(problem_of("dw f00000 100000 n"), "");
    EXPECT_THAT(problem_of("dw f00001 100000 n"), HasSubstr("memory ends"));
    EXPECT_THAT(problem_of("dw 0 100001 n"), HasSubstr("at most 0x100000"));
    EXPECT_THAT(problem_of("dw 0 ffffffffffffffff n"), HasSubstr("memory ends"));
    EXPECT_THAT(problem_of("dw ffffffffffffffff 1 n"), HasSubstr("memory ends"));
    EXPECT_THAT(problem_of("dw 0 10000000000000000 n"), HasSubstr("not a number"));
    EXPECT_THAT(problem_of("bmap in 0 10 fffff8"), HasSubstr("memory ends"));
    EXPECT_THAT(problem_of("drain ffffffffffffffff"), HasSubstr("memory ends"));
    LitmusStep step;
    ASSERT_EQ(parse_litmus_step("w 0 100000 n", step), "");
    EXPECT_EQ(check_litmus_trace(std::vector<LitmusStep>(16, step)), "");
    EXPECT_NE(check_litmus_trace(std::vector<LitmusStep>(17, step)), "");
    ASSERT_EQ(parse_litmus_step("dsb", step), "");
    EXPECT_EQ(check_litmus_trace(std::vector<LitmusStep>(kLitmusSteps, step)), "");
    EXPECT_NE(check_litmus_trace(std::vector<LitmusStep>(kLitmusSteps + 1, step)), "");
}

TEST(LitmusLanguage, NothingCrashesTheMachine) {
    for (const char* text : {"w 0 0 n", "r 0 0 =", "dw 5 0 n", "dr 5 0", "clean 5 0", "copy 0 0 0", "bcopy 4",
                             "done 4 4", "free 4 0", "drain 0", "map in 0 0", "desc 0 0", "pub 0 0", "bmap out 0 0 0",
                             "r ffffff 1 =o*1", "pf ffffff", "evict ffffff", "flush ffffff 1"}) {
        LitmusStep step;
        ASSERT_EQ(parse_litmus_step(text, step), "") << text;
        LitmusConfig config;
        config.line_bytes = 1024;
        LitmusMachine machine(config);
        machine.run(step);
        machine.finish();
        EXPECT_TRUE(machine.findings().empty()) << text;
    }
}

// ---- files

std::string refusal(const std::string& text) {
    return message_of([&] { parse_litmus(text, "f.yaml"); });
}

TEST(LitmusFile, SaysWhereItIsWrong) {
    const std::string good = "[{id: a, rule: OVERLAP, line: 32, buggy: [dsb], fires: [[1, OVERLAP]], fixed: [dmb]}]";
    EXPECT_EQ(refusal(good), "");
    EXPECT_EQ(refusal("- id: a\n  rule: OVERLAP\n  buggy:\n    - dsb\n    - w 0 4\n"),
              "f.yaml:5:7: \"w\" has too few arguments");
    EXPECT_THAT(refusal("{id: a, rule: OVERLAPS, buggy: [dsb]}"),
                HasSubstr("f.yaml:1:15: \"OVERLAPS\" is no rule; OVERLAP?"));
    EXPECT_THAT(refusal("{id: a, rule: OVERLAP}"), HasSubstr("no \"buggy\" and no \"fixed\""));
    EXPECT_THAT(refusal("{id: a, buggy: [dsb]}"), HasSubstr("no \"rule\""));
    EXPECT_THAT(refusal("{rule: OVERLAP, buggy: [dsb]}"), HasSubstr("no \"id\""));
    EXPECT_THAT(refusal("{id: a, rule: OVERLAP, line: 33, buggy: [dsb]}"), HasSubstr("f.yaml:1:30: line is 33"));
    EXPECT_THAT(refusal("{id: a, rule: OVERLAP, line: x, buggy: [dsb]}"), HasSubstr("must be a number"));
    EXPECT_THAT(refusal("{id: a, rule: OVERLAP, buggy: dsb}"), HasSubstr("must be a list"));
    EXPECT_THAT(refusal("{id: a, rule: OVERLAP, buggy: [[dsb]]}"), HasSubstr("must be a text"));
    EXPECT_THAT(refusal("{id: a, rule: OVERLAP, buggy: [dsb], fires: [[2, OVERLAP]]}"), HasSubstr("step 2 is not one"));
    EXPECT_THAT(refusal("{id: a, rule: OVERLAP, buggy: [dsb], fires: [OVERLAP]}"), HasSubstr("a step and a rule"));
    EXPECT_THAT(refusal("[{id: a, rule: OVERLAP, buggy: [dsb]}, {id: a, rule: OVERLAP, buggy: [dsb]}]"),
                HasSubstr("there already"));
    EXPECT_THAT(refusal("hello"), HasSubstr("f.yaml:1:1: a collection of litmus tests must be a list"));
    EXPECT_THAT(refusal("[hello]"), HasSubstr("must be a mapping"));
    EXPECT_THAT(refusal("{id: a, id: b}"), HasSubstr("f.yaml:1:9"));
}

// ---- the command

TEST(LitmusCommand, PrintsOneObjectForEachTrace) {
    const Outcome outcome = run({"litmus", kFolder + "corpus.json", "--format", "json"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    const nlohmann::json json = nlohmann::json::parse(outcome.out);
    ASSERT_EQ(json.size(), 84U);
    EXPECT_EQ(json[0]["id"], "CM-01");
    EXPECT_EQ(json[0]["variant"], "buggy");
    EXPECT_EQ(json[0]["reads"], nlohmann::json::array({"o*6"}));
    EXPECT_EQ(json[0]["ok"], true);
    ASSERT_EQ(json[0]["findings"].size(), 1U);
    const nlohmann::json& finding = json[0]["findings"][0];
    EXPECT_EQ(finding["rule"], "CLEAN_MISSING");
    EXPECT_EQ(finding["step"], 4);
    EXPECT_GT(finding["cycle"], finding["writer"]["cycle"]);
    EXPECT_EQ(finding["offset"], 0);
    EXPECT_EQ(finding["bytes"], 6);
    EXPECT_EQ(finding["line"]["state"].get<std::string>().rfind("dirty in 6 bytes", 0), 0U);
    EXPECT_EQ(finding["old_bytes"], nlohmann::json::array({'o', 'o', 'o', 'o', 'o', 'o'}));
    EXPECT_EQ(finding["new_bytes"], nlohmann::json::array({'n', 'n', 'n', 'n', 'n', 'n'}));
    EXPECT_EQ(json[1]["variant"], "fixed");
    EXPECT_TRUE(json[1]["findings"].empty());
}

TEST(LitmusCommand, ExitStatusAndVariants) {
    const TemporaryFolder folder;
    const std::string wrong = folder.file("wrong.yaml",
                                          "# the buggy trace is right\n"
                                          "id: a\nrule: CLEAN_MISSING\nbuggy: [mem 0 4 o, dr 0 4 =o*4]\n"
                                          "fixed: [mem 0 4 o, dr 0 4 =o*4]\n");
    EXPECT_EQ(run({"litmus", wrong}).status, 1);
    EXPECT_EQ(run({"litmus", wrong, "--variant", "buggy"}).status, 1);
    EXPECT_EQ(run({"litmus", wrong, "--variant", "fixed"}).status, 0);
    EXPECT_THAT(run({"litmus", wrong}).out, HasSubstr("CLEAN_MISSING is not reported"));
    EXPECT_EQ(run({"litmus", wrong, "--variant", "none"}).status, 2);
    EXPECT_EQ(run({"litmus", wrong, "--format", "csv"}).status, 2);
    EXPECT_EQ(run({"litmus"}).status, 2);
    const Outcome missing = run({"litmus", folder.path("missing.json")});
    EXPECT_EQ(missing.status, 2);
    EXPECT_EQ(std::count(missing.err.begin(), missing.err.end(), '\n'), 1);
    const std::string bytes =
        folder.file("bytes.yaml", "id: a\nrule: CLEAN_MISSING\nfixed: [mem 0 4 o, dr 0 4 =n*4]\n");
    const Outcome other = run({"litmus", bytes});
    EXPECT_EQ(other.status, 1);
    EXPECT_THAT(other.out, HasSubstr("step 2 has read o*4"));
}

}  // namespace
}  // namespace dmasim::cli
