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
constexpr std::uint16_t kOther = 7;  // The CPU or the bus: controllers come first.

class Events {
  public:
    explicit Events(bool stores_held = false) : finder_({64, {{0, 0x2000}}, {{0x8000, 0x1000}}, stores_held}) {}

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
        event.source = kOther;
        event.access = Access::Write;
        event.purpose = purpose;
        event.address = address;
        event.bytes = bytes;
        finder_.event(event);
        return *this;
    }
    void feed(const TraceEvent& event) { finder_.event(event); }
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
        event.source = kOther;
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
    const ChoiceFinder empty({});
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

// ---- channels, registers, the store buffer

TraceEvent controller(EventKind kind, std::uint64_t at, std::uint16_t channel, std::uint32_t job = 0) {
    TraceEvent event;
    event.at = Cycles{at};
    event.kind = kind;
    event.channel = channel;
    event.job = job;
    return event;
}

/// A chunk of `channel`: read at `at`, its write at `at` + 10, answered at `at` + 20.
void chunk(Events& run, std::uint64_t at, std::uint16_t channel, std::uint64_t from, std::uint64_t to,
           std::uint32_t tag) {
    for (const Access access : {Access::Read, Access::Write}) {
        const bool write = access == Access::Write;
        TraceEvent event = controller(EventKind::BurstRequested, at + (write ? 10 : 0), channel);
        event.access = access;
        event.tag = tag;
        event.address = write ? to : from;
        event.bytes = 8;
        run.feed(event);
        event.kind = EventKind::BurstResponse;
        event.at += 10;
        run.feed(event);
    }
}

using Choices = std::vector<Choice>;

TEST(ChoiceFinder, AChannelIsHeldUpFromItsGrantUntilBehindTheOthers) {
    Events run;
    chunk(run, 100, 0, kA + 512, kA, 1);
    chunk(run, 130, 0, kA + 520, kB, 2);
    run.access(300, kA, 0).access(400, kA, kCpuAccessUncached).access(500, kB + 8, 0);
    // From before the grant of the read until behind the first and the last load; of the second chunk, the one that concerns it.
    EXPECT_EQ(run.choices(ChoiceKind::HoldChannel), (Choices{{99, ChoiceKind::HoldChannel, 302 - 99, 0},
                                                             {99, ChoiceKind::HoldChannel, 402 - 99, 0},
                                                             {129, ChoiceKind::HoldChannel, 502 - 129, 0}}));
    // What the program has loaded before is of no concern, nor is what both only read.
    Events before;
    before.access(50, kA, 0);
    chunk(before, 100, 0, kB, kA, 1);
    before.access(200, kB, 0);
    EXPECT_TRUE(before.choices(ChoiceKind::HoldChannel).empty());
}

TEST(ChoiceFinder, TwoChannelsAtOneLine) {
    Events run;
    chunk(run, 100, 0, 0, kA, 1);
    chunk(run, 105, 3, 64, kA + 8, 2);
    EXPECT_EQ(run.choices(ChoiceKind::HoldChannel), (Choices{{99, ChoiceKind::HoldChannel, 127 - 99, 0}}));
    Events apart;
    chunk(apart, 100, 0, 0, kA, 1);
    chunk(apart, 105, 3, 64, kB, 2);
    EXPECT_TRUE(apart.choices(ChoiceKind::HoldChannel).empty());
}

TEST(ChoiceFinder, RegistersConcernTheJobsThatAreUnderWay) {
    Events run;
    run.access(5, 0x8010, kCpuAccessStore | kCpuAccessUncached | kCpuAccessDevice);
    run.feed(controller(EventKind::JobAccepted, 90, 2));
    chunk(run, 100, 2, 0, kA, 1);
    run.access(110, 0x8010, kCpuAccessUncached | kCpuAccessDevice);
    run.feed(controller(EventKind::JobCompleted, 121, 2));
    run.access(150, 0x8010, kCpuAccessUncached | kCpuAccessDevice)
        .access(160, 0x9000, kCpuAccessUncached | kCpuAccessDevice);
    EXPECT_EQ(run.choices(ChoiceKind::HoldChannel), (Choices{{99, ChoiceKind::HoldChannel, 152 - 99, 2}}));
    EXPECT_EQ(run.choices(ChoiceKind::Stall), (Choices{{5, ChoiceKind::Stall, 123 - 5}}));
}

TEST(ChoiceFinder, AStoreRestsUntilBehindWhoReadsIt) {
    for (const bool held : {false, true}) {
        Events run(held);
        for (const std::uint32_t number : {1U, 2U}) {
            TraceEvent piece = controller(EventKind::CpuPiece, 20 + number, 0);
            piece.source = kOther;
            piece.value = kCpuAccessStore | kCpuAccessUncached | kCpuPieceBuffered;
            piece.tag = number;
            piece.address = number == 1 ? kA : kB;
            piece.bytes = 8;
            run.feed(piece);
            TraceEvent sent = controller(EventKind::BurstRequested, held ? 200 : 30 + number, 0, number);
            sent.source = kOther;
            sent.access = Access::Write;
            sent.purpose = Purpose::Uncached;
            sent.address = piece.address;
            sent.bytes = 8;
            run.feed(sent);
        }
        chunk(run, 100, 0, kB, 0, 1);  // Reads what the second store has written.
        EXPECT_EQ(run.choices(ChoiceKind::HoldStores),
                  held ? Choices{} : (Choices{{31, ChoiceKind::HoldStores, 112 - 31}}));
        EXPECT_EQ(run.choices(ChoiceKind::Drain), held ? (Choices{{22, ChoiceKind::Drain, 0}}) : Choices{});
    }
}

}  // namespace
}  // namespace dmasim
