// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/model/frontend/i8237/timing.h"

namespace dmasim {

/// One measurement on an 8237A (`I8237Core`): a block of bytes on a channel that is idle before.
struct I8237Run {
    bool compressed = false;
    bool extended_write = false;
    std::uint8_t mode = 0;          ///< Mode field: i8237_mode::kDemand, kSingle or kBlock.
    std::uint8_t transfer = 0;      ///< Transfer field: i8237_mode::kVerify, kWrite or kRead.
    bool memory_to_memory = false;  ///< By a software request; `mode` and `transfer` are not used.
    std::uint32_t count = 0;        ///< Bytes, 1 to 65536.
    std::uint16_t address =
        0;  ///< Of the first byte (memory to memory: of the source; the destination is 0x8000 behind).
    std::uint32_t hlda_delay = 0;  ///< Clocks from HRQ to HLDA.
};

/// Clocks, counted from the stamp of DREQ (memory to memory: of the write of the request).
struct I8237Measurement {
    std::uint64_t hrq_low = 0;                 ///< When HRQ falls after the last byte.
    std::vector<std::uint64_t> write_strobes;  ///< When each write strobe becomes active.
    std::vector<std::uint16_t> write_addresses;
    std::uint64_t address_strobes = 0;
    std::uint64_t hrq = 0;           ///< First HRQ.
    std::uint64_t first_strobe = 0;  ///< First ADSTB.
    std::uint64_t first_dack = 0;    ///< First DACK; 0: none.
    std::uint64_t first_read = 0;    ///< First read strobe; 0: none.
};

/// Runs one measurement. DREQ is held to the end; in single mode it falls with DACK, and rises again when HRQ has been low
/// for 2 clocks. READY is high. Throws `ConfigError` if `timing` or `run` cannot be.
I8237Measurement measure_i8237(const I8237Timing& timing, const I8237Run& run);

/// Input columns of the table `i8237`: cmd (normal, extended_write, compressed), mode (demand, single, block,
/// memory_to_memory), xfer (write, read, verify; memory_to_memory: copy), count, addr (numbers; 0x for hexadecimal).
const std::vector<std::string>& i8237_input_columns();
/// Timing columns of the table `i8237`.
const std::vector<std::string>& i8237_output_columns();

/// Runs one row of the table: `inputs` in the order of `i8237_input_columns()`, the result in the order of
/// `i8237_output_columns()`. A number that there is none for (the distance of the only write, the first write of a verify) is
/// an empty string. Throws `ConfigError` that names the column and its value.
std::vector<std::string> i8237_row(const I8237Timing& timing, const std::vector<std::string>& inputs);

}  // namespace dmasim
