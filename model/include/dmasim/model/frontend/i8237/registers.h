// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace dmasim {

inline constexpr unsigned kI8237Channels = 4;

/// What a read of a register that the part does not drive gives.
inline constexpr std::uint8_t kI8237Undriven = 0xFF;

/// Offsets of the registers (docs/i8237.md, "Registers"). Addresses and counts: `i8237_address_offset`,
/// `i8237_count_offset`.
enum class I8237Register : std::uint8_t {
    Command = 0x8,  ///< Read: status.
    Request = 0x9,
    SingleMask = 0xA,
    Mode = 0xB,
    ClearFlipFlop = 0xC,
    MasterClear = 0xD,  ///< Read: temporary.
    ClearMask = 0xE,
    AllMasks = 0xF,
};

/// The number of an offset.
constexpr unsigned offset_of(I8237Register offset) {
    return static_cast<unsigned>(offset);
}
/// Offset of the address of `channel` (0 to 3).
constexpr unsigned i8237_address_offset(unsigned channel) {
    return 2 * channel;
}
/// Offset of the word count of `channel` (0 to 3).
constexpr unsigned i8237_count_offset(unsigned channel) {
    return 2 * channel + 1;
}

/// Bits of the command register.
namespace i8237_command {
inline constexpr std::uint8_t kMemoryToMemory = 0x01;
inline constexpr std::uint8_t kAddressHold = 0x02;
inline constexpr std::uint8_t kDisable = 0x04;
inline constexpr std::uint8_t kCompressed = 0x08;
inline constexpr std::uint8_t kRotating = 0x10;
inline constexpr std::uint8_t kExtendedWrite = 0x20;
inline constexpr std::uint8_t kDreqActiveLow = 0x40;
inline constexpr std::uint8_t kDackActiveHigh = 0x80;
}  // namespace i8237_command

/// Fields of the mode register.
namespace i8237_mode {
inline constexpr std::uint8_t kVerify = 0x00;
inline constexpr std::uint8_t kWrite = 0x04;  ///< Peripheral to memory.
inline constexpr std::uint8_t kRead = 0x08;   ///< Memory to peripheral.
inline constexpr std::uint8_t kTransferMask = 0x0C;
inline constexpr std::uint8_t kAutoinitialise = 0x10;
inline constexpr std::uint8_t kDecrement = 0x20;
inline constexpr std::uint8_t kDemand = 0x00;
inline constexpr std::uint8_t kSingle = 0x40;
inline constexpr std::uint8_t kBlock = 0x80;
inline constexpr std::uint8_t kCascade = 0xC0;
inline constexpr std::uint8_t kModeMask = 0xC0;
}  // namespace i8237_mode

/// Everything that software can see or set; which pins and states it does not name.
struct I8237Registers {
    struct Channel {
        std::uint16_t base_address = 0;
        std::uint16_t base_count = 0;
        std::uint16_t address = 0;
        std::uint16_t count = 0;
        std::uint8_t mode = 0;  ///< Bits 7:2.
    };
    std::array<Channel, kI8237Channels> channels;
    std::uint8_t command = 0;
    std::uint8_t request = 0;         ///< Bit n: software request of channel n.
    std::uint8_t mask = 0xF;          ///< Bit n: channel n is masked.
    std::uint8_t terminal_count = 0;  ///< Bits 3:0 of the status.
    std::uint8_t temporary = 0;
    bool high_byte = false;  ///< The byte-pointer flip-flop.
};

/// Physical byte address of an 8-bit channel: `page` is the owner's latch for address bits 23:16.
constexpr std::uint32_t i8237_byte_address(std::uint8_t page, std::uint16_t address) {
    return static_cast<std::uint32_t>(page) << 16 | address;
}
/// Physical byte address of a channel that moves 16-bit words: bit 0 of the page is not used.
constexpr std::uint32_t i8237_word_address(std::uint8_t page, std::uint16_t address) {
    return static_cast<std::uint32_t>(page & 0xFEU) << 16 | static_cast<std::uint32_t>(address) << 1;
}

}  // namespace dmasim
