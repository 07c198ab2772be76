// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"
#include "dmasim/tlm/beat_link.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"
#include "dmasim/tlm/island_link.h"

namespace dmasim {

/// Any TLM-2.0 target socket of the standard width and protocol.
using TargetSocketBase = tlm::tlm_base_target_socket_b<32, tlm::tlm_fw_transport_if<>, tlm::tlm_bw_transport_if<>>;

class MemoryCore;

/// A memory, as it offers itself to the island of the interconnect that it is bound to.
struct IslandMemory {
    MemoryCore* core = nullptr;  ///< Null: there is none.
    ClockedProcess* process = nullptr;
    sc_core::sc_time period;
    bool pointers = false;  ///< It grants direct memory pointers.
};

/// What a `TargetSocketAdapter` does not know by itself. Empty functions: not supported.
struct TargetSocketHandlers {
    /// An input was given to the core: look for its next edge.
    std::function<void()> wake;
    /// b_transport of a payload that has passed the checks; sets the response status.
    std::function<void(tlm::tlm_generic_payload&, const Burst&, sc_core::sc_time&)> b_transport;
    std::function<unsigned(tlm::tlm_generic_payload&)> transport_dbg;
    std::function<bool(tlm::tlm_generic_payload&, tlm::tlm_dmi&)> get_direct_mem_ptr;
    /// Before a burst of the non-blocking path is given to the core.
    std::function<void()> before_request;
    /// A response was begun and not ended at once; and: it was ended, with this stamp.
    std::function<void()> stalled;
    std::function<void(Cycles)> resumed;
    /// Somebody looks for beat-accurate parts (`BeatInquiry`); the address is the one seen here.
    std::function<void(BeatInquiry&)> inquired = nullptr;
    /// A call of the non-blocking path, or a b_transport, has come in; before anything else is done.
    std::function<void()> arrive = nullptr;
    /// A master wants to join the island behind this socket (`IslandGate::join`).
    std::function<BurstPort*(const IslandGuest&)> joined = nullptr;
    /// The memory behind this socket, for an island.
    std::function<IslandMemory()> memory = nullptr;
};

/// Turns the calls that arrive at a target socket into `BurstPort` calls on a core, and the core's `BurstMaster` calls into
/// the phases of the answer (docs/architecture.md, "Over TLM"). Any base-protocol initiator may be bound: payloads of any
/// length, alignment, byte enables and streaming width; END_RESP at any time.
///
/// END_REQ goes out on the return path when the core accepts at once, BEGIN_RESP at the time of its stamp; while a response
/// has not been ended, the next one waits (IEEE 1666-2011, 15.2.6), until the edge after END_RESP. Payloads that no target
/// could carry out are completed at once with an error.
///
/// Evaluate it after the core, at the same edges: it holds the responses that the core has announced in advance.
class TargetSocketAdapter final
    : public Clocked,
      public BurstMaster,
      public IslandGate,
      public tlm::tlm_fw_transport_if<> {  // Not private: who is bound to it looks for IslandGate.
  public:
    struct Options {
        /// Distance of two write beats, announced in the extension of a write when it is accepted. 0: not announced.
        std::uint32_t write_interval = 0;
        /// Whether `announce` tells an interconnect that this is a target of ours.
        bool announced = false;
        /// TLM_IGNORE_COMMAND goes to the core as a read. False: it is answered Ok at once.
        bool pass_ignored = false;
    };

    /// Binds itself to the forward path of `socket`. References must outlive it.
    TargetSocketAdapter(TargetSocketBase& socket, const ClockDomain& domain, BurstPort& core, const Options& options,
                        TargetSocketHandlers handlers);
    ~TargetSocketAdapter() override;

    // BurstMaster: what the core says. Tags are those of the bursts that this adapter has requested.
    void accepted(std::uint32_t tag, Cycles at) override;
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override;
    void write_response(std::uint32_t tag, Cycles at, Response response) override;

    // IslandGate
    BurstPort* join(const IslandGuest& guest) override;
    /// What `TargetSocketHandlers::memory` says.
    [[nodiscard]] IslandMemory memory() const;

    // Clocked
    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;

    /// The payload of the burst `tag`.
    [[nodiscard]] tlm::tlm_generic_payload& payload(std::uint32_t tag) const;

    /// Tells the initiator that pointers into these addresses are no longer valid.
    void invalidate_dmi(std::uint64_t first, std::uint64_t last);

    /// Calls for phases that were not due; each was ignored (a faulty initiator).
    [[nodiscard]] std::uint64_t unexpected_calls() const { return unexpected_; }
    /// Bursts begun and not ended.
    [[nodiscard]] std::size_t in_progress() const { return in_progress_; }

  private:
    struct Slot {
        tlm::tlm_generic_payload* trans = nullptr;
        Burst burst;
        std::vector<std::uint8_t> enables;
        bool request_open = false;  // BEGIN_REQ not ended yet.
    };
    struct Waiting {
        std::uint32_t tag;
        Cycles at;
        std::uint32_t interval;
        Response response;
    };

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& trans) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) override;

    tlm::tlm_sync_enum begin_request(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase, sc_core::sc_time& delay);
    void respond(const Waiting& waiting);
    bool try_send(const Waiting& waiting);
    void stall();
    void end_response(Cycles at);
    std::uint32_t allocate();
    static Burst convert(tlm::tlm_generic_payload& trans, std::vector<std::uint8_t>& enables);
    tlm::tlm_bw_transport_if<>& initiator();

    TargetSocketBase& socket_;
    ClockDomain domain_;
    BurstPort& core_;
    Options options_;
    TargetSocketHandlers handlers_;
    std::deque<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<Waiting> waiting_;  // Responses not begun yet, by stamp.
    bool responding_ = false;       // BEGIN_RESP made, not ended.
    bool stalled_ = false;          // It was not ended at once.
    std::uint32_t responding_tag_ = 0;
    Cycles responses_from_;         // First edge at which the next response may begin.
    std::int64_t requesting_ = -1;  // The tag within core_.request().
    Cycles accepted_at_ = kNever;   // Acceptance that came within core_.request().
    std::size_t in_progress_ = 0;
    std::uint64_t unexpected_ = 0;
};

/// Evaluates several blocks as one, in their order.
class ClockedGroup final : public Clocked {
  public:
    explicit ClockedGroup(std::vector<Clocked*> blocks = {}) : blocks_(std::move(blocks)) {}
    void add(Clocked& block) { blocks_.push_back(&block); }

    [[nodiscard]] Cycles next_edge() const override {
        Cycles next = kNever;
        for (const Clocked* block : blocks_) {
            next = std::min(next, block->next_edge());
        }
        return next;
    }
    void evaluate(Cycles edge) override {
        for (Clocked* block : blocks_) {
            if (block->next_edge() <= edge) {
                block->evaluate(edge);
            }
        }
    }

  private:
    std::vector<Clocked*> blocks_;
};

/// Asks a target, by a debug access that moves nothing, what it is (docs/architecture.md, "Over TLM"). A target of ours
/// answers; others ignore the extension.
class TargetAnnouncement : public tlm::tlm_extension<TargetAnnouncement> {
  public:
    bool known = false;                ///< Set by a target of ours.
    std::uint32_t write_interval = 0;  ///< Distance of two write beats.

    tlm::tlm_extension_base* clone() const override;
    void copy_from(const tlm::tlm_extension_base& other) override;
};

}  // namespace dmasim
