// SPDX-License-Identifier: Apache-2.0
#include "fabrics.h"

#include <string>

#include "dmasim/bus/core/beat/beat_fabric.h"
#include "dmasim/model/errors.h"

namespace dmasim {

const std::vector<BeatFabricKind>& beat_fabric_kinds() {
    // One line for each fabric.
    static const std::vector<BeatFabricKind> kKinds{
        {"direct", "one master wired to one memory", &detail::make_direct},
        {"axi_crossbar",
         "crossbar with its default register slices: two decode steps, an arbiter for each target and direction",
         &detail::make_axi_crossbar},
        {"split_interconnect", "two shared interconnects, one for reads and one for writes, a burst at a time each",
         &detail::make_split_interconnect},
    };
    return kKinds;
}

std::unique_ptr<BeatFabric> make_beat_fabric(std::string_view kind, std::uint32_t masters, std::uint32_t slaves,
                                             const BeatFabric::Decoder& decode) {
    std::string known;
    for (const BeatFabricKind& row : beat_fabric_kinds()) {
        if (row.name == kind) {
            return row.make(masters, slaves, decode);
        }
        known += (known.empty() ? "" : ", ") + std::string(row.name);
    }
    throw ConfigError("unknown beat-accurate fabric '" + std::string(kind) + "'; known: " + known);
}

}  // namespace dmasim
