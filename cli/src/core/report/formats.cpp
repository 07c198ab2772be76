// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "dmasim/cli/core/report.h"

namespace dmasim::cli {

const std::vector<ReportFormat>& report_formats() {
    static const std::vector<ReportFormat> kFormats{
        {"text", "a summary to read", &text_report},
        {"json", "everything, as in result.json", &json_report},
        {"csv", "one line for each transfer, as in transfers.csv", &csv_report},
    };
    return kFormats;
}

const ReportFormat& report_format(const std::string& name) {
    std::vector<std::string> known;
    for (const ReportFormat& format : report_formats()) {
        if (format.name == name) {
            return format;
        }
        known.emplace_back(format.name);
    }
    throw InputError(fmt::format("--format {}: known formats: {}", name, fmt::join(known, ", ")));
}

}  // namespace dmasim::cli
