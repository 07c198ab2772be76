// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/bus/core/peripheral/block_device_core.h"
#include "dmasim/bus/core/peripheral/fly_by_core.h"
#include "dmasim/bus/core/peripheral/stream_core.h"
#include "dmasim/bus/target_socket_adapter.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"
#include "dmasim/tlm/fly_by_port.h"
#include "dmasim/tlm/optional_ports.h"
#include "dmasim/tlm/pin_driver.h"

namespace dmasim {

/// A pin that may stay unbound.
using PeripheralInput = OptionalInput;

/// The socket of a peripheral core and what drives it; base of the peripherals' modules.
class PeripheralSocket {
  public:
    PeripheralSocket(tlm::tlm_target_socket<>& socket, const ClockDomain& domain, DevicePort& core);

    [[nodiscard]] const ClockDomain& domain() const { return domain_; }
    /// The stamp of something that happens now.
    [[nodiscard]] Cycles now() const;
    /// An input was given to the core.
    void wake() { process_.wake(); }

  private:
    void blocking(tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay);

    ClockDomain domain_;
    DevicePort& core_;
    TargetSocketAdapter adapter_;
    ClockedGroup group_;
    ClockedProcess process_;
};

/// `StreamPeripheralCore` as a SystemC module (docs/peripherals.md). transport_dbg moves nothing; no DMI.
class StreamPeripheral final : public sc_core::sc_module {
  public:
    tlm::tlm_target_socket<> socket;
    PinDriver::Pin dreq;
    PeripheralInput dack;
    PeripheralInput tc;

    /// Throws `ConfigError` with all problems of `config`.
    StreamPeripheral(const sc_core::sc_module_name& name, const ClockDomain& domain, const StreamConfig& config);
    ~StreamPeripheral() override;

    /// Source: appends bytes to what it gives, from now on.
    void supply(const std::vector<std::uint8_t>& bytes);
    /// Requests again after TC.
    void arm();
    /// As `StreamPeripheralCore::set_trace`; before the simulation begins.
    void set_trace(TraceSink* sink, std::uint16_t source, std::uint64_t address) {
        core_.set_trace(sink, source, address);
    }
    [[nodiscard]] const StreamPeripheralCore& core() const { return core_; }

  private:
    void dack_changed();
    void tc_changed();

    StreamPeripheralCore core_;
    PeripheralSocket bus_;
    PinDriver dreq_driver_;
};

/// `BlockDeviceCore` as a SystemC module (docs/peripherals.md). transport_dbg moves nothing; no DMI.
class BlockDevice final : public sc_core::sc_module {
  public:
    tlm::tlm_target_socket<> socket;
    PinDriver::Pin dreq;
    PinDriver::Pin irq;

    /// `store` must outlive the module. Throws `ConfigError` with all problems of `config`.
    BlockDevice(const sc_core::sc_module_name& name, const ClockDomain& domain, const BlockDeviceConfig& config,
                BlockStore& store);
    ~BlockDevice() override;

    [[nodiscard]] const BlockDeviceCore& core() const { return core_; }

  private:
    BlockDeviceCore core_;
    PeripheralSocket bus_;
    PinDriver dreq_driver_;
    PinDriver irq_driver_;
};

/// `FlyByCore` as a SystemC module (docs/pc-at.md, "A peripheral"): bind `PcAtDmaController::data[n]` to this module and
/// the pins to those of channel n. transport_dbg moves nothing; no DMI.
class FlyByPeripheral final : public sc_core::sc_module, public FlyByPort {
  public:
    tlm::tlm_target_socket<> socket;
    PinDriver::Pin dreq;
    PinDriver::Pin irq;
    PeripheralInput tc;

    /// Throws `ConfigError` with all problems of `config`.
    FlyByPeripheral(const sc_core::sc_module_name& name, const ClockDomain& domain, const FlyByConfig& config);
    ~FlyByPeripheral() override;

    /// Appends bytes to what it gives.
    void supply(const std::vector<std::uint8_t>& bytes) { core_.supply(bytes); }
    [[nodiscard]] const FlyByCore& core() const { return core_; }

    // FlyByPort
    void acknowledged(unsigned bytes, Cycles at) override;
    std::uint16_t give(unsigned bytes, Cycles at) override;
    void take(std::uint16_t value, unsigned bytes, Cycles at) override;

  private:
    void tc_changed();

    FlyByCore core_;
    PeripheralSocket bus_;
    PinDriver dreq_driver_;
    PinDriver irq_driver_;
};

}  // namespace dmasim
