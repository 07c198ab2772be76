// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "../rule.h"

namespace dmasim::detail {

namespace {

class BounceSync final : public VerifierRule {
  public:
    void device_access(const DeviceAccess& access, Judge& judge) override {
        for (Bounce& bounce : judge.state().bounces) {
            if (!bounce.pool.overlaps(access.range)) {
                continue;
            }
            const std::uint64_t first = std::max(bounce.pool.first, access.range.first) - bounce.pool.first;
            const std::uint64_t last = std::min(bounce.pool.last, access.range.last) - bounce.pool.first;
            if (access.write) {
                if (bounce.direction != DmaDirection::ToDevice) {
                    std::fill(bounce.synced.begin() + static_cast<std::ptrdiff_t>(first),
                              bounce.synced.begin() + static_cast<std::ptrdiff_t>(last) + 1, std::uint8_t{0});
                }
            } else if (bounce.direction != DmaDirection::FromDevice) {
                const FindingParty reader{VerifierAgent::Device, "read of channel " + std::to_string(access.channel),
                                          access.at};
                check(bounce, first, last, access.at, bounce.user, bounce.pool, reader, judge);
            }
        }
    }

    void cpu_load(Cycles at, const ByteRange& range, Judge& judge) override {
        for (const Bounce& bounce : judge.state().bounces) {
            if (bounce.direction == DmaDirection::ToDevice || !bounce.user.overlaps(range)) {
                continue;
            }
            check(bounce, std::max(bounce.user.first, range.first) - bounce.user.first,
                  std::min(bounce.user.last, range.last) - bounce.user.first, at, bounce.pool, bounce.user,
                  FindingParty{VerifierAgent::Cpu, "load", at}, judge);
        }
    }

    void cpu_store(Cycles, const ByteRange& range, const std::uint8_t* data, Judge& judge) override {
        for (Bounce& bounce : judge.state().bounces) {
            const bool to_device = bounce.direction != DmaDirection::FromDevice;
            const bool from_device = bounce.direction != DmaDirection::ToDevice;
            if (!bounce.user.overlaps(range) && !bounce.pool.overlaps(range)) {
                continue;
            }
            for (std::uint64_t address = range.first;; ++address) {
                const std::uint8_t* value = data != nullptr ? data + (address - range.first) : nullptr;
                if (to_device && bounce.pool.contains(address)) {
                    const std::uint64_t offset = address - bounce.pool.first;
                    bounce.synced[offset] = same(judge.state().byte(bounce.user.first + offset), value) ? 1 : 0;
                }
                if (bounce.user.contains(address)) {
                    const std::uint64_t offset = address - bounce.user.first;
                    bounce.synced[offset] =
                        from_device && same(judge.state().byte(bounce.pool.first + offset), value) ? 1 : 0;
                }
                if (address == range.last) {
                    break;
                }
            }
        }
    }

  private:
    static bool same(const ByteState& other, const std::uint8_t* value) {
        return value == nullptr || !other.known || other.value == *value;
    }

    /// The bytes of `to` are used: they must have been copied from those of `from`.
    static void check(const Bounce& bounce, std::uint64_t first, std::uint64_t last, Cycles at, const ByteRange& from,
                      const ByteRange& to, const FindingParty& reader, Judge& judge) {
        const auto begin = bounce.synced.begin() + static_cast<std::ptrdiff_t>(first);
        const auto end = bounce.synced.begin() + static_cast<std::ptrdiff_t>(last) + 1;
        const auto bad = std::find(begin, end, std::uint8_t{0});
        if (bad == end) {
            return;
        }
        const auto good = std::find(bad, end, std::uint8_t{1});
        const auto offset = static_cast<std::uint64_t>(bad - bounce.synced.begin());
        Finding finding;
        finding.at = at;
        finding.seen_at = at;
        finding.address = to.first + offset;
        finding.bytes = static_cast<std::uint64_t>(good - bad);
        finding.writer = party_of(judge.state().write(judge.state().byte(from.first + offset).newest));
        finding.reader = reader;
        const ByteRange source{from.first + offset, from.first + offset + (finding.bytes - 1)};
        finding.message = "bytes are used that stand for " + text_of(source) +
                          " and have not been copied from there since " + text_of(finding.writer);
        finding.missing = "a copy from " + text_of(source) + " to " +
                          text_of(ByteRange{finding.address, finding.address + (finding.bytes - 1)}) + " between " +
                          text_of(finding.writer) + " and " + text_of(reader);
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_bounce_sync() {
    return std::make_unique<BounceSync>();
}

}  // namespace dmasim::detail
