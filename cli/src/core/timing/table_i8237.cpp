// SPDX-License-Identifier: Apache-2.0
#include <i8237_reference.h>

#include "dmasim/cli/core/error.h"
#include "dmasim/model/frontend/i8237/bench.h"

#include "tables.h"

namespace dmasim::cli {

I8237Run row_i8237(const RowView& row) {
    const std::vector<std::string>& names = i8237_input_columns();
    std::vector<std::string> values;
    for (const std::string& name : names) {
        values.emplace_back(row.text(name));
    }
    try {
        return i8237_run(values);
    } catch (const I8237RowError& error) {
        row.fail_at(names[error.column()], error.what());
    }
}

namespace detail {

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

/// A measurement on the reference, clock by clock.
class ReferenceBench final : private I8237Inputs {
  public:
    ReferenceBench(const I8237Timing& timing, const I8237Run& run)
        : chip_(timing, reference::I8237Mutation::None), stimulus_(run, *this) {}

    I8237Measurement run() {
        for (std::uint64_t clock = 0; !stimulus_.done(); ++clock) {
            chip_.begin(clock);
            if (clock == 0) {
                stimulus_.start();
            }
            stimulus_.pins(chip_.finish([] { return std::uint8_t{0}; }), clock);
        }
        return stimulus_.measured();
    }

  private:
    void write(unsigned offset, std::uint8_t value) override { chip_.write(offset, value); }
    void set_dreq(unsigned channel, bool level, std::uint64_t clock) override {
        chip_.set(static_cast<reference::I8237::Signal>(channel), level, clock);
    }
    void set_hlda(bool level, std::uint64_t clock) override { chip_.set(reference::I8237::kHlda, level, clock); }

    reference::I8237 chip_;
    I8237Stimulus stimulus_;
};

std::vector<std::string> reference_row(const RowView& row, const ParameterSet& parameters) {
    return i8237_columns(ReferenceBench(parameters.i8237(), row_i8237(row)).run());
}

}  // namespace

TableKind i8237_table() {
    TableKind table{
        "i8237", "blocks of bytes on a channel of an 8237", {"i8237", "i8237_always_wait"}, &inputs, &outputs, nullptr,
        nullptr};
    table.reference_row = &reference_row;
    return table;
}

}  // namespace detail

}  // namespace dmasim::cli
