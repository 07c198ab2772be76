// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

class DescNotCleaned final : public VerifierRule {
  public:
    void stale_device_read(const Hazard& hazard, Judge& judge) override {
        if (!hazard.descriptor || (hazard.place != Place::Cache && hazard.place != Place::WriteBack)) {
            return;
        }
        Finding finding = finding_of(hazard, hazard.at, judge);
        finding.message = "the device fetches a descriptor whose newest store is in the cache and not in memory";
        finding.missing = "a clean of " + the_range() + " between " + text_of(finding.writer) + " and " +
                          text_of(finding.reader) + ", or uncached descriptors";
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_desc_not_cleaned() {
    return std::make_unique<DescNotCleaned>();
}

}  // namespace dmasim::detail
