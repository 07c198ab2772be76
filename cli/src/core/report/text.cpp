// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dmasim/cli/core/report.h"

namespace dmasim::cli {

namespace {

constexpr std::size_t kMaxLines = 20;
/// Of a run whose program tells of itself what matters.
constexpr std::size_t kMaxLinesBesideSections = 3;

/// A table with a left-aligned first column and right-aligned others.
class Table {
  public:
    explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }

    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] bool empty() const { return rows_.size() == 1; }

    [[nodiscard]] std::string text() const {
        std::vector<std::size_t> widths(rows_[0].size(), 0);
        for (const auto& row : rows_) {
            for (std::size_t i = 0; i < row.size(); ++i) {
                widths[i] = std::max(widths[i], row[i].size());
            }
        }
        std::string out;
        for (const auto& row : rows_) {
            std::string line = "  ";
            for (std::size_t i = 0; i < row.size(); ++i) {
                line += i == 0 ? fmt::format("{:<{}}", row[i], widths[i]) : fmt::format("  {:>{}}", row[i], widths[i]);
            }
            line.erase(line.find_last_not_of(' ') + 1);
            out += line + "\n";
        }
        return out;
    }

  private:
    std::vector<std::vector<std::string>> rows_;
};

std::string number(std::uint64_t value) {
    return fmt::format("{}", value);
}

/// Tenths of a per cent in integers, so that every machine prints the same.
std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) {
        return "-";
    }
    // 128 bits are not needed below 2^54 cycles.
    const std::uint64_t tenths = (part * 1000 + whole / 2) / whole;
    return fmt::format("{}.{} %", tenths / 10, tenths % 10);
}

std::string hundredths(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) {
        return "-";
    }
    const std::uint64_t value = (part * 100 + whole / 2) / whole;
    return fmt::format("{}.{:02}", value / 100, value % 100);
}

std::string cycle(Cycles at) {
    return at == kNever ? "-" : number(at.count());
}

std::string duration(std::uint64_t cycles, std::uint64_t period_ps) {
    struct Unit {
        std::uint64_t picoseconds;
        const char* name;
    };
    constexpr std::array<Unit, 4> kUnits{
        {{1'000'000'000'000, "s"}, {1'000'000'000, "ms"}, {1'000'000, "us"}, {1'000, "ns"}}};
    const std::uint64_t picoseconds = cycles * period_ps;
    for (const Unit& unit : kUnits) {
        if (picoseconds >= unit.picoseconds) {
            return hundredths(picoseconds / (unit.picoseconds / 1000), 1000) + " " + unit.name;
        }
    }
    return number(picoseconds) + " ps";
}

void headline(const Result& result, std::string& out) {
    const std::uint64_t bytes = result.bytes_written();
    out += fmt::format("{}: {} bytes moved by {} transfers in {} cycles ({})\n", result.scenario, bytes,
                       result.transfers.size(), result.cycles, duration(result.cycles, result.period_ps));
    if (bytes > 0) {
        // From the first start to the last completion.
        Cycles begin = kNever;
        Cycles end{0};
        for (const TransferResult& transfer : result.transfers) {
            begin = std::min(begin, transfer.record.accepted);
            end = transfer.record.completed == kNever ? end : std::max(end, transfer.record.completed);
        }
        const std::uint64_t cycles = begin < end ? (end - begin).count() : 0;
        // Every byte goes over the bus twice: as read data and as write data. The simple bus has one lane for both, a
        // crossbar a pair of lanes for each memory.
        std::uint64_t limit = std::uint64_t{result.bus_bytes} * cycles;
        std::string limit_text = fmt::format("{} bytes a cycle", result.bus_bytes);
        if (result.topology == "simple") {
            limit /= 2;
            limit_text = fmt::format("{} bytes a cycle, read and written in turn", result.bus_bytes);
        } else if (result.topology == "crossbar" && result.memories > 1) {
            limit *= result.memories;
            limit_text = fmt::format("{} bytes a cycle for each of {} memories", result.bus_bytes, result.memories);
        }
        out += fmt::format("  {} bytes a cycle from the first start (cycle {}) to the last completion (cycle {})\n",
                           hundredths(bytes, cycles), cycle(begin), end.count());
        out += fmt::format("  {} of what the bus can carry ({})\n", percent(bytes, limit), limit_text);
    }
    const bool simple = result.topology == "simple";
    const auto& read = result.bus[0];
    const auto& write = result.bus[1];
    if (simple) {
        out += fmt::format("  bus: {} of {} cycles carried data ({})\n", read.beats + write.beats, result.cycles,
                           percent(read.beats + write.beats, result.cycles));
    } else {
        const std::uint64_t lanes = result.topology == "crossbar" ? std::max<std::uint64_t>(1, result.memories) : 1;
        out += fmt::format("  bus: read data in {} of {} cycles ({}), write data in {} ({}){}\n", read.beats,
                           result.cycles, percent(read.beats, result.cycles * lanes), write.beats,
                           percent(write.beats, result.cycles * lanes),
                           lanes > 1 ? fmt::format(" of {} lanes", lanes) : "");
    }
}

void sections(const Result& result, std::string& out) {
    for (const ReportSection& section : result.sections) {
        out += "\n" + section.title + "\n";
        for (const std::string& line : section.lines) {
            out += "  " + line + "\n";
        }
        if (!section.table.empty()) {
            Table table(section.table.front());
            for (std::size_t i = 1; i < section.table.size(); ++i) {
                table.add(section.table[i]);
            }
            out += table.text();
        }
        for (const std::string& line : section.closing) {
            out += "  " + line + "\n";
        }
    }
}

void transfers(const Result& result, std::string& out) {
    if (result.transfers.empty()) {
        return;
    }
    const std::size_t most = result.sections.empty() ? kMaxLines : kMaxLinesBesideSections;
    Table table({"transfer", "source", "destination", "bytes", "written", "status", "accepted", "first data",
                 "last resp.", "completed", "cycles"});
    for (std::size_t i = 0; i < std::min(result.transfers.size(), most); ++i) {
        const TransferResult& transfer = result.transfers[i];
        const TransferRecord& record = transfer.record;
        const bool timed = record.completed != kNever && record.accepted != kNever;
        table.add({fmt::format("{}.{} #{}", result.controllers[transfer.controller].name, record.channel, record.job),
                   fmt::format("{:#x}", record.source), fmt::format("{:#x}", record.destination), number(record.bytes),
                   number(record.bytes_written), std::string(record.status ? name_of(*record.status) : "not_finished"),
                   cycle(record.accepted), cycle(record.first_data), cycle(record.last_response),
                   cycle(record.completed), timed ? number((record.completed - record.accepted).count()) : "-"});
    }
    out += "\nTransfers\n" + table.text();
    if (result.transfers.size() > most) {
        out += fmt::format("  ... and {} more (all of them: --format csv)\n", result.transfers.size() - most);
    }
}

void errors(const Result& result, std::string& out) {
    if (result.errors.empty()) {
        return;
    }
    Table table({"error", "transfer", "address", "cycle"});
    for (std::size_t i = 0; i < std::min(result.errors.size(), kMaxLines); ++i) {
        const ErrorResult& error = result.errors[i];
        table.add({std::string(name_of(error.error)),
                   fmt::format("{}.{} #{}", result.controllers[error.controller].name, error.channel, error.job),
                   fmt::format("{:#x}", error.address), number(error.at.count())});
    }
    out += "\n" + table.text();
    if (result.errors.size() > kMaxLines) {
        out += fmt::format("  ... and {} more\n", result.errors.size() - kMaxLines);
    }
}

void cycles(const Result& result, std::string& out) {
    Table table(
        {"channel", "moving", "write wait", "read wait", "descriptors", "paced", "arbitration", "setup", "idle"});
    for (const ControllerResult& controller : result.controllers) {
        for (std::size_t c = 0; c < controller.channels.size(); ++c) {
            const CycleAccount& account = controller.channels[c].cycles;
            const auto share = [&](CycleCause cause) {
                const std::uint64_t spent = account.at(static_cast<std::size_t>(cause));
                return spent == 0 ? "-" : percent(spent, result.cycles);
            };
            if (account.at(static_cast<std::size_t>(CycleCause::Idle)) == result.cycles) {
                continue;
            }
            table.add({fmt::format("{}.{}", controller.name, c), share(CycleCause::MovingData),
                       share(CycleCause::WriteWait), share(CycleCause::ReadLatency), share(CycleCause::DescriptorFetch),
                       share(CycleCause::Paced), share(CycleCause::WaitingForGrant), share(CycleCause::Setup),
                       share(CycleCause::Idle)});
        }
    }
    if (!table.empty()) {
        out += fmt::format("\nWhere the {} cycles of each channel went\n", result.cycles) + table.text();
    }
}

void cpu_time(const Result& result, std::string& out) {
    if (!result.cpu) {
        return;
    }
    static constexpr std::array<const char*, kCpuCauses> kNames{
        "idle", "compute", "cache hits", "cache misses", "uncached", "maintenance", "barriers", "interrupt wait"};
    std::uint64_t busy = 0;
    Table table({"CPU time", "cycles", "share"});
    for (unsigned i = 1; i < kCpuCauses; ++i) {
        busy += result.cpu->cycles.at(i);
        table.add({kNames.at(i), number(result.cpu->cycles.at(i)), percent(result.cpu->cycles.at(i), result.cycles)});
    }
    table.add({kNames[0], number(result.cycles - std::min(busy, result.cycles)),
               percent(result.cycles - std::min(busy, result.cycles), result.cycles)});
    out += "\n" + table.text();
}

void latencies(const Result& result, std::string& out) {
    ChannelLatencies total;
    for (const ControllerResult& controller : result.controllers) {
        for (const ChannelResult& channel : controller.channels) {
            total.job.merge(channel.latencies.job);
            total.read.merge(channel.latencies.read);
            total.write.merge(channel.latencies.write);
            total.descriptor.merge(channel.latencies.descriptor);
        }
    }
    Table table({"latency in cycles", "count", "min", "median", "90 %", "99 %", "max"});
    const auto add = [&](const char* name, const LatencyHistogram& latency) {
        if (latency.count() > 0) {
            table.add({name, number(latency.count()), cycle(latency.min()), cycle(latency.percentile(500)),
                       cycle(latency.percentile(900)), cycle(latency.percentile(990)), cycle(latency.max())});
        }
    };
    add("transfers", total.job);
    add("reads", total.read);
    add("writes", total.write);
    add("descriptors", total.descriptor);
    if (!table.empty()) {
        out += "\n" + table.text();
    }
}

void outcome(const Result& result, std::string& out) {
    out += "\n";
    for (const std::string& finding : result.finding_texts) {
        out += finding + "\n\n";
    }
    std::size_t held = 0;
    for (const Check& check : result.expectations) {
        held += check.holds ? 1U : 0U;
        if (!check.holds) {
            out += fmt::format("Not as expected ({}): {}: wanted {}, found {}\n", check.where, check.what, check.wanted,
                               check.found);
        }
    }
    if (!result.failure.empty()) {
        out += fmt::format("The simulation failed: {}\n", result.failure);
        return;
    }
    if (result.expectations.empty()) {
        out += "Nothing was expected.\n";
    } else {
        out += fmt::format("{} of {} expectations hold.\n", held, result.expectations.size());
    }
}

}  // namespace

std::string text_report(const Result& result) {
    std::string out;
    headline(result, out);
    sections(result, out);
    transfers(result, out);
    errors(result, out);
    cycles(result, out);
    cpu_time(result, out);
    latencies(result, out);
    outcome(result, out);
    return out;
}

}  // namespace dmasim::cli
