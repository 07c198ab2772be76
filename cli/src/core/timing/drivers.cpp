// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <beat_reference.h>
#include <fmt/format.h>

#include "dmasim/cli/core/error.h"
#include "dmasim/cli/core/timing/driver.h"

namespace dmasim::cli {

namespace {

reference::Memory reference_memory(const BeatMemoryTiming& timing) {
    reference::Memory memory;
    memory.registered = timing.kind == BeatMemoryKind::Registered;
    memory.read_latency = timing.read_latency;
    memory.write_latency = timing.write_latency;
    memory.read_wait = timing.read_wait;
    memory.write_wait = timing.write_wait;
    memory.max_reads = timing.max_reads;
    memory.max_writes = timing.max_writes;
    return memory;
}

std::vector<TimingRecord::Seen> seen(const std::vector<reference::Seen>& list) {
    std::vector<TimingRecord::Seen> result;
    result.reserve(list.size());
    for (const reference::Seen& one : list) {
        result.push_back({one.port, one.cycle});
    }
    return result;
}

class ReferenceDriver final : public TimingDriver {
  public:
    ReferenceDriver(const TableKind& table, const ParameterSet& parameters) : table_(table), parameters_(parameters) {}

    void add(const RowView& row) override { (void)table_.job(row, parameters_); }
    void run() override {}
    RowResult result(std::size_t /*index*/, const RowView& row) override {
        const TimingJob job = table_.job(row, parameters_);
        const std::vector<TimingRecord> records = run_reference(job, cycle_limit(job));
        return {table_.columns(job, records), all_done(job, records)};
    }

  private:
    const TableKind& table_;
    const ParameterSet& parameters_;
};

/// A function that calculates a row.
class RowDriver final : public TimingDriver {
  public:
    using Function = std::vector<std::string> (*)(const RowView&, const ParameterSet&);
    RowDriver(Function function, const ParameterSet& parameters) : function_(function), parameters_(parameters) {}

    // What is wrong with a row comes out when it is calculated, so all of them are before the first is told.
    void add(const RowView& row) override { (void)function_(row, parameters_); }
    void run() override {}
    RowResult result(std::size_t /*index*/, const RowView& row) override { return {function_(row, parameters_), true}; }

  private:
    Function function_;
    const ParameterSet& parameters_;
};

}  // namespace

std::vector<TimingRecord> run_reference(const TimingJob& job, std::uint64_t max_cycles) {
    reference::Setup setup;
    setup.bus_bytes = job.bus_bytes;
    setup.fabric = job.fabric;
    setup.max_cycles = max_cycles;
    setup.decode = [&job](std::uint64_t address) { return job.memory_of(address); };
    for (const BeatMemoryTiming& memory : job.memories) {
        setup.memories.push_back(reference_memory(memory));
    }
    for (const TimingJob::Master& from : job.masters) {
        reference::Master master;
        master.timing = from.timing;
        master.round_robin = from.round_robin;
        master.lowest_first = from.lowest_first;
        for (const std::vector<BeatTransfer>& transfers : from.ports) {
            master.ports.push_back({transfers});
        }
        setup.masters.push_back(std::move(master));
    }
    std::vector<TimingRecord> records;
    for (reference::Record& from : reference::run(setup)) {
        TimingRecord record;
        record.accepted = seen(from.accepted);
        record.status = seen(from.status);
        record.taken = std::move(from.taken);
        record.pipeline_status = std::move(from.pipeline_status);
        record.ar_valid = std::move(from.ar_valid);
        record.ar = std::move(from.ar);
        record.aw_valid = std::move(from.aw_valid);
        record.aw = std::move(from.aw);
        record.r = std::move(from.r);
        record.w = std::move(from.w);
        record.b = std::move(from.b);
        records.push_back(std::move(record));
    }
    return records;
}

bool all_done(const TimingJob& job, const std::vector<TimingRecord>& records) {
    for (std::size_t m = 0; m < job.masters.size(); ++m) {
        std::size_t transfers = 0;
        for (const std::vector<BeatTransfer>& port : job.masters[m].ports) {
            transfers += port.size();
        }
        if (records[m].status.size() != transfers) {
            return false;
        }
    }
    return true;
}

std::uint64_t cycle_limit(const TimingJob& job) {
    std::uint64_t beats = 0;
    std::uint64_t transfers = 0;
    for (const TimingJob::Master& master : job.masters) {
        for (const std::vector<BeatTransfer>& port : master.ports) {
            transfers += port.size();
            for (const BeatTransfer& transfer : port) {
                beats += transfer.bytes / job.bus_bytes + 2;
            }
        }
    }
    std::uint64_t slowest = 0;
    for (const BeatMemoryTiming& memory : job.memories) {
        slowest = std::max<std::uint64_t>(
            slowest, std::uint64_t{memory.read_latency} + memory.write_latency + memory.read_wait + memory.write_wait);
    }
    // Each beat a burst of its own, one after the other, with each parameter of the pipeline at its greatest.
    std::uint64_t pipeline = 0;
    for (const TimingJob::Master& master : job.masters) {
        const PipelineTiming& t = master.timing;
        pipeline = std::max<std::uint64_t>(pipeline, std::uint64_t{t.accept_to_plan} + t.plan_to_request +
                                                         t.request_to_valid + t.plan_to_command + t.burst_gap +
                                                         t.command_to_accept + t.read_to_write + t.fifo_reaction +
                                                         t.response_gap + t.response_to_status);
    }
    return 1000 + (beats + transfers) * (slowest + pipeline + 64);
}

std::unique_ptr<TimingDriver> make_reference_driver(const TableKind& table, const ParameterSet& parameters) {
    if (table.job == nullptr) {
        return std::make_unique<RowDriver>(table.reference_row, parameters);
    }
    return std::make_unique<ReferenceDriver>(table, parameters);
}

}  // namespace dmasim::cli
