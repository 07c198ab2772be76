// SPDX-License-Identifier: Apache-2.0
//
// Coherence modes and the cache's own actions in scenarios: schedules, recordings, what they do to a driver that is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support.h"

namespace dmasim::cli::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

/// A buffer that is dirty when the device writes it; the driver invalidates only afterwards. Right as long as the hardware
/// does not evict the line in between.
const char* const kDirtyReceive = R"(
platform:
  memories:
    - {name: ram, size: 64KiB, contents: [{at: 0x2000, size: 64, pattern: "5a"}]}
  controllers:
    - {name: dma, registers: 0x10000000, channels: 1}
  cpu: {}
program:
  - store: {address: 0x1000, size: 8, value: 0x1111111111111111}
  - start: {source: 0x2000, destination: 0x1000, length: 64}
  - wait_cycles: 600
  - invalidate: {address: 0x1000, size: 64}
  - load: {address: 0x1000, size: 8, value: 0x5a5a5a5a5a5a5a5a}
)";

TEST(Coherence, AScheduledEvictionBreaksADriverThatWorksOtherwise) {
    const TemporaryFolder folder;
    const std::string scenario = folder.file("receive.yaml", kDirtyReceive);
    const Outcome plain = run({"run", scenario});
    EXPECT_EQ(plain.status, 0) << plain.out << plain.err;
    const std::string late = folder.file("late.yaml", "- {at: 500, evict: 0x1004}\n");
    const Outcome evicted = run({"run", scenario, "--schedule", late});
    EXPECT_EQ(evicted.status, 1);
    EXPECT_THAT(evicted.out, HasSubstr("1111111111111111"));
    const std::string early = folder.file("early.yaml", "- at: 20\n  evict: 0x1000\n");
    EXPECT_EQ(run({"run", scenario, "--schedule", early}).status, 0) << "before the device writes it does no harm";
    const Outcome coherent =
        run({"run", scenario, "--schedule", late, "--set", "platform.cpu.cache.coherence=io_coherent"});
    EXPECT_EQ(coherent.status, 0) << coherent.out;
    const Outcome one_sided =
        run({"run", scenario, "--schedule", late, "--set", "platform.cpu.cache.coherence=one_sided"});
    EXPECT_EQ(one_sided.status, 1) << "its writes are not snooped";
}

TEST(Coherence, ARecordingReplays) {
    const TemporaryFolder folder;
    const std::string scenario = folder.file("receive.yaml", kDirtyReceive);
    const auto random = [&](const std::string& seed, const std::string& record) {
        return run({"run", scenario, "--format", "json", "--record", folder.path(record), "--set",
                    "platform.cpu.actor.seed=" + seed, "--set", "platform.cpu.actor.evict_every=300", "--set",
                    "platform.cpu.actor.prefetch_every=25", "--set",
                    "platform.cpu.actor.prefetch_from=[{address: 0x1000, size: 64}]"});
    };
    unsigned broken = 0;
    for (int seed = 1; seed <= 6; ++seed) {
        const std::string recorded = "recorded" + std::to_string(seed);
        const Outcome first = random(std::to_string(seed), recorded);
        broken += first.status == 1 ? 1U : 0U;
        const Outcome again = run({"run", scenario, "--format", "json", "--schedule", folder.path(recorded), "--record",
                                   folder.path("again")});
        EXPECT_EQ(again.status, first.status);
        EXPECT_EQ(Json::parse(again.out)["cycles"], Json::parse(first.out)["cycles"]);
        EXPECT_EQ(read_file(folder.path("again")), read_file(folder.path(recorded)));
        EXPECT_THAT(read_file(folder.path(recorded)), HasSubstr("prefetch: 0x1000"));
    }
    EXPECT_GT(broken, 0U);
    EXPECT_EQ(run({"run", scenario, "--record", folder.path("none")}).status, 0);
    EXPECT_EQ(read_file(folder.path("none")), "[]\n");
    EXPECT_EQ(run({"run", scenario, "--schedule", folder.path("none")}).status, 0);
}

TEST(Coherence, NoSnoopAndUnsnoopedControllersAreNotSeen) {
    const TemporaryFolder folder;
    const auto scenario = [&](const std::string& controller, const std::string& job) {
        return folder.file("copy.yaml", R"(
platform:
  memories: [{name: ram, size: 64KiB}]
  controllers: [{name: dma, registers: 0x10000000, channels: 1)" +
                                            controller + R"(}]
  cpu: {cache: {coherence: io_coherent}}
program:
  - store: {address: 0x1000, size: 8, value: 0x1122334455667788}
  - start: {source: 0x1000, destination: 0x3000, length: 8)" +
                                            job + R"(}
  - wait_transfer: {}
  - load: {address: 0x3000, size: 8, value: 0x1122334455667788}
)");
    };
    EXPECT_EQ(run({"run", scenario("", "")}).status, 0);
    EXPECT_EQ(run({"run", scenario("", ", no_snoop: true")}).status, 1);
    EXPECT_EQ(run({"run", scenario(", snooped: false", "")}).status, 1);
    EXPECT_EQ(run({"run", scenario(", snooped: true", ", no_snoop: false")}).status, 0);
}

TEST(Coherence, MistakesAreShownWithTheirPlace) {
    const TemporaryFolder folder;
    const std::string scenario = folder.file("receive.yaml", kDirtyReceive);
    const auto refused = [&](const std::string& schedule) {
        const std::string file = folder.file("s.yaml", schedule);
        const Outcome outcome = run({"run", scenario, "--schedule", file});
        EXPECT_EQ(outcome.status, 2) << schedule;
        EXPECT_EQ(outcome.out, "");
        const std::size_t name = outcome.err.find(file);
        EXPECT_EQ(name, 0U) << outcome.err;
        return name == 0 ? outcome.err.substr(file.size() + 1) : outcome.err;
    };
    EXPECT_EQ(refused("- {at: 5}\n"),
              "1:3: platform.cpu.actor.schedule[0]: exactly one of evict, prefetch, stall, drain_stores, hold_stores "
              "and hold_channel belongs here\n");
    EXPECT_EQ(refused("- {at: 5, evict: 0}\n- {at: 4, evict: 0}\n"),
              "2:8: cycle 4 comes before that of the entry above, 5\n");
    EXPECT_THAT(refused("- {at: 5, evikt: 0}\n"), HasSubstr("did you mean \"evict\"?"));
    EXPECT_THAT(refused("- {evict: 0}\n"), HasSubstr("\"at\""));
    EXPECT_THAT(refused("{}\n"), HasSubstr("1:1: "));
    EXPECT_THAT(refused("- [\n"), HasSubstr("1:3: "));
    const Outcome missing = run({"run", scenario, "--schedule", folder.path("nothing")});
    EXPECT_EQ(missing.status, 2);
    EXPECT_THAT(missing.err, HasSubstr("nothing"));
    const Outcome unwritable = run({"run", scenario, "--record", folder.path("no/such/folder")});
    EXPECT_EQ(unwritable.status, 4);
    const Outcome ranges = run({"run", scenario, "--set", "platform.cpu.actor.prefetch_every=3"});
    EXPECT_EQ(ranges.status, 2);
    EXPECT_THAT(ranges.err, HasSubstr("prefetch_from names no addresses"));
}

}  // namespace
}  // namespace dmasim::cli::test
