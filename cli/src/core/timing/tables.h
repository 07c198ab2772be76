// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dmasim/cli/core/timing/table.h"

namespace dmasim::cli::detail {

TableKind single_table();
TableKind back_to_back_table();
TableKind streams_table();
TableKind descriptor_mux_table();
TableKind fabric_table();
TableKind i8237_table();

}  // namespace dmasim::cli::detail
