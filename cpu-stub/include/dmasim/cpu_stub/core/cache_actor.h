// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "dmasim/model/clocked.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// What hardware may do to a cache of its own accord (docs/cpu.md P9).
enum class CacheActionKind : std::uint8_t {
    Evict,     ///< The line leaves, and is written back if it is dirty.
    Prefetch,  ///< The line is filled.
    Drain,     ///< What is in the store buffer leaves.
};

/// One such action, as it is recorded and replayed.
struct CacheAction {
    CacheActionKind kind = CacheActionKind::Evict;
    std::uint64_t address = 0;  ///< Any byte of the line. Drain: not used.
    Cycles at;                  ///< Stamp.
};

/// Told what was done, line by line: a recording that `CacheActorConfig::schedule` replays to the same cycles.
class CacheActionLog {
  public:
    CacheActionLog() = default;
    CacheActionLog(const CacheActionLog&) = delete;
    CacheActionLog& operator=(const CacheActionLog&) = delete;
    virtual ~CacheActionLog() = default;

    /// Called once for each action that found its line in the cache (eviction) or missing (prefetch), or stores to drain, in the order in which
    /// they are done. `action.address` is the first byte of the line, `action.at` the stamp with which it was asked for.
    virtual void acted(const CacheAction& action) = 0;
};

/// Takes requests of outside actors (docs/cpu.md P9). Requests of one stamp are done in the order of the calls.
class CacheActionPort {
  public:
    CacheActionPort() = default;
    CacheActionPort(const CacheActionPort&) = delete;
    CacheActionPort& operator=(const CacheActionPort&) = delete;
    virtual ~CacheActionPort() = default;

    /// Evicts the line of `address`, stamp `at`: nothing happens if it is not in the cache.
    virtual void evict(std::uint64_t address, Cycles at) = 0;
    /// Evicts the first valid line (`dirty_only`: dirty line) from place `lot` modulo the number of places on, in the order
    /// of set and way, stamp `at`; nothing happens if there is none. The line is chosen when its turn has come.
    virtual void evict_any(std::uint64_t lot, bool dirty_only, Cycles at) = 0;
    /// Fills the line of `address`, stamp `at`: nothing happens if it is in the cache.
    virtual void prefetch(std::uint64_t address, Cycles at) = 0;
    /// The stores that are in the store buffer then count as waited for, stamp `at`.
    virtual void drain_stores(Cycles at) = 0;
};

/// A range of addresses.
struct AddressSpan {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;  ///< At least 1; does not run past 2^64.
};

/// When a `CacheActor` does what.
struct CacheActorConfig {
    std::uint64_t seed = 1;                  ///< Of all lots.
    std::uint64_t evict_every = 0;           ///< Mean distance of two evictions in cycles, up to 2^32; 0: none.
    bool dirty_only = true;                  ///< Only dirty lines are evicted.
    std::uint64_t prefetch_every = 0;        ///< Mean distance of two prefetches in cycles, up to 2^32; 0: none.
    std::vector<AddressSpan> prefetch_from;  ///< Where the prefetched addresses lie; needed if there are prefetches.
    std::uint64_t first = 0;                 ///< Cycle from which on lots are drawn.
    std::optional<std::uint64_t> until;      ///< First cycle of none; without it the actor ends with `stop`.
    std::vector<CacheAction> schedule;       ///< Done besides, in rising order of stamps.

    /// Whether it does anything at all.
    [[nodiscard]] bool acts() const { return evict_every != 0 || prefetch_every != 0 || !schedule.empty(); }
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const CacheActorConfig& config);

/// The random and the scheduled evictions and prefetches of a cache. Distances are drawn evenly from 1 to 2*mean-1, so a
/// run is determined by the seed; at one stamp scheduled actions come first, then the eviction, then the prefetch.
class CacheActor final : public Clocked {
  public:
    /// Throws `ConfigError`. `port` must outlive the actor.
    CacheActor(const CacheActorConfig& config, CacheActionPort& port);

    /// The program has ended: nothing with a later stamp than `at` is done any more.
    void stop(Cycles at);

    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;

  private:
    [[nodiscard]] std::uint64_t distance(std::uint64_t every);
    [[nodiscard]] Cycles within(Cycles at) const { return at < end_ ? at : kNever; }

    CacheActorConfig config_;
    CacheActionPort& port_;
    std::mt19937_64 lots_;
    std::uint64_t prefetch_bytes_ = 0;
    std::size_t next_scheduled_ = 0;
    Cycles next_evict_ = kNever;
    Cycles next_prefetch_ = kNever;
    Cycles end_ = kNever;
    Cycles stop_ = kNever;
};

}  // namespace dmasim
