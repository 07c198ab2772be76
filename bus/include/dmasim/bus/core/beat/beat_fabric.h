// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/beat/signals.h"

namespace dmasim {

/// What connects masters and slaves, cycle by cycle. In cycle `t`: `to_masters`, then `to_slaves`, then `clock`.
///
/// What the masters see depends on the fabric's state and the slaves' outputs of the cycle; what the slaves see depends
/// on the state and on the masters' outputs, so that one pass is enough.
class BeatFabric {
  public:
    using Masters = std::vector<MasterSignals>;
    using Slaves = std::vector<SlaveSignals>;
    /// The slave that an address belongs to.
    using Decoder = std::function<std::uint32_t(std::uint64_t)>;

    BeatFabric() = default;
    BeatFabric(const BeatFabric&) = delete;
    BeatFabric& operator=(const BeatFabric&) = delete;
    virtual ~BeatFabric() = default;

    /// Fills `seen`, by master, from what the slaves drive.
    virtual void to_masters(const Slaves& slaves, Slaves& seen) = 0;
    /// Fills `seen`, by slave, from what the masters drive.
    virtual void to_slaves(const Masters& masters, const Slaves& slaves, Masters& seen) = 0;
    /// Ends the cycle. Returns true if anything changed that can show in the next cycle.
    virtual bool clock(const Masters& masters, const Slaves& slaves) = 0;
};

/// One row of the table of fabrics.
struct BeatFabricKind {
    std::string_view name;
    std::string_view description;
    std::unique_ptr<BeatFabric> (*make)(std::uint32_t masters, std::uint32_t slaves, const BeatFabric::Decoder& decode);
};

/// All fabrics, in the order of their registration.
const std::vector<BeatFabricKind>& beat_fabric_kinds();

/// Creates fabric `kind`. Throws `ConfigError` that lists the known ones, or names what does not fit.
std::unique_ptr<BeatFabric> make_beat_fabric(std::string_view kind, std::uint32_t masters, std::uint32_t slaves,
                                             const BeatFabric::Decoder& decode);

}  // namespace dmasim
