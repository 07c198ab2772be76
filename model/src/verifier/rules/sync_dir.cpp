// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

/// Says why where the consequence has another rule's name: the operation was there, but of the other direction.
class SyncDir final : public VerifierRule {
  public:
    void stale_load(const Hazard& hazard, Judge& judge) override {
        for (const MaintenanceRecord& done : judge.state().maintenance) {
            if (done.kind == MaintenanceKind::Clean && done.scope == 0 && done.covers(hazard.range.first) &&
                done.begin >= judge.state().write(hazard.newest).at) {
                Finding finding = finding_of(hazard, done.end, judge);
                finding.message = "a clean where the bytes come from the device: it drops nothing";
                finding.missing = "an invalidate of " + the_range() + " instead of the clean at " + text_of(done.end);
                judge.report(std::move(finding));
                return;
            }
        }
    }

    void lost_store(const Hazard& hazard, const Drop& drop, Judge& judge) override {
        if (hazard.reader.agent != VerifierAgent::Device) {
            return;
        }
        const MaintenanceRecord* done = maintenance_at(drop.at, judge.state());
        if (done == nullptr || !done->covers(hazard.range.first)) {
            return;
        }
        Finding finding = finding_of(hazard, drop.at, judge);
        finding.message = "an invalidate where the bytes go to the device: it drops the stores instead of writing them";
        finding.missing = "a clean of " + the_range() + " instead of the invalidate at " + text_of(drop.at);
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_sync_dir() {
    return std::make_unique<SyncDir>();
}

}  // namespace dmasim::detail
