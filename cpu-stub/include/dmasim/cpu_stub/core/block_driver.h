// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "dmasim/bus/core/peripheral/block_device_core.h"
#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/cpu_stub/core/native_driver.h"
#include "dmasim/cpu_stub/core/scattered_pages.h"

namespace dmasim {

/// How a `BlockDriver` finds its disk and the DMA channel that serves it.
struct BlockDriverConfig {
    NativeDriverConfig controller;       ///< `use_interrupt` holds for the disk too.
    unsigned channel = 0;                ///< Channel whose DREQ is the disk's.
    std::uint64_t device = 0;            ///< Address of the disk's registers.
    unsigned device_line = 1;            ///< The CPU's interrupt line that the disk drives.
    std::uint32_t element_bytes = 8;     ///< Of the disk's data port.
    std::uint32_t unit_bytes = 128;      ///< What the disk's DREQ stands for: its threshold, in bytes.
    std::uint64_t descriptors = 0;       ///< Memory for descriptors, a multiple of 64.
    std::uint32_t max_descriptors = 64;  ///< That it has room for, >= 1.
    /// Cleans and invalidates buffers as a machine needs it that is not coherent. False is a driver with that bug.
    bool maintain_buffers = true;
};

/// Driver of a block device (docs/peripherals.md) whose data a channel of a native controller moves to and from memory
/// that lies in fragments: one descriptor for each fragment, one chain for each command, one interrupt at the end.
class BlockDriver {
  public:
    /// How a command ended.
    struct Completion {
        bool ok = false;
        BlockDeviceError device = BlockDeviceError::None;
        NativeDriver::Completion dma;
        std::string problem;  ///< What was wrong, readable; empty if `ok`.
    };

    /// Where the cycles of all commands so far went; the three add up to them.
    struct Times {
        std::uint64_t maintenance = 0;  ///< Cache maintenance of the buffers.
        std::uint64_t programming = 0;  ///< Descriptors, registers, status of the disk.
        std::uint64_t waiting = 0;      ///< For the interrupts.
    };

    /// Throws `ConfigError` with all problems of `config`. Touches nothing.
    explicit BlockDriver(const BlockDriverConfig& config);

    /// Looks at the disk: sector size, capacity. False if there is none that can be used. Must be called first.
    bool probe(CpuContext& cpu);

    /// Bytes of a sector.
    [[nodiscard]] std::uint32_t sector_bytes() const { return sector_bytes_; }
    /// Sectors of the disk.
    [[nodiscard]] std::uint64_t sectors() const { return sectors_; }

    /// Moves whole sectors from `sector` on between the disk and `buffer`, and waits. Fragments that the device writes
    /// should have their cache lines to themselves. A buffer that has no whole number of sectors, too many fragments, or
    /// one that is not a multiple of an element at a multiple of an element, is a problem, and nothing moves.
    Completion read(CpuContext& cpu, std::uint64_t sector, const ScatteredBuffer& buffer);
    Completion write(CpuContext& cpu, std::uint64_t sector, const ScatteredBuffer& buffer);

    [[nodiscard]] const Times& times() const { return times_; }

  private:
    Completion command(CpuContext& cpu, std::uint64_t sector, const ScatteredBuffer& buffer, bool write);
    Completion move(CpuContext& cpu, std::uint64_t sector, const ScatteredBuffer& buffer, bool write);
    [[nodiscard]] std::string check(const ScatteredBuffer& buffer) const;
    void set(CpuContext& cpu, std::uint64_t offset, std::uint32_t value) const;
    [[nodiscard]] std::uint32_t get(CpuContext& cpu, std::uint64_t offset) const;

    BlockDriverConfig config_;
    std::uint32_t sector_bytes_ = 0;
    std::uint64_t sectors_ = 0;
    Times times_;
};

}  // namespace dmasim
