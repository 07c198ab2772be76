// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/agent.h"

#include <algorithm>

#include "dmasim/model/frontend/native/register_map.h"

namespace dmasim::cli {

sc_core::sc_event_queue& ChannelWatch::changed(std::uint16_t source, std::uint16_t channel) {
    Channel& entry = channels_[{source, channel}];
    if (entry.changed == nullptr) {
        // The queue and not a plain event: an event forgets a notification that is later than the one it has.
        entry.changed = std::make_unique<sc_core::sc_event_queue>(sc_core::sc_gen_unique_name("channel_changed"));
    }
    return *entry.changed;
}

void ChannelWatch::event(const TraceEvent& event) {
    if (event.kind != EventKind::JobAccepted && event.kind != EventKind::JobCompleted &&
        event.kind != EventKind::ErrorLatched) {
        return;
    }
    const auto found = channels_.find({event.source, event.channel});
    if (found == channels_.end()) {
        return;
    }
    if (event.kind == EventKind::JobAccepted) {
        // At that edge: a write with its stamp counts for the next one, where the only chunk of a short round may be granted.
        ++found->second.accepted;
        found->second.changed->notify(domain_.time_until(event.at, sc_core::sc_time_stamp()));
        return;
    }
    // Visible in the registers one edge after it happened (docs/timing.md C8).
    found->second.changed->notify(domain_.time_until(event.at + 1, sc_core::sc_time_stamp()));
}

std::uint64_t ChannelWatch::accepted(std::uint16_t source, std::uint16_t channel) const {
    const auto found = channels_.find({source, channel});
    return found == channels_.end() ? 0 : found->second.accepted;
}

TransferAgent::TransferAgent(const sc_core::sc_module_name& name, const ClockDomain& domain, RegisterPort& port,
                             ChannelWatch& watch, std::uint16_t source, std::vector<const TransferSpec*> transfers)
    : sc_module(name),
      domain_(domain),
      port_(port),
      changed_(watch.changed(source, static_cast<std::uint16_t>(transfers.front()->channel))),
      watch_(watch),
      source_(source),
      transfers_(std::move(transfers)) {
    SC_HAS_PROCESS(TransferAgent);
    SC_THREAD(run);
}

TransferAgent::~TransferAgent() = default;

void TransferAgent::wait_until(std::uint64_t cycle) {
    const sc_core::sc_time time = domain_.time_until(Cycles{cycle}, sc_core::sc_time_stamp());
    if (time != sc_core::SC_ZERO_TIME) {
        wait(time);
    }
}

bool TransferAgent::busy() {
    using namespace native;
    const std::uint32_t channel = transfers_[next_]->channel;
    return (port_.read(channel_register(channel, reg::kStatus)) & status::kBusy) != 0;
}

void TransferAgent::run() {
    while (next_ < transfers_.size()) {
        const TransferSpec& transfer = *transfers_[next_];
        const auto channel = static_cast<std::uint16_t>(transfer.channel);
        wait_until(transfer.start);
        // A program on the CPU may use the same channel.
        while (busy()) {
            wait(changed_.default_event());
        }
        const std::uint64_t accepted_before = watch_.accepted(source_, channel);
        std::uint32_t config = 0;
        for (const RegisterWrite& write : register_writes(transfer)) {
            port_.write(write.offset, write.value);
            if (write.offset == native::channel_register(channel, native::reg::kConfig)) {
                config = write.value;
            }
        }
        // The next round is accepted when the last chunk of one is granted; if the bit is clear by then, there is none
        // (docs/timing.md C12). So the last round must lose it before that edge: when it is accepted itself.
        const auto end_cycle = [&] {
            port_.write(native::channel_register(channel, native::reg::kConfig), config & ~native::config::kCyclic);
        };
        bool cyclic = transfer.cyclic_rounds > 1;
        if (transfer.cyclic_rounds == 1) {
            end_cycle();
        }
        // BUSY shows from the edge after the start on.
        const sc_core::sc_time shown = sc_core::sc_time_stamp() + domain_.period();
        while (true) {
            if (cyclic && watch_.accepted(source_, channel) - accepted_before >= transfer.cyclic_rounds) {
                end_cycle();
                cyclic = false;
            }
            if (sc_core::sc_time_stamp() < shown) {
                wait(shown - sc_core::sc_time_stamp(), changed_.default_event());
                continue;
            }
            if (!busy()) {
                break;
            }
            wait(changed_.default_event());
        }
        ++next_;
    }
}

CommandAgent::CommandAgent(const sc_core::sc_module_name& name, const ClockDomain& domain, RegisterPort& port,
                           std::vector<Command> commands)
    : sc_module(name), domain_(domain), port_(port), commands_(std::move(commands)) {
    std::stable_sort(commands_.begin(), commands_.end(),
                     [](const Command& a, const Command& b) { return a.cycle < b.cycle; });
    SC_HAS_PROCESS(CommandAgent);
    SC_THREAD(run);
}

CommandAgent::~CommandAgent() = default;

void CommandAgent::run() {
    for (const Command& command : commands_) {
        const sc_core::sc_time time = domain_.time_until(Cycles{command.cycle}, sc_core::sc_time_stamp());
        if (time != sc_core::SC_ZERO_TIME) {
            wait(time);
        }
        port_.write(command.write.offset, command.write.value);
    }
}

}  // namespace dmasim::cli
