// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/arbiter/arbiter.h"
#include "dmasim/model/errors.h"

namespace dmasim {

namespace detail {

std::unique_ptr<Arbiter> make_fixed_priority(const ArbiterConfig& config, unsigned requesters);
std::unique_ptr<Arbiter> make_round_robin(const ArbiterConfig& config, unsigned requesters);
std::unique_ptr<Arbiter> make_weighted_round_robin(const ArbiterConfig& config, unsigned requesters);
std::unique_ptr<Arbiter> make_time_slots(const ArbiterConfig& config, unsigned requesters);
std::unique_ptr<Arbiter> make_priority_ageing(const ArbiterConfig& config, unsigned requesters);

}  // namespace detail

namespace {

struct Row {
    ArbiterKind kind;
    std::unique_ptr<Arbiter> (*make)(const ArbiterConfig& config, unsigned requesters);
};

constexpr std::array kTable{
    Row{{"fixed_priority", "the highest of `priorities` wins, ties to the lowest index"}, detail::make_fixed_priority},
    Row{{"round_robin", "in a circle, beginning after the last winner"}, detail::make_round_robin},
    Row{{"weighted_round_robin", "in a circle, up to `weights` grants in a row"}, detail::make_weighted_round_robin},
    Row{{"time_slots", "the owner of the current slot of `slot_cycles` cycles wins"}, detail::make_time_slots},
    Row{{"priority_ageing", "`priorities`, raised by 1 for each `ageing_cycles` of waiting"},
        detail::make_priority_ageing},
};

constexpr unsigned kMaxRequesters = 1024;
constexpr std::uint32_t kMaxWeight = 65535;
constexpr std::uint32_t kMaxCycles = 1U << 20;

const Row* find(std::string_view name) {
    const auto* row = std::find_if(kTable.begin(), kTable.end(), [&](const Row& r) { return r.kind.name == name; });
    return row == kTable.end() ? nullptr : row;
}

std::string known_kinds() {
    std::string names;
    for (const Row& row : kTable) {
        names += names.empty() ? "" : ", ";
        names += row.kind.name;
    }
    return names;
}

void check_length(std::vector<std::string>& problems, const char* field, std::size_t length, unsigned requesters) {
    if (length > requesters) {
        problems.push_back(std::string("arbiter.") + field + " has " + std::to_string(length) +
                           " values, but there are only " + std::to_string(requesters) + " requesters");
    }
}

void check_cycles(std::vector<std::string>& problems, const char* field, std::uint32_t value) {
    if (value < 1 || value > kMaxCycles) {
        problems.push_back(std::string("arbiter.") + field + " is " + std::to_string(value) + ", must be 1 to " +
                           std::to_string(kMaxCycles));
    }
}

void check_slots(std::vector<std::string>& problems, const ArbiterConfig& config, unsigned requesters) {
    for (std::size_t slot = 0; slot < config.slots.size(); ++slot) {
        if (config.slots[slot] >= requesters) {
            problems.push_back("arbiter.slots[" + std::to_string(slot) + "] is " + std::to_string(config.slots[slot]) +
                               ", must be 0 to " + std::to_string(requesters - 1));
        }
    }
    if (config.kind != "time_slots" || config.reclaim_slots || config.slots.empty()) {
        return;
    }
    for (unsigned index = 0; index < requesters; ++index) {
        if (std::find(config.slots.begin(), config.slots.end(), index) == config.slots.end()) {
            problems.push_back("arbiter.slots gives requester " + std::to_string(index) +
                               " no slot, and without arbiter.reclaim_slots it would never be granted");
        }
    }
}

}  // namespace

Cycles Arbiter::next_chance(Cycles edge) const {
    return edge + 1;
}

std::vector<std::string> validate(const ArbiterConfig& config, unsigned requesters) {
    std::vector<std::string> problems;
    if (requesters < 1 || requesters > kMaxRequesters) {
        problems.push_back("an arbiter for " + std::to_string(requesters) +
                           " requesters cannot be built, must be 1 to " + std::to_string(kMaxRequesters));
        return problems;
    }
    if (find(config.kind) == nullptr) {
        problems.push_back("arbiter.kind is \"" + config.kind + "\", must be one of " + known_kinds());
    }
    check_length(problems, "priorities", config.priorities.size(), requesters);
    check_length(problems, "weights", config.weights.size(), requesters);
    for (std::size_t index = 0; index < config.weights.size(); ++index) {
        if (config.weights[index] < 1 || config.weights[index] > kMaxWeight) {
            problems.push_back("arbiter.weights[" + std::to_string(index) + "] is " +
                               std::to_string(config.weights[index]) + ", must be 1 to " + std::to_string(kMaxWeight));
        }
    }
    check_slots(problems, config, requesters);
    check_cycles(problems, "slot_cycles", config.slot_cycles);
    check_cycles(problems, "ageing_cycles", config.ageing_cycles);
    return problems;
}

std::unique_ptr<Arbiter> make_arbiter(const ArbiterConfig& config, unsigned requesters) {
    const std::vector<std::string> problems = validate(config, requesters);
    if (!problems.empty()) {
        throw ConfigError(problems.front());
    }
    return find(config.kind)->make(config, requesters);
}

const std::vector<ArbiterKind>& arbiter_kinds() {
    static const std::vector<ArbiterKind> kKinds = [] {
        std::vector<ArbiterKind> kinds;
        for (const Row& row : kTable) {
            kinds.push_back(row.kind);
        }
        return kinds;
    }();
    return kKinds;
}

}  // namespace dmasim
