// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "dmasim/model/arbiter/arbiter.h"
#include "dmasim/model/backend/data_mover.h"
#include "dmasim/model/cadence.h"
#include "dmasim/model/config.h"
#include "dmasim/model/island_master.h"
#include "dmasim/model/midend/channel.h"
#include "dmasim/model/midend/front_end.h"
#include "dmasim/model/midend/wake_queue.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// Output lines of the channels that follow from their chunks and jobs.
class ChannelLines {
  public:
    ChannelLines() = default;
    ChannelLines(const ChannelLines&) = delete;
    ChannelLines& operator=(const ChannelLines&) = delete;
    virtual ~ChannelLines() = default;

    virtual void dack(unsigned channel, bool level, Cycles at) = 0;
    virtual void tc(unsigned channel, bool level, Cycles at) = 0;
};

/// What software may see of a channel at one stamp.
struct ChannelView {
    bool busy = false;
    bool paused = false;
    std::uint64_t residue = 0;
    std::uint64_t descriptor = 0;
};

/// The mid end: cuts jobs into chunks, lets the channels compete, follows chains, and decides when what is complete
/// (timing.md C1 to C3, C6, C7, C9 to C13). Everything that happens at edge `e` is decided by comparing stamps with `e`.
class Scheduler final : public MoverClient {
  public:
    Scheduler(const DmaConfig& config, FrontEnd& front_end, ChannelLines& lines, TraceSink* sink, std::uint16_t source);

    /// Must be called once, before anything else.
    void connect(DataMover& mover) { mover_ = &mover; }

    // Commands, stamped `edge` - 1 or earlier, in force at `edge`.
    void start(unsigned channel, const StartOrder& order, Cycles stamp, Cycles edge);
    void pause(unsigned channel, Cycles edge);
    void resume(unsigned channel, Cycles edge);
    void abort(unsigned channel, Cycles edge);
    void append(unsigned channel, Cycles stamp, Cycles edge);
    void set_dreq(unsigned channel, bool level, Cycles stamp, Cycles edge);
    /// An error of a register access, latched at `edge`.
    void refuse(unsigned channel, const ErrorReport& report, Cycles edge);
    void reset(Cycles edge);

    [[nodiscard]] bool busy(unsigned channel) const { return channels_[channel].busy; }
    /// Whether `append` would be heard.
    [[nodiscard]] bool can_append(unsigned channel) const;
    /// The state before edge `at` with the inputs stamped < `at`.
    [[nodiscard]] ChannelView view(unsigned channel, Cycles at) const;

    // The steps of an edge, in this order.
    /// Has `channel` looked at, at `edge`.
    void wake(unsigned channel, Cycles edge) { wakes_.wake(channel, edge); }
    [[nodiscard]] Cycles next_wake() const { return std::min(wakes_.next(), account_wakes_.next()); }
    /// Takes the channels to be looked at, a bit each.
    std::uint64_t take_due(Cycles edge) {
        account_wakes_.take(edge);
        return wakes_.take(edge);
    }
    /// Decodes descriptors whose time has come.
    void decode(std::uint64_t due, Cycles edge);
    /// Reports where cycle `edge` goes, for all channels (only with a sink).
    void account(Cycles edge);
    /// Latches errors, completes jobs, drives the lines.
    void complete(std::uint64_t due, Cycles edge);
    /// Grants at most one read.
    void arbitrate(std::uint64_t due, Cycles edge);
    /// A lower bound of the next edge at which a read may be granted.
    [[nodiscard]] Cycles next_grant() const;

    /// As `IslandMaster::next_visible`.
    [[nodiscard]] Cycles next_visible(const IslandReach& reach, Cycles from, Cycles any) const;

    // As CadenceMaster.
    [[nodiscard]] std::uint64_t grants() const { return grants_; }
    void record(StateRecord& state) const;
    void channels(std::vector<CadenceChannel>& list) const;
    void leap(const Leap& leap, std::uint32_t initiator);

    // MoverClient
    void chunk_ended(const ChunkOrder& order, const BurstEnd& end) override;
    void read_announced(unsigned channel, Cycles first, Cycles last) override;
    void descriptor_read(const DescriptorOrder& order, const std::uint8_t* data, const BurstEnd& end) override;
    void write_back_ended(unsigned channel, const BurstEnd& end) override;

  private:
    [[nodiscard]] static bool wants_fetch(const Channel& c) { return c.fetch == FetchState::Wanted; }
    [[nodiscard]] static bool wants_chunk(const Channel& c) {
        return c.fetch != FetchState::Wanted && !c.jobs.empty() && !c.jobs.back().all_granted;
    }
    [[nodiscard]] static bool dreq_holds(const Channel& c, Cycles edge);
    /// The first edge from `edge` on at which no hold-up keeps the channel from competing.
    [[nodiscard]] Cycles held_until(unsigned channel, Cycles edge) const;
    void wake_for_holds(unsigned channel, Cycles edge);
    [[nodiscard]] static std::uint64_t bit(unsigned channel) { return std::uint64_t{1} << channel; }

    /// The same for one busy channel.
    [[nodiscard]] Cycles next_visible_of(unsigned channel, const IslandReach& reach, Cycles from, Cycles any) const;
    void accept_job(Channel& c, unsigned channel, LiveJob job, Cycles at);
    void begin_row(Channel& c);
    [[nodiscard]] bool rows_are_even(const Channel& c) const;
    [[nodiscard]] std::uint64_t even_rows(const Channel& c) const;
    [[nodiscard]] std::uint64_t even_bytes(const Channel& c) const;
    void skip(Channel& c, std::uint64_t bytes);
    void want_fetch(Channel& c, unsigned channel, std::uint64_t address, bool link, Cycles from);
    void plan_next(Channel& c, unsigned channel, Cycles edge);
    void decode_channel(Channel& c, unsigned channel, Cycles edge);
    void fail_fetch(Channel& c, unsigned channel, const ErrorReport& report, std::uint8_t rank, Cycles edge);
    void update_request(Channel& c, unsigned channel, Cycles edge);
    void latch_errors(Channel& c, unsigned channel, Cycles edge);
    void complete_jobs(Channel& c, unsigned channel, Cycles edge);
    static void remember(Channel& c, const LiveJob& job);
    void finish_job(Channel& c, unsigned channel, Cycles edge);
    void stop(Channel& c, unsigned channel, bool error, Cycles edge);
    void try_to_end_stopped(Channel& c, unsigned channel, Cycles edge);
    void end_channel(Channel& c, unsigned channel, JobStatus status, bool end_of_chain, Cycles edge);
    void drive_lines(Channel& c, unsigned channel, Cycles edge);
    void grant(Channel& c, unsigned channel, Cycles edge);
    void after_last_chunk(Channel& c, unsigned channel, Cycles edge);
    void report_job(EventKind kind, const LiveJob& job, unsigned channel, Cycles at, std::uint32_t value) const;
    void report_line(const Channel& c, unsigned channel, Cycles at) const;
    LiveJob& job_of(Channel& c, std::uint32_t number);

    const DmaConfig config_;
    const SplitLimits limits_;
    FrontEnd& front_end_;
    ChannelLines& lines_;
    DataMover* mover_ = nullptr;
    TraceSink* const sink_;
    const std::uint16_t source_;

    std::unique_ptr<Arbiter> arbiter_;
    std::vector<Channel> channels_;
    WakeQueue wakes_;
    WakeQueue account_wakes_;  ///< Only for the accounts of cycles: nothing else happens there.
    std::vector<ArbiterRequest> requests_;
    std::uint64_t requesting_ = 0;
    std::uint64_t paced_ = 0;  ///< Busy and paused, or kept from competing by DREQ.
    std::uint64_t busy_ = 0;
    std::uint64_t grants_ = 0;
    Cycles nobody_until_{0};  ///< The arbiter refuses those who request before this edge.
    std::vector<std::uint8_t> causes_;
};

}  // namespace dmasim
