// SPDX-License-Identifier: Apache-2.0
//
// The modules, bound to each other.
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <systemc>
#include <tlm_utils/simple_initiator_socket.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/cpu_stub/cpu.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/tlm/core/vcd_writer.h"
#include "dmasim/tlm/dma_controller.h"

#include "platforms.h"

namespace dmasim::bench {

namespace {

/// Writes and reads the registers of one controller, and paces its channels.
class Host final : public sc_core::sc_module {
  public:
    tlm_utils::simple_initiator_socket<Host> socket{"socket"};
    sc_core::sc_vector<sc_core::sc_signal<bool>> dreq;

    SC_HAS_PROCESS(Host);
    Host(const sc_core::sc_module_name& name, const ClockDomain& clock, const Workload& workload, std::uint32_t master)
        : sc_module(name), dreq("dreq", workload.channels), clock_(clock), workload_(workload), master_(master) {
        SC_THREAD(start);
        if (workload.pace_cycles != 0) {
            SC_METHOD(pace);
        }
    }

    std::uint32_t read(std::uint32_t offset) {
        std::uint32_t value = 0;
        access(tlm::TLM_READ_COMMAND, offset, value, true);
        return value;
    }

  private:
    void access(tlm::tlm_command command, std::uint32_t offset, std::uint32_t& value, bool debug) {
        tlm::tlm_generic_payload trans;
        trans.set_command(command);
        trans.set_address(offset);
        trans.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
        trans.set_data_length(4);
        trans.set_streaming_width(4);
        if (debug) {
            socket->transport_dbg(trans);
            return;
        }
        sc_core::sc_time delay;
        socket->b_transport(trans, delay);
    }

    void start() {
        for (RegisterWrite write : start_program(workload_, master_)) {
            access(tlm::TLM_WRITE_COMMAND, write.offset, write.value, false);
        }
    }

    void pace() {
        const bool level = !level_;
        level_ = level;
        for (auto& line : dreq) {
            line.write(level);
        }
        next_trigger(clock_.time_of(Cycles{level ? 1 : workload_.pace_cycles - 1U}));
    }

    ClockDomain clock_;
    const Workload& workload_;
    std::uint32_t master_;
    bool level_ = false;
};

constexpr std::uint16_t kBusSource = 100;

/// A waveform of everything that has signals, to nowhere: what it costs to make, without the disk.
class Waveform {
  public:
    explicit Waveform(const Workload& workload) : file_("/dev/null"), writer_(file_, options(workload)) {}
    [[nodiscard]] TraceSink& sink() { return writer_; }
    void settle(Cycles edge) { writer_.settle(edge); }

  private:
    static VcdOptions options(const Workload& workload) {
        VcdOptions options;
        for (std::uint32_t master = 0; master < workload.masters; ++master) {
            options.blocks.push_back({VcdBlock::Kind::Controller, static_cast<std::uint16_t>(master),
                                      "dma" + std::to_string(master), workload.dma().channels});
        }
        options.blocks.push_back({VcdBlock::Kind::Bus, kBusSource, "bus", workload.initiators()});
        return options;
    }

    std::ofstream file_;
    VcdWriter writer_;
};

class EventPlatform final : public Platform {
  public:
    EventPlatform(const Workload& workload, Driver driver)
        : clock_(10, sc_core::SC_NS),
          waveform_(driver == Driver::Traced ? std::make_unique<Waveform>(workload) : nullptr),
          bus_("bus", clock_, workload.bus(), bus_options(driver)),
          memory_("memory", clock_, workload.memory(), memory_options(driver)) {
        bus_.initiator_sockets[0].bind(memory_.socket);
        for (const Image& image : images(workload)) {
            memory_.poke(image.address, image.bytes.data(), image.bytes.size());
        }
        DmaControllerConfig dma;
        dma.dma = workload.dma();
        dma.register_latency = 0;
        if (driver == Driver::LooselyTimed) {
            dma.style = TransportStyle::Blocking;
            dma.dmi = true;
            dma.quantum = 100'000;
        }
        for (std::uint32_t master = 0; master < workload.masters; ++master) {
            const std::string number = std::to_string(master);
            dma.initiator = static_cast<std::uint16_t>(master);
            controllers_.push_back(std::make_unique<DmaController>(("dma" + number).c_str(), clock_, dma, sink()));
            hosts_.push_back(std::make_unique<Host>(("host" + number).c_str(), clock_, workload, master));
            controllers_.back()->memory.bind(bus_.target_sockets[master]);
            hosts_.back()->socket.bind(controllers_.back()->registers);
            for (std::uint32_t channel = 0; channel < workload.channels; ++channel) {
                controllers_.back()->dreq[channel].bind(hosts_.back()->dreq[channel]);
            }
        }
        if (workload.cpu_miss_cycles != 0) {
            cpu_ = std::make_unique<Cpu>("cpu", clock_, workload.cpu(), [&workload](CpuContext& cpu) {
                for (std::uint64_t line = 0;; line = (line + 1) % 4096) {
                    cpu.wait_cycles(workload.cpu_miss_cycles);
                    cpu.load32(cpu_region() + line * workload.cpu().cache.line_bytes);
                }
            });
            cpu_->memory.bind(bus_.target_sockets[workload.masters]);
        }
    }

    void run(std::uint64_t cycles) override {
        // A waveform is written piece by piece, as dmasim run does it.
        constexpr std::uint64_t kPiece = 4096;
        for (; waveform_ && cycles > kPiece; cycles -= kPiece) {
            sc_core::sc_start(clock_.time_of(Cycles{kPiece}));
            waveform_->settle(clock_.edge_at_or_before(sc_core::sc_time_stamp()) - 1);
        }
        sc_core::sc_start(static_cast<double>(cycles) * clock_.period());
        // What an island has put off belongs to the time that is measured.
        bus_.catch_up();
    }
    std::uint32_t read(std::uint32_t master, std::uint32_t offset) override { return hosts_[master]->read(offset); }
    std::uint64_t memory_hash() override { return memory_.hash(); }

  private:
    [[nodiscard]] TraceSink* sink() { return waveform_ ? &waveform_->sink() : nullptr; }
    InterconnectOptions bus_options(Driver driver) {
        InterconnectOptions options;
        options.sink = sink();
        options.source = kBusSource;
        options.lazy = driver == Driver::Lazy;
        options.transactions = driver == Driver::Transactions;
        return options;
    }
    static MemoryOptions memory_options(Driver driver) {
        MemoryOptions options;
        options.dmi = driver == Driver::LooselyTimed;
        return options;
    }

    ClockDomain clock_;
    std::unique_ptr<Waveform> waveform_;
    Interconnect bus_;
    Memory memory_;
    std::vector<std::unique_ptr<DmaController>> controllers_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::unique_ptr<Cpu> cpu_;
};

}  // namespace

std::unique_ptr<Platform> make_event_platform(const Workload& workload, Driver driver) {
    return std::make_unique<EventPlatform>(workload, driver);
}

}  // namespace dmasim::bench
