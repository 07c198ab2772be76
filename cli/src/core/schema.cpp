// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/schema.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include "dmasim/cli/core/quantity.h"

namespace dmasim::cli {

struct Schema::Compiled {
    explicit Compiled(const std::string& text) : source(parse(text)), schema(source) {}

    static rapidjson::Document parse(const std::string& text) {
        rapidjson::Document document;
        document.Parse(text.c_str());
        return document;
    }

    rapidjson::Document source;  ///< The compiled schema may refer to it.
    rapidjson::SchemaDocument schema;
};

namespace {

void fill_tables(OrderedJson& schema, const std::map<std::string, std::vector<std::string>>& tables) {
    if (schema.is_array()) {
        for (OrderedJson& element : schema) {
            fill_tables(element, tables);
        }
        return;
    }
    if (!schema.is_object()) {
        return;
    }
    for (auto& item : schema.items()) {
        fill_tables(item.value(), tables);
    }
    if (schema.contains("x-enum") && schema["x-enum"].is_string()) {
        const auto found = tables.find(schema["x-enum"].get<std::string>());
        if (found == tables.end()) {
            throw std::logic_error("scenario schema: no table " + schema["x-enum"].dump());
        }
        schema["enum"] = found->second;
        schema.erase("x-enum");
    }
}

bool has_type(const OrderedJson& schema, const char* type) {
    if (!schema.contains("type")) {
        return true;
    }
    const OrderedJson& types = schema["type"];
    return types.is_array() ? std::find(types.begin(), types.end(), type) != types.end() : types == type;
}

Quantity quantity_of(const OrderedJson& schema) {
    const std::string name = schema.value("x-quantity", "");
    if (name == "bytes") {
        return Quantity::Bytes;
    }
    if (name == "picoseconds") {
        return Quantity::Picoseconds;
    }
    if (name == "hertz") {
        return Quantity::Hertz;
    }
    return Quantity::Plain;
}

std::vector<std::string> keys_of(const OrderedJson& object) {
    std::vector<std::string> keys;
    for (const auto& item : object.items()) {
        keys.push_back(item.key());
    }
    return keys;
}

std::string joined(const std::vector<std::string>& words) {
    std::string result;
    for (const std::string& word : words) {
        result += (result.empty() ? "" : ", ") + word;
    }
    return result;
}

/// ": did you mean "x"?", or the list of what there is.
std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
    const std::string near = nearest(word, known);
    if (!near.empty()) {
        return fmt::format("; did you mean {}?", in_quotes(near));
    }
    return known.empty() ? "" : "; known: " + joined(known);
}

std::string unknown_key(const std::string& parent, const std::string& key, const OrderedJson& schema) {
    const std::vector<std::string> known =
        schema.contains("properties") ? keys_of(schema["properties"]) : std::vector<std::string>{};
    return fmt::format("unknown key {} in {}{}", in_quotes(key), readable_path(parent), suggestion(key, known));
}

std::string name_of_types(const OrderedJson& schema) {
    const Quantity quantity = quantity_of(schema);
    if (quantity == Quantity::Bytes) {
        return "a number of bytes (such as 4096, 0x1000 or 4KiB)";
    }
    if (quantity == Quantity::Picoseconds) {
        return "a time (such as 10ns; a plain number counts picoseconds)";
    }
    if (quantity == Quantity::Hertz) {
        return "a frequency (such as 100MHz; a plain number counts hertz)";
    }
    static const std::map<std::string, std::string> kNames{{"object", "a mapping"},
                                                           {"array", "a list"},
                                                           {"integer", "a whole number"},
                                                           {"boolean", "true or false"},
                                                           {"string", "text"}};
    std::string result;
    const OrderedJson types = schema["type"].is_array() ? schema["type"] : OrderedJson::array({schema["type"]});
    for (const auto& type : types) {
        const auto found = kNames.find(type.get<std::string>());
        result += (result.empty() ? "" : " or ") + (found == kNames.end() ? type.get<std::string>() : found->second);
    }
    return result;
}

std::string describe(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null:
            return "nothing";
        case Json::value_t::object:
            return "a mapping";
        case Json::value_t::array:
            return "a list";
        case Json::value_t::string:
            return in_quotes(value.get_ref<const std::string&>());
        default:
            return value.dump();
    }
}

/// Feeds a JSON tree to a RapidJSON handler; false as soon as that says so.
template <typename Handler>
bool feed(const Json& value, Handler& handler) {
    const auto length = [](const std::string& text) { return static_cast<rapidjson::SizeType>(text.size()); };
    switch (value.type()) {
        case Json::value_t::object:
            if (!handler.StartObject()) {
                return false;
            }
            for (const auto& item : value.items()) {
                if (!handler.Key(item.key().c_str(), length(item.key()), true) || !feed(item.value(), handler)) {
                    return false;
                }
            }
            return handler.EndObject(static_cast<rapidjson::SizeType>(value.size()));
        case Json::value_t::array:
            if (!handler.StartArray()) {
                return false;
            }
            for (const Json& element : value) {
                if (!feed(element, handler)) {
                    return false;
                }
            }
            return handler.EndArray(static_cast<rapidjson::SizeType>(value.size()));
        case Json::value_t::string: {
            const auto& text = value.get_ref<const std::string&>();
            return handler.String(text.c_str(), length(text), true);
        }
        case Json::value_t::boolean:
            return handler.Bool(value.get<bool>());
        case Json::value_t::number_integer:
            return handler.Int64(value.get<std::int64_t>());
        case Json::value_t::number_unsigned:
            return handler.Uint64(value.get<std::uint64_t>());
        case Json::value_t::number_float:
            return handler.Double(value.get<double>());
        default:
            return handler.Null();
    }
}

}  // namespace

Schema::Schema(std::string_view text, const std::map<std::string, std::vector<std::string>>& tables)
    : json_(OrderedJson::parse(text)) {
    fill_tables(json_, tables);
    compiled_ = std::make_unique<Compiled>(json_.dump());
}

Schema::~Schema() = default;

const OrderedJson& Schema::resolve(const OrderedJson& schema) const {
    const OrderedJson* at = &schema;
    while (at->contains("$ref")) {
        // "#/definitions/x"
        at = &json_.at(OrderedJson::json_pointer((*at)["$ref"].get_ref<const std::string&>().substr(1)));
    }
    return *at;
}

const OrderedJson* Schema::member(const OrderedJson& schema, const std::string& key) const {
    if (!schema.contains("properties") || !schema["properties"].contains(key)) {
        return nullptr;
    }
    return &resolve(schema["properties"][key]);
}

const OrderedJson* Schema::find(const std::string& pointer) const {
    const OrderedJson* at = &resolve(json_);
    std::vector<std::string> steps;
    for (Json::json_pointer rest(pointer); !rest.empty(); rest.pop_back()) {
        steps.push_back(rest.back());
    }
    for (auto step = steps.rbegin(); step != steps.rend() && at != nullptr; ++step) {
        if (at->contains("items")) {
            at = &resolve((*at)["items"]);
        } else {
            at = member(*at, *step);
        }
    }
    return at;
}

bool Schema::is_list(const std::string& pointer) const {
    const OrderedJson* schema = find(pointer);
    return schema != nullptr && schema->contains("items");
}

void Schema::normalize(Document& document) const {
    normalize(&resolve(json_), document.root, "", document);
}

void Schema::normalize(const OrderedJson* schema, Json& value, const std::string& pointer,
                       const Document& document) const {
    if (value.is_object()) {
        for (auto& item : value.items()) {
            normalize(schema == nullptr ? nullptr : member(*schema, item.key()), item.value(),
                      child_pointer(pointer, item.key()), document);
        }
        return;
    }
    if (value.is_array()) {
        const OrderedJson* element =
            schema != nullptr && schema->contains("items") ? &resolve((*schema)["items"]) : nullptr;
        for (std::size_t i = 0; i < value.size(); ++i) {
            normalize(element, value[i], child_pointer(pointer, i), document);
        }
        return;
    }
    if (!value.is_string()) {
        return;
    }
    const auto text = value.get<std::string>();
    const bool plain = document.is_plain(pointer);
    if (plain && (text.empty() || text == "~" || text == "null")) {
        value = nullptr;
        return;
    }
    if (schema == nullptr) {
        return;
    }
    const Quantity quantity = quantity_of(*schema);
    const bool wants_number = has_type(*schema, "integer") && schema->contains("type");
    if (wants_number && (plain || quantity != Quantity::Plain) && looks_like_number(text)) {
        const auto parsed = parse_integer(text, quantity);
        if (const auto* problem = std::get_if<std::string>(&parsed)) {
            document.fail_at_value(pointer, fmt::format("{}: {}", readable_path(pointer), *problem));
        }
        const auto number = std::get<Integer>(parsed);
        if (number.negative) {
            // -2^63 has no positive counterpart.
            value = static_cast<std::int64_t>(~number.magnitude + 1);
        } else {
            value = number.magnitude;
        }
        return;
    }
    if (plain && has_type(*schema, "boolean") && (text == "true" || text == "false")) {
        value = text == "true";
    }
}

void Schema::validate(const Document& document) const {
    rapidjson::SchemaValidator validator(compiled_->schema);
    if (feed(document.root, validator) && validator.IsValid()) {
        return;
    }
    rapidjson::StringBuffer pointer;
    validator.GetInvalidDocumentPointer().Stringify(pointer);
    explain(document, pointer.GetString(), validator.GetInvalidSchemaKeyword());
}

void Schema::explain(const Document& document, const std::string& pointer, const std::string& keyword) const {
    if (keyword == "additionalProperties") {
        Json::json_pointer key(pointer);
        const std::string parent = key.parent_pointer().to_string();
        document.fail_at_key(pointer, unknown_key(parent, key.back(), *find(parent)));
    }
    const Json& value = document.root.at(Json::json_pointer(pointer));
    const OrderedJson* found = find(pointer);
    const std::string what = readable_path(pointer);
    if (found == nullptr) {
        document.fail_at_value(pointer, fmt::format("{} is not allowed here ({})", what, keyword));
    }
    const OrderedJson& schema = *found;
    const auto limit = [&](const char* name) { return schema.value(name, OrderedJson(0)).dump(); };
    std::string message;
    if (keyword == "type") {
        message = fmt::format("{}: expected {}, found {}", what, name_of_types(schema), describe(value));
    } else if (keyword == "required") {
        for (const auto& key : schema["required"]) {
            if (!value.contains(key.get<std::string>())) {
                message = fmt::format("{}: the key {} is missing", what, in_quotes(key.get<std::string>()));
                break;
            }
        }
    } else if (keyword == "enum") {
        std::vector<std::string> known;
        for (const auto& one : schema["enum"]) {
            known.push_back(one.is_string() ? one.get<std::string>() : one.dump());
        }
        const std::string near = value.is_string() ? nearest(value.get<std::string>(), known) : "";
        message = fmt::format("{}: {} is not one of {}{}", what, describe(value), joined(known),
                              near.empty() ? "" : fmt::format("; did you mean {}?", in_quotes(near)));
    } else if (keyword == "minimum") {
        message = fmt::format("{}: {} is too small; the least is {}", what, value.dump(), limit("minimum"));
    } else if (keyword == "maximum") {
        message = fmt::format("{}: {} is too large; the most is {}", what, value.dump(), limit("maximum"));
    } else if (keyword == "multipleOf") {
        message = fmt::format("{}: {} is not a multiple of {}", what, value.dump(), limit("multipleOf"));
    } else if (keyword == "minLength") {
        message = fmt::format("{}: the text is too short; at least {} characters", what, limit("minLength"));
    } else if (keyword == "maxLength") {
        message = fmt::format("{}: the text is too long; at most {} characters", what, limit("maxLength"));
    } else if (keyword == "pattern") {
        const auto hint = schema.find("x-pattern-hint");
        message = fmt::format("{}: {} is not {}", what, describe(value),
                              hint != schema.end() ? hint->get<std::string>()
                              : quantity_of(schema) != Quantity::Plain
                                  ? name_of_types(schema)
                                  : "of the form " + schema["pattern"].get<std::string>());
    } else if (keyword == "minItems") {
        message = fmt::format("{}: {} entries; at least {}", what, value.size(), limit("minItems"));
    } else if (keyword == "maxItems") {
        message = fmt::format("{}: {} entries; at most {}", what, value.size(), limit("maxItems"));
    } else if (keyword == "minProperties" || keyword == "maxProperties") {
        message =
            fmt::format("{}: exactly one of these keys belongs here: {}", what, joined(keys_of(schema["properties"])));
    } else {
        message = fmt::format("{}: {} does not satisfy \"{}\"", what, describe(value), keyword);
    }
    document.fail_at_value(pointer, message);
}

void Schema::fill_defaults(Json& value) const {
    fill_defaults(resolve(json_), value);
}

void Schema::fill_defaults(const OrderedJson& schema, Json& value) const {
    if (value.is_array() && schema.contains("items")) {
        for (Json& element : value) {
            fill_defaults(resolve(schema["items"]), element);
        }
    }
    if (!value.is_object() || !schema.contains("properties")) {
        return;
    }
    for (const auto& item : schema["properties"].items()) {
        const OrderedJson& property = resolve(item.value());
        if (!value.contains(item.key()) && property.contains("default")) {
            value[item.key()] = Json(property["default"]);
        }
        if (value.contains(item.key())) {
            fill_defaults(property, value[item.key()]);
        }
    }
}

std::string Schema::resolve_path(const std::vector<std::string>& steps, const std::string& origin) const {
    std::string pointer;
    const OrderedJson* at = &resolve(json_);
    for (const std::string& step : steps) {
        if (at->contains("items")) {
            const bool digits = !step.empty() && step.size() <= 6 &&
                                std::all_of(step.begin(), step.end(), [](char c) { return c >= '0' && c <= '9'; });
            if (!digits) {
                throw InputError(
                    fmt::format("{}: {} is a list; after it comes the number of an entry, counted from 0, not {}",
                                origin, readable_path(pointer), in_quotes(step)));
            }
            pointer = child_pointer(pointer, static_cast<std::size_t>(std::stoul(step)));
            at = &resolve((*at)["items"]);
            continue;
        }
        const OrderedJson* next = member(*at, step);
        if (next == nullptr) {
            if (!at->contains("properties")) {
                throw InputError(
                    fmt::format("{}: {} is a single value, nothing is below it", origin, readable_path(pointer)));
            }
            throw InputError(fmt::format("{}: {}", origin, unknown_key(pointer, step, *at)));
        }
        pointer = child_pointer(pointer, step);
        at = next;
    }
    return pointer;
}

std::vector<std::string> Schema::ordered(const std::string& pointer, const Json& object) const {
    std::vector<std::string> keys;
    const OrderedJson* schema = find(pointer);
    if (schema != nullptr && schema->contains("properties")) {
        for (const std::string& key : keys_of((*schema)["properties"])) {
            if (object.contains(key)) {
                keys.push_back(key);
            }
        }
    }
    for (const auto& item : object.items()) {
        if (std::find(keys.begin(), keys.end(), item.key()) == keys.end()) {
            keys.push_back(item.key());
        }
    }
    return keys;
}

namespace {

std::string type_cell(const OrderedJson& schema) {
    static const std::map<std::string, std::string> kShort{
        {"object", "mapping"}, {"array", "list"}, {"integer", "number"}, {"boolean", "true/false"}, {"string", "text"}};
    switch (quantity_of(schema)) {
        case Quantity::Bytes:
            return "bytes";
        case Quantity::Picoseconds:
            return "time";
        case Quantity::Hertz:
            return "frequency";
        case Quantity::Plain:
            break;
    }
    const OrderedJson& type = schema["type"];
    return kShort.at(type.is_array() ? type[0].get<std::string>() : type.get<std::string>());
}

std::string range_cell(const OrderedJson& schema) {
    if (schema.contains("enum")) {
        std::string result;
        for (const auto& value : schema["enum"]) {
            result +=
                (result.empty() ? "`" : ", `") + (value.is_string() ? value.get<std::string>() : value.dump()) + "`";
        }
        return result;
    }
    const bool low = schema.contains("minimum");
    const bool high = schema.contains("maximum");
    if (low && high) {
        return fmt::format("{} to {}", schema["minimum"].dump(), schema["maximum"].dump());
    }
    if (low) {
        return fmt::format("from {}", schema["minimum"].dump());
    }
    if (high) {
        return fmt::format("up to {}", schema["maximum"].dump());
    }
    return "";
}

class ReferencePage {
  public:
    explicit ReferencePage(const OrderedJson& root) : root_(root) {}

    std::string text() {
        out_ = "# Scenario files\n\n";
        out_ += "<!-- Written by `dmasim schema --format markdown` from cli/schema/scenario.schema.json. -->\n\n";
        out_ += root_.value("description", "") + "\n";
        section("Top level", root_, 2);
        return out_;
    }

  private:
    const OrderedJson& resolve(const OrderedJson& schema) const {
        const OrderedJson* at = &schema;
        while (at->contains("$ref")) {
            at = &root_.at(OrderedJson::json_pointer((*at)["$ref"].get<std::string>().substr(1)));
        }
        return *at;
    }

    /// The mapping that a property is about, itself or as the element of a list; nothing for a plain value.
    const OrderedJson* mapping(const OrderedJson& property) const {
        const OrderedJson* at = &resolve(property);
        while (at->contains("items")) {
            at = &resolve((*at)["items"]);
        }
        return at->contains("properties") ? at : nullptr;
    }

    void section(const std::string& title, const OrderedJson& schema, int level) {
        out_ += fmt::format("\n{} {}\n\n", std::string(static_cast<std::size_t>(std::min(level, 5)), '#'), title);
        if (level > 2 && schema.contains("description")) {
            out_ += schema["description"].get<std::string>() + "\n\n";
        }
        const OrderedJson required = schema.value("required", OrderedJson::array());
        out_ += "| key | type | default | range | meaning |\n|---|---|---|---|---|\n";
        for (const auto& item : schema["properties"].items()) {
            const OrderedJson& property = resolve(item.value());
            const bool needed = std::find(required.begin(), required.end(), item.key()) != required.end();
            std::string type = type_cell(property);
            std::string range = range_cell(property);
            if (property.contains("items")) {
                const OrderedJson& element = resolve(property["items"]);
                type = fmt::format("list of {}", type_cell(element));
                range = range_cell(element);
            }
            const std::string fallback = needed                         ? "*required*"
                                         : property.contains("default") ? "`" + property["default"].dump() + "`"
                                                                        : "";
            out_ += fmt::format("| `{}` | {} | {} | {} | {} |\n", item.key(), type, fallback, range,
                                property.value("description", ""));
        }
        for (const auto& item : schema["properties"].items()) {
            const OrderedJson* below = mapping(item.value());
            if (below == nullptr || std::find(written_.begin(), written_.end(), below) != written_.end()) {
                continue;
            }
            written_.push_back(below);
            section(fmt::format("`{}`", path_.empty() ? item.key() : path_ + "." + item.key()), *below, level + 1,
                    item.key());
        }
    }

    void section(const std::string& title, const OrderedJson& schema, int level, const std::string& key) {
        const std::string before = path_;
        path_ += (path_.empty() ? "" : ".") + key;
        section(title, schema, level);
        path_ = before;
    }

    const OrderedJson& root_;
    std::string out_;
    std::string path_;
    std::vector<const OrderedJson*> written_;
};

}  // namespace

std::string reference_page(const Schema& schema) {
    return ReferencePage(schema.json()).text();
}

}  // namespace dmasim::cli
