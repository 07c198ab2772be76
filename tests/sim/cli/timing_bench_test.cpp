// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/timing_bench.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/model/errors.h"
#include "dmasim/model/profile/profile.h"

#include "support/core/timing_rows.h"
#include "support/sim_test.h"

namespace dmasim::cli {
namespace {

struct Options {
    bool monitor = false;
    bool every_cycle = false;
    bool backwards = false;  ///< The rows in the opposite order: nothing may be left of the row before.
};

/// Runs every `step`-th row and compares all columns that the table has.
void expect_exact(const std::string& profile, TimingTable kind, const std::string& file, std::size_t step,
                  const Options& options = {}) {
    const test::TimingRows table = test::read_timing_rows(file);
    TimingBench bench(profile, kind);
    bench.monitor(options.monitor);
    bench.every_cycle(options.every_cycle);
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < table.rows.size(); row += step) {
        rows.push_back(options.backwards ? table.rows.size() - 1 - row : row);
    }
    for (const std::size_t row : rows) {
        TimingBench::Row values;
        for (const std::string& column : configuration_columns(profile, kind)) {
            values[column] = table.text(row, column);
        }
        bench.add_row(values);
    }
    bench.run();
    const std::vector<std::string>& columns = timing_columns(profile, kind);
    std::size_t compared = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::vector<std::string> result = bench.result(i);
        ASSERT_EQ(result.size(), columns.size());
        for (std::size_t c = 0; c < columns.size(); ++c) {
            if (table.has(columns[c])) {
                ASSERT_EQ(result[c], table.text(rows[i], columns[c]))
                    << file << " row " << rows[i] << ", " << columns[c];
                ++compared;
            }
        }
        EXPECT_TRUE(bench.correct(i)) << file << " row " << rows[i];
    }
    EXPECT_GE(compared, rows.size() * 3);
}

// A program elaborates once, so each table is a test.
SIM_TEST(TimingBench, AxiCdmaSingle) {
    expect_exact("axi_cdma", TimingTable::Single, "axi_cdma_single", 7);
}
SIM_TEST(TimingBench, IdmaSingle) {
    expect_exact("idma", TimingTable::Single, "idma_single", 7);
}
SIM_TEST(TimingBench, BackToBack) {
    expect_exact("axi_cdma", TimingTable::BackToBack, "axi_cdma_back_to_back", 5);
}
SIM_TEST(TimingBench, Streams) {
    expect_exact("idma", TimingTable::Streams, "idma_streams", 5);
}
SIM_TEST(TimingBench, DescriptorPorts) {
    expect_exact("axi_cdma", TimingTable::DescMux, "axi_cdma_desc_mux", 1);
}
SIM_TEST(TimingBench, Fabrics) {
    expect_exact("axi_cdma", TimingTable::Fabric, "axi_fabric", 1);
}

SIM_TEST(TimingBench, AMonitorChangesNothing) {
    expect_exact("axi_cdma", TimingTable::Fabric, "axi_fabric", 3, {true, false, false});
}
SIM_TEST(TimingBench, AMonitorInFrontOfAMemoryChangesNothing) {
    expect_exact("axi_cdma", TimingTable::Single, "axi_cdma_single", 97, {true, false, false});
}
SIM_TEST(TimingBench, EveryCycleIsTheSame) {
    expect_exact("axi_cdma", TimingTable::DescMux, "axi_cdma_desc_mux", 3, {false, true, false});
}
SIM_TEST(TimingBench, RowsDoNotDependOnTheOneBefore) {
    expect_exact("axi_cdma", TimingTable::Fabric, "axi_fabric", 1, {false, false, true});
}
SIM_TEST(TimingBench, PortsDoNotDependOnTheRowBefore) {
    expect_exact("axi_cdma", TimingTable::DescMux, "axi_cdma_desc_mux", 1, {false, false, true});
}

SIM_TEST(TimingBench, RecordsTheStepsOfATransfer) {
    TimingBench bench("axi_cdma", TimingTable::Single);
    bench.record_steps(true);
    bench.add_row(
        {{"slave", "ram"}, {"dw", "32"}, {"burst", "16"}, {"len", "1024"}, {"src", "0x0"}, {"dst", "0x80000"}});
    bench.run();
    const std::vector<ExplainedStep>& steps = bench.steps(0);
    ASSERT_FALSE(steps.empty());
    EXPECT_EQ(steps.front().step, BeatStep::TransferAccepted);
    EXPECT_EQ(steps.front().at, 0);
    EXPECT_EQ(steps.back().step, BeatStep::Status);
    EXPECT_EQ(steps.back().at, 279);
    for (const ExplainedStep& step : steps) {
        for (const ExplainedTerm& term : step.terms) {
            EXPECT_LE(term.at, step.at) << name_of(step.step) << " " << step.index << ": " << term.name;
        }
    }
}

SIM_TEST(TimingBench, AnotherNumberIsAnotherTime) {
    TimingBench bench("axi_cdma", TimingTable::Single);
    PipelineTiming timing = timing_profile("axi_cdma").pipeline;
    timing.response_to_status += 1;
    bench.set_timing(timing);
    bench.add_row({{"slave", "ram"}, {"dw", "32"}, {"burst", "16"}, {"len", "1024"}, {"src", "0"}, {"dst", "0x80000"}});
    bench.run();
    EXPECT_EQ(bench.result(0)[10], "280");
}

SIM_TEST(TimingBench, RefusesRowsThatMakeNoSense) {
    TimingBench bench("axi_cdma", TimingTable::Single);
    const TimingBench::Row good{{"slave", "ram"}, {"dw", "32"}, {"burst", "16"},
                                {"len", "64"},    {"src", "0"}, {"dst", "0x80000"}};
    const std::vector<std::pair<const char*, const char*>> bad{{"slave", "rom"},
                                                               {"dw", "33"},
                                                               {"dw", "2048"},
                                                               {"burst", "0"},
                                                               {"len", "0"},
                                                               {"len", "-1"},
                                                               {"src", ""},
                                                               {"src", "0x"},
                                                               {"dst", "1x"},
                                                               {"burst", "257"},
                                                               {"dst", "99999999999999999999"}};
    for (const auto& [column, value] : bad) {
        TimingBench::Row row = good;
        row[column] = value;
        try {
            bench.add_row(row);
            ADD_FAILURE() << column << " = '" << value << "' was accepted";
        } catch (const ConfigError& error) {
            EXPECT_NE(std::string(error.what()).find(column), std::string::npos) << error.what();
        }
    }
    TimingBench::Row row = good;
    row.erase("len");
    EXPECT_THROW(bench.add_row(row), ConfigError);
    EXPECT_THROW(TimingBench("axi_cdma", TimingTable::Streams), ConfigError);
    EXPECT_THROW(TimingBench("native", TimingTable::Single), ConfigError);
    EXPECT_THROW((void)timing_table("double"), ConfigError);
}

}  // namespace
}  // namespace dmasim::cli
