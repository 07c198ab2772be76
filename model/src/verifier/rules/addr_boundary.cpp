// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"
#include "../stray.h"

namespace dmasim::detail {

namespace {

class AddrBoundary final : public VerifierRule {
  public:
    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        look_at(writes_, event, judge);
        look_at(reads_, event, judge);
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
        judge.report(std::move(finding));
    }

    StrayFinder writes_{Access::Write};
    StrayFinder reads_{Access::Read};
};

}  // namespace

std::unique_ptr<VerifierRule> make_addr_boundary() {
    return std::make_unique<AddrBoundary>();
}

}  // namespace dmasim::detail
