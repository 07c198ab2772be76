// SPDX-License-Identifier: Apache-2.0
//
// What the drivers of an interconnect differ in (docs/lazy-islands.md); that they agree is for the differential tests.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>

#include <fmt/format.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/tlm/dma_controller.h"

#include "support/sim_test.h"
#include "support/word_access.h"

namespace dmasim {
namespace {

enum class Way : std::uint8_t { Events, Transactions, Lazy };

InterconnectOptions options_of(Way way) {
    InterconnectOptions options;
    options.lazy = way == Way::Lazy;
    options.transactions = way == Way::Transactions;
    return options;
}

BusConfig bus_config() {
    BusConfig config;
    config.initiators = 1;
    config.targets = 1;
    config.map = {{0, 0x10000, 0, 0, "memory"}};
    return config;
}

MemoryConfig memory_config() {
    MemoryConfig config;
    config.size = 0x10000;
    config.read_wait = 1;
    return config;
}

/// Notes each event, and when it came.
struct Notes final : TraceSink {
    void event(const TraceEvent& event) override {
        lines[event.source].push_back(fmt::format("{} for edge {} of {:#x} at {}", static_cast<int>(event.kind),
                                                  event.at.count(), event.address,
                                                  sc_core::sc_time_stamp().to_string()));
    }
    std::vector<std::vector<std::string>> lines{3};
};

/// A controller that copies 2 KiB. Its sockets are bound directly, without a monitor: what is behind one has no island.
struct Copier final : sc_core::sc_module {
    Copier(const sc_core::sc_module_name& name, Way way) : sc_module(name), clock(10, sc_core::SC_NS) {
        InterconnectOptions bus_options = options_of(way);
        bus_options.sink = &notes;
        bus_options.source = 1;
        bus = std::make_unique<Interconnect>("bus", clock, bus_config(), bus_options);
        MemoryOptions memory_options;
        memory_options.sink = &notes;
        memory_options.source = 2;
        memory = std::make_unique<Memory>("memory", clock, memory_config(), memory_options);
        dma = std::make_unique<DmaController>("dma", clock, DmaControllerConfig{}, &notes);
        dma->memory.bind(bus->target_sockets[0]);
        bus->initiator_sockets[0].bind(memory->socket);
        host.bind(dma->registers);
        SC_HAS_PROCESS(Copier);
        SC_THREAD(program);
    }

    void program() {
        namespace reg = native::reg;
        set(reg::kSrcLo, 0x100);
        set(reg::kDstLo, 0x4000);
        set(reg::kLength, 2048);
        wait(sc_core::sc_time(95, sc_core::SC_NS));
        set(reg::kControl, native::control::kStart);
    }

    void set(std::uint32_t offset, std::uint32_t value) {
        test::access_word(host, tlm::TLM_WRITE_COMMAND, native::channel_register(0, offset), value);
    }

    ClockDomain clock;
    Notes notes;
    std::unique_ptr<Interconnect> bus;
    std::unique_ptr<Memory> memory;
    std::unique_ptr<DmaController> dma;
    tlm_utils::simple_initiator_socket<Copier> host{"host"};
};

SIM_TEST(Drivers, EventsComeAtTheirTimeWithAndWithoutTransactions) {
    Copier wired("wired", Way::Events);
    Copier over_sockets("over_sockets", Way::Transactions);
    Copier lazy("lazy", Way::Lazy);
    sc_core::sc_start(sc_core::sc_time(20, sc_core::SC_US));
    EXPECT_TRUE(wired.dma->in_island() && wired.memory->in_island());
    EXPECT_FALSE(over_sockets.dma->in_island() || over_sockets.memory->in_island());
    EXPECT_TRUE(lazy.dma->in_island() && lazy.memory->in_island());
    lazy.bus->catch_up();
    for (std::size_t source = 0; source < 3; ++source) {
        // Within one time the order of the calls means nothing.
        for (Copier* one : {&wired, &over_sockets, &lazy}) {
            std::sort(one->notes.lines[source].begin(), one->notes.lines[source].end());
        }
        EXPECT_GT(wired.notes.lines[source].size(), 16U) << "source " << source;
        EXPECT_EQ(wired.notes.lines[source], over_sockets.notes.lines[source]) << "source " << source;
        EXPECT_EQ(lazy.notes.lines[source].size(), wired.notes.lines[source].size()) << "source " << source;
        EXPECT_NE(lazy.notes.lines[source], wired.notes.lines[source]) << "an island that waits is late";
    }
    EXPECT_EQ(wired.memory->hash(), over_sockets.memory->hash());
    EXPECT_EQ(wired.memory->hash(), lazy.memory->hash());
}

/// Asks for a pointer.
struct Pointing final : sc_core::sc_module {
    explicit Pointing(const sc_core::sc_module_name& name) : sc_module(name) {}
    bool granted() {
        tlm::tlm_generic_payload trans;
        tlm::tlm_dmi dmi;
        return socket->get_direct_mem_ptr(trans, dmi);
    }
    tlm_utils::simple_initiator_socket<Pointing> socket{"socket"};
};

SIM_TEST(Drivers, PointersAreRefusedByLazyIslandsOnly) {
    const ClockDomain clock(10, sc_core::SC_NS);
    const std::vector<Way> ways{Way::Events, Way::Transactions, Way::Lazy};
    std::vector<std::unique_ptr<Interconnect>> buses;
    std::vector<std::unique_ptr<Memory>> memories;
    std::vector<std::unique_ptr<Pointing>> initiators;
    for (const Way way : ways) {
        const auto number = std::to_string(static_cast<int>(way));
        buses.push_back(std::make_unique<Interconnect>(("bus" + number).c_str(), clock, bus_config(), options_of(way)));
        MemoryOptions options;
        options.dmi = true;
        memories.push_back(std::make_unique<Memory>(("memory" + number).c_str(), clock, memory_config(), options));
        initiators.push_back(std::make_unique<Pointing>(("initiator" + number).c_str()));
        initiators.back()->socket.bind(buses.back()->target_sockets[0]);
        buses.back()->initiator_sockets[0].bind(memories.back()->socket);
    }
    sc_core::sc_start(sc_core::sc_time(100, sc_core::SC_NS));
    for (std::size_t n = 0; n < ways.size(); ++n) {
        EXPECT_EQ(initiators[n]->granted(), ways[n] != Way::Lazy) << n;
        EXPECT_EQ(memories[n]->in_island(), ways[n] == Way::Lazy) << n;
    }
}

/// A controller, a bus and a memory, each with its own idea of clock and width.
struct Pair final : sc_core::sc_module {
    Pair(const sc_core::sc_module_name& name, Way way, unsigned master_ns, unsigned memory_ns, unsigned master_bits,
         unsigned memory_bits, bool foreign)
        : sc_module(name) {
        InterconnectOptions options = options_of(way);
        options.foreign = {foreign};
        bus = std::make_unique<Interconnect>("bus", ClockDomain(10, sc_core::SC_NS), bus_config(), options);
        MemoryConfig config = memory_config();
        config.data_width_bits = memory_bits;
        memory = std::make_unique<Memory>("memory", ClockDomain(memory_ns, sc_core::SC_NS), config);
        DmaControllerConfig dma_config;
        dma_config.dma.data_width_bits = master_bits;
        dma = std::make_unique<DmaController>("dma", ClockDomain(master_ns, sc_core::SC_NS), dma_config);
        dma->memory.bind(bus->target_sockets[0]);
        bus->initiator_sockets[0].bind(memory->socket);
        host.bind(dma->registers);
    }
    std::unique_ptr<Interconnect> bus;
    std::unique_ptr<Memory> memory;
    std::unique_ptr<DmaController> dma;
    tlm_utils::simple_initiator_socket<Pair> host{"host"};
};

SIM_TEST(Drivers, WhoHasAnotherClockOrWidthOrIsTakenForForeignStaysOutside) {
    std::vector<std::unique_ptr<Pair>> pairs;
    std::vector<std::pair<bool, bool>> joined;
    const auto add = [&](unsigned master_ns, unsigned memory_ns, unsigned master_bits, unsigned memory_bits,
                         bool foreign, bool master_joins, bool memory_joins) {
        for (const Way way : {Way::Events, Way::Lazy}) {
            pairs.push_back(std::make_unique<Pair>(("pair" + std::to_string(pairs.size())).c_str(), way, master_ns,
                                                   memory_ns, master_bits, memory_bits, foreign));
            joined.emplace_back(master_joins, memory_joins);
        }
    };
    add(10, 10, 64, 64, false, true, true);
    add(20, 10, 64, 64, false, false, true);
    add(10, 20, 64, 64, false, true, false);
    add(10, 10, 32, 64, false, false, true);
    add(10, 10, 64, 32, false, true, false);
    add(10, 10, 64, 64, true, true, false);
    sc_core::sc_start(sc_core::sc_time(10, sc_core::SC_NS));
    for (std::size_t n = 0; n < pairs.size(); ++n) {
        EXPECT_EQ(pairs[n]->dma->in_island(), joined[n].first) << n;
        EXPECT_EQ(pairs[n]->memory->in_island(), joined[n].second) << n;
    }
}

SIM_TEST(Drivers, AnIslandCarriesNoTransactions) {
    InterconnectOptions options;
    options.lazy = true;
    options.transactions = true;
    EXPECT_THROW(Interconnect("bus", ClockDomain(10, sc_core::SC_NS), bus_config(), options), ConfigError);
}

}  // namespace
}  // namespace dmasim
