// SPDX-License-Identifier: Apache-2.0
#include "../rule.h"

namespace dmasim::detail {

namespace {

class AddrReach final : public VerifierRule {
  public:
    void mapped(const Mapping& mapping, Judge& judge) override { look_at(mapping.range, mapping.at, judge); }
    void published(const ByteRange& range, Cycles at, Judge& judge) override { look_at(range, at, judge); }

  private:
    static void look_at(const ByteRange& range, Cycles at, Judge& judge) {
        const unsigned bits = judge.config().device_address_bits;
        if (bits >= 64 || range.last >> bits == 0) {
            return;
        }
        Finding finding;
        finding.at = at;
        finding.seen_at = at;
        finding.address = range.first;
        finding.bytes = range.bytes();
        finding.message = "memory is handed to a device that drives " + std::to_string(bits) +
                          " address bits: it will access other memory";
        finding.missing = "memory below 2^" + std::to_string(bits) + ", or a bounce buffer there";
        judge.report(std::move(finding));
    }
};

}  // namespace

std::unique_ptr<VerifierRule> make_addr_reach() {
    return std::make_unique<AddrReach>();
}

}  // namespace dmasim::detail
