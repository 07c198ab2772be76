// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "dmasim/cpu_stub/core/cpu_core.h"

namespace dmasim {

/// A list of operations that runs on a `CpuCore` without SystemC, each issued with the completion stamp of the one before.
///
///     ProgramRunner program;
///     CpuCore cpu(config, port, program);
///     program.store(0x1000, {1, 2, 3});
///     const auto& loaded = program.load(0x1000, 3);   // bytes appear here when the program has run
///     program.start(cpu, Cycles{0});
///     while (!program.done()) { ... evaluate the next edge of all blocks ... }
class ProgramRunner final : public CpuClient {
  public:
    /// One operation of the list with its own data and, when it has run, its result.
    struct Step {
        CpuOperation operation;
        std::vector<std::uint8_t> data;
        Cycles issued = kNever;
        CpuResult result;
        bool done = false;
        std::function<void(const Step&)>
            then;  ///< Called when it is done, before the next one is issued; may append steps.
    };

    /// Appends an operation; the reference stays valid. For loads and stores `operation.data` is set by `start`.
    Step& add(const CpuOperation& operation);

    Step& load(std::uint64_t address, std::uint32_t bytes, MemoryType type = MemoryType::Cached);
    Step& store(std::uint64_t address, std::vector<std::uint8_t> data, MemoryType type = MemoryType::Cached);
    Step& clean(std::uint64_t address, std::uint64_t bytes);
    Step& invalidate(std::uint64_t address, std::uint64_t bytes);
    Step& clean_invalidate(std::uint64_t address, std::uint64_t bytes);
    Step& dmb();
    Step& dsb();
    Step& drain(std::uint64_t bytes);
    Step& evict(std::uint64_t address);
    Step& prefetch(std::uint64_t address);
    Step& compute(std::uint64_t cycles);
    Step& wait_interrupt(std::uint64_t lines);

    /// Issues the first step that has not run to `core`, stamp `at`. After the list has run, more may be added and started.
    void start(CpuCore& core, Cycles at);

    [[nodiscard]] bool done() const { return next_ == steps_.size(); }
    [[nodiscard]] const std::deque<Step>& steps() const { return steps_; }
    /// Completion stamp of the last step that has run.
    [[nodiscard]] Cycles last_stamp() const { return last_stamp_; }

    void completed(const CpuResult& result) override;

  private:
    void issue_next(Cycles at);

    CpuCore* core_ = nullptr;
    std::deque<Step> steps_;
    std::size_t next_ = 0;
    Cycles last_stamp_;
};

}  // namespace dmasim
