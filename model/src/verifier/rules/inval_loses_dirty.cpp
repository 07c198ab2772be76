// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

class InvalLosesDirty final : public VerifierRule {
  public:
    void lost_store(const Hazard& hazard, const Drop& drop, Judge& judge) override {
        Finding finding = finding_of(hazard, drop.at, judge);
        finding.has_line = true;
        finding.line = drop.line;
        finding.set = drop.set;
        finding.way = drop.way;
        finding.line_state = "dropped by an invalidate at " + text_of(drop.at) + " while it was dirty";
        finding.message = "an invalidate has dropped a store that is used afterwards";
        finding.missing = "a clean of " + the_range() + " between " + text_of(finding.writer) +
                          " and the invalidate at " + text_of(drop.at);
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_inval_loses_dirty() {
    return std::make_unique<InvalLosesDirty>();
}

}  // namespace dmasim::detail
