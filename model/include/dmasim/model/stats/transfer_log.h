// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "dmasim/model/status.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// What is known of one job. Times are stamps (docs/timing.md, "Words"); `kNever` where nothing of the kind happened.
/// Only data bursts count, not the fetch of the descriptor or its write-back.
struct TransferRecord {
    std::uint16_t block = 0;  ///< `TraceEvent::source` of the controller.
    std::uint16_t channel = 0;
    std::uint32_t job = 0;  ///< Number of the job within its channel, from 0.
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint64_t bytes = 0;          ///< Length of the job.
    std::uint64_t bytes_written = 0;  ///< Bytes whose write was answered `Ok`.
    std::optional<JobStatus> status;  ///< Empty while it runs.
    std::uint32_t reads = 0;          ///< Data bursts requested.
    std::uint32_t writes = 0;
    Cycles accepted = kNever;    ///< The start command, or the end of the descriptor's fetch.
    Cycles first_read = kNever;  ///< Request of a read.
    Cycles last_read = kNever;
    Cycles first_data = kNever;   ///< First beat of the first read.
    Cycles last_data = kNever;    ///< Greatest last beat of a read.
    Cycles first_write = kNever;  ///< Request of a write.
    Cycles last_write = kNever;
    Cycles first_response = kNever;  ///< Response to a write.
    Cycles last_response = kNever;
    Cycles completed = kNever;
};

/// Makes one record a job, and hands it over when the job completes.
///
/// Memory: the jobs under way; and all of them if no callback was given.
class TransferLog final : public TraceSink {
  public:
    /// Gets each record at its completion, in order of completion as reported.
    using Callback = std::function<void(const TransferRecord&)>;

    /// Keeps the records (`records()`).
    TransferLog() = default;
    /// Hands the records to `callback` and keeps none. An empty callback keeps them.
    explicit TransferLog(Callback callback) : callback_(std::move(callback)) {}

    void event(const TraceEvent& event) override;

    /// The finished jobs, if they are kept.
    [[nodiscard]] const std::vector<TransferRecord>& records() const { return records_; }
    /// The jobs under way, by block, channel and number. Their `status` is empty.
    [[nodiscard]] std::vector<TransferRecord> open() const;

  private:
    using Key = std::pair<std::uint32_t, std::uint32_t>;  ///< block << 16 | channel, job.

    static Key key_of(const TraceEvent& event);
    static void note_burst(TransferRecord& record, const TraceEvent& event);
    TransferRecord& record_of(const TraceEvent& event);

    Callback callback_;
    std::map<Key, TransferRecord> open_;
    std::vector<TransferRecord> records_;
};

}  // namespace dmasim
