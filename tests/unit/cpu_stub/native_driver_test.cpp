// SPDX-License-Identifier: Apache-2.0
//
// The reference driver on a whole machine of cores: CPU, bus, two memories, controller; coherent and not.
#include "dmasim/cpu_stub/core/native_driver.h"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/loop_context.h"
#include "dmasim/model/engine.h"
#include "dmasim/model/frontend/native/register_map.h"

namespace dmasim {
namespace {

constexpr std::uint64_t kRegisters = 0x1000'0000;
constexpr std::uint64_t kRing = 0x8000;

/// The controller's registers as a target of the bus.
class RegisterPort final : public BurstPort {
  public:
    void request(const Burst& burst, Cycles at) override {
        const auto offset = static_cast<std::uint32_t>(burst.address);
        if (burst.bytes != 4) {
            answer(burst, at, Response::BurstError);
            return;
        }
        if (burst.access == Access::Read) {
            std::uint32_t value = 0;
            const Response response = engine->read_register(offset, value, at);
            for (unsigned n = 0; n < 4; ++n) {
                burst.data[n] = static_cast<std::uint8_t>(value >> (8 * n));
            }
            answer(burst, at, response);
        } else {
            std::uint32_t value = 0;
            for (unsigned n = 0; n < 4; ++n) {
                value |= static_cast<std::uint32_t>(burst.data[n]) << (8 * n);
            }
            answer(burst, at, engine->write_register(offset, value, at));
        }
    }

    DmaEngine* engine = nullptr;
    BurstMaster* bus = nullptr;

  private:
    void answer(const Burst& burst, Cycles at, Response response) const {
        if (burst.access == Access::Read) {
            bus->read_data(burst.tag, at + 1, 1, response);
        } else {
            bus->write_response(burst.tag, at + 1, response);
        }
    }
};

struct LatePort final : BurstPort {
    void request(const Burst& burst, Cycles at) override { port->request(burst, at); }
    BurstPort* port = nullptr;
};

struct Outputs final : DmaOutputs {
    void interrupt(bool level, Cycles at) override { core->interrupt(0, level, at); }
    CpuCore* core = nullptr;
};

struct Options {
    bool coherent = false;
    bool interrupt = true;
    std::uint32_t width = 64;
    std::uint32_t line = 64;
    std::vector<std::size_t> order;
    bool one_sided = false;  ///< With `coherent`.
};

/// Initiator 0: CPU, 1: controller. Target 0: memory, 1: registers.
class Platform {
  public:
    explicit Platform(const Options& options)
        : system(bus_config(options), {memory_config(options)}),
          cpu(system),
          core(cpu_config(options), cpu_port, cpu),
          engine(dma_config(options), dma_port, outputs),
          driver(cpu, driver_config(options)) {
        cpu_port.port = &system.connect(0, core);
        dma_port.port = &system.connect(1, engine);
        registers.engine = &engine;
        registers.bus = &system.bus().target_side(1);
        system.bus().bind_target(1, registers, TargetTraits{1});
        outputs.core = &core;
        cpu.attach(core);
        if (options.coherent) {
            system.bus().add_cache(core);
        }
        system.add(core);
        system.add(engine);
        system.set_order(options.order);
    }

    static BusConfig bus_config(const Options& options) {
        BusConfig bus;
        bus.data_width_bits = options.width;
        bus.initiators = 2;
        bus.targets = 2;
        bus.snooped = {false, options.coherent};
        bus.map = {AddressRange{0, 1 << 20, 0, 0, "memory"}, AddressRange{kRegisters, 0x2000, 1, 0, "registers"}};
        return bus;
    }
    static MemoryConfig memory_config(const Options& options) {
        MemoryConfig memory;
        memory.data_width_bits = options.width;
        memory.read_latency = 4;
        memory.write_latency = 3;
        memory.errors = {ErrorRange{0xE000, 0x100, true, true, Response::GenericError}};
        return memory;
    }
    static CpuConfig cpu_config(const Options& options) {
        CpuConfig config;
        config.data_width_bits = options.width;
        config.cache.line_bytes = options.line;
        config.cache.coherence = !options.coherent   ? CoherenceMode::None
                                 : options.one_sided ? CoherenceMode::OneSided
                                                     : CoherenceMode::IoCoherent;
        config.store_buffer.residence = 50;
        return config;
    }
    static DmaConfig dma_config(const Options& options) {
        DmaConfig config;
        config.data_width_bits = options.width;
        return config;
    }
    static NativeDriverConfig driver_config(const Options& options) {
        NativeDriverConfig config;
        config.registers = kRegisters;
        config.coherent = options.coherent;
        config.one_sided = options.one_sided;
        config.use_interrupt = options.interrupt;
        return config;
    }

    void store(std::uint64_t address, const std::vector<std::uint8_t>& data) {
        cpu.write(address, data.data(), data.size());
    }
    std::vector<std::uint8_t> load(std::uint64_t address, std::size_t bytes) {
        std::vector<std::uint8_t> data(bytes);
        cpu.read(address, data.data(), bytes);
        return data;
    }

    CoreSystem system;
    LoopContext cpu;
    LatePort cpu_port;
    LatePort dma_port;
    RegisterPort registers;
    Outputs outputs;
    CpuCore core;
    DmaEngine engine;
    NativeDriver driver;
};

std::vector<std::uint8_t> pattern(std::size_t bytes, std::uint8_t first) {
    std::vector<std::uint8_t> data(bytes);
    std::iota(data.begin(), data.end(), first);
    return data;
}

std::vector<Options> machines() {
    std::vector<Options> all;
    for (const bool coherent : {false, true}) {
        for (const bool interrupt : {false, true}) {
            for (const std::uint32_t width : {32U, 64U, 256U}) {
                all.push_back({coherent, interrupt, width, width == 256 ? 256U : 32U, {}});
                if (coherent) {
                    all.push_back(all.back());
                    all.back().one_sided = true;
                }
            }
        }
    }
    return all;
}

TEST(NativeDriver, CopiesWhatTheCpuHasStored) {
    for (const Options& options : machines()) {
        Platform p(options);
        ASSERT_TRUE(p.driver.probe());
        EXPECT_EQ(p.driver.channels(), 4u);
        const auto first = pattern(1000, 1);
        const auto second = pattern(1000, 77);
        for (const auto& data : {first, second}) {  // The second time the destination is in the cache.
            p.store(0x1003, data);
            p.store(0x4007, std::vector<std::uint8_t>(1000, 0xDD));
            const auto completion = p.driver.copy(1, 0x4007, 0x1003, 1000);
            EXPECT_TRUE(completion.ok());
            EXPECT_EQ(p.load(0x4007, 1000), data);
        }
        EXPECT_EQ(p.cpu.errors(), 0u);
        EXPECT_TRUE(p.engine.idle());
    }
}

TEST(NativeDriver, WithoutItsMaintenanceTheBytesAreOld) {
    Options options;
    Platform p(options);
    NativeDriverConfig wrong = Platform::driver_config(options);
    wrong.coherent = true;  // Which this machine is not.
    NativeDriver driver(p.cpu, wrong);
    p.store(0x1000, pattern(64, 1));
    driver.copy(0, 0x4000, 0x1000, 64);
    EXPECT_EQ(p.load(0x4000, 64), std::vector<std::uint8_t>(64, 0));
}

TEST(NativeDriver, OneSidedMachineNeedsTheMaintenanceOfWhatComesFromTheDevice) {
    Options options;
    options.coherent = true;
    options.one_sided = true;
    Platform p(options);
    NativeDriverConfig wrong = Platform::driver_config(options);
    wrong.one_sided = false;
    NativeDriver driver(p.cpu, wrong);
    p.store(0x1000, pattern(64, 1));
    p.load(0x4000, 64);
    driver.copy(0, 0x4000, 0x1000, 64);
    EXPECT_EQ(p.load(0x4000, 64), std::vector<std::uint8_t>(64, 0)) << "stale";
    p.cpu.invalidate(0x4000, 64);
    EXPECT_EQ(p.load(0x4000, 64), pattern(64, 1)) << "the device has read the dirty bytes";
}

/// NO_SNOOP in a register job and in a descriptor: the bytes are old without maintenance and right with it.
TEST(NativeDriver, NoSnoopJobsAreMaintainedOnACoherentMachine) {
    Options options;
    options.coherent = true;
    for (const bool by_descriptor : {false, true}) {
        for (const bool maintained : {false, true}) {
            Platform p(options);
            p.store(0x1000, pattern(64, 1));
            p.store(0x4000, std::vector<std::uint8_t>(64, 0xDD));
            NativeDriver::Request request;
            request.job.source.address = 0x1000;
            request.job.destination.address = 0x4000;
            request.job.length = 64;
            request.job.no_snoop = true;
            native::Descriptor descriptor;
            descriptor.source = 0x1000;
            descriptor.destination = 0x4000;
            descriptor.length = 64;
            descriptor.no_snoop = true;
            descriptor.write_back = true;
            // The driver goes by the bit; where it shall not maintain, it is told that both sides are devices.
            request.source_in_memory = maintained;
            request.destination_in_memory = maintained;
            if (by_descriptor) {
                if (maintained) {
                    p.driver.prepare({descriptor});
                }
                p.driver.publish(kRing, {descriptor});
                p.driver.start_chain(0, kRing);
                EXPECT_TRUE(p.driver.wait(0).ok());
                if (maintained) {
                    p.driver.finish({descriptor});
                }
                // Fetch and write-back are snooped: the ring is cached on this machine.
                EXPECT_TRUE(p.driver.descriptor_status(kRing).complete);
            } else {
                EXPECT_TRUE(p.driver.transfer(0, request).ok());
            }
            EXPECT_EQ(p.load(0x4000, 64), maintained ? pattern(64, 1) : std::vector<std::uint8_t>(64, 0xDD));
        }
    }
}

TEST(NativeDriver, ShortTransferKeepsTheRest) {
    Platform p({});
    p.store(0x1000, pattern(64, 1));
    p.store(0x4000, std::vector<std::uint8_t>(128, 0xDD));
    EXPECT_TRUE(p.driver.copy(0, 0x4000, 0x1000, 10).ok());
    EXPECT_EQ(p.load(0x4000, 10), pattern(10, 1));
    EXPECT_EQ(p.load(0x400A, 118), std::vector<std::uint8_t>(118, 0xDD));
}

TEST(NativeDriver, RowsAndStrides) {
    for (const Options& options : machines()) {
        Platform p(options);
        p.store(0x1000, pattern(400, 1));
        NativeDriver::Request request;
        request.job.source = {0x1000, 100, false};
        request.job.destination = {0x4300, -0x100, false};
        request.job.length = 30;
        request.job.rows = 4;
        EXPECT_TRUE(p.driver.transfer(3, request).ok());
        for (std::uint64_t row = 0; row < 4; ++row) {
            EXPECT_EQ(p.load(0x4300 - 0x100 * row, 30), pattern(30, static_cast<std::uint8_t>(1 + 100 * row)));
        }
    }
}

std::vector<native::Descriptor> chain(std::uint64_t source, std::uint64_t destination, std::size_t count,
                                      std::uint32_t bytes) {
    std::vector<native::Descriptor> descriptors(count);
    for (std::size_t n = 0; n < count; ++n) {
        descriptors[n].source = source + n * bytes;
        // Scattered: the buffers lie in reverse order.
        descriptors[n].destination = destination + (count - 1 - n) * bytes;
        descriptors[n].length = bytes;
        descriptors[n].write_back = true;
    }
    return descriptors;
}

TEST(NativeDriver, ChainWithStatusAndAppend) {
    for (const Options& options : machines()) {
        for (const std::uint64_t delay : {0U, 5000U}) {  // Appended while it runs, and behind its end.
            Platform p(options);
            p.store(0x1000, pattern(0x600, 3));
            const auto head = chain(0x1000, 0x4000, 3, 0x100);
            const auto tail = chain(0x1300, 0x5000, 3, 0x100);
            p.driver.prepare(head);
            p.driver.prepare(tail);
            p.driver.publish(kRing, head);
            p.driver.publish(kRing + 0x100, tail);
            p.driver.start_chain(2, kRing);
            p.cpu.wait_cycles(delay);
            EXPECT_TRUE(p.driver.append(2, kRing + 0x80, kRing + 0x100));
            EXPECT_TRUE(p.driver.wait(2).ok());
            p.driver.finish(head);
            p.driver.finish(tail);
            for (std::size_t n = 0; n < 3; ++n) {
                const auto value = static_cast<std::uint8_t>(3 + 0x100 * n);
                EXPECT_EQ(p.load(0x4200 - 0x100 * n, 0x100), pattern(0x100, value));
                EXPECT_EQ(p.load(0x5200 - 0x100 * n, 0x100), pattern(0x100, value));
                for (const std::uint64_t base : {kRing, kRing + 0x100}) {
                    const auto status = p.driver.descriptor_status(base + 0x40 * n);
                    EXPECT_TRUE(status.complete);
                    EXPECT_EQ(status.error, TransferError::None);
                    EXPECT_EQ(status.transferred, 0x100u);
                }
            }
            EXPECT_EQ(p.driver.read(2, native::reg::kCompleted), 6u);
        }
    }
}

TEST(NativeDriver, ErrorsAreReportedWithTheirPlace) {
    for (const Options& options : machines()) {
        Platform p(options);
        const auto read = p.driver.copy(0, 0x4000, 0xE000, 64);
        EXPECT_FALSE(read.ok());
        EXPECT_EQ(read.error, TransferError::BusRead);
        EXPECT_EQ(read.response, Response::GenericError);
        EXPECT_EQ(read.fault_address & ~std::uint64_t{0xFF}, 0xE000u);
        const auto unmapped = p.driver.copy(0, 0x4000, 0x2000'0000, 64);
        EXPECT_EQ(unmapped.error, TransferError::BusRead);
        EXPECT_EQ(unmapped.response, Response::AddressError);
        const auto empty = p.driver.copy(3, 0x4000, 0x1000, 0);
        EXPECT_FALSE(empty.ok());
        EXPECT_EQ(empty.detail, ErrorDetail::ZeroLength);
        p.driver.start_chain(1, kRing);  // Zeros are no descriptor.
        const auto bad = p.driver.wait(1);
        EXPECT_EQ(bad.error, TransferError::BadDescriptor);
        EXPECT_EQ(bad.fault_address, kRing);
        EXPECT_FALSE(p.driver.append(1, kRing, kRing + 0x40));
        EXPECT_TRUE(p.driver.copy(0, 0x4000, 0x1000, 64).ok());
    }
}

TEST(NativeDriver, AbortPauseResidueAndCyclic) {
    for (const Options& options : machines()) {
        Platform p(options);
        p.store(0x10000, std::vector<std::uint8_t>(0x8000, 1));
        NativeDriver::Request request;
        request.job.source.address = 0x10000;
        request.job.destination.address = 0x20000;
        request.job.length = 0x8000;
        p.driver.start(0, request);
        p.cpu.wait_cycles(200);
        p.driver.pause(0);
        while ((p.driver.status(0) & native::status::kPaused) == 0) {
            p.cpu.wait_cycles(10);
        }
        const std::uint64_t residue = p.driver.residue(0);
        EXPECT_GT(residue, 0u);
        EXPECT_LT(residue, 0x8000u);
        p.cpu.wait_cycles(500);
        EXPECT_EQ(p.driver.residue(0), residue);
        p.driver.resume(0);
        p.cpu.wait_cycles(100);
        const auto aborted = p.driver.abort(0);
        EXPECT_TRUE(aborted.aborted);
        EXPECT_FALSE(aborted.ok());
        EXPECT_LT(aborted.residue, residue);
        EXPECT_GT(aborted.residue, 0u);
        // Exactly so many bytes have not been written.
        std::vector<std::uint8_t> memory(0x8000);
        p.system.memory(0).peek(0x20000, memory.data(), memory.size(), p.cpu.now());
        EXPECT_EQ(std::count(memory.begin(), memory.end(), 0), static_cast<std::ptrdiff_t>(aborted.residue));
        EXPECT_TRUE(p.engine.idle());
        request.cyclic = true;
        request.job.length = 0x100;
        p.driver.start(0, request);
        p.cpu.wait_cycles(2000);
        p.driver.end_cyclic(0);
        EXPECT_TRUE(p.driver.wait(0).ok());
        EXPECT_GT(p.driver.read(0, native::reg::kCompleted), 3u);
    }
}

TEST(NativeDriver, OrderOfEvaluationDoesNotMatter) {
    std::vector<std::size_t> order = {0, 1, 2, 3};
    std::vector<std::uint64_t> stamps;
    do {
        Options options;
        options.order = order;
        Platform p(options);
        p.store(0x1000, pattern(500, 1));
        p.driver.copy(1, 0x4000, 0x1000, 500);
        p.load(0x4000, 500);
        stamps.push_back(p.cpu.now().count());
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(std::count(stamps.begin(), stamps.end(), stamps[0]), 24);
}

TEST(NativeDriver, HandlerRunsWhileTheProgramWaits) {
    Platform p({});
    bool seen = false;
    p.cpu.on_interrupt(0, [&](CpuContext& cpu) {
        seen = true;
        EXPECT_EQ(&cpu, &p.cpu);
        p.driver.write(0, native::reg::kIntStatus, native::interrupt::kAll);
    });
    NativeDriver::Request request;
    request.job.source.address = 0x1000;
    request.job.destination.address = 0x2000;
    request.job.length = 0x400;
    p.driver.start(0, request);
    p.cpu.wait_until([&] { return seen; });
    EXPECT_EQ(p.driver.status(0) & native::status::kBusy, 0u);
    const Cycles before = p.cpu.now();
    p.cpu.wait_cycles(100);
    EXPECT_EQ(p.cpu.now(), before + 100);
}

TEST(NativeDriver, WaitingForSomethingThatCannotHappenIsReported) {
    Platform p({});
    EXPECT_THROW(p.cpu.wait_for_interrupt(0), std::runtime_error);
}

TEST(NativeDriver, RandomCopiesOnAllMachines) {
    for (const int machine : {0, 1, 2}) {
        const bool coherent = machine != 0;
        for (std::uint32_t seed = 1; seed <= 30; ++seed) {
            std::mt19937 lots(seed);
            Options options;
            options.coherent = coherent;
            options.one_sided = machine == 2;
            options.interrupt = seed % 2 == 0;
            options.width = 32U << (seed % 6);
            options.line = 8U << (seed % 7);
            Platform p(options);
            std::vector<std::uint8_t> oracle(0x4000, 0);
            for (int n = 0; n < 12; ++n) {
                for (int k = 0; k < 4; ++k) {
                    const auto data = pattern(lots() % 200, static_cast<std::uint8_t>(lots()));
                    const std::size_t at = lots() % 0x3F00;
                    p.store(at, data);
                    std::copy(data.begin(), data.end(), oracle.begin() + static_cast<std::ptrdiff_t>(at));
                }
                const auto bytes = static_cast<std::uint32_t>(1 + lots() % 700);
                const std::size_t source = lots() % (0x2000 - 700);
                const std::size_t destination = 0x2000 + lots() % (0x2000 - 700);
                ASSERT_TRUE(p.driver.copy(seed % 4, destination, source, bytes).ok());
                std::copy_n(oracle.begin() + static_cast<std::ptrdiff_t>(source), bytes,
                            oracle.begin() + static_cast<std::ptrdiff_t>(destination));
                ASSERT_EQ(p.load(0, oracle.size()), oracle) << "seed " << seed << " machine " << machine;
            }
        }
    }
}

}  // namespace
}  // namespace dmasim
