// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/dma_controller.h"

#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

#include <gmock/gmock.h>

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/tlm/blocking_access.h"
#include "dmasim/tlm/payload_pool.h"
#include "dmasim/tlm/protocol_monitor.h"

#include "foreign_target.h"
#include "support/monitors.h"
#include "support/sim_test.h"

namespace dmasim {
namespace {

using native::channel_register;
using sc_core::sc_time;
using test::ApproximatelyTimedTarget;
using test::LooselyTimedTarget;
using Way = ApproximatelyTimedTarget::Way;
namespace reg = native::reg;

sc_time ns(unsigned value) {
    return sc_time(value, sc_core::SC_NS);
}

/// A foreign initiator for registers: a thread that runs a test's function.
class Driver final : public sc_core::sc_module {
  public:
    tlm_utils::simple_initiator_socket<Driver> socket;
    std::function<void()> program = [] {};
    sc_time last_delay;

    explicit Driver(const sc_core::sc_module_name& name)
        : sc_module(name), socket("socket"), end_("the program's end") {
        socket.register_nb_transport_bw(this, &Driver::nb_transport_bw);
        SC_HAS_PROCESS(Driver);
        SC_THREAD(run);
    }
    ~Driver() override = default;

    tlm::tlm_response_status access(tlm::tlm_command command, std::uint64_t address, void* data, unsigned bytes,
                                    sc_time delay = sc_core::SC_ZERO_TIME, std::uint8_t* enables = nullptr,
                                    unsigned enable_length = 0, unsigned streaming_width = 0) {
        tlm::tlm_generic_payload trans;
        trans.set_command(command);
        trans.set_address(address);
        trans.set_data_ptr(static_cast<std::uint8_t*>(data));
        trans.set_data_length(bytes);
        trans.set_streaming_width(streaming_width != 0 ? streaming_width : bytes);
        trans.set_byte_enable_ptr(enables);
        trans.set_byte_enable_length(enable_length);
        socket->b_transport(trans, delay);
        last_delay = delay;
        return trans.get_response_status();
    }
    void write(std::uint64_t address, std::uint32_t value) {
        EXPECT_EQ(access(tlm::TLM_WRITE_COMMAND, address, &value, 4), tlm::TLM_OK_RESPONSE) << address;
    }
    std::uint32_t read(std::uint64_t address) {
        std::uint32_t value = 0;
        EXPECT_EQ(access(tlm::TLM_READ_COMMAND, address, &value, 4), tlm::TLM_OK_RESPONSE) << address;
        return value;
    }
    unsigned debug(tlm::tlm_command command, std::uint64_t address, void* data, unsigned bytes) {
        tlm::tlm_generic_payload trans;
        trans.set_command(command);
        trans.set_address(address);
        trans.set_data_ptr(static_cast<std::uint8_t*>(data));
        trans.set_data_length(bytes);
        return socket->transport_dbg(trans);
    }
    /// The test ends before the program does.
    void abandon() { end_.reached(); }
    void until(unsigned time_ns) { wait(ns(time_ns) - sc_core::sc_time_stamp()); }
    void pause(const sc_time& time) { wait(time); }
    void pause(const sc_core::sc_event& event) { wait(event); }
    /// A register job on channel 0.
    void start(std::uint32_t source, std::uint32_t destination, std::uint32_t length, std::uint32_t config = 0) {
        write(channel_register(0, reg::kIntEnable), native::interrupt::kAll);
        write(channel_register(0, reg::kConfig), config);
        write(channel_register(0, reg::kSrcLo), source);
        write(channel_register(0, reg::kDstLo), destination);
        write(channel_register(0, reg::kLength), length);
        write(channel_register(0, reg::kControl), native::control::kStart);
    }

    std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_time&)> on_bw;

  private:
    void run() {
        program();
        end_.reached();
    }
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase, sc_time& delay) {
        return on_bw(trans, phase, delay);
    }
    test::MustReach end_;
};

DmaControllerConfig config_of(TransportStyle style) {
    DmaControllerConfig config;
    config.style = style;
    config.dma.channels = 2;
    return config;
}

/// Writes down every change of a signal.
class Watch final : public sc_core::sc_module {
  public:
    sc_core::sc_signal<bool> signal;
    std::vector<sc_time> changes;

    explicit Watch(const sc_core::sc_module_name& name) : sc_module(name), signal("signal") {
        SC_HAS_PROCESS(Watch);
        SC_METHOD(changed);
        sensitive << signal;
        dont_initialize();
    }
    ~Watch() override = default;

  private:
    void changed() { changes.push_back(sc_core::sc_time_stamp()); }
};

/// Driver, monitor, controller, monitor, memory; the monitors must stay silent.
template <typename Memory>
struct Platform {
    template <typename... Arguments>
    explicit Platform(const DmaControllerConfig& config, Arguments&&... arguments)
        : memory("memory", std::forward<Arguments>(arguments)...),
          irq("irq"),
          dma("dma", ClockDomain(10, sc_core::SC_NS), config),
          driver("driver"),
          registers_monitor("registers_monitor", strict()),
          memory_monitor("memory_monitor") {
        driver.socket.bind(registers_monitor.target_socket);
        registers_monitor.initiator_socket.bind(dma.registers);
        dma.memory.bind(memory_monitor.target_socket);
        memory_monitor.initiator_socket.bind(memory.socket);
        dma.irq.bind(irq.signal);
    }
    static ProtocolMonitorOptions strict() {
        ProtocolMonitorOptions options;
        options.strict = true;
        return options;
    }
    void run(sc_time time = sc_time(100, sc_core::SC_US)) {
        for (std::size_t i = 0; i < 0x1000; ++i) {
            memory.storage.bytes[i] = static_cast<std::uint8_t>(i * 5 + i / 256);
        }
        sc_core::sc_start(time);
        EXPECT_EQ(registers_monitor.violations(), 0U);
        EXPECT_EQ(memory_monitor.violations(), 0U);
        EXPECT_EQ(memory_monitor.in_progress(), 0U);
    }
    void expect_copied(std::uint32_t source, std::uint32_t destination, std::uint32_t length) {
        for (std::uint32_t i = 0; i < length; ++i) {
            ASSERT_EQ(memory.storage.bytes[destination + i], memory.storage.bytes[source + i]) << i;
        }
    }

    Memory memory;
    Watch irq;
    DmaController dma;
    Driver driver;
    ProtocolMonitor registers_monitor;
    ProtocolMonitor memory_monitor;
};

using LtPlatform = Platform<LooselyTimedTarget>;
using AtPlatform = Platform<ApproximatelyTimedTarget>;
constexpr auto kAnnotate = LooselyTimedTarget::Delay::Annotate;

// docs/timing.md by hand: start 10, read requested 12, data 15, write requested 17, response 20, completion 21, seen 22.
void one_beat(TransportStyle style, LooselyTimedTarget::Delay delay) {
    LtPlatform platform(config_of(style), delay, ns(30));
    platform.driver.program = [&] {
        platform.driver.until(100);
        platform.driver.start(0x100, 0x2000, 8);
        platform.driver.until(210);
        EXPECT_EQ(platform.driver.read(channel_register(0, reg::kStatus)), native::status::kBusy);
        platform.driver.until(220);
        EXPECT_EQ(platform.driver.read(channel_register(0, reg::kStatus)), native::status::kDone);
        EXPECT_EQ(platform.driver.read(channel_register(0, reg::kIntStatus)), native::interrupt::kDone);
        platform.driver.write(channel_register(0, reg::kIntStatus), native::interrupt::kDone);
    };
    platform.run();
    platform.expect_copied(0x100, 0x2000, 8);
    ASSERT_EQ(platform.irq.changes.size(), 2U);
    EXPECT_EQ(platform.irq.changes[0], ns(220));
    EXPECT_EQ(platform.irq.changes[1], ns(240));
}
SIM_TEST(DmaController, OneBeatToTheCycle) {
    one_beat(TransportStyle::NonBlocking, kAnnotate);
}
SIM_TEST(DmaController, OneBeatToTheCycleBlocking) {
    one_beat(TransportStyle::Blocking, kAnnotate);
}
SIM_TEST(DmaController, OneBeatToTheCycleBlockingWithATargetThatWaits) {
    one_beat(TransportStyle::Blocking, LooselyTimedTarget::Delay::Wait);
}

// Both styles end in the same cycle, with the same bytes. The cycle is from the recurrences of C3 to C6 by hand: start
// 10, the reads' beats one after the other from 15 on, completion at 421.
void many_bursts(TransportStyle style, LooselyTimedTarget::Delay delay) {
    LtPlatform platform(config_of(style), delay, ns(30));
    platform.driver.program = [&] {
        platform.driver.until(100);
        platform.driver.start(0x103, 0x2001, 3000);
    };
    platform.run();
    platform.expect_copied(0x103, 0x2001, 3000);
    ASSERT_EQ(platform.irq.changes.size(), 1U);
    EXPECT_EQ(platform.irq.changes[0], ns(4220));
    EXPECT_TRUE(platform.dma.engine().idle());
}
SIM_TEST(DmaController, ManyBursts) {
    // tlm_utils' conversion of nb_transport serves one request after the other; the early target does not.
    AtPlatform platform(config_of(TransportStyle::NonBlocking));
    platform.memory.next_way = [](const tlm::tlm_generic_payload&) { return Way{Way::Kind::Complete, {}, ns(30), {}}; };
    platform.driver.program = [&] {
        platform.driver.until(100);
        platform.driver.start(0x103, 0x2001, 3000);
    };
    platform.run();
    platform.expect_copied(0x103, 0x2001, 3000);
    ASSERT_EQ(platform.irq.changes.size(), 1U);
    EXPECT_EQ(platform.irq.changes[0], ns(4220));
}
SIM_TEST(DmaController, ManyBurstsBlocking) {
    many_bursts(TransportStyle::Blocking, kAnnotate);
}
SIM_TEST(DmaController, ManyBurstsBlockingWithATargetThatWaits) {
    many_bursts(TransportStyle::Blocking, LooselyTimedTarget::Delay::Wait);
}

void random_target(TransportStyle style) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    AtPlatform platform(config_of(style));
    platform.memory.next_way = [&](const tlm::tlm_generic_payload&) { return test::random_way(random, 70); };
    const auto length = static_cast<std::uint32_t>(1 + random() % 3000);
    const auto source = static_cast<std::uint32_t>(random() % 500);
    const auto destination = static_cast<std::uint32_t>(0x4000 + random() % 500);
    platform.driver.program = [&] {
        platform.driver.start(source, destination, length);
        platform.driver.pause(platform.irq.signal.posedge_event());
        EXPECT_EQ(platform.driver.read(channel_register(0, reg::kStatus)), native::status::kDone);
    };
    platform.run(sc_time(1, sc_core::SC_MS));
    platform.expect_copied(source, destination, length);
}
SIM_TEST(DmaController, RandomTarget) {
    random_target(TransportStyle::NonBlocking);
}
SIM_TEST(DmaController, RandomTargetBlocking) {
    random_target(TransportStyle::Blocking);
}

// Every error response on every way of every kind of access ends in the status register, never in completion.
struct ErrorCase {
    bool chain;
    std::uint64_t address;  ///< What fails: 0x100 the source, 0x2000 the destination, 0x3000 / 0x3038 the descriptor.
    bool on_write;
    TransferError kind;
};
void every_error(TransportStyle style) {
    const std::vector<ErrorCase> cases = {{false, 0x100, false, TransferError::BusRead},
                                          {false, 0x2000, true, TransferError::BusWrite},
                                          {true, 0x3000, false, TransferError::DescriptorFetch},
                                          {true, 0x3038, true, TransferError::StatusWriteBack}};
    AtPlatform platform(config_of(style));
    Way::Kind kind = Way::Kind::Complete;
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
    ErrorCase failing{};
    platform.memory.next_way = [&](const tlm::tlm_generic_payload&) { return Way{kind, ns(10), ns(10), {}}; };
    platform.memory.storage.status = [&](const tlm::tlm_generic_payload& trans) {
        return trans.get_address() == failing.address && trans.is_write() == failing.on_write ? status
                                                                                              : tlm::TLM_OK_RESPONSE;
    };
    unsigned checked = 0;
    platform.driver.program = [&] {
        Driver& driver = platform.driver;
        native::Descriptor descriptor;
        descriptor.source = 0x100;
        descriptor.destination = 0x2000;
        descriptor.length = 8;
        descriptor.write_back = true;
        const native::DescriptorBytes bytes = native::encode(descriptor);
        for (const ErrorCase& one : cases) {
            for (int way = 0; way < 7; ++way) {
                for (int code = 1; code <= 5; ++code) {
                    std::copy(bytes.begin(), bytes.end(), platform.memory.storage.bytes.begin() + 0x3000);
                    failing = one;
                    kind = static_cast<Way::Kind>(way);
                    status = static_cast<tlm::tlm_response_status>(-code);
                    driver.write(channel_register(0, reg::kDescLo), 0x3000);
                    driver.start(0x100, 0x2000, 8, one.chain ? native::config::kChain : 0);
                    driver.pause(platform.irq.signal.posedge_event());
                    SCOPED_TRACE("way " + std::to_string(way) + " code " + std::to_string(code));
                    const std::uint32_t seen = driver.read(channel_register(0, reg::kStatus));
                    EXPECT_NE(seen & native::status::kError, 0U);
                    EXPECT_EQ(seen & (native::status::kDone | native::status::kEndOfChain), 0U);
                    const std::uint32_t error = driver.read(channel_register(0, reg::kErrorKind));
                    EXPECT_EQ(native::error_kind::Kind::get(error), static_cast<unsigned>(one.kind));
                    EXPECT_EQ(native::error_kind::ResponseCode::get(error), static_cast<unsigned>(code));
                    EXPECT_EQ(driver.read(channel_register(0, reg::kErrorAddrLo)), one.address);
                    driver.pause(ns(100));
                    driver.write(channel_register(0, reg::kIntStatus), native::interrupt::kAll);
                    driver.pause(ns(100));
                    EXPECT_FALSE(platform.irq.signal.read());
                    ++checked;
                }
            }
        }
    };
    platform.run(sc_time(1, sc_core::SC_MS));
    EXPECT_EQ(checked, 4U * 7 * 5);
}
SIM_TEST(DmaController, EveryErrorReachesTheStatusRegister) {
    every_error(TransportStyle::NonBlocking);
}
SIM_TEST(DmaController, EveryErrorReachesTheStatusRegisterBlocking) {
    every_error(TransportStyle::Blocking);
}

// A second socket takes descriptors and status, and nothing else.
SIM_TEST(DmaController, DescriptorsGoToTheirOwnSocketWhenItIsBound) {
    LooselyTimedTarget descriptors("descriptors", kAnnotate, ns(20));
    ProtocolMonitor monitor("monitor");
    LtPlatform platform(config_of(TransportStyle::NonBlocking), kAnnotate, ns(30));
    platform.dma.descriptor_memory.bind(monitor.target_socket);
    monitor.initiator_socket.bind(descriptors.socket);
    native::Descriptor descriptor;
    descriptor.source = 0x100;
    descriptor.destination = 0x2000;
    descriptor.length = 64;
    descriptor.write_back = true;
    const native::DescriptorBytes bytes = native::encode(descriptor);
    std::copy(bytes.begin(), bytes.end(), descriptors.storage.bytes.begin() + 0x3000);
    platform.driver.program = [&] {
        platform.driver.write(channel_register(0, reg::kDescLo), 0x3000);
        platform.driver.start(0, 0, 0, native::config::kChain);
    };
    platform.run();
    platform.expect_copied(0x100, 0x2000, 64);
    EXPECT_EQ(descriptors.calls, 2U);
    EXPECT_EQ(platform.memory.calls, 2U);
    EXPECT_EQ(monitor.violations(), 0U);
    EXPECT_EQ(descriptors.storage.bytes[0x3038 + 3], 0x80) << "COMPLETE";
    EXPECT_EQ(platform.memory.storage.bytes[0x3038 + 3], 0);
}

SIM_TEST(DmaController, RegisterAccessesOfEveryShape) {
    LtPlatform platform(config_of(TransportStyle::NonBlocking), kAnnotate, ns(30));
    platform.driver.program = [&] {
        Driver& driver = platform.driver;
        const std::uint64_t source = channel_register(0, reg::kSrcLo);
        std::array<std::uint8_t, 64> data{};
        const auto read = [&](std::uint64_t address, unsigned bytes) {
            return driver.access(tlm::TLM_READ_COMMAND, address, data.data(), bytes);
        };
        EXPECT_EQ(driver.read(reg::kId), native::kIdValue);
        // Both words of a pair.
        std::uint64_t wide = 0x1122334455667788;
        EXPECT_EQ(driver.access(tlm::TLM_WRITE_COMMAND, source, &wide, 8), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(driver.read(source), 0x55667788U);
        EXPECT_EQ(driver.read(source + 4), 0x11223344U);
        wide = 0;
        EXPECT_EQ(driver.access(tlm::TLM_READ_COMMAND, source, &wide, 8), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(wide, 0x1122334455667788U);
        // Byte enables, also such as wrap around.
        std::uint32_t word = 0xAABBCCDD;
        std::array<std::uint8_t, 4> enables{0xFF, 0, 0, 0xFF};
        EXPECT_EQ(driver.access(tlm::TLM_WRITE_COMMAND, source, &word, 4, {}, enables.data(), 4), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(driver.read(source), 0xAA6677DDU);
        word = 0;
        EXPECT_EQ(driver.access(tlm::TLM_READ_COMMAND, source, &word, 4, {}, enables.data(), 2), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(word, 0x006600DDU);
        wide = ~0ULL;
        enables = {0, 0, 0, 0};
        EXPECT_EQ(driver.access(tlm::TLM_WRITE_COMMAND, source, &wide, 8, {}, enables.data(), 4), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(driver.read(source), 0xAA6677DDU);
        // Lengths.
        for (const unsigned bytes : {1U, 2U, 3U, 5U, 7U, 12U, 16U, 64U}) {
            EXPECT_EQ(read(source, bytes), tlm::TLM_BURST_ERROR_RESPONSE) << bytes;
        }
        EXPECT_EQ(driver.access(tlm::TLM_READ_COMMAND, source, data.data(), 8, {}, nullptr, 0, 4),
                  tlm::TLM_BURST_ERROR_RESPONSE);
        // Addresses.
        EXPECT_EQ(read(source + 2, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(read(source + 4, 8), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        const std::uint64_t end = native::register_space_bytes(2);
        for (const std::uint64_t address :
             std::vector<std::uint64_t>{0x18, end, end + 4, std::uint64_t{1} << 32, ~std::uint64_t{0} - 3}) {
            EXPECT_EQ(read(address, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE) << address;
            EXPECT_EQ(driver.access(tlm::TLM_WRITE_COMMAND, address, data.data(), 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        }
        // Both of a pair or none: UNIT_BYTES has no neighbour.
        wide = 0x99;
        EXPECT_EQ(driver.access(tlm::TLM_WRITE_COMMAND, channel_register(0, reg::kUnitBytes), &wide, 8),
                  tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(driver.read(channel_register(0, reg::kUnitBytes)), 0U);
        EXPECT_EQ(driver.access(tlm::TLM_IGNORE_COMMAND, source, data.data(), 4), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(driver.read(source), 0xAA6677DDU);
        // Debug.
        EXPECT_EQ(driver.debug(tlm::TLM_READ_COMMAND, source, data.data(), 16), 16U);
        std::memcpy(&word, data.data(), 4);
        EXPECT_EQ(word, 0xAA6677DDU);
        EXPECT_EQ(driver.debug(tlm::TLM_READ_COMMAND, source, data.data(), 7), 4U);
        EXPECT_EQ(driver.debug(tlm::TLM_READ_COMMAND, end - 4, data.data(), 64), 0U) << "no register there";
        EXPECT_EQ(driver.debug(tlm::TLM_WRITE_COMMAND, source, data.data(), 4), 0U);
        tlm::tlm_generic_payload trans;
        tlm::tlm_dmi dmi;
        EXPECT_FALSE(driver.socket->get_direct_mem_ptr(trans, dmi));
    };
    platform.run();
}

// A register access waits for the time it is annotated with, and sees what happens until then.
SIM_TEST(DmaController, AnnotatedRegisterAccessesSeeTheirOwnTime) {
    for (const std::uint32_t latency : {3U}) {
        DmaControllerConfig config = config_of(TransportStyle::NonBlocking);
        config.register_latency = latency;
        LtPlatform platform(config, kAnnotate, ns(30));
        platform.driver.program = [&] {
            platform.driver.until(100);
            platform.driver.start(0x100, 0x2000, 8);  // Ends at edge 21: 10 + 11, as above.
            std::uint32_t status = 0;
            platform.driver.access(tlm::TLM_READ_COMMAND, channel_register(0, reg::kStatus), &status, 4, ns(110));
            EXPECT_EQ(status, native::status::kBusy);
            EXPECT_EQ(sc_core::sc_time_stamp(), ns(210));
            EXPECT_EQ(platform.driver.last_delay, ns(30));
            platform.driver.access(tlm::TLM_READ_COMMAND, channel_register(0, reg::kStatus), &status, 4, ns(1));
            EXPECT_EQ(status, native::status::kDone) << "211 ns is seen as edge 22";
        };
        platform.run();
    }
}

// Registers over nb_transport, as an initiator with four phases sees them, and in the order of the annotated times.
SIM_TEST(DmaController, RegistersOverNonBlockingCalls) {
    LtPlatform platform(config_of(TransportStyle::NonBlocking), kAnnotate, ns(30));
    PayloadPool pool;
    struct Done {
        std::uint64_t address;
        sc_time time;
    };
    std::vector<Done> done;
    sc_core::sc_event response("response");
    tlm::tlm_generic_payload* responding = nullptr;
    int style = 0;  // 0: END_RESP later, 1: on the return path, 2: completed.
    platform.driver.on_bw = [&](tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase, sc_time& delay) {
        EXPECT_EQ(phase, tlm::BEGIN_RESP);
        EXPECT_TRUE(trans.is_response_ok());
        EXPECT_EQ(responding, nullptr);
        done.push_back({trans.get_address(), sc_core::sc_time_stamp() + delay});
        if (style == 0) {
            responding = &trans;
            response.notify(ns(25));
            return tlm::TLM_ACCEPTED;
        }
        trans.release();
        if (style == 1) {
            phase = tlm::END_RESP;
            delay += ns(5);
            return tlm::TLM_UPDATED;
        }
        return tlm::TLM_COMPLETED;
    };
    std::uint32_t value = 7;
    const auto send = [&](std::uint64_t address, sc_time delay) {
        Burst burst;
        burst.access = Access::Write;
        burst.address = address;
        burst.bytes = 4;
        burst.data = reinterpret_cast<std::uint8_t*>(&value);
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        const sc_time before = delay;
        EXPECT_EQ(platform.driver.socket->nb_transport_fw(pool.acquire(burst, 0), phase, delay), tlm::TLM_UPDATED);
        EXPECT_EQ(phase, tlm::END_REQ);
        EXPECT_EQ(delay, before);
    };
    platform.driver.program = [&] {
        platform.driver.until(100);
        send(channel_register(0, reg::kSrcLo), ns(20));
        send(channel_register(0, reg::kDstLo), ns(0));
        for (int i = 0; i < 2; ++i) {
            platform.driver.pause(response);
            tlm::tlm_phase phase = tlm::END_RESP;
            sc_time delay;
            tlm::tlm_generic_payload* trans = responding;
            responding = nullptr;
            platform.driver.socket->nb_transport_fw(*trans, phase, delay);
            trans->release();
        }
        platform.driver.until(200);
        style = 1;
        send(channel_register(0, reg::kLength), ns(0));
        send(channel_register(0, reg::kRows), ns(0));
        platform.driver.until(300);
        style = 2;
        send(channel_register(0, reg::kSrcStride), ns(7));
        platform.driver.until(400);
        EXPECT_EQ(platform.driver.read(channel_register(0, reg::kSrcLo)), 7U);
        EXPECT_EQ(platform.driver.read(channel_register(0, reg::kSrcStride)), 7U);
    };
    platform.run();
    ASSERT_EQ(done.size(), 5U);
    EXPECT_EQ(done[0].address, channel_register(0, reg::kDstLo));
    EXPECT_EQ(done[0].time, ns(110));
    EXPECT_EQ(done[1].address, channel_register(0, reg::kSrcLo));
    EXPECT_EQ(done[1].time, ns(135)) << "not before END_RESP of the first";
    EXPECT_EQ(done[2].time, ns(210));
    EXPECT_EQ(done[3].time, ns(215)) << "not before END_RESP of the first";
    EXPECT_EQ(done[4].time, ns(317));
    EXPECT_EQ(pool.in_use(), 0U);
    EXPECT_EQ(platform.registers_monitor.in_progress(), 0U);
}

SIM_TEST(DmaController, AnUnboundMemorySocketIsAConfigurationError) {
    DmaController dma("dma", ClockDomain(10, sc_core::SC_NS), config_of(TransportStyle::NonBlocking));
    Driver driver("driver");
    driver.socket.bind(dma.registers);
    try {
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
        FAIL() << "elaborated";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("dma.memory"));
    }
    driver.abandon();
}

SIM_TEST(DmaController, AnUnboundRegisterSocketIsAConfigurationError) {
    DmaController dma("dma", ClockDomain(10, sc_core::SC_NS), config_of(TransportStyle::NonBlocking));
    LooselyTimedTarget memory("memory", kAnnotate, ns(30));
    dma.memory.bind(memory.socket);
    try {
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
        FAIL() << "elaborated";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("dma.registers"));
    }
}

// What examples/your-platform uses: a job by the writes of the library, and where the writes end when one fails.
SIM_TEST(DmaController, WritesOfAJobAndAccessesThatWait) {
    LtPlatform platform(config_of(TransportStyle::NonBlocking), kAnnotate, ns(30));
    platform.driver.program = [&] {
        Driver& driver = platform.driver;
        driver.until(100);
        // The answer to a register access comes a cycle later, and the access waits for it.
        std::vector<native::RegisterWrite> writes = native::start_copy(1, 0x2000, 0x103, 700);
        EXPECT_EQ(write_registers(driver.socket, 0, writes), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(sc_core::sc_time_stamp(), ns(100) + ns(10) * static_cast<double>(writes.size()));
        driver.pause(platform.irq.signal.posedge_event());
        EXPECT_EQ(driver.read(channel_register(1, reg::kStatus)), native::status::kDone);
        std::uint32_t value = 0;
        EXPECT_EQ(blocking_read(driver.socket, channel_register(1, reg::kLength), &value, 4), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(value, 700U);
        EXPECT_EQ(blocking_read(driver.socket, 0x18, &value, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        writes = {{channel_register(0, reg::kLength), 1}, {0x18, 2}, {channel_register(0, reg::kLength), 3}};
        EXPECT_EQ(write_registers(driver.socket, 0, writes), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(driver.read(channel_register(0, reg::kLength)), 1U) << "nothing behind the one that failed";
    };
    platform.run();
    platform.expect_copied(0x103, 0x2000, 700);
}

SIM_TEST(DmaController, RefusesBadConfigurationsWithAllTheirProblems) {
    DmaControllerConfig config;
    config.dma.channels = 0;
    config.dma.max_reads = 65;
    config.register_latency = 1'000'001;
    EXPECT_EQ(validate(config).size(), 3U);
    try {
        DmaController dma("dma", ClockDomain(10, sc_core::SC_NS), config);
        FAIL() << "built";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("dma: "));
        EXPECT_THAT(error.what(), ::testing::HasSubstr("channels"));
        EXPECT_THAT(error.what(), ::testing::HasSubstr("max_reads"));
        EXPECT_THAT(error.what(), ::testing::HasSubstr("register_latency"));
    }
    config = {};
    config.register_latency = 1'000'000;
    EXPECT_TRUE(validate(config).empty());
}

// DREQ, DACK and TC to the cycle (docs/timing.md C7), unit by unit.
SIM_TEST(DmaController, HandshakePins) {
    Watch dack("dack");
    Watch tc("tc");
    Watch channel_irq("channel_irq");
    sc_core::sc_signal<bool> dreq("dreq");
    LtPlatform platform(config_of(TransportStyle::NonBlocking), kAnnotate, ns(30));
    platform.dma.dreq[0].bind(dreq);
    platform.dma.dack[0].bind(dack.signal);
    platform.dma.tc[0].bind(tc.signal);
    platform.dma.channel_irq[0].bind(channel_irq.signal);
    platform.driver.program = [&] {
        platform.driver.write(channel_register(0, reg::kUnitBytes), 8);
        platform.driver.start(0x100, 0x2000, 16, native::config::HandshakeMode::of(1));
        platform.driver.until(100);
        EXPECT_EQ(platform.memory.calls, 0U);
        dreq.write(true);  // Stamp 10: granted at 11, data 14, write 16, response 19, c = 20.
        platform.driver.until(400);
        dreq.write(false);
    };
    platform.run();
    platform.expect_copied(0x100, 0x2000, 16);
    // Second unit: granted at c + 4 = 24, data 27, write 29, response 32, c = 33, completion 33.
    EXPECT_THAT(dack.changes, ::testing::ElementsAre(ns(210), ns(220), ns(340), ns(350)));
    EXPECT_THAT(tc.changes, ::testing::ElementsAre(ns(340), ns(350)));
    EXPECT_THAT(channel_irq.changes, ::testing::ElementsAre(ns(340)));
    EXPECT_THAT(platform.irq.changes, ::testing::ElementsAre(ns(340)));
}

SIM_TEST(DmaController, ResetPin) {
    sc_core::sc_signal<bool> reset("reset");
    LtPlatform platform(config_of(TransportStyle::NonBlocking), kAnnotate, ns(30));
    platform.dma.reset.bind(reset);
    platform.driver.program = [&] {
        Driver& driver = platform.driver;
        driver.until(100);
        driver.start(0x100, 0x2000, 2000);
        driver.until(400);
        EXPECT_EQ(driver.read(channel_register(0, reg::kStatus)), native::status::kBusy);
        reset.write(true);
        driver.until(500);
        EXPECT_EQ(driver.read(channel_register(0, reg::kStatus)), 0U);
        EXPECT_EQ(driver.read(channel_register(0, reg::kSrcLo)), 0U);
        driver.write(channel_register(0, reg::kSrcLo), 0x44);
        EXPECT_EQ(driver.read(channel_register(0, reg::kSrcLo)), 0U) << "held in reset";
        reset.write(false);
        driver.until(600);
        driver.start(0x100, 0x4000, 64);
    };
    platform.run();
    platform.expect_copied(0x100, 0x4000, 64);
    EXPECT_EQ(platform.irq.changes.size(), 1U);
    EXPECT_TRUE(platform.dma.engine().idle());
}

// The platform in both orders of construction, with nothing but what a user writes: the same times.
void in_order(bool reversed) {
    std::unique_ptr<DmaController> dma;
    std::unique_ptr<LooselyTimedTarget> memory;
    std::unique_ptr<Driver> driver;
    std::unique_ptr<Watch> irq;
    const std::array<std::function<void()>, 4> make = {
        [&] { irq = std::make_unique<Watch>("irq"); },
        [&] { driver = std::make_unique<Driver>("driver"); },
        [&] {
            dma = std::make_unique<DmaController>("dma", ClockDomain(10, sc_core::SC_NS),
                                                  config_of(TransportStyle::NonBlocking));
        },
        [&] { memory = std::make_unique<LooselyTimedTarget>("memory", kAnnotate, ns(30)); },
    };
    for (std::size_t i = 0; i < make.size(); ++i) {
        make[reversed ? make.size() - 1 - i : i]();
    }
    test::Monitors monitors;
    monitors.connect(driver->socket, dma->registers);
    monitors.connect(dma->memory, memory->socket);
    dma->irq.bind(irq->signal);
    driver->program = [&] {
        driver->until(100);
        driver->start(0x103, 0x2000, 700);
        driver->pause(irq->signal.posedge_event());
        EXPECT_EQ(driver->read(channel_register(0, reg::kStatus)), native::status::kDone);
        driver->write(channel_register(0, reg::kIntStatus), native::interrupt::kAll);
        driver->start(0x103, 0x2000, 8);
    };
    sc_core::sc_start(ns(100000));
    EXPECT_THAT(irq->changes, ::testing::ElementsAre(ns(1250), ns(1270), ns(1380)));
}
SIM_TEST(DmaController, BuiltInOrder) {
    in_order(false);
}
SIM_TEST(DmaController, BuiltInReverse) {
    in_order(true);
}

// Whoever stops anywhere sees the present.
SIM_TEST(DmaController, CatchesUpBetweenTwoRuns) {
    LtPlatform platform(config_of(TransportStyle::NonBlocking), kAnnotate, ns(30));
    platform.driver.program = [&] { platform.driver.start(0x100, 0x2000, 8); };
    const auto status = [&] {
        std::uint32_t value = 0;
        platform.driver.debug(tlm::TLM_READ_COMMAND, channel_register(0, reg::kStatus), &value, 4);
        return value;
    };
    // Completion at edge 11 = 110 ns; sc_start(T) runs the edges in [0, T).
    sc_core::sc_start(ns(110));
    platform.dma.catch_up();
    EXPECT_EQ(status(), native::status::kBusy);
    sc_core::sc_start(ns(1));
    platform.dma.catch_up();
    EXPECT_EQ(status(), native::status::kDone);
}

}  // namespace
}  // namespace dmasim
