// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"
#include "../stray.h"

namespace dmasim::detail {

namespace {

class FifoXrun final : public VerifierRule {
  public:
    void device_access(const DeviceAccess& access, Judge& judge) override {
        // One read too many: right behind a buffer that has been read as a whole.
        Shadow& state = judge.state();
        const std::uint64_t first = access.range.first;
        if (access.write || access.descriptor || first == 0 || state.any_mapping(first) != nullptr ||
            state.is_descriptor(first)) {
            return;
        }
        const Mapping* before = state.live(first - 1, false);
        if (before == nullptr || before->range.last != first - 1 || before->read.first_gap(before->range)) {
            return;
        }
        Finding finding;
        finding.at = access.at;
        finding.seen_at = access.at;
        finding.address = first;
        finding.bytes = access.range.bytes();
        finding.reader =
            FindingParty{VerifierAgent::Device, "read of channel " + std::to_string(access.channel), access.at};
        finding.message = "the device goes on reading behind the buffer " + text_of(before->range) +
                          ", all of which it has, and takes what is there for payload";
        finding.missing = "a transfer that ends with its buffer";
        judge.report(std::move(finding));
    }

    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        if (event.kind == EventKind::PeripheralFifo) {
            look_at_fifo(event, judge);
            return;
        }
        look_at(reads_, event, judge);
        look_at(writes_, event, judge);
    }

  private:
    static void look_at_fifo(const TraceEvent& event, Judge& judge) {
        const auto what = static_cast<FifoEvent>(event.value);
        if (what != FifoEvent::Overrun && what != FifoEvent::Underrun) {
            return;
        }
        const bool over = what == FifoEvent::Overrun;
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        finding.address = event.address;
        finding.bytes = event.bytes;
        finding.message = over ? "the FIFO of the device at " + text_of(ByteRange{event.address, event.address}) +
                                     " runs over: there is no room for " + std::to_string(event.bytes) + " bytes"
                               : "the FIFO of the device at " + text_of(ByteRange{event.address, event.address}) +
                                     " runs dry: " + std::to_string(event.bytes) +
                                     " bytes are wanted that are not there";
        finding.missing = "a threshold that leaves room for what is in flight, a slower device, or more of the bus";
        judge.report(std::move(finding));
    }

    static void look_at(StrayFinder& finder, const TraceEvent& event, Judge& judge) {
        const auto stray = finder.look_at(event, judge.state());
        if (!stray || stray->instead_of) {
            return;
        }
        const bool write = event.access == Access::Write;
        Finding finding;
        finding.at = event.at;
        finding.seen_at = event.at;
        finding.address = stray->beside.first;
        finding.bytes = stray->beside.bytes();
        finding.reader =
            FindingParty{VerifierAgent::Device,
                         (write ? "write of channel " : "read of channel ") + std::to_string(event.channel), event.at};
        finding.message = write ? "the device has more data than the buffer " + text_of(stray->buffer) +
                                      " takes, and writes behind its end"
                                : "the device reads behind the end of the buffer " + text_of(stray->buffer) +
                                      " and takes what is there for payload";
        finding.missing = "a transfer no longer than its buffer";
        judge.report(std::move(finding));
    }

    StrayFinder reads_{Access::Read};
    StrayFinder writes_{Access::Write};
};

}  // namespace

std::unique_ptr<VerifierRule> make_fifo_xrun() {
    return std::make_unique<FifoXrun>();
}

}  // namespace dmasim::detail
