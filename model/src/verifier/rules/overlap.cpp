// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "../rule.h"

namespace dmasim::detail {

namespace {

class Overlap final : public VerifierRule {
  public:
    void mapped(const Mapping& mapping, Judge& judge) override {
        for (const Mapping& other : judge.state().mappings) {
            if (!other.live || !other.range.overlaps(mapping.range) ||
                (!other.device_writes() && !mapping.device_writes())) {
                continue;
            }
            const ByteRange common{std::max(other.range.first, mapping.range.first),
                                   std::min(other.range.last, mapping.range.last)};
            Finding finding;
            finding.at = mapping.at;
            finding.seen_at = mapping.at;
            finding.address = common.first;
            finding.bytes = common.bytes();
            finding.message = "a buffer is mapped that overlaps " + text_of(other.range) + ", mapped at " +
                              text_of(other.at) + " and not completed, and the device writes";
            finding.missing = "the completion of the mapping of " + text_of(other.at) + " before " +
                              text_of(mapping.at) + ", or another buffer";
            judge.report(std::move(finding));
        }
    }

    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        const Channel channel{event.source, event.channel};
        switch (event.kind) {
            case EventKind::JobAccepted:
                begin(channel, event, judge);
                break;
            case EventKind::JobCompleted:
                if (const auto found = jobs_.find(channel); found != jobs_.end()) {
                    found->second.erase(event.job);
                    if (found->second.empty()) {
                        jobs_.erase(found);
                    }
                }
                break;
            case EventKind::BurstRequested:
                if (event.purpose == Purpose::Data && jobs_.size() > 1) {
                    burst(channel, event, judge);
                } else if (event.purpose == Purpose::Data && !jobs_.empty()) {
                    note(channel, event);
                }
                break;
            default:
                break;
        }
    }

    void copied(const ByteRange& destination, const ByteRange& source, Cycles at, Judge& judge) override {
        if (!destination.overlaps(source) || destination.first == source.first) {
            return;
        }
        Finding finding;
        finding.at = at;
        finding.seen_at = at;
        finding.address = std::max(destination.first, source.first);
        finding.bytes = std::min(destination.last, source.last) - finding.address + 1;
        finding.message = "source " + text_of(source) + " and destination " + text_of(destination) +
                          " of a copy overlap: what comes out depends on its order";
        finding.missing = "a copy by way of other memory";
        judge.report(std::move(finding));
    }

  private:
    using Channel = std::pair<std::uint32_t, std::uint32_t>;  // Source and channel.
    struct LiveJob {
        bool judged = false;  // Not paced by a peripheral, not cyclic: nothing but the bus decides its order.
        RangeMap<Cycles> read;
        RangeMap<Cycles> written;
    };

    void begin(const Channel& channel, const TraceEvent& event, Judge& judge) {
        LiveJob& job = jobs_[channel][event.job];
        job.judged = (event.tag & (kJobCyclic | kJobPaced | kJobFixed)) == 0;
        const auto source = range_of(event.address, event.bytes);
        const auto destination = range_of(event.address2, event.bytes);
        // Upwards, what is written before the source overwrites only what has been read.
        if ((event.tag & (kJobFixed | kJobRows)) != 0 || !source || !destination || !source->overlaps(*destination) ||
            destination->first <= source->first) {
            return;
        }
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        finding.address = destination->first;
        finding.bytes = source->last - destination->first + 1;
        finding.message = "source " + text_of(*source) + " and destination " + text_of(*destination) + " of job " +
                          std::to_string(event.job) + " of channel " + std::to_string(channel.second) +
                          " overlap: it overwrites what it has still to read";
        finding.missing = "a transfer by way of other memory, or one from the end on";
        judge.report(std::move(finding));
    }

    void note(const Channel& channel, const TraceEvent& event) {
        const auto jobs = jobs_.find(channel);
        const auto range = range_of(event.address, event.bytes);
        if (jobs == jobs_.end() || !range) {
            return;
        }
        const auto job = jobs->second.find(event.job);
        if (job != jobs->second.end() && job->second.judged) {
            (event.access == Access::Write ? job->second.written : job->second.read).cover(*range, Cycles{0});
        }
    }

    void burst(const Channel& channel, const TraceEvent& event, Judge& judge) {
        note(channel, event);
        const auto range = range_of(event.address, event.bytes);
        const auto own = jobs_.find(channel);
        if (!range || own == jobs_.end() || own->second.count(event.job) == 0 || !own->second.at(event.job).judged) {
            return;
        }
        const bool writes = event.access == Access::Write;
        for (const auto& [other, jobs] : jobs_) {
            for (const auto& [number, job] : jobs) {
                if (other == channel || !job.judged) {
                    continue;
                }
                report_common(job.written, *range, writes ? "write" : "read", "writes", {channel, event}, other, judge);
                if (writes) {
                    report_common(job.read, *range, "write", "reads", {channel, event}, other, judge);
                }
            }
        }
    }

    static void report_common(const RangeMap<Cycles>& theirs, const ByteRange& range, const char* what,
                              const char* they, const std::pair<Channel, const TraceEvent&>& by, const Channel& other,
                              Judge& judge) {
        theirs.for_each(range, [&](const ByteRange& part, Cycles) {
            const TraceEvent& event = by.second;
            Finding finding;
            finding.at = event.at;
            finding.seen_at = event.at;
            finding.address = part.first;
            finding.bytes = part.bytes();
            finding.reader = FindingParty{VerifierAgent::Device,
                                          what + (" of channel " + std::to_string(by.first.second)), event.at};
            finding.message = "channel " + std::to_string(by.first.second) + " accesses bytes that a job of channel " +
                              std::to_string(other.second) +
                              (other.first != by.first.first ? " of another controller" : "") + " which is under way " +
                              they + ": who comes first is left to the arbiter";
            finding.missing = "the completion of one job before the other one is started";
            judge.report(std::move(finding));
        });
    }

    std::map<Channel, std::map<std::uint32_t, LiveJob>> jobs_;
};

}  // namespace

std::unique_ptr<VerifierRule> make_overlap() {
    return std::make_unique<Overlap>();
}

}  // namespace dmasim::detail
