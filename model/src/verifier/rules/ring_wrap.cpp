// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "dmasim/model/status.h"

#include "../rule.h"

namespace dmasim::detail {

namespace {

/// The producer laps the consumer, or the two do not agree about what is full, empty, or whose turn it is.
class RingWrap final : public VerifierRule {
  public:
    void device_access(const DeviceAccess& access, Judge& judge) override {
        waiting_.erase(access.range);
        changed_.erase(access.range);
        if (access.write && judge.state().cyclic.touches(access.range)) {
            count_lap(access.range, judge.state().cyclic);
        }
    }

    void cpu_load(Cycles at, const ByteRange& range, Judge& judge) override {
        RangeMap<std::uint32_t>& cyclic = judge.state().cyclic;
        if (!cyclic.touches(range)) {
            return;
        }
        std::vector<ByteRange> parts;
        cyclic.for_each(range, [&](const ByteRange& part, std::uint32_t laps) {
            parts.push_back(part);
            if (laps < 2) {
                return;
            }
            Finding finding;
            finding.at = at;
            finding.seen_at = at;
            finding.address = part.first;
            finding.bytes = part.bytes();
            finding.reader = FindingParty{VerifierAgent::Cpu, "load", at};
            finding.message = "the device has written " + the_range() +
                              " more than once since they were last loaded: its cyclic transfer has lapped the reader";
            finding.missing = "to read each lap before the next one begins, or a check of where the device is";
            judge.report(std::move(finding));
        });
        for (const ByteRange& part : parts) {
            cyclic.cover(part, 0);
        }
    }

    void doorbell(Cycles at, Judge&) override { rung_at_ = at; }

    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        const Channel channel{event.source, event.channel};
        switch (event.kind) {
            case EventKind::JobAccepted: {
                busy_.insert({channel, event.job});
                const auto range = range_of(event.address2, event.bytes);
                if ((event.tag & kJobCyclic) != 0 && (event.tag & kJobRows) == 0 && range &&
                    !judge.state().cyclic.touches(*range)) {
                    judge.state().cyclic.assign(*range, 0);
                }
                break;
            }
            case EventKind::JobCompleted:
                busy_.erase({channel, event.job});
                break;
            case EventKind::BurstRequested:
                if (event.purpose == Purpose::Descriptor) {
                    if (const auto range = range_of(event.address, event.bytes)) {
                        fetched_.cover(*range, Cycles{0});
                        longest_fetch_ = std::max(longest_fetch_, event.bytes);
                    }
                }
                break;
            case EventKind::ErrorLatched:
                judge_error(event, judge);
                break;
            default:
                break;
        }
    }

    void finish(Cycles at, Judge& judge) override {
        // Only where the device takes descriptors of the ring, was told to, and has come to rest.
        if (longest_fetch_ == 0 || !busy_.empty()) {
            return;
        }
        judge.state().published.for_all([&](const ByteRange& ring, Cycles published) {
            if (rung_at_ < published || !fetched_.touches(ring)) {
                return;
            }
            for (ByteRange rest = ring;;) {
                const std::optional<ByteRange> gap = fetched_.first_gap(rest);
                if (!gap) {
                    return;
                }
                if (gap->bytes() >= longest_fetch_) {
                    report_left_over(*gap, published, at, judge);
                    return;
                }
                if (gap->last == ring.last) {
                    return;
                }
                rest.first = gap->last + 1;
            }
        });
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
        fetched_.erase(range);
    }

    void freed(const ByteRange& range, Cycles, Judge&) override {
        waiting_.erase(range);
        changed_.erase(range);
    }

  private:
    using Channel = std::pair<std::uint32_t, std::uint32_t>;  // Source and channel.

    static void count_lap(const ByteRange& range, RangeMap<std::uint32_t>& cyclic) {
        std::vector<std::pair<ByteRange, std::uint32_t>> parts;
        cyclic.for_each(range, [&](const ByteRange& part, std::uint32_t laps) { parts.emplace_back(part, laps); });
        for (const auto& [part, laps] : parts) {
            cyclic.cover(part, laps + 1);
        }
    }

    static void judge_error(const TraceEvent& event, Judge& judge) {
        const auto error = static_cast<TransferError>(event.value);
        const auto detail = static_cast<ErrorDetail>(event.tag);
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        const std::string channel = "channel " + std::to_string(event.channel);
        if (error == TransferError::BadDescriptor && detail == ErrorDetail::NotValid &&
            judge.state().published.find(event.address) != nullptr) {
            finding.address = event.address;
            finding.bytes = 1;
            finding.message = channel +
                              " finds a descriptor at which it was told to look not valid: driver and device "
                              "do not agree about the lap";
            finding.missing = "the valid bit of the present lap, between the fields and " + text_of(event.at);
        } else if (error == TransferError::BadRegister && detail == ErrorDetail::ZeroLength) {
            const Mapping* waiting = nullptr;
            for (const Mapping& mapping : judge.state().mappings) {
                if (mapping.live && mapping.device_reads() && mapping.read.empty()) {
                    waiting = &mapping;
                }
            }
            if (waiting == nullptr) {
                return;
            }
            finding.address = waiting->range.first;
            finding.bytes = waiting->range.bytes();
            finding.message = channel + " is started for 0 bytes while the buffer " + text_of(waiting->range) +
                              " waits to be read: equal indices were taken for an empty ring";
            finding.missing = "one entry that stays free, or indices that run on";
        } else {
            return;
        }
        judge.report(std::move(finding));
    }

    void report_left_over(const ByteRange& rest, Cycles published, Cycles at, Judge& judge) const {
        Finding finding;
        finding.at = published;
        finding.seen_at = at;
        finding.address = rest.first;
        finding.bytes = rest.bytes();
        finding.message = "descriptors that were published at " + text_of(published) + ", before the doorbell at " +
                          text_of(rung_at_) + ", are never fetched, and the device is at rest: its tail is before them";
        finding.missing = "a tail behind " + text_of(rest) + " at " + text_of(rung_at_);
        judge.report(std::move(finding));
    }

    RangeMap<Cycles> fetched_;  // Descriptors that the device has fetched as such.
    std::uint64_t longest_fetch_ = 0;
    std::set<std::pair<Channel, std::uint32_t>> busy_;  // Jobs under way.
    Cycles rung_at_;
    RangeMap<Cycles> waiting_;  // Published, and not looked at by the device.
    RangeMap<Cycles> changed_;  // Of those: stored to since.
};

}  // namespace

std::unique_ptr<VerifierRule> make_ring_wrap() {
    return std::make_unique<RingWrap>();
}

}  // namespace dmasim::detail
