// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/timing/table.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dmasim/cli/core/document.h"
#include "dmasim/cli/core/error.h"

#include "tables.h"

namespace dmasim::cli {

std::string_view RowView::text(std::string_view column) const {
    return reader_.row().field(reader_.column(column));
}

void RowView::fail(std::string_view column, const std::string& message) const {
    fail_at(column, fmt::format("{}: {}", column, message));
}

void RowView::fail_at(std::string_view column, const std::string& message) const {
    reader_.fail(reader_.column(column), message);
}

std::uint64_t RowView::number(std::string_view column, std::uint64_t low, std::uint64_t high) const {
    std::string_view digits = text(column);
    const bool hex = digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    if (hex) {
        digits.remove_prefix(2);
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || value < low || value > high) {
        fail(column, fmt::format("must be a number from {} to {}, not {}", low, high, in_quotes(text(column))));
    }
    if (parameters_.changes(column)) {
        value = parameters_.changed(column, value, low, high);
        if (value < low || value > high) {
            fail(column, fmt::format("{} by --set; it must be a number from {} to {}", value, low, high));
        }
    }
    return value;
}

std::size_t RowView::choice(std::string_view column, const std::vector<std::string>& known) const {
    const auto found = std::find(known.begin(), known.end(), text(column));
    if (found == known.end()) {
        fail(column, fmt::format("unknown {}; known: {}", in_quotes(text(column)), fmt::join(known, ", ")));
    }
    return static_cast<std::size_t>(found - known.begin());
}

bool TableKind::fits(std::string_view profile) const {
    return std::find(profiles.begin(), profiles.end(), profile) != profiles.end();
}

const TableKind& table_kind(std::string_view name, std::string_view profile) {
    std::vector<std::string> known;
    for (const TableKind& table : table_kinds()) {
        if (table.fits(profile)) {
            known.emplace_back(table.name);
        }
        if (table.name == name) {
            if (!table.fits(profile)) {
                throw InputError(fmt::format("dmasim timing: there is no table {} for profile {}; it is for {}",
                                             in_quotes(name), profile, fmt::join(table.profiles, ", ")));
            }
            return table;
        }
    }
    throw InputError(fmt::format("dmasim timing: unknown table {}; profile {} has: {}", in_quotes(name), profile,
                                 fmt::join(known, ", ")));
}

namespace {

std::vector<std::string> missing(const CsvReader& reader, const TableKind& table, std::string_view profile) {
    std::vector<std::string> names = table.inputs(profile);
    names.erase(std::remove_if(names.begin(), names.end(),
                               [&](const std::string& name) { return reader.column(name) != CsvReader::npos; }),
                names.end());
    return names;
}

}  // namespace

void check_columns(const CsvReader& reader, const TableKind& table, std::string_view profile) {
    const std::vector<std::string> names = missing(reader, table, profile);
    if (!names.empty()) {
        reader.fail_names(fmt::format("a table {} of {} needs {} {}", table.name, profile,
                                      names.size() == 1 ? "the column" : "the columns", fmt::join(names, ", ")));
    }
}

const TableKind& recognise_table(const CsvReader& reader, std::string_view profile) {
    const TableKind* nearest_table = nullptr;
    std::size_t least = 0;
    for (const TableKind& table : table_kinds()) {
        if (!table.fits(profile)) {
            continue;
        }
        const std::size_t count = missing(reader, table, profile).size();
        if (count == 0) {
            return table;
        }
        if (nearest_table == nullptr || count < least) {
            nearest_table = &table;
            least = count;
        }
    }
    // The one that least is missing for is the one that was meant, more often than not.
    check_columns(reader, *nearest_table, profile);
    return *nearest_table;
}

PipelineTiming row_timing(const RowView& row, const ParameterSet& parameters) {
    PipelineTiming timing = parameters.pipeline();
    if (timing.kind == PipelineKind::Sequenced) {
        timing.max_burst_beats = row.small("burst", 1, 256);
        return timing;
    }
    timing.bursts_in_flight = row.small("nax", 1, 1024);
    // Of one beat the pipeline cannot be (PipelineTiming::buffer_beats).
    timing.buffer_beats = row.small("bufdepth", 2, 255);
    if (row.has("mode")) {
        static const std::vector<std::string> kModes{"coupled", "decouple_rw", "decouple_rw_aw"};
        const std::size_t mode = row.choice("mode", kModes);
        timing.split = mode == 0 ? SplitRule::AlignedBothSides : SplitRule::AlignedEachSide;
        timing.write_address = mode == 2 ? WriteAddressRule::AtOnce : WriteAddressRule::WithFirstBeat;
    }
    return timing;
}

std::uint32_t row_bus_bytes(const RowView& row) {
    const std::uint32_t bits = row.small("dw", 8, 8 * kMaxBeatBytes);
    if ((bits & (bits - 1)) != 0) {
        row.fail("dw", fmt::format("must be a power of two from 8 to {}, not {}", 8 * kMaxBeatBytes, bits));
    }
    return bits / 8;
}

BeatMemoryTiming row_memory(const RowView& row, std::string_view column) {
    const BeatMemoryTiming* memory = find_memory(row.text(column));
    if (memory == nullptr) {
        std::vector<std::string_view> known;
        for (const NamedMemory& named : named_memories()) {
            known.push_back(named.name);
        }
        row.fail(column,
                 fmt::format("unknown memory {}; known: {}", in_quotes(row.text(column)), fmt::join(known, ", ")));
    }
    return *memory;
}

std::string first_of(const std::vector<std::uint64_t>& cycles) {
    return cycles.empty() ? "-1" : fmt::format("{}", cycles.front());
}

std::string last_of(const std::vector<std::uint64_t>& cycles) {
    return cycles.empty() ? "-1" : fmt::format("{}", cycles.back());
}

std::string decimal(double value, int digits) {
    return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : "-1";
}

}  // namespace dmasim::cli

namespace dmasim::cli::detail {

TimingJob row_of_descriptors(const RowView& row, const ParameterSet& parameters, std::string_view memory_column) {
    TimingJob job;
    job.bus_bytes = row_bus_bytes(row);
    job.memories = {row_memory(row, memory_column)};
    TimingJob::Master master;
    master.timing = row_timing(row, parameters);
    const std::uint64_t bytes = row.number("len", 1, TimingJob::kMemoryBytes);
    const std::uint64_t shift = row.number("misaligned", 0, 1);
    const std::uint64_t count = row.number("ndesc", 1, 1U << 20U);
    master.ports.resize(1);
    for (std::uint64_t i = 0; i < count; ++i) {
        master.ports[0].push_back({i * bytes + shift, 0x80000 + i * bytes, bytes, static_cast<std::uint32_t>(i)});
    }
    job.masters = {master};
    return job;
}

}  // namespace dmasim::cli::detail
