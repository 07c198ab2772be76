// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <map>
#include <utility>

#include "../rule.h"

namespace dmasim::detail {

namespace {

class Starvation final : public VerifierRule {
  public:
    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        if (judge.config().starvation_cycles == 0) {
            return;
        }
        if (event.kind == EventKind::BurstRequested) {
            bursts_[{event.source, event.access}].push_back(event.at);
            return;
        }
        if (event.kind == EventKind::BusGranted) {
            // The initiator ports of the bus bear the numbers of their blocks, and each queue of theirs is served in order.
            const auto queue = bursts_.find({event.channel, event.access});
            if (queue != bursts_.end() && !queue->second.empty()) {
                judge_burst(event, queue->second.front(), judge);
                queue->second.pop_front();
            }
            return;
        }
        if (event.kind != EventKind::CauseChanged) {
            return;
        }
        const auto cause = static_cast<CycleCause>(event.value);
        const std::pair<std::uint32_t, std::uint32_t> channel{event.source, event.channel};
        const auto found = waits_.find(channel);
        if (found != waits_.end() && cause != CycleCause::WaitingForGrant) {
            judge_wait(channel, found->second, event.at, judge);
            waits_.erase(found);
        } else if (found == waits_.end() && cause == CycleCause::WaitingForGrant) {
            waits_.emplace(channel, event.at);
        }
    }

    void finish(Cycles at, Judge& judge) override {
        for (const auto& [channel, since] : waits_) {
            judge_wait(channel, since, at, judge);
        }
        waits_.clear();
    }

  private:
    static void judge_burst(const TraceEvent& event, Cycles since, Judge& judge) {
        const std::uint64_t limit = judge.config().starvation_cycles;
        if (event.at < since || (event.at - since).count() <= limit) {
            return;
        }
        Finding finding;
        finding.at = since + (limit + 1);
        finding.seen_at = event.at;
        finding.address = event.address;
        finding.bytes = event.bytes;
        finding.message = std::string{event.access == Access::Write ? "a write" : "a read"} + " of initiator " +
                          std::to_string(event.channel) + " waits at the bus from " + text_of(since) + " to " +
                          text_of(event.at) + ", longer than " + std::to_string(limit) + " cycles";
        finding.missing = "an arbiter that bounds the wait";
        judge.report(std::move(finding));
    }

    static void judge_wait(const std::pair<std::uint32_t, std::uint32_t>& channel, Cycles since, Cycles until,
                           Judge& judge) {
        if (until < since || (until - since).count() <= judge.config().starvation_cycles) {
            return;
        }
        Finding finding;
        finding.at = since + (judge.config().starvation_cycles + 1);
        finding.seen_at = until;
        finding.message = "channel " + std::to_string(channel.second) + " waits for a grant from " + text_of(since) +
                          " to " + text_of(until) + ", longer than " +
                          std::to_string(judge.config().starvation_cycles) + " cycles";
        finding.missing = "an arbiter that bounds the wait";
        judge.report(std::move(finding));
    }

    std::map<std::pair<std::uint32_t, Access>, std::deque<Cycles>> bursts_;  // By source and direction: since when.
    std::map<std::pair<std::uint32_t, std::uint32_t>, Cycles> waits_;        // By source and channel: since when.
};

}  // namespace

std::unique_ptr<VerifierRule> make_starvation() {
    return std::make_unique<Starvation>();
}

}  // namespace dmasim::detail
