// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/dma_operations/splitting.h"

#include <algorithm>

namespace dmasim::dma {

std::string_view name_of(SplitRule rule) {
    switch (rule) {
        case SplitRule::RegisterTrue:
            return "register_true";
        case SplitRule::Documented:
            return "documented";
        default:
            return "spare_register";
    }
}

std::uint64_t limit_operation(std::uint64_t rest, std::uint64_t room, const SplitLimits& limits) {
    if (limits.maximum_bytes != 0) {
        room = std::min(room, limits.maximum_bytes);
    }
    if (rest <= room) {
        return rest;
    }
    return limits.unit_bytes != 0 ? room / limits.unit_bytes * limits.unit_bytes : room;
}

std::uint64_t next_operation(SplitRule rule, std::uint64_t address, std::uint64_t rest, std::uint64_t registers,
                             std::uint32_t page_bytes, const SplitLimits& limits) {
    const std::uint64_t offset = address % page_bytes;
    std::uint64_t room = 0;
    if (rule == SplitRule::Documented) {
        room = registers * page_bytes;
    } else if (rule == SplitRule::SpareRegister) {
        room = registers < 2 ? 0 : (registers - 1) * page_bytes;
    } else if (registers > 0) {
        room = registers * page_bytes - offset;
    }
    return limit_operation(rest, room, limits);
}

std::vector<std::uint64_t> split_request(SplitRule rule, std::uint64_t address, std::uint64_t bytes,
                                         std::uint64_t registers, std::uint32_t page_bytes, const SplitLimits& limits) {
    std::vector<std::uint64_t> operations;
    while (bytes > 0) {
        const std::uint64_t next = next_operation(rule, address, bytes, registers, page_bytes, limits);
        if (next == 0) {
            return {};
        }
        operations.push_back(next);
        address += next;
        bytes -= next;
    }
    return operations;
}

}  // namespace dmasim::dma
