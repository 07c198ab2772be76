// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <systemc>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/bus/peripherals.h"
#include "dmasim/bus/remapper.h"
#include "dmasim/cli/agent.h"
#include "dmasim/cli/core/scenario.h"
#include "dmasim/cli/core/steps.h"
#include "dmasim/cli/register_port.h"
#include "dmasim/cpu_stub/cpu.h"
#include "dmasim/model/stats/statistic.h"
#include "dmasim/model/trace.h"
#include "dmasim/model/verifier/monitor.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/dma_controller.h"
#include "dmasim/tlm/pc_at_dma_controller.h"
#include "dmasim/tlm/protocol_monitor.h"

namespace dmasim::cli {

/// Numbers of the blocks in events: controller `i` is `i`, the CPU comes behind the controllers.
inline constexpr std::uint16_t kBusSource = 1000;
inline constexpr std::uint16_t kFirstMemorySource = 2000;
inline constexpr std::uint16_t kFirstStreamSource = 3000;

/// The modules of a scenario, made and bound.
class Platform final : public sc_core::sc_module {
  public:
    /// `scenario`, `sink`, `watch` and `actions` must outlive the module. `sink` gets all events, `actions` (may be null) what
    /// the actor of the cache has done, `verifier` (may be null) the notes of the program. Throws `ConfigError`.
    Platform(const sc_core::sc_module_name& name, const Scenario& scenario, const ClockDomain& domain, TraceSink& sink,
             ChannelWatch& watch, CacheActionLog* actions = nullptr, VerifierMonitor* verifier = nullptr);
    ~Platform() override;

    /// Brings controllers and bus to the present, so that their events are complete.
    void catch_up();

    /// Reads memory as it is now; false if a byte lies outside of a memory.
    bool peek(std::uint64_t address, void* data, std::uint64_t bytes) const;

    /// What sink `stream` has taken so far.
    [[nodiscard]] const Bytes& received(std::uint32_t stream) const {
        return stream < streams_.size() ? streams_[stream]->core().received()
                                        : fly_by_[stream - streams_.size()]->core().received();
    }

    /// What the stream peripherals have seen; the names begin with the name of the stream.
    [[nodiscard]] std::vector<Statistic> stream_statistics() const;

    /// The CPU, or nullptr.
    [[nodiscard]] Cpu* cpu() { return cpu_.get(); }
    /// The simulation is over: what the steps have left to tell is told.
    void end_program() {
        if (runtime_ != nullptr) {
            runtime_->end(cpu_ != nullptr && cpu_->finished());
        }
    }
    /// Outcomes of the expectations of the program's steps so far.
    [[nodiscard]] std::vector<Check> checks() const;
    /// What the program's steps have to tell so far.
    [[nodiscard]] std::vector<ReportSection> sections() const;

    /// What has not come to its end: transfers of agents and the program, readable; empty: nothing.
    [[nodiscard]] std::string unfinished() const;

  private:
    void make(const Scenario& scenario, TraceSink& sink, ChannelWatch& watch, CacheActionLog* actions);
    void bind(const Scenario& scenario);
    void fill_memories(const Scenario& scenario);
    template <typename Initiator, typename Target>
    void connect(Initiator& initiator, Target& target, const std::string& name);
    void make_system_dma(const PlatformSpec& spec, std::vector<std::function<void()>>& makers);
    void bind_system_dma(const PlatformSpec& spec, unsigned target);
    void run_program(CpuContext& context);

    const Scenario& scenario_;
    ClockDomain domain_;
    VerifierMonitor* verifier_;
    std::unique_ptr<Interconnect> bus_;
    std::vector<std::unique_ptr<Memory>> memories_;
    std::vector<std::unique_ptr<DmaController>> controllers_;
    std::vector<std::unique_ptr<RegisterPort>> register_ports_;
    std::vector<std::unique_ptr<TransferAgent>> agents_;
    std::vector<std::unique_ptr<CommandAgent>> command_agents_;
    std::vector<std::unique_ptr<ProtocolMonitor>> monitors_;
    std::vector<std::unique_ptr<sc_core::sc_signal<bool>>> interrupts_;
    std::vector<std::unique_ptr<SparseStore>> media_;
    std::vector<std::unique_ptr<BlockDevice>> block_devices_;
    std::vector<std::unique_ptr<StreamPeripheral>> streams_;
    std::unique_ptr<MapRegisters> map_registers_;
    std::vector<std::unique_ptr<Remapper>> remappers_;  ///< By controller, behind them the system's; null: none.
    std::unique_ptr<PcAtDmaController> system_dma_;
    std::vector<std::unique_ptr<FlyByPeripheral>> fly_by_;
    std::vector<std::unique_ptr<sc_core::sc_signal<bool>>> requests_;  ///< DREQ, DACK and TC of the peripherals.
    std::unique_ptr<Cpu> cpu_;
    std::unique_ptr<StepRuntime> runtime_;
};

}  // namespace dmasim::cli
