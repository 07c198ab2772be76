// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

/// The device keeps its copy of what it has fetched until it has written the status, or the driver publishes it anew.
class DescPrefetched final : public VerifierRule {
  public:
    void device_access(const DeviceAccess& access, Judge& judge) override {
        Shadow& state = judge.state();
        if (!state.published.touches(access.range)) {
            return;
        }
        // A device that reads again has what it needs; one that writes has retired the descriptor.
        changed_.erase(access.range);
        if (access.write) {
            fetched_.erase(access.range);
        } else {
            state.published.for_each(access.range,
                                     [&](const ByteRange& part, Cycles) { fetched_.assign(part, access.at); });
        }
    }

    void cpu_store(Cycles at, const ByteRange& range, const std::uint8_t*, Judge&) override {
        if (fetched_.empty()) {
            return;
        }
        fetched_.for_each(range, [&](const ByteRange& part, Cycles fetched_at) {
            changed_.assign(part, Change{at, fetched_at});
        });
    }

    void published(const ByteRange& range, Cycles, Judge&) override { forget(range); }
    void freed(const ByteRange& range, Cycles, Judge&) override { forget(range); }
    void completed(const Mapping* mapping, std::uint64_t address, std::uint64_t bytes, Cycles, Judge&) override {
        if (const auto range = range_of(address, bytes); mapping != nullptr && range) {
            forget(*range);
        }
    }

    void finish(Cycles, Judge& judge) override {
        changed_.for_all([&](const ByteRange& part, const Change& change) {
            Finding finding;
            finding.at = change.at;
            finding.seen_at = change.at;
            finding.address = part.first;
            finding.bytes = part.bytes();
            finding.writer = FindingParty{VerifierAgent::Cpu, "store", change.at};
            finding.reader = FindingParty{VerifierAgent::Device, "fetch", change.fetched_at};
            finding.message = "a descriptor is changed after the device has fetched it at " +
                              text_of(change.fetched_at) + ", and the device never looks again";
            finding.missing = "the change before the fetch at " + text_of(change.fetched_at) +
                              ", or a command that makes the device fetch it again";
            judge.report(std::move(finding));
        });
        changed_.clear();
    }

  private:
    struct Change {
        Cycles at;
        Cycles fetched_at;
    };

    void forget(const ByteRange& range) {
        fetched_.erase(range);
        changed_.erase(range);
    }

    RangeMap<Cycles> fetched_;
    RangeMap<Change> changed_;
};

}  // namespace

std::unique_ptr<VerifierRule> make_desc_prefetched() {
    return std::make_unique<DescPrefetched>();
}

}  // namespace dmasim::detail
