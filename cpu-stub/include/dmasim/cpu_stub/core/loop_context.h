// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/cpu_stub/core/cpu_core.h"
#include "dmasim/model/clocked.h"

namespace dmasim {

/// Drives several blocks without SystemC: visits every edge that one of them names, in rising order.
///
/// Construction and registration order do not matter for the results (docs/timing.md, "Words").
class ClockedLoop {
  public:
    /// Adds a block; it must outlive the loop.
    void add(Clocked& block) { blocks_.push_back(&block); }

    /// The next edge at which a block has something to do, or `kNever`.
    [[nodiscard]] Cycles next_edge() const;
    /// Evaluates that edge of every block that has work at it. False if there is none.
    bool step();
    /// Evaluates all edges before `edge`.
    void run_until(Cycles edge);

  private:
    std::vector<Clocked*> blocks_;
};

/// A program as a plain function on a `CpuCore` in a `ClockedLoop`: each call runs the loop until its operation is over.
class LoopContext final : public CpuContext, public CpuClient {
  public:
    /// The core is attached afterwards, because it needs its client first.
    explicit LoopContext(ClockedLoop& loop) : loop_(loop) {}
    void attach(CpuCore& core) { core_ = &core; }

    [[nodiscard]] Cycles now() const override { return now_; }
    void completed(const CpuResult& result) override;

  protected:
    /// Throws `std::runtime_error` if nothing in the loop can ever complete the operation.
    CpuResult run(const CpuOperation& operation) override;

  private:
    ClockedLoop& loop_;
    CpuCore* core_ = nullptr;
    Cycles now_;
    CpuResult result_;
    bool done_ = false;
};

}  // namespace dmasim
