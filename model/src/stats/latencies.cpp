// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/latencies.h"

#include <cstdint>
#include <unordered_map>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

std::uint64_t job_key(const TraceEvent& event) {
    return std::uint64_t{event.channel} << 32U | event.job;
}

std::uint64_t burst_key(const TraceEvent& event) {
    return static_cast<std::uint64_t>(event.access) << 32U | event.tag;
}

/// Takes what began under `key` out of `begun` and adds the time since to `histogram`.
void end(std::unordered_map<std::uint64_t, Cycles>& begun, std::uint64_t key, Cycles at, LatencyHistogram& histogram) {
    const auto found = begun.find(key);
    if (found == begun.end()) {
        return;
    }
    DMASIM_INVARIANT(at >= found->second);
    histogram.add(at - found->second);
    begun.erase(found);
}

}  // namespace

Latencies::Latencies(unsigned channels) : channels_(channels) {}

void Latencies::event(const TraceEvent& event) {
    switch (event.kind) {
        case EventKind::JobAccepted:
        case EventKind::JobCompleted:
        case EventKind::BurstRequested:
        case EventKind::BurstData:
        case EventKind::BurstResponse:
            break;
        default:
            return;
    }
    // The bursts of a CPU have tags of their own, which must not be mixed up with those of the controller.
    if (event.purpose != Purpose::Data && event.purpose != Purpose::Descriptor) {
        return;
    }
    DMASIM_INVARIANT(event.channel < channels_.size());
    ChannelLatencies& latencies = channels_[event.channel];
    if (event.kind == EventKind::JobAccepted) {
        jobs_[job_key(event)] = event.at;
    } else if (event.kind == EventKind::JobCompleted) {
        end(jobs_, job_key(event), event.at, latencies.job);
    } else if (event.kind == EventKind::BurstRequested) {
        bursts_[burst_key(event)] = event.at;
    } else if (event.kind == EventKind::BurstData) {
        if (event.purpose == Purpose::Data) {
            end(bursts_, burst_key(event), event.at, latencies.read);
        }
    } else if (event.purpose == Purpose::Descriptor) {
        end(bursts_, burst_key(event), event.at, latencies.descriptor);
    } else if (event.access == Access::Write) {
        end(bursts_, burst_key(event), event.at, latencies.write);
    } else {
        bursts_.erase(burst_key(event));
    }
}

const ChannelLatencies& Latencies::channel(unsigned channel) const {
    DMASIM_INVARIANT(channel < channels_.size());
    return channels_[channel];
}

ChannelLatencies Latencies::total() const {
    ChannelLatencies sum;
    for (const ChannelLatencies& latencies : channels_) {
        sum.job.merge(latencies.job);
        sum.read.merge(latencies.read);
        sum.write.merge(latencies.write);
        sum.descriptor.merge(latencies.descriptor);
    }
    return sum;
}

}  // namespace dmasim
