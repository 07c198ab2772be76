// SPDX-License-Identifier: Apache-2.0
// Intel 8237A: the measured table, the clocks of docs/i8237.md from both sides, registers, cascading.
#include <array>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/i8237/bench.h"
#include "dmasim/model/frontend/i8237/core.h"

#include "test_paths.h"

namespace dmasim {
namespace {

namespace command = i8237_command;
namespace mode = i8237_mode;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr unsigned kCommand = offset_of(I8237Register::Command);
constexpr unsigned kStatus = offset_of(I8237Register::Command);
constexpr unsigned kRequest = offset_of(I8237Register::Request);
constexpr unsigned kSingleMask = offset_of(I8237Register::SingleMask);
constexpr unsigned kMode = offset_of(I8237Register::Mode);
constexpr unsigned kClearFlipFlop = offset_of(I8237Register::ClearFlipFlop);
constexpr unsigned kMasterClear = offset_of(I8237Register::MasterClear);
constexpr unsigned kTemporary = offset_of(I8237Register::MasterClear);
constexpr unsigned kClearMask = offset_of(I8237Register::ClearMask);
constexpr unsigned kAllMasks = offset_of(I8237Register::AllMasks);

// ---------------------------------------------------------------------------------------------------------- the table

struct Row {
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
};

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');) {
        cells.push_back(cell);
    }
    return cells;
}

std::vector<Row> measured_rows() {
    std::ifstream file(std::string(DMASIM_SOURCE_DIR) + "/tests/data/timing/kf8237.csv");
    std::string line;
    std::getline(file, line);
    std::vector<std::string> columns = i8237_input_columns();
    columns.insert(columns.end(), i8237_output_columns().begin(), i8237_output_columns().end());
    EXPECT_EQ(split(line), columns);
    std::vector<Row> rows;
    const auto inputs = static_cast<std::ptrdiff_t>(i8237_input_columns().size());
    while (std::getline(file, line)) {
        const std::vector<std::string> cells = split(line);
        EXPECT_EQ(cells.size(), columns.size()) << line;
        rows.push_back({{cells.begin(), cells.begin() + inputs}, {cells.begin() + inputs, cells.end()}});
    }
    return rows;
}

std::size_t exact_rows(const I8237Timing& timing) {
    std::size_t exact = 0;
    for (const Row& row : measured_rows()) {
        exact += i8237_row(timing, row.inputs) == row.outputs ? 1 : 0;
    }
    return exact;
}

TEST(I8237Table, EveryMeasuredRowIsReproduced) {
    const std::vector<Row> rows = measured_rows();
    ASSERT_EQ(rows.size(), 18U);
    for (const Row& row : rows) {
        EXPECT_EQ(i8237_row(i8237_timing("i8237_always_wait"), row.inputs), row.outputs)
            << testing::PrintToString(row.inputs);
    }
}

TEST(I8237Table, OneParameterOffByOneBreaksEveryRow) {
    I8237Timing timing = i8237_timing("i8237");
    EXPECT_EQ(exact_rows(timing), 0U) << "always_wait 0";
    set_i8237_parameter(timing, "always_wait", 1);
    ASSERT_EQ(exact_rows(timing), 18U);
    for (const char* name : {"always_wait", "dreq_sample", "hlda_sample"}) {
        for (const int step : {-1, 1}) {
            for (const I8237Parameter& parameter : i8237_parameters()) {
                const std::uint32_t value = timing.*parameter.member;
                if (parameter.name != name || (step < 0 && value == parameter.least)) {
                    continue;
                }
                I8237Timing off = timing;
                off.*parameter.member = step < 0 ? value - 1 : value + 1;
                EXPECT_EQ(exact_rows(off), 0U) << name << " " << off.*parameter.member;
            }
        }
    }
}

TEST(I8237Table, NumbersOfTheDatasheet) {
    const I8237Timing& intel = i8237_timing("i8237");
    I8237Run run;
    run.mode = mode::kBlock;
    run.transfer = mode::kWrite;
    run.count = 65536;
    // HRQ, S0 and S1 take 4 clocks, then 3 a byte and an S1 at each of 255 page changes.
    EXPECT_EQ(measure_i8237(intel, run).hrq_low, 4 + 3 * 65536U + 255);
    EXPECT_EQ(measure_i8237(intel, run).address_strobes, 256U);
    const double bytes_a_second = 5e6 * 65536 / static_cast<double>(measure_i8237(intel, run).hrq_low);
    EXPECT_GE(bytes_a_second, 1.6e6);
    EXPECT_LT(bytes_a_second, 1.7e6);
    run.compressed = true;
    EXPECT_EQ(measure_i8237(intel, run).hrq_low, 4 + 2 * 65536U + 255);
    run.compressed = false;
    run.extended_write = true;
    EXPECT_EQ(measure_i8237(intel, run).hrq_low, 4 + 3 * 65536U + 255);

    EXPECT_THAT(i8237_row(intel, {"normal", "block", "write", "32", "0x00f0"}), ElementsAre("101", "6", "3", "4", "2"));
    EXPECT_THAT(i8237_row(intel, {"compressed", "demand", "read", "32", "240"}), ElementsAre("69", "5", "2", "3", "2"));
    EXPECT_THAT(i8237_row(intel, {"extended_write", "block", "write", "1", "0"}), ElementsAre("7", "5", "", "", "1"));
    EXPECT_THAT(i8237_row(intel, {"normal", "block", "verify", "2", "0"}), ElementsAre("10", "", "", "", "1"));
}

TEST(I8237Table, MemoryToMemory) {
    I8237Timing timing;
    const auto row = [&timing](const char* address) {
        return i8237_row(timing, {"normal", "memory_to_memory", "copy", "16", address});
    };
    // The request's write acts at 1, S11 is entered at 2; 8 clocks a byte.
    EXPECT_THAT(row("0"), ElementsAre(std::to_string(2 + 16 * 8), "9", "8", "", "32"));
    timing.high_address_skip = 1;
    EXPECT_THAT(row("0"), ElementsAre(std::to_string(2 + 16 * 7 + 1), "9", "7", "", "17"));
    timing.high_address_skip = 2;
    EXPECT_THAT(row("0"), ElementsAre(std::to_string(2 + 16 * 6 + 2), "9", "6", "", "2"));
    EXPECT_THAT(row("0xf8"), ElementsAre(std::to_string(2 + 16 * 6 + 4), "9", "6", "8", "4"));
    timing.high_address_skip = 0;
    timing.always_wait = 1;
    EXPECT_THAT(row("0"), ElementsAre(std::to_string(2 + 16 * 10), "10", "10", "", "32"));
}

TEST(I8237Table, SingleModeReleasesTheBusAfterEachByte) {
    const I8237Timing& intel = i8237_timing("i8237");
    EXPECT_THAT(i8237_row(intel, {"normal", "single", "write", "8", "0"}), ElementsAre("63", "6", "8", "", "8"));
    I8237Run run;
    run.mode = mode::kSingle;
    run.transfer = mode::kRead;
    run.count = 8;
    run.hlda_delay = 3;
    EXPECT_EQ(measure_i8237(intel, run).hrq_low, 63 + 8 * 3U);
}

TEST(I8237Table, EndsWithEveryParameterAtItsLimits) {
    // Late samples make services begin on levels that are gone already; all bytes move nevertheless, each with a strobe.
    for (std::uint32_t I8237Timing::*const member : {&I8237Timing::dreq_sample, &I8237Timing::hlda_sample}) {
        for (const I8237Parameter& parameter : i8237_parameters()) {
            for (const std::uint32_t value : {parameter.least, parameter.most}) {
                I8237Timing timing;
                timing.dreq_sample = member == &I8237Timing::dreq_sample ? 64 : 1;
                timing.hlda_sample = member == &I8237Timing::hlda_sample ? 64 : 1;
                timing.*parameter.member = value;
                for (const std::uint8_t kind : {mode::kDemand, mode::kSingle, mode::kBlock}) {
                    I8237Run run;
                    run.mode = kind;
                    run.transfer = mode::kRead;
                    run.count = 20;
                    EXPECT_EQ(measure_i8237(timing, run).write_strobes.size(), 20U) << parameter.name << " " << value;
                }
            }
        }
    }
}

TEST(I8237Table, RefusesWhatItDoesNotKnow) {
    const auto refusal = [](const std::vector<std::string>& inputs) -> std::string {
        try {
            i8237_row(i8237_timing("i8237"), inputs);
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_THAT(refusal({"fast", "block", "write", "1", "0"}),
                HasSubstr("cmd: must be normal, extended_write or compressed, not \"fast\""));
    EXPECT_THAT(refusal({"normal", "cascade", "write", "1", "0"}),
                HasSubstr("mode: must be demand, single, block or memory_to_memory, not \"cascade\""));
    EXPECT_THAT(refusal({"normal", "block", "copy", "1", "0"}),
                HasSubstr("xfer: must be write, read or verify, not \"copy\""));
    EXPECT_THAT(refusal({"normal", "memory_to_memory", "write", "1", "0"}), HasSubstr("xfer: must be copy"));
    for (const char* count : {"0", "65537", "", "-1", "1 ", "1x", "99999999999", "0x"}) {
        EXPECT_THAT(refusal({"normal", "block", "write", count, "0"}), HasSubstr("count: must be")) << count;
    }
    EXPECT_THAT(refusal({"normal", "block", "write", "1", "65536"}), HasSubstr("addr: must be"));
    EXPECT_THAT(refusal({"normal", "block", "write", "1"}), HasSubstr("4 input columns, not 5"));
    I8237Run run;
    EXPECT_THROW(measure_i8237(i8237_timing("i8237"), run), ConfigError) << "no byte";
    run.count = 1;
    run.mode = mode::kCascade;
    EXPECT_THROW(measure_i8237(i8237_timing("i8237"), run), ConfigError);
}

TEST(I8237Timings, TableParametersAndRanges) {
    ASSERT_EQ(i8237_timings().size(), 2U);
    EXPECT_EQ(i8237_timing("i8237").always_wait, 0U);
    EXPECT_EQ(i8237_timing("i8237_always_wait").always_wait, 1U);
    EXPECT_THROW(i8237_timing("8237"), ConfigError);
    I8237Timing timing;
    EXPECT_THROW(set_i8237_parameter(timing, "wait", 1), ConfigError);
    class NoBus final : public I8237Bus {
      public:
        void pins(const I8237Pins&, Cycles) override {}
        std::uint8_t data(Cycles) override { return 0; }
    } bus;
    for (const I8237Parameter& parameter : i8237_parameters()) {
        EXPECT_NO_THROW(set_i8237_parameter(timing, parameter.name, parameter.most));
        EXPECT_EQ(timing.*parameter.member, parameter.most);
        EXPECT_NO_THROW(set_i8237_parameter(timing, parameter.name, parameter.least));
        EXPECT_THROW(set_i8237_parameter(timing, parameter.name, parameter.most + 1ULL), ConfigError);
        EXPECT_THROW(set_i8237_parameter(timing, parameter.name, 1ULL << 32), ConfigError);
        I8237Timing bad;
        bad.*parameter.member = parameter.most + 1;
        EXPECT_EQ(validate(bad).size(), 1U) << parameter.name;
        EXPECT_THROW(I8237Core(bad, bus), ConfigError) << parameter.name;
        if (parameter.least > 0) {
            EXPECT_THROW(set_i8237_parameter(timing, parameter.name, parameter.least - 1), ConfigError);
        }
    }
}

// ------------------------------------------------------------------------------------------------------ one controller

/// A controller with a memory, a CPU that answers HRQ and a record of all pins.
class Rig final : public I8237Bus {
  public:
    explicit Rig(const I8237Timing& timing = {}) : core(timing, *this), memory(65536) {
        for (std::size_t i = 0; i < memory.size(); ++i) {
            memory[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8));
        }
    }

    void pins(const I8237Pins& now, Cycles at) override {
        if (now.hrq != before.hrq && answers_hrq) {
            core.set_hlda(now.hrq, at);
        }
        if (now.hrq && !before.hrq) {
            services.push_back(now.channel);
        }
        // A write ends with the strobe.
        if (before.memw && !now.memw && before.drives_data) {
            memory[before.address] = before.data;
        }
        if (now.memw || now.memr) {
            addresses.push_back(now.address);
        }
        before = now;
        history[at.count()] = now;
    }
    std::uint8_t data(Cycles) override { return memory[before.address]; }

    void run_before(std::uint64_t edge) { core.advance_to(Cycles{edge}); }

    /// Pins at stamp `at`.
    I8237Pins at(std::uint64_t stamp) {
        run_before(stamp + 1);
        auto next = history.upper_bound(stamp);
        return next == history.begin() ? I8237Pins{} : std::prev(next)->second;
    }
    std::string state_at(std::uint64_t stamp) { return std::string(name_of(at(stamp).state)); }
    /// States of the stamps `first` to `last`.
    std::string states(std::uint64_t first, std::uint64_t last) {
        std::string text;
        for (std::uint64_t stamp = first; stamp <= last; ++stamp) {
            text += (text.empty() ? "" : " ") + state_at(stamp);
        }
        return text;
    }

    void word(unsigned offset, std::uint16_t value, std::uint64_t stamp = 0) {
        core.write(offset, static_cast<std::uint8_t>(value & 0xFF), Cycles{stamp});
        core.write(offset, static_cast<std::uint8_t>(value >> 8), Cycles{stamp});
    }
    std::uint16_t read_word(unsigned offset, std::uint64_t stamp) {
        const unsigned low = core.read(offset, Cycles{stamp});
        return static_cast<std::uint16_t>(low + 256U * core.read(offset, Cycles{stamp}));
    }
    /// Programs `channel` at stamp 0 and takes its mask away.
    void channel(unsigned number, std::uint8_t bits, std::uint16_t address, std::uint16_t count) {
        word(i8237_address_offset(number), address);
        word(i8237_count_offset(number), count);
        core.write(kMode, static_cast<std::uint8_t>(bits | number), Cycles{0});
        core.write(kSingleMask, static_cast<std::uint8_t>(number), Cycles{0});
    }

    I8237Core core;
    std::vector<std::uint8_t> memory;
    bool answers_hrq = true;
    I8237Pins before;
    std::map<std::uint64_t, I8237Pins> history;
    std::vector<unsigned> services;
    std::vector<std::uint16_t> addresses;
};

std::string strobes(const I8237Pins& p) {
    std::string text;
    for (const auto& [name, on] : {std::pair{"hrq ", p.hrq},
                                   {"dack ", p.dack != 0},
                                   {"tc ", p.tc},
                                   {"aen ", p.aen},
                                   {"adstb ", p.adstb},
                                   {"ior ", p.ior},
                                   {"iow ", p.iow},
                                   {"memr ", p.memr},
                                   {"memw ", p.memw}}) {
        text += on ? name : "";
    }
    return text;
}

TEST(I8237Pins, OneByteOfEachTiming) {
    struct Case {
        std::uint8_t command;
        std::uint8_t transfer;
        std::vector<std::string> stamps;  ///< From stamp 1; DREQ has stamp 0.
    };
    const std::vector<Case> cases{
        {0,
         mode::kWrite,
         {"", "hrq ", "hrq ", "hrq dack aen adstb ", "hrq dack aen ior ", "hrq dack tc aen ior memw ", "aen ", ""}},
        {0,
         mode::kRead,
         {"", "hrq ", "hrq ", "hrq dack aen adstb ", "hrq dack aen memr ", "hrq dack tc aen iow memr ", "aen ", ""}},
        {0,
         mode::kVerify,
         {"", "hrq ", "hrq ", "hrq dack aen adstb ", "hrq dack aen ", "hrq dack tc aen ", "aen ", ""}},
        {0,
         mode::kTransferMask,
         {"", "hrq ", "hrq ", "hrq dack aen adstb ", "hrq dack aen ", "hrq dack tc aen ", "aen ", ""}},
        {command::kExtendedWrite,
         mode::kWrite,
         {"", "hrq ", "hrq ", "hrq dack aen adstb ", "hrq dack aen ior memw ", "hrq dack tc aen ior memw ", "aen ",
          ""}},
        {command::kCompressed,
         mode::kWrite,
         {"", "hrq ", "hrq ", "hrq dack aen adstb ", "hrq dack tc aen ior memw ", "aen ", "", ""}},
    };
    for (const Case& one : cases) {
        Rig rig;
        rig.core.write(kCommand, one.command, Cycles{0});
        rig.channel(2, static_cast<std::uint8_t>(mode::kSingle | one.transfer), 0x1234, 0);
        rig.core.set_dreq(2, true, Cycles{0});
        for (std::size_t i = 0; i < one.stamps.size(); ++i) {
            EXPECT_EQ(strobes(rig.at(i + 1)), one.stamps[i])
                << "stamp " << i + 1 << " command " << +one.command << " transfer " << +one.transfer;
        }
        EXPECT_EQ(rig.at(4).address, 0x1234);
        EXPECT_TRUE(rig.at(4).drives_data);
        EXPECT_EQ(rig.at(4).data, 0x12);
        EXPECT_FALSE(rig.at(5).drives_data);
        EXPECT_EQ(rig.at(4).dack, 4);
        EXPECT_EQ(rig.at(4).dack_levels, 0xB);
        EXPECT_EQ(rig.core.next_edge(), kNever);
    }
}

TEST(I8237Pins, DackPolarityAndDreqPolarity) {
    Rig rig;
    EXPECT_EQ(rig.before.dack_levels, 0xF);
    rig.core.write(kCommand, command::kDackActiveHigh | command::kDreqActiveLow, Cycles{0});
    for (unsigned channel = 0; channel < 4; ++channel) {
        rig.core.set_dreq(channel, true, Cycles{0});
    }
    rig.channel(1, mode::kSingle | mode::kWrite, 0, 5);
    rig.run_before(20);
    EXPECT_EQ(rig.core.state(), I8237State::Si);
    EXPECT_EQ(rig.before.dack_levels, 0);
    EXPECT_EQ(rig.core.read(kStatus, Cycles{20}) & 0xF0, 0);
    rig.core.set_dreq(1, false, Cycles{20});
    EXPECT_EQ(rig.at(24).dack_levels, 2);
    EXPECT_EQ(rig.core.read(kStatus, Cycles{25}) & 0xF0, 0x20);
}

TEST(I8237Handover, BothSidesOfEverySample) {
    for (std::uint32_t sample = 1; sample <= 4; ++sample) {
        I8237Timing timing;
        timing.dreq_sample = sample;
        timing.hlda_sample = sample;
        Rig rig(timing);
        rig.answers_hrq = false;
        rig.channel(0, mode::kDemand | mode::kWrite, 0, 100);
        rig.core.set_dreq(0, true, Cycles{10});
        EXPECT_EQ(rig.state_at(10 + sample - 1), "SI");
        EXPECT_EQ(rig.state_at(10 + sample), "S0");
        rig.run_before(40);
        EXPECT_EQ(rig.core.next_edge(), kNever) << "S0 is not looked at clock by clock";
        rig.core.set_hlda(true, Cycles{40});
        EXPECT_EQ(rig.state_at(40 + sample - 1), "S0");
        EXPECT_EQ(rig.state_at(40 + sample), "S1");
        // S4 of the tenth byte is left at this edge. Its decision sees what has stamps up to edge - sample.
        const std::uint64_t edge = 40 + sample + 1 + 10 * 3;
        rig.run_before(edge - sample);
        Rig& stops = rig;
        stops.core.set_dreq(0, false, Cycles{edge - sample});
        EXPECT_EQ(stops.state_at(edge), "SI");

        Rig late(timing);
        late.channel(0, mode::kDemand | mode::kWrite, 0, 100);
        late.core.set_dreq(0, true, Cycles{0});
        const std::uint64_t leaves = sample + sample + 1 + 10 * 3;
        late.core.set_dreq(0, false, Cycles{leaves - sample + 1});
        EXPECT_EQ(late.state_at(leaves), "S2");
        EXPECT_EQ(late.state_at(leaves + 3), "SI");
    }
}

TEST(I8237Ready, BothSidesOfEverySample) {
    for (std::uint32_t sample = 1; sample <= 3; ++sample) {
        for (std::uint32_t always = 0; always <= 2; ++always) {
            I8237Timing timing;
            timing.ready_sample = sample;
            timing.always_wait = always;
            // DREQ at 0: S2 at 4, S3 at 5, then the waits; the decision looks at READY at edge 6 + always.
            const std::uint64_t decides = 6 + always;
            const auto waits = [&](std::uint64_t low, std::uint64_t high) {
                Rig rig(timing);
                rig.channel(0, mode::kSingle | mode::kWrite, 0, 5);
                rig.core.set_dreq(0, true, Cycles{0});
                rig.core.set_ready(false, Cycles{low});
                rig.core.set_ready(true, Cycles{high});
                std::uint64_t count = 0;
                for (std::uint64_t stamp = 1; rig.state_at(stamp) != "S4"; ++stamp) {
                    count += rig.state_at(stamp) == "SW" ? 1 : 0;
                }
                return count;
            };
            EXPECT_EQ(waits(decides - sample, decides - sample + 1), always + 1U);
            EXPECT_EQ(waits(decides - sample, decides - sample + 4), always + 4U);
            EXPECT_EQ(waits(decides - sample + 1, decides - sample + 9), std::uint64_t{always}) << "comes too late";
            EXPECT_EQ(waits(decides - sample - 1, decides - sample), std::uint64_t{always}) << "is over";
        }
    }
}

TEST(I8237Ready, InVerifyAndCompressedAsConfigured) {
    const auto states = [](const I8237Timing& timing, std::uint8_t command_bits, std::uint8_t transfer) {
        Rig rig(timing);
        rig.core.write(kCommand, command_bits, Cycles{0});
        rig.channel(0, static_cast<std::uint8_t>(mode::kSingle | transfer), 0, 5);
        rig.core.set_dreq(0, true, Cycles{0});
        rig.core.set_ready(false, Cycles{0});
        rig.core.set_ready(true, Cycles{8});
        return rig.states(4, 10);
    };
    I8237Timing timing;
    EXPECT_EQ(states(timing, 0, mode::kWrite), "S2 S3 SW SW SW S4 SI");
    EXPECT_EQ(states(timing, command::kCompressed, mode::kWrite), "S2 SW SW SW SW S4 SI");
    EXPECT_EQ(states(timing, 0, mode::kVerify), "S2 S3 S4 SI S0 S1 S2");
    timing.ready_in_verify = 1;
    EXPECT_EQ(states(timing, 0, mode::kVerify), "S2 S3 SW SW SW S4 SI");
    timing.ready_in_compressed = 0;
    EXPECT_EQ(states(timing, command::kCompressed, mode::kVerify), "S2 S4 SI S0 S1 S2 S4");
    EXPECT_EQ(states(timing, command::kCompressed, mode::kWrite), "S2 S4 SI S0 S1 S2 S4");
    timing.always_wait = 1;
    EXPECT_EQ(states(timing, command::kCompressed, mode::kWrite), "S2 SW S4 SI S0 S1 S2");
    timing.always_wait = 255;
    EXPECT_EQ(states(timing, 0, mode::kVerify), "S2 S3 SW SW SW S4 SI");
}

TEST(I8237Ready, AnAnswerToTheReadStrobeIsHeard) {
    // A memory that takes READY away with its first read strobe, for three clocks.
    class SlowMemory final : public I8237Bus {
      public:
        void pins(const I8237Pins& now, Cycles at) override {
            if (now.memr && !answered_) {
                answered_ = true;
                core->set_ready(false, at);
                core->set_ready(true, at + 3);
            }
        }
        std::uint8_t data(Cycles) override { return 0; }
        I8237Core* core = nullptr;

      private:
        bool answered_ = false;
    };
    for (const bool compressed : {false, true}) {
        SlowMemory memory;
        I8237Core core({}, memory);
        memory.core = &core;
        core.write(kCommand, compressed ? command::kCompressed : 0, Cycles{0});
        core.write(i8237_count_offset(0), 1, Cycles{0});
        core.write(i8237_count_offset(0), 0, Cycles{0});
        core.write(kMode, mode::kBlock | mode::kRead, Cycles{0});
        core.write(kSingleMask, 0, Cycles{0});
        core.set_hlda(true, Cycles{0});
        core.set_dreq(0, true, Cycles{0});
        std::string states;
        for (std::uint64_t edge = 2; edge < 16; ++edge) {
            core.advance_to(Cycles{edge + 1});
            states += std::string(name_of(core.state())) + " ";
        }
        // Read strobe at 5; READY low at the edges 6 to 8.
        EXPECT_EQ(states, compressed ? "S0 S1 S2 S4 S2 SW SW S4 SI SI SI SI SI SI "
                                     : "S0 S1 S2 S3 SW SW SW S4 S2 S3 S4 SI SI SI ");
    }
}

TEST(I8237Ready, WaitingCostsNoEdges) {
    Rig rig;
    rig.channel(0, mode::kSingle | mode::kWrite, 0, 5);
    rig.core.set_dreq(0, true, Cycles{0});
    rig.core.set_ready(false, Cycles{0});
    rig.run_before(1000);
    EXPECT_EQ(rig.core.state(), I8237State::Sw);
    EXPECT_EQ(rig.core.next_edge(), kNever);
    rig.core.set_ready(true, Cycles{1000});
    EXPECT_EQ(rig.core.next_edge(), Cycles{1001});
    EXPECT_EQ(rig.states(1000, 1002), "SW S4 SI");
}

// What the measured table does not have: READY, EOP, verify, and memory to memory. The states are those of the data
// sheet's diagrams, and each number of the profile that is one off gives others.
TEST(I8237Table, TheParametersThatTheRowsDoNotKnowDecideTheseStates) {
    using Waveform = std::pair<const char*, std::function<std::string(const I8237Timing&)>>;
    const auto serve = [](const I8237Timing& timing, std::uint8_t command_bits, std::uint8_t mode_bits,
                          const std::function<void(Rig&)>& pins) {
        Rig rig(timing);
        rig.core.write(kCommand, command_bits, Cycles{0});
        rig.channel(0, mode_bits, 0, 5);
        rig.core.set_dreq(0, true, Cycles{0});
        pins(rig);
        return rig.states(4, 12);
    };
    const auto ready_low = [](std::uint64_t from, std::uint64_t to) {
        return [from, to](Rig& rig) {
            rig.core.set_ready(false, Cycles{from});
            rig.core.set_ready(true, Cycles{to});
        };
    };
    const std::vector<std::pair<Waveform, std::string>> expected{
        // READY falls just in time for S3 of the first byte.
        {{"ready", [&](const I8237Timing& t) { return serve(t, 0, mode::kBlock | mode::kWrite, ready_low(5, 6)); }},
         "S2 S3 SW S4 S2 S3 S4 S2 S3"},
        // EOP falls just in time for S4 of the second byte.
        {{"eop",
          [&](const I8237Timing& t) {
              return serve(t, 0, mode::kBlock | mode::kWrite, [](Rig& rig) {
                  rig.core.set_eop(true, Cycles{9});
                  rig.core.set_eop(false, Cycles{10});
              });
          }},
         "S2 S3 S4 S2 S3 S4 SI SI SI"},
        {{"verify", [&](const I8237Timing& t) { return serve(t, 0, mode::kBlock | mode::kVerify, ready_low(0, 8)); }},
         "S2 S3 S4 S2 S3 S4 S2 S3 S4"},
        {{"compressed",
          [&](const I8237Timing& t) {
              return serve(t, command::kCompressed, mode::kBlock | mode::kWrite, ready_low(0, 8));
          }},
         "S2 SW SW SW SW S4 S2 S4 S2"},
        {{"memory to memory",
          [](const I8237Timing& t) {
              return i8237_row(t, {"normal", "memory_to_memory", "copy", "16", "0"}).front();
          }},
         "130"},
    };
    const std::map<std::string, std::string> decided_by{{"ready_sample", "ready"},
                                                        {"eop_sample", "eop"},
                                                        {"ready_in_verify", "verify"},
                                                        {"ready_in_compressed", "compressed"},
                                                        {"high_address_skip", "memory to memory"}};
    const I8237Timing intel = i8237_timing("i8237");
    for (const auto& [waveform, states] : expected) {
        EXPECT_EQ(waveform.second(intel), states) << waveform.first;
    }
    std::size_t tried = 0;
    for (const I8237Parameter& parameter : i8237_parameters()) {
        const auto found = decided_by.find(std::string(parameter.name));
        if (found == decided_by.end()) {
            continue;
        }
        const std::uint32_t value = intel.*parameter.member;
        for (const std::int64_t step : {-1, 1}) {
            const std::int64_t next = std::int64_t{value} + step;
            if (next < std::int64_t{parameter.least} || next > std::int64_t{parameter.most}) {
                continue;
            }
            I8237Timing off = intel;
            off.*parameter.member = static_cast<std::uint32_t>(next);
            ++tried;
            for (const auto& [waveform, states] : expected) {
                if (waveform.first == found->second) {
                    EXPECT_NE(waveform.second(off), states) << parameter.name << " " << next;
                }
            }
        }
    }
    EXPECT_EQ(tried, 5U);
}

TEST(I8237Eop, EndsTheServiceAfterTheByte) {
    for (std::uint32_t sample = 1; sample <= 2; ++sample) {
        I8237Timing timing;
        timing.eop_sample = sample;
        for (const std::uint64_t low : {std::uint64_t{8}, std::uint64_t{9}}) {
            Rig rig(timing);
            rig.channel(3, mode::kBlock | mode::kRead, 0x100, 50);
            rig.core.set_dreq(3, true, Cycles{0});
            // S4 of the second byte is entered at 9 and left at 10.
            rig.core.set_eop(true, Cycles{low + 2 - sample});
            rig.core.set_eop(false, Cycles{low + 3 - sample});
            EXPECT_EQ(rig.states(9, 10), low == 8 ? "S4 SI" : "S4 S2");
            EXPECT_EQ(rig.state_at(13), "SI") << "the pulse is kept until the end of the byte";
            rig.run_before(30);
            const std::uint16_t bytes = low == 8 ? 2 : 3;
            EXPECT_EQ(rig.read_word(i8237_address_offset(3), 30), 0x100 + bytes);
            EXPECT_EQ(rig.read_word(i8237_count_offset(3), 30), 50 - bytes);
            EXPECT_EQ(rig.core.read(kStatus, Cycles{30}), 0x88);
            EXPECT_EQ(rig.core.registers().mask, 0xF);
        }
    }
    Rig idle;
    idle.core.set_eop(true, Cycles{0});
    idle.core.set_eop(false, Cycles{20});
    idle.channel(3, mode::kBlock | mode::kRead, 0x100, 50);
    idle.core.set_dreq(3, true, Cycles{17});
    // S0 is entered at 19, S1 at 20: the level is gone at 21, when S1 is left.
    idle.run_before(60);
    EXPECT_NE(idle.core.state(), I8237State::Si) << "EOP before the service does not count";
}

TEST(I8237Modes, TerminalCountAutoinitialiseAndMask) {
    for (const bool again : {false, true}) {
        Rig rig;
        rig.channel(1, static_cast<std::uint8_t>(mode::kBlock | mode::kWrite | (again ? mode::kAutoinitialise : 0)),
                    0x20, 2);
        rig.core.set_dreq(1, true, Cycles{0});
        // Three bytes: count + 1. TC with S4 of the third.
        EXPECT_FALSE(rig.at(11).tc);
        EXPECT_TRUE(rig.at(12).tc);
        EXPECT_FALSE(rig.at(13).tc);
        EXPECT_EQ(rig.states(10, 14), again ? "S2 S3 S4 SI S0" : "S2 S3 S4 SI SI");
        EXPECT_EQ(rig.core.registers().mask & 2, again ? 0 : 2);
        EXPECT_EQ(rig.core.registers().terminal_count, 2);
        EXPECT_EQ(rig.core.registers().channels[1].address, again ? 0x20 : 0x23);
        EXPECT_EQ(rig.core.registers().channels[1].count, again ? 2 : 0xFFFF);
    }
}

TEST(I8237Modes, AddressWrapsWithin64KiBAndCountsDown) {
    Rig up;
    up.channel(0, mode::kBlock | mode::kRead, 0xFFFE, 3);
    up.core.set_dreq(0, true, Cycles{0});
    // The wrap changes the high byte: an S1 with the new one.
    EXPECT_EQ(up.states(3, 17), "S1 S2 S3 S4 S2 S3 S4 S1 S2 S3 S4 S2 S3 S4 SI");
    EXPECT_EQ(up.at(11).data, 0x00);
    EXPECT_EQ(up.at(11).dack, 1) << "DACK stays active in an S1 within a service";
    EXPECT_EQ(up.core.registers().channels[0].address, 2);
    EXPECT_THAT(up.addresses, testing::Contains(0xFFFF));
    EXPECT_THAT(up.addresses, testing::Contains(0x0001));

    Rig down;
    down.channel(0, mode::kBlock | mode::kRead | mode::kDecrement, 0x0101, 3);
    down.core.set_dreq(0, true, Cycles{0});
    EXPECT_EQ(down.states(3, 17), "S1 S2 S3 S4 S2 S3 S4 S1 S2 S3 S4 S2 S3 S4 SI");
    EXPECT_EQ(down.core.registers().channels[0].address, 0x00FD);
}

TEST(I8237Modes, BlockRunsOnWithoutDreqAndDemandComesBack) {
    Rig block;
    block.channel(0, mode::kBlock | mode::kWrite, 0, 9);
    block.core.set_dreq(0, true, Cycles{0});
    block.core.set_dreq(0, false, Cycles{4});
    block.run_before(60);
    EXPECT_EQ(block.core.registers().terminal_count, 1);
    EXPECT_EQ(block.services.size(), 1U);

    Rig demand;
    demand.channel(0, mode::kDemand | mode::kWrite, 0x10, 9);
    demand.core.set_dreq(0, true, Cycles{0});
    demand.core.set_dreq(0, false, Cycles{8});
    demand.run_before(40);
    EXPECT_EQ(demand.core.registers().terminal_count, 0);
    EXPECT_EQ(demand.read_word(i8237_address_offset(0), 40), 0x12) << "address and count survive the pause";
    EXPECT_EQ(demand.core.next_edge(), Cycles{41}) << "the reads have inverted the flip-flop";
    demand.core.set_dreq(0, true, Cycles{40});
    demand.run_before(100);
    EXPECT_EQ(demand.core.registers().terminal_count, 1);
    EXPECT_EQ(demand.read_word(i8237_address_offset(0), 100), 0x1A);
    EXPECT_EQ(demand.services.size(), 2U);
}

TEST(I8237Priority, FixedAndRotating) {
    for (const bool rotating : {false, true}) {
        Rig rig;
        rig.core.write(kCommand, rotating ? command::kRotating : 0, Cycles{0});
        for (unsigned channel = 0; channel < 4; ++channel) {
            rig.channel(channel, mode::kSingle | mode::kWrite, 0, 2);
            rig.core.set_dreq(channel, true, Cycles{0});
        }
        rig.run_before(200);
        if (rotating) {
            EXPECT_THAT(rig.services, ElementsAre(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3));
        } else {
            EXPECT_THAT(rig.services, ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3));
        }
    }
    // The channel that was served last is the last one, also of channels that come later.
    Rig rig;
    rig.core.write(kCommand, command::kRotating, Cycles{0});
    for (unsigned channel = 0; channel < 4; ++channel) {
        rig.channel(channel, mode::kSingle | mode::kWrite, 0, 0);
    }
    rig.core.set_dreq(2, true, Cycles{0});
    for (const unsigned channel : {0U, 1U, 3U}) {
        rig.core.set_dreq(channel, true, Cycles{3});
    }
    rig.run_before(100);
    EXPECT_THAT(rig.services, ElementsAre(2, 3, 0, 1));
}

TEST(I8237Requests, SoftwareNeedsBlockModeAndIsNotMasked) {
    Rig rig;
    rig.channel(1, mode::kBlock | mode::kRead, 0, 3);
    rig.channel(2, mode::kSingle | mode::kRead, 0, 3);
    rig.core.write(kAllMasks, 0xF, Cycles{0});
    rig.core.write(kRequest, 6, Cycles{5});
    rig.run_before(40);
    EXPECT_TRUE(rig.services.empty()) << "single mode";
    rig.core.write(kRequest, 5, Cycles{40});
    EXPECT_EQ(rig.states(40, 42), "SI S0 S1");
    rig.run_before(80);
    EXPECT_THAT(rig.services, ElementsAre(1));
    EXPECT_EQ(rig.core.registers().request, 4) << "TC takes its own request away";
    EXPECT_EQ(rig.core.read(kStatus, Cycles{80}), 2);
}

TEST(I8237Requests, DisableStopsNewServicesOnly) {
    Rig rig;
    rig.channel(0, mode::kBlock | mode::kRead, 0, 3);
    rig.core.set_dreq(0, true, Cycles{0});
    rig.core.write(kCommand, command::kDisable, Cycles{6});
    rig.run_before(50);
    EXPECT_EQ(rig.core.registers().terminal_count, 1);
    rig.core.write(kClearMask, 0, Cycles{50});
    rig.run_before(80);
    EXPECT_EQ(rig.core.state(), I8237State::Si);
    EXPECT_EQ(rig.core.next_edge(), kNever);
    rig.core.write(kCommand, 0, Cycles{80});
    EXPECT_EQ(rig.states(80, 81), "SI S0");
}

TEST(I8237Memory, CopiesThroughTheTemporaryRegister) {
    Rig rig;
    const std::vector<std::uint8_t> source(rig.memory.begin() + 0x10F8, rig.memory.begin() + 0x1108);
    rig.core.write(kCommand, command::kMemoryToMemory, Cycles{0});
    rig.channel(0, mode::kBlock, 0x10F8, 15);
    rig.channel(1, mode::kBlock, 0x8000, 15);
    rig.core.write(kRequest, 4, Cycles{0});
    EXPECT_EQ(rig.states(1, 10), "S0 S11 S12 S13 S14 S21 S22 S23 S24 S11");
    rig.run_before(1 + 1 + 16 * 8);
    EXPECT_TRUE(rig.before.tc);
    rig.run_before(200);
    EXPECT_EQ(std::vector<std::uint8_t>(rig.memory.begin() + 0x8000, rig.memory.begin() + 0x8010), source);
    EXPECT_EQ(rig.core.read(kTemporary, Cycles{200}), source.back());
    EXPECT_EQ(rig.core.read(kStatus, Cycles{200}), 3);
    EXPECT_EQ(rig.core.registers().request, 0);
    for (const auto& [stamp, pins] : rig.history) {
        EXPECT_EQ(pins.dack, 0) << "nobody is acknowledged";
        EXPECT_FALSE(pins.ior || pins.iow);
    }
}

TEST(I8237Memory, AddressHoldFillsABlock) {
    Rig rig;
    const std::uint8_t value = rig.memory[0x4321];
    rig.core.write(kCommand, command::kMemoryToMemory | command::kAddressHold, Cycles{0});
    rig.channel(0, mode::kBlock, 0x4321, 9);
    rig.channel(1, mode::kBlock | mode::kDecrement, 0x9009, 9);
    rig.core.write(kRequest, 4, Cycles{0});
    rig.run_before(200);
    for (unsigned i = 0; i < 10; ++i) {
        EXPECT_EQ(rig.memory[0x9000 + i], value);
    }
    EXPECT_NE(rig.memory[0x900A], value);
    EXPECT_EQ(rig.core.registers().channels[0].address, 0x4321);
}

// ------------------------------------------------------------------------------------------------------------ registers

TEST(I8237Register, WordsThroughTheFlipFlop) {
    Rig rig;
    for (unsigned offset = 0; offset < 8; ++offset) {
        rig.word(offset, static_cast<std::uint16_t>(0x1122 * (offset + 1)));
    }
    for (unsigned offset = 0; offset < 8; ++offset) {
        EXPECT_EQ(rig.read_word(offset, 0), static_cast<std::uint16_t>(0x1122 * (offset + 1)));
    }
    // One flip-flop for all: a single access turns the others round, and offset C puts it right.
    EXPECT_EQ(rig.core.read(0, Cycles{1}), 0x22);
    EXPECT_EQ(rig.core.read(2, Cycles{1}), 0x33) << "high byte of 0x3366";
    EXPECT_EQ(rig.core.read(2, Cycles{1}), 0x66);
    rig.core.write(kClearFlipFlop, 0xFF, Cycles{1});
    EXPECT_EQ(rig.core.read(2, Cycles{1}), 0x66);
    rig.core.write(3, 0xAB, Cycles{2});
    rig.run_before(3);
    EXPECT_EQ(rig.read_word(3, 3), 0xAB88) << "the write went to the high byte of 0x4488";
    EXPECT_EQ(rig.core.peek(3), 0x88);
    EXPECT_EQ(rig.core.peek(3), 0x88) << "peek has no effect";
    EXPECT_EQ(rig.core.read(0x13, Cycles{3}), 0x88) << "only bits 3:0 of the offset count";
}

TEST(I8237Register, MaskRequestAndWhatIsNotDriven) {
    Rig rig;
    const auto mask = [&](std::uint64_t stamp) {
        rig.run_before(stamp + 1);
        return +rig.core.registers().mask;
    };
    EXPECT_EQ(mask(0), 0xF);
    rig.core.write(kSingleMask, 0x02, Cycles{1});
    EXPECT_EQ(mask(2), 0xB);
    rig.core.write(kSingleMask, 0xF6, Cycles{2});
    EXPECT_EQ(mask(3), 0xF);
    rig.core.write(kAllMasks, 0xF5, Cycles{3});
    EXPECT_EQ(mask(4), 0x5);
    rig.core.write(kClearMask, 0xFF, Cycles{4});
    EXPECT_EQ(mask(5), 0);
    rig.core.write(kRequest, 0x07, Cycles{5});
    rig.core.write(kRequest, 0x05, Cycles{5});
    rig.core.write(kRequest, 0x03, Cycles{5});
    rig.run_before(7);
    EXPECT_EQ(rig.core.registers().request, 2);
    for (const unsigned offset : {kRequest, kSingleMask, kMode, kClearFlipFlop, kClearMask, kAllMasks}) {
        EXPECT_EQ(rig.core.read(offset, Cycles{7}), kI8237Undriven);
    }
    EXPECT_FALSE(rig.core.registers().high_byte);
}

TEST(I8237Register, MasterClearAndReset) {
    for (const bool by_pin : {false, true}) {
        Rig rig;
        rig.core.write(kCommand, command::kRotating, Cycles{0});
        rig.channel(2, mode::kBlock | mode::kWrite, 0x1200, 50);
        rig.core.write(2, 0x77, Cycles{0});
        rig.core.set_dreq(2, true, Cycles{0});
        rig.run_before(10);
        ASSERT_TRUE(rig.before.aen);
        if (by_pin) {
            rig.core.reset(Cycles{10});
        } else {
            rig.core.write(kMasterClear, 0, Cycles{10});
        }
        EXPECT_EQ(rig.core.peek(kTemporary), 0);
        EXPECT_NE(strobes(rig.at(10)), "");
        EXPECT_EQ(strobes(rig.at(11)), "") << "all pins at once";
        rig.run_before(40);
        const I8237Registers& registers = rig.core.registers();
        EXPECT_EQ(registers.command, 0);
        EXPECT_EQ(registers.mask, 0xF);
        EXPECT_EQ(registers.request, 0);
        EXPECT_EQ(registers.terminal_count, 0);
        EXPECT_FALSE(registers.high_byte);
        EXPECT_EQ(registers.channels[2].mode, mode::kBlock | mode::kWrite) << "modes stay";
        EXPECT_EQ(registers.channels[2].base_address, 0x1200);
        EXPECT_EQ(rig.services.size(), 1U);
        EXPECT_EQ(rig.core.next_edge(), kNever);
    }
}

TEST(I8237Register, StatusReadClearsWhatItReturned) {
    // TC of a one-byte transfer is set at the edge 7 that leaves S4.
    for (const bool evaluated_first : {false, true}) {
        Rig rig;
        rig.channel(0, mode::kSingle | mode::kWrite, 0, 0);
        rig.core.set_dreq(0, true, Cycles{0});
        rig.run_before(evaluated_first ? 8 : 7);
        EXPECT_EQ(rig.core.read(kStatus, Cycles{7}), 0x10) << "an access with the edge's own stamp does not see it";
        rig.run_before(8);
        EXPECT_EQ(rig.core.read(kStatus, Cycles{8}), 0x11);
        EXPECT_EQ(rig.core.read(kStatus, Cycles{8}), 0x10);
        rig.run_before(20);
        EXPECT_EQ(rig.core.registers().terminal_count, 0);
    }
}

TEST(I8237Register, StatusShowsSampledRequests) {
    Rig rig;
    rig.core.set_dreq(1, true, Cycles{10});
    rig.run_before(11);
    EXPECT_EQ(rig.core.read(kStatus, Cycles{11}), 0x00);
    rig.run_before(12);
    EXPECT_EQ(rig.core.read(kStatus, Cycles{12}), 0x20) << "masked, and shown nevertheless";
}

TEST(I8237Register, AnAccessActsAtTheEdgeAfterItsStamp) {
    Rig rig;
    rig.channel(0, mode::kSingle | mode::kWrite, 0, 5);
    rig.core.write(kAllMasks, 0xF, Cycles{0});
    rig.core.set_dreq(0, true, Cycles{0});
    rig.run_before(20);
    EXPECT_EQ(rig.core.state(), I8237State::Si);
    rig.core.write(kSingleMask, 0, Cycles{20});
    EXPECT_EQ(rig.states(20, 21), "SI S0");
    EXPECT_EQ(rig.core.next_edge(), Cycles{22});
}

TEST(I8237Register, StampsOfThePastCountAsTheLeastThatIsAllowed) {
    Rig rig;
    rig.answers_hrq = false;
    rig.channel(0, mode::kSingle | mode::kWrite, 0, 5);
    rig.core.write(kAllMasks, 0xF, Cycles{30});
    rig.core.write(kAllMasks, 0, Cycles{10});
    rig.run_before(31);
    EXPECT_EQ(rig.core.registers().mask, 0xE);
    rig.run_before(32);
    EXPECT_EQ(rig.core.registers().mask, 0) << "after the one that was made before";
    rig.core.set_dreq(0, true, Cycles{5});
    EXPECT_EQ(rig.states(32, 33), "SI S0") << "the last edge was 31";
    rig.core.write(kSingleMask, 3, Cycles{7});
    EXPECT_EQ(rig.core.next_edge(), Cycles{34}) << "the last edge was 33";
    rig.core.set_hlda(false, Cycles{100});
    rig.core.set_hlda(true, Cycles{50});
    EXPECT_EQ(rig.states(99, 101), "S0 S0 S1");
}

TEST(I8237Register, IdleAsksForNoEdge) {
    Rig rig;
    EXPECT_EQ(rig.core.next_edge(), kNever);
    rig.core.set_dreq(0, true, Cycles{5});
    EXPECT_EQ(rig.core.next_edge(), Cycles{7});
    rig.run_before(8);
    EXPECT_EQ(rig.core.next_edge(), kNever) << "masked";
}

// ------------------------------------------------------------------------------------------------------- two controllers

/// Master and slave as in a PC/AT: the slave asks through channel 0 of the master.
class Pair {
  public:
    Pair() : slave_side_(*this, false), master_side_(*this, true), slave({}, slave_side_), master({}, master_side_) {}

    void run_before(std::uint64_t edge) {
        for (Cycles next = next_edge(); next < Cycles{edge}; next = next_edge()) {
            // Both orders must do.
            I8237Core& first = slave_first ? slave : master;
            I8237Core& second = slave_first ? master : slave;
            for (I8237Core* core : {&first, &second}) {
                if (core->next_edge() == next) {
                    core->evaluate(next);
                }
            }
        }
    }
    [[nodiscard]] Cycles next_edge() const { return std::min(slave.next_edge(), master.next_edge()); }

    std::map<std::string, std::uint64_t> stamps;  ///< First stamp of an event.

  private:
    class Side final : public I8237Bus {
      public:
        Side(Pair& pair, bool is_master) : pair_(pair), is_master_(is_master) {}
        void pins(const I8237Pins& now, Cycles at) override {
            const std::string who = is_master_ ? "master " : "slave ";
            const auto note = [&](const char* what, bool before, bool after) {
                if (before != after) {
                    pair_.stamps.try_emplace(who + what + (after ? "" : " off"), at.count());
                }
            };
            note("hrq", before_.hrq, now.hrq);
            note("dack", before_.dack != 0, now.dack != 0);
            note("aen", before_.aen, now.aen);
            note("memw", before_.memw, now.memw);
            if (is_master_) {
                if (before_.hrq != now.hrq) {
                    pair_.master.set_hlda(now.hrq, at);
                }
                pair_.slave.set_hlda((now.dack & 1) != 0, at);
            } else if (before_.hrq != now.hrq) {
                pair_.master.set_dreq(0, now.hrq, at);
            }
            before_ = now;
        }
        std::uint8_t data(Cycles) override { return 0; }

      private:
        Pair& pair_;
        bool is_master_;
        I8237Pins before_;
    };

    Side slave_side_;
    Side master_side_;

  public:
    I8237Core slave;
    I8237Core master;
    bool slave_first = true;
};

TEST(I8237Cascade, TheSlaveWorksThroughTheMaster) {
    std::map<std::string, std::uint64_t> seen;
    for (const bool slave_first : {true, false}) {
        Pair pair;
        pair.slave_first = slave_first;
        pair.master.write(kMode, mode::kCascade, Cycles{0});
        pair.master.write(kSingleMask, 0, Cycles{0});
        pair.slave.write(i8237_count_offset(2), 1, Cycles{0});
        pair.slave.write(i8237_count_offset(2), 0, Cycles{0});
        pair.slave.write(kMode, mode::kSingle | mode::kWrite | 2, Cycles{0});
        pair.slave.write(kSingleMask, 2, Cycles{0});
        pair.slave.set_dreq(2, true, Cycles{10});
        pair.run_before(14);
        pair.slave.set_dreq(2, false, Cycles{18});
        pair.run_before(60);
        EXPECT_EQ(pair.stamps.at("slave hrq"), 12U);
        EXPECT_EQ(pair.stamps.at("master hrq"), 14U) << "as any DREQ";
        EXPECT_EQ(pair.stamps.at("master dack"), 15U) << "SC follows S0";
        EXPECT_EQ(pair.stamps.at("slave aen"), 17U) << "S1 at 16";
        EXPECT_EQ(pair.stamps.at("slave memw"), 19U);
        EXPECT_EQ(pair.stamps.at("slave hrq off"), 20U);
        EXPECT_EQ(pair.stamps.at("master dack off"), 22U);
        EXPECT_EQ(pair.stamps.at("master hrq off"), 22U);
        EXPECT_EQ(pair.stamps.count("master aen"), 0U) << "the master drives nothing";
        EXPECT_EQ(pair.master.registers().channels[0].count, 0) << "and counts nothing";
        EXPECT_EQ(pair.slave.registers().channels[2].count, 0);
        EXPECT_EQ(pair.next_edge(), kNever);
        EXPECT_TRUE(seen.empty() || seen == pair.stamps);
        seen = pair.stamps;
    }
}

TEST(I8237Cascade, PagesOfBytesAndWords) {
    EXPECT_EQ(i8237_byte_address(0x12, 0x3456), 0x123456U);
    EXPECT_EQ(i8237_byte_address(0xFF, 0xFFFF), 0xFFFFFFU);
    EXPECT_EQ(i8237_word_address(0x12, 0x3456), 0x1268ACU);
    EXPECT_EQ(i8237_word_address(0x13, 0x8000), 0x130000U) << "bit 0 of the page is the address's bit 15";
    EXPECT_EQ(i8237_word_address(0x12, 0xFFFF) + 2, i8237_word_address(0x14, 0x0000));
}

}  // namespace
}  // namespace dmasim
