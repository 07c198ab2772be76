// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include "../rule.h"

namespace dmasim::detail {

namespace {

class AddrReach final : public VerifierRule {
  public:
    void mapped(const Mapping& mapping, Judge& judge) override { look_at(mapping.range, mapping.at, judge); }
    void published(const ByteRange& range, Cycles at, Judge& judge) override { look_at(range, at, judge); }

    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        if (judge.config().device_address_bits >= 64) {
            return;
        }
        if (event.kind == EventKind::JobAccepted) {
            jobs_[{event.source, event.channel}] = event;
            return;
        }
        const auto range = range_of(event.address, event.bytes);
        if (event.kind != EventKind::BurstRequested || !range || of_cpu(event.purpose) || at_port(event)) {
            return;
        }
        if (Finding finding; beyond(*range, event.at, judge, finding)) {
            finding.reader = FindingParty{VerifierAgent::Device,
                                          std::string{event.access == Access::Write ? "write" : "read"} +
                                              " of channel " + std::to_string(event.channel),
                                          event.at};
            finding.message = "a device that drives " + std::to_string(judge.config().device_address_bits) +
                              " address bits is to access " + the_range() + ": it will access other memory";
            judge.report(std::move(finding));
        }
    }

  private:
    /// An access of the side of a job whose address stays: a device's port, which may be selected otherwise than by address.
    [[nodiscard]] bool at_port(const TraceEvent& event) const {
        const auto job = jobs_.find({event.source, event.channel});
        return job != jobs_.end() && (job->second.tag & kJobFixed) != 0 &&
               event.address == (event.access == Access::Write ? job->second.address2 : job->second.address);
    }

    static bool beyond(const ByteRange& range, Cycles at, Judge& judge, Finding& finding) {
        const unsigned bits = judge.config().device_address_bits;
        if (bits >= 64 || range.last >> bits == 0) {
            return false;
        }
        finding.at = at;
        finding.seen_at = at;
        finding.address = range.first;
        finding.bytes = range.bytes();
        finding.missing = "memory below 2^" + std::to_string(bits) + ", or a bounce buffer there";
        return true;
    }

    static void look_at(const ByteRange& range, Cycles at, Judge& judge) {
        if (Finding finding; beyond(range, at, judge, finding)) {
            finding.message = "memory is handed to a device that drives " +
                              std::to_string(judge.config().device_address_bits) +
                              " address bits: it will access other memory";
            judge.report(std::move(finding));
        }
    }

    std::map<std::pair<std::uint32_t, std::uint32_t>, TraceEvent> jobs_;  // By source and channel: the newest one.
};

}  // namespace

std::unique_ptr<VerifierRule> make_addr_reach() {
    return std::make_unique<AddrReach>();
}

}  // namespace dmasim::detail
