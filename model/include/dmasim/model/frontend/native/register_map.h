// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dmasim::native {

/// A field of a 32-bit register: `Width` bits from bit `Lsb` on.
template <unsigned Lsb, unsigned Width>
struct Field {
    static_assert(Width >= 1 && Lsb + Width <= 32);
    static constexpr unsigned kLsb = Lsb;
    static constexpr unsigned kWidth = Width;
    static constexpr std::uint32_t kMask = (Width == 32 ? 0xFFFF'FFFFU : ((1U << (Width % 32)) - 1U)) << Lsb;

    /// The value of the field in `word`.
    static constexpr std::uint32_t get(std::uint32_t word) { return (word & kMask) >> Lsb; }
    /// `word` with the field replaced by `value` (which is cut to the field).
    static constexpr std::uint32_t set(std::uint32_t word, std::uint32_t value) {
        return (word & ~kMask) | ((value << Lsb) & kMask);
    }
    /// A word in which only this field is set.
    static constexpr std::uint32_t of(std::uint32_t value) { return set(0, value); }
};

/// What reading and writing a register does.
enum class RegisterKind : std::uint8_t {
    ReadOnly,         ///< Writes are ignored.
    ReadWrite,        ///< Storage: reads back the last value written (timing.md C8).
    WriteOneToClear,  ///< A bit written as 1 clears what was set at edges before the stamp of the write (timing.md C14).
    Command,          ///< A bit written as 1 is a command (one in a write); reads 0.
};

/// One row of the table of registers. Bits outside `write_mask` that are written as 1 to a register of another kind than
/// ReadOnly latch TransferError::BadRegister (Reserved), and the
/// whole write does nothing.
struct RegisterSpec {
    std::string_view name;
    std::uint32_t offset = 0;  ///< Bytes from the start of its block, a multiple of 4.
    std::uint32_t reset = 0;   ///< Value after reset; 0 for the capabilities, whose value is in their description.
    std::uint32_t write_mask = 0;
    RegisterKind kind = RegisterKind::ReadOnly;
    std::string_view description;
};

/// One row of the table of fields.
struct FieldSpec {
    std::string_view register_name;
    std::string_view name;
    unsigned lsb = 0;
    unsigned width = 1;
    std::string_view description;
};

/// Bytes of the global block at offset 0, and of the block of each channel behind it.
inline constexpr std::uint32_t kGlobalBlockBytes = 0x1000;
inline constexpr std::uint32_t kChannelBlockBytes = 0x100;

/// Bytes of the whole register space of a controller with `channels` channels.
constexpr std::uint32_t register_space_bytes(std::uint32_t channels) {
    return kGlobalBlockBytes + channels * kChannelBlockBytes;
}

/// Offset of a register of channel `channel`; `offset` is one of `reg::k...` below.
constexpr std::uint32_t channel_register(std::uint32_t channel, std::uint32_t offset) {
    return kGlobalBlockBytes + channel * kChannelBlockBytes + offset;
}

/// Value of the register ID: the letters DMAS, first one in the lowest byte.
inline constexpr std::uint32_t kIdValue = 0x5341'4D44U;
/// Value of the register VERSION: version of the register map, major in the upper, minor in the lower half.
inline constexpr std::uint32_t kVersionValue = 0x0001'0000U;

/// Offsets. Global ones from 0, those of a channel from the start of its block (`channel_register`).
namespace reg {
inline constexpr std::uint32_t kId = 0x000;
inline constexpr std::uint32_t kVersion = 0x004;
inline constexpr std::uint32_t kCaps0 = 0x008;
inline constexpr std::uint32_t kCaps1 = 0x00C;
inline constexpr std::uint32_t kIntPendingLo = 0x010;
inline constexpr std::uint32_t kIntPendingHi = 0x014;

inline constexpr std::uint32_t kControl = 0x00;
inline constexpr std::uint32_t kStatus = 0x04;
inline constexpr std::uint32_t kConfig = 0x08;
inline constexpr std::uint32_t kIntEnable = 0x0C;
inline constexpr std::uint32_t kIntStatus = 0x10;
inline constexpr std::uint32_t kCoalesceCount = 0x14;
inline constexpr std::uint32_t kCoalesceTimeout = 0x18;
inline constexpr std::uint32_t kSrcLo = 0x20;
inline constexpr std::uint32_t kSrcHi = 0x24;
inline constexpr std::uint32_t kDstLo = 0x28;
inline constexpr std::uint32_t kDstHi = 0x2C;
inline constexpr std::uint32_t kLength = 0x30;
inline constexpr std::uint32_t kRows = 0x34;
inline constexpr std::uint32_t kSrcStride = 0x38;
inline constexpr std::uint32_t kDstStride = 0x3C;
inline constexpr std::uint32_t kDescLo = 0x40;
inline constexpr std::uint32_t kDescHi = 0x44;
inline constexpr std::uint32_t kUnitBytes = 0x48;
inline constexpr std::uint32_t kResidueLo = 0x50;
inline constexpr std::uint32_t kResidueHi = 0x54;
inline constexpr std::uint32_t kErrorKind = 0x58;
inline constexpr std::uint32_t kErrorAddrLo = 0x60;
inline constexpr std::uint32_t kErrorAddrHi = 0x64;
inline constexpr std::uint32_t kCompleted = 0x68;
inline constexpr std::uint32_t kCurrentDescLo = 0x70;
inline constexpr std::uint32_t kCurrentDescHi = 0x74;
}  // namespace reg

/// CAPS0.
namespace caps0 {
using Channels = Field<0, 8>;
using BusBytesLog2 = Field<8, 4>;
using MaxBurst = Field<12, 9>;
using Prefetch = Field<24, 1>;
}  // namespace caps0

/// CAPS1.
namespace caps1 {
using FifoBeats = Field<0, 17>;
}  // namespace caps1

/// CONTROL: commands.
namespace control {
inline constexpr std::uint32_t kStart = 1U << 0;
inline constexpr std::uint32_t kPause = 1U << 1;
inline constexpr std::uint32_t kResume = 1U << 2;
inline constexpr std::uint32_t kAbort = 1U << 3;
inline constexpr std::uint32_t kAppend = 1U << 4;
}  // namespace control

/// STATUS.
namespace status {
inline constexpr std::uint32_t kBusy = 1U << 0;
inline constexpr std::uint32_t kPaused = 1U << 1;
inline constexpr std::uint32_t kDone = 1U << 2;
inline constexpr std::uint32_t kError = 1U << 3;
inline constexpr std::uint32_t kAborted = 1U << 4;
inline constexpr std::uint32_t kEndOfChain = 1U << 5;
}  // namespace status

/// CONFIG.
namespace config {
inline constexpr std::uint32_t kSrcFixed = 1U << 0;
inline constexpr std::uint32_t kDstFixed = 1U << 1;
using ElementLog2 = Field<4, 3>;
using HandshakeMode = Field<8, 2>;
inline constexpr std::uint32_t kCyclic = 1U << 12;
inline constexpr std::uint32_t kChain = 1U << 13;
inline constexpr std::uint32_t kErrorContinue = 1U << 14;
inline constexpr std::uint32_t kNoSnoop = 1U << 15;
}  // namespace config

/// INT_ENABLE and INT_STATUS.
namespace interrupt {
inline constexpr std::uint32_t kDone = 1U << 0;
inline constexpr std::uint32_t kError = 1U << 1;
inline constexpr std::uint32_t kAborted = 1U << 2;
inline constexpr std::uint32_t kDescriptor = 1U << 3;
inline constexpr std::uint32_t kPeriod = 1U << 4;
inline constexpr std::uint32_t kEndOfChain = 1U << 5;
inline constexpr std::uint32_t kAll = 0x3F;
/// The bits that coalescing holds back (timing.md C14).
inline constexpr std::uint32_t kCoalesced = kDone | kDescriptor | kPeriod;
}  // namespace interrupt

/// ERROR_KIND.
namespace error_kind {
using Kind = Field<0, 8>;          ///< TransferError.
using ResponseCode = Field<8, 4>;  ///< Response of the burst that failed; 0 when it was not a burst.
using Detail = Field<12, 4>;       ///< ErrorDetail.
}  // namespace error_kind

inline constexpr std::uint32_t kConfigMask = 0x0000'F373U;

/// The registers at offset 0.
inline constexpr std::array<RegisterSpec, 6> kGlobalRegisters{{
    {"ID", reg::kId, kIdValue, 0, RegisterKind::ReadOnly, "The letters DMAS."},
    {"VERSION", reg::kVersion, kVersionValue, 0, RegisterKind::ReadOnly, "Version of this register map: major, minor."},
    {"CAPS0", reg::kCaps0, 0, 0, RegisterKind::ReadOnly,
     "What was configured: channels, bus width, longest burst, prefetch."},
    {"CAPS1", reg::kCaps1, 0, 0, RegisterKind::ReadOnly, "What was configured: depth of the FIFO."},
    {"INT_PENDING_LO", reg::kIntPendingLo, 0, 0, RegisterKind::ReadOnly,
     "Bit n: the interrupt output of channel n is raised (channels 0 to 31)."},
    {"INT_PENDING_HI", reg::kIntPendingHi, 0, 0, RegisterKind::ReadOnly,
     "Bit n: the interrupt output of channel 32+n is raised."},
}};

/// The registers of each channel.
inline constexpr std::array<RegisterSpec, 26> kChannelRegisters{{
    {"CONTROL", reg::kControl, 0, 0x1F, RegisterKind::Command, "Commands, exactly one in a write."},
    {"STATUS", reg::kStatus, 0, 0, RegisterKind::ReadOnly, "State of the channel."},
    {"CONFIG", reg::kConfig, 0, kConfigMask, RegisterKind::ReadWrite,
     "Kind of the job. Latched by START, except CYCLIC, which is looked at when the last chunk of a round is granted."},
    {"INT_ENABLE", reg::kIntEnable, 0, interrupt::kAll, RegisterKind::ReadWrite,
     "Which bits of INT_STATUS raise the interrupt output."},
    {"INT_STATUS", reg::kIntStatus, 0, interrupt::kAll, RegisterKind::WriteOneToClear, "Events."},
    {"COALESCE_COUNT", reg::kCoalesceCount, 0, 0xFFFF, RegisterKind::ReadWrite,
     "Events (DONE, DESCRIPTOR, PERIOD) that raise the output together; 0 and 1: each one."},
    {"COALESCE_TIMEOUT", reg::kCoalesceTimeout, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite,
     "Cycles after which the first of them raises the output at the latest; 0: never."},
    {"SRC_LO", reg::kSrcLo, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite, "Source address, bits 31:0."},
    {"SRC_HI", reg::kSrcHi, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite, "Source address, bits 63:32."},
    {"DST_LO", reg::kDstLo, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite, "Destination address, bits 31:0."},
    {"DST_HI", reg::kDstHi, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite, "Destination address, bits 63:32."},
    {"LENGTH", reg::kLength, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite, "Bytes of a row."},
    {"ROWS", reg::kRows, 1, 0xFFFF'FFFF, RegisterKind::ReadWrite, "Number of rows."},
    {"SRC_STRIDE", reg::kSrcStride, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite,
     "Bytes from the start of a source row to the next (signed). Not used by a fixed source."},
    {"DST_STRIDE", reg::kDstStride, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite,
     "Bytes from the start of a destination row to the next (signed). Not used by a fixed destination."},
    {"DESC_LO", reg::kDescLo, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite,
     "Address of the first descriptor, bits 31:0. START of a chain at an address that is not a multiple of 64 is "
     "refused "
     "(misaligned)."},
    {"DESC_HI", reg::kDescHi, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite, "Address of the first descriptor, bits 63:32."},
    {"UNIT_BYTES", reg::kUnitBytes, 0, 0xFFFF'FFFF, RegisterKind::ReadWrite,
     "Handshake single and demand: the most bytes of one unit; a multiple of the element."},
    {"RESIDUE_LO", reg::kResidueLo, 0, 0, RegisterKind::ReadOnly,
     "Bytes of the current job not yet written, bits 31:0."},
    {"RESIDUE_HI", reg::kResidueHi, 0, 0, RegisterKind::ReadOnly,
     "Bytes of the current job not yet written, bits 63:32."},
    {"ERROR_KIND", reg::kErrorKind, 0, 0, RegisterKind::ReadOnly, "First error since the last accepted START."},
    {"ERROR_ADDR_LO", reg::kErrorAddrLo, 0, 0, RegisterKind::ReadOnly, "Its faulting address, bits 31:0."},
    {"ERROR_ADDR_HI", reg::kErrorAddrHi, 0, 0, RegisterKind::ReadOnly, "Its faulting address, bits 63:32."},
    {"COMPLETED", reg::kCompleted, 0, 0, RegisterKind::ReadOnly,
     "Jobs (register jobs, rounds, descriptors) that ran to their end since reset, modulo 2^32. Stopped and aborted "
     "ones do "
     "not count."},
    {"CURRENT_DESC_LO", reg::kCurrentDescLo, 0, 0, RegisterKind::ReadOnly,
     "Address of the descriptor of the current job (the oldest that has not completed, else the last), bits 31:0."},
    {"CURRENT_DESC_HI", reg::kCurrentDescHi, 0, 0, RegisterKind::ReadOnly, "The same, bits 63:32."},
}};

/// The fields of the registers that have any, in the order of the registers.
inline constexpr std::array<FieldSpec, 39> kFields{{
    {"CAPS0", "CHANNELS", caps0::Channels::kLsb, caps0::Channels::kWidth, "Number of channels."},
    {"CAPS0", "BUS_BYTES_LOG2", caps0::BusBytesLog2::kLsb, caps0::BusBytesLog2::kWidth, "log2 of the bytes of a beat."},
    {"CAPS0", "MAX_BURST", caps0::MaxBurst::kLsb, caps0::MaxBurst::kWidth, "Beats of the longest burst."},
    {"CAPS0", "PREFETCH", caps0::Prefetch::kLsb, caps0::Prefetch::kWidth, "1: a descriptor is fetched ahead."},
    {"CAPS1", "FIFO_BEATS", caps1::FifoBeats::kLsb, caps1::FifoBeats::kWidth, "Depth of the FIFO in beats."},
    {"CONTROL", "START", 0, 1, "Starts the job that the registers describe. Refused while busy (busy_start)."},
    {"CONTROL", "PAUSE", 1, 1, "The channel requests nothing more until RESUME. Ignored while not busy."},
    {"CONTROL", "RESUME", 2, 1, "Ends the pause."},
    {"CONTROL", "ABORT", 3, 1, "Ends the job early. Ignored while not busy."},
    {"CONTROL", "APPEND", 4, 1, "The last descriptor of the chain has got a new `next`: look at it."},
    {"STATUS", "BUSY", 0, 1, "A job is under way."},
    {"STATUS", "PAUSED", 1, 1, "Paused, and nothing is in flight."},
    {"STATUS", "DONE", 2, 1, "The last job ran to its end."},
    {"STATUS", "ERROR", 3, 1, "An error has been latched since the last accepted START."},
    {"STATUS", "ABORTED", 4, 1, "The last job was aborted."},
    {"STATUS", "END_OF_CHAIN", 5, 1, "The last chain ran to its end."},
    {"CONFIG", "SRC_FIXED", 0, 1, "Every element is read from the same address."},
    {"CONFIG", "DST_FIXED", 1, 1, "Every element is written to the same address."},
    {"CONFIG", "ELEMENT_LOG2", config::ElementLog2::kLsb, config::ElementLog2::kWidth,
     "log2 of the bytes of an element."},
    {"CONFIG", "HANDSHAKE", config::HandshakeMode::kLsb, config::HandshakeMode::kWidth,
     "0 none, 1 single, 2 block, 3 demand."},
    {"CONFIG", "CYCLIC", 12, 1, "The job repeats. Not together with CHAIN (bad_register at START)."},
    {"CONFIG", "CHAIN", 13, 1,
     "The job is the chain of descriptors at DESC; the other job registers but UNIT_BYTES are not used."},
    {"CONFIG", "ERROR_CONTINUE", 14, 1, "A failed data burst is skipped; 0: it stops the channel."},
    {"CONFIG", "NO_SNOOP", 15, 1,
     "The data bursts of the job are not snooped, even where the controller's accesses are. A chain's descriptors have "
     "a "
     "bit each instead."},
    {"INT_ENABLE", "DONE", 0, 1, "See INT_STATUS."},
    {"INT_ENABLE", "ERROR", 1, 1, "See INT_STATUS."},
    {"INT_ENABLE", "ABORTED", 2, 1, "See INT_STATUS."},
    {"INT_ENABLE", "DESCRIPTOR", 3, 1, "See INT_STATUS."},
    {"INT_ENABLE", "PERIOD", 4, 1, "See INT_STATUS."},
    {"INT_ENABLE", "END_OF_CHAIN", 5, 1, "See INT_STATUS."},
    {"INT_STATUS", "DONE", 0, 1, "A register job ran to its end."},
    {"INT_STATUS", "ERROR", 1, 1, "An error happened."},
    {"INT_STATUS", "ABORTED", 2, 1, "The channel ended because of ABORT."},
    {"INT_STATUS", "DESCRIPTOR", 3, 1, "A descriptor with the bit INTERRUPT ran to its end."},
    {"INT_STATUS", "PERIOD", 4, 1, "A round of a cyclic job ran to its end."},
    {"INT_STATUS", "END_OF_CHAIN", 5, 1, "A chain ran to its end, or was re-read for APPEND without finding more."},
    {"ERROR_KIND", "KIND", error_kind::Kind::kLsb, error_kind::Kind::kWidth, "Kind of the error, see below."},
    {"ERROR_KIND", "RESPONSE", error_kind::ResponseCode::kLsb, error_kind::ResponseCode::kWidth,
     "How the burst was answered: 1 generic, 2 address, 3 command, 4 burst, 5 byte-enable error; 0: it was no burst."},
    {"ERROR_KIND", "DETAIL", error_kind::Detail::kLsb, error_kind::Detail::kWidth,
     "What is wrong with a descriptor or a register, see below."},
}};

/// The entry at `offset` of a block, or nullptr.
template <std::size_t N>
constexpr const RegisterSpec* find_register(const std::array<RegisterSpec, N>& table, std::uint32_t offset) {
    for (const RegisterSpec& entry : table) {
        if (entry.offset == offset) {
            return &entry;
        }
    }
    return nullptr;
}

namespace detail {
template <std::size_t N>
constexpr bool well_formed(const std::array<RegisterSpec, N>& table, std::uint32_t block_bytes) {
    for (std::size_t i = 0; i < N; ++i) {
        const RegisterSpec& entry = table[i];
        if (entry.name.empty() || entry.offset % 4 != 0 || entry.offset + 4 > block_bytes ||
            (i > 0 && entry.offset <= table[i - 1].offset) ||
            (entry.kind == RegisterKind::ReadOnly) != (entry.write_mask == 0) ||
            (entry.kind != RegisterKind::ReadOnly && (entry.reset & ~entry.write_mask) != 0)) {
            return false;
        }
    }
    return true;
}
}  // namespace detail

static_assert(detail::well_formed(kGlobalRegisters, kGlobalBlockBytes));
static_assert(detail::well_formed(kChannelRegisters, kChannelBlockBytes));

/// The page docs/registers.md as the tables give it.
std::string register_page();

}  // namespace dmasim::native
