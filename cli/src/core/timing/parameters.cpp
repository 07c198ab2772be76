// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/timing/parameters.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/error.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/profile/profile.h"

namespace dmasim::cli {

namespace {

/// A parameter of a pipeline.
struct PipelineParameter {
    std::string_view name;
    std::uint32_t PipelineTiming::*member;
    bool sequenced;
    bool streaming;
    /// Column by which the rows of tables say it; empty: none. By kind of pipeline.
    std::string_view sequenced_column;
    std::string_view streaming_column;
};

const std::vector<PipelineParameter>& pipeline_parameters() {
    static const std::vector<PipelineParameter> kParameters{
        {"max_burst_beats", &PipelineTiming::max_burst_beats, true, true, "burst", ""},
        {"accept_to_plan", &PipelineTiming::accept_to_plan, true, true, "", ""},
        {"plan_to_request", &PipelineTiming::plan_to_request, true, false, "", ""},
        {"request_to_valid", &PipelineTiming::request_to_valid, true, true, "", ""},
        {"plan_to_command", &PipelineTiming::plan_to_command, true, false, "", ""},
        {"burst_gap", &PipelineTiming::burst_gap, true, false, "", ""},
        {"command_to_accept", &PipelineTiming::command_to_accept, true, false, "", ""},
        {"read_to_write", &PipelineTiming::read_to_write, true, true, "", ""},
        {"fifo_threshold", &PipelineTiming::fifo_threshold, true, false, "", ""},
        {"fifo_reaction", &PipelineTiming::fifo_reaction, true, false, "", ""},
        {"response_gap", &PipelineTiming::response_gap, false, true, "", ""},
        {"response_to_status", &PipelineTiming::response_to_status, true, true, "", ""},
        {"bursts_in_flight", &PipelineTiming::bursts_in_flight, false, true, "", "nax"},
        {"buffer_beats", &PipelineTiming::buffer_beats, false, true, "", "bufdepth"},
        {"pending_extra", &PipelineTiming::pending_extra, false, true, "", ""},
    };
    return kParameters;
}

bool applies(const PipelineParameter& parameter, PipelineKind kind) {
    return kind == PipelineKind::Sequenced ? parameter.sequenced : parameter.streaming;
}

std::string_view column_of(const PipelineParameter& parameter, PipelineKind kind) {
    return kind == PipelineKind::Sequenced ? parameter.sequenced_column : parameter.streaming_column;
}

/// Name of the profile whose pipeline stands behind descriptor ports.
constexpr std::string_view kDescriptorMux = "axi_cdma_desc_mux";

}  // namespace

std::vector<std::string> ParameterSet::profiles() {
    std::vector<std::string> names;
    for (const TimingProfile& profile : timing_profiles()) {
        if (profile.beat_accurate) {
            names.push_back(profile.name);
        }
    }
    names.emplace_back(kDescriptorMux);
    for (const I8237Timing& timing : i8237_timings()) {
        names.push_back(timing.name);
    }
    return names;
}

ParameterSet::ParameterSet(std::string_view name) : profile_(name) {
    for (const TimingProfile& profile : timing_profiles()) {
        if (profile.beat_accurate && profile.name == (name == kDescriptorMux ? "axi_cdma" : name)) {
            pipeline_ = profile.pipeline;
            return;
        }
    }
    for (const I8237Timing& timing : i8237_timings()) {
        if (timing.name == name) {
            beats_ = false;
            i8237_ = timing;
            return;
        }
    }
    const std::vector<std::string> known = profiles();
    const std::string near = nearest(name, known);
    throw InputError(fmt::format("dmasim: no tables of timings for profile {}{}", in_quotes(name),
                                 near.empty() ? fmt::format("; known: {}", fmt::join(known, ", "))
                                              : fmt::format("; did you mean {}?", in_quotes(near))));
}

std::vector<std::string> ParameterSet::keys() const {
    std::vector<std::string> names;
    if (beats_) {
        for (const PipelineParameter& parameter : pipeline_parameters()) {
            if (applies(parameter, pipeline_.kind)) {
                names.emplace_back(parameter.name);
            }
        }
    } else {
        for (const I8237Parameter& parameter : i8237_parameters()) {
            names.emplace_back(parameter.name);
        }
    }
    return names;
}

std::uint64_t ParameterSet::apply(const Change& change, std::uint64_t value, std::string_view what) {
    switch (change.sign) {
        case '+':
            return value + change.value;
        case '-':
            if (change.value > value) {
                throw InputError(fmt::format("--set {}=-{}: it is {}", what, change.value, value));
            }
            return value - change.value;
        default:
            return change.value;
    }
}

void ParameterSet::set(std::string_view setting) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        throw InputError(fmt::format("--set {}: it must be KEY=VALUE", in_quotes(setting)));
    }
    const std::string_view key = setting.substr(0, equals);
    std::string_view text = setting.substr(equals + 1);
    Change change;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        change.sign = text.front();
        text.remove_prefix(1);
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), change.value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        throw InputError(fmt::format("--set {}: the value must be a number, +N or -N", in_quotes(setting)));
    }
    std::string_view found;
    if (beats_) {
        for (const PipelineParameter& parameter : pipeline_parameters()) {
            if (parameter.name != key || !applies(parameter, pipeline_.kind)) {
                continue;
            }
            found = parameter.name;
            const std::string_view column = column_of(parameter, pipeline_.kind);
            if (!column.empty()) {
                columns_[std::string(column)] = change;
            }
            const std::uint64_t value = apply(change, pipeline_.*parameter.member, key);
            pipeline_.*parameter.member =
                static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
        }
    } else {
        for (const I8237Parameter& parameter : i8237_parameters()) {
            if (parameter.name == key) {
                found = parameter.name;
                set_i8237_parameter(i8237_, key, apply(change, i8237_.*parameter.member, key));
            }
        }
    }
    if (found.empty()) {
        const std::string near = nearest(key, keys());
        throw InputError(fmt::format("--set {}: profile {} has no parameter {}{}", in_quotes(setting), profile_,
                                     in_quotes(key),
                                     near.empty() ? fmt::format("; it has: {}", fmt::join(keys(), ", "))
                                                  : fmt::format("; did you mean {}?", in_quotes(near))));
    }
    if (beats_) {
        const std::vector<std::string> problems = validate(pipeline_, 4);
        if (!problems.empty()) {
            throw InputError(fmt::format("--set {}: {}", in_quotes(setting), fmt::join(problems, "; ")));
        }
    }
}

std::uint64_t ParameterSet::changed(std::string_view column, std::uint64_t value, std::uint64_t low,
                                    std::uint64_t high) const {
    const auto found = columns_.find(column);
    if (found == columns_.end()) {
        return value;
    }
    const Change& change = found->second;
    switch (change.sign) {
        case '+':
            return std::min(high, value + change.value);
        case '-':
            return value - std::min<std::uint64_t>(value - std::min(value, low), change.value);
        default:
            return change.value;
    }
}

std::uint32_t ParameterSet::value_of(std::string_view column, const PipelineTiming& timing) const {
    for (const PipelineParameter& parameter : pipeline_parameters()) {
        if (column_of(parameter, pipeline_.kind) == column) {
            return timing.*parameter.member;
        }
    }
    DMASIM_INVARIANT(!changes(column));
    return 0;
}

}  // namespace dmasim::cli
