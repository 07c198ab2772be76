// SPDX-License-Identifier: Apache-2.0
//
// Each rule of docs/timing.md, "Bus", with numbers worked out by hand.
#include "dmasim/bus/core/bus_core.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/bus/core/island.h"
#include "dmasim/model/errors.h"

#include "unit/bus/bus_fixture.h"

namespace dmasim {
namespace {

using test::ManualTarget;
using test::Outcome;
using test::ScriptedMaster;

BusConfig config_of(const std::string& topology, std::uint32_t initiators, std::uint32_t targets = 1) {
    BusConfig config;
    config.topology = topology;
    config.initiators = initiators;
    config.targets = targets;
    for (std::uint32_t t = 0; t < targets; ++t) {
        config.map.push_back({t * 0x10000ULL, 0x10000, t, 0, "ram" + std::to_string(t)});
    }
    return config;
}

// Masters on a bus with memories.
struct System {
    explicit System(const BusConfig& config, const MemoryConfig& memory = {})
        : cores(config, std::vector<MemoryConfig>(config.targets, memory)) {
        for (std::uint32_t i = 0; i < config.initiators; ++i) {
            masters.push_back(std::make_unique<ScriptedMaster>());
            masters.back()->attach(cores.connect(i, *masters.back()));
            cores.add(*masters.back());
        }
    }
    ScriptedMaster& operator[](std::size_t i) { return *masters.at(i); }
    std::uint64_t response(std::size_t master, std::uint32_t tag) { return masters[master]->outcome(tag).response; }

    CoreSystem cores;
    std::vector<std::unique_ptr<ScriptedMaster>> masters;
};

// One master and one target that the test plays.
struct Manual {
    explicit Manual(const BusConfig& config, std::uint32_t write_interval) : bus(config) {
        for (std::uint32_t i = 0; i < config.initiators; ++i) {
            masters.push_back(std::make_unique<ScriptedMaster>());
            bus.bind_initiator(i, *masters.back());
            masters.back()->attach(bus.initiator_port(i));
        }
        for (std::uint32_t t = 0; t < config.targets; ++t) {
            targets.push_back(std::make_unique<ManualTarget>());
            targets.back()->attach(bus.target_side(t));
            bus.bind_target(t, *targets.back(), TargetTraits{write_interval});
        }
    }
    // Evaluates every edge before `now`.
    void to(std::uint64_t now) {
        while (true) {
            Cycles next = bus.next_edge();
            for (const auto& master : masters) {
                next = std::min(next, master->next_edge());
            }
            if (next >= Cycles{now}) {
                return;
            }
            if (bus.next_edge() == next) {
                bus.evaluate(next);
            }
            for (const auto& master : masters) {
                if (master->next_edge() == next) {
                    master->evaluate(next);
                }
            }
        }
    }
    BusCore bus;
    std::vector<std::unique_ptr<ScriptedMaster>> masters;
    std::vector<std::unique_ptr<ManualTarget>> targets;
};

TEST(BusCore, UncontendedReadAndWriteOnEveryTopology) {
    for (const std::string topology : {"shared", "crossbar", "simple"}) {
        for (const std::uint32_t request : {1U, 3U}) {
            for (const std::uint32_t response : {1U, 4U}) {
                SCOPED_TRACE(topology + " " + std::to_string(request) + " " + std::to_string(response));
                BusConfig config = config_of(topology, 1);
                config.request_latency = request;
                config.response_latency = response;
                MemoryConfig memory;
                memory.read_latency = 5;
                memory.write_latency = 2;
                System system(config, memory);
                system[0].read(0x100, 32, 10);
                system[0].write(0x200, 32, 100);
                system.cores.run();
                EXPECT_EQ(system[0].outcome(0).accepted, 10U);
                EXPECT_EQ(system.response(0, 0), 10 + request + 5 + response);
                EXPECT_EQ(system.response(0, 1), 100 + request + 4 + 1 + response);
            }
        }
    }
}

TEST(BusCore, B1QueuesTakeTheirDepthAndAPlaceIsFreeFromTheGrantOn) {
    BusConfig config = config_of("shared", 1);
    config.queue_depth = 2;
    config.request_latency = 6;
    System system(config);
    for (int i = 0; i < 4; ++i) {
        system[0].read(0, 8, 0);
    }
    system[0].write(0, 8, 0);
    system.cores.run();
    EXPECT_EQ(system[0].outcome(0).accepted, 0U);
    EXPECT_EQ(system[0].outcome(1).accepted, 1U);
    EXPECT_EQ(system[0].outcome(2).requested, 2U);
    EXPECT_EQ(system[0].outcome(2).accepted, 6U) << "the first grant is at 6";
    EXPECT_EQ(system[0].outcome(3).accepted, 7U);
    EXPECT_EQ(system[0].outcome(4).accepted, 0U) << "the write queue is another one";
    // A request that had to wait counts from its acceptance: 6 + 6, then memory and way back.
    EXPECT_EQ(system.response(0, 1), 7U + 2);
    EXPECT_EQ(system.response(0, 2), 12U + 2);
    EXPECT_EQ(system.response(0, 3), 13U + 2);
}

TEST(BusCore, B1ARequestAtTheEdgeOfTheGrantFindsThePlace) {
    for (const bool master_first : {false, true}) {
        BusConfig config = config_of("shared", 1);
        config.queue_depth = 1;
        config.request_latency = 3;
        System system(config);
        system.cores.set_order(master_first ? std::vector<std::size_t>{2, 1, 0} : std::vector<std::size_t>{0, 1, 2});
        system[0].read(0, 8, 0);
        system[0].read(0, 8, 3);
        system.cores.run();
        EXPECT_EQ(system[0].outcome(1).accepted, 3U);
        EXPECT_EQ(system.response(0, 1), 3U + 3 + 2);
    }
}

TEST(BusCore, B3OneReadAnEdgeAndWritesForTheirBeats) {
    BusConfig config = config_of("shared", 2);
    MemoryConfig memory;
    memory.write_wait = 1;
    System system(config, memory);
    system[0].read(0, 8, 0);
    system[1].read(0, 8, 0);
    system[0].write(0, 32, 20);
    system[1].write(0, 8, 20);
    system.cores.run();
    EXPECT_EQ(system.response(0, 0), 3U);
    EXPECT_EQ(system.response(1, 0), 4U);
    // Grant at 21, four beats with interval 2: 22, 24, 26, 28; lane free at 29, beat at 30.
    EXPECT_EQ(system.response(0, 1), 29U);
    EXPECT_EQ(system.response(1, 1), 31U);
}

TEST(BusCore, B2CrossbarLanesAreApartAndSharedOnesAreNot) {
    for (const std::string topology : {"shared", "crossbar"}) {
        System system(config_of(topology, 2, 2));
        system[0].write(0x0, 64, 0);
        system[1].write(0x10000, 64, 0);
        system.cores.run();
        EXPECT_EQ(system.response(0, 0), 10U);
        EXPECT_EQ(system.response(1, 0), topology == "shared" ? 18U : 10U);
    }
}

TEST(BusCore, B3AQueueGivesOneRequestAnEdgeEvenToSeveralLanes) {
    System system(config_of("crossbar", 1, 2));
    system[0].read(0x0, 8, 0);
    system[0].read(0x10000, 8, 1);
    system.cores.run();
    EXPECT_EQ(system.response(0, 0), 3U);
    EXPECT_EQ(system.response(0, 1), 4U);
    BusConfig slow = config_of("crossbar", 1, 2);
    slow.request_latency = 5;
    Manual manual(slow, 1);
    manual.masters[0]->read(0x10000, 8, 0);
    manual.masters[0]->read(0x0, 8, 1);
    manual.to(100);
    EXPECT_EQ(manual.targets[1]->requests.at(0).at, 5U);
    EXPECT_EQ(manual.targets[0]->requests.at(0).at, 6U);
}

TEST(BusCore, B3MaxOutstandingFromBothSides) {
    BusConfig config = config_of("shared", 1);
    config.max_outstanding = 2;
    Manual manual(config, 1);
    for (int i = 0; i < 3; ++i) {
        manual.masters[0]->read(0, 8, 0);
    }
    manual.masters[0]->write(0, 8, 3);
    manual.to(50);
    ASSERT_EQ(manual.targets[0]->requests.size(), 3U) << "two reads and the write, which is counted apart";
    manual.targets[0]->bus().read_data(manual.targets[0]->requests[0].burst.tag, Cycles{60}, 1, Response::Ok);
    manual.to(200);
    // Handed over at 61, so there is room from 62 on.
    EXPECT_EQ(manual.masters[0]->outcome(0).response, 61U);
    ASSERT_EQ(manual.targets[0]->requests.size(), 4U);
    EXPECT_EQ(manual.targets[0]->requests[3].at, 62U);
}

TEST(BusCore, B3SimpleBusTakesOneAtATimeAndTheOlderHead) {
    System system(config_of("simple", 1));
    system[0].read(0, 32, 1);   // Grant 2, first 4, last 7.
    system[0].write(0, 16, 0);  // Grant 1: beats 2, 3; response 3, handed over at 4; free at 5.
    system.cores.run();
    EXPECT_EQ(system.response(0, 1), 4U);
    EXPECT_EQ(system.response(0, 0), 5U + 1 + 1);

    System equal(config_of("simple", 1));
    equal[0].read(0, 32, 0);
    equal[0].write(0, 8, 0);
    equal.cores.run();
    EXPECT_EQ(equal.response(0, 1), 3U) << "the write first if the stamps are equal";
    EXPECT_EQ(equal.response(0, 0), 4U + 2);

    System busy(config_of("simple", 2));
    busy[0].read(0, 32, 0);  // First 3, last 6: free at 7.
    busy[1].read(0, 8, 0);
    busy.cores.run();
    EXPECT_EQ(busy.response(0, 0), 3U);
    EXPECT_EQ(busy.response(1, 0), 9U);
}

TEST(BusCore, B4ResponsesInOrderOfTheInitiatorAndDirection) {
    Manual manual(config_of("crossbar", 1, 2), 1);
    manual.masters[0]->read(0x0, 8, 0);
    manual.masters[0]->read(0x10000, 8, 1);
    manual.masters[0]->write(0x0, 8, 1);
    manual.to(10);
    manual.targets[1]->bus().read_data(manual.targets[1]->requests[0].burst.tag, Cycles{10}, 1, Response::Ok);
    manual.targets[0]->bus().write_response(manual.targets[0]->requests[1].burst.tag, Cycles{10}, Response::Ok);
    manual.to(30);
    EXPECT_EQ(manual.masters[0]->outcome(1).responses, 0) << "not before the read that is older";
    EXPECT_EQ(manual.masters[0]->outcome(2).response, 11U) << "the other direction does not wait";
    manual.targets[0]->bus().read_data(manual.targets[0]->requests[0].burst.tag, Cycles{30}, 2, Response::GenericError);
    manual.to(60);
    EXPECT_EQ(manual.masters[0]->outcome(0).response, 31U);
    EXPECT_EQ(manual.masters[0]->outcome(0).interval, 2U);
    EXPECT_EQ(manual.masters[0]->outcome(0).status, Response::GenericError);
    EXPECT_EQ(manual.masters[0]->outcome(1).response, 33U) << "one beat of interval 2 holds the lane until 33";
}

TEST(BusCore, B4TheOneGrantedFirstGoesFirst) {
    Manual manual(config_of("shared", 3), 1);
    manual.masters[2]->read(0, 8, 0);
    manual.masters[1]->read(0, 8, 1);
    manual.masters[0]->read(0, 16, 2);
    manual.to(10);
    auto& target = *manual.targets[0];
    for (int i = 2; i >= 0; --i) {
        target.bus().read_data(target.requests[static_cast<std::size_t>(i)].burst.tag, Cycles{20}, 1, Response::Ok);
    }
    manual.to(60);
    EXPECT_EQ(manual.masters[2]->outcome(0).response, 21U);
    EXPECT_EQ(manual.masters[1]->outcome(0).response, 22U);
    EXPECT_EQ(manual.masters[0]->outcome(0).response, 23U);
}

TEST(BusCore, B4ResponsesAnnouncedInAdvance) {
    Manual manual(config_of("shared", 1), 1);
    manual.targets[0]->on_request = [](BurstMaster& bus, const Burst& burst, Cycles at) {
        bus.accepted(burst.tag, at);
        bus.read_data(burst.tag, at + 100, 1, Response::Ok);
    };
    manual.masters[0]->read(0, 8, 0);
    manual.to(102);
    EXPECT_EQ(manual.masters[0]->outcome(0).responses, 0);
    manual.to(103);
    EXPECT_EQ(manual.masters[0]->outcome(0).response, 102U);
}

TEST(BusCore, B5DecodeErrors) {
    for (const std::string topology : {"shared", "crossbar", "simple"}) {
        SCOPED_TRACE(topology);
        System system(config_of(topology, 2));
        system[0].read(0x20000, 32, 0);
        system[0].write(0x20000, 32, 20);
        system[1].write(0xFFFC, 8, 40);  // Out of the only target.
        system.cores.run();
        EXPECT_EQ(system[0].outcome(0).status, Response::AddressError);
        EXPECT_EQ(system.response(0, 0), 3U) << "grant 1, answer 2";
        EXPECT_EQ(system.response(0, 1), 26U) << "grant 21, last beat 25";
        EXPECT_EQ(system[1].outcome(0).status, Response::AddressError);
        EXPECT_EQ(system.response(1, 0), 44U);
    }
}

TEST(BusCore, B5DecodeErrorsHaveALaneOfTheirOwnAndKeepTheOrder) {
    System system(config_of("shared", 2));
    system[0].write(0x20000, 64, 0);
    system[1].write(0x0, 8, 0);
    system[0].write(0x0, 8, 0);
    system.cores.run();
    EXPECT_EQ(system.response(1, 0), 3U) << "not behind the eight beats of the failing write";
    EXPECT_EQ(system.response(0, 0), 10U);
    EXPECT_EQ(system.response(0, 1), 11U) << "in order";
}

TEST(BusCore, ForeignTargetsGetOneRequestAtATime) {
    BusConfig config = config_of("shared", 1);
    Manual manual(config, 0);
    manual.masters[0]->read(0, 8, 0);
    manual.masters[0]->write(0, 32, 0);
    manual.masters[0]->write(0, 32, 0);
    manual.to(10);
    auto& target = *manual.targets[0];
    ASSERT_EQ(target.requests.size(), 1U);
    EXPECT_EQ(target.requests[0].burst.access, Access::Read) << "the read lane goes first";
    target.bus().accepted(target.requests[0].burst.tag, Cycles{10});
    manual.to(20);
    ASSERT_EQ(target.requests.size(), 2U);
    EXPECT_EQ(target.requests[1].at, 11U);
    target.bus().accepted(target.requests[1].burst.tag, Cycles{12});
    manual.to(40);
    ASSERT_EQ(target.requests.size(), 3U);
    EXPECT_EQ(target.requests[2].at, 15U) << "not before its four beats";
    // The response implies the acceptance.
    target.bus().write_response(target.requests[2].burst.tag, Cycles{40}, Response::Ok);
    target.bus().write_response(target.requests[1].burst.tag, Cycles{41}, Response::Ok);
    target.bus().read_data(target.requests[0].burst.tag, Cycles{41}, 1, Response::Ok);
    manual.to(60);
    EXPECT_EQ(manual.masters[0]->outcome(1).response, 42U);
    EXPECT_EQ(manual.masters[0]->outcome(2).response, 43U);
    EXPECT_EQ(manual.bus.outstanding(), 0U);
}

// An initiator that takes its responses late.
class LateMaster final : public BurstMaster {
  public:
    explicit LateMaster(BusCore& bus) : bus_(bus) {}
    void accepted(std::uint32_t, Cycles) override {}
    void read_data(std::uint32_t, Cycles first, std::uint32_t, Response) override { take(first); }
    void write_response(std::uint32_t, Cycles at, Response) override { take(at); }
    std::vector<std::uint64_t> responses;

  private:
    void take(Cycles at) {
        responses.push_back(at.count());
        bus_.stall_responses(0);
    }
    BusCore& bus_;
};

TEST(BusCore, AStalledInitiatorHoldsItsReturnLaneOnly) {
    for (const std::string topology : {"shared", "crossbar", "simple"}) {
        SCOPED_TRACE(topology);
        BusCore bus(config_of(topology, 2));
        MemoryCore memory{MemoryConfig{}};
        memory.bind(bus.target_side(0));
        bus.bind_target(0, memory, TargetTraits{1});
        LateMaster late(bus);
        ScriptedMaster other;
        bus.bind_initiator(0, late);
        bus.bind_initiator(1, other);
        other.attach(bus.initiator_port(1));
        std::vector<std::uint8_t> data(64);
        const auto run = [&](std::uint64_t end) {
            while (true) {
                const Cycles next = std::min({bus.next_edge(), memory.next_edge(), other.next_edge()});
                if (next >= Cycles{end}) {
                    return;
                }
                for (Clocked* block :
                     {static_cast<Clocked*>(&other), static_cast<Clocked*>(&memory), static_cast<Clocked*>(&bus)}) {
                    if (block->next_edge() == next) {
                        block->evaluate(next);
                    }
                }
            }
        };
        Burst burst;
        burst.bytes = 8;
        burst.data = data.data();
        bus.initiator_port(0).request(burst, Cycles{0});
        burst.access = Access::Write;
        burst.tag = 1;
        bus.initiator_port(0).request(burst, Cycles{2});
        other.read(0, 8, 2);
        run(50);
        EXPECT_EQ(late.responses, (std::vector<std::uint64_t>{3})) << "the write's response waits as well";
        if (topology == "crossbar") {
            EXPECT_EQ(other.outcome(0).response, 5U);
        } else {
            EXPECT_EQ(other.outcome(0).responses, 0) << "the lane is held";
        }
        bus.resume_responses(0, Cycles{50});
        run(100);
        ASSERT_EQ(late.responses.size(), 2U);
        if (topology == "simple") {
            EXPECT_GT(late.responses[1], 51U);
        } else {
            EXPECT_EQ(late.responses[1], 51U);
        }
        bus.resume_responses(0, Cycles{100});
        run(200);
        EXPECT_EQ(other.outcome(0).responses, 1);
        if (topology == "shared") {
            EXPECT_EQ(other.outcome(0).response, 51U);
        }
        EXPECT_EQ(bus.outstanding(), 0U);
    }
}

// A cache that answers after some cycles and overlays one byte.
class FakeCache final : public SnoopPort {
  public:
    explicit FakeCache(std::uint64_t cycles) : cycles_(cycles) {}
    void snoop(SnoopMaster& master, unsigned cache, std::uint64_t id, const Burst& burst, Cycles at) override {
        seen.push_back({burst, at.count()});
        if (burst.access == Access::Read) {
            burst.data[0] = 0xCC;
        }
        master.snooped(cache, id, at + cycles_);
    }
    std::vector<ManualTarget::Request> seen;

  private:
    std::uint64_t cycles_;
};

TEST(BusCore, B6SnoopsAreOrderedWhereTheAnswerMeetsTheBus) {
    for (const std::uint64_t slow : {1U, 5U}) {
        BusConfig config = config_of("shared", 2);
        config.map[0].base = 0x4000;
        config.snooped = {true};
        Manual manual(config, 1);
        FakeCache fast(1);
        FakeCache second(slow);
        manual.bus.add_cache(fast);
        manual.bus.add_cache(second);
        manual.masters[0]->read(0x4010, 8, 0);
        manual.masters[1]->read(0x4020, 8, 0);
        manual.masters[0]->write(0x4030, 8, 0);
        manual.masters[0]->read(0x4040, 8, 40);
        manual.to(10);
        auto& target = *manual.targets[0];
        ASSERT_EQ(target.requests.size(), 3U);
        // Announced in advance: the snoop is handed out at 21 nevertheless.
        for (const auto& request : target.requests) {
            if (request.burst.access == Access::Read) {
                target.bus().read_data(request.burst.tag, Cycles{20}, 1, Response::Ok);
            } else {
                target.bus().write_response(request.burst.tag, Cycles{30}, Response::Ok);
            }
        }
        manual.to(20);
        // An edge without work of its own, as any other burst would cause one.
        manual.bus.evaluate(Cycles{20});
        EXPECT_TRUE(fast.seen.empty()) << "not at the stamp of the answer";
        manual.to(40);
        ASSERT_EQ(fast.seen.size(), 2U) << "the other initiator is not snooped";
        EXPECT_EQ(fast.seen[0].at, 21U);
        EXPECT_EQ(fast.seen[0].burst.address, 0x4010U) << "as the initiators see it";
        EXPECT_EQ(fast.seen[1].at, 31U);
        EXPECT_EQ(manual.masters[0]->outcome(0).response, 21 + slow + 1);
        EXPECT_EQ(manual.masters[0]->data(0)[0], 0xCC);
        EXPECT_EQ(manual.masters[1]->outcome(0).response, 21U) << "and does not wait";
        EXPECT_EQ(manual.masters[0]->outcome(2 - 1).response, 31 + slow + 1);
        manual.to(50);
        ASSERT_EQ(target.requests.size(), 4U);
        target.bus().read_data(target.requests[3].burst.tag, Cycles{60}, 1, Response::GenericError);
        manual.to(80);
        EXPECT_EQ(fast.seen.size(), 2U) << "errors are not snooped";
        EXPECT_EQ(manual.masters[0]->outcome(2).response, 61U);
    }
}

TEST(BusCore, CarriesBurstsThatCross4KiBOrAreLongerThan256Beats) {
    System system(config_of("shared", 1));
    system[0].write(0xFF8, 4104, 0);
    system.cores.run();
    EXPECT_EQ(system[0].outcome(0).status, Response::Ok);
    EXPECT_EQ(system.response(0, 0), 1U + 513 + 1);
}

TEST(BusCore, RefusesABadConfiguration) {
    BusConfig config = config_of("shared", 1);
    config.map.push_back({0x8, 8, 0, 0, "twin"});
    EXPECT_THROW(BusCore{config}, ConfigError);
    EXPECT_THROW(CoreSystem(config_of("shared", 1), std::vector<MemoryConfig>(2)), ConfigError);
    MemoryConfig wide;
    wide.data_width_bits = 128;
    EXPECT_THROW(CoreSystem(config_of("shared", 1), {wide}), ConfigError);
}

}  // namespace
}  // namespace dmasim
