// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/burst_extension.h"

namespace dmasim {

tlm::tlm_extension_base* BurstExtension::clone() const {
    auto* copy = new BurstExtension;
    copy->copy_from(*this);
    return copy;
}

void BurstExtension::copy_from(const tlm::tlm_extension_base& other) {
    // SystemC calls this for objects in the slot of this type only; the slot is all it checks.
    const auto& from = static_cast<const BurstExtension&>(other);
    purpose = from.purpose;
    snooped = from.snooped;
    channel = from.channel;
    initiator = from.initiator;
    tag = from.tag;
    no_snoop = from.no_snoop;
    interval = from.interval;
}

}  // namespace dmasim
