// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/latency_histogram.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace dmasim {

namespace {

constexpr std::uint64_t kSmallValues = 4096;

/// ceil(count * per_mille / 1000) without overflow; at least 1.
std::uint64_t rank_of(std::uint64_t count, std::uint64_t per_mille) {
    const std::uint64_t rank = count / 1000 * per_mille + (count % 1000 * per_mille + 999) / 1000;
    return std::max<std::uint64_t>(rank, 1);
}

}  // namespace

void LatencyHistogram::add(Cycles latency, std::uint64_t times) {
    if (times == 0) {
        return;
    }
    const std::uint64_t value = latency.count();
    if (value < kSmallValues) {
        if (value >= small_.size()) {
            small_.resize(static_cast<std::size_t>(value) + 1);
        }
        small_[static_cast<std::size_t>(value)] += times;
    } else {
        large_[value] += times;
    }
    min_ = count_ == 0 ? latency : std::min(min_, latency);
    max_ = std::max(max_, latency);
    count_ += times;
    sum_ += value * times;
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
    if (&other == this) {
        merge(LatencyHistogram(other));
        return;
    }
    for (std::size_t value = 0; value < other.small_.size(); ++value) {
        add(Cycles{value}, other.small_[value]);
    }
    for (const auto& [value, times] : other.large_) {
        add(Cycles{value}, times);
    }
}

double LatencyHistogram::mean() const {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

Cycles LatencyHistogram::percentile(std::uint32_t per_mille) const {
    if (count_ == 0) {
        return Cycles{0};
    }
    const std::uint64_t rank = rank_of(count_, std::min<std::uint32_t>(per_mille, 1000));
    std::uint64_t seen = 0;
    for (std::size_t value = 0; value < small_.size(); ++value) {
        seen += small_[value];
        if (seen >= rank) {
            return Cycles{value};
        }
    }
    for (const auto& [value, times] : large_) {
        seen += times;
        if (seen >= rank) {
            return Cycles{value};
        }
    }
    return max_;
}

std::uint64_t LatencyHistogram::count_of(Cycles latency) const {
    const std::uint64_t value = latency.count();
    if (value < small_.size()) {
        return small_[static_cast<std::size_t>(value)];
    }
    const auto found = large_.find(value);
    return found == large_.end() ? 0 : found->second;
}

}  // namespace dmasim
