// SPDX-License-Identifier: Apache-2.0
//
// The example disk-io through the program, in short: what must not change its outcome, and what must.
#include <array>
#include <cstdio>
#include <string>
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_paths.h"

namespace dmasim::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Outcome {
    int status = -1;
    std::string output;
};

/// Runs the first `limit` requests, with further options.
Outcome run(const std::string& options, int limit = 60) {
    const std::string command = "cd '" DMASIM_SOURCE_DIR "' && '" DMASIM_PROGRAM
                                "' run examples/disk-io/disk-io.yaml --set program.0.block_io.limit=" +
                                std::to_string(limit) + " " + options + " 2>&1";
    Outcome outcome;
    std::FILE* pipe = popen(command.c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        outcome.output.append(buffer.data(), got);
    }
    const int status = pclose(pipe);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}

TEST(DiskIo, ComesOutRight) {
    const Outcome outcome = run("");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("60 requests with"));
    EXPECT_THAT(outcome.output, HasSubstr("2 of 2 expectations hold."));
    EXPECT_THAT(outcome.output, HasSubstr("At the end 2 files were read back"));
}

TEST(DiskIo, TheSameWithMonitorsAndInReverse) {
    const Outcome outcome = run("");
    EXPECT_EQ(run("--set platform.monitor=true").output, outcome.output);
    EXPECT_EQ(run("--set run.construction_order=reversed").output, outcome.output);
}

TEST(DiskIo, OtherPlatforms) {
    for (const char* options :
         {"--set platform.bus.topology=crossbar", "--set platform.bus.topology=simple",
          "--set platform.bus.data_width_bits=32 --set platform.block_devices.0.element=4",
          "--set platform.bus.data_width_bits=256", "--set platform.controllers.0.style=blocking",
          "--set platform.controllers.0.descriptor_prefetch=1", "--set platform.cpu.cache.write_policy=through",
          "--set program.0.block_io.page=1KiB --set program.0.block_io.seed=99",
          "--set program.0.block_io.max_command=4KiB", "--set platform.block_devices.0.sector_bytes=4096"}) {
        const Outcome outcome = run(options);
        EXPECT_EQ(outcome.status, 0) << options << "\n" << outcome.output;
        EXPECT_THAT(outcome.output, HasSubstr("2 of 2 expectations hold.")) << options;
    }
}

TEST(DiskIo, ForgottenMaintenanceIsFound) {
    const Outcome outcome = run("--set program.0.block_io.maintenance=false", 250);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("got other bytes than were recorded"));
    EXPECT_THAT(outcome.output, HasSubstr("disk-io.yaml:"));
}

TEST(DiskIo, CoherentCacheNeedsNone) {
    const Outcome outcome =
        run("--set program.0.block_io.maintenance=false --set platform.cpu.cache.coherence=io_coherent", 250);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(" 0.0 % cache maintenance"));
}

TEST(DiskIo, DiskErrorIsFound) {
    const Outcome outcome = run("--set platform.memories.0.errors='[{at: 0x20_0000, size: 64KiB}]'");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("DMA: bus_"));
}

// Everything that cannot work is refused before the simulation, with its place.
TEST(DiskIo, MistakesAreRefused) {
    const auto refused = [](const std::string& options, const std::string& message) {
        const Outcome outcome = run(options);
        EXPECT_EQ(outcome.status, 2) << options << "\n" << outcome.output;
        EXPECT_THAT(outcome.output, HasSubstr(message)) << options;
        EXPECT_THAT(outcome.output, Not(HasSubstr("moved by"))) << options;
    };
    refused("--set program.0.block_io.recording=nothing.zst", "nothing.zst: No such file");
    refused("--set program.0.block_io.recording=workload.sql", "workload.sql:1: is not a block I/O recording");
    refused("--set program.0.block_io.device=drum", "there is no disk \"drum\"");
    refused("--set program.0.block_io.buffers=0x70_0000", "are not inside of one memory");
    refused("--set program.0.block_io.descriptors=0x20_0000", "lie in the memory of the buffers");
    refused("--set program.0.block_io.descriptors=0x20", "multiple of 64");
    refused("--set program.0.block_io.alignment=32", "not a power of two from 64");
    refused("--set program.0.block_io.buffers_size=1MiB", "pages");
    refused("--set program.0.block_io.page=3000", "power of two");
    refused("--set program.0.block_io.max_command=256", "hold no sector");
    refused("--set platform.block_devices.0.size=1MiB", "the disk has");
    refused("--set platform.block_devices.0.size=1000", "whole number of sectors");
    refused("--set platform.block_devices.0.channel=2", "channels 0 to 1");
    refused("--set platform.block_devices.0.base=0x4000_0000", "overlaps");
    refused("--set platform.block_devices.0.threshold=200", "threshold");
    refused("--set platform.block_devices.0.controller=dna", "dna");
    refused("--set platform.block_devices='[]'", "no block_devices");
}

}  // namespace
}  // namespace dmasim::cli
