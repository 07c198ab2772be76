// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <systemc>
#include <tlm>

#include "dmasim/model/backend/beat_mover.h"
#include "dmasim/model/beat/beat_system.h"
#include "dmasim/model/beat/signals.h"

namespace dmasim {

/// Runs the `BeatSystem` that a controller is plugged into.
class BeatHost {
  public:
    BeatHost() = default;
    BeatHost(const BeatHost&) = delete;
    BeatHost& operator=(const BeatHost&) = delete;
    virtual ~BeatHost() = default;

    /// Evaluates all cycles up to and including `edge`: an engine's edge comes after the cycle of its number, in whatever
    /// order the processes run.
    virtual void run_through(Cycles edge) = 0;
    /// Cycle `t` must be looked at.
    virtual void wake(Cycles t) = 0;
    /// Somebody looks: evaluates all cycles before the present.
    virtual void look() = 0;
};

/// A controller that wants to take part in a beat-accurate system of somebody else.
class BeatGuest {
  public:
    BeatGuest() = default;
    BeatGuest(const BeatGuest&) = delete;
    BeatGuest& operator=(const BeatGuest&) = delete;
    virtual ~BeatGuest() = default;

    [[nodiscard]] virtual BeatPlug& plug() = 0;
    /// `host` runs the system from now on; it outlives the simulation.
    virtual void hosted_by(BeatHost& host) = 0;
    [[nodiscard]] virtual std::string guest_name() const = 0;
};

/// A beat-accurate memory, as it shows itself to whoever may use it beat by beat.
struct BeatMemoryPort {
    BeatSlave* slave = nullptr;
    std::uint32_t bus_bytes = 0;
    sc_core::sc_time period;
    std::uint32_t askers = 0;  ///< Ways to it that were found; with more than one it belongs to nobody.
    /// Set if the system that it is in may lie behind the present: to be called before its bytes are looked at or changed.
    std::function<void()> look;
};

/// Asks, by debug accesses that move nothing, what is on the other side of a socket: at the end of elaboration, so that
/// all answers are there when the simulation starts (docs/beat-pipelines.md, "Islands"). Modules that do not know the
/// extension ignore it or pass it on; those that pass it on with another address are no wires, which is why the address as
/// the answering side sees it comes back.
class BeatInquiry : public tlm::tlm_extension<BeatInquiry> {
  public:
    // Asked.
    BeatGuest* guest = nullptr;  ///< Null: an interconnect asks its target.
    std::uint32_t bus_bytes = 0;
    sc_core::sc_time period;
    // Answered; at most one of the two.
    BeatMemoryPort* memory = nullptr;  ///< A beat-accurate memory with the same clock and width.
    BeatHost* host = nullptr;          ///< A beat-accurate fabric; it has taken the guest (`hosted_by`).
    std::uint64_t seen_address = 0;    ///< Of the access, where it was answered.

    tlm::tlm_extension_base* clone() const override;
    void copy_from(const tlm::tlm_extension_base& other) override;
};

/// Makes one debug access with `inquiry` at `address`.
void ask(tlm::tlm_fw_transport_if<>& target, BeatInquiry& inquiry, std::uint64_t address);

/// What `find_beat_part` found.
struct BeatPart {
    BeatMemoryPort* memory = nullptr;
    BeatHost* host = nullptr;
    /// Nothing but wires in between: every address in [first, last] that was looked at (both ends, and those around powers
    /// of two) came through to the same part unchanged.
    bool straight = false;
};

/// Looks for a beat-accurate memory or fabric at the other end of `target`. Counts as an asker of a memory.
BeatPart find_beat_part(tlm::tlm_fw_transport_if<>& target, const BeatInquiry& question, std::uint64_t first,
                        std::uint64_t last);

}  // namespace dmasim
