// SPDX-License-Identifier: Apache-2.0
#include "support/core/arbiter_properties.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace dmasim_test {

namespace {

using dmasim::Arbiter;
using dmasim::ArbiterConfig;
using dmasim::ArbiterRequest;
using dmasim::Cycles;

struct Grant {
    unsigned index;
    std::uint64_t edge;
};

/// What the oracles know: no state of an arbiter, only what has happened.
struct History {
    ArbiterConfig config;  // with every list as long as there are requesters (but for slots)
    unsigned requesters = 0;
    std::vector<Grant> grants;
};

using Random = std::mt19937_64;

std::uint32_t draw(Random& random, std::uint32_t least, std::uint32_t greatest) {
    return least + static_cast<std::uint32_t>(random() % (greatest - least + 1));
}

bool requests(const std::vector<ArbiterRequest>& all, unsigned index) {
    return std::any_of(all.begin(), all.end(), [index](const ArbiterRequest& r) { return r.index == index; });
}

/// Steps round the circle one by one.
int after(const std::vector<ArbiterRequest>& all, unsigned last, unsigned requesters) {
    for (unsigned step = 1; step <= requesters; ++step) {
        const unsigned index = (last + step) % requesters;
        if (requests(all, index)) {
            return static_cast<int>(index);
        }
    }
    return Arbiter::kNobody;
}

int expect_fixed(const History& history, const std::vector<ArbiterRequest>& all) {
    for (std::uint64_t priority = 8; priority-- > 0;) {
        for (const ArbiterRequest& request : all) {
            if (history.config.priorities[request.index] == priority) {
                return static_cast<int>(request.index);
            }
        }
    }
    return Arbiter::kNobody;
}

int expect_round_robin(const History& history, const std::vector<ArbiterRequest>& all) {
    const unsigned last = history.grants.empty() ? history.requesters - 1 : history.grants.back().index;
    return after(all, last, history.requesters);
}

int expect_weighted(const History& history, const std::vector<ArbiterRequest>& all) {
    if (history.grants.empty()) {
        return after(all, history.requesters - 1, history.requesters);
    }
    const unsigned last = history.grants.back().index;
    std::uint32_t in_a_row = 0;
    for (auto grant = history.grants.rbegin(); grant != history.grants.rend() && grant->index == last; ++grant) {
        ++in_a_row;
    }
    const bool turn_is_over = in_a_row % history.config.weights[last] == 0;
    return !turn_is_over && requests(all, last) ? static_cast<int>(last) : after(all, last, history.requesters);
}

unsigned slot_owner(const History& history, std::uint64_t edge) {
    const auto& slots = history.config.slots;
    const std::uint64_t lap = static_cast<std::uint64_t>(history.config.slot_cycles) * slots.size();
    return slots[static_cast<std::size_t>(edge % lap / history.config.slot_cycles)];
}

int expect_slots(const History& history, const std::vector<ArbiterRequest>& all, std::uint64_t edge) {
    const unsigned owner = slot_owner(history, edge);
    if (requests(all, owner)) {
        return static_cast<int>(owner);
    }
    if (!history.config.reclaim_slots) {
        return Arbiter::kNobody;
    }
    unsigned last = history.requesters - 1;
    for (const Grant& grant : history.grants) {
        if (grant.index != slot_owner(history, grant.edge)) {
            last = grant.index;
        }
    }
    return after(all, last, history.requesters);
}

int expect_ageing(const History& history, const std::vector<ArbiterRequest>& all, std::uint64_t edge) {
    const auto priority = [&](const ArbiterRequest& request) {
        std::uint64_t value = history.config.priorities[request.index];
        for (std::uint64_t t = request.since.count() + history.config.ageing_cycles; t <= edge;
             t += history.config.ageing_cycles) {
            ++value;
        }
        return value;
    };
    // Best last: low priority, then late arrival, then high index.
    const auto best = std::max_element(all.begin(), all.end(), [&](const ArbiterRequest& a, const ArbiterRequest& b) {
        if (priority(a) != priority(b)) {
            return priority(a) < priority(b);
        }
        return a.since != b.since ? a.since > b.since : a.index > b.index;
    });
    return best == all.end() ? Arbiter::kNobody : static_cast<int>(best->index);
}

int expectation(const History& history, const std::vector<ArbiterRequest>& all, std::uint64_t edge) {
    if (all.empty()) {
        return Arbiter::kNobody;
    }
    const std::string& kind = history.config.kind;
    if (kind == "fixed_priority") {
        return expect_fixed(history, all);
    }
    if (kind == "round_robin") {
        return expect_round_robin(history, all);
    }
    if (kind == "weighted_round_robin") {
        return expect_weighted(history, all);
    }
    if (kind == "time_slots") {
        return expect_slots(history, all, edge);
    }
    return expect_ageing(history, all, edge);
}

ArbiterConfig random_config(const std::string& kind, unsigned requesters, Random& random) {
    ArbiterConfig config;
    config.kind = kind;
    for (unsigned index = 0; index < requesters; ++index) {
        config.priorities.push_back(draw(random, 0, 3));
        config.weights.push_back(draw(random, 1, 4));
        config.slots.push_back(index);
    }
    for (std::uint32_t more = draw(random, 0, 4); more > 0; --more) {
        config.slots.push_back(draw(random, 0, requesters - 1));
    }
    std::shuffle(config.slots.begin(), config.slots.end(), random);
    config.slot_cycles = draw(random, 1, 6);
    config.reclaim_slots = draw(random, 0, 1) == 1;
    config.ageing_cycles = draw(random, 1, 6);
    return config;
}

std::string in_words(const History& history, const std::vector<ArbiterRequest>& all, std::uint64_t edge, int expected,
                     int actual) {
    std::ostringstream text;
    text << history.config.kind << ", " << history.requesters << " requesters, edge " << edge << ", requests";
    for (const ArbiterRequest& request : all) {
        text << " " << request.index << " (since " << request.since.count() << ")";
    }
    text << ", grants so far " << history.grants.size() << ": expected " << expected << ", got " << actual;
    return text.str();
}

/// What the same requests get at the edges to come, by the rule: the first edge at which somebody wins.
std::optional<std::uint64_t> first_chance(const History& history, const std::vector<ArbiterRequest>& all,
                                          std::uint64_t edge) {
    const std::uint64_t lap = static_cast<std::uint64_t>(history.config.slot_cycles) * history.config.slots.size();
    for (std::uint64_t later = edge + 1; later <= edge + lap; ++later) {
        if (expectation(history, all, later) != Arbiter::kNobody) {
            return later;
        }
    }
    return std::nullopt;
}

}  // namespace

std::string violation_of(const std::string& kind, const MakeArbiter& make, std::uint64_t seed) {
    Random random(seed);
    History history;
    history.requesters = draw(random, 1, 6);
    history.config = random_config(kind, history.requesters, random);
    const auto arbiter = make(history.config, history.requesters);

    std::vector<std::optional<Cycles>> since(history.requesters);
    const std::uint32_t density = draw(random, 1, 9);
    std::uint64_t edge = draw(random, 0, 20);
    for (unsigned step = 0; step < 400; ++step, ++edge) {
        std::vector<ArbiterRequest> all;
        for (unsigned index = 0; index < history.requesters; ++index) {
            if (draw(random, 0, 3) == 0) {
                const bool on = draw(random, 0, 9) <= density;
                since[index] = !on ? std::nullopt : since[index] ? since[index] : Cycles{edge};
            }
            if (since[index]) {
                all.push_back(ArbiterRequest{index, *since[index]});
            }
        }
        const int expected = expectation(history, all, edge);
        const int actual = arbiter->pick(all, Cycles{edge});
        if (actual != expected) {
            return in_words(history, all, edge, expected, actual);
        }
        if (arbiter->pick(all, Cycles{edge}) != actual) {
            return in_words(history, all, edge, expected, actual) + " (and another answer when asked again)";
        }
        if (actual == Arbiter::kNobody) {
            if (!all.empty()) {
                const std::uint64_t chance = arbiter->next_chance(Cycles{edge}).count();
                const auto first = first_chance(history, all, edge);
                if (chance <= edge || (first && chance > *first)) {
                    return in_words(history, all, edge, expected, actual) + " (next chance " + std::to_string(chance) +
                           ")";
                }
            }
            continue;
        }
        // Now and then the grant is not possible for other reasons: being asked must not have changed anything.
        if (draw(random, 0, 4) == 0) {
            continue;
        }
        const auto winner = static_cast<unsigned>(actual);
        arbiter->granted(winner, Cycles{edge});
        history.grants.push_back(Grant{winner, edge});
        since[winner] = draw(random, 0, 9) <= density ? std::optional(Cycles{edge + 1}) : std::nullopt;
    }
    return {};
}

}  // namespace dmasim_test
