// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/bus/core/peripheral/block_store.h"
#include "dmasim/bus/core/peripheral/device_port.h"
#include "dmasim/bus/core/peripheral/pacer.h"

namespace dmasim {

/// Registers of the block device (docs/peripherals.md): offsets in bytes, 32 bits each, little-endian.
namespace block_device::reg {
inline constexpr std::uint64_t kLbaLow = 0x00;   ///< Read/write: number of the first sector, bits 31:0.
inline constexpr std::uint64_t kLbaHigh = 0x04;  ///< Read/write: bits 63:32.
inline constexpr std::uint64_t kCount = 0x08;    ///< Read/write: number of sectors.
inline constexpr std::uint64_t kControl =
    0x0C;  ///< Write: kStart, kWrite, kIrqEnable, kReset. Reads back kWrite, kIrqEnable.
inline constexpr std::uint64_t kStatus =
    0x10;  ///< Read; write 1 to kDone and kError to clear them (and the error code).
inline constexpr std::uint64_t kSectorBytes = 0x14;   ///< Read: bytes of a sector.
inline constexpr std::uint64_t kCapacityLow = 0x18;   ///< Read: number of sectors, bits 31:0.
inline constexpr std::uint64_t kCapacityHigh = 0x1C;  ///< Read: bits 63:32.
inline constexpr std::uint64_t kRemaining = 0x20;     ///< Read: bytes of the command that the bus has not moved yet.
inline constexpr std::uint64_t kData = 0x40;          ///< Data port.

// kControl
inline constexpr std::uint32_t kStart = 1U << 0;
inline constexpr std::uint32_t kWrite = 1U << 1;  ///< 1: memory to device; 0: device to memory.
inline constexpr std::uint32_t kIrqEnable = 1U << 2;
inline constexpr std::uint32_t kReset = 1U << 3;  ///< Ends a command at once and clears kStatus; wins over kStart.

// kStatus
inline constexpr std::uint32_t kBusy = 1U << 0;
inline constexpr std::uint32_t kDone = 1U << 1;
inline constexpr std::uint32_t kError = 1U << 2;
inline constexpr std::uint32_t kDreq = 1U << 3;
inline constexpr unsigned kErrorCodeShift = 8;  ///< Bits 11:8: BlockDeviceError; the first one counts until cleared.
}  // namespace block_device::reg

/// Error code in the status register.
enum class BlockDeviceError : std::uint8_t { None = 0, Range = 1, BusyStart = 2, DataPort = 3, Medium = 4 };

/// A block device (docs/peripherals.md).
struct BlockDeviceConfig {
    std::uint32_t sector_bytes = 512;      ///< A power of two, 64 to 65536, a multiple of element_bytes.
    std::uint32_t element_bytes = 8;       ///< Of the data port: a power of two, at most a bus word.
    std::uint32_t fifo_elements = 64;      ///< 1 to 2^20.
    std::uint32_t threshold = 16;          ///< DREQ as of a stream peripheral; 1 to fifo_elements.
    std::uint32_t cycles_per_element = 1;  ///< Rate of the medium, 1 to 2^20.
    std::uint32_t command_cycles = 0;      ///< From START to the first element of the medium, for every command.
    std::uint32_t seek_cycles = 0;         ///< In addition, when the command does not follow the one before.
    std::uint32_t data_width_bits = 64;    ///< As the bus.
    DeviceTiming timing;
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const BlockDeviceConfig& config);

/// A disk: command registers, a data port paced by DREQ, an interrupt when a command is through.
///
/// Not modelled: several commands at once, a cache of the medium, the geometry of a real disk.
class BlockDeviceCore final : public DevicePort {
  public:
    /// `store` must outlive the device. Throws `ConfigError` listing the problems.
    BlockDeviceCore(const BlockDeviceConfig& config, BlockStore& store);

    [[nodiscard]] const BlockDeviceConfig& config() const { return config_; }

    /// @{ Where the levels of the outputs go; low at first.
    void on_dreq(LevelOutput output) { dreq_out_ = std::move(output); }
    void on_irq(LevelOutput output) { irq_out_ = std::move(output); }
    /// @}

    [[nodiscard]] bool dreq() const { return dreq_; }
    [[nodiscard]] bool irq() const { return irq_; }
    /// Value of a register, without any effect, after the edges evaluated so far; 0 for the data port.
    [[nodiscard]] std::uint32_t peek_register(std::uint64_t offset) const;
    [[nodiscard]] std::uint64_t commands() const { return commands_; }

  private:
    Response transfer(const Burst& burst, Cycles edge) override;
    void advance_device(Cycles edge) override;
    void drive(Cycles edge) override;
    [[nodiscard]] Cycles next_device_edge() const override;

    Response move_data(const Burst& burst, Cycles edge);
    void write_register(std::uint64_t offset, std::uint32_t value, Cycles edge);
    void start(Cycles edge);
    void finish();
    void fail(BlockDeviceError error);
    [[nodiscard]] bool wanted() const;
    [[nodiscard]] bool irq_wanted() const;
    [[nodiscard]] bool through() const;

    BlockDeviceConfig config_;
    BlockStore& store_;
    Pacer pacer_;
    std::uint64_t lba_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t control_ = 0;
    bool busy_ = false;
    bool writing_ = false;
    bool done_ = false;
    BlockDeviceError error_ = BlockDeviceError::None;
    std::uint64_t position_ = 0;   // Next byte of the store that the bus moves.
    std::uint64_t remaining_ = 0;  // Bytes that the bus has still to move.
    std::uint64_t next_lba_ = ~std::uint64_t{0};
    std::uint64_t commands_ = 0;
    bool dreq_ = false;
    bool irq_ = false;
    LevelOutput dreq_out_;
    LevelOutput irq_out_;
};

}  // namespace dmasim
