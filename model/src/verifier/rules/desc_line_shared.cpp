// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

class DescLineShared final : public VerifierRule {
  public:
    void shared_line(const Hazard& hazard, std::uint64_t dirty, Judge& judge) override {
        if (!hazard.descriptor) {
            return;
        }
        Finding finding = finding_of(hazard, hazard.at, judge);
        finding.message = "the device writes a descriptor in a cache line with stores to " +
                          text_of(ByteRange{dirty, dirty}) +
                          " that are only in the cache: a clean overwrites the device's, an invalidate loses the CPU's";
        finding.missing = "uncached descriptors, or a cache line for each";
        judge.report(std::move(finding));
    }

    void lost_device_data(const Hazard& hazard, const Overwritten& lost, Judge& judge) override {
        if (!hazard.descriptor) {
            return;
        }
        Finding finding = finding_of(hazard, lost.at, judge);
        finding.message = "a write-back of a line of descriptors has overwritten what the device had written";
        finding.missing = "uncached descriptors, or a cache line for each";
        judge.report(std::move(finding));
    }

    void lost_store(const Hazard& hazard, const Drop& drop, Judge& judge) override {
        if (!hazard.descriptor || !dropped_with_neighbour(hazard.range.first, drop, judge.state())) {
            return;
        }
        Finding finding = finding_of(hazard, drop.at, judge);
        finding.message = "an invalidate of another descriptor in the same cache line has dropped this store";
        finding.missing = "uncached descriptors, or a cache line for each";
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_desc_line_shared() {
    return std::make_unique<DescLineShared>();
}

}  // namespace dmasim::detail
