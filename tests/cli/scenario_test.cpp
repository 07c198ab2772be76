// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/scenario.h"

#include <gtest/gtest.h>

#include "dmasim/model/frontend/native/register_map.h"

#include "support.h"
#include "test_paths.h"

namespace dmasim::cli {
namespace {

constexpr const char* kGood = R"(platform:
  memories:
    - {name: ram, base: 0x1000, size: 64KiB}
  controllers:
    - {name: dma, channels: 2}
transfers:
  - {source: 0x1000, destination: 0x2000, length: 64}
)";

class ScenarioTest : public ::testing::Test {
  protected:
    std::string problem(const std::string& text, const std::vector<std::string>& sets = {}) {
        std::vector<Setting> settings;
        std::string message = test::message_of([&] {
            for (const std::string& one : sets) {
                settings.push_back(parse_setting(one));
            }
            load_scenario(folder_.file("s.yaml", text), settings);
        });
        // The folder is another one each time.
        const std::string path = folder_.path("");
        for (std::size_t at = message.find(path); at != std::string::npos; at = message.find(path)) {
            message.erase(at, path.size());
        }
        return message;
    }
    std::string set(const std::string& one) { return problem(kGood, {one}); }
    Scenario load(const std::string& text, const std::vector<Setting>& settings = {}) {
        return load_scenario(folder_.file("s.yaml", text), settings);
    }

    test::TemporaryFolder folder_;
};

TEST_F(ScenarioTest, MistakesHaveAPlace) {
    EXPECT_EQ(problem(kGood), "");
    EXPECT_EQ(problem("platfrom: {}\n"),
              "s.yaml:1:1: unknown key \"platfrom\" in the scenario; did you mean \"platform\"?");
    EXPECT_EQ(problem("name: x\n"), "s.yaml:1:1: the scenario: the key \"platform\" is missing");
    EXPECT_EQ(problem("platform:\n  memories: 5\n"), "s.yaml:2:13: platform.memories: expected a list, found \"5\"");
    EXPECT_EQ(problem("platform:\n  memories:\n    - {name: a, size: 0}\n"),
              "s.yaml:3:23: platform.memories[0].size: 0 is too small; the least is 1");
    EXPECT_EQ(problem("platform:\n  memories:\n    - {name: a, size: 4096, read_latnecy: 3}\n"),
              "s.yaml:3:29: unknown key \"read_latnecy\" in platform.memories[0]; did you mean \"read_latency\"?");
    EXPECT_EQ(problem("platform:\n  memories:\n    - {name: a, size: 4096, latency: 3}\n"),
              "s.yaml:3:29: unknown key \"latency\" in platform.memories[0]; did you mean \"read_latency\"?");
    EXPECT_EQ(
        problem("platform:\n  memories:\n    - {name: A, size: 4096}\n"),
        "s.yaml:3:14: platform.memories[0].name: \"A\" is not a name: small letters, digits and _, beginning with a "
        "letter");
    EXPECT_EQ(
        problem("platform:\n  bus: {topology: ring}\n  memories:\n    - {name: a, size: 4096}\n"),
        "s.yaml:2:19: platform.bus.topology: \"ring\" is not one of shared, crossbar, simple, direct, axi_crossbar, "
        "split_interconnect");
    EXPECT_EQ(problem("platform:\n  memories:\n    - {name: a, size: 4096}\n"),
              "s.yaml:2:3: platform: nothing would use the bus; give controllers or a cpu");
}

TEST_F(ScenarioTest, AddressMap) {
    const std::string head =
        "platform:\n  controllers: [{name: d}]\n  memories:\n    - {name: a, base: 0x1000, size: 4096}\n";
    EXPECT_EQ(problem(head + "    - {name: b, base: 0x2000, size: 4096}\n"), "");
    EXPECT_EQ(problem(head + "    - {name: b, base: 0x1fff, size: 4096}\n"),
              "s.yaml:5:7: platform.memories[1]: \"b\" (0x1fff to 0x2ffe) overlaps \"a\" (0x1000 to 0x1fff)");
    EXPECT_EQ(problem(head + "    - {name: b, base: 0, size: 4096}\n"), "");
    EXPECT_EQ(problem(head + "    - {name: b, base: 0, size: 4097}\n"),
              "s.yaml:5:7: platform.memories[1]: \"b\" (0x0 to 0x1000) overlaps \"a\" (0x1000 to 0x1fff)");
    EXPECT_EQ(problem(head + "    - {name: a, base: 0x8000, size: 4096}\n"), "s.yaml:5:14: the name \"a\" is taken");
    EXPECT_EQ(problem(head + "    - {name: b, base: 0xfffffffffffff000, size: 4096}\n"), "");
    EXPECT_EQ(
        problem(head + "    - {name: b, base: 0xfffffffffffff000, size: 4097}\n"),
        "s.yaml:5:7: platform.memories[1]: 4097 bytes at 0xfffffffffffff000 reach beyond the 64-bit address space");
    EXPECT_EQ(
        problem("platform:\n  controllers: [{name: d, registers: 0x1800}]\n  memories:\n"
                "    - {name: a, base: 0x1000, size: 4096}\n"),
        "s.yaml:2:38: platform.controllers[0].registers: \"d\" (0x1800 to 0x2bff) overlaps \"a\" (0x1000 to 0x1fff)");
    EXPECT_EQ(problem("platform:\n  controllers: [{name: d, registers: 0x8004}]\n  memories:\n"
                      "    - {name: a, base: 0x1000, size: 4096}\n"),
              "s.yaml:2:38: 0x8004 is not a multiple of 8");
}

TEST_F(ScenarioTest, ValuesThatDoNotGoTogether) {
    EXPECT_EQ(set("platform.controllers.0.fifo_beats=15"),
              "s.yaml:5:7: platform.controllers[0]: fifo_beats is 15, must be at least max_burst_beats = 16");
    EXPECT_EQ(
        set("platform.controllers.0.data_width_bits=128"),
        "--set platform.controllers.0.data_width_bits=128: 128 bits, but the bus has 64; widths are not converted");
    EXPECT_EQ(
        set("transfers.0.length=_5"),
        "--set transfers.0.length=_5: transfers[0].length: \"_5\" is not a number of bytes (such as 4096, 0x1000 or "
        "4KiB)");
    EXPECT_EQ(set("platform.clock={period_ps: 10ns, frequency_hz: 100MHz}"),
              "--set platform.clock={period_ps: 10ns, frequency_hz: 100MHz}: frequency_hz and period_ps say the same "
              "thing; give one of them");
    EXPECT_EQ(
        set("platform.clock.frequency_hz=666MHz"),
        "--set platform.clock.frequency_hz=666MHz: 666000000 Hz has a period of 1501.502 ps, which is not a whole "
        "number; nearest: period_ps: 1502");
    EXPECT_EQ(set("transfers.0.channel=2"), "--set transfers.0.channel=2: \"dma\" has the channels 0 to 1, not 2");
    EXPECT_EQ(set("transfers.0.controller=dmq"),
              "--set transfers.0.controller=dmq: there is no controller \"dmq\"; did you mean \"dma\"?");
    EXPECT_EQ(set("transfers.0.chain=[{source: 1, destination: 2, length: 3}]"),
              "s.yaml:7:6: source does not go together with a chain");
    EXPECT_EQ(
        set("transfers.0={descriptors: 0x1020, chain: [{source: 1, destination: 2, length: 3}]}"),
        "--set transfers.0={descriptors: 0x1020, chain: [{source: 1, destination: 2, length: 3}]}: 0x1020 is not a "
        "multiple of 64");
    EXPECT_EQ(set("program=[{barrier: dsb}]"),
              "--set program=[{barrier: dsb}]: a program needs a CPU; add \"cpu: {}\" to the platform");
    EXPECT_EQ(set("expect.memory=[{address: 0x1000, size: 4}]"),
              "--set expect.memory=[{address: 0x1000, size: 4}]: expect.memory[0]: exactly one of file, hex, pattern, "
              "seed, same_as and xxh64 belongs here");
    EXPECT_EQ(
        set("expect.memory=[{address: 0x10fff, hex: '0011'}]"),
        "--set expect.memory=[{address: 0x10fff, hex: '0011'}]: expect.memory[0]: 2 bytes at 0x10fff are not inside "
        "of one memory");
    EXPECT_EQ(
        set("platform.memories.0.contents=[{at: 0xffff, hex: '0011'}]"),
        "--set platform.memories.0.contents=[{at: 0xffff, hex: '0011'}]: platform.memories[0].contents[0]: 2 bytes at "
        "offset 0xffff do not fit into the memory, which has 65536 bytes");
    EXPECT_EQ(set("platform.memories.0.contents=[{pattern: '00'}]"),
              "--set platform.memories.0.contents=[{pattern: '00'}]: pattern needs a size");
    EXPECT_EQ(
        set("platform.memories.0.contents=[{hex: '0'}]"),
        "--set platform.memories.0.contents=[{hex: '0'}]: platform.memories[0].contents[0].hex: \"0\" is not a text "
        "of hexadecimal digits, two for each byte");
    EXPECT_EQ(
        set("platform.memories.0.errors=[{at: 0xffff, size: 2}]"),
        "--set platform.memories.0.errors=[{at: 0xffff, size: 2}]: platform.memories[0].errors[0]: reaches beyond "
        "the end of the memory, which has 65536 bytes");
    EXPECT_EQ(problem(kGood, {"run.max_cycles=0x4000000000000", "platform.clock.period_ps=16383"}), "");
    EXPECT_EQ(
        problem(kGood, {"run.max_cycles=0x4000000000000", "platform.clock.period_ps=16384"}),
        "--set run.max_cycles=0x4000000000000: run: 1125899906842624 cycles of 16384 ps are more simulated time than "
        "there is");
}

TEST_F(ScenarioTest, BeatAccurateTopologiesCarryBeatsOnly) {
    const auto platform = [](const std::string& topology, const std::string& memory, const std::string& controller,
                             const std::string& more = "") {
        return "platform:\n  bus: {topology: " + topology +
               ", data_width_bits: 32}\n  memories:\n    - {name: a, size: 1MiB" + memory +
               "}\n  controllers:\n    - {name: d, data_width_bits: 32" + controller + "}\n" + more;
    };
    const std::string beats = ", beats: pipelined";
    const std::string cdma = ", profile: axi_cdma";
    for (const char* topology : {"direct", "axi_crossbar", "split_interconnect"}) {
        EXPECT_EQ(problem(platform(topology, beats, cdma)), "");
        EXPECT_EQ(problem(platform(topology, beats, ", profile: idma")), "");
        EXPECT_NE(problem(platform(topology, "", cdma)).find("the memory needs beats: pipelined or registered"),
                  std::string::npos);
        EXPECT_NE(problem(platform(topology, beats, "")).find("is beat-accurate, and profile \"native\" is not"),
                  std::string::npos);
        EXPECT_NE(problem(platform(topology, beats, cdma + ", registers: 0x4000_0000")).find("registers are not on it"),
                  std::string::npos);
        EXPECT_NE(problem(platform(topology, beats, cdma, "  cpu: {}\n")).find("no CPU and no peripherals"),
                  std::string::npos);
    }
    EXPECT_NE(problem(platform("direct", beats + ", base: 0x1000", cdma)).find("one memory with base 0"),
              std::string::npos);
    EXPECT_EQ(load(platform("direct", ", beats: registered, beat_max_reads: 3", cdma + ", max_burst_beats: 8"))
                  .platform.controllers.front()
                  .config.timing.pipeline.max_burst_beats,
              8U);
    const Scenario limited = load(platform("axi_crossbar", beats + ", beat_max_reads: 3, beat_max_writes: 4", cdma));
    EXPECT_EQ(limited.platform.memories.front().config.beat, BeatMemoryKind::Pipelined);
    EXPECT_EQ(limited.platform.memories.front().config.beat_max_reads, 3U);
    EXPECT_EQ(limited.platform.memories.front().config.beat_max_writes, 4U);
}

TEST_F(ScenarioTest, PayloadFiles) {
    folder_.file("data.bin", "0123456789");
    const std::string at = "platform.memories.0.contents=[{file: ";
    EXPECT_EQ(set(at + "data.bin}]"), "");
    EXPECT_EQ(set(at + "data.bin, size: 10}]"), "");
    EXPECT_EQ(set(at + "data.bin, size: 11}]"),
              "--set " + at + "data.bin, size: 11}]: data.bin has 10 bytes from 0 on, fewer than the size 11");
    EXPECT_EQ(set(at + "data.bin, file_offset: 10}]"),
              "--set " + at + "data.bin, file_offset: 10}]: data.bin has no bytes from 10 on");
    EXPECT_EQ(set(at + "no.bin}]"), "--set " + at + "no.bin}]: cannot read no.bin: No such file or directory");
    EXPECT_EQ(set(at + "/tmp}]"), "--set " + at + "/tmp}]: cannot read /tmp: is a directory");
    const std::string with_file = std::string(kGood) + "expect:\n  memory:\n    - {address: 0x1000, file: no.bin}\n";
    EXPECT_EQ(problem(with_file), "s.yaml:10:31: cannot read no.bin: No such file or directory");
    const Scenario scenario = load(kGood, {parse_setting(at + "data.bin, file_offset: 2, size: 3, at: 7}]")});
    EXPECT_EQ(scenario.platform.memories[0].contents[0].at, 7U);
    EXPECT_EQ(scenario.platform.memories[0].contents[0].bytes, (Bytes{'2', '3', '4'}));
}

TEST_F(ScenarioTest, Steps) {
    const std::string head =
        "platform:\n  cpu: {}\n  memories: [{name: ram, size: 64KiB}]\n"
        "  controllers: [{name: a}, {name: b, registers: 0x4000_0000}]\nprogram:\n";
    EXPECT_EQ(problem(head + "  - load: {address: 0, value: 1}\n"), "");
    EXPECT_EQ(problem(head + "  - {}\n").substr(0, 62),
              "s.yaml:6:5: program[0]: exactly one of these keys belongs here");
    EXPECT_EQ(problem(head + "  - laod: {address: 0}\n"),
              "s.yaml:6:5: unknown key \"laod\" in program[0]; did you mean \"load\"?");
    EXPECT_EQ(problem(head + "  - load: {address: 0, value: 0x100, size: 1}\n"),
              "s.yaml:6:31: 0x100 does not fit into 1 bytes");
    EXPECT_EQ(problem(head + "  - load: {address: 0, value: 1, hex: '00'}\n"),
              "s.yaml:6:11: load: at most one of value and hex belongs here");
    EXPECT_EQ(problem(head + "  - load: {address: 0, value: 1, size: 9}\n"),
              "s.yaml:6:40: value has at most 8 bytes, not 9; use hex");
    EXPECT_EQ(problem(head + "  - store: {address: 0}\n"),
              "s.yaml:6:12: store: exactly one of value and hex belongs here");
    EXPECT_EQ(problem(head + "  - barrier: isb\n"),
              "s.yaml:6:14: program[0].barrier: \"isb\" is not one of dmb, dsb; did you mean \"dsb\"?");
    EXPECT_EQ(problem(head + "  - start: {source: 0, destination: 0, length: 1}\n"),
              "s.yaml:6:12: the registers of \"a\" are not on the bus; give it the key \"registers\"");
    EXPECT_EQ(problem(head + "  - start: {controller: b, source: 0, destination: 0, length: 1}\n"), "");
    EXPECT_EQ(problem(head + "  - write_register: {controller: b, register: CONTROLL, value: 1}\n"),
              "s.yaml:6:47: there is no register \"CONTROLL\"; did you mean \"CONTROL\"?");
    EXPECT_EQ(problem(head + "  - write_register: {controller: b, register: LENGTH, value: 0x100000000}\n"),
              "s.yaml:6:62: 0x100000000 does not fit into a register of 32 bits");
    EXPECT_EQ(problem(head + "  - read_register: {controller: b, register: STATUS, mask: 1}\n"),
              "s.yaml:6:54: mask belongs to value, which is missing");
    EXPECT_EQ(problem(head + "  - loop: {count: 2, steps: [{loop: {count: 2, steps: []}}]}\n"),
              "s.yaml:6:55: program[0].loop.steps[0].loop.steps: 0 entries; at least 1");
}

TEST_F(ScenarioTest, ResolvedConfigurationLoadsAgainToItself) {
    for (const char* example : {"single-copy", "scatter-gather", "contending-channels", "bus-error"}) {
        const std::string path = std::string(DMASIM_SOURCE_DIR "/examples/") + example + "/" + example + ".yaml";
        const std::string first = resolved_yaml(load_scenario(path, {}), folder_.path(""));
        const std::string second = resolved_yaml(load(first), folder_.path(""));
        EXPECT_EQ(first, second);
    }
    // Texts that could be taken for something else.
    const std::string odd =
        R"({name: "1e3: \"x\" #\\ \u00e4\n", description: "true", platform: {memories: [{name: m, size: 64}], cpu: {}}})";
    const Scenario scenario = load(odd);
    EXPECT_EQ(scenario.name, "1e3: \"x\" #\\ \u00e4\n");
    const std::string first = resolved_yaml(scenario, ".");
    const Scenario again = load(first);
    EXPECT_EQ(again.name, scenario.name);
    EXPECT_EQ(again.document.root, scenario.document.root);
}

TEST_F(ScenarioTest, FilesOfTheResolvedConfigurationAreFoundFromItsNewPlace) {
    folder_.file("data.bin", "abcd");
    const Scenario scenario = load(std::string(kGood) + "expect: {memory: [{address: 0x1000, file: data.bin}]}\n");
    std::filesystem::create_directory(folder_.path("out"));
    folder_.file("out/config.yaml", resolved_yaml(scenario, folder_.path("out")));
    const Scenario again = load_scenario(folder_.path("out/config.yaml"), {});
    EXPECT_EQ(again.expect.memory[0].bytes, scenario.expect.memory[0].bytes);
    EXPECT_EQ(again.document.root["expect"]["memory"][0]["file"], "../data.bin");
}

TEST_F(ScenarioTest, LayersGoOverEachOther) {
    const std::vector<const char*> environment{"PATH=/bin", "DMASIM__transfers__0__length=128",
                                               "DMASIM__transfers__0__source=0x1100", nullptr};
    std::vector<Setting> settings = settings_from_environment(environment.data());
    ASSERT_EQ(settings.size(), 2U);
    settings.push_back(parse_setting("transfers.0.length=256"));
    const Scenario scenario = load(kGood, settings);
    EXPECT_EQ(scenario.transfers[0].job.source.address, 0x1100U);       // environment over scenario
    EXPECT_EQ(scenario.transfers[0].job.length, 256U);                  // --set over environment
    EXPECT_EQ(scenario.transfers[0].job.destination.address, 0x2000U);  // scenario
    EXPECT_EQ(scenario.platform.controllers[0].config.channels, 2U);    // scenario over default
    EXPECT_EQ(scenario.platform.controllers[0].config.max_reads, 4U);   // default
}

TEST_F(ScenarioTest, SettingsReachEverything) {
    const auto loaded = [&](const std::string& one) { return load(kGood, {parse_setting(one)}); };
    EXPECT_EQ(loaded("platform.bus.arbiter.weights=[2]").platform.bus.arbiter.weights, std::vector<std::uint32_t>{2});
    EXPECT_EQ(loaded("platform.bus.arbiter.weights.0=3").platform.bus.arbiter.weights, std::vector<std::uint32_t>{3});
    EXPECT_EQ(loaded("transfers.1={source: 1, destination: 2, length: 3}").transfers.size(), 2U);
    EXPECT_EQ(loaded("platform.cpu={}").platform.cpu.has_value(), true);
    EXPECT_EQ(loaded("platform.cpu.cache.ways=2").platform.cpu->cache.ways, 2U);
    EXPECT_EQ(loaded("name=a=b").name, "a=b");
    EXPECT_EQ(set("transfers.2.length=3"),
              "--set transfers.2.length=3: the list has 1 entries; the next one is number 1");
    EXPECT_EQ(set("transfers.x.length=3"),
              "--set transfers.x.length=3: transfers is a list; after it comes the number of an entry, counted from 0, "
              "not \"x\"");
    EXPECT_EQ(set("name.x=3"), "--set name.x=3: name is a single value, nothing is below it");
    EXPECT_EQ(set("transfers.0.lenght=3"),
              "--set transfers.0.lenght=3: unknown key \"lenght\" in transfers[0]; did you mean \"length\"?");
    EXPECT_EQ(set("=3"), "--set =3: expected path=value, such as platform.bus.data_width_bits=128");
    EXPECT_EQ(set("name"), "--set name: expected path=value, such as platform.bus.data_width_bits=128");
    EXPECT_EQ(set(".=3"),
              "--set .=3: unknown key \"\" in the scenario; known: name, description, platform, transfers, "
              "program, expect, run");
    EXPECT_EQ(set("transfers.0.length=[1"),
              "--set transfers.0.length=[1: a key must be a plain word (is a bracket or a brace not closed?)");
    EXPECT_EQ(problem("transfers: 5\nplatform: {memories: [{name: m, size: 64}], cpu: {}}", {"transfers.0.length=3"}),
              "--set transfers.0.length=3: transfers is not a list in the scenario");
}

TEST_F(ScenarioTest, RegisterWritesOfATransfer) {
    using namespace native;
    const Scenario scenario =
        load(kGood, {parse_setting("transfers.0={channel: 1, source: 0x1_0000_0002, destination: 3, "
                                   "length: 8, rows: 3, source_stride: -16, fixed_destination: true, "
                                   "element: 8, handshake: single, unit: 8, on_error: continue}")});
    const auto value = [&](std::uint32_t offset) {
        std::uint32_t result = 0xdeadbeef;
        for (const RegisterWrite& write : register_writes(scenario.transfers[0])) {
            result = write.offset == channel_register(1, offset) ? write.value : result;
        }
        return result;
    };
    EXPECT_EQ(value(reg::kSrcLo), 2U);
    EXPECT_EQ(value(reg::kSrcHi), 1U);
    EXPECT_EQ(value(reg::kDstLo), 3U);
    EXPECT_EQ(value(reg::kDstHi), 0U);
    EXPECT_EQ(value(reg::kLength), 8U);
    EXPECT_EQ(value(reg::kRows), 3U);
    EXPECT_EQ(value(reg::kSrcStride), static_cast<std::uint32_t>(-16));
    EXPECT_EQ(value(reg::kDstStride), 8U);
    EXPECT_EQ(value(reg::kUnitBytes), 8U);
    EXPECT_EQ(value(reg::kConfig), config::kDstFixed | config::kErrorContinue | config::ElementLog2::of(3) |
                                       config::HandshakeMode::of(static_cast<std::uint32_t>(Handshake::Single)));
    const auto writes = register_writes(scenario.transfers[0]);
    EXPECT_EQ(writes.back().offset, channel_register(1, reg::kControl));
    EXPECT_EQ(writes.back().value, control::kStart);
}

}  // namespace
}  // namespace dmasim::cli
