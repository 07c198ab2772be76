// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dmasim/model/cadence.h"
#include "dmasim/model/cadence_finder.h"
#include "dmasim/tlm/direct_memory.h"
#include "dmasim/tlm/master_socket_adapter.h"

namespace dmasim {

/// Carries out many bursts of a master in the blocking style at once, when all of them go through direct memory pointers
/// (docs/timing.md, "Blocking style"; docs/performance.md, "Bulk copies").
///
/// A state of master and socket that has been seen to come again after a period does so once more, for nothing else comes in
/// while the master runs ahead of simulated time. So as many periods as fit are leaped over: stamps and addresses move, and
/// the bytes are copied from pointer to pointer. All of it is as burst by burst.
class DirectLeaper final : private Leap {
  public:
    /// `adapter`: where the data bursts of `master` go. Both outlive this.
    DirectLeaper(CadenceMaster& master, MasterSocketAdapter& adapter) : master_(master), adapter_(adapter) {}

    /// All edges before `base` are over, the one before it was evaluated, no burst awaits the return of b_transport, and the
    /// edges before `end` are to follow at once. Leaps if it can; returns by how many cycles (0: not at all), so that the first edge that is not over is that much later.
    std::uint64_t look(Cycles base, Cycles end);

    /// The master was given an input.
    void forget();

    /// Whether anything may be leaped over; on by default. For comparisons.
    void allow(bool allowed) { allowed_ = allowed; }
    /// In all.
    [[nodiscard]] std::uint64_t cycles_leaped() const { return total_; }

  private:
    /// What a channel reads and writes from now on. Places are counted in bytes from the first one that is not written.
    struct Stream {
        std::uint16_t channel = 0;
        std::uint64_t per_period = 0;
        std::uint64_t moved = 0;
        std::uint64_t source = 0;               ///< Of the next chunk.
        std::uint64_t destination = 0;          ///< Of the first byte that is not written.
        std::uint64_t under_way = 0;            ///< Bytes that were read and not written.
        std::vector<CadenceChunk> read;         ///< The chunks that they belong to.
        std::vector<DirectMemory::Piece> from;  ///< From `source` on, that is from place `under_way` on.
        std::vector<DirectMemory::Piece> to;    ///< From `destination` on.
    };

    void take_down(Cycles base);
    [[nodiscard]] bool find_streams();
    [[nodiscard]] const Cadence* cadence();
    [[nodiscard]] bool went_evenly(const CadenceFinder::Snapshot& before);
    [[nodiscard]] bool prepare(const Cadence& cadence, std::uint64_t cycles);
    [[nodiscard]] bool streams_are_apart() const;
    void carry_out();
    [[nodiscard]] std::uint64_t cycles() const override { return distance_; }
    [[nodiscard]] std::uint64_t bytes(std::uint32_t initiator, std::uint16_t channel) const override;

    CadenceMaster& master_;
    MasterSocketAdapter& adapter_;
    CadenceFinder finder_;
    bool allowed_ = true;
    std::uint64_t grants_ = 0;
    Cycles quiet_until_{0};      ///< When the last look was taken: the first edge at which something else happens.
    std::uint64_t changes_ = 0;  ///< And what the pointers had gone through.
    std::uint64_t failures_ = 0;
    std::uint64_t pause_ = 0;  ///< Grants that are not looked at.
    std::vector<Stream> streams_;
    std::size_t stream_count_ = 0;
    std::vector<CadenceChunk> chunks_;
    std::vector<DirectMemory::Piece> pieces_;
    std::uint64_t distance_ = 0;
    std::uint64_t total_ = 0;
};

}  // namespace dmasim
