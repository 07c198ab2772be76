// SPDX-License-Identifier: Apache-2.0
//
// The block driver on a whole machine of cores: CPU with cache, bus, memory, controller, disk.
#include "dmasim/cpu_stub/core/block_driver.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/bus/core/island.h"
#include "dmasim/cpu_stub/core/cpu_core.h"
#include "dmasim/cpu_stub/core/loop_context.h"
#include "dmasim/model/engine.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/register_map.h"

namespace dmasim {
namespace {

constexpr std::uint64_t kMemoryBytes = 1U << 20;
constexpr std::uint64_t kRegisters = 0x1000'0000;
constexpr std::uint64_t kDisk = 0x2000'0000;
constexpr std::uint64_t kSectors = 256;

/// The controller's registers as a target of the bus.
class RegisterPort final : public BurstPort {
  public:
    DmaEngine* engine = nullptr;
    BurstMaster* bus = nullptr;

    void request(const Burst& burst, Cycles at) override {
        const auto offset = static_cast<std::uint32_t>(burst.address);
        std::uint32_t value = 0;
        if (burst.access == Access::Read) {
            const Response response = engine->read_register(offset, value, at);
            for (unsigned n = 0; n < 4; ++n) {
                burst.data[n] = static_cast<std::uint8_t>(value >> (8 * n));
            }
            bus->read_data(burst.tag, at + 1, 1, response);
        } else {
            for (unsigned n = 0; n < 4; ++n) {
                value |= static_cast<std::uint32_t>(burst.data[n]) << (8 * n);
            }
            bus->write_response(burst.tag, at + 1, engine->write_register(offset, value, at));
        }
    }
};

struct LatePort final : BurstPort {
    BurstPort* port = nullptr;
    void request(const Burst& burst, Cycles at) override { port->request(burst, at); }
};

struct Outputs final : DmaOutputs {
    CpuCore* core = nullptr;
    void interrupt(bool level, Cycles at) override { core->interrupt(0, level, at); }
};

/// Bytes of a disk, and failures on demand.
class TestStore final : public BlockStore {
  public:
    std::vector<std::uint8_t> content = std::vector<std::uint8_t>(kSectors * 512);
    std::uint64_t bad_from = ~0ULL;  ///< Reads and writes of bytes from here on fail.
    bool flush_fails = false;

    [[nodiscard]] std::uint64_t bytes() const override { return content.size(); }
    bool read(std::uint64_t offset, std::uint8_t* data, std::size_t bytes) override {
        std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset), bytes, data);
        return offset + bytes <= bad_from;
    }
    bool write(std::uint64_t offset, const std::uint8_t* data, std::size_t bytes) override {
        std::copy_n(data, bytes, content.begin() + static_cast<std::ptrdiff_t>(offset));
        return offset + bytes <= bad_from;
    }
    bool flush() override { return !flush_fails; }
};

struct Options {
    bool coherent = false;
    bool interrupt = true;
    bool maintain = true;
    std::uint32_t width = 64;
    std::uint32_t element = 8;
    std::uint32_t threshold = 16;
    std::uint32_t cycles_per_element = 2;
    std::uint32_t command_cycles = 50;
    std::string topology = "shared";
};

/// Initiator 0: CPU, 1: controller. Target 0: memory, 1: registers, 2: disk.
class Machine {
  public:
    explicit Machine(const Options& options = {})
        : system(bus_config(options), {memory_config(options)}),
          cpu(system),
          core(cpu_config(options), cpu_port, cpu),
          engine(dma_config(options), dma_port, outputs),
          disk(disk_config(options), store),
          driver(driver_config(options)) {
        cpu_port.port = &system.connect(0, core);
        dma_port.port = &system.connect(1, engine);
        registers.engine = &engine;
        registers.bus = &system.bus().target_side(1);
        system.bus().bind_target(1, registers, TargetTraits{1});
        system.bus().bind_target(2, disk, TargetTraits{disk.write_interval()});
        disk.bind(system.bus().target_side(2));
        disk.on_dreq([this](bool level, Cycles at) { engine.set_dreq(3, level, at); });
        disk.on_irq([this](bool level, Cycles at) { core.interrupt(1, level, at); });
        outputs.core = &core;
        cpu.attach(core);
        if (options.coherent) {
            system.bus().add_cache(core);
        }
        system.add(core);
        system.add(engine);
        system.add(disk);
    }

    static BusConfig bus_config(const Options& options) {
        BusConfig bus;
        bus.topology = options.topology;
        bus.data_width_bits = options.width;
        bus.initiators = 2;
        bus.targets = 3;
        bus.snooped = {false, options.coherent};
        bus.map = {AddressRange{0, kMemoryBytes, 0, 0, "memory"},
                   AddressRange{kRegisters, native::register_space_bytes(4), 1, 0, "registers"},
                   AddressRange{kDisk, 4096, 2, 0, "disk"}};
        return bus;
    }
    static MemoryConfig memory_config(const Options& options) {
        MemoryConfig memory;
        memory.data_width_bits = options.width;
        memory.size = kMemoryBytes;
        memory.read_latency = 5;
        memory.errors = {ErrorRange{0xF0000, 0x1000, true, true, Response::GenericError}};
        return memory;
    }
    static CpuConfig cpu_config(const Options& options) {
        CpuConfig config;
        config.data_width_bits = options.width;
        config.interrupts = 2;
        config.cache.size_bytes = 16384;
        config.cache.coherence = options.coherent ? CoherenceMode::IoCoherent : CoherenceMode::None;
        return config;
    }
    static DmaConfig dma_config(const Options& options) {
        DmaConfig config;
        config.data_width_bits = options.width;
        return config;
    }
    static BlockDeviceConfig disk_config(const Options& options) {
        BlockDeviceConfig config;
        config.data_width_bits = options.width;
        config.element_bytes = options.element;
        config.threshold = options.threshold;
        config.cycles_per_element = options.cycles_per_element;
        config.command_cycles = options.command_cycles;
        return config;
    }
    static BlockDriverConfig driver_config(const Options& options) {
        BlockDriverConfig config;
        config.controller.registers = kRegisters;
        config.controller.coherent = options.coherent;
        config.controller.use_interrupt = options.interrupt;
        config.channel = 3;
        config.device = kDisk;
        config.element_bytes = options.element;
        config.unit_bytes = options.threshold * options.element;
        config.descriptors = 0xE0000;
        config.max_descriptors = 16;
        config.maintain_buffers = options.maintain;
        return config;
    }

    void store_bytes(const ScatteredBuffer& buffer, const std::vector<std::uint8_t>& data) {
        const std::uint8_t* at = data.data();
        for (const MemoryFragment& fragment : buffer) {
            cpu.write(fragment.address, at, fragment.bytes);
            at += fragment.bytes;
        }
    }
    std::vector<std::uint8_t> load_bytes(const ScatteredBuffer& buffer) {
        std::vector<std::uint8_t> data;
        for (const MemoryFragment& fragment : buffer) {
            std::vector<std::uint8_t> part(fragment.bytes);
            cpu.read(fragment.address, part.data(), part.size());
            data.insert(data.end(), part.begin(), part.end());
        }
        return data;
    }

    TestStore store;
    CoreSystem system;
    LoopContext cpu;
    LatePort cpu_port;
    LatePort dma_port;
    RegisterPort registers;
    Outputs outputs;
    CpuCore core;
    DmaEngine engine;
    BlockDeviceCore disk;
    BlockDriver driver;
};

std::vector<std::uint8_t> noise(std::mt19937& random, std::size_t bytes) {
    std::vector<std::uint8_t> data(bytes);
    std::generate(data.begin(), data.end(), [&] { return static_cast<std::uint8_t>(random()); });
    return data;
}

/// Random commands; says whether everything came out right.
bool random_commands(const Options& options, unsigned seed, int rounds) {
    std::mt19937 random(seed);
    Machine machine(options);
    EXPECT_TRUE(machine.driver.probe(machine.cpu));
    EXPECT_EQ(machine.driver.sector_bytes(), 512U);
    EXPECT_EQ(machine.driver.sectors(), kSectors);
    machine.store.content = noise(random, kSectors * 512);
    std::vector<std::uint8_t> expected = machine.store.content;
    ScatteredPages pages(0x10000, 12, 4096, random());
    bool right = true;
    std::uint64_t elapsed = 0;
    for (int round = 0; round < rounds; ++round) {
        const std::uint64_t sectors = 1 + random() % 20;
        const std::uint64_t sector = random() % (kSectors - sectors);
        const ScatteredBuffer buffer = pages.allocate(sectors * 512, static_cast<std::uint32_t>(random() % 64) * 64);
        const auto begin = expected.begin() + static_cast<std::ptrdiff_t>(sector * 512);
        BlockDriver::Completion completion;
        if (random() % 2 == 0) {
            const std::vector<std::uint8_t> data = noise(random, sectors * 512);
            machine.store_bytes(buffer, data);
            std::copy(data.begin(), data.end(), begin);
            const Cycles began = machine.cpu.now();
            completion = machine.driver.write(machine.cpu, sector, buffer);
            elapsed += (machine.cpu.now() - began).count();
        } else {
            const Cycles began = machine.cpu.now();
            completion = machine.driver.read(machine.cpu, sector, buffer);
            elapsed += (machine.cpu.now() - began).count();
            right = right && std::equal(begin, begin + static_cast<std::ptrdiff_t>(sectors * 512),
                                        machine.load_bytes(buffer).begin());
        }
        EXPECT_TRUE(completion.ok) << completion.problem;
        EXPECT_EQ(completion.problem, "");
        pages.release(buffer);
    }
    const BlockDriver::Times& times = machine.driver.times();
    EXPECT_EQ(times.maintenance + times.programming + times.waiting, elapsed);
    EXPECT_EQ(times.maintenance == 0, options.coherent || !options.maintain);
    EXPECT_EQ(machine.disk.commands(), static_cast<std::uint64_t>(rounds));
    EXPECT_FALSE(machine.disk.irq());
    EXPECT_EQ(machine.cpu.errors(), 0U);
    return right && machine.store.content == expected;
}

TEST(BlockDriver, RandomCommands) {
    for (int round = 0; round < 12; ++round) {
        const unsigned seed = std::random_device{}();
        std::mt19937 random(seed);
        Options options;
        options.coherent = random() % 3 == 0;
        options.interrupt = random() % 4 != 0;
        options.width = 32U << random() % 3;
        options.element = std::min(options.width / 8, 1U << random() % 4);
        options.threshold = 64 / options.element << random() % 2;
        options.cycles_per_element = 1 + static_cast<std::uint32_t>(random() % 4);
        options.command_cycles = static_cast<std::uint32_t>(random() % 500);
        options.topology = random() % 2 == 0 ? "shared" : "crossbar";
        // A FIFO of 64 elements takes what is requested at once.
        options.threshold = std::min(options.threshold, 64U);
        EXPECT_TRUE(random_commands(options, seed, 15)) << "seed " << seed;
    }
}

TEST(BlockDriver, MissingMaintenanceShows) {
    Options options;
    options.maintain = false;
    EXPECT_FALSE(random_commands(options, 1, 20));
}

TEST(BlockDriver, OneDescriptorForEachFragment) {
    Machine machine;
    ASSERT_TRUE(machine.driver.probe(machine.cpu));
    const ScatteredBuffer buffer{{0x10000, 64}, {0x20040, 128}, {0x30000, 320}};
    ASSERT_TRUE(machine.driver.read(machine.cpu, 0, buffer).ok);
    std::uint32_t completed = 0;
    machine.engine.peek_register(native::channel_register(3, native::reg::kCompleted), completed);
    EXPECT_EQ(completed, 3U);
}

TEST(BlockDriver, RefusesBuffersThatCannotBe) {
    Machine machine;
    ASSERT_TRUE(machine.driver.probe(machine.cpu));
    const Cycles began = machine.cpu.now();
    const auto problem = [&](const ScatteredBuffer& buffer) {
        const BlockDriver::Completion completion = machine.driver.read(machine.cpu, 0, buffer);
        EXPECT_FALSE(completion.ok);
        return completion.problem;
    };
    EXPECT_THAT(problem({}), testing::HasSubstr("whole sectors"));
    EXPECT_THAT(problem({{0x10000, 504}}), testing::HasSubstr("whole sectors"));
    EXPECT_THAT(problem({{0x10004, 512}}), testing::HasSubstr("whole elements"));
    EXPECT_THAT(problem({{0x10000, 508}, {0x20000, 4}}), testing::HasSubstr("whole elements"));
    EXPECT_THAT(problem({{0x10000, 0}, {0x20000, 512}}), testing::HasSubstr("whole elements"));
    ScatteredBuffer many;
    for (std::uint64_t i = 0; i < 17; ++i) {
        many.push_back({0x10000 + i * 4096, 512});
    }
    EXPECT_THAT(problem(many), testing::HasSubstr("more fragments"));
    many.pop_back();
    EXPECT_EQ(machine.cpu.now(), began);
    EXPECT_TRUE(machine.driver.read(machine.cpu, 0, many).ok);
}

// Whatever fails, the driver comes back with the reason, and the next command works.
TEST(BlockDriver, SurvivesErrors) {
    for (const bool interrupt : {true, false}) {
        Options options;
        options.interrupt = interrupt;
        Machine machine(options);
        ASSERT_TRUE(machine.driver.probe(machine.cpu));
        const ScatteredBuffer good{{0x10000, 1024}};

        BlockDriver::Completion completion = machine.driver.read(machine.cpu, kSectors - 1, good);
        EXPECT_FALSE(completion.ok);
        EXPECT_EQ(completion.device, BlockDeviceError::Range);
        EXPECT_EQ(completion.problem, "disk: sectors that do not exist");
        EXPECT_TRUE(machine.driver.write(machine.cpu, kSectors - 2, good).ok);

        completion = machine.driver.read(machine.cpu, 0, {{0xF0000, 512}});
        EXPECT_FALSE(completion.ok);
        EXPECT_EQ(completion.dma.error, TransferError::BusWrite);
        EXPECT_EQ(completion.problem, "DMA: bus_write");
        EXPECT_TRUE(machine.driver.read(machine.cpu, 0, good).ok);

        machine.store.bad_from = 700;
        completion = machine.driver.read(machine.cpu, 0, good);
        EXPECT_FALSE(completion.ok);
        EXPECT_EQ(completion.device, BlockDeviceError::Medium);
        machine.store.bad_from = ~0ULL;
        EXPECT_TRUE(machine.driver.read(machine.cpu, 0, good).ok);

        machine.store.flush_fails = true;
        completion = machine.driver.write(machine.cpu, 0, good);
        EXPECT_FALSE(completion.ok);
        EXPECT_EQ(completion.device, BlockDeviceError::Medium);
        EXPECT_EQ(completion.problem, "disk: the medium failed");
        machine.store.flush_fails = false;
        EXPECT_TRUE(machine.driver.write(machine.cpu, 0, good).ok);
        EXPECT_FALSE(machine.disk.irq());
    }
}

TEST(BlockDriver, ProbeFindsNothing) {
    Machine machine;
    BlockDriverConfig config = Machine::driver_config({});
    config.device = 0x5000'0000;
    EXPECT_FALSE(BlockDriver(config).probe(machine.cpu));
    config.device = kDisk;
    config.controller.registers = kDisk;
    EXPECT_FALSE(BlockDriver(config).probe(machine.cpu));
}

TEST(BlockDriver, ConfigurationIsChecked) {
    BlockDriverConfig config;
    EXPECT_NO_THROW(BlockDriver{config});
    config.element_bytes = 3;
    config.descriptors = 32;
    config.max_descriptors = 0;
    try {
        BlockDriver{config};
        FAIL();
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("element_bytes"));
        EXPECT_THAT(error.what(), testing::HasSubstr("descriptors is 32"));
        EXPECT_THAT(error.what(), testing::HasSubstr("max_descriptors"));
    }
    config = {};
    config.unit_bytes = 12;
    EXPECT_THROW(BlockDriver{config}, ConfigError);
    config = {};
    config.controller.poll_cycles = 0;
    EXPECT_THROW(BlockDriver{config}, ConfigError);
}

}  // namespace
}  // namespace dmasim
