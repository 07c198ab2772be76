// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"
#include "../stray.h"

namespace dmasim::detail {

namespace {

class FifoXrun final : public VerifierRule {
  public:
    void controller_event(const TraceEvent& event, Judge& judge) override {
        const auto stray = reads_.look_at(event, judge.state());
        if (!stray) {
            return;
        }
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        finding.address = stray->beside.first;
        finding.bytes = stray->beside.bytes();
        finding.reader =
            FindingParty{VerifierAgent::Device, "read of channel " + std::to_string(event.channel), event.at};
        finding.message = "the device reads behind the end of the buffer " + text_of(stray->buffer) +
                          " and takes what is there for payload";
        finding.missing = "a transfer no longer than its buffer";
        judge.report(std::move(finding));
    }

  private:
    StrayFinder reads_{Access::Read};
};

}  // namespace

std::unique_ptr<VerifierRule> make_fifo_xrun() {
    return std::make_unique<FifoXrun>();
}

}  // namespace dmasim::detail
