// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/model/frontend/pc_at/pc_at_dma.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"
#include "dmasim/tlm/fly_by_port.h"
#include "dmasim/tlm/master_socket_adapter.h"
#include "dmasim/tlm/optional_ports.h"
#include "dmasim/tlm/pin_driver.h"
#include "dmasim/tlm/register_target.h"

namespace dmasim {

/// What is fixed about a `PcAtDmaController` beside the core's own configuration.
struct PcAtDmaControllerConfig {
    PcAtConfig pc_at;
    TransportStyle style = TransportStyle::NonBlocking;  ///< Of `memory`. `registers` takes both always.
    std::uint32_t register_latency = 1;  ///< Cycles from a register access to its answer, 0 to 1 000 000.
    std::uint16_t initiator = 0;         ///< Number in extensions.
    std::uint32_t bus_bytes = 8;         ///< Bytes a beat of what is bound to `memory`, a power of two, 4 to 128.
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const PcAtDmaControllerConfig& config);

/// The system DMA of a PC/AT as a SystemC module: `PcAtDma` (docs/pc-at.md) with sockets and pins.
///
/// Every pin and every data port may stay unbound. Input levels that change at time x have stamp ceil(x / period); outputs
/// change at the time of their stamp. There is no clock input: the clock is `ClockDomain`.
///
/// Not modelled: docs/pc-at.md, "Not modelled"; DMI.
class PcAtDmaController final : public sc_core::sc_module, private RegisterFile, private BurstPort {
  public:
    /// 256 registers of a byte at the ports of a PC/AT (docs/pc-at.md, "Registers"); accesses of one byte, or of two at an
    /// even address, which are two accesses. b_transport, nb_transport and transport_dbg.
    tlm::tlm_target_socket<> registers;
    /// Memory. Must be bound.
    OptionalInitiatorSocket memory;
    /// The peripheral of each channel (number 4, the link of the two controllers, has none).
    sc_core::sc_vector<OptionalFlyByPort> data;
    /// DMA request of each channel, high is active.
    sc_core::sc_vector<OptionalInput> dreq;
    /// Acknowledge of each channel, high is active.
    sc_core::sc_vector<OptionalOutput> dack;
    /// Terminal count of each channel: TC of the bus and the channel's DACK.
    sc_core::sc_vector<OptionalOutput> tc;
    /// EOP as an input of both controllers, high is active.
    OptionalInput eop;
    /// Interrupt of a channel's end (registers 0xE3 and 0xE4), active high. A real PC/AT has none.
    OptionalOutput irq;
    /// Active high; the rising edge resets. While it is high, writes to registers are ignored.
    OptionalInput reset;

    /// Throws `ConfigError` with all problems of `config`.
    PcAtDmaController(const sc_core::sc_module_name& name, const ClockDomain& domain,
                      const PcAtDmaControllerConfig& config);
    ~PcAtDmaController() override;

    [[nodiscard]] const PcAtDmaControllerConfig& config() const { return config_; }
    [[nodiscard]] const ClockDomain& domain() const { return domain_; }
    /// For looking at; its inputs belong to this module.
    [[nodiscard]] const PcAtDma& core() const { return core_; }

  private:
    /// Not a base of the module: it has pins.
    class Lines final : public FlyByDevice {
      public:
        explicit Lines(PcAtDmaController& owner) : owner_(owner) {}
        std::uint16_t give(unsigned channel, Cycles at) override;
        void take(unsigned channel, std::uint16_t value, Cycles at) override;
        void acknowledge(unsigned channel, bool level, Cycles at) override;
        void terminal_count(unsigned channel, bool level, Cycles at) override;

      private:
        PcAtDmaController& owner_;
    };

    void before_end_of_elaboration() override;
    // RegisterFile
    Response read(std::uint64_t offset, std::uint32_t& value, Cycles at) override;
    Response write(std::uint64_t offset, std::uint32_t value, std::uint8_t enables, Cycles at) override;
    Response peek(std::uint64_t offset, std::uint32_t& value) const override;
    [[nodiscard]] std::uint32_t register_bytes() const override { return 1; }
    // BurstPort
    void request(const Burst& burst, Cycles at) override;

    void inputs_changed();

    PcAtDmaControllerConfig config_;
    ClockDomain domain_;
    Lines lines_;
    PcAtDma core_;
    ClockedProcess process_;
    MasterSocketAdapter adapter_;
    RegisterTarget register_target_;
    PinDriver irq_driver_;
    bool in_reset_ = false;
    bool eop_level_ = false;
    std::vector<bool> dreq_level_;
};

}  // namespace dmasim
