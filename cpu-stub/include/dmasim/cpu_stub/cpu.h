// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/bus/core/snoop.h"
#include "dmasim/cpu_stub/core/cache_actor.h"
#include "dmasim/cpu_stub/core/config.h"
#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/cpu_stub/core/cpu_core.h"
#include "dmasim/cpu_stub/core/stall.h"
#include "dmasim/model/trace.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/master_socket_adapter.h"

namespace dmasim {

/// How a `Cpu` is built into a platform.
struct CpuOptions {
    TransportStyle style = TransportStyle::NonBlocking;
    std::uint16_t initiator = 0;  ///< Number of this initiator in extensions.
    TraceSink* trace = nullptr;   ///< Gets the events of the CPU and its cache; may be null.
    std::uint16_t source = 0;     ///< Number of the CPU in its events.
    /// Evictions and prefetches of the hardware's own accord; they end with the program. Without a program there are none.
    CacheActorConfig actor;
    std::vector<CpuStall> stalls;          ///< In rising order of `at`.
    CacheActionLog* action_log = nullptr;  ///< Told what outside actors have done; may be null.
};

/// A CPU stub: a C++ function that runs on a data cache and a store buffer (docs/cpu.md).
///
/// The function runs once, from time 0, in a thread of this module. Data that has to outlive the simulation belongs into
/// members of the user's module and not onto the stack of the function: SystemC never unwinds the stack of a thread that
/// is still waiting when the simulation ends.
///
/// Not modelled: see `CpuCore`; DMI.
class Cpu final : public sc_core::sc_module {
  public:
    using Program = std::function<void(CpuContext&)>;
    /// An interrupt input. It may stay unbound.
    using InterruptPort = sc_core::sc_port<sc_core::sc_signal_in_if<bool>, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;

    tlm::tlm_initiator_socket<> memory;
    sc_core::sc_vector<InterruptPort> irq;  ///< `CpuConfig::interrupts` of them.

    /// Throws `ConfigError` with all problems of `config`. Without a program the CPU idles.
    Cpu(const sc_core::sc_module_name& name, const ClockDomain& domain, const CpuConfig& config, Program program = {},
        const CpuOptions& options = {});
    ~Cpu() override;

    /// Sets the program; before the simulation starts.
    void set_program(Program program);

    /// The program has returned, and when.
    [[nodiscard]] bool finished() const;
    [[nodiscard]] Cycles finished_at() const;
    /// Notified at that time.
    [[nodiscard]] const sc_core::sc_event& finished_event() const;

    /// Where the bus hands its snoops to (coherence mode io-coherent).
    [[nodiscard]] SnoopPort& snoop_port();

    /// Actors besides the program: a capacity eviction, a speculative fill, at the present time (docs/cpu.md P9).
    void evict(std::uint64_t address);
    void prefetch(std::uint64_t address);

    /// State and statistics, after every edge before the present.
    [[nodiscard]] const CpuCore& core();
    [[nodiscard]] const CpuStatistics& statistics();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dmasim
