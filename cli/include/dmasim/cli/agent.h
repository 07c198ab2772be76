// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <systemc>

#include "dmasim/cli/core/scenario.h"
#include "dmasim/cli/register_port.h"
#include "dmasim/model/trace.h"
#include "dmasim/tlm/clock_domain.h"

namespace dmasim::cli {

/// Tells agents that something has begun or ended on their channel.
class ChannelWatch final : public TraceSink {
  public:
    explicit ChannelWatch(const ClockDomain& domain) : domain_(domain) {}

    /// An event that is notified at the first edge at which the registers of channel `channel` of block `source` show that
    /// a transfer has completed or an error was latched, and at the edge at which a transfer, or a round, is accepted.
    sc_core::sc_event_queue& changed(std::uint16_t source, std::uint16_t channel);

    void event(const TraceEvent& event) override;
    /// Transfers and rounds of the channel that were accepted so far.
    [[nodiscard]] std::uint64_t accepted(std::uint16_t source, std::uint16_t channel) const;

  private:
    struct Channel {
        std::unique_ptr<sc_core::sc_event_queue> changed;
        std::uint64_t accepted = 0;
    };
    ClockDomain domain_;
    std::map<std::pair<std::uint16_t, std::uint16_t>, Channel> channels_;
};

/// Programs the transfers of one channel, one after the other, each when its start has come and the channel is idle.
class TransferAgent final : public sc_core::sc_module {
  public:
    /// References must outlive the module.
    TransferAgent(const sc_core::sc_module_name& name, const ClockDomain& domain, RegisterPort& port,
                  ChannelWatch& watch, std::uint16_t source, std::vector<const TransferSpec*> transfers);
    ~TransferAgent() override;

    /// Every transfer was started and has ended.
    [[nodiscard]] bool finished() const { return next_ == transfers_.size(); }
    /// Transfers that were started or wait for their start.
    [[nodiscard]] std::size_t unfinished() const { return transfers_.size() - next_; }

  private:
    void run();
    void wait_until(std::uint64_t cycle);
    [[nodiscard]] bool busy();

    ClockDomain domain_;
    RegisterPort& port_;
    sc_core::sc_event_queue& changed_;
    ChannelWatch& watch_;
    std::uint16_t source_;
    std::vector<const TransferSpec*> transfers_;
    std::size_t next_ = 0;
};

/// Writes commands (pause, resume, abort) at given cycles.
class CommandAgent final : public sc_core::sc_module {
  public:
    struct Command {
        std::uint64_t cycle = 0;
        RegisterWrite write;
    };

    /// `commands` are carried out in order of their cycles. References must outlive the module.
    CommandAgent(const sc_core::sc_module_name& name, const ClockDomain& domain, RegisterPort& port,
                 std::vector<Command> commands);
    ~CommandAgent() override;

  private:
    void run();

    ClockDomain domain_;
    RegisterPort& port_;
    std::vector<Command> commands_;
};

}  // namespace dmasim::cli
