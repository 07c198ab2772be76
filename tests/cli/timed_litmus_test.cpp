// SPDX-License-Identifier: Apache-2.0
//
// The pairs of scenarios in examples/litmus, with what they depend on swept: the fixed ones are right everywhere, the buggy
// ones wrong where the bug can show.
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support.h"
#include "test_paths.h"

namespace dmasim::cli::test {
namespace {

const std::string kFolder = DMASIM_SOURCE_DIR "/examples/litmus/";

int status_of(const std::string& name, const std::string& setting) {
    return run({"run", kFolder + name + ".yaml", "--set", setting}).status;
}

TEST(TimedLitmusScenarios, EveryPairIsListedAndDocumented) {
    const std::string page = read_file(DMASIM_SOURCE_DIR "/docs/timed-litmus.md");
    std::size_t entries = 0;
    for (std::size_t at = page.find("\n| "); at != std::string::npos; at = page.find("\n| ", at + 1)) {
        const std::string id = page.substr(at + 3, page.find(' ', at + 3) - at - 3);
        if (id.size() != 5 || id[2] != '-') {
            continue;
        }
        ++entries;
        std::string name = id;
        for (char& c : name) {
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
        EXPECT_TRUE(std::filesystem::exists(kFolder + name + "-fixed.yaml")) << id;
        EXPECT_TRUE(std::filesystem::exists(kFolder + name + "-buggy.yaml") || id == "AW-01") << id;
    }
    EXPECT_EQ(entries, 20U);
}

/// The findings of a run.
nlohmann::json findings_of(const std::string& name, const std::string& setting, int& status) {
    const Outcome outcome = run({"run", kFolder + name + ".yaml", "--format", "json", "--set", setting});
    status = outcome.status;
    return nlohmann::json::parse(outcome.out).at("findings");
}

std::set<std::string> rules_of(const nlohmann::json& findings) {
    std::set<std::string> rules;
    for (const nlohmann::json& finding : findings) {
        rules.insert(finding.at("rule").get<std::string>());
    }
    return rules;
}

// The rule of an entry stands behind its name in the first comment. Without that rule nobody says it.
TEST(TimedLitmusScenarios, EachIsNamedByItsRuleAndTheFixedOnesAreSilent) {
    std::size_t pairs = 0;
    std::set<std::string> named;
    for (const auto& file : std::filesystem::directory_iterator(kFolder)) {
        const std::string name = file.path().stem();
        const std::size_t dash = name.rfind("-buggy");
        if (file.path().extension() != ".yaml" || dash == std::string::npos) {
            continue;
        }
        ++pairs;
        const std::string text = read_file(file.path());
        const std::size_t from = text.find(", ") + 2;
        const std::string rule = text.substr(from, text.find(':', from) - from);
        int status = 0;
        const nlohmann::json events = findings_of(name, "platform.driver=events", status);
        EXPECT_EQ(rules_of(events).count(rule), 1U) << name << ": " << rule;
        EXPECT_EQ(status, 1) << name;
        // An island reports late, but everything with its cycle.
        EXPECT_EQ(findings_of(name, "platform.driver=lazy", status), events) << name;
        EXPECT_EQ(status, 1) << name;
        for (const char* driver : {"events", "lazy"}) {
            const std::string fixed = name.substr(0, dash) + "-fixed";
            EXPECT_TRUE(findings_of(fixed, std::string("platform.driver=") + driver, status).empty()) << fixed;
            EXPECT_EQ(status, 0) << fixed << ", " << driver;
        }
        const std::string without = "platform.verifier.disabled_rules=[" + rule + "]";
        EXPECT_EQ(rules_of(findings_of(name, without, status)).count(rule), 0U) << name;
        named.insert(rule);
    }
    EXPECT_EQ(pairs, 19U);
    for (const char* rule :
         {"ABORT_IN_FLIGHT", "ADDR_REACH", "BUSY_REPROGRAM", "STARVATION", "FIFO_XRUN", "RING_WRAP"}) {
        EXPECT_EQ(named.count(rule), 1U) << rule;
    }
}

// The abort before, in and behind the burst whose write is in flight.
TEST(TimedLitmusScenarios, TheAbortHitsAtManyCycles) {
    int wrong = 0;
    for (int cycle = 10; cycle <= 250; cycle += 20) {
        const std::string setting = "program.2.wait_cycles=" + std::to_string(cycle);
        EXPECT_EQ(status_of("ab-01-fixed", setting), 0) << cycle;
        wrong += status_of("ab-01-buggy", setting) == 1 ? 1 : 0;
    }
    EXPECT_GE(wrong, 8);
}

// XR-05: down to which rate the panel gets its words in time beside the radio, and alone.
TEST(TimedLitmusScenarios, TheFirstUnderrunHasARate) {
    const auto in_time = [](int cycles, const char* transfers) {
        std::vector<std::string> arguments{
            "run",   kFolder + "xr-05-fixed.yaml",
            "--set", "platform.streams.0.cycles_per_element=" + std::to_string(cycles),
            "--set", "expect.transfers.0.max_cycles=" + std::to_string(256 * cycles + 500)};
        if (transfers != nullptr) {
            arguments.insert(arguments.end(), {"--set", transfers});
        }
        return run(arguments).status == 0;
    };
    int beside = 0;
    for (int cycles = 60; cycles >= 10 && in_time(cycles, nullptr); cycles -= 5) {
        beside = cycles;
    }
    EXPECT_GT(beside, 20) << "the radio must be felt";
    EXPECT_LE(beside, 60);
    EXPECT_TRUE(in_time(beside / 2, "transfers.0.length=64")) << "without the radio half of that is enough";
}

}  // namespace
}  // namespace dmasim::cli::test
