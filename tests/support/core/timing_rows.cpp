// SPDX-License-Identifier: Apache-2.0
#include "support/core/timing_rows.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <zstd.h>

#include "test_paths.h"

namespace dmasim::test {

namespace {

std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
        if (c == ',') {
            fields.emplace_back();
        } else if (c != '\r') {
            fields.back() += c;
        }
    }
    return fields;
}

}  // namespace

bool TimingRows::has(const std::string& name) const {
    return std::find(columns.begin(), columns.end(), name) != columns.end();
}

std::size_t TimingRows::column(const std::string& name) const {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) {
        throw std::runtime_error("no column " + name);
    }
    return static_cast<std::size_t>(found - columns.begin());
}

TimingRows read_timing_rows(const std::string& name) {
    const std::string path = std::string(DMASIM_SOURCE_DIR) + "/tests/data/timing/" + name + ".csv.zst";
    std::ifstream file(path, std::ios::binary);
    const std::string packed{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const unsigned long long bytes = ZSTD_getFrameContentSize(packed.data(), packed.size());
    if (bytes == ZSTD_CONTENTSIZE_ERROR || bytes == ZSTD_CONTENTSIZE_UNKNOWN) {
        throw std::runtime_error("cannot read " + path);
    }
    std::string text(static_cast<std::size_t>(bytes), '\0');
    if (ZSTD_isError(ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size())) != 0) {
        throw std::runtime_error("cannot decompress " + path);
    }
    TimingRows table;
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    table.columns = fields_of(line);
    while (std::getline(lines, line)) {
        table.rows.push_back(fields_of(line));
        if (table.rows.back().size() != table.columns.size()) {
            throw std::runtime_error(path + ": a row with another number of fields: " + line);
        }
    }
    if (table.rows.empty()) {
        throw std::runtime_error(path + " is empty");
    }
    return table;
}

}  // namespace dmasim::test
