// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/layers.h"

#include <algorithm>

#include <fmt/format.h>

namespace dmasim::cli {

namespace {

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (true) {
        const std::size_t end = text.find(separator, begin);
        parts.push_back(text.substr(begin, end - begin));
        if (end == std::string::npos) {
            return parts;
        }
        begin = end + separator.size();
    }
}

/// Makes the mappings on the way to `pointer` that are not there yet, and checks those that are.
void make_way(Document& document, const Schema& schema, const std::vector<std::string>& steps,
              const std::string& origin) {
    Json* at = &document.root;
    std::string pointer;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const bool list = schema.is_list(pointer);
        if (at->is_null() ||
            (at->is_string() && at->get_ref<const std::string&>().empty() && document.is_plain(pointer))) {
            *at = list ? Json::array() : Json::object();
            const Place made_here{document.add_source(origin), 0, 0};
            document.note(pointer, {made_here, made_here, false});
        }
        if (list != at->is_array() || (!list && !at->is_object())) {
            throw InputError(fmt::format("{}: {} is not a {} in the scenario", origin, readable_path(pointer),
                                         list ? "list" : "mapping"));
        }
        pointer = child_pointer(pointer, steps[i]);
        const bool last = i + 1 == steps.size();
        if (list) {
            const std::size_t index = std::stoul(steps[i]);
            const std::size_t size = at->size();
            if (index > size) {
                throw InputError(
                    fmt::format("{}: the list has {} entries; the next one is number {}", origin, size, size));
            }
            if (!last) {
                if (index == size) {
                    at->push_back(nullptr);
                }
                at = &(*at)[index];
            }
        } else if (!last) {
            at = &(*at)[steps[i]];
        }
    }
}

}  // namespace

Setting parse_setting(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string origin = "--set " + text;
    if (equals == std::string::npos || equals == 0) {
        throw InputError(fmt::format("{}: expected path=value, such as platform.bus.data_width_bits=128", origin));
    }
    return {split(text.substr(0, equals), "."), text.substr(equals + 1), origin};
}

std::vector<Setting> settings_from_environment(const char* const* environment) {
    constexpr std::string_view kPrefix = "DMASIM__";
    std::vector<std::string> found;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const std::string_view variable(*environment);
        if (variable.substr(0, kPrefix.size()) == kPrefix) {
            found.emplace_back(variable);
        }
    }
    // Not in the order of the environment, which is anybody's.
    std::sort(found.begin(), found.end());
    std::vector<Setting> settings;
    for (const std::string& variable : found) {
        const std::size_t equals = variable.find('=');
        settings.push_back({split(variable.substr(kPrefix.size(), equals - kPrefix.size()), "__"),
                            variable.substr(equals + 1), "environment variable " + variable});
    }
    return settings;
}

void apply(Document& document, const Schema& schema, const std::vector<Setting>& settings) {
    for (const Setting& setting : settings) {
        const std::string pointer = schema.resolve_path(setting.path, setting.origin);
        make_way(document, schema, setting.path, setting.origin);
        document.graft(
            pointer, setting.file.empty() ? parse_yaml_value(setting.value, setting.origin) : load_yaml(setting.file));
    }
}

Document load_layers(const std::string& path, const Schema& schema, const std::vector<Setting>& settings) {
    Document document = load_yaml(path);
    apply(document, schema, settings);
    schema.normalize(document);
    schema.validate(document);
    schema.fill_defaults(document.root);
    return document;
}

}  // namespace dmasim::cli
