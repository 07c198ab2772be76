// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/yaml.h"

namespace dmasim::cli {

using OrderedJson = nlohmann::ordered_json;

/// A JSON schema and what is done with it: typing of scalars, validation, defaults, paths, order of keys.
///
/// Keywords that are not of JSON schema: "x-quantity" (bytes, picoseconds, hertz: the value may be a string with a suffix),
/// "x-enum" (the values come from a table of the program).
class Schema final : public KeyOrder {
  public:
    /// `text`: the schema as JSON. `tables`: values of "x-enum". Throws `std::logic_error` if the schema is unusable.
    Schema(std::string_view text, const std::map<std::string, std::vector<std::string>>& tables);
    ~Schema() override;

    /// The schema of scenario files, with the tables of this build.
    static const Schema& scenario();

    /// The schema with its tables filled in.
    [[nodiscard]] const OrderedJson& json() const { return json_; }

    /// Gives the scalars of `document` the types that the schema says, numbers with suffixes included.
    void normalize(Document& document) const;

    /// Throws `InputError` about the first thing in `document` that the schema does not allow.
    void validate(const Document& document) const;

    /// Adds every missing member that has a default.
    void fill_defaults(Json& value) const;

    /// The JSON pointer of the path `steps` ("platform", "memories", "0") in `document`, whose containers need not exist
    /// yet. Throws `InputError` beginning with `origin` if the schema knows no such path.
    std::string resolve_path(const std::vector<std::string>& steps, const std::string& origin) const;

    /// Keys in the order of the schema.
    [[nodiscard]] std::vector<std::string> ordered(const std::string& pointer, const Json& object) const override;

    /// Whether the schema at `pointer` describes a list.
    [[nodiscard]] bool is_list(const std::string& pointer) const;

  private:
    struct Compiled;

    [[nodiscard]] const OrderedJson& resolve(const OrderedJson& schema) const;
    [[nodiscard]] const OrderedJson* member(const OrderedJson& schema, const std::string& key) const;
    [[nodiscard]] const OrderedJson* find(const std::string& pointer) const;
    void normalize(const OrderedJson* schema, Json& value, const std::string& pointer, const Document& document) const;
    void fill_defaults(const OrderedJson& schema, Json& value) const;
    [[noreturn]] void explain(const Document& document, const std::string& pointer, const std::string& keyword) const;

    OrderedJson json_;
    std::unique_ptr<Compiled> compiled_;
};

/// A page of documentation in Markdown about everything that the schema describes.
std::string reference_page(const Schema& schema);

}  // namespace dmasim::cli
