// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/dma_operations/mdl.h"

#include <algorithm>

namespace dmasim::dma {

Mdl make_mdl(std::uint64_t virtual_address, std::uint64_t bytes, const std::vector<std::uint64_t>& physical_pages) {
    Mdl mdl;
    mdl.virtual_address = virtual_address;
    mdl.bytes = bytes;
    mdl.pages = physical_pages;
    return mdl;
}

Mdl make_contiguous_mdl(std::uint64_t address, std::uint64_t bytes, std::uint32_t page_bytes) {
    std::vector<std::uint64_t> pages;
    const std::uint64_t first = address / page_bytes * page_bytes;
    for (std::uint64_t page = 0; page < span_pages(address, bytes, page_bytes); ++page) {
        pages.push_back(first + page * page_bytes);
    }
    return make_mdl(address, bytes, pages);
}

std::vector<const Mdl*> lists_of(const Mdl* mdl) {
    std::vector<const Mdl*> lists;
    for (; mdl != nullptr && lists.size() < kLongestChain; mdl = mdl->next) {
        lists.push_back(mdl);
    }
    return lists;
}

std::uint64_t chain_bytes(const Mdl* mdl) {
    std::uint64_t bytes = 0;
    for (const Mdl* list : lists_of(mdl)) {
        bytes += list->bytes;
    }
    return bytes;
}

std::vector<MemoryFragment> pages_of(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes,
                                     std::uint32_t page_bytes) {
    std::vector<MemoryFragment> pieces;
    for (const Mdl* list : lists_of(mdl)) {
        if (bytes == 0) {
            break;
        }
        if (offset >= list->bytes) {
            offset -= list->bytes;
            continue;
        }
        std::uint64_t left = std::min(bytes, list->bytes - offset);
        std::uint64_t position = list->virtual_address % page_bytes + offset;
        bytes -= left;
        offset = 0;
        while (left > 0) {
            const std::uint64_t page = position / page_bytes;
            if (page >= list->pages.size()) {
                return pieces;
            }
            const std::uint64_t within = position % page_bytes;
            const std::uint64_t part = std::min<std::uint64_t>(left, page_bytes - within);
            pieces.push_back({list->pages[page] + within, static_cast<std::uint32_t>(part)});
            position += part;
            left -= part;
        }
    }
    return pieces;
}

std::uint64_t registers_of(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes, std::uint32_t page_bytes) {
    return pages_of(mdl, offset, bytes, page_bytes).size();
}

}  // namespace dmasim::dma
