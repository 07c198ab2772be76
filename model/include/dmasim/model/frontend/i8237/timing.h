// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dmasim {

/// The clocks of an 8237A as data (docs/i8237.md, "Timing parameters").
///
/// It is no `TimingProfile`: those describe pipelines of bursts, this a state machine with a state a clock.
struct I8237Timing {
    std::string name = "i8237";
    std::string description;
    std::uint32_t dreq_sample = 2;          ///< 1 to 64; stamp of a DREQ level to the first edge at which it counts.
    std::uint32_t hlda_sample = 1;          ///< 1 to 64; the same for HLDA.
    std::uint32_t ready_sample = 1;         ///< 1 to 64; the same for READY.
    std::uint32_t eop_sample = 1;           ///< 1 to 64; the same for EOP as an input.
    std::uint32_t always_wait = 0;          ///< 0 to 255; wait states in every byte, whatever READY says.
    std::uint32_t ready_in_compressed = 1;  ///< 0 or 1; READY adds wait states in compressed timing.
    std::uint32_t ready_in_verify = 0;      ///< 0 or 1; READY adds wait states in verify transfers.
    /// 0 to 2; memory to memory: S11 (1), S11 and S21 (2) are left out while the high address byte stays.
    std::uint32_t high_address_skip = 0;
};

/// One parameter: its name, its member and its range. `--set name=value` and the checks go through this table.
struct I8237Parameter {
    std::string_view name;
    std::uint32_t I8237Timing::*member;
    std::uint32_t least;
    std::uint32_t most;
    std::string_view description;
};

/// All parameters, in the order of the members.
const std::vector<I8237Parameter>& i8237_parameters();

/// Sets parameter `name`; throws `ConfigError` that names it, its range or the known names.
void set_i8237_parameter(I8237Timing& timing, std::string_view name, std::uint64_t value);

/// All problems of `timing`, one sentence each; empty when it can be built.
std::vector<std::string> validate(const I8237Timing& timing);

/// The named timings: "i8237" and "i8237_always_wait".
const std::vector<I8237Timing>& i8237_timings();

/// The timing called `name`; throws `ConfigError` that lists the known names.
const I8237Timing& i8237_timing(std::string_view name);

}  // namespace dmasim
