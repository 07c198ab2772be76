// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "dmasim/cli/core/block_recording.h"
#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/cpu_stub/core/scattered_pages.h"
#include "dmasim/model/stats/latency_histogram.h"

namespace dmasim::cli {

/// A disk as the replay uses it; every call passes the time that it takes.
class BlockStorage {
  public:
    BlockStorage() = default;
    BlockStorage(const BlockStorage&) = delete;
    BlockStorage& operator=(const BlockStorage&) = delete;
    virtual ~BlockStorage() = default;

    /// Bytes of a block, a power of two.
    [[nodiscard]] virtual std::uint32_t block_bytes() const = 0;
    /// Blocks of the disk.
    [[nodiscard]] virtual std::uint64_t blocks() const = 0;
    /// The most blocks that one command moves.
    [[nodiscard]] virtual std::uint32_t max_blocks() const = 0;

    /// Moves whole blocks between the disk and `buffer`, which has exactly their bytes. An empty text, or what went wrong.
    virtual std::string read(CpuContext& cpu, std::uint64_t block, const ScatteredBuffer& buffer) = 0;
    virtual std::string write(CpuContext& cpu, std::uint64_t block, const ScatteredBuffer& buffer) = 0;

    /// Where the cycles of all reads and writes so far went; the three add up to them.
    struct Times {
        std::uint64_t maintenance = 0;  ///< Cache maintenance.
        std::uint64_t programming = 0;  ///< Descriptors, registers, status.
        std::uint64_t waiting = 0;      ///< For the interrupt.
    };
    [[nodiscard]] virtual Times times() const = 0;
};

/// How a recording is replayed.
struct BlockReplayOptions {
    std::uint64_t limit = 0;           ///< Reads and writes after which it ends; 0: none.
    std::uint64_t seed = 1;            ///< Of the places of the buffers.
    std::uint32_t working_pages = 64;  ///< Page frames that the buffers of requests come from.
    std::uint32_t alignment = 64;      ///< Buffers begin at a multiple of it; at least a cache line.
    std::function<void(std::uint64_t done, std::uint64_t total)>
        progress;  ///< Called after each request; may be empty.
};

/// What a replay has done. Cycles are those of the CPU's clock.
struct BlockReplayReport {
    struct Direction {
        std::uint64_t requests = 0;
        std::uint64_t bytes = 0;   ///< Of the program, without what was rounded up to whole blocks.
        LatencyHistogram latency;  ///< From the call to the return: copies, maintenance, commands.
    };
    std::array<Direction, 2> direction;  ///< Reads, writes.
    std::uint64_t syncs = 0;
    std::uint64_t commands = 0;    ///< Of the disk; a write of parts of blocks reads them first.
    std::uint64_t disk_bytes = 0;  ///< Moved by those commands.
    std::uint64_t fragments = 0;   ///< Of their buffers.
    Cycles began;
    Cycles ended;                   ///< After the last request.
    BlockStorage::Times times;      ///< Of the commands. The rest are the program's own loads and stores.
    std::uint64_t wrong_reads = 0;  ///< Reads that got other bytes than the program did.
    /// The files that exist at the end, each read back as a whole into scattered pages.
    std::uint64_t final_files = 0;
    std::uint64_t final_bytes = 0;
    std::uint64_t final_fragments = 0;
    std::uint64_t wrong_files = 0;      ///< Those that differ from the recording.
    bool complete = false;              ///< All requests of the recording were replayed.
    std::vector<std::string> problems;  ///< What went wrong, the first few.

    [[nodiscard]] std::uint64_t cycles() const { return (ended - began).count(); }
    /// Loads and stores of the bytes, in cycles.
    [[nodiscard]] std::uint64_t copying() const {
        return cycles() - times.maintenance - times.programming - times.waiting;
    }
    [[nodiscard]] std::uint64_t requests() const { return direction[0].requests + direction[1].requests; }
    [[nodiscard]] std::uint64_t bytes() const { return direction[0].bytes + direction[1].bytes; }
    [[nodiscard]] bool ok() const { return problems.empty() && wrong_reads == 0 && wrong_files == 0; }
};

/// Does on a CPU stub what a program did: every recorded read and write becomes a buffer in scattered pages, loads or
/// stores of its bytes, and a command to a disk. A request begins when the one before has ended, as those of the program.
///
/// The disk knows whole blocks only: a write of a part of a block whose rest belongs to the file reads the block first. What
/// a file grows by without being written is written as zeros. Deleting and shrinking files moves nothing.
class BlockReplay {
  public:
    /// References outlive the replay. Throws `ConfigError` if the disk, or the memory that `pages` has, is too small.
    BlockReplay(const BlockRecording& recording, BlockStorage& storage, ScatteredPages& pages,
                const BlockReplayOptions& options);

    /// Replays the recording, then reads back the files. Stops at the first error of the disk.
    void run(CpuContext& cpu);

    [[nodiscard]] const BlockReplayReport& report() const { return report_; }

  private:
    /// The whole blocks that hold some bytes of a file.
    struct Extent {
        std::uint64_t block = 0;
        std::uint64_t blocks = 0;
        std::uint64_t lead = 0;  ///< Bytes of the first block before those that are wanted.
    };

    [[nodiscard]] Extent extent_of(std::uint32_t file, std::uint64_t offset, std::uint64_t bytes) const;
    ScatteredBuffer allocate(std::uint64_t bytes);
    bool command(CpuContext& cpu, Access access, const Extent& extent, const ScatteredBuffer& buffer);
    bool read(CpuContext& cpu, const BlockRecording::Request& request);
    bool write(CpuContext& cpu, std::uint32_t file, std::uint64_t offset, const std::uint8_t* data,
               std::uint64_t bytes);
    bool resize(CpuContext& cpu, std::uint32_t file, std::uint64_t bytes);
    void read_back(CpuContext& cpu, std::uint32_t file);
    void problem(std::string text);

    const BlockRecording& recording_;
    BlockStorage& storage_;
    ScatteredPages& pages_;
    ScatteredPages working_;
    BlockReplayOptions options_;
    std::mt19937_64 random_;
    std::vector<std::uint64_t> first_block_;           ///< By file.
    std::vector<std::vector<std::uint8_t>> contents_;  ///< By file: what the writes so far make of it.
    BlockReplayReport report_;
};

}  // namespace dmasim::cli
