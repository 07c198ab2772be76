// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "dmasim/cpu_stub/core/operation.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// What a program on the CPU can do. Every call passes the time that it takes (docs/cpu.md) and returns when it is over.
///
/// The same program runs in an SC_THREAD of the `Cpu` module and in a plain loop (`LoopContext`), with the same stamps.
/// Values are little endian. Bus errors never throw: see `last()` and `errors()`.
class CpuContext {
  public:
    using Handler = std::function<void(CpuContext&)>;

    CpuContext() = default;
    CpuContext(const CpuContext&) = delete;
    CpuContext& operator=(const CpuContext&) = delete;
    virtual ~CpuContext() = default;

    /// Carries out any operation, then the handlers of interrupt lines that are high.
    CpuResult execute(const CpuOperation& operation);

    /// The program's present: completion stamp of the last operation, or the start.
    [[nodiscard]] virtual Cycles now() const = 0;

    /// @name Loads and stores, cached unless said otherwise; any alignment.
    ///@{
    std::uint8_t load8(std::uint64_t address, MemoryType type = MemoryType::Cached);
    std::uint16_t load16(std::uint64_t address, MemoryType type = MemoryType::Cached);
    std::uint32_t load32(std::uint64_t address, MemoryType type = MemoryType::Cached);
    std::uint64_t load64(std::uint64_t address, MemoryType type = MemoryType::Cached);
    void store8(std::uint64_t address, std::uint8_t value, MemoryType type = MemoryType::Cached);
    void store16(std::uint64_t address, std::uint16_t value, MemoryType type = MemoryType::Cached);
    void store32(std::uint64_t address, std::uint32_t value, MemoryType type = MemoryType::Cached);
    void store64(std::uint64_t address, std::uint64_t value, MemoryType type = MemoryType::Cached);
    /// One operation over `bytes` bytes.
    CpuResult read(std::uint64_t address, void* data, std::uint64_t bytes, MemoryType type = MemoryType::Cached);
    CpuResult write(std::uint64_t address, const void* data, std::uint64_t bytes, MemoryType type = MemoryType::Cached);
    ///@}

    /// @name Device registers: `MemoryType::Device`, in program order, a write ends with its response.
    ///@{
    std::uint32_t read_register(std::uint64_t address);
    void write_register(std::uint64_t address, std::uint32_t value);
    std::uint64_t read_register64(std::uint64_t address);
    void write_register64(std::uint64_t address, std::uint64_t value);
    ///@}

    /// @name Cache maintenance: every line that holds one of the bytes.
    ///@{
    CpuResult clean(std::uint64_t address, std::uint64_t bytes);
    CpuResult invalidate(std::uint64_t address, std::uint64_t bytes);
    CpuResult clean_invalidate(std::uint64_t address, std::uint64_t bytes);
    CpuResult clean_all();
    CpuResult invalidate_all();
    CpuResult clean_invalidate_all();
    /// The line at one place; AddressError if the cache does not have it.
    CpuResult clean_set_way(std::uint32_t set, std::uint32_t way);
    CpuResult invalidate_set_way(std::uint32_t set, std::uint32_t way);
    CpuResult clean_invalidate_set_way(std::uint32_t set, std::uint32_t way);
    ///@}

    CpuResult dmb();
    CpuResult dsb();
    /// Waits until the oldest `bytes` bytes (0: all) have left the store buffer.
    CpuResult drain(std::uint64_t bytes = 0);
    CpuResult evict(std::uint64_t address);
    CpuResult prefetch(std::uint64_t address);

    /// Passes `cycles` cycles. Handlers run meanwhile; if they take longer, it returns late.
    void wait_cycles(std::uint64_t cycles);

    /// Waits until `line` is high; returns at once (one cycle) if it is. A handler of that line has run when it returns.
    void wait_for_interrupt(unsigned line = 0);
    /// Waits until one of `lines` (bit i: line i) is high; returns which.
    std::uint64_t wait_for_interrupts(std::uint64_t lines);
    /// Waits for interrupts, whose handlers run, until `condition` holds (it is asked after every handler).
    void wait_until(const std::function<bool()>& condition);

    /// Runs `handler` between operations and in waits while `line` (0 to 63) is high. It is not interrupted itself. An
    /// empty one takes the handler away.
    void on_interrupt(unsigned line, Handler handler);
    /// Handlers do not run while interrupts are disabled (reset: enabled).
    void enable_interrupts(bool enable) { interrupts_enabled_ = enable; }

    /// The result of the last operation (of this level: not those of handlers).
    [[nodiscard]] const CpuResult& last() const { return last_; }
    /// Operations that ended with a bus error.
    [[nodiscard]] std::uint64_t errors() const { return errors_; }

  protected:
    /// Carries out one operation, without handlers.
    virtual CpuResult run(const CpuOperation& operation) = 0;

  private:
    [[nodiscard]] std::uint64_t active_lines() const { return interrupts_enabled_ && !in_handler_ ? handled_ : 0; }
    CpuResult run_counted(const CpuOperation& operation);
    bool run_handlers(std::uint64_t lines);
    CpuResult maintain(CpuOpKind kind, MaintenanceScope scope, std::uint64_t address, std::uint64_t bytes);
    CpuResult maintain_place(CpuOpKind kind, std::uint32_t set, std::uint32_t way);

    std::array<Handler, 64> handlers_;
    std::uint64_t handled_ = 0;
    bool in_handler_ = false;
    bool interrupts_enabled_ = true;
    CpuResult last_;
    std::uint64_t errors_ = 0;
};

}  // namespace dmasim
