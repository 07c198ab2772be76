// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include "../rule.h"
#include "../stray.h"

namespace dmasim::detail {

namespace {

class AddrBoundary final : public VerifierRule {
  public:
    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        if (event.kind == EventKind::JobAccepted) {
            fixed_[{event.source, event.channel}] = (event.tag & kJobFixed) != 0;
            return;
        }
        look_at(writes_, event, judge);
        look_at(reads_, event, judge);
        look_at_page(event, judge);
    }

    void device_access(const DeviceAccess& access, Judge& judge) override {
        // One access too many: right behind a buffer that is full, over what the CPU has stored there for itself.
        Shadow& state = judge.state();
        const std::uint64_t first = access.range.first;
        if (!access.write || first == 0 || !state.write(state.byte(first).newest).by_cpu() ||
            state.any_mapping(first) != nullptr || state.is_descriptor(first)) {
            return;
        }
        const Mapping* before = state.live(first - 1, true);
        if (before == nullptr || before->range.last != first - 1 || before->accessed.first_gap(before->range)) {
            return;
        }
        Finding finding;
        finding.at = access.at;
        finding.seen_at = access.at;
        finding.address = first;
        finding.bytes = access.range.bytes();
        finding.writer = party_of(state.write(state.byte(first).newest));
        finding.reader =
            FindingParty{VerifierAgent::Device, "write of channel " + std::to_string(access.channel), access.at};
        finding.message = "the device goes on writing behind the buffer " + text_of(before->range) +
                          ", which is full, over a store of the CPU";
        finding.missing = "a transfer that ends with its buffer";
        judge.report(std::move(finding));
    }

  private:
    static void look_at(StrayFinder& finder, const TraceEvent& event, Judge& judge) {
        const auto stray = finder.look_at(event, judge.state());
        if (!stray) {
            return;
        }
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        finding.address = stray->beside.first;
        finding.bytes = stray->beside.bytes();
        finding.reader = FindingParty{VerifierAgent::Device,
                                      std::string{event.access == Access::Write ? "write" : "read"} + " of channel " +
                                          std::to_string(event.channel),
                                      event.at};
        finding.message = "a transfer that begins in the buffer " + text_of(stray->buffer) + " goes on beside it";
        finding.missing = "a transfer that ends with its buffer";
        if (stray->instead_of) {
            const ByteRange expected{*stray->instead_of, stray->buffer.last};
            finding.message = "a transfer of the buffer " + text_of(stray->buffer) + " goes on at " +
                              text_of(stray->beside) + " instead of " + text_of(expected) +
                              ": a counter or an address is too short and has wrapped";
            finding.missing = "a transfer that does not cross the boundary, or one on each side of it";
        }
        judge.report(std::move(finding));
    }

    /// No burst may cross a page: the far side may belong to another target.
    void look_at_page(const TraceEvent& event, Judge& judge) const {
        constexpr std::uint64_t kPage = 4096;
        const auto range = range_of(event.address, event.bytes);
        if (event.kind != EventKind::BurstRequested || !range || range->first / kPage == range->last / kPage) {
            return;
        }
        const auto fixed = fixed_.find({event.source, event.channel});
        if (fixed != fixed_.end() && fixed->second) {
            return;
        }
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        finding.address = range->first;
        finding.bytes = range->bytes();
        finding.reader = FindingParty{VerifierAgent::Device,
                                      std::string{event.access == Access::Write ? "write" : "read"} + " of channel " +
                                          std::to_string(event.channel),
                                      event.at};
        finding.message = "a burst crosses a boundary of 4 KiB";
        finding.missing = "two bursts, one up to the boundary and one from there on";
        judge.report(std::move(finding));
    }

    std::map<std::pair<std::uint32_t, std::uint32_t>, bool> fixed_;  // By source and channel: the job's addresses stay.
    StrayFinder writes_{Access::Write};
    StrayFinder reads_{Access::Read};
};

}  // namespace

std::unique_ptr<VerifierRule> make_addr_boundary() {
    return std::make_unique<AddrBoundary>();
}

}  // namespace dmasim::detail
