// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/burst.h"
#include "dmasim/model/cadence.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// What a master may rely on about the targets of its island.
class IslandReach {
  public:
    IslandReach() = default;
    IslandReach(const IslandReach&) = delete;
    IslandReach& operator=(const IslandReach&) = delete;
    virtual ~IslandReach() = default;

    /// Whether every access of that direction to the bytes `first` to `last` (included) goes to one memory of the island
    /// and succeeds: then the distance of two beats of that memory, >= 1. 0: not so, or not known.
    [[nodiscard]] virtual std::uint32_t interval(Access access, std::uint64_t first, std::uint64_t last) const = 0;
};

/// A master that can tell its island more than `Clocked` says (docs/lazy-islands.md, "The wake-up").
class IslandMaster {
  public:
    IslandMaster() = default;
    IslandMaster(const IslandMaster&) = delete;
    IslandMaster& operator=(const IslandMaster&) = delete;
    virtual ~IslandMaster() = default;

    /// @{ The block to evaluate and the receiver of the bus's answers, without what is wrapped around them.
    [[nodiscard]] virtual Clocked& island_core() = 0;
    [[nodiscard]] virtual BurstMaster& island_answers() = 0;
    /// @}
    /// The same master, if it can leap; null: it cannot.
    [[nodiscard]] virtual CadenceMaster* island_cadence() { return nullptr; }

    /// A lower bound of the next edge at which evaluating this master may show something outside of the island: a pin, or
    /// a burst that `reach` does not cover. It has to hold whatever other masters do, as long as this one gets no input
    /// from outside. All edges before `from` have been evaluated. `any`: a lower bound of the next edge at which the master
    /// does anything at all.
    [[nodiscard]] virtual Cycles next_visible(const IslandReach& reach, Cycles from, Cycles any) const = 0;
};

}  // namespace dmasim
