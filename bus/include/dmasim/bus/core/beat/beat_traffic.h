// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "dmasim/model/beat/beat_system.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// Reports the bursts at the masters' ports of a beat-accurate fabric as a bus does: `BusGranted` in the cycle of the
/// address handshake, `BusResponded` in that of the last beat of read data or of the write response
/// (docs/observability.md, "Events"). Changes nothing.
class BeatTraffic final : public BeatProbe {
  public:
    /// Target that a burst goes to, or one that is not less than `targets`: none.
    using Decode = std::function<std::uint32_t(std::uint64_t address, std::uint32_t bytes)>;

    /// `sink` outlives the probe. `source`: number of the bus in the events.
    BeatTraffic(std::uint32_t masters, std::uint32_t targets, Decode decode, TraceSink& sink, std::uint16_t source);

    void cycle(Cycles t, const BeatFabric::Masters& masters, const BeatFabric::Slaves& slaves) override;

  private:
    struct Burst {
        AddressPhase address;
        std::uint32_t target = 0;
        Response response = Response::Ok;
    };
    /// A master's bursts of one direction; they are answered in their order.
    using Bursts = std::deque<Burst>;

    void taken(std::size_t master, Access access, const AddressPhase& address, Cycles t);
    void answered(std::size_t master, Access access, Response response, bool last, Cycles t);
    void report(EventKind kind, std::size_t master, Access access, const Burst& burst, Cycles t);

    std::uint32_t targets_;
    Decode decode_;
    TraceSink& sink_;
    std::uint16_t source_;
    std::vector<std::array<Bursts, 2>> under_way_;
};

}  // namespace dmasim
