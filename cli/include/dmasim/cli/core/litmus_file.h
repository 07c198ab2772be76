// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dmasim/cpu_stub/core/litmus.h"

namespace dmasim::cli {

/// Entries of a file at most.
inline constexpr std::size_t kMaxLitmusEntries = 10'000;

/// Reads a collection of litmus tests (docs/litmus.md): JSON or YAML. Throws `InputError` with file, line and column.
std::vector<LitmusEntry> load_litmus(const std::string& path);

/// The same for text; `name` stands in messages.
std::vector<LitmusEntry> parse_litmus(std::string_view text, const std::string& name);

}  // namespace dmasim::cli
