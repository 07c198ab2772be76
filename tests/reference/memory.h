// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "dmasim/bus/core/config.h"

#include "reference/mutation.h"
#include "reference/transaction.h"

namespace dmasim::reference {

/// A memory, cycle by cycle (docs/timing.md, M1 to M3).
class ClockedMemory {
  public:
    ClockedMemory(const MemoryConfig& config, unsigned source, Report report, Mutation mutation);

    /// A request whose stamp is the edge being evaluated; usable at the next one.
    void take_request(const TransactionPtr& transaction);

    void evaluate(Edge edge);

    /// Answers of the edge just evaluated: `answered` is set in the transaction.
    std::vector<TransactionPtr> take_answers();

    /// The byte as somebody sees it who looks before the next edge is evaluated.
    [[nodiscard]] std::uint8_t peek(std::uint64_t address) const;
    void poke(std::uint64_t address, std::uint8_t value);

    /// Interval of write beats, which the bus's write lanes need.
    [[nodiscard]] std::uint32_t write_interval() const;

  private:
    struct WaitingResponse {
        TransactionPtr transaction;
        Edge due;
    };

    [[nodiscard]] Response judge(const Transaction& transaction) const;
    void evaluate_reads(Edge edge);
    void evaluate_writes(Edge edge);
    void write_beat(const Transaction& transaction, std::uint32_t beat);

    MemoryConfig config_;
    unsigned source_;
    Report report_;
    Mutation mutation_;
    std::vector<std::uint8_t> bytes_;

    std::deque<TransactionPtr> reads_;
    std::deque<TransactionPtr> writes_;
    Edge read_data_free_ = 0;   ///< First edge at which another read may deliver its first beat.
    Edge write_beat_free_ = 0;  ///< First edge at which another write beat may be taken.
    std::uint32_t next_beat_ = 0;
    std::deque<WaitingResponse> responses_;
    std::vector<TransactionPtr> answers_;
};

}  // namespace dmasim::reference
