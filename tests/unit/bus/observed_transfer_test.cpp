// SPDX-License-Identifier: Apache-2.0
//
// The event sinks behind real blocks: a copy with every number derived by hand from
// docs/timing.md, errors, and the waveform of a busy run against the accounts of the same run.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <dmasim/bus/core/island.h>
#include <dmasim/model/engine.h>
#include <dmasim/model/frontend/native/register_map.h>
#include <dmasim/model/stats/bus_utilisation.h>
#include <dmasim/model/stats/counters.h>
#include <dmasim/model/stats/cycle_accountant.h>
#include <dmasim/model/stats/event_fanout.h>
#include <dmasim/model/stats/latencies.h>
#include <dmasim/model/stats/transfer_log.h>
#include <dmasim/tlm/core/vcd_writer.h>

#include "support/core/vcd_reader.h"

namespace {

using namespace dmasim;  // NOLINT(google-build-using-namespace): everything here is about it

constexpr std::uint16_t kDma = 1;
constexpr std::uint16_t kBusSource = 2;
constexpr unsigned kChannels = 3;
constexpr std::uint64_t kFailing = 0x8000;

BusConfig bus_config() {
    BusConfig config;
    config.map = {AddressRange{0, 0x10000, 0, 0, "ram"}};
    return config;
}

std::vector<MemoryConfig> memory_configs() {
    MemoryConfig memory;
    memory.size = 0x10000;
    memory.errors = {ErrorRange{kFailing, 0x1000, true, true, Response::GenericError}};
    return {memory};
}

class NoOutputs final : public DmaOutputs {
  public:
    void interrupt(bool /*level*/, Cycles /*at*/) override {}
};

/// A controller, a shared bus and a memory, all sinks attached. Every latency is the default one.
class Observed {
  public:
    Observed() : system_(bus_config(), memory_configs()), vcd_(vcd_text_, vcd_options()) {
        for (TraceSink* sink : std::vector<TraceSink*>{&counters_, &accountant_, &latencies_, &log_}) {
            of_controller_.add(*sink);
        }
        all_.add(controller_filter_);
        all_.add(bus_filter_);
        all_.add(vcd_);
        system_.bus().set_trace(&all_, kBusSource);
        system_.connect(0, engine_);
        system_.add(engine_);
    }

    void copy(unsigned channel, std::uint64_t source, std::uint64_t destination, std::uint32_t bytes,
              std::uint64_t at) {
        run_to(at);
        write(channel, native::reg::kSrcLo, source, at);
        write(channel, native::reg::kDstLo, destination, at);
        write(channel, native::reg::kLength, bytes, at);
        write(channel, native::reg::kControl, native::control::kStart, at);
    }

    /// Goes to edge `now` in small steps, as a simulator does, and keeps the waveform up with it.
    void run_to(std::uint64_t now) {
        for (; now_ < now; now_ += std::min<std::uint64_t>(7, now - now_)) {
            system_.advance_to(Cycles{now_});
            if (now_ > 0) {
                vcd_.settle(Cycles{now_ - 1});
            }
        }
        system_.advance_to(Cycles{now});
    }

    std::string finish() {
        vcd_.finish(Cycles{now_});
        return vcd_text_.str();
    }

    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] const CycleAccountant& accountant() const { return accountant_; }
    [[nodiscard]] const Latencies& latencies() const { return latencies_; }
    [[nodiscard]] const TransferLog& log() const { return log_; }
    [[nodiscard]] const BusUtilisation& bus() const { return utilisation_; }
    [[nodiscard]] Cycles now() const { return Cycles{now_}; }

  private:
    static VcdOptions vcd_options() {
        VcdOptions options;
        options.period = 1;
        options.blocks = {VcdBlock{VcdBlock::Kind::Controller, kDma, "dma", kChannels},
                          VcdBlock{VcdBlock::Kind::Bus, kBusSource, "bus", 1}};
        return options;
    }

    static DmaConfig dma_config() {
        DmaConfig config;
        config.channels = kChannels;
        return config;
    }

    void write(unsigned channel, std::uint32_t offset, std::uint64_t value, std::uint64_t at) {
        const auto word = static_cast<std::uint32_t>(value);
        ASSERT_EQ(engine_.write_register(native::channel_register(channel, offset), word, Cycles{at}), Response::Ok);
    }

    CoreSystem system_;
    Counters counters_{kChannels};
    CycleAccountant accountant_{kChannels};
    Latencies latencies_{kChannels};
    TransferLog log_;
    BusUtilisation utilisation_{1, 1};
    std::ostringstream vcd_text_;
    VcdWriter vcd_;
    EventFanout of_controller_;
    SourceFilter controller_filter_{kDma, of_controller_};
    SourceFilter bus_filter_{kBusSource, utilisation_};
    EventFanout all_;
    NoOutputs outputs_;
    DmaEngine engine_{dma_config(), system_.bus().initiator_port(0), outputs_, &all_, kDma};
    std::uint64_t now_ = 0;
};

// 256 bytes, aligned: two chunks of 16 beats.
//   start 10 -> first request 12 (C1), 13 (C3)
//   read 0: requested 12, granted by the bus 13 (B3), memory's first beat 14 (M1), handed over 15 (B4) to 30
//   read 1: requested 13, first beat 31 (the return lane is free then) to 46
//   write 0: requested 32 (C5), granted 33, first beat 34, last 49 (M2), response 49, handed over 50
//   write 1: requested 48, granted 49, beats 50 to 65, response 65, handed over 66
//   completion 67 (C6)
TEST(ObservedTransfer, EveryStampOfACopy) {
    Observed run;
    run.copy(1, 0x1000, 0x2000, 256, 10);
    run.run_to(100);

    ASSERT_EQ(run.log().records().size(), 1U);
    const TransferRecord& record = run.log().records().front();
    EXPECT_EQ(record.block, kDma);
    EXPECT_EQ(record.channel, 1);
    EXPECT_EQ(record.job, 0U);
    EXPECT_EQ(record.source, 0x1000U);
    EXPECT_EQ(record.destination, 0x2000U);
    EXPECT_EQ(record.bytes, 256U);
    EXPECT_EQ(record.bytes_written, 256U);
    EXPECT_EQ(record.status, JobStatus::Done);
    EXPECT_EQ(record.reads, 2U);
    EXPECT_EQ(record.writes, 2U);
    EXPECT_EQ(record.accepted, Cycles{10});
    EXPECT_EQ(record.first_read, Cycles{12});
    EXPECT_EQ(record.last_read, Cycles{13});
    EXPECT_EQ(record.first_data, Cycles{15});
    EXPECT_EQ(record.last_data, Cycles{46});
    EXPECT_EQ(record.first_write, Cycles{32});
    EXPECT_EQ(record.last_write, Cycles{48});
    EXPECT_EQ(record.first_response, Cycles{50});
    EXPECT_EQ(record.last_response, Cycles{66});
    EXPECT_EQ(record.completed, Cycles{67});

    EXPECT_EQ(run.latencies().channel(1).job.max(), Cycles{57});
    EXPECT_EQ(run.latencies().channel(1).read.min(), Cycles{3});
    EXPECT_EQ(run.latencies().channel(1).read.max(), Cycles{18});
    EXPECT_EQ(run.latencies().channel(1).write.min(), Cycles{18});
    EXPECT_EQ(run.latencies().channel(1).write.max(), Cycles{18});
    EXPECT_EQ(run.latencies().under_way(), 0U);
}

// The start is seen at edge 11, the channel requests at edge 12 and is granted there: one cycle each.
TEST(ObservedTransfer, EveryCycleOfACopy) {
    Observed run;
    run.copy(1, 0x1000, 0x2000, 256, 10);
    run.run_to(100);
    const CycleAccount account = run.accountant().account(1, Cycles{100});
    const auto of = [&](CycleCause cause) { return account[static_cast<std::size_t>(cause)]; };
    EXPECT_EQ(of(CycleCause::ReadLatency), 3U) << "cycles 13 to 15";
    EXPECT_EQ(of(CycleCause::MovingData), 32U) << "cycles 16 to 47";
    EXPECT_EQ(of(CycleCause::WriteWait), 19U) << "cycles 48 to 66";
    EXPECT_EQ(of(CycleCause::DescriptorFetch), 0U);
    EXPECT_EQ(of(CycleCause::WaitingForGrant), 1U) << "cycle 12";
    EXPECT_EQ(of(CycleCause::Paced), 0U);
    EXPECT_EQ(of(CycleCause::Setup), 2U) << "cycles 11 and 67";
    EXPECT_EQ(of(CycleCause::Idle), 43U) << "cycles 1 to 10 and 68 to 100";
    EXPECT_EQ(std::accumulate(account.begin(), account.end(), std::uint64_t{0}), 100U);
    EXPECT_EQ(run.accountant().account(0, Cycles{100})[static_cast<std::size_t>(CycleCause::Idle)], 100U);
}

TEST(ObservedTransfer, CountersOfACopy) {
    Observed run;
    run.copy(1, 0x1000, 0x2000, 256, 10);
    run.run_to(100);
    const ChannelCounters& counters = run.counters().channel(1);
    EXPECT_EQ(counters.jobs_accepted, 1U);
    EXPECT_EQ(counters.jobs_ended[static_cast<std::size_t>(JobStatus::Done)], 1U);
    EXPECT_EQ(counters.bytes_accepted, 256U);
    EXPECT_EQ(counters.bytes_read, 256U);
    EXPECT_EQ(counters.bytes_written, 256U);
    EXPECT_EQ(counters.grants, 2U);
    EXPECT_EQ(counters.read_bursts, 2U);
    EXPECT_EQ(counters.read_beats, 32U);
    EXPECT_EQ(counters.write_bursts, 2U);
    EXPECT_EQ(counters.write_beats, 32U);
    EXPECT_EQ(counters.failed_bursts, 0U);
    EXPECT_EQ(run.counters().channel(0).grants, 0U);
    for (const Access access : {Access::Read, Access::Write}) {
        EXPECT_EQ(run.bus().total(access).grants, 2U);
        EXPECT_EQ(run.bus().total(access).beats, 32U);
        EXPECT_EQ(run.bus().target(0, access).bytes, 256U);
        EXPECT_EQ(run.bus().beats_per_cycle(access, Cycles{100}), 0.32);
    }
}

TEST(ObservedTransfer, ErrorsReachEverySink) {
    Observed run;
    run.copy(0, kFailing, 0x2000, 64, 10);   // the read fails
    run.copy(2, 0x1000, kFailing, 64, 200);  // the write fails
    run.copy(1, 0x1000, 0x20000, 64, 400);   // nobody there
    run.run_to(600);
    ASSERT_EQ(run.log().records().size(), 3U);
    for (const TransferRecord& record : run.log().records()) {
        EXPECT_EQ(record.status, JobStatus::Error);
        EXPECT_EQ(record.bytes_written, 0U);
    }
    const auto errors = [&](unsigned channel, TransferError kind) {
        return run.counters().channel(channel).errors[static_cast<std::size_t>(kind)];
    };
    EXPECT_EQ(errors(0, TransferError::BusRead), 1U);
    EXPECT_EQ(errors(1, TransferError::BusWrite), 1U);
    EXPECT_EQ(errors(2, TransferError::BusWrite), 1U);
    EXPECT_EQ(run.counters().channel(0).failed_bursts, 1U);
    EXPECT_EQ(run.counters().channel(0).bytes_read, 0U);
    EXPECT_EQ(run.counters().channel(1).bytes_read, 64U);
    EXPECT_EQ(run.counters().channel(1).bytes_written, 0U);
    EXPECT_EQ(run.bus().total(Access::Read).errors, 1U);
    EXPECT_EQ(run.bus().total(Access::Write).errors, 2U);
    EXPECT_EQ(run.bus().unmapped(Access::Write).errors, 1U);
    EXPECT_EQ(run.latencies().under_way(), 0U);
}

// Several channels at once: what the waveform shows of the causes adds up to the accounts, and everything comes to rest.
TEST(ObservedTransfer, WaveformAgreesWithTheAccounts) {
    Observed run;
    for (std::uint32_t round = 0; round < 5; ++round) {
        for (unsigned channel = 0; channel < kChannels; ++channel) {
            run.copy(channel, 0x1003 + 64 * channel, 0x3000 + 0x1000 * channel + 5 * round, 500 + 100 * channel,
                     20 + 700 * round + 3 * channel);
        }
    }
    run.run_to(4000);
    EXPECT_EQ(run.log().records().size(), 5U * kChannels);
    const auto wave = dmasim_test::read_vcd(run.finish());
    EXPECT_EQ(wave.end, 4000U);
    for (unsigned channel = 0; channel < kChannels; ++channel) {
        const std::string scope = "dma.channel" + std::to_string(channel) + ".";
        CycleAccount shown{};
        const auto& changes = wave.variables.at(scope + "cause").changes;
        for (std::size_t n = 0; n < changes.size(); ++n) {
            const std::uint64_t until = n + 1 < changes.size() ? changes[n + 1].first : 4000;
            shown.at(changes[n].second) += until - changes[n].first;
        }
        EXPECT_EQ(shown, run.accountant().account(channel, Cycles{4000}));
        EXPECT_GT(shown[static_cast<std::size_t>(CycleCause::MovingData)], 0U);
        for (const char* name : {"residue", "reads_in_flight", "writes_in_flight"}) {
            const auto& variable = wave.variables.at(scope + name);
            EXPECT_EQ(variable.at(4000), 0U) << scope << name;
            EXPECT_GT(variable.changes.size(), 5U) << scope << name;
        }
    }
    EXPECT_EQ(wave.variables.at("bus.initiator0.reads_in_flight").at(4000), 0U);
    EXPECT_EQ(wave.variables.at("bus.initiator0.writes_in_flight").at(4000), 0U);
}

}  // namespace
