// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/schema.h"

namespace dmasim::cli {

/// One value from outside the scenario file.
struct Setting {
    std::vector<std::string> path;  ///< Steps: keys, and indices of lists.
    std::string value;              ///< YAML.
    std::string origin;             ///< For messages: "--set a.b=1" or the name of the variable.
    std::string file = {};          ///< Not empty: the value is the document in this file instead.
};

/// `a.b.0.c=value`. Throws `InputError`.
Setting parse_setting(const std::string& text);

/// Settings from the variables `DMASIM__a__b=value` of `environment` (as in `environ`), sorted by name.
std::vector<Setting> settings_from_environment(const char* const* environment);

/// Puts `settings` over `document`, the later ones over the earlier ones. Throws `InputError`.
void apply(Document& document, const Schema& schema, const std::vector<Setting>& settings);

/// All layers: the file (or "-"), then the environment, then the command line; typed, validated and with defaults.
Document load_layers(const std::string& path, const Schema& schema, const std::vector<Setting>& settings);

}  // namespace dmasim::cli
