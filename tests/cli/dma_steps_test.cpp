// SPDX-License-Identifier: Apache-2.0
//
// Drivers that use the DMA operations, written as scenarios: each call is checked, with the place of the step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/dma_operations/words.h"

#include "support.h"

namespace dmasim::cli::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// 128 of these bytes.
std::string bytes(const std::string& digits) {
    std::string text;
    for (unsigned number = 0; number < 128; ++number) {
        text += digits;
    }
    return text;
}

/// A machine that is not coherent, with these steps, and an expectation about memory at 0x8000.
Outcome run_steps(const std::string& steps, const std::string& expected = "", const std::string& coherence = "none") {
    const TemporaryFolder folder;
    const std::string text =
        "name: dma\n"
        "platform:\n"
        "  clock: {frequency_hz: 100MHz}\n"
        "  memories:\n"
        "    - name: ram\n"
        "      base: 0x0\n"
        "      size: 1MiB\n"
        "      contents:\n"
        "        - {at: 0x1000, hex: \"" +
        bytes("a0") +
        "\"}\n"
        "  controllers:\n"
        "    - {name: dma, channels: 1, registers: 0x4000_0000}\n"
        "  cpu:\n"
        "    cache: {coherence: " +
        coherence +
        "}\n"
        "program:\n" +
        steps +
        (expected.empty() ? "" : "expect:\n  memory:\n    - {address: 0x8000, hex: \"" + bytes(expected) + "\"}\n");
    return run({"run", folder.file("dma.yaml", text)});
}

const std::string kBegin =
    "  - dma: {call: get_dma_adapter, adapter: disk, size: 4096, status: success}\n"
    "  - dma: {call: buffer, buffer: data, address: 0x1000, size: 128}\n"
    "  - store: {address: 0x1000, hex: \"" +
    bytes("c0") +
    "\"}\n"
    "  - dma: {call: set_level, level: dispatch}\n";
const std::string kFlush = "  - dma: {call: ke_flush_io_buffers, buffer: data}\n";
const std::string kMove =
    "  - dma: {call: allocate_adapter_channel, adapter: disk, registers: 1, status: success}\n"
    "  - dma: {call: map_transfer, adapter: disk, buffer: data}\n"
    "  - dma: {call: run_device, address: 0x8000, status: success}\n"
    "  - dma: {call: flush_adapter_buffers, adapter: disk, buffer: data, status: success}\n"
    "  - dma: {call: free_map_registers, adapter: disk, registers: 1, status: success}\n";
const std::string kEnd =
    "  - dma: {call: put_dma_adapter, adapter: disk}\n"
    "  - dma: {call: unload}\n";

TEST(DmaSteps, PacketTransfer) {
    const Outcome right = run_steps(kBegin + kFlush + kMove + kEnd, "c0");
    EXPECT_EQ(right.status, 0) << right.out << right.err;
    // Without the flush the device gets what was in memory before, unless the machine is coherent.
    EXPECT_EQ(run_steps(kBegin + kMove + kEnd, "a0").status, 0);
    EXPECT_EQ(run_steps(kBegin + kMove + kEnd, "c0").status, 1);
    EXPECT_EQ(run_steps(kBegin + kMove + kEnd, "c0", "io_coherent").status, 0);
}

TEST(DmaSteps, Version3) {
    const std::string steps =
        "  - dma: {call: get_dma_adapter, adapter: disk, version: 3, scatter_gather: true, size: 4096}\n"
        "  - dma: {call: buffer, buffer: data, address: 0x1000, size: 128}\n"
        "  - store: {address: 0x1000, hex: \"" +
        bytes("c0") +
        "\"}\n"
        "  - dma: {call: set_level, level: dispatch}\n"
        "  - dma: {call: initialize_dma_transfer_context, adapter: disk, status: success}\n"
        "  - dma: {call: allocate_adapter_channel_ex, adapter: disk, registers: 1, status: success}\n"
        "  - dma: {call: map_transfer_ex, adapter: disk, buffer: data, status: success}\n"
        "  - dma: {call: run_device, address: 0x8000, status: success}\n"
        "  - dma: {call: flush_adapter_buffers_ex, adapter: disk, buffer: data, status: success}\n"
        "  - dma: {call: free_adapter_object, adapter: disk, action: deallocate_object}\n";
    const Outcome outcome = run_steps(steps + kEnd, "c0");
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

TEST(DmaSteps, BrokenRulesAreTold) {
    const Outcome twice = run_steps(kBegin + kFlush + kMove +
                                    "  - dma: {call: free_map_registers, adapter: disk, registers: 1}\n" + kEnd);
    EXPECT_EQ(twice.status, 1);
    EXPECT_THAT(twice.out + twice.err, HasSubstr("DV-05"));
    EXPECT_THAT(twice.out + twice.err, HasSubstr("dma.yaml:25:"));
    // Expected, it is right; expected and not broken, it is wrong.
    const std::string expecting = "  - dma: {call: free_map_registers, adapter: disk, registers: 1, breaks: [DV-05]}\n";
    EXPECT_EQ(run_steps(kBegin + kFlush + kMove + expecting + kEnd).status, 0);
    const std::string never = "  - dma: {call: put_dma_adapter, adapter: disk, breaks: [DV-09]}\n";
    EXPECT_EQ(run_steps(kBegin + never).status, 1);
    // What is left over.
    EXPECT_EQ(run_steps(kBegin + "  - dma: {call: unload, breaks: [DV-11]}\n").status, 0);
    // An adapter that was never made.
    const Outcome never_made = run_steps(kBegin + "  - dma: {call: put_dma_adapter, adapter: other}\n");
    EXPECT_EQ(never_made.status, 1);
    EXPECT_THAT(never_made.out + never_made.err, HasSubstr("DV-19"));
    EXPECT_EQ(run_steps(kBegin + "  - dma: {call: put_dma_adapter, adapter: other, breaks: [DV-19]}\n").status, 0);
}

TEST(DmaSteps, ListsAndCommonBuffers) {
    const std::string steps =
        "  - dma: {call: platform, kind: bounce, registers: 8, bounce: 0x2_0000, address: 0x3_0000, size: 64KiB}\n"
        "  - dma: {call: get_dma_adapter, adapter: disk, size: 16KiB, address_bits: 32}\n"
        "  - dma: {call: allocate_common_buffer, adapter: disk, allocation: ring, size: 100, status: success}\n"
        "  - dma: {call: free_common_buffer, adapter: disk, allocation: ring, size: 99, status: invalid_parameter, "
        "breaks: [SV-17]}\n"
        "  - dma: {call: free_common_buffer, adapter: disk, allocation: ring, status: success}\n"
        "  - dma: {call: buffer, buffer: data, address: 0x1000, size: 128}\n"
        "  - store: {address: 0x1000, hex: \"" +
        bytes("c0") +
        "\"}\n"
        "  - dma: {call: set_level, level: dispatch}\n" +
        kFlush +
        "  - dma: {call: get_scatter_gather_list, adapter: disk, buffer: data, status: success}\n"
        "  - dma: {call: run_device, address: 0x8000}\n"
        "  - dma: {call: put_scatter_gather_list, adapter: disk, status: success}\n" +
        kEnd;
    const Outcome outcome = run_steps(steps, "c0");
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

TEST(DmaSteps, Mistakes) {
    const Outcome rule = run_steps("  - dma: {call: unload, breaks: [DV-99]}\n");
    EXPECT_EQ(rule.status, 2);
    EXPECT_THAT(rule.err, HasSubstr("there is no rule \"DV-99\""));
    const Outcome call = run_steps("  - dma: {call: put_dma_adaptr}\n");
    EXPECT_EQ(call.status, 2);
    const Outcome platform = run_steps("  - dma: {call: platform, kind: bounce, bounce: 17}\n");
    EXPECT_EQ(platform.status, 2);
    EXPECT_THAT(platform.err, HasSubstr("register_base"));
}

// ---------------------------------------------------------------------------------- verified runs, and the hardware around

/// A machine with the system's controllers, a remapped card and these steps, verified.
Outcome run_verified(const std::string& steps, const std::string& verifier = "", const std::string& platform = "",
                     const std::vector<std::string>& options = {}) {
    const TemporaryFolder folder;
    const std::string text =
        "name: dma\n"
        "platform:\n"
        "  memories: [{name: ram, size: 1MiB}, {name: card_memory, base: 0x4100_0000, size: 64KiB}]\n"
        "  map_registers: {base: 0x4002_0000, window: 0x100_0000, registers: 16, "
        "excluded: {address: 0x4100_0000, size: 64KiB}}\n"
        "  controllers: [{name: card, channels: 1, registers: 0x4000_0000, remapped: true}]\n"
        "  system_dma:\n"
        "    base: 0x4003_0000\n"
        "    devices:\n"
        "      - {name: mic, base: 0x4001_0000, channel: 1, payload: {size: 1024, seed: 3}}\n"
        "      - {name: ear, base: 0x4001_1000, channel: 5}\n" +
        platform + "  cpu: {}\n  verifier: {enabled: true" + verifier + "}\nprogram:\n" + steps;
    std::vector<std::string> arguments{"run", folder.file("dma.yaml", text)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments);
}

TEST(DmaSteps, FindingsAreThoseOfTheVerifier) {
    const std::string twice =
        "  - dma: {call: get_dma_adapter, adapter: disk}\n"
        "  - dma: {call: set_level, level: dispatch}\n"
        "  - dma: {call: free_map_registers, adapter: disk, registers: 1}\n"
        "  - dma: {call: put_dma_adapter, adapter: disk}\n";
    const TemporaryFolder folder;
    const Outcome found = run_verified(twice, "", "", {"--out", folder.path("out")});
    EXPECT_EQ(found.status, 1) << found.out << found.err;
    EXPECT_THAT(found.out, HasSubstr("DV-05 at cycle"));
    EXPECT_THAT(found.out, HasSubstr("missing  an allocation of map registers before this free"));
    EXPECT_THAT(found.out, HasSubstr("met by   CPU, free_map_registers, adapter 1"));
    EXPECT_THAT(read_file(folder.path("out/result.json")), HasSubstr("\"DV-05\""));
    // Switched off, suppressed, foreseen by the expectations or by the step.
    EXPECT_EQ(run_verified(twice, ", disabled_rules: [DV-05]").status, 0);
    EXPECT_EQ(run_verified(twice, ", suppressions: [{rule: DV-05}]").status, 0);
    EXPECT_EQ(run_verified(twice, ", suppressions: [{rule: DV-06}]").status, 1);
    EXPECT_EQ(run_verified(twice + "expect: {findings: [DV-05]}\n").status, 0);
    EXPECT_EQ(run_verified(twice + "expect: {findings: [DV-06]}\n").status, 1);
    const std::string foreseen =
        "  - dma: {call: get_dma_adapter, adapter: disk}\n"
        "  - dma: {call: set_level, level: dispatch}\n"
        "  - dma: {call: free_map_registers, adapter: disk, registers: 1, breaks: [DV-05]}\n"
        "  - dma: {call: put_dma_adapter, adapter: disk}\n";
    const Outcome expected = run_verified(foreseen);
    EXPECT_EQ(expected.status, 0) << expected.out << expected.err;
    EXPECT_THAT(expected.out, HasSubstr("expected by the step that caused it"));
    const Outcome unknown = run_verified(twice, ", disabled_rules: [DV-99]");
    EXPECT_EQ(unknown.status, 2);
    EXPECT_THAT(unknown.err, HasSubstr("DV-99"));
}

TEST(DmaSteps, RulesAreListed) {
    const Outcome rules = run({"list", "rules"});
    EXPECT_EQ(rules.status, 0);
    for (const char* name : {"CLEAN_MISSING", "DV-0D", "LD-22", "SV-24"}) {
        EXPECT_THAT(rules.out, HasSubstr(name));
    }
}

// Every routine of the operation tables is a step.
TEST(DmaSteps, EveryRoutine) {
    for (unsigned number = 0; number < static_cast<unsigned>(dma::Routine::MapSingle); ++number) {
        const std::string name(dma::name_of(static_cast<dma::Routine>(number)));
        // On an adapter that there is not: refused, and told.
        const Outcome outcome = run_steps("  - dma: {call: " + name + ", adapter: none, buffer: data, size: 64}\n");
        EXPECT_NE(outcome.status, 2) << name << outcome.err;
        EXPECT_THAT(outcome.err, Not(HasSubstr("cannot"))) << name;
        if (dma::spec_of(static_cast<dma::Routine>(number)).since > 0) {
            EXPECT_EQ(outcome.status, 1) << name << outcome.out;
            EXPECT_THAT(outcome.out + outcome.err, HasSubstr("DV-19")) << name;
        }
    }
}

TEST(DmaSteps, SystemDma) {
    const auto steps = [](const char* count, const char* flushed) {
        return std::string(
                   "  - dma: {call: get_dma_adapter, adapter: mic, master: false, channel: 1, value: 2}\n"
                   "  - dma: {call: buffer, buffer: data, address: 0x1000, size: 1024}\n"
                   "  - dma: {call: set_level, level: dispatch}\n"
                   "  - dma: {call: ke_flush_io_buffers, buffer: data, direction: from_device}\n"
                   "  - dma: {call: allocate_adapter_channel, adapter: mic, registers: 1, action: keep_object}\n"
                   "  - dma: {call: map_transfer, adapter: mic, buffer: data, direction: from_device, value: 1024}\n"
                   "  - dma: {call: start_device, name: mic, size: 1024}\n"
                   "  - dma: {call: wait_device, name: mic, status: success, value: 1024}\n"
                   "  - dma: {call: read_dma_counter, adapter: mic, value: ") +
               count + "}\n  - dma: {call: flush_adapter_buffers, adapter: mic, buffer: data, direction: " + flushed +
               ", status: success}\n"
               "  - dma: {call: free_adapter_channel, adapter: mic, status: success}\n"
               "  - dma: {call: put_dma_adapter, adapter: mic}\n"
               "expect: {memory: [{address: 0x1000, size: 1024, seed: 3}]}\n";
    };
    const Outcome right = run_verified(steps("0", "from_device"));
    EXPECT_EQ(right.status, 0) << right.out << right.err;
    EXPECT_EQ(run_verified(steps("1", "from_device")).status, 1);
    EXPECT_EQ(run_verified(steps("0", "to_device")).status, 1);
    // The same in the other order of construction, with monitors, and without the verifier.
    for (const char* setting :
         {"run.construction_order=reversed", "platform.monitor=true", "platform.verifier.enabled=false"}) {
        const Outcome other = run_verified(steps("0", "from_device"), "", "", {"--set", setting});
        EXPECT_EQ(other.status, 0) << setting << other.out << other.err;
    }
}

TEST(DmaSteps, SystemDmaToADevice) {
    const Outcome words = run_verified(
        "  - store: {address: 0x1000, hex: \"" + bytes("9a").substr(0, 128) +
        "\"}\n"
        "  - dma: {call: get_dma_adapter, adapter: ear, master: false, channel: 5, version: 3}\n"
        "  - dma: {call: buffer, buffer: data, address: 0x1000, size: 64}\n"
        "  - dma: {call: initialize_dma_transfer_context, adapter: ear}\n"
        "  - dma: {call: set_level, level: dispatch}\n"
        "  - dma: {call: allocate_adapter_channel_ex, adapter: ear, registers: 1, status: success}\n"
        "  - dma: {call: map_transfer_ex, adapter: ear, buffer: data, completion: true, elements: 0, value: 64}\n"
        "  - dma: {call: start_device, name: ear, size: 64}\n"
        "  - dma: {call: wait_completion, status: success}\n"
        "  - dma: {call: wait_device, name: ear, value: 64}\n"
        "  - dma: {call: flush_adapter_buffers_ex, adapter: ear, buffer: data, status: success}\n"
        "  - dma: {call: free_adapter_object, adapter: ear, action: deallocate_object}\n"
        "  - dma: {call: put_dma_adapter, adapter: ear}\n"
        "expect: {streams: [{name: ear, size: 64, pattern: \"9a\"}]}\n");
    EXPECT_EQ(words.status, 0) << words.out << words.err;
}

TEST(DmaSteps, MistakesAboutTheHardware) {
    const auto refused = [](const Outcome& outcome, const char* text) {
        EXPECT_EQ(outcome.status, 2) << outcome.out;
        EXPECT_THAT(outcome.err, HasSubstr(text));
    };
    const std::string nothing = "  - dma: {call: unload}\n";
    refused(run_verified("  - dma: {call: start_device, name: eye, size: 4}\n"), "there is no device \"eye\"");
    refused(run_verified("  - dma: {call: start_device, size: 4}\n"), "there is no device");
    refused(run_verified("  - dma: {call: buffer, buffer: b, size: 4, pages: [0x1001]}\n"), "multiple of 4 KiB");
    refused(run_verified("  - dma: {call: get_dma_domain, value: soon}\n"), "value");
    refused(run_verified(nothing, "", "", {"--set", "platform.system_dma.devices.1.channel=1"}),
            "serves \"mic\" already");
    refused(run_verified(nothing, "", "", {"--set", "platform.system_dma.devices.1.channel=4"}), "channel");
    refused(run_verified(nothing, "", "", {"--set", "platform.system_dma.devices.1.name=mic"}), "is taken");
    refused(run_verified(nothing, "", "", {"--set", "platform.system_dma.base=0x4001_0000"}), "overlaps");
    refused(run_verified(nothing, "", "", {"--set", "platform.map_registers.window=0x801"}), "window");
    refused(run_verified(nothing, "", "", {"--set", "platform.map_registers.base=0x4002_0004"}), "multiple of 8");
    refused(run_steps("  - dma: {call: platform, kind: hardware}\n"), "there are no platform.map_registers");
    refused(run_steps("  - dma: {call: attach_domain, domain: d}\n"), "is not remapped");
    // What goes wrong while it runs is an expectation that does not hold, or a status.
    EXPECT_EQ(run_verified("  - dma: {call: set_level}\n  - dma: {call: platform, kind: hardware}\n").status, 1);
    EXPECT_EQ(run_verified("  - dma: {call: attach_domain, domain: none, status: invalid_parameter, "
                           "breaks: [SV-26]}\n")
                  .status,
              0);
    EXPECT_EQ(run_verified("  - dma: {call: buffer, buffer: b, size: 8192, pages: [0x1000], "
                           "status: invalid_parameter}\n")
                  .status,
              0);
    EXPECT_EQ(run_verified("  - dma: {call: buffer, buffer: b, next: b, address: 0x1000, size: 64}\n"
                           "  - dma: {call: ke_flush_io_buffers, buffer: b}\n")
                  .status,
              0);
}

TEST(DmaSteps, HistoryIsDumped) {
    const Outcome dumped = run_verified(
        "  - dma: {call: get_dma_adapter, adapter: disk}\n"
        "  - dma: {call: dump, adapter: disk}\n"
        "  - dma: {call: put_dma_adapter, adapter: disk}\n"
        "  - dma: {call: dump, adapter: nobody}\n");
    EXPECT_EQ(dumped.status, 0) << dumped.out << dumped.err;
    EXPECT_THAT(dumped.out, HasSubstr("Adapter disk in cycle"));
    EXPECT_THAT(dumped.out, HasSubstr("get_dma_adapter"));
}

}  // namespace
}  // namespace dmasim::cli::test
