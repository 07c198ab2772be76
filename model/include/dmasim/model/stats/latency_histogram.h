// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "dmasim/model/types.h"

namespace dmasim {

/// An exact histogram of cycle counts: one bucket for each value that has occurred, so that percentiles are values that
/// were measured and not estimates.
///
/// Memory: 8 bytes for each value below 4096, about 50 for each different value above that occurs; it does not depend on
/// the number of samples.
class LatencyHistogram {
  public:
    void add(Cycles latency, std::uint64_t times = 1);
    /// Adds all samples of `other`.
    void merge(const LatencyHistogram& other);

    /// Number of samples.
    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// Sum of all samples, in cycles (modulo 2^64).
    [[nodiscard]] std::uint64_t sum() const { return sum_; }
    /// Least and greatest sample; 0 without samples.
    [[nodiscard]] Cycles min() const { return min_; }
    [[nodiscard]] Cycles max() const { return max_; }
    /// Mean in cycles; 0 without samples.
    [[nodiscard]] double mean() const;

    /// Nearest-rank percentile: the least sample `v` such that at least `per_mille`/1000 of all samples are <= `v`. An
    /// integer, so that 99 % of 100 samples is the 99th and never the 100th. 0 gives the minimum, 1000 the maximum; more
    /// counts as 1000. 0 without samples.
    [[nodiscard]] Cycles percentile(std::uint32_t per_mille) const;

    /// How often `latency` occurred.
    [[nodiscard]] std::uint64_t count_of(Cycles latency) const;

  private:
    std::vector<std::uint64_t> small_;              ///< Index: value, grown on demand up to 4096.
    std::map<std::uint64_t, std::uint64_t> large_;  ///< Values from 4096 on.
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    Cycles min_;
    Cycles max_;
};

}  // namespace dmasim
