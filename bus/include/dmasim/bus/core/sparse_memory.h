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
/// Pages lie in blocks of 64, in their order, so that neighbours can be reached through one pointer. A block takes address
/// space as a whole; the operating system gives it memory page by page.
///
/// Addresses are taken modulo 2^64, so an access that runs past the last byte goes on at address 0; whoever minds
/// checks before.
class SparseMemory {
  public:
    static constexpr std::uint64_t kPageBytes = 4096;
    static constexpr std::uint64_t kBlockPages = 64;
    static constexpr std::uint64_t kBlockBytes = kBlockPages * kPageBytes;

    /// `fill` is the value of every byte that was never written.
    explicit SparseMemory(std::uint8_t fill = 0) : fill_(fill) {}

    void read(std::uint64_t address, void* data, std::size_t bytes) const;
    void write(std::uint64_t address, const void* data, std::size_t bytes);

    /// Writes the bytes whose `enables` byte is not 0.
    void write_enabled(std::uint64_t address, const std::uint8_t* data, const std::uint8_t* enables, std::size_t bytes);

    /// Sets `bytes` bytes to `value`.
    void set(std::uint64_t address, std::uint8_t value, std::uint64_t bytes);

    /// The page that holds `address`, created when it does not exist: a stable pointer to kPageBytes bytes.
    std::uint8_t* page(std::uint64_t address);

    /// The block that holds `address`, with all its pages: a stable pointer to kBlockBytes bytes (for DMI).
    std::uint8_t* block(std::uint64_t address);

    /// Number of pages that exist.
    [[nodiscard]] std::size_t pages() const { return pages_; }

    [[nodiscard]] std::uint8_t fill() const { return fill_; }

    /// A hash of the contents: equal for equal bytes, whichever pages exist and in whichever order they were written.
    [[nodiscard]] std::uint64_t hash() const;

    /// Writes the contents of the file `path` from `address` on; returns its number of bytes. Throws `ConfigError` when it
    /// cannot be read or does not fit below 2^64.
    std::uint64_t load(std::uint64_t address, const std::string& path);

    /// Forgets everything.
    void clear();

  private:
    struct Free {
        void operator()(std::uint8_t* storage) const;
    };
    struct Block {
        std::unique_ptr<std::uint8_t, Free> storage;
        std::uint8_t* bytes = nullptr;  ///< In the storage, kBlockBytes of them, at a multiple of kPageBytes.
        std::uint64_t exists = 0;       ///< A bit a page.
    };

    [[nodiscard]] Block* find(std::uint64_t number) const;
    Block& create(std::uint64_t number);
    [[nodiscard]] const std::uint8_t* find_page(std::uint64_t number) const;
    std::uint8_t* create_page(std::uint64_t number);
    /// Calls `part(page number, bytes)`.
    template <typename Part>
    void for_each_existing(Part part) const;

    std::uint8_t fill_;
    std::size_t pages_ = 0;
    std::unordered_map<std::uint64_t, std::unique_ptr<Block>> blocks_;
    /// The blocks of the last accesses, by the last bits of their numbers: runs of bursts stay in few blocks.
    struct Recent {
        std::uint64_t number = 0;
        Block* block = nullptr;
    };
    mutable std::array<Recent, 4> recent_{};
};

}  // namespace dmasim
