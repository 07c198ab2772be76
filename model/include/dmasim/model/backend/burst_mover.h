// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dmasim/model/backend/buffer_pool.h"
#include "dmasim/model/backend/data_mover.h"
#include "dmasim/model/config.h"
#include "dmasim/model/ring.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// The data mover of the native profile: whole bursts, writes after their reads in order of the grants (timing.md C3 to C5).
class BurstMover final : public DataMover {
  public:
    BurstMover(const DmaConfig& config, BurstPort& port, MoverClient& client, TraceSink* sink, std::uint16_t source);

    void retire(Cycles edge) override;
    [[nodiscard]] bool can_grant(Cycles edge) const override;
    [[nodiscard]] Cycles earliest_grant() const override;
    void grant_chunk(const ChunkOrder& order, Cycles edge) override;
    void grant_descriptor(const DescriptorOrder& order, Cycles edge) override;
    std::uint32_t write_back(unsigned channel, std::uint32_t job, std::uint64_t address, const std::uint8_t* data,
                             std::uint32_t bytes, Cycles edge) override;
    void request_write(Cycles edge) override;
    [[nodiscard]] Cycles earliest_write() const override;
    void accepted(std::uint32_t tag, Cycles at) override;
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override;
    void write_response(std::uint32_t tag, Cycles at, Response response) override;
    void record(StateRecord& state) const override;
    void chunks(std::vector<CadenceChunk>& list) const override;
    void leap(const Leap& leap, std::uint32_t initiator) override;
    void reset(Cycles edge) override;
    [[nodiscard]] std::uint64_t bytes_to_write(unsigned channel) const override;
    [[nodiscard]] std::uint64_t bytes_written_from(unsigned channel, std::uint32_t job, Cycles at) const override;
    [[nodiscard]] MoverActivity activity(Cycles cycle) const override;
    [[nodiscard]] std::uint32_t fifo_used() const override { return fifo_used_; }
    [[nodiscard]] bool idle() const override;

  private:
    /// A chunk from its grant until both of its bursts are over.
    struct Chunk {
        ChunkOrder order;
        std::uint8_t* data = nullptr;
        std::uint32_t read_beats = 0;
        Cycles read_last = kNever;  ///< kNever: not announced.
        Response read_response = Response::Ok;
        bool orphan = false;  ///< A reset went by: runs out unseen.
    };

    /// A burst in flight of either direction.
    struct Slot {
        bool used = false;
        bool orphan = false;
        bool data_burst = false;
        std::uint32_t chunk = 0;     ///< Data bursts.
        DescriptorOrder descriptor;  ///< Descriptor reads, and channel and job of write-backs.
        std::array<std::uint8_t, 8> status{};
        Burst burst;
        std::uint32_t beats = 0;
        std::uint64_t sequence = 0;
        Cycles first = kNever;
        Cycles last = kNever;  ///< Last stamp of the data or stamp of the write response; kNever: not announced.
        Response response = Response::Ok;
    };

    /// One direction: slots, the acceptance, and the distance of requests.
    struct Direction {
        std::vector<Slot> slots;
        std::vector<std::uint32_t> active;  ///< Slots in flight, in order of their requests.
        std::vector<std::uint32_t> free;
        bool requested = false;  ///< There has been a request; `last_request` is its edge.
        Cycles last_request;
        bool waiting_acceptance = false;
        std::uint32_t offered_tag = 0;
        Cycles accepted_at;

        [[nodiscard]] bool ready(Cycles edge, std::uint32_t interval) const;
        [[nodiscard]] Cycles earliest(std::uint32_t interval) const;
    };

    /// A status write-back, or what is left of it.
    struct WriteBack {
        std::uint16_t channel = 0;
        std::uint32_t job = 0;
        std::uint64_t address = 0;
        std::uint32_t bytes = 0;
        std::array<std::uint8_t, 8> data{};
    };

    /// Descriptor reads have at most so many bytes.
    static constexpr std::uint32_t kDescriptorBuffer = 64;

    std::uint32_t open_slot(Direction& direction, Access access, const Burst& burst);
    void offer(Direction& direction, std::uint32_t slot, Cycles edge);
    Slot& slot_of(std::uint32_t tag);
    void request_data_write(Cycles edge);
    void request_write_back(Cycles edge);
    void free_fifo(Chunk& chunk);
    void free_chunk(std::uint32_t index);
    void drop_failed_heads(Cycles edge);
    void record(StateRecord& state, const Direction& direction) const;
    void report(EventKind kind, Cycles at, const Slot& slot, std::uint32_t value) const;

    const DmaConfig config_;
    BurstPort& port_;
    MoverClient& client_;
    TraceSink* const sink_;
    const std::uint16_t source_;

    BufferPool buffers_;
    Direction reads_;
    Direction writes_;
    std::vector<Chunk> chunks_;
    std::vector<std::uint32_t> free_chunks_;
    Ring<std::uint32_t> write_order_;  ///< Chunks granted and not requested to be written, in order of their grants.
    Ring<WriteBack> write_backs_;
    std::uint32_t fifo_used_ = 0;
    std::uint64_t sequence_ = 0;
};

}  // namespace dmasim
