// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include "dmasim/model/status.h"

#include "../rule.h"

namespace dmasim::detail {

namespace {

class AbortInFlight final : public VerifierRule {
  public:
    void controller_event(const TraceEvent& event, Judge& judge) override {
        const std::pair<std::uint32_t, std::uint32_t> channel{event.source, event.channel};
        if (event.kind == EventKind::JobCompleted) {
            if (event.value == static_cast<std::uint32_t>(JobStatus::Aborted)) {
                aborted_[channel] = Abort{event.job, event.at};
            }
            return;
        }
        if (event.kind == EventKind::JobAccepted) {
            aborted_.erase(channel);
            return;
        }
        if ((event.kind != EventKind::BurstRequested && event.kind != EventKind::BurstResponse) || aborted_.empty()) {
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
    struct Abort {
        std::uint32_t job = 0;
        Cycles at;
    };
    std::map<std::pair<std::uint32_t, std::uint32_t>, Abort> aborted_;  // By source and channel.
};

}  // namespace

std::unique_ptr<VerifierRule> make_abort_in_flight() {
    return std::make_unique<AbortInFlight>();
}

}  // namespace dmasim::detail
