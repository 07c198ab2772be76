// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/topology.h"
#include "dmasim/cli/core/scenario_schema_text.h"
#include "dmasim/cli/core/schema.h"
#include "dmasim/cpu_stub/core/replacement.h"
#include "dmasim/model/arbiter/arbiter.h"
#include "dmasim/model/profile/profile.h"

namespace dmasim::cli {

namespace {

template <typename Table>
std::vector<std::string> names(const Table& table) {
    std::vector<std::string> result;
    for (const auto& row : table) {
        result.emplace_back(row.name);
    }
    return result;
}

}  // namespace

const Schema& Schema::scenario() {
    static const Schema kSchema(kScenarioSchemaText, {{"arbiters", names(arbiter_kinds())},
                                                      {"profiles", names(timing_profiles())},
                                                      {"topologies", names(topology_kinds())},
                                                      {"replacements", names(replacement_kinds())}});
    return kSchema;
}

}  // namespace dmasim::cli
