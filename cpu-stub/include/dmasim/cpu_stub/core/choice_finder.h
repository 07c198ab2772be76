// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "dmasim/cpu_stub/core/cache_actor.h"
#include "dmasim/model/explore/explorer.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// Finds out from the events of a run what the cache could have done of its own accord, and when (docs/exploration.md): places
/// are cycles, and of all cycles between two accesses to a line only the first one counts, because the others make no
/// difference to that line.
///
/// The order of those who access the same line, at least one of them to write it, is varied by holding up the earlier one for
/// long enough that the later one comes first (the first and the last such access): the program before its access; a channel
/// of a controller before the grant of the chunk; the store buffer before a posted store is sent. A store buffer that holds its
/// stores until somebody waits for them is drained instead. An access to the registers of a controller counts as one to each
/// job of it that is under way.
///
/// Wants the events of the CPU, of the controllers and of the bus. Lines are those that the program loads, stores or maintains in the cache;
/// lines that it also accesses past the cache are not prefetched, because hardware does not speculate there.
class ChoiceFinder final : public TraceSink {
  public:
    /// What there is to choose for.
    struct Platform {
        std::uint32_t line_bytes = 64;       ///< Of the cache.
        std::vector<AddressSpan> memories;   ///< Where lines may lie.
        std::vector<AddressSpan> registers;  ///< Of the controllers, which are sources 0, 1, ...; 0 bytes: none.
        bool stores_held = false;            ///< The store buffer holds its stores until somebody waits for them.
    };

    explicit ChoiceFinder(Platform platform) : platform_(std::move(platform)) {}

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
        bool writes = false;
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
        bool writes = false;
    };
    /// A burst of a channel.
    struct ChannelBurst {
        std::uint32_t agent = 0;  ///< As `Choice::agent`.
        std::uint32_t job = 0;
        bool writes = false;
        std::uint64_t address = 0;
        std::uint64_t bytes = 0;
        std::uint64_t place = 0;  ///< A hold-up from here on delays it.
        Cycles end = kNever;      ///< Stamp of the answer.
    };
    /// A job of a channel.
    struct ChannelJob {
        Cycles accepted;
        Cycles completed = kNever;
        std::uint64_t last_place = 0;  ///< Of its last burst.
    };
    /// A store that has entered the store buffer.
    struct PostedStore {
        Cycles at;
        Cycles sent = kNever;
        std::uint64_t address = 0;
        std::uint64_t bytes = 0;
    };
    struct RegisterAccess {
        Cycles at;
        std::uint32_t controller = 0;
    };
    using BurstsByLine = std::map<std::uint64_t, std::vector<std::size_t>>;
    /// By the place of a hold-up: the ends of what it could let pass.
    using Overtaken = std::map<std::uint64_t, std::set<std::uint64_t>>;

    [[nodiscard]] bool in_memory(std::uint64_t address) const;
    void touch(std::uint64_t address, std::uint64_t bytes, Cycles at, bool by_cache, bool past_cache, bool writes);
    void controller_event(const TraceEvent& event);
    void store_event(const TraceEvent& event);
    [[nodiscard]] std::uint64_t line_of(std::uint64_t address) const {
        return address & ~static_cast<std::uint64_t>(platform_.line_bytes - 1);
    }
    [[nodiscard]] BurstsByLine bursts_by_line() const;
    /// Numbers of the bursts that share a line with these bytes.
    [[nodiscard]] std::set<std::size_t> meeting(const BurstsByLine& by_line, std::uint64_t address,
                                                std::uint64_t bytes) const;
    /// The last end of an operation of the program before `at`, from which on a hold-up delays what ends at `at`.
    [[nodiscard]] std::uint64_t place_before(Cycles at) const;
    /// Hold-ups of the program that let jobs end before it looks at their controllers.
    void find_stalls(Overtaken& overtaken) const;
    void find_channel_holds(const std::map<std::uint64_t, Line>& lines, std::vector<Choice>& result) const;
    void find_store_choices(std::vector<Choice>& result) const;

    Platform platform_;
    std::map<std::uint64_t, Line> lines_;
    std::vector<Change> changes_;
    std::set<std::uint64_t> operation_ends_;  ///< Of the program, as far as events tell.
    std::vector<ChannelBurst> bursts_;
    std::map<std::tuple<std::uint32_t, Access, std::uint32_t>, std::size_t>
        open_bursts_;  ///< By source, direction, tag.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint64_t>>
        chunks_;  ///< By agent and job: places.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> chunks_written_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, ChannelJob> jobs_;
    std::map<std::uint32_t, PostedStore> stores_;  ///< By number.
    std::vector<RegisterAccess> register_accesses_;
};

}  // namespace dmasim
