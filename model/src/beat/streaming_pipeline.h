// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "dmasim/model/beat/pipeline.h"

#include "byte_ring.h"
#include "held_since.h"

namespace dmasim::detail {

/// A pipeline that plans a read and a write burst a cycle and lets data stream through byte lanes
/// (docs/beat-pipelines.md, "Streaming").
class StreamingPipeline final : public BeatPipeline {
  public:
    StreamingPipeline(const PipelineTiming& timing, std::uint32_t bus_bytes);

    [[nodiscard]] MasterSignals outputs(Cycles t, const SlaveSignals& in) override;
    void clock(Cycles t, const SlaveSignals& in) override;
    [[nodiscard]] Cycles next_change(Cycles t) const override;
    [[nodiscard]] bool ready(Cycles t) const override;
    void offer(const BeatTransfer& transfer, Cycles t) override;
    [[nodiscard]] bool idle() const override;
    [[nodiscard]] Response status_response() const override { return status_response_; }

  private:
    /// What is left of the transfer on one side.
    struct Side {
        std::uint64_t address = 0;
        std::uint64_t left = 0;
        bool valid = false;
    };
    /// A planned burst on its way through the data path.
    struct Job {
        std::uint32_t offset = 0;  ///< Byte lane of its first byte on the bus.
        std::uint32_t bytes = 0;
        std::uint32_t beats = 0;
        std::uint32_t lane = 0;  ///< Lane of the buffer that takes its first byte.
        std::uint64_t number = 0;
        Cycles planned;
        std::uint64_t transfer = 0;  ///< Number of its transfer.
    };
    struct PlannedWrite {
        AddressPhase address;
        Cycles planned;
        std::uint64_t number = 0;
    };
    struct Unanswered {
        bool last = false;
        std::uint32_t tag = 0;
    };
    /// Bytes of a read beat that the write side does not see yet.
    struct Arrival {
        Cycles seen;
        std::uint32_t lane = 0;
        std::uint32_t count = 0;
    };
    struct Status {
        Cycles at;
        Cycles response;
        std::uint32_t tag = 0;
        Response worst = Response::Ok;
    };
    /// The bytes of beat `beat` of a job: first byte within the burst, number, lane on the bus.
    struct Span {
        std::uint32_t begin = 0;
        std::uint32_t count = 0;
        std::uint32_t offset = 0;
    };
    [[nodiscard]] Span span(const Job& job, std::uint32_t beat) const;
    [[nodiscard]] std::uint64_t to_page_end(std::uint64_t address) const { return page_ - address % page_; }
    /// Most bytes that the next burst of `side` may have.
    [[nodiscard]] std::uint64_t plan_limit(const Side& side) const;
    [[nodiscard]] std::uint32_t next_bytes(const Side& side) const {
        return static_cast<std::uint32_t>(std::min(side.left, plan_limit(side)));
    }
    [[nodiscard]] bool side_done(const Side& side) const { return side.left <= plan_limit(side); }
    [[nodiscard]] bool read_room() const;
    [[nodiscard]] bool write_room() const;
    [[nodiscard]] bool planning(Cycles t, bool reading) const;
    [[nodiscard]] bool lanes_hold(std::uint32_t lane, std::uint32_t count) const;
    [[nodiscard]] bool lanes_take(std::uint32_t lane, std::uint32_t count, bool popping, const Span& popped,
                                  std::uint32_t popped_lane) const;
    void plan_read(Cycles t, std::uint32_t bytes);
    void plan_write(Cycles t, std::uint32_t bytes);
    void move_lanes(std::vector<std::uint8_t>& lanes, std::uint32_t lane, std::uint32_t count, int by) const;
    void arrive(Cycles t);
    void report_status(Cycles t);
    void watch(Cycles t, const MasterSignals& out, const SlaveSignals& in);
    void take_read_beat(Cycles t, const SlaveSignals& in);
    void give_write_beat(Cycles t);
    void tell(BeatStep step, Cycles at, std::uint64_t index, std::initializer_list<BeatTerm> terms = {}) const {
        if (observer_ != nullptr) {
            observer_->step(step, at, index, terms);
        }
    }

    PipelineTiming timing_;
    std::uint32_t bus_bytes_;
    std::uint64_t page_;
    std::size_t pending_limit_;

    Side read_;
    Side write_;
    std::uint32_t tag_ = 0;
    Cycles plan_from_;
    std::optional<BeatTransfer> offered_;
    std::uint32_t read_lane_ = 0;
    std::uint32_t write_lane_ = 0;

    bool ar_held_ = false;  ///< A planned read address that was not taken in its first cycle.
    AddressPhase ar_;
    Cycles ar_valid_;
    std::deque<Job> reads_;
    std::deque<Job> writes_;
    std::deque<PlannedWrite> write_addresses_;
    std::deque<Unanswered> unanswered_;
    std::uint32_t read_beat_ = 0;
    std::uint32_t write_beat_ = 0;
    std::uint32_t address_credits_ = 0;  ///< Write addresses that may go out and could not yet.
    bool aw_waiting_ = false;            ///< A write address is out and not taken.
    Cycles aw_valid_;                    ///< Since when it is out.
    std::vector<std::uint8_t> used_;     ///< By lane: bytes held, seen by the write side or not.
    std::vector<std::uint8_t> seen_;     ///< By lane: bytes that the write side sees.
    std::deque<Arrival> arrivals_;
    ByteRing bytes_;
    BeatData beat_;
    bool beat_filled_ = false;
    bool first_beat_new_ = true;  ///< The next write beat is the first of its burst, and its address was not released.
    Cycles response_from_;
    std::deque<Status> statuses_;
    std::deque<Response> worst_;  ///< Of the transfers that are not answered, oldest first.
    std::uint64_t answered_transfers_ = 0;
    Response status_response_ = Response::Ok;
    std::uint64_t reads_planned_ = 0;
    std::uint64_t writes_planned_ = 0;
    std::uint64_t read_beats_ = 0;
    std::uint64_t write_beats_ = 0;
    std::uint64_t responses_ = 0;
    Cycles last_read_beat_;
    Cycles last_write_beat_;
    // What observers are told: since when each condition holds, and what freed a place.
    Cycles read_room_from_;
    Cycles write_room_from_;
    std::string_view read_room_by_ = "place of a read burst free";
    std::string_view write_room_by_ = "place of a write burst free";
    Cycles read_planned_;   ///< The cycle after the last read burst was planned.
    Cycles write_planned_;  ///< The same of write bursts.
    Cycles last_write_address_;
    HeldSince ar_ready_;
    HeldSince aw_ready_;
    HeldSince w_ready_;
    HeldSince r_valid_;
    HeldSince b_valid_;
    HeldSince lanes_room_;
    HeldSince bytes_here_;
    Cycles bytes_seen_;   ///< When the last bytes came that the write side sees.
    Cycles bytes_since_;  ///< Their value when the write beat at hand became complete.
    bool changed_ = false;
};

}  // namespace dmasim::detail
