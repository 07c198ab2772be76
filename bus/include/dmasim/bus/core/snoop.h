// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/burst.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// Receives the answers to snoops (a bus).
class SnoopMaster {
  public:
    SnoopMaster() = default;
    SnoopMaster(const SnoopMaster&) = delete;
    SnoopMaster& operator=(const SnoopMaster&) = delete;
    virtual ~SnoopMaster() = default;

    /// Cache `cache` has dealt with snoop `id`, stamp `at` (may lie in the future).
    virtual void snooped(unsigned cache, std::uint64_t id, Cycles at) = 0;
};

/// A cache that takes part in I/O coherence (docs/timing.md B6).
class SnoopPort {
  public:
    SnoopPort() = default;
    SnoopPort(const SnoopPort&) = delete;
    SnoopPort& operator=(const SnoopPort&) = delete;
    virtual ~SnoopPort() = default;

    /// Whether bursts of this direction are handed to this cache at all; the same during the whole simulation. A direction
    /// that no cache looks at costs no cycles.
    [[nodiscard]] virtual bool looks_at(Access /*access*/) const { return true; }

    /// A burst of another master is ordered now, stamp `at`. For a read the cache overlays `burst.data` with the bytes it
    /// holds newer than memory; for a write it drops or updates its copies. It answers `master.snooped(cache, id, ...)`.
    /// `burst.address` is the address as the initiators of the bus see it; `burst.data` stays valid until the answer.
    virtual void snoop(SnoopMaster& master, unsigned cache, std::uint64_t id, const Burst& burst, Cycles at) = 0;
};

}  // namespace dmasim
