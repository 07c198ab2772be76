// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "dmasim/cpu_stub/core/cache_actor.h"
#include "dmasim/model/explore/explorer.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// Finds out from the events of a run what the cache could have done of its own accord, and when (docs/exploration.md): places
/// are cycles, and of all cycles between two accesses to a line only the first one counts, because the others make no
/// difference to that line.
///
/// The order of the program and the devices is varied by hold-ups of the program: before an access to a line that a device
/// accesses later, long enough for the device to come first (for the first and for the last such access).
///
/// Wants the events of the CPU and of the bus. Lines are those that the program loads, stores or maintains in the cache;
/// lines that it also accesses past the cache are not prefetched, because hardware does not speculate there.
class ChoiceFinder final : public TraceSink {
  public:
    /// `line_bytes`: of the cache. `memories`: where lines may lie.
    ChoiceFinder(std::uint32_t line_bytes, std::vector<AddressSpan> memories);

    void event(const TraceEvent& event) override;

    /// The choices behind the last one of `schedule`, which is the one that the run had, in rising order.
    /// `unreduced`: number of pairs of a cycle at which something happens and an action at a line.
    [[nodiscard]] std::vector<Choice> choices(const Schedule& schedule, std::uint64_t& unreduced) const;

  private:
    struct Touch {
        Cycles at;
        bool valid = false;  ///< The line is in the cache from then on.
        bool dirty = false;
        bool device = false;  ///< A device's access, else one of the program.
    };
    struct Line {
        std::vector<Touch> touches;
        bool by_cache = false;  ///< The program accesses or maintains it in the cache.
        bool past_cache = false;
    };
    struct Change {
        Cycles at;
        std::uint64_t line = 0;
        enum class Kind : std::uint8_t { Touched, TouchedByDevice, Clean, Dirty, Gone } kind = Kind::Touched;
    };

    [[nodiscard]] bool in_memory(std::uint64_t address) const;
    void touch(std::uint64_t address, std::uint64_t bytes, Cycles at, bool by_cache, bool past_cache);

    std::uint32_t line_bytes_;
    std::vector<AddressSpan> memories_;
    std::map<std::uint64_t, Line> lines_;
    std::vector<Change> changes_;
    std::set<std::uint64_t> operation_ends_;  ///< Of the program, as far as events tell.
};

}  // namespace dmasim
