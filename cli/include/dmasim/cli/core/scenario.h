// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dmasim/bus/core/config.h"
#include "dmasim/bus/core/map_registers.h"
#include "dmasim/bus/core/peripheral/block_device_core.h"
#include "dmasim/bus/core/peripheral/fly_by_core.h"
#include "dmasim/bus/core/peripheral/stream_core.h"
#include "dmasim/cli/core/bytes.h"
#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/layers.h"
#include "dmasim/cpu_stub/core/cache_actor.h"
#include "dmasim/cpu_stub/core/config.h"
#include "dmasim/cpu_stub/core/stall.h"
#include "dmasim/model/config.h"
#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/job_registers.h"
#include "dmasim/model/frontend/pc_at/pc_at_dma.h"
#include "dmasim/model/job.h"
#include "dmasim/model/status.h"
#include "dmasim/model/verifier/verifier.h"

namespace dmasim::cli {

/// Bytes that lie in a memory at the beginning.
struct Contents {
    std::uint64_t at = 0;  ///< Offset in the memory.
    Bytes bytes;
};

/// A memory and its place in the address map.
struct MemorySpec {
    std::string name;
    std::uint64_t base = 0;
    MemoryConfig config;
    std::vector<Contents> contents;
};

/// A DMA controller and its place in the address map.
struct ControllerSpec {
    std::string name;
    std::optional<std::uint64_t> registers;  ///< Address of its registers, if they are on the bus.
    DmaConfig config;
    bool blocking = false;  ///< Speaks b_transport.
    bool snooped = true;    ///< Its accesses are looked at by the cache, in a coherence mode that does so.
    bool remapped = false;  ///< Its accesses go through the map registers.
};

/// A disk, its place in the address map, and the channel that its DREQ drives.
struct BlockDeviceSpec {
    std::string name;
    std::uint64_t base = 0;
    std::uint64_t bytes = 0;  ///< Of the medium.
    BlockDeviceConfig config;
    std::vector<Contents> contents;
    std::uint32_t controller = 0;
    std::uint32_t channel = 0;
};
/// Bytes of the address range of a disk.
inline constexpr std::uint64_t kBlockDeviceWindow = 4096;

/// A stream peripheral, its place in the address map, and the channel that it shares DREQ, DACK and TC with.
struct StreamSpec {
    std::string name;
    std::uint64_t base = 0;
    StreamConfig config;
    Bytes payload;  ///< Of a source.
    std::uint32_t controller = 0;
    std::uint32_t channel = 0;
};
/// Bytes of the address range of a stream peripheral.
inline constexpr std::uint64_t kStreamWindow = 4096;

/// Map registers in hardware and their place in the address map.
struct MapRegistersSpec {
    std::uint64_t base = 0;
    MapRegistersConfig config;
    std::uint32_t translate_cycles = 1;
    std::uint64_t excluded = 0;
    std::uint64_t excluded_bytes = 0;
};

/// A device on a channel of the system's DMA controllers.
struct FlyBySpec {
    std::string name;
    std::uint64_t base = 0;
    std::uint32_t channel = 0;
    FlyByConfig config;
    Bytes payload;
};
/// Bytes of the address range of such a device.
inline constexpr std::uint64_t kFlyByWindow = 4096;

/// The system's own DMA controllers, two 8237A, and their place in the address map.
struct SystemDmaSpec {
    std::uint64_t base = 0;
    PcAtConfig config;
    bool interrupt = true;
    bool remapped = false;
    std::vector<FlyBySpec> devices;
};

/// The hardware of a scenario. Ports: controller `i` is initiator `i`, the CPU is the one behind them; memory `i` is
/// target `i`, the register windows of the controllers that have one come behind them, in order, then the disks, then the
/// stream peripherals, the map registers, the system's DMA controllers, their devices. The system's controllers are the last
/// initiator. Interrupt line `i` of the CPU is that of controller `i`; the disks come behind them, the system's controllers
/// and their devices at the end.
struct PlatformSpec {
    std::uint64_t period_ps = 10'000;
    BusConfig bus;        ///< With `direct` its topology is "direct", and there is no interconnect.
    bool direct = false;  ///< Wires between the one controller and the one memory.
    std::vector<MemorySpec> memories;
    std::vector<ControllerSpec> controllers;
    std::vector<BlockDeviceSpec> block_devices;
    std::vector<StreamSpec> streams;
    std::optional<MapRegistersSpec> map_registers;
    std::optional<SystemDmaSpec> system_dma;
    std::optional<CpuConfig> cpu;
    CacheActorConfig actor;        ///< Of the CPU's cache.
    std::vector<CpuStall> stalls;  ///< In rising order.
    /// Evictions, prefetches and the other choices of the hardware that a schedule may name are taken in by a `Cpu`, by
    /// `CpuConfig::store_buffer.holds` and by `DmaConfig::holds`.
    bool monitor = false;
    bool lazy = false;          ///< The island of the bus runs when somebody looks.
    bool transactions = false;  ///< The bus has no island: every burst goes over the sockets.
    std::optional<VerifierConfig> verifier;

    /// Interrupt line of the system's controllers; that of their device `i` is `i + 1` further.
    [[nodiscard]] unsigned system_dma_line() const {
        return static_cast<unsigned>(controllers.size() + block_devices.size());
    }
};

/// One transfer, as registers or as a chain of descriptors.
struct TransferSpec {
    std::uint32_t controller = 0;
    std::uint32_t channel = 0;
    Job job;  ///< Unused for a chain, but `unit_bytes` and `handshake`.
    bool continue_on_error = false;
    std::uint64_t cyclic_rounds = 0;        ///< 0: not cyclic.
    std::vector<native::Descriptor> chain;  ///< Linked; empty: a register job.
    std::uint64_t descriptors = 0;          ///< Address of the first.
    std::uint64_t start = 0;                ///< Cycle of the start command.
    std::optional<std::uint64_t> pause_at;  ///< Cycles of further commands.
    std::optional<std::uint64_t> resume_at;
    std::optional<std::uint64_t> abort_at;
};

using native::RegisterWrite;

/// The register writes that set up and start `transfer`, the start command last.
std::vector<RegisterWrite> register_writes(const TransferSpec& transfer);

/// Bytes of the chain of `transfer`, at `transfer.descriptors`.
Bytes chain_bytes(const TransferSpec& transfer);

/// A number that must be hit.
struct Limits {
    std::optional<std::uint64_t> equals;
    std::optional<std::uint64_t> min;
    std::optional<std::uint64_t> max;
};

/// What must be in memory.
struct MemoryExpectation {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::optional<Bytes> bytes;
    std::optional<std::uint64_t> same_as;
    std::optional<std::string> xxh64;
    std::string where;  ///< Place in the scenario, for messages.
};

/// What a sink must have received.
struct StreamExpectation {
    std::uint32_t stream = 0;  ///< Its number in the platform; the devices of `system_dma` come behind the streams.
    std::string name;
    std::optional<Bytes> bytes;
    std::optional<std::uint64_t> same_as;
    std::optional<std::string> xxh64;
    std::uint64_t size = 0;
    std::string where;  ///< Place in the scenario, for messages.
};

/// How a transfer must end.
struct TransferExpectation {
    std::uint32_t controller = 0;
    std::uint32_t channel = 0;
    std::uint32_t job = 0;
    std::optional<std::string> status;  ///< Name of a JobStatus, or "not_finished".
    std::optional<std::string> error;
    std::optional<std::uint64_t> error_address;
    std::optional<std::uint64_t> bytes_written;
    Limits cycles;
    std::optional<std::uint64_t> completed;
    std::string where;
};

/// What a statistic must be.
struct StatisticExpectation {
    std::string name;
    Limits limits;
    std::string where;
};

struct Expectations {
    std::vector<MemoryExpectation> memory;
    std::vector<StreamExpectation> streams;
    Limits cycles;
    std::string cycles_where;
    std::vector<TransferExpectation> transfers;
    std::vector<StatisticExpectation> statistics;
    std::vector<std::string> findings;  ///< Rules, in order of the cycles; empty: none may be found.
    std::string findings_where;
};

struct RunSpec {
    std::uint64_t max_cycles = 0;
    std::optional<std::uint64_t> stop_at;
    bool trace = false;
    bool reversed = false;  ///< Modules are constructed in the opposite order.
};

class StepRuntime;
/// One step of the program, ready to run.
using Action = std::function<void(StepRuntime&)>;

/// A scenario that has passed every check that needs no simulation.
struct Scenario {
    std::string name;
    PlatformSpec platform;
    std::vector<TransferSpec> transfers;
    std::vector<Action> program;
    Expectations expect;
    RunSpec run;
    Document document;   ///< Resolved: all layers, all defaults.
    std::string folder;  ///< Where relative file names begin.
};

/// Loads the scenario at `path` ("-": standard input) with all layers and checks it. Throws `InputError`.
Scenario load_scenario(const std::string& path, const std::vector<Setting>& settings);

/// Checks a document that has been typed, validated and filled with defaults. Throws `InputError`.
Scenario make_scenario(Document document, const std::string& folder);

/// The resolved configuration as YAML. File names are made relative to `folder`, the one that it is written to.
std::string resolved_yaml(const Scenario& scenario, const std::string& folder);

/// The transfer that `view` describes. Throws `InputError`.
TransferSpec transfer_of(const View& view, const PlatformSpec& platform);

/// The number of the controller that `view` names by its member "controller", or of the first one.
std::uint32_t controller_of(const View& view, const PlatformSpec& platform);

}  // namespace dmasim::cli
