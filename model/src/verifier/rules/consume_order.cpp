// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <set>

#include "../rule.h"

namespace dmasim::detail {

namespace {

/// An entry: what one write of the device has put into a descriptor region. Fields that were loaded before it, and not
/// again after a part of it (its flag) was seen, are of the entry before.
class ConsumeOrder final : public VerifierRule {
  public:
    void cpu_load(Cycles at, const ByteRange& range, Judge& judge) override {
        if (!judge.state().descriptors.touches(range)) {
            return;
        }
        // One load of the program may come in pieces, by lines or bus words.
        const bool goes_on = last_.last + 1 == range.first && at <= last_at_ + kPieceCycles;
        loads_ += goes_on ? 0U : 1U;
        last_ = range;
        last_at_ = at;
        for (Entry& entry : entries_) {
            if (!entry.range.overlaps(range)) {
                continue;
            }
            const ByteRange part{std::max(entry.range.first, range.first), std::min(entry.range.last, range.last)};
            entry.early.for_each(part, [&](const ByteRange&, const Load& load) { entry.polls.insert(load.number); });
            entry.early.erase(part);
            entry.seen = true;
            entry.seen_at = at;
        }
        judge.state().descriptors.for_each(range, [&](const ByteRange& part, Cycles) {
            early_.assign(part, Load{loads_, at});
        });
    }

    void device_wrote(const DeviceAccess& access, WriteId id, Judge& judge) override {
        if (access.range.bytes() > kMaxEntry || !judge.state().descriptors.touches(access.range)) {
            return;
        }
        drop(access.range, judge);
        Entry entry;
        entry.range = access.range;
        entry.id = id;
        early_.for_each(access.range, [&](const ByteRange& part, const Load& load) { entry.early.assign(part, load); });
        early_.erase(access.range);
        if (!entry.early.empty()) {
            entries_.push_back(std::move(entry));
        }
    }

    void cpu_store(Cycles, const ByteRange& range, const std::uint8_t*, Judge& judge) override {
        // The bytes are the CPU's own now: what it has loaded before belongs to nobody's entry.
        if (!early_.empty()) {
            early_.erase(range);
        }
        if (!entries_.empty()) {
            drop(range, judge);
        }
    }

    void published(const ByteRange& range, Cycles, Judge& judge) override {
        early_.erase(range);
        drop(range, judge);
    }

    void finish(Cycles, Judge& judge) override {
        for (const Entry& entry : entries_) {
            look_at(entry, judge);
        }
        entries_.clear();
    }

  private:
    struct Load {
        std::uint64_t number = 0;
        Cycles at;
    };
    struct Entry {
        ByteRange range;
        WriteId id = 0;
        RangeMap<Load> early;           // Loaded before it was written, and not again.
        std::set<std::uint64_t> polls;  // Early loads of bytes that were loaded again.
        bool seen = false;
        Cycles seen_at;
    };
    static constexpr std::uint64_t kMaxEntry = 64;
    static constexpr std::uint64_t kPieceCycles = 64;  // Longest distance of two pieces of one load.

    /// The entries in `range` are over.
    void drop(const ByteRange& range, Judge& judge) {
        for (auto entry = entries_.begin(); entry != entries_.end();) {
            if (entry->range.overlaps(range)) {
                look_at(*entry, judge);
                entry = entries_.erase(entry);
            } else {
                ++entry;
            }
        }
    }

    static void look_at(const Entry& entry, Judge& judge) {
        if (!entry.seen) {
            return;
        }
        bool reported = false;
        entry.early.for_all([&](const ByteRange& part, const Load& load) {
            // A load that has also seen the flag, when it was not set yet, was nothing but a look at the flag.
            if (reported || entry.polls.count(load.number) != 0) {
                return;
            }
            reported = true;
            Finding finding;
            finding.at = load.at;
            finding.seen_at = entry.seen_at;
            finding.address = part.first;
            finding.bytes = part.bytes();
            finding.writer = party_of(judge.state().write(entry.id));
            finding.reader = FindingParty{VerifierAgent::Cpu, "load", load.at};
            finding.message = "fields of an entry were loaded before the entry was seen to be valid at " +
                              text_of(entry.seen_at) + ", and belong to the one before";
            finding.missing = "the loads of " + text_of(part) + " after that of the flag at " + text_of(entry.seen_at) +
                              ", with a barrier between them";
            judge.report(std::move(finding));
        });
    }

    RangeMap<Load> early_;
    std::deque<Entry> entries_;
    std::uint64_t loads_ = 0;
    ByteRange last_;
    Cycles last_at_;
};

}  // namespace

std::unique_ptr<VerifierRule> make_consume_order() {
    return std::make_unique<ConsumeOrder>();
}

}  // namespace dmasim::detail
