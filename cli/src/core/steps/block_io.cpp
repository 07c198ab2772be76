// SPDX-License-Identifier: Apache-2.0
// Step block_io: the recorded reads and writes of a program on a disk.
#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "dmasim/cli/core/block_recording.h"
#include "dmasim/cli/core/block_replay.h"
#include "dmasim/cpu_stub/core/block_driver.h"
#include "dmasim/model/errors.h"

#include "kinds.h"

namespace dmasim::cli {

namespace {

/// A disk behind a driver.
class DriverStorage final : public BlockStorage {
  public:
    DriverStorage(const BlockDriverConfig& config, std::uint32_t sector_bytes, std::uint64_t sectors,
                  std::uint32_t max_sectors)
        : driver_(config), sector_bytes_(sector_bytes), sectors_(sectors), max_sectors_(max_sectors) {}

    bool probe(CpuContext& cpu) { return driver_.probe(cpu) && driver_.sector_bytes() == sector_bytes_; }

    [[nodiscard]] std::uint32_t block_bytes() const override { return sector_bytes_; }
    [[nodiscard]] std::uint64_t blocks() const override { return sectors_; }
    [[nodiscard]] std::uint32_t max_blocks() const override { return max_sectors_; }
    std::string read(CpuContext& cpu, std::uint64_t block, const ScatteredBuffer& buffer) override {
        return driver_.read(cpu, block, buffer).problem;
    }
    std::string write(CpuContext& cpu, std::uint64_t block, const ScatteredBuffer& buffer) override {
        return driver_.write(cpu, block, buffer).problem;
    }
    [[nodiscard]] Times times() const override {
        const BlockDriver::Times& times = driver_.times();
        return {times.maintenance, times.programming, times.waiting};
    }

  private:
    BlockDriver driver_;
    std::uint32_t sector_bytes_;
    std::uint64_t sectors_;
    std::uint32_t max_sectors_;
};

/// Everything that the step needs, checked.
struct BlockIo {
    BlockRecording recording;
    BlockDriverConfig driver;
    BlockReplayOptions options;
    std::uint64_t buffers = 0;
    std::uint32_t pages = 0;
    std::uint32_t page_bytes = 0;
    std::uint32_t sector_bytes = 0;
    std::uint64_t sectors = 0;
    std::uint32_t max_sectors = 0;
    std::string device;
    std::string where;

    [[nodiscard]] ScatteredPages make_pages() const { return {buffers, pages, page_bytes, options.seed}; }
};

std::size_t device_of(const View& arguments, const PlatformSpec& platform) {
    if (platform.block_devices.empty()) {
        arguments.fail("block_io: the platform has no block_devices");
    }
    if (!arguments.has("device")) {
        return 0;
    }
    std::vector<std::string> known;
    for (std::size_t i = 0; i < platform.block_devices.size(); ++i) {
        if (platform.block_devices[i].name == arguments["device"].string()) {
            return i;
        }
        known.push_back(platform.block_devices[i].name);
    }
    arguments["device"].fail(fmt::format("there is no disk {}; there are: {}", in_quotes(arguments["device"].string()),
                                         fmt::join(known, ", ")));
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

/// The buffers' memory: pages, the bytes of a command, the descriptors.
void compile_memory(const View& arguments, const StepContext& context, BlockIo& job) {
    const std::uint64_t page_bytes = arguments["page"].number();
    const std::uint64_t buffers_bytes = arguments["buffers_size"].number();
    job.buffers = arguments["buffers"].number();
    job.page_bytes = static_cast<std::uint32_t>(page_bytes);
    job.pages = static_cast<std::uint32_t>(std::min<std::uint64_t>(buffers_bytes / page_bytes, 1U << 24));
    refuse_outside(arguments["buffers"], job.buffers, buffers_bytes, context.platform);

    const std::uint64_t descriptors = arguments["descriptors"].number();
    const std::uint64_t descriptors_bytes = arguments["max_descriptors"].number() * native::kDescriptorBytes;
    refuse_outside(arguments["descriptors"], descriptors, descriptors_bytes, context.platform);
    if (descriptors < job.buffers + buffers_bytes && job.buffers < descriptors + descriptors_bytes) {
        arguments["descriptors"].fail("the descriptors lie in the memory of the buffers");
    }
    job.driver.descriptors = descriptors;
    job.driver.max_descriptors = arguments["max_descriptors"].number32();

    const std::uint64_t alignment = arguments["alignment"].number();
    const std::uint64_t least =
        std::max<std::uint64_t>(context.platform.cpu->cache.line_bytes, job.driver.element_bytes);
    if ((alignment & (alignment - 1)) != 0 || alignment < least || alignment > page_bytes) {
        arguments["alignment"].fail(
            fmt::format("{} is not a power of two from {} (a cache line, an element) to {} (a page)", alignment, least,
                        page_bytes));
    }
    job.options.alignment = static_cast<std::uint32_t>(alignment);

    // In the worst case every page is a fragment, and the first and last one are not whole.
    const std::uint64_t by_descriptors = (job.driver.max_descriptors - 1) * page_bytes;
    const std::uint64_t command = std::min(arguments["max_command"].number(), by_descriptors);
    if (command < job.sector_bytes) {
        arguments["max_command"].fail(
            fmt::format("commands of {} bytes hold no sector of {}", command, job.sector_bytes));
    }
    job.max_sectors = static_cast<std::uint32_t>(command / job.sector_bytes);
}

std::string thousands(std::uint64_t value) {
    std::string text = fmt::format("{}", value);
    for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), " ");
    }
    return text;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    const std::uint64_t tenths = whole == 0 ? 0 : (part * 1000 + whole / 2) / whole;
    return fmt::format("{}.{} %", tenths / 10, tenths % 10);
}

ReportSection section_of(const BlockReplayReport& report, const BlockIo& job, std::size_t number) {
    static constexpr std::array<const char*, 2> kNames{"read", "write"};
    ReportSection section;
    const std::string prefix = number == 0 ? "block_io." : fmt::format("block_io{}.", number + 1);
    const auto add = [&](const std::string& name, std::uint64_t value, std::string_view unit,
                         std::string_view description) {
        section.statistics.push_back({prefix + name, value, unit, description});
    };
    section.title = fmt::format("Block I/O of {} on {}", job.recording.program, job.device);
    section.lines.push_back(
        fmt::format("{} requests with {} bytes, {} syncs; {} commands to the disk with {} bytes in {} "
                    "fragments of memory",
                    thousands(report.requests()), thousands(report.bytes()), report.syncs, thousands(report.commands),
                    thousands(report.disk_bytes), thousands(report.fragments)));
    add("requests", report.requests(), "request", "Reads and writes of the recorded program that were replayed.");
    add("bytes", report.bytes(), "byte", "Bytes of those requests.");
    add("commands", report.commands, "command", "Commands to the disk.");
    add("disk_bytes", report.disk_bytes, "byte", "Bytes of those commands, whole sectors.");
    add("fragments", report.fragments, "fragment", "Fragments of their buffers; one descriptor each.");
    add("cycles", report.cycles(), "cycle", "From the first request to the end of the last.");
    const auto time = [&](const char* name, std::uint64_t cycles, std::string_view description) {
        add(fmt::format("cycles.{}", name), cycles, "cycle", description);
        return percent(cycles, report.cycles());
    };
    section.lines.push_back(fmt::format(
        "{} cycles: {} loads and stores of the bytes, {} cache maintenance, {} descriptors and registers, {} waiting",
        thousands(report.cycles()), time("copying", report.copying(), "Loads and stores of the bytes."),
        time("maintenance", report.times.maintenance, "Cache maintenance of the buffers."),
        time("programming", report.times.programming, "Descriptors, registers, status of the disk."),
        time("waiting", report.times.waiting, "Waiting for the interrupts.")));

    section.table.push_back({"cycles of a request", "count", "bytes", "min", "median", "90 %", "99 %", "max"});
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        const BlockReplayReport::Direction& direction = report.direction.at(i);
        const LatencyHistogram& latency = direction.latency;
        const std::string name = kNames.at(i);
        section.table.push_back({name, thousands(direction.requests), thousands(direction.bytes),
                                 thousands(latency.min().count()), thousands(latency.percentile(500).count()),
                                 thousands(latency.percentile(900).count()), thousands(latency.percentile(990).count()),
                                 thousands(latency.max().count())});
        add(name + ".requests", direction.requests, "request", "Requests of this direction.");
        add(name + ".bytes", direction.bytes, "byte", "Their bytes.");
        add(name + ".latency.p50", latency.percentile(500).count(), "cycle", "Median of their latency.");
        add(name + ".latency.p90", latency.percentile(900).count(), "cycle", "90th percentile of their latency.");
        add(name + ".latency.p99", latency.percentile(990).count(), "cycle", "99th percentile of their latency.");
        add(name + ".latency.max", latency.max().count(), "cycle", "Greatest latency.");
    }
    add("wrong_reads", report.wrong_reads, "request", "Reads that got other bytes than were recorded.");
    add("wrong_files", report.wrong_files, "file", "Files that at the end are not what was recorded.");
    if (report.wrong_reads == 0 && report.direction[0].requests != 0) {
        section.closing.emplace_back("Every read got the bytes that the program got when it was recorded.");
    }
    if (report.wrong_files == 0 && report.final_files != 0) {
        section.closing.push_back(fmt::format(
            "At the end {} file{} read back, {} bytes in {} fragments of memory: {}.", report.final_files,
            report.final_files == 1 ? " was" : "s were", thousands(report.final_bytes),
            thousands(report.final_fragments),
            report.complete ? "equal to the original, byte for byte" : "what the writes so far make of it"));
    }
    for (const std::string& problem : report.problems) {
        section.closing.push_back("Problem: " + problem);
    }
    return section;
}

void run(const BlockIo& job, StepRuntime& runtime) {
    ScatteredPages pages = job.make_pages();
    DriverStorage storage(job.driver, job.sector_bytes, job.sectors, job.max_sectors);
    if (!storage.probe(runtime.cpu())) {
        runtime.check({"block_io finds its disk and its controller", job.where, false, "both", "not both"});
        return;
    }
    BlockReplay replay(job.recording, storage, pages, job.options);
    replay.run(runtime.cpu());
    const BlockReplayReport& report = replay.report();
    runtime.check({"every read gets the recorded bytes", job.where, report.wrong_reads == 0, "0 wrong reads",
                   fmt::format("{} wrong reads", report.wrong_reads)});
    runtime.check({"at the end the files are what was recorded", job.where, report.ok() || report.wrong_files == 0,
                   "0 wrong files", fmt::format("{} wrong files", report.wrong_files)});
    if (!report.ok() && report.wrong_reads == 0 && report.wrong_files == 0) {
        runtime.check({"the disk carries out every command", job.where, false, "no error", report.problems.front()});
    }
    runtime.add_section(section_of(report, job, runtime.sections().size()));
}

}  // namespace

Action compile_block_io(const View& arguments, const StepContext& context) {
    const auto job = std::make_shared<BlockIo>();
    const std::size_t number = device_of(arguments, context.platform);
    const BlockDeviceSpec& device = context.platform.block_devices[number];
    const ControllerSpec& controller = context.platform.controllers[device.controller];
    if (!controller.registers) {
        arguments.fail(fmt::format("block_io: the registers of {} are not on the bus; give it the key \"registers\"",
                                   in_quotes(controller.name)));
    }
    job->where = place_of_step(arguments);
    job->device = device.name;
    job->sector_bytes = device.config.sector_bytes;
    job->sectors = device.bytes / device.config.sector_bytes;
    job->driver.controller.registers = *controller.registers;
    job->driver.controller.coherent = context.platform.cpu->cache.coherence == CoherenceMode::IoCoherent;
    job->driver.controller.interrupt_line = device.controller;
    job->driver.channel = device.channel;
    job->driver.device = device.base;
    job->driver.device_line = static_cast<unsigned>(context.platform.controllers.size() + number);
    job->driver.element_bytes = device.config.element_bytes;
    job->driver.unit_bytes = device.config.threshold * device.config.element_bytes;
    job->driver.maintain_buffers = arguments["maintenance"].boolean();
    job->options.limit = arguments["limit"].number();
    job->options.seed = arguments["seed"].number();
    job->options.working_pages = arguments["working_pages"].number32();
    compile_memory(arguments, context, *job);

    const std::filesystem::path file(arguments["recording"].string());
    try {
        job->recording = load_block_recording((file.is_relative() ? context.folder / file : file).string());
    } catch (const InputError& error) {
        arguments["recording"].fail(error.what());
    }
    // What the replay would refuse in the middle of the simulation is refused here.
    try {
        DriverStorage storage(job->driver, job->sector_bytes, job->sectors, job->max_sectors);
        ScatteredPages pages = job->make_pages();
        BlockReplay(job->recording, storage, pages, job->options);
    } catch (const ConfigError& error) {
        arguments.fail(fmt::format("block_io: {}", error.what()));
    }
    return [job](StepRuntime& runtime) { run(*job, runtime); };
}

}  // namespace dmasim::cli
