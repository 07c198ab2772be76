// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/errors.h"

#include "fabrics.h"

namespace dmasim::detail {

namespace {

/// Wires.
class DirectFabric final : public BeatFabric {
  public:
    void to_masters(const Slaves& slaves, Slaves& seen) override { seen[0] = slaves[0]; }
    void to_slaves(const Masters& masters, const Slaves& /*slaves*/, Masters& seen) override { seen[0] = masters[0]; }
    bool clock(const Masters& /*masters*/, const Slaves& /*slaves*/) override { return false; }
};

}  // namespace

std::unique_ptr<BeatFabric> make_direct_fabric(std::uint32_t masters, std::uint32_t slaves,
                                               const BeatFabric::Decoder& /*decode*/) {
    if (masters != 1 || slaves != 1) {
        throw ConfigError("fabric 'direct' connects one master and one memory");
    }
    return std::make_unique<DirectFabric>();
}

}  // namespace dmasim::detail
