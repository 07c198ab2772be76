// SPDX-License-Identifier: Apache-2.0
//
// The beat-accurate parts against the measured tables, row by row.
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/model/profile/profile.h"

#include "support/core/beat_loop.h"
#include "support/core/timing_rows.h"

namespace dmasim::test {
namespace {

std::string profile_of(const std::string& table) {
    return table.rfind("idma", 0) == 0 ? "idma" : "axi_cdma";
}

std::string text_of(const TimingRows& table, std::size_t row) {
    std::string text;
    for (const std::string& field : table.rows[row]) {
        text += field + ",";
    }
    return text;
}

class BeatTable : public testing::TestWithParam<const char*> {};

TEST_P(BeatTable, IsExactOnEveryRow) {
    const TimingRows table = read_timing_rows(GetParam());
    const PipelineTiming timing = timing_profile(profile_of(GetParam())).pipeline;
    std::size_t wrong = 0;
    for (std::size_t row = 0; row < table.rows.size() && wrong < 10; ++row) {
        const std::string difference = differences(table, row, run_row(table, row, loop_config_of(table, row, timing)));
        EXPECT_EQ(difference, "") << text_of(table, row);
        wrong += difference.empty() ? 0 : 1;
    }
}

// What is skipped is what can have no effect.
TEST_P(BeatTable, IsTheSameWithEveryCycleEvaluated) {
    const TimingRows table = read_timing_rows(GetParam());
    const PipelineTiming timing = timing_profile(profile_of(GetParam())).pipeline;
    const std::size_t step = table.rows.size() > 1000 ? 23 : 3;
    for (std::size_t row = 0; row < table.rows.size(); row += step) {
        LoopConfig config = loop_config_of(table, row, timing);
        config.every_cycle = true;
        ASSERT_EQ(differences(table, row, run_row(table, row, config)), "") << text_of(table, row);
    }
}

INSTANTIATE_TEST_SUITE_P(Measured, BeatTable,
                         testing::Values("axi_cdma_single", "axi_cdma_back_to_back", "axi_cdma_desc_mux", "axi_fabric",
                                         "idma_single", "idma_streams"));

struct Parameter {
    const char* name;
    std::uint32_t PipelineTiming::*field;
    std::vector<int> steps = {-1, 1};
};

/// Whether some row of the tables comes out differently when `change` is made to its configuration.
bool breaks(const std::vector<TimingRows>& tables, const PipelineTiming& timing,
            const std::function<void(PipelineTiming&)>& change) {
    for (const TimingRows& table : tables) {
        // Neighbouring rows are alike: look at far ones first.
        constexpr std::size_t kStep = 61;
        for (std::size_t start = 0; start < kStep; ++start) {
            for (std::size_t row = start; row < table.rows.size(); row += kStep) {
                LoopConfig config = loop_config_of(table, row, timing);
                change(config.pipeline);
                if (validate(config.pipeline, config.bus_bytes).empty() &&
                    !differences(table, row, run_row(table, row, config)).empty()) {
                    return true;
                }
            }
        }
    }
    return false;
}

// A number that could be another one would be no fact about the controller. Includes what the rows themselves say.
void expect_every_step_breaks(const std::vector<TimingRows>& tables, const std::string& profile,
                              const std::vector<Parameter>& parameters) {
    const PipelineTiming timing = timing_profile(profile).pipeline;
    for (const Parameter& parameter : parameters) {
        for (const int by : parameter.steps) {
            EXPECT_TRUE(
                breaks(tables, timing,
                       [&](PipelineTiming& changed) { changed.*parameter.field += static_cast<std::uint32_t>(by); }))
                << profile << ": " << parameter.name << " " << by << " changes no row";
        }
    }
}

TEST(BeatTables, EveryNumberOfAxiCdmaIsDecidedByTheRows) {
    expect_every_step_breaks({read_timing_rows("axi_cdma_single"), read_timing_rows("axi_cdma_back_to_back")},
                             "axi_cdma",
                             {{"max_burst_beats", &PipelineTiming::max_burst_beats},
                              {"accept_to_plan", &PipelineTiming::accept_to_plan, {1}},
                              {"plan_to_request", &PipelineTiming::plan_to_request, {1}},
                              {"request_to_valid", &PipelineTiming::request_to_valid, {1}},
                              {"plan_to_command", &PipelineTiming::plan_to_command, {1}},
                              {"burst_gap", &PipelineTiming::burst_gap, {1}},
                              {"command_to_accept", &PipelineTiming::command_to_accept},
                              {"read_to_write", &PipelineTiming::read_to_write},
                              {"fifo_threshold", &PipelineTiming::fifo_threshold},
                              {"fifo_reaction", &PipelineTiming::fifo_reaction},
                              {"response_to_status", &PipelineTiming::response_to_status, {1}}});
}

TEST(BeatTables, EveryNumberOfIdmaIsDecidedByTheRows) {
    expect_every_step_breaks({read_timing_rows("idma_single"), read_timing_rows("idma_streams")}, "idma",
                             {{"accept_to_plan", &PipelineTiming::accept_to_plan, {1}},
                              {"request_to_valid", &PipelineTiming::request_to_valid, {1}},
                              {"read_to_write", &PipelineTiming::read_to_write, {1}},
                              {"response_gap", &PipelineTiming::response_gap, {1}},
                              {"response_to_status", &PipelineTiming::response_to_status, {1}},
                              {"bursts_in_flight", &PipelineTiming::bursts_in_flight},
                              {"buffer_beats", &PipelineTiming::buffer_beats},
                              {"pending_extra", &PipelineTiming::pending_extra, {1}}});
}

// The numbers that have only one step above cannot have the other: 1 below is not legal.
TEST(BeatTables, NumbersAtTheirLeastValue) {
    const PipelineTiming cdma = timing_profile("axi_cdma").pipeline;
    const PipelineTiming idma = timing_profile("idma").pipeline;
    for (const auto field :
         {&PipelineTiming::accept_to_plan, &PipelineTiming::plan_to_request, &PipelineTiming::request_to_valid,
          &PipelineTiming::plan_to_command, &PipelineTiming::burst_gap, &PipelineTiming::response_to_status}) {
        PipelineTiming changed = cdma;
        changed.*field -= 1;
        EXPECT_FALSE(validate(changed, 4).empty());
    }
    for (const auto field :
         {&PipelineTiming::accept_to_plan, &PipelineTiming::request_to_valid, &PipelineTiming::read_to_write,
          &PipelineTiming::response_gap, &PipelineTiming::response_to_status, &PipelineTiming::pending_extra}) {
        PipelineTiming changed = idma;
        changed.*field -= 1;
        EXPECT_FALSE(validate(changed, 4).empty());
    }
}

}  // namespace
}  // namespace dmasim::test
