// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/scenario.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "dmasim/cli/core/steps.h"
#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/model/profile/profile.h"

namespace dmasim::cli {

namespace {

std::vector<std::uint32_t> numbers(const View& list) {
    std::vector<std::uint32_t> result;
    for (const View& item : list.items()) {
        result.push_back(item.number32());
    }
    return result;
}

ArbiterConfig arbiter_of(const View& view) {
    ArbiterConfig config;
    config.kind = view["kind"].string();
    config.priorities = numbers(view["priorities"]);
    config.weights = numbers(view["weights"]);
    config.slots = numbers(view["slots"]);
    config.slot_cycles = view["slot_cycles"].number32();
    config.reclaim_slots = view["reclaim_slots"].boolean();
    config.ageing_cycles = view["ageing_cycles"].number32();
    return config;
}

/// Fails at `view` with the first of `problems`.
void refuse(const View& view, const std::vector<std::string>& problems) {
    if (!problems.empty()) {
        view.fail(fmt::format("{}: {}", readable_path(view.pointer()), problems.front()));
    }
}

Response response_of(const std::string& name) {
    static const std::map<std::string, Response> kNames{{"generic_error", Response::GenericError},
                                                        {"address_error", Response::AddressError},
                                                        {"command_error", Response::CommandError},
                                                        {"burst_error", Response::BurstError},
                                                        {"byte_enable_error", Response::ByteEnableError}};
    return kNames.at(name);
}

std::uint64_t period_of(const View& clock) {
    if (clock.has("period_ps") && clock.has("frequency_hz")) {
        clock["frequency_hz"].fail_at_key("frequency_hz and period_ps say the same thing; give one of them");
    }
    if (clock.has("period_ps")) {
        return clock["period_ps"].number();
    }
    constexpr std::uint64_t kPicosecondsPerSecond = 1'000'000'000'000;
    if (!clock.has("frequency_hz")) {
        return PlatformSpec{}.period_ps;
    }
    const std::uint64_t hertz = clock["frequency_hz"].number();
    if (kPicosecondsPerSecond % hertz != 0) {
        clock["frequency_hz"].fail(
            fmt::format("{} Hz has a period of {:.3f} ps, which is not a whole number; nearest: period_ps: {}", hertz,
                        static_cast<double>(kPicosecondsPerSecond) / static_cast<double>(hertz),
                        (kPicosecondsPerSecond + hertz / 2) / hertz));
    }
    return kPicosecondsPerSecond / hertz;
}

MemorySpec memory_of(const View& view, std::uint32_t width, const std::string& folder) {
    MemorySpec memory;
    memory.name = view["name"].string();
    memory.base = view["base"].number();
    MemoryConfig& config = memory.config;
    config.size = view["size"].number();
    config.data_width_bits = width;
    config.read_latency = view["read_latency"].number32();
    config.write_latency = view["write_latency"].number32();
    config.read_wait = view["read_wait"].number32();
    config.write_wait = view["write_wait"].number32();
    if (view["beats"].string() != "none") {
        config.beat = view["beats"].string() == "registered" ? BeatMemoryKind::Registered : BeatMemoryKind::Pipelined;
    }
    config.beat_max_reads = view["beat_max_reads"].number32();
    config.beat_max_writes = view["beat_max_writes"].number32();
    config.fill = static_cast<std::uint8_t>(view["fill"].number());
    for (const View& range : view["errors"].items()) {
        ErrorRange error;
        error.base = range["at"].number();
        error.size = range["size"].number();
        error.on_read = range["on"].string() != "write";
        error.on_write = range["on"].string() != "read";
        error.response = response_of(range["response"].string());
        if (error.base >= config.size || error.size > config.size - error.base) {
            range.fail(fmt::format("{}: reaches beyond the end of the memory, which has {} bytes",
                                   readable_path(range.pointer()), config.size));
        }
        config.errors.push_back(error);
    }
    for (const View& entry : view["contents"].items()) {
        Contents contents{entry["at"].number(), bytes_of(entry, folder)};
        if (contents.at >= config.size || contents.bytes.size() > config.size - contents.at) {
            entry.fail(fmt::format("{}: {} bytes at offset {:#x} do not fit into the memory, which has {} bytes",
                                   readable_path(entry.pointer()), contents.bytes.size(), contents.at, config.size));
        }
        memory.contents.push_back(std::move(contents));
    }
    refuse(view, validate(config));
    return memory;
}

ControllerSpec controller_spec_of(const View& view, std::uint32_t bus_width) {
    ControllerSpec controller;
    controller.name = view["name"].string();
    if (view.has("registers")) {
        controller.registers = view["registers"].number();
        if (*controller.registers % 8 != 0) {
            view["registers"].fail(fmt::format("{:#x} is not a multiple of 8", *controller.registers));
        }
    }
    DmaConfig& config = controller.config;
    config.channels = view["channels"].number32();
    config.data_width_bits = view["data_width_bits"].number32();
    if (config.data_width_bits != bus_width) {
        view["data_width_bits"].fail(
            fmt::format("{} bits, but the bus has {}; widths are not converted", config.data_width_bits, bus_width));
    }
    config.max_burst_beats = view["max_burst_beats"].number32();
    config.fifo_beats = view["fifo_beats"].number32();
    config.max_reads = view["max_reads"].number32();
    config.max_writes = view["max_writes"].number32();
    config.descriptor_prefetch = view["descriptor_prefetch"].number32();
    config.timing = timing_profile(view["profile"].string());
    if (config.timing.beat_accurate && config.timing.pipeline.kind == PipelineKind::Sequenced) {
        config.timing.pipeline.max_burst_beats = config.max_burst_beats;
    }
    config.arbiter = arbiter_of(view["arbiter"]);
    controller.blocking = view["style"].string() == "blocking";
    controller.snooped = view["snooped"].boolean();
    controller.remapped = view["remapped"].boolean();
    refuse(view, validate(config));
    return controller;
}

/// Gives `device` the channel that `view` names, which must serve no other one.
template <typename Device>
void wire(const View& view, const PlatformSpec& platform, Device& device) {
    device.controller = controller_of(view, platform);
    const ControllerSpec& controller = platform.controllers[device.controller];
    device.channel = view["channel"].number32();
    if (device.channel >= controller.config.channels) {
        view["channel"].fail(fmt::format("{} has the channels 0 to {}, not {}", in_quotes(controller.name),
                                         controller.config.channels - 1, device.channel));
    }
    const auto refuse_taken = [&](const auto& others) {
        for (const auto& other : others) {
            if (other.controller == device.controller && other.channel == device.channel) {
                view["channel"].fail(fmt::format("channel {} of {} serves {} already", device.channel,
                                                 in_quotes(controller.name), in_quotes(other.name)));
            }
        }
    };
    refuse_taken(platform.block_devices);
    refuse_taken(platform.streams);
}

BlockDeviceSpec block_device_of(const View& view, const PlatformSpec& platform, const std::string& folder) {
    BlockDeviceSpec device;
    device.name = view["name"].string();
    device.base = view["base"].number();
    device.bytes = view["size"].number();
    BlockDeviceConfig& config = device.config;
    config.data_width_bits = platform.bus.data_width_bits;
    config.sector_bytes = view["sector_bytes"].number32();
    config.element_bytes = view["element"].number32();
    config.fifo_elements = view["fifo_elements"].number32();
    config.threshold = view["threshold"].number32();
    config.cycles_per_element = view["cycles_per_element"].number32();
    config.command_cycles = view["command_cycles"].number32();
    config.seek_cycles = view["seek_cycles"].number32();
    refuse(view, validate(config));
    if (device.base % 8 != 0) {
        view["base"].fail(fmt::format("{:#x} is not a multiple of 8", device.base));
    }
    if (device.bytes % config.sector_bytes != 0) {
        view["size"].fail(
            fmt::format("{} bytes are not a whole number of sectors of {}", device.bytes, config.sector_bytes));
    }
    for (const View& entry : view["contents"].items()) {
        Contents contents{entry["at"].number(), bytes_of(entry, folder)};
        if (contents.at >= device.bytes || contents.bytes.size() > device.bytes - contents.at) {
            entry.fail(fmt::format("{}: {} bytes at offset {:#x} do not fit on the disk, which has {} bytes",
                                   readable_path(entry.pointer()), contents.bytes.size(), contents.at, device.bytes));
        }
        device.contents.push_back(std::move(contents));
    }
    wire(view, platform, device);
    return device;
}

StreamSpec stream_of(const View& view, const PlatformSpec& platform, const std::string& folder) {
    StreamSpec stream;
    stream.name = view["name"].string();
    stream.base = view["base"].number();
    StreamConfig& config = stream.config;
    config.sink = view["direction"].string() == "sink";
    config.data_width_bits = platform.bus.data_width_bits;
    config.element_bytes = view["element"].number32();
    config.fifo_elements = view["fifo_elements"].number32();
    config.threshold = view["threshold"].number32();
    config.cycles_per_element = view["cycles_per_element"].number32();
    config.error_on_misuse = view["error_on_misuse"].boolean();
    config.stop_at_tc = view["stop_at_tc"].boolean();
    config.real_time = view["real_time"].boolean();
    refuse(view, validate(config));
    if (stream.base % config.element_bytes != 0) {
        view["base"].fail(fmt::format("{:#x} is not a multiple of the element, {}", stream.base, config.element_bytes));
    }
    if (view.has("payload")) {
        if (config.sink) {
            view["payload"].fail_at_key("payload belongs to a source; what a sink must get stands in expect.streams");
        }
        stream.payload = bytes_of(view["payload"], folder);
        if (stream.payload.size() % config.element_bytes != 0) {
            view["payload"].fail_at_key(fmt::format("{} bytes are not a whole number of elements of {}",
                                                    stream.payload.size(), config.element_bytes));
        }
    }
    wire(view, platform, stream);
    return stream;
}

MapRegistersSpec map_registers_of(const View& view, const PlatformSpec& platform) {
    MapRegistersSpec spec;
    spec.base = view["base"].number();
    if (spec.base % 8 != 0) {
        view["base"].fail(fmt::format("{:#x} is not a multiple of 8", spec.base));
    }
    spec.config.window = view["window"].number();
    spec.config.registers = view["registers"].number32();
    spec.config.data_width_bits = platform.bus.data_width_bits;
    spec.translate_cycles = view["translate_cycles"].number32();
    if (view.has("excluded")) {
        spec.excluded = view["excluded"]["address"].number();
        spec.excluded_bytes = view["excluded"]["size"].number();
    }
    refuse(view, validate(spec.config));
    return spec;
}

FlyBySpec fly_by_of(const View& view, const PlatformSpec& platform, const std::string& folder) {
    FlyBySpec device;
    device.name = view["name"].string();
    device.base = view["base"].number();
    if (device.base % 8 != 0) {
        view["base"].fail(fmt::format("{:#x} is not a multiple of 8", device.base));
    }
    device.channel = view["channel"].number32();
    device.config.cycles_per_unit = view["cycles_per_unit"].number32();
    device.config.data_width_bits = platform.bus.data_width_bits;
    if (view.has("payload")) {
        device.payload = bytes_of(view["payload"], folder);
    }
    for (const FlyBySpec& other : platform.system_dma->devices) {
        if (other.channel == device.channel) {
            view["channel"].fail(
                fmt::format("channel {} of system_dma serves {} already", device.channel, in_quotes(other.name)));
        }
    }
    refuse(view, validate(device.config));
    return device;
}

SystemDmaSpec system_dma_of(const View& view) {
    SystemDmaSpec spec;
    spec.base = view["base"].number();
    spec.config.buffer_bytes = view["buffer_bytes"].number32();
    spec.config.remainder = view["remainder"].string() == "keep" ? PcAtRemainder::Keep : PcAtRemainder::Discard;
    spec.interrupt = view["interrupt"].boolean();
    spec.remapped = view["remapped"].boolean();
    refuse(view, validate(spec.config));
    return spec;
}

CpuConfig cpu_of(const View& view, std::uint32_t width, std::size_t interrupts) {
    CpuConfig config;
    config.data_width_bits = width;
    const View cache = view["cache"];
    config.cache.size_bytes = cache["size_bytes"].number32();
    config.cache.line_bytes = cache["line_bytes"].number32();
    config.cache.ways = cache["ways"].number32();
    config.cache.write_policy = cache["write_policy"].string() == "back" ? WritePolicy::Back : WritePolicy::Through;
    config.cache.write_allocate = cache["write_allocate"].boolean();
    config.cache.replacement = cache["replacement"].string();
    config.cache.replacement_seed = cache["replacement_seed"].number();
    config.cache.hit_cycles = cache["hit_cycles"].number32();
    config.cache.maintenance_cycles = cache["maintenance_cycles"].number32();
    config.cache.maintenance_line_cycles = cache["maintenance_line_cycles"].number32();
    config.cache.snoop_cycles = cache["snoop_cycles"].number32();
    config.cache.write_back_buffers = cache["write_back_buffers"].number32();
    static const std::map<std::string, CoherenceMode> kModes{{"none", CoherenceMode::None},
                                                             {"io_coherent", CoherenceMode::IoCoherent},
                                                             {"one_sided", CoherenceMode::OneSided}};
    config.cache.coherence = kModes.at(cache["coherence"].string());
    const View buffer = view["store_buffer"];
    config.store_buffer.entries = buffer["entries"].number32();
    config.store_buffer.max_in_flight = buffer["max_in_flight"].number32();
    config.store_buffer.residence = buffer["residence"].number32();
    config.store_buffer.hold = buffer["hold"].boolean();
    config.store_buffer.merge = buffer["merge"].boolean();
    config.dmb_orders_device = view["dmb_orders_device"].boolean();
    config.interrupts = static_cast<std::uint32_t>(interrupts);
    refuse(cache, validate(config.cache));
    refuse(buffer, validate(config.store_buffer));
    refuse(view, validate(config));
    return config;
}

std::uint32_t channel_of(const View& view, const ControllerSpec& controller);

/// Hold-ups go to `platform`.
CacheActorConfig actor_of(const View& view, PlatformSpec& platform) {
    CacheActorConfig config;
    config.seed = view["seed"].number();
    config.evict_every = view["evict_every"].number();
    config.dirty_only = view["dirty_only"].boolean();
    config.prefetch_every = view["prefetch_every"].number();
    for (const View& span : view["prefetch_from"].items()) {
        config.prefetch_from.push_back({span["address"].number(), span["size"].number()});
    }
    config.first = view["first"].number();
    if (view.has("until")) {
        config.until = view["until"].number();
    }
    Cycles last;
    for (const View& entry : view["schedule"].items()) {
        std::string what;
        for (const char* key : {"evict", "prefetch", "stall", "drain_stores", "hold_stores", "hold_channel"}) {
            if (entry.has(key)) {
                what = what.empty() ? key : "two";
            }
        }
        if (what.empty() || what == "two") {
            entry.fail(
                fmt::format("{}: exactly one of evict, prefetch, stall, drain_stores, hold_stores and hold_channel "
                            "belongs here",
                            readable_path(entry.pointer())));
        }
        const Cycles at{entry["at"].number()};
        if (at < last) {
            entry["at"].fail(
                fmt::format("cycle {} comes before that of the entry above, {}", at.count(), last.count()));
        }
        last = at;
        if (what == "stall") {
            platform.stalls.push_back({at, entry[what].number()});
        } else if (what == "hold_stores") {
            platform.cpu->store_buffer.holds.push_back({at, entry[what].number()});
        } else if (what == "hold_channel") {
            ControllerSpec& controller = platform.controllers.at(controller_of(entry, platform));
            controller.config.holds.push_back({at, entry[what].number(), channel_of(entry, controller)});
        } else if (what == "drain_stores") {
            if (entry[what].boolean()) {
                config.schedule.push_back({CacheActionKind::Drain, 0, at});
            }
        } else {
            config.schedule.push_back(
                {what == "evict" ? CacheActionKind::Evict : CacheActionKind::Prefetch, entry[what].number(), at});
        }
    }
    refuse(view, validate(config));
    return config;
}

VerifierConfig verifier_of(const View& view, const PlatformSpec& platform) {
    for (const ControllerSpec& controller : platform.controllers) {
        if (controller.blocking || controller.config.timing.beat_accurate) {
            // It would take what it does not see for what has not happened.
            view["enabled"].fail(fmt::format("the verifier does not see the accesses of {}: it is {}",
                                             in_quotes(controller.name),
                                             controller.blocking ? "blocking" : "beat-accurate"));
        }
    }
    VerifierConfig config;
    if (platform.cpu) {
        const CacheConfig& cache = platform.cpu->cache;
        const bool coherent = cache.coherence == CoherenceMode::IoCoherent;
        config.line_bytes = cache.line_bytes;
        config.whole_line_write_back = !coherent;
        config.snooped_writes = coherent;
        config.coherent_writes = coherent && std::all_of(platform.controllers.begin(), platform.controllers.end(),
                                                         [](const ControllerSpec& each) { return each.snooped; });
    }
    for (const View& rule : view["disabled_rules"].items()) {
        config.disabled_rules.push_back(rule.string());
    }
    for (const View& item : view["suppressions"].items()) {
        config.suppressions.push_back({item["rule"].string(), item["address"].number(), item["size"].number()});
    }
    config.other_rules = dma::driver_rule_names();
    config.device_address_bits = view["address_bits"].number32();
    config.starvation_cycles = view["starvation_cycles"].number();
    for (std::size_t i = 0; i < platform.controllers.size(); ++i) {
        const ControllerSpec& controller = platform.controllers[i];
        if (controller.registers) {
            config.registers.push_back({static_cast<std::uint16_t>(i), *controller.registers,
                                        native::register_space_bytes(controller.config.channels),
                                        native::channel_register(0, 0),
                                        native::channel_register(1, 0) - native::channel_register(0, 0)});
        }
    }
    refuse(view, validate(config));
    return config;
}

/// Collects what occupies addresses and refuses what overlaps.
class Map {
  public:
    explicit Map(BusConfig& bus) : bus_(bus) {}

    void add(const View& where, const std::string& name, std::uint64_t base, std::uint64_t size) {
        const std::uint64_t last = base + (size - 1);
        if (last < base) {
            where.fail(fmt::format("{}: {} bytes at {:#x} reach beyond the 64-bit address space",
                                   readable_path(where.pointer()), size, base));
        }
        for (const AddressRange& other : bus_.map) {
            const std::uint64_t other_last = other.base + (other.size - 1);
            if (base <= other_last && other.base <= last) {
                where.fail(fmt::format("{}: {} ({:#x} to {:#x}) overlaps {} ({:#x} to {:#x})",
                                       readable_path(where.pointer()), in_quotes(name), base, last,
                                       in_quotes(other.name), other.base, other_last));
            }
        }
        bus_.map.push_back({base, size, bus_.targets, 0, name});
        ++bus_.targets;
    }

  private:
    BusConfig& bus_;
};

void refuse_second(std::vector<std::string>& names, const View& view) {
    const std::string& name = view["name"].string();
    if (std::find(names.begin(), names.end(), name) != names.end()) {
        view["name"].fail(fmt::format("the name {} is taken", in_quotes(name)));
    }
    names.push_back(name);
}

/// The topology of wires.
constexpr std::string_view kDirect = "direct";

/// A beat-accurate topology carries beats, so everything on it has to (docs/beat-pipelines.md, "Islands").
void refuse_what_is_not_beat_accurate(const View& view, const PlatformSpec& platform) {
    const View topology = view["bus"]["topology"];
    const std::string& name = topology.string();
    const auto controllers = view["controllers"].items();
    for (std::size_t i = 0; i < controllers.size(); ++i) {
        if (!platform.controllers[i].config.timing.beat_accurate) {
            controllers[i].fail(fmt::format("topology {} is beat-accurate, and profile {} is not", in_quotes(name),
                                            in_quotes(platform.controllers[i].config.timing.name)));
        }
        if (platform.controllers[i].registers) {
            controllers[i]["registers"].fail(
                fmt::format("topology {} is beat-accurate; registers are not on it", in_quotes(name)));
        }
    }
    const auto memories = view["memories"].items();
    for (std::size_t i = 0; i < memories.size(); ++i) {
        if (!platform.memories[i].config.beat) {
            memories[i].fail(fmt::format(
                "topology {} is beat-accurate; the memory needs beats: pipelined or registered", in_quotes(name)));
        }
    }
    if (platform.cpu || !platform.block_devices.empty() || !platform.streams.empty() || platform.map_registers ||
        platform.system_dma) {
        topology.fail(
            fmt::format("topology {} is beat-accurate and carries controllers and memories only, no CPU and "
                        "no peripherals",
                        in_quotes(name)));
    }
    if (platform.direct && (controllers.size() != 1 || memories.size() != 1 || platform.memories.front().base != 0)) {
        topology.fail("topology \"direct\" is wires between one controller and one memory with base 0");
    }
}

PlatformSpec platform_of(const View& view, const std::string& folder) {
    PlatformSpec platform;
    platform.monitor = view["monitor"].boolean();
    platform.lazy = view["driver"].string() == "lazy";
    platform.transactions = view["driver"].string() == "transactions";
    platform.period_ps = period_of(view["clock"]);

    const View bus_view = view["bus"];
    BusConfig& bus = platform.bus;
    bus.topology = bus_view["topology"].string();
    bus.data_width_bits = bus_view["data_width_bits"].number32();
    bus.request_latency = bus_view["request_latency"].number32();
    bus.response_latency = bus_view["response_latency"].number32();
    bus.queue_depth = bus_view["queue_depth"].number32();
    bus.max_outstanding = bus_view["max_outstanding"].number32();
    bus.arbiter = arbiter_of(bus_view["arbiter"]);
    bus.targets = 0;

    std::vector<std::string> names;
    Map map(bus);
    for (const View& memory : view["memories"].items()) {
        refuse_second(names, memory);
        platform.memories.push_back(memory_of(memory, bus.data_width_bits, folder));
        map.add(memory, platform.memories.back().name, platform.memories.back().base,
                platform.memories.back().config.size);
    }
    for (const View& controller : view["controllers"].items()) {
        refuse_second(names, controller);
        platform.controllers.push_back(controller_spec_of(controller, bus.data_width_bits));
    }
    for (std::size_t i = 0; i < platform.controllers.size(); ++i) {
        const ControllerSpec& controller = platform.controllers[i];
        if (controller.registers) {
            map.add(view["controllers"].items()[i]["registers"], controller.name, *controller.registers,
                    native::register_space_bytes(controller.config.channels));
        }
    }
    for (const View& device : view["block_devices"].items()) {
        refuse_second(names, device);
        platform.block_devices.push_back(block_device_of(device, platform, folder));
        map.add(device, platform.block_devices.back().name, platform.block_devices.back().base, kBlockDeviceWindow);
    }
    for (const View& stream : view["streams"].items()) {
        refuse_second(names, stream);
        platform.streams.push_back(stream_of(stream, platform, folder));
        map.add(stream, platform.streams.back().name, platform.streams.back().base, kStreamWindow);
    }
    if (view.has("map_registers")) {
        platform.map_registers = map_registers_of(view["map_registers"], platform);
        map.add(view["map_registers"], "map_registers", platform.map_registers->base,
                std::uint64_t{platform.map_registers->config.registers} * 8);
    }
    const auto refuse_without_map = [&](const View& where, bool remapped) {
        if (remapped && !platform.map_registers) {
            where["remapped"].fail("there are no platform.map_registers to go through");
        }
    };
    for (std::size_t i = 0; i < platform.controllers.size(); ++i) {
        refuse_without_map(view["controllers"].items()[i], platform.controllers[i].remapped);
    }
    std::size_t interrupts = platform.controllers.size() + platform.block_devices.size();
    if (view.has("system_dma")) {
        const View system = view["system_dma"];
        platform.system_dma = system_dma_of(system);
        refuse_without_map(system, platform.system_dma->remapped);
        map.add(system, "system_dma", platform.system_dma->base, pc_at_port::kBytes);
        for (const View& device : system["devices"].items()) {
            refuse_second(names, device);
            platform.system_dma->devices.push_back(fly_by_of(device, platform, folder));
            map.add(device, platform.system_dma->devices.back().name, platform.system_dma->devices.back().base,
                    kFlyByWindow);
        }
        interrupts += 1 + platform.system_dma->devices.size();
    }
    if (view.has("cpu")) {
        platform.cpu = cpu_of(view["cpu"], bus.data_width_bits, interrupts);
        platform.actor = actor_of(view["cpu"]["actor"], platform);
    }
    const std::size_t initiators = platform.controllers.size() + (platform.cpu ? 1 : 0);
    if (initiators == 0) {
        view.fail("platform: nothing would use the bus; give controllers or a cpu");
    }
    bus.initiators = static_cast<std::uint32_t>(initiators + (platform.system_dma ? 1 : 0));
    if (platform.cpu && platform.cpu->cache.coherence != CoherenceMode::None) {
        for (const ControllerSpec& controller : platform.controllers) {
            bus.snooped.push_back(controller.snooped);
        }
        bus.snooped.push_back(false);
        if (platform.system_dma) {
            bus.snooped.push_back(true);
        }
    }
    platform.direct = bus.topology == kDirect;
    if (platform.direct || bus.is_beat_fabric()) {
        refuse_what_is_not_beat_accurate(view, platform);
    }
    BusConfig checked = bus;
    if (platform.direct) {
        checked.topology = "simple";  // Not built; the rest of the configuration is looked at all the same.
    }
    refuse(bus_view, validate(checked));
    if (view["verifier"]["enabled"].boolean()) {
        platform.verifier = verifier_of(view["verifier"], platform);
    }
    return platform;
}

std::optional<std::uint64_t> optional_number(const View& view, const std::string& key) {
    return view.has(key) ? std::optional<std::uint64_t>(view[key].number()) : std::nullopt;
}

std::uint8_t log2_of(std::uint64_t power) {
    std::uint8_t result = 0;
    while ((1ULL << result) < power) {
        ++result;
    }
    return result;
}

/// The members that a register job and a descriptor have in common.
Job job_of(const View& view) {
    Job job;
    job.source.address = view["source"].number();
    job.destination.address = view["destination"].number();
    job.length = view["length"].number32();
    job.rows = view["rows"].number32();
    // Without strides the rows lie one behind the other, as far as the register can say so.
    const auto stride = [&](const char* key) {
        if (view.has(key)) {
            return static_cast<std::int32_t>(view[key].integer());
        }
        if (job.rows > 1 && job.length > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max())) {
            view["length"].fail("rows of 2 GiB and more need a stride");
        }
        return job.rows > 1 ? static_cast<std::int32_t>(job.length) : 0;
    };
    job.source.stride = stride("source_stride");
    job.destination.stride = stride("destination_stride");
    job.source.fixed = view["fixed_source"].boolean();
    job.destination.fixed = view["fixed_destination"].boolean();
    job.element_log2 = log2_of(view["element"].number());
    static const std::map<std::string, Handshake> kModes{{"none", Handshake::None},
                                                         {"single", Handshake::Single},
                                                         {"block", Handshake::Block},
                                                         {"demand", Handshake::Demand}};
    job.handshake = kModes.at(view["handshake"].string());
    job.no_snoop = view["no_snoop"].boolean();
    return job;
}

/// The controller would refuse such a job (BAD_ELEMENT); a scenario that wants to see that names a unit that does not fit.
void refuse_paced_without_unit(const View& job, Handshake handshake) {
    if (handshake == Handshake::Single || handshake == Handshake::Demand) {
        job["handshake"].fail_at_key(
            fmt::format("handshake {} needs the key \"unit\" in the transfer, the most bytes of a unit",
                        job["handshake"].string()));
    }
}

std::string place_of(const View& view) {
    const std::string prefix = view.document().prefix(view.document().node(view.pointer()).value);
    return prefix.substr(0, prefix.size() - 2);
}

Limits limits_of(const View& view) {
    return {optional_number(view, "equals"), optional_number(view, "min"), optional_number(view, "max")};
}

void refuse_outside(const View& view, std::uint64_t address, std::uint64_t size, const PlatformSpec& platform) {
    for (const MemorySpec& memory : platform.memories) {
        if (address >= memory.base && address - memory.base < memory.config.size &&
            size <= memory.config.size - (address - memory.base)) {
            return;
        }
    }
    view.fail(fmt::format("{}: {} bytes at {:#x} are not inside of one memory", readable_path(view.pointer()), size,
                          address));
}

MemoryExpectation memory_expectation_of(const View& view, const PlatformSpec& platform, const std::string& folder) {
    MemoryExpectation expected;
    expected.where = place_of(view);
    expected.address = view["address"].number();
    const unsigned others = (view.has("same_as") ? 1U : 0U) + (view.has("xxh64") ? 1U : 0U);
    if (others + (has_bytes(view) ? 1U : 0U) != 1) {
        view.fail(fmt::format("{}: exactly one of file, hex, pattern, seed, same_as and xxh64 belongs here",
                              readable_path(view.pointer())));
    }
    if (others == 0) {
        expected.bytes = bytes_of(view, folder);
        expected.size = expected.bytes->size();
    } else {
        if (!view.has("size")) {
            view.fail(fmt::format("{}: the key \"size\" is missing", readable_path(view.pointer())));
        }
        expected.size = view["size"].number();
        expected.same_as = optional_number(view, "same_as");
        if (view.has("xxh64")) {
            expected.xxh64 = view["xxh64"].string();
        }
    }
    if (expected.size > kMaxEntryBytes) {
        view.fail(fmt::format("{}: {} bytes; the most for one entry is {}", readable_path(view.pointer()),
                              expected.size, kMaxEntryBytes));
    }
    refuse_outside(view, expected.address, expected.size, platform);
    if (expected.same_as) {
        refuse_outside(view["same_as"], *expected.same_as, expected.size, platform);
    }
    return expected;
}

StreamExpectation stream_expectation_of(const View& view, const PlatformSpec& platform, const std::string& folder) {
    StreamExpectation expected;
    expected.where = place_of(view);
    const std::string& name = view["name"].string();
    const auto named = [&](const auto& device) { return device.name == name; };
    const auto found = std::find_if(platform.streams.begin(), platform.streams.end(), named);
    expected.name = name;
    expected.stream = static_cast<std::uint32_t>(found - platform.streams.begin());
    if (found == platform.streams.end() && platform.system_dma) {
        const std::vector<FlyBySpec>& devices = platform.system_dma->devices;
        const auto device = std::find_if(devices.begin(), devices.end(), named);
        expected.stream += static_cast<std::uint32_t>(device - devices.begin());
        if (device == devices.end()) {
            view["name"].fail(
                fmt::format("there is no sink {} in platform.streams, and no such device in "
                            "platform.system_dma",
                            in_quotes(name)));
        }
    } else if (found == platform.streams.end() || !found->config.sink) {
        view["name"].fail(fmt::format("there is no sink {} in platform.streams", in_quotes(name)));
    }
    const unsigned others = (view.has("same_as") ? 1U : 0U) + (view.has("xxh64") ? 1U : 0U);
    if (others + (has_bytes(view) ? 1U : 0U) != 1) {
        view.fail(fmt::format("{}: exactly one of file, hex, pattern, seed, same_as and xxh64 belongs here",
                              readable_path(view.pointer())));
    }
    if (others == 0) {
        expected.bytes = bytes_of(view, folder);
        expected.size = expected.bytes->size();
        return expected;
    }
    if (!view.has("size")) {
        view.fail(fmt::format("{}: the key \"size\" is missing", readable_path(view.pointer())));
    }
    expected.size = view["size"].number();
    if (expected.size > kMaxEntryBytes) {
        view.fail(fmt::format("{}: {} bytes; the most for one entry is {}", readable_path(view.pointer()),
                              expected.size, kMaxEntryBytes));
    }
    expected.same_as = optional_number(view, "same_as");
    if (expected.same_as) {
        refuse_outside(view["same_as"], *expected.same_as, expected.size, platform);
    } else {
        expected.xxh64 = view["xxh64"].string();
    }
    return expected;
}

std::uint32_t channel_of(const View& view, const ControllerSpec& controller) {
    const std::uint32_t channel = view["channel"].number32();
    if (channel >= controller.config.channels) {
        view["channel"].fail(fmt::format("{} has the channels 0 to {}, not {}", in_quotes(controller.name),
                                         controller.config.channels - 1, channel));
    }
    return channel;
}

Expectations expectations_of(const View& view, const PlatformSpec& platform, const std::string& folder) {
    Expectations expected;
    for (const View& item : view["memory"].items()) {
        expected.memory.push_back(memory_expectation_of(item, platform, folder));
    }
    for (const View& item : view["streams"].items()) {
        expected.streams.push_back(stream_expectation_of(item, platform, folder));
    }
    if (view.has("cycles")) {
        expected.cycles = limits_of(view["cycles"]);
        expected.cycles_where = place_of(view["cycles"]);
    }
    for (const View& item : view["transfers"].items()) {
        TransferExpectation transfer;
        transfer.where = place_of(item);
        transfer.controller = controller_of(item, platform);
        transfer.channel = channel_of(item, platform.controllers[transfer.controller]);
        transfer.job = item["job"].number32();
        if (item.has("status")) {
            transfer.status = item["status"].string();
        }
        if (item.has("error")) {
            transfer.error = item["error"].string();
        }
        transfer.error_address = optional_number(item, "error_address");
        transfer.bytes_written = optional_number(item, "bytes_written");
        transfer.cycles = {optional_number(item, "cycles"), optional_number(item, "min_cycles"),
                           optional_number(item, "max_cycles")};
        transfer.completed = optional_number(item, "completed");
        expected.transfers.push_back(std::move(transfer));
    }
    for (const View& item : view["statistics"].items()) {
        expected.statistics.push_back({item["name"].string(), limits_of(item), place_of(item)});
    }
    for (const View& item : view["findings"].items()) {
        expected.findings.push_back(item.string());
        expected.findings_where = place_of(view["findings"]);
    }
    return expected;
}

/// Writes values into the document that follow from others, so that the resolved configuration says everything.
void resolve_document(Document& document) {
    Json& platform = document.root["platform"];
    Json& clock = platform["clock"];
    if (!clock.contains("period_ps") && !clock.contains("frequency_hz")) {
        clock["period_ps"] = PlatformSpec{}.period_ps;
    }
    for (Json& controller : platform["controllers"]) {
        if (!controller.contains("data_width_bits")) {
            controller["data_width_bits"] = platform["bus"]["data_width_bits"];
        }
    }
}

}  // namespace

std::uint32_t controller_of(const View& view, const PlatformSpec& platform) {
    if (platform.controllers.empty()) {
        view.fail("the platform has no controllers");
    }
    if (!view.has("controller")) {
        return 0;
    }
    const std::string& name = view["controller"].string();
    std::vector<std::string> known;
    for (std::size_t i = 0; i < platform.controllers.size(); ++i) {
        if (platform.controllers[i].name == name) {
            return static_cast<std::uint32_t>(i);
        }
        known.push_back(platform.controllers[i].name);
    }
    const std::string near = nearest(name, known);
    view["controller"].fail(fmt::format("there is no controller {}{}", in_quotes(name),
                                        near.empty() ? "" : fmt::format("; did you mean {}?", in_quotes(near))));
}

TransferSpec transfer_of(const View& view, const PlatformSpec& platform) {
    TransferSpec transfer;
    transfer.controller = controller_of(view, platform);
    transfer.channel = channel_of(view, platform.controllers[transfer.controller]);
    transfer.continue_on_error = view["on_error"].string() == "continue";
    transfer.cyclic_rounds = view["cyclic_rounds"].number();
    const View chain = view["chain"];
    if (chain.json().empty()) {
        for (const char* key : {"source", "destination", "length"}) {
            if (!view.has(key)) {
                view.fail(fmt::format("{}: the key {} is missing (or a chain)", readable_path(view.pointer()),
                                      in_quotes(key)));
            }
        }
        if (view.has("descriptors")) {
            view["descriptors"].fail_at_key("descriptors belongs to a chain, which is missing");
        }
        transfer.job = job_of(view);
    } else {
        for (const char* key : {"source", "destination", "length"}) {
            if (view.has(key)) {
                view[key].fail_at_key(fmt::format("{} does not go together with a chain", key));
            }
        }
        if (transfer.cyclic_rounds != 0) {
            view["cyclic_rounds"].fail_at_key("cyclic_rounds does not go together with a chain");
        }
        if (!view.has("descriptors")) {
            view.fail(fmt::format("{}: a chain needs the key \"descriptors\", an address for it",
                                  readable_path(view.pointer())));
        }
        transfer.descriptors = view["descriptors"].number();
        if (transfer.descriptors % native::kDescriptorBytes != 0) {
            view["descriptors"].fail(
                fmt::format("{:#x} is not a multiple of {}", transfer.descriptors, native::kDescriptorBytes));
        }
        refuse_outside(view["descriptors"], transfer.descriptors, chain.json().size() * native::kDescriptorBytes,
                       platform);
        std::uint64_t address = transfer.descriptors;
        for (const View& entry : chain.items()) {
            const Job job = job_of(entry);
            native::Descriptor descriptor;
            address += native::kDescriptorBytes;
            descriptor.next = address;
            descriptor.source = job.source.address;
            descriptor.destination = job.destination.address;
            descriptor.length = job.length;
            descriptor.rows = job.rows;
            descriptor.source_stride = job.source.stride;
            descriptor.destination_stride = job.destination.stride;
            descriptor.interrupt = entry["interrupt"].boolean();
            descriptor.write_back = entry["write_back"].boolean();
            descriptor.source_fixed = job.source.fixed;
            descriptor.destination_fixed = job.destination.fixed;
            descriptor.element_log2 = job.element_log2;
            descriptor.handshake = job.handshake;
            descriptor.no_snoop = job.no_snoop;
            transfer.chain.push_back(descriptor);
        }
        transfer.chain.back().next = 0;
        transfer.chain.back().end = true;
    }
    if (view.has("unit")) {
        transfer.job.unit_bytes = view["unit"].number32();
    } else if (chain.json().empty()) {
        refuse_paced_without_unit(view, transfer.job.handshake);
    } else {
        for (std::size_t i = 0; i < transfer.chain.size(); ++i) {
            refuse_paced_without_unit(chain.items()[i], transfer.chain[i].handshake);
        }
    }
    if (view.has("start")) {
        transfer.start = view["start"].number();
    }
    transfer.pause_at = optional_number(view, "pause_at");
    transfer.resume_at = optional_number(view, "resume_at");
    transfer.abort_at = optional_number(view, "abort_at");
    return transfer;
}

std::vector<RegisterWrite> register_writes(const TransferSpec& transfer) {
    native::StartOptions options;
    options.cyclic = transfer.cyclic_rounds != 0;
    options.continue_on_error = transfer.continue_on_error;
    return transfer.chain.empty()
               ? native::start_job(transfer.channel, transfer.job, options)
               : native::start_chain(transfer.channel, transfer.descriptors, transfer.job.unit_bytes, options);
}

Bytes chain_bytes(const TransferSpec& transfer) {
    Bytes bytes;
    for (const native::Descriptor& descriptor : transfer.chain) {
        const native::DescriptorBytes encoded = native::encode(descriptor);
        bytes.insert(bytes.end(), encoded.begin(), encoded.end());
    }
    return bytes;
}

Scenario make_scenario(Document document, const std::string& folder) {
    resolve_document(document);
    Scenario scenario;
    scenario.folder = folder;
    const View root(document);
    scenario.platform = platform_of(root["platform"], folder);
    for (const View& transfer : root.items("transfers")) {
        scenario.transfers.push_back(transfer_of(transfer, scenario.platform));
    }
    if (root.has("program") && !root["program"].json().empty()) {
        if (!scenario.platform.cpu) {
            root["program"].fail_at_key("a program needs a CPU; add \"cpu: {}\" to the platform");
        }
        scenario.program = compile_steps(root["program"], {scenario.platform, folder});
    }
    scenario.expect = expectations_of(root["expect"], scenario.platform, folder);
    const View run = root["run"];
    scenario.run.max_cycles = run["max_cycles"].number();
    scenario.run.stop_at = optional_number(run, "stop_at");
    scenario.run.trace = run["trace"].boolean();
    scenario.run.reversed = run["construction_order"].string() == "reversed";
    const std::uint64_t last = std::max(scenario.run.max_cycles, scenario.run.stop_at.value_or(0));
    if (last > std::numeric_limits<std::uint64_t>::max() / scenario.platform.period_ps) {
        run.fail(fmt::format("run: {} cycles of {} ps are more simulated time than there is", last,
                             scenario.platform.period_ps));
    }
    if (root.has("name")) {
        scenario.name = root["name"].string();
    }
    scenario.document = std::move(document);
    return scenario;
}

Scenario load_scenario(const std::string& path, const std::vector<Setting>& settings) {
    const std::string folder = path == "-" ? "." : std::filesystem::path(path).parent_path().string();
    Scenario scenario;
    try {
        scenario = make_scenario(load_layers(path, Schema::scenario(), settings), folder.empty() ? "." : folder);
    } catch (const ConfigError& error) {
        throw InputError(fmt::format("{}: {}", path, error.what()));
    }
    if (scenario.name.empty()) {
        scenario.name = path == "-" ? "scenario" : std::filesystem::path(path).stem().string();
        scenario.document.root["name"] = scenario.name;
    }
    return scenario;
}

namespace {

void move_files(Json& value, const std::filesystem::path& from, const std::filesystem::path& to) {
    for (auto& item : value.items()) {
        if ((item.key() == "file" || item.key() == "recording") && item.value().is_string() && value.is_object()) {
            const std::filesystem::path file(item.value().get<std::string>());
            if (file.is_relative()) {
                item.value() = std::filesystem::proximate(from / file, to).generic_string();
            }
        } else if (item.value().is_structured()) {
            move_files(item.value(), from, to);
        }
    }
}

}  // namespace

std::string resolved_yaml(const Scenario& scenario, const std::string& folder) {
    Json root = scenario.document.root;
    move_files(root, scenario.folder, folder);
    return to_yaml(root, Schema::scenario());
}

}  // namespace dmasim::cli
