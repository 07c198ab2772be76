// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/beat/beat_fabric.h"
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

std::vector<std::string> all_topologies() {
    std::vector<std::string> result = names(topology_kinds());
    for (std::string& fabric : names(beat_fabric_kinds())) {
        result.push_back(std::move(fabric));
    }
    return result;
}

}  // namespace

const Schema& Schema::scenario() {
    static const Schema kSchema(kScenarioSchemaText, {{"arbiters", names(arbiter_kinds())},
                                                      {"profiles", names(timing_profiles())},
                                                      {"topologies", all_topologies()},
                                                      {"replacements", names(replacement_kinds())}});
    return kSchema;
}

}  // namespace dmasim::cli
