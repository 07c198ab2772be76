// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

class RxDirty final : public VerifierRule {
  public:
    void dirty_under_device(const Hazard& hazard, DirtyWhy why, Judge& judge) override {
        Finding finding = finding_of(hazard, hazard.at, judge);
        const std::string until = why == DirtyWhy::Stored ? "the buffer is mapped" : text_of(finding.reader);
        switch (why) {
            case DirtyWhy::Mapped:
                finding.message =
                    "a buffer is handed to the device to be written while it is dirty in the cache: a "
                    "write-back can overwrite the device's data";
                break;
            case DirtyWhy::Stored:
                finding.message =
                    "a cached store to a buffer that the device may write: a write-back can overwrite the "
                    "device's data";
                break;
            case DirtyWhy::Written:
                finding.message =
                    "the device writes bytes that are dirty in the cache: a write-back can overwrite them";
                break;
        }
        finding.missing = why == DirtyWhy::Stored
                              ? "no store to " + the_range() + " until the buffer is the CPU's again"
                              : "a clean or an invalidate of " + the_range() + " between " + text_of(finding.writer) +
                                    " and " + until;
        judge.report(std::move(finding));
    }

    void lost_device_data(const Hazard& hazard, const Overwritten& lost, Judge& judge) override {
        if (!lost.own) {
            return;
        }
        Finding finding = finding_of(hazard, lost.at, judge);
        finding.message = "a write-back of a dirty line has overwritten what the device had written";
        finding.missing = "a clean or an invalidate of " + the_range() + " before " + text_of(finding.writer);
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_rx_dirty() {
    return std::make_unique<RxDirty>();
}

}  // namespace dmasim::detail
