// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dmasim/bus/core/island.h"
#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/cpu_stub/core/cpu_core.h"

namespace dmasim {

/// A program as a plain C++ function on a `CpuCore`, without SystemC: each call runs the system until its operation is
/// over. The core is one of the blocks of the system.
class LoopContext final : public CpuContext, public CpuClient {
  public:
    explicit LoopContext(CoreSystem& system) : system_(system) {}

    /// The core is attached afterwards, because it needs its client first.
    void attach(CpuCore& core) { core_ = &core; }

    [[nodiscard]] Cycles now() const override { return now_; }
    void completed(const CpuResult& result) override;

  protected:
    /// Throws `std::runtime_error` if nothing in the system can ever complete the operation.
    CpuResult run(const CpuOperation& operation) override;

  private:
    CoreSystem& system_;
    CpuCore* core_ = nullptr;
    Cycles now_;
    CpuResult result_;
    bool done_ = false;
};

}  // namespace dmasim
