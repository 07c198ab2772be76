// SPDX-License-Identifier: Apache-2.0
//
// The search through schedules, on programs whose schedules are known.
#include "dmasim/model/explore/explorer.h"

#include <algorithm>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "dmasim/model/errors.h"

namespace dmasim {
namespace {

Choice evict(std::uint64_t place, std::uint64_t value) {
    return {place, ChoiceKind::Evict, value};
}

/// `places` places with `width` deviations each, all independent; bad is what `bad` says.
class Grid final : public SchedulableProgram {
  public:
    Grid(std::uint64_t places, std::uint64_t width, std::function<bool(const Schedule&)> bad)
        : places_(places), width_(width), bad_(std::move(bad)) {}

    ScheduleOutcome run(const Schedule& schedule) override {
        ++runs[schedule];
        ScheduleOutcome outcome;
        for (const Choice& choice : schedule) {
            outcome.seen += std::to_string(choice.place) + ":" + std::to_string(choice.value) + " ";
        }
        if (bad_(schedule)) {
            outcome.bad = {"bad"};
        }
        for (std::uint64_t place = 0; place < places_; ++place) {
            for (std::uint64_t value = 0; value < width_; ++value) {
                const Choice choice = evict(place, value);
                if (schedule.empty() || schedule.back() < choice) {
                    outcome.choices.push_back(choice);
                }
            }
        }
        outcome.unreduced_choices = 10 * places_ * width_;
        return outcome;
    }

    std::map<Schedule, unsigned> runs;

  private:
    std::uint64_t places_;
    std::uint64_t width_;
    std::function<bool(const Schedule&)> bad_;
};

bool holds(const Schedule& schedule, const Choice& choice) {
    return std::find(schedule.begin(), schedule.end(), choice) != schedule.end();
}

TEST(Explorer, RunsEverySubsetUpToTheBoundExactlyOnce) {
    for (std::uint32_t bound = 0; bound <= 6; ++bound) {
        Grid grid(3, 2, [](const Schedule&) { return false; });
        ExploreConfig config;
        config.bound = bound;
        config.samples = 0;
        const ExploreResult result = explore(grid, config);
        const std::uint64_t subsets[] = {1, 7, 22, 42, 57, 63, 64};
        EXPECT_EQ(result.schedules, subsets[bound]);
        EXPECT_EQ(result.outcomes, subsets[bound]);
        EXPECT_EQ(grid.runs.size(), subsets[bound]);
        EXPECT_TRUE(result.exhaustive);
        EXPECT_EQ(result.beyond, bound < 6);
        EXPECT_EQ(result.bad_schedules, 0U);
        EXPECT_TRUE(result.why.empty());
        for (const auto& [schedule, count] : grid.runs) {
            EXPECT_EQ(count, 1U);
            EXPECT_LE(schedule.size(), bound);
        }
    }
    Grid grid(3, 2, [](const Schedule&) { return false; });
    ExploreConfig config;
    config.bound = 2;
    config.samples = 0;
    EXPECT_EQ(explore(grid, config).unreduced, 1U + 60 + 60 * 59 / 2);
}

TEST(Explorer, FindsTheSmallestAndTheEarliest) {
    // Bad with both (0, 1) and (2, 0), and with (1, 1) and any other one.
    Grid grid(3, 2, [](const Schedule& s) {
        return (holds(s, evict(0, 1)) && holds(s, evict(2, 0))) || (holds(s, evict(1, 1)) && s.size() > 1);
    });
    ExploreConfig config;
    config.bound = 4;
    config.samples = 0;
    const ExploreResult result = explore(grid, config);
    EXPECT_EQ(result.smallest, (Schedule{evict(0, 0), evict(1, 1)}));
    EXPECT_EQ(result.why, std::vector<std::string>{"bad"});
    config.bound = 1;
    EXPECT_TRUE(explore(grid, config).why.empty()) << "not with one deviation";
    config.bound = 4;
    config.stop_at_bad = true;
    const ExploreResult first = explore(grid, config);
    EXPECT_EQ(first.smallest, result.smallest);
    EXPECT_EQ(first.bad_schedules, 1U);
    EXPECT_FALSE(first.exhaustive);
}

TEST(Explorer, SamplesAboveTheBoundAndMakesThemSmaller) {
    const auto bad = [](const Schedule& s) {
        return holds(s, evict(0, 1)) && holds(s, evict(2, 0)) && holds(s, evict(3, 1));
    };
    ExploreConfig config;
    config.bound = 1;
    config.samples = 2000;
    Grid grid(5, 2, bad);
    const ExploreResult result = explore(grid, config);
    EXPECT_TRUE(result.exhaustive);
    EXPECT_EQ(result.bad_schedules, 0U) << "none within the bound";
    EXPECT_GT(result.bad_samples, 0U);
    EXPECT_EQ(result.smallest, (Schedule{evict(0, 1), evict(2, 0), evict(3, 1)}));
    EXPECT_EQ(result.sampled, 2000U);
    Grid again(5, 2, bad);
    EXPECT_EQ(explore(again, config).bad_samples, result.bad_samples) << "the same seed";
    EXPECT_EQ(again.runs, grid.runs);
    config.seed = 2;
    Grid other(5, 2, bad);
    explore(other, config);
    EXPECT_FALSE(other.runs == grid.runs);
}

TEST(Explorer, GivesUpBehindItsRuns) {
    Grid grid(10, 4, [](const Schedule&) { return false; });
    ExploreConfig config;
    config.bound = 3;
    config.max_runs = 100;
    const ExploreResult result = explore(grid, config);
    EXPECT_EQ(result.schedules, 100U);
    EXPECT_FALSE(result.exhaustive);
    EXPECT_EQ(grid.runs.size(), 100U);
    config.max_runs = 0;
    EXPECT_THROW(explore(grid, config), ConfigError);
}

TEST(Explorer, NumbersDoNotOverflow) {
    class Huge final : public SchedulableProgram {
        ScheduleOutcome run(const Schedule& /*schedule*/) override {
            ScheduleOutcome outcome;
            outcome.unreduced_choices = ~0ULL;
            return outcome;
        }
    } huge;
    ExploreConfig config;
    config.bound = 30;
    const ExploreResult result = explore(huge, config);
    EXPECT_EQ(result.unreduced, ~0ULL);
    EXPECT_EQ(result.schedules, 1U);
    EXPECT_FALSE(result.beyond);
}

}  // namespace
}  // namespace dmasim
