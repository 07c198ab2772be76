// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/master_socket_adapter.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/model/errors.h"
#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/protocol_monitor.h"

#include "foreign_target.h"
#include "support/monitors.h"
#include "support/sim_test.h"

namespace dmasim {
namespace {

using sc_core::sc_time;
using test::ApproximatelyTimedTarget;
using test::LooselyTimedTarget;
using Way = ApproximatelyTimedTarget::Way;

sc_time ns(unsigned value) {
    return sc_time(value, sc_core::SC_NS);
}

/// A master core that requests given bursts, each not before its edge, and writes down what it is told.
class Script final : public Clocked, public BurstMaster {
  public:
    struct Record {
        Burst burst;
        Cycles not_before;
        Cycles requested = kNever;
        Cycles accepted = kNever;
        Cycles answered = kNever;
        std::uint32_t interval = 0;
        Response response = Response::Ok;
        std::vector<std::uint8_t> data;
    };
    BurstPort* port = nullptr;
    std::vector<Record> records;

    void add(Access access, std::uint64_t address, std::uint32_t bytes, std::uint64_t edge, std::uint8_t value = 0) {
        Record record;
        record.burst.access = access;
        record.burst.address = address;
        record.burst.bytes = bytes;
        record.burst.tag = static_cast<std::uint32_t>(records.size());
        record.not_before = Cycles{edge};
        record.data.assign(bytes, value);
        records.push_back(record);
    }

    Cycles next_edge() const override {
        Cycles next = kNever;
        for (const Access access : {Access::Read, Access::Write}) {
            if (const Record* record = candidate(access)) {
                next = std::min(next, std::max({record->not_before, earliest(access), Cycles{last_edge_ + 1}}));
            }
        }
        return next;
    }
    void evaluate(Cycles edge) override {
        EXPECT_GE(edge.count(), last_edge_ + 1);
        last_edge_ = edge.count();
        for (const Access access : {Access::Write, Access::Read}) {
            Record* record = const_cast<Record*>(candidate(access));
            if (record == nullptr || edge < std::max(record->not_before, earliest(access))) {
                continue;
            }
            record->requested = edge;
            record->burst.data = record->data.data();
            inside_ = true;
            port->request(record->burst, edge);
            inside_ = false;
        }
    }
    void accepted(std::uint32_t tag, Cycles at) override {
        Record& record = records.at(tag);
        EXPECT_EQ(record.accepted, kNever) << tag;
        EXPECT_GE(at, record.requested);
        record.accepted = at;
    }
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
        EXPECT_EQ(records.at(tag).burst.access, Access::Read);
        answer(tag, first, response);
        records.at(tag).interval = interval;
    }
    void write_response(std::uint32_t tag, Cycles at, Response response) override {
        EXPECT_EQ(records.at(tag).burst.access, Access::Write);
        answer(tag, at, response);
    }

  private:
    void answer(std::uint32_t tag, Cycles at, Response response) {
        Record& record = records.at(tag);
        EXPECT_FALSE(inside_) << "an answer within request()";
        EXPECT_EQ(record.answered, kNever) << tag;
        EXPECT_NE(record.accepted, kNever) << tag;
        EXPECT_GE(at, record.requested);
        record.answered = at;
        record.response = response;
    }
    const Record* candidate(Access access) const {
        for (const Record& record : records) {
            if (record.burst.access != access) {
                continue;
            }
            if (record.requested != kNever && record.accepted == kNever) {
                return nullptr;
            }
            if (record.requested == kNever) {
                return &record;
            }
        }
        return nullptr;
    }
    /// The edge after the latest acceptance of this direction.
    Cycles earliest(Access access) const {
        Cycles edge{0};
        for (const Record& record : records) {
            if (record.burst.access == access && record.requested != kNever) {
                edge = std::max(edge, record.accepted + 1);
            }
        }
        return edge;
    }

    std::uint64_t last_edge_ = ~std::uint64_t{0};
    bool inside_ = false;
};

/// The master with its skin.
class Master final : public sc_core::sc_module {
  public:
    tlm::tlm_initiator_socket<> memory;
    Script script;
    ClockedProcess process;
    MasterSocketAdapter adapter;

    Master(const sc_core::sc_module_name& name, const MasterSocketOptions& options)
        : sc_module(name),
          memory("memory"),
          process("process", ClockDomain(10, sc_core::SC_NS), script),
          adapter("adapter", memory, process, script, options) {
        script.port = &adapter;
    }
    ~Master() override = default;
};

MasterSocketOptions style(TransportStyle value) {
    MasterSocketOptions options;
    options.style = value;
    return options;
}

/// Master, monitor, target; the monitor must stay silent.
template <typename Target>
struct Platform {
    template <typename... Arguments>
    explicit Platform(TransportStyle value, Arguments&&... arguments)
        : master("master", style(value)), monitor("monitor"), target("target", std::forward<Arguments>(arguments)...) {
        master.memory.bind(monitor.target_socket);
        monitor.initiator_socket.bind(target.socket);
    }
    /// Runs, and checks that every burst has been answered.
    void run() {
        sc_core::sc_start();
        EXPECT_EQ(monitor.violations(), 0U);
        EXPECT_EQ(monitor.in_progress(), 0U);
        EXPECT_EQ(monitor.completed(), master.script.records.size());
        EXPECT_EQ(master.adapter.in_flight(), 0U);
        EXPECT_EQ(master.adapter.unexpected_calls(), 0U);
        for (const Script::Record& record : master.script.records) {
            ASSERT_NE(record.answered, kNever) << record.burst.tag;
        }
    }
    Script::Record& record(std::size_t i) { return master.script.records.at(i); }

    Master master;
    ProtocolMonitor monitor;
    Target target;
};

struct Expected {
    std::uint64_t accepted;
    std::uint64_t answered;
};

/// One read of one beat at edge 5 (50 ns).
void expect_one_read(const Way& way, const Expected& expected) {
    Platform<ApproximatelyTimedTarget> platform(TransportStyle::NonBlocking);
    platform.target.next_way = [&](const tlm::tlm_generic_payload&) { return way; };
    platform.target.storage.bytes[0x100] = 0x5A;
    platform.master.script.add(Access::Read, 0x100, 8, 5);
    platform.run();
    EXPECT_EQ(platform.target.begin_req.at(0), ns(50));
    EXPECT_EQ(platform.record(0).accepted, Cycles{expected.accepted});
    EXPECT_EQ(platform.record(0).answered, Cycles{expected.answered});
    EXPECT_EQ(platform.record(0).interval, 1U);
    EXPECT_EQ(platform.record(0).data[0], 0x5A);
}

SIM_TEST(MasterSocketAdapter, EarlyCompletion) {
    expect_one_read({Way::Kind::Complete, {}, ns(31), {}}, {5, 9});
}
SIM_TEST(MasterSocketAdapter, EarlyCompletionOnTheEdge) {
    expect_one_read({Way::Kind::Complete, {}, ns(30), {}}, {5, 8});
}
SIM_TEST(MasterSocketAdapter, ResponseOnTheReturnPath) {
    expect_one_read({Way::Kind::RespondAtOnce, {}, ns(31), {}}, {9, 9});
}
SIM_TEST(MasterSocketAdapter, EndReqOnTheReturnPath) {
    expect_one_read({Way::Kind::ReturnEndReq, ns(10), ns(20), {}}, {6, 8});
}
SIM_TEST(MasterSocketAdapter, EndReqOnTheReturnPathBetweenEdges) {
    expect_one_read({Way::Kind::ReturnEndReq, ns(11), ns(20), {}}, {7, 9});
}
SIM_TEST(MasterSocketAdapter, FourPhases) {
    expect_one_read({Way::Kind::CallEndReq, ns(20), ns(21), {}}, {7, 10});
}
SIM_TEST(MasterSocketAdapter, FourPhasesAnnounced) {
    expect_one_read({Way::Kind::CallEndReq, ns(20), ns(20), ns(15)}, {7, 9});
}
SIM_TEST(MasterSocketAdapter, TwoPhases) {
    expect_one_read({Way::Kind::NoEndReq, {}, ns(40), {}}, {9, 9});
}
SIM_TEST(MasterSocketAdapter, TwoPhasesAnnounced) {
    expect_one_read({Way::Kind::NoEndReq, {}, ns(41), ns(41)}, {10, 10});
}
SIM_TEST(MasterSocketAdapter, BackwardCallsWithinTheForwardCall) {
    expect_one_read({Way::Kind::NestedEndReq, ns(10), ns(20), {}}, {6, 8});
}
SIM_TEST(MasterSocketAdapter, ResponseWithinTheForwardCall) {
    expect_one_read({Way::Kind::NestedResponse, {}, ns(20), {}}, {7, 7});
}

// 15.2.6 e: while the read waits for END_REQ, the write's BEGIN_REQ is held back. Its stamp is that of END_REQ.
SIM_TEST(MasterSocketAdapter, OneRequestAtATimeOverBothDirections) {
    Platform<ApproximatelyTimedTarget> platform(TransportStyle::NonBlocking);
    platform.target.next_way = [](const tlm::tlm_generic_payload& trans) {
        return trans.is_read() ? Way{Way::Kind::CallEndReq, ns(45), ns(100), {}}
                               : Way{Way::Kind::ReturnEndReq, {}, ns(30), {}};
    };
    platform.master.script.add(Access::Read, 0x100, 8, 5);
    platform.master.script.add(Access::Write, 0x200, 8, 6, 0x77);
    platform.run();
    EXPECT_EQ(platform.record(1).requested, Cycles{6});
    EXPECT_EQ(platform.target.begin_req.at(1), ns(95));
    EXPECT_EQ(platform.record(0).accepted, Cycles{10});
    EXPECT_EQ(platform.record(1).accepted, Cycles{10});
    EXPECT_EQ(platform.record(1).answered, Cycles{13});
    EXPECT_EQ(platform.target.storage.bytes[0x200], 0x77);
}

// END_REQ that is announced in advance holds the next BEGIN_REQ back until it takes effect.
SIM_TEST(MasterSocketAdapter, AnnouncedEndReqHoldsBackToo) {
    Platform<ApproximatelyTimedTarget> platform(TransportStyle::NonBlocking);
    platform.target.next_way = [](const tlm::tlm_generic_payload&) {
        return Way{Way::Kind::ReturnEndReq, ns(40), ns(10), {}};
    };
    platform.master.script.add(Access::Read, 0x100, 8, 5);
    platform.master.script.add(Access::Write, 0x200, 8, 5);
    platform.run();
    EXPECT_EQ(platform.target.begin_req.at(0), ns(50));
    EXPECT_EQ(platform.target.begin_req.at(1), ns(90));
    EXPECT_EQ(platform.record(1).accepted, Cycles{9}) << "the script requests the write first";
    EXPECT_EQ(platform.record(0).accepted, Cycles{13});
}

// A target that announces no interval moves one beat a cycle, one burst after the other.
SIM_TEST(MasterSocketAdapter, ForeignDataTakesTurns) {
    Platform<ApproximatelyTimedTarget> platform(TransportStyle::NonBlocking);
    platform.target.next_way = [](const tlm::tlm_generic_payload&) { return Way{Way::Kind::Complete, {}, ns(20), {}}; };
    platform.master.script.add(Access::Read, 0x100, 64, 5);   // 8 beats: 7 to 14
    platform.master.script.add(Access::Read, 0x104, 64, 6);   // 9 beats: 15 to 23
    platform.master.script.add(Access::Read, 0x100, 8, 30);   // alone again: 32
    platform.master.script.add(Access::Write, 0x200, 64, 5);  // beats 6 to 13
    platform.master.script.add(Access::Write, 0x200, 64, 6);  // beats 14 to 21
    platform.master.script.add(Access::Write, 0x200, 8, 30);  // beat 31, response 32
    platform.run();
    EXPECT_EQ(platform.record(0).answered, Cycles{7});
    EXPECT_EQ(platform.record(1).answered, Cycles{15});
    EXPECT_EQ(platform.record(2).answered, Cycles{32});
    EXPECT_EQ(platform.record(3).answered, Cycles{13});
    EXPECT_EQ(platform.record(4).answered, Cycles{21});
    EXPECT_EQ(platform.record(5).answered, Cycles{32});
}

// A target of ours says what its beats look like, and is believed.
SIM_TEST(MasterSocketAdapter, AnnouncedIntervalsAreTakenOver) {
    Platform<ApproximatelyTimedTarget> platform(TransportStyle::NonBlocking);
    platform.target.next_way = [](const tlm::tlm_generic_payload& trans) {
        extension_of(trans)->interval = 3;
        return Way{Way::Kind::Complete, {}, ns(20), {}};
    };
    platform.master.script.add(Access::Read, 0x100, 64, 5);
    platform.master.script.add(Access::Write, 0x200, 64, 5);
    platform.run();
    EXPECT_EQ(platform.record(0).answered, Cycles{7});
    EXPECT_EQ(platform.record(0).interval, 3U);
    EXPECT_EQ(platform.record(1).answered, Cycles{7});
}

SIM_TEST(MasterSocketAdapter, EveryErrorResponseOnEveryWayArrives) {
    struct Sort {
        tlm::tlm_response_status status;
        Response response;
    };
    const std::vector<Sort> sorts = {{tlm::TLM_GENERIC_ERROR_RESPONSE, Response::GenericError},
                                     {tlm::TLM_ADDRESS_ERROR_RESPONSE, Response::AddressError},
                                     {tlm::TLM_COMMAND_ERROR_RESPONSE, Response::CommandError},
                                     {tlm::TLM_BURST_ERROR_RESPONSE, Response::BurstError},
                                     {tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE, Response::ByteEnableError},
                                     {tlm::TLM_OK_RESPONSE, Response::Ok}};
    Platform<ApproximatelyTimedTarget> platform(TransportStyle::NonBlocking);
    std::size_t count = 0;
    platform.target.next_way = [&](const tlm::tlm_generic_payload&) {
        return Way{static_cast<Way::Kind>(count++ / 2 % 7), ns(10), ns(10), {}};
    };
    platform.target.storage.status = [&](const tlm::tlm_generic_payload& trans) {
        return sorts.at(trans.get_address() / 0x100).status;
    };
    for (unsigned i = 0; i < 7 * 6; ++i) {
        for (const Access access : {Access::Read, Access::Write}) {
            platform.master.script.add(access, 0x100U * (i / 7), 8, 20 * i);
        }
    }
    platform.run();
    for (const Script::Record& record : platform.master.script.records) {
        EXPECT_EQ(record.response, sorts.at(record.burst.address / 0x100).response) << record.burst.tag;
    }
}

// A target that forgets to answer is wrong, and its silence is not success.
SIM_TEST(MasterSocketAdapter, NoAnswerIsAnError) {
    Master master("master", style(TransportStyle::NonBlocking));
    ApproximatelyTimedTarget target("target");
    master.memory.bind(target.socket);
    target.next_way = [](const tlm::tlm_generic_payload&) { return Way{Way::Kind::Complete, {}, {}, {}}; };
    target.storage.status = [](const tlm::tlm_generic_payload&) { return tlm::TLM_INCOMPLETE_RESPONSE; };
    master.script.add(Access::Read, 0, 8, 1);
    sc_core::sc_start();
    EXPECT_EQ(master.script.records[0].response, Response::GenericError);
}

// Faulty targets cannot crash it.
SIM_TEST(MasterSocketAdapter, UnexpectedCallsAreIgnoredAndCounted) {
    Master master("master", style(TransportStyle::NonBlocking));
    ApproximatelyTimedTarget target("target");
    master.memory.bind(target.socket);
    tlm::tlm_generic_payload stranger;
    tlm::tlm_generic_payload* known = nullptr;
    target.next_way = [&](const tlm::tlm_generic_payload& trans) {
        known = const_cast<tlm::tlm_generic_payload*>(&trans);
        return Way{Way::Kind::CallEndReq, ns(10), ns(100), {}};
    };
    master.script.add(Access::Read, 0, 8, 1);
    const auto call = [&](tlm::tlm_generic_payload& trans, unsigned value) {
        tlm::tlm_phase phase(value);
        sc_time delay;
        EXPECT_EQ(target.socket->nb_transport_bw(trans, phase, delay), tlm::TLM_ACCEPTED);
    };
    sc_core::sc_start(ns(50));
    call(stranger, tlm::END_REQ);
    call(stranger, tlm::BEGIN_RESP);
    call(*known, tlm::END_REQ);
    call(*known, tlm::BEGIN_REQ);
    call(*known, tlm::END_RESP);
    call(*known, 99);
    EXPECT_EQ(master.adapter.unexpected_calls(), 5U);
    sc_core::sc_start();
    EXPECT_EQ(master.script.records[0].accepted, Cycles{2});
    EXPECT_EQ(master.script.records[0].answered, Cycles{12});
}

SIM_TEST(MasterSocketAdapter, RandomTargetsGetRandomBursts) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Platform<ApproximatelyTimedTarget> platform(TransportStyle::NonBlocking);
    platform.target.next_way = [&](const tlm::tlm_generic_payload&) { return test::random_way(random, 60); };
    for (std::size_t i = 0; i < platform.target.storage.bytes.size(); ++i) {
        platform.target.storage.bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    }
    std::uint64_t edge = 0;
    for (unsigned i = 0; i < 2000; ++i) {
        edge += random() % 8;
        if (random() % 2 == 0) {
            platform.master.script.add(Access::Read, random() % 0x7F00, static_cast<std::uint32_t>(1 + random() % 200),
                                       edge);
        } else {
            platform.master.script.add(Access::Write, 0x8000 + 128 * (i % 256),
                                       static_cast<std::uint32_t>(1 + random() % 128), edge,
                                       static_cast<std::uint8_t>(i));
        }
    }
    platform.run();
    std::uint64_t last_read = 0;
    for (const Script::Record& record : platform.master.script.records) {
        EXPECT_EQ(record.response, Response::Ok);
        for (std::size_t i = 0; i < record.data.size(); ++i) {
            const std::size_t at = record.burst.address + i;
            if (record.burst.access == Access::Read) {
                ASSERT_EQ(record.data[i], static_cast<std::uint8_t>(at * 7 + at / 256)) << record.burst.tag;
            }
        }
        last_read = std::max(last_read, record.answered.count());
    }
    EXPECT_EQ(platform.target.requests, 2000U);
    EXPECT_GT(last_read, edge);
}

// Third-party convenience sockets convert by themselves.
SIM_TEST(MasterSocketAdapter, SimpleSocketsOverNonBlockingCalls) {
    Platform<LooselyTimedTarget> platform(TransportStyle::NonBlocking, LooselyTimedTarget::Delay::Annotate, ns(30));
    platform.target.storage.bytes[0x100] = 0x5A;
    platform.master.script.add(Access::Read, 0x100, 8, 5);
    platform.master.script.add(Access::Write, 0x200, 8, 20, 0x77);
    platform.run();
    EXPECT_EQ(platform.record(0).answered, Cycles{8});
    EXPECT_EQ(platform.record(0).data[0], 0x5A);
    EXPECT_EQ(platform.record(1).answered, Cycles{23});
    EXPECT_EQ(platform.target.storage.bytes[0x200], 0x77);
}

void blocking_calls_overlap(LooselyTimedTarget::Delay delay) {
    Platform<LooselyTimedTarget> platform(TransportStyle::Blocking, delay, ns(35));
    platform.target.storage.bytes[0x100] = 0x5A;
    for (unsigned i = 0; i < 4; ++i) {
        platform.master.script.add(Access::Read, 0x100, 8, 5 + i);
        platform.master.script.add(Access::Write, 0x200, 8, 5 + i);
    }
    platform.run();
    for (unsigned i = 0; i < 4; ++i) {
        EXPECT_EQ(platform.record(2 * i).requested, Cycles{5 + i});
        EXPECT_EQ(platform.record(2 * i).accepted, Cycles{5 + i});
        EXPECT_EQ(platform.record(2 * i).answered, Cycles{9 + i}) << i;
        EXPECT_EQ(platform.record(2 * i).data[0], 0x5A);
        EXPECT_EQ(platform.record(2 * i + 1).answered, Cycles{9 + i}) << i;
    }
    EXPECT_EQ(platform.target.at_once > 1, delay != LooselyTimedTarget::Delay::Annotate);
}

SIM_TEST(MasterSocketAdapter, BlockingCallsOverlapByAnnotation) {
    blocking_calls_overlap(LooselyTimedTarget::Delay::Annotate);
}
SIM_TEST(MasterSocketAdapter, BlockingCallsOverlapWhileTheTargetWaits) {
    blocking_calls_overlap(LooselyTimedTarget::Delay::Wait);
}
SIM_TEST(MasterSocketAdapter, BlockingCallsOverlapWhileTheTargetWaitsAndAnnotates) {
    blocking_calls_overlap(LooselyTimedTarget::Delay::WaitAndAnnotate);
}

SIM_TEST(MasterSocketAdapter, MoreBlockingCallsThanThreadsWaitForTheirTurn) {
    MasterSocketOptions options = style(TransportStyle::Blocking);
    options.max_blocking_calls = 1;
    Master master("master", options);
    LooselyTimedTarget target("target", LooselyTimedTarget::Delay::Wait, ns(35));
    test::Monitors monitors;
    monitors.connect(master.memory, target.socket);
    for (unsigned i = 0; i < 3; ++i) {
        master.script.add(Access::Read, 0x100, 8, 5 + i);
    }
    sc_core::sc_start();
    EXPECT_EQ(target.at_once, 1U);
    EXPECT_EQ(master.script.records[0].answered, Cycles{9});   // 50 + 35 ns
    EXPECT_EQ(master.script.records[1].answered, Cycles{12});  // 85 + 35 ns
    EXPECT_EQ(master.script.records[2].answered, Cycles{16});
}

SIM_TEST(MasterSocketAdapter, RefusesNoThreadForBlockingCalls) {
    MasterSocketOptions options = style(TransportStyle::Blocking);
    options.max_blocking_calls = 0;
    EXPECT_THROW(Master("master", options), ConfigError);
}

// The same stamps, whatever was constructed first, and over both styles.
void run_in_order(bool target_first, TransportStyle value, const std::vector<std::uint64_t>& expected) {
    std::unique_ptr<LooselyTimedTarget> target;
    std::unique_ptr<Master> master;
    const auto make_target = [&] {
        target = std::make_unique<LooselyTimedTarget>("target", LooselyTimedTarget::Delay::Annotate, ns(30));
    };
    if (target_first) {
        make_target();
    }
    master = std::make_unique<Master>("master", style(value));
    if (!target_first) {
        make_target();
    }
    ProtocolMonitor monitor("monitor");
    master->memory.bind(monitor.target_socket);
    monitor.initiator_socket.bind(target->socket);
    for (unsigned i = 0; i < 5; ++i) {
        master->script.add(i % 2 == 0 ? Access::Read : Access::Write, 0x100, 16, 10 * i);
    }
    sc_core::sc_start();
    std::vector<std::uint64_t> stamps;
    for (const Script::Record& record : master->script.records) {
        stamps.push_back(record.requested.count());
        stamps.push_back(record.answered.count());
    }
    EXPECT_EQ(stamps, expected);
}
const std::vector<std::uint64_t> kStamps = {0, 3, 10, 13, 20, 23, 30, 33, 40, 43};

SIM_TEST(MasterSocketAdapter, MasterBuiltFirst) {
    run_in_order(false, TransportStyle::NonBlocking, kStamps);
}
SIM_TEST(MasterSocketAdapter, TargetBuiltFirst) {
    run_in_order(true, TransportStyle::NonBlocking, kStamps);
}
SIM_TEST(MasterSocketAdapter, MasterBuiltFirstBlocking) {
    run_in_order(false, TransportStyle::Blocking, kStamps);
}
SIM_TEST(MasterSocketAdapter, TargetBuiltFirstBlocking) {
    run_in_order(true, TransportStyle::Blocking, kStamps);
}

}  // namespace
}  // namespace dmasim
