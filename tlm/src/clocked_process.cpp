// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/clocked_process.h"

#include "dmasim/model/errors.h"

namespace dmasim {

ClockedProcess::ClockedProcess(const sc_core::sc_module_name& name, const ClockDomain& domain, Clocked& block)
    : sc_module(name), domain_(domain), block_(block), event_("event") {
    SC_HAS_PROCESS(ClockedProcess);
    SC_METHOD(run);
    sensitive << event_;
}

ClockedProcess::~ClockedProcess() = default;

void ClockedProcess::wake() {
    if (host_ != nullptr) {
        host_->changed();
        return;
    }
    // Before its first run, and while it runs, run() looks by itself.
    if (started_ && !running_) {
        schedule();
    }
}

void ClockedProcess::catch_up() {
    if (host_ != nullptr) {
        host_->arrive();
        return;
    }
    block_.advance_to(domain_.stamp_of(sc_core::sc_time_stamp()));
    wake();
}

void ClockedProcess::run() {
    if (host_ != nullptr) {
        return;
    }
    started_ = true;
    running_ = true;
    scheduled_ = kNever;
    const Cycles present = domain_.edge_at_or_before(sc_core::sc_time_stamp());
    for (Cycles edge = block_.next_edge(); edge <= present || (quantum_ != 0 && edge <= present + quantum_ && free_());
         edge = block_.next_edge()) {
        block_.evaluate(edge);
        if (quantum_ != 0 && free_()) {
            skip_(edge + 1, present + quantum_ + 1);
        }
        DMASIM_INVARIANT(block_.next_edge() > edge);
    }
    running_ = false;
    schedule();
}

void ClockedProcess::schedule() {
    const Cycles edge = block_.next_edge();
    if (edge >= scheduled_) {
        if (edge == kNever && scheduled_ != kNever) {
            // An input took the work away: the simulation must not run on for it.
            scheduled_ = kNever;
            event_.cancel();
        }
        return;
    }
    scheduled_ = edge;
    // An earlier notification replaces a later one; one beyond the end of time never comes.
    const sc_core::sc_time& now = sc_core::sc_time_stamp();
    if (domain_.comes(edge)) {
        event_.notify(domain_.time_until(edge, now));
    }
}

}  // namespace dmasim
