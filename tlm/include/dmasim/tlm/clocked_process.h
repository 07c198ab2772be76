// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include <systemc>

#include "dmasim/model/clocked.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/island_link.h"

namespace dmasim {

/// Drives one `Clocked` block: one SC_METHOD on one event that is notified for the block's next edge and for no other.
///
/// In an island (docs/lazy-islands.md) the block is evaluated by the island's host instead.
///
/// Declare it after the block and the sockets it uses. Call `wake()` after every input that the block was given; it
/// costs nothing when the next edge has not moved forward. The block's outputs leave in the SC_METHOD, so they may call
/// nb_transport and must not call b_transport.
class ClockedProcess final : public sc_core::sc_module {
  public:
    /// `block` must live as long as this module.
    ClockedProcess(const sc_core::sc_module_name& name, const ClockDomain& domain, Clocked& block);
    ~ClockedProcess() override;

    /// Temporal decoupling: from now on the block is evaluated up to `quantum` cycles ahead of the present, whenever it
    /// is its turn and `free` says that nothing is awaited that could change what it does there. For loosely timed
    /// platforms; 0, the default, never runs ahead. `skip(base, end)` is called when all edges before `base` are over and
    /// those before `end` are to follow at once: it may carry out some of them itself, or none.
    void set_quantum(std::uint64_t quantum, std::function<bool()> free, std::function<void(Cycles, Cycles)> skip) {
        quantum_ = quantum;
        free_ = std::move(free);
        skip_ = std::move(skip);
    }

    /// The block has got an input: looks whether its next edge is earlier now. Not before the end of elaboration; the
    /// first look is at time 0 by itself.
    void wake();

    /// Evaluates every edge before the present (all that can have happened, docs/timing.md C8). Everything at a time at
    /// which it may happen has happened already, so this changes nothing when the simulation has run; it is for blocks
    /// that are asked between two `sc_start` and for those that were never woken.
    void catch_up();

    /// The block is about to be given an input, or looked at. In an island: evaluates every edge before the present;
    /// otherwise nothing is left to be done.
    void arrive() {
        if (host_ != nullptr) {
            host_->arrive();
        }
    }

    /// @{ As arrive() and wake(), for inputs that no other block notices before this one requests something.
    void arrive_alone() {
        if (host_ != nullptr) {
            host_->arrive_at(block_);
        }
    }
    void wake_alone() {
        if (host_ != nullptr) {
            host_->changed(block_);
        } else {
            wake();
        }
    }
    /// @}

    /// From now on `host` evaluates the block, and this module has no events of its own. Before the simulation starts.
    void hosted_by(IslandHost& host) { host_ = &host; }
    [[nodiscard]] bool hosted() const { return host_ != nullptr; }

    [[nodiscard]] const ClockDomain& domain() const { return domain_; }
    [[nodiscard]] Clocked& block() { return block_; }

  private:
    void run();
    void schedule();

    ClockDomain domain_;
    Clocked& block_;
    sc_core::sc_event event_;
    Cycles scheduled_ = kNever;
    std::uint64_t quantum_ = 0;
    std::function<bool()> free_;
    std::function<void(Cycles, Cycles)> skip_;
    bool started_ = false;
    bool running_ = false;
    IslandHost* host_ = nullptr;
};

}  // namespace dmasim
