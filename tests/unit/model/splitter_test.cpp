// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <dmasim/model/burst.h>
#include <dmasim/model/splitter.h>

namespace {

using dmasim::beats_of;
using dmasim::burst_limit;
using dmasim::BurstSplitter;
using dmasim::ChunkSplitter;
using dmasim::SplitLimits;
using dmasim::SplitSide;

struct Chunk {
    std::uint64_t source;
    std::uint64_t destination;
    std::uint32_t bytes;

    friend bool operator==(const Chunk& a, const Chunk& b) {
        return std::tie(a.source, a.destination, a.bytes) == std::tie(b.source, b.destination, b.bytes);
    }
    friend std::ostream& operator<<(std::ostream& out, const Chunk& chunk) {
        return out << std::hex << chunk.source << "->" << chunk.destination << std::dec << " +" << chunk.bytes;
    }
};

std::vector<Chunk> chunks_of(ChunkSplitter splitter) {
    std::vector<Chunk> chunks;
    while (!splitter.done()) {
        chunks.push_back(Chunk{splitter.source(), splitter.destination(), splitter.chunk_bytes()});
        splitter.next();
    }
    return chunks;
}

std::vector<std::uint32_t> sizes_of(BurstSplitter splitter) {
    std::vector<std::uint32_t> sizes;
    while (!splitter.done()) {
        sizes.push_back(splitter.burst_bytes());
        splitter.next();
    }
    return sizes;
}

// Would a burst of `bytes` bytes be legal? Decided byte by byte, without the formula of the splitter.
bool legal_burst(const SplitSide& side, std::uint32_t bytes, const SplitLimits& limits) {
    if (side.fixed_bytes != 0) {
        return (bytes + side.fixed_bytes - 1) / side.fixed_bytes <= limits.max_burst_beats;
    }
    std::uint32_t beats = 0;
    std::uint64_t word = 0;
    for (std::uint32_t k = 0; k < bytes; ++k) {
        const std::uint64_t address = side.address + k;
        if (address / 4096 != side.address / 4096) {
            return false;
        }
        if (k == 0 || address / limits.bus_bytes != word) {
            word = address / limits.bus_bytes;
            ++beats;
        }
    }
    return beats <= limits.max_burst_beats;
}

// The contract in words: chunks follow each other without a gap, every one is legal on both sides, and one byte more
// would not have been (or there is none, or the unit is full).
void check_row(SplitSide source, SplitSide destination, std::uint64_t bytes, const SplitLimits& limits,
               std::uint32_t unit) {
    ChunkSplitter splitter(source, destination, bytes, limits, unit);
    std::uint64_t left = bytes;
    while (left != 0) {
        ASSERT_FALSE(splitter.done());
        ASSERT_EQ(splitter.source(), source.address);
        ASSERT_EQ(splitter.destination(), destination.address);
        ASSERT_EQ(splitter.bytes_left(), left);
        const std::uint32_t chunk = splitter.chunk_bytes();
        ASSERT_GE(chunk, 1U);
        ASSERT_LE(chunk, left);
        ASSERT_TRUE(unit == 0 || chunk <= unit);
        ASSERT_TRUE(legal_burst(source, chunk, limits)) << source.address << " +" << chunk;
        ASSERT_TRUE(legal_burst(destination, chunk, limits)) << destination.address << " +" << chunk;
        ASSERT_TRUE(chunk == left || chunk == unit || !legal_burst(source, chunk + 1, limits) ||
                    !legal_burst(destination, chunk + 1, limits))
            << "a chunk of " << chunk << " bytes from " << source.address << " to " << destination.address
            << " could be longer";
        splitter.next();
        source.address += source.fixed_bytes == 0 ? chunk : 0;
        destination.address += destination.fixed_bytes == 0 ? chunk : 0;
        left -= chunk;
    }
    ASSERT_TRUE(splitter.done());
    ASSERT_EQ(splitter.chunk_bytes(), 0U);
}

// docs/splitting.md has this example.
TEST(Splitter, WorkedExample) {
    const SplitLimits limits{8, 4};  // 32 bytes a burst
    const std::vector<Chunk> expected{
        {0x0FF5, 0x2003, 11},  // the source reaches 0x1000
        {0x1000, 0x200E, 26},  // the destination has used 6 of its 32 bytes
        {0x101A, 0x2028, 30},  // the source has used 2
        {0x1038, 0x2046, 26},  // the destination has used 6
        {0x1052, 0x2060, 7},   // the end of the row
    };
    EXPECT_EQ(chunks_of(ChunkSplitter(SplitSide{0x0FF5, 0}, SplitSide{0x2003, 0}, 100, limits)), expected);
}

TEST(Splitter, EmptyRowIsDoneAtOnce) {
    const ChunkSplitter row(SplitSide{0x1000, 0}, SplitSide{0x2000, 0}, 0, SplitLimits{});
    EXPECT_TRUE(row.done());
    EXPECT_EQ(row.chunk_bytes(), 0U);
    EXPECT_TRUE(ChunkSplitter().done());
    EXPECT_TRUE(BurstSplitter().done());
}

TEST(Splitter, TakingFromAFinishedRowIsADefect) {
    ChunkSplitter row;
    EXPECT_THROW(row.next(), std::logic_error);
    BurstSplitter burst;
    EXPECT_THROW(burst.next(), std::logic_error);
}

TEST(Splitter, LimitAtTheBoundaryFromBothSides) {
    const SplitLimits limits{8, 16};  // 128 bytes
    EXPECT_EQ(burst_limit(SplitSide{4096 - 128, 0}, limits), 128U);
    EXPECT_EQ(burst_limit(SplitSide{4096 - 129, 0}, limits), 128U - 7U);
    EXPECT_EQ(burst_limit(SplitSide{4096 - 127, 0}, limits), 127U);
    EXPECT_EQ(burst_limit(SplitSide{4095, 0}, limits), 1U);
    EXPECT_EQ(burst_limit(SplitSide{4096, 0}, limits), 128U);
    EXPECT_EQ(burst_limit(SplitSide{4097, 0}, limits), 127U);
    EXPECT_EQ(burst_limit(SplitSide{4097, 4}, limits), 64U) << "a fixed side knows no boundary";
    EXPECT_EQ(burst_limit(SplitSide{0, 0}, SplitLimits{128, 32}), 4096U);
    EXPECT_EQ(burst_limit(SplitSide{1, 0}, SplitLimits{128, 32}), 4095U);
}

TEST(Splitter, LastBytesOfTheAddressSpace) {
    const std::uint64_t top = ~std::uint64_t{0};
    const std::vector<Chunk> expected{{top, 0, 1}, {0, 1, 31}, {31, 32, 1}};
    EXPECT_EQ(chunks_of(ChunkSplitter(SplitSide{top, 0}, SplitSide{0, 0}, 33, SplitLimits{8, 4})), expected);
}

TEST(Splitter, RowLongerThan32Bits) {
    ChunkSplitter row(SplitSide{0, 0}, SplitSide{0, 0}, (std::uint64_t{1} << 32U) + 5, SplitLimits{128, 32});
    EXPECT_EQ(row.chunk_bytes(), 4096U);
    row.next();
    EXPECT_EQ(row.bytes_left(), (std::uint64_t{1} << 32U) + 5 - 4096);
}

TEST(Splitter, FixedSideStaysWhereItIs) {
    const SplitLimits limits{8, 4};
    const std::vector<Chunk> to_port{{0x100, 0x8000, 16}, {0x110, 0x8000, 16}, {0x120, 0x8000, 8}};
    EXPECT_EQ(chunks_of(ChunkSplitter(SplitSide{0x100, 0}, SplitSide{0x8000, 4}, 40, limits)), to_port);
    const std::vector<Chunk> from_port{{0x8000, 0x100, 4}, {0x8000, 0x104, 4}, {0x8000, 0x108, 1}};
    EXPECT_EQ(chunks_of(ChunkSplitter(SplitSide{0x8000, 1}, SplitSide{0x100, 0}, 9, limits)), from_port);
}

TEST(Splitter, UnitBoundsAChunkFromBothSides) {
    const SplitLimits limits{8, 4};
    const auto sizes = [&](std::uint32_t unit) {
        std::vector<std::uint32_t> bytes;
        for (const Chunk& chunk : chunks_of(ChunkSplitter(SplitSide{0, 0}, SplitSide{0, 0}, 64, limits, unit))) {
            bytes.push_back(chunk.bytes);
        }
        return bytes;
    };
    EXPECT_EQ(sizes(31), (std::vector<std::uint32_t>{31, 25, 8})) << "the second one begins 7 bytes into a beat";
    EXPECT_EQ(sizes(32), (std::vector<std::uint32_t>{32, 32}));
    EXPECT_EQ(sizes(33), (std::vector<std::uint32_t>{32, 32})) << "a unit longer than a burst is cut";
    EXPECT_EQ(sizes(0), (std::vector<std::uint32_t>{32, 32}));
}

TEST(Splitter, DescriptorIsCutByItsOneSide) {
    EXPECT_EQ(sizes_of(BurstSplitter(SplitSide{0x1000, 0}, 64, SplitLimits{8, 16})), (std::vector<std::uint32_t>{64}));
    EXPECT_EQ(sizes_of(BurstSplitter(SplitSide{0x1FE0, 0}, 64, SplitLimits{8, 16})),
              (std::vector<std::uint32_t>{32, 32}));
    EXPECT_EQ(sizes_of(BurstSplitter(SplitSide{0x1000, 0}, 64, SplitLimits{4, 1})), std::vector<std::uint32_t>(16, 4));
    EXPECT_EQ(sizes_of(BurstSplitter(SplitSide{0x1004, 0}, 8, SplitLimits{8, 1})), (std::vector<std::uint32_t>{4, 4}));
}

// Small buses, every alignment of both sides around a 4 KiB boundary, every length up to a few bursts.
TEST(Splitter, Exhaustive) {
    for (const SplitLimits limits : {SplitLimits{4, 1}, SplitLimits{4, 3}, SplitLimits{8, 2}}) {
        for (std::uint64_t source = 4096 - 17; source <= 4096 + 9; ++source) {
            for (std::uint64_t destination = 8192 - 17; destination <= 8192 + 9; ++destination) {
                for (std::uint64_t bytes = 0; bytes <= 40; ++bytes) {
                    check_row(SplitSide{source, 0}, SplitSide{destination, 0}, bytes, limits, 0);
                    if (HasFatalFailure()) {
                        return;
                    }
                }
            }
        }
    }
}

TEST(Splitter, ExhaustiveFixedAndUnits) {
    const SplitLimits limits{8, 3};
    for (const std::uint32_t element : {1U, 2U, 4U, 8U}) {
        for (std::uint64_t address = 4096 - 26; address <= 4096 + 1; ++address) {
            for (std::uint64_t bytes = 0; bytes <= 40; ++bytes) {
                for (const std::uint32_t unit : {0U, 1U, 7U, 24U, 25U}) {
                    check_row(SplitSide{address, 0}, SplitSide{0x5000, element}, bytes, limits, unit);
                    check_row(SplitSide{0x5000, element}, SplitSide{address, 0}, bytes, limits, unit);
                    check_row(SplitSide{0x5000, element}, SplitSide{0x6000, element}, bytes, limits, unit);
                    if (HasFatalFailure()) {
                        return;
                    }
                }
            }
        }
    }
}

// Whole elements stay whole: with everything aligned to the element, every chunk is a multiple of it.
TEST(Splitter, AlignedElementsAreNotTornApart) {
    for (const std::uint32_t element : {1U, 2U, 4U, 8U}) {
        for (std::uint64_t address = 4096 - 64; address <= 4096 + 64; address += element) {
            for (const Chunk& chunk : chunks_of(ChunkSplitter(SplitSide{address, 0}, SplitSide{0x9000, element},
                                                              64 * element, SplitLimits{8, 5}))) {
                ASSERT_EQ(chunk.bytes % element, 0U) << element << " " << address;
            }
        }
    }
}

// Every burst the widest and the narrowest controller can make, at every offset of a page.
TEST(Splitter, EveryOffsetOfAPage) {
    for (const SplitLimits limits :
         {SplitLimits{4, 256}, SplitLimits{128, 32}, SplitLimits{16, 16}, SplitLimits{128, 1}}) {
        for (std::uint64_t address = 0; address < 4096; ++address) {
            const std::uint32_t limit = burst_limit(SplitSide{address, 0}, limits);
            ASSERT_LE(address + limit, 4096U);
            ASSERT_LE(beats_of(address, limit, 0, limits.bus_bytes), limits.max_burst_beats);
            ASSERT_TRUE(address + limit == 4096 ||
                        beats_of(address, limit + 1, 0, limits.bus_bytes) > limits.max_burst_beats)
                << address;
        }
    }
}

// A leap: from the same places in their pages on, rows are cut alike for as long as `regular_bytes` says.
TEST(Splitter, RowsAreCutAlikeFromTheSamePlacesOfPages) {
    for (const SplitLimits limits :
         {SplitLimits{8, 16}, SplitLimits{4, 256}, SplitLimits{16, 3}, SplitLimits{128, 1}, SplitLimits{8, 1}}) {
        for (const std::uint64_t destination : {0x80'0000U, 0x80'0003U, 0x80'0080U, 0x80'0F3DU}) {
            ChunkSplitter row(SplitSide{0x1'0010, 0}, SplitSide{destination, 0}, 5 * 4096 + 77, limits);
            for (; row.regular_bytes() > 4096; row.next()) {
                ASSERT_GE(row.regular_bytes(), row.even_bytes());
                ChunkSplitter here = row;
                ChunkSplitter there = row;
                there.skip(4096);
                for (std::uint64_t done = 0; done < there.regular_bytes(); done += here.chunk_bytes(), here.next()) {
                    ASSERT_EQ(here.chunk_bytes(), there.chunk_bytes()) << row.source() << " " << done;
                    ASSERT_EQ(here.source() + 4096, there.source());
                    there.next();
                }
            }
            // At the end of the row a whole burst is left.
            const std::uint64_t longest = std::uint64_t{limits.bus_bytes} * limits.max_burst_beats;
            ASSERT_EQ(row.regular_bytes(), row.bytes_left() - longest);
        }
    }
    EXPECT_EQ(ChunkSplitter(SplitSide{0, 0}, SplitSide{0x9000, 4}, 5000, SplitLimits{}).regular_bytes(), 0U);
    EXPECT_EQ(ChunkSplitter(SplitSide{0, 0}, SplitSide{0x9000, 0}, 128, SplitLimits{8, 16}).regular_bytes(), 0U);
    EXPECT_EQ(ChunkSplitter(SplitSide{0, 0}, SplitSide{0x9000, 0}, 129, SplitLimits{8, 16}).regular_bytes(), 1U);
}

}  // namespace
