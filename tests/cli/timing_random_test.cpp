// SPDX-License-Identifier: Apache-2.0
//
// `dmasim timing` on random rows, all widths of data among them: what the SystemC modules give is what the clocked
// reference, a second implementation of the same pages of rules, gives; and a parameter that is one off is noticed.
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"

namespace dmasim::cli {
namespace {

using test::Outcome;
using test::run;
using test::TemporaryFolder;

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t in(std::uint64_t low, std::uint64_t high) { return low + engine_() % (high - low + 1); }
    const char* one_of(const std::vector<const char*>& values) { return values[engine_() % values.size()]; }
    std::uint64_t width() { return std::uint64_t{8} << in(0, 7); }
    /// Short ones as often as long ones.
    std::uint64_t length(std::uint64_t longest) { return in(1, in(0, 1) == 0 ? 80 : longest); }

  private:
    std::mt19937_64 engine_;
};

const std::vector<const char*>& memories() {
    static const std::vector<const char*> kNames{"ideal_L1",   "ideal_L2",  "ideal_L8",  "ideal_L32",
                                                 "ideal_L100", "wait_r1w0", "wait_r0w1", "wait_r3w3"};
    return kNames;
}

const std::vector<const char*>& banks() {
    static const std::vector<const char*> kNames{"SRAM_3c_8out", "RPC_13c_16out", "HBM_100c_64out"};
    return kNames;
}

struct Table {
    const char* name;
    const char* profile;
    const char* columns;
    std::function<std::string(Dice&)> row;
    std::size_t rows;      ///< By day; thirty times as many at night.
    const char* one_more;  ///< A parameter that no row of this table can do without.
};

std::string offset(Dice& dice) {
    return fmt::format("{:#x}", dice.in(0, 1) == 0 ? dice.in(0, 9) : dice.in(0, 5000));
}

std::string far_offset(Dice& dice) {
    return fmt::format("{:#x}", 0x80000 + (dice.in(0, 1) == 0 ? dice.in(0, 9) : dice.in(0, 5000)));
}

const std::vector<Table>& tables() {
    static const std::vector<Table> kTables{
        {"AxiCdmaSingle", "axi_cdma", "slave,dw,burst,len,src,dst",
         [](Dice& dice) {
             const char* const slave = dice.in(0, 3) == 0 ? "ram" : dice.one_of(memories());
             return fmt::format("{},{},{},{},{},{}", slave, dice.width(), 1 << dice.in(0, 8), dice.length(5000),
                                offset(dice), far_offset(dice));
         },
         600, "plan_to_request"},
        {"AxiCdmaBackToBack", "axi_cdma", "slave,dw,burst,len,misaligned,ndesc",
         [](Dice& dice) {
             const char* const slave = dice.in(0, 3) == 0 ? "ram" : dice.one_of(memories());
             return fmt::format("{},{},{},{},{},{}", slave, dice.width(), 1 << dice.in(0, 8), dice.length(1500),
                                dice.in(0, 1), dice.in(10, 24));
         },
         120, "accept_to_plan"},
        {"IdmaSingle", "idma", "slave,dw,bufdepth,nax,mode,len,src,dst",
         [](Dice& dice) {
             return fmt::format("{},{},{},{},{},{},{},{}", dice.one_of(memories()), dice.width(), dice.in(2, 6),
                                dice.in(1, 16), dice.one_of({"coupled", "decouple_rw", "decouple_rw_aw"}),
                                dice.length(5000), offset(dice), far_offset(dice));
         },
         600, "accept_to_plan"},
        {"IdmaStreams", "idma", "mem,dw,bufdepth,nax,misaligned,len,ndesc",
         [](Dice& dice) {
             return fmt::format("{},{},{},{},{},{},{}", dice.one_of(banks()), dice.width(), dice.in(2, 5),
                                1 << dice.in(0, 6), dice.in(0, 1), dice.length(1500), dice.in(16, 40));
         },
         120, "accept_to_plan"},
        {"AxiCdmaDescMux", "axi_cdma_desc_mux", "ports,round_robin,lsb_high,dw,burst,active_mask,len,ndesc,port",
         [](Dice& dice) {
             const std::uint64_t ports = dice.in(2, 4);
             const std::uint64_t mask = dice.in(1, (1U << ports) - 1);
             std::uint64_t port = dice.in(0, ports - 1);
             while ((mask >> port & 1) == 0) {
                 port = (port + 1) % ports;
             }
             return fmt::format("{},{},{},{},{},{:#x},{},{},{}", ports, dice.in(0, 1), dice.in(0, 1), dice.width(),
                                1 << dice.in(0, 8), mask, dice.length(600), dice.in(1, 10), port);
         },
         120, "response_to_status"},
        {"AxiFabric", "axi_cdma", "fabric,nm,ns,dw,burst,master,active_mask,len,ndesc,src_slave,dst_slave",
         [](Dice& dice) {
             // A burst has to fit into the write FIFO where masters contend (docs/beat-pipelines.md, "Fabrics").
             const char* const fabric = dice.one_of({"direct", "crossbar", "split_interconnect"});
             const bool direct = std::string(fabric) == "direct";
             const bool crossbar = std::string(fabric) == "crossbar";
             const std::uint64_t masters = direct ? 1 : 1 << dice.in(0, crossbar ? 2 : 1);
             const std::uint64_t slaves = direct ? 1 : dice.in(1, 2);
             const std::uint64_t width = dice.width();
             return fmt::format("{},{},{},{},{},{},{:#x},{},{},{},{}", fabric, masters, slaves, width,
                                1 << dice.in(0, 4), dice.in(0, masters - 1), (1 << masters) - 1,
                                dice.in(1, 40) * width / 8, dice.in(1, 6), dice.in(0, slaves - 1),
                                dice.in(0, slaves - 1));
         },
         120, "accept_to_plan"},
        {"I8237", "i8237", "cmd,mode,xfer,count,addr",
         [](Dice& dice) {
             return fmt::format("{},{},{},{},{:#x}", dice.one_of({"normal", "extended_write", "compressed"}),
                                dice.one_of({"single", "block", "demand"}), dice.one_of({"read", "write"}),
                                dice.in(1, 300), dice.in(0, 0xFFFF));
         },
         120, "hlda_sample"},
    };
    return kTables;
}

class RandomRows : public testing::TestWithParam<Table> {};

TEST_P(RandomRows, SystemCModulesAndReferenceAgree) {
    const Table& table = GetParam();
    const bool nightly = std::getenv("DMASIM_NIGHTLY") != nullptr;
    const std::uint64_t seed = nightly ? 7001 : 7000;
    RecordProperty("seed", std::to_string(seed));
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const std::size_t rows = table.rows * (nightly ? 30 : 1);
    Dice dice(seed);
    std::string text = std::string(table.columns) + "\n";
    for (std::size_t i = 0; i < rows; ++i) {
        text += table.row(dice) + "\n";
    }
    const TemporaryFolder folder;
    const std::string jobs = folder.file("jobs.csv", text);
    const std::string timed = folder.path("timed.csv");
    const Outcome events = run({"timing", "--profile", table.profile, "--jobs", jobs, "--output", timed});
    ASSERT_EQ(events.status, 0) << events.err;
    const auto compare = [&](const std::vector<std::string>& more, const char* driver) {
        std::vector<std::string> arguments{"timing", "--profile", table.profile, "--jobs",
                                           timed,    "--compare", "--driver",    driver};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments);
    };
    const Outcome reference = compare({}, "reference");
    EXPECT_EQ(reference.status, 0) << reference.err;
    EXPECT_THAT(reference.out, testing::EndsWith(fmt::format("rows {0} exact {0} mismatched 0\n", rows)));
    const Outcome lazy = compare({}, "lazy");
    EXPECT_EQ(lazy.status, 0) << lazy.err;
    EXPECT_THAT(lazy.out, testing::EndsWith(fmt::format("rows {0} exact {0} mismatched 0\n", rows)));
    const Outcome spoilt = compare({"--set", std::string(table.one_more) + "=+1"}, "reference");
    EXPECT_EQ(spoilt.status, 1) << table.one_more;
    EXPECT_THAT(spoilt.out, testing::HasSubstr(fmt::format("rows {} exact 0 ", rows))) << table.one_more;
}

INSTANTIATE_TEST_SUITE_P(Timing, RandomRows, testing::ValuesIn(tables()),
                         [](const testing::TestParamInfo<Table>& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace dmasim::cli
