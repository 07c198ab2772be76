// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dmasim/cli/core/error.h"

namespace dmasim::cli {

/// Makes `folder` and those around it. Throws `InputError` (input/output).
void make_folder(const std::string& folder);

/// Writes a file in one go. Throws `InputError` (input/output).
void write_file(const std::string& path, const std::string& content);

}  // namespace dmasim::cli
