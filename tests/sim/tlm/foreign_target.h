// SPDX-License-Identifier: Apache-2.0
//
// Targets as other people write them, for tests: they know nothing of dmasim.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/peq_with_get.h>
#include <tlm_utils/simple_target_socket.h>

namespace dmasim::test {

/// 64 KiB of bytes, and what a target answers.
struct ForeignStorage {
    std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(65536);
    /// The response to an access, by address; OK at first.
    std::function<tlm::tlm_response_status(const tlm::tlm_generic_payload&)> status =
        [](const tlm::tlm_generic_payload&) { return tlm::TLM_OK_RESPONSE; };

    void serve(tlm::tlm_generic_payload& trans) {
        const tlm::tlm_response_status result = status(trans);
        trans.set_response_status(result);
        if (result != tlm::TLM_OK_RESPONSE) {
            return;
        }
        for (unsigned i = 0; i < trans.get_data_length(); ++i) {
            std::uint8_t& byte = bytes.at((trans.get_address() + i % trans.get_streaming_width()) % bytes.size());
            if (trans.is_write()) {
                byte = trans.get_data_ptr()[i];
            } else {
                trans.get_data_ptr()[i] = byte;
            }
        }
    }
};

/// A loosely timed target on tlm_utils' convenience socket, which converts nb_transport calls by itself.
class LooselyTimedTarget : public sc_core::sc_module {
  public:
    enum class Delay { Annotate, Wait, WaitAndAnnotate };

    tlm_utils::simple_target_socket<LooselyTimedTarget> socket;
    ForeignStorage storage;
    unsigned calls = 0;
    unsigned at_once = 0;  ///< Most calls that were under way at the same time.

    LooselyTimedTarget(const sc_core::sc_module_name& name, Delay how, sc_core::sc_time latency)
        : sc_module(name), socket("socket"), how_(how), latency_(latency) {
        socket.register_b_transport(this, &LooselyTimedTarget::b_transport);
    }
    ~LooselyTimedTarget() override = default;

  private:
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) {
        ++calls;
        at_once = std::max(at_once, ++under_way_);
        if (how_ != Delay::Annotate) {
            const sc_core::sc_time annotated = delay;
            delay = how_ == Delay::Wait ? sc_core::SC_ZERO_TIME : sc_core::sc_time(1, sc_core::SC_NS);
            wait(annotated + latency_ - delay);
        } else {
            delay += latency_;
        }
        storage.serve(trans);
        --under_way_;
    }

    Delay how_;
    sc_core::sc_time latency_;
    unsigned under_way_ = 0;
};

/// An approximately timed target. Each transaction takes one of the ways that the base protocol allows.
class ApproximatelyTimedTarget : public sc_core::sc_module, private tlm::tlm_fw_transport_if<> {
  public:
    /// How one transaction goes.
    struct Way {
        enum class Kind {
            Complete,        ///< TLM_COMPLETED to BEGIN_REQ, `response` later.
            RespondAtOnce,   ///< BEGIN_RESP on the return path, annotated by `response`.
            ReturnEndReq,    ///< END_REQ on the return path, annotated by `accept`; BEGIN_RESP later.
            CallEndReq,      ///< END_REQ backward after `accept`, BEGIN_RESP `response` after that.
            NoEndReq,        ///< BEGIN_RESP backward after `response`, which implies END_REQ.
            NestedEndReq,    ///< END_REQ by a backward call within the forward call.
            NestedResponse,  ///< BEGIN_RESP by a backward call within the forward call, annotated by `response`.
        };
        Kind kind = Kind::CallEndReq;
        sc_core::sc_time accept;
        sc_core::sc_time response;
        sc_core::sc_time ahead;  ///< Backward calls are made that much too early, with an annotation.
    };

    tlm::tlm_target_socket<> socket;
    ForeignStorage storage;
    /// The way of the next transaction.
    std::function<Way(const tlm::tlm_generic_payload&)> next_way;
    unsigned requests = 0;
    std::vector<sc_core::sc_time> begin_req;  ///< Times, annotation included.

    explicit ApproximatelyTimedTarget(const sc_core::sc_module_name& name)
        : sc_module(name), socket("socket"), ends_("ends"), responses_("responses") {
        socket.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
        SC_HAS_PROCESS(ApproximatelyTimedTarget);
        SC_METHOD(end_requests);
        sensitive << ends_.get_event();
        dont_initialize();
        SC_METHOD(begin_responses);
        sensitive << responses_.get_event() << next_response_;
        dont_initialize();
    }
    ~ApproximatelyTimedTarget() override = default;

  private:
    struct Pending {
        tlm::tlm_generic_payload* trans;
        Way way;
    };

    static sc_core::sc_time minus(const sc_core::sc_time& a, const sc_core::sc_time& b) {
        return a > b ? a - b : sc_core::SC_ZERO_TIME;
    }

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override {
        if (phase == tlm::END_RESP) {
            ended(delay);
            trans.release();
            return tlm::TLM_COMPLETED;
        }
        if (phase != tlm::BEGIN_REQ) {
            return tlm::TLM_ACCEPTED;
        }
        ++requests;
        begin_req.push_back(sc_core::sc_time_stamp() + delay);
        Way way = next_way(trans);
        // A response that could collide with another one must queue.
        if (responding_ && (way.kind == Way::Kind::RespondAtOnce || way.kind == Way::Kind::NestedResponse)) {
            way.kind = Way::Kind::NoEndReq;
        }
        // A call that is made ahead of its time still comes after what it follows.
        way.ahead = std::min(way.ahead, way.kind == Way::Kind::CallEndReq ? way.accept : way.response);
        switch (way.kind) {
            case Way::Kind::Complete:
                storage.serve(trans);
                delay += way.response;
                return tlm::TLM_COMPLETED;
            case Way::Kind::RespondAtOnce:
                trans.acquire();
                storage.serve(trans);
                responding_ = true;
                phase = tlm::BEGIN_RESP;
                delay += way.response;
                return tlm::TLM_UPDATED;
            case Way::Kind::ReturnEndReq:
                trans.acquire();
                phase = tlm::END_REQ;
                delay += way.accept;
                ways_.push_back({&trans, way});
                responses_.notify(trans, minus(delay + way.response, way.ahead));
                return tlm::TLM_UPDATED;
            case Way::Kind::CallEndReq:
                trans.acquire();
                ways_.push_back({&trans, way});
                ends_.notify(trans, minus(delay + way.accept, way.ahead));
                return tlm::TLM_ACCEPTED;
            case Way::Kind::NoEndReq:
                trans.acquire();
                ways_.push_back({&trans, way});
                responses_.notify(trans, minus(delay + way.response, way.ahead));
                return tlm::TLM_ACCEPTED;
            case Way::Kind::NestedEndReq: {
                trans.acquire();
                ways_.push_back({&trans, way});
                responses_.notify(trans, minus(delay + way.accept + way.response, way.ahead));
                tlm::tlm_phase nested = tlm::END_REQ;
                sc_core::sc_time when = delay + way.accept;
                socket->nb_transport_bw(trans, nested, when);
                return tlm::TLM_ACCEPTED;
            }
            case Way::Kind::NestedResponse: {
                storage.serve(trans);
                trans.acquire();
                send_response(trans, delay + way.response);
                return tlm::TLM_ACCEPTED;
            }
        }
        return tlm::TLM_ACCEPTED;
    }

    Way way_of(const tlm::tlm_generic_payload& trans) const {
        for (const Pending& pending : ways_) {
            if (pending.trans == &trans) {
                return pending.way;
            }
        }
        return {};
    }

    void end_requests() {
        while (tlm::tlm_generic_payload* trans = ends_.get_next_transaction()) {
            const Way way = way_of(*trans);
            tlm::tlm_phase phase = tlm::END_REQ;
            sc_core::sc_time delay = way.ahead;
            // BEGIN_RESP must not come before END_REQ takes effect.
            responses_.notify(*trans, delay + way.response);
            socket->nb_transport_bw(*trans, phase, delay);
        }
    }

    void begin_responses() {
        while (tlm::tlm_generic_payload* trans = responses_.get_next_transaction()) {
            ready_.push_back(trans);
        }
        while (!responding_ && !ready_.empty() && sc_core::sc_time_stamp() >= may_respond_at_) {
            tlm::tlm_generic_payload& trans = *ready_.front();
            ready_.pop_front();
            storage.serve(trans);
            const Way way = way_of(trans);
            send_response(trans, way.kind == Way::Kind::CallEndReq ? sc_core::SC_ZERO_TIME : way.ahead);
        }
        if (!responding_ && !ready_.empty()) {
            next_response_.notify(may_respond_at_ - sc_core::sc_time_stamp());
        }
    }

    void send_response(tlm::tlm_generic_payload& trans, sc_core::sc_time delay) {
        responding_ = true;
        for (auto pending = ways_.begin(); pending != ways_.end(); ++pending) {
            if (pending->trans == &trans) {
                ways_.erase(pending);
                break;
            }
        }
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        const tlm::tlm_sync_enum sync = socket->nb_transport_bw(trans, phase, delay);
        if (sync == tlm::TLM_COMPLETED || (sync == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
            ended(delay);
            trans.release();
        }
    }

    void ended(const sc_core::sc_time& delay) {
        responding_ = false;
        may_respond_at_ = sc_core::sc_time_stamp() + delay;
        next_response_.notify(delay);
    }

    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) override {
        const Way way = next_way(trans);
        delay += way.accept + way.response;
        storage.serve(trans);
    }
    unsigned transport_dbg(tlm::tlm_generic_payload&) override { return 0; }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }

    tlm_utils::peq_with_get<tlm::tlm_generic_payload> ends_;
    tlm_utils::peq_with_get<tlm::tlm_generic_payload> responses_;
    std::deque<tlm::tlm_generic_payload*> ready_;
    std::vector<Pending> ways_;
    bool responding_ = false;
    sc_core::sc_time may_respond_at_;
    sc_core::sc_event next_response_;
};

/// A random way with delays below `greatest` nanoseconds.
inline ApproximatelyTimedTarget::Way random_way(std::mt19937_64& random, unsigned greatest) {
    const auto time = [&] { return sc_core::sc_time(static_cast<double>(random() % greatest), sc_core::SC_NS); };
    ApproximatelyTimedTarget::Way way;
    way.kind = static_cast<ApproximatelyTimedTarget::Way::Kind>(random() % 7);
    way.accept = time();
    way.response = time();
    way.ahead = random() % 2 == 0 ? time() : sc_core::SC_ZERO_TIME;
    return way;
}

}  // namespace dmasim::test
