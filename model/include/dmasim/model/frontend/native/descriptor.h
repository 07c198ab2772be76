// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dmasim/model/job.h"

namespace dmasim::native {

/// Size and alignment of a descriptor in memory, in bytes.
inline constexpr std::uint32_t kDescriptorBytes = 64;

/// Byte offsets of the fields of a descriptor (all little-endian).
inline constexpr std::uint32_t kDescriptorNext = 0x00;               ///< u64: address of the next descriptor, 0: none.
inline constexpr std::uint32_t kDescriptorSource = 0x08;             ///< u64
inline constexpr std::uint32_t kDescriptorDestination = 0x10;        ///< u64
inline constexpr std::uint32_t kDescriptorLength = 0x18;             ///< u32: bytes of a row
inline constexpr std::uint32_t kDescriptorControl = 0x1C;            ///< u32: `descriptor_control` bits
inline constexpr std::uint32_t kDescriptorRows = 0x20;               ///< u32
inline constexpr std::uint32_t kDescriptorReserved = 0x24;           ///< u32, must be 0
inline constexpr std::uint32_t kDescriptorSourceStride = 0x28;       ///< i32
inline constexpr std::uint32_t kDescriptorDestinationStride = 0x2C;  ///< i32
inline constexpr std::uint32_t kDescriptorCookie = 0x30;             ///< u64: software's own, never looked at
inline constexpr std::uint32_t kDescriptorStatus = 0x38;  ///< u32: `kDescriptorComplete` | TransferError, written back
inline constexpr std::uint32_t kDescriptorTransferred =
    0x3C;  ///< u32: bytes written (at most 2^32-1 is shown), written back

/// Size of what is written back, at `kDescriptorStatus`, in bytes.
inline constexpr std::uint32_t kDescriptorStatusBytes = 8;

/// Bit of the status word that the controller sets when it writes it back; the low 8 bits are the TransferError.
inline constexpr std::uint32_t kDescriptorComplete = 0x8000'0000U;

/// Bits of the control word of a descriptor. All others are reserved and must be 0.
namespace descriptor_control {
inline constexpr std::uint32_t kValid = 1U << 0;      ///< Must be 1.
inline constexpr std::uint32_t kInterrupt = 1U << 1;  ///< Completion sets INT_STATUS.DESCRIPTOR.
inline constexpr std::uint32_t kWriteBack = 1U << 2;  ///< Completion writes the status word back.
inline constexpr std::uint32_t kEnd = 1U << 3;        ///< The chain ends here, whatever `next` says.
inline constexpr std::uint32_t kSourceFixed = 1U << 4;
inline constexpr std::uint32_t kDestinationFixed = 1U << 5;
inline constexpr unsigned kElementShift = 8;         ///< 3 bits: log2 of the element's bytes.
inline constexpr unsigned kHandshakeShift = 12;      ///< 2 bits: Handshake.
inline constexpr std::uint32_t kNoSnoop = 1U << 14;  ///< The data bursts are not snooped.
inline constexpr std::uint32_t kImplemented = 0x0000'773FU;
}  // namespace descriptor_control

/// A descriptor as a struct.
struct Descriptor {
    std::uint64_t next = 0;  ///< 0 or a multiple of 64.
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint32_t length = 0;  ///< Bytes of a row.
    std::uint32_t rows = 1;
    std::int32_t source_stride = 0;
    std::int32_t destination_stride = 0;
    bool interrupt = false;
    bool write_back = false;
    bool end = false;
    bool source_fixed = false;
    bool destination_fixed = false;
    std::uint8_t element_log2 = 0;  ///< 0 to 7.
    Handshake handshake = Handshake::None;
    bool no_snoop = false;
    std::uint64_t cookie = 0;
    std::uint32_t status = 0;       ///< As written back.
    std::uint32_t transferred = 0;  ///< As written back.

    /// The descriptor as a job; `unit_bytes` comes from the channel's register.
    [[nodiscard]] Job job(std::uint32_t unit_bytes) const;
};

using DescriptorBytes = std::array<std::uint8_t, kDescriptorBytes>;

/// The bytes of `descriptor` in memory, with VALID set.
DescriptorBytes encode(const Descriptor& descriptor);

/// Outcome of `decode`: the descriptor if `problem.detail` is None.
struct DecodeResult {
    Descriptor descriptor;
    JobProblem problem;
};

/// Decodes the 64 bytes at `bytes`, which were read from `address`, for a controller with `bus_bytes` a beat and a channel
/// whose UNIT_BYTES is `unit_bytes`. Refuses, in this order: VALID 0 (NotValid), reserved bits (Reserved), a `next` that is
/// used (not 0, no END) and not a multiple of 64 (Misaligned), and what `check_job` refuses. The address of a problem is always
/// the descriptor's.
DecodeResult decode(const std::uint8_t* bytes, std::uint64_t address, std::uint32_t bus_bytes,
                    std::uint32_t unit_bytes);

/// The 8 bytes that are written back at `kDescriptorStatus`.
std::array<std::uint8_t, kDescriptorStatusBytes> encode_status(TransferError error, std::uint64_t transferred);

}  // namespace dmasim::native
