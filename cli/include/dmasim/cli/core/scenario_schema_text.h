// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace dmasim::cli {

/// The text of cli/schema/scenario.schema.json.
extern const std::string_view kScenarioSchemaText;

}  // namespace dmasim::cli
