// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dmasim/bus/core/address_map.h"
#include "dmasim/bus/core/config.h"
#include "dmasim/bus/core/memory_core.h"
#include "dmasim/bus/core/snoop.h"
#include "dmasim/bus/core/topology.h"
#include "dmasim/model/arbiter/arbiter.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// What a target announces about itself when it is bound.
struct TargetTraits {
    /// Distance of two write beats, >= 1 (B3). 0: a foreign target, of which nothing is known: the bus hands it a request
    /// only when it has accepted the previous one of either direction.
    std::uint32_t write_interval = 0;
};

/// A bus (docs/timing.md B1 to B6): queues, lanes, grants, order of responses.
///
/// Initiators hand their bursts to `initiator_port(i)` and get the answers through the `BurstMaster` bound there. Targets
/// get bursts through the `BurstPort` bound as `t`, with tags of the bus, and answer to `target_side(t)`: at any time, in
/// any order, also before `request` has returned, and with stamps in the future. Bursts that cross 4 KiB or are longer
/// than 256 beats are carried.
///
/// Not modelled: width conversion (all ports have `data_width_bits`), exclusive access, quality of service.
class BusCore final : public Clocked, public SnoopMaster {
  public:
    /// Throws `ConfigError` listing the problems of `config`.
    explicit BusCore(const BusConfig& config);
    ~BusCore() override;

    [[nodiscard]] const BusConfig& config() const { return config_; }
    [[nodiscard]] const AddressMap& map() const { return map_; }

    /// Reports `BusGranted` and `BusResponded` as block number `source`; null: none.
    void set_trace(TraceSink* sink, std::uint16_t source);

    /// @{ Wiring; before the first request.
    void bind_initiator(std::uint32_t initiator, BurstMaster& master);
    void bind_target(std::uint32_t target, BurstPort& port, TargetTraits traits);
    /// A memory as target, core to core; of it the bus knows when it will answer. Binds both sides.
    void bind_memory(std::uint32_t target, MemoryCore& memory);
    /// Adds a cache that takes part in I/O coherence; returns its number.
    unsigned add_cache(SnoopPort& cache);
    /// @}

    /// Where initiator `initiator` hands its bursts over.
    [[nodiscard]] BurstPort& initiator_port(std::uint32_t initiator);
    /// Where target `target` answers. A response implies the acceptance of its request.
    [[nodiscard]] BurstMaster& target_side(std::uint32_t target);

    /// Whose burst the bus has forwarded with tag `id`.
    struct Origin {
        std::uint32_t initiator = 0;
        std::uint32_t tag = 0;  ///< The initiator's.
    };
    /// `id`: the tag of a burst that a target has not answered.
    [[nodiscard]] Origin origin(std::uint32_t id) const;

    /// A response was handed to `initiator` and it has not taken it (a foreign initiator that delays END_RESP). To be
    /// called from within the `BurstMaster` function that hands the response over. Until `resume_responses` nothing else
    /// is handed to this initiator, and the response's return lane stays busy.
    void stall_responses(std::uint32_t initiator);
    /// The initiator has taken the response, stamp `at`.
    void resume_responses(std::uint32_t initiator, Cycles at);

    void snooped(unsigned cache, std::uint64_t id, Cycles at) override;

    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;

    /// A lower bound of the next edge, `from` or later, at which the bus can answer `initiator`, or accept what waits for
    /// room, if no input comes from outside of the bus and its memories (`bind_memory`); kNever: it cannot. All edges before
    /// `from` have been evaluated. `soonest`: the next edge at which the bus or one of its memories or masters has work.
    [[nodiscard]] Cycles next_answer(std::uint32_t initiator, Cycles from, Cycles soonest) const;
    /// The same for the edge at which the bus next calls anybody but its memories and the initiators in `inside`: it
    /// forwards a request to another target, accepts or answers one of another initiator, or asks caches.
    [[nodiscard]] Cycles next_call_outside(const std::vector<bool>& inside, Cycles from, Cycles soonest) const;

    /// @{ Leaps (docs/lazy-islands.md). Writes down what decides the future; refuses if there is anything but data of the
    /// initiators in `leaping` on its way to or from memories (`bind_memory`).
    void record(StateRecord& state, const std::vector<bool>& leaping) const;
    void leap(const Leap& leap);
    /// A burst in the bus.
    struct InBus {
        std::uint32_t id = 0;
        bool forwarded = false;
        bool answered = false;
    };
    /// The burst `tag` of `initiator`, if it is in the bus.
    [[nodiscard]] std::optional<InBus> find(std::uint32_t initiator, Access access, std::uint32_t tag) const;
    /// The bytes by which the addresses of the burst with the bus's tag `id` move in `leap`.
    [[nodiscard]] std::uint64_t moves(const Leap& leap, std::uint32_t id) const;
    /// @}

    /// Bursts that were handed over and not yet answered, of all initiators.
    [[nodiscard]] std::size_t outstanding() const;

  private:
    class Impl;
    BusConfig config_;
    AddressMap map_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dmasim
