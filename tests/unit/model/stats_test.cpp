// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dmasim/model/stats/bus_utilisation.h>
#include <dmasim/model/stats/counters.h>
#include <dmasim/model/stats/cycle_accountant.h>
#include <dmasim/model/stats/event_fanout.h>
#include <dmasim/model/stats/event_merger.h>
#include <dmasim/model/stats/event_recorder.h>
#include <dmasim/model/stats/latencies.h>
#include <dmasim/model/stats/latency_histogram.h>
#include <dmasim/model/stats/transfer_log.h>

namespace {

using namespace dmasim;  // NOLINT(google-build-using-namespace): everything here is about it
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TraceEvent at(std::uint64_t edge, EventKind kind, std::uint16_t channel = 0) {
    TraceEvent event;
    event.at = Cycles{edge};
    event.kind = kind;
    event.channel = channel;
    return event;
}

TraceEvent cause(std::uint64_t edge, std::uint16_t channel, CycleCause value) {
    TraceEvent event = at(edge, EventKind::CauseChanged, channel);
    event.value = static_cast<std::uint32_t>(value);
    return event;
}

TraceEvent burst(std::uint64_t edge, EventKind kind, Access access, std::uint32_t tag, std::uint64_t bytes = 0,
                 std::uint32_t beats = 0, std::uint32_t value = 0) {
    TraceEvent event = at(edge, kind);
    event.access = access;
    event.tag = tag;
    event.bytes = bytes;
    event.beats = beats;
    event.value = value;
    return event;
}

std::uint64_t value_of(const std::vector<Statistic>& statistics, const std::string& name) {
    const auto found =
        std::find_if(statistics.begin(), statistics.end(), [&](const Statistic& s) { return s.name == name; });
    if (found == statistics.end()) {
        ADD_FAILURE() << "no statistic " << name;
        return 0;
    }
    return found->value;
}

// What a report relies on: names are unique, nothing lacks a unit or a description.
void expect_well_formed(const std::vector<Statistic>& statistics) {
    std::set<std::string> names;
    for (const Statistic& statistic : statistics) {
        EXPECT_TRUE(names.insert(statistic.name).second) << statistic.name << " occurs twice";
        EXPECT_EQ(statistic.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_."), std::string::npos)
            << statistic.name;
        EXPECT_FALSE(statistic.unit.empty()) << statistic.name;
        EXPECT_FALSE(statistic.description.empty()) << statistic.name;
    }
}

std::uint64_t sum_of(const CycleAccount& account) {
    return std::accumulate(account.begin(), account.end(), std::uint64_t{0});
}

// --- Names -----------------------------------------------------------------------------------------------------------

TEST(Names, EveryEnumeratorHasItsOwn) {
    std::set<std::string_view> names;
    for (unsigned number = 0; number < kCycleCauses; ++number) {
        names.insert(name_of(static_cast<CycleCause>(number)));
        EXPECT_NE(description_of(static_cast<CycleCause>(number)), "An unknown cause.");
    }
    EXPECT_EQ(names.size(), kCycleCauses);
    EXPECT_EQ(names.count("unknown"), 0U);
    EXPECT_EQ(name_of(static_cast<CycleCause>(kCycleCauses)), "unknown");
    EXPECT_EQ(name_of(CycleCause::Paced), "paced");
    EXPECT_EQ(name_of(TransferError::BusyStart), "busy_start");
    EXPECT_EQ(name_of(static_cast<TransferError>(kTransferErrors)), "unknown");
    EXPECT_EQ(name_of(JobStatus::Error), "error");
    EXPECT_EQ(name_of(static_cast<JobStatus>(kJobStatuses)), "unknown");
}

// --- Fan-out, filter, recorder ---------------------------------------------------------------------------------------

TEST(EventFanout, HandsEveryEventToEverySinkInOrder) {
    EventRecorder first;
    EventRecorder second;
    EventFanout fanout;
    fanout.event(at(0, EventKind::Barrier));  // nobody there yet
    fanout.add(first);
    fanout.event(at(1, EventKind::Barrier));
    fanout.add(second);
    fanout.event(at(2, EventKind::MemoryRead));
    EXPECT_THAT(first.events(), SizeIs(2));
    ASSERT_THAT(second.events(), SizeIs(1));
    EXPECT_EQ(second.events().front().at, Cycles{2});
    EXPECT_THAT(first.of_kind(EventKind::MemoryRead), SizeIs(1));
    first.clear();
    EXPECT_THAT(first.events(), IsEmpty());
}

TEST(SourceFilter, LetsOneBlockThrough) {
    EventRecorder recorder;
    SourceFilter filter(7, recorder);
    for (std::uint16_t source = 6; source <= 8; ++source) {
        TraceEvent event = at(source, EventKind::Barrier);
        event.source = source;
        filter.event(event);
    }
    ASSERT_THAT(recorder.events(), SizeIs(1));
    EXPECT_EQ(recorder.events().front().source, 7);
}

// --- Merger ----------------------------------------------------------------------------------------------------------

TEST(EventMerger, SortsByEdgeThenSourceThenArrival) {
    EventRecorder recorder;
    EventMerger merger(recorder);
    std::uint32_t tag = 0;
    for (const auto& [edge, source] :
         std::vector<std::pair<std::uint64_t, std::uint16_t>>{{9, 1}, {3, 2}, {3, 1}, {3, 1}, {5, 0}, {3, 2}}) {
        TraceEvent event = at(edge, EventKind::Barrier);
        event.source = source;
        event.tag = tag++;
        merger.event(event);
    }
    merger.finish();
    std::vector<std::uint32_t> tags;
    for (const TraceEvent& event : recorder.events()) {
        tags.push_back(event.tag);
    }
    EXPECT_THAT(tags, ElementsAre(2, 3, 1, 5, 4, 0));
}

TEST(EventMerger, SettlesExactlyWhatIsBeforeTheEdge) {
    EventRecorder recorder;
    EventMerger merger(recorder);
    merger.event(at(10, EventKind::Barrier));
    merger.event(at(11, EventKind::Barrier));
    merger.settle(Cycles{10});
    EXPECT_THAT(recorder.events(), IsEmpty());
    merger.settle(Cycles{11});
    EXPECT_THAT(recorder.events(), SizeIs(1));
    EXPECT_EQ(merger.pending(), 1U);
    merger.event(at(11, EventKind::Barrier));
    merger.settle(Cycles{5});  // an old promise changes nothing
    EXPECT_EQ(merger.pending(), 2U);
    EXPECT_THROW(merger.event(at(10, EventKind::Barrier)), std::logic_error) << "before what was promised";
}

TEST(EventMerger, RandomStreamsComeOutSorted) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    EventRecorder recorder;
    EventMerger merger(recorder);
    std::size_t sent = 0;
    for (std::uint64_t now = 0; now < 3000; ++now) {
        for (std::uint64_t n = random() % 4; n > 0; --n, ++sent) {
            TraceEvent event = at(now + random() % 50, EventKind::Barrier);
            event.source = static_cast<std::uint16_t>(random() % 3);
            event.tag = static_cast<std::uint32_t>(sent);
            merger.event(event);
        }
        merger.settle(Cycles{now});
        ASSERT_LE(merger.pending(), 4U * 51U) << "memory must stay flat";
    }
    merger.finish();
    ASSERT_EQ(recorder.events().size(), sent);
    EXPECT_TRUE(std::is_sorted(recorder.events().begin(), recorder.events().end(),
                               [](const TraceEvent& a, const TraceEvent& b) {
                                   return std::tuple(a.at, a.source, a.tag) < std::tuple(b.at, b.source, b.tag);
                               }));
}

TEST(EventMerger, ASinkThatThrowsGetsEachEventOnce) {
    struct Choosy final : TraceSink {
        void event(const TraceEvent& event) override {
            tags.push_back(event.tag);
            if (event.tag % 3 == 1) {
                throw std::runtime_error("no");
            }
        }
        std::vector<std::uint32_t> tags;
    };
    Choosy sink;
    EventMerger merger(sink);
    for (std::uint32_t tag = 0; tag < 6; ++tag) {
        TraceEvent event = at(tag, EventKind::Barrier);
        event.tag = tag;
        merger.event(event);
    }
    EXPECT_THROW(merger.settle(Cycles{4}), std::runtime_error);
    EXPECT_THAT(sink.tags, ElementsAre(0, 1));
    EXPECT_EQ(merger.pending(), 4U);
    EXPECT_THROW(merger.finish(), std::runtime_error);
    merger.settle(kNever);
    EXPECT_THAT(sink.tags, ElementsAre(0, 1, 2, 3, 4));
    EXPECT_EQ(merger.pending(), 1U) << "the promise was made already";
}

// --- Cycle accounts --------------------------------------------------------------------------------------------------

TEST(CycleAccountant, CountsFromTheCycleAfterTheChange) {
    CycleAccountant accountant(2);
    accountant.event(cause(10, 0, CycleCause::Setup));
    accountant.event(cause(12, 0, CycleCause::MovingData));
    accountant.event(cause(20, 0, CycleCause::Idle));
    CycleAccount expected{};
    expected[static_cast<std::size_t>(CycleCause::Idle)] = 10 + 5;
    expected[static_cast<std::size_t>(CycleCause::Setup)] = 2;
    expected[static_cast<std::size_t>(CycleCause::MovingData)] = 8;
    EXPECT_EQ(accountant.account(0, Cycles{25}), expected);
    CycleAccount idle{};
    idle[static_cast<std::size_t>(CycleCause::Idle)] = 25;
    EXPECT_EQ(accountant.account(1, Cycles{25}), idle);
    EXPECT_EQ(sum_of(accountant.account(0, Cycles{20})), 20U);
    EXPECT_THROW((void)accountant.account(0, Cycles{19}), std::logic_error) << "the past cannot be asked for";
}

TEST(CycleAccountant, OfSeveralChangesAtOneEdgeTheLastCounts) {
    CycleAccountant accountant(1);
    accountant.event(cause(5, 0, CycleCause::Paced));
    accountant.event(cause(5, 0, CycleCause::WriteWait));
    const CycleAccount account = accountant.account(0, Cycles{7});
    EXPECT_EQ(account[static_cast<std::size_t>(CycleCause::Paced)], 0U);
    EXPECT_EQ(account[static_cast<std::size_t>(CycleCause::WriteWait)], 2U);
}

TEST(CycleAccountant, NoticesDefectsOfTheBlock) {
    CycleAccountant accountant(1);
    accountant.event(cause(5, 0, CycleCause::Setup));
    EXPECT_THROW(accountant.event(cause(4, 0, CycleCause::Setup)), std::logic_error);
    EXPECT_THROW(accountant.event(cause(6, 1, CycleCause::Setup)), std::logic_error);
    EXPECT_THROW(accountant.event(cause(6, 0, static_cast<CycleCause>(kCycleCauses))), std::logic_error);
    EXPECT_NO_THROW(accountant.event(at(1, EventKind::Barrier, 99))) << "not its business";
}

// Against the definition, cycle by cycle: the cause of cycle t is the one set by the last change at an edge < t.
TEST(CycleAccountant, AgreesWithCountingEveryCycle) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 200; ++round) {
        CycleAccountant accountant(1);
        std::map<std::uint64_t, CycleCause> changes;
        std::uint64_t edge = random() % 3;
        for (int n = 0; n < 20; ++n, edge += random() % 5) {
            const auto value = static_cast<CycleCause>(random() % kCycleCauses);
            changes[edge] = value;
            accountant.event(cause(edge, 0, value));
        }
        const std::uint64_t end = edge + random() % 5;
        CycleAccount expected{};
        for (std::uint64_t t = 1; t <= end; ++t) {
            CycleCause now = CycleCause::Idle;
            for (const auto& [when, value] : changes) {
                now = when < t ? value : now;
            }
            ++expected[static_cast<std::size_t>(now)];
        }
        ASSERT_EQ(accountant.account(0, Cycles{end}), expected);
        ASSERT_EQ(sum_of(accountant.account(0, Cycles{end})), end);
    }
}

TEST(CycleAccountant, StatisticsAreWellFormedAndAddUp) {
    CycleAccountant accountant(3);
    accountant.event(cause(10, 2, CycleCause::Paced));
    const auto statistics = accountant.statistics(Cycles{100});
    expect_well_formed(statistics);
    EXPECT_THAT(statistics, SizeIs(3 * kCycleCauses));
    EXPECT_EQ(value_of(statistics, "channel2.cycles.paced"), 90U);
    EXPECT_EQ(value_of(statistics, "channel2.cycles.idle"), 10U);
    std::uint64_t sum = 0;
    for (const Statistic& statistic : statistics) {
        sum += statistic.value;
    }
    EXPECT_EQ(sum, 300U);
}

// --- Counters --------------------------------------------------------------------------------------------------------

TEST(Counters, CountBurstsByPurposeAndBytesOnlyIfOk) {
    Counters counters(2);
    TraceEvent response = burst(5, EventKind::BurstResponse, Access::Read, 1, 64, 8);
    counters.event(response);
    response.channel = 1;
    response.access = Access::Write;
    counters.event(response);
    response.response = Response::AddressError;
    counters.event(response);
    response.response = Response::Ok;
    response.access = Access::Read;
    response.purpose = Purpose::Descriptor;
    counters.event(response);
    response.access = Access::Write;
    response.purpose = Purpose::StatusWriteBack;
    response.response = Response::GenericError;
    counters.event(response);

    EXPECT_EQ(counters.channel(0).bytes_read, 64U);
    EXPECT_EQ(counters.channel(0).read_bursts, 1U);
    EXPECT_EQ(counters.channel(0).read_beats, 8U);
    EXPECT_EQ(counters.channel(0).failed_bursts, 0U);
    EXPECT_EQ(counters.channel(1).write_bursts, 2U);
    EXPECT_EQ(counters.channel(1).write_beats, 16U);
    EXPECT_EQ(counters.channel(1).bytes_written, 64U);
    EXPECT_EQ(counters.channel(1).bytes_read, 0U);
    EXPECT_EQ(counters.channel(1).read_bursts, 0U);
    EXPECT_EQ(counters.channel(1).descriptor_bursts, 1U);
    EXPECT_EQ(counters.channel(1).descriptor_bytes, 64U);
    EXPECT_EQ(counters.channel(1).status_bursts, 1U);
    EXPECT_EQ(counters.channel(1).failed_bursts, 2U);

    const auto statistics = counters.statistics();
    EXPECT_EQ(value_of(statistics, "bytes_read"), 64U);
    EXPECT_EQ(value_of(statistics, "channel1.bytes_written"), 64U);
    EXPECT_EQ(value_of(statistics, "failed_bursts"), 2U);
}

TEST(Counters, JobsErrorsGrants) {
    Counters counters(2);
    TraceEvent accepted = at(1, EventKind::JobAccepted, 1);
    accepted.bytes = std::uint64_t{5} << 32U;
    counters.event(accepted);
    counters.event(at(2, EventKind::BurstGranted, 1));
    for (std::uint32_t status = 0; status < kJobStatuses; ++status) {
        TraceEvent done = at(9, EventKind::JobCompleted, 1);
        done.value = status;
        for (std::uint32_t times = 0; times <= status; ++times) {
            counters.event(done);
        }
    }
    TraceEvent error = at(9, EventKind::ErrorLatched, 0);
    error.value = static_cast<std::uint32_t>(TransferError::BadDescriptor);
    counters.event(error);
    const auto statistics = counters.statistics();
    expect_well_formed(statistics);
    EXPECT_EQ(value_of(statistics, "bytes_accepted"), std::uint64_t{5} << 32U);
    EXPECT_EQ(value_of(statistics, "channel1.grants"), 1U);
    EXPECT_EQ(value_of(statistics, "channel1.jobs_ended.done"), 1U);
    EXPECT_EQ(value_of(statistics, "channel1.jobs_ended.done_with_errors"), 2U);
    EXPECT_EQ(value_of(statistics, "jobs_ended.aborted"), 3U);
    EXPECT_EQ(value_of(statistics, "jobs_ended.error"), 4U);
    EXPECT_EQ(value_of(statistics, "channel0.errors.bad_descriptor"), 1U);
    EXPECT_EQ(value_of(statistics, "errors.bad_descriptor"), 1U);
    EXPECT_EQ(value_of(statistics, "errors.bus_read"), 0U);
}

TEST(Counters, EdgesOfLinesAndInterrupts) {
    Counters counters(1);
    for (const std::uint32_t lines : {1U, 3U, 1U, 7U, 7U, 0U, 4U}) {
        TraceEvent event = at(1, EventKind::RequestLine);
        event.value = lines;
        counters.event(event);
    }
    EXPECT_EQ(counters.channel(0).dreq_rises, 1U);
    EXPECT_EQ(counters.channel(0).dack_rises, 2U);
    EXPECT_EQ(counters.channel(0).tc_rises, 2U);
    for (const std::uint32_t level : {0U, 1U, 1U, 0U, 1U}) {
        TraceEvent event = at(1, EventKind::InterruptChanged);
        event.value = level;
        counters.event(event);
    }
    EXPECT_EQ(counters.interrupts(), 2U);
    EXPECT_EQ(value_of(counters.statistics(), "interrupts"), 2U);
}

TEST(Counters, Platform) {
    Counters counters(1);
    counters.event(burst(1, EventKind::MemoryRead, Access::Read, 0, 32));
    TraceEvent failed = burst(1, EventKind::MemoryWrite, Access::Write, 0, 32);
    counters.event(failed);
    failed.response = Response::GenericError;
    counters.event(failed);
    for (std::uint32_t value = 0; value < 8; ++value) {
        TraceEvent access = at(1, EventKind::CpuAccess);
        access.value = value;
        counters.event(access);
    }
    TraceEvent maintenance = at(1, EventKind::Maintenance);
    maintenance.bytes = 4096;
    maintenance.job = 77;
    counters.event(maintenance);
    counters.event(at(1, EventKind::Barrier));
    counters.event(at(1, EventKind::CacheLineChanged));
    TraceEvent cpu = burst(1, EventKind::BurstResponse, Access::Read, 0, 64);
    for (const Purpose purpose : {Purpose::CacheFill, Purpose::CacheWriteBack, Purpose::Uncached}) {
        cpu.purpose = purpose;
        cpu.access = purpose == Purpose::CacheFill ? Access::Read : Access::Write;
        counters.event(cpu);
        cpu.response = Response::GenericError;
        counters.event(cpu);
        cpu.response = Response::Ok;
    }
    EXPECT_EQ(counters.channel(0).read_bursts, 0U) << "not the controller's";
    EXPECT_EQ(counters.channel(0).failed_bursts, 0U);
    const auto statistics = counters.platform_statistics();
    expect_well_formed(statistics);
    const std::map<std::string, std::uint64_t> expected{{"memory_reads", 1},
                                                        {"memory_read_bytes", 32},
                                                        {"memory_writes", 2},
                                                        {"memory_written_bytes", 32},
                                                        {"cpu_loads", 4},
                                                        {"cpu_stores", 4},
                                                        {"cpu_hits", 2},
                                                        {"cpu_misses", 2},
                                                        {"cpu_uncached", 4},
                                                        {"cache_line_changes", 1},
                                                        {"maintenance_operations", 1},
                                                        {"maintenance_bytes", 4096},
                                                        {"maintenance_cycles", 77},
                                                        {"barriers", 1},
                                                        {"cache_fills", 2},
                                                        {"cache_write_backs", 2},
                                                        {"uncached_bursts", 2},
                                                        {"cpu_bytes_read", 64},
                                                        {"cpu_bytes_written", 128}};
    EXPECT_EQ(statistics.size(), expected.size());
    for (const auto& [name, value] : expected) {
        EXPECT_EQ(value_of(statistics, name), value) << name;
    }
}

TEST(Counters, NoticeDefectsOfTheBlock) {
    Counters counters(1);
    EXPECT_THROW(counters.event(at(1, EventKind::JobAccepted, 1)), std::logic_error);
    TraceEvent event = at(1, EventKind::JobCompleted);
    event.value = kJobStatuses;
    EXPECT_THROW(counters.event(event), std::logic_error);
    event.kind = EventKind::ErrorLatched;
    event.value = kTransferErrors;
    EXPECT_THROW(counters.event(event), std::logic_error);
    event.value = 0;
    EXPECT_THROW(counters.event(event), std::logic_error) << "an error of kind none";
    EXPECT_THROW((void)counters.channel(1), std::logic_error);
}

// --- Histogram -------------------------------------------------------------------------------------------------------

TEST(LatencyHistogram, EmptyIsZero) {
    const LatencyHistogram histogram;
    EXPECT_EQ(histogram.count(), 0U);
    EXPECT_EQ(histogram.percentile(500), Cycles{0});
    EXPECT_EQ(histogram.max(), Cycles{0});
    EXPECT_EQ(histogram.mean(), 0.0);
}

TEST(LatencyHistogram, NearestRankFromBothSides) {
    LatencyHistogram histogram;
    for (std::uint64_t value = 1; value <= 100; ++value) {
        histogram.add(Cycles{value * 10});
    }
    EXPECT_EQ(histogram.percentile(0), Cycles{10});
    EXPECT_EQ(histogram.percentile(10), Cycles{10});
    EXPECT_EQ(histogram.percentile(11), Cycles{20});
    EXPECT_EQ(histogram.percentile(500), Cycles{500});
    EXPECT_EQ(histogram.percentile(501), Cycles{510});
    EXPECT_EQ(histogram.percentile(990), Cycles{990});
    EXPECT_EQ(histogram.percentile(991), Cycles{1000});
    EXPECT_EQ(histogram.percentile(1000), Cycles{1000});
    EXPECT_EQ(histogram.percentile(4000), Cycles{1000});
    EXPECT_EQ(histogram.mean(), 505.0);
}

TEST(LatencyHistogram, BoundaryOfTheTwoStores) {
    LatencyHistogram histogram;
    for (const std::uint64_t value : {4094U, 4095U, 4096U, 4097U}) {
        histogram.add(Cycles{value});
    }
    EXPECT_EQ(histogram.percentile(250), Cycles{4094});
    EXPECT_EQ(histogram.percentile(500), Cycles{4095});
    EXPECT_EQ(histogram.percentile(501), Cycles{4096});
    EXPECT_EQ(histogram.percentile(750), Cycles{4096});
    EXPECT_EQ(histogram.percentile(751), Cycles{4097});
    EXPECT_EQ(histogram.count_of(Cycles{4095}), 1U);
    EXPECT_EQ(histogram.count_of(Cycles{4096}), 1U);
    EXPECT_EQ(histogram.count_of(Cycles{4098}), 0U);
    EXPECT_EQ(histogram.count_of(Cycles{7}), 0U);
}

TEST(LatencyHistogram, HugeCountsDoNotOverflow) {
    LatencyHistogram histogram;
    histogram.add(Cycles{1}, std::uint64_t{1} << 62U);
    histogram.add(Cycles{2}, std::uint64_t{1} << 62U);
    histogram.add(Cycles{9}, 0);
    EXPECT_EQ(histogram.percentile(500), Cycles{1});
    EXPECT_EQ(histogram.percentile(501), Cycles{2});
    EXPECT_EQ(histogram.max(), Cycles{2});
}

TEST(LatencyHistogram, AgreesWithSorting) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 20; ++round) {
        LatencyHistogram parts[2];
        std::vector<std::uint64_t> samples;
        for (std::uint64_t n = 1 + random() % 300; n > 0; --n) {
            const std::uint64_t value = random() % (random() % 4 == 0 ? 100000 : 5000);
            samples.push_back(value);
            parts[random() % 2].add(Cycles{value});
        }
        std::sort(samples.begin(), samples.end());
        LatencyHistogram whole;
        whole.merge(parts[0]);
        whole.merge(parts[1]);
        ASSERT_EQ(whole.count(), samples.size());
        ASSERT_EQ(whole.sum(), std::accumulate(samples.begin(), samples.end(), std::uint64_t{0}));
        ASSERT_EQ(whole.min().count(), samples.front());
        ASSERT_EQ(whole.max().count(), samples.back());
        for (std::uint32_t per_mille = 0; per_mille <= 1000; ++per_mille) {
            std::size_t rank = 1;
            while (rank * 1000 < samples.size() * per_mille) {
                ++rank;
            }
            ASSERT_EQ(whole.percentile(per_mille).count(), samples[rank - 1]) << per_mille;
        }
    }
}

TEST(LatencyHistogram, MergedWithItself) {
    LatencyHistogram histogram;
    histogram.add(Cycles{3});
    histogram.add(Cycles{5000});
    histogram.merge(histogram);
    EXPECT_EQ(histogram.count(), 4U);
    EXPECT_EQ(histogram.count_of(Cycles{5000}), 2U);
}

// --- Latencies -------------------------------------------------------------------------------------------------------

TEST(Latencies, OfJobsAndBursts) {
    Latencies latencies(2);
    latencies.event(at(10, EventKind::JobAccepted));
    latencies.event(burst(12, EventKind::BurstRequested, Access::Read, 1));
    latencies.event(burst(13, EventKind::BurstRequested, Access::Write, 1));  // same tag, other direction
    latencies.event(burst(20, EventKind::BurstData, Access::Read, 1, 64, 8, 1));
    latencies.event(burst(27, EventKind::BurstResponse, Access::Read, 1, 64, 8));
    latencies.event(burst(30, EventKind::BurstResponse, Access::Write, 1, 64, 8));
    EXPECT_EQ(latencies.under_way(), 1U);
    latencies.event(at(31, EventKind::JobCompleted));
    TraceEvent fetch = burst(40, EventKind::BurstRequested, Access::Read, 2, 64);
    fetch.purpose = Purpose::Descriptor;
    fetch.channel = 1;
    latencies.event(fetch);
    fetch.kind = EventKind::BurstData;
    fetch.at = Cycles{43};
    latencies.event(fetch);
    fetch.kind = EventKind::BurstResponse;
    fetch.at = Cycles{50};
    latencies.event(fetch);
    EXPECT_EQ(latencies.channel(0).job.max(), Cycles{21});
    EXPECT_EQ(latencies.channel(0).read.max(), Cycles{8});
    EXPECT_EQ(latencies.channel(0).write.max(), Cycles{17});
    EXPECT_EQ(latencies.channel(0).descriptor.count(), 0U);
    EXPECT_EQ(latencies.channel(1).descriptor.max(), Cycles{10});
    EXPECT_EQ(latencies.channel(1).read.count(), 0U);
    EXPECT_EQ(latencies.total().job.count(), 1U);
    EXPECT_EQ(latencies.total().descriptor.count(), 1U);
    EXPECT_EQ(latencies.under_way(), 0U);
}

TEST(Latencies, AttachedInTheMiddleOfARun) {
    Latencies latencies(1);
    latencies.event(burst(20, EventKind::BurstData, Access::Read, 1, 64, 8, 1));
    latencies.event(burst(30, EventKind::BurstResponse, Access::Write, 1, 64, 8));
    latencies.event(at(31, EventKind::JobCompleted));
    EXPECT_EQ(latencies.total().read.count() + latencies.total().write.count() + latencies.total().job.count(), 0U);
}

TEST(Latencies, BurstsOfACpuAreNotTheControllers) {
    Latencies latencies(1);
    latencies.event(burst(12, EventKind::BurstRequested, Access::Read, 1));
    TraceEvent fill = burst(14, EventKind::BurstRequested, Access::Read, 1);
    fill.purpose = Purpose::CacheFill;
    latencies.event(fill);
    fill.kind = EventKind::BurstResponse;
    latencies.event(fill);
    latencies.event(burst(20, EventKind::BurstData, Access::Read, 1, 64, 8, 1));
    EXPECT_EQ(latencies.total().read.max(), Cycles{8});
}

TEST(Latencies, MemoryStaysFlat) {
    Latencies latencies(1);
    for (std::uint32_t n = 0; n < 5000; ++n) {
        TraceEvent job = at(10 * n, EventKind::JobAccepted);
        job.job = n;
        latencies.event(job);
        latencies.event(burst(10 * n, EventKind::BurstRequested, Access::Read, n));
        latencies.event(burst(10 * n + 1, EventKind::BurstResponse, Access::Read, n));  // no data came
        TraceEvent status = burst(10 * n, EventKind::BurstRequested, Access::Write, n);
        status.purpose = Purpose::StatusWriteBack;
        latencies.event(status);
        job.kind = EventKind::JobCompleted;
        latencies.event(job);
        ASSERT_EQ(latencies.under_way(), 0U);
    }
}

// --- Transfer log ----------------------------------------------------------------------------------------------------

std::vector<TraceEvent> a_job(std::uint64_t begin, std::uint16_t channel, std::uint32_t job) {
    std::vector<TraceEvent> events;
    TraceEvent accepted = at(begin, EventKind::JobAccepted);
    accepted.address = 0x1000;
    accepted.address2 = 0x2000;
    accepted.bytes = 96;
    events.push_back(accepted);
    events.push_back(burst(begin + 2, EventKind::BurstRequested, Access::Read, 1, 64, 8));
    events.push_back(burst(begin + 3, EventKind::BurstRequested, Access::Read, 2, 32, 4));
    events.push_back(burst(begin + 6, EventKind::BurstData, Access::Read, 1, 64, 8, 2));
    events.push_back(burst(begin + 22, EventKind::BurstData, Access::Read, 2, 32, 4, 2));
    events.push_back(burst(begin + 20, EventKind::BurstResponse, Access::Read, 1, 64, 8));
    events.push_back(burst(begin + 22, EventKind::BurstRequested, Access::Write, 1, 64, 8));
    events.push_back(burst(begin + 28, EventKind::BurstResponse, Access::Read, 2, 32, 4));
    events.push_back(burst(begin + 31, EventKind::BurstRequested, Access::Write, 2, 32, 4));
    events.push_back(burst(begin + 32, EventKind::BurstResponse, Access::Write, 1, 64, 8));
    events.push_back(burst(begin + 38, EventKind::BurstResponse, Access::Write, 2, 32, 4));
    TraceEvent completed = at(begin + 39, EventKind::JobCompleted);
    events.push_back(completed);
    for (TraceEvent& event : events) {
        event.channel = channel;
        event.job = job;
    }
    return events;
}

TEST(TransferLog, OneRecordAJob) {
    TransferLog log;
    const auto events = a_job(100, 3, 7);
    for (std::size_t n = 0; n + 1 < events.size(); ++n) {
        log.event(events[n]);
    }
    EXPECT_THAT(log.records(), IsEmpty());
    ASSERT_THAT(log.open(), SizeIs(1));
    EXPECT_FALSE(log.open().front().status.has_value());
    log.event(events.back());
    EXPECT_THAT(log.open(), IsEmpty());
    ASSERT_THAT(log.records(), SizeIs(1));
    const TransferRecord& record = log.records().front();
    EXPECT_EQ(record.channel, 3);
    EXPECT_EQ(record.job, 7U);
    EXPECT_EQ(record.source, 0x1000U);
    EXPECT_EQ(record.destination, 0x2000U);
    EXPECT_EQ(record.bytes, 96U);
    EXPECT_EQ(record.bytes_written, 96U);
    EXPECT_EQ(record.status, JobStatus::Done);
    EXPECT_EQ(record.reads, 2U);
    EXPECT_EQ(record.writes, 2U);
    EXPECT_EQ(record.accepted, Cycles{100});
    EXPECT_EQ(record.first_read, Cycles{102});
    EXPECT_EQ(record.last_read, Cycles{103});
    EXPECT_EQ(record.first_data, Cycles{106});
    EXPECT_EQ(record.last_data, Cycles{128});
    EXPECT_EQ(record.first_write, Cycles{122});
    EXPECT_EQ(record.last_write, Cycles{131});
    EXPECT_EQ(record.first_response, Cycles{132});
    EXPECT_EQ(record.last_response, Cycles{138});
    EXPECT_EQ(record.completed, Cycles{139});
}

TEST(TransferLog, DescriptorTrafficAndFailuresDoNotCountAsData) {
    TransferLog log;
    TraceEvent fetch = burst(5, EventKind::BurstRequested, Access::Read, 1, 64, 8);
    fetch.purpose = Purpose::Descriptor;
    log.event(fetch);
    EXPECT_THAT(log.open(), IsEmpty());
    TraceEvent accepted = at(10, EventKind::JobAccepted);
    accepted.bytes = 64;
    log.event(accepted);
    TraceEvent failed = burst(20, EventKind::BurstResponse, Access::Write, 2, 64, 8);
    failed.response = Response::AddressError;
    log.event(failed);
    TraceEvent status = burst(25, EventKind::BurstResponse, Access::Write, 3, 8, 1);
    status.purpose = Purpose::StatusWriteBack;
    log.event(status);
    TraceEvent completed = at(30, EventKind::JobCompleted);
    completed.value = static_cast<std::uint32_t>(JobStatus::Error);
    log.event(completed);
    ASSERT_THAT(log.records(), SizeIs(1));
    EXPECT_EQ(log.records()[0].bytes_written, 0U);
    EXPECT_EQ(log.records()[0].first_read, kNever);
    EXPECT_EQ(log.records()[0].last_data, kNever);
    EXPECT_EQ(log.records()[0].last_response, Cycles{20});
    EXPECT_EQ(log.records()[0].status, JobStatus::Error);
}

TEST(TransferLog, JobThatWasNeverAccepted) {
    TransferLog log;
    TraceEvent completed = at(30, EventKind::JobCompleted);
    completed.value = static_cast<std::uint32_t>(JobStatus::Error);
    log.event(completed);
    ASSERT_THAT(log.records(), SizeIs(1));
    EXPECT_EQ(log.records()[0].accepted, kNever);
    EXPECT_EQ(log.records()[0].bytes, 0U);
}

TEST(TransferLog, LateAnswersDoNotOpenAJobAgain) {
    TransferLog log;
    for (const TraceEvent& event : a_job(100, 0, 0)) {
        log.event(event);
    }
    log.event(burst(150, EventKind::BurstResponse, Access::Write, 9, 64, 8));
    log.event(burst(150, EventKind::BurstData, Access::Read, 9, 64, 8, 1));
    EXPECT_THAT(log.open(), IsEmpty());
    EXPECT_EQ(log.records().at(0).bytes_written, 96U);
}

TEST(TransferLog, CallbackKeepsMemoryFlat) {
    std::uint64_t count = 0;
    TransferLog log([&](const TransferRecord& record) { count += record.bytes_written; });
    for (std::uint32_t job = 0; job < 1000; ++job) {
        for (const TraceEvent& event : a_job(100 * job, 1, job)) {
            log.event(event);
        }
        ASSERT_THAT(log.open(), IsEmpty());
    }
    EXPECT_EQ(count, 96000U);
    EXPECT_THAT(log.records(), IsEmpty());
}

TEST(TransferLog, ChannelsAndBlocksAreKeptApart) {
    TransferLog log;
    auto first = a_job(100, 0, 0);
    auto second = a_job(105, 1, 0);
    auto third = a_job(110, 0, 0);
    for (TraceEvent& event : third) {
        event.source = 1;
    }
    for (std::size_t n = 0; n < first.size(); ++n) {
        log.event(first[n]);
        log.event(second[n]);
        log.event(third[n]);
    }
    ASSERT_THAT(log.records(), SizeIs(3));
    for (std::size_t n = 0; n < 3; ++n) {
        EXPECT_EQ(log.records()[n].accepted, Cycles{100 + 5 * n});
        EXPECT_EQ(log.records()[n].completed, Cycles{139 + 5 * n});
        EXPECT_EQ(log.records()[n].bytes_written, 96U);
    }
}

// --- Bus utilisation -------------------------------------------------------------------------------------------------

TEST(BusUtilisation, CountsByDirectionInitiatorAndTarget) {
    BusUtilisation bus(2, 2);
    TraceEvent event = burst(5, EventKind::BusGranted, Access::Read, 1, 64, 8, 1);
    event.channel = 1;
    bus.event(event);
    event.kind = EventKind::BusResponded;
    bus.event(event);
    event.access = Access::Write;
    event.value = kNoTarget;
    event.response = Response::AddressError;
    bus.event(event);
    bus.event(at(1, EventKind::BurstResponse, 9));  // not a bus event

    EXPECT_EQ(bus.total(Access::Read).grants, 1U);
    EXPECT_EQ(bus.total(Access::Read).beats, 8U);
    EXPECT_EQ(bus.total(Access::Read).bytes, 64U);
    EXPECT_EQ(bus.total(Access::Write).errors, 1U);
    EXPECT_EQ(bus.total(Access::Write).bytes, 0U);
    EXPECT_EQ(bus.initiator(0, Access::Read).bursts, 0U);
    EXPECT_EQ(bus.initiator(1, Access::Read).bursts, 1U);
    EXPECT_EQ(bus.target(1, Access::Read).beats, 8U);
    EXPECT_EQ(bus.target(0, Access::Read).beats, 0U);
    EXPECT_EQ(bus.target(1, Access::Write).bursts, 0U);
    EXPECT_EQ(bus.unmapped(Access::Write).bursts, 1U);
    EXPECT_EQ(bus.beats_per_cycle(Access::Read, Cycles{16}), 0.5);
    EXPECT_EQ(bus.beats_per_cycle(Access::Read, Cycles{0}), 0.0);
    const auto statistics = bus.statistics();
    expect_well_formed(statistics);
    EXPECT_EQ(value_of(statistics, "initiator1.read_beats"), 8U);
    EXPECT_EQ(value_of(statistics, "unmapped.write_errors"), 1U);
    EXPECT_EQ(value_of(statistics, "write_bursts"), 1U);
}

TEST(BusUtilisation, NoticesDefectsOfTheBus) {
    BusUtilisation bus(2, 2);
    TraceEvent event = burst(5, EventKind::BusGranted, Access::Read, 1, 64, 8, 2);
    EXPECT_THROW(bus.event(event), std::logic_error) << "there is no target 2";
    event.value = 1;
    event.channel = 2;
    EXPECT_THROW(bus.event(event), std::logic_error) << "there is no initiator 2";
    event.channel = 1;
    EXPECT_NO_THROW(bus.event(event));
}

}  // namespace
