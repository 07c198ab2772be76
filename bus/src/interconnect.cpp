// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/interconnect.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <string>
#include <utility>

#include "dmasim/bus/core/beat/beat_fabric.h"
#include "dmasim/bus/core/beat/beat_memory.h"
#include "dmasim/bus/core/beat/beat_traffic.h"
#include "dmasim/bus/core/beats.h"
#include "dmasim/bus/core/lazy_island.h"
#include "dmasim/bus/core/text.h"
#include "dmasim/model/errors.h"
#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/payload_pool.h"
#include "dmasim/tlm/payload_view.h"
#include "dmasim/tlm/response.h"

namespace dmasim {

/// The way to one target: gives it the payloads of the bursts that the core forwards.
class Interconnect::Downstream final : public Clocked, public BurstPort, private tlm::tlm_bw_transport_if<> {
  public:
    Downstream(Interconnect& bus, std::uint32_t number)
        : bus_(bus), number_(number), socket_(bus.initiator_sockets[number]) {
        socket_.bind(*this);
    }

    // A payload on its way, with what has to be put back.
    struct Passing {
        tlm::tlm_generic_payload* trans = nullptr;
        std::uint32_t id = 0;
        Access access = Access::Read;
        std::uint64_t own_address = 0;
        std::uint64_t address = 0;
        Cycles requested;
        std::unique_ptr<BurstExtension> extension;  // Ours, for a payload that came without one.
        bool sent = false;
        bool pooled = false;  // The payload is ours.
    };

    void request(const Burst& burst, Cycles at) override {
        // An island that looked too late would have to send this into the past.
        DMASIM_INVARIANT(!bus_.process_.hosted() || bus_.domain_.time_of(at) >= sc_core::sc_time_stamp());
        const BusCore::Origin origin = bus_.core_.origin(burst.tag);
        if (bus_.has_master(origin.initiator)) {
            own_request(burst, origin, at);
            return;
        }
        Passing passing;
        passing.trans = &bus_.upstream_[origin.initiator]->payload(origin.tag);
        passing.id = burst.tag;
        passing.access = burst.access;
        passing.own_address = passing.trans->get_address();
        passing.address = burst.address;
        passing.requested = at;
        if (extension_of(*passing.trans) == nullptr) {
            passing.extension = spare_.empty() ? std::make_unique<BurstExtension>() : std::move(spare_.back());
            if (!spare_.empty()) {
                spare_.pop_back();
            }
            *passing.extension = BurstExtension{};
            passing.extension->purpose = burst.purpose;
            passing.extension->initiator = static_cast<std::uint16_t>(origin.initiator);
            passing.extension->tag = burst.tag;
            passing.trans->set_extension(passing.extension.get());
        }
        extension_of(*passing.trans)->interval = 0;
        extension_of(*passing.trans)->snooped = burst.snooped;
        passing.trans->set_address(burst.address);
        start(std::move(passing));
    }

    [[nodiscard]] Cycles next_edge() const override {
        return held_back_ != 0 && requesting_ == nullptr ? send_from_ : kNever;
    }

    void evaluate(Cycles edge) override {
        while (held_back_ != 0 && requesting_ == nullptr && send_from_ <= edge) {
            const auto next = std::find_if(under_way_.begin(), under_way_.end(),
                                           [](const Passing& passing) { return !passing.sent; });
            DMASIM_INVARIANT(next != under_way_.end());
            --held_back_;
            send_from_ = edge + 1;
            send(next->trans);
        }
    }

    [[nodiscard]] tlm::tlm_fw_transport_if<>& target() { return *socket_.operator->(); }
    [[nodiscard]] std::uint64_t unexpected() const { return unexpected_; }

  private:
    // A burst of a master in the island: it has no payload yet.
    void own_request(const Burst& burst, const BusCore::Origin& origin, Cycles at) {
        Passing passing;
        passing.trans = &pool_.acquire(burst, bus_.number_of(origin.initiator));
        extension_of(*passing.trans)->tag = origin.tag;
        passing.id = burst.tag;
        passing.access = burst.access;
        passing.own_address = burst.address;
        passing.address = burst.address;
        passing.requested = at;
        passing.pooled = true;
        start(std::move(passing));
    }

    void start(Passing passing) {
        under_way_.push_back(std::move(passing));
        if (requesting_ == nullptr && held_back_ == 0) {
            send(under_way_.back().trans);
        } else {
            ++held_back_;
        }
    }

    Passing* find(const tlm::tlm_generic_payload& trans) {
        const auto found = std::find_if(under_way_.begin(), under_way_.end(),
                                        [&](const Passing& passing) { return passing.trans == &trans; });
        return found == under_way_.end() ? nullptr : &*found;
    }

    void send(tlm::tlm_generic_payload* trans) {
        find(*trans)->sent = true;
        requesting_ = trans;
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        const tlm::tlm_sync_enum status = target().nb_transport_fw(*trans, phase, delay);
        if (status == tlm::TLM_COMPLETED) {
            end_request(*trans, delay);
            respond(*trans, delay);
        } else if (status == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
            end_request(*trans, delay);
        } else if (status == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP) {
            end_request(*trans, delay);
            phase = tlm::END_RESP;
            sc_core::sc_time end = delay;
            respond(*trans, delay);
            target().nb_transport_fw(*trans, phase, end);
        }
    }

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override {
        bus_.process_.arrive();
        const Passing* passing = find(trans);
        const bool sent = passing != nullptr && passing->sent;
        if (phase == tlm::END_REQ && sent && requesting_ == &trans) {
            end_request(trans, delay);
            bus_.process_.wake();
            return tlm::TLM_ACCEPTED;
        }
        if (phase == tlm::BEGIN_RESP && sent) {
            end_request(trans, delay);
            respond(trans, delay);
            bus_.process_.wake();
            return tlm::TLM_COMPLETED;
        }
        if (phase < 5U) {
            ++unexpected_;
        }
        return tlm::TLM_ACCEPTED;
    }

    void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override {
        bus_.invalidate(number_, start, end);
    }

    [[nodiscard]] Cycles stamp(const sc_core::sc_time& delay) const {
        return bus_.domain_.stamp_of(sc_core::sc_time_stamp(), delay);
    }

    void end_request(tlm::tlm_generic_payload& trans, const sc_core::sc_time& delay) {
        if (requesting_ != &trans) {
            return;
        }
        requesting_ = nullptr;
        const Passing& passing = *find(trans);
        const Cycles at = std::max(stamp(delay), passing.requested);
        send_from_ = at + 1;
        bus_.core_.target_side(number_).accepted(passing.id, at);
    }

    void respond(tlm::tlm_generic_payload& trans, const sc_core::sc_time& delay) {
        const auto place = under_way_.begin() + (find(trans) - under_way_.data());
        Passing passing = std::move(*place);
        under_way_.erase(place);
        trans.set_address(passing.own_address);
        const std::uint32_t announced = extension_of(trans) != nullptr ? extension_of(trans)->interval : 0;
        if (passing.extension) {
            trans.clear_extension(passing.extension.get());
            spare_.push_back(std::move(passing.extension));
        }
        const Cycles at = std::max(stamp(delay), passing.requested);
        const Response response = response_of(trans.get_response_status());
        if (passing.access == Access::Read) {
            bus_.core_.target_side(number_).read_data(passing.id, at, std::max(announced, 1U), response);
        } else {
            bus_.core_.target_side(number_).write_response(passing.id, at, response);
        }
        if (passing.pooled) {
            trans.release();
        }
    }

    Interconnect& bus_;
    std::uint32_t number_;
    tlm::tlm_initiator_socket<>& socket_;
    std::vector<Passing> under_way_;  // In the order of the core's grants; the ones not sent are the last.
    std::size_t held_back_ = 0;
    tlm::tlm_generic_payload* requesting_ = nullptr;  // BEGIN_REQ made, not ended.
    Cycles send_from_;
    std::vector<std::unique_ptr<BurstExtension>> spare_;
    PayloadPool pool_;
    std::uint64_t unexpected_ = 0;
};

/// Stands for a cache towards the core, so that its answers wake the bus.
class Interconnect::SnoopShim final : public SnoopPort, public SnoopMaster {
  public:
    SnoopShim(Interconnect& bus, SnoopPort& cache) : bus_(bus), cache_(cache) {}
    [[nodiscard]] bool looks_at(Access access) const override { return cache_.looks_at(access); }
    void snoop(SnoopMaster&, unsigned cache, std::uint64_t id, const Burst& burst, Cycles at) override {
        cache_.snoop(*this, cache, id, burst, at);
    }
    void snooped(unsigned cache, std::uint64_t id, Cycles at) override {
        bus_.process_.arrive();
        bus_.core_.snooped(cache, id, at);
        bus_.process_.wake();
    }

  private:
    Interconnect& bus_;
    SnoopPort& cache_;
};

/// Collects the answers to the snoops of one b_transport.
class Interconnect::BlockingSnoop final : public SnoopMaster {
  public:
    void snooped(unsigned, std::uint64_t, Cycles at) override {
        greatest = std::max(greatest, at);
        ++answers;
        done.notify(sc_core::SC_ZERO_TIME);
    }
    Cycles greatest;
    std::size_t answers = 0;
    sc_core::sc_event done{"snooped"};
};

/// A beat-accurate fabric with its masters and memories: who they are, and the system that they make.
class Interconnect::Island final : public BeatHost {
  public:
    explicit Island(Interconnect& bus) : bus_(bus), guests_(bus.config_.initiators), slaves_(bus.config_.targets) {}

    void inquired(std::uint32_t initiator, BeatInquiry& inquiry) {
        if (inquiry.guest == nullptr) {
            return;
        }
        const std::string port = bus_.name() + std::string(".target_sockets[") + std::to_string(initiator) + "]";
        if (inquiry.bus_bytes != bus_.config_.bus_bytes() || inquiry.period != bus_.domain_.period()) {
            throw ConfigError(port + " is a port of a beat-accurate fabric, and controller " +
                              inquiry.guest->guest_name() + " has another clock or data width");
        }
        BeatGuest*& guest = guests_[initiator];
        if (guest != nullptr && guest != inquiry.guest) {
            throw ConfigError(port + " is a port of a beat-accurate fabric and can have one controller, not " +
                              guest->guest_name() + " and " + inquiry.guest->guest_name());
        }
        if (guest == nullptr) {
            guest = inquiry.guest;
            guest->hosted_by(*this);
        }
        inquiry.host = this;
    }

    /// Looks for the memories.
    void ask_targets() {
        BeatInquiry question;
        question.bus_bytes = bus_.config_.bus_bytes();
        question.period = bus_.domain_.period();
        std::vector<BeatMemoryPort*> found(slaves_.size());
        for (const DecodedWindow& window : bus_.core_.map().windows()) {
            const std::uint64_t last = window.target_first + (window.last - window.first);
            BeatMemoryPort*& memory = found[window.target];
            const BeatPart part =
                find_beat_part(bus_.downstream_[window.target]->target(), question, window.target_first, last);
            if (part.memory != nullptr && memory != nullptr) {
                // A second window to the same memory is no second way.
                --part.memory->askers;
            }
            memory = part.straight ? part.memory : nullptr;
            if (memory == nullptr) {
                throw ConfigError(target_name(window.target) +
                                  " has to be bound to a memory with beat-accurate timing (MemoryConfig::beat) and the "
                                  "fabric's clock and data width: topology '" +
                                  bus_.config_.topology + "' is a beat-accurate fabric");
            }
        }
        memories_ = std::move(found);
    }

    /// Everybody has asked: makes the system.
    void build() {
        for (std::size_t i = 0; i < guests_.size(); ++i) {
            if (guests_[i] == nullptr) {
                throw ConfigError(bus_.name() + std::string(".target_sockets[") + std::to_string(i) +
                                  "] has to be bound to a DMA controller with a beat-accurate profile: topology '" +
                                  bus_.config_.topology + "' is a beat-accurate fabric and carries nothing else");
            }
        }
        std::vector<BeatSlave*> slaves;
        for (std::size_t t = 0; t < slaves_.size(); ++t) {
            if (memories_[t] != nullptr && memories_[t]->askers != 1) {
                throw ConfigError(target_name(static_cast<std::uint32_t>(t)) +
                                  " leads to a memory that is bound twice");
            }
            slaves_[t] =
                std::make_unique<Window>(bus_.core_.map(), memories_[t] != nullptr ? memories_[t]->slave : nullptr);
            slaves.push_back(slaves_[t].get());
        }
        nothing_ = make_beat_memory(BeatMemoryTiming{BeatMemoryKind::Registered, 1, 1, 0, 0, 0, 0},
                                    bus_.config_.bus_bytes(), nowhere_);
        slaves.push_back(nothing_.get());
        const auto decode = [this](std::uint64_t address, std::uint32_t bytes) {
            const auto decoded = bus_.core_.map().decode(address, bytes);
            return decoded ? decoded->target : bus_.config_.targets;
        };
        std::vector<BeatMaster*> masters;
        for (BeatGuest* guest : guests_) {
            masters.push_back(&guest->plug().beat_master());
        }
        system_ = std::make_unique<BeatSystem>(
            make_beat_fabric(bus_.config_.topology, bus_.config_.initiators, bus_.config_.targets + 1, decode),
            std::move(masters), std::move(slaves));
        if (bus_.options_.sink != nullptr) {
            traffic_ = std::make_unique<BeatTraffic>(bus_.config_.initiators, bus_.config_.targets, decode,
                                                     *bus_.options_.sink, bus_.options_.source);
            system_->probe(traffic_.get());
        }
        for (BeatGuest* guest : guests_) {
            system_->before.emplace_back([plug = &guest->plug()](Cycles t) { plug->before_cycle(t); });
        }
        // A sink wants the events when they happen.
        if (bus_.options_.lazy && bus_.options_.sink == nullptr) {
            for (BeatGuest* guest : guests_) {
                system_->visible.emplace_back(
                    [plug = &guest->plug()](Cycles next) { return plug->next_visible(next); });
            }
            for (BeatMemoryPort* memory : memories_) {
                if (memory != nullptr) {
                    memory->look = [this] { look(); };
                }
            }
        }
        system_->wake(early_);
        bus_.group_.add(when_seen_);
    }

    void run_through(Cycles edge) override {
        system_->run_through(edge);
        bus_.process_.wake();
    }

    void wake(Cycles t) override {
        if (system_ == nullptr) {
            early_ = std::min(early_, t);
            return;
        }
        system_->wake(t);
        bus_.process_.wake();
    }

    void look() override {
        if (system_ != nullptr) {
            system_->advance_to(bus_.domain_.stamp_of(sc_core::sc_time_stamp()));
        }
    }

    [[nodiscard]] BeatSystem* system() { return system_.get(); }

  private:
    /// A memory as the bus addresses it.
    class Window final : public BeatSlave {
      public:
        Window(const AddressMap& map, BeatSlave* memory) : map_(map), memory_(memory) {}
        SlaveSignals outputs(Cycles t) override { return memory_ != nullptr ? memory_->outputs(t) : SlaveSignals{}; }
        void clock(Cycles t, const MasterSignals& in) override {
            if (memory_ == nullptr) {
                return;
            }
            if (!in.ar_valid && !in.aw_valid) {
                memory_->clock(t, in);
                return;
            }
            MasterSignals there = in;
            translate(in.ar_valid, there.ar);
            translate(in.aw_valid, there.aw);
            memory_->clock(t, there);
        }
        [[nodiscard]] Cycles next_change(Cycles t) const override {
            return memory_ != nullptr ? memory_->next_change(t) : kNever;
        }
        void reset() override {
            if (memory_ != nullptr) {
                memory_->reset();
            }
        }

      private:
        void translate(bool valid, AddressPhase& address) const {
            if (valid) {
                const auto decoded = map_.decode(address.address, address.bytes);
                DMASIM_INVARIANT(decoded.has_value());
                address.address = decoded->address;
            }
        }
        const AddressMap& map_;
        BeatSlave* memory_;  ///< Null: no address leads here.
    };

    /// The system, for whoever need not know of cycles in which nothing is seen outside.
    class WhenSeen final : public Clocked {
      public:
        explicit WhenSeen(Island& island) : island_(island) {}
        [[nodiscard]] Cycles next_edge() const override { return island_.system_->next_visible(); }
        void evaluate(Cycles edge) override { island_.system_->run_through(edge); }

      private:
        Island& island_;
    };

    /// Where nothing is.
    class Nowhere final : public BeatStorage {
      public:
        void read(std::uint64_t, std::uint8_t* data, std::uint32_t bytes, Cycles) override {
            std::fill_n(data, bytes, std::uint8_t{0});
        }
        void write(std::uint64_t, const std::uint8_t*, std::uint32_t, Cycles) override {}
        [[nodiscard]] Response check(Access, std::uint64_t, std::uint32_t) const override {
            return Response::AddressError;
        }
    };

    [[nodiscard]] std::string target_name(std::uint32_t target) const {
        return bus_.name() + std::string(".initiator_sockets[") + std::to_string(target) + "]";
    }

    Interconnect& bus_;
    std::vector<BeatGuest*> guests_;
    std::vector<BeatMemoryPort*> memories_;
    std::vector<std::unique_ptr<Window>> slaves_;
    Nowhere nowhere_;
    std::unique_ptr<BeatSlave> nothing_;
    std::unique_ptr<BeatTraffic> traffic_;  ///< Null: nobody wants the events.
    std::unique_ptr<BeatSystem> system_;
    WhenSeen when_seen_{*this};
    Cycles early_ = kNever;
};

/// Runs the cores that are wired to each other: one event, for their next edge, or (lazy) for the next edge at which
/// something can be seen outside.
class Interconnect::Wired final : public sc_core::sc_module, public IslandHost {
  public:
    Wired(const sc_core::sc_module_name& name, Interconnect& bus)
        : sc_module(name),
          bus_(bus),
          lazy_(bus.options_.lazy),
          island_(bus.core_),
          numbers_(bus.config_.initiators),
          event_("event") {
        if (!lazy_) {
            island_.stay_in_step();
        }
        inside_.resize(bus.config_.initiators, false);
        memories_.resize(bus.config_.targets, false);
        SC_HAS_PROCESS(Wired);
        SC_METHOD(run);
        sensitive << event_;
    }
    ~Wired() override;

    BurstPort* join(std::uint32_t initiator, const IslandGuest& guest) {
        if (guest.period != bus_.domain_.period() || guest.bus_bytes != bus_.config_.bus_bytes()) {
            return nullptr;
        }
        inside_[initiator] = true;
        numbers_[initiator] = guest.number;
        guest.process.hosted_by(*this);
        if (auto* master = dynamic_cast<IslandMaster*>(&guest.block)) {
            return &island_.add_master(initiator, *master);
        }
        return &island_.add_master(initiator, guest.block, guest.answers);
    }

    void take_in(std::uint32_t target, const IslandMemory& memory) {
        // Pointers are an island's to refuse. In step it need not: the memory stays outside and grants them.
        if (memory.core != nullptr && (lazy_ || !memory.pointers) && memory.period == bus_.domain_.period() &&
            memory.core->config().data_width_bits == bus_.config_.data_width_bits) {
            memories_[target] = true;
            memory.process->hosted_by(*this);
            island_.add_memory(target, *memory.core);
        }
    }

    /// Everybody has had a chance to join. Returns whether there is anything to run.
    bool close() {
        const auto any = [](const std::vector<bool>& joined) {
            return std::find(joined.begin(), joined.end(), true) != joined.end();
        };
        active_ = lazy_ || any(inside_) || any(memories_);
        if (!active_) {
            return false;
        }
        for (std::uint32_t i = 0; i < bus_.config_.initiators; ++i) {
            if (!inside_[i]) {
                island_.add_border(*bus_.upstream_[i]);
            }
        }
        for (std::uint32_t t = 0; t < bus_.config_.targets; ++t) {
            if (!memories_[t]) {
                island_.add_border(*bus_.downstream_[t]);
            }
        }
        return true;
    }

    [[nodiscard]] bool has_master(std::uint32_t initiator) const { return inside_.at(initiator); }
    [[nodiscard]] bool has_memory(std::uint32_t target) const { return memories_.at(target); }
    [[nodiscard]] std::uint64_t leaped_cycles() const { return island_.leaped_cycles(); }
    [[nodiscard]] std::uint16_t number_of(std::uint32_t initiator) const { return numbers_[initiator]; }

    void arrive() override {
        // In step, every edge is evaluated at its time: none before the present is left.
        if (!running_ && (lazy_ || !started_ || island_.resting())) {
            advance_to(bus_.domain_.stamp_of(sc_core::sc_time_stamp()));
            if (started_ && !lazy_) {
                follow(island_.next_edge());
            }
        }
    }

    void arrive_at(const Clocked& /*core*/) override {
        if (!running_ && (lazy_ || !started_)) {
            proceed_to(bus_.domain_.stamp_of(sc_core::sc_time_stamp()));
        }
    }

    void changed(const Clocked& core) override {
        island_.touched(core);
        if (started_ && !running_) {
            follow(lazy_ ? wake_up() : island_.next_edge());
        }
    }

    void changed() override {
        island_.touched();
        if (started_ && !running_) {
            follow(lazy_ ? wake_up() : island_.next_edge());
        }
    }

  private:
    void run() {
        if (!active_) {
            return;
        }
        Cycles next = started_ ? wake_at_ : island_.next_edge();
        started_ = true;
        wake_at_ = kNever;
        // What can be seen at an edge is done at its time.
        const Cycles present = bus_.domain_.edge_at_or_before(sc_core::sc_time_stamp());
        if (lazy_) {
            proceed_to(present + 1);
            follow(wake_up());
            return;
        }
        running_ = true;
        while (next <= present) {
            next = island_.evaluate(next);
        }
        running_ = false;
        follow(next);
    }

    /// When to look again. Not too far away: each time that the event is pulled forward, the kernel keeps the later time in
    /// its queue until it has come.
    [[nodiscard]] Cycles wake_up() {
        const Cycles visible = island_.next_visible();
        return visible == kNever ? kNever : std::min(visible, island_.reached() + kLongestSleep);
    }

    void proceed_to(Cycles edge) {
        running_ = true;
        island_.proceed_to(edge);
        running_ = false;
    }

    void advance_to(Cycles edge) {
        // Whatever throws in there ends the simulation; until then nobody may come in again.
        running_ = true;
        island_.advance_to(edge);
        running_ = false;
    }

    /// Has the event come at `edge`, if that is earlier than what it is notified for.
    void follow(Cycles edge) {
        if (edge >= wake_at_) {
            if (edge == kNever && wake_at_ != kNever) {
                // An input took the work away: the simulation must not run on for it.
                wake_at_ = kNever;
                event_.cancel();
            }
            return;
        }
        wake_at_ = edge;
        if (bus_.domain_.comes(edge)) {
            event_.notify(bus_.domain_.time_until(edge, sc_core::sc_time_stamp()));
        }
    }

    static constexpr std::uint64_t kLongestSleep = 1U << 14;  // Cycles.

    Interconnect& bus_;
    const bool lazy_;
    LazyIsland island_;
    std::vector<bool> inside_;
    std::vector<bool> memories_;
    std::vector<std::uint16_t> numbers_;
    sc_core::sc_event event_;
    Cycles wake_at_ = kNever;  // The edge that the event is notified for.
    bool active_ = false;
    bool started_ = false;
    bool running_ = false;
};

Interconnect::Wired::~Wired() = default;

namespace {

/// What carries bursts: with a beat-accurate fabric a crossbar beside it.
BusConfig of_bursts(const BusConfig& config) {
    BusConfig bursts = config;
    if (config.is_beat_fabric()) {
        detail::refuse("bus", validate(config));
        bursts.topology = "crossbar";
    }
    return bursts;
}

}  // namespace

Interconnect::Interconnect(const sc_core::sc_module_name& name, const ClockDomain& domain, const BusConfig& config,
                           const InterconnectOptions& options)
    : sc_module(name),
      config_(config),
      domain_(domain),
      options_(options),
      core_(of_bursts(config)),
      process_("process", domain, group_) {
    if (config.is_beat_fabric()) {
        island_ = std::make_unique<Island>(*this);
    } else if (options.lazy || !options.transactions) {
        if (options.lazy && options.transactions) {
            throw ConfigError(std::string(this->name()) +
                              ": lazy and transactions: an island carries no transactions, so choose one of them");
        }
        wired_ = std::make_unique<Wired>("island", *this);
    }
    target_sockets.init(config.initiators);
    initiator_sockets.init(config.targets);
    core_.set_trace(options.sink, options.source);
    group_.add(core_);
    for (std::uint32_t i = 0; i < config.initiators; ++i) {
        TargetSocketHandlers handlers;
        handlers.wake = [this] { process_.wake(); };
        handlers.b_transport = [this, i](tlm::tlm_generic_payload& trans, const Burst& burst, sc_core::sc_time& delay) {
            blocking(i, trans, burst, delay);
        };
        handlers.transport_dbg = [this](tlm::tlm_generic_payload& trans) { return debug(trans); };
        handlers.get_direct_mem_ptr = [this, i](tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) {
            return direct(i, trans, dmi);
        };
        handlers.stalled = [this, i] { core_.stall_responses(i); };
        handlers.resumed = [this, i](Cycles at) { core_.resume_responses(i, at); };
        if (island_) {
            handlers.inquired = [this, i](BeatInquiry& inquiry) { island_->inquired(i, inquiry); };
        }
        if (wired_) {
            handlers.arrive = [this] { process_.arrive(); };
            handlers.joined = [this, i](const IslandGuest& guest) { return wired_->join(i, guest); };
        }
        upstream_.push_back(std::make_unique<TargetSocketAdapter>(target_sockets[i], domain, core_.initiator_port(i),
                                                                  TargetSocketAdapter::Options{0, false, true},
                                                                  std::move(handlers)));
        core_.bind_initiator(i, *upstream_.back());
        group_.add(*upstream_.back());
    }
    for (std::uint32_t t = 0; t < config.targets; ++t) {
        downstream_.push_back(std::make_unique<Downstream>(*this, t));
        core_.bind_target(t, *downstream_.back(), TargetTraits{});
        group_.add(*downstream_.back());
    }
}

Interconnect::~Interconnect() = default;

unsigned Interconnect::add_cache(SnoopPort& cache) {
    if (island_) {
        throw ConfigError(std::string(name()) + ": a beat-accurate fabric snoops no caches");
    }
    caches_.push_back(&cache);
    shims_.push_back(std::make_unique<SnoopShim>(*this, cache));
    return core_.add_cache(*shims_.back());
}

std::uint64_t Interconnect::unexpected_calls() const {
    std::uint64_t sum = 0;
    for (const auto& adapter : upstream_) {
        sum += adapter->unexpected_calls();
    }
    for (const auto& way : downstream_) {
        sum += way->unexpected();
    }
    return sum;
}

BeatSystem* Interconnect::beat_system() {
    return island_ ? island_->system() : nullptr;
}

const BusCore& Interconnect::core() {
    process_.arrive();
    return core_;
}

bool Interconnect::has_master(std::uint32_t initiator) const {
    return wired_ && wired_->has_master(initiator);
}

std::uint64_t Interconnect::leaped_cycles() const {
    return wired_ ? wired_->leaped_cycles() : 0;
}

bool Interconnect::has_memory(std::uint32_t target) const {
    return wired_ && wired_->has_memory(target);
}

std::uint16_t Interconnect::number_of(std::uint32_t initiator) const {
    return wired_->number_of(initiator);
}

void Interconnect::catch_up() {
    if (island_) {
        island_->look();
    }
    process_.catch_up();
}

void Interconnect::end_of_simulation() {
    catch_up();
}

void Interconnect::end_of_elaboration() {
    if (island_) {
        island_->ask_targets();
    }
    if (wired_) {
        for (std::uint32_t target = 0; target < downstream_.size(); ++target) {
            auto* adapter = dynamic_cast<TargetSocketAdapter*>(&downstream_[target]->target());
            const bool foreign = target < options_.foreign.size() && options_.foreign[target];
            if (adapter != nullptr && !foreign) {
                wired_->take_in(target, adapter->memory());
            }
        }
    }
}

void Interconnect::start_of_simulation() {
    if (island_) {
        island_->build();
    }
    if (wired_ && wired_->close()) {
        process_.hosted_by(*wired_);
    }
    for (std::uint32_t target = 0; target < downstream_.size(); ++target) {
        if (has_memory(target)) {
            continue;
        }
        if (target >= options_.foreign.size() || !options_.foreign[target]) {
            ask(target);
        }
    }
}

void Interconnect::ask(std::uint32_t target) {
    const auto& windows = core_.map().windows();
    const auto window = std::find_if(windows.begin(), windows.end(),
                                     [&](const DecodedWindow& entry) { return entry.target == target; });
    if (window == windows.end()) {
        return;
    }
    std::uint8_t nothing = 0;
    TargetAnnouncement announcement;
    tlm::tlm_generic_payload trans;
    trans.set_command(tlm::TLM_IGNORE_COMMAND);
    trans.set_address(window->target_first);
    trans.set_data_ptr(&nothing);
    trans.set_data_length(1);
    trans.set_streaming_width(1);
    trans.set_extension(&announcement);
    downstream_[target]->target().transport_dbg(trans);
    trans.clear_extension(&announcement);
    if (announcement.known) {
        core_.bind_target(target, *downstream_[target], TargetTraits{announcement.write_interval});
    }
}

void Interconnect::blocking(std::uint32_t initiator, tlm::tlm_generic_payload& trans, const Burst& burst,
                            sc_core::sc_time& delay) {
    const BusConfig& config = core_.config();
    const sc_core::sc_time called = sc_core::sc_time_stamp();
    const Cycles granted = domain_.stamp_of(called, delay) + config.request_latency;
    const bool write = trans.is_write();
    const std::uint32_t beats = bus_beats(burst, config.bus_bytes());
    const auto decoded = core_.map().decode(burst.address, extent_of(burst));
    BurstExtension* extension = extension_of(trans);
    if (!decoded) {
        answer(trans, Response::AddressError);
        if (extension != nullptr) {
            extension->interval = 1;
        }
        const Cycles first = write ? granted + beats : granted + 1;
        delay = domain_.time_until(first + config.response_latency, called);
        return;
    }
    const std::uint64_t own_address = trans.get_address();
    if (extension != nullptr) {
        extension->interval = 0;
    }
    trans.set_address(decoded->address);
    delay = domain_.time_until(granted, called);
    downstream_[decoded->target]->target().b_transport(trans, delay);
    trans.set_address(own_address);
    const Cycles answered = std::max(domain_.stamp_of(sc_core::sc_time_stamp(), delay), granted);
    if (extension != nullptr && extension->interval == 0) {
        extension->interval = 1;
    }
    Cycles first = answered + config.response_latency;
    const bool snooped = initiator < config.snooped.size() && config.snooped[initiator];
    const auto looks = [&](const SnoopPort* cache) { return cache->looks_at(burst.access); };
    const auto lookers = static_cast<std::size_t>(std::count_if(caches_.begin(), caches_.end(), looks));
    if (snooped && !burst.no_snoop && lookers > 0 && trans.is_response_ok() &&
        trans.get_command() != tlm::TLM_IGNORE_COMMAND) {
        // B6: at the time of the answer, and so in order with everything else that the caches see.
        BlockingSnoop collector;
        const Cycles at = answered + 1;
        wait(domain_.time_until(at, sc_core::sc_time_stamp()));
        for (unsigned cache = 0; cache < caches_.size(); ++cache) {
            if (looks(caches_[cache])) {
                caches_[cache]->snoop(collector, cache, cache, burst, at);
            }
        }
        while (collector.answers < lookers) {
            wait(collector.done);
        }
        first = std::max(first, collector.greatest + 1);
    }
    delay = domain_.time_until(first, sc_core::sc_time_stamp());
}

unsigned Interconnect::debug(tlm::tlm_generic_payload& trans) {
    const std::uint64_t address = trans.get_address();
    std::uint8_t* data = trans.get_data_ptr();
    const std::uint32_t bytes = trans.get_data_length();
    std::uint32_t done = 0;
    while (done < bytes && address + done >= address) {
        const auto window = core_.map().window_at(address + done);
        if (!window) {
            break;
        }
        const std::uint64_t room = window->last - (address + done);
        const std::uint32_t here = room >= bytes - done ? bytes - done : static_cast<std::uint32_t>(room) + 1;
        trans.set_address(address + done - window->first + window->target_first);
        trans.set_data_ptr(data + done);
        trans.set_data_length(here);
        const unsigned moved = downstream_[window->target]->target().transport_dbg(trans);
        done += std::min(moved, here);
        if (moved < here) {
            break;
        }
    }
    trans.set_address(address);
    trans.set_data_ptr(data);
    trans.set_data_length(bytes);
    return done;
}

bool Interconnect::direct(std::uint32_t initiator, tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) {
    const BusConfig& config = core_.config();
    const std::uint64_t address = trans.get_address();
    const auto window = core_.map().window_at(address);
    const bool snooped = initiator < config.snooped.size() && config.snooped[initiator];
    if (!window || snooped) {
        dmi.set_start_address(address);
        dmi.set_end_address(address);
        dmi.allow_read_write();
        return false;
    }
    // The target gets the descriptor as an initiator has to hand it over (IEEE 1666-2011, 11.2.5).
    trans.set_address(address - window->first + window->target_first);
    dmi.init();  // The target gets it in its initial state.
    const bool granted = downstream_[window->target]->target().get_direct_mem_ptr(trans, dmi);
    trans.set_address(address);
    const std::uint64_t target_last = window->target_first + (window->last - window->first);
    const std::uint64_t start = dmi.get_start_address();
    const std::uint64_t first = std::max<std::uint64_t>(start, window->target_first);
    const std::uint64_t last = std::min<std::uint64_t>(dmi.get_end_address(), target_last);
    if (granted && dmi.get_dmi_ptr() != nullptr) {
        dmi.set_dmi_ptr(dmi.get_dmi_ptr() + (first - start));
        const sc_core::sc_time way = domain_.time_of(Cycles{config.request_latency} + config.response_latency);
        dmi.set_read_latency(dmi.get_read_latency() + way);
        dmi.set_write_latency(dmi.get_write_latency() + way);
    }
    dmi.set_start_address(first - window->target_first + window->first);
    dmi.set_end_address(last - window->target_first + window->first);
    return granted;
}

void Interconnect::invalidate(std::uint32_t target, std::uint64_t first, std::uint64_t last) {
    for (const DecodedWindow& window : core_.map().windows()) {
        const std::uint64_t target_last = window.target_first + (window.last - window.first);
        if (window.target != target || first > target_last || last < window.target_first) {
            continue;
        }
        const std::uint64_t from = std::max(first, window.target_first) - window.target_first + window.first;
        const std::uint64_t to = std::min(last, target_last) - window.target_first + window.first;
        for (const auto& adapter : upstream_) {
            adapter->invalidate_dmi(from, to);
        }
    }
}

}  // namespace dmasim
