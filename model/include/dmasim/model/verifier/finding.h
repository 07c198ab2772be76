// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/types.h"

namespace dmasim {

/// Who has written or read bytes.
enum class VerifierAgent : std::uint8_t { Initial, Cpu, Device };

/// Name for reports: "initial contents", "CPU", "device".
std::string_view name_of(VerifierAgent agent);

/// One side of a finding.
struct FindingParty {
    VerifierAgent agent = VerifierAgent::Initial;
    std::string what;  ///< What it did, e.g. "cached store", "write of channel 0"; empty: nobody.
    Cycles at;         ///< When.
};

/// One hazard that the verifier has found (docs/verifier.md, "Findings").
struct Finding {
    std::string rule;  ///< Name in the table of rules.
    /// Cycle of the step that went wrong: of an invalidate that lost a store, of the mapping of a dirty buffer.
    Cycles at;
    Cycles seen_at;             ///< Cycle at which the harm showed, >= `at`.
    std::uint64_t address = 0;  ///< First byte concerned.
    std::uint64_t bytes = 0;    ///< Bytes concerned; 0: the finding is not about bytes.
    std::string message;        ///< One sentence: what happened.
    std::string missing;        ///< Which operation between which two steps would have prevented it; may be empty.

    bool has_line = false;  ///< The bytes are in a cache, at:
    std::uint64_t line = 0;
    std::uint32_t set = 0;
    std::uint32_t way = 0;
    std::string line_state;  ///< "clean, filled at cycle 12", "not in the cache", ...

    FindingParty writer;  ///< Of the newest value.
    FindingParty reader;  ///< Of the wrong value, or who overwrote the right one.
    /// Values of the first bytes concerned, at most `kFindingBytes`: what was read or is in memory now, and what is newest.
    std::vector<std::uint8_t> old_bytes;
    std::vector<std::uint8_t> new_bytes;

    std::uint64_t repeats = 0;  ///< Times that it happened again at these bytes.
    bool foreseen = false;      ///< Whoever caused it has said that he would.
};

/// Bytes of a finding that are shown.
inline constexpr std::size_t kFindingBytes = 16;

/// The finding as several lines in the style of a sanitizer's report, without a newline at the end.
std::string to_text(const Finding& finding);

}  // namespace dmasim
