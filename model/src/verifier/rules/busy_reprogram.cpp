// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/status.h"

#include "../rule.h"

namespace dmasim::detail {

namespace {

class BusyReprogram final : public VerifierRule {
  public:
    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        if (event.kind != EventKind::ErrorLatched ||
            event.value != static_cast<std::uint32_t>(TransferError::BusyStart)) {
            return;
        }
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        finding.message =
            "channel " + std::to_string(event.channel) + " is started while it is busy: the start is refused";
        finding.missing = "to wait for the completion of the channel before " + text_of(event.at);
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_busy_reprogram() {
    return std::make_unique<BusyReprogram>();
}

}  // namespace dmasim::detail
