// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dmasim/cli/core/document.h"
#include "dmasim/model/verifier/finding.h"

namespace dmasim::cli {

/// A finding as result.json and `dmasim litmus --format json` have it (docs/verifier.md, "Findings").
Json to_json(const Finding& finding);

}  // namespace dmasim::cli
