// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/error.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/i8237/bench.h"

#include "tables.h"

namespace dmasim::cli::detail {

namespace {

std::vector<std::string> inputs(std::string_view /*profile*/) {
    return i8237_input_columns();
}

std::vector<TimingColumn> outputs(std::string_view /*profile*/) {
    std::vector<TimingColumn> columns;
    for (const std::string& name : i8237_output_columns()) {
        columns.push_back({name});
    }
    return columns;
}

std::vector<std::string> row(const RowView& row, const ParameterSet& parameters) {
    std::vector<std::string> values;
    for (const std::string& name : i8237_input_columns()) {
        values.emplace_back(row.text(name));
    }
    try {
        return i8237_row(parameters.i8237(), values);
    } catch (const ConfigError& error) {
        row.fail(i8237_input_columns().front(), error.what());
    }
}

}  // namespace

TableKind i8237_table() {
    TableKind table{
        "i8237", "blocks of bytes on a channel of an 8237", {"i8237", "i8237_always_wait"}, &inputs, &outputs, nullptr,
        nullptr};
    table.row = &row;
    return table;
}

}  // namespace dmasim::cli::detail
