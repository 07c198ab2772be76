// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/timing_bench.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include <systemc>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/cli/core/timing/table.h"
#include "dmasim/model/beat/beat_system.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/stream/transfer_stream.h"
#include "dmasim/model/profile/profile.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/dma_controller.h"
#include "dmasim/tlm/protocol_monitor.h"

namespace dmasim::cli {

namespace {

constexpr std::uint64_t kMemoryBytes = 1U << 20U;
constexpr std::uint64_t kMasterStride = 0x20000;
constexpr std::uint64_t kPortStride = 0x10000;
constexpr std::uint64_t kDestination = 0x80000;
constexpr std::size_t kOrderOfPorts = 48;
constexpr std::size_t kOrderOfGrants = 64;
/// Statuses over which the steady state of back-to-back descriptors is taken.
constexpr std::size_t kSteady = 8;
/// Cycles between two rows: longer than every wait that a part can still have when all is answered.
constexpr std::uint64_t kPause = 64;
/// A row that takes longer is given up. The longest of the tables has some hundred thousand.
constexpr std::uint64_t kLongest = 1U << 26U;

struct TableColumns {
    TimingTable table;
    std::string_view profile;
    std::vector<std::string> configuration;
    std::vector<std::string> timing;
};

const std::vector<TableColumns>& tables() {
    static const std::vector<std::string> kSingle{
        "ar_first_valid", "ar_first_hs", "aw_first_valid", "aw_first_hs", "r_first", "r_last", "w_first", "w_last",
        "b_first",        "b_last",      "status_valid",   "n_ar",        "n_aw",    "n_r",    "n_w"};
    static const std::vector<TableColumns> kTables{
        {TimingTable::Single, "axi_cdma", {"slave", "dw", "burst", "len", "src", "dst"}, kSingle},
        {TimingTable::Single, "idma", {"slave", "dw", "bufdepth", "nax", "mode", "len", "src", "dst"}, kSingle},
        {TimingTable::BackToBack,
         "axi_cdma",
         {"slave", "dw", "burst", "len", "misaligned", "ndesc"},
         {"total", "cycles_per_desc", "util"}},
        {TimingTable::Streams,
         "idma",
         {"mem", "dw", "bufdepth", "nax", "misaligned", "len", "ndesc"},
         {"total_cycles", "util_overall", "cycles_per_desc_steady", "util_steady", "util_ideal_bytes"}},
        {TimingTable::DescMux,
         "axi_cdma",
         {"ports", "round_robin", "lsb_high", "dw", "burst", "active_mask", "len", "ndesc", "port"},
         {"first_accept", "first_cdma_desc_hs", "first_ar", "first_cdma_status", "first_port_status", "last_accept",
          "last_port_status", "all_done", "accept_order", "status_order"}},
        {TimingTable::Fabric,
         "axi_cdma",
         {"fabric", "nm", "ns", "dw", "burst", "master", "active_mask", "len", "ndesc", "src_slave", "dst_slave"},
         {"done", "desc_accept", "ar_first", "aw_first", "r_first", "w_first", "status_first", "status_last", "util",
          "r_beats_until_first_finish", "w_beats_until_first_finish", "ar_grant_order"}},
    };
    return kTables;
}

const TableColumns& columns_of(std::string_view profile, TimingTable table) {
    for (const TableColumns& row : tables()) {
        if (row.table == table && row.profile == profile) {
            return row;
        }
    }
    throw ConfigError(fmt::format("profile '{}' has no table '{}' of beat-accurate timings", profile, name_of(table)));
}

/// The transfers of one descriptor port.
struct PortWork {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint64_t bytes = 0;
    std::uint64_t step = 0;   ///< From one transfer to the next, on both sides.
    std::uint64_t count = 0;  ///< 0: this port is silent.
};

/// Everything that is fixed about a platform.
struct PlatformConfig {
    PipelineTiming pipeline;
    BeatMemoryTiming memory;
    std::uint32_t bus_bytes = 4;
    std::string fabric = "direct";
    std::uint32_t masters = 1;
    std::uint32_t memories = 1;
    TransferStreamConfig stream;
};

/// A row: what to do on which platform, and what to tell.
struct RowPlan {
    std::size_t platform = 0;
    std::vector<std::vector<PortWork>> work;  ///< By master, by port.
    std::uint32_t master = 0;
    std::uint32_t port = 0;
};

/// Reads the fields of a row.
class Fields {
  public:
    explicit Fields(const TimingBench::Row& row) : row_(row) {}

    [[nodiscard]] const std::string& text(const std::string& column) const {
        const auto found = row_.find(column);
        if (found == row_.end()) {
            throw ConfigError(fmt::format("column {} is missing", column));
        }
        return found->second;
    }
    [[nodiscard]] std::uint64_t number(const std::string& column, std::uint64_t low, std::uint64_t high) const {
        const std::string& given = text(column);
        const bool hex = given.size() > 2 && given[0] == '0' && (given[1] == 'x' || given[1] == 'X');
        std::uint64_t value = 0;
        const char* const begin = given.data() + (hex ? 2 : 0);
        const char* const end = given.data() + given.size();
        const auto [stop, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
        if (error != std::errc{} || stop != end || value < low || value > high) {
            throw ConfigError(
                fmt::format("column {} is '{}', must be a number from {} to {}", column, given, low, high));
        }
        return value;
    }
    [[nodiscard]] std::uint32_t small(const std::string& column, std::uint32_t low, std::uint32_t high) const {
        return static_cast<std::uint32_t>(number(column, low, high));
    }
    [[nodiscard]] std::uint32_t bus_bytes() const {
        const std::uint32_t bits = small("dw", 8, kMaxBeatBytes * 8);
        if ((bits & (bits - 1)) != 0) {
            throw ConfigError(fmt::format("column dw is {}, must be a power of two from 8 to 1024", bits));
        }
        return bits / 8;
    }
    [[nodiscard]] BeatMemoryTiming memory(const std::string& column) const;
    [[nodiscard]] std::size_t choice(const std::string& column, const std::vector<std::string>& values) const {
        const auto found = std::find(values.begin(), values.end(), text(column));
        if (found == values.end()) {
            throw ConfigError(
                fmt::format("column {} is '{}', must be one of {}", column, text(column), fmt::join(values, ", ")));
        }
        return static_cast<std::size_t>(found - values.begin());
    }

  private:
    const TimingBench::Row& row_;
};

BeatMemoryTiming Fields::memory(const std::string& column) const {
    std::vector<std::string> names;
    for (const NamedMemory& named : named_memories()) {
        names.emplace_back(named.name);
    }
    return named_memories()[choice(column, names)].timing;
}

/// Cycles of one channel of the observed master.
struct ChannelSeen {
    std::int64_t valid = -1;  ///< First cycle with valid.
    std::int64_t first = -1;  ///< First handshake.
    std::int64_t last = -1;
    std::uint64_t count = 0;

    void see(bool is_valid, bool is_ready, std::int64_t t) {
        if (is_valid && valid < 0) {
            valid = t;
        }
        if (is_valid && is_ready) {
            first = first < 0 ? t : first;
            last = t;
            ++count;
        }
    }
};

/// What happens in one row; cycles are those of the simulation.
class Measure final : public BeatProbe, public BeatObserver {
  public:
    struct Status {
        std::uint32_t port = 0;
        std::int64_t at = 0;
    };
    /// Of one master.
    struct Master {
        std::vector<Status> accepted;
        std::vector<Status> statuses;
        std::uint64_t expected = 0;
    };

    void start(const RowPlan& plan, bool record) {
        *this_row_ = Seen{};
        unfinished_ = 0;
        failed_ = false;
        masters_.assign(plan.work.size(), Master{});
        for (std::size_t m = 0; m < plan.work.size(); ++m) {
            for (const PortWork& port : plan.work[m]) {
                masters_[m].expected += port.count;
            }
            unfinished_ += masters_[m].expected != 0 ? 1 : 0;
        }
        master_ = plan.master;
        record_ = record;
        steps_.clear();
    }

    void cycle(Cycles t_, const BeatFabric::Masters& masters, const BeatFabric::Slaves& slaves) override {
        const auto t = static_cast<std::int64_t>(t_.count());
        Seen& seen = *this_row_;
        for (std::size_t m = 0; m < masters.size() && seen.grants.size() < kOrderOfGrants; ++m) {
            if (masters[m].ar_valid && slaves[m].ar_ready) {
                seen.grants += fmt::format("{}", m);
            }
        }
        seen.reads_before = seen.r.count;
        seen.writes_before = seen.w.count;
        const MasterSignals& master = masters[master_];
        const SlaveSignals& slave = slaves[master_];
        seen.ar.see(master.ar_valid, slave.ar_ready, t);
        seen.aw.see(master.aw_valid, slave.aw_ready, t);
        seen.r.see(slave.r_valid, master.r_ready, t);
        seen.w.see(master.w_valid, slave.w_ready, t);
        seen.b.see(slave.b_valid, master.b_ready, t);
    }

    void step(BeatStep step, Cycles at, std::uint64_t index, std::initializer_list<BeatTerm> terms) override {
        Seen& seen = *this_row_;
        const auto t = static_cast<std::int64_t>(at.count());
        if (step == BeatStep::TransferAccepted && seen.pipeline_accept < 0) {
            seen.pipeline_accept = t;
        } else if (step == BeatStep::ReadAddressValid && seen.pipeline_ar < 0) {
            seen.pipeline_ar = t;
        } else if (step == BeatStep::Status && seen.pipeline_status < 0) {
            seen.pipeline_status = t;
        }
        if (record_) {
            ExplainedStep explained;
            explained.step = step;
            explained.at = t;
            explained.index =
                step == BeatStep::TransferAccepted || step == BeatStep::Status ? index & ~kSourceTag : index;
            for (const BeatTerm& term : terms) {
                explained.terms.push_back({std::string(term.name), static_cast<std::int64_t>(term.at.count())});
            }
            steps_.push_back(std::move(explained));
        }
    }
    [[nodiscard]] bool wants_terms() const override { return record_; }

    void accepted(std::uint32_t master, std::uint32_t port, Cycles at) {
        masters_[master].accepted.push_back({port, static_cast<std::int64_t>(at.count())});
    }
    void status(std::uint32_t master, std::uint32_t port, Cycles at, Response response) {
        Master& one = masters_[master];
        one.statuses.push_back({port, static_cast<std::int64_t>(at.count())});
        failed_ = failed_ || response != Response::Ok;
        if (one.statuses.size() != one.expected) {
            return;
        }
        Seen& seen = *this_row_;
        if (!seen.somebody_finished) {
            seen.somebody_finished = true;
            // Masters are looked at in the order of their numbers: those above do not count the beat of this cycle.
            seen.reads_until_finish = master_ <= master ? seen.r.count : seen.reads_before;
            seen.writes_until_finish = master_ <= master ? seen.w.count : seen.writes_before;
        }
        if (--unfinished_ == 0) {
            done_.notify(sc_core::SC_ZERO_TIME);
        }
    }

    struct Seen {
        ChannelSeen ar, aw, r, w, b;
        std::string grants;
        std::uint64_t reads_before = 0;
        std::uint64_t writes_before = 0;
        std::uint64_t reads_until_finish = 0;
        std::uint64_t writes_until_finish = 0;
        bool somebody_finished = false;
        std::int64_t pipeline_accept = -1;
        std::int64_t pipeline_ar = -1;
        std::int64_t pipeline_status = -1;
    };
    [[nodiscard]] const Seen& seen() const { return *this_row_; }
    [[nodiscard]] const Master& master(std::uint32_t m) const { return masters_[m]; }
    [[nodiscard]] const std::vector<Master>& masters() const { return masters_; }
    [[nodiscard]] bool done() const { return unfinished_ == 0; }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] const sc_core::sc_event& done_event() const { return done_; }
    [[nodiscard]] std::vector<ExplainedStep>& steps() { return steps_; }

  private:
    std::unique_ptr<Seen> this_row_ = std::make_unique<Seen>();
    std::vector<Master> masters_;
    std::uint32_t master_ = 0;
    std::size_t unfinished_ = 0;
    bool failed_ = false;
    bool record_ = false;
    std::vector<ExplainedStep> steps_;
    sc_core::sc_event done_{"done"};
};

/// Tells a measure what one controller's stream does.
class StreamEar final : public TransferStreamObserver {
  public:
    StreamEar(Measure& measure, std::uint32_t master) : measure_(measure), master_(master) {}
    void accepted(std::uint32_t port, std::uint64_t /*number*/, Cycles at) override {
        measure_.accepted(master_, port, at);
    }
    void status(std::uint32_t port, std::uint64_t /*number*/, Cycles at, Response response) override {
        measure_.status(master_, port, at, response);
    }

  private:
    Measure& measure_;
    std::uint32_t master_;
};

/// The modules of one configuration.
class BenchPlatform final : public sc_core::sc_module {
  public:
    BenchPlatform(const sc_core::sc_module_name& name, const PlatformConfig& config, const std::string& profile,
                  const ClockDomain& domain, bool monitor, bool lazy)
        : sc_module(name), direct_(config.fabric == "direct") {
        MemoryConfig memory;
        // The measured memory wraps at 1 MiB, which has no influence on time; bytes that are apart stay apart here.
        memory.size = direct_ ? 0 : kMemoryBytes;
        memory.data_width_bits = config.bus_bytes * 8;
        memory.read_latency = config.memory.read_latency;
        memory.write_latency = config.memory.write_latency;
        memory.read_wait = config.memory.read_wait;
        memory.write_wait = config.memory.write_wait;
        memory.beat = config.memory.kind;
        memory.beat_max_reads = config.memory.max_reads;
        memory.beat_max_writes = config.memory.max_writes;
        for (std::uint32_t i = 0; i < config.memories; ++i) {
            memories_.push_back(std::make_unique<Memory>(fmt::format("memory_{}", i).c_str(), domain, memory));
        }
        DmaControllerConfig controller;
        controller.dma.channels = 1;
        controller.dma.data_width_bits = config.bus_bytes * 8;
        controller.dma.timing = timing_profile(profile);
        controller.dma.timing.pipeline = config.pipeline;
        controller.stream = config.stream;
        controller.lazy = lazy;
        for (std::uint32_t i = 0; i < config.masters; ++i) {
            controllers_.push_back(
                std::make_unique<DmaController>(fmt::format("controller_{}", i).c_str(), domain, controller));
            DmaController& dma = *controllers_.back();
            idle_.push_back(std::make_unique<tlm::tlm_initiator_socket<>>(fmt::format("registers_{}", i).c_str()));
            idle_.back()->bind(silent_);
            idle_.back()->bind(dma.registers);
            ears_.push_back(std::make_unique<StreamEar>(measure_, i));
            dma.stream()->observe(ears_.back().get());
        }
        if (!direct_) {
            BusConfig bus;
            bus.topology = config.fabric;
            bus.data_width_bits = config.bus_bytes * 8;
            bus.initiators = config.masters;
            bus.targets = config.memories;
            for (std::uint32_t i = 0; i < config.memories; ++i) {
                bus.map.push_back({i * kMemoryBytes, kMemoryBytes, i, 0, fmt::format("memory {}", i)});
            }
            InterconnectOptions options;
            options.lazy = lazy;
            fabric_ = std::make_unique<Interconnect>("fabric", domain, bus, options);
            for (std::uint32_t i = 0; i < config.memories; ++i) {
                fabric_->initiator_sockets[i].bind(memories_[i]->socket);
            }
        }
        for (std::uint32_t i = 0; i < config.masters; ++i) {
            tlm::tlm_target_socket<>& target = direct_ ? memories_.front()->socket : fabric_->target_sockets[i];
            if (monitor) {
                monitors_.push_back(std::make_unique<ProtocolMonitor>(fmt::format("monitor_{}", i).c_str()));
                controllers_[i]->memory.bind(monitors_.back()->target_socket);
                monitors_.back()->initiator_socket.bind(target);
            } else {
                controllers_[i]->memory.bind(target);
            }
        }
    }
    ~BenchPlatform() override = default;

    [[nodiscard]] BeatSystem& system() {
        BeatSystem* const system = direct_ ? controllers_.front()->beat_system() : fabric_->beat_system();
        DMASIM_INVARIANT(system != nullptr && controllers_.front()->attachment() ==
                                                  (direct_ ? BeatAttachment::Memory : BeatAttachment::Fabric));
        return *system;
    }
    [[nodiscard]] Measure& measure() { return measure_; }
    [[nodiscard]] bool stuck() const { return stuck_; }

    void start(const RowPlan& plan, bool record, bool steps_needed, bool every_cycle) {
        measure_.start(plan, record);
        system().probe(&measure_);
        system().every_cycle(every_cycle);
        for (std::size_t m = 0; m < controllers_.size(); ++m) {
            controllers_[m]->observe_beats(m == plan.master && steps_needed ? &measure_ : nullptr);
        }
        fill(plan);
        for (std::size_t m = 0; m < plan.work.size(); ++m) {
            for (std::uint32_t port = 0; port < plan.work[m].size(); ++port) {
                const PortWork& work = plan.work[m][port];
                for (std::uint64_t i = 0; i < work.count; ++i) {
                    controllers_[m]->offer(port, work.source + i * work.step, work.destination + i * work.step,
                                           work.bytes);
                }
            }
        }
    }

    /// After the pause: as after reset.
    void rest() {
        for (const auto& controller : controllers_) {
            controller->catch_up();
        }
        system().every_cycle(false);
        system().reset();
        for (const auto& controller : controllers_) {
            controller->stream()->reset();
        }
    }
    /// The row did not end: nothing else can be run here.
    void give_up() {
        system().every_cycle(false);
        stuck_ = true;
    }

    /// Whether the destinations hold what the sources had.
    [[nodiscard]] bool moved(const RowPlan& plan) {
        bool right = !measure_.failed();
        for_each_block(plan, [&](const PortWork& block) {
            expected_.resize(block.bytes);
            found_.resize(block.bytes);
            peek(block.source, expected_);
            peek(block.destination, found_);
            right = right && expected_ == found_;
        });
        return right;
    }

  private:
    /// Nobody accesses the registers.
    class Silent final : public tlm::tlm_bw_transport_if<> {
      public:
        tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& /*trans*/, tlm::tlm_phase& /*phase*/,
                                           sc_core::sc_time& /*delay*/) override {
            return tlm::TLM_ACCEPTED;
        }
        void invalidate_direct_mem_ptr(sc_dt::uint64 /*start*/, sc_dt::uint64 /*end*/) override {}
    };

    /// The bytes that a row copies, each once, if no destination is anybody's source.
    template <typename Function>
    static void for_each_block(const RowPlan& plan, Function function) {
        std::vector<PortWork> blocks;
        for (const std::vector<PortWork>& ports : plan.work) {
            for (const PortWork& work : ports) {
                if (work.count != 0) {
                    blocks.push_back(work);
                    blocks.back().bytes += work.step * (work.count - 1);
                }
            }
        }
        const auto meet = [](std::uint64_t a, std::uint64_t a_bytes, std::uint64_t b, std::uint64_t b_bytes) {
            return a < b + b_bytes && b < a + a_bytes;
        };
        for (const PortWork& a : blocks) {
            for (const PortWork& b : blocks) {
                if (meet(a.destination, a.bytes, b.source, b.bytes) ||
                    (&a != &b && meet(a.destination, a.bytes, b.destination, b.bytes))) {
                    return;
                }
            }
        }
        std::for_each(blocks.begin(), blocks.end(), function);
    }

    void fill(const RowPlan& plan) {
        for_each_block(plan, [this](const PortWork& block) {
            expected_.resize(block.bytes);
            for (std::uint8_t& byte : expected_) {
                // xorshift64: any bytes do, as long as neighbours and rows differ.
                random_ ^= random_ << 13U;
                random_ ^= random_ >> 7U;
                random_ ^= random_ << 17U;
                byte = static_cast<std::uint8_t>(random_);
            }
            poke(block.source, expected_);
            for (std::uint8_t& byte : expected_) {
                byte = static_cast<std::uint8_t>(~byte);
            }
            poke(block.destination, expected_);
        });
    }

    /// Calls `function(memory, address, offset, bytes)` for the pieces of a range that lie in one memory.
    template <typename Function>
    void pieces(std::uint64_t address, std::uint64_t bytes, Function function) {
        if (direct_) {
            function(*memories_.front(), address, std::uint64_t{0}, bytes);
            return;
        }
        for (std::uint64_t done = 0; done < bytes;) {
            const std::uint64_t at = address + done;
            const std::uint64_t here = std::min(bytes - done, kMemoryBytes - at % kMemoryBytes);
            function(*memories_.at(static_cast<std::size_t>(at / kMemoryBytes)), at % kMemoryBytes, done, here);
            done += here;
        }
    }
    void poke(std::uint64_t address, const std::vector<std::uint8_t>& data) {
        pieces(address, data.size(), [&](Memory& memory, std::uint64_t at, std::uint64_t offset, std::uint64_t bytes) {
            memory.poke(at, data.data() + offset, bytes);
        });
    }
    void peek(std::uint64_t address, std::vector<std::uint8_t>& data) {
        pieces(address, data.size(), [&](Memory& memory, std::uint64_t at, std::uint64_t offset, std::uint64_t bytes) {
            memory.peek(at, data.data() + offset, bytes);
        });
    }

    bool direct_;
    bool stuck_ = false;
    Measure measure_;
    Silent silent_;
    std::vector<std::unique_ptr<Memory>> memories_;
    std::vector<std::unique_ptr<DmaController>> controllers_;
    std::vector<std::unique_ptr<tlm::tlm_initiator_socket<>>> idle_;
    std::vector<std::unique_ptr<StreamEar>> ears_;
    std::unique_ptr<Interconnect> fabric_;
    std::vector<std::unique_ptr<ProtocolMonitor>> monitors_;
    std::vector<std::uint8_t> expected_;
    std::vector<std::uint8_t> found_;
    std::uint64_t random_ = 0x9E3779B97F4A7C15;
};

/// Runs the rows one after another.
class Sequencer final : public sc_core::sc_module {
  public:
    Sequencer(const sc_core::sc_module_name& name, std::function<void()> body)
        : sc_module(name), body_(std::move(body)) {
        SC_HAS_PROCESS(Sequencer);
        SC_THREAD(run);
    }
    ~Sequencer() override = default;

  private:
    void run() { body_(); }
    std::function<void()> body_;
};

}  // namespace

std::string_view name_of(TimingTable table) {
    static constexpr std::array<std::string_view, 5> kNames{"single", "back-to-back", "streams", "desc-mux", "fabric"};
    return kNames.at(static_cast<std::size_t>(table));
}

TimingTable timing_table(std::string_view name) {
    std::vector<std::string_view> known;
    for (const TimingTable table : {TimingTable::Single, TimingTable::BackToBack, TimingTable::Streams,
                                    TimingTable::DescMux, TimingTable::Fabric}) {
        if (name_of(table) == name) {
            return table;
        }
        known.push_back(name_of(table));
    }
    throw ConfigError(
        fmt::format("unknown table '{}' of beat-accurate timings; known: {}", name, fmt::join(known, ", ")));
}

const std::vector<std::string>& configuration_columns(std::string_view profile, TimingTable table) {
    return columns_of(profile, table).configuration;
}

const std::vector<std::string>& timing_columns(std::string_view profile, TimingTable table) {
    return columns_of(profile, table).timing;
}

class TimingBench::Impl {
  public:
    Impl(std::string_view profile, TimingTable table)
        : profile_(profile), table_(table), columns_(columns_of(profile, table)) {
        timing_ = timing_profile(profile_).pipeline;
    }

    PipelineTiming timing_;
    bool record_ = false;
    bool monitor_ = false;
    bool every_cycle_ = false;
    bool lazy_ = false;

    std::size_t add_row(const Row& row) {
        const Fields fields(row);
        PlatformConfig config;
        RowPlan plan;
        config.bus_bytes = fields.bus_bytes();
        config.pipeline = timing_;
        config.stream.ports = 1;
        read_pipeline(fields, config.pipeline);
        switch (table_) {
            case TimingTable::Single:
                config.memory = fields.memory("slave");
                plan.work = {{{fields.number("src", 0, kMemoryBytes - 1), fields.number("dst", 0, kMemoryBytes - 1),
                               fields.number("len", 1, kMemoryBytes), 0, 1}}};
                break;
            case TimingTable::BackToBack:
            case TimingTable::Streams: {
                config.memory = fields.memory(table_ == TimingTable::Streams ? "mem" : "slave");
                const std::uint64_t bytes = fields.number("len", 1, kMemoryBytes);
                plan.work = {{{fields.number("misaligned", 0, 1), kDestination, bytes, bytes,
                               fields.number("ndesc", 1, kMemoryBytes)}}};
                break;
            }
            case TimingTable::DescMux:
                read_ports(fields, config, plan);
                break;
            case TimingTable::Fabric:
                read_fabric(fields, config, plan);
                break;
        }
        plan.platform = platform_of(config, fields);
        plans_.push_back(std::move(plan));
        return plans_.size() - 1;
    }

    void run() {
        DMASIM_INVARIANT(!ran_);
        ran_ = true;
        results_.resize(plans_.size());
        correct_.assign(plans_.size(), false);
        steps_.resize(record_ ? plans_.size() : 0);
        const ClockDomain domain(1.0, sc_core::SC_NS);
        for (std::size_t i = 0; i < configs_.size(); ++i) {
            platforms_.push_back(std::make_unique<BenchPlatform>(fmt::format("platform_{}", i).c_str(), configs_[i],
                                                                 profile_, domain, monitor_, lazy_));
        }
        sequencer_ = std::make_unique<Sequencer>("sequencer", [this, &domain] { run_rows(domain); });
        sc_core::sc_start();
        DMASIM_INVARIANT(finished_);
    }

    [[nodiscard]] std::size_t rows() const { return plans_.size(); }
    [[nodiscard]] std::vector<std::string> result(std::size_t row) const {
        std::vector<std::string> fields(1);
        for (const char c : results_.at(row)) {
            if (c == ',') {
                fields.emplace_back();
            } else {
                fields.back() += c;
            }
        }
        return fields;
    }
    [[nodiscard]] bool correct(std::size_t row) const { return correct_.at(row); }
    [[nodiscard]] const std::vector<ExplainedStep>& steps(std::size_t row) const {
        static const std::vector<ExplainedStep> kNone;
        return record_ ? steps_.at(row) : kNone;
    }
    [[nodiscard]] std::uint64_t cycles() const { return cycles_; }

  private:
    void read_pipeline(const Fields& fields, PipelineTiming& pipeline) const {
        if (profile_ == "axi_cdma") {
            pipeline.max_burst_beats = fields.small("burst", 1, 256);
            return;
        }
        pipeline.bursts_in_flight = fields.small("nax", 1, 1024);
        pipeline.buffer_beats = fields.small("bufdepth", 2, 255);
        const std::size_t mode =
            table_ == TimingTable::Single ? fields.choice("mode", {"coupled", "decouple_rw", "decouple_rw_aw"}) : 0;
        pipeline.split = mode == 0 ? SplitRule::AlignedBothSides : SplitRule::AlignedEachSide;
        pipeline.write_address = mode == 2 ? WriteAddressRule::AtOnce : WriteAddressRule::WithFirstBeat;
    }

    static void read_ports(const Fields& fields, PlatformConfig& config, RowPlan& plan) {
        config.memory.kind = BeatMemoryKind::Registered;
        config.stream.ports = fields.small("ports", 1, 64);
        config.stream.round_robin = fields.small("round_robin", 0, 1) != 0;
        config.stream.lowest_first = fields.small("lsb_high", 0, 1) != 0;
        plan.port = fields.small("port", 0, config.stream.ports - 1);
        const std::uint64_t active = active_mask(fields, config.stream.ports);
        plan.work.resize(1);
        for (std::uint64_t port = 0; port < config.stream.ports; ++port) {
            PortWork work;
            if ((active >> port & 1U) != 0) {
                work = {port * kPortStride, kDestination + port * kPortStride, fields.number("len", 1, kMemoryBytes), 0,
                        fields.number("ndesc", 1, kMemoryBytes)};
            }
            plan.work[0].push_back(work);
        }
    }

    static void read_fabric(const Fields& fields, PlatformConfig& config, RowPlan& plan) {
        static const std::vector<std::string> kNames{"direct", "crossbar", "split_interconnect"};
        static const std::vector<std::string> kFabrics{"direct", "axi_crossbar", "split_interconnect"};
        config.memory.kind = BeatMemoryKind::Registered;
        config.fabric = kFabrics[fields.choice("fabric", kNames)];
        const bool direct = config.fabric == "direct";
        // More would not find their places in a memory.
        config.masters = fields.small("nm", 1, direct ? 1 : 4);
        config.memories = fields.small("ns", 1, direct ? 1 : 16);
        plan.master = fields.small("master", 0, config.masters - 1);
        const std::uint64_t active = active_mask(fields, config.masters);
        const std::uint64_t source = fields.number("src_slave", 0, config.memories - 1) * kMemoryBytes;
        const std::uint64_t destination = fields.number("dst_slave", 0, config.memories - 1) * kMemoryBytes;
        for (std::uint64_t m = 0; m < config.masters; ++m) {
            PortWork work;
            if ((active >> m & 1U) != 0) {
                work = {source + m * kMasterStride, destination + m * kMasterStride + kDestination,
                        fields.number("len", 1, kMemoryBytes - kDestination - m * kMasterStride), 0,
                        fields.number("ndesc", 1, kMemoryBytes)};
            }
            plan.work.push_back({work});
        }
    }

    static std::uint64_t active_mask(const Fields& fields, std::uint32_t parties) {
        const std::uint64_t all =
            parties == 64 ? std::numeric_limits<std::uint64_t>::max() : (std::uint64_t{1} << parties) - 1;
        return fields.number("active_mask", 1, all);
    }

    /// The platform for `config`, which the columns that a platform depends on identify.
    std::size_t platform_of(const PlatformConfig& config, const Fields& fields) {
        static const std::set<std::string> kOfPlatform{"slave",  "mem",  "dw",    "burst",       "bufdepth",
                                                       "nax",    "mode", "ports", "round_robin", "lsb_high",
                                                       "fabric", "nm",   "ns"};
        std::string key;
        for (const std::string& column : columns_.configuration) {
            if (kOfPlatform.count(column) != 0) {
                key += fields.text(column) + ",";
            }
        }
        const auto [place, added] = platform_by_key_.emplace(std::move(key), configs_.size());
        if (added) {
            configs_.push_back(config);
        }
        return place->second;
    }

    void run_rows(const ClockDomain& domain) {
        const bool steps_needed = record_ || table_ == TimingTable::DescMux;
        for (std::size_t row = 0; row < plans_.size(); ++row) {
            const RowPlan& plan = plans_[row];
            BenchPlatform& platform = *platforms_[plan.platform];
            if (platform.stuck()) {
                results_[row] = nothing();
                continue;
            }
            const Cycles offered = domain.stamp_of(sc_core::sc_time_stamp());
            platform.start(plan, record_, steps_needed, every_cycle_);
            if (!platform.measure().done()) {
                sc_core::wait(domain.time_of(Cycles{kLongest}), platform.measure().done_event());
            }
            results_[row] = tell(plan, platform.measure(), offered);
            if (!platform.measure().done()) {
                platform.give_up();
                continue;
            }
            sc_core::wait(domain.time_of(Cycles{kPause}));
            correct_[row] = platform.moved(plan);
            platform.rest();
        }
        finished_ = true;
    }

    [[nodiscard]] std::string nothing() const {
        std::string text;
        for (std::size_t i = 0; i < columns_.timing.size(); ++i) {
            text += i == 0 ? "-1" : ",-1";
        }
        return text;
    }

    /// The timing columns. `offered`: the stamp at which the transfers were offered, so that the cycle after it is the
    /// first in which they are valid.
    std::string tell(const RowPlan& plan, Measure& measure, Cycles offered) {
        const Measure::Master& master = measure.master(plan.master);
        if (master.accepted.empty() || master.statuses.empty()) {
            return nothing();
        }
        const auto valid = static_cast<std::int64_t>(offered.count()) + 1;
        const std::int64_t base = master.accepted.front().at;
        cycles_ += static_cast<std::uint64_t>(master.statuses.back().at - valid);
        if (record_) {
            for (ExplainedStep& step : measure.steps()) {
                step.at -= base;
                for (ExplainedTerm& term : step.terms) {
                    term.at -= base;
                }
            }
            steps_[static_cast<std::size_t>(&plan - plans_.data())] = std::move(measure.steps());
        }
        switch (table_) {
            case TimingTable::Single:
                return tell_single(measure.seen(), base, master.statuses.back().at);
            case TimingTable::BackToBack:
                return tell_back_to_back(plan, master, base);
            case TimingTable::Streams:
                return tell_stream(plan, master, base);
            case TimingTable::DescMux:
                return tell_ports(plan, measure.seen(), master, valid);
            case TimingTable::Fabric:
                break;
        }
        return tell_fabric(plan, measure.seen(), master, valid);
    }

    static std::string since(std::int64_t at, std::int64_t base) { return fmt::format("{}", at < 0 ? at : at - base); }

    static std::string tell_single(const Measure::Seen& seen, std::int64_t base, std::int64_t status) {
        std::vector<std::string> columns;
        for (const std::int64_t at : {seen.ar.valid, seen.ar.first, seen.aw.valid, seen.aw.first, seen.r.first,
                                      seen.r.last, seen.w.first, seen.w.last, seen.b.first, seen.b.last, status}) {
            columns.push_back(since(at, base));
        }
        for (const std::uint64_t count : {seen.ar.count, seen.aw.count, seen.r.count, seen.w.count}) {
            columns.push_back(fmt::format("{}", count));
        }
        return fmt::format("{}", fmt::join(columns, ","));
    }

    [[nodiscard]] double words(const RowPlan& plan) const {
        const PortWork& work = plan.work[plan.master][plan.port];
        return static_cast<double>(work.bytes) / configs_[plan.platform].bus_bytes;
    }

    [[nodiscard]] std::string tell_back_to_back(const RowPlan& plan, const Measure::Master& master,
                                                std::int64_t base) const {
        const std::size_t count = master.statuses.size();
        double each = std::nan("");
        if (count > kSteady) {
            each = static_cast<double>(master.statuses[count - 1].at - master.statuses[count - 1 - kSteady].at) /
                   static_cast<double>(kSteady);
        }
        return fmt::format("{},{},{}", master.statuses.back().at - base, decimal(each, 3),
                           decimal(words(plan) / each, 4));
    }

    [[nodiscard]] std::string tell_stream(const RowPlan& plan, const Measure::Master& master, std::int64_t base) const {
        const std::size_t count = master.statuses.size();
        const std::int64_t total = master.statuses.back().at - base;
        double each = std::nan("");
        if (count >= 2) {
            const std::size_t half = count / 2;
            each = static_cast<double>(master.statuses[count - 1].at - master.statuses[half - 1].at) /
                   static_cast<double>(count - half);
        }
        const double beats = words(plan);
        return fmt::format("{},{},{},{},{}", total,
                           decimal(beats * static_cast<double>(count) / static_cast<double>(total), 4),
                           decimal(each, 3), decimal(beats / each, 4), decimal(beats / std::ceil(beats), 4));
    }

    static std::string tell_ports(const RowPlan& plan, const Measure::Seen& seen, const Measure::Master& master,
                                  std::int64_t valid) {
        struct Side {
            std::int64_t first = -1;
            std::int64_t last = -1;
            std::string order;
        };
        const auto look = [&](const std::vector<Measure::Status>& all) {
            Side side;
            for (const Measure::Status& one : all) {
                if (one.port == plan.port) {
                    side.first = side.first < 0 ? one.at : side.first;
                    side.last = one.at;
                }
                if (side.order.size() < kOrderOfPorts) {
                    side.order += fmt::format("{}", one.port);
                }
            }
            return side;
        };
        const Side accepted = look(master.accepted);
        const Side status = look(master.statuses);
        return fmt::format("{},{},{},{},{},{},{},{},{},{}", since(accepted.first, valid),
                           since(seen.pipeline_accept, valid), since(seen.pipeline_ar, valid),
                           since(seen.pipeline_status, valid), since(status.first, valid), since(accepted.last, valid),
                           since(status.last, valid), master.statuses.back().at - valid, accepted.order, status.order);
    }

    [[nodiscard]] std::string tell_fabric(const RowPlan& plan, const Measure::Seen& seen, const Measure::Master& master,
                                          std::int64_t valid) const {
        const std::int64_t base = master.accepted.front().at;
        const std::int64_t last = master.statuses.back().at - base;
        const double moved = words(plan) * static_cast<double>(master.statuses.size());
        return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}", master.statuses.size(), base - valid,
                           since(seen.ar.valid, base), since(seen.aw.valid, base), since(seen.r.first, base),
                           since(seen.w.first, base), master.statuses.front().at - base, last,
                           decimal(moved / static_cast<double>(last), 4), seen.reads_until_finish,
                           seen.writes_until_finish, seen.grants);
    }

    std::string profile_;
    TimingTable table_;
    const TableColumns& columns_;
    std::vector<PlatformConfig> configs_;
    std::map<std::string, std::size_t> platform_by_key_;
    std::vector<RowPlan> plans_;
    std::vector<std::string> results_;
    std::vector<bool> correct_;
    std::vector<std::vector<ExplainedStep>> steps_;
    std::vector<std::unique_ptr<BenchPlatform>> platforms_;
    std::unique_ptr<Sequencer> sequencer_;
    std::uint64_t cycles_ = 0;
    bool ran_ = false;
    bool finished_ = false;
};

TimingBench::TimingBench(std::string_view profile, TimingTable table) : impl_(std::make_unique<Impl>(profile, table)) {}
TimingBench::~TimingBench() = default;

void TimingBench::set_timing(const PipelineTiming& timing) {
    impl_->timing_ = timing;
}
void TimingBench::record_steps(bool on) {
    impl_->record_ = on;
}
void TimingBench::monitor(bool on) {
    impl_->monitor_ = on;
}
void TimingBench::lazy(bool on) {
    impl_->lazy_ = on;
}
void TimingBench::every_cycle(bool on) {
    impl_->every_cycle_ = on;
}
std::size_t TimingBench::add_row(const Row& row) {
    return impl_->add_row(row);
}
void TimingBench::run() {
    impl_->run();
}
std::size_t TimingBench::rows() const {
    return impl_->rows();
}
std::vector<std::string> TimingBench::result(std::size_t row) const {
    return impl_->result(row);
}
bool TimingBench::correct(std::size_t row) const {
    return impl_->correct(row);
}
const std::vector<ExplainedStep>& TimingBench::steps(std::size_t row) const {
    return impl_->steps(row);
}
std::uint64_t TimingBench::cycles() const {
    return impl_->cycles();
}

}  // namespace dmasim::cli
