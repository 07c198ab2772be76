// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/job.h"
#include "dmasim/model/status.h"

namespace dmasim {

/// How a `NativeDriver` finds its controller and what machine it runs on.
struct NativeDriverConfig {
    std::uint64_t registers = 0;  ///< Address of the controller's registers, as the CPU sees it.
    bool coherent = false;        ///< The controller's accesses are snooped: no maintenance, descriptors cached.
    /// With `coherent`: only its reads are (CoherenceMode::OneSided). What it writes is maintained as on a machine that is
    /// not coherent, and descriptors are uncached.
    bool one_sided = false;
    bool use_interrupt = true;       ///< Otherwise the driver polls.
    unsigned interrupt_line = 0;     ///< The CPU's line that the controller's interrupt output drives.
    std::uint64_t poll_cycles = 16;  ///< Distance of two polls, >= 1.
};

/// Driver of the native controller: the reference for how to use it (docs/registers.md, docs/cpu.md "Driver rules").
///
/// Runs in the program's thread. Stateless but for its configuration: several may drive several channels. Maintenance is
/// done on whole lines: where a buffer that the device writes shares its first or last line with other data, nobody may
/// store to that data between `prepare` and `finish`.
class NativeDriver {
  public:
    /// One register job.
    struct Request {
        Job job;
        bool source_in_memory = true;  ///< Cacheable memory, which needs maintenance; else a device.
        bool destination_in_memory = true;
        bool cyclic = false;
        bool continue_on_error = false;
    };

    /// How a job or chain ended.
    struct Completion {
        bool done = false;  ///< It ran to its end (perhaps with errors, where those do not stop).
        bool aborted = false;
        TransferError error = TransferError::None;
        ErrorDetail detail = ErrorDetail::None;
        Response response = Response::Ok;  ///< Of the burst that failed.
        std::uint64_t fault_address = 0;
        std::uint64_t residue = 0;  ///< Of `abort`: bytes of the current job that were not written.

        [[nodiscard]] bool ok() const { return done && error == TransferError::None; }
    };

    /// What the controller has written into a descriptor.
    struct DescriptorStatus {
        bool complete = false;
        TransferError error = TransferError::None;
        std::uint32_t transferred = 0;  ///< Bytes.
    };

    /// Throws `ConfigError` if `poll_cycles` is 0. Touches nothing.
    NativeDriver(CpuContext& cpu, const NativeDriverConfig& config);

    /// True if the identification register says that this is a native controller.
    bool probe();
    /// Channels of the controller, from its capabilities.
    std::uint32_t channels();

    /// @name Register jobs
    ///@{
    /// Maintenance before the start: memory holds what the device will read, and no line can overwrite what it writes.
    void prepare(const Request& request);
    /// Maintenance after completion: no line hides what the device has written.
    void finish(const Request& request);
    /// `prepare`, then the registers, then the start command.
    void start(unsigned channel, const Request& request);
    /// Waits until `channel` is not busy, and acknowledges its interrupts. A start that was refused shows the error that
    /// was latched before it, if there was one.
    Completion wait(unsigned channel);
    /// `start`, `wait`, `finish`.
    Completion transfer(unsigned channel, const Request& request);
    /// A plain copy from memory to memory.
    Completion copy(unsigned channel, std::uint64_t destination, std::uint64_t source, std::uint32_t bytes);
    ///@}

    /// @name Chains
    ///@{
    /// `prepare` and `finish` for the buffers of descriptors (sides that are not fixed count as memory).
    void prepare(const std::vector<native::Descriptor>& descriptors);
    void finish(const std::vector<native::Descriptor>& descriptors);
    /// Writes the descriptors to `address` (a multiple of 64), 64 bytes each, linked in order; the last one's `next` is 0.
    /// When it returns the controller can see them. Their buffers are not prepared here.
    void publish(std::uint64_t address, std::vector<native::Descriptor> descriptors);
    /// Starts the chain at `address`.
    void start_chain(unsigned channel, std::uint64_t address, bool continue_on_error = false);
    /// Links the published chain at `first` behind the descriptor at `last`, whose `next` is 0, and tells the controller.
    /// False if the controller refuses because its chain did not run to its end (error, abort): start it anew then.
    /// Throws `std::invalid_argument` for a `first` above 4 GiB on a 32-bit bus, where the link could be seen half written.
    bool append(unsigned channel, std::uint64_t last, std::uint64_t first);
    /// Reads what was written back into the descriptor at `address`.
    DescriptorStatus descriptor_status(std::uint64_t address);
    ///@}

    /// @name Control
    ///@{
    void pause(unsigned channel);
    void resume(unsigned channel);
    /// Pauses, reads the residue, aborts, and waits until nothing is in flight any more: only then may the buffers be
    /// used for something else.
    Completion abort(unsigned channel);
    /// Ends a cyclic job after the present round (the job goes on until then).
    void end_cyclic(unsigned channel);
    /// Bytes of the current job not yet written; may be asked while it runs.
    std::uint64_t residue(unsigned channel);
    /// The register STATUS.
    std::uint32_t status(unsigned channel);
    ///@}

    /// Reads or writes a register of a channel (`offset` is one of `native::reg`).
    std::uint32_t read(unsigned channel, std::uint32_t offset);
    void write(unsigned channel, std::uint32_t offset, std::uint32_t value);

  private:
    struct Sides {
        Job job;  ///< With `no_snoop` it is maintained on a coherent machine too.
        bool source;
        bool destination;
    };
    void prepare(const Sides& sides);
    void finish(const Sides& sides);
    static Sides sides_of(const Request& request);
    static Sides sides_of(const native::Descriptor& descriptor);
    std::uint64_t read_pair(unsigned channel, std::uint32_t low_offset);
    void write_pair(unsigned channel, std::uint32_t low_offset, std::uint64_t value);
    [[nodiscard]] std::uint32_t interrupts() const;
    void enable_interrupts(unsigned channel);
    [[nodiscard]] MemoryType descriptor_type() const;

    CpuContext& cpu_;
    NativeDriverConfig config_;
};

}  // namespace dmasim
