// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/cadence.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// One requester at an arbitration.
struct ArbiterRequest {
    unsigned index = 0;  ///< Number of the requester, 0 to n-1. Requests are passed in rising order of `index`.
    Cycles since;        ///< First edge at which it has been requesting without interruption since its last grant.
};

/// Settings of all arbiters; each uses what it needs. Lists shorter than the number of requesters are filled up with
/// the last value given (or the default where empty).
struct ArbiterConfig {
    std::string kind = "round_robin";       ///< Name in the table of arbiters (`arbiter_kinds()`).
    std::vector<std::uint32_t> priorities;  ///< fixed_priority, priority_ageing: higher wins. Default 0.
    std::vector<std::uint32_t> weights;     ///< weighted_round_robin: grants in a row, 1 to 65535. Default 1.
    std::vector<std::uint32_t> slots;       ///< time_slots: owner of each slot in turn. Default: 0, 1, ... n-1.
    std::uint32_t slot_cycles = 64;         ///< time_slots: length of a slot, 1 to 2^20 cycles.
    bool reclaim_slots = true;  ///< time_slots: a slot whose owner does not request serves the others round robin.
    std::uint32_t ageing_cycles = 64;  ///< priority_ageing: waiting so long raises the priority by 1; 1 to 2^20.
};

/// Picks one of several requesters at one edge. Pure policy: knows neither bursts nor time beyond what it is told.
class Arbiter {
  public:
    Arbiter() = default;
    Arbiter(const Arbiter&) = delete;
    Arbiter& operator=(const Arbiter&) = delete;
    virtual ~Arbiter() = default;

    static constexpr int kNobody = -1;

    /// The winner's `index` at `edge`, or `kNobody` (only a policy that may refuse everybody, such as time slots without
    /// reclaiming). Does not change the arbiter's state, so it may be asked twice.
    [[nodiscard]] virtual int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const = 0;

    /// Tells the arbiter that `index` was granted at `edge`. This alone changes its state.
    virtual void granted(unsigned index, Cycles edge) = 0;

    /// When `pick` said `kNobody` at `edge` for a non-empty set of requests: the earliest later edge at which the same
    /// requests could get another answer.
    [[nodiscard]] virtual Cycles next_chance(Cycles edge) const;

    /// Writes its state down; a policy that does not know how refuses.
    virtual void record(StateRecord& state) const { state.refuse(); }
    /// Whether `ArbiterRequest::since` counts.
    [[nodiscard]] virtual bool counts_waiting() const { return true; }
};

/// Creates the arbiter `config.kind` for `requesters` (1 to 1024) requesters. Throws `ConfigError` naming the setting.
std::unique_ptr<Arbiter> make_arbiter(const ArbiterConfig& config, unsigned requesters);

/// One row of the table of arbiters.
struct ArbiterKind {
    std::string_view name;
    std::string_view description;
};

/// All arbiters, in the order of their registration.
const std::vector<ArbiterKind>& arbiter_kinds();

/// All problems of `config` for `requesters` requesters; empty when it can be built.
std::vector<std::string> validate(const ArbiterConfig& config, unsigned requesters);

}  // namespace dmasim
