// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/bus/core/config.h"
#include "dmasim/cpu_stub/core/config.h"
#include "dmasim/model/config.h"

namespace dmasim::bench {

/// How simulated time moves.
enum class Driver : std::uint8_t {
    ReferenceClocked,  ///< One SC_METHOD on an sc_clock that evaluates every block at every edge.
    Events,            ///< One activation for each edge with work, cores wired to each other.
    Lazy,              ///< An island, which is run when somebody looks.
    LooselyTimed,      ///< b_transport, direct memory pointers, a quantum.
    Transactions,      ///< As Events, but every burst goes over the sockets.
    Traced,            ///< As Events, with a waveform of controllers and bus.
};

/// A platform and what runs on it: controllers whose channels copy rows within one memory, for ever.
struct Workload {
    std::string name;
    std::uint32_t masters = 1;
    std::uint32_t channels = 1;  ///< That are busy, of each controller.
    std::uint32_t data_width_bits = 64;
    std::uint32_t burst_beats = 16;     ///< Longest burst.
    std::uint32_t wait_states = 0;      ///< Of the memory, reads and writes.
    std::uint32_t row_bytes = 1 << 14;  ///< Copied over and over by each channel.
    bool descriptors = false;           ///< Each row is a descriptor of a ring in memory.
    std::uint32_t pace_cycles = 0;      ///< Not 0: DREQ is high for one cycle of so many, handshake demand.
    std::uint32_t cpu_miss_cycles =
        0;                          ///< Not 0: a CPU whose loads miss, with so many cycles of computing between two.
    bool traced = false;            ///< Measured under Traced, too.
    std::uint32_t odd_bytes = 0;    ///< Not 0: rows do not begin at round addresses.
    bool loosely_timed = false;     ///< Measured under LooselyTimed, and under nothing else.
    std::uint32_t poll_cycles = 0;  ///< Not 0: the simulation is run in pieces of so many cycles.
    std::uint64_t clocked_cycles = 1 << 21;  ///< Measured under ReferenceClocked.
    std::uint64_t event_cycles = 1 << 25;    ///< Measured under Events, Transactions and Traced.
    std::uint64_t lazy_cycles = 1ULL << 29;  ///< Measured under Lazy.

    /// The drivers under which it is measured.
    [[nodiscard]] std::vector<Driver> drivers() const;
    [[nodiscard]] DmaConfig dma() const;
    [[nodiscard]] BusConfig bus() const;
    [[nodiscard]] MemoryConfig memory() const;
    [[nodiscard]] CpuConfig cpu() const;
    [[nodiscard]] std::uint32_t initiators() const { return masters + (cpu_miss_cycles != 0 ? 1 : 0); }

    /// @{ Where the data lies.
    [[nodiscard]] std::uint64_t source(std::uint32_t master, std::uint32_t channel) const;
    [[nodiscard]] std::uint64_t destination(std::uint32_t master, std::uint32_t channel) const;
    [[nodiscard]] std::uint64_t descriptor(std::uint32_t master, std::uint32_t channel) const;
    ///@}
};

/// All of them.
const std::vector<Workload>& workloads();

/// One write to a controller's registers.
struct RegisterWrite {
    std::uint32_t offset = 0;
    std::uint32_t value = 0;
};

/// What starts the channels of controller `master`.
std::vector<RegisterWrite> start_program(const Workload& workload, std::uint32_t master);

/// Something that lies in memory before the start.
struct Image {
    std::uint64_t address = 0;
    std::vector<std::uint8_t> bytes;
};
std::vector<Image> images(const Workload& workload);

}  // namespace dmasim::bench
