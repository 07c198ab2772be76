// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dmasim/cli/core/timing/table.h"

namespace dmasim::cli::detail {

/// What tables back-to-back and streams measure: `ndesc` descriptors without a gap, the i-th copies `len` bytes from i*len (+1 if
/// `misaligned`) to 0x80000 + i*len, in the memory that `memory_column` names.
TimingJob row_of_descriptors(const RowView& row, const ParameterSet& parameters, std::string_view memory_column);

TableKind single_table();
TableKind back_to_back_table();
TableKind streams_table();
TableKind descriptor_mux_table();
TableKind fabric_table();
TableKind i8237_table();

}  // namespace dmasim::cli::detail
