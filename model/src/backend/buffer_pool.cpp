// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/backend/buffer_pool.h"

#include "dmasim/model/errors.h"

namespace dmasim {

std::size_t BufferPool::class_of(std::uint32_t bytes) {
    std::size_t result = 0;
    for (std::uint32_t size = kSmallest; size < bytes; size *= 2) {
        ++result;
    }
    DMASIM_INVARIANT(result < kClasses);
    return result;
}

std::uint8_t* BufferPool::take(std::uint32_t bytes) {
    const std::size_t size_class = class_of(bytes);
    std::vector<std::uint8_t*>& free = free_[size_class];
    if (free.empty()) {
        all_.push_back(std::make_unique<std::uint8_t[]>(std::size_t{kSmallest} << size_class));
        return all_.back().get();
    }
    std::uint8_t* const buffer = free.back();
    free.pop_back();
    return buffer;
}

void BufferPool::give_back(std::uint8_t* buffer, std::uint32_t bytes) {
    free_[class_of(bytes)].push_back(buffer);
}

}  // namespace dmasim
