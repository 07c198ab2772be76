// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dmasim/model/arbiter/arbiter.h"

#include "reference/mutation.h"
#include "reference/transaction.h"

namespace dmasim::reference {

/// The arbiters once more, from docs/arbitration.md, as one flat table of rules.
class ClockedArbiter {
  public:
    ClockedArbiter(const ArbiterConfig& config, unsigned requesters, Mutation mutation);

    /// The winner among those with `since[i] != kNotYet`, or -1.
    [[nodiscard]] int pick(const std::vector<Edge>& since, Edge edge) const;
    void granted(unsigned index, Edge edge);

  private:
    [[nodiscard]] int first_from(unsigned start, const std::vector<Edge>& since) const;
    [[nodiscard]] std::uint64_t value_of(const std::vector<std::uint32_t>& list, unsigned index,
                                         std::uint32_t otherwise) const;
    [[nodiscard]] unsigned owner_at(Edge edge) const;
    [[nodiscard]] int highest(const std::vector<Edge>& since, Edge edge, bool ageing) const;

    ArbiterConfig config_;
    unsigned requesters_;
    Mutation mutation_;
    unsigned next_ = 0;            ///< Who is asked first, when the circle is asked.
    unsigned last_ = 0;            ///< Weighted: who was granted last.
    std::uint64_t turn_left_ = 0;  ///< Weighted: grants that are left of its turn.
};

}  // namespace dmasim::reference
