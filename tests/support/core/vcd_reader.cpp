// SPDX-License-Identifier: Apache-2.0
#include "support/core/vcd_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace dmasim_test {

namespace {

class Reader {
  public:
    Waveform read(const std::string& text) {
        std::istringstream lines(text);
        std::string line;
        while (std::getline(lines, line)) {
            ++number_;
            std::istringstream words(line);
            std::vector<std::string> all;
            for (std::string word; words >> word;) {
                all.push_back(word);
            }
            demand(!all.empty(), "empty line");
            if (in_header_) {
                header(all);
            } else {
                body(all);
            }
        }
        demand(!in_header_, "no $enddefinitions");
        demand(!in_dump_, "$dumpvars does not end");
        demand(text.empty() || text.back() == '\n', "last line does not end");
        for (const auto& [name, variable] : waveform_.variables) {
            demand(!variable.changes.empty(), "no initial value of " + name);
        }
        return waveform_;
    }

  private:
    void demand(bool condition, const std::string& complaint) const {
        if (!condition) {
            throw std::runtime_error("line " + std::to_string(number_) + ": " + complaint);
        }
    }

    void header(const std::vector<std::string>& words) {
        const std::string& word = words.front();
        demand(word != "$date", "a date makes files differ");
        demand(words.back() == "$end" && std::count(words.begin(), words.end(), "$end") == 1, "no $end, or two");
        if (word == "$timescale") {
            demand(words.size() == 4 && waveform_.timescale.empty(), "bad $timescale");
            waveform_.timescale = words[1] + " " + words[2];
        } else if (word == "$scope") {
            demand(words.size() == 4 && words[1] == "module", "bad $scope");
            scopes_.push_back(words[2]);
        } else if (word == "$upscope") {
            demand(words.size() == 2 && !scopes_.empty(), "bad $upscope");
            scopes_.pop_back();
        } else if (word == "$var") {
            variable(words);
        } else if (word == "$enddefinitions") {
            demand(words.size() == 2 && scopes_.empty() && !waveform_.timescale.empty(), "bad end of the header");
            in_header_ = false;
        } else {
            demand(word == "$version" || word == "$comment", "unknown word " + word);
        }
    }

    void variable(const std::vector<std::string>& words) {
        demand(words.size() == 6 && words[1] == "wire" && !scopes_.empty(), "bad $var");
        const std::string& code = words[3];
        demand(std::all_of(code.begin(), code.end(), [](char c) { return c >= '!' && c <= '~'; }), "bad code");
        std::string name;
        for (const std::string& scope : scopes_) {
            name += scope + ".";
        }
        name += words[4];
        demand(names_.emplace(code, name).second, "code " + code + " declared twice");
        demand(waveform_.variables.count(name) == 0, name + " declared twice");
        waveform_.variables[name].width = static_cast<unsigned>(std::stoul(words[2]));
        demand(waveform_.variables[name].width >= 1 && waveform_.variables[name].width <= 64, "bad width");
    }

    void body(const std::vector<std::string>& words) {
        const std::string& word = words.front();
        if (word == "$dumpvars") {
            demand(words.size() == 1 && timed_ && waveform_.end == 0 && !dumped_, "$dumpvars out of place");
            in_dump_ = true;
        } else if (word == "$end") {
            demand(words.size() == 1 && in_dump_, "$end out of place");
            in_dump_ = false;
            dumped_ = true;
        } else if (word.front() == '#') {
            demand(words.size() == 1 && word.find_first_not_of("0123456789", 1) == std::string::npos && !in_dump_,
                   "bad time");
            const std::uint64_t time = std::stoull(word.substr(1));
            demand(timed_ ? time > waveform_.end : time == 0, "time does not rise");
            timed_ = true;
            waveform_.end = time;
        } else if (word.front() == 'b') {
            demand(words.size() == 2, "bad vector");
            change(words[1], word.substr(1), true);
        } else {
            demand(words.size() == 1, "bad value");
            change(word.substr(1), word.substr(0, 1), false);
        }
    }

    void change(const std::string& code, const std::string& digits, bool vector) {
        demand(in_dump_ || dumped_, "a change before $dumpvars");
        const auto name = names_.find(code);
        demand(name != names_.end(), "undeclared code " + code);
        Waveform::Variable& variable = waveform_.variables[name->second];
        demand(vector == (variable.width > 1), "scalar for a vector, or the reverse");
        demand(
            !digits.empty() && digits.size() <= variable.width && digits.find_first_not_of("01") == std::string::npos,
            "bad digits");
        std::uint64_t value = 0;
        for (const char digit : digits) {
            value = value << 1U | static_cast<std::uint64_t>(digit - '0');
        }
        if (in_dump_) {
            demand(variable.changes.empty(), "two initial values");
        } else {
            demand(!variable.changes.empty(), "no initial value");
            demand(variable.changes.back().second != value, "a change that changes nothing");
            demand(variable.changes.back().first < waveform_.end || variable.changes.size() == 1,
                   "two changes at once");
        }
        variable.changes.emplace_back(waveform_.end, value);
    }

    Waveform waveform_;
    std::map<std::string, std::string> names_;
    std::vector<std::string> scopes_;
    std::size_t number_ = 0;
    bool in_header_ = true;
    bool timed_ = false;
    bool in_dump_ = false;
    bool dumped_ = false;
};

}  // namespace

std::uint64_t Waveform::Variable::at(std::uint64_t time) const {
    std::uint64_t value = 0;
    for (const auto& [when, what] : changes) {
        value = when <= time ? what : value;
    }
    return value;
}

Waveform read_vcd(const std::string& text) {
    return Reader().read(text);
}

}  // namespace dmasim_test
