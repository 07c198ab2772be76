// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>
#include <vector>

#include "dmasim/model/status.h"

#include "../rule.h"

namespace dmasim::detail {

namespace {

/// A controller reports an abort too early, or a driver does not wait for it.
class AbortInFlight final : public VerifierRule {
  public:
    void mapped(const Mapping& mapping, Judge& /*judge*/) override { given_up_.erase(mapping.range); }

    void completed(const Mapping* mapping, std::uint64_t /*address*/, std::uint64_t bytes, Cycles at,
                   Judge& /*judge*/) override {
        if (mapping != nullptr && mapping->live) {
            given_up_.assign(mapping->range, TakenBack{at, bytes == 0});
        }
    }

    void freed(const ByteRange& range, Cycles at, Judge& /*judge*/) override {
        std::vector<std::pair<ByteRange, bool>> parts;
        given_up_.for_each(
            range, [&](const ByteRange& part, const TakenBack& back) { parts.emplace_back(part, back.unfinished); });
        given_up_.assign(range, TakenBack{at, false});
        for (const auto& [part, unfinished] : parts) {
            given_up_.assign(part, TakenBack{at, unfinished});
        }
    }

    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        const Channel channel{event.source, event.channel};
        if (event.kind == EventKind::JobCompleted) {
            const bool aborted = event.value == static_cast<std::uint32_t>(JobStatus::Aborted);
            if (aborted) {
                aborted_[channel] = Abort{event.job, event.at};
                report_restart(channel, event, judge);
            }
            report_late(channel, event, aborted, judge);
            late_.erase(channel);
            restarted_.erase(channel);
            return;
        }
        if (event.kind == EventKind::JobAccepted) {
            aborted_.erase(channel);
            return;
        }
        if (event.kind == EventKind::ErrorLatched &&
            event.value == static_cast<std::uint32_t>(TransferError::BusyStart)) {
            restarted_.emplace(channel, event.at);
            return;
        }
        if (event.kind != EventKind::BurstRequested && event.kind != EventKind::BurstResponse) {
            return;
        }
        note_late(channel, event);
        if (aborted_.empty()) {
            return;
        }
        const auto found = aborted_.find(channel);
        if (found == aborted_.end() || found->second.job != event.job || event.at <= found->second.at ||
            event.purpose == Purpose::StatusWriteBack) {
            return;
        }
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        finding.address = event.address;
        finding.bytes = event.bytes;
        finding.reader = FindingParty{VerifierAgent::Device,
                                      std::string{event.access == Access::Write ? "write" : "read"} + " of channel " +
                                          std::to_string(event.channel),
                                      event.at};
        finding.message = "channel " + std::to_string(event.channel) + " goes on with job " +
                          std::to_string(event.job) + " after it has reported at " + text_of(found->second.at) +
                          " that it was aborted";
        finding.missing = "to wait for the last burst in flight before the abort is reported";
        judge.report(std::move(finding));
    }

  private:
    using Channel = std::pair<std::uint32_t, std::uint32_t>;  // Source and channel.
    struct Abort {
        std::uint32_t job = 0;
        Cycles at;
    };
    struct TakenBack {
        Cycles at;
        bool unfinished = false;  // Given up before it was complete.
    };
    /// The first burst in memory that the driver had taken back before.
    struct Late {
        std::uint32_t job = 0;
        ByteRange range;
        Cycles taken_back;
        Cycles at;
        bool write = false;
        bool unfinished = false;
    };

    void note_late(const Channel& channel, const TraceEvent& event) {
        const auto range = range_of(event.address, event.bytes);
        if (event.purpose != Purpose::Data || given_up_.empty() || !range) {
            return;
        }
        given_up_.for_each(*range, [&](const ByteRange& part, const TakenBack& back) {
            if (event.at > back.at) {
                late_.emplace(channel,
                              Late{event.job, part, back.at, event.at, event.access == Access::Write, back.unfinished});
            }
        });
    }

    void report_restart(const Channel& channel, const TraceEvent& event, Judge& judge) {
        const auto found = restarted_.find(channel);
        if (found == restarted_.end()) {
            return;
        }
        Finding finding;
        finding.at = found->second;
        finding.seen_at = event.at;
        finding.message = "channel " + std::to_string(event.channel) +
                          " is started again while its abort is under way, until " + text_of(event.at) +
                          ": the start is refused";
        finding.missing = "to wait until the channel is no longer busy before " + text_of(found->second);
        judge.report(std::move(finding));
    }

    void report_late(const Channel& channel, const TraceEvent& event, bool aborted, Judge& judge) {
        const auto found = late_.find(channel);
        if (found == late_.end() || found->second.job != event.job || !(aborted || found->second.unfinished)) {
            return;
        }
        const Late& late = found->second;
        Finding finding;
        finding.at = late.taken_back;
        finding.seen_at = late.at;
        finding.address = late.range.first;
        finding.bytes = late.range.bytes();
        finding.reader = FindingParty{
            VerifierAgent::Device,
            std::string{late.write ? "write" : "read"} + " of channel " + std::to_string(event.channel), late.at};
        finding.message = aborted
                              ? "the buffer is taken back while the abort of channel " + std::to_string(event.channel) +
                                    " is under way: bursts are in flight until " + text_of(event.at)
                              : "the buffer is given up and nothing stops channel " + std::to_string(event.channel) +
                                    ": its job goes on, and completes at " + text_of(event.at);
        finding.missing = (aborted ? "to wait, between the abort and " : "an abort, and to wait between it and ") +
                          text_of(late.taken_back) + ", until the channel is no longer busy";
        judge.report(std::move(finding));
    }

    std::map<Channel, Abort> aborted_;
    std::map<Channel, Late> late_;
    std::map<Channel, Cycles> restarted_;  // Refused starts, since the present job was accepted.
    RangeMap<TakenBack> given_up_;         // Memory that the driver has taken back, and when.
};

}  // namespace

std::unique_ptr<VerifierRule> make_abort_in_flight() {
    return std::make_unique<AbortInFlight>();
}

}  // namespace dmasim::detail
