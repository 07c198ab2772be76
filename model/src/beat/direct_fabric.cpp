// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/beat/fabric.h"

namespace dmasim {

namespace {

/// Wires.
class DirectFabric final : public BeatFabric {
  public:
    void to_masters(const Slaves& slaves, Slaves& seen) override { seen[0] = slaves[0]; }
    void to_slaves(const Masters& masters, const Slaves& /*slaves*/, Masters& seen) override { seen[0] = masters[0]; }
    bool clock(const Masters& /*masters*/, const Slaves& /*slaves*/) override { return false; }
    void reset() override {}
};

}  // namespace

std::unique_ptr<BeatFabric> make_direct_fabric() {
    return std::make_unique<DirectFabric>();
}

}  // namespace dmasim
