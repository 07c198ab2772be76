// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/i8237/core.h"
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

/// Throws `ConfigError` if `run` cannot be.
void validate(const I8237Run& run);

/// The inputs of the 8237A that a measurement is made on.
class I8237Inputs {
  public:
    I8237Inputs() = default;
    I8237Inputs(const I8237Inputs&) = delete;
    I8237Inputs& operator=(const I8237Inputs&) = delete;
    virtual ~I8237Inputs() = default;

    /// A write to a register, stamp 0.
    virtual void write(unsigned offset, std::uint8_t value) = 0;
    /// From stamp `clock` on the level is this; not before the stamp at which the measurement is told of pins.
    virtual void set_dreq(unsigned channel, bool level, std::uint64_t clock) = 0;
    virtual void set_hlda(bool level, std::uint64_t clock) = 0;
};

/// The channel that measurements use; memory to memory uses channels 0 and 1.
inline constexpr unsigned kI8237BenchChannel = 0;
/// From the source to the destination of a block from memory to memory; addresses wrap at 64 KiB.
inline constexpr std::uint16_t kI8237BenchDistance = 0x8000;

/// The CPU (HLDA follows HRQ) and the peripheral (DREQ) around one 8237A, and what is seen on its pins. It can stand around
/// the core, a model, or a module.
class I8237Stimulus {
  public:
    /// Throws `ConfigError` if `run` cannot be. `inputs` outlives this.
    I8237Stimulus(const I8237Run& run, I8237Inputs& inputs);

    /// Programs the part, all at stamp 0, and raises DREQ (memory to memory: writes the request). The part was reset before.
    void start();
    /// From stamp `clock` on the pins are these.
    void pins(const I8237Pins& now, std::uint64_t clock);
    /// HRQ has fallen after the last byte.
    [[nodiscard]] bool done() const { return done_; }
    [[nodiscard]] const I8237Measurement& measured() const { return measured_; }

  private:
    void write_word(unsigned offset, std::uint16_t value);
    void hold_changed(bool hrq, std::uint64_t clock);

    I8237Run run_;
    I8237Inputs& inputs_;
    I8237Pins before_;
    I8237Measurement measured_;
    bool last_byte_ = false;
    bool done_ = false;
};

/// Runs one measurement on the core. DREQ is held to the end; in single mode it falls with DACK, and rises again when HRQ has been low
/// for 2 clocks. READY is high. Throws `ConfigError` if `timing` or `run` cannot be.
I8237Measurement measure_i8237(const I8237Timing& timing, const I8237Run& run);

/// Input columns of the table `i8237`: cmd (normal, extended_write, compressed), mode (demand, single, block,
/// memory_to_memory), xfer (write, read, verify; memory_to_memory: copy), count, addr (numbers; 0x for hexadecimal).
const std::vector<std::string>& i8237_input_columns();
/// Timing columns of the table `i8237`.
const std::vector<std::string>& i8237_output_columns();

/// What is wrong with a row of the table.
class I8237RowError final : public ConfigError {
  public:
    I8237RowError(const std::string& message, std::size_t column) : ConfigError(message), column_(column) {}
    /// The column at fault, by its place in `i8237_input_columns()`.
    [[nodiscard]] std::size_t column() const { return column_; }

  private:
    std::size_t column_;
};

/// The measurement of a row: `inputs` in the order of `i8237_input_columns()`. Throws `I8237RowError`.
I8237Run i8237_run(const std::vector<std::string>& inputs);
/// The timing columns of a measurement, in the order of `i8237_output_columns()`. A number that there is none for (the
/// distance of the only write, the first write of a verify) is an empty string.
std::vector<std::string> i8237_columns(const I8237Measurement& measured);

/// Runs one row of the table on the core: `inputs` in the order of `i8237_input_columns()`, the result in the order of
/// `i8237_output_columns()`. Throws `ConfigError`.
std::vector<std::string> i8237_row(const I8237Timing& timing, const std::vector<std::string>& inputs);

}  // namespace dmasim
