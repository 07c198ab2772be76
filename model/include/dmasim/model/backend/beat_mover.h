// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "dmasim/model/backend/burst_mover.h"
#include "dmasim/model/backend/data_mover.h"
#include "dmasim/model/beat/pipeline.h"
#include "dmasim/model/beat/transfer_source.h"
#include "dmasim/model/config.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// The place where a controller with a beat-accurate profile is plugged into a system of beat-accurate parts.
///
/// Cycle `t` of the system comes before edge `t` of the engine: the engine sees what the pipeline took in that cycle.
class BeatPlug {
  public:
    BeatPlug() = default;
    BeatPlug(const BeatPlug&) = delete;
    BeatPlug& operator=(const BeatPlug&) = delete;
    virtual ~BeatPlug() = default;

    /// The master that takes part in every cycle.
    [[nodiscard]] virtual BeatMaster& beat_master() = 0;
    /// To be called at the beginning of every cycle of the system: offers what was granted before cycle `t`.
    virtual void before_cycle(Cycles t) = 0;
    /// A lower bound of the next cycle in which something happens that can be seen outside of the system; `next` is the
    /// next cycle of the system. `kNever`: nothing will. What is under way has to read its bytes first, a beat a cycle.
    [[nodiscard]] virtual Cycles next_visible(Cycles next) const = 0;
    /// `wake(t)`: the system must look at cycle `t`. `answered()`: the controller's next edge may have moved.
    virtual void connect(std::function<void(Cycles)> wake, std::function<void()> answered) = 0;
    /// Sees the steps of the pipeline; null: nobody.
    virtual void observe_beats(BeatObserver* observer) = 0;
    /// Another source of transfers; a register job that waits goes before it. Null: none.
    virtual void attach(TransferSource* source) = 0;
};

/// The data mover of the beat-accurate profiles: rows of memory-to-memory jobs go whole through a `BeatPipeline`
/// (docs/beat-pipelines.md); descriptors, status write-backs and jobs with a fixed side go burst by burst, as in the
/// native profile.
class BeatMover final : public DataMover, public BeatPlug, private BeatObserver {
  public:
    BeatMover(const DmaConfig& config, BurstPort& port, MoverClient& client, TraceSink* sink, std::uint16_t source);

    // DataMover
    void retire(Cycles edge) override { bursts_.retire(edge); }
    [[nodiscard]] bool can_grant(Cycles edge) const override;
    [[nodiscard]] Cycles earliest_grant() const override;
    void grant_chunk(const ChunkOrder& order, Cycles edge) override;
    void grant_descriptor(const DescriptorOrder& order, Cycles edge) override { bursts_.grant_descriptor(order, edge); }
    std::uint32_t write_back(unsigned channel, std::uint32_t job, std::uint64_t address, const std::uint8_t* data,
                             std::uint32_t bytes, Cycles edge) override {
        return bursts_.write_back(channel, job, address, data, bytes, edge);
    }
    void request_write(Cycles edge) override { bursts_.request_write(edge); }
    [[nodiscard]] Cycles earliest_write() const override { return bursts_.earliest_write(); }
    void accepted(std::uint32_t tag, Cycles at) override { bursts_.accepted(tag, at); }
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
        bursts_.read_data(tag, first, interval, response);
    }
    void write_response(std::uint32_t tag, Cycles at, Response response) override {
        bursts_.write_response(tag, at, response);
    }
    void reset(Cycles edge) override;
    [[nodiscard]] std::uint64_t bytes_written_from(unsigned channel, std::uint32_t job, Cycles at) const override;
    [[nodiscard]] MoverActivity activity(Cycles cycle) const override;
    [[nodiscard]] std::uint32_t fifo_used() const override { return bursts_.fifo_used(); }
    [[nodiscard]] bool idle() const override;

    // BeatPlug
    [[nodiscard]] BeatMaster& beat_master() override { return *pipeline_; }
    void before_cycle(Cycles t) override;
    [[nodiscard]] Cycles next_visible(Cycles next) const override;
    void connect(std::function<void(Cycles)> wake, std::function<void()> answered) override;
    void observe_beats(BeatObserver* observer) override { outer_ = observer; }
    void attach(TransferSource* source) override { source_of_transfers_ = source; }

  private:
    /// Transfers that wait in front of the pipeline.
    static constexpr std::size_t kQueue = 4;

    /// A chunk from its grant to its status.
    struct Under {
        ChunkOrder order;
        Cycles granted;
        std::uint32_t tag = 0;
        std::uint64_t read_left = 0;  ///< Bytes that have not come yet.
        Cycles first_read = kNever;
        Cycles last_read = kNever;
        bool orphan = false;
        bool sourced = false;  ///< Belongs to the `TransferSource`.
        std::uint64_t sequence = 0;
    };
    /// A chunk that was written at `at`, for those who ask about earlier times.
    struct Written {
        unsigned channel = 0;
        std::uint32_t job = 0;
        std::uint32_t bytes = 0;
        Cycles at;
    };

    void step(BeatStep step, Cycles at, std::uint64_t index, std::initializer_list<BeatTerm> terms) override;
    [[nodiscard]] bool wants_terms() const override { return outer_ != nullptr && outer_->wants_terms(); }
    bool offer_waiting(Cycles t);
    void status(Cycles at);
    void report(EventKind kind, Cycles at, const Under& under, Access access, std::uint32_t beats) const;

    const DmaConfig config_;
    MoverClient& client_;
    TraceSink* const sink_;
    const std::uint16_t source_;
    BurstMover bursts_;
    std::unique_ptr<BeatPipeline> pipeline_;
    std::deque<Under> waiting_;  ///< Granted and not offered.
    std::deque<Under> under_;    ///< Offered and without a status, oldest first.
    std::deque<Written> written_;
    /// Transfers that ended lately: who asks about their last cycle may do so before or after they end in it.
    struct Ended {
        unsigned channel = 0;
        Cycles at;
    };
    std::deque<Ended> ended_;
    std::uint32_t next_tag_ = 0;
    std::uint64_t sequence_ = 0;
    std::function<void(Cycles)> wake_;
    std::function<void()> answered_;
    BeatObserver* outer_ = nullptr;
    TransferSource* source_of_transfers_ = nullptr;
};

}  // namespace dmasim
