// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace dmasim {

/// What hardware may do of its own accord at some place of a program (docs/exploration.md).
enum class ChoiceKind : std::uint8_t {
    Drain,        ///< The oldest `value` bytes (0: all) leave the store buffer.
    Evict,        ///< The dirty line at address `value` is written back and leaves the cache.
    Prefetch,     ///< The line at address `value` is filled.
    Stall,        ///< The program is held up for `value` cycles, so that devices come before it.
    HoldStores,   ///< The store buffer rests for `value` cycles.
    HoldChannel,  ///< Channel `agent` of a controller gets no grant for `value` cycles, so that others come before it.
};

/// Name in schedules: "drain", "evict", "prefetch", "stall", "hold_stores", "hold_channel".
const char* name_of(ChoiceKind kind);

/// One deviation from what the hardware does by default.
struct Choice {
    std::uint64_t place = 0;  ///< Where: the number of the step before which it happens, or a cycle. The program knows.
    ChoiceKind kind = ChoiceKind::Evict;
    std::uint64_t value = 0;
    std::uint32_t agent = 0;  ///< HoldChannel: number of the controller * 64 + channel. Else 0.

    friend bool operator==(const Choice& a, const Choice& b) { return a.key() == b.key(); }
    friend bool operator<(const Choice& a, const Choice& b) { return a.key() < b.key(); }

  private:
    [[nodiscard]] std::tuple<std::uint64_t, ChoiceKind, std::uint32_t, std::uint64_t> key() const {
        return {place, kind, agent, value};
    }
};

/// Deviations in the order in which they happen. Empty: the default.
using Schedule = std::vector<Choice>;

/// What came of a program under one schedule.
struct ScheduleOutcome {
    /// Everything that the program and its devices have seen, as text; equal texts are the same outcome.
    std::string seen;
    /// What is wrong with it, a line each; empty: nothing.
    std::vector<std::string> bad;
    /// The deviations that could come behind the last one of the schedule, each at one canonical place of those that make no
    /// difference (partial-order reduction), in rising order of places. The same call must give the same list.
    std::vector<Choice> choices;
    /// Number of deviations that there would be without that reduction.
    std::uint64_t unreduced_choices = 0;
};

/// A program that can be run again and again, each time from the beginning and under another schedule.
class SchedulableProgram {
  public:
    SchedulableProgram() = default;
    SchedulableProgram(const SchedulableProgram&) = delete;
    SchedulableProgram& operator=(const SchedulableProgram&) = delete;
    virtual ~SchedulableProgram() = default;

    /// Deterministic: depends on nothing but `schedule`.
    virtual ScheduleOutcome run(const Schedule& schedule) = 0;
};

/// How far to look.
struct ExploreConfig {
    std::uint32_t bound = 2;             ///< Every schedule of at most so many deviations is run.
    std::uint64_t samples = 200;         ///< Random schedules of more than `bound` deviations besides.
    std::uint64_t seed = 1;              ///< Of the samples.
    std::uint64_t max_runs = 1'000'000;  ///< Gives up behind so many runs; >= 1.
    bool stop_at_bad = false;            ///< Ends with the first bad schedule instead of counting all.
};

/// What was found.
struct ExploreResult {
    std::uint64_t schedules = 0;  ///< Run within the bound.
    /// Schedules within the bound without the reduction: at most so many (saturated at 2^64-1).
    std::uint64_t unreduced = 0;
    std::uint64_t sampled = 0;        ///< Random ones above the bound.
    std::uint64_t outcomes = 0;       ///< Distinct ones.
    std::uint64_t bad_schedules = 0;  ///< Within the bound.
    std::uint64_t bad_samples = 0;    ///< Above it.
    bool exhaustive = false;          ///< Every schedule within the bound was run.
    bool beyond = false;              ///< There are schedules above the bound.
    /// The smallest bad schedule that was seen: fewest deviations, then the earliest. Only if `why` is not empty.
    Schedule smallest;
    std::vector<std::string> why;  ///< What is wrong under it.
};

/// Runs `program` under every schedule of at most `bound` deviations, shorter ones first, and under random longer ones, each
/// of which is made smaller if it is bad. Throws `ConfigError` if `max_runs` is 0.
ExploreResult explore(SchedulableProgram& program, const ExploreConfig& config);

}  // namespace dmasim
