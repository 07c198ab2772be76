// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "dmasim/bus/core/lazy_island.h"
#include "dmasim/model/ring.h"

namespace dmasim {

/// Between a master of an island and the bus. Lets through one request at a time, of both directions together.
class LazyIsland::Door final : public BurstPort, public BurstMaster {
  public:
    enum class CallKind : std::uint8_t { Accepted, ReadData, WriteResponse };
    /// What the bus calls a master, as in `BurstMaster`.
    struct Call {
        CallKind kind = CallKind::Accepted;
        std::uint32_t tag = 0;
        Cycles at;
        std::uint32_t interval = 1;
        Response response = Response::Ok;
    };

    /// `block`: the master's number among the island's blocks.
    Door(LazyIsland& island, std::size_t block, std::uint32_t initiator, BurstPort& bus, BurstMaster& master)
        : island_(island), block_(block), initiator_(initiator), bus_(bus), master_(master) {}

    void request(const Burst& burst, Cycles at) override;
    void accepted(std::uint32_t tag, Cycles at) override;
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override;
    void write_response(std::uint32_t tag, Cycles at, Response response) override;

    [[nodiscard]] std::uint32_t initiator() const { return initiator_; }
    [[nodiscard]] bool holds() const { return !held_.empty(); }
    /// The master has a cadence: what it requests is no visit.
    void set_regular() { visits_ = false; }

    /// To the bus, for which the island was at rest when the request came.
    void pass_on(const Burst& burst, Cycles at) { bus_.request(burst, at); }
    /// The next `calls` calls of the bus have been made already.
    void were_made(std::size_t calls) { made_ += calls; }

    /// @{ What the bus would call, if it were not at rest.
    void take_accepted(std::uint32_t tag, Cycles at);
    void take_read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) {
        stale();
        master_.read_data(tag, first, interval, response);
    }
    void take_write_response(std::uint32_t tag, Cycles at, Response response) {
        stale();
        master_.write_response(tag, at, response);
    }
    /// @}

  private:
    struct Held {
        Burst burst;
        Cycles at;
    };
    void stale() { island_.blocks_[block_].stale = true; }
    /// The bus makes `call`: whether the master has been called already.
    [[nodiscard]] bool was_made(const Call& call);

    LazyIsland& island_;
    const std::size_t block_;
    const std::uint32_t initiator_;
    BurstPort& bus_;
    BurstMaster& master_;
    bool visits_ = true;
    bool busy_ = false;  ///< A request has not been accepted.
    std::size_t made_ = 0;
    Ring<Held> held_;
};

}  // namespace dmasim
