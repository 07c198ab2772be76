// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/burst.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// Which resources carry what on a bus: the lanes of docs/timing.md B2 (requests) and B4 (responses). A request that hits
/// no target (B5) has the target `kNoTarget`.
class Topology {
  public:
    Topology() = default;
    Topology(const Topology&) = delete;
    Topology& operator=(const Topology&) = delete;
    virtual ~Topology() = default;

    /// Number of request lanes, those for kNoTarget included.
    [[nodiscard]] virtual std::uint32_t request_lanes() const = 0;
    /// The lane of a request to `target` (or kNoTarget).
    [[nodiscard]] virtual std::uint32_t request_lane(Access access, std::uint32_t target) const = 0;
    /// Number of return lanes.
    [[nodiscard]] virtual std::uint32_t return_lanes() const = 0;
    /// The lane of a response to `initiator`.
    [[nodiscard]] virtual std::uint32_t return_lane(Access access, std::uint32_t initiator) const = 0;
    /// True: a request lane is busy until the response is over (simple); false: until its address and data are over.
    [[nodiscard]] virtual bool one_at_a_time() const = 0;
};

/// One row of the table of topologies.
struct TopologyKind {
    std::string_view name;
    std::string_view description;
    std::unique_ptr<Topology> (*make)(std::uint32_t initiators, std::uint32_t targets);
};

/// All topologies, in the order of their registration.
const std::vector<TopologyKind>& topology_kinds();

/// Creates the topology `name`; throws `ConfigError` naming the known ones.
std::unique_ptr<Topology> make_topology(const std::string& name, std::uint32_t initiators, std::uint32_t targets);

}  // namespace dmasim
