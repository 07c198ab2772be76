// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

class DescNotInvalidated final : public VerifierRule {
  public:
    void stale_load(const Hazard& hazard, Judge& judge) override {
        if (!hazard.descriptor) {
            return;
        }
        Finding finding = finding_of(hazard, hazard.at, judge);
        finding.message = "a load of a descriptor hits a cache line that is older than what the device has written";
        finding.missing = "an invalidate of " + the_range() + " between " + text_of(finding.writer) + " and " +
                          text_of(finding.reader) + ", or uncached descriptors";
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_desc_not_invalidated() {
    return std::make_unique<DescNotInvalidated>();
}

}  // namespace dmasim::detail
