// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "dmasim/cli/core/report.h"
#include "dmasim/cli/core/schema.h"
#include "dmasim/model/version.h"

namespace dmasim::cli {

namespace {

OrderedJson cycle(Cycles at) {
    return at == kNever ? OrderedJson(nullptr) : OrderedJson(at.count());
}

OrderedJson address(std::uint64_t value) {
    return fmt::format("{:#x}", value);
}

OrderedJson histogram(const LatencyHistogram& latency) {
    return {{"count", latency.count()},
            {"min", latency.min().count()},
            {"p50", latency.percentile(500).count()},
            {"p90", latency.percentile(900).count()},
            {"p99", latency.percentile(990).count()},
            {"max", latency.max().count()},
            {"sum", latency.sum()},
            {"unit", "cycle"}};
}

OrderedJson transfer_json(const TransferResult& transfer, const Result& result) {
    const TransferRecord& record = transfer.record;
    OrderedJson json{{"controller", result.controllers[transfer.controller].name},
                     {"channel", record.channel},
                     {"job", record.job},
                     {"source", address(record.source)},
                     {"destination", address(record.destination)},
                     {"length", record.bytes},
                     {"bytes_written", record.bytes_written},
                     {"status", record.status ? name_of(*record.status) : "not_finished"},
                     {"error", name_of(transfer.error)}};
    if (transfer.error != TransferError::None) {
        json["error_address"] = address(transfer.error_address);
    }
    json["accepted"] = cycle(record.accepted);
    json["first_read_address"] = cycle(record.first_read);
    json["last_read_address"] = cycle(record.last_read);
    json["first_data"] = cycle(record.first_data);
    json["last_data"] = cycle(record.last_data);
    json["first_write_address"] = cycle(record.first_write);
    json["last_write_address"] = cycle(record.last_write);
    json["first_response"] = cycle(record.first_response);
    json["last_response"] = cycle(record.last_response);
    json["completed"] = cycle(record.completed);
    return json;
}

OrderedJson channels_json(const Result& result) {
    OrderedJson channels = OrderedJson::array();
    for (const ControllerResult& controller : result.controllers) {
        for (std::size_t c = 0; c < controller.channels.size(); ++c) {
            const ChannelResult& channel = controller.channels[c];
            OrderedJson cycles;
            for (unsigned cause = 0; cause < kCycleCauses; ++cause) {
                cycles[std::string(name_of(static_cast<CycleCause>(cause)))] = channel.cycles.at(cause);
            }
            channels.push_back({{"controller", controller.name},
                                {"channel", c},
                                {"cycles", cycles},
                                {"latency",
                                 {{"job", histogram(channel.latencies.job)},
                                  {"read", histogram(channel.latencies.read)},
                                  {"write", histogram(channel.latencies.write)},
                                  {"descriptor", histogram(channel.latencies.descriptor)}}}});
        }
    }
    return channels;
}

}  // namespace

std::string json_report(const Result& result) {
    OrderedJson json{
        {"schema", kResultSchema},
        {"version", version()},
        {"scenario", result.scenario},
        {"status", !result.failure.empty() ? "failed" : (result.as_expected() ? "as_expected" : "unexpected")}};
    if (!result.failure.empty()) {
        json["failure"] = result.failure;
    }
    json["cycles"] = result.cycles;
    json["period_ps"] = result.period_ps;
    json["transfers"] = OrderedJson::array();
    for (const TransferResult& transfer : result.transfers) {
        json["transfers"].push_back(transfer_json(transfer, result));
    }
    json["errors"] = OrderedJson::array();
    for (const ErrorResult& error : result.errors) {
        json["errors"].push_back({{"controller", result.controllers[error.controller].name},
                                  {"channel", error.channel},
                                  {"job", error.job},
                                  {"error", name_of(error.error)},
                                  {"address", address(error.address)},
                                  {"cycle", error.at.count()}});
    }
    json["channels"] = channels_json(result);
    json["statistics"] = OrderedJson::array();
    for (const Statistic& statistic : result.statistics) {
        json["statistics"].push_back({{"name", statistic.name},
                                      {"value", statistic.value},
                                      {"unit", statistic.unit},
                                      {"description", statistic.description}});
    }
    json["sections"] = OrderedJson::array();
    for (const ReportSection& section : result.sections) {
        json["sections"].push_back({{"title", section.title},
                                    {"lines", section.lines},
                                    {"table", section.table},
                                    {"closing", section.closing}});
    }
    json["expectations"] = OrderedJson::array();
    for (const Check& check : result.expectations) {
        OrderedJson one{{"what", check.what}, {"holds", check.holds}};
        if (!check.holds) {
            one["wanted"] = check.wanted;
            one["found"] = check.found;
            one["where"] = check.where;
        }
        json["expectations"].push_back(std::move(one));
    }
    json["findings"] = OrderedJson::array();
    for (const Json& finding : result.findings) {
        json["findings"].push_back(OrderedJson(finding));
    }
    return json.dump(2) + "\n";
}

}  // namespace dmasim::cli
