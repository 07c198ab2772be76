// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "dmasim/model/burst.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// Address channel: one burst.
struct AddressPhase {
    std::uint64_t address = 0;  ///< First byte, unaligned as the master puts it out.
    std::uint32_t bytes = 0;    ///< Bytes that the master wants.
    std::uint32_t beats = 0;    ///< 1 to 256.
    std::uint32_t id = 0;       ///< Master, put in by the fabric so that answers find their way.
};

/// Most bytes of a beat (1024 bits).
inline constexpr std::uint32_t kMaxBeatBytes = 128;

/// Data of one beat: a bus word with the range of bytes that count.
struct BeatData {
    std::array<std::uint8_t, kMaxBeatBytes> bytes{};
    std::uint32_t first = 0;  ///< First byte lane that counts.
    std::uint32_t count = 0;  ///< Number of byte lanes that count.
};

/// What a master drives in one cycle (docs/beat-pipelines.md).
struct MasterSignals {
    bool ar_valid = false;
    AddressPhase ar;
    bool aw_valid = false;
    AddressPhase aw;
    bool w_valid = false;
    bool w_last = false;
    const BeatData* w = nullptr;  ///< Valid while `w_valid`, until the end of the cycle.
    bool r_ready = false;
    bool b_ready = false;
};

/// What a slave drives in one cycle.
struct SlaveSignals {
    bool ar_ready = false;
    bool aw_ready = false;
    bool w_ready = false;
    bool r_valid = false;
    bool r_last = false;
    std::uint32_t r_id = 0;
    Response r_response = Response::Ok;
    const BeatData* r = nullptr;  ///< Valid while `r_valid`, until the end of the cycle.
    bool b_valid = false;
    std::uint32_t b_id = 0;
    Response b_response = Response::Ok;
};

/// A slave of a beat-accurate port. One cycle `t` is: `outputs(t)`, then `clock(t, in)` once.
///
/// A slave's outputs depend on its state only, never on the inputs of the same cycle: that is what makes one pass over
/// slaves, fabric and masters enough.
class BeatSlave {
  public:
    BeatSlave() = default;
    BeatSlave(const BeatSlave&) = delete;
    BeatSlave& operator=(const BeatSlave&) = delete;
    virtual ~BeatSlave() = default;

    [[nodiscard]] virtual SlaveSignals outputs(Cycles t) = 0;
    virtual void clock(Cycles t, const MasterSignals& in) = 0;
    /// After `clock(t)`: the earliest cycle > t at which the outputs can change though the inputs do not.
    [[nodiscard]] virtual Cycles next_change(Cycles t) const = 0;
    /// Back to the state after construction; the contents of a memory stay.
    virtual void reset() = 0;
};

/// A master of a beat-accurate port. One cycle `t` is: `outputs(t, in)`, then `clock(t, in)` once with the same `in`.
class BeatMaster {
  public:
    BeatMaster() = default;
    BeatMaster(const BeatMaster&) = delete;
    BeatMaster& operator=(const BeatMaster&) = delete;
    virtual ~BeatMaster() = default;

    [[nodiscard]] virtual MasterSignals outputs(Cycles t, const SlaveSignals& in) = 0;
    virtual void clock(Cycles t, const SlaveSignals& in) = 0;
    /// After `clock(t)`: the earliest cycle > t at which something can happen though the inputs do not change.
    [[nodiscard]] virtual Cycles next_change(Cycles t) const = 0;
};

}  // namespace dmasim
