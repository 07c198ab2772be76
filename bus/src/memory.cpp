// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/memory.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>

#include "dmasim/model/errors.h"
#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/payload_view.h"

namespace dmasim {

Memory::Memory(const sc_core::sc_module_name& name, const ClockDomain& domain, const MemoryConfig& config,
               const MemoryOptions& options)
    : sc_module(name),
      socket("socket"),
      domain_(domain),
      options_(options),
      core_(config),
      adapter_(socket, domain, core_, {core_.write_interval(), true, false},
               {[this] { process_.wake(); },
                [this](tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay) {
                    blocking(trans, burst, delay);
                },
                [this](tlm::tlm_generic_payload& trans) { return debug(trans); },
                [this](tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) { return direct(trans, dmi); },
                [this] { take_back(); },
                {},
                {},
                [this](BeatInquiry& inquiry) { inquired(inquiry); },
                [this] { arrive(); },
                {},
                [this] {
                    return IslandMemory{beat_memory_ ? nullptr : &core_, &process_, domain_.period(), options_.dmi};
                }}),
      group_({&core_, &adapter_}),
      process_("process", domain, group_),
      observer_(process_),
      beat_storage_(core_) {
    core_.bind(adapter_);
    core_.set_trace(options.sink, options.source);
    if (config.beat) {
        BeatMemoryTiming timing;
        timing.kind = *config.beat;
        timing.read_latency = config.read_latency;
        timing.write_latency = config.write_latency;
        timing.read_wait = config.read_wait;
        timing.write_wait = config.write_wait;
        timing.max_reads = config.beat_max_reads;
        timing.max_writes = config.beat_max_writes;
        beat_memory_ = make_beat_memory(timing, config.bus_bytes(), beat_storage_);
        beat_port_.slave = beat_memory_.get();
        beat_port_.bus_bytes = config.bus_bytes();
        beat_port_.period = domain.period();
    }
}

Memory::~Memory() = default;

void Memory::Storage::read(std::uint64_t address, std::uint8_t* data, std::uint32_t bytes, Cycles at) {
    if (check(Access::Read, address, bytes) == Response::Ok) {
        core_.read_beat(address, data, bytes, at);
    } else {
        std::fill_n(data, bytes, std::uint8_t{0});
    }
}

void Memory::Storage::write(std::uint64_t address, const std::uint8_t* data, std::uint32_t bytes, Cycles at) {
    core_.write_beat(address, data, bytes, at);
}

Response Memory::Storage::check(Access access, std::uint64_t address, std::uint32_t bytes) const {
    Burst burst;
    burst.access = access;
    burst.address = address;
    burst.bytes = bytes;
    return core_.check(burst);
}

void Memory::inquired(BeatInquiry& inquiry) {
    // With another clock or width it is a target like any other.
    if (beat_memory_ && inquiry.bus_bytes == beat_port_.bus_bytes && inquiry.period == beat_port_.period) {
        inquiry.memory = &beat_port_;
    }
}

Cycles Memory::now() const {
    return domain_.stamp_of(sc_core::sc_time_stamp());
}

void Memory::arrive() const {
    observer_.arrive();
    if (beat_port_.look) {
        beat_port_.look();
    }
}

bool Memory::peek(std::uint64_t address, void* data, std::uint64_t bytes) const {
    arrive();
    return core_.peek(address, data, bytes, now());
}

bool Memory::poke(std::uint64_t address, const void* data, std::uint64_t bytes) {
    arrive();
    return core_.poke(address, data, bytes, now());
}

std::uint64_t Memory::load(std::uint64_t address, const std::string& path) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    const std::uint64_t size = core_.config().size;
    if (!error && size != 0 && (address > size || bytes > size - address)) {
        throw ConfigError(std::string(name()) + ": memory image '" + path + "' has " + std::to_string(bytes) +
                          " bytes and does not fit into the memory");
    }
    arrive();
    core_.settle(now());
    return core_.storage().load(address, path);
}

std::uint64_t Memory::hash() {
    arrive();
    core_.settle(now());
    return core_.storage().hash();
}

void Memory::blocking(tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay) {
    const sc_core::sc_time present = sc_core::sc_time_stamp();
    const MemoryCore::Blocking result = core_.access(burst, domain_.stamp_of(present, delay));
    answer(trans, result.response);
    if (BurstExtension* extension = extension_of(trans)) {
        extension->interval = result.interval;
    }
    delay = domain_.time_until(result.first, present);
    trans.set_dmi_allowed(options_.dmi && result.response == Response::Ok);
}

unsigned Memory::debug(tlm::tlm_generic_payload& trans) {
    const std::uint64_t address = trans.get_address();
    const std::uint64_t last =
        core_.config().size == 0 ? std::numeric_limits<std::uint64_t>::max() : core_.config().size - 1;
    if (address > last) {
        return 0;
    }
    arrive();
    std::uint64_t bytes = trans.get_data_length();
    if (bytes - 1 > last - address) {
        bytes = last - address + 1;
    }
    if (trans.is_read()) {
        core_.peek(address, trans.get_data_ptr(), bytes, now());
    } else {
        core_.poke(address, trans.get_data_ptr(), bytes, now());
    }
    return static_cast<unsigned>(bytes);
}

bool Memory::direct(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) {
    const std::uint64_t address = trans.get_address();
    // A refusal is about the page.
    const std::uint64_t page = address & ~(SparseMemory::kPageBytes - 1);
    const std::uint64_t page_last = page + (SparseMemory::kPageBytes - 1);
    const std::uint64_t size = core_.config().size;
    dmi.set_start_address(page);
    dmi.set_end_address(page_last);
    dmi.allow_read_write();
    // Nobody notices who reads through a pointer, so an island could not come to the present before.
    if (!options_.dmi || process_.hosted() || beat_port_.look || (size != 0 && address >= size)) {
        return false;
    }
    const std::uint64_t block = address & ~(SparseMemory::kBlockBytes - 1);
    std::uint64_t low = block;
    std::uint64_t high = block + (SparseMemory::kBlockBytes - 1);
    if (size != 0) {
        high = std::min(high, size - 1);
    }
    for (const ErrorRange& range : core_.config().errors) {
        const std::uint64_t range_last = range.base + (range.size - 1);
        if (range.base <= page_last && page <= range_last) {
            return false;
        }
        // Whole pages that it does not touch.
        if (range.base > page_last) {
            high = std::min(high, (range.base & ~(SparseMemory::kPageBytes - 1)) - 1);
        } else {
            low = std::max(low, (range_last | (SparseMemory::kPageBytes - 1)) + 1);
        }
    }
    if (adapter_.in_progress() != 0 || !core_.idle(now())) {
        // Not now; nothing is said about later.
        dmi.set_start_address(address);
        dmi.set_end_address(address);
        return false;
    }
    core_.settle(now());
    dmi.set_dmi_ptr(core_.storage().block(block) + (low - block));
    dmi.set_start_address(low);
    dmi.set_end_address(high);
    dmi.set_read_latency(domain_.time_of(Cycles{core_.config().read_latency}));
    dmi.set_write_latency(domain_.time_of(Cycles{core_.config().write_latency}));
    if (BurstExtension* extension = extension_of(trans)) {
        extension->interval = trans.is_write() ? core_.write_interval() : core_.read_interval();
    }
    granted_ = true;
    return true;
}

void Memory::take_back() {
    if (granted_) {
        granted_ = false;
        adapter_.invalidate_dmi(0, std::numeric_limits<std::uint64_t>::max());
    }
}

}  // namespace dmasim
