// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/cli/core/timing/job.h"

namespace dmasim::cli {

/// Why the steps of a transfer came when they came.
struct Explanation {
    static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

    /// A condition that a step waited for.
    struct Term {
        std::string name;
        std::uint64_t at = 0;        ///< Cycle from which it held.
        std::size_t from = kNobody;  ///< The step that it follows from; `kNobody`: it held from the beginning.
    };
    struct Step {
        std::string_view kind;  ///< "AR valid", "R beat", "B valid", ...; at a memory behind a fabric "memory R valid".
        std::string_view channel;  ///< accept, plan, command, ar, aw, r, w, b, status or memory.
        std::uint64_t at = 0;      ///< Cycle; 0 is the one in which the transfer is accepted.
        std::uint64_t index = 0;   ///< Number of the burst, or of the beat of its direction.
        std::vector<Term> terms;   ///< The first of those with the greatest cycle decided.
        [[nodiscard]] const Term* decisive() const;
    };
    std::vector<Step> steps;  ///< In order of time.
    bool done = false;        ///< The status came.

    /// Numbers of the steps from the status back to the acceptance, along the terms that decided.
    [[nodiscard]] std::vector<std::size_t> critical_path() const;
};

/// All channels, in the order in which help lists them.
const std::vector<std::string_view>& explain_channels();

/// Runs the one transfer of `job`, which has one master with one port and one memory, on the product's beat-accurate
/// pipeline, fabric and memory, and notes why each step came. Throws `ConfigError`.
Explanation explain(const TimingJob& job);

/// What is printed.
struct ExplainView {
    std::uint64_t from = 0;
    std::uint64_t to = static_cast<std::uint64_t>(-1);
    std::vector<std::string> channels;  ///< Empty: all.
};

/// Lines for a reader: the steps, runs of uniform ones folded, the critical path, and where the cycles went.
std::string explain_text(const Explanation& explanation, const ExplainView& view);
/// The same for a program; nothing is folded.
std::string explain_json(const Explanation& explanation, const ExplainView& view);

}  // namespace dmasim::cli
