// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/transfer_log.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

/// `kNever` is the greatest number, so the first one needs no special case, but the last one does.
void note(Cycles& first, Cycles& last, Cycles from, Cycles to) {
    first = std::min(first, from);
    last = last == kNever ? to : std::max(last, to);
}

}  // namespace

void TransferLog::event(const TraceEvent& event) {
    switch (event.kind) {
        case EventKind::JobAccepted: {
            TransferRecord& record = record_of(event);
            record.source = event.address;
            record.destination = event.address2;
            record.bytes = event.bytes;
            record.accepted = event.at;
            break;
        }
        case EventKind::BurstRequested:
        case EventKind::BurstData:
        case EventKind::BurstResponse: {
            // A reset ends jobs at once; what comes back for them afterwards must not open them again.
            const auto job = open_.find(key_of(event));
            if (event.purpose == Purpose::Data && job != open_.end()) {
                note_burst(job->second, event);
            }
            break;
        }
        case EventKind::JobCompleted: {
            DMASIM_INVARIANT(event.value < kJobStatuses);
            TransferRecord record = record_of(event);
            open_.erase(key_of(event));
            record.status = static_cast<JobStatus>(event.value);
            record.completed = event.at;
            if (callback_) {
                callback_(record);
            } else {
                records_.push_back(record);
            }
            break;
        }
        default:
            break;
    }
}

void TransferLog::note_burst(TransferRecord& record, const TraceEvent& event) {
    const bool read = event.access == Access::Read;
    if (event.kind == EventKind::BurstRequested) {
        ++(read ? record.reads : record.writes);
        note(read ? record.first_read : record.first_write, read ? record.last_read : record.last_write, event.at,
             event.at);
    } else if (event.kind == EventKind::BurstData) {
        const std::uint64_t gaps = event.beats == 0 ? 0 : event.beats - 1;
        note(record.first_data, record.last_data, event.at, event.at + gaps * event.value);
    } else if (!read) {
        note(record.first_response, record.last_response, event.at, event.at);
        record.bytes_written += event.response == Response::Ok ? event.bytes : 0;
    }
}

TransferLog::Key TransferLog::key_of(const TraceEvent& event) {
    return Key{std::uint32_t{event.source} << 16U | event.channel, event.job};
}

TransferRecord& TransferLog::record_of(const TraceEvent& event) {
    TransferRecord& record = open_[key_of(event)];
    record.block = event.source;
    record.channel = event.channel;
    record.job = event.job;
    return record;
}

std::vector<TransferRecord> TransferLog::open() const {
    std::vector<TransferRecord> records;
    for (const auto& [key, record] : open_) {
        records.push_back(record);
    }
    return records;
}

}  // namespace dmasim
