// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/core/payload_pieces.h"

#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace dmasim {
namespace {

std::vector<std::uint8_t> buffer(1U << 18);

PayloadView make(std::uint64_t address, std::uint32_t bytes, std::uint32_t streaming_width) {
    PayloadView view;
    view.address = address;
    view.bytes = bytes;
    view.streaming_width = streaming_width;
    view.data = buffer.data();
    return view;
}

std::vector<PayloadPieces::Piece> cut(const PayloadView& view, std::uint32_t bus_bytes,
                                      std::uint32_t max_bytes = 4096) {
    std::vector<PayloadPieces::Piece> pieces;
    PayloadPieces generator(view, bus_bytes, max_bytes);
    for (PayloadPieces::Piece piece; generator.next(piece);) {
        pieces.push_back(piece);
    }
    return pieces;
}

TEST(PayloadPieces, ChecksWhatNoTargetCanCarryOut) {
    EXPECT_EQ(check(make(0, 4, 4)), Response::Ok);
    EXPECT_EQ(check(make(0, 0, 4)), Response::BurstError);
    EXPECT_EQ(check(make(0, 4, 0)), Response::BurstError);
    PayloadView view = make(0, 4, 4);
    view.data = nullptr;
    EXPECT_EQ(check(view), Response::BurstError);
    view = make(0, 4, 4);
    const std::uint8_t enable = 0xFF;
    view.byte_enables = &enable;
    EXPECT_EQ(check(view), Response::ByteEnableError);
    view.byte_enable_length = 1;
    EXPECT_EQ(check(view), Response::Ok);
}

TEST(PayloadPieces, TheLastByteOfTheAddressSpaceIsTheLast) {
    EXPECT_EQ(check(make(~0ULL - 3, 4, 4)), Response::Ok);
    EXPECT_EQ(check(make(~0ULL - 2, 4, 4)), Response::AddressError);
    // A stream of 4096 bytes to the last word never leaves it.
    EXPECT_EQ(check(make(~0ULL - 3, 4096, 4)), Response::Ok);
    EXPECT_EQ(check(make(~0ULL - 3, 4096, 8)), Response::AddressError);
    EXPECT_EQ(cut(make(~0ULL - 3, 4, 4), 8).size(), 1U);
}

TEST(PayloadPieces, OneBurstStaysOne) {
    EXPECT_TRUE(is_one_burst(make(0x1003, 4096 - 3, 8192), 8));
    EXPECT_FALSE(is_one_burst(make(0x1003, 4096 - 2, 8192), 8));
    EXPECT_TRUE(is_one_burst(make(0x1000, 64, 4), 8));
    EXPECT_TRUE(is_one_burst(make(0x1004, 64, 4), 8));
    EXPECT_FALSE(is_one_burst(make(0x1005, 64, 4), 8)) << "an element that straddles two bus words";
    EXPECT_FALSE(is_one_burst(make(0x1000, 64, 16), 8)) << "a stream wider than the bus";
    EXPECT_TRUE(is_one_burst(make(0x1000, 128, 128), 8, 128));
    EXPECT_FALSE(is_one_burst(make(0x1000, 129, 129), 8, 128));
    EXPECT_FALSE(is_one_burst(make(0x1001, 128, 128), 8, 128)) << "one beat too many";
    PayloadView view = make(0, 64, 64);
    view.byte_enables = buffer.data();
    view.byte_enable_length = 64;
    EXPECT_TRUE(is_one_burst(view, 8));
    view.byte_enable_length = 63;
    EXPECT_FALSE(is_one_burst(view, 8)) << "enables that wrap around";
}

TEST(PayloadPieces, SixtyFourKibibytesAreSixteenPages) {
    const auto pieces = cut(make(0x10, 65536, 65536), 8);
    ASSERT_EQ(pieces.size(), 17U);
    EXPECT_EQ(pieces.front().bytes, 4096U - 0x10U);
    EXPECT_EQ(pieces.back().bytes, 0x10U);
}

// Every byte of a legal payload is in exactly one piece, at its address, and every piece is a legal burst.
TEST(PayloadPieces, RandomPayloadsAreCoveredOnce) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 3000; ++round) {
        const std::uint32_t bus_bytes = 4U << random() % 6;
        const std::uint32_t max_bytes = std::min<std::uint32_t>(4096, bus_bytes << random() % 9);
        const auto bytes = static_cast<std::uint32_t>(1 + random() % (round % 10 == 0 ? 70000 : 600));
        const auto width = static_cast<std::uint32_t>(random() % 2 == 0 ? bytes : 1 + random() % (2 * bytes));
        const std::uint64_t address = random() % 0x3000;
        const PayloadView view = make(address, bytes, width);
        std::uint32_t next = 0;
        for (const PayloadPieces::Piece& piece : cut(view, bus_bytes, max_bytes)) {
            ASSERT_EQ(piece.offset, next);
            ASSERT_GE(piece.bytes, 1U);
            next += piece.bytes;
            ASSERT_LE(next, bytes);
            ASSERT_LE(beats_of(piece.address, piece.bytes, piece.fixed_bytes, bus_bytes), max_bytes / bus_bytes);
            const std::uint32_t extent = piece.fixed_bytes != 0 ? piece.fixed_bytes : piece.bytes;
            ASSERT_EQ(piece.address / 4096, (piece.address + extent - 1) / 4096);
            for (std::uint32_t i = 0; i < piece.bytes; ++i) {
                const std::uint64_t at = piece.address + (piece.fixed_bytes != 0 ? i % piece.fixed_bytes : i);
                ASSERT_EQ(at, view.address_of(piece.offset + i)) << "byte " << piece.offset + i;
            }
        }
        ASSERT_EQ(next, bytes);
    }
}

}  // namespace
}  // namespace dmasim
