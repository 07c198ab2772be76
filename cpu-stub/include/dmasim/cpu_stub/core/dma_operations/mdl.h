// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dmasim/cpu_stub/core/scattered_pages.h"

namespace dmasim::dma {

/// A memory descriptor list: a buffer that is contiguous for its user, and the physical pages below it.
///
/// `virtual_address` is an index into the list and is never dereferenced (rule MR-12); the CPU stub uses physical
/// addresses. Lists may be chained.
struct Mdl {
    std::uint64_t virtual_address = 0;  ///< Of the first byte.
    std::uint64_t bytes = 0;            ///< Of this list alone.
    std::vector<std::uint64_t> pages;   ///< Physical addresses of the pages, in order.
    bool locked = true;                 ///< The pages cannot be given to others (rule MR-13).
    bool system_mapped = true;          ///< Mapped into the system's address space.
    std::uint32_t flags = 0;            ///< No bits are defined: others than 0 are mangled.
    const Mdl* next = nullptr;          ///< Lives at least as long.
};

/// A list of `bytes` bytes from `virtual_address` on, whose pages are those that `physical_pages` names (multiples of
/// `page_bytes`); the offset of the first byte in its page is that of the virtual address.
Mdl make_mdl(std::uint64_t virtual_address, std::uint64_t bytes, const std::vector<std::uint64_t>& physical_pages);

/// A list over memory that is physically contiguous from `address` on; its virtual addresses are the physical ones.
Mdl make_contiguous_mdl(std::uint64_t address, std::uint64_t bytes, std::uint32_t page_bytes = 4096);

/// The lists of a chain that count: at most so many, so that a chain that runs in a circle comes to an end.
inline constexpr std::size_t kLongestChain = 1024;
std::vector<const Mdl*> lists_of(const Mdl* mdl);

/// Bytes of a whole chain.
std::uint64_t chain_bytes(const Mdl* mdl);

/// Physical memory of the bytes `offset` to `offset + bytes - 1` of a chain, cut at pages, as far as there are any.
std::vector<MemoryFragment> pages_of(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes,
                                     std::uint32_t page_bytes);

/// Pages spanned: ((address mod page) + bytes + page - 1) / page (rule MR-06).
constexpr std::uint64_t span_pages(std::uint64_t address, std::uint64_t bytes, std::uint32_t page_bytes) {
    return bytes == 0 ? 0 : (address % page_bytes + bytes + page_bytes - 1) / page_bytes;
}

/// Registers that the bytes `offset` to `offset + bytes - 1` of a chain take: one for each page touched.
std::uint64_t registers_of(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes, std::uint32_t page_bytes);

}  // namespace dmasim::dma
