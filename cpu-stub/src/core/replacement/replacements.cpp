// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/replacement.h"
#include "dmasim/model/errors.h"

#include "policies.h"

namespace dmasim {

const std::vector<ReplacementKind>& replacement_kinds() {
    static const std::vector<ReplacementKind> kKinds = {
        {"lru", "the way that has not been used for the longest time", &detail::make_lru},
        {"tree_plru", "a binary tree of bits that point away from what was used last", &detail::make_tree_plru},
        {"random", "a way drawn by lot, from a seed", &detail::make_random},
    };
    return kKinds;
}

std::unique_ptr<Replacement> make_replacement(std::string_view kind, std::uint32_t sets, std::uint32_t ways,
                                              std::uint64_t seed) {
    std::string known;
    for (const ReplacementKind& row : replacement_kinds()) {
        if (row.name == kind) {
            return row.make(sets, ways, seed);
        }
        known += known.empty() ? "" : ", ";
        known += row.name;
    }
    throw ConfigError("unknown replacement policy \"" + std::string(kind) + "\"; known: " + known);
}

}  // namespace dmasim
