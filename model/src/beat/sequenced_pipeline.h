// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "dmasim/model/beat/pipeline.h"

#include "byte_ring.h"
#include "held_since.h"

namespace dmasim::detail {

/// A pipeline whose requester walks step by step and whose data mover takes one burst after the other
/// (docs/beat-pipelines.md, "Sequenced").
class SequencedPipeline final : public BeatPipeline {
  public:
    SequencedPipeline(const PipelineTiming& timing, std::uint32_t bus_bytes);

    [[nodiscard]] MasterSignals outputs(Cycles t, const SlaveSignals& in) override;
    void clock(Cycles t, const SlaveSignals& in) override;
    [[nodiscard]] Cycles next_change(Cycles t) const override;
    [[nodiscard]] bool ready(Cycles t) const override;
    void offer(const BeatTransfer& transfer, Cycles t) override;
    [[nodiscard]] bool idle() const override;
    [[nodiscard]] Response status_response() const override { return status_response_; }

  private:
    /// A write burst with the read beats that feed it.
    struct Plan {
        AddressPhase write;
        std::uint32_t inputs = 0;
        std::uint32_t outputs = 0;
        bool bubble = false;  ///< The first input completes no output.
        bool last = false;
        std::uint32_t tag = 0;
        Cycles planned;
    };
    /// A write beat in the FIFO.
    struct OutputBeat {
        BeatData data;
        bool last = false;
        Cycles made;
        bool flushed = false;  ///< Made in the cycle after the last read beat.
    };
    /// A write burst whose beats are all made, waiting for its response.
    struct Pending {
        bool last = false;
        std::uint32_t tag = 0;
        Cycles made;
        bool flushed = false;
        Response reads = Response::Ok;  ///< The worst of its read beats.
    };
    struct Status {
        Cycles at;
        Cycles response;
        std::uint32_t tag = 0;
        Response worst = Response::Ok;
    };
    /// The number of beats in the FIFO from cycle `from` on.
    struct Fill {
        Cycles from;
        std::uint32_t beats = 0;
    };
    enum class Requester : std::uint8_t { Idle, Plan, Request };

    void plan_burst(Cycles t);
    void request_read(Cycles t);
    void take_command(Cycles t);
    void take_read_beat(Cycles t, const SlaveSignals& in);
    void make_output(Cycles t, bool flushed);
    void watch(Cycles t, const SlaveSignals& in);
    void set_fill(Cycles from, std::uint32_t beats);
    [[nodiscard]] std::uint32_t limit(std::uint64_t address) const;
    [[nodiscard]] bool fifo_allows_read(Cycles t) const;
    [[nodiscard]] bool read_ready(Cycles t) const;
    [[nodiscard]] bool response_ready(Cycles t) const;
    [[nodiscard]] Cycles command_at() const;
    [[nodiscard]] Cycles pop_at() const;
    void tell(BeatStep step, Cycles at, std::uint64_t index, std::initializer_list<BeatTerm> terms = {}) const {
        if (observer_ != nullptr) {
            observer_->step(step, at, index, terms);
        }
    }

    PipelineTiming timing_;
    std::uint32_t bus_bytes_;
    std::uint32_t burst_bytes_;

    // Requester.
    Requester requester_ = Requester::Idle;
    Cycles requester_from_;  ///< Earliest cycle of its next step.
    Cycles accept_from_;     ///< Earliest cycle of the next acceptance.
    BeatTransfer transfer_;
    std::uint64_t source_ = 0;
    std::uint64_t destination_ = 0;
    std::uint64_t left_ = 0;        ///< Bytes not planned yet.
    std::uint64_t burst_left_ = 0;  ///< Bytes of the planned burst not requested yet.
    Cycles accepted_;
    Cycles planned_;
    std::optional<Plan> command_;
    Cycles command_free_;  ///< Cycle from which the command register is seen empty.
    bool ar_held_ = false;
    AddressPhase ar_;
    Cycles ar_valid_;
    Cycles ar_free_;
    // Data mover.
    bool moving_ = false;
    Plan burst_;
    std::uint32_t inputs_left_ = 0;
    std::uint32_t outputs_left_ = 0;
    bool bubble_ = false;
    bool first_output_ = false;
    Cycles command_taken_;
    Cycles mover_free_;
    bool aw_held_ = false;
    AddressPhase aw_;
    Cycles aw_valid_;
    Cycles aw_free_;
    std::deque<AddressPhase> reads_;  ///< Reads under way, to know which lanes of a beat count.
    std::uint32_t read_beat_ = 0;
    ByteRing bytes_;
    // Write FIFO and output register.
    std::deque<OutputBeat> fifo_;
    std::deque<Fill> fills_;
    bool w_held_ = false;
    OutputBeat w_;
    Cycles w_valid_;
    Cycles w_free_;
    // Responses.
    std::deque<Pending> pending_;
    Cycles response_from_;
    std::deque<Status> statuses_;
    Response burst_worst_ = Response::Ok;  ///< Of the read beats of the burst in the data mover.
    Response worst_ = Response::Ok;        ///< Of the transfer whose responses come.
    Response status_response_ = Response::Ok;
    // Counters for observers.
    std::uint64_t bursts_planned_ = 0;
    std::uint64_t commands_taken_ = 0;
    std::uint64_t reads_requested_ = 0;
    std::uint64_t reads_taken_ = 0;
    std::uint64_t writes_taken_ = 0;
    std::uint64_t read_beats_ = 0;
    std::uint64_t write_beats_ = 0;
    std::uint64_t responses_ = 0;
    Cycles last_read_beat_;
    // What observers are told: since when each condition holds.
    bool requester_follows_accept_ = false;  ///< Its step follows the acceptance or the plan, not a read request.
    bool mover_flushed_ = false;             ///< The burst before ended with a flush.
    Cycles w_free_from_;                     ///< First cycle in which the next beat can be valid, by the one before.
    HeldSince ar_ready_;
    HeldSince aw_ready_;
    HeldSince w_ready_;
    HeldSince r_valid_;
    HeldSince b_valid_;
    HeldSince room_;
    bool changed_ = false;
};

}  // namespace dmasim::detail
