// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "dmasim/model/burst.h"
#include "dmasim/model/cadence.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/config.h"
#include "dmasim/model/island_master.h"
#include "dmasim/model/job.h"
#include "dmasim/model/trace.h"
#include "dmasim/model/types.h"

namespace dmasim {

class BeatPlug;

/// Receives the output levels of a controller. Every call is made inside `DmaEngine::evaluate(e)`, carries the stamp
/// e+1 (timing.md C0.5, C8), and reports a change. All levels are low after construction.
class DmaOutputs {
  public:
    DmaOutputs() = default;
    DmaOutputs(const DmaOutputs&) = delete;
    DmaOutputs& operator=(const DmaOutputs&) = delete;
    virtual ~DmaOutputs() = default;

    /// The interrupt output of the controller: the OR of those of the channels (timing.md C14).
    virtual void interrupt(bool level, Cycles at) = 0;
    /// The interrupt output of one channel.
    virtual void channel_interrupt(unsigned channel, bool level, Cycles at);
    /// DACK of one channel (timing.md C7).
    virtual void dack(unsigned channel, bool level, Cycles at);
    /// TC (terminal count) of one channel (timing.md C7).
    virtual void tc(unsigned channel, bool level, Cycles at);
};

/// The DMA controller: registers, channels, data mover, as one clocked block (timing.md, "Controller").
///
/// All inputs are stamped and may arrive in any order within a stamp. The stamp of an input must be >= the last edge
/// evaluated (and of register accesses not less than that of the one before; a smaller stamp is taken as the greatest so
/// far). Nothing that arrives through these functions makes the engine throw, save answers to bursts that it did not request.
///
/// Not modelled: outstanding reads that overtake each other (data is used in the order of the grants), data-dependent timing.
class DmaEngine final : public Clocked, public BurstMaster, public CadenceMaster {
  public:
    /// Throws `ConfigError` that lists the problems of `config`. `port`, `outputs` and `sink` outlive the engine. With no
    /// sink, no event is made. `source` is this block's number in the events.
    DmaEngine(const DmaConfig& config, BurstPort& port, DmaOutputs& outputs, TraceSink* sink = nullptr,
              std::uint16_t source = 0);
    ~DmaEngine() override;

    [[nodiscard]] const DmaConfig& config() const;

    // Clocked
    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;

    // Registers. `offset`: bytes from the start of the register space, a multiple of 4.

    /// Writes the bytes of `value` whose bit in `byte_enables` (bit 0: bits 7:0) is 1. Acts at the edge after `at`.
    /// AddressError: no register at `offset`.
    Response write_register(std::uint32_t offset, std::uint32_t value, Cycles at, std::uint8_t byte_enables = 0xF);

    /// Reads the register at `offset` into `value`: the state after all edges < `at` with all inputs stamped < `at`
    /// (timing.md C8), whether or not edge `at` has been evaluated. Every edge < `at` that `next_edge()` named must have
    /// been evaluated. AddressError: no register at `offset`; `value` is 0 then.
    Response read_register(std::uint32_t offset, std::uint32_t& value, Cycles at);

    /// Reads without any effect and without a stamp, for debuggers: the state as it stands.
    Response peek_register(std::uint32_t offset, std::uint32_t& value) const;

    // Other inputs

    /// Level of the DMA request line of `channel`, in force from edge `at`+1 on (timing.md C7). All are low at first.
    void set_dreq(unsigned channel, bool level, Cycles at);

    /// Reset: from edge `at`+1 on everything is as after construction, save that bursts in flight run out unseen: they
    /// keep their place among the bursts in flight and in the FIFO until they are answered.
    void reset(Cycles at);

    // BurstMaster
    void accepted(std::uint32_t tag, Cycles at) override;
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override;
    void write_response(std::uint32_t tag, Cycles at, Response response) override;

    // CadenceMaster
    [[nodiscard]] std::uint64_t grants() const override;
    void record(StateRecord& state) const override;
    [[nodiscard]] Cycles even_until() const override;
    void channels(std::vector<CadenceChannel>& list) const override;
    void chunks(std::vector<CadenceChunk>& list) const override;
    void leap(const Leap& leap, std::uint32_t initiator) override;

    /// As `IslandMaster::next_visible`.
    [[nodiscard]] Cycles next_visible(const IslandReach& reach, Cycles from, Cycles any) const;

    /// Where a controller with a beat-accurate profile is plugged in; null for the others. Until it is plugged into a
    /// `BeatSystem`, transfers wait.
    [[nodiscard]] BeatPlug* beat_plug();

    /// True when no channel is busy and no burst is in flight, after the edges evaluated so far. A burst of a channel that was
    /// reset is in flight until its answer is known.
    [[nodiscard]] bool idle() const;

    /// Beats of the FIFO that are occupied, after the edges evaluated so far; for tests and statistics.
    [[nodiscard]] std::uint32_t fifo_used() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dmasim
