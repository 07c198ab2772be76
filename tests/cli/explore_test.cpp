// SPDX-License-Identifier: Apache-2.0
//
// dmasim explore on scenarios: finds what depends on evictions and prefetches alone, and its schedules replay.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support.h"

namespace dmasim::cli::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

const char* const kPlatform = R"(
platform:
  memories:
    - {name: ram, size: 64KiB, contents: [{at: 0x1000, size: 64, pattern: "11"}, {at: 0x2000, size: 64, pattern: "5a"}]}
  controllers:
    - {name: dma, registers: 0x10000000, channels: 1}
  cpu: {}
program:
)";

/// The steps of a driver that receives 64 bytes; `before` and `after` the transfer.
std::string receive(const std::string& before, const std::string& after) {
    return std::string(kPlatform) + "  - store: {address: 0x1000, size: 8, value: 0x2222222222222222}\n" + before +
           "  - start: {source: 0x2000, destination: 0x1000, length: 64}\n"
           "  - wait_transfer: {}\n" +
           after + "  - load: {address: 0x1000, size: 8, value: 0x5a5a5a5a5a5a5a5a}\n";
}

const std::string kFlush = "  - flush: {address: 0x1000, size: 64}\n";
const std::string kInvalidate = "  - invalidate: {address: 0x1000, size: 64}\n";

TEST(Explore, FindsTheEvictionThePrefetchAndNothingInTheRightDriver) {
    const TemporaryFolder folder;
    struct Case {
        const char* name;
        std::string before;
        std::string after;
        const char* culprit;  ///< Kind of the one choice that breaks it; null: nothing does.
    };
    for (const Case& one : {Case{"only afterwards", "", kInvalidate, "evict"},
                            Case{"only before", kFlush, "", "prefetch"}, Case{"both", kFlush, kInvalidate, nullptr}}) {
        const std::string scenario = folder.file("receive.yaml", receive(one.before, one.after));
        EXPECT_EQ(run({"run", scenario}).status, 0) << one.name << ": works without the hardware's choices";
        const std::string bad = folder.path(std::string("bad ") + one.name);
        const Outcome outcome =
            run({"explore", scenario, "--bound", "2", "--samples", "20", "--format", "json", "--out", bad});
        ASSERT_EQ(outcome.status, one.culprit != nullptr ? 1 : 0) << one.name << outcome.out << outcome.err;
        const Json report = Json::parse(outcome.out);
        EXPECT_TRUE(report["exhaustive"]);
        EXPECT_GT(report["schedules"], 2);
        EXPECT_GT(report["schedules_without_reduction"], report["schedules"]);
        if (one.culprit == nullptr) {
            EXPECT_EQ(report["outcomes"], 1);
            EXPECT_TRUE(report["smallest"].is_null());
            EXPECT_FALSE(std::filesystem::exists(bad));
            continue;
        }
        EXPECT_EQ(report["outcomes"], 2);
        ASSERT_EQ(report["smallest"].size(), 1U) << one.name;
        EXPECT_EQ(report["smallest"][0][one.culprit], 0x1000);
        const Outcome replay = run({"run", scenario, "--schedule", bad});
        EXPECT_EQ(replay.status, 1);
        EXPECT_THAT(replay.out, HasSubstr("load of 8 bytes at 0x1000"));
        EXPECT_THAT(report["why"][0].get<std::string>(), HasSubstr("load of 8 bytes at 0x1000"));
    }
}

TEST(Explore, FindsAProgramThatReliesOnBeingFaster) {
    const TemporaryFolder folder;
    const auto scenario = [&](const std::string& steps) {
        return folder.file("race.yaml",
                           std::string(kPlatform) + steps +
                               "transfers:\n  - {source: 0x2000, destination: 0x1000, length: 64, start: 500}\n");
    };
    const std::string wrong =
        scenario("  - load: {address: 0x1000, size: 8, value: 0x1111111111111111}    # before the device writes\n");
    EXPECT_EQ(run({"run", wrong}).status, 0);
    const std::string bad = folder.path("bad.yaml");
    const Outcome outcome = run({"explore", wrong, "--bound", "1", "--samples", "5", "--out", bad, "--format", "json"});
    ASSERT_EQ(outcome.status, 1) << outcome.out << outcome.err;
    const Json report = Json::parse(outcome.out);
    ASSERT_EQ(report["smallest"].size(), 1U);
    EXPECT_GT(report["smallest"][0]["stall"], 400);
    const Outcome replay = run({"run", wrong, "--schedule", bad, "--record", folder.path("again")});
    EXPECT_EQ(replay.status, 1);
    EXPECT_THAT(replay.out, HasSubstr("found 5a5a5a5a5a5a5a5a"));
    EXPECT_EQ(read_file(folder.path("again")), read_file(bad));
    const std::string right = scenario("  - load: {address: 0x1000, size: 8}\n");
    EXPECT_EQ(run({"explore", right, "--bound", "2", "--samples", "0"}).status, 0);
}

/// Runs `explore` within one choice; its report, and the schedule it wrote replayed to what it said.
Json one_choice(const TemporaryFolder& folder, const std::string& scenario) {
    const std::string bad = folder.path("bad.yaml");
    std::filesystem::remove(bad);
    EXPECT_EQ(run({"run", scenario}).status, 0) << "works as it is";
    const Outcome outcome =
        run({"explore", scenario, "--bound", "1", "--samples", "5", "--format", "json", "--out", bad});
    Json report = Json::parse(outcome.out);
    EXPECT_EQ(outcome.status, report["why"].empty() ? 0 : 1);
    EXPECT_EQ(std::filesystem::exists(bad), outcome.status == 1);
    if (outcome.status == 1) {
        const Outcome replay = run({"run", scenario, "--schedule", bad, "--record", folder.path("again")});
        EXPECT_EQ(replay.status, 1);
        const std::string why = report["why"][0];
        EXPECT_THAT(replay.out, HasSubstr(why.substr(why.find("wanted"))));
        EXPECT_EQ(read_file(folder.path("again")), read_file(bad)) << "a recording is the schedule";
    }
    return report;
}

// A driver starts two channels, waits for the first, and takes the second for done too.
TEST(Explore, FindsThatTheOrderOfTwoChannelsMatters) {
    const TemporaryFolder folder;
    const auto scenario = [&](const char* wait) {
        std::string text = std::string(kPlatform) +
                           "  - start: {channel: 0, source: 0x1000, destination: 0x3000, length: 64}\n"
                           "  - start: {channel: 1, source: 0x2000, destination: 0x4000, length: 64}\n"
                           "  - wait_transfer: {channel: 0}\n  - wait_cycles: 20\n" +
                           wait + "  - load: {address: 0x4000, size: 8, value: 0x5a5a5a5a5a5a5a5a, type: uncached}\n";
        text.replace(text.find("channels: 1"), 11, "channels: 2");
        return folder.file("two.yaml", text);
    };
    const Json wrong = one_choice(folder, scenario(""));
    ASSERT_EQ(wrong["smallest"].size(), 1U) << wrong;
    EXPECT_GT(wrong["smallest"][0]["hold_channel"], 10);
    EXPECT_EQ(wrong["smallest"][0]["channel"], 1);
    EXPECT_EQ(wrong["smallest"][0]["controller"], "dma");
    EXPECT_TRUE(one_choice(folder, scenario("  - wait_transfer: {channel: 1}\n"))["smallest"].is_null());
}

// Two transfers into one line, by an agent that does not wait: the program is not concerned.
TEST(Explore, FindsTheOrderOfTransfersWithoutAProgram) {
    const TemporaryFolder folder;
    std::string text = kPlatform;
    text.replace(text.find("channels: 1"), 11, "channels: 2");
    text.replace(text.find("program:"), 8,
                 "transfers:\n  - {channel: 0, source: 0x1000, destination: 0x3000, length: 64}\n"
                 "  - {channel: 1, source: 0x2000, destination: 0x3000, length: 64, start: 200}\n"
                 "expect: {memory: [{address: 0x3000, size: 64, same_as: 0x2000}]}");
    const Json report = one_choice(folder, folder.file("two.yaml", text));
    ASSERT_EQ(report["smallest"].size(), 1U) << report;
    EXPECT_EQ(report["smallest"][0]["channel"], 0);
}

// A descriptor is stored past the cache, and the device told to fetch it: that takes a barrier, although it works without.
TEST(Explore, FindsAPublicationThatReliesOnTheStoreBuffer) {
    const TemporaryFolder folder;
    const auto scenario = [&](const char* between) {
        return folder.file("publish.yaml", std::string(kPlatform) +
                                               "  - store: {address: 0x8008, size: 8, value: 0x2000, type: uncached}\n"
                                               "  - store: {address: 0x8010, size: 8, value: 0x5000, type: uncached}\n"
                                               "  - store: {address: 0x8018, value: 64, type: uncached}\n"
                                               "  - store: {address: 0x8020, value: 1, type: uncached}\n"
                                               "  - store: {address: 0x801C, value: 0x9, type: uncached}\n" +
                                               between +
                                               "  - write_register: {register: CONFIG, value: 0x2000}\n"
                                               "  - write_register: {register: DESC_LO, value: 0x8000}\n"
                                               "  - write_register: {register: CONTROL, value: 1}\n"
                                               "  - wait_cycles: 300\n"
                                               "expect: {memory: [{address: 0x5000, size: 64, same_as: 0x2000}]}\n");
    };
    const Json wrong = one_choice(folder, scenario("  - wait_cycles: 60\n"));
    ASSERT_EQ(wrong["smallest"].size(), 1U) << wrong;
    EXPECT_GT(wrong["smallest"][0]["hold_stores"], 60);
    EXPECT_TRUE(one_choice(folder, scenario("  - barrier: dmb\n"))["smallest"].is_null());
    EXPECT_TRUE(one_choice(folder, scenario("  - barrier: dsb\n"))["smallest"].is_null());
}

// The program relies on a store resting in the buffer, which holds its stores: only a drain shows it.
TEST(Explore, FindsWhatADrainDoes) {
    const TemporaryFolder folder;
    std::string text = std::string(kPlatform) +
                       "  - store: {address: 0x2000, size: 8, value: 0, type: uncached}\n"
                       "  - wait_cycles: 200\n"
                       "transfers: [{source: 0x2000, destination: 0x3000, length: 8, start: 100}]\n"
                       "expect: {memory: [{address: 0x3000, size: 8, pattern: \"5a\"}]}\n";
    text.replace(text.find("cpu: {}"), 7, "cpu: {store_buffer: {hold: true}}");
    const Json report = one_choice(folder, folder.file("drain.yaml", text));
    ASSERT_EQ(report["smallest"].size(), 1U) << report;
    EXPECT_EQ(report["smallest"][0]["drain"], 0);
}

TEST(Explore, SaysWhatItDidAndIsDeterministic) {
    const TemporaryFolder folder;
    const std::string right = folder.file("right.yaml", receive(kFlush, kInvalidate));
    const Outcome first = run({"explore", right, "--bound", "1", "--samples", "5"});
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_THAT(first.out, HasSubstr(" within 1 choice (of at most "));
    EXPECT_THAT(first.out, HasSubstr("no bad schedule within 1 choice\n"));
    EXPECT_EQ(run({"explore", right, "--bound", "1", "--samples", "5"}).out, first.out);
    const Outcome none = run({"explore", right, "--bound", "0", "--samples", "0"});
    EXPECT_THAT(none.out, HasSubstr("1 schedule within 0 choices"));
    const Outcome short_run = run({"explore", right, "--max-runs", "2"});
    EXPECT_EQ(short_run.status, 0);
    EXPECT_THAT(short_run.out, HasSubstr("not exhaustive"));
    EXPECT_THAT(short_run.out, HasSubstr("no bad schedule among them"));
    const std::string wrong = folder.file("wrong.yaml", receive("", ""));
    const Outcome at_once = run({"explore", wrong, "--bound", "1", "--samples", "5"});
    EXPECT_EQ(at_once.status, 1);
    EXPECT_THAT(at_once.out, HasSubstr("it goes wrong without any choice of the hardware"));
}

TEST(Explore, MistakesOfItsUser) {
    const TemporaryFolder folder;
    const std::string right = folder.file("right.yaml", receive(kFlush, kInvalidate));
    const auto refused = [&](const std::vector<std::string>& arguments, const std::string& text, int status = 2) {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, status);
        EXPECT_EQ(outcome.out, "");
        EXPECT_THAT(outcome.err, HasSubstr(text));
    };
    refused({"explore"}, "an argument is missing");
    refused({"explore", right, "--bound", "x"}, "--bound x: must be a number from 0 to 64");
    refused({"explore", right, "--bound", "65"}, "--bound 65: must be");
    refused({"explore", right, "--seed", "-1"}, "--seed -1: must be");
    refused({"explore", right, "--max-runs", "0"}, "--max-runs 0: must be");
    refused({"explore", right, "--format", "csv"}, "known formats: text, json");
    refused({"explore", folder.path("nothing.yaml")}, "nothing.yaml",
            run({"check", folder.path("nothing.yaml")}).status);
    const std::string idle = folder.file("idle.yaml", std::string(kPlatform) + "  []\n");
    refused({"explore", idle}, "there is nothing to explore");
    const std::string odd = folder.file("odd.yaml", "platform: {memories: [{name: ram}], cpu: {cache: {ways: 3}}}\n");
    refused({"explore", odd}, "odd.yaml:1:");
}

}  // namespace
}  // namespace dmasim::cli::test
