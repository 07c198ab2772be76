// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "dmasim/bus/core/config.h"

#include "reference/arbiter.h"
#include "reference/mutation.h"
#include "reference/transaction.h"

namespace dmasim::reference {

/// A bus of any topology, cycle by cycle (docs/timing.md, B1 to B5).
class ClockedBus {
  public:
    /// `write_intervals`: of each target's write beats.
    ClockedBus(const BusConfig& config, std::vector<std::uint32_t> write_intervals, unsigned source, Report report,
               Mutation mutation);

    /// An initiator offers a burst at the edge being evaluated. At most one of each direction may be waiting.
    void offer(unsigned port, const TransactionPtr& transaction);

    void evaluate(Edge edge);

    /// After everybody has been evaluated at `edge`: accepts what finds room.
    std::vector<TransactionPtr> accept(Edge edge);

    /// What left for the targets at the edge just evaluated.
    std::vector<TransactionPtr> take_forwarded();

    /// Answers handed to the initiators at the edge just evaluated.
    std::vector<TransactionPtr> take_delivered();

  private:
    struct Queue {
        std::deque<TransactionPtr> waiting;
        TransactionPtr offered;                ///< Not accepted yet.
        std::deque<TransactionPtr> under_way;  ///< Granted, answer not handed over; in order of grants.
    };
    struct Lane {
        Lane(const ArbiterConfig& config, unsigned requesters, Mutation mutation)
            : arbiter(config, requesters, mutation), since(requesters, kNotYet) {}
        ClockedArbiter arbiter;
        std::vector<Edge> since;
        Edge free_at = 0;
    };

    [[nodiscard]] bool simple() const { return config_.topology == "simple"; }
    [[nodiscard]] bool crossbar() const { return config_.topology == "crossbar"; }
    [[nodiscard]] std::size_t lane_of(const Transaction& transaction) const;
    [[nodiscard]] std::size_t return_lane_of(const Transaction& transaction) const;
    [[nodiscard]] bool candidate(const Transaction& transaction, Edge edge) const;
    [[nodiscard]] unsigned in_progress(int target, Access access, Edge edge) const;
    void decode(Transaction& transaction) const;
    void grant(std::size_t lane, const TransactionPtr& transaction, Edge edge);
    void deliver(const TransactionPtr& transaction, Edge edge);
    void evaluate_grants(Edge edge);
    void evaluate_answers(Edge edge);

    BusConfig config_;
    std::vector<std::uint32_t> write_intervals_;
    unsigned source_;
    Report report_;
    Mutation mutation_;

    std::vector<std::array<Queue, 2>> queues_;  ///< By port, then direction (read, write).
    std::vector<Lane> lanes_;
    std::vector<Edge> return_lane_free_at_;
    std::vector<TransactionPtr>
        in_progress_;  ///< Everything granted whose answer was not handed over before this edge.
    std::vector<TransactionPtr> forwarded_;
    std::vector<TransactionPtr> delivered_;
};

}  // namespace dmasim::reference
