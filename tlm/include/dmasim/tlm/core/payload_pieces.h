// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/burst.h"

namespace dmasim {

/// The attributes of a generic payload that say which bytes move where (IEEE 1666-2011, 14.3), without SystemC.
struct PayloadView {
    bool ignore = false;  ///< TLM_IGNORE_COMMAND: nothing moves.
    Access access = Access::Read;
    std::uint64_t address = 0;
    std::uint8_t* data = nullptr;
    std::uint32_t bytes = 0;                     ///< Data length.
    std::uint32_t streaming_width = 0;           ///< Byte i goes to address + i mod streaming_width.
    const std::uint8_t* byte_enables = nullptr;  ///< nullptr: all bytes.
    std::uint32_t byte_enable_length = 0;        ///< Byte i is moved if byte_enables[i mod byte_enable_length] != 0.

    /// Address of byte `i`.
    [[nodiscard]] std::uint64_t address_of(std::uint32_t i) const { return address + i % streaming_width; }
    /// Whether byte `i` is moved.
    [[nodiscard]] bool enabled(std::uint32_t i) const {
        return byte_enables == nullptr || byte_enables[i % byte_enable_length] != 0;
    }
};

/// Whether a target can carry the payload out at all. `BurstError` for a length or streaming width of 0 or no data,
/// `ByteEnableError` for byte enables of length 0, `AddressError` for one that runs past the end of the address space.
Response check(const PayloadView& payload);

/// A payload that is one `Burst` as it stands: not longer than `max_bytes`, within one 4 KiB page, without byte enables,
/// incrementing or with elements of a fixed address that lie within one bus word of `bus_bytes`.
bool is_one_burst(const PayloadView& payload, std::uint32_t bus_bytes, std::uint32_t max_bytes = 4096);

/// Cuts any legal payload into bursts, in order of its bytes; a payload for which `is_one_burst` holds is one piece.
/// A pure generator:
///
///     PayloadPieces pieces(payload, bus_bytes, max_bytes);
///     for (PayloadPieces::Piece piece; pieces.next(piece);) ...
class PayloadPieces {
  public:
    struct Piece {
        std::uint64_t address = 0;
        std::uint32_t offset = 0;       ///< First byte of the payload's data that belongs to the piece.
        std::uint32_t bytes = 0;        ///< 1 to max_bytes.
        std::uint32_t fixed_bytes = 0;  ///< As in `Burst`.
    };

    /// `payload` must have passed `check`. `max_bytes`: bytes of the longest piece, a multiple of `bus_bytes`, <= 4096.
    PayloadPieces(const PayloadView& payload, std::uint32_t bus_bytes, std::uint32_t max_bytes = 4096);

    /// The next piece, or false.
    bool next(Piece& piece);

  private:
    PayloadView payload_;
    std::uint32_t bus_bytes_;
    std::uint32_t max_bytes_;
    std::uint32_t offset_ = 0;
};

}  // namespace dmasim
