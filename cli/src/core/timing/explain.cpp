// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/timing/explain.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "dmasim/bus/core/beat/beat_fabric.h"
#include "dmasim/bus/core/beat/beat_memory.h"
#include "dmasim/cli/core/timing/driver.h"
#include "dmasim/model/beat/beat_system.h"
#include "dmasim/model/errors.h"

namespace dmasim::cli {

namespace {

// Kinds of steps beyond those of the pipeline.
constexpr std::string_view kReadRequest = "read request";
constexpr std::string_view kReadValid = "R valid";
constexpr std::string_view kResponseValid = "B valid";
constexpr std::string_view kMemoryReadAddress = "memory AR taken";
constexpr std::string_view kMemoryReadValid = "memory R valid";
constexpr std::string_view kMemoryReadBeat = "memory R taken";
constexpr std::string_view kMemoryWriteAddress = "memory AW taken";
constexpr std::string_view kMemoryWriteBeat = "memory W taken";
constexpr std::string_view kMemoryResponseValid = "memory B valid";
constexpr std::string_view kMemoryResponse = "memory B taken";

/// A kind of step: its channel, and its place among the steps of one cycle.
struct Kind {
    std::string_view name;
    std::string_view channel;
};

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> kKinds{
        {name_of(BeatStep::TransferAccepted), "accept"},
        {name_of(BeatStep::BurstPlanned), "plan"},
        {kReadRequest, "ar"},
        {name_of(BeatStep::ReadAddressValid), "ar"},
        {name_of(BeatStep::ReadAddressTaken), "ar"},
        {name_of(BeatStep::CommandTaken), "command"},
        {name_of(BeatStep::WriteAddressValid), "aw"},
        {name_of(BeatStep::WriteAddressTaken), "aw"},
        {kMemoryReadAddress, "memory"},
        {kMemoryWriteAddress, "memory"},
        {kMemoryReadValid, "memory"},
        {kMemoryReadBeat, "memory"},
        {kReadValid, "r"},
        {name_of(BeatStep::ReadBeat), "r"},
        {name_of(BeatStep::WriteBeat), "w"},
        {kMemoryWriteBeat, "memory"},
        {kMemoryResponseValid, "memory"},
        {kMemoryResponse, "memory"},
        {kResponseValid, "b"},
        {name_of(BeatStep::ResponseTaken), "b"},
        {name_of(BeatStep::Status), "status"},
    };
    return kKinds;
}

std::size_t rank_of(std::string_view kind) {
    const auto found =
        std::find_if(kinds().begin(), kinds().end(), [kind](const Kind& row) { return row.name == kind; });
    return static_cast<std::size_t>(found - kinds().begin());
}

/// A term while the steps are collected: it follows from the step of `kind` that came `delay` before it held.
struct RawTerm {
    std::string name;
    std::uint64_t at = 0;
    std::string_view kind;  ///< Empty: from nothing.
    std::int64_t delay = 0;
};

struct RawStep {
    std::string_view kind;
    std::uint64_t at = 0;
    std::uint64_t index = 0;
    std::vector<RawTerm> terms;
};

/// Bytes that nobody looks at.
class NoBytes final : public BeatStorage {
  public:
    void read(std::uint64_t /*address*/, std::uint8_t* data, std::uint32_t bytes, Cycles /*at*/) override {
        std::fill_n(data, bytes, std::uint8_t{0});
    }
    void write(std::uint64_t /*address*/, const std::uint8_t* /*data*/, std::uint32_t /*bytes*/,
               Cycles /*at*/) override {}
    [[nodiscard]] Response check(Access /*access*/, std::uint64_t /*address*/, std::uint32_t /*bytes*/) const override {
        return Response::Ok;
    }
};

/// What a term of the pipeline follows from.
struct Source {
    std::string_view kind;
    std::int64_t delay = 0;
};

/// The sources of a pipeline's terms, by step and name (docs/timing-command.md, "Terms").
class Sources {
  public:
    Sources(const PipelineTiming& t, const BeatMemoryTiming& memory, bool direct) {
        const auto n = [](std::uint32_t cycles) { return static_cast<std::int64_t>(cycles); };
        const auto add = [this](BeatStep step, std::string_view name, std::string_view kind, std::int64_t delay) {
            sources_[{step, name}] = {kind, delay};
        };
        const auto of = [](BeatStep step) { return name_of(step); };
        using S = BeatStep;
        const std::int64_t valid = n(t.request_to_valid);
        // What is told of a read request is its ARVALID, `valid` later.
        add(S::BurstPlanned, "transfer accepted", of(S::TransferAccepted), n(t.accept_to_plan));
        add(S::BurstPlanned, "read request before", kReadRequest, n(t.accept_to_plan));
        add(S::BurstPlanned, "command register free", of(S::CommandTaken), 1);
        add(S::BurstPlanned, "burst before", of(S::BurstPlanned), 1);
        add(S::ReadAddressValid, "burst planned", of(S::BurstPlanned), n(t.plan_to_request) + valid);
        add(S::ReadAddressValid, "read request before", kReadRequest, 1 + valid);
        add(S::ReadAddressValid, "transfer accepted", of(S::TransferAccepted), n(t.accept_to_plan) + valid);
        add(S::ReadAddressValid, "burst before", of(S::ReadAddressValid), 1);
        for (const bool address : {false, true}) {
            const S step = address ? S::ReadAddressValid : S::BurstPlanned;
            const std::int64_t later = address ? valid : 0;
            add(step, "read address register free", of(S::ReadAddressTaken), 1 + later);
            add(step, "place of a read burst free", of(S::ReadBeat), 1 + later);
            add(step, "place of a write burst free", of(S::WriteBeat), 1 + later);
            add(step, "place of a write address free", of(S::WriteAddressTaken), 1 + later);
            add(step, "place of a response free", of(S::ResponseTaken), 1 + later);
        }
        add(S::ReadAddressTaken, "address valid", of(S::ReadAddressValid), 0);
        add(S::CommandTaken, "burst planned", of(S::BurstPlanned), n(t.plan_to_command));
        add(S::CommandTaken, "burst before ended", of(S::ReadBeat), n(t.burst_gap));
        add(S::CommandTaken, "burst before ended, with a flush", of(S::ReadBeat), n(t.burst_gap) + 1);
        add(S::CommandTaken, "write address register free", of(S::WriteAddressTaken), 1);
        add(S::WriteAddressValid, "command taken", of(S::CommandTaken), valid);
        add(S::WriteAddressValid, "burst planned", of(S::BurstPlanned), 1);
        add(S::WriteAddressValid, "address before taken", of(S::WriteAddressTaken), 1);
        add(S::WriteAddressValid, "beat before", of(S::WriteBeat), 1);
        add(S::WriteAddressValid, "bytes read", of(S::ReadBeat), n(t.read_to_write));
        add(S::WriteAddressTaken, "address valid", of(S::WriteAddressValid), 0);
        add(S::ReadBeat, "command taken", of(S::CommandTaken), 1);
        add(S::ReadBeat, "beat before", of(S::ReadBeat), 1);
        add(S::ReadBeat, "room in the write FIFO", of(S::WriteBeat), 1 + n(t.fifo_reaction));
        add(S::ReadBeat, "room in the lanes", of(S::WriteBeat), 0);
        add(S::ReadBeat, "RVALID", kReadValid, 0);
        add(S::WriteBeat, "read beat", of(S::ReadBeat), n(t.read_to_write));
        add(S::WriteBeat, "flush", of(S::ReadBeat), n(t.read_to_write) + 1);
        add(S::WriteBeat, "bytes read", of(S::ReadBeat), n(t.read_to_write));
        add(S::WriteBeat, "burst planned", of(S::BurstPlanned), 1);
        add(S::WriteBeat, "beat before", of(S::WriteBeat), 1);
        add(S::ResponseTaken, "last beat made", of(S::ReadBeat), 2);
        add(S::ResponseTaken, "last beat flushed", of(S::ReadBeat), 3);
        add(S::ResponseTaken, "response before", of(S::ResponseTaken),
            n(t.kind == PipelineKind::Sequenced ? kSequencedResponseGap : t.response_gap));
        add(S::ResponseTaken, "BVALID", kResponseValid, 0);
        add(S::Status, "last response", of(S::ResponseTaken), n(t.response_to_status));
        if (!direct) {
            return;  // The fabric's ready signals are looked up by what they answer to.
        }
        if (memory.kind == BeatMemoryKind::Registered) {
            add(S::ReadAddressTaken, "ARREADY", kReadValid, 0);
            add(S::WriteAddressTaken, "AWREADY", of(S::WriteBeat), 1);
            add(S::WriteBeat, "WREADY", of(S::WriteAddressTaken), 1);
        } else {
            add(S::ReadAddressTaken, "ARREADY", of(S::ReadBeat), 1);
            add(S::WriteAddressTaken, "AWREADY", of(S::ResponseTaken), 1);
            add(S::WriteBeat, "WREADY", of(S::WriteBeat), 1 + n(memory.write_wait));
        }
    }

    [[nodiscard]] Source find(BeatStep step, std::string_view name) const {
        const auto found = sources_.find({step, name});
        return found == sources_.end() ? Source{} : found->second;
    }

  private:
    std::map<std::pair<BeatStep, std::string_view>, Source> sources_;
};

/// What happens at a port, by cycle.
struct PortLog {
    std::vector<std::uint64_t> ar_valid, ar, aw_valid, aw, r_valid, r, w, b_valid, b;
    std::vector<std::uint32_t> read_beats;  ///< Of each read burst.
    std::vector<std::uint64_t> write_ends;  ///< Last beat of each write burst.

    void see(std::uint64_t t, const MasterSignals& master, const SlaveSignals& slave) {
        channel(master.ar_valid, slave.ar_ready, t, ar_valid, ar);
        channel(master.aw_valid, slave.aw_ready, t, aw_valid, aw);
        channel(slave.r_valid, master.r_ready, t, r_valid, r);
        channel(slave.b_valid, master.b_ready, t, b_valid, b);
        if (master.ar_valid && slave.ar_ready) {
            read_beats.push_back(master.ar.beats);
        }
        if (master.w_valid && slave.w_ready) {
            w.push_back(t);
            if (master.w_last) {
                write_ends.push_back(t);
            }
        }
    }

  private:
    static void channel(bool valid, bool ready, std::uint64_t t, std::vector<std::uint64_t>& shown,
                        std::vector<std::uint64_t>& done) {
        if (valid && shown.size() == done.size()) {
            shown.push_back(t);
        }
        if (valid && ready) {
            done.push_back(t);
        }
    }
};

/// A memory's port: passes everything on, and logs it.
class MemoryWatch final : public BeatSlave {
  public:
    MemoryWatch(BeatSlave& memory, PortLog& log) : memory_(memory), log_(log) {}

    SlaveSignals outputs(Cycles t) override { return memory_.outputs(t); }
    [[nodiscard]] Cycles next_change(Cycles t) const override { return memory_.next_change(t); }
    void reset() override { memory_.reset(); }
    void clock(Cycles t, const MasterSignals& in) override {
        log_.see(t.count(), in, memory_.outputs(t));
        memory_.clock(t, in);
    }

  private:
    BeatSlave& memory_;
    PortLog& log_;
};

/// The master's port, and the pipeline's own steps.
class MasterWatch final : public BeatProbe, public BeatObserver {
  public:
    MasterWatch(const PipelineTiming& timing, const Sources& sources, PortLog& log, std::vector<RawStep>& steps)
        : timing_(timing), sources_(sources), log_(log), steps_(steps) {}

    void cycle(Cycles t, const BeatFabric::Masters& masters, const BeatFabric::Slaves& slaves) override {
        log_.see(t.count(), masters[0], slaves[0]);
    }
    [[nodiscard]] bool wants_terms() const override { return true; }
    void step(BeatStep step, Cycles at, std::uint64_t index, std::initializer_list<BeatTerm> terms) override {
        RawStep raw{name_of(step), at.count(), index, {}};
        for (const BeatTerm& term : terms) {
            const Source source = sources_.find(step, term.name);
            raw.terms.push_back({std::string(term.name), term.at.count(), source.kind, source.delay});
        }
        if (step == BeatStep::ReadAddressValid && timing_.kind == PipelineKind::Sequenced) {
            // The terms are those of the request, and the address is valid some cycles later.
            const std::uint32_t later = timing_.request_to_valid;
            RawStep request{kReadRequest, raw.at - later, index, std::move(raw.terms)};
            for (RawTerm& term : request.terms) {
                term.at -= std::min<std::uint64_t>(term.at, later);
                term.delay -= later;
            }
            raw.terms = {{"read request", raw.at, kReadRequest, later}};
            steps_.push_back(std::move(request));
        }
        steps_.push_back(std::move(raw));
        done_ = done_ || step == BeatStep::Status;
    }
    [[nodiscard]] bool done() const { return done_; }

  private:
    const PipelineTiming& timing_;
    const Sources& sources_;
    PortLog& log_;
    std::vector<RawStep>& steps_;
    bool done_ = false;
};

/// Names of the steps at a memory's port: those of the master's, if it is the same port.
struct PortNames {
    std::string_view read_address, read_valid, read_beat, write_address, write_beat, response_valid, response;
};

std::int64_t distance(std::uint64_t later, std::uint64_t earlier) {
    return static_cast<std::int64_t>(later) - static_cast<std::int64_t>(earlier);
}

/// Why a memory shows read data and responses when it does (docs/beat-pipelines.md, "Memories").
void add_memory_steps(const PortLog& log, const BeatMemoryTiming& timing, const PortNames& names,
                      std::vector<RawStep>& steps) {
    const bool registered = timing.kind == BeatMemoryKind::Registered;
    std::size_t burst = 0;
    std::uint32_t beat = 0;
    for (std::size_t i = 0; i < log.r_valid.size(); ++i) {
        RawStep step{names.read_valid, log.r_valid[i], i, {}};
        if (i != 0) {
            const std::uint32_t wait = registered ? 0 : timing.read_wait;
            step.terms.push_back({wait != 0 ? "beat before, and wait states" : "beat before", log.r[i - 1] + 1 + wait,
                                  names.read_beat, 1 + std::int64_t{wait}});
        }
        if (beat == 0) {
            // A registered memory loads the first beat one cycle after the address and shows it in the next.
            const std::uint32_t latency = registered ? 2 : timing.read_latency;
            step.terms.push_back({registered ? "address taken, beat loaded" : "address taken, read latency",
                                  log.ar[burst] + latency, names.read_address, latency});
        }
        steps.push_back(std::move(step));
        if (++beat == log.read_beats[burst]) {
            beat = 0;
            ++burst;
        }
    }
    for (std::size_t i = 0; i < log.b_valid.size(); ++i) {
        RawStep step{names.response_valid, log.b_valid[i], i, {}};
        const std::uint32_t latency = registered ? 1 : timing.write_latency;
        step.terms.push_back({registered ? "last beat taken" : "last beat taken, write latency",
                              log.write_ends[i] + latency, names.write_beat, latency});
        if (!registered) {
            step.terms.push_back({"address taken, write latency", log.aw[i] + latency, names.write_address, latency});
        }
        if (i != 0) {
            step.terms.push_back({"response before", log.b[i - 1] + 1, names.response, 1});
        }
        steps.push_back(std::move(step));
    }
}

/// What a memory behind a fabric takes: what the fabric hands on, when the memory is ready for it. `ready`: when it
/// became that, because of the step of `ready_kind` that came `delay` before.
void add_address_steps(std::string_view kind, const std::vector<std::uint64_t>& taken, std::string_view from_kind,
                       const std::vector<std::uint64_t>& from, const std::vector<std::uint64_t>& ready,
                       std::string_view ready_kind, std::int64_t delay, std::vector<RawStep>& steps) {
    for (std::size_t i = 0; i < taken.size(); ++i) {
        RawStep step{kind, taken[i], i, {}};
        if (i < ready.size() && ready[i] == taken[i]) {
            step.terms.push_back({"memory free", ready[i], ready_kind, delay});
        }
        step.terms.push_back({"through the fabric", taken[i], from_kind, distance(taken[i], from[i])});
        steps.push_back(std::move(step));
    }
}

/// When a registered memory is free for each of its addresses; 0 for the first.
std::vector<std::uint64_t> free_for_reads(const PortLog& log) {
    std::vector<std::uint64_t> free{0};
    std::size_t beats = 0;
    for (const std::uint32_t burst : log.read_beats) {
        beats += burst;
        if (beats <= log.r_valid.size()) {
            free.push_back(log.r_valid[beats - 1]);
        }
    }
    return free;
}

std::vector<std::uint64_t> free_for_writes(const PortLog& log) {
    std::vector<std::uint64_t> free{0};
    for (const std::uint64_t end : log.write_ends) {
        free.push_back(end + 1);
    }
    return free;
}

/// What a fabric hands on: each of `to` follows from the one of `from` with the same number.
void add_fabric_steps(std::string_view kind, const std::vector<std::uint64_t>& to, std::string_view from_kind,
                      const std::vector<std::uint64_t>& from, std::vector<RawStep>& steps) {
    for (std::size_t i = 0; i < to.size(); ++i) {
        steps.push_back({kind, to[i], i, {{"through the fabric", to[i], from_kind, distance(to[i], from[i])}}});
    }
}

constexpr PortNames kMemoryNames{kMemoryReadAddress, kMemoryReadValid,     kMemoryReadBeat, kMemoryWriteAddress,
                                 kMemoryWriteBeat,   kMemoryResponseValid, kMemoryResponse};

/// Puts the steps in order and finds what the terms follow from.
Explanation resolve(std::vector<RawStep> raw, bool direct) {
    std::stable_sort(raw.begin(), raw.end(), [](const RawStep& a, const RawStep& b) {
        return std::pair(a.at, rank_of(a.kind)) < std::pair(b.at, rank_of(b.kind));
    });
    std::map<std::pair<std::string_view, std::uint64_t>, std::size_t> places;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        places[{raw[i].kind, raw[i].at}] = i;
    }
    // A ready signal of a fabric rises because of an address: the last one before.
    const std::map<std::string_view, std::string_view> answers{{"ARREADY", name_of(BeatStep::ReadAddressValid)},
                                                               {"AWREADY", name_of(BeatStep::WriteAddressValid)},
                                                               {"WREADY", name_of(BeatStep::WriteAddressValid)}};
    Explanation result;
    for (const RawStep& from : raw) {
        Explanation::Step step;
        step.kind = from.kind;
        step.channel = kinds().at(rank_of(from.kind)).channel;
        step.at = from.at;
        step.index = from.index;
        for (const RawTerm& term : from.terms) {
            Explanation::Term found{term.name, term.at, Explanation::kNobody};
            const std::int64_t cause = static_cast<std::int64_t>(term.at) - term.delay;
            const auto answer = answers.find(term.name);
            if (!term.kind.empty() && cause >= 0) {
                const auto place = places.find({term.kind, static_cast<std::uint64_t>(cause)});
                if (place != places.end()) {
                    found.from = place->second;
                }
            } else if (!direct && answer != answers.end()) {
                auto place = places.upper_bound({answer->second, term.at});
                if (place != places.begin() && (--place)->first.first == answer->second) {
                    found.from = place->second;
                }
            }
            // What held from the beginning explains nothing.
            if (term.at != 0 || found.from != Explanation::kNobody) {
                step.terms.push_back(std::move(found));
            }
        }
        result.steps.push_back(std::move(step));
    }
    return result;
}

}  // namespace

const Explanation::Term* Explanation::Step::decisive() const {
    const Term* greatest = nullptr;
    for (const Term& term : terms) {
        if (greatest == nullptr || term.at > greatest->at) {
            greatest = &term;
        }
    }
    return greatest;
}

std::vector<std::size_t> Explanation::critical_path() const {
    std::vector<std::size_t> path;
    std::size_t at = steps.size();
    while (at != 0 && steps[at - 1].kind != name_of(BeatStep::Status)) {
        --at;
    }
    std::size_t step = at == 0 ? kNobody : at - 1;
    while (step != kNobody) {
        path.push_back(step);
        const Term* term = steps[step].decisive();
        const std::size_t from = term == nullptr ? kNobody : term->from;
        // Within a cycle a step can follow from one that is listed behind it; nothing follows from itself.
        bool again = false;
        for (auto before = path.rbegin(); before != path.rend() && steps[*before].at == steps[step].at; ++before) {
            again = again || *before == from;
        }
        step = from == kNobody || again ? kNobody : from;
    }
    return path;
}

const std::vector<std::string_view>& explain_channels() {
    static const std::vector<std::string_view> kChannels{"accept", "plan", "command", "ar",     "aw",
                                                         "r",      "w",    "b",       "memory", "status"};
    return kChannels;
}

Explanation explain(const TimingJob& job) {
    DMASIM_INVARIANT(job.masters.size() == 1 && job.masters[0].ports.size() == 1 && job.memories.size() == 1 &&
                     job.masters[0].ports[0].size() == 1);
    const PipelineTiming& timing = job.masters[0].timing;
    const BeatTransfer& transfer = job.masters[0].ports[0][0];
    const bool direct = job.fabric == "direct";
    NoBytes bytes;
    const std::unique_ptr<BeatSlave> memory = make_beat_memory(job.memories[0], job.bus_bytes, bytes);
    const std::unique_ptr<BeatPipeline> pipeline = make_pipeline(timing, job.bus_bytes);
    const Sources sources(timing, job.memories[0], direct);
    std::vector<RawStep> steps;
    PortLog at_memory;
    PortLog at_master;
    MemoryWatch memory_watch(*memory, at_memory);
    MasterWatch master_watch(timing, sources, at_master, steps);
    pipeline->observe(&master_watch);
    BeatSystem system(make_beat_fabric(job.fabric, 1, 1, [](std::uint64_t, std::uint32_t) { return 0U; }),
                      {pipeline.get()}, {&memory_watch});
    system.probe(&master_watch);
    bool offered = false;
    system.before.emplace_back([&](Cycles t) {
        if (!offered && pipeline->ready(t)) {
            pipeline->offer(transfer, t);
            offered = true;
        }
    });
    system.wake(Cycles{0});
    const Cycles limit{cycle_limit(job)};
    while (!master_watch.done()) {
        const Cycles next = system.next_edge();
        if (next == kNever || next > limit) {
            break;
        }
        system.evaluate(next);
    }
    using S = BeatStep;
    const PortNames at_port{
        name_of(S::ReadAddressTaken), kReadValid,     name_of(S::ReadBeat),     name_of(S::WriteAddressTaken),
        name_of(S::WriteBeat),        kResponseValid, name_of(S::ResponseTaken)};
    add_memory_steps(at_memory, job.memories[0], direct ? at_port : kMemoryNames, steps);
    if (!direct) {
        const bool registered = job.memories[0].kind == BeatMemoryKind::Registered;
        using Cycles64 = std::vector<std::uint64_t>;
        add_address_steps(kMemoryReadAddress, at_memory.ar, name_of(S::ReadAddressValid), at_master.ar_valid,
                          registered ? free_for_reads(at_memory) : Cycles64{}, kMemoryReadValid, 0, steps);
        add_address_steps(kMemoryWriteAddress, at_memory.aw, name_of(S::WriteAddressValid), at_master.aw_valid,
                          registered ? free_for_writes(at_memory) : Cycles64{}, kMemoryWriteBeat, 1, steps);
        add_fabric_steps(kMemoryWriteBeat, at_memory.w, name_of(S::WriteBeat), at_master.w, steps);
        add_fabric_steps(kMemoryReadBeat, at_memory.r, kMemoryReadValid, at_memory.r_valid, steps);
        add_fabric_steps(kMemoryResponse, at_memory.b, kMemoryResponseValid, at_memory.b_valid, steps);
        add_fabric_steps(kReadValid, at_master.r_valid, kMemoryReadBeat, at_memory.r, steps);
        add_fabric_steps(kResponseValid, at_master.b_valid, kMemoryResponse, at_memory.b, steps);
    }
    Explanation result = resolve(std::move(steps), direct);
    result.done = master_watch.done();
    return result;
}

}  // namespace dmasim::cli
