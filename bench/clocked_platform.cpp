// SPDX-License-Identifier: Apache-2.0
//
// The same blocks as everywhere, driven as a clocked SystemC model is: one SC_METHOD on an sc_clock, in which every block
// is evaluated at every edge. That is what exactness costs without the events.
#include <array>
#include <vector>

#include <systemc>

#include "dmasim/bus/core/island.h"
#include "dmasim/cpu_stub/core/cpu_core.h"
#include "dmasim/model/engine.h"

#include "platforms.h"

namespace dmasim::bench {

namespace {

class NoOutputs final : public DmaOutputs {
  public:
    void interrupt(bool /*level*/, Cycles /*at*/) override {}
};

/// Computes, misses, computes, misses ...
class MissingClient final : public CpuClient {
  public:
    MissingClient(std::uint64_t pause, std::uint64_t line_bytes) : pause_(pause), line_bytes_(line_bytes) {}
    void start(CpuCore& core, Cycles at) {
        core_ = &core;
        next(at);
    }
    void completed(const CpuResult& result) override { next(result.at); }

  private:
    void next(Cycles at) {
        CpuOperation operation;
        computing_ = !computing_;
        if (computing_) {
            operation.kind = CpuOpKind::Compute;
            operation.cycles = pause_;
        } else {
            operation.kind = CpuOpKind::Load;
            operation.address = cpu_region() + line_bytes_ * line_;
            operation.bytes = 4;
            operation.data = word_.data();
            line_ = (line_ + 1) % 4096;
        }
        core_->issue(operation, at);
    }
    CpuCore* core_ = nullptr;
    std::uint64_t pause_;
    std::uint64_t line_bytes_;
    std::uint64_t line_ = 0;
    bool computing_ = false;
    std::array<std::uint8_t, 4> word_{};
};

/// Hands bursts on to a port that is known later.
class Forward final : public BurstPort {
  public:
    BurstPort* to = nullptr;
    void request(const Burst& burst, Cycles at) override { to->request(burst, at); }
};

class ClockedPlatform final : public Platform, public sc_core::sc_module {
  public:
    SC_HAS_PROCESS(ClockedPlatform);
    ClockedPlatform(const sc_core::sc_module_name& name, const Workload& workload)
        : sc_module(name), workload_(workload), system_(workload.bus(), {workload.memory()}) {
        for (const Image& image : images(workload)) {
            system_.memory(0).poke(image.address, image.bytes.data(), image.bytes.size(), Cycles{0});
        }
        blocks_ = {&system_.bus(), &system_.memory(0)};
        for (std::uint32_t master = 0; master < workload.masters; ++master) {
            ports_.push_back(std::make_unique<Forward>());
            engines_.push_back(std::make_unique<DmaEngine>(workload.dma(), *ports_.back(), outputs_));
            ports_.back()->to = &system_.connect(master, *engines_.back());
            blocks_.push_back(engines_.back().get());
            for (const RegisterWrite& write : start_program(workload, master)) {
                engines_.back()->write_register(write.offset, write.value, Cycles{0});
            }
        }
        if (workload.cpu_miss_cycles != 0) {
            ports_.push_back(std::make_unique<Forward>());
            client_ = std::make_unique<MissingClient>(workload.cpu_miss_cycles, workload.cpu().cache.line_bytes);
            cpu_ = std::make_unique<CpuCore>(workload.cpu(), *ports_.back(), *client_);
            ports_.back()->to = &system_.connect(workload.masters, *cpu_);
            blocks_.push_back(cpu_.get());
            client_->start(*cpu_, Cycles{0});
        }
        SC_METHOD(tick);
        sensitive << clock_.posedge_event();
        dont_initialize();
    }

    void run(std::uint64_t cycles) override { sc_core::sc_start(static_cast<double>(cycles) * clock_.period()); }
    std::uint32_t read(std::uint32_t master, std::uint32_t offset) override {
        std::uint32_t value = 0;
        engines_[master]->read_register(offset, value, now_);
        return value;
    }
    std::uint64_t memory_hash() override {
        system_.memory(0).settle(now_);
        return system_.memory(0).storage().hash();
    }

  private:
    void tick() {
        const bool dreq = workload_.pace_cycles != 0 && now_.count() % workload_.pace_cycles == 0;
        for (Clocked* block : blocks_) {
            block->evaluate(now_);
        }
        if (workload_.pace_cycles != 0 && dreq != dreq_) {
            dreq_ = dreq;
            for (const auto& engine : engines_) {
                for (unsigned channel = 0; channel < workload_.channels; ++channel) {
                    engine->set_dreq(channel, dreq, now_);
                }
            }
        }
        now_ += 1;
    }

    const Workload& workload_;
    sc_core::sc_clock clock_{"clock", 10, sc_core::SC_NS};
    CoreSystem system_;
    NoOutputs outputs_;
    std::vector<std::unique_ptr<Forward>> ports_;
    std::vector<std::unique_ptr<DmaEngine>> engines_;
    std::unique_ptr<MissingClient> client_;
    std::unique_ptr<CpuCore> cpu_;
    std::vector<Clocked*> blocks_;
    Cycles now_;
    bool dreq_ = false;
};

}  // namespace

std::unique_ptr<Platform> make_clocked_platform(const Workload& workload) {
    return std::make_unique<ClockedPlatform>("platform", workload);
}

}  // namespace dmasim::bench
