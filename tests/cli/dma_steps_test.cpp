// SPDX-License-Identifier: Apache-2.0
//
// Drivers that use the DMA operations, written as scenarios: each call is checked, with the place of the step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    EXPECT_EQ(run_steps(kBegin + "  - dma: {call: put_dma_adapter, adapter: other, breaks: []}\n").status, 0);
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

}  // namespace
}  // namespace dmasim::cli::test
