// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

class CleanMissing final : public VerifierRule {
  public:
    void stale_device_read(const Hazard& hazard, Judge& judge) override {
        if (hazard.descriptor || (hazard.place != Place::Cache && hazard.place != Place::WriteBack)) {
            return;
        }
        Finding finding = finding_of(hazard, hazard.at, judge);
        finding.message = "the device reads bytes whose newest store is in the cache and not in memory";
        finding.missing =
            "a clean of " + the_range() + " between " + text_of(finding.writer) + " and " + text_of(finding.reader);
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_clean_missing() {
    return std::make_unique<CleanMissing>();
}

}  // namespace dmasim::detail
