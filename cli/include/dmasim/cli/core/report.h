// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dmasim/cli/core/result.h"

namespace dmasim::cli {

/// One format of results.
struct ReportFormat {
    std::string_view name;
    std::string_view description;
    std::string (*render)(const Result& result);
};

/// All formats, the default one first.
const std::vector<ReportFormat>& report_formats();

/// The format called `name`; throws `InputError`.
const ReportFormat& report_format(const std::string& name);

/// What a person wants to read.
std::string text_report(const Result& result);
/// result.json.
std::string json_report(const Result& result);
/// transfers.csv.
std::string csv_report(const Result& result);

}  // namespace dmasim::cli
