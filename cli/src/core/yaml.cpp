// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/yaml.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <sstream>
#include <sys/stat.h>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "dmasim/cli/core/quantity.h"

namespace dmasim::cli {

namespace {

/// Builds the document from the parser's events, so that limits hold while it is read.
class Builder final : public YAML::EventHandler {
  public:
    Builder(Document& document, bool with_lines) : document_(document), with_lines_(with_lines) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            fail(mark, "a second document begins here; a scenario is one document");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { scalar(mark, anchor, "", true); }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        // "?": no quotes, "!": quotes, all without a tag of the user's.
        refuse_tag(mark, tag);
        scalar(mark, anchor, value, tag != "!");
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            fail(mark, "an alias cannot stand inside of what it names");
        }
        // Counted before it is copied: aliases of aliases grow without limit otherwise.
        const Anchored& anchored = found->second;
        count(mark, anchored.values);
        if (frames_.size() + anchored.depth > kMaxScenarioDepth) {
            fail_depth(mark);
        }
        if (expects_key()) {
            fail(mark, "a key must be a plain word (is a bracket or a brace not closed?)");
        }
        if (!frames_.empty()) {
            frames_.back().depth_below = std::max(frames_.back().depth_below, anchored.depth);
        }
        const std::string pointer = place_value(mark, Json(anchored.value), false);
        note_copy(anchored.pointer, pointer, anchored.value);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        refuse_tag(mark, tag);
        open(mark, anchor, Json::array());
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        refuse_tag(mark, tag);
        open(mark, anchor, Json::object());
    }
    void OnMapEnd() override { close(); }

    [[nodiscard]] Place place(const YAML::Mark& mark) const {
        if (!with_lines_ || mark.is_null()) {
            return {};
        }
        return {0, static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1};
    }

    [[noreturn]] void fail(const YAML::Mark& mark, const std::string& message) const {
        throw InputError(document_.prefix(place(mark)) + message);
    }

  private:
    struct Frame {
        Json* value = nullptr;  ///< The open list or mapping; stays where it is while it is open.
        std::string pointer;
        std::string key;  ///< Key that waits for its value.
        Place key_place;
        bool has_key = false;
        YAML::anchor_t anchor = YAML::NullAnchor;
        std::size_t values_before = 0;
        std::size_t depth_below = 0;
    };
    struct Anchored {
        Json value;
        std::string pointer;
        std::size_t values = 0;
        std::size_t depth = 0;
    };

    [[nodiscard]] bool expects_key() const {
        return !frames_.empty() && frames_.back().value->is_object() && !frames_.back().has_key;
    }

    void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
        if (!tag.empty() && tag != "?" && tag != "!") {
            fail(mark, fmt::format("the tag {} is not supported", in_quotes(tag)));
        }
    }

    void count(const YAML::Mark& mark, std::size_t values) {
        values_ += values;
        if (values_ > kMaxScenarioValues) {
            fail(mark, fmt::format("more than {} values", kMaxScenarioValues));
        }
    }

    [[noreturn]] void fail_depth(const YAML::Mark& mark) const {
        fail(mark, fmt::format("lists and mappings are nested more than {} deep", kMaxScenarioDepth));
    }

    void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& text, bool plain) {
        if (expects_key()) {
            take_key(mark, text);
            return;
        }
        count(mark, 1);
        const std::string pointer = place_value(mark, Json(text), plain);
        if (anchor != YAML::NullAnchor) {
            anchors_[anchor] = {Json(text), pointer, 1, 0};
        }
    }

    void take_key(const YAML::Mark& mark, const std::string& key) {
        Frame& frame = frames_.back();
        if (key.empty()) {
            fail(mark, "a key is missing here");
        }
        if (frame.value->contains(key)) {
            const Place first = document_.node(child_pointer(frame.pointer, key)).key;
            fail(mark, fmt::format("duplicate key {}{}", in_quotes(key),
                                   with_lines_ ? fmt::format("; the first one is in line {}", first.line) : ""));
        }
        frame.key = key;
        frame.key_place = place(mark);
        frame.has_key = true;
    }

    /// Puts a finished or just opened value where it belongs; returns its pointer.
    std::string place_value(const YAML::Mark& mark, Json value, bool plain) {
        Place key = place(mark);
        const Place at = key;
        std::string pointer;
        if (frames_.empty()) {
            document_.root = std::move(value);
        } else {
            Frame& frame = frames_.back();
            if (frame.value->is_array()) {
                pointer = child_pointer(frame.pointer, frame.value->size());
                frame.value->push_back(std::move(value));
            } else {
                pointer = child_pointer(frame.pointer, frame.key);
                key = frame.key_place;
                (*frame.value)[frame.key] = std::move(value);
                frame.has_key = false;
            }
        }
        document_.note(pointer, {at, key, plain});
        return pointer;
    }

    void open(const YAML::Mark& mark, YAML::anchor_t anchor, Json empty) {
        if (expects_key()) {
            fail(mark, "a key must be a plain word (is a bracket or a brace not closed?)");
        }
        if (frames_.size() >= kMaxScenarioDepth) {
            fail_depth(mark);
        }
        const std::size_t values_before = values_;
        count(mark, 1);
        Frame frame;
        frame.pointer = place_value(mark, std::move(empty), false);
        if (frames_.empty()) {
            frame.value = &document_.root;
        } else {
            Json& parent = *frames_.back().value;
            frame.value = parent.is_array() ? &parent.back() : &parent[frames_.back().key];
        }
        frame.anchor = anchor;
        frame.values_before = values_before;
        frames_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        const std::size_t depth = frame.depth_below + 1;
        if (!frames_.empty()) {
            frames_.back().depth_below = std::max(frames_.back().depth_below, depth);
        }
        if (frame.anchor != YAML::NullAnchor) {
            anchors_[frame.anchor] = {*frame.value, frame.pointer, values_ - frame.values_before, depth};
        }
    }

    /// Values that an alias brings keep the places at which they were written.
    void note_copy(const std::string& from, const std::string& to, const Json& value) {
        if (value.is_object()) {
            for (const auto& [key, member] : value.items()) {
                copy_node(child_pointer(from, key), child_pointer(to, key), member);
            }
        } else if (value.is_array()) {
            for (std::size_t i = 0; i < value.size(); ++i) {
                copy_node(child_pointer(from, i), child_pointer(to, i), value[i]);
            }
        } else {
            Document::Node node = document_.node(to);
            node.plain = document_.is_plain(from);
            document_.note(to, node);
        }
    }

    void copy_node(const std::string& from, const std::string& to, const Json& value) {
        document_.note(to, document_.node(from));
        note_copy(from, to, value);
    }

    Document& document_;
    bool with_lines_;
    std::vector<Frame> frames_;
    std::unordered_map<YAML::anchor_t, Anchored> anchors_;
    std::size_t values_ = 0;
    unsigned documents_ = 0;
};

/// Throws if `text` has bytes that no YAML text has. Done first: it is fast, and the parser's own messages about binary
/// data say little.
void check_characters(std::string_view text, const std::string& name, bool with_lines) {
    std::uint32_t line = 1;
    std::size_t line_start = 0;
    const auto fail = [&](std::size_t at, const std::string& message) {
        Document where;
        where.sources.push_back(name);
        const Place place = with_lines ? Place{0, line, static_cast<std::uint32_t>(at - line_start + 1)} : Place{};
        throw InputError(where.prefix(place) + message);
    };
    std::size_t i = text.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
    while (i < text.size()) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x80) {
            if (c == '\n') {
                ++line;
                line_start = i + 1;
            } else if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f) {
                fail(i, fmt::format("byte 0x{:02x} is not text; a scenario is YAML", c));
            }
            ++i;
            continue;
        }
        const std::size_t length = c >= 0xF0 ? 4 : (c >= 0xE0 ? 3 : 2);
        bool good = c >= 0xC2 && c <= 0xF4 && i + length <= text.size();
        std::uint32_t code = c & (0x7FU >> length);
        for (std::size_t k = 1; good && k < length; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            good = (next & 0xC0U) == 0x80U;
            code = (code << 6U) | (next & 0x3FU);
        }
        good = good && !(length == 3 && code < 0x800) && !(length == 4 && (code < 0x10000 || code > 0x10FFFF)) &&
               !(code >= 0xD800 && code <= 0xDFFF);
        if (!good) {
            fail(i, fmt::format("byte 0x{:02x} is not UTF-8 text; a scenario is YAML", c));
        }
        i += length;
    }
}

/// The parser's message, or better words for the most frequent ones.
std::string clearer(const std::string& message) {
    if (message == YAML::ErrorMsg::MAP_VALUE) {
        return "\":\" is not allowed here; a text that contains \": \" needs quotes";
    }
    if (message == YAML::ErrorMsg::EOF_IN_SCALAR) {
        return "the file ends inside of a text in quotes";
    }
    if (message == YAML::ErrorMsg::END_OF_SEQ_FLOW) {
        return "a list that began with [ is not closed, or a comma is missing";
    }
    if (message == YAML::ErrorMsg::END_OF_MAP_FLOW) {
        return "a mapping that began with { is not closed, or a comma is missing";
    }
    if (message == YAML::ErrorMsg::BLOCK_ENTRY) {
        return "\"- \" is not allowed here (tabs cannot indent)";
    }
    if (message == YAML::ErrorMsg::UNKNOWN_TOKEN) {
        return "a text that begins with this character needs quotes";
    }
    return message;
}

Document parse(std::string_view text, const std::string& name, bool with_lines) {
    check_characters(text, name, with_lines);
    Document document;
    document.sources.push_back(name);
    Builder builder(document, with_lines);
    if (text.size() > kMaxScenarioBytes) {
        throw InputError(
            fmt::format("{}: larger than {} bytes, which is the most for a scenario", name, kMaxScenarioBytes));
    }
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        // The second call finds either the end or what must not be there.
        parser.HandleNextDocument(builder);
    } catch (const YAML::Exception& error) {
        builder.fail(error.mark, clearer(error.msg));
    }
    return document;
}

}  // namespace

Document parse_yaml(std::string_view text, const std::string& name) {
    return parse(text, name, true);
}

Document parse_yaml_value(std::string_view text, const std::string& name) {
    return parse(text, name, false);
}

Document load_yaml(const std::string& path) {
    const bool standard_input = path == "-";
    const std::string name = standard_input ? "(standard input)" : path;
    struct stat status {};
    if (!standard_input && stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        throw InputError(fmt::format("{}: is a directory", name));
    }
    const auto close = [](std::FILE* file) {
        if (file != stdin) {
            std::fclose(file);
        }
    };
    const std::unique_ptr<std::FILE, decltype(close)> file(standard_input ? stdin : std::fopen(path.c_str(), "rb"),
                                                           close);
    if (file == nullptr) {
        throw InputError(fmt::format("{}: {}", name, std::strerror(errno)));
    }
    // One byte more than allowed is enough to know.
    std::string text(kMaxScenarioBytes + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) {
        throw InputError(fmt::format("{}: {}", name, std::strerror(errno)));
    }
    return parse_yaml(text, name);
}

namespace {

bool needs_quotes(const std::string& text) {
    if (text.empty() || looks_like_number(text) || text == "true" || text == "false" || text == "null" || text == "~") {
        return true;
    }
    for (const char c : text) {
        const bool harmless = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                              c == '-' || c == '/' || c == '.';
        if (!harmless) {
            return true;
        }
    }
    return text[0] == '-' || text[0] == '.';
}

void write_yaml(const Json& value, const KeyOrder& order, const std::string& pointer, std::size_t indent,
                std::string& out) {
    const auto scalar = [](const Json& v) {
        // A JSON string is a YAML string in double quotes.
        return v.is_string() && !needs_quotes(v.get_ref<const std::string&>()) ? v.get<std::string>() : v.dump();
    };
    const auto nested = [](const Json& v) { return v.is_structured() && !v.empty(); };
    const std::string margin(indent, ' ');
    if (value.is_object()) {
        for (const std::string& key : order.ordered(pointer, value)) {
            const Json& member = value.at(key);
            out += margin + (needs_quotes(key) ? Json(key).dump() : key) + ":";
            if (nested(member)) {
                out += "\n";
                write_yaml(member, order, child_pointer(pointer, key), indent + 2, out);
            } else {
                out += " " + scalar(member) + "\n";
            }
        }
        return;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (nested(value[i])) {
            std::string inner;
            write_yaml(value[i], order, child_pointer(pointer, i), indent + 2, inner);
            inner[indent] = '-';
            out += inner;
        } else {
            out += margin + "- " + scalar(value[i]) + "\n";
        }
    }
}

}  // namespace

std::string to_yaml(const Json& value, const KeyOrder& order) {
    std::string out;
    write_yaml(value, order, "", 0, out);
    return out;
}

}  // namespace dmasim::cli
