// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include <systemc>
#include <tlm>

#include "dmasim/bus/core/beat/beat_memory.h"
#include "dmasim/bus/core/config.h"
#include "dmasim/bus/core/memory_core.h"
#include "dmasim/bus/target_socket_adapter.h"
#include "dmasim/tlm/beat_link.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"

namespace dmasim {

/// What is fixed about a `Memory` beside its core's configuration.
struct MemoryOptions {
    /// Grants direct memory pointers, for up to 256 KiB each (less beside error ranges), while no timed burst is under way; takes all of them back when one
    /// arrives. For loosely timed platforms; whoever uses a pointer has left the timing contract.
    bool dmi = false;
    TraceSink* sink = nullptr;  ///< Receives the events; null: none.
    std::uint16_t source = 0;   ///< Number of this block in the events.
};

/// A memory as a SystemC module: `MemoryCore` (docs/timing.md M1 to M3) with a target socket.
///
/// b_transport carries the burst out at once, with the stamps of an otherwise idle memory: the returned delay is that of
/// the response (of the first beat of read data). transport_dbg sees the beats written before now, takes no time and
/// disregards error ranges.
///
/// With `MemoryConfig::beat`, a beat-accurate controller that is bound to it, or a beat-accurate fabric, moves its data
/// beat by beat without using the socket (docs/beat-pipelines.md, "Islands").
///
/// Bound to an interconnect itself, it becomes part of its island (docs/lazy-islands.md): bursts of the bus do not use the
/// socket. If the interconnect is lazy, direct memory pointers are refused; if it is not, a memory that may grant them
/// stays outside.
///
/// Not modelled: what `MemoryCore` does not model; contention between b_transport calls, and between bursts over the
/// socket and data that moves beat by beat.
class Memory final : public sc_core::sc_module {
  public:
    tlm::tlm_target_socket<> socket;

    /// Throws `ConfigError` with all problems of `config`.
    Memory(const sc_core::sc_module_name& name, const ClockDomain& domain, const MemoryConfig& config,
           const MemoryOptions& options = {});
    ~Memory() override;

    [[nodiscard]] const MemoryConfig& config() const { return core_.config(); }
    [[nodiscard]] const ClockDomain& domain() const { return domain_; }

    /// Reads what an observer sees now; false, and nothing read, if a byte lies outside.
    bool peek(std::uint64_t address, void* data, std::uint64_t bytes) const;
    /// Writes at once; false, and nothing written, if a byte lies outside.
    bool poke(std::uint64_t address, const void* data, std::uint64_t bytes);
    /// Writes the contents of a file; returns its number of bytes. Throws `ConfigError` if it cannot be read or does not fit.
    std::uint64_t load(std::uint64_t address, const std::string& path);
    /// A hash of what an observer sees now.
    std::uint64_t hash();

    /// Whether it is part of an interconnect's island; known from the start of simulation on.
    [[nodiscard]] bool in_island() const { return process_.hosted(); }

    [[nodiscard]] const TargetSocketAdapter& adapter() const { return adapter_; }

  private:
    /// The bytes and error ranges of the core for the beat-accurate side.
    class Storage final : public BeatStorage {
      public:
        explicit Storage(MemoryCore& core) : core_(core) {}
        void read(std::uint64_t address, std::uint8_t* data, std::uint32_t bytes, Cycles at) override;
        void write(std::uint64_t address, const std::uint8_t* data, std::uint32_t bytes, Cycles at) override;
        [[nodiscard]] Response check(Access access, std::uint64_t address, std::uint32_t bytes) const override;

      private:
        MemoryCore& core_;
    };

    [[nodiscard]] Cycles now() const;
    /// Somebody looks at the bytes or changes them.
    void arrive() const;
    void inquired(BeatInquiry& inquiry);
    void blocking(tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay);
    unsigned debug(tlm::tlm_generic_payload& trans);
    bool direct(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi);
    void take_back();

    ClockDomain domain_;
    MemoryOptions options_;
    MemoryCore core_;
    TargetSocketAdapter adapter_;
    ClockedGroup group_;
    ClockedProcess process_;
    ClockedProcess& observer_;  ///< The same, for looking without changing anything that can be seen.
    bool granted_ = false;
    Storage beat_storage_;
    std::unique_ptr<BeatSlave> beat_memory_;
    BeatMemoryPort beat_port_;
};

}  // namespace dmasim
