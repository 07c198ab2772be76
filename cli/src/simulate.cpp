// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/simulate.h"

#include <algorithm>
#include <map>
#include <memory>

#include <systemc>

#include <fmt/format.h>

#include "dmasim/cli/core/findings.h"
#include "dmasim/cli/platform.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/stats/bus_utilisation.h"
#include "dmasim/model/stats/counters.h"
#include "dmasim/model/stats/cycle_accountant.h"
#include "dmasim/model/stats/event_fanout.h"
#include "dmasim/model/stats/latencies.h"
#include "dmasim/model/stats/transfer_log.h"
#include "dmasim/model/verifier/monitor.h"
#include "dmasim/tlm/core/vcd_writer.h"

namespace dmasim::cli {

namespace {

/// Keeps what the other sinks do not: the last edge at which something happened, and errors.
class RunLog final : public TraceSink {
  public:
    explicit RunLog(std::size_t controllers) : controllers_(controllers) {}

    void event(const TraceEvent& event) override {
        if (event.kind != EventKind::PeripheralFifo) {
            // What becomes of a FIFO is only reported to a verifier, which must not make a run longer.
            last_ = std::max(last_, event.at);
        }
        if (event.kind == EventKind::ErrorLatched && event.source < controllers_) {
            errors_.push_back({event.source, event.channel, event.job, static_cast<TransferError>(event.value),
                               event.address, event.at});
        }
    }

    [[nodiscard]] Cycles last() const { return last_; }
    [[nodiscard]] const std::vector<ErrorResult>& errors() const { return errors_; }

  private:
    std::size_t controllers_;
    Cycles last_;
    std::vector<ErrorResult> errors_;
};

/// All sinks of a run.
class Sinks {
  public:
    Sinks(const Scenario& scenario, ChannelWatch& watch, std::ostream* vcd, TraceSink* more)
        : log_(scenario.platform.controllers.size()),
          bus_(scenario.platform.bus.initiators, scenario.platform.bus.targets),
          bus_filter_(kBusSource, bus_),
          others_(1) {
        const PlatformSpec& platform = scenario.platform;
        all_.add(log_);
        all_.add(transfers_);
        all_.add(bus_filter_);
        for (std::size_t i = 0; i < platform.controllers.size(); ++i) {
            blocks_.push_back(
                std::make_unique<Controller>(platform.controllers[i].config.channels, static_cast<std::uint16_t>(i)));
            all_.add(blocks_.back()->filter);
        }
        for (std::size_t i = 0; i < platform.memories.size(); ++i) {
            memory_filters_.push_back(
                std::make_unique<SourceFilter>(static_cast<std::uint16_t>(kFirstMemorySource + i), others_));
            all_.add(*memory_filters_.back());
        }
        all_.add(watch);
        if (more != nullptr) {
            all_.add(*more);
        }
        if (platform.verifier) {
            verifier_ = std::make_unique<VerifierMonitor>(*platform.verifier);
            for (std::size_t i = 0; i < platform.memories.size(); ++i) {
                const MemorySpec& memory = platform.memories[i];
                verifier_->add_memory(static_cast<std::uint16_t>(kFirstMemorySource + i), memory.base,
                                      memory.config.size, memory.config.bus_bytes());
            }
            all_.add(*verifier_);
        }
        if (vcd != nullptr) {
            VcdOptions options;
            options.period = platform.period_ps;
            for (std::size_t i = 0; i < platform.controllers.size(); ++i) {
                options.blocks.push_back({VcdBlock::Kind::Controller, static_cast<std::uint16_t>(i),
                                          platform.controllers[i].name, platform.controllers[i].config.channels});
            }
            options.blocks.push_back({VcdBlock::Kind::Bus, kBusSource, "bus", platform.bus.initiators});
            vcd_ = std::make_unique<VcdWriter>(*vcd, options);
            all_.add(*vcd_);
        }
    }

    [[nodiscard]] TraceSink& all() { return all_; }
    [[nodiscard]] const RunLog& log() const { return log_; }
    [[nodiscard]] VerifierMonitor* verifier() { return verifier_.get(); }

    void settle(Cycles edge) {
        // An input of the edge before may be reported at the next one.
        const Cycles through = edge.count() > 0 ? edge - 1 : edge;
        if (verifier_ != nullptr) {
            verifier_->settle(through);
        }
        if (vcd_ != nullptr) {
            vcd_->settle(through);
        }
    }

    void finish(Cycles end, const Scenario& scenario, Result& result) {
        if (vcd_ != nullptr) {
            vcd_->finish(end);
        }
        if (verifier_ != nullptr) {
            add_findings(end, result);
        }
        for (const Access access : {Access::Read, Access::Write}) {
            result.bus.at(static_cast<std::size_t>(access)) = {bus_.total(access).beats, bus_.total(access).bytes};
        }
        result.errors = log_.errors();
        std::stable_sort(result.errors.begin(), result.errors.end(), [](const ErrorResult& a, const ErrorResult& b) {
            return a.at != b.at ? a.at < b.at : a.controller < b.controller;
        });
        add_transfers(result);
        for (std::size_t i = 0; i < blocks_.size(); ++i) {
            const std::string& name = scenario.platform.controllers[i].name;
            ControllerResult controller;
            controller.name = name;
            for (unsigned c = 0; c < scenario.platform.controllers[i].config.channels; ++c) {
                controller.channels.push_back(
                    {blocks_[i]->accountant.account(c, end), blocks_[i]->latencies.channel(c)});
            }
            result.controllers.push_back(std::move(controller));
            add(name, blocks_[i]->counters.statistics(), result);
            add(name, blocks_[i]->accountant.statistics(end), result);
        }
        add("bus", bus_.statistics(), result);
        add("platform", others_.platform_statistics(), result);
    }

    static void add(const std::string& block, const std::vector<Statistic>& statistics, Result& result) {
        for (Statistic statistic : statistics) {
            statistic.name = block + "." + statistic.name;
            result.statistics.push_back(std::move(statistic));
        }
    }

  private:
    struct Controller {
        Controller(unsigned channels, std::uint16_t source)
            : counters(channels), accountant(channels), latencies(channels), filter(source, fanout) {
            fanout.add(counters);
            fanout.add(accountant);
            fanout.add(latencies);
        }
        Counters counters;
        CycleAccountant accountant;
        Latencies latencies;
        EventFanout fanout;
        SourceFilter filter;
    };

    void add_findings(Cycles end, Result& result) {
        // What was announced for after the end has not happened.
        verifier_->finish(end + 1);
        std::vector<Finding> findings = verifier_->findings();
        std::stable_sort(findings.begin(), findings.end(),
                         [](const Finding& a, const Finding& b) { return a.at < b.at; });
        for (const Finding& finding : findings) {
            result.findings.push_back(to_json(finding));
            result.finding_texts.push_back(to_text(finding));
        }
    }

    void add_transfers(Result& result) {
        std::vector<TransferRecord> records = transfers_.records();
        // Blocks report independently of each other.
        std::stable_sort(records.begin(), records.end(), [](const TransferRecord& a, const TransferRecord& b) {
            return a.completed != b.completed ? a.completed < b.completed
                   : a.block != b.block       ? a.block < b.block
                                              : a.channel < b.channel;
        });
        for (const TransferRecord& record : transfers_.open()) {
            records.push_back(record);
        }
        for (const TransferRecord& record : records) {
            TransferResult transfer;
            transfer.record = record;
            transfer.controller = record.block;
            for (const ErrorResult& error : result.errors) {
                if (error.controller == record.block && error.channel == record.channel && error.job == record.job) {
                    transfer.error = error.error;
                    transfer.error_address = error.address;
                    break;
                }
            }
            result.transfers.push_back(std::move(transfer));
        }
    }

    RunLog log_;
    TransferLog transfers_;
    BusUtilisation bus_;
    SourceFilter bus_filter_;
    Counters others_;
    std::vector<std::unique_ptr<Controller>> blocks_;
    std::vector<std::unique_ptr<SourceFilter>> memory_filters_;
    std::unique_ptr<VerifierMonitor> verifier_;
    std::unique_ptr<VcdWriter> vcd_;
    EventFanout all_;
};

std::vector<Statistic> cpu_statistics(const CpuStatistics& cpu) {
    std::vector<Statistic> result;
    const auto add = [&](const char* name, std::uint64_t value, const char* unit, const char* description) {
        result.push_back({name, value, unit, description});
    };
    add("cycles.compute", cpu.cycles.at(static_cast<std::size_t>(CpuCause::Compute)), "cycle", "Compute operations.");
    add("cycles.hit", cpu.cycles.at(static_cast<std::size_t>(CpuCause::Hit)), "cycle",
        "Cache accesses, as far as they would take if they all hit.");
    add("cycles.miss_wait", cpu.cycles.at(static_cast<std::size_t>(CpuCause::MissWait)), "cycle",
        "The rest of the cache accesses.");
    add("cycles.uncached_wait", cpu.cycles.at(static_cast<std::size_t>(CpuCause::UncachedWait)), "cycle",
        "Uncached and device accesses.");
    add("cycles.maintenance", cpu.cycles.at(static_cast<std::size_t>(CpuCause::Maintenance)), "cycle",
        "Clean, invalidate, flush, evict and prefetch operations.");
    add("cycles.barrier", cpu.cycles.at(static_cast<std::size_t>(CpuCause::Barrier)), "cycle", "Barriers.");
    add("cycles.interrupt_wait", cpu.cycles.at(static_cast<std::size_t>(CpuCause::InterruptWait)), "cycle",
        "Waiting for an interrupt.");
    add("operations", cpu.operations, "operation", "Operations of the program.");
    add("loads", cpu.loads, "operation", "Cached loads.");
    add("stores", cpu.stores, "operation", "Cached stores.");
    add("hits", cpu.hits, "line", "Cache lines that hit.");
    add("misses", cpu.misses, "line", "Cache lines that missed.");
    add("fills", cpu.fills, "line", "Fills requested.");
    add("write_backs", cpu.write_backs, "line", "Lines sent to memory.");
    add("evictions", cpu.evictions, "line", "Lines given up for others or by an eviction.");
    add("prefetches", cpu.prefetches, "line", "Lines installed by prefetches.");
    add("uncached_loads", cpu.uncached_loads, "word", "Bus words loaded past the cache.");
    add("uncached_stores", cpu.uncached_stores, "word", "Bus words stored past the cache.");
    add("device_loads", cpu.device_loads, "word", "Bus words read from devices.");
    add("device_stores", cpu.device_stores, "word", "Bus words written to devices.");
    add("maintenance", cpu.maintenance, "operation", "Maintenance operations.");
    add("maintained_lines", cpu.maintained_lines, "line", "Lines that maintenance found and acted on.");
    add("dirty_dropped_bytes", cpu.dirty_dropped_bytes, "byte", "Dirty bytes that an invalidate dropped.");
    add("barriers", cpu.barriers, "operation", "Barriers.");
    add("snoops", cpu.snoops, "burst", "Bursts of others that looked into the cache.");
    add("snoop_hits", cpu.snoop_hits, "burst", "Of those, the ones that met a line.");
    add("bus_errors", cpu.bus_errors, "burst", "Accesses answered with an error.");
    return result;
}

/// Runs until rest, an explicit end, or the limit; returns why the simulation failed, or nothing.
std::string run(const Scenario& scenario, const ClockDomain& domain, const SimulateOptions& options, Sinks& sinks,
                Platform& platform) {
    // Short enough that progress moves and little waits to be written; the pieces do not change what happens.
    constexpr std::uint64_t kPiece = 20'000;
    const std::uint64_t last = scenario.run.stop_at.value_or(scenario.run.max_cycles);
    std::uint64_t reached = 0;
    while (reached < last) {
        const std::uint64_t next = std::min(last, reached + kPiece);
        sc_core::sc_start(domain.time_of(Cycles{next}) - sc_core::sc_time_stamp(), sc_core::SC_EXIT_ON_STARVATION);
        reached = next;
        platform.catch_up();
        sinks.settle(domain.edge_at_or_before(sc_core::sc_time_stamp()));
        if (options.progress) {
            options.progress(reached, last);
        }
        if (!sc_core::sc_pending_activity()) {
            const std::string left = platform.unfinished();
            if (!left.empty() && !scenario.run.stop_at) {
                return fmt::format("nothing moves any more after cycle {}, and {} did not come to an end",
                                   sinks.log().last().count(), left);
            }
            return "";
        }
    }
    if (!scenario.run.stop_at) {
        const std::string left = platform.unfinished();
        return fmt::format("no rest after {} cycles (run.max_cycles){}", last,
                           left.empty() ? "" : "; " + left + " did not come to an end");
    }
    return "";
}

}  // namespace

Result simulate(const Scenario& scenario, const SimulateOptions& options) {
    const ClockDomain domain(sc_core::sc_time::from_value(scenario.platform.period_ps));
    ChannelWatch watch(domain);
    Sinks sinks(scenario, watch, options.vcd, options.sink);
    Platform platform("platform", scenario, domain, sinks.all(), watch, options.actions, sinks.verifier());

    Result result;
    result.scenario = scenario.name;
    result.period_ps = scenario.platform.period_ps;
    result.topology = scenario.platform.bus.topology;
    result.bus_bytes = scenario.platform.bus.bus_bytes();
    result.memories = static_cast<std::uint32_t>(scenario.platform.memories.size());
    try {
        result.failure = run(scenario, domain, options, sinks, platform);
    } catch (const sc_core::sc_report& report) {
        result.failure = fmt::format("{}: {}", report.get_msg_type(), report.get_msg());
    } catch (const ConfigError&) {
        throw;
    } catch (const std::exception& error) {
        result.failure = error.what();
    }
    platform.catch_up();
    platform.end_program();
    Cycles end = sinks.log().last();
    if (platform.cpu() != nullptr && platform.cpu()->finished()) {
        end = std::max(end, platform.cpu()->finished_at());
    }
    // What was announced for after the end has not happened.
    end = std::min(end, Cycles{scenario.run.stop_at.value_or(scenario.run.max_cycles)});
    if (scenario.run.stop_at && result.failure.empty()) {
        end = Cycles{*scenario.run.stop_at};
    }
    result.cycles = end.count();
    sinks.finish(end, scenario, result);
    if (platform.cpu() != nullptr) {
        result.cpu = platform.cpu()->statistics();
        Sinks::add("cpu", cpu_statistics(*result.cpu), result);
    }
    const std::vector<Statistic> streams = platform.stream_statistics();
    result.statistics.insert(result.statistics.end(), streams.begin(), streams.end());
    result.sections = platform.sections();
    for (const ReportSection& section : result.sections) {
        result.statistics.insert(result.statistics.end(), section.statistics.begin(), section.statistics.end());
    }
    result.expectations = platform.checks();  // Of a run that failed: those that it came to.
    if (result.failure.empty()) {
        const auto peek = [&](std::uint64_t address, void* data, std::uint64_t bytes) {
            return platform.peek(address, data, bytes);
        };
        const auto received = [&](std::uint32_t stream) -> const Bytes& { return platform.received(stream); };
        check_expectations(scenario.expect, scenario.platform, peek, received, scenario.run.stop_at.has_value(),
                           result);
    }
    return result;
}

}  // namespace dmasim::cli
