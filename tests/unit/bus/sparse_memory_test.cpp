// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/sparse_memory.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/model/errors.h"

namespace dmasim {
namespace {

constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max();

std::uint8_t byte_at(const SparseMemory& memory, std::uint64_t address) {
    std::uint8_t byte = 0xEE;
    memory.read(address, &byte, 1);
    return byte;
}

TEST(SparseMemory, ReadingCreatesNothingAndGivesTheFillValue) {
    SparseMemory memory(0xA5);
    std::vector<std::uint8_t> bytes(10000, 0);
    memory.read(kTop - 9999, bytes.data(), bytes.size());
    EXPECT_EQ(bytes, std::vector<std::uint8_t>(10000, 0xA5));
    EXPECT_EQ(memory.pages(), 0U);
}

TEST(SparseMemory, FirstAndLastByteOfTheAddressSpace) {
    SparseMemory memory;
    const std::uint8_t low = 1;
    const std::uint8_t high = 2;
    memory.write(0, &low, 1);
    memory.write(kTop, &high, 1);
    EXPECT_EQ(memory.pages(), 2U);
    EXPECT_EQ(byte_at(memory, 0), 1);
    EXPECT_EQ(byte_at(memory, kTop), 2);
    EXPECT_EQ(byte_at(memory, 1), 0);
    EXPECT_EQ(byte_at(memory, kTop - 1), 0);
    std::uint8_t both[2] = {};
    memory.read(kTop, both, 2);
    EXPECT_EQ(both[0], 2);
    EXPECT_EQ(both[1], 1) << "addresses count modulo 2^64";
}

TEST(SparseMemory, EnabledBytesOnly) {
    SparseMemory memory(0x11);
    const std::vector<std::uint8_t> data{1, 2, 3, 4, 5};
    const std::vector<std::uint8_t> enables{0xFF, 0, 1, 0, 0xFF};
    memory.write_enabled(4094, data.data(), enables.data(), 5);
    std::vector<std::uint8_t> got(5);
    memory.read(4094, got.data(), 5);
    EXPECT_EQ(got, (std::vector<std::uint8_t>{1, 0x11, 3, 0x11, 5}));
    const std::vector<std::uint8_t> none(5, 0);
    memory.write_enabled(1 << 20, data.data(), none.data(), 5);
    EXPECT_EQ(memory.pages(), 2U) << "no page for bytes that are not written";
}

TEST(SparseMemory, HashDependsOnBytesOnly) {
    SparseMemory a;
    SparseMemory b;
    const std::uint8_t seven = 7;
    const std::uint8_t zero = 0;
    a.write(0, &seven, 1);
    a.write(1ULL << 40, &seven, 1);
    b.write(1ULL << 40, &seven, 1);
    b.write(0, &seven, 1);
    b.write(5000, &zero, 1);  // A page that holds nothing but the fill value.
    EXPECT_EQ(b.pages(), 3U);
    EXPECT_EQ(a.hash(), b.hash());
    b.write(5000, &seven, 1);
    EXPECT_NE(a.hash(), b.hash());
    b.write(5000, &zero, 1);
    EXPECT_EQ(a.hash(), b.hash());
    SparseMemory moved;
    moved.write(1, &seven, 1);
    moved.write(1ULL << 40, &seven, 1);
    EXPECT_NE(a.hash(), moved.hash());
    SparseMemory swapped;  // The same pages in other places.
    swapped.write(4096, &seven, 1);
    swapped.write(1ULL << 40, &seven, 1);
    EXPECT_NE(a.hash(), swapped.hash());
    EXPECT_NE(SparseMemory(0).hash(), SparseMemory(1).hash());
}

TEST(SparseMemory, SetAndClear) {
    SparseMemory memory(3);
    memory.set(100, 3, 1ULL << 40);
    EXPECT_EQ(memory.pages(), 0U) << "the fill value costs nothing";
    memory.set(4090, 9, 10);
    EXPECT_EQ(byte_at(memory, 4089), 3);
    EXPECT_EQ(byte_at(memory, 4090), 9);
    EXPECT_EQ(byte_at(memory, 4099), 9);
    EXPECT_EQ(byte_at(memory, 4100), 3);
    memory.set(4095, 3, 1ULL << 40);
    EXPECT_EQ(byte_at(memory, 4094), 9);
    EXPECT_EQ(byte_at(memory, 4095), 3);
    EXPECT_EQ(byte_at(memory, 4099), 3);
    memory.clear();
    EXPECT_EQ(byte_at(memory, 4090), 3);
    EXPECT_EQ(memory.pages(), 0U);
}

TEST(SparseMemory, PagePointersAreStable) {
    SparseMemory memory;
    std::uint8_t* page = memory.page(0x5123);
    page[0x123] = 0x42;
    for (std::uint64_t i = 100; i < 1100; ++i) {
        memory.page(i * 4096);
    }
    EXPECT_EQ(memory.page(0x5000), page);
    EXPECT_EQ(byte_at(memory, 0x5123), 0x42);
}

TEST(SparseMemory, ABlockIsItsPagesSideBySide) {
    for (const std::uint8_t fill : {std::uint8_t{0}, std::uint8_t{0x5A}}) {
        SparseMemory memory(fill);
        const std::uint64_t base = 3 * SparseMemory::kBlockBytes;
        const std::uint8_t value = 0x42;
        memory.write(base + 4 * 4096 + 5, &value, 1);
        std::uint8_t* const page = memory.page(base + 4 * 4096);
        EXPECT_EQ(memory.pages(), 1U);
        const std::uint64_t hash = memory.hash();
        std::uint8_t* const block = memory.block(base + 9999);
        EXPECT_EQ(block + std::ptrdiff_t{4 * 4096}, page);
        EXPECT_EQ(memory.pages(), SparseMemory::kBlockPages);
        EXPECT_EQ(memory.hash(), hash) << "bytes are as before";
        for (std::uint64_t i = 0; i < SparseMemory::kBlockBytes; ++i) {
            ASSERT_EQ(block[i], i == 4 * 4096 + 5 ? 0x42 : fill);
        }
        block[SparseMemory::kBlockBytes - 1] = 1;
        EXPECT_EQ(byte_at(memory, base + SparseMemory::kBlockBytes - 1), 1);
        EXPECT_EQ(byte_at(memory, base + SparseMemory::kBlockBytes), fill);
        EXPECT_EQ(memory.block(base), block);
        EXPECT_NE(memory.block(kTop), nullptr);
    }
}

TEST(SparseMemory, LoadsAnImage) {
    const std::string path = ::testing::TempDir() + "dmasim_sparse_image.bin";
    std::vector<char> image(70000);
    for (std::size_t i = 0; i < image.size(); ++i) {
        image[i] = static_cast<char>(i * 7);
    }
    std::ofstream(path, std::ios::binary).write(image.data(), static_cast<std::streamsize>(image.size()));
    SparseMemory memory;
    EXPECT_EQ(memory.load(0xFFF, path), image.size());
    std::vector<char> got(image.size());
    memory.read(0xFFF, got.data(), got.size());
    EXPECT_EQ(got, image);
    EXPECT_EQ(memory.load(kTop - 69999, path), image.size()) << "ends exactly at 2^64";
    EXPECT_THROW(memory.load(kTop - 69998, path), ConfigError);
    std::remove(path.c_str());
    EXPECT_THROW(memory.load(0, path), ConfigError);
    EXPECT_THROW(memory.load(0, ::testing::TempDir()), ConfigError) << "a directory";
}

TEST(SparseMemory, RandomAccessesAgainstAMapOfBytes) {
    const std::uint64_t seed = 20240607;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    SparseMemory memory(0x5A);
    std::map<std::uint64_t, std::uint8_t> bytes;
    const std::uint64_t bases[] = {0, 4096 * 3, kTop - 9000, 1ULL << 63};
    for (int step = 0; step < 3000; ++step) {
        const std::uint64_t address = bases[random() % 4] + random() % 9000;
        const std::size_t length = random() % 300;
        if (random() % 2 == 0) {
            std::vector<std::uint8_t> data(length);
            for (std::size_t i = 0; i < length; ++i) {
                data[i] = static_cast<std::uint8_t>(random());
                bytes[address + i] = data[i];
            }
            memory.write(address, data.data(), length);
        } else {
            std::vector<std::uint8_t> got(length, 0xEE);
            memory.read(address, got.data(), length);
            for (std::size_t i = 0; i < length; ++i) {
                const auto found = bytes.find(address + i);
                ASSERT_EQ(got[i], found == bytes.end() ? 0x5A : found->second) << step;
            }
        }
    }
}

}  // namespace
}  // namespace dmasim
