// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/topology.h"
#include "dmasim/model/errors.h"

#include "kinds.h"

namespace dmasim {

const std::vector<TopologyKind>& topology_kinds() {
    static const std::vector<TopologyKind> kKinds{
        {"shared", "one read lane and one write lane for everybody, split transactions", &detail::make_shared_bus},
        {"crossbar", "a read lane and a write lane for each target, split transactions", &detail::make_crossbar},
        {"simple", "one transaction at a time", &detail::make_simple_bus},
    };
    return kKinds;
}

std::unique_ptr<Topology> make_topology(const std::string& name, std::uint32_t initiators, std::uint32_t targets) {
    std::string names;
    for (const TopologyKind& kind : topology_kinds()) {
        if (kind.name == name) {
            return kind.make(initiators, targets);
        }
        names += (names.empty() ? "" : ", ") + std::string(kind.name);
    }
    throw ConfigError("topology is '" + name + "', must be one of " + names);
}

}  // namespace dmasim
