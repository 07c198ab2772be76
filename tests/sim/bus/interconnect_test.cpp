// SPDX-License-Identifier: Apache-2.0
//
// Interconnect and Memory between initiators and targets that are not ours, a protocol monitor in line on every socket.
#include "dmasim/bus/interconnect.h"

#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <gtest/gtest.h>

#include "dmasim/bus/memory.h"
#include "dmasim/bus/peripherals.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/tlm/dma_controller.h"
#include "dmasim/tlm/protocol_monitor.h"

#include "support/monitors.h"
#include "support/sim_test.h"

namespace dmasim {
namespace {

using sc_core::sc_time;

sc_time ns(std::uint64_t n) {
    return sc_time(static_cast<double>(n), sc_core::SC_NS);
}

// The items below own their payloads, so nothing is to be freed.
struct KeepPayloads : tlm::tlm_mm_interface {
    void free(tlm::tlm_generic_payload* trans) override { trans->reset(); }
};

// An initiator from tlm_utils. `late` > 0: END_RESP so many ns after BEGIN_RESP; 0: TLM_COMPLETED at once.
struct Initiator : sc_core::sc_module {
    struct Item {
        std::uint64_t at;
        tlm::tlm_command command;
        std::uint64_t address;
        std::vector<std::uint8_t> data;
        std::vector<std::uint8_t> enables;
        std::unique_ptr<tlm::tlm_generic_payload> trans;
        std::uint64_t response = 0;
        tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
        std::uint64_t address_after = 0;
    };
    KeepPayloads keep;
    tlm_utils::simple_initiator_socket<Initiator> socket{"socket"};
    std::vector<std::unique_ptr<Item>> items;
    std::uint64_t late;
    bool blocking;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> invalidated;

    Initiator(const sc_core::sc_module_name& name, bool use_blocking = false, std::uint64_t late_ns = 0)
        : sc_module(name), late(late_ns), blocking(use_blocking) {
        socket.register_nb_transport_bw(this, &Initiator::nb_transport_bw);
        socket.register_invalidate_direct_mem_ptr(this, &Initiator::invalidate);
        SC_HAS_PROCESS(Initiator);
        SC_THREAD(run);
        SC_THREAD(end_late);
    }
    Item& add(std::uint64_t at, tlm::tlm_command command, std::uint64_t address, std::vector<std::uint8_t> data,
              unsigned streaming = 0) {
        auto item = std::make_unique<Item>();
        item->at = at;
        item->command = command;
        item->address = address;
        item->data = std::move(data);
        item->trans = std::make_unique<tlm::tlm_generic_payload>();
        item->trans->set_mm(&keep);
        item->trans->acquire();
        item->trans->set_command(command);
        item->trans->set_address(address);
        item->trans->set_data_ptr(item->data.data());
        item->trans->set_data_length(static_cast<unsigned>(item->data.size()));
        item->trans->set_streaming_width(streaming != 0 ? streaming : static_cast<unsigned>(item->data.size()));
        items.push_back(std::move(item));
        return *items.back();
    }
    void run() {
        for (auto& item : items) {
            if (ns(item->at) > sc_core::sc_time_stamp()) {
                wait(ns(item->at) - sc_core::sc_time_stamp());
            }
            if (blocking) {
                sc_time delay = sc_core::SC_ZERO_TIME;
                socket->b_transport(*item->trans, delay);
                wait(delay);
                finish(*item->trans);
                continue;
            }
            tlm::tlm_phase phase = tlm::BEGIN_REQ;
            sc_time delay = sc_core::SC_ZERO_TIME;
            requesting = item->trans.get();
            const auto status = socket->nb_transport_fw(*item->trans, phase, delay);
            if (status == tlm::TLM_COMPLETED) {
                finish(*item->trans);
                continue;
            }
            if (status == tlm::TLM_UPDATED) {
                wait(delay);
                requesting = nullptr;
            }
            while (requesting != nullptr) {
                wait(request_ended);
            }
        }
    }
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase, sc_time& delay) {
        EXPECT_EQ(delay, sc_core::SC_ZERO_TIME);
        if (requesting == &trans) {
            requesting = nullptr;
            request_ended.notify(delay);
        }
        if (phase != tlm::BEGIN_RESP) {
            return tlm::TLM_ACCEPTED;
        }
        finish(trans);
        if (late == 0) {
            return tlm::TLM_COMPLETED;
        }
        ending.push_back(&trans);
        end.notify(ns(late));
        return tlm::TLM_ACCEPTED;
    }
    void end_late() {
        while (true) {
            wait(end);
            while (!ending.empty()) {
                tlm::tlm_generic_payload* trans = ending.front();
                ending.erase(ending.begin());
                tlm::tlm_phase phase = tlm::END_RESP;
                sc_time delay = sc_core::SC_ZERO_TIME;
                EXPECT_NE(socket->nb_transport_fw(*trans, phase, delay), tlm::TLM_UPDATED);
            }
        }
    }
    void finish(tlm::tlm_generic_payload& trans) {
        for (auto& item : items) {
            if (item->trans.get() == &trans) {
                EXPECT_EQ(item->response, 0U) << "answered twice";
                item->response = static_cast<std::uint64_t>(sc_core::sc_time_stamp() / ns(1));
                item->status = trans.get_response_status();
                item->address_after = trans.get_address();
            }
        }
    }
    void invalidate(sc_dt::uint64 first, sc_dt::uint64 last) { invalidated.emplace_back(first, last); }

    tlm::tlm_generic_payload* requesting = nullptr;
    sc_core::sc_event request_ended;
    std::vector<tlm::tlm_generic_payload*> ending;
    sc_core::sc_event end;
};

// A target from tlm_utils in one of the styles that the base protocol allows.
enum class Style { FourPhases, EarlyCompletion, UpdatedResponse, ResponseImpliesEndRequest, LateEndRequest, Blocking };

struct Target : sc_core::sc_module {
    tlm_utils::simple_target_socket<Target> socket{"socket"};
    Style style;
    std::map<std::uint64_t, std::uint8_t> bytes;
    std::vector<std::uint64_t> addresses;

    Target(const sc_core::sc_module_name& name, Style the_style) : sc_module(name), style(the_style) {
        if (style == Style::Blocking) {
            socket.register_b_transport(this, &Target::b_transport);
        } else {
            socket.register_nb_transport_fw(this, &Target::nb_transport_fw);
        }
        SC_HAS_PROCESS(Target);
        SC_THREAD(serve);
    }
    void carry_out(tlm::tlm_generic_payload& trans) {
        addresses.push_back(trans.get_address());
        for (unsigned i = 0; i < trans.get_data_length(); ++i) {
            if (trans.is_write()) {
                bytes[trans.get_address() + i] = trans.get_data_ptr()[i];
            } else {
                trans.get_data_ptr()[i] = bytes[trans.get_address() + i];
            }
        }
        trans.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    void b_transport(tlm::tlm_generic_payload& trans, sc_time& delay) {
        carry_out(trans);
        delay += ns(30);
    }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase, sc_time& delay) {
        if (phase == tlm::END_RESP) {
            response_ended.notify();
            return tlm::TLM_COMPLETED;
        }
        if (style == Style::EarlyCompletion) {
            carry_out(trans);
            delay += ns(30);
            return tlm::TLM_COMPLETED;
        }
        if (style == Style::UpdatedResponse) {
            carry_out(trans);
            phase = tlm::BEGIN_RESP;
            delay += ns(30);
            return tlm::TLM_UPDATED;
        }
        waiting.push_back(&trans);
        arrived.notify(sc_core::SC_ZERO_TIME);
        if (style == Style::FourPhases) {
            phase = tlm::END_REQ;
            return tlm::TLM_UPDATED;
        }
        return tlm::TLM_ACCEPTED;
    }
    void serve() {
        while (true) {
            while (waiting.empty()) {
                wait(arrived);
            }
            tlm::tlm_generic_payload& trans = *waiting.front();
            waiting.erase(waiting.begin());
            sc_time delay = sc_core::SC_ZERO_TIME;
            tlm::tlm_phase phase = tlm::END_REQ;
            wait(ns(20));
            if (style == Style::LateEndRequest) {
                socket->nb_transport_bw(trans, phase, delay);
                wait(ns(20));
            }
            carry_out(trans);
            phase = tlm::BEGIN_RESP;
            const auto status = socket->nb_transport_bw(trans, phase, delay);
            if (status == tlm::TLM_ACCEPTED) {
                wait(response_ended);
            }
        }
    }
    std::vector<tlm::tlm_generic_payload*> waiting;
    sc_core::sc_event arrived;
    sc_core::sc_event response_ended;
};

BusConfig bus_config(std::uint32_t initiators, std::uint32_t targets, const std::string& topology = "shared") {
    BusConfig config;
    config.topology = topology;
    config.initiators = initiators;
    config.targets = targets;
    for (std::uint32_t t = 0; t < targets; ++t) {
        config.map.push_back({0x10000ULL * (t + 1), 0x10000, t, 0, "target" + std::to_string(t)});
    }
    return config;
}

std::vector<std::uint8_t> count_up(std::size_t bytes) {
    std::vector<std::uint8_t> data(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        data[i] = static_cast<std::uint8_t>(i + 1);
    }
    return data;
}

const ClockDomain& clock_10ns() {
    static const ClockDomain* domain = new ClockDomain(10, sc_core::SC_NS);
    return *domain;
}

void expect_clean(const ProtocolMonitor& monitor) {
    EXPECT_EQ(monitor.violations(), 0U) << monitor.name();
    EXPECT_EQ(monitor.in_progress(), 0U) << monitor.name();
}

// One initiator, one foreign target, all phase styles on both sides: bytes, addresses, status, protocol.
void run_style(Style style, std::uint64_t late, bool blocking) {
    Interconnect bus("bus", clock_10ns(), bus_config(1, 1));
    Initiator initiator("initiator", blocking, late);
    Target target("target", style);
    ProtocolMonitor up("up");
    ProtocolMonitor down("down");
    initiator.socket.bind(up.target_socket);
    up.initiator_socket.bind(bus.target_sockets[0]);
    bus.initiator_sockets[0].bind(down.target_socket);
    down.initiator_socket.bind(target.socket);
    for (std::uint64_t i = 0; i < 6; ++i) {
        initiator.add(10 * i, tlm::TLM_WRITE_COMMAND, 0x10000 + 32 * i, count_up(32));
    }
    initiator.add(5000, tlm::TLM_READ_COMMAND, 0x10040, std::vector<std::uint8_t>(32));
    initiator.add(5003, tlm::TLM_READ_COMMAND, 0x10060, std::vector<std::uint8_t>(32));
    initiator.add(6000, tlm::TLM_READ_COMMAND, 0x50000, std::vector<std::uint8_t>(8));
    sc_core::sc_start(ns(20000));
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(initiator.items[i]->status, tlm::TLM_OK_RESPONSE) << i;
        EXPECT_EQ(initiator.items[i]->address_after, initiator.items[i]->address) << "the address is restored";
    }
    EXPECT_EQ(initiator.items[6]->data, count_up(32));
    EXPECT_EQ(initiator.items[7]->data, count_up(32));
    EXPECT_EQ(initiator.items[8]->status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    ASSERT_EQ(target.addresses.size(), 8U);
    EXPECT_EQ(target.addresses[1], 32U);
    EXPECT_EQ(bus.unexpected_calls(), 0U);
    EXPECT_EQ(bus.core().outstanding(), 0U);
    expect_clean(up);
    expect_clean(down);
}

SIM_TEST(ForeignModules, FourPhases) {
    run_style(Style::FourPhases, 0, false);
}
SIM_TEST(ForeignModules, FourPhasesLateEndResponse) {
    run_style(Style::FourPhases, 70, false);
}
SIM_TEST(ForeignModules, EarlyCompletion) {
    run_style(Style::EarlyCompletion, 0, false);
}
SIM_TEST(ForeignModules, EarlyCompletionLateEndResponse) {
    run_style(Style::EarlyCompletion, 35, false);
}
SIM_TEST(ForeignModules, UpdatedResponse) {
    run_style(Style::UpdatedResponse, 0, false);
}
SIM_TEST(ForeignModules, ResponseImpliesEndRequest) {
    run_style(Style::ResponseImpliesEndRequest, 0, false);
}
SIM_TEST(ForeignModules, LateEndRequest) {
    run_style(Style::LateEndRequest, 0, false);
}
SIM_TEST(ForeignModules, LateEndRequestLateEndResponse) {
    run_style(Style::LateEndRequest, 123, false);
}
SIM_TEST(ForeignModules, BlockingInitiatorBlockingTarget) {
    run_style(Style::Blocking, 0, true);
}
SIM_TEST(ForeignModules, NonBlockingInitiatorBlockingTarget) {
    run_style(Style::Blocking, 0, false);
}

// The stamps of a read and a write, uncontended, in nanoseconds.
std::vector<std::uint64_t> own_stamps(bool blocking, bool monitored, bool reversed) {
    BusConfig config = bus_config(2, 2, "crossbar");
    config.request_latency = 2;
    config.response_latency = 3;
    MemoryConfig slow;
    slow.size = 0x10000;
    slow.read_latency = 4;
    slow.write_latency = 2;
    slow.write_wait = 1;
    std::unique_ptr<Memory> first;
    std::unique_ptr<Memory> second;
    std::unique_ptr<Interconnect> bus;
    std::unique_ptr<Initiator> a;
    std::unique_ptr<Initiator> b;
    const auto build = [&](int part) {
        switch (part) {
            case 0:
                first = std::make_unique<Memory>("first", clock_10ns(), slow);
                break;
            case 1:
                second = std::make_unique<Memory>("second", clock_10ns(), slow);
                break;
            case 2:
                bus = std::make_unique<Interconnect>("bus", clock_10ns(), config);
                break;
            case 3:
                a = std::make_unique<Initiator>("a", blocking);
                break;
            default:
                b = std::make_unique<Initiator>("b", blocking);
                break;
        }
    };
    for (int part = 0; part < 5; ++part) {
        build(reversed ? 4 - part : part);
    }
    std::vector<std::unique_ptr<ProtocolMonitor>> monitors;
    const auto connect = [&](auto& from, auto& to) {
        if (!monitored) {
            from.bind(to);
            return;
        }
        monitors.push_back(std::make_unique<ProtocolMonitor>(("m" + std::to_string(monitors.size())).c_str()));
        from.bind(monitors.back()->target_socket);
        monitors.back()->initiator_socket.bind(to);
    };
    connect(a->socket, bus->target_sockets[0]);
    connect(b->socket, bus->target_sockets[1]);
    connect(bus->initiator_sockets[0], first->socket);
    connect(bus->initiator_sockets[1], second->socket);
    a->add(100, tlm::TLM_WRITE_COMMAND, 0x10010, count_up(32));
    a->add(500, tlm::TLM_READ_COMMAND, 0x10010, std::vector<std::uint8_t>(32));
    a->add(903, tlm::TLM_READ_COMMAND, 0x90000, std::vector<std::uint8_t>(8));
    if (!blocking) {
        // Contended: two initiators, one memory, both at once.
        for (int i = 0; i < 4; ++i) {
            a->add(2000, tlm::TLM_WRITE_COMMAND, 0x20000, count_up(40));
            b->add(2000, tlm::TLM_WRITE_COMMAND, 0x20100, count_up(40));
        }
    }
    sc_core::sc_start(ns(10000));
    EXPECT_EQ(a->items[1]->data, count_up(32));
    std::vector<std::uint64_t> stamps;
    for (const Initiator* initiator : {a.get(), b.get()}) {
        for (const auto& item : initiator->items) {
            stamps.push_back(item->response);
        }
    }
    for (const auto& monitor : monitors) {
        expect_clean(*monitor);
    }
    return stamps;
}

SIM_TEST(OwnModules, NonBlockingStamps) {
    const auto stamps = own_stamps(false, true, false);
    // Write: request 10, grant 12, beats 13, 15, 17, 19; response 20; handed over at 23.
    EXPECT_EQ(stamps.at(0), 230U);
    // Read: request 50, grant 52, first beat 56, handed over at 59.
    EXPECT_EQ(stamps.at(1), 590U);
    // Decode error: request 91 (rounded up), grant 93, answer 94, handed over at 97.
    EXPECT_EQ(stamps.at(2), 970U);
}
SIM_TEST(OwnModules, BlockingHasTheSameStamps) {
    const auto stamps = own_stamps(true, true, false);
    EXPECT_EQ(stamps.at(0), 230U);
    EXPECT_EQ(stamps.at(1), 590U);
    EXPECT_EQ(stamps.at(2), 970U);
}
const std::vector<std::uint64_t> kContended{230, 590, 970};

void expect_contended(const std::vector<std::uint64_t>& stamps) {
    ASSERT_EQ(stamps.size(), 11U);
    for (std::size_t i = 0; i < kContended.size(); ++i) {
        EXPECT_EQ(stamps[i], kContended[i]);
    }
    // Five beats of interval 2: a lane takes one burst every 10 cycles, alternating. Grant 202, last beat 211,
    // response 212, handed over at 215.
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(stamps[3 + i], 2150 + 200 * i);
        EXPECT_EQ(stamps[7 + i], 2250 + 200 * i);
    }
}
SIM_TEST(OwnModules, ContendedStamps) {
    expect_contended(own_stamps(false, true, false));
}
SIM_TEST(OwnModules, ContendedStampsConstructedTheOtherWayRound) {
    expect_contended(own_stamps(false, true, true));
}
SIM_TEST(OwnModules, ContendedStampsWithoutMonitors) {
    expect_contended(own_stamps(false, false, false));
}

SIM_TEST(OwnModules, AnyPayloadAndDebugAccesses) {
    Interconnect bus("bus", clock_10ns(), bus_config(1, 2));
    MemoryConfig config;
    config.size = 0x10000;
    Memory first("first", clock_10ns(), config);
    Memory second("second", clock_10ns(), config);
    Initiator initiator("initiator");
    ProtocolMonitor monitor("monitor");
    initiator.socket.bind(monitor.target_socket);
    monitor.initiator_socket.bind(bus.target_sockets[0]);
    test::Monitors monitors;
    monitors.connect(bus.initiator_sockets[0], first.socket);
    monitors.connect(bus.initiator_sockets[1], second.socket);
    auto& longest = initiator.add(0, tlm::TLM_WRITE_COMMAND, 0x10FF3, count_up(5000));
    auto& masked = initiator.add(9000, tlm::TLM_WRITE_COMMAND, 0x10000, count_up(8));
    masked.enables = {0xFF, 0};
    masked.trans->set_byte_enable_ptr(masked.enables.data());
    masked.trans->set_byte_enable_length(2);
    auto& fixed = initiator.add(10000, tlm::TLM_WRITE_COMMAND, 0x10100, count_up(16), 4);
    auto& crossing = initiator.add(11000, tlm::TLM_WRITE_COMMAND, 0x1FFFC, count_up(8));
    sc_core::sc_start(ns(20000));
    EXPECT_EQ(longest.status, tlm::TLM_OK_RESPONSE);
    std::vector<std::uint8_t> got(5000);
    EXPECT_TRUE(first.peek(0xFF3, got.data(), got.size()));
    EXPECT_EQ(got, count_up(5000));
    EXPECT_EQ(masked.status, tlm::TLM_OK_RESPONSE);
    EXPECT_TRUE(first.peek(0, got.data(), 8));
    got.resize(8);
    EXPECT_EQ(got, (std::vector<std::uint8_t>{1, 0, 3, 0, 5, 0, 7, 0}));
    EXPECT_EQ(fixed.status, tlm::TLM_BURST_ERROR_RESPONSE);
    EXPECT_EQ(crossing.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    expect_clean(monitor);

    // A debug access goes across both memories and ends where nothing is mapped.
    std::vector<std::uint8_t> debug = count_up(12);
    tlm::tlm_generic_payload trans;
    trans.set_command(tlm::TLM_WRITE_COMMAND);
    trans.set_address(0x1FFFA);
    trans.set_data_ptr(debug.data());
    trans.set_data_length(12);
    EXPECT_EQ(initiator.socket->transport_dbg(trans), 12U);
    EXPECT_TRUE(second.peek(0, got.data(), 6));
    EXPECT_EQ(got[0], 7);
    trans.set_address(0x2FFFC);
    EXPECT_EQ(initiator.socket->transport_dbg(trans), 4U);
    EXPECT_EQ(trans.get_address(), 0x2FFFCU);
}

SIM_TEST(OwnModules, DmiIsTranslatedClippedAndTakenBack) {
    BusConfig bus_configuration = bus_config(2, 1);
    bus_configuration.map[0] = {0x10800, 0x1000, 0, 0x800, "window"};
    bus_configuration.snooped = {false, true};
    Interconnect bus("bus", clock_10ns(), bus_configuration);
    MemoryConfig config;
    config.size = 0x10000;
    MemoryOptions options;
    options.dmi = true;
    Memory memory("memory", clock_10ns(), config, options);
    Initiator initiator("initiator");
    Initiator snooped("snooped");
    test::Monitors monitors;
    monitors.connect(initiator.socket, bus.target_sockets[0]);
    monitors.connect(snooped.socket, bus.target_sockets[1]);
    monitors.connect(bus.initiator_sockets[0], memory.socket);
    initiator.add(1000, tlm::TLM_WRITE_COMMAND, 0x10900, count_up(8));
    sc_core::sc_start(ns(500));
    tlm::tlm_generic_payload trans;
    trans.set_address(0x10900);
    tlm::tlm_dmi dmi;
    ASSERT_TRUE(initiator.socket->get_direct_mem_ptr(trans, dmi));
    EXPECT_EQ(dmi.get_start_address(), 0x10800U) << "the pointer begins before the window";
    EXPECT_EQ(dmi.get_end_address(), 0x117FFU) << "and ends after it";
    dmi.get_dmi_ptr()[0x100] = 0x77;
    std::uint8_t byte = 0;
    EXPECT_TRUE(memory.peek(0x900, &byte, 1));
    EXPECT_EQ(byte, 0x77);
    dmi.init();
    EXPECT_FALSE(snooped.socket->get_direct_mem_ptr(trans, dmi)) << "caches would not see it";
    EXPECT_TRUE(initiator.invalidated.empty());
    sc_core::sc_start(ns(1000));
    ASSERT_EQ(initiator.invalidated.size(), 1U) << "a timed burst has arrived";
    EXPECT_EQ(initiator.invalidated[0].first, 0x10800U);
    EXPECT_EQ(initiator.invalidated[0].second, 0x117FFU);
}

// A controller and a memory of ours that are wired to the bus, and foreign modules on either side that take their time.
struct Mixed final : sc_core::sc_module {
    Mixed(const sc_core::sc_module_name& name, std::uint64_t seed, bool lazy, bool transactions)
        : sc_module(name), random(seed) {
        BusConfig config = bus_config(3, 2, std::array<const char*, 3>{"shared", "crossbar", "simple"}[roll(3)]);
        config.queue_depth = static_cast<std::uint32_t>(1 + roll(3));
        config.response_latency = static_cast<std::uint32_t>(1 + roll(3));
        InterconnectOptions options;
        options.lazy = lazy;
        options.transactions = transactions;
        bus = std::make_unique<Interconnect>("bus", clock_10ns(), config, options);
        MemoryConfig memory_config;
        memory_config.size = 0x10000;
        memory_config.read_latency = static_cast<std::uint32_t>(1 + roll(4));
        memory_config.write_wait = static_cast<std::uint32_t>(roll(2));
        memory = std::make_unique<Memory>("memory", clock_10ns(), memory_config);
        dma = std::make_unique<DmaController>("dma", clock_10ns(), DmaControllerConfig{});
        target = std::make_unique<Target>("target", static_cast<Style>(roll(6)));
        late = std::make_unique<Initiator>("late", false, 5 + roll(80));
        prompt = std::make_unique<Initiator>("prompt", roll(2) == 0);
        host = std::make_unique<Initiator>("host", true);
        late->socket.bind(bus->target_sockets[0]);
        dma->memory.bind(bus->target_sockets[1]);
        prompt->socket.bind(bus->target_sockets[2]);
        bus->initiator_sockets[0].bind(memory->socket);
        bus->initiator_sockets[1].bind(target->socket);
        host->socket.bind(dma->registers);
        const auto bytes = count_up(200);
        memory->poke(0, bytes.data(), bytes.size());
        namespace reg = native::reg;
        write(0, reg::kSrcLo, 0x10000);
        write(0, reg::kDstLo, 0x20100);
        write(0, reg::kLength, 600);
        write(1, reg::kSrcLo, 0x20000);
        write(1, reg::kDstLo, 0x11000);
        write(1, reg::kLength, 600);
        write(0, reg::kControl, native::control::kStart);
        write(1, reg::kControl, native::control::kStart);
        for (Initiator* initiator : {late.get(), prompt.get()}) {
            std::uint64_t at = 0;
            for (int n = 0; n < 24; ++n) {
                // Many at one time: answers of both directions come together.
                at += roll(3) == 0 ? roll(150) : 0;
                const auto command = roll(2) == 0 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND;
                // The one shares bytes with the controller, the other does not: what a b_transport sees of a burst
                // of the same time depends on the order of the calls.
                const std::uint64_t own = initiator == late.get() ? 0 : 0x3000;
                const std::uint64_t address = 0x10000 + 0x10000 * roll(2) + own + 8 * roll(16);
                initiator->add(at, command, address, count_up(1 + roll(32)));
            }
        }
    }

    std::uint64_t roll(std::uint64_t sides) { return random() % sides; }

    void write(unsigned channel, std::uint32_t offset, std::uint32_t value) {
        std::vector<std::uint8_t> bytes(4);
        std::memcpy(bytes.data(), &value, 4);
        host->add(0, tlm::TLM_WRITE_COMMAND, native::channel_register(channel, offset), bytes);
    }

    std::string outcome() {
        std::string text;
        for (const Initiator* initiator : {late.get(), prompt.get(), host.get()}) {
            for (const auto& item : initiator->items) {
                text += std::to_string(item->response) + (item->command == tlm::TLM_READ_COMMAND ? " read" : " write") +
                        " status " + std::to_string(item->status);
                for (const std::uint8_t byte : item->data) {
                    text += " " + std::to_string(byte);
                }
                text += "\n";
            }
        }
        for (const std::uint64_t address : target->addresses) {
            text += " " + std::to_string(address);
        }
        for (const auto& [address, byte] : target->bytes) {
            text += " " + std::to_string(address) + ":" + std::to_string(byte);
        }
        return text + "\nmemory " + std::to_string(memory->hash()) + " outstanding " +
               std::to_string(bus->core().outstanding()) + " unexpected " + std::to_string(bus->unexpected_calls());
    }

    std::mt19937_64 random;
    std::unique_ptr<Interconnect> bus;
    std::unique_ptr<Memory> memory;
    std::unique_ptr<DmaController> dma;
    std::unique_ptr<Target> target;
    std::unique_ptr<Initiator> late;
    std::unique_ptr<Initiator> prompt;
    std::unique_ptr<Initiator> host;
};

SIM_TEST(ForeignModules, DoNotNoticeWhatIsWired) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::vector<std::array<std::unique_ptr<Mixed>, 3>> platforms(60);
    for (std::size_t n = 0; n < platforms.size(); ++n) {
        for (std::size_t way = 0; way < 3; ++way) {
            platforms[n][way] = std::make_unique<Mixed>(("p" + std::to_string(n) + "_" + std::to_string(way)).c_str(),
                                                        seed + n, way == 2, way == 0);
        }
    }
    sc_core::sc_start(ns(100'000));
    for (std::size_t n = 0; n < platforms.size(); ++n) {
        EXPECT_FALSE(platforms[n][0]->dma->in_island() || platforms[n][0]->memory->in_island());
        EXPECT_TRUE(platforms[n][1]->dma->in_island() && platforms[n][1]->memory->in_island());
        EXPECT_TRUE(platforms[n][2]->dma->in_island() && platforms[n][2]->memory->in_island());
        const std::string transactions = platforms[n][0]->outcome();
        ASSERT_EQ(platforms[n][1]->outcome(), transactions) << "platform " << n;
        ASSERT_EQ(platforms[n][2]->outcome(), transactions) << "platform " << n << ", lazy";
        for (const Initiator* initiator : {platforms[n][1]->late.get(), platforms[n][1]->prompt.get()}) {
            for (const auto& item : initiator->items) {
                ASSERT_NE(item->response, 0U) << "platform " << n;
            }
        }
    }
}

}  // namespace
}  // namespace dmasim
