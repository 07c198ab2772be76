// SPDX-License-Identifier: Apache-2.0
//
// The page of the rules names every documented rule, scenario and check, and only tests and files that there are.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"

#include "test_paths.h"

namespace dmasim::dma {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = DMASIM_SOURCE_DIR;

const std::vector<std::string> kRules{
    "NUM-01", "NUM-02", "NUM-03", "NUM-04", "NUM-05", "NUM-06", "NUM-07", "NUM-08", "NUM-09", "NUM-10", "NUM-11",
    "NUM-12", "NUM-13", "NUM-14", "NUM-15", "NUM-16", "NUM-17", "NUM-18", "NUM-19", "AO-01",  "AO-02",  "AO-03",
    "AO-04",  "AO-05",  "AO-06",  "AO-07",  "AO-08",  "AO-09",  "AO-10",  "AO-11",  "AO-12",  "AO-13",  "AO-14",
    "AO-15",  "AO-16",  "MR-01",  "MR-02",  "MR-03",  "MR-04",  "MR-05",  "MR-06",  "MR-07",  "MR-08",  "MR-09",
    "MR-10",  "MR-11",  "MR-12",  "MR-13",  "MR-14",  "MR-15",  "DD-01",  "DD-02",  "DD-03",  "DD-04",  "DD-05",
    "DD-06",  "DD-07",  "DD-08",  "DD-09",  "DD-10",  "DD-11",  "DD-12",  "DD-13",  "DD-14",  "DD-15",  "SD-01",
    "SD-02",  "SD-03",  "SD-04",  "SD-05",  "SD-06",  "SD-07",  "SD-08",  "SD-09",  "SD-10",  "SD-11",  "SD-12",
    "SD-13",  "SD-14",  "SD-15",  "SD-16",  "SD-17",  "SD-18",  "SD-19",  "BM-01",  "BM-02",  "BM-03",  "BM-04",
    "BM-05",  "BM-06",  "BM-07",  "BM-08",  "BM-09",  "CB-01",  "CB-02",  "CB-03",  "CB-04",  "CB-05",  "CB-06",
    "CB-07",  "CB-08",  "CB-09",  "CB-10",  "CB-11",  "CB-12",  "CB-13",  "SG-01",  "SG-02",  "SG-03",  "SG-04",
    "SG-05",  "SG-06",  "SG-07",  "SG-08",  "SG-09",  "SG-10",  "SG-11",  "SG-12",  "SG-13",  "SG-14",  "SG-15",
    "CF-01",  "CF-02",  "CF-03",  "CF-04",  "CF-05",  "CF-06",  "CF-07",  "CF-08",  "CF-09",  "CF-10",  "CF-11",
    "CF-12",  "CF-13",  "CF-14",  "CF-15",  "CF-16",  "CF-17",  "CF-18",  "CF-19",  "CF-20",  "CF-21",  "CF-22",
    "CF-24",  "CF-23",  "SP-01",  "SP-02",  "SP-03",  "SP-04",  "SP-05",  "SP-06",  "SP-07",  "SP-08",  "SP-09",
    "SP-10",  "SP-11",  "SP-12",  "V3-01",  "V3-02",  "V3-03",  "V3-04",  "V3-05",  "V3-06",  "V3-07",  "V3-08",
    "V3-09",  "V3-10",  "V3-11",  "V3-12",  "V3-13",  "V3-14",  "V3-15",  "V3-16",  "V3-17",  "V3-18",  "V3-19",
    "V3-20",  "DM-01",  "DM-02",  "DM-03",  "DM-04",  "DM-05",  "DM-06",  "DM-07",  "DM-08",  "DM-09",  "DM-10",
    "DM-11",  "DM-12",  "BB-01",  "BB-02",  "BB-03",  "BB-04",  "BB-05",  "BB-06",  "BB-07",  "BB-08",  "RC-01",
    "RC-02",  "RC-03",  "RC-04",  "RC-05",  "RC-06"};

const std::vector<std::string> kScenarios{
    "W01",  "W01b", "W02", "W03", "W04", "W05", "W06", "W07", "W08", "W09", "W10", "W11", "W12", "W13", "R01", "R02",
    "R03a", "R03b", "R04", "R05", "R06", "R07", "R08", "N01", "N02", "N03", "N04", "N05", "N06", "N07", "X01", "X02",
    "X03",  "X04",  "X05", "X06", "X07", "X08", "X09", "X10", "X11", "X12", "X13", "X14", "X15", "X16", "X17", "C01",
    "C02",  "C03",  "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C12", "C13", "C14", "C15"};

std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string all_tests() {
    std::string text;
    for (const char* folder : {"tests/unit/dma_operations", "tests/unit/model", "tests/sim/dma_operations"}) {
        for (const fs::directory_entry& entry : fs::directory_iterator(kSource / folder)) {
            text += text_of(entry.path());
        }
    }
    return text;
}

TEST(RulesPage, NamesEveryRule) {
    EXPECT_EQ(kRules.size(), 203U);
    const std::string page = text_of(kSource / "docs/dma-rules.md");
    for (const std::string& rule : kRules) {
        EXPECT_NE(page.find("\n| " + rule + " | "), std::string::npos) << rule;
    }
    for (const DriverRule* rule : driver_rules()) {
        EXPECT_NE(page.find("\n| " + std::string(rule->id) + " | "), std::string::npos) << rule->id;
    }
    for (unsigned number = 0; number < kRoutines; ++number) {
        const std::string name(name_of(static_cast<Routine>(number)));
        EXPECT_NE(page.find("\n| `" + name + "` | "), std::string::npos) << name;
    }
}

TEST(RulesPage, TestsAndFilesAreThere) {
    const std::string page = text_of(kSource / "docs/dma-rules.md");
    const std::string tests = all_tests();
    const std::regex test("`([A-Z][A-Za-z0-9]+)\\.([A-Z][A-Za-z0-9]+)`");
    unsigned found = 0;
    for (std::sregex_iterator match(page.begin(), page.end(), test), end; match != end; ++match, ++found) {
        const std::string name = "(" + (*match)[1].str() + ", " + (*match)[2].str() + ")";
        EXPECT_NE(tests.find(name), std::string::npos) << name;
    }
    EXPECT_GT(found, 150U);
    const std::regex file("`([a-z_0-9]+\\.(?:cpp|h))`");
    std::set<std::string> files;
    for (const char* folder : {"cpu-stub", "bus/src", "model/src", "tests"}) {
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kSource / folder)) {
            files.insert(entry.path().filename().string());
        }
    }
    for (std::sregex_iterator match(page.begin(), page.end(), file), end; match != end; ++match) {
        EXPECT_EQ(files.count((*match)[1].str()), 1U) << (*match)[1].str();
    }
}

// What it is, why it matters, how it is mended, and how it comes about.
TEST(RulesPage, EveryCheckHasASection) {
    const std::string pages = text_of(kSource / "docs/driver-rules.md") + text_of(kSource / "docs/simulator-rules.md");
    const std::string tests = all_tests();
    for (const std::string& rule : driver_rule_names()) {
        const std::size_t head = pages.find("\n### " + rule + "\n");
        ASSERT_NE(head, std::string::npos) << rule << " has no section";
        EXPECT_EQ(pages.find("\n### " + rule + "\n", head + 1), std::string::npos) << rule << " has two";
        const std::string section = pages.substr(head + 1, pages.find("\n#", head + 2) - head - 1);
        for (const char* part : {"\n**What**: ", "\n**Why**: ", "\n**Fix**: ", "\n**Example**"}) {
            const std::size_t begin = section.find(part);
            ASSERT_NE(begin, std::string::npos) << rule << part;
            EXPECT_GT(std::min(section.find("\n**", begin + 1), section.size()) - begin, 25U) << rule << part;
        }
    }
    const std::regex test("`([A-Z][A-Za-z0-9]+)\\.([A-Z][A-Za-z0-9]+)`");
    unsigned found = 0;
    for (std::sregex_iterator match(pages.begin(), pages.end(), test), end; match != end; ++match, ++found) {
        const std::string name = "(" + (*match)[1].str() + ", " + (*match)[2].str() + ")";
        EXPECT_NE(tests.find(name), std::string::npos) << name;
    }
    EXPECT_GT(found, 5U);
}

TEST(RulesPage, EveryScenarioHasATest) {
    EXPECT_EQ(kScenarios.size(), 62U);
    const std::string tests = all_tests();
    const std::string page = text_of(kSource / "docs/dma-rules.md");
    for (const std::string& scenario : kScenarios) {
        EXPECT_NE(page.find("\n| " + scenario + " | `"), std::string::npos) << scenario;
        // R03a and R03b are two configurations of one test.
        const std::string name = scenario == "R03a" ? "R03" : scenario;
        EXPECT_TRUE(std::regex_search(tests, std::regex("TEST(_P)?\\(\\w+, " + name + "[A-Z]"))) << scenario;
    }
}

}  // namespace
}  // namespace dmasim::dma
