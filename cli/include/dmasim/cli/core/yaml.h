// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "dmasim/cli/core/document.h"

namespace dmasim::cli {

/// Limits of what is read, so that no input can cost more than a moment. All are refused with a message.
inline constexpr std::size_t kMaxScenarioBytes = 1U << 20;  ///< Size of a file.
inline constexpr std::size_t kMaxScenarioValues = 200'000;  ///< Values, aliases written out.
inline constexpr std::size_t kMaxScenarioDepth = 64;        ///< Lists and mappings inside each other.

/// Reads one YAML (or JSON) document. `name` stands in messages. Refuses duplicate keys, tags, several documents and
/// characters that no text has. Anchors and aliases are written out. Throws `InputError`.
Document parse_yaml(std::string_view text, const std::string& name);

/// The same for one value on a line of its own, such as the right side of a `--set`; messages have no line.
Document parse_yaml_value(std::string_view text, const std::string& name);

/// Reads the file at `path`, "-" for the standard input. Throws `InputError`.
Document load_yaml(const std::string& path);

/// `value` as YAML text. Strings that could be taken for something else are quoted.
/// `order` gives the order of the keys of an object: called with the JSON pointer and an object's keys.
class KeyOrder {
  public:
    KeyOrder() = default;
    KeyOrder(const KeyOrder&) = delete;
    KeyOrder& operator=(const KeyOrder&) = delete;
    virtual ~KeyOrder() = default;
    [[nodiscard]] virtual std::vector<std::string> ordered(const std::string& pointer, const Json& object) const = 0;
};
std::string to_yaml(const Json& value, const KeyOrder& order);

}  // namespace dmasim::cli
