// SPDX-License-Identifier: Apache-2.0
#include "reference/campaign.h"

#include <cstdlib>
#include <exception>

#include <fmt/format.h>

#include "reference/shrink.h"
#include "reference/system.h"

namespace dmasim::reference {

namespace {

std::string difference(const Runner& product, const Scenario& scenario) {
    try {
        return first_difference(product(scenario, scenario.seed), run_reference(scenario));
    } catch (const std::exception& error) {
        return fmt::format("  exception: {}\n", error.what());
    }
}

}  // namespace

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

std::string compare(const Runner& product, std::uint64_t seed) {
    const Scenario scenario = random_scenario(seed);
    const std::string found = difference(product, scenario);
    if (found.empty()) {
        return {};
    }
    const Scenario small = shrink(scenario, [&product](const Scenario& s) { return !difference(product, s).empty(); });
    return fmt::format("seed {}: product and reference differ\n{}made smaller:\n{}{}\n", seed, found,
                       difference(product, small), scenario_to_json(small));
}

}  // namespace dmasim::reference
