// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/splitter.h"

#include <algorithm>
#include <limits>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

void move_on(SplitSide& side, std::uint32_t bytes) {
    if (side.fixed_bytes == 0) {
        side.address += bytes;
    }
}

}  // namespace

ChunkSplitter::ChunkSplitter(const SplitSide& source, const SplitSide& destination, std::uint64_t bytes,
                             const SplitLimits& limits, std::uint32_t unit_bytes)
    : source_(source), destination_(destination), left_(bytes), limits_(limits), unit_bytes_(unit_bytes) {}

std::uint32_t ChunkSplitter::chunk_bytes() const {
    std::uint64_t bytes = left_;
    if (limits_.whole_rows && source_.fixed_bytes == 0 && destination_.fixed_bytes == 0) {
        bytes = std::min<std::uint64_t>(bytes, std::numeric_limits<std::uint32_t>::max());
    } else {
        bytes = std::min<std::uint64_t>(bytes, burst_limit(source_, limits_));
        bytes = std::min<std::uint64_t>(bytes, burst_limit(destination_, limits_));
    }
    if (unit_bytes_ != 0) {
        bytes = std::min<std::uint64_t>(bytes, unit_bytes_);
    }
    return static_cast<std::uint32_t>(bytes);
}

void ChunkSplitter::next() {
    const std::uint32_t bytes = chunk_bytes();
    DMASIM_INVARIANT(bytes != 0);
    move_on(source_, bytes);
    move_on(destination_, bytes);
    left_ -= bytes;
}

std::uint64_t ChunkSplitter::regular_bytes() const {
    if (source_.fixed_bytes != 0 || destination_.fixed_bytes != 0 || limits_.whole_rows) {
        return 0;
    }
    return left_ > longest() ? left_ - longest() : 0;
}

std::uint64_t ChunkSplitter::even_bytes() const {
    std::uint64_t bytes = regular_bytes();
    if (bytes == 0) {
        return 0;
    }
    const std::uint64_t longest = this->longest();
    const bool fits = kBurstBoundary % longest == 0 && (unit_bytes_ == 0 || longest % unit_bytes_ == 0) &&
                      (source_.address | destination_.address) % longest == 0;
    if (!fits) {
        for (const SplitSide& side : {source_, destination_}) {
            const std::uint64_t to_boundary = kBurstBoundary - (side.address & (kBurstBoundary - 1));
            bytes = std::min(bytes, to_boundary > longest ? to_boundary - longest : 0);
        }
    }
    return bytes;
}

bool ChunkSplitter::goes_on_evenly(std::uint64_t source, std::uint64_t destination, std::uint64_t bytes) const {
    const std::uint64_t every = source_.address | destination_.address | left_ | source | destination | bytes;
    return source_.fixed_bytes == 0 && destination_.fixed_bytes == 0 && !limits_.whole_rows && unit_bytes_ == 0 &&
           bytes != 0 && kBurstBoundary % longest() == 0 && every % longest() == 0;
}

void ChunkSplitter::skip(std::uint64_t bytes) {
    DMASIM_INVARIANT(bytes <= regular_bytes());
    source_.address += bytes;
    destination_.address += bytes;
    left_ -= bytes;
}

BurstSplitter::BurstSplitter(const SplitSide& side, std::uint64_t bytes, const SplitLimits& limits)
    : side_(side), left_(bytes), limits_(limits) {}

std::uint32_t BurstSplitter::burst_bytes() const {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(left_, burst_limit(side_, limits_)));
}

void BurstSplitter::next() {
    const std::uint32_t bytes = burst_bytes();
    DMASIM_INVARIANT(bytes != 0);
    move_on(side_, bytes);
    left_ -= bytes;
}

}  // namespace dmasim
