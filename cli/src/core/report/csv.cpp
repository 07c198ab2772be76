// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "dmasim/cli/core/report.h"

namespace dmasim::cli {

namespace {

/// A cycle, or nothing where nothing of the kind happened.
std::string cycle(Cycles at) {
    return at == kNever ? "" : fmt::format("{}", at.count());
}

}  // namespace

std::string csv_report(const Result& result) {
    // Addresses in hexadecimal, cycles in decimal. "address" is the request of a burst, "data" a beat of a read,
    // "response" the answer to a write.
    std::string out =
        "controller,channel,job,source,destination,length,bytes_written,status,error,error_address,accepted,"
        "first_read_address,last_read_address,first_data,last_data,first_write_address,last_write_address,"
        "first_response,last_response,completed\n";
    for (const TransferResult& transfer : result.transfers) {
        const TransferRecord& record = transfer.record;
        const bool failed = transfer.error != TransferError::None;
        out += fmt::format("{},{},{},{:#x},{:#x},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                           result.controllers[transfer.controller].name, record.channel, record.job, record.source,
                           record.destination, record.bytes, record.bytes_written,
                           record.status ? name_of(*record.status) : "not_finished", name_of(transfer.error),
                           failed ? fmt::format("{:#x}", transfer.error_address) : "", cycle(record.accepted),
                           cycle(record.first_read), cycle(record.last_read), cycle(record.first_data),
                           cycle(record.last_data), cycle(record.first_write), cycle(record.last_write),
                           cycle(record.first_response), cycle(record.last_response), cycle(record.completed));
    }
    return out;
}

}  // namespace dmasim::cli
