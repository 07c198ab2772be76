// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "dmasim/bus/core/sparse_memory.h"

namespace dmasim {

/// What a block device keeps its bytes in. Offsets in bytes; accesses lie within `bytes()`.
class BlockStore {
  public:
    BlockStore() = default;
    BlockStore(const BlockStore&) = delete;
    BlockStore& operator=(const BlockStore&) = delete;
    virtual ~BlockStore() = default;

    [[nodiscard]] virtual std::uint64_t bytes() const = 0;
    /// False: the medium has failed (the device reports it; nothing is thrown).
    virtual bool read(std::uint64_t offset, std::uint8_t* data, std::size_t bytes) = 0;
    virtual bool write(std::uint64_t offset, const std::uint8_t* data, std::size_t bytes) = 0;
    /// Everything written is on the medium when it returns true.
    virtual bool flush() = 0;
};

/// A file. Writes fail when it was opened for reading only.
class FileStore final : public BlockStore {
  public:
    /// Throws `ConfigError` when the file cannot be opened. `bytes`: 0: the file's length; else bytes beyond its end read
    /// as 0 (and a write there makes it longer).
    FileStore(const std::string& path, bool writable, std::uint64_t bytes = 0);

    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }
    bool read(std::uint64_t offset, std::uint8_t* data, std::size_t bytes) override;
    bool write(std::uint64_t offset, const std::uint8_t* data, std::size_t bytes) override;
    bool flush() override;

  private:
    std::fstream file_;
    bool writable_;
    std::uint64_t bytes_ = 0;
    std::uint64_t file_bytes_ = 0;
};

/// Bytes in memory; costs what is written. Bytes that were never written are 0.
class SparseStore final : public BlockStore {
  public:
    explicit SparseStore(std::uint64_t bytes) : bytes_(bytes) {}

    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }
    bool read(std::uint64_t offset, std::uint8_t* data, std::size_t bytes) override {
        content_.read(offset, data, bytes);
        return true;
    }
    bool write(std::uint64_t offset, const std::uint8_t* data, std::size_t bytes) override {
        content_.write(offset, data, bytes);
        return true;
    }
    bool flush() override { return true; }

  private:
    std::uint64_t bytes_;
    SparseMemory content_;
};

/// Bytes that follow from their offset and a seed, until they are overwritten.
class GeneratedStore final : public BlockStore {
  public:
    GeneratedStore(std::uint64_t bytes, std::uint64_t seed) : bytes_(bytes), seed_(seed) {}

    /// The byte at `offset` before anybody has written it.
    static std::uint8_t generated(std::uint64_t seed, std::uint64_t offset);

    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }
    bool read(std::uint64_t offset, std::uint8_t* data, std::size_t bytes) override;
    bool write(std::uint64_t offset, const std::uint8_t* data, std::size_t bytes) override;
    bool flush() override { return true; }

  private:
    std::uint64_t bytes_;
    std::uint64_t seed_;
    SparseMemory difference_;  // Written bytes, XOR the generated ones.
};

}  // namespace dmasim
