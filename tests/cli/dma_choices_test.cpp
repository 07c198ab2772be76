// SPDX-License-Identifier: Apache-2.0
//
// Choices of the DMA operations, mappings in the manner of Linux, and programs that never end, as scenarios.
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"

#include "support.h"

namespace dmasim::cli::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Outcome run_program(const std::string& steps, const std::string& verifier = "false", const std::string& rest = "",
                    const std::vector<std::string>& options = {}) {
    const TemporaryFolder folder;
    const std::string text =
        "name: dma\n"
        "platform:\n"
        "  memories: [{name: ram, size: 8MiB, contents: [{at: 0x10_0000, size: 64KiB, seed: 9}]}]\n"
        "  controllers: [{name: card, channels: 1, registers: 0x4000_0000}]\n"
        "  cpu: {}\n"
        "  verifier: {enabled: " +
        verifier + "}\nprogram:\n" + steps + rest;
    std::vector<std::string> arguments{"run", folder.file("dma.yaml", text)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments);
}

// ------------------------------------------------------------------------------------------------------------ splitting

/// 45056 bytes that begin in the middle of a page, with 5 map registers.
std::string split(const std::string& options, unsigned version, const std::string& outcome) {
    const std::string allocate =
        version >= 3 ? "  - dma: {call: initialize_dma_transfer_context, adapter: disk}\n"
                       "  - dma: {call: allocate_adapter_channel_ex, adapter: disk, registers: 5, status: success}\n"
                     : "  - dma: {call: allocate_adapter_channel, adapter: disk, registers: 5, status: success}\n";
    return "  - dma: {call: platform, kind: bounce, registers: 8, bounce: 0x40_0000, options: {" + options +
           "}}\n"
           "  - dma: {call: get_dma_adapter, adapter: disk, version: " +
           std::to_string(version) +
           ", size: 1MiB, value: 8, address_bits: 32, boundary: 8MiB, ignore_count: true}\n"
           "  - dma: {call: buffer, buffer: data, address: 0x10_0800, size: 45056}\n"
           "  - dma: {call: set_level, level: dispatch}\n" +
           allocate +
           "  - dma: {call: split_transfer, adapter: disk, buffer: data, registers: 5, address: 0x20_0000, " + outcome +
           "}\n";
}

TEST(DmaChoices, SplittingRuleIsAnOption) {
    const auto transfers = [](const Outcome& outcome) {
        EXPECT_NE(outcome.status, 2) << outcome.err;
        std::vector<std::uint64_t> bytes;
        const auto json = nlohmann::json::parse(outcome.out);
        for (const auto& transfer : json.at("transfers")) {
            bytes.push_back(transfer.at("length").get<std::uint64_t>());
        }
        return bytes;
    };
    using Bytes = std::vector<std::uint64_t>;
    const std::vector<std::string> as_json{"--format", "json"};
    const auto moved = [&](const std::string& options, unsigned version, const std::string& outcome) {
        return transfers(run_program(split(options, version, outcome), "false", "", as_json));
    };
    EXPECT_EQ(moved("", 1, "value: 3"), (Bytes{18432, 20480, 6144}));
    EXPECT_EQ(moved("split: register_true", 1, "value: 3"), (Bytes{18432, 20480, 6144}));
    EXPECT_EQ(moved("split: spare_register", 1, "value: 3"), (Bytes{16384, 16384, 12288}));
    // The formula of the pages asks for a register more than there is: what does not fit is never moved, and reported.
    EXPECT_EQ(moved("split: documented", 1, "value: 3, breaks: [DV-15]"), (Bytes{18432, 18432, 4096}));
    // A system that does not look uses the registers behind the allocation.
    EXPECT_EQ(moved("split: documented, clip_to_registers: false", 1, "value: 3, breaks: [DV-15]"),
              (Bytes{20480, 20480, 4096}));
    EXPECT_EQ(run_program(split("split: documented", 1, "value: 3")).status, 1);
    EXPECT_EQ(run_program(split("split: register_true", 1, "value: 3")).status, 0);
    EXPECT_EQ(run_program(split("split: register_true", 1, "value: 2")).status, 1);
    // Version 3 says what it has mapped, so that nothing is lost with any rule.
    for (const char* rule : {"register_true", "documented", "spare_register"}) {
        const Outcome outcome = run_program(split(std::string("split: ") + rule, 3, "status: success"));
        EXPECT_EQ(outcome.status, 0) << rule << outcome.out << outcome.err;
    }
    const Outcome unknown = run_program(split("split: greedy", 1, "value: 3"));
    EXPECT_EQ(unknown.status, 2);
    EXPECT_THAT(unknown.err, HasSubstr("split"));
}

TEST(DmaChoices, OthersAreOptionsToo) {
    const std::string begin =
        "  - dma: {call: get_dma_adapter, adapter: disk, version: 3, scatter_gather: true, status: success}\n"
        "  - dma: {call: buffer, buffer: data, address: 0x10_0000, size: 64}\n"
        "  - dma: {call: initialize_dma_transfer_context, adapter: disk}\n"
        "  - dma: {call: set_level, level: dispatch}\n"
        "  - dma: {call: allocate_adapter_channel_ex, adapter: disk, registers: 1, status: success}\n";
    const auto platform = [](const std::string& options) {
        return "  - dma: {call: platform, options: {" + options + "}}\n";
    };
    const std::string zero = "  - dma: {call: map_transfer_ex, adapter: disk, buffer: data, size: 0, breaks: [DV-21], ";
    EXPECT_EQ(run_program(platform("") + begin + zero + "status: invalid_parameter}\n").status, 0);
    EXPECT_EQ(run_program(platform("zero_length_map: allowed") + begin + zero + "status: success}\n").status, 0);
    EXPECT_EQ(run_program(platform("zero_length_map: allowed") + begin + zero + "status: invalid_parameter}\n").status,
              1);
    const std::string third = "  - dma: {call: get_dma_adapter, adapter: disk, version: 3, status: not_supported}\n";
    EXPECT_EQ(run_program(platform("highest_version: 2") + third).status, 0);
    EXPECT_EQ(run_program(platform("highest_version: 3") + third).status, 1);
    const std::string granted = "  - dma: {call: get_dma_adapter, adapter: disk, size: 64KiB, value: 4}\n";
    EXPECT_EQ(run_program("  - dma: {call: platform, registers: 64, options: {register_limit: 4}}\n" + granted).status,
              0);
    EXPECT_EQ(run_program("  - dma: {call: platform, registers: 64}\n" + granted).status, 1);
    // Guards: the device writes one byte too many.
    const std::string guarded =
        "  - dma: {call: platform, kind: bounce, registers: 8, bounce: 0x40_0000, "
        "options: {guards: true, guard_address: 0x60_0000, guard_size: 64KiB}}\n"
        "  - dma: {call: get_dma_adapter, adapter: disk, status: success}\n"
        "  - dma: {call: buffer, buffer: data, address: 0x10_0000, size: 64}\n"
        "  - dma: {call: set_level, level: dispatch}\n"
        "  - dma: {call: allocate_adapter_channel, adapter: disk, registers: 1}\n"
        "  - dma: {call: map_transfer, adapter: disk, buffer: data, direction: from_device, value: 64}\n"
        "  - start: {controller: card, source: 0x20_0000, destination: 0x60_1000, length: ";
    const std::string flushed =
        "}\n"
        "  - wait_transfer: {controller: card}\n"
        "  - dma: {call: flush_adapter_buffers, adapter: disk, buffer: data, direction: from_device, breaks: [";
    const Outcome kept = run_program(guarded + "64" + flushed + "]}\n");
    EXPECT_EQ(kept.status, 0) << kept.out << kept.err;
    const Outcome touched = run_program(guarded + "65" + flushed + "DV-0F2]}\n");
    EXPECT_EQ(touched.status, 0) << touched.out << touched.err;
    const Outcome wrong = run_program("  - dma: {call: platform, options: {guards: true, guard_address: 17}}\n");
    EXPECT_EQ(wrong.status, 2);
    EXPECT_THAT(wrong.err, HasSubstr("guard_area.base"));
}

// ------------------------------------------------------------------------------------------------ in the manner of Linux

/// For each rule: what comes before, the call that breaks it, and the same done right.
struct LinuxCase {
    std::string before;
    std::string wrong;
    std::string right;
};

std::string call(const std::string& arguments) {
    return "  - dma: {call: " + arguments + "}\n";
}

std::map<std::string, LinuxCase> linux_cases() {
    const std::string map = call("map_single, address: 0x1000, size: 256, direction: from_device");
    const std::string in = map + call("mapping_error");
    const std::string out = call("map_single, address: 0x1000, size: 256") + call("mapping_error");
    const std::string buffer = call("buffer, buffer: data, address: 0x0, size: 8192, pages: [0x10_0000, 0x12_0000]");
    const std::string list = buffer + call("map_list, buffer: data, direction: from_device, value: 2");
    const std::string unmap = "unmap_single, direction: from_device";
    // The overlaps themselves are told from the second mapping on.
    std::string overlapping = map;
    for (int number = 1; number < 8; ++number) {
        overlapping += call("map_single, address: 0x1000, size: 256, direction: from_device, breaks: [LD-22]");
    }
    const std::string regions = call("region, kind: stack, address: 0x2000, size: 4096") +
                                call("region, kind: read_only, address: 0x3000, size: 4096") +
                                call("region, kind: virtually_contiguous, address: 0x4000, size: 4096") +
                                call("region, kind: device, address: 0x5000, size: 4096");
    const auto single = [](const char* address) {
        return std::string("map_single, address: ") + address + ", size: 64";
    };
    return {
        {"LD-01",
         {call("map_single, address: 0x4100_0000, size: 64, breaks: [LD-11], status: unsuccessful"),
          "unmap_single, size: 64", "mapping_error, status: unsuccessful"}},
        {"LD-02", {in + call(unmap), unmap, "unbind_driver"}},
        {"LD-03", {in, unmap + ", size: 255", unmap + ", size: 256"}},
        {"LD-04", {in, unmap + ", kind: resource", unmap + ", kind: single"}},
        {"LD-05",
         {call("streaming, address: 0x20_0000, size: 8192") + call("allocate_coherent, size: 100, value: 0x20_0000"),
          "free_coherent, address: 0x20_0004", "free_coherent"}},
        {"LD-06", {list, "unmap_list, direction: from_device, entries: 1", "unmap_list, direction: from_device"}},
        {"LD-07", {in, "unmap_single, direction: to_device", unmap}},
        {"LD-08", {map, unmap, "mapping_error"}},
        {"LD-09", {regions, single("0x2000"), single("0x1000")}},
        {"LD-10", {regions, single("0x3000"), single("0x1000")}},
        {"LD-11", {"", single("0x4100_0000"), single("0x1000")}},
        {"LD-12", {regions, single("0x4000"), single("0x1000")}},
        {"LD-13", {regions, "map_resource, address: 0x1000, size: 4", "map_resource, address: 0x5000, size: 4"}},
        {"LD-14",
         {buffer + call("streaming_device, element_bytes: 1024"), "map_list, buffer: data, size: 1025",
          "map_list, buffer: data, size: 1024"}},
        {"LD-15",
         {call("buffer, buffer: data, address: 0x1_F700, size: 512") + call("streaming_device, boundary: 2048"),
          "map_list, buffer: data, size: 257", "map_list, buffer: data, size: 256"}},
        {"LD-16",
         {in, "sync_for_cpu, offset: 256, size: 1, direction: from_device",
          "sync_for_cpu, offset: 255, size: 1, direction: from_device"}},
        {"LD-17",
         {in, "sync_for_cpu, offset: 200, size: 57, direction: from_device",
          "sync_for_cpu, offset: 200, size: 56, direction: from_device"}},
        {"LD-18", {in, "sync_for_cpu, direction: to_device", "sync_for_cpu, direction: from_device"}},
        {"LD-19", {out, "sync_for_cpu, direction: from_device", "sync_for_cpu, direction: to_device"}},
        {"LD-20", {in, "sync_for_device, direction: to_device", "sync_for_device, direction: from_device"}},
        {"LD-21",
         {list, "sync_list_for_cpu, direction: from_device, entries: 1", "sync_list_for_cpu, direction: from_device"}},
        {"LD-22",
         {in, "map_single, allocation: b, address: 0x10C0, size: 64, direction: from_device",
          "map_single, allocation: b, address: 0x1100, size: 64, direction: from_device"}},
        {"LD-23",
         {overlapping, "map_single, address: 0x1000, size: 256, direction: from_device",
          "map_single, address: 0x1100, size: 256, direction: from_device"}},
        {"LD-24", {in, "unbind_driver", "unbind_driver, device: 2"}},
        {"LD-25", {call("streaming, count: 1") + in, "map_single, allocation: b, address: 0x2000, size: 64", unmap}},
    };
}

TEST(DmaChoices, EveryRuleOfTheLinuxMappings) {
    const std::map<std::string, LinuxCase> cases = linux_cases();
    std::size_t linux_rules = 0;
    for (const std::string& rule : dma::driver_rule_names()) {
        linux_rules += rule.rfind("LD-", 0) == 0 ? 1U : 0U;
    }
    EXPECT_EQ(cases.size(), linux_rules);
    for (const auto& [rule, one] : cases) {
        // Some calls break two rules at once, which is right: a direction that is wrong, and what it means.
        const std::string also = rule == "LD-19" || rule == "LD-20" ? ", LD-18" : rule == "LD-23" ? ", LD-22" : "";
        const Outcome wrong = run_program(one.before + call(one.wrong + ", breaks: [" + rule + also + "]"));
        EXPECT_EQ(wrong.status, 0) << rule << wrong.out << wrong.err;
        const Outcome right = run_program(one.before + call(one.right));
        EXPECT_EQ(right.status, 0) << rule << right.out << right.err;
    }
}

TEST(DmaChoices, LinuxMappingsAreVerified) {
    const std::string before = "  - load: {address: 0x1000, size: 64}\n";
    const std::string map =
        call("map_single, address: 0x1000, size: 64, direction: from_device") + call("mapping_error");
    const std::string moved = call("run_device, address: 0x10_0000, direction: from_device, status: success");
    const std::string synced = call("sync_for_cpu, direction: from_device");
    const std::string looks = "  - load: {address: 0x1000, size: 64}\n";
    const std::string unmap = call("unmap_single, direction: from_device");
    const Outcome right = run_program(
        before + map + moved + synced + looks + call("sync_for_device, direction: from_device") + unmap + looks,
        "true");
    EXPECT_EQ(right.status, 0) << right.out << right.err;
    const Outcome early = run_program(before + map + looks + moved + looks + unmap, "true");
    EXPECT_EQ(early.status, 1);
    EXPECT_THAT(early.out, HasSubstr("INVAL_MISSING at cycle"));
    const Outcome dirty = run_program(
        "  - store: {address: 0x1000, hex: \"c0\"}\n" + call("map_single, address: 0x1000, size: 64, skip_sync: true") +
            call("mapping_error") + call("run_device, address: 0x20_0000") + call("unmap_single"),
        "true");
    EXPECT_EQ(dirty.status, 1);
    EXPECT_THAT(dirty.out, HasSubstr("CLEAN_MISSING at cycle"));
}

TEST(DmaChoices, MistakesAboutLinuxMappings) {
    EXPECT_EQ(run_program(call("streaming, bounce: 0x1000, bounce_size: 64KiB")).status, 2);
    EXPECT_EQ(run_program(call("streaming, address: 0x1001")).status, 2);
    EXPECT_EQ(run_program(call("streaming, alignment: 48")).status, 2);
    // Too late.
    EXPECT_EQ(
        run_program(call("unbind_driver") + call("streaming, address: 0x1000, status: invalid_device_request")).status,
        0);
    // Names that nobody has made.
    EXPECT_EQ(run_program(call("unmap_single, allocation: never, size: 4, breaks: [LD-01]")).status, 0);
    EXPECT_EQ(run_program(call("sync_list_for_cpu, allocation: never, breaks: [LD-16]")).status, 0);
    EXPECT_EQ(run_program(call("map_list, buffer: never, status: unsuccessful")).status, 0);
}

// ---------------------------------------------------------------------------------------------- programs that never end

const std::string kHangs =
    "  - dma: {call: get_dma_adapter, adapter: disk, version: 3}\n"
    "  - dma: {call: set_level, level: dispatch}\n"
    "  - dma: {call: free_adapter_channel, adapter: disk}\n"
    "  - dma: {call: dump, adapter: disk}\n"
    "  - dma: {call: map_single, address: 0x1000, size: 64}\n"
    "  - dma: {call: wait_completion}\n"
    "  - dma: {call: put_dma_adapter, adapter: disk}\n";

TEST(DmaChoices, AProgramThatHangsTellsWhatItHas) {
    const TemporaryFolder folder;
    for (const std::string verified : {"false", "true"}) {
        const Outcome outcome = run_program(kHangs, verified, "", {"--out", folder.path("out")});
        EXPECT_EQ(outcome.status, 3) << outcome.out;
        EXPECT_THAT(outcome.out, HasSubstr("DV-04"));
        EXPECT_THAT(outcome.out, HasSubstr("Adapter disk in cycle"));
        EXPECT_THAT(outcome.out, HasSubstr("Adapter disk when the program was stopped"));
        EXPECT_THAT(outcome.out, HasSubstr("free_adapter_channel: invalid_device_request"));
        EXPECT_THAT(outcome.out, HasSubstr("Mappings when the program was stopped"));
        EXPECT_THAT(outcome.out, HasSubstr("The simulation failed: "));
        EXPECT_THAT(outcome.out, Not(HasSubstr("expectations hold")));
        const auto json = nlohmann::json::parse(read_file(folder.path("out/result.json")));
        EXPECT_EQ(json.at("status"), "failed");
        ASSERT_EQ(json.at("sections").size(), 3U);
        EXPECT_THAT(json.at("sections")[1].at("title").get<std::string>(), HasSubstr("when the program was stopped"));
        EXPECT_THAT(json.at("sections")[1].at("lines").dump(), HasSubstr("free_adapter_channel"));
        EXPECT_EQ(json.at(verified == "true" ? "findings" : "expectations").size(), 1U);
    }
    // One that ends has only what it asked for.
    const Outcome ends = run_program(
        "  - dma: {call: get_dma_adapter, adapter: disk}\n"
        "  - dma: {call: dump, adapter: disk}\n"
        "  - dma: {call: put_dma_adapter, adapter: disk}\n",
        "false", "", {"--out", folder.path("out")});
    EXPECT_EQ(ends.status, 0);
    EXPECT_EQ(nlohmann::json::parse(read_file(folder.path("out/result.json"))).at("sections").size(), 1U);
    EXPECT_THAT(ends.out, Not(HasSubstr("when the program was stopped")));
}

}  // namespace
}  // namespace dmasim::cli::test
