// SPDX-License-Identifier: Apache-2.0
//
// What the cache and the program could have done otherwise, from the events of a run.
#include "dmasim/cpu_stub/core/choice_finder.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/operation.h"

namespace dmasim {
namespace {

constexpr std::uint64_t kA = 0x1000;
constexpr std::uint64_t kB = 0x1040;

class Events {
  public:
    Events() : finder_(64, {{0, 0x2000}}) {}

    Events& access(std::uint64_t at, std::uint64_t address, std::uint32_t value, std::uint64_t bytes = 8) {
        return add(at, EventKind::CpuAccess, address, bytes, value);
    }
    Events& maintenance(std::uint64_t at, std::uint64_t address, std::uint64_t bytes = 8, std::uint32_t value = 0) {
        return add(at, EventKind::Maintenance, address, bytes, value);
    }
    Events& line(std::uint64_t at, std::uint64_t address, CacheLineEvent what) {
        return add(at, EventKind::CacheLineChanged, address, 64, static_cast<std::uint32_t>(what));
    }
    Events& device(std::uint64_t at, std::uint64_t address, std::uint64_t bytes = 8, Purpose purpose = Purpose::Data) {
        TraceEvent event;
        event.at = Cycles{at};
        event.kind = EventKind::BusResponded;
        event.purpose = purpose;
        event.address = address;
        event.bytes = bytes;
        finder_.event(event);
        return *this;
    }
    [[nodiscard]] std::vector<Choice> choices(const Schedule& schedule = {}) const {
        std::uint64_t unreduced = 0;
        return finder_.choices(schedule, unreduced);
    }
    [[nodiscard]] std::vector<Choice> choices(ChoiceKind kind, const Schedule& schedule = {}) const {
        std::vector<Choice> all = choices(schedule);
        all.erase(std::remove_if(all.begin(), all.end(), [&](const Choice& one) { return one.kind != kind; }),
                  all.end());
        return all;
    }

  private:
    Events& add(std::uint64_t at, EventKind kind, std::uint64_t address, std::uint64_t bytes, std::uint32_t value) {
        TraceEvent event;
        event.at = Cycles{at};
        event.kind = kind;
        event.address = address;
        event.bytes = bytes;
        event.value = value;
        finder_.event(event);
        return *this;
    }
    ChoiceFinder finder_;
};

/// A line is stored to, written by a device, invalidated and loaded.
void receive(Events& run) {
    run.line(10, kA, CacheLineEvent::Filled)
        .line(10, kA, CacheLineEvent::Dirtied)
        .access(10, kA, kCpuAccessStore)
        .device(50, kA)
        .line(80, kA, CacheLineEvent::Invalidated)
        .maintenance(80, kA)
        .line(95, kA, CacheLineEvent::Filled)
        .access(95, kA, 0);
}

TEST(ChoiceFinder, OnePlaceBehindEachAccessThatAnotherOneFollows) {
    Events run;
    receive(run);
    EXPECT_EQ(run.choices(ChoiceKind::Evict),
              (std::vector<Choice>{{10, ChoiceKind::Evict, kA}, {50, ChoiceKind::Evict, kA}}));
    EXPECT_EQ(run.choices(ChoiceKind::Prefetch),
              (std::vector<Choice>{{0, ChoiceKind::Prefetch, kA}, {80, ChoiceKind::Prefetch, kA}}));
    // Before the store, until behind the device's write.
    EXPECT_EQ(run.choices(ChoiceKind::Stall), (std::vector<Choice>{{0, ChoiceKind::Stall, 52}}));
    std::uint64_t unreduced = 0;
    ChoiceFinder empty(64, {});
    EXPECT_TRUE(empty.choices({}, unreduced).empty());
}

TEST(ChoiceFinder, OnlyWhatComesBehindTheScheduleAndAPrefetchBehindAnEviction) {
    Events run;
    receive(run);
    EXPECT_EQ(run.choices({{50, ChoiceKind::Evict, kA}}),
              (std::vector<Choice>{{50, ChoiceKind::Prefetch, kA}, {80, ChoiceKind::Prefetch, kA}}));
    EXPECT_EQ(run.choices({{80, ChoiceKind::Prefetch, kA}}), std::vector<Choice>{});
    EXPECT_EQ(run.choices({{80, ChoiceKind::Prefetch, kA - 64}}),
              (std::vector<Choice>{{80, ChoiceKind::Prefetch, kA}}));
}

TEST(ChoiceFinder, LinesThatTheProgramDoesNotCacheAreLeftAlone) {
    Events run;
    receive(run);
    run.device(20, kB).device(60, kB);                                  // Only the device's.
    run.access(30, kA + 128, kCpuAccessUncached).device(70, kA + 128);  // Past the cache only.
    run.access(31, 0x4000, 0).device(71, 0x4000);                       // No memory.
    run.access(32, kA + 192, kCpuAccessUncached | kCpuAccessDevice);    // A register.
    run.device(72, kA, 8, Purpose::CacheFill).maintenance(73, 0, 0).maintenance(74, kB, 8, 1U << 2U);
    for (const Choice& choice : run.choices()) {
        EXPECT_TRUE(choice.kind == ChoiceKind::Stall || choice.value == kA) << choice.value;
    }
    // One that is accessed both ways is evicted, but not prefetched.
    Events both;
    receive(both);
    both.access(97, kA, kCpuAccessUncached);
    EXPECT_TRUE(both.choices(ChoiceKind::Prefetch).empty());
    EXPECT_EQ(both.choices(ChoiceKind::Evict).size(), 2U);
}

TEST(ChoiceFinder, ARangeConcernsEveryLineOfIt) {
    Events run;
    run.line(10, kA, CacheLineEvent::Dirtied)
        .line(10, kB, CacheLineEvent::Dirtied)
        .access(10, kA + 60, kCpuAccessStore, 8)
        .access(15, kA, 0)
        .device(50, kA, 64)
        .device(60, kB, 64);
    EXPECT_EQ(
        run.choices(ChoiceKind::Evict),
        (std::vector<Choice>{{10, ChoiceKind::Evict, kA}, {10, ChoiceKind::Evict, kB}, {15, ChoiceKind::Evict, kA}}));
    // Before the store: until behind the first and behind the last write; before the load: behind the one that concerns it.
    EXPECT_EQ(
        run.choices(ChoiceKind::Stall),
        (std::vector<Choice>{{0, ChoiceKind::Stall, 52}, {0, ChoiceKind::Stall, 62}, {10, ChoiceKind::Stall, 42}}));
}

}  // namespace
}  // namespace dmasim
