// SPDX-License-Identifier: Apache-2.0
//
// Random traffic on every topology, checked by a scoreboard that knows nothing of how the bus works: what must hold for
// every history.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/bus/core/beats.h"
#include "dmasim/bus/core/island.h"

#include "unit/bus/bus_fixture.h"

namespace dmasim {
namespace {

using test::Outcome;
using test::ScriptedMaster;

class Recorder final : public TraceSink {
  public:
    void event(const TraceEvent& event) override { events.push_back(event); }
    std::vector<TraceEvent> events;
};

struct Plan {
    BusConfig bus;
    std::vector<MemoryConfig> memories;
    struct Request {
        unsigned master;
        Access access;
        std::uint64_t address;
        std::uint32_t bytes;
        std::uint64_t earliest;
    };
    std::vector<Request> requests;
};

Plan random_plan(std::mt19937_64& random) {
    Plan plan;
    const auto pick = [&](std::uint64_t low, std::uint64_t high) {
        return static_cast<std::uint32_t>(low + random() % (high - low + 1));
    };
    const std::string topologies[] = {"shared", "crossbar", "simple"};
    plan.bus.topology = topologies[random() % 3];
    plan.bus.data_width_bits = 32U << (random() % 3);
    plan.bus.initiators = pick(1, 4);
    plan.bus.targets = pick(1, 3);
    plan.bus.request_latency = pick(1, 3);
    plan.bus.response_latency = pick(1, 3);
    plan.bus.queue_depth = pick(1, 3);
    plan.bus.max_outstanding = pick(1, 3);
    const std::string arbiters[] = {"round_robin", "fixed_priority", "weighted_round_robin", "time_slots",
                                    "priority_ageing"};
    plan.bus.arbiter.kind = arbiters[random() % 5];
    plan.bus.arbiter.weights = {2, 1};
    plan.bus.arbiter.priorities = {3, 2, 2, 1};
    plan.bus.arbiter.weights.resize(std::min<std::size_t>(2, plan.bus.initiators));
    plan.bus.arbiter.priorities.resize(plan.bus.initiators);
    plan.bus.arbiter.slot_cycles = 8;
    plan.bus.arbiter.ageing_cycles = 8;
    plan.bus.arbiter.reclaim_slots = random() % 2 == 0;
    for (std::uint32_t t = 0; t < plan.bus.targets; ++t) {
        plan.bus.map.push_back({t * 0x10000ULL, 0x8000, t, 0, ""});
        MemoryConfig memory;
        memory.data_width_bits = plan.bus.data_width_bits;
        memory.size = 0x8000;
        memory.read_latency = pick(1, 6);
        memory.write_latency = pick(1, 4);
        memory.read_wait = pick(0, 2);
        memory.write_wait = pick(0, 2);
        memory.errors = {{0x700, 0x10, true, true, Response::GenericError}};
        plan.memories.push_back(memory);
    }
    const std::uint64_t span = pick(20, 400);
    for (int i = 0; i < 60; ++i) {
        Plan::Request request;
        request.master = pick(0, plan.bus.initiators - 1);
        request.access = random() % 2 == 0 ? Access::Read : Access::Write;
        // Now and then a target that does not exist.
        request.address = pick(0, plan.bus.targets - (random() % 8 == 0 ? 0 : 1)) * 0x10000ULL + random() % 0x800;
        request.bytes = pick(1, 100);
        request.earliest = random() % span;
        plan.requests.push_back(request);
    }
    std::stable_sort(plan.requests.begin(), plan.requests.end(),
                     [](const auto& a, const auto& b) { return a.earliest < b.earliest; });
    return plan;
}

struct History {
    std::vector<std::unique_ptr<ScriptedMaster>> masters;
    std::vector<TraceEvent> events;
    std::vector<std::uint64_t> hashes;
    std::vector<std::tuple<std::uint64_t, std::uint64_t, int, std::vector<std::uint8_t>>> visible;
};

History run_plan(const Plan& plan, const std::vector<std::size_t>& order) {
    History run;
    CoreSystem system(plan.bus, plan.memories);
    Recorder recorder;
    system.bus().set_trace(&recorder, 7);
    for (std::uint32_t i = 0; i < plan.bus.initiators; ++i) {
        run.masters.push_back(std::make_unique<ScriptedMaster>());
        run.masters.back()->attach(system.connect(i, *run.masters.back()));
        system.add(*run.masters.back());
    }
    system.set_order(order);
    for (const auto& request : plan.requests) {
        ScriptedMaster& master = *run.masters[request.master];
        const auto tag = master.add(request.access, request.address, request.bytes, request.earliest);
        if (request.access == Access::Write) {
            for (std::size_t i = 0; i < request.bytes; ++i) {
                master.data(tag)[i] = static_cast<std::uint8_t>(tag * 31 + request.master * 7 + i);
            }
        }
    }
    const Cycles end = system.run(Cycles{1000000});
    EXPECT_LT(end, Cycles{999999}) << "does not come to an end";
    EXPECT_EQ(system.bus().outstanding(), 0U);
    for (std::uint32_t t = 0; t < plan.memories.size(); ++t) {
        system.memory(t).settle(Cycles{2000000});
        run.hashes.push_back(system.memory(t).storage().hash());
    }
    for (const auto& master : run.masters) {
        for (std::uint32_t tag = 0; tag < master->size(); ++tag) {
            const Outcome& outcome = master->outcome(tag);
            run.visible.emplace_back(outcome.accepted, outcome.response, static_cast<int>(outcome.status),
                                     master->data(tag));
        }
    }
    run.events = recorder.events;
    return run;
}

void check(const Plan& plan, const History& run) {
    const std::uint32_t width = plan.bus.bus_bytes();
    std::uint64_t expected_beats = 0;
    std::uint64_t granted_beats = 0;
    std::map<std::tuple<unsigned, std::uint32_t>, std::uint64_t> granted;
    // Return lanes and write lanes never overlap; in order per initiator and direction.
    std::map<std::tuple<int, unsigned>, std::uint64_t> return_busy;
    std::map<std::tuple<unsigned, int>, std::vector<std::uint32_t>> order;
    std::map<std::tuple<int, unsigned>, std::uint64_t> lane_busy;
    for (const TraceEvent& event : run.events) {
        const int direction = event.access == Access::Read ? 0 : 1;
        const std::uint32_t target = event.value;
        if (event.kind == EventKind::BusGranted) {
            granted_beats += event.beats;
            granted[{event.channel, event.tag}] = event.at.count();
            const bool decodes = target != kNoTarget;
            const unsigned lane = plan.bus.topology == "crossbar" ? target : decodes ? 0 : 1;
            if (plan.bus.topology != "simple") {
                auto& busy = lane_busy[{direction, lane}];
                EXPECT_GE(event.at.count(), busy) << "request lane";
                const std::uint64_t interval = decodes ? 1 + plan.memories[target].write_wait : 1;
                busy = event.at.count() + (direction == 0 ? 1 : event.beats * interval);
            }
        } else if (event.kind == EventKind::BusResponded) {
            const Outcome& outcome = run.masters[event.channel]->outcome(event.tag);
            const unsigned lane = plan.bus.topology == "crossbar" ? event.channel : 0;
            auto& busy = return_busy[{plan.bus.topology == "simple" ? 0 : direction, lane}];
            EXPECT_GE(event.at.count(), busy) << "return lane";
            busy = event.at.count() + (direction == 0 ? std::uint64_t{event.beats} * outcome.interval : 1);
            order[{event.channel, direction}].push_back(event.tag);
        }
    }
    for (auto& [key, tags] : order) {
        EXPECT_TRUE(std::is_sorted(tags.begin(), tags.end())) << "order of initiator " << std::get<0>(key);
    }
    for (unsigned number = 0; number < run.masters.size(); ++number) {
        const ScriptedMaster& master = *run.masters[number];
        EXPECT_EQ(master.answered(), master.size()) << "conservation";
        for (std::uint32_t tag = 0; tag < master.size(); ++tag) {
            const Burst& burst = master.burst(tag);
            const Outcome& outcome = master.outcome(tag);
            const std::uint32_t beats = bus_beats(burst, width);
            expected_beats += beats;
            const std::uint64_t grant = granted.at({number, tag});
            EXPECT_GE(grant, outcome.accepted + plan.bus.request_latency);
            const std::uint64_t target = burst.address / 0x10000;
            const bool decodes = target < plan.bus.targets;
            std::uint64_t least = 1;
            if (burst.access == Access::Read) {
                least = decodes ? plan.memories[target].read_latency : 1;
                EXPECT_EQ(outcome.interval, decodes ? 1 + plan.memories[target].read_wait : 1);
            } else {
                least = decodes ? 1 + std::uint64_t{beats - 1} * (1 + plan.memories[target].write_wait) +
                                      plan.memories[target].write_latency - 1
                                : beats;
            }
            EXPECT_GE(outcome.response, grant + least + plan.bus.response_latency);
            const std::uint64_t offset = burst.address % 0x10000;
            const bool fails = offset < 0x710 && offset + burst.bytes > 0x700;
            EXPECT_EQ(outcome.status, !decodes ? Response::AddressError
                                      : fails  ? Response::GenericError
                                               : Response::Ok);
        }
    }
    EXPECT_EQ(granted_beats, expected_beats);
}

TEST(BusRandom, EveryHistoryKeepsTheScoreboardAndNoOrderOfBlocksMatters) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed * 7919);
        const Plan plan = random_plan(random);
        const std::size_t blocks = 1 + plan.memories.size() + plan.bus.initiators;
        std::vector<std::size_t> order(blocks);
        for (std::size_t i = 0; i < blocks; ++i) {
            order[i] = i;
        }
        const History run = run_plan(plan, order);
        check(plan, run);
        std::reverse(order.begin(), order.end());
        const History reversed = run_plan(plan, order);
        EXPECT_EQ(reversed.visible, run.visible) << "reversed";
        EXPECT_EQ(reversed.hashes, run.hashes);
        std::shuffle(order.begin(), order.end(), random);
        const History shuffled = run_plan(plan, order);
        EXPECT_EQ(shuffled.visible, run.visible) << "shuffled";
        EXPECT_EQ(shuffled.hashes, run.hashes);
        if (::testing::Test::HasFailure()) {
            return;
        }
    }
}

TEST(BusRandom, FairArbitersStarveNobody) {
    for (const std::string kind : {"round_robin", "weighted_round_robin", "time_slots", "priority_ageing"}) {
        for (const std::string topology : {"shared", "crossbar", "simple"}) {
            SCOPED_TRACE(kind + " on " + topology);
            Plan plan;
            plan.bus.topology = topology;
            plan.bus.initiators = 4;
            plan.bus.arbiter.kind = kind;
            plan.bus.arbiter.weights = {4, 2, 1, 1};
            plan.bus.arbiter.priorities = {3, 2, 1, 0};
            plan.bus.arbiter.ageing_cycles = 16;
            plan.bus.arbiter.slot_cycles = 16;
            plan.bus.map.push_back({0, 0x8000, 0, 0, ""});
            plan.memories.resize(1);
            for (int i = 0; i < 200; ++i) {
                for (unsigned master = 0; master < 4; ++master) {
                    plan.requests.push_back({master, Access::Write, 0x100, 32, 0});
                }
            }
            const History run = run_plan(plan, {});
            std::uint64_t last_grant[4] = {};
            std::uint64_t worst[4] = {};
            std::uint64_t first_end = ~std::uint64_t{0};
            int grants[4] = {};
            for (const TraceEvent& event : run.events) {
                if (event.kind != EventKind::BusGranted || event.at.count() > first_end) {
                    continue;
                }
                const unsigned who = event.channel;
                worst[who] = std::max(worst[who], event.at.count() - last_grant[who]);
                last_grant[who] = event.at.count();
                if (++grants[who] == 200) {
                    first_end = event.at.count();
                }
            }
            for (unsigned master = 0; master < 4; ++master) {
                EXPECT_GT(grants[master], 20) << "initiator " << master;
                EXPECT_LT(worst[master], 150U) << "initiator " << master;
            }
        }
    }
}

}  // namespace
}  // namespace dmasim
