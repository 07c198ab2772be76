// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/core/payload_pieces.h"

#include <algorithm>
#include <limits>

namespace dmasim {

namespace {

constexpr std::uint32_t kPage = 4096;

/// Bytes that are touched from the address on.
std::uint32_t extent(const PayloadView& payload) {
    return std::min(payload.bytes, payload.streaming_width);
}

}  // namespace

Response check(const PayloadView& payload) {
    if (payload.bytes == 0 || payload.streaming_width == 0 || payload.data == nullptr) {
        return Response::BurstError;
    }
    if (payload.byte_enables != nullptr && payload.byte_enable_length == 0) {
        return Response::ByteEnableError;
    }
    if (payload.address > std::numeric_limits<std::uint64_t>::max() - (extent(payload) - 1)) {
        return Response::AddressError;
    }
    return Response::Ok;
}

bool is_one_burst(const PayloadView& payload, std::uint32_t bus_bytes, std::uint32_t max_bytes) {
    if (payload.byte_enables != nullptr && payload.byte_enable_length < payload.bytes) {
        return false;
    }
    PayloadPieces pieces(payload, bus_bytes, max_bytes);
    PayloadPieces::Piece piece;
    return pieces.next(piece) && piece.bytes == payload.bytes;
}

PayloadPieces::PayloadPieces(const PayloadView& payload, std::uint32_t bus_bytes, std::uint32_t max_bytes)
    : payload_(payload), bus_bytes_(bus_bytes), max_bytes_(max_bytes) {}

bool PayloadPieces::next(Piece& piece) {
    if (offset_ >= payload_.bytes) {
        return false;
    }
    const std::uint32_t left = payload_.bytes - offset_;
    const std::uint32_t width = extent(payload_);
    const auto lane = static_cast<std::uint32_t>(payload_.address % bus_bytes_);
    piece.offset = offset_;
    if (width < payload_.bytes && lane + width <= bus_bytes_) {
        piece.address = payload_.address;
        piece.fixed_bytes = width;
        piece.bytes = std::min(left, max_bytes_ / bus_bytes_ * width);
    } else {
        const std::uint32_t done = offset_ % width;
        piece.address = payload_.address + done;
        piece.fixed_bytes = 0;
        const auto to_page = static_cast<std::uint32_t>(kPage - piece.address % kPage);
        const auto to_length = static_cast<std::uint32_t>(max_bytes_ - piece.address % bus_bytes_);
        piece.bytes = std::min({left, width - done, to_page, to_length});
    }
    offset_ += piece.bytes;
    return true;
}

}  // namespace dmasim
