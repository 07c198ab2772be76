// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

class SpecRefill final : public VerifierRule {
  public:
    void stale_load(const Hazard& hazard, Judge& judge) override {
        if (hazard.descriptor || !refilled_by_prefetch(hazard, judge.state())) {
            return;
        }
        Finding finding = finding_of(hazard, hazard.at, judge);
        finding.message =
            "a load hits a cache line that was prefetched again after it had been invalidated, and before "
            "the device wrote it";
        finding.missing = "an invalidate of " + the_range() + " between " + text_of(finding.writer) + " and " +
                          text_of(finding.reader) + "; the one at " +
                          text_of(invalidated_before(*hazard.line, judge.state())) + " came before the prefetch at " +
                          text_of(hazard.line->filled_at);
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_spec_refill() {
    return std::make_unique<SpecRefill>();
}

}  // namespace dmasim::detail
