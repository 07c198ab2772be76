// SPDX-License-Identifier: Apache-2.0
#include "support/core/beat_loop.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

namespace dmasim::test {

namespace {

std::int64_t number(Cycles t) {
    return static_cast<std::int64_t>(t.count());
}

std::string decimal(double value, int digits) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

void see(LoopChannel& channel, bool valid, bool ready, std::int64_t t) {
    if (valid && channel.valid < 0) {
        channel.valid = t;
    }
    if (valid && ready) {
        channel.first = channel.first < 0 ? t : channel.first;
        channel.last = t;
        ++channel.count;
    }
}

}  // namespace

void LoopStorage::read(std::uint64_t address, std::uint8_t* data, std::uint32_t count, Cycles /*at*/) {
    for (std::uint32_t i = 0; i < count; ++i) {
        data[i] = at(address + i);
    }
}

void LoopStorage::write(std::uint64_t address, const std::uint8_t* data, std::uint32_t count, Cycles /*at*/) {
    for (std::uint32_t i = 0; i < count; ++i) {
        at(address + i) = data[i];
    }
}

Response LoopStorage::check(Access access, std::uint64_t address, std::uint32_t count) const {
    for (const Failing& range : failing) {
        if (range.access == access && address < range.base + range.bytes && range.base < address + count) {
            return range.response;
        }
    }
    return Response::Ok;
}

class BeatLoop::Observer final : public BeatObserver {
  public:
    Observer(BeatLoop& loop, std::uint32_t master) : loop_(loop), master_(master) {}
    void step(BeatStep step, Cycles at, std::uint64_t index, std::initializer_list<BeatTerm> /*terms*/) override {
        Master& mine = loop_.seen[master_];
        const std::int64_t t = number(at);
        if (step == BeatStep::TransferAccepted && mine.taken < 0) {
            mine.taken = t;
        } else if (step == BeatStep::ReadAddressValid && mine.ar_valid < 0) {
            mine.ar_valid = t;
        } else if (step == BeatStep::Status) {
            mine.pipeline_status = mine.pipeline_status < 0 ? t : mine.pipeline_status;
            const std::int64_t behind = loop_.mux_ ? kDescriptorMuxStatus : 0;
            mine.statuses.push_back(
                {t + behind, static_cast<std::uint32_t>(index), loop_.pipelines_[master_]->status_response()});
            if (--loop_.open_[master_] == 0) {
                loop_.finished(master_);
            }
        }
    }

  private:
    BeatLoop& loop_;
    std::uint32_t master_;
};

BeatLoop::BeatLoop(const LoopConfig& config)
    : seen(config.masters),
      config_(config),
      work_(config.masters, std::vector<std::vector<BeatTransfer>>(config.ports)),
      next_(config.masters, std::vector<std::size_t>(config.ports, 0)),
      open_(config.masters, 0) {
    std::vector<BeatMaster*> masters;
    std::vector<BeatSlave*> slaves;
    for (std::uint32_t i = 0; i < config.memories; ++i) {
        storage.push_back(std::make_unique<LoopStorage>());
        slaves_.push_back(make_beat_memory(config.memory, config.bus_bytes, *storage.back()));
        slaves.push_back(slaves_.back().get());
    }
    for (std::uint32_t i = 0; i < config.masters; ++i) {
        pipelines_.push_back(make_pipeline(config.pipeline, config.bus_bytes));
        observers_.push_back(std::make_unique<Observer>(*this, i));
        pipelines_.back()->observe(observers_.back().get());
        masters.push_back(pipelines_.back().get());
    }
    const std::uint32_t count = config.memories;
    system_ =
        std::make_unique<BeatSystem>(make_beat_fabric(config.fabric, config.masters, count,
                                                      [count](std::uint64_t address, std::uint32_t) {
                                                          return static_cast<std::uint32_t>(address >> 20U) % count;
                                                      }),
                                     masters, slaves);
    system_->probe(this);
    system_->every_cycle(config.every_cycle);
    system_->before.emplace_back([this](Cycles t) { offer(t); });
    if (config.ports > 1) {
        mux_.emplace(config.ports, config.round_robin, config.lowest_first);
    }
}

BeatLoop::~BeatLoop() = default;

void BeatLoop::add(std::uint32_t master, const BeatTransfer& transfer, std::uint32_t port) {
    std::vector<BeatTransfer>& work = work_.at(master).at(port);
    work.push_back(transfer);
    work.back().tag = port;
    unfinished_ += open_[master]++ == 0 ? 1 : 0;
}

void BeatLoop::offer(Cycles t) {
    for (std::uint32_t m = 0; m < config_.masters; ++m) {
        BeatPipeline& pipeline = *pipelines_[m];
        if (!mux_) {
            std::size_t& next = next_[m][0];
            if (next < work_[m][0].size() && pipeline.ready(t)) {
                seen[m].accepted.push_back({number(t), 0, Response::Ok});
                pipeline.offer(work_[m][0][next++], t);
            }
            continue;
        }
        std::uint64_t offering = 0;
        for (std::uint32_t port = 0; port < config_.ports; ++port) {
            offering |= std::uint64_t{next_[m][port] < work_[m][port].size() ? 1U : 0U} << port;
        }
        const bool changed = mux_->cycle(
            t, offering, [&](std::uint32_t port) { return work_[m][port][next_[m][port]]; },
            [&](std::uint32_t port) {
                ++next_[m][port];
                seen[m].accepted.push_back({number(t), port, Response::Ok});
            },
            pipeline);
        if (changed) {
            system_->wake(t + 1);
        }
    }
}

void BeatLoop::finished(std::uint32_t master) {
    --unfinished_;
    if (somebody_finished_) {
        return;
    }
    somebody_finished_ = true;
    // Masters are looked at in the order of their numbers: those above do not count the beat of this cycle.
    for (std::uint32_t m = 0; m < seen.size(); ++m) {
        seen[m].reads_until_finish = m <= master ? seen[m].r.count : seen[m].reads_before;
        seen[m].writes_until_finish = m <= master ? seen[m].w.count : seen[m].writes_before;
    }
}

void BeatLoop::cycle(Cycles at, const BeatFabric::Masters& masters, const BeatFabric::Slaves& slaves) {
    const std::int64_t t = number(at);
    for (std::size_t m = 0; m < masters.size(); ++m) {
        Master& master = seen[m];
        master.reads_before = master.r.count;
        master.writes_before = master.w.count;
        if (masters[m].ar_valid && slaves[m].ar_ready) {
            grants += std::to_string(m);
        }
        see(master.ar, masters[m].ar_valid, slaves[m].ar_ready, t);
        see(master.aw, masters[m].aw_valid, slaves[m].aw_ready, t);
        see(master.r, slaves[m].r_valid, masters[m].r_ready, t);
        see(master.w, masters[m].w_valid, slaves[m].w_ready, t);
        see(master.b, slaves[m].b_valid, masters[m].b_ready, t);
    }
}

bool BeatLoop::run(std::uint64_t limit) {
    while (unfinished_ != 0) {
        const Cycles edge = system_->next_edge();
        if (edge == kNever || edge.count() > limit) {
            return false;
        }
        system_->evaluate(edge);
    }
    return true;
}

BeatMemoryTiming memory_of_table(const std::string& name) {
    const auto pipelined = [](std::uint32_t read, std::uint32_t write, std::uint32_t read_wait = 0,
                              std::uint32_t write_wait = 0, std::uint32_t outstanding = 0) {
        return BeatMemoryTiming{
            BeatMemoryKind::Pipelined, read, write, read_wait, write_wait, outstanding, outstanding};
    };
    static const std::map<std::string, BeatMemoryTiming> kMemories{
        {"ideal_L1", pipelined(1, 1)},
        {"ideal_L2", pipelined(2, 1)},
        {"ideal_L8", pipelined(8, 4)},
        {"ideal_L32", pipelined(32, 16)},
        {"ideal_L100", pipelined(100, 50)},
        {"wait_r1w0", pipelined(2, 1, 1, 0)},
        {"wait_r0w1", pipelined(2, 1, 0, 1)},
        {"wait_r3w3", pipelined(2, 1, 3, 3)},
        {"ram", BeatMemoryTiming{BeatMemoryKind::Registered, 1, 1, 0, 0, 0, 0}},
        {"SRAM_3c_8out", pipelined(3, 3, 0, 0, 8)},
        {"RPC_13c_16out", pipelined(13, 13, 0, 0, 16)},
        {"HBM_100c_64out", pipelined(100, 100, 0, 0, 64)}};
    return kMemories.at(name);
}

LoopConfig loop_config_of(const TimingRows& table, std::size_t row, const PipelineTiming& base) {
    LoopConfig config;
    config.pipeline = base;
    config.bus_bytes = static_cast<std::uint32_t>(table.number(row, "dw") / 8);
    const auto small = [&](const char* column) { return static_cast<std::uint32_t>(table.number(row, column)); };
    config.memory = memory_of_table(table.has("slave") ? table.text(row, "slave")
                                    : table.has("mem") ? table.text(row, "mem")
                                                       : "ram");
    if (table.has("burst")) {
        config.pipeline.max_burst_beats = small("burst");
    }
    if (table.has("nax")) {
        config.pipeline.bursts_in_flight = small("nax");
        config.pipeline.buffer_beats = small("bufdepth");
        const std::string mode = table.has("mode") ? table.text(row, "mode") : "coupled";
        config.pipeline.split = mode == "coupled" ? SplitRule::AlignedBothSides : SplitRule::AlignedEachSide;
        config.pipeline.write_address =
            mode == "decouple_rw_aw" ? WriteAddressRule::AtOnce : WriteAddressRule::WithFirstBeat;
    }
    if (table.has("fabric")) {
        config.fabric = table.text(row, "fabric") == "crossbar" ? "axi_crossbar" : table.text(row, "fabric");
        config.masters = small("nm");
        config.memories = small("ns");
    }
    if (table.has("ports")) {
        config.ports = small("ports");
        config.round_robin = small("round_robin") != 0;
        config.lowest_first = small("lsb_high") != 0;
    }
    return config;
}

std::map<std::string, std::string> run_row(const TimingRows& table, std::size_t row, const LoopConfig& config) {
    BeatLoop loop(config);
    const std::uint64_t bytes = table.number(row, "len");
    std::vector<BeatTransfer> copies;  // The first of each port.
    const auto add = [&](std::uint32_t master, std::uint32_t port, std::uint64_t source, std::uint64_t destination,
                         std::uint64_t count, std::uint64_t step) {
        for (std::uint64_t i = 0; i < count; ++i) {
            loop.add(master, {source + i * step, destination + i * step, bytes, 0}, port);
        }
        copies.push_back({source, destination, bytes, 0});
    };
    std::uint32_t master = 0;
    std::uint32_t port = 0;
    if (table.has("src")) {
        add(0, 0, table.number(row, "src"), table.number(row, "dst"), 1, 0);
    } else if (table.has("misaligned")) {
        add(0, 0, table.number(row, "misaligned"), 0x80000, table.number(row, "ndesc"), bytes);
    } else if (table.has("ports")) {
        port = static_cast<std::uint32_t>(table.number(row, "port"));
        for (std::uint32_t p = 0; p < config.ports; ++p) {
            if ((table.number(row, "active_mask") >> p & 1U) != 0) {
                add(0, p, p * 0x10000U, 0x80000 + p * 0x10000U, table.number(row, "ndesc"), 0);
            }
        }
    } else {
        master = static_cast<std::uint32_t>(table.number(row, "master"));
        for (std::uint32_t m = 0; m < config.masters; ++m) {
            if ((table.number(row, "active_mask") >> m & 1U) != 0) {
                add(m, 0, table.number(row, "src_slave") * 0x100000 + m * 0x20000U,
                    table.number(row, "dst_slave") * 0x100000 + m * 0x20000U + 0x80000, table.number(row, "ndesc"), 0);
            }
        }
    }
    const auto storage_of = [&](std::uint64_t address) -> LoopStorage& {
        return *loop.storage[(address >> 20U) % config.memories];
    };
    for (const BeatTransfer& copy : copies) {
        for (std::uint64_t i = 0; i < bytes; ++i) {
            // Not linear in the address, so that no shift goes unnoticed.
            const std::uint64_t mixed = (copy.source + i) * 0x9E3779B97F4A7C15U;
            storage_of(copy.source).at(copy.source + i) = static_cast<std::uint8_t>(mixed >> 56U);
        }
    }
    std::map<std::string, std::string> columns;
    columns["data"] = loop.run() ? "ok" : "did not end";
    for (const BeatTransfer& copy : copies) {
        for (std::uint64_t i = 0; i < bytes; ++i) {
            if (storage_of(copy.source).at(copy.source + i) != storage_of(copy.destination).at(copy.destination + i)) {
                columns["data"] = "wrong";
            }
        }
    }
    const BeatLoop::Master& seen = loop.seen[master];
    if (seen.statuses.empty() || seen.accepted.empty()) {
        return columns;
    }
    const auto put = [&](const char* name, std::int64_t value) { columns[name] = std::to_string(value); };
    const std::size_t count = seen.statuses.size();
    const std::int64_t base = seen.accepted.front().at;
    const std::int64_t last = seen.statuses.back().at;
    if (table.has("src")) {
        put("ar_first_valid", seen.ar.valid - base);
        put("ar_first_hs", seen.ar.first - base);
        put("aw_first_valid", seen.aw.valid - base);
        put("aw_first_hs", seen.aw.first - base);
        put("r_first", seen.r.first - base);
        put("r_last", seen.r.last - base);
        put("w_first", seen.w.first - base);
        put("w_last", seen.w.last - base);
        put("b_first", seen.b.first - base);
        put("b_last", seen.b.last - base);
        put("status_valid", last - base);
        put("n_ar", seen.ar.count);
        put("n_aw", seen.aw.count);
        put("n_r", seen.r.count);
        put("n_w", seen.w.count);
    } else if (table.has("misaligned")) {
        const bool streams = table.has("mem");
        const std::size_t from = streams ? count / 2 : count - 8;
        const double each = static_cast<double>(last - seen.statuses[from - 1].at) / static_cast<double>(count - from);
        put(streams ? "total_cycles" : "total", last - base);
        columns[streams ? "cycles_per_desc_steady" : "cycles_per_desc"] = decimal(each, 3);
        columns[streams ? "util_steady" : "util"] = decimal(static_cast<double>(bytes) / config.bus_bytes / each, 4);
    } else if (table.has("ports")) {
        std::string accepted;
        std::string reported;
        std::vector<std::int64_t> mine;
        for (const BeatLoop::Done& done : seen.accepted) {
            accepted += accepted.size() < 48 ? std::to_string(done.port) : "";
            if (done.port == port) {
                mine.push_back(done.at);
            }
        }
        std::vector<std::int64_t> ends;
        for (const BeatLoop::Done& done : seen.statuses) {
            reported += reported.size() < 48 ? std::to_string(done.port) : "";
            if (done.port == port) {
                ends.push_back(done.at);
            }
        }
        put("first_accept", mine.front());
        put("last_accept", mine.back());
        put("first_port_status", ends.front());
        put("last_port_status", ends.back());
        put("first_cdma_desc_hs", seen.taken);
        put("first_ar", seen.ar_valid);
        put("first_cdma_status", seen.pipeline_status);
        put("all_done", last);
        columns["accept_order"] = accepted;
        columns["status_order"] = reported;
    } else {
        put("desc_accept", base);
        put("ar_first", seen.ar.valid - base);
        put("aw_first", seen.aw.valid - base);
        put("r_first", seen.r.first - base);
        put("w_first", seen.w.first - base);
        put("status_first", seen.statuses.front().at - base);
        put("status_last", last - base);
        put("r_beats_until_first_finish", seen.reads_until_finish);
        put("w_beats_until_first_finish", seen.writes_until_finish);
        columns["ar_grant_order"] = loop.grants.substr(0, 64);
    }
    return columns;
}

std::string differences(const TimingRows& table, std::size_t row, const std::map<std::string, std::string>& columns) {
    std::string text;
    for (const auto& [name, value] : columns) {
        const std::string expected = name == "data" ? "ok" : table.text(row, name);
        if (value != expected) {
            text += " " + name + " is " + value + ", measured " + expected + ";";
        }
    }
    if (columns.size() < 3) {
        text += " nothing was reported";
    }
    return text;
}

}  // namespace dmasim::test
