// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/remapper.h"

#include <algorithm>
#include <utility>

#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/payload_view.h"

namespace dmasim {

namespace {

MasterSocketOptions socket_options(const RemapperConfig& config) {
    MasterSocketOptions options;
    options.initiator = config.initiator;
    options.bus_bytes = config.bus_bytes;
    return options;
}

}  // namespace

MapRegisters::MapRegisters(const sc_core::sc_module_name& name, const ClockDomain& domain,
                           const MapRegistersConfig& config)
    : sc_module(name), socket("socket"), core_(config), bus_(socket, domain, core_) {}

MapRegisters::~MapRegisters() = default;

Remapper::Remapper(const sc_core::sc_module_name& name, const ClockDomain& domain, const RemapperConfig& config,
                   const TranslationTable* table)
    : sc_module(name),
      master("master"),
      memory("memory"),
      domain_(domain),
      config_(config),
      translator_(config.translate_cycles, config.bus_bytes, config.unmapped, table),
      upstream_(master, domain, translator_, {0, false, true},
                {[this] { process_.wake(); },
                 [this](tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay) {
                     blocking(trans, burst, delay);
                 },
                 [this](tlm::tlm_generic_payload& trans) { return debug(trans); },
                 {},
                 {},
                 {},
                 {}}),
      group_({&upstream_}),
      process_("process", domain, group_),
      downstream_("downstream", memory, process_, translator_, socket_options(config)) {
    translator_.exclude(config.excluded, config.excluded_bytes);
    translator_.bind(downstream_, upstream_);
}

Remapper::~Remapper() = default;

void Remapper::blocking(tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay) {
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    const Cycles at = domain_.stamp_of(now, delay);
    const Cycles on = at + config_.translate_cycles;
    std::uint64_t physical = 0;
    TranslationFault fault;
    if (!translator_.translate(burst, at, physical, fault)) {
        translator_.count(fault);
        answer(trans, Response::AddressError);
        if (BurstExtension* extension = extension_of(trans)) {
            extension->interval = 1;
        }
        const std::uint32_t beats = beats_of(burst.address, burst.bytes, burst.fixed_bytes, config_.bus_bytes);
        delay = domain_.time_until(on + (trans.is_write() ? beats : 1), now);
        return;
    }
    trans.set_address(physical);
    delay = domain_.time_until(on, now);
    memory->b_transport(trans, delay);
    trans.set_address(burst.address);
}

unsigned Remapper::debug(tlm::tlm_generic_payload& trans) {
    constexpr std::uint64_t kPage = 4096;  // No table has smaller pages.
    const std::uint64_t address = trans.get_address();
    std::uint8_t* const data = trans.get_data_ptr();
    const std::uint32_t bytes = trans.get_data_length();
    // As a request of the next cycle, which sees all that has been written.
    const Cycles at = domain_.stamp_of(sc_core::sc_time_stamp()) + 1;
    std::uint32_t done = 0;
    while (done < bytes) {
        Burst burst;
        burst.access = trans.is_write() ? Access::Write : Access::Read;
        burst.address = address + done;
        burst.bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes - done, kPage - burst.address % kPage));
        std::uint64_t physical = 0;
        TranslationFault fault;
        if (!translator_.translate(burst, at, physical, fault)) {
            break;
        }
        trans.set_address(physical);
        trans.set_data_ptr(data + done);
        trans.set_data_length(burst.bytes);
        const unsigned moved = memory->transport_dbg(trans);
        done += std::min(moved, burst.bytes);
        if (moved < burst.bytes) {
            break;
        }
    }
    trans.set_address(address);
    trans.set_data_ptr(data);
    trans.set_data_length(bytes);
    return done;
}

}  // namespace dmasim
