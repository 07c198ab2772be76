// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/i8237/timing.h"

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

std::string range_of(const I8237Parameter& parameter) {
    return std::to_string(parameter.least) + " to " + std::to_string(parameter.most);
}

bool in_range(const I8237Parameter& parameter, std::uint64_t value) {
    return value >= parameter.least && value <= parameter.most;
}

std::string problem_of(const I8237Parameter& parameter, std::uint64_t value) {
    return "i8237 timing: " + std::string(parameter.name) + " is " + std::to_string(value) + ", not " +
           range_of(parameter);
}

}  // namespace

const std::vector<I8237Parameter>& i8237_parameters() {
    static const std::vector<I8237Parameter> kParameters{
        {"dreq_sample", &I8237Timing::dreq_sample, 1, 64, "stamp of a DREQ level to the first edge at which it counts"},
        {"hlda_sample", &I8237Timing::hlda_sample, 1, 64, "the same for HLDA"},
        {"ready_sample", &I8237Timing::ready_sample, 1, 64, "the same for READY"},
        {"eop_sample", &I8237Timing::eop_sample, 1, 64, "the same for EOP as an input"},
        {"always_wait", &I8237Timing::always_wait, 0, 255, "wait states in every byte, whatever READY says"},
        {"ready_in_compressed", &I8237Timing::ready_in_compressed, 0, 1,
         "1: READY adds wait states in compressed timing"},
        {"ready_in_verify", &I8237Timing::ready_in_verify, 0, 1, "1: READY adds wait states in verify transfers"},
        {"high_address_skip", &I8237Timing::high_address_skip, 0, 2,
         "memory to memory: states left out while the high address byte stays: 1: S11, 2: S11 and S21"},
    };
    return kParameters;
}

void set_i8237_parameter(I8237Timing& timing, std::string_view name, std::uint64_t value) {
    std::string known;
    for (const I8237Parameter& parameter : i8237_parameters()) {
        if (parameter.name == name) {
            if (!in_range(parameter, value)) {
                throw ConfigError(problem_of(parameter, value));
            }
            timing.*parameter.member = static_cast<std::uint32_t>(value);
            return;
        }
        known += known.empty() ? "" : ", ";
        known += parameter.name;
    }
    throw ConfigError("i8237 timing: there is no parameter \"" + std::string(name) + "\"; there are: " + known);
}

std::vector<std::string> validate(const I8237Timing& timing) {
    std::vector<std::string> problems;
    for (const I8237Parameter& parameter : i8237_parameters()) {
        if (!in_range(parameter, timing.*parameter.member)) {
            problems.push_back(problem_of(parameter, timing.*parameter.member));
        }
    }
    return problems;
}

const std::vector<I8237Timing>& i8237_timings() {
    static const std::vector<I8237Timing> kTimings = [] {
        I8237Timing intel;
        intel.description = "Intel 8237A: 3 clocks a byte, 2 in compressed timing, 8 memory to memory";
        I8237Timing always_wait = intel;
        always_wait.name = "i8237_always_wait";
        always_wait.description = "one wait state in every byte, as the open KF8237 has it";
        always_wait.always_wait = 1;
        return std::vector<I8237Timing>{intel, always_wait};
    }();
    return kTimings;
}

const I8237Timing& i8237_timing(std::string_view name) {
    std::string known;
    for (const I8237Timing& timing : i8237_timings()) {
        if (timing.name == name) {
            return timing;
        }
        known += known.empty() ? "" : ", ";
        known += timing.name;
    }
    throw ConfigError("there is no i8237 timing \"" + std::string(name) + "\"; there are: " + known);
}

}  // namespace dmasim
