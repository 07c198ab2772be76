// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dmasim/bus/core/snoop.h"
#include "dmasim/cpu_stub/core/cache_actor.h"
#include "dmasim/cpu_stub/core/config.h"
#include "dmasim/cpu_stub/core/operation.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// A CPU that carries out one operation at a time, with a data cache and a store buffer (docs/cpu.md, rules P1 to P9).
///
/// Inputs and their order within one stamp: 1. snoops, 2. interrupt levels, 3. bus answers, 4. evictions and prefetches of
/// outside actors, 5. the program's operation. Bursts go out through `port`, real bytes with them.
///
/// Not modelled: instruction fetch, several operations at once, critical word first, a second cache level, virtual
/// addresses.
class CpuCore final : public Clocked, public BurstMaster, public SnoopPort, public CacheActionPort {
  public:
    /// Throws `ConfigError` with all problems of `config`. `trace` may be null; events carry `source`.
    CpuCore(const CpuConfig& config, BurstPort& port, CpuClient& client, TraceSink* trace = nullptr,
            std::uint16_t source = 0);
    ~CpuCore() override;

    /// Starts `operation` with stamp `at` (P1). The previous one must have completed, with a stamp <= `at`.
    void issue(const CpuOperation& operation, Cycles at);

    /// Interrupt line `line` (below `CpuConfig::interrupts`) has `level` from stamp `at` on. Calls of one line in rising order.
    void interrupt(unsigned line, bool level, Cycles at);

    void evict(std::uint64_t address, Cycles at) override;
    void evict_any(std::uint64_t lot, bool dirty_only, Cycles at) override;
    void prefetch(std::uint64_t address, Cycles at) override;
    void drain_stores(Cycles at) override;

    /// Who is told what the outside actors have done; null: nobody.
    void set_action_log(CacheActionLog* log);

    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;

    void accepted(std::uint32_t tag, Cycles at) override;
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override;
    void write_response(std::uint32_t tag, Cycles at, Response response) override;

    [[nodiscard]] bool looks_at(Access access) const override;
    void snoop(SnoopMaster& master, unsigned cache, std::uint64_t id, const Burst& burst, Cycles at) override;

    [[nodiscard]] const CpuConfig& config() const;
    [[nodiscard]] const CpuStatistics& statistics() const;

    /// Nothing is under way: no operation, no burst, no entry in the store buffer, no snoop.
    [[nodiscard]] bool quiet() const;

    /// One line as it is now; for tests, debuggers and checkers. Pointers are valid until the next call of anything.
    struct LineView {
        bool valid = false;
        bool dirty = false;
        std::uint64_t address = 0;  ///< Of its first byte.
        std::uint32_t set = 0;
        std::uint32_t way = 0;
        const std::uint8_t* data = nullptr;         ///< line_bytes bytes.
        const std::uint8_t* dirty_bytes = nullptr;  ///< line_bytes flags, 0 or 1: newer than memory because of a store.
    };

    /// The line that holds `address`; `valid` is false if there is none.
    [[nodiscard]] LineView line_of(std::uint64_t address) const;
    /// The line at `set`, `way` (both in range).
    [[nodiscard]] LineView line_at(std::uint32_t set, std::uint32_t way) const;
    /// Entries in the store buffer, those under way included.
    [[nodiscard]] std::uint32_t buffered_stores() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dmasim
