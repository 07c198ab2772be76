// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

namespace dmasim {

/// Bytes of a 64-bit address space. Costs what is written: a page of 4 KiB for each page that was touched by a write.
///
/// Addresses are taken modulo 2^64, so an access that runs past the last byte goes on at address 0; whoever minds
/// checks before.
class SparseMemory {
  public:
    static constexpr std::uint64_t kPageBytes = 4096;

    /// `fill` is the value of every byte that was never written.
    explicit SparseMemory(std::uint8_t fill = 0) : fill_(fill) {}

    void read(std::uint64_t address, void* data, std::size_t bytes) const;
    void write(std::uint64_t address, const void* data, std::size_t bytes);

    /// Writes the bytes whose `enables` byte is not 0.
    void write_enabled(std::uint64_t address, const std::uint8_t* data, const std::uint8_t* enables, std::size_t bytes);

    /// Sets `bytes` bytes to `value`.
    void set(std::uint64_t address, std::uint8_t value, std::uint64_t bytes);

    /// The page that holds `address`, created when it does not exist: a stable pointer to kPageBytes bytes (for DMI).
    std::uint8_t* page(std::uint64_t address);

    /// Number of pages that exist.
    [[nodiscard]] std::size_t pages() const { return pages_.size(); }

    [[nodiscard]] std::uint8_t fill() const { return fill_; }

    /// A hash of the contents: equal for equal bytes, whichever pages exist and in whichever order they were written.
    [[nodiscard]] std::uint64_t hash() const;

    /// Writes the contents of the file `path` from `address` on; returns its number of bytes. Throws `ConfigError` when it
    /// cannot be read or does not fit below 2^64.
    std::uint64_t load(std::uint64_t address, const std::string& path);

    /// Forgets everything.
    void clear();

  private:
    using Page = std::array<std::uint8_t, kPageBytes>;
    std::uint8_t fill_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
    // The page of the last access: runs of bursts stay on one page.
    mutable std::uint64_t last_number_ = 0;
    mutable Page* last_page_ = nullptr;

    [[nodiscard]] Page* find(std::uint64_t number) const;
    Page& create(std::uint64_t number);
};

}  // namespace dmasim
