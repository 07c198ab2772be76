// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "dmasim/cli/core/error.h"

namespace dmasim::cli {

using Json = nlohmann::json;

/// Where a value stands: a source (file, environment variable, command line), line and column counted from 1.
struct Place {
    std::uint32_t source = 0;  ///< Index into `Document::sources`.
    std::uint32_t line = 0;    ///< 0: the source as a whole (a command line has no lines).
    std::uint32_t column = 0;
};

/// A tree of values that knows where each of them was written.
class Document {
  public:
    /// What is known about the value at a JSON pointer.
    struct Node {
        Place value;         ///< First character of the value.
        Place key;           ///< First character of its key; that of the value in a list.
        bool plain = false;  ///< A scalar without quotes: its type follows from the schema.
    };

    Json root;                         ///< Scalars are strings until `Schema::normalize` has been applied.
    std::vector<std::string> sources;  ///< Names of the sources as messages show them.

    /// The node at `pointer` (RFC 6901), or of the nearest thing around it that was written down.
    [[nodiscard]] const Node& node(std::string_view pointer) const;
    void note(std::string pointer, const Node& node) { nodes_[std::move(pointer)] = node; }

    /// Adds a source; returns its number.
    std::uint32_t add_source(const std::string& name) {
        sources.push_back(name);
        return static_cast<std::uint32_t>(sources.size() - 1);
    }

    /// Whether the value at `pointer` is a scalar without quotes.
    [[nodiscard]] bool is_plain(const std::string& pointer) const;

    /// Puts `value` in place of what is at `pointer`, which must be the root, a member of an existing object (new or old) or
    /// an element of an existing list (its size appends).
    void graft(const std::string& pointer, const Document& value);

    /// "FILE:LINE:COL: ", or "SOURCE: " for a source without lines.
    [[nodiscard]] std::string prefix(const Place& place) const;

    /// Throws `InputError` with `message` about the value (or its key) at `pointer`.
    [[noreturn]] void fail_at_value(std::string_view pointer, const std::string& message) const;
    [[noreturn]] void fail_at_key(std::string_view pointer, const std::string& message) const;

  private:
    std::unordered_map<std::string, Node> nodes_;
};

/// `pointer` with one more step.
std::string child_pointer(std::string_view pointer, std::string_view key);
std::string child_pointer(std::string_view pointer, std::size_t index);

/// "/platform/memories/0/size" as people write it: "platform.memories[0].size".
std::string readable_path(std::string_view pointer);

/// `text` in quotes for a message: control characters escaped, long texts shortened.
std::string in_quotes(std::string_view text);

/// The entry of `known` that `word` was probably meant to be, or an empty string.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// One value of a document, with typed access for a document that has passed its schema.
class View {
  public:
    View(const Document& document, const Json& value, std::string pointer)
        : document_(&document), value_(&value), pointer_(std::move(pointer)) {}
    explicit View(const Document& document) : View(document, document.root, "") {}

    [[nodiscard]] const Json& json() const { return *value_; }
    [[nodiscard]] const std::string& pointer() const { return pointer_; }
    [[nodiscard]] const Document& document() const { return *document_; }

    [[nodiscard]] bool has(const std::string& key) const { return value_->contains(key); }
    /// The member `key`, which must exist.
    [[nodiscard]] View operator[](const std::string& key) const;
    /// The elements of a list.
    [[nodiscard]] std::vector<View> items() const;
    [[nodiscard]] std::vector<View> items(const std::string& key) const;

    [[nodiscard]] std::uint64_t number() const { return value_->get<std::uint64_t>(); }
    [[nodiscard]] std::int64_t integer() const { return value_->get<std::int64_t>(); }
    [[nodiscard]] std::uint32_t number32() const { return static_cast<std::uint32_t>(number()); }
    [[nodiscard]] bool boolean() const { return value_->get<bool>(); }
    [[nodiscard]] const std::string& string() const { return value_->get_ref<const std::string&>(); }

    /// Throws `InputError` about this value, or about its key.
    [[noreturn]] void fail(const std::string& message) const { document_->fail_at_value(pointer_, message); }
    [[noreturn]] void fail_at_key(const std::string& message) const { document_->fail_at_key(pointer_, message); }

  private:
    const Document* document_;
    const Json* value_;
    std::string pointer_;
};

}  // namespace dmasim::cli
