// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace dmasim {

/// The version of these headers. CMake and the packages take theirs from this line.
inline constexpr std::string_view kVersion = "0.1.0";

/// The version of the library that was linked. Differs from kVersion only if headers and library do not belong
/// together.
std::string_view version() noexcept;

}  // namespace dmasim
