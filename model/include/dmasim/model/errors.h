// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace dmasim {

/// The user's configuration cannot be built. Thrown while elaborating only; never because of what guest software does.
class ConfigError : public std::runtime_error {
  public:
    explicit ConfigError(const std::string& what) : std::runtime_error(what) {}
};

namespace detail {
/// Throws `std::logic_error`: one of dmasim's own invariants does not hold. Never the fault of a user or of a guest.
[[noreturn]] void broken_invariant(const char* expression, const char* file, int line);
}  // namespace detail

/// Checks one of dmasim's own invariants; throws `std::logic_error` naming `expression` when it does not hold.
#define DMASIM_INVARIANT(expression) \
    ((expression) ? static_cast<void>(0) : ::dmasim::detail::broken_invariant(#expression, __FILE__, __LINE__))

}  // namespace dmasim
