// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/model/beat/beat_system.h"
#include "dmasim/model/beat/burst_port_slave.h"
#include "dmasim/model/config.h"
#include "dmasim/model/engine.h"
#include "dmasim/model/frontend/stream/transfer_stream.h"
#include "dmasim/model/island_master.h"
#include "dmasim/model/trace.h"
#include "dmasim/tlm/beat_link.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/clocked_process.h"
#include "dmasim/tlm/direct_leaper.h"
#include "dmasim/tlm/master_socket_adapter.h"
#include "dmasim/tlm/optional_ports.h"
#include "dmasim/tlm/register_target.h"

namespace dmasim {

/// What is fixed about a `DmaController` beside the engine's own configuration.
struct DmaControllerConfig {
    DmaConfig dma;
    TransportStyle style = TransportStyle::NonBlocking;  ///< Of the initiator sockets. `registers` takes both always.
    /// Blocking style: data goes through direct memory pointers where the target grants them, with the latency that it
    /// states.
    bool dmi = false;
    /// Blocking style: cycles that the controller may run ahead of simulated time (temporal decoupling). Pins change at
    /// their time nevertheless; registers, memory and statistics show what lies up to so many cycles in the future, and
    /// an access takes effect when the controller gets there. At most 2^32-1; 0: never ahead.
    std::uint32_t quantum = 0;
    std::uint32_t register_latency = 1;  ///< Cycles from a register access to its answer, >= 0.
    std::uint16_t initiator = 0;         ///< Number in extensions and trace events.
    TransferStreamConfig stream;         ///< Descriptor ports; for beat-accurate profiles only.
    /// Beat-accurate profiles, bound to a beat-accurate memory itself: the cycles of the pipeline are evaluated when
    /// somebody looks, and not one by one (docs/lazy-islands.md, "Beat-accurate"). A controller with a sink ignores it. Others
    /// are lazy if their interconnect is.
    bool lazy = false;
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const DmaControllerConfig& config);

/// How the data of a controller with a beat-accurate profile gets to its memory (docs/beat-pipelines.md, "Islands").
enum class BeatAttachment : std::uint8_t {
    None,    ///< The profile is not beat-accurate, or the simulation has not started.
    Bursts,  ///< Burst by burst over the socket, to any target.
    Memory,  ///< Beat by beat, to a beat-accurate memory that is bound to the socket.
    Fabric,  ///< Beat by beat, through the beat-accurate fabric of an interconnect.
};

/// The DMA controller as a SystemC module: `DmaEngine` (docs/timing.md, "Controller") with sockets and pins.
///
/// Every pin may stay unbound. Input levels that change at time x have stamp ceil(x / period); outputs change at the
/// time of their stamp (docs/timing.md C8). There is no clock input: the clock is `ClockDomain`.
///
/// Not modelled: clock gating, an endianness other than the host's in registers.
class DmaController final : public sc_core::sc_module, private BurstPort, private RegisterFile, private BeatGuest {
  public:
    /// Registers (docs/registers.md), b_transport, nb_transport and transport_dbg.
    tlm::tlm_target_socket<> registers;
    /// Master port. Must be bound.
    OptionalInitiatorSocket memory;
    /// Second master port; when it is bound, descriptor fetches and status write-backs go there.
    OptionalInitiatorSocket descriptor_memory;
    /// Interrupt, active high: the OR of the channels.
    OptionalOutput irq;
    /// Interrupt of each channel, active high.
    sc_core::sc_vector<OptionalOutput> channel_irq;
    /// DMA request of each channel, a level (C7).
    sc_core::sc_vector<OptionalInput> dreq;
    /// Acknowledge of a unit, high for one cycle (C7).
    sc_core::sc_vector<OptionalOutput> dack;
    /// Terminal count: end of a job, high for one cycle (C7).
    sc_core::sc_vector<OptionalOutput> tc;
    /// Active high. The rising edge resets the controller; while it is high, register writes are ignored and DREQ counts
    /// as low. Bursts in flight run out unseen.
    OptionalInput reset;

    /// Throws `ConfigError` with all problems of `config`. `sink`: receives the events, or nullptr.
    DmaController(const sc_core::sc_module_name& name, const ClockDomain& domain, const DmaControllerConfig& config,
                  TraceSink* sink = nullptr);
    ~DmaController() override;

    [[nodiscard]] const DmaControllerConfig& config() const { return config_; }
    [[nodiscard]] const ClockDomain& domain() const { return domain_; }
    /// Offers a transfer at a descriptor port (`DmaControllerConfig::stream`) now: its valid is high from the next cycle on.
    /// Returns its number. Throws `ConfigError` as `TransferStream::offer` does, and without descriptor ports.
    std::uint64_t offer(std::uint32_t port, std::uint64_t source, std::uint64_t destination, std::uint64_t bytes);
    /// The descriptor ports; null without any.
    [[nodiscard]] TransferStream* stream() { return stream_.get(); }
    /// Receives the steps of the pipeline; null: nobody. Without effect if the profile is not beat-accurate.
    void observe_beats(BeatObserver* observer);
    [[nodiscard]] BeatAttachment attachment() const { return attachment_; }
    /// The system that this module runs, from the start of simulation on; null if it runs none (see `attachment`).
    [[nodiscard]] BeatSystem* beat_system() { return system_.get(); }

    /// For looking at, after every edge before the present; its inputs belong to this module.
    [[nodiscard]] const DmaEngine& engine() {
        arrive();
        return engine_;
    }
    /// Whether it is run by the island of its interconnect (docs/lazy-islands.md); known from the start of simulation on.
    [[nodiscard]] bool in_island() const { return process_.hosted(); }

    /// Blocking style with a quantum: whether many bursts may be carried out at once where they go through direct memory
    /// pointers, which shows in nothing but speed; on by default. For comparisons.
    void allow_leaps(bool allowed) { leaper_.allow(allowed); }
    /// Cycles that were carried out that way.
    [[nodiscard]] std::uint64_t leaped_cycles() const { return leaper_.cycles_leaped(); }

    /// Brings the engine to the present, so that statistics are exact after any `sc_start(T)`: every edge before now is
    /// evaluated. Also called at the end of simulation.
    void catch_up();

  private:
    /// Not a base of the module, whose pins have the names of these functions.
    class Outputs final : public DmaOutputs {
      public:
        explicit Outputs(DmaController& controller) : controller_(controller) {}
        void interrupt(bool level, Cycles at) override;
        void channel_interrupt(unsigned channel, bool level, Cycles at) override;
        void dack(unsigned channel, bool level, Cycles at) override;
        void tc(unsigned channel, bool level, Cycles at) override;

      private:
        DmaController& controller_;
    };
    /// Answers of the memory socket: the engine's or those of the beat-accurate data.
    class Answers final : public BurstMaster {
      public:
        explicit Answers(DmaController& controller) : controller_(controller) {}
        void accepted(std::uint32_t tag, Cycles at) override { master_of(tag).accepted(tag, at); }
        void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
            master_of(tag).read_data(tag, first, interval, response);
        }
        void write_response(std::uint32_t tag, Cycles at, Response response) override {
            master_of(tag).write_response(tag, at, response);
        }

      private:
        [[nodiscard]] BurstMaster& master_of(std::uint32_t tag) const;
        DmaController& controller_;
    };
    /// The engine behind the cycles of the system that it is plugged into.
    class Block final : public Clocked, public IslandMaster {
      public:
        explicit Block(DmaController& controller) : controller_(controller) {}
        [[nodiscard]] Cycles next_edge() const override;
        void evaluate(Cycles edge) override;
        // Only controllers without beats join islands, so the engine is all there is.
        [[nodiscard]] Clocked& island_core() override { return controller_.engine_; }
        [[nodiscard]] BurstMaster& island_answers() override { return controller_.engine_; }
        [[nodiscard]] CadenceMaster* island_cadence() override { return &controller_.engine_; }
        [[nodiscard]] Cycles next_visible(const IslandReach& reach, Cycles from, Cycles any) const override {
            return controller_.engine_.next_visible(reach, from, any);
        }

      private:
        DmaController& controller_;
    };
    /// Somebody looks at the controller or gives it an input: everything before the present has to have happened.
    void arrive() const;
    enum class Pin : std::uint8_t { Irq, ChannelIrq, Dack, Tc };
    struct Change {
        Cycles at;
        Pin pin = Pin::Irq;
        unsigned channel = 0;
        bool level = false;
    };

    void before_end_of_elaboration() override;
    void end_of_elaboration() override;
    void start_of_simulation() override;
    void end_of_simulation() override;

    // BurstPort
    void request(const Burst& burst, Cycles at) override;
    // BeatGuest
    BeatPlug& plug() override;
    void hosted_by(BeatHost& host) override;
    [[nodiscard]] std::string guest_name() const override { return name(); }
    // RegisterFile
    Response read(std::uint64_t offset, std::uint32_t& value, Cycles at) override;
    Response write(std::uint64_t offset, std::uint32_t value, std::uint8_t enables, Cycles at) override;
    Response peek(std::uint64_t offset, std::uint32_t& value) const override;

    void connect_beats(const std::function<void(Cycles)>& wake);
    void change(Pin pin, unsigned channel, bool level, Cycles at);
    void drive_outputs();
    void inputs_changed();
    [[nodiscard]] Cycles not_before_evaluated(Cycles at) const { return std::max(at, evaluated_); }
    OptionalOutput& output(Pin pin, unsigned channel);

    DmaControllerConfig config_;
    ClockDomain domain_;
    Outputs outputs_;
    DmaEngine engine_;
    Answers answers_;
    Block block_;
    ClockedProcess process_;
    ClockedProcess& observer_;  ///< The same, for looking without changing anything that can be seen.
    MasterSocketAdapter memory_adapter_;
    MasterSocketAdapter descriptor_adapter_;
    DirectLeaper leaper_;
    RegisterTarget register_target_;
    std::unique_ptr<TransferStream> stream_;
    BeatMemoryPort* beat_memory_ = nullptr;
    BeatHost* host_ = nullptr;
    std::unique_ptr<BurstPortSlave> bursts_;
    std::unique_ptr<BeatSystem> system_;
    BeatAttachment attachment_ = BeatAttachment::None;
    bool descriptors_apart_ = false;
    bool in_reset_ = false;
    Cycles evaluated_;  ///< The last edge. Not later than the present, but for a quantum.
    std::vector<bool> dreq_level_;
    std::deque<Change> changes_;  ///< Of outputs that are still to be driven, by stamp.
    sc_core::sc_event output_event_;
};

}  // namespace dmasim
