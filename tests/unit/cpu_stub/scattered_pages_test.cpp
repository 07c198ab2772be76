// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/scattered_pages.h"

#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "dmasim/model/errors.h"

namespace dmasim {
namespace {

std::uint64_t bytes_of(const ScatteredBuffer& buffer) {
    std::uint64_t bytes = 0;
    for (const MemoryFragment& fragment : buffer) {
        bytes += fragment.bytes;
    }
    return bytes;
}

TEST(ScatteredPages, RefusesWhatCannotBe) {
    EXPECT_THROW(ScatteredPages(0, 0, 4096, 1), ConfigError);
    EXPECT_THROW(ScatteredPages(0, 1, 4095, 1), ConfigError);
    EXPECT_THROW(ScatteredPages(0, 1, 32, 1), ConfigError);
    EXPECT_THROW(ScatteredPages(0, 1, 1U << 21, 1), ConfigError);
    EXPECT_THROW(ScatteredPages(2048, 1, 4096, 1), ConfigError);
    EXPECT_THROW(ScatteredPages(0xFFFF'FFFF'FFFF'F000, 2, 4096, 1), ConfigError);
    EXPECT_EQ(ScatteredPages(0xFFFF'FFFF'FFFF'F000, 1, 4096, 1).allocate(4096),
              (ScatteredBuffer{{0xFFFF'FFFF'FFFF'F000, 4096}}));
}

TEST(ScatteredPages, SeedDecidesTheOrder) {
    const auto order = [](std::uint64_t seed) {
        ScatteredPages pages(0x10000, 64, 4096, seed);
        std::vector<std::uint64_t> addresses;
        for (int i = 0; i < 64; ++i) {
            addresses.push_back(pages.allocate(1).at(0).address);
        }
        EXPECT_TRUE(pages.allocate(1).empty());
        EXPECT_EQ(std::set<std::uint64_t>(addresses.begin(), addresses.end()).size(), 64U);
        return addresses;
    };
    EXPECT_EQ(order(1), order(1));
    EXPECT_NE(order(1), order(2));
}

TEST(ScatteredPages, NeighboursAreOneFragment) {
    bool together = false;
    bool apart = false;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        ScatteredPages pages(64, 2, 64, seed);
        const ScatteredBuffer buffer = pages.allocate(100, 28);
        EXPECT_EQ(pages.available(), 0U);
        if (buffer.size() == 1) {
            together = true;
            EXPECT_EQ(buffer, (ScatteredBuffer{{64 + 28, 100}}));
        } else {
            apart = true;
            EXPECT_EQ(buffer, (ScatteredBuffer{{128 + 28, 36}, {64, 64}}));
        }
        pages.release(buffer);
        EXPECT_EQ(pages.available(), 2U);
    }
    EXPECT_TRUE(together);
    EXPECT_TRUE(apart);
}

TEST(ScatteredPages, SplitMovesPages) {
    ScatteredPages pages(0, 100, 64, 7);
    ScatteredPages pool = pages.split(30);
    EXPECT_EQ(pages.available(), 70U);
    EXPECT_EQ(pool.available(), 30U);
    std::set<std::uint64_t> seen;
    while (pages.available() != 0) {
        EXPECT_TRUE(seen.insert(pages.allocate(1).at(0).address).second);
    }
    while (pool.available() != 0) {
        EXPECT_TRUE(seen.insert(pool.allocate(1).at(0).address).second);
    }
    EXPECT_EQ(seen.size(), 100U);
    pages.release({{0, 64}});
    EXPECT_EQ(pages.split(5).available(), 1U);
}

TEST(ScatteredPages, AllocatesAllOrNothing) {
    ScatteredPages pages(0, 4, 4096, 1);
    EXPECT_TRUE(pages.allocate(4 * 4096, 1).empty());
    EXPECT_TRUE(pages.allocate(~0ULL, 4095).empty());
    EXPECT_TRUE(pages.allocate(0).empty());
    EXPECT_EQ(pages.available(), 4U);
    EXPECT_EQ(bytes_of(pages.allocate(4 * 4096 - 1, 1)), 4U * 4096 - 1);
    EXPECT_EQ(pages.available(), 0U);
}

TEST(ScatteredPages, PartOf) {
    const ScatteredBuffer buffer{{1000, 10}, {2000, 20}, {3000, 30}};
    EXPECT_EQ(part_of(buffer, 0, 60), buffer);
    EXPECT_EQ(part_of(buffer, 0, 10), (ScatteredBuffer{{1000, 10}}));
    EXPECT_EQ(part_of(buffer, 9, 2), (ScatteredBuffer{{1009, 1}, {2000, 1}}));
    EXPECT_EQ(part_of(buffer, 10, 1), (ScatteredBuffer{{2000, 1}}));
    EXPECT_EQ(part_of(buffer, 29, 100), (ScatteredBuffer{{2019, 1}, {3000, 30}}));
    EXPECT_TRUE(part_of(buffer, 60, 1).empty());
    EXPECT_TRUE(part_of(buffer, 5, 0).empty());
}

// No page is ever in two buffers, and all come back.
TEST(ScatteredPages, RandomUse) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    ScatteredPages pages(0x4000, 32, 256, random());
    std::vector<ScatteredBuffer> held;
    std::set<std::uint64_t> used;
    for (int round = 0; round < 5000; ++round) {
        if (random() % 2 == 0) {
            const std::uint64_t bytes = 1 + random() % 2000;
            const ScatteredBuffer buffer = pages.allocate(bytes, random() % 256);
            if (buffer.empty()) {
                continue;
            }
            ASSERT_EQ(bytes_of(buffer), bytes);
            for (const MemoryFragment& fragment : buffer) {
                for (std::uint64_t page = fragment.address / 256; page <= (fragment.address + fragment.bytes - 1) / 256;
                     ++page) {
                    ASSERT_TRUE(used.insert(page).second);
                    ASSERT_GE(page, 0x40U);
                    ASSERT_LT(page, 0x40U + 32);
                }
            }
            held.push_back(buffer);
        } else if (!held.empty()) {
            const std::size_t which = random() % held.size();
            for (const MemoryFragment& fragment : held[which]) {
                for (std::uint64_t page = fragment.address / 256; page <= (fragment.address + fragment.bytes - 1) / 256;
                     ++page) {
                    used.erase(page);
                }
            }
            pages.release(held[which]);
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
        }
        ASSERT_EQ(pages.available() + used.size(), 32U);
    }
}

}  // namespace
}  // namespace dmasim
