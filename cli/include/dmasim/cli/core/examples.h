// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace dmasim::cli {

/// One scenario of the folder examples/.
struct Example {
    std::string_view file;     ///< Path from the project's folder.
    std::string_view summary;  ///< Its first comment.
};

/// All of them, as found when the program was built.
const std::vector<Example>& examples();

}  // namespace dmasim::cli
