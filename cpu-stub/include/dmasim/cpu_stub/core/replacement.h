// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dmasim {

/// Chooses the victim in a set whose ways are all valid. Pure policy: knows neither addresses nor time.
class Replacement {
  public:
    Replacement() = default;
    Replacement(const Replacement&) = delete;
    Replacement& operator=(const Replacement&) = delete;
    virtual ~Replacement() = default;

    /// Way `way` of set `set` was used: a hit, or a fill that was installed.
    virtual void touch(std::uint32_t set, std::uint32_t way) = 0;

    /// The way to give up. Does not change anything, so it may be asked again. Called only when no way is free.
    [[nodiscard]] virtual std::uint32_t victim(std::uint32_t set) const = 0;

    /// The victim in `set` was given up.
    virtual void replaced(std::uint32_t set) = 0;
};

/// One row of the table of replacement policies.
struct ReplacementKind {
    std::string_view name;
    std::string_view description;
    std::unique_ptr<Replacement> (*make)(std::uint32_t sets, std::uint32_t ways, std::uint64_t seed);
};

/// All policies, in the order of their registration.
const std::vector<ReplacementKind>& replacement_kinds();

/// Creates policy `kind`. Throws `ConfigError` that lists the known names.
std::unique_ptr<Replacement> make_replacement(std::string_view kind, std::uint32_t sets, std::uint32_t ways,
                                              std::uint64_t seed);

}  // namespace dmasim
