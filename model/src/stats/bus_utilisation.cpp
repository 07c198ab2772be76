// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/stats/bus_utilisation.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

void count(BusTraffic& traffic, const TraceEvent& event) {
    if (event.kind == EventKind::BusGranted) {
        ++traffic.grants;
        return;
    }
    ++traffic.bursts;
    traffic.beats += event.beats;
    if (event.response == Response::Ok) {
        traffic.bytes += event.bytes;
    } else {
        ++traffic.errors;
    }
}

void append(std::vector<Statistic>& statistics, const std::string& prefix, const BusTraffic& traffic) {
    statistics.push_back(Statistic{prefix + "grants", traffic.grants, "grant", "Bursts granted."});
    statistics.push_back(Statistic{prefix + "bursts", traffic.bursts, "burst", "Bursts answered."});
    statistics.push_back(Statistic{prefix + "beats", traffic.beats, "beat", "Data beats of the bursts answered."});
    statistics.push_back(Statistic{prefix + "bytes", traffic.bytes, "byte", "Bytes of the bursts without error."});
    statistics.push_back(Statistic{prefix + "errors", traffic.errors, "burst", "Bursts answered with an error."});
}

void append(std::vector<Statistic>& statistics, const std::string& prefix, const BusUtilisation::Directions& both) {
    append(statistics, prefix + "read_", both[static_cast<std::size_t>(Access::Read)]);
    append(statistics, prefix + "write_", both[static_cast<std::size_t>(Access::Write)]);
}

}  // namespace

BusUtilisation::BusUtilisation(unsigned initiators, unsigned targets) : initiators_(initiators), targets_(targets) {}

void BusUtilisation::event(const TraceEvent& event) {
    if (event.kind != EventKind::BusGranted && event.kind != EventKind::BusResponded) {
        return;
    }
    const auto direction = static_cast<std::size_t>(event.access);
    DMASIM_INVARIANT(event.channel < initiators_.size());
    DMASIM_INVARIANT(event.value == kNoTarget || event.value < targets_.size());
    count(total_[direction], event);
    count(initiators_[event.channel][direction], event);
    count((event.value == kNoTarget ? unmapped_ : targets_[event.value])[direction], event);
}

const BusTraffic& BusUtilisation::initiator(unsigned port, Access access) const {
    DMASIM_INVARIANT(port < initiators_.size());
    return initiators_[port][static_cast<std::size_t>(access)];
}

const BusTraffic& BusUtilisation::target(unsigned port, Access access) const {
    DMASIM_INVARIANT(port < targets_.size());
    return targets_[port][static_cast<std::size_t>(access)];
}

double BusUtilisation::beats_per_cycle(Access access, Cycles now) const {
    return now == Cycles{0} ? 0.0 : static_cast<double>(total(access).beats) / static_cast<double>(now.count());
}

std::vector<Statistic> BusUtilisation::statistics() const {
    std::vector<Statistic> statistics;
    append(statistics, "", total_);
    for (std::size_t port = 0; port < initiators_.size(); ++port) {
        append(statistics, "initiator" + std::to_string(port) + ".", initiators_[port]);
    }
    for (std::size_t port = 0; port < targets_.size(); ++port) {
        append(statistics, "target" + std::to_string(port) + ".", targets_[port]);
    }
    append(statistics, "unmapped.", unmapped_);
    return statistics;
}

}  // namespace dmasim
