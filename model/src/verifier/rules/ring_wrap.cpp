// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

/// The producer (the CPU) laps the consumer (the device).
class RingWrap final : public VerifierRule {
  public:
    void device_access(const DeviceAccess& access, Judge&) override {
        waiting_.erase(access.range);
        changed_.erase(access.range);
    }

    void cpu_store(Cycles at, const ByteRange& range, const std::uint8_t*, Judge&) override {
        if (!waiting_.empty()) {
            waiting_.for_each(range, [&](const ByteRange& part, Cycles) { changed_.assign(part, at); });
        }
    }

    void published(const ByteRange& range, Cycles at, Judge& judge) override {
        changed_.for_each(range, [&](const ByteRange& part, Cycles stored_at) {
            const Cycles* first = waiting_.find(part.first);
            Finding finding;
            finding.at = stored_at;
            finding.seen_at = at;
            finding.address = part.first;
            finding.bytes = part.bytes();
            finding.writer = FindingParty{VerifierAgent::Cpu, "store", stored_at};
            finding.message = "a descriptor that was published at " + text_of(first != nullptr ? *first : at) +
                              " is filled and published again before the device has looked at it: one entry is lost";
            finding.missing = "to wait until the device has read or completed " + text_of(part);
            judge.report(std::move(finding));
        });
        changed_.erase(range);
        waiting_.assign(range, at);
    }

    void freed(const ByteRange& range, Cycles, Judge&) override {
        waiting_.erase(range);
        changed_.erase(range);
    }

  private:
    RangeMap<Cycles> waiting_;  // Published, and not looked at by the device.
    RangeMap<Cycles> changed_;  // Of those: stored to since.
};

}  // namespace

std::unique_ptr<VerifierRule> make_ring_wrap() {
    return std::make_unique<RingWrap>();
}

}  // namespace dmasim::detail
