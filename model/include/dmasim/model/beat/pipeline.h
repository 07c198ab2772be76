// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "dmasim/model/beat/signals.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// One transfer as a beat pipeline takes it: a contiguous copy.
struct BeatTransfer {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint64_t bytes = 0;  ///< >= 1.
    std::uint32_t tag = 0;    ///< The caller's name of it.
};

/// What happened in a beat pipeline.
enum class BeatStep : std::uint8_t {
    TransferAccepted,  ///< The transfer's valid and ready were both high.
    BurstPlanned,      ///< A write burst was cut off the transfer (burst = its number).
    ReadAddressValid,
    ReadAddressTaken,
    CommandTaken,  ///< The data mover turned to this burst.
    WriteAddressValid,
    WriteAddressTaken,
    ReadBeat,
    WriteBeat,
    ResponseTaken,
    Status,  ///< Completion is reported; tag = transfer.
};
inline constexpr unsigned kBeatSteps = 11;
/// Stable name of a step, as `dmasim explain` prints it.
std::string_view name_of(BeatStep step);

/// One of the conditions that a step waited for, and the cycle from which it held.
struct BeatTerm {
    std::string_view name;
    Cycles at;
};

/// Receives the steps of a pipeline, in order of time.
class BeatObserver {
  public:
    BeatObserver() = default;
    BeatObserver(const BeatObserver&) = delete;
    BeatObserver& operator=(const BeatObserver&) = delete;
    virtual ~BeatObserver() = default;

    /// Step `step` at cycle `at`. `index`: number of the burst, or of the beat in its direction, or the tag of the
    /// transfer. `terms`: what it waited for; the greatest decided. Empty unless `wants_terms()`.
    virtual void step(BeatStep step, Cycles at, std::uint64_t index, std::initializer_list<BeatTerm> terms) = 0;
    /// Whether the terms are worth collecting.
    [[nodiscard]] virtual bool wants_terms() const { return false; }
};

/// How a pipeline cuts transfers into bursts.
enum class SplitRule : std::uint8_t {
    DestinationFirst,  ///< By the destination, at unaligned starts; each write burst's reads then by the source.
    AlignedBothSides,  ///< At aligned pages; both sides are cut where the nearer page of the two ends.
    AlignedEachSide,   ///< At aligned pages; each side is cut alone.
};

/// When the address of a write burst goes out.
enum class WriteAddressRule : std::uint8_t {
    WithCommand,    ///< When the data mover turns to the burst.
    WithFirstBeat,  ///< With the first write beat.
    AtOnce,         ///< As soon as the burst is planned.
};

/// The kind of pipeline that a profile's numbers belong to.
enum class PipelineKind : std::uint8_t { Sequenced, Streaming };

/// Cycles between two write responses that a sequenced pipeline takes: its ready is a pulse. No number of a profile, since
/// bursts never end in two cycles that follow each other, so that 1 would be the same.
inline constexpr std::uint32_t kSequencedResponseGap = 2;

/// A pipeline as data; all numbers are cycles unless said otherwise. What a number means: docs/beat-pipelines.md.
struct PipelineTiming {
    PipelineKind kind = PipelineKind::Sequenced;
    SplitRule split = SplitRule::DestinationFirst;
    WriteAddressRule write_address = WriteAddressRule::WithCommand;
    std::uint32_t max_burst_beats = 16;  ///< Beats.
    // Both.
    std::uint32_t accept_to_plan = 1;  ///< Transfer accepted to its first burst planned.
    // Sequenced.
    std::uint32_t plan_to_request = 1;     ///< Burst planned, or address taken, to the next read request.
    std::uint32_t request_to_valid = 1;    ///< Request to ARVALID; command taken to AWVALID.
    std::uint32_t plan_to_command = 1;     ///< Burst planned to the data mover seeing it.
    std::uint32_t burst_gap = 1;           ///< Last beat of a burst to the next command taken.
    std::uint32_t command_to_accept = 2;   ///< Last command taken to the next transfer accepted.
    std::uint32_t read_to_write = 2;       ///< Read beat to WVALID of the write beat that it completes.
    std::uint32_t fifo_threshold = 16;     ///< Beats; so many in the write FIFO stop reading ...
    std::uint32_t fifo_reaction = 2;       ///< ... so many cycles later.
    std::uint32_t response_to_status = 1;  ///< Last response to status.
    // Streaming.
    std::uint32_t response_gap = 1;      ///< Between two write responses taken.
    std::uint32_t bursts_in_flight = 8;  ///< Bursts.
    std::uint32_t buffer_beats = 3;      ///< Beats of each byte lane.
    std::uint32_t pending_extra = 0;     ///< Bursts without response beyond bursts_in_flight + buffer_beats.
};

/// A master that copies, beat by beat, as measured controllers do.
class BeatPipeline : public BeatMaster {
  public:
    /// Whether a transfer would be accepted in cycle `t`; depends on the state before `t` only.
    [[nodiscard]] virtual bool ready(Cycles t) const = 0;
    /// Offers a transfer in cycle `t` (`ready(t)` must hold): it is accepted in that cycle. To be called before
    /// `clock(t)`.
    virtual void offer(const BeatTransfer& transfer, Cycles t) = 0;
    /// Whether nothing is under way.
    [[nodiscard]] virtual bool idle() const = 0;
    /// Worst response of the transfer that the last `Status` step reported.
    [[nodiscard]] virtual Response status_response() const = 0;
    /// Bytes that count of the beat that the last `ReadBeat` step reported.
    [[nodiscard]] std::uint32_t beat_bytes() const { return beat_bytes_; }
    void observe(BeatObserver* observer) { observer_ = observer; }

  protected:
    std::uint32_t beat_bytes_ = 0;
    BeatObserver* observer_ = nullptr;
};

/// Creates the pipeline for a bus of `bus_bytes` a beat. Throws `ConfigError`.
std::unique_ptr<BeatPipeline> make_pipeline(const PipelineTiming& timing, std::uint32_t bus_bytes);

/// All problems of `timing`, one sentence each.
std::vector<std::string> validate(const PipelineTiming& timing, std::uint32_t bus_bytes);

}  // namespace dmasim
