// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "../rule.h"

namespace dmasim::detail {

namespace {

class Lifetime final : public VerifierRule {
  public:
    void freed(const ByteRange& range, Cycles at, Judge& judge) override {
        for (const Mapping& mapping : judge.state().mappings) {
            if (!mapping.live || !mapping.range.overlaps(range)) {
                continue;
            }
            const ByteRange common{std::max(mapping.range.first, range.first),
                                   std::min(mapping.range.last, range.last)};
            Finding finding = about(common, at, at);
            finding.message = "memory is freed that was mapped for the device at " + text_of(mapping.at) +
                              " and not completed: the device may still access it";
            finding.missing = "the completion of " + text_of(mapping.range) + " before " + text_of(at);
            judge.report(std::move(finding));
        }
    }

    void device_access(const DeviceAccess& access, Judge& judge) override {
        Shadow& state = judge.state();
        state.freed.for_each(access.range, [&](const ByteRange& part, Cycles freed_at) {
            Finding finding = about(part, freed_at, access.at);
            finding.reader = reader_of(access);
            finding.message = "the device accesses memory that was freed at " + text_of(freed_at);
            finding.missing = "to wait for the device before " + text_of(freed_at);
            judge.report(std::move(finding));
        });
        for (const Mapping& mapping : state.mappings) {
            if (!mapping.range.overlaps(access.range)) {
                continue;
            }
            const ByteRange common{std::max(mapping.range.first, access.range.first),
                                   std::min(mapping.range.last, access.range.last)};
            if (mapping.live) {
                reused(mapping, common, access, judge);
            } else {
                late(mapping, common, access, judge);
            }
        }
    }

  private:
    static Finding about(const ByteRange& range, Cycles at, Cycles seen_at) {
        Finding finding;
        finding.at = at;
        finding.seen_at = seen_at;
        finding.address = range.first;
        finding.bytes = range.bytes();
        return finding;
    }

    static FindingParty reader_of(const DeviceAccess& access) {
        return FindingParty{VerifierAgent::Device,
                            (access.write ? "write of channel " : "read of channel ") + std::to_string(access.channel),
                            access.at};
    }

    /// What was to be sent has been stored over.
    static void reused(const Mapping& mapping, const ByteRange& common, const DeviceAccess& access, Judge& judge) {
        if (access.write) {
            return;
        }
        mapping.reused.for_each(common, [&](const ByteRange& part, WriteId id) {
            const WriteRecord& store = judge.state().write(id);
            Finding finding = about(part, store.at, access.at);
            finding.writer = party_of(store);
            finding.reader = reader_of(access);
            finding.message = "a buffer that was mapped for the device at " + text_of(mapping.at) +
                              " is stored to before the device has read it";
            finding.missing = "the completion of " + text_of(mapping.range) + " before " + text_of(finding.writer);
            judge.report(std::move(finding));
        });
    }

    /// The device goes on with a transfer that was taken for completed, and the CPU has used the memory since.
    static void late(const Mapping& mapping, const ByteRange& common, const DeviceAccess& access, Judge& judge) {
        Shadow& state = judge.state();
        for (std::uint64_t address = common.first;; ++address) {
            const ByteState& byte = state.byte(address);
            const WriteRecord& newest = state.write(byte.newest);
            if (byte.newest > mapping.completed && newest.by_cpu() && mapping.accessed.find(address) == nullptr &&
                (access.write ? mapping.device_writes() : mapping.device_reads()) && !state.has_live_mapping(address) &&
                !state.is_descriptor(address)) {
                Finding finding = about(ByteRange{address, common.last}, mapping.completed_at, access.at);
                finding.writer = party_of(newest);
                finding.reader = reader_of(access);
                finding.message = "the device goes on with a buffer that was completed at " +
                                  text_of(mapping.completed_at) + " and has been used by the CPU since";
                finding.missing = "to stop the device and wait for it before " + text_of(mapping.completed_at);
                judge.report(std::move(finding));
                return;
            }
            if (address == common.last) {
                return;
            }
        }
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_lifetime() {
    return std::make_unique<Lifetime>();
}

}  // namespace dmasim::detail
