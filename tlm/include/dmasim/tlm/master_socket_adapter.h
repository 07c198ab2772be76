// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"
#include "dmasim/model/cadence.h"
#include "dmasim/model/ring.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"
#include "dmasim/tlm/direct_memory.h"
#include "dmasim/tlm/payload_pool.h"

namespace dmasim {

/// How an initiator of ours speaks to its target.
enum class TransportStyle : std::uint8_t {
    NonBlocking,  ///< nb_transport, base protocol: approximately timed.
    Blocking,     ///< b_transport with annotated delay: loosely timed.
};

/// Any TLM-2.0 initiator socket of the standard width and protocol (every port policy, so that it may stay unbound).
using InitiatorSocketBase =
    tlm::tlm_base_initiator_socket_b<32, tlm::tlm_fw_transport_if<>, tlm::tlm_bw_transport_if<>>;

/// Options of a `MasterSocketAdapter`.
struct MasterSocketOptions {
    TransportStyle style = TransportStyle::NonBlocking;
    /// Number of this initiator in extensions and traces.
    std::uint16_t initiator = 0;
    /// `Blocking` only: calls of b_transport that may be under way at once, >= 1; more wait for their turn. As many
    /// as the core has bursts in flight, so that a target that waits inside does not hold up the others.
    unsigned max_blocking_calls = 8;
    /// `Blocking` only: bursts go through direct memory pointers where the target grants them.
    bool dmi = false;
    /// The owner calls `flush_answers` after each evaluation of the core, so no event has to do it.
    bool flushed = false;
    /// Bytes a beat of the socket, to time the data of targets that do not announce an interval.
    std::uint32_t bus_bytes = 8;
    /// Whether the master may join an island. Its module then calls `ClockedProcess::arrive()` before it gives the master
    /// an input or looks at it.
    bool may_join = false;
};

/// Turns the `BurstPort` calls of a master core into transport calls on an initiator socket, and what comes back into the
/// core's `BurstMaster` calls. Any base-protocol target may be bound.
///
/// Non-blocking: BEGIN_REQ at the stamp of the request. A BEGIN_REQ waits while another one of the socket has not been
/// ended (IEEE 1666-2011, 15.2.6 e), in order of the requests. END_REQ is the acceptance, BEGIN_RESP the response, and
/// implies END_REQ; TLM_COMPLETED does so for both. Annotated delays give stamps in the future. END_RESP goes back on the
/// return path (TLM_COMPLETED). A call on one path is never made from within a call on the other.
///
/// Blocking: the request is accepted with its own stamp; one thread a call under way calls b_transport in the order of the
/// requests; the response has the stamp of the time after return (annotated delay included). With `dmi`, a burst for which
/// the target grants a pointer is over within `request`, with the latency that the target states, and no thread is woken.
/// A target sees one call at a time and knows nothing of the bursts before it, so what they do to each other is computed
/// here, as a bus and memory of ours do (timing.md B3, B4, M1, M2): a read's first beat comes after the last beat of the read
/// before it; the data of a write begins after that of the write before it. So a transfer that nobody contends with takes as many cycles
/// in this style as in the other.
///
/// Data beats (docs/architecture.md, "Over TLM"): a target that announces no interval moves one beat a cycle, and the data
/// of one direction goes over the socket one burst after the other: the first beat of a read comes after the last beat of
/// the read answered before, the response of a write not before its last beat could have been taken.
///
/// A master that speaks non-blocking and whose socket is bound to an interconnect of ours itself joins its island
/// (docs/lazy-islands.md) if `may_join` is set; its bursts then go from core to core.
class MasterSocketAdapter final : public sc_core::sc_module, public BurstPort, private tlm::tlm_bw_transport_if<> {
  public:
    /// Binds itself to the backward path of `socket`. Inputs to `master` are followed by `process.wake()`. All references
    /// must outlive this module. `master` must not touch a burst's buffer from within the calls it gets here.
    MasterSocketAdapter(const sc_core::sc_module_name& name, InitiatorSocketBase& socket, ClockedProcess& process,
                        BurstMaster& master, const MasterSocketOptions& options);
    ~MasterSocketAdapter() override;

    void request(const Burst& burst, Cycles at) override;

    /// Tells the core the answers that came within `request()`. To be called when the core has been evaluated; otherwise
    /// they come in the next delta cycle.
    void flush_answers();

    /// The pointers that are held.
    [[nodiscard]] const DirectMemory& direct_memory() const { return direct_; }

    /// @{ `Blocking`, for many bursts at once (`DirectLeaper`).
    /// As `CadenceMaster`: when the next answers can come.
    void record(StateRecord& state) const;
    void leap(const Leap& leap);
    /// @}

    /// Keeps the master out of islands: its bursts go over the socket. Before the end of elaboration.
    void stay_outside() { options_.may_join = false; }
    /// The master has joined an island (docs/lazy-islands.md): the socket carries nothing.
    [[nodiscard]] bool in_island() const { return island_ != nullptr; }

    /// Bursts requested and not yet answered.
    [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
    /// Calls of the target for transactions or phases that were not due; each was ignored (a faulty target).
    [[nodiscard]] std::uint64_t unexpected_calls() const { return unexpected_; }

  private:
    class BlockingCall;
    struct InFlight {
        tlm::tlm_generic_payload* trans = nullptr;
        Access access = Access::Read;
        std::uint32_t tag = 0;
        std::uint32_t beats = 0;
        Cycles requested;
        bool sent = false;
    };
    struct Answer {
        Access access = Access::Read;
        std::uint32_t tag = 0;
        Cycles at;
        std::uint32_t interval = 1;
        Response response = Response::Ok;
    };

    void end_of_elaboration() override;

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override;

    void send_held_back();
    void send_all();
    void send_next();
    bool on_phase(tlm::tlm_generic_payload& trans, const tlm::tlm_phase& phase, const sc_core::sc_time& delay);
    void end_request(tlm::tlm_generic_payload& trans, const sc_core::sc_time& delay);
    void end_response(tlm::tlm_generic_payload& trans, const sc_core::sc_time& delay);
    Answer time_data(const InFlight& burst, Cycles at);
    void queue_up(Answer& answer, std::uint32_t beats, Cycles requested);
    bool request_direct(const Burst& burst, Cycles at);
    void deliver(const Answer& answer);
    void deliver_answers();
    InFlight* find(const tlm::tlm_generic_payload& trans);
    tlm::tlm_generic_payload* take_call();
    void call(tlm::tlm_generic_payload& trans);
    tlm::tlm_fw_transport_if<>& target();

    InitiatorSocketBase& socket_;
    ClockedProcess& process_;
    BurstMaster& master_;
    MasterSocketOptions options_;
    BurstPort* island_ = nullptr;
    PayloadPool pool_;
    std::vector<InFlight> in_flight_;
    Ring<tlm::tlm_generic_payload*> held_back_;       ///< BEGIN_REQ (or call) not made yet, oldest first.
    tlm::tlm_generic_payload* requesting_ = nullptr;  ///< BEGIN_REQ made, not ended.
    sc_core::sc_time may_send_at_;                    ///< When the last END_REQ takes effect.
    Cycles read_lane_free_{0};                        ///< First stamp that a beat of the next read can have.
    Cycles write_lane_free_{0};
    Cycles next_write_response_{0};  ///< `Blocking`: first stamp that the next write response can have.
    DirectMemory direct_;
    std::vector<Answer> early_;  ///< Came within request(); told to the core afterwards.
    std::vector<Answer> delivering_;
    bool in_request_ = false;
    bool calling_ = false;  ///< A forward call is on the stack.
    bool called_ = false;   ///< A backward call is on the stack.
    std::uint64_t unexpected_ = 0;
    sc_core::sc_event send_event_;
    sc_core::sc_event answer_event_;
    std::vector<std::unique_ptr<BlockingCall>> calls_;
};

}  // namespace dmasim
