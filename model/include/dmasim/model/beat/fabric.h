// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
    /// The slave that a burst of `bytes` bytes from `address` on goes to.
    using Decoder = std::function<std::uint32_t(std::uint64_t address, std::uint32_t bytes)>;

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
    /// Back to the state after construction. Nothing may be under way.
    virtual void reset() = 0;
};

/// One master wired to one slave.
std::unique_ptr<BeatFabric> make_direct_fabric();

}  // namespace dmasim
