// SPDX-License-Identifier: Apache-2.0
#include "tables.h"

namespace dmasim::cli {

const std::vector<TableKind>& table_kinds() {
    // One line for each table.
    static const std::vector<TableKind> kTables{
        detail::single_table(),         detail::back_to_back_table(), detail::streams_table(),
        detail::descriptor_mux_table(), detail::fabric_table(),       detail::i8237_table(),
    };
    return kTables;
}

}  // namespace dmasim::cli
