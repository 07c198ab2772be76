// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include "dmasim/model/status.h"

#include "../rule.h"

namespace dmasim::detail {

namespace {

class EarlyDone final : public VerifierRule {
  public:
    void completed(const Mapping* mapping, std::uint64_t address, std::uint64_t bytes, Cycles at,
                   Judge& judge) override {
        const std::optional<ByteRange> range = range_of(address, bytes);
        if (mapping == nullptr || !range) {
            return;
        }
        judge_fifos(*mapping, at, judge);
        // Of what the device reads, only transfers that stop half-way are certain: it may have had no need to.
        if (mapping->direction == DmaDirection::ToDevice && !mapping->accessed.touches(*range)) {
            return;
        }
        const std::optional<ByteRange> gap = mapping->accessed.first_gap(*range);
        if (!gap) {
            return;
        }
        const bool reads = mapping->direction == DmaDirection::ToDevice;
        Finding finding;
        finding.at = at;
        finding.seen_at = at;
        finding.address = gap->first;
        finding.bytes = gap->bytes();
        finding.message = std::string{"completion of "} + text_of(*range) + " is reported, but the device has not " +
                          (reads ? "read" : "written") + " " + text_of(*gap) + " yet";
        finding.missing =
            "the device's last " + std::string{reads ? "read" : "write"} + " before the completion at " + text_of(at);
        judge.report(std::move(finding));
    }

    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        const std::pair<std::uint32_t, std::uint32_t> channel{event.source, event.channel};
        if (event.kind == EventKind::PeripheralFifo) {
            if (static_cast<FifoEvent>(event.value) == FifoEvent::Filled) {
                filled_[event.address] = event.at;
            } else if (static_cast<FifoEvent>(event.value) == FifoEvent::Empty) {
                filled_.erase(event.address);
            }
            return;
        }
        if (event.kind == EventKind::JobAccepted && event.bytes != 0) {
            fed_from_[event.address2] = ByteRange{event.address, event.address + (event.bytes - 1)};
        }
        const bool data_write = event.access == Access::Write && event.purpose == Purpose::Data;
        if (event.kind == EventKind::BurstRequested && data_write) {
            ++writes_[channel][event.job];
        } else if (event.kind == EventKind::BurstResponse && data_write) {
            const auto found = writes_[channel].find(event.job);
            if (found != writes_[channel].end() && --found->second == 0) {
                writes_[channel].erase(found);
            }
        } else if (event.kind == EventKind::JobCompleted &&
                   event.value == static_cast<std::uint32_t>(JobStatus::Done)) {
            const auto found = writes_[channel].find(event.job);
            if (found == writes_[channel].end()) {
                return;
            }
            Finding finding;
            finding.at = event.at;
            finding.seen_at = event.at;
            finding.message = "channel " + std::to_string(event.channel) + " reports job " + std::to_string(event.job) +
                              " done while " + std::to_string(found->second) + " of its writes have no response";
            finding.missing = "the last write response before the completion at " + text_of(event.at);
            judge.report(std::move(finding));
            writes_[channel].erase(found);
        }
    }

  private:
    /// The buffer was sent to a device in whose FIFO something is left.
    void judge_fifos(const Mapping& mapping, Cycles at, Judge& judge) const {
        for (const auto& [port, since] : filled_) {
            const auto source = fed_from_.find(port);
            if (source == fed_from_.end() || !source->second.overlaps(mapping.range)) {
                continue;
            }
            Finding finding;
            finding.at = at;
            finding.seen_at = at;
            finding.address = port;
            finding.bytes = 1;
            finding.message = "completion of " + text_of(mapping.range) +
                              " is reported while the FIFO of the device at " + text_of(ByteRange{port, port}) +
                              " still holds part of it";
            finding.missing = "to wait until the device's own FIFO is empty before " + text_of(at);
            judge.report(std::move(finding));
        }
    }

    std::map<std::uint64_t, Cycles> filled_;       // Devices by data port: something is in the FIFO since then.
    std::map<std::uint64_t, ByteRange> fed_from_;  // By data port: the source of the last job that writes there.
    // Data writes under way, by source and channel, then job.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::map<std::uint32_t, std::uint32_t>> writes_;
};

}  // namespace

std::unique_ptr<VerifierRule> make_early_done() {
    return std::make_unique<EarlyDone>();
}

}  // namespace dmasim::detail
