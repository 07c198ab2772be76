// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/result.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

namespace dmasim::cli {

namespace {

bool within(const Limits& limits, std::uint64_t value) {
    return (!limits.equals || value == *limits.equals) && (!limits.min || value >= *limits.min) &&
           (!limits.max || value <= *limits.max);
}

bool any(const Limits& limits) {
    return limits.equals || limits.min || limits.max;
}

std::string describe(const Limits& limits) {
    std::vector<std::string> parts;
    if (limits.equals) {
        parts.push_back(fmt::format("{}", *limits.equals));
    }
    if (limits.min) {
        parts.push_back(fmt::format("at least {}", *limits.min));
    }
    if (limits.max) {
        parts.push_back(fmt::format("at most {}", *limits.max));
    }
    return fmt::format("{}", fmt::join(parts, " and "));
}

/// The bytes around the first difference.
std::string excerpt(const Bytes& bytes, std::size_t at) {
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    return to_hex(Bytes(first, first + static_cast<std::ptrdiff_t>(std::min<std::size_t>(8, bytes.size() - at))));
}

void check_memory(const MemoryExpectation& expected, const PeekMemory& peek, Result& result) {
    Check check;
    check.where = expected.where;
    check.what = fmt::format("{} bytes of memory at {:#x}", expected.size, expected.address);
    Bytes found(expected.size);
    peek(expected.address, found.data(), found.size());
    if (expected.xxh64) {
        check.wanted = "XXH64 " + *expected.xxh64;
        check.found = fmt::format("XXH64 {:016x}", XXH64(found.data(), found.size(), 0));
        check.holds = check.wanted == check.found;
        result.expectations.push_back(std::move(check));
        return;
    }
    Bytes wanted;
    if (expected.same_as) {
        check.what += fmt::format(" as those at {:#x}", *expected.same_as);
        wanted.resize(expected.size);
        peek(*expected.same_as, wanted.data(), wanted.size());
    } else {
        wanted = *expected.bytes;
    }
    const auto difference = std::mismatch(wanted.begin(), wanted.end(), found.begin());
    check.holds = difference.first == wanted.end();
    if (!check.holds) {
        const auto at = static_cast<std::size_t>(difference.first - wanted.begin());
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            wrong += wanted[i] != found[i] ? 1U : 0U;
        }
        check.wanted = fmt::format("{} at {:#x}", excerpt(wanted, at), expected.address + at);
        check.found = fmt::format("{}, {} bytes differ", excerpt(found, at), wrong);
    }
    result.expectations.push_back(std::move(check));
}

void check_stream(const StreamExpectation& expected, const PeekMemory& peek, const Bytes& found, Result& result) {
    Check check;
    check.where = expected.where;
    check.what = fmt::format("{} bytes received by {}", expected.size, expected.name);
    if (expected.same_as) {
        check.what += fmt::format(" as those at {:#x}", *expected.same_as);
    }
    // All that it got counts: a byte too many is as wrong as one too few.
    if (found.size() != expected.size) {
        check.wanted = fmt::format("{} bytes", expected.size);
        check.found = fmt::format("{} bytes", found.size());
    } else if (expected.xxh64) {
        check.wanted = "XXH64 " + *expected.xxh64;
        check.found = fmt::format("XXH64 {:016x}", XXH64(found.data(), found.size(), 0));
        check.holds = check.wanted == check.found;
    } else {
        Bytes wanted(expected.size);
        if (expected.same_as) {
            peek(*expected.same_as, wanted.data(), wanted.size());
        } else {
            wanted = *expected.bytes;
        }
        const auto difference = std::mismatch(wanted.begin(), wanted.end(), found.begin());
        check.holds = difference.first == wanted.end();
        if (!check.holds) {
            const auto at = static_cast<std::size_t>(difference.first - wanted.begin());
            check.wanted = fmt::format("{} from byte {} on", excerpt(wanted, at), at);
            check.found = excerpt(found, at);
        }
    }
    result.expectations.push_back(std::move(check));
}

void check_transfer(const TransferExpectation& expected, const PlatformSpec& platform, Result& result) {
    const TransferResult* transfer = nullptr;
    for (const TransferResult& one : result.transfers) {
        if (one.controller == expected.controller && one.record.channel == expected.channel &&
            one.record.job == expected.job) {
            transfer = &one;
        }
    }
    const std::string what = fmt::format("transfer {} of {}.{}", expected.job,
                                         platform.controllers[expected.controller].name, expected.channel);
    const auto add = [&](const std::string& aspect, bool holds, const std::string& wanted, const std::string& found) {
        result.expectations.push_back(
            {what + ": " + aspect, expected.where, holds, holds ? "" : wanted, holds ? "" : found});
    };
    const bool finished = transfer != nullptr && transfer->record.status.has_value();
    const std::string status = finished ? std::string(name_of(*transfer->record.status)) : "not_finished";
    if (expected.status) {
        add("status", status == *expected.status, *expected.status, status);
    }
    const ErrorResult* first_error = nullptr;
    for (const ErrorResult& one : result.errors) {
        if (first_error == nullptr && one.controller == expected.controller && one.channel == expected.channel &&
            one.job == expected.job) {
            first_error = &one;
        }
    }
    const std::string error(name_of(first_error == nullptr ? TransferError::None : first_error->error));
    if (expected.error) {
        add("error", error == *expected.error, *expected.error, error);
    }
    if (expected.error_address) {
        const std::uint64_t found = first_error == nullptr ? 0 : first_error->address;
        add("error address", error != "none" && found == *expected.error_address,
            fmt::format("{:#x}", *expected.error_address), error == "none" ? "no error" : fmt::format("{:#x}", found));
    }
    if (expected.bytes_written) {
        const std::uint64_t found = transfer == nullptr ? 0 : transfer->record.bytes_written;
        add("bytes written", found == *expected.bytes_written, fmt::format("{}", *expected.bytes_written),
            fmt::format("{}", found));
    }
    const bool timed = finished && transfer->record.accepted != kNever;
    if (any(expected.cycles)) {
        const std::uint64_t found = timed ? (transfer->record.completed - transfer->record.accepted).count() : 0;
        add("cycles", timed && within(expected.cycles, found), describe(expected.cycles),
            timed ? fmt::format("{}", found) : "it has not run to an end");
    }
    if (expected.completed) {
        add("completed in cycle", finished && transfer->record.completed.count() == *expected.completed,
            fmt::format("{}", *expected.completed),
            finished ? fmt::format("{}", transfer->record.completed.count()) : "it has not run to an end");
    }
    if (transfer == nullptr && !expected.status && !expected.error && !expected.bytes_written &&
        !any(expected.cycles) && !expected.completed) {
        add("exists", false, "a transfer", "none");
    }
}

/// What went wrong without anybody having expected it.
void check_unexpected(const Expectations& expected, const PlatformSpec& platform, bool stopped, Result& result) {
    const auto foreseen = [&](std::uint32_t controller, std::uint32_t channel, std::uint32_t job) {
        return std::any_of(expected.transfers.begin(), expected.transfers.end(), [&](const TransferExpectation& one) {
            return one.controller == controller && one.channel == channel && one.job == job &&
                   (one.status || one.error);
        });
    };
    const auto add = [&](std::uint32_t controller, std::uint32_t channel, std::uint32_t job, const std::string& found) {
        result.expectations.push_back({fmt::format("transfer {} of {}.{}: runs to its end without errors", job,
                                                   platform.controllers[controller].name, channel),
                                       "not in the scenario", false, "done", found});
    };
    std::vector<std::array<std::uint32_t, 3>> told;
    for (const ErrorResult& error : result.errors) {
        const std::array<std::uint32_t, 3> key{error.controller, error.channel, error.job};
        if (!foreseen(error.controller, error.channel, error.job) &&
            std::find(told.begin(), told.end(), key) == told.end()) {
            add(error.controller, error.channel, error.job,
                fmt::format("{} at {:#x} in cycle {}", name_of(error.error), error.address, error.at.count()));
            told.push_back(key);
        }
    }
    for (const TransferResult& transfer : result.transfers) {
        const TransferRecord& record = transfer.record;
        const std::array<std::uint32_t, 3> key{transfer.controller, record.channel, record.job};
        const bool finished = record.status.has_value();
        if ((finished && *record.status == JobStatus::Done) || (!finished && stopped) ||
            foreseen(transfer.controller, record.channel, record.job) ||
            std::find(told.begin(), told.end(), key) != told.end()) {
            continue;
        }
        add(transfer.controller, record.channel, record.job,
            finished ? std::string(name_of(*record.status)) : "not_finished");
    }
}

void check_findings(const Expectations& expected, Result& result) {
    std::vector<std::string> found;
    for (const Json& finding : result.findings) {
        found.push_back(finding.at("rule").get<std::string>());
    }
    const bool holds = found == expected.findings;
    result.findings_expected = true;
    result.expectations.push_back({"findings", expected.findings_where, holds,
                                   holds ? "" : fmt::format("{}", fmt::join(expected.findings, ", ")),
                                   holds           ? ""
                                   : found.empty() ? "none"
                                                   : fmt::format("{}", fmt::join(found, ", "))});
}

}  // namespace

bool Result::as_expected() const {
    const auto foreseen = [](const Json& finding) { return finding.contains("expected"); };
    return (findings_expected || std::all_of(findings.begin(), findings.end(), foreseen)) &&
           std::all_of(expectations.begin(), expectations.end(), [](const Check& c) { return c.holds; });
}

std::uint64_t Result::bytes_written() const {
    std::uint64_t bytes = 0;
    for (const TransferResult& transfer : transfers) {
        bytes += transfer.record.bytes_written;
    }
    return bytes;
}

void check_expectations(const Expectations& expected, const PlatformSpec& platform, const PeekMemory& peek,
                        const ReceivedBytes& received, bool stopped, Result& result) {
    for (const MemoryExpectation& memory : expected.memory) {
        check_memory(memory, peek, result);
    }
    for (const StreamExpectation& stream : expected.streams) {
        check_stream(stream, peek, received(stream.stream), result);
    }
    if (any(expected.cycles)) {
        const bool holds = within(expected.cycles, result.cycles);
        result.expectations.push_back({"cycles", expected.cycles_where, holds, holds ? "" : describe(expected.cycles),
                                       holds ? "" : fmt::format("{}", result.cycles)});
    }
    for (const TransferExpectation& transfer : expected.transfers) {
        check_transfer(transfer, platform, result);
    }
    for (const StatisticExpectation& statistic : expected.statistics) {
        std::vector<std::string> known;
        const Statistic* found = nullptr;
        for (const Statistic& one : result.statistics) {
            known.push_back(one.name);
            found = one.name == statistic.name ? &one : found;
        }
        const std::string near = found == nullptr ? nearest(statistic.name, known) : "";
        const bool holds = found != nullptr && within(statistic.limits, found->value);
        result.expectations.push_back(
            {"statistic " + statistic.name, statistic.where, holds, holds ? "" : describe(statistic.limits),
             holds              ? ""
             : found != nullptr ? fmt::format("{}", found->value)
                                : "no such statistic" + (near.empty() ? "" : "; did you mean " + near + "?")});
    }
    if (!expected.findings.empty()) {
        check_findings(expected, result);
    }
    check_unexpected(expected, platform, stopped, result);
}

}  // namespace dmasim::cli
