// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/cpu_stub/core/litmus.h"

namespace dmasim {

/// A random driver program that does everything right (docs/litmus.md, "Self-test"). What its reads are to return is known
/// from a flat memory. The same `seed` gives the same program, whatever the machine.
std::vector<LitmusStep> random_driver_program(std::uint64_t seed, std::uint32_t line_bytes);

/// How one maintenance operation (or dsb) of a program is spoilt.
enum class LitmusMutation : std::uint8_t { Removed, MovedUp, MovedDown, ShrunkEnd, ShrunkBegin, WrongKind };
inline constexpr unsigned kLitmusMutations = 6;

/// `program` with its operation `number` (counted among those that can be spoilt) changed; empty if that is no change.
std::vector<LitmusStep> spoil(const std::vector<LitmusStep>& program, std::size_t number, LitmusMutation mutation);
/// Operations of `program` that can be spoilt.
std::size_t spoilable(const std::vector<LitmusStep>& program);

/// `program` with evictions and prefetches of its lines at random places.
std::vector<LitmusStep> disturb(const std::vector<LitmusStep>& program, std::uint64_t seed, std::uint32_t line_bytes);

/// What became of a program.
struct LitmusOutcome {
    std::size_t first_wrong = 0;    ///< Step (from 1 on) of the first read that is not as expected; 0: none.
    std::size_t first_finding = 0;  ///< Step at which the first finding showed; 0: none.
    std::string finding;            ///< Its text.
};
LitmusOutcome run_program(const std::vector<LitmusStep>& program, const LitmusConfig& config);

/// Byte-lane ownership: in every line each byte has one owner, the CPU or the device, so what it has to hold is always known.
/// Coherent: the CPU's accesses are cached; otherwise they are uncached. Returns what went wrong; empty: nothing.
std::string byte_lane_stress(std::uint64_t seed, std::uint32_t line_bytes, bool coherent, std::size_t rounds);

/// What the self-test is to do.
struct LitmusSelfTestConfig {
    std::uint64_t seed = 1;
    std::uint64_t programs = 1000;  ///< Right programs.
    std::uint64_t mutants = 1000;   ///< Spoilt programs, each under `schedules` schedules.
    std::uint64_t schedules = 3;
    std::vector<std::string> disabled_rules;
};

/// What it has found out.
struct LitmusSelfTestResult {
    std::uint64_t programs = 0;
    std::uint64_t false_findings = 0;  ///< Right programs about which something was reported.
    std::uint64_t wrong_bytes = 0;     ///< Right programs that read something else than the flat memory.
    std::uint64_t mutants = 0;
    std::uint64_t corrupting = 0;  ///< Runs of mutants in which a byte was wrong.
    std::uint64_t reported = 0;    ///< Those of them that were reported no later than the byte was read.
    std::uint64_t lane_errors = 0;
    std::vector<std::string> problems;  ///< The first ones, with the seeds that show them again.

    [[nodiscard]] bool ok() const {
        return false_findings == 0 && wrong_bytes == 0 && reported == corrupting && lane_errors == 0;
    }
};

LitmusSelfTestResult litmus_self_test(const LitmusSelfTestConfig& config);

}  // namespace dmasim
