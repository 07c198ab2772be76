// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include "../rule.h"

namespace dmasim::detail {

namespace {

class Starvation final : public VerifierRule {
  public:
    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        if (event.kind != EventKind::CauseChanged || judge.config().starvation_cycles == 0) {
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

    std::map<std::pair<std::uint32_t, std::uint32_t>, Cycles> waits_;  // By source and channel: since when.
};

}  // namespace

std::unique_ptr<VerifierRule> make_starvation() {
    return std::make_unique<Starvation>();
}

}  // namespace dmasim::detail
