// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/program.h"

#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

ProgramRunner::Step& ProgramRunner::add(const CpuOperation& operation) {
    steps_.emplace_back();
    steps_.back().operation = operation;
    return steps_.back();
}

ProgramRunner::Step& ProgramRunner::load(std::uint64_t address, std::uint32_t bytes, MemoryType type) {
    CpuOperation operation;
    operation.kind = CpuOpKind::Load;
    operation.type = type;
    operation.address = address;
    operation.bytes = bytes;
    Step& step = add(operation);
    step.data.resize(bytes);
    return step;
}

ProgramRunner::Step& ProgramRunner::store(std::uint64_t address, std::vector<std::uint8_t> data, MemoryType type) {
    CpuOperation operation;
    operation.kind = CpuOpKind::Store;
    operation.type = type;
    operation.address = address;
    operation.bytes = data.size();
    Step& step = add(operation);
    step.data = std::move(data);
    return step;
}

namespace {

CpuOperation ranged(CpuOpKind kind, std::uint64_t address, std::uint64_t bytes) {
    CpuOperation operation;
    operation.kind = kind;
    operation.address = address;
    operation.bytes = bytes;
    return operation;
}

}  // namespace

ProgramRunner::Step& ProgramRunner::clean(std::uint64_t address, std::uint64_t bytes) {
    return add(ranged(CpuOpKind::Clean, address, bytes));
}

ProgramRunner::Step& ProgramRunner::invalidate(std::uint64_t address, std::uint64_t bytes) {
    return add(ranged(CpuOpKind::Invalidate, address, bytes));
}

ProgramRunner::Step& ProgramRunner::clean_invalidate(std::uint64_t address, std::uint64_t bytes) {
    return add(ranged(CpuOpKind::CleanInvalidate, address, bytes));
}

ProgramRunner::Step& ProgramRunner::dmb() {
    return add(ranged(CpuOpKind::Dmb, 0, 0));
}

ProgramRunner::Step& ProgramRunner::dsb() {
    return add(ranged(CpuOpKind::Dsb, 0, 0));
}

ProgramRunner::Step& ProgramRunner::drain(std::uint64_t bytes) {
    return add(ranged(CpuOpKind::Drain, 0, bytes));
}

ProgramRunner::Step& ProgramRunner::evict(std::uint64_t address) {
    return add(ranged(CpuOpKind::Evict, address, 0));
}

ProgramRunner::Step& ProgramRunner::prefetch(std::uint64_t address) {
    return add(ranged(CpuOpKind::Prefetch, address, 0));
}

ProgramRunner::Step& ProgramRunner::compute(std::uint64_t cycles) {
    CpuOperation operation;
    operation.kind = CpuOpKind::Compute;
    operation.cycles = cycles;
    return add(operation);
}

ProgramRunner::Step& ProgramRunner::wait_interrupt(std::uint64_t lines) {
    CpuOperation operation;
    operation.kind = CpuOpKind::WaitInterrupt;
    operation.lines = lines;
    return add(operation);
}

void ProgramRunner::start(CpuCore& core, Cycles at) {
    core_ = &core;
    issue_next(at);
}

void ProgramRunner::issue_next(Cycles at) {
    if (next_ == steps_.size()) {
        return;
    }
    Step& step = steps_[next_];
    step.issued = at;
    step.operation.data = step.data.data();
    core_->issue(step.operation, at);
}

void ProgramRunner::completed(const CpuResult& result) {
    DMASIM_INVARIANT(next_ < steps_.size());
    Step& step = steps_[next_];
    step.result = result;
    step.done = true;
    ++next_;
    last_stamp_ = result.at;
    if (step.then) {
        step.then(step);
    }
    issue_next(result.at);
}

}  // namespace dmasim
