// SPDX-License-Identifier: Apache-2.0
//
// Stream peripherals in scenarios: what is refused and where, what fails, and what is counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"

namespace dmasim::cli::test {
namespace {

using ::testing::HasSubstr;

const char* const kGood = R"(platform:
  memories: [{name: ram, size: 64KiB}]
  controllers:
    - {name: dma, registers: 0x4000_0000, channels: 3, max_burst_beats: 8}
  streams:
    - {name: mic, direction: source, base: 0x4001_0000, channel: 0, element: 4, payload: {size: 64, seed: 1}}
    - {name: speaker, direction: sink, base: 0x4002_0000, channel: 1, element: 4, fifo_elements: 8, cycles_per_element: 9}
transfers:
  - {channel: 0, source: 0x4001_0000, fixed_source: true, destination: 0x1000, length: 64, element: 4, unit: 4, handshake: single}
  - {channel: 1, source: 0x1000, destination: 0x4002_0000, fixed_destination: true, length: 64, element: 4, unit: 4,
     handshake: single, start: 2000}
expect:
  memory: [{address: 0x1000, size: 64, seed: 1}]
  streams: [{name: speaker, size: 64, seed: 1}]
)";

class Streams : public ::testing::Test {
  protected:
    /// The good scenario with `from` replaced by `to`.
    Outcome run_with(const std::string& from, const std::string& to, const std::string& command = "run",
                     const std::vector<std::string>& more = {}) {
        std::string text = kGood;
        const std::size_t at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
        std::vector<std::string> arguments{command, folder_.file("s.yaml", text)};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Outcome outcome = run(arguments);
        const std::string path = folder_.path("");
        for (std::string* stream : {&outcome.out, &outcome.err}) {
            for (std::size_t i = stream->find(path); i != std::string::npos; i = stream->find(path)) {
                stream->erase(i, path.size());
            }
        }
        return outcome;
    }
    /// One line, status 2, nothing else.
    void expect_refused(const std::string& from, const std::string& to, const std::string& message) {
        const Outcome outcome = run_with(from, to, "check");
        EXPECT_EQ(outcome.status, 2) << to;
        EXPECT_EQ(outcome.err, message + "\n") << to;
        EXPECT_EQ(outcome.out, "") << to;
    }

  private:
    TemporaryFolder folder_;
};

TEST_F(Streams, AGoodOneRuns) {
    const Outcome outcome = run_with("64, seed: 1}]", "64, seed: 1}]");
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.err, "");
}

TEST_F(Streams, RefusalsNameThePlace) {
    expect_refused("unit: 4, handshake: single}", "handshake: single}",
                   "s.yaml:9:104: handshake single needs the key \"unit\" in the transfer, the most bytes of a unit");
    expect_refused("unit: 4,\n     handshake: single", "\n     handshake: demand",
                   "s.yaml:11:6: handshake demand needs the key \"unit\" in the transfer, the most bytes of a unit");
    expect_refused(
        "source: 0x4001_0000, fixed_source: true, destination: 0x1000, length: 64, element: 4, unit: 4, "
        "handshake: single}",
        "descriptors: 0x2000, chain: [{source: 0, destination: 8, length: 4}, "
        "{source: 0, destination: 8, length: 4, handshake: single}]}",
        "s.yaml:9:126: handshake single needs the key \"unit\" in the transfer, the most bytes of a unit");
    expect_refused("base: 0x4001_0000", "base: 0x4001_0002",
                   "s.yaml:6:44: 0x40010002 is not a multiple of the element, 4");
    expect_refused("direction: source", "direction: sink",
                   "s.yaml:6:79: payload belongs to a source; what a sink must get stands in expect.streams");
    expect_refused("{size: 64, seed: 1}}\n", "{size: 63, seed: 1}}\n",
                   "s.yaml:6:81: 63 bytes are not a whole number of elements of 4");
    expect_refused("name: speaker, size", "name: speeker, size",
                   "s.yaml:14:20: there is no sink \"speeker\" in platform.streams");
    expect_refused("name: speaker, size", "name: mic, size",
                   "s.yaml:14:20: there is no sink \"mic\" in platform.streams");
    expect_refused("name: speaker, dir", "name: mic, dir", "s.yaml:7:14: the name \"mic\" is taken");
    expect_refused("fifo_elements: 8", "fifo_elements: 8, threshold: 9",
                   "s.yaml:7:7: platform.streams[1]: threshold is 9, must be 1 to 8");
    expect_refused("fifo_elements: 8", "fifo_element: 8",
                   "s.yaml:7:83: unknown key \"fifo_element\" in platform.streams[1]; did you mean \"fifo_elements\"?");
}

TEST_F(Streams, AUnitThatDoesNotFitIsTheControllersBusiness) {
    const Outcome outcome = run_with("unit: 4, handshake: single}", "unit: 3, handshake: single}");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("bad_register"));
}

TEST_F(Streams, WhatASinkGotIsCompared) {
    Outcome outcome = run_with("speaker, size: 64, seed: 1", "speaker, size: 64, seed: 2");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("s.yaml:14:13): 64 bytes received by speaker: wanted "));
    outcome = run_with("speaker, size: 64, seed: 1", "speaker, size: 60, seed: 1");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("60 bytes received by speaker: wanted 60 bytes, found 64 bytes"));
    // Four bytes less are sent, and the sink must not look as if it had all of them.
    outcome = run_with("fixed_destination: true, length: 64", "fixed_destination: true, length: 60");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("64 bytes received by speaker: wanted 64 bytes, found 60 bytes"));
}

TEST_F(Streams, StatisticsOfTheDevices) {
    const std::string expected =
        "expect:\n  statistics: [{name: mic.misuses, equals: 0}, {name: speaker.misuses, equals: 0}, "
        "{name: mic.acknowledges, equals: 16}, {name: mic.terminal_counts, equals: 1}, "
        "{name: speaker.received_bytes, equals: 64}]\n";
    Outcome outcome = run_with("expect:\n", expected);
    EXPECT_EQ(outcome.status, 0) << outcome.out;
    // Units of more than the threshold promises: bursts that do not fit, and bytes that are lost.
    outcome = run_with("fixed_destination: true, length: 64, element: 4, unit: 4",
                       "fixed_destination: true, length: 64, element: 4, unit: 16", "run",
                       {"--set", "expect.statistics=[{name: speaker.misuses, min: 1}]"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("64 bytes received by speaker: wanted 64 bytes"));
    EXPECT_THAT(outcome.out, Not(HasSubstr("statistic speaker.misuses")));
}

}  // namespace
}  // namespace dmasim::cli::test
