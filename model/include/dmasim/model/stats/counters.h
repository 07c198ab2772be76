// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dmasim/model/stats/statistic.h"
#include "dmasim/model/status.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// What one channel has done. Names, units and meanings: `Counters::statistics`, docs/observability.md.
struct ChannelCounters {
    std::uint64_t jobs_accepted = 0;
    std::array<std::uint64_t, kJobStatuses> jobs_ended{};  ///< By `JobStatus`.
    std::uint64_t bytes_accepted = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t grants = 0;
    std::uint64_t read_bursts = 0;
    std::uint64_t read_beats = 0;
    std::uint64_t write_bursts = 0;
    std::uint64_t write_beats = 0;
    std::uint64_t descriptor_bursts = 0;
    std::uint64_t descriptor_bytes = 0;
    std::uint64_t status_bursts = 0;
    std::uint64_t failed_bursts = 0;
    std::array<std::uint64_t, kTransferErrors> errors{};  ///< By `TransferError`.
    std::uint64_t dreq_rises = 0;
    std::uint64_t dack_rises = 0;
    std::uint64_t tc_rises = 0;
};

/// What the blocks around a controller have done.
struct PlatformCounters {
    std::uint64_t memory_reads = 0;
    std::uint64_t memory_read_bytes = 0;
    std::uint64_t memory_writes = 0;
    std::uint64_t memory_written_bytes = 0;
    std::uint64_t cpu_loads = 0;
    std::uint64_t cpu_stores = 0;
    std::uint64_t cpu_hits = 0;
    std::uint64_t cpu_misses = 0;
    std::uint64_t cpu_uncached = 0;
    std::uint64_t cache_fills = 0;
    std::uint64_t cache_write_backs = 0;
    std::uint64_t uncached_bursts = 0;
    std::uint64_t cpu_bytes_read = 0;
    std::uint64_t cpu_bytes_written = 0;
    std::uint64_t cache_line_changes = 0;
    std::uint64_t maintenance_operations = 0;
    std::uint64_t maintenance_bytes = 0;
    std::uint64_t maintenance_cycles = 0;
    std::uint64_t barriers = 0;
};

/// Counts the events of one controller, and of memories and CPUs if it is shown theirs. Memory does not grow.
///
/// A burst counts when its response is reported (which may be in advance), with its bytes only if it is `Ok`.
class Counters final : public TraceSink {
  public:
    /// `channels`: 1 to 64. Put a `SourceFilter` in front where there are several controllers.
    explicit Counters(unsigned channels);

    /// A channel, status or error number that does not exist is a defect of the block that reports (`std::logic_error`).
    void event(const TraceEvent& event) override;

    [[nodiscard]] const ChannelCounters& channel(unsigned channel) const;
    [[nodiscard]] const PlatformCounters& platform() const { return platform_; }
    /// Rising edges of the controller's interrupt output.
    [[nodiscard]] std::uint64_t interrupts() const { return interrupts_; }
    [[nodiscard]] unsigned channels() const { return static_cast<unsigned>(channels_.size()); }

    /// Sums over the channels ("bytes_read"), then every channel ("channel0.bytes_read").
    [[nodiscard]] std::vector<Statistic> statistics() const;
    /// The counters of memories and CPUs ("memory_reads").
    [[nodiscard]] std::vector<Statistic> platform_statistics() const;

  private:
    void count_channel(const TraceEvent& event);
    static void count_response(ChannelCounters& counters, const TraceEvent& event);
    void count_lines(std::size_t channel, std::uint32_t lines);

    std::vector<ChannelCounters> channels_;
    std::vector<std::uint32_t> lines_;  ///< Last levels of DREQ, DACK, TC by channel.
    PlatformCounters platform_;
    std::uint64_t interrupts_ = 0;
    bool interrupt_level_ = false;
};

}  // namespace dmasim
