// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/dma_controller.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "dmasim/model/backend/beat_mover.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/register_map.h"

#include "module_config.h"

namespace dmasim {

namespace {

const DmaControllerConfig& checked(const std::string& name, const DmaControllerConfig& config) {
    const std::vector<std::string> problems = validate(config);
    if (!problems.empty()) {
        std::string text = name + ":";
        for (const std::string& problem : problems) {
            text += " " + problem;
        }
        throw ConfigError(text);
    }
    return config;
}

MasterSocketOptions adapter_options(const DmaControllerConfig& config) {
    MasterSocketOptions options;
    options.may_join = true;
    options.style = config.style;
    options.initiator = config.initiator;
    options.max_blocking_calls = config.dma.max_reads + config.dma.max_writes;
    options.dmi = config.dmi;
    options.flushed = config.dmi;
    options.bus_bytes = config.dma.bus_bytes();
    return options;
}

}  // namespace

std::vector<std::string> validate(const DmaControllerConfig& config) {
    std::vector<std::string> problems = validate(config.dma);
    if (config.style != TransportStyle::NonBlocking && config.style != TransportStyle::Blocking) {
        problems.push_back("style is " + std::to_string(static_cast<int>(config.style)) +
                           ", must be NonBlocking or Blocking.");
    }
    if (config.style == TransportStyle::NonBlocking && (config.dmi || config.quantum != 0)) {
        problems.emplace_back("dmi and quantum need style Blocking: the other one is timed to the cycle.");
    }
    if (config.dma.timing.beat_accurate && (config.dmi || config.quantum != 0)) {
        problems.push_back("profile '" + config.dma.timing.name + "' is beat-accurate: dmi and quantum must be off.");
    }
    if (config.register_latency > detail::kGreatestRegisterLatency) {
        problems.push_back("register_latency is " + std::to_string(config.register_latency) + ", must be 0 to " +
                           std::to_string(detail::kGreatestRegisterLatency) + ".");
    }
    for (const std::string& problem : validate(config.stream)) {
        problems.push_back(problem + ".");
    }
    if (config.stream.ports != 0 && !config.dma.timing.beat_accurate) {
        problems.push_back("stream.ports is " + std::to_string(config.stream.ports) + ", but profile '" +
                           config.dma.timing.name + "' is not beat-accurate and has no descriptor ports.");
    }
    return problems;
}

DmaController::DmaController(const sc_core::sc_module_name& name, const ClockDomain& domain,
                             const DmaControllerConfig& config, TraceSink* sink)
    : sc_module(name),
      registers("registers"),
      memory("memory"),
      descriptor_memory("descriptor_memory"),
      irq("irq"),
      channel_irq("channel_irq"),
      dreq("dreq"),
      dack("dack"),
      tc("tc"),
      reset("reset"),
      config_(checked(this->name(), config)),
      domain_(domain),
      outputs_(*this),
      engine_(config_.dma, *this, outputs_, sink, config_.initiator),
      answers_(*this),
      block_(*this),
      process_("process", domain_, block_),
      observer_(process_),
      memory_adapter_("memory_adapter", memory, process_, answers_, adapter_options(config_)),
      descriptor_adapter_("descriptor_adapter", descriptor_memory, process_, engine_, adapter_options(config_)),
      leaper_(engine_, memory_adapter_),
      register_target_("register_target", registers, domain_, *this, config_.register_latency),
      dreq_level_(config_.dma.channels, false),
      output_event_("output_event") {
    // The answer to a call that is under way may come before whatever lies ahead.
    process_.set_quantum(
        config_.quantum, [this] { return memory_adapter_.in_flight() == 0 && descriptor_adapter_.in_flight() == 0; },
        [this](Cycles base, Cycles end) { evaluated_ += leaper_.look(base, end); });
    channel_irq.init(config_.dma.channels);
    dreq.init(config_.dma.channels);
    dack.init(config_.dma.channels);
    tc.init(config_.dma.channels);

    if (config_.stream.ports != 0) {
        stream_ = std::make_unique<TransferStream>(config_.stream);
        engine_.beat_plug()->attach(stream_.get());
    }

    SC_HAS_PROCESS(DmaController);
    SC_METHOD(drive_outputs);
    sensitive << output_event_;
    dont_initialize();
    SC_METHOD(inputs_changed);
    sensitive << reset;
    for (OptionalInput& input : dreq) {
        sensitive << input;
    }
}

DmaController::~DmaController() = default;

void DmaController::before_end_of_elaboration() {
    // The kernel would name the port of whatever happens to be on the other side.
    if (memory.get_base_port().bind_count() == 0) {
        throw ConfigError(std::string(memory.name()) +
                          " is not bound: bind it to the target socket of a bus or memory");
    }
    if (registers.get_base_port().bind_count() == 0) {
        throw ConfigError(std::string(registers.name()) +
                          " is not bound: bind the initiator socket of a bus or CPU to it");
    }
    descriptors_apart_ = descriptor_memory.get_base_port().bind_count() != 0;
    // One block can be in one island only.
    if (descriptors_apart_ || engine_.beat_plug() != nullptr) {
        memory_adapter_.stay_outside();
    }
    descriptor_adapter_.stay_outside();
}

void DmaController::end_of_elaboration() {
    // A parent's socket that is itself unbound looks bound from here.
    if (memory.size() == 0) {
        throw ConfigError(std::string(memory.name()) + " is bound to a socket that is not bound");
    }
    descriptors_apart_ = descriptor_memory.size() != 0;
    if (engine_.beat_plug() == nullptr) {
        return;
    }
    BeatInquiry inquiry;
    inquiry.guest = this;
    inquiry.bus_bytes = config_.dma.bus_bytes();
    inquiry.period = domain_.period();
    tlm::tlm_fw_transport_if<>& target = *memory.get_base_port().operator->();
    const BeatPart part = find_beat_part(target, inquiry, 0, std::numeric_limits<std::uint64_t>::max());
    if (part.host != nullptr && !part.straight) {
        throw ConfigError(std::string(name()) +
                          ": a module between the controller and a beat-accurate fabric changes addresses; bind the "
                          "controller to the fabric itself");
    }
    if (part.straight) {
        beat_memory_ = part.memory;
    }
}

void DmaController::start_of_simulation() {
    BeatPlug* const plug = engine_.beat_plug();
    if (plug == nullptr) {
        return;
    }
    if (host_ != nullptr) {
        attachment_ = BeatAttachment::Fabric;
        connect_beats([this](Cycles t) { host_->wake(t); });
        return;
    }
    const bool direct = beat_memory_ != nullptr && beat_memory_->askers == 1;
    if (!direct) {
        bursts_ = std::make_unique<BurstPortSlave>(memory_adapter_, config_.dma.bus_bytes(), kBurstPortSlaveTags);
    }
    attachment_ = direct ? BeatAttachment::Memory : BeatAttachment::Bursts;
    BeatSlave* const slave = direct ? beat_memory_->slave : bursts_.get();
    system_ = std::make_unique<BeatSystem>(make_direct_fabric(), std::vector<BeatMaster*>{&plug->beat_master()},
                                           std::vector<BeatSlave*>{slave});
    system_->before.emplace_back([plug](Cycles t) { plug->before_cycle(t); });
    if (direct && config_.lazy) {
        system_->visible.emplace_back([plug](Cycles next) { return plug->next_visible(next); });
        beat_memory_->look = [this] { arrive(); };
    }
    const auto wake = [this](Cycles t) {
        system_->wake(t);
        process_.wake();
    };
    if (bursts_) {
        bursts_->on_answer = wake;
    }
    connect_beats(wake);
}

void DmaController::connect_beats(const std::function<void(Cycles)>& wake) {
    engine_.beat_plug()->connect(wake, [this] { process_.wake(); });
    if (stream_) {
        stream_->connect(wake);
    }
}

BeatPlug& DmaController::plug() {
    return *engine_.beat_plug();
}

void DmaController::hosted_by(BeatHost& host) {
    host_ = &host;
}

std::uint64_t DmaController::offer(std::uint32_t port, std::uint64_t source, std::uint64_t destination,
                                   std::uint64_t bytes) {
    if (!stream_) {
        throw ConfigError(std::string(name()) + " has no descriptor ports (stream.ports is 0)");
    }
    arrive();
    return stream_->offer(port, source, destination, bytes, domain_.stamp_of(sc_core::sc_time_stamp()));
}

void DmaController::observe_beats(BeatObserver* observer) {
    if (BeatPlug* const plug = engine_.beat_plug()) {
        plug->observe_beats(observer);
    }
}

BurstMaster& DmaController::Answers::master_of(std::uint32_t tag) const {
    if (controller_.bursts_ && controller_.bursts_->owns(tag)) {
        return *controller_.bursts_;
    }
    return controller_.engine_;
}

Cycles DmaController::Block::next_edge() const {
    const Cycles engine = controller_.engine_.next_edge();
    return controller_.system_ ? std::min(engine, controller_.system_->next_visible()) : engine;
}

void DmaController::Block::evaluate(Cycles edge) {
    if (controller_.system_) {
        controller_.system_->run_through(edge);
    } else if (controller_.host_ != nullptr) {
        controller_.host_->run_through(edge);
    }
    if (controller_.engine_.next_edge() <= edge) {
        controller_.evaluated_ = edge;
        controller_.engine_.evaluate(edge);
    }
    controller_.memory_adapter_.flush_answers();
    controller_.descriptor_adapter_.flush_answers();
}

void DmaController::end_of_simulation() {
    catch_up();
}

void DmaController::arrive() const {
    observer_.arrive();
    if (host_ != nullptr) {
        host_->look();
    } else if (system_) {
        system_->advance_to(domain_.stamp_of(sc_core::sc_time_stamp()));
    }
}

void DmaController::catch_up() {
    arrive();
    process_.catch_up();
}

void DmaController::request(const Burst& burst, Cycles at) {
    const bool descriptor = burst.purpose == Purpose::Descriptor || burst.purpose == Purpose::StatusWriteBack;
    (descriptor && descriptors_apart_ ? descriptor_adapter_ : memory_adapter_).request(burst, at);
}

void DmaController::Outputs::interrupt(bool level, Cycles at) {
    controller_.change(Pin::Irq, 0, level, at);
}

void DmaController::Outputs::channel_interrupt(unsigned channel, bool level, Cycles at) {
    controller_.change(Pin::ChannelIrq, channel, level, at);
}

void DmaController::Outputs::dack(unsigned channel, bool level, Cycles at) {
    controller_.change(Pin::Dack, channel, level, at);
}

void DmaController::Outputs::tc(unsigned channel, bool level, Cycles at) {
    controller_.change(Pin::Tc, channel, level, at);
}

OptionalOutput& DmaController::output(Pin pin, unsigned channel) {
    switch (pin) {
        case Pin::ChannelIrq:
            return channel_irq[channel];
        case Pin::Dack:
            return dack[channel];
        case Pin::Tc:
            return tc[channel];
        case Pin::Irq:
            break;
    }
    return irq;
}

void DmaController::change(Pin pin, unsigned channel, bool level, Cycles at) {
    if (output(pin, channel).size() == 0) {
        return;
    }
    // An island that looked too late would show the past.
    DMASIM_INVARIANT(!process_.hosted() || domain_.time_of(at) >= sc_core::sc_time_stamp());
    const auto later =
        std::find_if(changes_.begin(), changes_.end(), [&](const Change& other) { return other.at > at; });
    changes_.insert(later, Change{at, pin, channel, level});
    output_event_.notify(domain_.time_until(changes_.front().at, sc_core::sc_time_stamp()));
}

void DmaController::drive_outputs() {
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    while (!changes_.empty() && domain_.time_of(changes_.front().at) <= now) {
        const Change& change = changes_.front();
        output(change.pin, change.channel)->write(change.level);
        changes_.pop_front();
    }
    if (!changes_.empty()) {
        output_event_.notify(domain_.time_until(changes_.front().at, now));
    }
}

void DmaController::inputs_changed() {
    arrive();
    const Cycles at = not_before_evaluated(domain_.stamp_of(sc_core::sc_time_stamp()));
    const bool in_reset = reset.size() != 0 && reset->read();
    if (in_reset && !in_reset_) {
        engine_.reset(at);
        if (stream_) {
            stream_->reset();
        }
        // The engine has forgotten them.
        std::fill(dreq_level_.begin(), dreq_level_.end(), false);
    }
    in_reset_ = in_reset;
    leaper_.forget();
    for (unsigned channel = 0; channel < dreq.size(); ++channel) {
        const bool level = !in_reset_ && dreq[channel].size() != 0 && dreq[channel]->read();
        if (level != dreq_level_[channel]) {
            dreq_level_[channel] = level;
            engine_.set_dreq(channel, level, at);
        }
    }
    process_.wake();
}

Response DmaController::read(std::uint64_t offset, std::uint32_t& value, Cycles at) {
    if (offset >= native::register_space_bytes(config_.dma.channels)) {
        return Response::AddressError;
    }
    arrive();
    return engine_.read_register(static_cast<std::uint32_t>(offset), value, not_before_evaluated(at));
}

Response DmaController::write(std::uint64_t offset, std::uint32_t value, std::uint8_t enables, Cycles at) {
    if (offset >= native::register_space_bytes(config_.dma.channels)) {
        return Response::AddressError;
    }
    if (in_reset_) {
        return Response::Ok;
    }
    arrive();
    leaper_.forget();
    const Response response =
        engine_.write_register(static_cast<std::uint32_t>(offset), value, not_before_evaluated(at), enables);
    process_.wake();
    return response;
}

Response DmaController::peek(std::uint64_t offset, std::uint32_t& value) const {
    if (offset >= native::register_space_bytes(config_.dma.channels)) {
        return Response::AddressError;
    }
    arrive();
    return engine_.peek_register(static_cast<std::uint32_t>(offset), value);
}

}  // namespace dmasim
