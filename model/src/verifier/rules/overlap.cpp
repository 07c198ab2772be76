// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "../rule.h"

namespace dmasim::detail {

namespace {

class Overlap final : public VerifierRule {
  public:
    void mapped(const Mapping& mapping, Judge& judge) override {
        for (const Mapping& other : judge.state().mappings) {
            if (!other.live || !other.range.overlaps(mapping.range) ||
                (!other.device_writes() && !mapping.device_writes())) {
                continue;
            }
            const ByteRange common{std::max(other.range.first, mapping.range.first),
                                   std::min(other.range.last, mapping.range.last)};
            Finding finding;
            finding.at = mapping.at;
            finding.seen_at = mapping.at;
            finding.address = common.first;
            finding.bytes = common.bytes();
            finding.message = "a buffer is mapped that overlaps " + text_of(other.range) + ", mapped at " +
                              text_of(other.at) + " and not completed, and the device writes";
            finding.missing = "the completion of the mapping of " + text_of(other.at) + " before " +
                              text_of(mapping.at) + ", or another buffer";
            judge.report(std::move(finding));
        }
    }

    void copied(const ByteRange& destination, const ByteRange& source, Cycles at, Judge& judge) override {
        if (!destination.overlaps(source) || destination.first == source.first) {
            return;
        }
        Finding finding;
        finding.at = at;
        finding.seen_at = at;
        finding.address = std::max(destination.first, source.first);
        finding.bytes = std::min(destination.last, source.last) - finding.address + 1;
        finding.message = "source " + text_of(source) + " and destination " + text_of(destination) +
                          " of a copy overlap: what comes out depends on its order";
        finding.missing = "a copy by way of other memory";
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_overlap() {
    return std::make_unique<Overlap>();
}

}  // namespace dmasim::detail
