// SPDX-License-Identifier: Apache-2.0
//
// Evictions and prefetches of the hardware's own accord: when they come, what they choose, recording and replay.
#include "dmasim/cpu_stub/core/cache_actor.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

#include "dmasim/model/errors.h"

#include "support/core/cpu_machine.h"

namespace dmasim::test {
namespace {

/// Notes what it is asked for.
struct FakePort final : CacheActionPort {
    struct Call {
        char what = ' ';
        std::uint64_t address = 0;
        std::uint64_t at = 0;
        bool operator==(const Call& other) const {
            return what == other.what && address == other.address && at == other.at;
        }
    };
    void evict(std::uint64_t address, Cycles at) override { calls.push_back({'e', address, at.count()}); }
    void evict_any(std::uint64_t lot, bool dirty_only, Cycles at) override {
        calls.push_back({dirty_only ? 'd' : 'a', lot, at.count()});
    }
    void prefetch(std::uint64_t address, Cycles at) override { calls.push_back({'p', address, at.count()}); }
    void drain_stores(Cycles at) override { calls.push_back({'s', 0, at.count()}); }
    std::vector<Call> calls;
};

struct Log final : CacheActionLog {
    void acted(const CacheAction& action) override { actions.push_back(action); }
    std::vector<CacheAction> actions;
};

bool operator==(const CacheAction& a, const CacheAction& b) {
    return a.kind == b.kind && a.address == b.address && a.at == b.at;
}

CacheAction evict_at(std::uint64_t at, std::uint64_t address) {
    return {CacheActionKind::Evict, address, Cycles{at}};
}

CacheAction prefetch_at(std::uint64_t at, std::uint64_t address) {
    return {CacheActionKind::Prefetch, address, Cycles{at}};
}

TEST(CacheActor, ReportsAllProblemsAtOnce) {
    CacheActorConfig config;
    config.evict_every = (1ULL << 32) + 1;
    config.prefetch_every = 3;
    config.first = 10;
    config.until = 9;
    config.schedule = {evict_at(5, 0), evict_at(4, 0)};
    EXPECT_EQ(validate(config).size(), 4U);
    config.prefetch_from = {{~0ULL, 2}, {0, 0}};
    EXPECT_EQ(validate(config).size(), 5U);
    FakePort port;
    EXPECT_THROW(CacheActor(config, port), ConfigError);
    config = {};
    config.prefetch_every = 1;
    config.prefetch_from = {{0, ~0ULL}, {0, 1}};
    EXPECT_EQ(validate(config).size(), 1U) << "the sum";
    config.prefetch_from = {{1, ~0ULL}};
    EXPECT_TRUE(validate(config).empty());
    config.until = 0;
    EXPECT_TRUE(validate(config).empty());
    EXPECT_FALSE(CacheActorConfig{}.acts());
}

TEST(CacheActor, ScheduleStopAndUntilAreMetToTheEdge) {
    CacheActorConfig config;
    config.schedule = {prefetch_at(3, 0x40), evict_at(7, 0x80), prefetch_at(7, 0xC0), evict_at(9, 0), evict_at(10, 1)};
    FakePort port;
    CacheActor actor(config, port);
    EXPECT_EQ(actor.next_edge(), Cycles{3});
    actor.advance_to(Cycles{7});
    EXPECT_EQ(port.calls.size(), 1U) << "nothing before its stamp";
    actor.advance_to(Cycles{8});
    actor.stop(Cycles{9});
    actor.advance_to(Cycles{100});
    EXPECT_EQ(actor.next_edge(), kNever);
    const std::vector<FakePort::Call> wanted{{'p', 0x40, 3}, {'e', 0x80, 7}, {'p', 0xC0, 7}, {'e', 0, 9}};
    EXPECT_EQ(port.calls, wanted);

    CacheActorConfig every;
    every.evict_every = 1;  // The distance is always 1 then.
    every.first = 5;
    every.until = 8;
    FakePort other;
    CacheActor second(every, other);
    second.advance_to(Cycles{100});
    ASSERT_EQ(other.calls.size(), 3U);
    EXPECT_EQ(other.calls.front().at, 5U);
    EXPECT_EQ(other.calls.back().at, 7U);
}

TEST(CacheActor, DistancesAndAddressesAreDrawnEvenlyAndBySeed) {
    CacheActorConfig config;
    config.evict_every = 5;
    config.prefetch_every = 3;
    config.prefetch_from = {{0x1000, 4}, {0x8000, 2}};
    config.dirty_only = false;
    std::vector<std::vector<FakePort::Call>> runs;
    for (const std::uint64_t seed : {1U, 1U, 2U}) {
        config.seed = seed;
        FakePort port;
        CacheActor actor(config, port);
        actor.advance_to(Cycles{20'000});
        runs.push_back(port.calls);
    }
    EXPECT_EQ(runs[0], runs[1]);
    EXPECT_FALSE(runs[0] == runs[2]);
    std::set<std::uint64_t> distances;
    std::set<std::uint64_t> addresses;
    std::uint64_t last = 0;
    std::uint64_t evictions = 0;
    for (const FakePort::Call& call : runs[0]) {
        if (call.what == 'p') {
            addresses.insert(call.address);
            continue;
        }
        EXPECT_EQ(call.what, 'a');
        if (evictions++ > 0) {
            distances.insert(call.at - last);
        }
        last = call.at;
    }
    EXPECT_EQ(distances, (std::set<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(addresses, (std::set<std::uint64_t>{0x1000, 0x1001, 0x1002, 0x1003, 0x8000, 0x8001}));
    EXPECT_NEAR(static_cast<double>(evictions), 4000.0, 200.0);
}

MachineConfig small_machine() {
    MachineConfig config;
    config.cpu.cache.line_bytes = 32;
    config.cpu.cache.ways = 2;
    config.cpu.cache.size_bytes = 256;  // Four sets.
    return config;
}

TEST(CacheActor, EvictAnyTakesTheFirstLineFromItsLotOn) {
    Machine m(small_machine());
    Log log;
    m.core.set_action_log(&log);
    m.core.evict_any(3, false, m.context.now());
    m.context.wait_cycles(5);
    EXPECT_TRUE(log.actions.empty()) << "an empty cache has nothing to give up";
    m.load(0x00, 1);              // Set 0, place 0.
    m.load(0x20, 1);              // Set 1, place 2.
    m.store(0x60, fill('x', 1));  // Set 3, place 6.
    const Cycles at = m.context.now();
    m.core.evict_any(1, false, at);
    m.core.evict_any(1, true, at);
    m.core.evict_any(7 + 8, false, at);  // Wraps around to place 0.
    m.core.evict_any(0, true, at);       // No dirty line is left.
    m.core.evict(0x20, at);              // Gone already.
    m.context.wait_cycles(50);
    ASSERT_EQ(log.actions.size(), 3U);
    EXPECT_TRUE(log.actions[0] == evict_at(at.count(), 0x20));
    EXPECT_TRUE(log.actions[1] == evict_at(at.count(), 0x60));
    EXPECT_TRUE(log.actions[2] == evict_at(at.count(), 0x00));
    EXPECT_EQ(m.peek(0x60, 1), fill('x', 1));
    EXPECT_EQ(m.core.statistics().evictions, 3U);
}

struct Outcome {
    std::vector<std::uint64_t> stamps;
    std::vector<CacheAction> actions;
    std::uint64_t wrong = 0;
};

/// A random program on a machine with an actor; every load is compared with flat memory.
Outcome run_with(std::uint64_t seed, const CacheActorConfig& actor_config, const std::vector<std::size_t>& order = {}) {
    std::mt19937_64 lots(seed);
    MachineConfig config = small_machine();
    config.memory.read_latency = 1 + static_cast<std::uint32_t>(lots() % 9);
    config.memory.write_latency = 1 + static_cast<std::uint32_t>(lots() % 9);
    config.cpu.cache.write_back_buffers = 1 + static_cast<std::uint32_t>(lots() % 2);
    config.cpu.cache.write_policy = lots() % 3 == 0 ? WritePolicy::Through : WritePolicy::Back;
    Machine m(config);
    Log log;
    m.core.set_action_log(&log);
    CacheActor actor(actor_config, m.core);
    m.system.add(actor);
    m.system.set_order(order);
    std::vector<std::uint8_t> flat(0x400, 0);
    Outcome run;
    for (int n = 0; n < 120; ++n) {
        const std::uint64_t bytes = 1 + lots() % 12;
        const std::uint64_t address = lots() % (flat.size() - bytes);
        switch (lots() % 6) {
            case 0:
                m.context.clean(address, bytes);
                break;
            case 1:
                m.context.clean_invalidate(address, bytes);
                break;
            case 2:
            case 3: {
                const auto data = fill(static_cast<char>(lots() % 100), bytes);
                std::copy(data.begin(), data.end(), flat.begin() + static_cast<std::ptrdiff_t>(address));
                m.store(address, data);
                break;
            }
            default: {
                const auto begin = flat.begin() + static_cast<std::ptrdiff_t>(address);
                const std::vector<std::uint8_t> wanted(begin, begin + static_cast<std::ptrdiff_t>(bytes));
                run.wrong += m.load(address, bytes) != wanted ? 1U : 0U;
                break;
            }
        }
        run.stamps.push_back(m.context.now().count());
    }
    actor.stop(m.context.now());
    m.context.clean_invalidate_all();
    run.wrong += m.peek(0, flat.size()) != flat ? 1U : 0U;
    run.actions = log.actions;
    return run;
}

TEST(CacheActor, ARecordingReplaysToTheSameCycles) {
    std::uint64_t actions = 0;
    std::uint64_t changed = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CacheActorConfig config;
        config.seed = seed;
        config.evict_every = 1 + seed % 30;
        config.dirty_only = seed % 2 == 0;
        config.prefetch_every = 1 + seed % 17;
        config.prefetch_from = {{0, 0x400}};
        const Outcome random = run_with(seed, config);
        EXPECT_EQ(random.wrong, 0U) << "seed " << seed;
        EXPECT_EQ(run_with(seed, config, {3, 2, 1, 0}).stamps, random.stamps) << "order, seed " << seed;
        CacheActorConfig replay;
        replay.schedule = random.actions;
        const Outcome again = run_with(seed, replay);
        EXPECT_EQ(again.stamps, random.stamps) << "seed " << seed;
        ASSERT_EQ(again.actions.size(), random.actions.size()) << "seed " << seed;
        for (std::size_t n = 0; n < again.actions.size(); ++n) {
            EXPECT_TRUE(again.actions[n] == random.actions[n]) << "seed " << seed << " action " << n;
        }
        actions += random.actions.size();
        changed += run_with(seed, {}).stamps != random.stamps ? 1U : 0U;
    }
    EXPECT_GT(actions, 3000U);
    EXPECT_GT(changed, 50U) << "the actor must be felt";
}

}  // namespace
}  // namespace dmasim::test
