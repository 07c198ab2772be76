// SPDX-License-Identifier: Apache-2.0
//
// The verifier through its own calls, as a platform with a CPU of its own makes them; the rules about controllers; order of
// time; configuration and suppressions.
#include "dmasim/model/verifier/verifier.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/model/errors.h"
#include "dmasim/model/status.h"
#include "dmasim/model/verifier/monitor.h"

namespace dmasim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> rules_of(const std::vector<Finding>& findings) {
    std::vector<std::string> rules;
    for (const Finding& finding : findings) {
        rules.push_back(finding.rule);
    }
    return rules;
}

constexpr std::uint64_t kLine = 0x1000;
const std::array<std::uint8_t, 64> kBytes{};

VerifiedAccess access(Purpose purpose, std::uint64_t address, std::uint64_t bytes) {
    VerifiedAccess result;
    result.purpose = purpose;
    result.address = address;
    result.bytes = bytes;
    result.data = kBytes.data();
    return result;
}

/// A CPU of somebody else's, whose cache reports to the verifier.
struct Host {
    explicit Host(const VerifierConfig& config = {}) : verifier(config) {}

    void fill(std::uint64_t at, std::uint64_t line = kLine) {
        verifier.memory_read(Cycles{at}, access(Purpose::CacheFill, line, 64));
        verifier.line_filled(Cycles{at + 1}, line, 0, 0, false);
    }
    void store(std::uint64_t at, std::uint64_t address, std::uint32_t bytes) {
        verifier.cached_store(Cycles{at}, address, bytes, kBytes.data());
    }
    void load(std::uint64_t at, std::uint64_t address, std::uint32_t bytes) {
        verifier.cached_load(Cycles{at}, address, bytes, kBytes.data());
    }
    void clean(std::uint64_t at, std::uint64_t line = kLine) {
        verifier.line_cleaned(Cycles{at}, line);
        verifier.memory_write(Cycles{at + 1}, access(Purpose::CacheWriteBack, line, 64));
    }
    void device_write(std::uint64_t at, std::uint64_t address, std::uint64_t bytes) {
        verifier.memory_write(Cycles{at}, access(Purpose::Data, address, bytes));
    }
    void device_read(std::uint64_t at, std::uint64_t address, std::uint64_t bytes) {
        verifier.memory_read(Cycles{at}, access(Purpose::Data, address, bytes));
    }
    [[nodiscard]] std::vector<std::string> rules() const { return rules_of(verifier.findings()); }

    Verifier verifier;
};

TEST(Verifier, CleanMissingSaysWhoWhenAndWhere) {
    Host host;
    host.fill(1);
    host.store(3, kLine + 4, 8);
    host.device_read(9, kLine, 64);
    ASSERT_THAT(host.rules(), ElementsAre("CLEAN_MISSING"));
    const Finding& finding = host.verifier.findings()[0];
    EXPECT_EQ(finding.address, kLine + 4);
    EXPECT_EQ(finding.bytes, 8U);
    EXPECT_EQ(finding.at, Cycles{9});
    EXPECT_EQ(finding.writer.at, Cycles{3});
    EXPECT_EQ(finding.writer.agent, VerifierAgent::Cpu);
    EXPECT_EQ(finding.reader.agent, VerifierAgent::Device);
    EXPECT_TRUE(finding.has_line);
    EXPECT_EQ(finding.line, kLine);
    EXPECT_EQ(finding.line_state, "dirty in 8 bytes, filled at cycle 2");
    EXPECT_THAT(to_text(finding),
                HasSubstr("missing  a clean of [0x1004, 0x100c) between the CPU's cached store at cycle 3"));
    host.clean(10);
    host.device_read(12, kLine, 64);
    EXPECT_EQ(host.verifier.total(), 1U);
}

TEST(Verifier, TheSameAgainIsCounted) {
    Host host;
    host.fill(1);
    host.store(3, kLine, 8);
    for (std::uint64_t at = 10; at < 15; ++at) {
        host.device_read(at, kLine, 8);
    }
    ASSERT_EQ(host.verifier.findings().size(), 1U);
    EXPECT_EQ(host.verifier.findings()[0].repeats, 4U);
}

TEST(Verifier, AdjacentBytesAreOneFinding) {
    Host host;
    host.fill(1);
    host.fill(2, kLine + 64);
    host.store(3, kLine, 64);
    host.store(4, kLine + 64, 64);
    host.device_read(9, kLine, 64);
    host.device_read(10, kLine + 64, 64);
    ASSERT_THAT(host.rules(), ElementsAre("CLEAN_MISSING"));
    EXPECT_EQ(host.verifier.findings()[0].bytes, 128U);
    EXPECT_THAT(host.verifier.findings()[0].missing, HasSubstr("[0x1000, 0x1080)"));
}

TEST(Verifier, AccessesThatTheCacheSeesAreNeverStale) {
    VerifierConfig config;
    config.whole_line_write_back = false;
    config.coherent_writes = true;
    Host host(config);
    host.fill(1);
    host.store(3, kLine, 8);
    VerifiedAccess read = access(Purpose::Data, kLine, 64);
    read.snooped = true;
    host.verifier.memory_read(Cycles{9}, read);
    host.verifier.map(DmaDirection::FromDevice, kLine, 64, Cycles{10});
    host.verifier.memory_write(Cycles{11}, read);
    host.load(12, kLine, 64);
    EXPECT_THAT(host.rules(), IsEmpty());
}

TEST(Verifier, OneSidedCoherenceNeedsAnInvalidate) {
    VerifierConfig config;
    config.snooped_writes = false;
    Host host(config);
    host.fill(1);
    VerifiedAccess write = access(Purpose::Data, kLine, 64);
    write.snooped = true;
    host.verifier.memory_write(Cycles{9}, write);
    host.load(12, kLine, 64);
    EXPECT_THAT(host.rules(), ElementsAre("INVAL_MISSING"));
}

TEST(Verifier, ByteEnablesAreHonoured) {
    Host host;
    host.fill(1);
    std::array<std::uint8_t, 64> enables{};
    enables[5] = 1;
    VerifiedAccess write = access(Purpose::Data, kLine, 64);
    write.enables = enables.data();
    host.verifier.memory_write(Cycles{4}, write);
    host.load(6, kLine, 5);
    host.load(7, kLine + 6, 58);
    EXPECT_THAT(host.rules(), IsEmpty());
    host.load(8, kLine, 64);
    ASSERT_THAT(host.rules(), ElementsAre("INVAL_MISSING"));
    EXPECT_EQ(host.verifier.findings()[0].address, kLine + 5);
    EXPECT_EQ(host.verifier.findings()[0].bytes, 1U);
}

TEST(Verifier, ADirtyLineOnItsWayCanStillDoHarm) {
    Host host;
    host.fill(1);
    host.store(2, kLine, 4);
    host.verifier.line_evicted(Cycles{5}, kLine);
    host.device_write(6, kLine, 64);
    host.verifier.memory_write(Cycles{7}, access(Purpose::CacheWriteBack, kLine, 64));
    EXPECT_THAT(host.rules(), IsEmpty());
    host.fill(8);
    host.load(10, kLine, 4);
    EXPECT_THAT(host.rules(), ElementsAre("RX_DIRTY"));
    host.load(11, kLine + 8, 4);
    EXPECT_THAT(host.rules(), ElementsAre("RX_DIRTY", "SHARED_LINE"));
}

TEST(Verifier, TheAddressSpaceHasAnEnd) {
    Host host;
    const std::uint64_t last = ~std::uint64_t{63};
    host.fill(1, last);
    host.store(2, last, 64);
    host.device_read(3, last, 64);
    ASSERT_THAT(host.rules(), ElementsAre("CLEAN_MISSING"));
    EXPECT_THAT(to_text(host.verifier.findings()[0]), HasSubstr("2^64"));
    host.verifier.map(DmaDirection::Both, 0, ~std::uint64_t{0}, Cycles{4});
    host.verifier.map(DmaDirection::Both, 5, ~std::uint64_t{0}, Cycles{4});
    host.verifier.freed(0, ~std::uint64_t{0}, Cycles{5});
    host.verifier.bounce(DmaDirection::ToDevice, 0, ~std::uint64_t{0} / 2, 0x8000, Cycles{6});
    host.verifier.finish(Cycles{7});
}

// ---- rules about controllers

TraceEvent event(EventKind kind, std::uint64_t at, std::uint32_t job, std::uint32_t value = 0) {
    TraceEvent result;
    result.kind = kind;
    result.at = Cycles{at};
    result.job = job;
    result.value = value;
    return result;
}

TraceEvent write_burst(EventKind kind, std::uint64_t at, std::uint32_t job) {
    TraceEvent result = event(kind, at, job);
    result.access = Access::Write;
    result.address = 0x2000;
    result.bytes = 64;
    return result;
}

std::vector<std::string> rules_after(const std::vector<TraceEvent>& events, const VerifierConfig& config = {}) {
    Verifier verifier(config);
    for (const TraceEvent& one : events) {
        verifier.controller_event(one);
    }
    verifier.finish(Cycles{1000});
    return rules_of(verifier.findings());
}

constexpr auto kDone = static_cast<std::uint32_t>(JobStatus::Done);
constexpr auto kAborted = static_cast<std::uint32_t>(JobStatus::Aborted);

TEST(VerifierControllers, EarlyDone) {
    using K = EventKind;
    EXPECT_THAT(rules_after({write_burst(K::BurstRequested, 1, 0), write_burst(K::BurstResponse, 5, 0),
                             event(K::JobCompleted, 6, 0, kDone)}),
                IsEmpty());
    EXPECT_THAT(rules_after({write_burst(K::BurstRequested, 1, 0), event(K::JobCompleted, 6, 0, kDone),
                             write_burst(K::BurstResponse, 7, 0)}),
                ElementsAre("EARLY_DONE"));
    EXPECT_THAT(rules_after({write_burst(K::BurstRequested, 1, 1), event(K::JobCompleted, 6, 0, kDone),
                             write_burst(K::BurstResponse, 7, 1)}),
                IsEmpty());
}

TEST(VerifierControllers, AbortInFlight) {
    using K = EventKind;
    EXPECT_THAT(rules_after({event(K::JobAccepted, 0, 3), write_burst(K::BurstRequested, 1, 3),
                             write_burst(K::BurstResponse, 5, 3), event(K::JobCompleted, 6, 3, kAborted)}),
                IsEmpty());
    EXPECT_THAT(rules_after({event(K::JobAccepted, 0, 3), write_burst(K::BurstRequested, 1, 3),
                             event(K::JobCompleted, 6, 3, kAborted), write_burst(K::BurstResponse, 7, 3)}),
                ElementsAre("ABORT_IN_FLIGHT"));
    EXPECT_THAT(rules_after({event(K::JobCompleted, 6, 3, kAborted), event(K::JobAccepted, 7, 4),
                             write_burst(K::BurstRequested, 8, 4)}),
                IsEmpty());
}

TEST(VerifierControllers, BusyReprogram) {
    EXPECT_THAT(
        rules_after({event(EventKind::ErrorLatched, 4, 0, static_cast<std::uint32_t>(TransferError::BusyStart))}),
        ElementsAre("BUSY_REPROGRAM"));
    EXPECT_THAT(rules_after({event(EventKind::ErrorLatched, 4, 0, static_cast<std::uint32_t>(TransferError::BusRead))}),
                IsEmpty());
}

TEST(VerifierControllers, StarvationFromBothSides) {
    const auto cause = [](std::uint64_t at, CycleCause what) {
        return event(EventKind::CauseChanged, at, 0, static_cast<std::uint32_t>(what));
    };
    VerifierConfig config;
    config.starvation_cycles = 10;
    const auto waiting = [&](std::uint64_t cycles) {
        return rules_after({cause(5, CycleCause::WaitingForGrant), cause(5 + cycles, CycleCause::MovingData)}, config);
    };
    EXPECT_THAT(waiting(10), IsEmpty());
    EXPECT_THAT(waiting(11), ElementsAre("STARVATION"));
    EXPECT_THAT(rules_after({cause(5, CycleCause::WaitingForGrant)}, config), ElementsAre("STARVATION"));
    EXPECT_THAT(rules_after({cause(5, CycleCause::WaitingForGrant)}), IsEmpty());
}

TEST(Verifier, AddressReachFromBothSides) {
    VerifierConfig config;
    config.device_address_bits = 20;
    Host host(config);
    host.verifier.map(DmaDirection::ToDevice, 0xFFFFF, 1, Cycles{1});
    EXPECT_THAT(host.rules(), IsEmpty());
    host.verifier.map(DmaDirection::ToDevice, 0xFFFFF, 2, Cycles{2});
    EXPECT_THAT(host.rules(), ElementsAre("ADDR_REACH"));
}

TraceEvent job(EventKind kind, std::uint64_t at, std::uint16_t channel, std::uint64_t from, std::uint64_t to,
               std::uint64_t bytes, std::uint32_t tag = 0) {
    TraceEvent result = event(kind, at, 0);
    result.channel = channel;
    result.address = from;
    result.address2 = to;
    result.bytes = bytes;
    result.tag = tag;
    return result;
}

TraceEvent burst(std::uint64_t at, std::uint16_t channel, Access access, std::uint64_t address, std::uint64_t bytes) {
    TraceEvent result = event(EventKind::BurstRequested, at, 0);
    result.channel = channel;
    result.access = access;
    result.address = address;
    result.bytes = bytes;
    return result;
}

TEST(VerifierControllers, AJobThatOverwritesItsOwnSource) {
    const auto accepted = [](std::uint64_t from, std::uint64_t to, std::uint32_t tag = 0) {
        return rules_after({job(EventKind::JobAccepted, 1, 0, from, to, 64, tag)});
    };
    EXPECT_THAT(accepted(0x1000, 0x103F), ElementsAre("OVERLAP"));
    EXPECT_THAT(accepted(0x1000, 0x1001), ElementsAre("OVERLAP"));
    EXPECT_THAT(accepted(0x1000, 0x1040), IsEmpty()) << "right behind";
    EXPECT_THAT(accepted(0x1000, 0x1000), IsEmpty()) << "in place";
    EXPECT_THAT(accepted(0x1001, 0x1000), IsEmpty()) << "upwards it is read before it is overwritten";
    EXPECT_THAT(accepted(0x1000, 0x1001, kJobFixed), IsEmpty());
}

TEST(VerifierControllers, JobsOfTwoChannelsAtTheSameBytes) {
    const auto of = [](Access first, Access second, std::uint64_t second_address, std::uint32_t tag = 0,
                       bool ended = false) {
        std::vector<TraceEvent> events{job(EventKind::JobAccepted, 1, 0, 0x1000, 0x2000, 64, tag),
                                       job(EventKind::JobAccepted, 2, 1, 0x5000, 0x6000, 64),
                                       burst(3, 0, first, 0x2000, 64)};
        if (ended) {
            events.push_back(burst(4, 0, first, 0x2000, 64));
            events.back().kind = EventKind::BurstResponse;
            events.push_back(job(EventKind::JobCompleted, 4, 0, 0, 0, 64));
        }
        events.push_back(burst(5, 1, second, second_address, 64));
        return rules_after(events);
    };
    using A = Access;
    EXPECT_THAT(of(A::Write, A::Write, 0x203F), ElementsAre("OVERLAP"));
    EXPECT_THAT(of(A::Write, A::Read, 0x203F), ElementsAre("OVERLAP"));
    EXPECT_THAT(of(A::Read, A::Write, 0x203F), ElementsAre("OVERLAP"));
    EXPECT_THAT(of(A::Read, A::Read, 0x203F), IsEmpty());
    EXPECT_THAT(of(A::Write, A::Write, 0x2040), IsEmpty());
    EXPECT_THAT(of(A::Write, A::Write, 0x2000, kJobPaced), IsEmpty()) << "a peripheral gives the order";
    EXPECT_THAT(of(A::Write, A::Write, 0x2000, kJobCyclic), IsEmpty());
    EXPECT_THAT(of(A::Write, A::Write, 0x2000, 0, true), IsEmpty()) << "one behind the other";
}

TEST(VerifierControllers, ABurstOverAPage) {
    const auto at = [](std::uint64_t address, std::uint64_t bytes, std::uint32_t tag = 0) {
        return rules_after(
            {job(EventKind::JobAccepted, 1, 0, 0, 0x10000, 64, tag), burst(2, 0, Access::Read, address, bytes)});
    };
    EXPECT_THAT(at(0xFC0, 64), IsEmpty());
    EXPECT_THAT(at(0xFC0, 65), ElementsAre("ADDR_BOUNDARY"));
    EXPECT_THAT(at(0x1000, 0x2000), ElementsAre("ADDR_BOUNDARY")) << "an even number of pages";
    EXPECT_THAT(at(0x1000, 0x1000), IsEmpty());
    EXPECT_THAT(at(0xFC0, 65, kJobFixed), IsEmpty());
}

TEST(VerifierControllers, ABurstBeyondTheReach) {
    VerifierConfig config;
    config.device_address_bits = 20;
    EXPECT_THAT(rules_after({burst(2, 0, Access::Read, 0xFFFC0, 64)}, config), IsEmpty());
    EXPECT_THAT(rules_after({burst(2, 0, Access::Read, 0x100000, 64)}, config), ElementsAre("ADDR_REACH"));
    // A device's port is not selected by its address alone.
    EXPECT_THAT(rules_after({job(EventKind::JobAccepted, 1, 0, 0x40000000, 0x1000, 64, kJobFixed),
                             burst(2, 0, Access::Read, 0x40000000, 64)},
                            config),
                IsEmpty());
}

TEST(VerifierControllers, ABurstThatWaitsAtTheBus) {
    VerifierConfig config;
    config.starvation_cycles = 10;
    const auto waiting = [&](std::uint64_t cycles, std::uint16_t port) {
        TraceEvent granted = burst(5 + cycles, port, Access::Read, 0x1000, 64);
        granted.kind = EventKind::BusGranted;
        granted.source = 9;
        TraceEvent requested = burst(5, 0, Access::Read, 0x1000, 64);
        requested.source = 3;
        return rules_after({requested, granted}, config);
    };
    EXPECT_THAT(waiting(10, 3), IsEmpty());
    EXPECT_THAT(waiting(11, 3), ElementsAre("STARVATION"));
    EXPECT_THAT(waiting(11, 2), IsEmpty()) << "another initiator's";
}

TEST(VerifierControllers, AFifoThatRunsOverOrDry) {
    const auto fifo = [](FifoEvent what) {
        return rules_after({event(EventKind::PeripheralFifo, 3, 0, static_cast<std::uint32_t>(what))});
    };
    EXPECT_THAT(fifo(FifoEvent::Overrun), ElementsAre("FIFO_XRUN"));
    EXPECT_THAT(fifo(FifoEvent::Underrun), ElementsAre("FIFO_XRUN"));
    EXPECT_THAT(fifo(FifoEvent::Filled), IsEmpty());
    EXPECT_THAT(fifo(FifoEvent::Empty), IsEmpty());
}

TEST(VerifierControllers, AStartWhileItsRegistersAreWritten) {
    VerifierConfig config;
    config.registers = {{0, 0x40000000, 0x2000, 0x1000, 0x100}};
    const auto start = [&](std::uint64_t written, bool ended) {
        std::vector<TraceEvent> events{job(EventKind::JobAccepted, 1, 0, 0x2000, written, 4)};
        if (ended) {
            events.push_back(job(EventKind::JobCompleted, 4, 0, 0, 0, 4));
        }
        events.push_back(job(EventKind::JobAccepted, 5, 1, 0x3000, 0x4000, 64));
        return rules_after(events, config);
    };
    EXPECT_THAT(start(0x40001130, false), ElementsAre("PUBLISH_ORDER"));
    EXPECT_THAT(start(0x40001130, true), IsEmpty());
    EXPECT_THAT(start(0x40001030, false), IsEmpty()) << "those of channel 0";
    EXPECT_THAT(start(0x40001200, false), IsEmpty()) << "those of channel 2";
    EXPECT_THAT(start(0x3FFFFFFC, false), IsEmpty());
}

// ---- configuration

TEST(VerifierConfiguration, IsChecked) {
    VerifierConfig config;
    EXPECT_THAT(validate(config), IsEmpty());
    config.line_bytes = 48;
    config.device_address_bits = 65;
    config.max_findings = 0;
    config.disabled_rules = {"CLEAN_MISING"};
    config.suppressions = {{"NO_RULE", 0, 0}};
    EXPECT_EQ(validate(config).size(), 5U);
    EXPECT_THROW(Verifier{config}, ConfigError);
}

TEST(VerifierConfiguration, SuppressionsByRuleAndRange) {
    const auto total = [](const std::vector<Suppression>& suppressions) {
        VerifierConfig config;
        config.suppressions = suppressions;
        Host host(config);
        host.fill(1);
        host.store(3, kLine + 8, 8);
        host.device_read(9, kLine, 64);
        EXPECT_EQ(host.verifier.total() + host.verifier.suppressed(), 1U);
        return host.verifier.total();
    };
    EXPECT_EQ(total({}), 1U);
    EXPECT_EQ(total({{"*", 0, 0}}), 0U);
    EXPECT_EQ(total({{"CLEAN_MISSING", 0, 0}}), 0U);
    EXPECT_EQ(total({{"INVAL_MISSING", 0, 0}}), 1U);
    EXPECT_EQ(total({{"*", kLine + 8, 8}}), 0U);
    EXPECT_EQ(total({{"*", kLine + 9, 8}}), 1U);
    EXPECT_EQ(total({{"*", kLine + 8, 7}}), 1U);
}

TEST(VerifierConfiguration, KeepsAsManyFindingsAsItMay) {
    VerifierConfig config;
    config.max_findings = 2;
    Host host(config);
    for (std::uint64_t number = 0; number < 5; ++number) {
        const std::uint64_t line = kLine + number * 0x100;
        host.fill(10 * number + 1, line);
        host.store(10 * number + 3, line, 4);
        host.device_read(10 * number + 5, line, 4);
    }
    EXPECT_EQ(host.verifier.findings().size(), 2U);
    EXPECT_EQ(host.verifier.total(), 5U);
}

// ---- the monitor

constexpr std::uint16_t kMemory = 7;

TraceEvent memory_event(EventKind kind, std::uint64_t at, Purpose purpose, std::uint64_t address, std::uint64_t bytes,
                        std::uint32_t beats) {
    TraceEvent result = event(kind, at, 0, 1);
    result.source = kMemory;
    result.purpose = purpose;
    result.access = kind == EventKind::MemoryWrite ? Access::Write : Access::Read;
    result.address = address;
    result.bytes = bytes;
    result.beats = beats;
    result.data = kBytes.data();
    return result;
}

TraceEvent line_event(CacheLineEvent what, std::uint64_t at, std::uint64_t line) {
    TraceEvent result = event(EventKind::CacheLineChanged, at, 0, static_cast<std::uint32_t>(what));
    result.address = line;
    return result;
}

TraceEvent load_event(std::uint64_t at, std::uint64_t address, std::uint32_t bytes) {
    TraceEvent result = event(EventKind::CpuPiece, at, 0, kCpuAccessHit);
    result.address = address;
    result.bytes = bytes;
    result.data = kBytes.data();
    return result;
}

/// A fill that samples the line at cycle `sampled`, while the device writes its 8 beats at cycles 10 to 17; a load later.
std::vector<TraceEvent> fill_during_a_write(std::uint64_t sampled) {
    return {memory_event(EventKind::MemoryRead, sampled, Purpose::CacheFill, 0, 64, 8),
            line_event(CacheLineEvent::Filled, sampled + 10, 0x1000),
            memory_event(EventKind::MemoryWrite, 17, Purpose::Data, 0, 64, 8), load_event(40, 0x1000, 64)};
}

std::vector<Finding> monitored(const std::vector<TraceEvent>& events) {
    VerifierMonitor monitor{VerifierConfig{}};
    monitor.add_memory(kMemory, 0x1000, 0x1000, 8);
    for (const TraceEvent& one : events) {
        monitor.event(one);
    }
    monitor.finish();
    return monitor.findings();
}

// A read sampled at edge d holds the beats that were written at edges before d.
TEST(VerifierMonitor, WritesAreThereBeatByBeat) {
    for (std::uint64_t sampled = 8; sampled <= 20; ++sampled) {
        const std::vector<Finding> findings = monitored(fill_during_a_write(sampled));
        const std::uint64_t fresh = sampled <= 10 ? 0 : std::min<std::uint64_t>(sampled - 10, 8);
        if (fresh == 8) {
            EXPECT_THAT(findings, IsEmpty()) << sampled;
        } else {
            ASSERT_EQ(findings.size(), 1U) << sampled;
            EXPECT_EQ(findings[0].address, 0x1000 + 8 * fresh) << sampled;
            EXPECT_EQ(findings[0].bytes, 64 - 8 * fresh) << sampled;
        }
    }
}

TEST(VerifierMonitor, TheOrderOfArrivalDoesNotMatter) {
    std::vector<TraceEvent> events = fill_during_a_write(13);
    std::vector<std::size_t> order{0, 1, 2, 3};
    const std::string expected = to_text(monitored(events).at(0));
    do {
        std::vector<TraceEvent> permuted;
        for (const std::size_t place : order) {
            permuted.push_back(events[place]);
        }
        const std::vector<Finding> findings = monitored(permuted);
        ASSERT_EQ(findings.size(), 1U);
        EXPECT_EQ(to_text(findings[0]), expected);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(VerifierMonitor, SettlesInPieces) {
    VerifierMonitor monitor{VerifierConfig{}};
    monitor.add_memory(kMemory, 0x1000, 0x1000, 8);
    const std::vector<TraceEvent> events = fill_during_a_write(13);
    for (const TraceEvent& one : events) {
        monitor.event(one);
    }
    EXPECT_EQ(monitor.pending(), 4U);
    for (std::uint64_t edge = 1; edge <= 40; ++edge) {
        monitor.settle(Cycles{edge});
        EXPECT_THAT(monitor.findings(), IsEmpty());
    }
    EXPECT_EQ(monitor.pending(), 1U);
    monitor.settle(Cycles{41});
    EXPECT_EQ(monitor.findings().size(), 1U);
    EXPECT_EQ(monitor.pending(), 0U);
    EXPECT_THROW(monitor.event(events[3]), std::logic_error);
}

TEST(VerifierMonitor, OtherMemoriesAndErrorsAreNotVerified) {
    std::vector<TraceEvent> events = fill_during_a_write(8);
    events[2].response = Response::GenericError;
    EXPECT_THAT(monitored(events), IsEmpty());
    events = fill_during_a_write(8);
    events[2].source = kMemory + 1;
    EXPECT_THAT(monitored(events), IsEmpty());
}

}  // namespace
}  // namespace dmasim
