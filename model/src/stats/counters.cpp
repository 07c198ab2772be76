// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/counters.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

/// One counter: where it is, and what a report says about it. These tables are all that a new counter needs.
template <class Counts>
struct Row {
    std::uint64_t Counts::*field;
    std::string_view name;
    std::string_view unit;
    std::string_view description;
};

constexpr std::array kChannelRows{
    Row<ChannelCounters>{&ChannelCounters::jobs_accepted, "jobs_accepted", "job",
                         "Register jobs started, descriptors decoded, rounds of cyclic jobs begun."},
    Row<ChannelCounters>{&ChannelCounters::bytes_accepted, "bytes_accepted", "byte", "Lengths of the accepted jobs."},
    Row<ChannelCounters>{&ChannelCounters::bytes_read, "bytes_read", "byte", "Data read without error."},
    Row<ChannelCounters>{&ChannelCounters::bytes_written, "bytes_written", "byte", "Data written without error."},
    Row<ChannelCounters>{&ChannelCounters::grants, "grants", "grant",
                         "Reads granted by the arbiter of the channels, descriptor fetches included."},
    Row<ChannelCounters>{&ChannelCounters::read_bursts, "read_bursts", "burst", "Data reads answered."},
    Row<ChannelCounters>{&ChannelCounters::read_beats, "read_beats", "beat", "Beats of the data reads answered."},
    Row<ChannelCounters>{&ChannelCounters::write_bursts, "write_bursts", "burst", "Data writes answered."},
    Row<ChannelCounters>{&ChannelCounters::write_beats, "write_beats", "beat", "Beats of the data writes answered."},
    Row<ChannelCounters>{&ChannelCounters::descriptor_bursts, "descriptor_bursts", "burst",
                         "Reads of descriptors answered."},
    Row<ChannelCounters>{&ChannelCounters::descriptor_bytes, "descriptor_bytes", "byte",
                         "Descriptors read without error."},
    Row<ChannelCounters>{&ChannelCounters::status_bursts, "status_bursts", "burst",
                         "Status write-backs of descriptors answered."},
    Row<ChannelCounters>{&ChannelCounters::failed_bursts, "failed_bursts", "burst",
                         "Bursts of any purpose answered with an error."},
    Row<ChannelCounters>{&ChannelCounters::dreq_rises, "dreq_rises", "edge", "Rising edges of DREQ."},
    Row<ChannelCounters>{&ChannelCounters::dack_rises, "dack_rises", "edge", "Rising edges of DACK."},
    Row<ChannelCounters>{&ChannelCounters::tc_rises, "tc_rises", "edge", "Rising edges of TC."},
};

constexpr std::array kPlatformRows{
    Row<PlatformCounters>{&PlatformCounters::memory_reads, "memory_reads", "burst", "Read bursts sampled by memories."},
    Row<PlatformCounters>{&PlatformCounters::memory_read_bytes, "memory_read_bytes", "byte",
                          "Bytes of the read bursts that did not fail."},
    Row<PlatformCounters>{&PlatformCounters::memory_writes, "memory_writes", "burst",
                          "Write bursts committed by memories."},
    Row<PlatformCounters>{&PlatformCounters::memory_written_bytes, "memory_written_bytes", "byte",
                          "Bytes of the write bursts that did not fail."},
    Row<PlatformCounters>{&PlatformCounters::cpu_loads, "cpu_loads", "access", "Loads of the program."},
    Row<PlatformCounters>{&PlatformCounters::cpu_stores, "cpu_stores", "access", "Stores of the program."},
    Row<PlatformCounters>{&PlatformCounters::cpu_hits, "cpu_hits", "access", "Cached accesses that hit."},
    Row<PlatformCounters>{&PlatformCounters::cpu_misses, "cpu_misses", "access", "Cached accesses that missed."},
    Row<PlatformCounters>{&PlatformCounters::cpu_uncached, "cpu_uncached", "access", "Accesses past the cache."},
    Row<PlatformCounters>{&PlatformCounters::cache_fills, "cache_fills", "burst", "Reads that fill a cache line."},
    Row<PlatformCounters>{&PlatformCounters::cache_write_backs, "cache_write_backs", "burst",
                          "Writes of dirty bytes from a cache."},
    Row<PlatformCounters>{&PlatformCounters::uncached_bursts, "uncached_bursts", "burst",
                          "Reads and writes of a CPU past its cache."},
    Row<PlatformCounters>{&PlatformCounters::cpu_bytes_read, "cpu_bytes_read", "byte",
                          "Bytes that CPUs have read over the bus without error."},
    Row<PlatformCounters>{&PlatformCounters::cpu_bytes_written, "cpu_bytes_written", "byte",
                          "Bytes that CPUs have written over the bus without error."},
    Row<PlatformCounters>{&PlatformCounters::cache_line_changes, "cache_line_changes", "change",
                          "Lines filled, dirtied, cleaned, invalidated or evicted."},
    Row<PlatformCounters>{&PlatformCounters::maintenance_operations, "maintenance_operations", "operation",
                          "Cache maintenance operations ended."},
    Row<PlatformCounters>{&PlatformCounters::maintenance_bytes, "maintenance_bytes", "byte",
                          "Ranges of the maintenance operations."},
    Row<PlatformCounters>{&PlatformCounters::maintenance_cycles, "maintenance_cycles", "cycle",
                          "Time that the maintenance operations took."},
    Row<PlatformCounters>{&PlatformCounters::barriers, "barriers", "operation", "Barriers (dmb, dsb) ended."},
};

constexpr std::array<std::string_view, kJobStatuses> kJobDescriptions{
    "Jobs that moved every byte.",
    "Jobs that skipped chunks because of errors (policy continue).",
    "Jobs ended by an abort.",
    "Jobs stopped by an error.",
};

constexpr std::array<std::string_view, kTransferErrors> kErrorDescriptions{
    "Latched errors without a kind.",
    "Latched errors: a data read failed.",
    "Latched errors: a data write failed.",
    "Latched errors: the fetch of a descriptor failed.",
    "Latched errors: a descriptor made no sense.",
    "Latched errors: a status write-back failed.",
    "Latched errors: a register was given a reserved value.",
    "Latched errors: a busy channel was started.",
};

void append(std::vector<Statistic>& statistics, const std::string& prefix, const ChannelCounters& counters) {
    for (const auto& row : kChannelRows) {
        statistics.push_back(Statistic{prefix + std::string(row.name), counters.*row.field, row.unit, row.description});
    }
    for (std::size_t status = 0; status < kJobStatuses; ++status) {
        statistics.push_back(Statistic{prefix + "jobs_ended." + std::string(name_of(static_cast<JobStatus>(status))),
                                       counters.jobs_ended[status], "job", kJobDescriptions[status]});
    }
    // Number 0 is "none" and never counted.
    for (std::size_t error = 1; error < kTransferErrors; ++error) {
        statistics.push_back(Statistic{prefix + "errors." + std::string(name_of(static_cast<TransferError>(error))),
                                       counters.errors[error], "error", kErrorDescriptions[error]});
    }
}

void add(ChannelCounters& sum, const ChannelCounters& counters) {
    for (const auto& row : kChannelRows) {
        sum.*row.field += counters.*row.field;
    }
    for (std::size_t status = 0; status < kJobStatuses; ++status) {
        sum.jobs_ended[status] += counters.jobs_ended[status];
    }
    for (std::size_t error = 0; error < kTransferErrors; ++error) {
        sum.errors[error] += counters.errors[error];
    }
}

std::uint64_t good_bytes(const TraceEvent& event) {
    return event.response == Response::Ok ? event.bytes : 0;
}

bool is_of_controller(Purpose purpose) {
    return purpose == Purpose::Data || purpose == Purpose::Descriptor || purpose == Purpose::StatusWriteBack;
}

void count_cpu_burst(PlatformCounters& counters, const TraceEvent& event) {
    if (event.purpose == Purpose::CacheFill) {
        ++counters.cache_fills;
    } else if (event.purpose == Purpose::CacheWriteBack) {
        ++counters.cache_write_backs;
    } else {
        ++counters.uncached_bursts;
    }
    (event.access == Access::Read ? counters.cpu_bytes_read : counters.cpu_bytes_written) += good_bytes(event);
}

void count_cpu_access(PlatformCounters& counters, std::uint32_t value) {
    const bool store = (value & 1U) != 0;
    const bool hit = (value & 2U) != 0;
    const bool uncached = (value & 4U) != 0;
    ++(store ? counters.cpu_stores : counters.cpu_loads);
    if (uncached) {
        ++counters.cpu_uncached;
    } else {
        ++(hit ? counters.cpu_hits : counters.cpu_misses);
    }
}

}  // namespace

Counters::Counters(unsigned channels) : channels_(channels), lines_(channels) {}

const ChannelCounters& Counters::channel(unsigned channel) const {
    DMASIM_INVARIANT(channel < channels_.size());
    return channels_[channel];
}

void Counters::event(const TraceEvent& event) {
    switch (event.kind) {
        case EventKind::BurstResponse:
            if (is_of_controller(event.purpose)) {
                count_channel(event);
            } else {
                count_cpu_burst(platform_, event);
            }
            break;
        case EventKind::JobAccepted:
        case EventKind::BurstGranted:
        case EventKind::JobCompleted:
        case EventKind::RequestLine:
        case EventKind::ErrorLatched:
            count_channel(event);
            break;
        case EventKind::InterruptChanged: {
            const bool level = event.value != 0;
            interrupts_ += level && !interrupt_level_ ? 1 : 0;
            interrupt_level_ = level;
            break;
        }
        case EventKind::MemoryRead:
            ++platform_.memory_reads;
            platform_.memory_read_bytes += good_bytes(event);
            break;
        case EventKind::MemoryWrite:
            ++platform_.memory_writes;
            platform_.memory_written_bytes += good_bytes(event);
            break;
        case EventKind::CpuAccess:
            count_cpu_access(platform_, event.value);
            break;
        case EventKind::CacheLineChanged:
            ++platform_.cache_line_changes;
            break;
        case EventKind::Maintenance:
            ++platform_.maintenance_operations;
            platform_.maintenance_bytes += event.bytes;
            platform_.maintenance_cycles += event.job;
            break;
        case EventKind::Barrier:
            ++platform_.barriers;
            break;
        default:
            break;
    }
}

void Counters::count_channel(const TraceEvent& event) {
    DMASIM_INVARIANT(event.channel < channels_.size());
    ChannelCounters& counters = channels_[event.channel];
    switch (event.kind) {
        case EventKind::JobAccepted:
            ++counters.jobs_accepted;
            counters.bytes_accepted += event.bytes;
            break;
        case EventKind::BurstGranted:
            ++counters.grants;
            break;
        case EventKind::BurstResponse:
            count_response(counters, event);
            break;
        case EventKind::JobCompleted:
            DMASIM_INVARIANT(event.value < kJobStatuses);
            ++counters.jobs_ended[event.value];
            break;
        case EventKind::ErrorLatched:
            DMASIM_INVARIANT(event.value > 0 && event.value < kTransferErrors);
            ++counters.errors[event.value];
            break;
        case EventKind::RequestLine:
            count_lines(event.channel, event.value);
            break;
        default:
            break;
    }
}

void Counters::count_response(ChannelCounters& counters, const TraceEvent& event) {
    counters.failed_bursts += event.response == Response::Ok ? 0 : 1;
    switch (event.purpose) {
        case Purpose::Descriptor:
            ++counters.descriptor_bursts;
            counters.descriptor_bytes += good_bytes(event);
            break;
        case Purpose::StatusWriteBack:
            ++counters.status_bursts;
            break;
        default:
            if (event.access == Access::Read) {
                ++counters.read_bursts;
                counters.read_beats += event.beats;
                counters.bytes_read += good_bytes(event);
            } else {
                ++counters.write_bursts;
                counters.write_beats += event.beats;
                counters.bytes_written += good_bytes(event);
            }
            break;
    }
}

void Counters::count_lines(std::size_t channel, std::uint32_t lines) {
    const std::uint32_t rises = lines & ~lines_[channel];
    lines_[channel] = lines;
    channels_[channel].dreq_rises += (rises >> 0U) & 1U;
    channels_[channel].dack_rises += (rises >> 1U) & 1U;
    channels_[channel].tc_rises += (rises >> 2U) & 1U;
}

std::vector<Statistic> Counters::statistics() const {
    std::vector<Statistic> statistics;
    ChannelCounters sum;
    for (const ChannelCounters& counters : channels_) {
        add(sum, counters);
    }
    append(statistics, "", sum);
    statistics.push_back(
        Statistic{"interrupts", interrupts_, "edge", "Rising edges of the controller's interrupt output."});
    for (std::size_t channel = 0; channel < channels_.size(); ++channel) {
        append(statistics, "channel" + std::to_string(channel) + ".", channels_[channel]);
    }
    return statistics;
}

std::vector<Statistic> Counters::platform_statistics() const {
    std::vector<Statistic> statistics;
    for (const auto& row : kPlatformRows) {
        statistics.push_back(Statistic{std::string(row.name), platform_.*row.field, row.unit, row.description});
    }
    return statistics;
}

}  // namespace dmasim
