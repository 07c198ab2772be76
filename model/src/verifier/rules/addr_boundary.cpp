// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"
#include "../stray.h"

namespace dmasim::detail {

namespace {

class AddrBoundary final : public VerifierRule {
  public:
    void controller_event(const TraceEvent& event, Judge& judge) override {
        look_at(writes_, event, judge);
        look_at(reads_, event, judge);
    }

  private:
    static void look_at(StrayFinder& finder, const TraceEvent& event, Judge& judge) {
        const auto stray = finder.look_at(event, judge.state());
        if (!stray) {
            return;
        }
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        finding.address = stray->beside.first;
        finding.bytes = stray->beside.bytes();
        finding.reader = FindingParty{VerifierAgent::Device,
                                      std::string{event.access == Access::Write ? "write" : "read"} + " of channel " +
                                          std::to_string(event.channel),
                                      event.at};
        finding.message = "a transfer that begins in the buffer " + text_of(stray->buffer) + " goes on beside it";
        finding.missing = "a transfer that ends with its buffer";
        judge.report(std::move(finding));
    }

    StrayFinder writes_{Access::Write};
    StrayFinder reads_{Access::Read};
};

}  // namespace

std::unique_ptr<VerifierRule> make_addr_boundary() {
    return std::make_unique<AddrBoundary>();
}

}  // namespace dmasim::detail
