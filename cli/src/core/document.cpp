// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/document.h"

#include <algorithm>

#include <fmt/format.h>

namespace dmasim::cli {

const Document::Node& Document::node(std::string_view pointer) const {
    static const Node kNowhere;
    std::string at(pointer);
    while (true) {
        if (const auto found = nodes_.find(at); found != nodes_.end()) {
            return found->second;
        }
        if (at.empty()) {
            return kNowhere;
        }
        at.resize(at.rfind('/'));
    }
}

bool Document::is_plain(const std::string& pointer) const {
    const auto found = nodes_.find(pointer);
    return found != nodes_.end() && found->second.plain;
}

void Document::graft(const std::string& pointer, const Document& value) {
    for (auto it = nodes_.begin(); it != nodes_.end();) {
        const std::string& at = it->first;
        const bool inside =
            at.compare(0, pointer.size(), pointer) == 0 && (at.size() == pointer.size() || at[pointer.size()] == '/');
        it = inside ? nodes_.erase(it) : std::next(it);
    }
    const auto first_source = static_cast<std::uint32_t>(sources.size());
    sources.insert(sources.end(), value.sources.begin(), value.sources.end());
    for (const auto& [at, node] : value.nodes_) {
        Node moved = node;
        moved.value.source += first_source;
        moved.key.source += first_source;
        nodes_[pointer + at] = moved;
    }

    const auto slash = pointer.rfind('/');
    if (slash == std::string::npos) {
        root = value.root;
        return;
    }
    Json& parent = root.at(Json::json_pointer(pointer.substr(0, slash)));
    if (parent.is_array()) {
        const auto index = static_cast<std::size_t>(std::stoul(pointer.substr(slash + 1)));
        if (index == parent.size()) {
            parent.push_back(value.root);
        } else {
            parent.at(index) = value.root;
        }
        return;
    }
    parent[Json::json_pointer(pointer).back()] = value.root;
}

std::string Document::prefix(const Place& place) const {
    const std::string& source = place.source < sources.size() ? sources[place.source] : std::string();
    if (place.line == 0) {
        return source + ": ";
    }
    return fmt::format("{}:{}:{}: ", source, place.line, place.column);
}

void Document::fail_at_value(std::string_view pointer, const std::string& message) const {
    throw InputError(prefix(node(pointer).value) + message);
}

void Document::fail_at_key(std::string_view pointer, const std::string& message) const {
    throw InputError(prefix(node(pointer).key) + message);
}

std::string child_pointer(std::string_view pointer, std::string_view key) {
    std::string result(pointer);
    result += '/';
    for (const char c : key) {
        if (c == '~') {
            result += "~0";
        } else if (c == '/') {
            result += "~1";
        } else {
            result += c;
        }
    }
    return result;
}

std::string child_pointer(std::string_view pointer, std::size_t index) {
    return fmt::format("{}/{}", pointer, index);
}

std::string readable_path(std::string_view pointer) {
    std::string result;
    Json::json_pointer rest{std::string(pointer)};
    std::vector<std::string> steps;
    while (!rest.empty()) {
        steps.push_back(rest.back());
        rest.pop_back();
    }
    std::reverse(steps.begin(), steps.end());
    for (const std::string& step : steps) {
        if (!step.empty() && std::all_of(step.begin(), step.end(), [](char c) { return c >= '0' && c <= '9'; })) {
            result += "[" + step + "]";
        } else {
            result += (result.empty() ? "" : ".") + step;
        }
    }
    return result.empty() ? "the scenario" : result;
}

std::string in_quotes(std::string_view text) {
    constexpr std::size_t kLongest = 40;
    std::string result = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        if (i >= kLongest && !continues) {
            return result + "...\"";
        }
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (c == '\n') {
            result += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            result += c;
        }
    }
    return result + "\"";
}

namespace {

/// Edit distance in which swapping two neighbours counts as one mistake.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] = std::min(
                {cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1U : 0U)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::string best;
    if (word.size() > 64) {
        return best;
    }
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string& candidate : known) {
        const std::size_t d = distance(word, candidate);
        if (d < least) {
            least = d;
            best = candidate;
        }
    }
    if (best.empty() && word.size() >= 3) {
        // A short form of a longer name: "latency" for "read_latency".
        for (const std::string& candidate : known) {
            if (candidate.find(word) != std::string::npos) {
                return candidate;
            }
        }
    }
    return best;
}

View View::operator[](const std::string& key) const {
    return {*document_, value_->at(key), child_pointer(pointer_, key)};
}

std::vector<View> View::items() const {
    std::vector<View> result;
    for (std::size_t i = 0; i < value_->size(); ++i) {
        result.emplace_back(*document_, (*value_)[i], child_pointer(pointer_, i));
    }
    return result;
}

std::vector<View> View::items(const std::string& key) const {
    return has(key) ? (*this)[key].items() : std::vector<View>{};
}

}  // namespace dmasim::cli
