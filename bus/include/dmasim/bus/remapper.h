// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/bus/core/map_registers.h"
#include "dmasim/bus/peripherals.h"
#include "dmasim/bus/target_socket_adapter.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"
#include "dmasim/tlm/master_socket_adapter.h"

namespace dmasim {

/// `MapRegistersCore` as a SystemC module: the registers on the bus. transport_dbg moves nothing; no DMI.
class MapRegisters final : public sc_core::sc_module {
  public:
    tlm::tlm_target_socket<> socket;

    /// Throws `ConfigError` with all problems of `config`.
    MapRegisters(const sc_core::sc_module_name& name, const ClockDomain& domain, const MapRegistersConfig& config);
    ~MapRegisters() override;

    [[nodiscard]] const MapRegistersCore& core() const { return core_; }
    /// What the registers make, for `Remapper`s.
    [[nodiscard]] const TranslationTable& table() const { return core_.table(); }

  private:
    MapRegistersCore core_;
    PeripheralSocket bus_;
};

/// What is fixed about a `Remapper`.
struct RemapperConfig {
    std::uint32_t translate_cycles = 1;  ///< What a translation takes, 0 to 1024.
    AddressTranslator::Unmapped unmapped = AddressTranslator::Unmapped::Fault;
    std::uint64_t excluded = 0;        ///< First address of a range that passes as it is: the device's own memory.
    std::uint64_t excluded_bytes = 0;  ///< 0: there is none.
    std::uint32_t bus_bytes = 8;       ///< Bytes a beat of both sockets, a power of two, 4 to 128.
    std::uint16_t initiator = 0;       ///< Number in extensions.
};

/// Map registers in hardware between a master and its bus: `AddressTranslator` as a SystemC module.
///
/// An access that is not allowed ends here with TLM_ADDRESS_ERROR_RESPONSE. b_transport translates with the table of its
/// time, transport_dbg with that of the present; no DMI.
class Remapper final : public sc_core::sc_module {
  public:
    tlm::tlm_target_socket<> master;     ///< The device: logical addresses.
    tlm::tlm_initiator_socket<> memory;  ///< The bus: physical addresses.

    /// `table`: at first, see `AddressTranslator`; outlives this. Throws `ConfigError`.
    Remapper(const sc_core::sc_module_name& name, const ClockDomain& domain, const RemapperConfig& config,
             const TranslationTable* table);
    ~Remapper() override;

    /// Called for every fault, in the process of whoever made the access.
    void on_fault(std::function<void(const TranslationFault&)> listener) { translator_.on_fault(std::move(listener)); }
    /// For a `dma::RemappingUnit`, which gives it its tables, and for looking at.
    [[nodiscard]] AddressTranslator& translator() { return translator_; }

  private:
    void blocking(tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay);
    unsigned debug(tlm::tlm_generic_payload& trans);

    ClockDomain domain_;
    RemapperConfig config_;
    AddressTranslator translator_;
    TargetSocketAdapter upstream_;
    ClockedGroup group_;
    ClockedProcess process_;
    MasterSocketAdapter downstream_;
};

}  // namespace dmasim
