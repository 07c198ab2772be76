// SPDX-License-Identifier: Apache-2.0
//
// What the pages show is what the program prints, and what they refer to exists.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/model/verifier/verifier.h"

#include "test_paths.h"

namespace dmasim {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = DMASIM_SOURCE_DIR;

std::vector<std::string> lines_of(const fs::path& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::vector<fs::path> pages() {
    std::vector<fs::path> result{kSource / "README.md"};
    for (const char* folder : {"docs", "examples"}) {
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kSource / folder)) {
            if (entry.path().extension() == ".md") {
                result.push_back(entry.path());
            }
        }
    }
    return result;
}

/// A block between ``` and ```, with its language and the line before it.
struct Block {
    std::string before;
    std::string language;
    std::vector<std::string> lines;
};

std::vector<Block> blocks_of(const fs::path& page) {
    std::vector<Block> blocks;
    const std::vector<std::string> lines = lines_of(page);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].rfind("```", 0) != 0) {
            continue;
        }
        Block block;
        block.before = i == 0 ? "" : lines[i - 1];
        block.language = lines[i].substr(3);
        for (++i; i < lines.size() && lines[i] != "```"; ++i) {
            block.lines.push_back(lines[i]);
        }
        EXPECT_LT(i, lines.size()) << page << ": a block without end";
        blocks.push_back(std::move(block));
    }
    return blocks;
}

bool contains(const std::vector<std::string>& all, const std::vector<std::string>& part) {
    return std::search(all.begin(), all.end(), part.begin(), part.end()) != all.end();
}

// A comment "<!-- file 3-7 -->" before a block: the block is these lines of the file.
TEST(Documentation, ShowsWhatFilesSay) {
    const std::regex marker("<!-- (\\S+) (\\d+)-(\\d+) -->");
    unsigned found = 0;
    for (const fs::path& page : pages()) {
        for (const Block& block : blocks_of(page)) {
            std::smatch match;
            if (!std::regex_match(block.before, match, marker)) {
                continue;
            }
            ++found;
            const std::vector<std::string> all = lines_of(kSource / match[1].str());
            const std::size_t first = std::stoul(match[2]);
            const std::size_t last = std::min<std::size_t>(std::stoul(match[3]), all.size());
            ASSERT_LE(first, last) << page;
            EXPECT_EQ(block.lines, std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(first) - 1,
                                                            all.begin() + static_cast<std::ptrdiff_t>(last)))
                << page << ": " << block.before;
        }
    }
    EXPECT_GE(found, 2U);
}

// In the pages of examples, a block without a language is output, and stands in a tested *.expected file.
TEST(Documentation, OutputOfExamplesIsReal) {
    unsigned found = 0;
    for (const fs::path& page : pages()) {
        if (page.parent_path().parent_path() != kSource / "examples") {
            continue;
        }
        for (const Block& block : blocks_of(page)) {
            if (!block.language.empty()) {
                continue;
            }
            ++found;
            bool real = false;
            for (const fs::directory_entry& entry : fs::directory_iterator(page.parent_path())) {
                real = real || (entry.path().extension() == ".expected" && contains(lines_of(entry), block.lines));
            }
            EXPECT_TRUE(real) << page << " shows output that no program prints; its first line is\n"
                              << (block.lines.empty() ? "" : block.lines.front());
        }
    }
    EXPECT_GE(found, 4U);
}

// A comment "<!-- tests/consumers/... -->" before a block: its lines stand in that file, in this order, where the target
// is called "consumer".
TEST(Documentation, SnippetsAreThoseOfTheConsumerTests) {
    const std::regex marker("<!-- (tests/consumers/\\S+) -->");
    unsigned found = 0;
    for (const Block& block : blocks_of(kSource / "README.md")) {
        std::smatch match;
        if (!std::regex_match(block.before, match, marker)) {
            continue;
        }
        ++found;
        const std::vector<std::string> all = lines_of(kSource / match[1].str());
        auto at = all.begin();
        for (const std::string& line : block.lines) {
            at = std::find(at, all.end(), std::regex_replace(line, std::regex("my_platform"), "consumer"));
            EXPECT_NE(at, all.end()) << match[1] << " does not have, or not in this place: " << line;
        }
    }
    EXPECT_EQ(found, 3U);
}

TEST(Documentation, LinksLeadSomewhere) {
    const std::regex link("\\]\\(([^)#\\s]+)(#[^)]*)?\\)");
    for (const fs::path& page : pages()) {
        for (const std::string& line : lines_of(page)) {
            for (std::sregex_iterator it(line.begin(), line.end(), link); it != std::sregex_iterator(); ++it) {
                const std::string target = (*it)[1];
                if (target.find("://") == std::string::npos) {
                    EXPECT_TRUE(fs::exists(page.parent_path() / target)) << page << ": " << target;
                }
            }
        }
    }
}

TEST(Documentation, ContentsNameEveryPage) {
    std::stringstream contents;
    contents << std::ifstream(kSource / "docs/README.md").rdbuf();
    for (const fs::path& page : pages()) {
        if (page != kSource / "docs/README.md" && page != kSource / "README.md") {
            const std::string link = "](" + fs::relative(page, kSource / "docs").generic_string() + ")";
            EXPECT_NE(contents.str().find(link), std::string::npos) << "docs/README.md lacks " << link;
        }
    }
}

// Every rule of the verifier has a section that says what, why, how to fix it, and shows an example.
TEST(Documentation, EveryRuleOfTheVerifierHasASection) {
    const std::vector<std::string> lines = lines_of(kSource / "docs/verifier.md");
    for (const VerifierRuleKind& rule : verifier_rules()) {
        const auto head = std::find(lines.begin(), lines.end(), "### " + std::string{rule.name});
        ASSERT_NE(head, lines.end()) << rule.name << " has no section in docs/verifier.md";
        const auto end = std::find_if(head + 1, lines.end(), [](const std::string& line) { return line[0] == '#'; });
        std::string text;
        for (auto line = head + 1; line != end; ++line) {
            text += *line + " ";
        }
        EXPECT_GT(text.size(), 120U) << rule.name;
        EXPECT_NE(text.find("Fix"), std::string::npos) << rule.name;
        EXPECT_NE(text.find("Example: "), std::string::npos) << rule.name;
        EXPECT_FALSE(rule.summary.empty());
    }
}

}  // namespace
}  // namespace dmasim
