// SPDX-License-Identifier: Apache-2.0
//
// Classic DMA bugs, each with its cure, on the real cache, bus and memory: with the maintenance missing the bytes are stale,
// exactly those that should be.
#include <gtest/gtest.h>

#include "support/core/cpu_machine.h"

namespace dmasim::test {
namespace {

constexpr std::uint64_t kBase = 0x1000;

struct Litmus : Machine {
    explicit Litmus(std::uint32_t line, const MachineConfig& base = {}) : Machine(with_line(base, line)) {}

    static MachineConfig with_line(MachineConfig config, std::uint32_t line) {
        config.cpu.cache.line_bytes = line;
        config.cpu.store_buffer.hold = true;
        return config;
    }
    void mem(std::uint64_t a, std::size_t n, char t) { poke(kBase + a, fill(t, n)); }
    void w(std::uint64_t a, std::size_t n, char t) { store(kBase + a, fill(t, n)); }
    std::vector<std::uint8_t> r(std::uint64_t a, std::size_t n) { return load(kBase + a, n); }
    void nc(std::uint64_t a, std::size_t n, char t) { store(kBase + a, fill(t, n), MemoryType::Uncached); }
    std::vector<std::uint8_t> nr(std::uint64_t a, std::size_t n) { return load(kBase + a, n, MemoryType::Uncached); }
    void dw(std::uint64_t a, std::size_t n, char t) { device_write(kBase + a, fill(t, n)); }
    std::vector<std::uint8_t> dr(std::uint64_t a, std::uint32_t n) { return device_read(kBase + a, n); }
    void clean(std::uint64_t a, std::uint64_t n) { context.clean(kBase + a, n); }
    void inv(std::uint64_t a, std::uint64_t n) { context.invalidate(kBase + a, n); }
    void flush(std::uint64_t a, std::uint64_t n) { context.clean_invalidate(kBase + a, n); }
    void evict(std::uint64_t a) { context.evict(kBase + a); }
    void pf(std::uint64_t a) { context.prefetch(kBase + a); }
};

TEST(CpuLitmus, Cm01CleanMissing) {
    for (const bool fixed : {false, true}) {
        Litmus m(32);
        m.mem(0, 0x20, 'o');
        m.w(0, 6, 'n');
        if (fixed) {
            m.clean(0, 6);
        }
        EXPECT_EQ(m.dr(0, 6), fill(fixed ? 'n' : 'o', 6));
    }
}

TEST(CpuLitmus, Cm01IsHiddenByAnEviction) {
    Litmus m(32);
    m.mem(0, 0x20, 'o');
    m.w(0, 6, 'n');
    m.evict(0);
    EXPECT_EQ(m.dr(0, 8), fill('n', 6) + fill('o', 2));
}

TEST(CpuLitmus, Cm03CleanBeforeTheStores) {
    for (const bool fixed : {false, true}) {
        Litmus m(32);
        m.w(0, 0x40, 'a');
        m.clean(0, 0x40);
        EXPECT_EQ(m.dr(0, 0x40), fill('a', 0x40));
        if (!fixed) {
            m.clean(0, 0x40);
        }
        m.w(0, 0x40, 'b');
        if (fixed) {
            m.clean(0, 0x40);
        }
        EXPECT_EQ(m.dr(0, 0x40), fill(fixed ? 'b' : 'a', 0x40));
    }
}

TEST(CpuLitmus, Im01InvalidateMissing) {
    for (const bool fixed : {false, true}) {
        Litmus m(32);
        for (const char token : {'a', 'b'}) {
            m.dw(0, 0x20, token);
            if (fixed) {
                m.inv(0, 0x20);
            }
            EXPECT_EQ(m.r(0, 0x20), fill(fixed ? token : 'a', 0x20));
        }
    }
}

TEST(CpuLitmus, Sr01SpeculativeRefill) {
    for (const bool fixed : {false, true}) {
        Litmus m(32);
        m.mem(0, 0x40, 'p');
        EXPECT_EQ(m.r(0, 0x40), fill('p', 0x40));
        m.inv(0, 0x40);
        m.pf(0x20);
        m.dw(0, 0x40, 'n');
        if (fixed) {
            m.inv(0, 0x40);
        }
        EXPECT_EQ(m.r(0, 0x40), fill('n', 0x20) + fill(fixed ? 'n' : 'p', 0x20));
    }
}

TEST(CpuLitmus, Rd01EvictionOverDeviceData) {
    for (const bool fixed : {false, true}) {
        Litmus m(32);
        m.mem(0, 0x40, 'o');
        m.w(0, 0x20, 's');
        if (fixed) {
            m.flush(0, 0x40);
        }
        m.dw(0, 0x40, 'n');
        m.evict(0);
        m.inv(0, 0x40);
        EXPECT_EQ(m.r(0, 0x40), fill(fixed ? 'n' : 's', 0x20) + fill('n', 0x20));
    }
}

TEST(CpuLitmus, Rd03FlushAfterTheTransfer) {
    for (const bool fixed : {false, true}) {
        Litmus m(64);
        m.mem(0, 0x40, 'o');
        m.w(0, 0x40, 's');
        if (fixed) {
            m.clean(0, 0x40);
        }
        m.dw(0, 0x40, 'n');
        m.flush(0, 0x40);
        EXPECT_EQ(m.r(0, 0x40), fill(fixed ? 'n' : 's', 0x40));
    }
}

TEST(CpuLitmus, Rd05FlushInsteadOfInvalidate) {
    Litmus m(64);
    m.mem(0, 0x40, 'o');
    m.w(0, 0x2A, 'T');
    m.dw(0, 0x40, 'n');
    m.flush(0, 0x40);
    EXPECT_EQ(m.r(0, 0x40), fill('T', 42) + fill('o', 22));
}

TEST(CpuLitmus, Il01InvalidateLosesDirtyBytes) {
    for (const bool fixed : {false, true}) {
        Litmus m(64);
        m.mem(0, 0x40, 's');
        m.w(0, 0x40, 'z');
        if (fixed) {
            m.clean(0, 0x40);
        } else {
            m.inv(0, 0x40);
        }
        m.dw(0, 0x20, 'n');
        m.inv(0, 0x40);
        EXPECT_EQ(m.r(0, 0x40), fill('n', 32) + fill(fixed ? 'z' : 's', 32));
    }
}

TEST(CpuLitmus, Dl01CleanRevertsTheNeighbourInTheLine) {
    Litmus m(32);
    m.mem(0, 0x20, 'o');
    m.w(0, 8, 'a');
    m.dw(8, 4, 'u');
    m.clean(0, 8);
    m.inv(0, 0x20);
    EXPECT_EQ(m.r(8, 4), fill('o', 4));
    Litmus fixed(32);
    fixed.mem(0, 0x20, 'o');
    fixed.nc(0, 8, 'a');
    fixed.context.dsb();
    fixed.dw(8, 4, 'u');
    EXPECT_EQ(fixed.nr(8, 4), fill('u', 4));
    EXPECT_EQ(fixed.nr(0, 8), fill('a', 8));
}

TEST(CpuLitmus, Po01DoorbellOvertakesTheStoreBuffer) {
    for (const bool fixed : {false, true}) {
        Litmus m(32);
        m.mem(0, 0x10, 'o');
        m.nc(0, 0x10, 'D');
        if (fixed) {
            m.context.dsb();
        }
        m.store(0x8000, {1}, MemoryType::Device);
        EXPECT_EQ(m.peek(0x8000, 1), fill(1, 1));
        EXPECT_EQ(m.dr(0, 0x10), fill(fixed ? 'D' : 'o', 16));
        m.context.dsb();
        EXPECT_EQ(m.dr(0, 0x10), fill('D', 16));
    }
}

TEST(CpuLitmus, Po05StoreThenLoadOfAnotherAddress) {
    for (const bool fixed : {false, true}) {
        Litmus m(64);
        m.mem(0, 8, 'o');
        m.mem(0x40, 2, 'S');
        m.nc(0, 2, 'I');
        if (fixed) {
            m.context.dsb();
        }
        EXPECT_EQ(m.nr(0x40, 2), fill('S', 2));
        m.dw(0x40, 2, 'E');
        EXPECT_EQ(m.dr(0, 2), fill(fixed ? 'I' : 'o', 2));
        m.context.dsb();
    }
}

TEST(CpuLitmus, WriteThroughIsNotCoherentForDeviceWrites) {
    MachineConfig config;
    config.cpu.cache.write_policy = WritePolicy::Through;
    Litmus m(32, config);
    m.w(0, 0x20, 'a');
    m.clean(0, 0x20);
    EXPECT_EQ(m.dr(0, 0x20), fill('a', 0x20));
    EXPECT_EQ(m.r(0, 0x20), fill('a', 0x20));
    m.dw(0, 0x20, 'b');
    EXPECT_EQ(m.r(0, 0x20), fill('a', 0x20));
    m.inv(0, 0x20);
    EXPECT_EQ(m.r(0, 0x20), fill('b', 0x20));
}

TEST(CpuLitmus, NothingIsStaleWhenTheDeviceSnoops) {
    MachineConfig config;
    config.snooped = true;
    config.cpu.cache.coherence = CoherenceMode::IoCoherent;
    Litmus m(64, config);
    m.mem(0, 0x40, 'o');
    m.w(0, 6, 'n');
    EXPECT_EQ(m.dr(0, 8), fill('n', 6) + fill('o', 2));
    m.dw(4, 0x10, 'd');
    EXPECT_EQ(m.r(0, 0x18), fill('n', 4) + fill('d', 0x10) + fill('o', 4));
    m.evict(0);
    EXPECT_EQ(m.r(0, 0x18), fill('n', 4) + fill('d', 0x10) + fill('o', 4));
    m.dw(0, 0x40, 'e');
    EXPECT_FALSE(m.core.line_of(kBase).valid);
    EXPECT_EQ(m.r(0, 0x40), fill('e', 0x40));
}

/// The same machine, but its cache is not told: the test above must be able to fail.
TEST(CpuLitmus, ModeNoneDisregardsSnoops) {
    MachineConfig config;
    config.snooped = true;
    Litmus m(64, config);
    m.mem(0, 0x40, 'o');
    m.w(0, 6, 'n');
    EXPECT_EQ(m.dr(0, 8), fill('o', 8));
    EXPECT_EQ(m.core.statistics().snoops, 1u);
}

}  // namespace
}  // namespace dmasim::test
