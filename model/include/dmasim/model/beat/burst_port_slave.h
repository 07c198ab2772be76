// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "dmasim/model/beat/signals.h"
#include "dmasim/model/burst.h"

namespace dmasim {

/// First tag of a `BurstPortSlave` that shares its port with a `DmaEngine`, whose tags are below.
inline constexpr std::uint32_t kBurstPortSlaveTags = 0x80000000;

/// Lets a beat-accurate master use a target of which only bursts are known: a bus, or a module that is not ours
/// (docs/beat-pipelines.md, "Other targets").
///
/// An address is taken when the one before of its direction was accepted. Read beats follow the stamps that the target
/// announces, no earlier than one cycle after the beat before. Write beats are taken one a cycle; the burst goes out when
/// all of it is here.
class BurstPortSlave final : public BeatSlave, public BurstMaster {
  public:
    /// Tags of the bursts start at `first_tag` and use its upper bits unchanged, so that another master can share the
    /// port. `channel` goes into the bursts, for traces.
    BurstPortSlave(BurstPort& port, std::uint32_t bus_bytes, std::uint32_t first_tag = 0);

    [[nodiscard]] SlaveSignals outputs(Cycles t) override;
    void clock(Cycles t, const MasterSignals& in) override;
    [[nodiscard]] Cycles next_change(Cycles t) const override;
    void reset() override;

    void accepted(std::uint32_t tag, Cycles at) override;
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override;
    void write_response(std::uint32_t tag, Cycles at, Response response) override;

    /// Called when an answer arrives that can show from cycle `t` on.
    std::function<void(Cycles)> on_answer;

    /// Whether a burst is under way.
    [[nodiscard]] bool idle() const { return reads_.empty() && writes_.empty(); }
    /// Whether `tag` is one of this slave's.
    [[nodiscard]] bool owns(std::uint32_t tag) const { return (tag & ~kTagMask) == first_tag_; }

  private:
    static constexpr std::uint32_t kTagMask = 0xFFFF;

    struct Under {
        AddressPhase address;
        std::uint32_t tag = 0;
        std::vector<std::uint8_t> data;
        std::uint32_t beat = 0;
        bool requested = false;
        bool answered = false;
        Cycles first;
        std::uint32_t interval = 1;
        Response response = Response::Ok;
    };

    Under& find(std::deque<std::unique_ptr<Under>>& bursts, std::uint32_t tag);
    void offer(Under& burst, Access access, Cycles at);

    BurstPort& port_;
    std::uint32_t bus_bytes_;
    std::uint32_t first_tag_;
    std::uint32_t next_tag_ = 0;
    std::deque<std::unique_ptr<Under>> reads_;   ///< In order of their addresses.
    std::deque<std::unique_ptr<Under>> writes_;  ///< The same.
    std::uint32_t read_waits_ = 0;               ///< Offered and not accepted.
    std::uint32_t write_waits_ = 0;
    Cycles read_from_;   ///< From this cycle on a read address is taken.
    Cycles write_from_;  ///< From this cycle on a write goes out.
    Cycles beat_from_;   ///< From this cycle on the next read beat is valid.
    BeatData buffers_[2];
    std::size_t current_ = 0;
    bool loaded_ = false;
    bool changed_ = false;
};

}  // namespace dmasim
