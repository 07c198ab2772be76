// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/beat/pipeline.h"

#include <array>
#include <string>

#include "dmasim/model/errors.h"

#include "sequenced_pipeline.h"
#include "streaming_pipeline.h"

namespace dmasim {

std::string_view name_of(BeatStep step) {
    static constexpr std::array<std::string_view, kBeatSteps> kNames{
        "transfer accepted", "burst planned", "AR valid", "AR taken", "command taken", "AW valid",
        "AW taken",          "R beat",        "W beat",   "B taken",  "status"};
    return kNames.at(static_cast<std::size_t>(step));
}

std::vector<std::string> validate(const PipelineTiming& timing, std::uint32_t bus_bytes) {
    std::vector<std::string> problems;
    const auto check = [&](std::string_view name, std::uint32_t value, std::uint32_t low, std::uint32_t high) {
        if (value < low || value > high) {
            problems.push_back(std::string(name) + " is " + std::to_string(value) + "; it must be " +
                               std::to_string(low) + " to " + std::to_string(high));
        }
    };
    if (bus_bytes < 1 || bus_bytes > kMaxBeatBytes || (bus_bytes & (bus_bytes - 1)) != 0) {
        problems.push_back("a beat of " + std::to_string(bus_bytes) + " bytes; it must be a power of two, 1 to 128");
    }
    const bool sequenced = timing.kind == PipelineKind::Sequenced;
    check("max_burst_beats", timing.max_burst_beats, 1, 256);
    check("accept_to_plan", timing.accept_to_plan, 1, 1024);
    check("request_to_valid", timing.request_to_valid, sequenced ? 1 : 0, 1024);
    check("plan_to_request", timing.plan_to_request, 1, 1024);
    check("plan_to_command", timing.plan_to_command, 1, 1024);
    check("burst_gap", timing.burst_gap, 1, 1024);
    check("command_to_accept", timing.command_to_accept, 1, 1024);
    check("read_to_write", timing.read_to_write, 1, 1024);
    check("fifo_threshold", timing.fifo_threshold, 1, 65536);
    check("fifo_reaction", timing.fifo_reaction, 1, 64);
    check("response_gap", timing.response_gap, 1, 1024);
    check("response_to_status", timing.response_to_status, sequenced ? 1 : 0, 1024);
    check("bursts_in_flight", timing.bursts_in_flight, 1, 1024);
    // A write beat can need bytes of two read beats.
    check("buffer_beats", timing.buffer_beats, 2, 255);
    check("pending_extra", timing.pending_extra, 0, 1024);
    if (sequenced != (timing.split == SplitRule::DestinationFirst) ||
        sequenced != (timing.write_address == WriteAddressRule::WithCommand)) {
        problems.emplace_back(
            "a sequenced pipeline splits by the destination and sends the write address with the command, a streaming "
            "one "
            "does neither");
    }
    return problems;
}

std::unique_ptr<BeatPipeline> make_pipeline(const PipelineTiming& timing, std::uint32_t bus_bytes) {
    const std::vector<std::string> problems = validate(timing, bus_bytes);
    if (!problems.empty()) {
        std::string text = "pipeline timing";
        for (const std::string& problem : problems) {
            text += ": " + problem;
        }
        throw ConfigError(text);
    }
    if (timing.kind == PipelineKind::Sequenced) {
        return std::make_unique<detail::SequencedPipeline>(timing, bus_bytes);
    }
    return std::make_unique<detail::StreamingPipeline>(timing, bus_bytes);
}

}  // namespace dmasim
