// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/schema.h"

#include <functional>
#include <set>

#include <gtest/gtest.h>

#include "dmasim/cli/core/scenario.h"
#include "dmasim/cli/core/steps.h"
#include "dmasim/model/status.h"

#include "support.h"
#include "test_paths.h"

namespace dmasim::cli {
namespace {

/// Calls `visit` for every schema inside of `schema`, with a name for messages.
void for_each_schema(const OrderedJson& schema, const std::string& name,
                     const std::function<void(const OrderedJson&, const std::string&)>& visit) {
    visit(schema, name);
    for (const char* key : {"properties", "definitions"}) {
        if (schema.contains(key)) {
            for (const auto& item : schema[key].items()) {
                for_each_schema(item.value(), name + "." + item.key(), visit);
            }
        }
    }
    if (schema.contains("items")) {
        for_each_schema(schema["items"], name + "[]", visit);
    }
}

/// The validator knows draft 4, the schema says draft 7: only what means the same in both may be used.
TEST(Schema, UsesOnlyWhatDraft4AndDraft7HaveInCommon) {
    const std::set<std::string> common{"$schema",     "title",         "description",   "type",
                                       "properties",  "required",      "items",         "enum",
                                       "default",     "minimum",       "maximum",       "minLength",
                                       "maxLength",   "pattern",       "minItems",      "maxItems",
                                       "definitions", "minProperties", "maxProperties", "additionalProperties",
                                       "$ref",        "x-quantity",    "x-pattern-hint"};
    unsigned schemas = 0;
    for_each_schema(Schema::scenario().json(), "", [&](const OrderedJson& schema, const std::string& name) {
        ++schemas;
        for (const auto& item : schema.items()) {
            EXPECT_EQ(common.count(item.key()), 1U) << name << " uses " << item.key();
        }
        if (schema.contains("$ref")) {
            EXPECT_EQ(schema.size(), 1U) << name << ": draft 7 ignores what stands beside $ref";
            return;
        }
        ASSERT_TRUE(schema.contains("type")) << name;
        EXPECT_TRUE(schema.contains("description")) << name << " is not described";
        // Draft 4 and 7 differ on whether 1.0 is an integer; numbers with a point do not come out of the loader.
        EXPECT_NE(schema["type"], "number") << name;
        if (schema["type"] == "object") {
            EXPECT_EQ(schema.value("additionalProperties", OrderedJson()), OrderedJson(false)) << name;
        }
        if (schema["type"] == "array") {
            EXPECT_TRUE(schema.contains("items")) << name;
        }
        if (schema.contains("required")) {
            for (const auto& key : schema["required"]) {
                EXPECT_TRUE(schema["properties"].contains(key.get<std::string>())) << name;
            }
        }
    });
    EXPECT_GT(schemas, 150U);
}

TEST(Schema, DefaultsAreAllowedValues) {
    for_each_schema(Schema::scenario().json(), "", [&](const OrderedJson& schema, const std::string& name) {
        if (!schema.contains("default")) {
            return;
        }
        const OrderedJson& value = schema["default"];
        if (schema.contains("enum")) {
            EXPECT_NE(std::find(schema["enum"].begin(), schema["enum"].end(), value), schema["enum"].end()) << name;
        }
        if (schema.contains("minimum")) {
            EXPECT_GE(value, schema["minimum"]) << name;
        }
        if (schema.contains("maximum")) {
            EXPECT_LE(value, schema["maximum"]) << name;
        }
    });
}

/// Structs and schema each have defaults; they must not drift apart.
TEST(Schema, DefaultsAreThoseOfTheStructs) {
    const test::TemporaryFolder folder;
    const Scenario scenario = load_scenario(
        folder.file("s.yaml", "platform: {memories: [{name: m, size: 4096}], controllers: [{name: d}], cpu: {}}"), {});
    const DmaConfig& dma = scenario.platform.controllers[0].config;
    const DmaConfig dma_default;
    EXPECT_EQ(dma.channels, dma_default.channels);
    EXPECT_EQ(dma.data_width_bits, dma_default.data_width_bits);
    EXPECT_EQ(dma.max_burst_beats, dma_default.max_burst_beats);
    EXPECT_EQ(dma.fifo_beats, dma_default.fifo_beats);
    EXPECT_EQ(dma.max_reads, dma_default.max_reads);
    EXPECT_EQ(dma.max_writes, dma_default.max_writes);
    EXPECT_EQ(dma.descriptor_prefetch, dma_default.descriptor_prefetch);
    EXPECT_EQ(dma.timing.name, dma_default.timing.name);
    EXPECT_EQ(dma.arbiter.kind, dma_default.arbiter.kind);
    EXPECT_EQ(dma.arbiter.slot_cycles, dma_default.arbiter.slot_cycles);
    EXPECT_EQ(dma.arbiter.reclaim_slots, dma_default.arbiter.reclaim_slots);
    EXPECT_EQ(dma.arbiter.ageing_cycles, dma_default.arbiter.ageing_cycles);
    const BusConfig& bus = scenario.platform.bus;
    const BusConfig bus_default;
    EXPECT_EQ(bus.topology, bus_default.topology);
    EXPECT_EQ(bus.data_width_bits, bus_default.data_width_bits);
    EXPECT_EQ(bus.request_latency, bus_default.request_latency);
    EXPECT_EQ(bus.response_latency, bus_default.response_latency);
    EXPECT_EQ(bus.queue_depth, bus_default.queue_depth);
    EXPECT_EQ(bus.max_outstanding, bus_default.max_outstanding);
    const MemoryConfig& memory = scenario.platform.memories[0].config;
    const MemoryConfig memory_default;
    EXPECT_EQ(memory.read_latency, memory_default.read_latency);
    EXPECT_EQ(memory.write_latency, memory_default.write_latency);
    EXPECT_EQ(memory.read_wait, memory_default.read_wait);
    EXPECT_EQ(memory.write_wait, memory_default.write_wait);
    EXPECT_EQ(memory.fill, memory_default.fill);
    const CpuConfig& cpu = *scenario.platform.cpu;
    const CpuConfig cpu_default;
    EXPECT_EQ(cpu.cache.size_bytes, cpu_default.cache.size_bytes);
    EXPECT_EQ(cpu.cache.line_bytes, cpu_default.cache.line_bytes);
    EXPECT_EQ(cpu.cache.ways, cpu_default.cache.ways);
    EXPECT_EQ(cpu.cache.write_policy, cpu_default.cache.write_policy);
    EXPECT_EQ(cpu.cache.write_allocate, cpu_default.cache.write_allocate);
    EXPECT_EQ(cpu.cache.replacement, cpu_default.cache.replacement);
    EXPECT_EQ(cpu.cache.replacement_seed, cpu_default.cache.replacement_seed);
    EXPECT_EQ(cpu.cache.hit_cycles, cpu_default.cache.hit_cycles);
    EXPECT_EQ(cpu.cache.maintenance_cycles, cpu_default.cache.maintenance_cycles);
    EXPECT_EQ(cpu.cache.maintenance_line_cycles, cpu_default.cache.maintenance_line_cycles);
    EXPECT_EQ(cpu.cache.snoop_cycles, cpu_default.cache.snoop_cycles);
    EXPECT_EQ(cpu.cache.write_back_buffers, cpu_default.cache.write_back_buffers);
    EXPECT_EQ(cpu.cache.coherence, cpu_default.cache.coherence);
    EXPECT_EQ(cpu.store_buffer.entries, cpu_default.store_buffer.entries);
    EXPECT_EQ(cpu.store_buffer.max_in_flight, cpu_default.store_buffer.max_in_flight);
    EXPECT_EQ(cpu.store_buffer.residence, cpu_default.store_buffer.residence);
    EXPECT_EQ(cpu.store_buffer.hold, cpu_default.store_buffer.hold);
    EXPECT_EQ(cpu.store_buffer.merge, cpu_default.store_buffer.merge);
    EXPECT_EQ(cpu.dmb_orders_device, cpu_default.dmb_orders_device);
    EXPECT_EQ(scenario.platform.period_ps, PlatformSpec{}.period_ps);
}

TEST(Schema, KnowsTheNamesThatTheProgramUses) {
    const OrderedJson& definitions = Schema::scenario().json()["definitions"];
    std::set<std::string> steps;
    for (const StepKind& kind : step_kinds()) {
        steps.emplace(kind.name);
    }
    std::set<std::string> described;
    for (const auto& item : definitions["step"]["properties"].items()) {
        described.insert(item.key());
    }
    EXPECT_EQ(steps, described);

    const OrderedJson& expected =
        Schema::scenario().json()["properties"]["expect"]["properties"]["transfers"]["items"]["properties"];
    ASSERT_EQ(expected["error"]["enum"].size(), kTransferErrors);
    for (unsigned i = 0; i < kTransferErrors; ++i) {
        EXPECT_EQ(expected["error"]["enum"][i], std::string(name_of(static_cast<TransferError>(i))));
    }
    ASSERT_EQ(expected["status"]["enum"].size(), kJobStatuses + 1);
    for (unsigned i = 0; i < kJobStatuses; ++i) {
        EXPECT_EQ(expected["status"]["enum"][i], std::string(name_of(static_cast<JobStatus>(i))));
    }
}

TEST(Schema, ReferencePageIsUpToDate) {
    EXPECT_EQ(reference_page(Schema::scenario()), test::read_file(DMASIM_SOURCE_DIR "/docs/scenario.md"))
        << "write it anew: dmasim schema --format markdown > docs/scenario.md";
}

TEST(Schema, EveryKeywordHasAClearMessage) {
    const Schema schema(R"({"type": "object", "additionalProperties": false, "required": ["r"],
        "properties": {
            "r": {"type": "integer", "minimum": 2, "maximum": 9, "multipleOf": 2},
            "s": {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-z]+$"},
            "l": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "boolean"}},
            "o": {"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
                  "properties": {"one": {"type": "integer"}, "two": {"type": "integer"}}},
            "e": {"type": "string", "enum": ["red", "green"]},
            "b": {"type": ["integer", "string"], "x-quantity": "bytes", "minimum": 1, "pattern": "^[0-9]+K?$"}}})",
                        {});
    const auto problem = [&](const std::string& text) {
        return test::message_of([&] {
            Document document = parse_yaml(text, "f");
            schema.normalize(document);
            schema.validate(document);
        });
    };
    EXPECT_EQ(problem("r: 4\ns: ab\nl: [true]\no: {one: 1}\ne: red\nb: 4K"), "");
    EXPECT_EQ(problem("s: ab"), "f:1:1: the scenario: the key \"r\" is missing");
    EXPECT_EQ(problem("r: 1"), "f:1:4: r: 1 is too small; the least is 2");
    EXPECT_EQ(problem("r: -4"), "f:1:4: r: -4 is too small; the least is 2");
    EXPECT_EQ(problem("r: 10"), "f:1:4: r: 10 is too large; the most is 9");
    EXPECT_EQ(problem("r: 3"), "f:1:4: r: 3 is not a multiple of 2");
    EXPECT_EQ(problem("r: x"), "f:1:4: r: expected a whole number, found \"x\"");
    EXPECT_EQ(problem("r: '4'"), "f:1:4: r: expected a whole number, found \"4\"");
    EXPECT_EQ(problem("r: 4.0"), "f:1:4: r: \"4.0\" is not a whole number");
    EXPECT_EQ(problem("r:"), "f:1:1: r: expected a whole number, found nothing");
    EXPECT_EQ(problem("r: 4\ns: a"), "f:2:4: s: the text is too short; at least 2 characters");
    EXPECT_EQ(problem("r: 4\ns: abcd"), "f:2:4: s: the text is too long; at most 3 characters");
    EXPECT_EQ(problem("r: 4\ns: AB"), "f:2:4: s: \"AB\" is not of the form ^[a-z]+$");
    EXPECT_EQ(problem("r: 4\nl: []"), "f:2:4: l: 0 entries; at least 1");
    EXPECT_EQ(problem("r: 4\nl: [true, true, true]"), "f:2:4: l: 3 entries; at most 2");
    EXPECT_EQ(problem("r: 4\nl: [true, yes]"), "f:2:11: l[1]: expected true or false, found \"yes\"");
    EXPECT_EQ(problem("r: 4\nl: {a: 1}"), "f:2:4: l: expected a list, found a mapping");
    EXPECT_EQ(problem("r: 4\no: {}"), "f:2:4: o: exactly one of these keys belongs here: one, two");
    EXPECT_EQ(problem("r: 4\no: {one: 1, two: 2}"), "f:2:4: o: exactly one of these keys belongs here: one, two");
    EXPECT_EQ(problem("r: 4\no: {on: 1}"), "f:2:5: unknown key \"on\" in o; did you mean \"one\"?");
    EXPECT_EQ(problem("r: 4\no: {zzzzz: 1}"), "f:2:5: unknown key \"zzzzz\" in o; known: one, two");
    EXPECT_EQ(problem("r: 4\ne: gren"), "f:2:4: e: \"gren\" is not one of red, green; did you mean \"green\"?");
    EXPECT_EQ(problem("r: 4\nb: 0"), "f:2:4: b: 0 is too small; the least is 1");
    EXPECT_EQ(problem("r: 4\nb: 4k"), "f:2:4: b: \"4k\" has an unknown unit; known: B, K, KiB, M, MiB, G, GiB, T, TiB");
    EXPECT_EQ(problem("r: 4\nb: many"), "f:2:4: b: \"many\" is not a number of bytes (such as 4096, 0x1000 or 4KiB)");
    EXPECT_EQ(problem("r: 4\n? \"~/\"\n: 1"), "f:2:3: unknown key \"~/\" in the scenario; known: r, s, l, o, e, b");
}

}  // namespace
}  // namespace dmasim::cli
