// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/cycle_accountant.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/errors.h"

namespace dmasim {

CycleAccountant::CycleAccountant(unsigned channels) : channels_(channels) {}

void CycleAccountant::event(const TraceEvent& event) {
    if (event.kind != EventKind::CauseChanged) {
        return;
    }
    DMASIM_INVARIANT(event.channel < channels_.size());
    DMASIM_INVARIANT(event.value < kCycleCauses);
    Channel& channel = channels_[event.channel];
    DMASIM_INVARIANT(event.at >= channel.since);
    channel.spent[static_cast<std::size_t>(channel.cause)] += (event.at - channel.since).count();
    channel.since = event.at;
    channel.cause = static_cast<CycleCause>(event.value);
}

CycleAccount CycleAccountant::account(unsigned channel, Cycles now) const {
    DMASIM_INVARIANT(channel < channels_.size());
    const Channel& state = channels_[channel];
    DMASIM_INVARIANT(now >= state.since);
    CycleAccount account = state.spent;
    account[static_cast<std::size_t>(state.cause)] += (now - state.since).count();
    return account;
}

std::vector<Statistic> CycleAccountant::statistics(Cycles now) const {
    std::vector<Statistic> statistics;
    for (unsigned channel = 0; channel < channels(); ++channel) {
        const CycleAccount spent = account(channel, now);
        for (unsigned number = 0; number < kCycleCauses; ++number) {
            const auto cause = static_cast<CycleCause>(number);
            statistics.push_back(
                Statistic{"channel" + std::to_string(channel) + ".cycles." + std::string(name_of(cause)), spent[number],
                          "cycle", description_of(cause)});
        }
    }
    return statistics;
}

std::string_view description_of(CycleCause cause) {
    static constexpr std::array<std::string_view, kCycleCauses> kDescriptions{
        "The channel has no job.",
        "Fixed pipeline steps of the controller: start, decode, completion.",
        "A descriptor is read or its status written back, and no data burst is under way.",
        "A read could be requested, but the arbiter, the FIFO or a limit on bursts in flight forbids it.",
        "Reads are under way, and none of them delivers data.",
        "A read burst delivers its beats.",
        "All data is here; a write waits for its turn, its data phase or its response.",
        "The channel waits for DREQ, or is paused.",
    };
    const auto number = static_cast<std::size_t>(cause);
    return number < kDescriptions.size() ? kDescriptions[number] : std::string_view("An unknown cause.");
}

}  // namespace dmasim
