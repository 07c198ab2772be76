// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dmasim/model/errors.h>
#include <dmasim/tlm/core/vcd_writer.h>

#include "support/core/vcd_reader.h"

namespace {

using namespace dmasim;  // NOLINT(google-build-using-namespace): everything here is about it
using dmasim_test::read_vcd;
using dmasim_test::Waveform;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::uint16_t kDma = 3;
constexpr std::uint16_t kBus = 5;
constexpr std::uint64_t kPeriod = 10;

VcdOptions options_of(unsigned channels, unsigned initiators) {
    VcdOptions options;
    options.period = kPeriod;
    options.timescale = "1 ns";
    options.blocks = {VcdBlock{VcdBlock::Kind::Controller, kDma, "dma", channels},
                      VcdBlock{VcdBlock::Kind::Bus, kBus, "top.bus", initiators}};
    return options;
}

TraceEvent make(std::uint16_t source, std::uint64_t edge, EventKind kind, std::uint16_t channel = 0) {
    TraceEvent event;
    event.source = source;
    event.at = Cycles{edge};
    event.kind = kind;
    event.channel = channel;
    return event;
}

TraceEvent with_value(TraceEvent event, std::uint32_t value) {
    event.value = value;
    return event;
}

TraceEvent with_access(TraceEvent event, Access access, std::uint64_t bytes = 0) {
    event.access = access;
    event.bytes = bytes;
    return event;
}

std::string text_of(const VcdOptions& options, std::uint64_t end, const std::function<void(VcdWriter&)>& play) {
    std::ostringstream out;
    VcdWriter writer(out, options);
    play(writer);
    writer.finish(Cycles{end});
    return out.str();
}

Waveform waveform_of(std::uint64_t end, const std::function<void(VcdWriter&)>& play) {
    return read_vcd(text_of(options_of(2, 2), end, play));
}

TEST(VcdWriter, WholeFile) {
    VcdOptions options;
    options.period = 4;
    options.timescale = "100 ps";
    options.blocks = {VcdBlock{VcdBlock::Kind::Bus, 1, "bus", 1}};
    const std::string text = text_of(options, 20, [](VcdWriter& writer) {
        writer.event(make(1, 3, EventKind::BusGranted));
        writer.event(make(1, 7, EventKind::BusResponded));
    });
    EXPECT_EQ(text,
              "$version dmasim 0.1.0 $end\n"
              "$comment cause: 0=idle 1=setup 2=descriptor_fetch 3=waiting_for_grant 4=read_latency 5=moving_data "
              "6=write_wait 7=paced $end\n"
              "$timescale 100 ps $end\n"
              "$scope module bus $end\n"
              "$scope module initiator0 $end\n"
              "$var wire 1 ! read_grant $end\n"
              "$var wire 1 \" write_grant $end\n"
              "$var wire 16 # reads_in_flight $end\n"
              "$var wire 16 $ writes_in_flight $end\n"
              "$upscope $end\n"
              "$upscope $end\n"
              "$enddefinitions $end\n"
              "#0\n"
              "$dumpvars\n"
              "0!\n"
              "0\"\n"
              "b0 #\n"
              "b0 $\n"
              "$end\n"
              "#12\n"
              "b1 #\n"
              "1!\n"
              "#16\n"
              "0!\n"
              "#28\n"
              "b0 #\n"
              "#80\n");
}

TEST(VcdWriter, LevelsOfAController) {
    const Waveform wave = waveform_of(50, [](VcdWriter& writer) {
        writer.event(with_value(make(kDma, 0, EventKind::InterruptChanged), 1));
        writer.event(with_value(make(kDma, 9, EventKind::InterruptChanged), 0));
        writer.event(with_value(make(kDma, 4, EventKind::RequestLine, 1), 5));
        writer.event(with_value(make(kDma, 5, EventKind::RequestLine, 1), 2));
        writer.event(with_value(make(kDma, 6, EventKind::CauseChanged, 1), 7));
    });
    EXPECT_THAT(wave.variables.at("dma.irq").changes, ElementsAre(Pair(0, 0), Pair(0, 1), Pair(90, 0)));
    EXPECT_THAT(wave.variables.at("dma.channel1.dreq").changes, ElementsAre(Pair(0, 0), Pair(40, 1), Pair(50, 0)));
    EXPECT_THAT(wave.variables.at("dma.channel1.dack").changes, ElementsAre(Pair(0, 0), Pair(50, 1)));
    EXPECT_THAT(wave.variables.at("dma.channel1.tc").changes, ElementsAre(Pair(0, 0), Pair(40, 1), Pair(50, 0)));
    EXPECT_THAT(wave.variables.at("dma.channel1.cause").changes, ElementsAre(Pair(0, 0), Pair(60, 7)));
    EXPECT_THAT(wave.variables.at("dma.channel0.dreq").changes, ElementsAre(Pair(0, 0)));
    EXPECT_EQ(wave.end, 500U);
    EXPECT_EQ(wave.timescale, "1 ns");
}

TEST(VcdWriter, ResidueFollowsTheOldestJob) {
    const auto job = [](TraceEvent event, std::uint32_t number, std::uint64_t bytes) {
        event.job = number;
        event.bytes = bytes;
        event.access = Access::Write;
        return event;
    };
    const Waveform wave = waveform_of(100, [&](VcdWriter& writer) {
        writer.event(job(make(kDma, 10, EventKind::JobAccepted), 0, 100));
        writer.event(job(make(kDma, 15, EventKind::JobAccepted), 1, 40));  // prefetched
        writer.event(job(make(kDma, 20, EventKind::BurstResponse), 0, 64));
        TraceEvent failed = job(make(kDma, 30, EventKind::BurstResponse), 0, 20);
        failed.response = Response::GenericError;
        writer.event(failed);
        TraceEvent status = job(make(kDma, 35, EventKind::BurstResponse), 0, 8);
        status.purpose = Purpose::StatusWriteBack;
        writer.event(status);
        writer.event(job(make(kDma, 38, EventKind::BurstResponse), 1, 40));
        writer.event(job(make(kDma, 40, EventKind::JobCompleted), 0, 0));
        writer.event(job(make(kDma, 50, EventKind::JobCompleted), 1, 0));
        writer.event(job(make(kDma, 60, EventKind::JobAccepted), 2, std::uint64_t{1} << 40U));
    });
    EXPECT_THAT(
        wave.variables.at("dma.channel0.residue").changes,
        ElementsAre(Pair(0, 0), Pair(100, 100), Pair(200, 36), Pair(400, 0), Pair(600, std::uint64_t{1} << 40U)));
    EXPECT_THAT(wave.variables.at("dma.channel0.job").changes, ElementsAre(Pair(0, 0), Pair(400, 1), Pair(600, 2)));
}

TEST(VcdWriter, GrantsInARowMakeOnePulse) {
    const Waveform wave = waveform_of(40, [](VcdWriter& writer) {
        for (const std::uint64_t edge : {3U, 4U, 5U, 8U, 10U}) {
            writer.event(make(kBus, edge, EventKind::BusGranted, 1));
        }
    });
    EXPECT_THAT(
        wave.variables.at("top.bus.initiator1.read_grant").changes,
        ElementsAre(Pair(0, 0), Pair(30, 1), Pair(60, 0), Pair(80, 1), Pair(90, 0), Pair(100, 1), Pair(110, 0)));
    EXPECT_EQ(wave.variables.at("top.bus.initiator1.reads_in_flight").at(400), 5U);
    EXPECT_EQ(wave.variables.at("top.bus.initiator0.reads_in_flight").at(400), 0U);
}

TEST(VcdWriter, BurstsInFlight) {
    const Waveform wave = waveform_of(40, [](VcdWriter& writer) {
        writer.event(with_access(make(kDma, 2, EventKind::BurstRequested), Access::Read));
        writer.event(with_access(make(kDma, 9, EventKind::BurstResponse), Access::Read));
        writer.event(with_access(make(kDma, 3, EventKind::BurstRequested), Access::Read));
        writer.event(with_access(make(kDma, 9, EventKind::BurstRequested), Access::Write));
        writer.event(with_access(make(kDma, 9, EventKind::BurstRequested), Access::Read));
        writer.event(with_access(make(kDma, 7, EventKind::BurstResponse, 1), Access::Write));  // never begun: stays 0
    });
    EXPECT_THAT(wave.variables.at("dma.channel0.reads_in_flight").changes,
                ElementsAre(Pair(0, 0), Pair(20, 1), Pair(30, 2)));
    EXPECT_THAT(wave.variables.at("dma.channel0.writes_in_flight").changes, ElementsAre(Pair(0, 0), Pair(90, 1)));
    EXPECT_THAT(wave.variables.at("dma.channel1.writes_in_flight").changes, ElementsAre(Pair(0, 0)));
}

TEST(VcdWriter, WhatWasAnnouncedForAfterTheEndHasNotHappened) {
    for (const std::uint64_t edge : {20U, 21U}) {
        const Waveform wave = waveform_of(20, [edge](VcdWriter& writer) {
            writer.event(with_value(make(kDma, edge, EventKind::InterruptChanged), 1));
        });
        EXPECT_EQ(wave.variables.at("dma.irq").changes.size(), edge == 20 ? 2U : 1U) << edge;
        EXPECT_EQ(wave.end, 200U);
    }
}

TEST(VcdWriter, EmptyRunAndOtherBlocks) {
    const Waveform wave = waveform_of(
        0, [](VcdWriter& writer) { writer.event(with_value(make(99, 5, EventKind::InterruptChanged), 1)); });
    EXPECT_EQ(wave.end, 0U);
    EXPECT_EQ(wave.variables.size(), 2U * 8U + 1U + 2U * 4U);
}

TEST(VcdWriter, EventsBeforeAPromiseOrFromNowhereAreDefects) {
    std::ostringstream out;
    VcdWriter writer(out, options_of(1, 1));
    writer.settle(Cycles{10});
    EXPECT_THROW(writer.event(make(kDma, 9, EventKind::JobAccepted)), std::logic_error);
    writer.event(make(kDma, 10, EventKind::JobAccepted, 1));
    EXPECT_THROW(writer.settle(Cycles{11}), std::logic_error) << "there is no channel 1";
    EXPECT_THROW(writer.finish(kNever), std::logic_error);
}

/// A random run: each event with the edge at which its block learns of it.
struct Learned {
    std::uint64_t when;
    TraceEvent event;
};

std::vector<Learned> random_run(std::mt19937_64& random, std::uint64_t edges) {
    std::vector<Learned> run;
    for (std::uint64_t now = 1; now < edges; ++now) {
        for (std::uint64_t n = random() % 4; n > 0; --n) {
            // One edge back to 30 edges ahead.
            const std::uint64_t edge = now - 1 + random() % 32;
            const auto port = static_cast<std::uint16_t>(random() % 2);
            const auto access = random() % 2 == 0 ? Access::Read : Access::Write;
            switch (random() % 6) {
                case 0:
                    run.push_back({now, with_value(make(kDma, edge, EventKind::CauseChanged, port),
                                                   static_cast<std::uint32_t>(random() % kCycleCauses))});
                    break;
                case 1:
                    run.push_back({now, with_value(make(kDma, edge, EventKind::RequestLine, port),
                                                   static_cast<std::uint32_t>(random() % 8))});
                    break;
                case 2:
                    run.push_back({now, with_value(make(kDma, edge, EventKind::InterruptChanged),
                                                   static_cast<std::uint32_t>(random() % 2))});
                    break;
                case 3:
                    run.push_back({now, with_access(make(kDma, edge, EventKind::BurstRequested, port), access)});
                    break;
                case 4:
                    run.push_back({now, with_access(make(kDma, edge, EventKind::BurstResponse, port), access)});
                    break;
                default:
                    run.push_back({now, with_access(make(kBus, edge, EventKind::BusGranted, port), access)});
                    break;
            }
        }
    }
    return run;
}

// Against a naive model: events sorted with std::stable_sort, every signal's value at every edge.
TEST(VcdWriter, RandomRunsShowTheRightValueAtEveryEdge) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    constexpr std::uint64_t kEdges = 120;
    for (int round = 0; round < 10; ++round) {
        const std::vector<Learned> run = random_run(random, kEdges);
        const Waveform wave = waveform_of(kEdges, [&](VcdWriter& writer) {
            for (const Learned& learned : run) {
                writer.settle(Cycles{learned.when - 1});
                writer.event(learned.event);
            }
        });
        std::vector<TraceEvent> sorted;
        for (const Learned& learned : run) {
            sorted.push_back(learned.event);
        }
        std::stable_sort(sorted.begin(), sorted.end(), [](const TraceEvent& a, const TraceEvent& b) {
            return a.at != b.at ? a.at < b.at : a.source < b.source;
        });
        for (std::uint64_t edge = 0; edge <= kEdges; ++edge) {
            std::uint64_t cause = 0;
            std::uint64_t lines = 0;
            std::uint64_t irq = 0;
            std::uint64_t writes = 0;
            std::uint64_t grant = 0;
            for (const TraceEvent& event : sorted) {
                if (event.at.count() > edge) {
                    continue;
                }
                const bool mine = event.channel == 1;
                const bool write = event.access == Access::Write;
                cause = mine && event.kind == EventKind::CauseChanged ? event.value : cause;
                lines = mine && event.kind == EventKind::RequestLine ? event.value : lines;
                irq = event.kind == EventKind::InterruptChanged ? event.value : irq;
                writes += mine && write && event.kind == EventKind::BurstRequested ? 1 : 0;
                writes -= mine && write && event.kind == EventKind::BurstResponse && writes != 0 ? 1 : 0;
                if (mine && write && event.kind == EventKind::BusGranted && event.at.count() == edge) {
                    grant = 1;
                }
            }
            const auto shown = [&](const std::string& name) { return wave.variables.at(name).at(edge * kPeriod); };
            ASSERT_EQ(shown("dma.channel1.cause"), cause) << edge;
            ASSERT_EQ(shown("dma.channel1.dreq"), lines & 1U) << edge;
            ASSERT_EQ(shown("dma.channel1.dack"), lines >> 1U & 1U) << edge;
            ASSERT_EQ(shown("dma.channel1.tc"), lines >> 2U & 1U) << edge;
            ASSERT_EQ(shown("dma.irq"), irq) << edge;
            ASSERT_EQ(shown("dma.channel1.writes_in_flight"), writes) << edge;
            ASSERT_EQ(shown("top.bus.initiator1.write_grant"), grant) << edge;
        }
    }
}

TEST(VcdWriter, WhenItIsSettledChangesNothing) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const std::vector<Learned> run = random_run(random, 3000);
    const auto text = [&](std::uint64_t every) {
        return text_of(options_of(2, 2), 3000, [&](VcdWriter& writer) {
            for (const Learned& learned : run) {
                if (every != 0 && learned.when % every == 0) {
                    writer.settle(Cycles{learned.when - 1});
                }
                writer.event(learned.event);
            }
        });
    };
    const std::string at_once = text(0);
    EXPECT_GT(at_once.size(), 64U * 1024U / 2U) << "too short to say something";
    EXPECT_EQ(text(1), at_once);
    EXPECT_EQ(text(77), at_once);
    EXPECT_EQ(text(0), at_once);
}

TEST(VcdWriter, ManySignalsHaveDifferentCodes) {
    VcdOptions options = options_of(64, 256);
    const Waveform wave = read_vcd(text_of(options, 5, [](VcdWriter& writer) {
        writer.event(with_value(make(kDma, 1, EventKind::CauseChanged, 63), 4));
        writer.event(with_access(make(kBus, 1, EventKind::BusGranted, 255), Access::Write));
    }));
    EXPECT_EQ(wave.variables.size(), 1U + 64U * 8U + 256U * 4U);
    EXPECT_EQ(wave.variables.at("dma.channel63.cause").at(10), 4U);
    EXPECT_EQ(wave.variables.at("dma.channel62.cause").at(10), 0U);
    EXPECT_EQ(wave.variables.at("top.bus.initiator255.write_grant").at(10), 1U);
}

TEST(VcdWriter, StreamThatFailsIsLeftFailed) {
    std::ostringstream out;
    VcdWriter writer(out, options_of(1, 1));
    out.setstate(std::ios::badbit);
    writer.event(with_value(make(kDma, 1, EventKind::InterruptChanged), 1));
    EXPECT_NO_THROW(writer.finish(Cycles{5}));
    EXPECT_TRUE(out.bad());
}

TEST(VcdOptions, EveryProblemIsNamed) {
    EXPECT_THAT(validate(options_of(1, 1)), IsEmpty());
    EXPECT_THAT(validate(options_of(64, 256)), IsEmpty());
    VcdOptions options;
    options.period = 0;
    options.timescale = "5 ns";
    EXPECT_THAT(validate(options), ElementsAre(HasSubstr("period"), HasSubstr("5 ns"), HasSubstr("blocks is empty")));
    options = options_of(65, 257);
    options.blocks[1].source = kDma;
    options.blocks[1].name = "dma";
    EXPECT_THAT(validate(options), ElementsAre(HasSubstr("blocks[0].ports is 65"), HasSubstr("blocks[1].ports is 257"),
                                               HasSubstr("blocks[1].source is 3"), HasSubstr("blocks[1].name")));
    std::ostringstream out;
    EXPECT_THROW(VcdWriter(out, options), ConfigError);
    EXPECT_THAT(out.str(), IsEmpty());
}

TEST(VcdOptions, Names) {
    for (const char* name : {"", ".", "a.", ".a", "a..b", "1a", "a.1", "a b", "$end", "a\n", "d\xC3\xA4"}) {
        VcdOptions options = options_of(1, 1);
        options.blocks[0].name = name;
        EXPECT_EQ(validate(options).size(), 1U) << name;
    }
    for (const char* name : {"a", "_", "A9", "top.dma_0", "a.b.c"}) {
        VcdOptions options = options_of(1, 1);
        options.blocks[0].name = name;
        EXPECT_THAT(validate(options), IsEmpty()) << name;
    }
}

// The reader that judges above must itself refuse what is wrong: each case damages a good file in one place.
TEST(VcdReader, RefusesDamage) {
    const std::string good = text_of(options_of(1, 1), 9, [](VcdWriter& writer) {
        writer.event(with_value(make(kDma, 2, EventKind::InterruptChanged), 1));
        writer.event(with_value(make(kDma, 4, EventKind::CauseChanged), 3));
    });
    ASSERT_NO_THROW(read_vcd(good));
    const std::vector<std::pair<std::string, std::string>> damages{
        {"#20\n", "#41\n"},                   // time goes back afterwards
        {"#40\n", "#20\n"},                   // time stands still
        {"#40\n", "#4x\n"},                   //
        {"1!\n", "1~\n"},                     // undeclared
        {"1!\n", "0!\n"},                     // changes nothing
        {"1!\n", "b1 !\n"},                   // a vector for a scalar
        {"b11 \"\n", "b1011 \"\n"},           // too wide
        {"b11 \"\n", "b12 \"\n"},             // no digit
        {"0!\n", ""},                         // no initial value
        {"$var wire 3 \"", "$var wire 3 !"},  // two with one code
        {"$upscope $end\n$upscope $end\n$enddef", "$upscope $end\n$enddef"},
        {"$enddefinitions $end\n", ""},
        {"$timescale 1 ns $end\n", ""},
        {"$version", "$date"},
        {"$dumpvars\n", ""},
    };
    for (const auto& [from, to] : damages) {
        std::string bad = good;
        const std::size_t place = bad.find(from);
        ASSERT_NE(place, std::string::npos) << from;
        bad.replace(place, from.size(), to);
        EXPECT_THROW(read_vcd(bad), std::runtime_error) << from << " -> " << to;
    }
}

}  // namespace
