// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/beat/beat_traffic.h"

#include <cstddef>
#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

BeatTraffic::BeatTraffic(std::uint32_t masters, std::uint32_t targets, Decode decode, TraceSink& sink,
                         std::uint16_t source)
    : targets_(targets), decode_(std::move(decode)), sink_(sink), source_(source), under_way_(masters) {}

void BeatTraffic::cycle(Cycles t, const BeatFabric::Masters& masters, const BeatFabric::Slaves& slaves) {
    for (std::size_t m = 0; m < under_way_.size(); ++m) {
        const MasterSignals& master = masters[m];
        const SlaveSignals& slave = slaves[m];
        if (slave.r_valid && master.r_ready) {
            answered(m, Access::Read, slave.r_response, slave.r_last, t);
        }
        if (slave.b_valid && master.b_ready) {
            answered(m, Access::Write, slave.b_response, true, t);
        }
        if (master.ar_valid && slave.ar_ready) {
            taken(m, Access::Read, master.ar, t);
        }
        if (master.aw_valid && slave.aw_ready) {
            taken(m, Access::Write, master.aw, t);
        }
    }
}

void BeatTraffic::taken(std::size_t master, Access access, const AddressPhase& address, Cycles t) {
    Burst burst;
    burst.address = address;
    const std::uint32_t target = decode_(address.address, address.bytes);
    burst.target = target < targets_ ? target : kNoTarget;
    report(EventKind::BusGranted, master, access, burst, t);
    under_way_[master][static_cast<std::size_t>(access)].push_back(burst);
}

void BeatTraffic::answered(std::size_t master, Access access, Response response, bool last, Cycles t) {
    Bursts& bursts = under_way_[master][static_cast<std::size_t>(access)];
    DMASIM_INVARIANT(!bursts.empty());
    Burst& burst = bursts.front();
    if (burst.response == Response::Ok) {
        burst.response = response;
    }
    if (last) {
        report(EventKind::BusResponded, master, access, burst, t);
        bursts.pop_front();
    }
}

void BeatTraffic::report(EventKind kind, std::size_t master, Access access, const Burst& burst, Cycles t) {
    TraceEvent event;
    event.at = t;
    event.kind = kind;
    event.access = access;
    event.response = kind == EventKind::BusResponded ? burst.response : Response::Ok;
    event.source = source_;
    event.channel = static_cast<std::uint16_t>(master);
    event.bytes = burst.address.bytes;
    event.beats = burst.address.beats;
    event.value = burst.target;
    event.address = burst.address.address;
    sink_.event(event);
}

}  // namespace dmasim
