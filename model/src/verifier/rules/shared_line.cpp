// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

class SharedLine final : public VerifierRule {
  public:
    void shared_line(const Hazard& hazard, std::uint64_t dirty, Judge& judge) override {
        if (hazard.descriptor) {
            return;
        }
        Finding finding = finding_of(hazard, hazard.at, judge);
        finding.message = "a buffer that the device writes shares a cache line with stores to " +
                          text_of(ByteRange{dirty, dirty}) +
                          " that are only in the cache: a clean overwrites the buffer, an invalidate loses the stores";
        finding.missing = "a cache line of its own for the buffer, or a clean of the line before the device writes";
        judge.report(std::move(finding));
    }

    void lost_device_data(const Hazard& hazard, const Overwritten& lost, Judge& judge) override {
        if (hazard.descriptor || lost.own) {
            return;
        }
        Finding finding = finding_of(hazard, lost.at, judge);
        finding.message =
            "a write-back of a line that was dirty in other bytes has overwritten what the device had written";
        finding.missing = "a cache line of its own for the buffer";
        judge.report(std::move(finding));
    }

    void lost_store(const Hazard& hazard, const Drop& drop, Judge& judge) override {
        if (hazard.descriptor || !dropped_with_neighbour(hazard.range.first, drop, judge.state())) {
            return;
        }
        Finding finding = finding_of(hazard, drop.at, judge);
        finding.message = "an invalidate of other bytes in the same cache line has dropped this store";
        finding.missing = "a cache line of its own for the buffer";
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_shared_line() {
    return std::make_unique<SharedLine>();
}

}  // namespace dmasim::detail
