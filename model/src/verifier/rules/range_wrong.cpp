// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

/// Says why where the consequence has another rule's name: the operation was there, but not for these bytes.
class RangeWrong final : public VerifierRule {
  public:
    void stale_device_read(const Hazard& hazard, Judge& judge) override {
        if (hazard.place == Place::Cache) {
            missed(hazard, true, judge);
        }
    }

    void stale_load(const Hazard& hazard, Judge& judge) override { missed(hazard, false, judge); }

    void lost_store(const Hazard& hazard, const Drop& drop, Judge& judge) override {
        // An invalidate that was meant for a buffer has gone too far.
        const MaintenanceRecord* done = maintenance_at(drop.at, judge.state());
        if (done == nullptr || !done->asked || !done->asked->contains(hazard.range.first) ||
            judge.state().any_mapping(hazard.range.first) != nullptr || !meets_mapping(*done->asked, judge.state())) {
            return;
        }
        Finding finding = finding_of(hazard, drop.at, judge);
        finding.message =
            "an invalidate of " + text_of(*done->asked) + " goes beyond its buffer and has dropped a store";
        finding.missing = "an invalidate of the buffer only";
        judge.report(std::move(finding));
    }

  private:
    static bool meets_mapping(const ByteRange& range, Shadow& state) {
        for (const Mapping& mapping : state.mappings) {
            if (mapping.range.overlaps(range)) {
                return true;
            }
        }
        return false;
    }

    /// An operation after the newest write that would have been right, had it been for the bytes of `hazard`.
    static void missed(const Hazard& hazard, bool to_device, Judge& judge) {
        Shadow& state = judge.state();
        const WriteRecord& newest = state.write(hazard.newest);
        const Mapping* mapping = state.any_mapping(hazard.range.first);
        const ByteRange buffer =
            mapping != nullptr ? mapping->range : ByteRange{newest.address, newest.address + (newest.bytes - 1)};
        for (const MaintenanceRecord& done : state.maintenance) {
            if (done.begin < newest.at || !done.asked || done.covers(hazard.range.first) ||
                !(to_device ? done.cleans() : done.drops())) {
                continue;
            }
            // A part of the same buffer, or a place where there is no buffer at all.
            if (!done.range->overlaps(buffer) && meets_mapping(*done.range, state)) {
                continue;
            }
            Finding finding = finding_of(hazard, done.end, judge);
            finding.message = std::string{to_device ? "a clean" : "an invalidate"} + " of " + text_of(*done.asked) +
                              " leaves out " + the_range();
            finding.missing = std::string{to_device ? "a clean" : "an invalidate"} + " of " + text_of(buffer) +
                              " instead of that of " + text_of(*done.asked) + " at " + text_of(done.end);
            judge.report(std::move(finding));
            return;
        }
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_range_wrong() {
    return std::make_unique<RangeWrong>();
}

}  // namespace dmasim::detail
