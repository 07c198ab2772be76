// SPDX-License-Identifier: Apache-2.0
//
// The clocked reference: a deliberately naive model of controller, bus and memories, written from docs/timing.md and
// from nothing else. Every block is evaluated at every edge; what a block hands over at edge e reaches the others after
// all of them have been evaluated, so nobody can use it before edge e + 1. Edges are plain numbers here: the reference
// shares only configurations, register layout and the words of the event stream with the product.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "dmasim/model/burst.h"
#include "dmasim/model/trace.h"

namespace dmasim::reference {

using Edge = std::uint64_t;

/// Larger than every edge of a test.
inline constexpr Edge kNotYet = ~Edge{0};

/// One burst on its way through the reference, with everything that happened to it.
struct Transaction {
    Access access = Access::Read;
    Purpose purpose = Purpose::Data;
    unsigned channel = 0;
    std::uint32_t job = 0;
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
    std::uint32_t fixed_bytes = 0;
    std::vector<std::uint8_t> data;

    // Bus.
    unsigned port = 0;
    Edge handed_over = kNotYet;  ///< Stamp of its acceptance.
    int target = -1;             ///< -1: decode error.
    std::uint64_t target_address = 0;
    std::uint32_t beats = 0;
    Edge granted = kNotYet;

    // Target.
    bool answered = false;
    Edge answered_at = kNotYet;  ///< First stamp of the target's answer.
    std::uint32_t interval = 1;
    Response response = Response::Ok;

    // Back at the initiator.
    bool delivered = false;
    Edge delivered_at = kNotYet;  ///< First stamp as the initiator sees it.

    /// Last stamp as the initiator sees it.
    [[nodiscard]] Edge last_stamp() const {
        return access == Access::Read ? delivered_at + (static_cast<Edge>(beats) - 1) * interval : delivered_at;
    }
};
using TransactionPtr = std::shared_ptr<Transaction>;

/// Where the blocks of the reference report their events.
using Report = std::function<void(const TraceEvent&)>;

}  // namespace dmasim::reference
