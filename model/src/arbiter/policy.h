// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dmasim/model/arbiter/arbiter.h"

// What the policies share. Internal to model/src/arbiter.
namespace dmasim::detail {

/// `list[index]`; a short list goes on with its last value, an empty one with `fallback`.
inline std::uint32_t setting_of(const std::vector<std::uint32_t>& list, unsigned index, std::uint32_t fallback) {
    if (list.empty()) {
        return fallback;
    }
    return index < list.size() ? list[index] : list.back();
}

/// The requester that comes next after `last` when one goes round in a circle; `last` itself comes at the end.
/// `requests` must not be empty.
inline unsigned next_after(const std::vector<ArbiterRequest>& requests, unsigned last) {
    for (const ArbiterRequest& request : requests) {
        if (request.index > last) {
            return request.index;
        }
    }
    return requests.front().index;
}

/// `index` is among `requests`.
inline bool is_requesting(const std::vector<ArbiterRequest>& requests, unsigned index) {
    for (const ArbiterRequest& request : requests) {
        if (request.index == index) {
            return true;
        }
    }
    return false;
}

}  // namespace dmasim::detail
