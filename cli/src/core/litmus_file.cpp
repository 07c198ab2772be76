// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/litmus_file.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/yaml.h"
#include "dmasim/model/verifier/verifier.h"

namespace dmasim::cli {

namespace {

const std::string& text_of(const View& value, const char* what) {
    if (!value.json().is_string()) {
        value.fail(fmt::format("{} must be a text", what));
    }
    return value.string();
}

std::uint64_t number_of(const View& value, const char* what) {
    const std::string& text = text_of(value, what);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        value.fail(fmt::format("{} must be a number and is {}", what, in_quotes(text)));
    }
    return number;
}

void require_list(const View& value, const char* what) {
    if (!value.json().is_array()) {
        value.fail(fmt::format("{} must be a list", what));
    }
}

std::vector<LitmusStep> trace_of(const View& value) {
    require_list(value, "a trace");
    std::vector<LitmusStep> trace;
    for (const View& item : value.items()) {
        LitmusStep step;
        if (const std::string problem = parse_litmus_step(text_of(item, "a step"), step); !problem.empty()) {
            item.fail(problem);
        }
        trace.push_back(std::move(step));
    }
    if (const std::string problem = check_litmus_trace(trace); !problem.empty()) {
        value.fail(problem);
    }
    return trace;
}

void require_rule(const View& value) {
    const std::string& name = text_of(value, "a rule");
    const std::vector<VerifierRuleKind>& rules = verifier_rules();
    if (std::any_of(rules.begin(), rules.end(), [&](const VerifierRuleKind& rule) { return rule.name == name; })) {
        return;
    }
    std::vector<std::string> names;
    for (const VerifierRuleKind& rule : rules) {
        names.emplace_back(rule.name);
    }
    const std::string near = nearest(name, names);
    value.fail(fmt::format("{} is no rule{}", in_quotes(name), near.empty() ? "" : fmt::format("; {}?", near)));
}

LitmusEntry entry_of(const View& value) {
    if (!value.json().is_object()) {
        value.fail("an entry must be a mapping with id, rule, buggy and fixed");
    }
    for (const char* key : {"id", "rule"}) {
        if (!value.has(key)) {
            value.fail(fmt::format("the entry has no \"{}\"", key));
        }
    }
    if (!value.has("buggy") && !value.has("fixed")) {
        value.fail("the entry has no \"buggy\" and no \"fixed\"");
    }
    LitmusEntry entry;
    entry.id = text_of(value["id"], "id");
    require_rule(value["rule"]);
    entry.rule = value["rule"].string();
    if (value.has("line")) {
        const std::uint64_t line = number_of(value["line"], "line");
        if (line < 8 || line > 1024 || (line & (line - 1)) != 0) {
            value["line"].fail(fmt::format("line is {}; it must be a power of two from 8 to 1024", line));
        }
        entry.line = static_cast<std::uint32_t>(line);
    }
    if (value.has("buggy")) {
        entry.buggy = trace_of(value["buggy"]);
    }
    if (value.has("fixed")) {
        entry.fixed = trace_of(value["fixed"]);
    }
    if (value.has("fires")) {
        require_list(value["fires"], "fires");
        for (const View& fire : value["fires"].items()) {
            if (!fire.json().is_array() || fire.json().size() != 2) {
                fire.fail("an element of fires is a list of a step and a rule");
            }
            const std::vector<View> parts = fire.items();
            const std::uint64_t step = number_of(parts[0], "the step");
            if (step < 1 || step > entry.buggy.size()) {
                parts[0].fail(fmt::format("step {} is not one of the {} of the buggy trace", step, entry.buggy.size()));
            }
            require_rule(parts[1]);
            entry.fires.emplace_back(static_cast<std::size_t>(step), parts[1].string());
        }
    }
    return entry;
}

std::vector<LitmusEntry> entries_of(const Document& document) {
    const View root(document);
    std::vector<LitmusEntry> entries;
    if (root.json().is_object()) {
        entries.push_back(entry_of(root));
        return entries;
    }
    require_list(root, "a collection of litmus tests");
    if (root.json().size() > kMaxLitmusEntries) {
        root.fail(fmt::format("a file has at most {} entries", kMaxLitmusEntries));
    }
    for (const View& item : root.items()) {
        entries.push_back(entry_of(item));
        const std::string& id = entries.back().id;
        const auto same = [&](const LitmusEntry& other) { return other.id == id; };
        if (std::find_if(entries.begin(), entries.end() - 1, same) != entries.end() - 1) {
            item["id"].fail(fmt::format("{} is there already", in_quotes(id)));
        }
    }
    return entries;
}

}  // namespace

std::vector<LitmusEntry> load_litmus(const std::string& path) {
    return entries_of(load_yaml(path));
}

std::vector<LitmusEntry> parse_litmus(std::string_view text, const std::string& name) {
    return entries_of(parse_yaml(text, name));
}

}  // namespace dmasim::cli
