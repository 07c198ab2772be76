// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/bus/core/bus_core.h"
#include "dmasim/bus/core/config.h"
#include "dmasim/bus/core/snoop.h"
#include "dmasim/bus/target_socket_adapter.h"
#include "dmasim/model/beat/beat_system.h"
#include "dmasim/model/trace.h"
#include "dmasim/tlm/beat_link.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"

namespace dmasim {

/// What is fixed about an `Interconnect` beside its core's configuration.
struct InterconnectOptions {
    /// Targets that are taken for foreign even if they announce themselves (timing.md B3); shorter: false.
    std::vector<bool> foreign;
    /// The island of this bus and of the masters and memories of ours that are bound to it (docs/lazy-islands.md) runs
    /// when somebody looks, and not at each of its edges: faster, with the same results. A beat-accurate fabric with a
    /// sink ignores it.
    bool lazy = false;
    TraceSink* sink = nullptr;  ///< Receives the events; null: none.
    std::uint16_t source = 0;   ///< Number of this block in the events.
    /// All bursts go over the sockets, those from and to modules of ours, too: no island. Slower, with the same results.
    /// Not together with `lazy` (`ConfigError`).
    bool transactions = false;
};

/// A bus as a SystemC module: `BusCore` (docs/timing.md B1 to B6) with a target socket for each initiator and an
/// initiator socket for each target. Base protocol; any conforming module may be bound on either side. The payload itself
/// is passed on, its address changed on the way and restored with the response.
///
/// Targets of ours announce themselves before the simulation starts, by a debug access that carries an extension, so also
/// through a monitor in line. All others are foreign.
///
/// b_transport goes through with the stamps of an otherwise idle bus: the returned delay is that of the response (of the
/// first beat of read data). Debug accesses are split at the bounds of ranges. DMI is passed on, translated and clipped to
/// the range; never to a snooped initiator.
///
/// With a topology that is a beat-accurate fabric (`BusConfig::is_beat_fabric`) the interconnect runs the controllers and
/// memories that are bound to it as one beat-accurate system (docs/beat-pipelines.md, "Islands"). Each initiator has to be
/// a controller with a beat-accurate profile, each target a memory with `MemoryConfig::beat`, all with its clock and width;
/// everything else is a `ConfigError` at the start of simulation. What such a controller moves burst by burst (descriptors,
/// status write-backs, jobs with a fixed side) goes beside the fabric, over a crossbar of timing.md, B1 to B5.
///
/// Not modelled: what `BusCore` does not model; contention of b_transport; contention between a beat-accurate fabric and
/// the crossbar beside it.
class Interconnect final : public sc_core::sc_module {
  public:
    /// One for each initiator: bind initiator i's socket to `target_sockets[i]`.
    sc_core::sc_vector<tlm::tlm_target_socket<>> target_sockets;
    /// One for each target: bind `initiator_sockets[t]` to target t's socket.
    sc_core::sc_vector<tlm::tlm_initiator_socket<>> initiator_sockets;

    /// Throws `ConfigError` with all problems of `config`.
    Interconnect(const sc_core::sc_module_name& name, const ClockDomain& domain, const BusConfig& config,
                 const InterconnectOptions& options = {});
    ~Interconnect() override;

    /// Adds a cache that takes part in I/O coherence (B6), while elaborating; returns its number. It may answer at any
    /// time, from any process.
    unsigned add_cache(SnoopPort& cache);

    [[nodiscard]] const BusConfig& config() const { return config_; }
    [[nodiscard]] const ClockDomain& domain() const { return domain_; }
    /// After every edge before the present.
    [[nodiscard]] const BusCore& core();

    /// Whether initiator `initiator`, and target `target`, belong to its island; known from the start of simulation on.
    [[nodiscard]] bool has_master(std::uint32_t initiator) const;
    [[nodiscard]] bool has_memory(std::uint32_t target) const;
    /// Cycles that the island has passed at rest (docs/lazy-islands.md) and that are over for all of its blocks; 0 without an
    /// island. What is at rest now counts when somebody looks.
    [[nodiscard]] std::uint64_t leaped_cycles() const;

    /// Brings an island to the present, so that the events of all its members are complete: every edge before now is
    /// evaluated. Also called at the end of simulation.
    void catch_up();

    /// The beat-accurate system that this interconnect runs, from the start of simulation on; null without a
    /// beat-accurate fabric. Master `i` is initiator `i`.
    [[nodiscard]] BeatSystem* beat_system();

    /// Calls from either side for phases that were not due; each was ignored (a faulty module).
    [[nodiscard]] std::uint64_t unexpected_calls() const;

  private:
    class Downstream;
    class SnoopShim;
    class BlockingSnoop;
    class Island;
    class Wired;

    void end_of_elaboration() override;
    void start_of_simulation() override;
    void end_of_simulation() override;
    void ask(std::uint32_t target);
    [[nodiscard]] std::uint16_t number_of(std::uint32_t initiator) const;

    void blocking(std::uint32_t initiator, tlm::tlm_generic_payload& trans, const Burst& burst,
                  sc_core::sc_time& delay);
    unsigned debug(tlm::tlm_generic_payload& trans);
    bool direct(std::uint32_t initiator, tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi);
    void invalidate(std::uint32_t target, std::uint64_t first, std::uint64_t last);

    BusConfig config_;
    ClockDomain domain_;
    InterconnectOptions options_;
    BusCore core_;
    ClockedGroup group_;
    ClockedProcess process_;
    std::vector<std::unique_ptr<TargetSocketAdapter>> upstream_;
    std::vector<std::unique_ptr<Downstream>> downstream_;
    std::vector<SnoopPort*> caches_;
    std::vector<std::unique_ptr<SnoopShim>> shims_;
    std::unique_ptr<Island> island_;
    std::unique_ptr<Wired> wired_;
};

}  // namespace dmasim
