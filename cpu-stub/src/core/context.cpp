// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/context.h"

#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

CpuOperation access(CpuOpKind kind, MemoryType type, std::uint64_t address, std::uint64_t bytes, std::uint8_t* data) {
    CpuOperation operation;
    operation.kind = kind;
    operation.type = type;
    operation.address = address;
    operation.bytes = bytes;
    operation.data = data;
    return operation;
}

CpuOperation simple(CpuOpKind kind, std::uint64_t address = 0, std::uint64_t bytes = 0) {
    return access(kind, MemoryType::Cached, address, bytes, nullptr);
}

template <typename Value>
Value load(CpuContext& context, std::uint64_t address, MemoryType type) {
    std::array<std::uint8_t, sizeof(Value)> bytes{};
    context.read(address, bytes.data(), bytes.size(), type);
    std::uint64_t value = 0;
    for (std::size_t number = bytes.size(); number-- > 0;) {
        value = value << 8 | bytes[number];
    }
    return static_cast<Value>(value);
}

template <typename Value>
void store(CpuContext& context, std::uint64_t address, Value value, MemoryType type) {
    std::array<std::uint8_t, sizeof(Value)> bytes{};
    std::uint64_t rest = value;
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(rest);
        rest >>= 8;
    }
    context.write(address, bytes.data(), bytes.size(), type);
}

}  // namespace

CpuResult CpuContext::run_counted(const CpuOperation& operation) {
    const CpuResult result = run(operation);
    errors_ += result.response != Response::Ok ? 1U : 0U;
    return result;
}

bool CpuContext::run_handlers(std::uint64_t lines) {
    const std::uint64_t pending = lines & active_lines();
    if (pending == 0) {
        return false;
    }
    const CpuResult last = last_;
    in_handler_ = true;
    for (unsigned line = 0; line < handlers_.size(); ++line) {
        if ((pending >> line & 1) != 0 && handlers_[line]) {
            // A copy: the handler may replace itself.
            const Handler handler = handlers_[line];
            handler(*this);
        }
    }
    in_handler_ = false;
    last_ = last;
    return true;
}

CpuResult CpuContext::execute(const CpuOperation& operation) {
    last_ = run_counted(operation);
    const CpuResult result = last_;
    run_handlers(result.lines);
    return result;
}

std::uint8_t CpuContext::load8(std::uint64_t address, MemoryType type) {
    return load<std::uint8_t>(*this, address, type);
}

std::uint16_t CpuContext::load16(std::uint64_t address, MemoryType type) {
    return load<std::uint16_t>(*this, address, type);
}

std::uint32_t CpuContext::load32(std::uint64_t address, MemoryType type) {
    return load<std::uint32_t>(*this, address, type);
}

std::uint64_t CpuContext::load64(std::uint64_t address, MemoryType type) {
    return load<std::uint64_t>(*this, address, type);
}

void CpuContext::store8(std::uint64_t address, std::uint8_t value, MemoryType type) {
    store(*this, address, value, type);
}

void CpuContext::store16(std::uint64_t address, std::uint16_t value, MemoryType type) {
    store(*this, address, value, type);
}

void CpuContext::store32(std::uint64_t address, std::uint32_t value, MemoryType type) {
    store(*this, address, value, type);
}

void CpuContext::store64(std::uint64_t address, std::uint64_t value, MemoryType type) {
    store(*this, address, value, type);
}

CpuResult CpuContext::read(std::uint64_t address, void* data, std::uint64_t bytes, MemoryType type) {
    return execute(access(CpuOpKind::Load, type, address, bytes, static_cast<std::uint8_t*>(data)));
}

CpuResult CpuContext::write(std::uint64_t address, const void* data, std::uint64_t bytes, MemoryType type) {
    // A store only reads through the pointer; operations of both directions share one type.
    return execute(access(CpuOpKind::Store, type, address, bytes,
                          const_cast<std::uint8_t*>(static_cast<const std::uint8_t*>(data))));
}

std::uint32_t CpuContext::read_register(std::uint64_t address) {
    return load32(address, MemoryType::Device);
}

void CpuContext::write_register(std::uint64_t address, std::uint32_t value) {
    store32(address, value, MemoryType::Device);
}

std::uint64_t CpuContext::read_register64(std::uint64_t address) {
    return load64(address, MemoryType::Device);
}

void CpuContext::write_register64(std::uint64_t address, std::uint64_t value) {
    store64(address, value, MemoryType::Device);
}

CpuResult CpuContext::maintain(CpuOpKind kind, MaintenanceScope scope, std::uint64_t address, std::uint64_t bytes) {
    CpuOperation operation = simple(kind, address, bytes);
    operation.scope = scope;
    return execute(operation);
}

CpuResult CpuContext::clean(std::uint64_t address, std::uint64_t bytes) {
    return maintain(CpuOpKind::Clean, MaintenanceScope::Range, address, bytes);
}

CpuResult CpuContext::invalidate(std::uint64_t address, std::uint64_t bytes) {
    return maintain(CpuOpKind::Invalidate, MaintenanceScope::Range, address, bytes);
}

CpuResult CpuContext::clean_invalidate(std::uint64_t address, std::uint64_t bytes) {
    return maintain(CpuOpKind::CleanInvalidate, MaintenanceScope::Range, address, bytes);
}

CpuResult CpuContext::clean_all() {
    return maintain(CpuOpKind::Clean, MaintenanceScope::All, 0, 0);
}

CpuResult CpuContext::invalidate_all() {
    return maintain(CpuOpKind::Invalidate, MaintenanceScope::All, 0, 0);
}

CpuResult CpuContext::clean_invalidate_all() {
    return maintain(CpuOpKind::CleanInvalidate, MaintenanceScope::All, 0, 0);
}

CpuResult CpuContext::maintain_place(CpuOpKind kind, std::uint32_t set, std::uint32_t way) {
    CpuOperation operation = simple(kind, 0, 0);
    operation.scope = MaintenanceScope::SetWay;
    operation.set = set;
    operation.way = way;
    return execute(operation);
}

CpuResult CpuContext::clean_set_way(std::uint32_t set, std::uint32_t way) {
    return maintain_place(CpuOpKind::Clean, set, way);
}

CpuResult CpuContext::invalidate_set_way(std::uint32_t set, std::uint32_t way) {
    return maintain_place(CpuOpKind::Invalidate, set, way);
}

CpuResult CpuContext::clean_invalidate_set_way(std::uint32_t set, std::uint32_t way) {
    return maintain_place(CpuOpKind::CleanInvalidate, set, way);
}

CpuResult CpuContext::dmb() {
    return execute(simple(CpuOpKind::Dmb));
}

CpuResult CpuContext::dsb() {
    return execute(simple(CpuOpKind::Dsb));
}

CpuResult CpuContext::drain(std::uint64_t bytes) {
    return execute(simple(CpuOpKind::Drain, 0, bytes));
}

CpuResult CpuContext::evict(std::uint64_t address) {
    return execute(simple(CpuOpKind::Evict, address));
}

CpuResult CpuContext::prefetch(std::uint64_t address) {
    return execute(simple(CpuOpKind::Prefetch, address));
}

void CpuContext::wait_cycles(std::uint64_t cycles) {
    const Cycles end = now() + cycles;
    while (now() < end) {
        CpuOperation operation = simple(CpuOpKind::Compute);
        operation.cycles = (end - now()).count();
        operation.lines = active_lines();
        execute(operation);
    }
}

void CpuContext::wait_for_interrupt(unsigned line) {
    DMASIM_INVARIANT(line < handlers_.size());
    wait_for_interrupts(1ULL << line);
}

std::uint64_t CpuContext::wait_for_interrupts(std::uint64_t lines) {
    for (;;) {
        CpuOperation operation = simple(CpuOpKind::WaitInterrupt);
        operation.lines = lines | active_lines();
        const CpuResult result = execute(operation);
        if ((result.lines & lines) != 0) {
            return result.lines & lines;
        }
    }
}

void CpuContext::wait_until(const std::function<bool()>& condition) {
    while (!condition()) {
        CpuOperation operation = simple(CpuOpKind::WaitInterrupt);
        operation.lines = active_lines();
        execute(operation);
    }
}

void CpuContext::on_interrupt(unsigned line, Handler handler) {
    DMASIM_INVARIANT(line < handlers_.size());
    const std::uint64_t bit = 1ULL << line;
    handled_ = handler ? handled_ | bit : handled_ & ~bit;
    handlers_[line] = std::move(handler);
}

}  // namespace dmasim
