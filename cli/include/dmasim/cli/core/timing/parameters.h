// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/beat/pipeline.h"
#include "dmasim/model/frontend/i8237/timing.h"

namespace dmasim::cli {

/// The numbers of a profile, as `--set KEY=VALUE` may change them.
///
/// VALUE is a number, or +N or -N to change the number that is there. Where the rows of a table say a parameter
/// (`burst`, `nax`, `bufdepth`), the change applies to what they say, +N and -N to the end of the range at most.
class ParameterSet {
  public:
    /// The numbers of profile `name`: a beat-accurate one, or one of the 8237's. Throws `InputError` that lists them.
    explicit ParameterSet(std::string_view name);

    /// Profiles that tables exist for.
    static std::vector<std::string> profiles();

    /// Applies "KEY=VALUE". Throws `InputError`.
    void set(std::string_view setting);
    /// The names of all parameters.
    [[nodiscard]] std::vector<std::string> keys() const;

    [[nodiscard]] const std::string& profile() const { return profile_; }
    /// Whether this is a beat-accurate pipeline; otherwise an 8237.
    [[nodiscard]] bool beats() const { return beats_; }
    [[nodiscard]] const PipelineTiming& pipeline() const { return pipeline_; }
    [[nodiscard]] const I8237Timing& i8237() const { return i8237_; }

    /// What a change of a parameter makes of the value that column `column` of a row has. +N and -N go no further than
    /// from `low` to `high`.
    [[nodiscard]] std::uint64_t changed(std::string_view column, std::uint64_t value, std::uint64_t low,
                                        std::uint64_t high) const;
    /// What `timing` says about column `column`, one that `changes`.
    [[nodiscard]] std::uint32_t value_of(std::string_view column, const PipelineTiming& timing) const;
    /// Whether `changed` can change this column.
    [[nodiscard]] bool changes(std::string_view column) const { return columns_.find(column) != columns_.end(); }

  private:
    struct Change {
        char sign = '=';  ///< '=', '+' or '-'.
        std::uint32_t value = 0;
    };
    static std::uint64_t apply(const Change& change, std::uint64_t value, std::string_view what);

    std::string profile_;
    bool beats_ = true;
    PipelineTiming pipeline_;
    I8237Timing i8237_;
    std::map<std::string, Change, std::less<>> columns_;  ///< By column.
};

}  // namespace dmasim::cli
