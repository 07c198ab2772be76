// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dmasim/model/clocked.h"
#include "dmasim/model/frontend/i8237/registers.h"
#include "dmasim/model/frontend/i8237/timing.h"

namespace dmasim {

/// States of the 8237A; SI, S0 to S4, SC for cascading, the wait states, and those of a memory-to-memory byte.
enum class I8237State : std::uint8_t {
    Si,
    S0,
    Sc,
    S1,
    S2,
    S3,
    Sw,
    S4,
    S11,
    S12,
    S13,
    Sw1,
    S14,
    S21,
    S22,
    S23,
    Sw2,
    S24
};
inline constexpr unsigned kI8237States = 18;
/// "SI", "S11", "SW1"; stable.
std::string_view name_of(I8237State state);

/// The pins at one stamp (docs/i8237.md, "Pins"). Flags: true is active, whatever the polarity of the pin.
struct I8237Pins {
    I8237State state = I8237State::Si;  ///< Entered at this stamp, or before and still held.
    std::uint8_t channel = 0;           ///< Whose service it is; 0 in SI.
    bool hrq = false;
    bool tc = false;                 ///< The EOP output.
    std::uint8_t dack = 0;           ///< Bit n: channel n is acknowledged.
    std::uint8_t dack_levels = 0xF;  ///< Levels of the four DACK pins, as command bit 7 makes them.
    bool aen = false;
    bool adstb = false;
    bool ior = false;
    bool iow = false;
    bool memr = false;
    bool memw = false;
    std::uint16_t address = 0;  ///< A15 to A0 with the latch's A15 to A8, while `aen`; else 0.
    std::uint8_t data = 0;      ///< What the part drives on the data bus, see `drives_data`; else 0.
    bool drives_data = false;   ///< With ADSTB the high address byte; S22 to S24: the temporary register.

    friend bool operator==(const I8237Pins& a, const I8237Pins& b);
    friend bool operator!=(const I8237Pins& a, const I8237Pins& b) { return !(a == b); }
};

/// What an 8237A is connected to. Calls are made inside `I8237Core::evaluate(e)` with `at` = e; inputs of the core with
/// stamps >= `at` may be set from inside.
class I8237Bus {
  public:
    I8237Bus() = default;
    I8237Bus(const I8237Bus&) = delete;
    I8237Bus& operator=(const I8237Bus&) = delete;
    virtual ~I8237Bus() = default;

    /// From stamp `at` on the pins are these. Called when something differs from before.
    virtual void pins(const I8237Pins& pins, Cycles at) = 0;
    /// The byte on the data bus at the end of S14 of a memory-to-memory transfer.
    virtual std::uint8_t data(Cycles at) = 0;
};

/// One Intel 8237A: registers, states and pins, to the clock (docs/i8237.md).
///
/// All inputs are stamped and may arrive in any order within a stamp, except that register accesses take effect in the
/// order in which they are made. A stamp must be >= the last edge evaluated, and of one line (or of the registers) not
/// less than that of the one before; a smaller one is taken as the least that is allowed. Nothing that software writes
/// makes the core throw. While nothing happens no edge is asked for.
///
/// Not modelled: docs/i8237.md, "Not modelled".
class I8237Core final : public Clocked {
  public:
    /// Throws `ConfigError` that lists the problems of `timing`. `bus` outlives the core.
    I8237Core(const I8237Timing& timing, I8237Bus& bus);

    [[nodiscard]] const I8237Timing& timing() const { return timing_; }

    // Clocked
    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;

    // Registers. `offset`: bits 3:0 count.

    /// Writes a register; acts at the edge after `at`.
    void write(unsigned offset, std::uint8_t value, Cycles at);
    /// Reads a register: the state that edge `at` finds, and the effects of all accesses made before. Inverts the
    /// flip-flop or clears the TC bits that it returns, as the part does. Every edge < `at` that `next_edge()` named must have been
    /// evaluated.
    std::uint8_t read(unsigned offset, Cycles at);
    /// As `read`, without any effect and without a stamp, for debuggers: the state as it stands.
    [[nodiscard]] std::uint8_t peek(unsigned offset) const;

    // Pins. Levels as they are on the pin; all low at first, READY high, EOP not active.

    void set_dreq(unsigned channel, bool level, Cycles at);
    void set_hlda(bool level, Cycles at);
    void set_ready(bool level, Cycles at);
    /// EOP as an input, true: active (the pin is low).
    void set_eop(bool active, Cycles at);
    /// A pulse on RESET.
    void reset(Cycles at);

    /// State and registers after the edges evaluated so far; for tests and reports.
    [[nodiscard]] I8237State state() const { return state_; }
    [[nodiscard]] const I8237Registers& registers() const { return registers_; }

  private:
    /// An input line with the changes that do not count yet.
    class Line {
      public:
        explicit Line(bool level) : level_(level) {}
        void change(bool level, Cycles due);
        void advance(Cycles edge);
        [[nodiscard]] bool level() const { return level_; }
        /// The level that edge `edge` finds.
        [[nodiscard]] bool level_at(Cycles edge) const;
        [[nodiscard]] Cycles due() const { return changes_.empty() ? kNever : changes_.front().due; }

      private:
        struct Change {
            Cycles due;
            bool level;
        };
        bool level_;
        std::vector<Change> changes_;
    };

    /// An access, or a reset, that is not in force yet.
    struct Access {
        enum class Kind : std::uint8_t { Write, InvertFlipFlop, ClearTerminalCount, Reset };
        Kind kind = Kind::Write;
        std::uint8_t offset = 0;
        std::uint8_t value = 0;
        Cycles at;
    };

    /// The pins that change in the middle of a clock.
    struct MiddlePins {
        bool aen = false;
        bool adstb = false;
        bool ior = false;
        bool iow = false;
        bool memr = false;
        bool memw = false;
        bool drives_data = false;
        std::uint16_t address = 0;
        std::uint8_t data = 0;
    };

    /// Returns true for a reset.
    static bool apply(I8237Registers& registers, const Access& access);
    void queue(const Access& access);
    [[nodiscard]] I8237Registers view(Cycles at) const;
    [[nodiscard]] std::uint8_t value_at(const I8237Registers& registers, unsigned offset, Cycles at) const;
    void set_line(Line& line, bool level, Cycles at, std::uint32_t delay);
    bool take_inputs(Cycles edge);
    void step(Cycles edge);
    void enter(I8237State state);
    void next_byte();
    void advance_channel(unsigned channel, bool hold_address);
    void end_of_process(unsigned channel);
    [[nodiscard]] bool requests(unsigned channel) const;
    [[nodiscard]] bool requests_by_software(unsigned channel) const;
    [[nodiscard]] int winner() const;
    [[nodiscard]] bool compressed() const;
    [[nodiscard]] bool verifies() const;
    [[nodiscard]] bool must_wait() const;
    [[nodiscard]] bool will_move() const;
    [[nodiscard]] MiddlePins middle_pins() const;
    [[nodiscard]] I8237Pins pins_with(const MiddlePins& middle) const;

    I8237Timing timing_;
    I8237Bus& bus_;

    I8237Registers registers_;
    I8237Registers before_;  ///< What the last edge found: what accesses with its stamp see.
    std::array<Line, kI8237Channels> dreq_{Line{false}, Line{false}, Line{false}, Line{false}};
    Line hlda_{false};
    Line ready_{true};
    Line eop_{false};
    std::vector<Access> accesses_;
    Cycles last_access_;

    I8237State state_ = I8237State::Si;
    unsigned channel_ = 0;
    unsigned last_ = 3;                        ///< Channel served last: the lowest priority when it rotates.
    std::array<std::uint8_t, 2> latch_{0, 0};  ///< High address bytes as strobed; [1]: of channel 1, memory to memory.
    bool second_latch_valid_ = false;          ///< latch_[1] belongs to this service.
    std::uint32_t waits_ = 0;                  ///< Wait states of this byte, or half of one, so far.
    bool memory_service_ = false;
    bool acknowledged_ = false;  ///< The service has reached its first S2, or SC.
    bool tc_ = false;
    bool ended_ = false;

    MiddlePins middle_;  ///< Of the state that the last edge left behind.
    I8237Pins shown_;
    Cycles last_edge_;
    bool evaluated_ = false;
    bool busy_ = false;  ///< The edge after the last one has work.
};

}  // namespace dmasim
