// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/model/frontend/i8237/device.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"
#include "dmasim/tlm/master_socket_adapter.h"
#include "dmasim/tlm/optional_ports.h"
#include "dmasim/tlm/register_target.h"

namespace dmasim {

/// What is fixed about an `I8237Controller` beside the device's own configuration.
struct I8237ControllerConfig {
    I8237DeviceConfig device;
    TransportStyle style = TransportStyle::NonBlocking;  ///< Of the initiator sockets. `registers` takes both always.
    std::uint32_t register_latency = 1;  ///< Cycles from a register access to its answer, 0 to 1 000 000.
    /// Bytes from one register to the next, 1 or 2 (a part on the odd address lines, as the second one of a PC/AT).
    std::uint32_t register_spacing = 1;
    std::uint16_t initiator = 0;  ///< Number in extensions.
    std::uint32_t bus_bytes = 4;  ///< Bytes a beat of what is bound to the sockets, a power of two, 4 to 128.
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const I8237ControllerConfig& config);

/// An Intel 8237A as a SystemC module: `I8237Device` (docs/i8237.md) with sockets and pins.
///
/// Every pin and every initiator socket may stay unbound; an unbound socket reads 0xFF and takes all writes. Input levels
/// that change at time x have stamp ceil(x / period); outputs change at the time of their stamp. There is no clock input:
/// the clock is `ClockDomain`. Two of them cascade by binding HRQ of one to a DREQ of the other, and that DACK to HLDA.
///
/// Not modelled: docs/i8237.md, "Not modelled"; DMI.
class I8237Controller final : public sc_core::sc_module, private RegisterFile, private I8237Owner {
  public:
    /// Registers, a byte each (docs/i8237.md, "Registers"); accesses of one byte, or of two at an even address, which are
    /// two accesses. More address bits are not looked at. b_transport, nb_transport and transport_dbg.
    tlm::tlm_target_socket<> registers;
    /// Memory: what MEMR and MEMW reach.
    OptionalInitiatorSocket memory;
    /// Data port of each channel's peripheral: what IOR and IOW reach while DACK of the channel is active; address 0.
    sc_core::sc_vector<OptionalInitiatorSocket> peripheral;
    /// DMA request of each channel, as it is on the pin: command bit 6 says which level is active.
    sc_core::sc_vector<OptionalInput> dreq;
    /// Acknowledge of each channel: high is active, whatever command bit 7 makes of the pin (`pins().dack_levels`).
    sc_core::sc_vector<OptionalOutput> dack;
    /// Hold request, high is active, and its acknowledge.
    OptionalOutput hrq;
    OptionalInput hlda;
    /// READY, high when unbound. Accesses over the sockets that take longer hold the part up as well.
    OptionalInput ready;
    /// EOP as an input and as an output (TC). High is active.
    OptionalInput eop;
    OptionalOutput tc;
    /// Strobes, high is active.
    OptionalOutput aen;
    OptionalOutput adstb;
    OptionalOutput ior;
    OptionalOutput iow;
    OptionalOutput memr;
    OptionalOutput memw;
    /// High for one clock from the stamp of a failed access or a lost byte on, as IOCHK of a board.
    OptionalOutput bus_error;
    /// Active high; the rising edge resets. While it is high, writes to registers are ignored.
    OptionalInput reset;

    /// Throws `ConfigError` with all problems of `config`.
    I8237Controller(const sc_core::sc_module_name& name, const ClockDomain& domain,
                    const I8237ControllerConfig& config);
    ~I8237Controller() override;

    [[nodiscard]] const I8237ControllerConfig& config() const { return config_; }
    [[nodiscard]] const ClockDomain& domain() const { return domain_; }
    /// Page registers: see `I8237Device::map_addresses`. Before the start of simulation.
    void map_addresses(I8237Device::AddressMap map) { device_.map_addresses(std::move(map)); }
    /// All pins as they are at the present.
    [[nodiscard]] const I8237Pins& pins() const { return device_.pins(); }
    /// For looking at; its inputs belong to this module.
    [[nodiscard]] const I8237Device& device() const { return device_; }

  private:
    // RegisterFile
    Response read(std::uint64_t offset, std::uint32_t& value, Cycles at) override;
    Response write(std::uint64_t offset, std::uint32_t value, std::uint8_t enables, Cycles at) override;
    Response peek(std::uint64_t offset, std::uint32_t& value) const override;
    [[nodiscard]] std::uint32_t register_bytes() const override { return 1; }
    // I8237Owner
    void pins(const I8237Pins& pins, Cycles at) override;
    bool request(I8237Port port, const Burst& burst, Cycles at) override;
    void bus_error_at(Cycles at) override;

    void drive(OptionalOutput& output, bool level);
    void inputs_changed();
    void drive_error();

    I8237ControllerConfig config_;
    ClockDomain domain_;
    I8237Device device_;
    ClockedProcess process_;
    std::vector<std::unique_ptr<MasterSocketAdapter>> adapters_;  ///< By `I8237Port`.
    RegisterTarget register_target_;
    bool in_reset_ = false;
    bool ready_level_ = true;
    bool hlda_level_ = false;
    bool eop_level_ = false;
    std::vector<bool> dreq_level_;
    Cycles error_from_ = kNever;
    Cycles error_until_{0};
    sc_core::sc_event error_event_;
};

}  // namespace dmasim
