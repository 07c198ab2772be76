// SPDX-License-Identifier: Apache-2.0
//
// The checks of arbiter_test.cpp, tested: arbiters that are wrong in one place each, and must be found out.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <dmasim/model/arbiter/arbiter.h>

#include "support/core/arbiter_properties.h"

namespace {

using dmasim::Arbiter;
using dmasim::ArbiterConfig;
using dmasim::ArbiterRequest;
using dmasim::Cycles;
using dmasim::make_arbiter;
using dmasim_test::MakeArbiter;
using dmasim_test::violation_of;

/// A right arbiter with one thing wrong around it.
class Wrapper : public Arbiter {
  public:
    Wrapper(const ArbiterConfig& config, unsigned requesters) : inner_(make_arbiter(config, requesters)) {}

    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const override {
        return inner_->pick(requests, edge);
    }
    void granted(unsigned index, Cycles edge) override { inner_->granted(index, edge); }
    [[nodiscard]] Cycles next_chance(Cycles edge) const override { return inner_->next_chance(edge); }

  protected:
    [[nodiscard]] Arbiter& inner() const { return *inner_; }

  private:
    std::unique_ptr<Arbiter> inner_;
};

class ForgetsTheGrant final : public Wrapper {
  public:
    using Wrapper::Wrapper;
    void granted(unsigned /*index*/, Cycles /*edge*/) override {}
};

class CountsTheGrantTwice final : public Wrapper {
  public:
    using Wrapper::Wrapper;
    void granted(unsigned index, Cycles edge) override {
        inner().granted(index, edge);
        inner().granted(index, edge);
    }
};

class TakesThePickForTheGrant final : public Wrapper {
  public:
    using Wrapper::Wrapper;
    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const override {
        const int winner = inner().pick(requests, edge);
        if (winner != kNobody) {
            inner().granted(static_cast<unsigned>(winner), edge);
        }
        return winner;
    }
    void granted(unsigned /*index*/, Cycles /*edge*/) override {}
};

class LooksOneEdgeAhead final : public Wrapper {
  public:
    using Wrapper::Wrapper;
    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const override {
        return inner().pick(requests, edge + 1);
    }
};

class LooksOneEdgeBack final : public Wrapper {
  public:
    using Wrapper::Wrapper;
    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const override {
        return inner().pick(requests, edge == Cycles{0} ? edge : edge - 1);
    }
};

class NextChanceTooLate final : public Wrapper {
  public:
    using Wrapper::Wrapper;
    [[nodiscard]] Cycles next_chance(Cycles edge) const override { return inner().next_chance(edge) + 1; }
};

class NextChanceIsNow final : public Wrapper {
  public:
    using Wrapper::Wrapper;
    [[nodiscard]] Cycles next_chance(Cycles edge) const override { return edge; }
};

class WalksFromTheOtherEnd final : public Wrapper {
  public:
    using Wrapper::Wrapper;
    // Ties go the wrong way: the circle and the list are walked from the other end.
    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const override {
        std::vector<ArbiterRequest> turned(requests.rbegin(), requests.rend());
        return inner().pick(turned, edge);
    }
};

class IgnoresWaiting final : public Wrapper {
  public:
    using Wrapper::Wrapper;
    // Ageing: only the priorities count.
    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const override {
        const int winner = inner().pick(requests, edge);
        if (winner == kNobody) {
            return winner;
        }
        std::vector<ArbiterRequest> young = requests;
        for (ArbiterRequest& request : young) {
            request.since = edge;
        }
        return inner().pick(young, edge);
    }
};

class TiesByIndexOnly final : public Wrapper {
  public:
    TiesByIndexOnly(const ArbiterConfig& config, unsigned requesters)
        : Wrapper(config, requesters), ageing_cycles_(config.ageing_cycles) {}
    // Ageing: what has been waited since the last step counts for nothing.
    [[nodiscard]] int pick(const std::vector<ArbiterRequest>& requests, Cycles edge) const override {
        std::vector<ArbiterRequest> rounded = requests;
        for (ArbiterRequest& request : rounded) {
            request.since += (edge - request.since).count() % ageing_cycles_;
        }
        return inner().pick(rounded, edge);
    }

  private:
    std::uint64_t ageing_cycles_;
};

/// Off by one in the settings, in a direction that stays legal.
MakeArbiter with(void (*change)(ArbiterConfig& config)) {
    return [change](const ArbiterConfig& config, unsigned requesters) {
        ArbiterConfig changed = config;
        change(changed);
        return make_arbiter(changed, requesters);
    };
}

template <class Mutant>
MakeArbiter mutant() {
    return [](const ArbiterConfig& config, unsigned requesters) -> std::unique_ptr<Arbiter> {
        return std::make_unique<Mutant>(config, requesters);
    };
}

struct Case {
    std::string kind;
    std::string fault;
    MakeArbiter make;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.kind << " that " << c.fault;
}

std::vector<Case> cases() {
    return {
        {"fixed_priority", "ties_the_wrong_way", mutant<WalksFromTheOtherEnd>()},
        {"fixed_priority", "prefers_the_lowest", with([](ArbiterConfig& config) {
             for (auto& priority : config.priorities) {
                 priority = 3 - priority;
             }
         })},
        {"fixed_priority", "shifts_the_list", with([](ArbiterConfig& config) {
             std::rotate(config.priorities.begin(), config.priorities.begin() + 1, config.priorities.end());
         })},
        {"round_robin", "forgets_the_grant", mutant<ForgetsTheGrant>()},
        {"round_robin", "takes_the_pick_for_the_grant", mutant<TakesThePickForTheGrant>()},
        {"round_robin", "walks_backwards", mutant<WalksFromTheOtherEnd>()},
        {"round_robin", "is_fixed_priority", with([](ArbiterConfig& config) { config.kind = "fixed_priority"; })},
        {"weighted_round_robin", "gives_one_credit_more", with([](ArbiterConfig& config) {
             for (auto& weight : config.weights) {
                 ++weight;
             }
         })},
        {"weighted_round_robin", "gives_one_credit_less", with([](ArbiterConfig& config) {
             for (auto& weight : config.weights) {
                 weight = std::max<std::uint32_t>(weight - 1, 1);
             }
         })},
        {"weighted_round_robin", "counts_the_grant_twice", mutant<CountsTheGrantTwice>()},
        {"weighted_round_robin", "forgets_the_grant", mutant<ForgetsTheGrant>()},
        {"weighted_round_robin", "takes_the_pick_for_the_grant", mutant<TakesThePickForTheGrant>()},
        {"weighted_round_robin", "knows_no_weights", with([](ArbiterConfig& config) { config.kind = "round_robin"; })},
        {"time_slots", "begins_its_slots_one_edge_early", mutant<LooksOneEdgeAhead>()},
        {"time_slots", "begins_its_slots_one_edge_late", mutant<LooksOneEdgeBack>()},
        {"time_slots", "makes_slots_one_cycle_longer", with([](ArbiterConfig& config) { ++config.slot_cycles; })},
        {"time_slots", "forgets_the_grant", mutant<ForgetsTheGrant>()},
        {"time_slots", "always_reclaims", with([](ArbiterConfig& config) { config.reclaim_slots = true; })},
        {"time_slots", "never_reclaims", with([](ArbiterConfig& config) { config.reclaim_slots = false; })},
        {"time_slots", "names_its_next_chance_too_late", mutant<NextChanceTooLate>()},
        {"time_slots", "names_a_chance_that_has_passed", mutant<NextChanceIsNow>()},
        {"priority_ageing", "ties_the_wrong_way", mutant<WalksFromTheOtherEnd>()},
        {"priority_ageing", "ties_by_index_only", mutant<TiesByIndexOnly>()},
        {"priority_ageing", "never_ages", mutant<IgnoresWaiting>()},
        {"priority_ageing", "ages_one_edge_early", mutant<LooksOneEdgeAhead>()},
        {"priority_ageing", "ages_one_edge_late", mutant<LooksOneEdgeBack>()},
        {"priority_ageing", "ages_a_cycle_slower", with([](ArbiterConfig& config) { ++config.ageing_cycles; })},
    };
}

class ArbiterMutant : public ::testing::TestWithParam<Case> {};

TEST_P(ArbiterMutant, IsCaught) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        if (!violation_of(GetParam().kind, GetParam().make, seed).empty()) {
            return;
        }
    }
    FAIL() << "nobody noticed a " << GetParam().kind << " arbiter that " << GetParam().fault;
}

// Without this, a check that always complains would pass for a sharp one.
TEST_P(ArbiterMutant, TheRightArbiterIsNot) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        ASSERT_EQ(violation_of(GetParam().kind, make_arbiter, seed), "") << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(All, ArbiterMutant, ::testing::ValuesIn(cases()),
                         [](const auto& instance) { return instance.param.kind + "_" + instance.param.fault; });

}  // namespace
