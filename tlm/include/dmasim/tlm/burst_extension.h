// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"

namespace dmasim {

/// What dmasim's modules tell each other beside the generic payload. An ignorable extension: the protocol does not depend on
/// it, only how finely the data phase is timed, what traces say, and whether caches look at the burst.
///
/// A foreign initiator never has one; a foreign interconnect may drop it or copy it; a foreign target leaves `interval`
/// at 0. So read it through `extension_of`, and take what it says for a hint of who is on the other side.
class BurstExtension : public tlm::tlm_extension<BurstExtension> {
  public:
    // Set by the initiator before BEGIN_REQ.
    Purpose purpose = Purpose::Data;
    std::uint16_t channel = 0;    ///< Channel of the initiator.
    std::uint16_t initiator = 0;  ///< Number of the initiator, given to it by the platform.
    std::uint32_t tag = 0;        ///< The initiator's name of the burst.
    bool no_snoop = false;        ///< As `Burst::no_snoop`.

    /// Set by an interconnect of ours: it shows the access to the caches (timing.md B6). For traces only.
    bool snooped = false;

    /// Set by the target: the distance in cycles between the data beats, >= 1, of writes from the acceptance on, of reads
    /// at BEGIN_RESP. An interconnect of ours overwrites it with what its own side sees. 0: the target does not say, and
    /// the initiator takes it to move one beat a cycle (docs/architecture.md, "Over TLM").
    std::uint32_t interval = 0;

    tlm::tlm_extension_base* clone() const override;
    void copy_from(const tlm::tlm_extension_base& other) override;
};

/// The extension of `trans`, or nullptr.
inline BurstExtension* extension_of(const tlm::tlm_generic_payload& trans) {
    return trans.get_extension<BurstExtension>();
}

}  // namespace dmasim
