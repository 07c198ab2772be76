// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>

#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/island_master.h"

namespace dmasim {

class ClockedProcess;

/// Runs an island (docs/lazy-islands.md) for the modules that have joined it.
class IslandHost {
  public:
    IslandHost() = default;
    IslandHost(const IslandHost&) = delete;
    IslandHost& operator=(const IslandHost&) = delete;
    virtual ~IslandHost() = default;

    /// Evaluates every edge before the stamp of the present that has not been evaluated. To be called before anything of the island is looked at or
    /// given an input. Costs a comparison when there is nothing to do; from within the island it does nothing.
    virtual void arrive() = 0;
    /// A block of the island was given an input: the next visible event may come earlier.
    virtual void changed() = 0;

    /// @{ The same for a master that concerns no other block before it requests something: the others may be left as they
    /// are.
    virtual void arrive_at(const Clocked& core) = 0;
    virtual void changed(const Clocked& core) = 0;
    /// @}
};

/// A master that wants to join an island.
struct IslandGuest {
    ClockedProcess& process;  ///< Of the master's module; the host takes its place.
    Clocked& block;           ///< What the process drives. May be an `IslandMaster`, too.
    BurstMaster& answers;     ///< Where the bus's answers go, unless the block is an `IslandMaster`.
    sc_core::sc_time period;
    std::uint16_t number;  ///< Of the master, in extensions.
    std::uint32_t bus_bytes;
};

/// What a socket of ours may be bound to: the door of an island. A master looks for it by what its port resolves to, so a
/// module in between keeps both apart.
class IslandGate {
  public:
    IslandGate() = default;
    IslandGate(const IslandGate&) = delete;
    IslandGate& operator=(const IslandGate&) = delete;
    virtual ~IslandGate() = default;

    /// At the end of elaboration. Takes the guest in and returns the port that its bursts go to from now on; null: no.
    virtual BurstPort* join(const IslandGuest& guest) = 0;
};

}  // namespace dmasim
