// SPDX-License-Identifier: Apache-2.0
//
// The verifier in `dmasim run`: findings in the report and in result.json, exit status, notes, expectations, suppressions.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support.h"

namespace dmasim::cli {
namespace {

using test::Outcome;
using test::read_file;
using test::run;
using test::TemporaryFolder;
using testing::HasSubstr;
using testing::Not;

/// A driver that sends 64 bytes; `before`: what it does between its store and the start, `expect`: a section of its own.
std::string sender(const std::string& before, const std::string& expect = "", const std::string& verifier = "") {
    return R"(
name: sender
platform:
  memories: [{name: ram, size: 64KiB}]
  controllers: [{name: dma, channels: 1, registers: 0x10_0000}]
  cpu: {}
)" + verifier +
           R"(
program:
  - store: {address: 0x1000, size: 8, value: 0x1122334455667788}
)" + before +
           R"(
  - note: {kind: map_out, address: 0x1000, size: 64}
  - start: {source: 0x1000, destination: 0x8000, length: 64}
  - wait_transfer: {}
  - note: {kind: completed, address: 0x1000, size: 64}
)" + expect;
}

const char* const kClean = "  - clean: {address: 0x1000, size: 64}";

TEST(Verify, FindsWhatTheDriverForgets) {
    const TemporaryFolder folder;
    const std::string forgetful = folder.file("forgetful.yaml", sender(""));
    const std::string right = folder.file("right.yaml", sender(kClean));
    EXPECT_EQ(run({"run", forgetful}).status, 0) << "nobody looks";
    const Outcome found = run({"run", forgetful, "--verify"});
    EXPECT_EQ(found.status, 1);
    EXPECT_THAT(found.out, HasSubstr("CLEAN_MISSING at cycle "));
    EXPECT_THAT(found.out, HasSubstr("bytes    [0x1000, 0x1008), 8 bytes"));
    EXPECT_THAT(found.out, HasSubstr("newest   88 77 66 55 44 33 22 11"));
    const Outcome silent = run({"run", right, "--verify"});
    EXPECT_EQ(silent.status, 0) << silent.out;
    EXPECT_THAT(silent.out, Not(HasSubstr("MISSING")));
}

TEST(Verify, CyclesDoNotDependOnIt) {
    const TemporaryFolder folder;
    const std::string forgetful = folder.file("forgetful.yaml", sender(""));
    const Outcome with = run({"run", forgetful, "--verify", "--format", "json"});
    const Outcome without = run({"run", forgetful, "--format", "json"});
    EXPECT_EQ(nlohmann::json::parse(with.out)["cycles"], nlohmann::json::parse(without.out)["cycles"]);
}

TEST(Verify, FindingsAreInTheResult) {
    const TemporaryFolder folder;
    const std::string forgetful = folder.file("forgetful.yaml", sender(""));
    EXPECT_EQ(run({"run", forgetful, "--verify", "--out", folder.path("out")}).status, 1);
    const nlohmann::json result = nlohmann::json::parse(read_file(folder.path("out") + "/result.json"));
    ASSERT_EQ(result["findings"].size(), 1U);
    EXPECT_EQ(result["findings"][0]["rule"], "CLEAN_MISSING");
    EXPECT_EQ(result["findings"][0]["address"], 0x1000);
    EXPECT_GT(result["findings"][0]["cycle"].get<unsigned>(), result["findings"][0]["writer"]["cycle"].get<unsigned>());
}

TEST(Verify, ExpectedFindingsMustBeThere) {
    const TemporaryFolder folder;
    const std::string expect = "expect: {findings: [CLEAN_MISSING]}\n";
    EXPECT_EQ(run({"run", folder.file("a.yaml", sender("", expect)), "--verify"}).status, 0);
    EXPECT_EQ(run({"run", folder.file("b.yaml", sender(kClean, expect)), "--verify"}).status, 1);
    EXPECT_EQ(run({"run", folder.file("c.yaml", sender("", "expect: {findings: [RX_DIRTY]}\n")), "--verify"}).status,
              1);
}

TEST(Verify, SuppressionsAndRulesThatAreOff) {
    const TemporaryFolder folder;
    const auto status = [&](const std::string& verifier) {
        const Outcome outcome =
            run({"run", folder.file("s.yaml", sender("", "", "  verifier: " + verifier)), "--verify"});
        return outcome.status == 2 ? outcome.err : std::to_string(outcome.status);
    };
    EXPECT_EQ(status("{disabled_rules: [CLEAN_MISSING]}"), "0");
    EXPECT_EQ(status("{disabled_rules: [RX_DIRTY]}"), "1");
    EXPECT_EQ(status("{suppressions: [{rule: CLEAN_MISSING, address: 0x1000, size: 8}]}"), "0");
    EXPECT_EQ(status("{suppressions: [{address: 0x1004, size: 8}]}"), "1");
    EXPECT_THAT(status("{disabled_rules: [CLEAN]}"), HasSubstr("which is no rule"));
}

TEST(Verify, ACoherentPlatformNeedsNoMaintenance) {
    const TemporaryFolder folder;
    const std::string forgetful = folder.file("forgetful.yaml", sender(""));
    const Outcome coherent = run({"run", forgetful, "--verify", "--set", "platform.cpu.cache.coherence=io_coherent"});
    EXPECT_EQ(coherent.status, 0) << coherent.out;
}

TEST(Verify, NotesFindWhatHasDoneNoHarmYet) {
    const TemporaryFolder folder;
    const std::string scenario = folder.file("receive.yaml", R"(
platform:
  memories: [{name: ram, size: 64KiB}]
  controllers: [{name: dma, channels: 1, registers: 0x10_0000}]
  cpu: {}
program:
  - store: {address: 0x1000, size: 8, value: 0x1111111111111111}
  - note: {kind: map_in, address: 0x1000, size: 64}
  - start: {source: 0x2000, destination: 0x1000, length: 64}
  - wait_transfer: {}
  - note: {kind: completed, address: 0x1000, size: 64}
  - invalidate: {address: 0x1000, size: 64}
  - load: {address: 0x1000, size: 8, value: 0}
)");
    const Outcome outcome = run({"run", scenario, "--verify"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("RX_DIRTY"));
    EXPECT_EQ(run({"run", scenario}).status, 0);
}

TEST(Verify, WhatItCannotSeeItRefuses) {
    const TemporaryFolder folder;
    const std::string file = folder.file("s.yaml", sender(kClean));
    const Outcome blocking = run({"run", file, "--verify", "--set", "platform.controllers.0.style=blocking"});
    EXPECT_EQ(blocking.status, 2);
    EXPECT_THAT(blocking.err, HasSubstr("does not see the accesses of \"dma\": it is blocking"));
    EXPECT_EQ(run({"run", file, "--set", "platform.controllers.0.style=blocking"}).status, 0);
}

TEST(Verify, ANoteNeedsItsBytes) {
    const TemporaryFolder folder;
    const std::string file = folder.file("n.yaml", sender("  - note: {kind: freed, address: 0x1000}"));
    const Outcome outcome = run({"run", file, "--verify"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("give it a size"));
}

}  // namespace
}  // namespace dmasim::cli
