// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/cpu.h"

#include <utility>

#include "dmasim/model/errors.h"
#include "dmasim/tlm/clocked_process.h"

namespace dmasim {

namespace {

/// The core needs its port before the adapter, which needs the core, can exist.
class LatePort final : public BurstPort {
  public:
    void bind(BurstPort& port) { port_ = &port; }
    void request(const Burst& burst, Cycles at) override {
        DMASIM_INVARIANT(port_ != nullptr);
        port_->request(burst, at);
    }

  private:
    BurstPort* port_ = nullptr;
};

MasterSocketOptions socket_options(const CpuConfig& config, const CpuOptions& options) {
    MasterSocketOptions result;
    result.may_join = true;
    result.style = options.style;
    result.initiator = options.initiator;
    result.bus_bytes = config.bus_bytes();
    return result;
}

}  // namespace

class Cpu::Impl final : public sc_core::sc_module,
                        public CpuContext,
                        public CpuClient,
                        public SnoopPort,
                        public CacheActionPort {
  public:
    Impl(const sc_core::sc_module_name& name, Cpu& owner, const ClockDomain& clock, const CpuConfig& config,
         Program user_program, const CpuOptions& options)
        : sc_core::sc_module(name),
          domain(clock),
          program(std::move(user_program)),
          interrupts(owner.irq),
          core(config, port, *this, options.trace, options.source),
          process("process", domain, core),
          adapter("adapter", owner.memory, process, core, socket_options(config, options)),
          actor(options.actor, *this),
          actor_process("actor", domain, actor),
          stalls(options.stalls),
          present(Cycles{0}) {
        core.set_action_log(options.action_log);
        port.bind(adapter);
        SC_HAS_PROCESS(Impl);
        SC_THREAD(run_program);
        SC_METHOD(look_at_interrupts);
    }

    [[nodiscard]] Cycles now() const override { return present; }

    void completed(const CpuResult& what) override {
        // An island that looked too late would wake the program in the past.
        DMASIM_INVARIANT(!process.hosted() || domain.time_of(what.at) >= sc_core::sc_time_stamp());
        result = what;
        done_event.notify(domain.time_until(what.at, sc_core::sc_time_stamp()));
    }

    [[nodiscard]] bool looks_at(Access access) const override { return core.looks_at(access); }
    void snoop(SnoopMaster& master, unsigned cache, std::uint64_t id, const Burst& burst, Cycles at) override {
        process.arrive();
        core.snoop(master, cache, id, burst, at);
        process.wake();
    }

    void evict(std::uint64_t address, Cycles at) override {
        process.arrive();
        core.evict(address, at);
        process.wake();
    }
    void evict_any(std::uint64_t lot, bool dirty_only, Cycles at) override {
        process.arrive();
        core.evict_any(lot, dirty_only, at);
        process.wake();
    }
    void prefetch(std::uint64_t address, Cycles at) override {
        process.arrive();
        core.prefetch(address, at);
        process.wake();
    }
    void drain_stores(Cycles at) override {
        process.arrive();
        core.drain_stores(at);
        process.wake();
    }

    [[nodiscard]] Cycles stamp() const { return domain.stamp_of(sc_core::sc_time_stamp()); }

    ClockDomain domain;
    Program program;
    sc_core::sc_vector<InterruptPort>& interrupts;
    LatePort port;
    CpuCore core;
    ClockedProcess process;
    MasterSocketAdapter adapter;
    CacheActor actor;
    ClockedProcess actor_process;
    sc_core::sc_event finished_event;
    bool finished = false;
    Cycles finished_at = kNever;

  protected:
    CpuResult run(const CpuOperation& operation) override {
        while (next_stall < stalls.size() && stalls[next_stall].at <= present) {
            CpuOperation nothing;
            nothing.kind = CpuOpKind::Compute;
            nothing.cycles = stalls[next_stall++].cycles;
            carry_out(nothing);
        }
        carry_out(operation);
        return result;
    }

  private:
    void carry_out(const CpuOperation& operation) {
        process.arrive_alone();
        core.issue(operation, present);
        process.wake_alone();
        wait(done_event);
        present = result.at;
    }

    void run_program() {
        present = stamp();
        if (!program) {
            actor.stop(present);
            actor_process.wake();
            return;
        }
        program(*this);
        finished = true;
        finished_at = present;
        actor.stop(present);
        actor_process.wake();
        finished_event.notify(sc_core::SC_ZERO_TIME);
    }

    void look_at_interrupts() {
        if (levels.empty()) {
            levels.resize(interrupts.size(), false);
            for (InterruptPort& input : interrupts) {
                if (input.size() > 0) {
                    changes |= input->value_changed_event();
                    bound = true;
                }
            }
        }
        for (unsigned line = 0; line < interrupts.size(); ++line) {
            if (interrupts[line].size() > 0 && interrupts[line]->read() != levels[line]) {
                levels[line] = !levels[line];
                process.arrive();
                core.interrupt(line, levels[line], stamp());
                process.wake();
            }
        }
        if (bound) {
            next_trigger(changes);
        }
    }

    std::vector<CpuStall> stalls;
    std::size_t next_stall = 0;
    Cycles present;
    CpuResult result;
    sc_core::sc_event done_event;
    std::vector<bool> levels;
    sc_core::sc_event_or_list changes;
    bool bound = false;
};

Cpu::Cpu(const sc_core::sc_module_name& name, const ClockDomain& domain, const CpuConfig& config, Program program,
         const CpuOptions& options)
    : sc_core::sc_module(name), memory("memory"), irq("irq", config.interrupts <= 64 ? config.interrupts : 0) {
    impl_ = std::make_unique<Impl>("core", *this, domain, config, std::move(program), options);
}

Cpu::~Cpu() = default;

void Cpu::set_program(Program program) {
    impl_->program = std::move(program);
}

bool Cpu::finished() const {
    return impl_->finished;
}

Cycles Cpu::finished_at() const {
    return impl_->finished_at;
}

const sc_core::sc_event& Cpu::finished_event() const {
    return impl_->finished_event;
}

SnoopPort& Cpu::snoop_port() {
    return *impl_;
}

void Cpu::evict(std::uint64_t address) {
    impl_->evict(address, impl_->stamp());
}

void Cpu::prefetch(std::uint64_t address) {
    impl_->prefetch(address, impl_->stamp());
}

const CpuCore& Cpu::core() {
    impl_->process.catch_up();
    return impl_->core;
}

const CpuStatistics& Cpu::statistics() {
    return core().statistics();
}

}  // namespace dmasim
