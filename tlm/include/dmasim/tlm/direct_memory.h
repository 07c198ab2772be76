// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"
#include "dmasim/tlm/clock_domain.h"

namespace dmasim {

/// The direct memory pointers that an initiator has been granted, and bursts that go through them.
///
/// A pointer is asked for when a burst needs it, and again after a refusal only when the target has said on a payload that
/// it might grant one (`dmi_allowed`). Latencies are the target's (tlm_dmi, to the first beat of a read, to the response of a
/// write of one beat), the pace of the beats what it puts into the `BurstExtension` of the question, else one a cycle.
class DirectMemory {
  public:
    /// How long a burst takes that finds nobody in its way.
    struct Timing {
        Cycles latency;              ///< Request to first beat, or to the response of a write.
        std::uint32_t interval = 1;  ///< Of the beats.
        friend bool operator==(const Timing& a, const Timing& b) {
            return a.latency == b.latency && a.interval == b.interval;
        }
    };

    explicit DirectMemory(const ClockDomain& domain) : domain_(domain) {}

    /// Moves the bytes of `burst` now, which has `beats` beats. Nothing, and nothing moved, if there is no pointer for all of them, or if
    /// it has a fixed address or byte enables.
    std::optional<Timing> carry_out(const Burst& burst, std::uint32_t beats, tlm::tlm_fw_transport_if<>& target);

    /// What a target has said on a payload that came back.
    void hint(bool allowed) { worth_asking_ = allowed; }

    /// The pointers into these addresses are no longer valid (IEEE 1666-2011, 11.2.6).
    void invalidate(std::uint64_t first, std::uint64_t last);

    /// @{ For bursts that are carried out many at once; nothing is asked for.
    /// The latency to the first beat of a read, or to the response of a write of one beat, at `address`; nothing if no
    /// pointer is held.
    [[nodiscard]] std::optional<Timing> timing(Access access, std::uint64_t address) const;
    /// Memory of the host, and the place of its first byte in a range of addresses.
    struct Piece {
        std::uint8_t* data = nullptr;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
    };
    /// Finds the memory of at most `bytes` bytes from `address` on: fills `pieces`, in rising order, with at most `most` of them,
    /// and returns how many bytes that is. Every burst in there that crosses no 4 KiB boundary has a pointer, and all have the
    /// same timing.
    std::uint64_t find_pieces(Access access, std::uint64_t address, std::uint64_t bytes, std::size_t most,
                              std::vector<Piece>& pieces) const;
    /// Rises whenever regions come or go.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }
    /// @}

    /// Regions that are held, reads and writes apart.
    [[nodiscard]] std::size_t regions() const { return granted_[0].size() + granted_[1].size(); }

  private:
    struct Region {
        std::uint64_t last = 0;
        std::uint8_t* data = nullptr;
        Timing timing;
    };
    using Regions = std::map<std::uint64_t, Region>;  ///< By first address.

    Regions::const_iterator find(Regions& regions, Regions::const_iterator& recent, std::uint64_t address) const;
    bool ask(const Burst& burst, tlm::tlm_fw_transport_if<>& target);

    ClockDomain domain_;
    std::array<Regions, 2> granted_;  ///< Reads, writes.
    /// The region used last: streams go through memory in order, and rarely leave it.
    std::array<Regions::const_iterator, 2> recent_{granted_[0].end(), granted_[1].end()};
    bool worth_asking_ = true;
    std::uint64_t changes_ = 0;
};

}  // namespace dmasim
