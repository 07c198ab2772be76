// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "dmasim/cli/core/scenario.h"
#include "dmasim/cli/core/yaml.h"

#include "support.h"
#include "test_paths.h"

namespace dmasim::cli {
namespace {

std::string problem(const std::string& text) {
    return test::message_of([&] { parse_yaml(text, "x"); });
}

TEST(Loader, ReadsYamlAndJsonAlike) {
    const Document yaml = parse_yaml("a: 1\nb: [x, {c: 0x10}]\n", "x");
    const Document json = parse_yaml("{\"a\": 1, \"b\": [\"x\", {\"c\": \"0x10\"}]}", "x");
    EXPECT_EQ(yaml.root, json.root);
    EXPECT_TRUE(yaml.is_plain("/b/1/c"));
    EXPECT_FALSE(json.is_plain("/b/1/c"));
    EXPECT_EQ(yaml.node("/b/1/c").value.line, 2U);
    EXPECT_EQ(yaml.node("/b/1/c").value.column, 12U);
    EXPECT_EQ(yaml.node("/b/1/c").key.column, 9U);
    // What was not written down is where the thing around it is.
    EXPECT_EQ(yaml.node("/b/1/d/e").value.column, 8U);
}

TEST(Loader, AliasesAreWrittenOut) {
    const Document document = parse_yaml("a: &x {p: 1, q: [2]}\nb: *x\nc: [*x]\n", "x");
    EXPECT_EQ(document.root["b"], document.root["a"]);
    EXPECT_EQ(document.root["c"][0], document.root["a"]);
    EXPECT_TRUE(document.is_plain("/c/0/q/0"));
    EXPECT_EQ(document.node("/b").value.line, 2U);
}

TEST(Loader, MalformedFiles) {
    EXPECT_EQ(problem("a: 1\nb: 2\na: 3\n"), "x:3:1: duplicate key \"a\"; the first one is in line 1");
    EXPECT_EQ(problem("a: {b: 1, b: 2}"), "x:1:11: duplicate key \"b\"; the first one is in line 1");
    EXPECT_EQ(problem("a: \"abc"), "x:1:8: the file ends inside of a text in quotes");
    EXPECT_EQ(problem("a: [1, 2\nb: 3"), "x:2:2: a list that began with [ is not closed, or a comma is missing");
    EXPECT_EQ(problem("a: {b: 1\nc: 2"), "x:2:2: a mapping that began with { is not closed, or a comma is missing");
    EXPECT_EQ(problem("a: b: c"), "x:1:5: \":\" is not allowed here; a text that contains \": \" needs quotes");
    EXPECT_EQ(problem("a:\n\t- b"), "x:2:2: \"- \" is not allowed here (tabs cannot indent)");
    EXPECT_EQ(problem("a: @x"), "x:1:4: a text that begins with this character needs quotes");
    EXPECT_EQ(problem("a: *x"), "x:1:4: the referenced anchor is not defined");
    EXPECT_EQ(problem("a: &x [*x]"), "x:1:8: an alias cannot stand inside of what it names");
    EXPECT_EQ(problem("a: !!int 3"), "x:1:4: the tag \"tag:yaml.org,2002:int\" is not supported");
    EXPECT_EQ(problem("a: 1\n---\nb: 2"), "x:2:1: a second document begins here; a scenario is one document");
    EXPECT_EQ(problem("[1]: 2"), "x:1:1: a key must be a plain word (is a bracket or a brace not closed?)");
    EXPECT_EQ(problem(": 2"), "x:1:1: a key is missing here");
    EXPECT_EQ(problem("a: ]"), "x:1:4: illegal flow end");
}

TEST(Loader, BytesThatAreNotText) {
    EXPECT_EQ(problem(std::string("a: 1\nb: \0", 9)), "x:2:4: byte 0x00 is not text; a scenario is YAML");
    EXPECT_EQ(problem("\x7f"), "x:1:1: byte 0x7f is not text; a scenario is YAML");
    EXPECT_EQ(problem("a: \xff"), "x:1:4: byte 0xff is not UTF-8 text; a scenario is YAML");
    EXPECT_EQ(problem("a: \xc0\x80"), "x:1:4: byte 0xc0 is not UTF-8 text; a scenario is YAML");
    EXPECT_EQ(problem("a: \xed\xa0\x80"), "x:1:4: byte 0xed is not UTF-8 text; a scenario is YAML");
    EXPECT_EQ(problem("a: \xe2\x82"), "x:1:4: byte 0xe2 is not UTF-8 text; a scenario is YAML");
    EXPECT_EQ(problem("\xEF\xBB\xBF"
                      "a: \xe2\x82\xac"),
              "");
}

TEST(Loader, NestingIsLimitedFromBothSides) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); };
    EXPECT_EQ(problem(nested(kMaxScenarioDepth)), "");
    EXPECT_NE(problem(nested(kMaxScenarioDepth + 1)).find("nested more than 64 deep"), std::string::npos);
    // By aliases, which are short.
    std::string chain = "a0: &a0 [x]\n";
    for (int i = 1; i < 70; ++i) {
        chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    }
    EXPECT_NE(problem(chain).find("nested more than 64 deep"), std::string::npos);
}

TEST(Loader, AliasBombIsDefused) {
    std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c <= 'z'; ++c) {
        bomb += std::string(1, c) + ": &" + c + " [";
        for (int i = 0; i < 9; ++i) {
            bomb += std::string(i == 0 ? "*" : ",*") + static_cast<char>(c - 1);
        }
        bomb += "]\n";
    }
    EXPECT_NE(problem(bomb).find("more than 200000 values"), std::string::npos);
}

TEST(Loader, SizeIsLimitedFromBothSides) {
    EXPECT_EQ(problem("#" + std::string(kMaxScenarioBytes - 1, 'x')), "");
    EXPECT_EQ(problem("#" + std::string(kMaxScenarioBytes, 'x')),
              "x: larger than 1048576 bytes, which is the most for a scenario");
}

/// Nobody waits for an answer to nonsense. The limit is generous for slow machines and sanitizers; ten times less is
/// usual.
TEST(Loader, WorstCasesEndSoon) {
    const test::TemporaryFolder folder;
    std::mt19937 random(1);
    std::string noise(10'000'000, '\0');
    for (char& c : noise) {
        c = static_cast<char>(random());
    }
    std::string text = noise;
    for (char& c : text) {
        c = static_cast<char>('!' + static_cast<unsigned char>(c) % 90);
    }
    const auto times = [](std::size_t n, const std::string& s) {
        std::string result;
        while (result.size() + s.size() <= n) {
            result += s;
        }
        return result;
    };
    constexpr std::size_t kMost = kMaxScenarioBytes;
    const std::vector<std::string> contents{noise,
                                            text,
                                            text.substr(0, kMost),
                                            times(kMost, "["),
                                            times(kMost, "{"),
                                            times(kMost, "a: "),
                                            times(kMost, "- "),
                                            times(kMost, "[a: "),
                                            times(kMost, "[1,"),
                                            times(kMost, "{a,"),
                                            times(kMost, "? "),
                                            times(kMost, "\n"),
                                            times(kMost, "a\n"),
                                            times(kMost, "[\n"),
                                            times(kMost, "&"),
                                            times(kMost, "!"),
                                            times(kMost, "%a b\n"),
                                            "\"" + times(kMost - 1, "x"),
                                            "|\n" + times(kMost - 2, " "),
                                            std::string(kMost, '\0')};
    for (std::size_t i = 0; i < contents.size(); ++i) {
        const std::string path = folder.file("f", contents[i]);
        const auto begin = std::chrono::steady_clock::now();
        const std::string message = test::message_of([&] { load_scenario(path, {}); });
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        EXPECT_EQ(message.substr(0, path.size() + 1), path + ":") << "case " << i;
        EXPECT_EQ(message.find('\n'), std::string::npos) << "case " << i;
        EXPECT_LT(message.size(), path.size() + 300) << "case " << i;
        EXPECT_LT(seconds, 10.0) << "case " << i;
    }
}

TEST(Loader, FilesThatCannotBeRead) {
    const test::TemporaryFolder folder;
    EXPECT_EQ(test::message_of([&] { load_yaml(folder.path("no")); }),
              folder.path("no") + ": No such file or directory");
    EXPECT_EQ(test::message_of([&] { load_yaml("/tmp"); }), "/tmp: is a directory");
    EXPECT_EQ(test::message_of([&] { load_scenario(folder.file("empty", ""), {}); }),
              folder.path("empty") + ": the scenario: expected a mapping, found nothing");
}

/// Damaged copies of a real scenario: a result or one line, never anything else.
TEST(Loader, DamagedScenarios) {
    const unsigned seed = std::random_device{}();
    std::cout << "seed " << seed << '\n';
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string good = test::read_file(DMASIM_SOURCE_DIR "/examples/scatter-gather/scatter-gather.yaml");
    ASSERT_FALSE(good.empty());
    const std::string letters = " :-[]{},&*!|>'\"%@`#?\n\tax019.\\";
    const test::TemporaryFolder folder;
    unsigned refused = 0;
    for (int i = 0; i < 1000; ++i) {
        std::string text = good;
        for (unsigned k = 1 + random() % 4; k > 0; --k) {
            const std::size_t at = random() % text.size();
            const std::size_t length = random() % 12;
            switch (random() % 4) {
                case 0:
                    text[at] = letters[random() % letters.size()];
                    break;
                case 1:
                    text.erase(at, length);
                    break;
                case 2:
                    text.insert(at, text.substr(random() % text.size(), length));
                    break;
                default:
                    text.insert(at, 1, letters[random() % letters.size()]);
                    break;
            }
        }
        const std::string path = folder.file("s.yaml", text);
        const std::string message = test::message_of([&] { load_scenario(path, {}); });
        if (!message.empty()) {
            ++refused;
            ASSERT_EQ(message.substr(0, path.size() + 1), path + ":") << text;
            ASSERT_EQ(message.find('\n'), std::string::npos) << message << "\n" << text;
        }
    }
    EXPECT_GT(refused, 300U);
    EXPECT_LT(refused, 1000U);
}

}  // namespace
}  // namespace dmasim::cli
