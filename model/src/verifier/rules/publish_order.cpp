// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "../rule.h"

namespace dmasim::detail {

namespace {

class PublishOrder final : public VerifierRule {
  public:
    void stale_device_read(const Hazard& hazard, Judge& judge) override {
        if (hazard.place != Place::StoreBuffer) {
            return;
        }
        Cycles at = hazard.at;
        // It was published too early, if it was.
        if (const Cycles* published = judge.state().published.find(hazard.range.first);
            published != nullptr && *published >= judge.state().write(hazard.newest).at) {
            at = *published;
        }
        Finding finding = finding_of(hazard, at, judge);
        finding.message = "the device reads bytes whose newest store is still in the store buffer";
        finding.missing = "a dsb between " + text_of(finding.writer) + " and " + text_of(finding.reader);
        judge.report(std::move(finding));
    }

    void device_access(const DeviceAccess& access, Judge& judge) override {
        if (access.write) {
            return;
        }
        Shadow& state = judge.state();
        // Fields that were stored before the descriptor was published and have not arrived.
        if (state.published.touches(access.range)) {
            for (const PendingStore& store : state.pending) {
                const Cycles* published = state.published.find(store.range.first);
                if (published != nullptr && *published >= state.write(store.id).at &&
                    same_publication(store.range.first, access.range, *published, state) &&
                    !store.range.overlaps(access.range)) {
                    report_pending(store, *published, access.at, "the device reads a descriptor", judge);
                }
            }
        }
        state.descriptors.for_each(access.range, [&](const ByteRange& part, Cycles) {
            const std::optional<ByteRange> gap = state.published.first_gap(part);
            if (!gap) {
                return;
            }
            Finding finding;
            finding.at = access.at;
            finding.seen_at = access.at;
            finding.address = gap->first;
            finding.bytes = gap->bytes();
            finding.reader =
                FindingParty{VerifierAgent::Device, "read of channel " + std::to_string(access.channel), access.at};
            finding.message = "the device reads a descriptor that has not been published";
            finding.missing = "the publication of " + text_of(*gap) + " before the device is let to look at it";
            judge.report(std::move(finding));
        });
    }

    void doorbell(Cycles at, Judge& judge) override {
        Shadow& state = judge.state();
        const auto judge_store = [&](const ByteRange& range, WriteId id, bool pending) {
            const bool matters = judge.config().doorbell_publishes_everything || state.descriptors.touches(range) ||
                                 state.published.touches(range) || state.live(range.first, false) != nullptr;
            if (!matters) {
                return;
            }
            Cycles when = at;
            if (const Cycles* published = state.published.find(range.first);
                published != nullptr && *published >= state.write(id).at) {
                when = *published;
            }
            PendingStore store;
            store.range = range;
            store.id = id;
            report_pending(store, when, at, pending ? "the doorbell is rung" : "the doorbell is rung", judge);
        };
        for (const PendingStore& store : state.pending) {
            judge_store(store.range, store.id, true);
        }
        for (const SentStore& store : state.sent) {
            for (std::size_t offset = 0; offset < store.ids.size(); ++offset) {
                if (store.ids[offset] != kNotSent) {
                    judge_store(ByteRange{store.address + offset, store.address + offset}, store.ids[offset], false);
                }
            }
        }
    }

    [[nodiscard]] bool wants_controller_events() const override { return true; }
    void controller_event(const TraceEvent& event, Judge& judge) override {
        if (judge.config().registers.empty()) {
            return;
        }
        const Job job{event.source, event.channel, event.job};
        if (event.kind == EventKind::JobCompleted) {
            writers_.erase(job);
        } else if (event.kind == EventKind::JobAccepted) {
            judge_start(event, judge);
            for (const VerifiedRegisters& block : judge.config().registers) {
                if (event.address2 >= block.base && event.address2 - block.base < block.bytes) {
                    writers_[job] = Writer{block, event};
                }
            }
        }
    }

  private:
    using Job = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;  // Source, channel, number.
    /// A job that writes registers of a controller.
    struct Writer {
        VerifiedRegisters block;
        TraceEvent event;
    };

    /// A channel is started while a job of another one writes its registers.
    void judge_start(const TraceEvent& start, Judge& judge) const {
        for (const auto& [id, writer] : writers_) {
            const std::uint64_t offset = writer.event.address2 - writer.block.base;
            if (writer.block.source != start.source || offset < writer.block.first ||
                (offset - writer.block.first) / writer.block.stride != start.channel) {
                continue;
            }
            Finding finding;
            finding.at = start.at;
            finding.seen_at = start.at;
            finding.address = writer.event.address2;
            finding.bytes = writer.event.bytes;
            finding.reader =
                FindingParty{VerifierAgent::Device, "start of channel " + std::to_string(start.channel), start.at};
            finding.message = "channel " + std::to_string(start.channel) + " is started while channel " +
                              std::to_string(writer.event.channel) + " writes its registers, since " +
                              text_of(writer.event.at) + ": it takes what was there before";
            finding.missing = "the completion of that write before " + text_of(start.at);
            judge.report(std::move(finding));
        }
    }

    std::map<Job, Writer> writers_;

    static bool same_publication(std::uint64_t a, const ByteRange& read, Cycles published, Shadow& state) {
        bool same = false;
        state.published.for_each(read, [&](const ByteRange& part, Cycles at) {
            const ByteRange between{std::min(a, part.first), std::max(a, part.last)};
            same = same || (at == published && !state.published.first_gap(between));
        });
        return same;
    }

    static void report_pending(const PendingStore& store, Cycles at, Cycles seen_at, const std::string& what,
                               Judge& judge) {
        Finding finding;
        finding.at = at;
        finding.seen_at = seen_at;
        finding.address = store.range.first;
        finding.bytes = store.range.bytes();
        finding.writer = party_of(judge.state().write(store.id));
        finding.message = what + " while a store that belongs before it is still in the store buffer";
        finding.missing = "a dsb between " + text_of(finding.writer) + " and " + text_of(seen_at) +
                          "; a dmb orders and does not complete";
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_publish_order() {
    return std::make_unique<PublishOrder>();
}

}  // namespace dmasim::detail
