// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace dmasim::test {

/// What `run` says in a process of its own, where it may elaborate a platform; "exception: ..." if it throws, and "" if the
/// process does not come to its end.
std::string text_of(const std::function<std::string()>& run);

/// The lines around the first difference of two texts, or "".
std::string first_difference_of(const std::string& a, const std::string& b);

}  // namespace dmasim::test
