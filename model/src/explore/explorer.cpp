// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/explore/explorer.h"

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

const char* name_of(ChoiceKind kind) {
    switch (kind) {
        case ChoiceKind::Drain:
            return "drain";
        case ChoiceKind::Evict:
            return "evict";
        case ChoiceKind::Prefetch:
            return "prefetch";
        case ChoiceKind::Stall:
            return "stall";
        case ChoiceKind::HoldStores:
            return "hold_stores";
        case ChoiceKind::HoldChannel:
            return "hold_channel";
    }
    return "unknown";
}

namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::uint64_t saturated_add(std::uint64_t a, std::uint64_t b) {
    return a > kMost - b ? kMost : a + b;
}

/// Sum of the binomial coefficients n over 0..k.
std::uint64_t subsets(std::uint64_t n, std::uint64_t k) {
    std::uint64_t sum = 1;
    std::uint64_t term = 1;
    for (std::uint64_t i = 1; i <= k && i <= n; ++i) {
        const std::uint64_t factor = n - i + 1;
        if (term > kMost / factor) {
            return kMost;
        }
        term = term * factor / i;
        sum = saturated_add(sum, term);
    }
    return sum;
}

bool smaller(const Schedule& a, const Schedule& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

class Search {
  public:
    Search(SchedulableProgram& program, const ExploreConfig& config) : program_(program), config_(config) {}

    ExploreResult run() {
        breadth_first();
        if (!(config_.stop_at_bad && result_.bad_schedules > 0)) {
            sample();
        }
        result_.outcomes = outcomes_.size();
        return std::move(result_);
    }

  private:
    [[nodiscard]] bool exhausted() const { return runs_ >= config_.max_runs; }

    ScheduleOutcome look(const Schedule& schedule) {
        ++runs_;
        ScheduleOutcome outcome = program_.run(schedule);
        outcomes_.insert(outcome.seen);
        if (!outcome.bad.empty() && (result_.why.empty() || smaller(schedule, result_.smallest))) {
            result_.smallest = schedule;
            result_.why = outcome.bad;
        }
        return outcome;
    }

    void breadth_first() {
        std::vector<Schedule> level{Schedule{}};
        for (std::uint32_t deviations = 0; !level.empty(); ++deviations) {
            std::vector<Schedule> next;
            for (const Schedule& schedule : level) {
                if (exhausted()) {
                    return;
                }
                const ScheduleOutcome outcome = look(schedule);
                ++result_.schedules;
                result_.bad_schedules += outcome.bad.empty() ? 0U : 1U;
                if (schedule.empty()) {
                    result_.unreduced = subsets(outcome.unreduced_choices, config_.bound);
                    first_choices_ = outcome.choices;
                }
                if (config_.stop_at_bad && result_.bad_schedules > 0) {
                    return;
                }
                if (deviations == config_.bound) {
                    result_.beyond = result_.beyond || !outcome.choices.empty();
                    continue;
                }
                for (const Choice& choice : outcome.choices) {
                    next.push_back(schedule);
                    next.back().push_back(choice);
                }
            }
            level = std::move(next);
        }
        result_.exhaustive = true;
    }

    void sample() {
        if (!result_.beyond) {
            return;
        }
        std::mt19937_64 lots(config_.seed);
        for (std::uint64_t n = 0; n < config_.samples; ++n) {
            const std::uint64_t length = std::uint64_t{config_.bound} + 1 + lots() % 6;
            Schedule schedule;
            std::vector<Choice> choices = first_choices_;
            while (schedule.size() < length && !choices.empty()) {
                if (exhausted()) {
                    return;
                }
                // The farther the first lot, the fewer can follow: so the smaller of two.
                const std::size_t lot = std::min(lots() % choices.size(), lots() % choices.size());
                schedule.push_back(choices[lot]);
                const ScheduleOutcome outcome = look(schedule);
                choices = outcome.choices;
                if (!outcome.bad.empty() && schedule.size() > config_.bound) {
                    ++result_.bad_samples;
                    shrink(schedule);
                    break;
                }
            }
            ++result_.sampled;
        }
    }

    /// Leaves out deviations as long as the schedule stays bad.
    void shrink(Schedule schedule) {
        for (std::size_t at = 0; at < schedule.size() && !exhausted();) {
            Schedule without = schedule;
            without.erase(without.begin() + static_cast<std::ptrdiff_t>(at));
            if (!look(without).bad.empty()) {
                schedule = std::move(without);
                at = 0;
            } else {
                ++at;
            }
        }
    }

    SchedulableProgram& program_;
    ExploreConfig config_;
    ExploreResult result_;
    std::set<std::string> outcomes_;
    std::vector<Choice> first_choices_;
    std::uint64_t runs_ = 0;
};

}  // namespace

ExploreResult explore(SchedulableProgram& program, const ExploreConfig& config) {
    if (config.max_runs == 0) {
        throw ConfigError("max_runs is 0; it must be at least 1");
    }
    return Search(program, config).run();
}

}  // namespace dmasim
