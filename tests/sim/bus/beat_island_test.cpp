// SPDX-License-Identifier: Apache-2.0
//
// Controllers with beat-accurate profiles on platforms: islands, foreign targets, jobs by registers.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <gtest/gtest.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/model/profile/profile.h"
#include "dmasim/model/stats/bus_utilisation.h"
#include "dmasim/model/stats/cycle_accountant.h"
#include "dmasim/model/stats/event_recorder.h"
#include "dmasim/tlm/dma_controller.h"
#include "dmasim/tlm/protocol_monitor.h"

#include "sim/tlm/foreign_target.h"
#include "support/core/beat_loop.h"
#include "support/monitors.h"
#include "support/sim_test.h"
#include "support/word_access.h"

namespace dmasim {
namespace {

using native::channel_register;
namespace reg = native::reg;

const ClockDomain& clock_domain() {
    static const ClockDomain domain(1.0, sc_core::SC_NS);
    return domain;
}

Cycles now() {
    return clock_domain().stamp_of(sc_core::sc_time_stamp());
}

DmaControllerConfig controller_config(const std::string& profile, std::uint32_t ports = 0) {
    DmaControllerConfig config;
    config.dma.channels = 2;
    config.dma.data_width_bits = 32;
    config.dma.timing = timing_profile(profile);
    config.stream.ports = ports;
    return config;
}

MemoryConfig memory_config() {
    MemoryConfig config;
    config.data_width_bits = 32;
    config.beat = BeatMemoryKind::Registered;
    return config;
}

/// Software: a thread with a register socket.
class Software final : public sc_core::sc_module {
  public:
    tlm_utils::simple_initiator_socket<Software> socket;
    std::function<void(Software&)> program;
    std::vector<std::uint64_t> irqs;  ///< Times at which the interrupt rose.

    explicit Software(const sc_core::sc_module_name& name) : sc_module(name), socket("socket"), irq("irq") {
        SC_HAS_PROCESS(Software);
        SC_THREAD(run);
        SC_METHOD(irq_changed);
        sensitive << irq;
        dont_initialize();
    }
    ~Software() override = default;

    sc_core::sc_signal<bool> irq;

    void write(std::uint32_t offset, std::uint32_t value) { access(tlm::TLM_WRITE_COMMAND, offset, value); }
    std::uint32_t read(std::uint32_t offset) {
        std::uint32_t value = 0;
        access(tlm::TLM_READ_COMMAND, offset, value);
        return value;
    }
    void start(std::uint32_t source, std::uint32_t destination, std::uint32_t bytes, std::uint32_t config = 0,
               unsigned channel = 0) {
        write(channel_register(channel, reg::kIntEnable), native::interrupt::kAll);
        write(channel_register(channel, reg::kConfig), config);
        write(channel_register(channel, reg::kSrcLo), source);
        write(channel_register(channel, reg::kDstLo), destination);
        write(channel_register(channel, reg::kLength), bytes);
        write(channel_register(channel, reg::kControl), native::control::kStart);
    }
    /// The simulation does not come to the program.
    void abandon() { done_.reached(); }
    std::uint32_t status(unsigned channel = 0) { return read(channel_register(channel, reg::kStatus)); }
    void until(std::uint64_t cycle) { wait(clock_domain().time_until(Cycles{cycle}, sc_core::sc_time_stamp())); }
    void until_idle(unsigned channel = 0) {
        // A start is seen by accesses after its own stamp.
        wait(2, sc_core::SC_NS);
        for (int i = 0; (status(channel) & native::status::kBusy) != 0; ++i) {
            if (i == 100'000) {
                ADD_FAILURE() << "the job does not end";
                return;
            }
            wait(10, sc_core::SC_NS);
        }
    }

  private:
    void access(tlm::tlm_command command, std::uint32_t offset, std::uint32_t& value) {
        EXPECT_EQ(test::access_word(socket, command, offset, value), tlm::TLM_OK_RESPONSE) << "offset " << offset;
    }
    void run() {
        if (program) {
            program(*this);
        }
        done_.reached();
    }
    void irq_changed() {
        if (irq.read()) {
            irqs.push_back(now().count());
        }
    }
    test::MustReach done_{"the end of the program"};
};

std::vector<std::uint8_t> random_bytes(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::uint8_t> bytes(count);
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(random());
    }
    return bytes;
}

/// A controller, its software, and a memory, made in either order, with or without monitors.
class DirectPlatform final : public sc_core::sc_module {
  public:
    struct Shape {
        std::string profile = "axi_cdma";
        bool memory_first = false;
        bool monitor = false;
        std::uint32_t ports = 0;
        MemoryConfig memory = memory_config();
        TraceSink* sink = nullptr;
        bool lazy = false;
    };
    DirectPlatform(const sc_core::sc_module_name& name, const Shape& shape) : sc_module(name) {
        const auto make_memory = [&] { memory = std::make_unique<Memory>("memory", clock_domain(), shape.memory); };
        const auto make_rest = [&] {
            software = std::make_unique<Software>("software");
            DmaControllerConfig config = controller_config(shape.profile, shape.ports);
            config.lazy = shape.lazy;
            dma = std::make_unique<DmaController>("dma", clock_domain(), config, shape.sink);
        };
        if (shape.memory_first) {
            make_memory();
            make_rest();
        } else {
            make_rest();
            make_memory();
        }
        in_line.connect(software->socket, dma->registers);
        dma->irq.bind(software->irq);
        if (shape.monitor) {
            for (int i = 0; i < 2; ++i) {
                monitors.push_back(std::make_unique<ProtocolMonitor>(("monitor_" + std::to_string(i)).c_str()));
            }
            dma->memory.bind(monitors[0]->target_socket);
            monitors[0]->initiator_socket.bind(monitors[1]->target_socket);
            monitors[1]->initiator_socket.bind(memory->socket);
        } else {
            dma->memory.bind(memory->socket);
        }
        const std::vector<std::uint8_t> bytes = random_bytes(0x10000, 7);
        memory->poke(0, bytes.data(), bytes.size());
    }
    ~DirectPlatform() override = default;

    void expect_copied(std::uint64_t source, std::uint64_t destination, std::size_t bytes) const {
        std::vector<std::uint8_t> from(bytes);
        std::vector<std::uint8_t> to(bytes);
        ASSERT_TRUE(memory->peek(source, from.data(), bytes));
        ASSERT_TRUE(memory->peek(destination, to.data(), bytes));
        EXPECT_TRUE(from == to) << bytes << " bytes from " << source << " to " << destination;
    }

    std::unique_ptr<Memory> memory;
    std::unique_ptr<Software> software;
    std::unique_ptr<DmaController> dma;
    std::vector<std::unique_ptr<ProtocolMonitor>> monitors;
    test::Monitors in_line;
};

/// Statuses of a stream.
class Ear final : public TransferStreamObserver {
  public:
    std::vector<std::uint64_t> accepted_at;
    std::vector<std::uint64_t> status_at;
    std::vector<Response> responses;
    void accepted(std::uint32_t /*port*/, std::uint64_t /*number*/, Cycles at) override {
        accepted_at.push_back(at.count());
    }
    void status(std::uint32_t /*port*/, std::uint64_t /*number*/, Cycles at, Response response) override {
        status_at.push_back(at.count());
        responses.push_back(response);
    }
};

// The modules give the cycles of the plain loop, wherever in time they start.
void like_the_plain_loop(const std::string& profile, BeatMemoryKind kind) {
    DirectPlatform::Shape shape;
    shape.profile = profile;
    shape.ports = 1;
    shape.memory.beat = kind;
    shape.memory.read_latency = 5;
    shape.memory.write_latency = 3;
    shape.memory.write_wait = 1;
    shape.memory.beat_max_reads = 3;
    DirectPlatform platform("platform", shape);
    test::LoopConfig config;
    config.pipeline = timing_profile(profile).pipeline;
    config.memory = BeatMemoryTiming{kind, 5, 3, 0, 1, 3, 0};
    test::BeatLoop loop(config);
    Ear ear;
    platform.dma->stream()->observe(&ear);
    std::mt19937_64 random(11);
    std::vector<BeatTransfer> transfers;
    for (std::uint64_t i = 0; i < 40; ++i) {
        transfers.push_back({i * 1024 + random() % 64, 0x80000 + i * 1024 + random() % 64, 1 + random() % 900, 0});
        loop.add(0, transfers.back());
    }
    ASSERT_TRUE(loop.run());
    platform.software->program = [&](Software& software) {
        software.until(12'345);
        for (const BeatTransfer& transfer : transfers) {
            platform.dma->offer(0, transfer.source, transfer.destination, transfer.bytes);
        }
    };
    sc_core::sc_start();
    EXPECT_EQ(platform.dma->attachment(), BeatAttachment::Memory);
    ASSERT_EQ(ear.status_at.size(), transfers.size());
    for (std::size_t i = 0; i < transfers.size(); ++i) {
        // Valid from the cycle after the offer on: that is the loop's cycle 0.
        EXPECT_EQ(ear.accepted_at[i], 12'346U + static_cast<std::uint64_t>(loop.seen[0].accepted[i].at));
        EXPECT_EQ(ear.status_at[i], 12'346U + static_cast<std::uint64_t>(loop.seen[0].statuses[i].at));
        EXPECT_EQ(ear.responses[i], Response::Ok);
        platform.expect_copied(transfers[i].source, transfers[i].destination,
                               static_cast<std::size_t>(transfers[i].bytes));
    }
    EXPECT_TRUE(platform.dma->stream()->idle());
    EXPECT_TRUE(platform.dma->engine().idle());
}

SIM_TEST(BeatIsland, AxiCdmaIsLikeThePlainLoop) {
    like_the_plain_loop("axi_cdma", BeatMemoryKind::Pipelined);
}
SIM_TEST(BeatIsland, AxiCdmaOnRegisteredMemoryIsLikeThePlainLoop) {
    like_the_plain_loop("axi_cdma", BeatMemoryKind::Registered);
}
SIM_TEST(BeatIsland, IdmaIsLikeThePlainLoop) {
    like_the_plain_loop("idma", BeatMemoryKind::Pipelined);
}
SIM_TEST(BeatIsland, IdmaOnRegisteredMemoryIsLikeThePlainLoop) {
    like_the_plain_loop("idma", BeatMemoryKind::Registered);
}

/// Jobs on two channels, one misaligned; `log` is everything that the platform shows of them.
void run_jobs(DirectPlatform& platform, std::string& log) {
    platform.software->program = [&platform, &log](Software& software) {
        software.until(100);
        software.start(0x103, 0x8001, 1000, 0, 0);
        software.start(0x2000, 0x9000, 4096, 0, 1);
        for (std::uint64_t i = 1; i < 40; ++i) {
            software.until(100 + i * 37);
            std::uint32_t word = 0;
            platform.memory->peek(0x9000 + i * 64, &word, 4);
            log += std::to_string(software.status(0)) + "/" + std::to_string(software.status(1)) + "/" +
                   std::to_string(software.read(channel_register(0, reg::kResidueLo))) + "/" +
                   std::to_string(software.read(channel_register(1, reg::kResidueLo))) + "/" + std::to_string(word) +
                   " ";
        }
        software.until_idle(0);
        software.until_idle(1);
        platform.expect_copied(0x103, 0x8001, 1000);
        platform.expect_copied(0x2000, 0x9000, 4096);
        EXPECT_EQ(software.status(0), native::status::kDone);
        EXPECT_EQ(software.read(channel_register(0, reg::kResidueLo)), 0U);
    };
}

void add_events(const DirectPlatform& platform, const EventRecorder& events, std::string& log) {
    for (const std::uint64_t at : platform.software->irqs) {
        log += "irq " + std::to_string(at) + " ";
    }
    for (const TraceEvent& event : events.events()) {
        log += std::to_string(event.at.count()) + ":" + std::to_string(static_cast<int>(event.kind)) + ":" +
               std::to_string(event.channel) + ":" + std::to_string(event.value) + " ";
    }
    log += std::to_string(platform.memory->hash());
}

// Side by side in one simulation: with and without monitors, made in either order.
void all_shapes_are_equal(const std::string& profile, bool island) {
    std::vector<std::unique_ptr<EventRecorder>> events;
    std::vector<std::unique_ptr<DirectPlatform>> platforms;
    std::vector<std::string> logs(4);
    for (unsigned i = 0; i < 4; ++i) {
        events.push_back(std::make_unique<EventRecorder>());
        DirectPlatform::Shape shape;
        shape.profile = profile;
        shape.memory_first = (i & 1U) != 0;
        shape.monitor = (i & 2U) != 0;
        shape.sink = events.back().get();
        if (!island) {
            shape.memory.beat.reset();
        }
        platforms.push_back(std::make_unique<DirectPlatform>(("platform_" + std::to_string(i)).c_str(), shape));
        run_jobs(*platforms[i], logs[i]);
    }
    sc_core::sc_start();
    for (unsigned i = 0; i < 4; ++i) {
        add_events(*platforms[i], *events[i], logs[i]);
        EXPECT_TRUE(logs[i] == logs[0]) << "shape " << i;
        EXPECT_EQ(platforms[i]->dma->attachment(), island ? BeatAttachment::Memory : BeatAttachment::Bursts);
        EXPECT_FALSE(platforms[i]->software->irqs.empty());
        for (const auto& monitor : platforms[i]->monitors) {
            EXPECT_EQ(monitor->violations(), 0U);
        }
    }
    EXPECT_GT(logs[0].size(), 2000U);
}

SIM_TEST(BeatIsland, ShapesOfAnIslandAreEqual) {
    all_shapes_are_equal("axi_cdma", true);
}
SIM_TEST(BeatIsland, ShapesOfAStreamingIslandAreEqual) {
    all_shapes_are_equal("idma", true);
}
SIM_TEST(BeatIsland, ShapesOverBurstsAreEqual) {
    all_shapes_are_equal("axi_cdma", false);
}
SIM_TEST(BeatIsland, ShapesOfAStreamOverBurstsAreEqual) {
    all_shapes_are_equal("idma", false);
}

// Cycles that are evaluated when somebody looks: polls, peeks, pokes, pauses and aborts at random times see the same, and
// interrupts come at the same time.
void lazy_is_equal(const std::string& profile) {
    const std::uint64_t first_seed = 300;
    const unsigned programs = 12;
    std::vector<std::unique_ptr<DirectPlatform>> platforms;
    std::vector<std::string> logs(2 * programs);
    for (unsigned i = 0; i < 2 * programs; ++i) {
        std::mt19937_64 shapes(first_seed + i / 2);
        DirectPlatform::Shape shape;
        shape.profile = profile;
        shape.lazy = i % 2 == 1;
        shape.memory_first = shapes() % 2 == 0;
        shape.monitor = shapes() % 2 == 0;
        shape.memory.read_latency = static_cast<std::uint32_t>(1 + shapes() % 40);
        shape.memory.write_latency = static_cast<std::uint32_t>(1 + shapes() % 20);
        shape.memory.read_wait = static_cast<std::uint32_t>(shapes() % 3);
        shape.memory.write_wait = static_cast<std::uint32_t>(shapes() % 3);
        platforms.push_back(std::make_unique<DirectPlatform>(("platform_" + std::to_string(i)).c_str(), shape));
        DirectPlatform& platform = *platforms.back();
        platform.software->program = [&platform, &log = logs[i], seed = first_seed + i / 2](Software& software) {
            std::mt19937_64 random(seed);
            std::uint64_t cycle = 50;
            software.until(cycle);
            software.start(random() % 64, 0x8000 + random() % 64, static_cast<std::uint32_t>(1 + random() % 8000), 0,
                           0);
            software.start(0x2000, 0xA000, 4096, 0, 1);
            for (int k = 0; k < 60; ++k) {
                cycle += 1 + random() % 150;
                software.until(cycle);
                std::uint32_t word = static_cast<std::uint32_t>(random());
                switch (random() % 6) {
                    case 0:
                        // Between two edges: at an edge it would depend on the order of the processes whether a beat of
                        // that edge was read before (docs/lazy-islands.md, "Rules").
                        wait(500, sc_core::SC_PS);
                        platform.memory->poke(0x2000 + random() % 4000, &word, 4);
                        break;
                    case 1:
                        log += std::to_string(platform.memory->hash() % 1000) + "# ";
                        break;
                    case 2:
                        if (random() % 20 == 0) {
                            software.write(channel_register(1, reg::kControl), native::control::kAbort);
                        }
                        break;
                    default:
                        platform.memory->peek(0x8000 + (random() % 2) * 0x2000 + random() % 4000, &word, 4);
                        log += std::to_string(word) + " ";
                }
                log += std::to_string(software.status(0)) + "/" + std::to_string(software.status(1)) + "/" +
                       std::to_string(software.read(channel_register(0, reg::kResidueLo))) + "/" +
                       std::to_string(software.read(channel_register(1, reg::kResidueLo))) + " ";
            }
            software.until_idle(0);
            software.until_idle(1);
        };
    }
    sc_core::sc_start();
    for (unsigned i = 0; i < 2 * programs; ++i) {
        for (const std::uint64_t at : platforms[i]->software->irqs) {
            logs[i] += "irq " + std::to_string(at) + " ";
        }
        logs[i] += std::to_string(platforms[i]->memory->hash());
        EXPECT_GT(logs[i].size(), 500U);
        EXPECT_TRUE(logs[i] == logs[i - i % 2]) << "seed " << first_seed + i / 2 << "\n"
                                                << logs[i - i % 2] << "\n"
                                                << logs[i];
    }
}

SIM_TEST(BeatIsland, LazyAxiCdmaIsEqual) {
    lazy_is_equal("axi_cdma");
}
SIM_TEST(BeatIsland, LazyIdmaIsEqual) {
    lazy_is_equal("idma");
}

// What it is for: one long copy, and nobody looks.
std::uint64_t activations_of_a_long_copy(bool lazy) {
    DirectPlatform::Shape shape;
    shape.lazy = lazy;
    shape.memory.write_wait = 1;
    DirectPlatform platform("platform", shape);
    platform.software->program = [](Software& software) {
        software.until(10);
        software.start(0, 0x40000, 0x10000);
    };
    sc_core::sc_start();
    EXPECT_EQ(platform.software->irqs.size(), 1U);
    EXPECT_GT(platform.software->irqs.at(0), 0x10000U / 4);
    return sc_core::sc_delta_count();
}

SIM_TEST(BeatIsland, ALazyLongCopyWakesSeldom) {
    EXPECT_LT(activations_of_a_long_copy(true), 120U);
}
SIM_TEST(BeatIsland, AnEagerLongCopyWakesInEachCycle) {
    EXPECT_GT(activations_of_a_long_copy(false), 0x10000U / 4);
}

SIM_TEST(BeatIsland, AnErrorEndsTheJob) {
    DirectPlatform::Shape shape;
    ErrorRange bad;
    bad.base = 0x9100;
    bad.size = 4;
    bad.on_read = false;
    bad.response = Response::GenericError;
    shape.memory.errors.push_back(bad);
    DirectPlatform platform("platform", shape);
    platform.software->program = [&](Software& software) {
        software.start(0x100, 0x9000, 1024);
        software.until_idle();
        EXPECT_EQ(software.status(), native::status::kError);
        EXPECT_EQ(software.read(channel_register(0, reg::kResidueLo)), 1024U);
        EXPECT_NE(software.read(channel_register(0, reg::kErrorKind)), 0U);
        // Beyond the end of the memory.
        software.start(0x100, 0xFFF00, 1024);
        software.until_idle();
        EXPECT_EQ(software.status(), native::status::kError);
        software.start(0x100, 0xA000, 1024);
        software.until_idle();
        EXPECT_EQ(software.status(), native::status::kDone);
        platform.expect_copied(0x100, 0xA000, 1024);
    };
    sc_core::sc_start();
    EXPECT_EQ(platform.software->irqs.size(), 1U) << "nobody has taken it back";
}

SIM_TEST(BeatIsland, AbortLetsTheRowRunOut) {
    DirectPlatform platform("platform", DirectPlatform::Shape{});
    platform.software->program = [&](Software& software) {
        software.write(channel_register(0, reg::kRows), 8);
        software.write(channel_register(0, reg::kSrcStride), 1024);
        software.write(channel_register(0, reg::kDstStride), 1024);
        software.start(0, 0x8000, 1024);
        software.until(700);
        software.write(channel_register(0, reg::kControl), native::control::kAbort);
        software.until_idle();
        EXPECT_NE(software.status() & (native::status::kAborted | native::status::kDone), 0U);
        EXPECT_TRUE(platform.dma->engine().idle());
        software.write(channel_register(0, reg::kRows), 1);
        software.start(0x40, 0x20001, 300);
        software.until_idle();
        EXPECT_EQ(software.status(), native::status::kDone);
        platform.expect_copied(0x40, 0x20001, 300);
    };
    sc_core::sc_start();
}

SIM_TEST(BeatIsland, RegisterJobsAndPortsShareThePipeline) {
    DirectPlatform::Shape shape;
    shape.ports = 3;
    DirectPlatform platform("platform", shape);
    Ear ear;
    platform.dma->stream()->observe(&ear);
    platform.software->program = [&](Software& software) {
        software.until(50);
        for (std::uint32_t i = 0; i < 12; ++i) {
            platform.dma->offer(i % 3, i * 256, 0x30000 + i * 256, 200);
        }
        software.start(0x4001, 0x8000, 3000);
        software.until_idle();
        software.until(20'000);
    };
    sc_core::sc_start();
    EXPECT_EQ(ear.status_at.size(), 12U);
    platform.expect_copied(0x4001, 0x8000, 3000);
    for (std::uint64_t i = 0; i < 12; ++i) {
        platform.expect_copied(i * 256, 0x30000 + i * 256, 200);
    }
}

/// Software, controller, and a target that knows nothing of dmasim.
template <typename Target>
void on_a_foreign_target(const std::string& profile, TransportStyle style, Target& target, bool failing) {
    DmaControllerConfig config = controller_config(profile);
    config.style = style;
    DmaController dma("dma", clock_domain(), config);
    Software software("software");
    ProtocolMonitor monitor("monitor");
    test::Monitors in_line;
    in_line.connect(software.socket, dma.registers);
    dma.irq.bind(software.irq);
    dma.memory.bind(monitor.target_socket);
    monitor.initiator_socket.bind(target.socket);
    const std::vector<std::uint8_t> bytes = random_bytes(0x8000, 3);
    std::copy(bytes.begin(), bytes.end(), target.storage.bytes.begin());
    if (failing) {
        target.storage.status = [](const tlm::tlm_generic_payload& trans) {
            return trans.get_address() / 4096 == 0xB ? tlm::TLM_ADDRESS_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
        };
    }
    software.program = [&](Software& program) {
        std::mt19937_64 random(5);
        for (int i = 0; i < 12; ++i) {
            const auto source = static_cast<std::uint32_t>(random() % 0x1000);
            const auto destination = static_cast<std::uint32_t>(0x8000 + random() % 0x1000);
            const auto length = static_cast<std::uint32_t>(1 + random() % 5000);
            program.start(source, destination, length);
            program.until_idle();
            EXPECT_EQ(program.status(), native::status::kDone);
            EXPECT_TRUE(std::equal(bytes.begin() + source, bytes.begin() + source + length,
                                   target.storage.bytes.begin() + destination))
                << profile << ", job " << i;
        }
        if (failing) {
            program.start(0, 0xA800, 0x1000);
            program.until_idle();
            EXPECT_EQ(program.status(), native::status::kError);
        }
    };
    sc_core::sc_start();
    EXPECT_EQ(dma.attachment(), BeatAttachment::Bursts);
    EXPECT_EQ(monitor.violations(), 0U);
    EXPECT_EQ(monitor.in_progress(), 0U);
}

SIM_TEST(BeatIsland, AxiCdmaOnALooselyTimedTarget) {
    test::LooselyTimedTarget target("target", test::LooselyTimedTarget::Delay::WaitAndAnnotate,
                                    sc_core::sc_time(7, sc_core::SC_NS));
    on_a_foreign_target("axi_cdma", TransportStyle::Blocking, target, true);
}
SIM_TEST(BeatIsland, IdmaOnALooselyTimedTarget) {
    test::LooselyTimedTarget target("target", test::LooselyTimedTarget::Delay::Annotate,
                                    sc_core::sc_time(3, sc_core::SC_NS));
    on_a_foreign_target("idma", TransportStyle::NonBlocking, target, true);
}
SIM_TEST(BeatIsland, AxiCdmaOnAnApproximatelyTimedTarget) {
    test::ApproximatelyTimedTarget target("target");
    std::mt19937_64 random(17);
    target.next_way = [&random](const tlm::tlm_generic_payload&) { return test::random_way(random, 20); };
    on_a_foreign_target("axi_cdma", TransportStyle::NonBlocking, target, true);
}
SIM_TEST(BeatIsland, IdmaOnAnApproximatelyTimedTarget) {
    test::ApproximatelyTimedTarget target("target");
    std::mt19937_64 random(18);
    target.next_way = [&random](const tlm::tlm_generic_payload&) { return test::random_way(random, 20); };
    on_a_foreign_target("idma", TransportStyle::NonBlocking, target, true);
}

/// Two controllers and two memories on a fabric, made in an order given by `order`.
class FabricPlatform final : public sc_core::sc_module {
  public:
    /// A lazy platform has no sinks: it would not be lazy.
    FabricPlatform(const sc_core::sc_module_name& name, const std::string& topology, std::vector<int> order,
                   bool monitor, bool lazy)
        : sc_module(name) {
        for (const int part : order) {
            if (part == 0) {
                BusConfig bus;
                bus.topology = topology;
                bus.data_width_bits = 32;
                bus.initiators = 2;
                bus.targets = 2;
                // The second memory lies behind a hole, and its addresses are moved.
                bus.map = {{0, 0x100000, 0, 0, "low"}, {0x40000000, 0x80000, 1, 0x80000, "high"}};
                InterconnectOptions options;
                options.sink = lazy ? nullptr : &bus_events;
                options.lazy = lazy;
                fabric = std::make_unique<Interconnect>("fabric", clock_domain(), bus, options);
            } else if (part <= 2) {
                memory[part - 1] = std::make_unique<Memory>(("memory_" + std::to_string(part)).c_str(), clock_domain(),
                                                            memory_config());
            } else {
                software[part - 3] = std::make_unique<Software>(("software_" + std::to_string(part)).c_str());
                dma[part - 3] =
                    std::make_unique<DmaController>(("dma_" + std::to_string(part)).c_str(), clock_domain(),
                                                    controller_config("axi_cdma"), lazy ? nullptr : &events[part - 3]);
            }
        }
        for (unsigned i = 0; i < 2; ++i) {
            in_line.connect(fabric->initiator_sockets[i], memory[i]->socket);
            in_line.connect(software[i]->socket, dma[i]->registers);
            dma[i]->irq.bind(software[i]->irq);
            if (monitor) {
                monitors.push_back(std::make_unique<ProtocolMonitor>(("monitor_" + std::to_string(i)).c_str()));
                dma[i]->memory.bind(monitors[i]->target_socket);
                monitors[i]->initiator_socket.bind(fabric->target_sockets[i]);
            } else {
                dma[i]->memory.bind(fabric->target_sockets[i]);
            }
            const std::vector<std::uint8_t> bytes = random_bytes(0x10000, i);
            memory[i]->poke(0, bytes.data(), bytes.size());
            software[i]->program = [this, i](Software& program) { run(program, i); };
        }
    }
    ~FabricPlatform() override = default;

    std::unique_ptr<Interconnect> fabric;
    std::unique_ptr<Memory> memory[2];
    std::unique_ptr<Software> software[2];
    std::unique_ptr<DmaController> dma[2];
    std::vector<std::unique_ptr<ProtocolMonitor>> monitors;
    test::Monitors in_line;
    std::string log[2];
    EventRecorder events[2];
    EventRecorder bus_events;

    // Where the cycles of controller `i` went, and what its port of the fabric carried.
    [[nodiscard]] std::string account(unsigned i) const {
        std::string text;
        CycleAccountant accountant(2);
        for (const TraceEvent& event : events[i].events()) {
            if (event.kind == EventKind::CauseChanged) {
                accountant.event(event);
                text += std::to_string(event.at.count()) + ":" + std::to_string(event.value) + " ";
            }
        }
        const CycleAccount spent = accountant.account(0, Cycles{100000});
        for (const std::uint64_t cycles : spent) {
            text += std::to_string(cycles) + " ";
        }
        return text;
    }
    [[nodiscard]] std::string traffic() const {
        std::string text;
        for (const TraceEvent& event : bus_events.events()) {
            text += std::to_string(event.at.count()) + ":" + std::to_string(static_cast<int>(event.kind)) + ":" +
                    std::to_string(event.channel) + ":" + std::to_string(event.value) + ":" +
                    std::to_string(event.beats) + ":" + std::to_string(static_cast<int>(event.response)) + " ";
        }
        return text;
    }

  private:
    void run(Software& program, unsigned i) {
        program.until(10);
        // From the low memory to the high one, which its bus address 0x40000000 shows from 0x80000 on.
        const std::uint32_t source = i * 0x4000;
        const std::uint32_t place = i * 0x10000;
        program.start(source, 0x40000000 + place, 6000);
        for (int k = 0; k < 30; ++k) {
            program.until(10 + static_cast<std::uint64_t>(k + 1) * 61);
            log[i] += std::to_string(program.status()) + "/" +
                      std::to_string(program.read(channel_register(0, reg::kResidueLo))) + " ";
        }
        program.until_idle();
        EXPECT_EQ(program.status(), native::status::kDone);
        std::vector<std::uint8_t> from(6000);
        std::vector<std::uint8_t> to(6000);
        EXPECT_TRUE(memory[0]->peek(source, from.data(), from.size()));
        EXPECT_TRUE(memory[1]->peek(0x80000 + place, to.data(), to.size()));
        EXPECT_TRUE(from == to) << "controller " << i;
        // Nothing is there.
        program.start(source, 0x20000000, 64);
        program.until_idle();
        EXPECT_EQ(program.status(), native::status::kError);
        EXPECT_NE(program.read(channel_register(0, reg::kErrorKind)), 0U);
        log[i] += "end " + std::to_string(now().count());
    }
};

void orders_on_a_fabric(const std::string& topology) {
    std::vector<std::unique_ptr<FabricPlatform>> platforms;
    const std::vector<std::vector<int>> orders{{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {3, 0, 4, 1, 2}, {1, 4, 0, 2, 3}};
    for (std::size_t i = 0; i < orders.size(); ++i) {
        platforms.push_back(std::make_unique<FabricPlatform>(("platform_" + std::to_string(i)).c_str(), topology,
                                                             orders[i], i % 2 == 1, false));
    }
    std::vector<std::unique_ptr<FabricPlatform>> lazy;
    for (std::size_t i = 0; i < orders.size(); ++i) {
        lazy.push_back(std::make_unique<FabricPlatform>(("lazy_" + std::to_string(i)).c_str(), topology, orders[i],
                                                        i % 2 == 1, true));
    }
    sc_core::sc_start();
    for (const auto& platform : lazy) {
        for (unsigned i = 0; i < 2; ++i) {
            EXPECT_EQ(platform->log[i], platforms[0]->log[i]);
            EXPECT_EQ(platform->dma[i]->attachment(), BeatAttachment::Fabric);
            EXPECT_EQ(platform->software[i]->irqs, platforms[0]->software[i]->irqs);
        }
        EXPECT_EQ(platform->memory[1]->hash(), platforms[0]->memory[1]->hash());
    }
    for (const auto& platform : platforms) {
        for (unsigned i = 0; i < 2; ++i) {
            EXPECT_EQ(platform->log[i], platforms[0]->log[i]);
            EXPECT_EQ(platform->dma[i]->attachment(), BeatAttachment::Fabric);
            EXPECT_EQ(platform->account(i), platforms[0]->account(i));
            // 6000 bytes on four lanes take 1500 cycles; whoever is asked twice as often as he can answer takes longer.
            CycleAccountant accountant(2);
            for (const TraceEvent& event : platform->events[i].events()) {
                accountant.event(event);
            }
            const CycleAccount spent = accountant.account(0, now());
            EXPECT_GE(spent[static_cast<std::size_t>(CycleCause::MovingData)], 1500U);
            EXPECT_LE(spent[static_cast<std::size_t>(CycleCause::Setup)], 20U);
            EXPECT_GT(spent[static_cast<std::size_t>(CycleCause::WriteWait)], 0U);
            EXPECT_EQ(std::accumulate(spent.begin(), spent.end(), std::uint64_t{0}), now().count());
        }
        EXPECT_EQ(platform->traffic(), platforms[0]->traffic());
        BusUtilisation use(2, 2);
        for (const TraceEvent& event : platform->bus_events.events()) {
            use.event(event);
        }
        for (unsigned i = 0; i < 2; ++i) {
            // 6000 bytes, and 64 that are read and not written: nothing is at their destination.
            EXPECT_EQ(use.initiator(i, Access::Read).bytes, 6064U);
            EXPECT_EQ(use.initiator(i, Access::Read).beats, 1516U);
            EXPECT_EQ(use.initiator(i, Access::Write).bytes, 6000U);
            EXPECT_EQ(use.initiator(i, Access::Write).beats, 1516U);
            EXPECT_EQ(use.initiator(i, Access::Write).errors, 1U);
        }
        EXPECT_EQ(use.target(0, Access::Read).beats, 2 * 1516U);
        EXPECT_EQ(use.target(1, Access::Write).beats, 2 * 1500U);
        EXPECT_EQ(use.total(Access::Write).grants, use.total(Access::Write).bursts);
        EXPECT_EQ(platform->memory[1]->hash(), platforms[0]->memory[1]->hash());
        ASSERT_NE(platform->fabric->beat_system(), nullptr);
    }
    EXPECT_NE(platforms[0]->log[0], platforms[0]->log[1]) << "they do contend";
}

SIM_TEST(BeatIsland, OrderOfConstructionOnACrossbar) {
    orders_on_a_fabric("axi_crossbar");
}
SIM_TEST(BeatIsland, OrderOfConstructionOnASplitInterconnect) {
    orders_on_a_fabric("split_interconnect");
}

/// What starting a simulation with a fabric of one controller and one memory throws.
std::string refusal(const DmaControllerConfig& controller, const MemoryConfig& memory_of) {
    BusConfig bus;
    bus.topology = "axi_crossbar";
    bus.data_width_bits = 32;
    bus.map = {{0, 0x100000, 0, 0, "all"}};
    Interconnect fabric("fabric", clock_domain(), bus);
    Memory memory("memory", clock_domain(), memory_of);
    DmaController dma("dma", clock_domain(), controller);
    Software software("software");
    software.socket.bind(dma.registers);
    dma.memory.bind(fabric.target_sockets[0]);
    fabric.initiator_sockets[0].bind(memory.socket);
    software.abandon();
    std::string text;
    try {
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    } catch (const ConfigError& error) {
        text = error.what();
    }
    return text;
}

SIM_TEST(BeatIsland, AFabricWantsBeatAccurateControllers) {
    const std::string text = refusal(controller_config("native"), memory_config());
    EXPECT_NE(text.find("fabric.target_sockets[0] has to be bound to a DMA controller"), std::string::npos) << text;
}
SIM_TEST(BeatIsland, AFabricWantsBeatAccurateMemories) {
    MemoryConfig plain = memory_config();
    plain.beat.reset();
    const std::string text = refusal(controller_config("axi_cdma"), plain);
    EXPECT_NE(text.find("fabric.initiator_sockets[0] has to be bound to a memory"), std::string::npos) << text;
}
SIM_TEST(BeatIsland, AFabricWantsOneWidth) {
    DmaControllerConfig wide = controller_config("axi_cdma");
    wide.dma.data_width_bits = 64;
    const std::string text = refusal(wide, memory_config());
    EXPECT_NE(text.find("another clock or data width"), std::string::npos) << text;
}
SIM_TEST(BeatIsland, PortsNeedABeatAccurateProfile) {
    EXPECT_THROW(DmaController("dma", clock_domain(), controller_config("native", 1)), ConfigError);
}

}  // namespace
}  // namespace dmasim
