// SPDX-License-Identifier: Apache-2.0
//
// dmasim explore on litmus tests: the whole collection, from the order of events alone; what it writes replays.
#include "dmasim/cli/core/explore_litmus.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dmasim/cli/core/litmus_file.h"

#include "support.h"
#include "test_paths.h"

namespace dmasim::cli::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

const std::string kCorpus = DMASIM_SOURCE_DIR "/tests/data/litmus/corpus.json";

/// The entries that need an eviction or a prefetch say so in their class; without those lines they must be found all the same.
TEST(ExploreLitmus, FindsTheEvictionsAndPrefetchesOfTheCollection) {
    const Json corpus = Json::parse(read_file(kCorpus));
    const std::vector<LitmusEntry> entries = load_litmus(kCorpus);
    ASSERT_EQ(corpus.size(), entries.size());
    std::size_t found = 0;
    for (std::size_t n = 0; n < entries.size(); ++n) {
        const std::string kind = corpus[n]["cls"];
        if (kind != "E" && kind != "P") {
            continue;
        }
        ++found;
        const LitmusEntry& entry = entries[n];
        const LitmusExploration buggy = explore_litmus(entry, false, {});
        EXPECT_TRUE(buggy.ok()) << entry.id;
        ASSERT_FALSE(buggy.bytes.why.empty()) << entry.id << ": bytes must be wrong under some schedule";
        ASSERT_EQ(buggy.bytes.smallest.size(), 1U) << entry.id;
        EXPECT_EQ(buggy.bytes.smallest[0].kind, kind == "E" ? ChoiceKind::Evict : ChoiceKind::Prefetch) << entry.id;
        EXPECT_TRUE(buggy.result.exhaustive) << entry.id;
        ExploreConfig deep;
        deep.bound = 3;
        const LitmusExploration fixed = explore_litmus(entry, true, deep);
        EXPECT_TRUE(fixed.ok()) << entry.id;
        EXPECT_TRUE(fixed.result.exhaustive) << entry.id;
        EXPECT_EQ(fixed.result.outcomes, 1U) << entry.id;
    }
    EXPECT_GE(found, 4U);
}

/// Every fixed trace of the collection under every schedule of two choices. One of them is right only without speculation:
/// ED-01 never invalidates before it reads.
TEST(ExploreLitmus, FixedTracesHaveNoBadSchedule) {
    std::set<std::string> bad;
    for (const LitmusEntry& entry : load_litmus(kCorpus)) {
        ExploreConfig config;
        config.samples = 0;
        const LitmusExploration fixed = explore_litmus(entry, true, config);
        EXPECT_TRUE(fixed.result.exhaustive) << entry.id;
        if (!fixed.ok()) {
            bad.insert(entry.id);
        }
        config.stop_at_bad = true;
        const LitmusExploration buggy = explore_litmus(entry, false, config);
        EXPECT_TRUE(buggy.ok()) << entry.id;
    }
    EXPECT_EQ(bad, std::set<std::string>{"ED-01"});
}

TEST(ExploreLitmus, WhatItWritesReplaysToTheSameFinding) {
    const TemporaryFolder folder;
    const std::string out = folder.path("bad.json");
    const Outcome outcome =
        run({"explore", kCorpus, "--id", "SR-01", "--variant", "buggy", "--format", "json", "--out", out});
    ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
    const Json report = Json::parse(outcome.out);
    ASSERT_EQ(report.size(), 1U);
    EXPECT_EQ(report[0]["id"], "SR-01");
    EXPECT_TRUE(report[0]["ok"]);
    ASSERT_EQ(report[0]["smallest"].size(), 1U);
    EXPECT_TRUE(report[0]["smallest"][0].contains("prefetch"));
    EXPECT_GT(report[0]["outcomes"], 1);
    const Json written = Json::parse(read_file(out));
    ASSERT_EQ(written.size(), 1U);
    EXPECT_EQ(written[0]["rule"], "SPEC_REFILL");
    const Outcome replay = run({"litmus", out, "--format", "json"});
    EXPECT_EQ(replay.status, 0) << replay.out << replay.err;
    EXPECT_THAT(Json::parse(replay.out)[0]["findings"].dump(), HasSubstr("SPEC_REFILL"));
}

TEST(ExploreLitmus, SaysWhatIsAsItShouldBe) {
    const TemporaryFolder folder;
    const std::string file = folder.file("own.yaml", R"(
- {id: right, rule: SPEC_REFILL, line: 32, fixed: [w 0 20 q, flush 0 20, map in 0 20, dw 0 20 n, done 0 20, inv 0 20, r 0 20]}
- {id: half, rule: SPEC_REFILL, line: 32, fixed: [w 0 20 q, flush 0 20, map in 0 20, dw 0 20 n, done 0 20, r 0 20]}
)");
    const Outcome right = run({"explore", file, "--id", "right"});
    EXPECT_EQ(right.status, 0) << right.err;
    EXPECT_THAT(right.out, HasSubstr("right fixed: "));
    EXPECT_THAT(right.out,
                HasSubstr("1 distinct outcome: no bad schedule within 2 choices\n1 of 1 traces as they should be\n"));
    const Outcome half = run({"explore", file});
    EXPECT_EQ(half.status, 1);
    EXPECT_THAT(half.out, HasSubstr("half fixed: "));
    EXPECT_THAT(half.out, HasSubstr("bad; NOT as it should be\n  smallest with wrong bytes: before step "));
    EXPECT_THAT(half.out, HasSubstr("prefetch 0"));
    EXPECT_THAT(half.out, HasSubstr("it returns q*32, but the newest bytes are n*32"));
    EXPECT_EQ(run({"explore", file, "--id", "nobody"}).status, 2);
    EXPECT_EQ(run({"explore", file, "--variant", "x"}).status, 2);
    EXPECT_EQ(run({"explore", file, "--set", "a=1"}).status, 2);
    const Outcome place =
        run({"explore", folder.file("odd.yaml", "- {id: a, rule: SPEC_REFILL, fixed: [fly 0 20]}\n")});
    EXPECT_EQ(place.status, 2);
    EXPECT_THAT(place.err, HasSubstr("odd.yaml:1:38: "));
}

}  // namespace
}  // namespace dmasim::cli::test
